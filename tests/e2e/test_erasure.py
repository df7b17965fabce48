"""FORGET SUBJECT: what it finds, what is left of a person in the files of a lake, what is left of another, and whether it
goes on where it was killed."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import canaries
from server import LOST, Server, StatementError, named

BINARY = os.environ["TESTED_BINARY"]
FIRST = "tables/*/_delta_log/00000000000000000000.json"
VERIFIER = str(pathlib.Path(BINARY).with_name("neurolake-audit-verify"))


def rows(result):
    return result["rows"]


class ErasureTest(unittest.TestCase):
    def start(self, **settings):
        self.directory = tempfile.mkdtemp(prefix="neurolake-erasure-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        settings = {name.replace("__", "."): value for name, value in settings.items()}
        self.server = Server(BINARY, lake=self.directory + "/lake", settings={"log_level": "error", **settings}).start()
        self.addCleanup(self.server.stop)
        self.lake = pathlib.Path(self.server.lake)
        return self.server

    def people(self, keys="BIGINT", properties=""):
        """Two customers with orders; the first one's canaries are to go, the second one's to stay."""
        server = self.server
        self.gone = {kind: canaries.canary(kind) for kind in ("mail", "name", "note", "former")}
        self.kept = {kind: canaries.canary(kind) for kind in ("mail", "name", "note")}
        key = {"BIGINT": ("471123581321", "471123581322"), "STRING": (canaries.canary("key"), canaries.canary("key"))}[keys]
        self.key, self.other = key
        if keys == "STRING":
            self.gone["key"] = self.key
            self.kept["key"] = self.other
        one, two = (f"'{value}'" if keys == "STRING" else value for value in key)
        server.sql(f"CREATE TABLE customers (id {keys}, name STRING, email STRING) {properties}")
        server.sql(f"CREATE TABLE orders (number BIGINT, customer {keys}, note STRING) {properties}")
        server.sql(f"INSERT INTO customers VALUES ({one}, '{self.gone['name']}', '{self.gone['former']}'), "
                   f"({two}, '{self.kept['name']}', '{self.kept['mail']}')")
        server.sql(f"UPDATE customers SET email = '{self.gone['mail']}' WHERE id = {one}")
        server.sql(f"INSERT INTO orders VALUES (1, {one}, '{self.gone['note']}'), (2, {two}, '{self.kept['note']}')")
        server.sql(f"SELECT * FROM customers WHERE email = '{self.gone['mail']}'")
        server.sql(f"SELECT * FROM customers WHERE email = '{self.kept['mail']}'")
        server.sql("SELECT * FROM customers WHERE email = $1", parameters=[self.gone["mail"]])
        server.sql("CREATE DATA SUBJECT customer KEY customers.id, orders.customer IDENTIFIED BY customers.email")
        server.token_of("officer", "engineer")
        server.sql("GRANT FORGET ON DATA SUBJECT customer TO USER officer")

    def forget(self, more=""):
        return named(self.server.sql(f"FORGET SUBJECT customer '{self.key}' {more}", user="officer"))

    def found_in_files(self, values):
        """(file, value) of each form of a value in any file of the lake."""
        found = []
        for path in sorted(self.lake.rglob("*")):
            if not path.is_file():
                continue
            text = path.read_bytes().decode("latin-1")
            found += [(str(path.relative_to(self.lake)), leak) for leak in canaries.leaks(text, values)]
            found += [(str(path.relative_to(self.lake)), leak) for leak in canaries.leaks(path.name, values)]
        return found

    def check_gone(self):
        self.server.stop()
        self.assertEqual(self.found_in_files(list(self.gone.values())), [])
        proof = subprocess.run([VERIFIER, str(self.lake / "audit")], capture_output=True, text=True, timeout=60)
        self.assertEqual(proof.returncode, 0, proof.stdout + proof.stderr)
        self.server.start()

    def check_kept(self):
        server = self.server
        other = f"'{self.other}'" if "key" in self.kept else self.other
        self.assertEqual(rows(server.sql("SELECT name, email FROM customers")), [[self.kept["name"], self.kept["mail"]]])
        self.assertEqual(rows(server.sql("SELECT number, note FROM orders")), [[2, self.kept["note"]]])
        constants = rows(server.sql("SELECT constants FROM system.audit WHERE type = 'attempt' AND text LIKE "
                                    "'SELECT * FROM customers WHERE email = ?' ORDER BY record"))
        self.assertEqual(constants, [['{"literals":["[erased]"]}'], [f'{{"literals":["\'{self.kept["mail"]}\'"]}}']])
        inserted = rows(server.sql("SELECT constants FROM system.audit WHERE type = 'attempt' AND text LIKE "
                                   "'INSERT INTO customers%'"))[0][0]
        self.assertIn(other, inserted)
        self.assertIn(self.kept["mail"], inserted)
        texts = [text for text, in rows(server.sql("SELECT text FROM system.queries WHERE text LIKE 'SELECT * FROM "
                                                   "customers%'"))]
        self.assertTrue(any(self.kept["mail"] in text for text in texts), texts)


class Traces(ErasureTest):
    def test_nothing_is_left_in_any_file_and_nothing_of_another_is_gone(self):
        server = self.start()
        self.people("STRING")
        server.sql("ANALYZE TABLE customers COMPUTE STATISTICS FOR ALL COLUMNS")
        before = self.found_in_files([self.gone["mail"], self.gone["note"]])
        self.assertTrue(before, "the search must be able to find something")
        report = {row["name"] or row["what"]: row for row in self.forget()}
        self.assertEqual(report["main.customers"]["rows"], 1)
        self.assertEqual(report["main.orders"]["rows"], 1)
        self.assertGreater(report["audit constants"]["rows"], 5)
        self.assertGreater(report["statements"]["rows"], 3)
        self.assertEqual(report["statistics"]["rows"], 1)
        self.check_gone()
        self.check_kept()
        self.assertEqual(rows(server.sql("SELECT count(*) FROM system.table_statistics")), [[0]])

    def test_a_dry_run_says_the_same_and_does_nothing(self):
        server = self.start()
        self.people()
        shown = {row["name"] or row["what"]: row for row in self.forget("DRY RUN")}
        self.assertEqual([shown[f"main.{table}"]["rows"] for table in ("customers", "orders")], [1, 1])
        self.assertEqual(rows(server.sql("SELECT count(*) FROM customers")), [[2]])
        self.assertEqual(rows(server.sql("SELECT count(*) FROM customers VERSION AS OF 1")), [[2]])
        self.assertEqual(rows(server.sql("SELECT count(*) FROM system.erasures")), [[0]])
        constants = rows(server.sql("SELECT count(*) FROM system.audit WHERE constants LIKE '%[erased]%' AND text NOT LIKE "
                                    "'%system%'"))
        self.assertEqual(constants, [[0]])
        done = {row["name"] or row["what"]: row for row in self.forget()}
        for table in ("main.customers", "main.orders"):
            self.assertEqual(done[table]["rows"], shown[table]["rows"])
        self.check_gone()
        self.check_kept()

    def test_a_row_that_was_deleted_before_goes_from_files_and_history(self):
        for properties in ("", "TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')"):
            with self.subTest(properties=properties):
                server = self.start()
                self.people(properties=properties)
                server.sql(f"DELETE FROM customers WHERE id = {self.key}")
                server.sql(f"DELETE FROM orders WHERE customer = {self.key}")
                self.assertTrue(self.found_in_files([self.gone["note"]]))
                self.forget()
                self.check_gone()
                self.check_kept()
                server.stop()

    def test_a_checkpointed_log_and_the_change_feed_are_cleaned_too(self):
        server = self.start()
        self.people(properties="TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.checkpointInterval' = '2')")
        for number in range(5):
            server.sql(f"UPDATE customers SET name = name || '{number}'")
        self.kept["name"] += "01234"
        self.forget()
        self.check_gone()
        self.check_kept()
        with self.assertRaises(StatementError):
            server.sql("SELECT * FROM customers VERSION AS OF 2")

    def test_shallow_clones_go_along_and_go_on(self):
        server = self.start()
        self.people()
        server.sql("CREATE TABLE trial SHALLOW CLONE customers")
        server.sql("CREATE TABLE trial_of_trial SHALLOW CLONE trial")
        report = {row["name"]: row for row in self.forget() if row["name"]}
        self.assertEqual(report["main.trial"]["what"], "shallow clone")
        self.assertEqual(report["main.trial"]["rows"], 1)
        for table in ("trial", "trial_of_trial"):
            self.assertEqual(rows(server.sql(f"SELECT name FROM {table}")), [[self.kept["name"]]])
        self.check_gone()
        self.check_kept()

    def test_rows_in_quarantine_go_along(self):
        server = self.start()
        self.people()
        server.sql("CREATE EXPECTATION short ON customers EXPECT name MATCHES '.{0,40}' ON VIOLATION QUARANTINE")
        long = self.gone["long"] = canaries.canary("long-" + "x" * 40)
        server.sql(f"INSERT INTO customers VALUES ({self.key}, '{long}', '{self.gone['mail']}'), "
                   f"({self.other}, '{'y' * 50}', NULL)")
        self.assertEqual(rows(server.sql("SELECT count(*) FROM customers_quarantine")), [[2]])
        self.forget()
        self.assertEqual(rows(server.sql("SELECT count(*) FROM customers_quarantine")), [[1]])
        self.check_gone()

    def test_an_upload_that_names_the_subject_is_deleted_and_another_is_not(self):
        server = self.start()
        self.people()
        mail = self.gone["mail"].encode()
        for name, content in (("one.csv", b"a,b\n1," + mail + b"\n"), ("two.csv", b"a,b\n1,2\n")):
            server.request("PUT", f"/v1/uploads/{name}", content, server.admin_token)
        self.forget()
        self.assertEqual([path.name for path in self.lake.rglob("*.csv")], ["two.csv"])
        self.check_gone()


    def constants(self, like):
        return " ".join(text or "" for text, in rows(self.server.sql(
            f"SELECT constants FROM system.audit WHERE type = 'attempt' AND text LIKE '{like}' ORDER BY record")))

    def test_what_her_rows_say_goes_from_statements_that_name_her_at_any_depth_and_of_any_type(self):
        server = self.start()
        self.people()
        server.sql("CREATE TABLE visits (customer BIGINT, place STRUCT(street STRING, town STRUCT(code BIGINT)), born DATE, "
                   "guests STRING[], fee INTEGER)")
        server.sql("ALTER DATA SUBJECT customer ADD KEY visits.customer")
        street, guest = canaries.canary("street"), canaries.canary("guest")
        server.sql(f"INSERT INTO visits VALUES ({self.key}, {{'street': '{street}', 'town': {{'code': 770031}}}}, "
                   f"DATE '1971-02-13', ['{guest}'], 12), ({self.other}, {{'street': 'Elm', 'town': {{'code': 990041}}}}, "
                   "DATE '1999-09-19', ['x'], 12)")
        self.forget()
        told = self.constants("INSERT INTO visits%")
        for gone in (self.key, street, guest, "770031", "1971-02-13"):
            self.assertNotIn(gone, told)
        for kept in (self.other, "Elm", "990041", "1999-09-19", '"12"'):
            self.assertIn(kept, told)
        self.gone.update(street=street, guest=guest)
        self.check_gone()
        self.check_kept()

    def test_statements_that_meant_to_erase_and_failed_keep_no_key(self):
        server = self.start()
        self.people()
        for statement in (f"EXPLAIN FORGET SUBJECT customer {self.key}", f"/* x */ FORGET SUBJECT customer {self.key} RUN DRY",
                          f"FORGET SUBJECT client {self.key}"):
            with self.assertRaises(StatementError):
                server.sql(statement, "officer")
        self.forget()
        self.assertEqual(rows(server.sql("SELECT text FROM system.queries WHERE text LIKE '%47112358132%' AND text LIKE "
                                         "'%FORGET%' AND text NOT LIKE '%LIKE%'")), [])
        self.assertNotIn(self.key, self.constants("%FORGET%"))

    def test_an_address_is_hers_in_whatever_case_and_one_that_she_had_before_leads_on(self):
        server = self.start()
        self.people()
        server.sql("CREATE TABLE newsletter (address STRING)")
        server.sql("ALTER DATA SUBJECT customer ADD IDENTIFIED BY newsletter.address AS email")
        server.sql(f"UPDATE customers SET email = 'JOSÉ.ÄRGER@example.org' WHERE id = {self.key}")
        server.sql("INSERT INTO newsletter VALUES ('josé.ärger@example.org'), ('José.Ärger@Example.org'), ('bob@example.org'), "
                   f"('{self.gone['former'].upper()}')")
        server.sql("SELECT * FROM newsletter WHERE address = 'josé.ärger@example.org'")
        self.forget()
        self.assertEqual(rows(server.sql("SELECT address FROM newsletter")), [["bob@example.org"]])
        self.assertIn("[erased]", self.constants("SELECT * FROM newsletter WHERE%"))
        self.assertEqual(self.found_in_files(["josé.ärger@example.org"]), [])
        self.check_gone()

    def test_rows_set_aside_are_found_by_the_names_of_then_and_now(self):
        server = self.start()
        self.people(properties="TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")
        server.sql("CREATE EXPECTATION short ON customers EXPECT name MATCHES '.{0,40}' ON VIOLATION QUARANTINE")
        long = self.gone["long"] = canaries.canary("long-" + "x" * 40)
        server.sql(f"INSERT INTO customers VALUES ({self.key}, '{long}', NULL)")
        server.sql("ALTER TABLE customers RENAME COLUMN id TO number")
        server.sql(f"INSERT INTO customers VALUES ({self.key}, '{long}', NULL), ({self.other}, '{'y' * 50}', NULL)")
        self.assertEqual(rows(server.sql("SELECT count(*) FROM customers_quarantine")), [[3]])
        self.forget()
        self.assertEqual(rows(server.sql("SELECT row_data ->> 'number' FROM customers_quarantine")), [[self.other]])
        self.assertNotIn(long, self.constants("INSERT INTO customers%"))
        self.check_gone()

    def test_definitions_that_name_her_are_told_of_and_stay(self):
        server = self.start()
        self.people()
        server.sql(f"CREATE VIEW hers AS SELECT * FROM customers WHERE email = '{self.gone['mail']}'")
        for more in ("DRY RUN", ""):
            report = {row["what"]: row["rows"] for row in self.forget(more)}
            self.assertEqual({what: count for what, count in report.items() if what.startswith("named in")},
                             {"named in relations": 1}, more)
        self.assertEqual(rows(server.sql("SELECT * FROM hers")), [])
        server.sql("DROP VIEW hers")
        self.forget()
        self.check_gone()

    def test_a_kept_result_is_not_given_out_any_more(self):
        server = self.start()
        self.people()
        server.sql("CREATE TABLE other AS SELECT 1 AS id")
        token, places = server.token_of("reader"), []
        for table in ("customers", "other"):
            _, _, body = server.request("POST", "/v1/statements", {"statement": f"SELECT * FROM {table}"}, token)
            places.append(f"/v1/statements/{json.loads(body)['id']}")
            while json.loads(server.request("GET", places[-1], None, token)[2])["state"] in ("queued", "running"):
                pass
            self.assertEqual(server.request("GET", places[-1] + "/result", None, token)[0], 200)
        self.forget()
        answers = [server.request("GET", place + "/result", None, token) for place in places]
        self.assertEqual([status for status, _, _ in answers], [403, 200])
        canaries.check(self, answers[0][2], list(self.gone.values()))
        server.sql("SELECT * FROM customers", "reader")


class Refusals(ErasureTest):
    def test_an_encrypted_column_names_nobody(self):
        server = self.start()
        server.sql("CREATE KEY sealed")
        server.sql("CREATE TABLE people (id BIGINT ENCRYPTED WITH KEY sealed DETERMINISTIC, plain BIGINT)")
        with self.assertRaises(StatementError) as refused:
            server.sql("CREATE DATA SUBJECT person KEY people.id")
        self.assertEqual(refused.exception.sqlstate, "42804")
        server.sql("CREATE DATA SUBJECT person KEY people.plain")
        server.sql("ALTER TABLE people ALTER COLUMN plain ENCRYPT WITH KEY sealed DETERMINISTIC")
        server.token_of("officer", "engineer")
        server.sql("GRANT FORGET ON DATA SUBJECT person TO USER officer")
        with self.assertRaises(StatementError) as refused:
            server.sql("FORGET SUBJECT person 1", user="officer")
        self.assertIn("encrypted", str(refused.exception))

    def test_a_dropped_table_that_can_come_back_is_not_passed_over(self):
        server = self.start()
        self.people()
        server.sql("DROP TABLE orders")
        with self.assertRaises(StatementError) as refused:
            self.forget()
        self.assertIn("UNDROP", str(refused.exception))
        self.assertEqual(rows(server.sql("SELECT count(*) FROM customers")), [[2]])
        server.sql("UNDROP TABLE orders")
        self.forget()
        self.check_gone()
        self.check_kept()

    def test_a_table_that_was_made_of_one_and_is_not_declared_is_named(self):
        server = self.start()
        self.people()
        server.sql("CREATE TABLE copy AS SELECT * FROM customers")
        report = [row for row in self.forget() if row["what"] == "not declared"]
        self.assertEqual([row["name"] for row in report], ["main.copy"])


class Kills(ErasureTest):
    """SIGKILL as soon as one of these can be seen. The statement, said again, goes on."""

    def files(self, pattern):
        return {str(path) for path in self.lake.glob(pattern)}

    def test_a_run_that_was_killed_at_any_step_is_gone_on_with(self):
        steps = {
            "a row was written anew": lambda at: len(self.files("tables/*/*.parquet")) > at["data"],
            "a version was made": lambda at: len(self.files("tables/*/_delta_log/*.json")) > at["log"],
            "files are going": lambda at: len(self.files("tables/*/*.parquet")) < at["data"],
            "a checkpoint was made": lambda at: len(self.files("tables/*/_delta_log/*.checkpoint.parquet")) > 0,
            "the log is being cut": lambda at: len(list(self.lake.glob(FIRST))) < at["firsts"],
            "keys are going": lambda at: (self.lake / "audit/constants.key").read_bytes() != at["keys"],
        }
        for name, seen in steps.items():
            with self.subTest(step=name):
                server = self.start()
                self.people("STRING")
                at = {"data": len(self.files("tables/*/*.parquet")), "log": len(self.files("tables/*/_delta_log/*.json")),
                      "firsts": len(list(self.lake.glob(FIRST))),
                      "keys": (self.lake / "audit/constants.key").read_bytes()}
                done = threading.Event()

                def run():
                    try:
                        self.forget()
                    except (StatementError, *LOST):
                        pass
                    done.set()

                thread = threading.Thread(target=run)
                thread.start()
                while not done.is_set():
                    try:
                        if seen(at):
                            break
                    except FileNotFoundError:
                        continue
                server.stop(signal.SIGKILL)
                thread.join(30)
                server.start()
                self.forget()
                states = rows(server.sql("SELECT state, count(*) FROM system.erasures GROUP BY ALL"))
                self.assertEqual([state for state, _ in states], ["done"])
                self.check_gone()
                self.check_kept()
                server.stop()


if __name__ == "__main__":
    unittest.main()
