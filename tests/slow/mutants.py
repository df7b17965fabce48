#!/usr/bin/env python3
"""Takes away lines that enforce policies, one at a time, and expects a test to fail for each: a sample of
enforcement.mutants, or all with --sample 0. Works on a copy of the sources below build/. Ends with "N passed, N failed"; a
failure is a mutant that every test let live, or one that does not build, which says nothing."""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "support"))
import mutants  # noqa: E402

# What is tried on a mutant, cheapest first: targets to build, and a command that fails when it is noticed.
STAGES = [
    (["neurolake"], "python3 tests/sql/run.py --binary build/release/bin/neurolake tests/sql/governance/*.test"),
    ([], "python3 tests/attack/run.py --binary build/release/bin/neurolake --only test_policies.py"),
    (["governance_tests", "query_tests"], "build/release/src/governance_tests --gtest_brief=1 && "
                                          "build/release/src/query_tests --gtest_brief=1 --gtest_filter='*Polic*:AgentTest*:FunctionGrants*'"),
    (["engine_duckdb_tests"], "build/release/src/engine_duckdb_tests --gtest_brief=1 --gtest_filter='PolicyTest*'"),
    ([], "python3 tests/sql/run.py --binary build/release/bin/neurolake"),
]

E2E = "python3 tests/e2e/run.py --binary build/release/bin/neurolake --only "
ATTACK = "python3 tests/attack/run.py --binary build/release/bin/neurolake --only "

# What is tried first on mutants of these files, as the general stages do not come by there.
OWN_STAGES = {
    "src/ask/service/": [(["ask_service_tests"], "build/release/src/ask_service_tests --gtest_brief=1"),
                         (["neurolake"], ATTACK + "test_asking.py")],
    "src/models/": [(["models_tests"], "build/release/src/models_tests --gtest_brief=1")],
    "src/audit/": [(["audit_tests"], "build/release/src/audit_tests --gtest_brief=1")],
    "src/catalog/": [(["catalog_tests"], "build/release/src/catalog_tests --gtest_brief=1"),
                     (["neurolake"], E2E + "test_identity.py")],
    "src/query/object_grants.cc": [(["query_tests"], "build/release/src/query_tests --gtest_brief=1 --gtest_filter='ObjectGrants*'")],
    "src/query/column_keys.cc": [(["neurolake"], ATTACK + "test_encrypted_columns.py")],
    "src/query/read_only.cc": [(["query_tests"], "build/release/src/query_tests --gtest_brief=1 --gtest_filter='*ReadOnly*'"),
                               (["neurolake"], E2E + "test_mcp.py")],
    "src/server/http/": [(["server_http_tests"], "build/release/src/server_http_tests --gtest_brief=1"),
                         (["neurolake"], ATTACK + "test_asking.py")],
    "src/server/mcp/": [(["server_mcp_tests"], "build/release/src/server_mcp_tests --gtest_brief=1"),
                        (["neurolake"], E2E + "test_mcp.py")],
}


def stages_of(mutant):
    own = [stage for path, stages in OWN_STAGES.items() if mutant.path.startswith(path) for stage in stages]
    return own + STAGES


def copy_of_sources():
    copy = ROOT / "build" / "mutants"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        # With their times, so that a copy that was built before builds what has changed alone.
        shutil.copy2(ROOT / name, copy / name)
    return copy


def build(tree, targets):
    done = subprocess.run(["scripts/build.sh", "release", *targets], cwd=tree, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def noticed(tree, mutant, environment):
    """What noticed the mutant, None when nothing did."""
    for targets, command in stages_of(mutant):
        if targets:
            built, output = build(tree, targets)
            if not built:
                raise RuntimeError("does not build:\n" + "\n".join(
                    line for line in output.splitlines() if "error" in line)[:2000])
        if subprocess.run(command, shell=True, cwd=tree, env=environment, capture_output=True).returncode != 0:
            return command.split(" --binary")[0] if targets == ["neurolake"] or not targets else targets[0]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", help="not used: each mutant has its own")
    parser.add_argument("--sample", type=int, default=8, help="how many mutants; 0: all")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--tree", type=pathlib.Path, help="a checkout that may be changed, instead of a copy")
    parser.add_argument("--only", default="", help="of files whose path contains this")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    chosen = [one for one in mutants.read(HERE / "enforcement.mutants") if args.only in one.path]
    if args.sample:
        chosen = random.Random(seed).sample(chosen, min(args.sample, len(chosen)))
    print(f"seed {seed}, {len(chosen)} mutants", flush=True)
    tree = args.tree or copy_of_sources()
    built, output = build(tree, [target for targets, _ in STAGES for target in targets])
    if not built:
        sys.exit(f"the sources do not build:\n{output[-3000:]}\n0 passed, 1 failed")
    environment = {**os.environ, "ORACLE_QUERIES": "300", "ORACLE_SEED": str(seed)}
    failed = 0
    for mutant in chosen:
        path = tree / mutant.path
        source = path.read_text()
        path.write_text(mutant.applied_to(source))
        try:
            by = noticed(tree, mutant, environment)
            print(f"{'noticed by ' + by if by else 'LIVES'}: {mutant}", flush=True)
            failed += by is None
        except RuntimeError as error:
            print(f"{error}: {mutant}", flush=True)
            failed += 1
        finally:
            path.write_text(source)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
