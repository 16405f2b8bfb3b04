/* pod_addresses.h - which addresses the pods of each namespace have: a set of pairs, exact and small (24 octets each, half of the cells used). One
 * writer; readers hold an RCU read section. Pods of one namespace may share an address (the node's), so pairs are counted.
 *
 * An array of its own and not a base/table.h: that holds pointers, and a block for each pair beside its cell would be three times the memory. */
#pragma once
#include "base/addr.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct pod_addresses;

/* alone: pod_addresses_sole() will be asked; else addresses are looked for in a namespace that is known. */
struct pod_addresses *pod_addresses_new(bool alone); /* NULL: out of memory */
void pod_addresses_free(struct pod_addresses *r);    /* after the last reader; takes NULL */

/* One more pod of the namespace has the address. ns is a number of its own, other than 0. ERR_NOMEM: nothing changed. */
enum err pod_addresses_add(struct pod_addresses *r, uint32_t ns, const struct addr *addr);

/* One less; false, and nothing happens, if there is none. */
bool pod_addresses_remove(struct pod_addresses *r, uint32_t ns, const struct addr *addr);

/* Every pair that pods have, in no order: start with *cursor = 0, until false. Writer only. */
bool pod_addresses_each(const struct pod_addresses *r, size_t *cursor, uint32_t *ns, struct addr *addr);

/* For readers. The namespace of the one pod that has the address; 0: none has, or several. */
uint32_t pod_addresses_sole(const struct pod_addresses *r, const struct addr *addr);
bool pod_addresses_have(const struct pod_addresses *r, uint32_t ns, const struct addr *addr);
