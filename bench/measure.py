"""What every benchmark measures with: a client of the HTTP door as a busy program would have it, a stop watch, peak memory,
and the table of results."""
import datetime
import http.client
import json
import os
import pathlib
import platform
import subprocess
import sys
import threading
import time

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from server import Server  # noqa: E402,F401


def timed(call):
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


class Client:
    """One kept-alive connection, so that a small statement is not measured with a handshake."""

    def __init__(self, server):
        self.server = server
        host = server.url.split("://")[1]
        self.connection = http.client.HTTPConnection(host, timeout=600)
        self.options = {}  # Of every statement, as docs/http.md has them.
        self.headers = {"Authorization": f"Bearer {server.admin_token}", "Content-Type": "application/json"}

    def sql(self, statement):
        self.connection.request("POST", "/v1/sql", json.dumps({"statement": statement, **self.options}), self.headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200 or answer.get("error"):
            raise RuntimeError(f"{statement[:80]}: {answer}")
        return answer["rows"]


class MemoryPeak:
    """Memory of a process and its descendants while the block runs: the largest sum of their resident sets, by samples,
    and the largest of one, by the kernel's own high-water mark, which misses nothing."""

    def __init__(self, process_id):
        self.process_id = process_id
        self.sum_bytes = self.one_bytes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.sample)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.ended.set()
        self.thread.join()

    def family(self):
        children = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
            except OSError:  # It ended meanwhile.
                continue
        family = [self.process_id]
        for parent in family:
            family += children.get(parent, [])
        return family

    def sample(self):
        while not self.ended.wait(0.05):
            total = 0
            for process in self.family():
                try:
                    status = dict(line.split(":", 1) for line in open(f"/proc/{process}/status"))
                except OSError:
                    continue
                total += int(status.get("VmRSS", "0 kB").split()[0]) * 1024
                self.one_bytes = max(self.one_bytes, int(status.get("VmHWM", "0 kB").split()[0]) * 1024)
            self.sum_bytes = max(self.sum_bytes, total)

    def __str__(self):
        return (f"peak memory {self.sum_bytes / 1e9:.2f} GB in all processes, "
                f"{self.one_bytes / 1e9:.2f} GB in the largest")


def record(results):
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True,
                            text=True).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    lines = [f"\n## {datetime.date.today()}, commit {commit}", "",
             f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {cpu}; DuckDB {duckdb.__version__} as peer "
             "where a line names no other.",
             "", "| what | NeuroLake | peer | unit | ratio | goal | note |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for r in results:
        lines.append(f"| {r['name']} | {r['ours']:.2f} | {r['peer']:.2f} | {r['unit']} | {r['ours'] / r['peer']:.2f} | "
                     f"{r['goal']} | {r['note']} |")
    path = ROOT / "bench" / "RESULTS.md"
    if not path.exists():
        path.write_text("# Benchmark results\n\n`make bench` appends here. Ratios are of one run; below 1 is faster than the "
                        "peer.\n")
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))
