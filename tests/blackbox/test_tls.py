"""`tls` and tls:// keys: names over TLS (RFC 7858), for whom, with which certificate, and clients that are no good."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading

import dns.edns
import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

import harness
from harness import PATIENCE_S, Deadline, frame, make_query, receive_frame
from test_cluster import certificate
from test_corefile import corefile, refused  # noqa: F401: fixtures
from test_corefile_reload import free_port

NAME = "dns.example"
RELOADED = r"tls: .* was read again"


@pytest.fixture
def identity(tmp_path):
    """identity(NAME): a certificate for NAME and 127.0.0.1, which is its own authority, and its key."""
    return lambda name=NAME: certificate(tmp_path, name, f"DNS:{name},IP:127.0.0.1")


def block(cert, key, more="", ca="", port=0, plain=False, beside=""):
    keys = f"tls://.:{port}" + (f" .:{free_port()}" if plain else "")
    return f"{keys} {{\n bind 127.0.0.1\n tls {cert} {key} {ca} {{\n {more}\n }}\n {beside}\n whoami\n}}\n".replace("{\n \n }", "")


def trusting(cert, client=None):
    context = ssl.create_default_context(cafile=cert)
    context.set_alpn_protocols(["dot"])
    if client:
        context.load_cert_chain(*client)
    return context


@contextlib.contextmanager
def connect(server, context, name=NAME):
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as raw, context.wrap_socket(raw, server_hostname=name) as stream:
        yield stream


def ask(stream, number=1, **options):
    stream.sendall(frame(make_query("www.example.", id=number, **options).to_wire()))
    reply = receive_frame(stream)
    assert int.from_bytes(reply[:2], "big") == number
    return reply


def serves(server, cert, **options):
    with connect(server, trusting(cert, **options)) as stream:
        ask(stream)
        return stream.getpeercert(True)


def shown(server):
    """The certificate that a new connection sees, whoever it is."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(server, context) as stream:
        return stream.getpeercert(True)


def der(cert):
    return ssl.PEM_cert_to_DER_cert(cert.read_text())


# --- clients ---


def test_dnspython(corefile, identity):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key), clusters=0)
    query = make_query("www.example.")
    response = dns.query.tls(query, "127.0.0.1", PATIENCE_S, server.port, ssl_context=trusting(cert), server_hostname=NAME)
    assert response.rcode() == dns.rcode.NOERROR and response.additional


@pytest.mark.skipif(not shutil.which("kdig"), reason="knot-dnsutils is not installed")
def test_kdig(corefile, identity):  # noqa: F811
    """It checks the certificate, and pads what it asks."""
    cert, key = identity()
    server = corefile(block(cert, key), clusters=0)
    done = subprocess.run(["kdig", "@127.0.0.1", "-p", str(server.port), f"+tls-ca={cert}", f"+tls-hostname={NAME}", "+padding", "www.example."],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert "status: NOERROR" in done.stdout and "PADDING" in done.stdout and "Received 468 B" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("unbound"), reason="unbound is not installed")
def test_unbound_forwards_to_it(corefile, identity, tmp_path):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key, beside="template IN A {\n answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n }"), clusters=0)
    port = free_port()
    (tmp_path / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{tmp_path}"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  tls-cert-bundle: "{cert}"
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@{server.port}#{NAME}
remote-control:
  control-enable: no
""")
    unbound = subprocess.Popen(["unbound", "-d", "-c", tmp_path / "unbound.conf"], stderr=subprocess.DEVNULL)
    try:
        deadline, found = Deadline(), set()
        while found != {"192.0.2.1"}:
            deadline.check("unbound has no answer")
            with contextlib.suppress(OSError, dns.exception.Timeout):
                found = harness.answer_set(dns.query.udp(make_query("www.example."), "127.0.0.1", 1, port), "A")
    finally:
        unbound.terminate()
        unbound.wait(PATIENCE_S)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_many_queries_of_a_connection(corefile, identity, version):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key), clusters=0)
    context = trusting(cert)
    context.minimum_version = context.maximum_version = version
    with connect(server, context) as stream:
        stream.sendall(b"".join(frame(make_query("www.example.", id=n).to_wire()) for n in range(500)))
        assert [int.from_bytes(receive_frame(stream)[:2], "big") for _ in range(500)] == list(range(500))
        for octet in frame(make_query("www.example.", id=9).to_wire()):
            stream.sendall(bytes([octet]))  # a record for each
        assert receive_frame(stream)[:2] == b"\0\x09"
        stream.unwrap()


def test_no_older_version(corefile, identity):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key), clusters=0)
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode and "protocol version" in done.stderr
    assert serves(server, cert)


@pytest.mark.parametrize("offered, chosen", [(["dot"], "dot"), (["h2", "dot"], "dot"), (["h2"], None), ([], None)])
def test_protocol(corefile, identity, offered, chosen):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key), clusters=0)
    context = ssl.create_default_context(cafile=cert)
    if offered:
        context.set_alpn_protocols(offered)
    with connect(server, context) as stream:
        assert stream.selected_alpn_protocol() == chosen
        ask(stream)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_are_resumed(serve, identity, tmp_path, version):
    """By whichever worker, and also after the files were read again."""
    cert, key = identity()
    path, session = tmp_path / "Corefile", tmp_path / "session"
    path.write_text(block(cert, key))
    server = serve("-conf", path, "--workers", "2", listen=(), started="listening on")

    def openssl(*arguments):
        """Says one query, and waits for its reply."""
        with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", version, "-CAfile", cert, *arguments],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
            client.stdin.write(frame(make_query("www.example.").to_wire()))
            client.stdin.flush()
            said, deadline = b"", Deadline()
            while b"\3www\7example\0" not in said:
                deadline.check("openssl has no reply")
                piece = os.read(client.stdout.fileno(), 65536)
                assert piece, said
                said += piece
            client.stdin.close()
            client.wait(PATIENCE_S)
        return said

    assert b"New, TLSv1." in openssl("-sess_out", session)
    for _ in range(8):
        assert b"Reused, TLSv1." in openssl("-sess_in", session)
    os.utime(cert)
    server.log.wait(RELOADED)
    assert b"Reused, TLSv1." in openssl("-sess_in", session)


def test_plain_and_sealed_side_by_side(corefile, identity):  # noqa: F811
    """Where the block has no tls:// key, tls does nothing. There is no UDP at the port of tls://."""
    cert, key = identity()
    server = corefile(block(cert, key, plain=True), clusters=0)
    sealed, plain = server.addresses
    assert serves(server, cert)
    assert server.udp(make_query("www.example."), plain).rcode() == dns.rcode.NOERROR
    assert server.tcp(make_query("www.example."), plain).rcode() == dns.rcode.NOERROR
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(sealed)  # it is free


def test_default_port(tmp_path, identity):
    cert, key = identity()
    path = tmp_path / "Corefile"
    path.write_text(block(cert, key).replace(":0 ", " ") + block(cert, key).replace(":0 ", ":853 "))
    done = harness.run_headns("check", path, env={"SSL_CERT_FILE": str(cert)})
    assert "at port 853 by the block" in done.stderr


def test_it_is_counted(corefile, identity):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key, port=free_port(), beside="prometheus localhost:0"), clusters=0)
    page = server.log.wait(r"http://(127.0.0.1):(\d+) has /metrics")
    assert serves(server, cert)
    with socket.create_connection((page[1], int(page[2])), PATIENCE_S) as web:
        web.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: web.recv(65536), b"")).decode()
    assert f'coredns_dns_requests_total{{server="tls://127.0.0.1:{server.port}",zone=".",view="",proto="tcp",family="1",type="A"}} 1' in text


# --- padding, RFC 8467 ---


@pytest.mark.parametrize("padded", [True, False])
def test_padding(corefile, identity, padded):  # noqa: F811
    cert, key = identity()
    server = corefile(block(cert, key, plain=True, beside="nsid x\n chaos " + "y" * 200 + "\n"), clusters=0)
    options = [dns.edns.GenericOption(12, b"\0" * 20)] if padded else []
    query = make_query("version.bind.", "TXT", options=options)
    query.question[0].rdclass = 3
    with connect(server, trusting(cert)) as stream:
        for wanted in [make_query("www.example.", options=options), query]:
            stream.sendall(frame(wanted.to_wire()))
            reply = receive_frame(stream)
            assert (len(reply) % 468 == 0) == padded
            assert dns.message.from_wire(reply).rcode() == dns.rcode.NOERROR
        stream.sendall(frame(dns.message.make_query("www.example.", "A").to_wire()))
        assert dns.message.from_wire(receive_frame(stream)).edns == -1
    assert len(server.tcp(make_query("www.example.", options=options), server.addresses[1]).to_wire()) < 468


# --- certificates that change ---


class Volume:
    """What a kubelet makes of a Secret: files are links into ..data, which is a link to a folder."""

    def __init__(self, path, identities):
        self.path, self.files = path, [path / "tls.crt", path / "tls.key"]
        for folder, files in identities.items():
            (path / folder).mkdir()
            for source, link in zip(files, self.files):
                shutil.copy(source, path / folder / link.name)
        for link in self.files:
            link.symlink_to(f"..data/{link.name}")

    def lead_to(self, folder):
        (self.path / "..next").symlink_to(folder)
        (self.path / "..next").rename(self.path / "..data")


def test_a_new_certificate(corefile, identity, tmp_path):  # noqa: F811
    """As a Secret's volume changes: the symbolic link ..data leads to another folder. Connections that are there go on."""
    volume = Volume(tmp_path, {"old": identity("old.example"), "new": identity("new.example")})
    volume.lead_to("old")
    server = corefile(block(*volume.files), clusters=0)
    with connect(server, trusting(tmp_path / "old" / "tls.crt"), "old.example") as stays:
        ask(stays)
        volume.lead_to("new")
        server.log.wait(RELOADED)
        assert shown(server) == der(tmp_path / "new" / "tls.crt")
        ask(stays, 2)


WRONG = {
    "no certificate": lambda cert, key: cert.write_text("nothing"),
    "another's key": lambda cert, key: shutil.copy(key.with_name("other.key"), key),
    "gone": lambda cert, key: cert.unlink(),
}


@pytest.mark.parametrize("how", WRONG)
def test_wrong_files_keep_the_old_ones(corefile, identity, how):  # noqa: F811
    cert, key = identity()
    identity("other")
    before = der(cert)
    server = corefile(block(cert, key), clusters=0)
    text = cert.read_text(), key.read_text()
    WRONG[how](cert, key)
    server.log.wait(r"error: .*Corefile:3: tls: .*; what was read before goes on")
    assert shown(server) == before
    for path, said in zip([cert, key], text):
        path.write_text(said)
    server.log.wait(RELOADED)
    assert shown(server) == before


def test_swapped_under_load(corefile, identity, tmp_path):  # noqa: F811
    """Certificates change all the time, and connections come all the time: none is refused, no query lost."""
    cert, key = identity()
    other = identity("other")
    both = tmp_path / "both"
    both.write_text(cert.read_text() + other[0].read_text())
    volume = Volume(tmp_path, {"folder0": (cert, key), "folder1": other})
    volume.lead_to("folder0")
    server = corefile(block(*volume.files), clusters=0)
    context = trusting(both)
    context.check_hostname = False
    stop, done, wrong = threading.Event(), [], []

    def load():
        try:
            with connect(server, context) as kept:
                while not stop.is_set():
                    ask(kept, 7)
                    with connect(server, context) as fresh:
                        ask(fresh, 8)
                    done.append(1)
        except Exception as problem:  # noqa: BLE001: whatever it is
            wrong.append(problem)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 9):
        volume.lead_to(f"folder{number % 2}")
        server.log.wait_count(RELOADED, number)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong and done


def test_a_reload(serve, identity, tmp_path):
    """To other files, and to no TLS at the same port and back."""
    cert, key = identity()
    other = identity("other")
    path, port = tmp_path / "Corefile", free_port()
    path.write_text(block(cert, key, port=port))
    server = serve("-conf", path, listen=(), started="listening on")
    for number, files in enumerate([other, None, (cert, key)], 1):
        path.write_text(block(*files, port=port) if files else f".:{port} {{\n bind 127.0.0.1\n whoami\n}}\n")
        server.signal(signal.SIGHUP)
        server.log.wait_count("Corefile is served as it is now", number)
        if files:
            assert shown(server) == der(files[0])
        else:
            assert server.udp(make_query("www.example.")).rcode() == dns.rcode.NOERROR
            assert server.tcp(make_query("www.example.")).rcode() == dns.rcode.NOERROR


# --- clients' certificates ---

# which client: nobody, one of the authority, one of another. True: it is let in.
AUTH = {
    "nocert": (True, True, True),
    "request": (True, True, True),
    "require": (False, True, True),
    "verify_if_given": (True, True, False),
    "require_and_verify": (False, True, False),
}


@pytest.mark.parametrize("how", AUTH)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients(corefile, identity, how, version):  # noqa: F811
    cert, key = identity()
    known, stranger = identity("known"), identity("stranger")
    server = corefile(block(cert, key, f"client_auth {how}", ca=known[0]), clusters=0)
    for client, let_in in zip([None, known, stranger], AUTH[how]):
        context = trusting(cert, client)
        context.minimum_version = context.maximum_version = version
        try:
            with connect(server, context) as stream:
                ask(stream)
            assert let_in
        except (ssl.SSLError, ConnectionError, EOFError):
            assert not let_in


def test_key_log(corefile, identity, tmp_path):  # noqa: F811
    cert, key = identity()
    log = tmp_path / "keys"
    server = corefile(block(cert, key, f"keylog {log}"), clusters=0)
    assert serves(server, cert)
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


# --- clients that are no good ---


def hello():
    """What a client says first."""
    said = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname=NAME)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return said.read()


HOSTILE = {
    "a query in the clear": lambda: frame(make_query("www.example.").to_wire()),
    "noise": lambda: os.urandom(3000),
    "HTTP": lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a hello": lambda: hello()[:100],
    "a hello, then noise": lambda: hello() + os.urandom(500),
    "a record that never ends": lambda: b"\x16\3\3" + struct.pack("!H", 16384) + b"\1" * 16000,
    "records of nothing": lambda: hello() + b"\x17\3\3\0\0" * 500,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile(corefile, identity, what):  # noqa: F811
    """It is closed, at once or when its time for the first query is over; others are served."""
    cert, key = identity()
    server = corefile(block(cert, key, beside="timeouts {\n read 1s\n }"), clusters=0)
    with server.tcp_socket() as stream:
        with contextlib.suppress(ConnectionError):
            stream.sendall(HOSTILE[what]())
        assert serves(server, cert)
        with contextlib.suppress(ConnectionError):
            while stream.recv(65536):
                pass
    assert serves(server, cert)


def test_who_does_not_shake_hands_makes_room(serve, identity, tmp_path):
    """More connections than there may be, of which most never say anything: those that ask are served."""
    cert, key = identity()
    path = tmp_path / "Corefile"
    path.write_text(block(cert, key, beside="timeouts {\n read 1h\n }"))
    server = serve("-conf", path, "--tcp-connections", "20", listen=(), started="listening on")
    silent = []
    for number in range(60):
        silent.append(server.tcp_socket())
        if number % 2:
            silent[-1].sendall(hello())
        if number % 10 == 0:
            assert serves(server, cert)
    for stream in silent:
        stream.close()


def test_who_does_not_read(corefile, identity):  # noqa: F811
    """Octets pile up for one; others are served."""
    cert, key = identity()
    server = corefile(block(cert, key), clusters=0)
    with connect(server, trusting(cert)) as deaf:
        deaf.setblocking(False)
        with contextlib.suppress(ssl.SSLWantWriteError, BlockingIOError):
            for _ in range(20000):
                deaf.sendall(frame(make_query("www.example.").to_wire()) * 20)
        assert serves(server, cert)


def test_so_many_queries_and_goodbye(corefile, identity):  # noqa: F811
    """The end is told: a FIN alone could be anybody's."""
    cert, key = identity()
    server = corefile(block(cert, key, beside="timeouts {\n maxtcpqueries 2\n }"), clusters=0)
    context = trusting(cert)
    with connect(server, context) as stream:
        stream.sendall(frame(make_query("www.example.").to_wire()) * 5)
        assert receive_frame(stream) and receive_frame(stream)
        assert stream.read(1) == b""  # SSLEOFError without a goodbye
    with connect(server, context) as stream:
        ask(stream)
        server.signal(signal.SIGTERM)
        assert stream.read(1) == b""
    server.wait_end()


# --- what is wrong is said ---


@pytest.mark.parametrize("scheme", ["https", "https3", "grpc", "quic"])
def test_other_schemes(scheme, identity, tmp_path):
    said = refused(block(*identity()).replace("tls://", f"{scheme}://"), folder=tmp_path)
    assert f"headns serves dns:// and tls:// only, not {scheme}://" in said


def test_wrong(identity, tmp_path):
    cert, key = identity()
    other = identity("other")
    broken = tmp_path / "broken"
    broken.write_text("nothing")
    for text, why in [
        ("tls://. {\n whoami\n}", "Corefile:1: tls:// needs a certificate"),
        ("tls://. {\n tls\n}", "Corefile:2: tls: CoreDNS gets certificates by ACME"),
        (block(cert, other[1]), "Corefile:3: tls: key .*mismatch"),
        (block(broken, key), "Corefile:3: tls: certificate .*broken"),
        (block(cert, key, ca=broken), "Corefile:3: tls: certificates of authorities .*broken"),
        (block(cert, tmp_path / "missing"), "Corefile:3: tls: key .*missing: there is no such file"),
        (block(cert, key, "keylog /proc/none/keys"), "Corefile:3: tls: keylog: /proc/none/keys"),
        (block(cert, key, "client_auth perhaps"), "client_auth"),
        (block(cert, key, port=1853) + block(*other, port=1853).replace("//.", "//b"), "is served with other files"),
        (block(cert, key, port=1853) + ".:1853 {\n bind 127.0.0.1\n}\n", "1853"),
        (block(cert, key, port=1853) + "b:1853 {\n bind 127.0.0.1\n}\n", "is served over TLS already"),
    ]:
        assert re.search(why, refused(text, folder=tmp_path)), text
