"""`template`: answers made of the question, before the cluster and before upstreams."""

import dns.edns
import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

import harness
from harness import make_query
from test_corefile import NGINX, WEB0, answer, api, block, corefile, refused, web  # noqa: F401: fixtures
from test_forward import upstream  # noqa: F401: fixtures

NIP = """template IN A nip.example {
    match (^|[.])(?P<a>[0-9]*)[.](?P<b>[0-9]*)[.](?P<c>[0-9]*)[.](?P<d>[0-9]*)[.]nip[.]example[.]$
    answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
    fallthrough
}"""
INGRESS = """template IN A apps.example {
    match ^(.+\\.)?apps\\.example\\.$
    answer "{{ .Name }} 30 IN A 192.0.2.10"
}"""
NO_V6 = "template ANY AAAA {\n rcode NXDOMAIN\n}"


def texts(response, section="answer"):
    return [f"{r.name} {r.ttl} {dns.rdatatype.to_text(r.rdtype)} {d.to_text()}" for r in getattr(response, section) for d in r]


def text(*directives, keys=".:0"):
    return f"{keys} {{\n bind 127.0.0.1\n" + "\n".join(directives) + "\n}\n"


def rcode(response):
    return dns.rcode.to_text(response.rcode())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_before_upstreams(upstream, corefile, transport):  # noqa: F811
    """What no rule is about, and what falls through, is asked of them."""
    up = upstream()
    server = corefile(text(NIP, INGRESS, NO_V6, f"forward . {up.address}"), clusters=0)

    def ask(name, rdtype="A"):
        return getattr(server, transport)(make_query(name, rdtype))

    response = ask("a.10.1.2.3.Nip.example.")
    assert texts(response) == ["a.10.1.2.3.Nip.example. 60 A 10.1.2.3"]
    assert response.flags & dns.flags.AA and not response.authority
    assert texts(ask("apps.example.")) == ["apps.example. 30 A 192.0.2.10"]
    assert texts(ask("a.b.apps.example.")) == ["a.b.apps.example. 30 A 192.0.2.10"]
    nowhere = ask("elsewhere.example.", "AAAA")
    assert rcode(nowhere) == "NXDOMAIN" and nowhere.flags & dns.flags.AA and not nowhere.authority
    assert not up.asked
    assert texts(ask("10.1.2.nip.example.")) == ["10.1.2.nip.example. 300 A 192.0.2.1"]
    assert texts(ask("elsewhere.example.")) == ["elsewhere.example. 300 A 192.0.2.1"]
    assert {name.lower() for name, *_ in up.asked} == {"10.1.2.nip.example.", "elsewhere.example."}


def test_before_the_cluster(api, corefile):  # noqa: F811
    """A rule that does not fall through hides names of the cluster, as in CoreDNS."""
    rules = 'template IN A {\n match ^web-1\\.\n answer "{{ .Name }} 9 IN A 192.0.2.9"\n fallthrough default.svc.cluster.local\n}'
    server = corefile(block(api(NGINX, web(0, "10.244.0.7"), web(1, "10.244.0.8"))).replace("kubernetes", f"{rules}\n kubernetes", 1))
    assert answer(server, WEB0) == {"10.244.0.7"}
    assert answer(server, WEB0.replace("web-0", "web-1")) == {"192.0.2.9"}
    assert answer(server, "absent.default.svc") == "NXDOMAIN"
    assert answer(server, "absent.other.svc") == "SERVFAIL"
    assert answer(server, "absent.other.svc", "AAAA") == "NXDOMAIN"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_cname_to_the_cluster(api, upstream, corefile, transport):  # noqa: F811
    """Who asks for an address has what the CNAME leads to, from whichever block has that; others have the CNAME."""
    up = upstream()
    rules = """template IN ANY go.example {
        match ^(?P<pod>[^.]+)\\.go\\.
        answer "{{ .Name }} 60 IN CNAME {{ .Group.pod }}.nginx.default.svc.cluster.local."
    }
    template IN ANY out.example {
        answer "{{ .Name }} 60 IN CNAME www.example.org."
        additional "x.out.example. 5 IN TXT more"
    }"""
    more = text(rules, f"forward . {up.address}", keys="example:0 example.org:0")
    server = corefile(block(api(NGINX, web(0, "10.244.0.7")), keys="cluster.local:0") + more)

    def ask(name, rdtype="A"):
        return getattr(server, transport)(make_query(name, rdtype))

    pod, found = "web-0.go.example.", f"{WEB0}.cluster.local."
    cname = f"{pod} 60 CNAME {found}"
    assert texts(ask(pod)) == [cname, f"{found} 5 A 10.244.0.7"]
    assert texts(ask(pod, "AAAA")) == [cname] and texts(ask(pod, "CNAME")) == [cname] and texts(ask(pod, "TXT")) == [cname]
    absent = ask("web-9.go.example.")
    assert rcode(absent) == "NOERROR" and texts(absent) == [cname.replace("web-0", "web-9")]
    assert rcode(ask("a.b.go.example.")) == "SERVFAIL"
    out = ask("out.example.")
    assert texts(out) == ["out.example. 60 CNAME www.example.org.", "www.example.org. 300 A 192.0.2.1"]
    assert texts(out, "additional") == ["x.out.example. 5 TXT \"more\""]


def test_a_cname_that_leads_to_itself(corefile):  # noqa: F811
    """It is followed for so long, and answered."""
    server = corefile(text('template IN A {\n answer "{{ .Name }} 60 IN CNAME a.{{ .Name }}"\n}', "errors"), clusters=0)
    response = server.tcp(make_query("x."))
    assert rcode(response) == "NOERROR" and texts(response)[0] == "x. 60 CNAME a.x." and len(response.answer) < 20


def test_what_is_no_record(corefile):  # noqa: F811
    """It fails when it is asked for, with a line of `errors`; the server goes on."""
    server = corefile(text('errors\ntemplate IN A {\n match ^(.*)\\.x\\.\n answer "{{ .Name }} A {{ index .Match 1 }}"\n}'), clusters=0)
    assert answer(server, "nonsense.x.") == "SERVFAIL"
    server.log.wait(r"2 nonsense\.x\. A: template: an IPv4 address is wanted, not \"nonsense\"")
    assert answer(server, "192.0.2.7.x.") == {"192.0.2.7"}


def test_a_regexp_that_takes_too_long(corefile):  # noqa: F811
    server = corefile(text('errors\ntemplate IN A {\n match "(a*)*b$"\n rcode NXDOMAIN\n fallthrough\n}', "whoami"), clusters=0)
    assert answer(server, f"{'a' * 60}b.x.") == "SERVFAIL"
    server.log.wait("template: a regexp takes too long for this name")
    assert answer(server, "a.x.") == "NOERROR"


def test_a_reason(corefile):  # noqa: F811
    """It is for clients with EDNS."""
    server = corefile(text('template IN A {\n rcode NXDOMAIN\n ederror 15 "not here"\n}'), clusters=0)
    response = server.udp(make_query("a.x.", payload=1232))
    assert rcode(response) == "NXDOMAIN" and list(response.options) == [dns.edns.EDEOption(15, "not here")]
    plain = make_query("a.x.")
    plain.use_edns(-1)
    response = server.udp(plain)
    assert rcode(response) == "NXDOMAIN" and response.edns == -1


@pytest.mark.parametrize("more, ttl", [("", 60), ("cache 30", 30), ("cache 30 other", 60), ("cache {\n success 10 7\n}", 7)])
def test_the_caches_ttl_counts(corefile, more, ttl):  # noqa: F811
    server = corefile(text('template IN A {\n answer "{{ .Name }} 60 A 192.0.2.1"\n}', more), clusters=0)
    for _ in range(2):
        assert server.udp(make_query("a.x.")).answer[0].ttl == ttl


def test_wrong_ones(tmp_path):
    """Each with its line, before anything is served."""
    said = refused(text('template IN A {\n answer "{{ .Nmae }} A 192.0.2.1"\n answer "a. A 192.0.2"\n match "(?=x)"\n}'), folder=tmp_path)
    assert "Corefile:4: answer: {{ .Nmae }}: Nmae is no field that headns has there: there are .Name, " in said
    assert 'Corefile:5: answer: an IPv4 address is wanted, not "192.0.2"' in said
    assert 'Corefile:6: match: "(?=": there is no such group' in said
