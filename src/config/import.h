/* import.h - where a Corefile's words come from: the file itself, files that it imports, and snippets that were defined in it. */
#pragma once
#include "base/log.h"
#include "lexer.h"

struct syntax_options;

struct snippet {
	const char *name;
	struct tokens words;
};

struct source {
	struct tokens waiting; /* the next one last */
	struct snippet *snippets;
	unsigned snippet_count;
	unsigned imports;
	struct text_pool *pool; /* borrowed */
	bool no_imports;
	void (*report)(enum log_level level, const char *text); /* NULL: nobody wants to know */
};

/* The words of text. source_close() in any case; the words' texts are the pool's. */
enum err source_open(struct source *s, const char *text, size_t len, const struct syntax_options *options, struct text_pool *pool,
                     struct diag *d);
void source_close(struct source *s);

/* NULL: no more. Good until the next call. */
const struct token *source_peek(const struct source *s);
void source_take(struct source *s);

/* Takes the words, also on failure: ERR_EXISTS, ERR_NOMEM. The name is the pool's; key is where it stands. */
enum err source_define(struct source *s, const char *name, const struct token *key, struct tokens *words, struct diag *d);

/* Puts the words of a snippet or of files before those that wait. what: a snippet's name, else a file or a pattern with one *, ? or [] at
 * most, relative to the folder of the file that it stands in. diag begins with the place. */
enum err source_import(struct source *s, const struct token *what, struct diag *d);
