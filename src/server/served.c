#include "served.h"
#include "base/sockaddr.h"
#include "cluster_names.h"
#include "config/directive.h"
#include "tls/identity.h"
#include <stdlib.h>
#include <string.h>

#define ADDRESS_TEXT_MAX 64

/* --- blocks --- */

static void block_free(struct block *b)
{
	if (!b)
		return;
	plan_free(b->plan);
	free(b->listeners);
	free(b);
}

static unsigned count_addresses(const struct server_block *from)
{
	unsigned count = 0;
	for (unsigned i = 0; i < from->place_count; i++)
		count += from->places[i].address_count;
	return count;
}

/* Takes the steps, also where it fails. */
static struct block *block_new(const struct server_block *from, unsigned first_slot, struct uv_async_s *news)
{
	const struct plan_options options = {from->steps, from->step_count, from->ede, from->outside_nxdomain, first_slot};
	struct plan *p = plan_new(&options);
	struct block *b = p ? calloc(1, sizeof *b) : NULL;
	if (!b) {
		plan_free(p);
		return NULL;
	}
	b->plan = p;
	b->view = from->view;
	p->counted = from->counted;
	p->named = from->named;
	p->log = from->log;
	b->listeners = calloc(count_addresses(from) + 1, sizeof *b->listeners);
	if (from->errors)
		p->errors = failures_new(from->errors, news);
	if (b->listeners && (p->errors || !from->errors))
		return b;
	block_free(b);
	return NULL;
}

static bool find_listener(const struct served *v, const struct net_address *address, unsigned *at)
{
	for (*at = 0; *at < v->listener_count; ++*at) {
		if (net_address_equal(&v->listeners[*at].address, address))
			return true;
	}
	return false;
}

/* Finds the listener of an address, or makes it. */
static enum err listener_at(struct served *v, const struct net_address *address, unsigned *at, struct diag *d)
{
	struct listener *more;
	struct net_address other = *address;
	char text[ADDRESS_TEXT_MAX];
	other.tls = !address->tls;
	net_address_format(address, text);
	if (sockaddr_port((const struct sockaddr *)&address->sa) && find_listener(v, &other, at))
		return diag_set(d, ERR_EXISTS, "%s is served %s TLS already", text, other.tls ? "over" : "without");
	if (find_listener(v, address, at))
		return OK;
	more = realloc(v->listeners, (v->listener_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	v->listeners = more;
	more[v->listener_count++] = (struct listener){.address = *address};
	return OK;
}

static enum err add_route(struct served *v, unsigned listener, const struct name *zone, const struct block *b, struct diag *d)
{
	char text[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];
	enum err err = routes_add(&v->listeners[listener].routes, zone, b->plan, b->view);
	if (err == ERR_NOMEM)
		return diag_no_memory(d);
	if (!err) {
		v->listeners[listener].routes.timed |= b->plan->counted || b->plan->log;
		return OK;
	}
	name_to_text(zone, text);
	net_address_format(&v->listeners[listener].address, address);
	return diag_set(d, err, "%s is served at %s already", text, address);
}

static bool takes_all_classes(const struct plan *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->steps[i].step.kind->all_classes)
			return true;
	}
	return false;
}

static void note_listener(struct block *b, unsigned listener)
{
	for (unsigned i = 0; i < b->listener_count; i++) {
		if (b->listeners[i] == listener)
			return;
	}
	b->listeners[b->listener_count++] = listener;
}

/* Of several blocks at an address, the last one that says something counts, as in CoreDNS. */
static void take_timeouts(struct net_terms *t, const struct timeouts_options *o)
{
	if (o->read_ms)
		t->read_ms = (unsigned)o->read_ms;
	if (o->write_ms)
		t->write_ms = (unsigned)o->write_ms;
	if (o->idle_ms)
		t->idle_ms = (unsigned)o->idle_ms;
	if (o->max_tcp_queries)
		t->queries_max = o->max_tcp_queries == TIMEOUTS_NO_BOUND ? 0 : o->max_tcp_queries;
}

/* Which block answers is known only when a connection has asked something, so there is one certificate at an address. */
static enum err take_terms(struct listener *l, const struct server_block *block, struct diag *d)
{
	char text[ADDRESS_TEXT_MAX];
	if (block->timeouts)
		take_timeouts(&l->terms, block->timeouts);
	if (!l->address.tls)
		return OK;
	if (!l->terms.identity)
		l->terms.identity = block->identity;
	if (identity_equal(l->terms.identity, block->identity))
		return OK;
	net_address_format(&l->address, text);
	return diag_set(d, ERR_EXISTS, "%s is served with other files or other clients of tls already", text);
}

static enum err add_place(struct served *v, struct block *b, const struct server_place *place, struct diag *d)
{
	struct name root;
	const struct name_list all = {&root, 1}, *zones = place->zones.count ? &place->zones : &all;
	enum err err = OK;
	name_root(&root);
	for (unsigned i = 0; i < place->address_count && !err; i++) {
		unsigned listener;
		err = listener_at(v, &place->addresses[i], &listener, d);
		if (err)
			return err;
		note_listener(b, listener);
		v->listeners[listener].routes.all_classes |= takes_all_classes(b->plan);
		for (unsigned z = 0; z < zones->count && !err; z++)
			err = add_route(v, listener, &zones->names[z], b, d);
	}
	return err;
}

enum err served_add_block(struct served *v, const struct server_block *block, struct diag *d)
{
	struct block *b = block_new(block, v->slot_count, v->failed);
	struct block **more = b ? realloc(v->blocks, (v->block_count + 1) * sizeof *more) : NULL;
	enum err err = OK;
	if (!more) {
		block_free(b);
		return diag_no_memory(d);
	}
	b->plan->shown = v->shown || b->plan->log;
	v->blocks = more;
	more[v->block_count++] = b;
	v->slot_count += b->plan->count;
	for (unsigned i = 0; i < block->place_count && !err; i++)
		err = add_place(v, b, &block->places[i], d);
	for (unsigned i = 0; i < b->listener_count && !err; i++)
		err = take_terms(&v->listeners[b->listeners[i]], block, d);
	return err;
}

/* --- the whole --- */

struct served *served_new(bool shown, struct uv_async_s *failed)
{
	struct served *v = calloc(1, sizeof *v);
	if (!v)
		return NULL;
	v->shown = shown;
	v->failed = failed;
	return v;
}

void served_free(struct served *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < v->block_count; i++)
		block_free(v->blocks[i]);
	for (unsigned i = 0; i < v->listener_count; i++)
		routes_free(&v->listeners[i].routes);
	for (unsigned i = 0; i < v->hold_count; i++)
		free(v->holds[i].slots);
	free(v->holds);
	free(v->blocks);
	free(v->listeners);
	free(v->by_index);
	free(v);
}

enum err served_hold(struct served *v, unsigned workers)
{
	v->holds = aligned_alloc(_Alignof(struct served_hold), workers * sizeof *v->holds);
	if (!v->holds)
		return ERR_NOMEM;
	while (v->hold_count < workers) {
		void **slots = calloc(v->slot_count + 1, sizeof *slots);
		if (!slots)
			return ERR_NOMEM;
		v->holds[v->hold_count++] = (struct served_hold){.slots = slots, .served = v};
	}
	return OK;
}

static void end_steps(const struct plan *p, void **slots)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct step *s = &p->steps[i];
		if (slots[s->slot] && s->step.kind->end)
			s->step.kind->end(slots[s->slot]);
		slots[s->slot] = NULL;
	}
}

void served_end_steps(struct served *v, unsigned worker)
{
	for (unsigned i = 0; i < v->block_count; i++)
		end_steps(v->blocks[i]->plan, v->holds[worker].slots);
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
		struct cluster *cluster = cluster_names_of(b->plan);
		struct addr self[SELF_MAX];
		size_t count;
		for (unsigned k = 0; k < b->listener_count; k++)
			addresses[k] = v->listeners[b->listeners[k]].address;
		count = self_addresses(addresses, b->listener_count, self);
		if (cluster)
			err = cluster_set_self(cluster, self, count);
	}
	free(addresses);
	return err;
}

uint64_t served_tick_failures(const struct served *v, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	for (unsigned i = 0; i < v->block_count; i++) {
		struct failures *f = v->blocks[i]->plan->errors;
		uint64_t due_ms = f ? failures_tick(f, now_ms) : UINT64_MAX;
		next_ms = due_ms < next_ms ? due_ms : next_ms;
	}
	return next_ms;
}
