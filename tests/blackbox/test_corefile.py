"""headns configured as CoreDNS is: Corefiles, one or several server blocks, settings beside them, a pod's service account."""

import re

import dns.rcode
import pytest

import harness
from apiserver import ApiServer
from harness import pod, service
from test_cluster import certificate, tls_server

NGINX = service("nginx", selector={"app": "nginx"})
WEB0 = "web-0.nginx.default.svc"


def web(number, ip, **options):
    return pod(f"web-{number}", ip, labels={"app": "nginx"}, hostname=f"web-{number}", subdomain="nginx", **options)


@pytest.fixture
def api():
    """api(OBJECT…) is an API server that has these; its options are ApiServer's."""
    servers = []

    def start(*objects, **options):
        server = ApiServer(**options)
        servers.append(server)
        server.put(*objects)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def corefile(serve, tmp_path):
    """corefile(TEXT) is a headns that serves this Corefile, and has read `clusters` clusters."""

    def start(text, *arguments, clusters=1, env=None, command=()):
        path = tmp_path / "Corefile"
        path.write_text(text)
        server = serve("-conf", path, *arguments, listen=(), env=env, started="listening on", command=command)
        for number in range(clusters):
            server.log.wait(rf"serving \d+ services?(.|\n)*", start=0 if not number else server_lines(server, number))
        return server

    return start


def server_lines(server, number):
    """The number of the line behind the number-th that says what is served."""
    found = [i for i, line in enumerate(server.log.lines) if "info: serving" in line]
    return found[number - 1] + 1


def block(api, keys=".:0", zones="cluster.local in-addr.arpa ip6.arpa", bind="bind 127.0.0.1", more=""):
    return f"""
{keys} {{
    {bind}
    kubernetes {zones} {{
        endpoint {api.url}
        {more}
    }}
}}
"""


def refused(text, *arguments, env=None, folder=None):
    """What is said of a Corefile that is wrong."""
    path = folder / "Corefile"
    path.write_text(text)
    done = harness.run_headns("-conf", path, *arguments, env=env)
    assert done.returncode == 1, done.stderr
    return done.stderr.replace(str(path), "Corefile")


def answer(server, name, rdtype="A", address=None):
    response = server.udp(harness.make_query(name, rdtype), address)
    return harness.answer_set(response, rdtype) or dns.rcode.to_text(response.rcode())


def test_as_coredns_is_called(api, corefile):
    cluster = api(NGINX, web(0, "10.244.0.7"))
    server = corefile(block(cluster))
    assert answer(server, WEB0) == {"10.244.0.7"}
    assert answer(server, "7.0.244.10.in-addr.arpa.", "PTR") == {"web-0.nginx.default.svc.cluster.local."}
    assert answer(server, "example.org.") == "REFUSED"
    cluster.put(web(0, "10.244.0.8"))
    harness.until(server, WEB0, {"10.244.0.8"})


def test_with_the_subcommand_and_two_dashes(api, corefile):
    server = corefile(block(api(NGINX, web(0, "10.244.0.7"))), command=("serve", "--workers=1"))
    assert answer(server, WEB0) == {"10.244.0.7"}


def test_dns_port(api, corefile):
    port = harness.free_port()
    server = corefile(block(api(NGINX, web(0, "10.244.0.7")), keys="."), "-dns.port", port)
    assert server.port == port
    assert answer(server, WEB0) == {"10.244.0.7"}


def test_the_working_directory(api, serve, tmp_path):
    (tmp_path / "Corefile").write_text(block(api(NGINX, web(0, "10.244.0.7"))))
    server = serve(listen=(), cwd=tmp_path, started="listening on")
    server.log.wait("info: serving")
    assert answer(server, WEB0) == {"10.244.0.7"}


def test_standard_input(api, serve):
    server = serve("-conf", "stdin", listen=(), stdin=block(api(NGINX, web(0, "10.244.0.7"))), started="listening on")
    server.log.wait("info: serving")
    assert answer(server, WEB0) == {"10.244.0.7"}


def test_the_example(api, corefile, tmp_path):
    cluster = api(NGINX, web(0, "10.244.0.7"))
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig")
    text = (harness.ZONES / "Corefile").read_text()
    server = corefile(text, "-dns.port", 0, clusters=2, env={"KUBECONFIG": str(kubeconfig)})
    assert answer(server, WEB0) == {"10.244.0.7"}
    assert answer(server, "web-0.nginx.default.svc.k8s.example.org.") == {"10.244.0.7"}
    assert answer(server, "7.0.244.10.in-addr.arpa.", "PTR") == {"web-0.nginx.default.svc.cluster.local."}
    assert answer(server, "example.org.") == "REFUSED"


def test_the_root_is_a_zone(api, corefile):
    """As in CoreDNS, kubernetes has its block's zones, and the root has the reverse names as well."""
    server = corefile(block(api(NGINX, web(0, "10.244.0.7")), zones=""))
    assert answer(server, "web-0.nginx.default.svc.") == {"10.244.0.7"}
    assert answer(server, "7.0.244.10.in-addr.arpa.", "PTR") == {"web-0.nginx.default.svc."}
    assert answer(server, "example.org.") == "NXDOMAIN"


def test_ranges_of_few_addresses(api, corefile):
    """Each address of a range that is no whole octet or nibble is a zone of its own, and its PTR stands at the apex of that."""
    web6 = service("six", headless=False, cluster_ip="fd00:10:96::3")
    cluster = api(service("web", headless=False, cluster_ip="10.96.0.9"), service("out", headless=False, cluster_ip="10.96.0.17"), web6)
    server = corefile(block(cluster, zones="cluster.local 10.96.0.0/28 fd00:10:96::/125"))
    assert answer(server, "9.0.96.10.in-addr.arpa.", "PTR") == {"web.default.svc.cluster.local."}
    assert answer(server, f"3.{'0.' * 19}6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", "PTR") == {"six.default.svc.cluster.local."}
    assert answer(server, "9.0.96.10.in-addr.arpa.", "NS") == {"ns.dns.cluster.local."}
    assert answer(server, "8.0.96.10.in-addr.arpa.", "PTR") == "NOERROR"
    assert answer(server, "17.0.96.10.in-addr.arpa.", "PTR") == "REFUSED"


# --- several server blocks ---


def test_blocks_with_clusters_of_their_own(api, corefile):
    """Each name belongs to the block with the longest zone, whatever clusters the others have."""
    one, other = api(NGINX, web(0, "10.1.0.7")), api(NGINX, web(0, "10.2.0.7"))
    text = block(one, "cluster.local:0", "cluster.local") + block(other, "east.cluster.local:0 10.2.0.0/16:0", "east.cluster.local 10.2.0.0/16")
    server = corefile(text, clusters=2)
    assert answer(server, WEB0) == {"10.1.0.7"}
    assert answer(server, "web-0.nginx.default.svc.east") == {"10.2.0.7"}
    assert answer(server, "7.0.2.10.in-addr.arpa.", "PTR") == {"web-0.nginx.default.svc.east.cluster.local."}
    assert answer(server, "7.0.1.10.in-addr.arpa.", "PTR") == "REFUSED"
    assert answer(server, "web-0.nginx.default.svc.west") == "NXDOMAIN"
    other.put(web(0, "10.2.0.8"))
    harness.until(server, "web-0.nginx.default.svc.east", {"10.2.0.8"})
    assert answer(server, WEB0) == {"10.1.0.7"}


def test_tcp_asks_the_same_blocks(api, corefile):
    one, other = api(NGINX, web(0, "10.1.0.7")), api(NGINX, web(0, "10.2.0.7"))
    server = corefile(block(one, "a:0", "a") + block(other, "b:0", "b"), clusters=2)
    for zone, wanted in (("a", "10.1.0.7"), ("b", "10.2.0.7")):
        response = server.tcp(harness.make_query(f"web-0.nginx.default.svc.{zone}."))
        assert harness.answer_set(response, "A") == {wanted}


def test_blocks_at_different_addresses(api, corefile):
    """The same zone at two addresses is two clusters' names; an address that has no block for a name refuses it."""
    one, other = api(NGINX, web(0, "10.1.0.7")), api(NGINX, web(0, "10.2.0.7"))
    text = block(one, "cluster.local:0", "cluster.local", bind="bind 127.0.0.1")
    text += block(other, "cluster.local:0 b:0", "cluster.local b", bind="bind 127.0.0.2")
    server = corefile(text, clusters=2)
    second = harness.parse_addresses(server.log.wait(r"listening on 127\.0\.0\.2:\d+").group(0))[0]
    assert answer(server, WEB0) == {"10.1.0.7"}
    assert answer(server, WEB0, address=second) == {"10.2.0.7"}
    assert answer(server, "web-0.nginx.default.svc.b.", address=second) == {"10.2.0.7"}
    assert answer(server, "web-0.nginx.default.svc.b.") == "REFUSED"
    assert harness.answer_set(server.tcp(harness.make_query(WEB0), second), "A") == {"10.2.0.7"}


def test_a_block_that_answers_nothing(api, corefile):
    server = corefile(block(api(NGINX, web(0, "10.244.0.7")), ".:0") + "b:0 {\n bind 127.0.0.1\n}\n")
    assert answer(server, WEB0) == {"10.244.0.7"}
    assert answer(server, "a.b.") == "REFUSED"
    server.log.wait("nothing is served there, and every query refused")


def test_a_cluster_that_is_away_delays_no_other(api, corefile):
    one, away = api(NGINX, web(0, "10.1.0.7")), api()
    away.stall()
    server = corefile(block(one, "a:0", "a") + block(away, "b:0", "b"), clusters=1)
    assert answer(server, "web-0.nginx.default.svc.a.") == {"10.1.0.7"}
    assert answer(server, "web-0.nginx.default.svc.b.") == "SERVFAIL"
    away.stall(False)


def test_bind_an_interface(api, corefile):
    text = block(api(NGINX, web(0, "10.244.0.7")), bind="bind lo {\n except ::1 127.0.0.2\n }")
    server = corefile(text)
    assert ("127.0.0.1", server.port) in server.addresses
    assert "::1" not in [host for host, _ in server.addresses]
    assert answer(server, WEB0) == {"10.244.0.7"}


def test_loadbalance(api, corefile):
    pods = [web(number, f"10.244.0.{number}") for number in range(1, 9)]

    def firsts(more):
        server = corefile(block(api(NGINX, *pods)).replace("kubernetes", more + "\n kubernetes"))
        queries = [harness.make_query("nginx.default.svc") for _ in range(40)]
        found = {server.udp(query).answer[0][0].to_text() for query in queries}
        server.stop()
        return found

    assert len(firsts("")) == 1
    assert len(firsts("loadbalance round_robin")) > 1


# --- what is said beside the Corefile ---


def ttl_of(server, name):
    return server.udp(harness.make_query(name)).answer[0].ttl


@pytest.mark.parametrize(
    "arguments, variable, wanted",
    [
        ((), None, 30),
        (("--set", "kubernetes.ttl=7"), None, 7),
        ((), "kubernetes.ttl=8", 8),
        (("--set", "kubernetes.ttl=7"), "kubernetes.ttl=8,kubernetes.endpoints=slices", 7),
        (("--ttl", "9"), "kubernetes.ttl=8", 9),
    ],
)
def test_settings(api, corefile, arguments, variable, wanted):
    cluster = api(service("plain", cluster_ip="10.0.0.9", headless=False))
    env = {"HEADNS_SET": variable} if variable else None
    server = corefile(block(cluster, more="ttl 30"), *arguments, env=env)
    assert ttl_of(server, "plain.default.svc") == wanted


def test_settings_reach_every_block(api, corefile):
    plain = service("plain", cluster_ip="10.0.0.9", headless=False)
    server = corefile(block(api(plain), "a:0", "a") + block(api(plain), "b:0", "b"), "--set", "kubernetes.ttl=3", clusters=2)
    assert ttl_of(server, "plain.default.svc.a.") == ttl_of(server, "plain.default.svc.b.") == 3


def test_slices_by_setting(api, corefile):
    cluster = api(NGINX, web(0, "10.244.0.7"))
    corefile(block(cluster), "--set", "kubernetes.endpoints=slices")
    cluster.wait_watched("services", "endpointslices")
    assert cluster.count("pods") == 0


def test_settings_count_for_manifests(serve, tmp_path):
    services = [service("plain", ns, cluster_ip=ip, headless=False) for ns, ip in (("one", "10.0.0.1"), ("two", "10.0.0.2"))]
    manifest = harness.write_manifest(tmp_path / "two.yaml", *services)
    server = serve("--set", "kubernetes.namespaces=one", "--set", "kubernetes.pods=insecure", "--set", "kubernetes.ttl=3", manifest)
    assert answer(server, "plain.one.svc") == {"10.0.0.1"} and ttl_of(server, "plain.one.svc") == 3
    assert answer(server, "plain.two.svc") == "NXDOMAIN"
    assert answer(server, "10-1-2-3.one.pod") == {"10.1.2.3"}


def test_no_corefile_at_all(api, serve):
    server = serve("--set", f"kubernetes.endpoint={api(NGINX, web(0, '10.244.0.7')).url}")
    assert answer(server, WEB0) == {"10.244.0.7"}


EVERYTHING = """
        tls /etc/hostname /etc/hostname /etc/hostname
        apiserver_qps 100
        apiserver_burst 100
        apiserver_max_inflight 100
        {namespaces}
        labels app in (nginx, other),old notin (yes)
        pods verified
        endpoint_pod_names
        ttl 30
        fallthrough in-addr.arpa ip6.arpa
        ignore empty_service
        zonal
        startup_timeout 1m
"""
OURS = """
        endpoints pods
        negative_ttl 3
        snapshot {snapshot}
        handover 1s
        hold 1s
        max_answers 48
        ede off
        svcb
"""


@pytest.mark.parametrize("namespaces", ["namespaces default other", "namespace_labels kubernetes.io/metadata.name=default"])
def test_every_directive(api, corefile, tmp_path, namespaces):
    labelled = {**NGINX, "metadata": {**NGINX["metadata"], "labels": {"app": "nginx"}}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": {"kubernetes.io/metadata.name": "default"}}}
    cluster = api(namespace, labelled, service("hidden", selector={"app": "nginx"}), web(0, "10.244.0.7"))
    more = EVERYTHING.format(namespaces=namespaces) + OURS.format(snapshot=tmp_path / "snapshot")
    server = corefile(block(cluster, more=more))
    assert answer(server, WEB0) == {"10.244.0.7"} and ttl_of(server, WEB0) == 30
    assert answer(server, "hidden.default.svc") == "NXDOMAIN"
    assert answer(server, "10-244-0-7.default.pod") == {"10.244.0.7"}
    assert answer(server, "9.9.9.9.in-addr.arpa.", "PTR") == "NXDOMAIN"  # nobody is next in line


@pytest.mark.parametrize("limits", ["apiserver_max_inflight 1", "apiserver_qps 50\napiserver_burst 1\napiserver_max_inflight 2"])
def test_a_bounded_number_of_requests(api, corefile, limits):
    cluster = api(NGINX, web(0, "10.244.0.7"), page_size=1, streams_lists=False)
    server = corefile(block(cluster, more=limits))
    assert answer(server, WEB0) == {"10.244.0.7"}
    cluster.wait_watched()
    cluster.stop()
    cluster.put(web(0, "10.244.0.8"))
    cluster.start()
    harness.until(server, WEB0, {"10.244.0.8"})


# --- a pod's service account ---


@pytest.fixture
def account(need, tmp_path):
    """account(API) is what a pod's environment says, and the folder of its service account."""
    need("openssl")

    def make(api, cert, token):
        folder = tmp_path / "serviceaccount"
        folder.mkdir()
        (folder / "token").write_text(token)
        (folder / "ca.crt").write_bytes(cert.read_bytes())
        (folder / "namespace").write_text("kube-system")
        host, port = re.fullmatch(r"https://\[?([^\]]*)\]?:(\d+)", api.url).groups()
        env = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "HEADNS_SERVICE_ACCOUNT": str(folder)}
        return env, folder

    return make


IN_CLUSTER = """
cluster.local:0 {
    bind 127.0.0.1
    kubernetes
}
"""


def test_in_a_pod(api, corefile, account, tmp_path):
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    cluster = api(NGINX, web(0, "10.244.0.7"), tls=tls_server(cert, key), token="first")
    env, folder = account(cluster, cert, "first\n")
    server = corefile(IN_CLUSTER, env=env)
    assert answer(server, WEB0) == {"10.244.0.7"}
    # The kubelet has written a new token, and the old one has expired.
    (folder / "token").write_text("second\n")
    cluster.token = "second"
    for resource in ("pods", "services", "endpointslices", "namespaces"):
        cluster.end(resource)
    cluster.put(web(0, "10.244.0.8"))
    harness.until(server, WEB0, {"10.244.0.8"})
    assert "second" not in server.stop()


@pytest.mark.parametrize("missing", ["token", "ca.crt", "KUBERNETES_SERVICE_HOST"])
def test_no_pod(api, account, tmp_path, missing):
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    env, folder = account(api(tls=tls_server(cert, key)), cert, "t")
    if missing in env:
        env[missing] = ""
    else:
        (folder / missing).unlink()
    said = refused(IN_CLUSTER, env=env, folder=tmp_path)
    assert re.search(r"^headns: error: serve: Corefile:4: .*" + re.escape(missing), said), said


def test_endpoint_and_tls(api, corefile, need, tmp_path):
    """A server that shows its certificate and wants one."""
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    client_cert, client_key = certificate(tmp_path, "client", "DNS:us")
    cluster = api(NGINX, web(0, "10.244.0.7"), tls=tls_server(cert, key, client_cert))
    server = corefile(block(cluster, more=f"tls {client_cert} {client_key} {cert}"))
    assert answer(server, WEB0) == {"10.244.0.7"}


# --- what is wrong ---


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("", "Corefile: there is no server block in it"),
        (". {\n  frob\n}\n", 'Corefile:2: unknown directive "frob": headns has: acl, any, autopath, bind, '),
        (". {\n  kubernetes cluster.local {\n    pods on\n  }\n}\n", 'Corefile:3: pods: disabled, insecure or verified is wanted, not "on"'),
        (". {\n  kubernetes cluster.local {\n    frob\n  }\n}\n", 'Corefile:3: kubernetes has no "frob"; it has: '),
        (". {\n  bind nowhere0\n}\n", 'Corefile:2: bind: "nowhere0" is neither an IP address nor an interface'),
        (". {\n  bind 127.0.0.1 {\n    except lo\n  }\n}\n", "Corefile:2: bind: no address is left to listen on"),
        (". {\n  kubernetes cluster.local {\n    kubeconfig /nonexistent\n  }\n}\n", "Corefile:2: /nonexistent: No such file"),
        (". {\n  kubernetes cluster.local {\n    endpoint https://a\n    tls /no /k /c\n  }\n}\n", "Corefile:2: tls: /no: No such file"),
        (". {\n  kubernetes cluster.local {\n    endpoint https://a\n    tls '' /k /c\n  }\n}\n".replace("'", '"'), "Corefile:2: tls: /k: No such file"),
        (". {\n  kubernetes cluster.local {\n    kubeconfig {$NO_SUCH}\n  }\n}\n", "Corefile:3: kubeconfig: nothing is said between"),
        (". {\n  kubernetes cluster.local {\n    kubeconfig {$NO_SUCH}/x\n  }\n}\n", "Corefile:2: /x: No such file"),
        (". {\n  kubernetes cluster.local {\n    snapshot \"\"\n  }\n}\n", "Corefile:3: snapshot: nothing is said between"),
        ("a:1 {\n}\nb a:1 {\n}\n", "Corefile:3: a. is served at "),
        (". {\n", 'Corefile:1: the "{" of this server block is not closed'),
        (". {\n  import nothing\n}\n", "Corefile:2: import: there is neither a snippet (nothing) nor a file "),
    ],
)
def test_a_wrong_corefile(tmp_path, text, wanted):
    assert refused(text, folder=tmp_path).startswith(f"headns: error: serve: {wanted}")


def wrong_lines(tmp_path, text):
    """{line: what is said of it}, and the last line."""
    (tmp_path / "Corefile").write_text(text)
    done = harness.run_headns("serve", "--conf", "Corefile", cwd=tmp_path)
    assert done.returncode == 1
    *lines, last = done.stderr.splitlines()
    return dict(re.match(r"headns: error: Corefile:(\d+): (.*)", line).groups() for line in lines), last


def test_all_directives_that_are_not_known_are_named_at_once(tmp_path):
    """Those of CoreDNS's own example for Kubernetes, say."""
    known = "kubernetes cluster.local {\n  pods insecure\n}\nloadbalance\n"
    unknown = ["frob", "dnssec {\n  key file Kexample\n}", "etcd", "redy", "rrl . {\n responses-per-second 10\n}"]
    said, last = wrong_lines(tmp_path, ".:1053 {\n" + "\n".join(unknown) + "\n" + known + "nonsense here\n}\n")
    assert last == "headns: error: serve: Corefile: 6 lines are wrong, see above"
    listed = said.pop("2")
    assert listed.startswith('unknown directive "frob": headns has: acl, any, autopath, bind, ')
    assert "headns does not sign" in said.pop("3") and "etcd" in said.pop("6") and "external plugin" in said.pop("8")
    assert said == {"7": 'unknown directive "redy": is ready meant?', "15": 'unknown directive "nonsense"'}


def test_what_is_not_built_is_checked(tmp_path):
    """What is wrong with a line is said before what is missing here."""
    said, _ = wrong_lines(tmp_path, ".:1053 {\n health nowhere {\n  lameduck 5\n }\n bufsize 100\n ready {\n  monitor sometimes\n }\n ready\n}\n")
    assert said == {
        "2": 'health: an address such as :8080, 10.0.0.1:8080 or [::1]:8080 is wanted, not "nowhere"',
        "5": "bufsize: a number from 512 to 4096 is wanted",
        "7": 'monitor: until-ready or continuously is wanted, not "sometimes"',
        "9": "a server block has one ready, as in CoreDNS, and this one has it at Corefile:6 already",
    }


def test_directives_that_are_nothing_here(api, corefile):
    """They are checked, and one line each says why nothing is done."""
    more = "pprof :6053\n cancel\n multisocket 2\n shed\n trace zipkin localhost:9411 {\n  every 2\n }\n kubernetes"
    server = corefile(block(api(NGINX, web(0, "10.244.0.7"))).replace("kubernetes", more, 1))
    assert answer(server, WEB0) == {"10.244.0.7"}
    for name in ("pprof", "cancel", "multisocket", "shed", "trace"):
        assert server.log.count(rf"info: .*Corefile:\d+: {name}: nothing is to be done") == 1


def test_a_password_in_an_endpoint_is_not_shown(tmp_path):
    said = refused(". {\n  kubernetes cluster.local {\n    endpoint https://u:s3cret@a https://u:s3cret@b\n  }\n}\n", folder=tmp_path)
    assert "of 2 URLs only the first is used" in said and "Corefile:2: endpoint: the server's URL has a user name" in said
    assert "s3cret" not in said


def test_a_wrong_setting(tmp_path):
    done = harness.run_headns("-conf", tmp_path / "Corefile", "--set", "kubernetes.ttl=x")
    assert done.returncode == 2
    assert "serve: --set kubernetes.ttl=x: ttl: a number from 0 to 3600 is wanted" in done.stderr
    done = harness.run_headns("-conf", tmp_path / "Corefile", env={"HEADNS_SET": "kubernetes.ttl=5\nkubernetes.frob"})
    assert done.returncode == 2
    assert 'serve: HEADNS_SET: kubernetes.frob: kubernetes has no "frob"' in done.stderr


def test_a_setting_that_clashes_with_the_corefile(tmp_path):
    text = ". {\n  kubernetes cluster.local {\n    noendpoints\n  }\n}\n"
    said = refused(text, "--set", "kubernetes.zonal", folder=tmp_path)
    assert said.startswith("headns: error: serve: Corefile:2: zonal and noendpoints")


def two_clusters(first="", second=""):
    kept = [f"{zone} {{\n  kubernetes {zone} {{\n    endpoint http://127.0.0.1:1\n{line}  }}\n}}\n" for zone, line in (("a", first), ("b", second))]
    return "".join(kept)


@pytest.mark.parametrize("second", ["{0}/s", "{0}/./s", "{0}/link/s", "{0}/../{1}/s"])
def test_one_snapshot_for_two_clusters(tmp_path, second):
    (tmp_path / "link").symlink_to(".")
    second = second.format(tmp_path, tmp_path.name)
    said = refused(two_clusters(f"    snapshot {tmp_path}/s\n", f"    snapshot {second}\n"), folder=tmp_path)
    assert said.startswith(f"headns: error: serve: Corefile:8: snapshot {second}: the kubernetes at Corefile:2 has this file already")


@pytest.mark.parametrize("by", ["--set", "HEADNS_SET"])
def test_one_snapshot_set_for_two_clusters(tmp_path, by):
    setting = f"kubernetes.snapshot={tmp_path}/s"
    said = refused(two_clusters(), *(["--set", setting] if by == "--set" else []), env={by: setting}, folder=tmp_path)
    assert said.startswith(f"headns: error: serve: Corefile:7: snapshot {tmp_path}/s: the kubernetes at Corefile:2 has this file already")


def test_no_corefile(tmp_path):
    done = harness.run_headns("serve", cwd=tmp_path)
    assert done.returncode == 2
    assert "no manifest: name a file" in done.stderr
