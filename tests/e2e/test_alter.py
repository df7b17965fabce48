"""Changing tables while others write: identity values are unique, and no row slips past a constraint being added."""
import json
import os
import pathlib
import threading
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class Alter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def sql(self, text, user="admin"):
        return self.server.sql(text, user)["rows"]

    def until_done(self, text):
        """Runs a statement again as often as it loses a race."""
        for _ in range(200):
            try:
                return self.sql(text)
            except StatementError as error:
                if error.sqlstate != "40001":
                    raise
        raise AssertionError("lost 200 races")

    def log(self, table):
        rows = self.sql(f"SELECT id FROM system.tables WHERE table_name = '{table}'")
        folder = pathlib.Path(self.server.lake) / "tables" / rows[0][0] / "_delta_log"
        return [[json.loads(line) for line in path.read_text().splitlines()] for path in sorted(folder.glob("*.json"))]

    def test_identity_values_are_unique_among_concurrent_inserts(self):
        self.sql("CREATE TABLE ids (id BIGINT GENERATED ALWAYS AS IDENTITY, v BIGINT)")
        failures = []

        def insert(number):
            try:
                for i in range(5):
                    self.until_done(f"INSERT INTO ids (v) SELECT {number * 100 + i} FROM range(3)")
            except Exception as error:  # noqa: BLE001
                failures.append(error)

        threads = [threading.Thread(target=insert, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM ids"), [[60, 60, 1, 60]])
        schema = json.loads([a["metaData"]["schemaString"] for commit in self.log("ids") for a in commit
                             if "metaData" in a][-1])
        self.assertEqual(schema["fields"][0]["metadata"]["delta.identity.highWaterMark"], 60)

    def test_no_row_slips_past_a_constraint_being_added(self):
        self.sql("CREATE TABLE ruled (v BIGINT)")
        self.sql("INSERT INTO ruled VALUES (1)")
        refused = threading.Event()

        def insert():
            while not refused.is_set():
                try:
                    self.sql("INSERT INTO ruled VALUES (-1)")
                    self.until_done("DELETE FROM ruled WHERE v < 0")
                except StatementError as error:
                    if error.sqlstate == "23514":
                        refused.set()
                    elif error.sqlstate != "40001":
                        raise

        thread = threading.Thread(target=insert)
        thread.start()
        for _ in range(500):
            try:
                self.sql("ALTER TABLE ruled ADD CONSTRAINT positive CHECK (v > 0)")
                break
            except StatementError as error:
                self.assertIn(error.sqlstate, ("40001", "23514"))
        thread.join(60)
        self.assertTrue(refused.is_set())
        self.assertEqual(self.sql("SELECT count(*) FROM ruled WHERE v <= 0"), [[0]])

    def test_history_names_the_operations_as_delta_does(self):
        self.sql("CREATE TABLE named (a INTEGER, b INTEGER)")
        self.sql("ALTER TABLE named ADD COLUMN c VARCHAR")
        self.sql("ALTER TABLE named RENAME COLUMN c TO d")
        self.sql("ALTER TABLE named DROP COLUMN b")
        self.sql("ALTER TABLE named ADD CONSTRAINT positive CHECK (a > 0)")
        self.sql("ALTER TABLE named SET TBLPROPERTIES ('owner' = 'me')")
        self.sql("ALTER TABLE named CLUSTER BY (a)")
        infos = [action["commitInfo"] for commit in self.log("named") for action in commit if "commitInfo" in action]
        self.assertEqual([info["operation"] for info in infos[1:]],
                         ["ADD COLUMNS", "RENAME COLUMN", "DROP COLUMNS", "ADD CONSTRAINT", "SET TBLPROPERTIES", "CLUSTER BY"])
        self.assertEqual(infos[4]["operationParameters"], {"name": "positive", "expr": "a > 0"})
        self.assertEqual(infos[2]["operationParameters"], {"oldColumnPath": "c", "newColumnPath": "d"})
        self.assertEqual(json.loads(infos[1]["operationParameters"]["columns"])[0]["column"]["name"], "c")

    def test_rules_that_somebody_else_wrote_and_we_do_not_understand(self):
        self.sql("CREATE TABLE odd (a VARCHAR) TBLPROPERTIES ('compatibility' = 'widest')")
        self.sql("INSERT INTO odd VALUES ('x'), ('y')")
        rows = self.sql("SELECT id FROM system.tables WHERE table_name = 'odd'")
        log = pathlib.Path(self.server.lake) / "tables" / rows[0][0] / "_delta_log"
        metadata = next(a for commit in self.log("odd") for a in commit if "metaData" in a)
        metadata["metaData"]["configuration"]["delta.constraints.shape"] = "a RLIKE '^[a-z]$'"
        lines = [{"commitInfo": {"timestamp": 0, "operation": "ADD CONSTRAINT"}},
                 {"protocol": {"minReaderVersion": 1, "minWriterVersion": 3}}, metadata]
        (log / "00000000000000000002.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual(self.sql("SELECT a FROM odd ORDER BY a"), [["x"], ["y"]])
        for statement in ("INSERT INTO odd VALUES ('z')", "UPDATE odd SET a = 'z'"):
            with self.assertRaises(StatementError) as refused:
                self.sql(statement)
            self.assertEqual(refused.exception.sqlstate, "0A000")
            self.assertIn("shape", str(refused.exception))
        self.sql("DELETE FROM odd WHERE a = 'x'")
        self.sql("ALTER TABLE odd DROP CONSTRAINT shape")
        self.sql("INSERT INTO odd VALUES ('z')")
        self.assertEqual(self.sql("SELECT a FROM odd ORDER BY a"), [["y"], ["z"]])


if __name__ == "__main__":
    unittest.main()
