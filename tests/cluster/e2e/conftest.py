import time

import pytest
from cluster import ADDRESS, HEADNS, Cluster
from controlplane import wait_for
from resolver import addresses
from upstream import SOA, Upstream, reply_to


def outside(query, _transport):
    """The node's resolver: the only names outside are below example, and the one that Kubernetes' own tests want."""
    name = query.question[0].name.to_text()
    if name.lower().endswith(".example."):
        return reply_to(query, (name, 300, "A", "192.0.2.80"))
    if name.lower() == "8.8.8.8.in-addr.arpa.":
        return reply_to(query, (name, 300, "PTR", "dns.google."))
    return reply_to(query, rcode="NXDOMAIN", authority=[SOA])


@pytest.fixture(scope="session")
def cluster():
    """The cluster, with CoreDNS as kubeadm installs it, whose image is then changed; each test leaves it running."""
    upstream = Upstream(outside, ADDRESS, 53)
    cluster = Cluster()
    cluster.start()
    cluster.install_coredns()
    yield cluster
    cluster.stop()
    upstream.stop()


class ClusterDns:
    """The Deployment and Service that kubeadm made."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.images = {"coredns": cluster.coredns_image, "headns": HEADNS}

    def kubectl(self, *arguments, **options):
        return self.cluster.kubectl("-n", "kube-system", *arguments, **options)

    def run(self, which):
        """Changes the image, and nothing else, and waits until all replicas are that one and ready; how long that took."""
        began = time.monotonic()
        self.kubectl("set", "image", "deployment/coredns", f"coredns={self.images[which]}")
        self.wait()
        return time.monotonic() - began

    def wait(self):
        """Until all replicas are the last ones and ready, and those before have gone."""
        self.kubectl("rollout", "status", "deployment/coredns", "--timeout=120s")
        wait_for("the pods before have gone", lambda: len(self.pods(going=True)) == 2)

    def wait_for_service(self):
        """Where it had no endpoints, kube-proxy has to hear of them first."""
        wait_for("kube-proxy leads there", lambda: addresses("kubernetes.default.svc.cluster.local.") == ["10.0.0.1"])

    def deployment(self):
        return self.cluster.admin.get("Deployment", "kube-system", "coredns")["spec"]

    def pods(self, going=False):
        """Those that are there; going: also those that are being deleted."""
        pods = self.cluster.admin.items("Pod", "kube-system")
        mine = [p for p in pods if p["metadata"].get("labels", {}).get("k8s-app") == "kube-dns"]
        return [p for p in mine if going or "deletionTimestamp" not in p["metadata"]]


@pytest.fixture(scope="session")
def cluster_dns(cluster):
    return ClusterDns(cluster)


@pytest.fixture
def headns(cluster_dns):
    """headns answers, whatever the test before left."""
    cluster_dns.run("headns")
    return cluster_dns
