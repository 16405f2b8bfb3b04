"""What headns may have of one Service while objects change. Two orders of events would make what is alive vanish for a moment, so headns
keeps for a while what they take away (struct store_rules in include/store/store.h says when, docs/configuration.md, `handover`, how long):

- the endpoints that vanish from a slice, where they may be about to appear in another one;
- a Service whose selector becomes one that no ready pod has, or that loses its selector, whose slices are asked for only then.

So there is more than one View of a state. Follower finds all that there can be, from the events in every order in which the watches may
bring them, and from when they were sent: nothing is given up before its time, nor kept when a flush came after it."""

from typing import NamedTuple

import controller
import model

HANDOVER_S = 0.5
SELECTOR_S, SLICES_S, MOVED_S, MOVED_MAX_S = HANDOVER_S / 2, HANDOVER_S * 4, HANDOVER_S, HANDOVER_S * 10
CLOCK_S = 0.002  # headns counts in milliseconds
FOREIGN, MADE = "foreign slices", "the controller's slices"  # two watches


def stream_of(obj):
    """Which watch tells of the object."""
    if obj["kind"] != "EndpointSlice":
        return obj["kind"]
    return MADE if obj["metadata"].get("labels", {}).get(controller.MANAGED_BY) == controller.CONTROLLER else FOREIGN


class Event(NamedTuple):
    stream: str
    key: tuple
    obj: dict | None
    before: dict | None
    sent: float


class Kept(NamedTuple):
    """What one event took out of a slice."""

    sort: tuple  # (stream, family)
    endpoints: tuple
    sent: float  # the event


class View(NamedTuple):
    service: int | None  # its version that is served; None: there is none
    waiting: int | None = None  # the one that is to take its place
    since: float = 0  # when the first event that made it wait was sent
    kept: tuple = ()  # Kept, oldest first
    moved: float = 0  # when the last change of a slice was sent
    alive: bool = False  # it had a ready endpoint when it was served last
    listed: bool = True  # what the controller's slices of a Service without a selector say is known


def is_external(service):
    return service["spec"].get("type") == "ExternalName"


def slice_of(piece, key):
    """Whether it is a slice of the Service."""
    return piece is not None and (piece["metadata"]["namespace"], piece["metadata"].get("labels", {}).get(controller.SERVICE_NAME)) == key


def content(piece):
    return tuple(model.slice_endpoints(piece)), piece.get("ports")


def family_of(piece):
    """None: it is empty, and may be of any."""
    return piece["addressType"] if any(e.addresses for e in model.slice_endpoints(piece)) else None


def is_alike(a, b):
    """Whether endpoints may move between slices of these sorts."""
    return a[0] == b[0] and (a[1] == b[1] or None in (a[1], b[1]))


def is_same(a, b):
    return (a.pod and a.pod == b.pod) or (a.addresses and b.addresses and a.addresses[0] == b.addresses[0])


def mentions(piece, endpoint):
    return any(is_same(each, endpoint) for each in model.slice_endpoints(piece))


class Follower:
    """One Service, in one mode. world(state) is the model of the objects of that state."""

    def __init__(self, key, source, world):
        self.key, self.source, self.world = key, source, world
        self.versions = []

    def rest(self, state, now):
        """Nothing is kept any more."""
        self.began = now
        self.versions = [s for s in [self.world(state).objects_of("Service").get(self.key)] if s]
        view = View(0 if self.versions else None)
        self.forget()
        self.begin = {view._replace(alive=self.is_alive(view, state))}

    def forget(self):
        self.known, self.names, self.alive = {}, {}, {}

    def version(self, obj):
        if not any(obj is each for each in self.versions):
            self.versions.append(obj)
        return next(i for i, each in enumerate(self.versions) if each is obj)

    # --- what it has ---

    def uses(self, view, service, stream):
        """Whether slices of that watch are read for it."""
        if is_external(service):
            return False
        return stream == FOREIGN or self.source == "slices" or (not controller.has_selector(service) and view.listed)

    def endpoints(self, view, state):
        service, world = self.versions[view.service], self.world(state)
        found = list(world.pods_of(service)) if self.source == "pods" else []
        pieces = [p for p in self.slices(state) if self.uses(view, service, stream_of(p))]
        found += [e for p in pieces for e in model.slice_endpoints(p)]
        return found + [e for kept in reversed(view.kept) if self.uses(view, service, kept.sort[0]) for e in kept.endpoints]

    def slices(self, state):
        return [p for p in self.world(state).objects_of("EndpointSlice").values() if slice_of(p, self.key)]

    def is_alive(self, view, state):
        what = state, view.service, view.kept, view.listed
        if what not in self.alive:
            self.alive[what] = view.service is not None and any(not e.absence for e in self.endpoints(view, state))
        return self.alive[what]

    def is_plain(self, view, state):
        """Whether it is what the objects of the state say."""
        service = None if view.service is None else self.versions[view.service]
        return service is self.world(state).objects_of("Service").get(self.key) and not view.kept and view.listed

    def shown(self, view, state):
        """Its names; None: there are none."""
        if view.service is None:
            return None
        what = state, view.service, view.kept, view.listed
        if what not in self.names:
            self.names[what] = model.ServiceNames(self.versions[view.service], self.endpoints(view, state), self.world(state).settings)
        return self.names[what]

    # --- events ---

    def apply(self, view, event, state):
        """What the event, which leads to that state, makes of the view."""
        if event.stream == "Service" and event.key[1:] == self.key:
            return self.apply_service(view, event, state)
        if event.key[0] == "EndpointSlice" and slice_of(event.obj or event.before, self.key):
            return self.apply_slice(view, event, state)
        return view

    def apply_service(self, view, event, state):
        service = event.obj
        if service is None:
            return View(None, listed=False)
        number = self.version(service)
        old = None if view.service is None else self.versions[view.service]
        listed = view.listed and old is not None and not controller.has_selector(old) and not is_external(old)
        view = view._replace(listed=listed or self.source == "slices")
        if self.may_wait(view, service, state):
            return view._replace(waiting=number, since=event.sent if view.waiting is None else view.since)
        return view._replace(service=number, waiting=None, since=0)

    def may_wait(self, view, service, state):
        if self.source == "slices" or view.service is None or is_external(service):
            return False
        old = self.versions[view.service]
        if not controller.has_selector(old) or service["spec"].get("selector") == old["spec"]["selector"]:
            return False
        if not controller.has_selector(service):
            return view.alive or any(controller.is_selected(old, p) and not controller.is_over(p) for p in self.world(state).objects_of("Pod").values())
        return view.alive and not self.finds_ready_pod(service, state)

    def finds_ready_pod(self, service, state):
        pods = self.world(state).objects_of("Pod").values()
        fits = (p for p in pods if controller.is_selected(service, p) and not controller.is_over(p) and controller.addresses_of(p))
        return any(controller.counts_as_ready(service, p) for p in fits)

    def apply_slice(self, view, event, state):
        old, new = event.before, event.obj
        if not self.is_told(view, event.stream) or (old and new and content(old) == content(new)):
            return view
        if view.service is not None and self.uses(view, self.versions[view.service], event.stream):
            view = view._replace(moved=event.sent)
        if new is not None:
            view = self.strike(view, new)
        return self.keep(view, event, state) if old is not None else view

    def is_told(self, view, stream):
        """Whether the watch tells of the Service's slices."""
        if stream == FOREIGN or self.source == "slices":
            return True
        service = view.service if view.waiting is None else view.waiting
        return service is not None and not controller.has_selector(self.versions[service]) and view.listed

    @staticmethod
    def strike(view, new):
        """What a slice mentions is not kept."""
        sort, left = (stream_of(new), family_of(new)), []
        for kept in view.kept:
            endpoints = kept.endpoints
            if is_alike(sort, kept.sort):
                endpoints = tuple(e for e in endpoints if not mentions(new, e))
            if endpoints:
                left.append(kept._replace(endpoints=endpoints))
        return view._replace(kept=tuple(left))

    def keep(self, view, event, state):
        """Ready endpoints of a slice that was deleted, or has another one beside it, and that are in none now."""
        sort = event.stream, family_of(event.before)
        if view.service is None or not self.uses(view, self.versions[view.service], event.stream):
            return view
        alike = [p for p in self.slices(state) if is_alike((stream_of(p), family_of(p)), sort)]
        if event.obj is not None and all(p["metadata"]["name"] == event.key[2] for p in alike):
            return view
        gone = tuple(e for e in model.slice_endpoints(event.before) if not e.absence and e.addresses and not any(mentions(p, e) for p in alike))
        return view._replace(kept=(*view.kept, Kept(sort, gone, event.sent))) if gone else view

    # --- time ---

    def settled(self, view, state, now):
        """What it may be at a flush that was seen at that time."""
        views = [each for waited in self.end_wait(view, state, now) for each in self.end_keeping(waited, now)]
        return {each._replace(alive=self.is_alive(each, state)) for each in views}

    def end_wait(self, view, state, now):
        if view.waiting is None:
            return [view] if view.listed or view.service is None or self.source == "slices" else [view, self.with_list(view, state)]
        over = view._replace(service=view.waiting, waiting=None, since=0)
        if not controller.has_selector(self.versions[view.waiting]):
            return [view, over._replace(listed=True), *([over] if now - view.since >= SLICES_S - CLOCK_S else [])]
        if self.finds_ready_pod(self.versions[view.waiting], state):
            return [over]
        return [view, over] if now - view.since >= SELECTOR_S - CLOCK_S else [view]

    def with_list(self, view, state):
        """The controller's slices have been listed since the step began: all that count are news, as if they had been made now."""
        view = view._replace(listed=True)
        for piece in self.slices(state):
            if stream_of(piece) == MADE and self.uses(view, self.versions[view.service], MADE):
                view = self.strike(view._replace(moved=self.began), piece)
        return view

    @staticmethod
    def end_keeping(view, now):
        quiet = now - view.moved >= MOVED_S - CLOCK_S
        over = len(view.kept) if quiet else sum(now - kept.sent >= MOVED_MAX_S - CLOCK_S for kept in view.kept)
        return [view._replace(kept=view.kept[n:]) for n in range(over + 1)]

    # --- what may be ---

    def views(self, state, events, now):
        """All that may be served in that state of the step under way."""
        return self.possible(state, events, now)[1]

    def possible(self, state, events, now):
        """(also what may be before the flush, what may be served). There may be a flush after each event, or none for a while."""
        if (state, now) not in self.known:
            found = set() if any(state) else set(self.begin)
            for at, stream in enumerate(events):
                if state[at]:
                    before = (*state[:at], state[at] - 1, *state[at + 1 :])
                    event = events[stream][state[at] - 1]
                    found |= {self.apply(view, event, state) for view in self.possible(before, events, now)[0]}
            served = {each for view in found for each in self.settled(view, state, now)}
            self.known[state, now] = found | served, served
        return self.known[state, now]

    def end_step(self, state, events, now, flushed, done):
        """The step's last state has been served, by a flush at the time or after. done: when events that were sent are known to have been
        applied; what should have ended between has."""
        views = self.views(state, events, now)
        self.begin, self.began = {view for view in views if not self.is_late(view, flushed, done)}, flushed
        self.forget()

    def is_quiet(self):
        return all(view.waiting is None and not view.kept for view in self.begin)

    def is_late(self, view, flushed, done):
        def since(sent):
            return flushed - done[sent]

        if view.waiting is not None:
            wait = SELECTOR_S if controller.has_selector(self.versions[view.waiting]) else SLICES_S
            if since(view.since) > wait + CLOCK_S:
                return True
        return bool(view.kept) and (since(view.moved) > MOVED_S + CLOCK_S or since(view.kept[0].sent) > MOVED_MAX_S + CLOCK_S)
