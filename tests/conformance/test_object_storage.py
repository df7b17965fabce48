"""Tables in an S3 store as delta-rs sees them, and its tables as we do."""
import os
import shutil
import unittest

import deltalake
import pyarrow as pa

import seaweed
from server import Server

BINARY = os.environ["TESTED_BINARY"]


@unittest.skipUnless(seaweed.program(), "needs SeaweedFS: scripts/bootstrap.sh --tests")
class ObjectStorage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = seaweed.Seaweed().start()
        cls.server = Server(BINARY).start()
        cls.options = {"AWS_ACCESS_KEY_ID": seaweed.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": seaweed.SECRET_KEY,
                       "AWS_ENDPOINT_URL": cls.store.endpoint, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
                       "aws_conditional_put": "etag"}
        cls.server.sql(f"CREATE CREDENTIAL c TYPE S3 OPTIONS (access_key_id = '{seaweed.ACCESS_KEY}', secret_access_key = "
                       f"'{seaweed.SECRET_KEY}', endpoint = '{cls.store.endpoint}', path_style = 'true')")
        cls.server.sql("CREATE EXTERNAL LOCATION l URL 's3://bucket/conformance' WITH (CREDENTIAL = c, REGISTER = TRUE)")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.store.stop()
        shutil.rmtree(cls.server.lake, ignore_errors=True)

    def ours(self, name):
        return sorted((tuple(row) for row in self.server.sql(f"SELECT id, name FROM {name}")["rows"]), key=repr)

    def theirs(self, name, version=None):
        table = deltalake.DeltaTable(f"s3://bucket/conformance/{name}", version=version, storage_options=self.options)
        rows = pa.table(deltalake.QueryBuilder().register("t", table).execute("SELECT id, name FROM t").read_all())
        return sorted((tuple(row.values()) for row in rows.to_pylist()), key=repr)

    def test_delta_rs_reads_what_we_write(self):
        self.server.sql("CREATE TABLE t (id BIGINT, name VARCHAR) PARTITIONED BY (name) LOCATION "
                        "'s3://bucket/conformance/t' TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')")
        statements = ("INSERT INTO t SELECT i, 'a/b c%' || (i % 3) FROM range(100) r(i)", "UPDATE t SET id = -id WHERE id < 5",
                      "DELETE FROM t WHERE id > 90", "INSERT INTO t VALUES (1000, NULL)", "OPTIMIZE t",
                      "INSERT INTO t SELECT i, 'a/b c%' || (i % 3) FROM range(2000, 2100) r(i)", "OPTIMIZE t ZORDER BY (id)")
        for statement in statements:
            self.server.sql(statement)
            self.assertEqual(self.theirs("t"), self.ours("t"), statement)
        self.assertIn((0, "a/b c%0"), self.theirs("t", 1))

    def test_we_read_what_delta_rs_writes(self):
        rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["x", "y", "z"]})
        deltalake.write_deltalake("s3://bucket/conformance/theirs", rows, storage_options=self.options,
                                  partition_by=["name"])
        self.server.sql("CREATE TABLE theirs LOCATION 's3://bucket/conformance/theirs'")
        self.assertEqual(self.ours("theirs"), [(1, "x"), (2, "y"), (3, "z")])
        deltalake.write_deltalake("s3://bucket/conformance/theirs", rows, mode="append", storage_options=self.options)
        self.assertEqual(len(self.ours("theirs")), 6)
        self.server.sql("INSERT INTO theirs VALUES (4, 'w')")
        self.assertEqual(len(self.theirs("theirs")), 7)


if __name__ == "__main__":
    unittest.main()
