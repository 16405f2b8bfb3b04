"""The cluster of all cases, by an API server of the tests'."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

import harness  # noqa: E402
from apiserver import ApiServer  # noqa: E402

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"


def observed(name, pods, labels, **slice_options):
    """Pods and the slice that the controller would have made of them: CoreDNS reads this, headns those."""
    made = harness.slice_of(name, [], **slice_options)
    made["metadata"]["labels"][MANAGED_BY] = CONTROLLER
    made["endpoints"] = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": "default"},
            **({"hostname": pod["spec"]["hostname"]} if "hostname" in pod["spec"] else {}),
        }
        for pod in pods
    ]
    return [*pods, made]


def objects():
    nginx = {"app": "nginx"}
    shop = {"app": "shop"}
    stateful = [harness.pod(f"web-{n}", f"10.244.1.{7 + n}", labels=nginx, hostname=f"web-{n}", subdomain="nginx") for n in range(2)]
    plain = [harness.pod("shop-5c", "10.244.2.9", labels=shop)]
    asking = [harness.pod("client", "100.64.0.1", labels={})]  # network.INSIDE
    dns = [harness.service("kube-dns", "kube-system", headless=False, cluster_ip="10.96.0.10", ports=(("dns", 53),))]
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("default", "kube-system")]
    return [
        *namespaces,
        harness.service("nginx", selector=nginx),
        *observed("nginx", stateful, nginx),
        harness.service("shop", selector=shop, headless=False, cluster_ip="10.96.0.20"),
        *observed("shop", plain, shop),
        harness.service("web", selector=shop, headless=False, cluster_ip="10.96.0.30"),
        harness.service("outer", headless=False, cluster_ip=None, type="ExternalName", externalName="www.example.com"),
        *asking,
        *dns,
    ]


def start():
    api = ApiServer()
    api.put(*objects())
    return api
