/* lexer.h - a Corefile's octets as words, cut exactly as CoreDNS's lexer (caddyfile of Caddy 1) cuts them. */
#pragma once
#include "base/diag.h"
#include "text_pool.h"
#include <stdbool.h>
#include <stddef.h>

struct token {
	const char *text;
	const char *file; /* as it was named; equal pointers are the same file */
	unsigned line;    /* where it begins */
};

struct tokens {
	struct token *all;
	size_t count, cap;
};

/* Appends the words of text, which may hold anything; their texts are the pool's. White space of Unicode parts them, # begins a comment, a
 * word that begins with a quote goes to the next one, with \" for a quote inside and every other backslash as it stands. ERR_SYNTAX: a
 * NUL octet; ERR_RANGE: more than TOKENS_MAX in tokens; ERR_NOMEM; d->line says where. */
enum err lexer_cut(const char *text, size_t len, const char *file, struct text_pool *pool, struct tokens *tokens, struct diag *d);

#define TOKENS_MAX ((size_t)1 << 20)

/* ERR_NOMEM. */
enum err tokens_push(struct tokens *tokens, const struct token *t);
void tokens_free(struct tokens *tokens);

/* b follows a on the same line. The line breaks inside of a quoted word count. */
bool token_same_line(const struct token *a, const struct token *b);
