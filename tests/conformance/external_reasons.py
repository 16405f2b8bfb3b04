"""The rows of reasons.py that are about k8s_external. Names are compared in lower case there (case.lowered), but by external-case."""

import external
import messages as m
from case import ANSWER, NEGATIVE, Reason, aspects, is_bare, is_explained

ADDRESSES = (m.A, m.AAAA)


def records_of(normal):
    """Of the answer section."""
    return {*normal.answer[0], *normal.answer[1]}


def spelled_otherwise(c):
    """The aspects that are the same in lower case."""
    return {"answer", "additional", "soa"} - set(aspects(c.pods, c.theirs))


def is_refused_transfer(c):
    flags = c.pods.flags ^ c.theirs.flags
    no_records = not c.theirs.answer[2] and bool(c.theirs.authority)
    return c.is_external and c.type in (m.AXFR, m.IXFR) and is_bare(c.pods, m.REFUSED) and no_records and flags & ~(c.question.flags & m.CD) == m.AA


def hosts_of(c):
    """(addresses outside, whether there are host names) of the Service that the name is below."""
    service = c.service.service
    texts = [entry.get("hostname") for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress", []) if not entry.get("ip")]
    return external.outside_of(service)[0], {m.name(text).lower() for text in texts if text}


def has_outside(c):
    return c.is_external and c.service is not None and any(hosts_of(c))


def is_label_passed_over(rows, c):
    """<any>.<service>, where CoreDNS says what it says to <service>, and _<endpoint>.<service>, as to <endpoint>.<service>."""
    if c.service is None or len(c.below_service) != 1:
        return False
    old = c.question.name.lower()
    label = b"" if has_outside(c) else old[1 : 1 + old[0]].removeprefix(b"_")
    new = m.from_labels([label] if label else [])[:-1] + old[1 + old[0] :]
    if new == old:
        return False

    def renamed(record):
        return (new, *record[1:]) if record[0] == old else record

    query = c.question._replace(name=new)
    theirs = c.theirs.response
    sections = {title: tuple(map(renamed, getattr(theirs, title))) for title in ("answer", "authority", "additional")}
    return is_explained(rows, c, query, theirs._replace(question=new + theirs.question[len(old) :], **sections))


def leads_to(record, hosts):
    return (record[1] == m.CNAME and record[4] in hosts) or (record[1] == m.SRV and record[4][3] in hosts)


def is_host(c):
    """A Service that is reached at a host name alone: the CNAME comes once for each port, and also for A and AAAA of a port; SRV leads to all its
    host names, be it of the Service or a port."""
    if not has_outside(c):
        return False
    ips, hosts = hosts_of(c)
    if ips or not hosts or c.theirs.rcode != m.NOERROR:
        return False
    own = {record for record in records_of(c.theirs) if record[0] == c.question.name.lower()}
    if not c.below_service and c.type in ADDRESSES:
        return records_of(c.theirs) == records_of(c.pods)
    port = len(c.below_service) == 2
    return (port or (not c.below_service and c.type == m.SRV)) and all(leads_to(record, hosts) for record in own)


def is_host_beside_addresses(c):
    """A Service that has both, of which headns answers the addresses and CoreDNS both."""
    if not has_outside(c) or len(c.below_service) not in (0, 2):
        return False
    ips, hosts = hosts_of(c)
    own = {record for record in records_of(c.theirs) if record[0] == c.question.name.lower()}
    more = {record for record in own if leads_to(record, hosts)}
    parts = {(r[1], r[4][2:] if r[1] == m.SRV else r[4]) for r in own - more}
    return bool(ips and hosts and more) and parts == {(r[1], r[4][2:] if r[1] == m.SRV else r[4]) for r in records_of(c.pods)}


def has_other_ttl(c):
    """SRV and CNAME have the TTL of the kubernetes block."""
    ours, theirs = c.world.settings.ttl, c.world.cluster.settings.ttl

    def as_theirs(record):
        return (*record[:3], theirs, record[4]) if record[1] in (m.SRV, m.CNAME) else record

    return ours != theirs and {as_theirs(record) for record in records_of(c.pods)} == records_of(c.theirs)


def is_kept(rows, c):
    """Whether CoreDNS has an answer of the external zone, in a way that these rows are about, where headns has none and asks kubernetes."""
    if not isinstance(c.whole_world, external.Model) or c.is_external or c.whole_world.outside.apex_of(c.question.name.lower()) is None:
        return False
    outside = c.whole_world.outside
    return c.theirs.rcode in (m.NOERROR, m.NXDOMAIN) and is_explained(rows, c, c.question, c.theirs.response, outside)


def is_forward_name(c):
    """Below a reverse zone, a name that means something in the forward ones."""
    names = {c.world.options.apex.encode(), *(name.encode() for name in c.world.namespaces)}
    return c.is_reverse and c.left[-1:] != [] and c.left[-1] in names and c.pods.rcode == m.NXDOMAIN and c.theirs.rcode == m.NOERROR


def is_above_endpoints(rows, c):
    """A Service with a ClusterIP, whose endpoints have names: in CoreDNS it is not there, and may fall through."""
    if not c.world.options.headless or c.service is None or c.below_service or c.service.headless or not c.is_negative or c.theirs.answer[2]:
        return False
    fallen = c.world.options.fall is not None and is_explained(rows, c, c.question, c.raw.theirs.response, c.world.cluster)
    return c.theirs_negative(m.NXDOMAIN) or fallen


def is_server_of_service(c):
    """The name server's addresses are those that its Service has outside."""
    names = c.world.cluster.name_server()
    own = c.left == [b"ns1", c.world.options.apex.encode()] and c.type in ADDRESSES
    if not names or not (own or (not c.left and c.type == m.NS)):
        return False
    packed = {external.packed(ip) for ip in external.outside_of(names.service)[0]}
    theirs = {record[4] for record in (records_of(c.theirs) if own else c.theirs.additional)}
    return theirs == {ip for ip in packed if not own or (len(ip) == 4) == (c.type == m.A)}


def rows(all_rows):
    """all_rows is the whole table, for those that look at another question."""

    def row(id, aspects_of_it, holds, why):
        return Reason(id, aspects_of_it, lambda c: c.is_external and holds(c), why)

    return [
        row("external-case", "answer additional soa", spelled_otherwise, "the zone is spelled as it was asked for"),
        row("external-transfer", "flags rcode soa soa-ttl", is_refused_transfer, "transfers of an external zone are refused too"),
        row("external-labels", ANSWER, lambda c: is_label_passed_over(all_rows, c), "there is nothing below a Service but its ports and endpoints"),
        row("external-host", ANSWER, is_host, "a load balancer's host name is one CNAME, its ports have SRV alone, and the rcode is the last name's"),
        row("external-host-and-address", ANSWER, is_host_beside_addresses, "a CNAME stands alone: of a host name and addresses, the addresses are answered"),
        row("external-ttl", "answer", has_other_ttl, "all records have the zone's TTL"),
        row("external-reverse-names", ANSWER, is_forward_name, "the names of the forward zones mean nothing in reverse ones"),
        row("external-tree", NEGATIVE, lambda c: is_above_endpoints(all_rows, c), "a Service whose endpoints have names is not NXDOMAIN (RFC 8020)"),
        row("external-server", ANSWER, is_server_of_service, "the name server has its own addresses"),
        Reason("external-kept", ANSWER, lambda c: is_kept(all_rows, c), "what only CoreDNS has, by the rows above, does not fall through there"),
    ]
