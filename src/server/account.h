/* account.h - tells the tally of queries that are done. On their worker's thread. */
#pragma once
#include "plan.h"
#include "server/tally.h"

/* The time, in nanoseconds since some past moment. */
uint64_t account_now_ns(void);

/* x->row is not NULL. Who asked, and how many octets were sent; 0: none. */
void account_query(const struct exchange *x, unsigned worker, const union net_peer *peer, size_t len, uint64_t now_ns);

/* Of a batch, those that are not kept. */
void account_batch(const struct exchange *exchanges, const struct net_message *messages, unsigned n, unsigned worker);
