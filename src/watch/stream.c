#include "stream.h"
#include "change_time.h"
#include "kube/object_decode.h"
#include "version.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_PER_S           1000u
#define INITIAL_EVENTS_END "k8s.io/initial-events-end" /* KEP-3157 */
#define CONTINUE_MAX       ((size_t)16 << 10)          /* octets; those of today have a few hundred */

struct stream {
	const struct resource *resource;
	struct intern *pool;
	struct json_arena *arena;
	struct log_series *lines;
	struct stream_handlers handlers;
	struct scan *scan;
	bool is_list;
	bool kind_known, version_known; /* of a list: they are what they must be */
	struct stream_counts counts;
	struct diag why; /* what is wrong; "": nothing yet */
};

/* "" where there is none. */
static const char *text_of(const cJSON *parent, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(parent, key));
	return text ? text : "";
}

/* --- objects --- */

/* What the API server accepted and we can't read is left out, not fatal: one object must not keep all others from being served. */
static enum err leave_out(struct stream *s, const char *why)
{
	s->counts.objects++;
	s->counts.unreadable++;
	log_series_line(s->lines, LOG_WARNING, "%s: an object is left out: %s", s->resource->plural, why);
	return OK;
}

static void set_change_time(struct object *o, uint64_t ms)
{
	o->changed_s = (uint32_t)(ms / MS_PER_S);
	if (o->kind == OBJECT_ENDPOINT_SLICE || o->kind == OBJECT_CONTROLLER_SLICE)
		((struct endpoint_slice *)o)->changed_ms = (uint16_t)(ms % MS_PER_S);
}

/* Items of lists don't say their kind; but a list of one kind may be within one of another. Of slices, a resource gives its own kind, whatever
 * their labels say by now: of one that gets another manager, one watch says that it is gone and another that it came. */
static enum err deliver_object(struct stream *s, const cJSON *json, size_t octets)
{
	const char *kind = text_of(json, "kind");
	struct object *o;
	struct diag d = {0};
	enum err err;
	if (*kind && strcmp(kind, object_kind_name(s->resource->kind)) != 0)
		return leave_out(s, "it is of another kind");
	err = object_decode_as(json, s->resource->kind, s->pool, &o, &d);
	if (err)
		return err == ERR_NOMEM ? err : leave_out(s, d.text);
	s->counts.objects++;
	if (*d.text)
		log_series_line(s->lines, LOG_WARNING, "%s: %s", s->resource->plural, d.text);
	o->octets = (uint32_t)octets;
	set_change_time(o, change_time_ms(json, o->kind));
	return s->handlers.upsert(s->handlers.arg, o);
}

static void tell_seen(const struct stream *s, const cJSON *meta, bool deleted)
{
	s->handlers.seen(s->handlers.arg, text_of(meta, "namespace"), text_of(meta, "name"), text_of(meta, "resourceVersion"), deleted);
}

/* --- what a list says of itself --- */

static enum err deliver_kind(struct stream *s, const cJSON *json)
{
	const char *kind = cJSON_GetStringValue(json);
	char wanted[64];
	snprintf(wanted, sizeof wanted, "%sList", object_kind_name(s->resource->kind));
	if (!kind || strcmp(kind, wanted) != 0)
		return diag_set(&s->why, ERR_SYNTAX, "it is a %.60s, not a %s", kind ? kind : "value of no kind", wanted);
	s->kind_known = true;
	return OK;
}

static enum err deliver_list(struct stream *s, const cJSON *json)
{
	const char *version = text_of(json, "resourceVersion"), *continuation = text_of(json, "continue");
	if (!version_is_usable(version))
		return diag_set(&s->why, ERR_SYNTAX, "the list has %s",
		                *version ? "a resourceVersion that is too long" : "no resourceVersion");
	if (strnlen(continuation, CONTINUE_MAX) == CONTINUE_MAX)
		return diag_set(&s->why, ERR_SYNTAX, "the list has a continue that is too long");
	s->version_known = true;
	s->handlers.list(s->handlers.arg, version, continuation);
	return OK;
}

/* --- events --- */

static enum err deliver_error(const struct stream *s, const cJSON *status)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(status, "code");
	double value = cJSON_IsNumber(code) ? code->valuedouble : 0;
	s->handlers.error(s->handlers.arg, value > 0 && value < 1000 ? (unsigned)value : 0, text_of(status, "message"));
	return ERR_DENIED;
}

static enum stream_mark mark_of(const char *type, const cJSON *meta)
{
	const cJSON *annotations = cJSON_GetObjectItemCaseSensitive(meta, "annotations");
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0 || strcmp(type, "DELETED") == 0)
		return STREAM_EVENT;
	return strcmp(type, "BOOKMARK") == 0 && strcmp(text_of(annotations, INITIAL_EVENTS_END), "true") == 0 ? STREAM_INITIAL_END
	                                                                                                      : STREAM_BOOKMARK;
}

static enum err deliver_event(struct stream *s, const cJSON *event, size_t octets)
{
	const char *type = text_of(event, "type");
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(event, "object");
	const cJSON *meta = cJSON_GetObjectItemCaseSensitive(object, "metadata");
	enum stream_mark mark = mark_of(type, meta);
	enum err err = OK;
	if (strcmp(type, "ERROR") == 0)
		return deliver_error(s, object);
	if (mark == STREAM_EVENT)
		tell_seen(s, meta, strcmp(type, "DELETED") == 0);
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		err = deliver_object(s, object, octets);
	else if (strcmp(type, "DELETED") == 0)
		err = s->handlers.gone(s->handlers.arg, text_of(meta, "namespace"), text_of(meta, "name"));
	else if (strcmp(type, "BOOKMARK") != 0)
		log_line(LOG_DEBUG, "%s: an event of type \"%.40s\" is passed over", s->resource->plural, type);
	if (!err && version_is_usable(text_of(meta, "resourceVersion")))
		err = s->handlers.version(s->handlers.arg, text_of(meta, "resourceVersion"), mark);
	return err;
}

static enum err deliver(struct stream *s, const struct scan_frame *f, const cJSON *json)
{
	switch (f->kind) {
	case SCAN_EVENT:
		return deliver_event(s, json, f->raw_bytes);
	case SCAN_LIST_KIND:
		return deliver_kind(s, json);
	case SCAN_LIST_META:
		return deliver_list(s, json);
	case SCAN_ITEM:
		break;
	}
	if (!cJSON_IsObject(json))
		return leave_out(s, "it is no object");
	tell_seen(s, cJSON_GetObjectItemCaseSensitive(json, "metadata"), false);
	return deliver_object(s, json, f->raw_bytes);
}

static enum err take_json(struct stream *s, const struct scan_frame *f)
{
	cJSON *json = cJSON_ParseWithLength(f->json, f->len);
	if (!json)
		return diag_set(&s->why, ERR_SYNTAX, "broken JSON within an object of %zu octets", f->raw_bytes);
	return deliver(s, f, json);
}

static enum err on_frame(void *arg, const struct scan_frame *f)
{
	struct stream *s = arg;
	enum err err;
	if (!f->json) {
		s->counts.objects++;
		s->counts.unreadable++;
		log_series_line(s->lines, LOG_WARNING, "%s: an object of %zu octets is left out; at most %zu are read", s->resource->plural,
		                f->raw_bytes, SCAN_OBJECT_MAX);
		return OK;
	}
	json_arena_enter(s->arena);
	err = take_json(s, f);
	json_arena_leave(s->arena);
	return err;
}

struct stream *stream_new(const struct resource *resource, enum scan_form form, struct intern *pool, struct json_arena *arena,
                          struct log_series *lines, const struct stream_handlers *handlers)
{
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	*s = (struct stream){
	        .resource = resource, .pool = pool, .arena = arena, .lines = lines, .handlers = *handlers, .is_list = form == SCAN_LIST};
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
	enum err err = scan_feed(s->scan, bytes, len, d);
	if (err && *s->why.text)
		*d = s->why;
	return err;
}

enum err stream_end(const struct stream *s, struct diag *d)
{
	enum err err = scan_end(s->scan, d);
	if (err || !s->is_list)
		return err;
	if (!s->kind_known)
		return diag_set(d, ERR_SYNTAX, "it is not a %sList: it has no kind", object_kind_name(s->resource->kind));
	return s->version_known ? OK : diag_set(d, ERR_SYNTAX, "the list has no resourceVersion");
}

struct stream_counts stream_counts(const struct stream *s)
{
	return s->counts;
}
