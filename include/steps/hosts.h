/* hosts.h - `hosts`: names and addresses from a file such as /etc/hosts, and from lines of the Corefile. The file is read again when its time of change
 * or its size differs; whoever answers meanwhile has the whole old one or the whole new one. Control thread, but for the answering. */
#pragma once
#include "base/err.h"
#include "config/directive.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uv_loop_s; /* libuv's uv_loop_t */

struct hosts_setting {
	const struct hosts_options *options; /* borrowed, and must live as long as somebody answers with it */
	const struct name_list *zones;       /* those of the block's keys, where options has none; copied */
	const char *root;                    /* what a relative name of a file is relative to; NULL: nothing */
	const struct cache_values *cache; /* NULL: the block has no `cache`, whose bounds of TTLs count here too. Borrowed as options is */
	bool rotate;                      /* sets of addresses begin with one drawn anew each time */
	bool explain;                     /* clients with EDNS are told why they get no records (RFC 8914) */
};

struct hosts;

/* Reads the file. What is wrong with it is said in a line: one that is not there has no names. ERR_NOMEM. It has one user. */
enum err hosts_new(const struct hosts_setting *setting, struct hosts **out);
void hosts_unref(struct hosts *h); /* takes NULL */

/* Looks at the file from here on, as often as the options say, until hosts_unwatch(). Reading is done in a thread of libuv's. Once; ERR_NOMEM. */
enum err hosts_watch(struct hosts *h, struct uv_loop_s *loop);

/* The loop must then turn until what it had there is closed. Nothing where it is not watched. Takes NULL. */
void hosts_unwatch(struct hosts *h);

/* The name of the file; good as long as h. */
const char *hosts_file(const struct hosts *h);

struct hosts_status {
	size_t entries;     /* addresses of names and names of addresses, those of the Corefile's lines with them */
	int64_t changed_ns; /* when the file that was read was changed, since 1970; 0: none was */
};
/* How it is getting on. Control thread. */
void hosts_status(const struct hosts *h, struct hosts_status *out);
