"""headns in CoreDNS's place: what kubeadm installed, with another image."""

import contextlib
import os
import signal
import time
from pathlib import Path

import dns.rcode
import dns.reversename
from controlplane import wait_for
from resolver import Load, addresses, ask, page, records

KUBERNETES = "kubernetes.default.svc.cluster.local."


def check_answers():
    assert records(ask(KUBERNETES)) == ["10.0.0.1"]
    assert records(ask("www.example.")) == ["192.0.2.80"]
    assert records(ask(dns.reversename.from_address("10.0.0.1"), "PTR")) == [KUBERNETES]
    assert ask("no-such-service.default.svc.cluster.local.").rcode() == dns.rcode.NXDOMAIN


def answers_with(pod):
    """The name in its build_info metric."""
    _status, text = page(pod["status"]["podIP"], 9153, "/metrics")
    return "headns" if "headns_build_info" in text else "coredns" if "coredns_build_info" in text else text


def test_only_the_image_changes(cluster_dns):
    """To headns and back; the Corefile and all else of the Deployment stay kubeadm's."""
    cluster_dns.wait()
    api = cluster_dns.cluster.admin
    corefile = cluster_dns.kubectl("get", "configmap", "coredns", "-o", "yaml")
    for which in ("coredns", "headns", "coredns", "headns"):
        print(f"\n{which}: both replicas ready after {cluster_dns.run(which):.1f} s")
        pods = cluster_dns.pods()
        assert [answers_with(pod) for pod in pods] == [which, which]
        for pod in pods:
            assert page(pod["status"]["podIP"], 8080, "/health") == (200, "OK")
            assert page(pod["status"]["podIP"], 8181, "/ready") == (200, "OK")
            assert addresses(KUBERNETES, pod["status"]["podIP"]) == ["10.0.0.1"]
        check_answers()
    assert cluster_dns.kubectl("get", "configmap", "coredns", "-o", "yaml") == corefile
    assert sum(c["restartCount"] for pod in cluster_dns.pods() for c in pod["status"]["containerStatuses"]) == 0


def restart_under_load(cluster_dns, which):
    cluster_dns.run(which)
    before = {p["metadata"]["name"] for p in cluster_dns.pods()}
    with Load([KUBERNETES, "kube-dns.kube-system.svc.cluster.local.", "www.example."], 500) as load:
        load.wait_asked(500)
        cluster_dns.kubectl("rollout", "restart", "deployment/coredns")
        cluster_dns.wait()
        load.wait_asked(500)
    print(f"\n{which}: rollout restart under load for {load.took_s:.1f} s: {load}", load.lost or "")
    assert not before & {p["metadata"]["name"] for p in cluster_dns.pods()}
    return load


def test_a_rolling_restart_loses_nothing(cluster_dns):
    """CoreDNS first, to compare with."""
    restart_under_load(cluster_dns, "coredns")
    load = restart_under_load(cluster_dns, "headns")
    assert load.answered == load.asked and not load.wrong, load.wrong[:1]


def processes():
    """The ids of all headns of containers."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if words[1:3] == [b"-conf", b"/etc/coredns/Corefile"]:
                found.append(int(entry.parent.name))
    return found


def restarts(pods):
    return sum(c["restartCount"] for pod in pods for c in pod["status"]["containerStatuses"])


def all_ready(pods):
    return all(c["ready"] for pod in pods for c in pod["status"]["containerStatuses"])


def test_a_killed_one_is_restarted(headns):
    running = processes()
    assert len(running) == 2
    with Load([KUBERNETES], 100) as load:
        load.wait_asked(100)
        began = time.monotonic()
        os.kill(running[0], signal.SIGKILL)
        wait_for("the kubelet restarts it", lambda: restarts(headns.pods()) == 1 and all_ready(headns.pods()))
        took = time.monotonic() - began
        load.wait_asked(100)
    print(f"\nkilled, and both ready again after {took:.1f} s; meanwhile {load}")
    assert not load.wrong
    for pod in headns.pods():
        assert addresses(KUBERNETES, pod["status"]["podIP"]) == ["10.0.0.1"]
    headns.kubectl("rollout", "restart", "deployment/coredns")  # so that the next test finds none that was restarted
    headns.wait()


def metrics(pod, name):
    """The values of all series of a family."""
    _, text = page(pod["status"]["podIP"], 9153, "/metrics")
    return [float(line.split()[-1]) for line in text.splitlines() if line.startswith((name + "{", name + " "))]


CONTROL = ("kube-controller-manager", "kube-scheduler")


def test_a_minute_without_the_api_server(cluster, headns):
    """The controllers begin afresh with it: one that has seen no lease for a minute would take the node for lost."""
    pods = headns.pods()
    with Load([KUBERNETES, "kube-dns.kube-system.svc.cluster.local.", "www.example."], 100) as load:
        load.wait_asked(100)
        cluster.kill(*CONTROL, "kube-apiserver")
        began = time.monotonic()
        while time.monotonic() < began + 60:
            load.wait_asked(500)
            assert [page(pod["status"]["podIP"], 8181, "/ready") for pod in pods] == [(200, "OK")] * len(pods)
        for pod in pods:
            assert metrics(pod, "headns_watch_up") and not any(metrics(pod, "headns_watch_up"))
            assert min(metrics(pod, "headns_watch_silence_seconds")) > 55
            assert metrics(pod, "headns_cluster_known") == [1] and metrics(pod, "headns_cluster_stale") == [0]
        cluster.restart("kube-apiserver")
        back = time.monotonic()
        wait_for("the API server is ready", cluster.api_ready)
        ready = time.monotonic()
        cluster.restart(*CONTROL)
        for pod in pods:
            wait_for("it watches again", lambda pod=pod: all(metrics(pod, "headns_watch_up")))
        watching = time.monotonic()
        load.wait_asked(100)
    print(f"\nthe API server was away for {back - began:.0f} s and then took {ready - back:.1f} s; watched again {watching - ready:.1f} s later; {load}")
    assert load.answered == load.asked and not load.wrong, load.wrong[:1]
    service = {"kind": "Service", "metadata": {"name": "after", "namespace": "default"}, "spec": {"clusterIP": "10.0.0.77", "ports": [{"port": 80}]}}
    cluster.admin.create(service)
    for pod in pods:
        wait_for("what changes is served", lambda pod=pod: addresses("after.default.svc.cluster.local.", pod["status"]["podIP"]) == ["10.0.0.77"])
    cluster.admin.delete(service)
