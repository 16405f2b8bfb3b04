"""`loop`: upstreams that lead back to whoever asks them."""

import re
import signal

import pytest

import harness
from harness import make_query
from test_corefile import NGINX, api, block, corefile, refused, web  # noqa: F401: fixtures
from test_corefile_reload import free_port
from test_forward import address, rcode_of, upstream  # noqa: F401: fixture
from upstream import reply_to

FOUND = r"error: loop: Loop \(127\.0\.0\.1:\d+ -> here\) detected for zone "


def text(port, *upstreams, more="loop", lines=""):
    to = " ".join(u if isinstance(u, str) else u.address for u in upstreams)
    return f".:{port} {{\n bind 127.0.0.1\n forward . {to}\n {lines}\n {more}\n}}\n"


def found(upstream_address, zone="."):
    return FOUND + rf'"{re.escape(zone)}": what the upstream {re.escape(upstream_address)} is asked comes back'


def names(up):
    """All that the upstream was asked but by `loop`."""
    return [name.lower() for name, rdtype, _ in list(up.asked) if rdtype != "HINFO" and name != "."]


def probes(up):
    return [name for name, rdtype, _ in list(up.asked) if rdtype == "HINFO"]


def test_the_upstream_is_ourselves(corefile):  # noqa: F811
    """It is named, and the process goes on."""
    port = free_port()
    server = corefile(text(port, f"127.0.0.1:{port}"), clusters=0)
    server.log.wait(found(f"127.0.0.1:{port}"))
    for _ in range(3):
        assert rcode_of(server, "a.example.") == "SERVFAIL"
    log = server.stop()
    assert len(re.findall(FOUND, log)) == 1
    assert "127.0.0.53" in log


def test_the_other_upstream_goes_on(corefile, upstream):  # noqa: F811
    up = upstream()
    port = free_port()
    server = corefile(text(port, f"127.0.0.1:{port}", up), clusters=0)
    server.log.wait(found(f"127.0.0.1:{port}"))
    for number in range(20):
        assert harness.answer_set(server.udp(make_query(f"n{number}.example.")), "A") == {"192.0.2.1"}
    assert sorted(names(up)) == sorted(f"n{number}.example." for number in range(20))
    assert up.address not in server.stop()


def test_by_way_of_another_server(serve, tmp_path):
    """Each asks the other. Whoever begins later finds it, if the first does not."""
    ports = [free_port(), free_port()]
    servers = []
    for number in range(2):
        path = tmp_path / f"Corefile{number}"
        path.write_text(text(ports[number], f"127.0.0.1:{ports[1 - number]}"))
        servers.append(serve("-conf", path, listen=(), started="listening on"))
    servers[1].log.wait(found(f"127.0.0.1:{ports[0]}"))
    for server in servers:
        assert rcode_of(server, "a.example.") == "SERVFAIL"


def test_whoever_is_there_later_is_asked_again(corefile, serve, tmp_path):  # noqa: F811
    """It does not say `loop` itself."""
    ports = [free_port(), free_port()]
    first = corefile(text(ports[0], f"127.0.0.1:{ports[1]}"), clusters=0)
    path = tmp_path / "Corefile.other"
    path.write_text(text(ports[1], f"127.0.0.1:{ports[0]}", more=""))
    other = serve("-conf", path, listen=(), started="listening on")
    first.log.wait(found(f"127.0.0.1:{ports[1]}"))
    assert not re.search(FOUND, other.stop())


def test_an_upstream_that_leads_elsewhere(corefile, upstream):  # noqa: F811
    """It is asked one name that nobody has, and nothing is said."""
    up = upstream(lambda query, _: reply_to(query, rcode="NXDOMAIN") if query.question[0].rdtype == 13 else address(query))
    server = corefile(text(0, up), clusters=0)
    up.wait(1)
    (probe,) = probes(up)
    assert re.fullmatch(r"\d{20}\.\d{20}\.", probe)
    assert rcode_of(server, "a.example.") == "NOERROR"
    log = server.stop()
    assert "loop" not in log and "error" not in log


def test_without_the_word_nothing_is_asked(corefile, upstream):  # noqa: F811
    up = upstream()
    server = corefile(text(0, up, more=""), clusters=0)
    assert rcode_of(server, "a.example.") == "NOERROR"
    server.stop()
    assert not probes(up)


def test_a_line_is_asked_for_its_own_zone(corefile, upstream):  # noqa: F811
    """A resolver of a company's zone may rightly leave all else to us."""
    up, rest = upstream(), upstream()
    server = corefile(text(0, rest, lines=f"forward corp.example {up.address}"), clusters=0)
    up.wait(1)
    rest.wait(1)
    assert re.fullmatch(r"\d{20}\.\d{20}\.", probes(rest)[0])
    assert re.fullmatch(r"\d{20}\.\d{20}\.corp\.example\.", probes(up)[0])
    server.stop()


def test_without_forward(api, corefile):  # noqa: F811
    server = corefile(block(api(NGINX, web(0, "10.244.0.7"))).rstrip().rstrip("}") + " loop\n}\n")
    assert rcode_of(server, "example.org.") == "REFUSED"
    assert harness.answer_set(server.udp(make_query("web-0.nginx.default.svc.cluster.local.")), "A") == {"10.244.0.7"}
    assert "loop" not in server.stop()


def test_beside_a_cluster(api, corefile, upstream):  # noqa: F811
    port = free_port()
    cluster = block(api(NGINX, web(0, "10.244.0.7")), keys=f".:{port}").rstrip().rstrip("}")
    server = corefile(cluster + f" forward . 127.0.0.1:{port}\n loop\n}}\n")
    server.log.wait(found(f"127.0.0.1:{port}"))
    assert harness.answer_set(server.udp(make_query("web-0.nginx.default.svc.cluster.local.")), "A") == {"10.244.0.7"}
    assert rcode_of(server, "example.org.") == "SERVFAIL"


def test_a_reload_brings_a_loop_and_ends_it(corefile, upstream, tmp_path):  # noqa: F811
    up = upstream()
    port = free_port()
    path = tmp_path / "Corefile"
    server = corefile(text(port, up), clusters=0)
    assert rcode_of(server, "a.example.") == "NOERROR"
    for count, (to, rcode) in enumerate([(f"127.0.0.1:{port}", "SERVFAIL"), (up.address, "NOERROR"), (f"127.0.0.1:{port}", "SERVFAIL")]):
        path.write_text(text(port, to))
        server.signal(signal.SIGHUP)
        server.log.wait_count("is served as it is now", count + 1)
        if rcode == "SERVFAIL":
            server.log.wait_count(FOUND, count // 2 + 1)
        assert rcode_of(server, f"n{count}.example.") == rcode
    server.stop()


def test_a_reload_that_says_the_same_says_nothing_anew(corefile):  # noqa: F811
    port = free_port()
    server = corefile(text(port, f"127.0.0.1:{port}"), clusters=0)
    server.log.wait(FOUND)
    server.signal(signal.SIGHUP)
    server.log.wait("is served as it is now")
    assert rcode_of(server, "a.example.") == "SERVFAIL"
    assert len(re.findall(FOUND, server.stop())) == 1


def test_the_end_while_upstreams_are_silent(corefile, upstream):  # noqa: F811
    up = upstream(lambda query, _: None)
    server = corefile(text(0, up), clusters=0)
    up.wait(2)
    first, second = probes(up)[:2]
    assert first == second
    server.stop()


@pytest.mark.parametrize("line", ["loop x", "loop {\n a\n }", "loop\n loop"])
def test_what_is_wrong(tmp_path, line):
    assert "loop" in refused(f". {{\n forward . 192.0.2.1\n {line}\n}}\n", folder=tmp_path)
