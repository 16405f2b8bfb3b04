#!/usr/bin/python3
"""How soon a pod's name follows the Pod: from the API server's acknowledgement that a Pod is Ready to the first answer with its address, and
from the acknowledgement that it is being deleted to the first answer without. headns from Pods, headns from EndpointSlices and CoreDNS follow
the same real API server and are asked in turn by one prober, each about every millisecond, through the same tries. The slices are made by the
real controller-manager, with Kubernetes' defaults, such as 20 requests a second. CoreDNS has no cache for the cluster's zone.

    tests/cluster/build
    tests/cluster/inside tests/bench/freshness.py --headns build-bench/src/headns
"""

import argparse
import contextlib
import multiprocessing
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "cluster"), str(TESTS / "blackbox")]

from controlplane import CACHE, STATE, ControlPlane  # noqa: E402
from kubelet import Kubelet  # noqa: E402

import harness  # noqa: E402

ROUND_S = 0.001  # each server is asked once in it
GIVE_UP_S = 60
NAMESPACE = "default"
QUESTION_A = b"\0\1\0\1"


class Prober:
    """Asks all servers for names, in turn, until each answers as wanted; in a process of its own, so that it never waits for the patch."""

    def __init__(self, servers):
        self.names = list(servers)
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=probe_all, args=(list(servers.values()), theirs), daemon=True)
        self.process.start()
        theirs.close()

    def begin(self, *wanted):
        """Each (name, address), address None: there is to be none. Waits until every server was asked once and gave the other answer."""
        self.pipe.send(wanted)
        assert self.pipe.recv() == "asking"

    def results(self):
        """{server: [time of its first right answer for each name; None: never]}"""
        return dict(zip(self.names, self.pipe.recv()))


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def probe_all(ports, pipe):
    sockets = []
    for port in ports:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", port))
        sockets.append(s)
    with contextlib.suppress(EOFError):
        while True:
            probe(sockets, pipe, pipe.recv())


def is_right(reply, address):
    has_records = reply[6:8] != b"\0\0"
    return reply.endswith(socket.inet_aton(address)) if address and has_records else has_records == (address is not None)


def probe(sockets, pipe, wanted):
    questions = [(wire_name(name) + QUESTION_A, address) for name, address in wanted]
    first = [[None] * len(wanted) for _ in sockets]
    pending = [(i, number) for i in range(len(wanted)) for number in range(len(sockets))]
    rounds, give_up = 0, time.monotonic() + GIVE_UP_S
    while pending and time.monotonic() < give_up:
        began = time.monotonic()
        rounds += 1
        for i, number in pending:
            if is_right(ask(sockets[number], rounds & 0xFFFF, questions[i][0]), questions[i][1]):
                first[number][i] = time.monotonic()
        if rounds == 1:
            assert not any(map(any, first)), f"answered already: {wanted} {first}"
            pipe.send("asking")
        pending = [(i, number) for i, number in pending if first[number][i] is None]
        pending.sort(key=lambda p: (p[0], (p[1] + rounds) % len(sockets)))  # nobody is always the first
        time.sleep(max(0, began + ROUND_S - time.monotonic()))
    pipe.send(first)


def ask(s, number, question):
    s.send(struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question)
    while select.select([s], [], [], 5)[0]:
        reply = s.recv(4096)
        if reply[:2] == struct.pack("!H", number):
            return reply
    raise SystemExit("no answer within 5 s")


# --- servers ---


@contextlib.contextmanager
def coredns(plane, port):
    corefile = STATE / "Corefile"
    kubeconfig = plane.kubeconfig("coredns", {"token": plane.token("headns")})
    corefile.write_text(
        f".:{port} {{\n bind 127.0.0.1\n errors\n kubernetes cluster.local in-addr.arpa ip6.arpa {{\n  kubeconfig {kubeconfig}\n  ttl 5\n }}\n}}\n"
    )
    with open(STATE / "coredns.log", "wb") as log:
        process = subprocess.Popen([CACHE / "bin" / "coredns", "-conf", corefile], stdout=log, stderr=log)
        try:
            yield port
        finally:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def headns(plane, mode, port):
    server = harness.Server(*plane.headns_options(mode), "--workers", "1", listen=[f"127.0.0.1:{port}"])
    try:
        yield server.port
    finally:
        server.stop()


def wait_until_served(port, name):
    query = harness.make_query(name)
    deadline = harness.Deadline()
    while True:
        with contextlib.suppress(OSError, harness.dns.exception.Timeout):
            if harness.dns.query.udp(query, "127.0.0.1", port=port, timeout=1).answer:
                return
        deadline.check(f"port {port} does not serve {name}")
        time.sleep(0.05)


# --- one pod ---


def fresh_pod(name, service, address):
    return harness.pod(name, address, NAMESPACE, labels={"app": service}, hostname=name, subdomain=service, ready=False)


def since(acknowledged, results):
    """{server: seconds after that}"""
    return {server: first[0] and first[0] - acknowledged for server, first in results.items()}


def one_try(kubelet, prober, number):
    """({server: seconds from Ready acknowledged to served}, {server: seconds from deletion acknowledged to gone})"""
    name, address = f"p{number}", f"10.244.{number // 250}.{number % 250 + 1}"
    fqdn = f"{name}.fresh.{NAMESPACE}.svc.cluster.local"
    pod = fresh_pod(name, "fresh", address)
    kubelet.start(pod)
    time.sleep(0.2)  # so that nothing of this pod's beginning is still under way
    prober.begin((fqdn, address))
    kubelet.report(pod, [address], ready=True)
    ready = since(time.monotonic(), prober.results())
    time.sleep(0.2)
    prober.begin((fqdn, None))
    kubelet.api.delete(pod)
    gone = since(time.monotonic(), prober.results())
    kubelet.remove(pod)
    time.sleep(0.2)  # 20 requests a second are not to be what is measured
    return ready, gone


# --- many at once, as when a node comes back ---


def burst(kubelet, prober, count):
    """[{server: seconds from a pod's Ready acknowledged to served}], one pod in each of that many Services, all reported one after the other."""
    pods = [(f"b{i}", f"burst-{i}", f"10.244.100.{i + 1}") for i in range(count)]
    for name, service, address in pods:
        kubelet.api.create(harness.service(service, NAMESPACE, selector={"app": service}))
        kubelet.start(fresh_pod(name, service, address))
    time.sleep(count / 4)  # the controllers write two objects for each Service, and may write 20 a second
    prober.begin(*[(f"{service}.{NAMESPACE}.svc.cluster.local", address) for _, service, address in pods])
    acknowledged = []
    for pod in pods:
        kubelet.report(fresh_pod(*pod), [pod[2]], ready=True)
        acknowledged.append(time.monotonic())
    results = prober.results()
    return [{server: first[i] - acknowledged[i] for server, first in results.items()} for i in range(count)]


# --- the report ---


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def table(what, tries, reference):
    print(f"\n{what}, ms:\n\n| | p50 | p99 | least | most | p50 beside CoreDNS | p99 beside CoreDNS |\n|---|---|---|---|---|---|---|")
    figures = {server: [t[server] * 1000 for t in tries] for server in tries[0]}

    def points(server):
        return statistics.median(figures[server]), percentile(figures[server], 0.99)

    for server, values in figures.items():
        mine, theirs = points(server), points(reference)
        ratios = " | ".join(f"{m / t:.2f}" for m, t in zip(mine, theirs))
        print(f"| {server} | {mine[0]:.2f} | {mine[1]:.2f} | {min(values):.2f} | {max(values):.2f} | {ratios} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--headns", default=harness.HEADNS)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--burst", type=int, default=100, help="pods, at most 250; 0 leaves that part out")
    options = parser.parse_args()
    harness.HEADNS = options.headns
    plane = ControlPlane(controller_options=())
    plane.start()
    with contextlib.ExitStack() as stack:
        stack.callback(plane.stop)
        kubelet = Kubelet(plane.admin)
        plane.admin.create(harness.service("fresh", NAMESPACE, selector={"app": "fresh"}))
        kubelet.start(harness.pod("stays", "10.244.99.1", NAMESPACE, labels={"app": "fresh"}, hostname="stays", subdomain="fresh"))
        servers = {
            "headns, from Pods": stack.enter_context(headns(plane, "pods", 5301)),
            "headns, from EndpointSlices": stack.enter_context(headns(plane, "slices", 5302)),
            "CoreDNS": stack.enter_context(coredns(plane, 5303)),
        }
        for port in servers.values():
            wait_until_served(port, f"stays.fresh.{NAMESPACE}.svc")
        prober = Prober(servers)
        tries = [one_try(kubelet, prober, number) for number in range(options.tries)]
        together = burst(kubelet, prober, options.burst) if options.burst else []
    print(f"{options.tries} tries, {os.cpu_count()} processors")
    table("Pod Ready acknowledged -> its address is answered", [ready for ready, _ in tries], "CoreDNS")
    table("Pod's deletion acknowledged -> its name is gone", [gone for _, gone in tries], "CoreDNS")
    if together:
        table(f"{options.burst} pods of as many Services become Ready together: Ready acknowledged -> its address is answered", together, "CoreDNS")


if __name__ == "__main__":
    main()
