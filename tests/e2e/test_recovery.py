"""What a crash, a full disk or a damaged file leaves behind."""
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class SmallDisk:
    """A file system of a few megabytes with a lake on it, and a way to fill it up."""

    def __init__(self, test, megabytes):
        self.mount = tempfile.mkdtemp(prefix="neurolake-full-")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.mount]).returncode != 0:
            os.rmdir(self.mount)
            test.skipTest("cannot mount a tmpfs here")
        self.lake = self.mount + "/lake"
        test.addCleanup(self.unmount)

    def unmount(self):
        subprocess.run(["umount", "-l", self.mount])
        os.rmdir(self.mount)

    def fill(self):
        with open(self.mount + "/ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"\0" * 4096)
            except OSError as error:
                assert error.errno == errno.ENOSPC, error

    def free(self):
        os.unlink(self.mount + "/ballast")


class ReadOnly:
    """A directory that cannot be written to while the block runs. Permissions mean nothing to root, so root mounts it."""

    def __init__(self, test, folder):
        self.test, self.folder = test, str(folder)

    def __enter__(self):
        if os.geteuid() != 0:
            os.chmod(self.folder, 0o555)
            return
        if subprocess.run(["mount", "--bind", self.folder, self.folder]).returncode != 0:
            self.test.skipTest("cannot mount here")
        subprocess.run(["mount", "-o", "remount,bind,ro", self.folder], check=True)

    def __exit__(self, *ignored):
        if os.geteuid() != 0:
            os.chmod(self.folder, 0o755)
        else:
            subprocess.run(["umount", "-l", self.folder], check=True)


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

    def two_tables(self, statement="CREATE TABLE t AS SELECT i AS id FROM range(1000) r(i)"):
        """The table that gets damaged and the one that must not notice."""
        self.server.sql(statement)
        self.server.sql("CREATE TABLE other AS SELECT 2 AS id")

    def restart(self):
        self.server.stop()
        self.server.start()

    def assert_fails(self, statement, codes, named=""):
        """The statement ends in one of `codes` and its message names `named`; the other table is read and written."""
        with self.assertRaises(StatementError) as failed:
            self.server.sql(statement)
        problem = failed.exception.problem
        self.assertIn(problem["code"], codes, failed.exception)
        self.assertIn(named, str(problem), "the damaged file is not named")
        before = self.server.sql("SELECT count(*) FROM other")["rows"][0][0]
        self.server.sql("INSERT INTO other VALUES (3)")
        self.assertEqual(self.server.sql("SELECT count(*) FROM other")["rows"], [[before + 1]])

    def put(self, file, content):
        """Writes as if time had passed: readers trust what they remember of a file until its time of change moves on."""
        file.write_bytes(content)
        self.clock = getattr(self, "clock", 0) + 60
        then = os.stat(file).st_mtime - 100_000 + self.clock
        os.utime(file, (then, then))

    def data_file(self):
        files = list(self.table_path().glob("*.parquet"))
        self.assertEqual(len(files), 1)
        return files[0]

    def log_file(self, version):
        return self.table_path() / "_delta_log" / f"{version:020d}.json"

    def test_a_vanished_data_file_is_named_and_harms_nothing_else(self):
        self.two_tables()
        file = self.data_file()
        content = file.read_bytes()
        file.unlink()
        self.assert_fails("SELECT sum(id) FROM t", ["Corruption", "IoError", "NotFound"], file.name)
        self.assert_fails("UPDATE t SET id = 1 WHERE id = 3", ["Corruption", "IoError", "NotFound"], file.name)
        self.put(file, content)
        self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[1000]])

    def test_a_corrupt_data_file_is_a_clear_error(self):
        self.two_tables()
        file = self.data_file()
        content = file.read_bytes()
        middle = len(content) // 2
        damages = {"zeros": content[:middle] + bytes(len(content) - middle), "truncated": content[:middle],
                   "empty": b"", "not Parquet": b"id\n1\n" * 100,
                   "footer length": content[:-8] + b"\xff\xff\xff\x7f" + content[-4:],
                   "pages": content[:4] + bytes(b ^ 0x5a for b in content[4:middle]) + content[middle:]}
        for name, damaged in damages.items():
            with self.subTest(name):
                self.put(file, damaged)
                # The decoders of pages do not know whose pages they decode.
                self.assert_fails("SELECT sum(id) FROM t", ["Corruption"], "" if name == "pages" else file.name)
        self.put(file, content)
        self.assertEqual(self.server.sql("SELECT sum(id) FROM t")["rows"], [["499500"]])

    def test_a_corrupt_or_vanished_deletion_vector_is_a_clear_error(self):
        self.two_tables()
        self.server.sql("DELETE FROM t WHERE id % 2 = 0")
        vectors = list(self.table_path().glob("deletion_vector*.bin"))
        if not vectors:
            self.skipTest("the vector is in the log")
        content = vectors[0].read_bytes()
        for name, damaged in {"flipped": content[:20] + bytes([content[20] ^ 1]) + content[21:],
                              "truncated": content[:len(content) // 2], "empty": b""}.items():
            with self.subTest(name):
                self.put(vectors[0], damaged)
                self.assert_fails("SELECT sum(id) FROM t", ["Corruption", "IoError"], vectors[0].name)
        vectors[0].unlink()
        self.assert_fails("SELECT sum(id) FROM t", ["Corruption", "IoError", "NotFound"], vectors[0].name)
        self.put(vectors[0], content)
        self.assertEqual(self.server.sql("SELECT sum(id) FROM t")["rows"], [["250000"]])

    def test_a_truncated_log_file_is_a_clear_error(self):
        self.two_tables()
        log = self.log_file(0)
        content = log.read_text()
        for name, damaged in {"cut": content[:-20], "empty": "", "not JSON": "hello\n", "zeros": "\0" * 100,
                              "half a line": content[:content.index("metaData")]}.items():
            with self.subTest(name):
                log.write_text(damaged)
                self.restart()
                self.assert_fails("SELECT * FROM t", ["Corruption"], log.name)
        log.write_text(content)
        self.restart()
        self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[1000]])

    def test_a_table_with_a_damaged_or_vanished_log_can_be_dropped(self):
        for number, damage in enumerate(("cut", "gone", "all gone")):
            with self.subTest(damage):
                name = f"t{number}"
                self.server.sql(f"CREATE TABLE {name} AS SELECT 1 AS id")
                self.server.sql("CREATE OR REPLACE TABLE other AS SELECT 2 AS id")
                root = self.table_path(name)
                log = root / "_delta_log" / f"{0:020d}.json"
                if damage == "cut":
                    log.write_text(log.read_text()[:-20])
                elif damage == "gone":
                    shutil.rmtree(root / "_delta_log")
                else:
                    shutil.rmtree(root)
                self.restart()
                codes = ["Corruption"] if damage == "cut" else ["NotFound"]
                self.assert_fails(f"SELECT * FROM {name}", codes)
                for statement in (f"CREATE OR REPLACE TABLE {name} AS SELECT 2 AS id",
                                  f"CREATE OR REPLACE TABLE {name} (id INTEGER)"):
                    self.assert_fails(statement, codes, "DROP TABLE makes room")
                with self.assertRaises(StatementError) as failed:
                    self.server.sql(f"DROP TABLE {name}", "writer")
                self.assertEqual(failed.exception.sqlstate, "42501")
                self.server.sql(f"DROP TABLE {'IF EXISTS ' * (number % 2)}{name}")
                self.assert_fails(f"DROP TABLE {name}", ["NotFound"])
                # It comes back as it was.
                self.server.sql(f"UNDROP TABLE {name}")
                self.assert_fails(f"SELECT * FROM {name}", codes)
                self.server.sql(f"DROP TABLE {name}")
                self.server.sql(f"CREATE OR REPLACE TABLE {name} AS SELECT 3 AS id")
                self.assertEqual(self.server.sql(f"SELECT id FROM {name}")["rows"], [[3]])

    def test_a_missing_commit_is_a_clear_error(self):
        self.two_tables()
        self.server.sql("INSERT INTO t VALUES (2)")
        self.server.sql("INSERT INTO t VALUES (3)")
        self.log_file(1).unlink()
        self.restart()
        self.assert_fails("SELECT * FROM t", ["Corruption"], "1")

    def test_a_damaged_checkpoint_is_passed_over_while_the_commits_are_there(self):
        self.two_tables("CREATE TABLE t (id BIGINT) TBLPROPERTIES ('delta.checkpointInterval' = '2')")
        for i in range(5):
            self.server.sql(f"INSERT INTO t VALUES ({i})")
        log = self.table_path() / "_delta_log"
        checkpoints = sorted(log.glob("*.checkpoint.parquet"))
        self.assertTrue(checkpoints)
        for hint in ("", "{", '{"version": 99999, "size": 1}', "\0\0\0"):
            with self.subTest(hint):
                (log / "_last_checkpoint").write_text(hint)
                self.restart()
                self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[5]])
        for checkpoint in checkpoints:
            checkpoint.write_bytes(checkpoint.read_bytes()[:-30])
        self.restart()
        try:
            # Reading the commits instead would be right as well as an error that names the file.
            self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[5]])
        except StatementError as error:
            self.assertEqual(error.problem["code"], "Corruption")
            self.assertIn("checkpoint", str(error.problem))
        self.assertEqual(self.server.sql("SELECT * FROM other")["rows"], [[2]])

    def test_a_read_only_directory_fails_writes_and_nothing_else(self):
        self.two_tables()
        path = self.table_path()
        files = sorted(path.rglob("*"))
        with ReadOnly(self, path):
            for statement in ("INSERT INTO t VALUES (1)", "DELETE FROM t WHERE id < 10", "UPDATE t SET id = 0"):
                with self.subTest(statement):
                    self.assert_fails(statement, ["ReadOnly", "PermissionDenied", "IoError"])
            self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[1000]])
        self.assertEqual(sorted(path.rglob("*")), files)
        self.server.sql("INSERT INTO t VALUES (1)")
        self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[1001]])

    def test_a_read_only_lake_is_refused_at_the_start_by_name(self):
        self.server.stop()
        with ReadOnly(self, self.server.lake):
            result = subprocess.run([BINARY, "--lake", self.server.lake, "--http.port", "0", "serve"], capture_output=True,
                                    text=True, timeout=20)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(self.server.lake, result.stderr)
        self.server.start()

    @unittest.skipUnless(os.geteuid() == 0, "making a small file system needs root")
    def test_a_full_disk_fails_the_write_and_leaves_the_table_as_it_was(self):
        disk = SmallDisk(self, 24)
        with Server(BINARY, lake=disk.lake) as server:
            server.sql("CREATE TABLE t AS SELECT 1 AS id, 'x' AS v")
            with self.assertRaises(StatementError) as failed:
                server.sql("INSERT INTO t SELECT i, sha256(i::VARCHAR) FROM range(2000000) r(i)")
            self.assertEqual(failed.exception.problem["code"], "DiskFull", failed.exception)
            self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[1]])
            server.sql("INSERT INTO t VALUES (2, 'y')")
            self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[2]])

    @unittest.skipUnless(os.geteuid() == 0, "making a small file system needs root")
    def test_a_disk_without_a_byte_left_costs_statements_not_the_server(self):
        disk = SmallDisk(self, 24)
        with Server(BINARY, lake=disk.lake) as server:
            server.sql("CREATE TABLE t AS SELECT 1 AS id")
            disk.fill()
            for _ in range(3):
                with self.assertRaises(StatementError) as failed:
                    server.sql("INSERT INTO t SELECT i FROM range(100000) r(i)")
                self.assertIn(failed.exception.problem["code"], ["DiskFull", "Unavailable"], failed.exception)
            self.assertEqual(server.request("GET", "/health")[0], 200)
            disk.free()
            server.sql("INSERT INTO t VALUES (2)")
            self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[2]])
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[2]])


if __name__ == "__main__":
    unittest.main()
