"""A resolver on loopback that answers as a test says, over UDP and TCP, and remembers what it was asked."""

import contextlib
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


def reply_to(query, *records, rcode="NOERROR", authority=(), flags=dns.flags.RA, truncated=False):
    """A response with these records: ("name.", ttl, "A", "192.0.2.1", …)."""
    response = dns.message.make_response(query)
    response.flags |= flags | (dns.flags.TC if truncated else 0)
    response.set_rcode(dns.rcode.from_text(rcode))
    for section, wanted in ((response.answer, records), (response.authority, authority)):
        for name, ttl, rdtype, *rdata in wanted:
            section.append(dns.rrset.from_text(name, ttl, "IN", rdtype, *rdata))
    return response


SOA = ("example.", 7, "SOA", "ns.example. host.example. 1 2 3 4 900")


class Upstream:
    """answer(query, transport) is the response, octets, or None for silence. asked: (name as spelt, type, transport) in their order. tls: a context, for
    connections; handshakes has one for each that came about: whether its session was resumed."""

    def __init__(self, answer, host="127.0.0.1", port=0, tls=None):
        self.answer = answer
        self.asked = []
        self.tls = tls
        self.handshakes = []
        self.news = threading.Condition()
        self._over = False
        self._connections = []
        self._udp, self._tcp = self._bind(host, port)
        self.port = self._udp.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _bind(host, port):
        """The same port for both."""
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            udp.bind((host, port))
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                udp.close()
                tcp.close()
                continue
            tcp.listen(64)
            return udp, tcp

    def _respond(self, octets, transport):
        query = dns.message.from_wire(octets)
        question = query.question[0]
        with self.news:
            self.asked.append((question.name.to_text(), dns.rdatatype.to_text(question.rdtype), transport))
            self.news.notify_all()
        response = self.answer(query, transport)
        return response.to_wire(max_size=65535) if isinstance(response, dns.message.Message) else response

    def _serve_udp(self):
        while not self._over:
            with contextlib.suppress(OSError, dns.exception.DNSException):
                octets, client = self._udp.recvfrom(65535)
                response = self._respond(octets, "udp") if octets else None
                if response:
                    self._udp.sendto(response, client)

    def _serve_tcp(self):
        while not self._over:
            with contextlib.suppress(OSError):
                stream, _ = self._tcp.accept()
                self._connections.append(stream)
                threading.Thread(target=self._serve_stream, args=(stream,), daemon=True).start()

    def _serve_stream(self, stream):
        with contextlib.suppress(OSError, struct.error, dns.exception.DNSException):
            if self.tls:
                stream = self.tls.wrap_socket(stream, server_side=True)
                self._connections.append(stream)
                self.handshakes.append(stream.session_reused)
            reader = stream.makefile("rb")
            while True:
                (length,) = struct.unpack("!H", reader.read(2))
                response = self._respond(reader.read(length), "tls" if self.tls else "tcp")
                if response:
                    stream.sendall(struct.pack("!H", len(response)) + response)

    def names(self):
        """What it was asked, probes apart."""
        with self.news:
            return [name.lower() for name, rdtype, _ in self.asked if (name, rdtype) != (".", "NS")]

    def wait(self, count, timeout=60):
        """Until it was asked so many questions."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.names_unlocked()) >= count, timeout), self.asked

    def names_unlocked(self):
        return [name for name, rdtype, _ in self.asked if (name, rdtype) != (".", "NS")]

    def stop(self):
        """Nobody is there any more."""
        if self._over:
            return
        self._over = True
        with contextlib.suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        waker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        waker.sendto(b"", self._udp.getsockname())
        waker.close()
        for thread in self._threads:
            thread.join(60)
        for stream in (self._udp, self._tcp, *self._connections):
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
