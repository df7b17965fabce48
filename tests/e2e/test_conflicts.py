"""Two clients change one table: both succeed where their files or partitions differ, one is told to try again where
they meet. A transaction whose answer is not read to its end keeps its snapshot and has not committed: so the order of
the two is certain, without waiting for anything."""
import json
import os
import unittest
import urllib.request

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
# Far more than every buffer between the worker and this client.
ANSWER = "SELECT repeat('x', 1000) AS x FROM range(100000)"


class Overlapping:
    """A transaction that has run `statement` and waits with its commit until the block has ended."""

    def __init__(self, server, statement):
        body = json.dumps({"statement": f"BEGIN; {statement}; {ANSWER}; COMMIT"}).encode()
        request = urllib.request.Request(
            server.url + "/v1/sql", data=body, method="POST",
            headers={"Authorization": "Bearer " + server.token_of("admin"), "Content-Type": "application/json",
                     "Accept": "application/x-ndjson"})
        self.response = urllib.request.urlopen(request, timeout=120)
        self.first = self.response.readline()
        assert b"xxx" in self.first, self.first
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        last = self.first
        for line in self.response:
            last = line
        self.response.close()
        self.error = json.loads(last).get("error")


class Conflicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"workers.count": "2", "workers.count_max": "4"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.server.sql("CREATE OR REPLACE TABLE t (id BIGINT, v BIGINT, part STRING) PARTITIONED BY (part)")
        self.server.sql("INSERT INTO t SELECT i, 0, CASE WHEN i < 10 THEN 'a' ELSE 'b' END FROM range(20) r(i)")

    def rows(self, sql):
        return self.server.sql(sql)["rows"]

    def both(self, first, second):
        """Runs `second` between the two halves of `first`; the error of `first`, which lost the race, or None."""
        with Overlapping(self.server, first) as overlapping:
            self.server.sql(second)
        return overlapping.error

    def assert_conflict(self, error, rule):
        self.assertIsNotNone(error)
        self.assertEqual((error["code"], error["sqlstate"]), ("Conflict", "40001"))
        self.assertIn(rule, error["detail"])

    def test_updates_of_different_partitions_both_succeed(self):
        error = self.both("UPDATE t SET v = v + 1 WHERE part = 'a'", "UPDATE t SET v = v + 10 WHERE part = 'b'")
        self.assertIsNone(error)
        self.assertEqual(self.rows("SELECT part, min(v), max(v), count(*) FROM t GROUP BY part ORDER BY part"),
                         [["a", 1, 1, 10], ["b", 10, 10, 10]])
        # The second row of the table's history is the one that came first.
        self.assertEqual(len(self.rows("DESCRIBE HISTORY t LIMIT 2")), 2)

    def test_updates_of_one_partition_exclude_each_other(self):
        error = self.both("UPDATE t SET v = v + 1 WHERE part = 'a'", "UPDATE t SET v = v + 10 WHERE part = 'a'")
        self.assert_conflict(error, "ConcurrentDelete")
        self.assertEqual(self.rows("SELECT part, min(v), max(v) FROM t GROUP BY part ORDER BY part"),
                         [["a", 10, 10], ["b", 0, 0]])

    def test_a_delete_and_an_update_of_different_partitions_both_succeed(self):
        error = self.both("DELETE FROM t WHERE part = 'a' AND id < 5", "UPDATE t SET v = 7 WHERE part IN ('b', 'c')")
        self.assertIsNone(error)
        self.assertEqual(self.rows("SELECT part, count(*), max(v) FROM t GROUP BY part ORDER BY part"),
                         [["a", 5, 0], ["b", 10, 7]])

    def test_files_are_told_apart_by_their_statistics(self):
        self.server.sql("CREATE OR REPLACE TABLE ranges (id BIGINT, v BIGINT)")
        self.server.sql("INSERT INTO ranges SELECT i, 0 FROM range(100) r(i)")
        self.server.sql("INSERT INTO ranges SELECT i, 0 FROM range(1000, 1100) r(i)")
        self.assertIsNone(self.both("UPDATE ranges SET v = 1 WHERE id < 50", "UPDATE ranges SET v = 2 WHERE id >= 1000"))
        self.assertEqual(self.rows("SELECT v, count(*) FROM ranges GROUP BY v ORDER BY v"), [[0, 50], [1, 50], [2, 100]])
        # Rows that move into the other's range are not overlooked.
        error = self.both("UPDATE ranges SET v = 3 WHERE id < 50", "UPDATE ranges SET id = 1 WHERE id = 1099")
        self.assert_conflict(error, "ConcurrentAppend")

    def test_without_a_predicate_all_is_read(self):
        error = self.both("UPDATE t SET v = v + 1", "UPDATE t SET v = v + 10 WHERE part = 'b' AND id = 12")
        self.assert_conflict(error, "ConcurrentDelete")

    def test_an_append_may_count_as_later_unless_the_table_is_serializable(self):
        append = "INSERT INTO t VALUES (100, 0, 'a')"
        self.assertIsNone(self.both("UPDATE t SET v = 5 WHERE part = 'a'", append))
        self.assertEqual(self.rows("SELECT v FROM t WHERE id = 100"), [[0]])
        self.server.sql("CREATE OR REPLACE TABLE t (id BIGINT, v BIGINT, part STRING) PARTITIONED BY (part) "
                        "TBLPROPERTIES ('delta.isolationLevel' = 'Serializable')")
        self.server.sql("INSERT INTO t VALUES (1, 0, 'a'), (2, 0, 'b')")
        self.assert_conflict(self.both("UPDATE t SET v = 5 WHERE part = 'a'", append), "ConcurrentAppend")
        self.assertIsNone(self.both("UPDATE t SET v = 5 WHERE part = 'b'", append))

    def test_an_insert_that_reads_the_table_conflicts_where_it_read(self):
        insert = "INSERT INTO t SELECT max(id) + 1, 0, 'c' FROM t WHERE part = 'a'"
        self.assertIsNone(self.both(insert, "DELETE FROM t WHERE part = 'b'"))
        self.assert_conflict(self.both(insert, "DELETE FROM t WHERE part = 'a' AND id = 9"), "ConcurrentDeleteRead")
        self.assertEqual(self.rows("SELECT count(*) FROM t WHERE part = 'c'"), [[1]])

    def test_a_subquery_over_the_same_table_counts_as_the_whole(self):
        error = self.both("UPDATE t SET v = 1 WHERE part = 'a' AND id IN (SELECT id - 10 FROM t WHERE part = 'b')",
                          "UPDATE t SET v = 2 WHERE part = 'b' AND id = 15")
        self.assert_conflict(error, "ConcurrentDelete")


if __name__ == "__main__":
    unittest.main()
