#include "net/net.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "socket.h"
#include "worker.h"

#define TCP_CONNECTIONS_MAX_DEFAULT 1024
#define TCP_IDLE_S_DEFAULT          10

struct net {
	struct tcp_limit tcp_limit;
	struct net_address *addresses;
	unsigned address_count;
	unsigned worker_count; /* of those made so far */
	struct worker *workers[];
};

static struct net *net_new(const struct net_options *options)
{
	struct net *n = calloc(1, sizeof(*n) + options->workers * sizeof(n->workers[0]));
	if (!n)
		return NULL;
	n->addresses = calloc(options->address_count, sizeof(n->addresses[0]));
	if (!n->addresses) {
		free(n);
		return NULL;
	}
	memcpy(n->addresses, options->addresses, options->address_count * sizeof(n->addresses[0]));
	n->address_count = options->address_count;
	n->tcp_limit.max = options->tcp_connections_max ? options->tcp_connections_max : TCP_CONNECTIONS_MAX_DEFAULT;
	atomic_init(&n->tcp_limit.open, 0);
	return n;
}

/* All before any socket stays open, since ours may overlap: 0.0.0.0:53 beside 127.0.0.1:53. */
static enum err claim_addresses(struct net *n, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < n->address_count && !err; i++)
		err = socket_claim(&n->addresses[i], d);
	return err;
}

static enum err open_sockets(const struct net *n, struct worker *w, struct diag *d)
{
	for (unsigned i = 0; i < n->address_count; i++) {
		const struct net_address *a = &n->addresses[i];
		int fd;
		enum err err = socket_open_udp(a, &fd, d);
		if (!err)
			err = worker_add_udp(w, fd, i, socket_is_wildcard(a), d);
		if (!err)
			err = socket_open_tcp(a, &fd, d);
		if (!err)
			err = worker_add_tcp(w, fd, i, d);
		if (err)
			return err;
	}
	return OK;
}

static enum err make_workers(struct net *n, const struct net_options *options, struct diag *d)
{
	struct worker_options wo = {
	        .responder = {.handler = options->handler, .arg = options->arg},
	        .tcp_limit = &n->tcp_limit,
	        .tcp_idle_s = options->tcp_idle_s ? options->tcp_idle_s : TCP_IDLE_S_DEFAULT,
	        .address_count = n->address_count,
	};
	while (n->worker_count < options->workers) {
		struct worker **w = &n->workers[n->worker_count];
		wo.responder.worker = n->worker_count;
		enum err err = worker_new(&wo, w, d);
		if (err)
			return err;
		n->worker_count++;
		err = open_sockets(n, *w, d);
		if (err)
			return err;
	}
	return OK;
}

/* Signals are the control thread's: workers start with all of them blocked. */
static enum err start_workers(struct net *n, struct diag *d)
{
	sigset_t all, before;
	enum err err = OK;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < n->worker_count && !err; i++)
		err = worker_start(n->workers[i], d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

enum err net_start(const struct net_options *options, struct net **out, struct diag *d)
{
	struct net *n = net_new(options);
	if (!n)
		return diag_set(d, ERR_NOMEM, "cannot listen: %s", err_str(ERR_NOMEM));
	enum err err = claim_addresses(n, d);
	if (!err)
		err = make_workers(n, options, d);
	if (!err)
		err = start_workers(n, d);
	if (err) {
		net_stop(n);
		return err;
	}
	*out = n;
	return OK;
}

const struct net_address *net_addresses(const struct net *n, unsigned *count)
{
	*count = n->address_count;
	return n->addresses;
}

void net_stop(struct net *n)
{
	if (!n)
		return;
	/* All at once: each may take its time for clients that don't read. */
	for (unsigned i = 0; i < n->worker_count; i++)
		worker_stop(n->workers[i]);
	for (unsigned i = 0; i < n->worker_count; i++)
		worker_free(n->workers[i]);
	free(n->addresses);
	free(n);
}
