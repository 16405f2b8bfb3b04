"""A real control plane: etcd, kube-apiserver, kube-controller-manager, each to be killed and started again. Inside the namespaces that
`inside` makes, where the ports are free and everything ends in the end."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import certificates
from client import Api, ApiError, path_of

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("HEADNS_CLUSTER_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "headns-cluster"))
STATE = Path(os.environ.get("HEADNS_CLUSTER_STATE") or ROOT / "build" / "cluster")
PATIENCE_S = 120  # for a start on a busy machine; nothing but a failure waits this long
ETCD, API = ("127.0.0.1", 2379), ("127.0.0.1", 6443)
NODE = "node-1"
# Those that make endpoints and pods, and that clear away what a namespace held. None that looks after nodes: there is no kubelet to be seen alive.
CONTROLLERS = (
    "endpoints-controller,endpointslice-controller,endpointslice-mirroring-controller,statefulset-controller,"
    "deployment-controller,replicaset-controller,namespace-controller,garbage-collector-controller"
)

# What headns may do: exactly this.
RULES = [
    {"apiGroups": [""], "resources": ["services", "endpoints", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]
RULES_WITHOUT_PODS = [{**rule, "resources": [r for r in rule["resources"] if r != "pods"]} for rule in RULES]


class Daemon:
    def __init__(self, name, *arguments):
        self.name = name
        self.command = [str(CACHE / "bin" / name), *arguments]
        self.process = None

    def start(self):
        assert self.process is None
        with open(STATE / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        """At once, as a crash would."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
            self.process = None


def wait_for(what, holds):
    """Until holds() is true; a server that is not there yet does not hold."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            if holds():
                return
            seen = "no"
        except (OSError, ApiError) as e:
            seen = e
        assert time.monotonic() < end, f"{what}: {seen}; logs are in {STATE}"
        time.sleep(0.02)


def etcd():
    client, peer = "http://{}:{}".format(*ETCD), f"http://{ETCD[0]}:{ETCD[1] + 1}"
    return Daemon(
        "etcd",
        *("--data-dir", str(STATE / "etcd"), "--unsafe-no-fsync", "--log-level", "warn", "--initial-cluster", "default=" + peer),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
    )


def api_server(pki):
    return Daemon(
        "kube-apiserver",
        "--etcd-servers=http://{}:{}".format(*ETCD),
        f"--secure-port={API[1]}",
        "--advertise-address=192.168.77.1",
        "--authorization-mode=RBAC",
        # Pods are made before their namespace has its default account, and no container is there to use it.
        "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.0.0.0/9,fd00:10:96::/112",  # kubeadm's 10.96.0.0/12 is in it
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/service-accounts.key",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
    )


# Kubernetes allows its controllers 20 requests/s; most tests have no time for that. Small slices make Services have several.
HASTY = ("--kube-api-qps=1000", "--kube-api-burst=1500", "--max-endpoints-per-slice=3")


def controller_manager(kubeconfig, pki, options):
    return Daemon(
        "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--root-ca-file={pki}/ca.crt",
        "--leader-elect=false",
        "--secure-port=0",
        "--use-service-account-credentials=true",  # each with the rights that Kubernetes gives it
        f"--service-account-private-key-file={pki}/service-accounts.key",
        f"--controllers={CONTROLLERS}",
        *options,
    )


class ControlPlane:
    def __init__(self, controller_options=HASTY):
        shutil.rmtree(STATE / "etcd", ignore_errors=True)
        self.pki = STATE / "pki"
        certificates.make_all(self.pki)
        self.etcd = etcd()
        self.api_server = api_server(self.pki)
        self.admin = self.client("admin")
        controllers = self.kubeconfig("controllers", {"client-certificate": f"{self.pki}/controllers.crt", "client-key": f"{self.pki}/controllers.key"})
        self.controllers = controller_manager(controllers, self.pki, controller_options)

    def start(self):
        for log in STATE.glob("*.log"):
            log.unlink()
        self.etcd.start()
        self.api_server.start()
        self.wait_ready()
        self.start_controllers()
        self.admin.create({"kind": "Node", "metadata": {"name": NODE}})
        self.allow("headns", RULES)
        self.allow("headns-without-pods", RULES_WITHOUT_PODS)

    def stop(self):
        for daemon in (self.controllers, self.api_server, self.etcd):
            daemon.stop()

    def client(self, name=None, token=None):
        cert = (self.pki / f"{name}.crt", self.pki / f"{name}.key") if name else None
        return Api(API, self.pki / "ca.crt", cert=cert, token=token)

    def wait_ready(self):
        wait_for("the API server is ready", lambda: self.admin.call("GET", "/readyz") == b"ok")

    def start_controllers(self):
        """And waits until they make a slice; before that they give up if they lose the API server."""
        self.controllers.start()
        meta = {"name": "controllers-are-there", "namespace": "default"}
        wanted = {"kind": "Service", "metadata": meta, "spec": {"selector": {"app": "none"}, "ports": [{"port": 80}]}}
        self.admin.create(wanted)
        wait_for("the controllers make slices", lambda: any(meta["name"] in s["metadata"]["name"] for s in self.admin.items("EndpointSlice", "default")))
        self.admin.delete(wanted)

    def allow(self, account, rules):
        """A service account in kube-system, and a user with a certificate of that name, that may do this, and no more."""
        wait_for("kube-system is there", lambda: self.admin.get("Namespace", name="kube-system"))
        self.admin.create({"kind": "ServiceAccount", "metadata": {"name": account, "namespace": "kube-system"}})
        self.admin.create({"kind": "ClusterRole", "metadata": {"name": account}, "rules": rules})
        self.admin.create(
            {
                "kind": "ClusterRoleBinding",
                "metadata": {"name": account},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": account},
                "subjects": [
                    {"kind": "ServiceAccount", "name": account, "namespace": "kube-system"},
                    {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": account},
                ],
            }
        )

    def token(self, account, bound_to=None):
        """A token of that account, for an hour, or until what it is bound to is deleted."""
        spec = {"expirationSeconds": 3600}
        if bound_to:
            meta = bound_to["metadata"]
            spec["boundObjectRef"] = {"kind": bound_to["kind"], "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        path = path_of("ServiceAccount", "kube-system", account, "token")
        return self.admin.call("POST", path, {"spec": spec})["status"]["token"]

    def kubeconfig(self, name, user):
        """Writes one for this user, as JSON, which is YAML too."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://{}:{}".format(*API), "certificate-authority": f"{self.pki}/ca.crt"}}],
            "users": [{"name": "u", "user": user}],
        }
        path = STATE / f"{name}.kubeconfig"
        path.write_text(json.dumps(config, indent=1))
        return path

    def headns_options(self, mode, account="headns"):
        """What makes `headns serve` follow this cluster, its endpoints from "pods" or "slices"."""
        return ("--kubeconfig", self.kubeconfig(account, {"token": self.token(account)}), "--set", f"kubernetes.endpoints={mode}")
