"""Masks under keys, attacked (15, 26): whoever queries tries to have a value of their own masked under somebody's key, or to
see the key, through every door."""
import os
import pathlib
import unittest

import canaries
import doors
from server import Server, rows

BINARY = os.environ["TESTED_BINARY"]
GUESS = "guess.of.somebody@canary.org"


class KeyedMasks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server = Server(BINARY).start()
        for user in ("reader", "writer", "engineer"):
            server.token_of(user)
        for statement in (
                "CREATE KEY people",
                "CREATE TABLE people (id BIGINT, mail VARCHAR, account BIGINT)",
                f"INSERT INTO people VALUES (1, '{GUESS}', 70001), (2, 'other@canary.org', 70002)",
                "CREATE MASK POLICY mail ON people (mail) EXCEPT ROLE admin USING (mask_token(mail, 'people'))",
                "CREATE MASK POLICY account ON people (account) EXCEPT ROLE admin USING (mask_token(account, 'people'))"):
            server.sql(statement)
        cls.tokens = [str(cell) for row in rows(server.sql("SELECT mail, account FROM people", "reader")) for cell in row]
        cls.doors = doors.every(server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def denied(self, user, statement):
        for door in self.doors:
            with self.subTest(door=door.name, user=user, statement=statement):
                answer = door.run(user, statement)
                self.assertTrue(answer.failed, answer.raw[:1000])
                self.assertEqual(canaries.leaks(answer.raw, self.tokens), [], answer.raw[:2000])

    def test_no_query_masks_a_value_of_its_own(self):
        for call in (f"mask_token('{GUESS}', 'people')", f"MASK_TOKEN('{GUESS}', 'people')",
                     f"system.main.mask_token('{GUESS}', 'people')", f"main.mask_token('{GUESS}', 'people')",
                     f"'{GUESS}'.mask_token('people')", "mask_token(70001::BIGINT, 'people')",
                     f"list_transform(['{GUESS}'], x -> mask_token(x, 'people'))[1]",
                     f"mask_hash('{GUESS}', 'people')", f"mask_pseudonym('{GUESS}', 'people', 'person')",
                     "mask_fpe('4111111111111111', 'people', 'card')"):
            for user in ("reader", "engineer", "admin"):
                self.denied(user, f"SELECT {call}")
            self.denied("reader", f"SELECT id FROM people WHERE mail = {call}::VARCHAR")
            self.denied("reader", f"EXPLAIN SELECT {call}")

    def test_no_object_carries_the_function(self):
        call = f"mask_token('{GUESS}', 'people')"
        for statement in (f"CREATE VIEW oracle AS SELECT {call} AS t", f"CREATE MACRO oracle() AS {call}",
                          f"CREATE TABLE oracle (v VARCHAR DEFAULT {call})",
                          "CREATE TABLE oracle (v VARCHAR, t VARCHAR GENERATED ALWAYS AS (mask_token(v, 'people')))",
                          f"CREATE TABLE oracle AS SELECT {call} AS t", f"INSERT INTO people VALUES (3, {call}, 1)",
                          f"CREATE TABLE oracle (v VARCHAR, CONSTRAINT c CHECK (v = {call}))",
                          f"CREATE EXPECTATION oracle ON people EXPECT (mail <> {call}) ON VIOLATION WARN",
                          f"PREPARE oracle AS SELECT {call}", f"DELETE FROM people WHERE mail = {call}"):
            self.denied("engineer", statement)

    def test_a_table_of_guesses_needs_the_right_to_the_key(self):
        self.server.sql("CREATE TABLE guesses (v VARCHAR)", "engineer")
        self.server.sql(f"INSERT INTO guesses VALUES ('{GUESS}')", "engineer")
        for statement in ("CREATE MASK POLICY m ON guesses (v) USING (mask_token(v, 'people'))",
                          "CREATE MASK POLICY m ON guesses (v) USING (CASE WHEN true THEN mask_token(v, 'PEOPLE') END)",
                          f"CREATE ROW POLICY r ON guesses USING (mask_token(v, 'people') = '{self.tokens[0]}x')"):
            self.denied("engineer", statement)
        for door in self.doors:
            self.assertEqual(door.run("engineer", "SELECT v FROM guesses").rows, [[GUESS]])

    def test_looking_up_takes_a_right_that_nobody_has_unasked(self):
        for user in ("reader", "engineer", "admin"):
            self.denied(user, f"SELECT lookup_token('people', '{GUESS}')")
            self.denied(user, "SELECT lookup_token('people', 70001::BIGINT)")
        missing = [door.run("reader", f"SELECT lookup_token('nothing', '{GUESS}')") for door in self.doors]
        there = [door.run("reader", f"SELECT lookup_token('people', '{GUESS}')") for door in self.doors]
        for a, b in zip(missing, there):
            self.assertEqual((a.code, a.message.replace("nothing", "people")), (b.code, b.message))

    def test_nobody_elses_text_asks_in_ones_name(self):
        self.server.sql("GRANT LOOKUP ON KEY people TO ROLE admin")
        self.addCleanup(self.server.sql, "REVOKE LOOKUP ON KEY people FROM ROLE admin")
        call = f"lookup_token('people', '{GUESS}')"
        self.assertEqual(rows(self.server.sql(f"SELECT id FROM people WHERE '{self.tokens[0]}' = {call} ORDER BY id")), [(1,), (2,)])
        for statement in (f"CREATE VIEW trap AS SELECT {call} AS t", f"CREATE TABLE trap AS SELECT {call} AS t",
                          f"CREATE TABLE trap (v VARCHAR DEFAULT {call})", f"INSERT INTO people VALUES (9, {call}, 1)",
                          f"UPDATE people SET mail = {call}", f"CREATE MASK POLICY p ON people (id) USING (length({call}))"):
            self.denied("admin", statement)

    def test_keys_are_in_no_answer_and_no_file_in_the_clear(self):
        keyring = (pathlib.Path(self.server.lake) / "keyring").read_text().split()
        for door in self.doors:
            for statement in ("SHOW KEYS", "SHOW POLICIES ON people", "SHOW EFFECTIVE POLICY FOR reader ON people",
                              "SELECT * FROM system.queries", "EXPLAIN SELECT mail FROM people"):
                answer = door.run("admin", statement)
                self.assertEqual(canaries.leaks(answer.raw, keyring), [])
        for path in pathlib.Path(self.server.lake).rglob("*"):
            if path.is_file() and path.name != "keyring":
                for key in keyring:
                    self.assertNotIn(bytes.fromhex(key), path.read_bytes(), path)
                    self.assertNotIn(key.encode(), path.read_bytes(), path)


if __name__ == "__main__":
    unittest.main()
