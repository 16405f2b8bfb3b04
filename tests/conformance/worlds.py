"""Worlds made up from a seed: Namespaces, Services of all kinds, Pods, the slices that the controller would make of them, and slices of
others. Only what an API server would accept; what it would not is in test_bad_input.py."""

import random
from typing import NamedTuple

import controller
from place import OWN

NAMESPACES = ["default", "prod", "kube-system", "team-a", "0day", "svc", "pod"]
NAMES = ["nginx", "web", "db", "db-0", "api", "kafka", "1-2-3-4", "9lives", "dns", "ns", "svc", "a", "x" * 63, "cache", "redis", "mail"]
PORT_NAMES = ["http", "https", "metrics", "grpc", "dns", "dns-tcp", "a", "p-1"]
TARGET_NAMES = ["web", "metrics", "grpc"]
PROTOCOLS = ["TCP", "TCP", "TCP", "UDP", "SCTP"]
HOSTS = ["web-0", "web-1", "db-0", "1-2-3-4", "host", "0", "h" * 63]
OUTSIDE = ["example.com", "www.Example.ORG", "a.b.c.d.e.example.net.", "localhost"]


class World(NamedTuple):
    seed: str
    objects: dict  # (kind, namespace, name): object

    def kind(self, kind):
        return [o for key, o in self.objects.items() if key[0] == kind]


def key_of(obj):
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class Maker:
    def __init__(self, seed, services=25, pods=60):
        self.random = random.Random(seed)
        self.seed, self.service_count, self.pod_count = seed, services, pods
        self.objects = {}
        self.size = self.random.choice([1, 2, 3, 100])  # endpoints in a slice
        self.taken = set()

    def put(self, obj):
        self.objects[key_of(obj)] = obj

    def chance(self, share):
        return self.random.random() < share

    def pick(self, choices):
        return self.random.choice(choices)

    # --- addresses ---

    def fresh(self, make):
        while (ip := make()) in self.taken:
            pass
        self.taken.add(ip)
        return ip

    def pod_ip(self, family):
        r = self.random
        if family == "IPv4":
            return self.fresh(lambda: f"10.{r.choice([244, 245])}.{r.choice([0, 1, 2, 255])}.{r.randrange(256)}")
        shapes = ["fd00:10:244::{:x}", "fd00:10:244:{:x}::", "fd00:10:244:0:{:x}::1", "2001:db8::{:x}:0:0:1", "fd00:1:2:3:4:5:6:{:x}"]
        import ipaddress

        return self.fresh(lambda: str(ipaddress.ip_address(r.choice(shapes).format(r.randrange(1, 0xFFF)))))

    def cluster_ip(self, family):
        r = self.random
        if family == "IPv4":
            return self.fresh(lambda: f"10.96.{r.randrange(4)}.{r.randrange(1, 255)}")
        return self.fresh(lambda: f"fd00:10:96::{r.randrange(1, 0xFFFF):x}")

    # --- Namespaces ---

    def namespaces(self):
        self.names = self.random.sample(NAMESPACES, self.random.randrange(2, 5))
        for name in self.names:
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"tier": self.pick(["gold", "tin"])}}})
        self.missing = "gone"  # a namespace with objects in it and no object of its own, as between two watches

    # --- Services ---

    def ports(self, headless):
        count = self.pick([0, 1, 1, 1, 2, 3, 4]) if headless else self.pick([1, 1, 2, 3, 4])
        ports, used = [], set()
        for _ in range(count):
            number, protocol = self.random.randrange(1, 5) * 100 + self.random.randrange(3), self.pick(PROTOCOLS)
            name = self.pick(PORT_NAMES) if count > 1 or self.chance(0.7) else None
            if (number, protocol) in used or name in used:
                continue
            used |= {(number, protocol), name}
            port = {"port": number, "protocol": protocol}
            if name:
                port["name"] = name
            if self.chance(0.6):
                port["targetPort"] = self.pick(TARGET_NAMES) if self.chance(0.5) else self.random.randrange(8000, 8004)
            ports.append(port)
        return ports

    def service(self, name, namespace):
        kind = self.pick(["cluster", "cluster", "headless", "headless", "headless", "external"])
        meta = {"name": name, "namespace": namespace, "labels": {"team": self.pick(["a", "b"])}}
        spec = {}
        if kind == "external":
            spec = {"type": "ExternalName", "externalName": self.external_target(name, namespace)}
            if self.chance(0.3):
                spec["selector"] = self.selector()
        else:
            families = self.pick([["IPv4"], ["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]])
            ips = ["None"] if kind == "headless" else [self.cluster_ip(f) for f in families]
            spec = {"type": self.pick(["ClusterIP", "NodePort", "LoadBalancer"]) if kind == "cluster" else "ClusterIP"}
            spec |= {"clusterIP": ips[0], "clusterIPs": ips, "ipFamilies": families, "ports": self.ports(kind == "headless")}
            if self.chance(0.8):
                spec["selector"] = self.selector()
            if self.chance(0.2):
                spec["publishNotReadyAddresses"] = True
        self.put({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})

    def external_target(self, name, namespace):
        inside = [f"{self.pick(NAMES)}.{self.pick(self.names)}.svc.cluster.local" for _ in range(3)]
        special = [
            f"{name}.{namespace}.svc.cluster.local",  # a loop
            f"Missing.{namespace}.svc.Cluster.Local",
            f"{self.pick(HOSTS)}.{self.pick(NAMES)}.{namespace}.svc.cluster.local.",
            "10.1.2.3",
            "cluster.local",
            "1.0.244.10.in-addr.arpa",
        ]
        return self.pick(inside + OUTSIDE + special)

    def selector(self):
        return {"app": self.pick(["a", "b", "c", "d"])} | ({"tier": "x"} if self.chance(0.3) else {})

    def services(self):
        for _ in range(self.service_count):
            self.service(self.pick(NAMES), self.missing if self.chance(0.05) else self.pick(self.names))
        if self.chance(0.3):  # a chain longer than anybody follows
            end = self.external_target("link-13", self.names[0])
            for link in range(14):
                target = f"link-{link + 1}.{self.names[0]}.svc.cluster.local"
                spec = {"type": "ExternalName", "externalName": target if link < 13 else end}
                meta = {"name": f"link-{link}", "namespace": self.names[0]}
                self.put({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})

    # --- Pods ---

    def container_ports(self):
        ports = [{"name": n, "containerPort": self.random.randrange(9000, 9003), "protocol": self.pick(PROTOCOLS)} for n in TARGET_NAMES]
        return [p for p in ports if self.chance(0.7)]

    def pod(self, number):
        namespace = self.missing if self.chance(0.03) else self.pick(self.names)
        families = self.pick([["IPv4"], ["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]])
        ips = [] if self.chance(0.05) else [self.pod_ip(f) for f in families]
        if self.chance(0.05) and "IPv4" in families:
            ips = [f"192.168.0.{self.random.randrange(3)}"]  # of its node: others have it too
        spec = {"containers": [{"name": "c", "image": "i", "ports": self.container_ports()}]}
        spec["nodeName"] = self.pick(["node-a", "node-b", "node-c", "node-d"])
        if self.chance(0.2):
            spec["initContainers"] = [{"name": "s", "image": "i", "ports": self.container_ports(), **({"restartPolicy": "Always"} if self.chance(0.5) else {})}]
        if self.chance(0.6):
            spec["hostname"] = self.pick(HOSTS)
        if self.chance(0.7):
            spec["subdomain"] = self.pick(NAMES)
        meta = {"name": f"pod-{number}" if self.chance(0.9) else f"{'p' * 70}-{number}", "namespace": namespace, "labels": {"app": self.pick(["a", "b", "c"]), "team": "ab"[number % 2]}}
        if self.chance(0.4):
            meta["labels"]["tier"] = self.pick(["x", "y"])
        if self.chance(0.1):
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        status = {"phase": self.pick(["Running"] * 12 + ["Pending", "Succeeded", "Failed", "Unknown"])}
        if ips:
            status |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
        if self.chance(0.95):
            status["conditions"] = [{"type": "Ready", "status": self.pick(["True"] * 5 + ["False", "Unknown"])}]
        self.put({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status})

    # --- slices ---

    def controller_slices(self):
        pods = [o for o in self.objects.values() if o["kind"] == "Pod"]
        for service in [o for o in self.objects.values() if o["kind"] == "Service"]:
            for piece in controller.slices_of(service, pods, self.size):
                self.put(piece)

    def foreign_slice(self, number, service, namespace, left_over=False):
        """left_over: the controller's, from when the Service had a selector."""
        family = self.pick(["IPv4", "IPv4", "IPv6"])
        endpoints = []
        for _ in range(self.random.randrange(4)):
            e = {"addresses": [self.pod_ip(family)]}
            if self.chance(0.8):
                ready = self.pick([True, True, None, False])
                e["conditions"] = {"ready": ready, "serving": True, "terminating": self.pick([False, True])}
            if self.chance(0.4):
                e["hostname"] = self.pick(HOSTS)
            if self.chance(0.4):
                e["zone"] = self.pick(list(controller.ZONES.values()))
            if self.chance(0.3):
                e["targetRef"] = {"kind": "VirtualMachine" if str(number)[-1] in "147" else "Pod", "name": f"remote-{number}", "namespace": namespace}
            endpoints.append(e)
        ports = [{"name": self.pick(PORT_NAMES + [""]), "protocol": self.pick(PROTOCOLS), "port": 7000 + i} for i in range(self.random.randrange(3))]
        labels = {controller.SERVICE_NAME: service} if service else {}
        if self.chance(0.5):
            labels[controller.MANAGED_BY] = self.pick(["mesh.example.com", "endpointslicemirroring-controller.k8s.io"])
        if left_over:
            labels[controller.MANAGED_BY] = controller.CONTROLLER
        meta = {"name": f"foreign-{number}", "namespace": namespace, "labels": labels}
        self.put({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": family, "ports": ports, "endpoints": endpoints})

    def foreign_slices(self):
        services = [o for o in self.objects.values() if o["kind"] == "Service"]
        number = 0
        for service in services:
            spec, meta = service["spec"], service["metadata"]
            if spec.get("type") == "ExternalName" or not self.chance(0.15 if "selector" in spec else 0.9):
                continue
            for _ in range(self.random.randrange(1, 4)):
                number += 1
                self.foreign_slice(number, meta["name"], meta["namespace"], "selector" not in spec and self.chance(0.2))
        self.foreign_slice(number + 1, "orphan", self.pick(self.names))
        if self.chance(0.3):
            self.foreign_slice(number + 2, None, self.pick(self.names))

    def shared_host(self):
        """A hostname of several endpoints, of which only one has the port."""
        namespace, port = self.pick(self.names), {"name": "http", "port": 80, "protocol": "TCP"}
        spec = {"type": "ClusterIP", "clusterIP": "None", "ports": [port]}
        self.put({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shared", "namespace": namespace, "labels": {"team": "a"}}, "spec": spec})
        for number, ports in enumerate(([port], [{**port, "name": "grpc"}], [])):
            endpoint = {"addresses": [self.pod_ip("IPv4")], "conditions": {"ready": True}, "hostname": "host"}
            meta = {"name": f"shared-{number}", "namespace": namespace, "labels": {controller.SERVICE_NAME: "shared", "team": "a"}}
            self.put({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": "IPv4", "ports": ports, "endpoints": [endpoint]})

    def own_service(self):
        """What the servers that are compared are the endpoint of, where they have an address that counts (place.py)."""
        namespace = self.pick(self.names)
        headless = self.chance(0.5)
        spec = {"type": "ClusterIP", "clusterIP": "None" if headless else self.cluster_ip("IPv4"), "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}
        self.put({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": namespace, "labels": {"team": "a"}}, "spec": spec})
        self.foreign_slice(0, "kube-dns", namespace)
        piece = self.objects["EndpointSlice", namespace, "foreign-0"]
        piece["addressType"], piece["ports"] = "IPv4", [{"name": "dns", "port": 53, "protocol": "UDP"}]
        piece["metadata"]["labels"][controller.SERVICE_NAME] = "kube-dns"
        piece["endpoints"] = [{"addresses": [ip], "conditions": {"ready": True}} for ip in (OWN, "192.0.2.54")]

    def make(self):
        self.namespaces()
        self.services()
        for number in range(self.pod_count):
            self.pod(number)
        self.controller_slices()
        self.foreign_slices()
        if self.chance(0.6):
            self.own_service()
        if self.chance(0.5):
            self.shared_host()
        return World(self.seed, self.objects)
