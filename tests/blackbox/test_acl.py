"""Directives that answer by themselves, or let nobody answer: `acl`, `chaos`, `header`, `local`."""

import signal
import socket

import dns.edns
import dns.flags
import dns.rcode
import dns.rdataclass
import pytest

from harness import make_query
from test_corefile import NGINX, WEB0, answer, api, block, corefile, refused, web  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: a fixture

LOOPBACK = ".:0 {\n bind 127.0.0.1\n"


def beside(text, more):
    """Another directive in the block."""
    return text.replace("kubernetes", f"{more}\n    kubernetes", 1)


def reasons(response):
    return [option.code for option in response.options if option.otype == dns.edns.OptionType.EDE]


def chaos_query(name, rdtype="TXT"):
    return make_query(name, rdtype, rdclass=dns.rdataclass.CH)


def texts(response):
    return {string.decode() for rrset in response.answer for record in rrset for string in record.strings}


# --- acl ---


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_what_is_blocked(api, corefile, transport):  # noqa: F811
    """Also of the cluster; with a reason for those who understand one."""
    acl = "acl nginx.default.svc.cluster.local {\n block type A net 127.0.0.0/8\n filter type AAAA\n}"
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), acl))
    ask = getattr(server, transport)
    response = ask(make_query(WEB0))
    assert (response.rcode(), reasons(response), response.edns) == (dns.rcode.REFUSED, [15], 0)
    response = ask(make_query(WEB0, "AAAA"))
    assert (response.rcode(), reasons(response), response.answer, response.authority) == (dns.rcode.NOERROR, [17], [], [])
    response = ask(make_query(WEB0, payload=None))
    assert (response.rcode(), response.edns) == (dns.rcode.REFUSED, -1)
    assert ask(make_query("7.0.244.10.in-addr.arpa.", "PTR")).rcode() == dns.rcode.NOERROR


def test_who_is_allowed(upstream, corefile):  # noqa: F811
    """The first that fits counts: machines of this network and no others."""
    up = upstream()
    lines = "acl {\n allow net 10.0.0.0/8 127.0.0.1\n block\n}"
    assert answer(corefile(f"{LOOPBACK} {lines}\n forward . {up.address}\n}}\n", clusters=0), "a.example.") == {"192.0.2.1"}
    lines = lines.replace("127.0.0.1", "192.0.2.0/24")
    asked = len(up.asked)
    assert answer(corefile(f"{LOOPBACK} {lines}\n forward . {up.address}\n cache\n}}\n", clusters=0), "a.example.") == "REFUSED"
    assert len(up.asked) == asked


def test_what_is_dropped(corefile):  # noqa: F811
    """Nothing is said, over TCP neither, whose connection stays for what else comes."""
    server = corefile(f"{LOOPBACK} acl drop.example {{\n drop\n}}\n whoami\n}}\n", clusters=0)
    dropped, answered = make_query("a.drop.example.", id=1), make_query("b.example.", id=2)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as s:
            s.settimeout(60)
            s.connect(("127.0.0.1", server.port))
            for query in (dropped, answered):
                octets = query.to_wire()
                s.send(octets if kind == socket.SOCK_DGRAM else len(octets).to_bytes(2, "big") + octets)
            octets = s.recv(4096)
            assert octets[0 if kind == socket.SOCK_DGRAM else 2 :][:2] == b"\0\2"


def test_an_acl_follows_a_reload(corefile, tmp_path):  # noqa: F811
    text = f"{LOOPBACK} acl {{\n block\n}}\n whoami\n}}\n"
    server = corefile(text, clusters=0)
    assert answer(server, "a.") == "REFUSED"
    (tmp_path / "Corefile").write_text(text.replace("block", "allow"))
    server.signal(signal.SIGHUP)
    server.log.wait("is served as it is now")
    assert answer(server, "a.") == "NOERROR"


# --- chaos ---


def test_chaos(api, corefile):  # noqa: F811
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7")), keys=".:0"), "chaos v1.2 anna@example.org 'x y'"))
    for transport in (server.udp, server.tcp):
        assert texts(transport(chaos_query("version.bind."))) == {"v1.2"}
        assert texts(transport(chaos_query("VERSION.server."))) == {"v1.2"}
        assert texts(transport(chaos_query("hostname.bind."))) == texts(transport(chaos_query("id.server."))) == {socket.gethostname()}
        response = transport(chaos_query("authors.bind."))
        assert texts(response) >= {"anna@example.org"} and response.answer[0].ttl == 0 and not response.flags & dns.flags.AA
    assert server.udp(chaos_query("other.bind.")).rcode() == dns.rcode.REFUSED
    assert answer(server, WEB0) == {"10.244.0.7"}


def test_a_block_for_it_alone(corefile):  # noqa: F811
    """OpenShift's Corefile has `hostname.bind { chaos }`."""
    server = corefile("hostname.bind:0 {\n bind 127.0.0.1\n chaos\n}\n", clusters=0)
    assert texts(server.udp(chaos_query("hostname.bind."))) == {socket.gethostname()}
    assert server.udp(chaos_query("version.bind.")).rcode() == dns.rcode.REFUSED
    assert server.udp(make_query("hostname.bind.", "TXT")).rcode() == dns.rcode.REFUSED


# --- header ---


def test_header(upstream, corefile):  # noqa: F811
    seen = []

    def reply(query, transport):
        from test_forward import address

        seen.append(bool(query.flags & dns.flags.RD))
        return address(query)

    up = upstream(reply)
    lines = "header {\n response set aa\n response clear ra\n query clear rd\n}"
    server = corefile(f"{LOOPBACK} {lines}\n forward . {up.address}\n cache\n}}\n", clusters=0)
    for _ in range(2):
        response = server.udp(make_query("a.example."))
        assert response.flags & dns.flags.AA and not response.flags & dns.flags.RA
    assert seen == [False]


def test_header_and_the_cluster(api, corefile):  # noqa: F811
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), "header {\n response set ra\n}"))
    for name in (WEB0, "nobody.default.svc"):
        assert server.udp(make_query(name)).flags & dns.flags.RA
    assert not server.udp(make_query("example.org.")).flags & dns.flags.RA  # that is nobody's answer


# --- local ---


def test_local(upstream, corefile):  # noqa: F811
    """Nothing of it goes upstream, and all else does."""
    up = upstream()
    server = corefile(f"{LOOPBACK} local\n forward . {up.address}\n}}\n", clusters=0)
    assert answer(server, "LOCALHOST.") == {"127.0.0.1"}
    assert answer(server, "a.localhost.", "AAAA") == {"::1"}
    assert answer(server, "localhost.cluster.local.") == {"127.0.0.1"}
    assert answer(server, "1.0.0.127.in-addr.arpa.", "PTR") == {"localhost."}
    response = server.udp(make_query("2.0.0.127.in-addr.arpa.", "PTR"))
    assert response.rcode() == dns.rcode.NXDOMAIN and response.authority[0].to_text().startswith("127.in-addr.arpa. 604800 IN SOA localhost.")
    assert response.authority[0].ttl == 604800 and not response.flags & dns.flags.AA
    assert not up.asked
    assert answer(server, "a.example.") == {"192.0.2.1"}


def test_without_the_prefix(upstream, corefile):  # noqa: F811
    up = upstream()
    server = corefile(f"{LOOPBACK} local {{\n localhost_prefix off\n }}\n forward . {up.address}\n}}\n", clusters=0)
    assert answer(server, "localhost.cluster.local.") == {"192.0.2.1"}
    assert answer(server, "localhost.") == {"127.0.0.1"}


# --- what is wrong, and what is not said ---


@pytest.mark.parametrize(
    "lines, why",
    [
        ("acl {\n deny\n}", 'acl has no "deny"; it has: allow, block, filter, drop'),
        ("acl {\n block type a\n}", 'type: "a" is no type of record'),
        ("acl {\n block net\n}", "net: an address is wanted"),
        ("acl {\n block net 10.0.0.256\n}", 'net: "10.0.0.256" is neither an address nor a range'),
        ("header", "nothing is said: query or response is wanted"),
        ("header {\n response set xx\n}", "xx"),
        ("local {\n localhost_prefix maybe\n}", "localhost_prefix: on or off"),
        ("local x", "local: it is written: local"),
    ],
)
def test_what_is_wrong(tmp_path, lines, why):
    assert why in refused(f".:0 {{\n{lines}\n}}\n", folder=tmp_path)


@pytest.mark.parametrize("values", [{}, {"TTL": "7", "NSID": "n"}])
def test_an_empty_value_is_no_argument(upstream, corefile, values):  # noqa: F811
    """As in CoreDNS, which many a snippet relies on."""
    server = corefile(f"{LOOPBACK} cache {{$TTL}}\n nsid {{$NSID}}\n forward . {upstream().address}\n}}\n", clusters=0, env=values)
    response = server.udp(make_query("a.example.", options=[dns.edns.GenericOption(dns.edns.NSID, b"")]))
    assert response.answer[0].ttl == int(values.get("TTL", 300))
    (told,) = [option.data for option in response.options if option.otype == dns.edns.NSID]
    assert told == values.get("NSID", socket.gethostname()).encode()
