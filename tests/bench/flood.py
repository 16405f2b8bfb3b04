#!/usr/bin/python3
"""What a flood of random names leaves of real ones: flood (flood.c) sends queries for names that there are not, as fast as a processor can,
beside a client that asks for real names at a small steady rate. Told are how many of its queries were answered within a second, and how soon; and of 1,000
queries that come at once, while the server is stopped for a moment, how many are answered. headns (one binary or more, to compare them), and as far
as they are there knotd and CoreDNS with the same names, in turn, with one worker each.

Only loopback; each flood ends after SECONDS. The server has one processor, all who ask the other, and both have real-time priority, as far as that is
allowed: the machine may have other work. (Of each second, Linux keeps 50 ms for that work.)

    tests/bench/flood.py --build build-bench --coredns PATH
"""

import argparse
import contextlib
import os
import random
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from first_list import find_coredns  # noqa: E402
from run import CLIENT_CPU, SERVER_CPU, before_others, free_port, headns_command, knotd_command, wait_until_answers  # noqa: E402
from world import ZONE, World  # noqa: E402

HOST = "127.0.0.1"
EVERY_S = 0.004  # from two real questions to the next two
UDP_SEGMENT = 103  # udp(7)
LATE_S = 1.0
BURST, BURST_SOCKETS = 1000, 20


def wire(name, number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)


def real_names():
    world = World()
    names = [f"{service}.{ns}.svc.{ZONE}" for service, ns, _ in world.services]
    random.Random(1).shuffle(names)
    return names


# --- servers ---


def coredns_command(binary, folder, port):
    corefile = folder / "Corefile"
    corefile.write_text(f"{ZONE}:{port} {{\n  bind {HOST}\n  file {folder}/{ZONE}.zone\n}}\n")
    return ["env", "GOMAXPROCS=1", binary, "-conf", str(corefile)]


@contextlib.contextmanager
def server(command, port, log):
    """Alone on its processor, as far as that goes."""
    process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *command], stdout=log, stderr=log)
    try:
        wait_until_answers(port, process)
        before_others(process.pid)
        yield process
    finally:
        process.terminate()
        process.wait(60)  # CoreDNS answers what it has first


# --- asking ---


def ask_steadily(port, names, seconds):
    """Round trips in s; those that took longer than LATE_S, or for ever, are missing. And how many were asked.

    Two by one call, which the kernel cuts apart as it does with the flood's: what it charges to the receive buffer is then the same, a little more
    than for others, which would find room where the flood does not."""
    took, asked = [], {}
    names = [name for name in names if len(name) == len(names[0])]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((HOST, port))
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(wire(names[0], 0)))
        begin = time.monotonic()
        number, end = 0, begin + seconds
        while (now := time.monotonic()) < end + LATE_S:
            if now < end and now >= begin + number / 2 * EVERY_S:
                asked[number] = asked[number + 1] = now
                with contextlib.suppress(OSError):
                    s.send(b"".join(wire(names[i % len(names)], i) for i in (number, number + 1)))
                number += 2
            due = begin + number / 2 * EVERY_S if now < end else end + LATE_S
            if not select.select([s], [], [], max(0, due - time.monotonic()))[0]:
                continue
            with contextlib.suppress(OSError):
                while True:
                    reply = s.recv(4096)
                    since = asked.get(struct.unpack("!H", reply[:2])[0])
                    if since is not None and reply[3] & 15 == 0 and time.monotonic() - since < LATE_S:
                        took.append(time.monotonic() - since)
    return took, number


def burst(process, port, names):
    """How many of BURST queries are answered that wait in the socket when the server comes to it."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(BURST_SOCKETS)]
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.connect((HOST, port))
    process.send_signal(signal.SIGSTOP)
    for number in range(BURST):
        sockets[number % BURST_SOCKETS].send(wire(names[number % len(names)], number))
    process.send_signal(signal.SIGCONT)
    answered = 0
    end = time.monotonic() + 2
    while answered < BURST and (ready := select.select(sockets, [], [], max(0, end - time.monotonic()))[0]):
        for s in ready:
            answered += len(s.recv(4096)) > 12
    for s in sockets:
        s.close()
    return answered


# --- measuring ---


def measure(command, port, names, options, log):
    with server(command, port, log) as process:
        row = {"burst": burst(process, port, names)}
        flood = subprocess.Popen(
            ["taskset", "-c", CLIENT_CPU, options.flood, str(port), str(options.seconds + 1), str(options.rate), ZONE], stdout=subprocess.PIPE, text=True
        )
        before_others(flood.pid)
        time.sleep(0.5)
        took, asked = ask_steadily(port, names, options.seconds - 1)
        sent = int(flood.communicate()[0])
    took = sorted(took) or [LATE_S]
    row["answered"] = len(took) / asked
    row["flood"] = sent / (options.seconds + 1)
    row.update({f"p{p}": 1000 * took[len(took) * p // 100] for p in (50, 90, 99)})
    return row


def report(which, rows):
    def middle(key, form):
        values = [row[key] for row in rows]
        return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"

    print(
        f"| {which} | {middle('flood', ',.0f')} | {middle('answered', '.0%')} | {middle('p50', '.2f')} | {middle('p90', '.2f')} | {middle('p99', '.2f')} | {min(row['burst'] for row in rows)} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default="build-bench", help="release build with -Dbench=true (see docs/benchmarks.md)")
    parser.add_argument("--headns", nargs="+", help="binaries to compare; default: the build's")
    parser.add_argument("--coredns", help="its binary; else as first_list.py finds it")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=0, help="queries a second of the flood; 0: as fast as it goes")
    options = parser.parse_args()
    options.flood = str(options.build.resolve() / "tests/bench/flood")
    before_others(os.getpid(), 2, inherited=False)
    os.sched_setaffinity(0, {int(CLIENT_CPU)})
    names, coredns = real_names(), find_coredns(options.coredns)
    with tempfile.TemporaryDirectory() as name, open(Path(name) / "log", "w") as log:
        folder = Path(name)
        folder.chmod(0o755)
        World().write(folder)
        servers = {binary: lambda port, b=binary: headns_command(b, folder, port) for binary in options.headns or [str(options.build / "src/headns")]}
        servers["knotd"] = lambda port: knotd_command(folder, port)
        if coredns:
            servers["CoreDNS"] = lambda port: coredns_command(coredns, folder, port)
        results = {which: [] for which in servers}
        for _ in range(options.rounds):
            for which, command in servers.items():
                port = free_port()
                results[which].append(measure(command(port), port, names, options, log))
        print(f"{options.rounds} rounds of {options.seconds} s, one worker each; load {os.getloadavg()[0]:.1f}; in brackets the least and the most\n")
        print(f"| server | flood, queries/s | real ones answered | p50 ms | p90 ms | p99 ms | of {BURST:,} at once answered |\n|---|---|---|---|---|---|---|")
        for which, rows in results.items():
            report(which, rows)


if __name__ == "__main__":
    main()
