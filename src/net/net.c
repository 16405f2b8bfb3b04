#include "net/net.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "socket.h"
#include "worker.h"

#define TCP_CONNECTIONS_MAX_DEFAULT 1024
#define TCP_IDLE_S_DEFAULT          10
#define TCP_READ_MS_DEFAULT         3000 /* CoreDNS's */
#define TCP_WRITE_MS_DEFAULT        5000

struct net {
	struct tcp_limit tcp_limit;
	struct net_address *addresses; /* by index, as bound; AF_UNSPEC: free */
	struct net_address *asked;     /* by index: the same, but for port 0 */
	unsigned address_count;
	unsigned idle_ms;      /* where terms don't say */
	unsigned worker_count; /* of those made so far */
	struct worker *workers[];
};

/* What a change brings to one worker. */
struct change_call {
	struct net_call call;
	struct net_change *change;
	struct worker_sockets *opened; /* opened_count of them */
	struct net_terms *terms;       /* by index; the worker's own once it has made the change, which leaves those it had before */
};

struct net_change {
	struct net *net;
	struct net_address *addresses, *asked; /* of the net when it is made */
	unsigned address_count;
	unsigned *index; /* by the position in what was asked for */
	unsigned *opened, opened_count;
	unsigned *gone, gone_count;
	void (*adopt)(void *arg, unsigned worker);
	void *arg;
	unsigned term_count;        /* of each worker's: the indexes that there are */
	atomic_uint left;           /* workers that have not made it yet */
	struct change_call calls[]; /* one for each worker */
};

static bool is_free(const struct net_address *a)
{
	return a->sa.ss_family == AF_UNSPEC;
}

/* --- a change of addresses: what is to be done --- */

/* Claims are made while no socket of the new addresses is open, since ours may overlap: 0.0.0.0:53 beside 127.0.0.1:53. With one that is open
 * already no claim can be made: the system would name our own. */
static bool overlaps(const struct net *n, const struct net_address *a)
{
	for (unsigned i = 0; i < n->address_count; i++) {
		if (!is_free(&n->addresses[i]) && socket_overlap(&n->addresses[i], a))
			return true;
	}
	return false;
}

/* What a change is to bring about. */
struct wanted {
	const struct net_address *addresses;
	const struct net_terms *terms; /* NULL: the defaults */
	unsigned count;
};

static unsigned find_equal(const struct net_address *among, unsigned count, const struct net_address *a)
{
	unsigned i = 0;
	while (i < count && !net_address_equal(&among[i], a))
		i++;
	return i;
}

/* The index of an address, of those that are there or will be; the change's address_count: there is none. An address is known by what was asked
 * for. It is also known by what it was bound to: a port that the system chose may be written as its number from now on. Where both are
 * wanted, they are two addresses. */
static unsigned find_address(const struct net_change *c, const struct wanted *w, const struct net_address *asked)
{
	unsigned i = find_equal(c->asked, c->address_count, asked);
	if (i < c->address_count)
		return i;
	i = find_equal(c->addresses, c->address_count, asked);
	if (i < c->address_count && find_equal(w->addresses, w->count, &c->asked[i]) < w->count)
		return c->address_count;
	return i;
}

/* An index that neither the present addresses nor those to come use. */
static unsigned free_index(struct net_change *c)
{
	unsigned i = 0;
	while (i < c->address_count && !is_free(&c->addresses[i]))
		i++;
	if (i == c->address_count)
		c->address_count++;
	return i;
}

static enum err want(struct net_change *c, const struct wanted *w, const struct net_address *asked, unsigned *index, struct diag *d)
{
	struct net_address claimed = *asked;
	enum err err = OK;
	*index = find_address(c, w, asked);
	if (*index < c->address_count)
		return OK;
	if (!overlaps(c->net, asked))
		err = socket_claim(&claimed, d);
	if (err)
		return err;
	*index = free_index(c);
	c->addresses[*index] = claimed;
	c->asked[*index] = *asked;
	c->opened[c->opened_count++] = *index;
	return OK;
}

/* Which addresses stay, come and go. Those that go keep their place until the change is made. */
static enum err plan(struct net_change *c, const struct wanted *w, struct diag *d)
{
	const struct net *n = c->net;
	enum err err = OK;
	for (unsigned i = 0; i < w->count && !err; i++)
		err = want(c, w, &w->addresses[i], &c->index[i], d);
	for (unsigned i = 0; i < n->address_count && !err; i++) {
		bool stays = is_free(&n->addresses[i]);
		for (unsigned k = 0; k < w->count && !stays; k++)
			stays = c->index[k] == i;
		if (!stays)
			c->gone[c->gone_count++] = i;
	}
	return err;
}

static enum err open_sockets(struct net_change *c, struct diag *d)
{
	enum err err = OK;
	for (unsigned w = 0; w < c->net->worker_count && !err; w++) {
		for (unsigned i = 0; i < c->opened_count && !err; i++)
			err = worker_open(c->net->workers[w], &c->addresses[c->opened[i]], c->opened[i], &c->calls[w].opened[i], d);
	}
	return err;
}

static struct net_terms terms_of(const struct net *n, const struct wanted *w, unsigned i)
{
	struct net_terms t = w->terms ? w->terms[i] : (struct net_terms){0};
	t.read_ms = t.read_ms ? t.read_ms : TCP_READ_MS_DEFAULT;
	t.write_ms = t.write_ms ? t.write_ms : TCP_WRITE_MS_DEFAULT;
	t.idle_ms = t.idle_ms ? t.idle_ms : n->idle_ms;
	return t;
}

/* Each worker has a copy: it changes to it at its own time. */
static enum err give_terms(struct net_change *c, const struct wanted *wanted, struct diag *d)
{
	for (unsigned w = 0; w < c->net->worker_count; w++) {
		struct net_terms *terms = calloc(c->address_count + 1, sizeof *terms);
		if (!terms)
			return diag_set(d, ERR_NOMEM, "cannot listen: %s", err_str(ERR_NOMEM));
		c->calls[w].terms = terms;
		for (unsigned i = 0; i < c->address_count; i++)
			terms[i] = terms_of(c->net, &(struct wanted){0}, 0); /* of connections that are about to end */
		for (unsigned i = 0; i < wanted->count; i++)
			terms[c->index[i]] = terms_of(c->net, wanted, i);
	}
	c->term_count = c->address_count;
	return OK;
}

static void make_change(struct net_call *call, unsigned worker);

static bool allocate(struct net_change *c, unsigned count)
{
	const struct net *n = c->net;
	bool whole;
	c->addresses = calloc(n->address_count + count + 1, sizeof *c->addresses);
	c->asked = calloc(n->address_count + count + 1, sizeof *c->asked);
	c->index = calloc(count + 1, sizeof *c->index);
	c->opened = calloc(count + 1, sizeof *c->opened);
	c->gone = calloc(n->address_count + 1, sizeof *c->gone);
	whole = c->addresses && c->asked && c->index && c->opened && c->gone;
	for (unsigned w = 0; w < n->worker_count && whole; w++) {
		c->calls[w] = (struct change_call){.call.run = make_change, .change = c};
		c->calls[w].opened = calloc(count + 1, sizeof *c->calls[w].opened);
		whole = c->calls[w].opened;
	}
	if (whole && n->address_count) {
		memcpy(c->addresses, n->addresses, n->address_count * sizeof *c->addresses);
		memcpy(c->asked, n->asked, n->address_count * sizeof *c->asked);
	}
	c->address_count = n->address_count;
	return whole;
}

/* NULL: out of memory. */
static struct net_change *change_new(struct net *n, unsigned count)
{
	struct net_change *c = calloc(1, sizeof *c + n->worker_count * sizeof c->calls[0]);
	if (!c)
		return NULL;
	c->net = n;
	if (allocate(c, count))
		return c;
	net_change_free(c);
	return NULL;
}

enum err net_change_new(struct net *n, const struct net_address *addresses, const struct net_terms *terms, unsigned count,
                        struct net_change **out, struct diag *d)
{
	const struct wanted wanted = {addresses, terms, count};
	struct net_change *c = *out = change_new(n, count);
	enum err err;
	if (!c) {
		diag_set(d, ERR_NOMEM, "cannot listen: %s", err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	err = plan(c, &wanted, d);
	if (!err)
		err = give_terms(c, &wanted, d);
	if (!err)
		err = open_sockets(c, d);
	if (err) {
		net_change_free(c);
		*out = NULL;
	}
	return err;
}

unsigned net_change_index(const struct net_change *c, unsigned i)
{
	return c->index[i];
}

void net_change_free(struct net_change *c)
{
	if (!c)
		return;
	for (unsigned w = 0; w < c->net->worker_count; w++) {
		for (unsigned i = 0; i < c->opened_count && c->calls[w].opened; i++)
			worker_discard(&c->calls[w].opened[i]);
		free(c->calls[w].opened);
		free(c->calls[w].terms);
	}
	free(c->addresses);
	free(c->asked);
	free(c->index);
	free(c->opened);
	free(c->gone);
	free(c);
}

/* --- a change of addresses: doing it --- */

/* A socket that the system doesn't want to poll is closed: the other workers' get what it would have got. */
static enum err begin_opened(struct change_call *call, struct worker *w)
{
	enum err err = OK;
	for (unsigned i = 0; i < call->change->opened_count; i++) {
		enum err one = worker_begin(w, &call->opened[i]);
		err = err ? err : one;
	}
	return err;
}

/* On the worker's thread. */
static void make_change(struct net_call *call, unsigned worker)
{
	struct change_call *mine = (struct change_call *)call;
	struct net_change *c = mine->change;
	struct worker *w = c->net->workers[worker];
	for (unsigned i = 0; i < c->gone_count; i++)
		worker_retire(w, c->gone[i]);
	if (c->adopt)
		c->adopt(c->arg, worker);
	mine->terms = worker_set_terms(w, mine->terms, c->term_count);
	if (begin_opened(mine, w))
		log_line(LOG_ERROR, "worker %u cannot listen on a new address: the system refuses to poll it", worker);
	if (atomic_fetch_sub(&c->left, 1) == 1)
		net_change_free(c);
}

/* The net's addresses are now the change's, which frees the old ones. */
static void take_addresses(struct net *n, struct net_change *c)
{
	struct net_address *addresses = n->addresses, *asked = n->asked;
	for (unsigned i = 0; i < c->gone_count; i++) {
		c->addresses[c->gone[i]] = (struct net_address){.sa.ss_family = AF_UNSPEC};
		c->asked[c->gone[i]] = c->addresses[c->gone[i]];
	}
	n->addresses = c->addresses;
	n->asked = c->asked;
	n->address_count = c->address_count;
	c->addresses = addresses;
	c->asked = asked;
}

void net_change_apply(struct net_change *c, void (*adopt)(void *arg, unsigned worker), void *arg)
{
	struct net *n = c->net;
	c->adopt = adopt;
	c->arg = arg;
	atomic_init(&c->left, n->worker_count);
	take_addresses(n, c);
	for (unsigned w = 0; w < n->worker_count; w++)
		worker_post(n->workers[w], &c->calls[w].call);
}

/* --- the start --- */

static enum err make_workers(struct net *n, const struct net_options *options, struct diag *d)
{
	struct worker_options wo = {
	        .responder = {.handler = options->handler, .unsent = options->unsent, .arg = options->arg},
	        .begin = options->begin,
	        .end = options->end,
	        .tcp_limit = &n->tcp_limit,
	};
	while (n->worker_count < options->workers) {
		wo.responder.worker = n->worker_count;
		enum err err = worker_new(&wo, &n->workers[n->worker_count], d);
		if (err)
			return err;
		n->worker_count++;
	}
	return OK;
}

/* The first addresses are a change too, made before the workers run. */
static enum err open_first(struct net *n, const struct net_options *options, struct diag *d)
{
	struct net_change *c;
	enum err err = net_change_new(n, options->addresses, options->terms, options->address_count, &c, d);
	if (err)
		return err;
	for (unsigned w = 0; w < n->worker_count && !err; w++) {
		c->calls[w].terms = worker_set_terms(n->workers[w], c->calls[w].terms, c->term_count);
		err = begin_opened(&c->calls[w], n->workers[w]);
		if (err)
			diag_set(d, err, "cannot poll a socket: %s", err_str(err));
	}
	take_addresses(n, c);
	net_change_free(c);
	return err;
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
	struct net *n = calloc(1, sizeof(*n) + options->workers * sizeof(n->workers[0]));
	if (!n)
		return diag_set(d, ERR_NOMEM, "cannot listen: %s", err_str(ERR_NOMEM));
	n->tcp_limit.max = options->tcp_connections_max ? options->tcp_connections_max : TCP_CONNECTIONS_MAX_DEFAULT;
	atomic_init(&n->tcp_limit.open, 0);
	n->idle_ms = 1000 * (options->tcp_idle_s ? options->tcp_idle_s : TCP_IDLE_S_DEFAULT);
	enum err err = make_workers(n, options, d);
	if (!err)
		err = open_first(n, options, d);
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

void net_post(struct net *n, unsigned worker, struct net_call *c)
{
	worker_post(n->workers[worker], c);
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
	free(n->asked);
	free(n);
}
