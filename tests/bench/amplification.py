#!/usr/bin/python3
"""How many octets one octet of a query over UDP brings, at most: what a forged sender could turn against somebody else. Asked is every name of the
zones that the tests have, of Services of 29 and 2,000 endpoints, and names that there are not, for each type, without EDNS and with; shown is each
zone's largest ratio, and what was asked. Octets are those of DNS; in brackets with the 28 of IPv4's and UDP's headers.

    tests/bench/amplification.py --headns build/src/headns
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "blackbox")]

import dns.name  # noqa: E402
import harness  # noqa: E402

TYPES = ("A", "AAAA", "SRV", "PTR", "NS", "SOA", "TXT", "CNAME", "HTTPS", "DNSKEY", "ANY")
WAYS = {"no EDNS": None, "EDNS, 1,232": 1232, "EDNS, 65,535": 65535}
HEADERS = 28
FITS = 29  # addresses that an answer without EDNS has room for


def service_of(name, family, count):
    """As short a name as can be, since the query is what the ratio is divided by."""
    address = (lambda i: f"10.9.{i >> 8}.{i & 255}") if family == "IPv4" else (lambda i: f"fd00:9::{i + 1:x}")
    port = [{"name": "p", "port": 80, "protocol": "TCP"}]
    service = harness.service(name, "n", ports=(("p", 80),))
    service["spec"]["ipFamilies"] = [family]
    slices = [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-{at}", "namespace": "n", "labels": {"kubernetes.io/service-name": name}},
            "addressType": family,
            "ports": port,
            "endpoints": [{"addresses": [address(i)]} for i in range(at, min(at + 1000, count))],
        }
        for at in range(0, count, 1000)
    ]
    return [service, *slices]


def zones(folder):
    """What they are called, and files."""
    found = {path.name: [path] for path in sorted(harness.ZONES.glob("*.yaml"))}
    found["helm-create.yaml"] = [TESTS / "blackbox/manifests/helm-create.yaml"]
    for family, count in (("IPv4", FITS), ("IPv4", 2000), ("IPv6", 2000)):
        path = folder / f"{family}-{count}.json"
        path.write_text(json.dumps(harness.as_list(*service_of("a", family, count))))
        found[f"{count:,} endpoints, {family}"] = [path]
    return found


def names_of(files):
    """Those of the dump, and one below each that is not there."""
    out = harness.run_headns("dump", *files).stdout
    names = {line.split()[0] for line in out.splitlines() if " IN " in line}
    big = {name for name in names if name.count(".") > 5}  # of thousands of endpoints with a name each, some
    names -= set(sorted(big)[100:])
    return sorted(names | {f"x.{name}" for name in names if len(name) < 240})


def largest(server, names, payload):
    """(ratio, ratio with headers, request octets, response octets, name, type)"""
    worst = (0,)
    with server.udp_socket() as s:
        for name in names:
            for rdtype in TYPES:
                query = harness.make_query(dns.name.from_text(name), rdtype, payload=payload)
                wire = query.to_wire()
                s.send(wire)
                reply = s.recv(65535)
                assert reply[:2] == wire[:2]
                row = (len(reply) / len(wire), (len(reply) + HEADERS) / (len(wire) + HEADERS), len(wire), len(reply), name, rdtype)
                worst = max(worst, row)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--headns", default=harness.HEADNS)
    options = parser.parse_args()
    harness.HEADNS = options.headns
    print("| zone | " + " | ".join(f"{way} | asked" for way in WAYS) + " |\n|---" + "|---|---" * len(WAYS) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for what, files in zones(Path(folder)).items():
            names = names_of(files)
            server = harness.Server(*files)
            cells = []
            for payload in WAYS.values():
                ratio, whole, asked, answered, name, rdtype = largest(server, names, payload)
                cells.append(f"{ratio:.1f} ({whole:.1f}) | `{name} {rdtype}`: {asked} → {answered}")
            server.stop()
            print(f"| {what} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
