"""Tables in Google Cloud Storage and Azure (their emulators) as delta-rs sees them, and its tables as we do."""
import json
import os
import shutil
import unittest

import deltalake
import pyarrow as pa

from emulators import ACCOUNT, ACCOUNT_KEY, BUCKET, Azurite, FakeGcs
from server import Server

BINARY = os.environ["TESTED_BINARY"]


class Tables:
    @classmethod
    def setUpClass(cls):
        cls.store = cls.service().start()
        cls.addClassCleanup(cls.store.stop)
        cls.root = f"{cls.store.scheme}://{BUCKET}/conformance"
        cls.server = Server(BINARY).start()
        cls.addClassCleanup(shutil.rmtree, cls.server.lake, ignore_errors=True)
        cls.addClassCleanup(cls.server.stop)
        cls.server.sql(cls.store.credential("c"))
        cls.server.sql(f"CREATE EXTERNAL LOCATION l URL '{cls.root}' WITH (CREDENTIAL = c, REGISTER = TRUE)")

    def ours(self, name):
        return sorted((tuple(row) for row in self.server.sql(f"SELECT id, name FROM {name}")["rows"]), key=repr)

    def theirs(self, name, version=None):
        table = deltalake.DeltaTable(f"{self.root}/{name}", version=version, storage_options=self.options())
        rows = pa.table(deltalake.QueryBuilder().register("t", table).execute("SELECT id, name FROM t").read_all())
        return sorted((tuple(row.values()) for row in rows.to_pylist()), key=repr)

    def test_delta_rs_reads_what_we_write(self):
        self.server.sql(f"CREATE TABLE t (id BIGINT, name VARCHAR) PARTITIONED BY (name) LOCATION '{self.root}/t' "
                        "TBLPROPERTIES ('delta.enableDeletionVectors' = 'false', 'delta.checkpointInterval' = '4')")
        for statement in ("INSERT INTO t SELECT i, 'a/b c%' || (i % 3) FROM range(100) r(i)",
                          "UPDATE t SET id = -id WHERE id < 5", "DELETE FROM t WHERE id > 90",
                          "INSERT INTO t VALUES (1000, NULL)", "OPTIMIZE t"):
            self.server.sql(statement)
            self.assertEqual(self.theirs("t"), self.ours("t"), statement)
        self.assertIn((0, "a/b c%0"), self.theirs("t", 1))


class TheirTables(Tables):
    def test_we_read_what_delta_rs_writes(self):
        rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["x", "y", "z"]})
        deltalake.write_deltalake(f"{self.root}/theirs", rows, storage_options=self.options(), partition_by=["name"])
        self.server.sql(f"CREATE TABLE theirs LOCATION '{self.root}/theirs'")
        self.assertEqual(self.ours("theirs"), [(1, "x"), (2, "y"), (3, "z")])
        self.server.sql("INSERT INTO theirs VALUES (4, 'w')")
        self.assertEqual(len(self.theirs("theirs")), 4)


@unittest.skipUnless(FakeGcs.program.exists(), "needs fake-gcs-server: scripts/bootstrap.sh --tests")
class OnGoogle(Tables, unittest.TestCase):
    """Not what delta-rs writes: this emulator does not know the kind of upload that it makes (400, "invalid uploadType")."""
    service = FakeGcs

    def options(self):
        # As the object_store crate has it for emulators.
        key = {"gcs_base_url": self.store.endpoint, "disable_oauth": True, "client_email": "", "private_key": "",
               "private_key_id": ""}
        return {"google_service_account_key": json.dumps(key), "allow_http": "true"}


@unittest.skipUnless(Azurite.program.exists(), "needs Azurite: scripts/bootstrap.sh --tests")
class OnAzure(TheirTables, unittest.TestCase):
    service = Azurite

    def options(self):
        return {"azure_storage_account_name": ACCOUNT, "azure_storage_account_key": ACCOUNT_KEY,
                "azure_endpoint": self.store.endpoint, "allow_http": "true"}


if __name__ == "__main__":
    unittest.main()
