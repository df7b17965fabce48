"""The command line as people and scripts use it, embedded on a directory and against a server."""
import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from server import Server

BINARY = os.environ["TESTED_BINARY"]


def run(*arguments, token=None, stdin=None, **environment):
    env = {**os.environ, **environment}
    if token:
        env["NEUROLAKE_TOKEN"] = token
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, env=env, input=stdin, timeout=120)


class Embedded(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-cli-")
        self.lake = self.folder + "/lake"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def sql(self, text, *more):
        return run("--lake", self.lake, *more, "sql", "-c", text)

    def test_a_table_outlives_the_process(self):
        self.assertEqual(self.sql("CREATE TABLE t AS SELECT 1 AS id, 'ü' AS v").returncode, 0)
        result = self.sql("SELECT * FROM t", "--format", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout), [{"id": 1, "v": "ü"}])

    def test_formats_for_machines(self):
        text = "SELECT 1 AS a, 'x,\"y\"' AS b UNION ALL SELECT 2, NULL ORDER BY a"
        rows = list(csv.reader(io.StringIO(self.sql(text, "--format", "csv").stdout)))
        self.assertEqual(rows, [["a", "b"], ["1", 'x,"y"'], ["2", ""]])
        lines = self.sql(text, "--format", "ndjson").stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], [{"a": 1, "b": 'x,"y"'}, {"a": 2, "b": None}])
        self.assertIn("| a |", self.sql(text, "--format", "markdown").stdout)

    def test_a_file_named_like_a_pattern_is_itself(self):
        folder = pathlib.Path(self.folder, "g[1]")
        folder.mkdir()
        pathlib.Path(self.folder, "g1").mkdir()
        for name, value in {"u[1].csv": 1, "u1.csv": 3, "what?.csv": 10, "*.csv": 20, "../g1/u[1].csv": 100}.items():
            (folder / name).write_text(f"v\n{value}\n")

        def sum_of(table):
            return json.loads(self.sql(f"SELECT sum(v)::INTEGER AS s FROM {table}", "--format", "json").stdout)[0]["s"]

        for number, (name, value) in enumerate({"u[1].csv": 1, "u1.csv": 3, "what?.csv": 10, "*.csv": 20}.items()):
            loaded = run("--lake", self.lake, "ingest", str(folder / name), "--into", f"bronze.x{number}")
            self.assertEqual(loaded.returncode, 0, loaded.stderr)
            self.assertEqual(sum_of(f"bronze.x{number}"), value, name)
            files = self.sql(f"SELECT DISTINCT _source_file AS f FROM bronze.x{number}", "--format", "json").stdout
            self.assertTrue(json.loads(files)[0]["f"].endswith("/" + name), files)
        copies = {"PATTERN = '*.csv'": 34, "PATTERN = 'u[1].csv'": 3, "FILES = ('u[1].csv')": 1, "FILES = ('*.csv')": 20}
        for number, (clause, value) in enumerate(copies.items()):
            copied = self.sql(f"COPY INTO main.y{number} FROM '{folder}' FILEFORMAT = CSV {clause}")
            self.assertEqual(copied.returncode, 0, copied.stderr)
            self.assertEqual(sum_of(f"main.y{number}"), value, clause)
        # A row that is set aside is found again by the file's name.
        (folder / "bad[1].csv").write_text("v,w\n1,2\nx,3\n")
        self.assertEqual(self.sql("CREATE TABLE main.z (v INTEGER, w INTEGER)").returncode, 0)
        copied = self.sql(f"COPY INTO main.z FROM '{folder}/bad[1].csv' FILEFORMAT = CSV")
        self.assertEqual(copied.returncode, 0, copied.stderr)
        self.assertEqual(sum_of("main.z"), 1)
        self.assertEqual(json.loads(self.sql("SELECT line FROM main.z__quarantine", "--format", "json").stdout),
                         [{"line": 3}])
        # A name in FILES does not stand for others; a source that is no name does.
        missing = self.sql(f"COPY INTO main.n FROM '{folder}' FILEFORMAT = CSV FILES = ('u[12].csv')")
        self.assertIn("no file matches the source", missing.stdout + missing.stderr)
        self.assertEqual(self.sql(f"COPY INTO main.n FROM '{folder}/u[12].csv' FILEFORMAT = CSV").returncode, 0)
        self.assertEqual(sum_of("main.n"), 3)

    def test_exit_codes_say_what_went_wrong(self):
        self.assertEqual(self.sql("SELECT 1").returncode, 0)
        self.assertEqual(self.sql("SELEC 1").returncode, 1)
        self.assertEqual(self.sql("SELECT * FROM read_csv('/etc/passwd')").returncode, 4)
        self.assertEqual(run("--no-such-flag").returncode, 2)
        self.assertEqual(run("--server", "http://127.0.0.1:1", "sql", "-c", "SELECT 1", token="nl_x").returncode, 3)

    def test_a_script_stops_at_its_first_error(self):
        script = self.folder + "/s.sql"
        pathlib.Path(script).write_text("CREATE TABLE a AS SELECT 1 AS x;\nSELECT nope FROM a;\nCREATE TABLE b AS SELECT 1 AS x;")
        self.assertEqual(run("--lake", self.lake, "sql", "-f", script).returncode, 1)
        names = self.sql("SELECT table_name FROM system.tables", "--format", "csv").stdout.split()
        self.assertEqual(names, ["table_name", "a"])

    def test_a_session_takes_only_what_there_is(self):
        for text, state in [("USE nope", "3F000"), ("SET TIME ZONE 'Nope'", "22023")]:
            result = self.sql(text + "; SELECT 1")
            self.assertEqual((result.returncode, state in result.stderr, result.stdout), (1, True, ""), result.stderr)
        result = self.sql("CREATE SCHEMA s; USE s; SET TIME ZONE 'Europe/Zurich'; CREATE TABLE t AS SELECT 1 AS a")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.sql("SELECT a FROM s.t").returncode, 0)

    def test_a_transaction_is_one_version_or_nothing(self):
        self.sql("CREATE TABLE pay AS SELECT i AS id FROM range(3) r(i)")
        count = lambda: self.sql("SELECT count(*) FROM pay", "--format", "csv").stdout.split()[1]  # noqa: E731
        self.assertEqual(self.sql("BEGIN; DELETE FROM pay; ROLLBACK;").returncode, 0)
        self.assertEqual(count(), "3")
        self.assertEqual(self.sql("BEGIN; DELETE FROM pay; INSERT INTO nowhere VALUES (1); COMMIT;").returncode, 1)
        self.assertEqual(self.sql("BEGIN; DELETE FROM pay;").returncode, 1)
        self.assertEqual(count(), "3")
        self.assertEqual(self.sql("BEGIN; DELETE FROM pay WHERE id = 0; DELETE FROM pay WHERE id = 1; COMMIT;").returncode, 0)
        self.assertEqual(count(), "1")
        history = self.sql("DESCRIBE HISTORY pay", "--format", "csv").stdout.splitlines()
        self.assertEqual(len(history), 3, history)

    def test_help_version_and_configuration(self):
        self.assertIn("neurolake", run("--help").stdout)
        self.assertIn("neurolake", run("sql", "--help").stdout)
        self.assertEqual(run("version").returncode, 0)
        self.assertIn("http.port", run("config").stdout)

    def test_bash_completes_commands_options_and_values(self):
        script = run("completion", "bash")
        self.assertEqual(script.returncode, 0, script.stderr)
        for words, expected, absent in [
                (["ing"], ["ingest"], ["sql"]), (["token", "c"], ["create"], ["revoke"]),
                (["token", "create", "--ro"], ["--role"], ["--rows"]), (["token", "create", "ada", "--role", "m"], ["monitor"], []),
                (["--format", ""], ["box", "csv", "json", "ndjson", "markdown"], ["parquet"]),
                (["ingest", "--format", ""], ["csv", "json", "parquet"], ["box"]), (["sql", "--t"], ["--timing", "--token-file"], []),
                (["completion", ""], ["bash", "zsh", "fish"], []), (["--http.po"], ["--http.port"], []),
                (["--log_level", "w"], ["warn"], ["info"]), (["--lake", "sql", "ta"], ["table"], []),
                (["sql", "-f", "/etc/host"], ["/etc/hosts"], [])]:
            line = " ".join(f"'{word}'" for word in words)
            done = subprocess.run(["bash", "--norc", "-c", script.stdout + f"COMP_WORDS=(neurolake {line}); "
                                   f"COMP_CWORD={len(words)}; _neurolake; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
                                  capture_output=True, text=True)
            offered = done.stdout.split()
            self.assertEqual([word for word in expected if word not in offered], [], (words, offered, done.stderr))
            self.assertEqual([word for word in absent if word in offered], [], (words, offered))
        for shell in ("zsh", "fish"):
            self.assertIn("quarantine", run("completion", shell).stdout)
        self.assertEqual(run("completion", "cmd").returncode, 2)

    def test_backup_and_restore(self):
        self.sql("CREATE TABLE t AS SELECT 1 AS id")
        copy = self.folder + "/copy.db"
        result = run("--lake", self.lake, "backup", copy)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("t", result.stdout)
        self.sql("DROP TABLE t")
        self.assertEqual(self.sql("SELECT * FROM t").returncode, 1)
        result = run("--lake", self.lake, "restore", "--force", copy)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.sql("SELECT id FROM t", "--format", "csv").stdout.split(), ["id", "1"])


class Remote(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.folder = tempfile.mkdtemp(prefix="neurolake-cli-")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.folder)

    def cli(self, *arguments, token=None):
        return run("--server", self.server.url, *arguments, token=token or self.server.admin_token)

    def rows(self, text):
        result = self.cli("--format", "json", "sql", "-c", text)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_tokens_are_made_used_and_revoked(self):
        made = self.cli("--format", "json", "token", "create", "ada", "--role", "reader", "--name", "laptop")
        self.assertEqual(made.returncode, 0, made.stderr)
        secret = next(word.strip('",') for word in made.stdout.split() if "nl_" in word)
        secret = secret[secret.index("nl_"):][:46]
        self.assertEqual(self.cli("sql", "-c", "SELECT 1", token=secret).returncode, 0)
        self.assertEqual(self.cli("sql", "-c", "CREATE TABLE x AS SELECT 1 AS a", token=secret).returncode, 4)
        token_id = self.rows("SELECT id FROM system.tokens WHERE principal = 'ada'")[0]["id"]
        self.assertEqual(self.cli("token", "revoke", token_id).returncode, 0)
        self.assertEqual(self.cli("sql", "-c", "SELECT 1", token=secret).returncode, 4)

    def test_a_file_is_loaded_once_and_bad_rows_are_set_aside(self):
        path = self.folder + "/orders.csv"
        pathlib.Path(path).write_text("id,amount,day\n1,2.50,2024-01-01\n2,NA,2024-01-02\nthree,1.00,2024-01-03\n4,4.00,2024-01-04\n")
        self.cli("sql", "-c", "CREATE TABLE main.orders (id BIGINT, amount DECIMAL(10,2), day DATE)")
        first = self.cli("ingest", path, "--into", "main.orders", "--null", "NA")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(self.rows("SELECT count(*) AS n, sum(amount) AS s FROM main.orders"), [{"n": 3, "s": "6.50"}])
        again = self.cli("ingest", path, "--into", "main.orders", "--null", "NA")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM main.orders"), [{"n": 3}])
        kept = self.rows("SELECT line, column_name FROM main.orders__quarantine")
        self.assertEqual(kept, [{"line": 4, "column_name": "id"}])

    def test_a_file_is_known_again_whatever_was_loaded_beside_it(self):
        for place, row in (("north", "1"), ("south", "2")):
            pathlib.Path(self.folder, place).mkdir()
            pathlib.Path(self.folder, place, "Zürich.csv").write_text(f"id\n{row}\n")
        pathlib.Path(self.folder, "Zörich.csv").write_text("id\n1\n")
        north, south = self.folder + "/north/Zürich.csv", self.folder + "/south/Zürich.csv"

        def ingest(*files):
            result = self.cli("--format", "json", "ingest", *files, "--into", "bronze.cities", "--yes")
            self.assertEqual(result.returncode, 0, result.stderr)
            return [json.loads(result.stdout)[0][name] for name in ("files", "files_skipped")]
        self.assertEqual(ingest(north, south), [2, 0])
        self.assertEqual(ingest(south), [0, 1])
        self.assertEqual(ingest(south, north), [0, 2])
        # The same bytes under a name that differs in one letter are another file.
        self.assertEqual(ingest(self.folder + "/Zörich.csv"), [1, 0])
        names = [row["f"] for row in self.rows("SELECT _source_file AS f FROM bronze.cities ORDER BY id, f")]
        self.assertEqual([names[0], names[1]], ["upload://Zörich.csv", "upload://Zürich.csv"])
        self.assertRegex(names[2], r"^upload://[0-9a-f]{8}/Zürich\.csv$")
        self.assertEqual(len(names), 3)

    def test_health(self):
        self.assertEqual(self.cli("health").returncode, 0)


if __name__ == "__main__":
    unittest.main()
