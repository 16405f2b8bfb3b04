#include "config_reader.h"
#include "base/base64.h"
#include "base/secret.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned line_of(const cJSON *node)
{
	return node && !cJSON_IsNumber(node) && node->valueint > 0 ? (unsigned)node->valueint : 1;
}

void config_fail(struct config_reader *k, const cJSON *node, const char *format, ...)
{
	char text[DIAG_TEXT_MAX];
	va_list args;
	if (k->err)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args); /* NOLINT(clang-analyzer-valist.Uninitialized): it is, a line above */
	va_end(args);
	if (k->diag)
		k->diag->line = line_of(node);
	k->err = diag_set(k->diag, ERR_SYNTAX, "%s:%u: %.300s", k->path, line_of(node), text);
}

void config_out_of_memory(struct config_reader *k)
{
	if (!k->err)
		k->err = diag_set(k->diag, ERR_NOMEM, "%s: out of memory", k->path);
}

/* A member that says something; NULL where it doesn't. */
const cJSON *config_member(const struct config_reader *k, const cJSON *parent, const char *key)
{
	const cJSON *node = k->err ? NULL : cJSON_GetObjectItemCaseSensitive(parent, key);
	return cJSON_IsNull(node) ? NULL : node;
}

/* A string; NULL if absent or empty. The value is not shown where it has another type: it may be a secret all the same. */
const char *config_text_of(struct config_reader *k, const cJSON *parent, const char *key)
{
	const cJSON *node = config_member(k, parent, key);
	if (!node)
		return NULL;
	if (!cJSON_IsString(node))
		config_fail(k, parent, "%s is no string; quote it", key);
	else if (strstr(node->valuestring, "\xef\xbf\xbd")) /* what a NUL and octets that are no UTF-8 become: it would be another secret */
		config_fail(k, node, "%s is no text: a NUL, or an octet that is no UTF-8", key);
	else if (*node->valuestring)
		return node->valuestring;
	return NULL;
}

bool config_flag_of(struct config_reader *k, const cJSON *parent, const char *key)
{
	const cJSON *node = config_member(k, parent, key);
	if (node && !cJSON_IsBool(node))
		config_fail(k, parent, "%s is neither true nor false", key);
	return cJSON_IsTrue(node);
}

char *config_copy(struct config_reader *k, const char *text)
{
	char *own = text && !k->err ? strdup(text) : NULL;
	if (text && !k->err && !own)
		config_out_of_memory(k);
	return own;
}

char *config_copy_of(struct config_reader *k, const cJSON *parent, const char *key)
{
	return config_copy(k, config_text_of(k, parent, key));
}

/* A path, made one that does not depend on where we run. */
char *config_path_of(struct config_reader *k, const cJSON *parent, const char *key)
{
	const char *text = config_text_of(k, parent, key);
	char *path = NULL;
	if (!text || *text == '/' || !*k->folder)
		return config_copy(k, text);
	if (asprintf(&path, "%s/%s", k->folder, text) >= 0)
		return path;
	config_out_of_memory(k);
	return NULL;
}

/* What a ...-data member holds. */
char *config_data_of(struct config_reader *k, const cJSON *parent, const char *key)
{
	const char *text = config_text_of(k, parent, key);
	size_t len = 0;
	char *data = text ? base64_decode(text, &len) : NULL;
	if (text && !data)
		config_fail(k, config_member(k, parent, key), "%s is not base64", key);
	else if (data && strlen(data) != len)
		config_fail(k, config_member(k, parent, key), "%s is not the base64 of PEM text", key);
	if (!k->err)
		return data;
	secret_free(data);
	return NULL;
}
