"""What a crash, a full disk or a damaged file leaves behind."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class Recovery(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY).start()

    def tearDown(self):
        self.server.stop()
        shutil.rmtree(self.server.lake, ignore_errors=True)

    def table_path(self, name="t"):
        rows = self.server.sql(f"SELECT id FROM system.tables WHERE table_name = '{name}'")["rows"]
        return pathlib.Path(self.server.lake) / "tables" / rows[0][0]

    def test_kill_nine_loses_nothing_and_frees_the_lake(self):
        self.server.sql("CREATE TABLE t AS SELECT 1 AS id")
        self.server.sql("INSERT INTO t VALUES (2)")
        spill = pathlib.Path(self.server.lake) / "spill"
        (spill / "left").mkdir(parents=True)
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[2]])
        self.assertFalse((spill / "left").exists())
        states = self.server.sql("SELECT DISTINCT state FROM system.queries WHERE state = 'running' AND kind <> ''")["rows"]
        self.assertLessEqual(len(states), 1)  # the asking statement itself

    def test_a_second_server_on_the_lake_is_refused_by_name(self):
        result = subprocess.run([BINARY, "--lake", self.server.lake, "--http.port", "0", "serve"], capture_output=True,
                                text=True, timeout=20)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn(str(self.server.process.pid), result.stderr)

    def test_sigterm_stops_cleanly(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.start()

    def test_a_vanished_data_file_is_named_and_harms_nothing_else(self):
        self.server.sql("CREATE TABLE t AS SELECT 1 AS id")
        self.server.sql("CREATE TABLE other AS SELECT 2 AS id")
        for file in self.table_path().glob("*.parquet"):
            file.unlink()
        with self.assertRaises(StatementError) as failed:
            self.server.sql("SELECT * FROM t")
        self.assertIn(failed.exception.problem["code"], ["Corruption", "IoError", "NotFound"])
        self.assertEqual(self.server.sql("SELECT * FROM other")["rows"], [[2]])

    def test_a_corrupt_data_file_is_a_clear_error(self):
        self.server.sql("CREATE TABLE t AS SELECT i AS id FROM range(1000) r(i)")
        self.server.sql("CREATE TABLE other AS SELECT 2 AS id")
        for file in self.table_path().glob("*.parquet"):
            content = bytearray(file.read_bytes())
            content[len(content) // 2:] = b"\x00" * (len(content) - len(content) // 2)
            file.write_bytes(content)
        with self.assertRaises(StatementError) as failed:
            self.server.sql("SELECT sum(id) FROM t")
        self.assertIn(failed.exception.problem["code"], ["Corruption", "IoError"])
        self.assertEqual(self.server.sql("SELECT * FROM other")["rows"], [[2]])

    def test_a_truncated_log_file_is_a_clear_error(self):
        self.server.sql("CREATE TABLE t AS SELECT 1 AS id")
        self.server.sql("CREATE TABLE other AS SELECT 2 AS id")
        log = self.table_path() / "_delta_log" / f"{0:020d}.json"
        log.write_text(log.read_text()[:-20])
        self.server.stop()
        self.server.start()
        with self.assertRaises(StatementError) as failed:
            self.server.sql("SELECT * FROM t")
        self.assertEqual(failed.exception.problem["code"], "Corruption")
        self.assertEqual(self.server.sql("SELECT * FROM other")["rows"], [[2]])

    def test_a_missing_commit_is_a_clear_error(self):
        self.server.sql("CREATE TABLE t AS SELECT 1 AS id")
        self.server.sql("INSERT INTO t VALUES (2)")
        self.server.sql("INSERT INTO t VALUES (3)")
        (self.table_path() / "_delta_log" / f"{1:020d}.json").unlink()
        self.server.stop()
        self.server.start()
        with self.assertRaises(StatementError) as failed:
            self.server.sql("SELECT * FROM t")
        self.assertEqual(failed.exception.problem["code"], "Corruption")

    @unittest.skipUnless(os.geteuid() == 0, "making a small file system needs root")
    def test_a_full_disk_fails_the_write_and_leaves_the_table_as_it_was(self):
        mount = tempfile.mkdtemp(prefix="neurolake-full-")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount]).returncode != 0:
            self.skipTest("cannot mount a tmpfs here")
        server = Server(BINARY, lake=mount + "/lake")
        try:
            server.start()
            server.sql("CREATE TABLE t AS SELECT 1 AS id, 'x' AS v")
            with self.assertRaises(StatementError) as failed:
                server.sql("INSERT INTO t SELECT i, sha256(i::VARCHAR) FROM range(2000000) r(i)")
            self.assertEqual(failed.exception.problem["code"], "DiskFull", failed.exception)
            self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[1]])
            server.sql("INSERT INTO t VALUES (2, 'y')")
            self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[2]])
        finally:
            server.stop()
            subprocess.run(["umount", "-l", mount])
            os.rmdir(mount)


if __name__ == "__main__":
    unittest.main()
