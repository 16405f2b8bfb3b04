/* What CoreDNS counts of a cache: questions by the rows that they are counted in, which are those of the zones of its block; entries where they are. */
#include "families.h"
#include "forward/cache.h"
#include <stdlib.h>
#include <string.h>

#define KINDS 2

static const char *const kinds[KINDS] = {"success", "denial"};

/* What is said of the caches that have the same labels. */
struct cell {
	const struct cache *last; /* whose entries were added */
	char server[SERVER_LABEL_MAX];
	char *zones; /* "a.example.,b.example." */
	uint64_t counts[TALLY_CACHE];
	size_t entries[KINDS], octets[KINDS];
};

struct cells {
	struct cell *all;
	unsigned count;
	bool failed; /* out of memory */
};

/* --- labels --- */

static void append_zone(struct buffer *b, const struct name *zone)
{
	char text[NAME_TEXT_MAX];
	if (b->len)
		buffer_append_text(b, ",");
	name_to_text(zone, text);
	buffer_append_text(b, text);
}

static void append_zones(struct buffer *b, const struct name_list *zones)
{
	for (unsigned i = 0; i < zones->count; i++)
		append_zone(b, &zones->names[i]);
	if (!zones->count)
		buffer_append_text(b, b->len ? ",." : ".");
}

/* NULL: out of memory. */
static char *zones_of(const struct metrics_forwarding *c)
{
	struct buffer b = {0};
	if (c->zones->count) {
		append_zones(&b, c->zones);
		return buffer_take_text(&b);
	}
	for (unsigned i = 0; i < c->place_count; i++)
		append_zones(&b, &c->places[i].zones);
	return buffer_take_text(&b);
}

/* --- sums --- */

static struct cell *find(const struct cells *cells, const char *server, const char *zones)
{
	for (unsigned i = 0; i < cells->count; i++) {
		if (strcmp(cells->all[i].server, server) == 0 && strcmp(cells->all[i].zones, zones) == 0)
			return &cells->all[i];
	}
	return NULL;
}

static struct cell *make(struct cells *cells, const char *server, const char *zones)
{
	struct cell *more = realloc(cells->all, (cells->count + 1) * sizeof *more), *cell;
	char *copy = more ? strdup(zones) : NULL;
	if (more)
		cells->all = more;
	if (!copy)
		return NULL;
	cell = &more[cells->count++];
	*cell = (struct cell){.zones = copy};
	memcpy(cell->server, server, sizeof cell->server);
	return cell;
}

/* Failures are denials, as in CoreDNS. */
static void add_entries(struct cell *cell, const struct cache *cache)
{
	if (cell->last == cache)
		return;
	cell->last = cache;
	for (enum cache_kind kind = 0; kind < CACHE_KINDS; kind++) {
		const unsigned at = kind == CACHE_SUCCESS ? 0 : 1;
		struct cache_usage usage;
		cache_usage(cache, kind, &usage);
		cell->entries[at] += usage.entries;
		cell->octets[at] += usage.octets;
	}
}

static void add_row(struct cell *cell, const struct tally *t, const struct name *zone)
{
	const struct tally_row *row;
	struct tally_numbers sum;
	char text[NAME_TEXT_MAX] = ".";
	if (zone)
		name_to_text(zone, text);
	row = tally_find(t, cell->server, text, "");
	if (!row)
		return;
	tally_sum(t, row, &sum);
	for (unsigned i = 0; i < TALLY_CACHE; i++)
		cell->counts[i] += sum.cache[i];
}

/* Addresses that stand for all of a family are one server. */
static bool was_before(const struct server_place *p, unsigned address, const char *server)
{
	for (unsigned i = 0; i < address; i++) {
		char text[SERVER_LABEL_MAX];
		server_label(&p->addresses[i], text);
		if (strcmp(text, server) == 0)
			return true;
	}
	return false;
}

static void add_place(struct cells *cells, const struct tally *t, const struct metrics_forwarding *c, const struct server_place *p,
                      const char *zones)
{
	for (unsigned i = 0; i < p->address_count; i++) {
		char server[SERVER_LABEL_MAX] = "";
		struct cell *cell;
		server_label(&p->addresses[i], server);
		if (was_before(p, i, server))
			continue;
		cell = find(cells, server, zones);
		if (!cell)
			cell = make(cells, server, zones);
		if (!cell) {
			cells->failed = true;
			return;
		}
		add_entries(cell, forwarding_cache(c->forwarding));
		for (unsigned z = 0; z < p->zones.count; z++)
			add_row(cell, t, &p->zones.names[z]);
		if (!p->zones.count)
			add_row(cell, t, NULL);
	}
}

static void add_cache(struct cells *cells, const struct tally *t, const struct metrics_forwarding *c)
{
	char *zones = zones_of(c);
	cells->failed |= !zones;
	for (unsigned i = 0; i < c->place_count && zones; i++)
		add_place(cells, t, c, &c->places[i], zones);
	free(zones);
}

/* --- families --- */

/* Names, and what is said of them, are CoreDNS's (plugin/cache); without a kind there are no labels of one. */
static const struct {
	const char *name, *help;
	enum tally_cache what;
	bool by_kind; /* what, and the next one */
} counters[] = {
        {"coredns_cache_hits_total", "The count of cache hits.", TALLY_CACHE_SUCCESSES, true},
        {"coredns_cache_misses_total", "The count of cache misses. Deprecated, derive misses from cache hits/requests counters.",
         TALLY_CACHE_MISSES, false},
        {"coredns_cache_prefetch_total", "The number of times the cache has prefetched a cached item.", TALLY_CACHE_PREFETCHES, false},
        {"coredns_cache_served_stale_total", "The number of requests served from stale cache entries.", TALLY_CACHE_STALE, false},
        {"coredns_cache_drops_total", "The number responses that are not cached, because the reply is malformed.", TALLY_CACHE_DROPS,
         false},
        {"coredns_cache_evictions_total", "The count of cache evictions.", TALLY_CACHE_EVICTED_SUCCESSES, true},
};

#define CELL_LABELS(c)                                                                                                                     \
	{"zones", (c)->zones},                                                                                                             \
	{                                                                                                                                  \
		"view", ""                                                                                                                 \
	}

static void write_counter(const struct cells *cells, unsigned at, struct exposition *e)
{
	exposition_family(e, counters[at].name, METRIC_COUNTER, counters[at].help);
	for (unsigned i = 0; i < cells->count; i++) {
		const struct cell *c = &cells->all[i];
		const uint64_t *counts = &c->counts[counters[at].what];
		for (unsigned kind = 0; kind < KINDS && counters[at].by_kind; kind++)
			exposition_count(e, LABELS({"server", c->server}, {"type", kinds[kind]}, CELL_LABELS(c)), counts[kind]);
		if (!counters[at].by_kind)
			exposition_count(e, LABELS({"server", c->server}, CELL_LABELS(c)), *counts);
	}
}

static void write_requests(const struct cells *cells, struct exposition *e)
{
	exposition_family(e, "coredns_cache_requests_total", METRIC_COUNTER, "The count of cache requests.");
	for (unsigned i = 0; i < cells->count; i++) {
		const struct cell *c = &cells->all[i];
		exposition_count(e, LABELS({"server", c->server}, CELL_LABELS(c)),
		                 c->counts[TALLY_CACHE_SUCCESSES] + c->counts[TALLY_CACHE_DENIALS] + c->counts[TALLY_CACHE_MISSES]);
	}
}

static void write_usage(const struct cells *cells, struct exposition *e, const char *name, const char *help, bool of_octets)
{
	exposition_family(e, name, METRIC_GAUGE, help);
	for (unsigned i = 0; i < cells->count; i++) {
		const struct cell *c = &cells->all[i];
		for (unsigned kind = 0; kind < KINDS; kind++)
			exposition_count(e, LABELS({"server", c->server}, {"type", kinds[kind]}, CELL_LABELS(c)),
			                 of_octets ? c->octets[kind] : c->entries[kind]);
	}
}

void families_caches(const struct metrics_sources *from, struct exposition *e)
{
	struct cells cells = {0};
	for (unsigned i = 0; i < from->forwarding_count; i++) {
		const struct metrics_forwarding *f = &from->forwardings[i];
		if (f->counted && forwarding_cache(f->forwarding))
			add_cache(&cells, server_tally(from->server), f);
	}
	e->text.failed |= cells.failed;
	write_usage(&cells, e, "coredns_cache_entries", "The number of elements in the cache.", false);
	write_usage(&cells, e, "headns_cache_bytes", "Memory of the answers in the cache.", true);
	write_requests(&cells, e);
	for (unsigned at = 0; at < sizeof counters / sizeof *counters; at++)
		write_counter(&cells, at, e);
	for (unsigned i = 0; i < cells.count; i++)
		free(cells.all[i].zones);
	free(cells.all);
}
