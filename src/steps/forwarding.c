#include "forward/host.h"
#include "forward/worker.h"
#include "forwarding_inside.h"
#include <stdlib.h>
#include <string.h>

/* --- which line --- */

static bool holds(const struct name_list *zones, const struct name *qname)
{
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_in(qname, &zones->names[i]))
			return true;
	}
	return false;
}

static bool is_one_of(const struct name_list *zones, const struct name *qname)
{
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_equal(qname, &zones->names[i]))
			return true;
	}
	return false;
}

/* As CoreDNS: what a line is about itself is never an exception to it. */
static bool is_about(const struct forwarding_line *l, const struct name *qname)
{
	return holds(&l->from, qname) && (!holds(&l->except, qname) || is_one_of(&l->from, qname));
}

unsigned forwarding_find(const struct forwarding *f, const struct name *qname, unsigned from)
{
	while (from < f->count && !is_about(&f->lines[from], qname))
		from++;
	return from;
}

/* --- its life --- */

enum err forwarding_begin(void)
{
	return forward_library_begin();
}

void forwarding_end(void)
{
	forward_library_end();
}

static enum err copy_names(struct name_list *to, const struct name_list *from)
{
	if (!from->count)
		return OK;
	to->names = malloc(from->count * sizeof *to->names);
	if (!to->names)
		return ERR_NOMEM;
	memcpy(to->names, from->names, from->count * sizeof *to->names);
	to->count = from->count;
	return OK;
}

/* The upstreams of a line, hosts by their addresses. */
struct found {
	unsigned count;
	struct upstream list[UPSTREAMS_MAX];
};

static enum err find_host(const struct forward_line *said, const struct forward_host *host, struct found *f, struct diag *d)
{
	struct host_addresses addresses;
	enum err err = host_find(host->name, said->resolvers, said->resolver_count, &addresses, d);
	for (unsigned i = 0; !err && i < addresses.count; i++) {
		if (f->count == UPSTREAMS_MAX)
			return diag_set(d, ERR_RANGE, "there are more than %d upstreams", UPSTREAMS_MAX);
		f->list[f->count] = said->upstreams[host->index];
		upstream_set_address(&f->list[f->count++], &addresses.list[i]);
	}
	return err;
}

static enum err find_upstreams(const struct forward_line *said, struct found *f, struct diag *d)
{
	unsigned host = 0;
	enum err err = OK;
	for (unsigned i = 0; i < said->upstream_count && !err; i++) {
		if (host < said->host_count && said->hosts[host].index == i)
			err = find_host(said, &said->hosts[host++], f, d);
		else if (f->count == UPSTREAMS_MAX)
			err = diag_set(d, ERR_RANGE, "there are more than %d upstreams", UPSTREAMS_MAX);
		else
			f->list[f->count++] = said->upstreams[i];
	}
	return err;
}

static enum err make_upstreams(struct forwarding_line *l, const struct forward_line *said, struct diag *d)
{
	struct found *f = malloc(sizeof *f);
	if (!f)
		return diag_no_memory(d);
	f->count = 0;
	enum err err = find_upstreams(said, f, d);
	if (!err && upstreams_new(f->list, f->count, &said->options, &l->upstreams))
		err = diag_no_memory(d);
	free(f);
	return err;
}

static enum err fill_line(struct forwarding_line *l, const struct forward_line *said, struct diag *d)
{
	enum err err = copy_names(&l->from, &said->from);
	l->next = said->next;
	l->next_on_nodata = said->next_on_nodata;
	if (!err)
		err = copy_names(&l->except, &said->except);
	return err ? diag_no_memory(d) : make_upstreams(l, said, d);
}

enum err forwarding_new(const struct forward_values *forward, const struct cache_values *cache, struct forwarding **out, struct diag *d)
{
	struct forwarding *f = calloc(1, sizeof *f + forward->count * sizeof f->lines[0]);
	enum err err = OK;
	*out = NULL;
	if (!f)
		return diag_no_memory(d);
	f->users = 1;
	while (f->count < forward->count && !err) {
		unsigned i = f->count++;
		err = fill_line(&f->lines[i], &forward->lines[i], d);
	}
	if (!err && cache) {
		f->cache = cache_new(&cache->options);
		err = f->cache ? OK : diag_no_memory(d);
	}
	if (err)
		forwarding_unref(f);
	else
		*out = f;
	return err;
}

/* --- what was counted --- */

static void tell_line(const struct upstreams *u, forwarding_told *told, void *arg)
{
	for (unsigned i = 0; i < u->count; i++) {
		struct traffic_numbers numbers;
		char to[UPSTREAM_TEXT_MAX];
		upstream_format(&u->list[i], to);
		upstreams_traffic(u, i, &numbers);
		told(arg, to, &numbers);
	}
}

void forwarding_traffic(const struct forwarding *f, forwarding_told *told, void *arg)
{
	for (unsigned i = 0; i < f->count; i++)
		tell_line(f->lines[i].upstreams, told, arg);
}

void forwarding_totals(const struct forwarding *f, struct traffic_totals *sum)
{
	for (unsigned i = 0; i < f->count; i++) {
		struct traffic_totals one;
		upstreams_totals(f->lines[i].upstreams, &one);
		sum->all_down += one.all_down;
		sum->rejected += one.rejected;
	}
}

/* --- its users --- */

const struct cache *forwarding_cache(const struct forwarding *f)
{
	return f->cache;
}

struct forwarding *forwarding_ref(struct forwarding *f)
{
	f->users++;
	return f;
}

void forwarding_unref(struct forwarding *f)
{
	if (!f || --f->users)
		return;
	for (unsigned i = 0; i < f->count; i++) {
		names_clear(&f->lines[i].from);
		names_clear(&f->lines[i].except);
		upstreams_free(f->lines[i].upstreams);
	}
	cache_free(f->cache);
	free(f);
}
