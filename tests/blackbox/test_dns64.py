"""`dns64`: addresses for who has IPv6 alone. What CoreDNS answers is in tests/directives/cases/dns64."""

import signal
import threading

import dns.flags
import dns.message
import dns.rcode
import pytest

import harness
from harness import make_query
from test_corefile import answer, api, corefile, refused  # noqa: F401: fixtures
from test_forward import STUB_S, upstream  # noqa: F401: a fixture
from upstream import SOA, reply_to

MADE = {"64:ff9b::c000:201"}


def only_ipv4(query, transport):
    """A name with an A record."""
    name = query.question[0].name.to_text()
    return reply_to(query, (name, 300, "A", "192.0.2.1")) if query.question[0].rdtype == 1 else reply_to(query, authority=[SOA])


def translating(up, options="allow_ipv4", more="", bind="127.0.0.1"):
    return f".:0 {{\n bind {bind}\n dns64 {{\n {options}\n }}\n {more}\n forward . {up.address}\n}}\n"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_over_either_transport(upstream, corefile, transport):  # noqa: F811
    """The TTL is no more than that of the SOA; the client's spelling is in question and answer."""
    up = upstream(only_ipv4)
    response = getattr(corefile(translating(up), clusters=0), transport)(make_query("A.Example.", "AAAA", id=4711))
    assert response.id == 4711 and response.question[0].name.to_text() == "A.Example."
    assert harness.answer_set(response, "AAAA") == MADE and response.answer[0].ttl == 7
    assert response.answer[0].name.to_text().lower() == "a.example." and response.flags & dns.flags.RA
    assert set(up.names()) == {"a.example."} and len(up.names()) > 1


def test_who_asks_over_ipv6(upstream, corefile):  # noqa: F811
    """Others have IPv4, and get what there is."""
    up = upstream(only_ipv4)
    server = corefile(translating(up, options="", bind="127.0.0.1 ::1"), clusters=0)
    v4, v6 = sorted(server.addresses, key=lambda address: ":" in address[0])
    assert answer(server, "a.example.", "AAAA", v4) == "NOERROR"
    assert answer(server, "a.example.", "AAAA", v6) == MADE
    assert answer(server, "a.example.", "A", v6) == {"192.0.2.1"}


def test_nobody_answers_the_second(upstream, corefile):  # noqa: F811
    """SERVFAIL, in time."""
    up = upstream(lambda query, way: only_ipv4(query, way) if query.question[0].rdtype == 28 else None)
    server = corefile(translating(up), clusters=0)
    assert server.udp(make_query("a.example.", "AAAA"), timeout=STUB_S).rcode() == dns.rcode.SERVFAIL


def test_a_stop_in_between(upstream, corefile):  # noqa: F811
    up = upstream(lambda query, way: only_ipv4(query, way) if query.question[0].rdtype == 28 else None)
    server = corefile(translating(up), clusters=0)
    with server.udp_socket() as s:
        for n in range(30):
            s.send(make_query(f"n{n}.example.", "AAAA", id=n).to_wire())
        up.wait(60)
        server.signal(signal.SIGTERM)
        for _ in range(30):
            assert dns.message.from_wire(s.recv(4096)).rcode() == dns.rcode.SERVFAIL
    server.wait_end()


def test_the_same_question_twice(upstream, corefile):  # noqa: F811
    """Who asks again while the second question is under way has one answer, and not the first one's."""
    go = threading.Event()
    up = upstream(lambda query, way: (query.question[0].rdtype == 28 or go.wait(harness.PATIENCE_S)) and only_ipv4(query, way))
    server = corefile(translating(up, more="cache\n template IN A here.test {\n answer 'here.test 60 A 192.0.2.9'\n }").replace("'", '"'), clusters=0)
    with server.udp_socket() as s:
        wire = make_query("a.example.", "AAAA", id=1).to_wire()
        s.send(wire)
        up.wait(2)
        s.send(wire)
        s.send(make_query("here.test.", id=2).to_wire())
        assert dns.message.from_wire(s.recv(4096)).id == 2
        go.set()
        assert harness.answer_set(dns.message.from_wire(s.recv(4096)), "AAAA") == MADE
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(4096)


def test_many_at_once(upstream, corefile):  # noqa: F811
    server = corefile(translating(upstream(only_ipv4), more="cache"), clusters=0)
    with server.udp_socket() as s:
        for n in range(200):
            s.send(make_query(f"n{n}.example.", "AAAA", id=n).to_wire())
        responses = [dns.message.from_wire(s.recv(4096)) for _ in range(200)]
    assert {r.id for r in responses} == set(range(200))
    assert all(harness.answer_set(r, "AAAA") == MADE for r in responses)


WRONG = [
    ("prefix", "prefix: it is written: prefix PREFIX"),
    ("prefix 64:ff9b::", 'prefix: a range of IPv6 such as 64:ff9b::/96 is wanted, not "64:ff9b::"'),
    ("prefix 10.0.0.0/8", 'prefix: a range of IPv6 such as 64:ff9b::/96 is wanted, not "10.0.0.0/8"'),
    ("prefix 64:ff9b::/95", "prefix: a prefix of 32, 40, 48, 56, 64 or 96 bits is wanted (RFC 6052 2.2), not 95"),
    ("prefix 64:ff9b::/24", "prefix: a prefix of 32, 40, 48, 56, 64 or 96 bits is wanted (RFC 6052 2.2), not 24"),
    ("translate", 'dns64 has no "translate"'),
]


@pytest.mark.parametrize("options, said", WRONG)
def test_wrong_ones(tmp_path, options, said):
    assert said in refused(f". {{\n dns64 {{\n {options}\n }}\n}}\n", folder=tmp_path)
