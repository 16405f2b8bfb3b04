/* reload.h - the configuration that is served, and the next one. What a Corefile says is read again when it may have changed, built beside
 * what is served, and adopted when all its clusters have been read. Until then, and where anything of it is wrong, what was served before
 * goes on. Blocks that say the same of a cluster keep it, with its watches. Control thread. */
#pragma once
#include "sites.h"

struct reload;

/* What a cluster's first complete reading, or a new configuration, is told to. */
struct reload_events {
	void (*adopted)(void *arg);                                            /* another configuration is served */
	void (*given_up)(void *arg);                                           /* what was to be served is not */
	void (*cluster_read)(void *arg, const struct cluster *c, unsigned ms); /* one of those that are served, as in cluster_read */
	void *arg;
};

/* Finds the first configuration and makes its clusters. o, the loop and the log of queries are borrowed. An error: diag says why; *out is NULL. */
enum err reload_new(uv_loop_t *loop, const struct options *o, struct query_log *log, const struct reload_events *events,
                    struct reload **out, struct diag *d);

/* Watches its clusters, unless they are made of manifests. */
enum err reload_watch(struct reload *r, struct diag *d);

/* Has it served, with its pages; from then on the Corefile is looked at as often as it says itself. */
enum err reload_serve(struct reload *r, struct server *server, struct admin *admin, struct diag *d);

/* Reads the Corefile now, also where it says what it said before: names of interfaces and kubeconfig files may mean something else. */
void reload_now(struct reload *r);

/* Another configuration is on its way; adopted() or given_up() tells what becomes of it. */
bool reload_pending(const struct reload *r);

/* For server_options: arg is a struct reload *. */
void reload_on_replaced(void *arg, void *owner);

#define RELOAD_HASH_MAX 17

struct reload_status {
	uint64_t adopted, failed; /* configurations after the first, and tries that came to nothing; each file that is wrong counts once */
	char hash[RELOAD_HASH_MAX]; /* of what the Corefile says that is served, in hexadecimal digits; "": there is none */
};

/* How reloading is getting on. Control thread. */
void reload_status(const struct reload *r, struct reload_status *out);

/* What is served. */
const struct sites *reload_sites(const struct reload *r);

/* Ends watches and timers; the loop must then turn until they are closed. Takes NULL. */
void reload_stop(struct reload *r);

/* After the server is gone. Takes NULL. */
void reload_free(struct reload *r);
