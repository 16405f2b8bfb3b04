/* list_target.h - what a list or a watch asks for: paths with their queries, as client-go makes them. */
#pragma once
#include "resource.h"
#include <stdbool.h>

struct list_target {
	const struct resource *resource;
	const char *selector;     /* the start of the query */
	const char *version;      /* to list what is not older, or to watch from; "": none is known */
	const char *continuation; /* of a list: of the page; NULL: the first */
	bool expired;             /* the version can't be asked for: the server's own store is read, in pages */
	bool unpaged;             /* but in one */
	bool with_list;           /* of a watch: it begins with a list */
	unsigned seconds;         /* of a watch: how long the server is to keep it; 0 is 1 */
};

/* The caller frees it; NULL: out of memory. */
char *list_target(const struct list_target *t);
char *watch_target(const struct list_target *t);
