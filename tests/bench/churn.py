#!/usr/bin/python3
"""How long one tenant's changes wait while another tenant's pods flip: many Services that select the same pods, which become ready and not
ready at a steady rate. Told are, first quiet and then under that load, the time from a change of a pod that is behind a small Service of
another namespace until it is answered, the same in the busy namespace itself, and the time from the deletion of one of the busy pods until
the last of its Services answers without it. The API server is that of the black-box tests, in a process of its own.

    tests/bench/churn.py --headns build-bench/src/headns
    chrt -f 1 tests/bench/churn.py --headns build-bench/src/headns     # where others use the machine
"""

import argparse
import multiprocessing
import socket
import statistics
import struct
import sys
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "blackbox")]

import harness  # noqa: E402
from apiserver import ApiServer  # noqa: E402

BUSY, OTHER = "busy", "other"
ASK_S = 0.0003  # between two questions
GIVE_UP_S = 60
BUSY_SERVICES = "all-{}"
SWITCH_S = 0.0005  # so that the thread that flips does not keep the one that sends


# --- the cluster, in a process of its own ---


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def busy_pod(number, ready=True):
    address = f"10.{100 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    return harness.pod(f"p{number}", address, BUSY, labels={"app": "busy"}, hostname=f"p{number}", subdomain=BUSY_SERVICES.format(0), ready=ready)


def small_pod(where, address):
    return harness.pod("small", address, where, labels={"app": "small"})


class Churn(threading.Thread):
    """Flips the busy pods one after the other."""

    def __init__(self, api, pods, rate):
        super().__init__(daemon=True)
        self.api, self.rate, self.flipped, self.stopping = api, rate, 0, threading.Event()
        self.pods = pods

    def run(self):
        began = time.monotonic()
        while not self.stopping.wait(max(0, began + self.flipped / self.rate - time.monotonic())):
            number = self.flipped // 2 * 7 % self.pods
            self.api.put(busy_pod(number, ready=self.flipped % 2 == 1))
            self.flipped += 1


def serve_cluster(pipe, services, pods, rate):
    sys.setswitchinterval(SWITCH_S)
    api = ApiServer()
    api.put(namespace(BUSY), namespace(OTHER))
    for where in (BUSY, OTHER):
        api.put(harness.service("small", where, selector={"app": "small"}), small_pod(where, "10.1.0.1"))
    for number in range(services):
        api.put(harness.service(BUSY_SERVICES.format(number), BUSY, selector={"app": "busy"}))
    api.put(*[busy_pod(number) for number in range(pods + GONE_MAX)])
    api.history.clear()
    pipe.send(api.url)
    churn = None
    while (order := pipe.recv()) is not None:
        kind, *what = order
        if kind == "small":
            api.put(small_pod(*what))
        elif kind == "delete":
            api.delete(busy_pod(*what))
        elif kind == "churn":
            churn = Churn(api, pods, rate)
            churn.start()
        elif kind == "stop":
            churn.stopping.set()
            churn.join()
            pipe.send(churn.flipped)
            continue
        pipe.send(time.monotonic())


GONE_MAX = 1000  # pods that may be deleted


# --- asking ---


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return labels + b"\0\0\1\0\1"


class Asker:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(5)
        self.number = 0

    def ask(self, wire):
        self.number = (self.number + 1) & 0xFFFF
        self.socket.send(struct.pack("!6H", self.number, 0x0100, 1, 0, 0, 0) + wire)
        while True:
            reply = self.socket.recv(4096)
            if reply[:2] == struct.pack("!H", self.number):
                return reply

    def wait(self, wires, is_right):
        """When the last of these was first answered as wanted."""
        pending, give_up = list(wires), time.monotonic() + GIVE_UP_S
        while pending:
            pending = [wire for wire in pending if not is_right(self.ask(wire))]
            if pending:
                assert time.monotonic() < give_up, "it never comes"
                time.sleep(ASK_S)
        return time.monotonic()


def change_small(pipe, asker, where, number):
    address = f"10.1.{number // 250}.{number % 250 + 1}"
    pipe.send(("small", where, address))
    done = pipe.recv()
    return asker.wait([question(f"small.{where}.svc.cluster.local")], lambda reply: reply.endswith(socket.inet_aton(address))) - done


def delete_busy(pipe, asker, services, number):
    names = [question(f"p{number}.{BUSY_SERVICES.format(0)}.{BUSY}.svc.cluster.local")]
    dashed = busy_pod(number)["status"]["podIP"].replace(".", "-")
    names += [question(f"{dashed}.{BUSY_SERVICES.format(service)}.{BUSY}.svc.cluster.local") for service in range(1, services)]
    pipe.send(("delete", number))
    done = pipe.recv()
    return asker.wait(names, lambda reply: reply[3] & 15 == 3) - done


# --- the report ---


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def row(what, seconds):
    ms = [1000 * s for s in seconds]
    print(f"| {what} | {statistics.median(ms):.1f} | {percentile(ms, 0.99):.1f} | {max(ms):.1f} |")


def measure(when, pipe, asker, options, first):
    tries = range(first, first + options.tries)
    other, own, gone = [], [], []
    for number in tries:
        other.append(change_small(pipe, asker, OTHER, number))
        own.append(change_small(pipe, asker, BUSY, number))
        if (number - first) % 5 == 0:
            gone.append(delete_busy(pipe, asker, options.services, options.pods + (number // 5)))
        time.sleep(0.01)
    row(f"{when}: another namespace's change", other)
    row(f"{when}: a small Service of the same namespace", own)
    row(f"{when}: a busy pod deleted, in the last of its Services", gone)


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--headns", default=harness.HEADNS)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--pods", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=100, help="flips a second")
    parser.add_argument("--tries", type=int, default=100)
    options = parser.parse_args()
    harness.HEADNS = options.headns
    pipe, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=serve_cluster, args=(theirs, options.services, options.pods, options.rate), daemon=True).start()
    config = Path("/tmp") / f"churn-{time.monotonic_ns()}"
    url = pipe.recv()
    config.write_text(f"{{apiVersion: v1, kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: c}}}}], clusters: [{{name: c, cluster: {{server: '{url}'}}}}]}}")
    server = harness.Server("--kubeconfig", config, "--workers", "1")
    try:
        server.log.wait(r"serving \d+ services", timeout=120)
        asker = Asker(server.port)
        print(f"{options.services} Services with {options.pods} pods, {options.rate:.0f} flips a second, {options.tries} tries; ms:\n\n| | p50 | p99 | most |\n|---|---|---|---|")
        measure("quiet", pipe, asker, options, 0)
        pipe.send(("churn",))
        began, before = pipe.recv(), cpu_s(server.process.pid)
        measure("busy", pipe, asker, options, options.tries)
        used, took = cpu_s(server.process.pid) - before, time.monotonic() - began
        pipe.send(("stop",))
        print(f"\n{pipe.recv() / took:.0f} flips a second came; headns used {100 * used / took:.0f} % of a processor")
    finally:
        server.stop()
        config.unlink()


if __name__ == "__main__":
    main()
