"""Worlds that move: random changes of objects while questions run. What headns answers must be what the model says of a state between
the last one that is known to have been applied and the last one that was sent; at rest all three servers agree, as in worlds that
stand still.

The watches of the four kinds are streams of their own, so a state is a vector: how many events of each kind have been applied. headns
keeps for a moment what is likely to come back: the endpoints that vanish from a slice, and a Service whose selector changed. So the
first state that a Service or a slice may be answered from is that of the last rest, and while slices change, an answer may unite states."""

import ipaddress
import itertools
import random
import time

import ask
import controller
import differential
import messages as m
import model
import questions
import servers
import worlds

KINDS = ("Namespace", "Service", "Pod", "EndpointSlice")
CHANGES = 6  # from one rest to the next
EPISODES = 25  # of one world
BATCH = 24  # questions before and after a change is sent
CANDIDATES = 150  # among which those are looked for that the change makes a difference to
AT_REST = 150
POLL_S = 0.02
SETTLE_S = 30  # what headns keeps goes long before
TYPES = [m.A] * 5 + [m.AAAA] * 3 + [m.SRV] * 4 + [m.PTR, m.TXT, m.CNAME, m.ANY, m.SOA]


def is_made(piece, selecting):
    """Whether the slice is the controller's, of a Service that has a selector."""
    meta = piece["metadata"] if piece else {}
    labels = meta.get("labels", {})
    return labels.get(controller.MANAGED_BY) == controller.CONTROLLER and (meta["namespace"], labels.get(controller.SERVICE_NAME)) in selecting


class History:
    """The states since the last rest."""

    def __init__(self, objects, settings):
        self.now, self.settings = dict(objects), settings
        self.rest()

    def rest(self):
        self.base = dict(self.now)
        self.events = {kind: [] for kind in KINDS}
        self.applied = self.sent()
        self.models = {}

    def first(self):
        """What is certainly gone: all before the last event known to have been applied, but what headns keeps for a moment."""
        namespaces, _, pods, _ = self.applied
        return namespaces, 0, pods, 0

    def sent(self):
        return tuple(len(self.events[kind]) for kind in KINDS)

    def add(self, key, obj):
        self.events[key[0]].append((key, obj))
        if obj is None:
            del self.now[key]
        else:
            self.now[key] = obj

    def unites(self, source):
        """Whether slices that headns reads have changed: all, or with Pods those that these don't make."""
        selecting = {key[1:] for objects in (self.base, self.now) for key, o in objects.items() if key[0] == "Service" and controller.has_selector(o)}
        return any(source == "slices" or not is_made(obj or self.base.get(key), selecting) for key, obj in self.events["EndpointSlice"])

    def model(self, state, source):
        if (state, source) not in self.models:
            objects = dict(self.base)
            for kind, count in zip(KINDS, state):
                for key, obj in self.events[kind][:count]:
                    if obj is None:
                        objects.pop(key)
                    else:
                        objects[key] = obj
            self.models[state, source] = model.Model(objects.values(), self.settings, source)
        return self.models[state, source]

    def states(self, first, last):
        """All from first to last: these two before the others, since they are the likely ones."""
        yield last
        yield first
        yield from itertools.product(*(range(a, b + 1) for a, b in zip(first, last)))


def is_stray(piece, services):
    """Whether the slice is the controller's, of a Service that is gone: what the garbage collector takes away."""
    labels = piece["metadata"].get("labels", {})
    return labels.get(controller.MANAGED_BY) == controller.CONTROLLER and (piece["metadata"]["namespace"], labels.get(controller.SERVICE_NAME)) not in services


class Mover:
    """Makes changes up, one object each."""

    def __init__(self, seed, maker, history):
        self.random = random.Random(f"{seed} moves")
        self.maker, self.history = maker, history
        maker.random = self.random
        self.number = 1000

    def change(self):
        """(key, object or None): what happens next."""
        while True:
            move = self.random.choice([self.pod] * 8 + [self.new_pod] * 3 + [self.service] * 3 + [self.foreign] * 3)()
            if move:
                return move

    def some(self, kind, fits=lambda o: True):
        found = [o for key, o in sorted(self.history.now.items()) if key[0] == kind and fits(o)]
        return self.random.choice(found) if found else None

    def new_pod(self):
        self.number += 1
        return self.made(lambda: self.maker.pod(self.number), "Pod", f"-{self.number}")

    def made(self, make, kind, end):
        """What the maker puts into its objects."""
        self.maker.objects.clear()
        make()
        key = next(key for key in self.maker.objects if key[0] == kind)
        return key, self.maker.objects[key]

    def pod(self):
        pod = self.some("Pod")
        if pod is None:
            return None
        key = worlds.key_of(pod)
        meta, spec, status = dict(pod["metadata"]), pod["spec"], dict(pod.get("status", {}))
        move = self.random.randrange(8)
        if move < 3:
            status["conditions"] = [{"type": "Ready", "status": "False" if controller.is_ready(pod) else "True"}]
        elif move == 3:
            if controller.is_deleted(pod):
                return key, None
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        elif move == 4:
            return key, None
        elif move == 5:
            status["phase"] = self.random.choice(["Running", "Failed", "Pending"])
        elif move == 6:
            families = [controller.family_of(ip) for ip in controller.addresses_of(pod)] or ["IPv4"]
            status["podIPs"] = [{"ip": self.maker.pod_ip(family)} for family in families]
            status["podIP"] = status["podIPs"][0]["ip"]
        else:
            meta["labels"] = {"app": self.random.choice("abc"), "tier": self.random.choice("xy")}
        return key, {**pod, "metadata": meta, "spec": spec, "status": status}

    def service(self):
        service = self.some("Service")
        namespaces = [key[2] for key in self.history.now if key[0] == "Namespace"]
        move = self.random.randrange(5)
        if move == 0 or service is None:
            return self.made(lambda: self.maker.service(self.random.choice(worlds.NAMES), self.random.choice(sorted(namespaces))), "Service", "")
        key, spec = worlds.key_of(service), dict(service["spec"])
        if move == 1:
            return key, None
        if spec.get("type") == "ExternalName":
            spec["externalName"] = self.maker.external_target(key[2], key[1])
        elif move == 2:
            spec["ports"] = self.maker.ports(spec["clusterIP"] == "None")
        elif move == 3:
            spec["publishNotReadyAddresses"] = not spec.get("publishNotReadyAddresses")
        elif spec.get("selector"):
            spec["selector"] = self.maker.selector()
            if self.random.random() < 0.2:
                del spec["selector"]  # the controller leaves its slices as they are
        else:
            return None
        return key, {**service, "spec": spec}

    def foreign(self):
        piece = self.some("EndpointSlice", lambda o: o["metadata"].get("labels", {}).get(controller.MANAGED_BY) != controller.CONTROLLER)
        if piece is None or self.random.random() < 0.3:
            service = self.some("Service", lambda o: o["spec"].get("type") != "ExternalName")
            if service is None:
                return None
            meta = service["metadata"]
            self.number += 1
            return self.made(lambda: self.maker.foreign_slice(self.number, meta["name"], meta["namespace"]), "EndpointSlice", "")
        key = worlds.key_of(piece)
        if self.random.random() < 0.3:
            return key, None
        endpoints = list(piece["endpoints"])
        self.random.shuffle(endpoints)
        return key, {**piece, "endpoints": endpoints[: self.random.randrange(len(endpoints) + 1)]}

    def reconcile(self):
        """What the controller does: the changes of its slices, one object each."""
        services = {key[1:]: o for key, o in self.history.now.items() if key[0] == "Service"}
        selecting = {key for key, o in services.items() if controller.has_selector(o)}
        have = {key: o for key, o in self.history.now.items() if key[0] == "EndpointSlice" and (is_made(o, selecting) or is_stray(o, services))}
        pods = [o for key, o in sorted(self.history.now.items()) if key[0] == "Pod"]
        want = {}
        for key, service in sorted(self.history.now.items()):
            if key[0] == "Service":
                want |= {worlds.key_of(piece): piece for piece in controller.slices_of(service, pods, self.maker.size)}
        changes = [(key, piece) for key, piece in want.items() if have.get(key) != piece] + [(key, None) for key in have if key not in want]
        self.random.shuffle(changes)
        return changes


class Run:
    """One world's moves."""

    def __init__(self, stage, tally, seed):
        self.stage, self.tally, self.seed = stage, tally, seed
        self.label = f"{stage.profile.name}/{seed} --moving"
        self.maker = worlds.Maker(seed, services=6, pods=14)
        world = self.maker.make()
        self.history = History(world.objects, stage.profile.settings)
        self.mover = Mover(seed, self.maker, self.history)
        self.random = random.Random(f"{seed} order")
        stage.show(world)
        self.serials = {}
        self.ours = {stage.pods: "pods", stage.slices: "slices"}
        self.asker = questions.Asker(f"{seed} 0", world)

    def send(self, key, obj):
        if obj is None:
            self.stage.api.delete(self.stage.api.known(key))
        else:
            self.stage.api.put(obj)

    def questions(self, before, after):
        """Some about anything, and as many as are found that a change from one state to the other makes a difference to."""
        models = [(self.history.model(before, source), self.history.model(after, source)) for source in self.ours.values()]
        found = [self.asker.plain(TYPES) for _ in range(CANDIDATES)]
        touched = [q for q in found if any(old.answer(q) != new.answer(q) for old, new in models)]
        return touched[: BATCH // 2] + found[: BATCH - len(touched[: BATCH // 2])]

    def episode(self, number):
        world = worlds.World(self.seed, dict(self.history.now))
        self.asker = questions.Asker(f"{self.seed} {number}", world)
        for _ in range(CHANGES):
            self.step([self.mover.change()])
            if self.random.random() < 0.6:
                self.step(self.mover.reconcile())
        self.step(self.mover.reconcile())
        self.rest(number)

    def step(self, changes):
        """Sends changes, asking before, between and after, until they are known to have been applied."""
        begin = self.history.first()
        for key, obj in changes:
            before = self.history.sent()
            self.history.add(key, obj)
            wanted = self.questions(before, self.history.sent())
            self.ask(wanted, begin, before)
            self.send(key, obj)
            self.ask(wanted, begin, self.history.sent())
        end = self.history.sent()
        marks = self.stage.api.mark()
        wanted = self.questions(begin, end)
        self.ask(wanted, begin, end)
        servers.wait_marks(list(self.ours), marks)
        self.history.applied = end
        self.ask(wanted, self.history.first(), end)

    def ask(self, wanted, first, last):
        for (server, source), got in zip(self.ours.items(), ask.ask(list(self.ours), wanted)):
            replies = [differential.normal(data) for data in got]
            for q, reply in zip(wanted, replies):
                self.check(server, source, q, reply, first, last)
            self.check_serials(server, [reply for reply in replies if reply])
        self.tally.questions += len(wanted)

    def check_serials(self, server, replies):
        """They never go back. Within a batch they may, for two workers answer it."""
        serials = [record[4][2] for reply in replies for record in reply.response.authority if record[1] == m.SOA]
        before = self.serials.get(server, 0)
        if serials and min(serials) < before:
            self.tally.complain(self.label, self.tally.questions, "SOA", f"{server.title}: the serial went back from {before} to {min(serials)}")
        self.serials[server] = max([before, *serials])

    def check(self, server, source, q, reply, first, last):
        seen = []
        for state in self.history.states(first, last):
            whole = differential.Normal(self.history.model(state, source).answer(q))
            if reply is not None and (reply == whole or differential.is_cut_rightly(q, reply, whole)):
                return
            seen.append(whole)
        if reply is not None and (is_mixture(reply, seen) or (self.history.unites(source) and is_union(reply, seen))):
            return
        self.tally.complain(self.label, self.tally.questions, q, f"{server.title}: of no state", ("headns", reply), ("before", seen[1]), ("after", seen[0]))

    def rest(self, number):
        """All three agree, once the last change is known to have been applied and nothing is kept any more."""
        servers.wait_marks(self.stage.servers, self.stage.api.mark())
        self.settle()
        self.history.rest()
        world = worlds.World(self.seed, self.history.now)
        asked = list(enumerate(questions.questions(f"{self.seed} rest {number}", world, AT_REST, self.stage.profile.settings.zones)))
        differential.run_questions(self.stage, self.tally, self.label, asked, self.history.model(self.history.sent(), "pods"))
        self.tally.questions += AT_REST

    def settle(self):
        """Returns when headns says of every Service, and of every address that there was, what the last state says."""
        wanted = [m.Question(wire, rtype, tcp=True) for wire, rtype in self.everything()]
        deadline = time.monotonic() + SETTLE_S
        for server, source in self.ours.items():
            last = self.history.model(self.history.sent(), source)
            want = [differential.Normal(last.answer(q)) for q in wanted]
            while wrong := [q for q, w, data in zip(wanted, want, ask.ask([server], wanted)[0]) if differential.normal(data) != w]:
                if time.monotonic() > deadline:
                    self.tally.complain(self.label, self.tally.questions, wrong[0], f"{server.title} never came to rest")
                    return
                time.sleep(POLL_S)

    def everything(self):
        """(name, type) of what shows all endpoints."""
        objects = [*self.history.base.values(), *(obj for events in self.history.events.values() for _, obj in events if obj)]
        found = {}
        for obj in objects:
            if obj["kind"] == "Service":
                wire = m.name("{name}.{namespace}.svc.cluster.local".format(**obj["metadata"]))
                found |= {(wire, rtype): None for rtype in (m.A, m.AAAA, m.SRV)}
            for ip in addresses_in(obj):
                found[m.name(ipaddress.ip_address(ip).reverse_pointer), m.PTR] = None
                for service in (o for o in objects if o["kind"] == "Service" and o["metadata"]["namespace"] == obj["metadata"]["namespace"]):
                    found[m.name("{}.{name}.{namespace}.svc.cluster.local".format(model.dashed(ip), **service["metadata"])), m.A] = None
        return list(found)


def addresses_in(obj):
    if obj["kind"] == "Pod":
        return controller.addresses_of(obj)
    return [ip for e in obj.get("endpoints", []) for ip in e["addresses"]]


def is_union(reply, wholes):
    """Where slices change, headns may still have endpoints of before together with those of now, but loses none."""
    def records(whole):
        return {unweighted(record) for record in whole.answer[1]}

    every = [records(whole) for whole in wholes if not whole.answer[0]]
    if not every:
        return False
    have = records(reply)
    lost = set.intersection(*every[:2]) - have
    return bool(have) and not reply.answer[0] and have <= set().union(*every) and (not lost or reply.flags & m.TC) and reply.rcode == m.NOERROR


def unweighted(record):
    return (*record[:4], (record[4][0], *record[4][2:])) if record[1] == m.SRV else record


def is_mixture(reply, wholes):
    """Names of several Services in one answer, a chain of CNAMEs or several PTRs, may be of different states: each Service changes at
    once, but one after the other. Each record and the rcode must be of a state."""
    if not any(record[1] in (m.CNAME, m.PTR) for part in reply.answer[:2] for record in part):
        return False
    records = {record for whole in wholes for part in whole.answer[:2] for record in part}
    return {record for part in reply.answer[:2] for record in part} <= records and reply.rcode in {whole.rcode for whole in wholes}


def run_world(stage, tally, seed):
    run = Run(stage, tally, seed)
    for number in range(EPISODES):
        run.episode(number)
    tally.worlds += 1
