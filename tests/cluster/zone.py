"""Every name that a cluster's objects might have, and comparing two servers by them."""

import ipaddress

import dns.message
import dns.rcode
import dns.reversename

import harness

APEX = "cluster.local."
TYPES = ("A", "AAAA", "SRV")
PROTOCOLS = ("_tcp", "_udp", "_sctp")
HEADER = 12


def reverse(address):
    return dns.reversename.from_address(address).to_text()


def dashed(address):
    text = address.replace(".", "-").replace(":", "-")
    return text + "0" if text.endswith("-") else text


class Names:
    """Gathers questions from objects as they come and go: what has been must be gone everywhere."""

    def __init__(self):
        self.questions = set()  # (name, type)

    def add(self, api):
        """The names of all objects that there are now; the questions about them."""
        now = set()
        pods, slices = by_namespace(api.items("Pod")), by_namespace(api.items("EndpointSlice"))
        services = by_namespace(api.items("Service"))
        for namespace in api.items("Namespace"):
            ns = namespace["metadata"]["name"]
            now.add((f"{ns}.svc.{APEX}", "A"))
            labels = endpoint_labels(pods.get(ns, []), slices.get(ns, []))
            for service in services.get(ns, []):
                now |= service_questions(service, ns, labels)
        every = [*addresses(sum(pods.values(), [])), *slice_addresses(sum(slices.values(), [])), *cluster_ips(sum(services.values(), []))]
        now |= {(reverse(address), "PTR") for address in every}
        self.questions |= now
        return now


def by_namespace(objects):
    spaces = {}
    for obj in objects:
        spaces.setdefault(obj["metadata"]["namespace"], []).append(obj)
    return spaces


def addresses(pods):
    return [ip["ip"] for pod in pods for ip in pod.get("status", {}).get("podIPs", [])]


def slice_addresses(slices):
    return [a for s in slices for e in s.get("endpoints") or [] for a in e["addresses"]]


def cluster_ips(services):
    return [ip for s in services for ip in s["spec"].get("clusterIPs", []) if ip != "None"]


def endpoint_labels(pods, slices):
    labels = {dashed(str(ipaddress.ip_address(a))) for a in [*addresses(pods), *slice_addresses(slices)]}
    labels |= {pod["spec"]["hostname"] for pod in pods if pod["spec"].get("hostname")}
    return labels | {e["hostname"] for s in slices for e in s.get("endpoints") or [] if e.get("hostname")}


def service_questions(service, ns, labels):
    name = f"{service['metadata']['name']}.{ns}.svc.{APEX}"
    ports = {p["name"].lower() for p in service["spec"].get("ports", []) if p.get("name")} | {"web"}
    questions = {(name, rdtype) for rdtype in (*TYPES, "TXT")}
    questions |= {(f"_{port}.{protocol}.{name}", "SRV") for port in ports for protocol in PROTOCOLS}
    return questions | {(f"{label}.{name}", rdtype) for label in labels for rdtype in TYPES}


def records(dump):
    """{(name, type): {rdata}} of the lines of `headns dump`, but for the zone's own servers, which are not the cluster's objects."""
    found = {}
    for line in dump:
        if line.startswith((";", "$")) or not line:
            continue
        name, _, _, rdtype, rdata = line.split(" ", 4)
        if rdtype not in ("SOA", "NS") and name != "ns.dns." + APEX:
            found.setdefault((name, rdtype), set()).add(rdata)
    return found


# --- comparing ---


class Asker:
    """Asks a server for many questions, as octets."""

    def __init__(self, server):
        self.server = server
        self.socket = server.udp_socket()

    def close(self):
        self.socket.close()

    def ask(self, wire):
        self.socket.send(wire)
        return self.socket.recv(65535)


def is_negative(reply):
    return reply[6:8] == b"\0\0"


def content(server, wire):
    """What an answer says, whatever the order; by TCP, where nothing is left out for want of room. Without what may differ between two that
    say the same: the SOA's serial and TTL."""
    response = server.tcp(dns.message.from_wire(wire))
    sections = [sorted(str(rr) for rrset in s for rr in rrset.to_text().splitlines()) for s in (response.answer, response.additional)]
    return (dns.rcode.to_text(response.rcode()), *sections, [rrset.rdtype for rrset in response.authority])


def differences(one, other, questions):
    """[(name, type, content of one, content of the other)], and how many answers had records. Two of ours mostly reply the same octets,
    and only where they don't is an answer looked into."""
    different, positive = [], 0
    askers = Asker(one), Asker(other)
    for name, rdtype in sorted(questions):
        wire = harness.make_query(name, rdtype).to_wire()
        replies = [asker.ask(wire) for asker in askers]
        positive += not is_negative(replies[0])
        if same_octets(*replies):
            continue
        contents = [content(server, wire) for server in (one, other)]
        if contents[0] != contents[1]:
            different.append((name, rdtype, *contents))
    for asker in askers:
        asker.close()
    return different, positive


def same_octets(a, b):
    if is_negative(a) and is_negative(b):
        return a[:HEADER] == b[:HEADER]
    return a == b
