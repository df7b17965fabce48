"""Durable records of the audit log a second, from many threads; the peer writes and syncs each record by itself."""
import os
import pathlib
import subprocess
import time

BINARY = pathlib.Path(__file__).resolve().parent.parent / "build/release/bench/audit_bench"
RECORD_BYTES = 750


def one_by_one(path, seconds):
    record = b"x" * (RECORD_BYTES - 1) + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        os.write(file, record)
        os.fdatasync(file)
        count += 1
    os.close(file)
    os.unlink(path)
    return count / seconds


def durable_records(folder, threads=128, seconds=5):
    peer = one_by_one(os.path.join(folder, "one_by_one"), seconds)
    output = subprocess.run([BINARY, folder, str(seconds), str(threads)], check=True, capture_output=True, text=True).stdout
    ours, per_sync = (float(word) for word in output.splitlines()[-1].split()[1:])
    return {"name": f"audit records, each durable, {threads} threads", "ours": ours, "peer": peer, "unit": "records/s, more is better",
            "goal": "≥ 20,000/s", "note": f"{per_sync:.0f} records a sync; peer: one write and fdatasync for each record, one thread"}
