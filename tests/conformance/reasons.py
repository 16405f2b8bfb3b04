"""Every way in which headns answers otherwise than CoreDNS 1.15.0, and why. docs/compatibility.md is this table for people; a difference
that no row explains fails, and so does a row that never occurred.

A row explains some aspects of a difference (differential.PARTS), where its condition holds. The model has already confirmed that
headns's own answer is what it decided on; so a row says when, and what CoreDNS's looks like instead."""

from functools import cached_property
from typing import Callable, NamedTuple

import messages as m
import model

NOTIFY = 4
NEGATIVE = "rcode soa soa-ttl"
ANSWER = "answer additional rcode soa soa-ttl"


class Case:
    """One question and its answers: pods and slices are headns's in both modes, theirs is CoreDNS's (None: silence)."""

    def __init__(self, question, pods, slices, theirs, expected, world):
        self.question, self.pods, self.slices, self.theirs, self.model, self.world = question, pods, slices, theirs, expected, world

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
        """The labels left of <service>.<namespace>.svc; None: the name is not of that kind."""
        return self.left[:-3] if self.origin and not self.is_reverse and len(self.left) > 2 and self.left[-1] == b"svc" else None

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
    holds: Callable
    why: str


def is_pair(c):
    """<one>.<two>.<service>.<namespace>.svc"""
    return c.below_service is not None and len(c.below_service) == 2


def is_port_name(c):
    return is_pair(c) and all(len(label) > 1 and label.startswith(b"_") for label in c.below_service)


def is_loose_port_name(c):
    """What CoreDNS takes for _port._protocol and is not: an underscore left out, or nothing behind it."""
    return is_pair(c) and not is_port_name(c)


def is_pod(c, labels):
    """A name of so many labels left of pod."""
    return not c.is_reverse and c.left[-1:] == [b"pod"] and len(c.left) == labels + 1


def has_reverse_soa(normal):
    """One SOA, of a reverse zone, and nothing else."""
    records = [*normal.authority, *normal.answer[1]]
    return len(records) == 1 and records[0][1] == m.SOA and model.octets_of(m.to_text(records[0][0]).lower())


def without_weights(normal):
    return {(r[0], *r[4][2:]) for r in normal.answer[1] if r[1] == m.SRV}


def leaves_its_zone(c):
    return any(c.world.apex_of(record[4].lower()) not in (c.origin, None) for record in c.pods.answer[0])


def leads_to_nothing(c):
    """Whether all PTRs that CoreDNS has beyond ours are of Services that are not there."""
    more = c.theirs.answer[1] - c.pods.answer[1]
    services = [m.to_text(record[4]).split(".")[1:3] for record in more]
    return bool(more) and c.pods.answer[1] <= c.theirs.answer[1] and all((ns, name) not in c.world.services for name, ns in services)


def is_server_name(c):
    return c.left == [b"ns", b"dns"] or (c.left == [] and c.type == m.NS)


def has_own_address(c):
    return (c.left == [] and c.type == m.NS) or (c.left == [b"ns", b"dns"] and c.type in (m.A, m.AAAA))


def is_wrong_twice(c):
    q = c.question
    wrong = (q.flags >> 11 & 15 != 0, q.edns is not None and q.edns.version != 0, q.cls != m.IN or c.origin is None or q.type in (m.AXFR, m.IXFR))
    return sum(wrong) > 1 and c.theirs.rcode in (m.NOTIMP, m.BADVERS, m.REFUSED)


REASONS = [
    Reason("cd-cleared", "flags", lambda c: c.pods.flags ^ c.theirs.flags == m.CD, "CD is cleared in authoritative answers (RFC 4035 3.1.6)"),
    Reason("notify", f"flags {ANSWER}", lambda c: c.opcode == NOTIFY and c.theirs.rcode != m.NOTIMP, "CoreDNS answers a NOTIFY as if it were a query"),
    Reason("notimp-flags", "flags", lambda c: c.pods.rcode == m.NOTIMP == c.theirs.rcode, "with NOTIMP CoreDNS repeats AD and CD"),
    Reason("two-errors", "rcode flags", is_wrong_twice, "a question that is wrong in two ways gets one of the two errors"),
    Reason("notimp-whole", "question edns edns-size edns-options", lambda c: c.pods.rcode == m.NOTIMP == c.theirs.rcode, "CoreDNS repeats neither question nor OPT with NOTIMP"),
    Reason("edns-size", "edns-size", lambda c: c.theirs.edns.size in (c.question.edns.size, 0), "CoreDNS repeats the client's buffer size; headns says its own (RFC 6891 6.2.3)"),
    Reason("reverse-primary", "soa answer", lambda c: has_reverse_soa(c.pods) and has_reverse_soa(c.theirs), "the primary of the reverse zones is ns.dns of the cluster's zone"),
    Reason("reverse-tree", NEGATIVE, lambda c: c.is_reverse and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "what has PTRs, or below it, is not NXDOMAIN (RFC 8020)"),
    Reason("any", ANSWER, lambda c: c.type == m.ANY and not c.links and c.pods.rcode == m.NOERROR and bool(c.theirs.authority), "ANY gets HINFO (RFC 8482)"),
    Reason("soa-below-apex", "rcode", lambda c: c.type == m.SOA and c.pods.rcode == m.NXDOMAIN and c.theirs_negative(m.NOERROR), "SOA of an absent name is NXDOMAIN"),
    Reason("cname-other-types", ANSWER, lambda c: c.links and c.type not in (m.A, m.AAAA) and c.theirs_negative(m.NOERROR), "a CNAME answers every type (RFC 1034 3.6.2)"),
    Reason("cname-kept", ANSWER, lambda c: c.links and c.type in (m.A, m.AAAA) and c.theirs_negative(m.NOERROR), "CNAMEs are kept where they lead to nothing, and the rcode is the last name's (RFC 6604)"),
    Reason("cname-limit", ANSWER, lambda c: c.links == model.LINKS_MAX and len(c.theirs.answer[0]) > c.links, "chains of CNAMEs end after ten, in CoreDNS after eleven"),
    Reason("port-without-underscore", ANSWER, lambda c: is_loose_port_name(c) and c.pods.rcode == m.NXDOMAIN, "underscores are not optional, and a bare one matches nothing"),
    Reason("port-address", ANSWER, lambda c: is_port_name(c) and c.type in (m.A, m.AAAA) and not c.pods.answer[2], "_port._protocol names have no addresses"),
    Reason("protocol-tree", NEGATIVE, lambda c: c.below_service in ([b"_tcp"], [b"_udp"], [b"_sctp"]) and c.pods.rcode == m.NOERROR, "_tcp, which has names below it, is not NXDOMAIN (RFC 8020)"),
    Reason("zonal-tree", NEGATIVE, lambda c: c.below_service in ([b"_zone"], [b"pin", b"_zone"], [b"prefer", b"_zone"]), "what has the names of zones below it is not NXDOMAIN (RFC 8020)"),
    Reason("txt-tree", NEGATIVE, lambda c: c.type == m.TXT and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "names that exist without records are NODATA for TXT too (RFC 8020)"),
    Reason("dns-version-types", NEGATIVE, lambda c: c.left == [b"dns-version"] and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "dns-version is NODATA for types other than TXT"),
    Reason("dns-tree", NEGATIVE, lambda c: c.left in ([b"dns"], [b"ns", b"dns"]) and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "dns, which has ns.dns below it, is not NXDOMAIN (RFC 8020)"),
    Reason("cname-to-other-zone", ANSWER, lambda c: c.links and leaves_its_zone(c) and not c.theirs.authority, "a CNAME into another zone of ours gets that zone's rcode (RFC 6604)"),
    Reason("reverse-odd", NEGATIVE, lambda c: c.is_reverse and c.left[-1:] in ([b"svc"], [b"pod"]) and c.theirs_negative(m.NOERROR), "svc and pod mean nothing in reverse zones"),
    Reason("reverse-misspelt", ANSWER, lambda c: c.is_reverse and c.type == m.PTR and model.Reply.digits(m.labels_of(c.question.name.lower())[:-2], c.world.zones[c.origin]) is None, "reverse names are digits or nibbles, in their only spelling"),
    Reason("orphan-slices", ANSWER, lambda c: c.is_reverse and c.type == m.PTR and leads_to_nothing(c), "slices of no Service have no PTR"),
    Reason("reverse-no-namespace", ANSWER, lambda c: c.is_reverse and c.type == m.PTR and bool(c.world.settings.namespaces) and c.theirs_negative(m.NXDOMAIN), "a PTR does not ask whether the namespace has an object"),
    Reason("unlabelled-slices", "silence", lambda c: c.is_reverse and c.theirs is None, "CoreDNS does not answer the PTR of a slice that names no Service"),
    Reason("glue-whole", "additional", lambda c: c.theirs.additional < c.pods.additional, "SRV targets come with all their addresses, also those without ports"),
    Reason("weight-without-ports", "answer", lambda c: c.type == m.SRV and without_weights(c.pods) == without_weights(c.theirs), "CoreDNS counts endpoints without ports into the weights"),
    Reason("ns-dns-case", ANSWER, lambda c: is_server_name(c) and c.theirs.authority and not c.question.name.endswith(c.origin), "CoreDNS knows its name server only where the zone is asked for in lower case"),
    Reason("reverse-ns", ANSWER, lambda c: c.is_reverse and not c.left and c.type == m.NS and bool(c.theirs.answer[1]), "the name server of reverse zones is in the cluster's zone"),
    Reason("ns-headless", ANSWER, lambda c: has_own_address(c) and c.world.name_server() and c.world.name_server().headless, "where the server is an endpoint of a headless Service, the name server is the Service"),
    Reason("own-loopback", ANSWER, lambda c: has_own_address(c) and c.world.settings.own == ("127.0.0.1",) and c.theirs_negative(m.NOERROR), "an address of the loopback that headns was told to listen on is one of its own"),
    Reason("pods-labels", ANSWER, lambda c: is_pod(c, 3) or is_pod(c, 4), "there is nothing below the names of pods"),
    Reason("pods-srv", ANSWER, lambda c: is_pod(c, 2) and c.type == m.SRV and c.pods.rcode == m.NOERROR, "pods have no ports"),
    Reason("negative-ttl", "soa-ttl", lambda c: c.is_negative and soa_ttl(c.theirs) == min(c.world.settings.ttl, 300) > soa_ttl(c.pods) == c.world.settings.negative_ttl, "what is not there is remembered for 5 seconds at most"),
    Reason("extended-error", "edns-options", lambda c: c.theirs.edns.options == b"", "clients with EDNS are told the reason of a no (RFC 8914)"),
    Reason("not-ready-yet", "soa-ttl", lambda c: soa_ttl(c.pods) == 0, "the absence of what is not ready yet is not to be remembered"),
]


def soa_ttl(normal):
    return normal.authority[0][3] if normal.authority else None


# What is left of them with `compat coredns`, and what is different with it alone.
WITH_COMPAT = {"notimp-whole", "notimp-flags", "notify", "two-errors", "edns-size", "cd-cleared", "extended-error"}  # of messages that reach no zone
WITH_COMPAT |= {"orphan-slices", "unlabelled-slices", "glue-whole"}  # of data that is not kept
WITH_COMPAT |= {"reverse-odd", "reverse-misspelt", "ns-dns-case", "dns-tree", "own-loopback"}
COMPAT_REASONS = [reason for reason in REASONS if reason.id in WITH_COMPAT] + [
    Reason("compat-any-port", ANSWER, lambda c: c.below_service == [b"_", b"_"] and c.is_negative, "_._ is of ports alone, in CoreDNS also of an ExternalName and of endpoints without ports"),
    Reason("compat-other-zone", ANSWER, lambda c: c.type in (m.A, m.AAAA) and not c.links and any(map(c.world.apex_of, links_to(c.theirs))), "a CNAME that leads to nothing in another zone of ours is left out too"),
]


def links_to(normal):
    return [record[4].lower() for record in normal.answer[0]]


def explain(case, found, compat=False):
    """(the aspects that no row explains, the ids of the rows that explain the others)."""
    because, left = [], set(found)
    for reason in COMPAT_REASONS if compat else REASONS:
        covers = set(reason.aspects.split()) & left
        if covers and (case.theirs is not None or found == ["silence"]) and reason.holds(case):
            left -= covers
            because.append(reason.id)
    return sorted(left), because
