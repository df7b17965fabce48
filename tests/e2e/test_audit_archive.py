"""Segments of the audit log in an object store: a real one, which checks signatures. What the log itself makes of an archive
that fails is in archive_test.cc."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import seaweed
from server import Server, StatementError, named, rows
from store_proxy import StoreProxy

BINARY = os.environ["TESTED_BINARY"]
VERIFIER = str(pathlib.Path(BINARY).with_name("neurolake-audit-verify"))
INTACT, ALTERED, MISSING_SEGMENT = 0, 1, 6
SEGMENT = 64
FIRST, SECOND = (f"{number * SEGMENT:020}.jsonl" for number in range(2))
KEYS = {"test": (seaweed.ACCESS_KEY, seaweed.SECRET_KEY), "reader": (seaweed.READER_KEY, seaweed.READER_SECRET),
        "wrong": (seaweed.ACCESS_KEY, "another-secret-0123456789")}


class ArchiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = seaweed.Seaweed().start()
        cls.addClassCleanup(cls.store.stop)
        cls.proxy = StoreProxy(cls.store.ports["s3"])
        cls.addClassCleanup(cls.proxy.stop)

    def setUp(self):
        self.place = self._testMethodName
        self.url = f"s3://bucket/{self.place}"
        self.directory = tempfile.mkdtemp(prefix="neurolake-archive-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.settings = {"audit.archive": self.url, "audit.archive_credential": "store", "audit.archive_after": "1s",
                         "audit.checkpoint_every": "100ms", "audit.segment_records": str(SEGMENT), "log_level": "error"}
        self.server = Server(BINARY, lake=self.directory + "/lake", settings=self.settings).start()
        self.addCleanup(self.server.stop)
        self.segments = pathlib.Path(self.server.lake) / "audit" / "segments"

    def credential(self, who, replace="", endpoint=None):
        key, secret = KEYS[who]
        self.server.sql(f"CREATE {replace} CREDENTIAL store TYPE S3 OPTIONS (access_key_id = '{key}', "
                        f"secret_access_key = '{secret}', endpoint = '{endpoint or self.store.endpoint}')")

    def fill(self, segments=1):
        """Statements until so many segments are full."""
        while len(list(self.segments.glob("*.index"))) <= segments:
            self.server.sql("SELECT 'filler'")

    def until(self, what, seconds=20):
        """Statements, as each has the archive looked at, until `what()`."""
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, "it did not come so far:\n" + self.log())
            self.server.sql("SELECT 1")

    def log(self):
        return self.server.log_path.read_text()

    def is_archived(self, name):
        return (self.segments / name).with_suffix(".archived").exists() and not (self.segments / name).exists()

    def in_store(self):
        return [key.rsplit("/", 1)[1] for key in self.store.keys(self.place + "/")]

    def object(self, name, body=None):
        status, content = self.store.request("PUT" if body is not None else "GET", f"/bucket/{self.place}/{name}", body or b"")
        self.assertEqual(status, 200, content)
        return content

    def audit(self, *words):
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        return subprocess.run([BINARY, "--lake", self.server.lake, *settings, "audit", *words], capture_output=True, text=True,
                              timeout=60)

    def verifier(self, *words):
        return subprocess.run([VERIFIER, *words], capture_output=True, text=True, timeout=60)

    def check_whole(self):
        """Every record is there once, and read, proven and verified wherever it lies."""
        count, distinct, first, last = rows(self.server.sql("SELECT count(*), count(DISTINCT record), min(record), "
                                                            "max(record) FROM system.audit"))[0]
        self.assertEqual((count, distinct, first), (last + 1, last + 1, 0))
        for command in (("verify",), ("prove", "3")):
            answer = self.audit(*command)
            self.assertEqual(answer.returncode, INTACT, answer.stdout + answer.stderr)


class Archived(ArchiveTest):
    def test_segments_are_searched_proven_exported_and_verified_in_the_store(self):
        server = self.server
        self.credential("test")
        server.sql("SELECT 'a very telling constant'")
        self.fill(2)
        self.until(lambda: self.is_archived(SECOND))
        self.assertEqual(self.in_store()[:2], [FIRST, SECOND])
        text = "SELECT constants FROM system.audit WHERE constants LIKE '%very telling%' AND text NOT LIKE '%system%'"
        self.assertEqual(rows(server.sql(text)), [('{"literals":["\'a very telling constant\'"]}',)])
        gone = named(server.sql("SELECT details FROM system.audit WHERE action = 'archive_audit_segment' ORDER BY record"))
        self.assertIn(FIRST, gone[0]["details"])
        self.assertIn(self.url, gone[0]["details"])
        self.assertNotIn(seaweed.SECRET_KEY, gone[0]["details"])
        self.check_whole()
        # The files alone, and what was exported.
        log = str(self.segments.parent)
        self.assertEqual(self.verifier(log).returncode, MISSING_SEGMENT)
        self.assertEqual(self.audit("export", self.directory + "/evidence").returncode, 0)
        alone = self.verifier(self.directory + "/evidence")
        self.assertEqual(alone.returncode, INTACT, alone.stdout + alone.stderr)
        server.stop()
        server.start()
        self.assertEqual(len(rows(server.sql(text))), 1)
        # Who may write to the bucket is found out.
        lines = self.object(FIRST)
        self.object(FIRST, lines.replace(b'"principal":"admin"', b'"principal":"other"', 1))
        with self.assertRaisesRegex(StatementError, "was changed"):
            server.sql("SELECT count(*) FROM system.audit")
        answer = self.audit("verify")
        self.assertEqual(answer.returncode, ALTERED, answer.stdout + answer.stderr)
        self.object(FIRST, lines)
        self.check_whole()

    def test_a_store_that_denies_has_another_secret_or_another_text_gets_nothing_taken(self):
        self.object(FIRST, b"something of another log\n")
        for who, replace in (("wrong", ""), ("reader", "OR REPLACE")):
            self.credential(who, replace)
            self.fill()
            before = self.log().count("segments of the audit log stay")
            self.until(lambda: self.log().count("segments of the audit log stay") > before)
            self.assertFalse(list(self.segments.glob("*.archived")))
        self.credential("test", "OR REPLACE")
        before = self.log().count("is not the one that was signed, in the archive")
        self.until(lambda: self.log().count("is not the one that was signed, in the archive") > before)
        self.assertEqual(self.object(FIRST), b"something of another log\n")
        self.assertFalse(list(self.segments.glob("*.archived")))
        self.check_whole()
        self.store.request("DELETE", f"/bucket/{self.place}/{FIRST}")
        self.until(lambda: self.is_archived(FIRST))
        self.check_whole()
        for secret in (secret for _, secret in KEYS.values()):
            self.assertNotIn(secret, self.log())


class Broken(ArchiveTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.proxy.release)
        self.addCleanup(setattr, self.proxy, "broken", False)
        self.credential("test", endpoint=self.proxy.endpoint)

    def test_a_store_that_is_gone_stops_no_statement_and_a_search_says_so(self):
        self.fill()
        self.until(lambda: self.is_archived(FIRST))
        self.proxy.broken = True
        self.fill(2)
        before = self.log().count("segments of the audit log stay")
        self.until(lambda: self.log().count("segments of the audit log stay") > before, 60)
        self.assertTrue((self.segments / SECOND).exists())
        # Not a part for the whole; what needs no archive goes on.
        with self.assertRaises(StatementError) as caught:
            self.server.sql("SELECT count(*) FROM system.audit")
        self.assertGreaterEqual(caught.exception.status, 500, caught.exception)
        self.assertEqual(rows(self.server.sql("SELECT 1")), [(1,)])
        self.proxy.broken = False
        self.until(lambda: self.is_archived(SECOND), 60)
        self.check_whole()

    def test_killed_between_the_copy_and_the_removal_it_goes_on(self):
        # The copy is read back before anything is removed.
        self.proxy.hold(lambda method, path: method in ("GET", "HEAD") and FIRST in path)
        self.fill()
        self.until(self.proxy.held.is_set)
        self.assertEqual(self.in_store(), [FIRST])
        self.server.stop(signal.SIGKILL)
        self.proxy.release()
        self.assertTrue((self.segments / FIRST).exists())
        self.assertFalse(list(self.segments.glob("*.archived")))
        copied = self.object(FIRST)
        self.server.start()
        self.until(lambda: self.is_archived(FIRST))
        self.assertEqual(self.object(FIRST), copied)
        self.check_whole()

    def test_a_store_that_does_not_answer_does_not_keep_the_server_from_ending(self):
        self.proxy.hold(lambda method, path: method == "PUT" and FIRST in path)
        self.fill()
        self.until(self.proxy.held.is_set)
        begun = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - begun, 10)
        self.proxy.release()
        self.server.start()
        self.until(lambda: self.is_archived(FIRST))
        self.check_whole()


if __name__ == "__main__":
    unittest.main()
