"""Responses as they are compared: the order of a set, the serial and the message's number say nothing."""

import messages as m


class Normal:
    def __init__(self, response):
        self.response = response
        self.flags, self.rcode, self.question, self.edns = response.flags, response.rcode, response.question, response.edns
        self.answer = in_order(response.answer)
        self.authority = tuple(without_serial(record) for record in response.authority)
        self.additional = frozenset(response.additional)

    def __eq__(self, other):
        return not aspects(self, other)


def in_order(records):
    """CNAMEs come as they lead from one to the next, before the rest, which is a set."""
    links = 0
    while links < len(records) and records[links][1] == m.CNAME:
        links += 1
    return records[:links], frozenset(without_serial(record) for record in records[links:]), len(records)


def without_serial(record):
    return (*record[:4], (*record[4][:2], 0, *record[4][3:])) if record[1] == m.SOA else record


def soa_ttl(authority):
    return [record[3] for record in authority]


def without_ttl(authority):
    return [(*record[:3], *record[4:]) for record in authority]


def edns_part(normal, part):
    return None if normal.edns is None else part(normal.edns)


PARTS = {
    "flags": lambda n: n.flags,
    "rcode": lambda n: n.rcode,
    "question": lambda n: n.question,
    "answer": lambda n: n.answer,
    "soa": lambda n: without_ttl(n.authority),
    "soa-ttl": lambda n: soa_ttl(n.authority),
    "additional": lambda n: n.additional,
    "edns": lambda n: edns_part(n, lambda e: (e.version, e.do)),
    "edns-size": lambda n: edns_part(n, lambda e: e.size),
    "edns-options": lambda n: edns_part(n, lambda e: e.options),
}


def aspects(ours, theirs):
    """In what two responses differ."""
    return [name for name, part in PARTS.items() if part(ours) != part(theirs)]


def normal(data):
    if data is None:
        return None
    made = Normal(m.decode(data))
    made.octets = len(data)
    return made
