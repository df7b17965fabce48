"""Statements that DuckDB cannot hold within limits end in a clear error here, and cost nobody else anything."""
import concurrent.futures
import os
import pathlib
import signal
import threading
import time
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


def children(pid):
    return [int(p) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for p in (task / "children").read_text().split()]


def resident_mb(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


class PeakMemory:
    """The most memory the server and its workers had together while the block ran."""

    def __init__(self, pid):
        self.pid, self.peak, self.done = pid, 0, threading.Event()

    def __enter__(self):
        def watch():
            while not self.done.wait(0.02):
                self.peak = max(self.peak, sum(resident_mb(p) for p in [self.pid] + children(self.pid)))
        self.thread = threading.Thread(target=watch)
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.done.set()
        self.thread.join()


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"memory.total": "1GiB", "memory.per_statement": "200MiB",
                                              "workers.count": "2", "workers.count_max": "4"}).start()
        cls.server.sql("CREATE TABLE t AS SELECT i AS id FROM range(1000) r(i)")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def assert_alive(self):
        self.assertEqual(self.server.sql("SELECT count(*) FROM t")["rows"], [[1000]])

    def assert_fails(self, sql, codes, seconds, **options):
        begin = time.monotonic()
        with PeakMemory(self.server.process.pid) as memory, self.assertRaises(StatementError) as failed:
            self.server.sql(sql, **options)
        self.assertIn(failed.exception.problem["code"], codes, failed.exception)
        self.assertLess(time.monotonic() - begin, seconds)
        self.assert_alive()
        return memory.peak

    def test_a_list_of_a_hundred_million_stays_within_its_memory(self):
        peak = self.assert_fails("SELECT len(range(100000000))", ["OutOfMemory"], 20)
        self.assertLess(peak, 900)

    def test_a_long_string_stays_within_its_memory(self):
        peak = self.assert_fails("SELECT length(repeat('x', 1500000000))", ["OutOfMemory"], 20)
        self.assertLess(peak, 900)

    def test_many_strings_stay_within_their_memory(self):
        self.assert_fails("SELECT max(length(s)) FROM (SELECT list(repeat('x', 100000)) AS s FROM range(100000))",
                          ["OutOfMemory"], 60)

    def test_a_function_that_ignores_interrupts_ends_at_the_deadline(self):
        self.assert_fails("SELECT levenshtein(repeat('ab', 60000), repeat('ba', 60000))", ["DeadlineExceeded"], 4,
                          timeout="1s")

    def test_an_endless_recursion_ends_at_the_deadline(self):
        self.assert_fails("WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i % 7 + 1 FROM r) SELECT count(*) FROM r",
                          ["DeadlineExceeded", "OutOfMemory"], 6, timeout="2s")

    def test_a_cross_join_ends_at_the_deadline(self):
        self.assert_fails("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7",
                          ["DeadlineExceeded"], 4, timeout="1s")

    def test_too_many_rows_are_an_error_not_a_cut(self):
        self.assert_fails("SELECT * FROM range(100)", ["RowLimitExceeded"], 10, row_limit=99)
        self.assertEqual(len(self.server.sql("SELECT * FROM range(100)", row_limit=100)["rows"]), 100)

    def test_cancel_acts_within_a_second(self):
        for sql in ("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7",
                    "SELECT levenshtein(repeat('ab', 60000), repeat('ba', 60000))"):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                future = pool.submit(lambda: self.server.sql(sql))
                running = []
                while not running:
                    running = [s for s in self.statements() if s["state"] == "running"]
                time.sleep(0.2)
                begin = time.monotonic()
                status, _, _ = self.server.request("DELETE", f"/v1/statements/{running[0]['id']}", None,
                                                   self.server.admin_token)
                self.assertIn(status, (200, 202, 204))
                with self.assertRaises(StatementError) as failed:
                    future.result()
                self.assertEqual(failed.exception.problem["code"], "Cancelled")
                self.assertLess(time.monotonic() - begin, 1.5)
        self.assert_alive()

    def statements(self):
        import json
        _, _, body = self.server.request("GET", "/v1/statements", None, self.server.admin_token)
        return json.loads(body)["statements"]

    def test_a_killed_worker_costs_only_its_statement(self):
        before = set(children(self.server.process.pid))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(
                lambda: self.server.sql("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7"))
            time.sleep(1)
            busiest = max(children(self.server.process.pid), key=lambda p: self.cpu(p))
            os.kill(busiest, signal.SIGKILL)
            with self.assertRaises(StatementError) as failed:
                future.result()
        self.assertEqual(failed.exception.problem["code"], "WorkerLost")
        self.assertTrue(before)
        for _ in range(5):
            self.assert_alive()

    @staticmethod
    def cpu(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_ten_at_once_under_a_shared_limit_finish_or_fail_one_by_one(self):
        sql = "SELECT count(DISTINCT a.i * 31 + b.i) FROM (SELECT range AS i FROM range(1500)) a, (SELECT range AS i FROM range(1500)) b"
        outcomes = []
        with PeakMemory(self.server.process.pid) as memory, concurrent.futures.ThreadPoolExecutor(10) as pool:
            for future in [pool.submit(lambda: self.server.sql(sql)) for _ in range(10)]:
                try:
                    outcomes.append(len(future.result()["rows"]))
                except StatementError as error:
                    self.assertIn(error.problem["code"], ["OutOfMemory", "TooManyRequests"])
                    outcomes.append(error.problem["code"])
        self.assertEqual(len(outcomes), 10)
        self.assertIn(1, outcomes)
        self.assertLess(memory.peak, 2048)
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
