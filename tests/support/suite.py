"""Runs the unittest modules beside a run.py and closes with "N passed, N failed". A suite that needs the judges' Python
packages re-executes itself in their virtual environment, which scripts/bootstrap.sh --tests makes."""
import argparse
import fnmatch
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


def modules(folder, pattern, part):
    """Names of the test modules; of part (k, n) each n-th from the k-th on, so that parts are about as long."""
    names = sorted(path.stem for path in folder.glob("test*.py") if fnmatch.fnmatch(path.name, pattern))
    return names[part[0] - 1::part[1]]


def part_of(text):
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"a part is K/N with K from 1 to N, not: {text}")
    return int(number), int(count)


def main(folder, needs_judges=False):
    global BINARY
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", default="test*.py", help="pattern of modules")
    parser.add_argument("--part", type=part_of, default=(1, 1), metavar="K/N", help="of the modules, for lanes beside each other")
    parser.add_argument("--failfast", action="store_true", help="stop at the first failure")
    args = parser.parse_args()
    if needs_judges:
        run_in_judges_environment()
    BINARY = os.path.abspath(args.binary)
    os.environ["TESTED_BINARY"] = BINARY
    sys.path.insert(0, str(folder))
    suite = unittest.defaultTestLoader.loadTestsFromNames(modules(folder, args.only, args.part))
    result = unittest.TextTestRunner(verbosity=2 if sys.stdout.isatty() else 1, failfast=args.failfast).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    passed = max(0, result.testsRun - failed - skipped)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or result.testsRun == skipped else 0)


def here(file):
    return pathlib.Path(file).resolve().parent
