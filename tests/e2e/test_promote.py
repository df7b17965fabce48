"""PROMOTE: what came into one table moves on to the next, once, also when servers die and clients race."""
import os
import random
import shutil
import signal
import threading
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
SILVER = ("PROMOTE FROM bronze.t INTO silver.t {} AS SELECT CAST(id AS BIGINT) AS id, upper(v) AS v, _loaded_at, _load_id "
          "FROM source WHERE id >= 0 -- what is cleaned")


class Promotion(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY).start()
        self.files = 0
        for schema in ("bronze", "silver", "gold"):
            self.server.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    def tearDown(self):
        self.server.stop()
        shutil.rmtree(self.server.lake, ignore_errors=True)

    def sql(self, text, user="admin"):
        return self.server.sql(text, user)["rows"]

    def promote(self, text, user="admin"):
        answer = self.server.sql(text, user)
        return dict(zip([column["name"] for column in answer["columns"]], answer["rows"][0]))

    def load(self, ids, table="bronze.t"):
        self.files += 1
        content = "id,v\n" + "".join(f"{i},v{i}\n" for i in ids)
        self.server.request("PUT", f"/v1/uploads/f{self.files}.csv", content.encode(), self.server.admin_token)
        self.sql(f"COPY INTO {table} FROM 'upload://f{self.files}.csv' FILEFORMAT = CSV")

    def ids(self, table="silver.t"):
        return [row[0] for row in self.sql(f"SELECT id FROM {table} ORDER BY id")]

    def failure(self, text, user="admin"):
        with self.assertRaises(StatementError) as failed:
            self.sql(text, user)
        return failed.exception

    def test_moves_only_what_is_new(self):
        self.load([1, 2])
        report = self.promote(SILVER.format(""))
        self.assertEqual((report["rows_read"], report["rows_written"], report["from_version"], report["version"]), (2, 2, None, 0))
        report = self.promote(SILVER.format(""))
        self.assertEqual((report["rows_read"], report["version"]), (0, None))
        self.load([3])
        self.load([4, -1])
        report = self.promote(SILVER.format(""))
        self.assertEqual((report["rows_read"], report["rows_written"], report["from_version"], report["to_version"]), (3, 2, 0, 2))
        self.assertEqual(self.ids(), [1, 2, 3, 4])
        # Rows that no load brought count too; the target's own changes do not.
        self.sql("INSERT INTO bronze.t (id, v) VALUES (5, 'x'), (5, 'x')")
        self.sql("DELETE FROM silver.t WHERE id = 1")
        self.promote(SILVER.format(""))
        self.promote(SILVER.format(""))
        self.assertEqual(self.ids(), [2, 3, 4, 5, 5])
        kinds = self.sql("SELECT count(*) FROM system.queries WHERE kind = 'PROMOTE'")
        self.assertEqual(kinds, [[5]])

    def test_keys_of_the_target_stay(self):
        self.load([1, 2])
        key = SILVER.format("KEY (id) ORDER BY v KEEP LAST")
        self.promote(key)
        self.sql("INSERT INTO bronze.t (id, v) VALUES (2, 'z'), (3, 'a'), (3, 'b')")
        self.assertEqual(self.promote(key)["rows_written"], 1)
        self.assertEqual(self.sql("SELECT id, v FROM silver.t ORDER BY id"), [[1, "V1"], [2, "V2"], [3, "B"]])
        self.assertEqual(self.failure("PROMOTE FROM bronze.t INTO gold.k KEY (nope)").sqlstate, "42703")

    def test_aggregates_are_made_anew_in_one_version(self):
        gold = "PROMOTE FROM bronze.t INTO gold.n REPLACE AS SELECT id % 2 AS odd, count(*) AS n FROM source GROUP BY odd"
        self.load([1, 2, 3])
        self.promote(gold)
        self.assertIsNone(self.promote(gold)["version"])
        self.load([5])
        self.assertEqual(self.promote(gold)["version"], 1)
        self.assertEqual(self.sql("SELECT odd, n FROM gold.n ORDER BY odd"), [[0, 1], [1, 3]])
        self.promote(gold.replace("count(*)", "10 * count(*)"))
        self.assertEqual(self.sql("SELECT odd, n FROM gold.n ORDER BY odd"), [[0, 10], [1, 30]])
        self.assertEqual(len(self.sql("DESCRIBE HISTORY gold.n")), 3)

    def test_a_replaced_source_is_noticed(self):
        self.load([1])
        self.promote(SILVER.format(""))
        self.sql("DROP TABLE bronze.t")
        self.load([1])
        self.load([2])
        error = self.failure(SILVER.format(""))
        self.assertIn("was dropped and made anew", error.problem["detail"])
        self.assertEqual(self.ids(), [1])
        self.promote(SILVER.format("KEY (id) FULL"))
        self.assertEqual(self.ids(), [1, 2])
        self.load([3])
        self.promote(SILVER.format(""))
        self.assertEqual(self.ids(), [1, 2, 3])
        # CREATE OR REPLACE keeps the table and its versions: new rows are told by what they are.
        self.sql("CREATE OR REPLACE TABLE bronze.t AS SELECT 1 AS other")
        self.assertIn("has other columns", self.failure("PROMOTE FROM bronze.t INTO silver.t").problem["detail"])

    def test_a_source_that_went_back_needs_full(self):
        self.load([1])
        self.load([2])
        self.promote(SILVER.format(""))
        table = self.sql("SELECT id FROM system.tables WHERE schema_name = 'bronze'")[0][0]
        self.server.stop()
        os.unlink(f"{self.server.lake}/tables/{table}/_delta_log/{1:020d}.json")
        self.server.start()
        self.assertIn("version 1 of the source was promoted, but it is at version 0 now",
                      self.failure(SILVER.format("")).problem["detail"])
        self.assertEqual(self.promote(SILVER.format("FULL KEY (id)"))["rows_written"], 0)
        self.assertEqual(self.ids(), [1, 2])

    def test_the_select_is_its_users(self):
        self.load([1])
        self.promote(SILVER.format(""))
        self.load([2])
        for select in ("SELECT * FROM source, read_csv('/etc/passwd')", "SELECT * FROM source, read_text('/etc/passwd')",
                       "SELECT * FROM source, read_csv('upload://f1.csv')", "SELECT getenv('HOME') FROM source",
                       "SELECT * FROM source, duckdb_settings()", "SELECT * FROM source, 'f1.csv'"):
            error = self.failure(f"PROMOTE FROM bronze.t INTO silver.t AS {select}")
            self.assertIn(error.sqlstate[:2], ("42",), select)
        for select in ("DELETE FROM source", "SELECT 1) UNION ALL (SELECT 2 FROM source", "SELECT * FROM source)", "(SELECT 1",
                       "SELECT * FROM source; DROP TABLE silver.t", "SELECT 1", ""):
            self.assertIn(self.failure(f"PROMOTE FROM bronze.t INTO silver.t AS {select}").status, (400, 422), select)
        self.assertEqual(self.failure(SILVER.format(""), "reader").sqlstate, "42501")
        self.assertEqual(self.failure("PROMOTE FROM bronze.none INTO silver.t").problem["code"], "NotFound")
        self.assertEqual(self.failure("EXPLAIN " + SILVER.format("")).sqlstate, "0A000")
        self.assertEqual(self.ids(), [1])
        self.promote(SILVER.format(""), "writer")
        self.assertEqual(self.ids(), [1, 2])

    def test_of_promotions_at_the_same_time_one_moves(self):
        self.load([0])
        expected = [0]
        for round_ in range(12):
            expected.append(round_ + 1)
            self.load([round_ + 1])
            reports, failures = [], []

            def one():
                try:
                    reports.append(self.promote(SILVER.format("")))
                except StatementError as error:
                    failures.append(error)

            threads = [threading.Thread(target=one) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual([error for error in failures if error.sqlstate != "40001"], [])
            self.assertEqual(self.ids(), expected)

    def test_kill_nine_moves_rows_once(self):
        chance = random.Random(7)
        self.load(range(1000))
        expected = 1000
        for _ in range(8):
            self.load(range(expected, expected + 1000))
            expected += 1000
            done = threading.Event()

            def one():
                try:
                    self.promote(SILVER.format(""))
                except Exception:  # The server dies under it: what matters is what is there afterwards.
                    pass
                done.set()

            thread = threading.Thread(target=one)
            thread.start()
            done.wait(chance.uniform(0, 0.15))  # Any moment will do.
            self.server.stop(signal.SIGKILL)
            thread.join()
            self.server.start()
            if chance.random() < 0.5:
                self.promote(SILVER.format(""))
        self.promote(SILVER.format(""))
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT id) FROM silver.t"), [[expected, expected]])


if __name__ == "__main__":
    unittest.main()
