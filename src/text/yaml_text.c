#include "yaml_text.h"
#include "json_text.h"
#include <string.h>

#define REPLACEMENT     "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_LEN 3

void yaml_text_init(struct yaml_text *t, struct text_reader *source)
{
	t->source = source;
	t->line = 1;
	t->err = OK;
	t->why = (struct diag){0};
	t->restore = t->ended = t->begun = t->remark = t->closed = t->over = false;
	t->line_begins = true;
	t->before = '\n';
	t->at = t->len = 0;
}

/* Sees to it that what is looked at together is there, unless the text ends before. */
static void fill(struct yaml_text *t)
{
	while (!t->ended && t->len - t->at < YAML_TEXT_AHEAD) {
		const char *piece;
		size_t len;
		t->err = text_reader_next(t->source, &piece, &len, &t->why);
		memmove(t->in, t->in + t->at, t->len - t->at);
		t->len -= t->at;
		t->at = 0;
		t->ended = t->err || !len;
		if (len)
			memcpy(t->in + t->len, piece, len);
		t->len += len;
	}
}

static const char *here(const struct yaml_text *t)
{
	return t->in + t->at;
}

static size_t left(const struct yaml_text *t)
{
	return t->len - t->at;
}

/* The octet that many further on; NUL, which no text holds, at the end. */
static char ahead(const struct yaml_text *t, size_t by)
{
	if (by >= left(t))
		return '\0';
	return here(t)[by];
}

static bool is_blank_or_end(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

static void pass(struct yaml_text *t, size_t len)
{
	t->before = here(t)[len - 1];
	t->at += len;
}

static size_t copy(struct yaml_text *t, char *out, size_t len)
{
	memcpy(out, here(t), len);
	pass(t, len);
	return len;
}

/* Writes text in the place of the next octets. */
static size_t replace(struct yaml_text *t, char *out, size_t octets, const char *text, size_t len)
{
	memcpy(out, text, len);
	pass(t, octets);
	return len;
}

/* --- lines and documents --- */

/* `---` and `...` are what they are wherever a line begins with them, in quotes too (YAML 1.2.2, c-forbidden). */
static bool is_marker(const struct yaml_text *t, char c)
{
	return ahead(t, 0) == c && ahead(t, 1) == c && ahead(t, 2) == c && is_blank_or_end(ahead(t, 3));
}

static void begin_line(struct yaml_text *t)
{
	bool dashes, dots;
	if (left(t) >= 3 && memcmp(here(t), "\xef\xbb\xbf", 3) == 0)
		t->at += 3;
	dashes = is_marker(t, '-');
	dots = is_marker(t, '.');
	if (t->closed || (t->begun && dashes)) {
		t->over = true;
		return;
	}
	t->line_begins = false;
	t->begun |= dashes || dots;
	t->closed = dots;
	t->remark = !t->begun && ahead(t, 0) == '%';
}

/* Comments and directives before the first `---` belong to the document that it begins. */
static void note_content(struct yaml_text *t, char c)
{
	if (t->remark || is_blank_or_end(c))
		return;
	if (c == '#')
		t->remark = true;
	else
		t->begun = true;
}

static size_t take_break(struct yaml_text *t, char *out)
{
	bool half = ahead(t, 0) == '\r' && ahead(t, 1) == '\n';
	t->line += !half;
	t->line_begins = !half;
	t->remark = t->remark && half;
	return copy(t, out, 1);
}

/* --- characters --- */

/* What the next octets are in UTF-8, and how many it takes; 0 octets: nothing. */
static unsigned decode(const struct yaml_text *t, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t lead = (uint8_t)ahead(t, 0);
	unsigned len = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead >= 0xf8 || (lead >= 0x80 && lead < 0xc0) || left(t) < len)
		return 0;
	*character = len == 1 ? lead : lead & (0x7fu >> len);
	for (unsigned i = 1; i < len; i++) {
		uint8_t next = (uint8_t)ahead(t, i);
		if ((next & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (next & 0x3f);
	}
	return *character >= least[len] ? len : 0;
}

/* c-printable of YAML 1.1 and 1.2, but for the character that stands for a colon here. */
static bool is_printable(uint32_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == 0x85 || (c >= 0xa0 && c < 0xd800 && c != 0xfdd0) ||
	       (c >= 0xe000 && c < 0xfffe && c != 0xfdd0) || (c >= 0x10000 && c < 0x110000);
}

static size_t take_character(struct yaml_text *t, char *out)
{
	uint32_t character = 0;
	unsigned len = decode(t, &character);
	if (len && is_printable(character))
		return copy(t, out, len);
	return replace(t, out, len ? len : 1, REPLACEMENT, REPLACEMENT_LEN);
}

/* --- escapes --- */

/* The number in \uXXXX that many octets on; -1: there is none. */
static int32_t escape_at(const struct yaml_text *t, size_t by)
{
	return by < left(t) ? json_text_escape(here(t) + by, t->in + t->len) : -1;
}

static void put_hex(char *out, uint32_t value, unsigned digits)
{
	while (digits--) {
		out[digits] = "0123456789abcdef"[value & 0xf];
		value >>= 4;
	}
}

/* Outside of double quotes a backslash is none, but no text with one is anything that names come from. */
static size_t take_backslash(struct yaml_text *t, char *out)
{
	int32_t first = escape_at(t, 0), second = escape_at(t, 6);
	if (first < 0xd800 || first > 0xdfff) /* \\ at once, so that what follows is no escape */
		return copy(t, out, ahead(t, 1) == '\\' ? 2 : 1);
	if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
		return replace(t, out, 6, "\\ufffd", 6);
	memcpy(out, "\\U", 2);
	put_hex(out + 2, 0x10000 + ((uint32_t)(first & 0x3ff) << 10) + (uint32_t)(second & 0x3ff), 8);
	pass(t, 12);
	return 10;
}

/* --- colons --- */

/* In [a, b::] libyaml takes every colon before a bracket or comma for one that parts a key from its value, and then complains, and in [::1]
 * the first. YAML has none there: such a colon follows a quote, or is followed by a blank. */
static bool is_within_word(const struct yaml_text *t)
{
	char next = ahead(t, 1);
	if (t->before == '"' || t->before == '\'')
		return false;
	if (next == ':')
		return t->before != ']' && t->before != '}';
	return next && strchr(",]}", next) && !is_blank_or_end(t->before) && !strchr("[]{},", t->before);
}

static size_t take_colon(struct yaml_text *t, char *out)
{
	if (!is_within_word(t))
		return copy(t, out, 1);
	t->restore = true;
	return replace(t, out, 1, YAML_COLON, YAML_COLON_LEN);
}

size_t yaml_text_restore(char *text, size_t len)
{
	char *to = memmem(text, len, YAML_COLON, YAML_COLON_LEN);
	const char *from = to, *end = text + len;
	if (!to)
		return len;
	while (from < end) {
		bool colon = end - from >= YAML_COLON_LEN && memcmp(from, YAML_COLON, YAML_COLON_LEN) == 0;
		*to = *from;
		if (colon)
			*to = ':';
		to++;
		from += colon ? YAML_COLON_LEN : 1;
	}
	*to = '\0';
	return (size_t)(to - text);
}

/* --- reading --- */

/* Octets that stand for themselves, whatever is around them. */
static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != ':' && c != '\\';
}

static size_t copy_run(struct yaml_text *t, char *out, size_t cap)
{
	size_t len = 0, most = left(t) < cap ? left(t) : cap;
	while (len < most && is_plain(here(t)[len]))
		len++;
	return len ? copy(t, out, len) : 0;
}

static size_t step(struct yaml_text *t, char *out)
{
	char c = ahead(t, 0);
	if (!t->begun)
		note_content(t, c);
	switch (c) {
	case '\n':
	case '\r':
		return take_break(t, out);
	case '\\':
		return take_backslash(t, out);
	case ':':
		return take_colon(t, out);
	default:
		return take_character(t, out);
	}
}

/* Why the text ended, once. */
static enum err take_error(struct yaml_text *t, struct diag *d)
{
	enum err err = t->err;
	t->err = OK;
	d->line = err ? t->line : d->line;
	return err ? diag_set(d, err, "%s", t->why.text) : OK;
}

enum err yaml_text_read(struct yaml_text *t, char *out, size_t cap, size_t *len, struct diag *d)
{
	*len = 0;
	while (!t->over && cap - *len >= YAML_TEXT_STEP) {
		size_t run;
		fill(t);
		if (!left(t))
			break;
		if (t->line_begins) {
			begin_line(t);
			continue;
		}
		run = t->begun ? copy_run(t, out + *len, cap - *len) : 0;
		*len += run ? run : step(t, out + *len);
	}
	return *len || t->over ? OK : take_error(t, d);
}

enum err yaml_text_next(struct yaml_text *t, bool *more, struct diag *d)
{
	char passed[1024];
	size_t len = 1;
	enum err err = OK;
	while (len && !err)
		err = yaml_text_read(t, passed, sizeof passed, &len, d);
	t->over = t->begun = t->closed = false;
	*more = left(t) > 0;
	return err;
}
