"""How the engine does on the evaluation set, by the measure of `neurolake eval`: a change that makes an answer wrong fails."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import domains
from server import Server

BINARY = os.environ["TESTED_BINARY"]
MODELS = pathlib.Path(__file__).resolve().parent / "models"


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(BINARY, settings={"ask.models": str(MODELS)}).start()
        for domain in domains.DOMAINS:
            domains.load(domains.make_data(domain), cls.server, domain, cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def measure(self, domain, split="all"):
        """The line over all classes, as (accuracy, coverage, silently wrong, refusals right) in percent."""
        run = subprocess.run([BINARY, "--server", self.server.url, "--format", "json", "eval", "--model", domain, "--schema", domain,
                              "--split", split, "--show", "wrong", "--questions", str(domains.HERE / f"{domain}.jsonl")],
                             env={**os.environ, "NEUROLAKE_TOKEN": self.server.admin_token}, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        last = json.loads(run.stdout)[-1] if run.stdout.startswith("[") else json.loads(run.stdout.splitlines()[-1])
        numbers = [float(re.sub("[ %]", "", last[name])) for name in ("accuracy", "coverage", "silently wrong", "refusals right")]
        print(f"{domain}, {split}: accuracy {numbers[0]} %, coverage {numbers[1]} %, silently wrong {numbers[2]} %, "
              f"refusals right {numbers[3]} %")
        return numbers, run.stderr


if __name__ == "__main__":
    unittest.main()
