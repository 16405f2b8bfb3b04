/* How Go's package fmt prints the values that templates have. */
#include "template_value.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 80   /* of a number in base 2 with its mark */
#define NUMBER_MAX 4096 /* a width or a precision: no record is as long */

/* %[flags][width][.precision]verb */
struct format {
	bool minus, plus, sharp, space, zero;
	bool has_precision;
	size_t width, precision;
	char verb;
};

void value_put(struct value_writer *w, const char *bytes, size_t len)
{
	w->overflow |= len > w->cap - w->len;
	if (w->overflow || !len)
		return;
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static void put_text(struct value_writer *w, const char *text)
{
	value_put(w, text, strlen(text));
}

static void put_many(struct value_writer *w, char c, size_t count)
{
	for (size_t i = 0; i < count && !w->overflow; i++)
		value_put(w, &c, 1);
}

/* Octets that begin a character of UTF-8. */
static size_t count_characters(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((uint8_t)text[i] & 0xc0) != 0x80;
	return n;
}

static void put_padded(struct value_writer *w, const struct format *f, const char *text, size_t len)
{
	const size_t taken = count_characters(text, len), more = f->width > taken ? f->width - taken : 0;
	if (!f->minus)
		put_many(w, f->zero ? '0' : ' ', more);
	value_put(w, text, len);
	if (f->minus)
		put_many(w, ' ', more);
}

static const char *type_of(const struct value *a)
{
	switch (a->kind) {
	case VALUE_BOOL:
		return "bool";
	case VALUE_INT:
		return "int";
	case VALUE_UINT:
		return a->bits == 8 ? "uint8" : a->bits == 16 ? "uint16" : "uint64";
	case VALUE_TEXT:
		return "string";
	case VALUE_MATCH:
		return "[]string";
	case VALUE_GROUP:
		return "map[string]string";
	case VALUE_NONE:
	case VALUE_NIL:
		return "<nil>";
	case VALUE_ROOT:
		return "*template.templateData";
	case VALUE_QUESTION:
		return "*dns.Question";
	case VALUE_QUESTIONS:
		return "[]dns.Question";
	case VALUE_MESSAGE:
		return "*dns.Msg";
	}
	return "";
}

static void put_value(struct value_writer *w, const struct template_values *v, const struct format *f, const struct value *a);

static void put_bad_verb(struct value_writer *w, const struct template_values *v, const struct format *f, const struct value *a)
{
	struct format plain = *f; /* with all that was said but the verb */
	plain.verb = 'v';
	put_text(w, "%!");
	value_put(w, &f->verb, 1);
	put_text(w, "(");
	put_text(w, type_of(a));
	if (a->kind != VALUE_NIL && a->kind != VALUE_NONE) {
		put_text(w, "=");
		put_value(w, v, &plain, a);
	}
	put_text(w, ")");
}

/* --- numbers --- */

static unsigned base_of(char verb)
{
	switch (verb) {
	case 'b':
		return 2;
	case 'o':
	case 'O':
		return 8;
	case 'd':
	case 'v':
		return 10;
	case 'x':
	case 'X':
		return 16;
	default:
		return 0;
	}
}

/* The digits, from the end of the room on; returns where they begin. */
static size_t write_digits(char room[DIGITS_MAX], uint64_t n, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t at = DIGITS_MAX;
	do {
		room[--at] = digits[n % base];
		n /= base;
	} while (n);
	return at;
}

static const char *mark_of(const struct format *f, bool leads_with_zero)
{
	if (f->verb == 'O')
		return "0o";
	if (!f->sharp)
		return "";
	switch (f->verb) {
	case 'b':
		return "0b";
	case 'o':
		return leads_with_zero ? "" : "0";
	case 'x':
		return "0x";
	case 'X':
		return "0X";
	default:
		return "";
	}
}

static void put_number(struct value_writer *w, const struct format *f, bool minus, uint64_t n)
{
	char room[DIGITS_MAX];
	const unsigned base = base_of(f->verb) ? base_of(f->verb) : 10;
	size_t at = write_digits(room, n, base, f->verb == 'X'), digits = DIGITS_MAX - at, zeros = 0, marks;
	const char *sign = minus ? "-" : f->plus ? "+" : f->space ? " " : "", *mark;
	if (f->has_precision) {
		if (!f->precision && !n) { /* as C has it, too */
			put_many(w, ' ', f->width);
			return;
		}
		zeros = f->precision > digits ? f->precision - digits : 0;
	} else if (f->zero && !f->minus && f->width) {
		size_t taken = digits + strlen(sign);
		zeros = f->width > taken ? f->width - taken : 0;
	}
	mark = mark_of(f, zeros > 0 || room[at] == '0');
	marks = digits + zeros + strlen(sign) + strlen(mark);
	if (!f->minus)
		put_many(w, ' ', f->width > marks ? f->width - marks : 0);
	put_text(w, sign);
	put_text(w, mark);
	put_many(w, '0', zeros);
	value_put(w, room + at, digits);
	if (f->minus)
		put_many(w, ' ', f->width > marks ? f->width - marks : 0);
}

/* UTF-8; what is no character is U+FFFD. */
static size_t write_character(char out[4], bool minus, uint64_t n)
{
	if (minus || n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
		n = 0xfffd;
	if (n < 0x80) {
		out[0] = (char)n;
		return 1;
	}
	if (n < 0x800) {
		out[0] = (char)(0xc0 | n >> 6);
		out[1] = (char)(0x80 | (n & 63));
		return 2;
	}
	if (n < 0x10000) {
		out[0] = (char)(0xe0 | n >> 12);
		out[1] = (char)(0x80 | (n >> 6 & 63));
		out[2] = (char)(0x80 | (n & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | n >> 18);
	out[1] = (char)(0x80 | (n >> 12 & 63));
	out[2] = (char)(0x80 | (n >> 6 & 63));
	out[3] = (char)(0x80 | (n & 63));
	return 4;
}

static void put_integer(struct value_writer *w, const struct template_values *v, const struct format *f, const struct value *a)
{
	const bool minus = a->kind == VALUE_INT && a->number < 0;
	const uint64_t n = a->kind == VALUE_UINT ? a->count : minus ? 0 - (uint64_t)a->number : (uint64_t)a->number;
	char bytes[4];
	if (f->verb == 'c')
		put_padded(w, f, bytes, write_character(bytes, minus, n));
	else if (base_of(f->verb))
		put_number(w, f, minus, n);
	else
		put_bad_verb(w, v, f, a);
}

/* --- texts --- */

static void put_hex(struct value_writer *w, const struct format *f, const char *text, size_t len)
{
	const char *digits = f->verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char room[5 * NUMBER_MAX];
	size_t n = 0;
	if (f->has_precision && f->precision < len)
		len = f->precision;
	for (size_t i = 0; i < len && n + 5 <= sizeof room; i++) {
		if (i && f->space)
			room[n++] = ' ';
		if (f->sharp && (!i || f->space)) {
			room[n++] = '0';
			room[n++] = f->verb;
		}
		room[n++] = digits[(uint8_t)text[i] >> 4];
		room[n++] = digits[(uint8_t)text[i] & 15];
	}
	put_padded(w, f, room, n);
}

/* As a string constant; names and records have no other characters than those of ASCII that need an escape. */
static void put_quoted(struct value_writer *w, const struct format *f, const char *text, size_t len)
{
	char room[4 * NUMBER_MAX + 2];
	struct value_writer q = {room, 0, sizeof room, false};
	value_put(&q, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		static const char plain[] = "\"\\\n\r\t\a\b\f\v", letters[] = "\"\\nrtabfv";
		const char *special = text[i] ? strchr(plain, text[i]) : NULL;
		char escape[5];
		if (special) {
			put_text(&q, "\\");
			value_put(&q, &letters[special - plain], 1);
		} else if ((uint8_t)text[i] < ' ' || text[i] == 0x7f) {
			snprintf(escape, sizeof escape, "\\x%02x", (uint8_t)text[i]);
			put_text(&q, escape);
		} else {
			value_put(&q, &text[i], 1);
		}
	}
	value_put(&q, "\"", 1);
	w->overflow |= q.overflow;
	put_padded(w, f, room, q.len);
}

static size_t cut_characters(const struct format *f, const char *text, size_t len)
{
	size_t at = 0, n = 0;
	if (!f->has_precision)
		return len;
	for (; at < len; at++) {
		n += ((uint8_t)text[at] & 0xc0) != 0x80;
		if (n > f->precision)
			break;
	}
	return at;
}

static void put_string(struct value_writer *w, const struct template_values *v, const struct format *f, const struct value *a)
{
	switch (f->verb) {
	case 'v':
	case 's':
		put_padded(w, f, a->text, cut_characters(f, a->text, a->len));
		break;
	case 'x':
	case 'X':
		put_hex(w, f, a->text, a->len);
		break;
	case 'q':
		put_quoted(w, f, a->text, cut_characters(f, a->text, a->len));
		break;
	default:
		put_bad_verb(w, v, f, a);
		break;
	}
}

/* --- all --- */

static void put_list(struct value_writer *w, const struct template_values *v, const struct format *f, const struct value *a)
{
	put_text(w, "[");
	for (size_t i = 0; i < a->to - a->from; i++) {
		const struct value element = value_element(v, a, i);
		put_text(w, i ? " " : "");
		put_value(w, v, f, &element);
	}
	put_text(w, "]");
}

static void put_map(struct value_writer *w, const struct template_values *v, const struct format *f)
{
	struct value_key key = {.given = NULL};
	put_text(w, "map[");
	for (bool first = true; !w->overflow && value_key_next(v, &key); first = false) {
		const char *text = key.given ? key.given : key.digits;
		const struct value name = value_text(text, strlen(text)), element = value_key_group(v, &key);
		put_text(w, first ? "" : " ");
		put_value(w, v, f, &name);
		put_text(w, ":");
		put_value(w, v, f, &element);
	}
	put_text(w, "]");
}

static void put_value(struct value_writer *w, const struct template_values *v, const struct format *f, const struct value *a)
{
	const char *truth = a->truth ? "true" : "false";
	if (f->verb == 'T') {
		const struct format padding = {.minus = f->minus, .width = f->width, .verb = 's'};
		put_padded(w, &padding, type_of(a), strlen(type_of(a)));
		return;
	}
	switch (a->kind) {
	case VALUE_NONE:
	case VALUE_NIL:
		if (f->verb == 'v')
			put_padded(w, f, "<nil>", 5);
		else
			put_bad_verb(w, v, f, a);
		break;
	case VALUE_BOOL:
		if (f->verb == 'v' || f->verb == 't')
			put_padded(w, f, truth, strlen(truth));
		else
			put_bad_verb(w, v, f, a);
		break;
	case VALUE_INT:
	case VALUE_UINT:
		put_integer(w, v, f, a);
		break;
	case VALUE_TEXT:
		put_string(w, v, f, a);
		break;
	case VALUE_MATCH:
		put_list(w, v, f, a);
		break;
	case VALUE_GROUP:
		put_map(w, v, f);
		break;
	case VALUE_ROOT:
	case VALUE_QUESTION:
	case VALUE_QUESTIONS:
	case VALUE_MESSAGE:
		put_text(w, "{");
		put_text(w, type_of(a));
		put_text(w, "}");
		break;
	}
}

void value_put_plain(struct value_writer *w, const struct template_values *v, const struct value *a)
{
	static const struct format plain = {.verb = 'v'};
	if (a->kind == VALUE_NONE)
		put_text(w, "<no value>");
	else
		put_value(w, v, &plain, a);
}

void value_print(struct value_writer *w, const struct template_values *v, const struct value *args, unsigned count, bool line)
{
	static const struct format plain = {.verb = 'v'};
	for (unsigned i = 0; i < count; i++) {
		/* print has a blank only between two that are no texts */
		if (i && (line || (args[i - 1].kind != VALUE_TEXT && args[i].kind != VALUE_TEXT)))
			put_text(w, " ");
		put_value(w, v, &plain, &args[i]);
	}
	put_text(w, line ? "\n" : "");
}

/* --- printf --- */

struct printing {
	const char *at, *end;
	const struct value *args;
	unsigned count, next;
	bool indexed; /* an argument was named by its number: those that are left over are none too many */
	bool bad_index;
};

static bool read_number(struct printing *p, size_t *number)
{
	const char *begin = p->at;
	*number = 0;
	while (p->at < p->end && *p->at >= '0' && *p->at <= '9' && *number <= NUMBER_MAX)
		*number = *number * 10 + (size_t)(*p->at++ - '0');
	return p->at > begin;
}

static void read_flags(struct printing *p, struct format *f)
{
	for (; p->at < p->end; p->at++) {
		switch (*p->at) {
		case '-':
			f->minus = true;
			f->zero = false;
			break;
		case '+':
			f->plus = true;
			break;
		case '#':
			f->sharp = true;
			break;
		case ' ':
			f->space = true;
			break;
		case '0':
			f->zero = !f->minus;
			break;
		default:
			return;
		}
	}
}

/* "[3]": the next argument. */
static void read_index(struct printing *p)
{
	const char *close = p->at < p->end && *p->at == '[' ? memchr(p->at, ']', (size_t)(p->end - p->at)) : NULL;
	size_t n;
	if (p->at == p->end || *p->at != '[')
		return;
	p->indexed = true;
	p->at++;
	if (!close) {
		p->bad_index = true;
		return;
	}
	if (read_number(p, &n) && p->at == close && n >= 1 && n <= p->count)
		p->next = (unsigned)n - 1;
	else
		p->bad_index = true;
	p->at = close + 1;
}

/* "12", or "*": as the next argument says. False: it says none. */
static bool read_width(struct printing *p, struct format *f, size_t *width, bool *given)
{
	*given = true;
	read_index(p);
	if (p->at < p->end && *p->at == '*') {
		const struct value *a = p->next < p->count ? &p->args[p->next++] : NULL;
		const bool counts = a && a->kind == VALUE_UINT, minus = a && a->kind == VALUE_INT && a->number < 0;
		p->at++;
		if (!counts && (!a || a->kind != VALUE_INT || a->number > NUMBER_MAX || a->number < -NUMBER_MAX))
			return false;
		*width = counts ? (size_t)a->count : (size_t)(minus ? -a->number : a->number);
		f->minus |= minus;
		return true;
	}
	*given = read_number(p, width);
	return true;
}

static void put_verb(struct value_writer *w, const struct template_values *v, struct printing *p, struct format *f)
{
	f->verb = *p->at++;
	if (f->verb == '%') {
		put_text(w, "%");
	} else if (p->bad_index || p->next >= p->count) {
		put_text(w, "%!");
		value_put(w, &f->verb, 1);
		put_text(w, p->bad_index ? "(BADINDEX)" : "(MISSING)");
	} else {
		put_value(w, v, f, &p->args[p->next++]);
	}
}

static enum err put_directive(struct value_writer *w, const struct template_values *v, struct printing *p, struct diag *d)
{
	struct format f = {0};
	bool given;
	p->bad_index = false;
	read_flags(p, &f);
	if (!read_width(p, &f, &f.width, &given))
		put_text(w, "%!(BADWIDTH)");
	if (p->at < p->end && *p->at == '.') {
		p->at++;
		f.has_precision = true;
		if (!read_width(p, &f, &f.precision, &given))
			put_text(w, "%!(BADPREC)");
	}
	read_index(p);
	if (f.width > NUMBER_MAX || f.precision > NUMBER_MAX)
		return diag_set(d, ERR_RANGE, "printf: a width is more than %d", NUMBER_MAX);
	if (p->at == p->end)
		put_text(w, "%!(NOVERB)");
	else if ((uint8_t)*p->at >= 0x80 || strchr("eEfFgGpUw", *p->at))
		return diag_set(d, ERR_SYNTAX, "printf: headns has no %%%c", *p->at);
	else if ((f.sharp && strchr("qv", *p->at)) || (f.plus && *p->at == 'q'))
		return diag_set(d, ERR_SYNTAX, "printf: headns has no %%%c%c", f.sharp ? '#' : '+', *p->at);
	else
		put_verb(w, v, p, &f);
	return OK;
}

static void put_extra(struct value_writer *w, const struct template_values *v, const struct printing *p)
{
	static const struct format plain = {.verb = 'v'};
	if (p->indexed || p->next >= p->count)
		return;
	put_text(w, "%!(EXTRA ");
	for (unsigned i = p->next; i < p->count; i++) {
		put_text(w, i > p->next ? ", " : "");
		put_text(w, type_of(&p->args[i]));
		if (p->args[i].kind == VALUE_NIL || p->args[i].kind == VALUE_NONE)
			continue;
		put_text(w, "=");
		put_value(w, v, &plain, &p->args[i]);
	}
	put_text(w, ")");
}

enum err value_printf(struct value_writer *w, const struct template_values *v, const struct value *args, unsigned count, struct diag *d)
{
	struct printing p;
	if (!count || args[0].kind != VALUE_TEXT)
		return diag_set(d, ERR_SYNTAX, "printf: a text is wanted first");
	p = (struct printing){.at = args[0].text, .end = args[0].text + args[0].len, .args = args + 1, .count = count - 1};
	while (p.at < p.end && !w->overflow) {
		const char *mark = memchr(p.at, '%', (size_t)(p.end - p.at));
		enum err err;
		value_put(w, p.at, (size_t)((mark ? mark : p.end) - p.at));
		if (!mark)
			break;
		p.at = mark + 1;
		err = put_directive(w, v, &p, d);
		if (err)
			return err;
	}
	put_extra(w, v, &p);
	return OK;
}
