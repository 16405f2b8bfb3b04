"""The ways to the API server, what headns is allowed there by its own rules, to list and watch five resources, and a token that is replaced."""

import pytest

import harness
from client import ApiError
from harness import pod, service, until

FORBIDDEN = [
    ("GET", "/api/v1/namespaces/kube-system/secrets"),
    ("GET", "/api/v1/namespaces/default/services/kubernetes"),
    ("GET", "/api/v1/nodes"),
    ("GET", "/apis/coordination.k8s.io/v1/leases"),
]


@pytest.mark.parametrize("method, path", FORBIDDEN, ids=[path for _, path in FORBIDDEN])
def test_the_account_may_do_nothing_else(plane, method, path):
    client = plane.client(token=plane.token("headns"))
    assert client.call("GET", "/api/v1/pods")["kind"] == "PodList"
    with pytest.raises(ApiError, match="^403 "):
        client.call(method, path)


COREFILE = """
cluster.local:0 in-addr.arpa:0 {{
    bind 127.0.0.1
    kubernetes cluster.local in-addr.arpa {{
        {way}
    }}
}}
"""


def way_in_a_pod(plane, folder):
    """The environment and the files that a pod of the service account has."""
    (folder / "token").write_text(plane.token("headns"))
    (folder / "ca.crt").write_text((plane.pki / "ca.crt").read_text())
    return "", {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443", "HEADNS_SERVICE_ACCOUNT": str(folder)}


def way_by_kubeconfig(plane, _):
    return f"kubeconfig {plane.kubeconfig('corefile', {'token': plane.token('headns')})}", {}


def way_by_certificate(plane, _):
    return f"endpoint https://127.0.0.1:6443\n        tls {plane.pki}/headns.crt {plane.pki}/headns.key {plane.pki}/ca.crt", {}


@pytest.mark.parametrize("way", [way_in_a_pod, way_by_kubeconfig, way_by_certificate], ids=lambda way: way.__name__)
def test_a_corefile_leads_to_the_cluster(plane, api, kubelet, namespace, network, tmp_path, way):
    api.create(service("nginx", namespace, selector={"app": "nginx"}))
    kubelet.start(pod("a", f"{network}.1", namespace, labels={"app": "nginx"}))
    text, env = way(plane, tmp_path)
    corefile = tmp_path / "Corefile"
    corefile.write_text(COREFILE.format(way=text))
    server = harness.Server("-conf", corefile, listen=(), env=env, started="listening on")
    until(server, f"nginx.{namespace}.svc", {f"{network}.1"})
    server.stop()


def test_where_pods_may_not_be_listed_slices_are_used(plane, serve, api, kubelet, namespace, network):
    api.create(service("nginx", namespace, selector={"app": "nginx"}))
    kubelet.start(pod("a", f"{network}.1", namespace, labels={"app": "nginx"}))
    server = serve("pods", account="headns-without-pods")
    server.log.wait("warning: .*pods may not be listed")
    until(server, f"nginx.{namespace}.svc", {f"{network}.1"})


@pytest.mark.usefixtures("outage")
def test_a_token_is_replaced(plane, api, kubelet, namespace, network, tmp_path):
    """The first is revoked: after the API server's return only the one that the file holds by then is good."""
    secrets = [api.create({"kind": "Secret", "metadata": {"name": f"token-{i}", "namespace": "kube-system"}}) for i in range(2)]
    first, second = (plane.token("headns", bound_to={"kind": "Secret", **secret}) for secret in secrets)
    token = tmp_path / "token"
    token.write_text(first)
    server = harness.Server("--kubeconfig", plane.kubeconfig("rotating", {"tokenFile": str(token)}))
    api.create(service("nginx", namespace, selector={"app": "nginx"}))
    kubelet.start(pod("a", f"{network}.1", namespace, labels={"app": "nginx"}))
    until(server, f"nginx.{namespace}.svc", {f"{network}.1"})

    token.write_text(second)
    api.delete({"kind": "Secret", **secrets[0]})
    plane.api_server.kill()
    plane.api_server.start()
    plane.wait_ready()
    with pytest.raises(ApiError, match="^401 "):
        plane.client(token=first).call("GET", "/api/v1/pods")
    kubelet.start(pod("b", f"{network}.2", namespace, labels={"app": "nginx"}))
    until(server, f"nginx.{namespace}.svc", {f"{network}.1", f"{network}.2"})
    log = server.stop()
    assert first not in log and second not in log
