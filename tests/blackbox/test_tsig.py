"""`tsig`: queries that must be signed, and responses that are."""

import base64
import signal
import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsigkeyring
import pytest

import harness
from harness import make_query
from test_corefile import NGINX, WEB0, answer, api, block, corefile, refused, web  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: a fixture
from upstream import reply_to

SECRET = base64.b64encode(b"what two know").decode()
NAMES = [dns.name.from_text(text) for text in ("key.example.", "other.example.", "nobody.example.")]
RING = dns.tsigkeyring.from_text({"key.example.": SECRET, "other.example.": SECRET})
ALGORITHMS = ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]


def outside(up, more="", options="require all"):
    """A block that forwards, with tsig."""
    return f".:0 {{\n bind 127.0.0.1\n {more}\n tsig {{\n secret key.example {SECRET}\n {options}\n }}\n forward . {up.address}\n}}\n"


def signed(name="a.example.", rdtype="A", key="Key.Example.", algorithm="hmac-sha256", ring=RING, **options):
    query = make_query(name, rdtype, **options)
    query.use_tsig(ring, keyname=dns.name.from_text(key), algorithm=algorithm)
    return query


def taken_apart(wire):
    """A response without its TSIG record, which comes beside it; None: there is none."""
    at = wire.rfind(b"\0\xfa\0\xff")
    if at < 0:
        return dns.message.from_wire(wire), None
    length = int.from_bytes(wire[at + 8 : at + 10], "big")
    record = dns.rdata.from_wire(dns.rdataclass.ANY, dns.rdatatype.TSIG, wire, at + 10, length)
    begin = max(wire.rfind(name.to_wire(), 0, at + 1) for name in NAMES)
    additional = int.from_bytes(wire[10:12], "big") - 1
    return dns.message.from_wire(wire[:10] + additional.to_bytes(2, "big") + wire[12:begin]), record


def without_check(server, wire):
    with server.udp_socket() as s:
        s.send(wire)
        return taken_apart(s.recv(4096))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signed_query(upstream, corefile, transport, algorithm):  # noqa: F811
    """dnspython checks the response's signature."""
    up = upstream()
    server = corefile(outside(up), clusters=0)
    query = signed(algorithm=algorithm, id=4711)
    response = getattr(server, transport)(query)
    assert response.had_tsig and response.id == 4711 and harness.answer_set(response, "A") == {"192.0.2.1"}
    assert set(up.names()) == {"a.example."}


def test_of_the_cluster(api, corefile):  # noqa: F811
    text = block(api(NGINX, web(0, "10.244.0.7"))).replace("kubernetes", f"tsig {{\n secret key.example {SECRET}\n require A\n }}\n kubernetes", 1)
    server = corefile(text)
    response = server.udp(signed(f"{WEB0}.cluster.local."))
    assert response.had_tsig and harness.answer_set(response, "A") == {"10.244.0.7"} and response.flags & dns.flags.AA
    assert server.udp(make_query(f"{WEB0}.cluster.local.")).rcode() == dns.rcode.REFUSED
    response = server.udp(make_query(f"{WEB0}.cluster.local.", "AAAA"))
    assert response.rcode() == dns.rcode.NOERROR and not response.had_tsig


REQUIRED = [
    ("require all", "A", False), ("require none", "A", True), ("", "A", True), ("require AAAA TXT", "A", True), ("require AAAA A", "A", False),
    ("require_opcode QUERY", "A", False), ("require_opcode NOTIFY UPDATE", "A", True), ("require_opcode all", "A", False), ("require_opcode none", "A", True),
]  # fmt: skip


@pytest.mark.parametrize("options, rdtype, allowed", REQUIRED)
def test_without_a_signature(upstream, corefile, options, rdtype, allowed):  # noqa: F811
    server = corefile(outside(upstream(), options=options), clusters=0)
    response = server.udp(make_query("a.example.", rdtype))
    assert response.rcode() == (dns.rcode.NOERROR if allowed else dns.rcode.REFUSED) and not response.had_tsig
    assert [o.code for o in response.options if o.otype == 15] == ([] if allowed else [18])
    assert server.udp(signed(rdtype=rdtype)).rcode() == dns.rcode.NOERROR


def test_what_is_wrong_with_it(upstream, corefile):  # noqa: F811
    """NOTAUTH, with what it is; only where the key is right the response is signed (RFC 8945 5.3.2)."""
    up = upstream()
    server = corefile(outside(up, options="secret other.example b3RoZXI="), clusters=0)
    response, tsig = without_check(server, signed(key="other.example.").to_wire())
    assert (response.rcode(), tsig.error, tsig.mac) == (dns.rcode.NOTAUTH, dns.rcode.BADSIG, b"")
    ring = dns.tsigkeyring.from_text({"nobody.example.": SECRET})
    response, tsig = without_check(server, signed(key="nobody.example.", ring=ring).to_wire())
    assert (response.rcode(), tsig.error, tsig.mac) == (dns.rcode.NOTAUTH, dns.rcode.BADKEY, b"")
    wire = signed().to_wire()
    response, tsig = without_check(server, wire[:-30] + bytes([wire[-30] ^ 1]) + wire[-29:])
    assert (response.rcode(), tsig.error) == (dns.rcode.NOTAUTH, dns.rcode.BADSIG)
    assert not up.names()


@pytest.mark.parametrize("apart, good", [(-290, True), (290, True), (-310, False), (310, False)])
def test_clocks(upstream, corefile, monkeypatch, apart, good):  # noqa: F811
    """With BADTIME the response is signed, has the client's time, and the server's beside it."""
    server = corefile(outside(upstream()), clusters=0)
    query = signed()
    here = time.time
    monkeypatch.setattr(time, "time", lambda: here() + apart)
    wire = query.to_wire()
    monkeypatch.undo()
    response, tsig = without_check(server, wire)
    assert response.rcode() == (dns.rcode.NOERROR if good else dns.rcode.NOTAUTH) and len(tsig.mac) == 32
    if not good:
        assert tsig.error == dns.rcode.BADTIME and abs(tsig.time_signed - (here() + apart)) < 60
        assert abs(int.from_bytes(tsig.other, "big") - here()) < 60


def test_it_must_be_the_last(upstream, corefile):  # noqa: F811
    """FORMERR (RFC 8945 5.1); a second one too."""
    server = corefile(outside(upstream(), options=""), clusters=0)
    wire = signed(payload=None).to_wire()
    begin = len(make_query("a.example.", payload=None).to_wire())
    record = wire[begin:]
    twice = wire[:10] + b"\0\2" + wire[12:] + record
    first = wire[:10] + b"\0\2" + wire[12:begin] + record + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    for changed in (twice, first):
        with server.udp_socket() as s:
            s.send(changed)
            assert dns.message.from_wire(s.recv(4096)).rcode() == dns.rcode.FORMERR


def test_large_answers(upstream, corefile):  # noqa: F811
    """The signature has its room; where there is none, the client comes again over TCP (RFC 8945 5.3)."""
    records = [("a.example.", 60, "A", *(f"192.0.2.{n}" for n in range(1, 29)))]
    up = upstream(lambda query, _: reply_to(query, *records))
    server = corefile(outside(up, options=""), clusters=0)
    response = server.udp(signed(payload=None))
    assert response.had_tsig and response.flags & dns.flags.TC
    assert len(server.tcp(signed(payload=None)).answer[0]) == 28
    response = server.udp(signed(payload=1232))
    assert response.had_tsig and not response.flags & dns.flags.TC and len(response.answer[0]) == 28
    response = server.udp(signed(payload=520))
    assert response.had_tsig and response.flags & dns.flags.TC


def test_what_waits(upstream, corefile):  # noqa: F811
    """Whatever the response is, it is signed: also that nobody has answered."""
    up = upstream(lambda query, _: None)
    server = corefile(outside(up), clusters=0)
    with server.udp_socket() as s:
        query = signed()
        s.send(query.to_wire())
        up.wait(1)
        server.signal(signal.SIGTERM)
        response = dns.message.from_wire(s.recv(4096), keyring=RING, request_mac=query.mac)
    assert response.had_tsig and response.rcode() == dns.rcode.SERVFAIL
    server.wait_end()


def test_zones(upstream, corefile):  # noqa: F811
    """Names of others are none of its business, signed or not."""
    up = upstream()
    server = corefile(outside(up).replace("tsig {", "tsig example.org {"), clusters=0)
    assert answer(server, "a.example.") == {"192.0.2.1"}
    assert not without_check(server, signed().to_wire())[1]
    assert server.udp(make_query("a.example.org.")).rcode() == dns.rcode.REFUSED
    assert server.udp(signed("a.example.org.")).had_tsig


def test_names_of_its_own_are_not_signed(upstream, corefile):  # noqa: F811
    """Where a CNAME leads on, the server asks itself."""
    text = outside(upstream(), more='template IN A short.example {\n answer "{{ .Name }} 60 CNAME a.example."\n }')
    response = corefile(text, clusters=0).udp(signed("short.example."))
    assert response.had_tsig and harness.answer_set(response, "A") == {"192.0.2.1"}


def test_files_of_keys(upstream, corefile, tmp_path):  # noqa: F811
    """As BIND's tsig-keygen writes them."""
    path = tmp_path / "keys"
    path.write_text(f'key "key.example" {{\n\talgorithm hmac-sha256;\n\tsecret "{SECRET}";\n}};\n\nkey other.example. {{\n  secret {SECRET};\n}}\n')
    text = outside(upstream()).replace(f"secret key.example {SECRET}", f"secrets {path}")
    server = corefile(text, clusters=0)
    for key in ("key.example.", "other.example."):
        assert server.udp(signed(key=key)).had_tsig


WRONG = [
    ("secret key.example", "secret: it is written: secret NAME KEY"),
    ("secret a..b c2VjcmV0", 'secret: "a..b" is no name of a key'),
    ("secret k c2VjcmV", 'secret: the secret of key "k" is no base64'),
    ('secret k ""', 'secret: the secret of key "k" is no base64'),
    ("secret k c2VjcmV0\n secret K. c2VjcmV0", 'secret: there is a key "K." already'),
    ("require", "require: it is written: require all|none|TYPE..."),
    ("require A NOTYPE", 'require: "NOTYPE" is no type of record'),
    ("require_opcode READ", 'require_opcode: "READ" is none of QUERY'),
    ("secrets /nowhere/keys", "secrets: /nowhere/keys: No such file"),
    ("sign all", 'tsig has no "sign"'),
]
FILES = [
    ("zone x {\n}", '1: key NAME { is wanted, not "zone"'),
    ("key {\n}", "1: the name of the key is missing"),
    ("key a {\n}", '2: key "a" has no secret'),
    ("key a {\n secret", '2: the secret of key "a" is missing'),
    ("key a {\n keys x", '2: algorithm, secret or } is wanted, not "keys"'),
    ("\nkey a {\n secret c2VjcmV0;", '3: key "a" has no end'),
    ("key a {\n secret c2VjcmV;\n};", '3: the secret of key "a" is no base64'),
]


@pytest.mark.parametrize("options, said", WRONG)
def test_wrong_ones(tmp_path, options, said):
    """What is said has no secret in it."""
    text = refused(f". {{\n tsig {{\n {options}\n }}\n}}\n", folder=tmp_path)
    assert said in text and "c2VjcmV" not in text


@pytest.mark.parametrize("content, said", FILES)
def test_wrong_files(tmp_path, content, said):
    (tmp_path / "keys").write_text(content)
    text = refused(f". {{\n tsig {{\n secrets {tmp_path}/keys\n }}\n}}\n", folder=tmp_path)
    assert f"secrets: {tmp_path}/keys:{said}" in text and "c2VjcmV" not in text
