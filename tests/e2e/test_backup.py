"""Backup and restore on both metadata stores: what came back is what was there, damaged files are refused, and the table
versions that a copy matches are said."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from postgres import Postgres

BINARY = os.environ["TESTED_BINARY"]


class BackupAndRestore:
    """The cases; a subclass says where the metadata store is."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-backup-")
        self.lake = self.folder + "/lake"
        self.copy = self.folder + "/copy.backup"
        self.store = self.new_store()
        self.sql("CREATE TABLE silver.t AS SELECT 1 AS id; CREATE VIEW silver.v AS SELECT id + 1 AS next FROM silver.t")
        self.sql("INSERT INTO silver.t VALUES (2)")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_cli(self, *arguments, store=None):
        return subprocess.run([BINARY, "--lake", self.lake, *(store or self.store), *arguments], capture_output=True,
                              text=True, timeout=120)

    def sql(self, text, code=0):
        result = self.run_cli("--format", "csv", "sql", "-c", text)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout.split()

    def backup(self):
        result = self.run_cli("backup", self.copy)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("silver.t version 1\n", result.stdout)

    def restore(self, *more, code=0, store=None):
        result = self.run_cli("restore", self.copy, *more, store=store)
        self.assertEqual(result.returncode, code, result.stderr + result.stdout)
        return result.stdout + result.stderr

    def test_what_was_lost_comes_back(self):
        token = self.run_cli("token", "create", "ada", "--role", "reader").stdout
        self.assertRegex(token, "^nl_")
        self.backup()
        self.sql("DROP VIEW silver.v; DROP TABLE silver.t; CREATE TABLE silver.later AS SELECT 1 AS id")
        shown = self.restore("--force")
        self.assertRegex(shown, r"silver\.t version 1\n|silver\.t version 1: ")
        self.assertEqual(self.sql("SELECT table_name FROM system.tables"), ["table_name", "t"])
        self.assertEqual(self.sql("SELECT max(next) AS next FROM silver.v"), ["next", "3"])
        self.assertIn("ada", " ".join(self.sql("SELECT principal FROM system.tokens")))

    def test_expectations_and_their_results_come_back(self):
        self.sql("CREATE EXPECTATION positive ON silver.t CHECK (id > 0) ON VIOLATION FAIL")
        self.sql("INSERT INTO silver.t VALUES (-3)", code=1)
        self.assertEqual(self.run_cli("backup", self.copy).returncode, 0)
        self.sql("DROP EXPECTATION positive ON silver.t")
        self.restore("--force")
        self.sql("INSERT INTO silver.t VALUES (-3)", code=1)
        self.sql("INSERT INTO silver.t VALUES (3)")
        counts = self.sql("SELECT sum(rows_checked) AS n, sum(violations) AS bad FROM system.expectation_results")
        self.assertEqual(counts, ["n,bad", "3,2"])

    def test_without_force_nothing_is_replaced(self):
        self.backup()
        self.sql("CREATE TABLE silver.later AS SELECT 1 AS id")
        self.assertIn("--force", self.restore(code=1))
        self.assertEqual(self.sql("SELECT count(*) AS n FROM system.tables"), ["n", "2"])

    def test_it_says_where_files_have_moved_on(self):
        self.backup()
        self.sql("INSERT INTO silver.t VALUES (3)")
        shown = self.restore("--force")
        self.assertIn("silver.t version 1: its files are at version 2\n", shown)
        self.assertIn("restored 1 tables, 1 of which changed since the backup", shown)
        self.assertEqual(self.sql("SELECT count(*) AS n FROM silver.t VERSION AS OF 1"), ["n", "2"])

    def test_a_damaged_copy_is_refused_and_the_lake_stays(self):
        self.backup()
        whole = pathlib.Path(self.copy).read_bytes()
        middle = len(whole) // 2
        for damaged in (b"no database", whole[:middle], whole[:4096] + os.urandom(middle) + whole[4096 + middle:]):
            pathlib.Path(self.copy).write_bytes(damaged)
            self.restore("--force", code=1)
            self.assertEqual(self.sql("SELECT count(*) AS n FROM silver.t"), ["n", "2"])
        self.assertEqual(list(pathlib.Path(self.lake).glob("*.restoring*")), [])

    def test_what_was_there_is_kept_and_can_be_restored_too(self):
        self.backup()
        self.sql("CREATE TABLE silver.later AS SELECT 1 AS id")
        kept = re.search(r"as (\S+before-restore\S+)", self.restore("--force")).group(1)
        self.assertTrue(os.path.exists(kept))
        self.assertEqual(self.sql("SELECT count(*) AS n FROM system.tables"), ["n", "1"])

    def test_a_lost_store_comes_back(self):
        self.backup()
        self.store = self.new_store()
        for path in pathlib.Path(self.lake).glob("metastore.db*"):
            path.unlink()
        self.restore()
        self.assertEqual(self.sql("SELECT count(*) AS n FROM silver.t"), ["n", "2"])


class Sqlite(BackupAndRestore, unittest.TestCase):
    def new_store(self):
        return []


class PostgreSql(BackupAndRestore, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.postgres.__exit__()

    def new_store(self):
        return ["--metastore.url", self.postgres.new_database()]

    def test_a_lake_moves_from_one_kind_to_the_other(self):
        self.backup()
        self.restore(store=["--metastore.url", ""])
        self.store = ["--metastore.url", ""]
        self.assertEqual(self.sql("SELECT count(*) AS n FROM silver.t"), ["n", "2"])


if __name__ == "__main__":
    unittest.main()
