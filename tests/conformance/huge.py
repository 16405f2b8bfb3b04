"""Services of several thousand endpoints: what of them a datagram and a TCP message hold. Which part of such a set is answered is up to the
server, so the answers of both are held against the whole set: none has anything else, TC says whether something is missing, and whatever
there was room for is there."""

import random
import time

import ask
import controller
import messages as m
import model
import worlds
from normal import Normal, normal

SIZES = {"huge": ("IPv4", 5000), "wide": ("IPv6", 3000), "fits": ("IPv4", 3000), "pair": ("IPv4", 2), "ports": ("IPv4", 2500)}
SLICE = 100  # endpoints in a slice, as the controller makes them
SIZE_MAX = 1232  # of headns's datagrams
TCP_SIZE_MAX = 65535
DATAGRAM_MAX = 65507  # octets that IPv4 sends
QUESTIONS = 200  # of a world: the answers are long
RECORD_LEN = 12  # before the rdata, the owner being a pointer
OPT_LEN = 11
EDNS = [None, m.Edns(0), m.Edns(512), m.Edns(), m.Edns(1400), m.Edns(4096), m.Edns(65535)]


class Maker(worlds.Maker):
    def make(self):
        """Selectorless Services and their slices, so that both sources of endpoints read the same; one of Pods."""
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        for name, (family, count) in SIZES.items():
            self.service_of(name, family, count)
        return worlds.World(self.seed, self.objects)

    def service_of(self, name, family, count):
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}] if name in ("ports", "pair") else []
        spec = {"type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"], "ipFamilies": [family], "ports": ports}
        if name == "huge":
            spec["selector"] = {"app": name}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
        self.put(service)
        addresses = [self.address(name, family, number) for number in range(count)]
        if "selector" in spec:
            self.pods_of(service, addresses)
            return
        for at in range(0, count, SLICE):
            ends = [{"addresses": [ip], "conditions": {"ready": True}} for ip in addresses[at : at + SLICE]]
            meta = {"name": f"{name}-{at // SLICE}", "namespace": "default", "labels": {controller.SERVICE_NAME: name}}
            self.put({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": family, "ports": ports, "endpoints": ends})

    @staticmethod
    def address(name, family, number):
        net = 100 + list(SIZES).index(name)
        return f"10.{net}.{number >> 8}.{number & 255}" if family == "IPv4" else f"fd00:{net:x}::{number + 1:x}"

    def pods_of(self, service, addresses):
        pods = []
        for number, ip in enumerate(addresses):
            status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [{"type": "Ready", "status": "True"}]}
            meta = {"name": f"huge-{number}", "namespace": "default", "labels": service["spec"]["selector"]}
            pods.append({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"nodeName": "node-d", "containers": []}, "status": status})
        for obj in [*pods, *controller.slices_of(service, pods, SLICE)]:
            self.put(obj)


def questions(seed, count):
    chosen = random.Random(seed)
    made = []
    for _ in range(count):
        name = chosen.choice(list(SIZES))
        rtype = m.AAAA if name == "wide" else chosen.choice([m.A, m.A, m.SRV]) if name in ("ports", "pair") else m.A
        labels = (["_http", "_tcp"] if rtype == m.SRV and chosen.random() < 0.5 else []) + [name, "default", "svc", "cluster", "local"]
        tcp = chosen.random() < 0.25
        made.append(m.Question(m.from_labels([label.encode() for label in labels]), rtype, edns=chosen.choice(EDNS), tcp=tcp))
    return made


def limit(question, ours):
    """Octets that an answer may have."""
    if question.tcp:
        return TCP_SIZE_MAX
    size = max(512, question.edns.size if question.edns else 512)
    return min(size, SIZE_MAX) if ours else size


def octets_of(record):
    rdata = record[4]
    return RECORD_LEN + (6 + len(rdata[3]) if record[1] == m.SRV else len(rdata))


def problem(question, reply, whole, ours):
    """What is wrong with one server's answer, or None."""
    if reply is None:
        return "no answer"
    records = reply.answer[1]
    missing = whole.answer[1] - records
    cut = bool(reply.flags & m.TC)
    if reply.rcode != m.NOERROR or reply.answer[0] or not records <= whole.answer[1] or reply.answer[2] != len(records):
        return "not a part of the set"
    if not reply.additional <= whole.additional:
        return "additional records of nobody"
    room = limit(question, ours) - reply.octets
    if room < 0:
        return f"{-room} octets too many"
    if bool(missing) != cut:
        return "TC and what is there do not agree"
    if missing and ours and not question.edns and not question.tcp:
        return "a part of the set to who has no EDNS" if records or reply.additional else None
    if missing and ours and room >= min(map(octets_of, missing)):
        return f"{room} octets are left for more"
    return None


def compare(tally, seed, number, question, replies, whole):
    theirs, pods, slices = map(normal, replies)
    larger = not question.tcp and limit(question, True) != limit(question, False)
    silent = theirs is None and larger and bool(pods.flags & m.TC) and limit(question, False) > DATAGRAM_MAX
    for title, reply, ours in (("CoreDNS", theirs, False), ("pods", pods, True), ("slices", slices, True)):
        wrong = problem(question, reply, whole, ours)
        if wrong and not (silent and reply is theirs):
            return tally.complain(seed, number, question, f"{title}: {wrong}")
    if silent or (larger and theirs.octets > pods.octets):
        tally.reasons["datagram-size"] += 1
        return None
    if bool(theirs.flags & m.TC) != bool(pods.flags & m.TC):
        return tally.complain(seed, number, question, "TC of one alone")
    if question.tcp and question.type != m.SRV and len(pods.answer[1]) < len(theirs.answer[1]):
        return tally.complain(seed, number, question, f"TCP: {len(pods.answer[1])} records, CoreDNS {len(theirs.answer[1])}")
    tally.cut += bool(pods.flags & m.TC)
    tally.same += pods.answer == theirs.answer
    return None


def run_world(stage, tally, seed, count):
    world = Maker(seed).make()
    stage.show(world)
    expected = model.Model(world.objects.values(), stage.profile.settings)
    asked = questions(seed, min(count, QUESTIONS))
    wholes = {}
    began = time.monotonic()
    replies = ask.ask(stage.servers, asked)
    tally.seconds += time.monotonic() - began
    for number, (question, *data) in enumerate(zip(asked, *replies)):
        key = question._replace(edns=None, tcp=True)
        if key not in wholes:
            wholes[key] = Normal(expected.answer(key))
        compare(tally, f"{stage.profile.name}/{seed}", number, question, data, wholes[key])
    tally.worlds += 1
    tally.questions += len(asked)
