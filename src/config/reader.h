/* reader.h - private to config: a Corefile being read, line by line. Each line is read for itself, so that all that are wrong can be named at
 * once. */
#pragma once
#include "config/corefile.h"
#include "option.h"
#include "syntax.h"

/* Lines that are wrong. */
struct notes {
	unsigned count; /* also of those that have no room */
	enum err first;
	bool listed; /* one of them says which directives there are */
	char texts[COREFILE_WRONG_MAX][DIAG_TEXT_MAX];
};

struct reader {
	const struct corefile_options *options;
	struct diag *diag;
	struct notes *notes;
};

/* Takes note of what a line's reading ended with; OK: the next can be read. Else out of memory. */
enum err reader_note(const struct reader *r, enum err err);

/* What was noted, as one error; each is reported if there are several. */
enum err reader_tell(const struct reader *r, const char *file);

/* diag_no_memory() of its diag. */
enum err reader_no_memory(const struct reader *r);

/* What is no error, for whoever wants to know. */
void reader_inform(const struct reader *r, const struct token *at, const char *text);

/* What a function of config said of a word's text, with the word's place. */
enum err reader_wrong(const struct reader *r, const struct token *at, enum err err, const struct diag *why);

/* "FILE:LINE" of a word, to be freed. */
enum err reader_place(const struct reader *r, const struct token *at, char **place);

/* The words behind the first one. Free texts. */
enum err reader_words(const struct reader *r, const struct line *l, struct words *w, const char ***texts);

/* Takes the lines of a body; what is wrong with one is noted. */
typedef enum err reader_take(void *values, option_set *given, const struct words *w, struct diag *d, const void *arg);
enum err reader_body(const struct reader *r, const struct line *l, reader_take *take, const void *arg, void *values, option_set *given);
