"""Tables that live in an object store: SeaweedFS over S3 with real signatures."""
import json
import os
import pathlib
import re
import shutil
import signal
import threading
import unittest

import seaweed
from server import Server, StatementError, children, named, rows

BINARY = os.environ["TESTED_BINARY"]


def make_credential(name="store", endpoint="", secret=seaweed.SECRET_KEY):
    return (f"CREATE CREDENTIAL {name} TYPE S3 OPTIONS (access_key_id = '{seaweed.ACCESS_KEY}', secret_access_key = "
            f"'{secret}', endpoint = '{endpoint}', region = 'us-east-1', path_style = 'true')")


@unittest.skipUnless(seaweed.program(), "needs SeaweedFS: scripts/bootstrap.sh --tests")
class ObjectStorage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = seaweed.Seaweed().start()

    @classmethod
    def tearDownClass(cls):
        cls.store.stop()

    def setUp(self):
        self.place = self._testMethodName
        self.root = f"s3://bucket/{self.place}"
        self.server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
        self.addCleanup(self.drop_server)
        self.sql(make_credential(endpoint=self.store.endpoint))
        self.sql(f"CREATE EXTERNAL LOCATION place URL '{self.root}' WITH (CREDENTIAL = store, REGISTER = TRUE)")

    def drop_server(self):
        self.server.stop()
        shutil.rmtree(self.server.lake, ignore_errors=True)

    def sql(self, statement, user="admin", **options):
        return self.server.sql(statement, user, **options)

    def rows(self, statement, user="admin"):
        return rows(self.sql(statement, user))

    def refused(self, statement, user="admin"):
        with self.assertRaises(StatementError, msg=statement) as caught:
            self.sql(statement, user)
        return caught.exception

    def test_a_table_from_creation_to_vacuum(self):
        self.sql(f"CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR, day DATE) PARTITIONED BY (day) LOCATION '{self.root}/t'")
        self.sql("INSERT INTO t SELECT i, 'n' || i, DATE '2024-01-01' + CAST(i % 4 AS INTEGER) FROM range(1000) r(i)")
        self.assertEqual(self.rows("SELECT count(*), max(id) FROM t"), [(1000, 999)])
        self.assertTrue(any(key.endswith("00000000000000000001.json") for key in self.store.keys(f"{self.place}/t/")))
        pruned = "\n".join(row[0] for row in self.rows("EXPLAIN ANALYZE SELECT * FROM t WHERE day = DATE '2024-01-02'"))
        read, there = re.search(r"files read +(\d+) of (\d+)", pruned).groups()
        self.assertLess(int(read), int(there))
        self.sql("UPDATE t SET name = 'changed' WHERE id = 7")
        self.sql("DELETE FROM t WHERE id >= 990")
        self.sql("MERGE INTO t USING (VALUES (1, 'merged'), (5000, 'new')) AS s(id, name) ON t.id = s.id "
                 "WHEN MATCHED THEN UPDATE SET name = s.name "
                 "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, DATE '2024-01-09')")
        expected = [(1, "merged"), (7, "changed"), (5000, "new")]
        asked = "SELECT id, name FROM t WHERE id IN (1, 7, 995, 5000) ORDER BY id"
        self.assertEqual(self.rows(asked), expected)
        self.assertEqual(self.rows("SELECT count(*), max(id) FROM t VERSION AS OF 1"), [(1000, 999)])
        self.assertEqual(self.rows("SELECT name FROM t VERSION AS OF 2 WHERE id = 1"), [("n1",)])
        self.sql("OPTIMIZE t")
        self.assertEqual(self.rows(asked), expected)
        before = self.store.keys(f"{self.place}/t/")
        self.sql("VACUUM t RETAIN 0 HOURS")
        after = self.store.keys(f"{self.place}/t/")
        self.assertLess(len([key for key in after if key.endswith((".parquet", ".bin"))]),
                        len([key for key in before if key.endswith((".parquet", ".bin"))]))
        self.assertEqual(self.rows(asked), expected)
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [(991,)])
        self.sql("ALTER TABLE t ADD COLUMN extra INTEGER")
        self.sql("INSERT INTO t VALUES (6000, 'x', DATE '2024-01-09', 1)")
        self.assertEqual(self.rows("SELECT max(extra) FROM t"), [(1,)])

    def test_a_second_server_sees_the_same_table(self):
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/t' AS SELECT 1 AS id")
        with Server(BINARY) as other:
            other.sql(make_credential(endpoint=self.store.endpoint))
            other.sql(f"CREATE EXTERNAL LOCATION place URL '{self.root}/' WITH (REGISTER = TRUE, CREDENTIAL = store)")
            other.sql(f"CREATE TABLE mine LOCATION '{self.root}/t'")
            other.sql("INSERT INTO mine VALUES (2)")
        self.assertEqual(self.rows("SELECT id FROM t ORDER BY id"), [(1,), (2,)])

    def test_concurrent_writers_lose_nothing(self):
        self.sql(f"CREATE TABLE t (writer INTEGER, n INTEGER) LOCATION '{self.root}/t'")
        with Server(BINARY) as other:
            other.sql(make_credential(endpoint=self.store.endpoint))
            other.sql(f"CREATE EXTERNAL LOCATION place URL '{self.root}' WITH (REGISTER = TRUE, CREDENTIAL = store)")
            other.sql(f"CREATE TABLE t LOCATION '{self.root}/t'")
            problems = []

            def write(server, writer):
                try:
                    for n in range(8):
                        server.sql(f"INSERT INTO t VALUES ({writer}, {n})")
                except StatementError as error:
                    problems.append(error)

            # Two servers that know nothing of each other: only the store keeps their versions apart.
            threads = [threading.Thread(target=write, args=(server, i)) for i, server in enumerate((self.server, other))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(problems, [])
        self.assertEqual(self.rows("SELECT writer, count(*), count(DISTINCT n) FROM t GROUP BY ALL ORDER BY 1"),
                         [(0, 8, 8), (1, 8, 8)])
        versions = [row["version"] for row in named(self.sql("DESCRIBE HISTORY t"))]
        self.assertEqual(versions, list(range(16, -1, -1)))

    def test_managed_tables_in_the_store(self):
        # A server whose new tables go there, on the lake of the one before.
        self.server.stop()
        self.server.settings["tables.url"] = self.root + "/tables"
        self.server.start()
        self.sql("CREATE TABLE t AS SELECT 42 AS answer")
        location = named(self.sql("DESCRIBE DETAIL t"))[0]["location"]
        self.assertTrue(location.startswith(self.root + "/tables/"), location)
        self.sql("CREATE OR REPLACE TABLE t AS SELECT 43 AS answer")
        self.assertEqual(self.rows("SELECT * FROM t"), [(43,)])
        self.sql("DROP TABLE t")
        self.sql("UNDROP TABLE t")
        self.assertEqual(self.rows("SELECT * FROM t"), [(43,)])
        self.sql("CREATE TABLE c SHALLOW CLONE t")
        self.sql("UPDATE c SET answer = answer + 1")
        self.sql("CREATE TABLE cc SHALLOW CLONE c VERSION AS OF 0")
        self.sql("INSERT OVERWRITE t SELECT 1 AS answer")
        self.sql("VACUUM t RETAIN 0 HOURS")
        self.assertEqual(self.rows("SELECT c.answer, cc.answer FROM c, cc"), [(44, 43)])

    def test_copy_into_convert_and_clone(self):
        for name, text in (("a.csv", b"id,v\n1,x\n2,y\n"), ("b.csv", b"id,v\n3,z\n"), ("c.txt", b"no")):
            self.assertEqual(self.store.request("PUT", f"/bucket/{self.place}/in/{name}", text)[0], 200)
        self.sql("CREATE TABLE loaded (id INTEGER, v VARCHAR)")
        self.sql(f"COPY INTO loaded FROM '{self.root}/in/*.csv' FILEFORMAT = CSV")
        self.assertEqual(self.rows("SELECT count(*), min(v), max(v) FROM loaded"), [(3, "x", "z")])
        self.sql("COPY INTO loaded FROM 'place/in/a.csv' FILEFORMAT = CSV")  # Loaded before, under either name.
        self.assertEqual(self.rows("SELECT count(*) FROM loaded"), [(3,)])
        self.refused(f"COPY INTO loaded FROM '{self.root}/in/nothing.csv' FILEFORMAT = CSV")
        self.sql(f"CREATE TABLE away CLONE loaded LOCATION '{self.root}/away'")
        self.assertEqual(self.rows("SELECT count(*), min(id), max(id) FROM away"), [(3, 1, 3)])
        self.sql("CREATE TABLE home CLONE away")
        self.assertEqual(self.rows("SELECT count(*), min(id), max(id) FROM home"), [(3, 1, 3)])
        data = [key for key in self.store.keys(f"{self.place}/away/") if key.endswith(".parquet")]
        status, body = self.store.request("GET", f"/bucket/{data[0]}")
        self.assertEqual(self.store.request("PUT", f"/bucket/{self.place}/plain/one.parquet", body)[0], 200)
        self.sql(f"CONVERT TO DELTA parquet.`{self.root}/plain` AS converted")
        self.assertEqual(self.rows("SELECT count(*), min(id), max(id) FROM converted"), [(3, 1, 3)])
        self.sql("DELETE FROM away WHERE id = 1")
        self.sql("RESTORE TABLE away TO VERSION AS OF 0")
        self.assertEqual(self.rows("SELECT count(*), min(id), max(id) FROM away"), [(3, 1, 3)])
        for key in data:
            self.store.request("DELETE", f"/bucket/{key}")
        self.assertEqual(len(self.rows("FSCK REPAIR TABLE away DRY RUN")), len(data))

    def test_shallow_clones_of_tables_in_the_store(self):
        self.sql(f"CREATE TABLE s LOCATION '{self.root}/s' AS SELECT i AS id FROM range(10) r(i)")
        self.sql("INSERT INTO s SELECT i FROM range(10, 20) r(i)")
        self.sql("DELETE FROM s WHERE id = 3")
        self.sql(f"CREATE TABLE other LOCATION '{self.root}/s2' AS SELECT 1 AS id")
        self.sql("CREATE TABLE c SHALLOW CLONE s")
        self.sql("DELETE FROM c WHERE id = 4")
        self.sql("INSERT INTO c VALUES (100)")
        self.assertEqual(self.rows("SELECT count(*), sum(id)::BIGINT FROM c", user="reader"), [(19, 283)])
        self.sql("INSERT OVERWRITE s SELECT 5 AS id")
        self.sql("VACUUM s RETAIN 0 HOURS")
        self.sql("OPTIMIZE c")
        self.assertEqual(self.rows("SELECT count(*), sum(id)::BIGINT FROM c VERSION AS OF 0"), [(19, 187)])
        # Without its place nobody reads there any more.
        self.sql("DROP TABLE other")
        self.sql("DROP EXTERNAL LOCATION place")
        self.assertEqual(self.refused("SELECT * FROM c VERSION AS OF 0").sqlstate, "42501")
        self.assertEqual(self.rows("SELECT count(*) FROM c"), [(19,)])

    def test_only_what_was_granted(self):
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/t' AS SELECT 1 AS id")
        self.assertEqual(self.rows("SELECT * FROM t", "reader"), [(1,)])
        file = next(key for key in self.store.keys(f"{self.place}/t/") if key.endswith(".parquet"))
        for user in ("admin", "engineer", "writer", "reader"):
            for statement in (f"SELECT * FROM read_parquet('s3://bucket/{file}')", f"SELECT * FROM 's3://bucket/{file}'",
                              f"SELECT * FROM parquet_metadata('s3://bucket/{file}')",
                              f"SELECT * FROM glob('{self.root}/**')", f"SELECT content FROM read_text('{self.root}/t/x')",
                              f"COPY t TO '{self.root}/out.parquet'", f"ATTACH '{self.root}/x.db'",
                              "CREATE SECRET (TYPE S3, KEY_ID 'a', SECRET 'b')", "LOAD httpfs", "INSTALL httpfs"):
                self.refused(statement, user)
        # A place next to what was granted, and ways around it.
        for url in (f"{self.root}-evil/t", "s3://bucket/other", "s3://elsewhere/t", f"{self.root}/../other",
                    f"{self.root}//t", f"{self.root}/./t", f"gs://bucket/{self.place}/t", "http://127.0.0.1/t",
                    f"s3://a:b@bucket/{self.place}/t", f"s3://bucket/{self.place}/t?x", "s3://", "s3:///t"):
            self.refused(f"CREATE TABLE bad (a INTEGER) LOCATION '{url}'")
            self.refused(f"COPY INTO t FROM '{url}/a.csv' FILEFORMAT = CSV", "writer")
        # The right to register locations is an administrator's.
        for user in ("engineer", "writer", "reader"):
            self.refused(f"CREATE TABLE mine (a INTEGER) LOCATION '{self.root}/mine'", user)
        self.sql(f"CREATE TABLE mine (a INTEGER) LOCATION '{self.root}/mine'")
        # Nor inside another table.
        self.refused(f"CREATE TABLE inner_one (a INTEGER) LOCATION '{self.root}/t/inner'")
        self.assertEqual(list(self.store.keys(f"{self.place}/t/inner")), [])
        self.refused("INSERT INTO t VALUES (2)", "reader")
        self.sql("INSERT INTO t VALUES (2)", "writer")

    def test_a_log_cannot_lead_elsewhere(self):
        self.sql(f"CREATE TABLE victim LOCATION '{self.root}/victim' AS SELECT 'hidden' AS v")
        file = next(key for key in self.store.keys(f"{self.place}/victim/") if key.endswith(".parquet"))
        name = file.rsplit("/", 1)[1]
        # The victim's own size, so that nothing but the place speaks against it.
        size = len(self.store.request("GET", f"/bucket/{file}")[1])
        for version, path in enumerate((f"../victim/{name}", f"s3://bucket/{file}", f"%2E%2E/victim/{name}",
                                        f"/{file}", f"file:///etc/passwd"), start=1):
            add = {"add": {"path": path, "partitionValues": {}, "size": size, "modificationTime": 0, "dataChange": True}}
            self.sql(f"CREATE TABLE t{version} LOCATION '{self.root}/t{version}' AS SELECT 'own' AS v")
            self.assertEqual(self.rows(f"SELECT * FROM t{version}"), [("own",)])
            key = f"/bucket/{self.place}/t{version}/_delta_log/{1:020d}.json"
            self.assertEqual(self.store.request("PUT", key, json.dumps(add).encode())[0], 200)
            self.assertNotIn("hidden", str(self.refused(f"SELECT * FROM t{version}").problem))

    def test_credentials_are_for_administrators_and_never_shown(self):
        secret = "hush-hush-secret"
        for user in ("engineer", "writer", "reader"):
            for statement in ("SHOW CREDENTIALS", "DROP CREDENTIAL store", "ROTATE CREDENTIAL KEY",
                              make_credential("own", "http://127.0.0.1:1", secret)):
                self.assertEqual(self.refused(statement, user).sqlstate, "42501", statement)
        self.sql(make_credential("second", "http://127.0.0.1:1", secret))
        self.refused(make_credential("second", "http://127.0.0.1:1", secret))
        self.sql("CREATE CREDENTIAL IF NOT EXISTS second TYPE S3 ANONYMOUS")
        broken = [f"CREATE CREDENTIAL c TYPE S3 OPTIONS (secret_access_key = {secret})",
                  f"CREATE CREDENTIAL c TYPE S3 OPTIONS (\"{secret}\" = 'x')",
                  f"CREATE CREDENTIAL c TYPE S3 OPTIONS (secret_access_key '{secret}')",
                  f"CREATE CREDENTIAL c TYPE FTP OPTIONS (a = '{secret}')",
                  f"CREATE CREDENTIAL c TYPE S3 OPTIONS (secret_access_key = '{secret}",
                  f"CREATE CREDENTIAL c TYPE S3 OPTIONS (secret_access_key = '{secret}')",
                  f"CREATE CREDENTIAL c TYPE GCS OPTIONS (service_account_json = '{secret}')",
                  f"CREATE CREDENTIAL '{secret}'", f"EXPLAIN CREATE CREDENTIAL c TYPE S3 OPTIONS (a = '{secret}')",
                  f"CREATE SECRET (TYPE S3, SECRET '{secret}')"]
        for statement in broken:
            self.assertNotIn(secret, str(self.refused(statement).problem))
        shown = self.sql("SHOW CREDENTIALS")
        self.assertEqual([row["name"] for row in named(shown)], ["second", "store"])
        self.assertNotIn(secret, str(shown))
        history = str(self.sql("SELECT * FROM system.queries"))
        self.assertIn("CREATE CREDENTIAL second TYPE", history.replace("CREATE CREDENTIAL second [redacted]",
                                                                      "CREATE CREDENTIAL second TYPE"))
        self.assertNotIn(secret, history)
        self.assertNotIn(seaweed.SECRET_KEY, history)
        self.server.stop()
        for file in pathlib.Path(self.server.lake).rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                self.assertNotIn(secret.encode(), content, file)
                self.assertNotIn(seaweed.SECRET_KEY.encode(), content, file)
        self.assertNotIn(secret, self.server.log_path.read_text())
        self.server.start()
        self.assertEqual(self.refused("DROP CREDENTIAL store").problem["code"], "DependentObjects")
        self.sql("DROP CREDENTIAL second")

    def test_rotating_the_key(self):
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/t' AS SELECT 1 AS id")
        key_file = pathlib.Path(self.server.lake) / "credentials.key"
        self.assertEqual(key_file.stat().st_mode & 0o777, 0o600)
        before, old_key = named(self.sql("SHOW CREDENTIALS"))[0]["key_id"], key_file.read_text()
        self.assertEqual(self.rows("ROTATE CREDENTIAL KEY"), [(1,)])
        self.assertNotEqual(named(self.sql("SHOW CREDENTIALS"))[0]["key_id"], before)
        self.assertNotIn(old_key.strip(), key_file.read_text())
        self.assertEqual(self.rows("SELECT * FROM t"), [(1,)])
        # Others may read it; it is another one; it is gone: nothing opens, and nothing is made up.
        key = key_file.read_text()
        key_file.chmod(0o644)
        self.assertIn("0600", str(self.refused("SELECT * FROM t").problem))
        key_file.write_text(old_key)
        key_file.chmod(0o600)
        self.refused("SELECT * FROM t")
        key_file.unlink()
        self.refused("SELECT * FROM t")
        self.refused(make_credential("another", self.store.endpoint))
        key_file.write_text(key)
        key_file.chmod(0o600)
        self.assertEqual(self.rows("SELECT * FROM t"), [(1,)])

    def test_keys_of_the_environment_stay_in_the_server(self):
        self.server.stop()
        self.server.environment |= {"AWS_ACCESS_KEY_ID": seaweed.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": seaweed.SECRET_KEY}
        self.server.start()
        self.sql(f"CREATE CREDENTIAL surroundings TYPE S3 FROM ENVIRONMENT OPTIONS (endpoint = '{self.store.endpoint}')")
        self.sql(f"CREATE EXTERNAL LOCATION inner_place URL '{self.root}/env' WITH (CREDENTIAL = surroundings, "
                 "REGISTER = TRUE)")
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/env/t' AS SELECT 1 AS id")
        self.assertEqual(self.rows("SELECT * FROM t"), [(1,)])
        workers = children(self.server.process.pid)
        self.assertTrue(workers)
        for pid in workers:
            self.assertNotIn(b"AWS_SECRET", pathlib.Path(f"/proc/{pid}/environ").read_bytes())

    def test_a_wrong_key_and_a_missing_bucket(self):
        self.sql(make_credential("wrong", self.store.endpoint, "not-the-secret"))
        location = "CREATE EXTERNAL LOCATION closed URL 's3://bucket/closed' WITH (CREDENTIAL = wrong, REGISTER = TRUE)"
        wrong = self.refused(location)
        self.assertEqual((wrong.problem["code"], "wrong access key" in str(wrong.problem)), ("PermissionDenied", True))
        missing = self.refused("CREATE EXTERNAL LOCATION nowhere URL 's3://no-such-bucket/x' WITH (CREDENTIAL = store, "
                               "REGISTER = TRUE)")
        self.assertIn("bucket", str(missing.problem))
        self.refused("CREATE EXTERNAL LOCATION c URL 'gs://bucket/x' WITH (CREDENTIAL = store, REGISTER = TRUE)")
        self.refused("CREATE EXTERNAL LOCATION c URL 's3://bucket/x' WITH (CREDENTIAL = nobody, REGISTER = TRUE)")
        self.refused("CREATE EXTERNAL LOCATION c URL 's3://bucket/x' WITH (REGISTER = TRUE)")
        self.refused("CREATE EXTERNAL LOCATION c URL '/tmp' WITH (CREDENTIAL = store)")
        # The credential is put right under the same name, and goes wrong again under a table.
        right = make_credential("wrong", self.store.endpoint).replace("CREATE", "CREATE OR REPLACE", 1)
        self.sql(right)
        self.sql(location)
        self.sql("CREATE TABLE a LOCATION 's3://bucket/closed/a' AS SELECT 1 AS id")
        self.sql(right.replace(seaweed.SECRET_KEY, "not-the-secret"))
        for statement in ("SELECT * FROM a", "INSERT INTO a VALUES (2)", "CREATE TABLE b (i INTEGER) LOCATION "
                          "'s3://bucket/closed/b'"):
            problem = self.refused(statement).problem
            self.assertEqual(problem["code"], "PermissionDenied", problem)
            self.assertNotIn("not-the-secret", str(problem))
        self.sql(right)
        self.assertEqual(self.rows("SELECT * FROM a"), [(1,)])

    def test_kill_nine_in_a_write(self):
        self.sql(f"CREATE TABLE t LOCATION '{self.root}/t' AS SELECT 0::BIGINT AS id, '' AS text")
        for attempt in range(3):
            failed = threading.Event()

            def write():
                try:
                    self.sql("INSERT INTO t SELECT i, repeat('x', 100) || hash(i) FROM range(1000000) r(i)")
                except Exception:  # The server is gone.
                    failed.set()

            writer = threading.Thread(target=write)
            writer.start()
            # Until bytes of the statement are on their way, or it is done.
            while writer.is_alive() and not any(
                    row[0] == "running" for row in self.rows("SELECT state FROM system.running WHERE kind = 'INSERT'")):
                pass
            self.server.process.send_signal(signal.SIGKILL)
            writer.join()
            self.server.stop()
            self.server.start()
            count = self.rows("SELECT count(*) FROM t")[0][0]
            self.assertEqual((count - 1) % 1000000, 0)
            self.assertTrue(failed.is_set() or count > 1)
        self.sql("INSERT INTO t VALUES (-1, 'after')")
        self.assertEqual(self.rows("SELECT text FROM t WHERE id = -1"), [("after",)])

    def test_a_store_that_dies_in_a_statement(self):
        store = seaweed.Seaweed().start()
        self.addCleanup(store.stop)
        self.sql(make_credential("mortal", store.endpoint))
        self.sql("CREATE EXTERNAL LOCATION fleeting URL 's3://bucket/fleeting' WITH (CREDENTIAL = mortal, REGISTER = TRUE)")
        self.sql("CREATE TABLE t LOCATION 's3://bucket/fleeting/t' AS SELECT 1 AS id")
        store.kill()
        for statement in ("SELECT * FROM t", "INSERT INTO t VALUES (2)", "DELETE FROM t"):
            with self.assertRaises(StatementError) as caught:
                self.sql(statement, timeout="8s")
            self.assertNotIn(seaweed.SECRET_KEY, str(caught.exception.problem))
        self.assertEqual(self.rows("SELECT 1"), [(1,)])
        store.start()
        self.assertEqual(self.rows("SELECT * FROM t"), [(1,)])
        self.sql("INSERT INTO t VALUES (2)")
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [(2,)])


if __name__ == "__main__":
    unittest.main()
