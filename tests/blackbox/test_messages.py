"""Messages: EDNS, truncation, errors, silence, and queries that are cut, bent or hostile."""

import random
import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

import harness

NAME = "web-0.nginx.default.svc.cluster.local."


def exchange(server, octets):
    """The reply to raw octets; None for silence, known by the reply to a good query sent after, from the same socket."""
    sentinel = harness.make_query(NAME, id=0xBEEF)
    with server.udp_socket() as s:
        s.send(octets)
        s.send(sentinel.to_wire())
        first = s.recv(65535)
        if first[:2] == b"\xbe\xef" and octets[:2] != b"\xbe\xef":
            return None
        assert s.recv(65535)[:2] == b"\xbe\xef"
        return first


def rcode_of(reply):
    return reply[3] & 15


def has_opt(reply):
    return reply.endswith(b"\0\0\x29\4\xd0\0\0\0\0\0\0")


def patched(octets, at, new):
    return octets[:at] + new + octets[at + len(new) :]


def query_wire(**options):
    return harness.make_query(NAME, id=0x1234, **options).to_wire()


# --- EDNS (RFC 6891) ---


def test_no_opt_unless_asked(observed):
    assert observed.udp(harness.make_query(NAME, payload=None)).edns == -1


@pytest.mark.parametrize("flags, want_do", [(0, False), (dns.flags.DO, True)])
def test_opt_is_answered(observed, flags, want_do):
    response = observed.udp(harness.make_query(NAME, ednsflags=flags))
    assert (response.edns, response.payload, response.options) == (0, 1232, ())
    assert bool(response.ednsflags & dns.flags.DO) == want_do
    assert response.ednsflags & 0x7FFF == 0


def test_unknown_edns_flags_are_not_echoed(observed):
    assert observed.udp(harness.make_query(NAME, ednsflags=0x7FFF)).ednsflags == 0


@pytest.mark.parametrize("code", [3, 8, 10, 12, 65001])
def test_unknown_option_is_not_echoed(observed, code):
    option = dns.edns.GenericOption(code, b"\1\2\3\4\5\6\7\10")
    response = observed.udp(harness.make_query(NAME, options=[option]))
    assert response.rcode() == dns.rcode.NOERROR and response.options == () and harness.answer_set(response, "A")


@pytest.mark.parametrize("version", [1, 2, 255])
def test_version_not_ours_is_badvers(observed, version):
    response = observed.udp(harness.make_query(NAME, version=version))
    assert (response.rcode(), response.edns) == (dns.rcode.BADVERS, 0)
    assert not response.answer


OPT = b"\0" + struct.pack("!HHIH", 41, 4096, 0, 0)


@pytest.mark.parametrize(
    "additional, count",
    [
        pytest.param(OPT + OPT, 2, id="two OPT records"),
        pytest.param(b"\1x" + OPT, 1, id="OPT not at the root"),
        pytest.param(OPT[:-2] + b"\0\5\0\12\0\10\1", 1, id="option longer than its record"),
        pytest.param(OPT[:-2] + b"\0\3\0\12\0", 1, id="option header cut"),
        pytest.param(OPT[:-1] + b"\4", 1, id="record longer than the message"),
    ],
)
def test_bad_opt_is_formerr(observed, additional, count):
    octets = patched(query_wire(payload=None), 10, struct.pack("!H", count)) + additional
    reply = exchange(observed, octets)
    assert rcode_of(reply) == dns.rcode.FORMERR
    assert has_opt(reply)


@pytest.mark.parametrize(
    "at, count, question",
    [
        pytest.param(4, 0, b"", id="no question"),
        pytest.param(4, 2, b"\0\0\1\0\1\0\0\1\0\1", id="two questions"),
        pytest.param(4, 1, b"\1a\xc0\0\0\1\0\1", id="compressed qname"),
        pytest.param(6, 1, b"\0\0\1\0\1" + b"\0\0\1\0\1\0\0\0\0\0\0", id="answer"),
    ],
)
def test_formerr_to_a_message_with_opt_has_one(observed, at, count, question):
    """RFC 6891 6.1.1, whatever else is wrong with the message."""
    header = patched(struct.pack("!6H", 0x1234, 0, 1, 0, 0, 1), at, struct.pack("!H", count))
    reply = exchange(observed, header + question + OPT)
    assert rcode_of(reply) == dns.rcode.FORMERR and has_opt(reply)
    without = exchange(observed, patched(header, 10, b"\0\0") + question)
    assert rcode_of(without) == dns.rcode.FORMERR and not has_opt(without)


# --- size and truncation (RFC 1035 4.2.1, RFC 2181 9, RFC 6891 6.2.3) ---

MANY = [f"10.244.{i // 250}.{i % 250 + 1}" for i in range(300)]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "large.yaml"
    harness.write_manifest(path, harness.service("large"), harness.slice_of("large", MANY))
    server = harness.Server(path)
    yield server
    server.stop()


@pytest.mark.parametrize("payload, limit", [(None, 512), (0, 512), (100, 512), (512, 512), (700, 700), (1232, 1232), (1233, 1232), (65535, 1232)])
@pytest.mark.parametrize("name, rdtype", [("large.default.svc", "A"), ("_web._tcp.large.default.svc", "SRV"), ("large.default.svc", "SRV")])
def test_truncation(large, name, rdtype, payload, limit):
    query = harness.make_query(name, rdtype, payload=payload)
    with large.udp_socket() as s:
        s.send(query.to_wire())
        octets = s.recv(65535)
    assert len(octets) <= limit
    assert len(octets) > limit - 100 if payload is not None else len(octets) == len(query.to_wire())  # as many whole records as fit; or none
    response = dns.message.from_wire(octets, raise_on_truncation=False)  # whole records only: it parses
    assert response.flags & dns.flags.TC and response.rcode() == dns.rcode.NOERROR
    assert (response.edns == 0) == (payload is not None)
    whole = large.tcp(query)
    assert not whole.flags & dns.flags.TC
    assert len(harness.answer_set(whole, rdtype)) == 300
    assert harness.answer_set(response, rdtype) < harness.answer_set(whole, rdtype)
    assert bool(response.answer) == (payload is not None)


def test_tcp_has_the_whole_set(large):
    assert harness.answer_set(large.tcp(harness.make_query("large.default.svc", payload=None)), "A") == set(MANY)


def test_srv_targets_are_not_compressed(large):
    """RFC 2782: every target is spelt out, so the whole reply holds each name's first label and the zone's name after it."""
    with large.tcp_socket() as s:
        s.sendall(harness.frame(harness.make_query("_web._tcp.large.default.svc", "SRV").to_wire()))
        octets = harness.receive_frame(s)
    tail = b"\5large\7default\3svc\7cluster\5local\0"
    assert octets.count(tail) >= 300


def test_glue_that_does_not_fit_is_left_out_without_tc(tmp_path, serve):
    """RFC 2181 9: only data that was asked for, if cut, sets TC."""
    addresses = MANY[:6]
    harness.write_manifest(tmp_path / "m.yaml", harness.service("some"), harness.slice_of("some", addresses))
    server = serve(tmp_path / "m.yaml")
    response = server.udp(harness.make_query("_web._tcp.some.default.svc", "SRV", payload=None))
    assert len(response.answer[0]) == 6 and not response.flags & dns.flags.TC
    assert len(response.additional) < 6
    assert len(server.udp(harness.make_query("_web._tcp.some.default.svc", "SRV")).additional) == 6


# --- header ---


@pytest.mark.parametrize("rd", [0, dns.flags.RD])
def test_flags(observed, rd):
    query = harness.make_query(NAME, flags=rd | dns.flags.CD | dns.flags.AD)
    response = observed.udp(query)
    assert response.flags == dns.flags.QR | dns.flags.AA | rd  # RA, AD and CD clear (RFC 4035 3.1.6)


@pytest.mark.parametrize("opcode", [op for op in range(1, 16)])
def test_other_opcodes_are_notimp(observed, opcode):
    octets = patched(query_wire(), 2, bytes([opcode << 3]))
    reply = exchange(observed, octets)
    assert rcode_of(reply) == dns.rcode.NOTIMP
    assert reply[:2] == octets[:2] and reply[2] == 0x80 | opcode << 3


@pytest.mark.parametrize("rdclass", ["CH", "HS", "NONE"])
def test_other_classes_are_refused(observed, rdclass):
    response = observed.udp(harness.make_query(NAME, rdclass=rdclass))
    assert response.rcode() == dns.rcode.REFUSED and not response.answer and not response.flags & dns.flags.AA


@pytest.mark.parametrize("name", [".", "local.", "example.com.", "cluster.local.example.com.", "xcluster.local.", "arpa."])
def test_names_of_no_zone_are_refused(observed, name):
    response = observed.udp(harness.make_query(name))
    assert response.rcode() == dns.rcode.REFUSED
    assert not response.answer + response.authority + response.additional
    assert not response.flags & dns.flags.AA


@pytest.mark.parametrize("name", ["cluster.local.", NAME])
def test_transfer_over_udp_is_refused(observed, name):
    assert observed.udp(harness.make_query(name, "AXFR")).rcode() == dns.rcode.REFUSED


def test_any_is_minimal(observed):
    """RFC 8482 4.2: one made-up HINFO in place of everything."""
    response = observed.udp(harness.make_query(NAME, "ANY"))
    assert [(rrset.rdtype, len(rrset)) for rrset in response.answer] == [(dns.rdatatype.HINFO, 1)]
    assert response.answer[0][0].cpu == b"RFC8482"


def test_any_of_an_absent_name(observed):
    assert observed.udp(harness.make_query("web-9.nginx.default.svc", "ANY")).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("count", [0, 2, 65535])
def test_question_count_other_than_one(observed, count):
    reply = exchange(observed, patched(query_wire(payload=None), 4, struct.pack("!H", count)))
    assert rcode_of(reply) == dns.rcode.FORMERR


def test_header_alone_is_formerr(observed):
    reply = exchange(observed, struct.pack("!6H", 0x1234, 0, 0, 0, 0, 0))
    assert (rcode_of(reply), reply[:2]) == (dns.rcode.FORMERR, b"\x12\x34")


@pytest.mark.parametrize("at", [6, 8])
def test_records_in_a_query(observed, at):
    """Answer and authority records have no place in a query."""
    record = b"\0" + struct.pack("!HHIH", 1, 1, 0, 4) + b"\1\2\3\4"
    reply = exchange(observed, patched(query_wire(payload=None), at, b"\0\1") + record)
    assert rcode_of(reply) == dns.rcode.FORMERR


def test_octets_after_the_message(observed):
    assert rcode_of(exchange(observed, query_wire() + b"\0")) == dns.rcode.FORMERR


@pytest.mark.parametrize("octets", [patched(query_wire(), 2, b"\x80"), patched(query_wire(), 2, b"\xff\xff")], ids=["response", "all flags"])
def test_never_an_answer_to_an_answer(observed, octets):
    assert exchange(observed, octets) is None


@pytest.mark.parametrize("payload", [None, 1232])
def test_every_truncation_of_a_query(observed, payload):
    octets = query_wire(payload=payload)
    for length in range(len(octets)):
        reply = exchange(observed, octets[:length])
        if length < 12:  # no header: nothing to answer to
            assert reply is None, length
        else:
            assert rcode_of(reply) == dns.rcode.FORMERR and reply[:2] == octets[:2], length


# --- question names ---


def question(name_octets, rdtype=1, rdclass=1):
    return struct.pack("!6H", 0x1234, 0x100, 1, 0, 0, 0) + name_octets + struct.pack("!HH", rdtype, rdclass)


LABEL = b"\x3f" + b"a" * 63

NAMES = [
    pytest.param(b"\xc0\x0c", dns.rcode.FORMERR, id="pointer to itself"),
    pytest.param(b"\x03web\xc0\x0c", dns.rcode.FORMERR, id="pointer loop"),
    pytest.param(b"\xc0\x00", dns.rcode.FORMERR, id="pointer into the header"),
    pytest.param(b"\xff\xff", dns.rcode.FORMERR, id="pointer past the end"),
    pytest.param(b"\x40" + b"a" * 64 + b"\0", dns.rcode.FORMERR, id="label type 01"),
    pytest.param(b"\x80" + b"a" * 64 + b"\0", dns.rcode.FORMERR, id="label type 10"),
    pytest.param(LABEL * 4 + b"\0", dns.rcode.FORMERR, id="name of 257 octets"),
    pytest.param(LABEL * 3 + b"\x3e" + b"a" * 62 + b"\0", dns.rcode.FORMERR, id="name of 256 octets"),
    pytest.param(LABEL * 3 + b"\x3d" + b"a" * 61 + b"\0", dns.rcode.REFUSED, id="name of 255 octets"),
    pytest.param(b"\1a" * 127 + b"\0", dns.rcode.REFUSED, id="127 labels"),
    pytest.param(b"\1a" * 128 + b"\0", dns.rcode.FORMERR, id="128 labels"),
    pytest.param(b"\1a" * 121 + b"\7cluster\5local\0", dns.rcode.FORMERR, id="longer than 255 in our zone"),
    pytest.param(b"\1a" * 120 + b"\7cluster\5local\0", dns.rcode.NXDOMAIN, id="very deep in our zone"),
    pytest.param(b"\0", dns.rcode.REFUSED, id="root"),
    pytest.param(b"\4a.b\0\3svc\7cluster\5local\0", dns.rcode.NXDOMAIN, id="dot and NUL in a label"),
    pytest.param(b"\5nginx\7default\3svc\7cluster\6local\0\0", dns.rcode.REFUSED, id="NUL in the zone's label"),
    pytest.param(b"\x0dnginx.default\3svc\7cluster\5local\0", dns.rcode.NXDOMAIN, id="dot instead of a label's end"),
    pytest.param(b"\5ngin\xd8\7default\3svc\7cluster\5local\0", dns.rcode.NXDOMAIN, id="octet that |0x20 makes a letter"),
    pytest.param(b"\x04\x7fweb\x04\x7ftcp\5nginx\7default\3svc\7cluster\5local\0", dns.rcode.NXDOMAIN, id="DEL is not an underscore"),
]


@pytest.mark.parametrize("octets, want", NAMES)
def test_question_names(observed, octets, want):
    reply = exchange(observed, question(octets))
    assert dns.rcode.to_text(rcode_of(reply)) == dns.rcode.to_text(want)


def test_bent_queries_do_no_harm(observed):
    """Each octet of a query set to each of a few values, then random ones: whatever comes back, it goes on answering."""
    chance = random.Random(4)  # the same octets on every run
    whole = query_wire(options=[dns.edns.GenericOption(10, b"12345678")], ednsflags=dns.flags.DO)
    bent = [patched(whole, at, bytes([value])) for at in range(2, len(whole)) for value in (0, 1, 0x3F, 0x40, 0xC0, 0xFF)]
    bent += [chance.randbytes(chance.randrange(0, 600)) for _ in range(500)]
    bent += [whole[:12] + chance.randbytes(chance.randrange(0, 600)) for _ in range(500)]
    for octets in bent:
        reply = exchange(observed, octets)
        if reply is not None:
            assert reply[2] & 0x80 and reply[:2] == octets[:2]
            whole_message = patched(reply, 2, bytes([reply[2] & 0x87]))  # dnspython does not read opcodes that nobody has defined
            dns.message.from_wire(whole_message, raise_on_truncation=False)


def test_bent_queries_over_tcp(observed):
    chance = random.Random(5)
    for _ in range(200):
        with observed.tcp_socket() as s:
            s.sendall(harness.frame(query_wire()[:12] + chance.randbytes(chance.randrange(0, 100))))
            s.sendall(harness.frame(query_wire()))
            while harness.receive_frame(s)[3] & 15 != dns.rcode.NOERROR:
                pass
