"""Non-interference: two lakes that differ in nothing but what is hidden look the same, byte for byte, to who may not see
it: rows, headers, errors, plans, counts, what the lake says of itself, and history. Attacks 35 to 40, 43, 46, 47 and 49."""
import json
import os
import pathlib
import random
import re
import shutil
import tempfile
import unittest

import canaries
import doors
from queries import Queries
from server import Server

BINARY = os.environ["TESTED_BINARY"]
FORMATS = ("application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream")

# What is not the lake's content but its life, and differs from one run to the next. Nothing else is taken out.
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00(:00)?)?"), "TIME"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "DATE"),
    # Which stages a statement had, as waiting for a worker, and how long each took.
    (re.compile(r'\{(?:\\*"[a-z_]+_us\\*": ?\d+,? ?)+\}'), "{}"),
    (re.compile(r"nl_[A-Za-z0-9_-]{8}\b"), "TOKEN"),
    # The version that stands for a policy's rule is made with the ids of the table and the policy.
    (re.compile(r'(\\*"version\\*":\\*")[0-9a-f]{16}'), r"\1RULE"))


def filling(other):
    """Statements that make a lake; what is hidden is another in the `other` one, of another length, in other numbers."""
    def hidden(text, length=1):
        return f"'{'zyx' if other else 'abc'}{text * (length if other else 1)}'"

    nested = f"[{', '.join([hidden('tag')] * (4 if other else 1))}], MAP {{{hidden('key')}: 'x', 'k': {hidden('value', 3)}}}"
    people = [f"({i}, 'n{i}', {hidden('ssn', 40)}, {1000 * i + (901 if other else 2)}, DATE "
              f"'20{i}{'0-12-31' if other else '0-01-01'}', "
              f"{{'plain': 'p{i}', 'inner_ssn': {hidden('inner', 9)}}}, {{'street': {hidden('street', 9)}, 'town': "
              f"{{'name': 'n{i}', 'code': {hidden('code', 2)}}}}}, 'keep-{'rest' if other else 'me'}', {nested})"
              for i in (1, 2, 3)]
    people += [f"({100 * i}, {hidden('name', i)}, {hidden('ssn')}, {7 * i}, DATE '1999-01-01', "
               f"{{'plain': {hidden('p')}, 'inner_ssn': 'q'}}, NULL, 'y', {nested})" for i in range(4, 40 if other else 6)]
    visits = [f"({i}, {i % 4}, {hidden('city', i)}, {i * 7 % 11})" for i in range(12)]
    visits += [f"({1000 + i}, 4, 'gone', {i})" for i in range(50 if other else 2)]
    statements = [
        "CREATE SCHEMA vault",
        "CREATE TABLE vault.people (id BIGINT NOT NULL, name VARCHAR NOT NULL, ssn VARCHAR, pay BIGINT, born DATE, "
        "doc STRUCT(plain VARCHAR, inner_ssn VARCHAR), "
        "home STRUCT(street VARCHAR, town STRUCT(name VARCHAR, code VARCHAR)), tail VARCHAR, tags VARCHAR[], "
        "attrs MAP(VARCHAR, VARCHAR)) "
        "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', "
        "'delta.enableRowTracking' = 'true')",
        "CREATE TABLE vault.visits (id BIGINT, person BIGINT, city VARCHAR, amount BIGINT)",
        f"INSERT INTO vault.people VALUES {', '.join(people)}", f"INSERT INTO vault.visits VALUES {', '.join(visits)}",
        f"UPDATE vault.people SET name = {hidden('later')} WHERE id > 50", "DELETE FROM vault.visits WHERE id = 1001",
        "CREATE VIEW vault.v AS SELECT id, ssn, pay FROM vault.people",
        "CREATE TABLE vault.secret (v VARCHAR)", f"INSERT INTO vault.secret VALUES ({hidden('s', 99)})",
        "ALTER TABLE vault.people ADD CONSTRAINT positive CHECK (id > 0)",
        "CREATE EXPECTATION plausible ON vault.people EXPECT id BETWEEN 1 AND 100 ON VIOLATION WARN",
        "ANALYZE TABLE vault.people COMPUTE STATISTICS FOR ALL COLUMNS",
        "CREATE TABLE vault.tagged (id BIGINT, mail VARCHAR, area VARCHAR)",
        "ALTER TABLE vault.tagged ALTER COLUMN mail SET TAGS ('pii')",
        f"INSERT INTO vault.tagged VALUES (1, {hidden('mail', 3)}, 'EU'), (2, {hidden('m')}, {hidden('US', 2)})",
        "CREATE MASK POLICY pii ON COLUMN TAG pii EXCEPT ROLE admin USING REDACT",
        "CREATE ROW POLICY area ON vault.tagged USING (area = 'EU')",
        "CREATE TABLE vault.purposeful (v VARCHAR)", f"INSERT INTO vault.purposeful VALUES ({hidden('v', 5)})",
        "CREATE PURPOSE audit", "ALTER TABLE vault.purposeful SET ALLOWED PURPOSES ('audit')",
        "CREATE ROW POLICY visible ON vault.people USING (id <= 3) WITH CHECK (id < 60)",
        "CREATE ROW POLICY everything ON vault.people TO ROLE admin USING (true)",
        "CREATE ROW POLICY most ON vault.visits USING (person <> 4)",
        "CREATE MASK POLICY city ON vault.visits (city) USING CONSTANT 'gone'",
        "CREATE MASK POLICY ssn ON vault.people (ssn) EXCEPT ROLE admin USING REDACT",
        "CREATE MASK POLICY pay ON vault.people (pay) EXCEPT ROLE admin USING ROUND 3",
        "CREATE MASK POLICY born ON vault.people (born) EXCEPT ROLE admin USING YEAR",
        "CREATE MASK POLICY doc ON vault.people (doc) EXCEPT ROLE admin USING "
        "({'plain': struct_extract(doc, 'plain'), 'inner_ssn': NULL::VARCHAR})",
        "CREATE MASK POLICY street ON vault.people (home.street) EXCEPT ROLE admin USING REDACT",
        "CREATE MASK POLICY code ON vault.people (home.town.code) EXCEPT ROLE admin USING NULL",
        "CREATE MASK POLICY tags ON vault.people (tags) EXCEPT ROLE admin USING (['gone'])",
        "CREATE MASK POLICY attrs ON vault.people (attrs) EXCEPT ROLE admin USING (MAP {'k': 'gone'})",
        "CREATE MASK POLICY tail ON vault.people (tail) EXCEPT ROLE admin USING FIRST 4",
        "CREATE TABLE vault.narrow (id BIGINT, denied VARCHAR)",
        f"INSERT INTO vault.narrow VALUES (1, {hidden('denied', 7)})",
        "DENY SELECT (denied) ON vault.narrow TO PUBLIC",
        "DENY SELECT ON vault.secret TO PUBLIC",
        "GRANT SELECT ON TABLE vault.people TO USER granted", "GRANT SELECT ON TABLE vault.visits TO USER granted"]
    # What others did besides: as many statements, about things of which one may not know.
    name = "aside" if other else "apart"
    return statements + [f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.{name} AS SELECT {hidden('x')} AS {name}",
                         f"DENY ALL PRIVILEGES ON {name}.{name} TO PUBLIC", f"CREATE GROUP {name}",
                         f"CREATE USER {name}_user",
                         f"SELECT {hidden('text')} AS {name}"]


QUESTIONS = [
    # Values, their types and headers (39), and what one could compute of them.
    "SELECT * FROM vault.people ORDER BY id", "SELECT * FROM vault.narrow",
    "SELECT typeof(ssn), typeof(pay), typeof(born), typeof(doc), typeof(tail) FROM vault.people LIMIT 1",
    "SELECT p FROM vault.people p ORDER BY p.id", "SELECT to_json(doc), tail, born, pay FROM vault.people ORDER BY id",
    "SELECT md5(ssn), hash(ssn), length(ssn), pay % 1000, doc.inner_ssn IS NULL FROM vault.people ORDER BY id",
    "SELECT min(ssn), max(pay), min(born), max(tail), count(*), count(DISTINCT ssn) FROM vault.people",
    "SELECT approx_count_distinct(name), approx_quantile(pay, 0.5), quantile_cont(pay, 0.5) FROM vault.people",
    "SELECT histogram(id), mode(ssn), approx_top_k(ssn, 3) FROM vault.people", "SELECT * FROM vault.v ORDER BY ALL",
    "SELECT ssn FROM vault.people ORDER BY ssn, id LIMIT 2 OFFSET 1",
    "SELECT count(*) FROM vault.people TABLESAMPLE 100%",
    "SELECT count(denied) FROM vault.narrow", "SELECT id FROM vault.narrow WHERE denied > 'b'",
    "SELECT id FROM vault.narrow",
    "SELECT count(*) FROM vault.narrow", "SUMMARIZE vault.narrow", "DESCRIBE DETAIL vault.narrow",
    "EXPLAIN SELECT id FROM vault.narrow WHERE id > 0",
    "SELECT * FROM vault.tagged ORDER BY id", "SELECT count(*) FROM vault.tagged WHERE mail LIKE 'abc%'",
    # Errors (41), counted or not.
    "SELECT ssn::INTEGER FROM vault.people", "SELECT CAST(name AS INTEGER) FROM vault.people WHERE id > 3",
    "SELECT id FROM vault.people WHERE 1 // (id - 400) > 0 ORDER BY id",
    "SELECT id * 9223372036854775 FROM vault.people ORDER BY 1",
    "SELECT error(ssn) FROM vault.people WHERE id > 3", "SELECT error(city) FROM vault.visits WHERE person = 4",
    "SELECT sum(CASE WHEN id > 3 THEN name::INTEGER ELSE 0 END) FROM vault.people",
    "SELECT strptime(tail, '%Y') FROM vault.people",
    "SELECT doc.nothing FROM vault.people", "SELECT nothing FROM vault.people",
    "SELECT (pay - 1000)::TINYINT FROM vault.people WHERE id = 1",
    "SELECT list_filter([ssn], x -> error(x)) FROM vault.people WHERE id > 3",
    "SELECT regexp_matches(tail, '(' || ssn) FROM vault.people",
    # Plans and measures (36, 37).
    "EXPLAIN SELECT * FROM vault.people WHERE ssn > 'c'", "EXPLAIN ANALYZE SELECT * FROM vault.people",
    "EXPLAIN SELECT * FROM vault.v",
    "EXPLAIN ANALYZE SELECT count(*) FROM vault.people a JOIN vault.visits b ON a.id = b.person",
    "EXPLAIN SELECT * FROM vault.secret",
    "EXPLAIN ANALYZE SELECT * FROM vault.tagged", "EXPLAIN SELECT * FROM vault.purposeful",
    # What is said of tables (33, 35).
    "SUMMARIZE vault.people", "SUMMARIZE vault.visits", "SUMMARIZE vault.v", "DESCRIBE vault.people",
    "DESCRIBE vault.secret",
    "DESCRIBE SELECT * FROM vault.people", "DESCRIBE DETAIL vault.people", "DESCRIBE DETAIL vault.visits",
    "DESCRIBE DETAIL vault.secret",
    "DESCRIBE HISTORY vault.people", "DESCRIBE HISTORY vault.visits", "SHOW CREATE TABLE vault.people",
    "SHOW TBLPROPERTIES vault.people",
    "SHOW COLUMNS IN vault.people", "SHOW TAGS ON vault.tagged", "SHOW EFFECTIVE POLICY ON vault.people",
    "SHOW EXPECTATIONS ON vault.people",
    "SHOW EXPECTATION TREND ON vault.people", "SHOW TABLES", "SHOW ALL TABLES", "SHOW VIEWS", "SHOW POLICIES",
    "SHOW PURPOSES",
    "SHOW EXPECTATIONS", "SHOW BREAK GLASS", "SHOW GROUPS", "SHOW USERS", "SHOW KEYS", "SHOW CREDENTIALS",
    "SHOW POLICIES ON TAGS",
    # Other versions, changes, rows' ids (21, 23, 49).
    "SELECT * FROM vault.people VERSION AS OF 0", "SELECT id, ssn FROM vault.people VERSION AS OF 1 ORDER BY id",
    "SELECT id, _change_type FROM table_changes('vault.people', 0) ORDER BY ALL",
    "SELECT * FROM table_changes('vault.visits', 0) ORDER BY ALL",
    "SELECT * FROM table_rows('vault.people')", "SELECT rowid FROM vault.people", "SELECT filename FROM vault.people",
    "SELECT * FROM vault.people VERSION AS OF 99", "SELECT count(*) FROM vault.visits VERSION AS OF 2",
    "SELECT * FROM vault.secret", "SELECT * FROM vault.purposeful",
    "SHOW EFFECTIVE POLICY FOR aside_user ON vault.people",
    # Changes: what is written, what is refused, and what the counts say (37, 40, 71).
    "INSERT INTO vault.people (id, name) VALUES (400, 'taken')", "INSERT INTO vault.people (id, name) VALUES (61, 'x')",
    "INSERT INTO vault.people (id, name) VALUES (50, NULL)", "INSERT INTO vault.people (id, name) VALUES (-1, 'x')",
    "DELETE FROM vault.people WHERE id > 3", "DELETE FROM vault.people WHERE name LIKE 'abc%'",
    "DELETE FROM vault.visits WHERE person = 4",
    "DELETE FROM vault.visits WHERE id = 3", "UPDATE vault.people SET name = 'x' WHERE id > 3",
    "UPDATE vault.tagged SET area = 'EU'", "DELETE FROM vault.tagged WHERE area <> 'EU'",
    "MERGE INTO vault.people p USING (SELECT 400 AS id) s ON p.id = s.id WHEN MATCHED THEN DELETE",
    "MERGE INTO vault.people p USING (SELECT 5 AS id, 'n' AS name) s ON p.id = s.id WHEN NOT MATCHED THEN INSERT (id, "
    "name) VALUES (s.id, s.name)",
    "INSERT OVERWRITE vault.people SELECT * FROM vault.people", "TRUNCATE TABLE vault.visits", "OPTIMIZE vault.people",
    "VACUUM vault.people",
    "ANALYZE TABLE vault.people COMPUTE STATISTICS", "RESTORE TABLE vault.people TO VERSION AS OF 0",
    "FSCK REPAIR TABLE vault.people",
    "ALTER TABLE vault.people ADD CONSTRAINT short CHECK (length(ssn) < 20)",
    "ALTER TABLE vault.people ALTER COLUMN ssn SET NOT NULL",
    "CREATE EXPECTATION guess ON vault.people EXPECT id BETWEEN 1 AND 3 ON VIOLATION WARN",
    "CREATE TABLE main.mine_{user} AS SELECT * FROM vault.people ORDER BY id", "DESCRIBE DETAIL main.mine_{user}",
    "SELECT * FROM main.mine_{user} ORDER BY id", "EXPLAIN SELECT * FROM main.mine_{user} WHERE ssn > 'c'",
    "DESCRIBE HISTORY main.mine_{user}",
    "CREATE EXPECTATION guess ON main.mine_{user} EXPECT FOREIGN KEY (id) REFERENCES vault.people (id) ON VIOLATION "
    "WARN",
    "CREATE TABLE main.clone_{user} SHALLOW CLONE vault.people", "SCAN TABLE vault.people FOR PII",
    "DROP TABLE vault.people",
    "SELECT * FROM vault.people ORDER BY id"]

# What a member, who knows of what was granted alone, may not know of, by names that are there in one lake only (38).
# That a
# schema is there is no secret to the other roles.
ASIDE = ["SELECT * FROM aside.aside", "SELECT * FROM apart.apart", "DESCRIBE aside.aside", "SHOW TABLES FROM aside",
         "SHOW TABLES FROM apart", "DROP TABLE aside.aside", "INSERT INTO apart.apart VALUES ('x')",
         "DROP SCHEMA aside",
         "SHOW EFFECTIVE POLICY FOR aside_user ON vault.people", "ALTER GROUP aside ADD USER reader"]

# At the end, when no bytes of their own answers are counted in what they show.
SELVES = ["system.lineage", "system.column_lineage", "system.tags", "system.schemas", "system.tables", "system.views",
          "system.dropped_tables", "system.table_statistics", "system.column_statistics", "system.expectations",
          "system.expectation_results", "system.pii_findings", "system.external_locations", "system.tokens",
          "system.running"]
# Without schemata: that a schema is there is no secret to all roles but a member.
SELVES += [f"information_schema.{name}" for name in canaries.INFORMATION if name != "schemata"]


class Lake:
    """A server, and what of its answers is the same in each lake: ids are counted as they come."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-two-")
        self.server = Server(BINARY, lake=self.folder + "/lake").start()

    def fill(self, other):
        for user, role in (("reader", None), ("writer", None), ("engineer", None), ("granted", "member")):
            self.server.token_of(user, role)
        for statement in filling(other):
            self.server.sql(statement)

        self.doors = doors.every(self.server)

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def normal(self, text):
        text = text.replace(self.folder, "FOLDER").replace(self.server.url, "URL")
        for pattern, name in VOLATILE:
            text = pattern.sub(name, text)
        seen = {}
        return IDENTIFIER.sub(lambda found: seen.setdefault(found.group(0), f"ID{len(seen)}"), text)

    def ask(self, method, path, user, body=None, headers=None):
        """(status, headers, text), all that varies from run to run taken out."""
        status, headers, body = self.server.request(method, path, body, self.server.token_of(user), headers)
        # Arrow's bytes are text nowhere, and have no ids and times but those of values.
        text = body.decode("latin-1")
        kept = {name: self.normal(value) for name, value in headers.items() if name not in ("Date", "Content-Length")}
        return status, kept, self.normal(text)

    def sql(self, statement, user, accept="application/json", **more):
        return self.ask("POST", "/v1/sql", user, {"statement": statement.replace("{user}", user), **more},
                        {"Accept": accept})


class TwoLakes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lakes = []
        for other in (False, True):
            cls.lakes.append(Lake())
            cls.addClassCleanup(cls.lakes[-1].stop)
            cls.lakes[-1].fill(other)

    def both(self, ask, about):
        one, other = (ask(lake) for lake in self.lakes)
        with self.subTest(about=about):
            self.assertEqual(one, other)
        return one

    def test_1_the_lakes_differ(self):
        for statement in ("SELECT * FROM vault.people ORDER BY id", "DESCRIBE DETAIL vault.people",
                          "SELECT schema_name FROM system.schemas ORDER BY ALL"):
            one, other = (lake.sql(statement, "admin") for lake in self.lakes)
            self.assertNotEqual(one[2], other[2], statement)

    def test_2_random_queries(self):
        count = int(os.environ.get("TWO_LAKES_QUERIES", "300"))
        seed = int(os.environ.get("ORACLE_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"two lakes: seed {seed}, {count} queries")
        queries, succeeded = Queries(random.Random(seed)), 0
        for at in range(count):
            query = queries.query().replace("{people}", "vault.people").replace("{visits}", "vault.visits")
            answers = []
            for lake in self.lakes:
                status, headers, text = lake.sql(query, "reader")
                answer = json.loads(text)
                # Which row comes first is promised by ORDER BY alone.
                answer["rows"] = sorted(answer.get("rows", []), key=json.dumps)
                answers.append((status, headers, answer))
            with self.subTest(seed=seed, at=at, query=query):
                self.assertEqual(*answers)
                self.assertNotIn(answers[0][2].get("code"), ("Internal", "WorkerLost", "Corruption"), answers[0][2])
            succeeded += answers[0][0] == 200
        self.assertGreater(succeeded, count // 2)

    def test_3_questions(self):
        for user in ("reader", "granted", "writer", "engineer"):
            for statement in QUESTIONS + (ASIDE if user == "granted" else []):
                self.both(lambda lake: lake.sql(statement, user), f"{user}: {statement}")

    def test_4_formats_and_limits(self):
        """39, 46, 47: headers in each format; limits of rows and memory that only what is hidden would reach."""
        for accept in FORMATS:
            for statement in ("SELECT * FROM vault.people ORDER BY id", "SELECT * FROM vault.visits ORDER BY id",
                              "SELECT ssn::INTEGER FROM vault.people"):
                self.both(lambda lake: lake.sql(statement, "reader", accept), f"{accept}: {statement}")
        for limit in (1, 2, 3, 4):
            self.both(lambda lake: lake.sql("SELECT id FROM vault.people ORDER BY id", "reader", row_limit=limit),
                      f"row_limit {limit}")
        for condition in ("id > 3", "ssn LIKE 'zyx%'", "length(ssn) > 40", "pay % 1000 = 901",
                          "doc.inner_ssn IS NOT NULL"):
            heavy = f"SELECT count(DISTINCT repeat(name, CASE WHEN {condition} THEN 100000000 ELSE 1 END)) FROM vault.people"
            one = self.both(lambda lake: lake.sql(heavy, "reader", memory="64MiB"), heavy)
            self.assertEqual(one[0], 200, one[2])

    def test_4_the_other_doors(self):
        for at in (1, 2):
            for statement in QUESTIONS[:18] + [one for one in QUESTIONS
                                               if one[:7] in ("EXPLAIN", "SUMMARI", "DESCRIB", "DELETE ")]:
                def ask(lake):
                    answer = lake.doors[at].run("reader", statement)
                    return (answer.code, answer.sqlstate, lake.normal(answer.message), answer.columns,
                            lake.normal(json.dumps(answer.rows)),
                            lake.normal(answer.raw) if lake.doors[at].name == "command line" else "")
                self.both(ask, f"{self.lakes[0].doors[at].name}: {statement}")

    def test_5_purposes_and_schemas(self):
        for purpose in ("audit", "aside", ""):
            self.both(lambda lake: lake.sql("SELECT * FROM vault.purposeful", "reader", purpose=purpose),
                      f"purpose {purpose}")
        for schema in ("aside", "apart", "vault"):
            self.both(lambda lake: lake.sql("SELECT 1", "granted", schema=schema), f"schema {schema}")

    def test_6_what_http_shows(self):
        paths = ["/v1/me", "/v1/statements", "/v1/uploads", "/v1/tokens", "/v1/users", "/v1/identities",
                 "/v1/openapi.json", "/ready",
                 "/metrics", "/v1/catalog/schemas/vault/tables/people", "/v1/catalog/schemas/vault/tables/secret"]
        for user in ("reader", "granted"):
            for path in paths + (["/v1/catalog/schemas", "/v1/catalog/schemas/aside/tables",
                                  "/v1/catalog/schemas/apart/tables",
                                  "/v1/catalog/schemas/vault/tables"] if user == "granted" else []):
                self.both(lambda lake: lake.ask("GET", path, user), f"{user}: {path}")

    def test_7_what_the_lake_says_of_itself(self):
        for user in ("granted", "reader", "writer", "engineer"):
            for relation in SELVES:
                if relation == "system.schemas" and user != "granted":
                    continue  # That a schema is there is no secret to the other roles.
                self.both(lambda lake: lake.sql(f"SELECT * FROM {relation} ORDER BY ALL", user), f"{user}: {relation}")

    def test_8_history_and_audit(self):
        for user in ("reader", "granted", "writer", "engineer"):
            # The number of a record counts those of everybody: the attempts of others are many or few, of which more is
            # not said.
            self.both(lambda lake: lake.sql("SELECT * EXCLUDE (record) FROM system.audit ORDER BY record", user),
                      f"{user}: audit")
            self.both(lambda lake: lake.ask("GET", "/v1/history?limit=1000", user), f"{user}: history")
            self.both(lambda lake: lake.sql("SELECT * FROM system.queries ORDER BY started_at", user),
                      f"{user}: queries")

    def test_9_no_log_has_a_hidden_value(self):
        for lake, hidden in zip(self.lakes, ("abcssn", "zyx" + "ssn" * 40)):
            canaries.check(self, pathlib.Path(lake.server.log_path).read_text(), [hidden], "the log")


if __name__ == "__main__":
    unittest.main()
