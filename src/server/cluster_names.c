#include "cluster_names.h"
#include "chase.h"
#include "hold.h"
#include "pipeline.h"
#include "search_fallback.h"
#include "server_worker.h"
#include <stdlib.h>
#include <string.h>

/* --- answering --- */

/* A "no" that is not the last word stands where nobody knows better. */
enum step_verdict cluster_names_verdict(struct exchange *x)
{
	switch (x->query.outcome) {
	case QUERY_OUTSIDE:
		x->reply_len = 0;
		return STEP_PASS;
	case QUERY_FALLTHROUGH:
		return STEP_FALLTHROUGH;
	case QUERY_CHASE:
		return chase_begin(x);
	case QUERY_AWAITED:
		return hold_begin(x);
	case QUERY_ANSWERED:
		break;
	}
	return STEP_ANSWER;
}

/* Answered anew, with what is there now. */
static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	const struct cluster_names *c = self;
	(void)state;
	query_locate(&x->query, &c->policy);
	x->reply_len = query_answer(&x->query, &c->policy, &x->worker->state, x->reply, x->reply_cap);
	if (x->query.outcome != QUERY_CHASE)
		return cluster_names_verdict(x);
	chase_end(x, bytes, len);
	return STEP_ANSWER;
}

/* Names of no zone of ours are looked for below the search list, but not those that another step has in a zone of its own. */
static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct cluster_names *c = self;
	(void)state;
	query_locate(&x->query, &c->policy);
	if (x->query.spot.place == ZONE_OUTSIDE && (!c->policy.search_count || x->stands))
		return STEP_PASS;
	x->reply_len = query_answer(&x->query, &c->policy, &x->worker->state, x->reply, x->reply_cap);
	return cluster_names_verdict(x);
}

/* Who waits for what a CNAME leads to has a response that is only a part. */
static enum step_verdict expired(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	return ((const struct pending *)x)->held ? hold_give_up(x) : pipeline_late(x);
}

static enum step_verdict yield(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	return ((const struct pending *)x)->held ? hold_yield(x) : pipeline_busy(x);
}

static void forget(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	hold_forget(x);
}

/* --- the kinds --- */

static void names_free(void *self)
{
	struct cluster_names *c = self;
	if (c)
		free(c->search);
	free(c);
}

static const struct step_kind kubernetes = {
        .name = "kubernetes",
        .ask = ask,
        .heard = heard,
        .expired = expired,
        .yield = yield,
        .forget = forget,
        .free = names_free,
};
static const struct step_kind external = {.name = "k8s_external", .ask = ask, .heard = heard, .free = names_free};

bool cluster_names_is(const struct step_kind *kind)
{
	return kind == &kubernetes || kind == &external;
}

struct cluster *cluster_names_of(const struct plan *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (cluster_names_is(p->steps[i].step.kind))
			return ((const struct cluster_names *)p->steps[i].step.self)->cluster;
	}
	return NULL;
}

/* --- making them --- */

static struct query_policy kubernetes_policy(const struct cluster_step_options *o, const struct name *search)
{
	const struct kubernetes_options *k = cluster_options(o->cluster)->kubernetes;
	return (struct query_policy){
	        .zone = cluster_zone(o->cluster),
	        .rotate = o->rotate,
	        .outside_nxdomain = o->outside_nxdomain,
	        .search = search,
	        .search_count = o->search_count,
	        .hold_ms = (unsigned)k->hold_ms,
	        .known = cluster_known(o->cluster),
	        .ede = k->ede,
	        .max_answers = k->max_answers,
	        .fallthrough = k->fallthrough,
	        .fallthrough_zones = k->fallthrough_zones.names,
	        .fallthrough_count = k->fallthrough_zones.count,
	};
}

static struct query_policy external_policy(const struct cluster_step_options *o)
{
	const struct external_options *e = &cluster_options(o->cluster)->kubernetes->external;
	struct query_policy policy = kubernetes_policy(o, NULL);
	policy.search_count = 0;
	policy.hold_ms = 0; /* pods look each other up by the cluster's own names */
	policy.zone = cluster_external_zone(o->cluster);
	policy.fallthrough = e->fallthrough;
	policy.fallthrough_zones = e->fallthrough_zones.names;
	policy.fallthrough_count = e->fallthrough_zones.count;
	return policy;
}

static struct cluster_names *kubernetes_new(const struct cluster_step_options *o)
{
	struct cluster_names *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->cluster = o->cluster;
	c->search = calloc(o->search_count + 1, sizeof *c->search);
	if (!c->search) {
		free(c);
		return NULL;
	}
	if (o->search_count)
		memcpy(c->search, o->search, o->search_count * sizeof *c->search);
	c->policy = c->at_once = kubernetes_policy(o, c->search);
	c->at_once.hold_ms = 0;
	return c;
}

static struct cluster_names *external_new(const struct cluster_step_options *o)
{
	struct cluster_names *c = calloc(1, sizeof *c);
	if (c)
		*c = (struct cluster_names){.cluster = o->cluster, .policy = external_policy(o)};
	return c;
}

enum err cluster_steps_new(const struct cluster_step_options *o, struct server_step steps[CLUSTER_STEPS_MAX], unsigned *count)
{
	struct cluster_names *outside = NULL, *inside = kubernetes_new(o);
	struct search_fallback *search = NULL;
	bool both = cluster_options(o->cluster)->kubernetes->external.zones.count;
	*count = 0;
	if (inside && both)
		outside = external_new(o);
	if (inside && o->fallback)
		search = search_fallback_new(o->cluster, &inside->policy);
	if (!inside || (both && !outside) || (o->fallback && !search)) {
		names_free(inside);
		names_free(outside);
		free(search);
		return ERR_NOMEM;
	}
	if (outside)
		steps[(*count)++] = (struct server_step){&external, outside, true};
	steps[(*count)++] = (struct server_step){&kubernetes, inside, true};
	if (search)
		steps[(*count)++] = (struct server_step){&search_fallback_step, search, true};
	return OK;
}
