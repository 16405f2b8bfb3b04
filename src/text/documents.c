#include "text/documents.h"
#include "json_frame.h"
#include "json_text.h"
#include "text/list_kind.h"
#include "text/repeated_key.h"
#include "text/yaml_reader.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where the trees go, and the items that wait for their list's kind. */
struct sink {
	const struct document_handlers *to;
	bool ended;  /* by a handler: its error is no news to it */
	cJSON *held; /* array; NULL: none yet */
	size_t held_count;
};

/* What a list says of itself, as far as it is read; "" if nothing. */
struct list_head {
	const char *kind, *api_version;
	unsigned line;
};

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
		return diag_no_memory(d);
	if (*list->api_version && !cJSON_HasObjectItem(item, "apiVersion") && !add_text(item, "apiVersion", list->api_version))
		return diag_no_memory(d);
	return OK;
}

/* Gives tree on. Consumes it. */
static enum err give(struct sink *s, cJSON *tree)
{
	enum err err = s->to->take(s->to->arg, tree);
	s->ended = err;
	return err;
}

/* Gives tree on; if it is a list, its items instead. Consumes it. */
static enum err take_tree(struct sink *s, cJSON *tree, struct diag *d)
{
	struct list_head list = {text_member(tree, "kind"), text_member(tree, "apiVersion"), 0};
	cJSON *items = cJSON_GetObjectItemCaseSensitive(tree, "items");
	enum err err = OK;
	if (!cJSON_IsArray(items) || !is_list_kind(list.kind))
		return give(s, tree);
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

static void drop_held(struct sink *s)
{
	cJSON_Delete(s->held);
	s->held = NULL;
	s->held_count = 0;
}

static enum err hold(struct sink *s, cJSON *item, struct diag *d)
{
	if (!s->held)
		s->held = cJSON_CreateArray();
	if (!s->held || s->held_count == DOCUMENT_HELD_MAX) {
		enum err err =
		        s->held ? diag_set(d, ERR_RANGE, "items without kind in a list that has not said its own") : diag_no_memory(d);
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
	drop_held(s);
	return err;
}

/* What is wrong: the handler says whether to go on. */
static enum err tell(struct sink *s, enum err err, const struct diag *d)
{
	if (!err || s->ended)
		return err;
	drop_held(s);
	return s->to->wrong(s->to->arg, err, d);
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

static enum err read_yaml(struct sink *s, struct text_reader *text)
{
	struct yaml_reader *y = yaml_reader_new(text);
	struct diag d = {0};
	enum yaml_part part = YAML_DOCUMENT;
	bool more = y != NULL;
	enum err err = y ? OK : tell(s, diag_no_memory(&d), &d);
	while (!err && more) {
		bool in_list = part == YAML_ITEM;
		cJSON *tree;
		d = (struct diag){0};
		err = yaml_read(y, &part, &tree, &d);
		more = err || part != YAML_END;
		if (!err && more)
			err = take_yaml(s, y, part, in_list, tree, &d);
		err = tell(s, err, &d);
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
			return diag_no_memory(d);
		w->text = grown;
		w->cap = cap;
	}
	memcpy(w->text + w->len, piece, len);
	w->len += len;
	return OK;
}

static enum err window_drop(struct window *w, struct json_frame *f, struct diag *d)
{
	enum err err = OK;
	size_t done = json_frame_done(f);
	if (w->len - done > DOCUMENT_JSON_BYTES_MAX) {
		d->line = f->line;
		err = diag_set(d, ERR_RANGE, "not a manifest: an object of more than %zu MiB", DOCUMENT_JSON_BYTES_MAX >> 20);
		json_frame_pass_over(f);
		done = json_frame_done(f);
	}
	if (done && w->len > done)
		memmove(w->text, w->text + done, w->len - done);
	w->len -= done;
	json_frame_drop(f, done);
	return err;
}

static unsigned count_lines(const char *text, const char *end)
{
	unsigned lines = 0;
	for (; text < end; text++)
		lines += *text == '\n';
	return lines;
}

/* cJSON has 1 for true where trees of manifests have lines, which JSON has not below its objects. */
static void clear_lines(cJSON *tree)
{
	for (cJSON *child = tree->child; child; child = child->next) {
		if (cJSON_IsBool(child))
			child->valueint = 0;
		clear_lines(child);
	}
}

/* The tree of what was framed. cJSON doesn't tell bad text from no memory. */
static enum err parse_frame(const struct window *w, const struct json_frame *f, cJSON **tree, struct diag *d)
{
	char *text = w->text + f->start;
	const char *end = text;
	if (f->deepest > JSON_KEPT_DEPTH)
		json_text_cut_depth(text, f->end - f->start);
	json_text_mend_escapes(text, f->end - f->start);
	*tree = cJSON_ParseWithLengthOpts(text, f->end - f->start, &end, false);
	d->line = f->line;
	if (!*tree) {
		d->line += count_lines(text, end);
		return diag_set(d, ERR_SYNTAX, "not JSON: wrong at \"%.*s\"",
		                (int)(w->text + f->end - end < 20 ? w->text + f->end - end : 20), end);
	}
	clear_lines(*tree);
	(*tree)->valueint = (int)f->line;
	if (!repeated_keys_find(*tree))
		return OK;
	cJSON_Delete(*tree);
	return diag_no_memory(d);
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
static enum err take_window(struct sink *s, struct json_frame *f, const struct window *w)
{
	enum err err = OK;
	while (!err) {
		struct diag d = {0};
		enum json_part part = json_frame_next(f, w->text, w->len, &d);
		if (part == JSON_MORE)
			return OK;
		if (part == JSON_BAD)
			json_frame_pass_over(f);
		err = tell(s, part == JSON_BAD ? ERR_SYNTAX : take_json(s, part, f, w, &d), &d);
	}
	return err;
}

static enum err take_end(struct sink *s, const struct json_frame *f)
{
	struct diag d = {.line = f->line};
	if (json_frame_at_rest(f))
		return OK;
	return tell(s, diag_set(&d, ERR_SYNTAX, "not JSON: the text ends inside of the object that begins here"), &d);
}

/* What the next piece of text brings; *more is false at the end of the text, or where it can't be read. */
static enum err take_piece(struct sink *s, struct json_frame *f, struct window *w, struct text_reader *text, bool *more)
{
	struct diag d = {.line = json_frame_line(f)};
	enum err err = window_grow(w, text, more, &d);
	if (err) {
		*more = false;
		return tell(s, err, &d);
	}
	err = take_window(s, f, w);
	if (!err)
		err = tell(s, window_drop(w, f, &d), &d);
	return err || *more ? err : take_end(s, f);
}

static enum err read_json(struct sink *s, struct text_reader *text)
{
	struct window w = {0};
	struct json_frame f;
	bool more = true;
	enum err err = OK;
	json_frame_init(&f);
	while (!err && more)
		err = take_piece(s, &f, &w, text, &more);
	free(w.text);
	return err;
}

enum err documents_read(struct text_reader *text, enum document_format format, const struct document_handlers *handlers)
{
	struct sink s = {.to = handlers};
	enum err err = format == DOCUMENT_JSON ? read_json(&s, text) : read_yaml(&s, text);
	drop_held(&s);
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
