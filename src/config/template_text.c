#include "base/buffer.h"
#include "config/template.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX   12 /* in one action; there is none of more than eight */
#define GROUP_MAX   64 /* octets of a group's name */
#define SHOWN_MAX   60 /* octets of an action in an error */
#define BASE_MAX    36
#define BITS_MAX    64
#define DECIMAL_MAX 24
#define NO_VALUE    "<no value>"

/* --- an action's words --- */

enum word_kind { WORD_FIELD, WORD_STRING, WORD_NUMBER, WORD_NAME, WORD_MARK };

/* Borrowed from the text; of a string without its quotes. */
struct word {
	enum word_kind kind;
	const char *text;
	size_t len;
};

struct action {
	const char *text; /* of the whole, without its braces */
	size_t len;
	struct word words[WORDS_MAX];
	unsigned count, at;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_number(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return len > 0;
}

/* Octets of the quoted string at text, with its quotes; 0: it does not end. */
static size_t quoted_len(const char *text, const char *end)
{
	const char quote = *text;
	for (const char *at = text + 1; at < end; at++) {
		if (*at == quote)
			return (size_t)(at - text) + 1;
		if (*at == '\\' && quote == '"')
			at++;
	}
	return 0;
}

/* The word at text; false: it is a string that does not end. */
static bool read_word(const char *text, const char *end, struct word *w, size_t *taken)
{
	size_t len = *text == '.';
	if (*text == '"' || *text == '`') {
		*taken = quoted_len(text, end);
		*w = (struct word){WORD_STRING, text + 1, *taken ? *taken - 2 : 0};
		return *taken > 0;
	}
	while (text + len < end && (is_letter(text[len]) || (*text == '.' && text[len] == '.')))
		len++;
	*taken = len ? len : 1;
	*w = (struct word){*text == '.' ? WORD_FIELD : !len ? WORD_MARK : is_number(text, len) ? WORD_NUMBER : WORD_NAME, text, *taken};
	return true;
}

/* Where the braces close; NULL: nowhere. */
static const char *find_close(const char *text, const char *end)
{
	for (const char *at = text; at < end;) {
		size_t quoted = *at == '"' || *at == '`' ? quoted_len(at, end) : 0;
		if (end - at > 1 && at[0] == '}' && at[1] == '}')
			return at;
		at += quoted ? quoted : 1;
	}
	return NULL;
}

static enum err unknown(const struct action *a, struct diag *d)
{
	return diag_set(d, ERR_SYNTAX,
	                "{{%.*s}} is not among what headns has of Go's templates: .Name, .Zone, .Class, .Type, .Remote, .Group.NAME, "
	                ".Question.Name, .Meta \"LABEL\", index .Match N, index .Group \"NAME\", parseInt VALUE BASE BITS, "
	                "each alone between braces",
	                (int)(a->len < SHOWN_MAX ? a->len : SHOWN_MAX), a->text);
}

static enum err read_words(struct action *a, struct diag *d)
{
	const char *at = a->text, *end = a->text + a->len;
	while (at < end) {
		size_t taken = 1;
		if (!is_blank(*at)) {
			if (a->count == WORDS_MAX || !read_word(at, end, &a->words[a->count], &taken))
				return unknown(a, d);
			a->count++;
		}
		at += taken;
	}
	return OK;
}

/* --- its value --- */

static bool says(const struct word *w, enum word_kind kind, const char *text)
{
	return w && w->kind == kind && w->len == strlen(text) && memcmp(w->text, text, w->len) == 0;
}

/* NULL: there is none left. */
static const struct word *take(struct action *a)
{
	return a->at < a->count ? &a->words[a->at++] : NULL;
}

static const struct word *take_kind(struct action *a, enum word_kind kind)
{
	const struct word *w = take(a);
	return w && w->kind == kind ? w : NULL;
}

static bool take_mark(struct action *a, const char *mark)
{
	if (a->at < a->count && says(&a->words[a->at], WORD_MARK, mark)) {
		a->at++;
		return true;
	}
	return false;
}

static enum err copy_text(struct template_piece *p, const char *text, size_t len)
{
	p->text = strndup(text, len);
	return p->text ? OK : ERR_NOMEM;
}

/* A number that fits; false: it is none. */
static bool read_small(const struct word *w, unsigned least, unsigned most, unsigned *number)
{
	unsigned n = 0;
	if (!w || w->kind != WORD_NUMBER || w->len > 4)
		return false;
	for (size_t i = 0; i < w->len; i++)
		n = n * 10 + (unsigned)(w->text[i] - '0');
	*number = n;
	return n >= least && n <= most;
}

/* Of escapes there are those that a quote and a backslash need. */
static enum err take_string(struct template_piece *p, const struct word *w)
{
	size_t len = 0;
	enum err err = copy_text(p, w->text, w->len);
	if (err || w->text[-1] != '"')
		return err;
	for (size_t i = 0; i < w->len; i++) {
		if (w->text[i] == '\\' && (w->text[++i] != '"' && w->text[i] != '\\'))
			return ERR_SYNTAX;
		p->text[len++] = w->text[i];
	}
	p->text[len] = '\0';
	return OK;
}

static enum err take_field(struct action *a, struct template_piece *p, const struct word *w)
{
	static const struct {
		const char *name;
		enum template_source source;
	} fields[] = {
	        {".Name", TEMPLATE_NAME},
	        {".Zone", TEMPLATE_ZONE},
	        {".Class", TEMPLATE_CLASS},
	        {".Type", TEMPLATE_TYPE},
	        {".Remote", TEMPLATE_REMOTE},
	        {".Question.Name", TEMPLATE_QUESTION_NAME},
	        {".Question.Qtype", TEMPLATE_QUESTION_TYPE},
	        {".Question.Qclass", TEMPLATE_QUESTION_CLASS},
	};
	static const char group[] = ".Group.";
	const size_t group_len = sizeof group - 1;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (says(w, WORD_FIELD, fields[i].name)) {
			p->source = fields[i].source;
			return OK;
		}
	}
	if (says(w, WORD_FIELD, ".Meta")) {
		p->source = TEMPLATE_NOTHING;
		return take_kind(a, WORD_STRING) ? OK : ERR_SYNTAX;
	}
	/* a name that begins with a digit is none to Go: index .Group "1" */
	if (w->len <= group_len || w->len > group_len + GROUP_MAX || memcmp(w->text, group, group_len) != 0 ||
	    memchr(w->text + group_len, '.', w->len - group_len) || is_number(w->text + group_len, 1))
		return ERR_SYNTAX;
	p->source = TEMPLATE_GROUP;
	return copy_text(p, w->text + group_len, w->len - group_len);
}

static enum err take_index(struct action *a, struct template_piece *p)
{
	const struct word *of = take_kind(a, WORD_FIELD), *which = take(a);
	if (says(of, WORD_FIELD, ".Match") && read_small(which, 0, REGEXP_GROUPS_MAX, &p->number)) {
		p->source = TEMPLATE_MATCH;
		return OK;
	}
	if (!says(of, WORD_FIELD, ".Group") || !which || which->kind != WORD_STRING || which->len > GROUP_MAX)
		return ERR_SYNTAX;
	p->source = TEMPLATE_GROUP_INDEX;
	return take_string(p, which);
}

static enum err take_value(struct action *a, struct template_piece *p, unsigned depth);

static enum err take_operand(struct action *a, struct template_piece *p, unsigned depth)
{
	const struct word *w;
	enum err err;
	if (take_mark(a, "(")) {
		err = depth < WORDS_MAX ? take_value(a, p, depth + 1) : ERR_SYNTAX;
		return err ? err : take_mark(a, ")") ? OK : ERR_SYNTAX;
	}
	w = take(a);
	if (w && w->kind == WORD_FIELD)
		return take_field(a, p, w);
	if (!w || w->kind != WORD_STRING)
		return ERR_SYNTAX;
	p->source = TEMPLATE_LITERAL;
	return take_string(p, w);
}

/* Of a value that is a text: a number of another parseInt is none to Go. */
static enum err take_parse(struct action *a, struct template_piece *p, unsigned depth)
{
	enum err err = take_operand(a, p, depth);
	if (err)
		return err;
	if (p->base || p->source == TEMPLATE_QUESTION_TYPE || p->source == TEMPLATE_QUESTION_CLASS ||
	    !read_small(take(a), 2, BASE_MAX, &p->base) || !read_small(take(a), 0, BITS_MAX, &p->bits))
		return ERR_SYNTAX;
	p->bits = p->bits ? p->bits : BITS_MAX;
	return OK;
}

static enum err take_value(struct action *a, struct template_piece *p, unsigned depth)
{
	if (a->at < a->count && says(&a->words[a->at], WORD_NAME, "index")) {
		a->at++;
		return take_index(a, p);
	}
	if (a->at < a->count && says(&a->words[a->at], WORD_NAME, "parseInt")) {
		a->at++;
		return take_parse(a, p, depth);
	}
	return take_operand(a, p, depth);
}

static void piece_clear(struct template_piece *p)
{
	free(p->text);
}

/* --- pieces --- */

struct compiling {
	struct template_text *out;
	struct buffer literal; /* what is to be the next piece */
};

static enum err add(struct template_text *t, const struct template_piece *p)
{
	struct template_piece *more = realloc(t->pieces, (t->count + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	t->pieces = more;
	more[t->count++] = *p;
	return OK;
}

static enum err end_literal(struct compiling *c)
{
	struct template_piece p = {.source = TEMPLATE_LITERAL};
	if (c->literal.failed)
		return ERR_NOMEM;
	if (!c->literal.len)
		return OK;
	p.text = buffer_take_text(&c->literal);
	if (p.text && !add(c->out, &p))
		return OK;
	piece_clear(&p);
	return ERR_NOMEM;
}

/* What is known already is literal. */
static enum err add_value(struct compiling *c, struct template_piece *p)
{
	enum err err = OK;
	if (p->source == TEMPLATE_LITERAL && !p->base)
		buffer_append_text(&c->literal, p->text);
	else if (p->source != TEMPLATE_NOTHING || p->base) {
		err = end_literal(c);
		if (!err)
			err = add(c->out, p);
		if (!err)
			return OK;
	}
	piece_clear(p);
	return err;
}

static bool is_comment(const char *text, size_t len)
{
	return len >= 4 && memcmp(text, "/*", 2) == 0 && memcmp(text + len - 2, "*/", 2) == 0;
}

static enum err compile_action(struct compiling *c, const char *text, size_t len, struct diag *d)
{
	struct action a = {.text = text, .len = len};
	struct template_piece p = {0};
	enum err err;
	if (is_comment(text, len))
		return OK;
	err = read_words(&a, d);
	if (err)
		return err;
	err = take_value(&a, &p, 0);
	if (!err && a.at == a.count)
		return add_value(c, &p);
	piece_clear(&p);
	return err == ERR_NOMEM ? err : unknown(&a, d);
}

static void trim_literal(struct buffer *b)
{
	while (b->len && is_blank(b->data[b->len - 1]))
		b->len--;
}

/* From the opening braces; *at: behind the closing ones. */
static enum err take_action(struct compiling *c, const char **at, const char *end, struct diag *d)
{
	const char *text = *at + 2, *close = find_close(text, end);
	bool trims;
	if (!close)
		return diag_set(d, ERR_SYNTAX, "{{ is not closed");
	*at = close + 2;
	if (close - text > 1 && text[0] == '-' && is_blank(text[1])) {
		trim_literal(&c->literal);
		text += 2;
	}
	trims = close - text > 1 && close[-1] == '-' && is_blank(close[-2]);
	close -= trims ? 2 : 0;
	for (; trims && *at < end && is_blank(**at); ++*at)
		;
	return compile_action(c, text, (size_t)(close - text), d);
}

static enum err compile(struct compiling *c, const char *text, struct diag *d)
{
	const char *end = text + strlen(text);
	while (text < end) {
		const char *open = strstr(text, "{{");
		enum err err;
		buffer_append(&c->literal, text, (size_t)((open ? open : end) - text));
		if (!open)
			break;
		text = open;
		err = take_action(c, &text, end, d);
		if (err)
			return err;
	}
	return end_literal(c);
}

enum err template_text_new(const char *text, struct template_text *out, struct diag *d)
{
	struct compiling c = {.out = out};
	enum err err;
	*out = (struct template_text){0};
	err = compile(&c, text, d);
	buffer_free(&c.literal);
	if (err)
		template_text_clear(out);
	return err == ERR_NOMEM ? diag_no_memory(d) : err;
}

void template_text_clear(struct template_text *t)
{
	for (unsigned i = 0; i < t->count; i++)
		piece_clear(&t->pieces[i]);
	free(t->pieces);
	*t = (struct template_text){0};
}

/* --- at work --- */

/* Where a value is. */
struct part {
	const char *text;
	size_t len;
};

static struct part part_of(const char *text)
{
	return (struct part){text, strlen(text)};
}

/* Group n; false: the pattern has none of that number. */
static bool find_number(const struct template_values *v, unsigned n, struct part *part)
{
	*part = part_of(v->re ? "" : v->name);
	if (!v->re)
		return n == 0;
	regexp_part(v->match, n, &part->text, &part->len);
	return n <= regexp_groups(v->re);
}

static bool find_group(const struct template_values *v, const char *name, struct part *part)
{
	unsigned n = v->re ? regexp_group_number(v->re, name) : 0;
	if (n)
		return find_number(v, n, part);
	/* Go's keys are as strconv.Itoa writes them */
	if (!is_number(name, strlen(name)) || strlen(name) > 3 || (name[0] == '0' && name[1]))
		return false;
	return find_number(v, (unsigned)strtoul(name, NULL, 10), part);
}

static enum err find_part(const struct template_piece *p, const struct template_values *v, char digits[DECIMAL_MAX], struct part *part,
                          struct diag *d)
{
	*part = (struct part){"", 0};
	switch (p->source) {
	case TEMPLATE_LITERAL:
		*part = part_of(p->text);
		break;
	case TEMPLATE_NAME:
		*part = part_of(v->name);
		break;
	case TEMPLATE_ZONE:
		*part = part_of(v->zone);
		break;
	case TEMPLATE_CLASS:
		*part = part_of(v->rclass);
		break;
	case TEMPLATE_TYPE:
		*part = part_of(v->type);
		break;
	case TEMPLATE_REMOTE:
		*part = part_of(v->remote);
		break;
	case TEMPLATE_QUESTION_NAME:
		*part = part_of(v->question_name);
		break;
	case TEMPLATE_QUESTION_TYPE:
	case TEMPLATE_QUESTION_CLASS:
		snprintf(digits, DECIMAL_MAX, "%u", p->source == TEMPLATE_QUESTION_TYPE ? v->qtype : v->qclass);
		*part = part_of(digits);
		break;
	case TEMPLATE_MATCH:
		if (!find_number(v, p->number, part))
			return diag_set(d, ERR_RANGE, "index .Match %u: there is no such group", p->number);
		break;
	case TEMPLATE_GROUP:
		if (!find_group(v, p->text, part))
			*part = part_of(NO_VALUE);
		break;
	case TEMPLATE_GROUP_INDEX:
		if (!find_group(v, p->text, part))
			*part = part_of("");
		break;
	case TEMPLATE_NOTHING:
		break;
	}
	return OK;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : BASE_MAX;
}

/* As Go's strconv.ParseUint, and printed. */
static enum err parse_number(const struct template_piece *p, struct part *part, char digits[DECIMAL_MAX], struct diag *d)
{
	const uint64_t most = UINT64_MAX >> (BITS_MAX - p->bits);
	const int shown = (int)(part->len < SHOWN_MAX ? part->len : SHOWN_MAX);
	uint64_t n = 0;
	for (size_t i = 0; i < part->len; i++) {
		unsigned digit = digit_of(part->text[i]);
		if (digit >= p->base)
			return diag_set(d, ERR_SYNTAX, "parseInt: \"%.*s\" is no number in base %u", shown, part->text, p->base);
		if (digit > most || n > (most - digit) / p->base)
			return diag_set(d, ERR_RANGE, "parseInt: \"%.*s\" has more than %u bits", shown, part->text, p->bits);
		n = n * p->base + digit;
	}
	if (!part->len)
		return diag_set(d, ERR_SYNTAX, "parseInt: nothing is no number");
	snprintf(digits, DECIMAL_MAX, "%" PRIu64, n);
	*part = part_of(digits);
	return OK;
}

enum err template_text_expand(const struct template_text *t, const struct template_values *v, char *out, size_t cap, size_t *len,
                              struct diag *d)
{
	*len = 0;
	for (unsigned i = 0; i < t->count; i++) {
		const struct template_piece *p = &t->pieces[i];
		char digits[DECIMAL_MAX], number[DECIMAL_MAX];
		struct part part;
		enum err err = find_part(p, v, digits, &part, d);
		if (!err && p->base)
			err = parse_number(p, &part, number, d);
		if (err)
			return err;
		if (part.len > cap - *len)
			return diag_set(d, ERR_RANGE, "the record has more than %zu octets of text", cap);
		memcpy(out + *len, part.text, part.len);
		*len += part.len;
	}
	return OK;
}
