#!/usr/bin/python3
"""What a name from outside costs: processor time per query of headns, CoreDNS and unbound, in turn in one run, with the same upstream (knotd) and the same
questions. Hits are of names that were asked before; misses of names that nobody asked before.

Each server has processor 0 for itself; dnsperf and the upstream share the other. What counts is the server's own time by the scheduler's account
(run.py), so a busy machine makes the rate lower, not the figure."""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import run  # noqa: E402

ZONE = "bench.example"
HIT_RATE = 30000
# what, names, queries a second (0: as many as it can), whether they were asked before
KINDS = [("hit, 1,000 names, full load", 1000, 0, True), ("hit, 50,000 names, full load", 50000, 0, True)]
KINDS += [("hit, 1,000 names, 30,000/s", 1000, HIT_RATE, True), ("hit, 50,000 names, 30,000/s", 50000, HIT_RATE, True)]
KINDS += [("miss, full load", 1000000, 0, False), ("miss, 10,000/s", 200000, 10000, False)]


def upstream(folder, log):
    """knotd with a zone in which every name has an address; (process, port)."""
    port = run.free_port()
    for sub in ("knot-run", "knot-db"):
        (folder / sub).mkdir(exist_ok=True)
    (folder / f"{ZONE}.zone").write_text(
        f"$ORIGIN {ZONE}.\n$TTL 3600\n@ SOA ns host 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n* A 192.0.2.1\n"
    )
    (folder / "knot.conf").write_text(
        f"server:\n    listen: 127.0.0.1@{port}\n    rundir: {folder}/knot-run\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n"
        f"log:\n  - target: stderr\n    any: error\ndatabase:\n    storage: {folder}/knot-db\n"
        f'template:\n  - id: default\n    storage: {folder}\n    file: "%s.zone"\n    zonefile-sync: -1\n    journal-content: none\nzone:\n  - domain: {ZONE}\n'
    )
    command = ["taskset", "-c", run.CLIENT_CPU, "knotd", "-c", str(folder / "knot.conf")]
    return subprocess.Popen(command, stdout=log, stderr=log), port


def corefile(folder, port, upstream_port):
    path = folder / "Corefile"
    path.write_text(
        f".:{port} {{\n    bind 127.0.0.1\n    forward . 127.0.0.1:{upstream_port}\n"
        "    cache 3600 {\n        success 200000\n        denial 200000\n    }\n}\n"
    )
    return path


def unbound_conf(folder, port, upstream_port):
    path = folder / "unbound.conf"
    path.write_text(
        f'server:\n  interface: 127.0.0.1\n  port: {port}\n  num-threads: 1\n  username: ""\n  chroot: ""\n  directory: "{folder}"\n  pidfile: ""\n'
        "  use-syslog: no\n  verbosity: 0\n  do-daemonize: no\n  do-not-query-localhost: no\n  module-config: iterator\n  so-reuseport: no\n"
        "  msg-cache-size: 128m\n  rrset-cache-size: 256m\n  num-queries-per-thread: 4096\n  outgoing-range: 8192\n  minimal-responses: yes\n"
        f'remote-control:\n  control-enable: no\nforward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@{upstream_port}\n'
    )
    return path


def command(which, options, folder, port, upstream_port):
    if which == "headns":
        return [options.headns, "serve", "--workers", "1", "-conf", str(corefile(folder, port, upstream_port))]
    if which == "CoreDNS":
        return [options.coredns, "-conf", str(corefile(folder, port, upstream_port))]
    return ["unbound", "-d", "-c", str(unbound_conf(folder, port, upstream_port))]


def questions(folder, names):
    """(the names, others for warming up)."""
    paths = []
    for letter, count in (("n", names), ("w", 20000)):
        path = folder / f"{letter}{names}"
        path.write_text("".join(f"{letter}{i}.{ZONE} A\n" for i in range(count)))
        paths.append(path)
    return paths


def measure(line, path, warm, kind, seconds, log, port):
    _, _, rate, kept = kind
    with run.server(line, port, log) as pid:
        if kept:
            subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(path), "-n", "1", "-q", "100", "-S", "0"], capture_output=True, check=True)
        run.ask(port, path if kept else warm, 1, rate or 5000)
        before = run.cpu_ns(pid)
        answers, lost, qps, rcodes = run.ask(port, path, seconds, rate)
        return {"us": (run.cpu_ns(pid) - before) / answers / 1000, "qps": qps, "lost": lost, "rcodes": rcodes, "rss": run.rss_kib(pid)}


def report(what, results):
    for name, rows in results.items():
        us = run.median(rows, "us")
        spread = f"{min(r['us'] for r in rows):.2f}-{max(r['us'] for r in rows):.2f}"
        ratios = " | ".join(f"{run.ratio(rows, results[other]):.2f}" for other in ("CoreDNS", "unbound"))
        rss = run.median(rows, "rss") / 1024
        print(
            f"| {what} | {name} | {us:.2f} | {spread} | {ratios} | {run.median(rows, 'qps'):.0f} | {sum(r['lost'] for r in rows)} | {rss:.1f} | {rows[0]['rcodes']} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headns", default="build-bench/src/headns", help="a release build")
    parser.add_argument("--coredns", default=str(Path.home() / ".cache/headns-cluster/bin/coredns"))
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", action="append", help="only kinds that begin so")
    options = parser.parse_args()
    options.headns = str(Path(options.headns).resolve())
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        os.chmod(folder, 0o755)
        log = stack.enter_context(open(folder / "servers.log", "w+"))
        up, upstream_port = upstream(folder, log)
        stack.callback(up.wait)
        stack.callback(up.terminate)
        run.wait_until_answers(upstream_port, up)
        print(f"{options.rounds} rounds of {options.seconds} s; the ratio of processor time a query to that of CoreDNS and of unbound")
        print("| what | server | CPU µs/query | min-max | × CoreDNS | × unbound | queries/s | lost | RSS MiB | rcodes |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for kind in KINDS:
            if options.kind and not any(kind[0].startswith(k) for k in options.kind):
                continue
            path, warm = questions(folder, kind[1])
            results = {"headns": [], "CoreDNS": [], "unbound": []}
            for _ in range(options.rounds):
                for which, rows in results.items():
                    port = run.free_port()
                    rows.append(measure(command(which, options, folder, port, upstream_port), path, warm, kind, options.seconds, log, port))
            report(kind[0], results)


if __name__ == "__main__":
    main()
