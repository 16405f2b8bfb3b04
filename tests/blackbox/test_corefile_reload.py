"""A Corefile that changes while it is served: what it says next is served without a gap, or what it said before goes on."""

import os
import re
import signal
import socket

import dns.rcode
import pytest

import harness
from harness import free_port, pod, service, web

NGINX = service("nginx", selector={"app": "nginx"})
WEB0 = "web-0.nginx.default.svc"
SERVED = r"Corefile is served as it is now"


def text(api, port, bind="127.0.0.1", more="", beside=""):
    return f"""
.:{port} {{
    bind {bind}
    {beside}
    kubernetes cluster.local in-addr.arpa {{
        endpoint {api.url}
        {more}
    }}
}}
"""


class Corefile:
    """One on disk, and the headns that serves it."""

    def __init__(self, serve, path):
        self.serve, self.path = serve, path

    def start(self, content):
        self.path.write_text(content)
        self.server = self.serve("-conf", self.path, listen=(), started="listening on")
        self.server.log.wait("info: serving")
        return self.server

    def count(self, pattern):
        return self.server.log.count(pattern)

    def change(self, content, expect=SERVED, by=signal.SIGHUP):
        """Writes it, and waits until there is one more line with that pattern."""
        before = self.count(expect)
        self.path.write_text(content)
        if by:
            self.server.signal(by)
        self.server.log.wait_count(expect, before + 1)

    def ask(self, name=WEB0, rdtype="A", port=None, host="127.0.0.1"):
        """(rcode, records, TTL)"""
        response = self.server.udp(harness.make_query(name, rdtype), (host, port or self.server.port))
        ttl = response.answer[0].ttl if response.answer else None
        return dns.rcode.to_text(response.rcode()), harness.answer_set(response, rdtype), ttl


@pytest.fixture
def corefile(serve, tmp_path):
    return Corefile(serve, tmp_path / "Corefile")


@pytest.fixture
def cluster(api):
    api.put(NGINX, web(0, "10.244.0.7"))
    return api


def refuses(host, port):
    """Nobody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        return s.connect_ex((host, port)) != 0


@pytest.mark.parametrize("by", [signal.SIGHUP, signal.SIGUSR1])
def test_an_option_changes(cluster, corefile, by):
    port = free_port()
    corefile.start(text(cluster, port))
    assert corefile.ask() == ("NOERROR", {"10.244.0.7"}, 5)
    corefile.change(text(cluster, port, more="ttl 30"), by=by)
    assert corefile.ask() == ("NOERROR", {"10.244.0.7"}, 30)
    cluster.put(web(0, "10.244.0.8"))  # and the new cluster is watched
    harness.until(corefile.server, WEB0, {"10.244.0.8"})


def test_no_query_meets_a_gap(cluster, corefile):
    """Queries all the while, over sockets that stay: each answer is the old one or the new one."""
    port = free_port()
    corefile.start(text(cluster, port))
    with harness.asking(corefile.server, WEB0, {"10.244.0.7"}):
        for turn in range(20):
            corefile.change(text(cluster, port, more=f"ttl {turn + 6}"))
            assert corefile.ask()[2] == turn + 6
            corefile.change(text(cluster, port, more="tttl 1"), expect='no "tttl"')


def test_a_port_that_was_any_is_written_as_its_number(cluster, corefile):
    """The socket stays: no query is lost on the way, and nobody finds the port taken."""
    server = corefile.start(text(cluster, 0))
    with harness.asking(server, WEB0, {"10.244.0.7"}):
        for turn in range(10):
            corefile.change(text(cluster, server.port if turn % 2 else 0, more=f"ttl {turn + 6}"))
            assert corefile.ask()[2] == turn + 6


def test_what_does_not_concern_the_cluster_leaves_its_watches(cluster, corefile):
    port = free_port()
    corefile.start(text(cluster, port))
    cluster.wait_watched("services", "pods", "endpointslices", "namespaces")
    before = len(cluster.requests)
    corefile.change(text(cluster, port, beside="loadbalance"))
    corefile.change(text(cluster, port, bind="127.0.0.1 127.0.0.5", beside="loadbalance"))
    corefile.change(text(cluster, port))
    assert len(cluster.requests) == before
    cluster.put(web(0, "10.244.0.8"))
    harness.until(corefile.server, WEB0, {"10.244.0.8"})


def test_ttls_have_the_bounds_of_the_cache(cluster, corefile):
    """As with CoreDNS, whose cache would hold the answers. MINIMUM is not a TTL. A reload changes them, and no watch begins anew."""

    def ttls():
        version = corefile.server.udp(harness.make_query("dns-version.cluster.local.", "TXT")).answer[0].ttl
        soa = corefile.server.udp(harness.make_query("absent.default.svc.cluster.local.")).authority[0]
        return corefile.ask()[2], version, soa.ttl, soa[0].minimum

    port, options = free_port(), "ttl 30\n negative_ttl 20"
    corefile.start(text(cluster, port, more=options, beside="cache 7"))
    assert ttls() == (7, 7, 7, 30)
    cluster.wait_watched("services", "pods", "endpointslices", "namespaces")
    before = len(cluster.requests)
    for cache, expected in (
        ("cache {\n success 100 9\n denial 100 11 2\n}", (9, 9, 11, 30)),
        ("cache 8 example.org", (30, 28800, 20, 30)),
        ("cache 100 local", (30, 100, 20, 30)),
        ("loadbalance", (30, 28800, 20, 30)),
    ):
        corefile.change(text(cluster, port, more=options, beside=cache))
        assert ttls() == expected, cache
    assert len(cluster.requests) == before


def test_addresses_come_and_go(cluster, corefile):
    port, other = free_port(), free_port()
    corefile.start(text(cluster, port))
    assert refuses("127.0.0.5", port)
    corefile.change(text(cluster, port, bind="127.0.0.1 127.0.0.5") + f"example.org:{other} {{\n  bind 127.0.0.1\n}}\n")
    assert corefile.ask(host="127.0.0.5")[1] == {"10.244.0.7"}
    assert corefile.ask("example.org.", port=other)[0] == "REFUSED"
    corefile.change(text(cluster, port, bind="127.0.0.5"))
    assert corefile.ask(host="127.0.0.5")[1] == {"10.244.0.7"}
    deadline = harness.Deadline()
    while not refuses("127.0.0.1", port) or not refuses("127.0.0.1", other):
        deadline.check("somebody listens at an address that went")


def test_zones_come_and_go(cluster, corefile):
    """One port, another block: what is not served any more is refused, and what is new is answered."""
    port = free_port()
    corefile.start(text(cluster, port).replace("cluster.local", "one.example"))
    assert corefile.ask("web-0.nginx.default.svc.one.example.")[0] == "NOERROR"
    corefile.change(text(cluster, port).replace(f".:{port}", f"two.example:{port}").replace("cluster.local", "two.example"))
    assert corefile.ask("web-0.nginx.default.svc.two.example.")[1] == {"10.244.0.7"}
    assert corefile.ask("web-0.nginx.default.svc.one.example.")[0] == "REFUSED"


def test_a_bad_file_changes_nothing(cluster, corefile):
    port = free_port()
    corefile.start(text(cluster, port))
    corefile.change(text(cluster, port, more="frob\n  ttl nine"), expect=r"Corefile:\d+: .*frob")
    corefile.server.log.wait(r"Corefile:\d+: .*ttl")
    corefile.server.log.wait("what was served before goes on")
    assert corefile.ask() == ("NOERROR", {"10.244.0.7"}, 5)
    corefile.change(text(cluster, port, more="ttl 9"))
    assert corefile.ask()[2] == 9


def test_an_address_that_is_taken_changes_nothing(cluster, corefile):
    port = free_port()
    corefile.start(text(cluster, port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", free_port()))
        more = f"example.org:{taken.getsockname()[1]} {{\n  bind 127.0.0.1\n}}\n"
        corefile.change(text(cluster, port, more="ttl 9") + more, expect="address is in use")
        assert corefile.ask() == ("NOERROR", {"10.244.0.7"}, 5)
    corefile.change(text(cluster, port, more="ttl 9") + more)
    assert corefile.ask()[2] == 9


def test_a_cluster_that_cannot_be_read_is_waited_for(cluster, corefile):
    port = free_port()
    corefile.start(text(cluster, port))
    away = free_port()
    corefile.change(text(cluster, port, more="ttl 9").replace(cluster.url, f"http://127.0.0.1:{away}"), expect="when its clusters have been read")
    assert corefile.ask() == ("NOERROR", {"10.244.0.7"}, 5)
    cluster.put(web(0, "10.244.0.8"))  # the old one is followed meanwhile
    harness.until(corefile.server, WEB0, {"10.244.0.8"})
    corefile.change(text(cluster, port, more="ttl 9"))  # and is dropped for the next
    assert corefile.ask() == ("NOERROR", {"10.244.0.8"}, 9)


def test_the_end_while_a_cluster_is_waited_for(cluster, corefile):
    port = free_port()
    server = corefile.start(text(cluster, port))
    corefile.change(text(cluster, port).replace(cluster.url, f"http://127.0.0.1:{free_port()}"), expect="when its clusters have been read")
    server.signal(signal.SIGTERM)
    server.wait_end()


def test_reload_looks_by_itself(cluster, corefile, tmp_path):
    """The directive, no signal; the file changes as that of a ConfigMap does, by a link that is put elsewhere; an import and the environment's values
    count, comments don't."""
    port = free_port()
    for name, ttl in (("one", 11), ("two", 12)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Corefile").write_text(text(cluster, port, more=f"ttl {ttl}", beside="reload 2s 0\n    import more"))
        (tmp_path / name / "more").write_text("")
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "Corefile").symlink_to("..data/Corefile")
    (tmp_path / "more").symlink_to("..data/more")
    server = corefile.serve("-conf", corefile.path, listen=(), started="listening on")
    corefile.server = server
    server.log.wait("info: serving")
    assert corefile.ask()[2] == 11
    (tmp_path / "..next").symlink_to("two")
    os.rename(tmp_path / "..next", tmp_path / "..data")
    server.log.wait(SERVED)
    assert corefile.ask()[2] == 12
    (tmp_path / "two" / "Corefile").write_text("# a comment\n" + (tmp_path / "two" / "Corefile").read_text())
    (tmp_path / "two" / "more").write_text("loadbalance\n")
    start = len(server.log.lines)
    server.log.wait(SERVED, start)
    assert corefile.count(SERVED) == 2


def test_reload_says_what_is_wrong_once(cluster, corefile):
    port = free_port()
    server = corefile.start(text(cluster, port, beside="reload 2s"))
    corefile.change(text(cluster, port, beside="reload 2s\n    frob"), expect="frob", by=None)
    server.signal(signal.SIGHUP)  # who asks is told again, once
    corefile.change(text(cluster, port, more="ttl 9", beside="reload 2s"), by=None)
    assert corefile.ask()[2] == 9
    assert 1 <= corefile.count("frob") <= 2


@pytest.mark.parametrize(
    "arguments, wrong",
    [("1s", "2s at least"), ("soon", "duration"), ("10s 500ms", "1s at least"), ("2s 1s 3s", "it is written"), ("2s {\n frob\n }", "nothing in braces")],
)
def test_reload_that_is_wrong(tmp_path, arguments, wrong):
    (tmp_path / "Corefile").write_text(f".:0 {{\n  bind 127.0.0.1\n  reload {arguments}\n}}\n")
    done = harness.run_headns("-conf", tmp_path / "Corefile")
    assert done.returncode == 1
    assert re.search(rf"Corefile:[34]: reload.*{wrong}", done.stderr), done.stderr


def test_nothing_is_left_behind(cluster, corefile):
    """Descriptors, threads and connections to the API server after many reloads, good and bad."""
    port = free_port()
    server = corefile.start(text(cluster, port))
    cluster.wait_watched("services", "pods", "endpointslices", "namespaces")

    def count(what):
        return len(os.listdir(f"/proc/{server.process.pid}/{what}"))

    corefile.change(text(cluster, port, more="ttl 7"))
    descriptors, tasks = count("fd"), count("task")
    for turn in range(15):
        corefile.change(text(cluster, port, more=f"ttl {turn + 10}", bind="127.0.0.1 127.0.0.5" if turn % 2 else "127.0.0.1"))
        corefile.change(text(cluster, port, more="frob"), expect="frob")
    corefile.change(text(cluster, port, more="ttl 7"))
    deadline = harness.Deadline()
    while count("fd") > descriptors + 2 or count("task") != tasks:  # those that are just being closed
        deadline.check(f"{count('fd')} descriptors, {count('task')} threads; before {descriptors} and {tasks}")
