"""What several clusters share: ServiceImports and the slices of their endpoints (KEP-1645), in worlds, in questions and in the model. A zone
of theirs has the names of the cluster's zone, but below other Services, and an endpoint's name has the cluster that it is in."""

import copy
from typing import NamedTuple

import controller
import extended
import messages as m
import model
import questions
import worlds

ZONE = "clusterset.local"
SERVICE_NAME = "multicluster.kubernetes.io/service-name"
CLUSTER = "multicluster.kubernetes.io/source-cluster"
CLUSTERS = ["c1", "c2", "east-1", "0", "svc", "l" * 63]
NAMES = [*worlds.NAMES, "shop", "c1"]
MARK = "imported"


def service_import(name, namespace, kind, ips, ports):
    spec = {"type": kind, "ports": ports} | ({"ips": ips} if ips else {})
    return {"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceImport", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def slice_object(name, namespace, service, cluster, family, ports, endpoints):
    labels = {SERVICE_NAME: service} | ({CLUSTER: cluster} if cluster else {})
    meta = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": family, "ports": ports, "endpoints": endpoints}


def mark(namespace, address):
    """What shows that all before has been seen (servers.World)."""
    port = {"name": "http", "protocol": "TCP", "port": 80}
    piece = slice_object(MARK, namespace, MARK, "c1", "IPv4", [port], [{"addresses": [address], "conditions": {"ready": True}}])
    return [service_import(MARK, namespace, "Headless", [], [port]), piece]


class Maker(worlds.Maker):
    def import_ports(self):
        ports = self.ports(headless=False) if self.chance(0.9) else []
        return [{k: v for k, v in port.items() if k != "targetPort"} for port in ports]

    def imported_slice(self, number, name, namespace):
        self.foreign_slice(f"imported-{number}", None, namespace)
        piece = self.objects["EndpointSlice", namespace, f"foreign-imported-{number}"]
        labels = piece["metadata"]["labels"]
        labels[SERVICE_NAME] = name
        if self.chance(0.98):
            labels[CLUSTER] = self.pick(CLUSTERS)
        if self.chance(0.99):  # of a Service that an implementation made for it, or of one of the cluster
            labels[controller.SERVICE_NAME] = self.pick([name, *["derived-7f3a"] * 4, self.pick(worlds.NAMES)])

    def imports(self):
        number = 0
        for _ in range(15):
            name, namespace = self.pick(NAMES), self.missing if self.chance(0.05) else self.pick(self.names)
            kind = self.pick(["ClusterSetIP", "Headless", "Headless"])
            families = self.pick([["IPv4"], ["IPv4"], ["IPv6"], ["IPv4", "IPv6"], []]) if kind == "ClusterSetIP" else []
            self.put(service_import(name, namespace, kind, [self.cluster_ip(f) for f in families], self.import_ports()))
            for _ in range(self.random.randrange(4)):
                number += 1
                self.imported_slice(number, name, namespace)
        self.imported_slice(0, "orphan", self.pick(self.names))

    def make(self):
        world = super().make()
        self.imports()
        return world


class Asker(questions.Asker):
    def __init__(self, seed, world, zones):
        super().__init__(seed, world, zones)
        self.imports = world.kind("ServiceImport")
        self.edges += [ZONE, f"svc.{ZONE}", f"pod.{ZONE}", f"dns.{ZONE}", f"ns.dns.{ZONE}", f"dns-version.{ZONE}", "set.local"]

    def endpoint_labels(self, service):
        """[endpoint, cluster], or nearly."""
        mine = [s for s in self.slices if s["metadata"]["labels"].get(SERVICE_NAME) == service["metadata"]["name"]] or self.slices
        piece = self.pick(mine)
        cluster = piece["metadata"]["labels"].get(CLUSTER, "c1") if self.chance(0.85) else self.pick([*CLUSTERS, "c9", "_", "_c1"])
        endpoint = self.pick(piece["endpoints"] or [{"addresses": ["10.0.0.1"]}])
        label = endpoint.get("hostname") or model.dashed(endpoint["addresses"][0])
        return [label if self.chance(0.85) else self.pick([*worlds.HOSTS, "missing", "_"]), cluster]

    def below_service(self):
        if self.chance(0.3):
            return super().below_service()
        service = self.pick(self.imports)
        own = [service["metadata"]["name"], service["metadata"]["namespace"], "svc", *ZONE.split(".")]
        kind = self.random.randrange(12)
        if kind < 3:
            return own
        if kind < 8:
            labels = self.endpoint_labels(service)
            return [*self.pick([labels, labels, labels, labels, labels[:1], labels[1:], ["x", *labels], labels[::-1]]), *own]
        if kind < 11:
            return [*self.port_labels(service), *own]
        return [self.port_labels(service)[1], *own]


class Endpoint(NamedTuple):
    """As model.Endpoint, in a cluster."""

    addresses: tuple
    absence: str | None
    hostname: str | None
    pod: str | None
    ports: tuple
    zone: str | None
    cluster: str | None


class Ips(list):
    """Of an import that is not headless, though it may have none yet."""

    def __bool__(self):
        return True


class ImportNames(model.ServiceNames):
    """The labels of an endpoint's name are its own and the cluster's, which is a name too as long as there is one below it."""

    def cluster(self, ips, ports, alive):
        super().cluster(ips, ports, alive)
        for node in self.nodes.values() if not len(ips) else ():  # nothing to lead to yet
            node.srv.clear()

    def labelled(self, e):
        if not e.cluster:
            return super().labelled(e)
        cluster = self.nodes.setdefault((e.cluster.lower(),), model.Node([e.cluster.encode()]))
        cluster.there |= not e.absence
        if e.absence:
            cluster.absences.add(e.absence)
        return [((label, e.cluster), ips) for label, ips in super().labelled(e)]

    def node(self, labels):
        return super().node([part for label in labels for part in ([label] if isinstance(label, str) else label)])


class Reply(model.Reply):
    def find(self, name, origin):
        if origin not in self.model.sets:
            return super().find(name, origin)
        return model.Reply(self.model.cluster_set, self.q).find(name, origin)


class Model(extended.Model):
    reply = Reply

    def __init__(self, objects, settings):
        objects = list(objects)
        super().__init__(objects, settings)
        self.sets = {m.name(ZONE)}
        self.cluster_set = copy.copy(self)
        self.cluster_set.services = {(o["metadata"]["namespace"], o["metadata"]["name"]): self.names_of(o, objects) for o in objects if o["kind"] == "ServiceImport"}

    def names_of(self, made, objects):
        meta, spec = made["metadata"], made["spec"]
        ips = ["None"] if spec["type"] == "Headless" else Ips(spec.get("ips", []))
        service = {"metadata": meta, "spec": {"clusterIPs": ips, "ports": spec["ports"]}}
        endpoints = []
        for piece in objects:
            labels = piece["metadata"].get("labels", {})
            if piece["kind"] == "EndpointSlice" and piece["metadata"]["namespace"] == meta["namespace"] and labels.get(SERVICE_NAME) == meta["name"]:
                endpoints += [Endpoint(*e, labels.get(CLUSTER)) for e in model.slice_endpoints(piece)]
        return ImportNames(service, endpoints, self.settings._replace(noendpoints=False))
