#include "change_time.h"
#include <string.h>
#include <time.h>

#define TRIGGER  "endpoints.kubernetes.io/last-change-trigger-time"
#define MS_PER_S 1000u
#define TIME_LEN 20 /* 2026-11-30T18:19:42 and what follows */

static bool digits(const char *text, unsigned count, int *value)
{
	*value = 0;
	for (unsigned i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

/* Behind the seconds: ".123456789Z", or "Z". The API server writes no other zone. */
static bool fraction(const char *text, unsigned *ms)
{
	unsigned weight = 100;
	*ms = 0;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++) {
			*ms += weight * (unsigned)(*text - '0');
			weight /= 10;
		}
	}
	return strcmp(text, "Z") == 0;
}

/* RFC 3339, in UTC; 0: it is none, or before 1970. */
static uint64_t time_of(const char *text)
{
	struct tm t = {0};
	unsigned ms;
	if (!text || strlen(text) < TIME_LEN || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
		return 0;
	if (!digits(text, 4, &t.tm_year) || !digits(text + 5, 2, &t.tm_mon) || !digits(text + 8, 2, &t.tm_mday) ||
	    !digits(text + 11, 2, &t.tm_hour) || !digits(text + 14, 2, &t.tm_min) || !digits(text + 17, 2, &t.tm_sec) ||
	    !fraction(text + 19, &ms))
		return 0;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	time_t s = timegm(&t);
	return s > 0 && s <= UINT32_MAX ? (uint64_t)s * MS_PER_S + ms : 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static uint64_t slice_time(const cJSON *json)
{
	const cJSON *meta = cJSON_GetObjectItemCaseSensitive(json, "metadata");
	return time_of(text_of(cJSON_GetObjectItemCaseSensitive(meta, "annotations"), TRIGGER));
}

static bool is_true(const cJSON *condition, const char *wanted)
{
	const char *type = text_of(condition, "type"), *status = text_of(condition, "status");
	return type && status && strcmp(type, wanted) == 0 && strcmp(status, "True") == 0;
}

static uint64_t pod_time(const cJSON *json)
{
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(json, "status"), *condition;
	cJSON_ArrayForEach(condition, cJSON_GetObjectItemCaseSensitive(status, "conditions"))
	{
		if (is_true(condition, "Ready"))
			return time_of(text_of(condition, "lastTransitionTime"));
	}
	return 0;
}

uint64_t change_time_ms(const cJSON *json, enum object_kind kind)
{
	switch (kind) {
	case OBJECT_POD:
		return pod_time(json);
	case OBJECT_ENDPOINT_SLICE:
	case OBJECT_CONTROLLER_SLICE:
		return slice_time(json);
	default:
		return 0;
	}
}
