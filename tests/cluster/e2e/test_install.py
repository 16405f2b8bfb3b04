"""headns in a cluster without a DNS server, by what deploy/ has for that."""

import json
import os
import subprocess

import pytest
from cluster import BIN, DNS, HEADNS
from controlplane import ROOT, wait_for
from resolver import ask, page, records

DEPLOY = ROOT / "deploy"
IMAGE, TAG = HEADNS.split(":")


@pytest.fixture
def without_coredns(cluster_dns):
    """As `kubeadm init --skip-phases=addon/coredns` leaves it; afterwards with CoreDNS again."""
    cluster_dns.kubectl("delete", "deployment/coredns", "service/kube-dns")
    wait_for("CoreDNS has gone", lambda: not cluster_dns.pods(going=True))
    yield cluster_dns
    cluster_dns.kubectl("delete", "--ignore-not-found", "service/kube-dns", "deployment/headns")  # also one of a test that failed
    wait_for("headns has gone", lambda: not cluster_dns.pods(going=True))
    cluster_dns.cluster.install_coredns()
    cluster_dns.wait()
    cluster_dns.wait_for_service()


def check(cluster_dns):
    """Both replicas are ready, as a kubelet sees it, and answer through the Service."""
    cluster_dns.kubectl("rollout", "status", "deployment/headns", "--timeout=120s")
    wait_for("both are there", lambda: len(cluster_dns.pods(going=True)) == 2)
    for pod in cluster_dns.pods():
        assert page(pod["status"]["podIP"], 8181, "/ready") == (200, "OK")
        assert not any(c["restartCount"] for c in pod["status"]["containerStatuses"])
    cluster_dns.wait_for_service()
    assert records(ask("www.example.")) == ["192.0.2.80"]


def test_by_kustomize(without_coredns, tmp_path):
    overlay = {
        "resources": [os.path.relpath(DEPLOY / "base", tmp_path)],
        "images": [{"name": "headns", "newName": IMAGE, "newTag": TAG}],
        "patches": [{"patch": json.dumps([{"op": "replace", "path": "/spec/clusterIP", "value": DNS}]), "target": {"kind": "Service"}}],
    }
    (tmp_path / "kustomization.yaml").write_text(json.dumps(overlay))
    without_coredns.kubectl("apply", "-k", tmp_path)
    check(without_coredns)
    without_coredns.kubectl("delete", "-k", tmp_path)


@pytest.mark.parametrize("settings", [(), ("--set", "endpoints=slices", "--set", "snapshot=true")], ids=["defaults", "slices and a snapshot"])
def test_by_helm(without_coredns, settings):
    def helm(*arguments):
        command = [BIN / "helm", "--kubeconfig", without_coredns.cluster.kubeconfigs["admin"], "--namespace", "kube-system", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    given = ("--set", f"service.clusterIP={DNS}", "--set", f"image.repository={IMAGE}", "--set-string", f"image.tag={TAG}")
    helm("install", "headns", DEPLOY / "chart", *given, *settings)
    check(without_coredns)
    helm("uninstall", "headns", "--wait")
