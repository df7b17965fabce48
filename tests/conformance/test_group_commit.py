"""Tables that many clients insert into at once, as other readers see them: rows, and a history that they can read."""
import os
import pathlib
import shutil
import threading
import unittest

import deltalake

from judges import DeltaRs, DuckDb, Ours
from server import Server

BINARY = os.environ["TESTED_BINARY"]
CLIENTS = 12


class GroupCommit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"workers.count": "3"}).start()
        cls.ours = Ours(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.lake, ignore_errors=True)
        pathlib.Path(cls.server.lake + ".log").unlink(missing_ok=True)

    def insert(self, table):
        barrier, problems = threading.Barrier(CLIENTS), []

        def run(i):
            barrier.wait()
            try:
                for n in range(8):
                    self.server.sql(f"INSERT INTO {table} VALUES ({n * CLIENTS + i}, 'p{i % 3}', {{'n': {n}, 'l': ['x', NULL]}})")
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])

    def check(self, name, more):
        self.server.sql(f"CREATE TABLE {name} (id BIGINT, part STRING, s STRUCT<n: INTEGER, l: STRING[]>) {more}")
        self.insert(name)
        names, rows = self.ours.rows(name)
        self.assertEqual(len(rows), 8 * CLIENTS)
        path = self.ours.path(name)
        for judge in (DeltaRs(), DuckDb()):
            self.assertEqual(judge.rows(path), (names, rows), type(judge).__name__)
        grouped = [entry for entry in deltalake.DeltaTable(path).history()
                   if "numGroupedStatements" in (entry.get("operationMetrics") or {})]
        self.assertTrue(grouped)

    def test_a_plain_table(self):
        self.check("plain", "TBLPROPERTIES ('compatibility' = 'widest')")

    def test_a_partitioned_table(self):
        self.check("parted", "PARTITIONED BY (part)")


if __name__ == "__main__":
    unittest.main()
