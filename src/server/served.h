/* served.h - a whole configuration as it is served: server blocks, and for each address which of them answers what. The control thread makes it, whole
 * or not at all; from then on it is only read. Several may be in use at a time: each worker goes on to the next by itself, between two batches. */
#pragma once
#include "plan.h"
#include "routes.h"
#include "self.h"
#include "server/server.h"
#include <stdatomic.h>
#include <sys/queue.h>

struct block {
	struct plan *plan;
	const struct view_options *view;
	unsigned *listeners; /* positions in those of served, of its addresses */
	unsigned listener_count;
};

/* What is the same for all that comes to one address. */
struct listener {
	struct net_address address; /* as it was asked for */
	struct net_terms terms;
	unsigned index;       /* as net calls it; set by served_place() */
	struct routes routes; /* to struct plan */
};

/* What one worker has of a configuration. Its thread's. */
struct served_hold {
	_Alignas(64) unsigned pending; /* queries that wait for it */
	void **slots;                  /* the steps' states; NULL: not begun */
	struct served_hold *leaving;   /* the next one that the worker is about to leave */
	struct served *served;
};

struct served {
	SLIST_ENTRY(served) older;
	struct block **blocks;
	unsigned block_count;
	unsigned slot_count;       /* of all plans */
	bool shown;                /* all its queries, to server_options.done */
	struct uv_async_s *failed; /* as failures.h has it; NULL: nobody says counts */
	struct listener *listeners;
	unsigned listener_count;
	const struct routes **by_index; /* of an address, by what net calls it; NULL: not ours */
	unsigned index_count;
	struct served_hold *holds; /* by worker */
	unsigned hold_count;
	atomic_uint workers;   /* that answer with it, or will when somebody who waits goes on */
	struct server *server; /* that serves it */
	void *owner;           /* of what it borrows; for server_options.on_replaced */
};

/* Without blocks. NULL: out of memory. */
struct served *served_new(bool shown, struct uv_async_s *failed);
void served_free(struct served *v); /* takes NULL */

/* As server_add_block(). */
enum err served_add_block(struct served *v, const struct server_block *block, struct diag *d);

/* After the last block: what net calls the addresses, by their position. ERR_NOMEM. */
enum err served_place(struct served *v, const unsigned *index);

/* After the last block: prepares it for so many workers. ERR_NOMEM. */
enum err served_hold(struct served *v, unsigned workers);

/* The worker has no more use for it: its steps' states end. On the worker's thread. */
void served_end_steps(struct served *v, unsigned worker);

/* Tells the zones of each block where they are served, those that are told something new. ERR_NOMEM. */
enum err served_tell_zones(const struct served *v);

/* Says what of failures is due; when to call it again (UINT64_MAX: there is nothing). */
uint64_t served_tick_failures(const struct served *v, uint64_t now_ms);
