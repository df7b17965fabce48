"""Conversations, events, feedback and its review, and the cost of a question, by two principals and more."""
import http.client
import json
import pathlib
import shutil
import tempfile
import time
import unittest
import urllib.parse

from server import Server, StatementError
from shop import AS_OF, BINARY, MODEL, SETUP, Asks, create_model

UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Doors(Asks, unittest.TestCase):
    SETTINGS = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        pathlib.Path(cls.folder.name, "shop.yaml").write_text(MODEL)
        cls.server = Server(BINARY, settings={"ask.models": cls.folder.name, **cls.SETTINGS}).start()
        for statement in SETUP:
            cls.server.sql(statement)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def stream(self, body, user="admin"):
        code, headers, text = self.server.request("POST", "/v1/ask", {"as_of": AS_OF, **body}, self.server.token_of(user),
                                                  {"Accept": "text/event-stream"})
        if not headers["Content-Type"].startswith("text/event-stream"):
            return code, text
        events = []
        for block in text.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if fields:
                events.append((fields["event"], json.loads(fields["data"])))
        return code, events


class AskDoors(Doors):
    SETTINGS = {"ask.heartbeat": "20ms"}

    # ---- conversations ----

    def test_a_conversation_goes_on_from_what_was_kept(self):
        first = self.ask("revenue by status last month", conversation="new")
        second = self.ask("only done", conversation=first["conversation"])
        self.assertEqual([[row[0], float(row[1])] for row in second["rows"]], [["done", 1107.0]])
        self.assertEqual(second["conversation"], first["conversation"])
        read = self.call("GET", "/v1/conversations/" + first["conversation"])
        self.assertEqual([(one["question"], one["status"]) for one in read["questions"]],
                         [("revenue by status last month", "answered"), ("only done", "answered")])
        self.assertEqual(read["questions"][1]["id"], second["id"])
        self.assertEqual(read["questions"][0]["intent"], first["intent"])
        self.assertNotIn("1107", json.dumps(read), "rows are not kept")
        listed = self.call("GET", "/v1/conversations?limit=1000")["conversations"]
        mine = [one for one in listed if one["id"] == first["conversation"]]
        self.assertEqual([(one["first_question"], one["questions"]) for one in mine], [("revenue by status last month", 2)])

    def test_nothing_is_kept_unless_it_is_asked_for(self):
        before = len(self.call("GET", "/v1/conversations", user="writer")["conversations"])
        answer = self.ask("revenue by status last month", user="writer")
        self.assertNotIn("id", answer)
        self.assertEqual(len(self.call("GET", "/v1/conversations", user="writer")["conversations"]), before)

    def test_nobody_elses_conversation_is_there(self):
        mine = self.ask("payroll", conversation="new")
        for path in ("/v1/conversations/" + mine["conversation"], "/v1/conversations/" + UNKNOWN):
            for method in ("GET", "DELETE"):
                self.assertEqual(self.call(method, path, user="reader", status=404)["detail"], "there is no such conversation")
        problems = [self.ask("only done", user="reader", status=404, conversation=one)["detail"] for one in (mine["conversation"], UNKNOWN)]
        self.assertEqual(problems[0], problems[1])
        problems = [self.call("POST", f"/v1/ask/{one}/feedback", {"verdict": "correct"}, "reader", 404)["detail"] for one in (mine["id"], UNKNOWN)]
        self.assertEqual(problems[0], problems[1])
        self.assertNotIn(mine["conversation"], json.dumps(self.call("GET", "/v1/conversations?limit=1000", user="reader")))
        self.assertEqual(len(self.call("GET", "/v1/conversations/" + mine["conversation"])["questions"]), 1)

    def test_a_token_with_less_knows_of_no_other_conversation(self):
        mine = self.ask("revenue", conversation="new")
        _, _, body = self.server.request("POST", "/v1/tokens", {"principal": "admin", "role": "admin", "name": "less", "schemas": ["shop"]},
                                         self.server.admin_token)
        if "token" not in json.loads(body):
            _, _, body = self.server.request("POST", "/v1/tokens", {"principal": "lessened", "role": "reader", "name": "less", "schemas": ["shop"]},
                                             self.server.admin_token)
        less = json.loads(body)["token"]
        self.assertEqual(json.loads(self.server.request("GET", "/v1/conversations", None, less)[2])["conversations"], [])
        self.assertEqual(self.server.request("GET", "/v1/conversations/" + mine["conversation"], None, less)[0], 404)
        code, _, text = self.server.request("POST", "/v1/ask", {"question": "revenue", "conversation": "new"}, less)
        self.assertEqual((code, json.loads(text)["status"]), (200, "answered"))

    def test_what_one_may_not_know_any_more_is_not_gone_on_with(self):
        self.server.token_of("zoe", "member")
        self.server.sql("GRANT SELECT ON TABLE shop.salaries TO USER zoe")
        first = self.ask("payroll", user="zoe", conversation="new")
        self.assertEqual(first["status"], "answered", first)
        self.server.sql("REVOKE SELECT ON TABLE shop.salaries FROM USER zoe")
        again = self.ask("by employee", user="zoe", conversation=first["conversation"])
        self.assertEqual(again["status"], "abstained", again)
        self.assertNotIn("4242", json.dumps(again))

    def test_a_deleted_conversation_is_gone(self):
        first = self.ask("revenue", conversation="new")
        path = "/v1/conversations/" + first["conversation"]
        self.call("DELETE", path, status=204)
        self.call("GET", path, status=404)
        self.call("DELETE", path, status=404)
        self.ask("only done", conversation=first["conversation"], status=404)

    def test_questions_are_not_readable_in_the_lakes_files(self):
        self.ask("revenue of Quuxzebulon", conversation="new")
        for path in pathlib.Path(self.server.lake).rglob("metastore*"):
            self.assertNotIn(b"Quuxzebulon", path.read_bytes(), path)

    def test_a_forgotten_person_is_in_no_question(self):
        self.server.sql("CREATE SCHEMA crm")
        self.server.sql("CREATE TABLE crm.people (email STRING)")
        self.server.sql("INSERT INTO crm.people VALUES ('quibble@example.org'), ('wobble@example.org')")
        kept = self.ask("orders of wobble@example.org", conversation="new")
        gone = self.ask("orders of quibble@example.org", conversation=kept["conversation"])
        self.call("POST", f"/v1/ask/{gone['id']}/feedback", {"verdict": "wrong", "comment": "quibble@example.org is missing"}, status=201)
        self.server.sql("CREATE DATA SUBJECT person KEY crm.people.email")
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE admin")
        self.server.sql("FORGET SUBJECT person 'quibble@example.org'")
        read = self.call("GET", "/v1/conversations/" + kept["conversation"])
        self.assertEqual([one["question"] for one in read["questions"]], ["orders of wobble@example.org"])
        self.assertNotIn("quibble", json.dumps(self.call("GET", "/v1/feedback?model=shop")))

    # ---- events ----

    def test_a_stream_says_how_far_it_is_and_ends_with_the_document(self):
        code, events = self.stream({"question": "revenue by status last month"})
        self.assertEqual((code, [name for name, _ in events]), (200, ["linked", "planned", "running", "checking", "answer"]))
        self.assertEqual(events[-1][1], self.ask("revenue by status last month"))
        self.assertTrue(events[0][1]["readings"])
        self.assertIn("SELECT", events[1][1]["sql"])
        self.assertEqual([name for name, _ in self.stream({"question": "why is revenue low"})[1]], ["linked", "answer"])

    def test_a_stream_shows_nobody_more_than_the_answer(self):
        _, events = self.stream({"question": "payroll"}, "reader")
        self.assertEqual([name for name, _ in events], ["linked", "answer"])
        self.assertEqual(events[0][1]["readings"], [])
        self.assertNotIn("salaries", json.dumps(events))

    def test_what_is_refused_before_anything_was_sent_has_its_status(self):
        self.assertEqual(self.stream({"question": ""})[0], 400)
        self.assertEqual(self.stream({"question": "revenue", "model": "other"})[0], 404)
        self.assertEqual(self.server.request("POST", "/v1/ask", {"question": "revenue"}, None, {"Accept": "text/event-stream"})[0], 401)

    def slow(self):
        """Makes a view that takes long to count, and a question over it."""
        self.server.sql("CREATE OR REPLACE VIEW shop.slow AS SELECT a.i AS id FROM range(200000) a(i), range(200000) b(j) WHERE (a.i * b.j) % 7 = 3")

    def test_hanging_up_ends_the_statement_and_the_stream_beats_meanwhile(self):
        self.slow()
        pathlib.Path(self.folder.name, "slow.yaml").write_text(
            "semantic_model: slow\nentities:\n  - name: things\n    table: shop.slow\n    primary_key: id\n    dimensions:\n      - {name: id, value_type: integer}\n"
            "    measures:\n      - {name: things_count, aggregation: count, label: number of things}\n")
        try:
            address = urllib.parse.urlparse(self.server.url)
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
            connection.request("POST", "/v1/ask", json.dumps({"question": "number of things", "model": "slow"}),
                               {"Authorization": "Bearer " + self.server.admin_token, "Content-Type": "application/json",
                                "Accept": "text/event-stream"})
            response = connection.getresponse()
            seen = b""
            while b": still running" not in seen or b"event: running" not in seen:
                seen += response.readline()
            self.assertTrue(self.running("slow"))
            connection.sock.close()
            connection.close()
            response.close()
            deadline = time.monotonic() + 30
            while self.running("slow") and time.monotonic() < deadline:
                pass
            self.assertFalse(self.running("slow"), "nobody waits for it any more")
        finally:
            pathlib.Path(self.folder.name, "slow.yaml").unlink()

    def running(self, text):
        rows = self.server.sql("SELECT text FROM system.queries WHERE state = 'running' AND door = 'http'")["rows"]
        return [row for row in rows if text in json.dumps(row) and "system.queries" not in row[0]]

    # ---- feedback and review ----

    def remark(self, question, body, user="reader", status=201, **more):
        asked = self.ask(question, user=user, conversation="new", **more)
        return self.call("POST", f"/v1/ask/{asked['id']}/feedback", body, user, status)

    def decide(self, feedback, body, user="admin", status=200):
        return self.call("POST", f"/v1/feedback/{feedback['id']}/decision", body, user, status)

    def test_a_reviewed_question_is_answered_for_everybody(self):
        question = "how is the shop doing"
        self.assertEqual(self.ask(question)["status"], "abstained")
        feedback = self.remark(question, {"verdict": "corrected", "means": "revenue by status"})
        self.assertEqual(self.ask(question)["status"], "abstained", "one alone decides nothing")
        listed = [one for one in self.call("GET", "/v1/feedback?model=shop&state=open")["feedback"] if one["id"] == feedback["id"]]
        self.assertEqual([(one["question"], one["given_by"], one["verdict"]) for one in listed], [(question, "reader", "corrected")])
        self.assertEqual(listed[0]["meant_words"], "Revenue by Status")
        self.decide(feedback, {"decision": "approve"})
        for user in ("admin", "reader"):
            answer = self.ask("How is the shop doing?", user=user)
            self.assertEqual(answer["status"], "answered", answer)
            self.assertEqual(sorted(row[0] for row in answer["rows"]), ["done", "open"])
            self.assertTrue(any("reviewed" in one["text"] for one in answer["assumptions"]), answer["assumptions"])
        self.assertEqual(self.ask(question), self.ask(question))
        self.assertIn("Revenue by Status", self.ask("shop doing what")["suggestions"])
        self.decide(feedback, {"decision": "reject"})
        self.assertEqual(self.ask(question)["status"], "abstained")

    def relation(self, name, user, columns):
        return [tuple(row) for row in self.server.sql(f"SELECT {columns} FROM system.{name}", user)["rows"]]

    def test_questions_and_feedback_are_relations_of_who_may_read_them(self):
        said = "too much, says " + UNKNOWN
        mine = self.remark("revenue by country", {"verdict": "wrong", "comment": said}, user="reader")
        other = self.remark("number of customers", {"verdict": "correct"}, user="writer")
        seen = {user: self.relation("ask_feedback", user, "id, question, verdict, state, given_by, comment")
                for user in ("reader", "writer", "admin")}
        self.assertIn((mine["id"], "revenue by country", "wrong", "open", "reader", said), seen["reader"])
        self.assertNotIn(other["id"], [row[0] for row in seen["reader"]])
        self.assertNotIn(said, json.dumps(seen["writer"]))
        self.assertLessEqual({mine["id"], other["id"]}, {row[0] for row in seen["admin"]})
        asked = self.relation("ask_questions", "reader", "question, status, model_name")
        self.assertIn(("revenue by country", "answered", "shop"), asked)
        for user in ("writer", "admin"):
            self.assertNotIn("revenue by country", [row[0] for row in self.relation("ask_questions", user, "question")], user)
        self.decide(mine, {"decision": "reject"})
        self.assertIn((mine["id"], "rejected", "admin"), self.relation("ask_feedback", "reader", "id, state, decided_by"))

    def test_whoever_takes_a_models_name_does_not_read_the_feedback_on_it(self):
        given = self.remark("revenue by status", {"verdict": "wrong", "comment": "not what we sold"}, user="reader")
        own = MODEL.replace("semantic_model: shop", "semantic_model: own")
        statements = [create_model("shop", MODEL), "ALTER SEMANTIC MODEL own RENAME TO shop"]
        self.server.sql(create_model("own", own), "engineer")
        try:
            for statement in statements:
                with self.assertRaises(StatementError) as refused:
                    self.server.sql(statement, "engineer")
                self.assertEqual(refused.exception.sqlstate, "42501", str(refused.exception))
                self.assertIn("feedback", str(refused.exception))
            self.assertNotIn(given["id"], [row[0] for row in self.relation("ask_feedback", "engineer", "id")])
            self.server.sql("ALTER SEMANTIC MODEL own RENAME TO others", "engineer")
        finally:
            self.server.sql("DROP SEMANTIC MODEL others", "admin")
        self.server.sql(create_model("shop", MODEL), "admin")
        self.server.sql("DROP SEMANTIC MODEL shop", "admin")

    def test_a_reviewed_question_moves_on_with_its_time(self):
        feedback = self.remark("how was the last month for us", {"verdict": "corrected", "means": "revenue last month"})
        self.decide(feedback, {"decision": "approve"})
        self.assertEqual([float(row[0]) for row in self.ask("how was the last month for us")["rows"]], [1157.0])
        self.assertEqual([float(row[0]) for row in self.call("POST", "/v1/ask", {"question": "how was the last month for us", "as_of": "2025-03-10"})["rows"]],
                         [30.0])
        self.decide(feedback, {"decision": "reject"})
        stuck = self.remark("how was it for us", {"verdict": "corrected", "means": "revenue last month"})
        self.assertIn("time", self.decide(stuck, {"decision": "approve"}, status=400)["detail"])

    def test_a_reviewed_question_gives_nobody_a_right(self):
        secret = self.remark("what do we pay", {"verdict": "corrected", "means": "payroll"}, user="admin")
        value = self.remark("how is our lost island", {"verdict": "corrected", "means": "number of customers in Atlantis"}, user="admin")
        for feedback in (secret, value):
            self.decide(feedback, {"decision": "approve"})
        self.assertEqual([[int(row[0])] for row in self.ask("what do we pay")["rows"]], [[4242]])
        self.assertEqual(self.ask("how is our lost island")["rows"], [[1]])
        for question in ("what do we pay", "how is our lost island", "pay island"):
            answer = self.ask(question, user="reader")
            self.assertEqual(answer["status"], "abstained", answer)
            for word in ("4242", "payroll", "salar", "tlantis"):
                self.assertNotIn(word, json.dumps(answer))
            _, events = self.stream({"question": question}, "reader")
            self.assertNotIn("tlantis", json.dumps(events))

    def test_who_may_not_review_neither_sees_nor_decides(self):
        feedback = self.remark("how goes it", {"verdict": "corrected", "means": "revenue"})
        self.call("GET", "/v1/feedback?model=shop", user="reader", status=403)
        for one in (feedback, {"id": UNKNOWN}):
            self.assertEqual(self.decide(one, {"decision": "approve"}, "reader", 404)["detail"], "there is no such feedback")
        self.assertEqual(self.ask("how goes it")["status"], "abstained")

    def test_nobody_corrects_to_what_one_may_not_know(self):
        intent = self.ask("payroll")["intent"]
        asked = self.ask("how goes it now", user="reader", conversation="new")
        problem = self.call("POST", f"/v1/ask/{asked['id']}/feedback", {"verdict": "corrected", "intent": intent}, "reader", 400)
        unknown = json.loads(json.dumps(intent).replace("payroll", "paybull"))
        other = self.call("POST", f"/v1/ask/{asked['id']}/feedback", {"verdict": "corrected", "intent": unknown}, "reader", 400)
        self.assertEqual(problem["detail"].replace("payroll", "paybull"), other["detail"])

    def test_what_is_said_must_be_clear(self):
        for body, word in (({}, "verdict"), ({"verdict": "perhaps"}, "wrong"), ({"verdict": "corrected"}, "means"), ({"verdict": "correct", "means": "x"}, "corrected"),
                           ({"verdict": "wrong", "colour": 1}, "colour"), ({"verdict": "corrected", "means": "blargh"}, "means"),
                           ({"verdict": "corrected", "intent": {"nonsense": 1}}, "unknown member")):
            self.assertIn(word, self.remark("revenue", body, status=400)["detail"], body)
        self.assertIn("no answer", self.remark("why oh why", {"verdict": "correct"}, status=400)["detail"])
        wrong = self.remark("revenue", {"verdict": "wrong"})
        self.assertIn("means", self.decide(wrong, {"decision": "approve"}, status=400)["detail"])
        for body, word in (({}, "decision"), ({"decision": "maybe"}, "approve"), ({"decision": "approve", "colour": 1}, "colour")):
            self.assertIn(word, self.decide(wrong, body, status=400)["detail"])
        self.decide(wrong, {"decision": "reject"})

    def test_sql_is_read_and_not_run(self):
        feedback = self.remark("how many things", {"verdict": "corrected", "sql": "DROP TABLE shop.orders"})
        self.assertIn("means", self.decide(feedback, {"decision": "approve"}, status=400)["detail"])
        self.decide(feedback, {"decision": "approve", "means": "number of orders"})
        self.assertEqual(self.ask("how many things")["rows"], [[5]])
        self.decide(feedback, {"decision": "reject"})

    def test_a_follow_up_is_no_verified_question(self):
        first = self.ask("revenue by status last month", conversation="new")
        second = self.ask("only done", conversation=first["conversation"])
        feedback = self.call("POST", f"/v1/ask/{second['id']}/feedback", {"verdict": "correct"}, status=201)
        self.assertIn("whole question", self.decide(feedback, {"decision": "approve"}, status=400)["detail"])

    def test_decisions_are_in_the_audit_log(self):
        feedback = self.remark("how went it", {"verdict": "corrected", "means": "revenue"})
        self.decide(feedback, {"decision": "approve"})
        self.decide(feedback, {"decision": "reject"})
        rows = self.server.sql(f"SELECT action, principal FROM system.audit WHERE details LIKE '%{feedback['id']}%' ORDER BY record")["rows"]
        self.assertEqual([row[0] for row in rows], ["approve_question", "reject_question"])

    # ---- the command line ----

    def test_the_command_line_keeps_and_goes_on(self):
        run = self.run_cli("ask", "--as-of", AS_OF, given="revenue by status last month\nonly done\n/wrong too much\n")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("noted for review", run.stdout)
        listed = json.loads(self.run_cli("--format", "json", "ask", "--conversations").stdout)["conversations"]
        conversation = listed[0]["id"]
        self.assertEqual(listed[0]["questions"], 2)
        run = self.run_cli("ask", "--as-of", AS_OF, "--continue", conversation, "only open")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("50", run.stdout)
        shown = self.run_cli("ask", "--show", conversation)
        self.assertIn("only open", shown.stdout)
        self.assertNotEqual(self.run_cli("ask", "--show", conversation, user="reader").returncode, 0)
        review = json.loads(self.run_cli("--format", "json", "ask", "--review", "--model", "shop").stdout)["feedback"]
        mine = [one for one in review if "too much" in one["comment"]]
        self.assertEqual(len(mine), 1)
        self.assertNotEqual(self.run_cli("ask", "--reject", mine[0]["id"], user="reader").returncode, 0)
        self.assertEqual(self.run_cli("ask", "--reject", mine[0]["id"]).stdout, "rejected\n")
        self.assertEqual(self.run_cli("ask", "--delete", conversation).returncode, 0)
        self.assertNotEqual(self.run_cli("ask", "--show", conversation).returncode, 0)


class AskCost(Doors):
    """With a limit that all is above."""
    SETTINGS = {"ask.confirm_bytes": "1"}

    def confirmed(self, user="admin", **more):
        return self.call("POST", "/v1/ask", {"as_of": AS_OF, **more}, user)

    def test_a_costly_question_asks_first(self):
        first = self.ask("revenue by status last month")
        self.assertEqual(first["status"], "clarify", first)
        self.assertGreater(first["cost"]["bytes"], 1)
        self.assertNotIn("rows", first)
        self.assertEqual(len(first["choices"]), 1)
        intent = first["choices"][0]["intent"]
        answer = self.confirmed(intent=intent, confirm=first["confirm"])
        self.assertEqual(answer["status"], "answered", answer)
        self.assertEqual(self.ask(intent=intent)["status"], "clarify", "not without the token")

    def test_a_confirmation_is_for_one_principal_and_one_query(self):
        first = self.ask("revenue by status last month")
        other = self.ask("revenue by status")
        intent = first["choices"][0]["intent"]
        for user, chosen, token in (("writer", intent, first["confirm"]), ("admin", other["choices"][0]["intent"], first["confirm"]),
                                    ("admin", intent, "1." + "0" * 64), ("admin", intent, "nonsense"),
                                    ("admin", intent, UNKNOWN)):
            self.assertIn("confirm", self.call("POST", "/v1/ask", {"intent": chosen, "confirm": token}, user, 400)["detail"])
        self.assertIn("intent", self.call("POST", "/v1/ask", {"question": "revenue", "confirm": first["confirm"]}, status=400)["detail"])

    def test_the_command_line_confirms(self):
        run = self.run_cli("ask", "--as-of", AS_OF, "revenue by status last month")
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("predicted", run.stdout)
        run = self.run_cli("ask", "--as-of", AS_OF, "--yes", "revenue by status last month")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("1,107", run.stdout)
        run = self.run_cli("ask", "--as-of", AS_OF, given="revenue by status last month\n1\n")
        self.assertIn("1,107", run.stdout)


class NoHistory(unittest.TestCase):
    def test_without_retention_nothing_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "shop.yaml").write_text(MODEL)
            with Server(BINARY, settings={"ask.models": folder, "ask.history_keep": "0s"}) as server:
                for statement in SETUP[:5]:
                    server.sql(statement)
                _, _, text = server.request("POST", "/v1/ask", {"question": "revenue", "conversation": "new"}, server.admin_token)
                self.assertEqual(json.loads(text)["status"], "answered")
                self.assertNotIn("conversation", json.loads(text))
                _, _, text = server.request("GET", "/v1/conversations", None, server.admin_token)
                self.assertEqual(json.loads(text)["conversations"], [])
            shutil.rmtree(server.lake, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
