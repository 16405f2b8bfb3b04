"""While the API server or etcd is killed and comes back, every query is answered as before; then changes are followed again."""

import time

import pytest

import harness
from harness import pod, service, slice_of, until
from load import Load
from zone import reverse

AWAY_S = 3  # long enough for several tries to reach the server, and for all connections to be found dead


def web(namespace, number, address):
    return pod(f"web-{number}", address, namespace, labels={"app": "nginx"}, hostname=f"web-{number}", subdomain="nginx")


@pytest.fixture
def nginx(api, kubelet, namespace, network):
    """The answers of a headless Service of three pods, which there is then."""
    api.create(service("nginx", namespace, selector={"app": "nginx"}))
    answers = {(f"absent.{namespace}.svc", "A"): "NXDOMAIN", (f"nginx.{namespace}.svc", "A"): set()}
    for number in range(3):
        address = f"{network}.{number}"
        kubelet.start(web(namespace, number, address))
        answers[f"nginx.{namespace}.svc", "A"].add(address)
        answers[f"web-{number}.nginx.{namespace}.svc", "A"] = {address}
        answers[reverse(address), "PTR"] = {f"web-{number}.nginx.{namespace}.svc.cluster.local."}
    return answers


def add_late(api, kubelet, namespace, address, mode):
    """A Service and its endpoint, without the help of the controllers, who take up to a minute to come back."""
    if mode == "slices":
        api.create(service("late", namespace))
        api.create(slice_of("late", [address], namespace))
    else:
        api.create(service("late", namespace, selector={"app": "late"}))
        kubelet.start(pod("late", address, namespace, labels={"app": "late"}))


@pytest.fixture
def late(network):
    """The address of what comes after an outage."""
    return f"{network}.99"


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("mode", ["pods", "slices"])
@pytest.mark.parametrize("victims", [("api_server",), ("etcd",), ("api_server", "etcd")], ids=" and ".join)
def test_an_outage_is_not_seen_by_queries(plane, serve, kubelet, namespace, nginx, late, mode, victims):
    server = serve(mode)
    for (name, rdtype), wanted in nginx.items():
        until(server, name, wanted, rdtype)
    daemons = [getattr(plane, victim) for victim in victims]
    with Load(server, nginx) as load:
        for daemon in daemons:
            daemon.kill()
        time.sleep(AWAY_S)
        for daemon in reversed(daemons):  # etcd first
            daemon.start()
        plane.wait_ready()
        ready = time.monotonic()
        add_late(plane.admin, kubelet, namespace, late, mode)
        changed = time.monotonic()
        until(server, f"late.{namespace}.svc", {late})
        served = time.monotonic()
        for (name, rdtype), wanted in nginx.items():
            until(server, name, wanted, rdtype)
    print(
        f"\n{mode}, {' and '.join(victims)}: changes acknowledged {changed - ready:.2f} s after the API server was ready, served "
        f"{served - ready:.2f} s after it was; {load.asked} queries, slowest answer {load.slowest_s * 1000:.1f} ms"
    )
    assert load.wrong == []
    assert load.lost == 0
    assert load.asked > 100


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("mode", ["pods", "slices"])
def test_a_restart_in_an_outage_serves_the_snapshot(plane, serve, kubelet, namespace, nginx, late, mode, tmp_path):
    keeping = ("--set", f"kubernetes.snapshot={tmp_path}/snapshot")
    server = serve(mode, *keeping)
    for (name, rdtype), wanted in nginx.items():
        until(server, name, wanted, rdtype)
    server.stop()
    options = plane.headns_options(mode)  # a token, which there is none to be had of soon
    plane.api_server.kill()
    server = harness.Server(*options, *keeping, started="listening on")
    with Load(server, nginx) as load:
        time.sleep(AWAY_S)
        plane.api_server.start()
        plane.wait_ready()
        add_late(plane.admin, kubelet, namespace, late, mode)
        until(server, f"late.{namespace}.svc", {late})
    server.stop()
    assert load.wrong == []
    assert load.lost == 0
