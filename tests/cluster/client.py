"""A client of the Kubernetes API: one connection, JSON, no more than the tests need."""

import http.client
import json
import socket
import ssl

RESOURCES = {
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "Service": ("/api/v1", "services"),
    "Pod": ("/api/v1", "pods"),
    "Endpoints": ("/api/v1", "endpoints"),
    "Secret": ("/api/v1", "secrets"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
}
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


class ApiError(Exception):
    def __init__(self, status, message):
        super().__init__(f"{status} {message}")
        self.status = status


def path_of(kind, namespace=None, name=None, sub=None):
    base, plural = RESOURCES[kind]
    parts = [base, *(("namespaces", namespace) if namespace else ()), plural, *filter(None, (name, sub))]
    return "/".join(parts)


def path_to(obj, sub=None):
    meta = obj["metadata"]
    return path_of(obj["kind"], meta.get("namespace"), meta["name"], sub)


class Api:
    """With a client certificate or a token. Not for two threads."""

    def __init__(self, address, ca, *, cert=None, token=None):
        self.address, self.token = address, token
        self.tls = ssl.create_default_context(cafile=ca)
        if cert:
            self.tls.load_cert_chain(*cert)
        self.connection = None

    def _connect(self):
        self.connection = http.client.HTTPSConnection(*self.address, context=self.tls, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _exchange(self, method, path, body, headers):
        if self.connection is None:
            self._connect()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def call(self, method, path, body=None, content_type="application/json"):
        """The decoded answer; ApiError if it is none of success. OSError and HTTPException: no answer."""
        headers = {"Content-Type": content_type, **({"Authorization": "Bearer " + self.token} if self.token else {})}
        text = None if body is None else json.dumps(body)
        try:
            status, data = self._exchange(method, path, text, headers)
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise
        if status >= 300:
            raise ApiError(status, data[:500].decode(errors="replace"))
        return json.loads(data) if data.startswith(b"{") else data

    # --- objects ---

    def get(self, kind, namespace=None, name=None, sub=None):
        return self.call("GET", path_of(kind, namespace, name, sub))

    def items(self, kind, namespace=None):
        return self.get(kind, namespace)["items"]

    def create(self, obj):
        meta = obj["metadata"]
        return self.call("POST", path_of(obj["kind"], meta.get("namespace")), obj)

    def ensure(self, obj):
        """Creates it, unless there is one."""
        try:
            self.create(obj)
        except ApiError as e:
            if e.status != 409:
                raise

    def patch(self, obj, change, sub=None, content_type=MERGE):
        return self.call("PATCH", path_to(obj, sub), change, content_type)

    def delete(self, obj, grace_s=None):
        options = {} if grace_s is None else {"gracePeriodSeconds": grace_s}
        return self.call("DELETE", path_to(obj), {"kind": "DeleteOptions", "apiVersion": "v1", **options})
