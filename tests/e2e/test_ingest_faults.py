"""Loads that race, lose their files or their disk: what is there afterwards is whole, and counted once."""
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


def rows_text(first, count):
    return "".join(f"{i},name {i}\n" for i in range(first, first + count))


class Faults(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY).start()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="neurolake-landing-"))
        self.server.sql("CREATE SCHEMA IF NOT EXISTS bronze")
        self.server.sql(f"CREATE EXTERNAL LOCATION landing URL '{self.folder}'")

    def tearDown(self):
        self.server.stop()
        shutil.rmtree(self.server.lake, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text, server=None):
        return (server or self.server).sql(text)["rows"]

    def copy(self, table, source, clauses="", server=None):
        answer = (server or self.server).sql(f"COPY INTO {table} FROM '{source}' FILEFORMAT = CSV {clauses}")
        return dict(zip([column["name"] for column in answer["columns"]], answer["rows"][0]))

    def in_threads(self, *bodies):
        """What each body returned or raised."""
        results = [None] * len(bodies)

        def run(i):
            try:
                results[i] = bodies[i]()
            except StatementError as error:
                results[i] = error

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(bodies))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def assert_only(self, table, count):
        self.assertEqual(self.sql(f"SELECT count(*), count(DISTINCT id) FROM {table}"), [[count, count]])

    def no_tables(self):
        return self.sql("SELECT count(*) FROM system.tables WHERE schema_name = 'bronze'") == [[0]]

    def test_of_loads_of_one_file_at_the_same_time_one_loads(self):
        """New tables, tables with NOT NULL, tables that are there, and files with bad rows."""
        required = "COPY_OPTIONS ('schema' = 'id BIGINT NOT NULL, v STRING')"
        for round_ in range(24):
            way = ("new", "required", "there", "bad")[round_ % 4]
            name = f"r{round_}.csv"
            (self.folder / name).write_text("id,v\n" + rows_text(0, 500) + ("x,y\n" if way == "bad" else ""))
            table = "bronze.there" if way == "there" else f"bronze.t{round_}"
            if way == "bad":
                self.sql(f"CREATE TABLE {table} (id BIGINT, v VARCHAR)")
            before = self.sql(f"SELECT count(*) FROM {table}")[0][0] if way == "there" and round_ > 3 else 0
            load = lambda: self.copy(table, f"landing/{name}", required if way == "required" else "")
            results = self.in_threads(load, load, load)
            loaded = [r for r in results if isinstance(r, dict) and r["files"] == 1]
            skipped = [r for r in results if isinstance(r, dict) and r["files_skipped"] == 1]
            conflicts = [r for r in results if isinstance(r, StatementError) and r.sqlstate == "40001"]
            self.assertEqual((len(loaded), len(loaded + skipped + conflicts)), (1, 3), (way, results))
            self.assertEqual(self.sql(f"SELECT count(*) FROM {table}"), [[before + 500]], way)
            if way == "bad":
                self.assertEqual(self.sql(f"SELECT count(*) FROM {table}__quarantine"), [[1]])

    def test_different_files_at_the_same_time_all_load(self):
        for i in range(4):
            (self.folder / f"d{i}.csv").write_text("id,v\n" + rows_text(i * 100, 100))
        results = self.in_threads(*[lambda i=i: self.copy("bronze.d", f"landing/d{i}.csv") for i in range(4)])
        self.assertEqual([r["rows_loaded"] for r in results], [100] * 4)
        self.assert_only("bronze.d", 400)

    def test_kill_nine_loads_once(self):
        (self.folder / "k.csv").write_text("id,v\n" + rows_text(0, 20000) + "x,y\n")
        self.sql("CREATE TABLE bronze.k (id BIGINT NOT NULL, v VARCHAR)")
        for wait in (0.0, 0.02, 0.05, 0.1, 0.2):
            done = threading.Event()

            def load():
                try:
                    self.copy("bronze.k", "landing/k.csv")
                except Exception:  # The server dies under it: what matters is what is there afterwards.
                    pass
                done.set()

            thread = threading.Thread(target=load)
            thread.start()
            done.wait(wait)
            self.server.stop(signal.SIGKILL)
            thread.join()
            self.server.start()
        self.copy("bronze.k", "landing/k.csv")
        self.assert_only("bronze.k", 20000)
        self.assertEqual(self.sql("SELECT count(*) FROM bronze.k__quarantine"), [[1]])

    def while_it_is_read(self, path, act):
        """Loads `path` and calls `act` as soon as a process of the server has it open; gives the error."""
        outcome = []
        thread = threading.Thread(target=lambda: outcome.extend(
            self.in_threads(lambda: self.copy("bronze.w", f"landing/{path.name}"))))
        thread.start()
        acted = False
        while thread.is_alive() and not acted:
            for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
                try:
                    if os.readlink(link) == str(path) and link.parts[2] != str(os.getpid()):
                        act()
                        acted = True
                        break
                except OSError:
                    continue
        thread.join()
        self.assertTrue(acted, outcome)
        self.assertIsInstance(outcome[0], StatementError, outcome)
        return outcome[0]

    def test_a_file_that_vanishes_or_changes_is_not_half_loaded(self):
        path = self.folder / "w.csv"
        content = "id,v\n" + rows_text(0, 1_500_000)
        path.write_text(content)
        error = self.while_it_is_read(path, path.unlink)
        self.assertIn("the file landing/w.csv", error.problem["detail"])
        self.assertTrue(self.no_tables())
        path.write_text(content)

        def append():
            with open(path, "a") as file:
                file.write("1500000,more\n")

        error = self.while_it_is_read(path, append)
        self.assertIn("the file landing/w.csv changed while it was loaded", error.problem["detail"])
        self.assertEqual(error.problem["code"], "IoError")
        self.assertTrue(self.no_tables())
        self.copy("bronze.w", "landing/w.csv")
        self.assert_only("bronze.w", 1_500_001)
        self.assertEqual(len(self.sql("DESCRIBE HISTORY bronze.w")), 1)

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_a_read_only_table_keeps_what_it_has(self):
        (self.folder / "a.csv").write_text("id,v\n" + rows_text(0, 100))
        (self.folder / "b.csv").write_text("id,v\n" + rows_text(100, 100) + "x,y\n")
        self.copy("bronze.r", "landing/a.csv")
        table = self.sql("SELECT id FROM system.tables WHERE table_name = 'r'")[0][0]
        path = f"{self.server.lake}/tables/{table}"
        if subprocess.run(["mount", "--bind", path, path]).returncode != 0:
            self.skipTest("cannot mount here")
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", path], check=True)
            with self.assertRaises(StatementError) as failed:
                self.copy("bronze.r", "landing/b.csv")
            self.assertIn(failed.exception.problem["code"], ["ReadOnly", "IoError"], failed.exception)
            self.assert_only("bronze.r", 100)
        finally:
            subprocess.run(["umount", path], check=True)
        self.assertEqual(self.copy("bronze.r", "landing/b.csv")["rows_loaded"], 100)
        self.assert_only("bronze.r", 200)
        self.assertEqual(self.sql("SELECT count(*) FROM bronze.r__quarantine"), [[1]])

    @unittest.skipUnless(os.geteuid() == 0, "making a small file system needs root")
    def test_a_full_disk_leaves_the_table_as_it_was(self):
        mount = tempfile.mkdtemp(prefix="neurolake-full-")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount]).returncode != 0:
            self.skipTest("cannot mount a tmpfs here")
        (self.folder / "small.csv").write_text("id,v\n" + rows_text(0, 10))
        with open(self.folder / "large.csv", "w") as file:
            file.write("id,v\n")
            for i in range(600_000):
                file.write(f"{i},{os.urandom(24).hex()}\n")
        server = Server(BINARY, lake=mount + "/lake")
        try:
            server.start()
            self.sql("CREATE SCHEMA IF NOT EXISTS bronze", server)
            self.sql(f"CREATE EXTERNAL LOCATION landing URL '{self.folder}'", server)
            self.copy("bronze.f", "landing/small.csv", server=server)
            for table in ("bronze.f", "bronze.fresh"):
                with self.assertRaises(StatementError) as failed:
                    self.copy(table, "landing/large.csv", server=server)
                self.assertEqual(failed.exception.problem["code"], "DiskFull", failed.exception)
            self.assertEqual(self.sql("SELECT count(*) FROM bronze.f", server), [[10]])
            self.assertEqual(self.sql("SELECT count(*) FROM system.tables WHERE table_name = 'fresh'", server), [[0]])
            (self.folder / "more.csv").write_text("id,v\n" + rows_text(10, 10))
            self.copy("bronze.f", "landing/more.csv", server=server)
            self.assertEqual(self.sql("SELECT count(*) FROM bronze.f", server), [[20]])
        finally:
            server.stop()
            subprocess.run(["umount", "-l", mount])
            os.rmdir(mount)


class CommandLine(unittest.TestCase):
    """`neurolake ingest`, as people and scripts use it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-ingest-")
        self.lake = self.folder + "/lake"
        self.run_cli("sql", "-c", "CREATE SCHEMA IF NOT EXISTS bronze")
        self.run_cli("sql", "-c", "CREATE SCHEMA IF NOT EXISTS silver")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_cli(self, *arguments):
        return subprocess.run([BINARY, "--lake", self.lake, *arguments], capture_output=True, text=True, timeout=120)

    def file(self, name, content):
        pathlib.Path(self.folder, name).write_text(content)
        return f"{self.folder}/{name}"

    def rows(self, table):
        return self.run_cli("sql", "--format", "csv", "-c", f"SELECT * FROM {table} ORDER BY 1").stdout.split("\n")[1:-1]

    def test_schema_first_then_the_report_then_promotion(self):
        first = self.run_cli("ingest", self.file("a.csv", "id,v\n1,x\n2,y\n"), "--into", "bronze.t", "--promote", "silver.t")
        self.assertEqual(first.returncode, 0, first.stderr)
        shown = [first.stdout.index(text) for text in ("Schema of bronze.t, inferred:", "BIGINT", "rows_per_second", "rows_written")]
        self.assertEqual(shown, sorted(shown))
        again = self.run_cli("ingest", self.file("b.csv", "id,v\n3,z\n"), "--into", "bronze.t", "--promote", "silver.t")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotIn("inferred", again.stdout)
        self.assertEqual([row.split(",")[0] for row in self.rows("silver.t")], ["1", "2", "3"])
        dry = self.run_cli("ingest", self.file("c.csv", "id,v\n4,z\n"), "--into", "bronze.t", "--dry-run", "--promote", "silver.t")
        self.assertIn("PROMOTE FROM", dry.stdout)
        self.assertIn("Nothing was loaded.", dry.stdout)
        self.assertEqual(len(self.rows("bronze.t")), 3)

    def test_errors_have_exit_codes(self):
        self.assertNotEqual(self.run_cli("ingest", self.folder + "/none.csv", "--into", "bronze.t").returncode, 0)
        abort = self.run_cli("ingest", self.file("a.csv", "id\n1\nx\n"), "--into", "bronze.t", "--on-error", "abort",
                             "--schema-file", self.file("s.txt", "id BIGINT NOT NULL -- the key\n"))
        self.assertEqual(abort.returncode, 1)
        self.assertIn("line 3, column id: cannot_cast", abort.stderr)

    def ask(self, answer, *more, environment=()):
        """Runs ingest on a terminal, answers its question, gives everything it said."""
        path = self.file("a.csv", "id,v\n1,x\n")
        process, terminal = pty.fork()
        if process == 0:
            os.execve(BINARY, [BINARY, "--lake", self.lake, "ingest", path, "--into", "bronze.asked", *more],
                      {**os.environ, "TERM": "xterm", **dict(environment)})
        said = ""
        answered = False
        while select.select([terminal], [], [], 60)[0]:
            try:
                piece = os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # The other side is closed.
                break
            if not piece:
                break
            said += piece
            if not answered and "[Y/n]" in said:
                answered = True
                os.write(terminal, answer.encode() + b"\n")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 0, said)
        os.close(terminal)
        return said

    def test_a_person_is_asked_before_a_table_is_made(self):
        for environment in ({}, {"TERM": "dumb"}, {"NO_COLOR": "1"}):
            said = self.ask("n", environment=environment)
            self.assertLess(said.index("BIGINT"), said.index("Make the table bronze.asked and load? [Y/n]"))
            self.assertIn("Nothing was loaded.", said)
            self.assertEqual(self.rows("bronze.asked"), [])
        self.assertNotIn("[Y/n]", self.ask("", "--yes"))
        self.assertEqual(len(self.rows("bronze.asked")), 1)
        self.assertNotIn("[Y/n]", self.ask(""))  # The table is there now.

    def test_help_teaches_by_example(self):
        text = self.run_cli("ingest", "--help").stdout
        for part in ("Examples:", "--promote silver.flights", "--dry-run", "--yes", "--on-error"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
