"""An HTTP service on 127.0.0.1 and a free port in the test's own process, and stores of that kind that fail when told."""
import http.server
import threading

METHODS = ("GET", "PUT", "HEAD", "DELETE", "POST")
#: What a store says that has too much to do, as its clients know it.
SLOW_DOWN = (503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
TOO_MANY = (429, b"<Error><Code>TooManyRequests</Code></Error>")
#: The connection ends before anything is done; or after it, with the answer lost.
REFUSED, UNANSWERED = "refused", "unanswered"


class LocalHttp:
    """Calls `handle(request)` for each request, with http.server's handler as `request`, in a thread of its own."""

    def __init__(self, handle):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                handle(self)

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # Whoever asked was killed.

            def log_message(self, *ignored):
                pass

        for method in METHODS:
            setattr(Handler, "do_" + method, Handler.handle_one)

        class Service(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Service(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def endpoint(self):
        return f"http://{self.address}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def body_of(request):
    return request.rfile.read(int(request.headers.get("Content-Length") or 0))


def answer(request, status, body=b"", headers=(), length=None):
    """Sends an answer; `length`: of what a HEAD asks about."""
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body) if length is None else length))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


class Faults:
    """How a store fails: for requests that `wanted(method, path)` takes, the next `times` of them (None: all)."""

    def __init__(self):
        self.lock, self.wanted, self.how, self.left = threading.Lock(), None, None, 0
        #: (time, method, path) of those that failed.
        self.failed = []

    def fail(self, how, wanted=lambda method, path: True, times=None):
        with self.lock:
            self.how, self.wanted, self.left = how, wanted, times
            self.failed.clear()

    def recover(self):
        with self.lock:
            self.wanted = None

    def of(self, method, path, now):
        """How this request fails, or None."""
        wanted = self.wanted
        if wanted is None or not wanted(method, path):
            return None
        with self.lock:
            if self.wanted is not wanted or self.left == 0:
                return None
            if self.left is not None:
                self.left -= 1
            self.failed.append((now, method, path))
            return self.how
