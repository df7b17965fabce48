"""The attacks of *.attacks through every door, as a principal that may read and nothing more. Canaries lie where it has no
business: files, the environment, other people's statements, uploads, results, locations and tokens."""
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest
import uuid

import attacks
import canaries
import doors
from server import Server

BINARY = os.environ["TESTED_BINARY"]
HERE = pathlib.Path(__file__).parent
ALLOW_LIST = HERE.parent.parent / "src" / "governance" / "allow_list.def"
NEVER = {"Internal", "WorkerLost", "Corruption", "CommitUnknown"}


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="neurolake-attack-")
        cls.hidden = {kind: canaries.canary(kind) for kind in ("file", "environment", "text", "upload", "location", "token", "result")}
        cls.cells = [canaries.canary("cell") for _ in range(3)]
        cls.server = Server(BINARY, lake=cls.folder + "/lake",
                            environment={"CANARY_ENVIRONMENT": cls.hidden["environment"]}).start()
        cls.fill()
        cls.doors = doors.every(cls.server)
        cls.server.token_of("reader"), cls.server.token_of("writer")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.folder)

    @classmethod
    def fill(cls):
        server, hidden = cls.server, cls.hidden
        secret = pathlib.Path(cls.folder, "secret.csv")
        secret.write_text(f"a\n{hidden['file']}\n")
        link = pathlib.Path(cls.folder, "link.csv")
        link.symlink_to(secret)
        for statement in (
                "CREATE SCHEMA vault", "CREATE TABLE main.t (id BIGINT)", "INSERT INTO main.t VALUES (1)",
                "CREATE TABLE vault.people AS " + " UNION ALL ".join(
                    f"SELECT {i} AS id, 'n{i}' AS name, '{c}' AS ssn, {{'inner_ssn': '{c}'}} AS doc, "
                    f"{{'street': '{c}', 'town': {{'name': 'n{i}', 'code': '{c}'}}}} AS home, ['{c}', 'x'] AS tags, "
                    f"MAP {{'k': '{c}'}} AS attrs" for i, c in enumerate(cls.cells, 1)),
                "CREATE VIEW vault.v AS SELECT id, ssn FROM vault.people",
                "CREATE VIEW vault.v_on_v AS SELECT ssn FROM vault.v",
                f"CREATE EXTERNAL LOCATION place URL '{cls.folder}/{hidden['location']}'"):
            if "EXTERNAL" in statement:
                os.mkdir(f"{cls.folder}/{hidden['location']}")
            server.sql(statement)
        server.sql(f"SELECT '{hidden['text']}' AS x")
        server.request("POST", "/v1/tokens", {"principal": "other", "role": "reader", "name": hidden["token"]},
                       server.admin_token)
        cls.upload = "canary.csv"
        server.request("PUT", f"/v1/uploads/{cls.upload}", f"id\n{hidden['upload']}\n".encode(), server.admin_token)
        _, _, body = server.request("POST", "/v1/statements", {"statement": f"SELECT '{hidden['result']}' AS x"},
                                    server.admin_token)
        cls.other_statement = json.loads(body)["id"]
        detail = server.sql("DESCRIBE DETAIL vault.people")
        row = dict(zip([c["name"] for c in detail["columns"]], detail["rows"][0]))
        table = row["location"].removeprefix("file://").rstrip("/")
        files = sorted(p for p in pathlib.Path(table).rglob("*.parquet"))
        cls.names = {"secret_file": str(secret), "secret_name": secret.name, "secret_link": str(link),
                     "lake": server.lake, "staging": server.lake + "/staging", "table_dir": table,
                     "data_file": str(files[0]), "out_file": cls.folder + "/out", "admin_upload": cls.upload,
                     "other_statement": cls.other_statement}

    # ---- expectations ----

    def check_canaries(self, answer, allowed=()):
        found = canaries.leaks(answer.raw, [c for c in list(self.hidden.values()) + self.cells if c not in allowed])
        self.assertEqual(found, [], answer.raw[:2000])

    def expect_denied(self, door, statement, codes, user="reader"):
        answer = door.run(user, statement)
        if answer is None:
            return
        self.assertTrue(answer.failed, f"allowed: {answer.rows[:3]}")
        self.assertIn(answer.code, [*codes, *door.also_denied], answer.message)
        self.check_canaries(answer)

    def expect_fails(self, door, statement, user="reader"):
        answer = door.run(user, statement)
        self.assertTrue(answer.failed, f"allowed: {answer.rows[:3]}")
        self.assertNotIn(answer.code, NEVER, answer.message)
        self.check_canaries(answer)

    def expect_same(self, door, statement):
        theirs, ours = door.run("reader", statement), door.run("admin", statement)
        self.assertFalse(ours.failed, f"{ours.code} {ours.message}")
        self.assertEqual((theirs.code, theirs.message, theirs.columns, theirs.rows),
                         (ours.code, ours.message, ours.columns, ours.rows))
        self.check_canaries(theirs, allowed=self.cells)

    def expect_rows(self, door, statement, rows):
        answer = door.run("reader", statement)
        self.assertFalse(answer.failed, answer.message)
        self.assertEqual(answer.rows, rows)
        self.check_canaries(answer)

    def expect_alike(self, door, statement):
        known = ["place", "other", "admin", self.hidden["token"], self.upload, self.other_statement,
                 self.names["secret_file"], self.names["lake"]]
        for name in known:
            missing = re.sub("[a-z0-9]", "q", name)
            seen = []
            for one in (name, missing):
                answer = door.run("reader", statement.replace("{name}", one))
                self.assertNotIn(answer.code, NEVER, answer.message)
                seen.append((answer.code, answer.sqlstate, answer.message.replace(one, "NAME"), answer.rows))
            self.assertEqual(seen[0], seen[1])

    def fill_names(self, variant):
        for name, value in self.names.items():
            variant = variant.replace("{" + name + "}", value)
        return variant.replace("{{", "{").replace("}}", "}")

    def run_attack(self, attack):
        for variant in attack.variants:
            statement = variant if attack.expectation == "alike" else self.fill_names(variant)
            for door in self.doors:
                with self.subTest(attack=f"{attack.number} {attack.title}", statement=variant, door=door.name):
                    if attack.expectation == "denied":
                        self.expect_denied(door, statement, attack.arguments or ["PermissionDenied"], attack.user)
                    elif attack.expectation == "fails":
                        self.expect_fails(door, statement, attack.user)
                    elif attack.expectation == "same":
                        self.expect_same(door, statement)
                    elif attack.expectation == "rows":
                        self.expect_rows(door, statement, attack.arguments)
                    elif attack.expectation == "alike":
                        self.expect_alike(door, statement)
                    elif attack.expectation == "quiet":
                        self.check_canaries(door.run("reader", statement))
                    else:
                        self.fail(f"unknown expectation {attack.expectation}")

    def test_what_files_a_reader_cannot_reach_nobody_can(self):
        for attack in attacks.read(HERE / "files.attacks"):
            for variant in attack.variants:
                statement = self.fill_names(variant)
                with self.subTest(attack=attack.title, statement=variant):
                    self.expect_fails(self.doors[0], statement, "engineer")

    # ---- what the linked engine has and the allow-list denies ----

    @staticmethod
    def denied_names(kind):
        return re.findall(rf'NL_ALLOW_ENTRY\("{kind}", "([^"]+)", k(?:Deny|Product),', ALLOW_LIST.read_text())

    # FunctionNotFound: the list also has functions that only the product's own builds of a plan know.
    def check_all(self, statements):
        for statement in statements:
            with self.subTest(statement=statement):
                self.expect_denied(self.doors[0], statement, ["PermissionDenied", "SyntaxError", "NotSupported", "FunctionNotFound"])

    def test_every_denied_table_function_is_denied(self):
        names = self.denied_names("table function")
        self.assertGreater(len(names), 50)
        self.check_all(f'SELECT * FROM "{n}"()' for n in names)

    def test_every_denied_scalar_function_is_denied(self):
        names = self.denied_names("scalar function") + self.denied_names("macro")
        self.assertGreater(len(names), 20)
        self.check_all(f'SELECT "{n}"(1)' for n in names)

    def test_every_setting_is_denied(self):
        names = self.denied_names("setting")
        self.assertGreater(len(names), 100)
        self.check_all(f"SET {n} = '1'" for n in names if n.lower() != "timezone")
        self.check_all(f"RESET {n}" for n in names if n.lower() != "timezone")
        self.check_all(f"SELECT current_setting('{n}')" for n in names)

    # ---- the door's own identifiers (V) ----

    def ask(self, method, path, user, headers=None, body=None):
        return self.server.request(method, path, body, self.server.token_of(user), headers)

    def test_51_the_same_statement_by_two_principals(self):
        statement = "SELECT count(*) FROM system.queries WHERE principal = 'admin'"
        for order in (("admin", "reader"), ("reader", "admin")):
            counts = {user: self.server.sql(statement, user)["rows"][0][0] for user in order}
            self.assertEqual(counts["reader"], 0)
            self.assertGreater(counts["admin"], 0)

    def test_53_a_revoked_token_is_no_token(self):
        _, _, body = self.ask("POST", "/v1/tokens", "admin", body={"principal": "gone", "role": "reader", "name": "a"})
        token = json.loads(body)
        self.assertEqual(self.server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, token["token"])[0], 200)
        self.assertLess(self.ask("DELETE", f"/v1/tokens/{token['id']}", "admin")[0], 300)
        self.assertEqual(self.server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, token["token"])[0], 401)

    def test_55_no_cache_answers_for_another(self):
        for path in ("/v1/catalog/schemas", f"/v1/statements/{self.other_statement}/result"):
            status, headers, body = self.ask("GET", path, "admin")
            tag = {k.lower(): v for k, v in headers.items()}.get("etag", '"x"')
            status, headers, body = self.ask("GET", path, "reader", {"If-None-Match": tag})
            self.assertNotEqual(status, 304)
            self.assertEqual(canaries.leaks(f"{headers} {body}", self.hidden.values()), [])

    def test_56_another_principals_statement_is_as_missing_as_none(self):
        nothing = str(uuid.uuid4())
        for method, suffix in (("GET", ""), ("GET", "/result"), ("GET", "/result?page_size=1"), ("DELETE", "")):
            seen = []
            for statement in (self.other_statement, nothing):
                status, headers, body = self.ask(method, f"/v1/statements/{statement}{suffix}", "reader")
                problem = json.loads(body)
                problem.pop("request_id", None)
                seen.append((status, json.dumps(problem).replace(statement, "ID")))
                self.assertEqual(canaries.leaks(f"{headers} {body}", self.hidden.values()), [])
            self.assertEqual(seen[0], seen[1], method)
            self.assertEqual(seen[0][0], 404)
        status, _, body = self.ask("GET", f"/v1/statements/{self.other_statement}/result", "admin")
        self.assertIn(self.hidden["result"], body.decode())

    def test_56_lists_show_the_callers_own(self):
        for path in ("/v1/statements", "/v1/history", "/v1/uploads"):
            status, headers, body = self.ask("GET", path, "reader")
            self.assertIn(status, (200, 403), path)
            self.assertEqual(canaries.leaks(f"{headers} {body}", self.hidden.values()), [], path)
            self.assertNotIn(self.upload, body.decode())

    def test_58_headers_are_no_identity(self):
        for headers in ({"X-Forwarded-User": "admin"}, {"X-Remote-User": "admin"}, {"X-Neurolake-Principal": "admin"},
                        {"X-Forwarded-For": "127.0.0.1"}, {"Cookie": "token=" + self.server.admin_token}):
            status, _, body = self.ask("GET", "/v1/tokens", "reader", headers)
            self.assertEqual(status, 403, body)
            self.assertEqual(self.server.request("POST", "/v1/sql", {"statement": "SELECT 1"}, None, headers)[0], 401)

    def test_whatever_can_be_looked_up_afterwards_has_no_canary(self):
        """Runs last, by its name. A reader has asked for the token's name itself; the cells are not hidden here."""
        for user, hidden in (("reader", set(self.hidden) - {"token"}), ("writer", self.hidden)):
            canaries.check_readable(self, self.server, user, [self.hidden[kind] for kind in hidden])
        canaries.check_files(self, self.doors[2].home, self.hidden.values())

    def test_every_attempt_is_on_record(self):
        marker = "/* " + uuid.uuid4().hex + " */"
        statements = ["SELECT * FROM read_text('/etc/passwd') " + marker, "SELEC " + marker, "SELECT ssn::INT FROM vault.people " + marker]
        for statement in statements:
            for door in self.doors:
                self.assertTrue(door.run("reader", statement).failed)
        rows = self.server.sql("SELECT text, principal, state, door FROM system.queries WHERE contains(text, '" + marker + "') "
                               "AND NOT contains(text, 'system.queries')")["rows"]
        for statement in statements:
            mine = [row for row in rows if row[0].rstrip() == statement]
            self.assertEqual([row[1:3] for row in mine], [["reader", "failed"]] * len(self.doors), statement)


def make(attack):
    return lambda self: self.run_attack(attack)


for file in sorted(HERE.glob("*.attacks")):
    for at, one in enumerate(attacks.read(file)):
        name = re.sub("[^a-z0-9]+", "_", one.title.lower()).strip("_")
        setattr(Attacks, f"test_{int(one.number):02}_{file.stem}_{at:02}_{name}", make(one))


if __name__ == "__main__":
    unittest.main()
