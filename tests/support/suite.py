"""Runs the unittest modules beside a run.py and closes with "N passed, N failed". A suite that needs the judges' Python
packages re-executes itself in their virtual environment, which scripts/bootstrap.sh --tests makes."""
import argparse
import os
import pathlib
import sys
import unittest

BINARY = None


def judges_python():
    cache = os.environ.get("NEUROLAKE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "neurolake")
    return os.path.join(cache, "judges", "bin", "python")


def run_in_judges_environment():
    if pathlib.Path(sys.prefix) != pathlib.Path(judges_python()).parent.parent:
        os.execv(judges_python(), [judges_python()] + sys.argv)


def main(folder, needs_judges=False):
    global BINARY
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", default="test*.py", help="pattern of modules")
    parser.add_argument("--failfast", action="store_true", help="stop at the first failure")
    args = parser.parse_args()
    if needs_judges:
        run_in_judges_environment()
    BINARY = os.path.abspath(args.binary)
    os.environ["TESTED_BINARY"] = BINARY
    sys.path.insert(0, str(folder))
    suite = unittest.defaultTestLoader.discover(str(folder), pattern=args.only, top_level_dir=str(folder))
    result = unittest.TextTestRunner(verbosity=2 if sys.stdout.isatty() else 1, failfast=args.failfast).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    passed = max(0, result.testsRun - failed - skipped)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or result.testsRun == skipped else 0)


def here(file):
    return pathlib.Path(file).resolve().parent
