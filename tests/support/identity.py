"""Two OpenID Connect providers on 127.0.0.1 and free ports, a browser that follows redirects with cookies, and client
certificates. Installed by bootstrap.sh --tests."""
import base64
import http.cookiejar
import json
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import emulators
from ports import free_port

PACKAGES = emulators.CACHE / "identity-providers"
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "services" / "identity"


class Provider(emulators.Emulator):
    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.port}"

    def ready(self):
        return emulators.send("GET", self.issuer + "/.well-known/openid-configuration")[0] == 200

    def post(self, url, fields, basic=None):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
        return emulators.send("POST", url, urllib.parse.urlencode(fields).encode(), headers)


class Certified(Provider):
    """npm's oidc-provider: who logs in is anna-1, or what the browser's cookie test_account says."""

    def __init__(self, redirect):
        super().__init__()
        self.redirect = redirect

    def command(self):
        return ["node", str(SCRIPTS / "certified.mjs"), str(PACKAGES), str(self.port), self.redirect]

    def service_token(self):
        return json.loads(self.post(self.issuer + "/token", {"grant_type": "client_credentials", "scope": "read"},
                                    "etl:etl-secret")[1])["access_token"]


class Mock(Provider):
    """npm's oauth2-mock-server, which signs whatever it is asked to."""

    def __init__(self):
        super().__init__()
        self.control_port = free_port()

    def command(self):
        return ["node", str(SCRIPTS / "mock.mjs"), str(PACKAGES), str(self.port), str(self.control_port)]

    def ask(self, path, **wanted):
        return emulators.send("POST", f"http://127.0.0.1:{self.control_port}{path}", json.dumps(wanted).encode())[1].decode()

    def token(self, header=None, without=(), **claims):
        return self.ask("/token", header=header or {}, claims=claims, without=list(without))


class Browser:
    """Keeps cookies, follows redirects up to an address that begins with `until`, and gives that address."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *ignored):
            return None

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), self.Stay)

    def get(self, url, headers=None):
        request = urllib.request.Request(url, headers=headers or {})
        try:
            with self.opener.open(request, timeout=20) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def follow(self, url, until=None):
        """The first answer that is no redirect, or the redirect to `until`: (url, status, headers, body)."""
        for _ in range(15):
            if until is not None and url.startswith(until):
                return url, None, None, b""
            status, headers, body = self.get(url)
            if status not in (301, 302, 303, 307):
                return url, status, headers, body
            url = urllib.parse.urljoin(url, headers["Location"])
        raise RuntimeError("too many redirects")

    def cookie(self, name):
        return next((cookie for cookie in self.cookies if cookie.name == name), None)


class Authority:
    """Signs certificates of clients; `folder` holds PEM files."""

    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                     "-subj", f"/CN={name}", "-keyout", self.path(name + ".key"), "-out", self.certificate)

    @property
    def certificate(self):
        return self.path(self.name + ".pem")

    def path(self, name):
        return str(self.folder / name)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, alternative, days=10, usage="clientAuth"):
        """(certificate, key) with these alternative names, such as "DNS:etl.example.org"."""
        key, request, certificate = self.path(name + ".key"), self.path(name + ".csr"), self.path(name + ".pem")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", key, "-out", request)
        extensions = self.folder / (name + ".ext")
        extensions.write_text(f"subjectAltName={alternative}\nextendedKeyUsage={usage}\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.path(self.name + ".key"),
                     "-CAcreateserial", "-days", str(days), "-extfile", str(extensions), "-out", certificate)
        return certificate, key
