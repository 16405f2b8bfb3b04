"""headns with an API server that was set back to a backup, is broken, or lies: what was served stays, and all is well when that server is."""

import itertools
import json
import re
import time
from pathlib import Path

import pytest

import harness
from apiserver import ALWAYS, event
from harness import NGINX, WEB0, asking, rcode, service, until, web

# --- a store that was set back ---

HOW_IT_BREAKS = {
    "it was killed": lambda api: None,
    "it was stopped": lambda api: [api.end(resource) for resource in ALWAYS],
    "half an event": lambda api: [api.send(resource, b'{"type":', close=True) for resource in ALWAYS],
}


def confirmations(api, resource):
    """How many times it was asked for the latest state of one object, which shows the version that there is."""
    return sum(r == resource and q.get("fieldSelector", "").startswith("metadata.name=") and "resourceVersion" not in q for r, q, _ in api.requests)


@pytest.mark.parametrize("how", HOW_IT_BREAKS)
@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed lists", "fetched lists"])
def test_an_older_backup(cluster, follow, how, streams_lists):
    """What the backup undid is undone, and what changes after it is seen, though its versions are lower."""
    api = cluster(streams_lists=streams_lists)
    server = follow(api)
    backup = api.backup()
    api.put(*(web(n, f"10.244.1.{n}") for n in range(1, 20)), service("new", headless=False, cluster_ip="10.0.0.9"))
    until(server, "web-19.nginx.default.svc", {"10.244.1.19"})
    HOW_IT_BREAKS[how](api)
    with asking(server, WEB0, {"10.244.0.7", "10.244.0.8"}):
        api.stop()
        api.restore(backup)
        api.start()
        api.put(web(0, "10.244.0.8"))
        until(server, WEB0, {"10.244.0.8"})
    until(server, "web-19.nginx.default.svc", "NXDOMAIN")
    until(server, "new.default.svc", "NXDOMAIN")
    api.put(web(1, "10.244.0.9"))
    until(server, "web-1.nginx.default.svc", {"10.244.0.9"})


def test_a_backup_that_is_not_older_than_what_is_known(cluster, follow):
    """It has all that there was, so nothing is listed."""
    api = cluster()
    server = follow(api)
    api.stop()
    api.restore(api.backup())
    api.start()
    api.put(web(1, "10.244.0.8"))
    until(server, "web-1.nginx.default.svc", {"10.244.0.8"})
    for resource in ALWAYS:
        api.wait_for(lambda api, resource=resource: confirmations(api, resource))
    assert {resource: api.lists(resource) for resource in ALWAYS} == dict.fromkeys(ALWAYS, 1)


def test_a_backup_whose_versions_have_passed_ours(cluster, follow):
    """So much has changed since that the server has reached our version, on another way: what was undone must go, and what else changed be seen."""
    api = cluster()
    server = follow(api)
    backup = api.backup()
    api.put(service("new", headless=False, cluster_ip="10.0.0.9"), web(1, "10.244.0.9"))
    until(server, "web-1.nginx.default.svc", {"10.244.0.9"})
    api.delete(web(1, "10.244.0.9"))
    until(server, "web-1.nginx.default.svc", "NXDOMAIN")
    api.stop()
    api.restore(backup)
    for number in range(20):
        api.put(web(0, f"10.244.0.{10 + number}"))
    api.start()
    until(server, WEB0, {"10.244.0.29"})
    until(server, "new.default.svc", "NXDOMAIN")


def test_what_changed_last_changed_again_while_it_was_away(cluster, follow):
    """The server is the same, and says both changes: nothing is listed."""
    api = cluster()
    server = follow(api)
    api.put(web(1, "10.244.0.9"))
    until(server, "web-1.nginx.default.svc", {"10.244.0.9"})
    for again in ("10.244.0.10", None, "10.244.0.11"):
        api.stop()
        api.put(web(1, again)) if again else api.delete(web(1, "10.244.0.10"))
        api.start()
        until(server, "web-1.nginx.default.svc", {again} if again else "NXDOMAIN")
        api.wait_watched("pods")
    assert api.lists("pods") == 1


def test_a_restart_costs_no_list(cluster, follow):
    """Ten times, with changes in between: one object is asked for, unless the watch that was broken had yet to begin, and that each change is seen says
    that it is enough."""
    api = cluster()
    server = follow(api)
    for number in range(1, 11):
        api.stop()
        api.start()
        api.put(web(0, f"10.244.0.{10 + number}"))
        until(server, WEB0, {f"10.244.0.{10 + number}"})
        api.wait_watched(*ALWAYS)
    assert {resource: api.lists(resource) for resource in ALWAYS} == dict.fromkeys(ALWAYS, 1)
    assert all(confirmations(api, resource) for resource in ALWAYS)


def test_a_watch_that_the_server_ends_asks_for_nothing_else(cluster, follow):
    api = cluster()
    server = follow(api)
    api.wait_watched()
    for number in range(1, 4):
        watches = api.count("pods", watch="1")
        api.end("pods")
        api.wait_for(lambda api, watches=watches: api.count("pods", watch="1") > watches)
        api.put(web(0, f"10.244.0.{10 + number}"))
        until(server, WEB0, {f"10.244.0.{10 + number}"})
    assert api.lists("pods") == 1
    assert confirmations(api, "pods") == 0


@pytest.mark.parametrize("what", ["bookmark", "event"])
def test_a_version_of_the_past(cluster, follow, what):
    """In a watch that goes on: it says that the server behind it is another one."""
    api = cluster()
    server = follow(api)
    backup = api.backup()
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    with api.news:
        api.objects, api.version = backup
    old = web(1, "10.244.0.9")
    old["metadata"]["resourceVersion"] = str(api.version)
    if what == "bookmark":
        api.bookmark("pods")
    else:
        api.send("pods", event("ADDED", old))
    until(server, WEB0, {"10.244.0.7"})
    server.log.wait(r"pods: the server's store is not what it was \(it has version \d+, and had \d+\); listing anew")
    assert api.lists("pods") == 2


# --- connections that are half dead ---

NOTICED_S = 45  # what client-go takes


def test_connections_that_nobody_acknowledges(cluster, follow):
    """Of idle watches nothing else says so, for there is nothing to send. Within 45 s there are new ones, and they bring what was missed."""
    api = cluster()
    server = follow(api)
    api.wait_watched()
    begun = time.monotonic()
    api.deafen()
    api.put(web(1, "10.244.0.8"))
    for resource in ALWAYS:
        api.wait_for(lambda api, resource=resource: api._watches(resource), timeout=NOTICED_S)
    print(f"all four watches are new after {time.monotonic() - begun:.1f} s")
    until(server, "web-1.nginx.default.svc", {"10.244.0.8"})
    assert {resource: api.lists(resource) for resource in ALWAYS} == dict.fromkeys(ALWAYS, 1)


# --- versions and other texts of the server's in what it is asked ---


VERSIONS = ["1 2", "a\r\nX-Injected: 1", "7&watch=0&resourceVersion=1", "7#", "%00", "\u00fc\U0001f600", "-1", "x" * 1000]


@pytest.mark.parametrize("version", VERSIONS, ids=range(len(VERSIONS)))
@pytest.mark.parametrize("how", ["list", "page", "stream", "event"])
def test_a_version_that_can_not_stand_in_a_url(cluster, follow, version, how):
    """Whatever the server makes of it, it is listed anew once it says something better; and a request says no more than it should."""
    api = cluster(streams_lists=how != "list" and how != "page")
    kind_list = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": []}
    kind_list["metadata"].update({"continue": version} if how == "page" else {})
    meta = {"resourceVersion": version, "annotations": {"k8s.io/initial-events-end": "true"}}

    def bad(query):
        yield json.dumps(kind_list).encode() if "sendInitialEvents" not in query else event("BOOKMARK", {"kind": "Pod", "metadata": meta})

    if how == "event":
        server = follow(api)
        api.wait_watched("pods")
        pod = web(1, "10.244.0.9")
        pod["metadata"]["resourceVersion"] = version
        api.send("pods", event("ADDED", pod), close=True)
    else:
        api.answer_lists("pods", bad)
        server = follow(api, started="listening on", settings=["list_timeout=200ms"])
        api.wait_for(lambda api: sum(r == "pods" for r, _, _ in api.requests) > 3)
        api.answer_lists("pods", None)
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    known = {"watch", "allowWatchBookmarks", "sendInitialEvents", "resourceVersionMatch", "resourceVersion", "timeoutSeconds", "limit", "continue", "fieldSelector", "labelSelector"}
    for _, query, headers in api.requests:
        assert set(query) <= known and query.get("watch", "1") == "1" and "x-injected" not in headers


@pytest.mark.parametrize("version", ["18446744073709551615", "9" * 400], ids=len)
def test_a_version_of_the_far_future(cluster, follow, version):
    """A server that is well again says nothing to it but bookmarks."""
    api = cluster()
    server = follow(api)
    api.wait_watched("pods")
    api.bookmark("pods", at=version)
    api.bookmark("pods")
    api.put(web(0, "10.244.0.8"))
    until(server, WEB0, {"10.244.0.8"})
    server.log.wait("pods: the server's store is not what it was")


def test_a_version_that_is_longer_than_any(cluster, follow):
    api = cluster()
    api.answer_lists("pods", lambda query: [event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "1" * 100_000, "annotations": {"k8s.io/initial-events-end": "true"}}})])
    server = follow(api, started="listening on")
    api.wait_for(lambda api: api.lists("pods") > 2)
    api.answer_lists("pods", None)
    until(server, WEB0, {"10.244.0.7"})
    assert all(len(q.get("resourceVersion", "")) < 1024 for _, q, _ in api.requests)


# --- what is no list ---


def items(*objects):
    return [{k: v for k, v in o.items() if k not in ("kind", "apiVersion")} for o in objects]


def list_of(kind, objects=(), **more):
    return {"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "500"}, "items": list(objects), **more}


NO_LISTS = {
    "an empty object": ({}, "it is not a ServiceList: it has no kind"),
    "a proxy's text": ({"error": "no healthy upstream"}, "it is not a ServiceList: it has no kind"),
    "a failure": ({"kind": "Status", "apiVersion": "v1", "metadata": {"resourceVersion": "500"}, "status": "Failure", "code": 500}, "it is a Status, not a ServiceList"),
    "a list of another kind": (list_of("PodList", items(web(1, "10.244.0.9"))), "it is a PodList, not a ServiceList"),
    "another kind, its items first": (dict(reversed(list_of("PodList", items(web(1, "10.244.0.9"))).items())), "it is a PodList, not a ServiceList"),
    "a list of any kind": (list_of("List", [NGINX]), "it is a List, not a ServiceList"),
    "a table": (list_of("Table", rows=[]), "it is a Table, not a ServiceList"),
    "no version": (list_of("ServiceList", metadata={}), "the list has no resourceVersion"),
    "an empty version": (list_of("ServiceList", metadata={"resourceVersion": ""}), "the list has no resourceVersion"),
    "a version that is a number": (list_of("ServiceList", metadata={"resourceVersion": 500}), "the list has no resourceVersion"),
    "no metadata": (list_of("ServiceList", metadata=None), "the list has no resourceVersion"),
    "items that are an object": (list_of("ServiceList") | {"items": {"metadata": {"name": "x"}}}, "broken JSON"),
    "items that are a text": (list_of("ServiceList") | {"items": "none"}, "broken JSON"),
    "a kind that is null": (list_of(None), "it is a value of no kind, not a ServiceList"),
    "text": (b"service unavailable", "broken JSON"),
    "a page": (b"<html><body>502</body></html>", "broken JSON"),
    "nothing": (b"", "it ends before the list does"),
    "an array": (b"[]", "broken JSON"),
    "null": (b"null", "broken JSON"),
    "half a list": (json.dumps(list_of("ServiceList", items(NGINX))).encode()[:-30], "it ends before the list does"),
}


def relist(api, resource):
    """Makes it ask for a list."""
    api.expire()
    api.end(resource)


@pytest.mark.parametrize("what", NO_LISTS)
def test_what_is_no_list(cluster, follow, what):
    """Status 200 alone does not make it one: names stay, with a line, until there is one again."""
    body, said = NO_LISTS[what]
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    api = cluster(streams_lists=False)
    api.put(service("other", headless=False, cluster_ip="10.0.0.9"))
    server = follow(api)
    with asking(server, WEB0, {"10.244.0.7"}), asking(server, "other.default.svc", {"10.0.0.9"}):
        api.answer_lists("services", lambda query: [body] if body else [])
        relist(api, "services")
        server.log.wait("services: what the API server sent can't be used: " + re.escape(said))
    assert rcode(server, "web-1.default.svc") == "NXDOMAIN"
    api.answer_lists("services", None)
    api.delete(service("other"))
    until(server, "other.default.svc", "NXDOMAIN")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


UNREADABLE = {
    "null": [None] * 3,
    "numbers": [1, 2, 3.5],
    "texts and lists": ["x", [items(NGINX)], [[]]],
    "objects without names": [{}, {"metadata": {}}, {"metadata": {"name": 5}}],
    "objects of another kind": [web(n, f"10.244.0.{n}") for n in range(3)],
    "most of them": [*items(service("more")), None, None],
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_list_that_can_hardly_be_read(cluster, follow, what):
    """What it does not mention may still be there: it stays, until a list can be read again."""
    api = cluster(streams_lists=False)
    api.put(service("other", headless=False, cluster_ip="10.0.0.9"))
    server = follow(api)
    with asking(server, WEB0, {"10.244.0.7"}), asking(server, "other.default.svc", {"10.0.0.9"}):
        version = str(api.version + 1)  # that of relist()
        api.answer_lists("services", lambda query: [json.dumps(list_of("ServiceList", UNREADABLE[what], metadata={"resourceVersion": version})).encode()])
        relist(api, "services")
        server.log.wait(r"services: of the list's 3 objects [23] can't be read: what was known before stays")
    api.answer_lists("services", None)
    api.wait_watched("services")
    api.put(service("late", headless=False, cluster_ip="10.0.0.10"))
    until(server, "late.default.svc", {"10.0.0.10"})
    api.delete(service("other"))
    until(server, "other.default.svc", "NXDOMAIN")
    api.end("services")
    api.wait_for(lambda api: api.lists("services") >= 4)  # refused as a stream, first, hardly readable, good
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


# --- lists without end ---


def services(numbers=None):
    for number in numbers or itertools.count():
        yield service(f"endless-{number}", headless=False, cluster_ip=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")


def in_pieces(texts, size=200):
    """Joined by that many."""
    while piece := list(itertools.islice(texts, size)):
        yield b"".join(piece)


def endless(texts):
    """A list, or a stream of one, without end, of these items or events."""

    def pieces(query):
        stream = "sendInitialEvents" in query
        if not stream:
            yield b'{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"500"},"items":['
        yield from texts(stream)

    return pieces


def parts(objects, stream):
    return (event("ADDED", o) if stream else json.dumps(o).encode() + b"," for o in objects())


def as_parts(objects):
    return lambda stream: in_pieces(parts(objects, stream))


def slowly(texts):
    def pieces(stream):
        for text in texts(stream):
            yield text
            time.sleep(0.01)  # a server's pace, not a test's wait

    return pieces


ENDLESS = {
    "objects": (as_parts(services), r"the list has more than 2000 objects, see list_max"),
    "objects that can't be read": (as_parts(lambda: itertools.repeat({"kind": "Service", "metadata": {"name": "No Name"}})), r"the list has more than 2000 objects"),
    "the same one": (as_parts(lambda: itertools.repeat(NGINX)), r"the list has more than 2000 objects"),
    "white space": (lambda stream: itertools.repeat(b" \n" * 5000), r"the list has (brought no object for 300 ms|more than 20 MiB)"),
    "white space, slowly": (slowly(lambda stream: itertools.repeat(b" ")), r"the list has brought no object for 300 ms, see list_progress"),
    "objects, slowly": (slowly(lambda stream: parts(services, stream)), r"the list is not whole after 2000 ms, see list_timeout"),
    "one object": (lambda stream: itertools.chain([b'{"type":"' if stream else b'{"x":"'], itertools.repeat(b"x" * 10000)), r"the list has (brought no object for 300 ms|more than 20 MiB)"),
}


def bounds(said):
    """Objects that come slowly must not, where the machine is slow too, come too slowly to be one."""
    return ["list_max=2000 20", "list_timeout=2s", "list_progress=" + ("60s" if "list_timeout" in said else "300ms")]


def resident_kib(server):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text()).group(1))


@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed", "fetched"])
def test_a_list_without_end(cluster, follow, what, streams_lists):
    """It is given up, again and again: what was served stays, memory does not grow with what comes, and in the end all is well."""
    texts, said = ENDLESS[what]
    api = cluster(streams_lists=streams_lists)
    server = follow(api, settings=bounds(said))
    with asking(server, WEB0, {"10.244.0.7"}):
        api.answer_lists("services", endless(texts))
        relist(api, "services")
        server.log.wait("services: what the API server sent can't be used: " + said)
        lists = api.lists("services")
        before = resident_kib(server)
        api.wait_for(lambda api: api.lists("services") >= lists + 3)
        assert resident_kib(server) < before + 60_000 or not harness.is_plain(server)
    api.answer_lists("services", None)
    api.put(service("late", headless=False, cluster_ip="10.0.0.10"))
    until(server, "late.default.svc", {"10.0.0.10"})
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


MANY = ["list_max=20000 40", "list_progress=10s", "list_timeout=60s"]
FIRST, TENTH = "endless-0.default.svc", "endless-9.default.svc"


def check_memory(api, server):
    """It does not grow from list to list."""
    lists = api.lists("services")
    api.wait_for(lambda api: api.lists("services") >= lists + 2)
    before = resident_kib(server)
    api.wait_for(lambda api: api.lists("services") >= lists + 6)
    assert resident_kib(server) < before + 40_000 or not harness.is_plain(server)


@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed", "fetched"])
def test_lists_without_end_of_ever_new_names(cluster, follow, streams_lists):
    """Nothing of a list that is given up is served, ever, and nothing of it is kept."""
    api = cluster(streams_lists=streams_lists)
    server = follow(api, settings=MANY)
    numbers = itertools.count()  # shared by all lists
    with asking(server, WEB0, {"10.244.0.7"}), asking(server, FIRST, "NXDOMAIN"):
        api.answer_lists("services", endless(as_parts(lambda: services(numbers))))
        relist(api, "services")
        check_memory(api, server)
        assert next(numbers) > 100_000
    api.answer_lists("services", None)
    api.put(service("late", headless=False, cluster_ip="10.0.0.10"))
    until(server, "late.default.svc", {"10.0.0.10"})


def test_lists_that_can_hardly_be_read_of_ever_new_names(cluster, follow):
    """They are not swept, so what they add adds up: but for no more than there may be."""
    api = cluster(streams_lists=False)
    server = follow(api, settings=MANY)
    numbers = itertools.count()

    def list_of_some(query):
        good = items(*itertools.islice(services(numbers), 8000))
        yield json.dumps(list_of("ServiceList", [*good, *[None] * 10_000], metadata={"resourceVersion": str(api.version)})).encode()

    with asking(server, WEB0, {"10.244.0.7"}):
        api.answer_lists("services", list_of_some)
        lists = api.lists("services")
        relist(api, "services")
        for number in range(1, 3):  # there is room for these; the next comes when the watch after it ends
            api.wait_for(lambda api, number=number: api.lists("services") >= lists + number and api._watches("services"))
            api.end("services")
        server.log.wait("services: what the API server sent can't be used: there are more than 20000 objects by now, see list_max")
    api.answer_lists("services", None)
    until(server, FIRST, "NXDOMAIN")
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


def test_a_watch_that_adds_without_end(cluster, follow):
    """Its list was good. It is given up when there is more than there may be, and a list says what is true."""
    api = cluster()
    server = follow(api, settings=MANY)
    numbers = itertools.count()

    def good_list_then_endless(query):
        meta = {"resourceVersion": str(api.version), "annotations": {"k8s.io/initial-events-end": "true"}}
        yield event("ADDED", NGINX) + event("BOOKMARK", {"kind": "Service", "metadata": meta})
        yield from in_pieces(parts(lambda: services(numbers), True))

    with asking(server, WEB0, {"10.244.0.7"}):
        api.answer_lists("services", good_list_then_endless)
        relist(api, "services")
        server.log.wait("services: what the API server sent can't be used: there are more than 20000 objects by now, see list_max")
        check_memory(api, server)
    api.answer_lists("services", None)
    until(server, TENTH, "NXDOMAIN")
    api.put(service("late", headless=False, cluster_ip="10.0.0.10"))
    until(server, "late.default.svc", {"10.0.0.10"})
    assert server.addresses_of(WEB0) == {"10.244.0.7"}


def test_pages_without_end(cluster, follow):
    api = cluster(streams_lists=False)
    server = follow(api, settings=bounds("list_timeout"))
    page = list_of("ServiceList", items(NGINX), metadata={"resourceVersion": "500", "continue": "more & more"})
    with asking(server, WEB0, {"10.244.0.7"}):
        api.answer_lists("services", lambda query: [json.dumps(page).encode()])
        relist(api, "services")
        server.log.wait("services: what the API server sent can't be used: the list (has more than 2000 objects|is not whole after 2000 ms)")
    assert api.count("services", **{"continue": "more & more"}) > 0
    api.answer_lists("services", None)
    api.put(service("late", headless=False, cluster_ip="10.0.0.10"))
    until(server, "late.default.svc", {"10.0.0.10"})
