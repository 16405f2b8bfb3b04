"""/metrics beyond queries: caches, upstreams, requests to the API server, what blocks are made of."""

import re

import pytest

import harness
import web
from test_forward import address, rcode_of, upstream  # noqa: F401: a fixture
from test_pages import EVERYTHING, Corefile, corefile  # noqa: F401: a fixture
from upstream import SOA, reply_to

SERVER = "dns://127.0.0.1:0"
OUTSIDE = {"server": SERVER, "zones": ".", "view": ""}


def forwarding(up, options=""):
    return f"forward . {up.address}\ncache {options}\n{EVERYTHING}"


def names_and_denials(query, transport):
    """Names of no.example do not exist."""
    if query.question[0].name.to_text().lower().endswith("no.example."):
        return reply_to(query, rcode="NXDOMAIN", authority=[SOA])
    return address(query)


# --- caches ---


def test_hits_and_misses(upstream, corefile):  # noqa: F811
    server = corefile.start(forwarding(upstream(names_and_denials)))
    for name in ("a.example.", "a.example.", "A.Example.", "b.example.", "no.example.", "no.example."):
        rcode_of(server, name)
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_cache_requests_total", **OUTSIDE) == 6
    assert m.one("coredns_cache_misses_total", **OUTSIDE) == 3
    assert m.one("coredns_cache_hits_total", type="success", **OUTSIDE) == 2
    assert m.one("coredns_cache_hits_total", type="denial", **OUTSIDE) == 1
    assert m.one("coredns_cache_entries", type="success", **OUTSIDE) == 2
    assert m.one("coredns_cache_entries", type="denial", **OUTSIDE) == 1
    assert m.one("headns_cache_bytes", type="success", **OUTSIDE) > 100
    for name in ("prefetch", "served_stale", "drops"):
        assert m.one(f"coredns_cache_{name}_total", **OUTSIDE) == 0
    assert m.one("coredns_cache_evictions_total", type="success", **OUTSIDE) == 0


def test_names_of_the_cluster_are_no_affair_of_the_cache(upstream, corefile):  # noqa: F811
    server = corefile.start(forwarding(upstream()))
    server.ask("web-0.nginx.default.svc")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_cache_requests_total", **OUTSIDE) == 0
    assert m.sum("coredns_cache_entries") == 0


def test_zones_of_a_cache(upstream, corefile):  # noqa: F811
    up = upstream()
    other = f"example.org:0 example.net:0 {{\n bind 127.0.0.1\n prometheus 127.0.0.1:0\n forward . {up.address}\n cache\n}}\n"
    server = corefile.start(forwarding(up, "300 example. a.test"), more=other)
    for name in ("x.example.", "x.else.", "x.example.org.", "x.example.net."):
        assert rcode_of(server, name) == "NOERROR"
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_cache_requests_total", zones="example.,a.test.", server=SERVER) == 1
    assert m.one("coredns_cache_requests_total", zones="example.org.,example.net.", server=SERVER) == 2
    assert len(m.find("coredns_cache_requests_total")) == 2


def test_caches_that_share_their_labels_are_one_series(upstream, corefile):  # noqa: F811
    up = upstream()
    other = f"example.org:0 {{\n bind 127.0.0.1\n prometheus 127.0.0.1:0\n forward . {up.address}\n cache 300 example.org\n}}\n"
    server = corefile.start(forwarding(up, "300 example.org"), more=other)
    assert rcode_of(server, "x.example.org.") == "NOERROR"
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_cache_requests_total", zones="example.org.") == 1
    assert m.one("coredns_cache_entries", zones="example.org.", type="success") == 1


def test_evictions(upstream, corefile):  # noqa: F811
    server = corefile.start(forwarding(upstream(), "{\n success 1024\n}"))
    for number in range(1100):
        assert rcode_of(server, f"n{number}.example.") == "NOERROR"
    m = web.metrics(corefile.port("/metrics"))
    gone = m.one("coredns_cache_evictions_total", type="success", **OUTSIDE)
    assert gone > 0
    assert m.one("coredns_cache_entries", type="success", **OUTSIDE) == 1100 - gone


def test_prefetch_and_stale(upstream, corefile):  # noqa: F811
    """The percentage is so high that the second hit has the answer fetched anew."""
    up = upstream(lambda query, transport: address(query, ttl=20))
    server = corefile.start(forwarding(up, "{\n prefetch 2 1h 90%\n serve_stale\n}"))
    deadline = harness.Deadline()
    while len(up.names()) < 2:
        assert rcode_of(server, "a.example.") == "NOERROR"
        deadline.check("the answer is not fetched anew")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_cache_prefetch_total", **OUTSIDE) == 1
    assert m.one("coredns_cache_misses_total", **OUTSIDE) == 1


def test_a_block_without_prometheus_has_no_series_of_its_cache(upstream, corefile):  # noqa: F811
    up = upstream()
    other = f"example.org:0 {{\n bind 127.0.0.1\n forward . {up.address}\n cache\n}}\n"
    server = corefile.start(more=other)
    assert rcode_of(server, "x.example.org.") == "NOERROR"
    assert not web.metrics(corefile.port("/metrics")).find("coredns_cache_requests_total")


def test_numbers_of_a_cache_stay_across_reloads(upstream, corefile):  # noqa: F811
    up = upstream()
    server = corefile.start(forwarding(up))
    rcode_of(server, "a.example.")
    corefile.reload(forwarding(up, "60"))
    rcode_of(server, "a.example.")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_cache_requests_total", **OUTSIDE) == 2
    assert m.one("coredns_cache_entries", type="success", **OUTSIDE) == 1


# --- acl, local ---


def test_acl_and_local(corefile):  # noqa: F811
    """With the labels of CoreDNS; its zone is the one that an acl names, ours the block's."""
    rules = "acl {\n block type TXT\n filter type MX\n drop type SRV\n}"
    other = f"example.org:0 example.net:0 {{\n bind 127.0.0.1\n prometheus 127.0.0.1:0\n local\n {rules}\n whoami\n}}\n"
    server = corefile.start(more=other)
    for name in ("a.example.org.", "b.example.net.", "localhost.example.org."):
        assert rcode_of(server, name) == "NOERROR"
    assert rcode_of(server, "a.example.org.", "TXT") == rcode_of(server, "b.example.org.", "TXT") == "REFUSED"
    assert rcode_of(server, "a.example.net.", "MX") == "NOERROR"
    with server.udp_socket() as s:
        for name in ("a.example.net.", "b.example.net."):  # the second one's answer says that the first was seen
            s.send(harness.make_query(name, "SRV" if name[0] == "a" else "A").to_wire())
        s.recv(4096)
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_acl_allowed_requests_total", server=SERVER, view="") == 3
    assert m.one("coredns_acl_blocked_requests_total", server=SERVER, zone="example.org.", view="") == 2
    assert m.one("coredns_acl_filtered_requests_total", server=SERVER, zone="example.net.", view="") == 1
    assert m.one("coredns_acl_dropped_requests_total", server=SERVER, zone="example.net.", view="") == 1
    assert m.one("coredns_local_localhost_requests_total") == 1


# --- upstreams ---


def test_upstreams(upstream, corefile):  # noqa: F811
    """As CoreDNS counts today, and as it did before 1.11. An upstream of two blocks is one."""
    up = upstream(names_and_denials)
    other = f"example.org:0 {{\n bind 127.0.0.1\n forward . {up.address}\n}}\n"
    server = corefile.start(forwarding(up), more=other)
    for name in ("a.example.", "b.example.", "no.example.", "x.example.org."):
        rcode_of(server, name)
    server.tcp(harness.make_query("a.example."))
    m = web.metrics(corefile.port("/metrics"))
    to = {"to": up.address}
    assert m.one("coredns_forward_requests_total", **to) == 4
    assert m.one("coredns_forward_responses_total", rcode="NOERROR", **to) == 3
    assert m.one("coredns_forward_responses_total", rcode="NXDOMAIN", **to) == 1
    for family, labels in (("coredns_forward", to), ("coredns_proxy", {"proxy_name": "forward", **to})):
        assert m.one(family + "_request_duration_seconds_count", rcode="NOERROR", **labels) == 3
        assert m.one(family + "_request_duration_seconds_bucket", rcode="NXDOMAIN", le="+Inf", **labels) == 1
        opened = m.one(family + "_conn_cache_misses_total", proto="udp", **labels)
        assert opened >= 1 and opened + m.one(family + "_conn_cache_hits_total", proto="udp", **labels) == 4
        assert m.one(family + "_healthcheck_failures_total", **labels) == 0
    assert m.one("coredns_forward_healthcheck_broken_total") == 0
    assert m.one("coredns_forward_max_concurrent_rejects_total") == 0


def test_an_upstream_that_is_not_there(upstream, corefile):  # noqa: F811
    gone = upstream()
    server = corefile.start(f"forward . {gone.address}\n{EVERYTHING}")
    gone.stop()
    deadline = harness.Deadline()
    while True:
        assert rcode_of(server, "a.example.") == "SERVFAIL"
        m = web.metrics(corefile.port("/metrics"))
        if m.one("coredns_forward_healthcheck_broken_total") and m.one("coredns_proxy_healthcheck_failures_total") > 2:
            break
        deadline.check("it is not down")
    assert not m.find("coredns_forward_responses_total")


# --- hosts ---


def test_hosts(corefile, tmp_path):  # noqa: F811
    """Entries are names' addresses and addresses' names, those of the Corefile's lines with them."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.example b.example\n")
    corefile.start(f"hosts {path} {{\n 192.0.2.2 c.example\n fallthrough\n}}\n{EVERYTHING}")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_hosts_entries") == 6
    assert m.one("coredns_hosts_reload_timestamp_seconds") == pytest.approx(path.stat().st_mtime, abs=0.001)


def test_no_hosts(corefile):  # noqa: F811
    corefile.start()
    assert not web.metrics(corefile.port("/metrics")).find("coredns_hosts_entries")


# --- the API server ---


def test_requests_to_the_api_server(corefile, api):  # noqa: F811
    corefile.start()
    host = re.search(r"//(.*)", api.url)[1]
    m = web.metrics(corefile.port("/metrics"))
    prefix = "coredns_kubernetes_rest_client_"
    good = m.one(prefix + "requests_total", code="200", method="GET", host=host)
    assert good >= m.sum("headns_watch_lists_total")
    assert m.one(prefix + "request_duration_seconds_count", verb="GET", host=host) >= good
    assert m.one(prefix + "rate_limiter_duration_seconds_count", verb="GET", host=host) >= good
    assert m.one(prefix + "request_duration_seconds_bucket", verb="GET", host=host, le="10") >= good


def test_an_api_server_that_is_not_there(corefile, api):  # noqa: F811
    server = corefile.start()
    api.stop()
    server.log.wait("the API server cannot be reached")
    m = web.metrics(corefile.port("/metrics"))
    assert m.one("coredns_kubernetes_rest_client_requests_total", code="<error>") >= 1


# --- log, hold ---


def test_lines_of_the_log(corefile):  # noqa: F811
    server = corefile.start(EVERYTHING + "\nlog")
    for _ in range(3):
        server.ask("web-0.nginx.default.svc")
    deadline = harness.Deadline()
    while web.metrics(corefile.port("/metrics")).one("headns_log_lines_total") < 3:
        deadline.check("lines are missing")
    m = web.metrics(corefile.port("/metrics"))
    assert (m.one("headns_log_lines_total"), m.one("headns_log_lost_total"), m.one("headns_held_queries")) == (3, 0, 0)


# --- blocks ---


def test_plugins(upstream, corefile):  # noqa: F811
    up = upstream()
    corefile.start(forwarding(up) + "\nerrors\nloadbalance\nloop\nreload\nbufsize 1232")
    m = web.metrics(corefile.port("/metrics"))
    names = {dict(labels)["name"] for labels in m.find("coredns_plugin_enabled", server=SERVER, zone=".", view="")}
    ours = {"search_fallback"}  # of the kubernetes block
    assert names - ours == {"prometheus", "errors", "loadbalance", "cache", "kubernetes", "loop", "forward", "bufsize"}
