#!/usr/bin/env python3
"""Runs tests/sql/**/*.test over the HTTP door: sqllogictest files with one more line, `user NAME`, that switches the
principal (admin, engineer, writer, reader). Each file has a lake of its own. See tests/sql/README.md."""
import argparse
import concurrent.futures
import contextlib
import pathlib
import re
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from postgres import Postgres  # noqa: E402
from server import Server, StatementError  # noqa: E402


class Failure(Exception):
    pass


def cell(value):
    if value is None:
        return "NULL"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return f"{value:.1f}"
    if isinstance(value, (dict, list)):
        import json
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if value == "":
        return "(empty)"
    return str(value)


def records(text):
    """(line number, header, body lines) of each record; records are separated by blank lines."""
    block, start = [], 1
    for number, line in enumerate(text.splitlines() + [""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            if not block:
                start = number
            block.append(line)
        elif block:
            yield start, block[0].split(), block[1:]
            block = []


def run_record(server, user, options, header, body, substitutions):
    sql = []
    for line in body:
        if line.strip() == "----":
            break
        sql.append(line)
    expected = body[len(sql) + 1:]
    statement = "\n".join(sql)
    for name, value in substitutions.items():
        statement = statement.replace("${" + name + "}", value)
    if header[0] == "statement":
        try:
            server.sql(statement, user, **options)
        except StatementError as error:
            if header[1] != "error":
                raise Failure(f"{error}") from None
            if len(header) > 2 and error.sqlstate != header[2]:
                raise Failure(f"expected SQLSTATE {header[2]}, got {error}") from None
            text = error.problem.get("detail", "")
            for wanted in expected:
                if wanted.startswith("!") and wanted[1:] in text:
                    raise Failure(f"the error's text must not have {wanted[1:]!r}: {text!r}")
                if not wanted.startswith("!") and wanted not in text:
                    raise Failure(f"the error's text lacks {wanted!r}: {text!r}")
            return
        if header[1] == "error":
            raise Failure("succeeded, expected an error")
        return
    try:
        answer = server.sql(statement, user, **options)
        picked = range(len(answer["columns"]))
        if "pick" in header:
            names = [column["name"] for column in answer["columns"]]
            picked = [names.index(name) for name in header[header.index("pick") + 1:]]
        rows = [[cell(row[i]) for i in picked] for row in answer["rows"]]
    except StatementError as error:
        raise Failure(str(error)) from None
    wanted = [line.split("\t") if "\t" in line else re.split(r"\s{2,}|(?<=\S)\s\|\s", line) for line in expected]
    if "rowsort" in header:
        rows.sort()
        wanted.sort()
    if rows != wanted:
        show = "\n".join("\t".join(row) for row in rows[:50])
        raise Failure(f"rows differ; got {len(rows)}, expected {len(wanted)}:\n{show}")


def run_file(binary, path, metastore, failfast=False):
    passed, failures = 0, []
    user, options = "admin", {}
    try:
        settings = {"metastore.url": metastore()} if metastore else {}
        with Server(binary, settings=settings) as server:
            for line, header, body in records(path.read_text()):
                if failfast and failures:
                    break
                if header[0] == "user":
                    user = header[1]
                    continue
                if header[0] == "zone":
                    options = {**options, "time_zone": header[1]}
                    continue
                if header[0] == "purpose":
                    options = {**options, "purpose": "" if header[1] == "none" else header[1]}
                    continue
                if header[0] == "restart":
                    server.stop()
                    server.start()
                    continue
                if header[0] not in ("statement", "query"):
                    failures.append(f"{path}:{line}: unknown record {header[0]!r}")
                    continue
                try:
                    run_record(server, user, options, header, body, {"LAKE": server.lake})
                    passed += 1
                except Failure as failure:
                    failures.append(f"{path.relative_to(HERE)}:{line}: {failure}")
    except Exception:  # noqa: BLE001 - a file that cannot run is a failure, not the end of the others
        failures.append(f"{path.relative_to(HERE)}: {traceback.format_exc(limit=3)}")
    return passed, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--metastore", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--failfast", action="store_true", help="leave a file at its first failure")
    args = parser.parse_args()
    files = [f.resolve() for f in args.files] or sorted(HERE.rglob("*.test"))
    passed, failures = 0, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool, contextlib.ExitStack() as stack:
        stores = {"sqlite": None}
        if args.metastore != "sqlite":
            stores["postgresql"] = stack.enter_context(Postgres()).new_database
        if args.metastore == "postgresql":
            del stores["sqlite"]
        for name, store in stores.items():
            for ok, bad in pool.map(lambda path: run_file(args.binary, path, store, args.failfast), files):
                passed += ok
                failures += [f"{name}: {failure}" for failure in bad]
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures or not passed else 0)


if __name__ == "__main__":
    main()
