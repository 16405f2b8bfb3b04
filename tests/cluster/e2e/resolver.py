"""Questions to the cluster's DNS, each from a port of its own, as a program's resolver asks."""

import contextlib
import random
import selectors
import socket
import threading
import time
import urllib.error
import urllib.request

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
from cluster import DNS
from controlplane import PATIENCE_S


def ask(name, rdtype="A", server=DNS, timeout=2.0):
    """The response; dns.exception.Timeout if none came."""
    return dns.query.udp(dns.message.make_query(name, rdtype), server, timeout=timeout)


def records(response):
    """The texts of all records of the answer, without names and TTLs."""
    return sorted(rdata.to_text() for rrset in response.answer for rdata in rrset)


def addresses(name, server=DNS):
    """Its IPv4 addresses, none where there was no answer in time."""
    try:
        response = ask(name, server=server, timeout=0.5)
    except (dns.exception.Timeout, OSError):
        return []
    return [rdata.address for rrset in response.answer for rdata in rrset if rdata.rdtype == dns.rdatatype.A]


def first_time(name, good, pause_s=0.002):
    """When name's addresses were good for the first time, asked again and again."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = addresses(name)
        if good(found):
            return time.monotonic()
        assert time.monotonic() < end, f"{name} is still {found}"
        time.sleep(pause_s)


def page(address, port, path):
    """(status, text) of an HTTP page; (None, reason) where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()
    except OSError as e:
        return None, str(e)


class Load:
    """A steady stream of questions, each once and from a port of its own; lost are those that got no answer within 5 s, which is when a stub
    resolver would ask again, and wrong those whose answer is not NOERROR with records."""

    WAIT_S = 5
    PORTS = 20000, 60000

    def __init__(self, names, per_second, server=DNS):
        self.queries = [dns.message.make_query(name, "A").to_wire() for name in names]
        self.server, self.interval = (server, 53), 1 / per_second
        self.asked = self.answered = 0
        self.lost, self.wrong, self.slowest_s = [], [], 0.0
        self._over = threading.Event()
        self._waiting = {}
        self._port = random.randint(*self.PORTS)
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self.took_s = time.monotonic() - self._began

    def __str__(self):
        return (
            f"{self.asked} questions, {self.answered} answered, {len(self.lost)} lost, {len(self.wrong)} wrong; "
            f"the slowest took {self.slowest_s * 1000:.1f} ms"
        )

    def wait_asked(self, number):
        """Until that many more have been asked."""
        until, end = self.asked + number, time.monotonic() + PATIENCE_S
        while self.asked < until:
            assert time.monotonic() < end and self._thread.is_alive(), str(self)
            self._over.wait(0.05)

    def _run(self):
        due = self._began
        while not self._over.is_set() or self._waiting:
            now = time.monotonic()
            while due <= now and not self._over.is_set():
                self._ask(now)
                due += self.interval
            for key, _ in self._selector.select(max(0.0, min(due - now, 0.05))):
                self._take(key.fileobj)
            self._give_up(time.monotonic())

    def _ask(self, now):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setblocking(False)
        self._bind(s)
        s.connect(self.server)
        with contextlib.suppress(OSError):
            s.send(self.queries[self.asked % len(self.queries)])
        self.asked += 1
        self._waiting[s] = now
        self._selector.register(s, selectors.EVENT_READ)

    def _bind(self, s):
        """The next port: none comes again within a minute, or the kernel would take it for the connection that it was."""
        while True:
            self._port = self._port + 1 if self._port < self.PORTS[1] else self.PORTS[0]
            try:
                return s.bind(("", self._port))
            except OSError:  # somebody else's
                continue

    def _take(self, s):
        try:
            octets = s.recv(65535)
        except OSError:  # refused: lost, but as a stub resolver would see it, at once
            octets = None
        began = self._drop(s)
        if octets is None:
            self.lost.append((began - self._began, "refused"))
            return
        self.answered += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        if octets[3] & 15 or octets[6:8] == b"\0\0":
            self.wrong.append(dns.message.from_wire(octets).to_text())

    def _drop(self, s):
        self._selector.unregister(s)
        s.close()
        return self._waiting.pop(s)

    def _give_up(self, now):
        """Those that waited for long enough; they are in the order in which they were asked."""
        while self._waiting:
            s, began = next(iter(self._waiting.items()))
            if now - began < self.WAIT_S:
                return
            self._drop(s)
            self.lost.append((began - self._began, "silence"))
