#include "stream.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define INITIAL_EVENTS_END "k8s.io/initial-events-end" /* KEP-3157 */

struct stream {
	const struct resource *resource;
	struct intern *pool;
	struct json_arena *arena;
	struct log_series *lines;
	struct stream_handlers handlers;
	struct scan *scan;
};

/* "" where there is none. */
static const char *text_of(const cJSON *parent, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(parent, key));
	return text ? text : "";
}

static bool is_slice(enum object_kind kind)
{
	return kind == OBJECT_ENDPOINT_SLICE || kind == OBJECT_CONTROLLER_SLICE;
}

/* What a resource gives is of its kind, whatever its labels say by now: of a slice that gets another manager, one watch says that it is
 * gone and another that it came. */
static bool set_kind(struct object *o, enum object_kind kind)
{
	if (is_slice(o->kind) && is_slice(kind))
		o->kind = kind;
	return o->kind == kind;
}

/* What the API server accepted and we can't read is left out, not fatal: one object must not keep all others from being served. */
static enum err deliver_object(struct stream *s, const cJSON *json, bool *left_out)
{
	struct object *o = NULL;
	struct diag d = {0};
	enum err err = object_decode(json, s->pool, &o, &d);
	if (err == ERR_NOMEM)
		return err;
	*left_out = err;
	if (err)
		log_series_line(s->lines, LOG_WARNING, "%s: an object is left out: %s", s->resource->plural, d.text);
	else if (o && !set_kind(o, s->resource->kind))
		object_free(o, s->pool);
	else if (o)
		return s->handlers.upsert(s->handlers.arg, o);
	return OK;
}

static enum err deliver_item(struct stream *s, cJSON *json)
{
	cJSON *kind = cJSON_CreateStringReference(object_kind_name(s->resource->kind));
	cJSON *version = cJSON_CreateStringReference(s->resource->api_version);
	bool left_out;
	if (!cJSON_AddItemToObjectCS(json, "kind", kind) || !cJSON_AddItemToObjectCS(json, "apiVersion", version))
		return ERR_NOMEM;
	return deliver_object(s, json, &left_out);
}

static void deliver_list(const struct stream *s, const cJSON *json)
{
	s->handlers.list(s->handlers.arg, text_of(json, "resourceVersion"), text_of(json, "continue"));
}

static enum err deliver_error(const struct stream *s, const cJSON *status)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(status, "code");
	double value = cJSON_IsNumber(code) ? code->valuedouble : 0;
	s->handlers.error(s->handlers.arg, value > 0 && value < 1000 ? (unsigned)value : 0, text_of(status, "message"));
	return ERR_DENIED;
}

/* A known object that became one we can't read is left out as if it was not there: a list would give the same. */
static enum err deliver_change(struct stream *s, const cJSON *object, const cJSON *meta)
{
	bool left_out = false;
	enum err err = deliver_object(s, object, &left_out);
	if (left_out)
		s->handlers.gone(s->handlers.arg, text_of(meta, "namespace"), text_of(meta, "name"));
	return err;
}

static enum err deliver_event(struct stream *s, const cJSON *event)
{
	const char *type = text_of(event, "type");
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(event, "object");
	const cJSON *meta = cJSON_GetObjectItemCaseSensitive(object, "metadata");
	const cJSON *annotations = cJSON_GetObjectItemCaseSensitive(meta, "annotations");
	enum err err = OK;
	if (strcmp(type, "ERROR") == 0)
		return deliver_error(s, object);
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		err = deliver_change(s, object, meta);
	else if (strcmp(type, "DELETED") == 0)
		s->handlers.gone(s->handlers.arg, text_of(meta, "namespace"), text_of(meta, "name"));
	else if (strcmp(type, "BOOKMARK") != 0)
		return ERR_SYNTAX;
	if (!err && *text_of(meta, "resourceVersion"))
		s->handlers.version(s->handlers.arg, text_of(meta, "resourceVersion"),
		                    strcmp(type, "BOOKMARK") == 0 && strcmp(text_of(annotations, INITIAL_EVENTS_END), "true") == 0);
	return err;
}

static enum err deliver(struct stream *s, enum scan_frame_kind kind, cJSON *json)
{
	switch (kind) {
	case SCAN_EVENT:
		return deliver_event(s, json);
	case SCAN_LIST_META:
		deliver_list(s, json);
		return OK;
	case SCAN_ITEM:
		break;
	}
	return deliver_item(s, json);
}

static enum err on_frame(void *arg, const struct scan_frame *f)
{
	struct stream *s = arg;
	cJSON *json;
	enum err err = ERR_SYNTAX;
	if (!f->json) {
		log_series_line(s->lines, LOG_WARNING, "%s: an object of %zu octets is left out; at most %zu are read", s->resource->plural,
		                f->raw_bytes, SCAN_OBJECT_MAX);
		return OK;
	}
	json_arena_enter(s->arena);
	json = cJSON_ParseWithLength(f->json, f->len);
	if (json)
		err = deliver(s, f->kind, json);
	json_arena_leave(s->arena);
	return err;
}

struct stream *stream_new(const struct resource *resource, enum scan_form form, struct intern *pool, struct json_arena *arena,
                          struct log_series *lines, const struct stream_handlers *handlers)
{
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	*s = (struct stream){.resource = resource, .pool = pool, .arena = arena, .lines = lines, .handlers = *handlers};
	s->scan = scan_new(form, on_frame, s);
	if (s->scan)
		return s;
	free(s);
	return NULL;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	scan_free(s->scan);
	free(s);
}

enum err stream_feed(struct stream *s, const char *bytes, size_t len, struct diag *d)
{
	return scan_feed(s->scan, bytes, len, d);
}

enum err stream_end(const struct stream *s, struct diag *d)
{
	return scan_end(s->scan, d);
}
