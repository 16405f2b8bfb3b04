"""Asks a server again and again for names whose answers must stay what they are."""

import socket
import threading
import time

import dns.message
import dns.rcode

import harness

LOST_S = 5  # on loopback a reply takes well under a millisecond; this long only if none comes


class Load:
    """with Load(server, {("web-0.nginx.default.svc", "A"): {"10.244.0.7"}}) as load: …   afterwards load.asked, .wrong and .lost"""

    def __init__(self, server, answers, rate=400):
        self.server, self.rate = server, rate
        self.questions = [(harness.make_query(name, rdtype), name, rdtype, wanted) for (name, rdtype), wanted in answers.items()]
        self.asked, self.wrong, self.lost = 0, [], 0
        self.slowest_s = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def run(self):
        with self.server.udp_socket() as s:
            s.settimeout(LOST_S)
            while not self.ending.wait(1 / self.rate):
                self.ask(s, *self.questions[self.asked % len(self.questions)])

    def ask(self, s, query, name, rdtype, wanted):
        self.asked += 1
        query.id = self.asked & 0xFFFF
        sent = time.monotonic()
        s.send(query.to_wire())
        try:
            response = dns.message.from_wire(s.recv(4096))
            while response.id != query.id:  # one that was given up
                response = dns.message.from_wire(s.recv(4096))
        except TimeoutError:
            self.lost += 1
            return
        self.slowest_s = max(self.slowest_s, time.monotonic() - sent)
        found = harness.answer_set(response, rdtype) or dns.rcode.to_text(response.rcode())
        if found != wanted:
            self.wrong.append((name, rdtype, found))
