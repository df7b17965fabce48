"""Policies in Rego as an administrator and the people they are about meet them: bundles loaded by the command line, in
force from the next statement on, rolled back; everything that is no decision denies; and the same by a real Open Policy
Agent server, which is killed in the middle."""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from ports import free_port
from server import Server, StatementError, rows

BINARY = os.environ["TESTED_BINARY"]
CACHE = pathlib.Path(os.environ.get("NEUROLAKE_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "neurolake")
OPA = CACHE / "opa" / "opa"
EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "rego" / "example"

ROLES = """package neurolake.authz

default allow := false

allow if input.principal.role == "admin"

allow if {
	input.principal.role == "reader"
	input.object.name != "secrets"
	input.action == "select"
}

row_filters contains "id <= 2" if {
	input.object.name == "people"
	input.principal.role == "reader"
}

masks["email"] := "'(hidden)'" if {
	input.object.name == "people"
	input.principal.role == "reader"
}
"""
TESTS = """package neurolake.authz_test

import data.neurolake.authz

test_readers_read if authz.allow with input as {"principal": {"role": "reader"}, "object": {"name": "x"}, "action": "select"}

test_nobody_else if not authz.allow with input as {"principal": {"role": "x"}, "object": {"name": "x"}, "action": "select"}
"""


def authz(*rules):
    return "package neurolake.authz\n\n" + "\n\n".join(rules) + "\n"


class Lake(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings=cls.settings).start()
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="neurolake-rego-"))

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        shutil.rmtree(cls.directory)

    def fill(self):
        sql = self.server.sql
        sql("CREATE TABLE main.people AS SELECT * FROM (VALUES (1, 'a@x', 'DE'), (2, 'b@x', 'FR'), (3, 'c@x', 'US')) AS t(id, email, country)")
        sql("CREATE TABLE main.secrets AS SELECT 'canary' AS secret")

    def assert_denied(self, statement, user, *, hidden=False):
        with self.assertRaises(StatementError) as caught:
            self.server.sql(statement, user)
        # What may not be used at all is not there.
        self.assertEqual(caught.exception.sqlstate, "42P01" if hidden else "42501", str(caught.exception))
        return str(caught.exception)

    def run_policy(self, *words, user="admin", lake=True):
        command = [BINARY] + (["--server", self.server.url] if lake else []) + ["policy", *words]
        environment = {**os.environ, "NEUROLAKE_TOKEN": self.server.token_of(user)}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)

    def bundle(self, name, **files):
        directory = self.directory / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for file, text in files.items():
            (directory / (file + ".rego")).write_text(text)
        return str(directory)

    def activate(self, directory):
        loaded = self.run_policy("load", directory, "--format", "csv")
        self.assertEqual(loaded.returncode, 0, loaded.stderr)
        version = loaded.stdout.splitlines()[1].split(",")[0]
        activated = self.run_policy("activate", version)
        self.assertEqual(activated.returncode, 0, activated.stderr)
        return version


class Bundles(Lake):
    def setUp(self):
        self.fill()

    def tearDown(self):
        self.server.sql("DEACTIVATE POLICY BUNDLE")
        for table in ("people", "secrets"):
            self.server.sql(f"DROP TABLE IF EXISTS main.{table}")

    def test_a_mask_of_a_field(self):
        sql = self.server.sql
        sql("CREATE TABLE main.homes AS SELECT 1 AS id, {'street': 'Elm 77001', 'town': {'name': 'Ulm', 'code': 7}} AS home")
        self.addCleanup(sql, "DROP TABLE main.homes")
        whole = ('allow := true', 'masks["home.street"] := "\'(hidden)\'" if input.principal.role == "reader"',
                 'masks["home.town.code"] := "value * 0" if input.principal.role == "reader"')
        self.activate(self.bundle("fields", policy=authz(*whole)))
        seen = "SELECT home.street, home.town.name, home.town.code, to_json(home)->>'street' FROM main.homes"
        self.assertEqual(rows(sql(seen, "reader")), [("(hidden)", "Ulm", 0, "(hidden)")])
        self.assertEqual(rows(sql(seen)), [("Elm 77001", "Ulm", 7, "Elm 77001")])
        # With one of the lake's own in the same place neither is shown; a place that is not there hides everything.
        sql("CREATE MASK POLICY own ON main.homes (home.street) USING REDACT")
        self.assertEqual(rows(sql(seen, "reader")), [(None, "Ulm", 0, None)])
        sql("DROP MASK POLICY own ON main.homes")
        sql("CREATE MASK POLICY own ON main.homes (home.town) EXCEPT ROLE admin USING NULL")
        self.assertEqual(rows(sql(seen, "reader")), [("(hidden)", None, None, "(hidden)")])
        self.activate(self.bundle("nowhere", policy=authz('allow := true', 'masks["home.nothing"] := "NULL"')))
        self.assert_denied(seen, "reader")

    def test_a_bundle_narrows_from_the_next_statement_on_and_back(self):
        sql = self.server.sql
        everything = rows(sql("SELECT id, email FROM main.people ORDER BY id", "reader"))
        self.assertEqual(len(everything), 3)
        first = self.activate(self.bundle("first", authz=ROLES, authz_test=TESTS))
        self.assertEqual(rows(sql("SELECT id, email FROM main.people ORDER BY id", "reader")),
                         [(1, "(hidden)"), (2, "(hidden)")])
        # Through an alias, a sub-query, a view and an aggregate.
        sql("CREATE OR REPLACE VIEW main.seen AS SELECT email AS e FROM main.people")
        for query in ("SELECT p.email FROM main.people AS p", "SELECT e FROM main.seen",
                      "SELECT max(email) FROM (SELECT * FROM main.people)", "SELECT p::VARCHAR FROM main.people AS p"):
            self.assertNotIn("@x", json.dumps(sql(query, "reader")))
        self.assert_denied("SELECT * FROM main.secrets", "reader", hidden=True)
        self.assertNotIn("secrets", json.dumps(sql("SHOW TABLES IN main", "reader")))
        self.assertEqual(rows(sql("SELECT count(*) FROM main.people")), [(3,)])
        second = self.activate(self.bundle("second", authz=authz("allow if input.principal.role == \"admin\"")))
        self.assert_denied("SELECT * FROM main.people", "reader", hidden=True)
        self.assertNotEqual(first, second)
        self.assertEqual(self.run_policy("activate", first).returncode, 0)
        self.assertEqual(len(rows(sql("SELECT * FROM main.people", "reader"))), 2)
        listed = self.run_policy("list", "--format", "csv").stdout
        self.assertIn("active", [line for line in listed.splitlines() if line.startswith(first + ",")][0])
        sql("DROP VIEW main.seen")

    def test_it_never_widens(self):
        sql = self.server.sql
        sql("CREATE ROW POLICY own ON main.people TO PUBLIC USING (id = 3)")
        sql("CREATE MASK POLICY mail ON main.people(email) USING ('x')")
        self.activate(self.bundle("wide", authz=authz("allow := true", 'row_filters contains "true"',
                                                      'masks["email"] := "email"')))
        self.assertEqual(rows(sql("SELECT id, email FROM main.people", "reader")), [(3, None)])
        # What was never granted stays so.
        self.server.token_of("member")
        self.assert_denied("SELECT * FROM main.people", "member", hidden=True)
        self.assert_denied("INSERT INTO main.people VALUES (4, 'd@x', 'DE')", "reader")

    def test_everything_that_is_no_decision_denies(self):
        for name, text in {
            "undefined": authz("allow if input.nothing == 1"),
            "wrong type": authz('allow := "yes"'),
            "filters of a wrong type": authz("allow := true", "row_filters := {1}"),
            "an error": authz("allow if 1 / (count(input.object.columns) * 0) == 1"),
            "a conflict": authz("allow := true if input.version == 1", "allow := false if input.version == 1"),
            "a reason": authz("allow := true", 'deny_reasons contains "no"'),
            "forever": authz("allow if { some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1 }"),
            "memory": authz("allow if count(numbers.range(1, 1000000000)) > 1"),
        }.items():
            with self.subTest(name):
                self.activate(self.bundle("denies", authz=text))
                with self.assertRaises(StatementError) as caught:
                    self.server.sql("SELECT * FROM main.people", "reader")
                self.assertIn(caught.exception.sqlstate, ("42501", "42P01"))
                self.assertNotIn(".rego", str(caught.exception))

    def test_expressions_are_bound_as_those_of_other_policies(self):
        for name, rule in {
            "no condition": 'row_filters contains "1"',
            "no column": 'row_filters contains "no_such = 1"',
            "a sub-query": "row_filters contains \"id IN (SELECT 1)\"",
            "a function that is not allowed": "row_filters contains \"id IN (SELECT 1 FROM read_csv('/etc/passwd'))\"",
            "no SQL": 'row_filters contains "id = "',
            "a mask of another type": 'masks["id"] := "\'x\'"',
            "a mask of what is not there": 'masks["e-mail"] := "NULL"',
        }.items():
            with self.subTest(name):
                self.activate(self.bundle("bound", authz=authz("allow := true", rule)))
                self.assert_denied("SELECT * FROM main.people", "reader")

    def test_a_filter_holds_for_what_is_written(self):
        self.activate(self.bundle("writes", authz=authz("allow := true", 'row_filters contains "id < 10"')))
        self.server.sql("INSERT INTO main.people VALUES (9, 'i@x', 'DE')", "writer")
        self.assert_denied("INSERT INTO main.people VALUES (10, 'j@x', 'DE')", "writer")

    def test_what_does_not_load_is_not_kept(self):
        before = self.run_policy("list", "--format", "csv").stdout
        for files in ({"authz": "package neurolake.authz\nallow if {"},
                      {"authz": authz("allow := true", 'row_filter contains "id = 1"')},
                      {"authz": authz('allow if http.send({"url": "http://127.0.0.1"})')},
                      {"authz": authz("f(x) := f(x)", "allow if f(1)")},
                      {"authz": ROLES, "authz_test": "package neurolake.authz_test\ntest_no if false"}):
            loaded = self.run_policy("load", self.bundle("bad", **files))
            self.assertEqual(loaded.returncode, 1, loaded.stdout)
        self.assertEqual(self.run_policy("list", "--format", "csv").stdout, before)
        self.assertEqual(self.run_policy("load", self.bundle("good", authz=ROLES), user="engineer").returncode, 4)

    def test_a_bundle_is_in_force_after_a_restart(self):
        self.activate(self.bundle("restart", authz=ROLES))
        self.server.stop()
        self.server.start()
        self.assertEqual(len(rows(self.server.sql("SELECT * FROM main.people", "reader"))), 2)


class Command(Lake):
    def test_tests_need_no_lake(self):
        run = self.run_policy("test", str(EXAMPLE), lake=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("7 passed, 0 failed", run.stderr)
        failing = self.bundle("failing", authz=ROLES, authz_test=TESTS + "\ntest_wrong if false\n\ntest_bad if 1 / 0 == 1\n")
        run = self.run_policy("test", failing, lake=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("2 passed, 2 failed", run.stderr)
        self.assertIn("test_wrong", run.stdout)
        run = self.run_policy("test", str(self.directory / "nowhere"), lake=False)
        self.assertNotEqual(run.returncode, 0)

    def test_an_archive_is_a_bundle(self):
        archive = self.directory / "bundle.tar.gz"
        subprocess.run(["tar", "-czf", archive, "-C", EXAMPLE, "."], check=True)
        run = self.run_policy("test", str(archive), lake=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_lint_has_an_exit_code(self):
        self.assertEqual(self.run_policy("lint").returncode, 0)
        self.server.sql("CREATE TABLE main.linted (id BIGINT)")
        self.server.sql("CREATE ROW POLICY the_first ON main.linted AS RESTRICTIVE TO PUBLIC USING (id = 1)")
        run = self.run_policy("lint")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("unreachable", run.stdout)
        self.server.sql("DROP TABLE main.linted")


@unittest.skipUnless(OPA.exists(), "Open Policy Agent is not there: scripts/bootstrap.sh --tests")
class OpenPolicyAgent(Lake):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.settings = {"policy.engine": "opa", "policy.opa.url": f"http://127.0.0.1:{cls.port}", "policy.timeout": "2s"}
        super().setUpClass()
        (cls.directory / "authz.rego").write_text(ROLES)
        cls.opa = None

    @classmethod
    def tearDownClass(cls):
        cls.kill()
        super().tearDownClass()

    @classmethod
    def begin(cls):
        cls.opa = subprocess.Popen([OPA, "run", "--server", "--addr", f"127.0.0.1:{cls.port}", "--skip-version-check",
                                    "--log-level", "error", cls.directory / "authz.rego"], stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{cls.port}/health", timeout=5).read()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("Open Policy Agent did not start")

    @classmethod
    def kill(cls):
        if cls.opa is not None:
            cls.opa.kill()
            cls.opa.wait()
            cls.opa = None

    def test_it_decides_until_it_is_gone_and_when_it_is_back(self):
        sql = self.server.sql
        self.begin()
        self.fill()
        self.assertEqual(rows(sql("SELECT id, email FROM main.people ORDER BY id", "reader")),
                         [(1, "(hidden)"), (2, "(hidden)")])
        self.assert_denied("SELECT * FROM main.secrets", "reader", hidden=True)
        self.kill()
        plain = self.assert_denied("SELECT * FROM main.people", "reader")
        self.assertNotIn(str(self.port), plain)
        self.assertIn(str(self.port), self.assert_denied("SELECT * FROM main.people", "admin"))
        self.begin()
        self.assertEqual(len(rows(sql("SELECT * FROM main.people", "reader"))), 2)


class HostileServer(Lake):
    """What answers on the policy server's port is anything."""

    @classmethod
    def setUpClass(cls):
        test = cls

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if test.answer is None:
                    test.released.wait(60)
                    return
                status, body = test.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *ignored):
                pass

        cls.answer = (200, b'{"result": {"allow": true}}')
        cls.released = threading.Event()
        cls.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        cls.settings = {"policy.engine": "opa", "policy.opa.url": f"http://127.0.0.1:{cls.web.server_port}",
                        "policy.timeout": "300ms"}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        cls.released.set()
        super().tearDownClass()
        cls.web.shutdown()
        cls.web.server_close()

    def test_only_a_decision_opens_anything(self):
        cls = type(self)
        self.fill()
        self.assertEqual(len(rows(self.server.sql("SELECT * FROM main.people", "reader"))), 3)
        for answer in (None, (200, b"{}"), (200, b""), (200, b"[]"), (200, b'{"result": true}'),
                       (200, b'{"result": {"allow": "true"}}'), (200, b'{"result": {"allow": true, "row_filters": "x"}}'),
                       (200, b'{"result": {"allow": true, "maks": {}}}'), (500, b'{"result": {"allow": true}}'),
                       (302, b'{"result": {"allow": true}}'), (200, b'{"result": {"allow": true}' + b" " * (2 << 20) + b"}")):
            with self.subTest(answer=answer and (answer[0], answer[1][:60])):
                cls.answer = answer
                with self.assertRaises(StatementError) as caught:
                    self.server.sql("SELECT * FROM main.people", "reader")
                self.assertIn(caught.exception.sqlstate, ("42501", "42P01"))
        cls.answer = (200, b'{"result": {"allow": true}}')
        self.assertEqual(len(rows(self.server.sql("SELECT * FROM main.people", "reader"))), 3)


if __name__ == "__main__":
    unittest.main()
