#include "zone/clients.h"
#include "base/hash.h"
#include "base/rcu.h"
#include "base/table.h"
#include "pod_addresses.h"
#include <stdlib.h>
#include <string.h>

/* A namespace that has such a pod. */
struct client_namespace {
	struct rcu_garbage garbage;
	uint32_t number; /* no other has or had it */
	size_t addresses;
	struct name label;
};

struct clients {
	struct pod_addresses *addresses;
	struct table *by_label;  /* the writer's */
	struct table *by_number; /* for readers */
	uint32_t last_number;
};

static uint64_t hash_label(const struct name *label)
{
	return hash_bytes(label->wire, label->len);
}

static uint64_t hash_number(uint32_t number)
{
	return hash_mix(number, 0);
}

static bool has_label(const void *entry, const void *key)
{
	return name_equal(&((const struct client_namespace *)entry)->label, key);
}

static bool has_number(const void *entry, const void *key)
{
	return ((const struct client_namespace *)entry)->number == *(const uint32_t *)key;
}

struct clients *clients_new(void)
{
	struct clients *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->addresses = pod_addresses_new(true);
	c->by_label = table_new();
	c->by_number = table_new();
	if (c->addresses && c->by_label && c->by_number)
		return c;
	clients_free(c);
	return NULL;
}

void clients_free(struct clients *c)
{
	size_t cursor = 0;
	if (!c)
		return;
	for (struct client_namespace *ns; c->by_label && (ns = table_each(c->by_label, &cursor));)
		free(ns);
	pod_addresses_free(c->addresses);
	table_free(c->by_label);
	table_free(c->by_number);
	free(c);
}

/* Made if need be; NULL: out of memory. */
static struct client_namespace *take_namespace(struct clients *c, const struct name *label)
{
	struct client_namespace *ns = table_find(c->by_label, hash_label(label), has_label, label);
	if (ns)
		return ns;
	ns = calloc(1, sizeof *ns);
	if (!ns)
		return NULL;
	ns->number = ++c->last_number;
	ns->label = *label;
	if (table_insert(c->by_label, hash_label(label), ns) == OK) {
		if (table_insert(c->by_number, hash_number(ns->number), ns) == OK)
			return ns;
		table_remove(c->by_label, hash_label(label), ns);
	}
	free(ns);
	return NULL;
}

static void drop_unused(struct clients *c, struct client_namespace *ns)
{
	if (ns->addresses)
		return;
	table_remove(c->by_label, hash_label(&ns->label), ns);
	table_remove(c->by_number, hash_number(ns->number), ns);
	rcu_free_later(&ns->garbage, sizeof *ns);
}

static void remove_all(struct clients *c, struct client_namespace *ns, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ns->addresses -= pod_addresses_remove(c->addresses, ns->number, &addrs[i]);
	drop_unused(c, ns);
}

static bool read_label(const char *ns, struct name *label)
{
	size_t len = strlen(ns);
	name_root(label);
	return len && name_append(label, ns, len) == OK;
}

enum err clients_add(struct clients *c, const char *ns_name, const struct addr *addrs, size_t n)
{
	struct name label;
	if (!read_label(ns_name, &label))
		return ERR_RANGE;
	struct client_namespace *ns = take_namespace(c, &label);
	if (!ns)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (pod_addresses_add(c->addresses, ns->number, &addrs[i])) {
			remove_all(c, ns, addrs, i);
			return ERR_NOMEM;
		}
		ns->addresses++;
	}
	drop_unused(c, ns);
	return OK;
}

void clients_remove(struct clients *c, const char *ns_name, const struct addr *addrs, size_t n)
{
	struct name label;
	struct client_namespace *ns = read_label(ns_name, &label) ? table_find(c->by_label, hash_label(&label), has_label, &label) : NULL;
	if (ns)
		remove_all(c, ns, addrs, n);
}

bool clients_find(const struct clients *c, const struct addr *addr, struct name *ns)
{
	uint32_t number = pod_addresses_sole(c->addresses, addr);
	const struct client_namespace *found = number ? table_find(c->by_number, hash_number(number), has_number, &number) : NULL;
	if (found)
		*ns = found->label;
	return found;
}

bool clients_search_list(const struct clients *c, const struct addr *addr, const struct name *zone, struct name list[CLIENTS_SEARCH])
{
	list[1] = list[2] = *zone;
	return clients_find(c, addr, &list[0]) && name_prepend(&list[1], "svc", 3) == OK && name_append_name(&list[0], &list[1]) == OK;
}
