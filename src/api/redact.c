#include "redact.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SECRET_MIN  6        /* octets; shorter ones would be found in other words */
#define RANDOM_MIN  16       /* octets of letters and digits in a row */
#define SCHEME_MIN  8        /* what follows Bearer, to be no plain word of a sentence */
#define WORD_OCTETS "-._~+/" /* with letters and digits: RFC 7235's token68 */

struct out {
	char *text;
	size_t len, cap;
};

static void put(struct out *o, const char *bytes, size_t len)
{
	size_t room = o->cap - 1 - o->len;
	if (len > room)
		len = room;
	memcpy(o->text + o->len, bytes, len);
	o->len += len;
	o->text[o->len] = '\0';
}

static bool is_word_octet(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(WORD_OCTETS, c));
}

/* Letters and digits mixed, many in a row: no word of a language, no path, no UUID. */
static bool looks_random(const char *word, size_t len)
{
	size_t row = 0;
	bool letter = false, digit = false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)word[i];
		if (!isalnum(c)) {
			row = 0;
			letter = digit = false;
			continue;
		}
		row++;
		letter |= isalpha(c) != 0;
		digit |= isdigit(c) != 0;
		if (row >= RANDOM_MIN && letter && digit)
			return true;
	}
	return len > 4 && strncmp(word, "eyJ", 3) == 0 && memchr(word, '.', len); /* a JSON Web Token, RFC 7519 */
}

static bool ends_with(const char *word, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len >= n && strncasecmp(word + len - n, end, n) == 0;
}

/* "id_token", "--client-secret", "AWS_SECRET_ACCESS_KEY". */
static bool is_name_of_secret(const char *word, size_t len)
{
	static const char *const ends[] = {"token",      "password",    "passwd",     "passphrase",    "secret",     "clientkeydata",
	                                   "privatekey", "private_key", "access_key", "accesskey",     "api_key",    "apikey",
	                                   "api-key",    "assertion",   "cookie",     "authorization", "credential", "credentials"};
	for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
		if (ends_with(word, len, ends[i]))
			return true;
	}
	return false;
}

/* Of a word at text; a '=' belongs to it only where it fills up the last four octets of base64. */
static size_t word_len(const char *text)
{
	size_t len = 0, padding;
	while (is_word_octet(text[len]))
		len++;
	padding = strspn(text + len, "=");
	return len && padding <= 2 && (len + padding) % 4 == 0 && !is_name_of_secret(text, len) ? len + padding : len;
}

static bool is_scheme(const char *word, size_t len)
{
	return (len == 6 && strncasecmp(word, "bearer", len) == 0) || (len == 5 && strncasecmp(word, "basic", len) == 0);
}

/* What a name's value begins with: `: `, `=`, `":"`. 0: no value follows. */
static size_t assignment_len(const char *text)
{
	size_t len = strspn(text, "\"' ");
	size_t sign = strspn(text + len, ":=");
	return sign ? len + sign + strspn(text + len + sign, " ") : 0;
}

/* To the closing quote, or the end of the words; a scheme before the secret is part of it. */
static size_t value_len(const char *text)
{
	size_t len = word_len(text);
	if (*text == '"' || *text == '\'') {
		const char *end = strchr(text + 1, *text);
		return end ? (size_t)(end - text) + 1 : strlen(text);
	}
	if (is_scheme(text, len) && text[len] == ' ')
		return len + 1 + word_len(text + len + 1);
	return len ? len : strcspn(text, " ,;");
}

/* What is to be left out after this word: 0 if nothing; *skip octets come before it. */
static size_t secret_after(const char *word, size_t len, size_t *skip)
{
	*skip = assignment_len(word + len);
	if (*skip && is_name_of_secret(word, len))
		return value_len(word + len + *skip);
	*skip = strspn(word + len, " ");
	if (*skip && is_scheme(word, len) && word_len(word + len + *skip) >= SCHEME_MIN)
		return word_len(word + len + *skip);
	return 0;
}

/* The octets of text that were dealt with. */
static size_t put_word(struct out *o, const char *word, size_t len, bool cut)
{
	size_t skip, hidden = secret_after(word, len, &skip);
	if (looks_random(word, len) || (cut && !word[len])) {
		put(o, REDACTED, strlen(REDACTED));
		return len;
	}
	put(o, word, len);
	if (!hidden)
		return len;
	put(o, word + len, skip);
	put(o, REDACTED, strlen(REDACTED));
	return len + skip + hidden;
}

void redact(const char *text, bool cut, const char *secret, char *out, size_t cap)
{
	struct out o = {.text = out, .cap = cap};
	size_t secret_len = secret ? strlen(secret) : 0;
	*out = '\0';
	if (strstr(text, "ExecCredential")) {
		put(&o, REDACTED ": an ExecCredential", strlen(REDACTED ": an ExecCredential"));
		return;
	}
	while (*text) {
		size_t len = word_len(text);
		if (secret_len >= SECRET_MIN && strncmp(text, secret, secret_len) == 0) {
			put(&o, REDACTED, strlen(REDACTED));
			text += secret_len;
		} else if (len) {
			text += put_word(&o, text, len, cut);
		} else {
			put(&o, text++, 1);
		}
	}
}
