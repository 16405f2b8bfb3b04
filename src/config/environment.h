/* environment.h - {$NAME} and {%NAME%} in a Corefile's words: what an environment variable holds. */
#pragma once
#include "base/diag.h"
#include "text_pool.h"

/* *out is text itself where there is no such reference, else a text of the pool. A variable that is not set is empty. References inside of a
 * value are followed, as CoreDNS follows them, but not for ever: ERR_RANGE. ERR_NOMEM. */
enum err environment_expand(struct text_pool *pool, const char *text, const char **out, struct diag *d);
