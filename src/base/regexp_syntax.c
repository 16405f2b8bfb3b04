#include "regexp_syntax.h"
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  200  /* of parentheses; PCRE2's own bound is 250 */
#define REPEAT_MAX 1000 /* Go's */
#define LAST_CODE  0x10FFFF

enum { FOLD = 1, MANY_LINES = 2, DOT_ALL = 4, LAZY = 8 }; /* (?i) (?m) (?s) (?U) */

/* What stands before the place that is read. */
enum before { NOTHING, ATOM, REPEATED };

struct translator {
	const char *at, *end;
	unsigned flags, depth;
	unsigned outer_flags[DEPTH_MAX];
	enum before before;
	struct regexp_translation *out;
	struct diag *d;
};

static void put(struct translator *t, const char *text)
{
	buffer_append_text(&t->out->pattern, text);
}

static void put_octets(struct translator *t, const char *octets, size_t len)
{
	buffer_append(&t->out->pattern, octets, len);
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* One character as itself, inside brackets or outside. */
static void put_code(struct translator *t, uint32_t code)
{
	char text[16] = {(char)code};
	if (code >= 0x80 || !is_word((char)code))
		snprintf(text, sizeof text, "\\x{%X}", (unsigned)code);
	put(t, text);
}

static bool at_text(const struct translator *t, const char *text)
{
	size_t len = strlen(text);
	return (size_t)(t->end - t->at) >= len && memcmp(t->at, text, len) == 0;
}

static bool skip(struct translator *t, const char *text)
{
	if (!at_text(t, text))
		return false;
	t->at += strlen(text);
	return true;
}

static enum err refuse(struct translator *t, const char *from, const char *why)
{
	return diag_set(t->d, ERR_SYNTAX, "\"%.*s\": %s", (int)(t->at - from), from, why);
}

/* --- characters --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \x7F or \x{10FFFF}, behind the x. */
static bool read_hex(struct translator *t, uint32_t *code)
{
	bool braces = skip(t, "{");
	unsigned digits = 0;
	*code = 0;
	for (; t->at < t->end && (braces || digits < 2) && hex_digit(*t->at) >= 0; digits++) {
		*code = *code * 16 + (uint32_t)hex_digit(*t->at++);
		if (*code > LAST_CODE)
			return false;
	}
	return braces ? digits && skip(t, "}") : digits == 2;
}

static bool is_octal(const struct translator *t)
{
	return t->at < t->end && *t->at >= '0' && *t->at <= '7';
}

/* \0, \012 or \12: a single digit from 1 to 9 would be a reference back. */
static bool read_octal(struct translator *t, char first, uint32_t *code)
{
	if (first != '0' && !is_octal(t))
		return false;
	*code = (uint32_t)(first - '0');
	for (unsigned i = 1; i < 3 && is_octal(t); i++)
		*code = *code * 8 + (uint32_t)(*t->at++ - '0');
	return true;
}

/* Behind a backslash: what stands for one character. */
static bool read_escape(struct translator *t, uint32_t *code)
{
	static const char letters[] = "afnrtv", codes[] = "\a\f\n\r\t\v";
	char c = (char)(t->at < t->end ? *t->at++ : 0);
	const char *letter = c ? strchr(letters, c) : NULL;
	if (letter) {
		*code = (uint32_t)codes[letter - letters];
		return true;
	}
	if (c == 'x')
		return read_hex(t, code);
	if (c >= '0' && c <= '7')
		return read_octal(t, c, code);
	*code = (uint32_t)(unsigned char)c;
	return c > 0 && (unsigned char)c < 0x80 && (!is_word(c) || c == '_');
}

/* A character that is no ASCII stays as it is: whether it is UTF-8, PCRE2 says. */
static void put_plain(struct translator *t)
{
	const char *from = t->at++;
	if ((unsigned char)*from < 0x80) {
		put_code(t, (uint32_t)(unsigned char)*from);
		return;
	}
	while (t->at < t->end && (*t->at & 0xC0) == 0x80)
		t->at++;
	put_octets(t, from, (size_t)(t->at - from));
}

/* --- sets of characters: written out, since PCRE2's have other members here and there --- */

struct set {
	const char *name;
	unsigned count;
	struct {
		uint8_t first, last;
	} ranges[4];
};

static const struct set sets[] = {
        {"alnum", 3, {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"alpha", 2, {{'A', 'Z'}, {'a', 'z'}}},
        {"ascii", 1, {{0, 0x7F}}},
        {"blank", 2, {{'\t', '\t'}, {' ', ' '}}},
        {"cntrl", 2, {{0, 0x1F}, {0x7F, 0x7F}}},
        {"digit", 1, {{'0', '9'}}},
        {"graph", 1, {{'!', '~'}}},
        {"lower", 1, {{'a', 'z'}}},
        {"print", 1, {{' ', '~'}}},
        {"punct", 4, {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"space", 2, {{'\t', '\r'}, {' ', ' '}}},
        {"upper", 1, {{'A', 'Z'}}},
        {"word", 4, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"xdigit", 3, {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
        {"s", 3, {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}}, /* \s has no vertical tab */
};

static const struct set *find_set(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		if (strlen(sets[i].name) == len && memcmp(sets[i].name, name, len) == 0)
			return &sets[i];
	}
	return NULL;
}

static bool set_has(const struct set *set, uint8_t c)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (c >= set->ranges[i].first && c <= set->ranges[i].last)
			return true;
	}
	return false;
}

static void put_range(struct translator *t, uint32_t first, uint32_t last)
{
	if (first > last)
		return;
	put_code(t, first);
	put(t, "-");
	put_code(t, last);
}

/* All that is not in set. Go folds first and negates then; PCRE2 folds what is written. So the two characters beyond ASCII that are
 * a k or an s in another case are left out together with those. */
static void put_others(struct translator *t, const struct set *set)
{
	uint32_t next = 0;
	for (unsigned i = 0; i < set->count; i++) {
		if (set->ranges[i].first)
			put_range(t, next, set->ranges[i].first - 1U);
		next = set->ranges[i].last + 1U;
	}
	if ((t->flags & FOLD) && set_has(set, 'k')) {
		put_range(t, next, 0x17E);
		put_range(t, 0x180, 0x2129);
		next = 0x212B;
	}
	put_range(t, next, LAST_CODE);
}

/* The members of a set, for inside brackets. */
static void put_set(struct translator *t, const struct set *set, bool negated)
{
	if ((t->flags & FOLD) && set->count == 1 && (set->name[0] == 'l' || set->name[0] == 'u'))
		set = find_set("alpha", 5);
	if (negated) {
		put_others(t, set);
		return;
	}
	for (unsigned i = 0; i < set->count; i++)
		put_range(t, set->ranges[i].first, set->ranges[i].last);
}

/* \d \s \w \D \S \W, at the backslash; NULL: none of these. */
static const struct set *read_perl_set(struct translator *t, bool *negated)
{
	static const char letters[] = "dswDSW", *const names[] = {"digit", "s", "word"};
	const char *letter = t->end - t->at >= 2 && *t->at == '\\' && t->at[1] ? strchr(letters, t->at[1]) : NULL, *name;
	if (!letter)
		return NULL;
	t->at += 2;
	*negated = letter - letters >= 3;
	name = names[(letter - letters) % 3];
	return find_set(name, strlen(name));
}

/* --- \pN, \p{Greek}, \P{^Lu} --- */

static bool is_category(const char *name, size_t len)
{
	static const char known[] = " C Cc Cf Co L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs ";
	char wanted[8];
	if (!len || len > 2)
		return false;
	snprintf(wanted, sizeof wanted, " %.*s ", (int)len, name);
	return strstr(known, wanted) != NULL;
}

static bool is_script(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalpha((unsigned char)name[i]) && name[i] != '_')
			return false;
	}
	return len > 2 && len < 64;
}

/* In another case a letter is of another category, and Go counts it in where (?i) holds. */
static bool fold_matters(const char *name, bool script)
{
	return script || name[0] == 'L' || name[0] == 'M';
}

static enum err put_property(struct translator *t, bool negated, const char *name, size_t len, const char *from)
{
	bool any = len == 3 && memcmp(name, "Any", 3) == 0, script = !any && !is_category(name, len);
	if (script && !is_script(name, len))
		return refuse(t, from, "a category or a script is wanted, such as \\p{Lu} or \\p{Greek}");
	if ((t->flags & FOLD) && !any && fold_matters(name, script))
		return refuse(t, from, "it has another meaning where (?i) holds, which is not supported");
	put(t, negated ? "\\P{" : "\\p{");
	put(t, script ? "sc:" : "");
	put_octets(t, name, len);
	put(t, "}");
	return OK;
}

/* At the backslash of \p or \P. */
static enum err translate_property(struct translator *t)
{
	const char *from = t->at, *name, *close;
	bool negated = from[1] == 'P';
	t->at += 2;
	if (!skip(t, "{")) {
		name = t->at;
		t->at += t->at < t->end;
		return put_property(t, negated, name, (size_t)(t->at - name), from);
	}
	if (skip(t, "^"))
		negated = !negated;
	name = t->at;
	close = memchr(name, '}', (size_t)(t->end - name));
	if (!close) {
		t->at = t->end;
		return refuse(t, from, "it has no }");
	}
	t->at = close + 1;
	return put_property(t, negated, name, (size_t)(close - name), from);
}

static bool at_property(const struct translator *t)
{
	return at_text(t, "\\p") || at_text(t, "\\P");
}

/* --- [a-z] --- */

static enum err translate_member(struct translator *t)
{
	const char *from = t->at;
	uint32_t code;
	if (!skip(t, "\\")) {
		put_plain(t);
		return OK;
	}
	if (!read_escape(t, &code))
		return refuse(t, from, "there is no such escape in brackets");
	put_code(t, code);
	return OK;
}

/* [:alpha:] or [:^alpha:]. *there: it is one. */
static enum err translate_named_set(struct translator *t, bool *there)
{
	const char *from = t->at, *close = memmem(from, (size_t)(t->end - from), ":]", 2);
	const struct set *set;
	bool negated;
	*there = at_text(t, "[:") && close && close >= from + 2;
	if (!*there)
		return OK;
	negated = from[2] == '^';
	set = find_set(from + 2 + negated, (size_t)(close - from) - 2 - negated);
	t->at = close + 2;
	if (!set || strlen(set->name) == 1)
		return refuse(t, from, "there is no such class");
	put_set(t, set, negated);
	return OK;
}

static enum err translate_range(struct translator *t, const char *open)
{
	enum err err = translate_member(t);
	if (err || t->end - t->at < 2 || t->at[0] != '-' || t->at[1] == ']')
		return err;
	t->at++;
	if (t->at == t->end)
		return refuse(t, open, "it has no ]");
	put(t, "-");
	return translate_member(t);
}

static enum err translate_members(struct translator *t, const char *open)
{
	bool there, negated;
	const struct set *set;
	enum err err = translate_named_set(t, &there);
	if (err || there)
		return err;
	if (at_property(t))
		return translate_property(t);
	set = read_perl_set(t, &negated);
	if (!set)
		return translate_range(t, open);
	put_set(t, set, negated);
	return OK;
}

static enum err translate_brackets(struct translator *t)
{
	const char *open = t->at++;
	enum err err = OK;
	put(t, "[");
	if (skip(t, "^"))
		put(t, "^");
	/* a ] in the first place is one of the members */
	for (bool first = true; !err && t->at < t->end && (first || *t->at != ']'); first = false)
		err = translate_members(t, open);
	if (!err && !skip(t, "]"))
		err = refuse(t, open, "it has no ]");
	put(t, "]");
	t->before = ATOM;
	return err;
}

/* --- behind a backslash, outside of brackets --- */

/* \Q...\E; the last character is what a repetition behind it repeats. */
static void translate_quoted(struct translator *t)
{
	t->before = NOTHING;
	while (t->at < t->end && !skip(t, "\\E")) {
		put_plain(t);
		t->before = ATOM;
	}
}

static bool translate_anchor(struct translator *t)
{
	static const char *const anchors[] = {"\\A", "\\z", "\\b", "\\B"};
	for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) {
		if (skip(t, anchors[i])) {
			put(t, "(?:"); /* so that it may be repeated, as in Go */
			put(t, anchors[i]);
			put(t, ")");
			return true;
		}
	}
	return false;
}

static enum err translate_backslash(struct translator *t)
{
	const char *from = t->at;
	bool negated;
	const struct set *set;
	uint32_t code;
	if (skip(t, "\\Q")) {
		translate_quoted(t);
		return OK;
	}
	t->before = ATOM;
	if (translate_anchor(t))
		return OK;
	if (at_property(t))
		return translate_property(t);
	set = read_perl_set(t, &negated);
	if (set) {
		put(t, negated ? "[^" : "[");
		put_set(t, set, false);
		put(t, "]");
		return OK;
	}
	t->at++;
	if (!read_escape(t, &code))
		return refuse(t, from,
		              t->at - from > 1 && isdigit((unsigned char)from[1]) ? "references back are not supported"
		                                                                  : "there is no such escape");
	put_code(t, code);
	return OK;
}

/* --- groups --- */

static enum err open_group(struct translator *t, unsigned flags)
{
	if (t->depth == DEPTH_MAX)
		return diag_set(t->d, ERR_RANGE, "more than %d parentheses within each other", DEPTH_MAX);
	t->outer_flags[t->depth++] = t->flags;
	t->flags = flags;
	t->before = NOTHING;
	return OK;
}

static enum err open_capture(struct translator *t, const char *name, size_t len)
{
	struct regexp_translation *out = t->out;
	if (out->groups == REGEXP_GROUPS_MAX)
		return diag_set(t->d, ERR_RANGE, "more than %d groups", REGEXP_GROUPS_MAX);
	out->groups++;
	if (name && !(out->names[out->groups] = strndup(name, len)))
		return diag_no_memory(t->d);
	put(t, "(");
	return open_group(t, t->flags);
}

static enum err translate_named_group(struct translator *t, const char *from)
{
	const char *name = t->at;
	size_t len;
	while (t->at < t->end && is_word(*t->at))
		t->at++;
	len = (size_t)(t->at - name);
	if (!len || !skip(t, ">"))
		return refuse(t, from, "a name of letters, digits and _ is wanted, and a >");
	for (unsigned i = 1; i <= t->out->groups; i++) {
		if (t->out->names[i] && strlen(t->out->names[i]) == len && memcmp(t->out->names[i], name, len) == 0)
			return refuse(t, from, "two groups of one name");
	}
	return open_capture(t, name, len);
}

static bool flag_of(char c, unsigned *flag)
{
	static const char letters[] = "imsU";
	const char *letter = c ? strchr(letters, c) : NULL;
	*flag = letter ? 1U << (letter - letters) : 0;
	return letter != NULL;
}

/* "im-sU", behind "(?" */
static bool read_flags(struct translator *t, unsigned *flags)
{
	unsigned flag;
	bool off = false, some = true;
	*flags = t->flags;
	for (; t->at < t->end; t->at++) {
		if (flag_of(*t->at, &flag)) {
			*flags = off ? *flags & ~flag : *flags | flag;
			some = true;
		} else if (*t->at == '-' && !off) {
			off = true;
			some = false;
		} else {
			break;
		}
	}
	return some;
}

/* (?flags) or (?flags:...). Only case is left to PCRE2, whose groups end such a change where Go's do. */
static enum err translate_flags(struct translator *t, const char *from)
{
	unsigned flags;
	bool well = read_flags(t, &flags), group = skip(t, ":");
	if (!well || (!group && !skip(t, ")"))) {
		t->at += t->at < t->end;
		return refuse(t, from, "there is no such group");
	}
	put(t, flags & FOLD ? "(?i" : "(?-i");
	put(t, group ? ":" : ")");
	if (group)
		return open_group(t, flags);
	t->flags = flags;
	t->before = NOTHING;
	return OK;
}

static enum err translate_open(struct translator *t)
{
	const char *from = t->at++;
	if (!skip(t, "?"))
		return open_capture(t, NULL, 0);
	if (skip(t, "P<") || skip(t, "<"))
		return translate_named_group(t, from);
	return translate_flags(t, from);
}

static enum err translate_close(struct translator *t)
{
	t->at++;
	if (!t->depth)
		return diag_set(t->d, ERR_SYNTAX, "a ) without a (");
	t->flags = t->outer_flags[--t->depth];
	t->before = ATOM;
	put(t, ")");
	return OK;
}

/* --- repetition --- */

/* Go takes no leading zeros: then it is no repetition. */
static bool read_count(const char **at, const char *end, unsigned *count)
{
	const char *from = *at;
	*count = 0;
	while (*at < end && isdigit((unsigned char)**at)) {
		*count = *count > REPEAT_MAX ? *count : *count * 10 + (unsigned)(**at - '0');
		++*at;
	}
	return *at > from && (*from != '0' || *at == from + 1);
}

/* {2}, {2,} or {2,4}; *last is 0 where there is no end. Anything else in braces is text. */
static bool read_braces(const char **at, const char *end, unsigned *first, unsigned *last)
{
	bool comma;
	++*at;
	if (!read_count(at, end, first) || *at == end)
		return false;
	*last = *first;
	comma = **at == ',';
	*at += comma;
	if (comma && *at < end && **at != '}' && !read_count(at, end, last))
		return false;
	if (comma && (*at)[-1] == ',')
		*last = 0;
	return *at < end && *(*at)++ == '}';
}

static enum err check_counts(struct translator *t, const char *from, unsigned first, unsigned last)
{
	bool open = memchr(from, ',', (size_t)(t->at - from)) && t->at[-2] == ',';
	if (first > REPEAT_MAX || last > REPEAT_MAX || (!open && first > last))
		return refuse(t, from, "it counts from less to more, to 1000 at most");
	return OK;
}

/* t->at stands behind the sign, which begins at from. */
static enum err put_repetition(struct translator *t, const char *from)
{
	size_t len = (size_t)(t->at - from);
	bool lazy = skip(t, "?");
	if (t->before == NOTHING)
		return refuse(t, from, "there is nothing that it repeats");
	if (t->before == REPEATED)
		return refuse(t, from, "one repetition behind another");
	put_octets(t, from, len);
	if (lazy != ((t->flags & LAZY) != 0))
		put(t, "?");
	t->before = REPEATED;
	return OK;
}

static enum err translate_braces(struct translator *t)
{
	const char *from = t->at, *at = t->at;
	unsigned first, last = 0;
	enum err err;
	if (!read_braces(&at, t->end, &first, &last)) {
		put_plain(t);
		t->before = ATOM;
		return OK;
	}
	t->at = at;
	err = check_counts(t, from, first, last);
	return err ? err : put_repetition(t, from);
}

/* --- the whole --- */

static void put_atom(struct translator *t, const char *text)
{
	t->at++;
	put(t, text);
	t->before = ATOM;
}

static enum err translate_next(struct translator *t)
{
	bool many = t->flags & MANY_LINES;
	switch (*t->at) {
	case '(':
		return translate_open(t);
	case ')':
		return translate_close(t);
	case '|':
		put_atom(t, "|");
		t->before = NOTHING;
		return OK;
	case '[':
		return translate_brackets(t);
	case '\\':
		return translate_backslash(t);
	case '*':
	case '+':
	case '?':
		t->at++;
		return put_repetition(t, t->at - 1);
	case '{':
		return translate_braces(t);
	case '.':
		put_atom(t, t->flags & DOT_ALL ? "(?s:.)" : ".");
		return OK;
	case '^': /* PCRE2's knows no line after the last newline */
		put_atom(t, many ? "(?:\\A|(?<=\\x{A}))" : "(?:\\A)");
		return OK;
	case '$': /* PCRE2's also matches before a newline at the end */
		put_atom(t, many ? "(?:\\z|(?=\\x{A}))" : "(?:\\z)");
		return OK;
	default:
		put_plain(t);
		t->before = ATOM;
		return OK;
	}
}

enum err regexp_translate(const char *text, size_t len, struct regexp_translation *out, struct diag *d)
{
	struct translator t = {.at = text, .end = text + len, .out = out, .d = d};
	enum err err = OK;
	while (!err && t.at < t.end)
		err = translate_next(&t);
	if (!err && t.depth)
		err = diag_set(d, ERR_SYNTAX, "a ( without a )");
	if (!err && out->pattern.failed)
		err = diag_no_memory(d);
	return err;
}

void regexp_translation_clear(struct regexp_translation *t)
{
	buffer_free(&t->pattern);
	for (unsigned i = 0; i <= REGEXP_GROUPS_MAX; i++)
		free(t->names[i]);
	*t = (struct regexp_translation){0};
}
