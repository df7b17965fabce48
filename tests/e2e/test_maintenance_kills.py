"""A short run of tests/slow/maintenance_kills.py."""
import os
import shutil
import unittest

from kills import MaintenanceKills
from server import Server

BINARY = os.environ["TESTED_BINARY"]


class Kills(unittest.TestCase):
    def test_killed_in_the_middle_of_maintenance(self):
        server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
        self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
        self.addCleanup(server.stop)
        kills = MaintenanceKills(server, seed=7)
        for _ in range(10):
            kills.once()


if __name__ == "__main__":
    unittest.main()
