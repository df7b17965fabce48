#!/usr/bin/env python3
"""Tests of rust/rego, by cargo, and those of the example bundle, by Open Policy Agent itself."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = pathlib.Path(os.environ.get("NEUROLAKE_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "neurolake")


def cargo():
    """(passed, failed) of the C interface's tests."""
    run = subprocess.run(["cargo", "test", "--release", "--locked", "--manifest-path", ROOT / "rust/rego/Cargo.toml"],
                         env={**os.environ, "CARGO_TARGET_DIR": str(CACHE / "rego-build"), "RUST_BACKTRACE": "0"},
                         capture_output=True, text=True)
    found = re.findall(r"^test result: \S+ (\d+) passed; (\d+) failed", run.stdout, re.M)
    passed, failed = sum(int(p) for p, _ in found), sum(int(f) for _, f in found)
    if run.returncode != 0 or passed == 0:
        print(run.stdout[-3000:], run.stderr[-3000:])
        failed = max(failed, 1)
    return passed, failed


def example():
    run = subprocess.run([CACHE / "opa/opa", "test", "--format", "json", "-b", HERE / "example"], capture_output=True, text=True)
    try:
        results = json.loads(run.stdout)
    except json.JSONDecodeError:
        print(run.stdout[-3000:], run.stderr[-3000:])
        return 0, 1
    failed = [one["name"] for one in results if one.get("fail") or one.get("error")]
    for name in failed:
        print("fails in Open Policy Agent:", name)
    return len(results) - len(failed), len(failed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")  # As every suite's; nothing of it is run here.
    parser.parse_args()
    passed = failed = 0
    for p, f in (cargo(), example()):
        passed, failed = passed + p, failed + f
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
