"""Which options of the kubernetes block CoreDNS and headns are compared with: both read the same Corefile."""

from typing import NamedTuple

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


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("default"),
        Profile("insecure", ("pods insecure", "endpoint_pod_names", "ttl 30"), (), Settings(pods="insecure", endpoint_pod_names=True, ttl=30)),
        Profile("verified", ("pods verified", "ignore empty_service"), (), Settings(pods="verified", ignore_empty=True)),
        Profile("noendpoints", ("noendpoints", "ttl 3600"), (), Settings(noendpoints=True, ttl=3600)),
        Profile("namespaces", ("namespaces " + " ".join(EXPOSED + MARKERS), "pods insecure"), (), Settings(namespaces=EXPOSED, pods="insecure")),
        Profile("labels", ("namespace_labels tier=gold", "labels team=a", "ttl 0"), (), Settings(namespace_labels={"tier": "gold"}, labels={"team": "a"}, ttl=0, negative_ttl=0)),
        Profile("zonal", ("zonal",), (), Settings(zonal=True)),
        Profile("compat", ours=("compat=coredns", "ede=off"), compat=True),
        Profile("self", bind="", settings=Settings(own=(OWN,))),
        Profile("zones", (), (), Settings(zones=("cluster.local", "example.org", "sub.cluster.local", "244.10.in-addr.arpa", "0.0.d.f.ip6.arpa"))),
    )
}
