/* `secondary`: answers from zones that are fetched from their primaries. */
#include "kinds.h"
#include "secondaries_inside.h"
#include <stdlib.h>

static const struct zone_step *step_of(const void *self)
{
	return &((const struct secondaries *)self)->step;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	return zone_step_ask(step_of(self), state, x);
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	return zone_step_heard(step_of(self), state, x, bytes, len);
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	(void)self;
	(void)loop;
	return zone_step_begin(worker);
}

static void end(void *state)
{
	free(state);
}

const struct step_kind secondary_step = {.name = "secondary", .ask = ask, .heard = heard, .begin = begin, .end = end};
