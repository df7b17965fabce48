"""The HTTP door as a client meets it: the OpenAPI document is valid and complete, formats agree, bad input is refused."""
import http.client
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
# Gives some hundred thousand rows at once and would go on for hours. (The engine itself holds back about 1 MB.)
STREAMED = "SELECT i FROM range(1000000000000) r(i) WHERE i < 400000 OR i % 1000000000 = 0"


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

    def test_the_sessions_schema_must_be_there(self):
        self.server.sql("CREATE SCHEMA IF NOT EXISTS there")
        for schema, expected in [("there", None), ("THERE", None), ("main", None), ("", None), ("nope", "3F000")]:
            status, _, body = self.post({"statement": "SELECT 1 AS one", "schema": schema})
            self.assertEqual((status, json.loads(body).get("sqlstate")), (404 if expected else 200, expected), schema)

    def test_numbers_keep_all_their_digits(self):
        def ask(statement, parameters):
            # As text: Python's own numbers would not keep the digits either.
            return self.post(f'{{"statement": "{statement}", "parameters": [{parameters}]}}'.encode())
        for number, kind in [("12345678901234567890123456789012345678", "DECIMAL(38,0)"),
                             ("-99999999999999999999", "DECIMAL(38,0)"), ("18446744073709551615", "UBIGINT"),
                             ("9007199254740993", "BIGINT"), ("0.10000000000000000000001", "DECIMAL(24,23)"),
                             ("-12.50", "DECIMAL(4,2)"), ("1.5", "DOUBLE"), ("0.30000000000000004", "DOUBLE"),
                             ("1.5e3", "DOUBLE"), ("0." + "1" * 39, "DOUBLE")]:
            status, _, body = ask("SELECT $1::VARCHAR AS n, typeof($1) AS t", number)
            self.assertEqual(status, 200, body)
            text, found = json.loads(body)["rows"][0]
            self.assertEqual(found, kind, number)
            if kind != "DOUBLE":
                self.assertEqual(text, number)
        self.server.sql("CREATE TABLE digits (n DECIMAL(38,0))")
        self.assertEqual(ask("INSERT INTO digits VALUES ($1)", "9" * 38)[0], 200)
        self.assertEqual(self.server.sql("SELECT n FROM digits")["rows"], [["9" * 38]])
        for number in ("1e400", "-1e400", "9" * 39, "9" * 400, '{"value": 1e400, "type": "DOUBLE"}'):
            status, _, body = ask("SELECT $1", number)
            self.assertEqual((status, json.loads(body)["sqlstate"]), (400, "22023"), (number, body))

    def test_parameters_the_statement_does_not_have_are_refused(self):
        for statement, parameters, refused in [
                ("SELECT 1", [1], True), ("SELECT ?::INTEGER", [1, 2], True), ("SELECT ?::INTEGER", [1], False),
                ("SELECT $a::INTEGER", {"a": 1, "b": 2}, True), ("SELECT $a::INTEGER", {"a": 1}, False),
                ("EXPLAIN SELECT $1::INTEGER", [1, 2], True), ("EXPLAIN SELECT $1::INTEGER", [1], False),
                ("DELETE FROM t WHERE id = 77", [77], True), ("DELETE FROM t WHERE id = $1", [77], False)]:
            status, _, body = self.post({"statement": statement, "parameters": parameters})
            self.assertEqual((status, json.loads(body).get("sqlstate")), (400, "22023") if refused else (200, None),
                             (statement, parameters))

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

    def test_metrics_are_for_monitors_and_administrators(self):
        metrics = lambda token: self.server.request("GET", "/metrics", None, token)[0]  # noqa: E731
        self.assertEqual(metrics(None), 401)
        self.assertEqual(metrics(self.server.token_of("engineer")), 403)
        self.assertEqual(metrics(self.server.token_of("monitor")), 200)
        monitor = self.server.token_of("monitor")
        self.assertEqual(self.post({"statement": "SELECT * FROM t"}, token=monitor)[0], 403)
        with Server(BINARY, settings={"http.metrics_without_token": "true"}) as open_server:
            self.assertEqual(open_server.request("GET", "/metrics")[0], 200)
            self.assertEqual(open_server.request("GET", "/v1/history")[0], 401)

    def test_an_asynchronous_statement_has_one_id_everywhere(self):
        _, _, body = self.server.request("POST", "/v1/statements", {"statement": "SELECT 4711 AS n"}, self.server.admin_token)
        statement = json.loads(body)["id"]
        while True:
            _, _, body = self.server.request("GET", f"/v1/statements/{statement}", None, self.server.admin_token)
            if json.loads(body)["state"] not in ("queued", "running"):
                break
        _, _, body = self.post({"statement": "SELECT id FROM system.queries WHERE text = 'SELECT 4711 AS n'"})
        self.assertEqual(json.loads(body)["rows"], [[statement]])

    def test_rows_of_a_slow_statement_come_before_it_ends(self):
        host, port = self.server.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=120)
        connection.request("POST", "/v1/sql", json.dumps({"statement": STREAMED}),
                           {"Authorization": f"Bearer {self.server.admin_token}", "Content-Type": "application/json",
                            "Accept": "application/x-ndjson"})
        response = connection.getresponse()
        self.assertEqual(json.loads(response.readline()), {"i": 0})
        _, _, body = self.server.request("GET", "/v1/statements", None, self.server.admin_token)
        self.assertIn("running", [s["state"] for s in json.loads(body)["statements"]])
        connection.close()

    def test_show_create_table_makes_an_equal_table(self):
        tables = [
            "CREATE TABLE c (a TINYINT, b SMALLINT, c INTEGER NOT NULL, d BIGINT, e FLOAT, f DOUBLE, g DECIMAL(38, 10))",
            "CREATE TABLE c (a VARCHAR NOT NULL, b BOOLEAN, c DATE, d TIMESTAMP, e TIMESTAMP WITH TIME ZONE, f BLOB)",
            "CREATE TABLE c (a STRUCT(\"x y\" INTEGER, z VARCHAR[]), b MAP(VARCHAR, STRUCT(q BIGINT)), c DECIMAL(5, 2)[][])",
            "CREATE TABLE c (id BIGINT, day DATE, region VARCHAR) PARTITIONED BY (day, region) COMMENT 'it''s a \"test\"'",
            "CREATE TABLE c (\"select\" BIGINT, \"Grün\" VARCHAR) TBLPROPERTIES ('delta.appendOnly' = 'true', 'owner' = 'o''x')",
            "CREATE TABLE c (id BIGINT) TBLPROPERTIES ('compatibility' = 'widest')",
            "CREATE TABLE c (id BIGINT) TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')",
        ]

        def look():
            detail = self.server.sql("DESCRIBE DETAIL c")
            names = [column["name"] for column in detail["columns"]]
            same = ("name", "description", "partitionColumns", "properties", "minReaderVersion", "minWriterVersion", "tableFeatures")
            return (self.server.sql("DESCRIBE c")["rows"], [detail["rows"][0][names.index(name)] for name in same],
                    self.server.sql("SHOW CREATE TABLE c")["rows"])

        for table in tables:
            with self.subTest(table):
                self.server.sql(table)
                first = look()
                self.server.sql("DROP TABLE c")
                self.server.sql(first[2][0][0])
                self.assertEqual(look(), first)
                self.server.sql("DROP TABLE c")
        for nothing in ("nowhere", "system.queries"):
            with self.assertRaises(StatementError) as refused:
                self.server.sql(f"SHOW CREATE TABLE {nothing}")
            self.assertEqual(refused.exception.status, 404)

    def test_show_create_table_of_an_external_table_names_its_place(self):
        with tempfile.TemporaryDirectory(prefix="neurolake-ext-") as folder:
            self.server.sql("CREATE TABLE inner_one AS SELECT 7 AS id")
            place = self.server.sql("DESCRIBE DETAIL inner_one")
            location = dict(zip([c["name"] for c in place["columns"]], place["rows"][0]))["location"]
            shutil.copytree(location, folder + "/t")
            self.server.sql(f"CREATE EXTERNAL LOCATION outside URL '{folder}' WITH (REGISTER = TRUE)")
            self.server.sql(f"CREATE TABLE outer_one LOCATION '{folder}/t'")
            text = self.server.sql("SHOW CREATE TABLE outer_one")["rows"][0][0]
            self.assertIn("LOCATION", text)
            self.server.sql("DROP TABLE outer_one")
            self.server.sql(text)
            self.assertEqual(self.server.sql("SELECT id FROM outer_one")["rows"], [[7]])
            self.server.sql("DROP TABLE outer_one")

    def test_uploads_have_a_quota_and_an_age(self):
        settings = {"uploads.bytes_max": "1KiB", "uploads.keep": "1h"}
        with Server(BINARY, settings=settings) as server:
            put = lambda name, size: server.request("PUT", f"/v1/uploads/{name}", b"x" * size, server.admin_token)  # noqa: E731
            self.assertEqual(put("a", 600)[0], 201)
            status, _, body = put("b", 600)
            self.assertEqual((status, json.loads(body)["code"]), (413, "PayloadTooLarge"))
            self.assertIn("uploads.bytes_max", json.loads(body)["detail"])
            other = server.token_of("engineer")
            self.assertEqual(server.request("PUT", "/v1/uploads/b", b"x" * 600, other)[0], 201)
            file, = pathlib.Path(server.lake, "staging").glob("*/a")
            os.utime(file, (0, 0))
            self.assertEqual(put("b", 600)[0], 201)
            self.assertFalse(file.exists())


if __name__ == "__main__":
    unittest.main()
