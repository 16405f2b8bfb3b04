"""`loadbalance { prefer RANGE... }`: addresses that are near come first, whoever has them."""

import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from harness import make_query
from test_corefile import corefile  # noqa: F401: a fixture
from test_forward import upstream  # noqa: F401: a fixture
from upstream import reply_to

BLOCK = """.:0 {{
    bind 127.0.0.1
    loadbalance {{
        prefer 10.2.0.0/16 10.0.0.0/8
        prefer fd00::/8
    }}
    {rest}
}}
"""
FAR, NEAR = {"192.0.2.1", "192.0.2.2"}, ["10.2.0.1", "10.1.0.1"]


@pytest.fixture
def server(corefile, upstream):  # noqa: F811
    def world(query, transport):
        name, rdtype = query.question[0].name.to_text(), query.question[0].rdtype
        if name.lower() == "absent.example.":
            return reply_to(query, rcode="NXDOMAIN", authority=[("example.", 60, "SOA", "a. b. 1 2 3 4 60"), ("example.", 60, "NS", "ns.example.")])
        if rdtype == dns.rdatatype.AAAA:
            return reply_to(query, *((name, 60, "AAAA", a) for a in ("2001:db8::1", "fd00::1", "2001:db8::2")))
        if rdtype == dns.rdatatype.MX:
            response = reply_to(query, (name, 60, "MX", "10 mx.example."))
            response.additional.append(dns.rrset.from_text("mx.example.", 60, "IN", "A", "192.0.2.1", "10.1.0.1", "192.0.2.2", "10.2.0.1"))
            return response
        first = [(name, 60, "CNAME", "www.example.")] if name.lower() == "alias.example." else []
        return reply_to(query, *first, *(("www.example.", 60, "A", a) for a in ("192.0.2.1", "10.1.0.1", "192.0.2.2", "10.2.0.1")))

    return corefile(BLOCK.format(rest=f"forward . {upstream(world).address}\n cache"), clusters=0)


def addresses(rrsets):
    return [record.to_text() for rrset in rrsets for record in rrset if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("name", ["www.example.", "alias.example.", "WWW.Example."])
def test_what_is_near_comes_first(server, transport, name):
    for _ in range(8):
        response = getattr(server, transport)(make_query(name, use_edns=0))
        got = addresses(response.answer)
        assert got[:2] == NEAR and set(got[2:]) == FAR
        assert response.answer[0].name.to_text().lower() == name.lower() and response.edns == 0
        assert (response.answer[0].rdtype == dns.rdatatype.CNAME) == (name == "alias.example.")


def test_other_families_and_sections(server):
    got = addresses(server.udp(make_query("www.example.", "AAAA")).answer)
    assert got[0] == "fd00::1" and set(got[1:]) == {"2001:db8::1", "2001:db8::2"}
    response = server.udp(make_query("example.", "MX"))
    assert [record.to_text() for record in response.answer[0]] == ["10 mx.example."]
    got = addresses(response.additional)
    assert got[:2] == NEAR and set(got[2:]) == FAR


def test_a_no_is_as_it_is(server):
    response = server.udp(make_query("absent.example."))
    assert response.rcode() == dns.rcode.NXDOMAIN and not response.answer and response.authority


def test_names_of_a_file(corefile, tmp_path):  # noqa: F811
    (tmp_path / "hosts").write_text("".join(f"{a} a.example\n" for a in ("192.0.2.1", "10.1.0.1", "192.0.2.2", "10.2.0.1")))
    server = corefile(BLOCK.format(rest=f"hosts {tmp_path}/hosts"), clusters=0)
    for _ in range(4):
        got = addresses(server.udp(make_query("a.example.")).answer)
        assert got[:2] == NEAR and set(got[2:]) == FAR
