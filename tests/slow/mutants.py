#!/usr/bin/env python3
"""Takes away lines that enforce policies, one at a time, and expects a test to fail for each: a sample of
enforcement.mutants, or all with --sample 0. Ends with "N passed, N failed"; a failure is a mutant that every test let live,
or a test that fails without any.

One copy of the sources below build/mutants has all mutants compiled in, each switched by the environment, and is built
once. The list says which test noticed each the last time: that is tried first. For those that it lets live a run of all
tests without a mutant tells in which of them each would have gone another way; those are tried, cheapest first, until one
fails. A test that does not end is none that noticed. build/mutants/results.json has what came of each; an interrupted run
goes on from it with --continue, and --note keeps in the list what it found."""
import argparse
import collections
import concurrent.futures
import functools
import hashlib
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "support"))
import mutants  # noqa: E402

COPY = ROOT / "build" / "mutants" / "tree"
BINARY = "build/release/bin/neurolake"

PROGRAMS = ["net", "storage", "audit", "privacy", "catalog", "models", "engine_duckdb", "governance", "query", "orchestration",
            "ask_service", "ask_conversation", "server_http", "server_mcp", "cli"]
#: Of attack all, of e2e those about rights. Suites that kill, race or measure say nothing about who may what.
ATTACKS_NOT = {"test_mutants.py", "test_coverage.py"}
E2E = ["ask", "ask_doors", "ask_mcp", "ask_models", "audit", "cli", "erasure", "expectations", "http", "identity", "keys",
       "lineage", "mcp", "model_grants", "personal_data", "policies_rego", "request_limits", "semantic_models",
       "shallow_clones"]

DEFINED = {"NL_SOURCE_DIR": "", "NL_BINARY": "/build/release/bin/neurolake"}
PLACES = [('NL_SOURCE_DIR="${CMAKE_SOURCE_DIR}"', f'NL_SOURCE_DIR="{ROOT}"'),
          ('NL_BINARY="${CMAKE_BINARY_DIR}/bin', f'NL_BINARY="{ROOT}/build/release/bin')]

UNIT_SECONDS_MAX = 900

#: Held where files are written, as several tests run at once.
WRITING = threading.Lock()


def sources(commit):
    """{path: content} of the repository as it lies here, or of a commit."""
    if commit:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            return {one.name: (files.extractfile(one).read(), one.mode) for one in files if one.isfile()}
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = {name: ROOT / name for name in filter(None, names.split("\0")) if (ROOT / name).is_file()}
    return {name: (path.read_bytes(), path.stat().st_mode & 0o777) for name, path in paths.items()}


def mutated(files, found):
    """The files with every mutant compiled in."""
    files = dict(files)

    def change(path, function):
        content, mode = files[path]
        files[path] = (function(content.decode()).encode(), mode)

    for path in sorted({mutant.path for mutant in found}):
        change(path, lambda text: mutants.with_all(text, [mutant for mutant in found if mutant.path == path]))
    for path, (before, after) in mutants.HANDED_ON.items():
        change(path, lambda text: mutants.with_all(text, [mutants.Mutant(path, before, "", 0, after)]))
    # Places stand in the compiler's arguments: with those of the sources' own build tests come from its cache, but for the few
    # that read them.
    change("cmake/Rooms.cmake", lambda text: functools.reduce(lambda text, one: text.replace(*one), PLACES, text))
    defined = "".join(f'#undef {name}\n#define {name} "{COPY}{below}"\n' for name, below in DEFINED.items())
    for path, (content, _) in list(files.items()):
        if "/tests/" in path and path.endswith((".cc", ".h")) and any(name.encode() in content for name in DEFINED):
            change(path, lambda text: defined + text)
    files["src/nl_mutants.h"] = (mutants.HEADER.encode(), 0o644)
    return files


def write_copy(files):
    """Writes what has changed, so that a copy that was built before builds that alone."""
    for path in [path for path in COPY.rglob("*") if path.is_file()]:
        name = str(path.relative_to(COPY))
        if name not in files and not name.startswith("build/"):
            path.unlink()
    for name, (content, mode) in files.items():
        path = COPY / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        path.chmod(mode)


def build():
    targets = ["neurolake", "neurolake-audit-verify", "neurolake-extract", *(name + "_tests" for name in PROGRAMS)]
    done = subprocess.run(["scripts/build.sh", "release", *targets], cwd=COPY, capture_output=True, text=True)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).splitlines()
        errors = [line for line in said if "error" in line] or said[-40:]
        sys.exit("the copy does not build:\n" + "\n".join(errors)[:6000] + "\n0 passed, 1 failed")


def digest(files, chosen):
    return hashlib.sha256(repr(sorted(one for one in files.items() if chosen(one[0]))).encode()).hexdigest()


def is_product(path):
    return path.startswith(("src/", "rust/", "cmake/", "tools/")) and "/tests/" not in path


def units(files):
    """{name: (command, digests of what decides how it goes and of the test's own)}: what is run by itself, in the copy."""
    found = {}
    product = digest(files, is_product)
    for program in PROGRAMS:
        binary = f"build/release/src/{program}_tests"
        sources = digest(files, lambda path: path.startswith("src/") and "/tests/" in path and
                         program == path[4:path.index("/tests/")].replace("/", "_"))
        listed = subprocess.run([COPY / binary, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            if not line.startswith((" ", "Running main")):
                suite = line.split("#")[0].strip()
                # On both kinds of metadata store the tests are the same: the first will do.
                which = "*/0" if suite.startswith("Kinds/") else "*"
                command = [binary, "--gtest_brief=1", "--gtest_fail_fast", f"--gtest_filter={suite}{which}"]
                found[f"{program} {suite}"] = command, product + sources, sources
    support = product + digest(files, lambda path: path.startswith("tests/support/"))
    for path in sorted((COPY / "tests" / "sql").rglob("*.test")):
        name = str(path.relative_to(COPY))
        command = ["python3", "tests/sql/run.py", "--failfast", "--metastore", "sqlite", "--binary", BINARY, name]
        sources = digest(files, lambda path: path in (name, "tests/sql/run.py"))
        found[name] = command, support + sources, sources
    for suite, names in (("attack", [path.name for path in sorted((COPY / "tests" / "attack").glob("test_*.py"))]),
                         ("e2e", [f"test_{name}.py" for name in E2E])):
        for name in names:
            path = f"tests/{suite}/{name}"
            # Attacks are lists beside their test.
            sources = digest(files, lambda other: other == path or suite == "attack" and "/attack/" in other and "/test_" not in other)
            if name not in ATTACKS_NOT:
                command = ["python3", f"tests/{suite}/run.py", "--failfast", "--binary", BINARY, "--only", name]
                found[path] = command, support + sources, sources
    return found


def run(command, number, seconds, seed, reached=None):
    """(whether it passed, None if it did not end in `seconds`; what it said). What it started ends with it."""
    environment = {**os.environ, mutants.VARIABLE: str(number), "ORACLE_QUERIES": "300", "ORACLE_SEED": str(seed),
                   "TWO_LAKES_QUERIES": "300", "WALKS": "10"}
    if reached:
        environment[mutants.REACHED] = str(reached)
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=COPY, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                   start_new_session=True)
        try:
            passed = process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            passed = None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        said.seek(0)
        return passed, said.read()


def write(path, content):
    with WRITING:
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps(content, indent=1))
        whole.rename(path)


def add(path, name, value):
    """Of a file that several write to."""
    with WRITING:
        content = json.loads(path.read_text()) if path.exists() else {}
        content[name] = value
        if value is None:
            del content[name]
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps(content))
        whole.rename(path)


#: What is known of units; by several threads at once, each of which looks at units that no other looks at.
LOOKING = collections.defaultdict(threading.Lock)


def profile(tests, seed, names, pool=None):
    """{unit: {"seconds", "reached"}} of those `names` that pass without a mutant, and the names of those that fail."""
    path = COPY.parent / "profile.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    failed = []

    def look(name):
        with LOOKING[name]:
            known = json.loads(path.read_text()) if path.exists() else {}
            if known.get(name, {}).get("sources") == tests[name][1]:
                kept[name] = known[name]
                return
            command, sources, _ = tests[name]
            with tempfile.TemporaryDirectory(prefix="nl-reached-") as directory:
                start = time.monotonic()
                passed, said = run(command, 0, UNIT_SECONDS_MAX, seed, directory)
                seconds = round(time.monotonic() - start, 2)
                reached = sorted(int(one) for one in os.listdir(directory))
            kept.pop(name, None)
            if passed:
                kept[name] = {"seconds": seconds, "reached": reached, "sources": sources}
            elif re.search(r"^0 passed, 0 failed, \d+ skipped$", said, re.M):
                print(f"skipped, as it lacks what it needs: {name}", flush=True)
            else:
                failed.append(name)
                print(f"FAILS without a mutant: {name}\n{said[-2000:]}", flush=True)
            add(path, name, kept.get(name))

    list((pool.map if pool else map)(look, names))
    return {name: kept[name] for name in names if name in kept}, failed


def is_failed_by(mutant, name, profiled, tests, seed):
    """A test that does not end says nothing: the machine may have been busy."""
    return run(tests[name][0], mutant.number, 60 + 5 * profiled[name]["seconds"], seed)[0] is False


def judge(mutant, profiled, tests, results, seed, patience):
    """The unit that noticed the mutant, None when nothing did within `patience` seconds, how many were tried, and how many could
    notice it."""
    # What noticed others in the same file is the likeliest to notice this one.
    kills = collections.Counter((one["by"], one["path"]) for one in list(results.values()))
    last = results.get(str(mutant.number), {}).get("by")
    reaching = sorted((name for name, unit in profiled.items() if mutant.number in unit["reached"]),
                      key=lambda name: (name != last, profiled[name]["seconds"] / (1 + kills[name, mutant.path])))
    spent = 0
    for tried, name in enumerate(reaching, 1):
        spent += profiled[name]["seconds"]
        if tried > 1 and spent > patience:
            return None, tried - 1, len(reaching)
        if is_failed_by(mutant, name, profiled, tests, seed):
            return name, tried, len(reaching)
    return None, len(reaching), len(reaching)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", help="not used: the mutants have their own")
    parser.add_argument("--sample", type=int, default=8, help="how many mutants; 0: all")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--commit", help="of what is committed there, not of the sources as they lie here")
    parser.add_argument("--only", default="", help="of files whose path contains this")
    parser.add_argument("--patience", type=float, default=3600, help="seconds of tests to try on one mutant at most")
    parser.add_argument("--build", action="store_true", help="write and build the copy, and no more")
    parser.add_argument("--continue", dest="goes_on", action="store_true",
                        help="none that was noticed since its file or the test that noticed it changed")
    parser.add_argument("--note", action="store_true", help="write into the list by which test each is noticed")
    parser.add_argument("--jobs", type=int, default=1, help="how many tests run at once")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    COPY.mkdir(parents=True, exist_ok=True)
    files = sources(args.commit)
    found, unfit = [], 0
    for mutant in mutants.read(HERE / "enforcement.mutants"):
        try:
            mutant.place_in(files[mutant.path][0].decode())
            found.append(mutant)
        except (KeyError, ValueError) as error:
            unfit += 1
            print(f"does not fit: {mutant}: {error}")
    files = mutated(files, found)
    write_copy(files)
    build()
    if args.build:
        return
    tests = units(files)
    pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
    path = COPY.parent / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    chosen = [one for one in found if args.only in one.path]
    if args.sample:
        chosen = random.Random(seed).sample(chosen, min(args.sample, len(chosen)))
    print(f"seed {seed}, {len(chosen)} of {len(found)} mutants, {len(tests)} tests", flush=True)

    def identity(mutant, by):
        return digest(files, lambda name: name == mutant.path) + (tests[by][2] if by in tests else "")

    def keep(mutant, by, tried, could):
        results[str(mutant.number)] = {"by": by, "path": mutant.path, "identity": identity(mutant, by), "mutant": str(mutant)}
        write(path, dict(results))
        print(f"{'noticed by ' + by if by else 'LIVES'} ({tried} of {could} tried): {mutant}", flush=True)
        return by is not None

    def was_noticed(mutant):
        known = results.get(str(mutant.number))
        return args.goes_on and known and known["by"] and known["identity"] == identity(mutant, known["by"])

    def is_noticed_again(mutant):
        profiled, _ = profile(tests, seed, [mutant.noticed_by])
        return bool(profiled) and is_failed_by(mutant, mutant.noticed_by, profiled, tests, seed) and keep(mutant, mutant.noticed_by, 1, 1)

    start = time.monotonic()
    left = [one for one in chosen if not was_noticed(one)]
    noted = [one for one in left if one.noticed_by in tests]
    again = {mutant.number for mutant, noticed in zip(noted, pool.map(is_noticed_again, noted)) if noticed}
    left = [one for one in left if one.number not in again]
    failed, broken = 0, []
    if left:
        profiled, broken = profile(tests, seed, tests, pool)
        failed = len(left) - sum(pool.map(lambda one: keep(one, *judge(one, profiled, tests, results, seed, args.patience)), left))
    if args.note:
        mutants.note(HERE / "enforcement.mutants", {int(number): one["by"] for number, one in results.items() if one["by"]})
    print(f"{(time.monotonic() - start) / 60:.1f} minutes")
    print(f"{len(chosen) - failed} passed, {failed + len(broken) + unfit} failed")
    sys.exit(failed + len(broken) + unfit > 0)


if __name__ == "__main__":
    main()
