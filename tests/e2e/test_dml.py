"""What changing rows does below the answers: which files are read, what the log says, and what is left after a failure."""
import json
import os
import pathlib
import shutil
import threading
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class DmlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.lake, ignore_errors=True)
        pathlib.Path(cls.server.lake + ".log").unlink(missing_ok=True)

    def sql(self, statement):
        return self.server.sql(statement)["rows"]

    def files_read(self, statement):
        lines = [row[0].split() for row in self.sql("EXPLAIN ANALYZE " + statement)]
        return next(int(line[2]) for line in lines if line[:2] == ["files", "read"])

    def path(self, table):
        ids = dict(self.sql("SELECT table_name, id FROM system.tables"))
        return pathlib.Path(self.server.lake) / "tables" / ids[table]

    def actions(self, table, version):
        text = (self.path(table) / "_delta_log" / f"{version:020d}.json").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def files(self, table):
        return {str(path) for path in self.path(table).rglob("*.parquet")}

    def test_only_files_that_can_match_are_read(self):
        self.sql("CREATE TABLE spread (id BIGINT, v VARCHAR)")
        for i in range(6):
            self.sql(f"INSERT INTO spread SELECT i, 'x' FROM range({i * 100}, {i * 100 + 100}) r(i)")
        merge = "MERGE INTO spread t USING (SELECT {} AS id UNION ALL SELECT {}) s ON t.id = s.id "
        self.assertEqual(self.files_read(merge.format(250, 255) + "WHEN MATCHED THEN UPDATE SET v = 'y'"), 1)
        self.assertEqual(self.files_read(merge.format(350, 351) + "WHEN MATCHED THEN DELETE "
                                         "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"), 1)
        self.assertEqual(self.files_read("UPDATE spread SET v = 'z' FROM (SELECT 450 AS id) s WHERE spread.id = s.id"), 1)
        self.assertEqual(self.files_read("DELETE FROM spread WHERE id < 150"), 1)
        self.assertEqual(self.files_read("DELETE FROM spread"), 0)
        self.assertEqual(self.sql("SELECT count(*) FROM spread"), [[0]])

    def test_a_merge_says_what_it_did(self):
        self.sql("CREATE TABLE said AS SELECT i AS id, 0 AS n FROM range(10) r(i)")
        self.sql("MERGE INTO said t USING (SELECT i AS id FROM range(5, 12) r(i)) s ON t.id = s.id "
                 "WHEN MATCHED AND t.id = 5 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 1 "
                 "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id) WHEN NOT MATCHED BY SOURCE AND t.id = 0 THEN DELETE")
        info = next(a["commitInfo"] for a in self.actions("said", 1) if "commitInfo" in a)
        self.assertEqual(info["operation"], "MERGE")
        self.assertFalse(info["isBlindAppend"])
        self.assertEqual(json.loads(info["operationParameters"]["predicate"]), ["(t.id = s.id)"])
        self.assertEqual(json.loads(info["operationParameters"]["matchedPredicates"]),
                         [{"predicate": "(t.id = 5)", "actionType": "delete"}, {"actionType": "update"}])
        metrics = {name: int(value) for name, value in info["operationMetrics"].items()}
        self.assertEqual(metrics["numTargetRowsUpdated"], 4)
        self.assertEqual(metrics["numTargetRowsInserted"], 2)
        self.assertEqual(metrics["numTargetRowsDeleted"], 2)
        self.assertEqual(metrics["numTargetRowsNotMatchedBySourceDeleted"], 1)
        self.sql("UPDATE said SET n = 2 WHERE id = 1 AND n < 5")
        info = next(a["commitInfo"] for a in self.actions("said", 2) if "commitInfo" in a)
        self.assertEqual(json.loads(info["operationParameters"]["predicate"]), ["((id = 1) AND (n < 5))"])
        self.sql("INSERT INTO said VALUES (100, 1)")
        info = next(a["commitInfo"] for a in self.actions("said", 3) if "commitInfo" in a)
        self.assertTrue(info["isBlindAppend"])

    def test_the_change_feed_gets_files_only_where_it_needs_them(self):
        self.sql("CREATE TABLE feed (id BIGINT NOT NULL, v VARCHAR) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
        self.sql("INSERT INTO feed SELECT i, 'x' FROM range(10) r(i)")
        self.sql("UPDATE feed SET v = 'y' WHERE id = 1")
        self.sql("MERGE INTO feed USING (SELECT 50 AS id) s ON feed.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)")
        self.sql("INSERT OVERWRITE feed SELECT 1, 'z'")
        self.sql("DELETE FROM feed")
        has_changes = [any("cdc" in action for action in self.actions("feed", version)) for version in range(6)]
        self.assertEqual(has_changes, [False, False, True, True, False, False])
        changes = [action["cdc"] for action in self.actions("feed", 2) if "cdc" in action]
        self.assertTrue(all(change["path"].startswith("_change_data/") and not change["dataChange"] for change in changes))

    def test_a_feed_without_files_is_told_from_deletion_vectors(self):
        """As Spark leaves it: where a deletion vector says what went, it writes no files of changes."""
        self.sql("CREATE TABLE bare (id BIGINT, v VARCHAR) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
        self.sql("INSERT INTO bare SELECT i, 'x' FROM range(20) r(i)")
        self.sql("DELETE FROM bare WHERE id IN (3, 4)")
        self.sql("DELETE FROM bare WHERE id IN (4, 5, 6)")
        feed = "SELECT id, v, _change_type, _commit_version FROM table_changes('bare', 1) ORDER BY ALL"
        told = self.sql(feed)
        self.assertEqual([row[0] for row in told if row[2] == "delete"], [3, 4, 5, 6])
        for version in (2, 3):
            log = self.path("bare") / "_delta_log" / f"{version:020d}.json"
            lines = [line for line in log.read_text().splitlines() if not line.startswith('{"cdc"')]
            log.write_text("\n".join(lines) + "\n")
        self.assertEqual(self.sql(feed), told)
        self.assertEqual(self.sql("SELECT count(*) FROM table_changes('bare', 2)"), [[4]])

    def test_a_failed_statement_leaves_no_file(self):
        self.sql("CREATE TABLE whole (id BIGINT NOT NULL, v VARCHAR) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
        self.sql("INSERT INTO whole SELECT i, 'x' FROM range(10) r(i)")
        before = self.files("whole")
        for statement in ["UPDATE whole SET id = NULL WHERE id = 3",
                          "MERGE INTO whole t USING (SELECT 3 AS id, 'a' AS v UNION ALL SELECT 3, 'b') s ON t.id = s.id "
                          "WHEN MATCHED THEN UPDATE SET v = s.v",
                          "INSERT INTO whole REPLACE WHERE id < 5 VALUES (7, 'not of them')"]:
            with self.assertRaises(StatementError):
                self.sql(statement)
            self.assertEqual(self.files("whole"), before, statement)
        self.assertEqual(self.sql("SELECT count(*), min(v) FROM whole"), [[10, "x"]])

    def test_mostly_dead_files_are_written_anew(self):
        self.sql("CREATE TABLE large AS SELECT i AS id, hash(i)::VARCHAR AS v FROM range(200000) r(i)")
        self.sql("DELETE FROM large WHERE id % 10 = 0")
        self.sql("DELETE FROM large WHERE id % 10 < 5")
        def metrics(version):
            info = next(a["commitInfo"] for a in self.actions("large", version) if "commitInfo" in a)
            return {name: int(value) for name, value in info["operationMetrics"].items()}
        self.assertEqual(metrics(1)["numDeletionVectorsAdded"], 1)
        self.assertEqual((metrics(2)["numCopiedRows"], metrics(2)["numDeletionVectorsRemoved"]), (100000, 1))
        self.assertEqual(self.sql("SELECT count(*), min(id % 10) FROM large"), [[100000, 5]])

    def test_merges_of_many_clients_lose_no_row(self):
        self.sql("CREATE TABLE counters AS SELECT i AS id, 0 AS n FROM range(4) r(i)")
        done, lock = [], threading.Lock()

        def work(client):
            for _ in range(5):
                statement = (f"MERGE INTO counters t USING (SELECT {client} AS id) s ON t.id = s.id "
                             "WHEN MATCHED THEN UPDATE SET n = t.n + 1")
                try:
                    self.sql(statement)
                except StatementError as error:
                    self.assertEqual(error.sqlstate, "40001")
                    continue
                with lock:
                    done.append(client)

        clients = [threading.Thread(target=work, args=(client % 4,)) for client in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(self.sql("SELECT id, n FROM counters ORDER BY id"),
                         [[client, done.count(client)] for client in range(4)])
        self.assertTrue(done)
