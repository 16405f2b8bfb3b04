#include "health.h"
#include <stddef.h>

static struct upstream_health *shared(const struct health *h)
{
	return &h->channel->upstreams->health[h->channel->index];
}

static const struct forward_options *options(const struct health *h)
{
	return &h->channel->upstreams->options;
}

static void wait_ms(struct health *h, uint64_t ms)
{
	wheel_set(&h->channel->worker->wheel, &h->deadline, ms);
}

/* waited_ms: since the probe left, of the time from one to the next. */
static void on_failure(struct health *h, unsigned waited_ms)
{
	unsigned pause_ms = options(h)->health_ms;
	h->probe = NULL;
	atomic_fetch_add(&shared(h)->fails, 1);
	traffic_add(&h->channel->traffic->probe_failures, 1);
	wait_ms(h, pause_ms > waited_ms ? pause_ms - waited_ms : 0);
}

static void on_probed(void *arg, struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len)
{
	struct health *h = arg;
	(void)e;
	(void)reply;
	(void)len;
	if (end == ATTEMPT_FAILED || end == ATTEMPT_BROKEN) {
		on_failure(h, 0);
		return;
	}
	h->probe = NULL;
	h->probes = false;
	wheel_clear(&h->channel->worker->wheel, &h->deadline);
	atomic_store(&shared(h)->fails, 0);
	atomic_store(&shared(h)->probing, false);
}

static void probe(struct health *h)
{
	const struct name *domain = &options(h)->health_domain;
	struct question q = {
	        .name = domain->wire,
	        .name_len = domain->len,
	        .type = DNS_TYPE_NS,
	        .class = DNS_CLASS_IN,
	        .flags = options(h)->health_no_rec ? 0 : DNS_RD,
	};
	h->probe =
	        channel_ask(h->channel, &q, (struct channel_way){.tcp = channel_is_stream_only(h->channel), .probe = true}, on_probed, h);
	if (h->probe)
		wait_ms(h, FORWARD_PROBE_MS);
	else
		on_failure(h, 0);
}

static void on_deadline(struct deadline *d)
{
	struct health *h = (struct health *)((char *)d - offsetof(struct health, deadline));
	if (!h->probe) {
		probe(h);
		return;
	}
	channel_cancel(h->probe);
	on_failure(h, FORWARD_PROBE_MS);
}

void health_begin(struct health *h, struct channel *c)
{
	*h = (struct health){.channel = c, .deadline.due = on_deadline};
}

void health_on_trouble(struct health *h)
{
	if (options(h)->never_down || h->probes || atomic_exchange(&shared(h)->probing, true))
		return;
	h->probes = true;
	probe(h);
}

void health_end(struct health *h)
{
	if (!h->probes)
		return;
	wheel_clear(&h->channel->worker->wheel, &h->deadline);
	if (h->probe)
		channel_cancel(h->probe);
	atomic_store(&shared(h)->probing, false);
	h->probes = false;
	h->probe = NULL;
}
