#include "generated_name.h"
#include "name_hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX_LEN 5
#define PREFIX_MAX (63 - SUFFIX_LEN) /* as the API server cuts it (k8s.io/apiserver, storage/names) */

struct generated_name {
	uint64_t hash; /* of namespace, kind and prefix */
	uint64_t count;
};

static const char *text_of(const cJSON *node, const char *key)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(node, key);
	return cJSON_IsString(member) ? member->valuestring : "";
}

/* One more of this sort; NULL: out of memory. */
static struct generated_name *find_sort(struct generated_names *g, uint64_t hash)
{
	for (size_t i = 0; i < g->count; i++) {
		if (g->sorts[i].hash == hash)
			return &g->sorts[i];
	}
	if (g->count == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 8;
		struct generated_name *grown = realloc(g->sorts, cap * sizeof *grown);
		if (!grown)
			return NULL;
		g->sorts = grown;
		g->cap = cap;
	}
	g->sorts[g->count] = (struct generated_name){hash, 0};
	return &g->sorts[g->count++];
}

/* The letters and digits that Kubernetes makes suffixes of, which spell no word. */
static void write_name(char *out, size_t cap, const char *prefix, uint64_t hash)
{
	static const char digits[] = "bcdfghjklmnpqrstvwxz2456789";
	char suffix[SUFFIX_LEN + 1] = "";
	for (unsigned i = 0; i < SUFFIX_LEN; i++) {
		suffix[i] = digits[hash % (sizeof digits - 1)];
		hash /= sizeof digits - 1;
	}
	snprintf(out, cap, "%.*s%s", PREFIX_MAX, prefix, suffix);
}

enum err generated_name_put(struct generated_names *g, cJSON *tree)
{
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(tree, "metadata"), *name;
	const char *prefix = text_of(meta, "generateName"), *ns = text_of(meta, "namespace");
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(meta, "name");
	char text[PREFIX_MAX + SUFFIX_LEN + 1];
	struct generated_name *sort;
	if (!*prefix || (given && !cJSON_IsNull(given) && !(cJSON_IsString(given) && !*given->valuestring)))
		return OK;
	sort = find_sort(g, name_hash(ns, prefix, name_hash("", text_of(tree, "kind"), 0)));
	if (!sort)
		return ERR_NOMEM;
	write_name(text, sizeof text, prefix, name_hash(ns, prefix, sort->hash + sort->count++));
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "name");
	name = cJSON_AddStringToObject(meta, "name", text);
	if (name)
		name->valueint = meta->valueint;
	return name ? OK : ERR_NOMEM;
}

void generated_names_free(struct generated_names *g)
{
	free(g->sorts);
	*g = (struct generated_names){0};
}
