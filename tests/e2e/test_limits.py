"""Statements that DuckDB cannot hold within limits end in a clear error here, and cost nobody else anything."""
import concurrent.futures
import json
import os
import pathlib
import signal
import threading
import time
import unittest

from server import Server, StatementError, children

BINARY = os.environ["TESTED_BINARY"]


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

    def test_the_row_limit_is_only_to_be_raised_where_it_can_be(self):
        with Server(BINARY, settings={"statement.rows_max": "50"}) as server:
            for options, raises in (({}, False), ({"row_limit": 50}, False), ({"row_limit": 49}, True)):
                with self.assertRaises(StatementError) as failed:
                    server.sql("SELECT * FROM range(51)", **options)
                self.assertEqual(failed.exception.problem["code"], "RowLimitExceeded")
                self.assertEqual("raise row_limit" in failed.exception.problem["detail"], raises, options)

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

    def test_workers_killed_while_idle_cost_no_statement(self):
        killed = children(self.server.process.pid)
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        while any(self.lives(worker) for worker in killed):
            pass
        for _ in range(4):
            self.assert_alive()

    @staticmethod
    def lives(pid):
        """False once its last thread is gone: until then nobody can learn of the end."""
        try:
            threads = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
            return len(threads) > 1 or threads[0].joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError, IndexError):
            return False

    @staticmethod
    def cpu(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    # What hostile or careless text costs: too long, too wide, too deep. Each ends by itself, long before a deadline.
    HEAVY_TEXTS = {
        "longer than a statement may be": "SELECT 1 /*" + "x" * 10_000_000 + "*/",
        "a sum of two million numbers": "SELECT " + "+".join(["1"] * 1_900_000),
        "a list of half a million numbers": "SELECT count(*) FROM t WHERE id IN (" + ",".join(map(str, range(500_000))) + ")",
        "a hundred thousand columns": "SELECT " + ", ".join(f"{i} AS c{i}" for i in range(100_000)),
        "a table of a hundred thousand columns": "CREATE TABLE wide (" + ", ".join(f"c{i} INT" for i in range(100_000)) + ")",
        "brackets": "SELECT " + "(" * 100_000 + "1" + ")" * 100_000,
        "subqueries": "SELECT * FROM " + "(SELECT * FROM " * 10_000 + "range(1)" + ")" * 10_000,
        "negations": "SELECT " + "NOT " * 100_000 + "true",
        "lists": "SELECT " + "[" * 50_000 + "1" + "]" * 50_000,
        "list types": "SELECT NULL::INT" + "[]" * 50_000,
        "struct types": "SELECT NULL::" + "STRUCT(a " * 20_000 + "INT" + ")" * 20_000,
        "cases": "SELECT " + "CASE WHEN true THEN " * 20_000 + "1" + " END" * 20_000,
        "calls": "SELECT " + "abs(" * 20_000 + "1" + ")" * 20_000,
        "unions": " UNION ALL ".join(["SELECT 1"] * 20_000),
        "joins": "SELECT 1 FROM range(1) " + " ".join(f", range(1) r{i}" for i in range(2000)),
        "common table expressions": "WITH " + ", ".join(f"c{i} AS (SELECT 1 AS x)" for i in range(5000)) + " SELECT * FROM c1",
    }

    def test_heavy_texts_end_in_a_clear_error_or_an_answer(self):
        for name, text in self.HEAVY_TEXTS.items():
            with self.subTest(name), PeakMemory(self.server.process.pid) as memory:
                begin = time.monotonic()
                try:
                    self.server.sql(text)
                except StatementError as error:
                    self.assertIn(error.problem["code"], ["PayloadTooLarge", "SyntaxError", "BindError", "OutOfMemory",
                                                          "InvalidArgument", "NotSupported"], error)
                    self.assertLess(len(error.problem["detail"]), 300)
                    self.assertNotIn("bad_alloc", error.problem["detail"])
                self.assertLess(time.monotonic() - begin, 60)
            self.assertLess(memory.peak, 1200, name)
            self.assert_alive()

    def test_values_that_outgrow_memory_end_in_a_clear_error(self):
        for sql in ("SELECT length(string_agg(repeat('x', 1000), '')) FROM range(10000000)",
                    "SELECT len(list_transform(range(60000000), x -> x::VARCHAR || 'abc'))",
                    "WITH RECURSIVE r AS (SELECT 1 AS i, 'x' AS s UNION ALL SELECT i + 1, s || s FROM r WHERE i < 40) SELECT max(length(s)) FROM r",
                    "SELECT histogram(i::VARCHAR || repeat('y', 50)) FROM range(20000000) r(i)",
                    "SELECT rpad('x', 1000000000, 'y') = lpad('x', 1000000000, 'y')"):
            with self.subTest(sql):
                self.assertLess(self.assert_fails(sql, ["OutOfMemory", "InvalidArgument"], 60), 1200)
        # A worker that met the end of its memory leaves nothing of that to the next statement.
        for _ in range(6):
            self.assertEqual(self.server.sql("SELECT count(*) FROM (SELECT i FROM range(2000000) r(i) ORDER BY hash(i))")["rows"],
                             [[2000000]])


def spilled_files(server):
    found = []
    for folder, _, names in os.walk(os.path.join(server.lake, "spill")):  # Which does not mind what vanishes meanwhile.
        found += [os.path.join(folder, name) for name in names]
    return found


class SharedMemory(unittest.TestCase):
    """What statements get of the memory they share, and what they do with less than they need."""

    # first() keeps the engine from dropping the order; which row it sees is open, as several threads aggregate.
    SORT = "SELECT count(*), bit_xor(hash(h, range)), first(h) IS NULL FROM (SELECT h, range FROM big, range(3) ORDER BY h, range)"
    # Goes on for seconds, so that it is still at it when somebody has looked.
    LONG = "SELECT count(*) FROM (SELECT h, id, range, count(*) FROM big, range(8) GROUP BY ALL)"

    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"memory.total": "1536MiB", "memory.per_statement": "700MiB",
                                              "workers.count": "2", "workers.count_max": "4"}).start()
        cls.server.sql("CREATE TABLE big AS SELECT i AS id, md5(i::VARCHAR) AS h FROM range(2000000) r(i)")
        cls.answer = cls.server.sql(cls.SORT)["rows"]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_ten_at_once_under_a_shared_limit_finish_or_fail_one_by_one(self):
        outcomes = []
        with PeakMemory(self.server.process.pid) as memory, concurrent.futures.ThreadPoolExecutor(10) as pool:
            for future in [pool.submit(lambda: self.server.sql(self.SORT)) for _ in range(10)]:
                try:
                    self.assertEqual(future.result()["rows"], self.answer)
                    outcomes.append("done")
                except StatementError as error:
                    self.assertIn(error.problem["code"], ["OutOfMemory", "TooManyRequests"])
                    outcomes.append(error.problem["code"])
        self.assertEqual(len(outcomes), 10)
        self.assertIn("done", outcomes)
        self.assertLess(memory.peak, 2048)
        self.assertEqual(self.server.sql("SELECT 1")["rows"], [[1]])

    def test_rows_of_thousands_of_columns_are_granted_their_width(self):
        columns = ", ".join(f"'v{i}' AS c{i}" for i in range(3000))
        self.server.sql(f"CREATE TABLE wide AS SELECT {columns}")
        self.assertEqual(self.server.sql("SELECT * FROM wide")["rows"], [[f"v{i}" for i in range(3000)]])
        numbers = ", ".join(f"{i} AS c{i}" for i in range(20000))
        self.assertEqual(self.server.sql("SELECT " + numbers)["rows"], [list(range(20000))])
        # Less than that is not enough; the error says what the statement had and how to have more.
        with self.assertRaises(StatementError) as failed:
            self.server.sql("SELECT * FROM wide", memory="150MiB")
        self.assertEqual(failed.exception.sqlstate, "53200")
        self.assertIn("150.0 MiB", failed.exception.problem["detail"])
        self.assertIn("memory.per_statement", failed.exception.problem["detail"])

    def test_wide_rows_stream_in_the_memory_of_a_small_statement(self):
        statement = {"statement": "SELECT i, repeat('x', 2000) AS wide FROM range(50000) r(i)", "memory": "128MiB"}
        for _ in range(3):
            status, _, body = self.server.request("POST", "/v1/sql", statement, self.server.token_of("admin"),
                                                  {"Accept": "application/x-ndjson"})
            lines = body.splitlines()
            self.assertEqual((status, len(lines), b'"error"' in lines[-1]), (200, 50_000, False), lines[-1][:300])

    def test_a_statement_that_names_its_memory_gets_it_and_others_wait_their_time(self):
        server = Server(BINARY, settings={"memory.total": "600MiB", "memory.per_statement": "500MiB", "workers.count": "2",
                                          "workers.count_max": "2", "admission.wait_max": "300ms"})
        with server:
            endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7"
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                future = pool.submit(lambda: server.sql(endless, memory="400MiB"))
                running = []
                while not running:
                    running = [s for s in self.statements(server) if s["state"] == "running" and s["statistics"]["prediction"]]
                with self.assertRaises(StatementError) as failed:
                    server.sql("SELECT 1", memory="400MiB")
                self.assertEqual(failed.exception.problem["code"], "TooManyRequests")
                self.assertEqual(failed.exception.problem["retry"], "yes")
                # A small one needs no more than what is set aside for planning.
                self.assertEqual(server.sql("SELECT 1")["rows"], [[1]])
                server.request("DELETE", f"/v1/statements/{running[0]['id']}", None, server.admin_token)
                with self.assertRaises(StatementError):
                    future.result()
            self.assertEqual(server.sql("SELECT 2", memory="400MiB")["rows"], [[2]])
            with self.assertRaises(StatementError) as failed:
                server.sql("SELECT 1", memory="501MiB")
            self.assertEqual(failed.exception.problem["code"], "InvalidArgument")

    @staticmethod
    def statements(server):
        _, _, body = server.request("GET", "/v1/statements", None, server.admin_token)
        return json.loads(body)["statements"]

    def spill(self, server, sql, **options):
        """The statement's answer, and whether files were seen in the spill folder while it ran."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future, seen = pool.submit(lambda: server.sql(sql, **options)), False
            while not future.done():
                seen = seen or bool(spilled_files(server))
            return future.result()["rows"], seen

    def test_what_does_not_fit_spills_and_leaves_nothing(self):
        rows, seen = self.spill(self.server, self.SORT, memory="300MiB")
        self.assertEqual(rows, self.answer)
        self.assertTrue(seen, "the statement did not spill")
        self.assertEqual(spilled_files(self.server), [])
        grouped = "SELECT count(*) FROM (SELECT h, id, range, count(*) FROM big, range(3) GROUP BY ALL)"
        rows, seen = self.spill(self.server, grouped, memory="260MiB")
        self.assertEqual(rows, [[6000000]])
        self.assertTrue(seen, "the aggregate did not spill")
        self.assertEqual(spilled_files(self.server), [])

    def test_rows_that_wait_on_their_keys_are_granted_memory_or_spill(self):
        rows = "SELECT i % 1000000, md5(i::VARCHAR) FROM range(2000000) r(i)"
        self.server.sql("CREATE TABLE keyed (id BIGINT, h STRING)")
        self.addCleanup(self.server.sql, "DROP TABLE keyed")
        self.server.sql("CREATE EXPECTATION one ON keyed EXPECT UNIQUE (id) ON VIOLATION DROP")
        self.server.sql(f"INSERT INTO keyed {rows}")
        _, seen = self.spill(self.server, f"INSERT OVERWRITE keyed {rows}", memory="200MiB")
        self.assertTrue(seen, "the statement did not spill")
        self.assertEqual(self.server.sql("SELECT count(*), count(DISTINCT id) FROM keyed")["rows"], [[1000000, 1000000]])
        self.assertEqual(spilled_files(self.server), [])

    def wait_for_spilling(self, server, future):
        while not spilled_files(server):
            self.assertFalse(future.done(), "the statement ended before it spilled")
            self.assertIsNone(server.process.poll())

    def test_a_killed_worker_leaves_no_spilled_data(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(lambda: self.server.sql(self.LONG, memory="400MiB"))
            self.wait_for_spilling(self.server, future)
            for worker in children(self.server.process.pid):
                os.kill(worker, signal.SIGKILL)
            with self.assertRaises(StatementError) as failed:
                future.result()
        self.assertEqual(failed.exception.problem["code"], "WorkerLost")
        self.assertEqual(spilled_files(self.server), [])
        self.assertEqual(self.server.sql("SELECT count(*) FROM big")["rows"], [[2000000]])

    def test_a_killed_server_leaves_no_spilled_data_to_the_next(self):
        server = Server(BINARY, settings=self.server.settings).start()
        try:
            server.sql("CREATE TABLE big AS SELECT i AS id, md5(i::VARCHAR) AS h FROM range(2000000) r(i)")
            token = server.admin_token
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                future = pool.submit(lambda: server.sql(self.LONG, memory="400MiB"))
                self.wait_for_spilling(server, future)
                server.stop(signal.SIGKILL)
                with self.assertRaises(Exception):
                    future.result()
            server.start()
            server.admin_token = server.tokens["admin"] = token
            self.assertEqual(spilled_files(server), [])
            self.assertEqual(server.sql("SELECT count(*) FROM big")["rows"], [[2000000]])
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
