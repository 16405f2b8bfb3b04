"""headns run: a program finds the cluster's names around it. Each test runs as whoever runs the tests and, if that is root, also as
an ordinary user, from a folder that both can read."""

import os
import re
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

import harness
from apiserver import ApiServer
from harness import pod, service, slice_of, write_manifest
from inside import NOBODY

CLIENTS = harness.ROOT / "tests" / "clients"
CACHE = Path(os.environ.get("HEADNS_CLIENTS") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headns-tests")

@pytest.fixture(scope="module")
def client(stage):
    """client("resolve-musl"): builds a client of tests/clients where that has not been done, and puts it on the stage."""

    def build_with(command, output, *arguments, library=None):
        def build():
            if not shutil.which(command):
                missing(command)
            if library and subprocess.run(["pkg-config", "--exists", library]).returncode != 0:
                missing(library)
            done = subprocess.run(arguments, capture_output=True, text=True, cwd=CLIENTS, env={**os.environ, "CGO_ENABLED": "0"})
            assert done.returncode == 0, done.stdout + done.stderr
            return output

        return build

    CACHE.mkdir(parents=True, exist_ok=True)
    musl, go, busybox, ares = (CACHE / name for name in ("resolve-musl", "resolve-go", "busybox-nslookup", "resolve-ares"))
    builders = {
        "resolve-musl": build_with("musl-gcc", musl, "musl-gcc", "-static", "-O1", "-o", musl, "resolve.c"),
        "resolve-go": build_with("go", go, "go", "build", "-o", go, "resolve.go"),
        "resolve-ares": build_with("gcc", ares, "gcc", "-O1", "-o", ares, "resolve-ares.c", "-lcares", library="libcares"),
        "busybox-nslookup": build_with("dpkg-source", busybox, "./busybox-nslookup.sh", busybox),
    }

    def get(name):
        target = stage / name
        if not target.exists():
            shutil.copy(builders[name](), target)
        return f"./{name}"

    return get


def missing(command):
    if os.environ.get("CI"):
        pytest.fail(f"{command} is not installed")
    pytest.skip(f"{command} is not installed")


# --- clients ---

WEB = {"web-0.nginx": "10.244.1.7", "web-1.nginx": "10.244.2.7"}


@pytest.mark.parametrize("name", WEB)
def test_debian_busybox(place, need, name):
    """Its nslookup ignores the search list for a name with a dot: found all the same."""
    need("busybox")
    said = place.output("busybox", "nslookup", name)
    assert re.search(r"^Address: *\t?10\.0\.0\.10:53$", said, re.M), said
    assert re.search(r"^Address: " + re.escape(WEB[name]) + r"$", said, re.M), said


@pytest.mark.parametrize("name", WEB)
def test_the_tutorials_very_lines(place, client, name):
    said = place.output(client("busybox-nslookup"), "nslookup", name)
    lines = [line for line in said.splitlines() if line]
    assert [" ".join(line.split()) for line in lines] == [
        "Server: 10.0.0.10",
        "Address 1: 10.0.0.10 kube-dns.kube-system.svc.cluster.local",
        f"Name: {name}",
        f"Address 1: {WEB[name]} {name}.default.svc.cluster.local",
    ]


@pytest.mark.parametrize("name", ["web-0.nginx", "web-0.nginx.default", "web-0.nginx.default.svc", "web-0.nginx.default.svc.cluster.local"])
def test_getent(place, name):
    assert {line.split()[0] for line in place.output("getent", "ahosts", name).splitlines()} == {"10.244.1.7"}


WORKLOADS = """
apiVersion: v1
kind: Service
metadata: {name: headless-svc}
spec: {clusterIP: None, selector: {job-name: example-job}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: example-job}
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template: {spec: {subdomain: headless-svc, restartPolicy: Never, containers: [{name: c, image: bash}]}}
---
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: web}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template: {metadata: {labels: {app: nginx}}, spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80, name: web}]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: exporter}
spec: {clusterIP: None, selector: {app: exporter}, ports: [{port: 9100}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: exporter}
spec:
  selector: {matchLabels: {app: exporter}}
  template: {metadata: {labels: {app: exporter}}, spec: {hostNetwork: true, containers: [{name: c, image: exporter}]}}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
"""


def test_pods_of_every_workload(place):
    """Made up as their controllers would: an Indexed Job's and a StatefulSet's by hostname, a DaemonSet's on its Node."""
    names = ["example-job-0.headless-svc", "example-job-2.headless-svc", "web-0.nginx", "web-1.nginx", "exporter"]
    lines = place.output("getent", "hosts", *names, manifest="-", input=WORKLOADS).splitlines()
    assert [line.split()[1].removesuffix(".default.svc.cluster.local") for line in lines] == names
    assert len({line.split()[0] for line in lines}) == 5 and lines[4].startswith("192.0.2.1 ")
    bind = "import socket, sys; [socket.socket().bind((socket.gethostbyname(n), 80)) for n in sys.argv[1:]]"
    place.output("/usr/bin/python3", "-c", bind, *names, manifest="-", input=WORKLOADS)


def test_the_first_line_of_the_debugging_page(place, need):
    """Kubernetes, Debugging DNS Resolution: nslookup kubernetes.default"""
    need("busybox")
    said = place.output("busybox", "nslookup", "kubernetes.default", manifest="-", input=WORKLOADS)
    assert re.search(r"^Address: *\t?10\.0\.0\.10:53$", said, re.M) and re.search(r"^Address: 10\.0\.0\.1$", said, re.M), said


def test_getent_finds_the_whole_set(place):
    found = {line.split()[0] for line in place.output("getent", "ahosts", "nginx").splitlines()}
    assert {"10.244.1.7", "10.244.2.7"} < found and len(found) == 5


def test_getent_reverse(place):
    assert place.output("getent", "hosts", "10.244.1.7").split() == ["10.244.1.7", "web-0.nginx.default.svc.cluster.local"]


def test_python(place):
    program = "import socket, sys; print(sorted({a[4][0] for n in sys.argv[1:] for a in socket.getaddrinfo(n, 80)}))"
    assert place.output("/usr/bin/python3", "-c", program, *WEB) == "['10.244.1.7', '10.244.2.7']\n"


@pytest.mark.parametrize("program", ["resolve-musl", "resolve-go", "resolve-ares"])
def test_other_resolvers(place, client, program):
    program = client(program)
    for name in ("web-0.nginx", "web-0.nginx.default.svc.cluster.local", "web-0.nginx.default.svc.cluster.local."):
        assert place.output(program, name).split() == ["10.244.1.7"]
    assert len(place.output(program, "nginx").split()) == 5
    done = place.run(program, "web-9.nginx")
    assert done.returncode == 1 and not done.stdout


BIG = [f"10.64.{n // 250}.{n % 250 + 1}" for n in range(10_000)]
MESSAGE = 4092  # addresses that a DNS message of 65,535 octets holds beside an OPT record; one more without
DATAGRAM = 28  # addresses that 512 octets hold in any case


@pytest.mark.big
@pytest.mark.parametrize("options, whole", [pytest.param((), MESSAGE, id="as it is"), pytest.param(("--set", f"kubernetes.max_answers={DATAGRAM}"), DATAGRAM, id="max_answers")])
@pytest.mark.parametrize("program", ["getent", "resolve-musl", "resolve-go", "resolve-ares"])
def test_a_service_of_ten_thousand_endpoints(place, client, stage, program, options, whole):
    """No message holds them all: each resolver takes as many as come, which is success. musl before 1.2.4 asks by UDP alone, where there are
    none: it needs an answer that fits."""
    slices = [slice_of("big", BIG[at : at + 1000], name=f"big-{at}") for at in range(0, len(BIG), 1000)]
    manifest = write_manifest(stage / f"big-{place.user}.yaml", service("big"), *slices)
    command = ("getent", "ahosts", "big") if program == "getent" else (client(program), "big")
    said = place.run(*command, manifest=manifest, options=options).stdout.splitlines()
    found = {line.split()[0] for line in said}
    assert found <= set(BIG)
    if program == "resolve-musl" and not options and not found:
        return
    if options:
        assert len(found) == whole
    else:
        assert whole <= len(found) <= whole + 1


@pytest.mark.parametrize("options", [["+search", "web-0.nginx"], ["web-0.nginx.default.svc.cluster.local"], ["+tcp", "web-0.nginx.default.svc.cluster.local"]])
def test_dig(place, need, options):
    need("dig")
    assert place.output("dig", "+short", *options).split()[-1] == "10.244.1.7"


def test_without_search_fallback(place, need):
    """Then it is as in a cluster today: Debian's busybox asks for the name as it stands, which no cluster has."""
    need("busybox")
    done = place.run("busybox", "nslookup", "web-0.nginx", options=["--no-search-fallback"])
    assert "10.244.1.7" not in done.stdout
    assert place.output("getent", "hosts", "web-0.nginx", options=["--no-search-fallback"]).split()[0] == "10.244.1.7"


def test_names_outside_are_absent_at_once(place):
    assert place.run("getent", "hosts", "example.com").returncode == 2


# --- processes on the pods' addresses ---

HTTP = """
cd site && /usr/bin/python3 -m http.server --bind 10.244.1.7 80 >log 2>&1 &
exec curl -sS --interface 10.244.2.7 --retry 60 --retry-connrefused --retry-delay 1 http://web-0.nginx:80/index.html
"""


def test_a_server_on_one_pod_and_a_client_on_another(place, need, stage):
    need("curl")
    site = stage / "site"
    site.mkdir(exist_ok=True)
    site.chmod(0o777)
    (site / "index.html").write_text("hello from web-0\n")
    (site / "log").unlink(missing_ok=True)
    assert place.output("sh", "-c", HTTP, options=["--pod", "web-1"]) == "hello from web-0\n"
    assert re.search(r"^10\.244\.2\.7 - - ", (site / "log").read_text(), re.MULTILINE)  # the client came from web-1's address
    (site / "log").unlink()


def test_nothing_but_loopback(place):
    """No way out, and every pod's address is there to be bound."""
    lines = place.output("cat", "/proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == ["lo"]
    program = "import socket, sys; [socket.socket().bind((a, 80)) for a in sys.argv[1:]]"
    place.output("/usr/bin/python3", "-c", program, *WEB.values())


def test_pods_that_come_later(place, stage):
    """An edit is served inside too, and its address is there."""
    manifest = stage / f"later-{place.user}.yaml"
    selector = {"app": "web"}
    objects = [service("web", selector=selector), pod("web-0", "10.7.0.1", labels=selector, hostname="web-0", subdomain="web")]
    write_manifest(manifest, *objects)
    program = """echo ready
until getent hosts web-1.web >/dev/null; do :; done
exec /usr/bin/python3 -c 'import socket; socket.socket().bind(("10.7.0.2", 80)); print("bound")'
"""
    process = place.start(manifest, "--", "sh", "-c", program)
    assert process.stdout.readline() == "ready\n"
    objects.append(pod("web-1", "10.7.0.2", labels=selector, hostname="web-1", subdomain="web"))
    write_manifest(manifest.with_suffix(".next"), *objects).rename(manifest)
    out, err = process.communicate(timeout=harness.PATIENCE_S)
    harness.check_sanitizer(err)
    assert (process.returncode, out) == (0, "bound\n"), err


# --- the pod's surroundings ---


def resolv_conf(text):
    """{keyword: [words]} of a resolv.conf; nameservers gathered."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            found.setdefault(words[0], []).extend(words[1:])
    return found


DEFAULT_SEARCH = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"]


def test_resolv_conf(place):
    assert resolv_conf(place.output("cat", "/etc/resolv.conf")) == {"nameserver": ["10.0.0.10"], "search": DEFAULT_SEARCH, "options": ["ndots:5"]}


def test_resolv_conf_outside_is_untouched(place):
    before = Path("/etc/resolv.conf").read_text()
    place.output("true")
    assert Path("/etc/resolv.conf").read_text() == before


def test_namespace(place):
    search = resolv_conf(place.output("cat", "/etc/resolv.conf", options=["--namespace", "kube-system"]))["search"]
    assert search == ["kube-system.svc.cluster.local", "svc.cluster.local", "cluster.local"]
    assert place.output("getent", "hosts", "kube-dns", options=["--namespace", "kube-system"]).split()[0] == "10.0.0.10"
    assert place.run("getent", "hosts", "kube-dns").returncode == 2


def test_zone(place):
    search = resolv_conf(place.output("cat", "/etc/resolv.conf", options=["--zone", "example.org"]))["search"]
    assert search == ["default.svc.example.org", "svc.example.org", "example.org"]
    assert place.output("getent", "hosts", "web-0.nginx", options=["--zone", "example.org"]).split()[0] == "10.244.1.7"


def test_pod(place):
    options = ["--pod", "web-0"]
    assert place.output("uname", "-n", options=options) == "web-0\n"
    assert place.output("hostname", "-f", options=options) == "web-0.nginx.default.svc.cluster.local\n"
    hosts = [line.split() for line in place.output("cat", "/etc/hosts", options=options).splitlines()]
    assert ["10.244.1.7", "web-0.nginx.default.svc.cluster.local", "web-0"] in hosts


def test_a_pod_that_is_not_there(place):
    """One line says which there are."""
    done = place.run("true", options=["--pod", "web-7"])
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "no pod web-7 in namespace default: is web-0 or web-1 meant? (pods there: " in done.stderr and ", web-0, web-1)\n" in done.stderr


@pytest.mark.parametrize("who, name", [("deploy/nginx", r"nginx-\S+"), ("statefulset/web", "web-0"), ("svc/nginx", r"\S+"), ("pod/web-1", "web-1")])
def test_whom_kubectl_exec_takes(place, who, name):
    """From what one writes, whose pods are made up."""
    selector = {"app": "nginx"}
    template = {"metadata": {"labels": selector}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "nginx"},
        "spec": {"replicas": 2, "selector": {"matchLabels": selector}, "template": template},
    }
    manifest = write_manifest(place.stage / f"who-{place.user}.yaml", service("nginx", selector=selector), harness.stateful_set("web", 2), deployment)
    assert re.fullmatch(name, place.output("uname", "-n", manifest=manifest, options=["--pod", who]).strip())


def test_no_such_type(place):
    done = place.run("true", options=["--pod", "node/a"])
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "deploy/NAME" in done.stderr


IDENTITIES = [
    ("setHostnameAsFQDN", {"setHostnameAsFQDN": True}, "p.nginx.default.svc.cluster.local", ["10.7.0.1", "p.nginx.default.svc.cluster.local", "p"]),
    ("hostnameOverride", {"hostnameOverride": "db.example.com"}, "db.example.com", ["10.7.0.1", "db.example.com"]),
    ("hostAliases", {"hostAliases": [{"ip": "10.1.2.3", "hostnames": ["foo.remote", "bar.remote"]}]}, "p", ["10.1.2.3", "foo.remote", "bar.remote"]),
]


@pytest.mark.parametrize("spec, hostname, line", [pytest.param(*case, id=what) for what, *case in IDENTITIES])
def test_identity(place, stage, spec, hostname, line):
    """As a kubelet sets them: the kernel's host name, and a line of /etc/hosts."""
    manifest = write_manifest(stage / f"identity-{place.user}.yaml", pod("p", "10.7.0.1", subdomain="nginx", **spec))
    said = place.output("sh", "-c", "uname -n; cat /etc/hosts", manifest=manifest, options=["--pod", "p"]).splitlines()
    assert said[0] == hostname and line in [one.split() for one in said[1:]]


def test_the_pods_own_address(place):
    """It alone (and the DNS server's) is what programs see that list addresses, and where connections come from."""
    listing = place.output("ip", "-4", "-o", "address", "show", "dev", "lo", options=["--pod", "web-1"])
    assert re.findall(r"inet ([0-9.]+)", listing) == ["127.0.0.1", "10.244.2.7", "10.0.0.10"]
    program = "import socket; s = socket.create_server(('10.244.1.7', 80)); print(socket.create_connection(('10.244.1.7', 80)).getsockname()[0])"
    assert place.output("/usr/bin/python3", "-c", program, options=["--pod", "web-1"]) == "10.244.2.7\n"


def test_an_address_that_is_no_pods_is_not_there(place):
    program = "import socket; socket.socket().bind(('10.244.1.99', 80))"
    done = place.run("/usr/bin/python3", "-c", program)
    assert done.returncode == 1 and "Cannot assign requested address" in done.stderr


CONFIG = {"nameservers": ["10.1.2.3"], "searches": ["my.example"], "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]}

POLICIES = [
    ("ClusterFirst", {"dnsPolicy": "ClusterFirst"}, {"nameserver": ["10.0.0.10"], "search": DEFAULT_SEARCH, "options": ["ndots:5"]}),
    (
        "ClusterFirst with dnsConfig",
        {"dnsPolicy": "ClusterFirst", "dnsConfig": CONFIG},
        {"nameserver": ["10.0.0.10", "10.1.2.3"], "search": [*DEFAULT_SEARCH, "my.example"], "options": ["ndots:2", "edns0"]},
    ),
    ("None", {"dnsPolicy": "None", "dnsConfig": CONFIG}, {"nameserver": ["10.1.2.3"], "search": ["my.example"], "options": ["ndots:2", "edns0"]}),
    (
        "ClusterFirst on the host's network: as Default",
        {"dnsPolicy": "ClusterFirst", "hostNetwork": True},
        None,
    ),
    (
        "ClusterFirstWithHostNet",
        {"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True},
        {"nameserver": ["10.0.0.10"], "search": DEFAULT_SEARCH, "options": ["ndots:5"]},
    ),
    ("Default", {"dnsPolicy": "Default"}, None),
]


@pytest.mark.parametrize("spec, want", [pytest.param(s, w, id=what) for what, s, w in POLICIES])
def test_dns_policy(place, stage, spec, want):
    manifest = write_manifest(stage / "policy.yaml", pod("p", "10.7.0.1", **spec))
    got = resolv_conf(place.output("cat", "/etc/resolv.conf", manifest=manifest, options=["--pod", "p"]))
    if want is None:  # Default: the machine's own servers
        machine = resolv_conf(Path("/etc/resolv.conf").read_text())
        assert got.get("nameserver") == machine.get("nameserver") and got.get("search") == machine.get("search")
    else:
        assert got == want


def test_dual_stack(place, stage):
    selector = {"app": "web"}
    both = pod("web-0", "10.7.0.1", labels=selector, hostname="web-0", subdomain="web")
    both["status"]["podIPs"].append({"ip": "fd00:7::1"})
    manifest = write_manifest(stage / "dual.yaml", service("web", selector=selector, ipFamilies=["IPv4", "IPv6"]), both)
    found = place.output("getent", "ahosts", "web-0.web", manifest=manifest)
    assert {line.split()[0] for line in found.splitlines()} == {"10.7.0.1", "fd00:7::1"}
    program = "import socket; socket.socket(socket.AF_INET6).bind(('fd00:7::1', 80))"
    place.output("/usr/bin/python3", "-c", program, manifest=manifest)


# --- a cluster that is followed ---


@pytest.fixture
def live(place):
    """A cluster with an API server, outside; live(*arguments) runs a command with its names."""
    api = ApiServer()
    api.put(
        service("nginx", selector={"app": "nginx"}),
        service("kube-dns", "kube-system", headless=False, cluster_ip="10.96.0.10"),
        service("api", headless=False, cluster_ip="10.96.0.11"),
        pod("web-0", "10.8.0.7", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"),
    )
    kubeconfig = api.kubeconfig(place.temporary / "kubeconfig")
    kubeconfig.chmod(0o644)

    def start(*arguments, options=()):
        return place.start(*options, "--kubeconfig", kubeconfig, "--", *arguments)

    start.api = api
    yield start
    if api.running:
        api.stop()


def finish(process, status=0):
    out, err = process.communicate(timeout=harness.PATIENCE_S)
    harness.check_sanitizer(err)
    assert process.returncode == status, err
    return out, err


def test_names_of_a_cluster(live):
    """Those of now, at the address of its own DNS server."""
    out, _ = finish(live("sh", "-c", "getent hosts web-0.nginx; cat /etc/resolv.conf"))
    lines = out.splitlines()
    assert lines[0].split() == ["10.8.0.7", "web-0.nginx.default.svc.cluster.local"]
    assert resolv_conf(out)["nameserver"] == ["10.96.0.10"]


def test_names_of_a_cluster_follow_it(live):
    """The connection to the API server is made from outside, and lives as long as the command."""
    process = live("sh", "-c", "echo ready; until getent hosts web-1.nginx; do :; done")
    assert process.stdout.readline() == "ready\n"
    live.api.put(pod("web-1", "10.8.0.8", labels={"app": "nginx"}, hostname="web-1", subdomain="nginx"))
    out, _ = finish(process)
    assert out.split()[0] == "10.8.0.8"


def test_its_addresses_are_not_there(live):
    """Which is said once, where a look-up leads to one first; not of the DNS server's own."""
    program = "getent hosts kube-dns.kube-system; getent hosts web-0.nginx; getent hosts api; python3 -c 'import socket; socket.create_connection((\"10.8.0.7\", 80))'"
    _, err = finish(live("sh", "-c", program), status=1)
    said = [line for line in err.splitlines() if line.startswith("headns: ")]
    assert len(said) == 1 and "web-0.nginx.default.svc.cluster.local. has the address 10.8.0.7, which is not there" in said[0], err
    assert "Network is unreachable" in err


def test_a_pod_of_a_cluster(live):
    """Its own address is there."""
    out, _ = finish(live("sh", "-c", "hostname -f; python3 -c 'import socket; socket.socket().bind((\"10.8.0.7\", 80)); print(\"bound\")'", options=["--pod", "web-0"]))
    assert out == "web-0.nginx.default.svc.cluster.local\nbound\n"


def test_a_plugin_for_credentials_runs_outside(place):
    """It may have to ask somebody; its network is the machine's."""
    api = ApiServer(token="secret")
    api.put(service("nginx", selector={"app": "nginx"}), pod("web-0", "10.8.0.7", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))
    plugin = place.temporary / "plugin"
    port = api.url.rsplit(":", 1)[1]
    credential = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"secret"}}'
    plugin.write_text(f"#!/bin/sh\npython3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))' && echo '{credential}'\n")
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}}
    kubeconfig = api.kubeconfig(place.temporary / "kubeconfig", user)
    kubeconfig.chmod(0o644)
    out, _ = finish(place.start("--kubeconfig", kubeconfig, "--", "getent", "hosts", "web-0.nginx"))
    api.stop()
    assert out.split()[0] == "10.8.0.7"


def test_a_cluster_that_cannot_be_read(live):
    live.api.stop()
    _, err = finish(live("echo", "started", options=["--timeout", "1"]), status=1)
    assert "could not be read within 1 s" in err.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_wait_for_a_cluster_can_be_ended(live, number):
    """The command has not begun; it ends as it would have."""
    live.api.stall()
    process = live("echo", "started")
    live.api.wait_for(lambda api: api.connections)
    process.send_signal(number)
    out, _ = finish(process, status=-number)
    assert out == ""


# --- a command like any other ---


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_status(place, status):
    assert place.run("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_death_by_signal(place, number):
    """As if the command had been started without headns: the shell sees the same."""
    assert place.run("sh", "-c", f"ulimit -c 0; kill -{int(number)} $$").returncode == -number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(place, number):
    program = f"trap 'echo got; exit 7' {int(number)}; echo ready; while :; do sleep 1000 & wait; done"
    process = place.start("zones/nginx-observed.yaml", "--", "sh", "-c", program)
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=harness.PATIENCE_S)
    harness.check_sanitizer(err)
    assert (process.returncode, out) == (7, "got\n"), err


def test_streams_and_environment(place):
    done = place.run("sh", "-c", 'cat; echo "$GREETING" >&2', input="from outside\n")
    assert done.stdout == "from outside\n"
    process = place.start("zones/nginx-observed.yaml", "--", "sh", "-c", 'printf %s "$GREETING"; pwd', env={"GREETING": "hello "})
    out, _ = process.communicate(timeout=harness.PATIENCE_S)
    assert out == f"hello {place.stage}\n"


def test_it_stays_the_user_it_was(place):
    outside = subprocess.run([*(NOBODY if place.user == "ordinary" else []), "id", "-u"], capture_output=True, text=True).stdout
    assert place.output("id", "-u") == outside


def test_arguments_are_the_commands(place):
    assert place.output("printf", "%s|", "a b", "--pod", "-x", "") == "a b|--pod|-x||"


@pytest.mark.parametrize("command, status", [("./absent", 127), ("no-such-command", 127), ("./zones", 126)])
def test_a_command_that_cannot_be_started(place, command, status, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # a folder in it that may not be read would be another error
    done = place.run(command)
    assert done.returncode == status and len(done.stderr.splitlines()) == 1 and command in done.stderr


def test_it_is_quiet(place):
    done = place.run("true")
    assert (done.stdout, done.stderr) == ("", "")


def test_a_manifest_that_is_wrong(place, stage):
    (stage / "bad.yaml").write_text("{ not yaml\n")
    done = place.run("sh", "-c", "echo started", manifest=stage / "bad.yaml")
    assert (done.returncode, done.stdout) == (1, "") and "bad.yaml:" in done.stderr.splitlines()[0]


def test_input_without_a_dns_service(place, stage):
    """10.0.0.10 serves where the input has no kube-dns."""
    manifest = write_manifest(stage / "alone.yaml", pod("web-0", "10.7.0.1", labels={"a": "b"}, hostname="web-0", subdomain="web"), service("web", selector={"a": "b"}))
    assert resolv_conf(place.output("cat", "/etc/resolv.conf", manifest=manifest))["nameserver"] == ["10.0.0.10"]
    assert place.output("getent", "hosts", "web-0.web", manifest=manifest).split()[0] == "10.7.0.1"


# --- nothing is left behind ---


def processes_with(mark):
    """Processes whose environment has the mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


def mounts():
    return sorted(line.split(" ", 3)[3] for line in Path("/proc/self/mountinfo").read_text().splitlines())


def test_nothing_is_left_behind(place):
    """Not even what the command left running; its end ends all."""
    mark, before = uuid.uuid4().hex, mounts()
    process = place.start("zones/nginx-observed.yaml", "--", "sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & exit 3", env={"MARK": mark})
    out, err = process.communicate(timeout=harness.PATIENCE_S)  # ends only when no process holds the pipe any more
    assert process.returncode == 3, err
    assert processes_with(mark) == [] and mounts() == before and list(place.temporary.iterdir()) == []


@pytest.mark.skipif(bool(harness.WRAP), reason="the wrapper would be killed")
def test_nothing_is_left_behind_when_it_is_killed(place):
    mark, before = uuid.uuid4().hex, mounts()
    process = place.start("zones/nginx-observed.yaml", "--", "sh", "-c", "echo ready; exec sleep 1000", env={"MARK": mark})
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.communicate(timeout=harness.PATIENCE_S)  # as above
    assert processes_with(mark) == [] and mounts() == before and list(place.temporary.iterdir()) == []


def test_two_at_a_time(place):
    """Each has addresses of its own: they don't meet."""
    program = "/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind((\"10.244.1.7\", 80)); print(\"bound\", flush=True); input()'"
    both = [place.start("zones/nginx-observed.yaml", "--", "sh", "-c", program, stdin=subprocess.PIPE) for _ in range(2)]
    assert [process.stdout.readline() for process in both] == ["bound\n"] * 2
    for process in both:
        process.communicate("\n", timeout=harness.PATIENCE_S)
        assert process.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can forbid namespaces to itself")
@pytest.mark.skipif(bool(harness.WRAP), reason="valgrind crashes where clone() fails")
@pytest.mark.parametrize("kind", ["user", "net", "mnt", "uts", "pid"])
def test_where_the_system_forbids_it(stage, kind):
    """One line says what does."""
    forbid = ["unshare", "-Ur", "sh", "-c", f'echo 0 >/proc/sys/user/max_{kind}_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"', "sh"]
    done = subprocess.run(
        [*forbid, *harness.WRAP, str(stage / "headns"), "run", str(stage / "zones/nginx-observed.yaml"), "--", "true"],
        capture_output=True,
        text=True,
        env=harness.environment(),
        timeout=harness.PATIENCE_S,
    )
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and f"max_{kind}_namespaces" in done.stderr
