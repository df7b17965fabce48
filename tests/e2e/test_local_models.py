"""Models in files: what is said when the optional component, or the file, is not there, and questions that are read by a program
in neurolake-llm's place. The real one is in tests/slow/local_model.py."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import mcp_client
from language_model import reading
from server import Server
from shop import BINARY, MODEL, SETUP

QUESTION = "how lucrative was each status"
BY_STATUS = reading({"output": "table", "metrics": [{"metric": "revenue"}],
                     "dimensions": [{"field": {"entity": "orders", "name": "status"}}]})

#: What it is told is in the file `asked` beside it; what it says, in `says`.
PROGRAM = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "starts", "a") as starts:
    starts.write(json.dumps(sys.argv[1:]) + "\\n")
print('{{"ready":true}}', flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    with open(here / "asked", "a") as log:
        log.write(line)
    says = (here / "says").read_text()
    if says == "crash":
        os.abort()
    if "texts" in asked:
        for text in asked["texts"]:
            print(json.dumps({{"id": asked["id"], "vector": [1.0, float("money" in text)]}}))
        print(json.dumps({{"id": asked["id"], "done": {{"input": 1}}}}), flush=True)
    else:
        print(json.dumps({{"id": asked["id"], "piece": says, "done": {{"stop": "end", "input": 100, "output": 10}}}}), flush=True)
"""


def start_that_fails(**settings):
    """What a server says that does not start."""
    with tempfile.TemporaryDirectory() as lake:
        flags = [f"--{name}={value}" for name, value in {"http.port": 0, **settings}.items()]
        ran = subprocess.run([BINARY, "--lake", lake, *flags, "serve"], capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stderr


class NotThere(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = self.folder / "neurolake-llm"
        self.program.write_text("#!/bin/sh\n")
        self.program.chmod(0o700)

    def refusal(self, route, **settings):
        code, said = start_that_fails(**{"models.routes": f"ask=local:{route}", "models.local.program": self.program, **settings})
        self.assertNotEqual(code, 0)
        self.assertIn("models.routes", said)
        return said

    def test_without_the_component_it_is_said_how_to_have_it(self):
        (self.folder / "toy.gguf").write_bytes(b"GGUF")
        said = self.refusal(self.folder / "toy.gguf", **{"models.local.program": self.folder / "not-there"})
        self.assertIn("make llm", said)
        self.assertIn("models.local.program", said)

    def test_a_file_that_is_not_there(self):
        said = self.refusal(self.folder / "none.gguf")
        self.assertIn(f"there is no file with a model: {self.folder / 'none.gguf'}", said)
        said = self.refusal("none.gguf", **{"models.local.folder": self.folder})
        self.assertIn(str(self.folder / "none.gguf"), said)

    def test_a_file_that_is_no_model(self):
        (self.folder / "words.gguf").write_text("Once upon a time")
        said = self.refusal(self.folder / "words.gguf")
        self.assertIn("no model in GGUF", said)
        self.assertNotIn("Once", said)

    def test_an_unknown_kind(self):
        code, said = start_that_fails(**{"models.routes": "ask=remote:x"})
        self.assertNotEqual(code, 0)
        self.assertIn("openai, anthropic or local", said)

    def test_embeddings_stay_on_this_machine(self):
        code, said = start_that_fails(**{"retrieval.embeddings": "openai:large", "models.external": "true"})
        self.assertNotEqual(code, 0)
        self.assertIn("has to stay on this machine", said)


class Asked(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        program = self.folder / "neurolake-llm"
        program.write_text(PROGRAM.format(python=sys.executable))
        program.chmod(0o700)
        (self.folder / "toy.gguf").write_bytes(b"GGUF")
        (self.folder / "models").mkdir()
        (self.folder / "models" / "shop.yaml").write_text(MODEL)
        self.says(BY_STATUS)
        self.settings = {"ask.models": self.folder / "models", "models.local.program": program, "models.local.folder": self.folder,
                         "models.attempts_max": 1, "models.cache_bytes": 0}

    def says(self, what):
        (self.folder / "says").write_text(what if isinstance(what, str) else json.dumps(what))

    def lines(self, name):
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def start(self, **settings):
        server = Server(BINARY, settings={**self.settings, **settings}).start()
        self.addCleanup(server.__exit__)
        for statement in SETUP:
            server.sql(statement)
        return server

    def ask(self, server, question=QUESTION, user="admin"):
        code, _, text = server.request("POST", "/v1/ask", {"question": question, "as_of": "2025-04-02"}, server.token_of(user))
        self.assertEqual(code, 200, text)
        return json.loads(text)

    def test_its_reading_is_answered_for_those_who_may_use_it(self):
        server = self.start(**{"models.routes": "ask=local:toy.gguf", "models.local.context": 4096})
        self.assertEqual(self.ask(server)["status"], "abstained")
        self.assertEqual(self.lines("starts"), [])  # Nobody may use it, so nothing was started.
        server.sql('GRANT EXECUTE ON MODEL "local:toy.gguf" TO ROLE admin')
        answer = self.ask(server)
        self.assertEqual((answer["status"], answer["source"]), ("answered", "local:toy.gguf"), answer)
        self.assertEqual(sorted((row[0], float(row[1])) for row in answer["rows"]), [("done", 1137.0), ("open", 50.0)])
        self.assertEqual(self.lines("starts"), [[str(self.folder / "toy.gguf"), "4096", "1", str(8 << 30)]])
        asked = self.lines("asked")[0]
        self.assertEqual((asked["op"], asked["temperature"]), ("chat", 0))
        self.assertIn("intent", json.dumps(asked["schema"]))
        self.assertEqual(self.ask(server, user="reader")["status"], "abstained")
        self.assertEqual(len(self.lines("asked")), 1)

    def test_one_that_crashes_costs_its_answer_and_is_started_again(self):
        server = self.start(**{"models.routes": "ask=local:toy.gguf"})
        server.sql("GRANT EXECUTE ON ALL MODELS TO PUBLIC")
        self.says("crash")
        answer = self.ask(server)
        self.assertEqual(answer["status"], "abstained")
        self.assertIn("not to be had now", answer["reason"])
        self.says(BY_STATUS)
        self.assertEqual(self.ask(server)["status"], "answered")
        self.assertEqual(len(self.lines("starts")), 2)

    def test_it_makes_the_embeddings(self):
        server = self.start(**{"retrieval.embeddings": "local:toy.gguf"})
        server.sql("COMMENT ON TABLE shop.orders IS 'what money was made with'")
        found, error = mcp_client.Http(server, "admin").call("search_catalog", {"query": "moneyed"})
        self.assertIsNone(error)
        self.assertIn("orders", [table["name"] for table in found["tables"]])
        told = [text for asked in self.lines("asked") for text in asked["texts"]]
        self.assertIn("moneyed", told)
        self.assertTrue(any("what money was made with" in text for text in told), told)
        # The model's name and dimension stand with the index.
        kept = pathlib.Path(server.lake, "retrieval", "vectors.log").read_bytes()
        self.assertIn(b'"model":"local:toy.gguf","dimension":2', kept)


if __name__ == "__main__":
    unittest.main()
