/* label.h - ASCII case in labels (RFC 4343). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Names are compared without regard to the case of ASCII letters (RFC 4343). */
static inline uint8_t octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Copies octets of labels, length octets too: these are below 'A'. */
static inline void labels_lower(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = octet_lower(from[i]);
}

/* True if text, which may have capitals, spells the lower-case name. Names of Kubernetes have none, so the first look is enough. */
static inline bool labels_spell(const uint8_t *text, const uint8_t *name, size_t len)
{
	if (memcmp(text, name, len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (octet_lower(text[i]) != name[i])
			return false;
	return true;
}
