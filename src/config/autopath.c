/* `autopath [ZONE...] RESOLV-CONF|@kubernetes` */
#include "base/file.h"
#include "config/value.h"
#include "directives.h"
#include <stdlib.h>
#include <string.h>

#define OWN_FILE "/etc/resolv.conf"
#define FILE_MAX ((size_t)1 << 20)
#define BLANKS   " \t\r"

/* --- files in resolv.conf form --- */

static enum err add_name(struct name_list *list, const char *text)
{
	struct name n, *more;
	if (name_from_text(&n, text, strlen(text)))
		return OK; /* nothing can be below it */
	more = realloc(list->names, (list->count + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	name_lower(&n);
	more[list->count++] = n;
	list->names = more;
	return OK;
}

/* The last line that has one counts (resolv.conf(5)). */
static enum err take_line(struct name_list *list, char *line)
{
	const char *word = strtok_r(line, BLANKS, &line);
	enum err err = OK;
	bool one = word && strcmp(word, "domain") == 0;
	if (!one && !(word && strcmp(word, "search") == 0))
		return OK;
	names_clear(list);
	while (!err && (word = strtok_r(NULL, BLANKS, &line))) {
		err = add_name(list, word);
		if (one)
			break;
	}
	return err;
}

static enum err read_search(struct name_list *list, const char *path, struct diag *d)
{
	struct buffer b = {0};
	enum err err = file_read(&b, path, FILE_REGULAR, FILE_MAX, d);
	char *text = err ? NULL : strndup(b.len ? b.data : "", b.len);
	char *rest = text;
	buffer_free(&b);
	if (err)
		return err;
	for (char *line; rest && !err && (line = strsep(&rest, "\n"));)
		err = take_line(list, line);
	if (!text)
		err = ERR_NOMEM;
	free(text);
	return err ? diag_no_memory(d) : OK;
}

/* --- the directive --- */

static enum err take_list(struct autopath_options *o, const char *source, struct diag *d)
{
	enum err err;
	o->kubernetes = strcmp(source, "@kubernetes") == 0;
	if (!o->kubernetes && *source == '@')
		return diag_set(d, ERR_SYNTAX, "a file or @kubernetes is wanted, not \"%s\"", source);
	err = read_search(&o->search, o->kubernetes ? OWN_FILE : source, d);
	return o->kubernetes && err != ERR_NOMEM ? OK : err; /* who has no such file has no list of its own */
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct autopath_options *o = values;
	const struct words zones = {.name = w->name, .texts = w->texts, .count = w->count - 1};
	enum err err = take_list(o, w->texts[w->count - 1], d);
	return err || !zones.count ? err : option_zones(&o->zones, &zones, d);
}

static void clear(void *values)
{
	struct autopath_options *o = values;
	names_clear(&o->zones);
	names_clear(&o->search);
}

const struct directive autopath_directive = {
        .name = "autopath",
        .arguments = "[ZONE...] RESOLV-CONF|@kubernetes",
        .min = 1,
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_LAST,
        .size = sizeof(struct autopath_options),
        .take = take,
        .clear = clear,
};
