#include "admin/admin.h"
#include "listener.h"
#include <stdlib.h>
#include <string.h>

const double admin_health_bounds[ADMIN_HEALTH_BOUNDS] = {0.00025, 0.0025, 0.025, 0.25, 2.5};

struct admin {
	struct admin_options options;
	struct board board;
	struct listener **listeners;
	unsigned count;
};

struct admin_change {
	struct admin *admin;
	struct listener **listeners; /* all that are wanted, those that stay among them */
	unsigned *pages;             /* of each */
	unsigned count;
};

enum err admin_new(const struct admin_options *options, struct admin **out, struct diag *d)
{
	struct admin *a = calloc(1, sizeof *a);
	*out = NULL;
	if (!a)
		return diag_no_memory(d);
	a->options = *options;
	switch (board_init(&a->board, &a->options)) {
	case OK:
		*out = a;
		return OK;
	case ERR_NOMEM:
		free(a);
		return diag_no_memory(d);
	default:
		free(a);
		return diag_set(d, ERR_SYS, "the system gives no more locks");
	}
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	board_refuse(&a->board, NULL);
	for (unsigned i = 0; i < a->count; i++)
		listener_free(a->listeners[i]);
	free(a->listeners);
	board_clear(&a->board);
	free(a);
}

/* --- changes --- */

static struct listener *find(struct listener *const *all, unsigned count, const struct admin_address *address)
{
	for (unsigned i = 0; i < count; i++) {
		if (admin_address_equal(listener_wanted(all[i]), address))
			return all[i];
	}
	return NULL;
}

static bool has(struct listener *const *all, unsigned count, const struct listener *l)
{
	for (unsigned i = 0; i < count; i++) {
		if (all[i] == l)
			return true;
	}
	return false;
}

static enum err add_place(struct admin_change *c, const struct admin_place *place, struct diag *d)
{
	struct admin *a = c->admin;
	struct listener *l;
	enum err err = OK;
	for (unsigned i = 0; i < c->count; i++) {
		if (!admin_address_equal(listener_wanted(c->listeners[i]), &place->address))
			continue;
		c->pages[i] |= place->pages;
		return OK;
	}
	l = find(a->listeners, a->count, &place->address);
	if (!l)
		err = listener_new(&a->board, place, &l, d);
	if (err)
		return err;
	c->listeners[c->count] = l;
	c->pages[c->count++] = place->pages;
	return OK;
}

enum err admin_change_new(struct admin *a, const struct admin_place *places, unsigned count, struct admin_change **out, struct diag *d)
{
	struct admin_change *c = calloc(1, sizeof *c);
	enum err err = OK;
	*out = NULL;
	if (!c)
		return diag_no_memory(d);
	c->admin = a;
	c->listeners = calloc((size_t)count + 1, sizeof(struct listener *));
	c->pages = calloc((size_t)count + 1, sizeof(unsigned));
	if (!c->listeners || !c->pages) {
		admin_change_free(c);
		return diag_no_memory(d);
	}
	for (unsigned i = 0; i < count && !err; i++)
		err = add_place(c, &places[i], d);
	if (err)
		admin_change_free(c);
	else
		*out = c;
	return err;
}

void admin_change_apply(struct admin_change *c)
{
	struct admin *a = c->admin;
	for (unsigned i = 0; i < c->count; i++)
		listener_set_pages(c->listeners[i], c->pages[i]);
	for (unsigned i = 0; i < a->count; i++) {
		if (!has(c->listeners, c->count, a->listeners[i]))
			listener_free(a->listeners[i]);
	}
	free(a->listeners);
	a->listeners = c->listeners;
	a->count = c->count;
	free(c->pages);
	free(c);
}

void admin_change_free(struct admin_change *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->count; i++) {
		if (!has(c->admin->listeners, c->admin->count, c->listeners[i]))
			listener_free(c->listeners[i]);
	}
	free(c->listeners);
	free(c->pages);
	free(c);
}

bool admin_bound(const struct admin *a, unsigned position, struct admin_address *address, unsigned *pages)
{
	if (position >= a->count)
		return false;
	*address = *listener_bound(a->listeners[position]);
	*pages = listener_pages(a->listeners[position]);
	return true;
}

/* --- pages --- */

enum err admin_set_unready(struct admin *a, const char *text)
{
	char *copy = text ? strdup(text) : NULL, *before;
	if (text && !copy)
		return ERR_NOMEM;
	pthread_mutex_lock(&a->board.lock);
	before = a->board.unready;
	a->board.unready = copy;
	pthread_mutex_unlock(&a->board.lock);
	free(before);
	return OK;
}

void admin_collect(struct admin *a)
{
	struct exposition e = {0};
	a->options.collect(a->options.arg, &e);
	board_publish(&a->board, &e.text);
}

void admin_health_times(struct admin *a, struct admin_health_times *out)
{
	for (unsigned i = 0; i <= ADMIN_HEALTH_BOUNDS; i++)
		out->counts[i] = atomic_load_explicit(&a->board.health_counts[i], memory_order_relaxed);
	out->ns = atomic_load_explicit(&a->board.health_ns, memory_order_relaxed);
	out->failures = atomic_load_explicit(&a->board.health_failures, memory_order_relaxed);
}
