"""Directives at work that need no cluster, or change what is said of one."""

import signal
import socket

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

import harness
from harness import make_query, service, slice_of
from test_corefile import NGINX, WEB0, answer, api, block, corefile, web  # noqa: F401: fixtures
from test_corefile_reload import free_port

BIG = [service("big"), slice_of("big", [f"10.244.1.{n}" for n in range(1, 101)])]


def beside(text, more):
    """Another directive in the block."""
    return text.replace("kubernetes", f"{more}\n    kubernetes", 1)


def additional(response):
    return [(rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype), rrset[0].to_text(), rrset.ttl) for rrset in response.additional]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_whoami_alone(corefile, transport):  # noqa: F811
    server = corefile(".:0 {\n bind 127.0.0.1\n whoami\n}\n", clusters=0)
    server.log.wait("no cluster is served there")
    for name, rdtype in (("Some.Name.", "A"), (".", "MX"), ("x.", "ANY")):
        response = getattr(server, transport)(make_query(name, rdtype))
        assert response.rcode() == dns.rcode.NOERROR and response.flags & dns.flags.AA and not response.answer
        (_, rdtype, address, ttl), (owner, srv, text, _) = additional(response)
        assert (rdtype, address, ttl) == ("A", "127.0.0.1", 0)
        assert (owner.lower(), srv) == (f"_{transport}.{name}".lower() if name != "." else f"_{transport}.", "SRV")
        assert text.split()[:2] == ["0", "0"] and int(text.split()[2]) > 0 and text.split()[3] == "."


@pytest.mark.parametrize("beside, taken", [("", False), ("forward . 127.0.0.1:9", True), ("chaos", True)])
def test_other_classes(corefile, beside, taken):  # noqa: F811
    """They are refused, unless a block of the address, whichever, has forward or chaos: as CoreDNS."""
    port = free_port()
    server = corefile(
        f"a.test:{port} {{\n bind 127.0.0.1\n whoami\n}}\n"
        f"b.test:{port} {{\n bind 127.0.0.1\n any\n hosts {{\n 192.0.2.1 h.b.test\n }}\n}}\n"
        f"c.test:{port} {{\n bind 127.0.0.1\n {beside}\n}}\n",
        clusters=0,
    )
    for name, rdtype, said in (("x.a.test.", "TXT", 0), ("h.b.test.", "A", 1), ("x.b.test.", "ANY", 1)):
        query = make_query(name, rdtype, rdclass="CH", payload=None)
        with server.udp_socket() as s:
            s.send(query.to_wire())
            octets = s.recv(4096)
        rcode, answers = octets[3] & 15, int.from_bytes(octets[6:8], "big")
        assert (rcode, answers) == ((dns.rcode.NOERROR, said) if taken else (dns.rcode.REFUSED, 0)), name
    whoami = make_query("x.a.test.", "TXT", rdclass="CH", payload=None).to_wire()
    with server.udp_socket() as s:
        s.send(whoami)
        octets = s.recv(4096)
    assert octets[len(whoami) :][:6] == (b"\xc0\x0c\x00\x01\x00\x03" if taken else b"")


def test_one_batch_of_all_sorts(api, corefile):  # noqa: F811
    """Names that the steps before the cluster leave as they are, and such as one of them has: each gets what it gets alone."""
    lines = """acl {
        block type TXT
    }
    rewrite name exact web.test web-0.nginx.default.svc.cluster.local
    template IN A made.test {
        answer "{{ .Name }} 60 IN A 192.0.2.2"
    }
    hosts {
        192.0.2.3 h.test
        fallthrough
    }"""
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), lines))
    inside = f"{WEB0}.cluster.local."
    sorts = [
        (inside, "A", dns.rcode.NOERROR, ["10.244.0.7"]),
        (inside, "TXT", dns.rcode.REFUSED, []),
        ("web.test.", "A", dns.rcode.NOERROR, ["10.244.0.7"]),
        ("a.made.test.", "A", dns.rcode.NOERROR, ["192.0.2.2"]),
        ("h.test.", "A", dns.rcode.NOERROR, ["192.0.2.3"]),
        ("no.default.svc.cluster.local.", "A", dns.rcode.NXDOMAIN, []),
        ("nobody.test.", "A", dns.rcode.REFUSED, []),
    ]
    with server.udp_socket() as s:
        for n in range(70):
            name, rdtype, _, _ = sorts[n % len(sorts)]
            s.send(make_query(name, rdtype, id=n).to_wire())
        responses = [dns.message.from_wire(s.recv(65535)) for _ in range(70)]
    assert sorted(r.id for r in responses) == list(range(70))
    for response in responses:
        name, rdtype, rcode, wanted = sorts[response.id % len(sorts)]
        assert (response.question[0].name.to_text(), response.rcode()) == (name, rcode), name
        assert [rdata.to_text() for rrset in response.answer for rdata in rrset] == wanted, name


def test_whoami_stands_behind_the_cluster(api, corefile):  # noqa: F811
    """Names of the cluster are its own; whatever it has not got is answered."""
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), "whoami"))
    assert answer(server, WEB0) == {"10.244.0.7"}
    assert answer(server, "nobody.default.svc") == "NXDOMAIN"
    assert additional(server.udp(make_query("example.org.")))[0][2] == "127.0.0.1"


@pytest.mark.parametrize("size, most", [("bufsize 512", 512), ("bufsize 700", 700), ("bufsize", 1232), ("bufsize 4096", 1232), ("", 1232)])
def test_bufsize(api, corefile, size, most):  # noqa: F811
    """No datagram is longer; over TCP it is of no interest."""
    server = corefile(beside(block(api(*BIG)), size))
    query = make_query("big.default.svc", payload=4096)
    response = server.udp(query)
    assert response.flags & dns.flags.TC and most - 16 < len(response.to_wire()) <= most
    assert len(harness.answer_set(server.tcp(query), "A")) == 100
    assert answer(server, "big.default.svc", "MX") == "NOERROR"


def test_minimal(api, corefile):  # noqa: F811
    """SRV records without the addresses of their targets; what there is not keeps its SOA."""
    objects = [NGINX, web(0, "10.244.0.7")]
    full = corefile(block(api(*objects))).ask("_web._tcp.nginx.default.svc", "SRV")
    assert full.additional and full.edns == 0
    server = corefile(beside(block(api(*objects)), "minimal"))
    response = server.ask("_web._tcp.nginx.default.svc", "SRV")
    assert response.answer == full.answer and not response.additional and not response.authority and response.edns == 0
    for name, rdtype in (("nobody.default.svc", "A"), ("nginx.default.svc", "MX")):
        assert server.ask(name, rdtype).authority


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_any(api, corefile, transport):  # noqa: F811
    """Of names that there are, that there are not, and that are nobody's; other types are answered as ever."""
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), "any"))
    for name in (WEB0, "nobody.default.svc", "Example.ORG.", "."):
        response = getattr(server, transport)(make_query(name, "ANY"))
        assert response.rcode() == dns.rcode.NOERROR and not response.flags & dns.flags.AA
        (rrset,) = response.answer
        assert (rrset.name, rrset.ttl, rrset[0].to_text()) == (harness.full_name(name), 8482, '"ANY obsoleted" "See RFC 8482"')
    assert answer(server, WEB0) == {"10.244.0.7"}


def nsid_of(server, name, rdtype="A", transport="udp", **options):
    """What the OPT record says of the server; None: nothing."""
    asked = dns.edns.GenericOption(dns.edns.NSID, b"")
    response = getattr(server, transport)(make_query(name, rdtype, options=[asked], **options))
    (told,) = [option.data for option in response.options if option.otype == dns.edns.NSID] or [None]
    return told, response


@pytest.mark.parametrize("data, wanted", [("", socket.gethostname().encode()), ("node-7 west", b"node-7 west"), ('"a  b" c', b"a  b c")])
def test_nsid(api, corefile, data, wanted):  # noqa: F811
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), f"nsid {data}"))
    for transport in ("udp", "tcp"):
        for name, rcode in ((WEB0, dns.rcode.NOERROR), ("nobody.default.svc", dns.rcode.NXDOMAIN), ("example.org.", dns.rcode.REFUSED)):
            told, response = nsid_of(server, name, transport=transport)
            assert told == wanted and response.rcode() == rcode
            assert (b"no" in b"".join(getattr(option, "text", "").encode() for option in response.options)) == (rcode != dns.rcode.NOERROR)
    assert not server.udp(make_query(WEB0)).options
    assert server.udp(make_query(WEB0, payload=None)).edns == -1


def test_nsid_where_much_is_answered(api, corefile):  # noqa: F811
    """It has its room before records have; only to who takes 512 octets it may be left out."""
    server = corefile(beside(block(api(*BIG)), "nsid " + 40 * "x"))
    for payload, wanted in ((512, None), (600, 40 * b"x"), (1232, 40 * b"x"), (4096, 40 * b"x")):
        told, response = nsid_of(server, "big.default.svc", payload=payload)
        assert told == wanted and response.flags & dns.flags.TC and len(response.to_wire()) <= payload


def test_debug(api, corefile):  # noqa: F811
    """As --log-level debug, whatever that says."""
    text = block(api(NGINX, web(0, "10.244.0.7")))
    corefile(beside(text, "debug"), "--log-level", "info").log.wait("debug: zone ")
    server = corefile(text)
    assert answer(server, WEB0) == {"10.244.0.7"} and not server.log.count("debug: ")


def test_they_follow_a_reload(api, corefile, tmp_path):  # noqa: F811
    text = block(api(NGINX, web(0, "10.244.0.7")))
    server = corefile(text)
    for more, wanted in (("whoami", dns.rcode.NOERROR), ("", dns.rcode.REFUSED), ("whoami\n minimal", dns.rcode.NOERROR)):
        (tmp_path / "Corefile").write_text(beside(text, more).replace(":0", f":{server.port}"))
        start = len(server.log.lines)
        server.signal(signal.SIGHUP)
        server.log.wait("is served as it is now", start=start)
        assert server.udp(make_query("example.org.")).rcode() == wanted
        assert answer(server, WEB0) == {"10.244.0.7"}
