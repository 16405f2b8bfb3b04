"""`forward` over HTTPS: how it is asked, whose word is taken, and servers that say something else."""

import base64
import contextlib
import http.server
import threading
import urllib.parse

import dns.message
import pytest

from test_cluster import certificate, tls_server
from test_corefile import corefile, refused  # noqa: F401: fixtures
from test_forward import address, rcode_of
from test_forward_tls import answers, block, peer, says_something_else


class Server(http.server.ThreadingHTTPServer):
    """answer(query) is (status, octets). asked: (method, name, id, what the client accepts)."""

    daemon_threads = True

    def __init__(self, context, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context, self.answer = context, answer
        self.asked, self.connections = [], 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        """In a thread of the connection's: nobody else waits for its handshake."""
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            self.connections += 1
            self.RequestHandlerClass(secured, client_address, self)

    def handle_error(self, request, client_address):
        """A client may go."""

    def names(self):
        return [name for _, name, _, _ in self.asked if name != "."]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self, octets):
        query = dns.message.from_wire(octets)
        self.server.asked.append((self.command, query.question[0].name.to_text().lower(), query.id, self.headers["Accept"]))
        status, body = self.server.answer(query)
        self.send_response(status)
        self.send_header("Content-Type", "application/dns-message")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):  # noqa: N802: http.server's name
        assert self.path == "/dns-query" and self.headers["Content-Type"] == "application/dns-message"
        self.respond(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self):  # noqa: N802
        path, _, text = self.path.partition("?dns=")
        assert path == "/dns-query" and "=" not in text
        self.respond(base64.urlsafe_b64decode(urllib.parse.unquote(text) + "=" * (-len(text) % 4)))

    def log_message(self, *_):
        """Nowhere."""


@pytest.fixture
def https(tmp_path):
    """https(ANSWER, SUBJECT_ALT_NAME) is a server, and the path of its certificate."""
    servers = []

    def start(answer=lambda query: (200, address(query).to_wire()), subject="IP:127.0.0.1"):
        cert, key = certificate(tmp_path, f"https{len(servers)}", subject)
        servers.append(Server(tls_server(cert, key), answer))
        return servers[-1], cert

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def url(server, name=""):
    return f"https://127.0.0.1{name and '%' + name}:{server.server_port}"


@pytest.mark.parametrize("option, method", [("", "POST"), ("doh_method POST", "POST"), ("doh_method GET", "GET")])
def test_an_answer(option, method, https, corefile):  # noqa: F811
    """With id 0, over one connection."""
    up, cert = https()
    server = corefile(block(url(up), f"tls {cert}; {option}"), "--workers=1", clusters=0)
    for number in range(10):
        assert answers(server, f"n{number}.example.")
    assert up.names() == [f"n{number}.example." for number in range(10)]
    assert {(how, number, accepts) for how, _, number, accepts in up.asked} == {(method, 0, "application/dns-message")}
    assert up.connections == 1


@pytest.mark.parametrize("option, name", [("tls_servername dns.example", ""), ("", "dns.example")])
def test_a_name(option, name, https, corefile):  # noqa: F811
    up, cert = https(subject="DNS:dns.example")
    assert answers(corefile(block(url(up, name), f"tls {cert}; {option}"), clusters=0))


def test_a_host(https, corefile):  # noqa: F811
    up, cert = https(subject="DNS:localhost")
    assert answers(corefile(block(f"https://localhost:{up.server_port}", f"tls {cert}"), clusters=0))


@pytest.mark.parametrize("option, subject", [("tls {cert}", "IP:127.0.0.2"), ("", "IP:127.0.0.1"), ("tls {cert}; tls_servername a.example", "DNS:b.example")])
def test_doubted(option, subject, https, corefile):  # noqa: F811
    up, cert = https(subject=subject)
    server = corefile(block(url(up), option.format(cert=cert)), clusters=0)
    assert rcode_of(server, "www.example.") == "SERVFAIL"
    server.log.wait(r"error: upstream https://127.0.0.1:\d+.*: SSL")
    assert up.asked == []


def test_many_at_once(https, corefile):  # noqa: F811
    up, cert = https()
    server = corefile(block(url(up), f"tls {cert}"), "--workers=1", clusters=0)
    done = []
    threads = [threading.Thread(target=lambda n=number: done.append(answers(server, f"n{n}.example."))) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 32 and all(done)


WRONG = {
    "HTTP status 503": lambda query: (503, b"no"),
    "HTTP status 302": lambda query: (302, b""),
    "nothing": lambda query: (200, b""),
    "a few octets": lambda query: (200, b"\0\0\1"),
    "the query": lambda query: (200, query.to_wire()),
    "too much": lambda query: (200, bytes(70000)),
}


@pytest.mark.parametrize("what", WRONG)
def test_something_else(what, https, corefile):  # noqa: F811
    """The other upstream answers; what is asked of the first alone is SERVFAIL, in time."""
    bad, cert = https(WRONG[what])
    good, good_cert = https()
    both = cert.parent / "both.crt"
    both.write_bytes(cert.read_bytes() + good_cert.read_bytes())
    server = corefile(block(f"{url(bad)} {url(good)}", f"tls {both}; policy sequential"), clusters=0)
    assert answers(server)
    server = corefile(block(url(bad), f"tls {both}"), clusters=0)
    assert rcode_of(server, "www.example.") == "SERVFAIL"
    if what.startswith("HTTP"):
        server.log.wait(f"error: upstream https://127.0.0.1:.*: {what}")
    server.stop()


@pytest.mark.parametrize("behave", [says_something_else, lambda stream: None, lambda stream: stream.recv(10)], ids=["http", "closes", "reads"])
def test_a_peer_that_breaks_off(behave, https, corefile):  # noqa: F811
    good, cert = https()
    with peer(behave) as port:
        server = corefile(block(f"https://127.0.0.1:{port} {url(good)}", f"tls {cert}; policy sequential"), clusters=0)
        assert all(answers(server, f"n{number}.example.") for number in range(5))
        server.stop()


def test_a_stop_while_somebody_waits(https, corefile):  # noqa: F811
    go, came = threading.Event(), threading.Event()
    up, cert = https(lambda query: (came.set(), go.wait(60), (200, address(query).to_wire()))[2])
    server = corefile(block(url(up), f"tls {cert}"), clusters=0)
    thread = threading.Thread(target=rcode_of, args=(server, "www.example."))
    thread.start()
    assert came.wait(60)
    server.stop()
    go.set()
    thread.join()
