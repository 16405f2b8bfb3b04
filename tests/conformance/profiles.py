"""Which options of the kubernetes block CoreDNS and headns are compared with: both read the same Corefile."""

from functools import partial
from typing import Callable, NamedTuple

import bounded
import clusterset
import differential
import extended
import external
import huge
import model
import questions
import svcb
import worlds
from model import Settings
from place import OWN


EXPOSED = ("default", "prod", "gone", "kube-system")
MARKERS = tuple(f"sync-{n}" for n in range(1, 200))  # servers.World.mark


class Profile(NamedTuple):
    name: str
    lines: tuple = ()  # of the block, for both
    ours: tuple = ()  # headns's own, as --set takes them
    settings: Settings = Settings()
    bind: str = "bind 127.0.0.1"
    compat: bool = False  # with `compat coredns`: no model but CoreDNS
    outside: external.Options | None = None  # a k8s_external block beside it
    maker: Callable = worlds.Maker  # of worlds
    asker: Callable = questions.Asker
    model: Callable = model.Model
    cluster_set: str | None = None  # a zone of ServiceImports
    run_world: Callable = differential.run_world

    @property
    def moves(self):
        """Whether moving.py knows what such worlds may say while they change."""
        return self.model is model.Model and self.maker is worlds.Maker and self.run_world is differential.run_world and not self.compat


CLUSTER_SET = dict(
    lines=(f"multicluster {clusterset.ZONE}",),
    settings=Settings(zones=("cluster.local", clusterset.ZONE, "in-addr.arpa", "ip6.arpa")),
    maker=clusterset.Maker,
    asker=clusterset.Asker,
    model=clusterset.Model,
    cluster_set=clusterset.ZONE,
)
COMPAT = dict(ours=("compat=coredns", "ede=off"), compat=True)



def outside(zones, settings=Settings(), **options):
    chosen = external.Options(zones, **options)
    return dict(
        outside=chosen,
        settings=settings,
        maker=external.Maker,
        asker=partial(external.Asker, chosen),
        model=partial(external.Model, chosen),
    )


def falling(*fall):
    return dict(lines=(" ".join(("fallthrough", *fall)),), model=partial(extended.Falling, fall))


# 10.96.0.0/25, each address of which is a zone.
RANGE = Settings(zones=("cluster.local", *(f"{n}.0.96.10.in-addr.arpa" for n in range(128))))

MOST = 2  # records in an answer, with max_answers

EXTERNAL = ("example.org", "2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("default"),
        Profile("insecure", ("pods insecure", "endpoint_pod_names", "ttl 30"), (), Settings(pods="insecure", endpoint_pod_names=True, ttl=30)),
        Profile("verified", ("pods verified", "ignore empty_service"), (), Settings(pods="verified", ignore_empty=True)),
        Profile("noendpoints", ("noendpoints", "ttl 3600"), (), Settings(noendpoints=True, ttl=3600)),
        Profile("namespaces", ("namespaces " + " ".join(EXPOSED + MARKERS), "pods insecure"), (), Settings(namespaces=EXPOSED, pods="insecure")),
        Profile("labels", ("namespace_labels tier=gold", "labels team=a", "ttl 0"), (), Settings(namespace_labels={"tier": "gold"}, labels={"team": "a"}, ttl=0, negative_ttl=0)),
        Profile("verified-labels", ("labels team=a", "pods verified", "endpoint_pod_names"), (), Settings(labels={"team": "a"}, pods="verified", endpoint_pod_names=True)),
        Profile("zonal", ("zonal",), (), Settings(zonal=True)),
        Profile("compat", **COMPAT),
        Profile("svcb", ours=("svcb",), maker=svcb.Maker, asker=svcb.Asker, model=svcb.Model),
        Profile("max-answers", ours=(f"max_answers={MOST}",), asker=bounded.Asker, model=partial(bounded.Model, MOST)),
        Profile("huge", run_world=huge.run_world),
        Profile("fallthrough", **falling()),
        Profile("fallthrough-zones", **falling("in-addr.arpa", "default.svc.cluster.local", "prod.svc.cluster.local", "pod.cluster.local")),
        Profile("compat-fallthrough", **falling("in-addr.arpa", "default.svc.cluster.local"), **COMPAT),
        Profile("ranges", settings=RANGE),
        Profile("compat-ranges", settings=RANGE, **falling(), **COMPAT),
        Profile("multicluster", **CLUSTER_SET),
        Profile("multicluster-noendpoints", **{**CLUSTER_SET, "lines": (*CLUSTER_SET["lines"], "noendpoints"), "settings": CLUSTER_SET["settings"]._replace(noendpoints=True)}),
        Profile("compat-multicluster", **CLUSTER_SET, **COMPAT),
        Profile("external", **outside(EXTERNAL)),
        Profile("external-headless", ("endpoint_pod_names",), **outside(("ext.example.org", "sub.ext.example.org"), Settings(endpoint_pod_names=True), headless=True, apex="ns", ttl=30, fall=("sub.ext.example.org",))),
        Profile("external-fallthrough", **outside(("cluster.local", "example.org", "in-addr.arpa"), headless=True, fall=("local", "in-addr.arpa"))),
        Profile("compat-external", **outside(EXTERNAL, headless=True), **COMPAT),
        Profile("external-self", bind="", **outside(EXTERNAL, Settings(own=(OWN,)))),
        Profile("self", bind="", settings=Settings(own=(OWN,))),
        Profile("zones", (), (), Settings(zones=("cluster.local", "example.org", "sub.cluster.local", "244.10.in-addr.arpa", "0.0.d.f.ip6.arpa"))),
    )
}
