/* The first line is a text with fields, the second one a pattern, the rest the name that is asked for: whatever is compiled writes no more than there
 * is room for, and the same with just as much room. */
#include "config/template.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

/* The next line of the input, to be freed. */
static char *take_line(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
	const size_t len = (size_t)((stop ? stop : end) - *at);
	char *line = strndup(len ? (const char *)*at : "", len);
	*at = stop ? stop + 1 : end;
	return line;
}

static void expand(const struct template_text *t, const struct template_values *v)
{
	char out[256], again[256];
	size_t len, len_again;
	struct diag d = {0};
	if (template_text_expand(t, v, out, sizeof out, &len, &d)) {
		assert(d.text[0]);
		return;
	}
	assert(len <= sizeof out);
	assert(!template_text_expand(t, v, again, len, &len_again, NULL));
	assert(len == len_again && memcmp(out, again, len) == 0);
	assert(!len || template_text_expand(t, v, again, len - 1, &len_again, NULL) == ERR_RANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = size ? data : (const uint8_t *)"", *end = at + size;
	char *text = take_line(&at, end), *pattern = take_line(&at, end), *name = take_line(&at, end);
	struct template_values v = {name, "Q.", "z.", "IN", "A", "192.0.2.1", 1, 1, 7, 0x0100, NULL, NULL};
	struct regexp_match *m = regexp_match_new(REGEXP_GROUPS_MAX);
	struct template_text t;
	struct regexp *re = NULL;
	struct diag d = {0};
	if (template_text_new(text, &t, &d)) {
		assert(d.text[0] && !t.program);
	} else {
		expand(&t, &v);
		v.match = m;
		if (!regexp_new(pattern, &re, &d) && regexp_find(re, name, strlen(name), m) == REGEXP_FOUND) {
			v.re = re;
			expand(&t, &v);
		}
	}
	template_text_clear(&t);
	regexp_free(re);
	regexp_match_free(m);
	free(text);
	free(pattern);
	free(name);
	return 0;
}
