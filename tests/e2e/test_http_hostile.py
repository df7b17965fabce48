"""What a hostile or broken client sends, byte by byte: each gets a clear problem document, and the server goes on."""
import fcntl
import json
import os
import socket
import termios
import time
import unittest

from server import Server

BINARY = os.environ["TESTED_BINARY"]
HOST = "Host: lake\r\n"
# {token} becomes the administrator's header line, so that it is the request that is refused and not its sender.
SQL = "POST /v1/sql HTTP/1.1\r\n" + HOST + "{token}"
JSON = SQL + "Content-Type: application/json\r\n"


def body(head, text):
    data = text if isinstance(text, bytes) else text.encode()
    return head.encode() + f"Content-Length: {len(data)}\r\n\r\n".encode() + data


def get(path, more=""):
    return f"GET {path} HTTP/1.1\r\n{HOST}{{token}}{more}\r\n".encode()


# Name, bytes, expected status and error code. One connection each.
CASES = [
    # Request lines and heads.
    ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "BadRequest"),
    ("no version", b"GET /health\r\n\r\n", 400, "BadRequest"),
    ("future version", b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HttpVersionNotSupported"),
    ("no host", b"GET /health HTTP/1.1\r\n\r\n", 400, "BadRequest"),
    ("two hosts", b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "BadRequest"),
    ("blank before the colon", b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n", 400, "BadRequest"),
    ("control character in a header", b"GET /health HTTP/1.1\r\nHost: a\r\nX-A: \x00\r\n\r\n", 400, "BadRequest"),
    ("header of 1 MiB", b"GET /health HTTP/1.1\r\nHost: a\r\nX-A: " + b"x" * (1 << 20) + b"\r\n\r\n", 431, "RequestHeaderTooLarge"),
    ("ten thousand headers", b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 10000 + b"\r\n", 431, "RequestHeaderTooLarge"),
    ("address of 100 KiB", b"GET /" + b"x" * 102400 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431, "RequestHeaderTooLarge"),
    ("two tokens", get("/v1/catalog/schemas", "Authorization: Bearer nl_other\r\n"), 400, "BadRequest"),
    ("unknown method", b"BREW /v1/sql HTTP/1.1\r\nHost: a\r\n\r\n", 405, "MethodNotAllowed"),
    ("wrong method", b"DELETE /v1/sql HTTP/1.1\r\nHost: a\r\n\r\n", 405, "MethodNotAllowed"),
    # Requests that two readers of one stream would cut differently.
    ("two lengths", (SQL + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello").encode(), 400, "BadRequest"),
    ("the same length twice", (SQL + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello").encode(), 400, "BadRequest"),
    ("length as a list", (SQL + "Content-Length: 5, 5\r\n\r\nhello").encode(), 400, "BadRequest"),
    ("negative length", (SQL + "Content-Length: -1\r\n\r\n").encode(), 400, "BadRequest"),
    ("hexadecimal length", (SQL + "Content-Length: 0x5\r\n\r\nhello").encode(), 400, "BadRequest"),
    ("length beyond all numbers", (SQL + "Content-Length: 99999999999999999999\r\n\r\n").encode(), 400, "BadRequest"),
    ("length and chunks", (SQL + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode(), 400, "BadRequest"),
    ("chunks and length", (SQL + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n").encode(), 400, "BadRequest"),
    ("two encodings", (SQL + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode(), 400, "BadRequest"),
    ("unknown encoding", (SQL + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n").encode(), 501, "TransferEncodingNotSupported"),
    ("chunked not last", (SQL + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n").encode(), 501, "TransferEncodingNotSupported"),
    ("chunks in HTTP/1.0", (SQL.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode(), 400, "BadRequest"),
    ("folded header", (SQL + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n").encode(), 400, "BadRequest"),
    ("broken chunk size", (JSON + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n").encode(), 400, "InvalidArgument"),
    ("chunk size beyond all numbers", (JSON + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc").encode(), 400, "InvalidArgument"),
    # Bodies.
    ("body beyond the limit", (JSON + "Content-Length: 99999999999\r\n\r\n").encode(), 413, "PayloadTooLarge"),
    ("no type", body(SQL, "SELECT 1"), 415, "UnsupportedMediaType"),
    ("a picture", body(SQL + "Content-Type: image/png\r\n", "SELECT 1"), 415, "UnsupportedMediaType"),
    ("a form", body(SQL + "Content-Type: application/x-www-form-urlencoded\r\n", "statement=1"), 415, "UnsupportedMediaType"),
    ("another character set", body(SQL + "Content-Type: text/plain; charset=utf-16\r\n", "S\0"), 415, "UnsupportedMediaType"),
    ("compressed", body(JSON + "Content-Encoding: gzip\r\n", b"\x1f\x8b"), 415, "UnsupportedMediaType"),
    ("two types", body(JSON + "Content-Type: text/plain\r\n", "SELECT 1"), 400, "BadRequest"),
    ("no body", (JSON + "Content-Length: 0\r\n\r\n").encode(), 400, "InvalidArgument"),
    ("not JSON", body(JSON, "SELECT 1"), 400, "InvalidArgument"),
    ("half an object", body(JSON, '{"statement": "SELECT 1"'), 400, "InvalidArgument"),
    ("an array", body(JSON, "[]"), 400, "InvalidArgument"),
    ("text behind the object", body(JSON, '{"statement": "SELECT 1"} {}'), 400, "InvalidArgument"),
    ("a member twice", body(JSON, '{"statement": "SELECT 1", "statement": "SELECT 2"}'), 400, "InvalidArgument"),
    ("a member twice, escaped", body(JSON, '{"statement": "SELECT 1", "st\\u0061tement": "SELECT 2"}'), 400, "InvalidArgument"),
    ("an unknown member", body(JSON, '{"statement": "SELECT 1", "admin": true}'), 400, "InvalidArgument"),
    ("arrays without end", body(JSON, '{"statement": ' + "[" * 200000), 400, "InvalidArgument"),
    ("objects without end", body(JSON, '{"a":' * 200000), 400, "InvalidArgument"),
    ("broken UTF-8", body(JSON, b'{"statement": "SELECT \xc3\x28"}'), 400, "InvalidArgument"),
    ("overlong UTF-8", body(JSON, b'{"statement": "SELECT \xc0\xaf"}'), 400, "InvalidArgument"),
    ("half a surrogate pair", body(JSON, '{"statement": "SELECT \\ud800"}'), 400, "InvalidArgument"),
    ("broken UTF-8 as text", body(SQL + "Content-Type: text/plain\r\n", b"SELECT '\xff'"), 400, None),
    ("NUL in the statement", body(JSON, '{"statement": "SELECT 1\\u0000"}'), 400, None),
    ("infinite number", body(JSON, '{"statement": "SELECT 1", "row_limit": 1e999}'), 400, "InvalidArgument"),
    ("body where none belongs", get("/v1/catalog/schemas", "Content-Length: 2\r\n") + b"{}", 400, "InvalidArgument"),
    # Accept.
    ("nothing acceptable", body(JSON + "Accept: image/webp\r\n", '{"statement": "SELECT 1"}'), 406, "NotAcceptable"),
    ("all refused", body(JSON + "Accept: */*;q=0\r\n", '{"statement": "SELECT 1"}'), 406, "NotAcceptable"),
    ("absurd quality", body(JSON + "Accept: text/csv;q=banana\r\n", '{"statement": "SELECT 1"}'), 406, "NotAcceptable"),
    ("ten thousand formats", body(JSON + "Accept: " + ",".join(["a/b"] * 5000) + "\r\n", '{"statement": "SELECT 1"}'), 406, "NotAcceptable"),
    # Paths.
    ("climbing out", get("/v1/uploads/../../etc/passwd"), 400, "InvalidArgument"),
    ("climbing out, escaped", get("/v1/uploads/%2e%2e/%2e%2e/passwd"), 400, "InvalidArgument"),
    ("a slash in a name", get("/v1/catalog/schemas/a%2fb/tables"), 404, "SchemaNotFound"),
    ("an empty segment", get("//v1/sql"), 400, "InvalidArgument"),
    ("NUL", get("/v1/catalog/schemas/%00/tables"), 400, "InvalidArgument"),
    ("broken escape", get("/v1/%zz"), 400, "InvalidArgument"),
    ("broken UTF-8 in the path", get("/v1/catalog/schemas/%ff/tables"), 400, "InvalidArgument"),
    ("a parameter twice", get("/v1/statements?limit=1&limit=2"), 400, "InvalidArgument"),
    ("an unknown parameter", get("/v1/statements?limits=1"), 400, "InvalidArgument"),
    ("no number", get("/v1/statements?limit=1e3"), 400, "InvalidArgument"),
    ("nothing there", get("/v2/sql"), 404, "NotFound"),
]


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"http.idle_timeout": "2s", "log_level": "error"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def connect(self):
        host, port = self.server.url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def raw(self, data):
        return data.replace(b"{token}", f"Authorization: Bearer {self.server.admin_token}\r\n".encode())

    def answer(self, stream):
        """(status, headers, body) of one answer; None when the server just closed."""
        line = stream.readline()
        if not line:
            return None
        headers = {}
        while (header := stream.readline().strip()):
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        data = stream.read(int(headers.get("content-length", 0)))
        return int(line.split()[1]), headers, data

    def send(self, connection, data):
        try:
            connection.sendall(self.raw(data))
        except OSError:
            pass  # It has been refused before all was sent; the answer is there to read.

    def assert_alive(self):
        status, _, data = self.server.request("POST", "/v1/sql", {"statement": "SELECT 1 AS one"}, self.server.admin_token)
        self.assertEqual((status, json.loads(data)["rows"]), (200, [[1]]))

    def test_each_case_gets_its_problem(self):
        for name, data, status, code in CASES:
            with self.subTest(name):
                connection = self.connect()
                self.send(connection, data)
                answer = self.answer(connection.makefile("rb"))
                self.assertIsNotNone(answer, "the connection was closed without an answer")
                self.assertEqual(answer[0], status, answer[2][:300])
                self.assertEqual(answer[1]["content-type"], "application/problem+json")
                problem = json.loads(answer[2])
                self.assertEqual(problem["status"], status)
                self.assertTrue(problem["detail"] and problem["request_id"] and len(problem["sqlstate"]) == 5)
                if code is not None:
                    self.assertEqual(problem["code"], code)
                self.assertNotIn(self.server.admin_token.encode(), answer[2])
        self.assert_alive()

    def test_nothing_behind_an_ambiguous_request_is_served(self):
        smuggled = b"GET /v1/tokens HTTP/1.1\r\nHost: lake\r\n{token}\r\n"
        for head in ("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Content-Length: 0\r\nContent-Length: 9\r\n\r\n",
                     "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"):
            connection = self.connect()
            self.send(connection, (SQL + head).encode() + smuggled)
            stream = connection.makefile("rb")
            self.assertGreaterEqual(self.answer(stream)[0], 400)
            self.assertIsNone(self.answer(stream), "the bytes behind it were taken for a request")

    def test_pipelined_requests_are_answered_in_order(self):
        connection = self.connect()
        for number in range(5):
            self.send(connection, body(JSON, json.dumps({"statement": f"SELECT {number} AS n"})))
        stream = connection.makefile("rb")
        self.assertEqual([json.loads(self.answer(stream)[2])["rows"] for _ in range(5)], [[[n]] for n in range(5)])

    def test_a_half_closed_client_still_gets_its_answer(self):
        connection = self.connect()
        self.send(connection, get("/v1/catalog/schemas"))
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(self.answer(connection.makefile("rb"))[0], 200)

    def test_a_body_that_stops_half_way_costs_nobody_anything(self):
        for data in (body(JSON, '{"statement": "SELECT 1"}')[:-5], b"GET /health HT", (JSON + "Transfer-Encoding: chunked\r\n\r\n5\r\nab").encode()):
            connection = self.connect()
            self.send(connection, data)
            connection.shutdown(socket.SHUT_WR)
            answer = self.answer(connection.makefile("rb"))
            self.assertTrue(answer is None or answer[0] >= 400, answer)
        self.assert_alive()

    def running(self):
        lines = self.server.request("GET", "/metrics", None, self.server.admin_token)[2].decode().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("neurolake_statements_running ")))

    def await_running(self, count):
        deadline = time.monotonic() + 30
        while self.running() != count:
            self.assertLess(time.monotonic(), deadline, f"statements that run: {self.running()}, not {count}")

    def test_a_client_that_stopped_reading_and_left_holds_no_worker(self):
        # Of its own: with a limit so long that only the client's leaving can end its statement within the deadline.
        with Server(BINARY, settings={"http.idle_timeout": "300s", "log_level": "error"}) as server:
            self.server = server
            self.addCleanup(delattr, self, "server")  # The class has the others' server.
            many = "SELECT i, repeat('y', 200) FROM range(9000000) r(i)"
            for leave in (lambda connection: connection.close(), lambda connection: connection.shutdown(socket.SHUT_WR)):
                with self.subTest(leave):
                    connection = self.connect()
                    self.send(connection, body(SQL + "Content-Type: text/plain\r\nAccept: text/csv\r\n", many))
                    self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))
                    # Nothing moves any more: the buffers are full, and the server waits in its write.
                    self.await_blocked(connection)
                    self.assertEqual(self.running(), 1)
                    leave(connection)
                    self.await_running(0)
            self.assert_alive()

    def await_blocked(self, connection):
        """Until what waits in the client's buffer has not grown for ten requests of others."""
        waiting, unchanged = None, 0
        deadline = time.monotonic() + 30
        while unchanged < 10:
            self.assertLess(time.monotonic(), deadline, "the rows never fill the client's buffer")
            now = fcntl.ioctl(connection, termios.FIONREAD, bytes(4))
            unchanged = unchanged + 1 if now == waiting and now != bytes(4) else 0
            waiting = now
            self.server.request("GET", "/health")

    def test_a_slow_client_that_stays_gets_all_rows(self):
        connection = self.connect()
        self.send(connection, body(SQL + "Content-Type: text/plain\r\nAccept: application/x-ndjson\r\n"
                                   "Connection: close\r\n", "SELECT i, repeat('y', 200) AS y FROM range(60000) r(i)"))
        self.await_blocked(connection)
        stream = connection.makefile("rb")
        lines = stream.read().splitlines()
        self.assertEqual(sum(line.startswith(b'{"i"') for line in lines), 60000)
        self.assertIn(b"X-Result-Status: complete", lines)

    def test_slow_clients_are_told_and_cut(self):
        slow = [self.connect() for _ in range(40)]
        for connection in slow:
            self.send(connection, b"GET /health HTTP/1.1\r\nHost: lake\r\nX-A: ")
        half = self.connect()
        self.send(half, (JSON + "Content-Length: 100\r\n\r\n{").encode())
        self.assert_alive()  # While they are waited for.
        for connection in [*slow, half]:
            status, _, data = self.answer(connection.makefile("rb"))
            self.assertEqual((status, json.loads(data)["code"]), (408, "RequestTimeout"))

    def test_an_upload_that_breaks_off_leaves_nothing(self):
        connection = self.connect()
        self.send(connection, b"PUT /v1/uploads/broken.csv HTTP/1.1\r\nHost: lake\r\n{token}Content-Length: 1000\r\n\r\nid\r\n")
        connection.close()
        for path in ("%2e%2e%2fpasswd", ".hidden", "a%20b", "x" * 201):
            self.assertEqual(self.server.request("PUT", f"/v1/uploads/{path}", b"x", self.server.admin_token)[0], 400, path)
        self.assertNotIn(b"broken", self.server.request("GET", "/v1/uploads", None, self.server.admin_token)[2])
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
