/* object.h - Kubernetes objects as small plain structs: what DNS needs of them and nothing else. object_decode.h makes them of JSON trees. Strings
 * are interned (base/intern.h), so equal ones are the same pointer. Control thread only. Texts of the API are in the case that they were written
 * in; ports and counts are in host order. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include "base/intern.h"
#include <stdbool.h>
#include <stdint.h>

enum object_kind {
	OBJECT_NAMESPACE,
	OBJECT_NODE,
	OBJECT_SERVICE,
	OBJECT_POD,
	OBJECT_ENDPOINT_SLICE,
	OBJECT_CONTROLLER_SLICE, /* an EndpointSlice that endpointslice-controller.k8s.io manages: what Pods say makes it superfluous */
	OBJECT_ENDPOINTS,
	OBJECT_STATEFUL_SET,
	OBJECT_DEPLOYMENT,
	OBJECT_REPLICA_SET,
	OBJECT_SERVICE_IMPORT, /* a Service of a cluster set (KEP-1645): a struct service with what it has of one */
	OBJECT_DAEMON_SET,
	OBJECT_JOB,
	OBJECT_REPLICATION_CONTROLLER,
	OBJECT_KINDS, /* number of kinds */
};

/* One label or selector pair, both interned. */
struct label {
	const char *key, *value;
};

/* A set of labels: interned as a whole, sorted by key text, no key twice; equal sets are the same pointer. NULL: empty or absent. */
struct label_set {
	uint32_t count;
	uint32_t zero; /* no padding */
	struct label labels[];
};

/* The start of every object.
 *
 * A new field of an object that names come from has its place in
 *   - src/kube/object_*.c: the decoder of its kind, and the kind's clear where the field owns something;
 *   - src/watch/members.c: its member, without which a watch passes it over;
 *   - src/store: the comparison of its kind (services_equal, pods_equal, slices_equal), without which a change of it changes nothing;
 *   - src/store/snapshot.c: code_<kind>, with the next SNAPSHOT_VERSION (store/snapshot.h);
 *   - tests: unit/kube/describe.c and unit/cluster/every_field.yaml, by which test_every_field.c finds out whether one of the above is missing. */
struct object {
	enum object_kind kind;
	unsigned line;                  /* where it stands in its manifest, 1-based; 0 from the API */
	const char *ns;                 /* interned; "" for cluster-scoped kinds; "default" if a namespaced object has none */
	const char *name;               /* interned */
	const struct label_set *labels; /* NULL: none */
	uint32_t octets;                /* of its text, as the API server sent it; 0: unknown */
	uint32_t
	        changed_s; /* since 1970: when what it says of endpoints came about; 0: unknown. Of a watch alone; nothing is answered by it */
};

/* How much there is of something. */
struct object_amount {
	uint64_t objects, octets; /* octets: of their texts */
};

#define NODE_IPS_MAX 2 /* one of each family */

struct cluster_node {
	struct object object; /* its labels with those that every kubelet sets, where a manifest leaves them out */
	uint8_t ip_count;
	struct addr ips[NODE_IPS_MAX]; /* what pods with hostNetwork have: the first InternalIP of each family, else the first ExternalIP */
};

enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };

struct service_port {
	const char *name;         /* interned; "" if unnamed */
	const char *target_name;  /* interned; NULL: target_port holds */
	const char *app_protocol; /* interned; NULL: unset */
	uint16_t port;
	uint16_t target_port; /* 0: it leads nowhere */
	uint8_t protocol;     /* enum protocol */
};

enum service_type { SERVICE_CLUSTER_IP, SERVICE_EXTERNAL_NAME }; /* NodePort and LoadBalancer are ClusterIP for DNS */

struct service {
	struct object object;
	uint8_t type;           /* enum service_type */
	bool headless;          /* clusterIP: None */
	bool publish_not_ready; /* spec.publishNotReadyAddresses */
	uint8_t families;       /* spec.ipFamilies, or both by ipFamilyPolicy: bit 0 IPv4, bit 1 IPv6; 0: unset */
	uint8_t cluster_ip_count, external_ip_count;
	uint16_t port_count;
	uint32_t affinity_s; /* sessionAffinity ClientIP: for so many seconds; 0: None (for `headns run`) */
	struct addr cluster_ips[2];
	const char *external_name;        /* interned; NULL unless ExternalName, or where it was lost */
	struct addr *external_ips;        /* owned: spec.externalIPs, then status.loadBalancer.ingress[].ip */
	const char *external_host;        /* interned: the first ingress hostname, or what of the above is no address; NULL: none */
	const struct label_set *selector; /* NULL: nil or empty */
	struct service_port *ports;       /* owned */
};

/* A container port that has a name: all that a named targetPort can refer to. */
struct pod_port {
	const char *name; /* interned */
	uint16_t port;
	uint16_t protocol; /* enum protocol */
	uint32_t zero;     /* no padding */
};

/* Named ports in the order in which the controller looks (containers, then restartable init containers); interned as a whole. */
struct pod_ports {
	uint32_t count;
	uint32_t zero;
	struct pod_port ports[];
};

#define POD_IPS_MAX 2 /* one of each family; the API server takes no more */

enum pod_phase { POD_UNKNOWN, POD_PENDING, POD_RUNNING, POD_SUCCEEDED, POD_FAILED };

struct pod {
	struct object object;
	uint8_t phase; /* enum pod_phase */
	bool ready;    /* its Ready condition is "True" */
	bool deleting; /* metadata.deletionTimestamp is set */
	uint8_t ip_count;
	bool host_network; /* spec.hostNetwork: its addresses are its node's */
	bool late;         /* the store's: it was being deleted already when it was first seen */
	bool observed;     /* its status has a phase: a cluster ran it; false: what somebody wrote (phase POD_PENDING, not ready, no IPs) */
	struct addr ips[POD_IPS_MAX];        /* status.podIPs, or status.podIP alone */
	const char *hostname, *subdomain;    /* interned; NULL: unset */
	const struct pod_ports *ports;       /* NULL: none */
	const struct pod_manifest *manifest; /* owned; NULL: nothing of it is set, and always from the API */
};

/* What nobody asks of a cluster's pods, which are many. */
struct pod_manifest {
	const char *owner_kind, *owner_name; /* interned; the controlling ownerReference, NULL: none */
	const struct pod_dns *dns;           /* owned; NULL: nothing set (for `headns run`) */
	const char *node;                    /* interned; spec.nodeName, NULL: none */
};

/* What a pod's processes are told about names: dnsPolicy and dnsConfig (Kubernetes: Pod's DNS Policy / DNS Config), hostAliases, and its
 * host name's exceptions. Owned strings. */
struct pod_dns {
	char *policy; /* "ClusterFirstWithHostNet", "Default", "None"; NULL: unset, or "ClusterFirst", the default (which alone needs no struct) */
	char **nameservers, **searches, **options; /* NULL-terminated, options as "name" or "name:value"; NULL: none */
	char **aliases;          /* NULL-terminated, as lines of /etc/hosts: address and names, each after a tab; NULL: none */
	char *hostname_override; /* NULL: unset */
	bool hostname_as_fqdn;   /* setHostnameAsFQDN */
};

/* Ports and endpoints that go together: a slice has one set, an Endpoints object one for each subset. */
struct slice_port {
	const char *name; /* interned; "" if unnamed */
	uint16_t port;
	uint8_t protocol;
	bool has_port; /* false: a port without number (all ports); has no SRV */
};

struct slice_endpoint {
	bool ready; /* condition true or unset */
	uint8_t addr_count;
	struct addr *addrs;      /* owned */
	const char *hostname;    /* interned; NULL: none */
	const char *target_name; /* interned; targetRef of any kind, mostly Pod; NULL: none, or no DNS name */
	const char *zone;        /* interned; where it runs (topology.kubernetes.io/zone of its node); NULL: unknown */
};

struct endpoint_subset {
	uint32_t endpoint_count;
	uint16_t port_count;
	struct slice_endpoint *endpoints; /* owned */
	struct slice_port *ports;         /* owned */
};

/* An EndpointSlice of either kind, or an Endpoints object in the same shape. */
struct endpoint_slice {
	struct object object;
	const char *service_name; /* interned: label kubernetes.io/service-name, or the name of the Endpoints; NULL: of no Service */
	const char
	        *import_name; /* interned: label multicluster.kubernetes.io/service-name: the ServiceImport that it is of; NULL: of none */
	const char *cluster;  /* interned: label multicluster.kubernetes.io/source-cluster; NULL: none */
	uint16_t changed_ms;  /* beyond object.changed_s */
	bool skip_mirror;     /* Endpoints that the mirroring controller leaves alone (semantics 11.11) */
	uint32_t subset_count;
	struct endpoint_subset *subsets; /* owned */
};

/* StatefulSet, Deployment, ReplicaSet, ReplicationController, DaemonSet, Job: desired state, from which manifest loading simulates pods. */
struct workload {
	struct object object;
	uint32_t replicas; /* how many pods there are at a time; a DaemonSet's: on each Node */
	uint32_t ordinals_start;
	bool indexed;             /* a Job with completionMode Indexed: its pods have numbers */
	const char *service_name; /* interned; StatefulSet's spec.serviceName; NULL: none */
	/* spec.selector.matchLabels, a ReplicationController's spec.selector; NULL of a Job but for manualSelector: what else it would
	 * select, by the uid of the Job, no other Pod has */
	const struct label_set *selector;
	const struct label_set *node_selector; /* the template's nodeSelector; NULL: any Node */
	const char *owner_kind, *owner_name;
	struct pod *template_pod; /* owned: labels, hostname, subdomain, ports, dns, hostNetwork of the template; no name, no IPs */
};

/* An object of that kind with nothing in it: all zero but the kind. NULL: out of memory. */
struct object *object_new(enum object_kind kind);

/* The interned set of these n ports, whose names (in strings of the caller) are interned by this call; NULL if n is 0 or out of memory. */
const struct pod_ports *pod_ports_intern(struct intern *pool, const struct pod_port *ports, size_t n);
void pod_ports_unref(struct intern *pool, const struct pod_ports *ports);

/* Frees what an endpoint owns, not itself. */
void slice_endpoint_clear(struct slice_endpoint *e, struct intern *pool);

/* Frees the object and gives its interned strings back. Takes NULL. */
void object_free(struct object *o, struct intern *pool);

/* True if every pair of selector is among labels; a NULL selector matches nothing. */
bool selector_matches(const struct label_set *selector, const struct label_set *labels);

/* The value of a label, borrowed from the set, which may be NULL; NULL: it has none. */
const char *label_set_value(const struct label_set *set, const char *key);

/* An interned set of n pairs (in any order; their strings are interned by this call); NULL if n is 0 or out of memory. Of pairs with
 * one key, the last by value stays. */
const struct label_set *label_set_intern(struct intern *pool, const struct label *pairs, size_t n);

/* base and these n pairs, which count where base has the key too. The result is interned. NULL: out of memory. */
const struct label_set *label_set_with(struct intern *pool, const struct label_set *base, const struct label *pairs, size_t n);
void label_set_unref(struct intern *pool, const struct label_set *set);

/* "Service", "Pod", … */
const char *object_kind_name(enum object_kind kind);
const char *object_kind_api_version(enum object_kind kind); /* "apps/v1" */

/* One of the kinds that make pods: StatefulSet, Deployment, … */
bool object_is_workload(const struct object *o);

/* The kind of workload that has this name ("StatefulSet"); OBJECT_KINDS: none has. */
enum object_kind workload_kind(const char *name);
