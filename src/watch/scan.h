/* scan.h - frames what the API server streams, as it comes, in pieces of any size: the events of a watch, or the items of a list.
 * Each is handed over as a JSON text of its own, without the members that nothing here reads (managedFields, env, volumes, most of
 * status, ...): those are passed over at memory speed and never copied. Memory: the largest such text, and no more.
 *
 * Of what it passes over it knows the end alone; what it copies is for a JSON parser to check. A stream whose brackets, quotes,
 * commas and colons are not where they must be is an error at the first wrong octet. So are items that are neither an array nor null. A byte
 * order mark at the start is passed over. */
#pragma once
#include "base/diag.h"
#include <stddef.h>
#include <stdint.h>

#define SCAN_OBJECT_MAX ((size_t)4 << 20) /* octets of an event or item as it was sent; etcd takes 1.5 MiB */
#define SCAN_DEPTH_MAX  32                /* brackets within each other, around and in what is copied by member */

enum scan_form {
	SCAN_WATCH, /* {"type":...,"object":{...}} one after another */
	SCAN_LIST,  /* one {"metadata":{...},"items":[...]} */
};

enum scan_frame_kind {
	SCAN_EVENT,     /* of a watch: {"type":...,"object":{...}} */
	SCAN_LIST_KIND, /* a list's kind, which is to be a string. The API server sends it first, */
	SCAN_LIST_META, /* then its metadata: {"resourceVersion":...,"continue":...}, and then the items */
	SCAN_ITEM,      /* an item of a list, which is to be an object; has no kind and apiVersion */
};

struct scan_frame {
	enum scan_frame_kind kind;
	const char *json; /* borrowed for the call; not NUL-terminated. NULL: it was larger than SCAN_OBJECT_MAX, and is left out */
	size_t len;
	size_t raw_bytes; /* as it was sent */
};

/* Gets each frame as it ends. An error ends the scan. */
typedef enum err scan_take(void *arg, const struct scan_frame *frame);

struct scan;

struct scan *scan_new(enum scan_form form, scan_take *take, void *arg); /* NULL: out of memory */
void scan_free(struct scan *s);                                         /* takes NULL */

/* The next octets. ERR_SYNTAX, ERR_RANGE (nested too deep), ERR_NOMEM, or what take returned, with diag; it is then returned ever after. */
enum err scan_feed(struct scan *s, const char *bytes, size_t len, struct diag *d);

/* The stream has ended. ERR_SYNTAX: within an event, or before the list was whole. */
enum err scan_end(const struct scan *s, struct diag *d);
