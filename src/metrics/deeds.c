/* What CoreDNS counts of acl and local. Series begin with the first query that they are of. */
#include "families.h"
#include <string.h>

static uint64_t count_of(const struct tally *t, const struct tally_row *r, enum tally_deed what)
{
	struct tally_numbers sum;
	tally_sum(t, r, &sum);
	return sum.deeds[what];
}

static void by_zone(struct exposition *e, const struct tally *t, enum tally_deed what)
{
	const struct tally_row *r;
	SLIST_FOREACH(r, &t->rows, next)
	{
		uint64_t count = count_of(t, r, what);
		if (count)
			exposition_count(e, LABELS({"server", r->server}, {"zone", r->zone}, {"view", r->view}), count);
	}
}

static bool same_server(const struct tally_row *a, const struct tally_row *b)
{
	return strcmp(a->server, b->server) == 0 && strcmp(a->view, b->view) == 0;
}

/* A row before it has spoken for it. */
static bool is_told(const struct tally *t, const struct tally_row *of)
{
	const struct tally_row *r = SLIST_FIRST(&t->rows);
	while (r != of && !same_server(r, of))
		r = SLIST_NEXT(r, next);
	return r != of;
}

static void by_server(struct exposition *e, const struct tally *t, enum tally_deed what)
{
	const struct tally_row *r, *other;
	SLIST_FOREACH(r, &t->rows, next)
	{
		uint64_t count = 0;
		if (is_told(t, r))
			continue;
		for (other = r; other; other = SLIST_NEXT(other, next))
			count += same_server(r, other) ? count_of(t, other, what) : 0;
		if (count)
			exposition_count(e, LABELS({"server", r->server}, {"view", r->view}), count);
	}
}

static void of_all(struct exposition *e, const struct tally *t, enum tally_deed what)
{
	const struct tally_row *r;
	uint64_t count = 0;
	SLIST_FOREACH(r, &t->rows, next)
	count += count_of(t, r, what);
	exposition_count(e, NULL, count);
}

/* Names, and what is said of them, are CoreDNS's (plugin/acl, plugin/local). */
static const struct {
	const char *name, *help;
	enum tally_deed what;
	void (*write)(struct exposition *e, const struct tally *t, enum tally_deed what);
} all[] = {
        {"coredns_acl_allowed_requests_total", "Counter of DNS requests being allowed.", TALLY_ACL_ALLOWED, by_server},
        {"coredns_acl_blocked_requests_total", "Counter of DNS requests being blocked.", TALLY_ACL_BLOCKED, by_zone},
        {"coredns_acl_dropped_requests_total", "Counter of DNS requests being dropped.", TALLY_ACL_DROPPED, by_zone},
        {"coredns_acl_filtered_requests_total", "Counter of DNS requests being filtered.", TALLY_ACL_FILTERED, by_zone},
        {"coredns_local_localhost_requests_total", "Counter of localhost.<domain> requests.", TALLY_LOCALHOST, of_all},
};

void families_deeds(const struct metrics_sources *from, struct exposition *e)
{
	const struct tally *t = server_tally(from->server);
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		exposition_family(e, all[i].name, METRIC_COUNTER, all[i].help);
		all[i].write(e, t, all[i].what);
	}
}
