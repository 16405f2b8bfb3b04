#include "reader.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err reader_note(const struct reader *r, enum err err)
{
	struct notes *n = r->notes;
	if (!err || err == ERR_NOMEM)
		return err;
	if (!n->count)
		n->first = err;
	if (n->count < COREFILE_WRONG_MAX)
		memcpy(n->texts[n->count], r->diag->text, DIAG_TEXT_MAX);
	n->count++;
	return OK;
}

enum err reader_tell(const struct reader *r, const char *file)
{
	const struct notes *n = r->notes;
	if (!n->count)
		return OK;
	if (n->count == 1 || !r->options->report)
		return diag_set(r->diag, n->first, "%s", n->texts[0]);
	for (unsigned i = 0; i < n->count && i < COREFILE_WRONG_MAX; i++)
		r->options->report(LOG_ERROR, n->texts[i]);
	return diag_set(r->diag, n->first, "%s: %u lines are wrong, see above%s", file, n->count,
	                n->count > COREFILE_WRONG_MAX ? " for the first of them" : "");
}

enum err reader_no_memory(const struct reader *r)
{
	return diag_set(r->diag, ERR_NOMEM, "out of memory");
}

void reader_inform(const struct reader *r, const struct token *at, const char *text)
{
	struct diag line;
	if (!r->options->report)
		return;
	syntax_error(&line, at, OK, "%s", text);
	r->options->report(LOG_INFO, line.text);
}

enum err reader_wrong(const struct reader *r, const struct token *at, enum err err, const struct diag *why)
{
	return err ? syntax_error(r->diag, at, err, "%s", why->text) : OK;
}

enum err reader_place(const struct reader *r, const struct token *at, char **place)
{
	if (asprintf(place, "%s:%u", at->file, at->line) >= 0)
		return OK;
	*place = NULL;
	return reader_no_memory(r);
}

enum err reader_words(const struct reader *r, const struct line *l, struct words *w, const char ***texts)
{
	*texts = calloc(l->count, sizeof **texts);
	if (!*texts)
		return reader_no_memory(r);
	for (unsigned i = 1; i < l->count; i++)
		(*texts)[i - 1] = l->words[i].text;
	*w = (struct words){l->words[0].text, *texts, l->count - 1};
	return OK;
}

static enum err take_line(const struct reader *r, const struct line *l, reader_take *take, const void *arg, void *values, option_set *given)
{
	struct diag why;
	struct words w;
	const char **texts;
	enum err err;
	if (l->has_body)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "%s has no braces", l->words[0].text);
	err = reader_words(r, l, &w, &texts);
	if (err)
		return err;
	err = reader_wrong(r, &l->words[0], take(values, given, &w, &why, arg), &why);
	free(texts);
	return err;
}

enum err reader_body(const struct reader *r, const struct line *l, reader_take *take, const void *arg, void *values, option_set *given)
{
	enum err err = OK;
	for (unsigned i = 0; i < l->body_count && !err; i++)
		err = reader_note(r, take_line(r, &l->body[i], take, arg, values, given));
	return err;
}
