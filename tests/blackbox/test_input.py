"""Where manifests come from, and what is wrong with them: one line that says what, where and what to do."""

import ipaddress
import os
import re

import dns.rcode
import pytest

import harness
from harness import as_list, pod, service, slice_of, stateful_set, write_manifest

GOOD = service("good", headless=False, cluster_ip="10.0.0.77")


# --- sources ---


def nginx_objects():
    return [
        service("nginx", selector={"app": "nginx"}),
        pod("web-0", "10.244.1.7", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"),
        pod("other", "10.244.1.8", labels={"app": "other"}),
    ]


def check_nginx(server):
    assert server.addresses_of("nginx.default.svc") == {"10.244.1.7"}
    assert server.addresses_of("web-0.nginx.default.svc") == {"10.244.1.7"}


@pytest.mark.parametrize("extension", ["yaml", "yml", "json"])
def test_a_list_as_kubectl_prints_it(tmp_path, serve, extension):
    check_nginx(serve(write_manifest(tmp_path / f"dump.{extension}", as_list(*nginx_objects()))))


def test_typed_lists(tmp_path, serve):
    objects = nginx_objects()
    lists = [
        {"apiVersion": "v1", "kind": "ServiceList", "items": [{k: v for k, v in objects[0].items() if k not in ("apiVersion", "kind")}]},
        {"apiVersion": "v1", "kind": "PodList", "items": [{k: v for k, v in o.items() if k not in ("apiVersion", "kind")} for o in objects[1:]]},
    ]
    check_nginx(serve(write_manifest(tmp_path / "lists.yaml", *lists)))


def test_several_documents(tmp_path, serve):
    path = tmp_path / "m.yaml"
    write_manifest(path, *nginx_objects())
    path.write_text("---\n# a comment\n---\n" + path.read_text() + "\n---\n...\n")
    check_nginx(serve(path))


@pytest.mark.parametrize("objects", [nginx_objects(), [as_list(*nginx_objects())]], ids=["documents", "list"])
def test_stdin(serve, objects):
    check_nginx(serve("-", stdin=harness.manifest_text(*objects)))


def test_folder(tmp_path, serve):
    """A folder's *.yaml, *.yml and *.json; not its sub-folders, nor other files."""
    objects = nginx_objects()
    write_manifest(tmp_path / "a.yaml", objects[0])
    write_manifest(tmp_path / "b.json", objects[1])
    write_manifest(tmp_path / "c.yml", objects[2])
    (tmp_path / "notes.txt").write_text("{ not yaml")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.yaml").write_text("{ not yaml")
    check_nginx(serve(tmp_path))


def test_several_files(tmp_path, serve):
    paths = [write_manifest(tmp_path / f"{i}.yaml", o) for i, o in enumerate(nginx_objects())]
    check_nginx(serve(*paths))


def test_other_kinds_are_skipped(tmp_path, serve):
    other = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "v"}},
        {"apiVersion": "example.com/v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": {"clusterIP": "not ours"}},
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}},
    ]
    check_nginx(serve(write_manifest(tmp_path / "m.yaml", *other, *nginx_objects())))


def test_an_empty_file_serves_an_empty_zone(tmp_path, serve):
    (tmp_path / "m.yaml").write_text("# nothing yet\n")
    server = serve(tmp_path / "m.yaml")
    server.log.wait("warning: there is no object in the manifests")
    assert server.ask("cluster.local.", "SOA").rcode() == dns.rcode.NOERROR
    assert server.ask("nginx.default.svc").rcode() == dns.rcode.NXDOMAIN


def test_a_namespace_exists_if_any_object_names_it(tmp_path, serve):
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "of-pod"}},
    ]
    server = serve(write_manifest(tmp_path / "m.yaml", *objects))
    for ns, want in (("bare", "NOERROR"), ("of-pod", "NOERROR"), ("absent", "NXDOMAIN")):
        assert dns.rcode.to_text(server.ask(f"{ns}.svc").rcode()) == want


# --- simulated pods and addresses ---


def simulated(serve, path):
    server = serve(path)
    names = ["web.default.svc", "web-0.web.default.svc", "web-1.web.default.svc", "web-2.web.default.svc", "api.default.svc"]
    return {name: server.addresses_of(name) for name in names}


def test_simulated_addresses_are_stable(tmp_path, serve):
    base = [service("web", selector={"app": "web"}), stateful_set("web", 2), service("api", headless=False)]
    first = simulated(serve, write_manifest(tmp_path / "a.yaml", *base))
    assert first["web.default.svc"] == first["web-0.web.default.svc"] | first["web-1.web.default.svc"]
    assert len(first["web.default.svc"]) == 2 and first["web-2.web.default.svc"] == set()
    assert all(ipaddress.ip_address(a) in ipaddress.ip_network("10.244.0.0/16") for a in first["web.default.svc"])
    (api,) = first["api.default.svc"]
    assert ipaddress.ip_address(api) in ipaddress.ip_network("10.0.0.0/16")
    assert simulated(serve, write_manifest(tmp_path / "b.yaml", *base)) == first

    # More objects, another order: what was there keeps its addresses.
    more = [service("else", headless=False), stateful_set("more", 5), base[2], base[0], stateful_set("web", 3)]
    second = simulated(serve, write_manifest(tmp_path / "c.yaml", *more))
    assert {name: second[name] for name in ("web-0.web.default.svc", "web-1.web.default.svc", "api.default.svc")} == {
        name: first[name] for name in ("web-0.web.default.svc", "web-1.web.default.svc", "api.default.svc")
    }
    assert len(second["web-2.web.default.svc"]) == 1


def test_ranges_can_be_chosen(tmp_path, serve):
    path = write_manifest(tmp_path / "m.yaml", service("web", selector={"app": "web"}), stateful_set("web", 2), service("api", headless=False))
    server = serve("--pod-cidr", "192.168.7.0/24", "--service-cidr", "172.20.0.0/16", path)
    assert all(a.startswith("192.168.7.") for a in server.addresses_of("web.default.svc"))
    assert all(a.startswith("172.20.") for a in server.addresses_of("api.default.svc"))


def test_ordinals_start(tmp_path, serve):
    path = write_manifest(tmp_path / "m.yaml", service("web", selector={"app": "web"}), stateful_set("web", 2, ordinals={"start": 5}))
    server = serve(path)
    found = {n for n in range(9) if server.addresses_of(f"web-{n}.web.default.svc")}
    assert found == {5, 6}


def test_pods_in_the_input_are_not_simulated(tmp_path, serve):
    real = pod("web-0", "10.9.9.9", labels={"app": "web"}, hostname="web-0", subdomain="web")
    real["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u", "controller": True}]
    server = serve(write_manifest(tmp_path / "m.yaml", service("web", selector={"app": "web"}), stateful_set("web", 2), real))
    assert server.addresses_of("web.default.svc") == {"10.9.9.9"}


def test_a_range_that_is_too_small(tmp_path):
    path = write_manifest(tmp_path / "m.yaml", service("web", selector={"app": "web"}), stateful_set("web", 20))
    line = refusal(path, "--pod-cidr", "10.1.0.0/29")
    assert "10.1.0.0/29" in line


# --- bad input ---


def refusal(path, *options):
    """The one line with which headns says what is wrong with a file; exit status 1, and one more line that it serves nothing."""
    done = harness.run_headns("serve", "--listen", "127.0.0.1:0", *options, path)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("headns: error: ") and lines[1].startswith("headns: error: serve: nothing is served")
    return lines[0]


def with_spec(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


PORT = {"name": "web", "port": 80}

# What is wrong; the object; what the line must have in it.
BAD_OBJECTS = [
    ("clusterIP is no address", with_spec("bad", clusterIP="10.0.0.300", ports=[PORT]), ["Service default/bad", "clusterIP", "10.0.0.300"]),
    ("clusterIP is a number", with_spec("bad", clusterIP=10, ports=[PORT]), ["Service default/bad", "clusterIP"]),
    ("port above the range", with_spec("bad", clusterIP="None", ports=[{"name": "web", "port": 70000}]), ["Service default/bad", "port", "70000"]),
    ("port 0", with_spec("bad", clusterIP="None", ports=[{"name": "web", "port": 0}]), ["Service default/bad", "port"]),
    ("port below the range", with_spec("bad", clusterIP="None", ports=[{"name": "web", "port": -1}]), ["Service default/bad", "port"]),
    ("port is a fraction", with_spec("bad", clusterIP="None", ports=[{"name": "web", "port": 80.5}]), ["Service default/bad", "port"]),
    ("port is text", with_spec("bad", clusterIP="None", ports=[{"name": "web", "port": "http"}]), ["Service default/bad", "port"]),
    ("targetPort above the range", with_spec("bad", clusterIP="None", ports=[{**PORT, "targetPort": 65536}]), ["Service default/bad", "targetPort", "65536"]),
    ("protocol unknown", with_spec("bad", clusterIP="None", ports=[{**PORT, "protocol": "QUIC"}]), ["Service default/bad", "protocol", "QUIC"]),
    ("label of 64 octets", with_spec("a" * 64, clusterIP="None", ports=[PORT]), ["Service default/" + "a" * 64, "63"]),
    ("name with a dot", with_spec("a.b", clusterIP="None", ports=[PORT]), ["Service default/a.b"]),
    ("name with an underscore", with_spec("a_b", clusterIP="None", ports=[PORT]), ["Service default/a_b"]),
    ("no name", {"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": {"clusterIP": "None"}}, ["Service", "metadata.name"]),
    ("name is a number", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": 7}, "spec": {"clusterIP": "None"}}, ["Service", "metadata.name"]),
    ("externalName over 255", with_spec("bad", type="ExternalName", externalName=".".join(["a" * 60] * 5)), ["Service default/bad", "externalName"]),
    ("externalName label over 63", with_spec("bad", type="ExternalName", externalName="a" * 64 + ".example"), ["Service default/bad", "externalName"]),
    ("podIP is no address", pod("bad", "10.244.0.1x"), ["Pod default/bad", "podIP", "10.244.0.1x"]),
    ("hostname of 64 octets", pod("bad", "10.244.0.1", hostname="h" * 64, subdomain="s"), ["Pod default/bad", "hostname"]),
    ("endpoint is no address", slice_of("bad", ["10.1.1"]), ["EndpointSlice default/bad-1", "10.1.1"]),
    ("replicas below zero", stateful_set("bad", -1), ["StatefulSet default/bad", "replicas"]),
    ("replicas beyond reason", stateful_set("bad", 10**12), ["StatefulSet default/bad", "replicas"]),
    ("namespace of 64 octets", {**with_spec("bad", clusterIP="None"), "metadata": {"name": "bad", "namespace": "n" * 64}}, ["bad", "namespace"]),
]


@pytest.mark.parametrize("bad, wanted", [pytest.param(b, w, id=what) for what, b, w in BAD_OBJECTS])
@pytest.mark.parametrize("extension", ["yaml", pytest.param("json", marks=pytest.mark.twin)])
def test_bad_object(tmp_path, serve, bad, wanted, extension):
    path = write_manifest(tmp_path / f"m.{extension}", as_list(GOOD, bad))
    line = refusal(path)
    place = re.search(re.escape(str(path)) + r":(\d+): ", line)
    assert place, line
    assert int(place.group(1)) > lines_to(path.read_text(), GOOD["spec"]["clusterIP"])  # it lies in the bad object, the second
    for text in wanted:
        assert text in line

    server = serve("--lenient", path)  # what is left of it: test_odd_objects.py
    assert server.addresses_of("good.default.svc") == {"10.0.0.77"}
    assert any(str(path) in logged and wanted[0] in logged for logged in server.log.lines)


def lines_to(text, needle):
    return text[: text.index(needle)].count("\n") + 1


SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: bad
spec:
  clusterIP: {ip}
  ports:
  - name: web
    protocol: {protocol}
    port: {port}
"""


# Texts have the line they stand in; numbers that of the mapping around them.
@pytest.mark.parametrize("fields, line", [({"ip": "10.0.0.300"}, 6), ({"protocol": "QUIC"}, 9), ({"port": 70000}, 8)])
def test_the_line_is_the_fields_line(tmp_path, fields, line):
    (tmp_path / "m.yaml").write_text("# one line before\n" * 10 + SERVICE.format(**{"ip": "None", "protocol": "TCP", "port": 80, **fields}))
    assert f"m.yaml:{10 + line}: Service default/bad: " in refusal(tmp_path / "m.yaml")


def test_duplicate_objects(tmp_path, serve):
    """The line names both places; with --lenient one of the two is served."""
    first = write_manifest(tmp_path / "a.yaml", GOOD)
    second = write_manifest(tmp_path / "b.yaml", GOOD)
    done = harness.run_headns("serve", "--listen", "127.0.0.1:0", first, second)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 2
    assert "Service default/good" in done.stderr and str(first) + ":" in done.stderr and str(second) + ":" in done.stderr
    server = serve("--lenient", first, second)
    assert server.addresses_of("good.default.svc") == {"10.0.0.77"}


LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)

# What is wrong; the text; the line that must be named, or None where any will do.
BAD_TEXTS = [
    ("not YAML", "apiVersion: v1\nkind: Service\nmetadata: {name: x\n", None),
    ("tab as indentation", "apiVersion: v1\nkind: Service\nmetadata:\n\tname: x\n", 4),
    ("a scalar", "hello\n", 1),
    ("a sequence", "- apiVersion: v1\n- kind: Service\n", 1),
    ("no kind", "apiVersion: v1\nmetadata: {name: x}\n", 1),
    ("billion laughs", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n" + LAUGHS, None),
    ("cyclic alias", "apiVersion: v1\nkind: Service\nmetadata: &m\n  name: x\n  labels: *m\n", 5),
    ("unknown alias", "apiVersion: v1\nkind: Service\nmetadata:\n  name: *absent\n", 4),
    ("not UTF-8", "apiVersion: v1\nkind: Service\nmetadata:\n  name: \udcff\udcfe\n", None),
    ("a NUL", "apiVersion: v1\nkind: Service\nmetadata:\n  name: \0\n", None),
    ("deep nesting", "apiVersion: v1\nkind: Service\nmetadata: " + "[" * 100000 + "\n", None),
]


@pytest.mark.parametrize("text, line", [pytest.param(t, n, id=what) for what, t, n in BAD_TEXTS])
def test_bad_text(tmp_path, serve, text, line):
    path = tmp_path / "m.yaml"
    path.write_text(text, errors="surrogateescape")
    said = refusal(path)
    place = re.search(re.escape(str(path)) + r":(\d+): ", said)
    assert place, said
    assert line is None or int(place.group(1)) == line, said
    good = write_manifest(tmp_path / "good.yaml", GOOD)
    assert serve("--lenient", good, path).addresses_of("good.default.svc") == {"10.0.0.77"}


BAD_JSON = [
    ("cut", '{"apiVersion": "v1",\n "kind": "Service",\n', None),
    ("deep nesting", "[" * 100000, None),
    ("words after the end", '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}\n}\n', 2),
]


@pytest.mark.parametrize("text, line", [pytest.param(t, n, id=what) for what, t, n in BAD_JSON])
def test_bad_json(tmp_path, text, line):
    path = tmp_path / "m.json"
    path.write_text(text)
    place = re.search(re.escape(str(path)) + r":(\d+): ", refusal(path))
    assert place and (line is None or int(place.group(1)) == line)


GARBAGE = {
    "noise": lambda: os.urandom(1 << 20),
    "brackets": lambda: b"[" * (1 << 20),
    "one scalar": lambda: b"a" * (1 << 20),
    "lines": lambda: b"- x\n" * (1 << 18),
}


@pytest.mark.big
@pytest.mark.parametrize("extension", ["yaml", "json"])
@pytest.mark.parametrize("kind", GARBAGE)
def test_a_hundred_megabytes_of_garbage(tmp_path, kind, extension):
    path = tmp_path / f"m.{extension}"
    with path.open("wb") as f:
        block = GARBAGE[kind]()
        for _ in range(100):
            f.write(block)
    done = harness.run_headns("serve", "--listen", "127.0.0.1:0", path)
    assert done.returncode == 1 and str(path) in done.stderr and len(done.stderr) < 2400
    path.unlink()


def test_control_characters_cannot_forge_lines(tmp_path):
    path = write_manifest(tmp_path / "m.json", with_spec("bad", clusterIP="x\nheadns: info: forged\x1b[31m", ports=[PORT]))
    assert "\x1b" not in refusal(path)


@pytest.mark.parametrize("name", ["absent.yaml", "absent-folder/x.yaml"])
def test_a_file_that_is_not_there(tmp_path, name):
    assert str(tmp_path / name) in refusal(tmp_path / name)


def test_names_too_long_in_a_long_zone(tmp_path, serve):
    """Each label is good, a pod's whole name is over 255 octets: it is in no answer, and what is short enough is served."""
    service_name, ns, zone = "s" * 63, "n" * 63, "z" * 60 + ".example."
    path = write_manifest(
        tmp_path / "m.yaml",
        service(service_name, ns, selector={"a": "b"}),
        pod("p", "10.244.0.1", ns, labels={"a": "b"}, hostname="h" * 63, subdomain=service_name),
    )
    server = serve("--zone", zone, path)
    assert server.addresses_of(f"{service_name}.{ns}.svc.{zone}") == {"10.244.0.1"}
    assert server.addresses_of(f"_web._tcp.{service_name}.{ns}.svc.{zone}", "SRV") == set()
    assert server.addresses_of("1.0.244.10.in-addr.arpa.", "PTR") == set()
