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

/* The first that is not counted as most are, or is counted in another row. Nothing else is kept in registers than what the loop needs. */
static __attribute__((noinline)) const struct exchange *
count_short(const struct exchange *x, const struct exchange *end, const struct tally_row *row, const struct tally_run *in, uint64_t *octets)
{
	const struct tally_run run = *in;
	const uint8_t *answerers = x->plan->answerers;
	uint64_t sum = 0;
	for (; x < end && x->row == row && tally_is_short(x->query.request.qtype, x->request_len, x->reply_len); x++)
		sum += tally_run_count(&run, x->query.request.qtype, x->query.request.edns_do, x->request_len, x->query.rcode,
		                       answerers[x->at], x->reply_len);
	*octets = sum;
	return x;
}

/* Those from number `from` on that have the same row, which have the same plan too, up to one that is not as most are. Returns where they end. */
static unsigned account_row(const struct exchange *exchanges, const struct net_message *messages, unsigned from, unsigned n,
                            unsigned worker, uint64_t now_ns)
{
	const struct exchange *const first = &exchanges[from];
	const struct net_message *m = &messages[from];
	const struct tally_run run = tally_run_begin(first->row, worker, m->tcp, m->peer->sa.sa_family == AF_INET6);
	uint64_t octets;
	unsigned count = (unsigned)(count_short(first, &exchanges[n], first->row, &run, &octets) - first);
	if (count)
		tally_run_end(first->row, worker, m->tcp, count, octets, now_ns - first->began_ns);
	else if (!m->kept)
		account_query(first, worker, m->peer, m->reply_len, now_ns);
	return from + (count ? count : 1);
}

/* All came by one socket, at one time. */
void account_batch(const struct exchange *exchanges, const struct net_message *messages, unsigned n, unsigned worker)
{
	const uint64_t now_ns = account_now_ns();
	unsigned i = 0;
	while (i < n)
		i = exchanges[i].row ? account_row(exchanges, messages, i, n, worker, now_ns) : i + 1;
}
