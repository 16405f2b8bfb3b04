"""DNS messages by hand: questions as octets, and responses as plain values that compare. Written for speed: a run asks hundreds of
thousands of questions, and a library would take most of its time."""

import struct
from typing import NamedTuple

A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, AAAA, SRV, DS, OPT, SVCB, HTTPS, IXFR, AXFR, ANY = 1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 43, 41, 64, 65, 251, 252, 255
TYPES = {A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", PTR: "PTR", HINFO: "HINFO", MX: "MX", TXT: "TXT", AAAA: "AAAA", SRV: "SRV", DS: "DS",
         OPT: "OPT", SVCB: "SVCB", HTTPS: "HTTPS", IXFR: "IXFR", AXFR: "AXFR", ANY: "ANY"}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 16: "BADVERS"}
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPCODE = 0x7800
FLAGS = {QR: "qr", AA: "aa", TC: "tc", RD: "rd", RA: "ra", AD: "ad", CD: "cd"}
IN = 1

HEADER = struct.Struct("!HHHHHH")
TAIL = struct.Struct("!HH")
RECORD = struct.Struct("!HHIH")
OPT_HEAD = struct.Struct("!BHHIH")
SRV_HEAD = struct.Struct("!HHH")


class Broken(ValueError):
    """Octets that are no message."""


class Edns(NamedTuple):
    size: int = 1232
    version: int = 0
    do: bool = False
    options: bytes = b""


class Question(NamedTuple):
    """name is in wire form, in the spelling to ask with; flags has the opcode in its bits."""

    name: bytes
    type: int
    cls: int = IN
    flags: int = RD
    edns: Edns | None = None
    tcp: bool = False

    def packet(self, number):
        parts = [HEADER.pack(number, self.flags, 1, 0, 0, self.edns is not None), self.name, TAIL.pack(self.type, self.cls)]
        if self.edns is not None:
            e = self.edns
            parts.append(OPT_HEAD.pack(0, OPT, e.size, e.version << 16 | (0x8000 if e.do else 0), len(e.options)) + e.options)
        return b"".join(parts)

    def __str__(self):
        words = [to_text(self.name), TYPES.get(self.type, f"TYPE{self.type}")]
        if self.cls != IN:
            words.append(f"CLASS{self.cls}")
        words.append(f"flags={self.flags:#06x}")
        if self.edns is not None:
            words.append("edns={}/{}{}{}".format(self.edns.size, self.edns.version, "/do" if self.edns.do else "", "/" + self.edns.options.hex() if self.edns.options else ""))
        words.append("tcp" if self.tcp else "udp")
        return " ".join(words)


class Response(NamedTuple):
    """Sections are tuples of (owner, type, class, ttl, rdata); names are whole, in wire form, in the case that they came in."""

    number: int
    flags: int  # with the opcode, without the rcode
    rcode: int
    question: bytes
    answer: tuple
    authority: tuple
    additional: tuple
    edns: Edns | None


# --- names ---


def name(text):
    """The wire form of a name written with dots, whole whether it ends with one or not."""
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def labels_of(wire):
    labels, at = [], 0
    while wire[at]:
        labels.append(wire[at + 1 : at + 1 + wire[at]])
        at += 1 + wire[at]
    return labels


def from_labels(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def to_text(wire):
    return "".join(label.decode("latin-1").replace("\\", "\\\\").replace(".", "\\.") + "." for label in labels_of(wire)) or "."


# --- reading ---


def read_name(data, at, seen):
    """(the name, where it ends). seen remembers names by their place, for pointers to them."""
    start, parts, end = at, [], None
    starts = []
    while True:
        length = data[at]
        if length >= 0xC0:
            to = (length & 0x3F) << 8 | data[at + 1]
            if to >= start:
                raise Broken("a pointer that does not point backwards")
            if end is None:
                end = at + 2
            tail = seen.get(to)
            if tail is None:
                tail, _ = read_name(data, to, seen)
            break
        if length > 63:
            raise Broken("a label of an unknown kind")
        if not length:
            tail = b"\0"
            if end is None:
                end = at + 1
            break
        starts.append((at, len(parts)))
        parts.append(data[at : at + 1 + length])
        at += 1 + length
        if at >= len(data):
            raise Broken("a name that goes past the end")
    whole = b"".join(parts) + tail
    if len(whole) > 255:
        raise Broken("a name of more than 255 octets")
    skipped = 0
    for i, (place, _) in enumerate(starts):
        seen.setdefault(place, whole[skipped:])
        skipped += len(parts[i])
    return whole, end


def read_rdata(data, at, end, rtype, seen):
    if rtype in (A, AAAA):
        return data[at:end]
    if rtype == SRV:
        target, stop = read_name(data, at + 6, seen)
        if stop != end or len(target) != end - at - 6:
            return "compressed", *SRV_HEAD.unpack_from(data, at), target
        return *SRV_HEAD.unpack_from(data, at), target
    if rtype in (CNAME, NS, PTR):
        target, stop = read_name(data, at, seen)
        if stop != end:
            raise Broken("octets after a name in rdata")
        return target
    if rtype == MX:
        return data[at] << 8 | data[at + 1], read_name(data, at + 2, seen)[0]
    if rtype == SOA:
        primary, at = read_name(data, at, seen)
        mailbox, at = read_name(data, at, seen)
        if at + 20 != end:
            raise Broken("a SOA of another length")
        return primary, mailbox, *struct.unpack_from("!IIIII", data, at)
    return data[at:end]


def read_section(data, at, count, seen):
    records = []
    for _ in range(count):
        owner, at = read_name(data, at, seen)
        rtype, cls, ttl, length = RECORD.unpack_from(data, at)
        at += 10
        if at + length > len(data):
            raise Broken("rdata that goes past the end")
        records.append((owner, rtype, cls, ttl, read_rdata(data, at, at + length, rtype, seen)))
        at += length
    return records, at


def decode(data):
    """The response in these octets, in the order that it has. Broken: they are none."""
    try:
        number, flags, questions, answers, authorities, additionals = HEADER.unpack_from(data)
        seen, at = {}, 12
        for _ in range(questions):
            _, at = read_name(data, at, seen)
            at += 4
        question = bytes(data[12:at])
        answer, at = read_section(data, at, answers, seen)
        authority, at = read_section(data, at, authorities, seen)
        additional, at = read_section(data, at, additionals, seen)
    except (struct.error, IndexError) as problem:
        raise Broken(str(problem)) from problem
    if at != len(data):
        raise Broken("octets after the last record")
    edns, rcode = None, flags & 15
    for record in additional:
        if record[1] == OPT:
            if edns is not None:
                raise Broken("two OPT records")
            rcode |= record[3] >> 24 << 4
            edns = Edns(record[2], record[3] >> 16 & 0xFF, bool(record[3] & 0x8000), bytes(record[4]))
    if edns is not None:
        additional = [record for record in additional if record[1] != OPT]
    return Response(number, flags & ~15, rcode, question, tuple(answer), tuple(authority), tuple(additional), edns)


def record_text(record):
    owner, rtype, cls, ttl, rdata = record
    if rtype == A and len(rdata) == 4:
        shown = ".".join(map(str, rdata))
    elif rtype in (CNAME, NS, PTR):
        shown = to_text(rdata)
    elif rtype in (SRV, SOA, MX):
        shown = " ".join(to_text(part) if isinstance(part, bytes) else str(part) for part in rdata)
    else:
        shown = rdata.hex()
    return f"{to_text(owner)} {ttl} {'' if cls == IN else f'CLASS{cls} '}{TYPES.get(rtype, rtype)} {shown}"


def response_text(response):
    if response is None:
        return "(silence)"
    flags = " ".join(text for bit, text in FLAGS.items() if response.flags & bit)
    lines = [f"{RCODES.get(response.rcode, response.rcode)} [{flags}] {response.edns or ''}"]
    for title in ("answer", "authority", "additional"):
        lines += [f"    {title}: {record_text(record)}" for record in getattr(response, title)]
    return "\n".join(lines)
