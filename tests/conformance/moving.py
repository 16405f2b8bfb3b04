"""Worlds that move: random changes of objects while questions run. What headns answers must be what the model says of a state between
the last one that is known to have been applied and the last one that was sent; at rest all three servers agree, as in worlds that
stand still.

The watches are streams of their own, so a state is a vector: how many events of each have been applied. headns keeps for a moment what is
likely to come back; patience.py says what else than the state itself may be served therefore."""

import ipaddress
import itertools
import json
import random
import time

import ask
import controller
import differential
import messages as m
import model
import patience
import questions
import servers
import worlds

STREAMS = ("Namespace", "Service", "Pod", patience.FOREIGN, patience.MADE)
CHANGES = 12  # from one rest to the next, or more
EPISODES = 12  # of one world
BATCH = 24  # questions before and after a change is sent
CANDIDATES = 150  # among which those are looked for that the change makes a difference to
AT_REST = 150
PODS_MAX, SELECTING_MIN, OTHERS_MAX, SERVICES_MAX = 24, 4, 4, 10
POLL_S = 0.02
SETTLE_S = 30  # what headns keeps goes long before
TYPES = [m.A] * 5 + [m.AAAA] * 3 + [m.SRV] * 4 + [m.PTR, m.TXT, m.CNAME, m.ANY, m.SOA]


def is_made(piece, selecting):
    """Whether the slice is the controller's, of a Service that has a selector."""
    meta = piece["metadata"] if piece else {}
    labels = meta.get("labels", {})
    return labels.get(controller.MANAGED_BY) == controller.CONTROLLER and (meta["namespace"], labels.get(controller.SERVICE_NAME)) in selecting


class History:
    """The states of the step under way, and what may be served in them."""

    def __init__(self, objects, settings, sources):
        self.now, self.settings, self.sources = dict(objects), settings, sources
        self.rest()

    def rest(self):
        """The first step begins; nothing is kept any more."""
        self.told, self.past = [], []
        self.targets = {}  # of ExternalNames
        for obj in self.now.values():
            self.remember(obj)
        self.done = {}  # when what happened at a time, as that an event was sent, is known to have been applied
        self.began = time.monotonic()  # the step
        self.followers = {}
        self.begin()
        for key in self.now:
            if key[0] == "Service":
                self.follow(key[1:])

    def begin(self):
        self.base = dict(self.now)
        self.events = {stream: [] for stream in STREAMS}
        self.models = {}

    def follow(self, key):
        for source in self.sources:
            if (source, key) not in self.followers:
                follower = self.followers[source, key] = patience.Follower(key, source, lambda state, source=source: self.model(state, source))
                follower.rest(self.zero(), self.began)

    def zero(self):
        return (0,) * len(STREAMS)

    def sent(self):
        return tuple(len(self.events[stream]) for stream in STREAMS)

    def add(self, key, obj):
        """What is about to be sent."""
        before = self.now.get(key)
        if key[0] == "Service":
            self.follow(key[1:])
        stream = patience.stream_of(obj or before)
        self.events[stream].append(patience.Event(stream, key, obj, before, 0))
        if obj is None:
            del self.now[key]
        else:
            self.now[key] = obj
            self.remember(obj)
        return stream

    def remember(self, obj):
        self.past.append(obj)
        if model.is_host_name(obj.get("spec", {}).get("externalName", "")):
            self.targets.setdefault(worlds.key_of(obj)[1:], []).append(m.name(obj["spec"]["externalName"].lower()))

    def send(self, stream):
        """The last event of the stream is sent now."""
        event = self.events[stream][-1] = self.events[stream][-1]._replace(sent=time.monotonic())
        self.told.append(event)

    def end(self, flushed, done):
        """The step has been applied at the time done, by flushes at the time flushed or after."""
        self.done |= {self.began: done} | {event.sent: done for events in self.events.values() for event in events}
        for follower in self.followers.values():
            follower.end_step(self.sent(), self.events, done, flushed, self.done)
        self.began = flushed
        self.begin()

    def is_quiet(self):
        """Whether all that was kept must have ended."""
        return all(follower.is_quiet() for follower in self.followers.values())

    def model(self, state, source):
        if (state, source) not in self.models:
            objects = dict(self.base)
            for stream, count in zip(STREAMS, state):
                for event in self.events[stream][:count]:
                    if event.obj is None:
                        objects.pop(event.key)
                    else:
                        objects[event.key] = event.obj
            self.models[state, source] = model.Model(objects.values(), self.settings, source)
        return self.models[state, source]

    def states(self, last):
        """All up to last: this one and the first before the others, since they are the likely ones."""
        yield last
        yield self.zero()
        yield from itertools.product(*(range(count + 1) for count in last))

    def text(self, now):
        """The events since the last rest."""
        def line(event):
            what = "is gone" if event.obj is None else json.dumps({k: v for k, v in event.obj.items() if k not in ("apiVersion", "kind")})
            return f"  {event.sent - now:+.3f} s: {' '.join(event.key)} {what}"

        return "\n".join(map(line, self.told))

    # --- what may be answered ---

    def options(self, state, source, key, now):
        """[the names that the Service may have]; None stands for its being not there."""
        follower = self.followers[source, key]
        views = follower.views(state, self.events, now)
        if len(views) == 1 and follower.is_plain(next(iter(views)), state):
            return [self.model(state, source).services.get(key)]
        return list({id(names): names for names in (follower.shown(view, state) for view in views)}.values())

    def answers(self, state, source, q, now):
        """All that the model allows."""
        world = self.model(state, source)
        keys, reverse = self.touched(world, q)
        choices = {}
        for key in [key for of, key in self.followers if of == source and (reverse or key in keys)]:
            own = world.services.get(key)
            options = {(id(names) if key in keys else 0, *(having(world, names, name) for name in reverse)): names for names in self.options(state, source, key, now)}
            if list(options.values()) != [own]:
                choices[key] = options.values()
        for chosen in itertools.product(*choices.values()):
            yield (world.instead(dict(zip(choices, chosen))) if chosen else world).answer(q)

    def touched(self, world, q):
        """(the Services that the answer depends on, the reverse names that it does), also through CNAMEs of any time."""
        names, keys, reverse = [q.name.lower()], set(), set()
        while names:
            name = names.pop()
            origin = world.apex_of(name)
            if origin and world.zones[origin]:
                reverse.add(name)
            key = service_of(name, origin)
            if key is None or key in keys:
                continue
            keys.add(key)
            names += self.targets.get(key, [])
        return keys, reverse


def service_of(name, origin):
    """(namespace, name) of the Service whose name is this or above it; None: that of none."""
    labels = [label.decode() for label in m.labels_of(name)]
    left = labels[: len(labels) - len(m.labels_of(origin))] if origin else []
    return (left[-2], left[-3]) if left[-1:] == ["svc"] and len(left) > 2 else None


def having(world, names, reverse):
    """What the Service has at that reverse name and below it."""
    octets = world.zones[world.apex_of(reverse)]
    digits = model.Reply.digits(m.labels_of(reverse)[:-2], octets)
    if names is None or digits is None:
        return ()
    return tuple(sorted((packed, tuple(node.label)) for packed, node in names.owners.items() if model.Reply.starts(packed, digits, octets)))


def is_stray(piece, services):
    """Whether the slice is the controller's, of a Service that is gone: what the garbage collector takes away."""
    labels = piece["metadata"].get("labels", {})
    return labels.get(controller.MANAGED_BY) == controller.CONTROLLER and (piece["metadata"]["namespace"], labels.get(controller.SERVICE_NAME)) not in services


class Mover:
    """Makes changes up, one object each, so that there are always some Services with ready endpoints that may change."""

    def __init__(self, seed, maker, history):
        self.random = random.Random(f"{seed} moves")
        self.maker, self.history = maker, history
        maker.random = self.random
        self.number = 1000
        self.selected = None  # (namespace, selector) that a Service has got

    def change(self):
        """(key, object or None): what happens next."""
        if self.selected and self.chance(0.5) and (move := self.follow_service(*self.selected)):
            self.selected = None
            return move
        while True:
            move = self.pick([self.pod] * 8 + [self.new_pod] * 3 + [self.service] * 4 + [self.foreign] * 3)()
            if move:
                return move

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def all(self, kind, fits=lambda o: True):
        return [o for key, o in sorted(self.history.now.items()) if key[0] == kind and fits(o)]

    def some(self, kind, fits=lambda o: True):
        found = self.all(kind, fits)
        return self.pick(found) if found else None

    def new_pod(self):
        if len(self.all("Pod")) >= PODS_MAX:
            return worlds.key_of(self.some("Pod")), None
        self.number += 1
        pod = self.made(lambda: self.maker.pod(self.number), "Pod")
        if (service := self.some("Service", controller.has_selector)) and self.chance(0.7):
            pod["metadata"]["namespace"] = service["metadata"]["namespace"]
            pod["metadata"]["labels"] |= service["spec"]["selector"]
        return worlds.key_of(pod), pod

    def made(self, make, kind):
        """What the maker puts into its objects."""
        self.maker.objects.clear()
        make()
        return next(obj for key, obj in self.maker.objects.items() if key[0] == kind)

    def selectors(self, namespace):
        return [o["spec"]["selector"] for o in self.all("Service", controller.has_selector) if o["metadata"]["namespace"] == namespace]

    def is_endpoint(self, pod):
        labels = pod["metadata"]["labels"].items()
        return any(selector.items() <= labels for selector in self.selectors(pod["metadata"]["namespace"]))

    def pod(self):
        pod = self.chance(0.8) and self.some("Pod", self.is_endpoint) or self.some("Pod")
        if pod is None:
            return None
        key = worlds.key_of(pod)
        meta, spec, status = dict(pod["metadata"]), pod["spec"], dict(pod.get("status", {}))
        move = self.random.randrange(10)
        if controller.is_deleted(pod) and move < 5:
            return key, None
        if move < 4:
            ready = not controller.is_ready(pod) or self.chance(0.3)
            status["conditions"] = [{"type": "Ready", "status": str(ready)}]
        elif move == 4:
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        elif move == 5:
            return key, None
        elif move == 6:
            status["phase"] = self.pick(["Running", "Running", "Failed", "Pending"])
        elif move == 7:
            families = [controller.family_of(ip) for ip in controller.addresses_of(pod)] or ["IPv4"]
            status["podIPs"] = [{"ip": self.maker.pod_ip(family)} for family in families]
            status["podIP"] = status["podIPs"][0]["ip"]
        else:
            meta["labels"] = {"app": self.pick("abc"), "tier": self.pick("xy")}
            if (selectors := self.selectors(key[1])) and self.chance(0.6):
                meta["labels"] |= self.pick(selectors)
        return key, {**pod, "metadata": meta, "spec": spec, "status": status}

    def new_selector(self, namespace):
        """Mostly one that some pod has."""
        pods = self.all("Pod", lambda o: o["metadata"]["namespace"] == namespace)
        return {"app": self.pick(pods)["metadata"]["labels"]["app"]} if pods and self.chance(0.6) else self.maker.selector()

    def new_service(self):
        pod = self.some("Pod")
        namespace = pod["metadata"]["namespace"] if pod else self.some("Namespace")["metadata"]["name"]
        service = self.made(lambda: self.maker.service(self.pick(worlds.NAMES), namespace), "Service")
        if "selector" in service["spec"]:
            service["spec"]["selector"] = self.new_selector(namespace)
        elif len(self.all("Service", lambda o: not controller.has_selector(o))) >= OTHERS_MAX:
            return None
        return worlds.key_of(service), service

    def service(self):
        services = self.all("Service")
        move = self.random.randrange(6)
        others = [o for o in services if not controller.has_selector(o)]
        if len(services) - len(others) < SELECTING_MIN or (move == 0 and len(services) < SERVICES_MAX):
            return self.new_service()
        if len(others) > OTHERS_MAX and move < 3:
            return worlds.key_of(others[0]), None
        service = self.pick(services)
        key, spec = worlds.key_of(service), dict(service["spec"])
        if move == 1:
            return key, None
        if spec.get("type") == "ExternalName":
            spec["externalName"] = self.maker.external_target(key[2], key[1])
        elif move == 2:
            spec["ports"] = self.maker.ports(spec["clusterIP"] == "None")
        elif move == 3:
            spec["publishNotReadyAddresses"] = not spec.get("publishNotReadyAddresses")
        elif spec.get("selector") and self.chance(0.2):
            del spec["selector"]  # the controller leaves its slices as they are
        else:
            spec["selector"] = self.new_selector(key[1])
            self.selected = key[1], spec["selector"]
        return key, {**service, "spec": spec}

    def follow_service(self, namespace, selector):
        """A pod comes to be what the Service selects, as where a new version is rolled out."""
        pod = self.some("Pod", lambda o: o["metadata"]["namespace"] == namespace and controller.is_ready(o))
        meta = pod and {**pod["metadata"], "labels": {**pod["metadata"]["labels"], **selector}}
        return pod and (worlds.key_of(pod), {**pod, "metadata": meta})

    def foreign(self):
        piece = self.some("EndpointSlice", lambda o: o["metadata"].get("labels", {}).get(controller.MANAGED_BY) != controller.CONTROLLER)
        if piece is None or self.chance(0.3):
            service = self.some("Service", lambda o: o["spec"].get("type") != "ExternalName")
            if service is None:
                return None
            meta = service["metadata"]
            self.number += 1
            piece = self.made(lambda: self.maker.foreign_slice(self.number, meta["name"], meta["namespace"]), "EndpointSlice")
            return worlds.key_of(piece), piece
        key = worlds.key_of(piece)
        if self.chance(0.3):
            return key, None
        if piece["ports"] and self.chance(0.3):
            return key, {**piece, "ports": [{**port, "port": port["port"] + 10} for port in piece["ports"]]}
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
        self.ours = {stage.pods: "pods", stage.slices: "slices"}
        self.history = History(world.objects, stage.profile.settings, self.ours.values())
        self.mover = Mover(seed, self.maker, self.history)
        self.random = random.Random(f"{seed} order")
        stage.show(world)
        self.serials = {}
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
            self.step(self.changes())
            if self.random.random() < 0.6:
                self.step(self.mover.reconcile())
        self.step(self.mover.reconcile())
        self.rest(number)

    def changes(self):
        """One, or some that come close together, so that the watches may tell of them in any order. Each is of the state after the one before."""
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            yield self.mover.change()
        if self.random.random() < 0.2:
            yield from self.mover.reconcile()

    def step(self, changes):
        """Sends changes, if any, asking before, between and after, until they are known to have been applied."""
        for key, obj in changes:
            before = self.history.sent()
            stream = self.history.add(key, obj)
            wanted = self.questions(before, self.history.sent())
            self.ask(wanted, before)
            self.history.send(stream)
            self.send(key, obj)
            self.tally.changes += 1
            self.ask(wanted, self.history.sent())
        wanted = self.questions(self.history.zero(), self.history.sent())
        flushed = time.monotonic()
        marks = self.stage.api.mark()
        self.ask(wanted, self.history.sent())
        servers.wait_marks(list(self.ours), marks)
        self.history.end(flushed, time.monotonic())
        self.ask(wanted, self.history.zero())

    def ask(self, wanted, last):
        """They are answered from one of the states up to last."""
        got = ask.ask(list(self.ours), wanted)
        now = time.monotonic()
        for (server, source), data in zip(self.ours.items(), got):
            replies = [differential.normal(each) for each in data]
            for q, reply in zip(wanted, replies):
                self.check(server, source, q, reply, last, now)
            self.check_serials(server, [reply for reply in replies if reply])
        self.tally.questions += len(wanted)

    def check_serials(self, server, replies):
        """They never go back. Within a batch they may, for two workers answer it."""
        serials = [record[4][2] for reply in replies for record in reply.response.authority if record[1] == m.SOA]
        before = self.serials.get(server, 0)
        if serials and min(serials) < before:
            self.tally.complain(self.label, self.tally.questions, "SOA", f"{server.title}: the serial went back from {before} to {min(serials)}")
        self.serials[server] = max([before, *serials])

    def check(self, server, source, q, reply, last, now):
        seen = []
        for state in self.history.states(last):
            for answer in self.history.answers(state, source, q, now):
                whole = differential.Normal(answer)
                if reply is not None and (reply == whole or differential.is_cut_rightly(q, reply, whole)):
                    return
                seen.append(whole)
        if reply is not None and is_mixture(reply, seen):
            return
        allowed = [("allowed", whole) for n, whole in enumerate(seen) if whole not in seen[:n]]
        self.tally.complain(self.label, self.tally.questions, q, f"{server.title}: of no state", ("headns", reply), *allowed, notes=self.history.text(now))

    def rest(self, number):
        """All three agree, once the last change is known to have been applied and nothing is kept any more."""
        servers.wait_marks(self.stage.servers, self.stage.api.mark(leftovers=True))
        while not self.history.is_quiet():
            time.sleep(POLL_S)
            self.step([])
        self.settle()
        self.history.rest()
        world = worlds.World(self.seed, self.history.now)
        asked = list(enumerate(questions.questions(f"{self.seed} rest {number}", world, AT_REST, self.stage.profile.settings.zones)))
        differential.run_questions(self.stage, self.tally, self.label, asked, self.history.model(self.history.zero(), "pods"))
        self.tally.questions += AT_REST

    def settle(self):
        """Returns when headns says of every Service, and of every address that there was, what the last state says."""
        wanted = [m.Question(wire, rtype, tcp=True) for wire, rtype in self.everything()]
        deadline = time.monotonic() + SETTLE_S
        for server, source in self.ours.items():
            last = self.history.model(self.history.zero(), source)
            want = [differential.Normal(last.answer(q)) for q in wanted]
            while wrong := [q for q, w, data in zip(wanted, want, ask.ask([server], wanted)[0]) if differential.normal(data) != w]:
                if time.monotonic() > deadline:
                    self.tally.complain(self.label, self.tally.questions, wrong[0], f"{server.title} never came to rest")
                    return
                time.sleep(POLL_S)

    def everything(self):
        """(name, type) of what shows all endpoints."""
        objects = self.history.past
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


def is_mixture(reply, wholes):
    """Names of several Services in one answer, a chain of CNAMEs or several PTRs, may be of different states: each Service changes at
    once, but one after the other. Each record, the rcode and the reason must be of a state."""
    records = records_of(reply)
    if not any(record[1] in (m.CNAME, m.PTR) for record in records):
        return False
    ends = {(whole.rcode, whole.authority, whole.edns) for whole in wholes}
    return records <= set().union(*map(records_of, wholes)) and (reply.rcode, reply.authority, reply.edns) in ends


def records_of(normal):
    return {*normal.answer[0], *normal.answer[1]}


def run_world(stage, tally, seed):
    run = Run(stage, tally, seed)
    for number in range(EPISODES):
        run.episode(number)
    tally.worlds += 1
