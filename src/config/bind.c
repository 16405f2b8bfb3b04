/* `bind ADDRESS|INTERFACE... { except ADDRESS|INTERFACE... }`. Several lines add up, each with its own exceptions. */
#include "directives.h"
#include <stdlib.h>
#include <string.h>

static enum err copy_words(const struct reader *r, const struct line *l, struct text_list *list)
{
	struct words w;
	const char **texts;
	enum err err = reader_words(r, l, &w, &texts);
	if (err)
		return err;
	err = texts_add(list, w.texts, w.count);
	free(texts);
	return err ? reader_no_memory(r) : OK;
}

static enum err take_except(const struct reader *r, const struct line *l, struct corefile_bind *b)
{
	if (strcmp(l->words[0].text, "except") != 0 || l->has_body)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "bind has only except ADDRESS|INTERFACE...");
	if (l->count < 2)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "except: an address or an interface is wanted");
	if (b->except.count)
		return syntax_error(r->diag, &l->words[0], ERR_EXISTS, "except: one line takes all that is left out of a bind");
	return copy_words(r, l, &b->except);
}

static enum err read_bind(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct corefile_bind *more, *bind;
	enum err err;
	if (l->count < 2)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "bind: an address or an interface is wanted");
	more = realloc(b->binds, (b->bind_count + 1) * sizeof *more);
	if (!more)
		return reader_no_memory(r);
	b->binds = more;
	bind = &more[b->bind_count++];
	*bind = (struct corefile_bind){0};
	err = reader_place(r, &l->words[0], &bind->place);
	if (!err)
		err = copy_words(r, l, &bind->addresses);
	for (unsigned i = 0; i < l->body_count && !err; i++)
		err = reader_note(r, take_except(r, &l->body[i], bind));
	return err;
}

const struct directive bind_directive = {.name = "bind", .arguments = "ADDRESS|INTERFACE...", .again = AGAIN_ADDS, .read = read_bind};
