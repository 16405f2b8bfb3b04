#include "put.h"
#include "unit.h"
#include <stdio.h>

size_t put(char out[WORLD_TEXT], size_t at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(out + at, WORLD_TEXT - at, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < WORLD_TEXT - at);
	return at + (size_t)n;
}
