/* What templates do with values, as Go's text/template does it. */
#include "template_value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_MAX  36
#define BITS_MAX  64
#define SHOWN_MAX 60

struct value value_text(const char *text, size_t len)
{
	return (struct value){.kind = VALUE_TEXT, .text = text, .len = len};
}

struct value value_int(int64_t n)
{
	return (struct value){.kind = VALUE_INT, .number = n};
}

struct value value_bool(bool truth)
{
	return (struct value){.kind = VALUE_BOOL, .truth = truth};
}

static struct value uint_of(uint64_t n, unsigned bits)
{
	return (struct value){.kind = VALUE_UINT, .count = n, .bits = bits};
}

static struct value text_of(const char *text)
{
	return value_text(text, strlen(text));
}

/* --- groups --- */

static unsigned group_count(const struct template_values *v)
{
	return v->re ? regexp_groups(v->re) + 1 : 1;
}

static struct value group_at(const struct template_values *v, unsigned n)
{
	const char *part = v->name;
	size_t len = strlen(v->name);
	if (v->re)
		regexp_part(v->match, n, &part, &len);
	return value_text(part, len);
}

/* Go's keys are as strconv.Itoa writes them. */
static bool read_key(const char *name, size_t len, unsigned *n)
{
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		*n = *n * 10 + (unsigned)(name[i] - '0');
	}
	return len && len <= 3 && (len == 1 || name[0] != '0');
}

struct value value_group(const struct template_values *v, const char *name, size_t len)
{
	unsigned n = 0;
	for (unsigned i = 1; v->re && i <= regexp_groups(v->re); i++) {
		const char *given = regexp_group_name(v->re, i);
		if (given && strlen(given) == len && memcmp(given, name, len) == 0)
			n = i; /* the last one counts */
	}
	if (n || (read_key(name, len, &n) && n < group_count(v)))
		return group_at(v, n);
	return (struct value){.kind = VALUE_NONE};
}

static const char *key_text(const struct value_key *key)
{
	return key->given ? key->given : key->digits;
}

/* Takes the other key in best's place, if it stands between the last one and that. */
static void take_nearer(struct value_key *best, bool *found, const struct value_key *last, const struct value_key *other)
{
	if (strcmp(key_text(other), key_text(last)) <= 0 || (*found && strcmp(key_text(other), key_text(best)) >= 0))
		return;
	*best = *other;
	*found = true;
}

bool value_key_next(const struct template_values *v, struct value_key *key)
{
	struct value_key best = {.given = NULL};
	bool found = false;
	for (unsigned i = 0; i < group_count(v); i++) {
		struct value_key number = {.given = NULL};
		const struct value_key name = {.given = v->re ? regexp_group_name(v->re, i) : NULL};
		snprintf(number.digits, sizeof number.digits, "%u", i);
		take_nearer(&best, &found, key, &number);
		if (name.given)
			take_nearer(&best, &found, key, &name);
	}
	if (found)
		*key = best;
	return found;
}

struct value value_key_group(const struct template_values *v, const struct value_key *key)
{
	return value_group(v, key_text(key), strlen(key_text(key)));
}

static size_t key_count(const struct template_values *v)
{
	struct value_key key = {.given = NULL};
	size_t n = 0;
	while (value_key_next(v, &key))
		n++;
	return n;
}

/* --- what they are --- */

bool value_len(const struct template_values *v, const struct value *a, size_t *len)
{
	switch (a->kind) {
	case VALUE_TEXT:
		*len = a->len;
		return true;
	case VALUE_MATCH:
		*len = a->to - a->from;
		return true;
	case VALUE_GROUP:
		*len = key_count(v);
		return true;
	case VALUE_QUESTIONS:
		*len = 1;
		return true;
	case VALUE_NONE:
	case VALUE_NIL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_ROOT:
	case VALUE_QUESTION:
	case VALUE_MESSAGE:
		break;
	}
	return false;
}

bool value_truth(const struct template_values *v, const struct value *a)
{
	size_t len = 0;
	switch (a->kind) {
	case VALUE_NONE:
	case VALUE_NIL:
		return false;
	case VALUE_BOOL:
		return a->truth;
	case VALUE_INT:
		return a->number != 0;
	case VALUE_UINT:
		return a->count != 0;
	case VALUE_TEXT:
	case VALUE_MATCH:
	case VALUE_GROUP:
		return value_len(v, a, &len) && len > 0;
	case VALUE_ROOT:
	case VALUE_QUESTION:
	case VALUE_QUESTIONS:
	case VALUE_MESSAGE:
		break;
	}
	return true;
}

struct value value_element(const struct template_values *v, const struct value *list, size_t i)
{
	if (list->kind == VALUE_MATCH)
		return group_at(v, list->from + (unsigned)i);
	return (struct value){.kind = VALUE_QUESTION};
}

/* --- fields --- */

static bool root_field(const struct template_values *v, const char *name, struct value *out)
{
	const struct {
		const char *name;
		struct value value;
	} fields[] = {
	        {"Name", text_of(v->name)},           {"Zone", text_of(v->zone)},
	        {"Class", text_of(v->rclass)},        {"Type", text_of(v->type)},
	        {"Remote", text_of(v->remote)},       {"Match", {.kind = VALUE_MATCH, .to = group_count(v)}},
	        {"Group", {.kind = VALUE_GROUP}},     {"Question", {.kind = VALUE_QUESTION}},
	        {"Message", {.kind = VALUE_MESSAGE}},
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (strcmp(fields[i].name, name) == 0) {
			*out = fields[i].value;
			return true;
		}
	}
	return false;
}

static bool question_field(const struct template_values *v, const char *name, struct value *out)
{
	if (strcmp(name, "Name") == 0)
		*out = text_of(v->question_name);
	else if (strcmp(name, "Qtype") == 0)
		*out = uint_of(v->qtype, 16);
	else if (strcmp(name, "Qclass") == 0)
		*out = uint_of(v->qclass, 16);
	else
		return false;
	return true;
}

/* The header's, as Go's library has them, and the question. */
static bool message_field(const struct template_values *v, const char *name, struct value *out)
{
	static const struct {
		const char *name;
		uint16_t bit;
	} bits[] = {
	        {"Response", 0x8000},           {"Authoritative", 0x0400}, {"Truncated", 0x0200},         {"RecursionDesired", 0x0100},
	        {"RecursionAvailable", 0x0080}, {"Zero", 0x0040},          {"AuthenticatedData", 0x0020}, {"CheckingDisabled", 0x0010},
	};
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		if (strcmp(bits[i].name, name) == 0) {
			*out = value_bool(v->flags & bits[i].bit);
			return true;
		}
	}
	if (strcmp(name, "Id") == 0)
		*out = uint_of(v->id, 16);
	else if (strcmp(name, "Opcode") == 0)
		*out = value_int(v->flags >> 11 & 15);
	else if (strcmp(name, "Rcode") == 0)
		*out = value_int(v->flags & 15);
	else if (strcmp(name, "Question") == 0)
		*out = (struct value){.kind = VALUE_QUESTIONS};
	else
		return false;
	return true;
}

bool value_field(const struct template_values *v, const struct value *of, const char *name, struct value *out)
{
	switch (of->kind) {
	case VALUE_ROOT:
		return root_field(v, name, out);
	case VALUE_QUESTION:
		return question_field(v, name, out);
	case VALUE_MESSAGE:
		return message_field(v, name, out);
	case VALUE_GROUP:
		*out = value_group(v, name, strlen(name));
		return true;
	case VALUE_NONE:
	case VALUE_NIL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_TEXT:
	case VALUE_MATCH:
	case VALUE_QUESTIONS:
		break;
	}
	return false;
}

/* --- comparing --- */

/* -1, 0, 1, as strcmp(). */
static int order_of(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_TEXT) {
		int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
		return order ? order : (a->len > b->len) - (a->len < b->len);
	}
	if (a->kind == VALUE_BOOL)
		return a->truth - b->truth;
	if (a->kind == VALUE_INT && b->kind == VALUE_INT)
		return (a->number > b->number) - (a->number < b->number);
	if (a->kind == VALUE_UINT && b->kind == VALUE_UINT)
		return (a->count > b->count) - (a->count < b->count);
	if (a->kind == VALUE_INT)
		return a->number < 0 ? -1 : ((uint64_t)a->number > b->count) - ((uint64_t)a->number < b->count);
	return b->number < 0 ? 1 : (a->count > (uint64_t)b->number) - (a->count < (uint64_t)b->number);
}

static bool is_number(const struct value *a)
{
	return a->kind == VALUE_INT || a->kind == VALUE_UINT;
}

static bool is_basic(const struct value *a)
{
	return is_number(a) || a->kind == VALUE_TEXT || a->kind == VALUE_BOOL;
}

static bool is_empty(const struct value *a)
{
	return a->kind == VALUE_NONE || a->kind == VALUE_NIL;
}

/* What there is not is equal to what there is not, and to nothing else. */
static enum err is_equal(const struct value *a, const struct value *b, bool *equal, struct diag *d)
{
	*equal = is_empty(a) && is_empty(b);
	if (is_empty(a) || is_empty(b))
		return OK;
	if (!is_basic(a) || !is_basic(b) || (a->kind != b->kind && !(is_number(a) && is_number(b))))
		return diag_set(d, ERR_SYNTAX, "eq, ne: these two can't be compared");
	*equal = order_of(a, b) == 0;
	return OK;
}

static enum err compare_order(enum template_function f, const struct value *args, struct value *out, struct diag *d)
{
	const struct value *a = &args[0], *b = &args[1];
	int order;
	if (!is_basic(a) || a->kind == VALUE_BOOL || (a->kind != b->kind && !(is_number(a) && is_number(b))))
		return diag_set(d, ERR_SYNTAX, "lt, le, gt, ge: two numbers or two texts are wanted");
	order = order_of(a, b);
	*out = value_bool(f == FUNCTION_LT ? order < 0 : f == FUNCTION_LE ? order <= 0 : f == FUNCTION_GT ? order > 0 : order >= 0);
	return OK;
}

enum err value_compare(enum template_function f, const struct value *args, unsigned count, struct value *out, struct diag *d)
{
	bool equal = false;
	enum err err = OK;
	if (count < 2 || (count > 2 && f != FUNCTION_EQ))
		return diag_set(d, ERR_SYNTAX, "a comparison has the wrong number of values");
	if (f != FUNCTION_EQ && f != FUNCTION_NE)
		return compare_order(f, args, out, d);
	for (unsigned i = 1; i < count && !err && !equal; i++)
		err = is_equal(&args[0], &args[i], &equal, d);
	*out = value_bool(equal == (f == FUNCTION_EQ));
	return err;
}

/* --- index, slice --- */

/* A place in what has len elements; last: behind the last one is a place, too. */
static enum err read_place(const struct value *a, size_t len, bool last, size_t *place, struct diag *d)
{
	if (!is_number(a))
		return diag_set(d, ERR_SYNTAX, "index, slice: a number is wanted");
	*place = a->kind == VALUE_INT ? (size_t)a->number : (size_t)a->count;
	if ((a->kind == VALUE_INT && a->number < 0) || *place > len || (*place == len && !last))
		return diag_set(d, ERR_RANGE, "index, slice: there is no element %zd of %zu", (ssize_t)*place, len);
	return OK;
}

enum err value_index(const struct template_values *v, const struct value *args, unsigned count, struct value *out, struct diag *d)
{
	struct value at = count ? args[0] : (struct value){.kind = VALUE_NONE};
	if (!count || is_empty(&at))
		return diag_set(d, ERR_SYNTAX, "index: of nothing");
	for (unsigned i = 1; i < count; i++) {
		size_t len, place = 0;
		enum err err;
		if (at.kind == VALUE_GROUP && args[i].kind == VALUE_TEXT) {
			at = value_group(v, args[i].text, args[i].len);
			at = at.kind == VALUE_NONE ? value_text("", 0) : at;
			continue;
		}
		if (at.kind == VALUE_GROUP || !value_len(v, &at, &len))
			return diag_set(d, ERR_SYNTAX, "index: this has no such element");
		err = read_place(&args[i], len, false, &place, d);
		if (err)
			return err;
		at = at.kind == VALUE_TEXT ? uint_of((uint8_t)at.text[place], 8) : value_element(v, &at, place);
	}
	*out = at;
	return OK;
}

enum err value_slice(const struct template_values *v, const struct value *args, unsigned count, struct value *out, struct diag *d)
{
	size_t places[3] = {0}, len;
	enum err err = OK;
	if (!count || count > 4 || (args[0].kind != VALUE_TEXT && args[0].kind != VALUE_MATCH) || (args[0].kind == VALUE_TEXT && count > 3))
		return diag_set(d, ERR_SYNTAX, "slice: a text or a list, and places in it, are wanted");
	value_len(v, &args[0], &len);
	places[1] = len;
	for (unsigned i = 1; i < count && !err; i++)
		err = read_place(&args[i], len, true, &places[i - 1], d);
	if (!err && (places[0] > places[1] || (count == 4 && places[1] > places[2])))
		err = diag_set(d, ERR_RANGE, "slice: the end stands before the begin");
	if (err)
		return err;
	*out = args[0];
	if (out->text)
		out->text += places[0];
	out->len = places[1] - places[0];
	out->to = args[0].from + (unsigned)places[1];
	out->from += (unsigned)places[0];
	return OK;
}

/* --- parseInt --- */

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 10 : BASE_MAX;
}

/* "0x1f", "0b1", "0o7", "07", "12": the base, and the digits behind its mark. */
static uint64_t cut_base(const char **text, size_t *len)
{
	uint64_t base = 10;
	size_t mark = 0;
	if (*len > 1 && **text == '0') {
		char c = (char)((*text)[1] | 0x20);
		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		mark = c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	*text += mark;
	*len -= mark;
	return base;
}

enum err value_parse_int(const struct value *args, unsigned count, struct value *out, struct diag *d)
{
	const char *text = args[0].text;
	size_t len = args[0].len;
	const int shown = (int)(len < SHOWN_MAX ? len : SHOWN_MAX);
	uint64_t base, n = 0, most;
	unsigned bits;
	if (count != 3 || args[0].kind != VALUE_TEXT || args[1].kind != VALUE_INT || args[2].kind != VALUE_INT)
		return diag_set(d, ERR_SYNTAX, "parseInt: a text, a base and a number of bits are wanted");
	if (args[1].number < 0 || args[1].number == 1 || args[1].number > BASE_MAX || args[2].number < 0 || args[2].number > BITS_MAX)
		return diag_set(d, ERR_RANGE, "parseInt: there is no such base, or no number of so many bits");
	bits = args[2].number ? (unsigned)args[2].number : BITS_MAX;
	most = UINT64_MAX >> (BITS_MAX - bits);
	if (!len)
		return diag_set(d, ERR_SYNTAX, "parseInt: nothing is no number");
	base = args[1].number ? (uint64_t)args[1].number : cut_base(&text, &len);
	for (size_t i = 0; i < len; i++) {
		unsigned digit = digit_of(text[i]);
		if (digit >= base)
			return diag_set(d, ERR_SYNTAX, "parseInt: \"%.*s\" is no number in base %u", shown, args[0].text, (unsigned)base);
		if (digit > most || n > (most - digit) / base)
			return diag_set(d, ERR_RANGE, "parseInt: \"%.*s\" has more than %u bits", shown, args[0].text, bits);
		n = n * base + digit;
	}
	if (!len)
		return diag_set(d, ERR_SYNTAX, "parseInt: \"%.*s\" is no number", shown, args[0].text);
	*out = uint_of(n, 64);
	return OK;
}
