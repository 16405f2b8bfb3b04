#include "environment.h"
#include "base/buffer.h"
#include <stdlib.h>
#include <string.h>

#define REPLACEMENTS_MAX 64
#define TEXT_MAX         ((size_t)1 << 16)

struct form {
	const char *open, *close;
};

/* Appends s with all places of ref[0..ref_len-1] replaced. */
static void replace_all(struct buffer *b, const char *s, const char *ref, size_t ref_len, const char *value)
{
	const char *end = s + strlen(s), *found;
	while ((found = memmem(s, (size_t)(end - s), ref, ref_len))) {
		buffer_append(b, s, (size_t)(found - s));
		buffer_append(b, value, strlen(value));
		s = found + ref_len;
	}
	buffer_append(b, s, strlen(s));
}

/* Replaces one reference, wherever it stands. *done: there was none. */
static enum err expand_one(struct text_pool *pool, const struct form *f, const char **text, bool *done, struct diag *d)
{
	size_t open_len = strlen(f->open), ref_len;
	const char *open = strstr(*text, f->open), *close = open ? strstr(open, f->close) : NULL;
	const char *name, *value, *expanded;
	struct buffer b = {0};
	enum err err = OK;
	*done = !close || close <= open + open_len; /* a reference to nothing stays as it is */
	if (*done)
		return OK;
	ref_len = (size_t)(close - open) + strlen(f->close);
	name = text_pool_add(pool, open + open_len, (size_t)(close - open) - open_len);
	if (!name)
		return diag_set(d, ERR_NOMEM, "out of memory");
	value = getenv(name);
	replace_all(&b, *text, open, ref_len, value ? value : "");
	if (b.len > TEXT_MAX)
		err = diag_set(d, ERR_RANGE, "\"%s\": with the environment's values it is longer than %zu octets", *text, TEXT_MAX);
	else if (b.failed || !(expanded = text_pool_add(pool, b.data ? b.data : "", b.len)))
		err = diag_set(d, ERR_NOMEM, "out of memory");
	else
		*text = expanded;
	buffer_free(&b);
	return err;
}

static enum err expand_form(struct text_pool *pool, const struct form *f, const char **text, struct diag *d)
{
	const char *start = *text;
	for (unsigned i = 0; i < REPLACEMENTS_MAX; i++) {
		bool done;
		enum err err = expand_one(pool, f, text, &done, d);
		if (err || done)
			return err;
	}
	return diag_set(d, ERR_RANGE, "\"%s\": environment variables that name each other without an end", start);
}

enum err environment_expand(struct text_pool *pool, const char *text, const char **out, struct diag *d)
{
	static const struct form forms[] = {{"{%", "%}"}, {"{$", "}"}};
	enum err err = OK;
	*out = text;
	for (size_t i = 0; i < sizeof forms / sizeof *forms && !err; i++)
		err = expand_form(pool, &forms[i], out, d);
	return err;
}
