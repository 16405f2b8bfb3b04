/* qtype.h - private to config: names of query types, in capitals, as CoreDNS's library knows them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* "AAAA", "ANY"; also "TYPE65" (RFC 3597). False: there is none of that name. */
bool qtype_from_text(const char *text, uint16_t *type);
