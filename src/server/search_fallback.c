#include "search_fallback.h"
#include "base/sockaddr.h"
#include "server_worker.h"
#include <stdlib.h>

struct search_fallback {
	const struct clients *clients; /* borrowed from the cluster */
	struct query_policy policy;    /* without search */
	struct name zone;
};

struct search_fallback *search_fallback_new(const struct cluster *cluster, const struct query_policy *policy)
{
	struct search_fallback *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->clients = cluster_clients(cluster);
	s->policy = *policy;
	s->zone = zone_settings(policy->zone)->origin;
	return s;
}

/* Who asks for signatures, or says that they check them, would find that ours are not there. */
static bool is_wanted(const struct exchange *x)
{
	const struct request *r = &x->query.request;
	return x->reply_len && (x->reply[3] & 15) == DNS_NXDOMAIN && x->peer && r->qclass == DNS_CLASS_IN && !r->edns_do &&
	       !(r->flags & DNS_CD);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	(void)x;
	return STEP_PASS;
}

static void answered(const void *self, void *state, struct exchange *x)
{
	const struct search_fallback *s = self;
	struct name list[CLIENTS_SEARCH];
	(void)state;
	if (!is_wanted(x))
		return;
	const struct addr client = sockaddr_addr(&x->peer->sa);
	if (!clients_search_list(s->clients, &client, &s->zone, list))
		return;
	struct query_policy policy = s->policy;
	policy.search = list;
	policy.search_count = CLIENTS_SEARCH;
	size_t len = query_answer_searched(&x->query, &policy, &x->worker->state, x->reply, x->reply_cap);
	if (!len)
		return;
	x->reply_len = len;
	x->reply[3] |= DNS_RA; /* those after this step have asked others */
}

static void search_free(void *self)
{
	free(self);
}

const struct step_kind search_fallback_step = {.name = "kubernetes", .ask = ask, .answered = answered, .free = search_free};
