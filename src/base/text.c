#include "text.h"
#include <stdio.h>

#define UNESCAPED_MAX 2048

size_t text_format_line(char *out, size_t cap, const char *format, va_list args)
{
	char raw[UNESCAPED_MAX];
	size_t len = 0;
	if (vsnprintf(raw, sizeof raw, format, args) < 0)
		raw[0] = '\0';
	for (const char *p = raw; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x20 || c == 0x7f) {
			if (len + 4 >= cap)
				break;
			len += (size_t)snprintf(out + len, cap - len, "\\x%02x", (unsigned)c);
		} else {
			if (len + 1 >= cap)
				break;
			out[len++] = *p;
		}
	}
	out[len] = '\0';
	return len;
}
