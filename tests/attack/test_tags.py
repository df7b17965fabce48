"""Policies by tag, purposes and attributes, attacked: a canary in a tagged column is in no answer to who is not to see it,
however it is copied, renamed or asked for, through every door."""
import os
import unittest

import canaries
import doors
from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class Tags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.cell = canaries.canary("mail")
        server = cls.server
        for user in ("reader", "writer", "engineer"):
            server.sql("SELECT 1", user)
        for statement in ("CREATE TABLE people (id BIGINT, mail VARCHAR, city VARCHAR)",
                          f"INSERT INTO people VALUES (1, '{cls.cell}', 'Lyon')",
                          "ALTER TABLE people ALTER COLUMN mail SET TAGS ('pii' = 'Email')",
                          "CREATE MASK POLICY pii ON COLUMN TAG pii = 'email' EXCEPT ROLE admin USING REDACT"):
            server.sql(statement)
        cls.doors = doors.every(server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def expect_hidden(self, statement, user="reader"):
        for door in self.doors:
            with self.subTest(door=door.name, statement=statement):
                answer = door.run(user, statement)
                self.assertFalse(answer.failed, answer.message)
                self.assertEqual(canaries.leaks(answer.raw, [self.cell]), [], answer.raw[:2000])

    def expect_denied(self, statement, user, **options):
        with self.assertRaises(StatementError) as caught:
            self.server.sql(statement, user, **options)
        self.assertEqual(caught.exception.sqlstate, "42501", str(caught.exception))

    def test_the_administrator_sees_it(self):
        self.assertEqual(self.server.sql("SELECT mail FROM people")["rows"], [[self.cell]])

    def test_the_tag_hides_the_column_however_it_is_asked_for(self):
        for statement in ("SELECT * FROM people", "SELECT p FROM people p", "SELECT max(mail), list(mail) FROM people",
                          "SELECT to_json(p) FROM people p", "WITH x AS (SELECT mail m FROM people) SELECT m FROM x",
                          "SELECT mail FROM people UNION SELECT city FROM people",
                          "SELECT lag(mail) OVER (ORDER BY id), first_value(mail) OVER () FROM people",
                          "SELECT mail FROM people VERSION AS OF 1"):
            self.expect_hidden(statement)
        for guess in (f"mail = '{self.cell}'", "mail LIKE 'canary%'"):
            self.assertEqual(self.server.sql(f"SELECT count(*) FROM people WHERE {guess}", "reader")["rows"], [[0]])

    def test_copies_are_hidden_as_their_source_is(self):
        """Made by who sees all: the tag goes with the values, whatever the columns are called."""
        copies = {"as_select": "CREATE TABLE as_select AS SELECT mail AS harmless FROM people",
                  "computed": "CREATE TABLE computed AS SELECT reverse(mail) AS c FROM people",
                  "picked": "CREATE TABLE picked AS SELECT CASE WHEN id = 1 THEN mail END AS c FROM people",
                  "joined": "CREATE TABLE joined AS SELECT a.id, b.mail AS c FROM people a JOIN people b USING (id)",
                  "grouped": "CREATE TABLE grouped AS SELECT city, string_agg(mail, ',') AS c FROM people GROUP BY city",
                  "unioned": "CREATE TABLE unioned AS SELECT city AS c FROM people UNION ALL SELECT mail FROM people",
                  "windowed": "CREATE TABLE windowed AS SELECT first_value(mail) OVER () AS c FROM people",
                  "cte": "CREATE TABLE cte AS WITH x AS (SELECT mail AS y FROM people) SELECT y AS c FROM x",
                  "deep": "CREATE TABLE deep DEEP CLONE people", "shallow": "CREATE TABLE shallow SHALLOW CLONE people"}
        for name, statement in copies.items():
            self.server.sql(statement)
            self.expect_hidden(f"SELECT * FROM {name}")
        self.server.sql("CREATE TABLE of_copy AS SELECT harmless AS again FROM as_select")
        self.expect_hidden("SELECT * FROM of_copy")

    def test_writes_into_tables_that_are_there_take_the_tag_along(self):
        for name in ("inserted", "merged", "updated"):
            self.server.sql(f"CREATE TABLE {name} (id BIGINT, note VARCHAR)")
            self.server.sql(f"INSERT INTO {name} VALUES (1, 'free')")
        self.server.sql("INSERT INTO inserted SELECT id, mail FROM people")
        self.server.sql("MERGE INTO merged m USING people p ON m.id = p.id WHEN MATCHED THEN UPDATE SET note = p.mail")
        self.server.sql("UPDATE updated SET note = (SELECT max(mail) FROM people)")
        for name in ("inserted", "merged", "updated"):
            self.expect_hidden(f"SELECT * FROM {name}")

    def test_the_owner_does_not_get_around_it(self):
        server = self.server
        cell = canaries.canary("owned")
        server.sql("CREATE TABLE owned (id BIGINT, mail VARCHAR)", "engineer")
        server.sql(f"INSERT INTO owned VALUES (1, '{cell}')", "engineer")
        server.sql("ALTER TABLE owned ALTER COLUMN mail SET TAGS ('pii' = 'EMAIL')", "engineer")
        self.assertNotIn(cell, str(server.sql("SELECT * FROM owned", "engineer")["rows"]))
        for statement in ("ALTER TABLE owned ALTER COLUMN mail UNSET TAGS ('pii')",
                          "ALTER TABLE owned ALTER COLUMN mail SET TAGS ('pii' = 'none')",
                          "DROP MASK POLICY pii ON COLUMN TAG pii",
                          "CREATE OR REPLACE MASK POLICY pii ON COLUMN TAG pii = 'email' USING (value)",
                          "ALTER TABLE owned RENAME COLUMN mail TO free"):
            self.expect_denied(statement, "engineer")
        server.sql("CREATE TABLE taken AS SELECT mail FROM owned", "engineer")
        self.assertNotIn(cell, str(server.sql("SELECT * FROM taken", "engineer")["rows"]))

    def test_purposes_are_not_to_be_had_by_saying_so(self):
        server = self.server
        server.sql("CREATE TABLE ledger (v VARCHAR)")
        server.sql(f"INSERT INTO ledger VALUES ('{self.cell}')")
        server.sql("CREATE PURPOSE audit")
        server.sql("GRANT USE PURPOSE audit TO ROLE reader")
        server.sql("ALTER TABLE ledger SET ALLOWED PURPOSES ('audit')")
        self.assertEqual(server.sql("SELECT v FROM ledger", "reader", purpose="audit")["rows"], [[self.cell]])
        for user, options in (("reader", {}), ("reader", {"purpose": "audits"}), ("writer", {"purpose": "audit"}),
                              ("admin", {}), ("admin", {"purpose": "audit"})):
            with self.subTest(user=user, options=options):
                self.expect_denied("SELECT v FROM ledger", user, **options)
                self.expect_denied("SELECT count(*) FROM ledger", user, **options)
        token = server.token_of("reader")
        said = {"statement": "SELECT v FROM ledger"}
        status, _, body = server.request("POST", "/v1/sql", said, token, headers={"NeuroLake-Purpose": "audit"})
        self.assertEqual(status, 200, body)
        for headers, member in (({"NeuroLake-Purpose": "audits"}, {}), ({"NeuroLake-Purpose": "audit"}, {"purpose": "x"}),
                                ({"NeuroLake-Purpose": "x"}, {"purpose": "audit"})):
            status, _, body = server.request("POST", "/v1/sql", {**said, **member}, token, headers=headers)
            self.assertGreaterEqual(status, 400)
            self.assertEqual(canaries.leaks(str(body), [self.cell]), [])

    def test_nobody_lets_themselves_past_policies(self):
        server = self.server
        cell = canaries.canary("glass")
        server.sql("CREATE TABLE glass (v VARCHAR)")
        server.sql(f"INSERT INTO glass VALUES ('{cell}')")
        server.sql("CREATE MASK POLICY v ON glass (v) USING NULL")

        def request(user):
            answer = server.sql("REQUEST BREAK GLASS ON glass FOR 5 MINUTES REASON 'why'", user)
            return answer["rows"][0][0]

        def seen(user):
            return server.sql("SELECT v FROM glass", user)["rows"]

        own = request("admin")
        self.expect_denied(f"APPROVE BREAK GLASS '{own}'", "admin")
        theirs = request("reader")
        for user in ("reader", "writer", "engineer"):
            self.expect_denied(f"APPROVE BREAK GLASS '{theirs}'", user)
        self.assertEqual((seen("admin"), seen("reader")), ([[None]], [[None]]))
        server.sql(f"APPROVE BREAK GLASS '{theirs}'")
        self.assertEqual((seen("admin"), seen("reader"), seen("writer")), ([[None]], [[cell]], [[None]]))
        used = server.sql(f"SELECT principal FROM system.queries WHERE break_glass = '{theirs}'")["rows"]
        self.assertEqual(used, [["reader"]])
        with self.assertRaises(StatementError):
            server.sql(f"REVOKE BREAK GLASS '{theirs}'", "writer")
        server.sql(f"REVOKE BREAK GLASS '{theirs}'")
        self.assertEqual(seen("reader"), [[None]])

    def test_whatever_can_be_looked_up_afterwards_has_no_canary(self):
        """Runs last, by its name. Who was shown `ledger` and the rest that have the same cell is not asked about those."""
        self.server.token_of("onlooker", role="reader")
        copies = ("people", "as_select", "computed", "deep", "shallow", "inserted", "merged", "updated", "of_copy")
        canaries.check_readable(self, self.server, "onlooker", [self.cell], [f"main.{name}" for name in copies])
        canaries.check_files(self, self.doors[2].home, [self.cell])

    def test_attributes_are_not_one_s_own_to_set(self):
        server = self.server
        server.sql("CREATE TABLE regional (region VARCHAR, v VARCHAR)")
        server.sql(f"INSERT INTO regional VALUES ('EU', '{self.cell}')")
        server.sql("CREATE ROW POLICY home ON regional USING (region = principal_attribute('area'))")
        self.assertEqual(server.sql("SELECT v FROM regional", "writer")["rows"], [])
        self.expect_denied("ALTER USER writer SET ATTRIBUTES ('area' = 'EU')", "writer")
        self.assertEqual(server.sql("SELECT v FROM regional", "writer")["rows"], [])
        server.sql("ALTER USER writer SET ATTRIBUTES ('AREA' = 'EU')")
        self.assertEqual(server.sql("SELECT v FROM regional", "writer")["rows"], [[self.cell]])


if __name__ == "__main__":
    unittest.main()
