"""UDP and TCP as carriers: which address answers, pipelining (RFC 7766), limits, workers, rotation."""

import collections
import resource
import socket

import dns.message
import dns.rcode
import pytest

import harness

NAME = "web-0.nginx.default.svc.cluster.local."
OBSERVED = harness.ZONES / "nginx-observed.yaml"


def wire(number, name=NAME, rdtype="A"):
    return harness.make_query(name, rdtype, id=number).to_wire()


def ids_of(frames):
    return sorted(int.from_bytes(f[:2], "big") for f in frames)


# --- addresses ---


def test_every_listen_address_answers(serve):
    server = serve(OBSERVED, listen=["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"])
    assert [host for host, _ in server.addresses] == ["127.0.0.1", "127.0.0.2", "::1"]
    for address in server.addresses:
        query = harness.make_query(NAME)
        assert harness.answer_set(server.udp(query, address), "A") == {"10.244.1.7"}
        assert harness.answer_set(server.tcp(query, address), "A") == {"10.244.1.7"}


@pytest.mark.parametrize("word, hosts", [(":0", ["0.0.0.0", "::"]), ("*:0", ["0.0.0.0", "::"]), ("localhost:0", ["127.0.0.1", "::1"])])
def test_words_that_stand_for_addresses(serve, word, hosts):
    server = serve(OBSERVED, listen=[word])
    assert [host for host, _ in server.addresses] == hosts
    for (_, port), host in zip(server.addresses, ["127.0.0.1", "::1"]):
        assert harness.answer_set(server.udp(harness.make_query(NAME), (host, port)), "A") == {"10.244.1.7"}


def test_default_addresses(serve):
    """Without --listen: 127.0.0.1:1053 and [::1]:1053; --help says so, since another headns may hold them now."""
    text = harness.run_headns("serve", "--help").stdout
    assert "127.0.0.1:1053" in text and "[::1]:1053" in text


@pytest.mark.parametrize("wildcard, asked", [("0.0.0.0:0", ["127.0.0.1", "127.0.0.2", "127.1.2.3"]), ("[::]:0", ["::1"])])
def test_replies_come_from_the_address_asked(serve, wildcard, asked):
    """A connected socket takes replies from no other address."""
    server = serve(OBSERVED, listen=[wildcard])
    for host in asked:
        with server.udp_socket((host, server.port)) as s:
            s.send(wire(7))
            assert s.recv(4096)[:2] == b"\0\7"


def test_ipv6_wildcard_leaves_ipv4_to_others(serve):
    """[::] takes IPv6 alone, so that 0.0.0.0 on the same port is another socket's."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("0.0.0.0", 0))
        port = tcp.getsockname()[1]
        udp.bind(("0.0.0.0", port))
    serve(OBSERVED, listen=[f"[::]:{port}"])
    serve(OBSERVED, listen=[f"0.0.0.0:{port}"])


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_all_answer(serve, workers):
    """Each socket has one source port, which the kernel maps to a worker: with 64 of them every worker is met."""
    server = serve("--workers", workers, OBSERVED)
    sockets = [server.udp_socket() for _ in range(64)]
    for number, s in enumerate(sockets):
        s.send(wire(number))
    for number, s in enumerate(sockets):
        assert int.from_bytes(s.recv(4096)[:2], "big") == number
        s.close()
    streams = [server.tcp_socket() for _ in range(32)]
    for number, s in enumerate(streams):
        s.sendall(harness.frame(wire(number)))
    for number, s in enumerate(streams):
        assert int.from_bytes(harness.receive_frame(s)[:2], "big") == number
        s.close()


def test_a_burst_is_answered_whole(observed):
    with observed.udp_socket() as s:
        for number in range(100):
            s.send(wire(number))
        assert sorted(int.from_bytes(s.recv(4096)[:2], "big") for _ in range(100)) == list(range(100))


# --- TCP ---


def test_pipelining(observed):
    with observed.tcp_socket() as s:
        s.sendall(b"".join(harness.frame(wire(n)) for n in range(500)))
        assert ids_of(harness.receive_frame(s) for _ in range(500)) == list(range(500))


def test_pipelining_with_a_reader_that_waits(observed):
    """Replies beyond what the sockets hold must wait for the reader, not be lost, and not stop others."""
    question = "_web._tcp.nginx.default.svc.cluster.local."
    count = 20000
    octets = b"".join(harness.frame(wire(n, question, "SRV")) for n in range(count))  # takes longer than a connection may be idle
    with observed.tcp_socket() as s:
        s.setblocking(False)
        sent = 0
        while sent < len(octets):
            try:
                sent += s.send(octets[sent:])
            except BlockingIOError:
                break  # its buffers and ours are full: it has stopped reading us
        s.settimeout(harness.PATIENCE_S)
        assert harness.answer_set(observed.ask(NAME), "A") == {"10.244.1.7"}
        whole = [i for i in range(count) if (i + 1) * len(octets) // count <= sent]
        assert ids_of(harness.receive_frame(s) for _ in whole) == whole


def test_a_frame_octet_by_octet(observed):
    with observed.tcp_socket() as s:
        for octet in harness.frame(wire(9)):
            s.sendall(bytes([octet]))
        assert harness.receive_frame(s)[:2] == b"\0\x09"


@pytest.mark.parametrize("cut", [1, 2, 3, 20])
def test_split_frames(observed, cut):
    """The first part holds a whole message and some of the next: the whole one is answered before the rest comes."""
    second = harness.frame(wire(2))
    with observed.tcp_socket() as s:
        s.sendall(harness.frame(wire(1)) + second[:cut])
        assert harness.receive_frame(s)[:2] == b"\0\1"
        s.sendall(second[cut:])
        assert harness.receive_frame(s)[:2] == b"\0\2"


def test_half_close_still_gets_replies(observed):
    with observed.tcp_socket() as s:
        s.sendall(b"".join(harness.frame(wire(n)) for n in range(50)))
        s.shutdown(socket.SHUT_WR)
        assert ids_of(harness.receive_frame(s) for _ in range(50)) == list(range(50))
        assert s.recv(1) == b""


@pytest.mark.parametrize("octets", [b"\0\0", b"\0\5hello"], ids=["no message", "less than a header"])
def test_frames_that_hold_no_message(observed, octets):
    """No reply is due; the connection either goes on or is closed, and others go on."""
    with observed.tcp_socket() as s:
        s.sendall(octets + harness.frame(wire(3)))
        try:
            assert harness.receive_frame(s)[:2] == b"\0\3"
        except (EOFError, ConnectionResetError):
            pass
    assert observed.ask(NAME).rcode() == dns.rcode.NOERROR


def test_largest_message(observed):
    """65,535 octets of it are read, although it is no good query."""
    octets = wire(4) + b"\0" * (65535 - len(wire(4)))
    with observed.tcp_socket() as s:
        s.sendall(harness.frame(octets) + harness.frame(wire(5)))
        first = harness.receive_frame(s)
        assert (first[:2], first[3] & 15) == (b"\0\4", dns.rcode.FORMERR)
        assert harness.receive_frame(s)[:2] == b"\0\5"


def test_idle_connections_end(serve):
    """RFC 7766 6.2.3: the server closes what stays idle, silent or after queries, also within a frame."""
    server = serve("--tcp-idle", "1", OBSERVED)
    streams = [server.tcp_socket() for _ in range(3)]
    streams[1].sendall(harness.frame(wire(1)))
    harness.receive_frame(streams[1])
    streams[2].sendall(harness.frame(wire(2))[:5])
    for s in streams:
        assert s.recv(1) == b""
        s.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_longest_idle_connection_makes_room(serve, workers):
    """RFC 7766 6.2.3, when there are as many connections as may be: new ones are still served."""
    server = serve("--workers", workers, "--tcp-connections", "20", "--tcp-idle", "3600", OBSERVED)
    streams = []
    for number in range(60):
        s = server.tcp_socket()
        s.sendall(harness.frame(wire(number)))
        assert int.from_bytes(harness.receive_frame(s)[:2], "big") == number
        streams.append(s)
    for s in streams[:20]:
        assert s.recv(1) == b""
    for s in streams:
        s.close()


def test_a_busy_connection_is_not_the_longest_idle(serve):
    server = serve("--workers", "1", "--tcp-connections", "2", "--tcp-idle", "3600", OBSERVED)
    streams = [server.tcp_socket() for _ in range(2)]
    for s in (streams[1], streams[0]):
        s.sendall(harness.frame(wire(1)))
        harness.receive_frame(s)
    with server.tcp_socket() as late:
        late.sendall(harness.frame(wire(2)))
        assert harness.receive_frame(late)[:2] == b"\0\2"
        assert streams[1].recv(1) == b""
        streams[0].sendall(harness.frame(wire(3)))
        assert harness.receive_frame(streams[0])[:2] == b"\0\3"
    for s in streams:
        s.close()


def test_a_thousand_connections(serve):
    """More than the usual soft limit of open files, which the server must raise for itself."""
    server = serve(OBSERVED)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        streams = [server.tcp_socket() for _ in range(1024)]
        for number, s in enumerate(streams):
            s.sendall(harness.frame(wire(number)))
        for number, s in enumerate(streams):
            assert int.from_bytes(harness.receive_frame(s)[:2], "big") == number
            s.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_that_are_reset(observed):
    for number in range(100):
        s = observed.tcp_socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close sends RST
        s.sendall(harness.frame(wire(number)))
        s.close()
    assert observed.ask(NAME).rcode() == dns.rcode.NOERROR


# --- rotation ---


def orders_of(server, name, count):
    """The order of addresses in each of many replies."""
    query = harness.make_query(name)
    with server.udp_socket() as s:
        for _ in range(count):
            s.send(query.to_wire())
            response = dns.message.from_wire(s.recv(4096), one_rr_per_rrset=True)
            yield tuple(rrset[0].address for rrset in response.answer)


def test_address_sets_rotate(observed):
    """Each address comes first in a fair share of replies, and every reply has the whole set once."""
    orders = list(orders_of(observed, "nginx.default.svc", 100))
    assert len({frozenset(order) for order in orders}) == 1 and {len(order) for order in orders} == {5}
    first = collections.Counter(order[0] for order in orders)
    assert len(first) == 5 and min(first.values()) >= 10


def test_no_rotate(serve):
    server = serve("--no-rotate", "--workers", "2", OBSERVED)
    assert len(set(orders_of(server, "nginx.default.svc", 20))) == 1
