#include "kube/watch.h"
#include "base/log.h"
#include "reflector.h"
#include <stdio.h>
#include <stdlib.h>

#define REFLECTORS_MAX 4
#define PROGRESS_MS    1000
#define FLUSH_AGAIN_MS 100
#define FORBIDDEN      403
#define HANDLES        4
#define MIB            (1024.0 * 1024.0)

struct watch {
	uv_loop_t *loop;
	struct watch_options options;
	struct json_arena *arena;
	struct api *api;
	struct reflector *reflectors[REFLECTORS_MAX];
	unsigned count;
	unsigned waiting; /* kinds that were not complete yet, bits 1 << enum object_kind */
	bool changed;     /* since the last flush */
	bool synced;
	uint64_t objects_told; /* at the last progress line */

	/* A change may come before the loop waits or after: flush in both places, so that none waits for the next event. */
	uv_prepare_t before_wait;
	uv_check_t after_wait;
	uv_timer_t flush_again, progress;
	unsigned open_handles;
};

/* --- from the reflectors --- */

static void on_begin(void *arg, enum object_kind kind)
{
	struct watch *w = arg;
	w->options.handlers.mark(w->options.handlers.arg, kind);
}

static void on_kind_synced(void *arg, enum object_kind kind)
{
	struct watch *w = arg;
	w->options.handlers.sweep(w->options.handlers.arg, kind);
	w->waiting &= ~(1u << kind);
	w->changed = true;
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct watch *w = arg;
	w->changed = true;
	/* The controller's slices stand for the pods that are not watched, as those of others stand for theirs. */
	if (w->options.endpoints == WATCH_SLICES && o->kind == OBJECT_ENDPOINT_SLICE)
		((struct endpoint_slice *)o)->of_controller = false;
	return w->options.handlers.upsert(w->options.handlers.arg, o);
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	struct watch *w = arg;
	w->changed = true;
	w->options.handlers.gone(w->options.handlers.arg, kind, ns, name);
}

/* --- once in each turn of the loop --- */

static void flush(struct watch *w);

static void on_flush_again(uv_timer_t *handle)
{
	flush(handle->data);
}

static void flush(struct watch *w)
{
	if (!w->changed || w->waiting)
		return;
	w->changed = false;
	if (w->options.handlers.flush(w->options.handlers.arg)) {
		w->changed = true;
		uv_timer_start(&w->flush_again, on_flush_again, FLUSH_AGAIN_MS, 0);
		return;
	}
	if (w->synced)
		return;
	w->synced = true;
	uv_timer_stop(&w->progress);
	w->options.handlers.synced(w->options.handlers.arg);
}

static void on_before_wait(uv_prepare_t *handle)
{
	flush(handle->data);
}

static void on_after_wait(uv_check_t *handle)
{
	flush(handle->data);
}

/* --- which resources --- */

/* False: out of memory. */
static bool add(struct watch *w, const struct resource *resource)
{
	const struct reflector_handlers handlers = {on_begin, on_kind_synced, on_upsert, on_gone, w};
	struct reflector *r = reflector_new(w->loop, w->api, resource, w->options.pool, w->arena, &reflector_default_timing, &handlers);
	if (!r)
		return false;
	w->reflectors[w->count++] = r;
	w->waiting |= 1u << resource->kind;
	return true;
}

static bool add_all(struct watch *w)
{
	if (!add(w, &resource_namespaces) || !add(w, &resource_services))
		return false;
	if (w->options.endpoints == WATCH_SLICES)
		return add(w, &resource_slices);
	return add(w, &resource_foreign_slices) && add(w, &resource_pods);
}

static struct reflector *find(const struct watch *w, enum object_kind kind)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (reflector_resource(w->reflectors[i])->kind == kind)
			return w->reflectors[i];
	}
	return NULL;
}

/* --- while the first lists come --- */

/* Pods that may not be listed, when Services may be, will not be listed later either, unless somebody changes the rules: go by slices, whose
 * names are the same. An API server that has just started refuses everything for a moment. */
static void fall_back_to_slices(struct watch *w)
{
	const struct reflector *pods = find(w, OBJECT_POD), *services = find(w, OBJECT_SERVICE);
	if (!services || !reflector_counts(services).synced)
		return;
	if (!pods || reflector_counts(pods).synced || reflector_counts(pods).refused_status != FORBIDDEN)
		return;
	log_line(LOG_WARNING, "pods may not be listed: endpoints are taken from EndpointSlices, which follow a pod's changes later");
	while (w->count)
		reflector_free(w->reflectors[--w->count]);
	w->waiting = 0;
	w->options.endpoints = WATCH_SLICES;
	if (!add_all(w))
		log_line(LOG_ERROR, "watching the cluster: out of memory");
}

static void tell_progress(struct watch *w)
{
	char text[512] = "";
	size_t len = 0;
	uint64_t objects = 0, bytes = 0;
	for (unsigned i = 0; i < w->count; i++) {
		struct reflector_counts c = reflector_counts(w->reflectors[i]);
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %llu%s", i ? ", " : "",
		                        reflector_resource(w->reflectors[i])->plural, (unsigned long long)c.objects,
		                        c.synced ? "" : " so far");
		objects += c.objects;
		bytes += c.bytes;
	}
	log_line(LOG_INFO, "reading the cluster: %s; %llu objects/s, %.1f MiB", text,
	         (unsigned long long)(objects > w->objects_told ? objects - w->objects_told : 0), (double)bytes / MIB);
	w->objects_told = objects;
}

static void on_progress(uv_timer_t *handle)
{
	struct watch *w = handle->data;
	fall_back_to_slices(w);
	tell_progress(w);
}

/* --- the watch --- */

static void on_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	if (--w->open_handles)
		return;
	json_arena_free(w->arena);
	free(w);
}

static void open_handles(struct watch *w)
{
	uv_prepare_init(w->loop, &w->before_wait);
	uv_check_init(w->loop, &w->after_wait);
	uv_timer_init(w->loop, &w->flush_again);
	uv_timer_init(w->loop, &w->progress);
	w->open_handles = HANDLES;
	w->before_wait.data = w->after_wait.data = w->flush_again.data = w->progress.data = w;
	uv_prepare_start(&w->before_wait, on_before_wait);
	uv_check_start(&w->after_wait, on_after_wait);
	uv_timer_start(&w->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
}

enum err watch_start(uv_loop_t *loop, const struct watch_options *options, struct watch **out)
{
	struct watch *w = calloc(1, sizeof *w);
	if (!w)
		return ERR_NOMEM;
	w->loop = loop;
	w->options = *options;
	open_handles(w);
	w->arena = json_arena_new();
	w->api = api_new(loop, options->endpoint);
	if (w->arena && w->api && add_all(w)) {
		*out = w;
		return OK;
	}
	watch_stop(w);
	return ERR_NOMEM;
}

void watch_stop(struct watch *w)
{
	if (!w)
		return;
	while (w->count)
		reflector_free(w->reflectors[--w->count]);
	api_free(w->api);
	uv_close((uv_handle_t *)&w->before_wait, on_closed);
	uv_close((uv_handle_t *)&w->after_wait, on_closed);
	uv_close((uv_handle_t *)&w->flush_again, on_closed);
	uv_close((uv_handle_t *)&w->progress, on_closed);
}
