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

bool loopback_has_ipv6(const struct loopback *l);

/* Makes these the addresses, besides 127.0.0.1 and ::1: adds and removes what differs from the call before. addrs is sorted in place;
 * duplicates, addresses of the interface's own and, without IPv6, IPv6 ones are left out. On ERR_NOMEM nothing has changed; on another error some may be missing. */
enum err loopback_set(struct loopback *l, struct addr *addrs, size_t n, struct diag *d);

/* Which addresses sets differ in: sorted sets without duplicates. Calls each once, removals before additions. For loopback_set and its tests. */
typedef void loopback_difference(void *arg, const struct addr *a, bool added);
void loopback_compare(const struct addr *old, size_t old_n, const struct addr *new, size_t new_n, loopback_difference *each, void *arg);
