#!/usr/bin/env python3
"""Kills the server, or its workers, at random points of statements that write, with a check after each: writes, commits,
checkpoints, OPTIMIZE, VACUUM, RESTORE; see tests/support/kills.py. DuckDB's delta extension and delta-rs read the table now and then.
Ends with "N passed, N failed"."""
import argparse
import collections
import pathlib
import random
import shutil
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance")]
import suite  # noqa: E402

suite.run_in_judges_environment()
from judges import DeltaRs, DuckDb  # noqa: E402
from kills import Kills  # noqa: E402
from server import LOST, Server, StatementError  # noqa: E402
from threads import end_after  # noqa: E402

SECONDS_EACH = 20  # Many times what a kill and its checks take.


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    judges = [DuckDb(), DeltaRs()]
    passed, failed, counts = 0, 0, collections.Counter()
    # Two lakes, one after the other: both kinds of checkpoints.
    for half, policy in enumerate(("classic", "v2")):
        server = Server(args.binary, settings={"vacuum.short_retention": "true", "log_level": "error"}).start()
        watch = end_after(300 + SECONDS_EACH * args.kills, lambda: server.stop(signal.SIGKILL))
        kills = Kills(server, args.seed + half, policy)
        wrong, number = None, 0
        try:
            for number in range(args.kills // 2):
                kills.once()
                passed += 1
                if number % 25 == 24:
                    rows = sorted((i, *row) for i, row in kills.state.items())
                    for judge in judges:
                        seen = sorted(judge.rows(kills.location, "id, part, value")[1])
                        assert seen == rows, f"{judge.name} reads other rows"
            kills.finish()
            passed += 1
        except (AssertionError, StatementError, *LOST) as error:
            wrong = error
            print(f"kill {number} of the {policy} half: {kills.last}: {error}")
            failed += 1
        server.stop()
        watch.cancel()
        counts.update(kills.counts)
        if wrong is None:
            shutil.rmtree(server.lake, ignore_errors=True)
        else:
            print(f"the lake is kept: {server.lake}")
    for part, name in ((0, "statements"), (1, "points"), (2, "victims"), (3, "answers")):
        sums = collections.Counter()
        for description, count in counts.items():
            sums[description[part]] += count
        print(f"{name}: {dict(sums)}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
