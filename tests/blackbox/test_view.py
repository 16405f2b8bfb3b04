"""`view`: several blocks of one zone, each for some of the queries. What CoreDNS answers is in tests/directives/cases/view."""

import signal
import socket

import dns.message
import dns.rcode
import pytest

import harness
import web
from harness import make_query
from test_corefile import NGINX, WEB0, api, block, corefile, refused  # noqa: F401: fixtures
from test_corefile import web as pod
from test_forward import upstream  # noqa: F401: a fixture


def views(*blocks):
    """Blocks of the root, each with an expression ("" for none) and an address that it answers with."""
    return "".join(viewed(expression, number) for number, expression in enumerate(blocks, 1))


def viewed(expression, number):
    view = f"view v{number} {{\n  expr {expression}\n }}" if expression else ""
    return f'.:0 {{\n bind 127.0.0.1\n prometheus 127.0.0.1:0\n {view}\n template IN A . {{\n  answer "{{{{ .Name }}}} 60 IN A 192.0.2.{number}"\n }}\n}}\n'


def asked_from(server, client, name="a.test."):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(harness.PATIENCE_S)
        s.bind((client, 0))
        s.connect((server.address, server.port))
        s.send(make_query(name).to_wire())
        return harness.answer_set(dns.message.from_wire(s.recv(4096)), "A")


def test_by_client(corefile):
    text = views("incidr(client_ip(), '127.0.0.0/31')", "client_ip() == '127.0.0.2'", "")
    server = corefile(text, clusters=0)
    assert [asked_from(server, f"127.0.0.{n}") for n in (1, 2, 3)] == [{"192.0.2.1"}, {"192.0.2.2"}, {"192.0.2.3"}]


def test_nobody_is_left(corefile):
    """Who is in no view is refused, as where there is no such zone."""
    server = corefile(views("type() == 'TXT'", "proto() == 'tcp'"), clusters=0)
    assert server.udp(make_query("a.test.")).rcode() == dns.rcode.REFUSED
    assert harness.answer_set(server.tcp(make_query("a.test.")), "A") == {"192.0.2.2"}


def test_two_clusters(api, corefile):  # noqa: F811
    """The same zone is another one for other clients."""
    first, second = api(NGINX, pod(0, "10.244.0.7")), api(NGINX, pod(0, "10.244.0.8"))
    text = block(first).replace("{", "{\n view one {\n expr client_ip() == '127.0.0.2'\n }", 1) + block(second)
    server = corefile(text, clusters=2)
    assert asked_from(server, "127.0.0.2", f"{WEB0}.cluster.local.") == {"10.244.0.7"}
    assert asked_from(server, "127.0.0.1", f"{WEB0}.cluster.local.") == {"10.244.0.8"}


def test_a_name_that_leads_on(upstream, corefile):  # noqa: F811
    """The block of what a CNAME leads to is the asking client's, too."""
    alias = '.:0 {\n bind 127.0.0.1\n template IN A short.test {\n answer "{{ .Name }} 60 IN CNAME a.long.test."\n }\n}\n'
    inner = views("client_ip() == '127.0.0.2'", "").replace(".:0", "long.test:0")
    server = corefile(alias + inner, clusters=0)
    assert asked_from(server, "127.0.0.2", "short.test.") == {"192.0.2.1"}
    assert asked_from(server, "127.0.0.1", "short.test.") == {"192.0.2.2"}


def test_metrics(corefile):
    server = corefile(views("client_ip() == '127.0.0.2'", ""), clusters=0)
    for client in ("127.0.0.1", "127.0.0.2", "127.0.0.2"):
        asked_from(server, client)
    m = web.metrics(int(server.log.wait(r"info: http://\S+:(\d+) has .*/metrics")[1]))
    assert m.one("coredns_dns_requests_total", view="v1", type="A") == 2
    assert m.one("coredns_dns_requests_total", view="", type="A", zone=".") == 1
    assert [1] == [v for labels, v in m.find("coredns_plugin_enabled", view="v1").items() if dict(labels)["name"] == "view"]


def test_a_reload(corefile, tmp_path):
    server = corefile(views("client_ip() == '127.0.0.2'", ""), clusters=0)
    assert asked_from(server, "127.0.0.1") == {"192.0.2.2"}
    path = tmp_path / "Corefile"
    path.write_text(views("client_ip() == '127.0.0.1'", ""))
    server.signal(signal.SIGHUP)
    deadline = harness.Deadline()
    while asked_from(server, "127.0.0.1") != {"192.0.2.1"}:
        deadline.check("the view does not change")


WRONG = [
    ("view", "view: a name is wanted"),
    ("view v {\n expr\n}", "expr: it is written: expr EXPRESSION"),
    ("view v {\n expr typ() == 'A'\n}", 'Corefile:3: expr: column 1: there is no "typ"'),
    ("view v {\n expr name() matches '(?=a)'\n}", "Corefile:3: expr: column 8: "),
    ("view v {\n if true\n}", 'Corefile:3: view has no "if"'),
]


@pytest.mark.parametrize("lines, said", WRONG)
def test_wrong_ones(tmp_path, lines, said):
    text = refused(f". {{\n{lines}\n}}\n", folder=tmp_path)
    assert said in text or "it is written: view NAME" in text


def test_a_block_that_nobody_reaches(tmp_path):
    """The one before it is for all queries, so that this one would have none: an error, as in CoreDNS."""
    text = refused(views("", "client_ip() == '127.0.0.2'"), folder=tmp_path)
    assert "is served at" in text and "already" in text
