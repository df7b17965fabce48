"""A column is encrypted in its place while others write and read, and while the server is killed: no file of a version in
which it is encrypted has a value in the clear, and no row is lost or changed."""
import json
import os
import pathlib
import shutil
import signal
import threading
import unittest

import canaries
from server import LOST, Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class InPlace(unittest.TestCase):
    def start(self, **options):
        server = Server(BINARY, settings={"workers.count": "2", "workers.count_max": "4"}, **options).start()
        self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
        self.addCleanup(server.stop)
        return server

    def make(self, server, rows):
        server.sql("CREATE KEY pii")
        server.sql("GRANT DECRYPT ON KEY pii TO ROLE admin")
        server.sql("CREATE TABLE people (id BIGINT, mail STRING, part BIGINT) PARTITIONED BY (part)")
        server.sql(f"INSERT INTO people SELECT i, '{self.cell}-' || i, i % 8 FROM range({rows}) r(i)")
        # Else looking for it would prove nothing.
        self.assertTrue(self.in_the_clear(server))

    def setUp(self):
        self.cell = canaries.canary("cell")

    def location(self, server):
        return pathlib.Path(server.sql("DESCRIBE DETAIL people")["rows"][0][4].removeprefix("file://"))

    def live_files(self, server):
        """Names of the newest version's files, read off the log's own commits."""
        location, live = self.location(server), set()
        for commit in sorted((location / "_delta_log").glob("0*.json")):
            for line in commit.read_text().splitlines():
                action = json.loads(line)
                live |= {action["add"]["path"]} if "add" in action else set()
                live -= {action["remove"]["path"]} if "remove" in action else set()
        return [location / path for path in live]

    def in_the_clear(self, server):
        live = self.live_files(server)
        self.assertTrue(live)
        return [path for path in live if self.cell.encode() in path.read_bytes()]

    def is_encrypted(self, server):
        server.token_of("reader")
        try:
            server.sql("SELECT max(mail) FROM people", "reader")
            return False
        except StatementError as error:
            self.assertEqual(error.sqlstate, "42501", str(error))
            return True

    def check(self, server, rows):
        self.assertEqual(server.sql("SELECT count(*), count(DISTINCT id), bool_and(mail = '" + self.cell + "-' || id) "
                                    "FROM people")["rows"], [[rows, rows, True]])

    def test_others_write_meanwhile(self):
        server = self.start()
        self.make(server, 64)
        server.sql("ALTER TABLE people SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
        added, done = [], threading.Event()

        def append():
            try:
                for i in range(64, 84):
                    try:
                        server.sql(f"INSERT INTO people VALUES ({i}, '{self.cell}-{i}', {i % 8})")
                        added.append(i)
                    except StatementError as error:
                        self.assertEqual(error.sqlstate, "40001", str(error))
            finally:
                done.set()

        writer = threading.Thread(target=append)
        writer.start()
        changes, lost = 0, 0
        encrypts = True
        while not done.is_set() or not changes:
            try:
                server.sql("ALTER TABLE people ALTER COLUMN mail " + ("ENCRYPT WITH KEY pii" if encrypts else "DECRYPT"))
                encrypts, changes = not encrypts, changes + 1
            except StatementError as error:
                self.assertEqual(error.sqlstate, "40001", str(error))
                lost += 1
        writer.join()
        self.assertTrue(added)
        if encrypts:
            server.sql("ALTER TABLE people ALTER COLUMN mail ENCRYPT WITH KEY pii")
        self.assertTrue(self.is_encrypted(server))
        self.check(server, 64 + len(added))
        self.assertFalse(self.in_the_clear(server))

    def test_a_transaction_that_began_before_does_not_bring_clear_rows(self):
        from test_conflicts import Overlapping
        server = self.start()
        self.make(server, 8)
        with Overlapping(server, f"INSERT INTO people VALUES (100, '{self.cell}-100', 1)") as overlapping:
            server.sql("ALTER TABLE people ALTER COLUMN mail ENCRYPT WITH KEY pii")
        self.assertEqual(overlapping.error["sqlstate"], "40001", overlapping.error)
        self.check(server, 8)
        self.assertFalse(self.in_the_clear(server))

    def test_killed_in_the_middle(self):
        server = self.start()
        self.make(server, 4000)
        for _ in range(5):
            if self.kill_while_it_encrypts(server):
                break
            server.sql("ALTER TABLE people ALTER COLUMN mail DECRYPT")
        else:
            self.fail("each time it was over before the server was killed")
        self.check(server, 4000)
        if not self.is_encrypted(server):
            server.sql("ALTER TABLE people ALTER COLUMN mail ENCRYPT WITH KEY pii")
        self.assertTrue(self.is_encrypted(server))
        self.check(server, 4000)
        self.assertFalse(self.in_the_clear(server))

    def kill_while_it_encrypts(self, server):
        """Whether nobody had been answered when the server was killed, which runs again afterwards."""
        location = self.location(server)
        before = {path.name for path in location.rglob("*.parquet")}
        answers = []

        def encrypt():
            try:
                answers.append(server.sql("ALTER TABLE people ALTER COLUMN mail ENCRYPT WITH KEY pii"))
            except LOST:
                pass
            except StatementError as error:
                answers.append(error)

        statement = threading.Thread(target=encrypt)
        statement.start()
        while statement.is_alive() and {path.name for path in location.rglob("*.parquet")} == before:
            pass
        server.stop(signal.SIGKILL)
        statement.join()
        server.start()
        if answers and isinstance(answers[0], StatementError):
            raise answers[0]
        return not answers


if __name__ == "__main__":
    unittest.main()
