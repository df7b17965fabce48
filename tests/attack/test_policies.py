"""What policies hide, attacked: each query of indirection.attacks gives a reader on a governed table what it gives an
administrator on a copy that a simple program has redacted, through every door, and no canary is in any answer."""
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import tempfile
import unittest
import uuid

import attacks
import canaries
import doors
from queries import Queries
from server import Server, StatementError, named

BINARY = os.environ["TESTED_BINARY"]
HERE = pathlib.Path(__file__).parent
COLUMNS = ["id", "name", "ssn", "doc", "home", "tags", "attrs"]


def literal(value):
    """SQL of a cell: the copy is made of it, with no way through the server's own rewriting."""
    if isinstance(value, dict) and "k" not in value:
        return "{" + ", ".join(f"'{field}': {literal(inside)}" for field, inside in value.items()) + "}"
    if isinstance(value, dict):
        return "MAP {" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + value + "'"


def redacted(row):
    town = None if row["home"]["town"] is None else {**row["home"]["town"], "code": "[redacted]"}
    return {**row, "ssn": "[redacted]", "doc": {"inner_ssn": "gone"}, "tags": ["gone"], "attrs": {"k": "gone"},
            "home": {"street": "gone", "town": town}}


def table_sql(name, rows):
    return f"CREATE TABLE {name} AS " + " UNION ALL ".join(
        "SELECT " + ", ".join(f"{literal(row[column])} AS {column}" for column in COLUMNS) for row in rows)


class Policies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.cells = [canaries.canary("cell") for _ in range(5)]
        server = cls.server
        server.token_of("reader"), server.token_of("engineer"), server.token_of("writer")
        # Asks what has a canary in the question, so that none is in what the others wrote themselves.
        server.token_of("guesser", role="reader")
        rows = [{"id": i, "name": f"n{i}", "ssn": c, "doc": {"inner_ssn": c}, "tags": [c, "x"], "attrs": {"k": c},
                 "home": {"street": c, "town": None if i == 2 else {"name": f"n{i}", "code": c}}}
                for i, c in enumerate(cls.cells, 1)]
        # Of two rows the very existence is hidden: their names are canaries, too.
        for row in rows[3:]:
            row["name"] = canaries.canary("name")
            cls.cells.append(row["name"])
        visits = [(i, i % 6 + 1, ["Lyon", "Ghent", cls.cells[3]][i % 3], i * 7 % 11) for i in range(12)]
        for schema, content, kept in (("vault", rows, visits),
                                      ("glass", [redacted(row) for row in rows[:3]], [v for v in visits if v[1] != 4])):
            for statement in (f"CREATE SCHEMA {schema}", table_sql(f"{schema}.people", content),
                              f"CREATE TABLE {schema}.visits AS SELECT * FROM (VALUES " + ", ".join(
                                  f"({a}::BIGINT, {b}::BIGINT, '{'gone' if schema == 'glass' else c}', {d}::BIGINT)"
                                  for a, b, c, d in kept) + ") v(id, person, city, amount)",
                              f"CREATE VIEW {schema}.v AS SELECT id, ssn FROM {schema}.people",
                              f"CREATE VIEW {schema}.v_on_v AS SELECT ssn FROM {schema}.v"):
                server.sql(statement)
        for statement in (
                "CREATE ROW POLICY visible ON vault.people USING (id <= 3)",
                "CREATE ROW POLICY everything ON vault.people TO ROLE admin USING (true)",
                "CREATE ROW POLICY most ON vault.visits USING (person <> 4)",
                "CREATE MASK POLICY city ON vault.visits (city) USING CONSTANT 'gone'",
                "CREATE MASK POLICY ssn ON vault.people (ssn) EXCEPT ROLE admin USING REDACT",
                "CREATE MASK POLICY doc ON vault.people (doc) EXCEPT ROLE admin USING ({'inner_ssn': 'gone'})",
                "CREATE MASK POLICY street ON vault.people (home.street) EXCEPT ROLE admin USING CONSTANT 'gone'",
                "CREATE MASK POLICY code ON vault.people (home.town.code) EXCEPT ROLE admin USING REDACT",
                "CREATE MASK POLICY tags ON vault.people (tags) EXCEPT ROLE admin USING (['gone'])",
                "CREATE MASK POLICY attrs ON vault.people (attrs) EXCEPT ROLE admin USING (MAP {'k': 'gone'})"):
            server.sql(statement)
        cls.doors = doors.every(server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def check_quiet(self, answer):
        self.assertEqual(canaries.leaks(answer.raw, self.cells), [], answer.raw[:2000])

    def expect_as_redacted(self, door, statement):
        theirs = door.run("reader", statement)
        ours = door.run("admin", re.sub("vault", "glass", statement, flags=re.IGNORECASE))
        self.assertFalse(ours.failed, f"{ours.code} {ours.message}")
        self.assertEqual((theirs.code, theirs.message, theirs.columns, theirs.rows),
                         (ours.code, ours.message, ours.columns, ours.rows))
        self.check_quiet(theirs)

    def test_the_administrator_sees_all(self):
        self.assertEqual(self.server.sql("SELECT count(*), max(ssn) FROM vault.people")["rows"],
                         [[5, max(self.cells[:5])]])

    def test_every_way_to_a_cell_gives_what_the_redacted_copy_gives(self):
        seen = 0
        for attack in attacks.read(HERE / "indirection.attacks"):
            if attack.expectation != "same":
                continue
            for variant in attack.variants:
                for door in self.doors:
                    seen += 1
                    with self.subTest(attack=f"{attack.number} {attack.title}", statement=variant, door=door.name):
                        self.expect_as_redacted(door, variant)
        self.assertGreater(seen, 100)

    def test_random_queries_give_what_the_redacted_copy_gives(self):
        count = int(os.environ.get("ORACLE_QUERIES", "2000"))
        seed = int(os.environ.get("ORACLE_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"oracle seed {seed}, {count} queries")
        queries = Queries(random.Random(seed))
        succeeded = 0
        for at in range(count):
            query = queries.query()
            filled = {schema: query.replace("{people}", f"{schema}.people").replace("{visits}", f"{schema}.visits")
                      for schema in ("vault", "glass")}
            theirs, ours = self.doors[0].run("reader", filled["vault"]), self.doors[0].run("admin", filled["glass"])
            with self.subTest(seed=seed, at=at, query=query):
                self.assertEqual(theirs.code, ours.code, f"{theirs.message} / {ours.message}")
                self.assertEqual(theirs.columns, ours.columns)
                self.assertEqual(sorted(map(json.dumps, theirs.rows or [])), sorted(map(json.dumps, ours.rows or [])))
                self.check_quiet(theirs)
            succeeded += not ours.failed
        self.assertGreater(succeeded, count // 2)

    def test_conditions_never_meet_what_is_hidden(self):
        """41, 42, 15: what fails, or could tell, on a hidden row or cell."""
        hidden_id, cell = 4, self.cells[3]
        for condition in (f"CAST(CASE WHEN id = {hidden_id} THEN ssn ELSE '1' END AS INTEGER) = 1",
                          f"CAST(CASE WHEN id = {hidden_id} THEN name ELSE '1' END AS INTEGER) = 1",
                          "1 % (4 - id) IS NOT NULL", "(2000000000 * (CASE WHEN id > 3 THEN 2 ELSE 1 END)::INTEGER) > 0",
                          "regexp_matches(name, CASE WHEN id > 3 THEN '(' ELSE 'n' END)",
                          "json_extract(CASE WHEN id > 3 THEN '{' ELSE '{}' END, '$.a') IS NULL",
                          f"ssn = '{cell}'", f"name > '{cell[:12]}'", f"ssn IN ('{cell}')", "id = 4", "id BETWEEN 4 AND 5",
                          "name LIKE 'canary%'", "TRY_CAST(name AS INTEGER) IS NULL", "doc.inner_ssn <> 'gone'",
                          "home.street <> 'gone'", "home.town.code LIKE 'c%'", "home.town IS NULL",
                          "len(tags) = 2", "attrs['k'] LIKE 'c%'", "id = 4 OR ssn = 'x'",
                          "EXISTS (SELECT 1 FROM vault.people q WHERE q.id > 3)", "id IN (SELECT id + 3 FROM vault.people)"):
            forms = (f"SELECT id, ssn FROM vault.people WHERE {condition} ORDER BY 1",
                     f"SELECT count(*) FROM vault.people WHERE {condition}",
                     f"SELECT count(*) FILTER (WHERE {condition}) FROM vault.people",
                     f"SELECT a.id FROM vault.people a JOIN (SELECT * FROM vault.people WHERE {condition}) b USING (id) ORDER BY 1",
                     f"WITH w AS (SELECT * FROM vault.people) SELECT id FROM w WHERE {condition} ORDER BY 1",
                     f"SELECT id, row_number() OVER (ORDER BY id) FROM vault.people QUALIFY {condition} ORDER BY 1")
            for form in forms[:2] if "SELECT" in condition else forms:
                with self.subTest(statement=form):
                    if cell in form:
                        # The question has the canary in it, the answer must not.
                        answer = self.doors[0].run("guesser", form)
                        ours = self.doors[0].run("admin", form.replace("vault", "glass"))
                        self.assertEqual((answer.code, answer.rows), (ours.code, ours.rows))
                    else:
                        self.expect_as_redacted(self.doors[0], form)

    def test_what_is_asked_about_a_table_tells_nothing_of_its_rows(self):
        for statement in ("DESCRIBE vault.people", "SUMMARIZE vault.people", "DESCRIBE HISTORY vault.people",
                          "DESCRIBE DETAIL vault.people", "SHOW CREATE TABLE vault.people", "SHOW TBLPROPERTIES vault.people",
                          "EXPLAIN SELECT * FROM vault.people WHERE ssn > 'c'",
                          "EXPLAIN ANALYZE SELECT * FROM vault.people WHERE id = 4", "SHOW POLICIES",
                          "SHOW EFFECTIVE POLICY ON vault.people", "SELECT * FROM system.table_statistics",
                          "SELECT * FROM system.column_statistics", "SELECT * FROM system.lineage",
                          "SELECT * FROM system.tables", "SELECT * FROM table_changes('vault.people', 0)",
                          "SELECT * FROM vault.people VERSION AS OF 0", "SELECT rowid FROM vault.people",
                          "SELECT filename FROM vault.people", "SELECT file_row_number FROM vault.people"):
            for door in self.doors:
                with self.subTest(statement=statement, door=door.name):
                    self.check_quiet(door.run("reader", statement))

    def test_nothing_that_a_reader_sees_of_its_statement_counts_hidden_rows(self):
        text = f"SELECT ssn FROM vault.people /* {uuid.uuid4().hex} */"
        self.server.sql(text, "reader")
        rows = self.server.sql("SELECT rows_returned, rows_scanned, bytes_scanned, prediction FROM system.queries WHERE "
                               f"text = '{text}'", "reader")["rows"]
        self.assertEqual(rows, [[3, 0, 0, "{}"]])

    def test_protection_is_not_for_others_to_take_away(self):
        for user in ("reader", "writer", "engineer"):
            for statement in ("DROP ROW POLICY visible ON vault.people", "DROP MASK POLICY ssn ON vault.people",
                              "CREATE OR REPLACE ROW POLICY visible ON vault.people USING (true)",
                              "CREATE ROW POLICY mine ON vault.people USING (true)",
                              "CREATE OR REPLACE MASK POLICY ssn ON vault.people (ssn) USING (ssn)",
                              "CREATE GROUP mine", "DROP TABLE vault.people", "DROP SCHEMA vault CASCADE",
                              "CREATE OR REPLACE TABLE vault.people AS SELECT 1 AS id",
                              "CREATE TABLE copied DEEP CLONE vault.people", "CREATE TABLE copied SHALLOW CLONE vault.people",
                              "RESTORE TABLE vault.people TO VERSION AS OF 0", "OPTIMIZE vault.people",
                              "ALTER TABLE vault.people DROP COLUMN ssn", "ANALYZE TABLE vault.people COMPUTE STATISTICS",
                              "UPDATE vault.people SET ssn = 'x'", "INSERT OVERWRITE vault.people SELECT * FROM glass.people",
                              "SHOW POLICIES ON vault.people", "SHOW EFFECTIVE POLICY FOR admin ON vault.people"):
                with self.subTest(user=user, statement=statement):
                    answer = self.doors[0].run(user, statement)
                    self.assertTrue(answer.failed, answer.rows)
                    self.assertIn(answer.code, ("PermissionDenied", "NotSupported"), answer.message)
                    self.check_quiet(answer)
        self.assertEqual(self.server.sql("SELECT count(*) FROM vault.people")["rows"], [[5]])

    def test_a_copy_holds_what_was_seen(self):
        self.server.sql("CREATE TABLE main.taken AS SELECT * FROM vault.people", "engineer")
        rows = json.dumps(self.server.sql("SELECT * FROM main.taken ORDER BY id")["rows"])
        self.assertEqual(canaries.leaks(rows, self.cells), [])
        self.assertEqual(rows, json.dumps(self.server.sql("SELECT * FROM glass.people ORDER BY id")["rows"]))

    def test_a_statement_stops_when_a_right_is_taken(self):
        """52, 76: rows that have not left the server by then stay there."""
        server, rows = self.server, 100_000
        server.sql("CREATE TABLE main.streamed AS SELECT 1 AS id")
        host, port = server.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=120)
        self.addCleanup(connection.close)
        statement = f"SELECT id, repeat('x', 2000) AS pad FROM main.streamed, range({rows})"
        connection.request("POST", "/v1/sql", json.dumps({"statement": statement}),
                           {"Authorization": f"Bearer {server.token_of('reader')}", "Content-Type": "application/json",
                            "Accept": "application/x-ndjson"})
        response = connection.getresponse()
        self.assertEqual(json.loads(response.readline())["id"], 1)
        # Far more is to come than fits between the two, so the server waits here with the rest.
        server.sql("DENY SELECT ON main.streamed TO USER reader")
        seen, last = 1, b""
        for last in response:
            seen += 1
        self.assertLess(seen, rows)
        self.assertEqual(json.loads(last)["error"]["sqlstate"], "42501")

    def test_a_kept_result_is_for_who_may_still_see_it(self):
        """52, 55, 57: rows that wait on the server were made when more could be seen."""
        server = self.server
        reader = server.token_of("reader")
        changes = {"mask": "CREATE MASK POLICY later ON main.kept_mask (ssn) EXCEPT ROLE admin USING REDACT",
                   "row": "CREATE ROW POLICY later ON main.kept_row AS RESTRICTIVE TO PUBLIC USING (false)",
                   "deny": "DENY SELECT ON main.kept_deny TO ROLE reader", "none": "SELECT 1"}
        for name, change in changes.items():
            with self.subTest(name):
                server.sql(f"CREATE TABLE main.kept_{name} AS SELECT '{self.cells[0]}' AS ssn FROM range(3)")
                _, _, body = server.request("POST", "/v1/statements", {"statement": f"SELECT * FROM main.kept_{name}"}, reader)
                place = f"/v1/statements/{json.loads(body)['id']}"
                while json.loads(server.request("GET", place, None, reader)[2])["state"] in ("queued", "running"):
                    pass
                whole, page = place + "/result", place + "/result?page_size=2&page_token=r2"
                self.assertEqual([server.request("GET", url, None, reader)[0] for url in (whole, page)], [200, 200])
                server.sql(change)
                for url in (whole, page):
                    status, _, body = server.request("GET", url, None, reader)
                    self.assertEqual((status, self.cells[0].encode() in body), (200, True) if name == "none" else (403, False))

    def test_files_of_a_table_are_no_source(self):
        """66: an external location may be around a protected table, whose files hold what its policies hide."""
        place = pathlib.Path(tempfile.mkdtemp(prefix="neurolake-place-"))
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        server = self.server
        server.sql(f"CREATE EXTERNAL LOCATION around URL '{place}' WITH (REGISTER = TRUE)")
        server.sql(f"CREATE TABLE main.outside WITH (location = '{place / 'outside'}') AS SELECT '{self.cells[0]}' AS ssn")
        server.sql("CREATE MASK POLICY ssn ON main.outside (ssn) EXCEPT ROLE admin USING REDACT")
        server.sql("CREATE TABLE main.loot (ssn VARCHAR)", "engineer")
        for source in (f"{place}/outside/*.parquet", "around/outside/*.parquet", "around/*/*.parquet"):
            for user in ("writer", "engineer"):
                with self.subTest(source=source, user=user):
                    answer = self.doors[0].run(user, f"COPY INTO main.loot FROM '{source}' FILEFORMAT = PARQUET")
                    self.assertEqual(answer.code, "PermissionDenied", answer.message)
                    self.check_quiet(answer)
        self.assertEqual(server.sql("SELECT count(*) FROM main.loot")["rows"], [[0]])
        # Other files there are for who may write anywhere, not for who has what was granted alone.
        (place / "plain.csv").write_text("ssn\nplain\n")
        server.token_of("member")
        server.sql("GRANT ALL PRIVILEGES ON main.loot TO USER member")
        answer = self.doors[0].run("member", "COPY INTO main.loot FROM 'around/plain.csv' FILEFORMAT = CSV")
        self.assertEqual(answer.code, "PermissionDenied", answer.message)
        server.sql("COPY INTO main.loot FROM 'around/plain.csv' FILEFORMAT = CSV", "writer")
        server.sql("DELETE FROM main.loot")
        server.sql(f"COPY INTO main.loot FROM '{place}/outside/*.parquet' FILEFORMAT = PARQUET")
        self.assertEqual(server.sql("SELECT count(*) FROM main.loot")["rows"], [[1]])

    def test_hidden_rows_and_cells_make_no_difference(self):
        """43: two tables that differ in nothing but what is hidden answer alike, what fails included."""
        server = self.server
        for name, hidden_id, hidden_ssn in (("one", 4, "1"), ("other", 100000, "x" * 50)):
            server.sql(f"CREATE TABLE main.{name} AS SELECT * FROM (VALUES (1::BIGINT, 'n1', '{hidden_ssn}', true), "
                       f"(3::BIGINT, 'n3', '{hidden_ssn}', true), ({hidden_id}::BIGINT, 'n9', 'y', false)) "
                       "v(id, name, ssn, seen)")
            server.sql(f"CREATE ROW POLICY seen ON main.{name} USING (seen)")
            server.sql(f"CREATE MASK POLICY ssn ON main.{name} (ssn) USING REDACT")
        for query in ("SELECT (CAST(name AS INTEGER) = 1 AND id > 500) FROM main.{}",
                      "SELECT id FROM main.{} WHERE CAST(name AS INTEGER) = 1 AND id + 0 > 500",
                      "SELECT count(*) FILTER (CAST(name AS INTEGER) = 1 AND id < 0) FROM main.{}",
                      "SELECT CASE WHEN id > 500 THEN CAST(name AS INTEGER) ELSE 0 END FROM main.{} ORDER BY 1",
                      "SELECT id * 9000000000000000000 FROM main.{} WHERE id > 1",
                      "SELECT (CAST(name AS INTEGER) = 1 AND length(ssn) > 20) FROM main.{}",
                      "SELECT min(id), max(id), min(ssn), count(*), count(DISTINCT ssn) FROM main.{}",
                      "SELECT a.id FROM main.{} a, main.{} b WHERE a.id = b.id AND CAST(a.ssn AS INTEGER) > 0",
                      "SELECT * FROM main.{} QUALIFY row_number() OVER (PARTITION BY name ORDER BY id) = 1 ORDER BY id",
                      "SELECT ssn, name FROM main.{} ORDER BY id LIMIT 1", "EXPLAIN SELECT * FROM main.{} WHERE id > 3",
                      "EXPLAIN ANALYZE SELECT * FROM main.{} WHERE id > 3", "SUMMARIZE main.{}"):
            for user in ("reader", "admin"):
                with self.subTest(query=query, user=user):
                    one, other = (self.doors[0].run(user, query.replace("{}", name)) for name in ("one", "other"))
                    self.assertEqual((one.code, one.columns, one.rows), (other.code, other.columns, other.rows))

    def test_a_sessions_schema_that_one_may_not_know_of_is_not_there(self):
        server = self.server
        server.token_of("member"), server.token_of("reader")
        server.sql("CREATE SCHEMA apart")
        server.sql("CREATE TABLE apart.things AS SELECT 1 AS id")
        answers = []
        for schema in ("apart", "nowhere"):
            with self.assertRaises(StatementError) as failed:
                server.sql("SELECT 1", "member", schema=schema)
            answers.append((failed.exception.status, failed.exception.sqlstate,
                            failed.exception.problem["detail"].replace(schema, "…")))
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0][1], "3F000")
        self.assertEqual(server.sql("SELECT id FROM things", "reader", schema="apart")["rows"], [[1]])
        server.sql("GRANT SELECT ON apart.things TO USER member")
        self.assertEqual(server.sql("SELECT id FROM things", "member", schema="apart")["rows"], [[1]])

    def test_a_damaged_table_is_dropped_by_who_may_change_it(self):
        """DROP TABLE does not read the table's log: what is denied is looked for without it."""
        server = self.server
        server.sql("CREATE TABLE main.broken AS SELECT 1 AS id", "engineer")
        place = pathlib.Path(named(server.sql("DESCRIBE DETAIL main.broken"))[0]["location"])
        shutil.rmtree(place / "_delta_log")
        server.sql("DENY MODIFY ON main.broken TO ROLE engineer")
        self.assertEqual(self.doors[0].run("engineer", "DROP TABLE main.broken").code, "PermissionDenied")
        server.sql("DENY SELECT ON main.broken TO ROLE engineer")
        hidden, missing = (self.doors[0].run("engineer", f"DROP TABLE main.{name}") for name in ("broken", "nothing"))
        self.assertTrue(hidden.failed)
        self.assertEqual((hidden.code, hidden.message.replace("broken", "…")),
                         (missing.code, missing.message.replace("nothing", "…")))
        server.sql("REVOKE ALL PRIVILEGES ON main.broken FROM ROLE engineer")
        server.sql("DROP TABLE main.broken", "engineer")

    def test_what_an_application_wrote_is_told_to_who_may_write(self):
        server, once = self.server, {"application_id": "loader", "version": 7}
        server.token_of("writer")
        server.sql("CREATE TABLE main.numbered (id BIGINT)")

        def write(statement, **transaction):
            statistics = server.sql(statement, "writer", transaction={**once, **transaction})["statistics"]
            return statistics["rows_changed"], statistics.get("applied_before", False)

        self.assertEqual(write("INSERT INTO main.numbered VALUES (1)"), (1, False))
        self.assertEqual(write("INSERT INTO main.numbered VALUES (1)"), (0, True))
        # Where a policy hides rows, too.
        server.sql("CREATE ROW POLICY few ON main.numbered USING (id < 5)")
        for statement in ("INSERT INTO main.numbered VALUES (1)", "UPDATE main.numbered SET id = 2", "DELETE FROM main.numbered",
                          "INSERT INTO main.numbered REPLACE WHERE id = 1 SELECT 1"):
            self.assertEqual(write(statement), (0, True), statement)
        server.sql("DENY MODIFY ON main.numbered TO ROLE writer")
        for statement in ("INSERT INTO main.numbered VALUES (1)", "UPDATE main.numbered SET id = 2"):
            refused = []
            for version in (7, 8):
                with self.assertRaises(StatementError, msg=statement) as failed:
                    write(statement, version=version)
                refused.append((failed.exception.sqlstate, failed.exception.problem["detail"]))
            self.assertEqual(refused[0], refused[1])
            self.assertEqual(refused[0][0], "42501")
        self.assertEqual(server.sql("SELECT id FROM main.numbered")["rows"], [[1]])

    def test_whatever_can_be_looked_up_afterwards_has_no_canary(self):
        """Runs last, by its name: after everything that the others asked, changed and were refused."""
        for user in ("reader", "writer", "engineer"):
            canaries.check_readable(self, self.server, user, self.cells, ("vault.people", "vault.visits", "vault.v"))
        canaries.check_files(self, self.doors[2].home, self.cells)

    def test_a_change_of_groups_holds_from_the_next_statement_on(self):
        server = self.server
        server.sql("CREATE TABLE main.switched AS SELECT i AS id FROM range(4) r(i)")
        server.sql("CREATE GROUP insiders")
        server.sql("CREATE ROW POLICY insiders ON main.switched TO GROUP insiders USING (true)")
        count = lambda: server.sql("SELECT count(*) FROM main.switched", "reader")["rows"][0][0]  # noqa: E731
        for _ in range(3):
            self.assertEqual(count(), 0)
            server.sql("ALTER GROUP insiders ADD USER reader")
            self.assertEqual(count(), 4)
            server.sql("ALTER GROUP insiders DROP USER reader")
        self.assertEqual(count(), 0)


if __name__ == "__main__":
    unittest.main()
