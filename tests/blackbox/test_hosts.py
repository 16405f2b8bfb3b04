"""Names and addresses from a file such as /etc/hosts, and from the lines of `hosts`."""

import os
import signal

import dns.flags
import dns.rcode
import pytest

import harness
from harness import make_query
from test_corefile import NGINX, WEB0, answer, api, block, corefile, refused, web  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: fixtures

FILE = """
# names of the company
10.1.0.1 Gate.Example gate2.example  # two
10.1.0.2 gate.example
fd00::1  gate.example
10.1.0.3 *.wild.example
nonsense
"""


def text(path, body="", *, zone=".", more=""):
    return f"{zone}:0 {{\n bind 127.0.0.1\n hosts {path} {{\n{body}\n }}\n{more}\n}}\n"


@pytest.fixture
def hosts(tmp_path):
    path = tmp_path / "hosts"
    path.write_text(FILE)
    return path


def addresses(server, name, rdtype="A", **options):
    return [record.to_text() for rrset in server.udp(make_query(name, rdtype, **options)).answer for record in rrset]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_answers(hosts, corefile, transport):  # noqa: F811
    server = corefile(text(hosts), clusters=0)

    def ask(name, rdtype="A"):
        response = getattr(server, transport)(make_query(name, rdtype))
        records = {record.to_text() for rrset in response.answer for record in rrset}
        assert all(rrset.ttl == 3600 for rrset in response.answer) and not response.authority
        assert bool(response.flags & dns.flags.AA) == (response.rcode() == dns.rcode.NOERROR)
        return dns.rcode.to_text(response.rcode()), records

    assert ask("GATE.example.") == ("NOERROR", {"10.1.0.1", "10.1.0.2"})
    assert ask("gate.example.", "AAAA") == ("NOERROR", {"fd00::1"})
    assert ask("gate2.example.", "AAAA") == ("NOERROR", set())
    assert ask("gate.example.", "TXT") == ("NOERROR", set())
    assert ask("a.wild.example.") == ("NOERROR", {"10.1.0.3"})
    assert ask("b.a.wild.example.") == ("SERVFAIL", set())
    assert ask("nobody.example.") == ("SERVFAIL", set())
    assert ask("1.0.1.10.in-addr.arpa.", "PTR") == ("NOERROR", {"gate.example.", "gate2.example."})
    assert ask(f"1.{'0.' * 27}0.0.d.f.ip6.arpa.", "PTR") == ("NOERROR", {"gate.example."})
    server.log.wait(r'warning: hosts: .*/hosts:7: this is no "ADDRESS NAME\.\.\."; lines that are passed over: 1')


def test_lines_of_the_corefile_come_last(hosts, corefile):  # noqa: F811
    server = corefile(text(hosts, "10.1.0.9 gate.example inline.example\nttl 60"), clusters=0)
    assert addresses(server, "gate.example.") == ["10.1.0.1", "10.1.0.2", "10.1.0.9"]
    assert addresses(server, "inline.example.") == ["10.1.0.9"]
    assert addresses(server, "9.0.1.10.in-addr.arpa.", "PTR") == ["gate.example.", "inline.example."]
    assert server.udp(make_query("gate.example.")).answer[0].ttl == 60


def test_the_systems_file(corefile):  # noqa: F811
    """It is read also where there are lines, as in CoreDNS."""
    server = corefile(text("", "10.1.0.9 inline.example"), clusters=0)
    assert addresses(server, "inline.example.") == ["10.1.0.9"]
    assert "127.0.0.1" in addresses(server, "localhost.")


def test_zones_and_what_falls_through(hosts, upstream, corefile):  # noqa: F811
    """Outside of its zones it says nothing, but of addresses; within, it lets go what fallthrough says."""
    up = upstream()
    body = "10.1.0.4 a.in.example\nfallthrough in.example"
    server = corefile(text(f"{hosts} example", body, more=f"forward . {up.address}"), clusters=0)
    asked = {"outside.": "NOERROR", "x.in.example.": "NOERROR", "x.example.": "SERVFAIL", "a.in.example.": "NOERROR"}
    for name, rcode in asked.items():
        assert dns.rcode.to_text(server.udp(make_query(name)).rcode()) == rcode, name
    assert addresses(server, "a.in.example.") == ["10.1.0.4"]
    assert addresses(server, "1.0.1.10.in-addr.arpa.", "PTR") == ["gate.example.", "gate2.example."]
    server.udp(make_query("250.0.1.10.in-addr.arpa.", "PTR"))
    seen = {name.lower() for name, *_ in up.asked}
    assert seen == {"outside.", "x.in.example.", "250.0.1.10.in-addr.arpa."}


def test_other_types(hosts, upstream, corefile):  # noqa: F811
    up = upstream()
    server = corefile(text(hosts, "fallthrough\nfallthrough_unsupported", more=f"forward . {up.address}"), clusters=0)
    server.udp(make_query("gate.example.", "MX"))
    assert [name.lower() for name, *_ in up.asked] == ["gate.example."]
    assert addresses(server, "gate.example.") == ["10.1.0.1", "10.1.0.2"]


def test_no_reverse(hosts, corefile):  # noqa: F811
    server = corefile(text(hosts, "no_reverse"), clusters=0)
    assert answer(server, "1.0.1.10.in-addr.arpa.", "PTR") == "REFUSED"
    assert addresses(server, "gate.example.") == ["10.1.0.1", "10.1.0.2"]


def test_before_the_cluster(hosts, api, corefile):  # noqa: F811
    """As in CoreDNS, hosts is asked first; minikube's Corefile has host.minikube.internal there."""
    inline = f"hosts {hosts} {{\n 192.168.49.1 host.minikube.internal\n 10.1.0.7 {WEB0}.cluster.local\n fallthrough\n}}"
    server = corefile(block(api(NGINX, web(0, "10.244.0.7"), web(1, "10.244.0.8")), more="fallthrough", zones="cluster.local").replace("kubernetes", f"{inline}\n kubernetes", 1))
    assert addresses(server, WEB0) == ["10.1.0.7"]
    assert answer(server, WEB0.replace("web-0", "web-1")) == {"10.244.0.8"}
    assert answer(server, "nobody.default.svc") == "NXDOMAIN"


@pytest.mark.parametrize("more, ttl", [("", 3600), ("cache 30", 30), ("cache 30 other", 3600), ("cache {\n success 10 7\n}", 7)])
def test_the_caches_ttl_counts(hosts, corefile, more, ttl):  # noqa: F811
    server = corefile(text(hosts, more=more), clusters=0)
    for _ in range(2):
        assert server.udp(make_query("gate.example.")).answer[0].ttl == ttl


def test_the_file_changes(hosts, corefile):  # noqa: F811
    """Also where it comes late, goes, and comes back; what was read before stays meanwhile."""
    content = hosts.read_text()
    hosts.unlink()
    server = corefile(text(hosts, "reload 20ms"), clusters=0)
    server.log.wait(r"warning: hosts: .*/hosts: No such file or directory; it has no names until it can be read")
    assert answer(server, "gate.example.") == "SERVFAIL"
    hosts.write_text(content)
    harness.until(server, "gate.example.", {"10.1.0.1", "10.1.0.2"})
    hosts.unlink()
    server.log.wait(r"warning: hosts: .*/hosts: No such file or directory; what was read before stays")
    assert answer(server, "gate.example.") == {"10.1.0.1", "10.1.0.2"}
    new = hosts.with_name("new")
    new.write_text("10.1.1.1 gate.example\n")
    os.rename(new, hosts)
    harness.until(server, "gate.example.", {"10.1.1.1"})
    hosts.write_bytes(os.urandom(100_000))
    harness.until(server, "gate.example.", "SERVFAIL")
    hosts.write_text("10.1.1.3 gate.example\n")
    harness.until(server, "gate.example.", {"10.1.1.3"})


def test_it_changes_under_load(hosts, corefile):  # noqa: F811
    """Each answer is all of one file or all of another."""
    files = ["".join(f"10.2.{version}.{n} gate.example\n" for n in range(20)) for version in range(6)]
    wholes = [{f"10.2.{version}.{n}" for n in range(20)} for version in range(6)]
    new = hosts.with_name("new")
    hosts.write_text(files[0])
    server = corefile(text(hosts, "reload 1ms"), clusters=0)
    for version in range(1, 6):
        new.write_text(files[version] + "#" * version)
        os.rename(new, hosts)
        deadline = harness.Deadline()
        while (found := set(addresses(server, "gate.example.", payload=1232))) != wholes[version]:
            assert found == wholes[version - 1]
            deadline.check("the file is not read again")


def test_root(hosts, corefile):  # noqa: F811
    server = corefile(text(hosts.name, more=f"root {hosts.parent}"), clusters=0)
    assert addresses(server, "gate.example.") == ["10.1.0.1", "10.1.0.2"]


def test_a_root_that_is_not_there(hosts, corefile):  # noqa: F811
    server = corefile(text(hosts, more="root /nowhere\nroot /none"), clusters=0)
    server.log.wait("warning: .*Corefile:6: root: there is no folder /none")
    assert addresses(server, "gate.example.") == ["10.1.0.1", "10.1.0.2"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_file(tmp_path, corefile, kind):  # noqa: F811
    path = tmp_path / "hosts"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = "/dev/zero"
    server = corefile(text(path, "10.1.0.9 inline.example"), clusters=0)
    server.log.wait("warning: hosts: .*; it has no names until it can be read")
    assert addresses(server, "inline.example.") == ["10.1.0.9"]


def test_a_reload_reads_it_again(hosts, corefile, tmp_path):  # noqa: F811
    """`reload 0` is never; but a Corefile that is read again has its file read, too."""
    server = corefile(text(hosts, "reload 0"), clusters=0)
    hosts.write_text("10.1.2.1 gate.example\n")
    assert answer(server, "gate.example.") == {"10.1.0.1", "10.1.0.2"}
    server.signal(signal.SIGHUP)
    harness.until(server, "gate.example.", {"10.1.2.1"})


@pytest.mark.parametrize(
    "lines, why",
    [
        ("hosts\nhosts", "a server block has one hosts"),
        ("hosts {\n fallthrough\n 10.0.0.1 a\n}", "10.0.0.1: addresses stand before fallthrough"),
        ("hosts {\n ttl 65536\n}", "ttl: a number from 1 to 65535"),
        ("hosts {\n reload 5\n}", "reload: "),
        ("hosts {\n 10.0.0 a\n}", 'hosts has no "10.0.0"'),
    ],
)
def test_what_is_wrong(tmp_path, lines, why):
    assert why in refused(f".:0 {{\n{lines}\n}}\n", folder=tmp_path)
