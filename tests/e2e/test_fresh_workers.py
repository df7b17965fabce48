"""What a worker does first in its life, when it knows no table yet."""
import os
import shutil
import unittest

from server import Server, rows

BINARY = os.environ["TESTED_BINARY"]
FIRST = ("VACUUM t", "OPTIMIZE t", "INSERT INTO t REPLACE WHERE part = 7 SELECT 100, 7", "RESTORE TABLE t TO VERSION AS OF 8",
         "DESCRIBE HISTORY t", "ANALYZE TABLE t COMPUTE STATISTICS", "CREATE TABLE copy CLONE t", "FSCK REPAIR TABLE t DRY RUN",
         "INSERT OVERWRITE t PARTITION (part = 8) SELECT 100", "ALTER TABLE t ADD COLUMN more INTEGER")


class FreshWorkers(unittest.TestCase):
    def test_the_first_statement_meets_a_checkpoint(self):
        for policy in ("classic", "v2"):
            server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
            self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
            self.addCleanup(server.stop)
            # The last version's checkpoint is all that a reader of the newest version needs.
            server.sql("CREATE TABLE t (id BIGINT, part INTEGER) PARTITIONED BY (part) TBLPROPERTIES "
                       f"('delta.checkpointInterval' = '2', 'delta.checkpointPolicy' = '{policy}')")
            for i in range(8):
                server.sql(f"INSERT INTO t VALUES ({i}, {i % 3})")
            for statement in FIRST:
                with self.subTest(statement, policy=policy):
                    server.stop()
                    server.start()
                    server.sql(statement)
            self.assertEqual(rows(server.sql("SELECT count(*), count(DISTINCT id) FROM copy")), [(8, 8)])


if __name__ == "__main__":
    unittest.main()
