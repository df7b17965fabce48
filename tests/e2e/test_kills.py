"""A short run of tests/slow/kills.py."""
import os
import shutil
import unittest

from kills import Kills
from server import Server

BINARY = os.environ["TESTED_BINARY"]


class KillsInTheMiddle(unittest.TestCase):
    def test_killed_in_the_middle_of_statements(self):
        for seed, policy in ((7, "classic"), (8, "v2")):
            server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
            self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
            self.addCleanup(server.stop)
            kills = Kills(server, seed, policy)
            for _ in range(12):
                kills.once()
            kills.finish()


if __name__ == "__main__":
    unittest.main()
