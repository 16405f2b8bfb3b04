"""Kubernetes objects as the API server writes them in protobuf (application/vnd.kubernetes.protobuf): of each message the fields that
big_cluster.py uses, numbered as in the generated.proto files of k8s.io/api and k8s.io/apimachinery."""

import calendar
import json
import time

STRINGS = "map of strings"
QUANTITIES = "map of quantities"
TIME = {"seconds": (1, int)}
QUANTITY = {"string": (1, str)}
INT_OR_STRING = {"type": (1, int), "intVal": (2, int), "strVal": (3, str)}

OWNER = {"kind": (1, str), "name": (3, str), "uid": (4, str), "apiVersion": (5, str), "controller": (6, bool), "blockOwnerDeletion": (7, bool)}
MANAGED = {
    "manager": (1, str),
    "operation": (2, str),
    "apiVersion": (3, str),
    "time": (4, "time"),
    "fieldsType": (6, str),
    "fieldsV1": (7, "fields"),
    "subresource": (8, str),
}
META = {
    "name": (1, str),
    "generateName": (2, str),
    "namespace": (3, str),
    "uid": (5, str),
    "resourceVersion": (6, str),
    "generation": (7, int),
    "creationTimestamp": (8, "time"),
    "labels": (11, STRINGS),
    "annotations": (12, STRINGS),
    "ownerReferences": (13, OWNER),
    "managedFields": (17, MANAGED),
}
FIELD_REF = {"apiVersion": (1, str), "fieldPath": (2, str)}
KEY_REF = {"localObjectReference": (1, {"name": (1, str)}), "key": (2, str)}
ENV = {"name": (1, str), "value": (2, str), "valueFrom": (3, {"fieldRef": (1, FIELD_REF), "secretKeyRef": (4, KEY_REF)})}
RESOURCES = {"limits": (1, QUANTITIES), "requests": (2, QUANTITIES)}
HTTP_GET = {"path": (1, str), "port": (2, "port"), "scheme": (4, str)}
PROBE = {
    "handler": (1, {"httpGet": (2, HTTP_GET)}),
    "initialDelaySeconds": (2, int),
    "timeoutSeconds": (3, int),
    "periodSeconds": (4, int),
    "successThreshold": (5, int),
    "failureThreshold": (6, int),
}
SECURITY = {
    "capabilities": (1, {"drop": (2, str)}),
    "runAsNonRoot": (5, bool),
    "readOnlyRootFilesystem": (6, bool),
    "allowPrivilegeEscalation": (7, bool),
}
CONTAINER = {
    "name": (1, str),
    "image": (2, str),
    "args": (4, str),
    "ports": (6, {"name": (1, str), "containerPort": (3, int), "protocol": (4, str)}),
    "env": (7, ENV),
    "resources": (8, RESOURCES),
    "volumeMounts": (9, {"name": (1, str), "readOnly": (2, bool), "mountPath": (3, str)}),
    "livenessProbe": (10, PROBE),
    "readinessProbe": (11, PROBE),
    "terminationMessagePath": (13, str),
    "imagePullPolicy": (14, str),
    "securityContext": (15, SECURITY),
    "terminationMessagePolicy": (20, str),
}
KEYS = {"key": (1, str), "path": (2, str)}
NAMED_KEYS = {"localObjectReference": (1, {"name": (1, str)}), "items": (2, KEYS), "defaultMode": (3, int)}
PROJECTION = {
    "downwardAPI": (2, {"items": (1, {"path": (1, str), "fieldRef": (2, FIELD_REF)})}),
    "configMap": (3, {"localObjectReference": (1, {"name": (1, str)}), "items": (2, KEYS)}),
    "serviceAccountToken": (4, {"expirationSeconds": (2, int), "path": (3, str)}),
}
VOLUME_SOURCE = {
    "emptyDir": (2, {}),
    "persistentVolumeClaim": (10, {"claimName": (1, str)}),
    "configMap": (19, NAMED_KEYS),
    "projected": (26, {"sources": (1, PROJECTION), "defaultMode": (2, int)}),
}
POD_SPEC = {
    "volumes": (1, {"name": (1, str), "volumeSource": (2, VOLUME_SOURCE)}),
    "containers": (2, CONTAINER),
    "restartPolicy": (3, str),
    "terminationGracePeriodSeconds": (4, int),
    "dnsPolicy": (6, str),
    "serviceAccountName": (8, str),
    "serviceAccount": (9, str),
    "nodeName": (10, str),
    "securityContext": (14, {"runAsUser": (2, int), "fsGroup": (5, int), "runAsGroup": (6, int)}),
    "hostname": (16, str),
    "subdomain": (17, str),
    "schedulerName": (19, str),
    "tolerations": (22, {"key": (1, str), "operator": (2, str), "effect": (4, str), "tolerationSeconds": (5, int)}),
    "priority": (25, int),
    "enableServiceLinks": (30, bool),
    "preemptionPolicy": (31, str),
}
CONTAINER_STATUS = {
    "name": (1, str),
    "state": (2, {"running": (2, {"startedAt": (1, "time")})}),
    "lastState": (3, {}),
    "ready": (4, bool),
    "restartCount": (5, int),
    "image": (6, str),
    "imageID": (7, str),
    "containerID": (8, str),
    "started": (9, bool),
    "allocatedResources": (10, QUANTITIES),
    "resources": (11, RESOURCES),
    "volumeMounts": (12, {"name": (1, str), "mountPath": (2, str), "readOnly": (3, bool), "recursiveReadOnly": (4, str)}),
}
POD_STATUS = {
    "phase": (1, str),
    "conditions": (2, {"type": (1, str), "status": (2, str), "lastTransitionTime": (4, "time"), "observedGeneration": (7, int)}),
    "hostIP": (5, str),
    "podIP": (6, str),
    "startTime": (7, "time"),
    "containerStatuses": (8, CONTAINER_STATUS),
    "qosClass": (9, str),
    "podIPs": (12, {"ip": (1, str)}),
    "hostIPs": (16, {"ip": (1, str)}),
    "observedGeneration": (17, int),
}
SERVICE_SPEC = {
    "ports": (1, {"name": (1, str), "protocol": (2, str), "port": (3, int), "targetPort": (4, "port")}),
    "selector": (2, STRINGS),
    "clusterIP": (3, str),
    "type": (4, str),
    "sessionAffinity": (7, str),
    "ipFamilyPolicy": (17, str),
    "clusterIPs": (18, str),
    "ipFamilies": (19, str),
    "internalTrafficPolicy": (22, str),
}
TARGET = {"kind": (1, str), "namespace": (2, str), "name": (3, str), "uid": (4, str)}
ENDPOINT = {
    "addresses": (1, str),
    "conditions": (2, {"ready": (1, bool), "serving": (2, bool), "terminating": (3, bool)}),
    "hostname": (3, str),
    "targetRef": (4, TARGET),
    "nodeName": (6, str),
    "zone": (7, str),
}
MESSAGES = {
    "Namespace": {"metadata": (1, META), "spec": (2, {"finalizers": (1, str)}), "status": (3, {"phase": (1, str)})},
    "Service": {"metadata": (1, META), "spec": (2, SERVICE_SPEC), "status": (3, {"loadBalancer": (1, {})})},
    "Pod": {"metadata": (1, META), "spec": (2, POD_SPEC), "status": (3, POD_STATUS)},
    "EndpointSlice": {
        "metadata": (1, META),
        "endpoints": (2, ENDPOINT),
        "ports": (3, {"name": (1, str), "protocol": (2, str), "port": (3, int)}),
        "addressType": (4, str),
    },
}

# Members of the JSON form that protobuf has within a message of its own: by the message's name there.
INLINED = {"volumeSource": VOLUME_SOURCE, "handler": {"httpGet": None}, "localObjectReference": {"name": None}}


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def delimited(field, octets):
    return varint(field << 3 | 2) + varint(len(octets)) + octets


def encode_map(field, pairs, encode):
    return b"".join(
        delimited(field, delimited(1, key.encode()) + delimited(2, encode(value))) for key, value in sorted(pairs.items())
    )


def encode_one(field, kind, value):
    if kind is str:
        return delimited(field, value.encode())
    if kind in (int, bool):
        return varint(field << 3) + varint(int(value))
    if kind == "time":
        return delimited(field, encode({"seconds": calendar.timegm(time.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))}, TIME))
    if kind == "fields":
        return delimited(field, delimited(1, json.dumps(value, separators=(",", ":")).encode()))
    if kind == "port":
        port = {"type": 0, "intVal": value} if isinstance(value, int) else {"type": 1, "intVal": 0, "strVal": value}
        return delimited(field, encode(port, INT_OR_STRING))
    return delimited(field, encode(value, kind))


def encode(obj, message):
    out, left = [], set(obj)
    for name, (field, kind) in message.items():
        if name in INLINED:
            inner = {key: obj[key] for key in INLINED[name] if key in obj}
            left -= set(inner)
            out.append(delimited(field, encode(inner, kind)))
        elif name not in obj:
            continue
        elif kind == STRINGS:
            out.append(encode_map(field, obj[name], str.encode))
        elif kind == QUANTITIES:
            out.append(encode_map(field, obj[name], lambda value: delimited(1, value.encode())))
        elif isinstance(obj[name], list):
            out += [encode_one(field, kind, value) for value in obj[name]]
        else:
            out.append(encode_one(field, kind, obj[name]))
    left -= set(message)
    assert not left, f"no field number for {sorted(left)}"
    return b"".join(out)


def encode_object(obj):
    """The message alone: what goes around it says kind and apiVersion."""
    return encode({key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}, MESSAGES[obj["kind"]])
