"""Semantic models of the catalogue through the doors: who may ask over which, what changes with the next question, and the
command line."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]

MODEL = """semantic_model: shop
entities:
  - name: orders
    table: shop.orders
    description: One row per order.
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {name: ordered_on, type: time, label: order date}
      - {name: status}
    measures:
      - {name: revenue, expr: amount, unit: EUR, synonyms: [sales]}
      - {name: orders_count, aggregation: count, label: number of orders}
  - name: salaries
    table: shop.salaries
    description: One row per employee.
    primary_key: employee
    dimensions:
      - {name: employee}
    measures:
      - {name: payroll, expr: salary}
"""
OTHER = """semantic_model: staff
entities:
  - name: salaries
    table: shop.salaries
    description: One row per employee.
    primary_key: employee
    dimensions:
      - {name: employee}
    measures:
      - {name: payroll, expr: salary}
"""
SETUP = [
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.orders (id BIGINT, ordered_on DATE, status STRING, amount BIGINT)",
    "INSERT INTO shop.orders VALUES (1, DATE '2025-03-01', 'done', 100), (2, DATE '2025-03-20', 'open', 50), "
    "(3, DATE '2025-02-10', 'done', 30)",
    "CREATE TABLE shop.salaries (employee STRING, salary BIGINT)",
    "INSERT INTO shop.salaries VALUES ('Zoe', 4242)",
    "DENY SELECT ON TABLE shop.salaries TO ROLE reader",
]


def create(name, text, clause="ON SCHEMA shop"):
    return f"CREATE OR REPLACE SEMANTIC MODEL {name} {clause} AS $yaml${text}$yaml$"


class SemanticModels(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY).start()
        self.addCleanup(self.server.__exit__)
        for statement in SETUP:
            self.server.sql(statement)
        for user in ("reader", "writer", "engineer"):
            self.server.sql("SELECT 1", user)

    def ask(self, question, user="admin", status=200, **more):
        body = {"as_of": "2025-04-02", "question": question, **more}
        code, _, text = self.server.request("POST", "/v1/ask", body, self.server.token_of(user))
        self.assertEqual(code, status, text)
        return json.loads(text)

    def rows(self, *arguments, **more):
        answer = self.ask(*arguments, **more)
        self.assertEqual(answer["status"], "answered", answer)
        return answer["rows"]

    def test_a_model_is_for_those_it_was_granted_to(self):
        missing = self.ask("revenue", status=404, model="shop")["detail"]
        self.server.sql(create("shop", MODEL))
        self.assertEqual([float(row[0]) for row in self.rows("revenue", model="shop")], [180])
        self.assertEqual(self.ask("revenue", user="reader", status=404, model="shop")["detail"], missing)
        self.assertIn("no semantic model", self.ask("revenue", user="reader", status=404)["detail"])
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual(self.rows("number of orders", user="reader"), [[3]])
        self.server.sql("DENY USAGE ON SEMANTIC MODEL shop TO USER reader")
        self.assertEqual(self.ask("number of orders", user="reader", status=404, model="shop")["detail"], missing)

    def test_to_use_a_model_shows_no_table(self):
        self.server.sql(create("shop", MODEL))
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO PUBLIC")
        self.assertEqual([[int(row[0])] for row in self.rows("payroll")], [[4242]])
        intent = self.ask("payroll")["intent"]
        hidden = self.ask("payroll", user="reader")
        self.assertEqual(hidden["status"], "abstained", hidden)
        self.assertNotIn("payroll", json.dumps(self.ask("what can I ask", user="reader")).lower())
        _, _, text = self.server.request("POST", "/v1/ask", {"intent": intent}, self.server.token_of("reader"))
        self.assertNotIn("4242", text.decode())
        members = [row[1] for row in self.server.sql("DESCRIBE SEMANTIC MODEL shop", "reader")["rows"]]
        self.assertIn("orders.revenue", members)
        self.assertNotIn("salaries", " ".join(members))
        with self.assertRaises(StatementError):
            self.server.sql("SELECT * FROM shop.salaries", "reader")

    def test_a_token_for_asking_alone_asks_over_what_its_principal_may_use(self):
        self.server.sql(create("shop", MODEL))
        status, _, made = self.server.request("POST", "/v1/tokens", {"principal": "reader", "role": "reader", "name": "asker",
                                                                     "scopes": ["ask"]}, self.server.admin_token)
        self.assertEqual(status, 201, made)
        self.server.tokens["asker"] = json.loads(made)["token"]
        self.assertIn("no semantic model", self.ask("number of orders", user="asker", status=404)["detail"])
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual(self.rows("number of orders", user="asker"), [[3]])
        with self.assertRaises(StatementError):
            self.server.sql("DESCRIBE SEMANTIC MODEL shop", "asker")

    def test_a_version_holds_from_the_next_question_on(self):
        self.server.sql(create("shop", MODEL))
        self.assertEqual(float(self.rows("revenue last month")[0][0]), 150)
        self.server.sql(create("shop", MODEL.replace("expr: amount", "expr: amount * 2")))
        self.assertEqual(float(self.rows("revenue last month")[0][0]), 300)
        self.server.sql("RESTORE SEMANTIC MODEL shop TO VERSION 1")
        self.assertEqual(float(self.rows("revenue last month")[0][0]), 150)

    def test_tables_are_followed_and_a_lost_one_is_said(self):
        self.server.sql(create("shop", MODEL))
        self.server.sql("ALTER TABLE shop.orders RENAME TO sales")
        answer = self.ask("revenue last month")
        self.assertEqual([one["table"] for one in answer["freshness"]], ["shop.sales"])
        self.server.sql("DROP TABLE shop.sales")
        refused = self.ask("revenue last month", status=409)
        self.assertIn("stale", refused["detail"])
        self.assertNotIn("sales", refused["detail"])
        # Another table of that name is not what the model's author meant.
        self.server.sql("CREATE TABLE shop.sales (id BIGINT, ordered_on DATE, status STRING, amount BIGINT)")
        self.ask("revenue last month", status=409)
        self.server.sql(create("shop", MODEL.replace("shop.orders", "shop.sales")))
        self.assertEqual(self.ask("number of orders")["status"], "answered")

    def test_without_a_name_the_only_one_is_meant(self):
        self.server.sql(create("shop", MODEL))
        self.server.sql(create("staff", OTHER, "ON SCHEMA gold"))
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual(self.rows("number of orders", user="reader"), [[3]])
        self.assertIn("shop, staff", self.ask("number of orders", status=404)["detail"])
        self.assertEqual(self.rows("number of orders", schema="SHOP"), [[3]])
        self.assertIn("shop, staff", self.ask("number of orders", status=404, schema="bronze")["detail"])

    def test_it_outlives_the_server(self):
        self.server.sql(create("shop", MODEL))
        self.server.stop()
        self.server.start()
        self.assertEqual(self.rows("number of orders"), [[3]])

    def test_what_was_done_is_in_the_audit_log(self):
        self.server.sql(create("shop", MODEL))
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO USER reader")
        with self.assertRaises(StatementError):
            self.server.sql("DROP SEMANTIC MODEL shop", "writer")
        rows = self.server.sql("SELECT principal, action, details FROM system.audit WHERE action LIKE '%semantic_model' "
                               "ORDER BY record")["rows"]
        self.assertEqual([row[:2] for row in rows], [["admin", "create_semantic_model"], ["admin", "grant_semantic_model"],
                                                     ["writer", "drop_semantic_model"]])
        self.assertIn("definition_sha256", rows[0][2])
        self.assertNotIn("One row per order", json.dumps(rows))

    def run_cli(self, *arguments, given=None, user="admin"):
        return subprocess.run([BINARY, "--server", self.server.url, *arguments], capture_output=True, text=True, input=given,
                              env={**os.environ, "NEUROLAKE_TOKEN": self.server.token_of(user)})

    def test_the_command_line_applies_and_shows(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "shop.yaml")
            file.write_text("# kept\n" + MODEL)
            run = self.run_cli("semantic", "apply", str(file), "--schema", "shop", "--comment", "It's ours")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("unreachable-entity", run.stdout)
            run = self.run_cli("--format", "csv", "semantic", "list")
            self.assertIn("shop,shop,admin,1,valid,It's ours", run.stdout)
            run = self.run_cli("semantic", "show", "shop", "--yaml")
            self.assertEqual(run.stdout, "# kept\n" + MODEL)
            run = self.run_cli("--format", "csv", "semantic", "show", "shop")
            self.assertIn("measure,orders.revenue", run.stdout)
            run = self.run_cli("semantic", "show", "shop", user="reader")
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("does not exist or may not be used", run.stderr)
            file.write_text("semantic_model: shop\nentities: [{name: a, table: t, colour: red}]\n")
            run = self.run_cli("semantic", "apply", str(file))
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("shop.yaml", run.stderr)
            self.assertIn("line 2", run.stderr)


class BesideFiles(unittest.TestCase):
    def test_the_catalogue_goes_first_and_files_still_serve(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "shop.yaml").write_text(MODEL)
            with Server(BINARY, settings={"ask.models": folder}) as server:
                for statement in SETUP:
                    server.sql(statement)
                asked = {"question": "revenue last month", "as_of": "2025-04-02", "model": "shop"}
                revenue = lambda: float(json.loads(server.request("POST", "/v1/ask", asked, server.admin_token)[2])["rows"][0][0])  # noqa: E731
                self.assertEqual(revenue(), 150)
                server.sql(create("shop", MODEL.replace("expr: amount", "expr: amount * 2")))
                self.assertEqual(revenue(), 300)
                server.sql("DROP SEMANTIC MODEL shop")
                self.assertEqual(revenue(), 150)
                # One that comes and goes while the server runs.
                pathlib.Path(folder, "staff.yaml").write_text(OTHER)
                asked = {"question": "payroll", "model": "staff"}
                self.assertEqual(server.request("POST", "/v1/ask", asked, server.admin_token)[0], 200)
                pathlib.Path(folder, "staff.yaml").unlink()
                self.assertEqual(server.request("POST", "/v1/ask", asked, server.admin_token)[0], 404)


if __name__ == "__main__":
    unittest.main()
