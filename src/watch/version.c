#include "version.h"
#include <stdio.h>
#include <string.h>

void version_set(char out[VERSION_MAX], const char *version)
{
	snprintf(out, VERSION_MAX, "%s", version);
}

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

bool version_before(const char *version, char out[VERSION_MAX])
{
	size_t at = strlen(version);
	if (!version_is_number(version) || at >= VERSION_MAX || strcmp(version, "1") == 0)
		return false;
	memcpy(out, version, at + 1);
	while (out[--at] == '0')
		out[at] = '9';
	out[at]--;
	if (*out == '0')
		memmove(out, out + 1, strlen(out));
	return true;
}

bool version_is_ahead(const char *message)
{
	return strstr(message, "Too large resource version");
}
