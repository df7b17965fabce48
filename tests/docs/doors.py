"""Executes the documentation of the doors: the ```sh blocks of docs/http.md against a server, and the ```console blocks of
docs/cli.md, docs/backup.md and README.md on a lake, comparing what they show.

A console block is made of commands (`$ …`, going on while a line ends with a backslash) and what they print. Output that
stands in a block is compared, after both sides were normalised: a line `…` stands for any lines, a `…` in a line for any
text, and ids, times and durations are made equal. A command without output below it must succeed and may print anything."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from server import Server

# What differs from run to run: ids, tokens, times, durations and the folder of the run.
VOLATILE = [(r"nl_[A-Za-z0-9_-]{43}", "nl_TOKEN"), (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
            (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00)?", "TIME"), (r"\b\d+(\.\d+)? ?(ms|s)\b", "DURATION"),
            (r"/[^ ,;'\"]*/lake/", "/data/lake/")]


def normalise(text):
    for pattern, word in VOLATILE:
        text = re.sub(pattern, word, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def matches(expected, actual):
    """Whether `actual` is `expected`, in which `…` stands for anything."""
    pieces = []
    for line in normalise(expected).splitlines():
        pieces.append("(?:.*\n)*" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n")
    return re.fullmatch("".join(pieces), normalise(actual) + "\n") is not None


def blocks(path, language):
    """(line, marks, body) of each block of `language`."""
    text = path.read_text()
    for match in re.finditer(rf"^```{language}([^\n]*)\n(.*?)^```", text, re.S | re.M):
        yield text.count("\n", 0, match.start()) + 1, match.group(1).split(), match.group(2)


def console_steps(body):
    """(command, expected output) of a console block."""
    steps, lines = [], body.splitlines()
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            steps[-1][1].append(line)
            continue
        command = line[2:]
        while command.endswith("\\") and lines:
            command += "\n" + lines.pop(0)
        steps.append((command, []))
    return [(command, "\n".join(output)) for command, output in steps]


class Workshop:
    """A folder with the files the pages name, a lake in it, and `neurolake` on the path."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="neurolake-docs-"))
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "neurolake").symlink_to(os.path.abspath(binary))
        (self.folder / "build").symlink_to(self.folder)
        (self.folder / "flights.csv").write_text("id,carrier,delay\n1,UA,5\n2,AA,7\n")
        (self.folder / "planes.csv").write_text("tailnum,speed\nN1, 400 \nN2,NA\nN2,NA\n")
        (self.folder / "load.sql").write_text("CREATE OR REPLACE TABLE silver.made AS SELECT 1 AS a;\nSELECT * FROM silver.made;\n")
        (self.folder / "people.json").write_text('{"id": 1}\n')
        self.environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder)}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command, **more):
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env={**self.environment, **more}, text=True,
                              capture_output=True, timeout=120)


def run_http(binary, path):
    """The sh blocks of docs/http.md: each command must succeed, and what it answers must be no problem document. The JSON or
    plain block right after one shows the answer's beginning members, or the answer."""
    passed, failures = 0, []
    workshop = Workshop(binary)
    with Server(binary) as server:
        variables = {"URL": server.url, "TOKEN": server.admin_token, "ID": ""}
        for line, marks, body in blocks(path, "sh"):
            if "skip" in marks:
                continue
            for command in re.sub(r"\\\n\s*", " ", body).splitlines():
                if not command.strip() or re.match(r"(URL|TOKEN)=", command):
                    continue
                where = f"{path.name}:{line}: {command[:70]}"
                if "/result" in command:
                    wait_for(server, variables["ID"])
                done = workshop.run(command, **variables)
                problem = '"sqlstate"' in done.stdout and '"detail"' in done.stdout
                if done.returncode != 0 or problem:
                    failures.append(f"{where}: {done.returncode} {done.stdout[-300:]}{done.stderr[-300:]}")
                    continue
                passed += 1
                if "/v1/statements" in command and '"status_url"' in done.stdout and "DELETE" not in command:
                    variables["ID"] = json.loads(done.stdout)["id"]
                variables["LAST"] = done.stdout
            shown = shown_answer(path, line)
            if shown is not None:
                ok = matches(shown, variables["LAST"])
                passed, failures = (passed + 1, failures) if ok else (
                    passed, failures + [f"{path.name}:{line}: the page shows\n{shown}\nthe server says\n{variables['LAST']}"])
    workshop.close()
    return passed, failures


def shown_answer(path, line):
    """The block right after the sh block at `line`, if nothing but an empty line is between."""
    lines = path.read_text().splitlines()[line:]
    lines = lines[lines.index("```") + 1:]
    if lines[:1] != [""] or lines[1:2] not in (["```"], ["```json"]):
        return None
    return "\n".join(lines[2: lines.index("```", 2)])


def wait_for(server, statement):
    for _ in range(3000):
        answer = json.loads(server.request("GET", f"/v1/statements/{statement}", None, server.admin_token)[2])
        if answer["state"] not in ("queued", "running"):
            return


def run_console(binary, path):
    """The console blocks of a page, in order, in one folder. A block marked `server` has a server at its address."""
    passed, failures = 0, []
    workshop = Workshop(binary)
    try:
        for line, marks, body in blocks(path, "console"):
            if "skip" in marks:
                continue
            for command, expected in console_steps(body):
                done = run_command(workshop, binary, command, "server" in marks)
                code, output = done.returncode, done.stdout + done.stderr
                where = f"{path.name}:{line}: {command[:80]}"
                if code != 0 and not expected:
                    failures.append(f"{where}: exit {code}: {output[-400:]}")
                elif expected and not (matches(expected, done.stdout) or matches(expected, output)):
                    failures.append(f"{where}: the page shows\n{expected}\nthe program says\n{output}")
                else:
                    passed += 1
    finally:
        workshop.close()
    return passed, failures


def run_command(workshop, binary, command, with_server):
    if not with_server:
        return workshop.run(command)
    with Server(binary, lake=str(workshop.folder / "served")) as server:
        token = workshop.folder / "token"
        if server.admin_token:
            token.write_text(server.admin_token + "\n")
        return workshop.run(command.replace("http://127.0.0.1:8321", server.url), NEUROLAKE_TOKEN=token.read_text().strip())
