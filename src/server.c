#include "server.h"
#include "base/log.h"
#include "base/plural.h"
#include "query/query.h"
#include "routes.h"
#include "self.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_TEXT_MAX 64

/* What one worker writes; a cache line of its own, so that no two workers share one. */
struct server_worker {
	_Alignas(64) struct query_state state;
};

/* How a query is answered, and who is next where the answer says that others may know better; NULL: nobody. */
struct way {
	struct query_policy policy;
	const struct query_policy *next;
};

struct block {
	struct cluster *cluster;
	struct way way;
	struct way external;                    /* of names in external_zones */
	const struct name_list *external_zones; /* borrowed; NULL: there are none */
	struct name *search;
	unsigned *listeners; /* indices, of its addresses */
	unsigned listener_count;
};

/* What is the same for all that comes to one address. */
struct listener {
	struct net_address address;
	struct routes routes; /* to struct block */
};

struct server {
	struct server_options options;
	struct block **blocks;
	unsigned block_count;
	struct listener *listeners;
	unsigned listener_count;
	struct server_worker *workers;
	struct net *net;
};

static enum err no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

/* --- building and tearing down --- */

enum err server_new(const struct server_options *options, struct server **out, struct diag *d)
{
	struct server *s = calloc(1, sizeof *s);
	if (!s)
		return no_memory(d);
	s->options = *options;
	if (!s->options.workers)
		s->options.workers = net_default_workers();
	*out = s;
	return OK;
}

static void block_free(struct block *b)
{
	if (!b)
		return;
	free(b->search);
	free(b->listeners);
	free(b);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	net_stop(s->net);
	for (unsigned i = 0; i < s->block_count; i++)
		block_free(s->blocks[i]);
	free(s->blocks);
	for (unsigned i = 0; i < s->listener_count; i++)
		routes_free(&s->listeners[i].routes);
	free(s->listeners);
	free(s->workers);
	free(s);
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
static enum err listener_at(struct server *s, const struct net_address *address, unsigned *index)
{
	char wanted[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX];
	struct listener *more;
	net_address_format(address, wanted);
	for (*index = 0; *index < s->listener_count; ++*index) {
		net_address_format(&s->listeners[*index].address, text);
		if (strcmp(text, wanted) == 0)
			return OK;
	}
	more = realloc(s->listeners, (s->listener_count + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	s->listeners = more;
	more[s->listener_count++] = (struct listener){.address = *address};
	return OK;
}

static enum err add_route(struct server *s, unsigned listener, const struct name *zone, const struct block *b, struct diag *d)
{
	char text[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];
	enum err err = routes_add(&s->listeners[listener].routes, zone, b);
	if (err == ERR_NOMEM)
		return no_memory(d);
	if (!err)
		return OK;
	name_to_text(zone, text);
	net_address_format(&s->listeners[listener].address, address);
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

static enum err add_place(struct server *s, struct block *b, const struct server_place *place, struct diag *d)
{
	struct name root;
	const struct name_list all = {&root, 1}, *zones = place->zones.count ? &place->zones : &all;
	enum err err = OK;
	name_root(&root);
	for (unsigned i = 0; i < place->address_count && !err; i++) {
		unsigned listener;
		if (listener_at(s, &place->addresses[i], &listener))
			return no_memory(d);
		note_listener(b, listener);
		for (unsigned z = 0; z < zones->count && !err; z++)
			err = add_route(s, listener, &zones->names[z], b, d);
	}
	return err;
}

enum err server_add_block(struct server *s, const struct server_block *block, struct diag *d)
{
	struct block **more = realloc(s->blocks, (s->block_count + 1) * sizeof *more);
	struct block *b;
	enum err err = OK;
	if (!more)
		return no_memory(d);
	s->blocks = more;
	b = block_new(block);
	if (!b)
		return no_memory(d);
	more[s->block_count++] = b;
	for (unsigned i = 0; i < block->place_count && !err; i++)
		err = add_place(s, b, &block->places[i], d);
	return err;
}

/* --- answering --- */

/* Of names that no block has. */
static const struct way nobodys = {.policy = {.ede = true}};

static bool is_external(const struct block *b, const struct name *name)
{
	for (unsigned i = 0; b->external_zones && i < b->external_zones->count; i++)
		if (name_in(name, &b->external_zones->names[i]))
			return true;
	return false;
}

static const struct way *way_of(const struct routes *routes, const struct query *q)
{
	const struct block *b = q->verdict == REQUEST_OK ? routes_find(routes, &q->request.qname, q->request.qtype) : NULL;
	if (!b)
		return &nobodys;
	return is_external(b, &q->request.qname) ? &b->external : &b->way;
}

/* What falls through to nobody who has such names stays answered as it was. */
static size_t answer(struct query *q, const struct way *way, struct query_state *state, const struct net_message *m)
{
	size_t len = query_answer(q, &way->policy, state, m->reply, m->reply_cap);
	if (q->outcome != QUERY_FALLTHROUGH || !way->next)
		return len;
	query_locate(q, way->next);
	return q->spot.place == ZONE_OUTSIDE ? len : query_answer(q, way->next, state, m->reply, m->reply_cap);
}

static void server_on_messages(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n)
{
	const struct server *s = arg;
	const struct routes *routes = &s->listeners[address].routes;
	struct query_state *state = &s->workers[worker].state;
	struct query queries[NET_BATCH];
	const struct way *ways[NET_BATCH];
	for (unsigned i = 0; i < n; i++) {
		query_begin(&queries[i], messages[i].tcp ? QUERY_TCP : QUERY_UDP, messages[i].bytes, messages[i].len);
		ways[i] = way_of(routes, &queries[i]);
		query_locate(&queries[i], &ways[i]->policy);
	}
	for (unsigned i = 0; i < n; i++)
		messages[i].reply_len = answer(&queries[i], ways[i], state, &messages[i]);
}

/* A way of its own, so that queries of all others don't ask whether anybody wants to know. */
static void server_on_messages_told(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n)
{
	const struct server *s = arg;
	server_on_messages(arg, worker, address, messages, n);
	for (unsigned i = 0; i < n; i++) {
		if (messages[i].reply_len)
			s->options.replied(s->options.replied_arg, messages[i].reply, messages[i].reply_len);
	}
}

/* --- listening --- */

/* The addresses of a block, of what is bound or was asked for. Returns how many. */
static unsigned block_addresses(const struct server *s, const struct block *b, struct net_address *addresses)
{
	unsigned bound_count;
	const struct net_address *bound = s->net ? net_addresses(s->net, &bound_count) : NULL;
	for (unsigned i = 0; i < b->listener_count; i++)
		addresses[i] = bound ? bound[b->listeners[i]] : s->listeners[b->listeners[i]].address;
	return b->listener_count;
}

/* Tells each zone where it is served. */
static enum err set_selves(struct server *s, struct net_address *room)
{
	for (unsigned i = 0; i < s->block_count; i++) {
		struct cluster *c = s->blocks[i]->cluster;
		struct addr self[SELF_MAX];
		unsigned count = block_addresses(s, s->blocks[i], room);
		size_t self_count = self_addresses(room, count, self);
		if (c && zone_set_self(cluster_zone(c), self, self_count))
			return ERR_NOMEM;
		if (c && cluster_external_zone(c) && zone_set_self(cluster_external_zone(c), self, self_count))
			return ERR_NOMEM;
	}
	return OK;
}

static enum err start(struct server *s, struct net_address *addresses, struct diag *d)
{
	const struct net_options options = {
	        .addresses = addresses,
	        .address_count = s->listener_count,
	        .workers = s->options.workers,
	        .tcp_connections_max = s->options.tcp_connections_max,
	        .tcp_idle_s = s->options.tcp_idle_s,
	        .handler = s->options.replied ? server_on_messages_told : server_on_messages,
	        .arg = s,
	};
	for (unsigned i = 0; i < s->listener_count; i++)
		addresses[i] = s->listeners[i].address;
	return net_start(&options, &s->net, d);
}

enum err server_listen(struct server *s, struct diag *d)
{
	struct net_address *addresses = calloc(s->listener_count, sizeof *addresses);
	enum err err = ERR_NOMEM;
	s->workers = aligned_alloc(_Alignof(struct server_worker), s->options.workers * sizeof *s->workers);
	if (addresses && s->workers) {
		memset(s->workers, 0, s->options.workers * sizeof *s->workers);
		err = set_selves(s, addresses);
	}
	err = err ? no_memory(d) : start(s, addresses, d);
	free(addresses);
	return err;
}

const struct net_address *server_addresses(const struct server *s, unsigned *count)
{
	return net_addresses(s->net, count);
}

/* --- telling --- */

static const struct block *block_of(const struct server *s, const struct cluster *c)
{
	for (unsigned i = 0; i < s->block_count; i++) {
		if (s->blocks[i]->cluster == c)
			return s->blocks[i];
	}
	return NULL;
}

/* "127.0.0.1:1053, [::1]:1053"; cut where text is full. */
static void listed_addresses(const struct server *s, const struct block *b, char *text, size_t cap)
{
	unsigned bound_count;
	const struct net_address *bound = net_addresses(s->net, &bound_count);
	size_t len = 0;
	*text = 0;
	for (unsigned i = 0; b && i < b->listener_count && len < cap; i++) {
		char one[ADDRESS_TEXT_MAX];
		net_address_format(&bound[b->listeners[i]], one);
		len += (size_t)snprintf(text + len, cap - len, "%s%s", i ? ", " : "", one);
	}
}

/* Which zones are served where. */
static void log_routes(const struct server *s)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct routes *routes = &s->listeners[i].routes;
		unsigned bound_count;
		char zone[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];
		net_address_format(&net_addresses(s->net, &bound_count)[i], address);
		for (unsigned r = 0; r < routes->count; r++) {
			name_to_text(&routes->routes[r].zone, zone);
			log_line(LOG_DEBUG, "zone %s at %s", zone, address);
		}
	}
}

void server_log_listening(const struct server *s)
{
	char addresses[512];
	log_routes(s);
	for (unsigned i = 0; i < s->block_count; i++) {
		const struct block *b = s->blocks[i];
		listed_addresses(s, b, addresses, sizeof addresses);
		if (b->cluster)
			log_line(LOG_INFO, "listening on %s; names of the cluster at %s follow when it has been read", addresses,
			         cluster_options(b->cluster)->endpoint->url);
		else
			log_line(LOG_INFO, "listening on %s; nothing is served there, and every query refused", addresses);
	}
}

void server_log_start(const struct server *s, const struct cluster *c, unsigned ms)
{
	char addresses[512], zone[NAME_TEXT_MAX];
	struct store_counts counts = store_counts(cluster_store(c));
	size_t names = zone_counts(cluster_zone(c)).names;
	name_to_text(&cluster_options(c)->kubernetes->zones.names[0], zone);
	listed_addresses(s, block_of(s, c), addresses, sizeof addresses);
	log_line(LOG_INFO, "serving %zu service%s, %zu endpoint%s, %zu name%s of %s on %s; ready after %u ms", counts.services,
	         plural(counts.services), counts.endpoints, plural(counts.endpoints), names, plural(names), zone, addresses, ms);
}
