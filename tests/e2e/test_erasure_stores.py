"""FORGET SUBJECT where a lake is spread over services: tables and old audit segments in an S3 store, names in PostgreSQL, and what
people asked and wrote of a person beside the tables."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import canaries
import seaweed
from postgres import Postgres
from server import Server, StatementError, named, rows
from store_proxy import StoreProxy

BINARY = os.environ["TESTED_BINARY"]
SEGMENT = 64

MODEL = """
semantic_model: shop  # as {mail} wished
description: what {mail} and others bought
entities:
  - name: customers
    table: customers
    primary_key: id
    dimensions:
      - {{name: customer, expr: name, is_label: true, synonyms: ["{mail}", "{other}"]}}
      - {{name: country}}
    measures:
      - {{name: customers_count, aggregation: count, label: number of customers}}
"""


class ErasureInStores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = seaweed.Seaweed().start()
        cls.addClassCleanup(cls.store.stop)
        cls.proxy = StoreProxy(cls.store.ports["s3"])
        cls.addClassCleanup(cls.proxy.stop)
        cls.postgres = Postgres()
        cls.postgres.__enter__()
        cls.addClassCleanup(cls.postgres.__exit__)

    def setUp(self):
        self.place = self._testMethodName
        self.root = f"s3://bucket/{self.place}"
        self.directory = tempfile.mkdtemp(prefix="neurolake-erasure-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.addCleanup(setattr, self.proxy, "broken", False)
        self.database = self.postgres.new_database()
        self.settings = {"metastore.url": self.database, "tables.url": self.root + "/tables",
                         "audit.archive": self.root + "-audit", "audit.archive_credential": "archive",
                         "audit.archive_after": "1s", "audit.checkpoint_every": "100ms",
                         "audit.segment_records": str(SEGMENT), "log_level": "error"}
        self.server = Server(BINARY, lake=self.directory + "/lake", settings=self.settings).start()
        self.addCleanup(self.server.stop)
        self.segments = pathlib.Path(self.server.lake) / "audit" / "segments"
        sql = self.server.sql
        for name, endpoint in (("store", self.store.endpoint), ("archive", self.proxy.endpoint)):
            sql(f"CREATE CREDENTIAL {name} TYPE S3 OPTIONS (access_key_id = '{seaweed.ACCESS_KEY}', secret_access_key = "
                f"'{seaweed.SECRET_KEY}', endpoint = '{endpoint}')")
        sql(f"CREATE EXTERNAL LOCATION place URL '{self.root}' WITH (CREDENTIAL = store, REGISTER = TRUE)")
        self.gone = {kind: canaries.canary(kind) for kind in ("mail", "name", "note", "former")}
        self.kept = {kind: canaries.canary(kind) for kind in ("mail", "name", "note")}
        gone, kept = self.gone, self.kept
        sql("CREATE TABLE customers (id BIGINT, name STRING, email STRING, country STRING)")
        sql("CREATE TABLE orders (number BIGINT, customer BIGINT, note STRING)")
        sql(f"INSERT INTO customers VALUES (471123581321, '{gone['name']}', '{gone['former']}', 'Norway'), "
            f"(471123581322, '{kept['name']}', '{kept['mail']}', 'France')")
        sql(f"UPDATE customers SET email = '{gone['mail']}' WHERE id = 471123581321")
        sql(f"INSERT INTO orders VALUES (1, 471123581321, '{gone['note']}'), (2, 471123581322, '{kept['note']}')")
        sql(f"SELECT * FROM customers WHERE email = '{gone['mail']}'")
        sql(f"SELECT * FROM customers WHERE email = '{kept['mail']}'")
        sql("CREATE DATA SUBJECT customer KEY customers.id, orders.customer IDENTIFIED BY customers.email")
        self.server.token_of("officer", "engineer")
        sql("GRANT FORGET ON DATA SUBJECT customer TO USER officer")

    def archived(self):
        return len(list(self.segments.glob("*.archived")))

    def until_archived(self):
        deadline = time.monotonic() + 30
        while not self.archived():
            self.assertLess(time.monotonic(), deadline, self.server.log_path.read_text())
            self.server.sql("SELECT 'filler'")

    def forget(self, more=""):
        return {row["name"] or row["what"]: row
                for row in named(self.server.sql(f"FORGET SUBJECT customer 471123581321 {more}", user="officer"))}

    def objects(self, prefix):
        return {key: self.store.request("GET", "/bucket/" + key)[1] for key in self.store.keys(prefix)}

    def dump(self):
        """All that PostgreSQL holds of the lake."""
        return self.postgres.run(f"{self.postgres.bin}/pg_dump", "--data-only", "--inserts", self.database).stdout

    def holding(self, values):
        """Where values are: in objects, the metadata store, files of the lake."""
        found = {key for key, body in self.objects(self.place).items() if canaries.leaks(body.decode("latin-1"), values)}
        if canaries.leaks(self.dump().decode(), values):
            found.add("metadata")
        for path in pathlib.Path(self.server.lake).rglob("*"):
            if path.is_file() and canaries.leaks(path.read_bytes().decode("latin-1"), values):
                found.add(str(path))
        return found

    def check_verified(self):
        flags = [f"--{name}={value}" for name, value in self.settings.items()]
        proof = subprocess.run([BINARY, "--lake", self.server.lake, *flags, "audit", "verify"], capture_output=True,
                               text=True, timeout=60)
        self.assertEqual(proof.returncode, 0, proof.stdout + proof.stderr)

    def call(self, method, path, body=None, status=200, user="admin"):
        code, _, text = self.server.request(method, path, body, self.server.token_of(user))
        self.assertEqual(code, status, text)
        return json.loads(text) if text else None

    def test_nothing_is_left_in_the_store_the_archive_postgresql_or_what_was_asked(self):
        sql, gone, kept = self.server.sql, self.gone, self.kept
        model = MODEL.format(mail=gone["mail"], other=kept["mail"])
        sql(f"CREATE SEMANTIC MODEL shop COMMENT 'for {gone['mail']}' AS $${model}$$")
        sql(f"CREATE OR REPLACE SEMANTIC MODEL shop AS $${model.replace('country', 'email').replace('what ', 'all that ')}$$")
        asked = self.call("POST", "/v1/ask", {"question": f"number of customers called {gone['mail']}", "conversation": "new"})
        self.call("POST", "/v1/ask", {"question": f"number of customers called {kept['mail']}", "conversation": "new"})
        self.call("POST", f"/v1/ask/{asked['id']}/feedback",
                  {"verdict": "wrong", "comment": f"{gone['name']} ({gone['mail']}) is missing"}, 201)
        # A verified question: right for everybody from now on.
        right = self.call("POST", "/v1/ask", {"question": f"how many people like {gone['mail']} are there",
                                              "conversation": "new"})
        feedback = self.call("POST", f"/v1/ask/{right['id']}/feedback",
                             {"verdict": "corrected", "means": "number of customers"}, 201)
        self.call("POST", f"/v1/feedback/{feedback['id']}/decision", {"decision": "approve"})
        self.until_archived()
        before = self.holding([gone["mail"], gone["note"]])
        self.assertIn("metadata", before)
        self.assertTrue([place for place in before if "/_delta_log/" in place], before)
        shown = self.forget("DRY RUN")
        self.assertEqual(self.holding([gone["mail"], gone["note"]]) & before, before)
        done = self.forget()
        for table in ("main.customers", "main.orders"):
            self.assertEqual((shown[table]["rows"], done[table]["rows"]), (1, 1))
        self.assertEqual((shown["semantic models"]["rows"], done["semantic models"]["rows"]), (3, 3))
        self.assertGreaterEqual(done["questions"]["rows"], 4)
        self.assertGreater(done["audit constants"]["rows"], 5)
        left = [what for what in done if what.startswith("named in")]
        self.assertEqual(left, [])
        # Nothing of hers anywhere, and all of the other's.
        self.assertEqual(rows(sql("SELECT name, email FROM customers")), [(kept["name"], kept["mail"])])
        self.assertEqual(rows(sql("SELECT number, note FROM orders")), [(2, kept["note"])])
        shop = json.dumps(
            sql("SHOW CREATE SEMANTIC MODEL shop"))
        self.assertIn(kept["mail"], shop)
        canaries.check(self, shop, list(gone.values()))
        self.assertEqual(self.call("POST", "/v1/ask", {"question": "number of customers"})["rows"], [[1]])
        texts = rows(sql("SELECT constants FROM system.audit WHERE type = 'attempt' AND text LIKE "
                         "'SELECT * FROM customers WHERE email = ?' ORDER BY record"))
        self.assertEqual(texts, [('{"literals":["[erased]"]}',), (f'{{"literals":["\'{kept["mail"]}\'"]}}',)])
        self.server.stop()
        self.assertEqual(self.holding(list(gone.values())), set())
        self.check_verified()
        self.server.start()
        again = self.forget()
        self.assertEqual((again["main.customers"]["rows"], again["semantic models"]["rows"], again["questions"]["rows"]),
                         (0, 0, 0))

    def test_an_archive_that_is_gone_stops_it_and_it_goes_on_with_the_same_statement(self):
        self.until_archived()
        self.proxy.broken = True
        with self.assertRaises(StatementError) as caught:
            self.forget()
        self.assertGreaterEqual(caught.exception.status, 500, caught.exception)
        canaries.check(self, str(caught.exception), list(self.gone.values()))
        state = "SELECT state FROM system.erasures ORDER BY started_at"
        self.assertEqual(rows(self.server.sql(state)), [("running",)])
        # Killed meanwhile: what was learnt of rows that are gone is not.
        self.server.stop(9)
        self.proxy.broken = False
        self.server.start()
        done = self.forget()
        self.assertGreater(done["audit constants"]["rows"], 3)
        self.assertEqual(rows(self.server.sql(state)), [("done",)])
        self.server.stop()
        self.assertEqual(self.holding(list(self.gone.values())), set())
        self.check_verified()


if __name__ == "__main__":
    unittest.main()
