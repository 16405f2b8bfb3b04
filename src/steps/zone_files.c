#include "base/buffer.h"
#include "base/log.h"
#include "records/zone_file.h"
#include "zone_files_inside.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#define NS_PER_S 1000000000

/* What came of a look at a file. */
struct look {
	struct name apex;
	struct zone_reading reading;
	struct zone_stamp stamp;
	bool by_mtime, included;
	bool same; /* it is as it was, and was not read */
	enum err err;
	struct diag why;
};

/* Lives until its timer is closed and its work is done. */
struct zone_file_watch {
	uv_timer_t timer;
	uv_work_t work;
	struct zone_files *files; /* a user of them */
	struct zone_source *source;
	struct look look;
	bool working, stopped, closed;
};

/* --- reading --- */

/* Before it is read: what changes meanwhile is seen the next time. */
static bool find_stamp(const char *path, struct zone_stamp *stamp)
{
	struct stat st;
	if (stat(path, &st))
		return false;
	*stamp = (struct zone_stamp){(int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec, st.st_size, st.st_ino};
	return true;
}

/* Where only the time of change counts, what a file includes does not. */
static bool is_same(const struct look *l, const struct zone_stamp *before)
{
	if (before->size < 0 || l->stamp.changed_ns != before->changed_ns)
		return false;
	return l->by_mtime || (!l->included && l->stamp.size == before->size && l->stamp.inode == before->inode);
}

/* What is known before; in the control thread. */
static void look_begin(struct look *l, const struct zone_source *s)
{
	const struct zone_data *last = zone_slot_last(s->slot);
	*l = (struct look){.apex = *zone_slot_apex(s->slot), .by_mtime = s->line->reload_by_mtime, .included = s->included};
	l->stamp = s->stamp;
	l->reading = (struct zone_reading){
	        .path = s->path,
	        .unless_serial = last && !l->by_mtime,
	        .serial = last ? zone_data_serial(last) : 0,
	};
}

/* In any thread. */
static void look_at_file(struct look *l)
{
	const struct zone_stamp before = l->stamp;
	l->reading.apex = &l->apex;
	l->same = find_stamp(l->reading.path, &l->stamp) && is_same(l, &before);
	if (!l->same)
		l->err = zone_file_read(&l->reading, &l->why);
}

static void complain_of_outside(const struct zone_reading *r)
{
	char name[NAME_TEXT_MAX];
	if (!r->outside)
		return;
	name_to_text(r->apex, name);
	log_line(LOG_WARNING, "file: %s:%u: records of names outside of %s are left out: %zu", r->path, r->outside_line, name, r->outside);
}

/* What was read is what is known of the file from now on. */
static void take_stamp(struct zone_source *s, const struct look *l)
{
	s->stamp = l->stamp;
	s->included |= l->reading.included;
	s->complaint = OK;
}

static void say_read(const struct zone_source *s, const struct zone_data *z)
{
	char name[NAME_TEXT_MAX];
	name_to_text(zone_data_apex(z), name);
	log_line(LOG_INFO, "file: %s: zone %s has %zu records, serial %u", s->path, name, zone_data_records(z),
	         (unsigned)zone_data_serial(z));
}

/* --- its life --- */

/* Relative to root, if there is one. */
static char *find_path(const char *file, const char *root)
{
	struct buffer b = {0};
	if (root && *file != '/') {
		buffer_append_text(&b, root);
		buffer_append(&b, "/", 1);
	}
	buffer_append_text(&b, file);
	return buffer_take_text(&b);
}

static enum err find_slot(const struct zone_files_setting *setting, struct zone_source *s, const struct name *apex)
{
	struct zone_slot *known = setting->find ? setting->find(setting->arg, s->path, apex) : NULL;
	s->slot = known ? zone_slot_hold(known) : zone_slot_new(apex);
	return s->slot ? OK : ERR_NOMEM;
}

/* Whether a file that is not there is an error, the options say. */
static enum err read_first(struct zone_source *s, struct diag *d)
{
	struct look l;
	look_begin(&l, s);
	look_at_file(&l);
	if (l.err == ERR_MISSING && s->line->reload_ms) {
		log_line(LOG_WARNING, "file: %s; the zone is not there until it can be read", l.why.text);
		s->complaint = ERR_MISSING;
		return OK;
	}
	if (l.err)
		return diag_set(d, l.err, "file: %s", l.why.text);
	complain_of_outside(&l.reading);
	take_stamp(s, &l);
	s->first = l.reading.data;
	return OK;
}

static enum err add_source(struct zone_files *f, const struct file_line *line, const struct name *apex, struct diag *d)
{
	struct zone_source *s = &f->sources[f->count++];
	*s = (struct zone_source){.path = find_path(line->path, f->setting.root), .line = line, .stamp = {.size = -1}};
	if (!s->path || find_slot(&f->setting, s, apex))
		return diag_no_memory(d);
	return read_first(s, d);
}

static enum err add_sources(struct zone_files *f, const struct name_list *keys, struct diag *d)
{
	const struct file_options *o = f->setting.options;
	unsigned count = 0;
	enum err err = OK;
	for (unsigned i = 0; i < o->count; i++)
		count += o->lines[i].zones.count ? o->lines[i].zones.count : keys->count;
	f->sources = calloc(count + !count, sizeof *f->sources);
	if (!f->sources)
		return diag_no_memory(d);
	for (unsigned i = 0; i < o->count && !err; i++) {
		const struct name_list *zones = o->lines[i].zones.count ? &o->lines[i].zones : keys;
		for (unsigned k = 0; k < zones->count && !err; k++)
			err = add_source(f, &o->lines[i], &zones->names[k], d);
	}
	return err;
}

static enum err set_step(struct zone_files *f)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_NOT_READY, "the zone could not be read yet");
	f->slots = calloc(f->count + !f->count, sizeof *f->slots);
	if (!f->slots)
		return ERR_NOMEM;
	for (unsigned i = 0; i < f->count; i++)
		f->slots[i] = f->sources[i].slot;
	f->step = (struct zone_step){
	        .directive = "file",
	        .missing = "could not be read yet",
	        .why = &why,
	        .slots = f->slots,
	        .count = f->count,
	        .fallthrough = f->setting.options->fallthrough,
	        .fallthrough_zones = &f->setting.options->fallthrough_zones,
	        .rotate = f->setting.rotate,
	        .explain = f->setting.explain,
	};
	return OK;
}

enum err zone_files_new(const struct zone_files_setting *setting, struct zone_files **out, struct diag *d)
{
	struct zone_files *f = calloc(1, sizeof *f);
	enum err err;
	*out = NULL;
	if (!f)
		return diag_no_memory(d);
	f->users = 1;
	f->setting = *setting;
	err = add_sources(f, setting->keys, d);
	if (!err && set_step(f))
		err = diag_no_memory(d);
	f->setting.keys = NULL;
	f->setting.root = NULL;
	f->setting.find = NULL;
	if (err)
		zone_files_unref(f);
	else
		*out = f;
	return err;
}

void zone_files_unref(struct zone_files *f)
{
	if (!f || --f->users)
		return;
	for (unsigned i = 0; i < f->count; i++) {
		zone_data_drop(f->sources[i].first);
		zone_slot_drop(f->sources[i].slot);
		free(f->sources[i].path);
	}
	free(f->sources);
	free(f->slots);
	free(f);
}

/* --- watching --- */

static void watch_free(struct zone_file_watch *w)
{
	if (!w->closed || w->working)
		return;
	zone_data_drop(w->look.reading.data);
	zone_files_unref(w->files);
	free(w);
}

static void on_closed(uv_handle_t *handle)
{
	struct zone_file_watch *w = handle->data;
	w->closed = true;
	watch_free(w);
}

static void on_work(uv_work_t *work)
{
	look_at_file(&((struct zone_file_watch *)work->data)->look);
}

/* What can't be read is said once; what was served before stays. */
static void complain(struct zone_source *s, const struct look *l)
{
	const bool served = zone_slot_last(s->slot);
	if (s->complaint != l->err)
		log_line(LOG_ERROR, "file: %s; %s", l->why.text,
		         served ? "the zone stays as it was" : "the zone is not there until it can be read");
	s->complaint = l->err;
}

/* A file that is wrong is not looked at again before it changes. */
static void take_work(struct zone_source *s, struct look *l)
{
	struct zone_data *z = l->reading.data;
	l->reading.data = NULL;
	if (l->same)
		return;
	if (l->err) {
		if (l->stamp.changed_ns != s->stamp.changed_ns)
			s->complaint = OK;
		complain(s, l);
		if (l->err == ERR_SYNTAX || l->err == ERR_RANGE)
			s->stamp = l->stamp;
		s->included |= l->reading.included;
		return;
	}
	take_stamp(s, l);
	if (!z)
		return;
	complain_of_outside(&l->reading);
	say_read(s, z);
	if (zone_slot_publish(s->slot, z))
		log_line(LOG_ERROR, "file: %s: out of memory; the zone stays as it was", s->path);
}

static void on_work_done(uv_work_t *work, int status)
{
	struct zone_file_watch *w = work->data;
	w->working = false;
	if (w->stopped)
		watch_free(w);
	else if (!status)
		take_work(w->source, &w->look);
}

static void on_look(uv_timer_t *timer)
{
	struct zone_file_watch *w = timer->data;
	if (w->working)
		return;
	look_begin(&w->look, w->source);
	w->working = uv_queue_work(timer->loop, &w->work, on_work, on_work_done) == 0;
}

static enum err watch(struct zone_files *f, struct zone_source *s, struct uv_loop_s *loop)
{
	struct zone_file_watch *w;
	if (!s->line->reload_ms)
		return OK;
	w = calloc(1, sizeof *w);
	if (!w)
		return ERR_NOMEM;
	w->files = f;
	w->source = s;
	f->users++;
	s->watch = w;
	uv_timer_init(loop, &w->timer);
	w->timer.data = w->work.data = w;
	uv_timer_start(&w->timer, on_look, s->line->reload_ms, s->line->reload_ms);
	return OK;
}

static enum err publish_first(struct zone_source *s)
{
	struct zone_data *z = s->first;
	s->first = NULL;
	if (!z)
		return OK;
	say_read(s, z);
	return zone_slot_publish(s->slot, z);
}

enum err zone_files_watch(struct zone_files *f, struct uv_loop_s *loop)
{
	enum err err = OK;
	for (unsigned i = 0; i < f->count && !err; i++) {
		if (f->sources[i].watch)
			continue;
		err = publish_first(&f->sources[i]);
		if (!err)
			err = watch(f, &f->sources[i], loop);
	}
	return err;
}

void zone_files_unwatch(struct zone_files *f)
{
	for (unsigned i = 0; f && i < f->count; i++) {
		struct zone_file_watch *w = f->sources[i].watch;
		f->sources[i].watch = NULL;
		if (!w)
			continue;
		w->stopped = true;
		uv_close((uv_handle_t *)&w->timer, on_closed);
	}
}

/* --- for whoever looks --- */

struct zone_slot *zone_files_slot(const struct zone_files *f, unsigned i)
{
	return i < f->count ? f->sources[i].slot : NULL;
}

const char *zone_files_path(const struct zone_files *f, unsigned i)
{
	return f->sources[i].path;
}

struct zone_slot *zone_files_find(const struct zone_files *f, const char *path, const struct name *apex)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (strcmp(f->sources[i].path, path) == 0 && name_equal(zone_slot_apex(f->sources[i].slot), apex))
			return f->sources[i].slot;
	}
	return NULL;
}
