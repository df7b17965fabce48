"""What happens to a table's log after commits: checkpoints of both kinds, checksum files, clean-up, compaction."""
import json
import os
import pathlib
import time
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
DAY = 24 * 3600


class LogUpkeep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"workers.count": "1", "workers.count_max": "2"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def restart(self):
        """So that nothing is in memory."""
        self.server.stop()
        self.server.start()

    def create(self, name, properties):
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
        self.server.sql(f"CREATE OR REPLACE TABLE {name} (id BIGINT) TBLPROPERTIES ({listed})")

    def log_of(self, name):
        location = self.server.sql(f"DESCRIBE DETAIL {name}")
        column = [c["name"] for c in location["columns"]].index("location")
        return pathlib.Path(location["rows"][0][column]) / "_delta_log"

    def count(self, name, version=None):
        travel = "" if version is None else f" VERSION AS OF {version}"
        return self.server.sql(f"SELECT count(*) FROM {name}{travel}")["rows"][0][0]

    def test_a_command_writes_the_checkpoint_that_is_due(self):
        self.create("c", {"delta.checkpointInterval": "2"})
        self.server.sql("INSERT INTO c VALUES (1)")
        self.server.sql("ALTER TABLE c SET TBLPROPERTIES ('owner' = 'sales')")
        log = self.log_of("c")
        self.assertTrue((log / f"{2:020d}.checkpoint.parquet").exists())
        self.assertEqual(json.loads((log / "_last_checkpoint").read_text())["version"], 2)

    def test_v2_checkpoints_are_enough(self):
        self.create("v", {"delta.checkpointInterval": "3", "delta.checkpointPolicy": "v2"})
        for i in range(3):
            self.server.sql(f"INSERT INTO v VALUES ({i})")
        log = self.log_of("v")
        manifests = [path.name for path in log.glob("*.checkpoint.*.json")]
        self.assertEqual(len(manifests), 1)
        self.assertEqual(len(list((log / "_sidecars").iterdir())), 1)
        # The commits before are gone: only the checkpoint and what comes after it is left to read.
        self.server.sql("INSERT INTO v VALUES (3)")
        for version in range(3):
            os.unlink(log / f"{version:020d}.json")
        self.restart()
        self.assertEqual(self.count("v"), 4)
        self.server.sql("DELETE FROM v WHERE id = 0")
        self.assertEqual(self.count("v"), 3)

    def test_old_versions_are_deleted_and_young_ones_are_not(self):
        self.create("old", {"delta.checkpointInterval": "3", "delta.logRetentionDuration": "interval 2 days"})
        for i in range(5):
            self.server.sql(f"INSERT INTO old VALUES ({i})")
        log = self.log_of("old")
        for path in log.iterdir():
            if path.name[:20] <= f"{4:020d}":
                os.utime(path, (time.time() - 5 * DAY,) * 2)
        self.server.sql("INSERT INTO old VALUES (5)")  # Version 6, and a checkpoint.
        names = sorted(path.name for path in log.iterdir())
        self.assertNotIn(f"{2:020d}.json", names)
        self.assertNotIn(f"{2:020d}.crc", names)
        for version in range(3, 7):
            self.assertIn(f"{version:020d}.json", names)
        self.restart()
        self.assertEqual([self.count("old", version) for version in range(3, 7)], [3, 4, 5, 6])
        with self.assertRaises(StatementError):
            self.count("old", 2)
        self.assertEqual(self.count("old"), 6)

    def test_checksums_follow_commits_and_a_wrong_one_is_told_to_the_operator_alone(self):
        self.create("sum", {"delta.checkpointInterval": "100"})
        self.server.sql("INSERT INTO sum VALUES (1), (2)")
        self.server.sql("DELETE FROM sum WHERE id = 1")
        log = self.log_of("sum")
        newest = log / f"{2:020d}.crc"
        checksum = json.loads(newest.read_text())
        self.assertEqual((checksum["numFiles"], checksum["numMetadata"]), (1, 1))
        self.assertEqual(checksum["tableSizeBytes"],
                         sum(path.stat().st_size for path in log.parent.glob("*.parquet")))
        checksum["numFiles"] = 77
        newest.write_text(json.dumps(checksum))
        self.restart()
        self.assertEqual(self.count("sum"), 1)
        self.assertIn("checksum file does not agree", self.server.log_path.read_text())

    def test_logs_are_compacted_where_asked(self):
        self.create("packed", {"neurolake.log_compaction_interval": "4", "delta.checkpointInterval": "100"})
        for i in range(5):
            self.server.sql(f"INSERT INTO packed VALUES ({i})")
        compacted = [path.name for path in self.log_of("packed").glob("*.compacted.json")]
        self.assertEqual(compacted, [f"{1:020d}.{4:020d}.compacted.json"])
        self.assertEqual([self.count("packed", version) for version in range(6)], list(range(6)))


if __name__ == "__main__":
    unittest.main()
