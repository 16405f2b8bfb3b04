#include "served.h"
#include <stdlib.h>
#include <string.h>

#define ADDRESS_TEXT_MAX 64

static enum err no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

/* --- blocks --- */

static void block_free(struct block *b)
{
	if (!b)
		return;
	free(b->search);
	free(b->listeners);
	free(b);
}

/* How the cluster's names are answered. The lists are borrowed. */
static void apply_options(struct query_policy *policy, const struct kubernetes_options *o)
{
	policy->ede = o->ede;
	policy->max_answers = o->max_answers;
	policy->fallthrough = o->fallthrough;
	policy->fallthrough_zones = o->fallthrough_zones.names;
	policy->fallthrough_count = o->fallthrough_zones.count;
}

/* k8s_external stands before kubernetes, as in CoreDNS. */
static void apply_external(struct block *b)
{
	const struct external_options *o = &cluster_options(b->cluster)->kubernetes->external;
	if (!o->zones.count)
		return;
	b->external_zones = &o->zones;
	b->external = (struct way){b->way.policy, &b->way.policy};
	b->external.policy.zone = cluster_external_zone(b->cluster);
	b->external.policy.fallthrough = o->fallthrough;
	b->external.policy.fallthrough_zones = o->fallthrough_zones.names;
	b->external.policy.fallthrough_count = o->fallthrough_zones.count;
}

static unsigned count_addresses(const struct server_block *from)
{
	unsigned count = 0;
	for (unsigned i = 0; i < from->place_count; i++)
		count += from->places[i].address_count;
	return count;
}

static struct block *block_new(const struct server_block *from)
{
	struct block *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->cluster = from->cluster;
	b->search = malloc((from->search_count + !from->search_count) * sizeof *b->search);
	b->listeners = calloc(count_addresses(from) + 1, sizeof *b->listeners);
	if (!b->search || !b->listeners) {
		block_free(b);
		return NULL;
	}
	if (from->search_count)
		memcpy(b->search, from->search, from->search_count * sizeof *b->search);
	b->way.policy = (struct query_policy){
	        .zone = from->cluster ? cluster_zone(from->cluster) : NULL,
	        .rotate = from->rotate,
	        .outside_nxdomain = from->outside_nxdomain,
	        .search = b->search,
	        .search_count = from->search_count,
	        .known = from->cluster ? cluster_known(from->cluster) : NULL,
	        .ede = true,
	};
	if (from->cluster) {
		apply_options(&b->way.policy, cluster_options(from->cluster)->kubernetes);
		apply_external(b);
	}
	return b;
}

/* Finds the listener of an address, or makes it. */
static enum err listener_at(struct served *v, const struct net_address *address, unsigned *at)
{
	struct listener *more;
	for (*at = 0; *at < v->listener_count; ++*at) {
		if (net_address_equal(&v->listeners[*at].address, address))
			return OK;
	}
	more = realloc(v->listeners, (v->listener_count + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	v->listeners = more;
	more[v->listener_count++] = (struct listener){.address = *address};
	return OK;
}

static enum err add_route(struct served *v, unsigned listener, const struct name *zone, const struct block *b, struct diag *d)
{
	char text[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];
	enum err err = routes_add(&v->listeners[listener].routes, zone, b);
	if (err == ERR_NOMEM)
		return no_memory(d);
	if (!err)
		return OK;
	name_to_text(zone, text);
	net_address_format(&v->listeners[listener].address, address);
	return diag_set(d, err, "%s is served at %s already", text, address);
}

static void note_listener(struct block *b, unsigned listener)
{
	for (unsigned i = 0; i < b->listener_count; i++) {
		if (b->listeners[i] == listener)
			return;
	}
	b->listeners[b->listener_count++] = listener;
}

static enum err add_place(struct served *v, struct block *b, const struct server_place *place, struct diag *d)
{
	struct name root;
	const struct name_list all = {&root, 1}, *zones = place->zones.count ? &place->zones : &all;
	enum err err = OK;
	name_root(&root);
	for (unsigned i = 0; i < place->address_count && !err; i++) {
		unsigned listener;
		if (listener_at(v, &place->addresses[i], &listener))
			return no_memory(d);
		note_listener(b, listener);
		for (unsigned z = 0; z < zones->count && !err; z++)
			err = add_route(v, listener, &zones->names[z], b, d);
	}
	return err;
}

enum err served_add_block(struct served *v, const struct server_block *block, struct diag *d)
{
	struct block **more = realloc(v->blocks, (v->block_count + 1) * sizeof *more);
	struct block *b;
	enum err err = OK;
	if (!more)
		return no_memory(d);
	v->blocks = more;
	b = block_new(block);
	if (!b)
		return no_memory(d);
	more[v->block_count++] = b;
	for (unsigned i = 0; i < block->place_count && !err; i++)
		err = add_place(v, b, &block->places[i], d);
	return err;
}

/* --- the whole --- */

struct served *served_new(void)
{
	return calloc(1, sizeof(struct served));
}

void served_free(struct served *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < v->block_count; i++)
		block_free(v->blocks[i]);
	for (unsigned i = 0; i < v->listener_count; i++)
		routes_free(&v->listeners[i].routes);
	free(v->blocks);
	free(v->listeners);
	free(v->by_index);
	free(v);
}

enum err served_place(struct served *v, const unsigned *index)
{
	for (unsigned i = 0; i < v->listener_count; i++) {
		v->listeners[i].index = index[i];
		if (index[i] >= v->index_count)
			v->index_count = index[i] + 1;
	}
	v->by_index = calloc(v->index_count + 1, sizeof *v->by_index);
	if (!v->by_index)
		return ERR_NOMEM;
	for (unsigned i = 0; i < v->listener_count; i++)
		v->by_index[index[i]] = &v->listeners[i].routes;
	return OK;
}

enum err served_tell_zones(const struct served *v)
{
	struct net_address *addresses = calloc(v->listener_count + 1, sizeof *addresses);
	enum err err = addresses ? OK : ERR_NOMEM;
	for (unsigned i = 0; i < v->block_count && !err; i++) {
		const struct block *b = v->blocks[i];
		struct addr self[SELF_MAX];
		size_t count;
		for (unsigned k = 0; k < b->listener_count; k++)
			addresses[k] = v->listeners[b->listeners[k]].address;
		count = self_addresses(addresses, b->listener_count, self);
		if (b->cluster)
			err = cluster_set_self(b->cluster, self, count);
	}
	free(addresses);
	return err;
}
