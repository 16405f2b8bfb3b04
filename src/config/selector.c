#include "config/selector.h"
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SPECIALS   "=!(),<>"
#define BLANKS     " \t\r\n"
#define PART_MAX   63  /* of a key's name, and of a value */
#define PREFIX_MAX 253 /* of a key */

/* A word, or one of the signs that stand alone; len 0: the end. */
struct piece {
	const char *text;
	size_t len;
};

struct reader {
	const char *at;
	struct piece next;
	struct diag *diag;
	selector_value *value; /* NULL: the text is checked alone */
	const void *labels;
	bool selects; /* so far */
};

/* "==" and "!=" are one sign each; so would be any other row of them, which then is none that is known. */
static void advance(struct reader *r)
{
	r->at += strspn(r->at, BLANKS);
	r->next.text = r->at;
	if (*r->at && strchr("(),", *r->at))
		r->next.len = 1;
	else if (*r->at && strchr(SPECIALS, *r->at))
		r->next.len = *r->at == '!' && r->at[1] != '=' ? 1 : strspn(r->at, "=!<>");
	else
		r->next.len = strcspn(r->at, SPECIALS BLANKS);
	r->at += r->next.len;
}

static bool is(const struct reader *r, const char *text)
{
	return r->next.len == strlen(text) && memcmp(r->next.text, text, r->next.len) == 0;
}

static bool is_word(const struct reader *r)
{
	return r->next.len && !strchr(SPECIALS, *r->next.text);
}

static enum err wanted(struct reader *r, const char *what)
{
	if (!r->next.len)
		return diag_set(r->diag, ERR_SYNTAX, "at the end of the selector, %s is wanted", what);
	return diag_set(r->diag, ERR_SYNTAX, "at \"%.*s\" in the selector, %s is wanted", (int)r->next.len, r->next.text, what);
}

/* --- words --- */

static bool is_alphanumeric(char c)
{
	return isalnum((unsigned char)c) != 0; /* the C locale's: nothing here sets another */
}

/* Letters, digits, and in between - _ . as well. */
static bool is_name(const char *text, size_t len)
{
	if (!len || len > PART_MAX || !is_alphanumeric(text[0]) || !is_alphanumeric(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alphanumeric(text[i]) && !strchr("-_.", text[i]))
			return false;
	}
	return true;
}

/* RFC 1123: labels of small letters, digits and, in between, -. */
static bool is_subdomain(const char *text, size_t len)
{
	if (!len || len > PREFIX_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool first = i == 0 || text[i - 1] == '.', last = i + 1 == len || text[i + 1] == '.';
		if (text[i] == '-'   ? first || last
		    : text[i] == '.' ? first || last
		                     : !is_alphanumeric(text[i]) || isupper((unsigned char)text[i]))
			return false;
	}
	return true;
}

static enum err take_key(struct reader *r)
{
	const char *slash = memchr(r->next.text, '/', r->next.len);
	const char *name = slash ? slash + 1 : r->next.text;
	size_t name_len = (size_t)(r->next.text + r->next.len - name);
	bool good = is_name(name, name_len) && (!slash || is_subdomain(r->next.text, (size_t)(slash - r->next.text)));
	if (!good)
		return diag_set(r->diag, ERR_SYNTAX, "\"%.*s\" is no label's key: write name or example.com/name", (int)r->next.len,
		                r->next.text);
	advance(r);
	return OK;
}

static enum err take_value(struct reader *r)
{
	if (!is_name(r->next.text, r->next.len))
		return diag_set(r->diag, ERR_SYNTAX, "\"%.*s\" is no label's value: 1 to %d of letters, digits and, inside, - _ .",
		                (int)r->next.len, r->next.text, PART_MAX);
	advance(r);
	return OK;
}

/* --- requirements --- */

/* One that may be missing, and is empty then. It is found if the label has it. */
static enum err take_maybe_value(struct reader *r, const char *label, bool *found)
{
	const struct piece value = {r->next.text, is_word(r) ? r->next.len : 0};
	*found |= label && strlen(label) == value.len && memcmp(label, value.text, value.len) == 0;
	return value.len ? take_value(r) : OK;
}

/* "(a, b)" */
static enum err take_values(struct reader *r, const char *label, bool *found)
{
	enum err err = OK;
	if (!is(r, "("))
		return wanted(r, "\"(\"");
	do {
		advance(r);
		err = take_maybe_value(r, label, found);
	} while (!err && is(r, ","));
	if (err || !is(r, ")"))
		return err ? err : wanted(r, "\",\" or \")\"");
	advance(r);
	return OK;
}

/* label: the value of the key before; NULL: there is none. */
static enum err take_restriction(struct reader *r, const char *label)
{
	bool found = false, in = is(r, "in");
	enum err err;
	if (in || is(r, "notin")) {
		advance(r);
		err = take_values(r, label, &found);
		r->selects &= found == in;
		return err;
	}
	if (is(r, "=") || is(r, "==")) {
		advance(r);
		if (r->next.len && !is(r, ",") && !is_word(r))
			return wanted(r, "a value");
		err = take_maybe_value(r, label, &found);
		r->selects &= found;
		return err;
	}
	if (is(r, "!="))
		return diag_set(r->diag, ERR_SYNTAX, "!= is no operator here: write key notin (value)");
	return wanted(r, "=, ==, in, notin or \",\"");
}

static enum err take_requirement(struct reader *r)
{
	bool negated = is(r, "!");
	enum err err;
	if (negated)
		advance(r);
	if (!is_word(r))
		return wanted(r, "the key of a label");
	const char *label = r->value ? r->value(r->labels, r->next.text, r->next.len) : NULL;
	err = take_key(r);
	if (!err && !negated && r->next.len && !is(r, ","))
		return take_restriction(r, label);
	r->selects &= negated == !label;
	return err;
}

static enum err take_selector(struct reader *r)
{
	enum err err = OK;
	advance(r);
	while (!err && r->next.len) {
		err = take_requirement(r);
		if (err || !r->next.len)
			return err;
		if (!is(r, ","))
			return wanted(r, "\",\"");
		advance(r);
		if (!r->next.len)
			err = wanted(r, "a label");
	}
	return err;
}

enum err selector_check(const char *text, struct diag *d)
{
	struct reader r = {.at = text, .diag = d};
	return take_selector(&r);
}

bool selector_selects(const char *text, selector_value *value, const void *labels)
{
	struct diag d;
	struct reader r = {.at = text, .diag = &d, .value = value, .labels = labels, .selects = true};
	return take_selector(&r) == OK && r.selects;
}
