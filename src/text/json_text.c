#include "json_text.h"
#include <stdbool.h>
#include <string.h>

/* --- escapes --- */

int32_t json_text_escape(const char *text, const char *end)
{
	int32_t value = 0;
	if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (unsigned i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		char c = text[i];
		const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;
		if (!digit)
			return -1;
		value = value << 4 | (int32_t)(digit - digits);
	}
	return value;
}

static bool is_half(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdfff;
}

static bool is_pair(int32_t first, int32_t second)
{
	return first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
}

/* Mends the escape at text; returns where the next may be. */
static char *mend(char *text, const char *end)
{
	int32_t first = json_text_escape(text, end);
	if (first < 0)
		return text + 2; /* \\ too, so that what follows is no escape */
	if (is_half(first) && is_pair(first, json_text_escape(text + 6, end)))
		return text + 12;
	if (first == 0 || is_half(first))
		memcpy(text, "\\ufffd", 6);
	return text + 6;
}

void json_text_mend_escapes(char *text, size_t len)
{
	char *end = text + len;
	while (text < end && (text = memchr(text, '\\', (size_t)(end - text))))
		text = mend(text, end);
}

/* --- depth --- */

/* Past the string that begins at text. */
static char *skip_string(char *text, const char *end)
{
	for (text++; text < end && *text != '"'; text++)
		text += *text == '\\';
	return text + 1;
}

/* Line breaks stay, so that lines can be counted. */
static void blank(char *text, const char *end)
{
	for (; text < end; text++) {
		if (*text != '\n')
			*text = ' ';
	}
}

void json_text_cut_depth(char *text, size_t len)
{
	char *end = text + len, *cut = NULL;
	unsigned depth = 0;
	while (text < end) {
		char c = *text;
		if (c == '"') {
			text = skip_string(text, end);
			continue;
		}
		if ((c == '{' || c == '[') && depth++ == JSON_KEPT_DEPTH)
			cut = text;
		if ((c == '}' || c == ']') && --depth == JSON_KEPT_DEPTH) {
			blank(cut, text + 1);
			*cut = '0';
		}
		text++;
	}
}
