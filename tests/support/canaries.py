"""Canaries: texts that stand where somebody has no business, and the search for them, in every form in which they could be
carried out. The one place that says what a leak is."""
import base64
import hashlib
import json
import pathlib
import re
import uuid

#: Relations of schema `system`, and statements, that show a principal what there is and what was done.
RELATIONS = ("queries", "running", "audit", "lineage", "column_lineage", "tags", "schemas", "tables", "views",
             "dropped_tables", "table_statistics", "column_statistics", "expectations", "expectation_results",
             "pii_findings", "data_subjects", "erasures",
             "external_locations", "tokens")
INFORMATION = ("schemata", "tables", "views", "columns", "table_privileges", "column_privileges", "role_table_grants",
               "table_constraints", "check_constraints", "key_column_usage", "information_schema_catalog_name")
LISTS = ("SHOW TABLES", "SHOW ALL TABLES", "SHOW VIEWS", "SHOW DATABASES", "SHOW POLICIES", "SHOW PURPOSES",
         "SHOW EXPECTATIONS", "SHOW BREAK GLASS")
PATHS = ("/v1/me", "/v1/history", "/v1/statements", "/v1/uploads", "/v1/catalog/schemas", "/v1/tokens", "/v1/users",
         "/v1/identities", "/v1/openapi.json", "/health", "/ready", "/metrics")


def canary(kind):
    return f"canary-{kind}-{uuid.uuid4().hex[:12]}"


def _encodings(raw):
    """Hexadecimal, and base64 as it stands in longer texts: of its three alignments the part that only `raw` decides."""
    found = {raw.hex()}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode()
        inner = text[(0, 2, 3)[offset]:].rstrip("=")
        if (offset + len(raw)) % 3:
            inner = inner[:-1]  # Has bits of what follows.
        found |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return found


def forms(text):
    """All in lower case: `text` as it is, backwards, and upper-cased; each in hexadecimal and base64; and its hashes without
    a key, whole or by their first 16 digits, in hexadecimal and base64."""
    variants = {text, text.lower(), text.upper(), text[::-1]}
    found = {variant.lower() for variant in variants}
    for variant in variants:
        raw = variant.encode()
        found |= _encodings(raw)
        for algorithm in ("md5", "sha1", "sha256"):
            digest = hashlib.new(algorithm, raw).digest()
            found |= {digest.hex()[:16], base64.b64encode(digest).decode()[:16]}
            found.add(base64.urlsafe_b64encode(digest).decode()[:16])
    return {form.lower() for form in found if len(form) > 7}


_FORMS = {}


def leaks(text, canaries):
    """The canaries that any of their forms shows in `text`."""
    low, found = text.lower(), []
    for one in canaries:
        if one not in _FORMS:
            _FORMS[one] = sorted(forms(one), key=len)
        if any(form in low for form in _FORMS[one]):
            found.append(one)
    return found


def check(test, text, canaries, about=""):
    """Fails `test` if a canary is in `text`, a string or bytes."""
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    found = leaks(text, canaries)
    if found:
        at = min((text.lower().find(form) for one in found for form in _FORMS[one] if form in text.lower()), default=0)
        test.fail(f"{about}: {found} in …{text[max(0, at - 200):at + 200]}…")


def readable(server, user, tables=()):
    """Yields (name, text) of everything that `user` can look up afterwards: history, audit records, lists and statistics
    by SQL, what HTTP shows, and what is said of `tables` ("schema.name")."""
    token = server.token_of(user)

    def ask(statement, accept="application/json"):
        return server.request("POST", "/v1/sql", {"statement": statement}, token, {"Accept": accept})

    about = [f"{words} {table}" for table in tables for words in (
        "DESCRIBE", "DESCRIBE DETAIL", "DESCRIBE HISTORY", "SHOW CREATE TABLE", "SHOW TBLPROPERTIES", "SHOW COLUMNS IN",
        "SHOW TAGS ON", "SHOW EFFECTIVE POLICY ON", "SHOW EXPECTATIONS ON", "SHOW EXPECTATION TREND ON", "SUMMARIZE",
        "EXPLAIN SELECT * FROM", "EXPLAIN ANALYZE SELECT * FROM", "SELECT * FROM")]
    relations = [f"system.{name}" for name in RELATIONS] + [f"information_schema.{name}" for name in INFORMATION]
    for statement in [f"SELECT * FROM {name}" for name in relations] + list(LISTS) + about:
        yield statement, _text(ask(statement))
    for table in tables:
        for accept in ("application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream"):
            yield f"{table} as {accept}", _text(ask(f"SELECT * FROM {table}", accept))
    schemas = []
    for path in PATHS:
        answer = server.request("GET", path, None, token)
        if path == "/v1/catalog/schemas" and answer[0] == 200:
            schemas = re.findall(r'"name": ?"([^"]+)"', answer[2].decode())
        yield path, _text(answer)
    for schema in schemas:
        path = f"/v1/catalog/schemas/{schema}/tables"
        yield path, _text(server.request("GET", path, None, token))
    for table in tables:
        schema, _, name = table.partition(".")
        path = f"/v1/catalog/schemas/{schema}/tables/{name}"
        yield path, _text(server.request("GET", path, None, token))


def _text(answer):
    status, headers, body = answer
    return f"{status} {json.dumps(headers)} {body.decode(errors='replace')}"


def check_readable(test, server, user, canaries, tables=()):
    """Fails `test` if `user` finds a canary in what can be looked up, or anybody in the log of the server."""
    for name, text in readable(server, user, tables):
        with test.subTest(user=user, looked_at=name):
            check(test, text, canaries, name)
    with test.subTest(looked_at="log"):
        check(test, pathlib.Path(server.log_path).read_text(errors="replace"), canaries, "the log")


def check_files(test, folder, canaries):
    """Fails `test` if a file below `folder`, or its name, has a canary."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        check(test, str(path.relative_to(folder)), canaries, path)
        if path.is_file():
            check(test, path.read_bytes(), canaries, path)
