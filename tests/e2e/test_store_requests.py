"""What statements on object storage cost in requests: counted at a service that the test is."""
import json
import os
import shutil
import unittest

from fake_s3 import FakeS3
from server import Server, StatementError, rows

BINARY = os.environ["TESTED_BINARY"]
PLACE = "bucket/place"


class Requests(unittest.TestCase):
    def setUp(self):
        self.store = FakeS3()
        self.addCleanup(self.store.stop)
        # One worker: what it has read once it need not read again.
        self.server = Server(BINARY, settings={"workers.count": "1", "workers.count_max": "1"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)
        self.server.sql(self.store.credential("store"))
        self.server.sql(f"CREATE EXTERNAL LOCATION place URL 's3://{PLACE}' WITH (CREDENTIAL = store, REGISTER = TRUE)")

    def cost(self, statement, user="admin"):
        """(rows, requests) of the statement."""
        self.store.requests.clear()
        answer = rows(self.server.sql(statement, user))
        return answer, list(self.store.requests)

    def make(self, name="t"):
        self.server.sql(f"CREATE TABLE {name} (id BIGINT, name VARCHAR) LOCATION 's3://{PLACE}/{name}' "
                        "TBLPROPERTIES ('delta.checkpointInterval' = '3')")
        for i in range(8):
            self.server.sql(f"INSERT INTO t SELECT range, 'n' || range FROM range({i * 100}, {i * 100 + 100})")

    def test_logs_and_footers_are_read_once(self):
        self.make()
        self.server.stop()
        self.server.start()
        statement = "SELECT count(name), sum(id)::BIGINT FROM t"
        first, cold = self.cost(statement)
        second, warm = self.cost(statement + " WHERE id >= 0")
        self.assertEqual((first, second), ([(800, 319600)], [(800, 319600)]))

        def of(requests, part):
            return [(method, name) for method, name in requests if part in name]
        self.assertTrue(of(cold, ".checkpoint.parquet"))
        # Whether there is a new version has to be asked each time; what is in the old ones has not.
        self.assertEqual([one for one in of(warm, "_delta_log") if not one[1].startswith("list:")], [])
        self.assertLessEqual(len(of(warm, "list:")), 1)
        # Small files come whole: once to look, once to scan, and later to scan alone.
        self.assertLessEqual(len(of(cold, "/part-")), 16)
        self.assertEqual(len(of(warm, "/part-")), 8)

    def test_footers_of_large_files_are_read_once(self):
        self.server.sql(f"CREATE TABLE large (id BIGINT, name VARCHAR) LOCATION 's3://{PLACE}/large'")
        for i in range(3):
            self.server.sql(f"INSERT INTO large SELECT range, hash(range)::VARCHAR || hash(-range)::VARCHAR FROM "
                            f"range({i * 100_000}, {i * 100_000 + 100_000})")
        sizes = [len(body) for name, body in self.store.objects.items() if "/part-" in name]
        self.assertTrue(all(size > 1 << 20 for size in sizes), sizes)
        self.server.stop()
        self.server.start()
        statement = "SELECT count(name) FROM large WHERE id >= {}"

        def reads(at):
            found, requests = self.cost(statement.format(at))
            self.assertEqual(found, [(300_000 - at,)])
            self.assertEqual([one for one in requests if one[0] == "HEAD" and "/part-" in one[1]], [])
            return sum("/part-" in name for _, name in requests)
        cold, warm = reads(0), reads(1)
        # A footer is its length and then itself, or both at once.
        self.assertLessEqual(warm, cold - 3)
        self.assertEqual(reads(2), warm)
        # A commit brings one file; only that one's footer is read.
        self.server.sql("INSERT INTO large VALUES (0, 'new')")
        self.server.sql("DELETE FROM large WHERE id = 0 AND name = 'new'")
        self.assertLessEqual(reads(3), warm + 2)

    def test_what_was_read_for_one_is_not_there_for_who_may_not(self):
        self.make()
        statement = "SELECT count(name) FROM t"
        self.assertEqual(self.cost(statement)[0], [(800,)])
        self.assertEqual(self.cost(statement, "reader")[0], [(800,)])
        file = next(name for name in self.store.objects if "/part-" in name)
        for user in ("admin", "reader", "writer"):
            with self.assertRaises(StatementError):
                self.server.sql(f"SELECT * FROM read_parquet('s3://{file}')", user)
        # Nor for who was let go: the table is gone, its files are where they were.
        self.server.sql("DROP TABLE t")
        with self.assertRaises(StatementError) as caught:
            self.server.sql(statement, "reader")
        self.assertEqual(caught.exception.problem["code"], "NotFound")
        # A file that went away is missed, footer or not.
        self.server.sql("UNDROP TABLE t")
        self.store.drop(file)
        with self.assertRaises(StatementError):
            self.server.sql("SELECT count(DISTINCT name) FROM t", "reader")

    def test_a_log_of_a_hundred_thousand_entries(self):
        self.make()
        self.server.stop()
        # The same table, a hundred thousand versions later: the old ones are in its checkpoints.
        shift, log = 100_000, f"{PLACE}/t/_delta_log/"
        for name, body in list(self.store.objects.items()):
            base = name.removeprefix(log)
            if name.startswith(log) and base[:20].isdigit():
                self.store.drop(name)
                self.store.set(f"{log}{int(base[:20]) + shift:020d}{base[20:]}", body)
        hint = json.loads(self.store.objects[log + "_last_checkpoint"])
        old = json.dumps({"commitInfo": {"timestamp": 1, "operation": "WRITE"}}).encode() + b"\n"
        for version in range(shift):
            self.store.objects[f"{log}{version:020d}.json"] = old
            self.store.times[f"{log}{version:020d}.json"] = 1_700_000_000
        self.store.set(log + "_last_checkpoint", json.dumps({**hint, "version": hint["version"] + shift}).encode())
        expected = [(800, 319600)]
        statement = "SELECT count(name), sum(id)::BIGINT FROM t"
        self.server.start()
        found, requests = self.cost(statement)
        self.assertEqual(found, expected)
        # With the hint the list begins at the checkpoint.
        self.assertLessEqual(sum(name.startswith("list:") for _, name in requests), 2)
        # Without it all of it is listed, a page of a thousand at a time, and none of the old entries is read.
        self.store.drop(log + "_last_checkpoint")
        self.server.stop()
        self.server.start()
        found, requests = self.cost(statement)
        self.assertEqual(found, expected)
        lists = sum(name.startswith("list:") for _, name in requests)
        self.assertGreaterEqual(lists, 100)
        self.assertLessEqual(lists, 110)
        self.assertLess(len(requests) - lists, 60)
        self.server.sql("INSERT INTO t VALUES (7, 'later')")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM t")), [(801,)])
        self.assertEqual(self.server.sql("DESCRIBE HISTORY t LIMIT 1")["rows"][0][0], shift + 9)


if __name__ == "__main__":
    unittest.main()
