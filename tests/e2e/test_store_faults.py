"""Stores that throttle, die and lose answers while statements run: what each statement is told, and that no row is lost or
doubled, whatever it was told."""
import os
import shutil
import unittest

import seaweed
from fake_s3 import FakeS3
from local_http import REFUSED, SLOW_DOWN, TOO_MANY, UNANSWERED
from server import Server, StatementError, named, rows
from store_proxy import StoreProxy
from threads import together

BINARY = os.environ["TESTED_BINARY"]


def is_commit(method, path):
    return method == "PUT" and "/_delta_log/" in path and path.endswith(".json")


def is_data(method, path):
    return method in ("PUT", "POST") and "/part-" in path


class Faults:
    """For each of two stores: see the classes below. `self.store.faults` fails what it is told to."""

    def start_server(self, credential, place):
        self.server = Server(BINARY, settings={"workers.count": "1", "workers.count_max": "2"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)
        self.addCleanup(self.store.faults.recover)
        self.server.sql(credential)
        self.server.sql(f"CREATE EXTERNAL LOCATION place URL 's3://{place}' WITH (CREDENTIAL = store, REGISTER = TRUE)")
        self.server.sql(f"CREATE TABLE t LOCATION 's3://{place}/t' AS SELECT 1 AS id")

    def ids(self):
        return [id for id, in rows(self.server.sql("SELECT id FROM t ORDER BY id"))]

    def refused(self, statement, timeout="60s"):
        with self.assertRaises(StatementError) as caught:
            self.server.sql(statement, timeout=timeout)
        self.assertNotIn("secret", str(caught.exception.problem).replace("secret_access_key", ""))
        return caught.exception

    def versions(self):
        return [one["version"] for one in named(self.server.sql("DESCRIBE HISTORY t"))]

    def test_throttled_for_a_while(self):
        for how in (SLOW_DOWN, TOO_MANY):
            # The first requests of each kind of statement, whatever they are: looking, reading, writing, committing.
            for statement, answer in (("SELECT count(*) FROM t", None), ("INSERT INTO t SELECT max(id) + 1 FROM t", [[1]]),
                                      ("DELETE FROM t WHERE id < 0", [[0]]), ("INSERT INTO t VALUES (1000)", [[1]]),
                                      ("DELETE FROM t WHERE id = 1000", [[1]])):
                self.store.faults.fail(how, times=3)
                done = self.server.sql(statement, timeout="60s")
                if answer is not None:
                    self.assertEqual(done["rows"], answer, statement)
                self.assertEqual(len(self.store.faults.failed), 3, statement)
            self.store.faults.fail(how, is_commit, times=3)
            self.server.sql("INSERT INTO t SELECT max(id) + 1 FROM t", timeout="60s")
            self.assertEqual(len(self.store.faults.failed), 3)
        self.assertEqual(self.ids(), [1, 2, 3, 4, 5])
        self.assertEqual(len(self.versions()), 9)

    def test_throttled_for_ever(self):
        for how in (SLOW_DOWN, TOO_MANY):
            for wanted, statement in ((lambda method, path: True, "SELECT * FROM t"),
                                      (lambda method, path: True, "INSERT INTO t VALUES (2)"),
                                      (is_data, "INSERT INTO t VALUES (2)"), (is_commit, "INSERT INTO t VALUES (2)"),
                                      (is_commit, "DELETE FROM t")):
                self.store.faults.fail(how, wanted)
                error = self.refused(statement)
                # What the store answered, it did not do: so much is certain.
                self.assertEqual((error.problem["code"], error.sqlstate), ("TooManyRequests", "53300"), error.problem)
                self.assertIn("throttling", error.problem["detail"])
                self.assertGreaterEqual(len(self.store.faults.failed), 2)
                self.store.faults.recover()
                self.assertEqual(self.ids(), [1], statement)
        self.server.sql("INSERT INTO t VALUES (2)")
        self.assertEqual((self.ids(), self.versions()), ([1, 2], [1, 0]))

    def test_dead_between_data_file_and_commit(self):
        for statement in ("INSERT INTO t VALUES (2)", "UPDATE t SET id = 7", "DELETE FROM t"):
            written = []

            def dies(method, path):
                """From the first commit on nothing is answered any more."""
                written.append(is_commit(method, path))
                return any(written)
            self.store.faults.fail(REFUSED, dies)
            # Its time ends while it still asks, which is not what it has to tell.
            error = self.refused(statement, timeout="6s")
            # A request that was sent may have been carried out: nobody is told that it was not.
            self.assertEqual((error.problem["code"], error.sqlstate), ("CommitUnknown", "08007"), error.problem)
            self.store.faults.recover()
            self.assertEqual((self.ids(), self.versions()), ([1], [0]), statement)
        self.assertEqual(rows(self.server.sql("SELECT 1")), [(1,)])
        self.server.sql("INSERT INTO t VALUES (2)")
        self.assertEqual((self.ids(), self.versions()), ([1, 2], [1, 0]))

    def test_dead_while_a_file_is_written(self):
        self.store.faults.fail(REFUSED, is_data)
        error = self.refused("INSERT INTO t VALUES (2)")
        self.assertIn(error.problem["code"], ("IoError", "Unavailable"), error.problem)
        self.store.faults.recover()
        self.assertEqual((self.ids(), self.versions()), ([1], [0]))

    def test_a_commit_whose_answer_is_lost(self):
        for number, statement in ((2, "INSERT INTO t VALUES (2)"), (3, "INSERT INTO t SELECT max(id) + 1 FROM t"),
                                  (4, "UPDATE t SET id = 4 WHERE id = 3")):
            self.store.faults.fail(UNANSWERED, is_commit, times=1)
            self.assertEqual(self.server.sql(statement, timeout="60s")["rows"], [[1]])
            self.assertEqual(len(self.store.faults.failed), 1)
            self.assertEqual(max(self.ids()), number)
        self.assertEqual((self.ids(), self.versions()), ([1, 2, 4], [3, 2, 1, 0]))

    def test_a_lost_answer_and_then_nothing_more(self):
        """Done, and nobody left to say so: the caller is told that it is not known, and finds it done."""
        lost = []

        def dies(method, path):
            lost.append(is_commit(method, path))
            return any(lost)
        self.store.faults.fail(UNANSWERED, dies)
        error = self.refused("INSERT INTO t VALUES (2)", timeout="6s")
        self.assertEqual((error.problem["code"], error.sqlstate), ("CommitUnknown", "08007"), error.problem)
        self.store.faults.recover()
        self.assertEqual((self.ids(), self.versions()), ([1, 2], [1, 0]))

    def test_somebody_else_took_the_version(self):
        """The answer to a commit that did not happen is lost: the version that is there is another's."""
        other = Server(BINARY).start()
        self.addCleanup(shutil.rmtree, other.lake, ignore_errors=True)
        self.addCleanup(other.stop)
        other.sql(self.other_credential)
        other.sql(f"CREATE EXTERNAL LOCATION place URL 's3://{self.place}' WITH (CREDENTIAL = store, REGISTER = TRUE)")
        other.sql(f"CREATE TABLE t LOCATION 's3://{self.place}/t'")

        begun = []

        def overtakes(method, path):
            if begun or not is_commit(method, path):
                return False
            begun.append(path)
            other.sql("INSERT INTO t VALUES (100)")
            return True
        self.store.faults.fail(UNANSWERED, overtakes, times=1)
        self.server.sql("INSERT INTO t VALUES (2)", timeout="60s")
        self.assertEqual(self.ids(), [1, 2, 100])
        self.assertEqual(rows(other.sql("SELECT id FROM t ORDER BY id")), [(1,), (2,), (100,)])

    def test_many_writers_of_a_store_that_fails_now_and_then(self):
        """Whoever is told of success has its row once; whoever is told that it is not known has it once or not at all."""
        count = [0]

        def now_and_then(method, path):
            count[0] += 1
            return count[0] % 5 == 0
        acknowledged, unknown = set(), set()
        for how in (UNANSWERED, SLOW_DOWN, REFUSED):
            self.store.faults.fail(how, now_and_then)

            def write(writer):
                for n in range(4):
                    number = 1000 + 100 * writer + 10 * n + base
                    try:
                        self.server.sql(f"INSERT INTO t VALUES ({number})", timeout="60s")
                        acknowledged.add(number)
                    except StatementError as error:
                        if error.problem["code"] == "CommitUnknown":
                            unknown.add(number)
            base = {UNANSWERED: 1, SLOW_DOWN: 2, REFUSED: 3}[how]
            together(write, *[(writer,) for writer in range(4)])
        self.store.faults.recover()
        found = self.ids()
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(acknowledged | {1}, set(found))
        self.assertLessEqual(set(found), acknowledged | unknown | {1})
        self.assertGreater(len(acknowledged), 20)


class OfTheTest(Faults, unittest.TestCase):
    """A store that keeps no mark of who wrote an object: the log itself has to tell."""

    def setUp(self):
        self.store = FakeS3()
        self.store.keeps_marks = False
        self.addCleanup(self.store.stop)
        self.place = "bucket/place"
        self.other_credential = self.store.credential("store")
        self.start_server(self.store.credential("store"), self.place)


@unittest.skipUnless(seaweed.program(), "needs SeaweedFS: scripts/bootstrap.sh --tests")
class OfSeaweed(Faults, unittest.TestCase):
    """Real signatures and conditional puts, behind a proxy that fails."""

    @classmethod
    def setUpClass(cls):
        cls.service = seaweed.Seaweed().start()
        cls.addClassCleanup(cls.service.stop)
        cls.store = StoreProxy(cls.service.ports["s3"])
        cls.addClassCleanup(cls.store.stop)

    def setUp(self):
        self.place = f"bucket/{self._testMethodName}"
        self.other_credential = self.credential(self.service.endpoint)
        self.start_server(self.credential(self.store.endpoint), self.place)

    @staticmethod
    def credential(endpoint):
        return (f"CREATE CREDENTIAL store TYPE S3 OPTIONS (access_key_id = '{seaweed.ACCESS_KEY}', secret_access_key = "
                f"'{seaweed.SECRET_KEY}', endpoint = '{endpoint}', region = 'us-east-1', path_style = 'true')")


if __name__ == "__main__":
    unittest.main()
