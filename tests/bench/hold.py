#!/usr/bin/python3
"""How soon who waits has its answer: web-1 looks web-0 up 100 ms before its Pod is Ready, of a headns that follows a real API server with `hold 2s`.
From when the API server has acknowledged the Ready patch to when the kernel has the answer; less than nothing where headns was faster than
the acknowledgement. Then many look it up at once, from several addresses. Beside it the same questions to a headns without `hold`.

    tests/cluster/build etcd kube-apiserver kube-controller-manager
    tests/cluster/inside tests/bench/hold.py --headns build-bench/src/headns
"""

import argparse
import contextlib
import os
import selectors
import socket
import statistics
import struct
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "cluster"), str(TESTS / "blackbox")]

from controlplane import ControlPlane  # noqa: E402
from kubelet import Kubelet  # noqa: E402

import harness  # noqa: E402

SO_TIMESTAMPNS = 35
EARLY_S = 0.1  # so long before the patch it is asked
SETTLE_S = 0.3  # so that headns has followed the last change, and the controllers too
GIVE_UP_S = 10
ADDRESS = "10.244.0.7"
NAME = f"{harness.WEB0}.cluster.local"
QUESTION = b"".join(bytes([len(label)]) + label.encode() for label in NAME.split(".")) + b"\0\0\1\0\1"
PER_SOCKET = 25


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Client:
    """Questions from one address and port; when the kernel had each answer."""

    def __init__(self, port, host):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind((host, 0))
        self.socket.connect(("127.0.0.1", port))
        self.answers = []  # (time, rcode, has the address)

    def ask(self, number):
        self.socket.send(struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + QUESTION)

    def receive(self):
        reply, ancillary, _, _ = self.socket.recvmsg(4096, 64)
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
        self.answers.append((seconds + nanoseconds / 1e9, reply[3] & 15, reply.endswith(socket.inet_aton(ADDRESS))))


def gather(clients, count):
    """All answers of these clients, count each."""
    end = time.monotonic() + GIVE_UP_S
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while any(len(c.answers) < count for c in clients):
            ready = selector.select(max(0, end - time.monotonic()))
            if not ready:
                raise SystemExit("an answer is missing")
            for key, _ in ready:
                key.data.receive()
    return [answer for client in clients for answer in client.answers]


class World:
    """web-0, which becomes Ready and ceases to be."""

    def __init__(self, plane):
        self.kubelet = Kubelet(plane.admin)
        plane.admin.create(harness.NGINX)
        self.web0 = harness.web(0, ADDRESS, ready=False)
        self.kubelet.start(self.web0)

    def make_ready(self):
        """When that was acknowledged."""
        self.kubelet.report(self.web0, [ADDRESS], ready=True)
        return time.time()

    def unmake(self):
        self.kubelet.report(self.web0, [ADDRESS], ready=False)
        time.sleep(SETTLE_S)


def one_try(world, port, clients, count):
    """(time from acknowledged to answered, rcode, right) of each answer; count questions by each client."""
    asking = [Client(port, f"127.0.0.{2 + i}") for i in range(clients)]
    for number in range(count):
        for client in asking:
            client.ask(number)
    time.sleep(EARLY_S)
    acknowledged = world.make_ready()
    answers = gather(asking, count)
    world.unmake()
    for client in asking:
        client.socket.close()
    return [(when - acknowledged, rcode, right) for when, rcode, right in answers]


def row(what, answers):
    ms = [when * 1000 for when, _, _ in answers]
    negative = sum(rcode == 3 for _, rcode, _ in answers)
    right = sum(right for _, _, right in answers)
    print(
        f"| {what} | {len(answers)} | {right} | {negative} | {statistics.median(ms):.2f} | {percentile(ms, 0.99):.2f} | {min(ms):.2f} | {max(ms):.2f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--headns", default=harness.HEADNS)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=1000)
    options = parser.parse_args()
    harness.HEADNS = options.headns
    plane = ControlPlane(controller_options=())
    plane.start()
    with contextlib.ExitStack() as stack:
        stack.callback(plane.stop)
        world = World(plane)

        def headns(mode, hold):
            server = harness.Server(*plane.headns_options(mode), "--workers", "1", "--hold", hold)
            stack.callback(server.stop)
            return server.port

        servers = {"from Pods": headns("pods", "2s"), "from EndpointSlices": headns("slices", "2s"), "without `hold`": headns("pods", "0s")}
        time.sleep(SETTLE_S)
        clients = (options.at_once + PER_SOCKET - 1) // PER_SOCKET
        print(f"{os.cpu_count()} processors; ms from Ready acknowledged to answered\n")
        print("| | answers | with the address | NXDOMAIN | p50 | p99 | least | most |\n|---|---|---|---|---|---|---|---|")
        for name, port in servers.items():
            row(name, [answer for _ in range(options.tries) for answer in one_try(world, port, 1, 1)])
        row(f"from Pods, {clients * PER_SOCKET} at once", one_try(world, servers["from Pods"], clients, PER_SOCKET))


if __name__ == "__main__":
    main()
