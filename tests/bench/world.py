"""One cluster, written twice: as Kubernetes objects for headns and as zone files for an authoritative server, with the questions
that both are asked. The same numbers give the same files."""

import ipaddress
import json
import random
from pathlib import Path

ZONE = "cluster.local"
TTL = 5
SOA = f"ns.dns.{ZONE}. hostmaster.{ZONE}. 1 7200 1800 86400 {TTL}"


class World:
    """services: Services with a clusterIP; sets: headless Services of a StatefulSet with replicas pods each."""

    def __init__(self, services=1000, sets=200, replicas=5):
        self.services = [(f"svc-{i}", f"ns-{i % 20}", self._ip("10.96.0.0", i + 1)) for i in range(services)]
        self.sets = [
            (f"db-{i}", f"ns-{i % 20}", [(f"db-{i}-{k}", self._ip("10.244.0.0", i * replicas + k + 1)) for k in range(replicas)])
            for i in range(sets)
        ]

    @staticmethod
    def _ip(base, n):
        return str(ipaddress.ip_address(base) + n)

    def manifest(self):
        """A List, as `kubectl get -o json` prints it."""
        items = []
        for name, ns, ip in self.services:
            items.append(
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {"name": name, "namespace": ns},
                    "spec": {"clusterIP": ip, "ports": [{"name": "http", "port": 80}]},
                }
            )
        for name, ns, pods in self.sets:
            items.append(
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {"name": name, "namespace": ns},
                    "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": [{"name": "sql", "port": 5432}]},
                }
            )
            items += [self._pod(name, ns, pod, ip) for pod, ip in pods]
        return {"apiVersion": "v1", "kind": "List", "items": items}

    @staticmethod
    def _pod(app, ns, name, ip):
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": ns, "labels": {"app": app}},
            "spec": {"hostname": name, "subdomain": app},
            "status": {"phase": "Running", "podIPs": [{"ip": ip}], "conditions": [{"type": "Ready", "status": "True"}]},
        }

    def forward_zone(self):
        lines = [f"$ORIGIN {ZONE}.", f"$TTL {TTL}", f"@ SOA {SOA}", f"@ NS ns.dns.{ZONE}.", "ns.dns A 127.0.0.1"]
        for name, ns, ip in self.services:
            base = f"{name}.{ns}.svc"
            lines += [f"{base} A {ip}", f"_http._tcp.{base} SRV 0 100 80 {base}.{ZONE}."]
        for name, ns, pods in self.sets:
            base = f"{name}.{ns}.svc"
            for pod, ip in pods:
                lines += [
                    f"{base} A {ip}",
                    f"{pod}.{base} A {ip}",
                    f"_sql._tcp.{base} SRV 0 {100 // len(pods)} 5432 {pod}.{base}.{ZONE}.",
                ]
        return "\n".join(lines) + "\n"

    def reverse_zone(self):
        lines = ["$ORIGIN in-addr.arpa.", f"$TTL {TTL}", f"@ SOA {SOA}", f"@ NS ns.dns.{ZONE}."]
        for name, ns, ip in self.services:
            lines.append(f"{self._reverse(ip)} PTR {name}.{ns}.svc.{ZONE}.")
        for name, ns, pods in self.sets:
            lines += [f"{self._reverse(ip)} PTR {pod}.{name}.{ns}.svc.{ZONE}." for pod, ip in pods]
        return "\n".join(lines) + "\n"

    @staticmethod
    def _reverse(ip):
        return ipaddress.ip_address(ip).reverse_pointer + "."

    def questions(self, seed=1):
        """Lines "NAME TYPE" by kind of question."""
        rng = random.Random(seed)
        cluster_ip = [f"{n}.{ns}.svc.{ZONE} A" for n, ns, _ in self.services]
        pod = [f"{p}.{n}.{ns}.svc.{ZONE} A" for n, ns, pods in self.sets for p, _ in pods]
        headless = [f"{n}.{ns}.svc.{ZONE} A" for n, ns, _ in self.sets]
        srv = [f"_sql._tcp.{n}.{ns}.svc.{ZONE} SRV" for n, ns, _ in self.sets]
        nxdomain = [f"{n}.{ns}.svc.{ZONE}.{ns}.svc.{ZONE} A" for n, ns, _ in self.services]
        ptr = [f"{self._reverse(ip)} PTR" for _, _, pods in self.sets for _, ip in pods]
        kinds = {"clusterip-a": cluster_ip, "pod-a": pod, "headless-a": headless, "srv": srv, "nxdomain": nxdomain, "ptr": ptr}
        for lines in kinds.values():
            rng.shuffle(lines)
        kinds["mix"] = [rng.choice(rng.choice(list(kinds.values()))) for _ in range(10000)]
        return kinds

    def write(self, folder):
        """All files into folder; returns {kind: path of its questions}."""
        folder = Path(folder)
        (folder / "world.json").write_text(json.dumps(self.manifest()))
        (folder / f"{ZONE}.zone").write_text(self.forward_zone())
        (folder / "in-addr.arpa.zone").write_text(self.reverse_zone())
        paths = {}
        for kind, lines in self.questions().items():
            paths[kind] = folder / f"{kind}.queries"
            paths[kind].write_text("\n".join(lines) + "\n")
        return paths
