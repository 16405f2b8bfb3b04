#include "config/settings.h"
#include "lexer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX   "kubernetes."
#define VARIABLE "HEADNS_SET"

static void setting_free(struct setting *s)
{
	free(s->origin);
	free(s->directive);
	free(s->value);
}

void settings_clear(struct settings *s)
{
	for (unsigned i = 0; i < s->count; i++)
		setting_free(&s->all[i]);
	free(s->all);
	*s = (struct settings){0};
}

enum err settings_move(struct settings *s, struct settings *more, struct diag *d)
{
	struct setting *all = realloc(s->all, (s->count + more->count + 1) * sizeof *all);
	if (!all)
		return diag_no_memory(d);
	for (unsigned i = 0; i < more->count; i++)
		all[s->count++] = more->all[i];
	s->all = all;
	free(more->all);
	*more = (struct settings){0};
	return OK;
}

/* --- applying --- */

static enum err set_words(const struct setting *setting, const struct tokens *words, struct kubernetes_options *o, struct diag *d)
{
	const char **texts = calloc(words->count + 1, sizeof *texts);
	enum err err;
	if (!texts)
		return diag_no_memory(d);
	for (size_t i = 0; i < words->count; i++)
		texts[i] = words->all[i].text;
	if (strcmp(setting->directive, "namespaces") == 0) /* lines of a block add up, but this takes the place of them */
		texts_clear(&o->namespaces);
	err = kubernetes_set(o, setting->directive, texts, (unsigned)words->count, d);
	free(texts);
	return err;
}

static enum err apply(const struct setting *setting, struct kubernetes_options *o, struct diag *d)
{
	struct text_pool pool = {0};
	struct tokens words = {0};
	enum err err = lexer_cut(setting->value, strlen(setting->value), setting->origin, &pool, &words, d);
	if (!err)
		err = set_words(setting, &words, o, d);
	tokens_free(&words);
	text_pool_free(&pool);
	return err;
}

enum err settings_apply(const struct settings *s, struct kubernetes_options *o, struct diag *d)
{
	struct diag why;
	for (unsigned i = 0; i < s->count; i++) {
		enum err err = apply(&s->all[i], o, &why);
		if (err)
			return diag_set(d, err, "%s: %s", s->all[i].origin, why.text);
	}
	return OK;
}

/* --- adding --- */

/* By setting it in options that nobody needs. */
static enum err check(const struct setting *setting, struct diag *d)
{
	struct kubernetes_options scratch;
	enum err err;
	kubernetes_options_init(&scratch);
	err = apply(setting, &scratch, d);
	kubernetes_options_clear(&scratch);
	return err;
}

/* Takes the directive and its value into the list, where they stay if they are good. */
static enum err push(struct settings *s, const char *origin, const char *directive, size_t directive_len, const char *value, struct diag *d)
{
	struct setting *more = realloc(s->all, (s->count + 1) * sizeof *more), *new;
	enum err err;
	if (!more)
		return diag_no_memory(d);
	s->all = more;
	new = &more[s->count];
	*new = (struct setting){strdup(origin), strndup(directive, directive_len), strdup(value)};
	err = new->origin &&new->directive &&new->value ? check(new, d) : diag_no_memory(d);
	if (err)
		setting_free(new);
	else
		s->count++;
	return err;
}

enum err settings_add(struct settings *s, const char *origin, const char *text, struct diag *d)
{
	const char *name = text + strlen(PREFIX);
	size_t len;
	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return diag_set(d, ERR_SYNTAX, "kubernetes.DIRECTIVE=VALUE is wanted, such as kubernetes.endpoints=slices");
	len = strcspn(name, "=");
	return push(s, origin, name, len, name[len] ? name + len + 1 : "", d);
}

/* The length of the text up to the next one of the list. */
static size_t item_len(const char *list)
{
	for (const char *c = list; *c; c++) {
		if (*c == '\n')
			return (size_t)(c - list);
		if (*c == ',') {
			const char *next = c + 1 + strspn(c + 1, " \t\n");
			if (!*next || strncmp(next, PREFIX, strlen(PREFIX)) == 0)
				return (size_t)(c - list);
		}
	}
	return strlen(list);
}

static enum err add_item(struct settings *s, const char *item, size_t len, struct diag *d)
{
	struct diag why;
	char *text = strndup(item, len);
	enum err err = text ? settings_add(s, VARIABLE, text, &why) : diag_no_memory(&why);
	if (err)
		diag_set(d, err, "%s: %.*s: %s", VARIABLE, (int)len, item, why.text);
	free(text);
	return err;
}

enum err settings_add_environment(struct settings *s, struct diag *d)
{
	const char *list = getenv(VARIABLE);
	while (list) {
		size_t len;
		enum err err;
		list += strspn(list, " \t\n,");
		if (!*list)
			return OK;
		len = item_len(list);
		err = add_item(s, list, len, d);
		if (err)
			return err;
		list += len;
	}
	return OK;
}
