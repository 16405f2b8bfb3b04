/* loopback.h - the addresses of pods on the loopback interface of a network namespace of our own, so that processes can bind them
 * and reach each other by them. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

struct loopback;

/* Brings lo up; lets every user bind ports below 1024 and send pings. */
enum err loopback_open(struct loopback **out, struct diag *d);
void loopback_close(struct loopback *l); /* the addresses stay; takes NULL */

/* The namespace has IPv6 addresses on its loopback interface. */
bool loopback_has_ipv6(const struct loopback *l);

#define LOOPBACK_OWN_MAX 8

/* Addresses of the interface itself, as programs see them that list these: what is connected to an address of loopback_set comes from the
 * first of its family, where the program has not bound another. Once, before loopback_set. Those beyond LOOPBACK_OWN_MAX are left out. */
enum err loopback_set_own(struct loopback *l, const struct addr *addrs, size_t n, struct diag *d);

/* Makes these the addresses that can be bound and reached besides, by a route each: adds and removes what differs from the call before. addrs is
 * sorted in place; duplicates, our own, 127.0.0.0/8, ::1 and, without IPv6, IPv6 ones are left out. On ERR_NOMEM nothing has changed; on another
 * error some may be missing. */
enum err loopback_set(struct loopback *l, struct addr *addrs, size_t n, struct diag *d);
