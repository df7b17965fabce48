"""Questions and metrics through MCP: the official client over HTTP and a pipe, what is not for everybody, and what is no query."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

import mcp_client
from mcp_client import VERSION, Refused
from server import Server
from shop import MODEL, SETUP
from test_mcp import TOOLS, official

BINARY = os.environ["TESTED_BINARY"]
AS_OF = "2025-04-02"
LAST_MONTH = {"from": "2025-03-01", "to": "2025-04-01"}


class AskMcp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        pathlib.Path(cls.folder.name, "shop.yaml").write_text(MODEL)
        cls.server = Server(BINARY, settings={"ask.models": cls.folder.name, "mcp.rows_max": "2"}).start()
        for statement in SETUP:
            cls.server.sql(statement)
        cls.admin = mcp_client.Http(cls.server, "admin")
        cls.reader = mcp_client.Http(cls.server, "reader")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.lake, ignore_errors=True)
        cls.folder.cleanup()

    def answer(self, client, tool, **arguments):
        result, error = client.call(tool, arguments)
        self.assertIsNone(error, error)
        return result

    def refused(self, client, tool, **arguments):
        result, error = client.call(tool, arguments)
        self.assertIsNone(result)
        return error

    # ---- the official client ----

    QUESTIONS = [["list_tools"], ["call_tool", "ask", {"question": "revenue by status last month", "as_of": AS_OF}],
                 ["call_tool", "list_metrics", {}],
                 ["call_tool", "query_metrics", {"metrics": ["revenue"], "dimensions": ["orders.status"], "time": LAST_MONTH}],
                 ["call_tool", "ask", {"question": "payroll"}],
                 ["call_tool", "query_metrics", {"metrics": ["payroll"]}],
                 ["list_resources"], ["read_resource", "model://shop"], ["read_resource", "model://other"], ["list_resource_templates"]]

    def check_official(self, answers, protocol):
        hello, tools, asked, metrics, queried, hidden, unknown, resources, model, missing, templates = answers
        self.assertEqual(hello["protocol"], protocol)
        self.assertEqual([tool["name"] for tool in tools["tools"]], TOOLS)
        self.assertTrue(all(tool["annotations"]["readOnlyHint"] for tool in tools["tools"]))
        for tool in tools["tools"]:
            self.assertFalse(tool["inputSchema"].get("additionalProperties", True), tool["name"])
        self.assertEqual(asked["structuredContent"]["status"], "answered", asked)
        self.assertEqual(sorted(row[0] for row in asked["structuredContent"]["rows"]), ["done", "open"])
        self.assertFalse(asked["structuredContent"]["truncated"])
        shop, = metrics["structuredContent"]["models"]
        self.assertIn("revenue", [one["name"] for one in shop["metrics"]])
        self.assertNotIn("payroll", json.dumps(shop))
        self.assertEqual(sorted(map(str, queried["structuredContent"]["rows"])), sorted(map(str, asked["structuredContent"]["rows"])))
        self.assertEqual(hidden["structuredContent"]["status"], "abstained")
        self.assertTrue(unknown["isError"])
        self.assertIn("model://shop", [one["uri"] for one in resources["resources"]])
        self.assertIn("lake://shop/orders", [one["uri"] for one in resources["resources"]])
        self.assertEqual(json.loads(model["contents"][0]["text"]), shop)
        self.assertEqual(missing["refused"], -32602)
        self.assertIn("model://{name}", [one["uriTemplate"] for one in templates["resourceTemplates"]])

    def test_official_client_over_http(self):
        for mode, protocol in (("auto", VERSION), ("legacy", "2025-11-25")):
            with self.subTest(mode=mode):
                self.check_official(official({"url": self.server.url + "/mcp", "token": self.server.token_of("reader"), "mode": mode,
                                              "ask": self.QUESTIONS}), protocol)

    def test_official_client_over_a_pipe_to_a_server(self):
        with tempfile.NamedTemporaryFile("w") as token:
            token.write(self.server.token_of("reader"))
            token.flush()
            self.check_official(official({"command": BINARY, "args": ["--server", self.server.url, "--token-file", token.name, "mcp"],
                                          "mode": "auto", "ask": self.QUESTIONS}), VERSION)

    # ---- asking ----

    def test_a_cut_is_said(self):
        whole = self.answer(self.admin, "ask", question="number of customers by country")
        self.assertEqual((len(whole["rows"]), whole["truncated"]), (2, True))
        self.assertNotIn("chart", whole)
        some = self.answer(self.reader, "ask", question="number of customers by country")
        self.assertEqual((len(some["rows"]), some["truncated"]), (2, False))

    def test_a_conversation_goes_on_and_is_nobody_elses(self):
        first = self.answer(self.admin, "ask", question="revenue by status last month", as_of=AS_OF, conversation="new")
        second = self.answer(self.admin, "ask", question="only done", as_of=AS_OF, conversation=first["conversation"])
        self.assertEqual([[row[0], float(row[1])] for row in second["rows"]], [["done", 1107.0]])
        mine, none = (self.refused(self.reader, "ask", question="only done", conversation=one)
                      for one in (first["conversation"], "00000000-0000-4000-8000-000000000000"))
        self.assertEqual(mine, none)

    def test_a_choice_is_taken_by_its_intent(self):
        first = self.answer(self.admin, "ask", question="number of orders by status")
        again = self.answer(self.admin, "ask", intent=first["intent"])
        self.assertEqual(again["rows"], first["rows"])

    def test_the_hidden_is_like_the_unknown(self):
        hidden, unknown = (self.answer(self.reader, "ask", question=f"number of customers in {place}") for place in ("Atlantis", "Oceania"))
        self.assertEqual(hidden["reason"].replace("Atlantis", "Oceania"), unknown["reason"])
        hidden, unknown = (self.refused(self.reader, "query_metrics", metrics=[name]) for name in ("payroll", "paybull"))
        self.assertEqual(hidden["message"].replace("payroll", "paybull"), unknown["message"])
        self.assertEqual([[int(row[0])] for row in self.answer(self.admin, "query_metrics", metrics=["payroll"])["rows"]], [[4242]])
        rows = self.answer(self.reader, "query_metrics", metrics=["customers_count"], filters=[{"dimension": "country", "values": ["Atlantis"]}])["rows"]
        self.assertEqual(rows, [[0]])

    def test_nothing_is_listed_that_one_may_not_know(self):
        mine, theirs = (json.dumps(self.answer(client, "list_metrics")) for client in (self.admin, self.reader))
        for word in ("payroll", "salaries", "employee"):
            self.assertIn(word, mine)
            self.assertNotIn(word, theirs)

    def test_nothing_but_reading(self):
        others = "SELECT count(*) FROM system.audit WHERE door = 'mcp' AND kind NOT IN ('SELECT', 'EXPLAIN')"
        before = self.server.sql(others)["rows"]
        self.answer(self.admin, "ask", question="revenue")
        for question in ("drop table orders", "delete all customers", "'; DROP TABLE shop.orders; --", "insert a customer"):
            answer = self.answer(self.admin, "ask", question=question)
            self.assertEqual(answer["status"], "abstained", answer)
        self.answer(self.admin, "query_metrics", metrics=["revenue"], filters=[{"dimension": "orders.status", "values": ["x'; DROP TABLE shop.orders; --"]}])
        self.assertEqual(int(self.server.sql("SELECT count(*) FROM shop.orders")["rows"][0][0]), 5)
        self.assertEqual(self.server.sql(others)["rows"], before)

    def test_bad_queries_say_what_would_be_right(self):
        for arguments, words in (({"metrics": ["revenu"]}, "revenue"), ({"metrics": ["revenue"], "dimensions": ["contry"]}, "country"),
                                 ({"metrics": []}, "at least one"), ({"metrics": ["revenue"], "colour": 1}, "colour"),
                                 ({"metrics": ["revenue"], "time": {"grain": "fortnight"}}, "week"),
                                 ({"metrics": ["revenue"], "model": "other"}, "other")):
            self.assertIn(words, self.refused(self.admin, "query_metrics", **arguments)["message"], arguments)
        for arguments, words in (({}, "question"), ({"question": "x" * 2001}, "2000"), ({"question": "x", "colour": 1}, "known"),
                                 ({"question": "x", "as_of": "tomorrow"}, "as_of"), ({"intent": {"nonsense": 1}}, "unknown member")):
            self.assertIn(words, self.refused(self.admin, "ask", **arguments)["message"], arguments)

    def test_ranks_comparisons_and_grains(self):
        top = self.answer(self.admin, "query_metrics", metrics=["revenue"], dimensions=["customers.customer"], rank={"n": 1})
        self.assertEqual([[row[0], float(row[1])] for row in top["rows"]], [["Cleo", 1000.0]])
        months = self.answer(self.admin, "query_metrics", metrics=["revenue"], time={"grain": "month", "from": "2025-02-01", "to": "2025-04-01"})
        self.assertEqual([float(row[1]) for row in months["rows"]], [30.0, 1157.0])
        against = self.answer(self.admin, "query_metrics", metrics=["revenue"], time={**LAST_MONTH, "compare": "previous_month"})
        self.assertEqual([float(value) for value in against["rows"][0][:2]], [1157.0, 30.0])

    def test_who_may_not_read_has_no_such_tool(self):
        status, _, body = self.server.request("POST", "/v1/tokens", {"principal": "auditor", "role": "auditor", "name": "t", "scopes": ["audit"]},
                                              self.server.admin_token)
        self.assertIn(status, (200, 201), body)
        auditor = mcp_client.Http(self.server, "auditor", json.loads(body)["token"])
        self.assertFalse({"ask", "query_metrics"} & {tool["name"] for tool in auditor.ask("tools/list")["tools"]})
        with self.assertRaises(Refused):
            auditor.call("ask", {"question": "revenue"})
        monitor = mcp_client.Http(self.server, "watcher", self.server.token_of("watcher", "monitor"))
        for uri in ("model://shop", "model://absent", "lake://shop/orders"):
            with self.assertRaises(Refused) as refused:
                monitor.ask("resources/read", {"uri": uri})
            self.assertEqual((refused.exception.code, refused.exception.message), (-32602, "there is no such resource"), uri)

    # ---- SHOW through run_sql ----

    def test_statements_that_show_are_reading(self):
        self.answer(self.admin, "run_sql", sql="SHOW POLICIES ON shop.customers")
        self.answer(self.admin, "run_sql", sql="SHOW GRANTS")
        for sql in ("GRANT SELECT ON TABLE shop.orders TO ROLE reader", "DROP ROW POLICY no_atlantis ON shop.customers", "CREATE GROUP g"):
            self.assertEqual(self.refused(self.admin, "run_sql", sql=sql)["sqlstate"], "25006", sql)
        self.assertEqual(self.refused(self.reader, "run_sql", sql="SHOW GRANTS")["sqlstate"], "42501")
        # Of what is shown, what was listed as no more than a look: the server does not believe its worker.
        self.assertEqual(self.refused(self.admin, "run_sql", sql="SHOW USERS")["sqlstate"], "25006")


class NoModels(unittest.TestCase):
    def test_without_models_there_is_nothing_to_ask(self):
        with Server(BINARY) as server:
            client = mcp_client.Http(server, "admin")
            self.assertEqual(client.call("list_metrics", {})[0], {"models": []})
            for tool, arguments in (("ask", {"question": "revenue"}), ("query_metrics", {"metrics": ["revenue"]})):
                self.assertIn("no semantic model", client.call(tool, arguments)[1]["message"])
        shutil.rmtree(server.lake, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
