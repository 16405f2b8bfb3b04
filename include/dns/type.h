/* type.h - names of record types, of query types and of classes, in capitals, as CoreDNS's library knows them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TYPE_TEXT_MAX 16

/* "AAAA", "ANY"; also "TYPE65" (RFC 3597). False: there is none of that name. */
bool type_from_text(const char *text, uint16_t *type);

/* The name; where it has none, "TYPE" and its number. */
void type_to_text(uint16_t type, char text[TYPE_TEXT_MAX]);

/* "IN", "ANY"; static. "": it has none. */
const char *class_name(uint16_t rclass);
