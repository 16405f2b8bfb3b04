"""Zones from zone files: what is answered, how a file is followed, and what is wrong with one."""

import os

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

import harness
from harness import make_query
from test_corefile import answer, corefile, web  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: fixtures

ZONE = """
$TTL 60
@ SOA ns admin {serial} 1h 1h 1h 60
@ NS ns
ns A 10.1.0.1
www CNAME ns
out CNAME www.outside.test.
*.wild TXT {text}
a.b A 10.1.0.2
{more}
"""


def zone(serial=1, text="first", more=""):
    return ZONE.format(serial=serial, text=text, more=more)


def text(path, body="reload 20ms", *, zones="zone.test", more=""):
    return f".:0 {{\n bind 127.0.0.1\n file {path} {zones} {{\n{body}\n }}\n{more}\n errors\n}}\n"


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "db"
    path.write_text(zone())
    return path


def replace(path, content, mtime=None):
    """Whole or not at all; with another time of change."""
    new = path.with_name("new")
    new.write_text(content)
    if mtime is not None:
        os.utime(new, (mtime, mtime))
    new.rename(path)


def ask(server, name, rdtype="A", transport="udp", **options):
    """(rcode, flags, answer, authority): records as text, without TTL."""
    response = getattr(server, transport)(make_query(name, rdtype, **options))

    def section(rrsets):
        return [f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {record}" for rrset in rrsets for record in rrset]

    aa = bool(response.flags & dns.flags.AA)
    return dns.rcode.to_text(response.rcode()), aa, section(response.answer), section(response.authority)


def wait_for_text(server, wanted):
    deadline = harness.Deadline()
    while True:
        found = ask(server, "x.wild.zone.test.", "TXT")
        if found[2] and wanted in found[2][0]:
            return
        deadline.check(f"{found} is served, and not {wanted}")


NS = ["zone.test. NS ns.zone.test."]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_answers(db, corefile, transport):  # noqa: F811
    server = corefile(text(db), clusters=0)
    assert ask(server, "ns.zone.test.", transport=transport) == ("NOERROR", True, ["ns.zone.test. A 10.1.0.1"], NS)
    assert ask(server, "www.zone.test.", transport=transport)[2] == ["www.zone.test. CNAME ns.zone.test.", "ns.zone.test. A 10.1.0.1"]
    rcode, aa, records, authority = ask(server, "nobody.zone.test.", transport=transport)
    assert (rcode, aa, records) == ("NXDOMAIN", True, []) and authority[0].startswith("zone.test. SOA ns.zone.test. admin.zone.test. 1 ")
    assert ask(server, "b.zone.test.", transport=transport)[:3] == ("NOERROR", True, [])
    assert ask(server, "zone.test.", "AXFR")[:3] == ("REFUSED", False, [])
    assert ask(server, "elsewhere.test.")[0] == "REFUSED"


def test_a_cname_out_of_the_zone(db, corefile, upstream):  # noqa: F811
    up = upstream()
    server = corefile(text(db, more=f"forward . {up.address}"), clusters=0)
    rcode, aa, records, _ = ask(server, "out.zone.test.")
    assert (rcode, aa, records[0]) == ("NOERROR", True, "out.zone.test. CNAME www.outside.test.") and len(records) > 1


def test_a_cname_that_nobody_knows(db, corefile):  # noqa: F811
    """Who could be asked refuses: whoever asked goes on from the CNAME."""
    server = corefile(text(db), clusters=0)
    assert ask(server, "out.zone.test.") == ("NOERROR", True, ["out.zone.test. CNAME www.outside.test."], NS)


def test_what_does_not_exist_falls_through(db, corefile, upstream):  # noqa: F811
    up = upstream()
    server = corefile(text(db, "fallthrough", more=f"forward . {up.address}"), clusters=0)
    assert not ask(server, "nobody.zone.test.")[1]
    assert not ask(server, "b.zone.test.")[1]
    assert ask(server, "ns.zone.test.", "TXT")[1]


def test_a_new_serial_is_served(db, corefile):  # noqa: F811
    server = corefile(text(db), clusters=0)
    wait_for_text(server, "first")
    replace(db, zone(serial=2, text="second"))
    wait_for_text(server, "second")
    server.log.wait(r"file: .*/db: zone zone\.test\. has 7 records, serial 2")
    replace(db, zone(serial=1, text="older"))  # any other serial is one
    wait_for_text(server, "older")


def test_a_new_time_of_change_is_served(db, corefile):  # noqa: F811
    server = corefile(text(db, "reload 20ms\nreload_by_mtime"), clusters=0)
    wait_for_text(server, "first")
    replace(db, zone(text="second"), mtime=12345)
    wait_for_text(server, "second")


def test_a_wrong_file_leaves_the_zone(db, corefile):  # noqa: F811
    server = corefile(text(db), clusters=0)
    wait_for_text(server, "first")
    replace(db, zone(serial=2, text="second", more="x A 10.0.0"))
    server.log.wait(r'error: file: .*/db:10: an IPv4 address is wanted, not "10\.0\.0"; the zone stays as it was')
    assert "first" in ask(server, "x.wild.zone.test.", "TXT")[2][0]
    db.unlink()
    server.log.wait(r"error: file: .*/db: No such file or directory; the zone stays as it was")
    assert "first" in ask(server, "x.wild.zone.test.", "TXT")[2][0]
    replace(db, zone(serial=3, text="third"))
    wait_for_text(server, "third")


def test_a_file_that_comes_later(db, corefile):  # noqa: F811
    content = db.read_text()
    db.unlink()
    server = corefile(text(db), clusters=0)
    server.log.wait(r"warning: file: .*/db: No such file or directory; the zone is not there until it can be read")
    assert ask(server, "ns.zone.test.")[:3] == ("SERVFAIL", False, [])
    replace(db, content)
    wait_for_text(server, "first")


@pytest.mark.parametrize(
    "content, body, said",
    [
        (zone(more="x A 10.0.0"), "", r'/db:10: an IPv4 address is wanted, not "10\.0\.0"'),
        (zone(more="$INCLUDE nothing"), "reload 0", r"/nothing: No such file or directory"),
        (zone(more="www A 10.0.0.1"), "", r"/db: www\.zone\.test\.: it has a CNAME and other records"),
        (zone(more="x NSEC3PARAM 1 0 1 -"), "", r"/db:10: x\.zone\.test\. NSEC3PARAM: zones with NSEC3 are not served"),
        ("", "", r"/db: zone\.test\.: it has no SOA"),
        (None, "reload 0", r"/db: No such file or directory"),
    ],
)
def test_a_wrong_file_at_the_start(db, tmp_path, content, body, said):
    if content is None:
        db.unlink()
    else:
        db.write_text(content)
    config = tmp_path / "Corefile"
    config.write_text(text(db, body))
    done = harness.run_headns("serve", "--conf", config)
    assert done.returncode != 0
    assert harness.re.search(rf"Corefile:3: file: .*{said}", done.stderr), done.stderr


def test_one_file_for_several_zones(db, corefile):  # noqa: F811
    server = corefile(text(db, zones="zone.test other.test"), clusters=0)
    assert ask(server, "ns.other.test.")[2] == ["ns.other.test. A 10.1.0.1"]
    assert ask(server, "ns.zone.test.")[2] == ["ns.zone.test. A 10.1.0.1"]


def test_root_and_included_files(db, tmp_path, corefile):  # noqa: F811
    sub = tmp_path / "sub"
    sub.mkdir()
    (sub / "main").write_text(zone(more="$INCLUDE more inc"))
    (sub / "more").write_text("x A 10.1.0.9\n")
    server = corefile(text("sub/main", more=f"root {tmp_path}"), clusters=0)
    assert ask(server, "x.inc.zone.test.")[2] == ["x.inc.zone.test. A 10.1.0.9"]


def test_many_versions_under_load(db, corefile):  # noqa: F811
    """Whoever asks while versions come and go has one of them, whole."""
    server = corefile(text(db, "reload 1ms\nreload_by_mtime"), clusters=0)
    for i in range(60):
        more = "".join(f"h{n} A 10.2.{i}.{n}\n" for n in range(100))
        replace(db, zone(serial=i, text=f"v{i}", more=more), mtime=100000 + i)
        for n in range(5):
            rcode, aa, records, _ = ask(server, f"h{n}.zone.test.")
            assert aa and (rcode == "NXDOMAIN" or records[0].startswith(f"h{n}.zone.test. A 10.2."))
    wait_for_text(server, "v59")
    assert ask(server, "h99.zone.test.")[2] == ["h99.zone.test. A 10.2.59.99"]
