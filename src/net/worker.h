/* worker.h - one event loop on a thread of its own, with its sockets. Made, started and freed by the control thread. */
#pragma once
#include "responder.h"
#include "tcp.h"
#include "udp.h"

struct worker;

struct worker_options {
	struct responder responder;
	enum err (*begin)(void *arg, unsigned worker, uv_loop_t *loop); /* as in net_options; may be NULL, as end */
	void (*end)(void *arg, unsigned worker);
	struct tcp_limit *tcp_limit; /* shared by all workers; must outlive them */
};

/* The sockets of one address on one worker. */
struct worker_sockets {
	struct udp_listener *udp; /* NULL: it has TLS */
	struct tcp_listener *tcp;
};

/* ERR_NOMEM, or ERR_SYS where the system gives no event loop, or what begin returned. */
enum err worker_new(const struct worker_options *options, struct worker **out, struct diag *d);

/* Opens the sockets of an address; nothing is read from them yet. index: the address's, for the handler. Control thread, at any time. Errors as of
 * socket_open_udp(), or ERR_NOMEM; then nothing is open. */
enum err worker_open(const struct worker *w, const struct net_address *a, unsigned index, struct worker_sockets *out, struct diag *d);

/* Closes sockets that were not begun. */
void worker_discard(struct worker_sockets *s);

/* Reads from them, from now on; they are the worker's. On its thread, or before the start. ERR_SYS: the system refuses to poll, and they are closed. */
enum err worker_begin(struct worker *w, struct worker_sockets *s);

/* The terms of all addresses by their index, to be freed by free(); returns those before, NULL at first. On its thread, or before the start. */
struct net_terms *worker_set_terms(struct worker *w, struct net_terms *terms, unsigned count);

/* From here on all belongs to the worker's thread. That thread has the signal mask of the caller. */
enum err worker_start(struct worker *w, struct diag *d);

/* As net_post(). */
void worker_post(struct worker *w, struct net_call *c);

/* On the worker's thread: answers what was received at that address, and forgets it. */
void worker_retire(struct worker *w, unsigned address);

/* Tells it to answer what was received and to end; returns at once. To be followed by worker_free(). */
void worker_stop(struct worker *w);

/* Waits for the thread's end, if it was started. Takes NULL. */
void worker_free(struct worker *w);
