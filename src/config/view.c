/* `view NAME { expr EXPRESSION }` */
#include "base/buffer.h"
#include "directives.h"
#include <stdlib.h>
#include <string.h>

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return option_text(&((struct view_options *)values)->name, w->texts[0], d);
}

static void clear(void *values)
{
	struct view_options *o = values;
	for (unsigned i = 0; i < o->count; i++)
		expression_free(o->expressions[i]);
	free(o->expressions);
	free(o->name);
}

static enum err add(struct view_options *o, const char *text, struct diag *d)
{
	struct expression **more = realloc(o->expressions, (o->count + 1) * sizeof(struct expression *));
	enum err err;
	if (!more)
		return diag_no_memory(d);
	o->expressions = more;
	err = expression_new(text, &more[o->count], d);
	o->count += !err;
	return err;
}

/* The words with a blank between, as CoreDNS has them: so marks of "words" are gone. */
static enum err take_expression(void *values, const struct words *w, struct diag *d)
{
	struct buffer b = {0};
	char *text;
	enum err err;
	for (unsigned i = 0; i < w->count; i++) {
		buffer_append_text(&b, i ? " " : "");
		buffer_append_text(&b, w->texts[i]);
	}
	text = buffer_take_text(&b);
	err = text ? add(values, text, d) : diag_no_memory(d);
	free(text);
	return err;
}

static const struct option rows[] = {
        {.name = "expr", .arguments = "EXPRESSION", .min = 1, .max = OPTION_ANY_NUMBER, .set = take_expression},
};
static const struct option_table options = {"view", rows, sizeof rows / sizeof *rows, NULL};

const struct directive view_directive = {
        .name = "view",
        .arguments = "NAME",
        .min = 1,
        .max = 1,
        .size = sizeof(struct view_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
