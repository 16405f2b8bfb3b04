"""The command line that CoreDNS has, as manifests of clusters and scripts use it."""

import subprocess

import pytest

import harness
from harness import PATIENCE_S, Deadline, Server, environment, headns, run_headns

WHOAMI = "{keys} {{\n    bind 127.0.0.1\n    whoami\n}}\n"


@pytest.fixture
def corefile(tmp_path):
    def write(keys="."):
        path = tmp_path / "Corefile"
        path.write_text(WHOAMI.format(keys=keys))
        return path

    return write


@pytest.fixture
def serve():
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, command=(), listen=(), started="listening on", **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("option", ["-p", "--p", "-dns.port"])
def test_the_port(serve, corefile, option):
    port = harness.free_port()
    assert serve("-conf", corefile(), option, port).port == port


@pytest.mark.parametrize("before", [(), ("-conf", "no-such-file"), ("-quiet",), ("serve",)], ids=str)
def test_the_plugins(before):
    done = run_headns(*before, "-plugins")
    names = done.stdout.split()
    assert done.returncode == 0 and done.stderr == ""
    assert names == sorted(names) and {"errors", "forward", "cache", "kubernetes"} <= set(names)


def test_each_plugin_may_stand_in_a_corefile(tmp_path):
    """And what is no plugin is not in the list."""
    for name in run_headns("-plugins").stdout.split():
        (tmp_path / "Corefile").write_text(f". {{\n    {name}\n}}\n")
        said = run_headns("check", tmp_path / "Corefile").stderr
        assert "not built yet" not in said and "unknown directive" not in said, said


def test_quiet(corefile, tmp_path):
    ready = tmp_path / "ready"
    command = headns("-quiet", "-conf", corefile(".:0"), "-ready-file", ready)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    deadline = Deadline()
    while not ready.exists():
        deadline.check("it does not answer")
    process.terminate()
    assert (*process.communicate(timeout=PATIENCE_S), process.returncode) == ("", "", 0)
    assert run_headns("-quiet", "-conf", tmp_path / "none").stderr.startswith("headns: error: ")


def test_the_pid_file(serve, corefile, tmp_path):
    path = tmp_path / "headns.pid"
    path.write_text("1\n")  # of an earlier one
    server = serve("-conf", corefile(".:0"), "-pidfile", path)
    number = int(path.read_text())
    assert number == server.process.pid or harness.WRAP
    server.stop()
    assert not path.exists()


def test_the_pid_file_of_another_stays(serve, corefile, tmp_path):
    path = tmp_path / "headns.pid"
    server = serve("-conf", corefile(".:0"), "-pidfile", path)
    path.write_text("1\n")
    server.stop()
    assert path.read_text() == "1\n"


def test_a_pid_file_that_cannot_be(corefile, tmp_path):
    done = run_headns("-conf", corefile(".:0"), "-pidfile", tmp_path / "none" / "headns.pid")
    assert done.returncode == 1 and "--pidfile" in done.stderr and "No such file" in done.stderr
