"""Questions in plain language through the doors: answers, what they stand on, and that nobody learns by asking what policy hides."""
import json
import pathlib
import tempfile
import unittest

from server import Server
from shop import BINARY, MODEL, SETUP, Asks


class Ask(Asks, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        pathlib.Path(cls.folder.name, "shop.yaml").write_text(MODEL)
        cls.server = Server(BINARY, settings={"ask.models": cls.folder.name}).start()
        for statement in SETUP:
            cls.server.sql(statement)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def test_an_answer_says_what_it_stands_on(self):
        answer = self.ask("revenue by status last month")
        self.assertEqual(answer["status"], "answered", answer)
        self.assertEqual(sorted((row[0], float(row[1])) for row in answer["rows"]), [("done", 1107.0), ("open", 50.0)])
        self.assertIn("SELECT", answer["sql"])
        self.assertIn("1,107", answer["answer"])
        self.assertTrue(answer["definitions"])
        self.assertEqual([one["table"] for one in answer["freshness"]], ["shop.orders"])
        self.assertEqual(answer["chart"]["mark"], "bar")
        self.assertFalse(answer["truncated"])

    def test_it_says_when_its_tables_were_committed(self):
        fresh = self.ask("revenue", user="reader")["freshness"]
        newest = self.server.sql("DESCRIBE HISTORY shop.orders LIMIT 1")
        at = [column["name"] for column in newest["columns"]].index("timestamp")
        self.assertEqual(len(fresh), 1)
        self.assertEqual(fresh[0]["committed_at"][:23].replace("T", " "), newest["rows"][0][at][:23].replace("T", " "))
        # Where rows are hidden, it may have been one of them.
        hidden = self.ask("number of customers", user="reader")["freshness"]
        self.assertEqual([(one["table"], one["committed_at"]) for one in hidden], [("shop.customers", "")])

    def test_the_sql_that_is_shown_gives_the_rows_that_are_shown(self):
        answer = self.ask("number of orders by status")
        again = self.server.sql(answer["sql"])["rows"]
        self.assertEqual(sorted(map(str, again)), sorted(map(str, answer["rows"])))

    def test_rows_without_a_partner_are_said(self):
        answer = self.ask("revenue by country")
        self.assertEqual(answer["status"], "answered", answer)
        self.assertTrue(any("1" in note for note in answer["notes"]), answer["notes"])

    def test_a_follow_up_changes_the_question_before(self):
        first = self.ask("revenue by status last month")
        self.assertEqual([[row[0], float(row[1])] for row in self.rows("only done", previous=first["intent"])], [["done", 1107.0]])

    def test_an_intent_is_run_as_it_is(self):
        first = self.ask("number of orders by status")
        self.assertEqual(self.rows(intent=first["intent"]), first["rows"])

    def test_the_same_question_has_the_same_answer(self):
        first, second = (self.ask("revenue by country last month") for _ in range(2))
        self.assertEqual(first, second)

    def test_what_nobody_can_know_is_refused_with_a_reason(self):
        for question in ("why did revenue fall last month", "revenue by weather", "what will revenue be next year", "drop table orders"):
            answer = self.ask(question)
            self.assertEqual(answer["status"], "abstained", answer)
            self.assertTrue(answer["reason"])
            self.assertNotIn("rows", answer)

    def test_hidden_rows_are_in_no_answer(self):
        self.assertEqual(sorted(row[0] for row in self.rows("number of customers by country")), ["Atlantis", "France", "Germany"])
        self.assertEqual(sorted(row[0] for row in self.rows("number of customers by country", user="reader")), ["France", "Germany"])

    def test_hidden_values_are_not_known_and_not_suggested(self):
        self.assertEqual(self.rows("number of customers in Atlantis"), [[1]])
        hidden, unknown = (self.ask(f"number of customers in {place}", user="reader") for place in ("Atlantis", "Oceania"))
        self.assertEqual(hidden["status"], "abstained", hidden)
        self.assertEqual(hidden["reason"].replace("Atlantis", "Oceania"), unknown["reason"])
        # What is suggested goes by the words of the question, and not by whether there is such a row.
        self.server.sql("DELETE FROM shop.customers WHERE id = 3")
        try:
            gone = self.ask("number of customers in Atlantis", user="reader")
        finally:
            self.server.sql("INSERT INTO shop.customers VALUES (3, 'Cleo', 'Atlantis', 'cleo@example.org')")
        for member in ("status", "reason", "suggestions"):
            self.assertEqual(hidden[member], gone[member])
        self.assertNotIn("atlantis", json.dumps(self.ask("number of customers in Atlants", user="reader")).lower())

    def test_hidden_tables_are_not_known(self):
        self.assertEqual([[int(row[0])] for row in self.rows("payroll")], [[4242]])
        hidden = self.ask("payroll", user="reader")
        unknown = self.ask("paybull", user="reader")
        self.assertEqual(hidden["status"], "abstained")
        self.assertEqual(hidden["suggestions"], unknown["suggestions"])
        self.assertNotIn("payroll", json.dumps(self.ask("what can I ask", user="reader")).lower())
        self.assertIn("payroll", json.dumps(self.ask("what can I ask")).lower())

    def test_an_intent_gives_nobody_more_than_a_question(self):
        intent = self.ask("payroll")["intent"]
        answer = self.ask(intent=intent, user="reader")
        self.assertEqual(answer["status"], "abstained", answer)
        self.assertNotIn("4242", json.dumps(answer))

    def test_a_policy_holds_from_the_next_question_on(self):
        self.assertEqual(len(self.rows("number of customers by country", user="writer")), 3)
        self.server.sql("DROP ROW POLICY writers ON shop.customers")
        self.server.sql("CREATE ROW POLICY writers ON shop.customers TO ROLE writer USING (country = 'France')")
        self.assertEqual(self.rows("number of customers by country", user="writer"), [["France", 1]])
        self.assertEqual(self.ask("number of customers in Germany", user="writer")["status"], "abstained")

    def test_questions_are_in_the_audit_log_as_what_they_ran(self):
        count = "SELECT count(*) FROM system.audit WHERE principal = 'reader' AND type = 'attempt' AND text LIKE '%customers%'"
        before = int(self.server.sql(count)["rows"][0][0])
        self.ask("number of customers by country", user="reader")
        self.assertGreater(int(self.server.sql(count)["rows"][0][0]), before)

    def test_bad_requests_say_what_would_be_right(self):
        for body, word in (({}, "question"), ({"question": ""}, "question"), ({"question": "x", "intent": {}}, "no two"),
                           ({"question": "x", "colour": 1}, "colour"), ({"question": "x" * 2001}, "2000"),
                           ({"question": "x", "as_of": "tomorrow"}, "as_of"), ({"question": "x", "time_zone": "Mars/Olympus"}, "Mars"),
                           ({"intent": {"nonsense": 1}}, "unknown member"), ({"question": 5}, "question")):
            code, _, text = self.server.request("POST", "/v1/ask", body, self.server.admin_token)
            self.assertEqual(code, 400, (body, text))
            self.assertIn(word, json.loads(text)["detail"])
        code, _, text = self.server.request("POST", "/v1/ask", {"question": "revenue", "model": "other"}, self.server.admin_token)
        self.assertEqual(code, 404, text)

    def test_without_a_token_nothing_is_answered(self):
        self.assertEqual(self.server.request("POST", "/v1/ask", {"question": "revenue"})[0], 401)

    def test_the_command_line_asks(self):
        run = self.run_cli("ask", "--as-of", "2025-04-02", "revenue by status last month")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("1,107", run.stdout)
        run = self.run_cli("--format", "json", "ask", "why is revenue low")
        self.assertEqual((run.returncode, json.loads(run.stdout)["status"]), (1, "abstained"))

    def test_the_command_line_holds_a_conversation(self):
        run = self.run_cli("ask", "--as-of", "2025-04-02", given="revenue by status last month\nonly done\n")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(run.stdout.count("1,107"), 2, run.stdout)

    def test_a_wrong_model_keeps_the_server_from_starting(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "m.yaml").write_text("semantic_model: m\nentities: [{name: a, table: t, colour: red}]\n")
            server = Server(BINARY, settings={"ask.models": folder})
            with self.assertRaisesRegex(RuntimeError, "did not start"):
                server.start()
            self.assertIn("colour", pathlib.Path(server.lake + ".log").read_text())


if __name__ == "__main__":
    unittest.main()
