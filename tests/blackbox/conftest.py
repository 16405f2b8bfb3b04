import os
import shutil
import signal

import pytest

import harness

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
