"""`search_fallback`: what exists nowhere is looked for where the search list of the client's pod would have found it. The client is a pod of a
loopback address."""

import dns.flags
import dns.rcode
import pytest

import harness
from harness import make_query, pod, service, web
from test_corefile import corefile  # noqa: F401: a fixture
from test_forward import upstream  # noqa: F401: a fixture
from upstream import reply_to

NGINX = service("nginx", selector={"app": "nginx"})
CLIENT = "127.0.0.1"
BLOCK = """.:0 {{
    bind 127.0.0.1
    kubernetes cluster.local {{
        endpoint {api.url}
        {more}
    }}
    forward . {up.address}
    cache
}}
"""


ROOT = (".", 60, "SOA", "a.root. host.root. 1 2 3 4 60")
STORE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "store"}}


def nobody(query, transport):
    """Of the names outside, only one exists."""
    name = query.question[0].name.to_text().lower()
    if name.startswith("www."):
        return reply_to(query, (name, 300, "A", "192.0.2.1"))
    return reply_to(query, rcode="NXDOMAIN", authority=[ROOT])


@pytest.fixture
def start(api, corefile, upstream):  # noqa: F811
    def run(*objects, more=""):
        api.put(STORE, NGINX, web(0, "10.244.0.7"), service("shop", "store", headless=False, cluster_ip="10.96.0.9"), *objects)
        up = upstream(nobody)
        return corefile(BLOCK.format(api=api, up=up, more=more), clusters=1), up

    return run


def asked(server, name, rdtype="A", **options):
    """(rcode, records as text)"""
    response = server.udp(make_query(name, rdtype, **options))
    return dns.rcode.to_text(response.rcode()), [text for rrset in response.answer for text in rrset.to_text().splitlines()]


FOUND = ("NOERROR", ["web-0.nginx. 5 IN CNAME web-0.nginx.default.svc.cluster.local.", "web-0.nginx.default.svc.cluster.local. 5 IN A 10.244.0.7"])


def test_a_pod_finds_its_neighbours(start):
    server, up = start(pod("client", CLIENT))
    assert asked(server, "web-0.nginx.") == FOUND
    assert asked(server, "shop.store.")[1] == ["shop.store. 5 IN CNAME shop.store.svc.cluster.local.", "shop.store.svc.cluster.local. 5 IN A 10.96.0.9"]
    assert asked(server, "nginx.default.svc.")[1][0] == "nginx.default.svc. 5 IN CNAME nginx.default.svc.cluster.local."
    assert asked(server, "Web-0.NGINX.")[1][0] == "Web-0.NGINX. 5 IN CNAME Web-0.NGINX.default.svc.cluster.local."
    assert asked(server, "absent.nginx.") == ("NXDOMAIN", [])
    assert asked(server, "www.nginx.")[1] == ["www.nginx. 300 IN A 192.0.2.1"]
    assert asked(server, "web-0.nginx.", "AAAA")[1] == FOUND[1][:1]  # NODATA at the end of the chain
    response = server.udp(make_query("web-0.nginx."))
    assert response.flags & dns.flags.RA
    assert "web-0.nginx.default.svc.cluster.local." not in up.names()


def test_it_is_never_old(api, start):  # noqa: F811
    """The outside's "no" is kept, what the cluster has is not."""
    server, up = start(pod("client", CLIENT))
    assert asked(server, "web-0.nginx.") == FOUND
    api.put(web(0, "10.244.0.8"))
    harness.until(server, "web-0.nginx.default.svc", {"10.244.0.8"})
    assert asked(server, "web-0.nginx.")[1][1].endswith("10.244.0.8")
    assert up.names() == ["web-0.nginx."]
    api.delete(web(0, "10.244.0.8"))
    harness.until(server, "web-0.nginx.default.svc", "NXDOMAIN")
    assert asked(server, "web-0.nginx.") == ("NXDOMAIN", [])


@pytest.mark.parametrize("options", [{"ednsflags": dns.flags.DO, "payload": 1232}, {"flags": dns.flags.RD | dns.flags.CD}], ids=["DO", "CD"])
def test_who_checks_signatures_hears_what_the_outside_says(start, options):
    server, _ = start(pod("client", CLIENT))
    assert asked(server, "web-0.nginx.", **options) == ("NXDOMAIN", [])


@pytest.mark.parametrize(
    ("clients", "more"),
    [
        ([], ""),
        ([pod("client", CLIENT, hostNetwork=True)], ""),
        ([pod("client", CLIENT), pod("other", CLIENT)], ""),
        ([pod("client", CLIENT)], "search_fallback off"),
        ([pod("client", CLIENT)], "compat coredns"),
        ([pod("client", CLIENT)], "endpoints slices"),
    ],
    ids=["no pod", "host network", "two pods", "off", "compat", "slices"],
)
def test_for_whom_it_is_not(start, clients, more):
    server, _ = start(*clients, more=more)
    assert asked(server, "web-0.nginx.") == ("NXDOMAIN", [])


def test_it_can_be_had_beside_compat(start):
    server, _ = start(pod("client", CLIENT), more="compat coredns\n search_fallback on")
    assert asked(server, "web-0.nginx.") == FOUND


def test_the_namespace_is_the_clients(api, start):  # noqa: F811
    """It goes with its pod: in another namespace the first name of the list is another."""
    server, _ = start(pod("client", CLIENT, "store"))
    assert asked(server, "shop.")[1][0] == "shop. 5 IN CNAME shop.store.svc.cluster.local."
    assert asked(server, "web-0.nginx.") == ("NXDOMAIN", [])
    api.put(pod("client-2", CLIENT))
    api.delete(pod("client", CLIENT, "store"))
    deadline = harness.Deadline()
    while asked(server, "web-0.nginx.") != FOUND:
        deadline.check("the new pod's namespace never counted")
    assert asked(server, "shop.") == ("NXDOMAIN", [])
