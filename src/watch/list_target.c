#include "list_target.h"
#include "target.h"
#include <stdio.h>
#include <string.h>

#define PAGE_LIMIT "500"

static struct buffer target_begin(const struct list_target *t)
{
	struct buffer target = {0};
	buffer_append(&target, t->resource->path, strlen(t->resource->path));
	buffer_append(&target, "?", 1);
	buffer_append(&target, t->selector, strlen(t->selector));
	return target;
}

/* What a list may be served from: what we have seen or later, where that still can be asked for; else the server's own store, which is
 * read in pages. */
char *list_target(const struct list_target *t)
{
	struct buffer target = target_begin(t);
	if (t->continuation || (t->expired && !t->unpaged))
		target_put(&target, "limit", PAGE_LIMIT);
	if (t->continuation)
		target_put(&target, "continue", t->continuation);
	else if (!t->expired)
		target_put(&target, "resourceVersion", *t->version ? t->version : "0");
	return target_take(&target);
}

char *watch_target(const struct list_target *t)
{
	struct buffer target = target_begin(t);
	char seconds[16];
	snprintf(seconds, sizeof seconds, "%u", t->seconds ? t->seconds : 1);
	target_put(&target, "watch", "1");
	target_put(&target, "allowWatchBookmarks", "true");
	if (t->with_list) {
		target_put(&target, "sendInitialEvents", "true");
		target_put(&target, "resourceVersionMatch", "NotOlderThan");
	}
	if (*t->version)
		target_put(&target, "resourceVersion", t->version);
	target_put(&target, "timeoutSeconds", seconds);
	return target_take(&target);
}
