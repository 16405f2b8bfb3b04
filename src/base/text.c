#include "text.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define UNESCAPED_MAX 2048

size_t text_character_len(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	bool control = s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool beyond = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
	if (control || overlong || beyond)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

size_t text_format_line(char *out, size_t cap, const char *format, va_list args)
{
	char raw[UNESCAPED_MAX];
	size_t len = 0, taken;
	if (vsnprintf(raw, sizeof raw, format, args) < 0)
		raw[0] = '\0';
	for (const unsigned char *at = (const unsigned char *)raw; *at; at += taken ? taken : 1) {
		taken = text_character_len(at);
		if (len + (taken ? taken : 4) >= cap)
			break;
		if (taken)
			memcpy(out + len, at, taken);
		else
			snprintf(out + len, cap - len, "\\x%02x", *at);
		len += taken ? taken : 4;
	}
	out[len] = '\0';
	return len;
}

const char *text_number(unsigned long long n, char out[TEXT_NUMBER_ROOM])
{
	char digits[TEXT_NUMBER_ROOM], *at = out;
	int len = snprintf(digits, sizeof digits, "%llu", n);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return out;
}
