#include "keeper.h"
#include "base/file.h"
#include "base/log.h"
#include "store/snapshot.h"
#include <stdlib.h>

#define QUIET_MS 2000  /* after the last change */
#define EVERY_MS 30000 /* from one writing to the next, at least; and from a change to its writing, about, at most */

struct keeper {
	const char *path, *origin;
	const struct store *store;
	uv_loop_t *loop;
	uv_timer_t timer;
	uv_work_t work;
	bool changed; /* since the snapshot that was written last, or is being written */
	bool working; /* a snapshot is being written */
	bool closing; /* memory goes when both timer and work are done */
	bool timer_closed;
	uint64_t since_ms;   /* of the first change that is not written */
	uint64_t written_ms; /* when the last writing began; 0: never */
	struct buffer bytes; /* what is being written */
	struct diag why;     /* what came of it */
	enum err err;
	bool failed; /* the last one did, and that was told */
};

enum err keeper_read(const char *path, const char *origin, struct store *s, struct intern *pool, bool *found, struct diag *d)
{
	struct buffer bytes = {0};
	struct diag why = {0};
	enum err err = file_read(&bytes, path, FILE_REGULAR, SNAPSHOT_MAX, d);
	*found = err != ERR_MISSING;
	if (!*found)
		return OK;
	if (!err) {
		err = snapshot_read(s, pool, origin, bytes.data, bytes.len, &why);
		if (err)
			diag_set(d, err, "%s: %s", path, why.text);
	}
	buffer_free(&bytes);
	return err;
}

/* --- writing --- */

/* False: out of memory. */
static bool take_snapshot(struct keeper *k)
{
	k->written_ms = uv_now(k->loop);
	k->bytes = (struct buffer){0};
	if (snapshot_write(k->store, k->origin, &k->bytes) == OK) {
		k->changed = false;
		return true;
	}
	buffer_free(&k->bytes);
	log_line(LOG_WARNING, "snapshot %s: out of memory", k->path);
	return false;
}

/* In a thread of libuv's, or in ours. */
static void write_bytes(struct keeper *k)
{
	k->err = file_replace(k->path, k->bytes.data, k->bytes.len, 0600, &k->why);
}

static void tell(struct keeper *k)
{
	if (k->err && !k->failed)
		log_line(LOG_WARNING, "the snapshot could not be written: %s", k->why.text);
	else if (!k->err)
		log_line(LOG_DEBUG, "snapshot %s: %zu octets", k->path, k->bytes.len);
	k->failed = k->err;
	k->changed |= k->failed; /* to be tried again */
	buffer_free(&k->bytes);
}

static void free_when_closed(struct keeper *k)
{
	if (k->closing && k->timer_closed && !k->working)
		free(k);
}

static void on_timer(uv_timer_t *timer);

static void try_again_later(struct keeper *k)
{
	uv_timer_start(&k->timer, on_timer, EVERY_MS, 0);
}

static void on_work(uv_work_t *work)
{
	write_bytes(work->data);
}

static void write_last(struct keeper *k)
{
	if (!k->changed || !take_snapshot(k))
		return;
	write_bytes(k);
	tell(k);
}

static void on_work_done(uv_work_t *work, int status)
{
	struct keeper *k = work->data;
	(void)status;
	k->working = false;
	tell(k);
	if (k->closing)
		write_last(k);
	else if (k->changed)
		try_again_later(k);
	free_when_closed(k);
}

static void on_timer(uv_timer_t *timer)
{
	struct keeper *k = timer->data;
	if (k->working || !k->changed)
		return;
	k->working = take_snapshot(k) && uv_queue_work(k->loop, &k->work, on_work, on_work_done) == 0;
	if (k->working)
		return;
	buffer_free(&k->bytes);
	k->changed = true;
	try_again_later(k);
}

/* When the changes have settled, but as long after the last writing as must be; and not put off for ever. */
void keeper_changed(struct keeper *k)
{
	uint64_t now = uv_now(k->loop), at = now + QUIET_MS;
	if (!k->changed)
		k->since_ms = now;
	k->changed = true;
	if (k->working)
		return; /* on_work_done comes back to it */
	if (at > k->since_ms + EVERY_MS)
		at = k->since_ms + EVERY_MS;
	if (k->written_ms && at < k->written_ms + EVERY_MS)
		at = k->written_ms + EVERY_MS;
	uv_timer_start(&k->timer, on_timer, at > now ? at - now : 0, 0);
}

/* --- its life --- */

struct keeper *keeper_new(uv_loop_t *loop, const char *path, const char *origin, const struct store *s)
{
	struct keeper *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	*k = (struct keeper){.path = path, .origin = origin, .store = s, .loop = loop};
	uv_timer_init(loop, &k->timer);
	k->timer.data = k->work.data = k;
	return k;
}

static void on_closed(uv_handle_t *handle)
{
	struct keeper *k = handle->data;
	k->timer_closed = true;
	free_when_closed(k);
}

void keeper_close(struct keeper *k)
{
	if (!k)
		return;
	k->closing = true;
	if (!k->working)
		write_last(k);
	uv_close((uv_handle_t *)&k->timer, on_closed);
}
