import itertools
import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

import harness  # noqa: E402
from controlplane import ControlPlane  # noqa: E402
from kubelet import Kubelet  # noqa: E402

SEED = int(os.environ.get("HEADNS_SEED") or time.time_ns() % 1_000_000)


def pytest_report_header():
    return f"HEADNS_SEED={SEED}"


@pytest.fixture(scope="session")
def plane():
    """The control plane, shared by all tests; each leaves it running."""
    plane = ControlPlane()
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def api(plane):
    return plane.admin


@pytest.fixture
def kubelet(api):
    return Kubelet(api)


@pytest.fixture
def outage(plane):
    """For a test that kills the API server or etcd: the controllers, which take a minute to come back by themselves, start afresh after it."""
    yield
    plane.controllers.kill()
    plane.start_controllers()


numbers = itertools.count(10)


@pytest.fixture
def namespace(api, kubelet):
    """A namespace of the test's own."""
    name = f"test-{next(numbers)}"
    api.create({"kind": "Namespace", "metadata": {"name": name}})
    yield name
    kubelet.drop_namespace(name)


@pytest.fixture
def network(namespace):
    """The beginning of addresses that only this test's pods have: those of a namespace that is still going have names as well."""
    return "10.244." + namespace.removeprefix("test-")


@pytest.fixture
def serve(plane):
    """serve("pods") or serve("slices") is a headns that has read the cluster; in the end each must end cleanly."""
    servers = []

    def start(mode, *arguments, account="headns", **options):
        server = harness.Server(*plane.headns_options(mode, account), *arguments, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.returncode is None:
            server.stop()
