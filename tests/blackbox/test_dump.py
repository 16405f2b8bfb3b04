"""headns dump: zone files that other programs can read, with just the records that queries are answered with."""

import re
import shutil
import subprocess

import dns.rdatatype
import dns.zone
import pytest
from test_corefile import block, corefile  # noqa: F401: a fixture
from test_external_zone import ALL as EXTERNAL
from test_external_zone import external
from test_records import ROWS

import harness
from apiserver import ApiServer
from harness import pod, service, slice_of

FILES = sorted(harness.ZONES.glob("*.yaml"))
TYPES = ("A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "SOA", "NS")
OUR_OWN = {"cluster.local.", "ns.dns.cluster.local.", "in-addr.arpa.", "ip6.arpa."}  # depend on where the server listens


def dump(*arguments):
    done = harness.run_headns("dump", *arguments)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("headns: info: ")] == []
    return done.stdout


def sections(text):
    """{apex: the zone file of it}"""
    parts = re.split(r"^(?=; zone )", text, flags=re.M)
    return {re.match(r"; zone (\S+)", part).group(1): part for part in parts if part}


def records(text):
    """{(owner, type): (ttl, {rdata})} of all zones."""
    found = {}
    for apex, part in sections(text).items():
        zone = dns.zone.from_text(part, apex, relativize=False)
        for name, rdataset in zone.iterate_rdatasets():
            found[name.to_text(), dns.rdatatype.to_text(rdataset.rdtype)] = (rdataset.ttl, {r.to_text() for r in rdataset})
    return found


def test_zones_of_one_address(corefile, tmp_path):  # noqa: F811
    """Where a range makes them, each has its SOA and NS once, and the PTR of its address."""
    cluster = ApiServer()
    cluster.put(service("web", headless=False, cluster_ip="10.96.0.1"))
    corefile(block(cluster, zones="cluster.local 10.96.0.0/30"))
    parts = sections(dump("--conf", tmp_path / "Corefile"))
    cluster.stop()
    assert len(parts) == 5
    types = {apex: [line.split()[3] for line in part.splitlines() if " IN " in line] for apex, part in parts.items() if apex.endswith("arpa.")}
    assert {apex: sorted(found) for apex, found in types.items()} == {
        f"{n}.0.96.10.in-addr.arpa.": ["NS", "PTR", "SOA"] if n == 1 else ["NS", "SOA"] for n in range(4)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_record_is_what_a_query_answers(serve, path):
    server = serve(path)
    dumped = {key: value for key, value in records(dump(path)).items() if key[0] not in OUR_OWN}
    assert len(dumped) > 3
    for name in {name for name, _ in dumped}:
        for rdtype in TYPES:
            response = server.ask(name, rdtype)
            own = [s for s in response.answer if s.name.to_text() == name and dns.rdatatype.to_text(s.rdtype) == rdtype]
            answered = {(s.ttl, frozenset(r.to_text() for r in s)) for s in own}
            wanted = dumped.get((name, rdtype))
            assert answered == ({(wanted[0], frozenset(wanted[1]))} if wanted else set()), (name, rdtype)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_record_is_missing(serve, path):
    """What the tables of tests/blackbox/records ask for with an answer is in the dump."""
    server, dumped, seen = serve(path), records(dump(path)), 0
    for stem, name, rdtype, _ in (row.values for row in ROWS):
        if stem != path.stem:
            continue
        for rrset in server.ask(name, rdtype).answer:
            key = (rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype))
            if key[0] in OUR_OWN or key[1] == "HINFO":
                continue
            assert dumped[key][1] == {r.to_text() for r in rrset}, key
            seen += 1
    assert seen


@pytest.mark.skipif(not shutil.which("knotc"), reason="installing Knot DNS would start it")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_other_programs_read_it(tmp_path, path):
    config = tmp_path / "knot.conf"
    zones = sections(dump(path))
    for apex, part in zones.items():
        (tmp_path / f"{apex}zone").write_text(part)
    config.write_text("zone:\n" + "".join(f" - domain: {apex}\n   file: {tmp_path}/{apex}zone\n" for apex in zones))
    done = subprocess.run(["knotc", "-c", config, "zone-check", *zones], capture_output=True, text=True)
    assert done.returncode == 0 and "error" not in done.stderr, done.stdout + done.stderr


def test_it_is_sorted_and_repeats():
    """By name from the root down, and the same however the input was arranged."""
    text = dump(harness.ZONES / "nginx-observed.yaml")
    assert text == dump(harness.ZONES / "nginx-observed.yaml")
    names = [line.split()[0] for line in sections(text)["cluster.local."].splitlines() if line and line[0] not in ";$"]
    keys = [[label.encode() for label in reversed(name.rstrip(".").split("."))] for name in names]
    assert keys == sorted(keys)


def test_a_cluster_is_read_once(tmp_path):
    api = ApiServer()
    api.put(service("nginx", selector={"app": "nginx"}), pod("web-0", "10.244.0.7", labels={"app": "nginx"}))
    api.put(service("far", selector=None), slice_of("far", ["192.0.2.1"]))
    text = dump("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"))
    found = records(text)
    assert found["nginx.default.svc.cluster.local.", "A"] == (5, {"10.244.0.7"})
    assert found["far.default.svc.cluster.local.", "A"] == (5, {"192.0.2.1"})
    assert found["7.0.244.10.in-addr.arpa.", "PTR"] == (5, {"10-244-0-7.nginx.default.svc.cluster.local."})
    api.stop()
    done = harness.run_headns("dump", "--kubeconfig", tmp_path / "kubeconfig", "--timeout", "1")
    assert done.returncode == 1 and not done.stdout
    assert f"dump: the cluster at {api.url} could not be read within 1 s" in done.stderr


@pytest.mark.parametrize("headless", [False, True])
def test_every_cluster_of_a_corefile(corefile, tmp_path, headless):  # noqa: F811
    """With its external zone, and with the names of pods by address."""
    first, second = ApiServer(), ApiServer()
    first.put(*EXTERNAL)
    second.put(service("only", headless=False, cluster_ip="10.96.1.1"))
    lines = external(first, "headless" if headless else "ttl 7", more="pods verified") + block(second, keys="b.test:0", zones="b.test")
    server = corefile(lines, clusters=2)
    found = records(dump("--conf", tmp_path / "Corefile"))
    assert found["only.default.svc.b.test.", "A"] == (5, {"10.96.1.1"})
    assert found["10-244-0-9.default.pod.cluster.local.", "A"] == (5, {"10.244.0.9"})
    assert ("db-0.db.default.example.org.", "A") in found or not headless
    own = {"cluster.local.", "ns.dns.cluster.local.", "example.org.", "ns1.dns.example.org.", "in-addr.arpa.", "ip6.arpa.", "192.in-addr.arpa."}
    for (name, rdtype), wanted in found.items():
        if name not in own and not name.endswith("b.test."):
            answer = [s for s in server.ask(name, rdtype).answer if dns.rdatatype.to_text(s.rdtype) == rdtype]
            assert [(s.ttl, {r.to_text() for r in s}) for s in answer] == [wanted], (name, rdtype)
    first.stop()
    second.stop()


def test_a_dump_leaves_the_snapshot_alone(tmp_path):
    api = ApiServer()
    api.put(service("nginx"))
    dump("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"), "--set", f"kubernetes.snapshot={tmp_path}/snapshot")
    assert not (tmp_path / "snapshot").exists()
    api.stop()


def test_pods_insecure_cannot_be_listed():
    text = dump("--set", "kubernetes.pods=insecure", harness.ZONES / "nginx-observed.yaml")
    assert "; and <address>.<namespace>.pod.cluster.local. for every address" in text
    assert not any(name.endswith("pod.cluster.local.") for name, _ in records(text))


def test_options_that_change_records():
    text = dump("--zone", "example.org", "--ttl", "7", harness.ZONES / "nginx-statefulset.yaml")
    assert "web-0.nginx.default.svc.example.org. 7 IN A " in text
    assert "cluster.local" not in text


def test_a_wrong_file(tmp_path):
    path = harness.write_manifest(tmp_path / "a.yaml", service("No Name"))
    done = harness.run_headns("dump", path)
    assert done.returncode == 1 and not done.stdout
    assert re.search(r"a.yaml:\d+: .*\n.*dump: the input is wrong", done.stderr)
    done = harness.run_headns("dump", "--lenient", path)
    assert done.returncode == 0 and "cluster.local. 5 IN SOA" in done.stdout


def test_a_full_disk():
    with open("/dev/full", "w") as full:
        done = subprocess.run(harness.headns("dump", FILES[0]), stdout=full, stderr=subprocess.PIPE, text=True, env=harness.environment())
    assert done.returncode == 1 and "could not be written" in done.stderr
