/* line_format.h - how a line of the log looks: CoreDNS's formats, taken apart once. */
#pragma once
#include "query_record.h"
#include <stddef.h>

struct line_format;

/* Of a text as `log` takes it; NULL is {common}. {common} and {combined} stand for these formats, {type} and the like for values, {/label} for "-",
 * and what is not known for itself. The caller frees it by line_format_free(). NULL: out of memory. */
struct line_format *line_format_new(const char *text);
void line_format_free(struct line_format *f); /* takes NULL */

/* The text that it was made of; "{common}" for NULL. */
const char *line_format_text(const struct line_format *f);

/* Writes a record's line to out, which has room for cap octets, without "[INFO]" and without an end; its length. What there is no room for is cut off. */
size_t line_format_write(const struct line_format *f, const struct query_record *r, char *out, size_t cap);

/* The values as they stand in lines. */
#define RCODE_TEXT_MAX 12
const char *line_rcode(const struct query_record *r, char text[RCODE_TEXT_MAX]); /* NULL: there is no response */
#define CLASS_TEXT_MAX 12
const char *line_class(uint16_t class, char text[CLASS_TEXT_MAX]);
#define SECONDS_TEXT_MAX 32
const char *line_seconds(uint64_t ns, char text[SECONDS_TEXT_MAX]); /* the shortest digits */
size_t line_name(const struct query_record *r, char text[NAME_TEXT_MAX]);
