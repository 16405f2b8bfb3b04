"""The StatefulSet tutorial of Kubernetes, typed as it says."""

import json
import re
import statistics
import threading
import time
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from client import STRATEGIC, path_of
from cluster import BUSYBOX, OLD_BUSYBOX
from controlplane import wait_for
from kubelet import status
from resolver import first_time
from terminal import Terminal

PROMPT = r"(/ )?# "
SUFFIX = "nginx.default.svc.cluster.local"


@pytest.fixture(scope="module")
def web(cluster):
    cluster.kubectl("apply", "-f", str(Path(__file__).parent / "tutorial.yaml"))
    cluster.kubectl("rollout", "status", "statefulset/web", "--timeout=120s")
    return cluster


def observed(cluster):
    """{pod: address} by `kubectl get pod -o wide`."""
    lines = cluster.kubectl("get", "pod", "-l", "app=nginx", "-o", "wide", "--no-headers").splitlines()
    return {line.split()[0]: re.search(r"10\.244\.\d+\.\d+", line)[0] for line in lines}


def session(cluster, image, *commands):
    """What each said, typed into a shell that `kubectl run` opened."""
    terminal = Terminal(cluster.kubectl_command("run", "-i", "--tty", "--image", image, "dns-test", "--restart=Never", "--rm"))
    try:
        terminal.read_until(PROMPT, nudge_s=1)
        terminal.type("echo begin")
        terminal.read_until(r"begin\n+begin\n" + PROMPT)
        said = []
        for command in commands:
            terminal.type(command)
            terminal.read_until(re.escape(command) + r"\n")
            said.append(terminal.read_until(PROMPT))
        terminal.type("exit 0")  # not with what the last command said: Debian's nslookup fails where there is no AAAA
        terminal.read_until('pod "dns-test" deleted')
        assert terminal.close() == 0
        return said
    finally:
        terminal.abandon()


def words(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def look_up_with_busybox_1_28(cluster):
    pods = observed(cluster)
    for pod, said in zip(pods, session(cluster, OLD_BUSYBOX, *(f"nslookup {pod}.nginx" for pod in pods)), strict=True):
        print(said)
        assert words(said) == [
            "Server: 10.0.0.10",
            "Address 1: 10.0.0.10 kube-dns.kube-system.svc.cluster.local",
            f"Name: {pod}.nginx",
            f"Address 1: {pods[pod]} {pod}.{SUFFIX}",
        ]


def test_busybox_1_28(web, headns):
    """And once more after a pod was deleted, as the tutorial does."""
    look_up_with_busybox_1_28(web)
    before = observed(web)
    web.kubectl("delete", "pod", "-l", "app=nginx")
    web.kubectl("rollout", "status", "statefulset/web", "--timeout=120s")
    assert set(observed(web)) == {"web-0", "web-1"} and not set(observed(web).values()) & set(before.values())
    look_up_with_busybox_1_28(web)


def test_debians_busybox(web, headns):
    """Its nslookup ignores the search list for a name with a dot: no other server has an answer for it."""
    pods = observed(web)
    for pod, said in zip(pods, session(web, BUSYBOX, *(f"nslookup {pod}.nginx" for pod in pods)), strict=True):
        print(said)
        lines = words(said)
        assert lines[:2] == ["Server: 10.0.0.10", "Address: 10.0.0.10:53"]
        assert f"Name: {pod}.{SUFFIX}" in lines and f"Address: {pods[pod]}" in lines, said


# --- how soon ---


class ReadyWatch:
    """When the API server said for the first time that web-0 is ready at an address other than this one."""

    def __init__(self, api, old):
        self.api, self.old = api, old
        self.at = None
        self._connection = HTTPSConnection(*api.address, context=api.tls, timeout=120)
        self._connection.request("GET", path_of("Pod", "default") + "?watch=1&fieldSelector=metadata.name=web-0")
        self._response = self._connection.getresponse()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self):
        for line in self._response:
            pod = json.loads(line)["object"]
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
            if ready and pod["status"].get("podIP") != self.old:
                self.at = time.monotonic()
                return

    def wait(self):
        self._thread.join(120)
        self._connection.close()
        assert self.at, "web-0 is not ready"
        return self.at


def figures(what, times_s):
    ms = sorted(t * 1000 for t in times_s)
    print(f"{what}: n={len(ms)} p50 {statistics.median(ms):.1f} p90 {ms[int(len(ms) * 0.9)]:.1f} max {ms[-1]:.1f} ms")


@pytest.mark.parametrize("which", ["coredns", "headns"])
def test_a_deleted_pods_new_address(web, cluster_dns, which):
    cluster_dns.run(which)
    since_delete, since_ready = [], []
    for _ in range(5):
        old = observed(web)["web-0"]
        watch = ReadyWatch(web.admin, old)
        began = time.monotonic()
        web.kubectl("delete", "pod", "web-0", "--wait=false")
        answered = first_time(f"web-0.{SUFFIX}.", lambda found, old=old: found and old not in found)
        since_delete.append(answered - began)
        since_ready.append(answered - watch.wait())
        web.kubectl("rollout", "status", "statefulset/web", "--timeout=120s")
    print()
    figures(f"{which}: kubectl delete pod web-0 to the new address", since_delete)
    figures(f"{which}: Ready as a watch sees it to the new address", since_ready)


def no_kubelet_there(api):
    """A node that nobody looks after: its pods are what the test says of them."""
    api.ensure({"kind": "Node", "metadata": {"name": "nowhere"}, "spec": {"taints": [{"key": "nobody", "effect": "NoSchedule"}]}})
    ports = [{"port": 80, "name": "web"}]
    spec = {"clusterIP": "None", "selector": {"app": "late"}, "ports": ports}
    api.ensure({"kind": "Service", "metadata": {"name": "late", "namespace": "default"}, "spec": spec})


def waiting_pod(name):
    spec = {
        "nodeName": "nowhere",
        "hostname": name,
        "subdomain": "late",
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "c", "image": "localhost/none:1"}],
    }
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "default", "labels": {"app": "late"}}, "spec": spec}


@pytest.mark.parametrize("which", ["coredns", "headns"])
def test_a_pod_that_becomes_ready(cluster, cluster_dns, which):
    cluster_dns.run(which)
    api = cluster.admin
    no_kubelet_there(api)
    patch, answer = [], []
    for i in range(20):
        name, address = f"{which}-{i}", f"10.244.9.{i + 1}"
        pod = waiting_pod(name)
        api.create(pod)
        wait_for("the pod is there", lambda name=name: api.get("Pod", "default", name)["metadata"]["uid"])
        began = time.monotonic()
        api.patch(pod, {"status": status([address], True)}, "status", STRATEGIC)
        patched = time.monotonic()
        answered = first_time(f"{name}.late.default.svc.cluster.local.", lambda found, address=address: address in found)
        patch.append(patched - began)
        answer.append(answered - began)
        api.delete(pod, grace_s=0)
    print()
    figures(f"{which}: the API call that says Ready", patch)
    figures(f"{which}: Ready said to answered", answer)
