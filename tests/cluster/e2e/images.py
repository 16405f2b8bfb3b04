"""Image archives from files of this machine, as `ctr images import` takes them: one layer, nothing downloaded."""

import hashlib
import io
import json
import platform
import re
import subprocess
import tarfile
from pathlib import Path

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Of a file: its capabilities (struct vfs_cap_data of version 2, in effect at once); this one lets it bind port 53.
NET_BIND_SERVICE = bytes.fromhex("01000002 00040000 00000000 00000000 00000000")


class Layer:
    def __init__(self):
        self.octets = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.octets, mode="w", format=tarfile.PAX_FORMAT)
        self.folders = set()

    def _add(self, name, kind, mode, content=b"", **fields):
        for folder in reversed(Path(name).parents[:-1]):
            self.folder(str(folder))
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.size = kind, mode, len(content)
        for field, value in fields.items():
            setattr(entry, field, value)
        self.tar.addfile(entry, io.BytesIO(content))

    def folder(self, name, mode=0o755):
        if name not in self.folders:
            self.folders.add(name)
            self._add(name, tarfile.DIRTYPE, mode)

    def file(self, name, content, mode=0o644, capability=None):
        """content: octets, or the Path of a file."""
        octets = content if isinstance(content, bytes) else Path(content).read_bytes()
        headers = {"SCHILY.xattr.security.capability": capability.decode("latin-1")} if capability else {}
        self._add(name, tarfile.REGTYPE, mode, octets, pax_headers=headers)

    def link(self, name, target):
        self._add(name, tarfile.SYMTYPE, 0o777, linkname=target)

    def program(self, name, path, capability=None):
        """A binary, and the libraries that it wants."""
        self.file(name, path, 0o755, capability)
        said = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", said):
            if library not in self.folders:
                self.folders.add(library)
                self.file(library.lstrip("/"), library, 0o755)

    def end(self):
        self.tar.close()
        return self.octets.getvalue()


def write(path, name, layer, **config):
    """The archive of an image NAME with this layer."""
    octets = layer.end()
    diff = "sha256:" + hashlib.sha256(octets).hexdigest()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    about = {"architecture": machine, "os": "linux", "config": config, "rootfs": {"type": "layers", "diff_ids": [diff]}}
    about = json.dumps(about).encode()
    digest = hashlib.sha256(about).hexdigest()
    manifest = [{"Config": f"{digest}.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    archive = Layer()
    for file, content in ((f"{digest}.json", about), ("layer.tar", octets), ("manifest.json", json.dumps(manifest).encode())):
        archive.file(file, content)
    path.write_bytes(archive.end())
    return path


def busybox_layer(others):
    """Debian's, with all its commands, but for others, which are these programs; and a web server's page."""
    layer = Layer()
    layer.file("bin/busybox", "/bin/busybox", 0o755)
    applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    for applet in applets:
        if applet != "busybox" and applet not in others:
            layer.link(f"bin/{applet}", "busybox")
    for command, program in others.items():
        layer.program(f"bin/{command}", program)
    layer.folder("tmp", 0o1777)
    layer.file("www/index.html", b"hello\n")
    return layer


def busybox(path, name, nslookup=None):
    """nslookup: that program, and a shell that takes it; busybox's takes its own."""
    layer = busybox_layer({"nslookup": nslookup, "sh": "/bin/dash"} if nslookup else {})
    return write(path, name, layer, Env=["PATH=/bin"], Cmd=["sh"])


def pause(path, name):
    layer = Layer()
    layer.file("busybox", "/bin/busybox", 0o755)
    return write(path, name, layer, Entrypoint=["/busybox", "tail", "-f", "/dev/null"])


def coredns(path, name, program):
    """As CoreDNS's own image has it: no root, and the capability on the file."""
    layer = Layer()
    layer.program("coredns", program, NET_BIND_SERVICE)
    layer.file("etc/ssl/certs/ca-certificates.crt", CERTIFICATES)
    return write(path, name, layer, Entrypoint=["/coredns"], WorkingDir="/", User="65532:65532")


def test_client(path, name, agnhost, coredns):
    """What Kubernetes' own tests ask with: dig and getent, and the programs that they run in pods."""
    layer = busybox_layer({"sh": "/bin/dash", "dig": "/usr/bin/dig", "getent": "/usr/bin/getent"})
    layer.program("agnhost", agnhost)
    layer.program("coredns", coredns)
    return write(path, name, layer, Env=["PATH=/bin"], Entrypoint=["/agnhost"], Cmd=["pause"])


def headns(path, name, program):
    layer = Layer()
    layer.program("headns", program, NET_BIND_SERVICE)
    layer.link("coredns", "/headns")
    layer.file("etc/ssl/certs/ca-certificates.crt", CERTIFICATES)
    return write(path, name, layer, Entrypoint=["/headns"], WorkingDir="/", User="65532:65532")
