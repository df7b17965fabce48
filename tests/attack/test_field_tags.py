"""Tags on fields of structs, attacked: a canary in a tagged field is in no answer to who is not to see it, whatever form
of SQL the struct is read in, however it is copied, through every door; who is excepted sees it in each of them."""
import os
import unittest

import canaries
import doors
from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]

# {c}: the canary's own text, as a guess.
FORMS = (
    "SELECT * FROM people", "SELECT home FROM people", "SELECT home.mail FROM people", "SELECT p FROM people p",
    "SELECT p.home.mail AS harmless FROM people p", "SELECT x.m FROM (SELECT home.mail AS m FROM people) x",
    "WITH c AS (SELECT home AS h FROM people) SELECT h.mail FROM c",
    "WITH c AS MATERIALIZED (SELECT home AS h FROM people) SELECT h FROM c",
    "SELECT unnest(home) FROM people", "SELECT unnest(home, recursive := true) FROM people",
    "SELECT home.* FROM people", "SELECT COLUMNS(*) FROM people",
    "SELECT struct_extract(home, 'mail'), home['mail'], struct_extract_at(home, 1) FROM people",
    "SELECT home.deep.card, struct_extract(struct_extract(home, 'deep'), 'card') FROM people",
    "SELECT id FROM people ORDER BY home.mail", "SELECT home.mail FROM people ORDER BY home.mail DESC LIMIT 1",
    "SELECT a.home.mail FROM people a JOIN people b ON a.home.mail = b.home.mail",
    "SELECT home.mail, count(*) FROM people GROUP BY home.mail", "SELECT home, count(*) FROM people GROUP BY ALL",
    "SELECT max(home.mail), min(home), list(home), string_agg(home.mail, ',') FROM people",
    "SELECT DISTINCT home.mail FROM people UNION ALL SELECT city FROM towns",
    "SELECT lag(home.mail) OVER (ORDER BY id), first_value(home) OVER () FROM people",
    "SELECT to_json(home), to_json(p), home::VARCHAR, home::JSON FROM people p",
    "SELECT struct_pack(a := home.mail, b := home), [home.mail], MAP {'k': home.mail} FROM people",
    "SELECT CASE WHEN id = 1 THEN home.mail END, coalesce(home.mail, 'x'), home.mail || '' FROM people",
    "SELECT list_transform([home], h -> h.mail) FROM people", "SELECT reverse(home.mail), hex(home.mail) FROM people",
    "SELECT (SELECT max(home.mail) FROM people), EXISTS (SELECT 1 FROM people WHERE home.mail IS NULL)",
    "SELECT l.m FROM people, LATERAL (SELECT home.mail AS m) l", "SELECT home FROM people VERSION AS OF 1",
    "SELECT home.mail FROM people AT (VERSION => 1)", "SELECT * FROM table_changes('people', 1)",
    "SELECT home.mail FROM table_changes('people', 1)", "SELECT home.road FROM seen", "SELECT * FROM seen",
    "SELECT home.mail FROM people TABLESAMPLE 100 PERCENT", "FROM people", "SUMMARIZE people",
    "PIVOT (SELECT id, home.mail AS m FROM people) ON id IN (1) USING max(m)", "SELECT lines FROM people", "SELECT unnest(lines) FROM people",
    "SELECT lines[1].note, list_extract(lines, 1), lines::VARCHAR FROM people",
)
GUESSES = ("home.mail = '{c}'", "home.mail LIKE 'canary%'", "home::VARCHAR LIKE '%canary%'", "home.mail > 'c'",
           "struct_extract(home, 'mail') IN ('{c}')", "home = (SELECT home FROM people WHERE home.mail = '{c}')",
           "list_contains([home.mail], '{c}')", "lines[1].note = '{n}'")


class FieldTags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server = Server(BINARY).start()
        cls.mail, cls.card, cls.note = (canaries.canary(name) for name in ("mail", "card", "note"))
        cls.cells = [cls.mail, cls.card, cls.note]
        for user in ("reader", "writer", "engineer"):
            server.sql("SELECT 1", user)
        for statement in (
                "CREATE TABLE people (id BIGINT, home STRUCT(mail VARCHAR, deep STRUCT(card VARCHAR, n INTEGER), road VARCHAR), "
                "lines STRUCT(sku VARCHAR, note VARCHAR)[]) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
                f"INSERT INTO people VALUES (1, {{'mail': '{cls.mail}', 'deep': {{'card': '{cls.card}', 'n': 1}}, 'road': 'Elm'}}, "
                f"[{{'sku': 's', 'note': '{cls.note}'}}])",
                "CREATE TABLE towns (city VARCHAR)",
                "ALTER TABLE people ALTER COLUMN home.mail SET TAGS ('pii' = 'Email')",
                "ALTER TABLE people ALTER COLUMN home.deep.card SET TAGS ('pii' = 'email')",
                "ALTER TABLE people ALTER COLUMN lines.element.note SET TAGS ('pii' = 'email')",
                "CREATE MASK POLICY pii ON COLUMN TAG pii = 'email' EXCEPT ROLE admin USING REDACT",
                "CREATE VIEW seen AS SELECT * FROM people"):
            server.sql(statement)
        cls.doors = doors.every(server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def expect_hidden(self, statement, user="reader", doors_asked=None):
        for door in doors_asked or self.doors:
            with self.subTest(door=door.name, statement=statement):
                answer = door.run(user, statement)
                self.assertFalse(answer.failed, answer.message)
                self.assertEqual(canaries.leaks(answer.raw, self.cells), [], answer.raw[:2000])

    def expect_denied(self, statement, user):
        with self.assertRaises(StatementError) as caught:
            self.server.sql(statement, user)
        self.assertEqual(caught.exception.sqlstate, "42501", str(caught.exception))

    def test_no_form_shows_it_and_each_shows_the_rest(self):
        for statement in FORMS:
            self.expect_hidden(statement)
        self.assertEqual(self.server.sql("SELECT home.road, home.deep.n, home.mail, home.deep.card, lines FROM people",
                                         "reader")["rows"], [["Elm", 1, "[redacted]", "[redacted]", None]])

    def test_who_is_excepted_sees_it_in_each_form(self):
        unseen = ("SELECT id FROM people ORDER BY home.mail",)
        for statement in FORMS:
            with self.subTest(statement=statement):
                rows = str(self.server.sql(statement)["rows"])
                told = canaries.leaks(rows, self.cells) or "home.road FROM seen" in statement
                self.assertTrue(told or statement in unseen, rows[:500])

    def test_no_condition_tells_of_it(self):
        for guess in GUESSES:
            condition = guess.format(c=self.mail, n=self.note)
            counted = f"SELECT count(*) FROM people WHERE {condition}"
            self.assertEqual(self.server.sql(counted)["rows"], [[1]], condition)
            with self.subTest(condition=condition):
                # "[redacted]" sorts before "c".
                self.assertEqual(self.server.sql(counted, "reader")["rows"], [[0]])
        with self.assertRaises(StatementError) as caught:
            self.server.sql("SELECT CAST(home.mail AS INTEGER) FROM people", "reader")
        self.assertEqual(canaries.leaks(str(caught.exception), self.cells), [])

    def test_copies_are_hidden_as_their_source_is(self):
        """Made by who sees all: the tag goes with the values, to fields, columns and lists of other names."""
        copies = {"as_select": "SELECT home AS h FROM people", "of_field": "SELECT home.mail AS m FROM people",
                  "of_deep": "SELECT home.deep AS d FROM people", "packed": "SELECT {'a': {'b': home.mail}} AS p FROM people",
                  "computed": "SELECT reverse(home.mail) AS c FROM people", "as_text": "SELECT home::VARCHAR AS c FROM people",
                  "as_json": "SELECT to_json(home)->>'$.mail' AS c FROM people", "listed": "SELECT list(home) AS c FROM people",
                  "spread": "SELECT unnest(home) FROM people", "starred": "SELECT home.* FROM people",
                  "picked": "SELECT CASE WHEN id = 1 THEN home ELSE NULL END AS c FROM people",
                  "any_one": "SELECT any_value(home) AS c FROM people", "maximum": "SELECT max(home.mail) AS c FROM people",
                  "changed": "SELECT struct_update(home, road := home.mail) AS c FROM people",
                  "inserted_field": "SELECT struct_insert(home, other := home.deep.card) AS c FROM people",
                  "renamed": "SELECT struct_pack(x := home.mail, y := home.road)::STRUCT(x VARCHAR, y VARCHAR) AS c FROM people",
                  "widened": "SELECT home::STRUCT(mail VARCHAR, deep STRUCT(card VARCHAR, n BIGINT), road VARCHAR) AS c FROM people",
                  "by_cte": "WITH x AS (SELECT home AS y FROM people) SELECT y.deep.card AS c FROM x",
                  "by_recursion": "WITH RECURSIVE r AS (SELECT home AS h, 1 AS n FROM people UNION ALL SELECT h, n + 1 FROM r WHERE n < 2) "
                               "SELECT h FROM r",
                  "windowed": "SELECT first_value(home.mail) OVER () AS c FROM people",
                  "unioned": "SELECT city AS c FROM towns UNION ALL SELECT home.mail FROM people",
                  "of_list": "SELECT lines[1] AS c FROM people", "of_lists": "SELECT lines[1].note AS c FROM people",
                  "flat": "SELECT unnest(lines) AS c FROM people", "slices": "SELECT lines[1:1] AS c FROM people",
                  "concatenated": "SELECT concat(home.mail, lines[1].note) AS c FROM people",
                  "of_view": "SELECT * FROM seen"}
        for name, query in copies.items():
            self.server.sql(f"CREATE TABLE {name} AS {query}")
            self.expect_hidden(f"SELECT * FROM {name}", doors_asked=self.doors[:1])
            self.server.sql(f"CREATE TABLE of_{name}_again AS SELECT * FROM {name}")
            self.expect_hidden(f"SELECT * FROM of_{name}_again", doors_asked=self.doors[:1])
        for how in ("DEEP", "SHALLOW"):
            self.server.sql(f"CREATE TABLE {how}_one {how} CLONE people")
            self.expect_hidden(f"SELECT * FROM {how}_one")

    def test_writes_into_tables_that_are_there_take_the_tag_along(self):
        for name in ("inserted", "merged", "updated"):
            self.server.sql(f"CREATE TABLE {name} (id BIGINT, s STRUCT(a VARCHAR, b VARCHAR))")
            self.server.sql(f"INSERT INTO {name} VALUES (1, {{'a': 'free', 'b': 'free'}})")
        self.server.sql("INSERT INTO inserted SELECT id, {'a': home.mail, 'b': home.road} FROM people")
        self.server.sql("MERGE INTO merged m USING people p ON m.id = p.id WHEN MATCHED THEN "
                        "UPDATE SET s = struct_update(m.s, b := p.home.deep.card)")
        self.server.sql("UPDATE updated SET s = (SELECT {'a': max(home.mail), 'b': 'x'} FROM people)")
        for name in ("inserted", "merged", "updated"):
            self.expect_hidden(f"SELECT * FROM {name}")

    def test_the_owner_does_not_get_around_it(self):
        server = self.server
        cell = canaries.canary("owned")
        server.sql("CREATE TABLE owned (id BIGINT, s STRUCT(mail VARCHAR, x VARCHAR)) "
                   "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')", "engineer")
        server.sql(f"INSERT INTO owned VALUES (1, {{'mail': '{cell}', 'x': 'x'}})", "engineer")
        server.sql("ALTER TABLE owned ALTER COLUMN s.mail SET TAGS ('pii' = 'EMAIL')", "engineer")

        def hidden(what):
            self.assertNotIn(cell, str(server.sql(f"SELECT * FROM {what}", "engineer")["rows"]))

        hidden("owned")
        for statement in ("ALTER TABLE owned ALTER COLUMN s.mail UNSET TAGS ('pii')",
                          "ALTER TABLE owned ALTER COLUMN s.mail SET TAGS ('pii' = 'none')",
                          "ALTER TABLE owned RENAME COLUMN s.mail TO harmless"):
            self.expect_denied(statement, "engineer")
        server.sql("ALTER TABLE owned RENAME COLUMN s.mail TO harmless")
        server.sql("ALTER TABLE owned RENAME COLUMN s TO t")
        hidden("owned")
        server.sql("CREATE TABLE taken AS SELECT t.harmless AS h FROM owned", "engineer")
        hidden("taken")
        self.expect_denied("UPDATE owned SET t = {'harmless': 'x', 'x': t.harmless}", "engineer")
        server.sql("CREATE OR REPLACE TABLE owned AS SELECT t AS s FROM owned", "engineer")
        hidden("owned")

    def test_whatever_can_be_looked_up_afterwards_has_no_canary(self):
        """Runs last, by its name."""
        self.server.token_of("onlooker", role="reader")
        canaries.check_readable(self, self.server, "onlooker", self.cells, ["main.people", "main.inserted", "main.merged"])
        canaries.check_files(self, self.doors[2].home, self.cells)


if __name__ == "__main__":
    unittest.main()
