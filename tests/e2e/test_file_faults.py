"""File operations of statements that run in workers fail: some of each statement. tests/slow/file_faults.py has them all, more
statements, full disks, short reads and writes; src/engine/duckdb/tests/write_faults_test.cc all of plain writes and of the
log's upkeep."""
import os
import unittest

from faults import ERROR
from file_faults import CASES, FileFaults

OPERATIONS = 12


class Statements(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = FileFaults(os.environ["TESTED_BINARY"])

    @classmethod
    def tearDownClass(cls):
        cls.bench.close()

    def check(self, name):
        case, = [case for case in CASES if case.name == name]
        self.assertGreaterEqual(self.bench.run(case, ERROR, OPERATIONS), OPERATIONS)


def add(case):
    def test(self):
        self.check(case.name)
    setattr(Statements, "test_" + "".join(c if c.isalnum() else "_" for c in case.name.lower()), test)


for one in CASES:
    if one.fast:
        add(one)

if __name__ == "__main__":
    unittest.main()
