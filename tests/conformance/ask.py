"""Asks several servers the same questions, many at once, and gives back the octets that each answered."""

import itertools
import select
import socket
import struct
import time

WINDOW = 256  # questions under way at once; the answers fit into a socket's buffer
PATIENCE_S = 60
RESEND_S = 0.1  # without any answer: what is late only is asked twice
SETTLE_S = 0.1  # how long an answer may come behind one that was asked for before it
SILENCES = 3  # so often a question is asked again, the server being alive, before it counts as not answered
PER_CONNECTION = 100  # CoreDNS ends a TCP connection after 128 queries


NUMBERS = itertools.cycle(range(0, 65536 - WINDOW, WINDOW))  # of messages: what is late is not taken for an answer to the next questions
PROBE_NUMBER = 0xFFFF
PROBE = b"\xff\xff\x01\0\0\1\0\0\0\0\0\0\7cluster\5local\0\0\6\0\1"  # SOA of the zone


def is_about(reply, packet):
    """Whether the reply repeats the packet's question, if any."""
    end = packet.index(0, 12) + 5  # good for the names that are asked here, none of which has a zero octet in it
    return reply[4:6] != b"\0\1" or reply[12:end] == packet[12:end]


class Server:
    """One server's address, with a socket of each kind."""

    def __init__(self, title, address):
        self.title, self.address = title, address
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.datagrams.connect(address)
        self.datagrams.setblocking(False)

    def close(self):
        self.datagrams.close()

    # --- UDP ---

    def send(self, packets):
        for packet in packets:
            while True:
                try:
                    self.datagrams.send(packet)
                    break
                except BlockingIOError:
                    select.select([], [self.datagrams], [], 1)

    def collect(self, packets, first):
        """One response for each packet, numbered from first on; what is lost is asked again. None: no answer, though others are answered."""
        replies = [None] * len(packets)
        self.receive(replies, packets, first, RESEND_S)
        for _ in range(SILENCES):
            missing = [p for p, r in zip(packets, replies) if r is None]
            if not missing:
                break
            self.wait_alive(packets, replies, first, missing)
        return replies

    def receive(self, replies, packets, first, patience_s):
        """Takes in what comes until all is there, or nothing came for so long."""
        missing = sum(r is None for r in replies)
        while missing:
            try:
                data = self.datagrams.recv(65535)
            except BlockingIOError:
                if select.select([self.datagrams], [], [], patience_s)[0]:
                    continue
                return
            at = (data[0] << 8 | data[1]) - first
            if 0 <= at < len(replies) and replies[at] is None and is_about(data, packets[at]):
                replies[at] = data
                missing -= 1

    def wait_alive(self, packets, replies, first, missing):
        """Asks again, and waits for the answer to a question that is answered always, which came after."""
        deadline = time.monotonic() + PATIENCE_S
        self.send(missing)
        while True:
            alive = [None]
            self.send([PROBE])
            self.receive(alive, [PROBE], PROBE_NUMBER, RESEND_S)
            if alive[0]:
                break
            assert time.monotonic() < deadline, f"{self.title} does not answer"
        self.send(missing)
        self.receive(replies, packets, first, SETTLE_S)

    # --- TCP ---

    def ask_tcp(self, packets):
        replies = []
        for at in range(0, len(packets), PER_CONNECTION):
            replies += self.ask_connection(packets[at : at + PER_CONNECTION])
        return replies

    def ask_connection(self, packets):
        """A connection's queries are answered in their order, so the answer to a last one shows which were not answered."""
        with socket.create_connection(self.address, timeout=PATIENCE_S) as stream:
            stream.sendall(b"".join(struct.pack("!H", len(p)) + p for p in [*packets, PROBE]))
            data, replies = b"", {}
            while PROBE[:2] not in replies:
                more = stream.recv(1 << 18)
                assert more, f"{self.title} closed the connection after {len(replies)} of {len(packets)} replies"
                data += more
                at = 0
                while len(data) - at >= 2 and len(data) - at - 2 >= (length := data[at] << 8 | data[at + 1]):
                    reply = data[at + 2 : at + 2 + length]
                    replies[reply[:2]] = reply
                    at += 2 + length
                data = data[at:]
        return [replies.get(p[:2]) for p in packets]


def ask_window(servers, questions, first):
    packets = [q.packet(first + i) for i, q in enumerate(questions)]
    for server in servers:
        server.send(packets)
    return [server.collect(packets, first) for server in servers]


def ask(servers, questions):
    """For each server the replies to the questions, in their order."""
    replies = [[None] * len(questions) for _ in servers]
    by_udp = [i for i, q in enumerate(questions) if not q.tcp]
    by_tcp = [i for i, q in enumerate(questions) if q.tcp]
    for at in range(0, len(by_udp), WINDOW):
        window = by_udp[at : at + WINDOW]
        for mine, got in zip(replies, ask_window(servers, [questions[i] for i in window], next(NUMBERS))):
            for i, reply in zip(window, got):
                mine[i] = reply
    for at in range(0, len(by_tcp), 50_000):
        part = by_tcp[at : at + 50_000]
        packets = [questions[i].packet(number) for number, i in enumerate(part)]
        for mine, server in zip(replies, servers):
            for i, reply in zip(part, server.ask_tcp(packets)):
                mine[i] = reply
    return replies
