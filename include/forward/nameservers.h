/* nameservers.h - the upstreams that a file in resolv.conf form names, now and after each change. Control thread. */
#pragma once
#include "base/diag.h"
#include "forward/upstream.h"
#include <stddef.h>

#define NAMESERVERS_FILE_MAX ((size_t)1 << 20) /* octets that are read at most */

struct nameservers_list {
	unsigned count; /* 0: none was named */
	struct upstream list[UPSTREAMS_MAX];
};

/* Lines "nameserver ADDRESS" (resolv.conf(5)): ADDRESS is as upstream_parse() takes it, without a scheme; a port may follow, as in OpenBSD, and an
 * IPv6 address may have its interface. What follows on the line is ignored, and so are other lines, addresses that are none (as the C library
 * does), those said before, and those beyond UPSTREAMS_MAX. */
void nameservers_parse(const char *text, size_t len, struct nameservers_list *out);

/* The same of a file. Errors are those of file_read(), with diag; *out is as it was then. */
enum err nameservers_read(const char *path, struct nameservers_list *out, struct diag *d);

struct uv_loop_s; /* libuv's uv_loop_t */
struct nameservers_watch;

/* Called when the file names others, or the same in another order; not when there are none or it can't be read, for then those known are still the
 * best guess: that is said in one line. now is the watch's, good until the next call. May stop the watch. */
typedef void nameservers_changed(void *arg, const struct nameservers_list *now);

/* Reads path, and from then on tells of changes. *first are those of now. Errors of nameservers_read(), with diag; ERR_NOMEM and ERR_SYS too
 * where it can't be watched. */
enum err nameservers_watch_start(struct uv_loop_s *loop, const char *path, nameservers_changed *changed, void *arg,
                                 struct nameservers_list *first, struct nameservers_watch **out, struct diag *d);

/* Takes NULL. */
void nameservers_watch_stop(struct nameservers_watch *w);
