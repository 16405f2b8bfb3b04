"""Questions about a world, made up from a seed: most about names that it has or nearly has, of all depths and types."""

import ipaddress
import random

import controller
import messages as m
import model
import worlds

TYPES = [m.A] * 6 + [m.AAAA] * 4 + [m.SRV] * 5 + [m.PTR, m.TXT, m.CNAME, m.NS, m.SOA, m.MX, m.ANY, m.HTTPS, m.SVCB, m.HINFO, m.DS, 0, 99, 65535, m.AXFR, m.IXFR]
CLASSES = [m.IN] * 60 + [3, 4, 254, 255, 0]
FLAGS = [m.RD] * 10 + [0, m.RD | m.CD, m.AD, m.RD | m.AD | m.CD, 0x0040, m.RD | m.AA, m.RD | m.RA, m.RD | m.TC]
OPCODES = [0] * 80 + [1, 2, 4, 5, 6, 15]
EDNS = [
    None,
    None,
    m.Edns(),
    m.Edns(4096),
    m.Edns(512),
    m.Edns(0),
    m.Edns(1232, do=True),
    m.Edns(65535),
    m.Edns(1232, options=bytes.fromhex("fde90004deadbeef")),
    m.Edns(1232, version=1),
]


NONE = {"metadata": {"name": "nginx", "namespace": "default"}, "spec": {}}  # to ask about where there is no Service


class Asker:
    def __init__(self, seed, world, zones=model.ZONES):
        self.zones = [zone.split(".") for zone in zones if not model.octets_of(zone)]
        self.random = random.Random(seed)
        self.servers = [prefix + zone.split(".") for zone in zones for prefix in ([], ["ns", "dns"])]
        self.objects = list(world.objects.values())
        links = [s for s in world.kind("Service") if s["metadata"]["name"].startswith("link-")]
        self.services = [s for s in world.kind("Service") if s not in links] * 4 + links or [NONE]
        self.pods = world.kind("Pod")
        self.slices = world.kind("EndpointSlice")
        self.namespaces = [o["metadata"]["name"] for o in world.kind("Namespace")] + ["gone", "nowhere"]
        self.addresses = self.all_addresses(world)
        self.edges = ["cluster.local", "svc.cluster.local", "pod.cluster.local", "dns.cluster.local", "ns.dns.cluster.local", "in-addr.arpa"]
        self.edges += ["dns-version.cluster.local", "x.dns-version.cluster.local", "svc.svc.cluster.local", "local", "cluster.loca", "ip6.arpa"]
        self.edges += ["xcluster.local", "example.com", ".", "arpa", "svc.in-addr.arpa", "pod.ip6.arpa", "hostmaster.cluster.local", "apex.dns.cluster.local", "any.cluster.local"]

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def all_addresses(self, world):
        found = [ip for pod in self.pods for ip in controller.addresses_of(pod)]
        found += [ip for s in world.kind("Service") for ip in s["spec"].get("clusterIPs", []) if ip != "None"]
        found += [ip for piece in self.slices for e in piece["endpoints"] for ip in e["addresses"]]
        return found or ["10.0.0.1"]

    # --- labels ---

    def endpoint_label(self, service):
        """Something that an endpoint of it may be called, or nearly."""
        mine = [p for p in self.pods if controller.is_selected(service, p)]
        kind = self.random.randrange(8)
        if kind < 3 and mine:
            ips = controller.addresses_of(self.pick(mine))
            return model.dashed(self.pick(ips)) if ips else "web-0"
        if kind < 5:
            hosts = [p["spec"]["hostname"] for p in mine if p["spec"].get("hostname")] or worlds.HOSTS
            return self.pick(hosts)
        if kind == 5:
            own = [s for s in self.slices if s["metadata"].get("labels", {}).get(controller.SERVICE_NAME) == service["metadata"]["name"]]
            ends = [e for s in own for e in s["endpoints"]]
            if ends:
                e = self.pick(ends)
                return e.get("hostname") or model.dashed(e["addresses"][0])
        if kind == 6:
            return model.dashed(self.pick(self.addresses))
        return self.pick(worlds.HOSTS + ["missing", "10-0-0", "1-2-3-4-5", "--", "_tcp", "_", "a" * 63] + [p["metadata"]["name"][:63] for p in mine[:2]])

    def port_labels(self, service):
        """_port._protocol, or nearly."""
        names = [p.get("name", "") for p in service["spec"].get("ports", [])]
        name = self.pick(names) if names and self.chance(0.8) else self.pick(worlds.PORT_NAMES + ["none", ""])
        protocols = [p["protocol"].lower() for p in service["spec"].get("ports", [])]
        protocol = self.pick(protocols) if protocols and self.chance(0.7) else self.pick(["tcp", "udp", "sctp", "xyz", ""])
        lead = self.pick(["_"] * 12 + [""])
        return [(lead + name) or "_", ("_" if self.chance(0.95) else "") + protocol or "_"]

    def below_service(self):
        service = self.pick(self.services)
        own = [service["metadata"]["name"], service["metadata"]["namespace"], "svc", "cluster", "local"]
        kind = self.random.randrange(12)
        if kind < 4:
            return own
        if kind < 7:
            return [self.endpoint_label(service), *own]
        if kind < 10:
            return [*self.port_labels(service), *own]
        if kind == 10:
            return [self.port_labels(service)[1], *own]
        if self.chance(0.5):
            zone = self.pick([*controller.ZONES.values(), "nowhere", "x.y"]).split(".") if self.chance(0.9) else []
            return [*zone, self.pick(["pin", "prefer", "pin", "prefer", "other"]), self.pick(["_zone"] * 9 + ["zone"]), *own]
        return [self.pick(["x", "_http", "_zone"]), *self.port_labels(service), *own]

    def pod_name(self):
        ip = self.pick(self.addresses) if self.chance(0.8) else "192.0.2.1"
        label = model.dashed(ip) if self.chance(0.8) else self.pick(["1-2-3", "1-2-3-4-5", "a-b-c-d", "--1", "1-2-3-999", "", "01-2-3-4", "--ffff-a01-203", "fd00-10-244-0--1"])
        extra = self.pick([[], [], [], ["x"], ["x", "y"], ["x", "y", "z"]])
        return [*extra, *([label] if label else []), self.pick(self.namespaces), "pod", "cluster", "local"]

    def reverse(self):
        ip = ipaddress.ip_address(self.pick(self.addresses) if self.chance(0.9) else self.pick(["192.0.2.1", "2001:db8::1", "10.96.0.1"]))
        labels = ip.reverse_pointer.split(".")
        kind = self.random.randrange(10)
        if kind < 6:
            return labels
        if kind < 8:
            return labels[self.random.randrange(1, len(labels)) :]
        return self.pick([["x", *labels], ["1", *labels], ["0" + labels[0], *labels[1:]], ["256", *labels[1:]], ["a", *labels[1:]], ["_tcp", *labels]])

    def mutated(self, labels):
        kind, at = self.random.randrange(5), self.random.randrange(len(labels))
        if kind == 0:
            return labels[:at] + labels[at + 1 :]
        if kind == 1:
            return labels[:at] + [self.pick(["x", "_tcp", "svc", "pod", "missing", "*"])] + labels[at:]
        if kind == 2:
            return labels[:at] + [self.pick(["x", "_", "svc", "pod", "nowhere", "default", "*"])] + labels[at + 1 :]
        if kind == 3:
            return labels[:at] + [labels[at] + self.pick(["x", "-", "0"])] + labels[at + 1 :]
        return labels[at:]

    def labels(self):
        kind = self.random.randrange(100)
        if kind < 62:
            labels = self.below_service()
        elif kind < 70:
            labels = self.pod_name()
        elif kind < 86:
            labels = self.reverse()
        elif kind < 93:
            labels = [self.pick(self.namespaces), self.pick(["svc", "svc", "pod", "x"]), "cluster", "local"]
        else:
            labels = [label for label in self.pick(self.edges).split(".") if label]
        if labels[-2:] == ["cluster", "local"] and self.chance(0.95):
            labels = labels[:-2] + self.pick(self.zones)
        return self.mutated(labels) if labels and self.chance(0.12) else labels

    def spelled(self, label):
        if self.chance(0.9):
            return label
        return "".join(c.upper() if self.chance(0.5) else c for c in label)

    def question(self):
        """One question, in any form that is well-formed."""
        labels = [label[:63] for label in self.labels()]
        wire = m.from_labels([self.spelled(label).encode() for label in labels])
        if len(wire) > 255:
            return self.question()
        reverse = labels[-1:] == ["arpa"] and self.chance(0.6)
        rtype = m.PTR if reverse else self.pick(TYPES)
        if labels in self.servers and self.chance(0.5):
            rtype = self.pick([m.NS, m.NS, m.A, m.AAAA])
        flags = self.pick(FLAGS) | self.pick(OPCODES) << 11
        tcp = self.chance(0.05) and rtype not in (m.AXFR, m.IXFR)
        return m.Question(wire, rtype, self.pick(CLASSES), flags, self.pick(EDNS), tcp)

    def plain(self, types):
        """One as clients ask it, of these types."""
        wire = m.from_labels([label[:63].encode() for label in self.labels()])
        if len(wire) > 255:
            return self.plain(types)
        return m.Question(wire, self.pick(types), edns=self.pick([None, m.Edns()]))


def questions(seed, world, count, zones=model.ZONES, asker=Asker):
    asker = asker(seed, world, zones)
    return [asker.question() for _ in range(count)]
