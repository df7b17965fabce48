#!/usr/bin/env python3
"""Every file operation of every statement of tests/support/file_faults.py goes wrong in every way, each time on a table of its
own. Ends with "N passed, N failed"."""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import faults  # noqa: E402
from file_faults import CASES, FileFaults  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", default="", help="part of the names of the cases to run")
    args = parser.parse_args()
    passed, failed = 0, 0
    for case in [case for case in CASES if args.only.lower() in case.name.lower()]:
        for kind in faults.KINDS:
            bench = FileFaults(args.binary)
            try:
                print(f"{case.name}, {faults.NAMES[kind]}: {bench.run(case, kind)} operations", flush=True)
                passed += 1
            except AssertionError as wrong:
                print(f"FAILED {wrong}", flush=True)
                failed += 1
            finally:
                bench.close()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
