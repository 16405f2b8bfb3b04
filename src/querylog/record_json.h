/* record_json.h - a line of the log as a JSON object, with the members that CoreDNS's --log-format json has, and ours. */
#pragma once
#include "query_record.h"
#include <stddef.h>

/* text: the same line as text, text_len octets. Writes the line with its end to out, which has room for cap octets (base/json_line.h); its length. */
size_t record_json_write(const struct query_record *r, const char *text, size_t text_len, char *out, size_t cap);
