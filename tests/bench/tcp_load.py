#!/usr/bin/python3
"""What TCP clients who ask for much cost the others: the time that a UDP query takes, whether a new TCP client is answered, and the memory
that the kernel holds for the server's connections, while many clients pipeline questions for a set of 2,000 addresses and read everything,
nothing, or 1.5 KB a second. headns, and as far as they are there knotd and CoreDNS, in turn in one run, with one worker each.

Only loopback; each load ends after SECONDS. The server has one processor, all clients the other; the server has a nice value of -20 and the client that
asks real-time priority, as far as that is allowed: the machine may have other work."""

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from first_list import find_coredns  # noqa: E402
from run import CLIENT_CPU, before_others, free_port, knotd_command, server  # noqa: E402

ADDRESSES = 2000
HOST = "127.0.0.1"


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def query(qname, number):
    return struct.pack("!6H", number & 0xFFFF, 0, 1, 0, 0, 0) + name(qname) + struct.pack("!2H", 1, 1)


BIG, SMALL = "big.default.svc.cluster.local", "small.default.svc.cluster.local"


def write_world(folder):
    """A headless Service of many addresses and one of one, as a dump of a cluster and as zone files."""
    addresses = [f"10.244.{i // 250}.{i % 250 + 1}" for i in range(ADDRESSES)]
    items = []
    for service, members in (("big", addresses), ("small", addresses[:1])):
        items.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": service, "namespace": "default"},
                "spec": {"clusterIP": "None", "ports": [{"port": 80}]},
            }
        )
        for part in range(0, len(members), 1000):
            items.append(
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {"name": f"{service}-{part}", "namespace": "default", "labels": {"kubernetes.io/service-name": service}},
                    "addressType": "IPv4",
                    "ports": [{"port": 80}],
                    "endpoints": [{"addresses": [a]} for a in members[part : part + 1000]],
                }
            )
    (folder / "world.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    zone = "$ORIGIN cluster.local.\n$TTL 5\n@ SOA ns.dns hostmaster 1 7200 1800 86400 5\n@ NS ns.dns\nns.dns A 127.0.0.1\n"
    zone += "".join(f"big.default.svc A {a}\n" for a in addresses) + f"small.default.svc A {addresses[0]}\n"
    (folder / "cluster.local.zone").write_text(zone)
    (folder / "in-addr.arpa.zone").write_text("$ORIGIN in-addr.arpa.\n$TTL 5\n@ SOA a b 1 7200 1800 86400 5\n@ NS a.\n")


def coredns_command(binary, folder, port):
    corefile = folder / "Corefile"
    corefile.write_text(f"cluster.local:{port} {{\n  bind {HOST}\n  file {folder}/cluster.local.zone\n}}\n")
    return ["env", "GOMAXPROCS=1", binary, "-conf", str(corefile)]


# --- the load ---


def load(port, clients, reading, seconds, ready):
    """Each client sends whenever the server takes it; reading: octets a second, None: all."""
    os.sched_setaffinity(0, {int(CLIENT_CPU)})
    frame = b"".join(struct.pack("!H", len(q)) + q for q in (query(BIG, i) for i in range(20)))
    selector = selectors.DefaultSelector()
    for _ in range(clients):
        s = socket.socket()
        with contextlib.suppress(OSError):
            s.connect((HOST, port))
        s.setblocking(False)
        selector.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE if reading is None else selectors.EVENT_WRITE, bytearray(frame))
    ready.set()
    end, read_at = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        for key, events in selector.select(0.05):
            s, left = key.fileobj, key.data
            with contextlib.suppress(OSError):
                if events & selectors.EVENT_READ and reading is None:
                    s.recv(1 << 18)
                if events & selectors.EVENT_WRITE:
                    del left[: s.send(left)]
                    if not left:
                        left += frame
        if reading and time.monotonic() - read_at > 1:
            read_at = time.monotonic()
            for key in list(selector.get_map().values()):
                with contextlib.suppress(OSError):
                    key.fileobj.recv(reading)


# --- what the others see ---


def nicer(pid):
    """Before other processes, but its threads share their processor as ever: some have one for UDP and one for TCP."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, int(task), -20)


def probe_udp(port, seconds):
    """Round trips in ms; those lost after 2 s count as 2,000."""
    times, number = [], 0
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((HOST, port))
        s.settimeout(2)
        while time.monotonic() < end:
            number += 1
            begin = time.perf_counter()
            with contextlib.suppress(OSError):
                s.send(query(SMALL, number))
                while struct.unpack("!H", s.recv(4096)[:2])[0] != number & 0xFFFF:
                    pass
            times.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.004)
    return times


def probe_tcp(port, count=20):
    """How many new TCP clients are answered within 2 s."""
    answered = 0
    for i in range(count):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=2) as s:
            q = query(SMALL, i)
            s.sendall(struct.pack("!H", len(q)) + q)
            answered += len(s.recv(2)) == 2
    return f"{answered}/{count}"


def kernel_mib(pid):
    """Memory that is charged to the server's connections (ss(8), skmem): received, queued for sending, and reserved."""
    out = subprocess.run(["ss", "-tnmpH", "state", "connected"], capture_output=True, text=True, check=True).stdout
    total = 0
    for line in re.split(r"\n(?=\S)", out):
        if f"pid={pid}," in line and (found := re.search(r"skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+)", line)):
            total += sum(int(octets) for octets in found.groups())
    return total / (1 << 20)


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


def measure(command, clients, reading, seconds, log, realtime):
    port = free_port()
    with server(command(port), port, log) as pid:
        (before_others if realtime else nicer)(pid)
        ready = multiprocessing.Event()
        process = multiprocessing.Process(target=load, args=(port, clients, reading, seconds + 3, ready)) if clients else None
        if process:
            process.start()
            ready.wait(30)
        time.sleep(1)
        times = probe_udp(port, seconds)
        row = (percentile(times, 50), percentile(times, 99), max(times), probe_tcp(port), kernel_mib(pid))
        if process:
            process.join(seconds + 30)
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headns", required=True, nargs="+", help="one or more binaries, to compare them")
    parser.add_argument("--coredns")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--realtime", action="store_true", help="headns alone, whose one thread may have real-time priority")
    options = parser.parse_args()
    options.coredns = find_coredns(options.coredns)
    before_others(os.getpid(), 2, inherited=False)
    os.sched_setaffinity(0, {int(CLIENT_CPU)})
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    write_world(folder)
    world = str(folder / "world.json")
    servers = {
        binary: lambda port, b=binary: [b, "serve", "--workers", "1", "--tcp-connections", "2000", "--listen", f"{HOST}:{port}", world]
        for binary in options.headns
    }
    if shutil.which("knotd") and not options.realtime:
        servers["knotd"] = lambda port: knotd_command(folder, port)
    if options.coredns and not options.realtime:
        servers["CoreDNS"] = lambda port: coredns_command(options.coredns, folder, port)
    print(f"one worker each, {options.seconds:.0f} s each; load average {os.getloadavg()[0]:.1f}\n")
    print("| load | server | UDP p50 ms | p99 | max | new TCP clients answered | kernel MiB |\n| --- | --- | --- | --- | --- | --- | --- |")
    with open(folder / "log", "w") as log:
        for kind, clients, reading in (("none", 0, 0), ("100 that read", 100, None), ("1,100 that never read", 1100, 0), ("1,100 at 1.5 KB/s", 1100, 1500)):
            for which, command in servers.items():
                p50, p99, worst, tcp, mib = measure(command, clients, reading, options.seconds, log, options.realtime)
                print(f"| {kind} | {which} | {p50:.2f} | {p99:.2f} | {worst:.1f} | {tcp} | {mib:.1f} |", flush=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
