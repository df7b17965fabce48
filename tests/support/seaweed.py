"""SeaweedFS as an S3 service that checks signatures, on 127.0.0.1 and free ports. Installed by bootstrap.sh --tests."""
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from ports import free_port

# Who uses the store. Buckets are made by another: for an administrator SeaweedFS makes whatever is missing.
ACCESS_KEY, SECRET_KEY = "test-access", "test-secret-0123456789"
ADMIN_KEY, ADMIN_SECRET = "admin-access", "admin-secret-0123456789"
# Who may look and not write.
READER_KEY, READER_SECRET = "reader-access", "reader-secret-0123456789"


def program():
    cache = os.environ.get("NEUROLAKE_CACHE", os.path.expanduser("~/.cache/neurolake"))
    for place in (os.environ.get("TESTED_WEED", ""), cache + "/seaweedfs/weed", cache + "/judges/bin/weed"):
        if place and os.access(place, os.X_OK):
            return place
    return shutil.which("weed")


class Seaweed:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-weed-")
        self.process = None
        self.ports = {}

    def start(self, timeout=60):
        folder = pathlib.Path(self.folder)
        (folder / "data").mkdir(exist_ok=True)
        identities = [{"name": "admin", "credentials": [{"accessKey": ADMIN_KEY, "secretKey": ADMIN_SECRET}],
                       "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
                      {"name": "test", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                       "actions": ["Read", "Write", "List"]},
                      {"name": "reader", "credentials": [{"accessKey": READER_KEY, "secretKey": READER_SECRET}],
                       "actions": ["Read", "List"]}]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}))
        # A restarted one listens where it did: its clients know it by that.
        self.ports = self.ports or {name: free_port() for name in ("master", "volume", "filer", "s3")}
        ports = self.ports
        command = [program(), "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                   f"-master.port={ports['master']}", f"-volume.port={ports['volume']}", "-filer",
                   f"-filer.port={ports['filer']}", "-s3", f"-s3.port={ports['s3']}", f"-s3.config={folder}/s3.json",
                   "-s3.port.iceberg=0", "-s3.port.lance=0",
                   "-master.volumeSizeLimitMB=64", "-volume.max=20",
                   # Doors that would take fixed ports, which another of these may have.
                   "-s3.port.iceberg=0", "-s3.port.lance=0"]
        self.process = subprocess.Popen(command, cwd=self.folder, start_new_session=True,
                                        stdout=open(folder / "log", "ab"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                # The first writes fail until a volume is there.
                if self.request("PUT", "/bucket")[0] in (200, 409) and self.request("PUT", "/bucket/probe", b"x")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("SeaweedFS did not start:\n" + (folder / "log").read_text(errors="replace")[-2000:])

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports['s3']}"

    def pause(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=b"", query=""):
        """A signed request (AWS signature version 4); (status, body)."""
        now = datetime.datetime.now(datetime.timezone.utc)
        day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = f"127.0.0.1:{self.ports['s3']}"
        quoted = urllib.parse.quote(path)
        canonical = "\n".join([method, quoted, query, f"host:{host}", f"x-amz-content-sha256:{digest}",
                               f"x-amz-date:{stamp}", "", "host;x-amz-content-sha256;x-amz-date", digest])
        scope = f"{day}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + ADMIN_SECRET).encode()
        for part in (day, "us-east-1", "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        headers = {"x-amz-date": stamp, "x-amz-content-sha256": digest,
                   "Authorization": f"AWS4-HMAC-SHA256 Credential={ADMIN_KEY}/{scope}, "
                                    f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"}
        url = f"http://{host}{quoted}" + ("?" + query if query else "")
        request = urllib.request.Request(url, data=body if method in ("PUT", "POST") else None, method=method,
                                         headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def keys(self, prefix):
        """Names of the objects below `prefix` in the bucket."""
        query = f"list-type=2&max-keys=1000&prefix={urllib.parse.quote(prefix, safe='')}"
        status, body = self.request("GET", "/bucket", query=query)
        assert status == 200, body
        return [part.split("</Key>")[0] for part in body.decode().split("<Key>")[1:]]
