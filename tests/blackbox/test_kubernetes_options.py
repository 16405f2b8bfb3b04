"""What the directives of a kubernetes block make of one cluster: a Corefile, an API server, and questions."""

import dns.edns
import dns.rcode
import pytest

import harness
from harness import pod, service, slice_of, until
from test_corefile import api, block, corefile  # noqa: F401: fixtures

CONTROLLER = "endpointslice-controller.k8s.io"


def db_pod(number, ip, ready=True, **spec):
    return pod(f"db-{number}", ip, labels={"app": "db"}, hostname=f"db-{number}", subdomain="db", ready=ready, **spec)


def zoned(name, endpoints, managed_by=CONTROLLER):
    """A slice of db: {(pod, address): zone}."""
    made = slice_of("db", [ip for _, ip in endpoints], name=name)
    made["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = managed_by
    for entry, ((pod_name, _), zone) in zip(made["endpoints"], endpoints.items()):
        entry.update({"zone": zone, "targetRef": {"kind": "Pod", "name": pod_name}, "hostname": pod_name})
    return made


def secure(name, app_protocol=None, **options):
    made = service(name, ports=(("https", 8443), ("http", 80)), **options)
    made["spec"]["ports"][0]["appProtocol"] = app_protocol
    return made


DB = [service("db", selector={"app": "db"}), db_pod(0, "10.244.0.1"), db_pod(1, "10.244.0.2")]
WEB = service("web", headless=False, cluster_ip="10.96.0.1")
BARE = [service("bare", selector={"app": "bare"}), pod("bare-7f", "10.244.0.9", labels={"app": "bare"})]

TEAMS = [
    {**service("both", selector={"app": "both"}), "metadata": {"name": "both", "namespace": "default", "labels": {"team": "a"}}},
    *[pod(f"both-{team}", f"10.244.0.{number + 1}", labels={"app": "both", "team": team}) for number, team in enumerate("ab")],
]
MACHINE = [service("machine"), slice_of("machine", ["10.244.0.8"])]
MACHINE[1]["endpoints"][0]["targetRef"] = {"kind": "VirtualMachineInstance", "name": "vm-1"}

# The directives; the objects; the answers: addresses, None for NXDOMAIN, or what to look for in the text of the answer section.
CASES = [
    ("", [*DB, *BARE, WEB], {"db-0.db A": {"10.244.0.1"}, "10-244-0-9.bare A": {"10.244.0.9"}, "web A": {"10.96.0.1"},
                             "10-244-0-1.default.pod A": None, "web ANY": "RFC8482", "_tcp.web A": set()}),
    ("pods insecure", [], {"1-2-3-4.default.pod A": {"1.2.3.4"}, "1-2-3-4.none.pod A": None, "fd00--1.default.pod AAAA": {"fd00::1"}}),
    ("pods verified", DB, {"10-244-0-1.default.pod A": {"10.244.0.1"}, "10-244-0-3.default.pod A": None, "default.pod A": set()}),
    ("pods verified\nendpoints slices", DB, {"10-244-0-1.default.pod A": {"10.244.0.1"}, "db A": None}),
    ("pods verified\nlabels team in (a)", TEAMS, {"10-244-0-1.default.pod A": {"10.244.0.1"}, "10-244-0-2.default.pod A": None, "both A": {"10.244.0.1", "10.244.0.2"}}),
    ("endpoint_pod_names", MACHINE, {"vm-1.machine A": {"10.244.0.8"}, "10-244-0-8.machine A": None}),
    ("endpoint_pod_names", BARE, {"bare-7f.bare A": {"10.244.0.9"}, "10-244-0-9.bare A": None}),
    ("noendpoints", [*DB, WEB], {"db A": None, "db-0.db A": None, "web A": {"10.96.0.1"}}),
    ("ignore empty_service", [WEB, service("busy", headless=False, cluster_ip="10.96.0.2"), slice_of("busy", ["10.244.0.8"])],
     {"web A": None, "busy A": {"10.96.0.2"}}),
    ("zonal", [*DB, zoned("db-x", {("db-0", "10.244.0.1"): "eu.a", ("db-1", "10.244.0.2"): "eu-b"})],
     {"eu.a.pin._zone.db A": {"10.244.0.1"}, "EU-B.pin._zone.db A": {"10.244.0.2"}, "mars.pin._zone.db A": set(),
      "mars.prefer._zone.db A": {"10.244.0.1", "10.244.0.2"}, "db A": {"10.244.0.1", "10.244.0.2"}}),
    ("zonal\nendpoints slices", [*DB, zoned("db-x", {("db-0", "10.244.0.1"): "eu.a", ("db-1", "10.244.0.2"): "eu-b"})],
     {"eu.a.pin._zone.db A": {"10.244.0.1"}, "db-0.db A": {"10.244.0.1"}, "mars.pin._zone.db A": set()}),
    ("svcb", [secure("shop", "http2", headless=False, cluster_ip="10.96.0.3")],
     {"shop HTTPS": '1 . alpn="h2" port="8443"', "_http._tcp.shop SVCB": '1 shop.default.svc.cluster.local. port="80"', "shop SVCB": set()}),
    ("max_answers 1", DB, {"db A": 1, "db SRV": 1}),
    ("compat coredns", [*DB, WEB],
     {"web ANY": set(), "_tcp.web A": None, "web.tcp.web A": {"10.96.0.1"}, "_web._tcp.db A": {"10.244.0.1", "10.244.0.2"}}),
]


def name_of(text):
    return f"{text}.cluster.local." if text.endswith(".pod") else f"{text}.default.svc.cluster.local."


def check(server, question, wanted):
    name, rdtype = question.split()
    response = server.tcp(harness.make_query(name_of(name), rdtype))
    assert response.rcode() == (dns.rcode.NXDOMAIN if wanted is None else dns.rcode.NOERROR), question
    if isinstance(wanted, str):
        assert wanted in "\n".join(rrset.to_text() for rrset in response.answer), question
    elif isinstance(wanted, int):
        assert sum(map(len, response.answer)) == wanted, question
    else:
        assert harness.answer_set(response, rdtype) == (wanted or set()), question


@pytest.mark.parametrize("directives, objects, answers", [pytest.param(d, o, a, id=d.replace("\n", ", ") or "none") for d, o, a in CASES])
def test_directives(api, corefile, directives, objects, answers):  # noqa: F811
    server = corefile(block(api(*objects), more=directives.replace("\n", "\n        ")))
    for question, wanted in answers.items():
        check(server, question, wanted)


# --- how they follow the cluster ---


def test_verified_pods_follow(api, corefile):  # noqa: F811
    """One that moves, one that ends, one that is gone, two of one address."""
    cluster = api(*DB)
    server = corefile(block(cluster, more="pods verified"))
    at = "10-244-0-{}.default.pod.cluster.local.".format
    cluster.put(db_pod(0, "10.244.0.7"))
    until(server, at(7), {"10.244.0.7"})
    assert server.ask(at(1)).rcode() == dns.rcode.NXDOMAIN
    cluster.put(db_pod(2, "10.244.0.7"))
    cluster.delete(db_pod(0, "10.244.0.7"))
    until(server, "db.default.svc.cluster.local.", {"10.244.0.2", "10.244.0.7"})
    assert server.addresses_of(at(7)) == {"10.244.0.7"}
    cluster.delete(db_pod(2, "10.244.0.7"))
    until(server, at(7), "NXDOMAIN")


def test_zones_follow_the_slices(api, corefile):  # noqa: F811
    """Endpoints come from Pods at once, and where they run from slices, whenever these come."""
    cluster = api(*DB)
    server = corefile(block(cluster, more="zonal"))
    assert server.addresses_of("db.default.svc.cluster.local.") == {"10.244.0.1", "10.244.0.2"}
    assert server.addresses_of("eu.pin._zone.db.default.svc.cluster.local.") == set()
    cluster.put(zoned("db-x", {("db-0", "10.244.0.1"): "eu"}))
    until(server, "eu.pin._zone.db.default.svc.cluster.local.", {"10.244.0.1"})
    cluster.put(zoned("db-x", {("db-0", "10.244.0.1"): "us", ("db-1", "10.244.0.2"): "eu"}))
    until(server, "eu.pin._zone.db.default.svc.cluster.local.", {"10.244.0.2"})
    cluster.put(db_pod(1, "10.244.0.2", ready=False))
    until(server, "eu.prefer._zone.db.default.svc.cluster.local.", {"10.244.0.1"})


# --- a cluster set ---


def imported(name, kind="ClusterSetIP", ips=(), ports=(("sql", 5432),)):
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "ServiceImport",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": kind, "ips": list(ips), "ports": [{"name": n, "port": p, "protocol": "TCP"} for n, p in ports]},
    }


def shared(cluster, ip, hostname):
    made = slice_of("unused", [ip], ports=(("sql", 5432),), name=f"db-{cluster}")
    made["metadata"]["labels"] = {"multicluster.kubernetes.io/service-name": "db", "multicluster.kubernetes.io/source-cluster": cluster}
    made["endpoints"][0]["hostname"] = hostname
    return made


SET = dict(zones="cluster.local clusterset.local in-addr.arpa", more="multicluster clusterset.local")


@pytest.mark.parametrize("source", ["pods", "slices"])
def test_cluster_set(api, corefile, source):  # noqa: F811
    cluster = api(*DB, imported("db", "Headless"), imported("web", ips=["10.7.0.1"]), shared("c1", "10.8.0.1", "db-0"), shared("c2", "10.9.0.1", "db-0"))
    server = corefile(block(cluster, **{**SET, "more": SET["more"] + f"\n        endpoints {source}"}))
    at = "{}.default.svc.clusterset.local.".format
    assert server.addresses_of(at("db")) == {"10.8.0.1", "10.9.0.1"}
    assert server.addresses_of(at("db-0.c2.db")) == {"10.9.0.1"}
    assert server.addresses_of(at("web")) == {"10.7.0.1"}
    assert "db-0.c1.db.default.svc.clusterset.local." in server.ask(at("_sql._tcp.db"), "SRV").answer[0].to_text()
    assert server.ask(at("db-0.db")).rcode() == dns.rcode.NXDOMAIN
    assert server.ask("web.default.svc.cluster.local.").rcode() == dns.rcode.NXDOMAIN
    assert server.ask("1.0.8.10.in-addr.arpa.", "PTR").rcode() == dns.rcode.NXDOMAIN
    cluster.delete(shared("c1", "10.8.0.1", "db-0"))
    until(server, at("db"), {"10.9.0.1"})
    cluster.delete(imported("web", ips=["10.7.0.1"]))
    until(server, at("web"), "NXDOMAIN")


def without(version):
    return f"multicluster.x-k8s.io/{version}"


@pytest.mark.parametrize("other", ["v1alpha1", "v1beta1"])
def test_the_version_that_the_server_has(api, corefile, other):  # noqa: F811
    """v1beta1 of ServiceImport has what v1alpha1 has; a server may have either, and may come to have the other one alone."""
    cluster = api(*DB, imported("web", ips=["10.7.0.1"]))
    cluster.absent = {without(other)}
    server = corefile(block(cluster, **SET))
    assert server.addresses_of("web.default.svc.clusterset.local.") == {"10.7.0.1"}
    cluster.wait_watched("serviceimports")
    cluster.absent = {without({"v1alpha1": "v1beta1", "v1beta1": "v1alpha1"}[other])}
    cluster.end("serviceimports")
    cluster.wait_watched("serviceimports")
    cluster.put(imported("late", ips=["10.7.0.2"]))
    until(server, "late.default.svc.clusterset.local.", {"10.7.0.2"})
    assert server.addresses_of("web.default.svc.clusterset.local.") == {"10.7.0.1"}
    assert not [line for line in server.log.lines if "the server has no" in line]


def test_cluster_set_without_endpoints_of_the_cluster(api, corefile):  # noqa: F811
    """noendpoints is about Services: the endpoints of ServiceImports are those of other clusters."""
    server = corefile(block(api(*DB, imported("db", "Headless"), shared("c1", "10.8.0.1", "db-0")), **{**SET, "more": SET["more"] + "\n        noendpoints"}))
    assert server.addresses_of("db.default.svc.clusterset.local.") == {"10.8.0.1"}
    assert server.addresses_of("db-0.c1.db.default.svc.clusterset.local.") == {"10.8.0.1"}
    assert server.ask("db.default.svc.cluster.local.").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("code", [403, 404])
def test_a_cluster_without_the_kind(api, corefile, code):  # noqa: F811
    """The definition of ServiceImport is not installed, or it may not be listed: all else is served."""
    cluster = api(*DB)
    cluster.refuse("serviceimports", code, times=None)
    server = corefile(block(cluster, **SET))
    assert server.addresses_of("db.default.svc.cluster.local.") == {"10.244.0.1", "10.244.0.2"}
    assert server.ask("db.default.svc.clusterset.local.").rcode() == dns.rcode.NXDOMAIN
    assert any("serviceimports" in line for line in server.log.lines)


# --- why ---


def reason(response):
    return next((option.text for option in response.options if option.otype == dns.edns.EDE), None)


def test_extended_errors(api, corefile):  # noqa: F811
    cluster = api(*DB, db_pod(2, "10.244.0.3", ready=False))
    server = corefile(block(cluster))
    query = harness.make_query("db-2.db.default.svc.cluster.local.")
    response = server.udp(query)
    assert reason(response) == "its endpoints are not ready" and response.authority[0].ttl == 0
    query.use_edns(-1)
    assert not server.udp(query).options
    quiet = corefile(block(cluster, more="ede off"))
    assert reason(quiet.udp(harness.make_query("none.default.svc.cluster.local."))) is None
