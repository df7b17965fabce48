"""Writes that their application numbers: sent again, they take effect once."""
import json
import os
import pathlib
import subprocess
import threading
import unittest

from server import Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]


class ApplicationTransactions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"log_level": "error"}).start()
        cls.addClassCleanup(cls.server.__exit__)

    def sql(self, statement, user="admin", **options):
        return self.server.sql(statement, user, **options)

    def write(self, statement, version, application="loader", user="admin"):
        """What the statement answered: rows changed, whether it had been applied before."""
        answer = self.sql(statement, user, transaction={"application_id": application, "version": version})
        self.assertEqual([column["name"] for column in answer["columns"]], ["rows_changed"])
        statistics = answer["statistics"]
        self.assertEqual(answer["rows"], [[statistics["rows_changed"]]])
        return statistics["rows_changed"], statistics.get("applied_before", False)

    def refused(self, statement, user="admin", **options):
        with self.assertRaises(StatementError, msg=statement) as failed:
            self.sql(statement, user, **options)
        return failed.exception

    def versions(self, table):
        return len(self.sql(f"DESCRIBE HISTORY {table}")["rows"])

    def transactions(self, table):
        """All that the table's log says of applications, in order."""
        log = pathlib.Path(named(self.sql(f"DESCRIBE DETAIL {table}"))[0]["location"]) / "_delta_log"
        lines = [json.loads(line) for file in sorted(log.glob("*.json")) for line in file.read_text().splitlines()]
        return [(line["txn"]["appId"], line["txn"]["version"]) for line in lines if "txn" in line]

    def test_every_way_of_writing_rows_is_applied_once(self):
        self.sql("CREATE TABLE ways (id BIGINT, v VARCHAR, p INTEGER) PARTITIONED BY (p)")
        steps = [("INSERT INTO ways VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2)", 3),
                 ("UPDATE ways SET v = v || 'x' WHERE id < 3", 2),
                 ("DELETE FROM ways WHERE id = 3", 1),
                 ("MERGE INTO ways t USING (SELECT 2 AS id UNION ALL SELECT 9) s ON t.id = s.id "
                  "WHEN MATCHED THEN UPDATE SET v = v || 'm' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new', 3)", 2),
                 ("INSERT INTO ways REPLACE WHERE id = 9 SELECT 9, 'again', 3", 1),
                 ("INSERT OVERWRITE ways PARTITION (p = 3) SELECT 10, 'over'", 1),
                 ("INSERT OVERWRITE ways SELECT * FROM ways WHERE id <> 1", 2)]
        for version, (statement, changed) in enumerate(steps):
            self.assertEqual(self.write(statement, version), (changed, False), statement)
            published, content = self.versions("ways"), rows(self.sql("SELECT * FROM ways ORDER BY id"))
            for again in range(version + 1):
                self.assertEqual(self.write(statement, again), (0, True), statement)
            self.assertEqual(self.versions("ways"), published, statement)
            self.assertEqual(rows(self.sql("SELECT * FROM ways ORDER BY id")), content, statement)
        self.assertEqual(rows(self.sql("SELECT * FROM ways ORDER BY id")), [(2, "bxm", 1), (10, "over", 3)])
        self.assertEqual(self.write("TRUNCATE TABLE ways", 100)[1], False)
        self.sql("INSERT INTO ways VALUES (1, 'a', 1)")
        self.assertEqual(self.write("TRUNCATE TABLE ways", 100), (0, True))
        self.assertEqual(rows(self.sql("SELECT count(*) FROM ways")), [(1,)])
        self.assertEqual(self.transactions("ways"), [("loader", n) for n in [*range(len(steps)), 100]])

    def test_a_write_that_changes_nothing_is_remembered_too(self):
        self.sql("CREATE TABLE still (id BIGINT)")
        for version, statement in enumerate(("DELETE FROM still WHERE id = 1", "INSERT INTO still SELECT 1 WHERE false",
                                             "INSERT INTO still REPLACE WHERE id = 1 SELECT 1 WHERE false")):
            self.assertEqual(self.write(statement, version), (0, False), statement)
            self.assertEqual(self.write(statement, version), (0, True), statement)
        self.assertEqual(self.transactions("still"), [("loader", 0), ("loader", 1), ("loader", 2)])

    def test_applications_and_tables_are_told_apart(self):
        self.sql("CREATE TABLE one (id BIGINT)")
        self.sql("CREATE TABLE two (id BIGINT)")
        for table in ("one", "two"):
            for application in ("a", "A", "b"):
                self.assertEqual(self.write(f"INSERT INTO {table} VALUES (1)", 5, application), (1, False))
                self.assertEqual(self.write(f"INSERT INTO {table} VALUES (1)", 4, application), (0, True))
        self.assertEqual(rows(self.sql("SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM two)")), [(3, 3)])
        # Without a transaction the same text is another write.
        self.sql("INSERT INTO one VALUES (1)")
        self.assertEqual(rows(self.sql("SELECT count(*) FROM one")), [(4,)])

    def test_it_is_known_after_a_restart_and_a_checkpoint(self):
        self.sql("CREATE TABLE kept (id BIGINT) TBLPROPERTIES ('delta.checkpointInterval' = '2')")
        for version in range(4):
            self.assertEqual(self.write("INSERT INTO kept VALUES (1)", version), (1, False))
        self.server.stop()
        self.server.start()
        self.assertEqual(self.write("INSERT INTO kept VALUES (1)", 1), (0, True))
        self.assertEqual(self.write("INSERT INTO kept VALUES (1)", 4), (1, False))

    def test_of_many_that_send_the_same_one_is_applied(self):
        self.sql("CREATE TABLE raced (id BIGINT)")
        ends = []

        def send():
            try:
                ends.append(self.write("INSERT INTO raced VALUES (1)", 1))
            except StatementError as error:
                ends.append(error.sqlstate)

        for _ in range(3):
            clients = [threading.Thread(target=send) for _ in range(8)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
        self.assertEqual(ends.count((1, False)), 1, ends)
        self.assertLessEqual(set(ends), {(1, False), (0, True), "40001"})
        self.assertEqual(self.write("INSERT INTO raced VALUES (1)", 1), (0, True))
        self.assertEqual(rows(self.sql("SELECT count(*) FROM raced")), [(1,)])

    def test_other_statements_do_not_take_one(self):
        self.sql("CREATE TABLE t (id BIGINT)")
        given = {"transaction": {"application_id": "a", "version": 1}}
        for statement in ("SELECT 1", "CREATE TABLE x (id BIGINT)", "CREATE TABLE x AS SELECT 1 AS id", "DROP TABLE t",
                          "CREATE VIEW x AS SELECT 1 AS id", "ALTER TABLE t ADD COLUMN a INTEGER", "OPTIMIZE t",
                          "EXPLAIN INSERT INTO t VALUES (1)", "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
                          "BEGIN; INSERT INTO t VALUES (1); COMMIT", "DESCRIBE HISTORY t",
                          "COPY INTO t FROM 'upload://a.csv' FILEFORMAT = CSV"):
            self.assertEqual(self.refused(statement, **given).sqlstate, "0A000", statement)
        self.assertEqual(rows(self.sql("SELECT count(*) FROM t")), [(0,)])
        self.assertEqual(self.versions("t"), 1)

    def test_it_gives_no_right_and_no_ledger(self):
        self.sql("CREATE TABLE guarded (id BIGINT)")
        given = {"transaction": {"application_id": "a", "version": 1}}
        self.assertEqual(self.refused("INSERT INTO guarded VALUES (1)", "reader", **given).sqlstate, "42501")
        self.assertEqual(self.write("INSERT INTO guarded VALUES (1)", 1, "a", user="writer"), (1, False))
        # Who only may not write learns nothing of what was applied.
        self.assertEqual(self.refused("INSERT INTO guarded VALUES (1)", "reader", **given).sqlstate, "42501")
        for application in ("neurolake.copy:x", "NeuroLake.copy:x", "", "x" * 257):
            bad = {"transaction": {"application_id": application, "version": 1}}
            self.assertEqual(self.refused("INSERT INTO guarded VALUES (1)", **bad).sqlstate, "22023", application)
        self.assertEqual(self.transactions("guarded"), [("a", 1)])


class CommandLine(unittest.TestCase):
    """On a directory and on a server; the same write through both doors is one."""

    def test_both_clients_pass_it_on(self):
        server = Server(BINARY, settings={"log_level": "error"}).start()
        self.addCleanup(server.__exit__)
        server.sql("CREATE TABLE t (id BIGINT)")

        def send(*place):
            given = [BINARY, *place, "sql", "--txn-app", "loader", "--txn-version", "7",
                     "-c", "INSERT INTO t VALUES (1)"]
            done = subprocess.run(given, capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "NEUROLAKE_TOKEN": server.admin_token})
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        # A server's summary tells of rows alone.
        self.assertEqual(send("--server", server.url), "OK, 1 row\n")
        self.assertEqual(send("--server", server.url), "OK, 0 rows\n")
        self.assertEqual(server.sql("SELECT count(*) FROM t")["rows"], [[1]])
        server.stop()
        self.assertEqual(send("--lake", server.lake), "OK, 0 rows, applied before\n")


if __name__ == "__main__":
    unittest.main()
