"""The audit log of a running server: what is in it, who sees it, what happens when it cannot be written or was changed."""
import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import mcp_client
from postgres import Postgres
from server import LOST, Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]
VERIFIER = str(pathlib.Path(BINARY).with_name("neurolake-audit-verify"))
INTACT, ALTERED, TRUNCATED, ROLLED_BACK = 0, 1, 2, 3


class AuditTest(unittest.TestCase):
    def start(self, binary=BINARY, **settings):
        self.directory = tempfile.mkdtemp(prefix="neurolake-audit-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        settings = {name.replace("__", "."): value.format(directory=self.directory) for name, value in settings.items()}
        self.server = Server(binary, lake=self.directory + "/lake", settings={"log_level": "error", **settings}).start()
        self.addCleanup(self.server.stop)
        self.log = pathlib.Path(self.server.lake) / "audit"
        return self.server

    def verify(self, *more):
        return subprocess.run([VERIFIER, *more, str(self.log)], capture_output=True, text=True, timeout=60)

    def segment(self):
        return sorted((self.log / "segments").glob("*.jsonl"))[-1]

    def cli(self, *words):
        return subprocess.run([BINARY, "--lake", self.server.lake, "audit", *words], capture_output=True, text=True,
                              timeout=60)


class Records(AuditTest):
    def test_constants_are_in_no_file_and_shown_to_who_wrote_them(self):
        server = self.start()
        server.sql("CREATE TABLE people (id BIGINT, email STRING)")
        server.sql("INSERT INTO people VALUES (1, 'canary@example.org')", user="writer")
        server.sql("SELECT * FROM people WHERE email = $1 -- canary comment", user="reader", parameters=["canary-parameter"])
        # And not this search itself, whose own attempt has the word, too.
        own = named(server.sql("SELECT * FROM system.audit WHERE constants LIKE '%canary-parameter%' AND text LIKE '%people%'",
                               user="reader"))
        self.assertEqual([record["type"] for record in own], ["attempt"])
        self.assertEqual(own[0]["text"], "SELECT * FROM people WHERE email = $1")
        server.stop()
        for path in self.log.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"canary", path.read_bytes(), path)

    def test_auditors_see_all_of_it_and_no_table(self):
        server = self.start()
        server.sql("CREATE TABLE people (id BIGINT)")
        server.sql("SELECT count(*) FROM people", user="reader")
        seen = {row[0] for row in rows(server.sql("SELECT DISTINCT principal FROM system.audit", user="auditor"))}
        self.assertLessEqual({"admin", "reader", "auditor", None}, seen)
        with self.assertRaises(StatementError):
            server.sql("SELECT * FROM people", user="auditor")
        for user in ("reader", "engineer", "member"):
            seen = {row[0] for row in rows(server.sql("SELECT DISTINCT principal FROM system.audit", user=user))}
            self.assertEqual(seen, {user})

    def test_refused_tokens_and_changes_of_tokens_are_in_it(self):
        server = self.start()
        self.assertEqual(server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, "nl_" + "x" * 43)[0], 401)
        server.token_of("reader")
        tokens = named(server.sql("SELECT id FROM system.tokens WHERE principal = 'reader'"))
        self.assertEqual(server.request("DELETE", "/v1/tokens/" + tokens[0]["id"], token=server.admin_token)[0], 204)
        found = rows(server.sql("SELECT type, principal, action, decision FROM system.audit "
                                "WHERE type IN ('authentication', 'change') ORDER BY record"))
        self.assertEqual(found, [("change", None, "create_token", None), ("authentication", None, None, "denied"),
                                 ("change", "admin", "create_token", None), ("change", "admin", "revoke_token", None)])

    def test_each_statement_has_its_attempt_before_its_plan_before_its_outcome(self):
        server = self.start()
        server.sql("CREATE TABLE t (id BIGINT)")
        for user in ("writer", "reader"):
            server.token_of(user)

        def work(user):
            for number in range(10):
                try:
                    server.sql(f"INSERT INTO t VALUES ({number})" if number % 2 else "SELECT count(*) FROM t", user=user)
                except StatementError:
                    pass

        threads = [threading.Thread(target=work, args=(user,)) for user in ("writer", "reader", "admin")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = rows(server.sql("SELECT statement_id, list(type ORDER BY record) FROM system.audit "
                                "WHERE statement_id IS NOT NULL GROUP BY ALL"))
        whole = [types for _, types in found if "outcome" in types]
        self.assertGreaterEqual(len(whole), 30)
        for types in whole:
            self.assertEqual((types[0], types[-1]), ("attempt", "outcome"), types)
            self.assertEqual(set(types[1:-1]) - {"plan"}, set(), types)


class Whence(AuditTest):
    FOUND = ("SELECT DISTINCT door, authentication, credential, address FROM system.audit WHERE type IN ('attempt', 'outcome') "
             "AND principal = '{}' ORDER BY ALL")

    def test_every_door_says_by_which_token_and_from_where(self):
        server = self.start()
        token = server.token_of("reader")
        shown = token[:11]
        server.sql("SELECT 'by http'", user="reader")
        self.assertEqual(rows(server.sql(self.FOUND.format("reader"))), [("http", "token", shown, "127.0.0.1")])
        mcp_client.Http(server, "reader").call("run_sql", {"sql": "SELECT 'by mcp'"})
        asked = subprocess.run([BINARY, "--server", server.url, "sql", "-c", "SELECT 'by the command line'"], capture_output=True,
                               text=True, timeout=60, env={**os.environ, "NEUROLAKE_TOKEN": token})
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertEqual(rows(server.sql(self.FOUND.format("reader"))), [("http", "token", shown, "127.0.0.1"),
                                                                         ("mcp", "token", shown, "127.0.0.1")])
        # Another token of the same principal is another credential, and changes tell of it, too.
        status, _, made = server.request("POST", "/v1/tokens", {"principal": "reader", "role": "reader", "name": "second"},
                                         server.admin_token)
        self.assertEqual(status, 201)
        second = json.loads(made)["token"]
        server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, second)
        self.assertIn(("http", "token", second[:11], "127.0.0.1"), rows(server.sql(self.FOUND.format("reader"))))
        self.assertEqual(rows(server.sql("SELECT DISTINCT credential, address FROM system.audit WHERE action = 'create_token' AND "
                                         "principal = 'admin'")), [(server.admin_token[:11], "127.0.0.1")])
        # It joins with the list of tokens, and the rest of a token is in no file.
        self.assertEqual(rows(server.sql("SELECT DISTINCT t.name FROM system.audit a JOIN system.tokens t ON t.prefix = "
                                         "a.credential WHERE a.principal = 'reader' ORDER BY 1")), [("second",), ("test",)])
        server.stop()
        for path in self.log.rglob("*"):
            if path.is_file():
                for secret in (token, second, server.admin_token):
                    self.assertNotIn(secret[11:].encode(), path.read_bytes(), path)
        # Who works on the lake's directory shows nothing, and comes from nowhere.
        local = subprocess.run([BINARY, "--lake", server.lake, "sql", "-c", "SELECT 'local'"], capture_output=True, text=True,
                               timeout=60)
        self.assertEqual(local.returncode, 0, local.stderr)
        server.start()
        self.assertEqual(rows(server.sql(self.FOUND.format("local"))), [("cli", "local", None, None)])

    def test_refusals_say_from_where(self):
        server = self.start()
        for wrong in ("nl_" + "x" * 43, "nothing"):
            self.assertEqual(server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, wrong)[0], 401)
        self.assertEqual(server.request("POST", "/v1/login", {"name": "nobody", "password": "correct horse"})[0], 401)
        server.sql("SELECT 1")
        self.assertEqual(rows(server.sql("SELECT principal, credential, address, count(*) FROM system.audit "
                                         "WHERE type = 'authentication' GROUP BY ALL")), [(None, None, "127.0.0.1", 3)])

    def test_a_proxy_is_believed_where_it_is_trusted(self):
        said = {"X-Forwarded-For": "198.51.100.9"}
        addresses = ("SELECT DISTINCT address FROM system.audit WHERE type = 'attempt' AND text = 'SELECT ? AS proxied'")
        server = self.start()
        server.request("POST", "/v1/sql", {"statement": "SELECT 'x' AS proxied"}, server.admin_token, said)
        self.assertEqual(rows(server.sql(addresses)), [("127.0.0.1",)])
        server.stop()
        server = self.start(http__trusted_proxies="127.0.0.1")
        server.request("POST", "/v1/sql", {"statement": "SELECT 'x' AS proxied"}, server.admin_token, said)
        self.assertEqual(rows(server.sql(addresses)), [("198.51.100.9",)])


class Evidence(AuditTest):
    def test_a_running_servers_log_verifies_and_so_does_a_stopped_ones(self):
        server = self.start()
        server.sql("SELECT 1")
        self.assertEqual(self.verify().returncode, INTACT)
        server.stop()
        answer = self.verify("--key", (self.log / "log.vkey").read_text())
        self.assertEqual(answer.returncode, INTACT, answer.stderr)
        self.assertNotIn("not signed yet", answer.stderr)
        for name in ("log.key", "constants.key"):
            self.assertEqual(stat.S_IMODE((self.log / name).stat().st_mode), 0o600)

    def test_a_changed_record_is_named_and_the_server_does_not_start_on_it(self):
        server = self.start()
        for number in range(5):
            server.sql(f"SELECT {number}")
        server.stop()
        text = self.segment().read_bytes()
        self.segment().write_bytes(text.replace(b'"principal":"admin"', b'"principal":"nobody"', 1))
        answer = self.verify()
        self.assertEqual(answer.returncode, ALTERED)
        self.assertRegex(answer.stderr, r"record \d+ \(.*\) was changed after it was signed")
        with self.assertRaises(RuntimeError):
            server.start()
        self.segment().write_bytes(text[:text.rindex(b"\n", 0, -1) + 1])
        self.assertEqual(self.verify().returncode, TRUNCATED)
        with self.assertRaises(RuntimeError):
            server.start()
        self.segment().write_bytes(text)
        server.start()
        self.assertEqual(rows(server.sql("SELECT 1")), [(1,)])

    def test_a_rolled_back_log_contradicts_its_witness(self):
        server = self.start(audit__witness_file="{directory}/witness")
        server.stop()
        shutil.copytree(self.log, self.directory + "/old")
        server.start()
        server.sql("SELECT 1")
        server.stop()
        shutil.rmtree(self.log)
        shutil.copytree(self.directory + "/old", self.log)
        self.assertEqual(self.verify().returncode, INTACT, "nothing in it is wrong")
        self.assertEqual(self.verify("--remember", self.directory + "/witness").returncode, ROLLED_BACK)
        with self.assertRaises(RuntimeError):
            server.start()

    def test_the_command_line_signs_off_copies_and_proves(self):
        server = self.start()
        server.sql("SELECT 1")
        server.stop()
        self.assertEqual(self.cli("verify").returncode, INTACT)
        checkpoint = self.cli("checkpoint")
        self.assertEqual(checkpoint.returncode, 0)
        self.assertEqual(len(checkpoint.stdout.splitlines()), 5)
        key = self.cli("key").stdout.strip()
        copied = self.directory + "/evidence"
        self.assertEqual(self.cli("export", copied).returncode, 0)
        self.assertEqual(subprocess.run([VERIFIER, "--key", key, copied], capture_output=True).returncode, INTACT)
        self.assertNotEqual(self.cli("export", copied).returncode, 0, "there is something already")
        self.assertEqual(sorted(path.name for path in pathlib.Path(copied).iterdir()),
                         ["checkpoint", "checkpoints", "log.vkey", "segments"], "no key that signs")
        proof, record = self.directory + "/proof", self.directory + "/record"
        pathlib.Path(proof).write_text(self.cli("prove", "0").stdout)
        pathlib.Path(record).write_text(self.segment().read_text().splitlines()[0])
        command = [VERIFIER, "--key", key, "--inclusion", proof, "--record", record]
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, INTACT)
        pathlib.Path(record).write_text(self.segment().read_text().splitlines()[1])
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, ALTERED)
        for wrong in ("x", "1.5", "9" * 20):
            for run in (self.cli("prove", wrong), self.verify("--prove", wrong)):
                self.assertIn(run.returncode, (2, 64), run.stderr)
                self.assertIn("number of a record, such as 4711, not: " + wrong, run.stderr)
                self.assertNotIn("Usage", run.stdout + run.stderr)


class Failures(AuditTest):
    def test_after_a_kill_every_answered_statement_is_in_it(self):
        server = self.start()
        server.sql("CREATE TABLE t (id BIGINT)")
        answered = []

        def work(name):
            try:
                for number in range(10_000):
                    server.sql(f"SELECT {number} AS {name}_{number}")
                    answered.append(f"SELECT ? AS {name}_{number}")
            except (*LOST, StatementError):
                pass

        server.settings["http.port"] = server.url.rsplit(":", 1)[1]
        for turn in range(3):
            threads = [threading.Thread(target=work, args=(f"w{turn}{worker}",)) for worker in range(4)]
            before = len(answered)
            for thread in threads:
                thread.start()
            while len(answered) < before + 20 and any(thread.is_alive() for thread in threads):
                threads[0].join(0.05)
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
            self.assertEqual(self.verify().returncode, INTACT)
            server.start()
        kept = {row[0] for row in rows(server.sql("SELECT text FROM system.audit WHERE type = 'attempt'", row_limit=100_000))}
        self.assertEqual(set(answered) - kept, set())
        server.stop()
        self.assertEqual(self.verify().returncode, INTACT)

    def limited(self):
        """The program, whose files may have a limit: it stands for a full disk. Python ignores its signal, and so does what it
        starts."""
        with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as wrapper:
            wrapper.write(f"#!{sys.executable}\nimport os, sys\n"
                          f"os.execv({os.path.abspath(BINARY)!r}, [{os.path.abspath(BINARY)!r}] + sys.argv[1:])\n")
        os.chmod(wrapper.name, 0o700)
        self.addCleanup(os.unlink, wrapper.name)
        return wrapper.name

    def records_of(self, text):
        """{type: bytes} of the newest statement of this text, once it has ended."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            lines = self.segment().read_bytes().splitlines(keepends=True)
            records = [json.loads(line) for line in lines]
            ids = [record["statement"] for record in records if record.get("text") == text]
            sizes = {record["type"]: len(line) for record, line in zip(records, lines)
                     if ids and record.get("statement") == ids[-1]}
            if "outcome" in sizes:
                return sizes
        self.fail(f"no outcome of {text}")

    def test_what_was_planned_and_cannot_be_recorded_is_not_done(self):
        with Postgres() as postgres:
            server = self.start(binary=self.limited(), metastore__url=postgres.new_database())
            server.sql("CREATE TABLE t (id BIGINT)")
            server.sql("INSERT INTO t VALUES (1)")
            sizes = self.records_of("INSERT INTO t VALUES (?)")
            pid = server.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            # There is room for the attempt, and not for what it turned out to do.
            room = sizes["attempt"] + sizes["plan"] // 2
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (self.segment().stat().st_size + room, before[1]))
            with self.assertRaises(StatementError) as refused:
                server.sql("INSERT INTO t VALUES (2)")
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
            self.assertEqual(refused.exception.sqlstate, "53100")
            self.assertEqual(rows(server.sql("SELECT id FROM t")), [(1,)])
            attempts = rows(server.sql("SELECT count(*) FROM system.audit WHERE type = 'attempt' AND text LIKE 'INSERT%'"))
            self.assertEqual(attempts, [(2,)], "the attempt was on record, or this would show nothing")
            server.stop()
            self.assertEqual(self.verify().returncode, INTACT)

    def test_what_cannot_be_recorded_is_refused_and_changes_nothing(self):
        server = self.start(binary=self.limited())
        server.sql("CREATE TABLE t (id BIGINT)")
        server.sql("INSERT INTO t VALUES (1)")
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (self.segment().stat().st_size + 10, before[1]))
        for statement in ("SELECT * FROM t", "INSERT INTO t VALUES (2)", "DROP TABLE t"):
            with self.assertRaises(StatementError) as refused:
                server.sql(statement)
            self.assertEqual(refused.exception.sqlstate, "53100", statement)
        status, _, _ = server.request("POST", "/v1/tokens", {"principal": "x", "role": "reader", "name": "x"},
                                      server.admin_token)
        self.assertEqual(status, 507)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        self.assertEqual(rows(server.sql("SELECT id FROM t")), [(1,)])
        self.assertEqual(rows(server.sql("SELECT count(*) FROM system.tokens WHERE principal = 'x'")), [(0,)])
        server.stop()
        self.assertEqual(self.verify().returncode, INTACT)


class Archive(AuditTest):
    """Where it may be. That segments go there, and what can go wrong, is in archive_test.cc: they have 65,536 records."""

    def test_no_statement_reaches_the_archive(self):
        server = self.start(audit__archive="{directory}/archive", audit__archive_after="1s")
        place = f"{self.directory}/archive"
        for path in (place, place + "/below", place + "/../archive/"):
            with self.assertRaisesRegex(StatementError, "archive of the audit log"):
                server.sql(f"CREATE EXTERNAL LOCATION leak URL '{path}'")
        server.sql(f"CREATE EXTERNAL LOCATION beside URL '{self.directory}/archives'")
        server.sql("SELECT 1")
        server.stop()
        # What grows is not archived, and both ways to verify look into the folder.
        self.assertEqual(list(pathlib.Path(place).iterdir()), [])
        self.assertEqual(self.verify("--archive", place).returncode, INTACT)
        verified = subprocess.run([BINARY, "--lake", server.lake, f"--audit.archive={place}", "audit", "verify"],
                                  capture_output=True, text=True, timeout=60)
        self.assertEqual(verified.returncode, INTACT, verified.stdout + verified.stderr)

    def test_a_place_that_statements_read_is_none(self):
        server = self.start()
        server.sql(f"CREATE EXTERNAL LOCATION around URL '{self.directory}/data'")
        server.stop()
        for place in (f"{self.directory}/data/audit", f"{self.directory}/lake/archive", self.directory, "archive"):
            again = Server(BINARY, lake=self.directory + "/lake", settings={"audit.archive": place})
            with self.assertRaisesRegex(RuntimeError, "did not start"):
                again.start()
            again.__exit__()

    def test_an_export_has_all_of_it_or_says_what_is_missing(self):
        server = self.start(audit__archive="{directory}/archive")
        server.stop()
        (self.log / "segments" / "00000000000000065536.archived").write_text("neurolake-archived-segment 1\n")
        missing = self.cli("export", f"{self.directory}/exported")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("00000000000000065536.jsonl", missing.stdout + missing.stderr)


if __name__ == "__main__":
    unittest.main()
