/* forwarding.h - what a block asks others for: its upstreams, and the cache before them. Workers share it, and so do blocks of configurations that
 * follow each other and say the same, so that a reload keeps what is known of upstreams and their answers. Counted; control thread. */
#pragma once
#include "base/diag.h"
#include "config/directive.h"
#include "forward/traffic.h"

/* Once in the process, before there are threads. ERR_SYS. Wants forwarding_end() when nothing is forwarded any more. */
enum err forwarding_begin(void);
void forwarding_end(void);

struct forwarding;

/* cache: NULL: answers are not kept. Copies what it wants. It has one user. Waits where an upstream is a host's name (forward/host.h). ERR_NOMEM; ERR_MISSING:
 * a host has no address; ERR_RANGE: there are more upstreams than UPSTREAMS_MAX. With diag. */
enum err forwarding_new(const struct forward_values *forward, const struct cache_values *cache, struct forwarding **out, struct diag *d);

/* NULL: answers are not kept. Lives as long as f. */
struct cache;
const struct cache *forwarding_cache(const struct forwarding *f);

/* One more who has to free it. Control thread. Returns f. */
struct forwarding *forwarding_ref(struct forwarding *f);
void forwarding_unref(struct forwarding *f); /* takes NULL */

/* Told of each upstream: "10.0.0.1:53", and all that was counted since f was made. An upstream of two lines is told twice, and so it may be
 * for two blocks: who wants one row for each adds them up. Both are good during the call. */
typedef void forwarding_told(void *arg, const char *to, const struct traffic_numbers *numbers);
void forwarding_traffic(const struct forwarding *f, forwarding_told *told, void *arg);

/* Adds what was counted of f as a whole. */
void forwarding_totals(const struct forwarding *f, struct traffic_totals *sum);
