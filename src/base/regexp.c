#include "base/regexp.h"
#include "regexp_syntax.h"
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define HEAP_MAX_KIB 1024 /* of one match */

struct regexp {
	pcre2_code *code;
	unsigned groups;
	char *names[REGEXP_GROUPS_MAX + 1];
};

struct regexp_match {
	pcre2_match_context *bounds;
	pcre2_match_data *data;
	const char *text;
	unsigned parts; /* the whole match and groups up to the last that took part */
};

/* Memory is taken by ours, so that tests can let it fail. */
static void *take_memory(size_t octets, void *unused)
{
	(void)unused;
	return malloc(octets);
}

static void give_memory(void *block, void *unused)
{
	(void)unused;
	free(block);
}

static enum err explain(int code, struct diag *d)
{
	PCRE2_UCHAR text[256];
	if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
		return diag_no_memory(d);
	if (pcre2_get_error_message(code, text, sizeof text) < 0)
		text[0] = 0;
	return diag_set(d, ERR_SYNTAX, "%s", (const char *)text);
}

static enum err compile(struct regexp *re, const struct buffer *pattern, struct diag *d)
{
	pcre2_general_context *memory = pcre2_general_context_create(take_memory, give_memory, NULL);
	pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
	int code = PCRE2_ERROR_NOMEMORY;
	PCRE2_SIZE place;
	if (context) {
		pcre2_set_newline(context, PCRE2_NEWLINE_LF);
		re->code = pcre2_compile((PCRE2_SPTR)(pattern->len ? pattern->data : ""), pattern->len,
		                         PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP, &code, &place,
		                         context);
	}
	pcre2_compile_context_free(context);
	pcre2_general_context_free(memory);
	return re->code ? OK : explain(code, d);
}

enum err regexp_new(const char *pattern, struct regexp **out, struct diag *d)
{
	struct regexp_translation t = {0};
	struct regexp *re;
	enum err err;
	if (strlen(pattern) > REGEXP_PATTERN_MAX)
		return diag_set(d, ERR_RANGE, "a pattern of more than %d octets", REGEXP_PATTERN_MAX);
	re = calloc(1, sizeof *re);
	if (!re)
		return diag_no_memory(d);
	err = regexp_translate(pattern, strlen(pattern), &t, d);
	if (!err)
		err = compile(re, &t.pattern, d);
	if (!err) {
		re->groups = t.groups;
		memcpy(re->names, t.names, sizeof re->names);
		memset(t.names, 0, sizeof t.names);
		*out = re;
		re = NULL;
	}
	regexp_translation_clear(&t);
	regexp_free(re);
	return err;
}

void regexp_free(struct regexp *re)
{
	if (!re)
		return;
	pcre2_code_free(re->code);
	for (unsigned i = 0; i <= REGEXP_GROUPS_MAX; i++)
		free(re->names[i]);
	free(re);
}

unsigned regexp_groups(const struct regexp *re)
{
	return re->groups;
}

const char *regexp_group_name(const struct regexp *re, unsigned n)
{
	return n <= re->groups ? re->names[n] : NULL;
}

unsigned regexp_group_number(const struct regexp *re, const char *name)
{
	for (unsigned i = 1; i <= re->groups; i++) {
		if (re->names[i] && strcmp(re->names[i], name) == 0)
			return i;
	}
	return 0;
}

struct regexp_match *regexp_match_new(unsigned groups)
{
	pcre2_general_context *memory = pcre2_general_context_create(take_memory, give_memory, NULL);
	struct regexp_match *m = calloc(1, sizeof *m);
	if (m && memory) {
		m->bounds = pcre2_match_context_create(memory);
		m->data = pcre2_match_data_create(groups + 1, memory);
	}
	pcre2_general_context_free(memory);
	if (!m || !m->bounds || !m->data) {
		regexp_match_free(m);
		return NULL;
	}
	pcre2_set_match_limit(m->bounds, REGEXP_STEPS_MAX);
	pcre2_set_heap_limit(m->bounds, HEAP_MAX_KIB);
	return m;
}

void regexp_match_free(struct regexp_match *m)
{
	if (!m)
		return;
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->bounds);
	free(m);
}

enum regexp_outcome regexp_find(const struct regexp *re, const char *text, size_t len, struct regexp_match *m)
{
	int result;
	m->parts = 0;
	m->text = text ? text : "";
	result = pcre2_match(re->code, (PCRE2_SPTR)m->text, len, 0, 0, m->data, m->bounds);
	if (result == PCRE2_ERROR_NOMATCH)
		return REGEXP_NO_MATCH;
	if (result < 0)
		return REGEXP_GAVE_UP;
	m->parts = result ? (unsigned)result : pcre2_get_ovector_count(m->data);
	return REGEXP_FOUND;
}

bool regexp_part(const struct regexp_match *m, unsigned n, const char **part, size_t *len)
{
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(m->data);
	*part = "";
	*len = 0;
	if (n >= m->parts || places[2 * n] == PCRE2_UNSET)
		return false;
	*part = m->text + places[2 * n];
	*len = places[2 * n + 1] - places[2 * n];
	return true;
}
