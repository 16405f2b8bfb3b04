#include "documents.h"
#include "json_frame.h"
#include "list_kind.h"
#include "yaml_reader.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where the trees go, and the items that wait for their list's kind. */
struct sink {
	document_take *take;
	void *arg;
	cJSON *held; /* array; NULL: none yet */
	size_t held_count;
};

/* What a list says of itself, as far as it is read; "" if nothing. */
struct list_head {
	const char *kind, *api_version;
	unsigned line;
};

static enum err out_of_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

static const char *text_member(const cJSON *tree, const char *key)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(tree, key);
	return cJSON_IsString(member) ? member->valuestring : "";
}

static bool add_text(cJSON *tree, const char *key, const char *text)
{
	cJSON *member = cJSON_AddStringToObject(tree, key, text);
	if (member)
		member->valueint = tree->valueint;
	return member != NULL;
}

/* Writes into an item without kind what its list (a typed one) says that it is. */
static enum err name_item(cJSON *item, const struct list_head *list, struct diag *d)
{
	char kind[64];
	size_t len = strlen(list->kind);
	if (!cJSON_IsObject(item) || len <= LIST_SUFFIX_LEN || len - LIST_SUFFIX_LEN >= sizeof kind || cJSON_HasObjectItem(item, "kind"))
		return OK;
	memcpy(kind, list->kind, len - LIST_SUFFIX_LEN);
	kind[len - LIST_SUFFIX_LEN] = '\0';
	if (!add_text(item, "kind", kind))
		return out_of_memory(d);
	if (*list->api_version && !cJSON_HasObjectItem(item, "apiVersion") && !add_text(item, "apiVersion", list->api_version))
		return out_of_memory(d);
	return OK;
}

/* Gives tree on; if it is a list, its items instead. Consumes it. */
static enum err take_tree(struct sink *s, cJSON *tree, struct diag *d)
{
	struct list_head list = {text_member(tree, "kind"), text_member(tree, "apiVersion"), 0};
	cJSON *items = cJSON_GetObjectItemCaseSensitive(tree, "items");
	enum err err = OK;
	if (!cJSON_IsArray(items) || !is_list_kind(list.kind))
		return s->take(s->arg, tree);
	while (items->child && !err) {
		cJSON *item = cJSON_DetachItemViaPointer(items, items->child);
		if (!item->valueint)
			item->valueint = tree->valueint;
		err = name_item(item, &list, d);
		if (err)
			cJSON_Delete(item);
		else
			err = take_tree(s, item, d);
	}
	cJSON_Delete(tree);
	return err;
}

static enum err hold(struct sink *s, cJSON *item, struct diag *d)
{
	if (!s->held)
		s->held = cJSON_CreateArray();
	if (!s->held || s->held_count == DOCUMENT_HELD_MAX) {
		enum err err =
		        s->held ? diag_set(d, ERR_RANGE, "items without kind in a list that has not said its own") : out_of_memory(d);
		cJSON_Delete(item);
		return err;
	}
	cJSON_AddItemToArray(s->held, item);
	s->held_count++;
	return OK;
}

/* An item of a list of which all is known that came before. Consumes it. */
static enum err take_item(struct sink *s, cJSON *item, const struct list_head *list, struct diag *d)
{
	enum err err;
	if (!*list->kind && cJSON_IsObject(item) && !cJSON_HasObjectItem(item, "kind"))
		return hold(s, item, d);
	err = name_item(item, list, d);
	if (!err)
		return take_tree(s, item, d);
	cJSON_Delete(item);
	return err;
}

/* The list is over. Where it turns out to be none, its items were not objects of their own: no kind of Kubernetes has objects as
 * `items` at its top but lists. */
static enum err end_list(struct sink *s, const struct list_head *list, struct diag *d)
{
	enum err err = OK;
	if (!*list->kind) {
		d->line = list->line;
		err = diag_set(d, ERR_SYNTAX, "a list without kind; write kind: List");
	}
	while (s->held && s->held->child && !err && is_list_kind(list->kind))
		err = take_item(s, cJSON_DetachItemViaPointer(s->held, s->held->child), list, d);
	cJSON_Delete(s->held);
	s->held = NULL;
	s->held_count = 0;
	return err;
}

/* --- YAML --- */

static struct list_head head_of(const cJSON *list)
{
	return (struct list_head){text_member(list, "kind"), text_member(list, "apiVersion"), list ? (unsigned)list->valueint : 0};
}

static enum err take_yaml(struct sink *s, const struct yaml_reader *y, enum yaml_part part, bool was_list, cJSON *tree, struct diag *d)
{
	struct list_head list = head_of(part == YAML_ITEM ? yaml_list(y) : tree);
	enum err err;
	if (part == YAML_ITEM)
		return take_item(s, tree, &list, d);
	if (!was_list && !cJSON_IsNull(tree))
		return take_tree(s, tree, d);
	err = was_list ? end_list(s, &list, d) : OK;
	cJSON_Delete(tree);
	return err;
}

static enum err read_yaml(struct sink *s, struct text_reader *text, struct diag *d)
{
	struct yaml_reader *y = yaml_reader_new(text);
	enum yaml_part part = YAML_DOCUMENT;
	enum err err = y ? OK : out_of_memory(d);
	while (!err && part != YAML_END) {
		bool in_list = part == YAML_ITEM;
		cJSON *tree;
		err = yaml_read(y, &part, &tree, d);
		if (!err && part != YAML_END)
			err = take_yaml(s, y, part, in_list, tree, d);
	}
	yaml_reader_free(y);
	return err;
}

/* --- JSON --- */

/* The text that has been read and not framed yet. */
struct window {
	char *text;
	size_t len, cap;
};

/* Appends the next piece; *more is false at the end of the text. */
static enum err window_grow(struct window *w, struct text_reader *text, bool *more, struct diag *d)
{
	const char *piece;
	size_t len;
	enum err err = text_reader_next(text, &piece, &len, d);
	if (err)
		return err;
	*more = len > 0;
	if (!len)
		return OK;
	if (!w->text || w->cap - w->len < len) {
		size_t cap = 2 * (w->len + len);
		char *grown = realloc(w->text, cap);
		if (!grown)
			return out_of_memory(d);
		w->text = grown;
		w->cap = cap;
	}
	memcpy(w->text + w->len, piece, len);
	w->len += len;
	return OK;
}

static enum err window_drop(struct window *w, struct json_frame *f, struct diag *d)
{
	size_t done = json_frame_done(f);
	if (w->len - done > DOCUMENT_JSON_BYTES_MAX) {
		d->line = f->line;
		return diag_set(d, ERR_RANGE, "not a manifest: an object of more than %zu MiB", DOCUMENT_JSON_BYTES_MAX >> 20);
	}
	if (done && w->len > done)
		memmove(w->text, w->text + done, w->len - done);
	w->len -= done;
	json_frame_drop(f, done);
	return OK;
}

static unsigned count_lines(const char *text, const char *end)
{
	unsigned lines = 0;
	for (; text < end; text++)
		lines += *text == '\n';
	return lines;
}

/* The tree of what was framed. cJSON doesn't tell bad text from no memory. */
static enum err parse_frame(const struct window *w, const struct json_frame *f, cJSON **tree, struct diag *d)
{
	const char *text = w->text + f->start, *end = text;
	*tree = cJSON_ParseWithLengthOpts(text, f->end - f->start, &end, false);
	d->line = f->line;
	if (!*tree) {
		d->line += count_lines(text, end);
		return diag_set(d, ERR_SYNTAX, "not JSON: wrong at \"%.*s\"",
		                (int)(w->text + f->end - end < 20 ? w->text + f->end - end : 20), end);
	}
	(*tree)->valueint = (int)f->line;
	return OK;
}

static enum err take_json(struct sink *s, enum json_part part, const struct json_frame *f, const struct window *w, struct diag *d)
{
	struct list_head list = {f->kind, f->api_version, f->line};
	cJSON *tree;
	enum err err;
	if (part == JSON_LIST)
		return end_list(s, &list, d);
	err = parse_frame(w, f, &tree, d);
	if (err)
		return err;
	return part == JSON_ITEM ? take_item(s, tree, &list, d) : take_tree(s, tree, d);
}

/* All parts that the window holds. */
static enum err take_window(struct sink *s, struct json_frame *f, const struct window *w, struct diag *d)
{
	for (;;) {
		enum json_part part = json_frame_next(f, w->text, w->len, d);
		enum err err;
		if (part == JSON_MORE)
			return OK;
		err = part == JSON_BAD ? ERR_SYNTAX : take_json(s, part, f, w, d);
		if (err)
			return err;
	}
}

static enum err read_json(struct sink *s, struct text_reader *text, struct diag *d)
{
	struct window w = {0};
	struct json_frame f;
	bool more = true;
	enum err err = OK;
	json_frame_init(&f);
	while (!err && more) {
		d->line = json_frame_line(&f);
		err = window_grow(&w, text, &more, d);
		if (!err)
			err = take_window(s, &f, &w, d);
		if (!err)
			err = window_drop(&w, &f, d);
	}
	if (!err && !json_frame_at_rest(&f)) {
		d->line = f.line;
		err = diag_set(d, ERR_SYNTAX, "not JSON: the text ends inside of the object that begins here");
	}
	free(w.text);
	return err;
}

enum err documents_read(struct text_reader *text, enum document_format format, document_take *take, void *arg, struct diag *d)
{
	struct sink s = {.take = take, .arg = arg};
	enum err err = format == DOCUMENT_JSON ? read_json(&s, text, d) : read_yaml(&s, text, d);
	cJSON_Delete(s.held);
	return err;
}

static bool ends_in(const char *path, const char *suffix)
{
	size_t len = strlen(path), n = strlen(suffix);
	return len >= n && strcmp(path + len - n, suffix) == 0;
}

enum err documents_format(struct text_reader *text, const char *path, enum document_format *format, struct diag *d)
{
	char first;
	enum err err = text_reader_peek(text, &first, d);
	bool json = ends_in(path, ".json");
	/* JSON is YAML too, but YAML in flow style is no JSON: so a file called .yaml is read as that. */
	if (!json && !ends_in(path, ".yaml") && !ends_in(path, ".yml"))
		json = first == '{' || first == '[';
	*format = json ? DOCUMENT_JSON : DOCUMENT_YAML;
	return err;
}
