/* streams.h - connections to one upstream, TCP or TLS over TCP: none until one is needed, STREAMS_MAX at most. CoreDNS and others answer what comes over a
 * connection one after the other, so each has one query at a time and others wait for a connection to be free, until answers have come out of
 * order: then the upstream works on several, and connections are shared. */
#pragma once
#include "attempt.h"
#include "base/buffer.h"
#include "base/err.h"
#include "tls/tls.h"
#include "wheel.h"
#include "worker.h"

#define STREAMS_MAX       8
#define STREAM_SHARED_MAX 64 /* attempts on one connection, once they are shared */
#define STREAM_TRIALS     16 /* how often a second query is put on a busy connection to see which answer comes first */

struct stream {
	uv_poll_t poll;
	int fd;
	struct forward_worker *worker;
	struct channel *channel;
	struct tls *tls;         /* NULL: plain TCP */
	struct attempts waiting; /* sent or in `out`, in the order of asking */
	unsigned count;          /* of them */
	unsigned owed;           /* replies that are still to come to attempts that ended without */
	bool connected, up,
	        answered; /* up: and hands were shaken; answered: it has given a reply, so it is the upstream's way to close it when it likes */
	bool has_handler;   /* a handler is in it */
	bool closed;        /* it goes once the handler is done */
	uint64_t opened_ms; /* of the loop's clock */
	int watched;        /* events that libuv polls for */
	struct buffer in, out;
	size_t out_at; /* octets of out that were written */
	LIST_ENTRY(stream) siblings;
	struct deadline expiry; /* set while nothing waits for it */
};

struct streams {
	LIST_HEAD(stream_list, stream) open;
	unsigned count;
	struct attempts queue; /* those for which no connection is free */
	bool shares;           /* answers came out of order */
	unsigned trials;       /* left */
};

/* There is no connection yet. */
void streams_begin(struct streams *t);

/* Has e go out, at once or when a connection is free. ERR_NOMEM, ERR_SYS: there is no connection. */
enum err streams_send(struct streams *t, struct channel *c, struct attempt *e);

/* An attempt that went over s has left its list, with its reply or without. A connection that owes a reply is not free: it would make the next
 * wait. It is closed if it does not come for FORWARD_TRY_MS_MAX. */
void streams_forget(struct stream *s, bool replied);

/* Closes all, which have no attempts any more. */
void streams_end(struct streams *t);
