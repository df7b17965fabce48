"""Questions as runs: what waits for who asked it outlives the server, whoever hangs up or cancels stops the statement, and the
time of each step is told."""
import http.client
import json
import pathlib
import signal
import tempfile
import threading
import time
import unittest
import urllib.parse

import mcp_client
from language_model import LanguageModel, reading
from server import Server
from shop import AS_OF, BINARY, MODEL, SETUP, Asks

UNKNOWN = "00000000-0000-4000-8000-000000000000"

#: "turnover" can mean two numbers, and things are counted over what takes long to count.
TURNOVER = MODEL.replace("synonyms: [sales]}", "synonyms: [sales, turnover]}\n      - {name: taxed, expr: amount * 1.2, synonyms: [turnover]}")
SLOW = """semantic_model: slow
entities:
  - name: things
    table: shop.things
    primary_key: id
    dimensions:
      - {name: id, value_type: integer}
    measures:
      - {name: things_count, aggregation: count, label: number of things}
"""
COUNTED = "CREATE OR REPLACE VIEW shop.things AS SELECT o.id FROM shop.orders o, range({0}) a(i), range({0}) b(j) WHERE (a.i * b.j) % 7 = 3"
AGES = 200_000


class Runs(Asks, unittest.TestCase):
    SETTINGS = {}

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        pathlib.Path(self.folder.name, "shop.yaml").write_text(TURNOVER)
        pathlib.Path(self.folder.name, "slow.yaml").write_text(SLOW)
        self.server = Server(BINARY, settings={"ask.models": self.folder.name, **self.SETTINGS}).start()
        self.addCleanup(self.server.__exit__)
        for statement in [*SETUP, COUNTED.format(AGES)]:
            self.server.sql(statement)

    def ask(self, *arguments, model="shop", **more):
        return super().ask(*arguments, **({"model": model} if model else {}), **more)

    def kill(self):
        self.server.stop(signal.SIGKILL)
        self.server.start()

    def counting(self):
        rows = self.server.sql("SELECT text FROM system.queries WHERE state = 'running' AND door = 'http'")["rows"]
        return [row for row in rows if "shop.things" in row[0].replace('"', "") and "system.queries" not in row[0]]

    def until(self, holds, what):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, what)

    def events(self, question, user="admin", **more):
        """The events of a question as they come, on a connection that stays open."""
        address = urllib.parse.urlparse(self.server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/ask", json.dumps({"question": question, "as_of": AS_OF, **more}),
                           {"Authorization": "Bearer " + self.server.token_of(user), "Content-Type": "application/json",
                            "Accept": "text/event-stream"})
        response, name = connection.getresponse(), None
        for line in iter(response.readline, b""):
            if line.startswith(b"event: "):
                name = line[7:].decode().strip()
            if line.startswith(b"data: "):
                yield name, json.loads(line[6:])

    def start_counting(self, user="admin"):
        """A question that takes long, when its statement runs, and its run."""
        events = self.events("number of things", user, model="slow")
        for name, data in events:
            if name == "linked":
                run = data["run"]
            if name == "running":
                break
        self.until(self.counting, "its statement runs")
        return run, events


class Waiting(Runs):
    def test_a_choice_is_gone_on_with_by_its_number(self):
        asked = self.ask("turnover last month", conversation="new")
        self.assertEqual((asked["status"], len(asked["choices"])), ("clarify", 2), asked)
        for choice in (0, 3, "1", 1.5):
            self.ask(status=400, model=None, run=asked["run"], choice=choice)
        answer = self.ask(model=None, run=asked["run"], choice=2)
        self.assertEqual(answer["status"], "answered", answer)
        self.assertEqual(answer["intent"], asked["choices"][1]["intent"])
        self.assertEqual(answer["question"], "turnover last month")
        self.assertIn(float(answer["rows"][0][0]), (1157.0, 1388.4))
        self.assertEqual(answer["conversation"], asked["conversation"])
        self.ask(status=404, model=None, run=asked["run"], choice=2)

    def test_a_guess_is_asked_back(self):
        # How sure a reading is may change; that one of these is a guess does not.
        asked = [self.ask(question) for question in ("top 2 custmers by reveneu", "numbr of custmers in Frnce", "nmber of ordrs by sttus")]
        guesses = [one for one in asked if one["status"] == "clarify"]
        self.assertTrue(guesses, asked)
        for guess in guesses:
            self.assertEqual((len(guess["choices"]), guess["reason"]), (1, "this is a guess"))
            answer = self.ask(model=None, run=guess["run"], choice=1)
            self.assertEqual((answer["status"], answer["intent"]), ("answered", guess["choices"][0]["intent"]), answer)

    def test_it_outlives_the_server(self):
        asked = self.ask("turnover last month", conversation="new")
        self.kill()
        answer = self.ask(model=None, run=asked["run"], choice=1)
        self.assertEqual((answer["status"], answer["question"]), ("answered", "turnover last month"), answer)
        read = self.call("GET", "/v1/conversations/" + asked["conversation"])
        self.assertEqual([(one["question"], one["status"]) for one in read["questions"]],
                         [("turnover last month", "clarify"), ("turnover last month", "answered")])

    def test_a_choice_by_its_intent_keeps_the_question(self):
        asked = self.ask("turnover last month", conversation="new")
        answer = self.ask(intent=asked["choices"][0]["intent"], conversation=asked["conversation"])
        self.assertEqual((answer["status"], answer["question"]), ("answered", "turnover last month"), answer)
        # Another intent is what it says, and not what was asked.
        other = self.ask("revenue by status")["intent"]
        again = self.ask("turnover last month", conversation=asked["conversation"])
        self.assertEqual(self.ask(intent=other, conversation=again["conversation"])["question"], "")
        read = self.call("GET", "/v1/conversations/" + asked["conversation"])
        self.assertEqual([one["question"] for one in read["questions"]], ["turnover last month"] * 3 + [""])

    def test_a_choice_can_be_verified(self):
        asked = self.ask("turnover last month", conversation="new")
        answer = self.ask(model=None, run=asked["run"], choice=1)
        feedback = self.call("POST", f"/v1/ask/{answer['id']}/feedback", {"verdict": "correct"}, status=201)
        self.call("POST", f"/v1/feedback/{feedback['id']}/decision", {"decision": "approve"})
        self.assertEqual(self.ask("turnover last month")["rows"], answer["rows"])

    def test_nobody_else_goes_on_with_it(self):
        asked = self.ask("turnover last month")
        problems = [self.ask(user="reader", status=404, model=None, run=run, choice=1)["detail"] for run in (asked["run"], UNKNOWN)]
        self.assertEqual(problems[0], problems[1])
        self.call("DELETE", "/v1/ask/" + asked["run"], user="reader", status=404)
        self.assertEqual(self.ask(model=None, run=asked["run"], choice=1)["status"], "answered")

    def test_what_waits_can_be_ended(self):
        asked = self.ask("turnover last month")
        self.call("DELETE", "/v1/ask/" + asked["run"], status=204)
        self.call("DELETE", "/v1/ask/" + asked["run"], status=404)
        self.ask(status=404, model=None, run=asked["run"], choice=1)

    def test_an_assistant_goes_on_with_it_too(self):
        tools = mcp_client.Http(self.server, "admin")
        asked, _ = tools.call("ask", {"question": "turnover last month", "model": "shop", "as_of": AS_OF})
        self.assertEqual(asked["status"], "clarify", asked)
        refused, error = mcp_client.Http(self.server, "reader").call("ask", {"run": asked["run"], "choice": 1})
        self.assertIsNone(refused, error)
        answer, _ = tools.call("ask", {"run": asked["run"], "choice": 1})
        self.assertEqual((answer["status"], answer["question"]), ("answered", "turnover last month"), answer)

    def test_rights_are_those_of_when_one_goes_on(self):
        asked = self.ask("turnover last month", user="reader")
        self.assertEqual(asked["status"], "clarify", asked)
        self.server.sql("DENY SELECT ON TABLE shop.orders TO ROLE reader")
        answer = self.ask(user="reader", model=None, run=asked["run"], choice=1)
        self.assertEqual(answer["status"], "abstained", answer)
        self.assertNotIn("rows", answer)

    def test_what_waits_is_not_readable_in_the_lakes_files_and_can_be_forgotten(self):
        self.server.sql("CREATE TABLE shop.people (email STRING)")
        self.server.sql("INSERT INTO shop.people VALUES ('quibble@example.org')")
        named = self.ask("turnover of done last month")
        self.assertEqual(named["status"], "clarify", named)
        for path in pathlib.Path(self.server.lake).rglob("metastore*"):
            self.assertNotIn(b"turnover of done", path.read_bytes(), path)
        self.server.sql("INSERT INTO shop.people VALUES ('done')")
        self.server.sql("CREATE DATA SUBJECT person KEY shop.people.email")
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE admin")
        self.server.sql("FORGET SUBJECT person 'done'")
        self.ask(status=404, model=None, run=named["run"], choice=1)

    def test_members_that_belong_together_are_asked_for(self):
        asked = self.ask("turnover last month")
        self.ask("revenue", status=400, run=asked["run"])
        self.ask("revenue", status=400, choice=1)
        self.assertIn("reply", self.ask(status=400, model=None, run=asked["run"])["detail"])

    def test_each_steps_time_is_told(self):
        answer = self.ask("turnover last month", trace=True)
        self.assertEqual([step["node"] for step in answer["trace"]], ["look", "understand", "readings", "respond", "advise", "learn"])
        readings = answer["trace"][2]
        self.assertEqual([[step["node"] for step in branch] for branch in readings["branches"]], [["compile", "cost", "run", "check"]] * 2)
        self.assertTrue(all(step["took_us"] > 0 for branch in readings["branches"] for step in branch if step["node"] == "run"))
        self.assertTrue(answer["trace"][-1]["kept"], "it waits")
        plain = self.ask("revenue last month", trace=True)
        self.assertFalse(any("kept" in step for step in plain["trace"]), "what is soon over is not written down")
        self.assertNotIn("trace", self.ask("revenue last month"))


class Cancelling(Runs):
    def test_a_question_is_cancelled_with_its_statement(self):
        run, events = self.start_counting()
        self.call("DELETE", "/v1/ask/" + run, user="reader", status=404)
        self.assertTrue(self.counting())
        self.call("DELETE", "/v1/ask/" + run, status=204)
        name, problem = list(events)[-1]
        self.assertEqual((name, problem["code"]), ("error", "Cancelled"), problem)
        self.until(lambda: not self.counting(), "its statement has ended")
        self.call("DELETE", "/v1/ask/" + run, status=404)

    def test_a_document_that_nobody_waits_for_ends_its_statement(self):
        address = urllib.parse.urlparse(self.server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        connection.request("POST", "/v1/ask", json.dumps({"question": "number of things", "model": "slow"}),
                           {"Authorization": "Bearer " + self.server.admin_token, "Content-Type": "application/json"})
        self.until(self.counting, "its statement runs")
        connection.close()
        self.until(lambda: not self.counting(), "its statement has ended")


class Confirming(Runs):
    SETTINGS = {"ask.confirm_bytes": "1"}

    def test_a_confirmation_outlives_the_server(self):
        asked = self.ask("revenue by status last month", conversation="new")
        self.assertEqual(asked["status"], "clarify", asked)
        self.kill()
        answer = self.ask(intent=asked["choices"][0]["intent"], confirm=asked["confirm"])
        self.assertEqual((answer["status"], answer["question"]), ("answered", "revenue by status last month"), answer)

    def test_one_may_be_asked_twice(self):
        asked = self.ask("turnover last month", conversation="new")
        self.assertEqual((asked["status"], len(asked["choices"])), ("clarify", 2), asked)
        costly = self.ask(model=None, run=asked["run"], choice=1)
        self.assertEqual((costly["status"], costly["run"]), ("clarify", asked["run"]), costly)
        self.assertIn("cost", costly)
        answer = self.ask(model=None, run=asked["run"], choice=1)
        self.assertEqual((answer["status"], answer["question"]), ("answered", "turnover last month"), answer)
        read = self.call("GET", "/v1/conversations/" + asked["conversation"])
        self.assertEqual([one["status"] for one in read["questions"]], ["clarify", "answered"])

    def test_a_server_that_is_killed_while_it_runs_leaves_the_question_to_go_on_with(self):
        asked = self.ask("number of things", model="slow")
        self.assertEqual(asked["status"], "clarify", asked)
        given = []
        thread = threading.Thread(target=lambda: given.append(self.going_on(asked["run"])))
        thread.start()
        self.until(self.counting, "its statement runs")
        self.assertEqual(self.ask(status=409, model=None, run=asked["run"], choice=1)["code"], "Conflict")
        self.server.stop(signal.SIGKILL)
        thread.join()
        self.assertEqual(given, ["lost"])
        self.server.start()
        # The same question, over what there is now.
        self.server.sql(COUNTED.format(10))
        answer = self.ask(model=None, run=asked["run"], choice=1)
        self.assertEqual((answer["status"], answer["question"]), ("answered", "number of things"), answer)

    def going_on(self, run):
        try:
            return self.server.request("POST", "/v1/ask", {"run": run, "choice": 1}, self.server.admin_token)[0]
        except (OSError, http.client.HTTPException):
            return "lost"


class Long(Runs):
    def setUp(self):
        self.model = LanguageModel(reading({"output": "table", "metrics": [{"metric": "things_count"}]}))
        self.addCleanup(self.model.close)
        self.SETTINGS = self.model.settings(**{"models.cache_bytes": "0"})
        super().setUp()
        self.server.sql("GRANT EXECUTE ON ALL MODELS TO PUBLIC")

    def start_asking(self):
        """The run of a question that a language model read, when its statement runs."""
        events = self.events("how plentiful is stuff", model="slow")
        run = next(data["run"] for name, data in events if name == "linked")
        self.until(self.counting, "its statement runs")
        return run

    def test_what_took_long_to_read_is_not_read_again_where_the_server_died(self):
        says = self.model.says
        # As long as makes it worth a checkpoint.
        self.model.says = lambda _: self.model.ended.wait(1.2) or says
        run = self.start_asking()
        self.kill()
        self.server.sql(COUNTED.format(10))
        self.assertEqual(self.ask(user="reader", status=404, model=None, run=run)["code"], "NotFound")
        self.ask(status=400, model=None, run=run, choice=1)
        answer = self.ask(model=None, run=run)
        self.assertEqual((answer["status"], answer["source"], answer["question"]),
                         ("answered", "openai:scripted", "how plentiful is stuff"), answer)
        self.assertEqual(self.model.calls(), 1)
        self.ask(status=404, model=None, run=run)

    def test_what_was_soon_read_is_asked_anew(self):
        run = self.start_asking()
        self.kill()
        self.ask(status=404, model=None, run=run)

    def test_what_the_model_took_is_told(self):
        self.server.sql(COUNTED.format(10))
        answer = self.ask("how plentiful is stuff", model="slow")
        used = answer["model_usage"]
        self.assertEqual((used["calls"], used["input_tokens"]), (1, self.model.tokens), used)
        self.assertGreater(used["output_tokens"], 0)
        self.assertNotIn("model_usage", self.ask("number of things", model="slow"), "none was asked")


if __name__ == "__main__":
    unittest.main()
