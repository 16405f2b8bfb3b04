/* server.h - the server blocks and their listeners: which block answers a query, and with which cluster. One per process; every function is
 * for the thread that made it, the control thread, but for the answering, which net's workers do. */
#pragma once
#include "base/diag.h"
#include "cluster/cluster.h"
#include "config/errors.h"
#include "config/kubernetes.h"
#include "dns/name.h"
#include "net/net.h"
#include "server/step.h"
#include "server/tally.h"
#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s;        /* libuv's uv_loop_t */
struct timeouts_options; /* config/directive.h */
struct view_options;     /* the same */

struct server_options {
	unsigned workers; /* 0: net_default_workers() */
	unsigned tcp_connections_max, tcp_idle_s;
	unsigned pending_max; /* queries of one worker that wait at once (step.h); default if 0: 4,096. A quarter may be one client's */
	/* Sees every query that is done, once, where it ends: on the worker's thread, in a read section; must not wait. reply and reply_len are the
	 * response, 0 octets where none is sent; query.rcode and query.absence say what it was counted as (query.h). What is malformed has
	 * no more of request than was read. Sub-queries are not seen. NULL: nobody looks. */
	void (*done)(void *arg, unsigned worker, const struct exchange *x);
	void *done_arg;
	/* The same of queries whose block has a log, which it is called with: server_block.log. */
	void (*logged)(void *arg, unsigned worker, const struct exchange *x, const void *log);
	void *logged_arg;
	/* For those who call server_adopt() more than once: the control thread's loop, and what is called there when no worker uses an earlier
	 * configuration any more; owner is what it was adopted with. */
	struct uv_loop_s *loop; /* NULL: it is called once */
	void (*on_replaced)(void *arg, void *owner);
	void *arg;
};

/* At these addresses, what is in one of these zones; without zones everything. */
struct server_place {
	struct name_list zones;
	const struct net_address *addresses;
	unsigned address_count;
};

/* A block of a Corefile, or what stands for one. It answers what comes to its places, where no other block has a longer zone at the same address.
 * Copied, but for the steps' selves. */
struct server_block {
	const struct server_place *places;
	unsigned place_count;
	const struct server_step *steps; /* in the order in which they are asked; without any, every query is refused */
	unsigned step_count;
	bool counted; /* its queries are (server_tally) */
	/* What server_each_step() tells beside the steps, each name once; NULL ends it. Borrowed; NULL: nothing */
	const char *const *named;
	struct identity *identity;               /* of its addresses with TLS (tls/identity.h). Borrowed; NULL: it has none of them */
	const struct timeouts_options *timeouts; /* of TCP at its addresses; NULL: it has nothing to say. Only read by server_add_block() */
	const struct view_options *view;         /* it answers those queries alone for which this holds; NULL: all. Borrowed */
	const struct errors_options *errors;     /* what is logged of queries that fail (exchange_fail); NULL: nothing. Borrowed */
	const void *log;       /* what its queries are shown to server_options.logged with; NULL: they are not. Borrowed */
	bool ede;              /* who is refused is told why (query.h) */
	bool outside_nxdomain; /* query.h */
};

struct server;

/* A server without blocks that listens nowhere. ERR_NOMEM, ERR_SYS. */
enum err server_new(const struct server_options *options, struct server **out, struct diag *d);

/* Stops the listeners, answering what was received, and closes what it has on the loop, which must turn once more. Takes NULL. */
void server_stop(struct server *s);

/* Stops the listeners, if need be, and frees everything; to be called before the clusters are freed. Takes NULL. */
void server_free(struct server *s);

/* Adds to the configuration that is to be adopted; takes the steps that are owned, also where it fails. ERR_NOMEM, or ERR_EXISTS where it, or another block, has that zone at one of the addresses
 * already. */
enum err server_add_block(struct server *s, const struct server_block *block, struct diag *d);

/* Makes the blocks that were added what is served, in place of those before: whole, or on an error nothing changes (then server_discard()
 * is to be called). The first time this opens the listeners and starts the workers. Later ones open the addresses that are new and close
 * those that are gone; every query is answered by the old blocks or by the new ones, and no listener that stays is closed. The NS of a
 * cluster's zone becomes what its block's addresses stand for (zone.h); a wildcard stands for the machine's addresses. What the blocks
 * borrow must live until on_replaced was called with owner, or until server_free(). */
enum err server_adopt(struct server *s, void *owner, struct diag *d);

/* Forgets the blocks that were added and not adopted. */
void server_discard(struct server *s);

/* What it listens on, ports filled in; as net_addresses(). */
const struct net_address *server_addresses(const struct server *s, unsigned *count);

/* What its workers have counted by route. */
const struct tally *server_tally(const struct server *s);

/* What an address is called in the label "server", as CoreDNS says it: "dns://:53" for every address of a family, "dns://10.0.0.1:53", "dns://[::1]:53",
 * "tls://:853". */
#define SERVER_LABEL_MAX 80
void server_label(const struct net_address *a, char text[SERVER_LABEL_MAX]);

/* Calls with each step of the blocks that are counted, and what else they name (server_block.named), at each of their zones: labels as in tally.h, and
 * what the step is called. Each once. */
typedef void server_step_visit(void *arg, const char *server, const char *zone, const char *view, const char *step);
void server_each_step(const struct server *s, server_step_visit *visit, void *arg);

/* How queries ended since the start, all workers together. Control thread. */
struct server_counts {
	uint64_t ended[ABSENCES][QUERY_RCODES]; /* as query_counters.ended: each query is counted at one place */
	uint64_t unsent;                        /* so many of those had a response over UDP that the system did not take */
};
void server_count(const struct server *s, struct server_counts *counts);

/* The same, by the reason for a "no" alone. */
void server_absences(const struct server *s, uint64_t counts[ABSENCES]);

/* How many queries `hold` keeps waiting at the moment. Control thread. */
unsigned server_held(const struct server *s);

/* One line for each block: where it listens while its cluster is still being read; and, for debugging, one for each zone. */
void server_log_listening(const struct server *s);

/* One line: what is served of the cluster, where, and after how many milliseconds. */
void server_log_start(const struct server *s, const struct cluster *c, unsigned ms);
