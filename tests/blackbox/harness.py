"""Starts the real headns and talks to it. No test sleeps: each waits for a line, a reply or an end, and fails after PATIENCE_S.

Environment: HEADNS is the binary, HEADNS_WRAP a command to run it under, such as "valgrind -q --error-exitcode=99".
"""

import contextlib
import itertools
import json
import os
import random
import re
import shlex
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

ROOT = Path(__file__).resolve().parents[2]
ZONES = ROOT / "zones"
HEADNS = os.environ.get("HEADNS", str(ROOT / "build" / "src" / "headns"))
WRAP = shlex.split(os.environ.get("HEADNS_WRAP", ""))
PATIENCE_S = 60  # under valgrind on a busy machine everything comes late; nothing but a failure waits this long

# What a sanitizer or valgrind says when it found something; with these options it also changes the exit status.
SANITIZER_REPORT = re.compile(
    r"ERROR: (Address|Leak|Undefined|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: .*Sanitizer|^==\d+== (?!\s*$)"
)
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "exitcode=99:second_deadlock_stack=1:atexit_sleep_ms=0",
}


def environment(extra=None):
    return {**os.environ, **SANITIZER_OPTIONS, **(extra or {})}


def headns(*arguments):
    """The command line, wrapper included."""
    return [*WRAP, HEADNS, *map(str, arguments)]


def check_sanitizer(text):
    found = [line for line in text.splitlines() if SANITIZER_REPORT.search(line)]
    assert not found, "a sanitizer reports:\n" + text


def run_headns(*arguments, stdin=None, timeout=PATIENCE_S, env=None, cwd=None, text=True):
    """Runs headns to its end; the result has returncode, stdout, stderr."""
    done = subprocess.run(
        headns(*arguments),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=text,
        timeout=timeout,
        env=environment(env),
        cwd=cwd,
    )
    check_sanitizer(done.stderr if text else done.stderr.decode(errors="replace"))
    assert done.returncode >= 0 and done.returncode != 99, f"headns died: {done.returncode}\n{done.stderr}"
    return done


class Deadline:
    """For asking again and again until something holds."""

    def __init__(self):
        self._end = time.monotonic() + PATIENCE_S

    def check(self, problem):
        assert time.monotonic() < self._end, problem


class Lines:
    """The lines of a stream, gathered by a thread, to be waited for."""

    def __init__(self, stream):
        self.lines = []
        self.ended = False
        self.reading = threading.Event()  # cleared: a reader that stalls, once the next line has come
        self.reading.set()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._gather, args=(stream,), daemon=True)
        self._thread.start()

    def _gather(self, stream):
        for line in stream:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
            self.reading.wait()
        with self._news:
            self.ended = True
            self._news.notify_all()

    def wait(self, pattern, start=0, timeout=PATIENCE_S):
        """The match of the first line from number start on that has pattern."""
        regex = re.compile(pattern)

        def find():
            return next((m for m in map(regex.search, self.lines[start:]) if m), None)

        with self._news:
            self._news.wait_for(lambda: find() or self.ended, timeout)
            found = find()
        assert found, f"no line with {pattern!r} in:\n" + "\n".join(self.lines)
        return found

    def count(self, pattern):
        return sum(bool(re.search(pattern, line)) for line in self.lines)

    def wait_count(self, pattern, number, timeout=PATIENCE_S):
        """Until that many lines have pattern."""
        with self._news:
            self._news.wait_for(lambda: self.count(pattern) >= number or self.ended, timeout)
            assert self.count(pattern) >= number, f"fewer than {number} lines with {pattern!r} in:\n" + "\n".join(self.lines)

    def join(self):
        self._thread.join(PATIENCE_S)
        return "\n".join(self.lines)


class Server:
    """One `headns serve`, or what command says. Addresses with port 0 get their port from the start line."""

    def __init__(self, *arguments, listen=("127.0.0.1:0",), stdin=None, env=None, started="serving", command=("serve",), cwd=None, pass_fds=(), stdout=subprocess.DEVNULL,
                 prefix="^headns: info: "):
        listens = itertools.chain.from_iterable(("--listen", address) for address in listen)
        self.process = subprocess.Popen(
            headns(*command, *listens, *arguments),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment(env),
            cwd=cwd,
            pass_fds=pass_fds,
        )
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        self.log = Lines(self.process.stderr)
        self.out = Lines(self.process.stdout) if stdout == subprocess.PIPE else None
        self.start_line = self.log.wait(rf"{prefix}{started} .*").group(0)
        self.addresses = parse_addresses(self.start_line.split(";")[0])
        self.address, self.port = self.addresses[0]

    def udp(self, query, address=None, timeout=PATIENCE_S):
        """A reply from another address than was asked is as none; a port may still get what its last owner asked another server."""
        host, port = address or (self.address, self.port)
        return dns.query.udp(query, host, port=port, timeout=timeout, ignore_unexpected=True, raise_on_truncation=False)

    def tcp(self, query, address=None, timeout=PATIENCE_S):
        host, port = address or (self.address, self.port)
        return dns.query.tcp(query, host, port=port, timeout=timeout)

    def ask(self, name, rdtype="A", **options):
        """A question by UDP, again by TCP if the answer was cut."""
        query = make_query(name, rdtype, **options)
        response = self.udp(query)
        return self.tcp(query) if response.flags & dns.flags.TC else response

    def addresses_of(self, name, rdtype="A"):
        """The address set of a name, whatever the rcode."""
        return answer_set(self.ask(name, rdtype), rdtype)

    def udp_socket(self, address=None):
        s = socket.socket(socket.AF_INET6 if ":" in (address or (self.address,))[0] else socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(PATIENCE_S)
        s.connect(address or (self.address, self.port))
        return s

    def tcp_socket(self, address=None):
        s = socket.create_connection(address or (self.address, self.port), timeout=PATIENCE_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ends it as a user would, and checks that the end is clean."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_end()

    def wait_end(self, status=0):
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        log = self.log.join()
        self.process.stderr.close()
        if self.out:
            self.out.join()
            self.process.stdout.close()
        check_sanitizer(log)
        assert code == status, f"exit status {code}, not {status}:\n{log}"
        return log


def is_plain(server):
    """No sanitizer and no wrapper, whose own memory would be measured with ours."""
    return not WRAP and b"__sanitizer_" not in Path(f"/proc/{server.process.pid}/exe").read_bytes()


def free_port():
    """One that nobody has, over UDP and TCP, and that no socket gets that asks for any (those are of a range above)."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind(("127.0.0.1", port))
                datagrams.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def parse_addresses(start_line):
    """[(host, port)] of the addresses that the start line names, in its order."""
    found = re.findall(r"(?:\[([0-9a-fA-F:.]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d+)", start_line)
    assert found, f"no addresses in the start line: {start_line}"
    return [(v6 or v4, int(port)) for v6, v4, port in found]


ZONE = dns.name.from_text("cluster.local.")


def full_name(text):
    """Names in tests are relative to the zone unless they end with a dot."""
    return dns.name.from_text(text, ZONE)


def make_query(name, rdtype="A", *, version=0, ednsflags=0, payload=4096, options=(), **rest):
    """A query with an OPT record, unless payload is None."""
    query = dns.message.make_query(full_name(name) if isinstance(name, str) else name, rdtype, **rest)
    if payload is not None:
        query.use_edns(version, ednsflags, payload, options=list(options))
    return query


def answer_set(response, rdtype):
    wanted = dns.rdatatype.from_text(rdtype)
    return {rr.to_text() for rrset in response.answer if rrset.rdtype == wanted for rr in rrset}


def found(server, name, rdtype="A"):
    """The records, or the rcode's name where there are none."""
    response = server.ask(name, rdtype)
    return answer_set(response, rdtype) or dns.rcode.to_text(response.rcode())


def until(server, name, wanted, rdtype="A"):
    """Asks until that is found. What must come, comes: patience is the harness's."""
    deadline = Deadline()
    while (seen := found(server, name, rdtype)) != wanted:
        deadline.check(f"{name} {rdtype} is {seen}, not {wanted}")


def rcode(server, name, rdtype="A"):
    return dns.rcode.to_text(server.ask(name, rdtype).rcode())


@contextlib.contextmanager
def asking(server, name, allowed, *, whole=False):
    """Asks all the time; each answer must have some of the allowed addresses (whole: all of them) and no others, or be that rcode."""
    over, wrong, asked = threading.Event(), [], 0

    def is_right(seen):
        if whole or isinstance(allowed, str) or isinstance(seen, str):
            return seen == allowed
        return seen <= allowed

    def ask():
        nonlocal asked
        while not over.is_set():
            seen = found(server, name)
            asked += 1
            if not is_right(seen):
                wrong.append(seen)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert asked and not wrong, f"{len(wrong)} of {asked} answers are wrong: {wrong[:5]}"


# --- bytes, where a library would correct what we want to be wrong ---


def frame(message):
    return struct.pack("!H", len(message)) + message


def receive_exactly(stream, count):
    got = b""
    while len(got) < count:
        more = stream.recv(count - len(got))
        if not more:
            raise EOFError(f"connection closed after {len(got)} of {count} octets")
        got += more
    return got


def receive_frame(stream):
    (length,) = struct.unpack("!H", receive_exactly(stream, 2))
    return receive_exactly(stream, length)


# --- manifests made by tests ---


def manifest_text(*objects):
    return "\n---\n".join(json.dumps(o, indent=1) for o in objects) + "\n"


def write_manifest(path, *objects):
    """JSON, which is YAML as well: the extension decides how it is read."""
    Path(path).write_text(manifest_text(*objects))
    return path


def as_list(*objects):
    """What `kubectl get -o json` prints."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(objects)}


def service(name, ns="default", *, selector=None, ports=(("web", 80),), headless=True, cluster_ip=None, **spec):
    if headless:
        cluster_ip = "None"
    ports = [{"name": n, "port": p, "protocol": "TCP"} for n, p in ports]
    spec = {"ports": ports, **({"selector": selector} if selector else {}), **({"clusterIP": cluster_ip} if cluster_ip else {}), **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": ns}, "spec": spec}


def pod(name, ip, ns="default", *, labels=None, hostname=None, subdomain=None, ready=True, **spec):
    spec = {"containers": [{"name": "c", "image": "i", "ports": [{"name": "web", "containerPort": 80}]}], **spec}
    if hostname:
        spec["hostname"] = hostname
    if subdomain:
        spec["subdomain"] = subdomain
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": ns, "labels": labels or {}},
        "spec": spec,
        "status": {
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def stateful_set(name, replicas, ns="default", *, service_name=None, labels=None, **spec):
    labels = labels or {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": ns},
        "spec": {
            "serviceName": service_name or name,
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
            **spec,
        },
    }


def slice_of(service_name, addresses, ns="default", *, ports=(("web", 80),), name=None):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name or service_name + "-1", "namespace": ns, "labels": {"kubernetes.io/service-name": service_name}},
        "addressType": "IPv4",
        "ports": [{"name": n, "port": p, "protocol": "TCP"} for n, p in ports],
        "endpoints": [{"addresses": [a], "conditions": {"ready": True}} for a in addresses],
    }


WEB0 = "web-0.nginx.default.svc"
NGINX = service("nginx", selector={"app": "nginx"})


def web(number, ip, **options):
    """A pod behind it."""
    return pod(f"web-{number}", ip, labels={"app": "nginx"}, hostname=f"web-{number}", subdomain="nginx", **options)
