"""What goes to stderr: it never holds up the server, and does not grow with the trouble."""

import re
import signal

import pytest

import harness
from apiserver import ApiServer, event
from harness import pod, run_headns, service, until
from test_cluster import WEB0, web

BAD = event("ADDED", {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": 5}})


def left_out(lines):
    """(lines of single pods, pods that were only counted, lines that were lost)"""
    numbers = {"said": 0, "more": 0, "lost": 0}
    for line in lines:
        if more := re.fullmatch(r"headns: warning: and ([\d,]+) more like: pods: an object is left out: .* \(--log-level debug shows all\)", line):
            numbers["more"] += int(more[1].replace(",", ""))
        elif lost := re.fullmatch(r"headns: warning: lines lost here: ([\d,]+) \(.*\)", line):
            numbers["lost"] += int(lost[1].replace(",", ""))
        elif line.startswith("headns: warning: pods: an object is left out: "):
            numbers["said"] += 1
    return numbers["said"], numbers["more"], numbers["lost"]


def resident_kib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@pytest.mark.parametrize("back", [False, True], ids=["for ever", "for a while"])
def test_a_reader_that_stalls(api, serve, tmp_path, back):
    """At the level debug each of the bad objects has its line: far more than pipe and queue hold."""
    server = serve("--log-level", "debug", "--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"))
    api.wait_watched()
    until(server, WEB0, {"10.244.0.7"})
    server.log.reading.clear()
    before, count = resident_kib(server), 0
    for _ in range(20 if harness.WRAP else 100):
        api.send("pods", BAD * 1000)
        count += 1000
    api.put(web(0, "10.244.0.8"))  # comes after them in the same watch
    until(server, WEB0, {"10.244.0.8"})
    # The lines would be 8 MB. A sanitizer's own memory is no matter of ours.
    assert resident_kib(server) - before < 6000 or not harness.is_plain(server)
    if back:
        server.log.reading.set()
        server.log.wait(r"lines lost here: [\d,]+ \(stderr did not take them\)")
        assert server.process.poll() is None
        log = server.stop()
        said, more, lost = left_out(log.splitlines())
        assert more == 0 and lost > 0 and said > 0
        assert said <= count <= said + lost
    else:
        server.signal(signal.SIGTERM)
        server.process.wait(harness.PATIENCE_S)
        server.log.reading.set()
        server.wait_end(0)


def test_a_watch_of_bad_objects(api, serve, tmp_path):
    server = serve("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"))
    api.wait_watched()
    count = 5000 if harness.WRAP else 100_000
    for _ in range(count // 1000):
        api.send("pods", BAD * 1000)
    api.put(web(0, "10.244.0.8"))
    api.end("pods")
    until(server, WEB0, {"10.244.0.8"})
    server.log.wait("and [0-9,]+ more like")
    said, more, lost = left_out(server.stop().splitlines())
    assert (said + more, lost) == (count, 0)
    assert said % 20 == 0 and said < 1000  # 20 in a minute


@pytest.mark.parametrize("streams_lists", [True, False], ids=["streamed", "fetched"])
def test_a_list_of_bad_objects(serve, tmp_path, streams_lists):
    api = ApiServer(streams_lists=streams_lists, page_size=100)
    api.put(service("nginx", selector={"app": "nginx"}), web(0, "10.244.0.7"))
    for number in range(1234):
        bad = pod("x", "10.0.0.1")
        bad["metadata"]["name"] = number
        api.put(bad)
    server = serve("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"))
    until(server, WEB0, {"10.244.0.7"})
    lines = server.stop().splitlines()
    api.stop()
    assert left_out(lines) == (20, 1214, 0)
    order = [bool(re.search(" more like: ", line)) for line in lines if "an object is left out" in line]
    assert order == [False] * 20 + [True]


def test_services_that_cannot_be_what_they_say(api, serve, tmp_path):
    """Such a line is of compiling, not of reading."""
    for number in range(50):
        api.put(service(f"x{number}", headless=False, type="ExternalName", externalName="10.0.0.1"))
    server = serve("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig"))
    until(server, WEB0, {"10.244.0.7"})
    log = server.stop()
    assert len(re.findall(r"warning: Service default/x\d+: externalName", log)) == 20
    assert re.search(r"warning: and 30 more like: Service default/x\d+: externalName", log)


def test_a_reader_that_is_gone(tmp_path):
    """Whoever read stderr has ended; the server goes on, and ends as ever."""
    manifest = harness.write_manifest(tmp_path / "m.json", service("nginx", selector={"app": "nginx"}), web(0, "10.244.0.7"))
    server = harness.Server(manifest)
    server.log.reading.clear()
    server.signal(signal.SIGHUP)  # its line lets the reader see that it is to stop
    server.log.wait("reloaded")
    server.process.stderr.detach().close()
    for _ in range(3):
        server.signal(signal.SIGHUP)
        assert server.addresses_of(WEB0) == {"10.244.0.7"}
    server.signal(signal.SIGTERM)
    assert server.process.wait(harness.PATIENCE_S) == 0


def test_the_last_line_of_a_start_that_fails(tmp_path):
    """After many others, and though the process ends at once."""
    bad = [service(f"x{n}", headless=False, type="ExternalName", externalName="10.0.0.1") for n in range(2000)]
    manifest = harness.write_manifest(tmp_path / "m.json", *bad)
    done = run_headns("serve", "--log-level", "debug", "--listen", "192.0.2.1:0", manifest)
    assert done.returncode == 1
    assert len(re.findall("warning: Service .*externalName", done.stderr)) == 2000
    assert done.stderr.splitlines()[-1].startswith("headns: error: serve: ")
