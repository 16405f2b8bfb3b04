#include "decode.h"
#include <stdlib.h>
#include <string.h>

static size_t set_bytes(size_t count)
{
	return sizeof(struct label_set) + count * sizeof(struct label);
}

/* By key; pairs of one key by value, so that which of them stays does not hang on their order. */
static int compare_labels(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	int order = strcmp(x->key, y->key);
	return order ? order : strcmp(x->value, y->value);
}

/* The set as it will be interned, its strings still those of the caller; NULL: out of memory. */
static struct label_set *draft_of(const struct label *pairs, size_t n)
{
	struct label_set *draft = calloc(1, set_bytes(n));
	if (!draft)
		return NULL;
	memcpy(draft->labels, pairs, n * sizeof *pairs);
	qsort(draft->labels, n, sizeof *pairs, compare_labels);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || strcmp(draft->labels[i].key, draft->labels[i + 1].key) != 0)
			draft->labels[draft->count++] = draft->labels[i];
	return draft;
}

static bool intern_label(struct intern *pool, struct label *l)
{
	const char *key = intern_str(pool, l->key), *value = intern_str(pool, l->value);
	if (key && value) {
		*l = (struct label){key, value};
		return true;
	}
	intern_unref(pool, key);
	intern_unref(pool, value);
	return false;
}

static bool intern_labels(struct intern *pool, struct label_set *draft)
{
	for (uint32_t i = 0; i < draft->count; i++)
		if (!intern_label(pool, &draft->labels[i])) {
			draft->count = i; /* so that just these are given back */
			return false;
		}
	return true;
}

static void unref_labels(struct intern *pool, const struct label_set *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		intern_unref(pool, set->labels[i].key);
		intern_unref(pool, set->labels[i].value);
	}
}

const struct label_set *label_set_intern(struct intern *pool, const struct label *pairs, size_t n)
{
	const struct label_set *set = NULL;
	struct label_set *draft = n ? draft_of(pairs, n) : NULL;
	if (!draft)
		return NULL;
	if (intern_labels(pool, draft))
		set = intern_bytes(pool, draft, set_bytes(draft->count));
	if (!set || intern_refs(set) > 1) /* a set that was there already holds references of its own */
		unref_labels(pool, draft);
	free(draft);
	return set;
}

const struct label_set *label_set_with(struct intern *pool, const struct label_set *base, const struct label *pairs, size_t n)
{
	size_t kept = 0;
	const struct label_set *set;
	struct label *all = malloc((base ? base->count : 0) * sizeof *all + n * sizeof *all);
	if (!all)
		return NULL;
	for (uint32_t i = 0; base && i < base->count; i++) {
		size_t at = 0;
		while (at < n && strcmp(pairs[at].key, base->labels[i].key) != 0)
			at++;
		if (at == n)
			all[kept++] = base->labels[i];
	}
	memcpy(all + kept, pairs, n * sizeof *all);
	set = label_set_intern(pool, all, kept + n);
	free(all);
	return set;
}

void label_set_unref(struct intern *pool, const struct label_set *set)
{
	if (set && intern_refs(set) == 1)
		unref_labels(pool, set);
	intern_unref(pool, set);
}

const char *label_set_value(const struct label_set *set, const char *key)
{
	for (uint32_t i = 0; set && i < set->count; i++)
		if (strcmp(set->labels[i].key, key) == 0)
			return set->labels[i].value;
	return NULL;
}

bool selector_matches(const struct label_set *selector, const struct label_set *labels)
{
	uint32_t at = 0;
	if (!selector || !labels)
		return false;
	for (uint32_t i = 0; i < selector->count; i++) { /* both are sorted, so labels is walked once */
		while (at < labels->count && labels->labels[at].key != selector->labels[i].key)
			at++;
		if (at == labels->count || labels->labels[at].value != selector->labels[i].value)
			return false;
	}
	return true;
}

static struct label pair_decode(struct decoder *d, const struct field *pair)
{
	const char *value = field_string(d, pair);
	return (struct label){
	        .key = field_check(d, pair, pair->key, FORM_LABEL_KEY),
	        .value = field_check(d, pair, value ? value : "", FORM_LABEL_VALUE),
	};
}

const struct label_set *label_set_decode(struct decoder *d, const struct field *map)
{
	const struct label_set *set = NULL;
	size_t n = field_map_size(d, map), filled = 0;
	struct label *pairs = decoder_alloc(d, n, sizeof *pairs);
	struct field pair = {0};
	while (filled < n && field_next_member(d, map, &pair)) {
		unsigned lost = d->lost;
		pairs[filled] = pair_decode(d, &pair);
		filled += d->lost == lost;
	}
	if (filled && !d->err) {
		set = label_set_intern(d->pool, pairs, filled);
		if (!set)
			decoder_out_of_memory(d);
	}
	free(pairs);
	return set;
}

void label_set_add(struct decoder *d, const struct label_set **set, const struct label *pairs, size_t n)
{
	const struct label_set *larger = d->err ? NULL : label_set_with(d->pool, *set, pairs, n);
	if (!larger) {
		decoder_out_of_memory(d); /* which an error of before stays before */
		return;
	}
	label_set_unref(d->pool, *set);
	*set = larger;
}

const struct label_set *label_selector_decode(struct decoder *d, const struct field *map)
{
	unsigned lost = d->lost;
	const struct label_set *set = label_set_decode(d, map);
	if (d->lost == lost)
		return set;
	label_set_unref(d->pool, set);
	return NULL;
}
