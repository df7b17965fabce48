"""An HTTP proxy before an object store on 127.0.0.1 that breaks when a test says so: it answers nothing, stops a request in
its way, or fails it (local_http.Faults). What passes is not changed, so that signatures stay right."""
import http.client
import threading
import time

from local_http import REFUSED, UNANSWERED, Faults, LocalHttp, answer, body_of

#: Of one connection; and what this proxy's own answer has.
OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server"}


class StoreProxy:
    """`requests`: (method, path) of all that arrived."""

    def __init__(self, port):
        self.port, self.requests, self.broken, self.faults = port, [], False, Faults()
        self.held, self.wanted, self.released = threading.Event(), None, threading.Event()
        self.http = LocalHttp(self.handle)

    def handle(self, request):
        body = body_of(request)
        self.requests.append((request.command, request.path))
        if self.wanted is not None and self.wanted(request.command, request.path):
            self.held.set()
            self.released.wait()
        fault = self.faults.of(request.command, request.path, time.monotonic())
        if isinstance(fault, tuple):
            return answer(request, *fault)
        if self.broken or fault == REFUSED:
            request.close_connection = True
            return None
        status, headers, content, length = self.pass_on(request, body)
        if fault == UNANSWERED:
            request.close_connection = True
            return None
        return answer(request, status, content, headers, length)

    def pass_on(self, request, body):
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        upstream.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers_for(request, body):
            upstream.putheader(name, value)
        upstream.endheaders(body)
        told = upstream.getresponse()
        content = told.read()
        length = told.headers.get("Content-Length") or "0" if request.command == "HEAD" else None
        headers = [(name, value) for name, value in told.headers.items() if name.lower() not in OWN_HEADERS]
        upstream.close()
        return told.status, headers, content, length

    def headers_for(self, request, body):
        """What the store is sent with `request`."""
        del body
        return request.headers.items()

    @property
    def endpoint(self):
        return self.http.endpoint

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
        self.http.stop()
