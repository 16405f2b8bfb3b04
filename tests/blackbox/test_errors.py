"""`errors`: a line for each query that fails here, and for no other."""

import json
import threading

import dns.message
import dns.rcode
import pytest

import harness
from harness import make_query
from test_corefile import corefile, refused  # noqa: F401: a fixture
from test_forward import address, alone, outside, rcode_of, upstream  # noqa: F401: a fixture
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


def test_consolidate(upstream, corefile):  # noqa: F811
    up = upstream()
    up.stop()
    server = alone(corefile, up, more='errors {\n consolidate 1s "^read (?:udp|tcp) .*: connection refused" warning show_first\n consolidate 1h "." info\n }')
    for name in "abc":
        assert rcode_of(server, f"{name}.") == "SERVFAIL"
    warning = r"^headns: warning: \[WARNING\] plugin/errors: "
    server.log.wait(rf"{warning}2 a\. A: read udp {up.address}: connection refused")
    server.log.wait(rf"{warning}\d errors like '\^read \(\?:udp\|tcp\) \.\*: connection refused' occurred in last 1s$")
    assert server.log.count("plugin/errors: 2") == 1


def test_what_was_counted_is_said_at_the_end(upstream, corefile):  # noqa: F811
    up = upstream()
    up.stop()
    server = alone(corefile, up, more='errors {\n consolidate 1h30m "(?i)REFUSED" info\n }')
    assert rcode_of(server, "a.") == "SERVFAIL"
    assert "[INFO] plugin/errors: 1 errors like '(?i)REFUSED' occurred in last 1h30m0s" in server.stop()


def test_patterns_that_go_has_not_got(tmp_path):
    said = refused('. {\n errors {\n  consolidate 5m "a(?!b)" warning\n }\n}\n', folder=tmp_path)
    assert "Corefile:3: consolidate: the pattern a(?!b): " in said


def test_as_json(upstream, serve, tmp_path):  # noqa: F811
    up = upstream()
    up.stop()
    path = tmp_path / "Corefile"
    path.write_text(outside(up, more="errors"))
    server = serve("-conf", path, "--log-format", "json", listen=(), started="listening", prefix='"msg":"')
    assert rcode_of(server, "a.example.") == "SERVFAIL"
    line = json.loads(server.log.wait('"plugin":"errors"').string)
    assert line["level"] == "ERROR" and line["msg"].startswith(f"2 a.example. A: read udp {up.address}: connection refused")
    assert all(json.loads(line)["time"].endswith("Z") for line in server.stop().splitlines())
