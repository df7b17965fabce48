"""One statement through every door, as one principal: the same shape of answer from each."""
import atexit
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile

import mcp_client

BINARY = os.environ["TESTED_BINARY"]


@dataclasses.dataclass
class Answer:
    code: str = ""      # "" for success
    sqlstate: str = ""
    message: str = ""
    columns: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    raw: str = ""       # everything that went to the client, headers and exit status included

    @property
    def failed(self):
        return self.code != ""


def _problem(problem, raw):
    return Answer(problem["code"], problem["sqlstate"], problem["detail"], raw=raw)


def _raw(*answers):
    return "\n".join(f"{status} {headers} {body.decode(errors='replace')}" for status, headers, body in answers)


class Http:
    name = "http"
    #: Codes of what this door does for nobody, whatever other doors say to it.
    also_denied = ()

    def __init__(self, server):
        self.server = server

    def run(self, user, statement):
        answer = self.server.request("POST", "/v1/sql", {"statement": statement, "timeout": "20s"},
                                     self.server.token_of(user))
        return self.read(answer, _raw(answer))

    @staticmethod
    def read(answer, raw):
        body = json.loads(answer[2])
        if answer[0] >= 300 or body.get("error"):
            return _problem(body.get("error") or body, raw)
        return Answer(columns=[c["name"] for c in body["columns"]], rows=body["rows"], raw=raw)


class Asynchronous(Http):
    name = "http, asynchronous"

    def run(self, user, statement):
        token = self.server.token_of(user)
        begun = self.server.request("POST", "/v1/statements", {"statement": statement, "timeout": "20s"}, token)
        if begun[0] >= 300:
            return self.read(begun, _raw(begun))
        path = "/v1/statements/" + json.loads(begun[2])["id"]
        while True:
            seen = self.server.request("GET", path, None, token)
            if json.loads(seen[2])["state"] not in ("queued", "running"):
                break
        result = self.server.request("GET", path + "/result", None, token)
        self.server.request("DELETE", path, None, token)
        return self.read(result, _raw(begun, seen, result))


class CommandLine:
    name = "command line"
    also_denied = ()

    def __init__(self, server):
        self.server = server
        #: Where it keeps what it keeps: home and working directory.
        self.home = tempfile.mkdtemp(prefix="neurolake-home-")
        atexit.register(shutil.rmtree, self.home, ignore_errors=True)

    def run(self, user, statement):
        if "\0" in statement:
            return None  # No argument of a program can have one.
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(statement)
            script.flush()
            ran = subprocess.run(
                [BINARY, "--server", self.server.url, "--format", "json", "sql", "-f", script.name], text=True,
                capture_output=True, timeout=60, cwd=self.home,
                env={**os.environ, "HOME": self.home, "XDG_STATE_HOME": self.home, "NEUROLAKE_TOKEN": self.server.token_of(user)})
        raw = f"{ran.returncode}\n{ran.stdout}\n{ran.stderr}".replace(script.name, "SCRIPT")
        if ran.returncode == 0:
            rows = [list(row.values()) for row in json.loads(ran.stdout or "[]")]
            return Answer(rows=rows, raw=raw)
        lines = ran.stderr.strip().splitlines() or [""]
        code, _, sqlstate = lines[-1].partition(", SQLSTATE ")
        return Answer(code.strip(), sqlstate.strip(), "\n".join(lines[:-1]).replace(script.name, "SCRIPT"), raw=raw)


class Mcp(Http):
    """run_sql of the MCP door, whose statements may read and nothing else."""
    name = "mcp"
    also_denied = ("ReadOnly",)

    def run(self, user, statement):
        client = mcp_client.Http(self.server, user)
        result, error = client.call("run_sql", {"sql": statement, "timeout_seconds": 20})
        if error is not None:
            return Answer(error["code"], error["sqlstate"], error["message"], raw=client.raw)
        return Answer(columns=[c["name"] for c in result["columns"]], rows=result["rows"], raw=client.raw)


def every(server):
    return [Http(server), Asynchronous(server), CommandLine(server), Mcp(server)]
