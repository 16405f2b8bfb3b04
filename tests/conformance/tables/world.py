"""The world that the tables ask about: a Service, or some pods, for each behaviour that is written down."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import controller  # noqa: E402
from worlds import World, key_of  # noqa: E402

NAMESPACES = ["default", "prod", "kube-system", "my-namespace", "test", "empty", "bar"]


def service(name, *ports, ns="default", ips=("None",), app=None, **spec):
    """ports are (name, port[, protocol[, targetPort]]); app selects pods."""
    made = []
    for port_name, number, *rest in ports:
        port = {"port": number, "protocol": rest[0] if rest else "TCP"}
        made.append(port | ({"name": port_name} if port_name else {}) | ({"targetPort": rest[1]} if len(rest) > 1 else {}))
    spec = {"type": "ClusterIP", "clusterIP": ips[0], "clusterIPs": list(ips), "ports": made, **spec}
    if app:
        spec["selector"] = {"app": app}
    spec.setdefault("ipFamilies", sorted({controller.family_of(ip) for ip in ips if ip != "None"}) or ["IPv4"])
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": ns}, "spec": spec}


def external(name, target, ns="default", **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": ns}, "spec": {"type": "ExternalName", "externalName": target, **spec}}


def pod(name, app, *ips, ns="default", ready="True", phase="Running", host=None, ports=(), sidecar=(), deleted=False, **spec):
    """host is hostname.subdomain; ports are (name, number[, protocol])."""
    def container(ports, **rest):
        return {"name": "c", "ports": [{"name": n, "containerPort": number, "protocol": p[0] if p else "TCP"} for n, number, *p in ports], **rest}

    spec = {"containers": [container(ports)], **spec}
    if sidecar:
        spec["initContainers"] = [container([("web", 1)]), container(sidecar, restartPolicy="Always")]
    if host:
        spec |= dict(zip(("hostname", "subdomain"), host.split(".")))
    meta = {"name": name, "namespace": ns, "labels": {"app": app}}
    if deleted:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": ready}] if ready else []}
    if ips:
        status |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def piece(name, of, *endpoints, ns="default", ports=(("web", 80),), family="IPv4", managed_by=None):
    """A slice of somebody else than the controller. endpoints are (address, ready[, hostname])."""
    labels = ({controller.SERVICE_NAME: of} if of else {}) | ({controller.MANAGED_BY: managed_by} if managed_by else {})
    ends = [{"addresses": [ip], "conditions": {} if ready is None else {"ready": ready}, **({"hostname": host[0]} if host else {})} for ip, ready, *host in endpoints]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": ns, "labels": labels},
        "addressType": family,
        "ports": [{"name": n, "port": number, "protocol": "TCP"} for n, number in ports],
        "endpoints": ends,
    }


OBJECTS = [
    # ClusterIP
    service("kubernetes", ("https", 443), ips=["10.3.0.1"]),
    piece("kubernetes", "kubernetes", ("192.0.2.11", True), ports=[("https", 6443)]),
    service("web", ("http", 80, "TCP", 8080), ("metrics", 9090), ips=["10.96.0.10"], app="web"),
    pod("web-a", "web", "10.244.0.10"),
    pod("web-b", "web", "10.244.0.11", host="web-b.web"),
    pod("web-c", "web", "10.244.0.12", ready="False"),
    service("both", ("dns", 53, "UDP"), ("dns-tcp", 53), ips=["10.96.0.11", "fd00:10:96::b"], ipFamilies=["IPv4", "IPv6"]),
    service("six", ("http", 80), ips=["fd00:10:96::c"]),
    service("unnamed", (None, 80), ips=["10.96.0.12"]),
    service("lonely", ("http", 80), ips=["10.96.0.13"], app="nobody"),
    service("node", ("http", 80), ips=["10.96.0.14"], type="NodePort"),
    service("balanced", ("sip", 5060, "SCTP"), ips=["10.96.0.15"], type="LoadBalancer", externalIPs=["203.0.113.9"]),
    service("1-2-3-4", ("http", 80), ips=["10.96.0.16"]),
    service("9lives", ("http", 80), ips=["10.96.0.17"]),
    service("x" * 63, ("http", 80), ips=["10.96.0.18"]),
    service("web", ("http", 80), ns="prod", ips=["10.96.1.10"]),
    service("web", ("http", 80), ns="gone", ips=["10.96.1.11"]),  # a namespace with no object of its own
    # headless
    service("nginx", ("web", 80), app="nginx"),
    pod("web-0", "nginx", "10.244.1.7", host="web-0.nginx"),
    pod("web-1", "nginx", "10.244.2.7", host="web-1.nginx"),
    pod("web-2", "nginx", "10.244.1.8", host="web-2.other"),
    pod("web-3", "nginx", "10.244.1.9", host="web-3.nginx", ready="False"),
    pod("web-4", "nginx", "10.244.1.10", host="web-4.nginx", ready=None),
    pod("web-5", "nginx", "10.244.1.11", host="web-5.nginx", phase="Succeeded"),
    pod("web-6", "nginx", "10.244.1.12", host="web-6.nginx", phase="Failed"),
    pod("web-7", "nginx", "10.244.1.13", host="web-7.nginx", phase="Unknown"),
    pod("web-8", "nginx", "10.244.1.14", host="web-8.nginx", deleted=True),
    pod("web-9", "nginx", host="web-9.nginx", ready="False"),
    pod("elsewhere", "nginx", "10.244.1.15", ns="prod", host="elsewhere.nginx"),
    service("peers", ("web", 80), app="peers", publishNotReadyAddresses=True),
    pod("peer-0", "peers", "10.244.3.1", host="peer-0.peers", ready="False"),
    pod("peer-1", "peers", "10.244.3.2", host="peer-1.peers", deleted=True),
    pod("peer-2", "peers", "10.244.3.3", host="peer-2.peers", deleted=True, phase="Succeeded"),
    service("shared", ("web", 80), app="shared"),
    pod("shared-a", "shared", "10.244.4.1", host="one.shared"),
    pod("shared-b", "shared", "10.244.4.2", host="one.shared"),
    service("asleep", ("web", 80), app="asleep"),
    pod("asleep-0", "asleep", "10.244.5.1", host="asleep-0.asleep", ready="False"),
    service("nobody", ("web", 80), app="nobody"),
    service("portless", app="portless"),
    pod("portless-0", "portless", "10.244.6.1", host="portless-0.portless"),
    service("four", ("web", 80), app="stacked"),
    service("stacked", ("web", 80), app="stacked", ipFamilies=["IPv4", "IPv6"]),
    pod("stacked-0", "stacked", "10.244.7.1", "fd00:10:244:7::1", host="stacked-0.stacked"),
    pod("stacked-1", "stacked", "fd00:10:244:7::", "10.244.7.2"),
    service("targets", ("web", 80, "TCP", "web"), ("dns", 53, "UDP", "dns"), app="targets"),
    pod("targets-0", "targets", "10.244.8.1", host="zero.targets", ports=[("web", 8080), ("dns", 5353, "UDP")]),
    pod("targets-1", "targets", "10.244.8.2", host="one.targets", ports=[("web", 8081), ("dns", 5353, "TCP")]),
    pod("targets-2", "targets", "10.244.8.3", host="two.targets", sidecar=[("web", 8082)]),
    service("host", ("web", 80), app="host"),
    pod("host-0", "host", "192.168.0.1", hostNetwork=True),
    pod("host-1", "host", "192.168.0.1", hostNetwork=True),
    service("nolabel", ("web", 80), selector={"app": "nginx", "tier": ""}),
    service("union", ("web", 80), app="union"),
    pod("union-0", "union", "10.244.9.1", host="union-0.union"),
    piece("union-mesh", "union", ("198.51.100.1", True), ("198.51.100.2", False), managed_by="mesh.example.com"),
    # without a selector
    service("manual", ("web", 80)),
    piece("manual-1", "manual", ("192.0.2.21", True, "db"), ("192.0.2.22", None), ("192.0.2.23", False)),
    piece("manual-2", "manual", ("192.0.2.21", True, "db"), ("192.0.2.24", True), ports=[("web", 80), ("admin", 81)]),
    piece("manual-6", "manual", ("2001:db8::21", True, "db"), family="IPv6"),
    piece("orphan", "orphan", ("192.0.2.31", True)),
    # ExternalName
    external("outside", "www.Example.com"),
    external("dotted", "www.example.com."),
    external("inside", "web.default.svc.cluster.local"),
    external("chained", "inside.default.svc.cluster.local"),
    external("missing", "none.default.svc.cluster.local"),
    external("loop", "loop.default.svc.cluster.local"),
    external("ping", "pong.default.svc.cluster.local"),
    external("pong", "ping.default.svc.cluster.local"),
    external("literal", "192.0.2.1"),
    external("selecting", "www.example.com", selector={"app": "nginx"}, ports=[{"name": "web", "port": 80, "protocol": "TCP"}]),
    # the examples of the specification
    service("headless", ("https", 443), app="headless", ns="default"),
    pod("pet-1", "headless", "10.3.0.100", host="my-pet.headless"),
    pod("pet-2", "headless", "10.3.0.101", host="my-pet-2.headless"),
    pod("pet-3", "headless", "10.3.0.102"),
    external("foo", "www.example.com"),
    # the examples of the documentation
    service("data", ("http", 80), ns="prod", ips=["10.96.2.1"]),
    service("my-svc", ("my-port-name", 8000), ns="my-namespace", ips=["10.96.2.2"]),
    service("foo", ("http", 80), ns="bar", ips=["10.96.2.3"]),
    service("busybox-subdomain", ("foo", 1234, "TCP", 1234), ns="my-namespace", app="busybox"),
    pod("busybox1", "busybox", "10.244.20.1", ns="my-namespace", host="busybox-1.busybox-subdomain"),
    pod("busybox2", "busybox", "10.244.20.2", ns="my-namespace", host="busybox-2.busybox-subdomain"),
    pod("busybox3", "busybox", "10.244.20.3", ns="my-namespace", subdomain="busybox-subdomain"),
    pod("busybox4", "busybox", "10.244.20.4", ns="my-namespace", host="busybox-4.busybox-subdomain", ready="False"),
]


def world():
    objects = {key_of(o): o for o in ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES)}
    objects |= {key_of(o): o for o in OBJECTS}
    pods = [o for o in OBJECTS if o["kind"] == "Pod"]
    for o in OBJECTS:
        if o["kind"] == "Service":
            objects |= {key_of(made): made for made in controller.slices_of(o, pods, 2)}
    return World("tables", objects)
