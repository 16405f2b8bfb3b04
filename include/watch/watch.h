/* watch.h - a cluster as a source: keeps Namespaces, Services, Pods and EndpointSlices up to date from its API server. Control thread's
 * loop; nothing blocks. While the API server is away, what was delivered stays as it is. */
#pragma once
#include "api/api_endpoint.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "kube/object_sink.h"
#include <uv.h>

struct watch;

/* What the endpoints of a Service with a selector come from. */
enum watch_endpoints {
	/* Its Pods. Only slices that say something else are watched: those of other controllers, and those that the EndpointSlice controller left to
	 * Services that lost their selector. While Services may be listed and Pods may not (403), it is as WATCH_SLICES. */
	WATCH_PODS,
	WATCH_SLICES, /* EndpointSlices; Pods are not watched */
};

struct watch_handlers {
	/* From now on endpoints come from the controller's slices (use), or from Pods (not use). What they come from is complete. */
	void (*use_slices)(void *arg, bool use);
	/* Appends the names of the Services that have no selector, sorted, each once, ',' between them. Out of memory: names->failed. */
	void (*unselected)(void *arg, struct buffer *names);
	/* Called once in each turn of the loop that brought changes, from when all kinds have been complete once. It is called again after an error,
	 * and after *again_ms, which is UINT_MAX (never) before the call. */
	enum err (*flush)(void *arg, unsigned *again_ms);
	/* After the first flush. */
	void (*synced)(void *arg);
	void *arg;
};

/* sink and handlers are copied, all else is borrowed. Selectors are as the API server takes them; NULL or "": none. */
struct watch_options {
	const struct api_endpoint *endpoint;
	enum watch_endpoints endpoints;
	bool zones;     /* all slices are delivered, for where endpoints run, also where endpoints come from Pods */
	bool imports;   /* ServiceImports are delivered; where the cluster has no such kind, none, and the rest does not wait for them */
	bool addresses; /* Pods are delivered, for their addresses, also where endpoints come from slices */
	const char *namespace_labels; /* of Namespaces */
	const char *labels;           /* of Services and slices; Pods are not filtered */

	/* How long a list may take, from one object to the next and altogether, and how much may be in it. A list that exceeds one of these is given
	 * up and asked for again, and nothing new of it is delivered. A watch that brings more of a kind than a list may have is given up as well. */
	unsigned list_progress_ms, list_timeout_ms;
	uint64_t list_max_objects, list_max_bytes;
	struct intern *pool;
	struct object_sink sink;
	struct watch_handlers handlers;
};

/* Begins at once. ERR_NOMEM. */
enum err watch_start(uv_loop_t *loop, const struct watch_options *options, struct watch **out);

/* The kinds that are watched, bits 1 << enum object_kind. */
unsigned watch_kinds(const struct watch *w);

/* How a kind's watch is getting on. */
struct watch_status {
	const char *resource;    /* "pods"; static. "endpointslices" may be there twice: those of others, and the controller's */
	bool controllers;        /* the controller's slices */
	bool synced;             /* a list was complete once */
	bool watching;           /* a watch is under way */
	unsigned lists, watches; /* begun, ever */
	uint64_t silent_ms;      /* since a list's end, an event, or a bookmark, which comes each minute; UINT64_MAX: there was none yet */
	const char *version;     /* resourceVersion that was applied last; "": none. Borrowed until the loop turns */
};
#define WATCH_STATUSES 6

/* Of each kind that is watched; returns how many. */
unsigned watch_status(const struct watch *w, struct watch_status status[WATCH_STATUSES]);

/* What its requests to the API server came to. Borrowed while it lives. */
struct api_counts;
const struct api_counts *watch_api_counts(const struct watch *w);

/* Stops; not in a handler. Memory is freed once libuv has closed its handles. Takes NULL. */
void watch_stop(struct watch *w);
