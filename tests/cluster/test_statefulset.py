"""The names of zones/nginx-statefulset.yaml follow its pods, which the real controllers make and a kubelet of ours runs, step by step: with
every step A, SRV and PTR say the same."""

import pytest
import yaml

import harness
from client import ApiError
from controlplane import wait_for
from harness import found, until
from zone import reverse

def create_zone(api, namespace):
    """The file's objects in the test's namespace; the cluster's DNS Service, which has one, is of no account here."""
    for obj in yaml.safe_load_all((harness.ZONES / "nginx-statefulset.yaml").read_text()):
        if "namespace" not in obj["metadata"]:
            obj["metadata"]["namespace"] = namespace
            api.create(obj)


class Nginx:
    """What is asked of the Service and its pods."""

    def __init__(self, server, namespace):
        self.server = server
        self.service = f"nginx.{namespace}.svc"

    def follows(self, pods, gone=()):
        """Waits for pods, {"web-0": address}, to be the Service's, and checks that no name says otherwise: they change together."""
        until(self.server, self.service, set(pods.values()) or "NXDOMAIN")
        weight = 100 // max(1, len(pods))
        srv = {f"0 {weight} 80 {self.full(name)}" for name in pods}
        assert found(self.server, f"_web._tcp.{self.service}", "SRV") == (srv or "NXDOMAIN")
        for name in ("web-0", "web-1"):
            assert found(self.server, f"{name}.{self.service}") == ({pods[name]} if name in pods else "NXDOMAIN")
        for name, address in pods.items():
            assert found(self.server, reverse(address), "PTR") == {self.full(name)}
        for address in gone:
            assert found(self.server, reverse(address), "PTR") == "NXDOMAIN"

    def full(self, name):
        return f"{name}.{self.service}.cluster.local."


def made(api, namespace, name, but_not=None):
    """The pod of that name, once a controller has made it; but_not is the uid of the one before."""
    pods = []

    def is_there():
        try:
            pods.append(api.get("Pod", namespace, name))
        except ApiError as e:
            assert e.status == 404
            return False
        return pods[-1]["metadata"]["uid"] != but_not

    wait_for(f"the controller makes {name}", is_there)
    return {"kind": "Pod", **pods[-1]}


@pytest.mark.parametrize("mode", ["pods", "slices"])
def test_names_follow_a_stateful_set(serve, api, kubelet, namespace, network, mode):
    first, second, again = (f"{network}.{host}" for host in (7, 8, 9))
    server = serve(mode)
    create_zone(api, namespace)
    nginx = Nginx(server, namespace)
    web0 = made(api, namespace, "web-0")
    nginx.follows({})
    kubelet.bind(web0)
    kubelet.report(web0, [first], ready=False)
    nginx.follows({}, gone=[first])

    kubelet.report(web0, [first], ready=True)
    nginx.follows({"web-0": first})
    web1 = made(api, namespace, "web-1")
    kubelet.bind(web1)
    kubelet.report(web1, [second], ready=True)
    nginx.follows({"web-0": first, "web-1": second})

    kubelet.report(web0, [first], ready=False)
    nginx.follows({"web-1": second}, gone=[first])
    kubelet.report(web0, [first], ready=True)
    nginx.follows({"web-0": first, "web-1": second})

    api.delete(web0)  # is being deleted, and still Ready
    nginx.follows({"web-1": second}, gone=[first])
    assert api.get("Pod", namespace, "web-0")["metadata"]["deletionTimestamp"]
    kubelet.remove(web0)
    web0 = made(api, namespace, "web-0", but_not=web0["metadata"]["uid"])
    nginx.follows({"web-1": second}, gone=[first])
    kubelet.bind(web0)
    kubelet.report(web0, [again], ready=True)
    nginx.follows({"web-0": again, "web-1": second}, gone=[first])


@pytest.mark.parametrize("mode", ["pods", "slices"])
def test_names_follow_a_stateful_set_that_publishes_not_ready_addresses(serve, api, kubelet, namespace, network, mode):
    first, second, again = (f"{network}.{host}" for host in (7, 8, 9))
    server = serve(mode)
    create_zone(api, namespace)
    api.patch({"kind": "Service", "metadata": {"name": "nginx", "namespace": namespace}}, {"spec": {"publishNotReadyAddresses": True}})
    nginx = Nginx(server, namespace)
    web0 = made(api, namespace, "web-0")
    nginx.follows({})
    kubelet.bind(web0)
    kubelet.report(web0, [first], ready=False)
    nginx.follows({"web-0": first})
    kubelet.report(web0, [first], ready=True)
    web1 = made(api, namespace, "web-1")
    kubelet.bind(web1)
    kubelet.report(web1, [second], ready=True)
    nginx.follows({"web-0": first, "web-1": second})

    kubelet.report(web0, [first], ready=False)
    api.delete(web0)
    kubelet.report(web1, [again], ready=True)  # is seen after web-0's changes
    nginx.follows({"web-0": first, "web-1": again}, gone=[second])
    kubelet.remove(web0)
    nginx.follows({"web-1": again}, gone=[first])
    web0 = made(api, namespace, "web-0", but_not=web0["metadata"]["uid"])
    kubelet.bind(web0)
    kubelet.report(web0, [first], ready=False)
    nginx.follows({"web-0": first, "web-1": again})
