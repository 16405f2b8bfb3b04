/* board.h - what the pages say at the moment, for all listeners; they read it on their threads, the control thread writes it. One lock, held for
 * moments, which nothing on a query's way takes. */
#pragma once
#include "admin/admin.h"
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

/* A text of /metrics, shared by all who waited for it. */
struct scrape;

/* A request that waits for one; its connection is suspended meanwhile. */
struct asker {
	TAILQ_ENTRY(asker) next;
	struct MHD_Connection *connection;
	const void *listener;
	struct scrape *scrape; /* NULL: it is refused, or still waits */
};

struct board {
	const struct admin_options *options;
	pthread_mutex_t lock;
	TAILQ_HEAD(, asker) askers;
	char *unready; /* NULL: ready */
	atomic_bool ending;
	_Atomic(uint64_t) health_counts[ADMIN_HEALTH_BOUNDS + 1], health_ns, health_failures;
};

/* ERR_NOMEM, ERR_SYS. */
enum err board_init(struct board *b, const struct admin_options *options);

/* When no listener is left. */
void board_clear(struct board *b);

/* A response of the text; NULL: out of memory. Any thread. */
struct MHD_Response *board_response(const char *text, const char *type);

/* /ready. NULL: out of memory. Any thread. */
struct MHD_Response *board_ready(struct board *b, unsigned *status);

/* On a listener's thread, in its request handler: suspends the connection until board_publish() or board_refuse(), after which the handler
 * is called again. False: there will be no text. */
bool board_ask(struct board *b, struct asker *a);

/* Then: the response, borrowed from a; NULL: there is none. */
struct MHD_Response *board_scraped(const struct asker *a);

/* Lets go of it; for any asker, once. */
void board_thank(struct board *b, struct asker *a);

/* Gives all who wait this text, which is board's from here on. Control thread. */
void board_publish(struct board *b, struct buffer *text);

/* Nobody at this listener waits any more, nor will; NULL: at none. */
void board_refuse(struct board *b, const void *listener);
