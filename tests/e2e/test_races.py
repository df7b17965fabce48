"""DROP, UNDROP, CLONE, RESTORE and CREATE OR REPLACE while others write: every acknowledged row is where its statement put
it, once, and no copy is a mixture of two versions."""
import os
import shutil
import threading
import unittest

from server import Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]
#: After these nothing of the statement is there.
NONE = ("Conflict", "NotFound", "Unavailable", "TooManyRequests")
ACCOUNTS = 20


class Writers:
    """Threads that insert a row at a time, or move money, until they are stopped."""

    def __init__(self, server, work, count=4):
        self.server, self.done, self.problems, self.lock = server, threading.Event(), [], threading.Lock()
        self.acknowledged, self.refused, self.doubtful = set(), set(), set()
        self.threads = [threading.Thread(target=work, args=(self, i)) for i in range(1, count + 1)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def insert(self, writer):
        number = 0
        while not self.done.is_set():
            number += 1
            row = writer * 100_000 + number
            self.note(row, f"INSERT INTO t VALUES ({row})")

    def transfer(self, writer):
        number = 0
        while not self.done.is_set():
            number += 1
            one, other = (writer * 7 + number) % ACCOUNTS, (writer * 7 + number * 3 + 1) % ACCOUNTS
            if one != other:
                self.note(writer * 100_000 + number, f"UPDATE t SET value = value + CASE id WHEN {one} THEN -1 ELSE 1 END "
                                                     f"WHERE id IN ({one}, {other})")

    def note(self, row, statement):
        try:
            self.server.sql(statement)
            known = self.acknowledged
        except StatementError as error:
            code = error.problem["code"]
            known = self.refused if code in NONE else self.doubtful
            if code not in NONE + ("WorkerLost", "CommitUnknown"):
                self.problems.append(f"{statement}: {error}")
        with self.lock:
            known.add(row)

    def wait_for(self, more):
        """Until so many more statements have ended."""
        def ended():
            return len(self.acknowledged) + len(self.refused) + len(self.doubtful)
        until = ended() + more
        while ended() < until and any(thread.is_alive() for thread in self.threads):
            threading.Event().wait(0.005)


class Races(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY, settings={"log_level": "error"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)

    def sql(self, statement):
        return self.server.sql(statement)

    def rows(self, statement):
        return rows(self.sql(statement))

    def check(self, writers, found):
        self.assertEqual(writers.problems, [])
        self.assertEqual(len(found), len(set(found)), "a row twice")
        self.assertEqual(writers.acknowledged - set(found), set(), "acknowledged and lost")
        self.assertEqual(set(found) & writers.refused, set(), "refused and there")
        self.assertEqual(set(found) - writers.acknowledged - writers.doubtful, set(), "from nowhere")

    def test_drop_and_undrop(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        writers = Writers(self.server, Writers.insert)
        for _ in range(8):
            writers.wait_for(8)
            self.sql("DROP TABLE t")
            writers.wait_for(3)
            self.sql("UNDROP TABLE t")
        writers.stop()
        self.assertTrue(writers.acknowledged and writers.refused)
        self.check(writers, [row[0] for row in self.rows("SELECT id FROM t")])

    def test_another_table_of_the_name(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        writers = Writers(self.server, Writers.insert)
        names = []
        for number in range(6):
            writers.wait_for(8)
            self.sql("DROP TABLE t")
            self.sql("CREATE TABLE t (id BIGINT)")
            writers.wait_for(8)
            # Both are kept under names of their own: the newer one first, to make room.
            self.sql(f"ALTER TABLE t RENAME TO new{number}")
            self.sql("UNDROP TABLE t")
            self.sql(f"ALTER TABLE t RENAME TO old{number}")
            names += [f"new{number}", f"old{number}"]
            self.sql("CREATE TABLE t (id BIGINT)")
        writers.stop()
        found = [row[0] for name in names + ["t"] for row in self.rows(f"SELECT id FROM {name}")]
        self.check(writers, found)

    def test_only_one_undrop_and_one_create_win(self):
        for number in range(5):
            self.sql(f"CREATE TABLE u{number} AS SELECT 1 AS id")
            self.sql(f"DROP TABLE u{number}")
            outcomes, barrier = [], threading.Barrier(4)

            def attempt(statement):
                barrier.wait()
                try:
                    self.sql(statement)
                    outcomes.append(("done", statement))
                except StatementError as error:
                    outcomes.append((error.problem["code"], statement))
            undrop, create = f"UNDROP TABLE u{number}", f"CREATE TABLE u{number} AS SELECT 2 AS id"
            threads = [threading.Thread(target=attempt, args=(one,)) for one in (undrop, create, undrop, create)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            done = [statement for code, statement in outcomes if code == "done"]
            self.assertEqual(len(done), 1, outcomes)
            self.assertTrue({code for code, _ in outcomes} <= {"done", "AlreadyExists", "NotFound", "Conflict"}, outcomes)
            self.assertEqual(self.rows(f"SELECT id FROM u{number}"), [(1,)] if done == [undrop] else [(2,)])

    def race(self, statements):
        """What becomes of statements that begin at one moment: "done", or the error's code."""
        outcomes, barrier = [], threading.Barrier(len(statements))

        def attempt(statement):
            barrier.wait()
            try:
                self.sql(statement)
                outcomes.append("done")
            except StatementError as error:
                outcomes.append(error.problem["code"])
        threads = [threading.Thread(target=attempt, args=(statement,)) for statement in statements]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_a_name_that_somebody_else_takes_first(self):
        for number in range(6):
            rows_, empty = f"i{number}", f"e{number}"
            outcomes = self.race([f"CREATE TABLE IF NOT EXISTS {rows_} AS SELECT {i} AS id FROM range(3)" for i in range(8)])
            self.assertEqual(set(outcomes), {"done"}, outcomes)
            self.assertEqual(self.rows(f"SELECT count(*), count(DISTINCT id) FROM {rows_}"), [(3, 1)])
            outcomes = self.race([f"CREATE TABLE IF NOT EXISTS {empty} (id BIGINT)"] * 8)
            self.assertEqual(set(outcomes), {"done"}, outcomes)
            self.assertEqual(self.rows(f"SELECT count(*) FROM {empty}"), [(0,)])
            # Of those who replace, who lost may try again.
            replaced = f"r{number}"
            outcomes = self.race([f"CREATE OR REPLACE TABLE {replaced} AS SELECT {i} AS id FROM range(3)" for i in range(8)])
            self.assertIn("done", outcomes)
            self.assertTrue(set(outcomes) <= {"done", "Conflict"}, outcomes)
            self.assertEqual(self.rows(f"SELECT count(*), count(DISTINCT id) FROM {replaced}"), [(3, 1)])
            # One without either says that it is there.
            outcomes = self.race([f"CREATE TABLE p{number} (id BIGINT)"] * 4)
            self.assertEqual(sorted(outcomes), ["AlreadyExists"] * 3 + ["done"], outcomes)

    def test_clones_are_one_version(self):
        self.sql("CREATE TABLE t (id BIGINT, value BIGINT)")
        self.sql(f"INSERT INTO t SELECT range, 100 FROM range({ACCOUNTS})")
        writers = Writers(self.server, Writers.transfer)
        made = []
        for number in range(6):
            writers.wait_for(5)
            kind = ("CLONE", "SHALLOW CLONE")[number % 2]
            try:
                self.sql(f"CREATE TABLE c{number} {kind} t")
                made.append(f"c{number}")
            except StatementError as error:
                # A kind that is not there at all is refused by name.
                self.assertEqual(error.sqlstate, "0A000", error)
        writers.stop()
        self.assertEqual(writers.problems, [])
        self.assertGreaterEqual(len(made), 3)
        for name in made + ["t"]:
            self.assertEqual(self.rows(f"SELECT count(*), sum(value)::BIGINT FROM {name}"), [(ACCOUNTS, ACCOUNTS * 100)], name)
        # A clone of its own: what happens to the other does not show.
        self.sql(f"UPDATE {made[0]} SET value = 0")
        self.assertEqual(self.rows("SELECT sum(value)::BIGINT FROM t"), [(ACCOUNTS * 100,)])

    def test_restore_takes_all_or_nothing(self):
        self.sql("CREATE TABLE t (id BIGINT, value BIGINT)")
        self.sql(f"INSERT INTO t SELECT range, 100 FROM range({ACCOUNTS})")
        writers = Writers(self.server, Writers.transfer, count=2)
        restored = refused = 0
        while restored < 3 and refused < 60:
            writers.wait_for(1)
            version = named(self.sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"]
            try:
                self.sql(f"RESTORE TABLE t TO VERSION AS OF {max(1, version - 3)}")
                restored += 1
            except StatementError as error:
                self.assertEqual(error.sqlstate, "40001", error)
                refused += 1
            self.assertEqual(self.rows("SELECT count(*), sum(value)::BIGINT FROM t"), [(ACCOUNTS, ACCOUNTS * 100)])
        writers.stop()
        self.assertEqual(writers.problems, [])
        for version in range(1, named(self.sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"] + 1, 5):
            self.assertEqual(self.rows(f"SELECT count(*), sum(value)::BIGINT FROM t VERSION AS OF {version}"),
                             [(ACCOUNTS, ACCOUNTS * 100)], version)
        # Nobody in the way: it goes through.
        self.sql("RESTORE TABLE t TO VERSION AS OF 1")
        self.assertEqual(self.rows("SELECT min(value), max(value) FROM t"), [(100, 100)])

    def test_create_or_replace(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        writers = Writers(self.server, Writers.insert)
        replaced, number = [], 0
        while len(replaced) < 3 and number < 60:
            writers.wait_for(3)
            number += 1
            try:
                answer = self.sql(f"CREATE OR REPLACE TABLE t AS SELECT {-number}::BIGINT AS id")
                replaced.append((answer["statistics"].get("committed_version"), -number))
            except StatementError as error:
                self.assertEqual(error.sqlstate, "40001", error)
        writers.stop()
        self.assertTrue(replaced, "60 times another was first")
        self.assertEqual(writers.problems, [])
        # Each version is the last replacement before it and what was inserted since.
        found = {row[0] for row in self.rows("SELECT id FROM t")}
        self.assertEqual({row for row in found if row < 0}, {replaced[-1][1]})
        seen = set()
        for version in range(named(self.sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"] + 1):
            ids = [row[0] for row in self.rows(f"SELECT id FROM t VERSION AS OF {version}")]
            self.assertEqual(len(ids), len(set(ids)))
            self.assertLessEqual(sum(row < 0 for row in ids), 1)
            seen.update(ids)
        self.assertEqual(writers.acknowledged - seen, set())
        self.assertEqual(seen & writers.refused, set())


if __name__ == "__main__":
    unittest.main()
