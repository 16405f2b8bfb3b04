/* clients.h - in which namespace a client's pod is, by its address. An address counts that exactly one pod has, of those that are told here. One
 * writer; any number of readers, who hold an RCU read section. */
#pragma once
#include "base/addr.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>

struct clients;

struct clients *clients_new(void); /* NULL: out of memory */

/* After the last reader; takes NULL. */
void clients_free(struct clients *c);

/* A pod of the namespace has these addresses. ERR_NOMEM, or ERR_RANGE where ns is no label: nothing has changed. */
enum err clients_add(struct clients *c, const char *ns, const struct addr *addrs, size_t n);

/* It has them no longer. They were added. */
void clients_remove(struct clients *c, const char *ns, const struct addr *addrs, size_t n);

#define CLIENTS_SEARCH 3

/* For readers. The search list that a kubelet gives the pod of that address for a zone: <namespace>.svc.<zone>, svc.<zone>, <zone>. False: whose address
 * it is is not known, or the names are too long. */
bool clients_search_list(const struct clients *c, const struct addr *addr, const struct name *zone, struct name list[CLIENTS_SEARCH]);

/* For readers. The namespace, as a name of one label; false: it is not known. */
bool clients_find(const struct clients *c, const struct addr *addr, struct name *ns);
