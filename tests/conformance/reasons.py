"""Every way in which headns answers otherwise than CoreDNS 1.15.0, and why. docs/compatibility.md is this table for people; a difference
that no row explains fails, and so does a row that never occurred.

A row explains some aspects of a difference (differential.PARTS), where its condition holds. The model has already confirmed that
headns's own answer is what it decided on; so a row says when, and what CoreDNS's looks like instead."""

import ipaddress

import case
import controller
import external_reasons
import messages as m
import model
from case import ANSWER, NEGATIVE, Case, Reason, is_bare, is_explained

NOTIFY = 4
SIZE = 1232  # of the datagrams that headns takes
EXTENDED_ERROR = b"\0\x0f"  # an option, RFC 8914


def is_cluster(c):
    """<one>.<service>.<namespace>.svc in a cluster set, where one is a cluster that has endpoints."""
    return c.in_cluster_set and c.service is not None and len(c.left) == 4 and any(labels[1:] == (c.left[0].decode("latin-1"),) for labels in c.service.nodes)


def is_import_without_ports(names):
    return names is not None and not names.headless and not names.service["spec"]["ports"]


def has_no_address(names):
    return names is not None and not names.headless and not names.own.a + names.own.aaaa


def has_endpoint_without_cluster(names):
    """Whether there is <endpoint>.<service>, where there should be a cluster between the two."""
    return names is not None and any(len(labels) == 1 and node.srv for labels, node in names.nodes.items())


def is_pair(c):
    """<one>.<two>.<service>.<namespace>.svc"""
    return c.below_service is not None and len(c.below_service) == 2


def is_port_name(c):
    return is_pair(c) and all(len(label) > 1 and label.startswith(b"_") for label in c.below_service)


def is_loose_port_name(c):
    """What CoreDNS takes for _port._protocol and is not: an underscore left out, or nothing behind it."""
    return is_pair(c) and not is_port_name(c) and not (c.in_cluster_set and not any(label.startswith(b"_") for label in c.below_service))


def is_pod(c, labels):
    """A name of so many labels left of pod."""
    return not c.is_reverse and c.left[-1:] == [b"pod"] and len(c.left) == labels + 1


def is_answered_as_a_query(c):
    """Whether what CoreDNS says to a NOTIFY is what it says to the same query, as far as that is explained."""
    query = c.question._replace(flags=c.question.flags & ~m.OPCODE)
    response = (c.raw or c).theirs.response
    return is_explained(REASONS, c, query, response._replace(flags=c.theirs.flags & ~m.OPCODE | c.question.flags & m.RD))


def has_bindings(c):
    """Of ours, all records but CNAMEs are what svcb adds."""
    return c.type in (m.SVCB, m.HTTPS) and bool(c.pods.answer[1]) and not c.links and all(r[1] == c.type for r in c.pods.answer[1])


def is_bounded(c):
    """Whether ours is part of what would be explained as a whole."""
    return c.is_bounded and c.pods != c.model and is_explained(REASONS, c, c.question, c.theirs.response)


def is_passed_on(c):
    """Whether CoreDNS's SERVFAIL stands for an NXDOMAIN that is explained."""
    if c.opcode or not is_bare(c.theirs, m.SERVFAIL) or c.origin is None or not c.falls:
        return False
    zone, ttl = c.question.name[len(c.question.name) - len(c.origin) :], c.world.settings.ttl
    names = (part + zone for part in c.primary_names)
    soa = (zone, m.SOA, m.IN, min(ttl, 300), (*names, 0, 7200, 1800, 86400, ttl))
    theirs = c.theirs.response
    return is_explained(REASONS, c, c.question, theirs._replace(rcode=m.NXDOMAIN, flags=theirs.flags | m.AA, authority=(soa,)))


def not_implemented(c):
    return is_bare(c.pods, m.NOTIMP) and is_bare(c.theirs, m.NOTIMP)


def errors_of(c):
    """What is wrong with a question, in headns's order."""
    q = c.question
    if c.opcode:
        yield m.NOTIMP
    if q.edns is not None and q.edns.version:
        yield m.BADVERS
    if q.cls != m.IN or c.origin is None or q.type in (m.AXFR, m.IXFR):
        yield m.REFUSED


def is_wrong_twice(c):
    first, *others = [*errors_of(c), None]
    return c.theirs.rcode in others and is_bare(c.pods, first) and is_bare(c.theirs, c.theirs.rcode)


def one_soa(normal):
    """The one record of a reply, which is a SOA, but for the names in it; and these."""
    records = [*normal.authority, *normal.answer[1]]
    if len(records) != 1 or records[0][1] != m.SOA or normal.answer[0] or normal.additional:
        return None, None
    record = records[0]
    return (*record[:3], *record[4][2:], bool(normal.authority)), record[4][:2]


def has_other_primary(c):
    """Whether all that is different is whose server the SOA of a reverse zone names."""
    (ours, our_names), (theirs, their_names) = one_soa(c.pods), one_soa(c.theirs)
    if not c.is_reverse or ours is None or ours != theirs:
        return False
    names = c.primary_names
    return our_names == tuple(n + c.world.primary for n in names) and tuple(map(bytes.lower, their_names)) == tuple(n + ours[0].lower() for n in names)


def srv_parts(normal):
    """What the SRV records of a reply say without weights, and the weights."""
    records = [r for r in normal.answer[1] if r[1] == m.SRV]
    return {(r[0], *r[4][2:]) for r in records}, {r[4][1] for r in records}


def has_lesser_weights(c):
    """Whether CoreDNS shares the weights among more, and the Service has addresses without a port, which may be what it counts."""
    (ours, our_weights), (theirs, their_weights) = srv_parts(c.pods), srv_parts(c.theirs)
    if c.type != m.SRV or not ours or ours != theirs or c.below_service is None:
        return False
    names = c.service
    without = set(names.own.a + names.own.aaaa) - {record[4] for record in c.theirs.additional}
    return names.headless and bool(without) and len(our_weights) == len(their_weights) == 1 and max(their_weights) < max(our_weights)


def owners_of(records):
    return {record[0] for record in records}


def has_less_glue(c):
    """Each target of CoreDNS's SRV records has an address with it, but not all of them."""
    ours, theirs = c.pods.additional, c.theirs.additional
    return c.type == m.SRV and theirs < ours and owners_of(ours) == owners_of(theirs) == {record[4][3] for record in c.pods.answer[1]}


def leaves_its_zone(c):
    return any(c.world.apex_of(record[4].lower()) not in (c.origin, None) for record in c.pods.answer[0])


def leads_to_nothing(c):
    """Whether all PTRs that CoreDNS has beyond ours are below Services that are not there, or have become ExternalNames."""
    more = c.theirs.answer[1] - c.pods.answer[1]
    services = [m.to_text(record[4]).split(".")[1:3] for record in more]
    there = {key for key, names in c.world.services.items() if names.service["spec"].get("type") != "ExternalName"}
    return bool(more) and c.pods.answer[1] <= c.theirs.answer[1] and all((ns, name) not in there for name, ns in services)


def server_labels(c):
    return [b"ns1", c.world.options.apex.encode()] if c.is_external else [b"ns", b"dns"]


def is_in_unlabelled_slice(c):
    """Whether the address of a reverse name is in a slice that names no Service."""
    for piece in c.world.objects_of("EndpointSlice").values():
        if not piece["metadata"].get("labels", {}).get(controller.SERVICE_NAME):
            for ip in (ip for e in piece["endpoints"] for ip in e["addresses"]):
                if m.name(ipaddress.ip_address(ip).reverse_pointer) == c.question.name.lower():
                    return True
    return False


def has_longer_chain(c):
    """Whether CoreDNS's chain begins with ours, and goes on by one, or in another zone, where it counts anew."""
    links = c.theirs.answer[0]
    return c.links == model.LINKS_MAX < len(links) and links[: c.links] == c.pods.answer[0] and (len(links) == c.links + 1 or leaves_its_zone(c))


def is_server_name(c):
    return c.left == [b"ns", b"dns"] or (c.left == [] and c.type == m.NS)


def has_own_address(c):
    return (c.left == [] and c.type == m.NS) or (c.left == server_labels(c) and c.type in (m.A, m.AAAA))


def has_the_loopback(c):
    """Whether what headns has and CoreDNS has not is the name server's address, which is one of the loopback."""
    records = c.pods.answer[1] if c.left else c.pods.additional
    bare = not c.theirs.additional if c.is_external and not c.left else c.theirs_negative(m.NOERROR)
    return has_own_address(c) and c.world.settings.own == ("127.0.0.1",) and bare and {r[4] for r in records} == {b"\x7f\0\0\1"}


def names_endpoints(c):
    """Whether CoreDNS's name servers are the endpoints of the Service that is headns's, and their addresses are those of that."""
    names = c.world.name_server()
    if not names or not names.headless or c.left or c.type != m.NS:
        return False
    ((_, _, _, _, service),) = c.pods.answer[1]
    servers = {record[4] for record in c.theirs.answer[1]}
    glue = {(record[1], record[4]) for record in c.pods.additional}
    return (
        all(m.from_labels(m.labels_of(server)[1:]).lower() == service.lower() for server in servers)
        and owners_of(c.theirs.additional) == servers
        and {(record[1], record[4]) for record in c.theirs.additional} == glue
    )


def lacks_namespace(c):
    """Whether the PTRs that CoreDNS leaves out are those into namespaces that are listed, but have no object."""
    if not c.is_reverse or c.type != m.PTR or not c.world.settings.namespaces or not c.theirs.answer[1] < c.pods.answer[1]:
        return False
    spaces = {r[4]: m.labels_of(r[4])[-4].decode() for r in c.pods.answer[1] - c.theirs.answer[1]}
    return all(space in c.world.settings.namespaces and space not in c.world.namespaces for space in spaces.values())


REASONS = []
REASONS += [
    Reason("fallthrough", f"flags {ANSWER}", is_passed_on, "where nobody is next, what falls through does not exist"),
    Reason("max-answers", ANSWER, is_bounded, "max_answers bounds a set"),
    Reason("datagram-size", "", lambda c: False, "datagrams of CoreDNS are as long as the client allows, headns's 1,232 octets"),  # huge.py finds them
    Reason("svcb", ANSWER, lambda c: has_bindings(c) and c.theirs_negative(m.NOERROR), "with svcb, ports named https and http have SVCB and HTTPS records"),
    *external_reasons.rows(REASONS),
    Reason("cd-cleared", "flags", lambda c: c.pods.flags ^ c.theirs.flags == m.CD == c.theirs.flags & c.question.flags & m.CD, "CD is cleared in authoritative answers (RFC 4035 3.1.6)"),
    Reason("notify", f"flags {ANSWER}", lambda c: c.opcode == NOTIFY and is_bare(c.pods, m.NOTIMP) and c.theirs.rcode != m.NOTIMP and is_answered_as_a_query(c), "CoreDNS answers a NOTIFY as if it were a query"),
    Reason("notimp-flags", "flags", lambda c: not_implemented(c) and c.theirs.flags == m.QR | c.question.flags & ~15, "with NOTIMP CoreDNS repeats all flags"),
    Reason("two-errors", "rcode flags", is_wrong_twice, "a question that is wrong in two ways gets one of the two errors"),
    Reason("notimp-whole", "question edns edns-size edns-options", lambda c: not_implemented(c) and c.theirs.question == b"" and c.theirs.edns is None, "CoreDNS repeats neither question nor OPT with NOTIMP"),
    Reason("edns-size", "edns-size", lambda c: c.theirs.edns.size == (0 if c.theirs.rcode == m.BADVERS else c.question.edns.size) and c.pods.edns.size == SIZE, "CoreDNS repeats the client's buffer size; headns says its own (RFC 6891 6.2.3)"),
    Reason("reverse-primary", "soa answer", has_other_primary, "the primary of the reverse zones is ns.dns of the cluster's zone"),
    Reason("reverse-tree", NEGATIVE, lambda c: c.is_reverse and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "what has PTRs, or below it, is not NXDOMAIN (RFC 8020)"),
    Reason("any", ANSWER, lambda c: c.type == m.ANY and not c.links and {r[1] for r in c.pods.answer[1]} == {m.HINFO} and bool(c.theirs.authority) and not c.theirs.answer[2], "ANY gets HINFO (RFC 8482)"),
    Reason("soa-below-apex", "rcode", lambda c: c.type == m.SOA and c.pods.rcode == m.NXDOMAIN and c.theirs_negative(m.NOERROR), "SOA of an absent name is NXDOMAIN"),
    Reason("cname-other-types", ANSWER, lambda c: c.links and c.type not in (m.A, m.AAAA) and c.theirs_negative(m.NOERROR), "a CNAME answers every type (RFC 1034 3.6.2)"),
    Reason("cname-kept", ANSWER, lambda c: c.links and c.type in (m.A, m.AAAA) and c.theirs_negative(m.NOERROR), "CNAMEs are kept where they lead to nothing, and the rcode is the last name's (RFC 6604)"),
    Reason("cname-limit", ANSWER, has_longer_chain, "chains of CNAMEs end after ten, in CoreDNS after eleven"),
    Reason("port-without-underscore", ANSWER, lambda c: is_loose_port_name(c) and c.pods.rcode == m.NXDOMAIN and c.theirs.rcode == m.NOERROR, "underscores are not optional, and a bare one matches nothing"),
    Reason("port-address", ANSWER, lambda c: is_port_name(c) and c.type in (m.A, m.AAAA) and not c.pods.answer[2], "_port._protocol names have no addresses"),
    Reason("protocol-tree", NEGATIVE, lambda c: c.below_service in ([b"_tcp"], [b"_udp"], [b"_sctp"]) and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "_tcp, which has names below it, is not NXDOMAIN (RFC 8020)"),
    Reason("cluster-tree", NEGATIVE, lambda c: is_cluster(c) and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "a cluster that has endpoints below its name is not NXDOMAIN (RFC 8020)"),
    Reason("import-without-ports", ANSWER, lambda c: c.in_cluster_set and c.below_service == [] and is_import_without_ports(c.service) and c.theirs_negative(m.NXDOMAIN), "a ServiceImport without ports has its addresses"),
    Reason("slices-of-no-cluster", "silence", lambda c: c.in_cluster_set and c.theirs is None and c.type == m.SRV and has_endpoint_without_cluster(c.service), "CoreDNS does not answer SRV where a slice names no cluster"),
    Reason("zonal-tree", NEGATIVE, lambda c: c.below_service in ([b"_zone"], [b"pin", b"_zone"], [b"prefer", b"_zone"]) and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "what has the names of zones below it is not NXDOMAIN (RFC 8020)"),
    Reason("txt-tree", NEGATIVE, lambda c: c.type == m.TXT and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "names that exist without records are NODATA for TXT too (RFC 8020)"),
    Reason("dns-version-types", NEGATIVE, lambda c: c.left == [b"dns-version"] and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "dns-version is NODATA for types other than TXT"),
    Reason("dns-tree", NEGATIVE, lambda c: c.left in ([b"dns"], [b"ns", b"dns"]) and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "dns, which has ns.dns below it, is not NXDOMAIN (RFC 8020)"),
    Reason("cname-to-other-zone", ANSWER, lambda c: c.links and leaves_its_zone(c) and not c.theirs.authority and c.theirs.answer[0] == c.pods.answer[0][: len(c.theirs.answer[0])], "a CNAME into another zone of ours gets that zone's rcode (RFC 6604)"),
    Reason("reverse-odd", NEGATIVE, lambda c: c.is_reverse and c.left[-1:] in ([b"svc"], [b"pod"]) and c.theirs_negative(m.NOERROR), "svc and pod mean nothing in reverse zones"),
    Reason("reverse-misspelt", ANSWER, lambda c: c.is_reverse and c.type == m.PTR and model.Reply.digits(m.labels_of(c.question.name.lower())[:-2], c.world.zones[c.origin]) is None, "reverse names are digits or nibbles, in their only spelling"),
    Reason("orphan-slices", ANSWER, lambda c: c.is_reverse and c.type == m.PTR and leads_to_nothing(c), "slices of no Service, or of an ExternalName, have no PTR"),
    Reason("reverse-no-namespace", ANSWER, lacks_namespace, "a PTR does not ask whether the namespace has an object"),
    Reason("unlabelled-slices", "silence", lambda c: c.is_reverse and c.type == m.PTR and c.theirs is None and is_in_unlabelled_slice(c), "CoreDNS does not answer the PTR of a slice that names no Service"),
    Reason("glue-whole", "additional", has_less_glue, "SRV targets come with all their addresses, also those without ports"),
    Reason("weight-without-ports", "answer", has_lesser_weights, "CoreDNS counts endpoints without ports into the weights"),
    Reason("ns-dns-case", ANSWER, lambda c: not c.is_external and is_server_name(c) and c.theirs.authority and not c.question.name.endswith(c.origin), "CoreDNS knows its name server only where the zone is asked for in lower case"),
    Reason("reverse-ns", ANSWER, lambda c: c.is_reverse and not c.left and c.type == m.NS and bool(c.theirs.answer[1]), "the name server of reverse zones is in the cluster's zone"),
    Reason("ns-headless", ANSWER, names_endpoints, "where the server is an endpoint of a headless Service, the name server is the Service"),
    Reason("own-loopback", ANSWER, has_the_loopback, "an address of the loopback that headns was told to listen on is one of its own"),
    Reason("pods-labels", ANSWER, lambda c: (is_pod(c, 3) or is_pod(c, 4)) and c.pods.rcode == m.NXDOMAIN and c.theirs.rcode == m.NOERROR, "there is nothing below the names of pods"),
    Reason("pods-srv", ANSWER, lambda c: is_pod(c, 2) and c.type == m.SRV and c.pods.rcode == m.NOERROR, "pods have no ports"),
    Reason("negative-ttl", "soa-ttl", lambda c: c.is_negative and soa_ttl(c.theirs) == min(c.world.settings.ttl, 300) > soa_ttl(c.pods) == c.world.settings.negative_ttl, "what is not there is remembered for 5 seconds at most"),
    Reason("extended-error", "edns-options", lambda c: c.theirs.edns.options == b"" and c.pods.edns.options[:2] == EXTENDED_ERROR and not c.pods.answer[1], "clients with EDNS are told the reason of a no (RFC 8914)"),
    Reason("not-ready-yet", "soa-ttl", lambda c: soa_ttl(c.pods) == 0 and soa_ttl(c.theirs) == min(c.world.settings.ttl, 300), "the absence of what is not ready yet is not to be remembered"),
]


def soa_ttl(normal):
    return normal.authority[0][3] if normal.authority else None


# What is left of them with `compat coredns`, and what is different with it alone.
WITH_COMPAT = {"notimp-whole", "notimp-flags", "notify", "two-errors", "edns-size", "cd-cleared", "extended-error"}  # of messages that reach no zone
WITH_COMPAT |= {"orphan-slices", "unlabelled-slices", "slices-of-no-cluster", "glue-whole"}  # of data that is not kept
WITH_COMPAT |= {"reverse-odd", "reverse-misspelt", "ns-dns-case", "dns-tree", "own-loopback", "import-without-ports", "fallthrough"}
COMPAT_REASONS = [reason for reason in REASONS if reason.id in WITH_COMPAT] + [
    Reason("compat-any-port", ANSWER, lambda c: c.below_service == [b"_", b"_"] and c.is_negative, "_._ is of ports alone, in CoreDNS also of an ExternalName and of endpoints without ports"),
    Reason("compat-import-txt", NEGATIVE, lambda c: c.type == m.TXT and c.in_cluster_set and has_no_address(c.service) and c.pods.rcode == m.NOERROR and c.theirs_negative(m.NXDOMAIN), "TXT of a ServiceImport without address is NODATA, as its other types are"),
    Reason("compat-other-zone", ANSWER, lambda c: c.type in (m.A, m.AAAA) and not c.links and any(map(c.world.apex_of, links_to(c.theirs))), "a CNAME that leads to nothing in another zone of ours is left out too"),
]


def links_to(normal):
    return [record[4].lower() for record in normal.answer[0]]


def explain(asked, found, compat=False):
    """(the aspects that no row explains, the ids of the rows that explain the others)."""
    return case.explain(compat_rows(asked) if compat else REASONS, asked, found)


def compat_rows(asked):
    """In external zones compat coredns changes next to nothing."""
    return [r for r in REASONS if r.id not in ("port-address", "negative-ttl")] if asked.is_external else COMPAT_REASONS
