#include "cluster/programming.h"

#define MS_PER_S 1000.0

const double programming_bounds[PROGRAMMING_BOUNDS] = {0.001, 0.002, 0.004, 0.008, 0.016,  0.032,  0.064,  0.128,   0.256,   0.512,
                                                       1.024, 2.048, 4.096, 8.192, 16.384, 32.768, 65.536, 131.072, 262.144, 524.288};

const char *programming_kind_name(enum programming_kind kind)
{
	static const char *const names[PROGRAMMING_KINDS] = {"cluster_ip", "headless_with_selector", "headless_without_selector"};
	return names[kind];
}

static enum programming_kind kind_of(const struct service *s)
{
	if (!s->headless)
		return PROGRAMMING_CLUSTER_IP;
	return s->selector ? PROGRAMMING_HEADLESS : PROGRAMMING_HEADLESS_WITHOUT_SELECTOR;
}

void programming_note(struct programming *p, const struct service_view *view, uint64_t now_ms)
{
	uint64_t took_ms = now_ms > view->changed_ms ? now_ms - view->changed_ms : 0; /* clocks may differ */
	enum programming_kind kind = kind_of(view->service);
	unsigned i = 0;
	if (!view->changed_ms || view->service->object.kind != OBJECT_SERVICE)
		return;
	while (i < PROGRAMMING_BOUNDS && (double)took_ms > programming_bounds[i] * MS_PER_S)
		i++;
	p->counts[kind][i]++;
	p->ms[kind] += took_ms;
}
