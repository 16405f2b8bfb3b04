"""`forward` and `cache`: what upstreams are asked, and what becomes of their answers."""

import signal
import threading

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

import harness
from harness import make_query
from test_corefile import NGINX, WEB0, answer, api, block, corefile, refused, web  # noqa: F401: fixtures
from upstream import SOA, Upstream, reply_to

STUB_S = 5  # what a stub resolver waits for


def address(query, ttl=300):
    """Every name has one."""
    return reply_to(query, (query.question[0].name.to_text(), ttl, "A", "192.0.2.1"))


@pytest.fixture
def upstream():
    """upstream(ANSWER) is one that answers so."""
    all_of_them = []

    def start(answer=lambda query, transport: address(query), **options):
        one = Upstream(answer, **options)
        all_of_them.append(one)
        return one

    yield start
    for one in all_of_them:
        one.stop()


def outside(*upstreams, options="", more="cache", origin="."):
    to = " ".join(u if isinstance(u, str) else u.address for u in upstreams)
    return f".:0 {{\n bind 127.0.0.1\n forward {origin} {to} {{\n {options}\n }}\n {more}\n}}\n"


def alone(corefile, *upstreams, **options):  # noqa: F811
    return corefile(outside(*upstreams, **options), clusters=0)


def rcode_of(server, name, rdtype="A", **options):
    return dns.rcode.to_text(server.udp(make_query(name, rdtype, **options)).rcode())


# --- answers ---


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("more", ["", "cache"])
def test_an_answer(upstream, corefile, transport, more):  # noqa: F811
    up = upstream()
    server = alone(corefile, up, more=more)
    response = getattr(server, transport)(make_query("Www.Example.", id=4711))
    assert response.id == 4711 and response.question[0].name.to_text() == "Www.Example."
    assert harness.answer_set(response, "A") == {"192.0.2.1"}
    assert response.flags & dns.flags.RA and not response.flags & dns.flags.AA
    assert up.names() == ["www.example."]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_letters_that_were_mixed_stay_between_us_and_the_upstream(upstream, corefile, transport):  # noqa: F811
    """A target that is compressed into the question has its letters."""
    up = upstream(lambda query, way: reply_to(query, (query.question[0].name.to_text(), 300, "SRV", "1 2 80 www.example.com.")))
    server = alone(corefile, up, options="force_tcp" if transport == "tcp" else "")
    for _ in range(2):
        (rrset,) = server.udp(make_query("www.example.com.", "SRV")).answer
        assert [rrset.name.to_text(), rrset[0].to_text()] == ["www.example.com.", "1 2 80 www.example.com."]
    assert up.asked[0][2] == transport


def test_flags_are_the_upstreams(upstream, corefile):  # noqa: F811
    """AA as it says; AD only to whoever asks for it."""
    up = upstream(lambda query, _: reply_to(query, ("a.", 60, "A", "192.0.2.1"), flags=dns.flags.AA | dns.flags.AD | dns.flags.RA))
    server = alone(corefile, up)
    for _ in range(2):
        response = server.udp(make_query("a.", payload=None))
        assert response.flags & dns.flags.AA and not response.flags & dns.flags.AD
        response = server.udp(make_query("a.", payload=None, flags=dns.flags.RD | dns.flags.AD))
        assert response.flags & dns.flags.AD
    assert len(up.names()) == 1


def test_a_kept_answer_grows_old(upstream, corefile):  # noqa: F811
    """One question to the upstream; one TTL for all records, which is counted down; every client's own spelling."""
    up = upstream(lambda query, _: reply_to(query, ("a.example.", 60, "CNAME", "b.example."), ("b.example.", 300, "A", "192.0.2.1")))
    server = alone(corefile, up)
    first = server.udp(make_query("a.example."))
    assert {rrset.ttl for rrset in first.answer} == {60}
    deadline = harness.Deadline()
    while True:
        response = server.udp(make_query("A.exAMPLE."))
        assert response.question[0].name.to_text() == "A.exAMPLE."
        ttls = {rrset.ttl for rrset in response.answer}
        assert len(ttls) == 1 and 0 < min(ttls) <= 60
        if min(ttls) < 60:
            break
        deadline.check("the TTL does not fall")
    assert up.names() == ["a.example."]


def test_without_a_cache_everything_is_asked(upstream, corefile):  # noqa: F811
    up = upstream(lambda query, _: reply_to(query, ("a.example.", 60, "CNAME", "b.example."), ("b.example.", 300, "A", "192.0.2.1")))
    server = alone(corefile, up, more="")
    for _ in range(3):
        assert [rrset.ttl for rrset in server.udp(make_query("a.example.")).answer] == [60, 300]
    assert len(up.names()) == 3


def test_ttl_0_is_kept_for_5_s(upstream, corefile):  # noqa: F811
    server = alone(corefile, upstream(lambda query, _: address(query, ttl=0)))
    assert server.udp(make_query("a.example.")).answer[0].ttl == 5


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
def test_there_is_none(upstream, corefile, rcode):  # noqa: F811
    """The SOA's own TTL counts, not its MINIMUM."""
    up = upstream(lambda query, _: reply_to(query, rcode=rcode, authority=[SOA]))
    server = alone(corefile, up)
    for _ in range(3):
        response = server.udp(make_query("nobody.example."))
        assert dns.rcode.to_text(response.rcode()) == rcode and not response.answer
        assert response.authority[0].rdtype == dns.rdatatype.SOA and response.authority[0].ttl <= 7
    assert len(up.names()) == 1


def test_nxdomain_without_soa_is_not_kept(upstream, corefile):  # noqa: F811
    up = upstream(lambda query, _: reply_to(query, rcode="NXDOMAIN"))
    server = alone(corefile, up)
    assert [rcode_of(server, "nobody.example.") for _ in range(2)] == ["NXDOMAIN"] * 2
    assert len(up.names()) == 2


@pytest.mark.parametrize("rcode, questions", [("SERVFAIL", 1), ("NOTIMP", 2), ("REFUSED", 3)])
def test_failures(upstream, corefile, rcode, questions):  # noqa: F811
    """SERVFAIL and NOTIMP are kept; REFUSED is not. Who says NOTIMP may mean EDNS, so it is asked again without."""
    up = upstream(lambda query, _: reply_to(query, rcode=rcode))
    server = alone(corefile, up, more="cache {\n servfail 5m\n }")
    assert [rcode_of(server, "a.example.") for _ in range(3)] == [rcode] * 3
    assert len(up.names()) == questions


# --- sizes ---


def many(query, transport):
    addresses = [f"192.0.2.{n}" for n in range(1, 201)]
    if transport == "udp":
        return reply_to(query, truncated=True)
    return reply_to(query, (query.question[0].name.to_text(), 60, "A", *addresses))


@pytest.mark.parametrize("more", ["", "cache"])
def test_what_was_cut_is_asked_over_tcp(upstream, corefile, more):  # noqa: F811
    up = upstream(many)
    server = alone(corefile, up, more=more)
    for payload, most in ((None, 512), (1232, 1232), (4096, 1232)):
        response = server.udp(make_query("big.example.", payload=payload))
        assert response.flags & dns.flags.TC and len(response.to_wire()) <= most
    assert len(harness.answer_set(server.tcp(make_query("big.example.")), "A")) == 200
    with up.news:
        assert {transport for _, _, transport in up.asked} == {"udp", "tcp"}


def test_force_tcp(upstream, corefile):  # noqa: F811
    up = upstream()
    server = alone(corefile, up, options="force_tcp")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    with up.news:
        assert {transport for _, _, transport in up.asked} == {"tcp"}


# --- trouble ---


def test_a_dead_one_and_one_that_lives(upstream, corefile):  # noqa: F811
    dead, alive = upstream(), upstream()
    dead.stop()
    server = alone(corefile, dead, alive, options="policy sequential")
    assert [answer(server, f"a{n}.example.") for n in range(20)] == [{"192.0.2.1"}] * 20


def test_a_silent_one_and_one_that_answers(upstream, corefile):  # noqa: F811
    silent, alive = upstream(lambda query, _: None), upstream()
    server = alone(corefile, silent, alive, options="policy sequential")
    response = server.udp(make_query("a.example."), timeout=STUB_S)
    assert harness.answer_set(response, "A") == {"192.0.2.1"}


@pytest.mark.parametrize("kind", ["dead", "silent"])
def test_none_answers(upstream, corefile, kind):  # noqa: F811
    """SERVFAIL comes before a stub resolver gives up, with a reason, and is kept."""
    ups = [upstream(lambda query, _: None) for _ in range(2)]
    if kind == "dead":
        for up in ups:
            up.stop()
    server = alone(corefile, *ups)
    response = server.udp(make_query("a.example."), timeout=STUB_S)
    assert response.rcode() == dns.rcode.SERVFAIL and response.options
    assert server.udp(make_query("a.example."), timeout=STUB_S).rcode() == dns.rcode.SERVFAIL


def test_failover(upstream, corefile):  # noqa: F811
    ill, well = upstream(lambda query, _: reply_to(query, rcode="SERVFAIL")), upstream()
    server = alone(corefile, ill, well, options="policy sequential\n failover SERVFAIL REFUSED")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    assert ill.names() and well.names()


def test_stale_answers(upstream, corefile):  # noqa: F811
    """What is past its end is better than SERVFAIL."""
    up = upstream(lambda query, _: address(query, ttl=1))
    server = alone(corefile, up, more="cache {\n success 1000 1 1\n serve_stale 1h\n }")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    up.stop()
    deadline = harness.Deadline()
    while server.udp(make_query("a.example."), timeout=STUB_S).answer[0].ttl:
        deadline.check("it is never past its end")
    assert answer(server, "a.example.") == {"192.0.2.1"}


def test_stale_only_if_nobody_knows_better(upstream, corefile):  # noqa: F811
    """verify: the upstream is asked first."""
    silent = threading.Event()
    up = upstream(lambda query, _: None if silent.is_set() else address(query, ttl=1))
    server = alone(corefile, up, more="cache {\n success 1000 1 1\n serve_stale 1h verify 100ms\n }")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    silent.set()
    deadline = harness.Deadline()
    while server.udp(make_query("a.example."), timeout=STUB_S).answer[0].ttl:
        deadline.check("it is never past its end")
    up.wait(2)


# --- many ---


def test_200_at_once(upstream, corefile):  # noqa: F811
    up = upstream()
    server = alone(corefile, up)
    with server.udp_socket() as s:
        for n in range(200):
            s.send(make_query(f"n{n}.example.", id=n).to_wire())
        seen = {dns.message.from_wire(s.recv(4096)).id for _ in range(200)}
    assert seen == set(range(200))


def test_the_same_question_is_asked_once(upstream, corefile):  # noqa: F811
    """200 clients, one question, which one worker asks once."""
    go = threading.Event()

    def wait(query, transport):
        go.wait(harness.PATIENCE_S)
        return address(query)

    up = upstream(wait)
    server = corefile(outside(up), "--workers=1", clusters=0)
    with server.udp_socket() as s:
        for n in range(200):
            s.send(make_query("a.example.", id=n).to_wire())
        up.wait(1)
        go.set()
        seen = {dns.message.from_wire(s.recv(4096)).id for _ in range(200)}
    assert seen == set(range(200))
    assert len(up.names()) < 20  # who came after the answer's way began


def test_max_concurrent(upstream, corefile):  # noqa: F811
    """What is too much is refused, unasked; when there is room, it is asked."""
    go = threading.Event()

    def wait(query, transport):
        go.wait(harness.PATIENCE_S)
        return address(query)

    up = upstream(wait)
    server = alone(corefile, up, options="max_concurrent 1", more="")
    with server.udp_socket() as s:
        s.send(make_query("a.example.", id=1).to_wire())
        up.wait(1)
        response = server.udp(make_query("b.example."))
        assert response.rcode() == dns.rcode.REFUSED and not response.flags & dns.flags.RA
        go.set()
        assert dns.message.from_wire(s.recv(4096)).id == 1
    assert answer(server, "b.example.") == {"192.0.2.1"}


# --- which names ---


def test_the_cluster_is_never_asked_about_outside(api, upstream, corefile):  # noqa: F811
    up = upstream()
    text = block(api(NGINX, web(0, "10.244.0.7")), more="fallthrough in-addr.arpa")
    server = corefile(text.replace("bind 127.0.0.1", f"bind 127.0.0.1\n forward . {up.address}\n cache 30"))
    assert answer(server, WEB0) == {"10.244.0.7"}
    assert answer(server, "nobody.default.svc") == "NXDOMAIN"
    assert answer(server, "7.0.244.10.in-addr.arpa.", "PTR") == {"web-0.nginx.default.svc.cluster.local."}
    assert answer(server, "example.org.") == {"192.0.2.1"}
    server.udp(make_query("1.2.0.192.in-addr.arpa.", "PTR"))
    assert up.names() == ["example.org.", "1.2.0.192.in-addr.arpa."]


def test_which_line(upstream, corefile):  # noqa: F811
    """The first that is about the name, not the one that says most; who is excepted goes on."""
    wide, narrow = upstream(), upstream()
    text = f""".:0 {{
        bind 127.0.0.1
        forward example {wide.address} {{
            except Sub.example
        }}
        forward a.example {narrow.address}
        forward sub.example {narrow.address}
    }}
    """
    server = corefile(text, clusters=0)
    for name in ("a.example.", "example.", "x.sub.example."):
        assert answer(server, name) == {"192.0.2.1"}
    assert answer(server, "org.") == "REFUSED"
    assert (wide.names(), narrow.names()) == (["a.example.", "example."], ["x.sub.example."])


def test_a_line_is_about_its_own_name_whatever_it_excepts(upstream, corefile):  # noqa: F811
    up = upstream()
    server = alone(corefile, up, origin="example", options="except org\n except example")
    assert answer(server, "example.") == {"192.0.2.1"}
    assert answer(server, "a.example.") == "REFUSED"
    assert up.names() == ["example."]


def test_the_next_line(upstream, corefile):  # noqa: F811
    none = (".", *SOA[1:])
    first, second = upstream(lambda query, _: reply_to(query, rcode="NXDOMAIN", authority=[none])), upstream()
    text = f""".:0 {{
        bind 127.0.0.1
        cache
        forward . {first.address} {{
            next NXDOMAIN
        }}
        forward example {second.address} {{
            next NOERROR
        }}
    }}
    """
    server = corefile(text, clusters=0)
    for _ in range(2):
        assert answer(server, "a.example.") == {"192.0.2.1"}
        assert answer(server, "a.org.") == "NXDOMAIN"
    assert (first.names(), second.names()) == (["a.example.", "a.org."], ["a.example."])


def test_nodata_and_the_next_line(upstream, corefile):  # noqa: F811
    first, second = upstream(lambda query, _: reply_to(query, authority=[SOA])), upstream()
    lines = f"forward . {first.address} {{\n next_on_nodata\n }}\n forward . {second.address}"
    server = corefile(f".:0 {{\n bind 127.0.0.1\n {lines}\n}}\n", clusters=0)
    assert answer(server, "a.example.") == {"192.0.2.1"}


def test_resolv_conf(upstream, corefile, tmp_path):  # noqa: F811
    up = upstream()
    path = tmp_path / "resolv.conf"
    path.write_text(f"search example.org\nnameserver [127.0.0.1]:{up.port}\noptions ndots:5\n")
    server = alone(corefile, str(path))
    assert answer(server, "a.example.") == {"192.0.2.1"}


def test_resolv_conf_changes(upstream, corefile, tmp_path):  # noqa: F811
    """Without a signal: what the file says then counts; where it says nothing, what it said before."""
    first, second = upstream(lambda query, _: reply_to(query, ("a.example.", 60, "A", "192.0.2.7"))), upstream()
    path, new = tmp_path / "resolv.conf", tmp_path / "new"
    path.write_text(f"nameserver [127.0.0.1]:{first.port}\n")
    server = alone(corefile, str(path))
    for text, wanted in (("", "192.0.2.7"), (f"nameserver [127.0.0.1]:{second.port}\n", "192.0.2.1")):
        new.write_text(text)
        new.rename(path)
        if not text:
            server.log.wait("names no nameserver; those of before stay")
        harness.until(server, "a.example.", {wanted})
    server.log.wait("is served as it is now")
    assert server.log.count("is served as it is now") == 1


@pytest.mark.parametrize("source", ["address", "file"])
def test_on_the_command_line(upstream, serve, tmp_path, source):
    """Names outside, and reverse names that the cluster has not got; its own are never asked about."""
    up, path = upstream(), tmp_path / "resolv.conf"
    path.write_text(f"nameserver [127.0.0.1]:{up.port}\n")
    server = serve("--forward", path if source == "file" else f"{up.address},{up.address}", harness.ZONES / "nginx-statefulset.yaml")
    for _ in range(2):
        assert answer(server, "a.example.") == {"192.0.2.1"}
    assert answer(server, "nobody.default.svc") == "NXDOMAIN"
    server.udp(make_query("1.2.0.192.in-addr.arpa.", "PTR"))
    assert up.names() == ["a.example.", "1.2.0.192.in-addr.arpa."]


@pytest.mark.parametrize("words", ["", "a b", "1.1.1.1 {", "/nowhere", "quic://1.1.1.1", "1.1.1.1,,1.1"])
def test_what_is_wrong_on_the_command_line(words):
    done = harness.run_headns("serve", "--forward", words, harness.ZONES / "nginx-statefulset.yaml")
    assert done.returncode == 2 and f"serve: --forward {words}: " in done.stderr


# --- life ---


@pytest.mark.parametrize("change, kept", [("minimal", True), ("cache 60", False)])
def test_a_reload(upstream, corefile, tmp_path, change, kept):  # noqa: F811
    """Whoever waits has an answer; what the block says as before keeps its cache."""
    slow, go = upstream(lambda query, _: (go.wait(harness.PATIENCE_S), address(query))[1] if b"slow" in query.to_wire() else address(query)), threading.Event()
    text = outside(slow)
    server = corefile(text, clusters=0)
    assert answer(server, "a.example.") == {"192.0.2.1"}
    with server.udp_socket() as s:
        s.send(make_query("slow.example.", id=1).to_wire())
        slow.wait(2)
        (tmp_path / "Corefile").write_text(text.replace("cache", change if not kept else f"cache\n {change}"))
        server.signal(signal.SIGHUP)
        go.set()
        assert harness.answer_set(dns.message.from_wire(s.recv(4096)), "A") == {"192.0.2.1"}
        server.log.wait("is served as it is now")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    assert slow.names().count("a.example.") == (1 if kept else 2)


def test_a_stop(upstream, corefile):  # noqa: F811
    """Whoever waits has SERVFAIL at the latest, and the end is clean."""
    up = upstream(lambda query, _: None)
    server = alone(corefile, up)
    with server.udp_socket() as s:
        for n in range(50):
            s.send(make_query(f"n{n}.example.", id=n).to_wire())
        up.wait(50)
        server.signal(signal.SIGTERM)
        for _ in range(50):
            assert dns.message.from_wire(s.recv(4096)).rcode() == dns.rcode.SERVFAIL
    server.wait_end()


def test_clients_that_go(upstream, corefile):  # noqa: F811
    go = threading.Event()

    def wait(query, transport):
        go.wait(harness.PATIENCE_S)
        return address(query)

    up = upstream(wait)
    server = alone(corefile, up)
    for n in range(20):
        with server.tcp_socket() as s:
            s.sendall(harness.frame(make_query(f"n{n}.example.").to_wire()))
            up.wait(1)
    go.set()
    assert answer(server, "a.example.") == {"192.0.2.1"}


# --- hosts ---


def test_a_host(upstream, corefile):  # noqa: F811
    """Its resolvers are asked, one after the other, until one knows it; its addresses are upstreams in its place."""
    up, nobody = upstream(), upstream(lambda query, _: reply_to(query, rcode="NXDOMAIN"))
    knows = {"A": [("Dns.Example.", 60, "A", "127.0.0.1")], "AAAA": []}
    resolver = upstream(lambda query, _: reply_to(query, *knows[dns.rdatatype.to_text(query.question[0].rdtype)]))
    options = f"resolver {nobody.address} {resolver.address}"
    server = alone(corefile, f"Dns.Example:{up.port}", options=options)
    assert answer(server, "www.example.") == {"192.0.2.1"}
    assert up.names() == ["www.example."]
    assert nobody.names() == resolver.names() == ["dns.example."] * 2


def test_a_host_that_nobody_knows(tmp_path):
    said = refused(outside("nowhere.invalid", options="resolver 127.0.0.1:1"), folder=tmp_path)
    assert "upstream nowhere.invalid: no resolver of it knows an address" in said


def test_a_host_that_the_system_knows(upstream, corefile):  # noqa: F811
    up = upstream()
    server = alone(corefile, f"localhost:{up.port}")
    assert answer(server, "www.example.") == {"192.0.2.1"}


def test_a_host_is_asked_for_again_at_a_reload(upstream, corefile):  # noqa: F811
    first = upstream()
    where = ["127.0.0.1"]
    resolver = upstream(
        lambda query, _: reply_to(query, *([("dns.", 60, "A", where[0])] if query.question[0].rdtype == dns.rdatatype.A else []))
    )
    second = upstream(host="127.0.0.2", port=first.port)
    server = alone(corefile, f"dns:{first.port}", options=f"resolver {resolver.address}", more="")
    assert answer(server, "a.example.") == {"192.0.2.1"}
    where[0] = "127.0.0.2"
    server.process.send_signal(signal.SIGHUP)
    deadline, number = harness.Deadline(), 0
    while not second.names():
        number += 1
        assert answer(server, f"n{number}.example.") == {"192.0.2.1"}
        deadline.check("the second is asked")


def test_a_check_asks_nobody(tmp_path):
    path = tmp_path / "Corefile"
    path.write_text(". {\n forward . nowhere.invalid {\n  resolver 127.0.0.1:1\n }\n}\n")
    assert harness.run_headns("check", path).returncode == 0


# --- what is said ---


@pytest.mark.parametrize(
    "line, why",
    [
        ("forward .", "it is written: forward FROM TO..."),
        ("forward . quic://1.1.1.1", "upstreams over quic are not built yet"),
        ("forward . https://dns.example/dns", "a path is not wanted"),
        ("forward . a..b", "is no address, no file and no host's name"),
        ("forward . /nowhere/resolv.conf", "/nowhere/resolv.conf"),
        ("forward . 1.1.1.1:0", "a port is a number"),
        ("forward . 1.1.1.1 {\n doh_method PUT\n}", "GET or POST is wanted"),
        ("forward . 1.1.1.1 {\n policy best\n}", "random, round_robin, sequential or fastest"),
        ("forward . 1.1.1.1 {\n failover NOERROR\n}", "an rcode such as"),
        ("forward . 1.1.1.1 {\n source_address lo\n}", "an IP address is wanted"),
        ("forward . " + "1.1.1.1 " * 16, "15 upstreams at most"),
    ],
)
def test_what_is_wrong(tmp_path, line, why):
    said = refused(f". {{\n {line}\n}}\n", folder=tmp_path)
    assert why in said and "Corefile:" in said
