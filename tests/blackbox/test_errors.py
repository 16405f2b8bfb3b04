"""`errors`: a line for each query that fails here, and for no other."""

import threading

import dns.message
import dns.rcode
import pytest

import harness
from harness import make_query
from test_corefile import corefile, refused  # noqa: F401: a fixture
from test_forward import alone, address, rcode_of, upstream  # noqa: F401: a fixture
from upstream import reply_to

LINE = r"^headns: error: \[ERROR\] plugin/errors: "


def assert_no_line(server):
    assert server.log.count("plugin/errors") == 0, server.log.lines


def test_nobody_is_there(upstream, corefile):  # noqa: F811
    up = upstream()
    up.stop()
    server = alone(corefile, up, more="errors")
    assert rcode_of(server, "Www.Example.", "AAAA") == "SERVFAIL"
    server.log.wait(rf"{LINE}2 www\.example\. AAAA: read udp {up.address}: connection refused")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_silence(upstream, corefile, transport):  # noqa: F811
    up = upstream(lambda query, _: None)
    server = alone(corefile, up, more="errors stdout {\n stacktrace\n }", options="force_tcp" if transport == "tcp" else "")
    assert rcode_of(server, "a.example.", "TYPE65534") == "SERVFAIL"
    server.log.wait(rf"{LINE}2 a\.example\. TYPE65534: read {transport} {up.address}: i/o timeout$")


def test_too_many(upstream, corefile):  # noqa: F811
    go = threading.Event()

    def wait(query, transport):
        go.wait(harness.PATIENCE_S)
        return address(query)

    up = upstream(wait)
    server = alone(corefile, up, more="errors", options="max_concurrent 1")
    with server.udp_socket() as s:
        s.send(make_query("a.example.").to_wire())
        up.wait(1)
        assert rcode_of(server, "b.example.") == "REFUSED"
        go.set()
        assert dns.message.from_wire(s.recv(4096)).rcode() == dns.rcode.NOERROR
    server.log.wait(rf"{LINE}5 b\.example\. A: concurrent queries exceeded maximum 1$")
    assert server.log.count("plugin/errors") == 1


@pytest.mark.parametrize("rcode", ["SERVFAIL", "NXDOMAIN", "REFUSED"])
def test_what_an_upstream_says_is_no_error(upstream, corefile, rcode):  # noqa: F811
    server = alone(corefile, upstream(lambda query, _: reply_to(query, rcode=rcode)), more="errors")
    assert rcode_of(server, "a.example.") == rcode
    server.stop()
    assert_no_line(server)


def test_without_the_directive(upstream, corefile):  # noqa: F811
    up = upstream()
    up.stop()
    server = alone(corefile, up)
    assert rcode_of(server, "a.example.") == "SERVFAIL"
    server.stop()
    assert_no_line(server)


def test_kubeadms_directives(upstream, corefile):  # noqa: F811
    server = alone(corefile, upstream(), more="errors\n loop\n cache 30\n loadbalance\n reload")
    assert rcode_of(server, "a.example.") == "NOERROR"
    server.stop()
    assert_no_line(server)


def test_consolidate_is_not_passed_over(tmp_path):
    said = refused('. {\n errors {\n  consolidate 5m ".* i/o timeout$" warning\n }\n}\n', folder=tmp_path)
    assert "Corefile:3: consolidate: it is not built yet" in said
