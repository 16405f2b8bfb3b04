#!/usr/bin/python3
"""What clients and API servers notice of many reloads: headns serves two clusters, dnsperf asks for names of both at a steady rate, and the
Corefile changes again and again, by turns:

    beside      a line that concerns no cluster
    unchanged   SIGHUP, and nothing was written
    bad         a directive that there is not
    listener    an address more
    cluster     an option of the first cluster, whose objects are then read anew
    less        that address goes again
    taken       an address that somebody else has

Told are queries lost and answered with an error (there should be none), descriptors, threads and memory on the way, and the requests that both
API servers had: of the second none, since nothing concerns it. The API servers are those of the black-box tests.

    tests/bench/reloads.py --headns build-bench/src/headns
    chrt -f 1 tests/bench/reloads.py --headns build-bench/src/headns     # where others use the machine
"""

import argparse
import contextlib
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "blackbox")]

import harness  # noqa: E402
from apiserver import ApiServer  # noqa: E402

HOST, SOMETIMES, TAKEN = "127.0.0.1", "127.0.0.5", "127.0.0.6"
PODS = 50
SERVED, GOES_ON = "is served as it is now", "what was served before goes on"
UNCONCERNED = "two.example"


# --- what is served ---


def cluster(part):
    api = ApiServer()
    api.put(harness.NGINX, *[harness.web(number, f"10.{part}.0.{number + 1}") for number in range(PODS)])
    return api


def write_questions(path):
    names = [f"web-{number}.nginx.default.svc.{zone}" for number in range(PODS) for zone in ("one.example", UNCONCERNED)]
    path.write_text("".join(f"{name} A\n" for name in names))
    return path


class Corefile:
    """On disk, and the headns that serves it."""

    def __init__(self, path, urls, port):
        self.path, self.urls, self.port = path, urls, port
        self.bind, self.beside, self.ttl, self.wrong = [HOST], "", 5, ""
        self.write()

    def write(self):
        bind = " ".join(self.bind)
        self.path.write_text(
            f"one.example:{self.port} {{\n bind {bind}\n {self.beside}\n {self.wrong}\n"
            f" kubernetes {{\n  endpoint {self.urls[0]}\n  ttl {self.ttl}\n }}\n}}\n"
            f"{UNCONCERNED}:{self.port} {{\n bind {bind}\n kubernetes {{\n  endpoint {self.urls[1]}\n }}\n}}\n"
        )

    def turn(self, kind):
        """Changes it; returns the line that headns must say."""
        if kind == "beside":
            self.beside = "" if self.beside else "loadbalance"
        elif kind == "bad":
            self.wrong = "no-such-directive"
        elif kind == "listener":
            self.bind = [HOST, SOMETIMES]
        elif kind == "less":
            self.bind = [HOST]
        elif kind == "taken":
            self.bind = [HOST, TAKEN]
        elif kind == "cluster":
            self.ttl = 5 + (self.ttl - 4) % 3000
        if kind != "unchanged":
            self.write()
        return GOES_ON if kind in ("bad", "taken") else SERVED

    def after(self, kind):
        """The next change starts from a file that is right."""
        if kind in ("bad", "taken"):
            self.wrong, self.bind = "", [HOST]


KINDS = ("beside", "unchanged", "bad", "listener", "cluster", "less", "taken")


def take_port():
    """A UDP socket at TAKEN, with a port that is free at the other addresses for both transports."""
    while True:
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taken.bind((TAKEN, 0))
        port = taken.getsockname()[1]
        with contextlib.suppress(OSError):
            for address in (HOST, SOMETIMES):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind((address, port))
            return taken
        taken.close()


# --- what is seen of headns ---


def count(pid, what):
    return len(os.listdir(f"/proc/{pid}/{what}"))


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def dropped(port):
    """Datagrams that the kernel had no room for in headns's receive buffers (proc(5), net/udp)."""
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return sum(int(row[-1]) for row in rows if int(row[1].split(":")[1], 16) == port)


def answers_at(address, port):
    """One question there, while it is listened on."""
    query = harness.make_query("web-0.nginx.default.svc.one.example.").to_wire()
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect((address, port))
        s.send(query)
        return s.recv(512)[3] & 15 == 0
    return False


# --- the load ---


class Load:
    """dnsperf, until it is stopped."""

    def __init__(self, port, questions, rate, seconds):
        command = ["dnsperf", "-s", HOST, "-p", str(port), "-d", str(questions), "-c", "40", "-q", "4000", "-S", "0", "-Q", str(rate)]
        self.process = subprocess.Popen([*command, "-l", str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def stop(self):
        """What it says of itself: {"sent": …}."""
        self.process.send_signal(signal.SIGINT)
        out = self.process.communicate(timeout=30)[0]

        def find(pattern):
            found = re.search(pattern, out)
            assert found, out
            return found[1]

        return {
            "answered": int(find(r"Queries completed:\s+(\d+)")),
            "lost": int(find(r"Queries lost:\s+(\d+)")),
            "rate": float(find(r"Queries per second:\s+([\d.]+)")),
            "worst": float(find(r"Average Latency.*max ([\d.]+)")) * 1000,
            "rcodes": find(r"Response codes:\s+(.*)"),
        }


# --- the run ---


def reload_once(server, corefile, kind):
    """Returns how long it took until headns said what came of it, in ms."""
    before = len(server.log.lines)
    expected = corefile.turn(kind)
    began = time.monotonic()
    server.signal(signal.SIGHUP)
    server.log.wait(expected, before)
    took = (time.monotonic() - began) * 1000
    if kind == "listener":
        assert answers_at(SOMETIMES, corefile.port), "no answer at an address that was added"
    corefile.after(kind)
    return took


def show(number, pid):
    print(f"| {number} | {count(pid, 'fd')} | {count(pid, 'task')} | {resident_mib(pid):.1f} |", flush=True)


def run(server, corefile, apis, options, questions):
    pid, times = server.process.pid, {kind: [] for kind in KINDS}
    load = Load(corefile.port, questions, options.rate, options.most_seconds)
    requests = [len(api.requests) for api in apis]
    print("| reloads | descriptors | threads | resident MiB |\n| --- | --- | --- | --- |")
    show(0, pid)
    began = time.monotonic()
    for number in range(options.reloads):
        kind = KINDS[number % len(KINDS)]
        times[kind].append(reload_once(server, corefile, kind))
        if (number + 1) % max(1, options.reloads // 10) == 0:
            show(number + 1, pid)
    took = time.monotonic() - began
    assert load.process.poll() is None, "dnsperf ended first: --most-seconds is too small"
    drops = dropped(corefile.port)
    seen = load.stop()
    print(f"\n{options.reloads} reloads in {took:.0f} s; {seen['rate']:.0f} queries a second, {seen['answered']} answered; load {os.getloadavg()[0]:.1f}")
    print(f"lost {seen['lost']}, of them for want of room in a receive buffer {drops}; {seen['rcodes']}; slowest answer {seen['worst']:.1f} ms")
    asked = [len(api.requests) - before for api, before in zip(apis, requests)]
    print(f"requests to the API server of the cluster that changes {asked[0]}, of the other {asked[1]}")
    print("\n| reload | times | ms p50 | ms most |\n| --- | --- | --- | --- |")
    for kind, ms in times.items():
        if ms:
            print(f"| {kind} | {len(ms)} | {statistics.median(ms):.1f} | {max(ms):.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--headns", default=harness.HEADNS)
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=20000, help="queries a second")
    parser.add_argument("--most-seconds", type=int, default=500)
    options = parser.parse_args()
    harness.HEADNS = options.headns
    apis = [cluster(1), cluster(2)]
    with tempfile.TemporaryDirectory() as name, take_port() as taken:
        folder = Path(name)
        corefile = Corefile(folder / "Corefile", [api.url for api in apis], taken.getsockname()[1])
        server = harness.Server("-conf", corefile.path, listen=(), started="listening on")
        try:
            server.log.wait_count("info: serving", 2)
            run(server, corefile, apis, options, write_questions(folder / "questions"))
        finally:
            server.stop()
    for api in apis:
        api.stop()


if __name__ == "__main__":
    main()
