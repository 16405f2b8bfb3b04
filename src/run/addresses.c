#include "addresses.h"
#include <stdlib.h>
#include <string.h>

static enum err add(struct addresses *a, const struct addr *addrs, size_t n)
{
	if (a->cap - a->count < n) {
		size_t cap = 2 * (a->cap + n);
		struct addr *all = realloc(a->all, cap * sizeof *all);
		if (!all)
			return ERR_NOMEM;
		a->all = all;
		a->cap = cap;
	}
	if (n)
		memcpy(a->all + a->count, addrs, n * sizeof *addrs);
	a->count += n;
	return OK;
}

void addresses_free(struct addresses *a)
{
	free(a->all);
	*a = (struct addresses){0};
}

static enum err add_slice(struct addresses *a, const struct endpoint_slice *slice)
{
	enum err err = OK;
	for (uint32_t i = 0; i < slice->subset_count; i++) {
		const struct endpoint_subset *subset = &slice->subsets[i];
		for (uint32_t k = 0; k < subset->endpoint_count && !err; k++)
			err = add(a, subset->endpoints[k].addrs, subset->endpoints[k].addr_count);
	}
	return err;
}

enum err addresses_add_pods(struct addresses *a, const struct store *s)
{
	struct store_cursor pods = {0};
	size_t others = 0;
	enum err err = OK;
	for (const struct pod *p; !err && (p = store_each_pod(s, &pods));)
		err = add(a, p->ips, p->ip_count);
	for (const struct object *o; !err && (o = store_each_other(s, &others));) {
		if (o->kind == OBJECT_ENDPOINT_SLICE || o->kind == OBJECT_CONTROLLER_SLICE || o->kind == OBJECT_ENDPOINTS)
			err = add_slice(a, (const struct endpoint_slice *)o);
	}
	return err;
}

enum err addresses_add_services(struct addresses *a, const struct store *s)
{
	size_t cursor = 0;
	enum err err = OK;
	for (const struct service *v; !err && (v = store_each_service(s, &cursor));) {
		if (v->object.kind == OBJECT_SERVICE && v->type == SERVICE_CLUSTER_IP && v->port_count)
			err = add(a, v->cluster_ips, v->cluster_ip_count);
	}
	return err;
}

static bool has_family(const struct addresses *a, unsigned family)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->all[i].family == family)
			return true;
	}
	return false;
}

static bool has(const struct addresses *a, const struct addr *wanted)
{
	for (size_t i = 0; i < a->count; i++) {
		if (addr_equal(&a->all[i], wanted))
			return true;
	}
	return false;
}

/* The very last address of a range is IPv4's broadcast address. */
bool addresses_pick(const struct addresses *a, const struct cidr *range, struct addr *out)
{
	uint64_t size = cidr_size(range);
	if (!has_family(a, range->base.family))
		return false;
	for (uint64_t n = 2; n < size; n++) {
		if (cidr_nth(range, size - n, out) && !has(a, out))
			return true;
	}
	return false;
}

void addresses_compare(const struct addr *old, size_t old_n, const struct addr *new, size_t new_n, addresses_difference *each, void *arg)
{
	for (unsigned adding = 0; adding < 2; adding++) {
		size_t i = 0, k = 0;
		while (i < old_n || k < new_n) {
			int order = i == old_n ? 1 : k == new_n ? -1 : addr_compare(&old[i], &new[k]);
			if (order < 0 && !adding)
				each(arg, &old[i], false);
			if (order > 0 && adding)
				each(arg, &new[k], true);
			i += order <= 0;
			k += order >= 0;
		}
	}
}
