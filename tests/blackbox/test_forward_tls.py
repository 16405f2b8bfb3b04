"""`forward` over TLS: whose word is taken, how connections are kept, and upstreams that break off."""

import contextlib
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading

import dns.exception
import dns.message
import pytest

import harness
from harness import make_query
from test_cluster import certificate, tls_server
from test_corefile import corefile, refused  # noqa: F401: fixtures
from test_forward import address, alone, outside, rcode_of, upstream  # noqa: F401: fixtures


@pytest.fixture
def identity(tmp_path):
    """identity(NAME, SUBJECT_ALT_NAME): paths of a certificate, which is its own authority, and its key."""
    return lambda name, subject_alt_name: certificate(tmp_path, name, subject_alt_name)


def secure(up, name=""):
    return f"tls://127.0.0.1{name and '%' + name}:{up.port}"


def answers(server, name="www.example."):
    return harness.answer_set(server.udp(make_query(name)), "A") == {"192.0.2.1"}


def block(to, options=""):
    return outside(to, options=options.replace("; ", "\n"), more="errors")


# --- whom we believe ---

BELIEVED = {
    "by its address": ("IP:127.0.0.1", "", "tls {ca}"),
    "by the name of all": ("DNS:dns.example", "", "tls {ca}; tls_servername dns.example"),
    "by the name of one": ("DNS:dns.example", "dns.example", "tls {ca}"),
    "by a wildcard": ("DNS:*.dns.example", "a.dns.example", "tls {ca}"),
    "by an address that is said as its name": ("IP:127.0.0.9", "", "tls {ca}; tls_servername 127.0.0.9"),
    "because the system does": ("IP:127.0.0.1", "", ""),
}


@pytest.mark.parametrize("how", BELIEVED)
def test_believed(how, upstream, corefile, identity, monkeypatch):  # noqa: F811
    subject, name, options = BELIEVED[how]
    cert, key = identity("dns", subject)
    up = upstream(tls=tls_server(cert, key))
    if not options:
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    server = corefile(block(secure(up, name), options.format(ca=cert)), clusters=0)
    assert answers(server)
    assert up.asked[0][2] == "tls"


def test_a_host_over_tls(upstream, corefile, identity):  # noqa: F811
    """What the Corefile says is what its certificate must be for."""
    cert, key = identity("dns", "DNS:localhost")
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(f"tls://localhost:{up.port}", f"tls {cert}"), clusters=0)
    assert answers(server)


DOUBTED = {
    "another address": ("IP:127.0.0.2", "", "tls {ca}", "IP address mismatch"),
    "another name": ("DNS:dns.example", "dns.example.org", "tls {ca}", "[Hh]ostname mismatch"),
    "a common name alone": ("DNS:other.example", "dns", "tls {ca}", "[Hh]ostname mismatch"),
    "nobody's word": ("IP:127.0.0.1", "", "", "self-signed certificate"),
    "another authority's": ("IP:127.0.0.1", "", "tls {other}", "self-signed certificate"),
}


@pytest.mark.parametrize("why", DOUBTED)
def test_doubted(why, upstream, corefile, identity):  # noqa: F811
    """Nothing is asked of it; a line says why, once."""
    subject, name, options, said = DOUBTED[why]
    cert, key = identity("dns", subject)
    other, _ = identity("other", subject)
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(secure(up, name), options.format(ca=cert, other=other)), clusters=0)
    assert rcode_of(server, "www.example.") == "SERVFAIL"
    server.log.wait(rf"error: upstream {secure(up).split('%')[0][:10]}.*{said}")
    assert rcode_of(server, "www2.example.") == "SERVFAIL"
    assert up.asked == []
    assert len([line for line in server.log.lines if "error: upstream tls" in line]) == 1


def test_a_certificate_that_has_ended(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    command = ["openssl", "x509", "-in", cert, "-signkey", key, "-days", "-1", "-out", cert]
    subprocess.run(command, check=True, capture_output=True)
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(secure(up), f"tls {cert}"), clusters=0)
    assert rcode_of(server, "www.example.") == "SERVFAIL"
    server.log.wait(r"certificate has expired")
    assert up.asked == []


def test_the_next_one_is_asked(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    wrong, wrong_key = identity("wrong", "IP:127.0.0.2")
    good, bad = upstream(tls=tls_server(cert, key)), upstream(tls=tls_server(wrong, wrong_key))
    server = corefile(block(f"{secure(bad)} {secure(good)}", f"tls {cert}; policy sequential"), clusters=0)
    for number in range(5):
        assert answers(server, f"n{number}.example.")
    assert bad.asked == []


def test_who_we_are(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    ours, our_key = identity("ours", "DNS:headns")
    up = upstream(tls=tls_server(cert, key, clients=ours))
    assert answers(corefile(block(secure(up), f"tls {ours} {our_key} {cert}"), clusters=0))
    server = corefile(block(secure(up), f"tls {cert}"), clusters=0)
    assert rcode_of(server, "www.example.") == "SERVFAIL"
    server.log.wait("error: upstream tls://.*certificate required")


def test_an_old_version(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    context = tls_server(cert, key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    up = upstream(tls=context)
    assert answers(corefile(block(secure(up), f"tls {cert}"), clusters=0))


# --- what the Corefile says ---


def test_files_that_are_not_there(tmp_path, identity):
    cert, key = identity("dns", "IP:127.0.0.1")
    _, other_key = identity("other", "IP:127.0.0.1")
    empty = tmp_path / "empty"
    empty.write_text("nothing\n")
    for options, said in {
        "tls /nowhere": "tls: certificates of authorities /nowhere: there is no such file",
        f"tls {empty}": f"tls: certificates of authorities {empty}: no certificate",
        f"tls {empty} {key}": f"tls: certificate {empty}: no start line",
        f"tls {cert} {other_key}": f"tls: key {other_key}: key values mismatch",
        f"tls {cert} {key} {key} {key}": "tls: it is written: tls [CERT KEY] [CA]",
    }.items():
        assert said in refused(block("tls://127.0.0.1", options), folder=tmp_path)


def test_two_names(tmp_path):
    assert "127.0.0.1:853 has the server name a.example already" in refused(
        block("tls://127.0.0.1%a.example", "tls_servername b.example"), folder=tmp_path
    )


def test_a_new_certificate_counts_after_a_reload(upstream, corefile, identity, tmp_path):  # noqa: F811
    """The Corefile says the same, and the file something else."""
    cert, key = identity("dns", "IP:127.0.0.1")
    trusted = tmp_path / "trusted.crt"
    other, _ = identity("other", "IP:127.0.0.1")
    trusted.write_bytes(other.read_bytes())
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(secure(up), f"tls {trusted}"), clusters=0)
    assert rcode_of(server, "www.example.") == "SERVFAIL"
    trusted.write_bytes(cert.read_bytes())
    server.process.send_signal(signal.SIGHUP)
    deadline = harness.Deadline()
    while not answers(server):
        deadline.check("the new certificate counts")


# --- connections ---


def test_connections_are_kept(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(secure(up), f"tls {cert}"), "--workers=1", clusters=0)
    for number in range(20):
        assert answers(server, f"n{number}.example.")
    assert len(up.handshakes) == 1


def test_sessions_are_resumed(upstream, corefile, identity):  # noqa: F811
    """None is older than 20 ms, however much is asked."""
    cert, key = identity("dns", "IP:127.0.0.1")
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(secure(up), f"tls {cert}; expire 20ms; max_age 20ms"), "--workers=1", clusters=0)
    deadline = harness.Deadline()
    number = 0
    while len(up.handshakes) < 3:
        number += 1
        assert answers(server, f"n{number}.example.")
        deadline.check("connections end and begin")
    assert up.handshakes[0] is False and all(up.handshakes[1:3])


def test_many_at_once(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    up = upstream(tls=tls_server(cert, key))
    server = corefile(block(secure(up), f"tls {cert}"), "--workers=1", clusters=0)
    done = []

    def ask(number):
        done.append(answers(server, f"n{number}.example."))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 64 and all(done)
    assert 1 <= len(up.handshakes) <= 8


# --- upstreams that break off ---


@contextlib.contextmanager
def peer(behave):
    """Accepts connections and does this with each; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def run():
        while not over.is_set():
            with contextlib.suppress(OSError):
                stream, _ = listener.accept()
                with stream:
                    behave(stream)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)


def reads_and_closes(stream):
    stream.recv(4096)


def says_something_else(stream):
    stream.recv(4096)
    stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def says_rubbish(stream):
    stream.recv(4096)
    stream.sendall(os.urandom(70000))


def stops_in_a_record(stream):
    stream.recv(4096)
    stream.sendall(b"\x16\x03\x03\x40\x00" + bytes(100))


def sends_an_alert(stream):
    stream.recv(4096)
    stream.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


HOSTILE = [reads_and_closes, says_something_else, says_rubbish, stops_in_a_record, sends_an_alert, lambda stream: None]


@pytest.mark.parametrize("behave", HOSTILE, ids=lambda b: b.__name__.strip("<>"))
def test_a_peer_that_breaks_off(behave, upstream, corefile, identity):  # noqa: F811
    """The other upstream answers; what is asked of the first alone is SERVFAIL, in time."""
    cert, key = identity("dns", "IP:127.0.0.1")
    good = upstream(tls=tls_server(cert, key))
    with peer(behave) as port:
        bad = f"tls://127.0.0.1:{port}"
        server = corefile(block(f"{bad} {secure(good)}", f"tls {cert}; policy sequential"), clusters=0)
        assert all(answers(server, f"n{number}.example.") for number in range(5))
        server = corefile(block(bad, f"tls {cert}"), clusters=0)
        assert rcode_of(server, "www.example.") == "SERVFAIL"
        server.stop()


def test_a_peer_that_is_silent(upstream, corefile, identity):  # noqa: F811
    cert, key = identity("dns", "IP:127.0.0.1")
    good = upstream(tls=tls_server(cert, key))
    silent = socket.create_server(("127.0.0.1", 0))
    server = corefile(block(f"tls://127.0.0.1:{silent.getsockname()[1]} {secure(good)}", f"tls {cert}; policy sequential"), clusters=0)
    assert answers(server)
    silent.close()


@pytest.mark.parametrize("octets", [0, 1, 2, 7])
def test_closed_within_a_reply(octets, upstream, corefile, identity):  # noqa: F811
    """So many octets come of the first reply; the question is asked again."""
    cert, key = identity("dns", "IP:127.0.0.1")
    context = tls_server(cert, key)
    first = threading.Event()

    def behave(stream):
        with contextlib.suppress(OSError, dns.exception.DNSException), context.wrap_socket(stream, server_side=True) as secured:
            query = dns.message.from_wire(secured.recv(4096)[2:])
            octets_of_it = address(query).to_wire()
            framed = struct.pack("!H", len(octets_of_it)) + octets_of_it
            secured.sendall(framed if first.is_set() else framed[:octets])
            if first.is_set():
                secured.recv(4096)
            first.set()

    with peer(behave) as port:
        server = corefile(block(f"tls://127.0.0.1:{port}", f"tls {cert}; max_fails 0"), clusters=0)
        assert answers(server)
