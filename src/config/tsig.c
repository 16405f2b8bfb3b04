/* `tsig [ZONES...] { secret NAME KEY; secrets FILE; require all|none|TYPE...; require_opcode all|none|OPCODE... }` */
#include "base/base64.h"
#include "base/file.h"
#include "base/secret.h"
#include "directives.h"
#include "dns/type.h"
#include <stdlib.h>
#include <string.h>

#define SECRETS_FILE_MAX ((size_t)1 << 20)
#define BLANKS           " \t\r"

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct tsig_options *o = values;
	return w->count ? option_zones(&o->zones, w, d) : OK;
}

static void clear(void *values)
{
	struct tsig_options *o = values;
	for (unsigned i = 0; i < o->key_count; i++)
		secret_free((void *)(uintptr_t)o->keys[i].secret);
	free(o->keys);
	free(o->types);
	names_clear(&o->zones);
}

/* --- keys --- */

/* What is wrong is said without the secret. */
static enum err read_key(struct tsig_key *key, const char *name, const char *secret, struct diag *d)
{
	enum err err = name_from_text(&key->name, name, strlen(name));
	if (err)
		return diag_set(d, err, "\"%s\" is no name of a key", name);
	name_lower(&key->name);
	key->secret = (uint8_t *)base64_decode(secret, &key->secret_len);
	if (key->secret && key->secret_len)
		return OK;
	secret_free((void *)(uintptr_t)key->secret);
	return diag_set(d, ERR_SYNTAX, "the secret of key \"%s\" is no base64, as tsig-keygen and keymgr write it", name);
}

static enum err add_key(struct tsig_options *o, const char *name, const char *secret, struct diag *d)
{
	struct tsig_key key, *more;
	enum err err = read_key(&key, name, secret, d);
	if (err)
		return err;
	for (unsigned i = 0; i < o->key_count && !err; i++) {
		if (name_equal(&o->keys[i].name, &key.name))
			err = diag_set(d, ERR_EXISTS, "there is a key \"%s\" already", name);
	}
	more = err ? NULL : realloc(o->keys, (o->key_count + 1) * sizeof *more);
	if (!more) {
		secret_free((void *)(uintptr_t)key.secret);
		return err ? err : diag_no_memory(d);
	}
	o->keys = more;
	more[o->key_count++] = key;
	return OK;
}

static enum err take_secret(void *values, const struct words *w, struct diag *d)
{
	return add_key(values, w->texts[0], w->texts[1], d);
}

/* --- files of keys, as BIND has them --- */

/* key "NAME" { algorithm ALGORITHM; secret "SECRET"; }; each on a line of its own, as CoreDNS reads them. */
struct key_file {
	struct tsig_options *options;
	char *rest; /* of the text */
	unsigned line;
	const char *key; /* whose braces are open; NULL: none */
	const char *secret;
};

/* The word without the marks around it. */
static char *strip(char *word, const char *marks)
{
	size_t len;
	if (!word)
		return NULL;
	word += strspn(word, marks);
	len = strlen(word);
	while (len && strchr(marks, word[len - 1]))
		word[--len] = '\0';
	return len ? word : NULL;
}

static enum err open_key(struct key_file *f, const char *word, char *words, struct diag *d)
{
	if (strcmp(word, "key") != 0)
		return diag_set(d, ERR_SYNTAX, "key NAME { is wanted, not \"%s\"", word);
	f->key = strip(strtok_r(NULL, BLANKS, &words), "\"{");
	f->secret = NULL;
	return f->key ? OK : diag_set(d, ERR_SYNTAX, "the name of the key is missing");
}

static enum err close_key(struct key_file *f, struct diag *d)
{
	const char *key = f->key;
	f->key = NULL;
	return f->secret ? add_key(f->options, key, f->secret, d) : diag_set(d, ERR_SYNTAX, "key \"%s\" has no secret", key);
}

static enum err take_in_key(struct key_file *f, const char *word, char *words, struct diag *d)
{
	if (strcmp(word, "algorithm") == 0)
		return OK; /* each request says its own */
	if (word[0] == '}')
		return close_key(f, d);
	if (strcmp(word, "secret") != 0)
		return diag_set(d, ERR_SYNTAX, "algorithm, secret or } is wanted, not \"%s\"", word);
	f->secret = strip(strtok_r(NULL, BLANKS, &words), "\";");
	return f->secret ? OK : diag_set(d, ERR_SYNTAX, "the secret of key \"%s\" is missing", f->key);
}

static enum err take_line(struct key_file *f, char *line, struct diag *d)
{
	char *words, *word = strtok_r(line, BLANKS, &words);
	if (!word)
		return OK;
	return f->key ? take_in_key(f, word, words, d) : open_key(f, word, words, d);
}

static enum err take_lines(struct key_file *f, struct diag *d)
{
	enum err err = OK;
	char *line;
	while (!err && (line = strsep(&f->rest, "\n"))) {
		f->line++;
		err = take_line(f, line, d);
	}
	return !err && f->key ? diag_set(d, ERR_SYNTAX, "key \"%s\" has no end", f->key) : err;
}

static enum err take_secrets(void *values, const struct words *w, struct diag *d)
{
	struct buffer text = {.secret = true};
	struct key_file f = {.options = values};
	struct diag why;
	enum err err = file_read(&text, w->texts[0], FILE_REGULAR, SECRETS_FILE_MAX, &why);
	buffer_append(&text, "", 1);
	if (!err && text.failed)
		err = diag_no_memory(&why);
	if (err) {
		buffer_free(&text);
		return diag_set(d, err, "%s", why.text);
	}
	f.rest = text.data;
	err = take_lines(&f, &why);
	buffer_free(&text);
	return err ? diag_set(d, err, "%s:%u: %s", w->texts[0], f.line, why.text) : OK;
}

/* --- what must be signed --- */

static bool is_word(const struct words *w, const char *word)
{
	return strcmp(w->texts[0], word) == 0;
}

static enum err add_type(struct tsig_options *o, const char *text, struct diag *d)
{
	uint16_t type, *more;
	if (!type_from_text(text, &type))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is no type of record (A, AXFR...), all or none", text);
	more = realloc(o->types, (o->type_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	o->types = more;
	more[o->type_count++] = type;
	return OK;
}

static enum err take_require(void *values, const struct words *w, struct diag *d)
{
	struct tsig_options *o = values;
	enum err err = OK;
	o->type_count = 0;
	o->all_types |= is_word(w, "all");
	if (is_word(w, "all") || is_word(w, "none"))
		return OK;
	for (unsigned i = 0; i < w->count && !err; i++)
		err = add_type(o, w->texts[i], d);
	return err;
}

static enum err add_opcode(struct tsig_options *o, const char *text, struct diag *d)
{
	static const char *const names[] = {"QUERY", "IQUERY", "STATUS", NULL, "NOTIFY", "UPDATE"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i] && strcmp(names[i], text) == 0) {
			o->opcodes |= (uint16_t)(1U << i);
			return OK;
		}
	}
	return diag_set(d, ERR_SYNTAX, "\"%s\" is none of QUERY, IQUERY, STATUS, NOTIFY, UPDATE, all and none", text);
}

static enum err take_require_opcode(void *values, const struct words *w, struct diag *d)
{
	struct tsig_options *o = values;
	enum err err = OK;
	o->opcodes = is_word(w, "all") ? UINT16_MAX : 0;
	if (is_word(w, "all") || is_word(w, "none"))
		return OK;
	for (unsigned i = 0; i < w->count && !err; i++)
		err = add_opcode(o, w->texts[i], d);
	return err;
}

static const struct option rows[] = {
        {.name = "secret", .arguments = "NAME KEY", .min = 2, .max = 2, .set = take_secret},
        {.name = "secrets", .arguments = "FILE", .min = 1, .max = 1, .set = take_secrets},
        {.name = "require", .arguments = "all|none|TYPE...", .min = 1, .max = OPTION_ANY_NUMBER, .set = take_require},
        {.name = "require_opcode", .arguments = "all|none|OPCODE...", .min = 1, .max = OPTION_ANY_NUMBER, .set = take_require_opcode},
};
static const struct option_table options = {"tsig", rows, sizeof rows / sizeof *rows, NULL};

const struct directive tsig_directive = {
        .name = "tsig",
        .arguments = "[ZONE...]",
        .max = OPTION_ANY_NUMBER,
        .size = sizeof(struct tsig_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
