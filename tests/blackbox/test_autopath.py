"""`autopath`: who goes through a search list has its answer with the first question. The client is a pod of a loopback address, or has a file's list."""

import dns.flags
import dns.rcode
import pytest

import harness
from harness import make_query, pod, service, web
from test_corefile import corefile  # noqa: F401: a fixture
from test_forward import upstream  # noqa: F401: a fixture
from upstream import reply_to

CLIENT = "127.0.0.1"
NGINX = service("nginx", selector={"app": "nginx"})
SHOP = service("shop", "store", headless=False, cluster_ip="10.96.0.9")
STORE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "store"}}
ROOT = (".", 60, "SOA", "a.root. host.root. 1 2 3 4 60")
BLOCK = """.:0 {{
    bind 127.0.0.1
    autopath @kubernetes
    kubernetes cluster.local {{
        endpoint {api.url}
        {more}
    }}
    forward . {up.address}
    cache
}}
"""
ASKED = "www.example.default.svc.cluster.local."
FOUND = ("NOERROR", [f"{ASKED} 300 IN CNAME www.example.", "www.example. 300 IN A 192.0.2.1"])
NOTHING = ("NXDOMAIN", [])


def world(query, transport):
    """www.anything has an address of IPv4, broken.anything is broken; no other name exists."""
    name, rdtype = query.question[0].name.to_text(), query.question[0].rdtype
    if name.lower().startswith("broken."):
        return reply_to(query, rcode="REFUSED")
    if not name.lower().startswith("www.") or ".one." in name.lower():
        return reply_to(query, rcode="NXDOMAIN", authority=[ROOT])
    return reply_to(query, (name, 300, "A", "192.0.2.1")) if rdtype == 1 else reply_to(query, authority=[ROOT])


@pytest.fixture
def start(api, corefile, upstream):  # noqa: F811
    def run(*objects, more="pods verified"):
        api.put(STORE, NGINX, web(0, "10.244.0.7"), SHOP, *objects)
        up = upstream(world)
        return corefile(BLOCK.format(api=api, up=up, more=more), clusters=1), up

    return run


def asked(server, name, rdtype="A", transport="udp", **options):
    """(rcode, records as text, of which the cache may have had some: TTLs of 290 to 300 are 300)"""
    response = getattr(server, transport)(make_query(name, rdtype, **options))
    records = [text.split() for rrset in response.answer for text in rrset.to_text().splitlines()]
    return dns.rcode.to_text(response.rcode()), [" ".join([n, "300" if 290 <= int(t) <= 300 else t, *rest]) for n, t, *rest in records]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_pod_asks_once(start, transport):
    server, up = start(pod("client", CLIENT))
    assert asked(server, ASKED, transport=transport) == FOUND
    assert asked(server, ASKED.replace("www", "WWW"), transport=transport)[1][0].startswith("WWW.example.default.svc.cluster.local. 300 IN CNAME ")
    assert asked(server, ASKED, "AAAA", transport=transport) == ("NOERROR", [])  # not what is below another suffix
    assert asked(server, "shop.store.default.svc.cluster.local.", transport=transport) == (
        "NOERROR",
        ["shop.store.default.svc.cluster.local. 5 IN CNAME shop.store.svc.cluster.local.", "shop.store.svc.cluster.local. 5 IN A 10.96.0.9"],
    )
    assert asked(server, "absent.example.default.svc.cluster.local.", transport=transport) == NOTHING
    assert asked(server, "broken.default.svc.cluster.local.", transport=transport)[0] in ("REFUSED", "SERVFAIL")
    assert not any(name.endswith("cluster.local.") for name in up.names())


def test_what_a_no_is_made_of(start):
    """It is that of the client's own question."""
    server, _ = start(pod("client", CLIENT))
    query = make_query("absent.example.default.svc.cluster.local.", use_edns=0)
    response = server.udp(query)
    assert (response.id, response.question, response.rcode()) == (query.id, query.question, dns.rcode.NXDOMAIN)
    assert [rrset.name.to_text() for rrset in response.authority] == ["cluster.local."] and response.edns == 0


def test_names_that_exist_are_as_they_are(start):
    server, up = start(pod("client", CLIENT))
    assert asked(server, "web-0.nginx.default.svc.cluster.local.") == ("NOERROR", ["web-0.nginx.default.svc.cluster.local. 5 IN A 10.244.0.7"])
    assert asked(server, "web-0.nginx.default.svc.cluster.local.", "MX") == ("NOERROR", [])
    for name in ("www.example.svc.cluster.local.", "www.example.store.svc.cluster.local.", "default.svc.cluster.local."):
        assert not asked(server, name)[1]
    assert up.names() == []


def test_the_cache_has_no_cname_of_it(start):
    server, up = start(pod("client", CLIENT))
    assert asked(server, ASKED) == FOUND
    assert asked(server, "www.example.") == ("NOERROR", FOUND[1][1:])
    assert asked(server, ASKED) == FOUND
    assert set(up.names()) == {"www.example."}


@pytest.mark.parametrize(
    ("clients", "more"),
    [
        ([], "pods verified"),
        ([pod("client", CLIENT, hostNetwork=True)], "pods verified"),
        ([pod("client", CLIENT), pod("other", CLIENT)], "pods verified"),
        ([pod("client", CLIENT), pod("other", CLIENT, "store")], "pods verified"),
        ([pod("client", CLIENT)], "pods insecure"),
        ([pod("client", CLIENT)], ""),
        ([pod("client", CLIENT, "store")], "pods verified"),
    ],
    ids=["no pod", "host network", "two pods", "two namespaces", "insecure", "disabled", "another namespace"],
)
def test_for_whom_it_is_not(start, clients, more):
    server, up = start(*clients, more=more)
    assert asked(server, ASKED) == NOTHING
    assert up.names() == []


def test_it_goes_with_the_pod(api, start):  # noqa: F811
    server, _ = start(pod("client", CLIENT))
    assert asked(server, ASKED) == FOUND
    api.delete(pod("client", CLIENT))
    deadline = harness.Deadline()
    while asked(server, ASKED) != NOTHING:
        deadline.check("the pod that is gone still has a search list")
    api.put(pod("client-2", CLIENT, "store"))
    while not asked(server, "www.example.store.svc.cluster.local.")[1]:
        deadline.check("the new pod has none")
    assert asked(server, ASKED) == NOTHING


def test_its_own_questions_are_not_searched(start):
    """web-0.nginx.default is looked for below svc.cluster.local, which looks like a question of its own."""
    server, up = start(pod("client", CLIENT))
    assert asked(server, "www.default.default.svc.cluster.local.")[1][0] == "www.default.default.svc.cluster.local. 300 IN CNAME www.default."
    assert set(up.names()) == {"www.default."}


def test_beside_a_list_that_the_server_looks_through(start):
    """search_fallback is for absolute names, autopath for those below the list."""
    server, _ = start(pod("client", CLIENT))
    assert asked(server, "shop.store.")[1][0] == "shop.store. 5 IN CNAME shop.store.svc.cluster.local."
    assert asked(server, ASKED) == FOUND


def test_a_list_of_a_file(tmp_path, corefile, upstream):  # noqa: F811
    path = tmp_path / "search"
    path.write_text("search nowhere.example\nnameserver 192.0.2.1\nsearch one.example two.example\n")
    up = upstream(world)
    server = corefile(f".:0 {{\n bind 127.0.0.1\n autopath example {path}\n forward . {up.address}\n}}\n", clusters=0)
    assert asked(server, "www.one.example.")[1] == ["www.one.example. 300 IN CNAME www.two.example.", "www.two.example. 300 IN A 192.0.2.1"]
    assert set(up.names()) == {"www.one.example.", "www.two.example."}
    assert asked(server, "absent.one.example.") == NOTHING
    assert up.names()[2:] == [f"absent.{suffix}" for suffix in ("one.example.", "two.example.", "", "one.example.")]
    assert asked(server, "www.nowhere.example.")[1] == ["www.nowhere.example. 300 IN A 192.0.2.1"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("autopath", "autopath: it is written: autopath [ZONE...] RESOLV-CONF|@kubernetes"),
        ("autopath @erratic", 'autopath: a file or @kubernetes is wanted, not "@erratic"'),
        ("autopath /nonexistent/resolv.conf", "autopath: /nonexistent/resolv.conf: "),
    ],
)
def test_wrong_lines(tmp_path, line, why):
    (tmp_path / "Corefile").write_text(f".:1053 {{\n {line}\n}}\n")
    done = harness.run_headns("check", "Corefile", cwd=tmp_path)
    assert done.returncode and f"Corefile:2: {why}" in done.stderr + done.stdout
