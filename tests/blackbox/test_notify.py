"""What a service manager is told over the socket in $NOTIFY_SOCKET (sd_notify(3))."""

import os
import re
import signal
import socket
import time

import pytest

import harness
from test_corefile import NGINX, WEB0, answer, api, block, corefile, web  # noqa: F401: fixtures


class Manager:
    """A datagram socket, as systemd's; what comes is waited for."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.settimeout(harness.PATIENCE_S)
        self.env = {"NOTIFY_SOCKET": address}

    def next(self):
        return self._socket.recv(4096).decode()

    def expect_reload(self, after):
        told = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", self.next())
        assert told and after <= int(told[1]) * 1000 <= time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        assert self.next() == "READY=1"

    def is_silent(self):
        self._socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            self._socket.recv(4096)
        self._socket.settimeout(harness.PATIENCE_S)

    def stop(self):
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@headns-test-{os.getpid()}-{time.monotonic_ns()}"
    one = Manager(address)
    yield one
    one.stop()


def now_us():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 * 1000


def test_a_life(manager, api, corefile, tmp_path):  # noqa: F811
    """Ready when names are answered; a reload begins and ends, whatever comes of it; the end is told before it comes."""
    text = block(api(NGINX, web(0, "10.244.0.7")))
    server = corefile(text, env=manager.env)
    assert manager.next() == "READY=1"
    assert answer(server, WEB0) == {"10.244.0.7"}
    path = tmp_path / "Corefile"
    for content in (text, text + "# the same\n", text.replace("kubernetes", "minimal\nkubernetes", 1), "nonsense {", text):
        path.write_text(content)
        before = now_us()
        server.signal(signal.SIGHUP)
        manager.expect_reload(before)
    manager.is_silent()
    server.signal(signal.SIGTERM)
    assert manager.next() == "STOPPING=1"
    server.wait_end()


def test_manifests(manager, serve):
    server = serve(harness.ZONES / "nginx-statefulset.yaml", env=manager.env)
    assert manager.next() == "READY=1"
    before = now_us()
    server.signal(signal.SIGHUP)
    manager.expect_reload(before)
    server.signal(signal.SIGINT)
    assert manager.next() == "STOPPING=1"
    server.wait_end()


def test_lameduck(manager, corefile):  # noqa: F811
    """The end is told once, at its beginning."""
    server = corefile(".:0 {\n bind 127.0.0.1\n whoami\n health 127.0.0.1:0 {\n lameduck 1h\n }\n}\n", clusters=0, env=manager.env)
    assert manager.next() == "READY=1"
    server.signal(signal.SIGTERM)
    assert manager.next() == "STOPPING=1"
    assert answer(server, "a.") == "NOERROR"
    server.signal(signal.SIGTERM)
    server.wait_end()
    manager.is_silent()


def test_not_ready_before_the_cluster_is_known(manager, api, corefile):  # noqa: F811
    """Nor after a reload meanwhile."""
    text = ".:0 {\n bind 127.0.0.1\n kubernetes cluster.local {\n endpoint http://127.0.0.1:1\n }\n}\n"
    server = corefile(text, clusters=0, env=manager.env)
    server.log.wait("listening on")
    server.signal(signal.SIGHUP)
    server.log.wait("reload: .* is served")
    manager.is_silent()


@pytest.mark.parametrize("address", ["relative", "@", "/" + "x" * 200, "/nowhere/notify"])
def test_a_socket_that_is_none(corefile, address):  # noqa: F811
    """It says so once, and serves."""
    server = corefile(".:0 {\n bind 127.0.0.1\n whoami\n}\n", clusters=0, env={"NOTIFY_SOCKET": address})
    server.log.wait("warning: serve: .*NOTIFY_SOCKET")
    server.signal(signal.SIGHUP)
    server.log.wait("is served as it is now")
    assert answer(server, "a.") == "NOERROR"
    assert server.log.count("NOTIFY_SOCKET") == 1


def test_a_start_that_fails(manager, tmp_path):
    (tmp_path / "Corefile").write_text("nonsense {\n")
    assert harness.run_headns("-conf", tmp_path / "Corefile", env=manager.env).returncode == 1
    manager.is_silent()
