"""Names as secrets: tables, views, schemas, columns and constraints that one may not know of are in no relation of
information_schema, in no count of it, and in no error about it. Attacks 27, 29 and 31."""
import json
import os
import unittest

import canaries
from server import Server, rows

BINARY = os.environ["TESTED_BINARY"]


class HiddenNames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.addClassCleanup(cls.server.__exit__)
        for user, role in (("reader", None), ("engineer", None), ("guest", "member"), ("watch", "auditor")):
            cls.server.token_of(user, role)
        name = {kind: canaries.canary(kind).replace("-", "_") for kind in ("schema", "table", "view", "column", "check",
                                                                            "key", "comment", "default")}
        cls.names = name
        for statement in (
                "CREATE SCHEMA open", f"CREATE SCHEMA {name['schema']}",
                f"CREATE TABLE {name['schema']}.{name['table']} (id BIGINT)",
                f"CREATE TABLE open.{name['table']} (id BIGINT)",
                f"CREATE VIEW open.{name['view']} AS SELECT id FROM open.{name['table']}",
                f"CREATE TABLE open.people (id BIGINT, {name['column']} VARCHAR DEFAULT '{name['default']}' COMMENT "
                f"'{name['comment']}', city VARCHAR)",
                f"ALTER TABLE open.people ADD CONSTRAINT {name['check']} CHECK ({name['column']} <> '')",
                f"CREATE EXPECTATION {name['key']} ON open.people EXPECT UNIQUE ({name['column']}) ON VIOLATION WARN",
                "CREATE VIEW open.everything AS SELECT * FROM open.people",
                "GRANT SELECT (id, city) ON open.people TO USER guest",
                "GRANT SELECT ON VIEW open.everything TO USER guest",
                f"DENY SELECT ({name['column']}) ON open.people TO ROLE reader",
                f"DENY ALL PRIVILEGES ON open.{name['table']} TO ROLE reader",
                f"DENY ALL PRIVILEGES ON {name['schema']}.{name['table']} TO ROLE reader",
                f"DENY ALL PRIVILEGES ON VIEW open.{name['view']} TO ROLE reader"):
            cls.server.sql(statement)

    def ask(self, user, statement):
        return self.server.request("POST", "/v1/sql", {"statement": statement}, self.server.token_of(user))

    def count(self, user, relation):
        return rows(self.server.sql(f"SELECT count(*) FROM information_schema.{relation}", user))[0][0]

    #: What nobody but its makers may know; of the reader the schema's name is no secret.
    def hidden_from(self, user):
        return [value for kind, value in self.names.items() if user == "guest" or kind != "schema"]

    def test_who_may_know_is_told(self):
        said = "".join(json.dumps(self.server.sql(f"SELECT * FROM information_schema.{name}")["rows"])
                       for name in canaries.INFORMATION)
        for kind, value in self.names.items():
            self.assertIn(value, said, kind)

    def test_no_relation_has_a_hidden_name(self):
        for user in ("guest", "reader"):
            for relation in canaries.INFORMATION:
                for statement in (f"SELECT * FROM information_schema.{relation}",
                                  f"SELECT * FROM lake.INFORMATION_SCHEMA.{relation}",
                                  f"SELECT to_json(x) FROM information_schema.{relation} x",
                                  f"SELECT histogram(x) FROM information_schema.{relation} x",
                                  f"EXPLAIN ANALYZE SELECT * FROM information_schema.{relation}",
                                  f"SUMMARIZE information_schema.{relation}"):
                    _, _, body = self.ask(user, statement)
                    canaries.check(self, body, self.hidden_from(user), f"{user}: {statement}")

    def test_what_is_hidden_is_not_counted(self):
        self.assertEqual(self.count("guest", "tables"), 2)
        self.assertEqual(self.count("guest", "schemata"), 1)
        # Of the view, which reads a column that the guest may not, nothing is known but that it is there.
        self.assertEqual(self.count("guest", "columns"), 2)
        for relation in ("table_constraints", "check_constraints", "key_column_usage"):
            self.assertEqual(self.count("guest", relation), 0, relation)
            self.assertEqual(self.count("reader", relation), 0, relation)
            self.assertGreater(self.count("engineer", relation), 0, relation)
        positions = self.server.sql("SELECT column_name, ordinal_position FROM information_schema.columns WHERE "
                                    "table_name = 'people' ORDER BY 2", "reader")
        self.assertEqual(rows(positions), [("id", 1), ("city", 2)])
        for relation in canaries.INFORMATION[:-1]:
            self.assertEqual(self.count("watch", relation), 0, relation)

    def test_asking_by_name_tells_nothing(self):
        for kind, column in (("schema", "table_schema"), ("table", "table_name"), ("view", "table_name"),
                             ("column", "column_name")):
            for relation in ("columns", "column_privileges"):
                for user in ("guest", "reader"):
                    if kind == "schema" and user == "reader":
                        continue
                    for condition in (f"= '{self.names[kind]}'", f"LIKE '{self.names[kind][:20]}%'",
                                      f"IN ('{self.names[kind]}', 'x')"):
                        found = self.server.sql(f"SELECT count(*) FROM information_schema.{relation} WHERE {column} "
                                                f"{condition}", user)
                        self.assertEqual(rows(found), [(0,)], (user, relation, condition))

    def test_descriptions_agree(self):
        for user in ("guest", "reader"):
            for statement in ("DESCRIBE open.people", "SHOW COLUMNS IN open.people", "DESCRIBE lake.open.people",
                              "DESCRIBE TABLE EXTENDED open.people", "DESCRIBE SELECT * FROM open.people", "SHOW TABLES IN open", "SHOW ALL TABLES",
                              "SHOW VIEWS IN open"):
                status, _, body = self.ask(user, statement)
                self.assertEqual(status, 200, (user, statement, body))
                canaries.check(self, body, self.hidden_from(user), f"{user}: {statement}")
            # Of a query it is what the query would be: refused, without the name.
            for statement in ("DESCRIBE open.everything", "SHOW COLUMNS IN open.everything",
                              "DESCRIBE SELECT * FROM (SELECT * FROM open.people)",
                              f"DESCRIBE SELECT length({self.names['column']}) AS n FROM open.people"):
                status, _, body = self.ask(user, statement)
                self.assertEqual(status, 403, (user, statement, body))
                canaries.check(self, body, self.hidden_from(user), f"{user}: {statement}")
            self.assertEqual(self.ask(user, "DESCRIBE SELECT id, city FROM open.people")[0], 200)
        described = self.server.sql("DESCRIBE open.people", "engineer")
        self.assertEqual([row[0] for row in rows(described)], ["id", self.names["column"], "city"])

    def test_the_engines_own_stay_closed(self):
        for statement in ("SELECT * FROM system.information_schema.columns", "SELECT * FROM pg_catalog.pg_attribute",
                          "SELECT * FROM memory.information_schema.tables", "SELECT * FROM duckdb_columns()",
                          "SELECT * FROM information_schema.pg_class", "SELECT * FROM temp.information_schema.tables"):
            for user in ("admin", "guest"):
                status, _, body = self.ask(user, statement)
                self.assertIn(status, (400, 403, 404), (statement, body))
                canaries.check(self, body, self.names.values(), statement)


if __name__ == "__main__":
    unittest.main()
