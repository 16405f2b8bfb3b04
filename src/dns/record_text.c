#include "dns/record_text.h"
#include "dns/message.h"
#include "dns/type.h"
#include "dns/wire.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MAX  60  /* octets of a word in an error */
#define STRING_MAX 255 /* octets of a character-string (RFC 1035 3.3) */

#define TYPE_SPF 99
#define TYPE_CAA 257

/* --- words --- */

struct word {
	const char *text;
	size_t len;
	bool quoted;
};

struct scan {
	const char *at, *end;
	bool open; /* within parentheses, a line's end is a blank */
	struct diag *d;
};

enum scanned { SCAN_WORD, SCAN_END, SCAN_WRONG };

static enum err wrong(struct scan *s, const char *what, const struct word *w)
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
			return end_line(s);
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
static enum scanned next(struct scan *s, struct word *w)
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

static enum err want(struct scan *s, const char *what, struct word *w)
{
	*w = (struct word){"", 0, false};
	switch (next(s, w)) {
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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool read_number(const struct word *w, uint32_t max, uint32_t *number)
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
static bool read_seconds(const struct word *w, uint32_t *seconds)
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
static bool read_octet(const struct word *w, size_t *at, uint8_t *octet)
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
	if (w->len - *at < 4 || !read_number(&digits, UINT8_MAX, &number))
		return false;
	*octet = (uint8_t)number;
	*at += 4;
	return true;
}

static enum err read_name(struct scan *s, const struct word *w, struct name *n)
{
	enum err err;
	if (w->len == 1 && *w->text == '@') {
		name_root(n);
		return OK;
	}
	err = w->quoted ? ERR_SYNTAX : name_from_text(n, w->text, w->len);
	return err ? wrong(s, "a name", w) : OK;
}

/* --- rdata --- */

/* How the rdata of a type is written. n: a name; 1, 2, 4: a number of so many octets; t: seconds; a: an IPv4 address; 6: an IPv6 one; s: a
 * character-string; S: one or more of these, longer ones cut; g: a tag, a character-string of letters and digits; v: octets up to the end. */
static const char *form_of(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
		return "a";
	case DNS_TYPE_AAAA:
		return "6";
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case DNS_TYPE_DNAME:
		return "n";
	case DNS_TYPE_MX:
	case DNS_TYPE_AFSDB:
	case DNS_TYPE_KX:
		return "2n";
	case DNS_TYPE_SRV:
		return "222n";
	case DNS_TYPE_TXT:
	case TYPE_SPF:
		return "S";
	case DNS_TYPE_SOA:
		return "nn4tttt";
	case DNS_TYPE_HINFO:
		return "ss";
	case DNS_TYPE_RP:
		return "nn";
	case DNS_TYPE_NAPTR:
		return "22sssn";
	case TYPE_CAA:
		return "1gv";
	default:
		return NULL;
	}
}

static enum err put_name(struct scan *s, const struct word *w, struct wire_writer *out)
{
	struct name n;
	enum err err = read_name(s, w, &n);
	if (!err)
		wire_put_name(out, &n);
	return err;
}

static enum err put_number(struct scan *s, const struct word *w, char size, struct wire_writer *out)
{
	uint32_t n, max = size == '1' ? UINT8_MAX : size == '2' ? UINT16_MAX : UINT32_MAX;
	if (!read_number(w, max, &n))
		return wrong(s, size == '1' ? "a number up to 255" : size == '2' ? "a number up to 65535" : "a number up to 4294967295", w);
	if (size == '4')
		wire_put_u32(out, n);
	else if (size == '2')
		wire_put_u16(out, (uint16_t)n);
	else
		wire_put_bytes(out, &(uint8_t){(uint8_t)n}, 1);
	return OK;
}

static enum err put_seconds(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint32_t seconds;
	if (!read_seconds(w, &seconds))
		return wrong(s, "a number of seconds", w);
	wire_put_u32(out, seconds);
	return OK;
}

static enum err put_v4(struct scan *s, const struct word *w, struct wire_writer *out)
{
	struct addr a;
	if (addr_parse(w->text, w->len, &a) || a.family != ADDR_V4 || memchr(w->text, ':', w->len))
		return wrong(s, "an IPv4 address", w);
	wire_put_bytes(out, a.octets, 4);
	return OK;
}

/* An IPv4 address within an IPv6 one stays one (::ffff:192.0.2.1). */
static enum err put_v6(struct scan *s, const struct word *w, struct wire_writer *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct addr a;
	if (!memchr(w->text, ':', w->len) || addr_parse(w->text, w->len, &a))
		return wrong(s, "an IPv6 address", w);
	if (a.family == ADDR_V4)
		wire_put_bytes(out, mapped, sizeof mapped);
	wire_put_bytes(out, a.octets, addr_len(&a));
	return OK;
}

static enum err put_octets(struct scan *s, const struct word *w, struct wire_writer *out)
{
	for (size_t at = 0; at < w->len;) {
		uint8_t octet;
		if (!read_octet(w, &at, &octet))
			return wrong(s, "an escape as in \\\" or \\034", w);
		wire_put_bytes(out, &octet, 1);
	}
	return OK;
}

/* One character-string; with `cut`, as many as it takes. */
static enum err put_string(struct scan *s, const struct word *w, bool cut, struct wire_writer *out)
{
	size_t at = 0;
	do {
		size_t length_at = out->len;
		unsigned len = 0;
		wire_put_bytes(out, "", 1);
		for (; at < w->len && len < STRING_MAX; len++) {
			uint8_t octet;
			if (!read_octet(w, &at, &octet))
				return wrong(s, "an escape as in \\\" or \\034", w);
			wire_put_bytes(out, &octet, 1);
		}
		if (!out->overflow)
			out->bytes[length_at] = (uint8_t)len;
		if (at < w->len && !cut)
			return wrong(s, "a text of at most 255 octets", w);
	} while (at < w->len && !out->overflow);
	return OK;
}

static bool is_tag(const struct word *w)
{
	for (size_t i = 0; i < w->len; i++) {
		if (!is_digit(w->text[i]) && ((w->text[i] | 0x20) < 'a' || (w->text[i] | 0x20) > 'z'))
			return false;
	}
	return w->len > 0 && w->len <= STRING_MAX;
}

static enum err put_strings(struct scan *s, const struct word *first, struct wire_writer *out)
{
	struct word w = *first;
	enum scanned found = SCAN_WORD;
	while (found == SCAN_WORD) {
		enum err err = put_string(s, &w, true, out);
		if (err)
			return err;
		found = next(s, &w);
	}
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

static enum err put_field(struct scan *s, const struct word *w, char form, struct wire_writer *out)
{
	switch (form) {
	case 'n':
		return put_name(s, w, out);
	case 't':
		return put_seconds(s, w, out);
	case 'a':
		return put_v4(s, w, out);
	case '6':
		return put_v6(s, w, out);
	case 's':
		return put_string(s, w, false, out);
	case 'S':
		return put_strings(s, w, out);
	case 'g':
		return is_tag(w) ? put_string(s, w, false, out) : wrong(s, "a tag of letters and digits", w);
	case 'v':
		return put_octets(s, w, out);
	default:
		return put_number(s, w, form, out);
	}
}

static const char *what_of(char form)
{
	switch (form) {
	case 'n':
		return "a name";
	case 'a':
	case '6':
		return "an address";
	case 's':
	case 'S':
	case 'v':
		return "a text";
	case 'g':
		return "a tag";
	default:
		return "a number";
	}
}

static enum err put_fields(struct scan *s, const char *form, const struct word *first, struct wire_writer *out)
{
	struct word w = *first;
	for (; *form; form++) {
		enum err err = put_field(s, &w, *form, out);
		if (!err && form[1])
			err = want(s, what_of(form[1]), &w);
		if (err)
			return err;
	}
	return OK;
}

/* --- as RFC 3597 has it --- */

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits may be parted anywhere, also between the two of an octet. */
static enum err put_hex(struct scan *s, struct wire_writer *out, size_t *digits)
{
	struct word w;
	enum scanned found;
	unsigned octet = 0;
	for (*digits = 0; (found = next(s, &w)) == SCAN_WORD;) {
		for (size_t i = 0; i < w.len; i++, ++*digits) {
			int digit = hex_digit(w.text[i]);
			if (digit < 0)
				return wrong(s, "an even number of hexadecimal digits", &w);
			octet = octet << 4 | (unsigned)digit;
			if (*digits % 2)
				wire_put_bytes(out, &(uint8_t){(uint8_t)octet}, 1);
		}
	}
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

static enum err put_generic(struct scan *s, struct wire_writer *out)
{
	struct word w;
	uint32_t len;
	size_t digits;
	enum err err = want(s, "the number of octets", &w);
	if (err)
		return err;
	if (!read_number(&w, UINT16_MAX, &len))
		return wrong(s, "the number of octets", &w);
	err = put_hex(s, out, &digits);
	if (err || digits == 2 * (size_t)len)
		return err;
	return diag_set(s->d, ERR_SYNTAX, "there are %zu hexadecimal digits, and should be %zu", digits, 2 * (size_t)len);
}

/* Octets at the front of what is left that are one field; 0: none is. */
static size_t field_len(char form, const uint8_t *at, size_t left)
{
	struct name n;
	switch (form) {
	case 'n':
		return name_from_wire(&n, at, left);
	case '1':
		return 1;
	case '2':
		return 2;
	case 'a':
	case '4':
	case 't':
		return 4;
	case '6':
		return 16;
	case 'v':
		return left;
	default:
		return left ? 1u + *at : 0;
	}
}

/* What was written in digits is rdata of its type. */
static bool has_form(const char *form, const uint8_t *rdata, size_t len)
{
	size_t at = 0;
	for (; *form; form += *form != 'S' || at == len) {
		size_t field = field_len(*form, rdata + at, len - at);
		if (*form == 'v')
			return true;
		if (!field || field > len - at)
			return false;
		at += field;
	}
	return at == len;
}

/* --- a line --- */

static bool read_class(const struct word *w, uint16_t *rclass)
{
	static const struct {
		const char *name;
		uint16_t number;
	} classes[] = {{"IN", 1}, {"CS", 2}, {"CH", 3}, {"HS", 4}, {"NONE", 254}, {"ANY", 255}};
	struct word number;
	uint32_t n;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (strlen(classes[i].name) == w->len && strncasecmp(w->text, classes[i].name, w->len) == 0) {
			*rclass = classes[i].number;
			return true;
		}
	}
	if (w->len < 6 || strncasecmp(w->text, "CLASS", 5) != 0)
		return false;
	number = (struct word){w->text + 5, w->len - 5, false};
	if (!read_number(&number, UINT16_MAX, &n))
		return false;
	*rclass = (uint16_t)n;
	return true;
}

static bool read_type(const struct word *w, uint16_t *type)
{
	char text[TYPE_TEXT_MAX];
	if (w->len >= sizeof text || memchr(w->text, '\0', w->len))
		return false;
	for (size_t i = 0; i < w->len; i++)
		text[i] = (char)toupper((unsigned char)w->text[i]);
	text[w->len] = '\0';
	return type_from_text(text, type);
}

/* [TTL] [CLASS] TYPE */
static enum err read_head(struct scan *s, struct record_text *out)
{
	bool has_ttl = false, has_class = false;
	for (;;) {
		struct word w;
		enum err err = want(s, "a type of record", &w);
		if (err)
			return err;
		if (w.quoted)
			return wrong(s, "a type of record", &w);
		if (!has_ttl && read_seconds(&w, &out->ttl_s))
			has_ttl = true;
		else if (!has_class && read_class(&w, &out->rclass))
			has_class = true;
		else
			return read_type(&w, &out->type) ? OK : wrong(s, "a type of record", &w);
	}
}

static enum err read_rdata(struct scan *s, struct record_text *out)
{
	const char *form = form_of(out->type);
	struct wire_writer w = {.bytes = out->rdata, .limit = sizeof out->rdata};
	char type[TYPE_TEXT_MAX];
	struct word first;
	enum err err = want(s, form ? what_of(*form) : "\\# LENGTH HEX", &first);
	if (err)
		return err;
	type_to_text(out->type, type);
	bool generic = !first.quoted && first.len == 2 && memcmp(first.text, "\\#", 2) == 0;
	if (!generic && !form)
		return diag_set(s->d, ERR_SYNTAX, "rdata of %s is read as \\# LENGTH HEX only (RFC 3597)", type);
	err = generic ? put_generic(s, &w) : put_fields(s, form, &first, &w);
	if (err)
		return err;
	if (w.overflow)
		return diag_set(s->d, ERR_RANGE, "there are more than %u octets of rdata", RECORD_TEXT_RDATA_MAX);
	out->rdata_len = (uint16_t)w.len;
	if (generic && form && !has_form(form, out->rdata, w.len))
		return diag_set(s->d, ERR_SYNTAX, "these octets are no rdata of %s", type);
	return OK;
}

/* Types that stand in questions, or in one message only, are nobody's data. */
static bool is_data(uint16_t type)
{
	return type && type != DNS_TYPE_OPT && (type < DNS_TYPE_TSIG - 1 || type > DNS_TYPE_ANY);
}

enum err record_from_text(const char *text, size_t len, struct record_text *out, struct diag *d)
{
	struct scan s = {.at = text, .end = text + len, .d = d};
	struct word w;
	enum scanned rest;
	enum err err = want(&s, "a record", &w);
	out->ttl_s = RECORD_TEXT_TTL_S;
	out->rclass = DNS_CLASS_IN;
	if (!err)
		err = read_name(&s, &w, &out->owner);
	if (!err)
		err = read_head(&s, out);
	if (!err && !is_data(out->type))
		err = diag_set(d, ERR_SYNTAX, "there are no records of this type");
	if (!err)
		err = read_rdata(&s, out);
	if (err)
		return err;
	rest = next(&s, &w);
	if (rest == SCAN_WORD)
		return wrong(&s, "the end of the line", &w);
	return rest == SCAN_END ? OK : ERR_SYNTAX;
}
