"""The HTTP door as a client meets it: the OpenAPI document is valid and complete, formats agree, bad input is refused."""
import json
import os
import unittest

from server import Server

BINARY = os.environ["TESTED_BINARY"]


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.server.sql("CREATE TABLE t AS SELECT i AS id, 'v' || i AS v FROM range(3) r(i)")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def post(self, body, accept="application/json", token=None, content="application/json"):
        return self.server.request("POST", "/v1/sql", body, token or self.server.admin_token,
                                   {"Accept": accept, "Content-Type": content})

    def test_formats_agree(self):
        statement = {"statement": "SELECT * FROM t ORDER BY id"}
        _, _, body = self.post(statement)
        self.assertEqual(json.loads(body)["rows"], [[0, "v0"], [1, "v1"], [2, "v2"]])
        _, _, body = self.post(statement, "application/x-ndjson")
        self.assertEqual([json.loads(line) for line in body.splitlines()],
                         [{"id": 0, "v": "v0"}, {"id": 1, "v": "v1"}, {"id": 2, "v": "v2"}])
        _, _, body = self.post(statement, "text/csv")
        self.assertEqual(body.decode().split(), ["id,v", "0,v0", "1,v1", "2,v2"])
        _, headers, body = self.post(statement, "application/vnd.apache.arrow.stream")
        self.assertEqual(body[:4], b"\xff\xff\xff\xff")

    def test_parameters_are_values_not_text(self):
        _, _, body = self.post({"statement": "SELECT v FROM t WHERE id = $1 OR v = $2", "parameters": [1, "x' OR '1'='1"]})
        self.assertEqual(json.loads(body)["rows"], [["v1"]])
        _, _, body = self.post({"statement": "SELECT v FROM t WHERE id = $wanted", "parameters": {"wanted": 2}})
        self.assertEqual(json.loads(body)["rows"], [["v2"]])
        status, _, body = self.post({"statement": "SELECT v FROM t WHERE id = $1 AND v = $2", "parameters": [1]})
        self.assertEqual((status, json.loads(body)["code"]), (400, "InvalidArgument"))

    def test_an_explain_shows_files_kept_of_total(self):
        _, _, body = self.post({"statement": "EXPLAIN ANALYZE SELECT count(v) FROM t WHERE id > 100"})
        text = "\n".join(row[0] for row in json.loads(body)["rows"])
        self.assertIn("Predicted (analytic)", text)
        self.assertIn("files read      0 of 1", text)

    def test_without_or_with_a_wrong_token_nothing_is_said(self):
        for headers in ({}, {"Authorization": "Bearer nl_wrong"}, {"Authorization": "Basic YTpi"}):
            status, answered, body = self.server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, None, headers)
            self.assertEqual(status, 401)
            self.assertEqual(json.loads(body)["code"], "Unauthenticated")
        self.assertEqual(self.server.request("GET", "/health")[0], 200)

    def test_bad_input_gets_a_problem(self):
        cases = [
            (b"{", "application/json", 400), (b"[]", "application/json", 400), (b'{"statement": 1}', "application/json", 400),
            (b'{"statement": "SELECT 1", "surprise": 1}', "application/json", 400), (b"SELECT 1", "image/png", 415),
            (b'{"statement": "SELECT 1", "timeout": "soon"}', "application/json", 400),
            (b'{"statement": "' + b"x" * (20 << 20) + b'"}', "application/json", 413),
            (b'{"statement": "SELECT \xff"}', "application/json", 400), (b"[" * 100000, "application/json", 400),
        ]
        for body, content, expected in cases:
            try:
                status, headers, answer = self.post(body, content=content)
            except (ConnectionError, OSError):
                continue  # refused before the body was sent
            self.assertEqual(status, expected, (body[:40], answer[:200]))
            self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(self.post({"statement": "SELECT 1"})[0], 200)

    def test_an_asynchronous_statement_is_watched_paged_and_private(self):
        status, _, body = self.server.request("POST", "/v1/statements",
                                              {"statement": "SELECT * FROM range(2500) r(i)"}, self.server.admin_token)
        self.assertEqual(status, 202, body)
        statement = json.loads(body)["id"]
        for _ in range(500):
            _, _, body = self.server.request("GET", f"/v1/statements/{statement}", None, self.server.admin_token)
            if json.loads(body)["state"] not in ("queued", "running"):
                break
        self.assertEqual(json.loads(body)["state"], "succeeded")
        rows, page = 0, ""
        while True:
            _, _, body = self.server.request("GET", f"/v1/statements/{statement}/result?page_size=1000{page}", None,
                                             self.server.admin_token)
            answer = json.loads(body)
            rows += len(answer["rows"])
            if not answer.get("next_page_token"):
                break
            page = f"&page_token={answer['next_page_token']}"
        self.assertEqual(rows, 2500)
        reader = self.server.token_of("reader")
        self.assertEqual(self.server.request("GET", f"/v1/statements/{statement}", None, reader)[0], 404)

    def test_the_document_names_what_the_server_answers(self):
        document = json.loads(self.server.request("GET", "/v1/openapi.json")[2])
        self.assertTrue(document["openapi"].startswith("3.1"))
        for path, methods in document["paths"].items():
            if "{" not in path and "get" in methods:
                status, _, body = self.server.request("GET", path, None, self.server.admin_token)
                self.assertIn(str(status), methods["get"]["responses"], path)

    def test_metrics_count_statements(self):
        self.post({"statement": "SELECT 1"})
        self.assertIn(b"neurolake_statement_seconds_count", self.server.request("GET", "/metrics", None,
                                                                               self.server.admin_token)[2])


if __name__ == "__main__":
    unittest.main()
