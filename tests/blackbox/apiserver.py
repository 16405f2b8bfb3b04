"""A Kubernetes API server as far as a DNS server sees one: list and watch over HTTP/1.1, with bookmarks, streamed lists and pages; and
what a real one can't be told to do: versions that expire, garbage, half an event, stalls, refusals.

    api = ApiServer()
    api.put(harness.service("nginx"))
    api.refuse("pods", 403)
    api.stop()
"""

import base64
import copy
import ctypes
import json
import re
import socket
import ssl
import struct
import threading
import urllib.parse
from collections import deque

PATHS = {
    "/api/v1/namespaces": ("namespaces", "v1", "Namespace"),
    "/api/v1/services": ("services", "v1", "Service"),
    "/api/v1/pods": ("pods", "v1", "Pod"),
    "/apis/discovery.k8s.io/v1/endpointslices": ("endpointslices", "discovery.k8s.io/v1", "EndpointSlice"),
    "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports": ("serviceimports", "multicluster.x-k8s.io/v1alpha1", "ServiceImport"),
    "/apis/multicluster.x-k8s.io/v1beta1/serviceimports": ("serviceimports", "multicluster.x-k8s.io/v1beta1", "ServiceImport"),
}
RESOURCES = {kind: resource for resource, _, kind in PATHS.values()}
ALWAYS = ["namespaces", "services", "pods", "endpointslices"]  # what is watched, whatever the options say
SO_ATTACH_FILTER = 26  # of Linux; for TCP, what the filter refuses has not come
ENDS = b"0\r\n\r\n"
LEFT_S = 1  # a watch that has nothing to send looks that often whether its client is still there
REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 410: "Expired", 422: "Invalid", 429: "TooManyRequests", 504: "Timeout"}


def is_whole_list(query):
    """The first request of it, where there are pages."""
    of_one = query.get("limit") == "1" or "metadata.name=" in query.get("fieldSelector", "")
    return "sendInitialEvents" in query or not (query.get("watch") or "continue" in query or of_one)


def event(kind, obj):
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"


def status(code, message="told to"):
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": REASONS.get(code, "InternalError"),
        "code": code,
    }


def dressed(obj):
    """With what a real API server's objects carry and nobody reads."""
    obj = copy.deepcopy(obj)
    meta = obj["metadata"]
    meta.setdefault("annotations", {})["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(obj)
    meta["managedFields"] = [{"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {".": {}, 'k:{"a":"}"}': {}}}}}]
    meta["uid"] = "0b0e4a1c-0000-4000-8000-000000000000"
    if obj["kind"] == "Pod":
        obj["spec"]["volumes"] = [{"name": "kube-api-access", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]
        obj.setdefault("status", {})["containerStatuses"] = [{"name": "c", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]
    return obj


class Selector:
    """metadata.name and .labels and status.phase, with =, !=, in, notin and the bare key, which must be there, as they are used."""

    def __init__(self, query, namespace=None):
        self.terms, self.namespace = [], namespace
        for parameter in ("fieldSelector", "labelSelector"):
            for term in filter(None, re.split(r",(?![^(]*\))", query.get(parameter, ""))):
                key, operator, value = re.fullmatch(r"([^!= ]*)(!=|=| in | notin |$)(.*)", term).groups()
                values = set(value.strip("()").split(",")) if operator else {None}
                self.terms.append((parameter, key, operator in ("=", " in "), values))

    def matches(self, obj):
        for parameter, key, wanted, values in self.terms:
            if key == "metadata.name":
                have = obj["metadata"]["name"]
            elif parameter == "fieldSelector":
                assert key == "status.phase", key
                have = obj.get("status", {}).get("phase")
            else:
                have = obj["metadata"].get("labels", {}).get(key)
            if (have in values) != wanted:
                return False
        return self.namespace in (None, obj["metadata"].get("namespace"))


class Watch:
    """One watch under way: what it is still to be sent."""

    def __init__(self, resource, selector, since):
        self.resource, self.selector, self.since = resource, selector, since
        self.pending = deque()
        self.known = set()
        self.open = True

    def offer(self, kind, obj, before):
        """An event as the selector shows it: what begins to match is added, what ceases to is deleted."""
        now = kind != "DELETED" and self.selector.matches(obj)
        was = before is not None and self.selector.matches(before)
        if now:
            self.pending.append(event("MODIFIED" if was else "ADDED", obj))
        elif was:
            self.pending.append(event("DELETED", obj))


class ApiServer:
    def __init__(self, *, streams_lists=True, page_size=None, token=None, tls=None):
        self.streams_lists, self.page_size, self.token, self.tls = streams_lists, page_size, token, tls
        self.objects = {resource: {} for resource in RESOURCES.values()}
        self.history = []  # (version, resource, kind, object, object before)
        self.oldest = 0  # versions below have expired
        self.version = 100
        self.requests = []  # (resource, query, headers)
        self.refusals = {resource: deque() for resource in self.objects}
        self.disguises = {}  # by kind, namespace and name: what is listed instead of the object
        self.absent = set()  # versions of groups that this server has not got
        self.stalled = False
        self.drip = None
        self.hostile = {}
        self.expire_continuations = 0
        self.watches = []
        self.connections = set()
        self.news = threading.Condition()
        self.port = 0
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        self.start()

    # --- the world ---

    def put(self, *objects):
        with self.news:
            for obj in objects:
                self._change("ADDED", obj)

    def delete(self, *objects):
        with self.news:
            for obj in objects:
                self._change("DELETED", obj)

    def _change(self, kind, obj):
        resource = RESOURCES[obj["kind"]]
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        self.version += 1
        obj = dressed(obj)
        obj["metadata"]["resourceVersion"] = str(self.version)
        before = self.objects[resource].pop(key, None)
        if kind != "DELETED":
            self.objects[resource][key] = obj
        self.history.append((self.version, resource, kind, obj, before))
        for watch in self.watches:
            if watch.resource == resource and self.version > watch.since:
                watch.offer(kind, obj, before)
        self.news.notify_all()

    # --- what goes wrong ---

    def shown(self, obj):
        meta = obj["metadata"]
        return self.disguises.get((obj["kind"], meta.get("namespace", ""), meta["name"]), obj)

    def refuse(self, resource, code, times=1, headers=None):
        """The next requests for it get this status; times=None: all, until refuse(resource, None)."""
        with self.news:
            if code is None:
                self.refusals[resource].clear()
            else:
                self.refusals[resource].extend([(code, headers or {}, times is None)] * (times or 1))

    def send(self, resource, data, close=False):
        """Octets into all watches of the resource; then they may end."""
        with self.news:
            for watch in self._watches(resource):
                watch.pending.append(data)
                if close:
                    watch.pending.append(None)
            self.news.notify_all()

    def end(self, resource):
        self.send(resource, b"", close=True)

    def bookmark(self, resource, at=None):
        _, version, kind = next(p for p in PATHS.values() if p[0] == resource)
        obj = {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": str(at or self.version), "creationTimestamp": None}}
        self.send(resource, event("BOOKMARK", obj))

    def expire(self):
        """All versions of before: a watch from there gets 410, as after compaction."""
        with self.news:
            self.version += 1
            self.oldest = self.version
            self.history.clear()

    def backup(self):
        """The world as it is, for restore()."""
        with self.news:
            return copy.deepcopy(self.objects), self.version

    def restore(self, backup):
        """While it is stopped: its store is that of the backup. As a real one has it, watches from versions of the future are taken, and silent."""
        with self.news:
            self.objects, self.version = copy.deepcopy(backup)
            self.oldest = self.version
            self.history.clear()

    def answer_lists(self, resource, pieces):
        """Instead of lists of that resource, streamed or not, each request gets what pieces(query) yields, for as long as that takes; None:
        lists again."""
        with self.news:
            if pieces:
                self.hostile[resource] = pieces
            else:
                del self.hostile[resource]

    def stall(self, on=True):
        """Connections stay, but nothing more is sent, not even the head of a response."""
        with self.news:
            self.stalled = on
            self.news.notify_all()

    def deafen(self):
        """The connections of now are half dead: nothing that the other side sends comes here or is acknowledged, and nothing goes there. New
        ones are as ever."""
        with self.news:
            for connection in self.connections:
                connection.deafen()
            self.watches.clear()

    def stop(self):
        """Gone, with all connections; start() brings it back at the same port."""
        with self.news:
            self.running = False
            self.listener.shutdown(socket.SHUT_RDWR)  # close() alone would leave accept() waiting
            self.listener.close()
            for connection in self.connections:
                connection.shutdown_quietly()
            self.watches.clear()
            self.news.notify_all()
        self.thread.join()

    def refusal(self, resource, query, headers):
        """(status, body, headers) where a request is not to be served."""
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return 401, status(401, "Unauthorized")
        if self.refusals[resource]:
            code, extra, always = self.refusals[resource][0]
            if not always:
                self.refusals[resource].popleft()
            return code, status(code), extra
        if query.get("sendInitialEvents") and not self.streams_lists:
            return 422, status(422, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
        version = query.get("resourceVersion")
        fresh = not query.get("watch") or query.get("sendInitialEvents")
        if fresh and version and int(version) > self.version:
            return 504, status(504, f"Timeout: Too large resource version: {version}, current: {self.version}")
        if query.get("watch") and not query.get("sendInitialEvents") and version and int(version) < self.oldest:
            return 410, status(410, f"too old resource version: {version} ({self.oldest})")
        if query.get("continue") and self.expire_continuations:
            self.expire_continuations -= 1
            return 410, status(410, "The provided continue parameter is too old")
        return None

    # --- waiting ---

    def wait_for(self, condition, timeout=60):
        with self.news:
            assert self.news.wait_for(lambda: condition(self), timeout), f"never came true; requests: {self.requests}"

    def forget(self, watch):
        if watch in self.watches:
            self.watches.remove(watch)

    def _watches(self, resource):
        return [w for w in self.watches if w.resource == resource and w.open]

    def wait_watched(self, *resources):
        for resource in resources or ALWAYS:
            self.wait_for(lambda api, resource=resource: api._watches(resource))

    def count(self, resource, **query):
        """How many requests there were with these parameters."""
        return sum(r == resource and all(q.get(k) == v for k, v in query.items()) for r, q, _ in self.requests)

    def lists(self, resource):
        """How many times all of it was asked for, streamed or not."""
        return sum(r == resource and is_whole_list(q) for r, q, _ in self.requests)

    # --- serving ---

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.running = True
        self.thread = threading.Thread(target=self._accept, args=(self.listener,), daemon=True)
        self.thread.start()

    def _accept(self, listener):
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # chunks don't wait for acknowledgements
            Connection(self, stream).start()

    def kubeconfig(self, path, user=None, cluster=None):
        """Writes a kubeconfig that leads here, as JSON, which is YAML too."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url, **(cluster or {})}}],
            "users": [{"name": "u", "user": user or ({"token": self.token} if self.token else {})}],
        }
        path.write_text(json.dumps(config, indent=1))
        return path


class Connection(threading.Thread):
    def __init__(self, api, stream):
        super().__init__(daemon=True)
        self.api, self.stream = api, stream

    def shutdown_quietly(self):
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def deafen(self):
        refuse_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF_RET: 0 octets of it
        self.stream.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(refuse_all)))

    def run(self):
        api = self.api
        with api.news:
            if not api.running:
                self.stream.close()
                return
            api.connections.add(self)
        try:
            if api.tls:
                self.stream = api.tls.wrap_socket(self.stream, server_side=True)
            reader = self.stream.makefile("rb")
            while self.serve_one(reader):
                pass
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            with api.news:
                api.connections.discard(self)
            self.stream.close()

    def serve_one(self, reader):
        line = reader.readline().decode()
        if not line:
            return False
        headers = {}
        while (header := reader.readline().decode().strip()):
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        target = urllib.parse.urlsplit(line.split()[1])
        query = dict(urllib.parse.parse_qsl(target.query))
        parts = re.fullmatch(r"(.+)/namespaces/([^/]+)(/[^/]+)", target.path)
        path, namespace = (parts[1] + parts[3], urllib.parse.unquote(parts[2])) if parts else (target.path, None)
        if path not in PATHS or PATHS[path][1] in self.api.absent:
            return self.reply(404, status(404))
        resource = PATHS[path][0]
        with self.api.news:
            self.api.requests.append((resource, query, headers))
            self.api.news.notify_all()
            self.api.news.wait_for(lambda: not self.api.stalled or not self.api.running)
            refusal = self.api.refusal(resource, query, headers)
            hostile = self.api.hostile.get(resource) if is_whole_list(query) or "continue" in query else None
        if refusal:
            return self.reply(*refusal)
        if hostile:
            return self.send_pieces(hostile, query)
        return self.watch(path, query) if query.get("watch") else self.list(path, query, namespace)

    def reply(self, code, body, headers=None):
        body = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {code} {REASONS.get(code, 'x')}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.stream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return True

    # --- lists ---

    def send_pieces(self, pieces, query):
        self.stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces(query):
            if not self.api.running:
                return False
            self.stream.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.stream.sendall(ENDS)
        return True

    def list(self, path, query, namespace):
        api = self.api
        resource, version, kind = PATHS[path]
        selector = Selector(query, namespace)
        with api.news:
            items = [o for o in api.objects[resource].values() if selector.matches(o)]
            meta = {"resourceVersion": str(api.version)}
        start = int(base64.b64decode(query["continue"])) if "continue" in query else 0
        size = min(int(query["limit"]), api.page_size or 1 << 30) if "limit" in query else None
        if size and start + size < len(items):
            meta["continue"] = base64.b64encode(str(start + size).encode()).decode()
        page = items[start : start + size] if size else items
        bare = [{k: v for k, v in api.shown(o).items() if k not in ("kind", "apiVersion")} for o in page]
        return self.reply(200, {"kind": kind + "List", "apiVersion": version, "metadata": meta, "items": bare})

    # --- watches ---

    def has_left(self):
        """The other side has closed the connection. Of TLS only a write would tell."""
        try:
            return not self.api.tls and not self.stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False

    def chunk(self, data):
        pieces = [data[i : i + self.api.drip] for i in range(0, len(data), self.api.drip)] if self.api.drip else [data]
        for piece in pieces:
            self.stream.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def begin_watch(self, path, query):
        """The watch, with what it is sent first, from one moment of the world."""
        api = self.api
        resource, version, kind = PATHS[path]
        watch = Watch(resource, Selector(query), int(query.get("resourceVersion") or 0))
        with api.news:
            if query.get("sendInitialEvents"):
                for obj in api.objects[resource].values():
                    if watch.selector.matches(obj):
                        watch.pending.append(event("ADDED", api.shown(obj)))
                meta = {"resourceVersion": str(api.version), "annotations": {"k8s.io/initial-events-end": "true"}}
                watch.pending.append(event("BOOKMARK", {"kind": kind, "apiVersion": version, "metadata": meta}))
            else:
                since = int(query["resourceVersion"])
                for number, of, change, obj, before in api.history:
                    if number > since and of == resource:
                        watch.offer(change, obj, before)
            api.watches.append(watch)
        return watch

    def watch(self, path, query):
        api = self.api
        watch = self.begin_watch(path, query)
        self.stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        with api.news:
            api.news.notify_all()
        while True:
            with api.news:
                news = api.news.wait_for(lambda: not api.running or (watch.pending and not api.stalled), LEFT_S)
                if not api.running or (not news and self.has_left()):
                    api.forget(watch)
                    return False
                if not news:
                    continue
                data = watch.pending.popleft()
                if data is None:
                    watch.open = False
                    api.forget(watch)
                    api.news.notify_all()
            if data is None:
                self.stream.sendall(ENDS)
                return True
            if data:
                self.chunk(data)
