"""--kube-dns-config: what kube-dns's ConfigMap says, mounted as a kubelet mounts it."""

import json
import os
import signal

import pytest

import harness
from test_corefile import answer, api, block, corefile  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: a fixture
from upstream import reply_to

MANIFEST = harness.ZONES / "nginx-statefulset.yaml"
SERVED = "is served as it is now"


class ConfigMap:
    """Its keys are links to ..data, and that is one to a folder, which another takes the place of."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0
        folder.mkdir()
        self.set()

    def set(self, **keys):
        self.number += 1
        new = self.folder / f"..{self.number}"
        new.mkdir()
        for key, value in keys.items():
            (new / key).write_text(value if isinstance(value, str) else json.dumps(value))
        (self.folder / "..data_tmp").symlink_to(new.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        for path in self.folder.iterdir():
            if not path.name.startswith("..") and path.name not in keys:
                path.unlink()
        for key in keys:
            if not os.path.lexists(self.folder / key):
                (self.folder / key).symlink_to(f"..data/{key}")


@pytest.fixture
def config(tmp_path):
    return ConfigMap(tmp_path / "kube-dns")


def says(address):
    """An upstream that knows every name, with this address."""

    return lambda query, transport: reply_to(query, (query.question[0].name.to_text(), 300, "A", address))


def test_beside_manifests(upstream, serve, config, tmp_path):  # noqa: F811
    """The cluster first, then stub domains, the one within another before it, then the other upstreams, which take the node's place."""
    node, corp, deep, others = (upstream(says(f"192.0.2.{n}")) for n in range(1, 5))
    (tmp_path / "resolv.conf").write_text(f"nameserver [127.0.0.1]:{node.port}\n")
    server = serve("--kube-dns-config", config.folder, "--forward", tmp_path / "resolv.conf", MANIFEST)
    assert answer(server, "www.corp.example.") == {"192.0.2.1"}
    config.set(stubDomains={"example": [corp.address], "corp.example": [deep.address], "cluster.local": [corp.address]})
    server.log.wait_count(SERVED, 1)
    assert [answer(server, name) for name in ("www.example.", "corp.example.", "a.net.")] == [{"192.0.2.2"}, {"192.0.2.3"}, {"192.0.2.1"}]
    assert answer(server, "nobody.default.svc") == "NXDOMAIN"
    config.set(stubDomains={"corp.example": [deep.address]}, upstreamNameservers=[others.address])
    server.log.wait_count(SERVED, 2)
    assert [answer(server, name) for name in ("www.example.", "corp.example.", "b.net.")] == [{"192.0.2.4"}, {"192.0.2.3"}, {"192.0.2.4"}]
    config.set()
    server.log.wait_count(SERVED, 3)
    assert answer(server, "www.corp.example.") == {"192.0.2.1"}
    assert "nobody.default.svc.cluster.local." not in corp.names()


def test_what_is_wrong_refuses_all(upstream, serve, config):  # noqa: F811
    """At the start too: kube-dns begins with nothing then."""
    first, second = upstream(says("192.0.2.1")), upstream(says("192.0.2.2"))
    config.set(stubDomains="{", upstreamNameservers=[second.address])
    server = serve("--kube-dns-config", config.folder, "--forward", first.address, MANIFEST)
    assert "stubDomains: it is no JSON" in "\n".join(server.log.lines)
    assert answer(server, "a.example.") == {"192.0.2.1"}
    config.set(stubDomains={"example": [second.address]})
    server.log.wait_count(SERVED, 1)
    assert answer(server, "b.example.") == {"192.0.2.2"}
    config.set(stubDomains={"org": [second.address]}, upstreamNameservers=["nowhere"])
    server.log.wait('upstreamNameservers: "nowhere" is no address.*; what was said there before stays')
    assert [answer(server, name) for name in ("c.example.", "c.org.")] == [{"192.0.2.2"}, {"192.0.2.1"}]
    server.signal(signal.SIGHUP)  # which reads it again, and the rest as it was
    server.log.wait_count(SERVED, 2)
    assert [answer(server, name) for name in ("d.example.", "d.org.")] == [{"192.0.2.2"}, {"192.0.2.1"}]


def test_beside_a_corefile(upstream, api, corefile, config, tmp_path):  # noqa: F811
    """In the block of the root alone; `forward . FILE` is the node's resolv.conf. The cluster is not read anew."""
    node, corp, others = (upstream(says(f"192.0.2.{n}")) for n in range(1, 4))
    (tmp_path / "resolv.conf").write_text(f"nameserver [127.0.0.1]:{node.port}\n")
    cluster = api(harness.service("plain", headless=False, cluster_ip="10.0.0.1"))
    text = block(cluster, ".:0", "cluster.local").replace("bind 127.0.0.1", f"bind 127.0.0.1\n forward . {tmp_path}/resolv.conf {{\n max_concurrent 100\n }}")
    server = corefile(text, "--kube-dns-config", config.folder)
    lists = cluster.count("services")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    config.set(stubDomains={"example": [corp.address]}, upstreamNameservers=[others.address])
    server.log.wait_count(SERVED, 1)
    assert [answer(server, name) for name in ("a.example.", "a.org.", "plain.default.svc")] == [{"192.0.2.2"}, {"192.0.2.3"}, {"10.0.0.1"}]
    assert cluster.count("services") == lists


def test_beside_a_cluster(upstream, api, serve, config):  # noqa: F811
    """Without a Corefile the cluster stays, too."""
    corp, others = upstream(says("192.0.2.1")), upstream(says("192.0.2.2"))
    config.set(upstreamNameservers=[others.address])
    cluster = api(harness.service("plain", headless=False, cluster_ip="10.0.0.1"))
    server = serve("--kube-dns-config", config.folder, "--set", f"kubernetes.endpoint={cluster.url}")
    assert [answer(server, name) for name in ("plain.default.svc", "a.example.")] == [{"10.0.0.1"}, {"192.0.2.2"}]
    lists = cluster.count("services")
    config.set(upstreamNameservers=[others.address], stubDomains={"example": [corp.address]})
    server.log.wait_count(SERVED, 1)
    assert [answer(server, name) for name in ("plain.default.svc", "b.example.")] == [{"10.0.0.1"}, {"192.0.2.1"}]
    assert cluster.count("services") == lists


def test_no_folder():
    done = harness.run_headns("serve", "--kube-dns-config", "", MANIFEST)
    assert done.returncode == 2 and "serve: --kube-dns-config : the folder" in done.stderr
