"""Shallow clones: what VACUUM and DROP leave to them, and what nobody reads by them."""
import json
import os
import pathlib
import shutil
import tempfile
import threading
import unittest

from server import Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]


class ShallowClones(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)

    def directory(self, prefix):
        path = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def location(self, table):
        return pathlib.Path(named(self.server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"])

    def parquet(self, table):
        return sorted(self.location(table).glob("*.parquet"))

    def refused(self, statement, sqlstate, user="admin"):
        with self.assertRaises(StatementError) as failed:
            self.server.sql(statement, user=user)
        self.assertEqual(failed.exception.sqlstate, sqlstate, str(failed.exception))

    def source(self):
        self.server.sql("CREATE TABLE s (id BIGINT)")
        for start in (0, 10, 20):
            self.server.sql(f"INSERT INTO s SELECT i FROM range({start}, {start + 10}) r(i)")
        self.server.sql("DELETE FROM s WHERE id = 5")

    def test_nothing_is_copied_and_the_log_names_the_source(self):
        self.source()
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        self.assertEqual(self.parquet("c"), [])
        log = (self.location("c") / "_delta_log" / f"{0:020}.json").read_text().splitlines()
        adds = [json.loads(line)["add"] for line in log if "\"add\"" in line]
        self.assertEqual(len(adds), 3)
        for add in adds:
            self.assertTrue(add["path"].startswith(f"file://{self.location('s')}/"), add["path"])
        vectors = [add["deletionVector"]["storageType"] for add in adds if "deletionVector" in add]
        self.assertEqual(vectors, ["p"])

    def test_vacuum_of_the_source_keeps_what_clones_have(self):
        self.source()
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        self.server.sql("CREATE TABLE cc SHALLOW CLONE c")
        self.server.sql("DROP TABLE c")  # It may come back, and cc has its files by itself.
        before = set(self.parquet("s"))
        self.server.sql("INSERT OVERWRITE s SELECT 1 AS id")
        self.server.sql("INSERT OVERWRITE s SELECT 2 AS id")
        for mode in ("", "LITE"):
            self.server.sql(f"VACUUM s {mode} RETAIN 0 HOURS")
            self.assertTrue(before <= set(self.parquet("s")), "files of clones")
        self.assertEqual(len(self.parquet("s")), len(before) + 1, "what no clone has is gone")
        self.server.sql("UNDROP TABLE c")
        for clone in ("c", "cc"):
            self.assertEqual(rows(self.server.sql(f"SELECT count(*), sum(id)::BIGINT FROM {clone}")), [(29, 430)])

    def test_without_clones_the_same_files_go(self):
        self.source()
        self.server.sql("INSERT OVERWRITE s SELECT 1 AS id")
        self.server.sql("VACUUM s RETAIN 0 HOURS")
        self.assertEqual(len(self.parquet("s")), 1)

    def test_vacuum_of_the_clone_touches_nothing_of_the_source(self):
        self.source()
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        self.server.sql("UPDATE c SET id = id + 100")
        self.server.sql("OPTIMIZE c")
        before = [path for path in self.location("s").rglob("*") if path.is_file()]
        self.server.sql("VACUUM c RETAIN 0 HOURS")
        self.server.sql("VACUUM c LITE RETAIN 0 HOURS")
        self.assertTrue(all(path.exists() for path in before))
        self.assertEqual(rows(self.server.sql("SELECT count(*), sum(id)::BIGINT FROM c")), [(29, 430 + 2900)])
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM s")), [(29,)])
        self.server.sql("RESTORE c TO VERSION AS OF 0")
        self.assertEqual(rows(self.server.sql("SELECT sum(id)::BIGINT FROM c")), [(430,)])

    def test_a_table_at_a_location_is_a_source_and_stays_one_when_it_is_dropped(self):
        place = self.directory("neurolake-place-")
        self.server.sql(f"CREATE EXTERNAL LOCATION here URL '{place}' WITH (REGISTER = TRUE)")
        self.server.sql(f"CREATE TABLE e WITH (location = '{place}/e') AS SELECT i AS id FROM range(5) r(i)")
        self.server.sql("CREATE TABLE c SHALLOW CLONE e")
        self.server.sql("DROP TABLE e")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c")), [(5,)])

    def test_a_lake_that_was_moved_still_has_its_clones(self):
        self.source()
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        self.server.stop()
        moved = self.directory("neurolake-moved-") / "lake"
        shutil.move(self.server.lake, moved)
        other = Server(BINARY, lake=str(moved)).start()
        self.addCleanup(other.stop)
        other.tokens = self.server.tokens if hasattr(self.server, "tokens") else None
        self.assertEqual(rows(other.sql("SELECT count(*), sum(id)::BIGINT FROM c")), [(29, 430)])
        other.sql("CREATE TABLE cc SHALLOW CLONE c")
        other.sql("DELETE FROM cc WHERE id < 10")
        self.assertEqual(rows(other.sql("SELECT count(*) FROM cc")), [(20,)])

    def test_a_log_that_somebody_else_writes_is_no_way_to_other_tables(self):
        self.source()
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        place = self.directory("neurolake-place-")
        self.server.sql(f"CREATE EXTERNAL LOCATION here URL '{place}' WITH (REGISTER = TRUE)")
        stolen, = self.parquet("s")[:1]
        for number, path in enumerate((f"file://{stolen}", str(stolen), f"file:{stolen}", f"../../{stolen}")):
            name = f"evil{number}"
            self.server.sql(f"CREATE TABLE {name} WITH (location = '{place}/{name}') AS SELECT 0::BIGINT AS id")
            add = {"path": path, "partitionValues": {}, "size": stolen.stat().st_size, "modificationTime": 1,
                   "dataChange": True}
            (place / name / "_delta_log" / f"{1:020}.json").write_text(
                json.dumps({"commitInfo": {"operation": "WRITE", "timestamp": 1}}) + "\n" + json.dumps({"add": add}) + "\n")
            for statement in (f"SELECT * FROM {name}", f"CREATE TABLE x SHALLOW CLONE {name}",
                              f"CREATE TABLE x DEEP CLONE {name}", f"DELETE FROM {name} WHERE id = 1",
                              f"VACUUM {name} RETAIN 0 HOURS"):
                self.refused(statement, "42501")
        self.assertTrue(stolen.exists())

    def test_who_may_only_read_or_write_makes_no_clone(self):
        self.source()
        for user in ("reader", "writer"):
            self.refused("CREATE TABLE c SHALLOW CLONE s", "42501", user=user)
        self.server.sql("CREATE TABLE c SHALLOW CLONE s", user="engineer")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c", user="reader")), [(29,)])

    def test_files_that_are_gone_are_told_of(self):
        self.source()
        self.server.sql("INSERT OVERWRITE s SELECT 1 AS id")
        self.server.sql("VACUUM s RETAIN 0 HOURS")
        self.refused("CREATE TABLE c SHALLOW CLONE s VERSION AS OF 2", "02000")
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        # Whatever somebody deletes past us: the clone says so, and FSCK takes it out of the log.
        for path in self.parquet("s"):
            path.unlink()
        with self.assertRaises(StatementError):
            self.server.sql("SELECT * FROM c")
        self.assertEqual(len(named(self.server.sql("FSCK REPAIR TABLE c"))), 1)
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c")), [(0,)])

    def test_vacuum_refuses_where_the_list_of_a_clone_is_gone(self):
        self.source()
        before = set(self.parquet("s"))
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        self.server.sql("INSERT OVERWRITE s SELECT 1 AS id")
        lists, aside = self.location("c") / "_shallow_clone", self.location("c") / "_aside"
        lists.rename(aside)
        for statement in ("VACUUM s RETAIN 0 HOURS", "VACUUM s LITE RETAIN 0 HOURS", "VACUUM s DRY RUN"):
            with self.assertRaises(StatementError) as failed:
                self.server.sql(statement)
            self.assertIn("main.c", str(failed.exception))
        self.assertTrue(before <= set(self.parquet("s")))
        aside.rename(lists)
        self.server.sql("VACUUM s RETAIN 0 HOURS")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c")), [(29,)])
        # A table that is no clone any more needs nothing of others.
        self.server.sql("CREATE OR REPLACE TABLE c AS SELECT 7 AS id")
        shutil.rmtree(lists)
        self.server.sql("VACUUM s RETAIN 0 HOURS")
        self.assertEqual(len(self.parquet("s")), 1)

    def test_a_clone_made_anew_after_its_list_was_lost_is_kept_for(self):
        self.source()
        self.server.sql("CREATE TABLE c SHALLOW CLONE s")
        shutil.rmtree(self.location("c") / "_shallow_clone")
        self.server.sql("CREATE OR REPLACE TABLE c SHALLOW CLONE s")
        self.server.sql("INSERT OVERWRITE s SELECT 1 AS id")
        self.server.sql("VACUUM s RETAIN 0 HOURS")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c")), [(29,)])
        self.server.sql("DELETE FROM c WHERE id = (SELECT max(id) FROM c)")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c")), [(28,)])

    def test_a_clone_made_beside_overwrites_and_vacuums_is_whole_or_refused(self):
        self.source()
        done, failures = threading.Event(), []

        def sweep():
            try:
                number = 0
                while not done.is_set():
                    number += 1
                    self.server.sql(f"INSERT OVERWRITE s SELECT {number} AS id")
                    self.server.sql("VACUUM s RETAIN 0 HOURS")
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            for number in range(20):
                try:
                    self.server.sql(f"CREATE TABLE c{number} SHALLOW CLONE s")
                except StatementError as error:
                    # Files of it are gone, or a VACUUM goes on that may take some.
                    self.assertIn(error.sqlstate, ("02000", "40001"), str(error))
                    continue
                self.assertIn(len(rows(self.server.sql(f"SELECT id FROM c{number}"))), (1, 29))
        finally:
            done.set()
            sweeper.join()
        self.assertEqual(failures, [])
        self.server.sql("CREATE TABLE last SHALLOW CLONE s")
        self.assertEqual(len(rows(self.server.sql("SELECT id FROM last"))), 1)


if __name__ == "__main__":
    unittest.main()
