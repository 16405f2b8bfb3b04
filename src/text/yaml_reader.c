#include "text/yaml_reader.h"
#include "base/secret.h"
#include "text/list_kind.h"
#include "yaml_mapping.h"
#include "yaml_scalar.h"
#include "yaml_text.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A mapping or sequence that has begun and not ended. */
struct open_node {
	cJSON *node;  /* owned until it ends and is placed in its parent */
	char *key;    /* owned; of the value to come. NULL: a key comes next (in a mapping) */
	char *anchor; /* owned; NULL: none */
	unsigned key_line;
	bool merges;  /* key is `<<` */
	bool mapping; /* else a sequence */
	bool streams; /* the sequence of a list's items */
	struct yaml_mapping members;
};

struct anchor {
	char *name;
	cJSON *copy; /* so that an item may be given away while its anchors live on */
};

struct yaml_reader {
	yaml_parser_t parser;  /* of one document: it is of no more use after an error */
	unsigned line;         /* in which that begins */
	struct diag text_diag; /* why reading the text failed */
	enum err text_err;
	size_t unparsed; /* octets taken since the last event */
	bool lost;       /* the document was wrong */
	bool ended;      /* there is no more text */
	struct yaml_text text;

	struct open_node open[YAML_DEPTH_MAX];
	unsigned depth;
	unsigned passed; /* levels below the deepest that are open, and not kept */
	struct anchor *anchors;
	size_t anchor_count, anchor_cap;
	size_t tree_bytes;  /* of the part being built */
	size_t alias_bytes; /* of all copies so far */

	enum yaml_part part; /* set, with tree, when one is complete */
	cJSON *tree;
};

/* With cJSON's allocator, because most of these end up in a tree that cJSON frees. */
static char *copy_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = cJSON_malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

/* --- text --- */

static bool is_secret(const struct yaml_reader *y)
{
	return y->text.source->secret;
}

/* Of the text, for an error; nothing where that may be a secret: a password that begins with '*' looks like an alias. */
static const char *shown(const struct yaml_reader *y, const char *text)
{
	return is_secret(y) ? "" : text;
}

static int on_parser_read(void *data, unsigned char *out, size_t cap, size_t *len)
{
	struct yaml_reader *y = data;
	y->text_err = yaml_text_read(&y->text, (char *)out, cap, len, &y->text_diag);
	y->unparsed += *len;
	if (!y->text_err && y->unparsed > YAML_TEXT_BYTES_MAX) {
		y->text_diag.line = y->line + (unsigned)y->parser.mark.line;
		y->text_err = diag_set(&y->text_diag, ERR_RANGE, "not a manifest: a value of more than %zu MiB", YAML_TEXT_BYTES_MAX >> 20);
	}
	return !y->text_err;
}

/* What stands where nothing can begin so; '\0': libyaml found something else wrong. */
static char bad_beginning(const yaml_parser_t *p)
{
	bool found = p->problem && strcmp(p->problem, "found character that cannot start any token") == 0;
	if (!found || p->buffer.pointer >= p->buffer.last)
		return '\0';
	return (char)*p->buffer.pointer;
}

/* What libyaml found wrong, or why it got no text. */
static enum err parser_error(const struct yaml_reader *y, struct diag *d)
{
	const yaml_parser_t *p = &y->parser;
	if (p->error == YAML_MEMORY_ERROR)
		return diag_no_memory(d);
	d->line = y->text_err ? y->text_diag.line : y->line + (unsigned)p->problem_mark.line;
	if (y->text_err)
		return diag_set(d, y->text_err, "%s", y->text_diag.text);
	if (bad_beginning(p) == '\t')
		return diag_set(d, ERR_SYNTAX, "not YAML: a line is indented by a tab; write blanks");
	if (bad_beginning(p))
		return diag_set(d, ERR_SYNTAX, "not YAML: no value begins with '%c'; put it in quotes", bad_beginning(p));
	if (!p->context)
		return diag_set(d, ERR_SYNTAX, "not YAML: %s", p->problem);
	return diag_set(d, ERR_SYNTAX, "not YAML: %s %s that starts at line %zu", p->problem, p->context, p->context_mark.line + y->line);
}

/* --- counting --- */

static size_t node_bytes(const cJSON *node)
{
	return sizeof *node + (node->valuestring ? strlen(node->valuestring) + 1 : 0) + (node->string ? strlen(node->string) + 1 : 0);
}

static enum err count_tree(struct yaml_reader *y, size_t bytes, struct diag *d)
{
	y->tree_bytes += bytes;
	if (y->tree_bytes <= YAML_TREE_BYTES_MAX)
		return OK;
	return diag_set(d, ERR_RANGE, "not a manifest: an object of more than %zu MiB", YAML_TREE_BYTES_MAX >> 20);
}

static enum err count_alias(struct yaml_reader *y, size_t bytes, struct diag *d)
{
	y->alias_bytes += bytes;
	if (y->alias_bytes <= YAML_ALIAS_BYTES_MAX)
		return OK;
	return diag_set(d, ERR_RANGE, "anchors and aliases expand to more than %zu MiB", YAML_ALIAS_BYTES_MAX >> 20);
}

/* --- anchors --- */

static cJSON *copy_node(const cJSON *node)
{
	cJSON *copy = cJSON_CreateNull();
	if (!copy)
		return NULL;
	copy->type = node->type;
	copy->valueint = node->valueint;
	copy->valuedouble = node->valuedouble;
	if (node->valuestring)
		copy->valuestring = copy_text(node->valuestring);
	if (node->string)
		copy->string = copy_text(node->string);
	if ((node->valuestring && !copy->valuestring) || (node->string && !copy->string)) {
		cJSON_Delete(copy);
		return NULL;
	}
	return copy;
}

/* cJSON_Duplicate with limits: aliases within aliases grow in depth and size as fast as one cares to write them. */
static enum err copy_tree(struct yaml_reader *y, const cJSON *from, unsigned depth, cJSON **out, struct diag *d)
{
	enum err err = count_alias(y, node_bytes(from), d);
	cJSON *copy;
	*out = NULL;
	if (err)
		return err;
	if (depth > YAML_DEPTH_MAX)
		return diag_set(d, ERR_RANGE, "nested deeper than %d levels", YAML_DEPTH_MAX);
	copy = copy_node(from);
	if (!copy)
		return diag_no_memory(d);
	for (const cJSON *child = from->child; child && !err; child = child->next) {
		cJSON *grown = NULL;
		err = copy_tree(y, child, depth + 1, &grown, d);
		if (!err)
			cJSON_AddItemToArray(copy, grown); /* an object's members keep the keys they have */
	}
	if (err) {
		cJSON_Delete(copy);
		return err;
	}
	*out = copy;
	return OK;
}

static struct anchor *find_anchor(const struct yaml_reader *y, const char *name)
{
	for (size_t i = 0; i < y->anchor_count; i++) {
		if (strcmp(y->anchors[i].name, name) == 0)
			return &y->anchors[i];
	}
	return NULL;
}

/* The anchor of that name, made if there is none yet; NULL: out of memory. */
static struct anchor *add_anchor(struct yaml_reader *y, const char *name)
{
	struct anchor *a = find_anchor(y, name);
	if (a)
		return a;
	if (y->anchor_count == y->anchor_cap) {
		size_t cap = y->anchor_cap ? y->anchor_cap * 2 : 8;
		struct anchor *grown = realloc(y->anchors, cap * sizeof *grown);
		if (!grown)
			return NULL;
		y->anchors = grown;
		y->anchor_cap = cap;
	}
	a = &y->anchors[y->anchor_count];
	a->copy = NULL;
	a->name = copy_text(name);
	y->anchor_count += a->name != NULL;
	return a->name ? a : NULL;
}

#define ANCHORS_MAX 1000 /* of one document: they are looked for one by one */

/* Keeps a copy of node under name, NULL for none. A name used again means the new node from then on (YAML 1.2, 6.9.2). */
static enum err set_anchor(struct yaml_reader *y, const char *name, const cJSON *node, struct diag *d)
{
	struct anchor *a;
	cJSON *copy = NULL;
	enum err err;
	if (!name)
		return OK;
	err = copy_tree(y, node, 0, &copy, d);
	if (err)
		return err;
	a = y->anchor_count < ANCHORS_MAX ? add_anchor(y, name) : find_anchor(y, name);
	if (!a) {
		cJSON_Delete(copy);
		return y->anchor_count < ANCHORS_MAX ? diag_no_memory(d) : diag_set(d, ERR_RANGE, "more than %d anchors", ANCHORS_MAX);
	}
	cJSON_Delete(a->copy);
	a->copy = copy;
	return OK;
}

static void clear_anchors(struct yaml_reader *y)
{
	for (size_t i = 0; i < y->anchor_count; i++) {
		cJSON_free(y->anchors[i].name);
		cJSON_Delete(y->anchors[i].copy);
	}
	y->anchor_count = 0;
}

/* A node that holds an alias to itself has no end. */
static bool is_open(const struct yaml_reader *y, const char *anchor)
{
	for (unsigned i = 0; i < y->depth; i++) {
		if (y->open[i].anchor && strcmp(y->open[i].anchor, anchor) == 0)
			return true;
	}
	return false;
}

/* --- nodes into their places --- */

/* Gives tree to the caller of yaml_read as a part of its own. */
static void hand_out(struct yaml_reader *y, enum yaml_part part, cJSON *tree)
{
	y->part = part;
	y->tree = tree;
	y->tree_bytes = 0;
}

/* node is a mapping's next key; consumed. */
static enum err place_key(struct yaml_reader *y, struct open_node *parent, cJSON *node, unsigned line, bool merges, struct diag *d)
{
	if (cJSON_IsArray(node) || cJSON_IsObject(node)) {
		cJSON_Delete(node);
		return diag_set(d, ERR_SYNTAX, "a mapping key is neither a string nor a number");
	}
	/* 80: and yes: are the keys "80" and "true", as kubectl makes them. */
	parent->key_line = line;
	parent->key = cJSON_IsString(node) ? copy_text(node->valuestring) : cJSON_PrintUnformatted(node);
	parent->merges = merges;
	cJSON_Delete(node);
	return parent->key ? count_tree(y, strlen(parent->key) + 1, d) : diag_no_memory(d);
}

/* node is the value of parent's key; consumed. */
static enum err place_value(struct open_node *parent, cJSON *node, struct diag *d)
{
	if (parent->merges) {
		cJSON_free(parent->key);
		parent->key = NULL;
		return yaml_mapping_merge(&parent->members, parent->node, node, d);
	}
	node->string = parent->key;
	parent->key = NULL;
	return yaml_mapping_add(&parent->members, parent->node, node, parent->key_line, d);
}

/* Puts a complete node, consumed, where the open ones say that it belongs. */
static enum err place(struct yaml_reader *y, cJSON *node, unsigned line, bool merges, struct diag *d)
{
	struct open_node *parent = y->depth ? &y->open[y->depth - 1] : NULL;
	enum err err = count_tree(y, node_bytes(node), d);
	if (err) {
		cJSON_Delete(node);
		return err;
	}
	if (!parent)
		hand_out(y, YAML_DOCUMENT, node);
	else if (parent->streams)
		hand_out(y, YAML_ITEM, node);
	else if (!parent->mapping)
		cJSON_AddItemToArray(parent->node, node);
	else if (!parent->key)
		return place_key(y, parent, node, line, merges, d);
	else
		return place_value(parent, node, d);
	return OK;
}

/* --- events --- */

/* True if the sequence about to open is that of a list's items. With an anchor it is read whole, for the aliases. */
static bool streams_items(const struct yaml_reader *y, const char *anchor)
{
	const struct open_node *root = &y->open[0];
	const cJSON *kind;
	if (y->depth != 1 || anchor || root->anchor || !root->key || root->merges || strcmp(root->key, "items") != 0)
		return false;
	kind = cJSON_GetObjectItemCaseSensitive(root->node, "kind");
	return !kind || (cJSON_IsString(kind) && is_list_kind(kind->valuestring));
}

static enum err open_node(struct yaml_reader *y, bool mapping, const yaml_char_t *anchor, unsigned line, struct diag *d)
{
	struct open_node o = {.mapping = mapping, .streams = !mapping && streams_items(y, (const char *)anchor)};
	o.node = mapping ? cJSON_CreateObject() : cJSON_CreateArray();
	o.anchor = anchor ? copy_text((const char *)anchor) : NULL;
	if (!o.node || (anchor && !o.anchor)) {
		cJSON_Delete(o.node);
		cJSON_free(o.anchor);
		return diag_no_memory(d);
	}
	o.node->valueint = (int)line;
	y->open[y->depth++] = o;
	return OK;
}

static void open_node_free(struct open_node *o)
{
	cJSON_Delete(o->node);
	cJSON_free(o->key);
	cJSON_free(o->anchor);
	yaml_mapping_free(&o->members);
}

static enum err close_node(struct yaml_reader *y, struct diag *d)
{
	struct open_node *o = &y->open[--y->depth];
	cJSON *node = o->node;
	enum err err;
	if (o->mapping)
		yaml_mapping_finish(&o->members, node);
	err = set_anchor(y, o->anchor, node, d);
	if (!err)
		o->node = NULL;
	open_node_free(o);
	return err ? err : place(y, node, 0, false, d);
}

static enum err take_scalar(struct yaml_reader *y, const yaml_event_t *e, unsigned line, struct diag *d)
{
	char *text = (char *)e->data.scalar.value;
	const char *tag = (const char *)e->data.scalar.tag;
	size_t len = y->text.restore ? yaml_text_restore(text, e->data.scalar.length) : e->data.scalar.length;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && e->data.scalar.plain_implicit;
	cJSON *node = NULL;
	enum err err = yaml_scalar(text, len, plain, tag, &node, d);
	if (err == ERR_SYNTAX && is_secret(y))
		return diag_set(d, err, "a value is not what its tag says");
	if (err)
		return err;
	if (!cJSON_IsNumber(node))
		node->valueint = (int)line;
	err = set_anchor(y, (const char *)e->data.scalar.anchor, node, d);
	if (err) {
		cJSON_Delete(node);
		return err;
	}
	return place(y, node, line, plain && strcmp(text, "<<") == 0, d);
}

static enum err take_alias(struct yaml_reader *y, const char *name, unsigned line, struct diag *d)
{
	const struct anchor *a = find_anchor(y, name);
	cJSON *node = NULL;
	enum err err;
	if (is_open(y, name))
		return diag_set(d, ERR_SYNTAX, "the alias *%.60s stands inside what it names", shown(y, name));
	if (!a)
		return diag_set(d, ERR_SYNTAX, "the alias *%.60s has no anchor before it", shown(y, name));
	err = copy_tree(y, a->copy, y->depth, &node, d);
	return node ? place(y, node, line, false, d) : err;
}

/* An event below the deepest level that is kept. What begins there is null where it ends. */
static enum err pass_over(struct yaml_reader *y, const yaml_event_t *e, unsigned line, struct diag *d)
{
	cJSON *node;
	switch (e->type) {
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		y->passed++;
		if (y->depth + y->passed > YAML_NEST_MAX)
			return diag_set(d, ERR_RANGE, "nested deeper than %d levels", YAML_NEST_MAX);
		return OK;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		y->passed--;
		break;
	default:
		return OK;
	}
	if (y->passed)
		return OK;
	node = cJSON_CreateNull();
	if (!node)
		return diag_no_memory(d);
	node->valueint = (int)line;
	return place(y, node, line, false, d);
}

static bool begins_node(const yaml_event_t *e)
{
	return e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT;
}

static enum err take_event(struct yaml_reader *y, const yaml_event_t *e, struct diag *d)
{
	unsigned line = (unsigned)e->start_mark.line + y->line;
	d->line = line;
	if (y->passed || (y->depth == YAML_DEPTH_MAX && begins_node(e)))
		return pass_over(y, e, line, d);
	switch (e->type) {
	case YAML_DOCUMENT_END_EVENT:
		clear_anchors(y);
		return OK;
	case YAML_MAPPING_START_EVENT:
		return open_node(y, true, e->data.mapping_start.anchor, line, d);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(y, false, e->data.sequence_start.anchor, line, d);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return close_node(y, d);
	case YAML_SCALAR_EVENT:
		return take_scalar(y, e, line, d);
	case YAML_ALIAS_EVENT:
		return take_alias(y, (const char *)e->data.alias.anchor, line, d);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	}
	return OK;
}

/* --- documents --- */

static bool begin_parser(struct yaml_reader *y)
{
	if (!yaml_parser_initialize(&y->parser))
		return false;
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&y->parser, on_parser_read, y);
	y->line = y->text.line;
	y->unparsed = 0;
	return true;
}

static void clear_octets(unsigned char *begin, const unsigned char *end)
{
	if (begin)
		explicit_bzero(begin, (size_t)(end - begin));
}

static void clear_scalar(yaml_char_t *text, size_t len)
{
	clear_octets(text, text + len);
}

/* libyaml frees what it holds as it is. Of a secret text that is cleared before; what libyaml frees while a value outgrows its block, nobody can
 * get at. */
static void end_parser(struct yaml_reader *y)
{
	yaml_parser_t *p = &y->parser;
	if (is_secret(y)) {
		clear_octets(p->raw_buffer.start, p->raw_buffer.end);
		clear_octets(p->buffer.start, p->buffer.end);
		for (const yaml_token_t *t = p->tokens.head; t != p->tokens.tail; t++) {
			if (t->type == YAML_SCALAR_TOKEN)
				clear_scalar(t->data.scalar.value, t->data.scalar.length);
		}
	}
	yaml_parser_delete(p);
}

static void end_event(const struct yaml_reader *y, yaml_event_t *e)
{
	if (is_secret(y) && e->type == YAML_SCALAR_EVENT)
		clear_scalar(e->data.scalar.value, e->data.scalar.length);
	yaml_event_delete(e);
}

/* Drops what there is of a document. */
static void clear_document(struct yaml_reader *y)
{
	while (y->depth)
		open_node_free(&y->open[--y->depth]);
	clear_anchors(y);
	y->passed = 0;
	y->tree_bytes = 0;
	y->lost = false;
}

/* Goes on behind the end of a document, or of what is left of it. */
static enum err next_document(struct yaml_reader *y, struct diag *d)
{
	bool more;
	enum err err = yaml_text_next(&y->text, &more, d);
	clear_document(y);
	end_parser(y);
	y->ended = err || !more;
	if (begin_parser(y))
		return err;
	y->ended = true;
	return diag_no_memory(d);
}

/* Takes the next event of the document; *over: it was the last. */
static enum err read_event(struct yaml_reader *y, bool *over, struct diag *d)
{
	yaml_event_t event;
	enum err err;
	if (!yaml_parser_parse(&y->parser, &event))
		return parser_error(y, d);
	y->unparsed = 0;
	*over = event.type == YAML_STREAM_END_EVENT;
	err = take_event(y, &event, d);
	end_event(y, &event);
	return err;
}

/* --- the reader --- */

struct yaml_reader *yaml_reader_new(struct text_reader *text)
{
	struct yaml_reader *y = calloc(1, sizeof *y);
	if (!y)
		return NULL;
	yaml_text_init(&y->text, text);
	if (begin_parser(y))
		return y;
	free(y);
	return NULL;
}

void yaml_reader_free(struct yaml_reader *y)
{
	if (!y)
		return;
	clear_document(y);
	free(y->anchors);
	end_parser(y);
	secret_free(y); /* text was copied into it */
}

#define PART_NONE ((enum yaml_part)(YAML_ITEM + 1))

enum err yaml_read(struct yaml_reader *y, enum yaml_part *part, cJSON **tree, struct diag *d)
{
	enum err err = y->lost ? next_document(y, d) : OK;
	y->part = PART_NONE;
	*tree = NULL;
	while (!err && !y->ended && y->part == PART_NONE) {
		bool over = false;
		err = read_event(y, &over, d);
		y->lost = err;
		if (over)
			err = next_document(y, d);
	}
	*part = y->part == PART_NONE ? YAML_END : y->part;
	*tree = y->tree;
	y->tree = NULL;
	return err;
}

const cJSON *yaml_list(const struct yaml_reader *y)
{
	return y->open[0].node;
}
