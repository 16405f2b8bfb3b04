"""Serves every case with one of the two servers and asks its questions.

    unshare --net side.py coredns|headns OUTPUT CASE…

OUTPUT is JSON: for each case {"replies": [[octets in hex, or null; when, in seconds]], "log": what the server printed, "down": why it could not be
asked, or null}.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

import ask  # noqa: E402
import cluster  # noqa: E402
import messages as m  # noqa: E402
import network  # noqa: E402
import servers  # noqa: E402
from trial import Trial  # noqa: E402
from servers import harness  # noqa: E402

START_S = 60  # until it answers
ANSWER_S = 8  # CoreDNS takes 5 where nobody answers it
POLL_S = 0.02
NUMBER = 0x2A2A
READY = m.Question(m.name("web.default.svc.cluster.local"), m.A)
NO_CLUSTER = m.Question(m.name("ready.example.com"), m.NS)


def command(kind, corefile):
    return [servers.COREDNS, "-conf", corefile] if kind == "coredns" else harness.headns("-conf", corefile)


def exchange_udp(packet, server, timeout):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(server)
        sock.settimeout(timeout)
        try:
            sock.send(packet)
            while True:
                reply = sock.recv(65535)
                if reply[:2] == packet[:2] and ask.is_about(reply, packet):
                    return reply
        except OSError:
            return None


def exchange_tcp(packet, server, timeout):
    try:
        with socket.create_connection(server, timeout=timeout) as stream:
            stream.sendall(struct.pack("!H", len(packet)) + packet)
            with stream.makefile("rb") as reader:
                head = reader.read(2)
                return reader.read(int.from_bytes(head, "big")) if len(head) == 2 else None
    except OSError:
        return None


class Served:
    """A case at one of the servers, from its start to its end."""

    def __init__(self, kind, case, folder, kubeconfig, net):
        self.case, self.net = case, net
        net.place(case.bound(), inside=True)
        net.place(case.upstreams(), inside=False)
        corefile = case.prepare(Path(folder), kubeconfig)
        self.log = open(Path(folder) / "log", "w+")
        self.process = subprocess.Popen(command(kind, corefile), cwd=folder, env={**os.environ, **case.env}, stdout=self.log, stderr=self.log)

    def run(self):
        down = self.wait_up()
        replies = [] if down else [[reply.hex() if reply else None, time.monotonic()] for reply in map(self.do, self.case.steps)]
        return {"down": down, "replies": replies, "log": self.text()}

    def wait_up(self):
        """Until it answers with what the cluster has, or, where none is served, at all; why it does not, or None."""
        asked = [step for step in self.case.steps if step.verb == "ask"]
        question = READY if "kubernetes" in self.case.corefile and "cluster.local" in self.case.corefile else NO_CLUSTER
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return f"it ended: {self.text()[-600:]}"
            reply = exchange_udp(question.packet(NUMBER), asked[0].server, 1)
            if reply and (question is NO_CLUSTER or m.decode(reply).answer):
                return None
            time.sleep(POLL_S)
        return f"it never answered; {self.text()[-600:]}"

    def do(self, step):
        if step.verb == "wait":
            time.sleep(step.value)
        elif step.verb == "outside":
            exchange_udp(m.Question(m.name(f"{step.value}.control"), m.A).packet(NUMBER), (network.OUTSIDE, 53), 5)
        else:
            exchange = exchange_tcp if step.value.tcp else exchange_udp
            return exchange(step.value.packet(NUMBER), step.server, ANSWER_S)
        return None

    def text(self):
        self.log.flush()
        return Path(self.log.name).read_text()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.net.remove_inside()
        exchange_udp(m.Question(m.name("anew.control"), m.A).packet(NUMBER), (network.OUTSIDE, 53), 5)


def run_case(kind, case, net, kubeconfig):
    with tempfile.TemporaryDirectory() as folder:
        served = Served(kind, case, folder, kubeconfig, net)
        try:
            return served.run()
        finally:
            served.stop()


def main():
    kind, output, *folders = sys.argv[1:]
    net = network.Network()
    api = cluster.start()
    results = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            kubeconfig = api.kubeconfig(Path(folder) / "kubeconfig")
            for case in map(Trial, folders):
                results[case.name] = run_case(kind, case, net, kubeconfig)
    finally:
        api.stop()
        net.stop()
    Path(output).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
