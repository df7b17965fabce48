"""Small INSERTs that meet become one version: every acknowledged row exactly once, whatever else happens to the table, its
members, the workers or the server. Nothing here asserts how many meet, but where that is certain."""
import json
import os
import pathlib
import random
import shutil
import signal
import threading
import unittest
import urllib.error

from server import Server, StatementError, children, named

BINARY = os.environ["TESTED_BINARY"]
CLIENTS = 16
ROUNDS = 12


def together(count, work):
    """Runs work(0) … work(count - 1) at once; raises what one of them raised."""
    barrier, problems = threading.Barrier(count), []

    def run(i):
        try:
            barrier.wait()
            work(i)
        except Exception as problem:  # pylint: disable=broad-except
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def commits(server, table):
    """The commitInfo of every version of `table`, oldest first."""
    location = named(server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"]
    infos = []
    for path in sorted((pathlib.Path(location) / "_delta_log").glob("*.json")):
        if not path.stem.isdigit():
            continue
        for line in path.read_text().splitlines():
            action = json.loads(line)
            if "commitInfo" in action:
                infos.append(action["commitInfo"])
    return infos


class GroupCommit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"workers.count": "3", "workers.count_max": "4"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def create(self, table, columns="id BIGINT, writer BIGINT", more=""):
        self.server.sql(f"CREATE OR REPLACE TABLE {table} ({columns}) {more}")

    def ids(self, table):
        return sorted(row[0] for row in self.server.sql(f"SELECT id FROM {table}")["rows"])

    def test_rows_of_all_in_few_versions_and_files(self):
        self.create("t")

        def work(i):
            for n in range(ROUNDS):
                answer = self.server.sql(f"INSERT INTO t VALUES ({n * CLIENTS + i}, {i})")
                self.assertEqual(answer["rows"], [[1]])
                # What is acknowledged is there.
                self.assertEqual(self.server.sql(f"SELECT count(*) FROM t WHERE id = {n * CLIENTS + i}")["rows"], [[1]])

        together(CLIENTS, work)
        self.assertEqual(self.ids("t"), list(range(CLIENTS * ROUNDS)))
        infos = [info for info in commits(self.server, "t") if info["operation"] == "WRITE"]
        self.assertLess(len(infos), CLIENTS * ROUNDS)
        groups = [info for info in infos if "numGroupedStatements" in info["operationMetrics"]]
        self.assertTrue(groups)
        grouped = 0
        for info in groups:
            statements = info["tags"]["neurolake.statements"].split(",")
            self.assertEqual(len(statements), int(info["operationMetrics"]["numGroupedStatements"]))
            self.assertEqual(info["operationMetrics"]["numOutputRows"], str(len(statements)))
            self.assertEqual(info["operationMetrics"]["numFiles"], "1")
            self.assertTrue(info["isBlindAppend"])
            self.assertEqual(info["userName"], "admin")
            grouped += len(statements)
        self.assertEqual(grouped + len(infos) - len(groups), CLIENTS * ROUNDS)

    def test_each_statement_is_on_record_with_its_version(self):
        self.create("recorded")
        versions = {}

        def work(i):
            answer = self.server.sql(f"INSERT INTO recorded VALUES ({i}, {i})")
            versions[answer["id"]] = i

        together(CLIENTS, work)
        known = {info.get("statementId") for info in commits(self.server, "recorded")}
        for info in commits(self.server, "recorded"):
            known.update(info.get("tags", {}).get("neurolake.statements", "").split(","))
        self.assertLessEqual(set(versions), known)
        rows = self.server.sql("SELECT id, state, rows_changed FROM system.queries WHERE kind = 'INSERT'")["rows"]
        found = {row[0]: row[1:] for row in rows}
        for statement in versions:
            self.assertEqual(found[statement], ["succeeded", 1])

    def test_the_table_property_turns_it_off(self):
        self.create("off", more="TBLPROPERTIES ('neurolake.group_commit' = 'false')")
        together(CLIENTS, lambda i: self.server.sql(f"INSERT INTO off VALUES ({i}, {i})"))
        self.assertEqual(self.ids("off"), list(range(CLIENTS)))
        infos = commits(self.server, "off")
        self.assertEqual(len(infos), CLIENTS + 1)
        self.assertFalse([info for info in infos if "numGroupedStatements" in info["operationMetrics"]])

    def test_who_violates_a_constraint_fails_alone(self):
        self.create("strict", "id BIGINT NOT NULL, twice BIGINT GENERATED ALWAYS AS (id * 2), note STRING DEFAULT 'none'")
        self.server.sql("ALTER TABLE strict ADD CONSTRAINT positive CHECK (id IS NULL OR id >= 0)")
        failed = []

        def work(i):
            for n in range(ROUNDS):
                number = n * CLIENTS + i
                value = {0: "NULL", 1: f"{-number - 1}"}.get(number % 4, f"{number}")
                try:
                    self.server.sql(f"INSERT INTO strict (id) VALUES ({value})")
                    self.assertGreater(number % 4, 1)
                except StatementError as error:
                    failed.append(error.sqlstate)
                    self.assertEqual(error.sqlstate, {0: "23502", 1: "23514"}[number % 4])

        together(CLIENTS, work)
        good = [n for n in range(CLIENTS * ROUNDS) if n % 4 > 1]
        self.assertEqual(self.ids("strict"), good)
        self.assertEqual(len(failed), CLIENTS * ROUNDS - len(good))
        wrong = self.server.sql("SELECT count(*) FROM strict WHERE twice <> id * 2 OR note <> 'none' OR note IS NULL")
        self.assertEqual(wrong["rows"], [[0]])

    def test_rows_that_expectations_watch(self):
        """Each is judged on its own; one that fails hurts nobody it would have gone with."""
        self.create("watched")
        for name, rule in (("positive", "CHECK (id >= 0) ON VIOLATION FAIL"), ("few", "CHECK (id < 100) ON VIOLATION WARN"),
                           ("odd", "CHECK (writer <> 6) ON VIOLATION DROP")):
            self.server.sql(f"CREATE EXPECTATION {name} ON watched {rule}")
        failed = []

        def work(i):
            for n in range(ROUNDS):
                number = n * CLIENTS + i
                value = -number - 1 if number % 4 == 1 else number
                try:
                    answer = self.server.sql(f"INSERT INTO watched VALUES ({value}, {i})")
                    self.assertEqual(answer["rows"], [[0 if i == 6 else 1]])
                    self.assertGreaterEqual(value, 0)
                except StatementError as error:
                    failed.append(value)
                    self.assertEqual(error.sqlstate, "23514")
                    self.assertIn("positive", str(error))

        together(CLIENTS, work)
        numbers = range(CLIENTS * ROUNDS)
        good = [n for n in numbers if n % 4 != 1 and n % CLIENTS != 6]
        self.assertEqual(self.ids("watched"), good)
        self.assertEqual(len(failed), sum(n % 4 == 1 for n in numbers))
        infos = [info for info in commits(self.server, "watched") if info["operation"] == "WRITE"]
        self.assertTrue([info for info in infos if "numGroupedStatements" in info["operationMetrics"]])
        # Every statement has its own results: of the version it went with, or of none.
        results = self.server.sql("SELECT expectation, version IS NULL, count(*), count(DISTINCT statement_id), "
                                  "sum(rows_checked)::BIGINT, sum(violations)::BIGINT FROM system.expectation_results "
                                  "WHERE table_name = 'watched' GROUP BY ALL ORDER BY ALL")["rows"]
        dropped = [n for n in numbers if n % CLIENTS == 6]
        with_version, without = [len(good)] * 3, [len(failed) + len(dropped)] * 3
        self.assertEqual(results, [["few", False, *with_version, sum(n >= 100 for n in good)],
                                   ["few", True, *without, sum(n >= 100 for n in dropped)],
                                   ["odd", False, *with_version, 0], ["odd", True, *without, len(dropped)],
                                   ["positive", False, *with_version, 0], ["positive", True, *without, len(failed)]])
        versions = [{info.get("statementId"), *info.get("tags", {}).get("neurolake.statements", "").split(",")}
                    for info in commits(self.server, "watched")]
        for statement, version in self.server.sql("SELECT statement_id, version FROM system.expectation_results WHERE "
                                                  "version IS NOT NULL AND table_name = 'watched'")["rows"]:
            self.assertIn(statement, versions[version])

    def test_an_expectation_made_while_rows_wait(self):
        """Who begins after it is there is judged by it; nobody is told of a row that is not there."""
        self.create("late")
        made, acknowledged, lock = threading.Event(), set(), threading.Lock()

        def work(i):
            if i == 0:
                self.server.sql("CREATE EXPECTATION positive ON late CHECK (id >= 0) ON VIOLATION FAIL")
                made.set()
                return
            for n in range(2 * ROUNDS):
                known = made.is_set()
                number = n * CLIENTS + i
                value = -number if n % 2 else number
                try:
                    self.server.sql(f"INSERT INTO late VALUES ({value}, {i})")
                    self.assertFalse(known and value < 0)
                    with lock:
                        acknowledged.add(value)
                except StatementError as error:
                    self.assertIn(error.sqlstate, ("40001", "23514") if value < 0 else ("40001",), str(error))

        together(CLIENTS, work)
        self.assertEqual(self.ids("late"), sorted(acknowledged))

    def test_every_type_keeps_its_value(self):
        columns = ("id BIGINT, b BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INTEGER, f REAL, d DOUBLE, m DECIMAL(38,10), s STRING, "
                   "x BINARY, day DATE, moment TIMESTAMPTZ, ntz TIMESTAMP_NTZ, l BIGINT[], st STRUCT<a: INTEGER, t: STRING[]>, "
                   "kv MAP<STRING, DOUBLE>")
        values = ("true, -128, 32767, -5, 1.5, 'NaN'::DOUBLE, 1234567890123456789012345678.0123456789, 'ü ''x'' ' || chr(10), "
                  "'\\x00\\xFF'::BLOB, DATE '0001-01-01', TIMESTAMPTZ '2024-02-29 12:00:00.123456+02', "
                  "TIMESTAMP '1969-12-31 23:59:59.999999', [1, NULL, 3], {'a': 1, 't': ['p', NULL]}, "
                  "MAP {'k': 0.5, 'l': NULL}")
        nulls = ", ".join(["NULL"] * 15)
        self.create("types", columns)
        self.create("alone", columns, "TBLPROPERTIES ('neurolake.group_commit' = 'false')")

        def work(i):
            # Time zones of sessions differ; an instant is an instant.
            row = nulls if i % 4 == 0 else values
            zone = {"time_zone": "Asia/Tokyo"} if i % 4 == 1 else {}
            self.server.sql(f"INSERT INTO types VALUES ({i}, {row})", **zone)

        together(CLIENTS, work)
        for i in range(CLIENTS):
            self.server.sql(f"INSERT INTO alone VALUES ({i}, {nulls if i % 4 == 0 else values})")
        self.assertEqual(self.server.sql("SELECT * FROM types ORDER BY id")["rows"],
                         self.server.sql("SELECT * FROM alone ORDER BY id")["rows"])
        self.assertTrue([i for i in commits(self.server, "types") if "numGroupedStatements" in i["operationMetrics"]])

    def test_partitions_and_features_of_the_table(self):
        self.create("parted", "id BIGINT, part STRING",
                    "PARTITIONED BY (part) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', "
                    "'delta.enableRowTracking' = 'true', 'delta.columnMapping.mode' = 'name')")
        together(CLIENTS, lambda i: self.server.sql(f"INSERT INTO parted VALUES ({i}, 'p{i % 3}'), ({i + 100}, NULL)"))
        self.assertEqual(self.ids("parted"), [*range(CLIENTS), *range(100, 100 + CLIENTS)])
        self.assertEqual(self.server.sql("SELECT count(*) FROM parted WHERE part IS NULL")["rows"], [[CLIENTS]])
        changes = self.server.sql("SELECT _change_type, count(*), count(DISTINCT id) FROM table_changes('parted', 1) GROUP BY 1")
        self.assertEqual(changes["rows"], [["insert", 2 * CLIENTS, 2 * CLIENTS]])
        self.assertEqual(self.row_ids("parted"), list(range(2 * CLIENTS)))

    def row_ids(self, table):
        """The ids of all rows, as the log gives them to files."""
        location = pathlib.Path(named(self.server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"])
        given = []
        for path in sorted((location / "_delta_log").glob("*.json")):
            for line in path.read_text().splitlines():
                add = json.loads(line).get("add")
                if add:
                    records = json.loads(add["stats"])["numRecords"]
                    given += range(add["baseRowId"], add["baseRowId"] + records)
        return sorted(given)

    def test_identity_values_are_given_once(self):
        self.create("numbered", "n BIGINT GENERATED ALWAYS AS IDENTITY, id BIGINT")
        done = []

        def work(i):
            while True:
                try:
                    self.server.sql(f"INSERT INTO numbered (id) VALUES ({i})")
                    done.append(i)
                    return
                except StatementError as error:
                    self.assertEqual(error.problem["code"], "Conflict")

        together(6, work)
        self.assertEqual(self.ids("numbered"), list(range(6)))
        self.assertEqual(self.server.sql("SELECT count(DISTINCT n) FROM numbered")["rows"], [[6]])

    def test_statements_that_are_not_small_appends_are_as_ever(self):
        self.create("mixed")
        self.server.sql("INSERT INTO mixed SELECT i, -1 FROM range(10) r(i)")

        def work(i):
            if i % 4 == 0:
                self.server.sql(f"INSERT INTO mixed SELECT {i * 100000} + x, {i} FROM range(20000) r(x)")
            elif i % 4 == 1:
                self.server.sql(f"BEGIN; INSERT INTO mixed VALUES ({1000 + i}, {i}); INSERT INTO mixed VALUES ({2000 + i}, {i}); COMMIT")
            else:
                self.server.sql(f"INSERT INTO mixed VALUES ({1000 + i}, {i})")

        together(CLIENTS, work)
        counts = dict(tuple(row) for row in self.server.sql("SELECT writer, count(*) FROM mixed GROUP BY 1")["rows"])
        self.assertEqual(counts, {-1: 10, **{i: {0: 20000, 1: 2}.get(i % 4, 1) for i in range(CLIENTS)}})

    def test_a_reader_may_not_and_members_do_not_suffer(self):
        self.create("guarded")
        self.server.token_of("reader")
        self.server.token_of("writer")
        refused = []

        def work(i):
            try:
                self.server.sql(f"INSERT INTO guarded VALUES ({i}, {i})", user=("reader", "writer", "admin")[i % 3])
            except StatementError as error:
                refused.append(i)
                self.assertEqual(error.sqlstate, "42501")

        together(CLIENTS, work)
        self.assertEqual(sorted(refused), [i for i in range(CLIENTS) if i % 3 == 0])
        self.assertEqual(self.ids("guarded"), [i for i in range(CLIENTS) if i % 3 != 0])
        names = {name for info in commits(self.server, "guarded") for name in info["userName"].split(", ")}
        self.assertLessEqual({"admin", "writer"}, names)

    def test_the_table_is_altered_or_dropped_meanwhile(self):
        """Whoever is told of success has its row, in the table as it then is; whoever is not has none."""
        for change in ("ALTER TABLE moving ADD COLUMN more{n} STRING", "ALTER TABLE moving SET TBLPROPERTIES ('n' = '{n}')",
                       "ALTER TABLE moving RENAME TO aside; ALTER TABLE aside RENAME TO moving"):
            self.create("moving", "id BIGINT, writer BIGINT DEFAULT 0", "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')")
            acknowledged, lock = set(), threading.Lock()

            def work(i):
                for n in range(ROUNDS):
                    try:
                        if i == 0:
                            for statement in change.format(n=n).split("; "):
                                self.server.sql(statement)
                            continue
                        self.server.sql(f"INSERT INTO moving (id) VALUES ({n * CLIENTS + i})")
                        with lock:
                            acknowledged.add(n * CLIENTS + i)
                    except StatementError as error:
                        self.assertIn(error.problem["code"], ("Conflict", "NotFound"), str(error))

            together(CLIENTS, work)
            self.assertEqual(self.ids("moving"), sorted(acknowledged))
            self.assertTrue(acknowledged)
        self.create("gone")
        told = []

        def drop(i):
            try:
                if i == CLIENTS // 2:
                    self.server.sql("DROP TABLE gone")
                else:
                    self.server.sql(f"INSERT INTO gone VALUES ({i}, {i})")
                    told.append(i)
            except StatementError as error:
                self.assertIn(error.problem["code"], ("Conflict", "NotFound"), str(error))

        together(CLIENTS, drop)
        self.server.sql("UNDROP TABLE gone")
        self.assertEqual(self.ids("gone"), sorted(told))

    def test_automatic_compaction_merges_what_groups_leave(self):
        self.create("merged", more="TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true')")

        def work(i):
            for n in range(ROUNDS):
                self.server.sql(f"INSERT INTO merged VALUES ({n * CLIENTS + i}, {i})")

        together(CLIENTS, work)
        self.assertEqual(self.ids("merged"), list(range(CLIENTS * ROUNDS)))

    def test_statements_that_are_cancelled(self):
        """Each either has its row and says so, or has none."""
        self.create("stopped")
        acknowledged, cancelled = set(), []

        def work(i):
            for n in range(ROUNDS):
                number = n * CLIENTS + i
                try:
                    self.server.sql(f"INSERT INTO stopped VALUES ({number}, {i})", timeout="40ms" if i % 2 else "60s")
                    acknowledged.add(number)
                except StatementError as error:
                    self.assertIn(error.problem["code"], ("DeadlineExceeded", "Cancelled"), str(error))
                    cancelled.append(number)

        together(CLIENTS, work)
        self.assertEqual(self.ids("stopped"), sorted(acknowledged))


class Kills(unittest.TestCase):
    def test_killed_servers_and_workers(self):
        """What was acknowledged is there once, what failed is not; what got no answer may be either, once."""
        server = Server(BINARY, settings={"workers.count": "3", "workers.count_max": "4", "log_level": "error"}).start()
        self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
        self.addCleanup(server.stop)
        server.sql("CREATE TABLE t (id BIGINT, round BIGINT)")
        chance = random.Random(5)
        acknowledged, unknown, failed = set(), set(), set()
        for turn in range(10):
            def work(i, turn=turn):
                for n in range(6):
                    number = (turn * 6 + n) * CLIENTS + i
                    try:
                        server.sql(f"INSERT INTO t VALUES ({number}, {turn})")
                        acknowledged.add(number)
                    except StatementError as error:
                        (unknown if error.problem["code"] == "CommitUnknown" else failed).add(number)
                    except (urllib.error.URLError, OSError, ValueError):
                        unknown.add(number)
                        return

            def kill():
                if turn % 2:
                    server.process.send_signal(signal.SIGKILL)
                    return
                workers = children(server.process.pid)
                if workers:
                    os.kill(chance.choice(workers), signal.SIGKILL)

            timer = threading.Timer(chance.uniform(0.02, 0.3), kill)
            timer.start()
            together(CLIENTS, work)
            timer.join()
            if turn % 2:
                server.stop(signal.SIGKILL)
                server.start()
            found = [row[0] for row in server.sql("SELECT id FROM t")["rows"]]
            self.assertEqual(len(found), len(set(found)), "a row twice")
            self.assertLessEqual(acknowledged, set(found), "an acknowledged row is gone")
            self.assertFalse(failed & set(found), "a row of a statement that failed")
            self.assertLessEqual(set(found), acknowledged | unknown)
        self.assertTrue(acknowledged)
        written = [info for info in commits(server, "t") if info["operation"] == "WRITE"]
        self.assertLess(len(written), len(found), "no two statements met")
        self.assertTrue([info for info in written if "numGroupedStatements" in info["operationMetrics"]])


if __name__ == "__main__":
    unittest.main()
