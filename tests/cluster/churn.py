"""Random changes of a cluster's objects, of every kind that a cluster's DNS looks at. Nothing here knows what names follow from them.

The world is kept small, so that things meet: few labels, few addresses, names that are Services' and pods' hostnames alike."""

from client import ApiError
from controlplane import NODE, wait_for

APPS = ["a", "b", "c"]
TIERS = ["x", "y"]
NAMES = ["alpha", "beta", "1-2", "delta", "eps", "zeta"]
HOSTNAMES = ["h-0", "h-1", "h-2"]
SERVICES_MAX, PODS_MAX, SLICES_MAX = 6, 12, 4  # of a namespace
PROTOCOLS = ["TCP", "UDP", "SCTP"]
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SERVICE_NAME = "kubernetes.io/service-name"
CONTAINERS = [
    {"containers": [{"name": "c", "image": "i"}]},
    {"containers": [{"name": "c", "image": "i", "ports": [{"name": "web", "containerPort": 8080}]}]},
    {
        "containers": [
            {"name": "c", "image": "i", "ports": [{"name": "web", "containerPort": 8081}, {"name": "dns", "containerPort": 5353, "protocol": "UDP"}]}
        ],
        "initContainers": [
            {"name": "s", "image": "i", "restartPolicy": "Always", "ports": [{"name": "side", "containerPort": 9000}]},
            {"name": "o", "image": "i", "ports": [{"name": "once", "containerPort": 9001}]},
        ],
    },
]
TARGETS = ["web", "dns", "side", "once", "nowhere", 80, 8443]


class Space:
    """What a namespace holds, by name; pods also by what was last told of them."""

    def __init__(self, name):
        self.name = name
        self.services, self.pods, self.slices, self.endpoints = {}, {}, {}, {}

    def clear(self):
        self.__init__(self.name)

    def meta(self, name, labels=None):
        return {"name": name, "namespace": self.name, **({"labels": labels} if labels else {})}


class Churn:
    def __init__(self, api, kubelet, random, namespaces):
        self.api, self.kubelet, self.random = api, kubelet, random
        self.spaces = [Space(name) for name in namespaces]
        self.serial = 0
        for space in self.spaces:
            self.make_namespace(space)
        self.actions = [
            (6, self.create_service),
            (2, self.delete_service),
            (2, self.change_selector),
            (2, self.change_ports),
            (2, self.toggle_not_ready),
            (2, self.change_type),
            (10, self.create_pod),
            (9, self.report_pod),
            (3, self.relabel_pod),
            (2, self.end_pod),
            (6, self.delete_pod),
            (3, self.create_slice),
            (2, self.change_slice),
            (2, self.delete_slice),
            (1, self.put_endpoints),
            (1, self.delete_endpoints),
            (0.15, self.renew_namespace),
        ]

    def change(self):
        """One change; what it was."""
        weights, actions = zip(*self.actions)
        while True:
            space = self.random.choice(self.spaces)
            done = self.random.choices(actions, weights)[0](space)
            if done:
                return f"{space.name}: {done}"

    # --- chance ---

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, things):
        """One of them by name, or None."""
        things = sorted(things)
        return self.random.choice(things) if things else None

    def selector(self):
        labels = {"app": self.random.choice(APPS)}
        if self.chance(0.3):
            labels["tier"] = self.random.choice(TIERS)
        return labels

    def v4(self):
        return f"10.244.{self.random.randrange(3)}.{self.random.randrange(1, 25)}"

    def v6(self):
        return f"fd00:244::{self.random.choice(['', '1:', 'a:0:'])}{self.random.randrange(1, 12):x}"

    def addresses(self):
        return self.random.choice([[self.v4()], [self.v4()], [self.v6()], [self.v4(), self.v6()], [self.v6(), self.v4()]])

    # --- Services ---

    def ports(self):
        count = self.random.choice([1, 1, 2, 3])
        numbers = self.random.sample(range(80, 90), count)
        names = self.random.sample(["web", "dns", "p-1", "metrics"], count)
        return [
            {
                "port": number,
                "protocol": self.random.choice(PROTOCOLS),
                **({"name": name} if count > 1 or self.chance(0.8) else {}),
                **({"targetPort": self.random.choice(TARGETS)} if self.chance(0.6) else {}),
            }
            for number, name in zip(numbers, names)
        ]

    def service_spec(self):
        if self.chance(0.1):
            return {"type": "ExternalName", "externalName": self.random.choice(["example.com", "alpha.churn-1.svc.cluster.local"])}
        headless = self.chance(0.6)
        spec = {"ports": self.ports() if not headless or self.chance(0.9) else []}
        if headless:
            spec["clusterIP"] = "None"
        if self.chance(0.8):
            spec["selector"] = self.selector()
        spec["ipFamilyPolicy"], spec["ipFamilies"] = self.random.choice(
            [("SingleStack", ["IPv4"]), ("SingleStack", ["IPv6"]), ("PreferDualStack", ["IPv4", "IPv6"]), ("RequireDualStack", ["IPv6", "IPv4"])]
        )
        if self.chance(0.2):
            spec["publishNotReadyAddresses"] = True
        return spec

    def create_service(self, space):
        free = [n for n in NAMES if n not in space.services]
        if not free or len(space.services) >= SERVICES_MAX:
            return None
        name = self.random.choice(free)
        labels = {"team": self.random.choice(APPS)}
        obj = {"apiVersion": "v1", "kind": "Service", "metadata": space.meta(name, labels), "spec": self.service_spec()}
        space.services[name] = {"kind": "Service", **self.api.create(obj)}
        return f"create service {name}"

    def delete_service(self, space):
        name = self.some(space.services)
        if not name:
            return None
        self.api.delete(space.services.pop(name))
        space.endpoints.pop(name, None)  # goes with it
        return f"delete service {name}"

    def patch_service(self, space, name, change):
        """False: the API server holds this against its rules."""
        try:
            space.services[name] = {"kind": "Service", **self.api.patch(space.services[name], change)}
        except ApiError as e:
            if e.status != 422:
                raise
            return False
        return True

    def change_selector(self, space):
        """Another one, or none, with which the controller leaves the Service's slices as they are, or one for a Service that had none."""
        name = self.some(space.services)
        if not name or space.services[name]["spec"]["type"] == "ExternalName":
            return None
        selector = None if self.chance(0.2) else {"app": None, "tier": None, **self.selector()}
        return self.patch_service(space, name, {"spec": {"selector": selector}}) and f"select {selector} for {name}"

    def change_ports(self, space):
        name = self.some(space.services)
        if not name or space.services[name]["spec"]["type"] == "ExternalName":
            return None
        return self.patch_service(space, name, {"spec": {"ports": self.ports()}}) and f"new ports for {name}"

    def toggle_not_ready(self, space):
        name = self.some(space.services)
        if not name:
            return None
        value = not space.services[name]["spec"].get("publishNotReadyAddresses", False)
        return self.patch_service(space, name, {"spec": {"publishNotReadyAddresses": value}}) and f"{name} publishes not ready: {value}"

    def change_type(self, space):
        name = self.some(space.services)
        if not name:
            return None
        spec = space.services[name]["spec"]
        if spec["type"] == "ExternalName":
            change = {"type": "ClusterIP", "externalName": None, "ports": self.ports()}
        elif spec.get("clusterIP") == "None":
            return None  # for good
        else:
            change = {"type": "ExternalName", "externalName": "example.org", "clusterIP": None, "clusterIPs": None}
            change |= {"ipFamilies": None, "ipFamilyPolicy": None, "internalTrafficPolicy": None}
        return self.patch_service(space, name, {"spec": change}) and f"{name} becomes {change['type']}"

    # --- Pods ---

    def create_pod(self, space):
        if len(space.pods) >= PODS_MAX:
            return None
        self.serial += 1
        name = f"p{self.serial}"
        spec = {"nodeName": NODE, **self.random.choice(CONTAINERS)}
        if self.chance(0.6):
            spec["hostname"] = self.random.choice(HOSTNAMES)
        if self.chance(0.7):
            spec["subdomain"] = self.random.choice(NAMES[:2] + NAMES[3:])
        if self.chance(0.1):
            spec["hostNetwork"] = True
        obj = {"apiVersion": "v1", "kind": "Pod", "metadata": space.meta(name, self.selector()), "spec": spec}
        self.api.create(obj)
        space.pods[name] = {"obj": obj, "addresses": [], "deleting": False, "over": False}
        if self.chance(0.8):
            self.report(space.pods[name], ready=True)
        return f"create pod {name} {space.pods[name]['addresses']}"

    def report(self, pod, ready, phase="Running"):
        if not pod["addresses"] or self.chance(0.1):
            pod["addresses"] = self.addresses()
        pod["over"] = phase in ("Succeeded", "Failed")
        self.kubelet.report(pod["obj"], pod["addresses"], ready, phase)

    def report_pod(self, space):
        name = self.some(p for p in space.pods if not space.pods[p]["over"])
        if not name:
            return None
        ready = self.random.choice([True, True, False, None])
        self.report(space.pods[name], ready, "Pending" if self.chance(0.1) else "Running")
        return f"pod {name} ready: {ready} {space.pods[name]['addresses']}"

    def relabel_pod(self, space):
        name = self.some(space.pods)
        if not name:
            return None
        labels = self.selector()
        self.api.patch(space.pods[name]["obj"], {"metadata": {"labels": {"app": None, "tier": None, **labels}}})
        return f"relabel pod {name} {labels}"

    def end_pod(self, space):
        """From being Ready: the slice controller overlooks the end of one that was not, as docs/testing.md says."""
        name = self.some(p for p in space.pods if not space.pods[p]["over"])
        if not name:
            return None
        phase = self.random.choice(["Succeeded", "Failed", "Unknown"])
        self.report(space.pods[name], True)
        self.report(space.pods[name], False, phase)
        return f"pod {name} is {phase}"

    def delete_pod(self, space):
        """First it is being deleted; the second time it goes. One that is over goes at once."""
        name = self.some(space.pods)
        if not name:
            return None
        pod = space.pods[name]
        if pod["deleting"] or pod["over"] or self.chance(0.3):
            self.kubelet.remove(space.pods.pop(name)["obj"])
            return f"pod {name} is gone"
        pod["deleting"] = True
        self.api.delete(pod["obj"], grace_s=3600)
        return f"pod {name} is being deleted"

    # --- EndpointSlices of others, and Endpoints ---

    def slice_endpoints(self, address_type):
        def endpoint():
            ready = self.random.choice([True, None, False])
            return {
                "addresses": [self.v4() if address_type == "IPv4" else self.v6()],
                "conditions": {} if ready is None else {"ready": ready},
                **({"hostname": self.random.choice(HOSTNAMES)} if self.chance(0.4) else {}),
            }

        return [endpoint() for _ in range(self.random.randrange(4))]

    def slice_ports(self):
        return [{"name": p.get("name", ""), "port": p["port"], "protocol": p["protocol"]} for p in self.ports()]

    def create_slice(self, space):
        if len(space.slices) >= SLICES_MAX:
            return None
        self.serial += 1
        address_type = self.random.choice(["IPv4", "IPv4", "IPv6"])
        labels = {SERVICE_NAME: self.random.choice(NAMES)}
        if self.chance(0.5):
            labels[MANAGED_BY] = "mesh.example"
        obj = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": space.meta(f"foreign-{self.serial}", labels),
            "addressType": address_type,
            "endpoints": self.slice_endpoints(address_type),
            "ports": self.slice_ports(),
        }
        self.api.create(obj)
        space.slices[obj["metadata"]["name"]] = obj
        return f"create slice {obj['metadata']['name']} of {labels[SERVICE_NAME]}"

    def change_slice(self, space):
        name = self.some(space.slices)
        if not name:
            return None
        obj = space.slices[name]
        change = {"endpoints": self.slice_endpoints(obj["addressType"]), "ports": self.slice_ports()}
        if self.chance(0.2):
            change["metadata"] = {"labels": {SERVICE_NAME: self.random.choice(NAMES)}}
        self.api.patch(obj, change)
        return f"change slice {name}"

    def delete_slice(self, space):
        name = self.some(space.slices)
        if not name:
            return None
        self.api.delete(space.slices.pop(name))
        return f"delete slice {name}"

    def put_endpoints(self, space):
        """Of a Service without a selector; a controller mirrors them as slices."""
        bare = [n for n, s in space.services.items() if not s["spec"].get("selector") and s["spec"]["type"] != "ExternalName"]
        name = self.some(bare)
        if not name:
            return None
        subsets = [{"addresses": [{"ip": self.v4()}], "notReadyAddresses": [{"ip": "10.244.9.9"}], "ports": self.slice_ports()}]
        obj = {"apiVersion": "v1", "kind": "Endpoints", "metadata": space.meta(name), "subsets": subsets}
        if name in space.endpoints:
            self.api.patch(obj, {"subsets": subsets})
        else:
            self.api.ensure(obj)
        space.endpoints[name] = obj
        return f"endpoints of {name}"

    def delete_endpoints(self, space):
        name = self.some(space.endpoints)
        if not name:
            return None
        try:
            self.api.delete(space.endpoints.pop(name))
        except ApiError as e:
            if e.status != 404:  # a Service with a selector has its own, by the controller
                raise
        return f"delete endpoints {name}"

    # --- Namespaces ---

    def make_namespace(self, space):
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space.name}})

    def renew_namespace(self, space):
        if space is self.spaces[0]:
            return None  # the test has something of its own there
        self.end(space)
        self.make_namespace(space)
        return "made again"

    def end(self, space):
        """Deletes it with all that it holds; returns once it is gone."""
        self.kubelet.drop_namespace(space.name)

        def is_gone():
            try:
                self.api.get("Namespace", name=space.name)
            except ApiError as e:
                return e.status == 404
            return False

        wait_for(f"namespace {space.name} goes", is_gone)
        space.clear()
