"""Encrypted columns, attacked: values looked for in files, logs, history and statistics; cells moved by who has the files;
rights taken away. Each refusal stands beside the same thing allowed."""
import json
import os
import pathlib
import shutil
import unittest

import canaries
import doors
from server import Server, rows

BINARY = os.environ["TESTED_BINARY"]
DAMAGED = "an encrypted cell is damaged"


class EncryptedColumns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server = Server(BINARY).start()
        for user in ("reader", "writer", "engineer"):
            server.token_of(user)
        cls.canaries = [canaries.canary(kind) for kind in ("inserted", "updated", "merged", "looked", "copied")]
        first, updated, merged, looked, copied = cls.canaries
        for statement in (
                "CREATE KEY pii",
                "GRANT DECRYPT ON KEY pii TO ROLE admin",
                "GRANT ENCRYPT ON KEY pii TO USER writer",
                "CREATE TABLE secrets (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY pii DETERMINISTIC, note VARCHAR ENCRYPTED "
                "WITH KEY pii) TBLPROPERTIES (delta.enableChangeDataFeed = true)",
                "CREATE TABLE others (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY pii DETERMINISTIC)",
                f"INSERT INTO secrets VALUES (1, '{first}', '{first}'), (2, 'two', 'two')",
                "INSERT INTO others VALUES (1, 'elsewhere')",
                f"UPDATE secrets SET note = '{updated}' WHERE mail = '{first}'",
                f"MERGE INTO secrets t USING (SELECT 3 AS id, '{merged}' AS mail) s ON t.mail = s.mail "
                "WHEN NOT MATCHED THEN INSERT (id, mail) VALUES (s.id, s.mail)",
                f"SELECT id FROM secrets WHERE mail = '{looked}'",
                f"DELETE FROM secrets WHERE note = '{copied}'",
                "CREATE VIEW behind AS SELECT * FROM secrets",
                f"SELECT id FROM behind WHERE mail = '{looked}'",
                f"CREATE TABLE made (id, mail ENCRYPTED WITH KEY pii) AS SELECT 1, '{copied}'",
                "ANALYZE TABLE secrets COMPUTE STATISTICS FOR ALL COLUMNS"):
            server.sql(statement)
        cls.doors = doors.every(server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def files(self):
        return [path for path in pathlib.Path(self.server.lake).rglob("*") if path.is_file()]

    def data_files(self, table):
        location = rows(self.server.sql(f"DESCRIBE DETAIL {table}"))[0][4]
        return [path for path in pathlib.Path(location).rglob("*.parquet") if "_change_data" not in str(path)]

    def refused(self, user, statement, text):
        for door in self.doors:
            with self.subTest(door=door.name, user=user, statement=statement):
                answer = door.run(user, statement)
                self.assertTrue(answer.failed, answer.raw[:1000])
                if answer.code not in door.also_denied:
                    self.assertIn(text, answer.raw)
                self.assertEqual(canaries.leaks(answer.raw, self.canaries), [], answer.raw[:2000])

    def test_values_are_there_for_who_may_read_them(self):
        found = rows(self.server.sql("SELECT mail, note FROM secrets WHERE id = 1"))
        self.assertEqual(found, [(self.canaries[0], self.canaries[1])])
        self.assertEqual(rows(self.server.sql("SELECT mail FROM made")), [(self.canaries[4],)])

    def test_no_file_of_the_lake_has_a_value(self):
        for path in self.files():
            raw = path.read_bytes()
            for one in self.canaries:
                self.assertNotIn(one.encode(), raw, f"{one} in {path}")

    def test_history_and_statistics_have_no_value(self):
        for statement in ("SELECT * FROM system.queries", "DESCRIBE HISTORY secrets", "SELECT * FROM system.column_statistics",
                          "SHOW CREATE TABLE secrets", "DESCRIBE DETAIL secrets", "EXPLAIN SELECT mail FROM secrets"):
            for door in self.doors:
                answer = door.run("admin", statement)
                self.assertFalse(answer.failed, answer.raw[:500])
                self.assertEqual(canaries.leaks(answer.raw, self.canaries), [], statement)
        created = str(rows(self.server.sql("SHOW CREATE TABLE secrets")))
        self.assertIn("ENCRYPTED WITH KEY", created)
        self.assertIn("DETERMINISTIC", created)

    def test_the_log_has_no_bounds_of_encrypted_columns(self):
        for log in pathlib.Path(self.server.lake).rglob("_delta_log/*.json"):
            for line in log.read_text().splitlines():
                stats = json.loads(line).get("add", {}).get("stats")
                for bound in ("minValues", "maxValues"):
                    self.assertFalse({"mail", "note"} & set(json.loads(stats or "{}").get(bound, {})), log)

    def test_the_change_feed_is_opened_for_who_may_and_no_one_else(self):
        feed = "SELECT mail FROM table_changes('secrets', 1) WHERE _change_type = 'insert' AND id = 1"
        self.assertEqual(rows(self.server.sql(feed)), [(self.canaries[0],)])
        self.refused("reader", feed, "needs DECRYPT")

    def test_no_way_of_reading_gets_around_the_right(self):
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM secrets", "reader")), [(3,)])
        for statement in ("SELECT mail FROM secrets", "SELECT * FROM secrets", "SELECT s FROM secrets s",
                          "SELECT to_json(s) FROM secrets s", "SELECT max(note) FROM secrets", "SELECT * FROM behind",
                          "SELECT id FROM secrets WHERE mail LIKE 'canary%'", "SELECT id FROM secrets ORDER BY note",
                          "SELECT DISTINCT mail FROM secrets", "SELECT mail FROM secrets AT (VERSION => 1)",
                          "SELECT count(*) FROM secrets WHERE length(note) > 3",
                          f"SELECT id FROM secrets WHERE mail = '{self.canaries[0]}'",
                          "WITH a AS MATERIALIZED (SELECT * FROM secrets) SELECT mail FROM a",
                          "SELECT (SELECT mail FROM secrets LIMIT 1)",
                          "SELECT a.id FROM secrets a JOIN secrets b ON a.mail = b.mail"):
            self.refused("reader", statement, "needs DECRYPT")

    def test_cells_and_functions_of_the_product_cannot_be_named(self):
        for statement in ("SELECT reencrypted_cell('x'::BLOB, '{}')", "SELECT opened_cell('x'::BLOB)",
                          "SELECT closed_cell('x')", "SELECT * FROM lake_files('main', 'secrets', -1, [])",
                          'SELECT "\x011" FROM secrets'):
            for door in self.doors:
                with self.subTest(door=door.name, statement=statement):
                    self.assertTrue(door.run("admin", statement).failed)

    def test_who_writes_needs_a_right_and_reads_nothing_by_it(self):
        self.server.sql("INSERT INTO others VALUES (7, 'written')", "writer")
        self.server.sql("UPDATE others SET id = 8 WHERE id = 7", "writer")
        self.assertEqual(rows(self.server.sql("SELECT mail FROM others WHERE id = 8")), [("written",)])
        self.refused("engineer", "INSERT INTO others VALUES (9, 'x')", "needs ENCRYPT")
        self.refused("writer", "UPDATE others SET mail = mail || 'x'", "needs DECRYPT")
        self.refused("writer", "SELECT mail FROM others", "needs DECRYPT")

    def test_a_cell_in_another_table_does_not_open(self):
        for name in ("from_here", "to_there"):
            self.server.sql(f"CREATE TABLE {name} (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY pii DETERMINISTIC)")
            self.server.sql(f"INSERT INTO {name} VALUES (1, 'stays')")
            self.assertEqual(rows(self.server.sql(f"SELECT mail FROM {name}")), [("stays",)])
        # Who has the files, and no key, puts one table's in the place of the other's.
        shutil.copyfile(self.data_files("from_here")[0], self.data_files("to_there")[0])
        self.refused("admin", "SELECT mail FROM to_there", DAMAGED)
        self.assertEqual(rows(self.server.sql("SELECT id FROM to_there")), [(1,)])
        self.assertEqual(rows(self.server.sql("SELECT mail FROM from_here")), [("stays",)])

    def test_a_taken_right_is_gone_with_the_next_statement(self):
        self.server.sql("GRANT DECRYPT ON KEY pii TO USER engineer")
        self.assertEqual(rows(self.server.sql("SELECT note FROM secrets WHERE id = 2", "engineer")), [("two",)])
        self.server.sql("REVOKE DECRYPT ON KEY pii FROM USER engineer")
        self.refused("engineer", "SELECT note FROM secrets WHERE id = 2", "needs DECRYPT")

    def test_an_older_version_of_the_key_opens_what_it_closed(self):
        self.server.sql("CREATE TABLE aged (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY pii DETERMINISTIC)")
        self.server.sql("INSERT INTO aged VALUES (1, 'same')")
        self.server.sql("ROTATE KEY pii")
        self.server.sql("INSERT INTO aged VALUES (2, 'same')")
        self.assertEqual(rows(self.server.sql("SELECT id FROM aged WHERE mail = 'same' ORDER BY id")), [(1,), (2,)])
        self.server.sql("REENCRYPT TABLE aged")
        self.assertEqual(rows(self.server.sql("SELECT id, mail FROM aged ORDER BY id")), [(1, "same"), (2, "same")])
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM aged AT (VERSION => 1) WHERE mail = 'same'")), [(1,)])

    def test_who_looks_up_learns_of_the_value_asked_for_alone(self):
        question = f"SELECT id FROM secrets WHERE mail = '{self.canaries[0]}'"
        self.refused("engineer", question, "needs DECRYPT")
        self.server.sql("GRANT LOOKUP ON KEY pii TO USER engineer")
        self.addCleanup(self.server.sql, "REVOKE LOOKUP ON KEY pii FROM USER engineer")
        before = len(rows(self.server.sql("SHOW KEY LOOKUPS")))
        self.assertEqual(rows(self.server.sql(question, "engineer")), [(1,)])
        shown = rows(self.server.sql("SHOW KEY LOOKUPS"))
        self.assertEqual(len(shown), before + 1)
        self.assertEqual(canaries.leaks(str(shown), self.canaries), [])
        self.refused("engineer", f"SELECT mail FROM secrets WHERE mail = '{self.canaries[0]}'", "needs DECRYPT")
        self.refused("engineer", f"SELECT id FROM behind WHERE mail = '{self.canaries[0]}'", "needs DECRYPT")
        self.refused("engineer", f"CREATE TABLE kept AS {question}", "needs DECRYPT")

    def test_keys_of_columns_are_in_no_answer_and_no_file(self):
        keyring = (pathlib.Path(self.server.lake) / "keyring").read_text().split()
        for path in self.files():
            if path.name == "keyring":
                continue
            raw = path.read_bytes()
            for key in keyring:
                self.assertNotIn(key.encode(), raw, path)


if __name__ == "__main__":
    unittest.main()
