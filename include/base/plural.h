/* plural.h - lines that count things: "1 service", "2 services". */
#pragma once
#include <stddef.h>

/* What is put behind a noun that n goes before. */
static inline const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}
