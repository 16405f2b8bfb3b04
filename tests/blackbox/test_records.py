"""Every record of every file in zones/, from the tables in records/.

A table is named like its manifest. A line is `NAME TYPE ANSWER`; names without a last dot are relative to cluster.local; ANSWER is
NXDOMAIN, NODATA, or the records' data, parted by ` | `, in any order; a record of another type is written `TYPE data`, and CNAMEs may
follow NXDOMAIN or NODATA. SRV data is `port target`: weights follow from their number. What holds for every answer is checked here
once, so that tables hold only data.
"""

import functools
import ipaddress

import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset
import pytest

import harness

TABLES = sorted((harness.Path(__file__).parent / "records").glob("*.txt"))
REVERSE_ZONES = (dns.name.from_text("in-addr.arpa."), dns.name.from_text("ip6.arpa."))
TTL = 5


def rows(table):
    for number, line in enumerate(table.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, rdtype, answer = line.split(None, 2)
            yield pytest.param(table.stem, name, rdtype, answer, id=f"{table.stem}:{number}:{name}:{rdtype}")


ROWS = [row for table in TABLES for row in rows(table)]


@pytest.fixture(scope="module")
def servers():
    """The server of a zones/ file, started when first asked for."""
    started = []

    @functools.lru_cache(maxsize=None)
    def start(stem):
        server = harness.Server(harness.ZONES / f"{stem}.yaml")
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def canonical(rdtype, text):
    """(type, data) of one record of a table, names made absolute."""
    words = text.split()
    if words[0] in ("CNAME", "A", "AAAA", "SRV"):
        rdtype, words = words[0], words[1:]
    if rdtype in ("PTR", "CNAME", "NS"):
        return rdtype, harness.full_name(words[0]).to_text()
    if rdtype == "SRV":
        return rdtype, f"{words[0]} {harness.full_name(words[1]).to_text()}"
    return rdtype, " ".join(words)


def records_of(response):
    """(type, data) of the answer section, SRV without priority and weight, SOA without serial."""
    for rrset in response.answer:
        rdtype = dns.rdatatype.to_text(rrset.rdtype)
        for rr in rrset:
            words = rr.to_text().split()
            if rdtype == "SRV":
                words = words[2:]
            if rdtype == "SOA":
                words[2] = "SERIAL"
            yield rdtype, " ".join(words)


def check_negative(response):
    """RFC 2308: one SOA in authority, of the zone that the name (or the last CNAME's target) is in."""
    assert all(rrset.rdtype == dns.rdatatype.CNAME for rrset in response.answer)
    name = response.answer[-1][0].target if response.answer else response.question[0].name
    assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]
    owner, (soa,) = response.authority[0].name, response.authority[0]
    assert owner in (harness.ZONE, *REVERSE_ZONES) and name.is_subdomain(owner)
    assert (soa.mname, soa.rname) == (harness.full_name("ns.dns"), harness.full_name("hostmaster"))
    assert (soa.refresh, soa.retry, soa.expire, soa.minimum) == (7200, 1800, 86400, TTL)
    assert response.authority[0].ttl <= TTL
    assert not response.additional


def check_srv(server, response, question):
    """Weights share 100; targets are whole names that resolve, to what the additional section says of them."""
    srvs = [rr for rrset in response.answer if rrset.rdtype == dns.rdatatype.SRV for rr in rrset]
    assert all(rr.priority == 0 and 1 <= rr.weight <= 100 for rr in srvs)
    glue = {(rrset.name, rrset.rdtype): {rr.to_text() for rr in rrset} for rrset in response.additional}
    assert {name for name, _ in glue} == {rr.target for rr in srvs}, question
    for rdtype in ("A", "AAAA"):
        for target in {rr.target for rr in srvs}:
            want = server.addresses_of(target, rdtype)
            assert glue.get((target, dns.rdatatype.from_text(rdtype)), set()) == want


@pytest.mark.parametrize("stem, name, rdtype, answer", ROWS)
def test_record(servers, stem, name, rdtype, answer):
    server = servers(stem)
    response = server.ask(name, rdtype)
    assert response.flags & dns.flags.AA and not response.flags & (dns.flags.RA | dns.flags.AD | dns.flags.TC)
    parts = answer.split(" | ")
    negative = parts[0] if parts[0] in ("NXDOMAIN", "NODATA") else None
    assert dns.rcode.to_text(response.rcode()) == ("NXDOMAIN" if negative == "NXDOMAIN" else "NOERROR")
    want = sorted(canonical("CNAME" if negative else rdtype, text) for text in (parts[1:] if negative else parts))
    assert sorted(records_of(response)) == want
    if negative:
        check_negative(response)
    else:
        assert not response.authority
        assert all(rrset.ttl == (28800 if rdtype == "TXT" else TTL) for rrset in response.answer + response.additional if rrset.rdtype != dns.rdatatype.CNAME)
    if not negative and any(rrset.rdtype == dns.rdatatype.SRV for rrset in response.answer):
        check_srv(server, response, name)
    over_tcp = server.tcp(harness.make_query(name, rdtype))
    assert sorted(records_of(over_tcp)) == sorted(records_of(response)) and over_tcp.rcode() == response.rcode()


def test_every_manifest_has_a_table():
    assert {table.stem for table in TABLES} == {path.stem for path in harness.ZONES.glob("*.yaml")}


def test_weights_share_a_hundred(observed):
    """Kubernetes DNS specification 2.4.2 leaves the weight open; kube-dns and CoreDNS give each max(1, 100/N)."""
    response = observed.ask("_web._tcp.nginx.default.svc", "SRV")
    assert [rr.weight for rr in response.answer[0]] == [20] * 5


def test_serial_is_the_same_everywhere(observed):
    apex = observed.ask("cluster.local.", "SOA").answer[0][0].serial
    assert observed.ask("absent.default.svc").authority[0][0].serial == apex
    assert observed.ask("nginx.default.svc", "MX").authority[0][0].serial == apex


@pytest.mark.parametrize("name, ttl", [("peer-1.peers.default.svc", 0), ("peer-2.peers.default.svc", 0), ("absent.peers.default.svc", TTL)])
def test_a_name_about_to_be_there_is_not_forgotten_for_long(servers, name, ttl):
    """Who asks too early for a pod that is not ready must not be told so again by a cache (RFC 2308 5)."""
    response = servers("not-ready").ask(name)
    assert response.rcode() == dns.rcode.NXDOMAIN and response.authority[0].ttl == ttl


def test_a_pod_without_address_is_about_to_be_there(tmp_path, serve):
    """Created, and scheduled nowhere yet: its name and its Service's will be there in a moment."""
    pod = harness.pod("db-0", None, labels={"app": "db"}, hostname="db-0", subdomain="db")
    pod["status"] = {"phase": "Pending"}
    server = serve(harness.write_manifest(tmp_path / "m.json", harness.service("db", selector={"app": "db"}), pod))
    for name in ("db.default.svc", "db-0.db.default.svc"):
        response = server.ask(name)
        assert response.rcode() == dns.rcode.NXDOMAIN and response.authority[0].ttl == 0


def test_name_server_of_its_own(observed):
    """Where the server's address belongs to no Service."""
    response = observed.ask("cluster.local.", "NS")
    assert harness.answer_set(response, "NS") == {"ns.dns.cluster.local."}
    assert [rrset.to_text() for rrset in response.additional] == [f"ns.dns.cluster.local. {TTL} IN A 127.0.0.1"]
    assert observed.addresses_of("ns.dns") == {"127.0.0.1"}


def test_name_server_that_is_a_service(tmp_path, serve):
    """Where the server listens on the address of a Service, as in a cluster it does, that Service is the name server."""
    path = harness.write_manifest(tmp_path / "m.yaml", harness.service("kube-dns", "kube-system", headless=False, cluster_ip="127.0.0.1"))
    response = serve(path).ask("cluster.local.", "NS")
    assert harness.answer_set(response, "NS") == {"kube-dns.kube-system.svc.cluster.local."}
    assert [rrset.to_text() for rrset in response.additional] == [f"kube-dns.kube-system.svc.cluster.local. {TTL} IN A 127.0.0.1"]


# Where an existing name of the observed zone begins to be absent, label by label: NODATA means it exists without that type.
DEPTHS = [
    ("cluster.local.", "NODATA"),
    ("svc", "NODATA"),
    ("absent", "NXDOMAIN"),
    ("default.svc", "NODATA"),
    ("kube-system.svc", "NODATA"),
    ("absent.svc", "NXDOMAIN"),
    ("absent.default.svc", "NXDOMAIN"),
    ("nginx.absent.svc", "NXDOMAIN"),
    ("absent.nginx.default.svc", "NXDOMAIN"),
    ("_tcp.nginx.default.svc", "NODATA"),
    ("_udp.nginx.default.svc", "NXDOMAIN"),
    ("_sctp.nginx.default.svc", "NXDOMAIN"),
    ("_web._tcp.nginx.default.svc", "NODATA"),
    ("_web._udp.nginx.default.svc", "NXDOMAIN"),
    ("_dns._tcp.nginx.default.svc", "NXDOMAIN"),
    ("web._tcp.nginx.default.svc", "NXDOMAIN"),
    ("_web.nginx.default.svc", "NXDOMAIN"),
    ("_web._tcp.web-0.nginx.default.svc", "NXDOMAIN"),
    ("absent.web-0.nginx.default.svc", "NXDOMAIN"),
    ("a.b.c.d.web-0.nginx.default.svc", "NXDOMAIN"),
    ("web-0.default.svc", "NXDOMAIN"),
    ("web-0.nginx.kube-system.svc", "NXDOMAIN"),
    ("10-244-1-7.nginx.default.svc", "NXDOMAIN"),  # its endpoint has a hostname
    ("kube-dns.kube-system.svc", "NODATA"),
    ("10-0-0-10.kube-dns.kube-system.svc", "NXDOMAIN"),
    ("_udp.kube-dns.kube-system.svc", "NODATA"),
    ("_dns._udp.kube-dns.kube-system.svc", "NODATA"),
    ("pod", "NODATA"),
    ("10-244-1-7.default.pod", "NXDOMAIN"),  # pods disabled
    ("dns", "NODATA"),
    ("dns-version", "NODATA"),
    ("absent.dns-version", "NXDOMAIN"),
    ("in-addr.arpa.", "NODATA"),
    ("10.in-addr.arpa.", "NODATA"),
    ("244.10.in-addr.arpa.", "NODATA"),
    ("1.244.10.in-addr.arpa.", "NODATA"),
    ("7.1.244.10.in-addr.arpa.", "NODATA"),
    ("1.7.1.244.10.in-addr.arpa.", "NXDOMAIN"),
    ("9.1.244.10.in-addr.arpa.", "NXDOMAIN"),
    ("11.in-addr.arpa.", "NXDOMAIN"),
    ("x.10.in-addr.arpa.", "NXDOMAIN"),
    ("007.1.244.10.in-addr.arpa.", "NXDOMAIN"),
    ("ip6.arpa.", "NODATA"),
    ("1.ip6.arpa.", "NXDOMAIN"),
]


@pytest.mark.parametrize("rdtype", ["MX", "HINFO", "TYPE65"])
@pytest.mark.parametrize("name, want", DEPTHS)
def test_existence_at_every_depth(observed, name, want, rdtype):
    response = observed.ask(name, rdtype)
    assert dns.rcode.to_text(response.rcode()) == ("NOERROR" if want == "NODATA" else want)
    check_negative(response)


# The same question in any case finds the same; the owner comes back as asked, made-up names in the object's case.
@pytest.mark.parametrize("spelling", ["WEB-0.NGINX.DEFAULT.SVC.CLUSTER.LOCAL.", "wEb-0.nGinX.deFAult.sVc.cLusTEr.loCal."])
def test_case_of_the_question_is_kept(observed, spelling):
    response = observed.ask(spelling)
    assert response.question[0].name.to_text() == spelling
    assert [rrset.name.to_text() for rrset in response.answer] == [spelling]
    assert harness.answer_set(response, "A") == {"10.244.1.7"}


def test_case_of_srv_targets(observed):
    response = observed.ask("_WEB._TCP.NGINX.DEFAULT.SVC.cluster.local.", "SRV")
    targets = {rr.target.to_text() for rr in response.answer[0]}
    assert "web-0.nginx.default.svc.cluster.local." in targets
    assert {rrset.name.to_text() for rrset in response.additional} == targets


def test_case_of_a_negative_answer(observed):
    response = observed.ask("WEB-9.nginx.default.svc.cluster.local.")
    assert response.rcode() == dns.rcode.NXDOMAIN and response.question[0].name.to_text().startswith("WEB-9.")


def test_case_of_reverse_names(observed):
    response = observed.ask("7.1.244.10.IN-ADDR.ARPA.", "PTR")
    assert [rrset.name.to_text() for rrset in response.answer] == ["7.1.244.10.IN-ADDR.ARPA."]
    assert harness.answer_set(response, "PTR") == {"web-0.nginx.default.svc.cluster.local."}


def test_every_address_has_a_reverse_name_that_leads_back(observed):
    for address in observed.addresses_of("nginx.default.svc"):
        (name,) = observed.addresses_of(dns.reversename.from_address(address).to_text(), "PTR")
        assert observed.addresses_of(name) == {address}


def test_zone_option_moves_all_names(serve):
    server = serve("--zone", "Example.Org", "--ttl", "30", harness.ZONES / "nginx-observed.yaml")
    response = server.ask("web-0.nginx.default.svc.example.org.")
    assert harness.answer_set(response, "A") == {"10.244.1.7"} and response.answer[0].ttl == 30
    assert server.ask("web-0.nginx.default.svc.cluster.local.").rcode() == dns.rcode.REFUSED
    (name,) = server.addresses_of("7.1.244.10.in-addr.arpa.", "PTR")
    assert name.lower() == "web-0.nginx.default.svc.example.org."


LOW = {  # addresses whose highest 80 bits are 0, and the labels of their RFC 5952 text
    "::1:0": "--1-0",
    "::10.0.0.1": "--a00-1",
    "::1": "--1",
    "1::": "1--0",
    "0:0:1::8:0": "0-0-1--8-0",
}


def test_dashed_names_of_low_ipv6_addresses(tmp_path, serve):
    path = tmp_path / "low.yaml"
    service = {**harness.service("six"), "spec": {"clusterIP": "None", "ipFamilies": ["IPv6"], "ports": [{"name": "web", "port": 80}]}}
    harness.write_manifest(path, service, {**harness.slice_of("six", list(LOW)), "addressType": "IPv6"})
    server = serve(path)
    for address, label in LOW.items():
        name = f"{label}.six.default.svc.cluster.local."
        (found,) = server.addresses_of(name, "AAAA")
        assert ipaddress.ip_address(found) == ipaddress.ip_address(address)
        assert server.addresses_of(dns.reversename.from_address(address).to_text(), "PTR") == {name}


def test_order_of_reverse_names(tmp_path, serve):
    """Of the Services that a pod is behind, the one that it names as its subdomain comes first, the others by name."""
    names = ["zz", "alpha", "home", "b"]
    services = [harness.service(name, selector={"app": "db"}) for name in names]
    harness.write_manifest(tmp_path / "m.yaml", *services, harness.pod("db-0", "10.244.0.9", labels={"app": "db"}, subdomain="home"))
    response = serve(tmp_path / "m.yaml").ask("9.0.244.10.in-addr.arpa.", "PTR")
    assert [record.target.labels[1].decode() for record in response.answer[0]] == ["home", "alpha", "b", "zz"]
