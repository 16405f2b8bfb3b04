"""What a cluster's controllers would have made of manifests: the pods of workloads, and which Pods of the input are among them."""

import pytest

import harness
from harness import as_list, pod, service, stateful_set, write_manifest

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"name": "web", "containerPort": 80}]}]}}


def workload(kind, name="web", *, version="apps/v1", meta=None, selector=None, template=None, **spec):
    selector = {"matchLabels": LABELS} if selector is None else selector
    spec = {**({"selector": selector} if selector else {}), "template": template or TEMPLATE, **spec}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **(meta or {})}, "spec": spec}


def job(name="example-job", *, pod_spec=None, **spec):
    template = {"spec": {"subdomain": "headless", "restartPolicy": "Never", "containers": [{"name": "c", "image": "bash"}], **(pod_spec or {})}}
    return workload("Job", name, version="batch/v1", selector=False, template=template, **spec)


def node(name, address, labels=None):
    addresses = [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": address}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels or {}}, "status": {"addresses": addresses}}


def by_hand(name, labels=LABELS, **spec):
    """A Pod that nobody owns and no cluster has run."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def owned(kind, name, real):
    real["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": True}]
    return real


@pytest.fixture
def serving(serve, tmp_path):
    return lambda *objects: serve(write_manifest(tmp_path / "m.yaml", *objects))


WEB = service("web", selector=LABELS)

# The endpoints of a headless Service that selects all of it.
COUNTS = [
    ("a Deployment", 3, [workload("Deployment", replicas=3)]),
    ("a hand-made Pod beside a Deployment", 4, [workload("Deployment", replicas=3), by_hand("debug")]),
    ("one that ran", 4, [workload("Deployment", replicas=3), pod("debug", "10.7.0.1", labels=LABELS)]),
    ("a ReplicaSet adopts it", 3, [workload("ReplicaSet", replicas=3), by_hand("debug")]),
    ("and makes no more than it lacks", 4, [workload("ReplicaSet", replicas=3), *(by_hand(f"p{i}") for i in range(4))]),
    ("one ReplicaSet of two", 5, [workload("ReplicaSet", "a", replicas=3), workload("ReplicaSet", "b", replicas=2), by_hand("debug")]),
    ("a ReplicationController", 2, [workload("ReplicationController", version="v1", selector=LABELS, replicas=2)]),
    ("whose selector is the template's labels", 2, [workload("ReplicationController", version="v1", selector=False, replicas=2), by_hand("debug")]),
    ("a StatefulSet and a Pod that it would not make", 4, [stateful_set("web", 3), by_hand("debug")]),
    ("a StatefulSet and a Pod beyond it", 4, [stateful_set("web", 3), by_hand("web-7")]),
    ("a Deployment that was observed", 1, [workload("Deployment", replicas=3), owned("ReplicaSet", "web-5d", pod("web-5d-x", "10.7.0.1", labels=LABELS))]),
    ("a ReplicaSet that was observed", 1, [workload("ReplicaSet", replicas=3), owned("ReplicaSet", "web", pod("web-x", "10.7.0.1", labels=LABELS))]),
    ("a DaemonSet", 1, [workload("DaemonSet")]),
    ("on Nodes", 2, [workload("DaemonSet"), node("a", "192.0.2.1"), node("b", "192.0.2.2")]),
    ("that was observed", 1, [workload("DaemonSet"), node("a", "192.0.2.1"), node("b", "192.0.2.2"), owned("DaemonSet", "web", pod("web-x", "10.7.0.1", labels=LABELS))]),
    ("a Job", 1, [workload("Job", version="batch/v1", selector=False, completions=3)]),
    ("a Job's parallel pods", 2, [workload("Job", version="batch/v1", selector=False, completions=3, parallelism=2)]),
    ("of which no more than are wanted", 3, [workload("Job", version="batch/v1", selector=False, completions=3, parallelism=20)]),
    ("a suspended Job", 0, [workload("Job", version="batch/v1", selector=False, parallelism=2, suspend=True)]),
    ("a CronJob", 0, [{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}}}]),
]


@pytest.mark.parametrize("count, objects", [pytest.param(*row[1:], id=row[0]) for row in COUNTS])
def test_how_many(serving, count, objects):
    assert len(serving(WEB, *objects).addresses_of("web.default.svc")) == count


def test_an_old_replica_set_and_a_new_one(serving):
    """As a dump has them: the Deployment's pods are the new one's."""
    owner = {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d1", "controller": True}]}
    sets = [
        workload("ReplicaSet", f"web-{h}", meta=owner, selector={"matchLabels": {**LABELS, "pod-template-hash": h}}, replicas=n)
        for h, n in (("5d", 2), ("4c", 0))
    ]
    assert len(serving(as_list(WEB, workload("Deployment", replicas=2, meta={"uid": "d1"}), *sets)).addresses_of("web.default.svc")) == 2


def test_an_indexed_job(serving):
    """Kubernetes, Job with Pod-to-Pod Communication."""
    server = serving(service("headless", selector={"job-name": "example-job"}), job(completions=3, parallelism=3, completionMode="Indexed"))
    names = {n: server.addresses_of(f"example-job-{n}.headless.default.svc") for n in range(4)}
    assert [len(names[n]) for n in range(4)] == [1, 1, 1, 0]
    assert server.addresses_of("headless.default.svc") == names[0] | names[1] | names[2]


def test_the_labels_of_a_job(serving):
    labels = {"batch.kubernetes.io/job-name": "example-job", "controller-uid": "u-7", "batch.kubernetes.io/job-completion-index": "1"}
    example = job(completions=3, parallelism=3, completionMode="Indexed")
    example["metadata"]["uid"] = "u-7"
    server = serving(service("headless", selector=labels), example)
    assert len(server.addresses_of("headless.default.svc")) == 1
    assert server.addresses_of("example-job-1.headless.default.svc") and not server.addresses_of("example-job-0.headless.default.svc")


def test_a_daemon_set_has_the_addresses_of_its_nodes(serving):
    """Those that it wants; a hostPort's owner is found by its Node's address."""
    template = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "hostNetwork": True, "nodeSelector": {"kubernetes.io/os": "linux", "disk": "ssd"}}}
    nodes = [node("a", "192.0.2.1", {"disk": "ssd"}), node("b", "192.0.2.2"), node("c", "192.0.2.3", {"disk": "ssd", "kubernetes.io/os": "windows"})]
    server = serving(WEB, workload("DaemonSet", template=template), *nodes)
    assert server.addresses_of("web.default.svc") == {"192.0.2.1"}
    assert server.addresses_of("_web._tcp.web.default.svc", "SRV") == {"0 100 80 192-0-2-1.web.default.svc.cluster.local."}


def test_a_node_more_leaves_the_other_pods_as_they_are(serve, tmp_path):
    objects = [WEB, workload("DaemonSet"), *(node(n, "192.0.2.1") for n in ("b", "c"))]
    before = serve(write_manifest(tmp_path / "before.yaml", *objects)).addresses_of("web.default.svc")
    after = serve(write_manifest(tmp_path / "after.yaml", node("a", "192.0.2.1"), *objects)).addresses_of("web.default.svc")
    assert before < after and len(after) == 3


def test_a_stateful_set_some_of_whose_pods_are_there(serving):
    """By their names; what is there keeps its address, the others are made up."""
    there = pod("web-0", "10.7.0.1", labels=LABELS, hostname="web-0", subdomain="web")
    server = serving(WEB, stateful_set("web", 3), there)
    assert server.addresses_of("web-0.web.default.svc") == {"10.7.0.1"}
    assert len(server.addresses_of("web.default.svc")) == 3 and len(server.addresses_of("web-2.web.default.svc")) == 1


@pytest.mark.parametrize("policy, families", [("PreferDualStack", 2), ("RequireDualStack", 2), ("SingleStack", 1), (None, 1)])
@pytest.mark.parametrize("headless", [False, True])
def test_families_by_policy(serving, policy, families, headless):
    spec = {"ipFamilyPolicy": policy} if policy else {}
    server = serving(service("web", selector=LABELS, headless=headless, **spec), workload("Deployment"))
    assert len(server.addresses_of("web.default.svc")) == 1
    assert len(server.addresses_of("web.default.svc", "AAAA")) == families - 1


def test_the_other_family_of_a_service_with_an_address(serving):
    server = serving(service("web", headless=False, cluster_ip="fd00::7", ipFamilyPolicy="RequireDualStack"))
    assert server.addresses_of("web.default.svc", "AAAA") == {"fd00::7"}
    (address,) = server.addresses_of("web.default.svc")
    assert harness.answer_set(server.ask(".".join(reversed(address.split("."))) + ".in-addr.arpa.", "PTR"), "PTR") == {"web.default.svc.cluster.local."}


# --- what the log says ---


def said(serving, *objects):
    """The lines of the start, but the last."""
    return [line for line in serving(*objects).stop().splitlines() if "serving" not in line]


JOB_SET = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": {"name": "coordinator"},
    "spec": {"replicatedJobs": [{"name": "driver", "template": {"spec": {"template": TEMPLATE}}}]},
}


def test_custom_kinds_are_named(serving):
    """Once each, also where one's name is in another's."""
    kinds = [("argoproj.io/v1alpha1", "Rollout"), ("batch.volcano.sh/v1alpha1", "Job"), ("batch.volcano.sh/v1alpha1", "Job")]
    others = [{**JOB_SET, "metadata": {"name": "b"}}, *({**JOB_SET, "apiVersion": version, "kind": kind} for version, kind in kinds)]
    (line,) = said(serving, WEB, JOB_SET, *others)
    assert line.startswith("headns: info: ")
    assert "m.yaml:23: the pods that controllers make of JobSet, Rollout, Job are not known: give them too" in line


def test_custom_kinds_of_a_cluster_need_no_word(serving):
    assert said(serving, WEB, JOB_SET, owned("Job", "driver-0", pod("p", "10.7.0.1", labels=LABELS))) == []


def hook(event, o):
    return {**o, "metadata": {**o["metadata"], "annotations": {"helm.sh/hook": event}}}


def test_hooks_are_left_out(serve, tmp_path):
    """Those that helm install does not make, and what has ended when it has."""
    objects = [hook("test", by_hand("t")), hook("pre-delete", service("gone")), hook("pre-install", service("kept", headless=False, cluster_ip="10.0.0.7")), hook("post-install", job("j"))]
    server = serve(write_manifest(tmp_path / "m.yaml", WEB, workload("Deployment", replicas=2), *objects))
    assert len(server.addresses_of("web.default.svc")) == 2
    assert server.log.wait("info: .*left out 3 objects with helm.sh/hook")
    assert harness.found(server, "gone.default.svc") == "NXDOMAIN" and harness.found(server, "kept.default.svc") == {"10.0.0.7"}


@pytest.mark.parametrize("list_kind", ["List", "StatefulSetList"])
def test_a_stateful_set_whose_service_is_not_there(serving, list_kind):
    """The most frequent reason why web-0.nginx does not resolve."""
    listed = {**as_list({**stateful_set("web", 1), "spec": {**stateful_set("web", 1)["spec"], "serviceName": "nginx"}}), "kind": list_kind}
    listed["apiVersion"] = "v1" if list_kind == "List" else "apps/v1"
    (line,) = said(serving, service("nginx2", selector=LABELS), listed)
    assert line.startswith("headns: warning: ") and "StatefulSet default/web: spec.serviceName: Service nginx is not in the input" in line
    assert line.endswith("so web-0.nginx will not resolve; is nginx2 meant?")


def test_what_helm_makes(serve):
    """The chart's test Pod has the labels of its Deployment, and is neither one of its pods nor in their stead."""
    path = harness.ROOT / "tests" / "blackbox" / "manifests" / "helm-create.yaml"
    server = serve("--no-cluster-services", path)
    assert "serving 1 service, 3 endpoints" in server.start_line
    assert server.log.wait("info: .*left out 1 object with helm.sh/hook")
    headless = path.read_text().replace("type: ClusterIP", "clusterIP: None")
    assert len(serve("-", stdin=headless).addresses_of("web-mychart.default.svc")) == 3


# --- what every cluster has ---

API, DNS = "kubernetes.default.svc", "kube-dns.kube-system.svc"
SRV = {
    f"_https._tcp.{API}": {f"0 100 443 {API}.cluster.local."},
    f"_dns._udp.{DNS}": {f"0 100 53 {DNS}.cluster.local."},
    f"_dns-tcp._tcp.{DNS}": {f"0 100 53 {DNS}.cluster.local."},
}


@pytest.mark.parametrize("options, api, dns", [((), "10.0.0.1", "10.0.0.10"), (("--service-cidr", "10.96.0.0/12"), "10.96.0.1", "10.96.0.10")])
def test_the_services_of_every_cluster(serve, tmp_path, options, api, dns):
    server = serve(*options, write_manifest(tmp_path / "m.yaml", WEB))
    assert [harness.found(server, name) for name in (API, DNS, "default.svc", "kube-system.svc")] == [{api}, {dns}, "NOERROR", "NOERROR"]
    assert {name: harness.found(server, name, "SRV") for name in SRV} == SRV
    assert harness.found(server, ".".join(reversed(dns.split("."))) + ".in-addr.arpa.", "PTR") == {f"{DNS}.cluster.local."}
    assert "serving 3 services" in server.start_line


def seen(o):
    return {**o, "metadata": {**o["metadata"], "uid": "5b1f6f6e-6a0b-4b0e-9d0e-0b8d3c2a1e01", "resourceVersion": "4"}}


CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
NOT_ADDED = [
    ("options", ("--no-cluster-services",), [WEB]),
    ("a dump", (), [as_list(seen(WEB))]),
    ("a dump of which one object is of another kind", (), [WEB, seen(CONFIG_MAP)]),
    ("pods that ran", (), [WEB, pod("web-0", "10.7.0.1", labels=LABELS)]),
    ("a small range", ("--service-cidr", "10.0.0.0/29"), [WEB]),
]


@pytest.mark.parametrize("options, objects", [pytest.param(*row[1:], id=row[0]) for row in NOT_ADDED])
def test_where_they_are_not_added(serve, tmp_path, options, objects):
    server = serve(*options, write_manifest(tmp_path / "m.yaml", *objects))
    assert [harness.found(server, name) for name in (API, DNS, "kube-system.svc")] == ["NXDOMAIN"] * 3


def test_those_of_the_input_count(serving):
    own = service("kubernetes", headless=False, cluster_ip="10.0.0.7", ports=(("api", 6443),))
    server = serving(own, service("kube-dns", "kube-system", selector={"k8s-app": "coredns"}))
    assert harness.found(server, API) == {"10.0.0.7"} and harness.found(server, f"_https._tcp.{API}", "SRV") == "NXDOMAIN"
    assert harness.found(server, DNS) == "NXDOMAIN"  # headless, and without endpoints


def test_addresses_of_the_input_are_not_taken(serving):
    taken = [service("web", headless=False, cluster_ip="10.0.0.10"), node("a", "10.0.0.1")]
    server = serving(*taken)
    assert harness.found(server, "web.default.svc") == {"10.0.0.10"}
    assert harness.found(server, DNS) not in ({"10.0.0.10"}, "NXDOMAIN") and harness.found(server, API) not in ({"10.0.0.1"}, "NXDOMAIN")


def test_kube_dns_has_the_pods_of_the_input(serving):
    """Its selector is the usual one."""
    server = serving(workload("Deployment", "coredns", meta={"namespace": "kube-system"}, selector={"matchLabels": {"k8s-app": "kube-dns"}}, template={"metadata": {"labels": {"k8s-app": "kube-dns"}}}))
    assert "serving 2 services, 1 endpoint" in server.start_line


def test_a_reload_keeps_them(serve, tmp_path):
    path = write_manifest(tmp_path / "m.yaml", WEB)
    server = serve(path)
    write_manifest(tmp_path / "next", WEB, service("more", headless=False, cluster_ip="10.0.0.9")).rename(path)
    harness.until(server, "more.default.svc", {"10.0.0.9"})
    assert harness.found(server, API) == {"10.0.0.1"}
    write_manifest(tmp_path / "next", seen(WEB)).rename(path)
    harness.until(server, API, "NXDOMAIN")
