#include "text/repeated_key.h"
#include <stdlib.h>
#include <string.h>

void repeated_key_mark(cJSON *node, cJSON *member, unsigned line, unsigned first)
{
	cJSON_DetachItemViaPointer(node, member);
	cJSON_Delete(member->child);
	cJSON_free(member->valuestring);
	member->child = NULL;
	member->valuestring = NULL;
	member->type = cJSON_Raw;
	member->valueint = (int)line;
	member->valuedouble = first;
	cJSON_AddItemToArray(node, member); /* keeps the key that it has */
}

/* --- JSON --- */

struct place {
	cJSON *member;
	size_t at;
};

static int by_key_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->member->string, y->member->string);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

#define FEW 16 /* so many keys are compared with each other sooner than sorted */

static bool may_repeat(const cJSON *node)
{
	size_t n = 0;
	for (const cJSON *member = node->child; member; member = member->next) {
		if (++n > FEW)
			return true;
		for (const cJSON *before = node->child; before != member; before = before->next) {
			if (strcmp(before->string, member->string) == 0)
				return true;
		}
	}
	return false;
}

static size_t count_members(const cJSON *node)
{
	size_t n = 0;
	for (const cJSON *member = node->child; member; member = member->next)
		n++;
	return n;
}

static enum err mark_members(cJSON *node)
{
	size_t n = count_members(node), at = 0;
	struct place *places = calloc(n, sizeof *places);
	if (!places)
		return ERR_NOMEM;
	for (cJSON *member = node->child; member; member = member->next, at++)
		places[at] = (struct place){member, at};
	qsort(places, n, sizeof *places, by_key_place);
	for (size_t i = 0; i + 1 < n; i++) {
		if (strcmp(places[i].member->string, places[i + 1].member->string) == 0)
			repeated_key_mark(node, places[i].member, 0, 0);
	}
	free(places);
	return OK;
}

enum err repeated_keys_find(cJSON *tree)
{
	enum err err = OK;
	if (cJSON_IsObject(tree) && may_repeat(tree))
		err = mark_members(tree);
	for (cJSON *child = tree->child; child && !err; child = child->next)
		err = repeated_keys_find(child);
	return err;
}

/* --- both --- */

void repeated_keys_each(const cJSON *tree, repeated_key_take *take, void *arg)
{
	for (const cJSON *child = tree->child; child; child = child->next) {
		if (is_repeated_key(child))
			take(arg, child->string, (unsigned)child->valueint, (unsigned)child->valuedouble);
		else
			repeated_keys_each(child, take, arg);
	}
}
