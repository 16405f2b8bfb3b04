"""Zones that are fetched from their primaries: good ones, and such as send nonsense."""

import signal
import subprocess

import dns.rcode
import pytest

import harness
import primary as primaries
from primary import response, soa, zone
from test_corefile import corefile, refused  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: fixtures

A = "a.zone.test. 60 A 10.0.0.1"
B = "b.zone.test. 60 A 10.0.0.2"


@pytest.fixture
def primary():
    made = []

    def start(say):
        made.append(primaries.Primary(say))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def text(*all_primaries, options="poll 100ms", more=""):
    addresses = " ".join(f"127.0.0.1:{p if isinstance(p, int) else p.port}" for p in all_primaries)
    return f".:0 {{\n bind 127.0.0.1\n secondary zone.test {{\n transfer from {addresses}\n {options}\n }}\n{more}\n errors\n}}\n"


def ask(server, name, rdtype="A"):
    """(rcode, records)."""
    answer = server.udp(harness.make_query(name, rdtype))
    return dns.rcode.to_text(answer.rcode()), [str(record) for rrset in answer.answer for record in rrset]


def wait_for(server, name, wanted, rdtype="A"):
    deadline = harness.Deadline()
    while (found := ask(server, name, rdtype)) != wanted:
        deadline.check(f"{name}: {found}, and not {wanted}")


SERVED_A = ("NOERROR", ["10.0.0.1"])
SERVED_B = ("NOERROR", ["10.0.0.2"])


def test_the_zone_is_fetched_and_followed(primary, corefile):  # noqa: F811
    up = primary(zone(1, A))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    assert ask(server, "b.zone.test.") == ("NXDOMAIN", [])
    assert ask(server, "elsewhere.test.")[0] == "REFUSED"
    up.wait_more(2)
    up.wait_asked("SOA", "SOA")
    assert len(up.connections) == 1  # it is kept
    up.say = zone(2, A, B)
    wait_for(server, "b.zone.test.", SERVED_B)
    server.log.wait(r"secondary: zone\.test\. from 127\.0\.0\.1: serial 2, 3 records")


def test_changes_are_fetched(primary, corefile):  # noqa: F811
    up = primary(zone(1, A))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    whole = zone(2)

    def say(query):
        if query.question[0].rdtype == dns.rdatatype.IXFR:
            assert query.authority[0][0].serial == 1
            return response(query, soa(2), soa(1), A, soa(2), B, soa(2))
        return whole(query)

    up.say = say
    wait_for(server, "b.zone.test.", SERVED_B)
    assert ask(server, "a.zone.test.")[0] == "NXDOMAIN"
    assert up.asked.count("AXFR") == 1


def test_nothing_is_served_before_the_first_transfer(primary, corefile):  # noqa: F811
    up = primary(lambda query: None)
    server = corefile(text(up), clusters=0)
    assert ask(server, "a.zone.test.") == ("SERVFAIL", [])
    server.log.wait(r"warning: secondary: zone\.test\. from 127\.0\.0\.1: the connection was closed; nothing is served")
    up.say = zone(1, A)
    wait_for(server, "a.zone.test.", SERVED_A)


def octets_of(*parts):
    """Response octets of parts made for the query."""
    return lambda query: b"".join(part(query) for part in parts)


def endless(query):
    yield response(query, soa(2), A)
    while True:
        yield response(query, *([A] * 500))


def refuse(query):
    made = dns.message.make_response(query)
    made.set_rcode(dns.rcode.REFUSED)
    return harness.frame(made.to_wire())


def another_id(query):
    whole = bytearray(response(query, soa(2), B, soa(2)))
    whole[3] ^= 1
    return bytes(whole)


WRONG = {
    "nonsense": (lambda query: harness.frame(b"no DNS at all"), "a message is malformed"),
    "no octets of a message": (lambda query: b"\xff\xff", None),
    "half a transfer": (lambda query: iter_then_close(response(query, soa(2), B)), "the connection was closed"),
    "another zone": (lambda query: response(query, "other.test. 1 SOA a. b. 2 1 1 1 1"), "the first record is not the zone's SOA"),
    "another id": (another_id, "the response is not to what was asked"),
    "another end": (lambda query: response(query, soa(2), B, soa(3)), "the last SOA is not the first one: the zone has changed on the way"),
    "REFUSED": (refuse, "the server answers with rcode 5"),
    "CNAME and others": (lambda query: response(query, soa(2), A, "a.zone.test. 1 CNAME b.zone.test.", soa(2)), None),
    "an older serial": (lambda query: response(query, soa(0), soa(0)), "its serial is older than what is here"),
}




def iter_then_close(octets):
    yield octets
    raise EOFError


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_leaves_the_zone(what, primary, corefile):  # noqa: F811
    """Whatever it is asked for, a newer serial being said; and it goes on when that is over."""
    say, line = WRONG[what]
    up = primary(zone(1, A))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    up.say = lambda query: response(query, soa(2)) if query.question[0].rdtype == dns.rdatatype.SOA else say(query)
    if what == "no octets of a message":
        up.wait_asked("IXFR")
    else:
        server.log.wait(rf"warning: secondary: zone\.test\. from 127\.0\.0\.1: {line or '.*'}; what there is stays")
        up.wait_more(3)
    assert ask(server, "a.zone.test.") == SERVED_A
    if what == "no octets of a message":
        up.connections[-1].shutdown(2)
    up.say = zone(3, A, B)
    wait_for(server, "b.zone.test.", SERVED_B)


def test_changes_that_do_not_apply(primary, corefile):  # noqa: F811
    """The whole zone is fetched."""
    up = primary(zone(1, A))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    whole = zone(2, A, B)

    def say(query):
        if query.question[0].rdtype == dns.rdatatype.IXFR:
            return response(query, soa(2), soa(1), "c.zone.test. 1 A 10.9.9.9", soa(2), soa(2))
        return whole(query)

    up.say = say
    wait_for(server, "b.zone.test.", SERVED_B)
    assert up.asked.count("AXFR") == 2


def test_a_serial_that_goes_back(primary, corefile):  # noqa: F811
    up = primary(zone(7, A))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    up.say = zone(6, B)
    server.log.wait("its serial is older than what is here; what there is stays")
    up.wait_more(2)
    assert ask(server, "a.zone.test.") == SERVED_A


def test_the_next_primary(primary, corefile):  # noqa: F811
    """The first one while it lives."""
    first, second = primary(zone(1, A)), primary(zone(2, B))
    server = corefile(text(first, second), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    first.wait_more(2)
    assert not second.asked
    first.stop()
    wait_for(server, "b.zone.test.", SERVED_B)


def test_a_zone_expires(primary, corefile):  # noqa: F811
    up = primary(zone(1, A, expire=1))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    up.say = lambda query: None
    wait_for(server, "a.zone.test.", ("SERVFAIL", []))
    server.log.wait(r"error: secondary: zone\.test\. has expired")
    up.say = zone(1, A, expire=1000)  # the same serial is enough
    wait_for(server, "a.zone.test.", SERVED_A)


def test_refresh_as_the_zone_says(primary, corefile):  # noqa: F811
    up = primary(zone(1, A, refresh=1))
    server = corefile(text(up, options=""), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    up.say = zone(2, A, B)
    wait_for(server, "b.zone.test.", SERVED_B)


def test_fallthrough(primary, upstream, corefile):  # noqa: F811
    up, other = primary(zone(1, A)), upstream()
    server = corefile(text(up, options="fallthrough", more=f"forward . {other.address}"), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    assert ask(server, "nobody.zone.test.")[0] == "NOERROR"


def test_a_reload_keeps_what_is_served(primary, corefile, tmp_path):  # noqa: F811
    """The primary has gone by then."""
    up = primary(zone(1, A))
    server = corefile(text(up), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    up.stop()
    (tmp_path / "Corefile").write_text(text(up, more="nsid x"))
    server.signal(signal.SIGHUP)
    server.log.wait("reload")
    wait_for(server, "a.zone.test.", SERVED_A)


def test_a_large_zone(primary, corefile):  # noqa: F811
    """Names of other zones are answered meanwhile, by all that is seen of it here."""
    lines = [f"n{i}.zone.test. 60 A 10.1.{i >> 8 & 255}.{i & 255}" for i in range(20000)]

    def say(query):
        if query.question[0].rdtype == dns.rdatatype.SOA:
            return response(query, soa(1))
        return (response(query, *part) for part in [[soa(1)], *(lines[i : i + 500] for i in range(0, len(lines), 500)), [soa(1)]])

    up = primary(say)
    server = corefile(text(up), clusters=0)
    wait_for(server, "n19999.zone.test.", ("NOERROR", ["10.1.78.31"]))


KNOT = """
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
database:
    storage: {folder}/db
acl:
  - id: all
    address: 127.0.0.1
    action: transfer
zone:
  - domain: zone.test
    file: {folder}/zone
    acl: all
    zonefile-load: difference
    journal-content: changes
    zonefile-sync: -1
"""


def knot_zone(serial, *lines):
    return "\n".join([soa(serial), "zone.test. 60 NS ns.zone.test.", *lines, ""])


@pytest.fixture
def knot(tmp_path):
    folder = tmp_path / "knot"
    (folder / "db").mkdir(parents=True)
    (folder / "zone").write_text(knot_zone(1, A))
    port = harness.free_port()
    (folder / "conf").write_text(KNOT.format(port=port, folder=folder))
    daemon = subprocess.Popen(["knotd", "-c", folder / "conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def change(serial, *lines):
        (folder / "zone").write_text(knot_zone(serial, *lines))
        subprocess.run(["knotc", "-c", folder / "conf", "-b", "zone-reload", "zone.test"], check=True, capture_output=True, text=True)

    yield port, change
    daemon.terminate()
    daemon.wait(harness.PATIENCE_S)


def test_knot_as_primary(knot, corefile):  # noqa: F811
    """Of knotd, by changes."""
    port, change = knot
    server = corefile(text(port), clusters=0)
    wait_for(server, "a.zone.test.", SERVED_A)
    for serial in range(2, 12):
        change(serial, B, f"n{serial}.zone.test. 60 A 10.0.1.{serial}")
        wait_for(server, f"n{serial}.zone.test.", ("NOERROR", [f"10.0.1.{serial}"]))
    assert ask(server, "a.zone.test.")[0] == "NXDOMAIN"
    assert ask(server, "n5.zone.test.")[0] == "NXDOMAIN"
    assert server.log.count(r"serial \d+, \d+ records$") == 1  # the first one alone was whole


def test_what_is_wrong_in_a_corefile(tmp_path):
    for options, said in {
        "": "transfer from ADDRESS... is wanted",
        "transfer to 1.2.3.4": "secondary has transfer from ADDRESS",
        "transfer from here.test": "here.test",
        "transfer from tls://1.2.3.4": "plain TCP",
        "transfer from 1.2.3.4\ncatalog": "catalog",
        "transfer from 1.2.3.4\npoll 1ms": "poll",
    }.items():
        assert said in refused(f".:0 {{\nsecondary zone.test {{\n{options}\n}}\n}}\n", folder=tmp_path)
