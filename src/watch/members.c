#include "members.h"
#include "scan.h"
#include <string.h>

/* Written from the decoders of object.h, all kinds in one table: a key that means nothing to a kind is not in its objects. Left out
 * though the decoders know them: ownerReferences, dnsPolicy, dnsConfig, hostAliases, setHostnameAsFQDN,
 * hostnameOverride, sessionAffinity, which are read from manifests alone. */
#define ALL(k)                                                                                                                             \
	{                                                                                                                                  \
		.key = (k), .key_len = sizeof(k) - 1                                                                                       \
	}
#define SOME(k, list)                                                                                                                      \
	{                                                                                                                                  \
		.key = (k), .key_len = sizeof(k) - 1, .members = (list)                                                                    \
	}
#define ONLY(k, text)                                                                                                                      \
	{                                                                                                                                  \
		.key = (k), .key_len = sizeof(k) - 1, .only = (text)                                                                       \
	}
#define FRAME(k, list, f)                                                                                                                  \
	{                                                                                                                                  \
		.key = (k), .key_len = sizeof(k) - 1, .members = (list), .frame = (f) + 1                                                  \
	}

static const struct member annotations[] = {
        ALL("k8s.io/initial-events-end"),
        ALL("endpoints.kubernetes.io/last-change-trigger-time"),
        ALL("service.alpha.kubernetes.io/tolerate-unready-endpoints"),
        {0},
};

static const struct member metadata[] = {
        ALL("name"), ALL("namespace"), ALL("labels"), ALL("resourceVersion"), ALL("deletionTimestamp"), SOME("annotations", annotations),
        {0},
};

static const struct member container_ports[] = {ALL("name"), ALL("containerPort"), ALL("protocol"), {0}};
static const struct member containers[] = {SOME("ports", container_ports), ALL("restartPolicy"), {0}};
static const struct member service_ports[] = {ALL("name"), ALL("port"), ALL("targetPort"), ALL("protocol"), ALL("appProtocol"), {0}};

static const struct member spec[] = {
        SOME("containers", containers),
        SOME("initContainers", containers),
        ALL("hostname"),
        ALL("subdomain"),
        ALL("hostNetwork"),
        ALL("type"),
        ALL("externalName"),
        ALL("externalIPs"),
        ALL("clusterIP"),
        ALL("clusterIPs"),
        ALL("ips"), /* of a ServiceImport */
        ALL("ipFamilies"),
        ALL("publishNotReadyAddresses"),
        ALL("selector"),
        SOME("ports", service_ports),
        {0},
};

static const struct member pod_conditions[] = {ONLY("type", "Ready"), ALL("status"), ALL("lastTransitionTime"), {0}};
static const struct member ingress[] = {ALL("ip"), ALL("hostname"), {0}};
static const struct member load_balancer[] = {SOME("ingress", ingress), {0}};
static const struct member status[] = {
        ALL("phase"), ALL("podIP"), ALL("podIPs"), SOME("conditions", pod_conditions), SOME("loadBalancer", load_balancer), {0},
};

static const struct member endpoint_conditions[] = {ALL("ready"), {0}};
static const struct member target_ref[] = {ALL("kind"), ALL("name"), {0}};
static const struct member endpoints[] = {
        ALL("addresses"), SOME("conditions", endpoint_conditions), ALL("hostname"), ALL("zone"), SOME("targetRef", target_ref), {0},
};
static const struct member slice_ports[] = {ALL("name"), ALL("port"), ALL("protocol"), {0}};

static const struct member object[] = {
        ALL("kind"),
        ALL("apiVersion"),
        SOME("metadata", metadata),
        SOME("spec", spec),
        SOME("status", status),
        ALL("addressType"),
        SOME("endpoints", endpoints),
        SOME("ports", slice_ports),
        ALL("code"), /* these three: of a Status, in an ERROR event */
        ALL("reason"),
        ALL("message"),
        {0},
};

static const struct member event[] = {ALL("type"), SOME("object", object), {0}};

static const struct member list_metadata[] = {ALL("resourceVersion"), ALL("continue"), {0}};
static const struct member list[] = {
        FRAME("kind", NULL, SCAN_LIST_KIND),
        FRAME("metadata", list_metadata, SCAN_LIST_META),
        {.key = "items", .key_len = sizeof "items" - 1, .members = object, .frame = SCAN_ITEM + 1, .list = true},
        {0},
};

const struct member members_of_watch = FRAME("", event, SCAN_EVENT);
const struct member members_of_list = SOME("", list);

const struct member *members_find(const struct member *members, const char *key, size_t len)
{
	for (const struct member *m = members; m->key; m++) {
		if (m->key_len == len && m->key[0] == key[0] && memcmp(m->key, key, len) == 0)
			return m;
	}
	return NULL;
}
