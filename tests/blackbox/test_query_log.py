"""`log`: a line for each query of its block on standard output, in the formats of CoreDNS 1.15, whose own lines these are where nothing else is said."""

import json
import re
import signal
import subprocess

import dns.flags
import pytest

import harness
from harness import make_query, run_headns
from test_corefile import WEB0, refused
from test_corefile import block as cluster_block

RCODES = {"n": "NXDOMAIN", "s": "NOERROR", "t": "NOERROR", "e": "REFUSED"}
NUMBER = r"[0-9]+"
SECONDS = r"[0-9]+(\.[0-9]+)?(e-[0-9]+)?s"  # however long it took


@pytest.fixture
def logging(serve, tmp_path):
    """logging(COREFILE, ARGUMENT…): its lines are server.out's."""

    def start(text, *arguments, started="listening"):
        path = tmp_path / "Corefile"
        path.write_text(text)
        return serve("-conf", path, *arguments, listen=(), started=started, stdout=subprocess.PIPE)

    return start


def block(more, zone="."):
    return f"{zone}:0 {{\n bind 127.0.0.1\n {more}\n}}\n"


def lines_of(server):
    server.stop()
    return server.out.lines


def test_common(logging):
    server = logging(block("log\n whoami"))
    server.udp(make_query("Foo.BAR.", payload=None, id=17))
    server.udp(make_query("a.b.", "AAAA", payload=1232, ednsflags=dns.flags.DO))
    server.tcp(make_query("a\\032b\\.c.", "TYPE65534"))
    first, second, third = lines_of(server)
    assert re.fullmatch(rf'\[INFO\] 127\.0\.0\.1:{NUMBER} - 17 "A IN foo\.bar\. udp 25 false 512" NOERROR qr,aa,rd 79 {SECONDS}', first)
    assert re.fullmatch(rf'\[INFO\] 127\.0\.0\.1:{NUMBER} - {NUMBER} "AAAA IN a\.b\. udp 32 true 1232" NOERROR qr,aa,rd 67 {SECONDS}', second)
    assert re.fullmatch(rf'\[INFO\] 127\.0\.0\.1:{NUMBER} - {NUMBER} "TYPE65534 IN a\\ b\\\.c\. tcp 34 false 65535" NOERROR qr,aa,rd {NUMBER} {SECONDS}', third)


def test_ipv6_and_other_formats(logging):
    server = logging("""one.example:0 {
 bind ::1
 log one.example two.example {combined}
 log three.example
 whoami
}
""")
    server.udp(make_query("x.one.example.", id=1))
    server.udp(make_query("one.example.", id=2))
    first, second = lines_of(server)
    assert re.fullmatch(rf'\[INFO\] \[::1\]:{NUMBER} - 1 "A IN x\.one\.example\. udp 42 false 4096" NOERROR qr,aa,rd \d+ {SECONDS} "0"', first)
    assert " - 2 " in second


def test_a_format_of_ones_own(logging):
    server = logging(block('log . "q={name} {{type} } {/a/b} {nope} {local} {>id} {"\n whoami'))
    server.udp(make_query("q.y.example.", id=45247))
    assert lines_of(server) == ["[INFO] q=q.y.example. {A } - {nope} 127.0.0.1 45247 {"]


@pytest.mark.parametrize("said, logged", [("denial", "nt"), ("error", "e"), ("success", "s"), ("denial error", "nte"), ("all", "nste"), ("all error", "nste")])
def test_classes(logging, api, said, logged):
    names = {"n": "web-9.nginx.default.svc", "s": WEB0, "t": WEB0, "e": "elsewhere."}
    server = logging(cluster_block(api, bind=f'bind 127.0.0.1\n log . "{{name}} {{type}} {{rcode}}" {{\n class {said}\n }}'))
    server.log.wait("serving")
    for kind, name in names.items():
        server.ask(name, "MX" if kind == "t" else "A")
    wanted = {kind: f"[INFO] {harness.full_name(name)} {'MX' if kind == 't' else 'A'} {RCODES[kind]}" for kind, name in names.items()}
    assert lines_of(server) == [wanted[kind] for kind in names if kind in logged]


def test_blocks_without_it_are_silent(logging):
    text = block("log\n whoami", zone="a.example") + block("whoami", zone="b.example")
    server = logging(text)
    for name in ("x.a.example.", "x.b.example.", "elsewhere."):
        for host, port in server.addresses:
            server.udp(make_query(name), address=(host, port))
    assert all('"A IN x.a.example.' in line for line in lines_of(server)) and server.out.lines


def test_log_queries(serve):
    server = serve("--log-queries", harness.ZONES / "nginx-observed.yaml", stdout=subprocess.PIPE)
    server.ask("web-0.nginx.default.svc.cluster.local.")
    server.ask("web-9.nginx.default.svc.cluster.local.", "AAAA")
    first, second = lines_of(server)
    assert '"A IN web-0.nginx.default.svc.cluster.local. udp ' in first and " NOERROR qr,aa,rd " in first
    assert '"AAAA IN web-9.nginx.default.svc.cluster.local. udp ' in second and " NXDOMAIN qr,aa,rd " in second


def test_json(serve):
    server = serve("--log-queries", "--log-format", "json", harness.ZONES / "nginx-observed.yaml", stdout=subprocess.PIPE, prefix='"msg":"')
    server.ask("web-9.nginx.default.svc.cluster.local.", "AAAA")
    (text,) = lines_of(server)
    line = json.loads(text)
    assert (line["level"], line["plugin"], line["client_ip"]) == ("INFO", "log", "127.0.0.1")
    assert (line["qname"], line["qtype"], line["qclass"]) == ("web-9.nginx.default.svc.cluster.local.", "AAAA", "IN")
    assert (line["protocol"], line["opcode"], line["dnssec_ok"], line["bufsize"], line["rcode"]) == ("udp", 0, False, 4096, "NXDOMAIN")
    assert line["duration_seconds"] > 0 and line["response_size"] > line["request_size"] and "reason" in line
    assert re.fullmatch(rf'127\.0\.0\.1:\d+ - \d+ "AAAA IN web-9.* NXDOMAIN qr,aa,rd \d+ {SECONDS}', line["msg"])
    for own in server.log.lines:
        assert set(json.loads(own)) == {"time", "level", "msg"}


def test_other_configurations(logging, tmp_path):
    server = logging(block("whoami"))
    for number, said in enumerate(["log", "log . {name}", "log . x{name}x", ""], 1):
        server.udp(make_query(f"{number}.example."))
        write(tmp_path, block(f"{said}\n whoami"))
        server.signal(signal.SIGHUP)
        server.log.wait_count("is served as it is now", number)
    server.udp(make_query("5.example."))
    first, *others = lines_of(server)
    assert '"A IN 2.example. udp ' in first and others == ["[INFO] 3.example.", "[INFO] x4.example.x"]


def test_a_reader_that_stalls_costs_lines_and_no_answers(logging):
    server = logging(block("log\n whoami"))
    server.out.reading.clear()
    query = make_query("a-name-that-takes-room-in-a-pipe.example.").to_wire()
    with server.udp_socket() as s:
        while not server.log.count("log: lines of queries lost"):
            for _ in range(100):
                s.send(query)
            for _ in range(100):
                s.recv(4096)
    server.out.reading.set()
    assert lines_of(server)


def test_check_knows_it(tmp_path):
    assert run_headns("check", "-conf", write(tmp_path, '. {\n log a b "{name}" {\n class denial\n }\n log\n whoami\n}\n')).returncode == 0
    assert "Corefile:2: log:" in refused(". {\n log a..b\n whoami\n}\n", folder=tmp_path)


def write(folder, text):
    path = folder / "Corefile"
    path.write_text(text)
    return path
