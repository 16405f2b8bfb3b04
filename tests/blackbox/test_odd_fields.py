"""What is odd in one field of an object takes away no names but those that this field makes: each field of each kind's full example in turn is
put nonsense in, in a world of its own; all worlds of a kind are read by one headns, from an API server or from a manifest with --lenient."""

import copy
import fnmatch
import re

import pytest

import harness
from apiserver import ApiServer

HUGE = 10**30
ZONES = ("--zone", "cluster.local", "--zone", "clusterset.local", "--set", "kubernetes.multicluster=clusterset.local")
POD_LABELS = {"app": "web"}
SELECTING = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc"}, "spec": {"clusterIP": "None", "selector": POD_LABELS, "ports": [{"name": "http", "port": 80}]}}
PLAIN = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc"}, "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80}]}}
TEMPLATE = {
    "metadata": {"labels": POD_LABELS},
    "spec": {"subdomain": "svc", "dnsPolicy": "ClusterFirst", "containers": [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}]}]},
}
ALL = ["*"]


def workload(kind, api_version="apps/v1", selector=None, **spec):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "labels": {"a": "b"}},
            "spec": {"selector": selector or {"matchLabels": POD_LABELS}, "template": TEMPLATE, **spec}}  # fmt: skip


# The kind: the object; what else is in its world; and what its fields make, as patterns of "NAME TYPE RDATA" (an SRV's weight is left out). What
# stands here for a field goes for all that is above and below it, after a "=" for it alone. A field that is not here makes nothing.
NAMED = {"metadata.name": ALL, "metadata.namespace": ALL}
MADE_BY_TEMPLATE = {"spec.template.metadata.labels.app": ALL, "spec.selector": ALL}
EXAMPLES = {
    "Service": (
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc", "labels": {"a": "b"}, "annotations": {"c": "d"}},
         "spec": {"type": "ClusterIP", "clusterIP": "10.0.7.1", "clusterIPs": ["10.0.7.1", "fd00:7::1"], "ipFamilies": ["IPv4", "IPv6"],
                  "ipFamilyPolicy": "RequireDualStack", "selector": {"app": "web"}, "publishNotReadyAddresses": False, "sessionAffinity": "ClientIP",
                  "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 9}}, "externalIPs": ["192.0.2.1"],
                  "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080, "appProtocol": "http"},
                            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"}]},
         "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2", "hostname": "lb.example"}]}}},
        [],
        {**NAMED, "=spec": ALL, "spec.clusterIPs[1]": ["svc AAAA *"],
         "spec.ports[0].name": ["* SRV 80 *"], "spec.ports[0].port": ["* SRV 80 *"], "spec.ports[0].protocol": ["* SRV 80 *"],
         "spec.ports[1].name": ["* SRV 53 *"], "spec.ports[1].port": ["* SRV 53 *"], "spec.ports[1].protocol": ["* SRV 53 *"]},
    ),
    "headless Service": (
        {**SELECTING, "spec": {**SELECTING["spec"], "clusterIPs": ["None"], "type": "ClusterIP"}},
        [harness.pod("web-0", "10.244.7.1", labels=POD_LABELS, hostname="web-0", subdomain="svc")],
        {**NAMED, "spec.selector": ALL, "spec.ports": ["* SRV *"]},
    ),
    "Pod": (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0", "labels": {"app": "web", "a": "b"}, "annotations": {"c": "d"}},
         "spec": {"hostname": "web-0", "subdomain": "svc", "dnsPolicy": "ClusterFirst", "nodeName": "n", "initContainers": [{"name": "i", "restartPolicy": "Never"}],
                  "containers": [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}, {"name": "x", "containerPort": 81}]}]},
         "status": {"phase": "Running", "podIP": "10.244.7.1", "podIPs": [{"ip": "10.244.7.1"}, {"ip": "fd00:244::1"}],
                    "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]}},
        [{**SELECTING, "spec": {**SELECTING["spec"], "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]}}],
        {**NAMED, "metadata.labels.app": ALL, "spec.hostname": ["web-0.svc *", "* SRV * web-0.svc*"], "spec.subdomain": ["web-0.svc *", "* SRV * web-0.svc*"],
         "spec.containers[0].ports[0].name": ["* SRV *"], "spec.containers[0].ports[0].containerPort": ["* SRV *"],
         "spec.containers[0].ports[0].protocol": ["* SRV *"], "status.podIPs[1].ip": ["* AAAA *"], "status.conditions[1]": ALL},
    ),
    "EndpointSlice": (
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "svc-1", "labels": {"kubernetes.io/service-name": "svc", "a": "b"}},
         "addressType": "IPv4", "ports": [{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "x"}, {"name": "dns", "port": 53, "protocol": "UDP"}],
         "endpoints": [
             {"addresses": ["10.1.7.1"], "conditions": {"ready": True, "serving": True, "terminating": False}, "hostname": "a", "zone": "z", "nodeName": "n",
              "targetRef": {"kind": "Pod", "name": "p", "namespace": "q"}},
             {"addresses": ["10.1.7.2"], "conditions": {"ready": True}}]},
        [PLAIN],
        {**NAMED, "metadata.labels.kubernetes.io/service-name": ALL, "addressType": [],
         **{f"ports[{i}].{f}": [f"* SRV {n} *"] for i, n in ((0, 80), (1, 53)) for f in ("name", "port", "protocol")},
         "endpoints[0].addresses[0]": ["* 10.1.7.1", "a.svc *", "* SRV * a.svc*"], "endpoints[0].hostname": ["a.svc *", "* SRV * a.svc*"],
         "endpoints[0].conditions.ready": ["* 10.1.7.1", "a.svc *", "* SRV * a.svc*"],
         "endpoints[1].addresses[0]": ["* 10.1.7.2", "10-1-7-2.svc *", "* SRV * 10-1-7-2.svc*"],
         "endpoints[1].conditions.ready": ["* 10.1.7.2", "10-1-7-2.svc *", "* SRV * 10-1-7-2.svc*"]},
    ),
    "Namespace": (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}},
        [{**PLAIN, "spec": {"clusterIP": "10.0.7.3", "ports": [{"name": "http", "port": 80}]}}],
        {},
    ),
    "ServiceImport": (
        {"apiVersion": "multicluster.x-k8s.io/v1beta1", "kind": "ServiceImport", "metadata": {"name": "db", "labels": {"a": "b"}},
         "spec": {"type": "ClusterSetIP", "ips": ["10.7.0.1", "fd00:9::1"], "sessionAffinity": "None",
                  "ports": [{"name": "sql", "port": 5432, "protocol": "tcp", "appProtocol": "x"}, {"name": "sql", "port": 5432, "protocol": "UDP"}]}},
        [],
        {**NAMED, "=spec.ips": ["* SRV *"], "spec.ips[0]": ["db A *"], "spec.ips[1]": ["db AAAA *"],
         **{f"spec.ports[{i}].{f}": [f"_sql.{p}.db SRV *", "db SRV *"] for i, p in ((0, "_tcp"), (1, "_udp")) for f in ("name", "port", "protocol")}},
    ),
    "Endpoints": (
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "svc", "labels": {"a": "b"}, "annotations": {"c": "d"}},
         "subsets": [{"addresses": [{"ip": "10.1.7.1", "hostname": "a", "targetRef": {"kind": "Pod", "name": "p"}}, {"ip": "10.1.7.2", "nodeName": "n"}],
                      "notReadyAddresses": [{"ip": "10.1.7.3"}], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}]},
        [PLAIN],
        {**NAMED, "subsets[0].ports": ["* SRV *"],
         "subsets[0].addresses[0].ip": ["* 10.1.7.1", "a.svc *", "* SRV * a.svc*"], "subsets[0].addresses[0].hostname": ["a.svc *", "* SRV * a.svc*"],
         "subsets[0].addresses[1].ip": ["* 10.1.7.2", "10-1-7-2.svc *", "* SRV * 10-1-7-2.svc*"]},
    ),
    "StatefulSet": (
        workload("StatefulSet", serviceName="svc", replicas=2, ordinals={"start": 0}),
        [SELECTING],
        {**NAMED, **MADE_BY_TEMPLATE, "spec.template.spec.subdomain": [], "spec.replicas": ["*"], "spec.ordinals.start": ALL, "spec.serviceName": ["web-?.svc *", "* SRV * web-?.svc*"]},
    ),
    "Deployment": (workload("Deployment", replicas=2), [SELECTING], {**NAMED, **MADE_BY_TEMPLATE, "spec.replicas": ALL}),
    "ReplicaSet": (workload("ReplicaSet", replicas=2), [SELECTING], {**NAMED, **MADE_BY_TEMPLATE, "spec.replicas": ALL}),
    "ReplicationController": (workload("ReplicationController", "v1", POD_LABELS, replicas=2), [SELECTING], {**NAMED, **MADE_BY_TEMPLATE, "spec.replicas": ALL}),
    "DaemonSet": (workload("DaemonSet"), [SELECTING], {**NAMED, **MADE_BY_TEMPLATE}),
    "Job": (
        workload("Job", "batch/v1", parallelism=2, completions=2, completionMode="Indexed"),
        [SELECTING],
        {**NAMED, **MADE_BY_TEMPLATE, **{f"spec.{f}": ALL for f in ("parallelism", "completions", "completionMode", "template.spec.subdomain")}},
    ),
}
# From an API server; a namespace is there if its object is.
WATCHED = {"Service": {}, "headless Service": {}, "Pod": {}, "EndpointSlice": {}, "Namespace": {"metadata.name": ALL}, "ServiceImport": {}}
SELF = {"apiVersion": ALL, "kind": ALL}  # what it is, which a manifest alone is asked


def fields(value, path=""):
    """Every member and item, with the way to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        way = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key
        yield way, (key,), child
        for inner, keys, grandchild in fields(child, way):
            yield inner, (key, *keys), grandchild


def nonsense(value):
    yield from (7, True, "Unheard-of", ["x"], {"x": "y"}, None, HUGE)
    yield type(value)()
    if isinstance(value, dict):
        yield {**value, "x-new": {"deep": [1, None]}}
    if isinstance(value, list):
        yield [*value, None, 7]


def with_value(obj, keys, value):
    obj = copy.deepcopy(obj)
    parent = obj
    for key in keys[:-1]:
        parent = parent[key]
    parent[keys[-1]] = value
    return obj


def related(a, b):
    return a.lstrip("=") == b or a.startswith((b + ".", b + "[")) or b.startswith((a + ".", a + "["))


class World:
    def __init__(self, number, example, odd=None):
        obj, others, _ = EXAMPLES[example]
        self.ns, self.odd = f"w{number}", odd
        self.good = self.put_in(obj)
        self.others = [self.put_in(o) for o in others]
        self.object = with_value(self.good, *odd[1:]) if odd else self.good

    def put_in(self, obj):
        key = "name" if obj["kind"] == "Namespace" else "namespace"
        return {**obj, "metadata": {**obj["metadata"], key: self.ns}}


def worlds_of(example):
    plain = World(0, example)
    number = 0
    yield plain
    for path, keys, value in fields(plain.good):
        for wrong in nonsense(value):
            if wrong != value or type(wrong) is not type(value):
                number += 1
                yield World(number, example, (path, keys, wrong))


def records_by_world(text, masked):
    """{namespace: the records below it}; masked: addresses are made up from the namespace, so that one stands for any."""
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith((";", "$")):
            continue
        name, _, _, rdtype, rdata = line.split(None, 4)
        head, _, zone = name.rpartition(".svc.")
        labels = head.split(".")
        if not zone or rdtype not in ("A", "AAAA", "SRV", "CNAME"):
            continue
        ns = labels.pop()
        if rdtype == "SRV":
            _, _, port, target = rdata.split()
            rdata = f"{port} {target.split('.' + ns + '.')[0]}"
        owner = ".".join(labels)
        if masked:
            owner, rdata = (re.sub(r"\b\d+[-.]\d+[-.]\d+[-.]\d+\b", "-", text) for text in (owner, rdata))
        found.setdefault(ns, set()).add(f"{owner} {rdtype} {rdata}")
    return found


def check(example, worlds, text, makes, report):
    found = records_by_world(text, masked="template" in str(EXAMPLES[example][0]))
    base = found["w0"]
    lost = []
    assert base
    for world in worlds[1:]:
        path = world.odd[0]
        allowed = [p for field, patterns in makes.items() if related(field, path) for p in patterns]
        gone = {r for r in base - found.get(world.ns, set()) if not any(fnmatch.fnmatchcase(r, p) for p in allowed)}
        if gone:
            lost.append((path, world.odd[2], sorted(gone)))
    report(f"{example}: {len({w.odd[0] for w in worlds[1:]})} fields, {len(worlds) - 1} mutations, {sum(len(g) for _, _, g in lost)} names lost")
    assert not lost, "\n".join(map(str, lost[:40]))


@pytest.fixture
def report(capsys):
    def say(line):
        with capsys.disabled():
            print("\n" + line, end="")

    return say


@pytest.mark.parametrize("example", EXAMPLES)
def test_by_manifest(tmp_path, report, example):
    worlds = list(worlds_of(example))
    objects = [o for w in worlds for o in (*w.others, w.object)]
    done = harness.run_headns("dump", "--lenient", "--pod-cidr", "10.244.0.0/14", *ZONES, harness.write_manifest(tmp_path / "m.json", *objects))
    assert done.returncode == 0, done.stderr
    check(example, worlds, done.stdout, {**EXAMPLES[example][2], **SELF}, lambda line: report("by manifest: " + line))


@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed", "fetched"])
@pytest.mark.parametrize("example", WATCHED)
def test_by_watch(tmp_path, report, example, streams_lists):
    worlds = list(worlds_of(example))
    api = ApiServer(streams_lists=streams_lists)
    for world in worlds:
        api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.ns}}, *world.others, world.good)
        meta = world.good["metadata"]
        if world.odd:
            api.disguises[world.good["kind"], meta.get("namespace", ""), meta["name"]] = world.object
    done = harness.run_headns("dump", "--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"), *ZONES)
    api.stop()
    assert done.returncode == 0, done.stderr
    makes = {**EXAMPLES[example][2], **WATCHED[example]}
    if streams_lists:
        makes["kind"] = ALL  # items of a list have none; an event's object says it
    check(example, worlds, done.stdout, makes, lambda line: report(f"by watch, {'streamed' if streams_lists else 'fetched'}: " + line))
