"""What outlives a check, and who comes after: objects that others made, results that are kept, columns that come
later, agents, places next to a place. Attacks 22, 25, 27 to 30, 39, 40, 44, 49, 52, 57 and 67."""
import http.client
import json
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.parse
import uuid

import canaries
import doors
from server import Server, StatementError, named
from terminal import Terminal

BINARY = os.environ["TESTED_BINARY"]
PROMPT = r"neurolake> (?:\x1b\[[0-9;?]*[A-Za-z])*"
DENIED = ("PermissionDenied", "NotFound", "NotSupported", "SchemaNotFound")


class Objects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="neurolake-objects-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.server = Server(BINARY, lake=cls.folder + "/lake").start()
        cls.addClassCleanup(cls.server.stop)
        cls.cells, cls.doors = [], doors.every(cls.server)
        for user in ("reader", "writer", "engineer", "member"):
            cls.server.token_of(user)
        cls.ssn = cls.canary("ssn")
        for statement in (
                "CREATE SCHEMA vault", "CREATE TABLE vault.people (id BIGINT NOT NULL, ssn VARCHAR)",
                f"INSERT INTO vault.people VALUES (1, '{cls.ssn}'), (2, '{cls.canary('row')}')",
                "CREATE ROW POLICY one ON vault.people USING (id = 1)",
                "CREATE ROW POLICY everything ON vault.people TO ROLE admin USING (true)",
                "CREATE MASK POLICY ssn ON vault.people (ssn) EXCEPT ROLE admin USING REDACT"):
            cls.server.sql(statement)

    @classmethod
    def canary(cls, kind):
        """One that stays hidden from everybody but administrators until the end."""
        cls.cells.append(canaries.canary(kind))
        return cls.cells[-1]

    def quiet(self, answer, about=""):
        canaries.check(self, answer.raw, self.cells, about)

    def denied(self, statement, *users, codes=DENIED):
        for user in users:
            for door in self.doors:
                with self.subTest(statement=statement, user=user, door=door.name):
                    answer = door.run(user, statement)
                    self.assertTrue(answer.failed, answer.rows[:3])
                    self.assertIn(answer.code, [*codes, *door.also_denied], answer.message)
                    self.quiet(answer)

    def shown(self, statement, rows, user="reader"):
        for door in self.doors:
            with self.subTest(statement=statement, user=user, door=door.name):
                answer = door.run(user, statement)
                if answer.code not in door.also_denied:
                    self.assertFalse(answer.failed, answer.message)
                    self.assertEqual(answer.rows, rows)
                self.quiet(answer)

    def ask(self, method, path, token, body=None, headers=None):
        status, headers, body = self.server.request(method, path, body, token, headers)
        return status, f"{headers} {body.decode(errors='replace')}"

    def token(self, **wanted):
        status, _, body = self.server.request("POST", "/v1/tokens", {"name": "t", **wanted}, self.server.admin_token)
        self.assertEqual(status, 201, body)
        return json.loads(body)["token"]

    # ---- II ----

    def test_22_nothing_is_kept_of_what_a_session_saw(self):
        for statement in ("CREATE MATERIALIZED VIEW vault.seen AS SELECT ssn FROM vault.people",
                          "CREATE TEMP TABLE seen AS SELECT ssn FROM vault.people",
                          "CREATE OR REPLACE TEMPORARY VIEW seen AS SELECT ssn FROM vault.people",
                          "CREATE GLOBAL TEMPORARY VIEW seen AS SELECT ssn FROM vault.people",
                          "CACHE TABLE vault.people", "CACHE LAZY TABLE seen AS SELECT ssn FROM vault.people",
                          "PREPARE seen AS SELECT ssn FROM vault.people",
                          "DECLARE seen CURSOR FOR SELECT ssn FROM vault.people",
                          "REFRESH MATERIALIZED VIEW vault.seen"):
            self.denied(statement, "admin", "engineer", codes=(*DENIED, "SyntaxError"))
        for _ in range(2):
            self.server.sql("SELECT ssn FROM vault.people WHERE id = 1")
            self.shown("SELECT ssn FROM vault.people WHERE id = 1", [["[redacted]"]])

    def test_25_what_comes_later_is_covered(self):
        sql, cell = self.server.sql, self.canary("later")
        sql("CREATE TABLE vault.grows (id INTEGER, pay INTEGER, doc STRUCT(a VARCHAR)) TBLPROPERTIES "
            "('delta.columnMapping.mode' = 'name', 'delta.enableTypeWidening' = 'true')")
        sql(f"INSERT INTO vault.grows VALUES (1, 4711, {{'a': '{cell}'}})")
        sql("CREATE MASK POLICY pay ON vault.grows (pay) EXCEPT ROLE admin USING ROUND 3")
        sql("CREATE MASK POLICY mails ON COLUMN TAG later.mail IF ANY EXCEPT ROLE admin USING REDACT")
        # A column, tagged after it came, with values before and after.
        sql("ALTER TABLE vault.grows ADD COLUMN mail VARCHAR")
        sql(f"UPDATE vault.grows SET mail = '{cell}'")
        sql("ALTER TABLE vault.grows ALTER COLUMN mail SET TAGS ('later.mail')")
        sql(f"INSERT INTO vault.grows (id, mail) VALUES (2, '{cell}')")
        self.shown("SELECT id, mail FROM vault.grows ORDER BY id", [[1, "[redacted]"], [2, "[redacted]"]])
        # Another name, another type, a column of the name that it had.
        sql("ALTER TABLE vault.grows RENAME COLUMN mail TO free")
        sql("ALTER TABLE vault.grows ALTER COLUMN pay TYPE BIGINT")
        sql("ALTER TABLE vault.grows ADD COLUMN mail VARCHAR")
        self.shown("SELECT id, pay, free FROM vault.grows ORDER BY id",
                   [[1, 4000, "[redacted]"], [2, None, "[redacted]"]])
        self.shown("SELECT mail FROM vault.grows VERSION AS OF 3 WHERE id = 1", [["[redacted]"]])
        # A field of a struct that has a mask as a whole.
        sql("CREATE MASK POLICY doc ON vault.grows (doc) EXCEPT ROLE admin USING (NULL)")
        self.shown("SELECT doc FROM vault.grows ORDER BY id", [[None], [None]])
        try:
            sql("ALTER TABLE vault.grows ADD COLUMN doc.b VARCHAR")
            sql(f"UPDATE vault.grows SET doc = {{'a': 'x', 'b': '{cell}'}}")
        except StatementError as refused:  # A mask of another shape than the column would have keeps it as it is.
            self.assertIn(refused.sqlstate, ("2BP01", "0A000", "42804"))
        self.quiet(self.doors[0].run("reader", "SELECT * FROM vault.grows ORDER BY id"))
        self.quiet(self.doors[0].run("reader", "SELECT doc FROM vault.grows"))

    def test_27_what_one_made_others_do_not_change(self):
        server = self.server
        server.sql("CREATE VIEW vault.view AS SELECT id FROM vault.people")
        server.sql("CREATE EXPECTATION positive ON vault.people CHECK (id > 0) ON VIOLATION FAIL")
        for statement in ("CREATE OR REPLACE VIEW vault.view AS SELECT ssn FROM vault.people", "DROP VIEW vault.view"):
            self.denied(statement, "reader", "writer", "member")
        for statement in ("DROP EXPECTATION positive ON vault.people",
                          "ALTER TABLE vault.people ADD CONSTRAINT c CHECK (ssn <> 'a')",
                          "CREATE OR REPLACE ROW POLICY one ON vault.people USING (true)",
                          "DROP ROW POLICY one ON vault.people",
                          "CREATE OR REPLACE MASK POLICY ssn ON vault.people (ssn) USING (ssn)",
                          "ALTER TABLE vault.people SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
                          "COMMENT ON TABLE vault.people IS 'mine'", "CREATE PURPOSE mine",
                          "GRANT SELECT ON vault.people TO PUBLIC"):
            self.denied(statement, "reader", "writer", "engineer", "member")
        # Who may replace a view shows nobody more by it: it is read with the rights of who reads it.
        server.sql("CREATE OR REPLACE VIEW vault.view AS SELECT id, ssn FROM vault.people", "engineer")
        self.shown("SELECT * FROM vault.view", [[1, "[redacted]"]])
        self.shown("SELECT * FROM vault.view", [[1, "[redacted]"]], user="engineer")
        # An upload of the same name is another upload.
        for user, text in (("admin", self.ssn), ("writer", "plain")):
            server.request("PUT", "/v1/uploads/same.csv", f"ssn\n{text}\n".encode(), server.token_of(user))
        server.sql("CREATE TABLE main.loaded (ssn VARCHAR)", "engineer")
        server.sql("COPY INTO main.loaded FROM 'upload://same.csv' FILEFORMAT = CSV", "writer")
        self.shown("SELECT ssn FROM main.loaded", [["plain"]])
        # Nor does one make more of oneself.
        for method, path, body in (("PATCH", "/v1/users/reader", {"role": "admin"}),
                                   ("POST", "/v1/tokens", {"principal": "reader", "role": "admin"}),
                                   ("POST", "/v1/users", {"name": "mine", "role": "admin"}),
                                   ("PUT", "/v1/users/admin/password", {"password": "x" * 20}),
                                   ("POST", "/v1/identities",
                                    {"principal": "admin", "issuer": "http://127.0.0.1:1", "subject": "s"})):
            for user in ("reader", "engineer"):
                self.assertEqual(self.ask(method, path, server.token_of(user), body)[0], 403, path)

    def test_28_side_tables_and_samples_have_no_hidden_value(self):
        sql, server = self.server.sql, self.server
        sql(f"CREATE TABLE vault.checked AS SELECT 1 AS id, '{self.canary('mail')}@example.org' AS mail")
        sql("CREATE MASK POLICY mail ON vault.checked (mail) EXCEPT ROLE admin USING REDACT")
        for table in ("vault.checked", "vault.people"):
            with self.assertRaises(StatementError) as refused:
                sql(f"CREATE EXPECTATION aside ON {table} EXPECT id BETWEEN 0 AND 1 ON VIOLATION QUARANTINE")
            self.assertEqual(refused.exception.sqlstate, "2BP01")
        sql("CREATE EXPECTATION few ON vault.checked EXPECT mail MATCHES 'x' ON VIOLATION WARN")
        sql(f"INSERT INTO vault.checked VALUES (2, '{self.canary('mail')}')")
        # A profile with its histogram, a scan for personal data with its evidence.
        sql("ANALYZE TABLE vault.checked COMPUTE STATISTICS FOR ALL COLUMNS")
        sql("SCAN TABLE vault.checked FOR PII")
        self.assertNotEqual(sql("SELECT * FROM system.column_statistics WHERE table_name = 'checked'")["rows"], [])
        self.assertNotEqual(sql("SELECT * FROM system.pii_findings WHERE table_name = 'checked'")["rows"], [])
        for relation in ("table_statistics", "column_statistics", "pii_findings"):
            self.shown(f"SELECT * FROM system.{relation} WHERE table_name = 'checked'", [])
        counted = named(sql("SELECT * FROM system.expectation_results WHERE table_name = 'checked'", "reader"))
        self.assertEqual({(row["rows_checked"], row["violations"], row["metric"]) for row in counted},
                         {(None, None, None)})
        for user in ("reader", "engineer"):
            self.quiet(self.doors[0].run(user, "SCAN TABLE vault.checked FOR PII"))
        # Rows of a file that do not fit: the report counts them, and what is set aside is where nobody else reads it.
        server.request("PUT", "/v1/uploads/bad.csv", f"id,mail\nx,{self.canary('bad')}\n".encode(), server.admin_token)
        for options in ("'on_error' = 'abort'", "'on_error' = 'skip'"):
            answer = self.doors[0].run("admin",
                                       f"COPY INTO vault.checked FROM 'upload://bad.csv' FILEFORMAT = CSV COPY_OPTIONS "
                                       f"({options})")
            self.quiet(answer)

    def test_29_the_shell_completes_and_lists_what_one_may_know_of(self):
        hidden = "given_" + uuid.uuid4().hex
        for statement in ("CREATE SCHEMA shelf", "CREATE TABLE shelf.given_away AS SELECT 1 AS id",
                          f"CREATE TABLE shelf.{hidden} AS SELECT 1 AS id",
                          "GRANT SELECT ON TABLE shelf.given_away TO USER member"):
            self.server.sql(statement)
        for user, knows in (("member", False), ("reader", True)):
            home = self.doors[2].home
            with Terminal([BINARY, "--server", self.server.url, "sql"],
                          {"NEUROLAKE_TOKEN": self.server.token_of(user), "HOME": home,
                           "XDG_STATE_HOME": home}) as terminal:
                terminal.expect_prompt(PROMPT)
                if not knows:  # One candidate is completed, of two neither would be.
                    terminal.send("SELECT count(*) AS n FROM shelf.given_\t;\n")
                    self.assertNotIn(hidden, terminal.expect(r"1 row"))
                    terminal.expect_prompt(PROMPT)
                terminal.send("\\dt shelf\n")
                shown = terminal.expect(r"[0-9] rows?") + terminal.expect_prompt(PROMPT)
                self.assertIn("given_away", shown)
                self.assertEqual(hidden in shown, knows)
                terminal.send("\x04")
                self.assertEqual(terminal.wait(), 0)
        self.denied(f"COMMENT ON COLUMN vault.people.ssn IS '{hidden}'", "reader", "writer", "engineer")

    def test_30_an_agent_has_no_more_than_whom_it_acts_for(self):
        server = self.server
        for body in ({"name": "olga", "role": "reader"},
                     {"name": "bot", "kind": "agent", "on_behalf_of": "olga", "role": "admin"},
                     {"name": "strong", "role": "admin"},
                     {"name": "weak", "kind": "agent", "on_behalf_of": "strong", "role": "reader"}):
            self.assertEqual(self.ask("POST", "/v1/users", server.admin_token, body)[0], 201)
        # On behalf of a reader, with the role of an administrator; on behalf of an administrator, with that of a
        # reader.
        for agent, role in (("bot", "admin"), ("weak", "reader")):
            token = self.token(principal=agent, role=role)
            server.tokens[agent] = token
            self.shown("SELECT id, ssn FROM vault.people", [[1, "[redacted]"]], user=agent)
            self.denied("DROP MASK POLICY ssn ON vault.people", agent)
            self.denied("CREATE TABLE vault.taken AS SELECT * FROM vault.people", agent)
            self.denied("REQUEST BREAK GLASS ON vault.people FOR 5 MINUTES REASON 'r'", agent)
            self.assertEqual(self.ask("GET", "/v1/users", token)[0], 403)
        # It is over with whom it acts for.
        self.assertEqual(self.ask("PATCH", "/v1/users/olga", server.admin_token, {"disabled": True})[0], 200)
        self.assertEqual(self.ask("POST", "/v1/sql", server.tokens["bot"], {"statement": "SELECT 1"})[0], 401)
        # There is nothing that would run later in somebody's name.
        for statement in ("CREATE TASK t SCHEDULE '1 minute' AS SELECT 1", "CREATE EVENT e DO SELECT 1",
                          "CREATE JOB j AS SELECT 1",
                          "CREATE TRIGGER t AFTER INSERT ON vault.people EXECUTE f()", "SET ROLE admin",
                          "SET SESSION AUTHORIZATION admin",
                          "EXECUTE AS USER admin"):
            self.denied(statement, "engineer", codes=(*DENIED, "SyntaxError"))

    # ---- III and IV ----

    def test_39_a_mask_keeps_the_columns_type_and_header(self):
        columns = {"t": ("VARCHAR", "'x'", "REDACT"), "n": ("INTEGER", "7", "NULL"), "w": ("BIGINT", "7777", "ROUND 2"),
                   "d": ("DECIMAL(10,2)", "7.25", "ROUND 1"), "f": ("DOUBLE", "7.5", "NULL"),
                   "day": ("DATE", "DATE '2020-05-05'", "YEAR"),
                   "ts": ("TIMESTAMP", "TIMESTAMP '2020-05-05 05:05:05'", "YEAR"), "b": ("BOOLEAN", "true", "NULL"),
                   "s": ("STRUCT(a INTEGER)", "{'a': 1}", "NULL"), "l": ("VARCHAR[]", "['a']", "NULL"),
                   "x": ("BLOB", "'ab'::BLOB", "NULL")}
        defined = ", ".join(f"{name} {kind}{' NOT NULL' if name in ('t', 'w') else ''}" for name,
                            (kind, _, _) in columns.items())
        for table in ("typed", "plain"):
            self.server.sql(f"CREATE TABLE vault.{table} ({defined})")
            self.server.sql(f"INSERT INTO vault.{table} VALUES "
                            f"({', '.join(value for _, value, _ in columns.values())})")
        for name, (_, _, mask) in columns.items():
            self.server.sql(f"CREATE MASK POLICY {name} ON vault.typed ({name}) EXCEPT ROLE admin USING {mask}")
        self.assertNotEqual(self.server.sql("SELECT * FROM vault.typed", "reader")["rows"],
                            self.server.sql("SELECT * FROM vault.plain", "reader")["rows"])
        for statement in ("SELECT * FROM vault.{}", "SELECT * FROM (SELECT * FROM vault.{}) WHERE false",
                          "DESCRIBE vault.{}",
                          "DESCRIBE SELECT * FROM vault.{}", "SELECT typeof(COLUMNS(*)) FROM vault.{}",
                          "SHOW COLUMNS IN vault.{}"):
            typed, plain = (self.server.sql(statement.format(table), "reader") for table in ("typed", "plain"))
            self.assertEqual(typed["columns"], plain["columns"])
            if statement[:8] != "SELECT *":
                self.assertEqual(typed["rows"], plain["rows"])
        # Arrow's schema is a stream's beginning: what there is without rows.
        streams = []
        for table in ("typed", "plain"):
            _, headers, body = self.server.request("POST", "/v1/sql",
                                                   {"statement": f"SELECT * FROM vault.{table} WHERE false"},
                                                   self.server.token_of("reader"),
                                                   {"Accept": "application/vnd.apache.arrow.stream"})
            streams.append((headers["Content-Type"], body))
        self.assertEqual(*streams)

    def test_40_violations_tell_of_what_is_written_alone(self):
        """Rows like the hidden one and like none: of a key, a check, NULL. An expectation of the table as a whole is
        another matter (docs/security.md)."""
        sql = self.server.sql
        sql("CREATE TABLE vault.keyed (id BIGINT NOT NULL, code VARCHAR)")
        sql(f"INSERT INTO vault.keyed VALUES (1, 'one'), (500, '{self.canary('code')}')")
        sql("ALTER TABLE vault.keyed ADD CONSTRAINT short CHECK (id < 1000)")
        sql("CREATE ROW POLICY low ON vault.keyed USING (id < 10) WITH CHECK (id < 10 OR id = 501)")
        sql("CREATE ROW POLICY all_rows ON vault.keyed TO ROLE admin USING (true)")
        for hidden, missing in (("(500, 'x')", "(499, 'x')"), ("(NULL, 'x')", "(NULL, 'y')"),
                                ("(1500, 'x')", "(1499, 'x')")):
            seen = []
            for row in (hidden, missing):
                answer = self.doors[0].run("writer", f"INSERT INTO vault.keyed VALUES {row}")
                seen.append((answer.code, answer.sqlstate, answer.message))
                self.quiet(answer)
            self.assertEqual(*seen)
            self.assertNotEqual(seen[0][0], "")
        for condition in ("id = 500", "id > 10", "code LIKE 'canary%'"):
            self.shown(f"DELETE FROM vault.keyed WHERE {condition}", [[0]], user="writer")
            self.shown(f"UPDATE vault.keyed SET code = 'x' WHERE {condition}", [[0]], user="writer")
            self.shown("MERGE INTO vault.keyed k USING (SELECT 500 AS id) s ON k.id = s.id WHEN MATCHED THEN DELETE",
                       [[0]], user="writer")
        self.assertEqual(sql("SELECT count(*) FROM vault.keyed")["rows"], [[2]])
        # What refers to a protected table would count what is in it.
        sql("CREATE TABLE main.asks (id BIGINT)", "engineer")
        for user in ("writer", "engineer"):
            self.denied("CREATE EXPECTATION known ON main.asks EXPECT FOREIGN KEY (id) REFERENCES vault.keyed (id) ON "
                        "VIOLATION FAIL", user)
            self.denied("CREATE EXPECTATION once ON vault.keyed EXPECT UNIQUE (id) ON VIOLATION FAIL", user)
            self.denied("CREATE EXPECTATION many ON vault.keyed EXPECT ROW COUNT BETWEEN 1 AND 1 ON VIOLATION WARN",
                        user)

    def test_44_no_function_of_ones_own_meets_a_hidden_row(self):
        for statement in ("CREATE FUNCTION peek(x) AS error(x)",
                          "CREATE FUNCTION peek(x VARCHAR) RETURNS INTEGER LANGUAGE python AS 'x'",
                          "CREATE OR REPLACE FUNCTION vault.peek(x) AS x", "CREATE MACRO peek(x) AS TABLE SELECT x",
                          "CREATE AGGREGATE peek(x) AS x",
                          "CREATE OPERATOR === (PROCEDURE = peek)",
                          "CREATE CAST (VARCHAR AS INTEGER) WITH FUNCTION peek"):
            self.denied(statement, "reader", "engineer", "admin", codes=(*DENIED, "SyntaxError"))
        # A view of one's own, whose condition would fail on what is hidden, laid before who sees more, or oneself.
        for at, leak in enumerate(("CAST(CASE WHEN id = 2 THEN ssn ELSE '1' END AS INTEGER) = 1",
                                   "ssn::DATE IS NOT NULL AND id = 2",
                                   "list_contains(list_transform([ssn], x -> x::INTEGER), 1) AND id > 1",
                                   "json(ssn) IS NULL AND id = 2")):
            self.server.sql(f"CREATE VIEW main.leaky{at} AS SELECT id FROM vault.people WHERE {leak}", "engineer")
            for user in ("engineer", "reader"):
                for statement in (f"SELECT * FROM main.leaky{at}", f"SELECT count(*) FROM main.leaky{at} WHERE id = 2"):
                    answer = self.doors[0].run(user, statement)
                    self.quiet(answer)
                    self.assertIn(answer.code, ("", "ConversionFailed", "InvalidArgument"), answer.message)
            # Its error in front of an administrator has no value, and no record of one that others read.
            self.quiet(self.doors[0].run("admin", f"SELECT * FROM main.leaky{at}"))

    def test_49_counters_do_not_count_what_is_hidden(self):
        sql = self.server.sql
        sql("CREATE TABLE vault.counted (id BIGINT) TBLPROPERTIES ('delta.enableRowTracking' = 'true', "
            "'delta.enableChangeDataFeed' = 'true')")
        sql("INSERT INTO vault.counted SELECT * FROM range(1000)")
        sql("CREATE ROW POLICY few ON vault.counted USING (id < 3)")
        sql("CREATE ROW POLICY all_rows ON vault.counted TO ROLE admin USING (true)")
        self.denied("SELECT * FROM table_rows('vault.counted')", "reader")
        self.shown("SELECT count(*) FROM table_changes('vault.counted', 0)", [[3]])
        for row in named(sql("DESCRIBE HISTORY vault.counted", "reader")):
            self.assertEqual((row["operationMetrics"], row["operationParameters"]), (None, None))
        detail = named(sql("DESCRIBE DETAIL vault.counted", "reader"))[0]
        self.assertEqual((detail["numFiles"], detail["sizeInBytes"]), (None, None))
        statistics = sql("SELECT * FROM vault.counted", "reader")["statistics"]
        self.assertEqual((statistics["rows_returned"], statistics["rows_scanned"], statistics["bytes_scanned"]),
                         (3, 0, 0))
        self.assertEqual(sql("DELETE FROM vault.counted WHERE id > 1", "writer")["rows"], [[1]])
        self.denied("SELECT nextval('s')", "reader")

    # ---- V ----

    def streamed(self, user, rows, **options):
        """A connection with the first row of many; the rest waits in the server."""
        host, port = self.server.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=120)
        self.addCleanup(connection.close)
        statement = f"SELECT id, repeat('x', 2000) AS pad FROM vault.switched, range({rows})"
        connection.request("POST", "/v1/sql", json.dumps({"statement": statement, **options}),
                           {"Authorization": f"Bearer {self.server.token_of(user)}", "Content-Type": "application/json",
                            "Accept": "application/x-ndjson"})
        response = connection.getresponse()
        self.assertEqual(json.loads(response.readline())["id"], 1)
        return response

    def test_52_what_changes_ends_what_runs(self):
        sql, rows = self.server.sql, 100_000
        sql("CREATE TABLE vault.switched AS SELECT 1 AS id")
        sql("CREATE PURPOSE look")
        sql("CREATE GROUP inside")
        sql("CREATE ROW POLICY inside ON vault.switched TO inside USING (principal_attribute('area') = 'EU')")
        sql("ALTER TABLE vault.switched SET ALLOWED PURPOSES ('look')")
        changes = {"ALTER GROUP inside DROP USER switcher": "ALTER GROUP inside ADD USER switcher",
                   "REVOKE USE PURPOSE look FROM USER switcher": "GRANT USE PURPOSE look TO USER switcher",
                   "ALTER USER switcher UNSET ATTRIBUTES ('area')": "ALTER USER switcher SET ATTRIBUTES ('area' = "
                                                                    "'EU')"}
        self.server.token_of("switcher", role="reader")
        for give in changes.values():
            sql(give)
        for take, give in changes.items():
            with self.subTest(change=take):
                response = self.streamed("switcher", rows, purpose="look")
                sql(take)
                seen, last = 1, b""
                for last in response:
                    seen += 1
                self.assertLess(seen, rows)
                self.assertEqual(json.loads(last)["error"]["sqlstate"], "42501")
                sql(give)

    def test_57_a_kept_result_is_for_who_asked(self):
        server = self.server
        cell = canaries.canary("result")
        full = server.token_of("reader")
        _, _, body = server.request("POST", "/v1/statements", {"statement": f"SELECT '{cell}' AS x"}, full)
        path = "/v1/statements/" + json.loads(body)["id"]
        while '"state":"succeeded"' not in self.ask("GET", path, full)[1]:
            pass
        self.assertIn(cell, self.ask("GET", path + "/result", full)[1])
        narrow = self.token(principal="reader", role="reader", schemas=["main"])
        # (An administrator may look at others' statements and end them, and not at what came of them.)
        self.assertEqual(self.ask("GET", path + "/result", server.admin_token)[0], 404)
        for token in (narrow, server.token_of("engineer"), None, "nl_" + "A" * 43):
            for method, suffix in (("GET", ""), ("GET", "/result"), ("GET", "/result?page_size=1&page_token=r0"),
                                   ("DELETE", "")):
                status, text = self.ask(method, path + suffix, token)
                self.assertIn(status, (401, 404), text)
                canaries.check(self, text, [cell])
        for token in (narrow, server.token_of("engineer")):
            for listed in ("/v1/statements", "/v1/history"):
                canaries.check(self, self.ask("GET", listed, token)[1], [cell], listed)
        # No link is enough, and once it is forgotten it is gone for its owner, too.
        for suffix in ("?token=" + full, "?access_token=" + full):
            self.assertEqual(self.ask("GET", path + "/result" + suffix, None)[0], 401)
        kept = [path for path in pathlib.Path(server.lake, "spill").rglob("*") if path.is_file()]
        self.assertEqual([oct(path.stat().st_mode & 0o077) for path in kept], ["0o0"] * len(kept))
        # Who reads the disk reads neither rows nor names of columns, while they are kept.
        self.assertTrue(any(path.suffix == ".arrow" and path.stat().st_size for path in kept), kept)
        canaries.check_files(self, server.lake + "/spill", [cell])
        self.assertEqual(self.ask("DELETE", path, full)[0], 204)
        self.assertEqual(self.ask("GET", path + "/result", full)[0], 404)
        canaries.check_files(self, server.lake + "/spill", [cell])

    # ---- VI ----

    def test_67_a_place_is_not_the_one_whose_name_begins_alike(self):
        sql, secret = self.server.sql, self.canary("credential")
        places = pathlib.Path(self.folder, "places")
        for name in ("t1", "t10", "t1-evil"):
            (places / name).mkdir(parents=True)
            (places / name / "a.csv").write_text(f"v\n{'plain' if name == 't1' else self.canary('file')}\n")
        (places / "t1" / "link.csv").symlink_to(places / "t10" / "a.csv")
        sql(f"CREATE EXTERNAL LOCATION t1 URL '{places}/t1'")
        sql("CREATE TABLE main.from_place (v VARCHAR)", "engineer")
        for source in (f"{places}/t10/a.csv", f"{places}/t1-evil/a.csv", f"{places}/t1/../t10/a.csv",
                       f"{places}/t1*/a.csv", "t10/a.csv",
                       "t1/../t10/a.csv", "t1/%2e%2e/t10/a.csv", "t1/..%2ft10/a.csv", "t1/link.csv",
                       f"{places}/t1/link.csv", "t1//../t10/a.csv",
                       "T1/../t10/a.csv", f"{places}/t1/./../t10/a.csv", f"file://{places}/t10/a.csv"):
            self.denied(f"COPY INTO main.from_place FROM '{source}' FILEFORMAT = CSV", "engineer", "writer",
                        codes=(*DENIED, "InvalidArgument"))
        sql("COPY INTO main.from_place FROM 't1/a.csv' FILEFORMAT = CSV", "engineer")
        self.shown("SELECT v FROM main.from_place", [["plain"]])
        # Keys of a place are given to nobody: what is sealed is in no list, answer or file.
        sql(f"CREATE CREDENTIAL store TYPE S3 OPTIONS (access_key_id = 'AKIDEXAMPLE', secret_access_key = '{secret}', "
            "region = 'us-east-1')")
        for user in ("admin", "engineer", "reader"):
            for statement in ("SHOW CREDENTIALS", "SELECT * FROM system.external_locations",
                              "SHOW CREATE TABLE main.from_place"):
                self.quiet(self.doors[0].run(user, statement), statement)
        canaries.check_files(self, self.server.lake + "/audit", [secret])
        # Likewise a token for one schema.
        sql("CREATE SCHEMA gold_next")
        sql(f"CREATE TABLE gold_next.t AS SELECT '{self.canary('schema')}' AS v")
        token = self.token(principal="reader", role="reader", schemas=["gold"])
        for name in ("gold_next.t", "GOLD_NEXT.T", '"gold_next".t', "vault.people"):
            status, text = self.ask("POST", "/v1/sql", token, {"statement": f"SELECT * FROM {name}"})
            self.assertIn(status, (403, 404), text)
            canaries.check(self, text, self.cells)
        for name in ("gold", "gold_next"):
            listed = self.ask("GET", f"/v1/catalog/schemas/{urllib.parse.quote(name)}/tables", token)
            self.assertEqual(listed[0], 200 if name == "gold" else 404, listed)

    def test_whatever_can_be_looked_up_afterwards_has_no_canary(self):
        """Runs last, by its name."""
        tables = ("vault.people", "vault.view", "vault.grows", "vault.checked", "vault.keyed", "main.loaded",
                  "main.from_place")
        for user in ("reader", "writer", "engineer"):
            canaries.check_readable(self, self.server, user, self.cells, tables)
        canaries.check_files(self, self.doors[2].home, self.cells)


if __name__ == "__main__":
    unittest.main()
