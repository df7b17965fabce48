#!/usr/bin/env python3
"""Questions read by a real model on this machine, SmolLM2 by llama.cpp: behind a server by OpenAI's protocol, and from its file by
neurolake-llm. It is far too small to read them rightly; whatever it says, nothing wrong may be answered as if it were ours.
And what neurolake-llm itself does with requests, good and bad. Ends with "N passed, N failed"."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]
import mcp_client  # noqa: E402
import ports  # noqa: E402
from server import Server  # noqa: E402

CACHE = pathlib.Path(os.environ.get("NEUROLAKE_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "neurolake"))
MODEL = """
semantic_model: shop
entities:
  - name: orders
    table: main.orders
    dimensions: [{name: status}]
    measures: [{name: revenue, expr: amount}]
"""
QUESTIONS = ("how lucrative was each status", "what came in altogether", "which status earns most")
SECONDS_MAX = 300


def model_file():
    """The small model."""
    return next((CACHE / "smollm2").glob("*.gguf"))


def start_model(port):
    """llama.cpp's server with the small model, on one thread's worth of priority."""
    model = model_file()
    process = subprocess.Popen([sys.executable, "-m", "cyllama.llama.server", "--server-type", "python", "--ctx-size", "8192", "--port",
                                str(port), "-m", str(model)], cwd=CACHE / "llama", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS_MAX
    while time.monotonic() < until:
        try:
            body = {"model": "local", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1, "temperature": 0}
            request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                             {"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=60).read()
            return process
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
    process.kill()
    sys.exit("the model did not start: scripts/bootstrap.sh --slow brings it")


def check(answer, source):
    """Of an answer by a model: it says so, or there is none."""
    if answer["status"] == "abstained":
        return "language model" in answer["reason"]
    return answer["source"] == source and answer["confidence"] <= 0.5


def ask_all(binary, source, settings):
    """(passed, failed) of the questions, of a server whose task "ask" has the model `source`."""
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "shop.yaml").write_text(MODEL)
        settings = {"ask.models": folder, "models.routes": f"ask={source}", "models.timeout": f"{SECONDS_MAX}s",
                    "ask.model_timeout": f"{SECONDS_MAX}s", "models.attempts_max": "1", **settings}
        with Server(binary, settings=settings) as server:
            for statement in ("CREATE TABLE orders (status STRING, amount BIGINT)", "INSERT INTO orders VALUES ('open', 1), ('done', 2)",
                              "GRANT EXECUTE ON ALL MODELS TO PUBLIC"):
                server.sql(statement)
            for question in QUESTIONS:
                _, _, text = server.request("POST", "/v1/ask", {"question": question}, server.admin_token, timeout=2 * SECONDS_MAX)
                answer = json.loads(text)
                good = check(answer, source)
                passed, failed = passed + good, failed + (not good)
                print(source, question, "->", answer["status"], answer.get("reason", answer.get("answer")))
            found, error = mcp_client.Http(server, "admin").call("search_catalog", {"query": "orders"})
            good = error is None and [table["name"] for table in found["tables"]] == ["orders"]
            passed, failed = passed + good, failed + (not good)
    return passed, failed


class Program:
    """A neurolake-llm that is spoken to by hand."""

    def __init__(self, binary, model, context="2048", threads="2", memory=2 << 30):
        program = pathlib.Path(binary).parent / "neurolake-llm"
        self.process = subprocess.Popen([program, model, context, threads, str(memory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env={})
        self.first = self.read()

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def tell(self, **line):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, text, number=1, **more):
        """(text, last line) of the answer."""
        self.tell(**{"id": number, "op": "chat", "messages": [{"role": "user", "text": text}], "tokens_max": 30, "temperature": 0,
                     "stream": False, **more})
        said = ""
        while True:
            line = self.read()
            said += line.get("piece", "")
            if "done" in line or "error" in line:
                return said, line

    def end(self):
        self.process.stdin.close()
        return self.process.wait(30)


CITY = {"type": "object", "properties": {"city": {"enum": ["Lima", "Oslo"]}, "sure": {"type": "boolean"}},
        "required": ["city", "sure"], "additionalProperties": False}


def by_hand(binary):
    """What neurolake-llm does, as (name, whether it was so)."""
    program = Program(binary, model_file())
    yield "it is ready", program.first == {"ready": True}
    status = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    yield "it is closed in", "Seccomp:\t2" in status
    said, last = program.ask("Where is it? Answer with a city.", schema=CITY, tokens_max=200)
    answer = json.loads(said)
    yield "an answer keeps to its schema", answer["city"] in ("Lima", "Oslo") and isinstance(answer["sure"], bool)
    yield "its end is said", last["done"]["stop"] == "end" and 0 < last["done"]["output"] <= 200
    again, _ = program.ask("Where is it? Answer with a city.", schema=CITY, tokens_max=200)
    yield "the same question has the same answer", again == said
    said, last = program.ask("Tell me a long story.", tokens_max=7)
    yield "it is cut off at its limit", (last["done"]["stop"], last["done"]["output"]) == ("length", 7)
    streamed, last = program.ask("Tell me a long story.", tokens_max=7, stream=True)
    yield "a stream is the same text", streamed == said
    plain = program.ask("x", tokens_max=1)[1]["done"]["input"]
    marked = program.ask("<|im_end|>", tokens_max=1)[1]["done"]["input"]
    yield "a mark in a message is text", marked > plain + 2
    _, last = program.ask("word " * 5000)
    yield "a prompt that is too long is refused", last["error"] == "too_large"
    _, last = program.ask("x", schema={"type": "nonsense"})
    yield "a schema that is none is refused", last["error"] == "invalid"
    program.tell(id=50, op="chat", messages=[{"role": "user", "text": "Tell me a long story."}], tokens_max=1900, temperature=0, stream=True)
    program.read()
    program.tell(cancel=50)
    while "id" in (line := program.read()) and "piece" in line:
        pass
    yield "a request can be given up", line.get("error") == "cancelled"
    program.tell(id=51, op="embed", texts=["a dog barks", "a dog is barking", "quarterly revenue"])
    vectors = [program.read()["vector"] for _ in range(3)]
    yield "vectors have length 1", all(abs(sum(x * x for x in v) - 1) < 1e-3 for v in vectors) and len(set(map(len, vectors))) == 1
    near, far = (sum(a * b for a, b in zip(vectors[0], other)) for other in vectors[1:])
    yield "what means the same is nearer", near > far
    yield "and their tokens are counted", program.read()["done"]["input"] > 3
    yield "it ends with its input", program.end() == 0
    small = Program(binary, model_file(), memory=128 << 20)
    yield "without enough memory it says so", "models.local.memory" in small.first["message"]
    with tempfile.NamedTemporaryFile(suffix=".gguf") as broken:
        broken.write(b"GGUF\3\0\0\0" + b"\xff" * 200)
        broken.flush()
        yield "a broken file is refused", Program(binary, broken.name).first["error"] == "invalid"


def embeddings(binary):
    """MiniLM by neurolake-llm: the cosines that its makers give, and tables that are found by it."""
    file = CACHE / "minilm" / "all-MiniLM-L6-v2.gguf"
    program = Program(binary, file, threads="1")
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    program.tell(id=1, op="embed", texts=texts)
    first, *others = [program.read()["vector"] for _ in texts]
    near = [sum(a * b for a, b in zip(first, other)) for other in others]
    yield "cosines are its makers'", all(abs(a - b) < 0.002 for a, b in zip(near, (0.695, 0.943, 0.257)))
    yield "it is no model to talk with", program.read()["done"]["input"] == 29 and program.ask("Hello")[1]["error"] == "not_supported"
    yield "it ends", program.end() == 0
    with Server(binary, settings={"retrieval.embeddings": f"local:{file}"}) as server:
        server.sql("CREATE TABLE t1 (a INT)")
        server.sql("COMMENT ON TABLE t1 IS 'how much customers spent'")
        server.sql("CREATE TABLE t2 (a INT)")
        server.sql("COMMENT ON TABLE t2 IS 'weather of each day'")
        found, _ = mcp_client.Http(server, "admin").call("search_catalog", {"query": "expenditure of clients"})
        yield "what means the same is found", [table["name"] for table in found["tables"]] == ["t1"]
        kept = pathlib.Path(server.lake, "retrieval", "vectors.log").read_bytes()
        yield "its dimension is kept", b'"dimension":384' in kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    args = parser.parse_args()
    passed = failed = 0
    for name, good in [*by_hand(args.binary), *embeddings(args.binary)]:
        passed, failed = passed + good, failed + (not good)
        print(name, "" if good else "- NOT SO")
    port = ports.free_port()
    process = start_model(port)
    try:
        found = [ask_all(args.binary, "openai:local", {"models.openai.url": f"http://127.0.0.1:{port}/v1"})]
    finally:
        process.terminate()
        process.wait()
    file = model_file()
    found.append(ask_all(args.binary, f"local:{file.name}", {"models.local.folder": file.parent, "retrieval.embeddings": f"local:{file.name}"}))
    passed, failed = passed + sum(p for p, _ in found), failed + sum(f for _, f in found)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
