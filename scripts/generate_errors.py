#!/usr/bin/env python3
"""Makes docs/errors.md from common/error_codes.def and the explanations below."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"
MEANING = {
    "InvalidArgument": "A value is not what the call takes; the message says what would be right.",
    "SyntaxError": "The statement does not parse; `position` is the byte it stopped at.",
    "BindError": "The statement parses but does not make sense: wrong number of arguments, ambiguous names, aggregates in the wrong place.",
    "TypeMismatch": "A value's type does not fit where it is used.",
    "ConversionFailed": "A value could not be converted while the statement ran. The value is not shown; where it was for a column of "
                        "INSERT or UPDATE, that is named.",
    "NumericOutOfRange": "A number does not fit its type; the column is named where it was for one.",
    "DivisionByZero": "A division by zero.",
    "NotNullViolation": "A NOT NULL column would get NULL; the message names the column.",
    "CheckViolation": "A row does not obey a constraint, or a generated column; the message names it and the table, and no value.",
    "NotSupported": "Known and not done: a table feature, a statement, an option. Nothing was written.",
    "Unauthenticated": "The token is missing, unknown, expired or revoked; which one is not said.",
    "PermissionDenied": "The principal may not do this, or the statement uses something that is not on the allow-list.",
    "NotFound": "No such table or view, or none that the principal may see.",
    "SchemaNotFound": "No such schema.",
    "ColumnNotFound": "No such column in the tables the statement names.",
    "FunctionNotFound": "No such function.",
    "VersionNotFound": "The table has no such version, or none at that time; the message gives the range.",
    "AlreadyExists": "The name is taken.",
    "DependentObjects": "Something depends on it: a schema is not empty (use CASCADE), a constraint reads the column.",
    "Conflict": "Another statement changed the table first and nothing was written: run the statement again.",
    "CommitUnknown": "The commit may have happened. Read the table's history before repeating the statement.",
    "PayloadTooLarge": "The request, statement or upload is larger than the server takes.",
    "RowLimitExceeded": "The result has more rows than the statement may return.",
    "TooManyRequests": "Too many statements are running and waiting: try again later.",
    "OutOfMemory": "The statement needed more memory than its limit.",
    "DiskFull": "No space left; nothing was published.",
    "Cancelled": "The statement was cancelled, or its client left.",
    "DeadlineExceeded": "The statement ran past its deadline.",
    "WorkerLost": "The process that ran the statement ended; nothing was committed. Other statements were not touched.",
    "Unavailable": "Another process holds the lake, the metadata store does not answer, or the server is shutting down.",
    "ReadOnly": "The lake's directory or the transaction cannot be written to.",
    "IoError": "Reading or writing failed below the server.",
    "Corruption": "A log, checkpoint or data file is damaged; the message names it. The rest of the lake is not touched.",
    "Internal": "A bug of the server; its log has the details under the request id.",
}
RETRY = {"kNoRetry": "no", "kRetry": "yes", "kReadBeforeRetry": "look first"}


def page():
    lines = ["# Errors", "",
             "Every door gives the same codes. A message has fixed text first and values last, and never a row's data or a "
             "secret. Over HTTP an error is `application/problem+json` with `code`, `sqlstate`, `retry` and `request_id`.", "",
             "| code | SQLSTATE | HTTP | try again | meaning |", "| --- | --- | --- | --- | --- |"]
    text = (ROOT / "src/common/error_codes.def").read_text()
    for name, state, status, retry in re.findall(r'NL_ERROR\(k(\w+),\s+"(\w+)", (\d+), (\w+)\)', text):
        lines.append(f'| <a id="{name}"></a>`{name}` | `{state}` | {status} | {RETRY[retry]} | {MEANING[name]} |')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != page():
            sys.exit("docs/errors.md is out of date: run scripts/generate_errors.py")
    else:
        PAGE.write_text(page())
