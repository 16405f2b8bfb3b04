/* list_kind.h - which kinds are lists of objects: "List", and the typed ones of the API ("PodList"). */
#pragma once
#include <stdbool.h>
#include <string.h>

#define LIST_SUFFIX_LEN 4

/* "PodList" and the like: an object whose items are objects. */
static inline bool is_list_kind(const char *kind)
{
	size_t len = strlen(kind);
	return len >= LIST_SUFFIX_LEN && strcmp(kind + len - LIST_SUFFIX_LEN, "List") == 0;
}
