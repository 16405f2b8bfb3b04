#include "plan.h"
#include "cluster_names.h"
#include <stdlib.h>

void server_steps_free(const struct server_step *steps, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (steps[i].owned && steps[i].kind->free)
			steps[i].kind->free(steps[i].self);
	}
}

/* They stand behind the steps. */
static uint8_t *answerers_of(struct plan *p)
{
	return (uint8_t *)&p->steps[p->count];
}

void plan_set_answerer(struct plan *p, unsigned step, uint8_t answerer)
{
	answerers_of(p)[step] = answerer;
}

static void count_leading(struct plan *p)
{
	while (p->first < p->count && p->steps[p->first].of_a_cluster)
		p->first++;
	p->leading = p->first;
	for (unsigned i = 0; !p->first && i < p->count && (p->steps[i].of_a_cluster || p->steps[i].step.kind->leaves); i++) {
		if (p->steps[i].of_a_cluster)
			p->leading = i + 1;
	}
}

struct plan *plan_new(const struct plan_options *o)
{
	struct plan *p = calloc(1, sizeof *p + o->count * sizeof p->steps[0] + o->count + 1);
	if (!p) {
		server_steps_free(o->steps, o->count);
		return NULL;
	}
	p->rest = (struct query_policy){.ede = o->ede, .outside_nxdomain = o->outside_nxdomain};
	p->count = o->count;
	p->answerers = answerers_of(p);
	for (unsigned i = 0; i < o->count; i++)
		p->steps[i] = (struct step){
		        .step = o->steps[i],
		        .slot = o->first_slot + i,
		        .of_a_cluster = cluster_names_is(o->steps[i].kind),
		};
	count_leading(p);
	return p;
}

void plan_free(struct plan *p)
{
	for (unsigned i = 0; p && i < p->count; i++)
		server_steps_free(&p->steps[i].step, 1);
	if (p)
		failures_free(p->errors);
	free(p);
}
