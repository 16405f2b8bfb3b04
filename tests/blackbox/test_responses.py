"""Responses as dnspython writes and reads them are what our reader reads, and what our writer writes is the same to dnspython.

No headns runs here: a program of the unit tests, in the same build, reads the messages. HEADNS_SEED=N makes those of an earlier run again."""

import base64
import os
import random
import struct
import subprocess
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY
import dns.rdtypes.IN
import dns.rrset
import harness

READER = Path(harness.HEADNS).parent.parent / "tests" / "unit" / "dns" / "read_responses"
SEED = int(os.environ.get("HEADNS_SEED", random.SystemRandom().randrange(1 << 32)))
KEY = base64.b64encode(bytes(range(32))).decode()

# A record of each type that dnspython knows; "{n}" and "{m}" are names, "{i}" a number below 256.
RDATA = {
    "A": "192.0.2.{i}",
    "AAAA": "2001:db8::{i}",
    "AFSDB": "{i} {n}",
    "AMTRELAY": "{i} 1 3 {n}",
    "APL": "1:192.0.2.0/24 !2:2001:db8::/32",
    "AVC": '"app-name:{i}"',
    "CAA": '0 issue "ca{i}.example"',
    "CDNSKEY": "257 3 8 " + KEY,
    "CDS": "{i} 8 2 " + "ab" * 32,
    "CERT": "65534 {i} PRIVATEOID " + KEY,
    "CNAME": "{n}",
    "CSYNC": "{i} 3 A NS AAAA",
    "DHCID": KEY,
    "DLV": "{i} 8 2 " + "ab" * 32,
    "DNAME": "{n}",
    "DNSKEY": "257 3 8 " + KEY,
    "DS": "{i} 8 2 " + "ab" * 32,
    "EUI48": "00-01-02-03-04-05",
    "EUI64": "00-01-02-03-04-05-06-07",
    "GPOS": "-22.6882 116.8652 250.0",
    "HINFO": '"cpu {i}" "os"',
    "HIP": "2 200100107b1a74df365639cc39f1d578 " + KEY + " {n} {m}",
    "HTTPS": "{i} {n} alpn=h2,h3 port=8443",
    "IPSECKEY": "{i} 3 2 {n} " + KEY,
    "ISDN": '"isdn{i}" "sa"',
    "KX": "{i} {n}",
    "L32": "{i} 10.1.2.0",
    "L64": "{i} 2001:0db8:1140:1000",
    "LOC": "60 9 0.000 N 24 39 0.000 E 10.00m 20m 2000m 20m",
    "LP": "{i} {n}",
    "MX": "{i} {n}",
    "NAPTR": '{i} 10 "u" "sip+E2U" "!^.*$!sip:i@x!" {n}',
    "NID": "{i} 0014:4fff:ff20:ee64",
    "NINFO": '"{i}"',
    "NS": "{n}",
    "NSAP": "0x47000580005a0000000001e133ffffff000161{i:02x}",
    "NSAP-PTR": "{n}",
    "NSEC": "{n} A MX RRSIG NSEC TYPE1234",
    "NSEC3": "1 1 {i} aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
    "NSEC3PARAM": "1 0 {i} ab",
    "OPENPGPKEY": KEY,
    "PTR": "{n}",
    "PX": "{i} {n} {m}",
    "RP": "{n} {m}",
    "RRSIG": "A 8 2 {i} 20300101000000 20200101000000 4711 {n} " + KEY,
    "RT": "{i} {n}",
    "SMIMEA": "3 1 1 " + "ab" * 32,
    "SOA": "{n} {m} {i} 2 3 4 5",
    "SPF": '"v=spf1 ip4:192.0.2.{i}"',
    "SRV": "{i} 2 80 {n}",
    "SSHFP": "1 1 " + "ab" * 20,
    "SVCB": "{i} {n} port=53",
    "TLSA": "3 1 1 " + "ab" * 32,
    "TXT": '"{i}" "more"',
    "URI": '{i} 1 "https://example/{i}"',
    "WKS": "10.0.0.{i} 6 0 1 2 21 23",
    "X25": '"1234{i}"',
    "ZONEMD": "{i} 1 1 " + "ab" * 48,
}
ONLY_OURS = {3, 4, 7, 8, 9, 14, 24, 30, 38, 58}  # MD MF MB MG MR MINFO SIG NXT A6 TALINK
PLAIN_NAMES = [dns.rdatatype.from_text(t) for t in ("AMTRELAY", "HIP", "HTTPS", "IPSECKEY", "LP", "NSEC", "RRSIG", "SVCB")]
NO_RECORDS = {"OPT", "TKEY", "TSIG"}
LABELS = ["a", "bb", "WWW", "example", "Example", "com", "test", "*", "_tcp", "x" * 63, "\\000", "\\.dot"]


def test_all_types_are_tried():
    known = {t.replace("_", "-") for t in dns.rdtypes.ANY.__all__ + dns.rdtypes.IN.__all__}
    assert known - NO_RECORDS <= set(RDATA)


def make_name(rng, pool):
    """Some end as others do, so that there is something to compress."""
    if pool and rng.random() < 0.3:
        return rng.choice(pool)
    below = rng.choice(pool) if pool and rng.random() < 0.7 else dns.name.root
    labels = [rng.choice(LABELS) for _ in range(rng.randrange(1, 4))]
    try:
        name = dns.name.from_text(".".join(labels), below)
    except dns.name.NameTooLong:
        return below
    pool.append(name)
    return name


def make_message(rng):
    pool = []
    query = dns.message.make_query(make_name(rng, pool), rng.choice(list(RDATA)), id=rng.randrange(1 << 16))
    m = dns.message.make_response(query, recursion_available=rng.random() < 0.5)
    for section in (m.answer, m.authority, m.additional):
        for _ in range(rng.randrange(6)):
            kind = rng.choice(list(RDATA))
            text = RDATA[kind].format(n=make_name(rng, pool), m=make_name(rng, pool), i=rng.randrange(1, 256))
            section.append(dns.rrset.from_text(make_name(rng, pool), rng.randrange(1 << 31), "IN", kind, text))
    if rng.random() < 0.5:
        m.use_edns(0, rng.choice([0, dns.flags.DO]), 1232, options=[dns.edns.GenericOption(10, b"12345678")])
    m.set_rcode(rng.choice([0, 2, 3, 5] + ([16] if m.edns >= 0 else [])))
    return m.to_wire(max_size=65535)


def read_by_us(messages):
    """For each message: the verdict, the records' lines, and the message as we write it."""
    octets = b"".join(struct.pack("!H", len(m)) + m for m in messages)
    said = subprocess.run([*harness.WRAP, READER], input=octets, stdout=subprocess.PIPE, timeout=300, check=True).stdout.decode()
    for lines in said.split("\n.\n")[:-1]:
        verdict, *records = lines.split("\n")
        again = bytes.fromhex(records.pop()[len("again ") :]) if verdict == "ok" else b""
        yield verdict, records, again


def as_dnspython_has_it(line):
    """It takes TTLs of 2^31 and more for 0 (RFC 2181 8) and brings some rdata into its shortest form; our reader says what stands there."""
    section, owner, rdtype, rdclass, ttl, rdata = line.split(" ")
    octets = bytes.fromhex(rdata)
    rdata = dns.rdata.from_wire(int(rdclass), int(rdtype), octets, 0, len(octets)).to_wire().hex()
    return " ".join([section, owner, rdtype, rdclass, ttl if int(ttl) < 1 << 31 else "0", rdata])


def lines_of(message):
    return [
        f"{section} {rrset.name.to_wire().hex()} {rrset.rdtype:d} {rrset.rdclass:d} {rrset.ttl} {rrset[0].to_wire().hex()}"
        for section, rrsets in enumerate((message.answer, message.authority, message.additional))
        for rrset in rrsets
    ]


def read_by_dnspython(octets):
    return dns.message.from_wire(octets, one_rr_per_rrset=True, continue_on_error=False)


def content(message):
    """What must be the same after it was written anew; names are equal without regard to case."""
    sections = [[(s.name, s.rdtype, s.ttl, s[0]) for s in rrsets] for rrsets in (message.answer, message.authority, message.additional)]
    return message.id, message.flags, message.ednsflags, message.options, message.question, sections


def test_random_messages():
    rng = random.Random(SEED)
    messages = [make_message(rng) for _ in range(500)]
    for octets, (verdict, records, again) in zip(messages, read_by_us(messages), strict=True):
        message = read_by_dnspython(octets)
        said = f"HEADNS_SEED={SEED}, message {octets.hex()}"
        assert verdict == "ok", said
        assert [as_dnspython_has_it(r) for r in records] == lines_of(message), said
        assert content(read_by_dnspython(again)) == content(message), said


def damage(rng, octets):
    octets = bytearray(octets)
    for _ in range(rng.randrange(1, 4)):
        if rng.random() < 0.2:
            del octets[rng.randrange(len(octets)) :]
            octets = octets or bytearray(1)
        else:
            octets[rng.randrange(len(octets))] = rng.choice([0, 0xC0, 0xFF, rng.randrange(256)])
    return bytes(octets)


def is_read_by_both(message):
    """What we read in another way: more than one question, and records in which dnspython knows no names, by their class or type."""
    records = message.answer + message.authority + message.additional
    known = all(r.rdclass == dns.rdataclass.IN and r.rdtype not in ONLY_OURS for r in records)
    return known and len(message.question) <= 1


def has_pointer(line):
    """Perhaps, in rdata whose names must not be compressed: dnspython follows it all the same, we take it as it stands (RFC 3597 4)."""
    rdtype, rdata = line.split(" ")[2], line.split(" ")[5]
    return int(rdtype) in PLAIN_NAMES and max(bytes.fromhex(rdata), default=0) >= 0xC0


def runs_on(octets):
    """True if what may be a pointer leads to a name that goes on to the pointer and beyond: no writer makes such a thing, and only dnspython reads it."""
    for at in (i for i in range(12, len(octets) - 1) if octets[i] >= 0xC0):
        end = start = (octets[at] & 0x3F) << 8 | octets[at + 1]
        while end < at and 0 < octets[end] < 0x40:
            end += 1 + octets[end]
        if start < at <= end:
            return True
    return False


def test_damaged_messages():
    """What dnspython takes, we take too, and read the same in it."""
    rng = random.Random(SEED)
    messages = [damage(rng, make_message(rng)) for _ in range(2000)]
    taken = 0
    for octets, (verdict, records, _) in zip(messages, read_by_us(messages), strict=True):
        if len(octets) < 12 or not octets[2] & 0x80:
            assert verdict == "none"
            continue
        try:
            message = read_by_dnspython(octets)
        except (dns.exception.DNSException, ValueError, NotImplementedError):
            continue
        if is_read_by_both(message) and not runs_on(octets) and not any(map(has_pointer, records)):
            taken += 1
            said = f"HEADNS_SEED={SEED}, message {octets.hex()}"
            assert verdict == "ok", said
            assert [as_dnspython_has_it(r) for r in records] == lines_of(message), said
    assert taken > 100, f"HEADNS_SEED={SEED}, {taken}"
