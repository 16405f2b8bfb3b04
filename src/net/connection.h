/* connection.h - one TCP connection of a worker. A state of few parts: what was read and not answered yet, what was answered and not
 * written yet. While replies wait nothing more is read, so a client that doesn't read its replies is held back by TCP itself. */
#pragma once
#include "frame.h"
#include <sys/queue.h>
#include <uv.h>

struct tcp;

/* Octets kept from one event to the next. Most connections hold none. */
struct held {
	uint8_t *bytes;
	size_t len, at; /* at: done with already */
};

struct connection {
	TAILQ_ENTRY(connection) by_activity;
	uv_poll_t poll;
	struct tcp *tcp;
	int fd;
	unsigned address;   /* of the listener, for the handler */
	int events;         /* polled for; 0: none yet */
	uint64_t active_ms; /* loop time of the last complete message, or of the last progress in writing */
	struct held input, output;
	size_t receivable; /* octets that will still be read: no limit until the server stops */
	bool ended;        /* nothing more will be read */
};

/* Takes fd, also on failure: NULL, the connection is closed. Otherwise it lives until it is closed, by itself or from outside. */
struct connection *connection_new(struct tcp *t, int fd, unsigned address);

/* Writes what waits, reads once, answers what is complete, and polls for what must come next. May close the connection. */
void connection_serve(struct connection *c);

/* Serves what has been received up to now and closes once that is answered and written. */
void connection_drain(struct connection *c);

/* Closes the socket at once; the memory goes when the loop lets go of it. */
void connection_close(struct connection *c);

/* No replies wait: closing it now loses nothing but a query cut short. */
static inline bool connection_idle(const struct connection *c)
{
	return !c->output.len;
}
