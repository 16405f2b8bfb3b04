/* cache_options.h - the options of a cache as it owns them. */
#pragma once
#include "forward/cache.h"

/* With copies of the lists. ERR_NOMEM: nothing to free. */
enum err cache_options_copy(struct cache_options *to, const struct cache_options *from);
void cache_options_free(struct cache_options *o); /* what cache_options_copy() made */

/* True if a name, lower case, of len octets is in one of these zones, lower case too. */
bool cache_names_hold(const struct cache_names *names, const uint8_t *qname, size_t len);
