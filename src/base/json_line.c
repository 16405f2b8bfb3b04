#include "base/json_line.h"
#include "text.h"
#include <stdio.h>
#include <string.h>

#define END_LEN     2 /* "}\n" */
#define TIME_MAX    40
#define ESCAPED_MAX 6 /* octets of \u0000 */

static bool has_room(const struct json_line *j, size_t len)
{
	return j->len + len + END_LEN <= j->cap;
}

static void put(struct json_line *j, const char *text, size_t len)
{
	if (!has_room(j, len))
		return;
	memcpy(j->text + j->len, text, len);
	j->len += len;
}

/* One character as it stands within quotes, and how many octets of text it took. */
static size_t escape(const char *text, size_t left, char out[ESCAPED_MAX + 4], size_t *len)
{
	unsigned char at[5] = {0};
	size_t taken;
	memcpy(at, text, left < 4 ? left : 4);
	taken = text_character_len(at);
	if (taken == 1 && (at[0] == '"' || at[0] == '\\'))
		*len = (size_t)snprintf(out, ESCAPED_MAX + 1, "\\%c", at[0]);
	else if (taken)
		memcpy(out, at, *len = taken);
	else
		*len = (size_t)snprintf(out, ESCAPED_MAX + 1, "\\u%04x", at[0] < 0x80 ? at[0] : 0xfffdu);
	return taken ? taken : 1;
}

/* "text", which there is room for two octets of. False: it was cut. */
static bool put_string(struct json_line *j, const char *text, size_t len)
{
	size_t at = 0;
	put(j, "\"", 1);
	while (at < len) {
		char one[ESCAPED_MAX + 4];
		size_t one_len, taken = escape(text + at, len - at, one, &one_len);
		if (!has_room(j, one_len + 1))
			break;
		put(j, one, one_len);
		at += taken;
	}
	put(j, "\"", 1);
	return at == len;
}

void json_line_begin(struct json_line *j, char *text, size_t cap, const struct timespec *when, const char *level, const char *msg,
                     size_t len)
{
	char head[JSON_LINE_MIN], time[TIME_MAX];
	struct tm utc;
	int head_len;
	gmtime_r(&when->tv_sec, &utc);
	strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
	*j = (struct json_line){.text = text, .cap = cap};
	head_len = snprintf(head, sizeof head, "{\"time\":\"%s.%09ldZ\",\"level\":\"%s\",\"msg\":", time, when->tv_nsec, level);
	put(j, head, (size_t)head_len);
	put_string(j, msg, len);
}

void json_line_raw(struct json_line *j, const char *name, const char *json)
{
	size_t name_len = strlen(name), len = strlen(json);
	if (!has_room(j, name_len + len + 4))
		return;
	put(j, ",\"", 2);
	put(j, name, name_len);
	put(j, "\":", 2);
	put(j, json, len);
}

void json_line_text(struct json_line *j, const char *name, const char *value)
{
	size_t before = j->len;
	if (!value) {
		json_line_raw(j, name, "null");
		return;
	}
	json_line_raw(j, name, "");
	if (j->len == before)
		return;
	if (!has_room(j, 2) || !put_string(j, value, strlen(value)))
		j->len = before;
}

void json_line_number(struct json_line *j, const char *name, uint64_t value)
{
	char digits[24];
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
	json_line_raw(j, name, digits);
}

void json_line_bool(struct json_line *j, const char *name, bool value)
{
	json_line_raw(j, name, value ? "true" : "false");
}

size_t json_line_end(struct json_line *j)
{
	memcpy(j->text + j->len, "}\n", END_LEN);
	return j->len + END_LEN;
}
