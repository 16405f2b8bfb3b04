"""What deploy/ has, in a cluster that kubeadm made."""

import re

import dns.reversename
from cluster import DEPLOY, DNS
from controlplane import wait_for
from resolver import addresses, ask, page, records

KUBERNETES = "kubernetes.default.svc.cluster.local."


def check_answers():
    assert records(ask(KUBERNETES)) == ["10.0.0.1"]
    assert records(ask("www.example.")) == ["192.0.2.80"]
    assert records(ask(dns.reversename.from_address("10.0.0.1"), "PTR")) == [KUBERNETES]


def answer_with_headns(pods):
    return ["headns_build_info" in page(pod["status"]["podIP"], 9153, "/metrics")[1] for pod in pods]


def test_one_command_there_and_one_back(cluster_dns):
    """From CoreDNS to headns and back, as deploy/replace-coredns says; all else of the Deployment stays."""
    cluster_dns.run("coredns")
    before = cluster_dns.deployment()
    cluster_dns.kubectl("apply", "-k", str(DEPLOY / "replace-coredns"))
    cluster_dns.wait()
    assert answer_with_headns(cluster_dns.pods()) == [True, True]
    check_answers()
    after = cluster_dns.deployment()
    images = [spec["template"]["spec"]["containers"][0].pop("image") for spec in (before, after)]
    assert images[0] != images[1] and before == after
    cluster_dns.kubectl("rollout", "undo", "deployment/coredns")
    cluster_dns.wait()
    assert answer_with_headns(cluster_dns.pods()) == [False, False]
    check_answers()


def test_a_cluster_without_dns(cluster, cluster_dns):
    """deploy/headns.yaml makes all that is needed. In the end kubeadm's is back."""
    manifest = re.sub(r"clusterIP: \S+", f"clusterIP: {DNS}", (DEPLOY / "headns.yaml").read_text())
    kubectl = cluster_dns.kubectl
    kubectl("delete", "service/kube-dns", "deployment/coredns", "configmap/coredns", "serviceaccount/coredns")
    wait_for("kubeadm's have gone", lambda: not cluster_dns.pods(going=True))
    assert addresses(KUBERNETES) == []
    try:
        kubectl("apply", "-f", "-", stdin=manifest)
        kubectl("rollout", "status", "deployment/headns", "--timeout=120s")
        assert answer_with_headns(cluster_dns.pods()) == [True, True]
        cluster_dns.wait_for_service()
        check_answers()
        kubectl("delete", "-f", "-", stdin=manifest)
        wait_for("ours have gone", lambda: not cluster_dns.pods(going=True))
    finally:
        cluster.install_coredns()
    cluster_dns.wait()
    cluster_dns.wait_for_service()
    check_answers()
