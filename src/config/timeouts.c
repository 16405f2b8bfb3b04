/* `timeouts { read D; write D; idle D; maxtcpqueries N }` */
#include "config/value.h"
#include "directives.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LEAST_MS 1000
#define MOST_MS  86400000u

/* A number alone is seconds. */
static enum err take_time(uint64_t *ms, const char *text, struct diag *d)
{
	bool is_number = *text && !text[strspn(text, "0123456789")];
	char seconds[32];
	uint64_t value;
	enum err err;
	snprintf(seconds, sizeof seconds, "%ss", text);
	err = value_duration_ms(is_number ? seconds : text, &value, d);
	if (!err && (value < LEAST_MS || value > MOST_MS))
		return diag_set(d, ERR_RANGE, "a duration from 1s to 24h is wanted");
	if (!err)
		*ms = value;
	return err;
}

static enum err set_read(void *values, const struct words *w, struct diag *d)
{
	return take_time(&((struct timeouts_options *)values)->read_ms, w->texts[0], d);
}

static enum err set_write(void *values, const struct words *w, struct diag *d)
{
	return take_time(&((struct timeouts_options *)values)->write_ms, w->texts[0], d);
}

static enum err set_idle(void *values, const struct words *w, struct diag *d)
{
	return take_time(&((struct timeouts_options *)values)->idle_ms, w->texts[0], d);
}

static enum err set_max_tcp_queries(void *values, const struct words *w, struct diag *d)
{
	struct timeouts_options *o = values;
	o->max_tcp_queries = TIMEOUTS_NO_BOUND;
	if (strcmp(w->texts[0], "-1") == 0)
		return OK;
	return value_number(w->texts[0], 1, INT_MAX, &o->max_tcp_queries, d) ? diag_set(d, ERR_SYNTAX, "-1 or a number from 1 is wanted")
	                                                                     : OK;
}

/* Braces with nothing in them are an error there, too. */
static enum err finish(void *values, option_set given, struct diag *d)
{
	(void)values;
	return given ? OK : diag_set(d, ERR_SYNTAX, "nothing is said: read, write, idle or maxtcpqueries is wanted in braces");
}

static const struct option lines[] = {
        {"idle", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_idle},
        {"maxtcpqueries", "N", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_max_tcp_queries},
        {"read", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_read},
        {"write", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_write},
};
static const struct option_table options = {"timeouts", lines, sizeof lines / sizeof *lines, NULL};

const struct directive timeouts_directive = {
        .name = "timeouts",
        .arguments = "",
        .again = AGAIN_ADDS,
        .size = sizeof(struct timeouts_options),
        .options = &options,
        .finish = finish,
};
