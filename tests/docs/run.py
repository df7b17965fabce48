#!/usr/bin/env python3
"""Executes the documentation's SQL: every ```sql block of README.md and docs/, in order, each page on a lake of its own.
A block marked ```sql fails must fail at each of its statements. Statements end with a semicolon at the end of a line.
And the commands of the pages about the doors: see doors.py."""
import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "support"))
from doors import run_console, run_http  # noqa: E402
from server import Server, StatementError  # noqa: E402


DOORS = {"docs/http.md": run_http, "docs/cli.md": run_console, "docs/backup.md": run_console, "docs/mcp.md": run_console, "README.md": run_console}


def blocks(text):
    """(line, marks, statements) of each SQL block."""
    for match in re.finditer(r"^```sql([^\n]*)\n(.*?)^```", text, re.S | re.M):
        body = "\n".join(re.sub(r"\s*--.*$", "", line) for line in match.group(2).splitlines())
        statements = [s.strip() for s in re.split(r";[ \t]*(?:\n|$)", body) if s.strip()]
        yield text.count("\n", 0, match.start()) + 1, match.group(1).split(), statements


def run_page(binary, path):
    found = list(blocks(path.read_text()))
    passed, failures = 0, []
    if not any("skip" not in marks for _, marks, _ in found):
        return 0, []
    with Server(binary) as server:
        server.sql("CREATE SCHEMA IF NOT EXISTS shop")
        # What the pages' COPY INTO loads.
        server.request("PUT", "/v1/uploads/flights.csv", b"id,carrier,delay\n1,UA,5\n2,AA,NA\n2,AA,NA\n", server.admin_token)
        for line, marks, statements in found:
            if "skip" in marks:
                continue
            for statement in statements:
                error = None
                try:
                    server.sql(statement)
                except StatementError as failed:
                    error = failed
                if (error is not None) == ("fails" in marks):
                    passed += 1
                else:
                    failures.append(f"{path.relative_to(ROOT)}:{line}: {statement[:90]!r}: {error or 'succeeded'}")
    return passed, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    passed, failures = 0, []
    pages = [p.resolve() for p in args.pages] or [ROOT / "README.md"] + sorted((ROOT / "docs").rglob("*.md"))
    for page in pages:
        ok, bad = run_page(args.binary, page)
        passed += ok
        failures += bad
        for name, run in DOORS.items():
            if page == ROOT / name:
                ok, bad = run(args.binary, page)
                passed += ok
                failures += bad
    print("\n".join(failures))
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures or not passed else 0)


if __name__ == "__main__":
    main()
