"""What stands where a file is wanted: a pipe, a socket, a device, a folder, a file without end, another name of somebody else's file. Nothing of it
may hold up the start, a server that runs, or its end; nothing is read without bound; nothing is written but what is ours."""

import os
import signal
import socket
import subprocess

import pytest

import harness
from harness import NGINX, WEB0, headns, pod, run_headns, service, until, write_manifest
from test_cluster import certificate, tls_server

OBSERVED = harness.ZONES / "nginx-observed.yaml"
COREFILE = ". {\n  bind 127.0.0.1\n}\n"


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def make_endless(path):
    """A terabyte, of which nothing is on the disk."""
    path.touch()
    os.truncate(path, 1 << 40)


THINGS = {
    "pipe": (os.mkfifo, "is a pipe, where a file is wanted"),
    "socket": (make_socket, "is a socket, where a file is wanted"),
    "folder": (os.mkdir, "is a folder, where a file is wanted"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device, where a file is wanted"),
    "endless": (make_endless, "larger than"),
}


@pytest.fixture(params=THINGS)
def thing(request, tmp_path):
    """thing(NAME) makes it there; returns its path and what is said of it."""
    make, said = THINGS[request.param]

    def at(name):
        path = tmp_path / name
        make(path)
        return path, f"{path}: {said}"

    at.name = request.param
    return at


def peak_memory_kib(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


# --- what is read at the start ---


def refused(arguments, said, status=1):
    done = run_headns(*arguments)
    assert done.returncode == status and said in done.stderr, done.stderr
    return done.stderr


def all_but(name):
    """Of all things but one, which is right there, or is found later."""
    return pytest.mark.parametrize("thing", [thing for thing in THINGS if thing != name], indirect=True)


@all_but("folder")
@pytest.mark.parametrize("command", [["serve", "--listen", "127.0.0.1:0"], ["dump"]], ids=["serve", "dump"])
def test_as_a_manifest(thing, command):
    path, said = thing("m.yaml")
    refused([*command, path], said)


def test_in_a_folder_of_manifests(thing, tmp_path):
    """A folder in it is passed over, as ever."""
    write_manifest(tmp_path / "a.yaml", service("nginx"))
    path, said = thing("m.yaml")
    done = run_headns("dump", tmp_path)
    assert (done.returncode == 0) == (thing.name == "folder")
    assert (said in done.stderr) == (thing.name != "folder")


@all_but("folder")
def test_under_run(thing, tmp_path):
    path, said = thing("m.yaml")
    done = run_headns("run", path, "--", "true")
    assert done.returncode and (said in done.stderr or "namespace" in done.stderr), done.stderr


def test_as_a_corefile(thing):
    path, said = thing("Corefile")
    refused(["-conf", path], said)


def test_as_the_corefile_of_the_working_directory(thing, tmp_path):
    _, said = thing("Corefile")
    done = run_headns("serve", cwd=tmp_path)
    assert done.returncode == 1 and said.replace(f"{tmp_path}/", "") in done.stderr


def test_as_an_import(thing, tmp_path):
    path, said = thing("more")
    (tmp_path / "Corefile").write_text(f"import {path.name}\n")
    refused(["-conf", tmp_path / "Corefile"], said)


@pytest.mark.parametrize("command", ["serve", "dump"])
def test_as_a_kubeconfig(thing, command):
    path, said = thing("kubeconfig")
    refused([command, "--kubeconfig", path], said)


@all_but("endless")  # which is read when it connects, see below
@pytest.mark.parametrize("which", range(3))
def test_as_a_file_of_tls(thing, tmp_path, which):
    path, said = thing("x.pem")
    files = ["/etc/hostname"] * 3
    files[which] = path
    block = f". {{\n kubernetes cluster.local {{\n endpoint https://127.0.0.1:1\n tls {files[0]} {files[1]} {files[2]}\n }}\n}}\n"
    (tmp_path / "Corefile").write_text(block)
    refused(["-conf", tmp_path / "Corefile"], f"tls: {said}")


@all_but("endless")
@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_as_a_file_of_the_service_account(thing, tmp_path, name):
    path, said = thing(name)
    other = {"token": "ca.crt", "ca.crt": "token"}[name]
    (tmp_path / other).write_text("x")
    (tmp_path / "Corefile").write_text(". {\n  kubernetes cluster.local\n}\n")
    account = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1", "HEADNS_SERVICE_ACCOUNT": str(tmp_path)}
    done = run_headns("-conf", tmp_path / "Corefile", env=account)
    assert done.returncode == 1 and said in done.stderr


# --- what is read for each connection or request ---


def test_as_a_token(cluster, follow, thing):
    path, said = thing("token")
    server = follow(cluster(token="t"), user={"tokenFile": str(path)}, started="listening on")
    server.log.wait(f": no credentials to show: {said}")
    assert peak_memory_kib(server.process) < 1 << 20
    server.stop()


@pytest.mark.parametrize("what", ["certificate-authority", "client-certificate", "client-key"])
def test_as_a_certificate(cluster, follow, need, thing, tmp_path, what):
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    path, said = thing("odd.pem")
    names = {"certificate-authority": str(cert), "client-certificate": str(cert), "client-key": str(key), what: str(path)}
    authority = {"certificate-authority": names.pop("certificate-authority")}
    server = follow(cluster(tls=tls_server(cert, key)), user=names, cluster=authority, started="listening on")
    server.log.wait(f": no TLS session with the API server: {said}")
    server.stop()


def test_a_token_that_becomes_one_and_a_file_again(cluster, follow, thing, tmp_path):
    """What was read goes on being served, and what comes after is read."""
    api = cluster(token="t")
    token = tmp_path / "token"
    token.write_text("t")
    server = follow(api, user={"tokenFile": str(token)})
    api.wait_watched()
    token.unlink()
    thing("token")
    api.stop()
    api.start()
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    if token.is_dir():
        token.rmdir()
    else:
        token.unlink()
    token.write_text("t")
    api.put(pod("web-0", "10.244.0.8", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))
    until(server, WEB0, {"10.244.0.8"})


# --- what is watched ---


def test_a_manifest_that_becomes_one_and_a_file_again(serve, thing, tmp_path):
    path = write_manifest(tmp_path / "m.yaml", NGINX, pod("web-0", "10.0.0.1", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))
    server = serve(path)
    path.unlink()
    thing("m.yaml")
    if thing.name != "folder":
        server.log.wait("not reloaded: the manifests are wrong")
    server.signal(signal.SIGHUP)
    if thing.name != "folder":
        assert server.addresses_of(WEB0) == {"10.0.0.1"}
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()
    write_manifest(path, NGINX, pod("web-0", "10.0.0.2", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))
    until(server, WEB0, {"10.0.0.2"})


def test_a_pipe_beside_them_is_left_alone(serve, tmp_path):
    """Who looks whether a file is being written must not open a pipe: its writer would think that somebody reads."""
    write_manifest(tmp_path / "a.yaml", NGINX)
    os.mkfifo(tmp_path / "m.yaml")
    server = serve("--lenient", tmp_path)
    (tmp_path / "b.yaml").write_text("# news\n")
    server.log.wait("reloaded")
    with pytest.raises(OSError, match="No such device"):  # ENXIO: nobody reads
        os.open(tmp_path / "m.yaml", os.O_WRONLY | os.O_NONBLOCK)


# --- what we were given ---

MANIFEST = harness.manifest_text(NGINX, pod("web-0", "10.0.0.1", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))


def through_pipe(text):
    """The reading end of a pipe that holds it."""
    read, write = os.pipe()
    os.write(write, text.encode())
    os.close(write)
    return read


@pytest.mark.parametrize("path", ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
@pytest.mark.parametrize("again", [signal.SIGHUP, signal.SIGUSR1])
def test_standard_input_is_read_once_and_kept(serve, path, again):
    server = serve(path, stdin=MANIFEST)
    assert server.addresses_of(WEB0) == {"10.0.0.1"}
    server.signal(again)
    server.log.wait("reloaded: 0 services changed, 0 gone; now 1 service,")
    assert server.addresses_of(WEB0) == {"10.0.0.1"}


def test_what_a_shell_makes_of_process_substitution(tmp_path):
    (tmp_path / "m.yaml").write_text(MANIFEST)
    write_manifest(tmp_path / "other.yaml", service("other", headless=False, cluster_ip="10.0.0.77"))
    command = " ".join(headns("dump", "<(cat m.yaml)", "<(cat other.yaml)"))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, env=harness.environment())
    harness.check_sanitizer(done.stderr)
    assert done.returncode == 0 and done.stderr == "" and "web-0.nginx" in done.stdout and "other.default" in done.stdout


def test_a_substitution_is_kept_as_well(tmp_path):
    (tmp_path / "m.yaml").write_text(MANIFEST)
    command = "exec " + " ".join(headns("serve", "--listen", "127.0.0.1:0", "<(cat m.yaml)"))
    server = subprocess.Popen(["bash", "-c", command], stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=harness.environment())
    log = harness.Lines(server.stderr)
    try:
        log.wait("info: serving 1 service,")
        server.send_signal(signal.SIGHUP)
        log.wait("reloaded: 0 services changed, 0 gone; now 1 service,")
    finally:
        server.terminate()
        server.wait(harness.PATIENCE_S)
    harness.check_sanitizer(log.join())


def test_a_corefile_and_a_kubeconfig_from_a_pipe(cluster, tmp_path):
    config = cluster().kubeconfig(tmp_path / "kubeconfig")
    command = " ".join(headns("dump", "--kubeconfig", f"<(cat {config})"))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=harness.environment())
    assert done.returncode == 0 and "web-0.nginx" in done.stdout, done.stderr
    (tmp_path / "Corefile").write_text(f"cluster.local:0 {{\n kubernetes {{\n kubeconfig {config}\n }}\n}}\n")
    command = " ".join(headns("dump", "--conf", f"<(cat {tmp_path}/Corefile)"))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=harness.environment())
    assert done.returncode == 0 and "web-0.nginx" in done.stdout, done.stderr


@pytest.mark.parametrize("path", ["-", "/dev/stdin"])
def test_a_device_as_standard_input(path):
    with open("/dev/zero") as zero:
        done = subprocess.run(headns("dump", path), stdin=zero, capture_output=True, text=True, timeout=harness.PATIENCE_S, env=harness.environment())
    assert done.returncode == 1 and "is a device, where a file is wanted" in done.stderr


def test_a_folder_as_standard_input(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    done = subprocess.run(headns("dump", "-"), stdin=folder, capture_output=True, text=True, timeout=harness.PATIENCE_S, env=harness.environment())
    os.close(folder)
    assert done.returncode == 1 and "stdin: is a folder, where a file is wanted" in done.stderr


def test_a_pipe_that_somebody_made_non_blocking(serve):
    """As programs that share a terminal with others do: nothing there yet is not the end."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    process = subprocess.Popen(headns("dump", "-"), stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=harness.environment())
    os.close(read)
    half = len(MANIFEST) // 2
    os.write(write, MANIFEST[:half].encode())
    os.write(write, MANIFEST[half:].encode())
    os.close(write)
    out, err = process.communicate(timeout=harness.PATIENCE_S)
    harness.check_sanitizer(err)
    assert process.returncode == 0 and "web-0.nginx" in out


# --- the snapshot ---


@pytest.fixture
def keep(cluster, follow, tmp_path):
    """keep() is a headns that keeps tmp_path/snapshot."""
    return lambda: follow(cluster(), settings=[f"snapshot={tmp_path / 'snapshot'}"])


def test_as_a_snapshot(keep, thing):
    """It is none, and stays what it is; but a file that is merely too large is ours to write anew."""
    path, said = thing("snapshot")
    server = keep()
    server.log.wait(f"the snapshot is not used: {said}")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    assert peak_memory_kib(server.process) < 1 << 20
    before = path.lstat().st_ino
    log = server.stop()
    assert (f"the snapshot could not be written: {said}" in log) == (thing.name != "endless")
    assert (path.lstat().st_ino == before) == (thing.name != "endless")


def test_beside_the_snapshot(keep, thing, tmp_path):
    """What was left at the place of the new file is taken away, unless it is a folder."""
    path, _ = thing("snapshot.new")
    log = keep().stop()
    assert ("could not be written" in log) == (thing.name == "folder")
    assert (tmp_path / "snapshot").is_file() == (thing.name != "folder")


@pytest.mark.parametrize("name", ["snapshot", "snapshot.new"])
@pytest.mark.parametrize("how", [os.link, os.symlink])
def test_another_name_of_somebody_elses_file(keep, tmp_path, name, how):
    other = tmp_path / "other"
    other.write_text("not ours")
    how(other, tmp_path / name)
    keep().stop()
    assert other.read_text() == "not ours"
    snapshot = tmp_path / "snapshot"
    assert snapshot.read_bytes().startswith(b"headns\r\n") and not snapshot.is_symlink() and not (tmp_path / "snapshot.new").exists()


def test_the_snapshot_of_a_symbolic_link_is_read(keep, tmp_path):
    keep().stop()
    (tmp_path / "snapshot").rename(tmp_path / "real")
    (tmp_path / "snapshot").symlink_to("real")
    keep_again = keep()
    keep_again.log.wait("snapshot .*: it is of the cluster at|serving its 1 service")
