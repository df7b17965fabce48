"""Semantic models of the catalogue through the doors: who may ask over which, what changes with the next question, and the
command line."""
import json
import pathlib
import tempfile
import unittest

from server import Server, StatementError
from shop import BINARY, MODEL, SETUP, STAFF, Asks, create_model


class SemanticModels(Asks, unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY).start()
        self.addCleanup(self.server.__exit__)
        for statement in SETUP:
            self.server.sql(statement)
        for user in ("reader", "writer", "engineer"):
            self.server.sql("SELECT 1", user)

    def test_a_model_is_for_those_it_was_granted_to(self):
        missing = self.ask("revenue", status=404, model="shop")["detail"]
        self.server.sql(create_model("shop", MODEL))
        self.assertEqual([float(row[0]) for row in self.rows("revenue", model="shop")], [1187])
        self.assertEqual(self.ask("revenue", user="reader", status=404, model="shop")["detail"], missing)
        self.assertIn("no semantic model", self.ask("revenue", user="reader", status=404)["detail"])
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual(self.rows("number of orders", user="reader"), [[5]])
        self.server.sql("DENY USAGE ON SEMANTIC MODEL shop TO USER reader")
        self.assertEqual(self.ask("number of orders", user="reader", status=404, model="shop")["detail"], missing)

    def test_one_lists_what_one_may_ask_over(self):
        self.assertEqual(self.call("GET", "/v1/semantic-models"), {"models": []})
        self.server.sql(create_model("shop", MODEL, "ON SCHEMA shop COMMENT 'What sales counts'"))
        self.server.sql(create_model("staff", STAFF))
        self.assertEqual([(one["name"], one["schema"], one["description"]) for one in self.call("GET", "/v1/semantic-models")["models"]],
                         [("shop", "shop", "What sales counts"), ("staff", "shop", "")])
        self.assertEqual(self.call("GET", "/v1/semantic-models", user="reader"), {"models": []})
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual([one["name"] for one in self.call("GET", "/v1/semantic-models", user="reader")["models"]], ["shop"])

    def test_to_use_a_model_shows_no_table(self):
        self.server.sql(create_model("shop", MODEL))
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
        self.server.sql(create_model("shop", MODEL))
        status, _, made = self.server.request("POST", "/v1/tokens", {"principal": "reader", "role": "reader", "name": "asker",
                                                                     "scopes": ["ask"]}, self.server.admin_token)
        self.assertEqual(status, 201, made)
        self.server.tokens["asker"] = json.loads(made)["token"]
        self.assertIn("no semantic model", self.ask("number of orders", user="asker", status=404)["detail"])
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual(self.rows("number of orders", user="asker"), [[5]])
        with self.assertRaises(StatementError):
            self.server.sql("DESCRIBE SEMANTIC MODEL shop", "asker")

    def test_a_version_holds_from_the_next_question_on(self):
        self.server.sql(create_model("shop", MODEL))
        self.assertEqual(float(self.rows("revenue last month")[0][0]), 1157)
        self.server.sql(create_model("shop", MODEL.replace("expr: amount", "expr: amount * 2")))
        self.assertEqual(float(self.rows("revenue last month")[0][0]), 2314)
        self.server.sql("RESTORE SEMANTIC MODEL shop TO VERSION 1")
        self.assertEqual(float(self.rows("revenue last month")[0][0]), 1157)

    def test_tables_are_followed_and_a_lost_one_is_said(self):
        self.server.sql(create_model("shop", MODEL))
        self.server.sql("ALTER TABLE shop.orders RENAME TO sales")
        answer = self.ask("revenue last month")
        self.assertEqual([one["table"] for one in answer["freshness"]], ["shop.sales"])
        self.server.sql("DROP TABLE shop.sales")
        refused = self.ask("revenue last month", status=409)
        self.assertIn("stale", refused["detail"])
        self.assertNotIn("sales", refused["detail"])
        # Another table of that name is not what the model's author meant.
        self.server.sql("CREATE TABLE shop.sales (id BIGINT, customer_id BIGINT, ordered_on DATE, status STRING, amount BIGINT)")
        self.ask("revenue last month", status=409)
        self.server.sql(create_model("shop", MODEL.replace("shop.orders", "shop.sales")))
        self.assertEqual(self.ask("number of orders")["status"], "answered")

    def test_without_a_name_the_only_one_is_meant(self):
        self.server.sql(create_model("shop", MODEL))
        self.server.sql(create_model("staff", STAFF, "ON SCHEMA gold"))
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO ROLE reader")
        self.assertEqual(self.rows("number of orders", user="reader"), [[5]])
        self.assertIn("shop, staff", self.ask("number of orders", status=404)["detail"])
        self.assertEqual(self.rows("number of orders", schema="SHOP"), [[5]])
        self.assertIn("shop, staff", self.ask("number of orders", status=404, schema="bronze")["detail"])

    def test_it_outlives_the_server(self):
        self.server.sql(create_model("shop", MODEL))
        self.server.stop()
        self.server.start()
        self.assertEqual(self.rows("number of orders"), [[5]])

    def test_what_was_done_is_in_the_audit_log(self):
        self.server.sql(create_model("shop", MODEL))
        self.server.sql("GRANT USAGE ON SEMANTIC MODEL shop TO USER reader")
        with self.assertRaises(StatementError):
            self.server.sql("DROP SEMANTIC MODEL shop", "writer")
        rows = self.server.sql("SELECT principal, action, details FROM system.audit WHERE action LIKE '%semantic_model' "
                               "ORDER BY record")["rows"]
        self.assertEqual([row[:2] for row in rows], [["admin", "create_semantic_model"], ["admin", "grant_semantic_model"],
                                                     ["writer", "drop_semantic_model"]])
        self.assertIn("definition_sha256", rows[0][2])
        self.assertNotIn("One row per order", json.dumps(rows))

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


    def test_the_command_line_asks_with_a_file_and_with_a_draft(self):
        self.server.sql(create_model("staff", STAFF))
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "mine.yaml")
            file.write_text(MODEL + """verified_questions:
  - question: how is the shop doing
    intent: '{"metrics": [{"metric": "revenue"}], "dimensions": [{"field": {"entity": "orders", "name": "status"}}]}'
""")
            run = self.run_cli("--format", "json", "ask", "--model", str(file), "revenue by status")
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            self.assertEqual(sorted(row[0] for row in json.loads(run.stdout)["rows"]), ["done", "open"])
            verified = json.loads(self.run_cli("--format", "json", "ask", "--model", str(file), "How is the shop doing?").stdout)
            self.assertEqual(verified["status"], "answered", verified)
            # A model from a file gives no right.
            run = self.run_cli("--format", "json", "ask", "--model", str(file), "payroll", user="reader")
            self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
            self.assertNotIn("4242", run.stdout)
            run = self.run_cli("ask", "--model", str(file), given="number of orders by status\nonly done\n")
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            run = self.run_cli("ask", "--model", str(file), "--continue", "new", "number of orders")
            self.assertIn("no conversation is kept", run.stderr)
            run = self.run_cli("ask", "--model", str(file), "--infer", "number of orders")
            self.assertIn("--infer", run.stderr)
        run = self.run_cli("--format", "json", "ask", "--infer", "--schema", "shop", "number of orders by status")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(sorted((row[0], row[1]) for row in json.loads(run.stdout)["rows"]), [("done", 4), ("open", 1)])
        run = self.run_cli("--format", "json", "ask", "--schema", "shop", "payroll")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


class BesideFiles(unittest.TestCase):
    def test_the_catalogue_goes_first_and_files_still_serve(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "shop.yaml").write_text(MODEL)
            with Server(BINARY, settings={"ask.models": folder}) as server:
                for statement in SETUP:
                    server.sql(statement)
                asked = {"question": "revenue last month", "as_of": "2025-04-02", "model": "shop"}
                revenue = lambda: float(json.loads(server.request("POST", "/v1/ask", asked, server.admin_token)[2])["rows"][0][0])  # noqa: E731
                self.assertEqual(revenue(), 1157)
                server.sql(create_model("shop", MODEL.replace("expr: amount", "expr: amount * 2")))
                self.assertEqual(revenue(), 2314)
                server.sql("DROP SEMANTIC MODEL shop")
                self.assertEqual(revenue(), 1157)
                # One that comes and goes while the server runs.
                pathlib.Path(folder, "staff.yaml").write_text(STAFF)
                asked = {"question": "payroll", "model": "staff"}
                self.assertEqual(server.request("POST", "/v1/ask", asked, server.admin_token)[0], 200)
                pathlib.Path(folder, "staff.yaml").unlink()
                self.assertEqual(server.request("POST", "/v1/ask", asked, server.admin_token)[0], 404)


if __name__ == "__main__":
    unittest.main()
