import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
for folder in ("blackbox", "cluster"):
    sys.path.append(str(TESTS / folder))

from controlplane import ControlPlane  # noqa: E402
from image import Image  # noqa: E402


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """By architecture."""
    return {arch: Image(arch, tmp_path_factory.mktemp(arch)) for arch in ("amd64", "arm64")}


@pytest.fixture(params=["amd64", "arm64"])
def image(images, request):
    return images[request.param]


@pytest.fixture(scope="session")
def plane():
    plane = ControlPlane()
    plane.start()
    yield plane
    plane.stop()
