"""An OpenBao server, which has HashiCorp Vault's API, with a transit engine and a token that may use one key of it.
Installed by bootstrap.sh --tests."""
import json

from emulators import CACHE, Emulator, send

ROOT_TOKEN = "root-of-tests"
POLICY = """
path "transit/encrypt/neurolake" { capabilities = ["update"] }
path "transit/decrypt/neurolake" { capabilities = ["update"] }
path "transit/keys/neurolake" { capabilities = ["read"] }
path "transit/keys/neurolake/rotate" { capabilities = ["update"] }
path "transit/keys/neurolake/config" { capabilities = ["update"] }
"""


class OpenBao(Emulator):
    program = CACHE / "openbao" / "bao"

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        return [str(self.program), "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT_TOKEN}",
                f"-dev-listen-address=127.0.0.1:{self.port}"]

    def ready(self):
        return send("GET", self.address + "/v1/sys/health")[0] == 200

    def start(self, timeout=60):
        super().start(timeout)
        self.ask("POST", "sys/mounts/transit", {"type": "transit"})
        self.ask("POST", "transit/keys/neurolake", {})
        self.ask("POST", "sys/policies/acl/neurolake", {"policy": POLICY})
        self.token = self.ask("POST", "auth/token/create", {"policies": ["neurolake"]})["auth"]["client_token"]
        return self

    def ask(self, method, path, body):
        status, answer = send(method, f"{self.address}/v1/{path}", json.dumps(body).encode(),
                              {"X-Vault-Token": ROOT_TOKEN, "Content-Type": "application/json"})
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {answer!r}")
        return json.loads(answer) if answer else {}

    def settings(self):
        return {"keys.service": "vault", "keys.vault.address": self.address, "keys.vault.plain_http": "true"}

    def environment(self):
        return {"NEUROLAKE_KEYS_VAULT_TOKEN": self.token}
