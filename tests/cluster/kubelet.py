"""Says of pods what a kubelet would say of them; there are no containers."""

import time

from client import STRATEGIC, path_to
from controlplane import NODE

FIRST_CONDITIONS = ("PodScheduled", "Initialized")


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def conditions(ready):
    """None: the pod has no Ready condition yet."""
    values = {**dict.fromkeys(FIRST_CONDITIONS, True), **({} if ready is None else {"ContainersReady": ready, "Ready": ready})}
    return [{"type": t, "status": str(value), "lastTransitionTime": now()} for t, value in values.items()]


def status(addresses, ready, phase="Running"):
    return {
        "phase": phase,
        "conditions": conditions(ready),
        **({"podIP": addresses[0], "podIPs": [{"ip": a} for a in addresses]} if addresses else {}),
    }


class Kubelet:
    def __init__(self, api):
        self.api = api

    def bind(self, pod):
        """The scheduler's part, for pods that a controller made."""
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        self.api.call("POST", path_to(pod, "binding"), {"apiVersion": "v1", "kind": "Binding", "metadata": pod["metadata"], "target": target})

    def start(self, pod):
        """Creates this pod on the node, and then reports what its status says, which whoever creates a pod can't."""
        self.api.create({**pod, "spec": {**pod["spec"], "nodeName": NODE}})
        told = pod["status"]
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in told["conditions"])
        return self.report(pod, [ip["ip"] for ip in told["podIPs"]], ready)

    def report(self, pod, addresses, ready, phase="Running"):
        change = {"status": status(addresses, ready, phase)}
        if addresses:
            # Addresses are merged by their value, and a pod has one of each family.
            change["status"]["podIPs"].insert(0, {"$patch": "replace"})
        return self.api.patch(pod, change, "status", STRATEGIC)

    def remove(self, pod):
        """The end of a pod that is being deleted: its containers have stopped."""
        self.api.delete(pod, grace_s=0)

    def drop_namespace(self, name):
        """Deletes it, and lets its pods go, which have a node and would be waited for."""
        self.api.delete({"kind": "Namespace", "metadata": {"name": name}})
        for pod in self.api.items("Pod", name):
            self.remove({"kind": "Pod", **pod})
