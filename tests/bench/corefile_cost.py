#!/usr/bin/python3
"""What the lines of a Corefile cost a query for a cluster's name: instructions of the worker, counted by callgrind, from the reading of a full batch over
UDP to the sending of its answers. First the bare `kubernetes` block, then kubeadm's whole Corefile (metrics on, no `log`), then others.

    tests/bench/corefile_cost.py --headns build-bench/src/headns

Judges nothing. The API server is that of the black-box tests; headns must be built with symbols (-Dbuildtype=release -Ddebug=true, or debugoptimized)."""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "blackbox")]

BATCH = 32  # as headns reads them
BATCHES = 256

COREFILES = {
    "bare block": "",
    "kubeadm, metrics on": "errors\nhealth 127.0.0.1:0 {\n lameduck 5s\n}\nready 127.0.0.1:0\nprometheus 127.0.0.1:0\n"
    "forward . 127.0.0.1:9 {\n max_concurrent 1000\n}\ncache 30\nreload\nloadbalance",
    "the same without prometheus": "errors\nforward . 127.0.0.1:9 {\n max_concurrent 1000\n}\ncache 30\nreload\nloadbalance",
    "bare block with prometheus": "prometheus 127.0.0.1:0",
    "bare block with loadbalance": "loadbalance",
    "acl, rewrite and template of other names": 'acl {\n allow net 127.0.0.0/8\n}\nrewrite name exact a.example b.example\n'
    'template IN A other.example {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n}',
    "the same with prometheus, and log of other names": 'acl {\n allow net 127.0.0.0/8\n}\nrewrite name exact a.example b.example\n'
    'template IN A other.example {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n}\nprometheus 127.0.0.1:0\nlog other.example',
}
QUESTIONS = {
    "a Service with a clusterIP": ("web.default.svc.cluster.local.", "A"),
    "a pod by name": ("web-0.nginx.default.svc.cluster.local.", "A"),
    "two pods": ("nginx.default.svc.cluster.local.", "A"),
    "no such type": ("web.default.svc.cluster.local.", "AAAA"),
    "no such name": ("no.default.svc.cluster.local.", "A"),
}


def ask_batches(harness, server, name, rdtype, batches):
    """The server is stopped while a batch is sent, so that it reads all of it at once."""
    query = harness.make_query(name, rdtype).to_wire()
    with server.udp_socket() as client:
        for _ in range(batches):
            server.process.send_signal(signal.SIGSTOP)
            for _ in range(BATCH):
                client.send(query)
            server.process.send_signal(signal.SIGCONT)
            for _ in range(BATCH):
                client.recv(65535)


def count(harness, api, headns, lines, name, rdtype, folder):
    corefile, out = folder / "Corefile", folder / "callgrind.out"
    corefile.write_text(f".:0 {{\n bind 127.0.0.1\n kubernetes cluster.local in-addr.arpa ip6.arpa {{\n  endpoint {api.url}\n  pods insecure\n  fallthrough in-addr.arpa ip6.arpa\n  ttl 30\n }}\n{lines}\n}}\n")
    harness.WRAP[:] = ["valgrind", "--tool=callgrind", "--toggle-collect=serve_batch", f"--callgrind-out-file={out}"]
    harness.HEADNS = headns
    server = harness.Server("-conf", corefile, "--workers", "1", listen=(), started="listening on")
    server.log.wait("info: serving")
    try:
        ask_batches(harness, server, name, rdtype, 8)  # caches of ours are warm
        before = collected(server, out)
        ask_batches(harness, server, name, rdtype, BATCHES)
        return (collected(server, out) - before) / (BATCH * BATCHES)
    finally:
        server.process.kill()
        server.process.wait()


def collected(server, out):
    """What was counted so far: callgrind dumps and goes on."""
    subprocess.run(["callgrind_control", "--dump", str(server.process.pid)], check=True, capture_output=True)
    dumps = sorted(out.parent.glob(out.name + "*"), key=lambda p: p.stat().st_mtime)
    return sum(int(m[1]) for p in dumps for m in re.finditer(r"^totals: (\d+)", p.read_text(), re.M))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--headns", default="build-bench/src/headns")
    parser.add_argument("--only", help="Corefiles whose name has this, beside the bare block")
    arguments = parser.parse_args()
    os.environ["HEADNS"] = arguments.headns
    import harness
    from apiserver import ApiServer

    api = ApiServer()
    api.put(harness.service("nginx", selector={"app": "nginx"}), harness.service("web", selector={"app": "nginx"}, headless=False, cluster_ip="10.96.0.9"))
    for i in range(2):
        api.put(harness.pod(f"web-{i}", f"10.244.0.{7 + i}", labels={"app": "nginx"}, hostname=f"web-{i}", subdomain="nginx"))
    print(f"instructions of the worker a query, in batches of {BATCH} over UDP")
    for what, (name, rdtype) in QUESTIONS.items():
        bare = None
        for corefile, lines in COREFILES.items():
            if bare and arguments.only and arguments.only not in corefile:
                continue
            with tempfile.TemporaryDirectory(prefix="headns-cost-") as folder:
                seen = count(harness, api, str(Path(arguments.headns).resolve()), lines, name, rdtype, Path(folder))
            bare = bare or seen
            print(f"{seen:8.0f}  {100 * seen / bare - 100:+5.1f} %  {what}: {corefile}", flush=True)
    api.stop()


if __name__ == "__main__":
    main()
