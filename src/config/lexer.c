#include "lexer.h"
#include "base/buffer.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP       64
#define BYTE_ORDER_MARK 0xfeff

struct lexer {
	const unsigned char *at, *end;
	unsigned line;
	struct buffer word;
	bool closed; /* the word had quotes around it */
};

enum err tokens_push(struct tokens *tokens, const struct token *t)
{
	if (tokens->count == tokens->cap) {
		size_t cap = tokens->cap ? 2 * tokens->cap : FIRST_CAP;
		struct token *more = realloc(tokens->all, cap * sizeof *more);
		if (!more)
			return ERR_NOMEM;
		tokens->all = more;
		tokens->cap = cap;
	}
	tokens->all[tokens->count++] = *t;
	return OK;
}

void tokens_free(struct tokens *tokens)
{
	free(tokens->all);
	*tokens = (struct tokens){0};
}

bool token_same_line(const struct token *a, const struct token *b)
{
	unsigned breaks = 0;
	for (const char *c = strchr(a->text, '\n'); c; c = strchr(c + 1, '\n'))
		breaks++;
	return a->file == b->file && a->line + breaks == b->line;
}

/* The code point at the start of n > 0 octets, its length in *len. What is no UTF-8 stands for itself, octet by octet. */
static uint32_t code_point(const unsigned char *s, size_t n, size_t *len)
{
	uint32_t c = s[0];
	size_t more = c < 0xc2 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 0;
	*len = 1;
	if (c < 0x80)
		return c;
	if (!more || more >= n)
		return UINT32_MAX;
	c &= 0x3fu >> more;
	for (size_t i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		c = c << 6 | (s[i] & 0x3fu);
	}
	*len = more + 1;
	return c;
}

/* Go's unicode.IsSpace. */
static bool is_space(uint32_t c)
{
	switch (c) {
	case '\t':
	case '\n':
	case '\v':
	case '\f':
	case '\r':
	case ' ':
	case 0x85:
	case 0xa0:
	case 0x1680:
	case 0x2028:
	case 0x2029:
	case 0x202f:
	case 0x205f:
	case 0x3000:
		return true;
	default:
		return c >= 0x2000 && c <= 0x200a;
	}
}

/* --- inside quotes --- */

/* Reads to the closing quote. At the end of the file what has been read is the word, too, as there. */
static void cut_quoted(struct lexer *l)
{
	bool escaped = false;
	for (; l->at < l->end; l->at++) {
		char c = (char)*l->at;
		if (!escaped && c == '\\') {
			escaped = true;
			continue;
		}
		if (!escaped && c == '"') {
			l->at++;
			l->closed = true;
			return;
		}
		if (c == '\n')
			l->line++;
		if (escaped && c != '"')
			buffer_append(&l->word, "\\", 1);
		buffer_append(&l->word, &c, 1);
		escaped = false;
	}
}

/* --- outside --- */

/* Reads to the end of the next word. False: there is none. A # ends a word, and its comment the white space behind it, for the lexer forgets
 * it with the word; that is Caddy's rule, not ours. */
static bool cut_word(struct lexer *l, unsigned *line)
{
	bool comment = false;
	size_t len;
	for (; l->at < l->end; l->at += len) {
		uint32_t c = code_point(l->at, (size_t)(l->end - l->at), &len);
		if (c == '\r')
			continue;
		if (is_space(c)) {
			l->line += c == '\n';
			comment = comment && c != '\n';
			if (!l->word.len)
				continue;
			l->at += len;
			return true;
		}
		comment = comment || c == '#';
		if (comment)
			continue;
		if (!l->word.len) {
			*line = l->line;
			if (c == '"') {
				l->at++;
				cut_quoted(l);
				return true;
			}
		}
		buffer_append(&l->word, l->at, len);
	}
	return l->word.len != 0;
}

static void skip_byte_order_mark(struct lexer *l)
{
	size_t len;
	if (l->at < l->end && code_point(l->at, (size_t)(l->end - l->at), &len) == BYTE_ORDER_MARK)
		l->at += len;
}

static enum err add_word(struct lexer *l, const char *file, unsigned line, struct text_pool *pool, struct tokens *tokens)
{
	struct token t = {.file = file, .line = line};
	if (l->word.failed || !(t.text = text_pool_add(pool, l->word.data ? l->word.data : "", l->word.len)))
		return ERR_NOMEM;
	return tokens_push(tokens, &t);
}

enum err lexer_cut(const char *text, size_t len, const char *file, struct text_pool *pool, struct tokens *tokens, struct diag *d)
{
	struct lexer l = {.at = (const unsigned char *)text, .end = (const unsigned char *)text + len, .line = 1};
	unsigned line = 1;
	enum err err = OK;
	skip_byte_order_mark(&l);
	while (!err && cut_word(&l, &line)) {
		if (tokens->count == TOKENS_MAX)
			err = diag_set(d, ERR_RANGE, "more than %zu words", TOKENS_MAX);
		else if (l.word.len && memchr(l.word.data, 0, l.word.len))
			err = diag_set(d, ERR_SYNTAX, "a NUL octet");
		else if ((l.word.len || l.closed) && (err = add_word(&l, file, line, pool, tokens)))
			diag_set(d, err, "out of memory");
		l.word.len = 0;
		l.closed = false;
	}
	if (!err && l.word.failed)
		err = diag_set(d, ERR_NOMEM, "out of memory");
	if (d)
		d->line = line;
	buffer_free(&l.word);
	return err;
}
