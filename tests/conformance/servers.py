"""The servers that are compared: CoreDNS and headns in both of its modes, all watching one scripted API server."""

import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

import ask  # noqa: E402
import clusterset  # noqa: E402
import controller  # noqa: E402
import harness  # noqa: E402
import messages as m  # noqa: E402
from apiserver import RESOURCES, ApiServer  # noqa: E402
from worlds import key_of  # noqa: E402

CACHE = Path(os.environ.get("HEADNS_CLUSTER_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headns-cluster")
COREDNS = Path(os.environ.get("COREDNS") or CACHE / "bin" / "coredns")
PATIENCE_S = 60
POLL_S = 0.002

COREFILE = """\
{keys} {{
    {bind}
    {beside}
    kubernetes {zones} {{
        kubeconfig {kubeconfig} here
        {lines}
    }}
}}
"""


class World(ApiServer):
    """The API server, whose objects are replaced by those of one world after the other."""

    def __init__(self, marks, cluster_set=None):
        """marks: the Services to look for; cluster_set: a zone of ServiceImports, whose kind and slices are streams of their own."""
        self.marks, self.cluster_set = marks, cluster_set
        self.step, self.marker = 0, []
        super().__init__()

    def become(self, objects):
        """Exactly these objects, but for a marker that tells when a watcher has seen them all: (name, address) to ask for."""
        marker = {key_of(o) for o in self.marker}
        have = {key_of(o): o for kind in self.objects.values() for o in kind.values() if key_of(o) not in marker}
        self.delete(*(o for key, o in have.items() if key not in objects))
        self.put(*objects.values())
        return self.mark(leftovers=True)

    def known(self, key):
        """The object of that (kind, namespace, name)."""
        return self.objects[RESOURCES[key[0]]][key[1:]]

    def mark(self, leftovers=False):
        """[(name, address)] that are there once everything before has been seen: objects of a kind are seen in their order. A Service with
        a ClusterIP, and two that have an endpoint, one from a Pod, for those that read Pods, and one from a slice. leftovers: also one with
        a slice of the controller and without a selector, such as who reads Pods asks for by themselves, all of them anew."""
        self.step += 1
        old, self.marker = self.marker, []
        namespace, address = f"sync-{self.step}", f"198.18.{self.step >> 8 & 255}.{self.step & 255}"
        labels = {"sync": str(self.step)}
        piece, foreign, leftover = (harness.slice_of(of, [address], namespace) for of in ("joined", "sliced", "left"))
        for made in (piece, leftover):
            made["metadata"]["labels"][controller.MANAGED_BY] = controller.CONTROLLER
        self.marker = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            harness.service("stands", namespace, headless=False, cluster_ip=address),
            harness.service("joined", namespace, selector=labels),
            harness.service("sliced", namespace),
            harness.pod("joined", address, namespace, labels=labels),
            piece,
            foreign,
            *([harness.service("left", namespace), leftover] if leftovers else []),
        ]
        names = (*self.marks, "left") if leftovers and "sliced" in self.marks else self.marks
        marks = [f"{name}.{namespace}.svc.cluster.local" for name in names]
        if self.cluster_set:
            self.marker += clusterset.mark(namespace, address)
            marks.append(f"{clusterset.MARK}.{namespace}.svc.{self.cluster_set}")
        for obj in self.marker:  # no selector of a profile leaves it out
            obj["metadata"].setdefault("labels", {}).update(tier="gold", team="a")
        self.put(*self.marker)
        self.delete(*old)
        return [(m.name(name), socket.inet_aton(address)) for name in marks]


def free_port():
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(("", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("", port))
                return port
            except OSError:
                continue


class CoreDNS(ask.Server):
    def __init__(self, corefile):
        assert COREDNS.exists(), f"no CoreDNS at {COREDNS}; tests/cluster/build coredns makes it; or name one in COREDNS"
        port = free_port()
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([COREDNS, "-conf", corefile, "-dns.port", str(port)], stdout=self.log, stderr=self.log)
        super().__init__("CoreDNS", ("127.0.0.1", port))

    def stop(self):
        self.close()
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def check(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError("CoreDNS ended:\n" + self.log.read())


class Headns(ask.Server):
    def __init__(self, title, corefile, *settings):
        port = free_port()
        told = itertools.chain.from_iterable(("--set", f"kubernetes.{setting}") for setting in settings)
        self.server = harness.Server("-conf", corefile, "-dns.port", port, *told, listen=(), started="(serving|listening)")
        super().__init__(title, ("127.0.0.1", port))

    def stop(self):
        self.close()
        self.server.stop()

    def check(self):
        assert self.server.process.poll() is None, "headns ended:\n" + self.server.log.join()


def shows(server, name, address):
    """Whether the name has the address there. A server that does not listen yet shows nothing."""
    try:
        server.send([m.Question(name, m.A).packet(0xFFFF)])
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            try:
                data = server.datagrams.recv(65535)
            except BlockingIOError:
                time.sleep(POLL_S)
                continue
            if data[:2] == b"\xff\xff" and data[12 : 12 + len(name)] == name:
                return address in [record[4] for record in m.decode(data).answer]
    except ConnectionRefusedError:
        time.sleep(POLL_S)
    return False


def wait_marks(servers, marks):
    for server in servers:
        for name, address in marks:
            deadline = time.monotonic() + PATIENCE_S
            while not shows(server, name, address):
                server.check()
                assert time.monotonic() < deadline, f"{server.title} never came to have {m.to_text(name)}"


class Stage:
    """One API server, and the servers that follow it, for as many worlds as one likes."""

    def __init__(self, profile):
        self.profile = profile
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        self.api = World(("stands",) if profile.settings.noendpoints else ("joined", "sliced"), profile.cluster_set)
        corefile = folder / "Corefile"
        kubeconfig = self.api.kubeconfig(folder / "kubeconfig")
        zones, outside = profile.settings.zones, profile.outside
        words = dict(
            keys=" ".join(dict.fromkeys(zones + (outside.zones if outside else ()))),
            zones=" ".join(zones),
            beside=outside.block() if outside else "",
            bind=profile.bind,
            kubeconfig=kubeconfig,
            lines="\n        ".join(profile.lines),
        )
        corefile.write_text(COREFILE.format(**words))
        self.coredns = CoreDNS(corefile)
        self.pods = Headns("headns (pods)", corefile, *profile.ours)
        self.slices = Headns("headns (slices)", corefile, "endpoints=slices", *profile.ours)
        self.servers = [self.coredns, self.pods, self.slices]

    def show(self, world):
        """Returns when every server answers from this world. It begins from nothing, for headns keeps endpoints that vanish from a slice
        of a Service for a moment, since they may be about to appear in another one; what is new is there at once."""
        wait_marks(self.servers, self.api.become({}))
        wait_marks(self.servers, self.api.become(world.objects))

    def stop(self):
        for server in self.servers:
            server.stop()
        self.api.stop()
        self.folder.cleanup()
