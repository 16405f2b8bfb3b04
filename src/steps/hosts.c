#include "base/buffer.h"
#include "base/file.h"
#include "base/log.h"
#include "hosts_names.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#define FILE_DEFAULT "/etc/hosts"
#define NS_PER_S     1000000000

/* What came of a look at the file. */
struct reading {
	struct hosts_stamp stamp;
	struct hosts_table *table; /* NULL: it is as it was, or can't be read */
	struct hosts_slips slips;
	enum err err;
	struct diag why;
};

/* Lives until its timer is closed and its work is done. */
struct hosts_watch {
	uv_timer_t timer;
	uv_work_t work;
	struct hosts *hosts; /* a user of it */
	struct reading reading;
	bool working, stopped, closed;
	bool complained; /* that it can't be read */
};

/* --- reading --- */

/* Before it is read: what changes meanwhile is seen the next time. */
static enum err find_stamp(const char *path, struct hosts_stamp *stamp)
{
	struct stat st;
	if (stat(path, &st))
		return ERR_MISSING;
	*stamp = (struct hosts_stamp){(int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec, st.st_size};
	return OK;
}

static bool is_same(const struct hosts_stamp *a, const struct hosts_stamp *b)
{
	return a->changed_ns == b->changed_ns && a->size == b->size;
}

/* In any thread: only what never changes is looked at. */
static void read_file(const struct hosts *h, const struct hosts_stamp *known, struct reading *r)
{
	struct buffer b = {0};
	*r = (struct reading){.stamp = *known};
	if (!find_stamp(h->path, &r->stamp) && is_same(&r->stamp, known))
		return;
	r->err = file_read(&b, h->path, FILE_REGULAR, HOSTS_TEXT_MAX, &r->why);
	if (!r->err) {
		r->err = hosts_table_new(b.data ? b.data : "", b.len, &h->rules, &r->table, &r->slips);
		if (r->err)
			diag_set(&r->why, r->err, "%s: %s", h->path, err_str(r->err));
	}
	buffer_free(&b);
}

static void complain_of_slips(const char *where, const struct hosts_slips *slips)
{
	if (slips->count)
		log_line(LOG_WARNING, "hosts: %s:%zu: this is no \"ADDRESS NAME...\"; lines that are passed over: %zu", where, slips->first,
		         slips->count);
}

/* Control thread. */
static void take_reading(struct hosts *h, struct reading *r)
{
	struct hosts_table *before;
	if (!r->table)
		return;
	before = atomic_exchange_explicit(&h->file, r->table, memory_order_acq_rel);
	hosts_table_free_later(before);
	h->stamp = r->stamp;
	complain_of_slips(h->path, &r->slips);
	log_line(LOG_DEBUG, "hosts: %s is read: %zu entries", h->path, hosts_table_entries(r->table));
	r->table = NULL;
}

/* --- its life --- */

static enum err copy_zones(struct name_list *to, const struct name_list *from)
{
	*to = (struct name_list){malloc((from->count + !from->count) * sizeof *to->names), from->count};
	if (!to->names)
		return ERR_NOMEM;
	if (from->count)
		memcpy(to->names, from->names, from->count * sizeof *to->names);
	return OK;
}

/* Relative to root, if there is one. */
static char *find_path(const char *file, const char *root)
{
	struct buffer b = {0};
	file = file ? file : FILE_DEFAULT;
	if (root && *file != '/') {
		buffer_append_text(&b, root);
		buffer_append(&b, "/", 1);
	}
	buffer_append_text(&b, file);
	return buffer_take_text(&b);
}

static enum err read_lines(struct hosts *h)
{
	const struct text_list *lines = &h->setting.options->lines;
	struct buffer b = {0};
	struct hosts_slips slips = {0};
	enum err err;
	for (unsigned i = 0; i < lines->count; i++) {
		buffer_append_text(&b, lines->texts[i]);
		buffer_append(&b, "\n", 1);
	}
	err = b.failed ? ERR_NOMEM : OK;
	if (!err && b.len)
		err = hosts_table_new(b.data, b.len, &h->rules, &h->lines, &slips);
	buffer_free(&b);
	if (!err)
		complain_of_slips("lines of the Corefile", &slips);
	return err;
}

static enum err read_first(struct hosts *h)
{
	struct reading r;
	read_file(h, &h->stamp, &r);
	if (r.err == ERR_NOMEM)
		return r.err;
	if (r.err)
		log_line(LOG_WARNING, "hosts: %s; it has no names until it can be read", r.why.text);
	take_reading(h, &r);
	return OK;
}

enum err hosts_new(const struct hosts_setting *setting, struct hosts **out)
{
	const struct hosts_options *o = setting->options;
	struct hosts *h = calloc(1, sizeof *h);
	enum err err;
	*out = NULL;
	if (!h)
		return ERR_NOMEM;
	h->users = 1;
	h->setting = *setting;
	h->stamp.size = -1;
	h->rules.reverse = !o->no_reverse;
	h->path = find_path(o->file, setting->root);
	err = copy_zones(&h->rules.zones, o->zones.count ? &o->zones : setting->zones);
	if (!err)
		err = h->path ? read_lines(h) : ERR_NOMEM;
	if (!err)
		err = read_first(h);
	if (err)
		hosts_unref(h);
	else
		*out = h;
	return err;
}

void hosts_unref(struct hosts *h)
{
	if (!h || --h->users)
		return;
	hosts_table_free(atomic_load_explicit(&h->file, memory_order_relaxed));
	hosts_table_free(h->lines);
	names_clear(&h->rules.zones);
	free(h->path);
	free(h);
}

/* --- watching --- */

static void watch_free(struct hosts_watch *w)
{
	if (!w->closed || w->working)
		return;
	hosts_table_free(w->reading.table);
	hosts_unref(w->hosts);
	free(w);
}

static void on_closed(uv_handle_t *handle)
{
	struct hosts_watch *w = handle->data;
	w->closed = true;
	watch_free(w);
}

static void on_work(uv_work_t *work)
{
	struct hosts_watch *w = work->data;
	const struct hosts_stamp known = w->reading.stamp;
	read_file(w->hosts, &known, &w->reading);
}

/* What can't be read is said once; what it said before stays, as in CoreDNS. */
static void take_work(struct hosts_watch *w)
{
	struct reading *r = &w->reading;
	if (r->err && !w->complained)
		log_line(LOG_WARNING, "hosts: %s; what was read before stays", r->why.text);
	w->complained = r->err != OK;
	take_reading(w->hosts, r);
}

static void on_work_done(uv_work_t *work, int status)
{
	struct hosts_watch *w = work->data;
	w->working = false;
	if (w->stopped)
		watch_free(w);
	else if (!status)
		take_work(w);
}

static void on_look(uv_timer_t *timer)
{
	struct hosts_watch *w = timer->data;
	if (w->working)
		return;
	w->reading = (struct reading){.stamp = w->hosts->stamp};
	w->working = uv_queue_work(timer->loop, &w->work, on_work, on_work_done) == 0;
}

enum err hosts_watch(struct hosts *h, struct uv_loop_s *loop)
{
	const uint64_t every_ms = h->setting.options->reload_ms;
	struct hosts_watch *w;
	if (!every_ms || h->watch)
		return OK;
	w = calloc(1, sizeof *w);
	if (!w)
		return ERR_NOMEM;
	w->hosts = h;
	h->users++;
	h->watch = w;
	w->complained = h->stamp.size < 0;
	uv_timer_init(loop, &w->timer);
	w->timer.data = w->work.data = w;
	uv_timer_start(&w->timer, on_look, every_ms, every_ms);
	return OK;
}

void hosts_unwatch(struct hosts *h)
{
	if (!h || !h->watch)
		return;
	h->watch->stopped = true;
	uv_close((uv_handle_t *)&h->watch->timer, on_closed);
	h->watch = NULL;
}

/* --- for whoever looks --- */

const char *hosts_file(const struct hosts *h)
{
	return h->path;
}

void hosts_status(const struct hosts *h, struct hosts_status *out)
{
	const struct hosts_table *file = atomic_load_explicit(&h->file, memory_order_relaxed);
	*out = (struct hosts_status){
	        .entries = hosts_table_entries(file) + hosts_table_entries(h->lines),
	        .changed_ns = file ? h->stamp.changed_ns : 0,
	};
}
