"""Google Cloud Storage (fake-gcs-server) and Azure Blob Storage (Azurite) on 127.0.0.1 and free ports, with one bucket
each; and the machine's metadata service that gives roles their keys. Installed by bootstrap.sh --tests."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import seaweed
from ports import free_port

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
        path = f"/{ACCOUNT}/{BUCKET}" + ("/" + urllib.parse.quote(key) if key else "")
        canonical = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
        resource = f"/{ACCOUNT}{path}" + "".join(f"\n{name}:{query[name]}" for name in sorted(query))
        lines = [method, "", "", str(len(body)) if body else "", "", headers.get("Content-Type", ""), "", "", "", "", "", ""]
        text = "\n".join(lines) + "\n" + canonical + resource
        digest = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        url = f"http://127.0.0.1:{self.port}{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
        return send(method, url, body if method == "PUT" else None, headers)

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


class MetadataService:
    """What machines of Amazon and Google ask for their role's keys. `asked`: paths, in order."""

    def __init__(self):
        service = self
        self.asked, self.session, self.broken = [], "session-of-the-test", False

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, text, status=200):
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self):
                service.asked.append(self.path)
                if service.broken or "X-aws-ec2-metadata-token-ttl-seconds" not in self.headers:
                    return self.answer("no", 400)
                return self.answer(service.session)

            def do_GET(self):
                service.asked.append(self.path)
                if service.broken:
                    return self.answer("no", 500)
                if self.path.startswith("/computeMetadata/"):
                    if self.headers.get("Metadata-Flavor") != "Google":
                        return self.answer("no", 403)
                    return self.answer(json.dumps({"access_token": "of-the-role", "expires_in": 3600}))
                if self.headers.get("X-aws-ec2-metadata-token") != service.session:
                    return self.answer("no", 401)
                if self.path.endswith("/security-credentials/"):
                    return self.answer("lake-role")
                until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
                return self.answer(json.dumps({
                    "Code": "Success", "AccessKeyId": seaweed.ACCESS_KEY, "SecretAccessKey": seaweed.SECRET_KEY,
                    "Token": "", "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}))

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
