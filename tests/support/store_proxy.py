"""An HTTP proxy before an object store on 127.0.0.1 that breaks when a test says so: it answers nothing, or stops a request
in its way. What passes is not changed, so that signatures stay right."""
import http.client
import http.server
import threading

#: Of one connection; and what this proxy's own answer has.
OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server"}


class StoreProxy:
    """`requests`: (method, path) of all that arrived."""

    def __init__(self, port):
        self.requests, self.broken, self.held, self.wanted = [], False, threading.Event(), None
        self.released = threading.Event()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.requests.append((self.command, self.path))
                if proxy.wanted is not None and proxy.wanted(self.command, self.path):
                    proxy.held.set()
                    proxy.released.wait()
                if proxy.broken:
                    self.close_connection = True
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    upstream.putheader(name, value)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                content = answer.read()
                length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in OWN_HEADERS:
                        self.send_header(name, value)
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(content)
                upstream.close()

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # Whoever asked was killed.

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_one

            def log_message(self, *ignored):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def hold(self, wanted):
        """The next requests for which `wanted(method, path)` wait until `release`; `held` is set by the first."""
        self.held.clear()
        self.released.clear()
        self.wanted = wanted

    def release(self):
        self.wanted = None
        self.released.set()

    def stop(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()
