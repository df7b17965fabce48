"""Starts the real server on a lake of its own, for tests that talk to it as users do."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

#: What a request meets whose server goes away: no connection, no answer, or the beginning of one.
LOST = (OSError, http.client.HTTPException, json.JSONDecodeError, UnicodeDecodeError)


def children(pid):
    """Processes that `pid` started: a server's workers. FileNotFoundError when it is gone itself."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found += (task / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            pass  # A thread of the server's that ended meanwhile.
    return [int(child) for child in found]


class StatementError(Exception):
    """What the server answered instead of rows."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('code')} {problem.get('sqlstate')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem
        self.sqlstate = problem.get("sqlstate", "")


class Server:
    """`neurolake serve` on 127.0.0.1 and a free port. `settings` are --name=value flags."""

    def __init__(self, binary, lake=None, settings=None, environment=None):
        self.binary = os.path.abspath(binary)
        self.own_lake = lake is None
        self.lake = lake or tempfile.mkdtemp(prefix="neurolake-test-")
        self.settings = {"http.port": "0", "log_level": "warn", **(settings or {})}
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.url = None
        self.admin_token = None
        self.tokens = {}

    def start(self, timeout=30):
        # --lake and other settings are global flags: they stand before the subcommand.
        command = [self.binary, "--lake", self.lake]
        command += [f"--{name}={value}" for name, value in self.settings.items()]
        self.log_path = pathlib.Path(self.lake + ".log")
        self.process = subprocess.Popen(command + ["serve"], stdout=subprocess.PIPE,
                                        stderr=open(self.log_path, "a"), text=True, env=self.environment)
        # One that says nothing would be waited for without end.
        watch = threading.Timer(timeout, self.process.kill)
        watch.daemon = True
        watch.start()
        try:
            for line in self.process.stdout:
                token = re.search(r"nl_[A-Za-z0-9_-]{43}", line)
                if token:
                    self.admin_token = token.group(0)
                    self.tokens["admin"] = self.admin_token
                address = re.search(r"https?://[0-9.:\[\]]+", line)
                if address:
                    self.url = address.group(0).rstrip("/")
                    return self
        finally:
            watch.cancel()
        raise RuntimeError(f"the server did not start:\n{self.log_path.read_text()[-3000:]}")

    def stop(self, sig=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(sig)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            code, self.process = self.process.returncode, None
            return code
        return None

    def __enter__(self):
        return self.start()

    def __exit__(self, *ignored):
        self.stop()
        if self.own_lake:
            shutil.rmtree(self.lake, ignore_errors=True)
            pathlib.Path(self.lake + ".log").unlink(missing_ok=True)

    def request(self, method, path, body=None, token=None, headers=None, timeout=120):
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def token_of(self, user, role=None):
        """A token for `user`: 'admin', or a role name which doubles as the principal's name. Another name wants a `role` when
        it comes first."""
        if user not in self.tokens:
            status, _, body = self.request("POST", "/v1/tokens", {"principal": user, "role": role or user, "name": "test"},
                                           self.admin_token)
            if status not in (200, 201):
                raise RuntimeError(f"cannot create a token for {user}: {status} {body!r}")
            self.tokens[user] = json.loads(body)["token"]
        return self.tokens[user]

    def sql(self, statement, user="admin", **options):
        """The answer's JSON object; StatementError when it failed, at the start or in the middle."""
        status, _, body = self.request("POST", "/v1/sql", {"statement": statement, **options}, self.token_of(user))
        answer = json.loads(body)
        if status != 200:
            raise StatementError(status, answer)
        if "error" in answer and answer["error"]:
            raise StatementError(status, answer["error"])
        return answer


def rows(answer):
    """An answer's rows as tuples."""
    return [tuple(row) for row in answer["rows"]]


def named(answer):
    """An answer's rows as dictionaries by column."""
    names = [column["name"] for column in answer["columns"]]
    return [dict(zip(names, row)) for row in answer["rows"]]
