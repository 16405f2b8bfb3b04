#!/usr/bin/python3
"""What a query costs: server CPU per query of headns, of knotd with the same data as zone files, and of a bare
recvmmsg/sendmmsg echo (the kernel's own floor), in turn in one run, with one worker each.

CPU time is the scheduler's account in nanoseconds (/proc/PID/task/*/schedstat), which is steadier than queries per second on
machines with neighbours. dnsperf asks at a fixed rate (or, with --rate 0, as fast as answers come) from another processor."""

import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from world import ZONE, World  # noqa: E402

SERVER_CPU, CLIENT_CPU = "0", "1"


def free_port():
    """Of both transports."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            udp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                tcp.bind(udp.getsockname())
                return udp.getsockname()[1]


def cpu_ns(pid):
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total


def rss_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def wait_until_answers(port, process):
    """One query in wire format until anything comes back."""
    query = bytes.fromhex("123401000001000000000000") + b"\x07cluster\x05local\x00\x00\x06\x00\x01"
    deadline = time.monotonic() + 20
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        s.connect(("127.0.0.1", port))
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                s.send(query)
                return s.recv(4096)
    raise SystemExit(f"server on port {port} does not answer (exit status {process.poll()})")


def before_others(pid, priority=1, inherited=True):
    """Real-time priority for all its threads, as far as that is allowed, where the machine has other work; inherited: for those to come too."""
    policy = os.SCHED_FIFO | (0 if inherited else os.SCHED_RESET_ON_FORK)
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.sched_setscheduler(int(task), policy, os.sched_param(priority))


@contextlib.contextmanager
def server(command, port, log):
    process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *command], stdout=log, stderr=log)
    try:
        wait_until_answers(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def headns_command(binary, folder, port):
    return [binary, "serve", "--workers", "1", "--listen", f"127.0.0.1:{port}", str(folder / "world.json")]


def knotd_command(folder, port):
    for sub in ("knot-run", "knot-db"):
        (folder / sub).mkdir(exist_ok=True)
    config = folder / "knot.conf"
    config.write_text(
        f"""server:
    listen: 127.0.0.1@{port}
    rundir: {folder}/knot-run
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: error
database:
    storage: {folder}/knot-db
template:
  - id: default
    storage: {folder}
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: {ZONE}
  - domain: in-addr.arpa
"""
    )
    return ["knotd", "-c", str(config)]


def echo_command(binary, _folder, port):
    return [binary, str(port)]


def ask(port, questions, seconds, rate):
    """Runs dnsperf; returns (answers, lost, queries per second, rcodes)."""
    command = ["taskset", "-c", CLIENT_CPU, "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(questions)]
    command += ["-l", str(seconds), "-c", "20", "-q", "200", "-S", "0", "-e"]
    if rate:
        command += ["-Q", str(rate)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers = int(re.search(r"Queries completed:\s+(\d+)", out)[1])
    lost = int(re.search(r"Queries lost:\s+(\d+)", out)[1])
    qps = float(re.search(r"Queries per second:\s+([\d.]+)", out)[1])
    rcodes = re.search(r"Response codes:\s+(.*)", out)[1].strip()
    return answers, lost, qps, rcodes


def measure(command, port, questions, seconds, rate, log):
    with server(command, port, log) as pid:
        ask(port, questions, 1, rate)
        before = cpu_ns(pid)
        answers, lost, qps, rcodes = ask(port, questions, seconds, rate)
        spent = cpu_ns(pid) - before
        return {"us": spent / answers / 1000, "qps": qps, "lost": lost, "rcodes": rcodes, "rss": rss_kib(pid)}


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def ratio(rows, others):
    """Round by round, so that a drift of the machine between rounds cancels out; the median of that."""
    return statistics.median(row["us"] / other["us"] for row, other in zip(rows, others))


def report(kind, results):
    for name, rows in results.items():
        us = median(rows, "us")
        spread = f"{min(r['us'] for r in rows):.2f}-{max(r['us'] for r in rows):.2f}"
        print(
            f"| {kind} | {name} | {us:.2f} | {spread} | {ratio(rows, results['echo']):.2f} | {ratio(rows, results['knotd']):.2f} "
            f"| {median(rows, 'qps'):.0f} "
            f"| {sum(r['lost'] for r in rows)} | {median(rows, 'rss') / 1024:.1f} | {rows[0]['rcodes']} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build-bench", help="release build with -Dbench=true (see docs/benchmarks.md)")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=30000, help="queries per second; 0: as fast as it goes")
    parser.add_argument("--kind", action="append", help="only these kinds of question")
    options = parser.parse_args()
    build = Path(options.build).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, 0o755)
        paths = World().write(folder)
        log = open(folder / "servers.log", "w+")
        print(f"{options.rounds} rounds of {options.seconds} s at {options.rate or 'full'} queries/s, one worker each")
        print("| questions | server | CPU µs/query | min-max | × echo | × knotd | queries/s | lost | RSS MiB | rcodes |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for kind in options.kind or paths:
            results = {"headns": [], "knotd": [], "echo": []}
            for _ in range(options.rounds):
                for which in results:
                    port = free_port()
                    command = {
                        "headns": lambda: headns_command(str(build / "src" / "headns"), folder, port),
                        "knotd": lambda: knotd_command(folder, port),
                        "echo": lambda: echo_command(str(build / "tests" / "bench" / "echo"), folder, port),
                    }[which]()
                    results[which].append(measure(command, port, paths[kind], options.seconds, options.rate, log))
            report(kind, results)


if __name__ == "__main__":
    main()
