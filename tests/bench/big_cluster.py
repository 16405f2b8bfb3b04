"""A large cluster as an API server has it: StatefulSets and Deployments with their Pods, Services, EndpointSlices and Namespaces, with all
that a real one's objects carry. Written as files for api_server (reply.h says how), in JSON and in protobuf. The same numbers give the same files.

What differs between a workload's pods has the same length in all of them, so that a pod is its workload's octets with other values filled in."""

import copy
import hashlib
import json
import random
import re
import struct
from pathlib import Path

from kube_protobuf import encode_object

FOREIGN_SLICES = 50
CHANGED_EACH = 2  # pods of each workload that the changes make not ready
FIRST_ORDINAL = 100
T0, T1 = "2026-05-04T08:15:27Z", "2026-05-04T08:15:41Z"
SIDECAR_IMAGE = "registry.example.com/platform/envoy-sidecar:v1.31.2"


class Filler:
    """Values that are not the same twice, of fixed lengths."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.version = 100000000
        self.changes = [900000000 + 10000000 * turn for turn in range(CHANGED_EACH)]  # after the version that api_server has (reply.c)

    def hex(self, digits):
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    def uid(self):
        return "-".join(self.hex(n) for n in (8, 4, 4, 4, 12))

    def suffix(self, n):
        return "".join(self.rng.choices("bcdfghjklmnpqrstvwxz2456789", k=n))

    def next_version(self):
        self.version += 1
        return str(self.version)

    def change_version(self, turn=0):
        """Of changes that are sent one after the other: those of a turn are, and then those of the next."""
        self.changes[turn] += 1
        return str(self.changes[turn])


def set_of(*fields):
    return {f"f:{field}": {} for field in fields}


def managed(manager, time, fields, subresource=None, version="v1"):
    entry = {"manager": manager, "operation": "Update", "apiVersion": version, "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields}
    return {**entry, "subresource": subresource} if subresource else entry


class Workload:
    """A StatefulSet with a headless Service, or a Deployment with a ClusterIP one."""

    APPS = ("checkout", "payments", "inventory", "search", "catalog", "session", "billing", "reports", "gateway", "ledger")

    def __init__(self, number, namespaces, replicas, filler):
        self.filler = filler
        self.stateful = number % 4 == 0
        self.ns = f"team-{number % namespaces:04d}"
        self.name = f"{self.APPS[number % len(self.APPS)]}-{number:05d}"
        self.hash = filler.suffix(10)
        self.owner_uid = filler.uid()
        self.owner = self.name if self.stateful else f"{self.name}-{self.hash}"
        self.cluster_ip = "None" if self.stateful else f"10.96.{100 + number // 150}.{100 + number % 150}"
        self.version = f"{number % 4}.{number % 17}.{number % 9}"
        self.pods = sorted((self._pod_values(number * replicas + i, i) for i in range(replicas)), key=lambda values: values["@PODNAME@"])

    def _pod_values(self, pod, i):
        node = pod % 5000
        return {
            "@PODNAME@": f"{self.owner}-{FIRST_ORDINAL + i}" if self.stateful else f"{self.owner}-{self.filler.suffix(5)}",
            "@O@": f"{FIRST_ORDINAL + i}",
            "@UID@": self.filler.uid(),
            "@VERSION@": self.filler.next_version(),
            "@NODE@": f"ip-172-31-{100 + node // 100}-{100 + node % 100}.eu-west-1.compute.internal",
            "@HOSTIP@": f"172.31.{100 + node // 100}.{100 + node % 100}",
            "@PODIP@": f"10.{101 + pod // 24000}.{100 + pod // 155 % 155}.{100 + pod % 155}",
            "@T@": self.filler.suffix(5),
            "@CID1@": self.filler.hex(64),
            "@CID2@": self.filler.hex(64),
        }

    # --- the pods' template ---

    def labels(self):
        common = {
            "app.kubernetes.io/name": self.name.rsplit("-", 1)[0],
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/version": self.version,
        }
        if self.stateful:
            own = {"apps.kubernetes.io/pod-index": "@O@", "controller-revision-hash": f"{self.name}-{self.hash}"}
            return {**common, **own, "statefulset.kubernetes.io/pod-name": "@PODNAME@"}
        return {**common, "pod-template-hash": self.hash}

    def _env(self):
        fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "POD_IP": "status.podIP"}
        env = [{"name": k, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": v}}} for k, v in fields.items()]
        env += [{"name": k, "value": v} for k, v in (("LOG_LEVEL", "info"), ("HTTP_PORT", "8080"))]
        return env + [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": f"{self.name}-db", "key": "password"}}}]

    def _containers(self):
        probe = {
            "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
            "initialDelaySeconds": 5,
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
        token = {"name": "kube-api-access-@T@", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
        ends = {
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }
        app = {
            "name": "app",
            "image": f"registry.example.com/shop/{self.name}:{self.version}",
            "args": ["--config=/etc/app/config.yaml", "--listen=:8080"],
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "env": self._env(),
            "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
            "volumeMounts": [{"name": "config", "readOnly": True, "mountPath": "/etc/app"}, {"name": "data", "mountPath": "/data"}, token],
            "readinessProbe": probe,
            **ends,
            "securityContext": {"capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "allowPrivilegeEscalation": False},
        }
        sidecar = {
            "name": "proxy",
            "image": SIDECAR_IMAGE,
            "ports": [{"name": "metrics", "containerPort": 9901, "protocol": "TCP"}],
            "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "10m", "memory": "64Mi"}},
            "volumeMounts": [token],
            **ends,
        }
        return [app, sidecar]

    def _volumes(self):
        sources = [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ]
        data = {"persistentVolumeClaim": {"claimName": "data-@PODNAME@"}} if self.stateful else {"emptyDir": {}}
        return [
            {"name": "data", **data},
            {"name": "config", "configMap": {"name": f"{self.name}-config", "defaultMode": 420}},
            {"name": "kube-api-access-@T@", "projected": {"sources": sources, "defaultMode": 420}},
        ]

    def _spec(self):
        def toleration(key):
            return {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}

        own = {"hostname": "@PODNAME@", "subdomain": self.name} if self.stateful else {}
        return {
            "volumes": self._volumes(),
            "containers": self._containers(),
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": self.name,
            "serviceAccount": self.name,
            "nodeName": "@NODE@",
            "securityContext": {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001},
            **own,
            "schedulerName": "default-scheduler",
            "tolerations": [toleration("not-ready"), toleration("unreachable")],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        }

    def _status(self, ready):
        def condition(kind, status="True"):
            return {"type": kind, "observedGeneration": 1, "status": status, "lastTransitionTime": T1}

        def container(name, image, cid, ready):
            return {
                "name": name,
                "state": {"running": {"startedAt": T1}},
                "lastState": {},
                "ready": ready,
                "restartCount": 0,
                "image": image,
                "imageID": f"{image.split(':')[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}",
                "containerID": f"containerd://{cid}",
                "started": True,
            }

        both = "True" if ready else "False"
        return {
            "observedGeneration": 1,
            "phase": "Running",
            "conditions": [
                condition("Initialized"),
                condition("Ready", both),
                condition("ContainersReady", both),
                condition("PodScheduled"),
            ],
            "hostIP": "@HOSTIP@",
            "hostIPs": [{"ip": "@HOSTIP@"}],
            "podIP": "@PODIP@",
            "podIPs": [{"ip": "@PODIP@"}],
            "startTime": T0,
            "containerStatuses": [
                container("app", f"registry.example.com/shop/{self.name}:{self.version}", "@CID1@", ready),
                container("proxy", SIDECAR_IMAGE, "@CID2@", True),
            ],
            "qosClass": "Burstable",
        }

    def _managed_fields(self):
        labels = {".": {}, **set_of(*self.labels())}
        app = set_of("args", "env", "image", "imagePullPolicy", "name", "ports", "readinessProbe", "resources")
        spec = {
            'f:containers': {'k:{"name":"app"}': {".": {}, **app}, 'k:{"name":"proxy"}': {".": {}, **set_of("image", "name", "ports", "resources")}},
            **set_of("dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName", "securityContext", "serviceAccount"),
        }
        meta = {"f:generateName": {}, "f:labels": labels, "f:ownerReferences": {".": {}, f'k:{{"uid":"{self.owner_uid}"}}': {}}}
        conditions = {
            f'k:{{"type":"{kind}"}}': {".": {}, **set_of("lastTransitionTime", "observedGeneration", "status", "type")}
            for kind in ("ContainersReady", "Initialized", "Ready")
        }
        status = {
            "f:conditions": conditions,
            **set_of("containerStatuses", "hostIP", "hostIPs", "phase", "podIP"),
            "f:podIPs": {".": {}, 'k:{"ip":"@PODIP@"}': {".": {}, "f:ip": {}}},
            "f:startTime": {},
        }
        return [
            managed("kube-controller-manager", T0, {"f:metadata": meta, "f:spec": spec}),
            managed("kubelet", T1, {"f:status": status}, "status"),
        ]

    def pod(self, ready=True):
        meta = {
            "name": "@PODNAME@",
            "generateName": f"{self.owner}-",
            "namespace": self.ns,
            "uid": "@UID@",
            "resourceVersion": "@VERSION@",
            "generation": 1,
            "creationTimestamp": T0,
            "labels": self.labels(),
            "annotations": {"checksum/config": hashlib.sha256(self.name.encode()).hexdigest(), "prometheus.io/scrape": "true"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "StatefulSet" if self.stateful else "ReplicaSet",
                    "name": self.owner,
                    "uid": self.owner_uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": self._managed_fields(),
        }
        return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": self._spec(), "status": self._status(ready)}

    # --- its Service ---

    def _service_meta(self, kind_labels, name):
        return {
            "name": name,
            "namespace": self.ns,
            "uid": self.filler.uid(),
            "resourceVersion": self.filler.next_version(),
            "creationTimestamp": T0,
            "labels": kind_labels,
        }

    def service(self):
        selector = {"app.kubernetes.io/name": self.name.rsplit("-", 1)[0], "app.kubernetes.io/instance": self.name}
        fields = {"f:metadata": {"f:labels": {".": {}, **set_of(*selector)}}, "f:spec": set_of("clusterIP", "ports", "selector", "type")}
        return {
            "kind": "Service",
            "apiVersion": "v1",
            "metadata": {**self._service_meta(selector, self.name), "managedFields": [managed("helm", T0, fields)]},
            "spec": {
                "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"}],
                "selector": selector,
                "clusterIP": self.cluster_ip,
                "clusterIPs": [self.cluster_ip],
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "internalTrafficPolicy": "Cluster",
            },
            "status": {"loadBalancer": {}},
        }

    def slice(self):
        labels = {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": self.name,
        }
        if self.stateful:
            labels["service.kubernetes.io/headless"] = ""
        owner = {"apiVersion": "v1", "kind": "Service", "name": self.name, "uid": self.owner_uid, "controller": True, "blockOwnerDeletion": True}
        fields = {**set_of("addressType", "endpoints", "ports"), "f:metadata": {"f:labels": {".": {}, **set_of(*labels)}}}
        meta = self._service_meta(labels, f"{self.name}-{self.filler.suffix(5)}")
        return {
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            "metadata": {
                **meta,
                "generation": 3,
                "ownerReferences": [owner],
                "managedFields": [managed("kube-controller-manager", T1, fields, version="discovery.k8s.io/v1")],
            },
            "addressType": "IPv4",
            "endpoints": [self._endpoint(values) for values in self.pods],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        }

    def _endpoint(self, values):
        own = {"hostname": values["@PODNAME@"]} if self.stateful else {}
        return {
            "addresses": [values["@PODIP@"]],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            **own,
            "targetRef": {"kind": "Pod", "namespace": self.ns, "name": values["@PODNAME@"], "uid": values["@UID@"]},
            "nodeName": values["@NODE@"],
            "zone": "eu-west-1b",
        }


def foreign_slice(number, filler):
    """A Service without a selector, and the slice that somebody wrote for it."""
    name, ns = f"external-{number:05d}", f"team-{number:04d}"
    meta = {"name": name, "namespace": ns, "uid": filler.uid(), "resourceVersion": filler.next_version(), "creationTimestamp": T0}
    service = {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": meta,
        "spec": {"ports": [{"name": "db", "protocol": "TCP", "port": 5432, "targetPort": 5432}], "clusterIP": "None", "clusterIPs": ["None"]},
    }
    labels = {"endpointslice.kubernetes.io/managed-by": "staff", "kubernetes.io/service-name": name}
    endpoints = [{"addresses": [f"192.168.100.{100 + number}"], "conditions": {"ready": True}}]
    slice_ = {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {**meta, "labels": labels},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "db", "port": 5432, "protocol": "TCP"}],
    }
    return service, slice_


def namespace(number, filler):
    name = f"team-{number:04d}"
    return {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "uid": filler.uid(),
            "resourceVersion": filler.next_version(),
            "creationTimestamp": T0,
            "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


# --- writing ---

PLACEHOLDER = re.compile(rb"(@[A-Z0-9]+@)")


def json_octets(obj):
    """From the first member after kind and apiVersion on."""
    return json.dumps({k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}, separators=(",", ":")).encode()[1:]


class Template:
    """An object's octets with places to fill in; what is filled in must be as long in each."""

    def __init__(self, obj, example):
        # As long as what takes their place, for protobuf has lengths before its values.
        padded = {key: "@" + key[1:-1].ljust(len(value) - 2, "X") + "@" for key, value in example.items()}
        assert all(len(padded[key]) == len(value) for key, value in example.items())
        self.names = {mark.encode(): key for key, mark in padded.items()}
        text = json.dumps(obj)
        for key, mark in padded.items():
            text = text.replace(key, mark)
        marked = json.loads(text)
        self.parts = [PLACEHOLDER.split(octets) for octets in (json_octets(marked), encode_object(marked))]

    def fill(self, values):
        """In JSON and in protobuf."""
        octets = {mark: values[key].encode() for mark, key in self.names.items()}
        return [b"".join(octets.get(part, part) for part in parts) for parts in self.parts]


class Files:
    """The two files of a resource."""

    def __init__(self, folder, name):
        self.files = [open(folder / f"{name}.{suffix}", "wb") for suffix in ("json", "pb")]
        self.count = self.octets = 0

    def add(self, encodings):
        for file, octets in zip(self.files, encodings):
            file.write(struct.pack("<I", len(octets)) + octets)
        self.count += 1
        self.octets += len(encodings[0])

    def add_object(self, obj):
        self.add([json_octets(obj), encode_object(obj)])

    def close(self):
        for file in self.files:
            file.close()


class BigCluster:
    def __init__(self, pods=150000, services=10000, namespaces=500):
        self.replicas = pods // services
        self.services, self.namespaces = services, namespaces

    def key(self):
        """What the files depend on."""
        source = b"".join((Path(__file__).parent / name).read_bytes() for name in ("big_cluster.py", "kube_protobuf.py"))
        numbers = f"{self.replicas} {self.services} {self.namespaces}".encode()
        return hashlib.sha256(source + numbers).hexdigest()[:16]

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        filler = Filler(1)
        resources = ("namespaces", "services", "pods", "endpointslices", "foreignslices", "noslices")
        files = {name: Files(folder, name) for name in (*resources, *(f"{name}.changes" for name in resources))}
        for i in range(self.namespaces):
            files["namespaces"].add_object(namespace(i, filler))
        changed_slices = [[] for _ in range(CHANGED_EACH)]
        # In the order of their names, as the API server lists them.
        workloads = [Workload(i, self.namespaces, self.replicas, filler) for i in range(self.services)]
        for workload in sorted(workloads, key=lambda w: (w.ns, w.name)):
            self._note(workload)
            files["services"].add_object(workload.service())
            self._write_pods(workload, files)
            self._write_slice(workload, files, changed_slices)
        for objects in changed_slices:
            for encodings in objects:
                files["endpointslices.changes"].add(encodings)
        for i in range(min(FOREIGN_SLICES, self.namespaces)):
            service, slice_ = foreign_slice(i, filler)
            files["services"].add_object(service)
            files["foreignslices"].add_object(slice_)
        for f in files.values():
            f.close()
        facts = {name: {"count": f.count, "octets": f.octets} for name, f in files.items()}
        facts.update(self.facts)
        (folder / "facts.json").write_text(json.dumps(facts, indent=1))

    def _note(self, workload):
        """Of the last StatefulSet: a pod that stays, and the last that the changes make not ready."""
        names = [f"{v['@PODNAME@']}.{workload.name}.{workload.ns}.svc.cluster.local" for v in workload.pods]
        if workload.stateful:
            self.facts = {"last": names[-1], "last_ip": workload.pods[-1]["@PODIP@"], "changed": names[:CHANGED_EACH][-1]}

    @staticmethod
    def _write_pods(workload, files):
        template = Template(workload.pod(), workload.pods[0])
        for values in workload.pods:
            files["pods"].add(template.fill(values))
        template = Template(workload.pod(ready=False), workload.pods[0])
        for values in workload.pods[:CHANGED_EACH]:
            files["pods.changes"].add(template.fill({**values, "@VERSION@": workload.filler.change_version()}))

    @staticmethod
    def _write_slice(workload, files, changed):
        obj = workload.slice()
        files["endpointslices"].add_object(obj)
        obj = copy.deepcopy(obj)
        for i in range(min(CHANGED_EACH, len(obj["endpoints"]))):
            obj["endpoints"][i]["conditions"].update(ready=False, serving=False)
            obj["metadata"]["resourceVersion"] = workload.filler.change_version(i)
            changed[i].append([json_octets(obj), encode_object(obj)])


def prepare(cache, **numbers):
    """The folder of such a cluster, made if it is not there yet, and what facts.json says of it."""
    cluster = BigCluster(**numbers)
    folder = Path(cache) / cluster.key()
    if not (folder / "facts.json").exists():
        cluster.write(folder)
    return folder, json.loads((folder / "facts.json").read_text())
