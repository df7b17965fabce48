"""FORGET SUBJECT as a way to what one may not see: without the right, by dry runs, by errors, by who is named in tables that
are hidden, by what is left for others to read."""
import json
import os
import shutil
import tempfile
import unittest

import canaries
from server import Server, StatementError, named

BINARY = os.environ["TESTED_BINARY"]
WITHOUT = ("reader", "writer", "engineer", "member", "auditor", "admin")


def rows(result):
    return result["rows"]


class Erasure(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-erasure-attack-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.server = Server(BINARY, lake=self.folder + "/lake", settings={"log_level": "error"}).start()
        self.addCleanup(self.server.stop)
        self.cells = [canaries.canary("name"), canaries.canary("mail")]
        for statement in (
                "CREATE SCHEMA vault", "CREATE TABLE vault.people (id BIGINT, name STRING, mail STRING)",
                f"INSERT INTO vault.people VALUES (815123, '{self.cells[0]}', '{self.cells[1]}'), (2, 'Bob', 'bob@example.org')",
                "CREATE ROW POLICY nobody ON vault.people USING (false)",
                "CREATE DATA SUBJECT person KEY vault.people.id IDENTIFIED BY vault.people.mail"):
            self.server.sql(statement)

    def forget(self, user, key="815123", more=""):
        return named(self.server.sql(f"FORGET SUBJECT person {key} {more}", user=user))

    def refused(self, user, statement):
        with self.assertRaises(StatementError) as error:
            self.server.sql(statement, user=user)
        canaries.check(self, str(error.exception), self.cells)
        return error.exception

    def count(self):
        """Past the policy, by the table's own metadata."""
        self.server.sql("CREATE ROW POLICY all_of_it ON vault.people TO ROLE admin USING (true)")
        found = rows(self.server.sql("SELECT count(*) FROM vault.people"))[0][0]
        self.server.sql("DROP ROW POLICY all_of_it ON vault.people")
        return found

    def test_no_role_has_the_right_and_what_is_there_is_answered_like_what_is_not(self):
        for user in WITHOUT:
            for more in ("", "DRY RUN"):
                with self.subTest(user=user, more=more):
                    there = self.refused(user, f"FORGET SUBJECT person 815123 {more}")
                    missing = self.refused(user, f"FORGET SUBJECT nobody 815123 {more}")
                    self.assertEqual(str(there).replace("person", "nobody"), str(missing))
        self.assertEqual(self.count(), 2)
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM system.erasures")), [[0]])

    def test_whoever_has_it_reaches_rows_that_are_hidden_and_nobody_else_learns_of_it(self):
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE writer")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM vault.people", user="writer")), [[0]])
        report = {row["name"]: row["rows"] for row in self.forget("writer")}
        self.assertEqual(report["vault.people"], 1)
        self.assertEqual(self.count(), 1)
        for user in ("reader", "engineer", "member"):
            for relation in ("erasures", "data_subjects"):
                self.assertEqual(rows(self.server.sql(f"SELECT * FROM system.{relation}", user=user)), [], (user, relation))
        for user in ("auditor", "admin", "writer"):
            self.assertEqual(rows(self.server.sql("SELECT data_subject, state FROM system.erasures", user=user)),
                             [["person", "done"]])

    def test_it_is_on_record_that_policies_were_passed_also_for_a_dry_run(self):
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE writer")
        self.forget("writer", more="DRY RUN")
        told = named(self.server.sql("SELECT principal, details FROM system.audit WHERE action = 'preview_erasure'"))
        self.assertEqual([row["principal"] for row in told], ["writer"])
        self.assertIn('"past_policies":"true"', told[0]["details"])
        self.assertNotIn("815123", told[0]["details"])

    def test_the_report_has_no_value_of_the_subject(self):
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE writer")
        for more in ("DRY RUN", ""):
            canaries.check(self, str(self.forget("writer", more=more)), self.cells)
        canaries.check(self, str(rows(self.server.sql("SELECT * FROM system.erasures"))), self.cells)

    def test_deny_wins_and_a_token_for_one_schema_is_not_enough(self):
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO PUBLIC")
        self.server.sql("DENY FORGET ON DATA SUBJECT person TO ROLE writer")
        self.refused("writer", "FORGET SUBJECT person 815123")
        status, _, body = self.server.request("POST", "/v1/tokens", {"principal": "engineer", "role": "engineer",
                                                                     "name": "narrow", "schemas": ["vault"]},
                                              self.server.admin_token)
        self.assertEqual(status, 201, body)
        self.server.tokens["narrow"] = json.loads(body)["token"]
        self.refused("narrow", "FORGET SUBJECT person 815123")
        self.assertEqual(self.count(), 2)
        self.forget("engineer")
        self.assertEqual(self.count(), 1)

    def test_who_may_read_alone_may_not_have_rows_deleted(self):
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE reader")
        self.assertEqual(self.refused("reader", "FORGET SUBJECT person 815123").sqlstate, "42501")
        self.assertEqual(self.count(), 2)

    def test_a_key_is_a_value_and_no_condition(self):
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE writer")
        self.server.sql("CREATE TABLE notes (who STRING)")
        self.server.sql("INSERT INTO notes VALUES ('a'), ('b')")
        self.server.sql("ALTER DATA SUBJECT person ADD KEY notes.who")
        for key in ("'x'') OR (1=1'", "'%'", "'815123 OR true'", "'a'';--'"):
            self.forget("writer", key=key)
        self.assertEqual(self.count(), 2)
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM notes")), [[2]])
        self.forget("writer", key="'a'")
        self.assertEqual(rows(self.server.sql("SELECT who FROM notes")), [["b"]])

    def test_a_made_up_key_takes_nothing_of_what_others_said(self):
        """Else it would be a way to clean up behind oneself."""
        self.server.sql("GRANT FORGET ON DATA SUBJECT person TO ROLE writer")
        self.server.sql("SELECT name FROM vault.people WHERE mail = 'evidence against me' AND id = 77", user="reader")
        for key in ("select", "vault", "people", "evidence", "name", "e"):
            report = {row["what"]: row["rows"] for row in self.forget("writer", key=f"'{key}'")}
            self.assertEqual((report["audit constants"] <= 1, report["statements"]), (True, 0), key)
        texts = rows(self.server.sql("SELECT text FROM system.queries WHERE text LIKE '%against me%' AND text NOT LIKE '%LIKE%'"))
        self.assertEqual(texts, [["SELECT name FROM vault.people WHERE mail = 'evidence against me' AND id = 77"]])
        told = rows(self.server.sql("SELECT constants FROM system.audit WHERE type = 'attempt' AND principal = 'reader'"))
        self.assertIn("evidence against me", str(told))

    def test_declaring_needs_the_right_to_manage(self):
        for user in ("reader", "writer", "engineer", "member", "auditor"):
            for statement in ("CREATE DATA SUBJECT other KEY vault.people.id", "DROP DATA SUBJECT person",
                              "ALTER DATA SUBJECT person DROP vault.people.mail", "SHOW DATA SUBJECTS",
                              "DESCRIBE DATA SUBJECT person", "SHOW DATA SUBJECT GRANTS",
                              f"GRANT FORGET ON DATA SUBJECT person TO USER {user}"):
                with self.subTest(user=user, statement=statement):
                    self.refused(user, statement)


if __name__ == "__main__":
    unittest.main()
