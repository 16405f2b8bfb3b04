#include "corefile_check.h"
#include "base/file.h"
#include <string.h>

void corefile_log(enum log_level level, const char *text)
{
	log_line(level, "%s", text);
}

/* --- snapshots --- */

static const char *snapshot_of(const struct corefile_block *b)
{
	return b->said[DIRECTIVE_KUBERNETES].place ? b->kubernetes.snapshot : NULL;
}

/* Each would write over what the other has written. */
enum err corefile_check_snapshots(const struct corefile *c, struct diag *d)
{
	for (unsigned i = 0; i < c->count; i++) {
		const char *snapshot = snapshot_of(&c->blocks[i]);
		for (unsigned j = 0; snapshot && j < i; j++) {
			const char *before = snapshot_of(&c->blocks[j]);
			if (before && file_same_place(before, snapshot))
				return diag_set(d, ERR_EXISTS,
				                "%s: snapshot %s: the kubernetes at %s has this file already; each needs its own",
				                c->blocks[i].said[DIRECTIVE_KUBERNETES].place, snapshot,
				                c->blocks[j].said[DIRECTIVE_KUBERNETES].place);
		}
	}
	return OK;
}

/* --- places --- */

static bool has_address(const struct corefile_block *b, const char *address)
{
	for (unsigned i = 0; i < b->bind_count; i++) {
		const struct text_list *l = &b->binds[i].addresses;
		for (unsigned k = 0; k < l->count && !b->binds[i].except.count; k++) {
			if (strcmp(l->texts[k], address) == 0)
				return true;
		}
	}
	return false;
}

/* Both say the same address, or none. What an except leaves of an interface, its addresses decide. */
static bool share_address(const struct corefile_block *a, const struct corefile_block *b)
{
	if (!a->bind_count || !b->bind_count)
		return !a->bind_count && !b->bind_count;
	for (unsigned i = 0; i < a->bind_count; i++) {
		const struct text_list *l = &a->binds[i].addresses;
		for (unsigned k = 0; k < l->count && !a->binds[i].except.count; k++) {
			if (has_address(b, l->texts[k]))
				return true;
		}
	}
	return false;
}

static const struct name *shared_zone(const struct corefile_key *a, const struct corefile_key *b)
{
	for (unsigned i = 0; a->port == b->port && i < a->zones.count; i++) {
		for (unsigned k = 0; k < b->zones.count; k++) {
			if (name_equal(&a->zones.names[i], &b->zones.names[k]))
				return &a->zones.names[i];
		}
	}
	return NULL;
}

/* A block is a pair with itself. */
static enum err check_pair(const struct corefile_block *a, const struct corefile_block *b, struct diag *d)
{
	for (unsigned i = 0; i < a->key_count; i++) {
		unsigned count = a == b ? i : b->key_count;
		for (unsigned k = 0; k < count; k++) {
			const struct name *zone = shared_zone(&a->keys[i], &b->keys[k]);
			char text[NAME_TEXT_MAX];
			if (!zone)
				continue;
			name_to_text(zone, text);
			return diag_set(d, ERR_EXISTS, "%s: %s is served at port %u by the block at %s already", a->place, text,
			                a->keys[i].port, b->place);
		}
	}
	return OK;
}

enum err corefile_check_places(const struct corefile *c, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < c->count && !err; i++) {
		for (unsigned j = 0; j <= i && !err; j++) {
			if (share_address(&c->blocks[i], &c->blocks[j]))
				err = check_pair(&c->blocks[i], &c->blocks[j], d);
		}
	}
	return err;
}
