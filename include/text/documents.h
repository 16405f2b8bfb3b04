/* documents.h - a manifest's text, YAML or JSON, as one cJSON tree for each object: documents one after another, lists taken apart
 * (also lists in lists). An item of a typed list (PodList) that doesn't say what it is gets kind and apiVersion from the list. */
#pragma once
#include "text/text_reader.h"
#include <cjson/cJSON.h>

enum document_format { DOCUMENT_YAML, DOCUMENT_JSON };

#define DOCUMENT_JSON_BYTES_MAX ((size_t)16 << 20) /* of one object or item; the API server takes 3 MiB */
#define DOCUMENT_HELD_MAX       10000              /* items before the kind that they are of */

/* Gets each tree, and owns it. Its valueint is the line it starts in. Of a key that a mapping has more than once the last one counts;
 * repeated_key.h has the others. An error ends the reading. */
typedef enum err document_take(void *arg, cJSON *tree);

/* Gets what is wrong with the text, with its line: ERR_SYNTAX, ERR_RANGE, ERR_SYS, ERR_NOMEM. What came before has been given. OK: reading
 * goes on behind the YAML document, the JSON object or the item that is wrong, or behind the next line break before a { where JSON has lost its
 * order. */
typedef enum err document_wrong(void *arg, enum err err, const struct diag *d);

struct document_handlers {
	document_take *take;
	document_wrong *wrong;
	void *arg;
};

/* Reads to the end of text. Returns what ended it before that: what a handler returned. */
enum err documents_read(struct text_reader *text, enum document_format format, const struct document_handlers *handlers);

/* JSON if its name ends in .json or says nothing and its text begins as JSON does. The text is not taken. */
enum err documents_format(struct text_reader *text, const char *path, enum document_format *format, struct diag *d);
