"""Starting, ending, and the command line."""

import os
import re
import signal
import socket
import subprocess
import time

import pytest

import harness
from harness import headns, run_headns

OBSERVED = harness.ZONES / "nginx-observed.yaml"
NAME = "web-0.nginx.default.svc.cluster.local."


def wire(number):
    return harness.make_query(NAME, id=number).to_wire()


# --- ending ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_received_is_answered_before_the_end(serve, number, workers):
    """The server is stopped while queries and the signal arrive, so that all of them wait when it goes on."""
    server = serve("--workers", workers, OBSERVED, listen=["127.0.0.1:0", "[::1]:0"])
    datagrams = [server.udp_socket(address) for address in server.addresses for _ in range(10)]
    streams = [server.tcp_socket(address) for address in server.addresses for _ in range(5)]
    for s in streams:  # so that each is accepted
        s.sendall(harness.frame(wire(0)))
        harness.receive_frame(s)
    server.signal(signal.SIGSTOP)
    for s in datagrams:
        for n in range(5):
            s.send(wire(n))
    for s in streams:
        s.sendall(b"".join(harness.frame(wire(n)) for n in range(40)))
    server.signal(number)
    server.signal(signal.SIGCONT)
    for s in datagrams:
        assert sorted(s.recv(4096)[1] for _ in range(5)) == list(range(5))
        s.close()
    for s in streams:
        assert sorted(harness.receive_frame(s)[1] for _ in range(40)) == list(range(40))
        assert s.recv(1) == b""
        s.close()
    server.wait_end(0)


def test_a_client_that_does_not_read_cannot_hold_up_the_end(serve):
    server = serve(OBSERVED)
    s = server.tcp_socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setblocking(False)
    question = harness.frame(harness.make_query("_web._tcp.nginx.default.svc", "SRV").to_wire())
    try:
        while True:
            s.send(question * 100)
    except BlockingIOError:
        pass
    server.stop()
    s.close()


def test_the_end_of_an_idle_server(serve):
    server = serve("--workers", "4", OBSERVED, listen=["127.0.0.1:0", "[::1]:0"])
    log = server.stop()
    assert "error" not in log


# --- starting ---


@pytest.mark.parametrize("count", [0, 1, 2])
def test_lines_count_in_english(serve, tmp_path, count):
    objects = [harness.service(f"s{n}") for n in range(count)]
    objects += [harness.slice_of(f"s{n}", [f"10.0.0.{n + 1}"]) for n in range(count)]
    path = harness.write_manifest(tmp_path / "m.yaml", *objects or [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "empty"}}])
    server = serve("--no-cluster-services", path)
    assert re.search(rf"serving {count} service{'' if count == 1 else 's'}, {count} endpoint{'' if count == 1 else 's'}, \d+ names of", server.start_line)
    server.signal(signal.SIGHUP)
    server.log.wait(rf"reloaded: 0 services changed, 0 gone; now {count} service{'' if count == 1 else 's'}, {count} endpoint{'' if count == 1 else 's'},")


def test_the_start_line(serve):
    server = serve(OBSERVED)
    found = re.fullmatch(
        r"headns: info: serving (\d+) services?, (\d+) endpoints?, (\d+) names? of cluster\.local\. on 127\.0\.0\.1:(\d+); ready after (\d+) ms",
        server.start_line,
    )
    assert found, server.start_line
    assert int(found.group(1)) >= 2 and int(found.group(2)) >= 5 and int(found.group(3)) >= 8


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["UDP", "TCP"])
def test_an_address_in_use_by_another(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            s.listen()
        address = f"127.0.0.1:{s.getsockname()[1]}"
        done = run_headns("serve", "--listen", address, OBSERVED)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("headns: error: ") and address in done.stderr and "in use" in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_in_use_by_another_headns(serve, workers):
    """SO_REUSEPORT would let two servers share it, each with half the queries."""
    server = serve("--workers", workers, OBSERVED)
    address = f"127.0.0.1:{server.port}"
    done = run_headns("serve", "--workers", workers, "--listen", address, OBSERVED)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert address in done.stderr and "in use" in done.stderr
    assert server.addresses_of(NAME) == {"10.244.1.7"}


def test_an_address_that_is_not_of_this_machine():
    done = run_headns("serve", "--listen", "192.0.2.1:0", OBSERVED)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "192.0.2.1" in done.stderr


# --- the file that says that it answers ---


def wait_for_file(path):
    deadline = harness.Deadline()
    while not path.exists():
        deadline.check(f"no {path}")
        time.sleep(0.01)
    return path.read_text()  # whole, since it appears by a rename


def test_the_ready_file(serve, tmp_path):
    """Who has seen it needs no line of the log, and no patience: each of its addresses answers."""
    ready = tmp_path / "ready"
    ready.write_text("127.0.0.1:9\n")  # of an earlier server, which was killed
    server = serve("--ready-file", ready, OBSERVED, listen=["127.0.0.1:0", "[::1]:0"])
    text = wait_for_file(ready)
    assert text.endswith("\n") and harness.parse_addresses(text) == server.addresses
    assert ready.stat().st_mode & 0o777 == 0o644 & ~current_umask() and list(tmp_path.iterdir()) == [ready]
    for host, port in harness.parse_addresses(text):
        assert harness.answer_set(server.udp(harness.make_query(NAME), (host, port)), "A") == {"10.244.1.7"}
    server.stop()
    assert not list(tmp_path.iterdir())


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_ready_file_of_another_server_stays(serve, tmp_path):
    ready = tmp_path / "ready"
    first = serve("--ready-file", ready, OBSERVED)
    wait_for_file(ready)
    second = serve("--ready-file", ready, OBSERVED)
    assert harness.parse_addresses(wait_for_file(ready)) == second.addresses
    first.stop()
    assert harness.parse_addresses(ready.read_text()) == second.addresses


def test_no_ready_file_where_nothing_answers(serve, tmp_path):
    ready, bad = tmp_path / "ready", tmp_path / "bad.yaml"
    bad.write_text("kind: [\n")
    ready.write_text("127.0.0.1:9\n")
    assert run_headns("serve", "--ready-file", ready, "--listen", "127.0.0.1:0", bad).returncode == 1 and not ready.exists()
    ready.write_text("127.0.0.1:9\n")
    busy = serve(OBSERVED)
    done = run_headns("serve", "--ready-file", ready, "--listen", f"127.0.0.1:{busy.port}", OBSERVED)
    assert done.returncode == 1 and not ready.exists()


@pytest.mark.parametrize("where", ["/dev/stdout", "/dev/null", "pipe", "folder", "no/ready"])
def test_a_place_that_is_none_for_a_ready_file(tmp_path, where):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    done = run_headns("serve", "--listen", "127.0.0.1:0", "--ready-file", tmp_path / where, OBSERVED)
    assert done.returncode == 1 and "--ready-file" in done.stderr and os.stat("/dev/null").st_rdev


# --- the command line ---


def test_version():
    done = run_headns("--version")
    assert (done.returncode, done.stderr) == (0, "") and re.fullmatch(r"headns \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["run", "--help"], ["help", "run"]])
def test_help(arguments):
    done = run_headns(*arguments)
    assert (done.returncode, done.stderr) == (0, "") and "\nUsage: headns " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120


def options_of(command):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", run_headns(command, "--help").stdout))


def test_help_is_of_its_command():
    """What is said of an option is said of the command: dump serves nothing."""
    told = run_headns("help", "dump").stdout
    assert "serve" not in told.split("\nOptions:\n")[1] and "FILE as for" not in told
    assert "serve the rest" in run_headns("help", "serve").stdout and "dump the rest" in told


def test_options_promised():
    serving = {"--listen", "--zone", "--ttl", "--workers", "--pod-cidr", "--service-cidr", "--lenient"}
    assert serving <= options_of("serve")
    assert {"--pod", "--namespace", "--no-search-fallback", "--lenient"} <= options_of("run")


@pytest.mark.parametrize("document", ["README.md", "docs/headns.1"])
def test_every_option_is_documented(document):
    text = (harness.ROOT / document).read_text().replace("\\-", "-")
    assert not {option for option in options_of("serve") | options_of("run") if option not in text} - {"--help"}


USAGE = [
    ([], "command"),
    (["serve"], "manifest"),
    (["sevre", "x.yaml"], "sevre"),
    (["serve", "--lsten", "127.0.0.1:0", "x.yaml"], "--lsten"),
    (["serve", "--listen"], "--listen"),
    (["serve", "--listen", "somewhere:53", "x.yaml"], "somewhere:53"),
    (["serve", "--listen", "127.0.0.1:65536", "x.yaml"], "127.0.0.1:65536"),
    (["serve", "--listen", ":65536", "x.yaml"], ":65536"),
    (["serve", "-p", "53", "x.yaml"], "--listen"),
    (["serve", "-f", "x.yaml"], "headns serve FILE"),
    (["zones/nginx-observed.yaml"], "headns serve zones/nginx-observed.yaml"),
    (["version"], "headns --version"),
    (["serve", "--listen", "127.0.0.1:", "x.yaml"], "127.0.0.1:"),
    (["serve", "--listen", "::1:53x", "x.yaml"], "::1:53x"),
    (["serve", "--workers", "0", "x.yaml"], "--workers"),
    (["serve", "--workers", "two", "x.yaml"], "two"),
    (["serve", "--ttl", "3601", "x.yaml"], "3601"),
    (["serve", "--ttl", "-1", "x.yaml"], "-1"),
    (["serve", "--zone", "a..b", "x.yaml"], "a..b"),
    (["serve", "--zone", "10.in-addr.arpa", "x.yaml"], "no reverse zone"),
    (["serve", "--zone", "a" * 64, "x.yaml"], "a" * 64),
    (["serve", "--pod-cidr", "10.244.0.0", "x.yaml"], "10.244.0.0"),
    (["serve", "--pod-cidr", "10.244.0.1/16", "x.yaml"], "10.244.0.1/16"),
    (["serve", "--service-cidr", "10.0.0.0/33", "x.yaml"], "10.0.0.0/33"),
    (["run", "x.yaml"], "--"),
    (["run", "--", "true"], "manifest"),
    (["run", "x.yaml", "--"], "COMMAND"),
]


@pytest.mark.parametrize("arguments, wanted", [pytest.param(a, w, id=" ".join(a)[:40] or "nothing") for a, w in USAGE])
def test_usage_errors(arguments, wanted):
    """One line that names what was wrong, and where help is; status 2, to be told from a bad manifest's 1."""
    done = run_headns(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("headns: error: ")
    assert wanted in done.stderr


@pytest.mark.parametrize("arguments", [[], ["serve"], ["run"], ["dump"], ["completion"]])
def test_help_fits_a_terminal(arguments):
    assert max(map(len, run_headns("help", *arguments).stdout.splitlines())) <= 100


def test_help_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        assert subprocess.run(headns("--help"), stdout=full, stderr=subprocess.DEVNULL, env=harness.environment()).returncode == 1
