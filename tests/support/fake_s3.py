"""An S3 service in memory that counts what it is asked, for what a real one cannot show: how many requests a statement
costs, and lists of a length that nobody wants to upload. It checks no signatures (SeaweedFS does)."""
import bisect
import email.utils
import hashlib
import threading
import time
import urllib.parse
import xml.sax.saxutils

from local_http import REFUSED, UNANSWERED, Faults, LocalHttp, answer, body_of


class FakeS3:
    """`objects`: bytes by "bucket/key". `requests`: (method, "bucket/key" or, of lists, "list:bucket/prefix")."""

    def __init__(self, page=1000):
        self.objects, self.requests, self.lock, self.page = {}, [], threading.Lock(), page
        self.times, self.names = {}, None
        #: What a test makes it do wrong; and whether it keeps what is said of an object beside its bytes.
        self.faults, self.keeps_marks, self.marks = Faults(), True, {}
        self.http = LocalHttp(self.handle)

    def handle(self, request):
        url = urllib.parse.urlsplit(request.path)
        name = urllib.parse.unquote(url.path).lstrip("/")
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = body_of(request)
        fault = self.faults.of(request.command, name, time.monotonic())
        if isinstance(fault, tuple):
            return answer(request, *fault)
        if fault == REFUSED:
            request.close_connection = True
            return None
        told = self.serve(request.command, name, query, body, request.headers)
        if fault == UNANSWERED:
            request.close_connection = True
            return None
        return answer(request, *told)

    @property
    def endpoint(self):
        return self.http.endpoint

    def credential(self, name):
        return (f"CREATE CREDENTIAL {name} TYPE S3 OPTIONS (access_key_id = 'any', secret_access_key = 'any', "
                f"endpoint = '{self.endpoint}')")

    def stop(self):
        self.http.stop()

    def set(self, name, body):
        with self.lock:
            self.objects[name] = body
            self.times[name] = time.time()
            self.names = None

    def drop(self, name):
        with self.lock:
            self.objects.pop(name, None)
            self.names = None

    def count(self, method, part):
        return sum(one == method and part in name for one, name in self.requests)

    def serve(self, method, name, query, body, headers):
        bucket, _, key = name.partition("/")
        if method == "GET" and not key:
            with self.lock:
                self.requests.append(("GET", f"list:{bucket}/{query.get('prefix', '')}"))
            return 200, self.list(bucket, query)
        with self.lock:
            self.requests.append((method, name))
            known = self.objects.get(name)
        if method == "PUT":
            if headers.get("If-None-Match") == "*" and known is not None:
                return 412, b"<Error><Code>PreconditionFailed</Code></Error>"
            self.set(name, body)
            self.marks[name] = [(key, value) for key, value in headers.items()
                                if self.keeps_marks and key.lower().startswith("x-amz-meta-")]
            return 200, b"", [("ETag", self.tag(body))]
        if method == "DELETE":
            self.drop(name)
            return 204, b""
        if method == "POST" and "delete" in query:
            for one in body.decode().split("<Key>")[1:]:
                self.drop(bucket + "/" + xml.sax.saxutils.unescape(one.split("</Key>")[0]))
            return 200, b"<DeleteResult></DeleteResult>"
        if known is None:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>"
        told = [("ETag", self.tag(known)), ("Last-Modified", email.utils.formatdate(self.times[name], usegmt=True)),
                *self.marks.get(name, ())]
        if method == "HEAD":
            return 200, b"", told, len(known)
        if "Range" in headers:
            first, last = headers["Range"].removeprefix("bytes=").split("-")
            part = known[int(first):int(last) + 1]
            if not part:
                return 416, b""
            return 206, part, told + [("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(known)}")]
        return 200, known, told

    @staticmethod
    def tag(body):
        return '"' + hashlib.md5(body).hexdigest() + '"'

    def list(self, bucket, query):
        with self.lock:
            if self.names is None:
                self.names = sorted(self.objects)
            names = self.names
        prefix = bucket + "/" + query.get("prefix", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        begin = bisect.bisect_right(names, bucket + "/" + after) if after else bisect.bisect_left(names, prefix)
        begin = max(begin, bisect.bisect_left(names, prefix))
        found, last, more = [], "", False
        for name in names[begin:]:
            if not name.startswith(prefix):
                break
            if query.get("delimiter") and "/" in name[len(prefix):]:
                continue  # What a real one gives as a common prefix; nobody here reads those.
            if len(found) == self.page:
                more = True
                break
            key = last = name[len(bucket) + 1:]
            found.append(f"<Contents><Key>{xml.sax.saxutils.escape(key)}</Key><Size>{len(self.objects.get(name, b''))}</Size>"
                         f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(self.times[name]))}"
                         "</LastModified></Contents>")
        token = f"<NextContinuationToken>{xml.sax.saxutils.escape(last)}</NextContinuationToken>" if more else ""
        return (f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(found)}"
                "</ListBucketResult>").encode()
