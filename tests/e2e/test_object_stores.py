"""The same tables on S3, Google Cloud Storage and Azure; each service by its emulator, which checks what it is sent."""
import os
import shutil
import sqlite3
import unittest

from emulators import ACCOUNT, BUCKET, AzureByToken, Azurite, FakeGcs, MetadataService, S3
from server import Server, StatementError, named, rows
from threads import together

BINARY = os.environ["TESTED_BINARY"]


class Tables:
    """For each store once: see the classes below."""
    service = None

    @classmethod
    def setUpClass(cls):
        cls.store = cls.service().start()

    @classmethod
    def tearDownClass(cls):
        cls.store.stop()

    def setUp(self):
        self.place = self._testMethodName
        bucket = "bucket" if self.service is S3 else BUCKET
        self.root = f"{self.store.scheme}://{bucket}/{self.place}"
        self.server = self.new_server(settings={"vacuum.short_retention": "true"})

    def new_server(self, **options):
        server = Server(BINARY, **options).start()
        self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
        self.addCleanup(server.stop)
        server.sql(self.store.credential("store"))
        server.sql(f"CREATE EXTERNAL LOCATION place URL '{self.root}' WITH (CREDENTIAL = store, REGISTER = TRUE)")
        return server

    def sql(self, statement, user="admin"):
        return self.server.sql(statement, user)

    def rows(self, statement):
        return rows(self.sql(statement))

    def refused(self, statement, user="admin"):
        with self.assertRaises(StatementError, msg=statement) as caught:
            self.sql(statement, user)
        return caught.exception

    def test_a_table_from_creation_to_vacuum(self):
        self.sql(f"CREATE TABLE t (id BIGINT, name VARCHAR, part INTEGER) PARTITIONED BY (part) LOCATION '{self.root}/t' "
                 "TBLPROPERTIES ('delta.checkpointInterval' = '3')")
        self.sql("INSERT INTO t SELECT i, 'n' || i, i % 4 FROM range(1000) r(i)")
        self.sql("UPDATE t SET name = 'changed' WHERE id = 7")
        self.sql("DELETE FROM t WHERE id >= 990")
        self.sql("MERGE INTO t USING (VALUES (1, 'merged'), (5000, 'new')) AS s(id, name) ON t.id = s.id WHEN MATCHED THEN "
                 "UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, 9)")
        asked = "SELECT id, name FROM t WHERE id IN (1, 7, 995, 5000) ORDER BY id"
        expected = [(1, "merged"), (7, "changed"), (5000, "new")]
        self.assertEqual(self.rows(asked), expected)
        self.assertEqual(self.rows("SELECT count(*), max(id) FROM t VERSION AS OF 1"), [(1000, 999)])
        self.sql("INSERT INTO t REPLACE WHERE part = 3 SELECT 3, 'only', 3")
        self.assertEqual(self.rows("SELECT count(*) FROM t WHERE part = 3"), [(1,)])
        self.sql("RESTORE TABLE t TO VERSION AS OF 4")
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [(991,)])
        self.sql("OPTIMIZE t")
        self.assertEqual(self.rows(asked), expected)

        def data():
            return [key for key in self.store.keys(f"{self.place}/t/") if key.endswith((".parquet", ".bin"))
                    and "_delta_log" not in key]
        before = data()
        self.assertGreater(self.sql("VACUUM t RETAIN 0 HOURS")["rows"][0][1], 0)
        self.assertLess(len(data()), len(before))
        for gone in ("SELECT sum(id) FROM t VERSION AS OF 1", "RESTORE TABLE t TO VERSION AS OF 1",
                     "CREATE TABLE old CLONE t VERSION AS OF 1"):
            problem = self.refused(gone)
            self.assertEqual((problem.sqlstate, problem.status), ("02000", 404), problem)
            self.assertIn("VACUUM", problem.problem["detail"])
        self.assertEqual(self.rows(asked), expected)
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [(991,)])
        self.assertEqual(self.rows("FSCK REPAIR TABLE t DRY RUN"), [])
        self.assertTrue(any(key.endswith(".checkpoint.parquet") for key in self.store.keys(f"{self.place}/t/_delta_log/")))
        # From the checkpoint, by a server that knows nothing yet.
        other = self.new_server()
        other.sql(f"CREATE TABLE again LOCATION '{self.root}/t'")
        self.assertEqual(rows(other.sql("SELECT count(*), min(id), max(id) FROM again")), [(991, 0, 5000)])

    def test_two_servers_write_and_lose_nothing(self):
        self.sql(f"CREATE TABLE t (writer INTEGER, n INTEGER) LOCATION '{self.root}/t'")
        other = self.new_server()
        other.sql(f"CREATE TABLE t LOCATION '{self.root}/t'")
        updated, refused = [], []

        def write(server, writer):
            for n in range(5):
                server.sql(f"INSERT INTO t VALUES ({writer}, {n})")

        def change(server, to):
            try:
                server.sql(f"UPDATE t SET n = {to} WHERE writer = 0 AND n = 0")
                updated.append(to)
            except StatementError as error:
                refused.append(error)

        # Only the store keeps their versions apart.
        together(write, (self.server, 0), (other, 1))
        self.assertEqual(self.rows("SELECT writer, count(*), count(DISTINCT n) FROM t GROUP BY ALL ORDER BY 1"),
                         [(0, 5, 5), (1, 5, 5)])
        # Two changes of one row: each that was acknowledged had its turn, and the last of them is there.
        together(change, (self.server, 100), (other, 200))
        self.assertTrue(updated)
        self.assertEqual([error.sqlstate for error in refused if error.sqlstate != "40001"], [], refused)
        left = self.rows("SELECT n FROM t WHERE writer = 0 AND n IN (0, 100, 200)")
        self.assertIn(left, [[(n,)] for n in updated])
        versions = [row["version"] for row in named(self.sql("DESCRIBE HISTORY t"))]
        self.assertEqual(versions, list(range(len(versions) - 1, -1, -1)))

    def test_small_inserts_meet(self):
        self.sql(f"CREATE TABLE t (client INTEGER, n INTEGER) LOCATION '{self.root}/t'")
        clients, rounds = 8, 4

        def insert(table):
            def work(client):
                for n in range(rounds):
                    self.sql(f"INSERT INTO {table} VALUES ({client}, {n})")
            together(work, *((client,) for client in range(clients)))
            self.assertEqual(self.rows(f"SELECT count(*), count(DISTINCT client * 100 + n) FROM {table}"),
                             [(clients * rounds, clients * rounds)])
            return [row for row in named(self.sql(f"DESCRIBE HISTORY {table}")) if row["operation"] == "WRITE"]

        history = insert("t")
        self.assertLess(len(history), clients * rounds)
        self.assertTrue(any("numGroupedStatements" in str(row["operationMetrics"]) for row in history), history[:2])
        # Who wants a version for each statement gets that here as well.
        self.sql(f"CREATE TABLE single (client INTEGER, n INTEGER) LOCATION '{self.root}/single' "
                 "TBLPROPERTIES ('neurolake.group_commit' = 'false')")
        self.assertEqual(len(insert("single")), clients * rounds)

    def test_copy_into_from_there_and_managed_tables(self):
        for name, text in (("a.csv", b"id,v\n1,x\n2,y\n"), ("b.csv", b"id,v\n3,z\n"), ("c.txt", b"no")):
            self.assertIn(self.store.put(f"{self.place}/in/{name}", text), (200, 201))
        self.server.stop()
        self.server.settings["tables.url"] = self.root + "/tables"
        self.server.start()
        self.sql("CREATE TABLE loaded (id INTEGER, v VARCHAR)")
        self.sql(f"COPY INTO loaded FROM '{self.root}/in/*.csv' FILEFORMAT = CSV")
        self.sql(f"COPY INTO loaded FROM '{self.root}/in/a.csv' FILEFORMAT = CSV")  # Loaded before.
        self.assertEqual(self.rows("SELECT count(*), min(v), max(v) FROM loaded"), [(3, "x", "z")])
        location = named(self.sql("DESCRIBE DETAIL loaded"))[0]["location"]
        self.assertTrue(location.startswith(self.root + "/tables/"), location)
        # The place of managed tables is nobody's, not even an administrator's; next to it is free.
        for url in (f"{self.root}/tables", f"{self.root}/tables/mine", f"{location}/inner", self.root):
            self.assertEqual(self.refused(f"CREATE TABLE bad (a INTEGER) LOCATION '{url}'").sqlstate, "22023", url)
        self.sql(f"CREATE TABLE beside (a INTEGER) LOCATION '{self.root}/tables2/mine'")
        self.sql("DROP TABLE loaded")
        self.sql("UNDROP TABLE loaded")
        self.assertEqual(self.rows("SELECT count(*) FROM loaded"), [(3,)])


@unittest.skipUnless(S3.program.exists(), "needs SeaweedFS: scripts/bootstrap.sh --tests")
class OnS3(Tables, unittest.TestCase):
    service = S3

    def test_keys_of_the_machines_role(self):
        metadata = MetadataService()
        self.addCleanup(metadata.stop)
        self.server.stop()
        self.server.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"http://{metadata.address}"
        self.server.start()
        self.sql(f"CREATE CREDENTIAL role TYPE S3 FROM INSTANCE ROLE OPTIONS (endpoint = '{self.store.endpoint}')")
        self.sql(f"CREATE EXTERNAL LOCATION by_role URL '{self.root}/role' WITH (CREDENTIAL = role, REGISTER = TRUE)")
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/role/t' AS SELECT 1 AS id")
        self.sql("INSERT INTO t VALUES (2)")
        self.assertEqual(self.rows("SELECT id FROM t ORDER BY id"), [(1,), (2,)])
        self.assertIn("/latest/meta-data/iam/security-credentials/lake-role", metadata.asked)
        # A machine that lost its role says so, and nothing else of it.
        metadata.broken = True
        self.server.stop()
        self.server.start()
        problem = self.refused("SELECT * FROM t").problem
        self.assertIn("no credentials", problem["detail"])


@unittest.skipUnless(FakeGcs.program.exists(), "needs fake-gcs-server: scripts/bootstrap.sh --tests")
class OnGoogle(Tables, unittest.TestCase):
    service = FakeGcs

    def test_keys_of_the_machines_role(self):
        metadata = MetadataService()
        self.addCleanup(metadata.stop)
        self.server.stop()
        self.server.environment["GCE_METADATA_HOST"] = metadata.address
        self.server.start()
        self.sql(f"CREATE CREDENTIAL role TYPE GCS FROM INSTANCE ROLE OPTIONS (endpoint = '{self.store.endpoint}')")
        self.sql(f"CREATE EXTERNAL LOCATION by_role URL '{self.root}/role' WITH (CREDENTIAL = role, REGISTER = TRUE)")
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/role/t' AS SELECT 1 AS id")
        self.assertEqual(self.rows("SELECT id FROM t"), [(1,)])
        self.assertIn("/computeMetadata/v1/instance/service-accounts/default/token", metadata.asked)
        metadata.broken = True
        self.server.stop()
        self.server.start()
        self.refused("SELECT * FROM t")


@unittest.skipUnless(Azurite.program.exists(), "needs Azurite: scripts/bootstrap.sh --tests")
class OnAzure(Tables, unittest.TestCase):
    service = Azurite

    def test_keys_of_the_machines_role(self):
        metadata = MetadataService()
        self.addCleanup(metadata.stop)
        door = AzureByToken(self.store, MetadataService.TOKEN)
        self.addCleanup(door.stop)
        self.server.stop()
        self.server.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = f"http://{metadata.address}"
        self.server.start()
        self.sql(door.credential("role"))
        self.sql(f"CREATE EXTERNAL LOCATION by_role URL '{self.root}/role' WITH (CREDENTIAL = role, REGISTER = TRUE)")
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/role/t' AS SELECT 1 AS id")
        self.sql("INSERT INTO t VALUES (2)")
        self.assertEqual(self.rows("SELECT id FROM t ORDER BY id"), [(1,), (2,)])
        self.assertTrue([path for path in metadata.asked if path.startswith("/metadata/identity/oauth2/token?")])
        self.assertEqual(door.refused, 0)
        # A token that the service does not take, and a machine that lost its role.
        door.token = "another"
        problem = self.refused("INSERT INTO t VALUES (3)").problem
        self.assertEqual(problem["code"], "PermissionDenied", problem)
        self.assertNotIn(MetadataService.TOKEN, str(problem))
        self.assertGreater(door.refused, 0)
        door.token = MetadataService.TOKEN
        metadata.broken = True
        self.server.stop()
        self.server.start()
        self.assertIn("no credentials", self.refused("SELECT * FROM t").problem["detail"])

    def test_two_spellings_are_one_place(self):
        self.sql(f"CREATE TABLE t LOCATION 'azure://{BUCKET.upper()}/{self.place}/t' AS SELECT 1 AS id")
        self.assertEqual(named(self.sql("DESCRIBE DETAIL t"))[0]["location"], f"az://{BUCKET}/{self.place}/t")
        for spelling in (f"az://{BUCKET}", f"abfs://{BUCKET}", f"abfss://{BUCKET.upper()}"):
            self.refused(f"CREATE TABLE twice LOCATION '{spelling}/{self.place}/t'")
            self.refused(f"CREATE EXTERNAL LOCATION twice URL '{spelling}/{self.place}' WITH (CREDENTIAL = store)")
        # With the account it could be the same; the credential says that it is.
        whole = f"abfss://{BUCKET}@{ACCOUNT}.dfs.core.windows.net"
        for url in (f"{whole}/{self.place}", f"{whole}/{self.place}/t", whole):
            problem = self.refused(f"CREATE EXTERNAL LOCATION twice URL '{url}' WITH (CREDENTIAL = store)")
            self.assertEqual(problem.sqlstate, "22023", problem)
        self.sql(f"CREATE EXTERNAL LOCATION elsewhere URL '{whole}/{self.place}-2' WITH (CREDENTIAL = store, REGISTER = TRUE)")
        self.sql(f"CREATE TABLE u LOCATION 'wasbs://{BUCKET}@{ACCOUNT.upper()}.blob.core.windows.net/{self.place}-2/u' "
                 "AS SELECT 2 AS id")
        self.assertEqual(self.rows("SELECT id FROM u"), [(2,)])
        self.refused(f"CREATE EXTERNAL LOCATION o URL 'abfss://{BUCKET}@{ACCOUNT}.example.org/x' WITH (CREDENTIAL = store)")

    def test_locations_of_an_older_version_are_places_like_others(self):
        inner = f"az://{BUCKET}/{self.place}/i"
        self.sql(self.store.credential("other"))
        self.sql(f"CREATE EXTERNAL LOCATION inner_one URL '{inner}' WITH (CREDENTIAL = other, REGISTER = TRUE)")
        # As one stored them that knew no one spelling.
        with sqlite3.connect(self.server.lake + "/metastore.db", timeout=30) as database:
            database.execute("UPDATE external_locations SET path = ? WHERE name = 'place'",
                             (f"azure://{BUCKET}/{self.place}/",))
        database.close()
        listed = dict(self.rows("SELECT name, path FROM system.external_locations"))
        self.assertEqual(listed, {"place": f"{self.root}/", "inner_one": f"{inner}/"})
        self.refused(f"CREATE EXTERNAL LOCATION twice URL '{self.root}' WITH (CREDENTIAL = store)")
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/t' AS SELECT 1 AS id")
        self.sql("INSERT INTO t VALUES (2)")
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [(2,)])
        self.assertIn(self.store.put(f"{self.place}/in/a.csv", b"id\n3\n"), (200, 201))
        self.sql(f"COPY INTO t FROM '{self.root}/in/a.csv' FILEFORMAT = CSV")
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [(3,)])
        # The inner one opens what is in it, however long the outer one was written.
        self.sql(f"CREATE TABLE u LOCATION '{inner}/u' AS SELECT 1 AS id")
        self.sql("DROP EXTERNAL LOCATION place")
        self.assertEqual(self.rows("SELECT id FROM u"), [(1,)])
        self.refused("SELECT * FROM t")


if __name__ == "__main__":
    unittest.main()
