#include "import.h"
#include "base/file.h"
#include "syntax.h"
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX    ((size_t)4 << 20)
#define IMPORTS_MAX 10000 /* CoreDNS's bound: something imports itself */

/* --- words --- */

/* Adds words before those that wait. */
static enum err put_before(struct source *s, const struct tokens *words, const struct token *at, struct diag *d)
{
	if (s->waiting.count + words->count > TOKENS_MAX)
		return syntax_error(d, at, ERR_RANGE, "with this import there are more than %zu words", TOKENS_MAX);
	for (size_t i = words->count; i > 0; i--) {
		if (tokens_push(&s->waiting, &words->all[i - 1]))
			return diag_no_memory(d);
	}
	return OK;
}

/* The words of a file's text, put before those that wait. at: for what is wrong where no word of it is. */
static enum err put_text(struct source *s, const char *text, size_t len, const char *file, struct diag *d)
{
	struct tokens words = {0};
	struct token at = {.file = file, .line = 1};
	struct diag why = {0};
	enum err err = lexer_cut(text, len, file, s->pool, &words, &why);
	at.line = why.line;
	if (err)
		syntax_error(d, &at, err, "%s", why.text);
	else
		err = put_before(s, &words, &at, d);
	tokens_free(&words);
	return err;
}

enum err source_open(struct source *s, const char *text, size_t len, const struct syntax_options *options, struct text_pool *pool,
                     struct diag *d)
{
	const char *file = text_pool_add(pool, options->file, strlen(options->file));
	*s = (struct source){.pool = pool, .no_imports = options->no_imports, .report = options->report};
	return file ? put_text(s, text, len, file, d) : diag_no_memory(d);
}

void source_close(struct source *s)
{
	for (unsigned i = 0; i < s->snippet_count; i++)
		tokens_free(&s->snippets[i].words);
	free(s->snippets);
	tokens_free(&s->waiting);
}

const struct token *source_peek(const struct source *s)
{
	return s->waiting.count ? &s->waiting.all[s->waiting.count - 1] : NULL;
}

void source_take(struct source *s)
{
	s->waiting.count--;
}

/* --- snippets --- */

static const struct snippet *find(const struct source *s, const char *name)
{
	for (unsigned i = 0; i < s->snippet_count; i++) {
		if (strcmp(s->snippets[i].name, name) == 0)
			return &s->snippets[i];
	}
	return NULL;
}

enum err source_define(struct source *s, const char *name, const struct token *key, struct tokens *words, struct diag *d)
{
	struct snippet *more;
	if (find(s, name)) {
		tokens_free(words);
		return syntax_error(d, key, ERR_EXISTS, "there is a snippet (%s) already", name);
	}
	more = realloc(s->snippets, (s->snippet_count + 1) * sizeof *more);
	if (!more) {
		tokens_free(words);
		return diag_no_memory(d);
	}
	s->snippets = more;
	more[s->snippet_count++] = (struct snippet){name, *words};
	return OK;
}

/* --- files --- */

static enum err put_file(struct source *s, const char *path, const struct token *what, struct diag *d)
{
	struct buffer b = {0};
	struct diag why;
	const char *file = text_pool_add(s->pool, path, strlen(path));
	enum err err = file ? file_read(&b, path, FILE_REGULAR, FILE_MAX, &why) : diag_no_memory(&why);
	if (err)
		syntax_error(d, what, err, "import: %s", why.text);
	else
		err = put_text(s, b.data ? b.data : "", b.len, file, d);
	buffer_free(&b);
	return err;
}

/* Patterns with more than one of these may take for ever to look for. */
static bool is_too_wild(const char *pattern)
{
	unsigned stars = 0, marks = 0;
	for (const char *c = pattern; *c; c++) {
		stars += *c == '*';
		marks += *c == '?';
	}
	return stars > 1 || marks > 1 || (strchr(pattern, '[') && strchr(pattern, ']'));
}

/* No error, as in CoreDNS. */
static void warn(const struct source *s, const struct token *what)
{
	struct diag line;
	if (!s->report)
		return;
	syntax_error(&line, what, OK, "import: no file is like %s", what->text);
	s->report(LOG_WARNING, line.text);
}

static enum err put_matches(struct source *s, const char *pattern, const struct token *what, struct diag *d)
{
	glob_t found = {0};
	enum err err = OK;
	int status = glob(pattern, 0, NULL, &found);
	if (status == GLOB_NOSPACE)
		err = diag_no_memory(d);
	else if (!found.gl_pathc && strpbrk(pattern, "*?[]"))
		warn(s, what);
	else if (!found.gl_pathc)
		err = syntax_error(d, what, ERR_MISSING, "import: there is neither a snippet (%s) nor a file %s", what->text, pattern);
	/* The last one first, since each goes before those that wait. */
	for (size_t i = found.gl_pathc; i > 0 && !err; i--)
		err = put_file(s, found.gl_pathv[i - 1], what, d);
	globfree(&found);
	return err;
}

/* Relative to the folder of the file that names it. */
static enum err import_files(struct source *s, const struct token *what, struct diag *d)
{
	const char *slash = *what->text == '/' ? NULL : strrchr(what->file, '/');
	char *pattern;
	enum err err;
	if (s->no_imports)
		return syntax_error(d, what, ERR_DENIED, "import: there is no snippet (%s), and files are not read here", what->text);
	if (asprintf(&pattern, "%.*s%s", slash ? (int)(slash - what->file) + 1 : 0, what->file, what->text) < 0)
		return diag_no_memory(d);
	if (is_too_wild(pattern))
		err = syntax_error(d, what, ERR_SYNTAX, "import: a pattern may have one * and one ?, and no []: %s", pattern);
	else
		err = put_matches(s, pattern, what, d);
	free(pattern);
	return err;
}

enum err source_import(struct source *s, const struct token *what, struct diag *d)
{
	const struct snippet *snippet = find(s, what->text);
	if (s->imports++ == IMPORTS_MAX)
		return syntax_error(d, what, ERR_RANGE, "more than %d imports: something imports itself", IMPORTS_MAX);
	return snippet ? put_before(s, &snippet->words, what, d) : import_files(s, what, d);
}
