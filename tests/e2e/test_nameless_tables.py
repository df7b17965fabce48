"""A table whose first version is in the log when the catalogue refuses its name."""
import os
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
ROWS = "SELECT i AS id FROM range(1000) r(i)"


class NamelessTables(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY, settings={"log_level": "error"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="neurolake-nameless-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.server.sql(f"CREATE EXTERNAL LOCATION place URL '{self.place}' WITH (REGISTER = TRUE)")

    def catalogue(self, statement):
        """What an administrator's hand in the metadata store does."""
        with sqlite3.connect(self.server.lake + "/metastore.db", timeout=30) as database:
            database.execute(statement)
        database.close()

    def without_names(self, statement):
        """The error of a statement that makes a table, while the catalogue takes none."""
        self.catalogue("CREATE TRIGGER no_names BEFORE INSERT ON relations BEGIN SELECT RAISE(ABORT, 'no'); END")
        try:
            with self.assertRaises(StatementError) as failed:
                self.server.sql(statement)
        finally:
            self.catalogue("DROP TRIGGER no_names")
        return failed.exception.problem

    def files(self, folder):
        return sorted(path.name for path in pathlib.Path(folder).rglob("*") if path.is_file())

    def count(self, table):
        return self.server.sql(f"SELECT count(*), count(DISTINCT id) FROM {table}")["rows"]

    def test_at_a_location_it_stays_whole_and_gets_its_name_later(self):
        problem = self.without_names(f"CREATE TABLE t LOCATION '{self.place}/t' AS {ROWS}")
        self.assertEqual(problem["code"], "CommitUnknown")
        self.assertIn("was written to its LOCATION, but did not get its name", problem["detail"])
        with self.assertRaises(StatementError) as failed:
            self.count("t")
        self.assertEqual(failed.exception.problem["code"], "NotFound")
        self.server.sql(f"CREATE TABLE t LOCATION '{self.place}/t'")
        self.assertEqual(self.count("t"), [[1000, 1000]])
        self.assertEqual(self.server.sql("FSCK REPAIR TABLE t DRY RUN")["rows"], [])
        self.server.sql("INSERT INTO t VALUES (1000)")
        self.assertEqual(self.count("t"), [[1001, 1001]])

    def test_a_clone_at_a_location_too(self):
        self.server.sql(f"CREATE TABLE source AS {ROWS}")
        problem = self.without_names(f"CREATE TABLE t CLONE source LOCATION '{self.place}/t'")
        self.assertEqual(problem["code"], "CommitUnknown")
        self.server.sql(f"CREATE TABLE t LOCATION '{self.place}/t'")
        self.assertEqual(self.count("t"), [[1000, 1000]])

    def test_in_the_lake_nothing_of_it_is_left(self):
        self.server.sql(f"CREATE TABLE source AS {ROWS}")
        tables = self.server.lake + "/tables"
        before = self.files(tables)
        for statement in (f"CREATE TABLE t AS {ROWS}", "CREATE TABLE t (id BIGINT)", "CREATE TABLE t CLONE source"):
            problem = self.without_names(statement)
            self.assertNotIn(problem["code"], ("CommitUnknown", "Internal"), problem)
            self.assertEqual(self.files(tables), before, statement)
        self.server.sql(f"CREATE TABLE t AS {ROWS}")
        self.assertEqual(self.count("t"), [[1000, 1000]])

    def everything(self):
        return sorted(str(path) for path in self.place.rglob("*"))

    def test_among_the_files_of_another_table_nothing_is_written(self):
        self.server.sql(f"CREATE TABLE source AS {ROWS}")
        self.server.sql(f"CREATE TABLE first LOCATION '{self.place}/above/t' AS {ROWS}")
        before = self.everything()
        for taken in ("above/t", "above/t/sub", "above/t/sub/deeper", "above"):
            place = f"LOCATION '{self.place}/{taken}'"
            for statement in (f"CREATE TABLE t (a INTEGER) {place}", f"CREATE TABLE t {place} AS {ROWS}",
                              f"CREATE TABLE t {place}", f"CREATE TABLE t CLONE source {place}",
                              f"CONVERT TO DELTA parquet.`{self.place}/{taken}`"):
                with self.subTest(statement), self.assertRaises(StatementError) as failed:
                    self.server.sql(statement)
                self.assertEqual(failed.exception.sqlstate, "22023", (statement, failed.exception.problem))
                self.assertIn("overlaps", failed.exception.problem["detail"])
                self.assertEqual(self.everything(), before, statement)
        # Beside it there is room.
        self.server.sql(f"CREATE TABLE t LOCATION '{self.place}/above/t2' AS {ROWS}")
        self.assertEqual(self.count("t"), [[1000, 1000]])

    def test_where_there_is_nothing_to_register_nothing_is_made(self):
        with self.assertRaises(StatementError) as failed:
            self.server.sql(f"CREATE TABLE t LOCATION '{self.place}/absent/t'")
        self.assertEqual(failed.exception.sqlstate, "42P01")
        self.assertEqual(self.everything(), [])
        self.server.sql(f"CREATE TABLE t (id BIGINT) LOCATION '{self.place}/absent/t'")
        self.assertEqual(self.count("t"), [[0, 0]])

    def test_a_registration_without_a_name_changes_nothing(self):
        self.server.sql(f"CREATE TABLE first LOCATION '{self.place}/t' AS {ROWS}")
        before = self.files(self.place)
        problem = self.without_names(f"CREATE TABLE t LOCATION '{self.place}/t'")
        self.assertNotEqual(problem["code"], "CommitUnknown", problem)
        self.assertEqual(self.files(self.place), before)
        self.assertEqual(self.count("first"), [[1000, 1000]])


if __name__ == "__main__":
    unittest.main()
