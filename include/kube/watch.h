/* watch.h - a cluster as a source: keeps Namespaces, Services, Pods and EndpointSlices up to date from its API server. Control thread's
 * loop; nothing blocks. While the API server is away what was delivered stays as it is, for as long as it takes. */
#pragma once
#include "base/diag.h"
#include "kube/api_endpoint.h"
#include "kube/object.h"
#include <uv.h>

struct watch;

enum watch_endpoints {
	WATCH_PODS, /* endpoints come from Pods; slices only from controllers other than Kubernetes' own. Where Pods may not be listed: as below */
	WATCH_SLICES, /* endpoints come from EndpointSlices alone */
};

struct watch_handlers {
	/* Takes the object. On an error it will come again. */
	enum err (*upsert)(void *arg, struct object *o);
	void (*gone)(void *arg, enum object_kind kind, const char *ns, const char *name);
	/* A list follows that is the whole truth about a kind: what is not in it by sweep is gone. mark may come again before sweep. */
	void (*mark)(void *arg, enum object_kind kind);
	void (*sweep)(void *arg, enum object_kind kind);
	/* Once for each turn of the loop that brought changes, but not before all kinds were complete for the first time. On an error again. */
	enum err (*flush)(void *arg);
	/* After the first flush. */
	void (*synced)(void *arg);
	void *arg;
};

struct watch_options {
	const struct api_endpoint *endpoint; /* borrowed */
	enum watch_endpoints endpoints;
	struct intern *pool; /* borrowed */
	struct watch_handlers handlers;
};

/* Begins at once. ERR_NOMEM. */
enum err watch_start(uv_loop_t *loop, const struct watch_options *options, struct watch **out);

/* Stops; not in a handler. Memory is freed once libuv has closed its handles. Takes NULL. */
void watch_stop(struct watch *w);
