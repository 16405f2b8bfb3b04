"""k8s_external: zones of the addresses that Services have outside the cluster, in worlds, in questions and in the model. They are answered
from before the kubernetes block, which is asked only for what they let fall through."""

import copy
import ipaddress
from typing import NamedTuple

import extended
import messages as m
import model
import questions
import worlds

PORT = {"name": "dns", "port": 53, "protocol": "UDP"}


class Options(NamedTuple):
    """What the k8s_external block says."""

    zones: tuple
    apex: str = "dns"
    ttl: int = 5
    headless: bool = False
    fall: tuple | None = None  # zones; (): all; None: there is no fallthrough

    def block(self):
        lines = [f"apex {self.apex}", f"ttl {self.ttl}"] + ["headless"] * self.headless
        if self.fall is not None:
            lines.append(" ".join(("fallthrough", *self.fall)))
        body = "".join(f"        {line}\n" for line in lines)
        return f"k8s_external {' '.join(self.zones)} {{\n{body}    }}"


def packed(ip):
    return ipaddress.ip_address(ip).packed


def outside_of(service):
    """(the addresses, the first host name or None) at which the Service is reached from outside."""
    texts = list(service["spec"].get("externalIPs", []))
    texts += [entry.get("ip") or entry.get("hostname") for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress", [])]
    hosts = [text for text in texts if text and not model.is_address(text)]
    return [text for text in texts if text and model.is_address(text)], hosts[0] if hosts else None


# --- worlds ---


class Maker(worlds.Maker):
    def outside_ip(self):
        r = self.random
        if self.chance(0.7):
            return f"{r.choice(['192.0.2', '203.0.113'])}.{r.randrange(40)}"
        return f"2001:db8::{r.choice('1234')}:{r.randrange(1, 9)}"

    def ingress(self):
        kind = self.random.randrange(8)
        entry = {"hostname": self.pick(["lb.example.com", "web.default.example.org", "LB-1.Elb.example.net"])} if kind < 2 else {"ip": self.outside_ip()}
        return entry | ({"hostname": "both.example.com"} if kind == 2 else {})

    def open(self, service):
        """Gives the Service addresses outside."""
        if self.chance(0.5):
            service["spec"]["externalIPs"] = [self.outside_ip() for _ in range(self.random.randrange(1, 4))]
        if self.chance(0.6):
            service["status"] = {"loadBalancer": {"ingress": [self.ingress() for _ in range(self.pick([0, 1, 1, 2]))]}}

    def services(self):
        super().services()
        for service in [o for o in self.objects.values() if o["kind"] == "Service"]:
            if self.chance(0.6):
                self.open(service)

    def own_service(self):
        super().own_service()
        service = next(o for key, o in self.objects.items() if key[0] == "Service" and key[2] == "kube-dns")
        if self.chance(0.6):
            self.open(service)


# --- questions ---


class Asker(questions.Asker):
    def __init__(self, options, seed, world, zones):
        super().__init__(seed, world, zones)
        self.outside = [zone.split(".") for zone in options.zones if not model.octets_of(zone)]
        self.apex = options.apex
        for zone in options.zones:
            labels = zone.split(".")
            self.servers += [labels, ["ns1", options.apex, *labels]]
            self.edges += [zone, f"{options.apex}.{zone}", f"ns1.{options.apex}.{zone}", f"ns2.{options.apex}.{zone}", f"x.ns1.{options.apex}.{zone}"]
            self.edges += [f"svc.{zone}", f"dns-version.{zone}", f"{self.pick(self.namespaces)}.{zone}"]

    def all_addresses(self, world):
        return super().all_addresses(world) + [ip for s in world.kind("Service") for ip in outside_of(s)[0]] * 3

    def below_service(self):
        labels = super().below_service()
        if labels[-3:] == ["svc", "cluster", "local"] and self.chance(0.7):
            return [*(["x"] if self.chance(0.03) else []), *labels[:-3], *self.pick(self.outside)]
        return labels


# --- the model ---


class Names(model.ServiceNames):
    def __init__(self, service, endpoints, settings, options):
        self.service, self.settings = service, settings
        self.headless, self.can_be_empty = False, True
        self.nodes, self.owners = {}, {}
        self.own = self.node(())
        self.own.absences.add("the Service has no external address")
        ips, host = outside_of(service)
        if ips:
            self.cluster(ips, service["spec"].get("ports", []), True)
            self.owners = {ip: copy.copy(node) for ip, node in self.owners.items()}  # several Services may have it: no PTR is alone
        elif host:
            self.external(host)
            self.ports_of_host(service["spec"].get("ports", []))
        elif options.headless and service["spec"].get("type") != "ExternalName":
            self.inside(endpoints)

    def ports_of_host(self, ports):
        for port in ports if self.own.cname else []:
            named = self.port_node(port.get("name", ""), port.get("protocol", "TCP"))
            if named:
                named.srv.append([100, port["port"], self.own])

    def inside(self, endpoints):
        """The names of endpoints; no PTR leads to them."""
        self.headless = service_is_headless(self.service)
        self.endpoints(endpoints)
        self.own.there |= any(not e.absence for e in endpoints)
        self.owners = {}


def service_is_headless(service):
    return (service["spec"].get("clusterIPs") or [service["spec"].get("clusterIP") or "None"]) == ["None"]


class Reply(model.Reply):
    @property
    def apex_label(self):
        return self.model.options.apex.encode()

    def soa(self, name, origin, ttl):
        zone = m.from_labels([self.apex_label])[:-1] + self.spelled(name, origin)
        rdata = (b"\3ns1" + zone, b"\12hostmaster" + zone, 0, 7200, 1800, 86400, self.settings.ttl)
        return (name[len(name) - len(origin) :], m.SOA, m.IN, ttl, rdata)

    def apex(self, name, origin):
        if self.q.type != m.NS:
            return super().apex(name, origin)
        server = m.from_labels([b"ns1", self.apex_label])[:-1] + self.spelled(name, origin)
        glue = [(server, rtype, m.IN, self.settings.ttl, packed) for rtype, packed in self.own_addresses()]
        return self.found({m.SOA, m.NS}, [(m.NS, self.settings.ttl, server)], glue)

    def find(self, name, origin):
        labels = m.labels_of(name.lower())
        left = labels[: len(labels) - len(m.labels_of(origin))]
        if not left or self.model.zones[origin]:
            return super().find(name, origin)
        if left[-1] == self.apex_label:
            return self.find_server(left[:-1])
        return self.find_service([label.decode("latin-1") for label in left], self.spelled(name, origin))

    def find_server(self, left):
        if not left:
            return model.Found()
        if left != [b"ns1"]:
            return model.Found("no such name")
        addresses = [(rtype, self.settings.ttl, packed) for rtype, packed in self.own_addresses()]
        return self.found({rtype for rtype, *_ in addresses}, addresses)

    def whole(self, names, node, zone):
        meta = names.service["metadata"]
        return node.cname or m.from_labels([*node.label, meta["name"].encode(), meta["namespace"].encode()])[:-1] + zone


class Outside(extended.Model):
    """The external zones alone."""

    reply = Reply

    def __init__(self, objects, settings, options, cluster):
        self.options, self.cluster = options, cluster
        super().__init__(objects, settings._replace(zones=options.zones, ttl=options.ttl, negative_ttl=min(options.ttl, settings.negative_ttl)))
        self.serve({key: Names(service, list(self.endpoints_of(service, "pods")), self.settings, options) for key, service in self.objects_of("Service").items()})

    def name_server(self):
        return None


class Model:
    """Both: what the external zones have not falls through to the cluster's, if these have the zone."""

    def __init__(self, options, objects, settings):
        objects = list(objects)
        self.options = options
        self.cluster = model.Model(objects, settings)
        self.outside = Outside(objects, settings, options, self.cluster)

    def falls(self, q, response):
        fall, name = self.options.fall, q.name.lower()
        if fall is None or response.answer or not response.flags & m.AA or self.cluster.apex_of(name) is None:
            return False
        origin = self.outside.apex_of(name)
        below = m.labels_of(name)[: len(m.labels_of(name)) - len(m.labels_of(origin))]
        if not self.outside.zones[origin] and below[-1:] == [self.options.apex.encode()]:
            return False
        below_reverse = self.outside.zones[origin] and name != origin
        return (response.rcode == m.NXDOMAIN or below_reverse) and extended.covers(fall, name)

    def part(self, q):
        """The model of the zones that answer."""
        if self.outside.apex_of(q.name.lower()) is None or self.falls(q, self.outside.answer(q)):
            return self.cluster
        return self.outside

    def answer(self, q):
        return self.part(q).answer(q)
