/* worker.h - one event loop on a thread of its own, with its sockets. Made, started and freed by the control thread. */
#pragma once
#include "responder.h"
#include "tcp.h"

struct worker;

struct worker_options {
	struct responder responder;
	struct tcp_limit *tcp_limit; /* shared by all workers; must outlive them */
	unsigned tcp_idle_s;
	unsigned address_count; /* as many sockets of each kind may be added */
};

/* ERR_NOMEM, or ERR_SYS where the system gives no event loop. */
enum err worker_new(const struct worker_options *options, struct worker **out, struct diag *d);

/* Before the start. Both take fd, also on failure. address: its number, for the handler. */
enum err worker_add_udp(struct worker *w, int fd, unsigned address, bool wildcard, struct diag *d);
enum err worker_add_tcp(struct worker *w, int fd, unsigned address, struct diag *d);

/* From here on all belongs to the worker's thread. That thread has the signal mask of the caller. */
enum err worker_start(struct worker *w, struct diag *d);

/* Tells it to answer what was received and to end; returns at once. To be followed by worker_free(). */
void worker_stop(struct worker *w);

/* Waits for the thread's end, if it was started. Takes NULL. */
void worker_free(struct worker *w);
