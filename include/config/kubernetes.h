/* kubernetes.h - the values of a `kubernetes` block: checked, plain, with their defaults, in one place. What it says of CoreDNS's directives
 * is what CoreDNS 1.15 does with them; the rest is ours. Owns all its texts and names. Control thread only. */
#pragma once
#include "base/diag.h"
#include "config/list.h"
#include <stdbool.h>
#include <stdint.h>

enum kubernetes_pods { KUBERNETES_PODS_DISABLED, KUBERNETES_PODS_INSECURE, KUBERNETES_PODS_VERIFIED };

/* Where the endpoints of a Service come from: its Pods, or EndpointSlices alone. */
enum kubernetes_endpoints { KUBERNETES_ENDPOINTS_PODS, KUBERNETES_ENDPOINTS_SLICES };

/* `k8s_external [ZONE...] { ... }`, which is written beside `kubernetes`: zones of the Services' addresses outside. */
struct external_options {
	struct name_list zones; /* none: there is none */
	char *apex;             /* `apex LABEL`: that of the name server's name; "dns" */
	uint32_t ttl_s;         /* `ttl SECONDS`, 0 to 3600 */
	bool headless;
	bool fallthrough; /* `fallthrough [ZONES]` */
	struct name_list fallthrough_zones;
	uint64_t given; /* private: which of its lines were given */
};

struct kubernetes_options {
	/* --- which names --- */
	struct name_list zones; /* at least one that is no reverse zone; ranges (10.96.0.0/12) have become the reverse zones they cover */
	struct name_list multicluster;      /* `multicluster ZONES`: those of the zones that are of that kind */
	bool fallthrough;                   /* `fallthrough [ZONES]`: what does not exist goes on to who is next */
	struct name_list fallthrough_zones; /* below these; none: everywhere */
	enum kubernetes_pods pods;          /* `pods disabled|insecure|verified` */
	bool endpoint_pod_names;
	bool noendpoints;
	bool ignore_empty_service; /* `ignore empty_service` */
	bool zonal;
	bool svcb; /* ours: HTTPS and SVCB records of Services with a port of that name */

	struct external_options external;

	/* --- how they are answered --- */
	uint32_t ttl_s;          /* `ttl SECONDS`, 0 to 3600 */
	uint32_t negative_ttl_s; /* ours: TTL of the SOA in negative answers; the lesser of ttl and 5 where nothing was said */
	unsigned max_answers;    /* ours: records in an answer section at most; 0: no bound */
	uint64_t hold_ms;        /* ours: `hold DURATION`: who asks for a pod that is not ready yet waits so long for it; 0: not */
	bool ede;                /* ours: `ede on|off`: negative answers say why (RFC 8914) */
	bool search_fallback; /* ours: `search_fallback on|off`: names that exist nowhere are looked for below the client's search list */
	bool compat_coredns;  /* ours: `compat coredns`: CoreDNS's behaviour also where ours differs from it */

	/* --- which objects --- */
	enum kubernetes_endpoints endpoints; /* ours: `endpoints pods|slices` */
	struct text_list namespaces;         /* `namespaces NAME...`: these alone; none: all */
	char *namespace_labels;              /* a label selector as the API server takes it; NULL: all. Not beside namespaces */
	char *labels;                        /* the same, for Services, EndpointSlices and names of Pods by address */

	/* --- the API server --- */
	char *endpoint;                    /* `endpoint URL`; NULL: the cluster we run in. A kubeconfig goes before it */
	char *tls_cert, *tls_key, *tls_ca; /* `tls CERT KEY CACERT`: files, each may be ""; they count where endpoint does */
	char *kubeconfig, *context;        /* `kubeconfig FILE [CONTEXT]`; context NULL: its current-context; FILE "": kubectl's */
	double apiserver_qps;              /* requests a second at most; 0: no bound, but client-go's 5 where there is a burst */
	unsigned apiserver_burst;          /* as many at once before qps counts; 0: client-go's 10 where there is a qps */
	unsigned apiserver_max_inflight;   /* requests under way at once; 0: no bound */
	uint64_t
	        handover_ms; /* ours: `handover DURATION`: how long what one event takes away is kept, where another may bring it; 0: not */
	uint64_t startup_timeout_ms; /* how long the start waits for the first lists */
	uint64_t list_progress_ms;   /* ours: `list_progress DURATION`: how long a list may bring no object */
	uint64_t list_timeout_ms;    /* ours: `list_timeout DURATION`: until it must be whole */
	unsigned list_max_objects;   /* ours: `list_max OBJECTS [MIB]`: how much there may be in one */
	unsigned list_max_mib;
	char *snapshot; /* ours: file that the cache is kept in over a restart; NULL: none */
	uint64_t given; /* private: which of its lines were given, also where they say what is the default */
};

/* All defaults; no zones yet. */
void kubernetes_options_init(struct kubernetes_options *o);

/* Frees what it owns. All zero is allowed. */
void kubernetes_options_clear(struct kubernetes_options *o);

/* What one line of the block says: its first word and the others. ERR_SYNTAX, ERR_RANGE: o is as it was, and diag says what is
 * wanted, and for a slip of the keyboard what may be meant; ERR_NOMEM may have set a part. */
enum err kubernetes_set(struct kubernetes_options *o, const char *directive, const char *const *words, unsigned count, struct diag *d);

/* The i-th directive and its arguments, as they are written ("ttl", "SECONDS"; placeholders in capitals, "a|b" for one of these, "" for none).
 * False: there are no more. */
bool kubernetes_directive(unsigned i, const char **name, const char **arguments);

/* After the last of them: what goes together, and what depends on others. Where no zones were given these are taken. */
enum err kubernetes_options_finish(struct kubernetes_options *o, const struct name_list *zones, struct diag *d);

/* The first directive that was given, whatever it says, and counts only where there is an API server; NULL: none. */
const char *kubernetes_of_clusters_only(const struct kubernetes_options *o);

/* All defaults; no zones yet. ERR_NOMEM. */
enum err external_options_init(struct external_options *o);
void external_options_clear(struct external_options *o);

/* As those of kubernetes. */
enum err external_set(struct external_options *o, const char *directive, const char *const *words, unsigned count, struct diag *d);
enum err external_options_finish(struct external_options *o, const struct name_list *zones, struct diag *d);

#define KUBERNETES_HOLD_MAX_MS 4000 /* a stub resolver gives up after 5 s */

#define KUBERNETES_ZONES_MAX 255

/* Octets of a zone that names can be served of: what we name below it ourselves is a name then. */
#define KUBERNETES_ZONE_MAX 120

/* Adds a zone as CoreDNS writes them: a domain name, or a range, which stands for the reverse zones that it covers. ERR_NOMEM, ERR_SYNTAX,
 * ERR_RANGE. */
enum err kubernetes_add_zone(struct name_list *zones, const char *text, struct diag *d);
