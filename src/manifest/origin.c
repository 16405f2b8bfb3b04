#include "origin.h"
#include <string.h>

static const cJSON *member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* The text of a member; "" if it has none. */
static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(member(object, key));
	return text ? text : "";
}

bool origin_is_cluster(const cJSON *object)
{
	const cJSON *meta = member(object, "metadata");
	bool pod = strcmp(text_of(object, "kind"), "Pod") == 0;
	return *text_of(meta, "uid") || *text_of(meta, "resourceVersion") || (pod && *text_of(member(object, "status"), "phase"));
}

/* --- Helm's hooks --- */

static bool is_of_installation(const char *event, size_t len)
{
	static const char *const events[] = {"pre-install", "post-install"};
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (strlen(events[i]) == len && memcmp(events[i], event, len) == 0)
			return true;
	return false;
}

/* One of the comma-separated events. */
static bool has_event_of_installation(const char *events)
{
	while (*events) {
		size_t len;
		events += strspn(events, ", \t");
		len = strcspn(events, ", \t");
		if (is_of_installation(events, len))
			return true;
		events += len;
	}
	return false;
}

bool origin_is_past_hook(const cJSON *object)
{
	const char *hook = text_of(member(member(object, "metadata"), "annotations"), "helm.sh/hook"), *kind = text_of(object, "kind");
	if (!*hook)
		return false;
	return !has_event_of_installation(hook) || strcmp(kind, "Pod") == 0 || strcmp(kind, "Job") == 0;
}

/* --- custom kinds --- */

/* Kubernetes' own groups have no dot, or are below k8s.io. */
static bool is_custom(const char *api_version)
{
	static const char own[] = ".k8s.io";
	size_t len = strcspn(api_version, "/"), own_len = sizeof own - 1;
	if (!api_version[len] || !memchr(api_version, '.', len))
		return false;
	return len < own_len || memcmp(api_version + len - own_len, own, own_len) != 0;
}

/* Trees are no deeper than their parsers allow. */
static bool has_containers(const cJSON *tree)
{
	for (const cJSON *item = tree->child; item; item = item->next) {
		bool containers = item->string && strcmp(item->string, "containers") == 0 && cJSON_IsArray(item);
		if ((containers && cJSON_IsObject(item->child)) || has_containers(item))
			return true;
	}
	return false;
}

bool origin_makes_pods(const cJSON *object)
{
	return is_custom(text_of(object, "apiVersion")) && has_containers(object);
}
