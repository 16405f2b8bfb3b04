"""What the process takes from its surroundings, and what it hands on: signals, descriptors, limits."""

import json
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest

import harness
from harness import headns, run_headns, until
from test_cluster import WEB0, web

OBSERVED = harness.ZONES / "nginx-observed.yaml"
NAME = "web-0.nginx.default.svc"


def follow(serve, api, folder, *arguments, user=None, cluster=None, settings=(), **options):
    env = {"HEADNS_SET": "\n".join(f"kubernetes.{s}" for s in settings)} if settings else None
    return serve("--kubeconfig", api.kubeconfig(folder / "kubeconfig", user, cluster), *arguments, env=env, **options)


def limit(server, what, soft):
    """Sets a limit of the running process; returns what it was."""
    old = resource.prlimit(server.process.pid, what)
    resource.prlimit(server.process.pid, what, (soft, old[1]))
    return old[0]


# --- signals ---


def test_sigusr2_is_a_line(serve):
    """CoreDNS starts its successor then."""
    server = serve(OBSERVED)
    server.signal(signal.SIGUSR2)
    server.log.wait("^headns: warning: SIGUSR2 does nothing")
    assert server.addresses_of(NAME)


def test_a_snapshot_that_meets_the_limit_of_files(serve, api, tmp_path):
    """SIGXFSZ would end the process."""
    server = follow(serve, api, tmp_path, settings=[f"snapshot={tmp_path / 'snapshot'}"])
    limit(server, resource.RLIMIT_FSIZE, 10)
    lines = [line for line in server.stop().splitlines() if "File too large" in line]
    assert len(lines) == 1 and lines[0].startswith("headns: warning: the snapshot could not be written: ")
    assert not list(tmp_path.glob("snapshot*"))


def test_a_log_that_meets_the_limit_of_files(tmp_path):
    log = tmp_path / "log"
    with open(log, "w") as stderr:
        process = subprocess.Popen(headns("serve", "--listen", "127.0.0.1:0", OBSERVED), stderr=stderr, env=harness.environment())
        deadline = harness.Deadline()
        while "serving" not in log.read_text():
            deadline.check("no start line")
        size = log.stat().st_size
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
        host, port = harness.parse_addresses(log.read_text())[0]
        for _ in range(3):
            process.send_signal(signal.SIGUSR2)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(harness.PATIENCE_S)
                client.sendto(harness.make_query(NAME).to_wire(), (host, port))
                assert client.recv(512)
        deadline = harness.Deadline()
        while log.stat().st_size != size + 10:
            deadline.check("the limit was not met")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        process.send_signal(signal.SIGTERM)
        assert process.wait(harness.PATIENCE_S) == 0


def test_a_dump_that_meets_the_limit_of_files(tmp_path):
    def lower():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    with open(tmp_path / "zone", "w") as out:
        done = subprocess.run(
            headns("dump", OBSERVED), stdout=out, stderr=subprocess.PIPE, text=True, preexec_fn=lower, env=harness.environment()
        )
    assert done.returncode == 1
    assert done.stderr == "headns: error: dump: the output could not be written whole\n"


# --- descriptors ---


@pytest.mark.parametrize("host", ["127.0.0.1", "nonexistent.invalid"], ids=["an address", "a name"])
def test_too_many_open_files(serve, api, tmp_path, host):
    """Not "Couldn't connect", nor that a name has no address."""
    where = {"server": f"http://{host}:{api.port}"}
    server = follow(serve, api, tmp_path, "--log-level", "debug", cluster=where, started="(serving|listening on)")
    old = limit(server, resource.RLIMIT_NOFILE, 3)
    api.stop()
    server.log.wait(r"no socket can be had: Too many open files; trying again")
    limit(server, resource.RLIMIT_NOFILE, old)
    if host == "127.0.0.1":
        api.put(web(0, "10.244.0.8"))
        api.start()
        until(server, WEB0, {"10.244.0.8"})


def test_standard_descriptors_that_are_closed(tmp_path):
    """Else the first socket would be number 2, and the log would go to its other side."""
    port = harness.free_port()
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *headns("serve", "--listen", f"127.0.0.1:{port}", OBSERVED)]
    process = subprocess.Popen(command, env=harness.environment())
    query = harness.make_query(NAME)
    deadline = harness.Deadline()
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind(("127.0.0.2", 0))  # else its own port may be the server's, and it asks itself
            client.connect(("127.0.0.1", port))
            client.settimeout(1)
            try:
                client.send(query.to_wire())
                assert client.recv(512)[3] & 0xF == 0
                break
            except (ConnectionRefusedError, TimeoutError):  # what finds the port while it is tried is lost
                deadline.check("it did not start")
    if not harness.WRAP:
        assert {os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)} == {"/dev/null"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(harness.PATIENCE_S) == 0


@pytest.fixture
def given():
    """A descriptor that whoever starts headns hands on."""
    read, write = os.pipe()
    os.write(write, b"given\n")
    os.close(write)
    yield read
    os.close(read)


OPEN = "[fd for fd in range(1024) if os.path.islink(f'/proc/self/fd/{fd}')]"  # a shell has some of its own


plain_descriptors = pytest.mark.skipif(bool(harness.WRAP), reason="the wrapper has descriptors of its own")


@plain_descriptors
def test_what_run_is_given_its_command_has(need, given):
    need("unshare")
    script = f"import os; print(os.read({given}, 99)); print({OPEN})"
    command = headns("run", OBSERVED, "--", "/usr/bin/python3", "-ISc", script)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, pass_fds=[given], env=harness.environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"b'given\\n'\n[0, 1, 2, {given}]\n"


PLUGIN = """#!/usr/bin/python3 -IS
import os
found = {open}
with open("{seen}", "a") as file:
    print(*found, file=file)
print('{credential}')
"""


def credential_of(token, expires="2020-01-01T00:00:00Z"):
    status = {"token": token, "expirationTimestamp": expires}
    return json.dumps({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": status})


def plugin(folder, text):
    """A kubeconfig's user who has it run."""
    path = folder / "plugin"
    path.write_text(text)
    path.chmod(0o755)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never"}}


@plain_descriptors
def test_a_credential_plugin_inherits_nothing(serve, api, tmp_path, given):
    """It runs for each request, so the later ones while connections are open."""
    api.token, seen = "from-the-plugin", tmp_path / "seen"
    user = plugin(tmp_path, PLUGIN.format(open=OPEN, seen=seen, credential=credential_of(api.token)))
    server = follow(serve, api, tmp_path, user=user, pass_fds=[given])
    api.wait_watched()
    runs = len(seen.read_text().splitlines())
    api.end("pods")
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    lines = seen.read_text().splitlines()
    assert len(lines) > runs and set(lines) == {"0 1 2"}


@plain_descriptors
def test_everything_is_closed_on_exec(serve, api, tmp_path, given):
    server = follow(serve, api, tmp_path, settings=[f"snapshot={tmp_path / 'snapshot'}"], pass_fds=[given])
    server.tcp_socket().close()
    process = Path(f"/proc/{server.process.pid}")
    for fd in process.glob("fdinfo/*"):
        if int(fd.name) > 2:
            flags = next(int(line.split()[1], 8) for line in fd.read_text().splitlines() if line.startswith("flags:"))
            assert flags & os.O_CLOEXEC, os.readlink(process / "fd" / fd.name)


JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"
TALKATIVE = """#!/bin/sh
exec 3>&1 >&2
echo "plugin: the login server is slow"
echo "debug: I got {token}, a fine one"
echo "debug: {jwt}"
echo 'Authorization: Bearer abc'
echo '{credential}'
printf '%01000d\\n' 0
printf 'no end of line'
echo '{credential}' >&3
"""


def test_what_a_credential_plugin_says(serve, api, tmp_path):
    api.token = "from-the-plugin"
    server = follow(serve, api, tmp_path, user=plugin(tmp_path, TALKATIVE.format(token=api.token, jwt=JWT, credential=credential_of(api.token, "2099-01-01T00:00:00Z"))))
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    log = server.stop()
    said = [line for line in log.splitlines() if line.startswith("headns: warning: the credential plugin ./plugin: ")]
    assert [line.split(": ", 3)[3] for line in said] == [
        "plugin: the login server is slow",
        "debug: I got [left out], a fine one",
        "debug: [left out]",
        "Authorization: [left out]",
        "[left out]: an ExecCredential",
        "[left out]...",
        "no end of line",
    ]
    assert api.token not in log and JWT not in log


def test_a_credential_plugin_that_never_stops_talking(serve, api, tmp_path):
    """20 lines are enough of it."""
    text = "#!/bin/sh\necho 'what is wrong' >&2\nyes 'and again' | head -n 100000 >&2\necho 'and again' >&2\nexit 3\n"
    server = follow(serve, api, tmp_path, user=plugin(tmp_path, text), started="listening on")
    server.log.wait(r"no credentials to show: the credential plugin ./plugin: it ended with status 3")
    log = server.stop()
    assert "the credential plugin ./plugin: what is wrong" in log
    assert log.count("the credential plugin ./plugin: and again") <= 21


def test_a_credential_plugin_that_waits(serve, api, tmp_path):
    """For somebody who reads what it says."""
    text = "#!/bin/sh\necho 'open the page and enter a code' >&2\nexec sleep 1000\n"
    server = follow(serve, api, tmp_path, user=plugin(tmp_path, text), started="listening on")
    server.log.wait("the credential plugin ./plugin: open the page and enter a code")
    server.stop()


# --- privileges ---

NET_BIND_SERVICE, DAC_READ_SEARCH, DAC_OVERRIDE = 1 << 10, 1 << 2, 1 << 1
as_root = pytest.mark.skipif(os.geteuid() != 0 or bool(harness.WRAP), reason="root has something to give up")


def status_of(task):
    return dict(line.split(":\t") for line in (task / "status").read_text().splitlines() if ":\t" in line)


def capabilities(server):
    """Of each thread: (name, permitted, effective). A sanitizer has one of its own, which has begun before we have."""
    found, is_plain = [], harness.is_plain(server)
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        status = status_of(task)
        if not is_plain and status["Name"] == "headns" and int(task.name) != server.process.pid:
            continue
        assert status["NoNewPrivs"] == "1", status["Name"]
        found.append((status["Name"], int(status["CapPrm"], 16), int(status["CapEff"], 16)))
    return sorted(found)


def check_threads(server, control):
    """A thread gives up its own when it first runs, which may be after the server's first line."""
    deadline = harness.Deadline()
    while {c for c in capabilities(server) if c[0] == "headns"} != {("headns", control, control)} or any(
        c[1] | c[2] for c in capabilities(server) if c[0] != "headns"
    ):
        deadline.check(capabilities(server))
    assert {"headns", "log", "rcu", "worker-0"} <= {c[0] for c in capabilities(server)}


def an_ordinary_user():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


@as_root
def test_root_keeps_what_a_listener_needs(serve, api, tmp_path):
    server = follow(serve, api, tmp_path, settings=[f"snapshot={tmp_path / 'snapshot'}"])
    check_threads(server, NET_BIND_SERVICE)
    assert "is kept" not in server.stop() and (tmp_path / "snapshot").exists()


@as_root
def test_root_keeps_what_files_of_others_need(serve, api, tmp_path):
    """sudo headns serve FILE: an edit of the file must be seen, the snapshot be written."""
    manifest = harness.write_manifest(tmp_path / "m.json", harness.service("nginx", selector={"app": "nginx"}), web(0, "10.244.0.7"))
    manifest.chmod(0o600)
    os.chown(manifest, 65534, 65534)
    server = serve(manifest)
    check_threads(server, NET_BIND_SERVICE | DAC_READ_SEARCH)
    server.log.wait(f"CAP_DAC_READ_SEARCH is kept: {manifest} is another user's")
    manifest.write_text(manifest.read_text().replace("10.244.0.7", "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    os.chown(folder, 65534, 65534)
    server = follow(serve, api, tmp_path, settings=[f"snapshot={folder / 'snapshot'}"])
    check_threads(server, NET_BIND_SERVICE | DAC_OVERRIDE)
    server.stop()
    assert (folder / "snapshot").exists()


def test_it_cannot_be_looked_into(serve):
    """Not dumpable: what /proc has of it is root's, whoever runs it."""
    server = serve(OBSERVED)
    if not harness.WRAP:
        assert {status["NoNewPrivs"] for status in map(status_of, Path(f"/proc/{server.process.pid}/task").iterdir())} == {"1"}
    if os.geteuid() == 0 and not harness.WRAP:
        assert os.stat(f"/proc/{server.process.pid}/environ").st_uid == 0


@as_root
def test_an_ordinary_user_has_nothing_to_give_up(tmp_path):
    """And its process belongs to root, because it holds tokens: nobody of the same user reads its memory."""
    manifest = harness.write_manifest(tmp_path / "m.json", harness.service("nginx"))
    ready = tmp_path / "ready"
    ready.mkdir()
    os.chmod(ready, 0o777)
    with open(manifest) as stdin, open(tmp_path / "log", "w") as stderr:
        process = subprocess.Popen(
            headns("serve", "--listen", "127.0.0.1:0", "-"), stdin=stdin, stderr=stderr, preexec_fn=an_ordinary_user, env=harness.environment()
        )
        deadline = harness.Deadline()
        while "serving" not in (tmp_path / "log").read_text():
            deadline.check("no start line")
            assert process.poll() is None, (tmp_path / "log").read_text()
        assert status_of(Path(f"/proc/{process.pid}"))["Uid"].split() == ["65534"] * 4
        assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(harness.PATIENCE_S) == 0


@as_root
def test_a_credential_plugin_of_root_gains_nothing(serve, api, tmp_path):
    api.token, seen = "from-the-plugin", tmp_path / "seen"
    text = f"#!/bin/sh\ngrep -E '^(CapEff|NoNewPrivs)' /proc/self/status >{seen}\necho '{credential_of(api.token)}'\n"
    server = follow(serve, api, tmp_path, user=plugin(tmp_path, text))
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    server.stop()
    assert seen.read_text() == f"CapEff:\t{NET_BIND_SERVICE:016x}\nNoNewPrivs:\t1\n"


def test_the_command_of_run_keeps_its_rights(need):
    """sudo and ping are somebody's COMMAND, too."""
    need("unshare")
    done = run_headns("run", OBSERVED, "--", "grep", "NoNewPrivs", "/proc/self/status")
    assert (done.returncode, done.stdout) == (0, "NoNewPrivs:\t0\n")
