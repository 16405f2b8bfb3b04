/* config_reader.h - reading the members of a kubeconfig's tree (yaml_reader.h). Keeps the first error, with file and line; from then on every
 * read gives "absent", and only who began looks at err. What it returns as char * is the caller's. No value is ever shown in an error: it may
 * be a secret. */
#pragma once
#include "base/diag.h"
#include <cjson/cJSON.h>
#include <stdbool.h>

struct config_reader {
	const char *path;
	const char *folder; /* of the file; "" if the path has none */
	struct diag *diag;  /* may be NULL */
	enum err err;
};

/* ERR_SYNTAX at node's line; of a number no line is known, so give what it stands in. */
void config_fail(struct config_reader *k, const cJSON *node, const char *format, ...) __attribute__((format(printf, 3, 4)));
void config_out_of_memory(struct config_reader *k);

/* NULL where it is absent or null. */
const cJSON *config_member(const struct config_reader *k, const cJSON *parent, const char *key);

/* A string; NULL if absent or empty. Borrowed from the tree. */
const char *config_text_of(struct config_reader *k, const cJSON *parent, const char *key);

bool config_flag_of(struct config_reader *k, const cJSON *parent, const char *key); /* false if absent */
char *config_copy(struct config_reader *k, const char *text);                       /* takes NULL */
/* A copy of the string at that key, which the caller frees. NULL: there is none, or an error, which is kept in k. */
char *config_copy_of(struct config_reader *k, const cJSON *parent, const char *key);

/* A path, relative to the kubeconfig's folder. */
char *config_path_of(struct config_reader *k, const cJSON *parent, const char *key);

/* What a ...-data member holds in base64: text. */
char *config_data_of(struct config_reader *k, const cJSON *parent, const char *key);
