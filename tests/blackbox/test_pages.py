"""/health, /ready and /metrics of a Corefile, as kubelets, Prometheus and people with bad manners ask for them."""

import contextlib
import datetime
import os
import random
import re
import resource
import signal
import socket
import subprocess
import threading

import dns.rcode
import pytest

import harness
import upstream
import web
from harness import run_headns, until

WEB0 = "web-0.nginx.default.svc"
EVERYTHING = "health 127.0.0.1:0\nready 127.0.0.1:0\nprometheus 127.0.0.1:0"


class Corefile:
    """One on disk, and the headns that serves it. Ports 0 are found in the log."""

    def __init__(self, serve, api, path):
        self.serve, self.api, self.path = serve, api, path

    def write(self, pages, more=""):
        self.path.write_text(
            f".:0 {{\n bind 127.0.0.1\n{pages}\n kubernetes cluster.local in-addr.arpa {{\n endpoint {self.api.url}\n }}\n}}\n{more}"
        )

    def start(self, pages=EVERYTHING, more="", read=True):
        self.write(pages, more)
        self.server = self.serve("-conf", self.path, listen=(), started="listening on")
        if read:
            self.server.log.wait("info: serving")
        return self.server

    def reload(self, pages, more="", expect="is served as it is now"):
        before = self.server.log.count(expect)
        self.write(pages, more)
        self.server.signal(signal.SIGHUP)
        self.server.log.wait_count(expect, before + 1)

    def port(self, page, last=True):
        """Where the page was said to be last."""
        found = [re.search(rf"info: http://\S+:(\d+) has .*{page}\b", line) for line in self.server.log.lines]
        ports = [int(m[1]) for m in found if m]
        assert ports, "\n".join(self.server.log.lines)
        return ports[-1]


@pytest.fixture
def corefile(serve, api, tmp_path):
    return Corefile(serve, api, tmp_path / "Corefile")


def refuses(port):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


# --- pages ---


def test_each_page(corefile):
    corefile.start()
    port = corefile.port("/health")
    page = web.get(port, "/health")
    assert (page.status, page.text, page.type) == (200, "OK", "text/plain; charset=utf-8")
    page = web.get(corefile.port("/ready"), "/ready")
    assert (page.status, page.text) == (200, "OK")
    assert web.get(port, "/health?verbose=1").status == 200
    web.metrics(corefile.port("/metrics"))


def test_each_address_has_its_own_pages(corefile):
    corefile.start("health 127.0.0.1:0\nready 127.0.0.2:0\nprometheus 127.0.0.3:0")
    page = web.get(corefile.port("/health"), "/metrics")
    assert (page.status, page.text) == (404, "404 page not found\n")
    assert web.get(corefile.port("/ready"), "/ready", host="127.0.0.2").status == 200
    assert web.get(corefile.port("/metrics"), "/", host="127.0.0.3").status == 404


def test_head_and_other_methods(corefile):
    corefile.start()
    port = corefile.port("/health")
    for path in ("/health", "/ready", "/metrics"):
        page = web.get(port, path, "HEAD")
        assert (page.status, page.text) == (200, "")
        assert int(page.headers["Content-Length"]) == len(web.get(port, path).text) or path == "/metrics"
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            page = web.get(port, path, method, body="x" * 10000 if method == "POST" else None)
            assert (page.status, page.headers["Allow"]) == (405, "GET, HEAD"), method
    assert web.get(port, "/nothing", "POST").status == 404
    assert web.get(port, "/health/").status == 404
    assert web.get(port, "/health").status == 200


def test_two_blocks_share_an_address(corefile, api):
    other = f"example.org:0 {{\n bind 127.0.0.1\n {EVERYTHING.replace(chr(10), chr(10) + ' ')}\n}}\n"
    corefile.start(more=other)
    assert corefile.server.log.count("info: http://") == 1
    assert web.get(corefile.port("/ready"), "/ready").status == 200


# --- without a Corefile ---

MANIFEST = harness.ZONES / "nginx-statefulset.yaml"


def port_of(server, page):
    (port,) = [int(m[1]) for line in server.log.lines if (m := re.search(rf"info: http://\S+:(\d+) has .*{page}\b", line))]
    return port


def test_pages_without_a_corefile(serve):
    server = serve("--health", "127.0.0.1:0", "--ready", "127.0.0.1:0", "--metrics", "localhost:0", MANIFEST)
    assert server.log.count("info: http://") == 1
    port = port_of(server, "/metrics")
    assert web.get(port, "/health").text == web.get(port, "/ready").text == "OK"
    server.ask(WEB0)
    m = web.metrics(port)
    assert m.one("coredns_dns_requests_total", zone=".", type="A") == 1
    assert {dict(labels)["name"] for labels in m.find("coredns_plugin_enabled")} == {"kubernetes", "prometheus", "loadbalance"}


def test_pages_of_their_own_without_a_corefile(serve):
    server = serve("--health", "127.0.0.1:0", "--health", "127.0.0.2:0", "--ready", "127.0.0.3:0", MANIFEST)
    assert server.log.count("info: http://.* has /health$") == 2
    assert web.get(port_of(server, "/ready"), "/ready", host="127.0.0.3").text == "OK"
    assert web.get(port_of(server, "/ready"), "/metrics", host="127.0.0.3").status == 404


@pytest.mark.parametrize(
    "words, why",
    [
        (["--health", "8080", MANIFEST], "--health 8080: .*ADDR:PORT"),
        (["--metrics", "example.org:9153", MANIFEST], "--metrics example.org:9153: .*ADDR:PORT"),
        (["--ready", ":70000", MANIFEST], "--ready :70000: .*65535"),
        (["--ready", ":8181", "--conf", "Corefile"], "--ready or --metrics and a Corefile"),
        (["--metrics", ":1"] * 9 + [MANIFEST], "more than 8 addresses"),
    ],
    ids=["no colon", "a name", "no port", "beside a Corefile", "too many"],
)
def test_pages_that_are_wrong(words, why):
    done = run_headns("serve", *words)
    assert done.returncode == 2 and re.search(why, done.stderr), done.stderr


def test_a_page_of_serve_whose_address_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        done = run_headns("serve", "--listen", "127.0.0.1:0", "--health", f"127.0.0.1:{number}", MANIFEST)
    assert done.returncode == 1 and f"127.0.0.1:{number} is in use" in done.stderr


# --- ready ---


def test_ready_when_the_cluster_was_read(corefile, api):
    api.stall()
    server = corefile.start(read=False)
    server.log.wait("reading the cluster")
    page = web.get(corefile.port("/ready"), "/ready")
    assert (page.status, page.text) == (503, "kubernetes\n")
    assert web.get(corefile.port("/health"), "/health").status == 200
    assert web.metrics(corefile.port("/metrics")).one("headns_cluster_known") == 0
    api.stall(False)
    assert web.until(corefile.port("/ready"), "/ready", 200).text == "OK"
    assert web.metrics(corefile.port("/metrics")).one("headns_cluster_known") == 1


def test_ready_stays_when_the_api_server_goes(corefile, api):
    server = corefile.start()
    api.stop()
    server.log.wait("the API server cannot be reached")
    assert web.get(corefile.port("/ready"), "/ready").status == 200
    assert web.metrics(corefile.port("/metrics")).sum("headns_watch_up") == 0
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


# --- reload ---


def test_reload_keeps_what_stays(corefile):
    corefile.start("health 127.0.0.1:0\nready 127.0.0.2:0")
    stays = corefile.port("/health")
    connection = socket.create_connection(("127.0.0.1", stays), timeout=harness.PATIENCE_S)
    with contextlib.closing(connection):
        corefile.reload("health 127.0.0.1:0\nprometheus 127.0.0.3:0")
        assert corefile.port("/health") == stays
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert web.get(corefile.port("/metrics"), "/metrics", host="127.0.0.3").status == 200
    with pytest.raises(ConnectionRefusedError):
        web.get(corefile.port("/ready"), "/ready", host="127.0.0.2")


def test_reload_moves_a_page_to_an_address_that_is_there(corefile):
    corefile.start("health 127.0.0.1:0")
    port = corefile.port("/health")
    assert web.get(port, "/ready").status == 404
    corefile.reload("health 127.0.0.1:0\nready 127.0.0.1:0")
    assert web.get(port, "/ready").status == 200
    corefile.reload("ready 127.0.0.1:0")
    assert web.get(port, "/health").status == 404


def test_an_address_in_use_keeps_what_was(corefile):
    corefile.start("health 127.0.0.1:0")
    port = corefile.port("/health")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        corefile.reload(f"ready 127.0.0.1:0\nhealth 127.0.0.1:{number}", expect=f"reload: .*127.0.0.1:{number} is in use")
    assert web.get(port, "/health").status == 200
    assert web.get(port, "/ready").status == 404
    assert corefile.server.addresses_of(WEB0) == {"10.244.0.7"}


def test_an_address_in_use_at_the_start(api, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        path = tmp_path / "Corefile"
        path.write_text(f".:0 {{\n bind 127.0.0.1\n ready 127.0.0.1:{number}\n}}\n")
        done = run_headns("serve", "-conf", path)
    assert done.returncode == 1
    assert f"127.0.0.1:{number} is in use" in done.stderr


@pytest.mark.parametrize("line", ["health 127.0.0.1", "ready example.org:80", "prometheus :99999"])
def test_an_address_that_is_none(tmp_path, line):
    path = tmp_path / "Corefile"
    path.write_text(f".:0 {{\n bind 127.0.0.1\n {line}\n}}\n")
    done = run_headns("serve", "-conf", path)
    assert done.returncode == 1
    assert f"{path}:3: " in done.stderr


def test_reloads_are_counted(corefile):
    corefile.start()
    port = corefile.port("/metrics")
    before = web.metrics(port)
    assert before.one("headns_reloads_total") == 0
    (info,) = before.find("coredns_reload_version_info")
    corefile.reload(EVERYTHING + "\nloadbalance")
    corefile.reload("nonsense", expect="reload: .*nonsense")
    after = web.metrics(port)
    assert after.one("headns_reloads_total") == 1
    assert after.one("coredns_reload_failed_total") == 1
    assert info not in after.find("coredns_reload_version_info")


# --- the end ---


def test_lameduck(corefile):
    """SIGTERM: /ready says no at once, and every query is answered until the end."""
    server = corefile.start("health 127.0.0.1:0 {\n lameduck 1h\n}\nready 127.0.0.1:0")
    port = corefile.port("/ready")
    server.signal(signal.SIGTERM)
    server.log.wait(r"ending in 3600 s \(lameduck\)")
    page = web.get(port, "/ready")
    assert (page.status, page.text) == (503, "shutting down\n")
    assert web.get(port, "/health").status == 200
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    server.signal(signal.SIGTERM)
    server.wait_end()


def test_lameduck_ends(corefile):
    """It is the longest of all blocks."""
    server = corefile.start("health 127.0.0.1:0 {\n lameduck 10ms\n}", more="example.org:0 {\n bind 127.0.0.1\n health 127.0.0.1:0 {\n lameduck 300ms\n}\n}\n")
    server.signal(signal.SIGTERM)
    server.log.wait(r"ending in 0.3 s")
    server.wait_end()


def test_queries_that_do_not_stop_put_the_end_off(corefile):
    """Lameduck is over before as many are answered."""
    server = corefile.start("health 127.0.0.1:0 {\n lameduck 10ms\n}\nready 127.0.0.1:0")
    answered, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answered.append(server.addresses_of(WEB0) == {"10.244.0.7"})

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    server.signal(signal.SIGTERM)
    web.until(corefile.port("/ready"), "/ready", 503)
    count = len(answered)
    deadline = harness.Deadline()
    while len(answered) < count + 500:
        deadline.check("no more answers")
    stop.set()
    for asker in askers:
        asker.join()
    assert all(answered)
    server.wait_end()


def test_a_second_signal_ends_lameduck(corefile):
    server = corefile.start("health 127.0.0.1:0 {\n lameduck 1h\n}")
    server.signal(signal.SIGTERM)
    server.log.wait(r"ending in 3600 s")
    server.signal(signal.SIGTERM)
    server.wait_end()


def test_interrupt_ends_at_once(corefile):
    server = corefile.start("health 127.0.0.1:0 {\n lameduck 1h\n}")
    server.signal(signal.SIGINT)
    server.wait_end()


def test_no_query_is_lost_in_lameduck(corefile):
    server = corefile.start("health 127.0.0.1:0 {\n lameduck 1h\n}\nready 127.0.0.1:0")
    port, sent, stop = corefile.port("/ready"), [], threading.Event()

    def ask():
        while not stop.is_set():
            sent.append(server.addresses_of(WEB0) == {"10.244.0.7"})

    asker = threading.Thread(target=ask)
    asker.start()
    server.signal(signal.SIGTERM)
    web.until(port, "/ready", 503)
    count = len(sent)
    deadline = harness.Deadline()
    while len(sent) < count + 20:
        deadline.check("no more answers")
    stop.set()  # a client that has seen that it is not ready goes elsewhere
    asker.join()
    assert all(sent)
    server.signal(signal.SIGTERM)
    server.wait_end()


# --- bad manners ---


def raise_descriptor_limit(number):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        if hard != resource.RLIM_INFINITY and hard < number:
            pytest.skip(f"{number} file descriptors are wanted")
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def test_a_thousand_connections_keep_nobody_out(corefile):
    raise_descriptor_limit(1200)
    corefile.start()
    port = corefile.port("/health")
    with contextlib.ExitStack() as stack:
        for number in range(1000):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S))
            connection.sendall(b"GET /health HTTP/1.1\r\nX-Slow: "[: number % 30])
            if number % 100 == 99:
                assert web.get(port, "/health").status == 200
        web.metrics(port)
        descriptors = web.metrics(port).one("process_open_fds")
        assert descriptors < 400
        assert corefile.server.addresses_of(WEB0) == {"10.244.0.7"}


def test_slow_readers_and_early_leavers(corefile):
    corefile.start()
    port = corefile.port("/metrics")
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        for _ in range(50):
            connection = socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S)
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.close()
        web.metrics(port)


def raw(port, data):
    """What comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S) as connection:
        got = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                got += chunk
        return got


HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "data, status",
    [
        (HEAD + b"X: " + b"a" * 100000 + b"\r\n\r\n", b"4"),
        (HEAD + b"X: a\r\n" * 20000 + b"\r\n", b"4"),
        (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"4"),
        (b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),  # no Host: RFC 9112 3.2
        (HEAD + b"Content-Length: 100000000000\r\n\r\n" + b"x" * 1000, b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n", b""),
        (b"\r\n" * 1000, b""),
        (b"GET /%00%ff%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    ],
    ids=["long header", "many headers", "long path", "no host", "huge body", "TLS", "empty lines", "odd path"],
)
def test_odd_requests(corefile, data, status):
    corefile.start()
    port = corefile.port("/health")
    got = raw(port, data)
    assert not got or got.startswith(b"HTTP/1.1 " + status), got[:200]
    assert web.get(port, "/health").status == 200


PIECES = [
    b"GET ", b"HEAD ", b"POST ", b"/health", b"/ready", b"/metrics", b" HTTP/1.1", b" HTTP/9.9", b"\r\n", b"\n", b"\0", b"\xff" * 7, b"Host: x\r\n",
    b"Connection: close\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffff\r\n",
    b"Expect: 100-continue\r\n", b"X: " + b"a" * 5000 + b"\r\n", b"%zz%", b"?" + b"a=b&" * 500, b"b" * 100000, b"\r\n\r\n",
]  # fmt: skip


def test_requests_that_are_none(corefile):
    """Made of pieces, by a seed: headns lives, answers others, and gives back descriptors and memory."""
    seed = int(os.environ.get("HEADNS_SEED", random.randrange(1 << 32)))
    print(f"HEADNS_SEED={seed}")
    pieces = random.Random(seed)
    corefile.start()
    port = corefile.port("/health")
    before = web.metrics(port)
    for number in range(400):
        with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S) as connection:
            with contextlib.suppress(OSError):  # it may have been told to go
                connection.sendall(b"".join(pieces.choices(PIECES, k=pieces.randrange(12))))
                connection.shutdown(socket.SHUT_WR)
        if number % 50 == 0:
            assert web.get(port, "/health").status == 200
    deadline = harness.Deadline()
    while web.metrics(port).one("process_open_fds") > before.one("process_open_fds") + 2:
        deadline.check("descriptors stay open")
    if before.one("process_virtual_memory_bytes") < 1 << 40:  # a sanitizer, which has more, keeps what was freed for a while
        assert web.metrics(port).one("process_resident_memory_bytes") < before.one("process_resident_memory_bytes") + (64 << 20)
    assert corefile.server.addresses_of(WEB0) == {"10.244.0.7"}


# --- metrics ---


def test_what_there_is_of_the_cluster(corefile, api):
    api.put(harness.pod("web-1", "10.244.0.8", labels={"app": "nginx"}, hostname="web-1", subdomain="nginx"))
    server = corefile.start()
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("headns_services", zone="cluster.local.") == 1
    assert m.one("headns_endpoints") == 2
    assert m.one("headns_objects", kind="Pod") == 2
    assert m.one("headns_object_text_bytes", kind="Pod") > 100
    assert m.one("headns_watch_synced", resource="pods") == 1
    assert m.one("headns_cluster_stale") == 0
    version = m.one("headns_watch_resource_version", resource="pods")
    lists = m.one("headns_watch_lists_total", resource="pods")
    api.delete(harness.pod("web-1", "10.244.0.8"))
    until(server, "web-1.nginx.default.svc", "NXDOMAIN")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("headns_endpoints") == 1
    assert m.one("headns_watch_resource_version", resource="pods") > version
    assert m.one("headns_watch_lists_total", resource="pods") == lists
    assert m.one("headns_watch_silence_seconds", resource="pods") < harness.PATIENCE_S


def stamped(obj, ready_since=None, trigger=None):
    """With the time of its change, as a kubelet or the EndpointSlice controller writes it."""
    if ready_since:
        for condition in obj["status"]["conditions"]:
            if condition["type"] == "Ready":
                condition["lastTransitionTime"] = ready_since
    if trigger:
        obj["metadata"].setdefault("annotations", {})["endpoints.kubernetes.io/last-change-trigger-time"] = trigger
    return obj


def utc(ago_s=0):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago_s)


def test_programming_latency(corefile, api):
    """What was there at the start does not count, what changes does, by the kind of its Service."""
    api.put(harness.service("web", selector={"app": "web"}, headless=False, cluster_ip="10.96.0.9"), harness.service("db"))
    api.put(stamped(harness.slice_of("db", ["192.0.2.1"]), trigger="2020-01-01T00:00:00Z"))
    server = corefile.start()
    port, family = corefile.port("/metrics"), "coredns_kubernetes_dns_programming_duration_seconds"
    kinds = ("cluster_ip", "headless_with_selector", "headless_without_selector")
    assert [web.metrics(port).one(family + "_count", service_kind=kind) for kind in kinds] == [0, 0, 0]
    since = utc(100).strftime("%Y-%m-%dT%H:%M:%SZ")
    api.put(stamped(harness.pod("web-1", "10.244.0.8", labels={"app": "nginx"}, hostname="web-1", subdomain="nginx"), ready_since=since))
    until(server, "web-1.nginx.default.svc", {"10.244.0.8"})
    api.put(stamped(harness.slice_of("db", ["192.0.2.1", "192.0.2.2"]), trigger=utc().strftime("%Y-%m-%dT%H:%M:%S.%f000Z")))
    until(server, "db.default.svc", {"192.0.2.1", "192.0.2.2"})
    m = web.metrics(port)
    assert [m.one(family + "_count", service_kind=kind) for kind in kinds] == [0, 1, 1]
    assert 100 <= m.one(family + "_sum", service_kind="headless_with_selector") < 101 + harness.PATIENCE_S
    assert 0 <= m.one(family + "_sum", service_kind="headless_without_selector") < harness.PATIENCE_S
    api.put(harness.pod("web-1", "10.244.0.8", labels={"app": "nginx"}, hostname="web-1", subdomain="nginx", ready=False))
    until(server, "web-1.nginx.default.svc", "NXDOMAIN")  # what goes has no time
    assert web.metrics(port).one(family + "_count", service_kind="headless_with_selector") == 1


def test_reasons_are_counted(corefile):
    server = corefile.start()
    server.ask("no.such.svc")
    server.ask(WEB0, "MX")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("headns_queries_total", ending="NXDOMAIN") == 1
    assert m.one("headns_queries_total", ending="NOERROR") == 1
    assert m.one("headns_absences_total", reason="no_namespace") == 1
    assert m.one("headns_absences_total", reason="no_type") == 1
    assert m.one("headns_absences_total", reason="not_ready") == 0


def test_queries_are_counted(corefile):
    """Under CoreDNS 1.15's names and labels, by what each query was."""
    server = corefile.start(more="example.org:0 {\n bind 127.0.0.1\n}\n")
    label = "dns://127.0.0.1:0"
    for _ in range(3):
        server.ask(WEB0)
    server.ask(WEB0, "AAAA")
    server.ask("no.such.svc", "SRV")
    server.tcp(harness.make_query(WEB0, "A", ednsflags=0x8000))
    server.ask("a.example.org.", "TXT")
    server.ask(WEB0, "TYPE1234")
    m = web.metrics(corefile.port("/metrics"))
    counted = {"server": label, "zone": ".", "view": ""}
    requests = "coredns_dns_requests_total"
    assert m.one(requests, proto="udp", family="1", type="A", **counted) == 3
    assert m.one(requests, proto="udp", family="1", type="AAAA", **counted) == 1
    assert m.one(requests, proto="udp", family="1", type="SRV", **counted) == 1
    assert m.one(requests, proto="udp", family="1", type="other", **counted) == 1
    assert m.one(requests, proto="tcp", family="1", type="A", **counted) == 1
    assert m.sum(requests) == 7  # example.org's block has no prometheus
    responses = "coredns_dns_responses_total"
    assert m.one(responses, rcode="NOERROR", plugin="kubernetes", **counted) == 6
    assert m.one(responses, rcode="NXDOMAIN", plugin="kubernetes", **counted) == 1
    assert m.one("coredns_dns_do_requests_total", **counted) == 1
    assert m.one("coredns_dns_request_duration_seconds_count", **counted) == 7
    assert m.one("coredns_dns_request_duration_seconds_bucket", le="8.192", **counted) == 7
    assert m.one("coredns_dns_request_size_bytes_count", proto="udp", **counted) == 6
    assert m.one("coredns_dns_response_size_bytes_bucket", proto="udp", le="511", **counted) == 6
    assert m.one("coredns_dns_response_size_bytes_sum", proto="tcp", **counted) > 40
    assert {dict(l)["name"] for l in m.find("coredns_plugin_enabled", **counted)} == {"prometheus", "kubernetes"}


def test_queries_that_no_block_has(corefile):
    server = corefile.start()
    corefile.reload(EVERYTHING, more="")
    corefile.path.write_text(corefile.path.read_text().replace(".:0 {", "cluster.local:0 {"))
    server.signal(signal.SIGHUP)
    server.log.wait_count("is served as it is now", 2)
    assert harness.rcode(server, "example.com.") == "REFUSED"
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_dns_responses_total", zone="dropped", rcode="REFUSED", plugin="") == 1


def test_numbers_stay_across_reloads(corefile):
    server = corefile.start()
    server.ask(WEB0)
    corefile.reload(EVERYTHING + "\nloadbalance")
    server.ask(WEB0)
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_dns_requests_total", type="A") == 2


def test_the_process(corefile):
    server = corefile.start()
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("process_resident_memory_bytes") > 1 << 20
    assert m.one("process_virtual_memory_bytes") > m.one("process_resident_memory_bytes")
    assert m.one("process_cpu_seconds_total") >= 0
    assert 10 < m.one("process_open_fds") < m.one("process_max_fds")
    assert m.one("go_goroutines") > 3
    with open("/proc/uptime") as uptime:
        assert m.one("process_start_time_seconds") > 1e9 and float(uptime.read().split()[0]) > 0
    assert m.one("coredns_build_info") == m.one("headns_build_info") == 1
    assert server.process.poll() is None


def test_promtool(corefile, need):
    need("promtool")
    with contextlib.ExitStack() as stack:
        up = upstream.Upstream(lambda query, transport: upstream.reply_to(query, rcode="NXDOMAIN"))
        stack.callback(up.stop)
        server = corefile.start(EVERYTHING + f"\nforward . {up.address}\ncache")
        server.ask(WEB0)
        server.ask("outside.example.")
        check_metrics(corefile)


def check_metrics(corefile):
    text = web.metrics(corefile.port("/metrics")).text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=harness.PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
