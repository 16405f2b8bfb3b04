/* repeated_key.h - keys that a mapping has more than once. The last one counts, as with kubectl and Helm. Those before it stay in the tree as
 * marks, behind the members, without value: decoders pass over them (field.h), and who knows whether the object matters may say so. */
#pragma once
#include "base/diag.h"
#include <cjson/cJSON.h>
#include <stdbool.h>

/* True of an item that stands for such a key, and for nothing else. */
static inline bool is_repeated_key(const cJSON *item)
{
	return cJSON_IsRaw(item); /* which no text becomes */
}

/* Makes a mark of a member of node. line: where its key comes again; first: where it came first; 0: not known. */
void repeated_key_mark(cJSON *node, cJSON *member, unsigned line, unsigned first);

/* Makes the marks of a tree that cJSON made of a text. ERR_NOMEM: some are made. */
enum err repeated_keys_find(cJSON *tree);

/* key was given again in that line, after the first one. The text is good during the call. */
typedef void repeated_key_take(void *arg, const char *key, unsigned line, unsigned first);

/* Calls take for each mark below tree. */
void repeated_keys_each(const cJSON *tree, repeated_key_take *take, void *arg);
