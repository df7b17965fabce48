#!/usr/bin/env python3
"""Questions read by a real model on this machine: SmolLM2 behind llama.cpp, by OpenAI's protocol. It is far too small to read
them rightly; whatever it says, nothing wrong may be answered as if it were ours. Ends with "N passed, N failed"."""
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


def start_model(port):
    """llama.cpp's server with the small model, on one thread's worth of priority."""
    model = next((CACHE / "smollm2").glob("*.gguf"))
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


def check(answer):
    """Of an answer by a model: it says so, or there is none."""
    if answer["status"] == "abstained":
        return "language model" in answer["reason"]
    return answer["source"] == "openai:local" and answer["confidence"] <= 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    args = parser.parse_args()
    port = ports.free_port()
    process = start_model(port)
    passed = failed = 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "shop.yaml").write_text(MODEL)
            settings = {"ask.models": folder, "models.routes": "ask=openai:local", "models.openai.url": f"http://127.0.0.1:{port}/v1",
                        "models.timeout": f"{SECONDS_MAX}s", "ask.model_timeout": f"{SECONDS_MAX}s", "models.attempts_max": "1"}
            with Server(args.binary, settings=settings) as server:
                for statement in ("CREATE TABLE orders (status STRING, amount BIGINT)", "INSERT INTO orders VALUES ('open', 1), ('done', 2)",
                                  "GRANT EXECUTE ON ALL MODELS TO PUBLIC"):
                    server.sql(statement)
                for question in QUESTIONS:
                    _, _, text = server.request("POST", "/v1/ask", {"question": question}, server.admin_token, timeout=2 * SECONDS_MAX)
                    answer = json.loads(text)
                    good = check(answer)
                    passed, failed = passed + good, failed + (not good)
                    print(question, "->", answer["status"], answer.get("reason", answer.get("answer")))
                calls = server.sql("SELECT 1")  # It still answers.
                passed += calls["rows"] == [[1]]
    finally:
        process.terminate()
        process.wait()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
