/* store.h - the endpoint cache: objects by kind, and the join of Pods to Services by the rules of the EndpointSlice controller
 * (k8s.io/endpointslice). Changes mark the Services they touch; store_flush() recomputes just those and hands each over whole.
 * Knows nothing of DNS. Control thread only. */
#pragma once
#include "kube/object_sink.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One port of an endpoint, resolved. */
struct endpoint_port {
	const char *name; /* borrowed, interned; "" if unnamed */
	uint16_t port;    /* the endpoint's own port (target port) */
	uint8_t protocol; /* enum protocol */
};

enum endpoint_state {
	ENDPOINT_READY,
	ENDPOINT_NOT_READY,   /* also a pod that has no address yet: it exists, so its absence must not be remembered */
	ENDPOINT_TERMINATING, /* a pod being deleted, and not ready (publishNotReadyAddresses makes it READY) */
};

/* One endpoint: what an EndpointSlice's endpoint would say. */
struct endpoint {
	uint8_t state;      /* enum endpoint_state; only READY ones are served */
	bool home;          /* its pod names the Service as its subdomain; a slice says so only of a pod that has a hostname */
	uint8_t addr_count; /* READY: at least 1; a pod without an address: 0 */
	uint16_t port_count;
	const struct addr *addrs; /* pods: of the families the Service has; slices: what they say; canonical */
	const char *hostname;     /* NULL: none */
	const char *target_name;  /* of the pod, or of what else a slice says that it is; NULL: unknown */
	const char *cluster;      /* of a ServiceImport's: which cluster of the set it is in; NULL: unknown, or the Service is no import */
	const char *zone;         /* NULL: unknown; of a pod: what a slice of the Service says of it */
	const struct endpoint_port *ports; /* often shared with other endpoints: compare the pointer first */
	uint64_t changed_ms;               /* when its pod or slice came to say so, since 1970; 0: unknown */
};

/* A Service, or a ServiceImport (its object's kind says which; endpoints are those of slices), with all its endpoints. Borrowed: good
 * during the callback. Endpoints are in a stable order, which depends on the objects alone: pods by name, then slices by name. */
struct service_view {
	const struct service *service;
	const struct endpoint *endpoints;
	size_t count;
	/* endpoint.changed_ms of the newest change of a ready endpoint that no earlier view of the Service had; 0: unknown, or there is none, or it
	 * is the first view. */
	uint64_t changed_ms;
};

struct store_callbacks {
	/* The Service is new or something of it changed. An error leaves it marked, and store_flush() returns it. */
	enum err (*service_changed)(void *arg, const struct service_view *view);
	/* It is gone. The strings are good during the call. kind: OBJECT_SERVICE or OBJECT_SERVICE_IMPORT. */
	void (*service_gone)(void *arg, enum object_kind kind, const char *ns, const char *name);
	/* A namespace came into being or vanished. A flush tells of additions before all Services, and of removals after them. An error of an addition
	 * leaves it to the next flush, and store_flush() returns it. */
	enum err (*namespace_changed)(void *arg, const char *ns, bool exists);
	/* A pod of the namespace has its addresses (there), or has them no longer (not there, which cannot fail). Of pod, only ips, ip_count and
	 * host_network are as they were when it was told. It is told at once, not on the
	 * flush, and new addresses before old ones. Two kinds of pods are not told of: those whose phase is neither Pending nor Running, and those
	 * that were already being deleted when they were first seen. An error leaves the store as it was. NULL: nobody wants to know. */
	enum err (*pod_addresses)(void *arg, const char *ns, const struct pod *pod, bool there);
	/* True if the addresses of pods with these labels (NULL: none) are told. The answer depends on the labels alone. NULL: all are told. */
	bool (*pod_counts)(void *arg, const struct label_set *labels);
	void *arg;
};

struct store;
struct namespace_entry;

/* The rules for a cluster that is watched. Manifests say everything at once, and have none of them: all zero.
 *
 * Events of objects that belong together come one by one, in any order. Two of these orders would make a live pod's name vanish for a moment, so
 * what they take away is kept for a while:
 * - A Service's selector becomes one that no ready pod has. The events of the pods' labels, which were
 *   changed before, may still be on their way. So the Service stays as it was until a ready pod has the new selector, at most for selector_ms. A
 *   Service that loses its selector and has pods stays as it was until the controller's slices have been swept (store_sweep), at most for
 *   slices_ms. A Service whose selector changes again meanwhile may be empty for a moment.
 * - A ready endpoint vanishes from a slice, and may be about to appear in another one. That is so if the Service has another slice of the same
 *   sort and family, or if the whole slice was deleted. The endpoint then stays until no slice that counts has changed for moved_ms, at most for
 *   moved_max_ms. It goes at once if it is certainly gone: it was not ready, or it appears as not ready, or its pod appears with another
 *   address. */
struct store_rules {
	bool namespaces_by_object; /* a namespace exists while its Namespace object does; else: while any object names it */
	unsigned selector_ms, slices_ms, moved_ms, moved_max_ms; /* 0: no such waiting */
};

struct store *store_new(struct intern *pool, const struct store_callbacks *callbacks); /* NULL: out of memory */
void store_free(struct store *s);                                                      /* takes NULL; calls nothing back */

void store_set_rules(struct store *s, const struct store_rules *rules); /* before the first object */

/* Endpoints of Services with a selector come from the controller's slices instead of Pods, or again from Pods. Marks those Services. Does nothing
 * where it is so already. The store alone remembers it, and a snapshot has it too. */
void store_use_slices(struct store *s, bool use);

/* Adds or replaces the object of that kind, namespace and name, and takes it (also on error: it is then freed, and the store is as
 * it was). An object that changes nothing we serve marks nothing. Kinds the store has no use for (Node, workloads) only make their
 * namespace exist. */
enum err store_upsert(struct store *s, struct object *o);

/* Removes it; nothing happens if it is not there. */
void store_delete(struct store *s, enum object_kind kind, const char *ns, const char *name);

/* A list follows that is the whole truth about these kinds: mark, upsert all, and sweep what was not upserted since. In place: what
 * is equal stays as it is, and names stay served throughout. kinds: bits 1 << enum object_kind. */
#define STORE_EVERY_KIND ((1U << OBJECT_KINDS) - 1)
void store_mark(struct store *s, unsigned kinds);
void store_sweep(struct store *s, unsigned kinds);

/* The store as what a source gives its objects to: the functions above, of one kind each. Good while the store lives. */
struct object_sink store_sink(struct store *s);

/* Ends what has been waited for long enough, marking its Services; to be called before each flush. now_ms: of a clock that does not go back.
 * Returns after how many milliseconds to call again; UINT_MAX: nothing waits. */
unsigned store_settle(struct store *s, uint64_t now_ms);

/* Recomputes every marked Service and calls back. On an error those not done stay marked: call again. */
enum err store_flush(struct store *s);

/* What a flush may take at once, where the thread has other work too. A tenant that changes many Services, or large ones, then does not
 * keep others waiting: namespaces take turns, Services with up to dear_endpoints endpoints come before the others, which are dear, and
 * these take no more than a share of the time, but for a burst. A change of a dear Service is told after what those that wait before it
 * take, which is in the worst case divided by the share. Whatever changed in the meantime is told along with it. */
struct store_pace {
	uint64_t (*now_us)(void *arg); /* a clock that does not go back */
	void *arg;
	unsigned turn_us;        /* after so long, the rest waits for the next turn: one Service more at most, of either kind */
	unsigned dear_endpoints; /* of a Service as of its last flush; 0: none is dear */
	unsigned dear_percent;   /* 1 to 100: of the time, for all dear ones together */
	unsigned dear_burst_us;  /* so far they may be ahead of that */
};
void store_set_pace(struct store *s, const struct store_pace *pace); /* before the first object */

/* Recomputes as many of the marked Services as a turn may, and calls back. *again_ms: after how many milliseconds to call again; UINT_MAX:
 * nothing is left. On an error as store_flush(). */
enum err store_flush_turn(struct store *s, unsigned *again_ms);

struct store_counts {
	size_t services, pods, slices, namespaces; /* as of now; Endpoints objects are not slices */
	size_t endpoints;                          /* ready ones, over all Services, as of the last flush */
};
/* How much there is now. */
struct store_counts store_counts(const struct store *s);

/* There is an object of that kind, namespace and name. */
bool store_knows(const struct store *s, enum object_kind kind, const char *ns, const char *name);

/* What there is of a kind, as of now. Of kinds the store has no use for, too. */
struct object_amount store_amount(const struct store *s, enum object_kind kind);

/* Look-ups of objects as they are; NULL: none. Borrowed until the next call that changes the store. */
const struct service *store_service(const struct store *s, const char *ns, const char *name);
const struct pod *store_pod(const struct store *s, const char *ns, const char *name);

/* Calls back with the Service and its endpoints as they are now, whether they have been flushed or not; returns what that returned.
 * ERR_MISSING: there is none. Takes as long as a flush of this Service. */
enum err store_view(const struct store *s, const char *ns, const char *name, enum err (*visit)(void *arg, const struct service_view *view),
                    void *arg);

/* Every Service as it came last, in no order: start with *cursor = 0, until NULL. The store must not change meanwhile. */
const struct service *store_each_service(const struct store *s, size_t *cursor);

/* Every object that is neither a Service nor a Pod, in the same way. */
const struct object *store_each_other(const struct store *s, size_t *cursor);

/* A walk over all pods. All zero: before the first. */
struct store_cursor {
	const struct namespace_entry *ns;
	size_t namespaces;
	uint32_t block, at;
};

/* Every pod, until NULL; those of a namespace together, by name. The store must not change meanwhile. */
const struct pod *store_each_pod(const struct store *s, struct store_cursor *cursor);
