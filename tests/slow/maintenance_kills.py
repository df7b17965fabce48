#!/usr/bin/env python3
"""Kills the server in the middle of OPTIMIZE, VACUUM and RESTORE; see tests/support/kills.py. Ends with "N passed,
N failed"."""
import argparse
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from kills import MaintenanceKills  # noqa: E402
from server import Server  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    server = Server(args.binary, settings={"vacuum.short_retention": "true"}).start()
    passed, failed = 0, 0
    try:
        kills = MaintenanceKills(server, args.seed)
        for number in range(args.kills):
            try:
                kills.once()
                passed += 1
            except AssertionError as error:
                print(f"kill {number}: {error}")
                failed += 1
                break
    finally:
        server.stop()
        if failed:
            print(f"the lake is kept: {server.lake}")
        else:
            shutil.rmtree(server.lake, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
