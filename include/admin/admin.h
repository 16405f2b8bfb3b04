/* admin.h - the HTTP side: /health, /ready and /metrics, at any number of addresses, each with its listener and one thread (libmicrohttpd's own).
 * Nothing here waits for the control thread, but for /metrics, which is put together there; and queries never wait for any of it.
 *
 * GET and HEAD of a page that the address has: 200, or 503 as below. Other methods: 405. Other paths: 404. A connection may be silent for
 * ADMIN_IDLE_S; an address has ADMIN_CONNECTIONS_MAX of them, and when they are all taken, the one that has been without a request for longest makes
 * room, so that nobody who keeps connections keeps probes out. A request's head may have about 4 KiB: 431 or 414.
 *
 * Functions are for the control thread, unless they say otherwise. */
#pragma once
#include "admin/address.h"
#include "admin/exposition.h"
#include "base/diag.h"

#define ADMIN_IDLE_S          10
#define ADMIN_CONNECTIONS_MAX 128

/* Pages, as a set of bits. */
#define ADMIN_HEALTH  1u /* /health: OK, while the process lives */
#define ADMIN_READY   2u /* /ready: OK, or 503 and what is not ready */
#define ADMIN_METRICS 4u /* /metrics; 503 while the process ends */

struct admin_place {
	struct admin_address address;
	unsigned pages;
};

struct admin_options {
	void (*wanted)(void *arg);                        /* from any thread: admin_collect() is to be called soon. Must not wait */
	void (*collect)(void *arg, struct exposition *e); /* in admin_collect(): writes all there is */
	void *arg;
};

struct admin;

/* Listens nowhere, and is not ready. ERR_NOMEM, ERR_SYS. */
enum err admin_new(const struct admin_options *options, struct admin **out, struct diag *d);

/* Ends all listeners. Takes NULL. */
void admin_free(struct admin *a);

/* A change of places that is being prepared; one at a time. */
struct admin_change;

/* From now on these places are wanted; those of equal addresses are one, with the pages of all. An address that is listened on already keeps its
 * listener and its connections; others are opened, and have their pages at once. diag names an address that can't be had: ERR_EXISTS, ERR_DENIED,
 * ERR_MISSING, ERR_SYS, ERR_NOMEM. Nothing has changed then and *out is NULL. */
enum err admin_change_new(struct admin *a, const struct admin_place *places, unsigned count, struct admin_change **out, struct diag *d);

/* Makes the change and frees it. Those that are gone end with their connections. Cannot fail. */
void admin_change_apply(struct admin_change *c);

/* Closes what was opened. Takes NULL. */
void admin_change_free(struct admin_change *c);

/* The addresses that are listened on, ports filled in; position counts from 0. False: there is no such. */
bool admin_bound(const struct admin *a, unsigned position, struct admin_address *address, unsigned *pages);

/* What /ready says from now on: NULL: OK; else 503 with that text, which is copied. ERR_NOMEM: it stays as it was. */
enum err admin_set_unready(struct admin *a, const char *text);

/* Answers all who wait for /metrics. */
void admin_collect(struct admin *a);

/* How long /health requests took from the request to the answer's end, and how many got none; for CoreDNS's metrics of that name. */
#define ADMIN_HEALTH_BOUNDS 5
extern const double admin_health_bounds[ADMIN_HEALTH_BOUNDS]; /* seconds */
struct admin_health_times {
	uint64_t counts[ADMIN_HEALTH_BOUNDS + 1];
	uint64_t ns; /* of all together */
	uint64_t failures;
};
void admin_health_times(struct admin *a, struct admin_health_times *out);
