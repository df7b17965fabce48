"""Statements that delete files, meet files that are gone, or take over files that are there."""
import glob
import json
import os
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

from server import Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]


class Maintenance(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)

    def location(self, table):
        return pathlib.Path(named(self.server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"])

    def files(self, table):
        root = self.location(table)
        return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                      if path.is_file() and "_delta_log" not in path.parts)

    def test_vacuum_deletes_what_no_version_of_the_time_needs(self):
        sql = self.server.sql
        sql("CREATE TABLE t (id BIGINT, p VARCHAR) PARTITIONED BY (p)")
        sql("INSERT INTO t SELECT i, 'x' FROM range(10) r(i)")
        sql("INSERT INTO t SELECT i, 'y' FROM range(10) r(i)")
        sql("DELETE FROM t WHERE id = 3")
        sql("DELETE FROM t WHERE id = 4")
        sql("DELETE FROM t WHERE p = 'y'")
        root = self.location("t")
        for foreign in ("foreign.txt", "p=x/foreign.parquet", "_hidden", ".secret"):
            (root / foreign).write_text("x")
        (root / "other" / "_delta_log").mkdir(parents=True)
        (root / "other" / "_delta_log" / "00000000000000000000.json").write_text("{}")
        (root / "other" / "data").write_text("x")
        before = self.files("t")
        dry = named(sql("VACUUM t RETAIN 0 HOURS DRY RUN"))
        self.assertEqual(before, self.files("t"))
        self.assertTrue(all(row["files_to_delete"] == len(dry) for row in dry))
        answer = named(sql("VACUUM t RETAIN 0 HOURS"))[0]
        self.assertEqual(answer["files_deleted"], len(dry))
        gone = set(before) - set(self.files("t"))
        self.assertEqual(gone, {str(pathlib.Path(row["path"]).relative_to(root)) for row in dry})
        self.assertIn("foreign.txt", gone)
        self.assertIn("p=x/foreign.parquet", gone)
        self.assertIn("_hidden", self.files("t"))
        self.assertIn("other/data", self.files("t"))
        self.assertEqual(rows(sql("SELECT count(*), sum(id)::BIGINT FROM t")), [(8, 38)])
        # An older version is not whole any more, and RESTORE says so before it does anything.
        version = named(sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"]
        with self.assertRaises(StatementError) as failed:
            sql("RESTORE t TO VERSION AS OF 2")
        self.assertEqual(failed.exception.sqlstate, "02000")
        self.assertIn("part-", str(failed.exception))
        self.assertEqual(named(sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"], version)

    def test_vacuum_lite_leaves_what_the_log_does_not_know(self):
        sql = self.server.sql
        sql("CREATE TABLE t AS SELECT 1 AS id")
        sql("CREATE OR REPLACE TABLE t AS SELECT 2 AS id")
        orphan = self.location("t") / "orphan.parquet"
        orphan.write_text("x")
        self.assertEqual(named(sql("VACUUM t LITE RETAIN 0 HOURS"))[0]["files_deleted"], 1)
        self.assertTrue(orphan.exists())
        self.assertEqual(named(sql("VACUUM t RETAIN 0 HOURS"))[0]["files_deleted"], 1)
        self.assertFalse(orphan.exists())
        self.assertEqual(rows(sql("SELECT id FROM t")), [(2,)])

    def test_vacuum_stays_in_the_table(self):
        """A link to a directory elsewhere is not followed."""
        self.server.sql("CREATE TABLE t AS SELECT 1 AS id")
        elsewhere = tempfile.mkdtemp(prefix="neurolake-elsewhere-")
        self.addCleanup(shutil.rmtree, elsewhere)
        pathlib.Path(elsewhere, "precious").write_text("x")
        os.symlink(elsewhere, self.location("t") / "link")
        self.server.sql("VACUUM t RETAIN 0 HOURS")
        self.assertTrue(pathlib.Path(elsewhere, "precious").exists())

    def test_fsck_takes_out_what_is_gone(self):
        sql = self.server.sql
        sql("CREATE TABLE t AS SELECT range AS id FROM range(10)")
        sql("INSERT INTO t SELECT range FROM range(10, 20)")
        sql("DELETE FROM t WHERE id = 15")
        root = self.location("t")
        first = json.loads((root / "_delta_log" / "00000000000000000000.json").read_text().splitlines()[-1])
        lost = first["add"]["path"]
        (root / lost).unlink()
        with self.assertRaises(StatementError):
            sql("SELECT sum(id) FROM t")
        expected = [{"path": lost, "data_file_missing": True, "deletion_vector_missing": False, "removed": False}]
        self.assertEqual(named(sql("FSCK REPAIR TABLE t DRY RUN")), expected)
        expected[0]["removed"] = True
        self.assertEqual(named(sql("FSCK REPAIR TABLE t")), expected)
        self.assertEqual(named(sql("FSCK REPAIR TABLE t")), [])
        self.assertEqual(rows(sql("SELECT count(*), sum(id)::BIGINT FROM t")), [(9, 130)])
        for vector in glob.glob(str(root / "**/deletion_vector_*"), recursive=True):
            os.unlink(vector)
        answer = named(sql("FSCK REPAIR TABLE t"))
        self.assertEqual([(row["deletion_vector_missing"], row["removed"]) for row in answer], [(True, False)])

    def test_optimize_while_others_append(self):
        sql = self.server.sql
        sql("CREATE TABLE t (id BIGINT)")
        for i in range(8):
            sql(f"INSERT INTO t SELECT range FROM range({i * 1000}, {i * 1000 + 1000})")
        failures, done = [], threading.Event()

        def append():
            for i in range(8, 20):
                try:
                    sql(f"INSERT INTO t SELECT range FROM range({i * 1000}, {i * 1000 + 1000})")
                except StatementError as error:
                    failures.append(error)
            done.set()

        writer = threading.Thread(target=append)
        writer.start()
        while not done.is_set():
            sql("OPTIMIZE t")
        writer.join()
        sql("OPTIMIZE t")
        self.assertEqual(failures, [])
        self.assertEqual(rows(sql("SELECT count(*), count(DISTINCT id), sum(id)::BIGINT FROM t")), [(20000, 20000, 199990000)])
        self.assertEqual(named(sql("DESCRIBE DETAIL t"))[0]["numFiles"], 1)

    def test_auto_compaction(self):
        sql = self.server.sql
        sql("CREATE TABLE t (id BIGINT) TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true')")
        sql("CREATE TABLE plain (id BIGINT)")
        for i in range(51):
            sql(f"INSERT INTO t VALUES ({i})")
        for i in range(3):
            sql(f"INSERT INTO plain VALUES ({i})")
        self.assertLess(named(sql("DESCRIBE DETAIL t"))[0]["numFiles"], 10)
        self.assertEqual(named(sql("DESCRIBE DETAIL plain"))[0]["numFiles"], 3)
        self.assertEqual(rows(sql("SELECT count(*), sum(id)::BIGINT FROM t")), [(51, 1275)])
        self.assertIn("OPTIMIZE", [row["operation"] for row in named(sql("DESCRIBE HISTORY t"))])

    def test_zorder_prunes_files(self):
        sql = self.server.sql
        sql("CREATE TABLE z (a BIGINT, b BIGINT, c DOUBLE) TBLPROPERTIES ('delta.targetFileSize' = '100kb')")
        sql("INSERT INTO z SELECT hash(i) % 100000, hash(i + 1) % 100000, CASE WHEN i % 3 = 0 THEN 0 ELSE random() END "
            "FROM range(300000) r(i)")
        before = rows(sql("SELECT count(*), sum(a), sum(b) FROM z"))
        sql("OPTIMIZE z ZORDER BY (a, b)")
        self.assertEqual(rows(sql("SELECT count(*), sum(a), sum(b) FROM z")), before)
        total = named(sql("DESCRIBE DETAIL z"))[0]["numFiles"]
        self.assertGreater(total, 15)
        for column in ("a", "b"):
            plan = "\n".join(row[0] for row in rows(sql(
                f"EXPLAIN ANALYZE SELECT count(*) FROM z WHERE {column} BETWEEN 500 AND 600")))
            kept = int(plan.split("files read")[1].split(" of ")[0])
            self.assertLess(kept, total * 0.45, plan)

    def test_any_of_three_columns_skips_what_boxes_allow(self):
        """64 files are four ranges by four by four: a narrow range on any column meets two of the four at most."""
        sql = self.server.sql
        for table, clause, statement in (("z", "", "OPTIMIZE z ZORDER BY (a, b, c)"),
                                         ("h", "CLUSTER BY (a, b, c)", "OPTIMIZE h FULL")):
            sql(f"CREATE TABLE {table} (a INTEGER, b TIMESTAMP, c DOUBLE, id BIGINT) {clause}")
            sql(f"INSERT INTO {table} SELECT (hash(i) % 100000)::INTEGER, TIMESTAMP '2024-01-01' + "
                "to_seconds((hash(i + 1) % 100000)::BIGINT), (hash(i + 2) % 100000) / 2.0, i FROM range(400000) r(i)")
            size = named(sql(f"DESCRIBE DETAIL {table}"))[0]["sizeInBytes"]
            sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.targetFileSize' = '{size // 64}')")
            sql(statement)
            self.assertEqual(rows(sql(f"SELECT count(*), count(DISTINCT id), sum(id)::BIGINT FROM {table}")),
                             [(400000, 400000, 400000 * 399999 // 2)])
            total = named(sql(f"DESCRIBE DETAIL {table}"))[0]["numFiles"]
            self.assertGreaterEqual(total, 56)
            for predicate in ("a BETWEEN 30100 AND 30200", "c BETWEEN 15050 AND 15100",
                              "b BETWEEN TIMESTAMP '2024-01-01 08:00:00' AND TIMESTAMP '2024-01-01 08:01:00'"):
                plan = "\n".join(row[0] for row in rows(sql(
                    f"EXPLAIN ANALYZE SELECT count(*), sum(id) FROM {table} WHERE {predicate}")))
                read = int(plan.split("files read")[1].split(" of ")[0])
                self.assertLessEqual(read, total * 0.55, f"{table} {predicate}\n{plan}")

    def test_ranges_of_doubles_do_not_lose_nan(self):
        """NaN is above every number and in no statistics: only a range with an upper end may skip by them."""
        sql = self.server.sql
        sql("CREATE TABLE d (x DOUBLE)")
        for value in ("1.0", "5.0", "'nan'::DOUBLE"):
            sql(f"INSERT INTO d VALUES ({value}), (2.0)")
        self.assertEqual(rows(sql("SELECT count(*) FROM d WHERE x > 4")), [(2,)])
        self.assertEqual(rows(sql("SELECT count(*) FROM d WHERE x > 4 AND x <= 'nan'::DOUBLE")), [(2,)])
        self.assertEqual(rows(sql("SELECT count(*) FROM d WHERE x >= 4 AND x < 10")), [(1,)])
        plan = "\n".join(row[0] for row in rows(sql("EXPLAIN ANALYZE SELECT sum(x) FROM d WHERE x BETWEEN 4 AND 10")))
        self.assertIn("of 3", plan)
        self.assertLessEqual(int(plan.split("files read")[1].split(" of ")[0]), 2, plan)

    def test_convert_parquet(self):
        sql = self.server.sql
        place = tempfile.mkdtemp(prefix="neurolake-convert-")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        sql(f"CREATE EXTERNAL LOCATION here URL '{place}' WITH (REGISTER = TRUE)")
        data = pathlib.Path(place, "Events")
        sql("CREATE TABLE source AS SELECT range AS id, 'n' || range AS name, {'x': range} AS st FROM range(10)")
        parquet, = self.location("source").glob("*.parquet")
        for day in ("2024-01-01", "2024-01-02"):
            (data / f"day={day}").mkdir(parents=True)
            shutil.copy(parquet, data / f"day={day}" / "part.parquet")
        with self.assertRaises(StatementError) as failed:
            sql(f"CONVERT TO DELTA parquet.`{data}`")
        self.assertIn("PARTITIONED BY", str(failed.exception))
        with self.assertRaises(StatementError) as failed:
            sql(f"CONVERT TO DELTA parquet.`{data}` PARTITIONED BY (day DATE)", user="writer")
        self.assertEqual(failed.exception.sqlstate, "42501")
        with self.assertRaises(StatementError) as failed:
            sql("CONVERT TO DELTA parquet.`/etc` AS nothing")
        self.assertEqual(failed.exception.sqlstate, "42501")
        answer = named(sql(f"CONVERT TO DELTA parquet.`{data}` PARTITIONED BY (day DATE)"))[0]
        self.assertEqual((answer["table_name"], answer["files"]), ("main.events", 2))
        self.assertEqual(rows(sql("SELECT count(*), sum(id)::BIGINT, min(day)::VARCHAR, max(st.x) FROM events")),
                         [(20, 90, "2024-01-01", 9)])
        plan = "\n".join(row[0] for row in rows(sql("EXPLAIN SELECT * FROM events WHERE day = '2024-01-02'")))
        self.assertIn("1 of 2", plan)
        sql("DELETE FROM events WHERE id = 3")
        self.assertEqual(rows(sql("SELECT count(*) FROM events")), [(18,)])
        with self.assertRaises(StatementError):
            sql(f"CONVERT TO DELTA parquet.`{data}` PARTITIONED BY (day DATE) AS again")

    def test_undrop_ends(self):
        self.server.stop()
        server = Server(BINARY, lake=self.server.lake, settings={"undrop.keep": "1s"})
        server.admin_token = self.server.admin_token
        server.tokens = self.server.tokens
        server.start()
        self.addCleanup(server.stop)
        server.sql("CREATE TABLE t AS SELECT 1 AS id")
        location = pathlib.Path(named(server.sql("DESCRIBE DETAIL t"))[0]["location"])
        server.sql("DROP TABLE t")
        self.assertTrue(location.exists())
        deadline = time.monotonic() + 60
        while location.exists() and time.monotonic() < deadline:
            server.sql("SELECT 1")
        self.assertFalse(location.exists())
        with self.assertRaises(StatementError) as failed:
            server.sql("UNDROP TABLE t")
        self.assertEqual(failed.exception.sqlstate, "42P01")


if __name__ == "__main__":
    unittest.main()
