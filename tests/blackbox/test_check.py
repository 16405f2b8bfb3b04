"""headns check: what is wrong with Corefiles and manifests, all of it, and nothing opened but files."""

import re
import socket

import pytest

import harness
from harness import run_headns, service

GOOD = ".:1053 {\n    bind 127.0.0.1\n    kubernetes cluster.local {\n        kubeconfig /nonexistent\n        pods insecure\n    }\n    loadbalance\n}\n"
BROKEN = "apiVersion: v1\nkind: Service\nmetadata:\n  name: UPPER CASE\nspec:\n  ports: 7\n"


def check(*arguments, status=0, **options):
    done = run_headns("check", *arguments, **options)
    assert done.returncode == status, done.stderr
    return done


def test_a_good_corefile(tmp_path):
    (tmp_path / "Corefile").write_text(GOOD)
    for arguments in (["Corefile"], [], ["--conf", "Corefile"]):
        done = check(*arguments, cwd=tmp_path)
        assert done.stdout == "Corefile: good\n" and done.stderr == ""


def test_all_that_is_wrong_is_named(tmp_path):
    text = ".:1053 {\n    frob\n    health nowhere\n    kubernetes {\n        pods on\n        tll 5\n    }\n    bufsize 1\n}\n"
    (tmp_path / "Corefile").write_text(text)
    done = check("Corefile", status=1, cwd=tmp_path)
    assert done.stdout == ""
    *lines, last = done.stderr.splitlines()
    assert [re.match(r"headns: error: Corefile:(\d+): ", line).group(1) for line in lines] == ["2", "3", "5", "6", "8"]
    assert last == "headns: error: check: Corefile: 5 lines are wrong, see above"


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("", "Corefile: there is no server block in it"),
        ("a {\n", 'Corefile:1: the "{" of this server block is not closed'),
        ("a:1 b:1 {\n}\nB:1 {\n}\n", "Corefile:3: b. is served at port 1 by the block at Corefile:1 already"),
        ("a a {\n}\n", "Corefile:1: a. is served at port 53 by the block at Corefile:1 already"),
        ("a {\n bind eth7 ::1\n}\na {\n bind lo ::1\n}\n", "Corefile:4: a. is served at port 53 by the block at Corefile:1 already"),
        ("a {\n import nothing\n}\n", "Corefile:2: import: there is neither a snippet (nothing) nor a file "),
        ("a {\n kubernetes {\n  snapshot s\n }\n}\nb {\n kubernetes {\n  snapshot ./s\n }\n}\n", "Corefile:7: snapshot ./s: the kubernetes at Corefile:2 has this file"),
    ],
)
def test_what_is_wrong_between_lines(tmp_path, text, wanted):
    (tmp_path / "Corefile").write_text(text)
    assert check("Corefile", status=1, cwd=tmp_path).stderr.startswith(f"headns: error: check: {wanted}")


@pytest.mark.parametrize("text", ["a {\n}\na:54 {\n}\n", "a {\n bind lo\n}\na {\n bind eth7\n}\na {\n}\n", "a {\n bind lo {\n  except ::1\n }\n}\na {\n bind lo {\n  except 127.0.0.1\n }\n}\n"])
def test_what_is_not_wrong_between_blocks(tmp_path, text):
    (tmp_path / "Corefile").write_text(text)
    assert check("Corefile", cwd=tmp_path).stdout == "Corefile: good\n"


def test_a_port_from_outside(tmp_path):
    (tmp_path / "Corefile").write_text("a {\n}\na:1053 {\n}\n")
    check("Corefile", cwd=tmp_path)
    assert "a. is served at port 1053" in check("-dns.port", 1053, "Corefile", status=1, cwd=tmp_path).stderr


def test_standard_input():
    assert check("--conf", "-", stdin=GOOD).stdout == "-: good\n"
    assert check("-", stdin=harness.manifest_text(service("web"))).stdout == "-: good\n"
    assert "stdin:2: unknown directive" in check("--conf", "-", stdin="a {\n frob\n}\n", status=1).stderr


def test_manifests(tmp_path):
    harness.write_manifest(tmp_path / "good.yaml", service("web"))
    (tmp_path / "broken.yml").write_text(BROKEN)
    assert check("good.yaml", cwd=tmp_path).stdout == "good.yaml: good\n"
    done = check("broken.yml", status=1, cwd=tmp_path)
    assert re.search(r"^headns: error: broken\.yml:\d+: ", done.stderr) and done.stderr.endswith("check: the manifests are wrong, see above\n")
    assert check(tmp_path, status=1).stdout == ""
    assert check(harness.ZONES / "nginx-observed.yaml").stderr == ""


def test_several_files(tmp_path):
    """One that is wrong leaves none of the others out; manifests are one input."""
    (tmp_path / "Corefile").write_text("a {\n frob\n}\n")
    (tmp_path / "other.conf").write_text(GOOD)
    harness.write_manifest(tmp_path / "one.yaml", service("one"))
    harness.write_manifest(tmp_path / "two.yaml", service("two"))
    done = check("Corefile", "one.yaml", "other.conf", "two.yaml", status=1, cwd=tmp_path)
    assert done.stdout == "other.conf: good\n2 manifests: good\n"
    assert "check: Corefile:2: unknown directive" in done.stderr


def test_settings_count(tmp_path):
    (tmp_path / "Corefile").write_text("a {\n kubernetes {\n  noendpoints\n }\n}\n")
    assert "Corefile:2: zonal and noendpoints" in check("--set", "kubernetes.zonal", "Corefile", status=1, cwd=tmp_path).stderr
    harness.write_manifest(tmp_path / "one.yaml", service("one"))
    env = {"HEADNS_SET": "kubernetes.startup_timeout=5s"}
    assert "kubernetes.startup_timeout is of a cluster" in check("one.yaml", status=1, cwd=tmp_path, env=env).stderr


def test_the_network_is_left_alone(tmp_path):
    """Neither an address that is taken nor an API server is of interest."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "Corefile").write_text(f".:{port} {{\n bind 127.0.0.1 nowhere0\n kubernetes a {{\n  endpoint http://127.0.0.1:{port}\n }}\n}}\n")
        check("Corefile", cwd=tmp_path)
        taken.settimeout(0)
        with pytest.raises(BlockingIOError):
            taken.accept()


def test_a_pattern_that_fits_nothing_is_a_warning(tmp_path):
    (tmp_path / "Corefile").write_text(GOOD + "import custom/*.server\n")
    done = check("Corefile", cwd=tmp_path)
    assert done.stdout == "Corefile: good\n"
    assert done.stderr == "headns: warning: Corefile:9: import: no file is like custom/*.server\n"


def test_no_file(tmp_path):
    assert "check: no file: name a Corefile, or manifests" in check(status=2, cwd=tmp_path).stderr
    assert "check: nowhere: No such file" in check("nowhere", status=1, cwd=tmp_path).stderr
    assert "is headns check meant?" in run_headns("validate").stderr


def test_a_full_disk(tmp_path):
    (tmp_path / "Corefile").write_text(GOOD)
    with open("/dev/full", "w") as full:
        done = harness.subprocess.run([harness.HEADNS, "check", "Corefile"], cwd=tmp_path, stdout=full, stderr=harness.subprocess.PIPE)
    assert done.returncode == 1
