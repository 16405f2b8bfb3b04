/* ruleset.h - what the kernel's nf_tables do for relay.h, in tables named headns of this network namespace. Control thread only. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include <stdbool.h>
#include <stdint.h>

#define RULESET_QUEUE   1          /* where first packets wait; in a network namespace of our own all numbers are free */
#define RULESET_REFUSED UINT32_MAX /* as a packet's mark: whoever sent it is told that nobody listens */

struct ruleset;

/* ERR_MISSING: the kernel has not got what is needed, and diag says what. */
enum err ruleset_open(struct ruleset **out, struct diag *d);
void ruleset_close(struct ruleset *r); /* the tables go with the network namespace; takes NULL */

/* There are rules for IPv6 as well. */
bool ruleset_has_ipv6(const struct ruleset *r);

/* From ruleset_commit on the first packets of what is sent to a are queued, or no longer. */
void ruleset_change_service(struct ruleset *r, const struct addr *a, bool added);

/* From ruleset_commit on a queued packet that comes back with this mark goes to a and port, and so does what follows it. */
void ruleset_add_target(struct ruleset *r, uint32_t mark, const struct addr *a, uint16_t port);

/* All changes since the last one, or, on an error, not all of them. */
enum err ruleset_commit(struct ruleset *r, struct diag *d);
