"""One question with its answers, as the rows of reasons.py look at it."""

from functools import cached_property
from typing import Callable, NamedTuple

import extended
import external
import messages as m
from normal import Normal, aspects

NEGATIVE = "rcode soa soa-ttl"
ANSWER = "answer additional rcode soa soa-ttl"


class Case:
    """One question and its answers: pods and slices are headns's in both modes, theirs is CoreDNS's (None: silence)."""

    def __init__(self, question, pods, slices, theirs, expected, world):
        self.question, self.pods, self.slices, self.theirs, self.model = question, pods, slices, theirs, expected
        self.whole_world, self.raw = world, None
        self.world = world.part(question) if isinstance(world, external.Model) else world

    @property
    def type(self):
        return self.question.type

    @property
    def opcode(self):
        return self.question.flags >> 11 & 15

    @cached_property
    def origin(self):
        return self.world.apex_of(self.question.name.lower())

    @property
    def is_reverse(self):
        return bool(self.world.zones.get(self.origin))

    @cached_property
    def left(self):
        """The labels left of the zone's apex, lower case."""
        labels = m.labels_of(self.question.name.lower())
        return labels[: len(labels) - len(m.labels_of(self.origin))] if self.origin else labels

    @cached_property
    def below_service(self):
        """The labels left of <service>.<namespace>.svc; None: the name is not of that kind. In external zones there is no svc."""
        if not self.origin or self.is_reverse:
            return None
        if self.is_external:
            return self.left[:-2] if len(self.left) > 1 and self.left[-1] != self.world.options.apex.encode() else None
        return self.left[:-3] if len(self.left) > 2 and self.left[-1] == b"svc" else None

    @property
    def is_external(self):
        return isinstance(self.world, external.Outside)

    @property
    def falls(self):
        """Whether nobody is asked where the name does not exist, though `fallthrough` passes it on."""
        fall = self.world.options.fall if self.is_external else getattr(self.world, "fall", None)
        return extended.covers(fall, self.question.name.lower())

    @property
    def primary_names(self):
        """The names in a SOA of the zone, as far as they stand left of its own."""
        below = m.from_labels([self.world.options.apex.encode()])[:-1] if self.is_external else b""
        return (b"\3ns1" + below, b"\12hostmaster" + below) if self.is_external else (b"\2ns\3dns", b"\12hostmaster")

    @property
    def is_bounded(self):
        """Whether max_answers leaves out a part of the answer."""
        return len(self.model.answer[1]) > getattr(self.world, "most", 1 << 16)

    @property
    def in_cluster_set(self):
        return self.origin in getattr(self.world, "sets", ())

    @property
    def service(self):
        """The model's names of the Service that the name is below; None: there is none."""
        if self.below_service is None:
            return None
        services = self.world.cluster_set.services if self.in_cluster_set else self.world.services
        service, namespace = self.left[len(self.below_service) :][:2]
        return services.get((namespace.decode("latin-1"), service.decode("latin-1")))

    @cached_property
    def links(self):
        """CNAMEs in our answer."""
        return len(self.pods.answer[0])

    @property
    def is_negative(self):
        return bool(self.pods.authority)

    def theirs_negative(self, rcode):
        return self.theirs.rcode == rcode and not self.theirs.answer[2] and bool(self.theirs.authority)


class Reason(NamedTuple):
    id: str
    aspects: str
    holds: Callable  # of a Case; it may return a set: these of the aspects only
    why: str


def lower_record(record):
    """As if all names of it were spelled in lower case, and the owner too."""
    owner, rtype, cls, ttl, rdata = record
    if rtype in (m.CNAME, m.NS, m.PTR):
        rdata = rdata.lower()
    elif rtype in (m.SRV, m.SOA):
        rdata = tuple(part.lower() if isinstance(part, bytes) else part for part in rdata)
    return owner.lower(), rtype, cls, ttl, rdata


def lower(normal):
    """The same response, but the spelling of names; of the question too."""
    sections = {title: tuple(map(lower_record, getattr(normal.response, title))) for title in ("answer", "authority", "additional")}
    return Normal(normal.response._replace(**sections))


def lowered(case):
    """The case as it is compared in external zones, whose names CoreDNS spells in lower case; raw is the one that it was."""
    made = Case(case.question, lower(case.pods), lower(case.slices), lower(case.theirs), case.model, case.whole_world)
    made.raw = case
    return made


def explain(rows, case, found):
    """(the aspects that none of the rows explains, the ids of the rows that explain the others)."""
    because, left = [], set(found)
    if case.is_external and case.theirs is not None:
        case = lowered(case)
    for reason in rows:
        covers = set(reason.aspects.split()) & left
        holds = covers and (case.theirs is not None or found == ["silence"]) and reason.holds(case)
        if isinstance(holds, set):
            covers &= holds
        if holds and covers:
            left -= covers
            because.append(reason.id)
    return sorted(left), because


def is_bare(normal, rcode):
    """An error and no record."""
    return normal.rcode == rcode and not normal.answer[2] and not normal.authority and not normal.additional


def is_explained(rows, c, query, theirs, world=None):
    """Whether theirs, a response, would be explained if it were CoreDNS's answer to another query, which headns answers by the model."""
    world = world or c.whole_world
    ours, theirs = Normal(world.answer(query)), Normal(theirs)
    left, _ = explain(rows, Case(query, ours, ours, theirs, ours, world), aspects(ours, theirs))
    return not set(left) - ({"additional"} if not query.tcp and theirs.additional < ours.additional else set())
