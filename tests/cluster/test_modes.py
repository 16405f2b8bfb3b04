"""Endpoints from Pods and endpoints from EndpointSlices are the same names, whatever happens to the objects: two servers follow the real API
server through random changes and are compared whenever these rest, the slices being those of the real controllers.

HEADNS_SEED repeats a run, HEADNS_CHANGES sets its length."""

import os
from difflib import unified_diff
from random import Random

import harness
from churn import Churn
from conftest import SEED
from harness import found, pod, service, until
from load import Load
from zone import Names, differences, records, reverse

CHANGES = int(os.environ.get("HEADNS_CHANGES") or 1000)
BETWEEN = 50  # changes between two comparisons
OLD_NAMES = 500  # asked for at each comparison, of those whose objects are gone
SHOWN = 10


def rest(kubelet, servers, number):
    """Both have seen a change that was made after all others. For the slices that says no more than that the controllers are at work."""
    space, address = "churn-0", f"10.244.200.{number}"
    last = pod(f"last-{number}", address, space, labels={"last": "yes"}, hostname=f"last-{number}", subdomain="last")
    kubelet.start(last)
    for server in servers:
        until(server, f"last-{number}.last.{space}.svc", {address})
    kubelet.remove(last)
    for server in servers:
        until(server, f"last-{number}.last.{space}.svc", "NXDOMAIN")


def describe(name, rdtype, from_pods, from_slices):
    """What each has that the other has not."""
    lines = [f"{name} {rdtype}:"]
    for source, mine, other in (("pods", from_pods, from_slices), ("slices", from_slices, from_pods)):
        lines.append(f"  only from {source}: {[part for part, others in zip(mine, other) for part in only_in(part, others)]}")
    return "\n".join(lines)


def only_in(part, other):
    return [part] * (part != other) if isinstance(part, str) else [rr for rr in part if rr not in other]


def compare(names, api, servers, random):
    """Waits until both give the same; how many names had records."""
    deadline = harness.Deadline()
    while True:
        now = names.add(api)
        old = sorted(names.questions - now)
        different, positive = differences(*servers, now | set(random.sample(old, min(OLD_NAMES, len(old)))))
        if not different:
            return len(now), positive
        deadline.check("\n".join(describe(*difference) for difference in different[:SHOWN]))


def check_dumps(plane, servers):
    """All records, as one sees them who reads the cluster only now: the same in both modes, and what those say who have followed it."""
    dumps = [harness.run_headns("dump", *plane.headns_options(mode)).stdout.splitlines() for mode in ("pods", "slices")]
    assert list(unified_diff(*dumps, "pods", "slices", lineterm="", n=0)) == []
    for (name, rdtype), wanted in records(dumps[0]).items():
        for server in servers:
            assert found(server, name, rdtype) == wanted, f"{name} {rdtype}"


def change_and_compare(churn, random, plane, kubelet, servers):
    names, log = Names(), []
    for number in range(1, CHANGES // BETWEEN + 1):
        log += [churn.change() for _ in range(BETWEEN)]
        rest(kubelet, servers, number)
        try:
            asked, positive = compare(names, plane.admin, servers, random)
        except AssertionError:
            print("\n".join(log[-2 * BETWEEN :]))
            raise
        print(f"{number * BETWEEN} changes: {asked} questions alike, {positive} of them with records")
        assert positive > asked // 50
        if number % 5 == 0:
            check_dumps(plane, servers)


def steady(api, kubelet, namespace):
    """A Service whose pods no change touches, and its answers."""
    api.create(service("steady", namespace, selector={"steady": "yes"}))
    answers = {(f"steady.{namespace}.svc", "A"): set()}
    for number in range(3):
        name, address = f"steady-{number}", f"10.244.201.{number}"
        kubelet.start(pod(name, address, namespace, labels={"steady": "yes"}, hostname=name, subdomain="steady"))
        answers[f"steady.{namespace}.svc", "A"].add(address)
        answers[f"{name}.steady.{namespace}.svc", "A"] = {address}
        answers[reverse(address), "PTR"] = {f"{name}.steady.{namespace}.svc.cluster.local."}
    return answers


def test_both_sources_of_endpoints_give_the_same_names(plane, serve, api, kubelet):
    print(f"\nseed {SEED}")
    random = Random(SEED)  # not the changes' own, for how often it is used is the machine's affair
    namespaces = [f"churn-{i}" for i in range(5)]
    churn = Churn(api, kubelet, Random(SEED), namespaces)
    api.create(service("last", namespaces[0], selector={"last": "yes"}))
    answers = steady(api, kubelet, namespaces[0])
    servers = [serve("pods", "--no-rotate"), serve("slices", "--no-rotate")]
    for server in servers:
        for (name, rdtype), wanted in answers.items():
            until(server, name, wanted, rdtype)
    loads = [Load(server, answers, rate=100) for server in servers]
    with loads[0], loads[1]:
        change_and_compare(churn, random, plane, kubelet, servers)
    for space in churn.spaces:
        churn.end(space)
    for load in loads:
        assert (load.wrong, load.lost) == ([], 0), f"{load.asked} queries for what nobody changed"
