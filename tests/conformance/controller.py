"""The EndpointSlice controller's rules (k8s.io/endpointslice 0.37), for a world that has no controller: which slices it would make of
its Services and Pods. Written from the rules, not from headns, whose join it checks."""

import ipaddress

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
ZONES = {"node-a": "zone-a", "node-b": "Zone-B", "node-c": "corp.example.com"}  # of Nodes; another has no zone
FAMILIES = {4: "IPv4", 6: "IPv6"}


def family_of(ip):
    return FAMILIES[ipaddress.ip_address(ip).version]


def families_of(spec):
    """ipFamilies; unset, that of the clusterIP, and for a headless Service both."""
    if spec.get("ipFamilies"):
        return set(spec["ipFamilies"])
    ips = [ip for ip in spec.get("clusterIPs") or [spec.get("clusterIP") or "None"] if ip != "None"]
    return {family_of(ip) for ip in ips} or {"IPv4", "IPv6"}


def addresses_of(pod):
    status = pod.get("status", {})
    ips = [entry["ip"] for entry in status.get("podIPs") or []] or ([status["podIP"]] if status.get("podIP") else [])
    return [str(ipaddress.ip_address(ip)) for ip in ips]


def has_selector(service):
    spec = service["spec"]
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName"


def is_selected(service, pod):
    labels = pod["metadata"].get("labels", {})
    return (
        has_selector(service)
        and service["metadata"]["namespace"] == pod["metadata"]["namespace"]
        and all(labels.get(key) == value for key, value in service["spec"]["selector"].items())
    )


def is_over(pod):
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", []))


def is_deleted(pod):
    return "deletionTimestamp" in pod["metadata"]


def counts_as_ready(service, pod):
    return bool(service["spec"].get("publishNotReadyAddresses")) or (is_ready(pod) and not is_deleted(pod))


def hostname_of(service, pod):
    spec = pod["spec"]
    return spec.get("hostname") if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"] else None


def containers_of(pod):
    sidecars = [c for c in pod["spec"].get("initContainers", []) if c.get("restartPolicy") == "Always"]
    return pod["spec"].get("containers", []) + sidecars


def target_of(port, pod):
    """The pod's port number for a Service's port; None: it has none of that name and protocol."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    for container in containers_of(pod):
        for have in container.get("ports", []):
            if have.get("name") == target and have.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return have["containerPort"]
    return None


def ports_of(service, pod):
    """((name, protocol, number), …) as the pod's endpoint has them."""
    found = ((p.get("name", ""), p.get("protocol", "TCP"), target_of(p, pod)) for p in service["spec"].get("ports", []))
    return tuple(port for port in found if port[2] is not None)


def zone_of(pod):
    return ZONES.get(pod["spec"].get("nodeName"))


def endpoint_of(service, pod, addresses):
    endpoint = {
        "addresses": addresses,
        "conditions": {"ready": counts_as_ready(service, pod), "serving": is_ready(pod), "terminating": is_deleted(pod)},
        "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]},
        "nodeName": pod["spec"].get("nodeName", "node-d"),
    }
    if zone := zone_of(pod):
        endpoint["zone"] = zone
    if hostname := hostname_of(service, pod):
        endpoint["hostname"] = hostname
    return endpoint


def slice_object(service, name, family, ports, endpoints):
    meta = service["metadata"]
    labels = {**meta.get("labels", {}), SERVICE_NAME: meta["name"], MANAGED_BY: CONTROLLER}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": meta["namespace"], "labels": labels},
        "addressType": family,
        "ports": [{"name": n, "protocol": protocol, "port": number} for n, protocol, number in ports],
        "endpoints": endpoints,
    }


def slices_of(service, pods, size):
    """The slices of a Service, with at most size endpoints each: one set of slices for each family and each set of ports."""
    if not has_selector(service):
        return []
    groups = {}
    for pod in pods:
        if is_over(pod) or not is_selected(service, pod):
            continue
        for family in sorted(families_of(service["spec"])):
            # An endpoint of the controller has one address: the pod's first of that family, which is all that a kubelet reports.
            own = [ip for ip in addresses_of(pod) if family_of(ip) == family]
            for ip in own:
                groups.setdefault((family, ports_of(service, pod)), []).append(endpoint_of(service, pod, [ip]))
    made = []
    for number, ((family, ports), endpoints) in enumerate(sorted(groups.items())):
        for part in range(0, len(endpoints), size):
            name = f"{service['metadata']['name']}-{number}-{part // size}"
            made.append(slice_object(service, name, family, ports, endpoints[part : part + size]))
    return made
