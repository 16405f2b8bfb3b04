/* ledger.h - c-ares as the keeper of transactions. It frames what goes out and matches what comes back, and has no socket: what it writes goes
 * into the attempt, what it reads is what it is handed. It sees only replies that we have checked, and it ends no query by itself: its time never
 * runs out, and for an attempt that ends without a reply it is handed one of our making.
 *
 * Why no socket of its own (c-ares 1.18): one of its channels takes 74 KB, so a source port for each query would be dear; a connection that the
 * upstream closes ends all queries of its channel; and each call walks all queries whose time is up in the present second. */
#pragma once
#include "attempt.h"
#include "base/err.h"
#include "forward/upstream.h"

struct ledger;

/* tcp: octets are framed by their length. at: borrowed. ERR_NOMEM, ERR_SYS. */
enum err ledger_new(bool tcp, const struct upstream *at, struct ledger **out);

/* Takes NULL. All attempts have been ended; orphans are freed here. */
void ledger_free(struct ledger *l);

/* Enters e, whose query is written; e->octets are what is to be sent after it. ERR_NOMEM: not entered. */
enum err ledger_add(struct ledger *l, struct attempt *e);

/* Takes e out, which was entered, by its reply; NULL: it has none. False: c-ares has kept it, and the ledger has e now. Calls nobody. */
bool ledger_end(struct ledger *l, struct attempt *e, const uint8_t *reply, size_t len);
