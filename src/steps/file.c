/* `file`: answers from zones that were read from zone files. */
#include "kinds.h"
#include "zone_files_inside.h"
#include <stdlib.h>

static const struct zone_step *step_of(const void *self)
{
	return &((const struct zone_files *)self)->step;
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

const struct step_kind file_step = {.name = "file", .ask = ask, .heard = heard, .begin = begin, .end = end};
