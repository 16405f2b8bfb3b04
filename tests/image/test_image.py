"""What the image is, and that headns answers in it, under all that a cluster forbids."""

import os
import stat
import struct
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import dns.query
import pytest

import harness
from harness import ZONES, Deadline, pod, service
from image import ROOT, Container
from kubelet import Kubelet

MIB = 1 << 20
SIZE_MAX = 15 * MIB
# Of the system calls (linux/capability.h): version 2 with the effective bit, and CAP_NET_BIND_SERVICE permitted.
VFS_CAPABILITIES = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
WEB0 = "web-0.nginx.default.svc.cluster.local."


def files(image):
    return [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]


def test_it_is_small(image):
    size = image.compressed_size()
    print(f"{image.arch}: {size / MIB:.2f} MiB compressed")
    assert size < SIZE_MAX


def test_what_a_runtime_reads_of_it(image):
    assert image.about["architecture"] == image.arch and image.about["os"] == "linux"
    about = image.about["config"]
    assert about["User"] == "65532:65532" and about["Entrypoint"] == ["/coredns"] and about["WorkingDir"] == "/"
    assert not about.get("Cmd")


def test_the_program_has_one_capability_and_nothing_else_has_any(image):
    program = image.root / "usr/bin/headns"
    assert os.readlink(image.root / "coredns") == "usr/bin/headns"
    assert os.getxattr(program, "security.capability") == VFS_CAPABILITIES
    assert [path for path in files(image) if "security.capability" in os.listxattr(path)] == [program]


def test_there_is_no_other_program_and_nothing_to_write_to(image):
    executable = {path.relative_to(image.root) for path in files(image) if path.stat().st_mode & 0o111}
    libraries = {path for path in executable if path.parts[:2] == ("usr", "lib") and ".so" in path.name}
    assert executable - libraries == {Path("usr/bin/headns")}
    for path in [image.root, *image.root.rglob("*")]:
        about = path.lstat()
        assert (about.st_uid, about.st_gid) == (0, 0), path
        assert path.is_symlink() or not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID), path


def test_links_lead_somewhere_inside(image):
    for path in image.root.rglob("*"):
        if path.is_symlink():
            assert path.resolve(strict=True).is_relative_to(image.root.resolve()), path


def test_it_says_what_is_in_it(image):
    """A licence, and an entry for scanners, of each Debian package that a library is from; our own."""
    entries = {path.name for path in (image.root / "var/lib/dpkg/status.d").iterdir()}
    licences = {path.parent.name for path in image.root.glob("usr/share/doc/*/copyright")}
    assert {"libc6", "libcurl4", "ca-certificates"} <= entries and licences == entries | {"headns"}
    assert "Apache License" in (image.root / "usr/share/doc/headns/copyright").read_text()
    assert "BEGIN CERTIFICATE" in (image.root / "usr/lib/ssl/cert.pem").read_text()


def test_another_architecture_starts_and_answers(images):
    """Under an emulator, which takes the libraries out of the image."""
    root = images["arm64"].root
    emulated = ["qemu-aarch64-static", "-L", str(root), str(root / "usr/bin/headns")]
    assert subprocess.run([*emulated, "-version"], capture_output=True, text=True, check=True).stdout.startswith("headns ")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness, "WRAP", emulated[:-1])
        patch.setattr(harness, "HEADNS", emulated[-1])
        server = harness.Server(ZONES / "nginx-observed.yaml")
        assert server.addresses_of(WEB0) == {"10.244.1.7"}
        assert harness.answer_set(server.tcp(harness.make_query(WEB0)), "A") == {"10.244.1.7"}
        server.stop()


# --- started by runc ---


def ask(name, rdtype="A", transport=dns.query.udp):
    response = transport(harness.make_query(name, rdtype), "127.0.0.1", timeout=harness.PATIENCE_S)
    return harness.answer_set(response, rdtype)


@pytest.fixture
def start(images, tmp_path):
    containers = []

    def start(*arguments, **options):
        container = Container(images["amd64"], tmp_path, *arguments, **options)
        containers.append(container)
        return container

    yield start
    for container in containers:
        if container.process.poll() is None:
            container.process.kill()
            container.process.wait()


def capabilities_of(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {key: int(value, 16) for key, value in (line.split(":\t") for line in lines if line.startswith("Cap"))}


@pytest.mark.parametrize("user", [None, "1000:1000", "0:0"], ids=["its own user", "another", "root"])
def test_it_answers_on_port_53_read_only_and_with_one_capability(start, user):
    """kube-dns ran as 1001, kubeadm's CoreDNS up to 1.10 as root."""
    container = start("serve", "--listen", "127.0.0.1:53", "/zones/nginx-observed.yaml", binds={"/zones": ZONES}, user=user)
    container.log.wait("info: serving")
    assert ask(WEB0) == ask(WEB0, transport=dns.query.tcp) == {"10.244.1.7"}
    status = Path(f"/proc/{container.first_process()}/status").read_text()
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert all(value in (0, 1 << 10) for value in capabilities_of(container.first_process()).values())
    container.stop()


def test_without_the_capability_a_kernel_does_not_start_it(start):
    """As CoreDNS's image: `add: [NET_BIND_SERVICE]` is not to be left out, whatever the port is."""
    container = start("serve", "--listen", "127.0.0.1:5300", "/zones/nginx-observed.yaml", binds={"/zones": ZONES}, capabilities=())
    assert container.wait_end() != 0
    assert "operation not permitted" in container.log.join()


def page(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=harness.PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()
    except urllib.error.URLError as e:
        return None, str(e)


def corefile_of_kubeadm():
    """Out of the manifests that we ship, which have kubeadm's."""
    import yaml

    objects = yaml.safe_load_all((ROOT / "deploy/headns.yaml").read_text())
    (text,) = (o["data"]["Corefile"] for o in objects if o["kind"] == "ConfigMap")
    return text


def test_it_runs_as_in_a_cluster_of_kubeadm(plane, start, tmp_path):
    """Its arguments, its Corefile, its probes, the account that the kubelet mounts, a resolv.conf with nobody behind it."""
    account, etc = tmp_path / "account", tmp_path / "etc"
    account.mkdir()
    etc.mkdir()
    (account / "token").write_text(plane.token("headns"))
    (account / "ca.crt").write_text((plane.pki / "ca.crt").read_text())
    (etc / "Corefile").write_text(corefile_of_kubeadm())
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.9\n")
    kubelet = Kubelet(plane.admin)
    plane.admin.create(service("nginx", selector={"app": "nginx"}))
    kubelet.start(pod("web-0", "10.244.9.7", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))
    container = start(
        *("-conf", "/etc/coredns/Corefile"),
        binds={
            "/etc/coredns": etc,
            "/etc/resolv.conf": tmp_path / "resolv.conf",
            "/var/run/secrets/kubernetes.io/serviceaccount": account,
        },
        env={"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"},
    )
    deadline = Deadline()
    while page(8181, "/ready")[0] != 200:
        assert container.process.poll() is None, container.log.join()
        deadline.check("it is not ready:\n" + "\n".join(container.log.lines))
    assert page(8080, "/health") == (200, "OK")
    deadline = Deadline()
    while ask(WEB0) != {"10.244.9.7"}:
        deadline.check("web-0 has no name")
    assert ask("7.9.244.10.in-addr.arpa.", "PTR") == {WEB0}
    assert "coredns_dns_requests_total" in page(9153, "/metrics")[1]
    container.stop()
