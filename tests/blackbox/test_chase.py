"""ExternalName Services: what another block or another step of the Corefile has is answered with the CNAME that leads to it."""

import dns.flags
import dns.rcode

import harness
from harness import pod, service
from test_corefile import api, block, corefile  # noqa: F401: fixtures

MANY = 60


def leads_to(name, target):
    return service(name, headless=False, ports=(), type="ExternalName", externalName=target)


def many(count):
    return [service("many", selector={"app": "many"})] + [pod(f"many-{n}", f"10.244.1.{n + 1}", labels={"app": "many"}) for n in range(count)]


OBJECTS = [
    service("lb", headless=False, cluster_ip="10.96.0.1", externalIPs=["192.0.2.1"]),
    leads_to("there", "lb.default.svc.other.local"),
    leads_to("far", "there.default.svc.other.local"),  # whose CNAME leads to a name of other.local itself
    leads_to("outside", "lb.default.example.org"),
    leads_to("none", "absent.default.svc.other.local"),
    leads_to("nobody", "www.example.com"),
    leads_to("round", "round.default.svc.other.local"),
    leads_to("to-many", "many.default.svc.other.local"),
    *many(MANY),
]


def texts(response):
    return [f"{rrset.name} {rdata.to_text()}" for rrset in response.answer for rdata in rrset]


def two_blocks(cluster):
    first = block(cluster, "cluster.local:0 example.org:0", "cluster.local", bind="bind 127.0.0.1\n    k8s_external example.org")
    return first + block(cluster, "other.local:0", "other.local")


def test_what_another_block_has(api, corefile):  # noqa: F811
    server = corefile(two_blocks(api(*OBJECTS)), clusters=2)
    there, lb = "there.default.svc.cluster.local.", "lb.default.svc.other.local."
    for ask in (server.udp, server.tcp):
        response = ask(harness.make_query(there, "A"))
        assert response.rcode() == dns.rcode.NOERROR and response.flags & dns.flags.AA
        assert texts(response) == [f"{there} {lb}", f"{lb} 10.96.0.1"]
        assert not response.authority and not response.additional
    assert texts(server.udp(harness.make_query(there, "CNAME"))) == [f"{there} {lb}"]
    outside, name = "outside.default.svc.cluster.local.", "lb.default.example.org."
    assert texts(server.udp(harness.make_query(outside, "A"))) == [f"{outside} {name}", f"{name} 192.0.2.1"]
    far = "far.default.svc.cluster.local."
    assert texts(server.tcp(harness.make_query(far, "A"))) == [
        f"{far} there.default.svc.other.local.",
        f"there.default.svc.other.local. {lb}",
        f"{lb} 10.96.0.1",
    ]


def test_what_nobody_has(api, corefile):  # noqa: F811
    """The CNAME alone; also where the name is another block's and does not exist, or has no such record, or leads to itself."""
    server = corefile(two_blocks(api(*OBJECTS)), clusters=2)
    for name, target, rdtype in (
        ("none", "absent.default.svc.other.local.", "A"),
        ("nobody", "www.example.com.", "A"),
        ("there", "lb.default.svc.other.local.", "AAAA"),
    ):
        response = server.udp(harness.make_query(f"{name}.default.svc.cluster.local.", rdtype))
        assert response.rcode() == dns.rcode.NOERROR
        assert texts(response) == [f"{name}.default.svc.cluster.local. {target}"]
        assert not response.authority
    response = server.udp(harness.make_query("round.default.svc.cluster.local.", "A"))
    assert texts(response) == [f"round.default.svc.{zone}.local. round.default.svc.other.local." for zone in ("cluster", "other")]


def test_cut(api, corefile):  # noqa: F811
    """What does not fit is asked for over TCP."""
    server = corefile(two_blocks(api(*OBJECTS)), clusters=2)
    query = harness.make_query("to-many.default.svc.cluster.local.", "A")
    query.use_edns(False)
    cut = server.udp(query)
    assert cut.flags & dns.flags.TC and len(texts(cut)) == 1
    whole = server.tcp(query)
    assert not whole.flags & dns.flags.TC and len(texts(whole)) == 1 + MANY
