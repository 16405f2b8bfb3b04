#include "syntax.h"
#include "environment.h"
#include "import.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 8

struct parser {
	struct source source; /* the words to come */
	struct syntax *syntax;
	struct token last; /* the word before; text NULL: none */
	struct diag *diag;
};

enum err syntax_error(struct diag *d, const struct token *at, enum err e, const char *format, ...)
{
	char text[DIAG_TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return diag_set(d, e, "%s:%u: %s", at->file, at->line, text);
}

static enum err no_memory(struct parser *p)
{
	return diag_set(p->diag, ERR_NOMEM, "out of memory");
}

/* --- words --- */

static const struct token *peek(const struct parser *p)
{
	return source_peek(&p->source);
}

static void take(struct parser *p)
{
	p->last = *peek(p);
	source_take(&p->source);
}

static bool is(const struct token *t, const char *text)
{
	return t && strcmp(t->text, text) == 0;
}

/* The next word continues the line. */
static bool same_line(const struct parser *p)
{
	const struct token *t = peek(p);
	return t && p->last.text && token_same_line(&p->last, t);
}

static enum err unexpected_end(struct parser *p, const char *wanted)
{
	return syntax_error(p->diag, &p->last, ERR_SYNTAX, "the file ends where %s is wanted", wanted);
}

/* The next word with its environment variables. */
static enum err expanded(struct parser *p, struct token *t)
{
	struct diag why;
	enum err err;
	*t = *peek(p);
	err = environment_expand(&p->syntax->texts, t->text, &t->text, &why);
	return err ? syntax_error(p->diag, t, err, "%s", why.text) : OK;
}

/* The array with room for one more behind `count`; NULL: out of memory, and it is as it was. */
static void *grown(void *all, unsigned count, size_t size)
{
	bool is_full = !(count & (count - 1)); /* at each power of two */
	return is_full ? realloc(all, (count ? 2 * count : 1) * size) : all;
}

/* --- import --- */

/* "import WHAT": its words take the place of these two. */
static enum err do_import(struct parser *p)
{
	struct token what;
	enum err err;
	take(p);
	if (!same_line(p))
		return syntax_error(p->diag, &p->last, ERR_SYNTAX, "import: a file, a pattern or the name of a snippet is wanted");
	err = expanded(p, &what);
	if (err)
		return err;
	take(p);
	if (same_line(p))
		return syntax_error(p->diag, peek(p), ERR_SYNTAX, "import takes one argument: \"%s\" is one too many", peek(p)->text);
	if (!*what.text)
		return syntax_error(p->diag, &what, ERR_SYNTAX, "import: a file, a pattern or the name of a snippet is wanted");
	/* What follows is not on this line any more. */
	p->last = (struct token){0};
	return source_import(&p->source, &what, p->diag);
}

/* --- lines --- */

static enum err parse_lines(struct parser *p, struct line **lines, unsigned *count, unsigned depth);

static enum err add_word(struct parser *p, struct line *l)
{
	struct token t, *more;
	enum err err = expanded(p, &t);
	if (err)
		return err;
	more = grown(l->words, l->count, sizeof *more);
	if (!more)
		return no_memory(p);
	l->words = more;
	more[l->count++] = t;
	take(p);
	return OK;
}

static enum err parse_body(struct parser *p, struct line *l, unsigned depth)
{
	const struct token open = *peek(p);
	enum err err;
	if (depth == NESTING_MAX)
		return syntax_error(p->diag, &open, ERR_RANGE, "more than %d braces one in the other", NESTING_MAX);
	l->has_body = true;
	take(p);
	err = parse_lines(p, &l->body, &l->body_count, depth + 1);
	if (err)
		return err;
	if (!peek(p))
		return syntax_error(p->diag, &open, ERR_SYNTAX, "the \"{\" of this line is not closed");
	take(p);
	if (same_line(p))
		return syntax_error(p->diag, peek(p), ERR_SYNTAX, "\"%s\" must stand on a line of its own, below the \"}\"", peek(p)->text);
	return OK;
}

/* One line, the first word of which is next. */
static enum err parse_line(struct parser *p, struct line *l, unsigned depth)
{
	enum err err;
	if (is(peek(p), "{"))
		return syntax_error(p->diag, peek(p), ERR_SYNTAX, "\"{\" must stand at the end of the line that it belongs to");
	err = add_word(p, l);
	while (!err && same_line(p)) {
		if (is(peek(p), "{"))
			return parse_body(p, l, depth);
		if (is(peek(p), "}"))
			return syntax_error(p->diag, peek(p), ERR_SYNTAX, "\"}\" must stand on a line of its own");
		err = add_word(p, l);
	}
	return err;
}

/* Up to a "}", which is left, or the end of the file. */
static enum err parse_lines(struct parser *p, struct line **lines, unsigned *count, unsigned depth)
{
	struct line *more;
	enum err err = OK;
	while (!err && peek(p) && !is(peek(p), "}")) {
		if (is(peek(p), "import")) {
			err = do_import(p);
			continue;
		}
		more = grown(*lines, *count, sizeof *more);
		if (!more)
			return no_memory(p);
		*lines = more;
		more[*count] = (struct line){0};
		err = parse_line(p, &more[(*count)++], depth);
	}
	return err;
}

/* --- blocks --- */

static enum err add_key(struct parser *p, struct syntax_block *b, const struct token *t)
{
	struct token *more = grown(b->keys, b->key_count, sizeof *more);
	if (!more)
		return no_memory(p);
	b->keys = more;
	more[b->key_count++] = *t;
	return OK;
}

/* Takes one key. A comma at its end says that another one follows, perhaps on the next line. */
static enum err take_key(struct parser *p, struct syntax_block *b, bool *expecting)
{
	struct token t;
	size_t len;
	enum err err = expanded(p, &t);
	take(p);
	len = err ? 0 : strlen(t.text);
	if (!len)
		return err;
	*expecting = t.text[len - 1] == ',';
	if (!*expecting)
		return add_key(p, b, &t);
	t.text = text_pool_add(&p->syntax->texts, t.text, len - 1);
	return t.text ? add_key(p, b, &t) : no_memory(p);
}

static enum err parse_keys(struct parser *p, struct syntax_block *b)
{
	bool expecting = false;
	do {
		enum err err;
		if (is(peek(p), "import") && !same_line(p)) {
			err = do_import(p);
		} else if (is(peek(p), "{")) {
			if (!expecting)
				return OK;
			return syntax_error(p->diag, peek(p), ERR_SYNTAX, "another key is wanted after the comma");
		} else if (is(peek(p), "}")) {
			return syntax_error(p->diag, peek(p), ERR_SYNTAX, "\"}\" closes nothing");
		} else {
			err = take_key(p, b, &expecting);
		}
		if (err)
			return err;
	} while (peek(p) && (expecting || !b->key_count || same_line(p)));
	return expecting ? unexpected_end(p, "another key") : OK;
}

/* "(name)" alone. */
static bool is_snippet(const struct syntax_block *b)
{
	size_t len = b->key_count == 1 ? strlen(b->keys[0].text) : 0;
	return len >= 2 && b->keys[0].text[0] == '(' && b->keys[0].text[len - 1] == ')';
}

/* The words up to the brace that closes the one before, and takes that. */
static enum err take_braced(struct parser *p, const struct token *key, struct tokens *words)
{
	for (unsigned depth = 1; peek(p); take(p)) {
		depth += is(peek(p), "{");
		depth -= is(peek(p), "}");
		if (!depth) {
			take(p);
			return OK;
		}
		if (tokens_push(words, peek(p)))
			return no_memory(p);
	}
	return syntax_error(p->diag, key, ERR_SYNTAX, "the \"{\" of snippet %s is not closed", key->text);
}

/* Keeps the words between the braces for later. */
static enum err parse_snippet(struct parser *p, const struct token *key)
{
	struct tokens words = {0};
	enum err err;
	char *name = text_pool_add(&p->syntax->texts, key->text + 1, strlen(key->text) - 2);
	if (!name)
		return no_memory(p);
	if (!is(peek(p), "{"))
		return syntax_error(p->diag, key, ERR_SYNTAX, "snippet %s: \"{\" is wanted", key->text);
	take(p);
	err = take_braced(p, key, &words);
	if (!err)
		return source_define(&p->source, name, key, &words, p->diag);
	tokens_free(&words);
	return err;
}

static enum err parse_contents(struct parser *p, struct syntax_block *b)
{
	struct token open;
	enum err err;
	if (!is(peek(p), "{"))
		return parse_lines(p, &b->lines, &b->line_count, 0); /* the one block of a file needs no braces */
	open = *peek(p);
	take(p);
	err = parse_lines(p, &b->lines, &b->line_count, 0);
	if (err)
		return err;
	if (!peek(p))
		return syntax_error(p->diag, &open, ERR_SYNTAX, "the \"{\" of this server block is not closed");
	take(p);
	return OK;
}

static void lines_free(struct line *lines, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		free(lines[i].words);
		lines_free(lines[i].body, lines[i].body_count);
	}
	free(lines);
}

static void block_clear(struct syntax_block *b)
{
	free(b->keys);
	lines_free(b->lines, b->line_count);
}

static enum err parse_block(struct parser *p)
{
	struct syntax *s = p->syntax;
	struct syntax_block b = {0}, *more;
	enum err err = parse_keys(p, &b);
	if (!err && is_snippet(&b)) {
		err = parse_snippet(p, &b.keys[0]);
		block_clear(&b);
		return err;
	}
	if (!err)
		err = parse_contents(p, &b);
	more = err ? NULL : grown(s->blocks, s->block_count, sizeof *more);
	if (!err && !more)
		err = no_memory(p);
	if (more)
		s->blocks = more;
	if (err || !b.key_count)
		block_clear(&b);
	else
		more[s->block_count++] = b;
	return err;
}

enum err syntax_parse(const char *text, size_t len, const struct syntax_options *options, struct syntax *out, struct diag *d)
{
	struct parser p = {.syntax = out, .diag = d};
	enum err err;
	*out = (struct syntax){0};
	err = source_open(&p.source, text, len, options, &out->texts, d);
	while (!err && peek(&p))
		err = parse_block(&p);
	source_close(&p.source);
	return err;
}

void syntax_free(struct syntax *s)
{
	for (unsigned i = 0; i < s->block_count; i++)
		block_clear(&s->blocks[i]);
	free(s->blocks);
	text_pool_free(&s->texts);
	*s = (struct syntax){0};
}

/* --- one way of writing --- */

static void put_text(struct buffer *out, const char *text)
{
	buffer_append(out, text, strlen(text));
}

static void put_words(struct buffer *out, const struct token *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char length[sizeof "18446744073709551615:"];
		snprintf(length, sizeof length, "%zu:", strlen(words[i].text));
		put_text(out, length);
		put_text(out, words[i].text);
	}
}

/* Braces around nothing are none. */
void syntax_put_line(struct buffer *out, const struct line *l)
{
	put_words(out, l->words, l->count);
	if (l->body_count)
		put_text(out, "{");
	for (unsigned i = 0; i < l->body_count; i++)
		syntax_put_line(out, &l->body[i]);
	put_text(out, l->body_count ? "}" : ";");
}

void syntax_put_block(struct buffer *out, const struct syntax_block *b)
{
	put_words(out, b->keys, b->key_count);
	put_text(out, ";");
	for (unsigned i = 0; i < b->line_count; i++)
		syntax_put_line(out, &b->lines[i]);
	put_text(out, "\n");
}
