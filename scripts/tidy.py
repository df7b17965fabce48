#!/usr/bin/env python3
"""House rules that a compiler does not check: who may include whom, DuckDB's headers in one room, private headers,
banned calls, length of files and functions, machine paths, documentation that is generated."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
FILE_LINES_MAX = 520
FUNCTION_LINES_MAX = 75
LINE_LENGTH_MAX = 122


def rooms():
    found = {}
    for cmake in SOURCE.rglob("CMakeLists.txt"):
        match = re.search(r"nl_room\((\S+) LAYER (\d+)(.*?)\)", cmake.read_text(), re.S)
        if match:
            deps = re.search(r"DEPS((?:\s+[a-z/_]+)+)", match.group(3))
            found[match.group(1)] = (int(match.group(2)), set(deps.group(1).split()) if deps else set())
    return found


def room_of(path, names):
    relative = path.relative_to(SOURCE).as_posix()
    return max((name for name in names if relative.startswith(name + "/")), key=len, default=None)


def check_includes(path, text, names, problems):
    room = room_of(path, names)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#include [<"]([^">]+)[">]', line)
        if not match:
            continue
        target = match.group(1)
        if target == "duckdb.h" or target.startswith("duckdb") and room != "engine/duckdb":
            if room != "engine/duckdb" and "tests/" not in path.as_posix():
                problems.append(f"{path}:{number}: DuckDB's headers belong to engine/duckdb")
        other = max((name for name in names if target.startswith(name + "/")), key=len, default=None)
        if other is None or room is None or other == room:
            continue
        if "/internal/" in target:
            problems.append(f"{path}:{number}: {target} is private to {other}")
        if other not in names[room][1] and "tests/" not in path.as_posix():
            problems.append(f"{path}:{number}: {room} does not list {other} in its DEPS")
        if names[other][0] >= names[room][0]:
            problems.append(f"{path}:{number}: {room} (layer {names[room][0]}) may not include {other} (layer {names[other][0]})")


def check_text(path, text, problems):
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        problems.append(f"{path}: {len(lines)} lines; split it")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LENGTH_MAX and 'R"' not in line:
            problems.append(f"{path}:{number}: line of {len(line)} characters")
        in_tests = "/tests/" in path.as_posix()
        if not in_tests and re.search(r"\b(strcpy|sprintf|strcat|gets|system|popen|rand)\(", line) and "//" not in line:
            problems.append(f"{path}:{number}: banned call")
        if re.search(r"(/root/|/home/[a-z]+/|/work/)", line):
            problems.append(f"{path}:{number}: machine path")


def check_functions(path, text, problems):
    """A definition at namespace or class level: a line that ends in '{' after ')', to the '}' in the same column."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        opening = re.match(r"^(  )?(?!namespace|class|struct|enum|extern|union)\S.*\)[^;]*\{$", line)
        if start is None and opening:
            start, indent = number, line[: len(line) - len(line.lstrip())]
        elif start is not None and line == indent + "}":
            if number - start > FUNCTION_LINES_MAX:
                problems.append(f"{path}:{start}: function of {number - start} lines")
            start = None


def check_generated(problems):
    settings = ["generate_settings.py", "--schema", str(SOURCE / "common/settings.json"), "--check",
                str(ROOT / "docs/configuration.md")]
    for script, *arguments in (settings, ["generate_errors.py", "--check"], ["generate_allowed_docs.py", "--check"]):
        result = subprocess.run([sys.executable, str(ROOT / "scripts" / script), *arguments], capture_output=True, text=True)
        if result.returncode != 0:
            problems.append(result.stderr.strip())


def main():
    problems = []
    names = rooms()
    files = [p for p in SOURCE.rglob("*") if p.suffix in (".h", ".cc")]
    for path in sorted(files):
        text = path.read_text()
        check_includes(path, text, names, problems)
        check_text(path, text, problems)
        if "/tests/" not in path.as_posix():
            check_functions(path, text, problems)
    for name in names:
        if not (SOURCE / name / "README.md").exists():
            problems.append(f"src/{name}: no README.md")
    check_generated(problems)
    for problem in problems:
        print(problem)
    print(f"{0 if problems else 1} passed, {len(problems)} failed")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
