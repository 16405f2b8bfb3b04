/* zone_files.h - `file`: zones from zone files, and how they follow these. A thread of libuv's reads a file; whoever answers meanwhile has the whole old version
 * or the whole new one, and what is wrong with a new one leaves the old one. Control thread, but for the answering. */
#pragma once
#include "base/diag.h"
#include "config/directive.h"
#include "records/zone_slot.h"

struct uv_loop_s; /* libuv's uv_loop_t */

struct zone_files;

struct zone_files_setting {
	const struct file_options *options; /* borrowed, and must live as long as somebody answers with it */
	const struct name_list *keys;       /* the zones of the block, where a line has none */
	const char *root;                   /* what a relative name of a file is relative to; NULL: nothing */
	bool rotate;                        /* sets of addresses begin with one drawn anew each time */
	bool explain;                       /* clients with EDNS are told why they get no records (RFC 8914) */
	/* A slot that is served already from that file for that zone, to be gone on with; NULL: there is none. May be NULL itself. */
	struct zone_slot *(*find)(void *arg, const char *path, const struct name *apex);
	void *arg;
};

/* Reads the files. One that is not there has no names until it is, with a warning, unless it is never looked at again. ERR_NOMEM, or what is wrong with
 * a file. It has one user. */
enum err zone_files_new(const struct zone_files_setting *setting, struct zone_files **out, struct diag *d);
void zone_files_unref(struct zone_files *f); /* takes NULL */

/* Publishes what was read, and looks at the files from here on, as often as the options say, until zone_files_unwatch(). Once; ERR_NOMEM. */
enum err zone_files_watch(struct zone_files *f, struct uv_loop_s *loop);

/* The loop must then turn until what it had there is closed. Nothing where it is not watched. Takes NULL. */
void zone_files_unwatch(struct zone_files *f);

/* The i-th of its zones; NULL: there are no more. Good as long as f. */
struct zone_slot *zone_files_slot(const struct zone_files *f, unsigned i);

/* The file of the i-th of its zones. */
const char *zone_files_path(const struct zone_files *f, unsigned i);

/* The slot of that zone from that file; NULL: it has none. */
struct zone_slot *zone_files_find(const struct zone_files *f, const char *path, const struct name *apex);
