"""headns run: what is sent to a Service's ClusterIP reaches an endpoint, as kube-proxy would have it. Each test as in test_run.py."""

import ast
import shutil
import subprocess

import pytest

import harness
from harness import pod, service, slice_of, write_manifest

LABELS = {"app": "web"}
ENDPOINTS = ["10.7.0.1", "10.7.0.2", "10.7.0.3"]
CLIENT = "10.7.0.9"
IP = "10.0.0.80"


def web(**spec):
    return service("web", selector=LABELS, headless=False, cluster_ip=IP, **spec)


def endpoints(**options):
    return [pod(f"web-{n}", ip, labels=LABELS, **options) for n, ip in enumerate(ENDPOINTS)]


@pytest.fixture
def act(place, stage):
    """act(program, object…) runs a program with all of actors.py as the pod `client`, and returns the value that it tells."""
    shutil.copy(harness.ROOT / "tests" / "blackbox" / "actors.py", stage)

    def run(program, *objects, options=("--pod", "client"), **more):
        manifest = write_manifest(stage / f"services-{place.user}.yaml", *objects, pod("client", CLIENT))
        said = place.output("/usr/bin/python3", "-c", "from actors import *\n" + program, manifest=manifest, options=options, **more)
        return ast.literal_eval(said.splitlines()[-1])

    return run


def test_a_page_by_the_services_name(place, need, stage):
    """From one pod to a server on another's address: as root and as an ordinary user, with no address given to curl."""
    need("curl")
    site = stage / f"page-{place.user}"
    site.mkdir()
    (site / "index.html").write_text("hello\n")
    manifest = write_manifest(stage / f"page-{place.user}.yaml", web(), *endpoints(), pod("client", CLIENT))
    program = f"""cd {site}; /usr/bin/python3 -m http.server --bind {ENDPOINTS[1]} 80 >{place.temporary}/log 2>&1 &
exec curl -sS --retry 60 --retry-connrefused --retry-delay 1 http://web/"""
    assert place.output("sh", "-c", program, manifest=manifest, options=["--pod", "client"]) == "hello\n"
    assert (place.temporary / "log").read_text().splitlines()[-1].startswith(CLIENT + " ")


def test_an_endpoint_that_refuses_is_passed_over(act):
    program = f"serve('three', {ENDPOINTS[2]!r}); tell({{tuple(ask({IP!r})) for _ in range(20)}})"
    assert act(program, web(), *endpoints()) == {("three", CLIENT, "5")}


@pytest.mark.parametrize("count", [2, 3])
def test_all_endpoints_get_some(act, count):
    """Each of 64 connections is led by chance: that one of three gets none of them happens once in 10^11."""
    program = f"""for name, address in zip("abc", {ENDPOINTS[:count]}): serve(name, address)
tell({{ask({IP!r})[0] for _ in range(64)}})"""
    assert act(program, web(), *endpoints()[:count]) == set("abc"[:count])


REFUSED = {
    "nobody listens": (endpoints(), IP, 80),
    "no endpoint": ([], IP, 80),
    "no endpoint is ready": (endpoints(ready=False), IP, 80),
    "a port that the Service has not got": (endpoints(), IP, 8080),
}


@pytest.mark.parametrize("pods, address, port", [pytest.param(*case, id=what) for what, case in REFUSED.items()])
@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_refused(act, pods, address, port, protocol):
    """At once, and also where somebody listens at all addresses but at another port."""
    ports = [{"name": "web", "port": 80, "targetPort": 81, "protocol": protocol}]
    ask = "ask" if protocol == "TCP" else "ask_udp"
    program = f"serve('all', '0.0.0.0', {port}); serve_udp('all', '0.0.0.0', {port}); tell(({ask}({address!r}, {port})))"
    assert act(program, {**web(), "spec": {**web()["spec"], "ports": ports}}, *pods) == "ECONNREFUSED"


def test_a_server_that_is_started_later(act):
    program = f"""first = ask({IP!r})
serve('late', {ENDPOINTS[0]!r})
tell([first, ask({IP!r})[0]])"""
    assert act(program, web(), *endpoints()) == ["ECONNREFUSED", "late"]


def test_a_server_that_ends(act):
    program = f"""stop = serve('a', {ENDPOINTS[0]!r}); serve('b', {ENDPOINTS[1]!r})
first = wait_for(lambda: ask({IP!r})[0], lambda name: name == 'a')
stop()
tell([first, {{ask({IP!r})[0] for _ in range(20)}}])"""
    assert act(program, web(), *endpoints()) == ["a", {"b"}]


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_programs_may_bind_every_port(act, address):
    """The relay's own sockets are in nobody's way: also the Service's port can be bound at all addresses, with no option set."""
    program = f"serve('all', {address!r}, 80); tell(ask({IP!r})[0])"
    assert act(program, web(), *endpoints()) == "all"


def test_who_binds_the_services_own_address_has_it(act):
    program = f"serve('pod', {ENDPOINTS[0]!r}); serve('own', {IP!r}); tell({{ask({IP!r})[0] for _ in range(20)}})"
    assert act(program, web(), *endpoints()) == {"own"}


def test_target_ports(act):
    """By name and by number, each protocol for itself."""
    ports = [
        {"name": "named", "port": 80, "targetPort": "web"},
        {"name": "number", "port": 81, "targetPort": 8081},
        {"name": "dns", "port": 81, "targetPort": 5353, "protocol": "UDP"},
    ]
    program = f"""serve('named', {ENDPOINTS[0]!r}, 80); serve('number', {ENDPOINTS[0]!r}, 8081); serve_udp('dns', {ENDPOINTS[0]!r}, 5353)
tell([ask({IP!r}, 80)[0], ask({IP!r}, 81)[0], ask_udp({IP!r}, 81)])"""
    objects = [{**web(), "spec": {**web()["spec"], "ports": ports}}, *endpoints()]
    assert act(program, *objects) == ["named", "number", ["dns", CLIENT, "5"]]


def test_datagrams_of_one_socket_go_to_one_endpoint(act):
    """Also where many are sent before the first is answered; each answer comes from the Service's address."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}]
    program = f"""for name, address in zip("abc", {ENDPOINTS}): serve_udp(name, address)
def burst():
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(({IP!r}, 53))
    for _ in range(8): client.send(b'x')
    return {{client.recv(99).split()[0].decode() for _ in range(8)}}
found = [burst() for _ in range(40)]
tell([max(map(len, found)), set().union(*found)])"""
    assert act(program, {**web(), "spec": {**web()["spec"], "ports": ports}}, *endpoints()) == [1, {"a", "b", "c"}]


def test_session_affinity(act):
    """A client stays with its endpoint, others have theirs; when it refuses, the client goes to another, and stays there."""
    clients = [f"10.7.1.{n}" for n in range(1, 30)]
    program = f"""stops = {{name: serve(name, address) for name, address in zip("abc", {ENDPOINTS})}}
mine = {{client: {{ask({IP!r}, bind=client)[0] for _ in range(9)}} for client in {clients}}}
gone = mine[{clients[0]!r}].copy().pop()
stops[gone]()
moved = {{ask({IP!r}, bind={clients[0]!r})[0] for _ in range(9)}}
tell([max(len(m) for m in mine.values()), len(set().union(*mine.values())), len(moved), gone in moved])"""
    others = [pod(f"c-{n}", ip) for n, ip in enumerate(clients)]
    assert act(program, web(sessionAffinity="ClientIP"), *endpoints(), *others) == [1, 3, 1, False]


def test_much_at_once_both_ways(act):
    """A client that sends much while it reads slowly: nothing is lost, and the end of one direction does not end the other."""
    program = f"""def echo():
    listener = socket.create_server(({ENDPOINTS[0]!r}, 80))
    connection, _ = listener.accept()
    total = 0
    while data := connection.recv(65536):
        total += len(data)
    connection.sendall(b'y' * 8_000_000)
    connection.sendall(str(total).encode())
    connection.close()
threading.Thread(target=echo, daemon=True).start()
wait_for(lambda: probe({ENDPOINTS[0]!r}, 80), bool)
got = ask({IP!r}, data=b'x' * 8_000_000)[0]
tell([got.count('y'), got.lstrip('y')])"""
    probe = """def probe(address, port):
    return any(line.split()[1].endswith(':%04X' % port) and line.split()[3] == '0A' for line in open('/proc/net/tcp').readlines()[1:])
"""
    assert act(probe + program, web(), *endpoints()) == [8_000_000, "8000000"]


def test_many_connections_at_once(act):
    program = f"""for name, address in zip("abc", {ENDPOINTS}): serve(name, address)
open_ones = [socket.create_connection(({IP!r}, 80)) for _ in range(300)]
for one in open_ones: one.sendall(b'hello'); one.shutdown(socket.SHUT_WR)
tell({{b''.join(iter(lambda: one.recv(99), b'')).split()[2] for one in open_ones}})"""
    assert act(program, web(), *endpoints()) == {b"5"}


def test_ipv6(act):
    both = [pod(f"web-{n}", ip, labels=LABELS) for n, ip in enumerate(ENDPOINTS)]
    for n, one in enumerate(both):
        one["status"]["podIPs"].append({"ip": f"fd00:7::{n + 1}"})
    dual = web(clusterIPs=[IP, "fd00:10::80"], ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")
    client = pod("client-6", "10.7.0.8")
    client["status"]["podIPs"].append({"ip": "fd00:7::8"})
    program = """serve('six', 'fd00:7::2'); serve_udp('udp', 'fd00:7::3', 80)
tell([ask('fd00:10::80'), ask('fd00:10::80', 81)])"""
    assert act(program, dual, *both, client, options=["--pod", "client-6"]) == [["six", "fd00:7::8", "5"], "ECONNREFUSED"]


def test_without_a_pod(act):
    """Who is no pod of the input has an address of the pods' range."""
    program = f"serve('a', {ENDPOINTS[0]!r}); tell(ask({IP!r}))"
    assert act(program, web(), *endpoints(), options=()) == ["a", "10.244.255.254", "5"]


def test_endpoints_that_are_no_pods(act):
    """A Service without a selector: the addresses of its slice can be bound, and are reached."""
    outside = service("web", headless=False, cluster_ip=IP)
    program = f"serve('database', '192.168.7.5', 5432); tell(ask({IP!r}))"
    assert act(program, outside, slice_of("web", ["192.168.7.5"], ports=[("web", 5432)])) == ["database", CLIENT, "5"]


def test_the_dns_service_stays_ours(act):
    """Its address is headns itself, whatever endpoints it has."""
    dns = service("kube-dns", "kube-system", selector={"k8s-app": "kube-dns"}, headless=False, cluster_ip="10.0.0.10")
    program = "serve_udp('not me', '10.7.0.53', 53); tell((socket.gethostbyname('kube-dns.kube-system')))"
    assert act(program, dns, pod("coredns", "10.7.0.53", "kube-system", labels={"k8s-app": "kube-dns"})) == "10.0.0.10"


def test_many_services(act):
    services = [service(f"s{n}", selector=LABELS, headless=False, cluster_ip=f"10.1.{n // 250}.{n % 250 + 1}", ports=[("web", 1000 + n)]) for n in range(1000)]
    for one in services:
        one["spec"]["ports"][0]["targetPort"] = 80
    program = f"serve('a', {ENDPOINTS[0]!r}); tell({{ask(f'10.1.{{n // 250}}.{{n % 250 + 1}}', 1000 + n)[0] for n in range(0, 1000, 50)}})"
    assert act(program, *services, *endpoints()) == {"a"}


def test_services_follow_edits(place, stage):
    """One appears, changes its port, loses its endpoints, and goes."""
    shutil.copy(harness.ROOT / "tests" / "blackbox" / "actors.py", stage)
    manifest = stage / f"edits-{place.user}.yaml"

    def write(*objects):
        write_manifest(manifest.with_suffix(".next"), *objects, *endpoints()).rename(manifest)

    program = f"""from actors import *
serve('a', {ENDPOINTS[0]!r})
steps = [(80, lambda a: a[0] == 'a'), (81, lambda a: a[0] == 'a'), (81, lambda a: a == 'ECONNREFUSED'), (81, lambda a: a == 'ENETUNREACH')]
say('ready')
for port, good in steps:
    wait_for(lambda: ask({IP!r}, port), good)
    say('done')"""
    write()
    process = place.start(manifest, "--", "/usr/bin/python3", "-c", program)
    assert process.stdout.readline() == "ready\n"
    moved = {**web(), "spec": {**web()["spec"], "ports": [{"name": "web", "port": 81, "targetPort": 80}]}}
    for objects in ([web()], [moved], [{**moved, "spec": {**moved["spec"], "selector": {"app": "other"}}}], []):
        write(*objects)
        assert process.stdout.readline() == "done\n"
    _, err = process.communicate(timeout=harness.PATIENCE_S)
    harness.check_sanitizer(err)
    assert process.returncode == 0, err


# Denies a program one family of sockets, as a kernel without nf_tables would; seccomp(2), with the call's number on this machine.
DENY = """
import ctypes, os, platform, struct, sys
number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
code = [(0x20, 0, 0, 0), (0x15, 0, 5, number), (0x20, 0, 0, 16), (0x15, 0, 3, 16), (0x20, 0, 0, 32), (0x15, 0, 1, 12), (6, 0, 0, 0x50000 | 93), (6, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters))
prctl = ctypes.CDLL(None).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, ctypes.create_string_buffer(program), 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(bool(harness.WRAP), reason="the wrapper would be denied what it needs")
def test_where_the_kernel_has_no_nf_tables(place, stage):
    """A line, and names are served all the same; a Service's address is then not there at all."""
    manifest = write_manifest(stage / f"without-{place.user}.yaml", web(), *endpoints())
    command = place.command(manifest, "--", "sh", "-c", f"getent hosts web; exec python3 -c 'import socket; socket.create_connection((\"{IP}\", 80))'")
    done = subprocess.run(["/usr/bin/python3", "-c", DENY, *command], capture_output=True, text=True, env=harness.environment(), cwd=stage, timeout=harness.PATIENCE_S)
    assert done.stdout.split()[:1] == [IP], done.stderr
    assert "cannot be connected to" in done.stderr.splitlines()[0] and "Network is unreachable" in done.stderr
    headless = write_manifest(stage / f"headless-{place.user}.yaml", service("web", selector=LABELS), *endpoints())
    quiet = subprocess.run(["/usr/bin/python3", "-c", DENY, *place.command(headless, "--", "true")], capture_output=True, text=True, env=harness.environment(), cwd=stage)
    assert (quiet.returncode, quiet.stderr) == (0, "")  # where nobody could want to


def test_only_what_goes_to_services_is_tracked(act):
    """The kernel's table of connections is bounded: look-ups and connections between pods must not fill it."""
    program = f"""def tracked():
    try:
        return int(open('/proc/sys/net/netfilter/nf_conntrack_count').read())
    except OSError:
        return None  # older kernels don't tell ordinary users
serve('a', {ENDPOINTS[0]!r}); serve('b', {ENDPOINTS[1]!r}, 81)
for _ in range(50): socket.gethostbyname('web'), ask({ENDPOINTS[1]!r}, 81), ask({ENDPOINTS[0]!r})
before = tracked()
ask({IP!r})
tell([before, tracked()])"""
    before, after = act(program, web(), *endpoints())
    assert before in (0, None) and after in (1, None)
