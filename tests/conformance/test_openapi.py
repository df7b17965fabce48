"""The OpenAPI document is one, by an outside validator, and the server does what it says, by schemathesis."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from openapi_spec_validator import validate

from server import Server

HERE = pathlib.Path(__file__).resolve().parent


class Document(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Hundreds of passwords are hashed here.
        cls.server = Server(os.environ["TESTED_BINARY"],
                            settings={"passwords.memory": "8MiB", "passwords.passes": "1"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_it_is_valid_openapi_3_1(self):
        validate(json.loads(self.server.request("GET", "/v1/openapi.json")[2]))

    def test_the_server_answers_as_the_document_says(self):
        tokens = json.loads(self.server.request("GET", "/v1/tokens", None, self.server.admin_token)[2])["tokens"]
        own = next(token["id"] for token in tokens if self.server.admin_token.startswith(token["prefix"]))
        command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"),
                   "--config-file", str(HERE / "schemathesis.toml"), "run", self.server.url + "/v1/openapi.json",
                   "-H", f"Authorization: Bearer {self.server.admin_token}", "--no-color"]
        with tempfile.TemporaryDirectory() as folder:  # For what it keeps between runs, which would make runs differ.
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300,
                                 env={**os.environ, "SCHEMATHESIS_OWN_TOKEN_ID": own,
                                      "SCHEMATHESIS_HOOKS": str(HERE / "openapi_hooks.py")})
        self.assertEqual(run.returncode, 0, run.stdout[-8000:] + run.stderr[-2000:])
        self.assertRegex(run.stdout, r"Selected: (\d+)/\1\n +Tested: \1\n")
        self.assertEqual(self.server.request("GET", "/health")[0], 200)


if __name__ == "__main__":
    unittest.main()
