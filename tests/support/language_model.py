"""A provider of language models on 127.0.0.1 that speaks the real protocols (OpenAI's chat completions, Anthropic's
messages) and says what a test wrote down: readings, broken, slow and hostile things. It keeps every byte that it gets."""
import json
import socket
import threading


class Raw:
    """These bytes instead of an HTTP answer, and the connection ends."""

    def __init__(self, data):
        self.data = data.encode() if isinstance(data, str) else data


class Status:
    """An HTTP answer with this status and body."""

    def __init__(self, code, body=b"{}", headers=()):
        self.code, self.body, self.headers = code, body.encode() if isinstance(body, str) else body, headers


class Silence:
    """A connection that is taken and never answered."""


class Cut:
    """The first half of an answer, which breaks off."""

    def __init__(self, says):
        self.says = says


class Stopped:
    """An answer that ends for another reason than that it is whole: "length", "content_filter"."""

    def __init__(self, says, reason):
        self.says, self.reason = says, reason


def reading(intent):
    """What a model says that has a reading."""
    return {"answerable": True, "intent": intent}


NO_READING = {"answerable": False, "intent": None}
STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


class LanguageModel:
    """`says` is what it says next and from then on: an object or text, one of the classes above, or a function of the
    prompt that gives one of these."""

    def __init__(self, says=NO_READING):
        self.says, self.received, self.prompts = says, [], []
        self.tokens = 100  # Of each prompt, as it says.
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def settings(self, task="ask", protocol="openai", **more):
        """Of a server that gives the task to this model."""
        url = self.origin + ("/v1" if protocol == "openai" else "")
        return {"models.routes": f"{task}={protocol}:scripted", f"models.{protocol}.url": url,
                f"models.{protocol}.api_key": "key-of-the-scripted-provider", "models.attempts_max": "1", **more}

    def close(self):
        self.ended.set()
        # Ends accept(): closing alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def all_bytes(self):
        """Every byte that it got so far."""
        with self.lock:
            return b"\n".join(self.received)

    def calls(self):
        with self.lock:
            return len(self.received)

    def forget(self):
        with self.lock:
            self.received, self.prompts = [], []

    def _accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _read(self, connection):
        data = b""
        while True:
            head, found, body = data.partition(b"\r\n\r\n")
            if found:
                length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                               if line.lower().startswith(b"content-length:")), 0)
                if len(body) >= length:
                    return head, body
            piece = connection.recv(65536)
            if not piece:
                return None, data
            data += piece

    def _serve(self, connection):
        with connection:
            try:
                head, body = self._read(connection)
                if head is None:
                    return
                request = json.loads(body)
                with self.lock:
                    self.received.append(head + b"\r\n\r\n" + body)
                    self.prompts.append(request)
                says = self.says(request) if callable(self.says) else self.says
                self._answer(connection, head, says)
            except OSError:
                pass  # It went away.

    def _answer(self, connection, head, says):
        if isinstance(says, Silence):
            self.ended.wait(60)
        elif isinstance(says, Raw):
            connection.sendall(says.data)
        elif isinstance(says, Status):
            connection.sendall(self._http(says.code, says.body, says.headers))
        elif isinstance(says, Cut):
            whole = self._http(200, self._body(head, says.says, "stop"))
            connection.sendall(whole[:len(whole) - 40])
        elif isinstance(says, Stopped):
            connection.sendall(self._http(200, self._body(head, says.says, says.reason)))
        else:
            connection.sendall(self._http(200, self._body(head, says, "stop")))

    @staticmethod
    def _http(code, body, headers=()):
        lines = [f"HTTP/1.1 {code} X", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close",
                 *headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def _body(self, head, says, stop):
        if b"/v1/messages" in head.split(b"\r\n")[0]:
            if isinstance(says, dict):
                content = [{"type": "tool_use", "id": "t1", "name": "answer", "input": says}]
                stop = "tool_use" if stop == "stop" else STOPS[stop]
            else:
                content, stop = [{"type": "text", "text": says}], STOPS[stop]
            return json.dumps({"model": "scripted", "content": content, "stop_reason": stop,
                               "usage": {"input_tokens": self.tokens, "output_tokens": 20}}).encode()
        text = json.dumps(says) if isinstance(says, dict) else says
        return json.dumps({"model": "scripted", "usage": {"prompt_tokens": self.tokens, "completion_tokens": 20},
                           "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": stop}]}).encode()
