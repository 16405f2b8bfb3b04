#include "version.h"
#include <string.h>

bool version_is_usable(const char *text)
{
	return *text && strnlen(text, VERSION_MAX) < VERSION_MAX;
}

bool version_is_number(const char *text)
{
	return *text >= '1' && *text <= '9' && !text[strspn(text, "0123456789")];
}

bool version_is_older(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	if (!version_is_number(a) || !version_is_number(b))
		return false;
	return a_len == b_len ? strcmp(a, b) < 0 : a_len < b_len;
}

bool version_is_ahead(const char *message)
{
	return strstr(message, "Too large resource version");
}
