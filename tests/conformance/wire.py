"""Messages as octets: every flag, opcode, count, type, class and form of EDNS; messages cut at each octet and with each bit flipped, over
UDP and TCP. What must come back is read off the octets by a parser of this test's own: silence, an error, or the model's answer."""

import socket
import struct

import differential
import messages as m
from ask import PATIENCE_S, PROBE, PROBE_NUMBER

WINDOW = 100
HEADER_LEN = 12
NAMES = ["web.default.svc", "none.default.svc", "inside.default.svc", "_tcp.nginx.default.svc", "7.1.244.10.in-addr.arpa.", "example.com."]


class Malformed(Exception):
    pass


# --- what a message says ---


def parse_name(data, at):
    """A name without pointers: (wire form, where it ends)."""
    start, total = at, 0
    while True:
        if at >= len(data) or data[at] > 63:
            raise Malformed
        length = data[at]
        at += 1 + length
        total += 1 + length
        if at > len(data) or total > 255:
            raise Malformed
        if not length:
            return data[start:at], at


def skip_owner(data, at):
    """(whether it is the root, where it ends). It may end in a pointer, which nobody follows."""
    root = data[at : at + 1] == b"\0"
    while True:
        if at >= len(data):
            raise Malformed
        length = data[at]
        if length >= 0xC0:
            return False, at + 2
        if length > 63:
            raise Malformed
        at += 1 + length
        if not length:
            return root, at


def parse_record(data, at):
    root, at = skip_owner(data, at)
    if at + 10 > len(data):
        raise Malformed
    rtype, cls, ttl, length = m.RECORD.unpack_from(data, at)
    at += 10
    if at + length > len(data):
        raise Malformed
    return (root, rtype, cls, ttl, data[at : at + length]), at + length


def check_options(data):
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise Malformed
        at += 4 + struct.unpack_from("!H", data, at + 2)[0]
    if at != len(data):
        raise Malformed


def parse_opt(record):
    root, _, size, ttl, options = record
    if not root:
        raise Malformed
    edns = m.Edns(size, ttl >> 16 & 0xFF, bool(ttl & 0x8000), options)
    if not edns.version:
        check_options(options)
    return edns


def parse(data):
    """The Question in a message that has passed for a query."""
    _, flags, questions, answers, authorities, additionals = m.HEADER.unpack_from(data)
    if questions != 1:
        raise Malformed
    name, at = parse_name(data, HEADER_LEN)
    if at + 4 > len(data):
        raise Malformed
    rtype, cls = m.TAIL.unpack_from(data, at)
    at += 4
    for _ in range(answers + authorities):
        _, at = parse_record(data, at)
    edns = None
    for _ in range(additionals):
        record, at = parse_record(data, at)
        if record[1] == m.OPT:
            if edns is not None:
                raise Malformed
            edns = parse_opt(record)
    if at != len(data) or answers or (authorities and rtype != m.IXFR):
        raise Malformed
    return m.Question(name, rtype, cls, flags, edns)


def wanted(data, world, tcp):
    """None: silence; else (flags, rcode, the model's whole answer or None, the question)."""
    if len(data) < HEADER_LEN or data[2] & 0x80:
        return None
    flags = struct.unpack_from("!H", data, 2)[0]
    reply_flags = m.QR | flags & (m.RD | 0x7800)
    if flags & 0x7800:
        return reply_flags, m.NOTIMP, None, None
    try:
        q = parse(data)._replace(tcp=tcp)
    except Malformed:
        return reply_flags, m.FORMERR, None, None
    whole = world.answer(q)
    return whole.flags, whole.rcode, differential.Normal(whole), q


def problem(data, reply, want):
    """What is wrong with a reply, or None."""
    if reply is None or want is None:
        return None if (reply is None) == (want is None) else f"{'no answer' if reply is None else 'an answer'} to {data.hex()}"
    flags, rcode, whole, q = want
    try:
        got = differential.normal(reply)
    except m.Broken as why:
        return f"{why} in the answer to {data.hex()}: {reply.hex()}"
    if whole is None:
        right = got.response.flags == flags and got.rcode == rcode and not got.answer[2] and not got.authority
    else:
        right = got == whole or (not q.tcp and differential.is_cut_rightly(q, got, whole))
    return None if right else f"{data.hex()} is answered by {m.response_text(got.response)}"


# --- sending ---


def numbered(packets):
    """With numbers of their own, as far as they have one."""
    return [struct.pack("!H", i)[: len(p)] + p[2:] for i, p in enumerate(packets)]


def exchange_udp(server, packets):
    """A reply or None for each. One socket's datagrams are answered in their order, so what comes behind shows what was not answered."""
    replies = {}
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE_S)
        s.connect(server.address)
        for packet in [*packets, PROBE]:
            s.send(packet)
        while (data := s.recv(65535))[:2] != PROBE[:2]:
            replies[data[:2]] = data
    return [replies.get(p[:2]) for p in packets]


def frame(packet):
    return struct.pack("!H", len(packet)) + packet


def exchange_tcp(server, packets):
    replies = {}
    with socket.create_connection(server.address, timeout=PATIENCE_S) as s:
        s.sendall(b"".join(map(frame, [*packets, PROBE])))
        stream = s.makefile("rb")
        while True:
            head = stream.read(2)
            if len(head) < 2:
                raise m.Broken("the connection was closed")
            data = stream.read(struct.unpack("!H", head)[0])
            if data[:2] == PROBE[:2]:
                return [replies.get(p[:2]) for p in packets]
            replies[data[:2]] = data


def check_ended(server, octets):
    """What is no message is not answered; the connection ends, since there is no telling where the next message begins."""
    with socket.create_connection(server.address, timeout=PATIENCE_S) as s:
        s.sendall(octets)
        s.shutdown(socket.SHUT_WR)
        data = s.recv(65535)
        return f"{octets.hex()} is answered by {data.hex()}" if data else None


def check_all(server, world, packets, tcp=False):
    """The first thing that is wrong with the answers to these, or None."""
    exchange = exchange_tcp if tcp else exchange_udp
    if tcp:
        for short in (p for p in packets if len(p) < HEADER_LEN):
            if found := check_ended(server, frame(short)):
                return found
        packets = [p for p in packets if len(p) >= HEADER_LEN]
    for at in range(0, len(packets), WINDOW):
        window = numbered(packets[at : at + WINDOW])
        assert PROBE_NUMBER >= WINDOW
        for data, reply in zip(window, exchange(server, window)):
            if found := problem(data, reply, wanted(data, world, tcp)):
                return found
    return None


# --- messages ---


def question(text="web.default.svc", rtype=m.A, **rest):
    return m.Question(m.name(text if text.endswith(".") else text + ".cluster.local"), rtype, **rest)


def packet(*arguments, **rest):
    return question(*arguments, **rest).packet(0)


def with_counts(data, *counts):
    return data[:4] + struct.pack("!HHHH", *counts) + data[HEADER_LEN:]


RECORD = b"\1x\0" + m.RECORD.pack(m.A, m.IN, 0, 4) + b"\1\2\3\4"
OPT = m.OPT_HEAD.pack(0, m.OPT, 1232, 0, 0)


def counts():
    """Each count from none to more than there is, with and without records to count."""
    plain = packet()
    made = [with_counts(plain + tail, q, an, ns, ar) for q in (0, 1, 2, 65535) for an in (0, 1, 2) for ns in (0, 1, 2) for ar in (0, 1, 2) for tail in (b"", RECORD, OPT, RECORD + OPT, OPT + RECORD, OPT + OPT)]
    return made + [with_counts(plain, 1, 0, 0, 65535), with_counts(plain[:HEADER_LEN], 0, 0, 0, 0), plain + b"\0"]


def edns_forms():
    options = [b"", b"\0\3\0\0", b"\0\x0a\0\x08" + b"c" * 8, b"\0\x0c\0\4\0\0\0\0", b"\xff\xff\0\1x" * 20, b"\0\3", b"\0\3\0\5x", b"\0"]
    made = [packet(edns=m.Edns(1232, version)) for version in range(256)]
    made += [packet("_web._tcp.nginx.default.svc", m.SRV, edns=m.Edns(size)) for size in [*range(0, 1400, 7), 4096, 65535]]
    made += [packet(edns=m.Edns(1232, 0, do, o)) for o in options for do in (False, True)]
    made += [packet(edns=m.Edns(1232, 1, False, o)) for o in options]
    plain = packet()
    made += [with_counts(plain, 1, 0, 0, 1) + b"\0" + m.RECORD.pack(m.OPT, 1232, bit, 0) for bit in (1 << n for n in range(32))]
    made += [with_counts(plain, 1, 0, 0, 1) + b"\1x" + OPT, with_counts(plain, 1, 0, 0, 1) + b"\xc0\x0c" + OPT[1:]]
    return made


BASES = [
    packet(edns=m.Edns(1232, 0, True, b"\0\x0a\0\x08cookies!")),
    packet("_web._tcp.nginx.default.svc", m.SRV),
    packet("chained.default.svc", m.AAAA, edns=m.Edns(512)),
    packet("7.1.244.10.in-addr.arpa.", m.PTR, edns=m.Edns()),
]


def cut():
    return [base[:end] for base in BASES for end in range(len(base))]


def flipped():
    """Each bit behind the number, of each message."""
    return [base[:at] + bytes([base[at] ^ 1 << bit]) + base[at + 1 :] for base in BASES for at in range(2, len(base)) for bit in range(8)]


def check_cut_frames(server, world):
    """A TCP message that ends in the middle is not answered."""
    whole = frame(BASES[0])
    for end in range(len(whole)):
        if found := check_ended(server, whole[:end]):
            return found
    return check_all(server, world, BASES, tcp=True)


CASES = {
    "flags": lambda: [packet(flags=flags) for flags in range(0x10000)],
    "counts": counts,
    "types": lambda: [packet(name, rtype) for rtype in range(0, 0x10000, 3) for name in NAMES[:1]] + [packet(name, t) for t in range(260) for name in NAMES],
    "classes": lambda: [packet(cls=cls) for cls in range(0x10000)],
    "edns": edns_forms,
    "cut": cut,
    "flipped": flipped,
}


def run(stage, world):
    """[(what, problem or None)]; the world is that of the tables."""
    results = []
    for name, make in CASES.items():
        packets = make()
        for tcp in (False, True):
            results.append((f"wire.{name}.{'tcp' if tcp else 'udp'}", check_all(stage.pods, world, packets, tcp)))
    results.append(("wire.cut-frames", check_cut_frames(stage.pods, world)))
    return results
