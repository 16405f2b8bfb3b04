#include "directives.h"
#include "base/suggest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the table --- */

/* Words of their own have nothing behind them. */
static const struct directive any_directive = {.name = "any", .arguments = "", .again = AGAIN_FIRST};
static const struct directive debug_directive = {.name = "debug", .arguments = "", .again = AGAIN_FIRST};
static const struct directive loop_directive = {.name = "loop", .arguments = ""};
static const struct directive minimal_directive = {.name = "minimal", .arguments = "", .again = AGAIN_FIRST};
static const struct directive whoami_directive = {.name = "whoami", .arguments = "", .again = AGAIN_FIRST};

static const struct directive *const table[DIRECTIVES] = {
        [DIRECTIVE_ROOT] = &root_directive,
        [DIRECTIVE_CANCEL] = &cancel_directive,
        [DIRECTIVE_TIMEOUTS] = &timeouts_directive,
        [DIRECTIVE_MULTISOCKET] = &multisocket_directive,
        [DIRECTIVE_RELOAD] = &reload_directive,
        [DIRECTIVE_NSID] = &nsid_directive,
        [DIRECTIVE_BUFSIZE] = &bufsize_directive,
        [DIRECTIVE_BIND] = &bind_directive,
        [DIRECTIVE_DEBUG] = &debug_directive,
        [DIRECTIVE_TRACE] = &trace_directive,
        [DIRECTIVE_READY] = &ready_directive,
        [DIRECTIVE_HEALTH] = &health_directive,
        [DIRECTIVE_PPROF] = &pprof_directive,
        [DIRECTIVE_SHED] = &shed_directive,
        [DIRECTIVE_PROMETHEUS] = &prometheus_directive,
        [DIRECTIVE_ERRORS] = &errors_directive,
        [DIRECTIVE_LOG] = &log_directive,
        [DIRECTIVE_LOCAL] = &local_directive,
        [DIRECTIVE_DNS64] = &dns64_directive,
        [DIRECTIVE_ANY] = &any_directive,
        [DIRECTIVE_CHAOS] = &chaos_directive,
        [DIRECTIVE_LOADBALANCE] = &loadbalance_directive,
        [DIRECTIVE_TSIG] = &tsig_directive,
        [DIRECTIVE_REWRITE] = &rewrite_directive,
        [DIRECTIVE_AUTOPATH] = &autopath_directive,
        [DIRECTIVE_ACL] = &acl_directive,
        [DIRECTIVE_CACHE] = &cache_directive,
        [DIRECTIVE_HEADER] = &header_directive,
        [DIRECTIVE_TLS] = &tls_directive,
        [DIRECTIVE_MINIMAL] = &minimal_directive,
        [DIRECTIVE_TEMPLATE] = &template_directive,
        [DIRECTIVE_HOSTS] = &hosts_directive,
        [DIRECTIVE_K8S_EXTERNAL] = &k8s_external_directive,
        [DIRECTIVE_KUBERNETES] = &kubernetes_block_directive,
        [DIRECTIVE_FILE] = &file_directive,
        [DIRECTIVE_SECONDARY] = &secondary_directive,
        [DIRECTIVE_LOOP] = &loop_directive,
        [DIRECTIVE_FORWARD] = &forward_directive,
        [DIRECTIVE_WHOAMI] = &whoami_directive,
        [DIRECTIVE_VIEW] = &view_directive,
};

const struct directive *directive_at(enum directive_id id)
{
	return table[id];
}

const struct directive *directive_find(const char *name, enum directive_id *id)
{
	for (unsigned i = 0; i < DIRECTIVES; i++) {
		if (strcmp(table[i]->name, name) == 0) {
			*id = (enum directive_id)i;
			return table[i];
		}
	}
	return NULL;
}

const char *directive_name(enum directive_id id)
{
	return table[id]->name;
}

bool directive_sees_queries(enum directive_id id)
{
	switch (id) {
	case DIRECTIVE_ROOT:
	case DIRECTIVE_CANCEL:
	case DIRECTIVE_TIMEOUTS:
	case DIRECTIVE_MULTISOCKET:
	case DIRECTIVE_RELOAD:
	case DIRECTIVE_BIND:
	case DIRECTIVE_DEBUG:
	case DIRECTIVE_TRACE:
	case DIRECTIVE_READY:
	case DIRECTIVE_HEALTH:
	case DIRECTIVE_PPROF:
	case DIRECTIVE_SHED:
	case DIRECTIVE_TLS:
		return false;
	default:
		return true;
	}
}

/* --- what headns has not got --- */

const char *directive_next(const char *before)
{
	const char *next = NULL;
	for (unsigned i = 0; i < DIRECTIVES; i++) {
		const char *name = table[i]->name;
		if (table[i]->state != DIRECTIVE_READ && strcmp(name, before) > 0 && (!next || strcmp(name, next) < 0))
			next = name;
	}
	return next;
}

/* Those that there are; once in all that is said of a file. */
static const char *list(const struct reader *r, char *text, size_t cap)
{
	size_t len = 0;
	*text = '\0';
	if (r->notes->listed)
		return text;
	r->notes->listed = true;
	for (const char *name = directive_next(""); name && len < cap; name = directive_next(name))
		len += (size_t)snprintf(text + len, cap - len, "%s%s", len ? ", " : ": headns has: ", name);
	return text;
}

static enum err not_built(const struct reader *r, const struct token *t)
{
	char known[DIAG_TEXT_MAX / 2];
	return syntax_error(r->diag, t, ERR_SYNTAX, "\"%s\" is not built yet%s", t->text, list(r, known, sizeof known));
}

static enum err unknown(const struct reader *r, const struct token *t)
{
	struct suggest s = {.wanted = t->text};
	char known[DIAG_TEXT_MAX / 2], meant[DIAG_TEXT_MAX / 4];
	const char *what;
	if (directive_elsewhere(t->text, &what))
		return what ? syntax_error(r->diag, t, ERR_SYNTAX, "\"%s\": %s", t->text, what) : not_built(r, t);
	for (unsigned i = 0; i < DIRECTIVES; i++)
		suggest_consider(&s, table[i]->name);
	if (s.count)
		return syntax_error(r->diag, t, ERR_SYNTAX, "unknown directive \"%s\": is %s meant?", t->text,
		                    suggest_text(&s, "", meant, sizeof meant));
	return syntax_error(r->diag, t, ERR_SYNTAX, "unknown directive \"%s\"%s", t->text, list(r, known, sizeof known));
}

/* --- reading one --- */

static enum err take_option(void *values, option_set *given, const struct words *w, struct diag *d, const void *table_of)
{
	return option_take(table_of, values, given, w, d);
}

/* `cache {$TTL}` without TTL is `cache`. */
static void leave_out_empty(struct words *w, const char **texts)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < w->count; i++) {
		if (*texts[i])
			texts[left++] = texts[i];
	}
	w->count = left;
}

static enum err take_words(const struct reader *r, const struct line *l, const struct directive *row, void *values)
{
	const struct token *at = &l->words[0];
	struct words w;
	struct diag why;
	const char **texts;
	enum err err = reader_words(r, l, &w, &texts);
	if (err)
		return err;
	leave_out_empty(&w, texts);
	if (w.count < row->min || w.count > row->max)
		err = diag_set(&why, ERR_SYNTAX, "it is written: %s%s%s", row->name, *row->arguments ? " " : "", row->arguments);
	else if (row->take)
		err = row->take(values, &w, &why);
	free(texts);
	return err ? syntax_error(r->diag, at, err, "%s: %s", row->name, why.text) : OK;
}

/* What is wrong in its braces is noted. */
static enum err take_line(const struct reader *r, const struct line *l, const struct directive *row, void *values)
{
	const struct token *at = &l->words[0];
	unsigned before = r->notes->count;
	option_set given = 0;
	struct diag why;
	enum err err = take_words(r, l, row, values);
	if (!err && l->body_count && !row->options)
		return syntax_error(r->diag, &l->body[0].words[0], ERR_SYNTAX, "%s has nothing in braces, such as \"%s\"", row->name,
		                    l->body[0].words[0].text);
	if (!err && row->options)
		err = reader_body(r, l, take_option, row->options, values, &given);
	if (err || r->notes->count > before || !row->finish)
		return err;
	err = row->finish(values, given, &why);
	return err ? syntax_error(r->diag, at, err, "%s: %s", row->name, why.text) : OK;
}

static void values_free(const struct directive *row, void *values)
{
	if (values && row->clear)
		row->clear(values);
	free(values);
}

/* With the defaults. */
static enum err values_new(const struct reader *r, const struct directive *row, void **values)
{
	*values = calloc(1, row->size + !row->size);
	if (*values && (!row->begin || !row->begin(*values)))
		return OK;
	values_free(row, *values);
	*values = NULL;
	return reader_no_memory(r);
}

/* Said again, where both don't add up: the one that does not count is checked, too. */
static enum err read_another(const struct reader *r, const struct line *l, const struct directive *row, struct corefile_said *said)
{
	void *values;
	enum err err = values_new(r, row, &values);
	if (!err)
		err = take_line(r, l, row, values);
	if (!err && row->again == AGAIN_LAST) {
		void *before = said->values;
		said->values = values;
		values = before;
	}
	values_free(row, values);
	return err;
}

static enum err read_values(const struct reader *r, const struct line *l, const struct directive *row, struct corefile_said *said)
{
	enum err err = OK;
	if (said->values && row->again != AGAIN_ADDS)
		return read_another(r, l, row, said);
	if (!said->values)
		err = values_new(r, row, &said->values);
	return err ? err : take_line(r, l, row, said->values);
}

enum err directive_read(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	const struct token *at = &l->words[0];
	enum directive_id id;
	const struct directive *row = directive_find(at->text, &id);
	unsigned before = r->notes->count;
	struct corefile_said *said;
	enum err err = OK;
	if (!row)
		return unknown(r, at);
	said = &b->said[id];
	if (said->place && row->again == AGAIN_WRONG)
		return syntax_error(r->diag, at, ERR_EXISTS, "a server block has one %s, as in CoreDNS, and this one has it at %s already",
		                    row->name, said->place);
	if (!said->place)
		err = reader_place(r, at, &said->place);
	if (!err)
		err = row->read ? row->read(r, l, b) : read_values(r, l, row, said);
	if (err || r->notes->count > before)
		return err;
	if (row->state == DIRECTIVE_READ)
		return not_built(r, at);
	if (row->state == DIRECTIVE_NOTHING)
		reader_inform(r, at, row->why);
	return OK;
}

void directives_clear(struct corefile_block *b)
{
	for (unsigned i = 0; i < DIRECTIVES; i++) {
		values_free(table[i], b->said[i].values);
		free(b->said[i].place);
		b->said[i] = (struct corefile_said){0};
	}
}
