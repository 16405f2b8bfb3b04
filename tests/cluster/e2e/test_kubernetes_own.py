"""Kubernetes' own end-to-end tests of DNS (test/e2e/network of its repository)."""

import os
import re
import subprocess

from cluster import BIN
from controlplane import STATE

# Not those of features that have to be installed.
FOCUS, SKIP = r"\[sig-network\] DNS ", "Feature:"


def test_kubernetes_own_tests_of_dns(cluster, headns):
    log = STATE / "network-tests.log"
    with open(log, "wb") as out:
        done = subprocess.run(
            [
                BIN / "network-tests",
                *(f"--kubeconfig={cluster.kubeconfigs['admin']}", "--ginkgo.no-color", "--ginkgo.v"),
                *(f"--ginkgo.focus={FOCUS}", f"--ginkgo.skip={SKIP}", "--ginkgo.timeout=20m"),
            ],
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
            stdout=out,
            stderr=out,
        )
    text = log.read_text(errors="replace")
    said = re.search(r"^Ran (\d+) of .*\n.*?(\d+) Passed .* (\d+) Failed", text, re.M)
    failed = "\n".join(re.findall(r"^\s*\[F\w*\] .*", text, re.M))
    print(f"\n{said[0] if said else text[-2000:]}")
    assert done.returncode == 0, f"{failed}\nsee {log}"
    assert int(said[2]) >= 20 and said[3] == "0"
