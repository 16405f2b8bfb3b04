/* forwarding.h - what a block asks others for: its upstreams, and the cache before them. Workers share it, and so do blocks of configurations that
 * follow each other and say the same, so that a reload keeps what is known of upstreams and their answers. Counted; control thread. */
#pragma once
#include "base/err.h"
#include "config/directive.h"

/* Once in the process, before there are threads. ERR_SYS. Wants forwarding_end() when nothing is forwarded any more. */
enum err forwarding_begin(void);
void forwarding_end(void);

struct forwarding;

/* cache: NULL: answers are not kept. Copies what it wants. It has one user. */
enum err forwarding_new(const struct forward_values *forward, const struct cache_values *cache, struct forwarding **out);

struct forwarding *forwarding_ref(struct forwarding *f);
void forwarding_unref(struct forwarding *f); /* takes NULL */
