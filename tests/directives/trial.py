"""One Corefile and its questions, made ready to be served in a network of the tests."""

import re
import shutil
from pathlib import Path

import network
import script

COMMON = Path(__file__).resolve().parent / "common"
RESOLVER = "192.168.77.1"  # what /etc/resolv.conf names
ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d./])")
INLINE = re.compile(r"^\s*(\d+\.){3}\d+\s+[a-z]", re.M)  # a line of hosts
KEY = re.compile(r"^([a-z][^{(\n]*)\{", re.M)
FILES = {"/etc/resolv.conf": "resolv.conf", "/rootfs/etc/hosts": "hosts", "/etc/coredns/hosts": "hosts", "/etc/coredns/NodeHosts": "hosts"}
FILES |= {"/etc/coredns/custom/": "custom/", "/etc/coredns/db.": "db."}
HOSTS = "192.0.2.77 node-a node-a.k8s.local\n192.0.2.78 node-b.k8s.local host.minikube.internal\n"


class Trial:
    def __init__(self, folder):
        self.folder, self.name = Path(folder), Path(folder).name
        self.corefile = (self.folder / "Corefile").read_text()
        own = self.folder / "questions"
        self.steps = script.read(own.read_text() if own.exists() else self.common())
        self.env = self.read_env()

    def read_env(self):
        path = self.folder / "env"
        return dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}

    def common(self):
        """What is asked of a Corefile that has no questions of its own: the common ones, and some about each of its zones."""
        port = re.search(r"^\.:(\d+)", self.corefile, re.M)
        bound = self.bound()
        at = f" @{bound[0] if bound else '127.0.0.1'}:{port[1] if port else 53}"
        text = COMMON.read_text()
        for keys in KEY.findall(self.corefile):
            for zone in (key.split(":")[0] for key in re.split(r"[\s,]+", keys.strip()) if "$" not in key):
                text += f"www.{zone} A\nabsent.{zone} A\nalias.{zone} AAAA\n"
        return re.sub(r"(?m)^([^#\n]*?)( !.*)?$", lambda line: line[1] + at + (line[2] or "") if line[1].strip() else line[0], text)

    def bound(self):
        """The addresses that it listens on by name."""
        return [a for line in re.findall(r"^\s*bind (.*)$", self.corefile, re.M) for a in ADDRESS.findall(line) if not a.startswith("127.")]

    def upstreams(self):
        texts = [self.corefile, *(p.read_text() for p in self.folder.rglob("*") if p.is_file() and not p.name.startswith("db."))]
        named = {a for text in texts for line in text.splitlines() if not INLINE.match(line) for a in ADDRESS.findall(line)}
        ours = {*self.bound(), network.INSIDE, network.OUTSIDE}
        return sorted(a for a in {RESOLVER, *named} - ours if not a.startswith(("127.", "0.", "224.", "240.")))

    def prepare(self, folder, kubeconfig):
        """A copy of it in the folder; the Corefile's path. Files of a distribution's machines are ours, and kubernetes has an address."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
        if not (folder / "hosts").exists():
            (folder / "hosts").write_text(HOSTS)
        for path in [p for p in folder.rglob("*") if p.is_file() and p.name not in ("questions", "resolv.conf", "hosts", "env")]:
            path.write_text(self.placed(path.read_text(), folder, kubeconfig))
        return folder / "Corefile"

    def placed(self, text, folder, kubeconfig):
        for theirs, ours in FILES.items():
            text = text.replace(theirs, f"{folder}/{ours}")
        line = f"kubeconfig {kubeconfig} here"
        text = re.sub(r"(?m)^(\s*kubernetes\b[^{\n#]*)\{", rf"\1{{\n        {line}", text)
        return re.sub(r"(?m)^(\s*kubernetes\b[^{\n#]*)$", rf"\1 {{\n        {line}\n    }}", text)
