#include "record_scan.h"
#include <string.h>

#define SHOWN_MAX 60 /* octets of a word in an error */

/* --- words --- */

enum err scan_wrong(struct scan *s, const char *what, const struct word *w)
{
	diag_set(s->d, ERR_SYNTAX, "%s is wanted, not \"%.*s\"", what, (int)(w->len < SHOWN_MAX ? w->len : SHOWN_MAX), w->text);
	return ERR_SYNTAX;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_comment(struct scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
}

/* Only blanks and comments may stand behind a line's end. */
static enum scanned end_line(struct scan *s)
{
	for (; s->at < s->end; s->at++) {
		if (*s->at == ';')
			skip_comment(s);
		if (s->at == s->end)
			break;
		if (!is_blank(*s->at) && *s->at != '\n') {
			diag_set(s->d, ERR_SYNTAX, "there is more than one line");
			return SCAN_WRONG;
		}
	}
	return SCAN_END;
}

static enum scanned turn(struct scan *s, bool open)
{
	if (s->open != open) {
		s->open = open;
		s->at++;
		return SCAN_WORD;
	}
	diag_set(s->d, ERR_SYNTAX, "parentheses don't match");
	return SCAN_WRONG;
}

/* SCAN_WORD: a word begins here. */
static enum scanned skip(struct scan *s)
{
	while (s->at < s->end) {
		if (*s->at == ';')
			skip_comment(s);
		else if (*s->at == '\n' && !s->open)
			return s->many ? SCAN_END : end_line(s);
		else if (is_blank(*s->at) || *s->at == '\n')
			s->at++;
		else if (*s->at != '(' && *s->at != ')')
			return SCAN_WORD;
		else if (turn(s, *s->at == '(') == SCAN_WRONG)
			return SCAN_WRONG;
	}
	if (!s->open)
		return SCAN_END;
	diag_set(s->d, ERR_SYNTAX, "a parenthesis is not closed");
	return SCAN_WRONG;
}

static bool ends_word(char c, bool quoted)
{
	return quoted ? c == '"' : is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')' || c == '"';
}

/* The word's octets are as they stand, with their escapes. */
enum scanned scan_next(struct scan *s, struct word *w)
{
	enum scanned found = skip(s);
	if (found != SCAN_WORD)
		return found;
	w->quoted = *s->at == '"';
	s->at += w->quoted;
	w->text = s->at;
	while (s->at < s->end && !ends_word(*s->at, w->quoted))
		s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
	w->len = (size_t)(s->at - w->text);
	if (w->quoted && s->at == s->end) {
		diag_set(s->d, ERR_SYNTAX, "a quote is not closed");
		return SCAN_WRONG;
	}
	s->at += w->quoted;
	return SCAN_WORD;
}

enum err scan_want(struct scan *s, const char *what, struct word *w)
{
	*w = (struct word){"", 0, false};
	switch (scan_next(s, w)) {
	case SCAN_WORD:
		return OK;
	case SCAN_END:
		return diag_set(s->d, ERR_SYNTAX, "%s is wanted at the end", what);
	case SCAN_WRONG:
		break;
	}
	return ERR_SYNTAX;
}

/* --- values of words --- */

bool word_number(const struct word *w, uint32_t max, uint32_t *number)
{
	uint64_t n = 0;
	for (size_t i = 0; i < w->len; i++) {
		if (!is_digit(w->text[i]))
			return false;
		n = n * 10 + (unsigned)(w->text[i] - '0');
		if (n > max)
			return false;
	}
	*number = (uint32_t)n;
	return w->len > 0;
}

static uint32_t unit_s(char c)
{
	switch (c | 0x20) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

/* "3600" or "1h30m". */
bool word_seconds(const struct word *w, uint32_t *seconds)
{
	uint64_t sum = 0, part = 0;
	for (size_t i = 0; i < w->len; i++) {
		char c = w->text[i];
		if (is_digit(c)) {
			part = part * 10 + (unsigned)(c - '0');
		} else {
			if (!i || !unit_s(c))
				return false;
			sum += part * unit_s(c);
			part = 0;
		}
		if (part > UINT32_MAX || sum > UINT32_MAX)
			return false;
	}
	*seconds = (uint32_t)(sum + part);
	return w->len > 0 && sum + part <= UINT32_MAX;
}

/* One octet of a word, which may be escaped (RFC 1035 5.1). False: a bad escape. */
bool word_octet(const struct word *w, size_t *at, uint8_t *octet)
{
	struct word digits = {w->text + *at + 1, 3, false};
	uint32_t number;
	if (w->text[*at] != '\\') {
		*octet = (uint8_t)w->text[(*at)++];
		return true;
	}
	if (w->len - *at < 2)
		return false;
	if (!is_digit(w->text[*at + 1])) {
		*octet = (uint8_t)w->text[*at + 1];
		*at += 2;
		return true;
	}
	if (w->len - *at < 4 || !word_number(&digits, UINT8_MAX, &number))
		return false;
	*octet = (uint8_t)number;
	*at += 4;
	return true;
}

/* The last dot may be one of a label. */
static bool is_absolute(const struct word *w)
{
	size_t backslashes = 0;
	while (backslashes + 1 < w->len && w->text[w->len - 2 - backslashes] == '\\')
		backslashes++;
	return w->len > 0 && w->text[w->len - 1] == '.' && backslashes % 2 == 0;
}

enum err scan_name(struct scan *s, const struct word *w, struct name *n)
{
	enum err err;
	if (w->len == 1 && *w->text == '@') {
		if (s->origin)
			*n = *s->origin;
		else
			name_root(n);
		return OK;
	}
	err = w->quoted ? ERR_SYNTAX : name_from_text(n, w->text, w->len);
	if (!err && s->origin && !is_absolute(w))
		err = name_append_name(n, s->origin);
	return err ? scan_wrong(s, "a name", w) : OK;
}

int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
