#include "hosts_table.h"
#include "base/addr.h"
#include "base/buffer.h"
#include "base/hash.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 8u
#define NONE      UINT32_MAX

/* Octet strings by number, each once: names in wire format, or addresses. */
struct keys {
	uint32_t *slots; /* one more than the number of the key that was put there; 0: free */
	uint32_t mask, count;
	const uint32_t *at; /* where each begins in octets, and where the last one ends */
	const uint8_t *octets;
};

/* What belongs to each key of one side: numbers of the other side, in the order of the text. */
struct lists {
	const uint32_t *first; /* where each begins in others, and where the last one ends */
	const uint32_t *others;
};

struct hosts_table {
	struct rcu_garbage garbage; /* the first member */
	size_t bytes, entries;
	struct keys names, addresses;
	struct lists of_names, of_addresses;
};

/* --- keys --- */

static const uint8_t *key_octets(const struct keys *k, uint32_t i, size_t *len)
{
	*len = k->at[i + 1] - k->at[i];
	return k->octets + k->at[i];
}

/* Its slot, or the free one where it would be. */
static uint32_t slot_of(const struct keys *k, const void *octets, size_t len)
{
	uint32_t slot = (uint32_t)hash_bytes(octets, len) & k->mask;
	for (; k->slots[slot]; slot = (slot + 1) & k->mask) {
		size_t there_len;
		const uint8_t *there = key_octets(k, k->slots[slot] - 1, &there_len);
		if (there_len == len && memcmp(there, octets, len) == 0)
			break;
	}
	return slot;
}

static uint32_t key_find(const struct keys *k, const void *octets, size_t len)
{
	uint32_t number = k->slots[slot_of(k, octets, len)];
	return number ? number - 1 : NONE;
}

/* --- gathering --- */

/* Keys that become more. */
struct gathered {
	struct keys keys;
	struct buffer at, octets;
};

/* A name has an address. */
struct pair {
	uint32_t name, address;
	bool reverse; /* and the address the name */
};

struct gathering {
	const struct hosts_rules *rules;
	struct gathered names, addresses;
	struct buffer pairs;
	size_t reverse; /* of the pairs */
};

static size_t pair_count(const struct gathering *g)
{
	return g->pairs.len / sizeof(struct pair);
}

static const struct pair *pair_at(const struct gathering *g, size_t i)
{
	return (const struct pair *)(const void *)g->pairs.data + i;
}

static void look_at_buffers(struct gathered *g)
{
	g->keys.at = (const uint32_t *)(const void *)g->at.data;
	g->keys.octets = (const uint8_t *)g->octets.data;
}

static void put_end(struct gathered *g)
{
	uint32_t end = (uint32_t)g->octets.len;
	buffer_append(&g->at, &end, sizeof end);
	look_at_buffers(g);
}

static void gathered_free(struct gathered *g)
{
	free(g->keys.slots);
	buffer_free(&g->at);
	buffer_free(&g->octets);
}

static enum err gathered_begin(struct gathered *g)
{
	g->keys.mask = SLOTS_MIN - 1;
	g->keys.slots = calloc(SLOTS_MIN, sizeof *g->keys.slots);
	put_end(g);
	return g->keys.slots && !g->at.failed ? OK : ERR_NOMEM;
}

/* At most two thirds of the slots are taken. */
static enum err make_room(struct keys *k)
{
	struct keys more = *k;
	if (k->count < k->mask - k->mask / 3)
		return OK;
	more.mask = 2 * k->mask + 1;
	more.slots = calloc((size_t)more.mask + 1, sizeof *more.slots);
	if (!more.slots)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < k->count; i++) {
		size_t len;
		const uint8_t *octets = key_octets(k, i, &len);
		more.slots[slot_of(&more, octets, len)] = i + 1;
	}
	free(k->slots);
	*k = more;
	return OK;
}

/* The number of a key, which is new or not. */
static enum err gather(struct gathered *g, const void *octets, size_t len, uint32_t *number)
{
	uint32_t slot;
	if (make_room(&g->keys))
		return ERR_NOMEM;
	slot = slot_of(&g->keys, octets, len);
	if (!g->keys.slots[slot]) {
		buffer_append(&g->octets, octets, len);
		put_end(g);
		if (g->octets.failed || g->at.failed)
			return ERR_NOMEM;
		g->keys.slots[slot] = ++g->keys.count;
	}
	*number = g->keys.slots[slot] - 1;
	return OK;
}

/* --- lines --- */

struct word {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the next word off the line. */
static struct word next_word(struct word *line)
{
	const char *at = line->at, *end = line->at + line->len, *word;
	while (at < end && is_blank(*at))
		at++;
	for (word = at; at < end && !is_blank(*at);)
		at++;
	*line = (struct word){at, (size_t)(end - at)};
	return (struct word){word, (size_t)(at - word)};
}

static struct word next_line(struct word *text)
{
	const char *end = memchr(text->at, '\n', text->len);
	struct word line = {text->at, end ? (size_t)(end - text->at) : text->len};
	size_t taken = line.len + (end != NULL);
	*text = (struct word){text->at + taken, text->len - taken};
	return line;
}

static void cut_at(struct word *w, char c)
{
	const char *at = memchr(w->at, c, w->len);
	if (at)
		w->len = (size_t)(at - w->at);
}

static bool is_inside(const struct name_list *zones, const struct name *n)
{
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_in(n, &zones->names[i]))
			return true;
	}
	return !zones->count;
}

static bool is_wildcard(const struct name *n)
{
	return n->wire[0] == 1 && n->wire[1] == '*';
}

/* ERR_SYNTAX: it can be no name. */
static enum err take_name(struct gathering *g, uint32_t address, struct word text)
{
	struct pair p = {.address = address};
	struct name n;
	if (name_from_text(&n, text.at, text.len))
		return ERR_SYNTAX;
	name_lower(&n);
	if (!is_inside(&g->rules->zones, &n))
		return OK;
	p.reverse = g->rules->reverse && !is_wildcard(&n);
	if (gather(&g->names, n.wire, n.len, &p.name))
		return ERR_NOMEM;
	buffer_append(&g->pairs, &p, sizeof p);
	g->reverse += p.reverse;
	return g->pairs.failed ? ERR_NOMEM : OK;
}

/* ERR_SYNTAX: not all of it is good. */
static enum err take_line(struct gathering *g, struct word line)
{
	struct word text = next_word(&line), name;
	struct addr a;
	uint32_t address;
	bool slip = false;
	if (!text.len)
		return OK;
	cut_at(&text, '%');
	if (addr_parse(text.at, text.len, &a))
		return ERR_SYNTAX;
	if (gather(&g->addresses, a.octets, addr_len(&a), &address))
		return ERR_NOMEM;
	while ((name = next_word(&line)).len) {
		enum err err = take_name(g, address, name);
		if (err == ERR_NOMEM)
			return err;
		slip |= err != OK;
	}
	return slip ? ERR_SYNTAX : OK;
}

static enum err take_text(struct gathering *g, struct word text, struct hosts_slips *slips)
{
	*slips = (struct hosts_slips){0};
	for (size_t number = 1; text.len; number++) {
		struct word line = next_line(&text);
		enum err err;
		cut_at(&line, '#');
		err = take_line(g, line);
		if (err == ERR_NOMEM)
			return err;
		if (err && !slips->count++)
			slips->first = number;
	}
	return OK;
}

/* --- one block of it all --- */

static size_t slots_bytes(const struct keys *k)
{
	return ((size_t)k->mask + 1) * sizeof *k->slots;
}

static size_t numbers_bytes(size_t count)
{
	return count * sizeof(uint32_t);
}

static void *carve(uint8_t **at, size_t bytes)
{
	void *here = *at;
	*at += bytes;
	return here;
}

static void copy_keys(struct keys *to, const struct gathered *from, uint8_t **at)
{
	void *places;
	*to = from->keys;
	to->slots = carve(at, slots_bytes(&from->keys));
	memcpy(to->slots, from->keys.slots, slots_bytes(&from->keys));
	places = carve(at, from->at.len);
	memcpy(places, from->at.data, from->at.len);
	to->at = places;
}

/* Octets stand behind all numbers, which have to be aligned. */
static void copy_octets(struct keys *to, const struct gathered *from, uint8_t **at)
{
	void *octets = carve(at, from->octets.len);
	if (from->octets.len)
		memcpy(octets, from->octets.data, from->octets.len);
	to->octets = octets;
}

/* Counts first, so that each list has its place; filled from the last pair to the first, each begins where it should in the end. */
static void make_lists(struct lists *l, const struct gathering *g, bool of_names, uint32_t *first, uint32_t *others)
{
	uint32_t count = of_names ? g->names.keys.count : g->addresses.keys.count;
	memset(first, 0, numbers_bytes((size_t)count + 1));
	for (size_t i = 0; i < pair_count(g); i++) {
		const struct pair *p = pair_at(g, i);
		if (of_names || p->reverse)
			first[of_names ? p->name : p->address]++;
	}
	for (uint32_t i = 1; i <= count; i++)
		first[i] += first[i - 1];
	for (size_t i = pair_count(g); i-- > 0;) {
		const struct pair *p = pair_at(g, i);
		if (of_names || p->reverse)
			others[--first[of_names ? p->name : p->address]] = of_names ? p->address : p->name;
	}
	*l = (struct lists){first, others};
}

static struct hosts_table *make_block(const struct gathering *g)
{
	size_t names = (size_t)g->names.keys.count + 1, addresses = (size_t)g->addresses.keys.count + 1;
	size_t bytes = sizeof(struct hosts_table) + slots_bytes(&g->names.keys) + slots_bytes(&g->addresses.keys) + g->names.at.len +
	               g->addresses.at.len + numbers_bytes(names + addresses + pair_count(g) + g->reverse) + g->names.octets.len +
	               g->addresses.octets.len;
	struct hosts_table *t = malloc(bytes);
	uint32_t *first;
	if (!t)
		return NULL;
	uint8_t *at = (uint8_t *)(t + 1);
	*t = (struct hosts_table){.bytes = bytes, .entries = pair_count(g) + g->reverse};
	copy_keys(&t->names, &g->names, &at);
	copy_keys(&t->addresses, &g->addresses, &at);
	first = carve(&at, numbers_bytes(names));
	make_lists(&t->of_names, g, true, first, carve(&at, numbers_bytes(pair_count(g))));
	first = carve(&at, numbers_bytes(addresses));
	make_lists(&t->of_addresses, g, false, first, carve(&at, numbers_bytes(g->reverse)));
	copy_octets(&t->names, &g->names, &at);
	copy_octets(&t->addresses, &g->addresses, &at);
	return t;
}

enum err hosts_table_new(const char *text, size_t len, const struct hosts_rules *rules, struct hosts_table **out, struct hosts_slips *slips)
{
	struct gathering g = {.rules = rules};
	enum err err = len > HOSTS_TEXT_MAX ? ERR_RANGE : OK;
	*out = NULL;
	if (!err)
		err = gathered_begin(&g.names);
	if (!err)
		err = gathered_begin(&g.addresses);
	if (!err)
		err = take_text(&g, (struct word){text, len}, slips);
	if (!err) {
		*out = make_block(&g);
		err = *out ? OK : ERR_NOMEM;
	}
	gathered_free(&g.names);
	gathered_free(&g.addresses);
	buffer_free(&g.pairs);
	return err;
}

void hosts_table_free(struct hosts_table *t)
{
	free(t);
}

void hosts_table_free_later(struct hosts_table *t)
{
	if (t)
		rcu_free_later(&t->garbage, t->bytes);
}

size_t hosts_table_entries(const struct hosts_table *t)
{
	return t ? t->entries : 0;
}

/* --- looking up --- */

static struct hosts_cursor list_of(const struct hosts_table *t, const struct lists *l, uint32_t key, uint8_t len)
{
	return key == NONE ? (struct hosts_cursor){.table = t, .len = len}
	                   : (struct hosts_cursor){t, l->first[key], l->first[key + 1], len};
}

/* Stands at the first of the family, if there is one. */
static bool has_any(struct hosts_cursor *c)
{
	size_t len;
	if (!hosts_next(c, &len))
		return false;
	c->at--;
	return true;
}

/* *.PARENT; false: it is the root. */
static bool find_wildcard(const struct hosts_table *t, const struct name *n, uint32_t *key)
{
	uint8_t wild[NAME_WIRE_MAX + 1] = {1, '*'};
	size_t parent = n->wire[0] + 1u;
	if (!n->labels)
		return false;
	memcpy(wild + 2, n->wire + parent, n->len - parent);
	*key = key_find(&t->names, wild, 2 + n->len - parent);
	return true;
}

struct hosts_cursor hosts_table_addresses(const struct hosts_table *t, const struct name *n, enum addr_family family)
{
	uint8_t len = family == ADDR_V4 ? 4 : 16;
	struct hosts_cursor c = {.len = len};
	uint32_t key;
	if (!t)
		return c;
	c = list_of(t, &t->of_names, key_find(&t->names, n->wire, n->len), len);
	if (has_any(&c) || !find_wildcard(t, n, &key))
		return c;
	c = list_of(t, &t->of_names, key, len);
	has_any(&c);
	return c;
}

struct hosts_cursor hosts_table_names(const struct hosts_table *t, const struct addr *a)
{
	return t ? list_of(t, &t->of_addresses, key_find(&t->addresses, a->octets, addr_len(a)), 0) : (struct hosts_cursor){0};
}

const uint8_t *hosts_next(struct hosts_cursor *c, size_t *len)
{
	const struct hosts_table *t = c->table;
	while (c->at < c->end) {
		uint32_t i = c->at++;
		if (!c->len)
			return key_octets(&t->names, t->of_addresses.others[i], len);
		const uint8_t *octets = key_octets(&t->addresses, t->of_names.others[i], len);
		if (*len == c->len)
			return octets;
	}
	return NULL;
}
