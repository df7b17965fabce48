"""The same table as seen by us, by delta-rs, by DuckDB's Delta extension and by Spark: a Rows of each, made comparable."""
import datetime
import importlib.util
import io
import json
import pathlib

import deltalake
import duckdb
import pyarrow as pa

from server import StatementError


def delta_extension():
    root = pathlib.Path(importlib.util.find_spec("duckdb_extension_delta").submodule_search_locations[0])
    return str(next(root.rglob("delta.duckdb_extension")))


def plain(value):
    """A value as every engine gives it: times in UTC, structs and maps as sorted pairs."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            return "UTC " + value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat()
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [plain(item) for item in value]
        pairs = bool(value) and all(isinstance(item, tuple) and len(item) == 2 for item in value)
        return sorted(items, key=repr) if pairs else items
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, float) and value != value:
        return "NaN"
    return value


def rows_of(table):
    """(column names, sorted rows) of an Arrow table; the order of rows is not part of the answer."""
    names = list(table.column_names)
    lists = [[plain(value) for value in column.to_pylist()] for column in table.columns]
    return names, sorted((tuple(row) for row in zip(*lists)), key=repr)


class Ours:
    def __init__(self, server):
        self.server = server

    def rows(self, name, columns="*", version=None, where=""):
        at = "" if version is None else f" VERSION AS OF {version}"
        return self.query(f"SELECT {columns} FROM {name}{at} {where}")

    def query(self, statement):
        body = {"statement": statement}
        status, _, answer = self.server.request("POST", "/v1/sql", body, self.server.token_of("admin"),
                                                {"Accept": "application/vnd.apache.arrow.stream"})
        if status != 200:
            raise StatementError(status, json.loads(answer))
        return rows_of(pa.ipc.open_stream(io.BytesIO(answer)).read_all())

    def versions(self, name):
        """The versions that the history knows, oldest first."""
        answer = self.server.sql(f"DESCRIBE HISTORY {name}")
        at = [column["name"] for column in answer["columns"]].index("version")
        return sorted(int(row[at]) for row in answer["rows"])

    def path(self, name):
        """The table's directory."""
        answer = self.server.sql(f"DESCRIBE DETAIL {name}")
        at = [column["name"] for column in answer["columns"]].index("location")
        return answer["rows"][0][at]


class DeltaRs:
    name = "delta-rs"

    def rows(self, path, columns="*", version=None, where=""):
        table = deltalake.DeltaTable(str(path), version=version)
        batches = deltalake.QueryBuilder().register("t", table).execute(f"SELECT {columns} FROM t {where}").read_all()
        return rows_of(pa.table(batches))


    def description(self, path):
        """What is said of the table beside its rows; None of a judge that cannot tell."""
        table = deltalake.DeltaTable(str(path))
        metadata = table.metadata()
        columns = {field.name: field.metadata.get("comment") for field in table.schema().fields}
        return {"comment": metadata.description, "columns": columns, "properties": dict(metadata.configuration)}


class DuckDb:
    name = "DuckDB"

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute(f"LOAD '{delta_extension()}'")
        self.connection.execute("SET TimeZone = 'UTC'")

    def rows(self, path, columns="*", version=None, where=""):
        options = "" if version is None else f", version => {version}"
        # A cursor of its own per read: the extension keeps snapshots within a connection's transaction.
        answer = self.connection.cursor().execute(f"SELECT {columns} FROM delta_scan('{path}'{options}) {where}")
        return rows_of(answer.to_arrow_table() if hasattr(answer, "to_arrow_table") else answer.fetch_arrow_table())

    def description(self, path):
        return None

    def append(self, path, rows):
        """`rows` is a query; all that the extension can write."""
        connection = duckdb.connect()
        connection.execute(f"LOAD '{delta_extension()}'")
        connection.execute(f"ATTACH '{path}' AS t (TYPE delta)")
        connection.execute(f"INSERT INTO t {rows}")
        connection.close()


class Spark:
    name = "Spark"

    def __init__(self, session):
        self.session = session

    def sql(self, statement, path):
        """`{t}` is the table at `{path}`, `{source}` another one beside it."""
        statement = statement.replace("{source}", f"delta.`{path}_source`").replace("{path}", str(path))
        return self.session.sql(statement.replace("{t}", f"delta.`{path}`"))

    def rows(self, path, columns="*", version=None, where=""):
        at = "" if version is None else f" VERSION AS OF {version}"
        return rows_of(self.sql(f"SELECT {columns} FROM {{t}}{at} {where}", path).toArrow())

    def description(self, path):
        detail = self.sql("DESCRIBE DETAIL {t}", path).collect()[0]
        fields = self.sql("SELECT * FROM {t}", path).schema.fields
        return {"comment": detail["description"], "columns": {field.name: field.metadata.get("comment") for field in fields},
                "properties": dict(detail["properties"])}
