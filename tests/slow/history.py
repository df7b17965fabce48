#!/usr/bin/env python3
"""Eight writers with mixed DML, readers and maintenance for minutes, workers and the server killed in between; see
tests/support/history.py for what is checked. DuckDB's delta extension and delta-rs read the tables in the end. Ends with "N passed, N failed"."""
import argparse
import atexit
import collections
import pathlib
import random
import shutil
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance")]
import suite  # noqa: E402

suite.run_in_judges_environment()
from history import History, Judge, settle  # noqa: E402
from judges import DeltaRs, DuckDb  # noqa: E402
from kills import kill_workers  # noqa: E402
from server import Server  # noqa: E402
from threads import Threads, end_after  # noqa: E402

JUDGE_SECONDS = 900  # Beside twice the time of the run.


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--no-kills", action="store_true")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    chance = random.Random(args.seed)
    server = Server(args.binary, settings={"workers.count_max": "6", "log_level": "error"}).start()
    atexit.register(server.stop, signal.SIGKILL)
    server.settings["http.port"] = server.url.rsplit(":", 1)[1]
    history = History(server, args.seed, args.writers, args.readers)
    done, killed, running = threading.Event(), [], threading.Lock()
    killer = Threads()
    watch = end_after(2 * args.seconds + JUDGE_SECONDS, lambda: server.stop(signal.SIGKILL))
    end, kills = time.monotonic() + args.seconds, 0
    try:
        history.start()
        if not args.no_kills:
            killer.start(kill_workers, server, random.Random(args.seed - 1), done, killed, running)
        while time.monotonic() < end and not history.threads.failures:
            time.sleep(min(chance.uniform(4, 12), max(0.1, end - time.monotonic())))
            if not args.no_kills:
                with running:
                    server.stop(signal.SIGKILL)
                    server.start()
                kills += 1
    finally:
        done.set()
        history.finish()
        killer.join(60)
    history.problems += killer.failures
    settle(server)
    judge = Judge(history)
    judge.judge()
    judge.others([DuckDb(), DeltaRs()])
    problems = judge.problems
    server.stop()
    watch.cancel()
    counts = collections.Counter(operation.outcome for operation in history.operations)
    checks = {"every statement has its effect exactly once or not at all, and every reader saw one version": not problems,
              "something was written": judge.committed > args.seconds // 2,
              "something was read": len(history.observations) > args.seconds // 2}
    for name, good in checks.items():
        print(("ok      " if good else "FAILED  ") + name)
    print("\n".join(problems[:20]))
    print(f"{sum(len(one) for one in judge.versions.values())} versions, {judge.committed} statements in them, "
          f"{dict(counts)}, refused: {history.refused}, {len(history.observations)} snapshots read, "
          f"{kills} kills of the server, {len(killed)} of workers")
    print({f"{said}, {found}": count for (said, found), count in sorted(judge.outcome_counts.items())})
    if problems:
        print(f"the lake is kept: {server.lake}")
    else:
        shutil.rmtree(server.lake, ignore_errors=True)
    print(f"{sum(checks.values())} passed, {len(checks) - sum(checks.values())} failed")
    sys.exit(0 if all(checks.values()) else 1)


if __name__ == "__main__":
    main()
