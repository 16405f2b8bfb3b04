#include "base/base64.h"
#include "base/secret.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* One digit more; true at each full octet, which is then *octet. */
static bool take_digit(uint32_t *bits, unsigned *count, char c, char *octet)
{
	*bits = *bits << 6 | (uint32_t)(strchr(digits, c) - digits);
	*count += 6;
	if (*count < 8)
		return false;
	*count -= 8;
	*octet = (char)(*bits >> *count & 0xff);
	return true;
}

char *base64_decode(const char *text, size_t *len)
{
	char *bytes = malloc(strlen(text) / 4 * 3 + 4), octet;
	uint32_t bits = 0;
	unsigned count = 0, padding = 0;
	size_t taken = 0;
	*len = 0;
	if (!bytes)
		return NULL;
	for (; *text; text++) {
		if (is_space(*text))
			continue;
		padding += *text == '=';
		taken++;
		if (padding ? *text != '=' : !strchr(digits, *text))
			break;
		if (!padding && take_digit(&bits, &count, *text, &octet))
			bytes[(*len)++] = octet;
	}
	bytes[*len] = '\0';
	if (!*text && taken % 4 == 0 && padding <= 2)
		return bytes;
	secret_free(bytes);
	return NULL;
}

char *base64_encode(const char *bytes, size_t len)
{
	char *text = calloc(1, (len + 2) / 3 * 4 + 1), *at = text;
	for (size_t i = 0; text && i < len; i += 3) {
		uint32_t group = 0;
		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (i + k < len ? (unsigned char)bytes[i + k] : 0);
		for (unsigned k = 0; k < 4; k++)
			*at++ = (char)(i + k <= len ? digits[group >> (18 - 6 * k) & 63] : '=');
	}
	return text;
}
