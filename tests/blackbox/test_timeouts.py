"""`timeouts`: how long TCP connections may be silent, and how much they may ask."""

import signal

import pytest

import harness
from harness import frame, receive_frame
from test_corefile import corefile, refused  # noqa: F401: fixtures
from test_corefile_reload import free_port

LONG = "1h"


def block(port, said, zone="."):
    return f"{zone}:{port} {{\n bind 127.0.0.1\n {said}\n whoami\n}}\n"


def timeouts(*lines):
    return "timeouts {\n" + "".join(f"  {line}\n" for line in lines) + " }"


def ask(stream, number=1):
    stream.sendall(frame(harness.make_query("www.example.", id=number).to_wire()))
    assert int.from_bytes(receive_frame(stream)[:2], "big") == number


def ends(stream):
    """Without a reset: what was sent before has not been lost."""
    return stream.recv(1) == b""


def test_times(corefile):  # noqa: F811
    """At the first address a connection that says nothing ends first, at the second one that has said something."""
    text = block(0, timeouts("read 1s", f"idle {LONG}")) + block(0, timeouts(f"read {LONG}", "idle 1")).replace("127.0.0.1", "127.0.0.2")
    server = corefile(text, clusters=0)
    silent, heard = zip(*[(server.tcp_socket(at), server.tcp_socket(at)) for at in server_addresses(server)])
    for stream in heard:
        ask(stream)
    assert ends(silent[0]) and ends(heard[1])
    ask(heard[0], 2)
    ask(silent[1], 2)


def server_addresses(server):
    """Of both blocks: each has a line."""
    server.log.wait_count("listening on", 2)
    return [harness.parse_addresses(line)[0] for line in server.log.lines if "listening on" in line]


def test_the_last_block_at_an_address_counts(serve, tmp_path):
    """Each for what it says, as in CoreDNS."""
    port = free_port()
    text = block(port, timeouts("maxtcpqueries 9", f"idle {LONG}"), "a.") + block(port, timeouts("maxtcpqueries 2"), "b.") + block(port, "", "c.")
    path = tmp_path / "Corefile"
    path.write_text(text)
    server = serve("-conf", path, listen=(), started="listening on")
    with server.tcp_socket(("127.0.0.1", port)) as stream:
        stream.sendall(b"".join(frame(harness.make_query("www.a.", id=n).to_wire()) for n in range(5)))
        assert [int.from_bytes(receive_frame(stream)[:2], "big") for _ in range(2)] == [0, 1]
        assert ends(stream)


def test_no_bound(corefile):  # noqa: F811
    """-1 is said: it takes back what a block before said."""
    server = corefile(block(0, timeouts("maxtcpqueries -1")), clusters=0)
    with server.tcp_socket() as stream:
        for number in range(300):
            ask(stream, number)


def test_a_reload_brings_others(serve, tmp_path):
    """For connections that are there, too."""
    port = free_port()
    path = tmp_path / "Corefile"
    path.write_text(block(port, timeouts(f"idle {LONG}")))
    server = serve("-conf", path, listen=(), started="listening on")
    at = ("127.0.0.1", port)
    with server.tcp_socket(at) as stays, server.tcp_socket(at) as ends_soon:
        ask(stays)
        ask(ends_soon)
        path.write_text(block(port, timeouts("maxtcpqueries 2")))
        server.signal(signal.SIGHUP)
        server.log.wait("Corefile is served as it is now")
        ask(stays, 2)
        assert ends(stays)
        path.write_text(block(port, timeouts("idle 1s")))
        server.signal(signal.SIGHUP)
        server.log.wait_count("Corefile is served as it is now", 2)
        assert ends(ends_soon)


@pytest.mark.parametrize(
    "said, why",
    [
        ("timeouts", "nothing is said"),
        ("timeouts 5s", "it is written: timeouts"),
        (timeouts("read 0"), "from 1s to 24h"),
        (timeouts("idle 25h"), "from 1s to 24h"),
        (timeouts("write soon"), "write"),
        (timeouts("maxtcpqueries 0"), "-1 or a number from 1"),
        (timeouts("linger 1s"), "linger"),
    ],
)
def test_what_is_wrong_is_said(said, why, tmp_path):
    assert why in refused(block(0, said), folder=tmp_path)
