#include "account.h"
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

uint64_t account_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Nobody, where no step has answered. */
static uint8_t answerer(const struct exchange *x)
{
	return x->plan->answerers[x->at];
}

void account_query(const struct exchange *x, unsigned worker, const union net_peer *peer, size_t len, uint64_t now_ns)
{
	const struct query *q = &x->query;
	const struct tally_query done = {
	        .tcp = q->transport == QUERY_TCP,
	        .ipv6 = peer->sa.sa_family == AF_INET6,
	        .with_do = q->request.edns_do,
	        .rcode = q->rcode,
	        .answerer = answerer(x),
	        .type = q->request.has_question ? q->request.qtype : 0,
	        .request_len = x->request_len,
	        .response_len = len,
	        .ns = now_ns - x->began_ns,
	};
	if (q->verdict != REQUEST_SILENCE)
		tally_count(x->row, worker, &done);
}

/* What is not as most are. Returns 1. */
static unsigned account_odd(const struct exchange *x, unsigned worker, const struct net_message *m, uint64_t now_ns)
{
	if (!m->kept)
		account_query(x, worker, m->peer, m->reply_len, now_ns);
	return 1;
}

/* Those from number `from` on that have the same row, which have the same plan too. Returns where they end. */
static unsigned account_row(const struct exchange *exchanges, const struct net_message *messages, unsigned from, unsigned n,
                            unsigned worker, uint64_t now_ns)
{
	const struct exchange *x = &exchanges[from], *end = &exchanges[n];
	const struct net_message *m = &messages[from];
	struct tally_row *row = x->row;
	const uint8_t *answerers = x->plan->answerers;
	const bool tcp = m->tcp;
	unsigned odd = 0, queries;
	struct tally_run run = tally_run_begin(row, worker, tcp, m->peer->sa.sa_family == AF_INET6);
	for (; x < end && x->row == row; x++, m++) {
		if (tally_is_short(x->query.request.qtype, x->request_len, m->reply_len))
			tally_run_count(&run, x->query.request.qtype, x->query.request.edns_do, x->request_len, x->query.rcode,
			                answerers[x->at], m->reply_len);
		else
			odd += account_odd(x, worker, m, now_ns);
	}
	queries = (unsigned)(x - &exchanges[from]) - odd;
	if (queries)
		tally_run_end(run, row, worker, tcp, queries, now_ns - exchanges[from].began_ns);
	return (unsigned)(x - exchanges);
}

/* All came by one socket, at one time. */
void account_batch(const struct exchange *exchanges, const struct net_message *messages, unsigned n, unsigned worker)
{
	const uint64_t now_ns = account_now_ns();
	unsigned i = 0;
	while (i < n)
		i = exchanges[i].row ? account_row(exchanges, messages, i, n, worker, now_ns) : i + 1;
}
