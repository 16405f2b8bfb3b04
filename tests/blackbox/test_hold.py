"""`hold`: who asks for a pod that is not ready yet has its answer when it is."""

import signal
import socket
import subprocess

import dns.flags
import dns.message
import dns.rcode
import pytest

import harness
from harness import NGINX, WEB0, answer_set, make_query, pod, rcode, service, web
from test_corefile_reload import Corefile, free_port, text
from upstream import Upstream, reply_to

FOREVER = "4s"  # longer than what these tests do while somebody waits
BRIEF = "200ms"
SOON = web(0, "10.244.0.7", ready=False)
NOW = web(0, "10.244.0.7")


class Asker:
    """One socket, whose questions are answered in any order."""

    def __init__(self, server, tcp=False, host=None):
        self.server, self.tcp, self.last = server, tcp, 0
        self.socket = server.tcp_socket() if tcp else server.udp_socket()
        if host:
            self.socket.close()
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.settimeout(harness.PATIENCE_S)
            self.socket.bind((host, 0))
            self.socket.connect((server.address, server.port))

    def send(self, name, rdtype="A", number=None, **options):
        self.last = number or self.last + 1
        wire = make_query(name, rdtype, id=self.last, **options).to_wire()
        self.socket.send(harness.frame(wire) if self.tcp else wire)
        return self.last

    def receive(self):
        return dns.message.from_wire(harness.receive_frame(self.socket) if self.tcp else self.socket.recv(65535))

    def passed(self):
        """The one worker has seen all that was sent: what is answered at once would have come before this."""
        number = self.send("kubernetes.default.svc", number=0xFFFF)
        self.last = 0
        got = self.receive()
        assert got.id == number, got.to_text()
        return self

    def hold(self, name=WEB0, rdtype="A", **options):
        """Asks, and sees to it that the answer is not there yet."""
        self.send(name, rdtype, **options)
        return self.passed()


@pytest.fixture
def held(cluster, follow):
    """held(*objects, …) follows a cluster where web-0 is not ready, and holds whoever asks for it."""

    def start(*objects, duration=FOREVER, settings=(), workers=1, **options):
        api = cluster()
        api.put(SOON, service("kubernetes", headless=False, cluster_ip="10.0.0.1"), *objects)
        server = follow(api, "--hold", duration, "--workers", str(workers), settings=settings, **options)
        return api, server

    return start


def got(response, rdtype="A"):
    return answer_set(response, rdtype) or dns.rcode.to_text(response.rcode())


def end(server, *askers):
    for one in askers:
        one.socket.close()
    server.stop()


# --- until it is there ---


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize(
    "name, rdtype, answer",
    [
        (WEB0, "A", {"10.244.0.7"}),
        (WEB0.upper(), "A", {"10.244.0.7"}),
        ("nginx.default.svc", "A", {"10.244.0.7"}),
        (WEB0, "AAAA", "NOERROR"),
        (WEB0, "HTTPS", "NOERROR"),
        ("_web._tcp.nginx.default.svc", "SRV", {f"0 100 80 {WEB0}.cluster.local."}),
        (WEB0, "SRV", {f"0 100 80 {WEB0}.cluster.local."}),
    ],
)
def test_a_name_is_answered_when_it_appears(held, tcp, name, rdtype, answer):
    api, server = held()
    asker = Asker(server, tcp).hold(name, rdtype)
    api.put(NOW)
    response = asker.receive()
    assert (response.id, got(response, rdtype)) == (1, answer)
    assert response.question[0].name.to_text().startswith(name[:5])


def test_the_answer_is_made_for_its_question(held):
    api, server = held()
    plain, signed = Asker(server).hold(payload=None), Asker(server).hold(ednsflags=dns.flags.DO, flags=0)
    api.put(NOW)
    response = plain.receive()
    assert response.edns == -1 and response.flags & dns.flags.RD
    response = signed.receive()
    assert response.edns == 0 and not response.flags & dns.flags.RD and got(response) == {"10.244.0.7"}


def test_a_headless_service_without_any_pod(held):
    api, server = held(service("db", selector={"app": "db"}))
    asker = Asker(server).hold("db.default.svc")
    api.put(pod("db-0", "10.244.0.9", labels={"app": "db"}))
    assert got(asker.receive()) == {"10.244.0.9"}


def test_a_pod_that_has_no_address_yet(held):
    pending = web(1, "10.244.0.8", ready=False)
    pending["status"] = {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]}
    api, server = held(pending)
    asker = Asker(server).hold("web-1.nginx.default.svc")
    api.put(web(1, "10.244.0.8"))
    assert got(asker.receive()) == {"10.244.0.8"}


def test_a_pod_of_a_service_with_an_address(held):
    api, server = held(service("shop", selector={"app": "nginx"}, headless=False, cluster_ip="10.0.0.9"))
    asker = Asker(server).hold("10-244-0-7.shop.default.svc")
    api.put(NOW)
    assert got(asker.receive()) == {"10.244.0.7"}


def test_what_a_cname_leads_to(held):
    alias = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "alias", "namespace": "default"}}
    api, server = held({**alias, "spec": {"type": "ExternalName", "externalName": f"{WEB0}.cluster.local"}})
    asker = Asker(server).hold("alias.default.svc")
    api.put(NOW)
    response = asker.receive()
    assert got(response) == {"10.244.0.7"} and got(response, "CNAME") == {f"{WEB0}.cluster.local."}


def test_other_changes_answer_nobody(held):
    """Also where they are of the same Service."""
    api, server = held()
    asker = Asker(server).hold()
    api.put(web(1, "10.244.0.8"))
    harness.until(server, "web-1.nginx.default.svc", {"10.244.0.8"})
    asker.passed()
    api.put(NOW)
    assert got(asker.receive()) == {"10.244.0.7"}


def test_a_reason_that_has_gone_is_waited_for_no_longer(held):
    """The pod is deleted: now there is no such name."""
    api, server = held()
    asker = Asker(server).hold()
    api.delete(SOON)
    assert got(asker.receive()) == "NXDOMAIN"


def test_many_at_once(held):
    """Over both workers, from several addresses; some clients are gone before their answers come."""
    api, server = held(workers=2)
    askers = [Asker(server, host=f"127.0.0.{2 + n % 8}") for n in range(64)]
    for asker in askers:
        for _ in range(8):
            asker.send(WEB0)
    streams = [Asker(server, tcp=True) for _ in range(8)]
    for stream in streams:
        for _ in range(8):
            stream.send(WEB0)
    gone = askers[::4] + streams[::4]
    for asker in gone:
        asker.socket.close()
    api.put(NOW)
    for asker in askers + streams:
        if asker in gone:
            continue
        answers = [asker.receive() for _ in range(8)]
        assert {a.id for a in answers} == set(range(1, 9)) and all(got(a) == {"10.244.0.7"} for a in answers)


# --- or not ---


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_in_the_end_the_answer_is_no(held, tcp):
    """The same as without."""
    api, server = held(duration=BRIEF)
    asker = Asker(server, tcp)
    asker.send(WEB0)
    response = asker.receive()
    assert got(response) == "NXDOMAIN" and response.authority[0].ttl == 0
    assert [str(o.text) for o in response.options] == ["its endpoints are not ready"]
    api.put(NOW)
    harness.until(server, WEB0, {"10.244.0.7"})


@pytest.mark.parametrize(
    "name, rdtype, answer",
    [
        ("web-9.nginx.default.svc", "A", "NXDOMAIN"),
        ("x.web-0.nginx.default.svc", "A", "NXDOMAIN"),
        ("none.default.svc", "A", "NXDOMAIN"),
        ("web-0.nginx.none.svc", "A", "NXDOMAIN"),
        (f"{WEB0}.cluster.local.default.svc", "A", "NXDOMAIN"),
        (f"{WEB0}.cluster.local.svc", "A", "NXDOMAIN"),
        (f"{WEB0}.cluster.local", "A", "NXDOMAIN"),
        ("7.0.244.10.in-addr.arpa.", "PTR", "NXDOMAIN"),
        ("web-5.ready.default.svc", "AAAA", "NOERROR"),
        ("ready.default.svc", "AAAA", "NOERROR"),
        ("web-5.ready.default.svc", "MX", "NOERROR"),
        ("_none._tcp.ready.default.svc", "SRV", "NXDOMAIN"),
        ("web-6.ready.default.svc", "A", "NXDOMAIN"),
        ("kubernetes.default.svc", "AAAA", "NOERROR"),
    ],
)
def test_what_is_not_about_to_be_there_is_answered_at_once(held, name, rdtype, answer):
    going = pod("web-6", "10.244.0.6", labels={"app": "ready"}, hostname="web-6", subdomain="ready")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    there = pod("web-5", "10.244.0.5", labels={"app": "ready"}, hostname="web-5", subdomain="ready")
    _, server = held(service("ready", selector={"app": "ready"}), there, going)
    asker = Asker(server)
    asker.send(name, rdtype)
    asker.send("kubernetes.default.svc")
    assert got(asker.receive(), rdtype) == answer
    assert asker.receive().id == 2


@pytest.mark.parametrize("settings", [["hold=0s"], ["compat=coredns"], []])
def test_without_it_nobody_waits(cluster, follow, settings):
    api = cluster()
    api.put(SOON, service("kubernetes", headless=False, cluster_ip="10.0.0.1"))
    server = follow(api, "--workers", "1", settings=settings)
    asker = Asker(server)
    asker.send(WEB0)
    assert got(asker.receive()) == "NXDOMAIN"


def test_with_compat_coredns_only_where_it_is_said(held):
    api, server = held(settings=["compat=coredns"])
    asker = Asker(server).hold()
    api.put(NOW)
    assert got(asker.receive()) == {"10.244.0.7"}


def test_who_asks_again_has_one_answer(held):
    api, server = held()
    asker = Asker(server).hold(number=7).hold(number=7).hold(number=8)
    api.put(NOW)
    assert {asker.receive().id, asker.receive().id} == {7, 8}
    asker.passed()


def test_one_client_does_not_take_all_the_room(held):
    """An eighth of 4,096 may wait for one address; others have theirs."""
    api, server = held()
    many, other = [Asker(server, host="127.0.0.2") for _ in range(8)], Asker(server, host="127.0.0.3")  # each has room for 64 replies
    for number in range(64 * len(many)):
        many[number % len(many)].send(WEB0)
    for one in many:
        one.passed()
        one.send(WEB0, number=1000)
        assert got(one.receive()) == "NXDOMAIN"
    other.hold()
    api.put(NOW)
    for one in many:
        assert {one.receive().id for _ in range(64)} == set(range(1, 65))
    assert got(other.receive()) == {"10.244.0.7"}


# --- what happens meanwhile ---


def test_a_stop_answers_who_waits(held):
    _, server = held()
    udp, tcp = Asker(server).hold(), Asker(server, tcp=True).hold()
    server.signal(signal.SIGTERM)
    assert got(udp.receive()) == "NXDOMAIN" and got(tcp.receive()) == "NXDOMAIN"
    server.wait_end()


def test_until_the_cluster_is_known_nobody_waits(cluster, follow):
    api = cluster()
    api.put(SOON)
    api.refuse("pods", 503, times=None)
    server = follow(api, "--hold", FOREVER, started="listening on")
    assert rcode(server, WEB0) == "SERVFAIL"


def test_the_api_server_is_gone_for_a_while(held):
    """Who waits then has the answer when it is back."""
    api, server = held()
    asker = Asker(server).hold()
    api.stop()
    api.put(NOW)
    api.start()
    assert got(asker.receive()) == {"10.244.0.7"}


@pytest.fixture
def corefile(serve, tmp_path):
    return Corefile(serve, tmp_path / "Corefile")


def hold_corefile(api, port, hold=FOREVER, more="", beside=""):
    return text(api, port, more=f"hold {hold}\n        {more}", beside=beside)


def test_a_reload_keeps_who_waits(api, corefile):
    api.put(NGINX, SOON, service("kubernetes", headless=False, cluster_ip="10.0.0.1"))
    port = free_port()
    server = corefile.start(hold_corefile(api, port))
    asker = Asker(server)
    asker.send(WEB0)
    corefile.path.write_text(hold_corefile(api, port, beside="loadbalance"))
    server.signal(signal.SIGHUP)
    before = Asker(server)
    before.send(WEB0)
    api.put(NOW)
    for one in (asker, before):
        assert got(one.receive()) == {"10.244.0.7"}
    server.log.wait("Corefile is served as it is now")
    api.put(SOON)
    harness.until(server, "kubernetes.default.svc", {"10.0.0.1"})


@pytest.mark.parametrize("ready", [True, False])
def test_a_reload_with_another_cluster_loses_nobody(api, corefile, ready):
    """Who waits is answered by the configuration that was asked."""
    api.put(NGINX, SOON)
    port = free_port()
    server = corefile.start(hold_corefile(api, port, hold=FOREVER if ready else "1s"))
    asker = Asker(server)
    asker.send(WEB0)
    corefile.path.write_text(hold_corefile(api, port, more="ttl 17"))
    server.signal(signal.SIGHUP)
    harness.until(server, "7.0.244.10.in-addr.arpa.", "NXDOMAIN", "PTR")
    if ready:
        api.put(NOW)
    assert got(asker.receive()) == ({"10.244.0.7"} if ready else "NXDOMAIN")
    server.log.wait("Corefile is served as it is now")


@pytest.mark.parametrize("ready", [True, False])
def test_what_falls_through_waits_before(api, corefile, ready):
    """Who is next is asked when the time is over, not before."""
    upstream = Upstream(lambda query, _: reply_to(query, (query.question[0].name.to_text(), 60, "A", "192.0.2.1")))
    try:
        api.put(NGINX, SOON)
        hold = FOREVER if ready else BRIEF
        server = corefile.start(hold_corefile(api, free_port(), hold=hold, more="fallthrough", beside=f"forward . {upstream.address}"))
        asker = Asker(server)
        asker.send(WEB0)
        if ready:
            api.put(NOW)
        assert got(asker.receive()) == ({"10.244.0.7"} if ready else {"192.0.2.1"})
        assert len(upstream.names()) == (0 if ready else 1)
    finally:
        upstream.stop()


def test_manifests_that_change(serve, tmp_path):
    path = harness.write_manifest(tmp_path / "web.json", NGINX, SOON)
    server = serve(path, "--hold", FOREVER, "--workers", "1")
    asker = Asker(server).hold()
    harness.write_manifest(tmp_path / "web.json", NGINX, NOW)
    assert got(asker.receive()) == {"10.244.0.7"}


# --- saying it ---


@pytest.mark.parametrize("command", ["serve", "run"])
@pytest.mark.parametrize("value", ["5s", "x", "-1s"])
def test_values_that_are_none(tmp_path, command, value):
    path = harness.write_manifest(tmp_path / "web.json", NGINX)
    done = subprocess.run(harness.headns(command, "--hold", value, str(path)), capture_output=True, text=True, env=harness.environment())
    assert done.returncode == 2 and f"--hold {value}: hold: a duration" in done.stderr


@pytest.mark.parametrize("command", ["serve", "run"])
def test_the_help_says_it(command):
    done = subprocess.run(harness.headns("help", command), capture_output=True, text=True, env=harness.environment())
    assert "--hold DURATION" in done.stdout
