"""What deploy/ installs: taken by a real API server, the same by every way, and no more than an image changed where CoreDNS was."""

import copy
import json
import os
import subprocess

import pytest
import yaml
from controlplane import CACHE, ROOT, RULES, RULES_WITHOUT_PODS, wait_for

from harness import run_headns

DEPLOY = ROOT / "deploy"
KUBERNETES = "1.37.2"  # what mod/kubernetes/go.mod pins


def program(name, *arguments, stdin=None, env=None):
    command = [str(CACHE / "bin" / name), *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, env={**os.environ, **(env or {})}, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def rendered(*options):
    arguments = ("--kube-version", KUBERNETES, "--namespace", "kube-system", "headns", DEPLOY / "chart", *options)
    return program("helm", "template", *arguments)


def objects_of(text):
    return {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(text) if o}


@pytest.fixture(scope="module")
def kubectl(plane):
    user = {"client-certificate": f"{plane.pki}/admin.crt", "client-key": f"{plane.pki}/admin.key"}
    kubeconfig = plane.kubeconfig("admin", user)

    def kubectl(*arguments, **options):
        return program("kubectl", *arguments, env={"KUBECONFIG": str(kubeconfig)}, **options)

    kubectl.kubeconfig = kubeconfig
    return kubectl


# --- taken ---


@pytest.mark.parametrize("how", [("-k", "base"), ("-f", "headns.yaml")], ids=lambda how: how[1])
def test_an_api_server_takes_it(kubectl, how):
    said = kubectl("apply", "--dry-run=server", how[0], DEPLOY / how[1])
    assert said.count("(server dry run)") == 7, said


CHART = {
    "defaults": (),
    "slices": ("--set", "endpoints=slices"),
    "everything": (
        *("--set", "snapshot=true", "--set", "settings.zonal=", "--set-string", "settings.max_answers=48"),
        *("--set", "image.repository=registry.example/headns", "--set", "image.tag=1", "--set", "imagePullSecrets[0].name=registry"),
        *("--set", "service.clusterIP=", "--set", "service.spec.ipFamilyPolicy=PreferDualStack", "--set", "podAnnotations.a=b"),
        *("--set", "podDisruptionBudget.maxUnavailable=50%", "--set", "replicas=3", "--set", "nodeSelector=null", "--set", "tolerations=null"),
        *("--set-json", 'affinity={"nodeAffinity": {}}', "--set", "clusterDomain=example.org", "--set", "forward={192.0.2.1,192.0.2.2}"),
        *("--set-json", 'topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]'),
    ),
    "a whole Corefile": ("--set-string", "corefile=.:53 {\n    whoami\n}\n", "--set", "podDisruptionBudget.enabled=false"),
}


@pytest.mark.parametrize("options", CHART.values(), ids=CHART)
def test_an_api_server_takes_the_chart(kubectl, options):
    text = rendered(*options)
    said = kubectl("apply", "--dry-run=server", "-f", "-", stdin=text)
    assert said.count("(server dry run)") == len(objects_of(text)), said


@pytest.mark.parametrize("options", CHART.values(), ids=CHART)
def test_helm_finds_nothing_wrong(options):
    program("helm", "lint", "--strict", "--kube-version", KUBERNETES, DEPLOY / "chart", *options)


def test_the_chart_says_what_is_wrong():
    with pytest.raises(AssertionError, match="endpoints is pods or slices"):
        rendered("--set", "endpoints=endpoints")


# --- the same ---


def test_the_one_file_is_the_base():
    text = (DEPLOY / "headns.yaml").read_text()
    comment, rest = text.split("\n\n", 1)
    assert all(line.startswith("#") for line in comment.splitlines())
    assert rest == program("kubectl", "kustomize", DEPLOY / "base"), "kubectl kustomize deploy/base makes another: see the head of deploy/headns.yaml"


def without_release(obj):
    """Without what only tells who installed it."""
    obj = copy.deepcopy(obj)
    labels = obj["metadata"]["labels"]
    for name in ("app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"):
        labels.pop(name)
    if obj["kind"] == "Service":
        labels.pop("app.kubernetes.io/name")
    if obj["kind"] == "Deployment":
        assert obj["spec"]["template"]["spec"].pop("terminationGracePeriodSeconds") == 30  # what it is where nothing is said
    return obj


def test_the_chart_installs_the_same():
    chart = {key: without_release(obj) for key, obj in objects_of(rendered()).items()}
    assert chart == objects_of((DEPLOY / "headns.yaml").read_text())


def test_it_may_do_what_it_needs_and_nothing_else():
    def allowed(rules):
        return {(g, r, v) for rule in rules for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}

    role = objects_of((DEPLOY / "headns.yaml").read_text())["ClusterRole", "headns"]
    assert allowed(role["rules"]) == allowed(RULES)
    role = objects_of(rendered("--set", "endpoints=slices"))["ClusterRole", "headns"]
    assert allowed(role["rules"]) == allowed(RULES_WITHOUT_PODS)


@pytest.mark.parametrize("options", CHART.values(), ids=CHART)
def test_headns_reads_what_the_chart_gives_it(options, tmp_path):
    objects = objects_of(rendered(*options))
    corefile = tmp_path / "Corefile"
    corefile.write_text(objects["ConfigMap", "headns"]["data"]["Corefile"])
    (container,) = objects["Deployment", "headns"]["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e["value"] for e in container.get("env", [])}
    done = run_headns("check", "--conf", corefile, env=env)
    assert done.returncode == 0, done.stderr


# --- in CoreDNS's place ---


KUBEADM = {
    # Without the address it looks for a route outside.
    "InitConfiguration": {"localAPIEndpoint": {"advertiseAddress": "192.168.77.1"}, "patches": {"directory": "."}},
    "ClusterConfiguration": {"kubernetesVersion": KUBERNETES, "networking": {"serviceSubnet": "10.96.0.0/12"}},
}


@pytest.fixture
def kubeadm(kubectl, tmp_path):
    """Installs what kubeadm installs; again: what it does at an upgrade. Whether it did, and what it said."""
    config, patches = tmp_path / "kubeadm.yaml", tmp_path / "patches"
    patches.mkdir()
    config.write_text("---\n".join(json.dumps({"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": kind, **rest}) + "\n" for kind, rest in KUBEADM.items()))

    def install():
        command = [CACHE / "bin/kubeadm", "init", "phase", "addon", "coredns", "--kubeconfig", kubectl.kubeconfig, "--config", config]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=patches)
        return done.returncode == 0, done.stderr

    install.patches = patches
    yield install
    kubectl("-n", "kube-system", "delete", "--ignore-not-found", "deployment/coredns", "service/kube-dns", "configmap/coredns")


def deployment(kubectl):
    found = json.loads(kubectl("-n", "kube-system", "get", "deployment", "coredns", "-o", "json"))
    return found["metadata"]["generation"], found["spec"]


def with_image(spec, image):
    spec = copy.deepcopy(spec)
    (container,) = spec["template"]["spec"]["containers"]
    container["image"] = image
    return spec


def is_rolled_out(kubectl):
    """As far as it can be without a kubelet: the controller has made the ReplicaSet, to which one can go back."""
    found = json.loads(kubectl("-n", "kube-system", "get", "deployment", "coredns", "-o", "json"))
    return found.get("status", {}).get("observedGeneration", 0) >= found["metadata"]["generation"]


def test_only_the_image_changes_and_it_goes_back(kubectl, kubeadm):
    done, why = kubeadm()
    assert done, why
    wait_for("the first ReplicaSet is there", lambda: is_rolled_out(kubectl))
    _, before = deployment(kubectl)
    said = kubectl("apply", "--dry-run=server", "-k", DEPLOY / "replace-coredns")
    assert "deployment.apps/coredns configured (server dry run)" in said
    assert deployment(kubectl)[1] == before

    kubectl("apply", "-k", DEPLOY / "replace-coredns")
    assert deployment(kubectl)[1] == with_image(before, "headns:0.1.0")
    wait_for("the second ReplicaSet is there", lambda: is_rolled_out(kubectl))
    kubectl("-n", "kube-system", "rollout", "undo", "deployment/coredns")
    assert deployment(kubectl)[1] == before


def test_what_kubeadm_does_at_an_upgrade(kubectl, kubeadm):
    """It takes the image's tag for a version of CoreDNS, and can be told another image. docs/operating.md says what follows."""
    done, why = kubeadm()
    assert done, why
    _, before = deployment(kubectl)
    kubectl("apply", "-k", DEPLOY / "replace-coredns")
    done, why = kubeadm()
    assert not done and "start version '0.1.0' not supported" in why
    assert deployment(kubectl)[1] == with_image(before, "headns:0.1.0")

    tag = before["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
    kubectl("-n", "kube-system", "set", "image", "deployment/coredns", f"coredns=registry.example/headns:{tag}")
    done, why = kubeadm()
    assert done, why
    assert deployment(kubectl)[1] == before

    image = f"registry.example/headns:{tag}"
    change = {"spec": {"template": {"spec": {"containers": [{"name": "coredns", "image": image}]}}}}
    (kubeadm.patches / "corednsdeployment.json").write_text(json.dumps(change))
    done, why = kubeadm()
    assert done, why
    assert deployment(kubectl)[1] == with_image(before, image)
