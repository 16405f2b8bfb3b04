/* An expression's text to its tree, by the precedence of operators. */
#include "config/value.h"
#include "expression_tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 32

struct reading {
	struct expression *e;
	const char *text, *at;
	struct diag *d;
	enum err err;
	unsigned depth, count; /* of parts within each other, and of nodes */
};

static const char *const type_names[] = {"true or false", "a number", "a text", "a list", "a range"};

/* --- what is wrong --- */

static struct node *wrong(struct reading *r, const char *at, enum err err, const char *text)
{
	if (!r->err)
		r->err = diag_set(r->d, err, "column %zu: %s", (size_t)(at - r->text) + 1, text);
	return NULL;
}

static struct node *wrong_type(struct reading *r, const char *at, enum value_type wanted)
{
	char text[64];
	snprintf(text, sizeof text, "%s is wanted here", type_names[wanted]);
	return wrong(r, at, ERR_SYNTAX, text);
}

/* --- nodes --- */

static struct node *node_new(struct reading *r, enum node_op op, enum value_type type)
{
	struct node *n;
	if (r->count++ == EXPRESSION_NODES_MAX)
		return wrong(r, r->at, ERR_RANGE, "the expression is too long");
	n = calloc(1, sizeof *n);
	if (!n) {
		r->err = diag_no_memory(r->d);
		return NULL;
	}
	n->op = op;
	n->type = type;
	n->others = r->e->all;
	r->e->all = n;
	return n;
}

void expression_free(struct expression *e)
{
	if (!e)
		return;
	while (e->all) {
		struct node *n = e->all;
		e->all = n->others;
		regexp_free(n->pattern);
		free(n->text);
		free(n);
	}
	free(e);
}

/* --- words --- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_blanks(struct reading *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
		r->at++;
}

/* Takes it, if it stands here. */
static bool take(struct reading *r, const char *token)
{
	const size_t len = strlen(token);
	skip_blanks(r);
	if (strncmp(r->at, token, len) != 0 || (is_letter(*token) && (is_letter(r->at[len]) || is_digit(r->at[len]))))
		return false;
	r->at += len;
	return true;
}

static bool want(struct reading *r, const char *token)
{
	char text[32];
	if (take(r, token))
		return true;
	snprintf(text, sizeof text, "%s is wanted here", token);
	wrong(r, r->at, ERR_SYNTAX, text);
	return false;
}

static struct node *read_choice(struct reading *r);

/* --- literals --- */

/* The octet that stands behind a backslash; 0: there is no such. */
static char unescape(char c)
{
	static const char from[] = "abfnrtv\\'\"`", to[] = "\a\b\f\n\r\t\v\\'\"`";
	const char *found = c ? strchr(from, c) : NULL;
	if (found)
		return to[found - from];
	return '\0';
}

static struct node *read_text(struct reading *r, char quote)
{
	const char *begin = r->at++;
	struct node *n = node_new(r, NODE_LITERAL, VALUE_TEXT);
	if (n && !(n->text = malloc(strlen(begin) + 1))) {
		r->err = diag_no_memory(r->d);
		return NULL;
	}
	for (; n && *r->at && *r->at != quote; r->at++) {
		char c = *r->at;
		if (c == '\\' && quote != '`' && !(c = unescape(*++r->at)))
			return wrong(r, r->at - 1, ERR_SYNTAX, "there is no such escape; a backslash is written \\\\");
		n->text[n->len++] = c;
	}
	if (!n)
		return NULL;
	n->text[n->len] = '\0';
	if (!*r->at)
		return wrong(r, begin, ERR_SYNTAX, "the text has no end");
	r->at++;
	return n;
}

static struct node *read_number(struct reading *r)
{
	const char *begin = r->at;
	struct node *n = node_new(r, NODE_LITERAL, VALUE_NUMBER);
	for (; n && (is_digit(*r->at) || *r->at == '_'); r->at++) {
		if (*r->at != '_' && n->number > (INT32_MAX - 9) / 10)
			return wrong(r, begin, ERR_RANGE, "the number is too large");
		if (*r->at != '_')
			n->number = n->number * 10 + (*r->at - '0');
	}
	if ((*r->at == '.' && r->at[1] != '.') || is_letter(*r->at))
		return wrong(r, begin, ERR_SYNTAX, "numbers are whole and decimal here");
	return n;
}

static struct node *literal_bool(struct reading *r, bool value)
{
	struct node *n = node_new(r, NODE_LITERAL, VALUE_BOOL);
	if (n)
		n->number = value;
	return n;
}

/* What stands between here and that bracket, with commas between. */
static bool read_members(struct reading *r, const char *end, struct node **first)
{
	if (take(r, end))
		return true;
	do {
		struct node *n = read_choice(r);
		if (!n)
			return false;
		*first = n;
		first = &n->next;
	} while (take(r, ","));
	return want(r, end);
}

static struct node *read_list(struct reading *r)
{
	const char *begin = r->at - 1;
	struct node *n = node_new(r, NODE_LIST, VALUE_LIST);
	if (!n || !read_members(r, "]", &n->first))
		return NULL;
	for (const struct node *m = n->first; m; m = m->next) {
		if (m->type >= VALUE_LIST)
			return wrong(r, begin, ERR_SYNTAX, "a list in a list has no use here");
	}
	return n;
}

/* --- calls --- */

static const struct {
	const char *name;
	enum value_type type;
	unsigned texts; /* how many arguments, all of them texts; len() takes a list, too */
} functions[] = {
        [FUNCTION_BUFSIZE] = {"bufsize", VALUE_NUMBER, 0},
        [FUNCTION_CLASS] = {"class", VALUE_TEXT, 0},
        [FUNCTION_CLIENT_IP] = {"client_ip", VALUE_TEXT, 0},
        [FUNCTION_DO] = {"do", VALUE_BOOL, 0},
        [FUNCTION_ID] = {"id", VALUE_NUMBER, 0},
        [FUNCTION_NAME] = {"name", VALUE_TEXT, 0},
        [FUNCTION_OPCODE] = {"opcode", VALUE_NUMBER, 0},
        [FUNCTION_PORT] = {"port", VALUE_TEXT, 0},
        [FUNCTION_PROTO] = {"proto", VALUE_TEXT, 0},
        [FUNCTION_SERVER_IP] = {"server_ip", VALUE_TEXT, 0},
        [FUNCTION_SERVER_PORT] = {"server_port", VALUE_TEXT, 0},
        [FUNCTION_SIZE] = {"size", VALUE_NUMBER, 0},
        [FUNCTION_TYPE] = {"type", VALUE_TEXT, 0},
        [FUNCTION_INCIDR] = {"incidr", VALUE_BOOL, 2},
        [FUNCTION_METADATA] = {"metadata", VALUE_TEXT, 1},
        [FUNCTION_LEN] = {"len", VALUE_NUMBER, 1},
        [FUNCTION_LOWER] = {"lower", VALUE_TEXT, 1},
        [FUNCTION_UPPER] = {"upper", VALUE_TEXT, 1},
        [FUNCTION_TRIM] = {"trim", VALUE_TEXT, 1},
        [FUNCTION_HAS_PREFIX] = {"hasPrefix", VALUE_BOOL, 2},
        [FUNCTION_HAS_SUFFIX] = {"hasSuffix", VALUE_BOOL, 2},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

static struct node *unknown_word(struct reading *r, const char *at, const char *word)
{
	char text[DIAG_TEXT_MAX];
	size_t len = (size_t)snprintf(text, sizeof text, "there is no \"%s\"; there are:", word);
	for (size_t i = 0; i < FUNCTIONS && len < sizeof text; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s %s()", i ? "," : "", functions[i].name);
	return wrong(r, at, ERR_SYNTAX, text);
}

static bool check_arguments(struct reading *r, const char *at, const struct node *n)
{
	unsigned count = 0;
	for (const struct node *a = n->first; a; a = a->next, count++) {
		if (a->type != VALUE_TEXT && !(n->function == FUNCTION_LEN && a->type == VALUE_LIST))
			return wrong_type(r, at, VALUE_TEXT);
	}
	return count == functions[n->function].texts || wrong(r, at, ERR_SYNTAX, "the number of arguments is wrong");
}

/* incidr() of a range that is known is not read anew for each query. */
static bool prepare_range(struct reading *r, const char *at, struct node *n)
{
	const struct node *range = n->first->next;
	if (range->op != NODE_LITERAL || value_range(range->text, range->len, &n->range))
		return true;
	wrong(r, at, ERR_SYNTAX, "incidr() wants a range such as 10.0.0.0/8");
	return false;
}

static struct node *read_call(struct reading *r, const char *at, const char *word)
{
	struct node *n;
	size_t i = 0;
	while (i < FUNCTIONS && strcmp(functions[i].name, word) != 0)
		i++;
	if (i == FUNCTIONS)
		return unknown_word(r, at, word);
	n = node_new(r, NODE_CALL, functions[i].type);
	if (!n || !want(r, "("))
		return NULL;
	n->function = (enum function)i;
	if (!read_members(r, ")", &n->first) || !check_arguments(r, at, n))
		return NULL;
	return n->function != FUNCTION_INCIDR || prepare_range(r, at, n) ? n : NULL;
}

static struct node *read_word(struct reading *r)
{
	const char *begin = r->at;
	char word[WORD_MAX];
	size_t len = 0;
	while (is_letter(*r->at) || is_digit(*r->at)) {
		if (len + 1 < sizeof word)
			word[len++] = *r->at;
		r->at++;
	}
	word[len] = '\0';
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
		return literal_bool(r, word[0] == 't');
	return read_call(r, begin, word);
}

/* --- operators --- */

static struct node *read_primary(struct reading *r)
{
	struct node *n;
	skip_blanks(r);
	if (*r->at == '\'' || *r->at == '"' || *r->at == '`')
		return read_text(r, *r->at);
	if (is_digit(*r->at))
		return read_number(r);
	if (take(r, "["))
		return read_list(r);
	if (is_letter(*r->at))
		return read_word(r);
	if (!take(r, "("))
		return wrong(r, r->at, ERR_SYNTAX, *r->at ? "a value is wanted here" : "something is missing at the end");
	n = read_choice(r);
	return n && want(r, ")") ? n : NULL;
}

static struct node *with_operand(struct reading *r, const char *at, enum node_op op, enum value_type type, struct node *operand)
{
	struct node *n;
	if (!operand)
		return NULL;
	if (operand->type != type)
		return wrong_type(r, at, type);
	n = node_new(r, op, type);
	if (n)
		n->left = operand;
	return n;
}

enum operands { OF_BOOLS, OF_NUMBERS, OF_TEXTS, OF_ADDING, OF_ALIKE, OF_ORDERED, OF_MEMBER, OF_PATTERN };

/* As expr-lang has them. A word comes before another that begins with it. */
static const struct binary {
	const char *token;
	enum node_op op;
	enum operands of;
	enum value_type type;
	uint8_t precedence;
	bool negatable; /* "not in" */
} operators[] = {
        {"||", NODE_OR, OF_BOOLS, VALUE_BOOL, 10, false},
        {"or", NODE_OR, OF_BOOLS, VALUE_BOOL, 10, false},
        {"&&", NODE_AND, OF_BOOLS, VALUE_BOOL, 15, false},
        {"and", NODE_AND, OF_BOOLS, VALUE_BOOL, 15, false},
        {"==", NODE_EQUAL, OF_ALIKE, VALUE_BOOL, 20, false},
        {"!=", NODE_UNEQUAL, OF_ALIKE, VALUE_BOOL, 20, false},
        {"<=", NODE_LESS_EQUAL, OF_ORDERED, VALUE_BOOL, 20, false},
        {">=", NODE_GREATER_EQUAL, OF_ORDERED, VALUE_BOOL, 20, false},
        {"<", NODE_LESS, OF_ORDERED, VALUE_BOOL, 20, false},
        {">", NODE_GREATER, OF_ORDERED, VALUE_BOOL, 20, false},
        {"in", NODE_IN, OF_MEMBER, VALUE_BOOL, 20, true},
        {"matches", NODE_MATCHES, OF_PATTERN, VALUE_BOOL, 20, true},
        {"contains", NODE_CONTAINS, OF_TEXTS, VALUE_BOOL, 20, true},
        {"startsWith", NODE_STARTS, OF_TEXTS, VALUE_BOOL, 20, true},
        {"endsWith", NODE_ENDS, OF_TEXTS, VALUE_BOOL, 20, true},
        {"..", NODE_RANGE, OF_NUMBERS, VALUE_RANGE, 25, false},
        {"+", NODE_ADD, OF_ADDING, VALUE_NUMBER, 30, false},
        {"-", NODE_SUBTRACT, OF_NUMBERS, VALUE_NUMBER, 30, false},
        {"*", NODE_MULTIPLY, OF_NUMBERS, VALUE_NUMBER, 60, false},
        {"%", NODE_REMAINDER, OF_NUMBERS, VALUE_NUMBER, 60, false},
};
#define NOT_PRECEDENCE   50
#define MINUS_PRECEDENCE 90

/* The operator here, if it binds as close as that; *negated: "not" stands before it. It is taken. */
static const struct binary *take_operator(struct reading *r, unsigned least, bool *negated)
{
	const char *begin = r->at;
	*negated = take(r, "not");
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		const struct binary *o = &operators[i];
		if (o->precedence < least || (*negated && !o->negatable))
			continue;
		if (take(r, o->token))
			return o;
	}
	r->at = begin;
	return NULL;
}

static bool is_both(const struct node *a, const struct node *b, enum value_type type)
{
	return a->type == type && b->type == type;
}

static bool compile_pattern(struct reading *r, const char *at, struct node *n)
{
	struct diag why;
	enum err err;
	if (n->right->op != NODE_LITERAL) {
		wrong(r, at, ERR_SYNTAX, "the pattern has to be a text that stands there");
		return false;
	}
	err = regexp_new(n->right->text, &n->pattern, &why);
	if (err)
		wrong(r, at, err, why.text);
	return !err;
}

/* Whether the operands are such as the operator takes. */
static bool check_operands(struct reading *r, const char *at, const struct binary *o, struct node *n)
{
	const struct node *a = n->left, *b = n->right;
	const bool numbers = is_both(a, b, VALUE_NUMBER), texts = is_both(a, b, VALUE_TEXT), bools = is_both(a, b, VALUE_BOOL);
	switch (o->of) {
	case OF_BOOLS:
		return bools || wrong_type(r, at, VALUE_BOOL);
	case OF_NUMBERS:
		return numbers || wrong_type(r, at, VALUE_NUMBER);
	case OF_TEXTS:
		return texts || wrong_type(r, at, VALUE_TEXT);
	case OF_ADDING:
		n->type = a->type;
		return numbers || texts || wrong(r, at, ERR_SYNTAX, "two numbers or two texts are wanted here");
	case OF_ALIKE:
		return numbers || texts || bools || wrong(r, at, ERR_SYNTAX, "two values of one type are wanted here");
	case OF_ORDERED:
		return numbers || texts || wrong(r, at, ERR_SYNTAX, "two numbers or two texts are wanted here");
	case OF_MEMBER:
		if (a->type >= VALUE_LIST || b->type < VALUE_LIST || (b->type == VALUE_RANGE && a->type != VALUE_NUMBER))
			return wrong_type(r, at, VALUE_LIST);
		return true;
	case OF_PATTERN:
		return (texts || wrong_type(r, at, VALUE_TEXT)) && compile_pattern(r, at, n);
	}
	return false;
}

static struct node *read_binary(struct reading *r, unsigned least);

static struct node *read_unary(struct reading *r)
{
	const char *at = (skip_blanks(r), r->at);
	if (take(r, "not") || (*r->at == '!' && r->at[1] != '=' && take(r, "!")))
		return with_operand(r, at, NODE_NOT, VALUE_BOOL, read_binary(r, NOT_PRECEDENCE));
	if (take(r, "-"))
		return with_operand(r, at, NODE_NEGATE, VALUE_NUMBER, read_binary(r, MINUS_PRECEDENCE));
	return read_primary(r);
}

static struct node *read_binary_within(struct reading *r, unsigned least)
{
	const struct binary *o;
	struct node *left = read_unary(r), *n;
	const char *at = (skip_blanks(r), r->at);
	bool negated;
	while (left && (o = take_operator(r, least, &negated))) {
		n = node_new(r, o->op, o->type);
		if (!n)
			return NULL;
		n->left = left;
		n->right = read_binary(r, o->precedence + 1U);
		if (!n->right || !check_operands(r, at, o, n))
			return NULL;
		left = negated ? with_operand(r, at, NODE_NOT, VALUE_BOOL, n) : n;
		at = (skip_blanks(r), r->at);
	}
	return left;
}

/* False: it would be too deep. */
static bool descend(struct reading *r)
{
	if (r->depth == EXPRESSION_DEPTH_MAX)
		return wrong(r, r->at, ERR_RANGE, "there is too much within each other");
	r->depth++;
	return true;
}

static struct node *read_binary(struct reading *r, unsigned least)
{
	struct node *n = descend(r) ? read_binary_within(r, least) : NULL;
	r->depth -= n != NULL;
	return n;
}

static struct node *read_choice_within(struct reading *r)
{
	struct node *condition = read_binary(r, 0), *n;
	const char *at = r->at;
	if (!condition || !take(r, "?"))
		return condition;
	if (condition->type != VALUE_BOOL)
		return wrong_type(r, at, VALUE_BOOL);
	n = node_new(r, NODE_CHOICE, VALUE_BOOL);
	if (!n)
		return NULL;
	n->first = condition;
	n->left = read_choice(r);
	n->right = n->left && want(r, ":") ? read_choice(r) : NULL;
	if (!n->right)
		return NULL;
	n->type = n->left->type;
	return n->type == n->right->type ? n : wrong(r, at, ERR_SYNTAX, "both values of a choice are to have one type");
}

static struct node *read_choice(struct reading *r)
{
	struct node *n = descend(r) ? read_choice_within(r) : NULL;
	r->depth -= n != NULL;
	return n;
}

enum err expression_new(const char *text, struct expression **out, struct diag *d)
{
	struct reading r = {.e = calloc(1, sizeof *r.e), .text = text, .at = text, .d = d};
	if (!r.e)
		return diag_no_memory(d);
	r.e->root = read_choice(&r);
	skip_blanks(&r);
	if (r.e->root && *r.at)
		wrong(&r, r.at, ERR_SYNTAX, "an operator is wanted here");
	else if (r.e->root && r.e->root->type != VALUE_BOOL)
		wrong(&r, text, ERR_SYNTAX, "the whole has to be true or false");
	if (r.err) {
		expression_free(r.e);
		return r.err;
	}
	*out = r.e;
	return OK;
}
