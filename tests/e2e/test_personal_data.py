"""Scans for personal data after loads and by `neurolake pii`, in the forms people use them."""
import json
import os
import subprocess
import unittest

from server import Server

BINARY = os.environ["TESTED_BINARY"]
FINDINGS = "SELECT column_name, entity, state FROM system.pii_findings ORDER BY column_name, entity"


class PersonalData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        rows = "".join(f"{i},customer{i}@example.com,{i * 3}.50\n" for i in range(200))
        cls.server.request("PUT", "/v1/uploads/c.csv", f"id,mail,price\n{rows}".encode(), cls.server.admin_token)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def pii(self, *arguments):
        return subprocess.run([BINARY, "--server", self.server.url, "--format", "json", "pii", *arguments],
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "NEUROLAKE_TOKEN": self.server.admin_token})

    def test_a_load_makes_proposals(self):
        self.server.sql("COPY INTO bronze.loaded FROM 'upload://c.csv' FILEFORMAT = CSV")
        rows = self.server.sql(FINDINGS.replace("ORDER", "WHERE table_name = 'loaded' ORDER"))
        self.assertEqual(rows["rows"], [["mail", "EMAIL_ADDRESS", "proposed"]])

    def test_a_rule_accepts_what_a_load_brings(self):
        sql = self.server.sql
        sql("CREATE PII RULE mails ACCEPT EMAIL_ADDRESS IN SCHEMA bronze WITH (THRESHOLD = 0.9)")
        self.addCleanup(sql, "DROP PII RULE mails")
        sql("CREATE MASK POLICY mails ON COLUMN TAG pii.contact.email_address IF ANY EXCEPT ROLE admin USING REDACT")
        self.addCleanup(sql, "DROP MASK POLICY mails ON COLUMN TAG pii.contact.email_address")
        self.server.token_of("writer")
        self.server.token_of("reader")
        self.server.request("PUT", "/v1/uploads/w.csv", b"id,mail\n" + b"".join(b"%d,w%d@example.com\n" % (i, i) for i in range(200)),
                            self.server.token_of("writer"))
        sql("CREATE TABLE bronze.ruled (id BIGINT, mail STRING)")
        sql("CREATE TABLE silver.unruled (id BIGINT, mail STRING)")
        for table in ("bronze.ruled", "silver.unruled"):
            sql(f"COPY INTO {table} FROM 'upload://w.csv' FILEFORMAT = CSV", user="writer")
        found = sql("SELECT table_name, state, decided_by FROM system.pii_findings WHERE table_name LIKE '%ruled' ORDER BY 1")
        self.assertEqual(found["rows"], [["ruled", "accepted", "rule mails"], ["unruled", "proposed", None]])
        # From the load on it is hidden, without anybody's doing.
        self.assertEqual(sql("SELECT max(mail) FROM bronze.ruled", user="reader")["rows"], [["[redacted]"]])
        self.assertEqual(sql("SELECT count(*) FROM silver.unruled WHERE mail LIKE 'w1@%'", user="reader")["rows"], [[1]])
        on_record = sql("SELECT principal, details->>'rule', details->>'owner' FROM system.audit WHERE action = "
                        "'accept_pii_by_rule'")
        self.assertEqual(on_record["rows"], [["writer", "mails", "admin"]])

    def test_the_command_scans_and_lists(self):
        self.server.sql("CREATE TABLE people AS SELECT i AS id, 'p' || i || '@example.com' AS mail FROM range(100) r(i)")
        scanned = self.pii("scan", "people")
        self.assertEqual(scanned.returncode, 0, scanned.stderr)
        self.assertEqual([(r["column_name"], r["tag"]) for r in json.loads(scanned.stdout)],
                         [("mail", "pii.contact.email_address")])
        self.assertNotIn("p1@example.com", scanned.stdout + scanned.stderr)
        listed = self.pii("list")
        self.assertIn("EMAIL_ADDRESS", listed.stdout)
        self.assertEqual(self.pii("scan", "no_such_table").returncode, 1)


if __name__ == "__main__":
    unittest.main()
