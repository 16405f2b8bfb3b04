"""Why headns answers a question otherwise than CoreDNS: each is a row of docs/compatibility.md. Most are seen from the answers; those that are not
are named by the question."""

import sys
from pathlib import Path
from typing import Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

import case as conformance  # noqa: E402
import messages as m  # noqa: E402
import normal  # noqa: E402

OUR_SIZE = 1232
FLOOR_S = 5  # of TTLs in CoreDNS's cache
NEGATIVE_TTL_S = 5  # of headns's SOA, where the cluster has nothing
CLUSTER = m.name("cluster.local")
EDE = b"\0\x0f"  # the option that says why


class Cause(NamedTuple):
    id: str
    aspects: str
    holds: Callable  # of (step, ours, theirs)


def is_of_cluster(record):
    return record[0].lower().endswith(CLUSTER)


def is_soas_ttl(step, ours, theirs):
    return ours.authority and is_of_cluster(ours.response.authority[0]) and normal.soa_ttl(ours.response.authority)[0] <= NEGATIVE_TTL_S


def is_spelling(step, ours, theirs):
    """The same but for the case of letters, ours being the question's."""
    mine, other = conformance.lower(ours), conformance.lower(theirs)
    return not {"answer", "soa", "additional"} & set(normal.aspects(mine, other))


def timeless(records):
    return sorted((owner.lower(), rtype, cls, rdata) for owner, rtype, cls, _, rdata in map(normal.without_serial, records))


def is_chase(step, ours, theirs):
    """A CNAME of the cluster and what it leads to outside: the same records, of which ours keep their own TTLs."""
    answer = ours.response.answer
    return answer and is_of_cluster(answer[0]) and answer[0][1] == m.CNAME and timeless(answer) == timeless(theirs.response.answer)


def is_said(step, ours, theirs):
    """An option more, in a "no"."""
    return bool(ours.edns and ours.edns.options) and not ours.answer[2]


def is_unasked_ad(step, ours, theirs):
    """AD, though neither it nor DO was in the query."""
    asked = step.value.flags & m.AD or (step.value.edns and step.value.edns.do)
    return not asked and theirs.flags ^ ours.flags == m.AD and theirs.flags & m.AD


def is_nobodys(step, ours, theirs):
    return (ours.rcode, theirs.rcode) == (m.REFUSED, m.SERVFAIL) and not ours.answer[2] and not theirs.answer[2]


def without_port(record):
    return (*record[:4], record[4][:2]) if record[1] == m.SRV else record


def is_other_port(step, ours, theirs):
    """Of the client, which `whoami` says."""
    return {*map(without_port, ours.additional)} == {*map(without_port, theirs.additional)}


def is_by_acl(step, ours, theirs):
    """A reason, also of `template`, that who has no EDNS is told, too, and DO that nobody asked for; ours has none of it there."""
    told = bool(theirs.edns and theirs.edns.do and theirs.edns.options[:2] == EDE)
    return told and (ours.edns is None if step.value.edns is None else ours.edns.options[:2] == theirs.edns.options[:2])


def is_below_floor(step, ours, theirs):
    """TTLs that are as the cluster's are told, which is less than the least of a cache."""
    records = [record for section in ("answer", "additional") for record in getattr(ours.response, section)]
    floored = [record for section in ("answer", "additional") for record in getattr(theirs.response, section)]
    return timeless(records) == timeless(floored) and all(record[3] == 0 for record in records) and all(record[3] == FLOOR_S for record in floored)


def is_do_unasked(step, ours, theirs):
    """DO in the answer to a query without; all else of EDNS is the same."""
    asked = step.value.edns
    return asked and not asked.do and theirs.edns and theirs.edns.do and ours.edns and not ours.edns.do and b"\0\3" in theirs.edns.options


def is_of_another_upstream(step, ours, theirs):
    """It says which one it is: `from ADDRESS`."""
    told = [[record[4][1:] for record in of.response.answer if record[1] == m.TXT] for of in (ours, theirs)]
    return all(len(texts) == 1 and isinstance(texts[0], bytes) and texts[0].startswith(b"from ") for texts in told)


def is_of_dns64(step, ours, theirs):
    """What the A records' answer says of itself, which CoreDNS's translation leaves out."""
    return step.value.type == m.AAAA and not theirs.flags & (m.AA | m.RA) and not (ours.flags ^ theirs.flags) & ~(m.AA | m.RA)


def is_clear_cd(step, ours, theirs):
    """CD of the query, which ours has neither in a SERVFAIL nor in what the cluster has."""
    return (ours.rcode == m.SERVFAIL or ours.flags & m.AA) and theirs.flags ^ ours.flags == m.CD and theirs.flags & m.CD


SEEN = [
    Cause("edns-size", "edns-size", lambda step, ours, theirs: ours.edns and theirs.edns and ours.edns.size == OUR_SIZE),
    Cause("negative-ttl", "soa-ttl soa", is_soas_ttl),
    Cause("kept-spelling", "answer soa additional", is_spelling),
    Cause("chased-ttl", "answer", is_chase),
    Cause("ad-unasked", "flags", is_unasked_ad),
    Cause("acl-edns", "edns edns-size edns-options", is_by_acl),
    Cause("dns64-flags", "flags", is_of_dns64),
    Cause("upstream-drawn", "answer", is_of_another_upstream),
    Cause("no-line", "rcode", is_nobodys),
    Cause("least-ttl", "answer additional", is_below_floor),
    Cause("nsid-do", "edns", is_do_unasked),
    Cause("client-port", "additional", is_other_port),
    Cause("cut-answer", "answer", lambda step, ours, theirs: ours.flags & theirs.flags & m.TC and not theirs.answer[2]),
    Cause("cd-clear", "flags", is_clear_cd),
    Cause("extended-error", "edns-options", is_said),
]
NAMED = {"rewrite-cname": "answer", "rewrite-broken": "silence", "rewrite-unrestored": "silence", "zone-cname-nodata": "soa soa-ttl", "zone-empty-name": "answer soa soa-ttl", "zone-set-ttl": "answer",
         "zone-denial": "soa soa-ttl", "autopath-itself": "flags rcode"}  # id: aspects
BY_CHANCE = {"upstream-drawn"}  # not in every run
IDS = {cause.id for cause in SEEN} | set(NAMED)


def explain(step, ours, theirs, found):
    """(the aspects that no cause is for, the ids of the causes of the others)."""
    left, because = set(found), []
    for cause in SEEN if ours and theirs else ():
        covers = set(cause.aspects.split()) & left
        if covers and cause.holds(step, ours, theirs):
            left -= covers
            because.append(cause.id)
    for named in step.reasons:
        covers = set(NAMED[named].split()) & left
        if covers:
            left -= covers
            because.append(named)
        else:
            left.add(f"{named} is no reason any more")
    return sorted(left), because
