/* api_source.h - a cluster's objects from its API server: those of a snapshot until they have been read, then what is listed and watched; and the
 * snapshots that are written meanwhile. They go into a store, which is flushed as they come. Control thread. */
#pragma once
#include "api/api_endpoint.h"
#include "base/log.h"
#include "config/kubernetes.h"
#include "snapshot_writer.h"
#include "store/store.h"
#include "watch/watch.h"

/* What the store has. */
enum api_source_state {
	API_SOURCE_NOTHING,
	API_SOURCE_SNAPSHOT, /* what was true once */
	API_SOURCE_CLUSTER,  /* what the API server said */
};

struct api_source {
	const struct kubernetes_options *options; /* these are borrowed, and set by api_source_init() */
	const struct api_endpoint *endpoint;
	struct store *store;
	struct intern *pool;
	struct log_series *lines;
	enum api_source_state state;
	struct watch *watch;            /* NULL: nothing is watched */
	struct snapshot_writer *writer; /* NULL: no snapshot is kept */
	uv_timer_t late;                /* ends the start line's wait */
	bool has_late;                  /* it is open */
	uint64_t began_ms;
	void (*on_read)(void *arg, unsigned ms);
	void (*on_flushed)(void *arg);
	void *arg;
};

/* For an empty store, which gets the rules and the pace of one that changes all the time. lines: for remarks about single objects. Allocates nothing. */
void api_source_init(struct api_source *s, const struct kubernetes_options *options, const struct api_endpoint *endpoint,
                     struct store *store, struct intern *pool, struct log_series *lines);

/* Fills the store with the snapshot, if there is one; the state says whether. On an error, which d tells, the store may hold a part. */
enum err api_source_restore(struct api_source *s, struct diag *d);

/* Begins to read the API server, from the loop's next turn on, once. on_read is called once, when all has been read, ms milliseconds after this;
 * on_flushed each time that changes have come out of the store. ERR_NOMEM with diag; api_source_end() is due also then. */
enum err api_source_begin(struct api_source *s, uv_loop_t *loop, void (*on_read)(void *arg, unsigned ms), void (*on_flushed)(void *arg),
                          void *arg, struct diag *d);

/* Writes what the snapshot has not got yet, and stops. While the loop is there to close handles, of which one is in s. Does nothing where it did not begin. */
void api_source_end(struct api_source *s);
