"""Functions that somebody may not execute, attacked through every door: by other names, in places where nothing is
evaluated, by other people's views, by names in texts, with parameters. Each statement is run by somebody who may,
too: what is refused is refused for the function alone."""
import json
import os
import shutil
import tempfile
import unittest

import doors
from server import Server

BINARY = os.environ["TESTED_BINARY"]

STATEMENTS = [
    "SELECT levenshtein('a', 'b')", "SELECT editdist3('a', 'b')", "SELECT \"LEVENSHTEIN\"('a', 'b')",
    "SELECT ('a').levenshtein('b')", "SELECT /* x */ levenshtein /* y */ ('a', 'b')",
    "FROM words SELECT levenshtein(w, 'x')", "SELECT levenshtein(w, 'x') AS d, d + 1 FROM words",
    # Nothing of it is evaluated, or it is a constant that could be folded.
    "SELECT CASE WHEN false THEN levenshtein('a', 'b') ELSE 0 END", "SELECT coalesce(1, levenshtein('a', 'b'))",
    "SELECT 1 WHERE false AND levenshtein('a', 'b') = 1", "SELECT w FROM words LIMIT levenshtein('a', 'b')",
    "SELECT * FROM (SELECT levenshtein(w, 'x') AS unused, w FROM words) LIMIT 0", "SELECT TRY(levenshtein('a', 'b'))",
    "WITH d AS MATERIALIZED (SELECT levenshtein('a', 'b')) SELECT count(*) FROM d", "SELECT count(levenshtein('a', 'b')) FROM range(0)",
    "EXPLAIN SELECT levenshtein(w, 'x') FROM words", "DESCRIBE SELECT levenshtein(w, 'x') FROM words",
    "SELECT NULL::INTEGER + levenshtein(NULL, NULL)", "VALUES (levenshtein('a', 'b'))",
    # Wherever an expression stands.
    "SELECT list_transform(['a'], lambda x: levenshtein(x, 'b'))", "SELECT [levenshtein(x, 'b') FOR x IN ['a']]",
    "SELECT list_filter(['a'], lambda x: list_reduce([1], lambda a, b: levenshtein(x, 'b')) = 1)",
    "SELECT sum(levenshtein(w, 'x')) OVER (PARTITION BY levenshtein(w, 'y')) FROM words",
    "SELECT w FROM words GROUP BY w, levenshtein(w, 'x')", "SELECT count(*) FILTER (WHERE levenshtein(w, 'x') > 0) FROM words",
    "SELECT a.w FROM words a JOIN words b ON levenshtein(a.w, b.w) = 0", "SELECT a.w FROM words a, LATERAL (SELECT levenshtein(a.w, 'x')) b",
    "SELECT 1 IN (SELECT levenshtein(w, 'x') FROM words)", "SELECT w FROM words UNION ALL SELECT levenshtein('a', 'b')::VARCHAR",
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + levenshtein('a', 'b') FROM r WHERE i < 3) SELECT * FROM r",
    "SELECT * REPLACE (levenshtein(w, 'x') AS w) FROM words", "SELECT levenshtein(COLUMNS(*), 'x') FROM words",
    "PIVOT (SELECT levenshtein(w, 'x') AS d FROM words) ON d IN (1, 2) USING count(*)",
    "SELECT * FROM unnest([levenshtein('a', 'b')])", "SUMMARIZE SELECT levenshtein(w, 'x') AS d FROM words",
    # Through what others made, which shows who reads it what they may see.
    "SELECT * FROM near", "SELECT count(*) FROM near_too",
    # Aggregates that a text names, and operators that are functions.
    "SELECT median(x) FROM range(3) r(x)", "SELECT list_aggregate([1, 2], 'median')", "SELECT aggregate([1, 2], 'med' || 'ian')",
    "SELECT list_median([1, 2])", "SELECT median(x) OVER () FROM range(3) r(x)", "SELECT 7 % 2", "SELECT mod(7, 2)",
    "SELECT row_number() OVER ()", "SELECT * FROM table_changes('main.words', 0)",
    "INSERT INTO words SELECT 'z' WHERE levenshtein('a', 'b') = 5", "DELETE FROM words WHERE levenshtein(w, 'x') > 99",
    "UPDATE words SET w = 'z' WHERE levenshtein(w, 'x') > 99",
    "MERGE INTO words t USING (SELECT 'q' AS w) s ON levenshtein(t.w, s.w) > 99 WHEN MATCHED THEN DELETE",
]


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="neurolake-functions-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.server = Server(BINARY, lake=cls.folder + "/lake").start()
        cls.addClassCleanup(cls.server.stop)
        for statement in ("CREATE TABLE words (w VARCHAR) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
                          "INSERT INTO words VALUES ('kitten'), ('mitten')",
                          "CREATE VIEW near AS SELECT w FROM words WHERE levenshtein(w, 'kitten') < 2",
                          "CREATE VIEW near_too AS SELECT w FROM near"):
            cls.server.sql(statement, "engineer")
        cls.server.token_of("writer")
        cls.server.sql("DENY EXECUTE ON FUNCTION levenshtein, median, mod, row_number, table_changes TO ROLE writer")

    def test_no_statement_executes_what_is_denied(self):
        for door in doors.every(self.server):
            # The other doors carry the same statements; a part of them is enough to see that they have the same gates.
            for statement in STATEMENTS if door.name == "http" else STATEMENTS[::7]:
                with self.subTest(statement=statement, door=door.name):
                    denied, allowed = door.run("writer", statement), door.run("engineer", statement)
                    self.assertTrue(denied.failed, denied.rows)
                    if denied.code in door.also_denied:
                        continue  # It changes something, which this door does for nobody.
                    self.assertEqual((denied.code, denied.sqlstate), ("PermissionDenied", "42501"), denied.message)
                    self.assertIn("EXECUTE", denied.message)
                    self.assertFalse(allowed.failed, allowed.message)

    def test_parameters_execute_nothing_either(self):
        token = {user: self.server.token_of(user) for user in ("writer", "engineer")}
        for statement, values in (("SELECT levenshtein($1, $2)", ["a", "b"]), ("SELECT list_aggregate([1, 2], $1)", ["median"])):
            call = {"statement": statement, "parameters": values}
            status = {user: self.server.request("POST", "/v1/sql", call, token[user])[0] for user in token}
            self.assertEqual(status["writer"], 403, statement)
            # (The engine takes the name of an aggregate as a constant alone.)
            self.assertEqual(status["engineer"], 200 if "levenshtein" in statement else status["engineer"], statement)

    def test_what_is_revoked_holds_for_the_next_statement(self):
        sql = self.server.sql
        self.server.token_of("reader")
        for _ in range(3):
            self.assertEqual(sql("SELECT jaccard('a', 'a')", "reader")["rows"], [[1.0]])
            sql("REVOKE EXECUTE ON FUNCTION jaccard FROM PUBLIC")
            answer = doors.Http(self.server).run("reader", "SELECT jaccard('a', 'a')")
            self.assertEqual(answer.sqlstate, "42501", answer.message)
            sql("GRANT EXECUTE ON FUNCTION jaccard TO PUBLIC")

    def test_nobody_but_who_manages_the_lake_changes_it(self):
        for user in ("writer", "engineer"):
            for statement in ("GRANT EXECUTE ON FUNCTION levenshtein TO PUBLIC", "REVOKE EXECUTE ON FUNCTION levenshtein FROM ROLE writer",
                              "DENY EXECUTE ON FUNCTION lower TO ROLE admin", "SHOW GRANTS ON FUNCTION levenshtein"):
                with self.subTest(user=user, statement=statement):
                    answer = doors.Http(self.server).run(user, statement)
                    self.assertEqual(answer.sqlstate, "42501", answer.message)
        rows = self.server.sql("SHOW GRANTS ON FUNCTION levenshtein")["rows"]
        self.assertEqual([row[:5] for row in rows], [["function", "levenshtein", "role writer", "execute", "DENY"]])

    def test_changes_are_on_record(self):
        self.server.sql("DENY EXECUTE ON FUNCTION hamming TO ROLE member")
        records = self.server.sql("SELECT * FROM system.audit")["rows"]
        told = [json.dumps(record) for record in records if "grant_function" in json.dumps(record)]
        self.assertTrue(any("hamming" in one and "deny" in one for one in told), told[-3:])


if __name__ == "__main__":
    unittest.main()
