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
