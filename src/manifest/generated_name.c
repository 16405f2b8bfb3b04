#include "generated_name.h"
#include "name_hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct generated_name {
	uint64_t hash; /* of namespace, kind and prefix */
	uint64_t count;
};

static const char *text_of(const cJSON *node, const char *key)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(node, key);
	return cJSON_IsString(member) ? member->valuestring : "";
}

static bool is_sort(const void *entry, const void *key)
{
	return ((const struct generated_name *)entry)->hash == *(const uint64_t *)key;
}

/* The sort of that hash, made if there is none yet; NULL: out of memory. */
static struct generated_name *find_sort(struct generated_names *g, uint64_t hash)
{
	struct generated_name *sort;
	if (!g->sorts && !(g->sorts = table_new()))
		return NULL;
	sort = table_find(g->sorts, hash, is_sort, &hash);
	if (sort)
		return sort;
	sort = malloc(sizeof *sort);
	if (!sort)
		return NULL;
	*sort = (struct generated_name){hash, 0};
	if (!table_insert(g->sorts, hash, sort))
		return sort;
	free(sort);
	return NULL;
}

enum err generated_name_put(struct generated_names *g, cJSON *tree)
{
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(tree, "metadata"), *name;
	const char *prefix = text_of(meta, "generateName"), *ns = text_of(meta, "namespace");
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(meta, "name");
	char suffix[NAME_SUFFIX_LEN + 1], text[NAME_BASE_MAX + NAME_SUFFIX_LEN + 1];
	struct generated_name *sort;
	if (!*prefix || (given && !cJSON_IsNull(given) && !(cJSON_IsString(given) && !*given->valuestring)))
		return OK;
	sort = find_sort(g, name_hash(ns, prefix, name_hash("", text_of(tree, "kind"), 0)));
	if (!sort)
		return ERR_NOMEM;
	name_suffix(suffix, name_hash(ns, prefix, sort->hash + sort->count++));
	snprintf(text, sizeof text, "%.*s%s", NAME_BASE_MAX, prefix, suffix);
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "name");
	name = cJSON_AddStringToObject(meta, "name", text);
	if (name)
		name->valueint = meta->valueint;
	return name ? OK : ERR_NOMEM;
}

void generated_names_free(struct generated_names *g)
{
	size_t cursor = 0;
	struct generated_name *sort;
	while (g->sorts && (sort = table_each(g->sorts, &cursor)))
		free(sort);
	table_free(g->sorts);
	g->sorts = NULL;
}
