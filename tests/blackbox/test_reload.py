"""Edits of what is served: each answer is wholly the old set or wholly the new one, and no query is lost."""

import os
import signal
import threading

import dns.message
import dns.rcode
import pytest

import harness
from harness import pod, service, slice_of, write_manifest

SIZE = 12  # addresses of a set: so many SRV records and their glue fit in a UDP reply


def addresses(state):
    """The set of the n-th edit: no address is in two of them."""
    return {f"10.{state}.0.{n}" for n in range(1, SIZE + 1)}


def write_state(path, state):
    objects = [service("nginx"), slice_of("nginx", sorted(addresses(state)), ports=(("web", 1000 + state),))]
    return write_manifest(path, *objects)


# --- how files change: each takes the path that is served and the number of the new state ---


def edit_in_place(path, state):
    """One write over the old text of the same length, as `sed -i --in-place` does not, but databases and some editors do."""
    old = path.stat().st_size
    text = write_state(path.parent / "next", state).read_bytes()
    assert len(text) == old
    (path.parent / "next").unlink()
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text)
    os.close(descriptor)


def rename_over(path, state):
    write_state(path.parent / ".next", state).rename(path)


def remove_and_write(path, state):
    """What a careless tool does: for a moment there is no file."""
    path.unlink()
    rename_over(path, state)


def swap_configmap(path, state):
    """What the kubelet does: a new folder, and ..data pointing to it from one moment to the next."""
    mount = path.parent
    (mount / f"..state_{state}").mkdir()
    write_state(mount / f"..state_{state}" / path.name, state)
    (mount / "..data_tmp").symlink_to(f"..state_{state}")
    (mount / "..data_tmp").rename(mount / "..data")


def plain_file(folder):
    return write_state(folder / "m.yaml", 10)


def configmap_file(folder):
    path = folder / "m.yaml"
    path.symlink_to("..data/m.yaml")
    swap_configmap(path, 10)
    return path


WAYS = [
    pytest.param(plain_file, edit_in_place, False, id="in place"),
    pytest.param(plain_file, rename_over, False, id="renamed over"),
    pytest.param(plain_file, rename_over, True, id="renamed over, in a folder"),
    pytest.param(plain_file, remove_and_write, False, id="removed and written"),
    pytest.param(configmap_file, swap_configmap, False, id="ConfigMap swap"),
    pytest.param(configmap_file, swap_configmap, True, id="ConfigMap swap, whole folder"),
]


class Asker(threading.Thread):
    """Asks without pause, one query under way at a time, and keeps what was wrong with a reply."""

    def __init__(self, server, transport):
        super().__init__(daemon=True)
        self.server, self.transport = server, transport
        self.wrong, self.seen, self.count = [], set(), 0
        self.enough = threading.Event()

    def run(self):
        try:
            if self.transport == "udp":
                with self.server.udp_socket() as s:
                    self.ask_on(lambda octets: (s.send(octets), s.recv(4096))[1])
            else:
                with self.server.tcp_socket() as s:
                    self.ask_on(lambda octets: (s.sendall(harness.frame(octets)), harness.receive_frame(s))[1])
        except Exception as error:  # a lost query shows itself as a timeout
            self.wrong.append(repr(error))

    def ask_on(self, exchange):
        questions = [("nginx.default.svc", "A"), ("_web._tcp.nginx.default.svc", "SRV"), ("10-10-0-1.nginx.default.svc", "A")]
        while not self.enough.is_set():
            name, rdtype = questions[self.count % 3]
            query = harness.make_query(name, rdtype, id=self.count & 0xFFFF)
            response = dns.message.from_wire(exchange(query.to_wire()))
            self.count += 1
            if not query.is_response(response):
                self.wrong.append(f"a reply to another query: {response}")
            elif rdtype == "SRV":
                self.check_srv(response)
            elif name.startswith("10-10-"):
                self.check_endpoint(response)
            else:
                self.check_set(harness.answer_set(response, "A"), response)

    def check_set(self, got, response):
        states = {int(address.split(".")[1]) for address in got}
        if len(states) != 1 or got != addresses(*states):
            self.wrong.append(f"neither an old set nor a new one: {response}")
        else:
            self.seen |= states

    def check_srv(self, response):
        if not response.answer:
            self.wrong.append(f"no SRV records: {response}")
            return
        ports = {rr.port for rr in response.answer[0]}
        glue = {rr.address for rrset in response.additional for rr in rrset}
        if len(ports) != 1 or len(response.answer[0]) != SIZE or glue != addresses(ports.copy().pop() - 1000):
            self.wrong.append(f"SRV records and glue of two states: {response}")

    def check_endpoint(self, response):
        """There in the first state alone."""
        if response.rcode() == dns.rcode.NOERROR and harness.answer_set(response, "A") != {"10.10.0.1"}:
            self.wrong.append(f"a name without its address: {response}")


def wait_until_served(server, state):
    """Asks until the state is there; the last reload that the log tells of need not be it, edits may have been put together."""
    while server.addresses_of("nginx.default.svc") != addresses(state):
        assert server.process.poll() is None


@pytest.mark.parametrize("make, change, folder", WAYS)
def test_edits_under_queries(tmp_path, serve, make, change, folder):
    path = make(tmp_path)
    server = serve("--workers", "2", tmp_path if folder else path)
    askers = [Asker(server, transport) for transport in ("udp", "udp", "tcp")]
    for asker in askers:
        asker.start()
    for state in range(11, 21):
        change(path, state)
        wait_until_served(server, state)
    for asker in askers:
        asker.enough.set()
    for asker in askers:
        asker.join(harness.PATIENCE_S)
        assert not asker.wrong and not asker.is_alive()
        assert asker.count > 0
    if change is not remove_and_write:  # there the file may be missed while it is gone
        assert not any("error" in line for line in server.log.lines), server.log.lines


BROKEN = [
    pytest.param("{ not yaml\n", id="not YAML"),
    pytest.param("apiVersion: v1\nkind: Service\nmetadata:\n  name: nginx\nspec:\n  clusterIP: 10.0.0.300\n", id="bad object"),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_edit_keeps_the_old_data(tmp_path, serve, broken):
    path = plain_file(tmp_path)
    server = serve(path)
    (tmp_path / ".next").write_text(broken)
    (tmp_path / ".next").rename(path)
    server.log.wait(r"headns: error: " + str(path) + r":\d+: ")
    server.log.wait(r"headns: error: not reloaded: ")
    assert server.addresses_of("nginx.default.svc") == addresses(10)
    rename_over(path, 11)
    server.log.wait(r"headns: info: reloaded: ")
    assert server.addresses_of("nginx.default.svc") == addresses(11)


def test_a_file_that_goes_keeps_the_old_data(tmp_path, serve):
    path = plain_file(tmp_path)
    server = serve(path)
    path.unlink()
    server.log.wait(r"headns: error: .*" + str(path))
    assert server.addresses_of("nginx.default.svc") == addresses(10)
    rename_over(path, 11)
    server.log.wait(r"headns: info: reloaded: ")
    assert server.addresses_of("nginx.default.svc") == addresses(11)


def test_a_file_that_is_empty_for_a_moment_keeps_the_old_data(tmp_path, serve):
    """As of `kubectl get … > FILE`, until kubectl writes, or where it fails."""
    path = plain_file(tmp_path)
    server = serve(path)
    path.write_text("")
    server.log.wait(r"headns: error: there is no object in the manifests any more")
    server.log.wait(r"headns: error: not reloaded: ")
    assert server.addresses_of("nginx.default.svc") == addresses(10)
    rename_over(path, 11)
    server.log.wait(r"headns: info: reloaded: ")
    assert server.addresses_of("nginx.default.svc") == addresses(11)


def test_sighup_reads_again(tmp_path, serve):
    server = serve(plain_file(tmp_path))
    server.signal(signal.SIGHUP)
    server.log.wait(r"reloaded: 0 services changed, 0 gone")
    assert server.addresses_of("nginx.default.svc") == addresses(10)


def test_standard_input_still_counts_when_a_file_changes(tmp_path, serve):
    path = plain_file(tmp_path)
    server = serve("-", path, stdin=harness.manifest_text(service("piped", headless=False, cluster_ip="10.0.0.99")))
    rename_over(path, 11)
    server.log.wait(r"reloaded: 1 service changed, 0 gone")
    assert server.addresses_of("piped.default.svc") == {"10.0.0.99"}
    assert server.addresses_of("nginx.default.svc") == addresses(11)


def test_files_come_and_go_in_a_folder(tmp_path, serve):
    plain_file(tmp_path)
    server = serve(tmp_path)
    extra = service("extra", headless=False, cluster_ip="10.0.0.99")
    (write_manifest(tmp_path / ".extra", extra)).rename(tmp_path / "extra.yaml")
    server.log.wait(r"reloaded: 1 service changed, 0 gone")
    assert server.addresses_of("extra.default.svc") == {"10.0.0.99"}
    assert server.addresses_of("99.0.0.10.in-addr.arpa.", "PTR") == {"extra.default.svc.cluster.local."}
    (tmp_path / "extra.yaml").unlink()
    server.log.wait(r"reloaded: 0 services changed, 1 gone")
    assert server.ask("extra.default.svc").rcode() == dns.rcode.NXDOMAIN
    assert server.ask("99.0.0.10.in-addr.arpa.", "PTR").rcode() == dns.rcode.NXDOMAIN
    assert server.addresses_of("nginx.default.svc") == addresses(10)


def test_a_namespace_comes_and_goes(tmp_path, serve):
    plain_file(tmp_path)
    server = serve(tmp_path)
    assert server.ask("more.svc").rcode() == dns.rcode.NXDOMAIN
    (write_manifest(tmp_path / ".more", service("nginx", "more"))).rename(tmp_path / "more.yaml")
    server.log.wait(r"reloaded: ")
    assert server.ask("more.svc").rcode() == dns.rcode.NOERROR
    logged = len(server.log.lines)
    (tmp_path / "more.yaml").unlink()
    server.log.wait(r"reloaded: ", start=logged)
    assert server.ask("more.svc").rcode() == dns.rcode.NXDOMAIN


def test_what_did_not_change_is_not_rebuilt(tmp_path, serve):
    """A comment added: a reload that changes nothing, and the serial stays."""
    path = plain_file(tmp_path)
    server = serve(path)
    serial = server.ask("cluster.local.", "SOA").answer[0][0].serial
    (tmp_path / ".next").write_text(path.read_text() + "# nothing\n")
    (tmp_path / ".next").rename(path)
    server.log.wait(r"reloaded: 0 services changed, 0 gone")
    assert server.ask("cluster.local.", "SOA").answer[0][0].serial == serial


def test_the_serial_rises_with_every_change(tmp_path, serve):
    path = plain_file(tmp_path)
    server = serve(path)
    serials = [server.ask("cluster.local.", "SOA").answer[0][0].serial]
    for state in range(11, 15):
        rename_over(path, state)
        wait_until_served(server, state)
        serials.append(server.ask("cluster.local.", "SOA").answer[0][0].serial)
    assert serials == sorted(set(serials))


def test_every_kind_of_change_of_a_pod(tmp_path, serve):
    """A pod walks through its life by edits; after each, every name that says something of it says the same."""
    path = tmp_path / "m.yaml"
    selector = {"app": "nginx"}

    def write(**changes):
        options = {"labels": selector, "hostname": "web-0", "subdomain": "nginx", **changes}
        objects = [service("nginx", selector=selector), pod("web-0", options.pop("ip", "10.244.1.7"), **options)]
        write_manifest(tmp_path / ".next", *objects).rename(path)

    life = [
        ({}, "web-0.nginx.default.svc", {"10.244.1.7"}),
        ({"ip": "10.244.1.9"}, "web-0.nginx.default.svc", {"10.244.1.9"}),
        ({"ready": False}, "web-0.nginx.default.svc", set()),
        ({"hostname": None}, "10-244-1-7.nginx.default.svc", {"10.244.1.7"}),
        ({"subdomain": "other"}, "10-244-1-7.nginx.default.svc", {"10.244.1.7"}),
        ({"labels": {"app": "else"}}, "nginx.default.svc", set()),
        ({}, "web-0.nginx.default.svc", {"10.244.1.7"}),
    ]
    write()
    server = serve(path)
    for changes, name, want in life[1:]:
        logged = len(server.log.lines)
        write(**changes)
        server.log.wait(r"reloaded: 1 service changed", start=logged)
        assert server.addresses_of(name) == want
        assert server.addresses_of("nginx.default.svc") == want
        for address in ("10.244.1.7", "10.244.1.9"):
            reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa."
            assert server.addresses_of(reverse, "PTR") == ({f"{name}.cluster.local."} if address in want else set())
