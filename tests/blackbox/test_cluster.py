"""headns with a cluster: its names follow the API server's objects, whatever happens to the API server."""

import base64
import contextlib
import json
import os
import pty
import re
import signal
import ssl
import subprocess
import time

import dns.rcode
import pytest

import harness
from apiserver import ALWAYS, event, status
from harness import NGINX, WEB0, asking, pod, rcode, service, slice_of, until, web

# --- following ---


@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed lists", "fetched lists"])
def test_names_follow_a_pod(cluster, follow, streams_lists):
    api = cluster(streams_lists=streams_lists)
    server = follow(api)
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    assert server.addresses_of("nginx.default.svc") == {"10.244.0.7"}
    api.put(web(0, "10.244.0.7", ready=False))
    until(server, WEB0, "NXDOMAIN")
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    api.delete(web(0, "10.244.0.8"))
    until(server, WEB0, "NXDOMAIN")
    api.put(web(0, "10.244.0.9"), web(1, "10.244.0.10"))
    until(server, "nginx.default.svc", {"10.244.0.9", "10.244.0.10"})
    assert server.addresses_of("9.0.244.10.in-addr.arpa.", "PTR") == {"web-0.nginx.default.svc.cluster.local."}


def test_a_completed_pod_is_gone(cluster, follow):
    api = cluster()
    server = follow(api)
    done = web(0, "10.244.0.7")
    done["status"]["phase"] = "Succeeded"
    api.put(done)
    until(server, WEB0, "NXDOMAIN")


def test_services_and_namespaces_come_and_go(cluster, follow):
    api = cluster()
    server = follow(api)
    assert rcode(server, "prod.svc") == "NXDOMAIN"
    api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
    until(server, "prod.svc", "NOERROR")
    api.put(service("db", "prod", headless=False, cluster_ip="10.0.0.9"))
    until(server, "db.prod.svc", {"10.0.0.9"})
    api.delete(NGINX)
    until(server, "nginx.default.svc", "NXDOMAIN")


def controllers(slice):
    """The slice as the EndpointSlice controller's own."""
    slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
    return slice


def test_slices_of_other_controllers_count(cluster, follow):
    api = cluster()
    api.put(service("remote", selector=None), slice_of("remote", ["192.0.2.1"]))
    api.put(controllers(slice_of("nginx", ["192.0.2.99"], name="nginx-abc")))
    server = follow(api)
    assert server.addresses_of("remote.default.svc") == {"192.0.2.1"}
    assert server.addresses_of("nginx.default.svc") == {"10.244.0.7"}


def test_where_pods_may_not_be_listed_slices_are_used(cluster, follow):
    api = cluster()
    api.refuse("pods", 403, times=None)
    api.put(controllers(slice_of("nginx", ["192.0.2.99"], name="nginx-abc")))
    server = follow(api)
    assert server.addresses_of("nginx.default.svc") == {"192.0.2.99"}
    server.log.wait(r"RBAC rule apiGroups: \[\"\"\], resources: \[\"pods\"\], verbs: \[\"list\", \"watch\"\]")
    api.refuse("pods", None)
    until(server, "nginx.default.svc", {"10.244.0.7"})
    server.log.wait(r"pods may be listed again")


def test_the_permission_for_pods_goes_and_comes_back(cluster, follow):
    """Names never vanish meanwhile."""
    api = cluster()
    api.put(controllers(slice_of("nginx", ["192.0.2.99"], name="nginx-abc")))
    server = follow(api)
    api.wait_watched()
    with asking(server, "nginx.default.svc", {"10.244.0.7", "192.0.2.99"}):
        api.refuse("pods", 403, times=None)
        api.end("pods")
        until(server, "nginx.default.svc", {"192.0.2.99"})
        api.refuse("pods", None)
        until(server, "nginx.default.svc", {"10.244.0.7"})


def test_the_slices_of_a_service_that_lost_its_selector(cluster, follow):
    """Its endpoints stay those that the controller wrote last, also for one who comes later; and there is no gap."""
    api = cluster()
    api.put(controllers(slice_of("nginx", ["10.244.0.7"], name="nginx-abc")))
    server = follow(api)
    with asking(server, "nginx.default.svc", {"10.244.0.7"}):
        api.put(service("nginx", selector=None))
        api.put(service("other", selector=None), controllers(slice_of("other", ["10.244.0.9"])))
        until(server, "other.default.svc", {"10.244.0.9"})
        api.delete(web(0, "10.244.0.7"))
        api.put(service("last", selector=None), slice_of("last", ["10.244.0.10"]))
        until(server, "last.default.svc", {"10.244.0.10"})
    late = follow(api)
    assert late.addresses_of("nginx.default.svc") == {"10.244.0.7"}
    api.delete(service("other"), controllers(slice_of("other", ["10.244.0.9"])))
    api.put(NGINX)
    for one in (server, late):
        until(one, "nginx.default.svc", "NXDOMAIN")


def test_a_service_that_lost_its_selector_while_nothing_was_ready(cluster, follow):
    """Until the controller's slices have come nobody is told to remember that there is nothing."""
    api = cluster()
    slice = controllers(slice_of("nginx", ["10.244.0.7"], name="nginx-abc"))
    slice["endpoints"][0]["conditions"]["ready"] = False
    api.put(web(0, "10.244.0.7", ready=False), slice)
    server = follow(api, settings=["handover=60s"])
    api.wait_watched()
    api.refuse("endpointslices", 503)
    api.put(service("nginx", selector=None))
    api.wait_for(lambda api: not api.refusals["endpointslices"])  # it has heard of the Service, and not of the slices
    for name in ("nginx.default.svc", "_web._tcp.nginx.default.svc"):
        assert [record.ttl for record in server.ask(name).authority] == [0], name


def test_endpoints_from_slices(cluster, follow):
    api = cluster()
    api.put(controllers(slice_of("nginx", ["192.0.2.99"], name="nginx-abc")), service("far", selector=None), slice_of("far", ["192.0.2.1"]))
    server = follow(api, settings=["endpoints=slices"])
    assert server.addresses_of("nginx.default.svc") == {"192.0.2.99"}
    assert server.addresses_of("far.default.svc") == {"192.0.2.1"}
    assert api.count("pods") == 0
    api.put(controllers(slice_of("nginx", ["192.0.2.98"], name="nginx-abc")))
    until(server, "nginx.default.svc", {"192.0.2.98"})


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


@pytest.mark.parametrize(
    "setting, shown",
    [
        ("namespaces=default prod", {"default", "prod"}),
        ("namespaces=test", {"test"}),
        ("namespace_labels=stage in (prod,test)", {"prod", "test"}),
        ("namespace_labels=stage notin (test)", {"default", "prod"}),
    ],
)
def test_namespaces_that_are_left_out(cluster, follow, setting, shown):
    """Neither they nor their Services exist. Reverse names look at no Namespace, but what `namespaces` leaves out is not there, as in CoreDNS."""
    api = cluster()
    api.put(namespace("prod", stage="prod"), namespace("test", stage="test"))
    api.put(*(service("db", ns, headless=False, cluster_ip=f"10.0.1.{i}") for i, ns in enumerate(("default", "prod", "test"))))
    server = follow(api, settings=[setting])
    for i, ns in enumerate(("default", "prod", "test")):
        assert rcode(server, f"{ns}.svc") == ("NOERROR" if ns in shown else "NXDOMAIN")
        assert server.addresses_of(f"db.{ns}.svc") == ({f"10.0.1.{i}"} if ns in shown else set())
        pointed = ns in shown or "namespace_labels" in setting
        assert server.addresses_of(f"{i}.1.0.10.in-addr.arpa.", "PTR") == ({f"db.{ns}.svc.cluster.local."} if pointed else set())
    api.put(namespace("prod", stage="test"))
    if "notin" in setting:
        until(server, "db.prod.svc", "NXDOMAIN")
        until(server, "prod.svc", "NXDOMAIN")
    api.delete(namespace("test"))
    until(server, "test.svc", "NXDOMAIN")


@pytest.mark.parametrize("endpoints", ["pods", "slices"])
def test_services_that_are_left_out(cluster, follow, endpoints):
    """A selector for labels holds for Services and slices, which have their labels; Pods are not filtered."""
    api = cluster()
    shown, hidden = service("shown", selector={"app": "nginx"}), service("hidden", selector={"app": "nginx"})
    theirs, odd = slice_of("shown", ["192.0.2.1"], name="theirs"), slice_of("shown", ["192.0.2.2"], name="odd")
    ours = controllers(slice_of("shown", ["10.244.0.7"], name="ours"))
    for labelled in (shown, theirs, ours):
        labelled["metadata"].setdefault("labels", {})["dns"] = "yes"
    api.put(shown, hidden, theirs, odd, ours)
    server = follow(api, settings=["labels=dns=yes", f"endpoints={endpoints}"])
    assert server.addresses_of("shown.default.svc") == {"10.244.0.7", "192.0.2.1"}
    assert rcode(server, "hidden.default.svc") == rcode(server, "nginx.default.svc") == "NXDOMAIN"
    shown["metadata"]["labels"] = {}
    api.put(shown)
    until(server, "shown.default.svc", "NXDOMAIN")


MOVES = 200


@pytest.mark.parametrize("source", ["slices", "foreign slices"])
def test_endpoints_that_move_between_slices(cluster, follow, source):
    """Out of one and then into the other, again and again, as well as not ready for a moment, which is no move."""
    api = cluster()
    mark = controllers if source == "slices" else lambda piece: piece
    api.put(service("db", selector={"app": "db"}))

    def put(*, a, b):
        api.put(mark(slice_of("db", a, name="db-a")))
        time.sleep(0.002)
        api.put(mark(slice_of("db", b, name="db-b")))

    every = {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    put(a=["192.0.2.1", "192.0.2.2"], b=["192.0.2.3"])
    server = follow(api, settings=["endpoints=slices"] if source == "slices" else [])
    with asking(server, "db.default.svc", every, whole=True):
        for _ in range(MOVES // 2):
            put(a=["192.0.2.1"], b=["192.0.2.2", "192.0.2.3"])
            put(a=["192.0.2.1", "192.0.2.2"], b=["192.0.2.3"])
    api.put(mark(slice_of("db", ["192.0.2.1"], name="db-a")))
    until(server, "db.default.svc", {"192.0.2.1", "192.0.2.3"})


def test_a_service_updated_before_its_pods(cluster, follow):
    api = cluster()
    api.put(service("blue-green", selector={"v": "1"}), pod("a", "10.244.1.1", labels={"v": "1"}))
    server = follow(api, settings=["handover=60s"])
    with asking(server, "blue-green.default.svc", {"10.244.1.1", "10.244.1.2"}):
        for version in range(2, 20):
            api.put(service("blue-green", selector={"v": str(version)}))
            api.put(service("mark", headless=False, cluster_ip=f"10.0.0.{version}"))
            until(server, "mark.default.svc", {f"10.0.0.{version}"})  # it has heard of the Service
            number = 2 - version % 2  # another address each time, so that the pod's change is waited for
            api.put(pod("a", f"10.244.1.{number}", labels={"v": str(version)}))
            until(server, "blue-green.default.svc", {f"10.244.1.{number}"})


@pytest.mark.parametrize("endpoints", ["pods", "slices"])
def test_lists_anew_under_load(cluster, follow, endpoints):
    """Versions expire again and again while pods come and go; there is always one that lives."""
    api = cluster()
    server = follow(api, settings=[f"endpoints={endpoints}"], started="listening on")

    def world(first):
        addresses = [f"10.244.1.{n}" for n in range(first, first + 3)]
        for obj in [o for o in list(api.objects["pods"].values())]:
            api.delete(obj)
        api.put(*(web(n, address) for n, address in enumerate(addresses)), controllers(slice_of("nginx", addresses, name="nginx-abc")))
        return set(addresses)

    known = world(1)
    until(server, "nginx.default.svc", known)
    for round in range(2, 12):
        api.stop()
        now = world(3 * round)
        api.expire()
        with asking(server, "nginx.default.svc", known | now):
            api.start()
            until(server, "nginx.default.svc", now)
        known = now


def test_an_endpoint_that_is_not_ready_is_gone_at_once(cluster, follow):
    """Even if it was about to move, and though it is held where it vanished while it was ready."""
    api = cluster()
    api.put(service("db", selector={"app": "db"}), slice_of("db", ["192.0.2.3"], name="db-b"))
    server = follow(api, settings=["handover=60s"])
    api.put(slice_of("db", ["192.0.2.1"], name="db-a"))
    until(server, "db.default.svc", {"192.0.2.1", "192.0.2.3"})
    unready = slice_of("db", ["192.0.2.1"], name="db-a")
    unready["endpoints"][0]["conditions"]["ready"] = False
    api.put(unready)
    until(server, "db.default.svc", {"192.0.2.3"})
    api.put(slice_of("db", [], name="db-a"), slice_of("db", ["192.0.2.3", "192.0.2.4"], name="db-b"))
    until(server, "db.default.svc", {"192.0.2.3", "192.0.2.4"})


# --- the start ---


def test_until_the_cluster_is_read_its_names_fail(cluster, follow):
    api = cluster()
    api.stall()
    server = follow(api, started="listening on")
    for name in (WEB0, "no.such.svc", "cluster.local."):
        response = server.ask(name)
        assert dns.rcode.to_text(response.rcode()) == "SERVFAIL"
        assert [(o.code, o.text) for o in response.options] == [(14, "the cluster has not been read yet")]
    assert rcode(server, "7.0.244.10.in-addr.arpa.", "PTR") == "SERVFAIL"
    assert rcode(server, "example.com.") == "REFUSED"
    server.log.wait(r"reading the cluster: .*pods 0 so far")
    api.stall(False)
    until(server, WEB0, {"10.244.0.7"})
    server.log.wait(r"serving 1 service, 1 endpoint, ")


def test_without_an_api_server_it_starts_and_goes_on_trying(cluster, follow):
    api = cluster()
    api.stop()
    server = follow(api, started="listening on")
    assert rcode(server, WEB0) == "SERVFAIL"
    server.log.wait(r"pods: the API server cannot be reached")
    api.start()
    until(server, WEB0, {"10.244.0.7"})


def test_the_start_line_does_not_wait_for_ever(cluster, follow):
    api = cluster()
    api.stall()
    server = follow(api, settings=["startup_timeout=100ms"], started="listening on")
    server.log.wait(r"the cluster at \S+ has not been read within 100 ms; its names get SERVFAIL until then")
    api.stall(False)
    until(server, WEB0, {"10.244.0.7"})


# --- the snapshot ---


@pytest.fixture
def snapshot(tmp_path):
    return tmp_path / "snapshot"


def restart(follow, api, snapshot, *arguments, **options):
    return follow(api, *arguments, settings=[f"snapshot={snapshot}", *options.pop("settings", [])], **options)


@pytest.mark.parametrize("endpoints", ["pods", "slices"])
def test_a_snapshot_is_served_until_the_cluster_is_there(cluster, follow, snapshot, endpoints):
    api = cluster()
    api.put(web(1, "10.244.0.8"), controllers(slice_of("nginx", ["10.244.0.7", "10.244.0.8"], name="nginx-abc")))
    server = restart(follow, api, snapshot, "--ttl", "30", settings=[f"endpoints={endpoints}"])
    assert server.addresses_of("nginx.default.svc") == {"10.244.0.7", "10.244.0.8"}
    assert server.ask("nginx.default.svc").answer[0].ttl == 30
    server.stop()
    assert snapshot.stat().st_mode & 0o777 == 0o600 and not list(snapshot.parent.glob("snapshot.*"))

    api.stop()
    server = restart(follow, api, snapshot, "--ttl", "30", settings=[f"endpoints={endpoints}"], started="listening on")
    server.log.wait(r"snapshot \S+: serving its 1 service and 2 endpoints until the cluster has been read")
    assert server.addresses_of("nginx.default.svc") == {"10.244.0.7", "10.244.0.8"}
    assert server.ask("nginx.default.svc").answer[0].ttl == 5
    assert rcode(server, "no.such.svc") == "NXDOMAIN"
    api.delete(web(0, "10.244.0.7"))
    api.put(controllers(slice_of("nginx", ["10.244.0.8"], name="nginx-abc")))
    with asking(server, "nginx.default.svc", {"10.244.0.7", "10.244.0.8"}):
        api.start()
        until(server, "nginx.default.svc", {"10.244.0.8"})
    deadline = harness.Deadline()
    while server.ask("nginx.default.svc").answer[0].ttl != 30:
        deadline.check("the TTL stays a snapshot's")


def test_a_snapshot_of_the_other_source(cluster, follow, snapshot):
    """What is not watched any more does not stay."""
    api = cluster()
    api.put(controllers(slice_of("nginx", ["192.0.2.99"], name="nginx-abc")))
    restart(follow, api, snapshot).stop()
    server = restart(follow, api, snapshot, settings=["endpoints=slices"])
    until(server, "nginx.default.svc", {"192.0.2.99"})
    server.stop()
    server = restart(follow, api, snapshot)
    until(server, "nginx.default.svc", {"10.244.0.7"})


def test_a_snapshot_is_written_when_changes_have_settled(cluster, follow, snapshot):
    api = cluster()
    server = restart(follow, api, snapshot)
    deadline = harness.Deadline()
    while not snapshot.exists():
        deadline.check("no snapshot came")
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    api.stop()
    server = restart(follow, api, snapshot, started="listening on")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda b: b[: len(b) // 2], r"it has \d+ octets of the \d+ that were written"),
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "it is damaged"),
        (lambda b: b[:8] + b"\xff" + b[9:], "it has version 255 of the format; this headns reads version"),
        (lambda b: b"apiVersion: v1\nkind: List\n" * 10, "it is no snapshot of headns"),
        (lambda b: b"", "it is no snapshot of headns"),
    ],
    ids=["cut", "damaged", "newer", "foreign", "empty"],
)
def test_a_snapshot_that_is_none(cluster, follow, snapshot, damage, said):
    api = cluster()
    restart(follow, api, snapshot).stop()
    snapshot.write_bytes(damage(snapshot.read_bytes()))
    api.stall()
    server = restart(follow, api, snapshot, started="listening on")
    server.log.wait(rf"the snapshot is not used: {snapshot}: {said}")
    assert rcode(server, WEB0) == "SERVFAIL"
    api.stall(False)
    until(server, WEB0, {"10.244.0.7"})
    server.stop()
    server = restart(follow, api, snapshot)
    server.log.wait("serving its 1 service ")


def test_a_snapshot_of_another_cluster(cluster, follow, snapshot):
    first, second = cluster(), cluster()
    restart(follow, first, snapshot).stop()
    second.stall()
    server = restart(follow, second, snapshot, started="listening on")
    server.log.wait(rf"the snapshot is not used: {snapshot}: it is of the cluster at {first.url}")
    assert rcode(server, WEB0) == "SERVFAIL"


def test_a_snapshot_that_cannot_be_written(cluster, follow, tmp_path):
    api = cluster()
    server = restart(follow, api, tmp_path / "no" / "snapshot")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    assert re.search(r"the snapshot could not be written: \S+/no/snapshot.new: No such file or directory", server.stop())


def test_a_snapshot_that_could_not_be_written_is_written_later(cluster, follow, tmp_path):
    """Also if nothing has changed since; here, at the end."""
    path = tmp_path / "no" / "snapshot"
    server = restart(follow, cluster(), path)
    server.log.wait("the snapshot could not be written")
    path.parent.mkdir()
    server.stop()
    assert path.exists()


# --- what goes wrong ---


def test_the_api_server_goes_and_comes_back(cluster, follow):
    api = cluster()
    server = follow(api)
    api.stop()
    server.log.wait(r"pods: the (API server cannot be reached|connection broke)")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    api.put(web(0, "10.244.0.8"))
    api.start()
    until(server, WEB0, {"10.244.0.8"})
    server.log.wait(r"pods: back after \d+ ms")


@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed lists", "fetched lists"])
def test_what_vanished_while_versions_expired(cluster, follow, streams_lists):
    api = cluster(streams_lists=streams_lists)
    api.put(web(1, "10.244.0.10"))
    server = follow(api)
    api.stop()
    api.delete(web(0, "10.244.0.7"))
    api.put(web(2, "10.244.0.11"))
    api.expire()
    api.start()
    until(server, "nginx.default.svc", {"10.244.0.10", "10.244.0.11"})
    assert rcode(server, WEB0) == "NXDOMAIN"


def test_a_list_in_pages_of_which_one_expires(cluster, follow):
    api = cluster(streams_lists=False, page_size=2)
    api.put(*(web(n, f"10.244.0.{10 + n}") for n in range(9)))
    api.refuse("pods", 422)  # the streamed list
    api.refuse("pods", 410)  # then the server's cache has not got that version
    api.expire_continuations = 1
    server = follow(api)
    assert len(server.addresses_of("nginx.default.svc")) == 9
    assert api.count("pods", limit="500") >= 2


def test_a_list_in_pages(cluster, follow):
    api = cluster(streams_lists=False, page_size=2)
    api.put(*(web(n, f"10.244.0.{10 + n}") for n in range(9)))
    api.refuse("pods", 422)
    api.refuse("pods", 410)
    server = follow(api)
    assert len(server.addresses_of("nginx.default.svc")) == 9
    assert len([q for r, q, _ in api.requests if r == "pods" and "continue" in q]) == 4


BROKEN = {
    "garbage": (b"\x00\xff<html>", False),
    "half an event": (event("ADDED", web(5, "10.244.0.55"))[:200], True),
    "an event that is no JSON": (b'{"type":nul}\n', False),
    "an ERROR event": (event("ERROR", status(500)), False),
    "an expired version": (event("ERROR", status(410)), False),
    "the end": (b"", True),
    "an event of 5 MB": (event("MODIFIED", {**NGINX, "x": "y" * 5_000_000}), False),
    "an object that can't be read": (event("ADDED", {**web(5, "10.244.0.55"), "metadata": {"name": "No Name"}}), False),
    "an object of another kind": (event("ADDED", NGINX), False),
    "an event of an unknown type": (event("RENAMED", web(5, "10.244.0.55")), False),
}


SAID = {
    "an ERROR event": "pods: what the API server sent can't be used: it ended the stream with status 500: told to",
    "an event that is no JSON": "pods: what the API server sent can't be used: broken JSON",
    "an object that can't be read": 'pods: an object is left out: Pod default/No Name: metadata.name: "No Name" is not a DNS name',
    "an object of another kind": "pods: an object is left out: it is of another kind",
    "an event of 5 MB": r"pods: an object of 50\d{5} octets is left out; at most 4194304 are read",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_watch_goes_on(cluster, follow, what):
    """No answer is wrong while it is mended, and what changes next is seen."""
    api = cluster()
    server = follow(api)
    api.wait_watched("pods")
    data, close = BROKEN[what]
    with asking(server, WEB0, {"10.244.0.7", "10.244.0.8"}):
        api.send("pods", data, close)
        assert server.addresses_of(WEB0) == {"10.244.0.7"}
        api.put(web(0, "10.244.0.8"))
        until(server, WEB0, {"10.244.0.8"})
    if what in SAID:
        server.log.wait(SAID[what])
    if what not in SAID:
        assert not any("broken JSON" in line for line in server.log.lines) or what in ("garbage", "half an event")
    assert rcode(server, "web-5.nginx.default.svc") == "NXDOMAIN"


def test_octet_by_octet(cluster, follow):
    api = cluster()
    api.drip = 7
    server = follow(api)
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})


def test_bookmarks_only(cluster, follow):
    """They carry the watch past versions that expire: it goes on from there, and nothing is listed again."""
    api = cluster()
    server = follow(api)
    api.wait_watched()
    lists = api.count("pods", sendInitialEvents="true")
    for n in range(5):
        api.put(service(f"other-{n}"))
        api.expire()
        for resource in ALWAYS:
            api.bookmark(resource)
            api.end(resource)
        version = str(api.version)
        api.wait_for(lambda api, version=version: api.count("pods", resourceVersion=version))
    assert api.count("pods", sendInitialEvents="true") == lists
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})


WHY = {
    401: "the API server does not know who we are; the token or client certificate is wrong or has expired",
    403: r'not allowed; what is missing is the RBAC rule apiGroups: \["{group}"\], resources: \["{resource}"\], verbs: \["list", "watch"\]',
    404: r"the server has no /apis?/\S+/{resource}; it is too old, or is no Kubernetes API server",
}


@pytest.mark.parametrize("code", WHY)
def test_why_the_server_refuses(cluster, follow, code):
    """Told apart for each resource, and when it is over all is well."""
    api = cluster()
    for resource in ALWAYS:
        api.refuse(resource, code, times=None)
    server = follow(api, started="listening on")
    for resource in ALWAYS:
        group = "discovery.k8s.io" if resource == "endpointslices" else ""
        server.log.wait(f"{resource}: " + WHY[code].format(resource=resource, group=group))
    assert rcode(server, WEB0) == "SERVFAIL"
    for resource in ALWAYS:
        api.refuse(resource, None)
    until(server, WEB0, {"10.244.0.7"})


@pytest.mark.parametrize("code", [429, 500, 503, 403, 404])
def test_refusals_pass(cluster, follow, code):
    api = cluster()
    for resource in ALWAYS:
        api.refuse(resource, code, headers={"Retry-After": "1"} if code == 429 else None)
    server = follow(api, started="listening on")
    until(server, WEB0, {"10.244.0.7"})


def test_a_stall(cluster, follow):
    api = cluster()
    server = follow(api)
    api.stall()
    api.put(web(0, "10.244.0.8"))
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    api.stall(False)
    until(server, WEB0, {"10.244.0.8"})


# --- who we are ---


def test_a_token_file_that_rotates(cluster, follow, tmp_path):
    api = cluster(token="first")
    token = tmp_path / "token"
    token.write_text("first\n")
    server = follow(api, user={"tokenFile": "token"})
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    api.token = "second"
    api.end("pods")
    server.log.wait(r"pods: the API server does not know who we are")
    token.write_text("second\n")
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    assert "first" not in server.stop()


def test_a_credential_plugin(cluster, follow, tmp_path):
    """Its answer expires at once, so it runs for each request."""
    api = cluster(token="from-the-plugin")
    plugin = tmp_path / "plugin"
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "status": {"token": "from-the-plugin", "expirationTimestamp": "2020-01-01T00:00:00Z"},
    }
    plugin.write_text(f"#!/bin/sh\n[ \"$KEY\" = value ] && [ -n \"$KUBERNETES_EXEC_INFO\" ] && echo '{json.dumps(credential)}'\n")
    plugin.chmod(0o755)
    exec_config = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./plugin",
        "env": [{"name": "KEY", "value": "value"}],
        "interactiveMode": "Never",
    }
    server = follow(api, user={"exec": exec_config})
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    plugin.write_text("#!/bin/sh\nexit 3\n")
    api.end("pods")
    server.log.wait(r"no credentials to show: the credential plugin ./plugin: it ended with status 3")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    assert "from-the-plugin" not in server.stop()


def certificate(folder, name, subject_alt_name):
    """A self-signed certificate, its own CA: the paths of it and its key."""
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()
    subprocess.run([*command, "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject_alt_name}", "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


def expire(cert, key):
    """Makes it one that was good until yesterday."""
    request = cert.with_suffix(".csr")
    subprocess.run(["openssl", "x509", "-x509toreq", "-in", cert, "-signkey", key, "-out", request], check=True, capture_output=True)
    command = ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-copy_extensions", "copyall", "-out", cert]
    subprocess.run(command, check=True, capture_output=True)


def tls_server(cert, key, clients=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


def data(path):
    return base64.b64encode(path.read_bytes()).decode()


def bundle(cert):
    """A file with our CA behind others."""
    other, _ = certificate(cert.parent, "other", "DNS:other")
    path = cert.parent / "bundle.crt"
    path.write_bytes(b"a comment\n" + other.read_bytes() + cert.read_bytes())
    return path


TRUST = {
    "a CA as data": ("IP:127.0.0.1", lambda cert: {"certificate-authority-data": data(cert)}, True),
    "a CA file beside the kubeconfig": ("IP:127.0.0.1", lambda cert: {"certificate-authority": cert.name}, True),
    "a CA in a bundle": ("IP:127.0.0.1", lambda cert: {"certificate-authority": bundle(cert).name}, True),
    "a CA in a bundle of data": ("IP:127.0.0.1", lambda cert: {"certificate-authority-data": data(bundle(cert))}, True),
    "any certificate": ("DNS:elsewhere", lambda cert: {"insecure-skip-tls-verify": True}, True),
    "another server name": ("DNS:api", lambda cert: {"certificate-authority": cert.name, "tls-server-name": "api"}, True),
    "no CA": ("IP:127.0.0.1", lambda cert: {}, False),
    "the name of another": ("DNS:elsewhere", lambda cert: {"certificate-authority": cert.name}, False),
}


@pytest.mark.parametrize("how", TRUST)
def test_whom_we_trust(cluster, follow, need, tmp_path, how):
    need("openssl")
    name, settings, trusted = TRUST[how]
    cert, key = certificate(tmp_path, "server", name)
    server = follow(cluster(tls=tls_server(cert, key)), cluster=settings(cert), started="listening on")
    if trusted:
        until(server, WEB0, {"10.244.0.7"})
    else:
        server.log.wait(r"(namespaces|services|pods|endpointslices): no TLS session with the API server: .*certificate")
        assert rcode(server, WEB0) == "SERVFAIL"


@pytest.mark.parametrize("settings, trusted", [({}, True), ({"certificate-authority": "other.crt"}, False), ("data", False)])
def test_the_authorities_of_the_system(cluster, need, tmp_path, settings, trusted):
    """They count only where the kubeconfig names none."""
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    other, _ = certificate(tmp_path, "other", "IP:127.0.0.1")
    system = tmp_path / "system"
    system.mkdir()
    for name in ("ours.pem", "ca-certificates.crt"):
        (system / name).write_bytes(cert.read_bytes())
    subprocess.run(["openssl", "rehash", system], check=True, capture_output=True)
    settings = {"certificate-authority-data": data(other)} if settings == "data" else settings
    kubeconfig = cluster(tls=tls_server(cert, key)).kubeconfig(tmp_path / "kubeconfig", None, settings)
    inside = f'mount --bind "{system}" /etc/ssl/certs && exec "$@"'
    dump = ["unshare", "-rm", "sh", "-c", inside, "sh", *harness.headns("dump", "--kubeconfig", kubeconfig)]
    with subprocess.Popen(dump, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=harness.environment()) as process:
        said = next((line for line in process.stderr if "headns:" not in line or "no TLS session with the API server" in line), "")
        process.terminate()
    assert ("no TLS session" in said) != trusted and "mount:" not in said and "unshare:" not in said, said
    assert (process.returncode == 0) == trusted


def test_a_client_key_under_a_password(cluster, need, tmp_path):
    """Nobody is asked for it, though there is a terminal."""
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    client_cert, plain = certificate(tmp_path, "client", "DNS:us")
    client_key = tmp_path / "locked.key"
    subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:x", "-in", plain, "-out", client_key], check=True, capture_output=True)
    user = {"client-certificate": client_cert.name, "client-key": client_key.name}
    api = cluster(tls=tls_server(cert, key, client_cert))
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig", user, {"certificate-authority": cert.name})
    command = harness.headns("dump", "--kubeconfig", kubeconfig)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(str(command[0]), [str(word) for word in command], harness.environment())
    said = b""
    with contextlib.suppress(OSError):  # EIO: all have closed it
        while b"pass phrase" not in said and b"no TLS session" not in said and (octets := os.read(terminal, 4096)):
            said += octets
    os.kill(pid, signal.SIGTERM)
    os.close(terminal)
    os.waitpid(pid, 0)
    assert b"pass phrase" not in said and b"no TLS session with the API server: unable to set private key file" in said, said


def test_an_expired_certificate(cluster, follow, need, tmp_path):
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    expire(cert, key)
    server = follow(cluster(tls=tls_server(cert, key)), cluster={"certificate-authority": cert.name}, started="listening on")
    server.log.wait(r"no TLS session with the API server: .*certificate has expired")
    assert rcode(server, WEB0) == "SERVFAIL"


def test_a_server_that_wants_another_client(cluster, follow, need, tmp_path):
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    wanted, _ = certificate(tmp_path, "wanted", "DNS:them")
    client_cert, client_key = certificate(tmp_path, "client", "DNS:us")
    user = {"client-certificate": client_cert.name, "client-key": client_key.name}
    api = cluster(tls=tls_server(cert, key, wanted))
    server = follow(api, user=user, cluster={"certificate-authority": cert.name}, started="listening on")
    server.log.wait(r"(no TLS session with the API server|the connection broke): ")
    assert rcode(server, WEB0) == "SERVFAIL"


def test_a_client_certificate(cluster, follow, need, tmp_path):
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    client_cert, client_key = certificate(tmp_path, "client", "DNS:us")
    user = {"client-certificate-data": data(client_cert), "client-key": client_key.name}
    api = cluster(tls=tls_server(cert, key, client_cert))
    server = follow(api, user=user, cluster={"certificate-authority": cert.name})
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


# --- the file that says that it answers ---


def test_the_ready_file_waits_for_the_cluster(cluster, follow, snapshot):
    api = cluster()
    ready = snapshot.parent / "ready"
    api.stall()
    server = restart(follow, api, snapshot, "--ready-file", ready, started="listening on")
    assert rcode(server, WEB0) == "SERVFAIL" and not ready.exists()
    api.stall(False)
    deadline = harness.Deadline()
    while not ready.exists():
        deadline.check("no ready file came")
        time.sleep(0.01)
    assert server.addresses_of(WEB0) == {"10.244.0.7"} and harness.parse_addresses(ready.read_text()) == server.addresses
    server.stop()
    assert not ready.exists()
    api.stop()
    server = restart(follow, api, snapshot, "--ready-file", ready, started="listening on")  # which has a snapshot now
    server.ask(WEB0)
    assert ready.exists()


# --- what kubectl would take ---


@pytest.mark.parametrize("command", ["serve", "dump"])
@pytest.mark.parametrize("how", ["KUBECONFIG", "list", "home", "pod"])
def test_a_kubeconfig_that_is_not_named(cluster, serve, need, tmp_path, command, how):
    need("openssl")
    cert, key = certificate(tmp_path, "server", "IP:127.0.0.1")
    api = cluster(token="t", tls=tls_server(cert, key) if how == "pod" else None)
    env = {"KUBECONFIG": "", "HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}
    env["HEADNS_SERVICE_ACCOUNT"] = str(tmp_path)
    if how == "KUBECONFIG":
        env["KUBECONFIG"] = str(api.kubeconfig(tmp_path / "one"))
    elif how == "list":
        whole = json.loads(api.kubeconfig(tmp_path / "one").read_text())
        (tmp_path / "users").write_text(json.dumps({"users": whole.pop("users")}))
        (tmp_path / "one").write_text(json.dumps(whole))
        env["KUBECONFIG"] = f"{tmp_path}/no:{tmp_path}/users::{tmp_path}/one"
    elif how == "home":
        (tmp_path / ".kube").mkdir()
        api.kubeconfig(tmp_path / ".kube" / "config")
    else:
        (tmp_path / "token").write_text("t")
        (tmp_path / "ca.crt").write_bytes(cert.read_bytes())
    if command == "dump":
        done = harness.run_headns("dump", "--kubeconfig", "--ttl", "7", env=env)
        assert done.returncode == 0 and "web-0.nginx.default.svc.cluster.local. 7 IN A 10.244.0.7" in done.stdout, done.stderr
    else:
        server = serve("--kubeconfig", "--ttl", "7", env=env)
        assert server.addresses_of(WEB0) == {"10.244.0.7"}


def test_no_kubeconfig_anywhere(tmp_path):
    env = {"KUBECONFIG": "", "HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": ""}
    done = harness.run_headns("serve", "--kubeconfig", env=env)
    assert done.returncode == 1 and "no kubeconfig: KUBECONFIG is not set, there is no ~/.kube/config, and this is no pod" in done.stderr


def test_what_requests_look_like(cluster, follow):
    api = cluster(token="t")
    follow(api)
    api.wait_watched()
    for resource, query, headers in api.requests:
        assert re.fullmatch(r"headns/\S+", headers["user-agent"])
        assert headers["accept"] == "application/json"
        assert query["watch"] == "1" and query["allowWatchBookmarks"] == "true" and query["sendInitialEvents"] == "true"
        assert 300 <= int(query["timeoutSeconds"]) <= 600
    assert api.count("pods", fieldSelector="status.phase!=Succeeded,status.phase!=Failed") == 1
    assert api.count("endpointslices", labelSelector="endpointslice.kubernetes.io/managed-by!=endpointslice-controller.k8s.io") == 1


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("", r"kubeconfig:1: the file is empty"),
        ("- a\n", r"kubeconfig:1: this is no kubeconfig"),
        ("clusters: []\n", r"kubeconfig:1: there is no current-context; name one"),
        ("current-context: a\ncontexts:\n- name: b\n", r'kubeconfig:3: there is no "a" in contexts'),
        ("a: [\n", r"kubeconfig:\d: "),
    ],
)
def test_a_wrong_kubeconfig(tmp_path, text, wanted):
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    done = harness.run_headns("serve", "--kubeconfig", path)
    assert done.returncode == 1
    assert re.search(wanted, done.stderr), done.stderr


MANY = 700  # endpoints: more than a Service may have to be followed before all others


def test_large_services_follow_too(cluster, follow):
    """Where several wait, what changed is told of each in the end, as it is then."""
    pods = [pod(f"p{n}", f"10.3.{n // 250}.{n % 250 + 1}", labels={"app": "large"}) for n in range(MANY)]
    names = [f"large-{n}" for n in range(4)]
    api = cluster()
    api.put(*[service(name, selector={"app": "large"}) for name in names], service("small", selector={"app": "small"}), *pods)
    server = follow(api)
    for n in range(0, MANY, 7):
        api.put(pod(f"p{n}", f"10.4.0.{n // 7 + 1}", labels={"app": "large"}))
    api.put(pod("s", "10.5.0.1", labels={"app": "small"}))
    api.delete(pods[1])
    want = {f"10.3.{n // 250}.{n % 250 + 1}" for n in range(2, MANY) if n % 7} | {f"10.4.0.{n // 7 + 1}" for n in range(0, MANY, 7)}
    for name in names:
        until(server, f"{name}.default.svc", want)
    until(server, "small.default.svc", {"10.5.0.1"})
    api.delete(service(names[0]))
    until(server, f"{names[0]}.default.svc", "NXDOMAIN")
