#include "yaml_scalar.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>

enum scalar_type { SCALAR_STRING, SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT };

struct scalar {
	enum scalar_type type;
	double number; /* of a boolean: 0 or 1 */
};

static const struct {
	const char *text;
	struct scalar is;
} words[] = {
        {"", {SCALAR_NULL, 0}},     {"~", {SCALAR_NULL, 0}},     {"null", {SCALAR_NULL, 0}},  {"Null", {SCALAR_NULL, 0}},
        {"NULL", {SCALAR_NULL, 0}}, {"y", {SCALAR_BOOL, 1}},     {"Y", {SCALAR_BOOL, 1}},     {"yes", {SCALAR_BOOL, 1}},
        {"Yes", {SCALAR_BOOL, 1}},  {"YES", {SCALAR_BOOL, 1}},   {"true", {SCALAR_BOOL, 1}},  {"True", {SCALAR_BOOL, 1}},
        {"TRUE", {SCALAR_BOOL, 1}}, {"on", {SCALAR_BOOL, 1}},    {"On", {SCALAR_BOOL, 1}},    {"ON", {SCALAR_BOOL, 1}},
        {"n", {SCALAR_BOOL, 0}},    {"N", {SCALAR_BOOL, 0}},     {"no", {SCALAR_BOOL, 0}},    {"No", {SCALAR_BOOL, 0}},
        {"NO", {SCALAR_BOOL, 0}},   {"false", {SCALAR_BOOL, 0}}, {"False", {SCALAR_BOOL, 0}}, {"FALSE", {SCALAR_BOOL, 0}},
        {"off", {SCALAR_BOOL, 0}},  {"Off", {SCALAR_BOOL, 0}},   {"OFF", {SCALAR_BOOL, 0}},
};

static bool word_parse(const char *text, size_t len, struct scalar *s)
{
	if (len > 5) /* no word is longer */
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i].text, text) == 0) {
			*s = words[i].is;
			return true;
		}
	}
	return false;
}

/* The base that the prefix says; *digits goes past it. A lone 0 has no prefix. */
static int number_base(const char **digits)
{
	const char *t = *digits;
	if (t[0] != '0' || !t[1])
		return 10;
	*digits = t + 2;
	switch (t[1]) {
	case 'x':
	case 'X':
		return 16;
	case 'o':
	case 'O':
		return 8;
	case 'b':
	case 'B':
		return 2;
	}
	*digits = t + 1;
	return 8;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* JSON has no other numbers. */
static bool is_finite(double number)
{
	return number - number == 0;
}

/* plain has no underscores. Integers beyond 2^53 lose their last digits, as JSON's readers do with them. */
static bool int_parse(const char *plain, double *number)
{
	bool negative = *plain == '-';
	const char *t = plain + (*plain == '-' || *plain == '+');
	int base = number_base(&t);
	double sum = 0;
	if (!*t)
		return false;
	for (; *t; t++) {
		if (digit_value(*t) >= base)
			return false;
		sum = sum * base + digit_value(*t);
	}
	*number = negative && sum > 0 ? -sum : sum;
	return is_finite(sum);
}

static const char *skip_digits(const char *t)
{
	return t + strspn(t, "0123456789");
}

/* [-+]? ( .digits | digits [.digits] ) [ (e|E) [-+]? digits ]: strtod alone would take "infinity" and "0x1p3" too. */
static bool float_parse(const char *plain, double *number)
{
	const char *t = plain + (*plain == '-' || *plain == '+'), *whole = skip_digits(t), *end = whole;
	if (*end == '.')
		end = skip_digits(end + 1);
	if (end == t || (whole == t && end == t + 1))
		return false;
	if ((*end | 0x20) == 'e') {
		const char *exponent = end + 1 + (end[1] == '-' || end[1] == '+');
		end = skip_digits(exponent);
		if (end == exponent)
			return false;
	}
	*number = strtod(plain, NULL);
	return !*end && is_finite(*number);
}

#define NUMBER_TEXT_MAX 400 /* longer ones are out of a double's range anyway */

static bool number_parse(const char *text, size_t len, struct scalar *s)
{
	char plain[NUMBER_TEXT_MAX + 1], *end = plain;
	if (len > NUMBER_TEXT_MAX || !strchr("+-.0123456789", *text))
		return false;
	for (; *text; text++) {
		if (*text != '_')
			*end++ = *text;
	}
	*end = '\0';
	if (int_parse(plain, &s->number))
		s->type = SCALAR_INT;
	else if (float_parse(plain, &s->number))
		s->type = SCALAR_FLOAT;
	explicit_bzero(plain, (size_t)(end - plain)); /* a token may begin as a number does */
	return s->type != SCALAR_STRING;
}

static struct scalar resolve(const char *text, size_t len)
{
	struct scalar s = {SCALAR_STRING, 0};
	if (!word_parse(text, len, &s))
		number_parse(text, len, &s);
	return s;
}

/* True if a tag asks for a type other than string; *type is it. */
static bool tag_type(const char *tag, enum scalar_type *type)
{
	static const struct {
		const char *tag;
		enum scalar_type type;
	} tags[] = {
	        {"tag:yaml.org,2002:int", SCALAR_INT},
	        {"tag:yaml.org,2002:float", SCALAR_FLOAT},
	        {"tag:yaml.org,2002:bool", SCALAR_BOOL},
	        {"tag:yaml.org,2002:null", SCALAR_NULL},
	};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		if (strcmp(tags[i].tag, tag) == 0) {
			*type = tags[i].type;
			return true;
		}
	}
	return false;
}

static cJSON *scalar_node(const struct scalar *s, const char *text)
{
	switch (s->type) {
	case SCALAR_NULL:
		return cJSON_CreateNull();
	case SCALAR_BOOL:
		return cJSON_CreateBool(s->number != 0);
	case SCALAR_INT:
	case SCALAR_FLOAT:
		return cJSON_CreateNumber(s->number);
	case SCALAR_STRING:
		break;
	}
	return cJSON_CreateString(text);
}

#define NUL_SHOWN "\xef\xbf\xbd" /* U+FFFD, which no name may hold */

/* cJSON's strings end at a NUL, so that a name would lose what stands behind it. */
static enum err without_nul(const char *text, size_t len, cJSON **out, struct diag *d)
{
	char *copy = malloc(len * (sizeof NUL_SHOWN - 1) + 1), *to = copy;
	if (!copy)
		return diag_no_memory(d);
	for (size_t i = 0; i < len; i++) {
		if (text[i])
			*to++ = text[i];
		else
			to = mempcpy(to, NUL_SHOWN, sizeof NUL_SHOWN - 1);
	}
	*to = '\0';
	*out = cJSON_CreateString(copy);
	secret_free(copy);
	return *out ? OK : diag_no_memory(d);
}

enum err yaml_scalar(const char *text, size_t len, bool plain, const char *tag, cJSON **out, struct diag *d)
{
	struct scalar s = {SCALAR_STRING, 0};
	enum scalar_type wanted;
	if (strlen(text) != len)
		return without_nul(text, len, out, d);
	if (!tag && plain) {
		s = resolve(text, len);
	} else if (tag && tag_type(tag, &wanted)) {
		s = resolve(text, len);
		if (s.type == SCALAR_INT && wanted == SCALAR_FLOAT)
			s.type = SCALAR_FLOAT;
		if (s.type != wanted)
			return diag_set(d, ERR_SYNTAX, "\"%.40s\" is not a !!%s", text, strrchr(tag, ':') + 1);
	}
	*out = scalar_node(&s, text);
	return *out ? OK : diag_no_memory(d);
}
