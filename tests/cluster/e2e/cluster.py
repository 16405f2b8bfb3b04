"""A cluster of one node as kubeadm would set it up: etcd, API server, controllers, scheduler, kubelet, kube-proxy and containerd. On the machine
that `inside` makes, where everything ends in the end."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import certificates
import controlplane
import images
import yaml
from client import Api
from controlplane import CACHE, NODE, STATE, Daemon, wait_for

BIN = CACHE / "bin"
CLIENTS = Path(os.environ.get("HEADNS_CLIENTS") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headns-tests")
ADDRESS, API_PORT = "192.168.77.1", 6443
SERVICES, PODS, DNS = "10.0.0.0/24", "10.244.1.0/24", "10.0.0.10"
GROUP = os.environ["HEADNS_CGROUP"]
RUNTIME = "/run/containerd/containerd.sock"

SERVER_NAMES = f"DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:10.0.0.1,IP:{ADDRESS}"
SUBJECTS = {
    "apiserver": ("/CN=kube-apiserver", f"extendedKeyUsage=serverAuth\nsubjectAltName={SERVER_NAMES}"),
    "kubelet-server": (f"/O=system:nodes/CN=system:node:{NODE}", f"extendedKeyUsage=serverAuth\nsubjectAltName=DNS:{NODE},IP:{ADDRESS}"),
    "admin": ("/O=system:masters/CN=admin", certificates.CLIENT),
    "to-kubelet": ("/O=system:masters/CN=to-kubelet", certificates.CLIENT),
    "controllers": ("/CN=system:kube-controller-manager", certificates.CLIENT),
    "scheduler": ("/CN=system:kube-scheduler", certificates.CLIENT),
    "kubelet": (f"/O=system:nodes/CN=system:node:{NODE}", certificates.CLIENT),
    "proxy": ("/CN=system:kube-proxy", certificates.CLIENT),
}

BUSYBOX = "localhost/busybox:1.35"  # Debian's
OLD_BUSYBOX = "localhost/busybox:1.28"  # with the nslookup of the image that the tutorials name
HEADNS = "localhost/headns:1"
# As Kubernetes' tests name them (test/utils/image/manifest.go there).
TEST_IMAGES = [f"registry.k8s.io/e2e-test-images/{name}" for name in ("agnhost:2.66.1", "glibc-dns-testing:2.1.1")]

CONTAINERD = f"""\
version = 2
[grpc]
  address = "{RUNTIME}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  # Without CAP_SYS_RESOURCE no oom_score_adj can be lowered, and runc gives up.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/cni"
"""

NETWORK = {
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]},
        }
    ],
}
DEPLOY = controlplane.ROOT / "deploy"


def deployed_image():
    """What deploy/ calls headns's image, as containerd spells it out."""
    manifest = (DEPLOY / "headns.yaml").read_text()
    return "docker.io/library/" + re.search(r"image: (headns:\S+)", manifest)[1]


class Cluster:
    """admin is a client of its API; its methods leave things to kubectl where users would."""

    def __init__(self):
        self.pki = STATE / "pki"
        STATE.mkdir(parents=True, exist_ok=True)
        for log in STATE.glob("*.log"):
            log.unlink()
        shutil.rmtree(STATE / "etcd", ignore_errors=True)
        certificates.make_all(self.pki, SUBJECTS)
        self.admin = Api((ADDRESS, API_PORT), self.pki / "ca.crt", cert=(self.pki / "admin.crt", self.pki / "admin.key"))
        self.kubeconfigs = {user: self._kubeconfig(user) for user in ("admin", "controllers", "scheduler", "kubelet", "proxy")}
        self.resolv_conf = STATE / "node-resolv.conf"
        self.daemons = {}

    # --- files ---

    def _kubeconfig(self, user):
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"https://{ADDRESS}:{API_PORT}", "certificate-authority": f"{self.pki}/ca.crt"}}],
            "users": [{"name": "u", "user": {"client-certificate": f"{self.pki}/{user}.crt", "client-key": f"{self.pki}/{user}.key"}}],
        }
        return self._file(f"{user}.conf", config)

    @staticmethod
    def _file(name, content):
        path = STATE / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    def _kubelet_config(self):
        return self._file(
            "kubelet.yaml",
            {
                "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "kind": "KubeletConfiguration",
                "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}, "x509": {"clientCAFile": f"{self.pki}/ca.crt"}},
                "authorization": {"mode": "Webhook"},
                "tlsCertFile": f"{self.pki}/kubelet-server.crt",
                "tlsPrivateKeyFile": f"{self.pki}/kubelet-server.key",
                "cgroupDriver": "cgroupfs",
                "cgroupRoot": "/" + GROUP,
                "failCgroupV1": False,
                "clusterDNS": [DNS],
                "clusterDomain": "cluster.local",
                "resolvConf": str(self.resolv_conf),
                "containerRuntimeEndpoint": "unix://" + RUNTIME,
                "failSwapOn": False,
                "imageGCHighThresholdPercent": 100,
                "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
                "serializeImagePulls": False,
            },
        )

    def _proxy_config(self):
        return self._file(
            "kube-proxy.yaml",
            {
                "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
                "kind": "KubeProxyConfiguration",
                "mode": "nftables",
                "clusterCIDR": PODS,
                "hostnameOverride": NODE,
                "clientConnection": {"kubeconfig": str(self.kubeconfigs["proxy"])},
                "conntrack": {"maxPerCore": 0, "min": 0},
            },
        )

    # --- daemons ---

    def _as(self, user):
        """The options of a controller that is this user."""
        config = self.kubeconfigs[user]
        return [f"--{what}={config}" for what in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")] + ["--leader-elect=false"]

    def _api_server(self):
        pki = self.pki
        return Daemon(
            "kube-apiserver",
            "--etcd-servers=http://{}:{}".format(*controlplane.ETCD),
            f"--secure-port={API_PORT}",
            f"--advertise-address={ADDRESS}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-cluster-ip-range={SERVICES}",
            f"--client-ca-file={pki}/ca.crt",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={pki}/service-accounts.key",
            f"--service-account-signing-key-file={pki}/service-accounts.key",
            f"--kubelet-client-certificate={pki}/to-kubelet.crt",
            f"--kubelet-client-key={pki}/to-kubelet.key",
            f"--kubelet-certificate-authority={pki}/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
        )

    def _controller_manager(self):
        return Daemon(
            "kube-controller-manager",
            *self._as("controllers"),
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self.pki}/service-accounts.key",
            f"--root-ca-file={self.pki}/ca.crt",
        )

    def _start(self, daemon, what=None, holds=None):
        self.daemons[daemon.name] = daemon
        daemon.start()
        if what:
            wait_for(what, holds)

    def start(self):
        began = time.monotonic()
        self._file("node-resolv.conf", f"nameserver {ADDRESS}\n")
        Path("/run/cni").mkdir()
        Path("/run/cni/10-pods.conflist").write_text(json.dumps(NETWORK))
        containerd = Daemon("containerd", "-c", self._file("containerd.toml", CONTAINERD))
        containerd.command[0] = "containerd"
        self._start(controlplane.etcd())
        self._start(containerd)
        self._start(self._api_server())
        wait_for("containerd answers", lambda: subprocess.run(["ctr", "version"], capture_output=True).returncode == 0)
        self._import_images()
        wait_for("the API server is ready", self.api_ready)
        self._start(self._controller_manager())
        self._start(Daemon("kube-scheduler", *self._as("scheduler")))
        name = (f"--hostname-override={NODE}", f"--node-ip={ADDRESS}")
        self._start(Daemon("kubelet", f"--config={self._kubelet_config()}", f"--kubeconfig={self.kubeconfigs['kubelet']}", *name))
        self._start(Daemon("kube-proxy", f"--config={self._proxy_config()}"))
        wait_for("the node is ready", self._node_ready)
        wait_for("there are default accounts", lambda: self.admin.get("ServiceAccount", "default", "default"))
        print(f"\nthe cluster is up after {time.monotonic() - began:.1f} s")

    def restart(self, *names):
        """Starts those that were killed."""
        for name in names:
            self.daemons[name].start()

    def kill(self, *names):
        for name in names:
            self.daemons[name].kill()

    def stop(self):
        """The order in which nobody waits for another; what is left ends with the machine."""
        for name in ("kube-proxy", "kubelet", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "containerd", "etcd"):
            if name in self.daemons and self.daemons[name].process:
                self.daemons[name].kill()

    def api_ready(self):
        return self.admin.call("GET", "/readyz") == b"ok"

    def _node_ready(self):
        conditions = self.admin.get("Node", name=NODE)["status"]["conditions"]
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    # --- images ---

    def _import_images(self):
        folder = STATE / "images"
        folder.mkdir(exist_ok=True)
        self.coredns_image = self._kubeadm_image()
        made = [
            images.pause(folder / "pause.tar", "localhost/pause:1"),
            images.busybox(folder / "busybox.tar", BUSYBOX),
            images.busybox(folder / "old.tar", OLD_BUSYBOX, CLIENTS / "busybox-nslookup"),
            images.coredns(folder / "coredns.tar", self.coredns_image, BIN / "coredns"),
        ]
        made += [images.test_client(folder / f"{i}.tar", name, BIN / "agnhost", BIN / "coredns") for i, name in enumerate(TEST_IMAGES)]
        given = os.environ.get("HEADNS_IMAGE")
        if not given:
            binary = os.environ.get("HEADNS") or controlplane.ROOT / "build" / "src" / "headns"
            made.append(images.headns(folder / "headns.tar", HEADNS, binary))
        for archive in made:
            subprocess.run(["ctr", "-n", "k8s.io", "images", "import", archive], check=True, stdout=subprocess.DEVNULL)
            archive.unlink()
        name = HEADNS
        if given:  # whatever it is called there
            said = subprocess.run(["ctr", "-n", "k8s.io", "images", "import", given], check=True, capture_output=True, text=True).stdout
            name = said.split()[1]
        for other in {HEADNS, deployed_image()} - {name}:
            subprocess.run(["ctr", "-n", "k8s.io", "images", "tag", name, other], check=True, stdout=subprocess.DEVNULL)

    # --- what users do ---

    def kubectl(self, *arguments, stdin=None, check=True):
        """What it printed."""
        done = subprocess.run(self.kubectl_command(*arguments), input=stdin, capture_output=True, text=True, timeout=300)
        assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def kubectl_command(self, *arguments):
        return [str(BIN / "kubectl"), f"--kubeconfig={self.kubeconfigs['admin']}", *arguments]

    def _kubeadm(self, *arguments):
        command = [str(BIN / "kubeadm"), "init", "phase", "addon", "coredns", f"--service-cidr={SERVICES}", f"--kubernetes-version={self.version()}"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @staticmethod
    def version():
        return subprocess.run([BIN / "kubelet", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]

    def _kubeadm_image(self):
        """The image that kubeadm's Deployment names: what we import under this name is what it will run."""
        objects = list(yaml.safe_load_all(self._kubeadm("--print-manifest")))
        deployment = next(o for o in objects if o and o["kind"] == "Deployment")
        return deployment["spec"]["template"]["spec"]["containers"][0]["image"]

    def install_coredns(self):
        """kubeadm's own step: account, role, ConfigMap, Deployment, Service."""
        self._kubeadm(f"--kubeconfig={self.kubeconfigs['admin']}")
