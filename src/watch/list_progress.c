#include "list_progress.h"

void list_progress_begin(struct list_progress *p, uint64_t now_ms)
{
	if (!p->begun)
		*p = (struct list_progress){.begun = true, .begun_ms = now_ms, .object_ms = now_ms};
}

enum err list_progress_add(struct list_progress *p, const struct list_bounds *b, uint64_t objects, uint64_t bytes, uint64_t now_ms,
                           struct diag *d)
{
	if (objects != p->objects)
		p->object_ms = now_ms;
	p->objects = objects;
	p->bytes = bytes;
	if (objects > b->objects)
		return diag_set(d, ERR_RANGE, "the list has more than %llu objects, see list_max", (unsigned long long)b->objects);
	if (bytes > b->bytes)
		return diag_set(d, ERR_RANGE, "the list has more than %llu MiB, see list_max", (unsigned long long)(b->bytes >> 20));
	return OK;
}

enum err list_bounds_check(const struct list_bounds *b, struct object_amount amount, struct diag *d)
{
	if (amount.objects > b->objects)
		return diag_set(d, ERR_RANGE, "there are more than %llu objects by now, see list_max", (unsigned long long)b->objects);
	if (amount.octets > b->bytes)
		return diag_set(d, ERR_RANGE, "the objects have more than %llu MiB by now, see list_max",
		                (unsigned long long)(b->bytes >> 20));
	return OK;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t list_first_check_ms(const struct list_bounds *b)
{
	return smaller(b->quiet_ms, b->whole_ms);
}

enum err list_progress_check(const struct list_progress *p, const struct list_bounds *b, uint64_t now_ms, uint64_t *again_ms,
                             struct diag *d)
{
	uint64_t age_ms = now_ms - p->begun_ms, quiet_ms = now_ms - p->object_ms;
	if (!p->begun) {
		*again_ms = list_first_check_ms(b);
		return OK;
	}
	if (quiet_ms >= b->quiet_ms)
		return diag_set(d, ERR_RANGE, "the list has brought no object for %u ms, see list_progress; it had %llu", b->quiet_ms,
		                (unsigned long long)p->objects);
	if (age_ms >= b->whole_ms)
		return diag_set(d, ERR_RANGE, "the list is not whole after %u ms, see list_timeout; it has %llu objects", b->whole_ms,
		                (unsigned long long)p->objects);
	*again_ms = smaller(b->quiet_ms - quiet_ms, b->whole_ms - age_ms);
	return OK;
}
