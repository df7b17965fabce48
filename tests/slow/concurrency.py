#!/usr/bin/env python3
"""Writers and readers at once for minutes, with the server killed in between: every acknowledged row is there exactly
once, no other row is, and each reader sees counts that only grow. Ends with "N passed, N failed"."""
import argparse
import pathlib
import random
import signal
import sys
import threading
import time
import urllib.error

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from server import Server, StatementError  # noqa: E402


class Run:
    def __init__(self, server, seed):
        self.server, self.seed = server, seed
        self.acknowledged, self.unknown, self.problems = set(), set(), []
        self.lock, self.done = threading.Lock(), threading.Event()

    def write(self, writer):
        chance = random.Random(self.seed + writer)
        number = 0
        while not self.done.is_set():
            number += 1
            ids = [writer * 10_000_000 + number * 100 + i for i in range(chance.randint(1, 5))]
            values = ", ".join(f"({i}, {writer})" for i in ids)
            try:
                self.server.sql(f"INSERT INTO t VALUES {values}")
                with self.lock:
                    self.acknowledged.update(ids)
            except StatementError as error:
                if error.problem["code"] not in ("Conflict", "Unavailable", "TooManyRequests"):
                    with self.lock:
                        self.unknown.update(ids)
            except (urllib.error.URLError, ConnectionError, OSError):
                with self.lock:
                    self.unknown.update(ids)
                self.done.wait(0.2)

    def read(self):
        last = 0
        while not self.done.is_set():
            try:
                count, distinct = self.server.sql("SELECT count(*), count(DISTINCT id) FROM t")["rows"][0]
            except (StatementError, urllib.error.URLError, ConnectionError, OSError):
                self.done.wait(0.2)
                continue
            if count != distinct:
                self.problems.append(f"a row twice: {count} rows, {distinct} ids")
            if count < last:
                self.problems.append(f"rows vanished: {last}, then {count}")
            last = count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    chance = random.Random(args.seed)
    with Server(args.binary, settings={"workers.count_max": "6", "log_level": "error"}) as server:
        server.sql("CREATE TABLE t (id BIGINT, writer BIGINT)")
        port = server.url.rsplit(":", 1)[1]
        server.settings["http.port"] = port
        run = Run(server, args.seed)
        threads = [threading.Thread(target=run.write, args=(w,)) for w in range(args.writers)]
        threads += [threading.Thread(target=run.read) for _ in range(3)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + args.seconds
        kills = 0
        while time.monotonic() < end:
            time.sleep(min(chance.uniform(4, 12), max(0.1, end - time.monotonic())))
            server.stop(signal.SIGKILL)
            server.start()
            kills += 1
        run.done.set()
        for thread in threads:
            thread.join()
        rows = [row[0] for row in server.sql("SELECT id FROM t")["rows"]]
    found = set(rows)
    checks = {
        "no row twice": len(rows) == len(found),
        "every acknowledged row is there": run.acknowledged <= found,
        "no row from nowhere": found <= run.acknowledged | run.unknown,
        "readers saw consistent, growing tables": not run.problems,
        "something was written": len(run.acknowledged) > 0,
    }
    for name, good in checks.items():
        print(("ok      " if good else "FAILED  ") + name)
    print("\n".join(run.problems[:10]))
    print(f"{len(rows)} rows, {len(run.acknowledged)} acknowledged, {len(run.unknown)} unknown, {kills} kills")
    print(f"{sum(checks.values())} passed, {len(checks) - sum(checks.values())} failed")
    sys.exit(0 if all(checks.values()) else 1)


if __name__ == "__main__":
    main()
