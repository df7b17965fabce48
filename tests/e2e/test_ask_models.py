"""Questions that the engine has no answer to and a language model reads: what is answered, asked back and refused, what
leaves for the model, and what happens when it misbehaves."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from language_model import NO_READING, Cut, LanguageModel, Raw, Silence, Status, Stopped, reading
from server import Server
from shop import MODEL, SETUP

BINARY = os.environ["TESTED_BINARY"]

#: The engine knows no word for it.
QUESTION = "how lucrative was each status"
BY_STATUS = reading({"output": "table", "metrics": [{"metric": "revenue"}],
                     "dimensions": [{"field": {"entity": "orders", "name": "status"}}]})
PAYROLL = reading({"output": "table", "metrics": [{"metric": "payroll"}]})


def customers_in(value, metric="customers_count"):
    return reading({"output": "table", "metrics": [{"metric": metric}],
                    "filters": [{"any_of": [{"field": {"entity": "customers", "name": "country"}, "op": "in", "values": [value]}]}]})


class Lake(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.model = LanguageModel()
        cls.folder = tempfile.TemporaryDirectory()
        pathlib.Path(cls.folder.name, "shop.yaml").write_text(MODEL)
        # Questions with the same answer are asked anew: what a test says counts.
        settings = {"ask.models": cls.folder.name, "ask.model_timeout": "1s", "models.cache_bytes": "0",
                    **cls.model.settings(**cls.settings)}
        cls.server = Server(BINARY, settings=settings).start()
        for statement in [*SETUP, "GRANT EXECUTE ON ALL MODELS TO PUBLIC"]:
            cls.server.sql(statement)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()
        cls.model.close()

    def setUp(self):
        self.model.forget()
        self.model.says = NO_READING

    def ask(self, question, user="admin", **more):
        body = {"as_of": "2025-04-02", "question": question, **more}
        code, _, text = self.server.request("POST", "/v1/ask", body, self.server.token_of(user))
        self.assertEqual(code, 200, text)
        return json.loads(text)


class Proposals(Lake):
    def test_a_reading_is_answered_and_says_whose_it_is(self):
        self.assertEqual(self.ask(QUESTION)["status"], "abstained")
        self.model.says = BY_STATUS
        answer = self.ask(QUESTION)
        self.assertEqual(answer["status"], "answered", answer)
        self.assertEqual(sorted((row[0], float(row[1])) for row in answer["rows"]), [("done", 1137.0), ("open", 50.0)])
        self.assertEqual(answer["source"], "openai:scripted")
        self.assertLess(answer["confidence"], 0.55)
        self.assertIn("language model openai:scripted", answer["assumptions"][0]["text"])
        self.assertIn("Revenue by Status", answer["assumptions"][0]["text"])

    def test_who_may_not_have_a_model_asked_is_answered_without(self):
        self.model.says = BY_STATUS
        self.server.sql("DENY EXECUTE ON ALL MODELS TO ROLE writer")
        answer = self.ask(QUESTION, user="writer")
        self.assertEqual(answer["status"], "abstained", answer)
        self.assertNotIn("language model", answer["reason"])
        self.assertEqual(self.model.calls(), 0)
        self.assertEqual(self.ask(QUESTION)["status"], "answered")

    def test_what_the_engine_can_answer_goes_to_no_model(self):
        answer = self.ask("revenue by status last month")
        self.assertEqual(answer["status"], "answered")
        self.assertNotIn("source", answer)
        self.assertEqual(self.model.calls(), 0)

    def test_what_no_data_can_answer_goes_to_no_model(self):
        self.model.says = BY_STATUS
        for question in ("why was each status lucrative", "how lucrative will each status be", "delete every lucrative status"):
            self.assertEqual(self.ask(question)["status"], "abstained")
        self.assertEqual(self.model.calls(), 0)

    def test_what_the_reading_leaves_out_is_asked_back(self):
        self.model.says = BY_STATUS
        for question in ("how lucrative was each status last month", "how lucrative was each status in Germany",
                         "how lucrative was each status over 100", "how lucrative was each status without returns"):
            answer = self.ask(question)
            self.assertEqual(answer["status"], "clarify", (question, answer))
            self.assertEqual(len(answer["choices"]), 1)
            self.assertEqual(answer["source"], "openai:scripted")
        chosen = self.ask_intent(answer["choices"][0]["intent"])
        self.assertEqual(chosen["status"], "answered")

    def ask_intent(self, intent, user="admin"):
        code, _, text = self.server.request("POST", "/v1/ask", {"intent": intent}, self.server.token_of(user))
        self.assertEqual(code, 200, text)
        return json.loads(text)

    def test_what_the_reading_brings_in_is_refused(self):
        for says in (customers_in("Atlantis"), customers_in("') OR true --"),
                     reading({"output": "table", "metrics": [{"metric": "revenue"}], "time": {"from": "2025-03-01", "to": "2025-04-01"}}),
                     reading({"output": "table", "metrics": [{"metric": "revenue"}], "rank": {"n": 7},
                              "dimensions": [{"field": {"entity": "orders", "name": "status"}}]})):
            self.model.says = says
            answer = self.ask(QUESTION)
            self.assertEqual(answer["status"], "abstained", answer)
            self.assertNotIn("Atlantis", json.dumps(answer))

    def test_a_reading_gives_nobody_more_than_a_question(self):
        self.model.says = PAYROLL
        self.assertEqual(self.ask("how lucrative is it to be on the staff")["status"], "answered")
        answer = self.ask("how lucrative is it to be on the staff", user="reader")
        self.assertEqual(answer["status"], "abstained", answer)
        self.assertNotIn("4242", json.dumps(answer))
        self.assertNotIn("payroll", json.dumps(answer).lower())

    def test_a_hidden_value_stays_hidden(self):
        self.model.says = customers_in("Atlantis")
        seen = self.ask("how many clients hail from Atlantis")
        self.assertEqual((seen["status"], seen.get("rows")), ("answered", [[1]]), seen)
        hidden = self.ask("how many clients hail from Atlantis", user="reader")
        self.model.says = customers_in("Oceania")
        unknown = self.ask("how many clients hail from Oceania", user="reader")
        self.assertEqual(hidden["status"], unknown["status"])
        self.assertEqual(hidden.get("rows"), unknown.get("rows"))

    def test_the_model_is_told_what_the_asker_may_see(self):
        self.ask(QUESTION)
        self.assertIn(b"payroll", self.model.all_bytes())
        self.model.forget()
        self.ask(QUESTION, user="reader")
        told = self.model.all_bytes()
        self.assertIn(b"revenue", told)
        for hidden in (b"payroll", b"salaries", b"employee", b"4242"):
            self.assertNotIn(hidden, told)

    def test_no_value_is_told(self):
        self.ask("how lucrative are clients from Germny")
        told = self.model.all_bytes()
        self.assertIn(b"Germny", told)
        for value in (b"Germany", b"France", b"Atlantis", b"ann@example.org", b"SELECT"):
            self.assertNotIn(value, told)

    def test_whatever_goes_wrong_the_question_is_answered_without(self):
        expected = self.ask(QUESTION)
        for says in ("nonsense", "", "{", Raw(b"garbage\r\n\r\n"), Raw(b""), Status(500), Status(401, '{"error":"secret-canary"}'),
                     Status(429, headers=["Retry-After: 1"]), Status(200, "[]"), Cut(BY_STATUS), Stopped("{", "length"),
                     Stopped("no", "content_filter"), Silence(), {"answerable": "yes"}, "SELECT * FROM shop.salaries",
                     reading({"sql": "SELECT 1"}), reading({"metrics": [{"metric": "revenue", "label": "secret-canary"}]})):
            self.model.says = says
            answer = self.ask(QUESTION)
            self.assertEqual((answer["status"], answer["suggestions"]), ("abstained", expected["suggestions"]), (says, answer))
            self.assertIn("language model", answer["reason"])
            self.assertNotIn("canary", json.dumps(answer))
            self.assertNotIn("key-of-the-scripted-provider", json.dumps(answer))
        # One that failed again and again is left alone; it is not the tests' after these that find that out.
        self.assertEqual(self.ask("revenue by status last month")["status"], "answered")

    def test_the_key_is_in_no_log(self):
        self.ask(QUESTION)
        self.assertIn(b"key-of-the-scripted-provider", self.model.all_bytes())
        self.assertNotIn("key-of-the-scripted-provider", pathlib.Path(self.server.log_path).read_text())


class Anthropic(Lake):
    settings = {"protocol": "anthropic"}

    def test_the_other_protocol_is_the_same(self):
        self.model.says = BY_STATUS
        answer = self.ask(QUESTION)
        self.assertEqual((answer["status"], answer["source"]), ("answered", "anthropic:scripted"), answer)
        self.assertIn(b"POST /v1/messages", self.model.all_bytes())
        self.model.says = Stopped("", "length")
        self.assertEqual(self.ask(QUESTION)["status"], "abstained")


class Confirmed(Lake):
    settings = {"ask.proposals": "confirm"}

    def test_every_reading_is_asked_back(self):
        self.model.says = BY_STATUS
        answer = self.ask(QUESTION)
        self.assertEqual((answer["status"], len(answer["choices"])), ("clarify", 1), answer)
        self.assertIn("openai:scripted", answer["reason"])


class KeptAnswers(Lake):
    settings = {"models.cache": "metastore", "models.tokens_per_day": "20000"}

    def test_the_same_question_is_asked_once_for_each_principal(self):
        self.model.says = BY_STATUS
        first = self.ask(QUESTION)
        self.assertEqual(first["model_usage"]["calls"], 1)
        again = self.ask("  how lucrative was  each status ")
        self.assertEqual(again, {**first, "question": "  how lucrative was  each status ", "model_usage": again["model_usage"]})
        self.assertEqual(again["model_usage"], {"calls": 0, "input_tokens": 0, "output_tokens": 0, "dollars": 0})
        self.assertEqual(self.model.calls(), 1)
        self.ask(QUESTION, user="reader")
        self.assertEqual(self.model.calls(), 2)

    def test_without_tokens_the_engine_is_alone(self):
        self.model.says = BY_STATUS
        self.model.tokens = 9_000
        self.addCleanup(setattr, self.model, "tokens", 100)
        answers = [self.ask(f"how lucrative was each status of list {number}", user="writer") for number in range(9)]
        self.assertIn("tokens of the day", answers[-1]["reason"])
        self.assertLess(self.model.calls(), 9)
        self.assertEqual(self.ask("revenue by status last month", user="writer")["status"], "answered")


class Elsewhere(Lake):
    """A gateway on this machine that passes on what it is told."""
    settings = {"models.forwarded": "true", "models.external": "true"}

    def test_what_is_tagged_stays_here(self):
        self.model.says = BY_STATUS
        self.assertEqual(self.ask(QUESTION)["status"], "answered")
        self.assertIn(b"payroll", self.model.all_bytes())
        self.server.sql("ALTER TABLE shop.salaries SET TAGS ('no_external_model')")
        self.server.sql("ALTER TABLE shop.customers ALTER COLUMN country SET TAGS ('no_external_model')")
        self.model.forget()
        try:
            self.assertEqual(self.ask(QUESTION)["status"], "answered")
            told = self.model.all_bytes()
            self.assertIn(b"customers", told)
            for kept in (b"payroll", b"salaries", b"employee", b"country"):
                self.assertNotIn(kept, told)
            # What is asked for may name what has to stay here.
            self.model.forget()
            for question in ("how lucrative is the payroll", "how lucrative is Germany"):
                answer = self.ask(question)
                self.assertEqual(answer["status"], "abstained", answer)
                self.assertIn("may not leave", answer["reason"])
            self.assertEqual(self.model.calls(), 0)
        finally:
            self.server.sql("ALTER TABLE shop.salaries UNSET TAGS ('no_external_model')")
            self.server.sql("ALTER TABLE shop.customers ALTER COLUMN country UNSET TAGS ('no_external_model')")
        self.ask(QUESTION)
        self.assertIn(b"payroll", self.model.all_bytes())

    def test_a_view_over_what_is_tagged_stays_here_too(self):
        self.server.sql("CREATE VIEW shop.staff AS SELECT employee FROM shop.salaries")
        text = pathlib.Path(self.folder.name, "shop.yaml").read_text()
        self.addCleanup(pathlib.Path(self.folder.name, "shop.yaml").write_text, text)
        pathlib.Path(self.folder.name, "shop.yaml").write_text(
            text.replace("joins:", "  - name: staff\n    table: shop.staff\n    dimensions:\n      - {name: person, expr: employee}\n"
                                   "    measures:\n      - {name: headcount, aggregation: count}\njoins:"))
        self.ask(QUESTION)
        self.assertIn(b"headcount", self.model.all_bytes())
        self.server.sql("ALTER TABLE shop.salaries SET TAGS ('no_external_model')")
        self.addCleanup(self.server.sql, "ALTER TABLE shop.salaries UNSET TAGS ('no_external_model')")
        self.model.forget()
        self.ask(QUESTION)
        self.assertIn(b"revenue", self.model.all_bytes())
        self.assertNotIn(b"headcount", self.model.all_bytes())

    def test_a_field_that_is_tagged_keeps_its_column_here(self):
        self.server.sql("CREATE TABLE shop.profiles (id BIGINT, home STRUCT(hideout VARCHAR, town VARCHAR), hobby VARCHAR)")
        text = pathlib.Path(self.folder.name, "shop.yaml").read_text()
        self.addCleanup(pathlib.Path(self.folder.name, "shop.yaml").write_text, text)
        pathlib.Path(self.folder.name, "shop.yaml").write_text(
            text.replace("joins:", "  - name: profiles\n    table: shop.profiles\n    dimensions:\n"
                                   "      - {name: dwelling, expr: \"home.hideout\"}\n"
                                   "      - {name: settlement, expr: \"struct_extract(home, 'town')\"}\n"
                                   "      - {name: hobby}\n"
                                   "    measures:\n      - {name: headcount, aggregation: count}\njoins:"))
        self.ask(QUESTION)
        for told in (b"dwelling", b"settlement", b"hobby"):
            self.assertIn(told, self.model.all_bytes())
        self.server.sql("ALTER TABLE shop.profiles ALTER COLUMN home.hideout SET TAGS ('no_external_model')")
        self.model.forget()
        self.ask(QUESTION)
        self.assertIn(b"hobby", self.model.all_bytes())
        for kept in (b"dwelling", b"settlement", b"hideout"):
            self.assertNotIn(kept, self.model.all_bytes())


class NotAllowed(unittest.TestCase):
    def start(self, **settings):
        server = Server(BINARY, settings=settings)
        self.addCleanup(server.__exit__)
        with self.assertRaisesRegex(RuntimeError, "did not start"):
            server.start()
        return pathlib.Path(server.lake + ".log").read_text()

    def test_models_elsewhere_have_to_be_allowed(self):
        self.assertIn("models.external", self.start(**{"models.routes": "ask=openai:m", "models.openai.url": "https://models.example.org/v1"}))
        self.assertIn("models.external", self.start(**{"models.routes": "ask=openai:m", "models.openai.url": "http://127.0.0.1:9/v1",
                                                       "models.forwarded": "true"}))
        self.assertIn("https", self.start(**{"models.routes": "ask=openai:m", "models.openai.url": "http://models.example.org/v1",
                                             "models.external": "true"}))

    def test_caches_elsewhere_are_refused(self):
        self.assertIn("models.cache", self.start(**{"models.cache": "redis://cache.example.org"}))


class Documents(Lake):
    settings = {"ask.documents": "docs.passages", "ask.proposals": "off"}

    def documents(self, *arguments):
        return subprocess.run([BINARY, "--server", self.server.url, "documents", *arguments, "--into", "docs.passages"],
                              capture_output=True, text=True, env={**os.environ, "NEUROLAKE_TOKEN": self.server.admin_token})

    def add(self, name, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, name).write_text(text)
            return self.documents("add", str(pathlib.Path(folder, name)), *arguments)

    def setUp(self):
        super().setUp()
        self.server.sql("CREATE SCHEMA IF NOT EXISTS docs")

    def test_answers_cite_what_the_asker_may_read(self):
        run = self.add("glossary.md", "# Terms\n\n## Revenue\n\nRevenue is what customers paid, without taxes.\n\n## Refunds\n\n"
                       "A refund takes five days.\n", "--tag", "public")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("glossary.md: 2 passages", run.stdout)
        self.assertEqual(self.add("board.md", "# Board\n\nRevenue of secret-project-canary counts twice.\n", "--tag", "board").returncode, 0)
        self.server.sql("CREATE ROW POLICY public ON docs.passages TO ROLE reader USING (tag = 'public')")
        self.server.sql("CREATE ROW POLICY everything ON docs.passages TO ROLE admin USING (true)")
        described = self.ask("what does revenue mean")
        self.assertEqual(described["status"], "answered", described)
        self.assertEqual({one["document"] for one in described["documents"]}, {"glossary.md", "board.md"})
        hidden = self.ask("what does revenue mean", user="reader")
        self.assertEqual([one["document"] for one in hidden["documents"]], ["glossary.md"])
        self.assertIn("without taxes", hidden["documents"][0]["text"])
        self.assertNotIn("canary", json.dumps(hidden))
        open_question = self.ask("how long does a refund take", user="reader")
        self.assertEqual(open_question["status"], "abstained")
        self.assertIn("five days", open_question["documents"][0]["text"])
        self.assertNotIn("documents", self.ask("revenue by status last month"))
        # A newer version takes the older one's place.
        self.assertEqual(self.add("glossary.md", "# Terms\n\n## Refunds\n\nA refund takes two days.\n", "--tag", "public").returncode, 0)
        self.assertIn("two days", self.ask("how long does a refund take", user="reader")["documents"][0]["text"])
        self.assertEqual(self.server.sql("SELECT count(*) FROM docs.passages WHERE document = 'glossary.md'")["rows"], [[1]])
        self.assertIn("glossary.md", self.documents("list").stdout)
        self.assertEqual(self.documents("remove", "glossary.md").returncode, 0)
        self.assertNotIn("documents", self.ask("how long does a refund take", user="reader"))
        self.assertNotEqual(self.documents("remove", "glossary.md").returncode, 0)

    def test_what_cannot_be_read_changes_nothing(self):
        self.assertEqual(self.add("terms.md", "# Terms\n\nPayment within ten days.\n").returncode, 0)
        for name, text in (("terms.exe", "x"), ("terms.pdf", "not a PDF"), ("terms.md", "")):
            run = self.add(name, text, "--name", "terms.md")
            self.assertNotEqual(run.returncode, 0, name)
            self.assertTrue(run.stderr, name)
        rows = self.server.sql("SELECT body FROM docs.passages WHERE document = 'terms.md'")["rows"]
        self.assertEqual(rows, [["Payment within ten days."]])

    def test_who_may_not_write_adds_nothing(self):
        self.assertEqual(self.add("mine.md", "# Mine\n\nSome text.\n").returncode, 0)
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "theirs.md").write_text("# Theirs\n\nOther text.\n")
            run = subprocess.run([BINARY, "--server", self.server.url, "documents", "add", str(pathlib.Path(folder, "theirs.md")),
                                  "--into", "docs.passages"], capture_output=True, text=True,
                                 env={**os.environ, "NEUROLAKE_TOKEN": self.server.token_of("reader")})
        self.assertNotEqual(run.returncode, 0)
        self.assertEqual(self.server.sql("SELECT count(*) FROM docs.passages WHERE document = 'theirs.md'")["rows"], [[0]])


if __name__ == "__main__":
    unittest.main()
