/* yaml_reader.h - YAML text to cJSON trees, so that there is one decoder of Kubernetes objects. Every item that is not a number carries
 * the line it starts at (1-based) in valueint; that of a mapping or sequence is where its first member stands.
 *
 * A list's items are given one by one, each as soon as it ends, and then the list without them, so that a dump of a whole cluster
 * is never one tree. A list is a top-level mapping with a sequence `items`, unless a kind that doesn't end in "List" comes first
 * (kubectl writes the kind last).
 *
 * Of a key that a mapping has more than once the last one counts; the others are marks (repeated_key.h). */
#pragma once
#include "text/text_reader.h"
#include <cjson/cJSON.h>

#define YAML_DEPTH_MAX       100                /* mappings and sequences within each other that are kept: what is deeper becomes null */
#define YAML_NEST_MAX        1000               /* that are passed over: what libyaml does with each grows with their number */
#define YAML_TREE_BYTES_MAX  ((size_t)64 << 20) /* of one document or item; the API server takes 3 MiB of JSON */
#define YAML_TEXT_BYTES_MAX  ((size_t)16 << 20) /* between two scalars */
#define YAML_ALIAS_BYTES_MAX ((size_t)64 << 20) /* of all that anchors and aliases copy in one stream */

struct yaml_reader;

enum yaml_part {
	YAML_END,
	YAML_DOCUMENT, /* a whole document; of a list: what is left of it, its last part. Null for an empty document */
	YAML_ITEM,     /* an item of the list that is being read */
};

struct yaml_reader *yaml_reader_new(struct text_reader *text); /* borrows text; NULL: out of memory */
void yaml_reader_free(struct yaml_reader *y);                  /* takes NULL */

/* The next part; *tree is the caller's, NULL at the end. ERR_SYNTAX, ERR_RANGE, ERR_SYS with diag and its line: the rest of the document is lost,
 * and the next call goes on behind it, where the text could be read so far. */
enum err yaml_read(struct yaml_reader *y, enum yaml_part *part, cJSON **tree, struct diag *d);

/* The list that the last YAML_ITEM is from, as far as it is read. Borrowed until the next call. */
const cJSON *yaml_list(const struct yaml_reader *y);
