#!/usr/bin/python3
"""What it costs to read a large cluster and to follow it: headns and CoreDNS in turn, from the same API server with the same kubeconfig.

api_server sends prepared octets over HTTP/2 and TLS (JSON to headns, protobuf to CoreDNS, as each asks for), from processor 0; the DNS server
has processor 1. CPU is the process's own clock; memory is what /proc says. Both are measured as they are by default, headns reading Pods
and CoreDNS EndpointSlices, and so that they read the other as well: headns with `endpoints slices`, CoreDNS with `pods verified`. What the
figures mean is said in docs/benchmarks.md."""

import argparse
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dns.message
import dns.rcode

sys.path.insert(0, str(Path(__file__).parent))
from big_cluster import prepare  # noqa: E402
from run import free_port  # noqa: E402

API_CPU, DNS_CPU = "0", "1"
CHANGES_PER_S = 2000
REST_S = 10
MIB = 1024.0


def cache_folder():
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


def find_coredns(given):
    for candidate in (given, os.environ.get("COREDNS"), shutil.which("coredns"), cache_folder() / "headns-cluster/bin/coredns"):
        if candidate and Path(candidate).exists():
            return str(candidate)
    return None


# --- the API server ---


class ApiServer:
    def __init__(self, binary, cert, key, world):
        command = ["taskset", "-c", API_CPU, binary, cert, key, world]
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.expect("port").split()[1])

    def expect(self, word):
        """The next line that begins so."""
        for line in self.process.stdout:
            if line.startswith(word):
                return line
        raise SystemExit("the API server ended")

    def tell(self, line):
        print(line, file=self.process.stdin, flush=True)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def make_certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def write_kubeconfig(folder, name, port, cert):
    path = folder / f"{name}.kubeconfig"
    path.write_text(
        f"""apiVersion: v1
kind: Config
current-context: bench
contexts: [{{name: bench, context: {{cluster: bench, user: bench}}}}]
users: [{{name: bench, user: {{token: nothing}}}}]
clusters: [{{name: bench, cluster: {{server: "https://127.0.0.1:{port}", certificate-authority: {cert}}}}}]
"""
    )
    return path


# --- the DNS servers ---


def headns(endpoints, which="headns"):
    def command(options, folder, kubeconfig, port):
        server = [getattr(options, which), "serve", "--workers", "1", "--listen", f"127.0.0.1:{port}"]
        return [*server, "--kubeconfig", kubeconfig, "--set", f"kubernetes.endpoints={endpoints}"]

    return command


def coredns(pods):
    def command(options, folder, kubeconfig, port):
        corefile = folder / f"Corefile-{pods}-{kubeconfig.stem}"
        corefile.write_text(
            f"""cluster.local:{port} in-addr.arpa:{port} {{
    bind 127.0.0.1
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig} bench
        pods {pods}
    }}
}}
"""
        )
        return [options.coredns, "-conf", corefile]

    return command


SERVERS = {
    "headns": (headns("pods"), ["pods"]),
    "the other headns": (headns("pods", "beside"), ["pods"]),
    "headns, endpoints slices": (headns("slices"), ["endpointslices"]),
    "CoreDNS": (coredns("disabled"), ["endpointslices"]),
    "CoreDNS, pods verified": (coredns("verified"), ["pods", "endpointslices"]),
}


class DnsServer:
    """A server under way, and what it has cost."""

    def __init__(self, command, port, log):
        self.port, self.log, self.start = port, log, time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", DNS_CPU, *(str(c) for c in command)], stdout=log, stderr=log)
        self.pid = self.process.pid

    def ask(self, name):
        """The addresses of name, or the rcode."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.connect(("127.0.0.1", self.port))
            s.send(dns.message.make_query(name, "A").to_wire())
            reply = dns.message.from_wire(s.recv(4096))
            return [r.address for rrset in reply.answer for r in rrset] or dns.rcode.to_text(reply.rcode())
        return None

    def wait_for(self, name, answer, seconds=180):
        """Returns the time since its start."""
        deadline = time.monotonic() + seconds
        while self.ask(name) != answer:
            time.sleep(0.01)
            if time.monotonic() > deadline or self.process.poll() is not None:
                print(Path(self.log.name).read_text()[-2000:], file=sys.stderr)
                raise SystemExit(f"no answer {answer} for {name}: {self.ask(name)}, exit status {self.process.poll()}")
        return time.monotonic() - self.start

    def cpu_s(self):
        return time.clock_gettime(~self.pid << 3 | 2)  # clock_getcpuclockid(3)

    def memory_mib(self, key):
        return int(re.search(rf"{key}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1]) / MIB

    def forget_peak(self):
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def settle(self, seconds=1.0):
        """Until it has been idle for a second."""
        while True:
            before = self.cpu_s()
            time.sleep(seconds)
            if self.cpu_s() - before < 0.02 * seconds:
                return

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


# --- measuring ---


def measure_empty(which, context, log):
    port = free_port()
    server = DnsServer(SERVERS[which][0](context.options, context.folder, context.small.kubeconfig, port), port, log)
    server.wait_for(context.small.facts["last"], [context.small.facts["last_ip"]])
    time.sleep(2)
    rss = server.memory_mib("VmRSS")
    server.stop()
    return {"empty": rss}


def measure_relist(server, world, resources):
    """The watches' versions have expired: what the lists cost that follow, and what memory they need for a while."""
    before, cpu = server.memory_mib("VmRSS"), server.cpu_s()
    server.forget_peak()
    for resource in resources:
        world.api.tell(f"expire {resource}")
        world.api.expect("expired")  # from here on, since lists were synced before
        world.api.expect(f"synced {resource}")
    server.settle()
    return {
        "relist_cpu": server.cpu_s() - cpu,
        "relist_peak": server.memory_mib("VmHWM") - before,
    }


def measure_changes(server, world, resources):
    """Each change makes one pod not ready."""
    cpu = server.cpu_s()
    for resource in resources:
        world.api.tell(f"change {resource} {CHANGES_PER_S}")
        world.api.expect("changed")
    server.settle()
    cost = server.cpu_s() - cpu
    server.wait_for(world.facts["changed"], "NXDOMAIN")
    return {"change_us": cost * 1e6 / world.facts[f"{resources[0]}.changes"]["count"]}


def measure(which, context, log):
    command, resources = SERVERS[which]
    world, port, row = context.large, free_port(), measure_empty(which, context, log)
    server = DnsServer(command(context.options, context.folder, world.kubeconfig, port), port, log)
    row["wall"] = server.wait_for(world.facts["last"], [world.facts["last_ip"]])
    time.sleep(REST_S)
    server.settle()
    row["cpu"] = server.cpu_s()
    row["peak"], row["rest"] = server.memory_mib("VmHWM"), server.memory_mib("VmRSS")
    row["over"] = row["rest"] - row["empty"]
    row.update(measure_relist(server, world, resources))
    row.update(measure_changes(server, world, resources))
    server.stop()
    return row


class World:
    def __init__(self, options, folder, tls, name, **numbers):
        path, self.facts = prepare(cache_folder() / "headns-bench", **numbers)
        self.api = ApiServer(options.build / "tests/bench/api_server", *tls, path)
        self.api.tell(f"stream {'no' if options.plain else 'yes'}")
        self.kubeconfig = write_kubeconfig(folder, name, self.api.port, tls[0])


class Context:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        tls = make_certificate(folder)
        self.small = World(options, folder, tls, "small", pods=1, services=1, namespaces=1)
        self.large = World(options, folder, tls, "large", pods=options.pods, services=options.services, namespaces=500)

    def stop(self):
        self.small.api.stop()
        self.large.api.stop()


# --- reporting ---

ROWS = (
    ("start to first right answer, s", "wall", ".2f"),
    ("CPU until at rest, s", "cpu", ".2f"),
    ("peak resident, MiB", "peak", ".0f"),
    (f"resident {REST_S} s later, MiB", "rest", ".0f"),
    ("resident with one Pod, MiB", "empty", ".1f"),
    ("data: the difference, MiB", "over", ".0f"),
    ("list again after 410: CPU, s", "relist_cpu", ".2f"),
    ("list again: more resident, at its peak, MiB", "relist_peak", ".1f"),
    ("a pod becomes not ready: CPU, µs", "change_us", ".0f"),
)
COMPARED = ("cpu", "peak", "over", "change_us")
PAIRS = (("headns", "the other headns"), ("CoreDNS", "headns"), ("CoreDNS", "headns, endpoints slices"), ("CoreDNS, pods verified", "headns"))


def cell(rows, key, form):
    values = [row[key] for row in rows]
    middle = f"{statistics.median(values):{form}}"
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}}-{max(values):{form}})"


def ratio(rows, others, key):
    """Round by round; the median of that."""
    return statistics.median(row[key] / other[key] for row, other in zip(rows, others))


def report(results):
    print("| | " + " | ".join(results) + " |")
    print("|---" * (1 + len(results)) + "|")
    for title, key, form in ROWS:
        print(f"| {title} | " + " | ".join(cell(rows, key, form) for rows in results.values()) + " |")
    titles = {key: title for title, key, _ in ROWS}
    for one, other in PAIRS:
        if one in results and other in results:
            ratios = (f"{titles[key]} {ratio(results[one], results[other], key):.2f}" for key in COMPARED)
            print(f"\n{one} by {other}: " + "; ".join(ratios))


def describe(facts):
    pods = facts["pods"]
    print(
        f"{pods['count']} Pods of {pods['octets'] / pods['count'] / 1000:.1f} KB, {facts['services']['count']} Services, "
        f"{facts['endpointslices']['count']} EndpointSlices, {facts['namespaces']['count']} namespaces; "
        f"{sum(facts[k]['octets'] for k in ('pods', 'services', 'namespaces', 'foreignslices')) / 1e6:.0f} MB of JSON"
    )
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())[1]
    print(f"{os.cpu_count()} processors, {model}, kernel {os.uname().release}, load {os.getloadavg()[0]:.1f} before", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default="build-bench", help="release build with -Dbench=true (see docs/benchmarks.md)")
    parser.add_argument("--coredns", help="its binary; else $COREDNS, the one in PATH, or that of tests/cluster in the cache folder")
    parser.add_argument("--beside", type=Path, help="another headns, such as that of an older commit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pods", type=int, default=150000)
    parser.add_argument("--services", type=int, default=10000)
    parser.add_argument("--plain", action="store_true", help="the API server refuses streamed lists")
    parser.add_argument("--only", action="append", choices=SERVERS, help="measure just this server; may be repeated")
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.headns = options.build / "src/headns"
    options.coredns = find_coredns(options.coredns)
    servers = options.only or [name for name in SERVERS if name.startswith("headns") or (options.beside if "other" in name else options.coredns)]
    with tempfile.TemporaryDirectory() as name:
        context = Context(options, Path(name))
        describe(context.large.facts)
        results = {which: [] for which in servers}
        with open(Path(name) / "servers.log", "w+") as log:
            for _ in range(options.rounds):
                for which in servers:
                    results[which].append(measure(which, context, log))
                    print(f"{which}: " + ", ".join(f"{k} {v:.2f}" for k, v in results[which][-1].items()), flush=True)
        context.stop()
        report(results)


if __name__ == "__main__":
    main()
