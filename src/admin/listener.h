/* listener.h - one address: a libmicrohttpd daemon with its own thread. */
#pragma once
#include "board.h"

struct listener;

/* Opens the address and starts. Errors as admin_change_new(). */
enum err listener_new(struct board *board, const struct admin_place *place, struct listener **out, struct diag *d);

/* Which pages it has from now on. Any thread. */
void listener_set_pages(struct listener *l, unsigned pages);
unsigned listener_pages(const struct listener *l);

const struct admin_address *listener_wanted(const struct listener *l); /* as it was given */
/* Where it listens, with the port that port 0 became. Good while it lives. */
const struct admin_address *listener_bound(const struct listener *l);

/* Ends it with its connections. Takes NULL. */
void listener_free(struct listener *l);
