"""Google Cloud Storage (fake-gcs-server) and Azure Blob Storage (Azurite) on 127.0.0.1 and free ports, with one bucket
each; and the machine's metadata service that gives roles their keys. Installed by bootstrap.sh --tests."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import seaweed
from local_http import LocalHttp, answer, body_of
from ports import free_port
from store_proxy import StoreProxy

CACHE = pathlib.Path(os.environ.get("NEUROLAKE_CACHE", os.path.expanduser("~/.cache/neurolake")))
BUCKET = "lake"
#: Azurite's own account, which its documentation names.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def send(method, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Emulator:
    """A service in a folder of its own; `command` starts it, `ready` says whether it answers."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-emulator-")
        self.port = free_port()
        self.process = None

    def start(self, timeout=60):
        log = pathlib.Path(self.folder) / "log"
        self.process = subprocess.Popen(self.command(), cwd=self.folder, start_new_session=True, stdout=open(log, "ab"),
                                        stderr=subprocess.STDOUT)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.ready():
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{type(self).__name__} did not start:\n" + log.read_text(errors="replace")[-2000:])

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


class FakeGcs(Emulator):
    program = CACHE / "fake-gcs-server" / "fake-gcs-server"
    scheme = "gs"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        return [str(self.program), "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port), "-backend", "memory",
                "-external-url", self.endpoint, "-public-host", f"127.0.0.1:{self.port}"]

    def ready(self):
        return send("POST", self.endpoint + "/storage/v1/b?project=test", json.dumps({"name": BUCKET}).encode(),
                    {"Content-Type": "application/json"})[0] in (200, 409)

    def credential(self, name):
        return f"CREATE CREDENTIAL {name} TYPE GCS OPTIONS (access_token = 'any', endpoint = '{self.endpoint}')"

    def keys(self, prefix):
        _, body = send("GET", f"{self.endpoint}/storage/v1/b/{BUCKET}/o?maxResults=1000&prefix=" +
                       urllib.parse.quote(prefix, safe=""))
        return [item["name"] for item in json.loads(body).get("items", [])]

    def put(self, key, body):
        return send("POST", f"{self.endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=" +
                    urllib.parse.quote(key, safe=""), body, {"Content-Type": "application/octet-stream"})[0]


def sign_for_azure(method, target, headers, length):
    """The Authorization header of a request to `target`, path and query as they are sent, with the account's key."""
    given = {name.lower(): value for name, value in headers.items()}
    url = urllib.parse.urlsplit(target)
    signed = [given.get(name, "") for name in ("content-md5", "content-type")]
    conditions = [given.get(name, "") for name in ("if-modified-since", "if-match", "if-none-match",
                                                   "if-unmodified-since", "range")]
    lines = [method, given.get("content-encoding", ""), given.get("content-language", ""), str(length) if length else "",
             *signed, "", *conditions]
    lines += [f"{name}:{given[name]}" for name in sorted(given) if name.startswith("x-ms-")]
    query = sorted(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    lines.append(f"/{ACCOUNT}{url.path}" + "".join(f"\n{name.lower()}:{value}" for name, value in query))
    digest = hmac.new(base64.b64decode(ACCOUNT_KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"


class Azurite(Emulator):
    program = CACHE / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    scheme = "az"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def command(self):
        return ["node", str(self.program), "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "-l", self.folder,
                "--silent", "--skipApiVersionCheck", "--disableTelemetry"]

    def ready(self):
        return self.request("PUT", "", {"restype": "container"})[0] in (201, 409)

    def request(self, method, key, query, body=b"", headers=None):
        """Signed with the account's key."""
        headers = {"x-ms-version": "2021-12-02", "x-ms-date": email.utils.formatdate(usegmt=True), **(headers or {})}
        if method == "PUT":
            headers.setdefault("Content-Type", "application/octet-stream")  # Else urllib sends another one, unsigned.
        target = f"/{ACCOUNT}/{BUCKET}" + ("/" + urllib.parse.quote(key) if key else "")
        target += "?" + urllib.parse.urlencode(query) if query else ""
        headers["Authorization"] = sign_for_azure(method, target, headers, len(body))
        return send(method, f"http://127.0.0.1:{self.port}{target}", body if method == "PUT" else None, headers)

    def credential(self, name):
        return (f"CREATE CREDENTIAL {name} TYPE AZURE OPTIONS (account = '{ACCOUNT}', account_key = '{ACCOUNT_KEY}', "
                f"endpoint = '{self.endpoint}')")

    def keys(self, prefix):
        _, body = self.request("GET", "", {"restype": "container", "comp": "list", "prefix": prefix})
        return re.findall(r"<Name>([^<]*)</Name>", body.decode())

    def put(self, key, body):
        return self.request("PUT", key, {}, body, {"x-ms-blob-type": "BlockBlob"})[0]


class S3(seaweed.Seaweed):
    """SeaweedFS by the names that the others have."""
    program = pathlib.Path(seaweed.program() or "/nonexistent")
    scheme = "s3"

    def credential(self, name):
        return (f"CREATE CREDENTIAL {name} TYPE S3 OPTIONS (access_key_id = '{seaweed.ACCESS_KEY}', secret_access_key = "
                f"'{seaweed.SECRET_KEY}', endpoint = '{self.endpoint}')")

    def put(self, key, body):
        return self.request("PUT", f"/bucket/{key}", body)[0]


class AzureByToken(StoreProxy):
    """An Azurite that takes the token of the machine's role: it wants HTTPS for that itself, so this signs in its place
    what comes with the right one. `refused`: of requests with another or none."""

    def __init__(self, azurite, token):
        super().__init__(azurite.port)
        self.token, self.refused = token, 0

    def credential(self, name):
        return (f"CREATE CREDENTIAL {name} TYPE AZURE FROM INSTANCE ROLE OPTIONS (account = '{ACCOUNT}', endpoint = "
                f"'{self.endpoint}/{ACCOUNT}')")

    def handle(self, request):
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            self.refused += 1
            body_of(request)
            return answer(request, 403, b"<Error><Code>AuthenticationFailed</Code></Error>")
        return super().handle(request)

    def headers_for(self, request, body):
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("authorization", "date")}
        headers.setdefault("x-ms-date", email.utils.formatdate(usegmt=True))
        headers["Authorization"] = sign_for_azure(request.command, request.path, headers, len(body))
        return headers.items()


class MetadataService:
    """What machines of Amazon, Google and Azure ask for their role's keys. `asked`: paths, in order."""
    TOKEN = "of-the-role"

    def __init__(self):
        self.asked, self.session, self.broken = [], "session-of-the-test", False
        self.http = LocalHttp(self.handle)

    def handle(self, request):
        body_of(request)
        path, headers = request.path, request.headers
        self.asked.append(path)
        if self.broken:
            return answer(request, 400 if request.command == "PUT" else 500, b"no")
        if request.command == "PUT":
            known = "X-aws-ec2-metadata-token-ttl-seconds" in headers
            return answer(request, 200 if known else 400, self.session.encode() if known else b"no")
        if path.startswith("/computeMetadata/"):
            if headers.get("Metadata-Flavor") != "Google":
                return answer(request, 403, b"no")
            return answer(request, 200, json.dumps({"access_token": self.TOKEN, "expires_in": 3600}).encode())
        if path.startswith("/metadata/identity/oauth2/token?"):
            query = dict(urllib.parse.parse_qsl(path.partition("?")[2]))
            if headers.get("Metadata") != "true" or query.get("resource") != "https://storage.azure.com/":
                return answer(request, 400, b"no")
            return answer(request, 200, json.dumps({"access_token": self.TOKEN, "expires_in": "3600",
                                                    "token_type": "Bearer"}).encode())
        if headers.get("X-aws-ec2-metadata-token") != self.session:
            return answer(request, 401, b"no")
        if path.endswith("/security-credentials/"):
            return answer(request, 200, b"lake-role")
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
        return answer(request, 200, json.dumps({
            "Code": "Success", "AccessKeyId": seaweed.ACCESS_KEY, "SecretAccessKey": seaweed.SECRET_KEY,
            "Token": "", "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode())

    @property
    def address(self):
        return self.http.address

    def stop(self):
        self.http.stop()
