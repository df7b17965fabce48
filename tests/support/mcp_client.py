"""Speaks the Model Context Protocol by hand, so that tests can also speak it wrongly."""
import itertools
import json
import subprocess
import threading

VERSION = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"}}


class Refused(Exception):
    """A JSON-RPC error."""

    def __init__(self, error, status=200):
        super().__init__(f"{error.get('code')} {error.get('message')}")
        self.code = error.get("code")
        self.message = error.get("message")
        self.data = error.get("data")
        self.status = status


def events(body):
    """The messages of a stream of server-sent events."""
    return [json.loads(line[5:]) for line in body.decode().splitlines() if line.startswith("data:")]


class Http:
    """Requests of the revision without handshakes, one by one, as `user` of a server of tests."""

    def __init__(self, server, user, token=None):
        self.server = server
        self.token = token or server.token_of(user)
        self.ids = itertools.count(1)

    def post(self, message, headers=None):
        """(status, headers, body) of one message."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.server.request("POST", "/mcp", body, self.token,
                                   {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                                    **(headers or {})})

    def ask(self, method, params=None, meta=None, headers=None):
        """The result; `messages` are what came before it. Refused for an error."""
        params = dict(params or {})
        message = {"jsonrpc": "2.0", "id": next(self.ids), "method": method,
                   "params": {**params, "_meta": {**META, **(meta or {})}}}
        own = {"MCP-Protocol-Version": VERSION, "Mcp-Method": method}
        named = params.get("uri") if method == "resources/read" else params.get("name")
        if named is not None:
            own["Mcp-Name"] = named
        status, answered, body = self.post(message, {**own, **(headers or {})})
        kind = {k.lower(): v for k, v in answered.items()}.get("content-type", "")
        messages = events(body) if kind.startswith("text/event-stream") else [json.loads(body)]
        self.messages = messages[:-1]
        self.raw = f"{status} {answered} {body.decode(errors='replace')}"
        last = messages[-1]
        if "error" in last:
            raise Refused(last["error"], status)
        if "result" not in last:  # A problem document: the door did not let it in.
            raise Refused({"code": last.get("code"), "message": last.get("detail"), "data": last}, status)
        assert last["id"] == message["id"], last
        return last["result"]

    def call(self, tool, arguments=None, **options):
        """(result, error) of a tool: one of them is None."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments or {}}, **options)
        text = json.loads(result["content"][0]["text"])
        if result.get("isError"):
            return None, text["error"]
        assert text == result["structuredContent"]
        return result["structuredContent"], None


class Pipe:
    """A program that is spoken to through its standard input."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=environment)
        self.ids = itertools.count(1)
        self.watch = threading.Timer(120, self.process.kill)
        self.watch.daemon = True
        self.watch.start()

    def send(self, message):
        self.process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
        self.process.stdin.flush()

    def receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(self.process.stderr.read())
        return json.loads(line)

    def ask(self, method, params=None):
        message = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": {**(params or {}), "_meta": META}}
        self.send(message)
        self.messages = []
        while True:
            answer = self.receive()
            if answer.get("id") == message["id"]:
                break
            self.messages.append(answer)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    call = Http.call

    def close(self):
        """The exit status, and what stood on standard error."""
        self.process.stdin.close()
        rest = self.process.stdout.read(), self.process.stderr.read()
        code = self.process.wait(30)
        self.watch.cancel()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, rest[1]
