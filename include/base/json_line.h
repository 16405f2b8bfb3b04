/* json_line.h - one line of a log as a JSON object (RFC 8259), with the members that CoreDNS's --log-format json has first: time, level, msg. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Members are put whole; those that there is no room for any more are left out, so that the line is an object in any case. */
struct json_line {
	char *text; /* borrowed; not NUL-terminated */
	size_t len, cap;
};

#define JSON_LINE_MIN 160 /* octets that are enough without a message */

/* Writes to text, which has room for cap octets, JSON_LINE_MIN at least. level: "INFO". msg is cut where it would fill the room; octets that
 * are no UTF-8 become U+FFFD. when: of CLOCK_REALTIME. */
void json_line_begin(struct json_line *j, char *text, size_t cap, const struct timespec *when, const char *level, const char *msg,
                     size_t len);

/* value NULL: null. */
void json_line_text(struct json_line *j, const char *name, const char *value);
void json_line_number(struct json_line *j, const char *name, uint64_t value);
void json_line_bool(struct json_line *j, const char *name, bool value);
void json_line_raw(struct json_line *j, const char *name, const char *json);

/* The end of the object and of the line; its length in octets. */
size_t json_line_end(struct json_line *j);
