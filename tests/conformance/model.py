"""What headns must answer, in a few plain rules: the Kubernetes DNS specification 1.1.0 with headns's decisions where it leaves room or
CoreDNS does otherwise. Slow, and independent of the server's code: it reads the same objects and shares nothing else with it.

    Model(objects, settings).answer(question) is the messages.Response that must come, but for serials and the order of a set.
"""

import copy
import ipaddress
import struct
from typing import NamedTuple

import controller
import messages as m

REVERSE = {m.name("in-addr.arpa"): 4, m.name("ip6.arpa"): 16}  # and the octets of their addresses
ZONES = ("cluster.local", "in-addr.arpa", "ip6.arpa")
LINKS_MAX = 10  # CNAMEs in one answer

# Why a name or a record is not there, as clients with EDNS are told (RFC 8914). Of several endpoints of one name the first counts.
NOT_READY = "its endpoints are not ready"
TERMINATING = "its endpoints are being deleted"
NO_ENDPOINTS = "the Service has no endpoints"
WEAKEST = [NOT_READY, TERMINATING, NO_ENDPOINTS]
WILL_PASS = (NOT_READY, TERMINATING)
OTHER, NOT_AUTHORITATIVE, NOT_SUPPORTED = 0, 20, 21  # RFC 8914 5.2


def extended(code, text):
    """The option of an extended error."""
    return struct.pack("!HHH", 15, 2 + len(text), code) + text.encode()


class Settings(NamedTuple):
    """What the kubernetes block says."""

    zones: tuple = ZONES
    ttl: int = 5
    negative_ttl: int = 5
    pods: str = "disabled"
    endpoint_pod_names: bool = False
    noendpoints: bool = False
    ignore_empty: bool = False
    zonal: bool = False
    namespaces: tuple = ()
    namespace_labels: dict = {}
    labels: dict = {}
    own: tuple = ("127.0.0.1",)  # the server's own addresses


class Node:
    """A name of a Service: what it has, or why it is not there. label is in the object's case."""

    def __init__(self, label):
        self.label = label
        self.a, self.aaaa, self.srv = [], [], []  # srv: [weight, port, node]
        self.cname = None
        self.there = False
        self.absences = set()  # why it is not, if it is not

    @property
    def absence(self):
        """The weakest reason: who of several endpoints of one name is there, is there."""
        return min(self.absences, key=lambda reason: WEAKEST.index(reason) if reason in WEAKEST else len(WEAKEST), default="")

    def addresses(self, rtype):
        return self.a if rtype == m.A else self.aaaa

    def add_address(self, ip):
        packed = ipaddress.ip_address(ip).packed
        have = self.a if len(packed) == 4 else self.aaaa
        if packed not in have:
            have.append(packed)
        self.there = True


class Endpoint(NamedTuple):
    addresses: tuple  # text
    absence: str | None  # None: it is ready
    hostname: str | None
    pod: str | None
    ports: tuple  # ((name, protocol, number), …)
    zone: str | None


def dashed(ip):
    text = str(ipaddress.ip_address(ip)).replace(".", "-").replace(":", "-")
    return text + "0" if text.endswith("-") else text


def is_address(text):
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def is_host_name(text):
    labels = text.removesuffix(".").split(".")
    return not is_address(text) and all(0 < len(label) < 64 for label in labels) and len(text) < 254


def pod_endpoint(service, pod):
    families = controller.families_of(service["spec"])
    ips = tuple(ip for ip in controller.addresses_of(pod) if controller.family_of(ip) in families)
    absence = TERMINATING if controller.is_deleted(pod) else NOT_READY
    ready = ips and controller.counts_as_ready(service, pod)
    return Endpoint(ips, None if ready else absence, controller.hostname_of(service, pod), pod["metadata"]["name"], controller.ports_of(service, pod), controller.zone_of(pod))


def slice_endpoints(piece):
    ports = tuple((p.get("name") or "", p.get("protocol") or "TCP", p["port"]) for p in piece.get("ports") or [] if p.get("port") is not None)
    for e in piece.get("endpoints") or []:
        ready = (e.get("conditions") or {}).get("ready")
        target = e.get("targetRef") or {}
        pod = target.get("name")  # be it one or not
        yield Endpoint(tuple(e["addresses"]), None if ready in (True, None) and e["addresses"] else NOT_READY, e.get("hostname") or None, pod, ports, e.get("zone"))


def share(entries):
    return max(1, 100 // entries) if entries else 1


class ServiceNames:
    """All names of one Service, by the lower-case labels left of its own."""

    def __init__(self, service, endpoints, settings):
        self.service, self.settings = service, settings
        self.headless = False
        self.nodes = {}
        self.owners = {}  # packed address: the node that its PTR leads to
        self.own = self.node(())
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            self.own.absences.add("the Service's externalName is not a host name")
            self.external(spec.get("externalName", ""))
            return
        ips = spec.get("clusterIPs") or [spec.get("clusterIP") or "None"]
        self.headless = ips == ["None"]
        if settings.noendpoints:
            endpoints = []
        self.own.absences.add("names of endpoints are switched off here" if settings.noendpoints else NO_ENDPOINTS)
        self.can_be_empty = self.headless or settings.ignore_empty
        if not self.headless:
            self.cluster(ips, spec.get("ports", []), any(not e.absence for e in endpoints))
        self.endpoints(endpoints)
        if self.headless and settings.zonal and not settings.noendpoints:
            self.zones(endpoints)

    def node(self, labels):
        key = tuple(label.lower() for label in labels)
        return self.nodes.setdefault(key, Node([label.encode() for label in labels]))

    def external(self, target):
        if is_host_name(target):
            self.own.there = True
            self.own.cname = m.name(target)

    def port_node(self, name, protocol):
        """None: an unnamed port has no name (specification 2.2.2)."""
        if not name:
            return None
        self.node(["_" + protocol.lower()]).there = True
        node = self.node(["_" + name, "_" + protocol.lower()])
        node.there = True
        return node

    def cluster(self, ips, ports, alive):
        for ip in ips:
            self.own.add_address(ip)
            self.owners[ipaddress.ip_address(ip).packed] = self.own
        self.own.there = alive or not self.settings.ignore_empty
        for port in ports if self.own.there else []:
            self.own.srv.append([share(len(ips) * len(ports)), port["port"], self.own])
            named = self.port_node(port.get("name", ""), port.get("protocol", "TCP"))
            if named:
                named.srv.append([share(len(ips)), port["port"], self.own])

    def endpoints(self, endpoints):
        counted = {}  # node: how many address-port pairs it stands for
        entries = {}
        for e in endpoints:
            if e.absence and self.can_be_empty:
                self.own.absences.add(e.absence)
            for label, ips in self.labelled(e):
                node = self.node([label])
                if e.absence:
                    node.absences.add(e.absence)
                    continue
                for ip in ips:
                    self.endpoint_address(node, ip, e)
                for name, protocol, number in e.ports:
                    named = self.headless and self.port_node(name, protocol)
                    for at in [node] + ([self.own] if self.headless else []) + ([named] if named else []):
                        counted[at] = counted.get(at, 0) + len(ips)
                        entries.setdefault(at, {})[node, number] = None
        for at, targets in entries.items():
            at.srv = [[share(counted[at]), number, target] for target, number in targets]

    def zones(self, endpoints):
        """<zone>.pin._zone and <zone>.prefer._zone: the endpoints there. Both are there for any zone, as is what stands above them."""
        for above in (["_zone"], ["pin", "_zone"], ["prefer", "_zone"]):
            self.node(above).there = True
        counted, entries = {}, {}
        for e in endpoints:
            if e.absence or not e.zone:
                continue
            at = self.node([*e.zone.lower().split("."), "pin", "_zone"])
            at.there = True
            for label, ips in self.labelled(e):
                for ip in ips:
                    at.add_address(ip)
                for _, _, number in e.ports:
                    counted[at] = counted.get(at, 0) + len(ips)
                    entries.setdefault(at, {})[self.node([label]), number] = None
        for at, targets in entries.items():
            at.srv = [[share(counted[at]), number, target] for target, number in targets]

    def zonal(self, labels):
        """The node of <zone>.pin._zone or <zone>.prefer._zone; None: the labels are none of them."""
        if not self.headless or not self.settings.zonal or labels[-1] != "_zone" or len(labels) < 3 or labels[-2] not in ("pin", "prefer"):
            return None
        found = self.nodes.get((*labels[:-2], "pin", "_zone"))
        if found is None and labels[-2] == "prefer" and self.own.there:
            return self.own
        return found or self.nodes["pin", "_zone"]

    def own_label(self, e):
        """What an endpoint is called; None: as its address."""
        if e.hostname:
            return e.hostname
        return e.pod if self.settings.endpoint_pod_names and e.pod and len(e.pod) < 64 and "." not in e.pod else None

    def labelled(self, e):
        if own := self.own_label(e):
            return [(own, e.addresses)]
        return [(dashed(ip), (ip,)) for ip in e.addresses]

    def endpoint_address(self, node, ip, e):
        node.add_address(ip)
        if self.headless:
            self.own.add_address(ip)
        packed = ipaddress.ip_address(ip).packed
        if packed not in self.owners or (self.own_label(e) and self.owners[packed].dashed):
            self.owners[packed] = node
            node.dashed = not self.own_label(e)


def has_labels(obj, wanted):
    have = obj["metadata"].get("labels", {})
    return all(have.get(key) == value for key, value in wanted.items())


def octets_of(zone):
    """Of the addresses that a reverse zone is about; 0: it is none."""
    wire = m.name(zone)
    return next((octets for origin, octets in REVERSE.items() if wire.endswith(origin)), 0)


def is_verified(pod):
    """Whether `pods verified` knows the pod. Here all pods that are being deleted were so when they were first seen."""
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed", "Unknown") and not controller.is_deleted(pod)


class Model:
    def __init__(self, objects, settings=Settings(), source="pods"):
        self.settings = settings
        self.zones = {m.name(zone): octets_of(zone) for zone in settings.zones}
        self.primary = next(zone for zone, octets in self.zones.items() if not octets)
        self.by_kind = {}
        for obj in objects:
            if self.is_read(obj):
                meta = obj["metadata"]
                self.by_kind.setdefault(obj["kind"], {})[meta.get("namespace", ""), meta["name"]] = obj
        self.namespaces = {name for _, name in self.objects_of("Namespace")}
        verified = [(ns, o) for (ns, _), o in self.objects_of("Pod").items() if is_verified(o) and has_labels(o, settings.labels)]
        self.pods = {(ns, ip) for ns, o in verified for ip in controller.addresses_of(o)}
        self.serve({key: ServiceNames(service, list(self.endpoints_of(service, source)), settings) for key, service in self.objects_of("Service").items()})

    def serve(self, services):
        self.services, self.owners = services, {}
        for key, names in sorted(services.items()):
            for packed, node in names.owners.items():
                self.owners.setdefault(packed, []).append((names, node, key))

    def instead(self, services):
        """The same, but that these Services, by namespace and name, have these names (None: they are not there)."""
        other = copy.copy(self)
        other.serve({key: names for key, names in {**self.services, **services}.items() if names})
        return other

    def objects_of(self, kind):
        """Those that count, by namespace and name."""
        return self.by_kind.get(kind, {})

    def is_read(self, obj):
        """Whether the options let the object count."""
        kind, meta = obj["kind"], obj["metadata"]
        namespace = meta["name"] if kind == "Namespace" else meta["namespace"]
        if self.settings.namespaces and namespace not in self.settings.namespaces:
            return False
        if kind == "Namespace":
            return has_labels(obj, self.settings.namespace_labels)
        return kind == "Pod" or has_labels(obj, self.settings.labels)

    def pods_of(self, service):
        """The endpoints that pods are."""
        for pod in self.objects_of("Pod").values():
            if controller.is_selected(service, pod) and not controller.is_over(pod):
                endpoint = pod_endpoint(service, pod)
                if endpoint.addresses or not controller.addresses_of(pod):  # one of another family will never be one
                    yield endpoint

    def endpoints_of(self, service, source):
        meta = service["metadata"]
        joined = controller.has_selector(service)
        if source == "pods":
            yield from self.pods_of(service)
        for piece in self.objects_of("EndpointSlice").values():
            labels = piece["metadata"].get("labels", {})
            if piece["metadata"]["namespace"] != meta["namespace"] or labels.get(controller.SERVICE_NAME) != meta["name"]:
                continue
            if source == "slices" or not joined or labels.get(controller.MANAGED_BY) != controller.CONTROLLER:
                yield from slice_endpoints(piece)

    def name_server(self):
        """The Service that one of the server's own addresses belongs to: one with a ClusterIP first, then by name; None: there is none."""
        packed = [ipaddress.ip_address(ip).packed for ip in self.settings.own]
        found = [(names.headless, m.name(f"{key[1]}.{key[0]}"), names) for ip in packed for names, _, key in self.owners.get(ip, []) if key[0] in self.namespaces and names.own.there]
        return min(found, key=lambda each: each[:2])[2] if found else None

    # --- where a name is ---

    def apex_of(self, lower):
        """The origin of the zone that the name is in, or None."""
        at = 0
        while lower[at]:
            if lower[at:] in self.zones:
                return lower[at:]
            at += 1 + lower[at]
        return None

    # --- answers ---

    def answer(self, q):
        opcode = q.flags >> 11 & 15
        flags = m.QR | (q.flags & (m.RD | 0x7800))

        def opt(options=b""):
            return None if q.edns is None else m.Edns(1232, 0, q.edns.do, options)

        def error(rcode, *why):
            edns = opt(extended(*why) if why else b"")
            return m.Response(0, flags, rcode, q.name + m.TAIL.pack(q.type, q.cls), (), (), (), edns)

        if opcode:
            return error(m.NOTIMP)
        if q.edns is not None and q.edns.version:
            return error(m.BADVERS)
        if q.cls != m.IN or q.type in (m.AXFR, m.IXFR):
            return error(m.REFUSED, NOT_SUPPORTED, "neither other classes than IN nor zone transfers are served here")
        if self.apex_of(q.name.lower()) is None:
            return error(m.REFUSED, NOT_AUTHORITATIVE, "the name is in no zone that is served here")
        reply = Reply(self, q)
        reply.follow(q.name, 0)
        return m.Response(0, flags | m.AA, reply.rcode, q.name + m.TAIL.pack(q.type, q.cls), tuple(reply.answer), tuple(reply.authority), tuple(reply.additional), opt(reply.why))


class Found(NamedTuple):
    """What stands at a name. absence says why nothing does."""

    absence: str | None = None
    types: frozenset = frozenset()  # of the records that it has
    records: tuple = ()  # (type, ttl, rdata) of the type that was asked for
    glue: tuple = ()
    cname: bytes | None = None
    service: object = None  # that the CNAME is of


class Reply:
    """One answer under way."""

    def __init__(self, model, q):
        self.model, self.q, self.settings = model, q, model.settings
        self.answer, self.authority, self.additional = [], [], []
        self.rcode = m.NOERROR
        self.why = b""

    def follow(self, name, links, seen=()):
        origin = self.model.apex_of(name.lower())
        if origin is None:
            return
        found = self.find(name, origin)
        if found.cname is not None:
            if links == LINKS_MAX or found.service in seen:
                return
            self.answer.append((name, m.CNAME, m.IN, self.settings.ttl, found.cname))
            if self.q.type != m.CNAME:
                self.follow(found.cname, links + 1, (*seen, found.service))
            return
        self.rcode = m.NXDOMAIN if found.absence else m.NOERROR
        records = [(name, rtype, m.IN, ttl, rdata) for rtype, ttl, rdata in found.records]
        if self.q.type == m.ANY and not found.absence:
            records = [(name, m.HINFO, m.IN, self.settings.ttl, b"\7RFC8482\0")]
        self.answer += records
        self.additional += found.glue
        if not records:
            self.negative(name, origin, found.absence or self.nodata(found.types))

    def spelled(self, name, origin):
        """The origin as it was asked for; reverse zones lead to the origin as it is configured."""
        return self.model.primary if self.model.zones[origin] else name[len(name) - len(origin) :]

    def soa(self, name, origin, ttl):
        zone = self.spelled(name, origin)
        rdata = (b"\2ns\3dns" + zone, b"\12hostmaster" + zone, 0, 7200, 1800, 86400, self.settings.ttl)
        return (name[len(name) - len(origin) :], m.SOA, m.IN, ttl, rdata)

    def negative(self, name, origin, absence):
        self.authority.append(self.soa(name, origin, 0 if absence in WILL_PASS else self.settings.negative_ttl))
        self.why = extended(OTHER, absence)

    def nodata(self, types):
        """Why a name that is there, with records of these types, has none of the type that is asked for."""
        if not types:
            return "it has no records, only names below it"
        is_family = self.q.type in (m.A, m.AAAA) and types & {m.A, m.AAAA}
        return "it has no address of that family" if is_family else "it has no record of that type"

    # --- what stands at a name ---

    def find(self, name, origin):
        labels = m.labels_of(name.lower())
        left = labels[: len(labels) - len(m.labels_of(origin))]
        if not left:
            return self.apex(name, origin)
        if octets := self.model.zones[origin]:
            return self.find_reverse(labels[:-2], octets)
        if left[-1] == b"pod" and len(left) > 1:
            return self.find_pod([label.decode("latin-1") for label in left[:-1]])
        if left[-1] == b"svc" and len(left) > 1:
            return self.find_service([label.decode("latin-1") for label in left[:-1]], self.spelled(name, origin))
        return self.find_own(left)

    def found(self, types, records=(), glue=()):
        return Found(None, frozenset(types), tuple(r for r in records if r[0] == self.q.type), tuple(glue))

    def find_own(self, left):
        if left in ([b"svc"], [b"pod"], [b"dns"]):
            return Found()
        if left == [b"dns-version"]:
            return self.found({m.TXT}, [(m.TXT, 28800, b"\x051.1.0")])
        if left == [b"ns", b"dns"]:
            addresses = [(rtype, self.settings.ttl, packed) for rtype, packed in self.own_addresses()]
            return self.found({rtype for rtype, *_ in addresses}, addresses)
        return Found("names of pods by address are switched off here" if left[-1] == b"pod" else "no such name")

    def find_pod(self, labels):
        mode = self.settings.pods
        if mode == "disabled":
            return Found("names of pods by address are switched off here")
        if labels[-1] not in self.model.namespaces:
            return Found("no such namespace")
        if len(labels) == 1:
            return Found()
        if len(labels) > 2:
            return Found("no such name")
        dash = "." if labels[0].count("-") == 3 and "--" not in labels[0] else ":"
        ip = labels[0].replace("-", dash)
        if not is_address(ip) or (mode == "verified" and (labels[1], ip) not in self.model.pods):
            return Found("no pod of the namespace has that address")
        address = ipaddress.ip_address(ip)
        packed = (getattr(address, "ipv4_mapped", None) or address).packed
        rtype = m.A if len(packed) == 4 else m.AAAA
        return self.found({rtype}, [(rtype, self.settings.ttl, packed)])

    def apex(self, name, origin):
        octets = self.model.zones[origin]
        alone = self.find_reverse(m.labels_of(origin)[:-2], octets) if octets else Found()  # a zone may be of one address
        types = {m.SOA, m.NS} | alone.types
        if self.q.type == m.PTR:
            return Found(types=frozenset(types), records=alone.records)
        if self.q.type == m.NS:
            names = self.model.name_server()
            zone = self.spelled(name, origin)
            server = self.whole(names, names.own, zone) if names else b"\2ns\3dns" + zone
            glue = [(server, rtype, m.IN, self.settings.ttl, packed) for rtype, packed in self.own_addresses()]
            return self.found(types, [(m.NS, self.settings.ttl, server)], glue)
        soa = self.soa(name, origin, min(self.settings.ttl, 300))
        return self.found(types, [soa[1:2] + soa[3:]])

    def own_addresses(self):
        """Of the name server: its Service's, or its own."""
        names = self.model.name_server()
        if names:
            yield from ((rtype, packed) for rtype in (m.A, m.AAAA) for packed in names.own.addresses(rtype))
            return
        for ip in self.settings.own:
            packed = ipaddress.ip_address(ip).packed
            yield (m.A if len(packed) == 4 else m.AAAA), packed

    def find_service(self, labels, zone):
        namespace = labels[-1]
        if namespace not in self.model.namespaces:
            return Found("no such namespace")
        if len(labels) == 1:
            return Found()
        names = self.model.services.get((namespace, labels[-2]))
        if names is None:
            return Found("no such Service in the namespace")
        node = names.nodes.get(tuple(labels[:-2])) or (labels[:-2] and names.zonal(labels[:-2])) or None
        if node is not None and node.there:
            return self.records_of(names, node, zone) if node.cname is None else Found(cname=node.cname, service=names)
        return Found((node or names.own).absence if node or not names.own.there else self.absence_below(labels[:-2]))

    @staticmethod
    def absence_below(labels):
        if len(labels) <= 2 and labels[0].startswith("_"):
            return "the Service has no port of that name and protocol"
        return "the Service has no endpoint of that name" if len(labels) == 1 else "no such name"

    def whole(self, names, node, zone):
        meta = names.service["metadata"]
        return m.from_labels([*node.label, meta["name"].encode(), meta["namespace"].encode(), b"svc"])[:-1] + zone

    def records_of(self, names, node, zone):
        ttl = self.settings.ttl
        types = {rtype for rtype, have in ((m.A, node.a), (m.AAAA, node.aaaa), (m.SRV, node.srv)) if have}
        if self.q.type != m.SRV:
            return self.found(types, [(rtype, ttl, packed) for rtype in (m.A, m.AAAA) for packed in node.addresses(rtype)])
        records, glue = {}, {}
        for weight, port, target in node.srv:
            owner = self.whole(names, target, zone)
            records[m.SRV, ttl, (0, weight, port, owner)] = None
            for rtype in (m.A, m.AAAA):
                for packed in target.addresses(rtype):
                    glue[owner, rtype, m.IN, ttl, packed] = None
        return self.found(types, records, glue)

    def find_reverse(self, left, octets):
        digits = self.digits(left, octets)
        if digits is None:
            return Found("no such name")
        if len(digits) < (4 if octets == 4 else 32):
            below = any(self.starts(packed, digits, octets) for packed in self.model.owners)
            return Found() if below else Found("no such name")
        packed = bytes(digits) if octets == 4 else bytes(digits[i] << 4 | digits[i + 1] for i in range(0, 32, 2))
        owners = self.model.owners.get(packed, [])
        if not owners:
            return Found("no Service and no ready endpoint has the address")
        alone = [owner for owner in owners if owner[1] is owner[0].own][:1]
        return self.found({m.PTR}, [(m.PTR, self.settings.ttl, self.whole(names, node, self.model.primary)) for names, node, _ in alone or owners])

    @staticmethod
    def digits(left, octets):
        """The address's octets or nibbles from the first on; None: it says none."""
        digits = []
        for label in reversed(left):
            if octets == 4:
                if not label.isdigit() or (len(label) > 1 and label[0:1] == b"0") or int(label) > 255:
                    return None
                digits.append(int(label))
            else:
                if len(label) != 1 or label not in b"0123456789abcdef":
                    return None
                digits.append(int(label, 16))
        return digits if len(digits) <= (4 if octets == 4 else 32) else None

    @staticmethod
    def starts(packed, digits, octets):
        if len(packed) != octets:
            return False
        have = packed if octets == 4 else [n for byte in packed for n in (byte >> 4, byte & 15)]
        return list(have[: len(digits)]) == digits
