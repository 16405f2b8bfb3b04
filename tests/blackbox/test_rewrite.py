"""`rewrite`: another question for those who come after it, and the client's in its answer."""

import signal
import subprocess
import threading

import dns.flags
import dns.message
import dns.rcode
import pytest

import harness
from harness import make_query, run_headns, service
from test_corefile import NGINX, WEB0, answer, api, block, corefile, web  # noqa: F401: fixtures
from test_forward import STUB_S, address, alone, outside, rcode_of, upstream  # noqa: F401: a fixture
from upstream import SOA, reply_to

WEB = f"{WEB0}.cluster.local."


def beside(text, more):
    """Another directive in the block."""
    return text.replace("kubernetes", f"{more}\n    kubernetes", 1)


def records(response):
    return [f"{rrset.name} {rrset.ttl} {rdata.to_text()}" for rrset in response.answer for rdata in rrset]


def kept(response, ttl):
    """The records, and that each has the one TTL that the cache has counted down from so much."""
    assert {rrset.ttl for rrset in response.answer} <= set(range(1, ttl + 1)) and len({rrset.ttl for rrset in response.answer}) == 1
    return [f"{rrset.name} {rdata.to_text()}" for rrset in response.answer for rdata in rrset]


def chain(query, transport):
    """Every name is an alias of www.example."""
    name = query.question[0].name.to_text()
    return reply_to(query, (name, 300, "CNAME", "www.example."), ("www.example.", 60, "A", "192.0.2.1"))


# --- the cluster ---


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_of_the_cluster(api, corefile, transport):  # noqa: F811
    """Question, id and spelling are the client's; AA as the cluster has it."""
    rules = "rewrite name exact web.corp.test web-0.nginx.default.svc.cluster.local\n rewrite name suffix .corp.test .nginx.default.svc.cluster.local answer auto"
    server = corefile(beside(block(api(NGINX, web(0, "10.244.0.7"))), rules))
    ask = getattr(server, transport)
    for name in ("Web.Corp.Test.", "Web-0.Corp.test."):
        query = make_query(name, id=4711)
        response = ask(query)
        assert response.id == 4711 and response.question == query.question and response.question[0].name.to_text() == name
        assert response.rcode() == dns.rcode.NOERROR and response.flags & dns.flags.AA
        assert records(response) == [f"{name} 5 10.244.0.7"]
    response = ask(make_query("web-0.corp.test.", "AAAA"))
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    response = ask(make_query("web-1.corp.test."))
    assert response.rcode() == dns.rcode.NXDOMAIN and response.question[0].name.to_text() == "web-1.corp.test."
    assert records(ask(make_query(WEB))) == [f"{WEB} 5 10.244.0.7"]


def test_many_in_one_batch(api, corefile):  # noqa: F811
    """Each has its own question back."""
    rules = "rewrite name suffix .corp.test .default.svc.cluster.local answer auto"
    server = corefile(beside(block(api(NGINX, *(web(n, f"10.244.0.{n + 1}") for n in range(40)))), rules))
    queries = [make_query(f"web-{n}.nginx.{'default.svc.cluster.local' if n % 3 else 'corp.test'}.", id=n) for n in range(40)]
    with server.udp_socket() as s:
        for query in queries:
            s.send(query.to_wire())
        responses = [dns.message.from_wire(s.recv(65535)) for _ in queries]
    for response in responses:
        assert response.question == queries[response.id].question
        assert records(response) == [f"{queries[response.id].question[0].name} 5 10.244.0.{response.id + 1}"]


def test_what_leads_outside(upstream, api, corefile):  # noqa: F811
    """An ExternalName is followed from the name that was made, and waits for that."""
    up = upstream()
    leads = service("there", headless=False, ports=(), type="ExternalName", externalName="www.example.com")
    text = beside(block(api(leads)), f"rewrite name Out.Test there.default.svc.cluster.local\n forward . {up.address}")
    server = corefile(text)
    for ask in (server.udp, server.tcp):
        response = ask(make_query("out.TEST."))
        assert response.question[0].name.to_text() == "out.TEST."
        assert records(response) == ["out.TEST. 5 www.example.com.", "www.example.com. 300 192.0.2.1"]
    assert set(up.names()) == {"www.example.com."}


def test_a_no_that_falls_through(upstream, api, corefile):  # noqa: F811
    """Whoever comes then sees the name that was made, too."""
    up = upstream()
    rules = f"rewrite name suffix .test .cluster.local answer auto\n forward . {up.address}"
    server = corefile(beside(block(api(NGINX), more="fallthrough"), rules))
    assert records(server.udp(make_query("a.test."))) == ["a.test. 300 192.0.2.1"]
    assert up.names() == ["a.cluster.local."]
    up.stop()
    response = server.udp(make_query("b.test."))
    assert response.rcode() == dns.rcode.SERVFAIL and response.question[0].name.to_text() == "b.test."


# --- outside ---


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_of_upstreams(upstream, corefile, transport):  # noqa: F811
    """They are asked for the name that was made, once where it is kept; names of other spellings and what leads there have the same entry."""
    up = upstream(chain)
    server = alone(corefile, up, more="cache 30 .\n rewrite name a.test www.internal\n rewrite name suffix .test .internal answer auto")
    ask = getattr(server, transport)
    for _ in range(2):
        for name in ("a.test.", "WWW.test.", "www.internal."):
            assert kept(ask(make_query(name)), 30) == [f"{name} www.example.", "www.example. 192.0.2.1"]
    assert up.names() == ["www.internal."]


def test_a_chain_of_the_names_that_were_made(upstream, corefile):  # noqa: F811
    """Names that go on in the same zone are put back too; a SOA's owner as well, and of its rdata the server."""
    soa = ("internal.", 7, "SOA", "ns.internal. host.internal. 1 2 3 4 900")

    def say(query, transport):
        name = query.question[0].name.to_text()
        if name.lower().startswith("none"):
            return reply_to(query, rcode="NXDOMAIN", authority=[soa])
        return reply_to(query, (name, 300, "CNAME", "b.internal."), ("b.internal.", 60, "A", "192.0.2.1"))

    server = alone(corefile, upstream(say), more="rewrite name suffix internal.test internal answer auto")
    assert records(server.udp(make_query("a.internal.test."))) == ["a.internal.test. 300 b.internal.test.", "b.internal.test. 60 192.0.2.1"]
    response = server.udp(make_query("none.internal.test."))
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.authority[0].to_text() == "internal.test. 7 IN SOA ns.internal.test. host.internal. 1 2 3 4 900"


def test_without_an_answer_rule(upstream, corefile):  # noqa: F811
    """The question is the client's all the same."""
    server = alone(corefile, upstream(), more=r"rewrite name regex ^(\w+)\.test\.$ {1}.internal")
    response = server.udp(make_query("A.test."))
    assert response.question[0].name.to_text() == "A.test." and records(response) == ["a.internal. 300 192.0.2.1"]


def test_answer_rules(upstream, corefile):  # noqa: F811
    rules = r"rewrite stop {" "\n" r"name regex (.*)\.test\.$ {1}.internal" "\n" r"answer name (.*)\.internal\.$ {1}.test" "\n" r"answer value (.*)\.example\.$ {1}.test" "\n}"
    server = alone(corefile, upstream(chain), more=rules)
    assert records(server.udp(make_query("a.test."))) == ["a.test. 300 www.test.", "www.example. 60 192.0.2.1"]


def test_who_waits(upstream, corefile):  # noqa: F811
    """Several at once, for one question upstream, and each gets its own."""
    go = threading.Event()

    def wait(query, transport):
        assert go.wait(harness.PATIENCE_S)
        return address(query)

    up = upstream(wait)
    server = alone(corefile, up, more="rewrite name a.test www.internal\n rewrite name suffix .test .internal answer auto")
    names = ["a.test.", "WWW.Test.", "www.internal.", "www.TEST."]
    with server.udp_socket() as s:
        for number, name in enumerate(names):
            s.send(make_query(name, id=number).to_wire())
        up.wait(1)
        go.set()
        responses = [dns.message.from_wire(s.recv(65535)) for _ in names]
    assert sorted(response.id for response in responses) == [0, 1, 2, 3]
    for response in responses:
        assert response.question[0].name.to_text() == names[response.id]
        assert kept(response, 300) == [f"{names[response.id]} 192.0.2.1"]


def test_two_questions_of_one_id_that_become_the_same(upstream, corefile):  # noqa: F811
    """They are not one question sent twice."""
    go = threading.Event()
    up = upstream(lambda query, transport: go.wait(harness.PATIENCE_S) and address(query))
    server = alone(corefile, up, more="rewrite name a.test www.internal\n rewrite name b.test www.internal")
    with server.udp_socket() as s:
        for name in ("a.test.", "b.test.", "a.test."):
            s.send(make_query(name, id=5).to_wire())
        up.wait(1)
        go.set()
        assert {dns.message.from_wire(s.recv(65535)).question[0].name.to_text() for _ in range(2)} == {"a.test.", "b.test."}


def test_silence(upstream, corefile):  # noqa: F811
    """The client's question is in the SERVFAIL, and in the line of errors."""
    server = alone(corefile, upstream(lambda query, _: None), more="rewrite name suffix .test .internal answer auto\n errors")
    response = server.udp(make_query("A.test.", "TXT"))
    assert response.rcode() == dns.rcode.SERVFAIL and response.question[0].name.to_text() == "A.test."
    server.log.wait(r"plugin/errors: 2 a\.test\. TXT: ")


def test_too_long_for_the_client(upstream, corefile):  # noqa: F811
    """What fits before fits no more: cut, and whole over TCP."""
    up = upstream(lambda query, _: reply_to(query, *((f"n{n}.internal.", 300, "CNAME", f"n{n + 1}.internal.") for n in range(12)), ("n12.internal.", 60, "A", "192.0.2.1")))
    long = ".".join(["x" * 50] * 4)
    server = alone(corefile, up, more=rf"rewrite name suffix .test .internal answer name n(\d+)\.internal n{{1}}.{long} answer value (.*)\.internal\.$ {{1}}.y{{1}}.{long}")
    response = server.udp(make_query("n0.test.", payload=512))
    assert response.flags & dns.flags.TC and len(response.to_wire()) <= 512
    response = server.tcp(make_query("n0.test.", payload=512))
    assert not response.flags & dns.flags.TC and sum(map(len, response.answer)) == 13


# --- fields ---


def test_type_class_ttl_and_rcode(upstream, corefile):  # noqa: F811
    def say(query, transport):
        name = query.question[0].name.to_text()
        return reply_to(query, rcode="NXDOMAIN", authority=[("test.", *SOA[1:])]) if name.lower().startswith("none") else address(query)

    rules = "rewrite type AAAA A\n rewrite continue ttl suffix .test 10-60\n rewrite rcode regex ^none NXDOMAIN NOERROR"
    server = alone(corefile, upstream(say), more=rules)
    response = server.udp(make_query("a.example.", "AAAA"))
    assert response.question[0].rdtype == dns.rdatatype.AAAA and records(response) == ["a.example. 300 192.0.2.1"]
    assert records(server.udp(make_query("a.test."))) == ["a.test. 60 192.0.2.1"]
    response = server.udp(make_query("none.test."))
    assert response.rcode() == dns.rcode.NOERROR and response.authority[0].ttl == 10
    assert rcode_of(server, "nonet.example.") == "NOERROR" and rcode_of(server, "a.example.") == "NOERROR"


def test_what_is_no_name(upstream, corefile):  # noqa: F811
    """SERVFAIL, as CoreDNS, and a line; a pattern that would take for ever has the same end."""
    up = upstream()
    rules = "rewrite name regex ^(.*)x\\.$ {1}..y\n rewrite name regex (a*)*b$ y"
    server = alone(corefile, up, more=f"errors\n {rules}")
    assert rcode_of(server, "a.x.") == "SERVFAIL"
    server.log.wait(r"plugin/errors: 2 a\.x\. A: invalid name after rewrite of a\.x\.$")
    assert rcode_of(server, f"{'a' * 60}b.") == "SERVFAIL"
    server.log.wait(r"plugin/errors: 2 a+b\. A: a rewrite rule's pattern takes too long$")
    assert rcode_of(server, "a.z.") == "NOERROR" and up.names() == ["a.z."]


# --- cname ---


def leading(query, transport):
    """Names in test. are aliases of www.internal., of which nobody says more."""
    name = query.question[0].name.to_text()
    if name.lower().endswith(".test."):
        return reply_to(query, (name, 300, "CNAME", "www.internal."))
    return None if name.lower().startswith("slow.") else address(query)


ALIASED = "rewrite continue cname exact www.internal slow.internal\n rewrite name suffix .old .test answer auto"


def test_where_a_cname_leads(upstream, corefile):  # noqa: F811
    server = corefile(outside(upstream(leading), more=ALIASED.replace("slow", "fast")), clusters=0)
    for ask in (server.udp, server.tcp):
        assert records(ask(make_query("a.old."))) == ["a.old. 300 fast.internal.", "fast.internal. 300 192.0.2.1"]
        assert records(ask(make_query("b.internal."))) == ["b.internal. 300 192.0.2.1"]


def test_where_nobody_says_what_it_leads_to(upstream, corefile):  # noqa: F811
    """SERVFAIL, in time, for the client's own question."""
    server = corefile(outside(upstream(leading), more=ALIASED), clusters=0)
    response = server.udp(make_query("A.old."), timeout=STUB_S)
    assert response.rcode() == dns.rcode.SERVFAIL and response.question[0].name.to_text() == "A.old."


def test_a_stop_while_that_is_asked(upstream, corefile):  # noqa: F811
    up = upstream(leading)
    server = corefile(outside(up, more=ALIASED), clusters=0)
    with server.udp_socket() as s:
        for n in range(30):
            s.send(make_query(f"n{n}.old.", id=n).to_wire())
        up.wait(31)  # the target is asked for once
        server.signal(signal.SIGTERM)
        for _ in range(30):
            response = dns.message.from_wire(s.recv(4096))
            assert response.rcode() == dns.rcode.SERVFAIL and response.question[0].name.to_text() == f"n{response.id}.old."
    server.wait_end()


# --- others ---


def test_others_see(upstream, corefile, serve, tmp_path):  # noqa: F811
    """acl and the cache the name that was made, log the client's, with what it was answered."""
    up = upstream()
    more = 'rewrite name Blocked.test www.inner\n rewrite name b.test www.outer\n acl inner {\n block\n }\n log . "{name} {type} {rcode} {rsize}"'
    path = tmp_path / "Corefile"
    path.write_text(outside(up, more=more))
    server = serve("-conf", path, listen=(), started="listening", stdout=subprocess.PIPE)
    assert rcode_of(server, "blocked.TEST.") == "REFUSED"
    assert rcode_of(server, "b.test.") == "NOERROR"
    server.stop()
    assert [line.split(None, 1)[1] for line in server.out.lines] == ["blocked.test. A REFUSED 30", "b.test. A NOERROR 46"]
    assert up.names() == ["www.outer."]


def test_a_reload(upstream, api, corefile, tmp_path):  # noqa: F811
    """Who waits is answered by the rules that it came under."""
    go = threading.Event()
    up = upstream(lambda query, _: go.wait(harness.PATIENCE_S) and address(query))
    text = outside(up, more="rewrite name a.test www.internal\n acl c.test {\n filter\n }")
    server = corefile(text, clusters=0)
    with server.udp_socket() as s:
        s.send(make_query("a.test.").to_wire())
        up.wait(1)
        (tmp_path / "Corefile").write_text(text.replace("name a.test", "name b.test").replace("filter", "block"))
        server.signal(signal.SIGHUP)
        harness.until(server, "c.test.", "REFUSED")
        go.set()
        response = dns.message.from_wire(s.recv(65535))
    assert records(response) == ["a.test. 300 192.0.2.1"]
    assert kept(server.udp(make_query("b.test.")), 300) == ["b.test. 192.0.2.1"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("cname a", "rewrite: cname: there are too few words"),
        ("cname exact a b c", 'rewrite: cname: "c" is too much'),
        ("cname regex ^a {1}", "rewrite: cname: {1} uses more groups than the pattern ^a has"),
        ("cname ends a b", 'rewrite: cname: exact, prefix, suffix, substring or regex is wanted, not "ends"'),
        ("edns0 nsid set", "rewrite: edns0: it is not built yet"),
        ("name regex a b metadata", "rewrite: name: metadata is not built yet"),
        ("name regex ( b", "rewrite: name: the pattern (: "),
    ],
)
def test_what_is_wrong(tmp_path, rule, said):
    (tmp_path / "Corefile").write_text(f".:53 {{\n whoami\n rewrite {rule}\n}}\n")
    done = run_headns("check", cwd=tmp_path)
    assert done.returncode == 1 and f"Corefile:3: {said}" in done.stderr
