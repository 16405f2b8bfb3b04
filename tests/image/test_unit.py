"""The unit of a machine's service."""

import re
import shutil
import subprocess

from image import ROOT

UNIT = ROOT / "deploy/systemd/headns.service"


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_systemd_finds_nothing_wrong(tmp_path):
    """With programs that are there, which headns need not be."""
    unit = tmp_path / "headns.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/headns", shutil.which("true")).replace("man:headns(1)", "https://www.example/"))
    done = analyze("verify", unit)
    assert done.returncode == 0 and not re.search(r"headns\.service", done.stderr), done.stderr


def test_little_is_allowed_to_it():
    """Systemd's own measure, from 0 to 10: below 2 is what it calls OK."""
    done = analyze("security", "--offline=true", "--threshold=20", UNIT)
    assert done.returncode == 0, done.stdout
    print(done.stdout.splitlines()[-1])
