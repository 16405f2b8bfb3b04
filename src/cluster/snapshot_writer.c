#include "snapshot_writer.h"
#include "base/file.h"
#include "base/log.h"
#include "store/snapshot.h"
#include <stdlib.h>

#define QUIET_MS 2000  /* after the last change */
#define EVERY_MS 30000 /* from one writing to the next, at least; and from a change to its writing, about, at most */

struct snapshot_writer {
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

enum err snapshot_writer_read(const char *path, const char *origin, struct store *s, struct intern *pool, bool *found, struct diag *d)
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
static bool take_snapshot(struct snapshot_writer *w)
{
	w->written_ms = uv_now(w->loop);
	w->bytes = (struct buffer){0};
	if (snapshot_write(w->store, w->origin, &w->bytes) == OK) {
		w->changed = false;
		return true;
	}
	buffer_free(&w->bytes);
	log_line(LOG_WARNING, "snapshot %s: out of memory", w->path);
	return false;
}

/* In a thread of libuv's, or in ours. */
static void write_bytes(struct snapshot_writer *w)
{
	w->err = file_replace(w->path, w->bytes.data, w->bytes.len, 0600, &w->why);
}

static void tell(struct snapshot_writer *w)
{
	if (w->err && !w->failed)
		log_line(LOG_WARNING, "the snapshot could not be written: %s", w->why.text);
	else if (!w->err)
		log_line(LOG_DEBUG, "snapshot %s: %zu octets", w->path, w->bytes.len);
	w->failed = w->err;
	w->changed |= w->failed; /* to be tried again */
	buffer_free(&w->bytes);
}

static void free_when_closed(struct snapshot_writer *w)
{
	if (w->closing && w->timer_closed && !w->working)
		free(w);
}

static void on_timer(uv_timer_t *timer);

static void try_again_later(struct snapshot_writer *w)
{
	uv_timer_start(&w->timer, on_timer, EVERY_MS, 0);
}

static void on_work(uv_work_t *work)
{
	write_bytes(work->data);
}

static void write_last(struct snapshot_writer *w)
{
	if (!w->changed || !take_snapshot(w))
		return;
	write_bytes(w);
	tell(w);
}

static void on_work_done(uv_work_t *work, int status)
{
	struct snapshot_writer *w = work->data;
	(void)status;
	w->working = false;
	tell(w);
	if (w->closing)
		write_last(w);
	else if (w->changed)
		try_again_later(w);
	free_when_closed(w);
}

static void on_timer(uv_timer_t *timer)
{
	struct snapshot_writer *w = timer->data;
	if (w->working || !w->changed)
		return;
	w->working = take_snapshot(w) && uv_queue_work(w->loop, &w->work, on_work, on_work_done) == 0;
	if (w->working)
		return;
	buffer_free(&w->bytes);
	w->changed = true;
	try_again_later(w);
}

/* When the changes have settled, but as long after the last writing as must be; and not put off for ever. */
void snapshot_writer_changed(struct snapshot_writer *w)
{
	uint64_t now = uv_now(w->loop), at = now + QUIET_MS;
	if (!w->changed)
		w->since_ms = now;
	w->changed = true;
	if (w->working)
		return; /* on_work_done comes back to it */
	if (at > w->since_ms + EVERY_MS)
		at = w->since_ms + EVERY_MS;
	if (w->written_ms && at < w->written_ms + EVERY_MS)
		at = w->written_ms + EVERY_MS;
	uv_timer_start(&w->timer, on_timer, at > now ? at - now : 0, 0);
}

/* --- its life --- */

struct snapshot_writer *snapshot_writer_new(uv_loop_t *loop, const char *path, const char *origin, const struct store *s)
{
	struct snapshot_writer *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	*w = (struct snapshot_writer){.path = path, .origin = origin, .store = s, .loop = loop};
	uv_timer_init(loop, &w->timer);
	w->timer.data = w->work.data = w;
	return w;
}

static void on_closed(uv_handle_t *handle)
{
	struct snapshot_writer *w = handle->data;
	w->timer_closed = true;
	free_when_closed(w);
}

void snapshot_writer_close(struct snapshot_writer *w)
{
	if (!w)
		return;
	w->closing = true;
	if (!w->working)
		write_last(w);
	uv_close((uv_handle_t *)&w->timer, on_closed);
}
