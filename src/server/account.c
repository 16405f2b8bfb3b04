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
	return x->at < x->plan->count ? x->plan->steps[x->at].answerer : 0;
}

void account_query(const struct exchange *x, unsigned worker, const union net_peer *peer, const uint8_t *reply, size_t len, uint64_t now_ns)
{
	const struct query *q = &x->query;
	const struct tally_query done = {
	        .tcp = q->transport == QUERY_TCP,
	        .ipv6 = peer->sa.sa_family == AF_INET6,
	        .with_do = q->request.edns_do,
	        .rcode = len >= DNS_HEADER_LEN ? reply[3] & 15 : 0,
	        .answerer = answerer(x),
	        .type = q->request.has_question ? q->request.qtype : 0,
	        .request_len = x->request_len,
	        .response_len = len,
	        .ns = now_ns - x->began_ns,
	};
	if (q->verdict != REQUEST_SILENCE)
		tally_count(x->row, worker, &done);
}

void account_batch(const struct exchange *exchanges, const struct net_message *messages, unsigned n, unsigned worker)
{
	uint64_t now_ns = account_now_ns();
	for (unsigned i = 0; i < n; i++) {
		const struct net_message *m = &messages[i];
		if (exchanges[i].row && !m->kept)
			account_query(&exchanges[i], worker, m->peer, m->reply, m->reply_len, now_ns);
	}
}
