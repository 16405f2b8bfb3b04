/* syntax.h - a Corefile as server blocks of lines, with its imports, snippets and environment variables put in; what the lines mean is not
 * looked at. */
#pragma once
#include "base/buffer.h"
#include "base/diag.h"
#include "base/log.h"
#include "lexer.h"

/* "pods insecure", or "kubernetes cluster.local { ... }". */
struct line {
	struct token *words; /* one at least */
	unsigned count;
	struct line *body; /* what stands in its braces */
	unsigned body_count;
	bool has_body;
};

/* "example.org:53 { ... }". */
struct syntax_block {
	struct token *keys; /* one at least */
	unsigned key_count;
	struct line *lines;
	unsigned line_count;
};

struct syntax {
	struct syntax_block *blocks;
	unsigned block_count;
	struct text_pool texts;
};

struct syntax_options {
	const char *file;                                       /* what the text is called in errors; imports are relative to its folder */
	bool no_imports;                                        /* of files, which then are errors */
	void (*report)(enum log_level level, const char *text); /* of what is no error; NULL: nobody wants to know */
};

/* Reads the text whole. ERR_SYNTAX, ERR_RANGE, ERR_MISSING and so on: diag begins with "FILE:LINE: ". syntax_free() in any case. */
enum err syntax_parse(const char *text, size_t len, const struct syntax_options *options, struct syntax *out, struct diag *d);
void syntax_free(struct syntax *s);

/* Appends what a block or a line says, in one way of writing: two texts are equal if, and only if, their words are. Words of keys and lines
 * may be anything. */
void syntax_put_block(struct buffer *out, const struct syntax_block *b);
void syntax_put_line(struct buffer *out, const struct line *l);

/* "FILE:LINE: " and the formatted text, for what is wrong with a word. */
enum err syntax_error(struct diag *d, const struct token *at, enum err e, const char *format, ...) __attribute__((format(printf, 4, 5)));
