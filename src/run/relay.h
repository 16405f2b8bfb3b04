/* relay.h - what kube-proxy does on a node: connections and datagrams to ClusterIP:port reach a ready endpoint's target port, by address
 * translation of the kernel's (nf_tables) in a network namespace of our own. Nothing listens there, so a program's own sockets are in
 * nobody's way, and what reaches the endpoint comes from the client's own address.
 *
 * The first packet of each connection waits in a queue (nfnetlink_queue) until one of the Service's endpoints has been chosen: with
 * sessionAffinity ClientIP the one that the client had before, else by chance; of those, one at whose address and port somebody listens. So
 * a server that is started later is found by the next connection, and one is refused where there is none, as it would be by the endpoint
 * itself. Control thread only. */
#pragma once
#include "base/diag.h"
#include "store/store.h"
#include <uv.h>

struct relay;

/* Installs itself in the network namespace of the calling thread; works on the loop, which must not run meanwhile. s is borrowed.
 * ERR_MISSING: the kernel has not got what is needed, and diag says what. */
enum err relay_open(struct relay **out, uv_loop_t *loop, const struct store *s, struct diag *d);

/* Takes the store's Services as they are now, all but those at the n addresses of except, at which headns itself answers. What is connected
 * stays so. ERR_NOMEM, ERR_SYS: some may have been taken. */
enum err relay_update(struct relay *r, const struct addr *except, unsigned n, struct diag *d);

/* While the loop is still there to close handles. Takes NULL. */
void relay_close(struct relay *r);
