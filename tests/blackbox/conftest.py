import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

import harness
from apiserver import ApiServer
from inside import Place

# What the tests' own caller had ignored (nohup, a shell's &), the programs under test would inherit, and sh could not trap.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def serve():
    """serve(FILE…, listen=[…]) starts a server; at the end of the test each must end cleanly."""
    servers = []

    def start(*arguments, **options):
        server = harness.Server(*arguments, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.returncode is None:
            server.stop()


@pytest.fixture
def api():
    """An API server with a Service nginx and its pod web-0, 10.244.0.7."""
    server = ApiServer()
    server.put(harness.service("nginx", selector={"app": "nginx"}))
    server.put(harness.pod("web-0", "10.244.0.7", labels={"app": "nginx"}, hostname="web-0", subdomain="nginx"))
    yield server
    if server.running:
        server.stop()


@pytest.fixture(scope="module")
def observed():
    """zones/nginx-observed.yaml, shared by the tests of a module."""
    server = harness.Server(harness.ZONES / "nginx-observed.yaml")
    yield server
    server.stop()


@pytest.fixture
def need():
    """need("dig"): skips where a command is missing; in CI, where all are installed, that is a failure."""

    def check(command):
        if shutil.which(command):
            return
        if os.environ.get("CI"):
            pytest.fail(f"{command} is not installed")
        pytest.skip(f"{command} is not installed")

    return check


@pytest.fixture(scope="module")
def stage():
    """A folder that everybody can read and write, with the binary, zones/ and the manifests of tests in it."""
    folder = Path(tempfile.mkdtemp(prefix="headns-run-"))
    folder.chmod(0o777)
    shutil.copy(harness.HEADNS, folder / "headns")
    shutil.copytree(harness.ZONES, folder / "zones")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=[pytest.param("root", marks=pytest.mark.twin), "ordinary"] if os.geteuid() == 0 else ["who runs the tests"])
def place(request, stage):
    return Place(stage, request.param)


@pytest.fixture
def cluster(tmp_path):
    """cluster(…) is an API server with a Service and a pod; its options are ApiServer's."""
    servers = []

    def start(**options):
        api = ApiServer(**options)
        servers.append(api)
        api.put(harness.NGINX, harness.web(0, "10.244.0.7"))
        return api

    yield start
    for api in servers:
        if api.running:
            api.stop()


@pytest.fixture
def follow(serve, tmp_path):
    """follow(api) is a headns that serves that API server's cluster."""

    def start(api, *arguments, user=None, cluster=None, settings=(), **options):
        """settings are lines of the kubernetes block: "endpoints=slices"."""
        env = {"HEADNS_SET": "\n".join(f"kubernetes.{s}" for s in settings)} if settings else None
        return serve("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig", user, cluster), *arguments, env=env, **options)

    return start
