#include "records.h"
#include <limits.h>

#define US_A_MS 1000

/* Which lane of a namespace. */
enum { CHEAP, DEAR };

/* --- lists that can be left anywhere --- */

static void push(struct queue *q, struct link *l)
{
	if (!q->first)
		q->end = &q->first;
	l->next = NULL;
	l->at = q->end;
	*q->end = l;
	q->end = &l->next;
}

static void take_out(struct queue *q, struct link *l)
{
	*l->at = l->next;
	if (l->next)
		l->next->at = l->at;
	else
		q->end = l->at;
	l->at = NULL;
}

/* --- lanes --- */

/* One that is gone, or new, costs little or is not to wait. */
static unsigned lane_of(const struct store *s, const struct service_entry *e)
{
	bool dear = s->pace.dear_endpoints && e->service && e->size > s->pace.dear_endpoints;
	return dear ? DEAR : CHEAP;
}

static struct queue *queue_of(struct store *s, const struct lane *lane, const struct namespace_entry *ns)
{
	return &s->lanes[lane - ns->lanes];
}

/* Behind the namespaces that wait already, where others of its lane go on waiting. */
static void unmark(struct store *s, struct service_entry *e)
{
	struct lane *lane = e->lane;
	struct queue *lanes = queue_of(s, lane, e->ns);
	take_out(&lane->services, &e->marked);
	take_out(lanes, &lane->link);
	if (lane->services.first)
		push(lanes, &lane->link);
	e->lane = NULL;
}

void service_mark(struct store *s, struct service_entry *e)
{
	struct lane *lane = &e->ns->lanes[lane_of(s, e)];
	if (e->lane == lane)
		return;
	if (e->lane)
		unmark(s, e);
	if (!lane->services.first)
		push(&s->lanes[lane_of(s, e)], &lane->link);
	push(&lane->services, &e->marked);
	e->lane = lane;
}

static struct service_entry *first_of(const struct store *s, unsigned which)
{
	const struct lane *lane = (const struct lane *)s->lanes[which].first;
	return lane ? (struct service_entry *)lane->services.first : NULL;
}

/* --- flush --- */

static enum err flush_first(struct store *s, unsigned which, struct join *j)
{
	struct service_entry *e = first_of(s, which);
	enum err err = service_flush(s, e, j);
	if (err)
		return err;
	unmark(s, e);
	service_drop_if_empty(s, e);
	return OK;
}

enum err store_flush(struct store *s)
{
	struct join j = {0};
	enum err err = namespaces_announce(s);
	for (unsigned which = CHEAP; which <= DEAR; which++)
		while (!err && first_of(s, which))
			err = flush_first(s, which, &j);
	if (!err)
		namespaces_retire(s);
	join_free(&j);
	return err;
}

static uint64_t now_us(const struct store *s)
{
	return s->pace.now_us(s->pace.arg);
}

/* Recomputes those of the lanes until a turn's time is used up. */
static enum err flush_turn(struct store *s, unsigned which, struct join *j)
{
	const uint64_t start = now_us(s);
	enum err err = OK;
	while (!err && first_of(s, which)) {
		err = flush_first(s, which, j);
		if (now_us(s) - start >= s->pace.turn_us)
			break;
	}
	return err;
}

/* Microseconds until the dear ones may go on: they have used up their share until dear_until_us, and may be ahead by a burst. */
static uint64_t rest_us(const struct store *s, uint64_t now)
{
	uint64_t from = s->dear_until_us > s->pace.dear_burst_us ? s->dear_until_us - s->pace.dear_burst_us : 0;
	return from > now ? from - now : 0;
}

static enum err flush_dear_turn(struct store *s, struct join *j)
{
	const uint64_t start = now_us(s);
	if (!first_of(s, DEAR) || rest_us(s, start))
		return OK;
	enum err err = flush_turn(s, DEAR, j);
	if (s->dear_until_us < start)
		s->dear_until_us = start;
	s->dear_until_us += (now_us(s) - start) * 100 / s->pace.dear_percent;
	return err;
}

static unsigned next_turn_ms(const struct store *s)
{
	if (first_of(s, CHEAP))
		return 0;
	return first_of(s, DEAR) ? (unsigned)((rest_us(s, now_us(s)) + US_A_MS - 1) / US_A_MS) : UINT_MAX;
}

/* A namespace that is gone may have Services that wait to be withdrawn: these are cheap. */
enum err store_flush_turn(struct store *s, unsigned *again_ms)
{
	enum err err = namespaces_announce(s);
	if (!err)
		err = flush_turn(s, CHEAP, &s->join);
	if (!err)
		err = flush_dear_turn(s, &s->join);
	if (!err && !first_of(s, CHEAP))
		namespaces_retire(s);
	*again_ms = next_turn_ms(s);
	if (*again_ms == UINT_MAX)
		join_free(&s->join);
	return err;
}

void store_set_pace(struct store *s, const struct store_pace *pace)
{
	s->pace = *pace;
}
