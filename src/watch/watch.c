#include "watch/watch.h"
#include "base/log.h"
#include "reflector.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS        1000
#define FLUSH_AGAIN_MS 100
#define FORBIDDEN      403
#define NOT_FOUND      404
#define HANDLES        4
#define MIB            (1024.0 * 1024.0)
#define NAMES_MAX      4096 /* octets of names in a request; where there are more, all slices of the controller are watched */

/* Pods that could be listed once are given up after so many seconds of refusal, since an API server that has just started refuses everything. As
 * many seconds without a refusal bring them back. */
#define REFUSED_S 5

enum role { ROLE_NAMESPACES, ROLE_SERVICES, ROLE_FOREIGN_SLICES, ROLE_CONTROLLER_SLICES, ROLE_PODS, ROLE_SERVICE_IMPORTS, ROLES };

static const struct resource *const resources[ROLES] = {
        [ROLE_NAMESPACES] = &resource_namespaces,
        [ROLE_SERVICES] = &resource_services,
        [ROLE_FOREIGN_SLICES] = &resource_foreign_slices,
        [ROLE_CONTROLLER_SLICES] = &resource_controller_slices,
        [ROLE_PODS] = &resource_pods,
        [ROLE_SERVICE_IMPORTS] = &resource_service_imports,
};

struct watch {
	uv_loop_t *loop;
	struct watch_options options;
	struct json_arena *arena;
	struct api *api;
	struct reflector *reflectors[ROLES]; /* NULL: not watched */
	unsigned waiting;                    /* kinds that were not complete yet, bits 1 << enum object_kind */
	bool changed;                        /* since the last flush */
	bool synced;
	uint64_t objects_told; /* at the last progress line */

	/* The controller's slices. */
	bool all_slices;      /* are wanted: Pods are not watched, or may not be */
	bool review;          /* which are wanted may have changed */
	bool short_of_memory; /* which that is could not be found out, or asked for; that was said */
	char *which;          /* the label selector of the reflector; NULL: there is none */
	unsigned ticks;       /* in a row that said that Pods may not be listed, or that they may again */

	/* A change may come before the loop waits or after: flush in both places, so that none waits for the next event. */
	uv_prepare_t before_wait;
	uv_check_t after_wait;
	uv_timer_t flush_again, tick;
	unsigned open_handles;
};

/* --- from the reflectors --- */

static void use_slices(const struct watch *w, bool use)
{
	w->options.handlers.use_slices(w->options.handlers.arg, use);
}

static void allow_pods(struct watch *w)
{
	log_line(LOG_INFO, "pods may be listed again: endpoints are taken from them");
	w->all_slices = false;
	w->ticks = 0;
	w->review = true;
	use_slices(w, false);
}

static void on_kind_synced(void *arg, enum object_kind kind)
{
	struct watch *w = arg;
	w->waiting &= ~(1u << kind);
	w->changed = true;
	w->review |= kind == OBJECT_SERVICE;
	if (kind == OBJECT_CONTROLLER_SLICE)
		use_slices(w, w->all_slices);
	else if (kind == OBJECT_POD && w->all_slices && w->options.endpoints == WATCH_PODS)
		allow_pods(w);
	else if (kind == OBJECT_POD && w->options.endpoints == WATCH_PODS)
		use_slices(w, false);
}

/* The endpoints of such a Service are what its slices say, whoever made these. */
static bool has_no_selector(const struct object *o)
{
	const struct service *service = (const struct service *)o;
	return o->kind == OBJECT_SERVICE && service->type != SERVICE_EXTERNAL_NAME && !service->selector;
}

static void on_changing(void *arg, const struct object *o)
{
	struct watch *w = arg;
	w->changed = true;
	w->review |= o && has_no_selector(o);
}

/* --- which resources --- */

/* The user's selector is for Services and for slices, since a slice has the labels of its Service. */
static bool is_filtered(enum role role)
{
	return role == ROLE_SERVICES || role == ROLE_FOREIGN_SLICES || role == ROLE_CONTROLLER_SLICES;
}

/* The user's label selector for this role, together with `more` ("": none). The caller frees it. NULL: out of memory. */
static char *labels_for(const struct watch *w, enum role role, const char *more)
{
	const char *own = role == ROLE_NAMESPACES ? w->options.namespace_labels : is_filtered(role) ? w->options.labels : NULL;
	char *text = NULL;
	if (!own)
		own = "";
	if (asprintf(&text, "%s%s%s", own, *own && *more ? "," : "", more) < 0)
		return NULL;
	return text;
}

static struct reflector_limits limits_of(const struct watch_options *o)
{
	struct reflector_limits limits = reflector_default_limits;
	limits.list = (struct list_bounds){o->list_progress_ms, o->list_timeout_ms, o->list_max_objects, o->list_max_bytes};
	return limits;
}

/* False: out of memory. */
static bool add(struct watch *w, enum role role, const char *more_labels)
{
	const struct reflector_handlers handlers = {on_changing, on_kind_synced, w};
	const struct reflector_limits limits = limits_of(&w->options);
	char *labels = labels_for(w, role, more_labels);
	if (labels)
		w->reflectors[role] = reflector_new(w->loop, w->api, resources[role], labels, w->options.pool, w->arena, &limits,
		                                    &w->options.sink, &handlers);
	free(labels);
	if (w->reflectors[role] && !w->synced)
		w->waiting |= 1u << resources[role]->kind;
	return w->reflectors[role];
}

static bool add_all(struct watch *w)
{
	if (!add(w, ROLE_NAMESPACES, "") || !add(w, ROLE_SERVICES, "") || !add(w, ROLE_FOREIGN_SLICES, ""))
		return false;
	if (w->options.imports && !add(w, ROLE_SERVICE_IMPORTS, ""))
		return false;
	if (w->options.endpoints == WATCH_PODS)
		return add(w, ROLE_PODS, "");
	w->which = strdup("");
	w->all_slices = true;
	use_slices(w, true);
	if (w->options.addresses && !add(w, ROLE_PODS, ""))
		return false;
	return w->which && add(w, ROLE_CONTROLLER_SLICES, "");
}

static void drop(struct watch *w, enum role role)
{
	reflector_free(w->reflectors[role]);
	w->reflectors[role] = NULL;
}

static struct reflector_counts counts_of(const struct watch *w, enum role role)
{
	return w->reflectors[role] ? reflector_counts(w->reflectors[role]) : (struct reflector_counts){0};
}

/* --- which of the controller's slices --- */

/* The label selector of those that are wanted; NULL: none are. False: out of memory. */
static bool wanted_slices(const struct watch *w, char **selector)
{
	struct buffer names = {0};
	bool done;
	*selector = NULL;
	if (w->all_slices || w->options.zones)
		return (*selector = strdup(""));
	w->options.handlers.unselected(w->options.handlers.arg, &names);
	done = !names.failed;
	if (done && names.len > NAMES_MAX)
		done = (*selector = strdup(""));
	else if (done && names.len)
		done = asprintf(selector, "kubernetes.io/service-name in (%.*s)", (int)names.len, names.data) >= 0;
	buffer_free(&names);
	return done;
}

/* Takes away what the controller's slices said. */
static void forget_slices(struct watch *w)
{
	w->waiting &= ~(1u << OBJECT_CONTROLLER_SLICE);
	w->options.sink.mark(w->options.sink.arg, OBJECT_CONTROLLER_SLICE);
	w->options.sink.sweep(w->options.sink.arg, OBJECT_CONTROLLER_SLICE);
	w->changed = true;
}

/* In the next turn of the loop it is tried again. */
static void review_later(struct watch *w)
{
	if (!w->short_of_memory)
		log_line(LOG_ERROR, "watching the cluster: out of memory");
	w->short_of_memory = w->review = true;
}

/* A list that is begun anew takes the place of the last without a gap. */
static void review_slices(struct watch *w)
{
	char *wanted;
	if (!w->review || !counts_of(w, ROLE_SERVICES).synced)
		return;
	if (!wanted_slices(w, &wanted)) {
		review_later(w);
		return;
	}
	w->review = false;
	if (wanted ? w->which && strcmp(wanted, w->which) == 0 : !w->which) {
		free(wanted);
		return;
	}
	drop(w, ROLE_CONTROLLER_SLICES);
	free(w->which);
	w->which = NULL;
	if (wanted && !add(w, ROLE_CONTROLLER_SLICES, wanted)) {
		free(wanted);
		review_later(w);
		return;
	}
	w->which = wanted;
	w->short_of_memory = false;
	if (!wanted)
		forget_slices(w);
}

/* --- Pods that may not be listed --- */

static bool pods_are_forbidden(const struct watch *w)
{
	struct reflector_counts services = counts_of(w, ROLE_SERVICES);
	return services.synced && !services.refused_status && counts_of(w, ROLE_PODS).refused_status == FORBIDDEN;
}

/* If Services may be listed and Pods may not, only a change of the rules will help. So endpoints are taken from slices, whose names are the same.
 * What Pods said counts until the slices are complete. */
static void forbid_pods(struct watch *w)
{
	log_line(LOG_WARNING, "pods may not be listed: endpoints are taken from EndpointSlices, which follow a pod's changes later");
	w->waiting &= ~(1u << OBJECT_POD);
	w->all_slices = w->review = w->changed = true;
	w->ticks = 0;
	if (w->options.zones && counts_of(w, ROLE_CONTROLLER_SLICES).synced)
		use_slices(w, true); /* they are all here already */
}

/* Only the addresses of these Pods are wanted, so nothing else waits for them. */
static void do_without_addresses(struct watch *w)
{
	if (!(w->waiting & 1u << OBJECT_POD) || !pods_are_forbidden(w))
		return;
	log_line(LOG_WARNING, "pods may not be listed: their names by address are not served");
	w->waiting &= ~(1u << OBJECT_POD);
	w->changed = true;
}

/* Most clusters have neither the definition of this kind nor a rule that lets us list it, so nothing waits for it. */
static void do_without_imports(struct watch *w)
{
	unsigned status = counts_of(w, ROLE_SERVICE_IMPORTS).refused_status;
	if (!(w->waiting & 1u << OBJECT_SERVICE_IMPORT) || (status != NOT_FOUND && status != FORBIDDEN))
		return;
	log_line(LOG_WARNING, "the cluster has no serviceimports, or they may not be listed: the cluster set's names are not served");
	w->waiting &= ~(1u << OBJECT_SERVICE_IMPORT);
	w->options.sink.mark(w->options.sink.arg, OBJECT_SERVICE_IMPORT); /* a snapshot may have had some */
	w->options.sink.sweep(w->options.sink.arg, OBJECT_SERVICE_IMPORT);
	w->changed = true;
}

/* A list of Pods brings them back at once (on_kind_synced). A watch that goes on after a refusal has no such moment, so this looks each second. */
static void check_pods(struct watch *w)
{
	bool known = counts_of(w, ROLE_PODS).synced, forbidden = pods_are_forbidden(w);
	if (!w->reflectors[ROLE_PODS])
		return;
	if (w->options.endpoints == WATCH_SLICES) {
		do_without_addresses(w);
		return;
	}
	w->ticks = forbidden != w->all_slices ? w->ticks + 1 : 0;
	if (w->ticks < (known ? REFUSED_S : 1))
		return;
	if (forbidden)
		forbid_pods(w);
	else if (known && !counts_of(w, ROLE_PODS).refused_status)
		allow_pods(w);
}

/* --- once in each turn of the loop --- */

/* The flush comes before the loop waits, not here. A timer of 0 ms that sets itself again would keep the loop from reading events. */
static void on_flush_again(uv_timer_t *handle)
{
	((struct watch *)handle->data)->changed = true;
}

static void flush(struct watch *w)
{
	unsigned again_ms = UINT_MAX;
	review_slices(w);
	if (!w->changed || w->waiting)
		return;
	w->changed = false;
	if (w->options.handlers.flush(w->options.handlers.arg, &again_ms))
		again_ms = FLUSH_AGAIN_MS;
	else if (!w->synced) {
		w->synced = true;
		w->options.handlers.synced(w->options.handlers.arg);
	}
	if (again_ms != UINT_MAX)
		uv_timer_start(&w->flush_again, on_flush_again, again_ms, 0);
}

static void on_before_wait(uv_prepare_t *handle)
{
	flush(handle->data);
}

static void on_after_wait(uv_check_t *handle)
{
	flush(handle->data);
}

/* --- each second --- */

static void tell_progress(struct watch *w)
{
	char text[512] = "";
	size_t len = 0;
	uint64_t objects = 0, bytes = 0;
	for (enum role role = 0; role < ROLES; role++) {
		struct reflector_counts c = counts_of(w, role);
		if (!w->reflectors[role])
			continue;
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %llu%s", len ? ", " : "", resources[role]->plural,
		                        (unsigned long long)c.objects, c.synced ? "" : " so far");
		objects += c.objects;
		bytes += c.bytes;
	}
	log_line(LOG_INFO, "reading the cluster: %s; %llu objects/s, %.1f MiB", text,
	         (unsigned long long)(objects > w->objects_told ? objects - w->objects_told : 0), (double)bytes / MIB);
	w->objects_told = objects;
}

static void on_tick(uv_timer_t *handle)
{
	struct watch *w = handle->data;
	check_pods(w);
	do_without_imports(w);
	if (!w->synced)
		tell_progress(w);
}

/* --- the watch --- */

static void on_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	if (--w->open_handles)
		return;
	json_arena_free(w->arena);
	free(w->which);
	free(w);
}

static void open_handles(struct watch *w)
{
	uv_prepare_init(w->loop, &w->before_wait);
	uv_check_init(w->loop, &w->after_wait);
	uv_timer_init(w->loop, &w->flush_again);
	uv_timer_init(w->loop, &w->tick);
	w->open_handles = HANDLES;
	w->before_wait.data = w->after_wait.data = w->flush_again.data = w->tick.data = w;
	uv_prepare_start(&w->before_wait, on_before_wait);
	uv_check_start(&w->after_wait, on_after_wait);
	uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
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

unsigned watch_kinds(const struct watch *w)
{
	unsigned kinds = 0;
	for (enum role role = 0; role < ROLES; role++)
		kinds |= w->reflectors[role] ? 1u << resources[role]->kind : 0;
	return kinds;
}

static struct watch_status status_of(const struct watch *w, enum role role)
{
	const struct reflector_counts c = reflector_counts(w->reflectors[role]);
	return (struct watch_status){
	        .resource = resources[role]->plural,
	        .controllers = role == ROLE_CONTROLLER_SLICES,
	        .synced = c.synced,
	        .watching = c.watching,
	        .lists = c.lists,
	        .watches = c.watches,
	        .silent_ms = c.heard_ms ? uv_now(w->loop) - c.heard_ms : UINT64_MAX,
	        .version = c.version,
	};
}

_Static_assert(ROLES == WATCH_STATUSES, "each kind has room");

unsigned watch_status(const struct watch *w, struct watch_status status[WATCH_STATUSES])
{
	unsigned count = 0;
	for (enum role role = 0; role < ROLES; role++) {
		if (w->reflectors[role])
			status[count++] = status_of(w, role);
	}
	return count;
}

const struct api_counts *watch_api_counts(const struct watch *w)
{
	return api_counts(w->api);
}

void watch_stop(struct watch *w)
{
	if (!w)
		return;
	for (enum role role = 0; role < ROLES; role++)
		drop(w, role);
	api_free(w->api);
	uv_close((uv_handle_t *)&w->before_wait, on_closed);
	uv_close((uv_handle_t *)&w->after_wait, on_closed);
	uv_close((uv_handle_t *)&w->flush_again, on_closed);
	uv_close((uv_handle_t *)&w->tick, on_closed);
}
