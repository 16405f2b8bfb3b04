"""k8s_external: a zone of the Services' addresses outside the cluster, beside that of the cluster."""

import dns.rcode
import dns.rdatatype
import pytest

import harness
from harness import pod, service, until
from test_corefile import api, block, corefile  # noqa: F401: fixtures


def balanced(made, *ingress):
    """The Service with what its load balancer has got."""
    return {**made, "status": {"loadBalancer": {"ingress": list(ingress)}}}


LB = balanced(
    service("lb", headless=False, cluster_ip="10.96.0.1", ports=(("http", 80), ("https", 443)), externalIPs=["192.0.2.1"]),
    {"ip": "192.0.2.2"},
    {"ip": "2001:db8::2"},
)
TWIN = service("twin", headless=False, cluster_ip="10.96.0.2", externalIPs=["192.0.2.1"])
PLAIN = service("plain", headless=False, cluster_ip="10.96.0.3", selector={"app": "plain"})
HOST = balanced(service("host", headless=False, cluster_ip="10.96.0.4"), {"hostname": "lb.example.com"})
DB = [service("db", selector={"app": "db"})] + [
    pod(f"db-{n}", f"10.244.0.{n + 1}", labels={"app": "db"}, hostname=f"db-{n}", subdomain="db") for n in range(2)
]
ALL = [LB, TWIN, PLAIN, HOST, *DB, pod("plain-0", "10.244.0.9", labels={"app": "plain"})]

ZONE = "example.org."


def external(cluster, *lines, zones="example.org 192.in-addr.arpa", more=""):
    """A Corefile with both: (block's text)."""
    body = "\n        ".join(lines)
    text = f"k8s_external {zones} {{\n        {body}\n    }}" if lines else f"k8s_external {zones}"
    return block(cluster, zones="cluster.local in-addr.arpa ip6.arpa", bind=f"bind 127.0.0.1\n    {text}", more=more)


def said(server, name, rdtype):
    """The rcode and the records, as texts without TTL; (None for NXDOMAIN)."""
    response = server.tcp(harness.make_query(name, rdtype))
    assert response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), name
    if not response.answer:
        assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA], name
    if response.rcode() == dns.rcode.NXDOMAIN:
        return None
    return {rdata.to_text() for rrset in response.answer for rdata in rrset}


NONE = set()

# Name, type, without and with `headless`: what CoreDNS 1.15.0 answers too, but where a comment says otherwise.
CASES = [
    ("lb.default", "A", {"192.0.2.1", "192.0.2.2"}),
    ("LB.Default", "AAAA", {"2001:db8::2"}),
    ("lb.default", "SRV", {f"0 16 {port} lb.default.example.org." for port in (80, 443)}),
    ("lb.default", "TXT", NONE),
    ("_http._tcp.lb.default", "SRV", {"0 33 80 lb.default.example.org."}),
    ("_tcp.lb.default", "SRV", NONE),  # CoreDNS takes it for an endpoint's name
    ("_ftp._tcp.lb.default", "SRV", None),
    ("a.b.c.lb.default", "A", None),
    ("lb.default.svc", "A", None),
    ("default", "A", NONE),
    ("none", "A", None),
    ("lb.none", "A", None),
    ("plain.default", "A", None, NONE),  # CoreDNS: NXDOMAIN, though it has names below
    ("10-244-0-9.plain.default", "A", None, {"10.244.0.9"}),
    ("db.default", "A", None, {"10.244.0.1", "10.244.0.2"}),
    ("db-0.db.default", "A", None, {"10.244.0.1"}),
    ("_web._tcp.db.default", "SRV", None, {f"0 50 80 db-{n}.db.default.example.org." for n in range(2)}),
    ("host.default", "A", {"lb.example.com."}),
    ("host.default", "SRV", {"lb.example.com."}),  # a CNAME holds for all types
    ("_web._tcp.host.default", "SRV", {"0 100 80 lb.example.com."}),
    ("_web._tcp.host.default", "A", NONE),
    ("_ftp._tcp.host.default", "SRV", None),
    ("dns", "A", NONE),
    ("ns1.dns", "A", {"127.0.0.1"}),
    ("ns1.dns", "AAAA", NONE),
    ("ns2.dns", "A", None),
    ("ns.dns", "A", None),
    ("dns-version", "TXT", None),
]


@pytest.mark.parametrize("headless", [False, True])
def test_names(api, corefile, headless):  # noqa: F811
    server = corefile(external(api(*ALL), *(["headless"] if headless else [])))
    for name, rdtype, *wanted in CASES:
        assert said(server, f"{name}.{ZONE}", rdtype) == wanted[-1 if headless else 0], (name, rdtype)


def test_apex(api, corefile):  # noqa: F811
    server = corefile(external(api(LB), "apex ns", "ttl 30"))
    response = server.tcp(harness.make_query(ZONE, "NS"))
    assert [rrset.to_text() for rrset in response.answer] == [f"{ZONE} 30 IN NS ns1.ns.{ZONE}"]
    assert [rrset.to_text() for rrset in response.additional] == [f"ns1.ns.{ZONE} 30 IN A 127.0.0.1"]
    (soa,) = server.tcp(harness.make_query(ZONE, "SOA")).answer
    assert (soa.ttl, soa[0].mname.to_text(), soa[0].rname.to_text(), soa[0].minimum) == (30, f"ns1.ns.{ZONE}", f"hostmaster.ns.{ZONE}", 30)
    assert said(server, ZONE, "A") == NONE
    assert server.tcp(harness.make_query(f"lb.default.{ZONE}", "A")).answer[0].ttl == 30
    assert server.tcp(harness.make_query("lb.default.svc.cluster.local.", "A")).answer[0].ttl == 5


def test_reverse(api, corefile):  # noqa: F811
    """The zone's own reverse names; those of the cluster stay."""
    server = corefile(external(api(*ALL), "headless"))
    assert said(server, "1.2.0.192.in-addr.arpa.", "PTR") == {f"lb.default.{ZONE}", f"twin.default.{ZONE}"}
    assert said(server, "2.2.0.192.in-addr.arpa.", "PTR") == {f"lb.default.{ZONE}"}
    assert said(server, "9.2.0.192.in-addr.arpa.", "PTR") is None
    assert said(server, "1.0.96.10.in-addr.arpa.", "PTR") == {"lb.default.svc.cluster.local."}


def test_fallthrough(api, corefile):  # noqa: F811
    """What the external zone has not is asked of kubernetes, where that has the zone."""
    cluster = api(*ALL)
    server = corefile(external(cluster, "fallthrough", zones="cluster.local"))
    assert said(server, "lb.default.cluster.local.", "A") == {"192.0.2.1", "192.0.2.2"}
    assert said(server, "lb.default.svc.cluster.local.", "A") == {"10.96.0.1"}
    assert said(server, "lb.none.svc.cluster.local.", "A") is None
    assert said(server, "dns-version.cluster.local.", "TXT") == {'"1.1.0"'}
    assert said(server, "ns.dns.cluster.local.", "A") is None  # beside the external zone's own name server


def test_follows(api, corefile):  # noqa: F811
    cluster = api(PLAIN)
    server = corefile(external(cluster))
    name = f"plain.default.{ZONE}"
    assert said(server, name, "A") is None
    cluster.put(balanced(PLAIN, {"ip": "192.0.2.7"}))
    until(server, name, {"192.0.2.7"})
    cluster.put(balanced(PLAIN, {"ip": "192.0.2.8"}))
    until(server, name, {"192.0.2.8"})
    cluster.delete(PLAIN)
    until(server, name, "NXDOMAIN")
