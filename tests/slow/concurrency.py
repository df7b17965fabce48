#!/usr/bin/env python3
"""Writers and readers at once for minutes, with the server killed in between: every acknowledged row is there exactly
once, no other row is, and each reader sees counts that only grow. Ends with "N passed, N failed"."""
import argparse
import os
import pathlib
import random
import signal
import sys
import threading
import time
import urllib.error

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from server import Server, StatementError, children  # noqa: E402


class Run:
    def __init__(self, server, seed):
        self.server, self.seed = server, seed
        self.acknowledged, self.unknown, self.problems = set(), set(), []
        self.failed, self.workers_killed = set(), 0
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
                none = error.problem["code"] in ("Conflict", "Unavailable", "TooManyRequests", "WorkerLost")
                with self.lock:
                    (self.failed if none else self.unknown).update(ids)
            except (urllib.error.URLError, ConnectionError, OSError):
                with self.lock:
                    self.unknown.update(ids)
                self.done.wait(0.2)

    def violate(self):
        """What must never get into a group, from somebody who keeps trying."""
        number = 0
        while not self.done.is_set():
            number += 1
            try:
                self.server.sql(f"INSERT INTO t VALUES ({-number}, -1)")
                self.problems.append("a row got past its constraint")
            except StatementError as error:
                if error.problem["code"] not in ("CheckViolation", "Conflict", "Unavailable", "TooManyRequests", "WorkerLost"):
                    self.problems.append(f"a violation was answered with {error.problem['code']}")
            except (urllib.error.URLError, ConnectionError, OSError):
                self.done.wait(0.2)

    def kill_workers(self):
        """A worker now and then: of a member, of a group, or of a reader."""
        chance = random.Random(self.seed - 1)
        while not self.done.wait(chance.uniform(0.5, 3)):
            try:
                os.kill(chance.choice(children(self.server.process.pid)), signal.SIGKILL)
                self.workers_killed += 1
            except (AttributeError, OSError, IndexError):
                continue  # Between two servers.

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
        server.sql("ALTER TABLE t ADD CONSTRAINT positive CHECK (id >= 0)")
        port = server.url.rsplit(":", 1)[1]
        server.settings["http.port"] = port
        run = Run(server, args.seed)
        threads = [threading.Thread(target=run.write, args=(w,)) for w in range(args.writers)]
        threads += [threading.Thread(target=run.read) for _ in range(3)]
        threads += [threading.Thread(target=run.violate), threading.Thread(target=run.kill_workers)]
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
        metrics = [entry[0] for entry in server.sql(
            "SELECT stages FROM system.queries WHERE kind = 'INSERT' AND state = 'succeeded'")["rows"]]
        grouped = sum("group_us" in str(stages) for stages in metrics)
    found = set(rows)
    checks = {
        "no row twice": len(rows) == len(found),
        "every acknowledged row is there": run.acknowledged <= found,
        "no row from nowhere": found <= run.acknowledged | run.unknown,
        "no row of a statement that failed": not found & run.failed,
        "some INSERTs met in groups": grouped > 0,
        "readers saw consistent, growing tables": not run.problems,
        "something was written": len(run.acknowledged) > 0,
    }
    for name, good in checks.items():
        print(("ok      " if good else "FAILED  ") + name)
    print("\n".join(run.problems[:10]))
    print(f"{len(rows)} rows, {len(run.acknowledged)} acknowledged, {len(run.unknown)} unknown, {len(run.failed)} failed, "
          f"{grouped} INSERTs in groups, {kills} kills of the server, {run.workers_killed} of workers")
    print(f"{sum(checks.values())} passed, {len(checks) - sum(checks.values())} failed")
    sys.exit(0 if all(checks.values()) else 1)


if __name__ == "__main__":
    main()
