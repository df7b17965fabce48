#!/usr/bin/env python3
"""Small INSERTs from many clients at once, acknowledged when durable: with group commit and, as the peer, without it, in one
run. Every acknowledged row is looked for afterwards; versions, files and peak memory are recorded."""
import argparse
import json
import statistics
import sys
import threading
import time

from measure import Client, MemoryPeak, Server, record


def insert(server, client, clients, seconds, latencies):
    connection = Client(server)
    until = time.perf_counter() + seconds
    number = client
    while time.perf_counter() < until:
        begin = time.perf_counter()
        connection.sql(f"INSERT INTO events VALUES ({number}, {client}, 'page view', now())")
        latencies[client].append(time.perf_counter() - begin)
        number += clients


def measure(binary, clients, seconds, settings):
    with Server(binary, settings=settings) as server:
        admin = Client(server)
        admin.sql("CREATE TABLE events (id BIGINT NOT NULL, client INTEGER, kind STRING, moment TIMESTAMP)")
        admin.sql("INSERT INTO events VALUES (-1, -1, 'warm', now())")
        latencies = [[] for _ in range(clients)]
        threads = [threading.Thread(target=insert, args=(server, i, clients, seconds, latencies)) for i in range(clients)]
        with MemoryPeak(server.process.pid) as peak:
            begin = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            elapsed = time.perf_counter() - begin
        done = sum(len(each) for each in latencies)
        wanted = {client + clients * i for client in range(clients) for i in range(len(latencies[client]))} | {-1}
        found = [row[0] for row in admin.sql("SELECT id FROM events")]
        if len(found) != len(wanted) or set(found) != wanted:
            sys.exit(f"rows are wrong: {len(found)} found, {len(wanted)} acknowledged")
        versions = len(admin.sql("DESCRIBE HISTORY events")) - 2  # Not the CREATE and the first INSERT.
        files = admin.sql("DESCRIBE DETAIL events")[0][9]
        all_ms = sorted(1000 * one for each in latencies for one in each)
        return {"rate": done / elapsed, "p50": statistics.median(all_ms), "p99": all_ms[int(len(all_ms) * 0.99)],
                "statements": done, "versions": versions, "files": files, "mib": peak.sum_bytes / 2**20}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--dry", action="store_true", help="print, and do not add to RESULTS.md")
    args = parser.parse_args()
    ours = measure(args.binary, args.clients, args.seconds, {})
    alone = measure(args.binary, args.clients, args.seconds, {"group_commit.enabled": "false"})

    def note(of):
        return (f"{of['statements']} statements, {of['versions']} versions, {of['files']} files, p50 {of['p50']:.1f} ms, "
                f"p99 {of['p99']:.1f} ms, peak {of['mib']:.0f} MiB")

    results = [{"name": f"small INSERTs from {args.clients} clients; peer: without group commit", "ours": ours["rate"],
                "peer": alone["rate"], "unit": "1/s (more is better)", "goal": "≥ 200 1/s",
                "note": f"{note(ours)}; without: {note(alone)}"}]
    if args.dry:
        print("\n".join(json.dumps(result, ensure_ascii=False) for result in results))
    else:
        record(results)


if __name__ == "__main__":
    main()
