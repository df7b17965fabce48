"""What questions have of retrieval: suggestions of what can answer, by meaning and by what is known of tables, and the order of
readings that are equally good; and search_catalog's conditions. What it must not tell is in tests/attack/test_retrieval.py."""
import json
import os
import pathlib
import tempfile
import unittest

import mcp_client
from server import Server

BINARY = os.environ["TESTED_BINARY"]

MODEL = """semantic_model: {name}
entities:
  - name: orders
    table: shop.orders
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {{name: ordered_on, type: time, label: order date}}
      - {{name: status}}
    measures:
      - {{name: first, label: first sum, expr: amount, synonyms: [income], description: {first}}}
      - {{name: second, label: second sum, expr: fee, synonyms: [income], description: {second}}}
  - name: archive
    table: shop.archive
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {{name: ordered_on, type: time, label: archived date}}
    measures:
      - {{name: old_proceeds, label: old proceeds, expr: amount, description: money that was taken}}
  - name: orders_now
    table: shop.recent
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {{name: ordered_on, type: time, label: recent date}}
    measures:
      - {{name: new_proceeds, label: new proceeds, expr: amount, description: money that was taken}}
"""
NEAR, FAR = "income by status and of each status", "weather and storms and rain"

SETUP = [
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.orders (id BIGINT, ordered_on DATE, status STRING, amount BIGINT, fee BIGINT)",
    "INSERT INTO shop.orders VALUES (1, DATE '2025-03-01', 'done', 100, 5), (2, DATE '2025-03-20', 'open', 50, 1)",
    "CREATE TABLE shop.archive (id BIGINT, ordered_on DATE, amount BIGINT)",
    "INSERT INTO shop.archive VALUES (1, DATE '1999-03-01', 10), (2, DATE '1999-11-30', 20)",
    "CREATE TABLE shop.recent (id BIGINT, ordered_on DATE, amount BIGINT)",
    "INSERT INTO shop.recent VALUES (1, DATE '2025-01-10', 10), (2, DATE '2025-02-20', 20)",
    "COMMENT ON TABLE shop.archive IS 'money that customers got back'",
    "ALTER TABLE shop.archive SET TAGS ('certified')",
    "ALTER TABLE shop.recent ALTER COLUMN amount SET TAGS ('unit' = 'EUR')",
    "ANALYZE TABLE shop.archive COMPUTE STATISTICS FOR ALL COLUMNS",
    "ANALYZE TABLE shop.recent COMPUTE STATISTICS FOR ALL COLUMNS",
]


class Retrieval(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        for name, first, second in (("one", NEAR, FAR), ("two", FAR, NEAR)):
            pathlib.Path(cls.folder.name, f"{name}.yaml").write_text(MODEL.format(name=name, first=first, second=second))
        cls.server = Server(BINARY, settings={"ask.models": cls.folder.name}).start()
        cls.addClassCleanup(cls.server.__exit__)
        for statement in SETUP:
            cls.server.sql(statement)
        cls.client = mcp_client.Http(cls.server, "admin")

    def ask(self, question, model):
        body = {"question": question, "model": model, "as_of": "2025-04-02"}
        code, _, text = self.server.request("POST", "/v1/ask", body, self.server.admin_token)
        self.assertEqual(code, 200, text)
        return json.loads(text)

    def found(self, **arguments):
        found, error = self.client.call("search_catalog", arguments)
        self.assertIsNone(error)
        self.assertEqual(found["total"], len(found["tables"]))
        return [table["name"] for table in found["tables"]]

    def test_readings_that_are_equally_good_come_by_nearness_and_are_asked_back_all_the_same(self):
        for model, first in (("one", "First sum"), ("two", "Second sum")):
            answer = self.ask("income by status", model)
            self.assertEqual(answer["status"], "clarify", answer)
            self.assertEqual(len(answer["choices"]), 2, answer)
            self.assertIn(first.lower(), answer["choices"][0]["words"].lower(), (model, answer["choices"]))

    def test_what_is_suggested_can_answer_for_the_time(self):
        for year, likely, other in ((2025, "new proceeds", "old proceeds"), (1999, "old proceeds", "new proceeds")):
            suggested = [text.lower() for text in self.ask(f"money taken in {year}", "one")["suggestions"]]
            self.assertTrue(suggested)
            at = {name: next((i for i, text in enumerate(suggested) if name in text), 9) for name in (likely, other)}
            self.assertLess(at[likely], at[other], (year, suggested))

    def test_tables_are_found_by_meaning_and_by_word(self):
        self.assertEqual(self.found(query="reimbursed customers")[0], "archive")
        self.assertEqual(self.found(query="arch"), ["archive"])
        self.assertEqual(self.found(query="xylophone"), [])
        self.assertEqual(self.found(), ["archive", "orders", "recent"])

    def test_conditions_pick_before_anything_is_ranked(self):
        self.assertEqual(self.found(tags=["certified"]), ["archive"])
        self.assertEqual(self.found(tags=["unit = EUR"]), ["recent"])
        self.assertEqual(self.found(columns=["AMOUNT"]), ["archive", "recent"])
        self.assertEqual(self.found(schema="elsewhere"), [])
        # Of orders nothing is known, so nothing excludes it.
        self.assertEqual(self.found(rows_min=3), ["orders"])
        self.assertEqual(self.found(**{"from": "1999-06-01", "until": "2000-01-01"}), ["archive"])
        self.assertEqual(self.found(**{"from": "2025-01-01"}), ["recent"])
        self.assertEqual(self.found(query="customers", **{"from": "2025-01-01"}), [])

    def test_conditions_that_are_none_are_told(self):
        for arguments, word in (({"tags": "certified"}, "tags"), ({"columns": [1]}, "columns"), ({"rows_min": -1}, "rows_min"),
                                ({"from": "yesterday"}, "from"), ({"from": "2025-01-01", "until": "2024-01-01"}, "before")):
            result, error = self.client.call("search_catalog", arguments)
            self.assertEqual((result, error["code"]), (None, "InvalidArgument"), arguments)
            self.assertIn(word, error["message"])


if __name__ == "__main__":
    unittest.main()
