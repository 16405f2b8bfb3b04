/* target.h - what a request asks for (RFC 9112 3.2): a path and its query. Values are escaped, whoever they came from: a text of the server's
 * can't say more than it is asked to. */
#pragma once
#include "base/buffer.h"

/* Appends name=value, with what stands between parameters. */
void target_put(struct buffer *target, const char *name, const char *value);

/* Appends a part of a path. */
void target_escape(struct buffer *target, const char *text);

/* The text, which the caller frees; the buffer is empty then. NULL: out of memory. */
char *target_take(struct buffer *target);
