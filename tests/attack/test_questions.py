"""What policies hide, asked for in plain language and by names of metrics: a reader on governed tables is answered as an
administrator is on a copy that was redacted by hand, over HTTP, as events and through MCP, and no canary is in any answer."""
import json
import os
import pathlib
import tempfile
import unittest

import canaries
import mcp_client
from server import Server

BINARY = os.environ["TESTED_BINARY"]

MODEL = """
semantic_model: {name}
entities:
  - name: visits
    table: {name}.visits
    primary_key: id
    default_time: day
    dimensions:
      - {{name: day, type: time}}
      - {{name: city}}
    measures:
      - {{name: amount, expr: amount}}
      - {{name: visits_count, aggregation: count, label: number of visits}}
  - name: people
    table: {name}.people
    primary_key: id
    dimensions:
      - {{name: person, expr: name, is_label: true}}
      - {{name: code, expr: secret}}
    measures:
      - {{name: people_count, aggregation: count, label: number of people}}
      - {{name: highest, aggregation: max, expr: score, label: highest score}}
  - name: wages
    table: {name}.wages
    dimensions:
      - {{name: payee}}
    measures:
      - {{name: payroll, expr: wage}}
joins:
  - {{name: by, label: person, from: visits, to: people, on: {{person: id}}}}
"""
#: Members of an answer that say where it is from.
PLACES = ("sql", "freshness", "intent", "cost", "definitions")


class Questions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cells = [canaries.canary(kind) for kind in ("name", "city", "code", "payee")]
        hidden_name, hidden_city, code, payee = cls.cells
        cls.folder = tempfile.TemporaryDirectory()
        for name in ("vault", "glass"):
            pathlib.Path(cls.folder.name, name + ".yaml").write_text(MODEL.format(name=name))
        cls.server = Server(BINARY, settings={"ask.models": cls.folder.name}).start()
        sql = cls.server.sql
        people = [(1, "Ann", code, 5), (2, "Bob", code, 7), (3, hidden_name, code, 999331)]
        visits = [(1, 1, "Lyon", 10, "2025-03-01"), (2, 2, "Ghent", 20, "2025-03-20"), (3, 3, hidden_city, 886622, "2025-03-21"),
                  (4, 1, "Lyon", 3, "2025-02-03")]
        for name in ("vault", "glass"):
            sees = name == "glass"
            shown = people[:2] if sees else people
            sql(f"CREATE SCHEMA {name}")
            sql(f"CREATE TABLE {name}.people (id BIGINT, name STRING, secret STRING, score BIGINT)")
            sql(f"INSERT INTO {name}.people VALUES " + ", ".join(
                f"({i}, '{n}', '{'gone' if sees else c}', {s})" for i, n, c, s in shown))
            sql(f"CREATE TABLE {name}.visits (id BIGINT, person BIGINT, city STRING, amount BIGINT, day DATE)")
            sql(f"INSERT INTO {name}.visits VALUES " + ", ".join(
                f"({i}, {p}, '{c}', {a}, DATE '{d}')" for i, p, c, a, d in visits if not sees or i != 3))
        sql("CREATE TABLE vault.wages (payee STRING, wage BIGINT)")
        sql(f"INSERT INTO vault.wages VALUES ('{payee}', 773311)")
        cls.cells += ["999331", "886622", "773311"]
        for statement in ("CREATE ROW POLICY most ON vault.people USING (id < 3)", "CREATE ROW POLICY every ON vault.people TO ROLE admin USING (true)",
                          "CREATE ROW POLICY seen ON vault.visits USING (person < 3)", "CREATE ROW POLICY every ON vault.visits TO ROLE admin USING (true)",
                          "CREATE MASK POLICY code ON vault.people (secret) EXCEPT ROLE admin USING CONSTANT 'gone'",
                          "DENY SELECT ON TABLE vault.wages TO ROLE reader"):
            sql(statement)
        cls.reader = mcp_client.Http(cls.server, "reader")
        cls.admin = mcp_client.Http(cls.server, "admin")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def compare(self, theirs, ours, allowed=()):
        self.assertEqual(canaries.leaks(theirs, [cell for cell in self.cells if cell not in allowed]), [], theirs[:2000])
        parts = []
        for text in (theirs, ours):
            document = json.loads(text)
            parts.append({name: value for name, value in document.items() if name not in PLACES})
        self.assertEqual(parts[0], json.loads(json.dumps(parts[1]).replace("glass", "vault")))

    def over_http(self, user, body, accept="application/json"):
        code, _, text = self.server.request("POST", "/v1/ask", {"as_of": "2025-04-02", **body}, self.server.token_of(user), {"Accept": accept})
        self.assertEqual(code, 200, text)
        return text.decode()

    @property
    def questions(self):
        hidden_name, hidden_city, code, payee = self.cells[:4]
        asked = ["amount by city", "number of people", "highest score", "amount by person", "list people", "number of people by code", "amount by month",
                 "top 1 city by amount", "the largest amount last month", "share of amount by city", "people without visits", "amount in Lyon",
                 "visits over 1000 amount", "what can I ask", "describe amount", "number of visits last month compared with the month before", "payroll",
                 "payroll by payee", "cities where amount is more than 100", "distinct codes", "amount not in Lyon", "average amount by person",
                 "number of people whose code starts with c", "amount by city, remove PII", "cumulative amount by month"]
        # Who says a canary may get it back, as whatever else is not known.
        said = [f"amount in {hidden_city}", f"amount of {hidden_name}", f"number of people with code {code}", f"payroll of {payee}"]
        said += [f"amount in {hidden_city[:length]}" for length in (8, 12, 16)]
        return [(one, ()) for one in asked] + [(one, self.cells) for one in said]

    def test_questions_are_answered_as_over_the_redacted_copy(self):
        answered = 0
        for question, allowed in self.questions:
            with self.subTest(question=question):
                theirs, ours = (self.over_http(user, {"question": question, "model": model}) for user, model in (("reader", "vault"), ("admin", "glass")))
                answered += json.loads(ours)["status"] == "answered"
                self.compare(theirs, ours, allowed)
                events = self.over_http("reader", {"question": question, "model": "vault"}, "text/event-stream")
                self.assertEqual(canaries.leaks(events, [cell for cell in self.cells if cell not in allowed]), [])
                (asked, _), (copy, _) = (client.call("ask", {"question": question, "model": model, "as_of": "2025-04-02"})
                                         for client, model in ((self.reader, "vault"), (self.admin, "glass")))
                self.compare(json.dumps(asked), json.dumps(copy), allowed)
        self.assertGreater(answered, 10, "what is not understood proves nothing")

    def test_metrics_are_computed_as_over_the_redacted_copy(self):
        hidden_name, hidden_city, code, payee = self.cells[:4]
        queries = [{"metrics": ["amount"], "dimensions": ["visits.city"]}, {"metrics": ["amount", "visits_count"], "dimensions": ["people.person"]},
                   {"metrics": ["highest"]}, {"metrics": ["people_count"], "dimensions": ["people.code"]}, {"metrics": ["payroll"]},
                   {"metrics": ["amount"], "dimensions": ["visits.city"], "rank": {"n": 1}},
                   {"metrics": ["amount"], "time": {"grain": "month", "compare": "previous_month"}},
                   {"metrics": ["payroll"], "dimensions": ["wages.payee"]}, {"metrics": ["amount"], "dimensions": ["wages.payee"]}]
        for operator in ("in", "not_in", "starts_with", "ends_with", "contains", "not_contains"):
            for field, value in (("visits.city", hidden_city), ("people.person", hidden_name), ("people.code", code)):
                for part in (value, value[:8], value[-6:]):
                    queries.append({"metrics": ["people_count" if field.startswith("people") else "amount"],
                                    "filters": [{"dimension": field, "operator": operator, "values": [part]}]})
        for operator in ("less", "greater", "between"):
            queries.append({"metrics": ["people_count"], "filters": [{"dimension": "people.code", "operator": operator, "values": ["a", "z"][:2 if operator == "between" else 1]}]})
        for query in queries:
            with self.subTest(query=query):
                (theirs, refused), (ours, copy) = (client.call("query_metrics", {**query, "model": model})
                                                   for client, model in ((self.reader, "vault"), (self.admin, "glass")))
                if copy is not None:
                    self.assertEqual(refused, json.loads(json.dumps(copy).replace("glass", "vault")))
                    continue
                self.assertIsNone(refused)
                # The values that were sent stand in what was understood.
                self.compare(json.dumps({name: value for name, value in theirs.items() if name not in PLACES}), json.dumps(ours),
                             [cell for cell in self.cells if cell in json.dumps(query)])

    def test_what_is_listed_is_what_the_copy_has(self):
        (theirs, _), (ours, _) = (client.call("list_metrics", {"model": model}) for client, model in ((self.reader, "vault"), (self.admin, "glass")))
        self.assertEqual(theirs, json.loads(json.dumps(ours).replace("glass", "vault").replace("Glass", "Vault")))

    def test_reviewed_questions_open_nothing(self):
        hidden_name, hidden_city, code, payee = self.cells[:4]
        for words, means in (("how is the best place", f"amount in {hidden_city}"), ("how is the best one", f"amount of {hidden_name}"),
                             ("what do they earn", "payroll by payee"), ("who has the odd code", f"number of people with code {code}")):
            asked = json.loads(self.over_http("admin", {"question": words, "model": "vault", "conversation": "new"}))
            _, _, made = self.server.request("POST", f"/v1/ask/{asked['id']}/feedback", {"verdict": "corrected", "means": means}, self.server.admin_token)
            status, _, text = self.server.request("POST", f"/v1/feedback/{json.loads(made).get('id')}/decision", {"decision": "approve"}, self.server.admin_token)
            self.assertEqual(status, 200, (means, made, text))
            self.assertEqual(json.loads(self.over_http("admin", {"question": words, "model": "vault"}))["status"], "answered", words)
            for question in (words, words + " ever", words.split()[-1]):
                theirs, ours = (self.over_http(user, {"question": question, "model": model}) for user, model in (("reader", "vault"), ("admin", "glass")))
                self.compare(theirs, ours)


if __name__ == "__main__":
    unittest.main()
