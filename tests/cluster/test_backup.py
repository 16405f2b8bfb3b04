"""The API server's store goes back to an older snapshot, or does not: what is served follows, and nothing is listed without need."""

import shutil
import time

import pytest
from controlplane import STATE
from harness import service, until
from load import Load
from test_outage import add_late, late, nginx  # noqa: F401 (fixtures)


def count(server, text):
    """Lines of the log with it, so far."""
    return sum(text in line for line in server.log.lines)


def lists(server):
    """How many there were so far, and how many of them since the API server had no changes from our version on: it forgets all when it ends."""
    return count(server, ": listing what is not older than version "), count(server, " has expired; listing ")


def address(number):
    return f"10.0.{200 + number // 200}.{number % 200 + 1}"


def restart(plane, *, data=None):
    """All of it but the controllers; etcd with this data, if there are any. Returns when it was ready."""
    plane.api_server.kill()
    plane.etcd.stop()
    if data:
        shutil.rmtree(STATE / "etcd")
        shutil.copytree(data, STATE / "etcd")
    plane.etcd.start()
    plane.api_server.start()
    plane.wait_ready()
    return time.monotonic()


def copy_of_store(plane, folder):
    """As `etcdutl snapshot` has it, but made while nobody writes to it."""
    plane.etcd.stop()
    shutil.copytree(STATE / "etcd", folder)
    plane.etcd.start()
    plane.wait_ready()
    return folder


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("changes", [3, 300])
@pytest.mark.parametrize("mode", ["pods", "slices"])
def test_an_older_snapshot(plane, serve, kubelet, namespace, nginx, late, mode, changes, tmp_path):  # noqa: F811
    server = serve(mode, "--log-level", "debug")
    for (name, rdtype), wanted in nginx.items():
        until(server, name, wanted, rdtype)
    data = copy_of_store(plane, tmp_path / "etcd")
    for number in range(changes):
        plane.admin.create(service(f"undone-{number}", namespace, headless=False, cluster_ip=address(number)))
    until(server, f"undone-{changes - 1}.{namespace}.svc", {address(changes - 1)})
    with Load(server, nginx) as load:
        ready = restart(plane, data=data)
        add_late(plane.admin, kubelet, namespace, late, mode)
        until(server, f"late.{namespace}.svc", {late})
        served = time.monotonic()
        for number in range(changes):
            until(server, f"undone-{number}.{namespace}.svc", "NXDOMAIN")
        undone = time.monotonic()
        for (name, rdtype), wanted in nginx.items():
            until(server, name, wanted, rdtype)
    print(
        f"\n{mode}, {changes} changes undone: a change is served {served - ready:.2f} s after the API server was ready, all that was undone is gone "
        f"after {undone - ready:.2f} s; {load.asked} queries, slowest answer {load.slowest_s * 1000:.1f} ms"
    )
    assert load.wrong == []
    assert load.lost == 0


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("mode", ["pods", "slices"])
def test_a_restart_without_a_snapshot(plane, serve, kubelet, namespace, nginx, late, mode):  # noqa: F811
    server = serve(mode, "--log-level", "debug")
    for (name, rdtype), wanted in nginx.items():
        until(server, name, wanted, rdtype)
    before, _ = lists(server)
    restart(plane)
    add_late(plane.admin, kubelet, namespace, late, mode)
    until(server, f"late.{namespace}.svc", {late})
    after, expired = lists(server)
    print(f"\n{mode}: {after - before} lists in a restart, {expired} of them because the API server asked for it (410)")
    assert after - before == expired
