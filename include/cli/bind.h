/* bind.h - which addresses of this machine a server block listens on, as they are when it is asked: the control thread does so at the start. The
 * rules are those of CoreDNS's bind. */
#pragma once
#include "base/diag.h"
#include "config/corefile.h"
#include "net/net.h"

/* Without a port. */
struct bind_addresses {
	struct net_address *all;
	unsigned count;
};

/* Those of all `bind` lines, each once; an interface stands for the addresses that it has now; without such lines those of every family that
 * there is. 0.0.0.0 and :: both stand for every address of both families, as in CoreDNS. ERR_MISSING, with the place in diag: a word is neither
 * an address nor an interface, or nothing is left. The caller frees out->all. */
enum err bind_resolve(const struct corefile_block *block, struct bind_addresses *out, struct diag *d);
