#include "yaml_mapping.h"
#include "text/repeated_key.h"
#include <stdlib.h>
#include <string.h>

static enum err add_member(struct yaml_mapping *m, cJSON *node, cJSON *item, unsigned line, unsigned rank, struct diag *d)
{
	if (m->count == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 8;
		struct yaml_member *grown = realloc(m->members, cap * sizeof *grown);
		if (!grown) {
			cJSON_Delete(item);
			return diag_no_memory(d);
		}
		m->members = grown;
		m->cap = cap;
	}
	m->members[m->count] = (struct yaml_member){item, line, rank, m->count};
	m->count++;
	cJSON_AddItemToArray(node, item); /* keeps the key that it has */
	return OK;
}

enum err yaml_mapping_add(struct yaml_mapping *m, cJSON *node, cJSON *item, unsigned line, struct diag *d)
{
	return add_member(m, node, item, line, 0, d);
}

/* The members of one mapping; value stays the caller's. */
static enum err merge_one(struct yaml_mapping *m, cJSON *node, cJSON *value, struct diag *d)
{
	enum err err = OK;
	m->merged++;
	while (!err && value->child) {
		cJSON *item = cJSON_DetachItemViaPointer(value, value->child);
		if (is_repeated_key(item))
			cJSON_Delete(item); /* it is said where it was written */
		else
			err = add_member(m, node, item, 0, m->merged, d);
	}
	return err;
}

enum err yaml_mapping_merge(struct yaml_mapping *m, cJSON *node, cJSON *value, struct diag *d)
{
	enum err err = OK;
	if (cJSON_IsObject(value)) {
		err = merge_one(m, node, value, d);
	} else if (cJSON_IsArray(value)) {
		for (cJSON *one = value->child; one && !err; one = one->next)
			err = cJSON_IsObject(one) ? merge_one(m, node, one, d)
			                          : diag_set(d, ERR_SYNTAX, "<< names something other than mappings");
	} else {
		err = diag_set(d, ERR_SYNTAX, "<< names something other than a mapping");
	}
	cJSON_Delete(value);
	return err;
}

static int by_key_rank_place(const void *a, const void *b)
{
	const struct yaml_member *x = a, *y = b;
	int c = strcmp(x->item->string, y->item->string);
	if (c)
		return c;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* The members of one key: of those written here the last one wins, else the one merged first. */
static void finish_key(cJSON *node, const struct yaml_member *same, size_t n)
{
	size_t written = 0;
	while (written < n && same[written].rank == 0)
		written++;
	for (size_t i = 0; i + 1 < written; i++)
		repeated_key_mark(node, same[i].item, same[i + 1].line, same[0].line);
	for (size_t i = written ? written : 1; i < n; i++)
		cJSON_Delete(cJSON_DetachItemViaPointer(node, same[i].item));
}

void yaml_mapping_finish(struct yaml_mapping *m, cJSON *node)
{
	size_t first = 0;
	if (m->count)
		qsort(m->members, m->count, sizeof *m->members, by_key_rank_place);
	for (size_t i = 1; i <= m->count; i++) {
		if (i < m->count && strcmp(m->members[first].item->string, m->members[i].item->string) == 0)
			continue;
		finish_key(node, m->members + first, i - first);
		first = i;
	}
}

void yaml_mapping_free(struct yaml_mapping *m)
{
	free(m->members);
}
