"""Objects that no API server would take, and odd ones that it takes: each has one outcome (docs/compatibility.md), none takes other
objects' names away, and what is odd in one takes away no names but those that it makes."""

import dns.rcode
import pytest

import harness
from harness import pod, service, slice_of, write_manifest

GOOD = [service("good", selector={"app": "good"}), pod("good-0", "10.244.0.1", labels={"app": "good"}, hostname="good-0", subdomain="good")]
ODD = service("odd", selector={"app": "odd"})


def odd_pod(name, ip, hostname):
    return pod(name, ip, labels={"app": "odd"}, hostname=hostname, subdomain="odd")


def odd_slice(address_type="IPv4", addresses=("10.244.1.9",), **endpoint):
    odd = slice_of("plain", addresses, name="odd")
    odd["addressType"] = address_type
    odd["endpoints"][0].update(endpoint)
    return odd


def with_port(number):
    odd = odd_slice()
    odd["ports"][0]["port"] = number
    return odd


PLAIN = [service("plain"), slice_of("plain", ["10.244.1.1"])]
LEFT_OUT = {"plain A": {"10.244.1.1"}}
BY_ADDRESS = {"plain A": {"10.244.1.1", "10.244.1.9"}, "10-244-1-9.plain A": {"10.244.1.9"}}


def external(name, target):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"type": "ExternalName", "externalName": target}}


# What; the objects; the answers, None being NXDOMAIN. Names are below default.svc.cluster.local but for whole ones.
CASES = [
    ("a pod's hostname with a dot: the pod is called by its address",
     [ODD, odd_pod("a", "10.244.1.1", "a.b"), odd_pod("c", "10.244.1.2", "c")],
     {"odd A": {"10.244.1.1", "10.244.1.2"}, "10-244-1-1.odd A": {"10.244.1.1"}, "b.odd A": None, "a.b.odd A": None}),
    ("a pod's hostname of 64 octets: likewise",
     [ODD, odd_pod("a", "10.244.1.1", "h" * 64), odd_pod("c", "10.244.1.2", "c")], {"10-244-1-1.odd A": {"10.244.1.1"}, "c.odd A": {"10.244.1.2"}}),
    ("a hostname of 64 octets in a slice: likewise", [*PLAIN, odd_slice(hostname="h" * 64)], BY_ADDRESS),
    ("a hostname with a dot in a slice: likewise", [*PLAIN, odd_slice(hostname="a.b")], BY_ADDRESS),
    ("port 0 in a slice: the port is left out", [*PLAIN, with_port(0)], {**BY_ADDRESS, "_web._tcp.10-244-1-9.plain A": None, "10-244-1-9.plain SRV": set()}),
    ("an address of the other family in a slice: it is left out", [*PLAIN, odd_slice(addresses=["fd00::1", "10.244.1.9"])], BY_ADDRESS),
    ("no other address: the endpoint is", [*PLAIN, odd_slice(addresses=["fd00::1"])], LEFT_OUT),
    ("an unknown address type: the addresses tell theirs", [*PLAIN, odd_slice("IPX")], BY_ADDRESS),
    ("addresses that are names: not served", [*PLAIN, odd_slice("FQDN", ["example.com"])], LEFT_OUT),
    ("leading zeros are decimal, as for an API server", [*PLAIN, odd_slice(addresses=["010.244.1.009"])], BY_ADDRESS),
    ("a Service's port with a protocol that nobody knows: the others stay",
     [service("odd", headless=False, cluster_ip="10.0.0.9", ports=[]) | {"spec": {"clusterIP": "10.0.0.9", "ports": [
         {"name": "a", "port": 1, "protocol": "QUIC"}, {"name": "b", "port": 2, "protocol": "udp"}]}}],
     {"odd A": {"10.0.0.9"}, "_a._quic.odd SRV": None, "_b._udp.odd SRV": {(100, 2, "odd.default.svc.cluster.local.")}}),
    ("one name for a TCP port and a UDP port: both",
     [service("odd", headless=False, cluster_ip="10.0.0.9", ports=[]) | {"spec": {"clusterIP": "10.0.0.9", "ports": [
         {"name": "dns", "port": 53}, {"name": "dns", "port": 53, "protocol": "UDP"}]}}],
     {"_dns._tcp.odd SRV": {(100, 53, "odd.default.svc.cluster.local.")}, "_dns._udp.odd SRV": {(100, 53, "odd.default.svc.cluster.local.")}}),
    ("two pods of one hostname: both addresses under it",
     [ODD, odd_pod("a", "10.244.1.1", "same"), odd_pod("b", "10.244.1.2", "same")],
     {"same.odd A": {"10.244.1.1", "10.244.1.2"}, "odd A": {"10.244.1.1", "10.244.1.2"},
      "odd SRV": {(50, 80, "same.odd.default.svc.cluster.local.")}, "1.1.244.10.in-addr.arpa. PTR": {"same.odd.default.svc.cluster.local."}}),
    ("one address on two pods: once, under both names, and back to the first",
     [ODD, odd_pod("b", "10.244.1.1", "host-b"), odd_pod("a", "10.244.1.1", "host-a")],
     {"host-a.odd A": {"10.244.1.1"}, "host-b.odd A": {"10.244.1.1"}, "odd A": {"10.244.1.1"},
      "1.1.244.10.in-addr.arpa. PTR": {"host-a.odd.default.svc.cluster.local."}}),
    ("one address in two Services: a PTR for each",
     [*PLAIN, service("second"), slice_of("second", ["10.244.1.1"])],
     {"1.1.244.10.in-addr.arpa. PTR": {f"10-244-1-1.{s}.default.svc.cluster.local." for s in ("plain", "second")}}),
    ("a slice of no Service: no names, no PTR",
     [slice_of("none", ["10.244.1.1"])], {"none A": None, "10-244-1-1.none A": None, "1.1.244.10.in-addr.arpa. PTR": None}),
    ("a slice without the label: likewise",
     [{**slice_of("x", ["10.244.1.1"]), "metadata": {"name": "x"}}, service("x")], {"x A": None, "1.1.244.10.in-addr.arpa. PTR": None}),
    ("an ExternalName that is itself: the CNAME alone",
     [external("odd", "odd.default.svc.cluster.local")], {"odd CNAME": {"odd.default.svc.cluster.local."}, "odd A": set()}),
    ("ExternalNames in a circle: each CNAME once",
     [external("odd", "even.default.svc.cluster.local"), external("even", "odd.default.svc.cluster.local")], {"odd A": set()}),
    ("an ExternalName that is an address: no such name", [external("odd", "192.0.2.1")], {"odd A": None}),
]


def values(response, rdtype):
    if rdtype != "SRV":
        return harness.answer_set(response, rdtype)
    return {(r.weight, r.port, r.target.to_text()) for rrset in response.answer for r in rrset}


@pytest.mark.parametrize("objects, answers", [pytest.param(o, a, id=what) for what, o, a in CASES])
def test_odd_objects(tmp_path, serve, objects, answers):
    server = serve("--lenient", write_manifest(tmp_path / "m.yaml", *GOOD, *objects))
    for question, wanted in answers.items():
        name, rdtype = question.split()
        response = server.ask(name if name.endswith(".") else name + ".default.svc.cluster.local.", rdtype)
        assert response.rcode() == (dns.rcode.NXDOMAIN if wanted is None else dns.rcode.NOERROR), question
        assert values(response, rdtype) == (wanted or set()), question
    assert server.addresses_of("good-0.good.default.svc") == {"10.244.0.1"}
