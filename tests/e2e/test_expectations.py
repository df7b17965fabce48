"""Expectations when clients race and servers die: what a FAIL promises holds, and no row set aside is lost or doubled."""
import os
import pathlib
import random
import shutil
import signal
import threading
import unittest

from server import Server, StatementError, named
from test_conflicts import Overlapping

BINARY = os.environ["TESTED_BINARY"]


class Expectations(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY, settings={"workers.count": "2", "workers.count_max": "4"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(lambda: self.server.stop())

    def sql(self, text, user="admin"):
        return self.server.sql(text, user)["rows"]

    def failure(self, text, user="admin"):
        with self.assertRaises(StatementError) as failed:
            self.sql(text, user)
        return failed.exception

    def directory_of(self, table):
        found = self.sql(f"SELECT id FROM system.tables WHERE table_name = '{table}'")
        return f"{self.server.lake}/tables/{found[0][0]}"

    def test_one_key_is_not_inserted_twice_at_the_same_time(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        self.sql("CREATE EXPECTATION one ON t EXPECT UNIQUE (id) ON VIOLATION FAIL")
        with Overlapping(self.server, "INSERT INTO t VALUES (1)") as first:
            self.sql("INSERT INTO t VALUES (1)")
        self.assertEqual(first.error["sqlstate"], "40001")
        self.assertEqual(self.sql("SELECT id FROM t"), [[1]])
        self.assertEqual(self.failure("INSERT INTO t VALUES (1)").sqlstate, "23514")

    def test_another_engine_appends_the_key_behind_the_check(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        self.sql("CREATE EXPECTATION one ON t EXPECT UNIQUE (id) ON VIOLATION FAIL")
        self.sql("CREATE TABLE other (id BIGINT)")
        self.sql("INSERT INTO other VALUES (1)")
        with Overlapping(self.server, "INSERT INTO t VALUES (1)") as first:
            # A version that says of itself that it read nothing, made past the server.
            shutil.copytree(self.directory_of("other"), self.directory_of("t"), dirs_exist_ok=True,
                            ignore=lambda _, names: [n for n in names if n.startswith("00000000000000000000")])
        self.assertIsNotNone(first.error)
        self.assertEqual(first.error["sqlstate"], "40001")
        self.assertEqual(self.sql("SELECT id FROM t"), [[1]])

    def test_without_fail_appends_go_on_side_by_side(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        self.sql("CREATE EXPECTATION one ON t EXPECT UNIQUE (id) ON VIOLATION WARN")
        self.sql("CREATE EXPECTATION more ON t CHECK (id > 0) ON VIOLATION FAIL")
        with Overlapping(self.server, "INSERT INTO t VALUES (1)") as first:
            self.sql("INSERT INTO t VALUES (1)")
        self.assertIsNone(first.error)
        self.assertEqual(self.sql("SELECT count(*) FROM t"), [[2]])

    def test_many_writers_of_few_keys(self):
        self.sql("CREATE TABLE t (id BIGINT, writer BIGINT)")
        self.sql("CREATE EXPECTATION one ON t EXPECT UNIQUE (id) ON VIOLATION FAIL")
        accepted = [[] for _ in range(4)]

        def write(writer):
            order = list(range(8))
            random.Random(writer).shuffle(order)
            for key in order:
                try:
                    self.sql(f"INSERT INTO t VALUES ({key}, {writer})")
                    accepted[writer].append(key)
                except StatementError as error:
                    if error.sqlstate not in ("23514", "40001"):
                        raise

        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = self.sql("SELECT id, writer FROM t ORDER BY id")
        self.assertEqual(sorted((key, i) for i, keys in enumerate(accepted) for key in keys), [tuple(r) for r in rows])
        self.assertEqual(len({row[0] for row in rows}), len(rows))

    def test_an_expectation_made_meanwhile_is_not_missed(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        with Overlapping(self.server, "INSERT INTO t VALUES (-1)") as first:
            self.sql("CREATE EXPECTATION positive ON t CHECK (id > 0) ON VIOLATION FAIL")
        self.assertEqual(first.error["sqlstate"], "40001")
        self.assertIn("positive", first.error["detail"])
        self.assertEqual(self.sql("SELECT count(*) FROM t"), [[0]])

    def quarantined(self):
        self.sql("CREATE TABLE q (id BIGINT)")
        self.sql("CREATE EXPECTATION positive ON q CHECK (id > 0) ON VIOLATION QUARANTINE")

    def test_a_conflict_behind_the_quarantine_does_not_double_it(self):
        self.quarantined()
        self.sql("CREATE EXPECTATION one ON q EXPECT UNIQUE (id) ON VIOLATION FAIL")
        insert = "INSERT INTO q VALUES (-1), (-2), (7)"
        with Overlapping(self.server, insert) as first:
            self.sql("INSERT INTO q VALUES (8)")
        self.assertEqual(first.error["sqlstate"], "40001")
        self.assertEqual(self.sql("SELECT count(*) FROM q_quarantine"), [[2]])
        self.sql(insert)
        self.assertEqual(self.sql("SELECT count(*) FROM q_quarantine"), [[2]])
        self.assertEqual(self.sql("SELECT id FROM q ORDER BY id"), [[7], [8]])
        self.sql("INSERT INTO q VALUES (-2), (9), (-1)")
        self.assertEqual(self.sql("SELECT count(*) FROM q_quarantine"), [[4]])

    def test_a_table_that_forgets_its_marks_loses_no_row(self):
        self.quarantined()
        self.sql("ALTER TABLE q SET TBLPROPERTIES ('delta.setTransactionRetentionDuration' = 'interval 1 millisecond', "
                 "'delta.checkpointInterval' = '1')")
        for count in (1, 2, 3):
            self.sql("INSERT INTO q VALUES (-1), (1)")
            self.assertEqual(self.sql("SELECT count(*) FROM q_quarantine"), [[count]])
            # What no process remembers is read from the checkpoint.
            self.server.stop()
            self.server.start()

    def test_kill_nine_loses_and_doubles_nothing(self):
        self.quarantined()
        insert = "INSERT INTO q SELECT CASE WHEN i % 10 = 0 THEN -i - 1 ELSE i END FROM range(20000) r(i)"
        runs = 0
        for wait in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3):
            done = threading.Event()

            def write():
                try:
                    self.sql(insert)
                except Exception:  # The server dies under it: what matters is what is there afterwards.
                    pass
                done.set()

            thread = threading.Thread(target=write)
            thread.start()
            done.wait(wait)
            self.server.stop(signal.SIGKILL)
            thread.join()
            self.server.start()
            [[good]] = self.sql("SELECT count(*) FROM q")
            [[bad]] = self.sql("SELECT count(*) FROM q_quarantine")
            self.assertEqual((good % 18000, bad % 2000), (0, 0))
            # Set aside first: never behind the table, and never more than the one run ahead that was cut short.
            runs = good // 18000
            self.assertIn(bad // 2000, (runs, runs + 1))
        self.sql(insert)
        self.assertEqual(self.sql("SELECT count(*) FROM q"), [[(runs + 1) * 18000]])
        self.assertEqual(self.sql("SELECT count(*) FROM q_quarantine"), [[(runs + 1) * 2000]])

    def test_two_that_drop_what_is_there_do_not_bring_a_key_twice(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        self.sql("CREATE EXPECTATION one ON t EXPECT UNIQUE (id) ON VIOLATION DROP")
        with Overlapping(self.server, "INSERT INTO t VALUES (1), (2)") as first:
            self.sql("INSERT INTO t VALUES (1)")
        self.assertEqual(first.error["sqlstate"], "40001")
        self.sql("INSERT INTO t VALUES (1), (2)")
        self.assertEqual(self.sql("SELECT id FROM t ORDER BY id"), [[1], [2]])

    def test_keys_of_loads_and_promotions(self):
        """What a load leaves out it counts, and sets aside once however often it is run."""
        self.sql("CREATE TABLE s (id BIGINT, v BIGINT)")
        self.sql("CREATE TABLE known (id BIGINT)")
        self.sql("INSERT INTO known VALUES (1), (2), (3)")
        self.sql("CREATE EXPECTATION one ON s EXPECT UNIQUE (id) ON VIOLATION DROP")
        self.sql("CREATE EXPECTATION known ON s EXPECT FOREIGN KEY (id) REFERENCES known (id) ON VIOLATION QUARANTINE")
        for name, body in (("a", b"id,v\n1,1\n1,0\n9,1\n"), ("b", b"id,v\n1,5\n2,5\n8,5\n")):
            self.server.request("PUT", f"/v1/uploads/{name}.csv", body, self.server.admin_token)
            load = named(self.server.sql(f"COPY INTO s FROM 'upload://{name}.csv' FILEFORMAT = CSV"))[0]
            self.assertEqual((load["rows_loaded"], load["rows_skipped"], load["rows_quarantined"]), (1, 1, 1), load)
        self.assertEqual(self.sql("SELECT id, v FROM s ORDER BY id"), [[1, 0], [2, 5]])
        self.assertEqual(self.sql("SELECT row_data FROM s_quarantine ORDER BY row_data"),
                         [['{"id":8,"v":5}'], ['{"id":9,"v":1}']])
        self.sql("CREATE TABLE raw (id BIGINT, v BIGINT)")
        self.sql("INSERT INTO raw VALUES (3, 3), (3, 4), (2, 2), (7, 7)")
        self.sql("PROMOTE FROM raw INTO s AS SELECT id, v FROM source")
        self.assertEqual(self.sql("SELECT id, v FROM s ORDER BY id"), [[1, 0], [2, 5], [3, 3]])

    def test_fsck_mends_what_fails(self):
        """Rows that are gone are gone: refused, nobody could read the table any more."""
        self.sql("CREATE TABLE t (id BIGINT)")
        self.sql("INSERT INTO t VALUES (1)")
        before = set(pathlib.Path(self.directory_of("t")).glob("*.parquet"))
        self.sql("INSERT INTO t VALUES (2)")
        self.sql("CREATE EXPECTATION filled ON t EXPECT ROW COUNT BETWEEN 2 AND 9 ON VIOLATION FAIL")
        self.sql("CREATE EXPECTATION one ON t EXPECT UNIQUE (id) ON VIOLATION FAIL")
        lost, = set(pathlib.Path(self.directory_of("t")).glob("*.parquet")) - before
        lost.unlink()
        self.assertEqual(len(self.sql("FSCK REPAIR TABLE t")), 1)
        self.assertEqual(self.sql("SELECT id FROM t"), [[1]])
        results = self.sql("SELECT expectation, version, violations FROM system.expectation_results WHERE version = 3 "
                           "ORDER BY expectation")
        self.assertEqual(results, [["filled", 3, 1], ["one", 3, 0]])
        self.assertEqual(self.failure("DELETE FROM t").sqlstate, "23514")

    def test_loads_and_promotions_are_checked(self):
        self.sql("CREATE SCHEMA IF NOT EXISTS bronze")
        self.sql("CREATE TABLE bronze.t (id BIGINT, v STRING)")
        self.sql("CREATE TABLE main.clean (id BIGINT, v STRING)")
        self.sql("CREATE EXPECTATION positive ON bronze.t CHECK (id > 0) ON VIOLATION QUARANTINE")
        self.sql("CREATE EXPECTATION named ON bronze.t EXPECT v NOT NULL ON VIOLATION DROP")
        self.sql("CREATE EXPECTATION short ON clean CHECK (length(v) < 3) ON VIOLATION FAIL")

        def load(name, content):
            self.server.request("PUT", f"/v1/uploads/{name}", content.encode(), self.server.admin_token)
            answer = self.server.sql(f"COPY INTO bronze.t FROM 'upload://{name}' FILEFORMAT = CSV")
            report = dict(zip([column["name"] for column in answer["columns"]], answer["rows"][0]))
            return [report[n] for n in ("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_skipped")]

        self.assertEqual(load("a.csv", "id,v\n1,a\n-1,b\n2,\n3,c\n"), [4, 2, 1, 0, 1])
        # With a row that is no row of the table, it goes the careful way.
        self.assertEqual(load("b.csv", "id,v\nx,a\n-1,b\n2,\n4,ccc\n"), [4, 1, 2, 0, 1])
        self.assertEqual(self.sql("SELECT count(*) FROM bronze.t_quarantine"), [[2]])
        self.assertEqual(self.sql("SELECT count(*) FROM bronze.t__quarantine"), [[1]])
        promote = "PROMOTE FROM bronze.t INTO main.clean AS SELECT id, v FROM source"
        error = self.failure(promote)
        self.assertEqual(error.sqlstate, "23514")
        self.assertIn("violations: 1", str(error))
        self.sql("DROP EXPECTATION short ON clean")
        self.sql(promote)
        self.assertEqual(self.sql("SELECT count(*) FROM clean"), [[3]])

    def test_a_server_that_died_knows_them_afterwards(self):
        self.quarantined()
        self.sql("INSERT INTO q VALUES (-1), (1)")
        names = self.sql("SHOW EXPECTATIONS")
        results = self.sql("SELECT * FROM system.expectation_results")
        self.assertEqual(len(results), 1)
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.assertEqual(self.sql("SHOW EXPECTATIONS"), names)
        self.assertEqual(self.sql("SELECT * FROM system.expectation_results"), results)


if __name__ == "__main__":
    unittest.main()
