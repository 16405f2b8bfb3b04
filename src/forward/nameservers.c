#include "forward/nameservers.h"
#include "base/file.h"
#include "base/log.h"
#include "io/filewatch.h"
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 128 /* octets of an address with its interface and port, and more */

struct nameservers_watch {
	struct filewatch *files;
	nameservers_changed *changed;
	void *arg;
	struct nameservers_list known;
	char path[];
};

/* --- reading --- */

/* A part of the text that has yet to be read. */
struct rest {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the next line off; false: there is none. */
static bool next_line(struct rest *text, struct rest *line)
{
	if (text->at == text->end)
		return false;
	const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
	*line = (struct rest){text->at, end ? end : text->end};
	text->at = end ? end + 1 : text->end;
	return true;
}

/* Cuts the next word off, as a text; false: there is none, or none that is of use here. */
static bool next_word(struct rest *line, char word[WORD_MAX])
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
	const char *from = line->at;
	while (line->at < line->end && !is_blank(*line->at))
		line->at++;
	size_t len = (size_t)(line->at - from);
	if (!len || len >= WORD_MAX || memchr(from, 0, len))
		return false;
	memcpy(word, from, len);
	word[len] = 0;
	return true;
}

static bool has(const struct nameservers_list *l, const struct upstream *u)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (upstream_equal(&l->list[i], u))
			return true;
	}
	return false;
}

static void add(struct nameservers_list *l, const char *word)
{
	struct upstream u;
	if (strstr(word, "://") || upstream_parse(word, &u, NULL) || has(l, &u) || l->count == UPSTREAMS_MAX)
		return;
	l->list[l->count++] = u;
}

void nameservers_parse(const char *text, size_t len, struct nameservers_list *out)
{
	struct rest all = {text, text + len}, line;
	char word[WORD_MAX];
	out->count = 0;
	while (next_line(&all, &line)) {
		if (next_word(&line, word) && strcmp(word, "nameserver") == 0 && next_word(&line, word))
			add(out, word);
	}
}

enum err nameservers_read(const char *path, struct nameservers_list *out, struct diag *d)
{
	struct buffer b = {0};
	enum err err = file_read(&b, path, FILE_REGULAR, NAMESERVERS_FILE_MAX, d);
	if (!err && b.len)
		nameservers_parse(b.data, b.len, out);
	else if (!err)
		out->count = 0;
	buffer_free(&b);
	return err;
}

/* --- watching --- */

static bool same(const struct nameservers_list *a, const struct nameservers_list *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (!upstream_equal(&a->list[i], &b->list[i]))
			return false;
	}
	return true;
}

static void on_file_changed(void *arg)
{
	struct nameservers_watch *w = arg;
	struct nameservers_list now;
	struct diag d = {0};
	if (nameservers_read(w->path, &now, &d)) {
		log_line(LOG_WARNING, "%s; its nameservers of before stay", d.text);
	} else if (!now.count) {
		log_line(LOG_WARNING, "%s names no nameserver; those of before stay", w->path);
	} else if (!same(&now, &w->known)) {
		w->known = now;
		w->changed(w->arg, &w->known);
	}
}

enum err nameservers_watch_start(struct uv_loop_s *loop, const char *path, nameservers_changed *changed, void *arg,
                                 struct nameservers_list *first, struct nameservers_watch **out, struct diag *d)
{
	size_t len = strlen(path) + 1;
	struct nameservers_watch *w = calloc(1, sizeof *w + len);
	*out = NULL;
	if (!w)
		return diag_set(d, ERR_NOMEM, "out of memory");
	memcpy(w->path, path, len);
	w->changed = changed;
	w->arg = arg;
	/* Watched before it is read, so that no change falls between. */
	enum err err = filewatch_start(loop, &path, 1, false, on_file_changed, w, &w->files);
	if (err)
		diag_set(d, err, "can't watch %s: %s", path, err_str(err));
	else
		err = nameservers_read(path, &w->known, d);
	if (err) {
		nameservers_watch_stop(w);
		return err;
	}
	*first = w->known;
	*out = w;
	return OK;
}

void nameservers_watch_stop(struct nameservers_watch *w)
{
	if (!w)
		return;
	filewatch_stop(w->files);
	free(w);
}
