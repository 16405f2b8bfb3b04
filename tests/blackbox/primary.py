"""A primary made of a function: what it says to each request that comes over TCP, octet for octet."""

import socket
import threading

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

import harness


def rrsets(*lines):
    """Each record a set of its own, so that their order stays."""
    return [dns.rrset.from_text(name, int(ttl), "IN", rdtype, rdata) for name, ttl, rdtype, rdata in (line.split(None, 3) for line in lines)]


def soa(serial, *, refresh=3600, retry=3600, expire=3600):
    return f"zone.test. 60 SOA ns.zone.test. a. {serial} {refresh} {retry} {expire} 60"


def response(query, *lines):
    made = dns.message.make_response(query)
    made.answer = rrsets(*lines)
    return harness.frame(made.to_wire(max_size=65535))


def zone(serial, *lines, **times):
    """What a good primary of a zone says."""
    first = soa(serial, **times)

    def say(query):
        rdtype = query.question[0].rdtype
        if rdtype == dns.rdatatype.SOA:
            return response(query, first)
        return response(query, first) + response(query, *lines) + response(query, first)

    return say


class Primary:
    """say(query) is octets, or an iterator of them; None: the connection is closed. It may be replaced at any time."""

    def __init__(self, say, address="127.0.0.1"):
        self.say = say
        self.asked = []  # types
        self.connections = []
        self.news = threading.Condition()
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream):
        try:
            while True:
                query = dns.message.from_wire(harness.receive_frame(stream))
                with self.news:
                    self.asked.append(dns.rdatatype.to_text(query.question[0].rdtype))
                    self.news.notify_all()
                said = self.say(query)
                if said is None:
                    return
                for part in [said] if isinstance(said, bytes) else said:
                    stream.sendall(part)
        except (OSError, EOFError):
            pass
        finally:
            stream.close()

    def wait_asked(self, *types):
        """Until the last questions were these."""
        with self.news:
            assert self.news.wait_for(lambda: tuple(self.asked[-len(types) :]) == types, harness.PATIENCE_S), self.asked

    def wait_more(self, number):
        """Until that many more were asked."""
        with self.news:
            goal = len(self.asked) + number
            assert self.news.wait_for(lambda: len(self.asked) >= goal, harness.PATIENCE_S), self.asked

    def stop(self):
        for stream in [self.listener, *self.connections]:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            stream.close()
