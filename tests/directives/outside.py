"""The world outside, as both servers' upstreams tell it: a resolver at any address of its network, whose answer is in the name's first label.

    outside.py PORT…    runs until its standard input ends; says "ready" when it listens

`count.…` tells how often it was asked. `silent.control.` makes it silent, `alive.control.` ends that, and `anew.control.` forgets what was asked too.
"""

import socket
import struct
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

import dns.exception  # noqa: E402
import dns.flags  # noqa: E402
import dns.message  # noqa: E402
import dns.rcode  # noqa: E402
import dns.rdataclass  # noqa: E402
import dns.rdatatype  # noqa: E402
from upstream import reply_to  # noqa: E402

IP_PKTINFO = 8
PKTINFO = struct.Struct("@I4s4s")
RCODES = {"servfail": "SERVFAIL", "refused": "REFUSED", "formerr": "FORMERR", "notimp": "NOTIMP", "nxbare": "NXDOMAIN"}
LONG = 60  # addresses of a set that no datagram of 512 octets holds


class Outside:
    """What names mean. One lock: the servers ask little."""

    def __init__(self):
        self.counts, self.is_silent, self.lock = {}, False, threading.Lock()

    def count(self, name):
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1
            return self.counts[name]

    def control(self, label):
        self.is_silent = label == "silent"
        if label == "anew":
            self.counts.clear()

    def answer(self, query, address, transport):
        """The response, or None."""
        question = query.question[0]
        if question.rdclass != dns.rdataclass.IN:
            return reply_to(query, rcode="NOTIMP")
        name = question.name.to_text().lower()
        labels = name.split(".")
        if labels[1:2] == ["control"]:
            self.control(labels[0])
            return reply_to(query)
        if self.is_silent or labels[0].startswith("silent"):
            return None
        return self.say(query, question.name.to_text(), labels, dns.rdatatype.to_text(question.rdtype), address, transport)

    def say(self, query, name, labels, rdtype, address, transport):
        what, zone = labels[0].rstrip("0123456789-"), ".".join(labels[-3:])
        soa = (zone, 7, "SOA", f"ns.{zone} host.{zone} 1 2 3 4 900")
        if name == ".":
            return reply_to(query, (".", 60, "NS", "a.root.")) if rdtype == "NS" else reply_to(query, authority=[soa])
        if what in RCODES:
            return reply_to(query, rcode=RCODES[what])
        if what in ("nx", "absent"):
            return reply_to(query, rcode="NXDOMAIN", authority=[soa])
        if what == "tc" and transport == "udp":
            return reply_to(query, truncated=True)
        if what == "gone" and rdtype == "AAAA" or what == "nodata":
            return reply_to(query, authority=[soa])
        if what == "bare":
            return reply_to(query)
        if what == "count":
            return reply_to(query, (name, 300, "A", f"192.0.2.{self.count(name.lower()) % 256}"))
        return self.records(query, name, what, zone, rdtype, address, soa)

    def records(self, query, name, what, zone, rdtype, address, soa):
        ttl = 0 if what == "zero" else 4000 if what == "old" else 3 if what == "short" else 300
        flags = dns.flags.RA | (dns.flags.AD if what == "ad" else 0)
        if what == "alias" and rdtype == "CNAME":
            return reply_to(query, (name, 300, "CNAME", f"www.{zone}"))
        if what == "alias":
            return reply_to(query, (name, 300, "CNAME", f"www.{zone}"), (f"www.{zone}", 60, "A", "192.0.2.1"))
        if what == "inward":
            return reply_to(query, (name, 300, "CNAME", "web.default.svc.cluster.local."))
        if rdtype == "A":
            addresses = [f"192.0.2.{n + 1}" for n in range(LONG if what in ("big", "tc") else 1)]
            return reply_to(query, (name, ttl, "A", "203.0.113.9" if address.startswith("10.") else addresses[0]), *((name, ttl, "A", a) for a in addresses[1:]), flags=flags)
        made = {
            "AAAA": ["2001:db8::1"],
            "MX": [f"10 mail.{zone}"],
            "NS": [f"ns.{zone}"],
            "PTR": ["host.example.com."],
            "SRV": [f"1 2 80 www.{zone}"],
            "TXT": [f'"from {address}"'],
        }.get(rdtype)
        return reply_to(query, *((name, ttl, rdtype, rdata) for rdata in made), flags=flags) if made else reply_to(query, authority=[soa])


def fitting(query, response, transport):
    """Its octets, or those of a cut one where they are too many."""
    octets = response.to_wire(max_size=65535)
    limit = 65535 if transport == "tcp" else max(query.payload, 512)
    return octets if len(octets) <= limit else reply_to(query, truncated=True).to_wire()


def respond(outside, octets, address, transport):
    query = dns.message.from_wire(octets)
    response = outside.answer(query, address, transport)
    if response:
        response.flags |= query.flags & dns.flags.CD
    return None if response is None else fitting(query, response, transport)


def serve_udp(outside, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("0.0.0.0", port))
    threading.Thread(target=answer_datagrams, args=(outside, sock), daemon=True).start()


def answer_datagrams(outside, sock):
    while True:
        octets, extra, _, client = sock.recvmsg(65535, 128)
        _, asked, _ = PKTINFO.unpack(extra[0][2][: PKTINFO.size])
        try:
            response = respond(outside, octets, socket.inet_ntoa(asked), "udp")
        except dns.exception.DNSException:
            continue
        if response:
            sock.sendmsg([response], [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(0, asked, b"\0\0\0\0"))], 0, client)


def serve_tcp(outside, port):
    listener = socket.create_server(("0.0.0.0", port), backlog=64)
    threading.Thread(target=accept, args=(outside, listener), daemon=True).start()


def accept(outside, listener):
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=answer_stream, args=(outside, stream), daemon=True).start()


def answer_stream(outside, stream):
    address = stream.getsockname()[0]
    with stream, stream.makefile("rb") as reader:
        while len(head := reader.read(2)) == 2:
            response = respond(outside, reader.read(int.from_bytes(head, "big")), address, "tcp")
            if response:
                stream.sendall(len(response).to_bytes(2, "big") + response)


def main():
    outside = Outside()
    for port in map(int, sys.argv[1:]):
        serve_udp(outside, port)
        serve_tcp(outside, port)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
