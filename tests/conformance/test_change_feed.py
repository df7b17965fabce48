"""Change data feeds as delta-rs reads them (`load_cdf`) and as `table_changes` does, in both directions."""
import os
import pathlib
import shutil
import tempfile
import unittest

import deltalake
import pyarrow as pa

from judges import Ours, plain
from server import Server

BINARY = os.environ["TESTED_BINARY"]
COLUMNS = ["id", "v", "p", "_change_type", "_commit_version"]


def theirs(path, first, last=None):
    """load_cdf's rows without the time, which the two need not spell alike."""
    table = pa.table(deltalake.DeltaTable(path).load_cdf(starting_version=first, ending_version=last).read_all())
    lists = [[plain(value) for value in table.column(name).to_pylist()] for name in COLUMNS]
    return sorted((tuple(row) for row in zip(*lists)), key=repr)


class ChangeFeedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.ours = Ours(cls.server)
        cls.folder = tempfile.mkdtemp(prefix="neurolake-feed-")
        cls.server.sql(f"CREATE EXTERNAL LOCATION feeds URL '{cls.folder}' WITH (REGISTER = TRUE)")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)
        shutil.rmtree(cls.server.lake, ignore_errors=True)
        pathlib.Path(cls.server.lake + ".log").unlink(missing_ok=True)

    def our_feed(self, name, first, last=""):
        source = f"table_changes('{name}', {first}{', ' + str(last) if last != '' else ''})"
        return self.ours.rows(source, ", ".join(COLUMNS))[1]

    def check(self, name, create, statements):
        self.server.sql(create)
        for statement in statements:
            self.server.sql(statement.replace("{t}", name))
        path = self.ours.path(name)
        last = self.ours.versions(name)[-1]
        for first in range(1, last + 1):
            with self.subTest(table=name, first=first):
                self.assertEqual(self.our_feed(name, first), theirs(path, first))
                self.assertEqual(self.our_feed(name, first, first), theirs(path, first, first))
                self.assertTrue(self.our_feed(name, first, first))

    STATEMENTS = [
        "INSERT INTO {t} SELECT i, 'a', 'p' || (i % 2) FROM range(20) r(i)",
        "UPDATE {t} SET v = 'b' WHERE id IN (2, 3)",
        "DELETE FROM {t} WHERE id IN (4, 5)",
        "MERGE INTO {t} t USING (SELECT i AS id FROM range(6, 9) r(i) UNION ALL SELECT 50) s ON t.id = s.id "
        "WHEN MATCHED AND t.id = 6 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 'm' "
        "WHEN NOT MATCHED THEN INSERT (id, v, p) VALUES (s.id, 'i', 'p0')",
        "INSERT INTO {t} REPLACE WHERE id >= 15 SELECT id + 100, v, p FROM {t} WHERE id >= 18",
        "BEGIN; INSERT INTO {t} VALUES (80, 'x', 'p0'); UPDATE {t} SET v = 'y' WHERE id = 12; COMMIT",
        "DELETE FROM {t} WHERE id = 7",
    ]

    def test_our_feed_with_deletion_vectors(self):
        self.check("vectors", "CREATE TABLE vectors (id BIGINT, v VARCHAR, p VARCHAR) "
                   "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", self.STATEMENTS)

    def test_our_feed_of_a_partitioned_table_without_vectors(self):
        self.check("parts", "CREATE TABLE parts (id BIGINT, v VARCHAR, p VARCHAR) PARTITIONED BY (p) TBLPROPERTIES "
                   "('delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = 'false')",
                   self.STATEMENTS + ["UPDATE {t} SET p = 'moved' WHERE id < 3", "DELETE FROM {t} WHERE p = 'p1'",
                                      "INSERT OVERWRITE {t} PARTITION (p = 'p0') SELECT 1000, 'o'"])

    def test_their_feed(self):
        path = f"{self.folder}/theirs"
        rows = pa.table({"id": pa.array(range(10), pa.int64()), "v": ["a"] * 10, "p": ["p0", "p1"] * 5})
        deltalake.write_deltalake(path, rows, partition_by=["p"], configuration={"delta.enableChangeDataFeed": "true"})
        table = deltalake.DeltaTable(path)
        table.update(predicate="id > 7", updates={"v": "'moved'"})
        table.delete("id = 1")
        table.delete("p = 'p1'")
        self.server.sql(f"CREATE TABLE theirs LOCATION '{path}'")
        self.assertEqual(self.our_feed("theirs", 0), theirs(path, 0))
        self.server.sql("UPDATE theirs SET v = 'ours' WHERE id = 2")
        self.assertEqual(self.our_feed("theirs", 0), theirs(path, 0))

