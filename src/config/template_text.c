/* Reads texts with actions, as Go's text/template does, into nodes. What can only fail when a query comes is refused here as well. */
#include "template_program.h"
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64 /* octets of a variable's name */
#define SHOWN_MAX    60 /* octets of an action in an error */

struct variable {
	char name[NAME_MAX_LEN];
};

struct compiling {
	struct template_program *p;
	struct variable variables[TEMPLATE_SLOTS_MAX];
	unsigned slots;
	const char *text, *end; /* what is left */
	const char *action;     /* the one that is read: from where, */
	size_t action_len;
	const char *at, *close; /* and what is left of it */
	bool trims;             /* the blanks behind it go */
	bool root_dot;          /* the dot is what it was in the begin */
	unsigned loops, depth, values;
	bool callable; /* the word that was read last is a function, which takes values */
	struct diag *d;
};

/* How statements end. */
enum stop { STOP_END_OF_TEXT, STOP_END, STOP_ELSE };

/* --- errors --- */

static enum err wrong(const struct compiling *c, const char *what)
{
	return diag_set(c->d, ERR_SYNTAX, "{{%.*s}}: %s", (int)(c->action_len < SHOWN_MAX ? c->action_len : SHOWN_MAX), c->action, what);
}

static enum err wrong_word(const struct compiling *c, const char *word, size_t len, const char *what)
{
	return diag_set(c->d, ERR_SYNTAX, "{{%.*s}}: %.*s %s", (int)(c->action_len < SHOWN_MAX ? c->action_len : SHOWN_MAX), c->action,
	                (int)(len < SHOWN_MAX ? len : SHOWN_MAX), word, what);
}

/* --- nodes --- */

static enum err add_node(struct compiling *c, enum node_kind kind, unsigned *place)
{
	struct template_program *p = c->p;
	struct template_node *more;
	if (p->count == TEMPLATE_NODES_MAX)
		return diag_set(c->d, ERR_RANGE, "the text has more than %d parts", TEMPLATE_NODES_MAX);
	if (!(p->count & (p->count - 1))) { /* at powers of two, and at none */
		more = realloc(p->nodes, (p->count ? 2 * (size_t)p->count : 1) * sizeof *more);
		if (!more)
			return diag_no_memory(c->d);
		p->nodes = more;
	}
	*place = p->count++;
	p->nodes[*place] = (struct template_node){.kind = kind};
	return OK;
}

static struct template_node *node(struct compiling *c, unsigned place)
{
	return &c->p->nodes[place];
}

static enum err set_text(struct compiling *c, unsigned place, const char *text, size_t len)
{
	struct template_node *n = node(c, place);
	n->text = malloc(len + 1);
	if (!n->text)
		return diag_no_memory(c->d);
	memcpy(n->text, text, len);
	n->text[len] = '\0';
	n->len = len;
	return OK;
}

static void append(struct compiling *c, unsigned *first, unsigned *last, unsigned place)
{
	if (*last)
		node(c, *last)->next = place;
	else
		*first = place;
	*last = place;
}

/* --- letters --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Octets of the quoted string at text, with its quotes; 0: it does not end. */
static size_t quoted_len(const char *text, const char *end)
{
	const char quote = *text;
	for (const char *at = text + 1; at < end; at++) {
		if (*at == quote)
			return (size_t)(at - text) + 1;
		if (*at == '\n' && quote != '`')
			return 0;
		if (*at == '\\' && quote != '`')
			at++;
	}
	return 0;
}

static void skip_blanks(struct compiling *c)
{
	while (c->at < c->close && is_blank(*c->at))
		c->at++;
}

/* Letters and digits from there on. */
static size_t word_len(const struct compiling *c, const char *at)
{
	size_t len = 0;
	while (at + len < c->close && (is_letter(at[len]) || is_digit(at[len])))
		len++;
	return len;
}

static bool take_mark(struct compiling *c, const char *mark)
{
	const size_t len = strlen(mark);
	skip_blanks(c);
	if ((size_t)(c->close - c->at) < len || memcmp(c->at, mark, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* A word of its own. */
static bool take_word(struct compiling *c, const char *word)
{
	size_t len;
	skip_blanks(c);
	len = word_len(c, c->at);
	if (len != strlen(word) || memcmp(c->at, word, len) != 0)
		return false;
	c->at += len;
	return true;
}

static bool at_end(struct compiling *c)
{
	skip_blanks(c);
	return c->at == c->close;
}

/* --- constants --- */

static unsigned hex_digit(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The escape behind a backslash; *taken: its octets. False: Go has none such. */
static bool read_escape(const char *at, const char *end, char quote, char *octet, size_t *taken)
{
	static const char letters[] = "abfnrtv\\", octets[] = "\a\b\f\n\r\t\v\\";
	const char *found = at < end && *at ? strchr(letters, *at) : NULL;
	*taken = 1;
	if (found || (at < end && *at == quote)) {
		*octet = quote;
		if (found)
			*octet = octets[found - letters];
		return true;
	}
	if (end - at >= 3 && *at == 'x' && hex_digit(at[1]) < 16 && hex_digit(at[2]) < 16) {
		*octet = (char)(hex_digit(at[1]) << 4 | hex_digit(at[2]));
		*taken = 3;
		return true;
	}
	if (end - at >= 3 && at[0] >= '0' && at[0] <= '3' && at[1] >= '0' && at[1] <= '7' && at[2] >= '0' && at[2] <= '7') {
		*octet = (char)((at[0] - '0') << 6 | (at[1] - '0') << 3 | (at[2] - '0'));
		*taken = 3;
		return true;
	}
	return false;
}

static enum err take_string(struct compiling *c, unsigned *place)
{
	const size_t quoted = quoted_len(c->at, c->close);
	const char *from = c->at + 1, *end = c->at + quoted - 1;
	const bool raw = *c->at == '`';
	struct template_node *n;
	enum err err;
	size_t len = 0;
	if (!quoted)
		return wrong(c, "a text does not end");
	err = add_node(c, NODE_CONSTANT, place);
	if (!err)
		err = set_text(c, *place, from, (size_t)(end - from));
	if (err)
		return err;
	c->at += quoted;
	n = node(c, *place);
	n->value.kind = VALUE_TEXT;
	for (const char *at = from; at < end && !raw; at++) {
		size_t taken = 0;
		n->text[len] = *at;
		if (*at == '\\' && !read_escape(at + 1, end, '"', &n->text[len], &taken))
			return wrong(c, "a text has an escape that headns has not got");
		at += taken;
		len++;
	}
	n->len = raw ? n->len : len;
	n->text[n->len] = '\0';
	return OK;
}

static enum err add_int(struct compiling *c, int64_t number, unsigned *place)
{
	enum err err = add_node(c, NODE_CONSTANT, place);
	if (!err)
		node(c, *place)->value = value_int(number);
	return err;
}

/* 'x', in ASCII */
static enum err take_character(struct compiling *c, unsigned *place)
{
	const size_t quoted = quoted_len(c->at, c->close);
	const char *from = c->at + 1, *end = c->at + quoted - 1;
	size_t taken = 0;
	char octet = *from;
	if (quoted < 3 || (*from == '\\' && !read_escape(from + 1, end, '\'', &octet, &taken)) || from + taken + 1 != end || octet & 0x80)
		return wrong(c, "what stands in single quotes is no character");
	c->at += quoted;
	return add_int(c, octet, place);
}

static enum err take_number(struct compiling *c, unsigned *place)
{
	const char *begin = c->at;
	const bool minus = *c->at == '-';
	uint64_t n = 0;
	unsigned base = 10;
	c->at += minus || *c->at == '+';
	if (c->close - c->at > 1 && *c->at == '0') {
		char mark = (char)(c->at[1] | 0x20);
		base = mark == 'x' ? 16 : mark == 'b' ? 2 : mark == 'o' || is_digit(mark) ? 8 : 10;
		c->at += base == 10 ? 0 : base == 8 && is_digit(mark) ? 1 : 2;
	}
	if (c->at == c->close || hex_digit(*c->at) >= base)
		return wrong_word(c, begin, 1 + word_len(c, begin + 1), "is not a number that headns has");
	for (; c->at < c->close && hex_digit(*c->at) < base; c->at++) {
		if (n > (uint64_t)INT64_MAX / 16)
			return wrong(c, "a number is too large");
		n = n * base + hex_digit(*c->at);
	}
	if (c->at < c->close && (is_letter(*c->at) || is_digit(*c->at) || *c->at == '.'))
		return wrong_word(c, begin, 1 + word_len(c, begin + 1), "is not a number that headns has");
	return add_int(c, minus ? -(int64_t)n : (int64_t)n, place);
}

/* --- values --- */

static const struct {
	const char *name;
	enum template_function function;
	unsigned min, max; /* values that it takes */
} functions[] = {
        {"and", FUNCTION_AND, 1, TEMPLATE_ARGS_MAX},
        {"eq", FUNCTION_EQ, 2, TEMPLATE_ARGS_MAX},
        {"ge", FUNCTION_GE, 2, 2},
        {"gt", FUNCTION_GT, 2, 2},
        {"index", FUNCTION_INDEX, 1, TEMPLATE_ARGS_MAX},
        {"le", FUNCTION_LE, 2, 2},
        {"len", FUNCTION_LEN, 1, 1},
        {"lt", FUNCTION_LT, 2, 2},
        {"ne", FUNCTION_NE, 2, 2},
        {"not", FUNCTION_NOT, 1, 1},
        {"or", FUNCTION_OR, 1, TEMPLATE_ARGS_MAX},
        {"parseInt", FUNCTION_PARSE_INT, 3, 3},
        {"print", FUNCTION_PRINT, 0, TEMPLATE_ARGS_MAX},
        {"printf", FUNCTION_PRINTF, 1, TEMPLATE_ARGS_MAX},
        {"println", FUNCTION_PRINTLN, 0, TEMPLATE_ARGS_MAX},
        {"slice", FUNCTION_SLICE, 1, 4},
};
#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

static enum err take_pipeline(struct compiling *c, unsigned *place);

/* What is known of it without a query; VALUE_NONE: nothing is. */
static enum value_kind known_kind(struct compiling *c, unsigned place)
{
	static const struct {
		const char *name;
		enum value_kind kind;
	} fields[] = {
	        {"Name", VALUE_TEXT},   {"Zone", VALUE_TEXT},         {"Class", VALUE_TEXT},
	        {"Type", VALUE_TEXT},   {"Remote", VALUE_TEXT},       {"Match", VALUE_MATCH},
	        {"Group", VALUE_GROUP}, {"Question", VALUE_QUESTION}, {"Message", VALUE_MESSAGE},
	};
	const struct template_node *n = node(c, place);
	if (n->kind == NODE_DOT)
		return c->root_dot ? VALUE_ROOT : VALUE_NONE;
	if (n->kind == NODE_VARIABLE)
		return n->slot ? VALUE_NONE : VALUE_ROOT;
	if (n->kind == NODE_CONSTANT)
		return n->value.kind;
	if (n->kind != NODE_FIELD || known_kind(c, n->first) != VALUE_ROOT)
		return VALUE_NONE;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (strcmp(fields[i].name, n->text) == 0)
			return fields[i].kind;
	}
	return VALUE_NONE;
}

/* Whether that may be there when a query comes. */
static bool may_have(struct compiling *c, unsigned of, const char *name)
{
	static const struct template_values none = {.name = "", .question_name = "", .zone = "", .rclass = "", .type = "", .remote = ""};
	struct value value = {.kind = known_kind(c, of)}, out;
	return value.kind == VALUE_NONE || value_field(&none, &value, name, &out);
}

/* ".x.y" behind a value. */
static enum err take_fields(struct compiling *c, unsigned *place)
{
	while (c->close - c->at > 1 && *c->at == '.' && is_letter(c->at[1])) {
		const unsigned of = *place;
		const size_t len = word_len(c, ++c->at);
		const enum value_kind kind = known_kind(c, of);
		if (node(c, of)->kind == NODE_META && !node(c, of)->second)
			return wrong(c, "Meta takes a label, such as .Meta \"view/name\"");
		const bool is_meta = len == 4 && memcmp(c->at, "Meta", 4) == 0 && (kind == VALUE_ROOT || kind == VALUE_NONE);
		enum err err = add_node(c, is_meta ? NODE_META : NODE_FIELD, place);
		if (!err)
			err = set_text(c, *place, c->at, len);
		if (err)
			return err;
		node(c, *place)->first = of;
		if (!is_meta && !may_have(c, of, node(c, *place)->text))
			return wrong_word(c, c->at, len,
			                  "is no field that headns has there: there are .Name, .Zone, .Class, .Type, .Remote, .Group, "
			                  ".Match, .Question, .Message, .Meta");
		c->at += len;
	}
	return OK;
}

static enum err take_variable(struct compiling *c, unsigned *place)
{
	const char *name = c->at + 1;
	const size_t len = word_len(c, name);
	unsigned slot = 0;
	enum err err;
	for (unsigned i = c->slots; len && i-- > 1 && !slot;) {
		if (strlen(c->variables[i].name) == len && memcmp(c->variables[i].name, name, len) == 0)
			slot = i;
	}
	if (len && !slot)
		return wrong_word(c, c->at, len + 1, "is a variable that there is not");
	err = add_node(c, NODE_VARIABLE, place);
	if (err)
		return err;
	node(c, *place)->slot = slot;
	c->at += len + 1;
	return OK;
}

static enum err take_named(struct compiling *c, unsigned *place)
{
	static const char *const names[] = {"true", "false", "nil"};
	const struct value values[] = {value_bool(true), value_bool(false), {.kind = VALUE_NIL}};
	const size_t len = word_len(c, c->at);
	for (unsigned i = 0; i < 3; i++) {
		if (strlen(names[i]) == len && memcmp(c->at, names[i], len) == 0) {
			enum err err = add_node(c, NODE_CONSTANT, place);
			if (!err)
				node(c, *place)->value = values[i];
			c->at += len;
			return err;
		}
	}
	for (unsigned i = 0; i < FUNCTION_COUNT; i++) {
		if (strlen(functions[i].name) == len && memcmp(c->at, functions[i].name, len) == 0) {
			enum err err = add_node(c, NODE_CALL, place);
			if (!err)
				node(c, *place)->function = functions[i].function;
			c->at += len;
			return err;
		}
	}
	return wrong_word(c, c->at, len,
	                  "is not a function that headns has: and, eq, ge, gt, index, le, len, lt, ne, not, or, parseInt, print, printf, "
	                  "println, slice");
}

static enum err take_parenthesis(struct compiling *c, unsigned *place)
{
	enum err err;
	c->at++;
	if (++c->values > TEMPLATE_DEPTH_MAX)
		return wrong(c, "there are too many parentheses in parentheses");
	err = take_pipeline(c, place);
	c->values--;
	if (!err && !take_mark(c, ")"))
		err = wrong(c, "a parenthesis is not closed");
	return err;
}

/* One word of a command, with the fields behind it. */
static enum err take_operand(struct compiling *c, unsigned *place)
{
	unsigned bare = 0;
	const char first = *c->at, second = (char)(c->close - c->at > 1 ? c->at[1] : '\0');
	enum err err;
	*place = 0;
	if (first == '"' || first == '`')
		err = take_string(c, place);
	else if (first == '\'')
		err = take_character(c, place);
	else if (is_digit(first) || ((first == '-' || first == '+') && is_digit(second)))
		err = take_number(c, place);
	else if (first == '$')
		err = take_variable(c, place);
	else if (first == '(')
		err = take_parenthesis(c, place);
	else if (is_letter(first))
		err = take_named(c, place);
	else if (first == '.') {
		err = add_node(c, NODE_DOT, place);
		c->at += !is_letter(second);
	} else
		return wrong_word(c, c->at, 1, "is not expected there");
	if (!err && is_letter(first) && node(c, *place)->kind == NODE_CALL && c->at < c->close && *c->at == '.')
		err = wrong_word(c, c->at, 1, "is not expected there");
	if (!err) {
		bare = *place;
		err = take_fields(c, place);
	}
	if (!err)
		c->callable = *place != bare ? node(c, *place)->kind == NODE_META : is_letter(first) && node(c, bare)->kind == NODE_CALL;
	if (!err && c->at < c->close && !is_blank(*c->at) && !strchr("|),=:", *c->at))
		err = wrong_word(c, c->at, 1, "is not expected there");
	return err;
}

/* A function whose name alone stands there is called without values. */
static enum err end_call(struct compiling *c, unsigned place, unsigned count)
{
	const struct template_node *n = node(c, place);
	if (n->kind == NODE_META)
		return count == 1 ? OK : wrong(c, "Meta takes a label, such as .Meta \"view/name\"");
	if (n->kind != NODE_CALL)
		return OK;
	for (unsigned i = 0; i < FUNCTION_COUNT; i++) {
		if (functions[i].function == n->function && (count < functions[i].min || count > functions[i].max))
			return wrong_word(c, functions[i].name, strlen(functions[i].name), "has too few values, or too many");
	}
	return OK;
}

static enum err add_argument(struct compiling *c, unsigned place, unsigned *last, unsigned argument, unsigned *count)
{
	unsigned first = node(c, place)->second;
	if (++*count > TEMPLATE_ARGS_MAX)
		return wrong(c, "there are too many values");
	append(c, &first, last, argument);
	node(c, place)->second = first;
	return OK;
}

/* One command of a pipeline; piped: what the one before made, its last value. 0: there is none. */
static enum err take_command(struct compiling *c, unsigned piped, unsigned *place)
{
	unsigned last = 0, count = 0;
	bool callable;
	enum err err;
	if (at_end(c) || strchr("|)", *c->at))
		return wrong(c, "a value is wanted");
	err = take_operand(c, place);
	callable = c->callable;
	while (!err && !at_end(c) && !strchr("|),", *c->at)) {
		unsigned argument;
		if (!callable)
			return wrong(c, "a value that is no function has another behind it");
		err = take_operand(c, &argument);
		if (!err && c->callable)
			err = end_call(c, argument, 0);
		if (!err)
			err = add_argument(c, *place, &last, argument, &count);
	}
	if (!err && piped && !callable)
		err = wrong(c, "behind | a function is wanted");
	if (!err && piped)
		err = add_argument(c, *place, &last, piped, &count);
	if (!err && callable)
		err = end_call(c, *place, count);
	return err;
}

static enum err take_pipeline(struct compiling *c, unsigned *place)
{
	unsigned piped = 0;
	*place = 0;
	do {
		enum err err = take_command(c, piped, place);
		if (err)
			return err;
		piped = *place;
	} while (take_mark(c, "|"));
	return OK;
}

/* --- variables --- */

static enum err declare(struct compiling *c, const char *name, size_t len, unsigned *slot)
{
	if (!len || len >= NAME_MAX_LEN)
		return wrong(c, "a variable's name is none, or is too long");
	if (c->slots == TEMPLATE_SLOTS_MAX)
		return wrong(c, "there are too many variables");
	memcpy(c->variables[c->slots].name, name, len);
	c->variables[c->slots].name[len] = '\0';
	*slot = c->slots++;
	return OK;
}

struct target {
	const char *name;
	size_t len;
	bool sets; /* =; else := */
};

/* "$x :=", "$x =" at the begin; false: there is none. */
static bool take_target(struct compiling *c, struct target *t)
{
	const char *begin;
	skip_blanks(c);
	begin = c->at;
	if (begin == c->close || *begin != '$')
		return false;
	t->name = begin + 1;
	t->len = word_len(c, begin + 1);
	c->at += t->len + 1;
	t->sets = false;
	if (take_mark(c, ":="))
		return true;
	t->sets = true;
	if (take_mark(c, "="))
		return true;
	c->at = begin;
	return false;
}

static enum err place_target(struct compiling *c, const struct target *t, unsigned *slot)
{
	if (!t->sets)
		return declare(c, t->name, t->len, slot);
	for (unsigned i = c->slots; i-- > 1;) {
		if (strlen(c->variables[i].name) == t->len && memcmp(c->variables[i].name, t->name, t->len) == 0) {
			*slot = i;
			return OK;
		}
	}
	return wrong(c, "a variable is set that there is not");
}

/* --- statements --- */

static bool is_comment(const char *text, size_t len)
{
	return len >= 4 && memcmp(text, "/*", 2) == 0 && memcmp(text + len - 2, "*/", 2) == 0;
}

/* Where the braces close; NULL: nowhere. */
static const char *find_close(const char *text, const char *end)
{
	const char *at = text + (end - text > 1 && text[0] == '-' && is_blank(text[1]) ? 2 : 0);
	if (end - at > 1 && memcmp(at, "/*", 2) == 0) {
		const char *over = strstr(at + 2, "*/");
		at = over ? over : end;
	}
	while (at < end) {
		size_t quoted = *at == '"' || *at == '`' || *at == '\'' ? quoted_len(at, end) : 0;
		if (end - at > 1 && at[0] == '}' && at[1] == '}')
			return at;
		at += quoted ? quoted : 1;
	}
	return NULL;
}

/* The text up to the next action, which is read up to its close; *none: there is no further one. */
static enum err take_text(struct compiling *c, unsigned *first, unsigned *last, bool *none)
{
	const char *begin = c->text, *open = strstr(begin, "{{"), *end = open ? open : c->end, *close;
	unsigned place = 0;
	enum err err;
	*none = !open;
	for (; c->trims && begin < end && is_blank(*begin); begin++)
		;
	c->trims = false;
	c->text = end;
	if (open) {
		c->action = open + 2;
		close = find_close(open + 2, c->end);
		if (!close)
			return diag_set(c->d, ERR_SYNTAX, "{{ is not closed");
		c->action_len = (size_t)(close - c->action);
		c->text = close + 2;
		c->at = c->action;
		c->close = close;
		if (c->close - c->at > 1 && c->at[0] == '-' && is_blank(c->at[1])) {
			for (; end > begin && is_blank(end[-1]); end--)
				;
			c->at += 2;
		}
		c->trims = c->close - c->at > 1 && c->close[-1] == '-' && is_blank(c->close[-2]);
		c->close -= c->trims ? 2 : 0;
	}
	if (begin == end)
		return OK;
	if (*last && node(c, *last)->kind == NODE_TEXT) { /* a comment stood between */
		struct template_node *n = node(c, *last);
		char *more = realloc(n->text, n->len + (size_t)(end - begin) + 1);
		if (!more)
			return diag_no_memory(c->d);
		memcpy(more + n->len, begin, (size_t)(end - begin));
		n->text = more;
		n->len += (size_t)(end - begin);
		n->text[n->len] = '\0';
		return OK;
	}
	err = add_node(c, NODE_TEXT, &place);
	if (!err)
		err = set_text(c, place, begin, (size_t)(end - begin));
	if (!err)
		append(c, first, last, place);
	return err;
}

static enum err take_statements(struct compiling *c, unsigned *first, enum stop *stop);

static enum err add_literal(struct compiling *c, unsigned *first, unsigned *last, unsigned constant)
{
	struct template_node *n = node(c, constant), *before = *last ? node(c, *last) : NULL;
	char *more;
	if (!before || before->kind != NODE_TEXT) {
		n->kind = NODE_TEXT;
		append(c, first, last, constant);
		return OK;
	}
	more = realloc(before->text, before->len + n->len + 1);
	if (!more)
		return diag_no_memory(c->d);
	memcpy(more + before->len, n->text, n->len + 1);
	before->text = more;
	before->len += n->len;
	return OK;
}

static enum err take_action(struct compiling *c, unsigned *first, unsigned *last)
{
	struct target t;
	unsigned place = 0, value = 0, slot = 0;
	const bool has_target = take_target(c, &t);
	enum err err = take_pipeline(c, &value);
	if (!err && !at_end(c))
		err = wrong_word(c, c->at, 1, "is not expected there");
	if (!err && node(c, value)->kind == NODE_CONSTANT && node(c, value)->value.kind == VALUE_NIL)
		err = wrong(c, "nil is no command");
	if (!err && !has_target && node(c, value)->kind == NODE_CONSTANT && node(c, value)->value.kind == VALUE_TEXT)
		return add_literal(c, first, last, value);
	if (!err && has_target)
		err = place_target(c, &t, &slot);
	if (!err)
		err = add_node(c, has_target ? NODE_SET : NODE_ACTION, &place);
	if (err)
		return err;
	node(c, place)->first = value;
	node(c, place)->slot = slot;
	append(c, first, last, place);
	return OK;
}

/* `$i, $e :=` of range. */
static enum err take_range_targets(struct compiling *c, struct target targets[2], unsigned *count)
{
	const char *begin = c->at;
	*count = 0;
	skip_blanks(c);
	if (c->at < c->close && *c->at == '$') {
		targets[0].name = c->at + 1;
		targets[0].len = word_len(c, c->at + 1);
		c->at += targets[0].len + 1;
		if (take_mark(c, ",")) {
			if (!take_target(c, &targets[1]))
				return wrong(c, "range has $KEY, $ELEMENT := VALUE");
			targets[0].sets = targets[1].sets;
			*count = 2;
			return OK;
		}
	}
	c->at = begin;
	*count = take_target(c, &targets[0]);
	return OK;
}

static enum err take_else(struct compiling *c, enum node_kind kind, unsigned *third);

static enum err take_body(struct compiling *c, enum node_kind kind, unsigned place, bool root_dot)
{
	enum stop stop = STOP_END_OF_TEXT;
	unsigned second = 0, third = 0;
	enum err err;
	c->loops += kind == NODE_RANGE;
	c->root_dot = root_dot && kind == NODE_IF;
	err = take_statements(c, &second, &stop);
	c->root_dot = root_dot;
	c->loops -= kind == NODE_RANGE;
	if (!err && stop == STOP_ELSE)
		err = take_else(c, kind, &third);
	else if (!err && stop == STOP_END_OF_TEXT)
		err = diag_set(c->d, ERR_SYNTAX, "{{ end }} is missing");
	if (err)
		return err;
	node(c, place)->second = second;
	node(c, place)->third = third;
	return OK;
}

static enum err take_block(struct compiling *c, enum node_kind kind, unsigned *place)
{
	const unsigned slots = c->slots;
	const bool root_dot = c->root_dot;
	struct target targets[2];
	unsigned count = 0, value = 0, named[2] = {0};
	enum err err = OK;
	if (++c->depth > TEMPLATE_DEPTH_MAX)
		return wrong(c, "there are too many blocks in blocks");
	if (kind == NODE_RANGE)
		err = take_range_targets(c, targets, &count);
	else
		count = take_target(c, &targets[0]);
	if (!err)
		err = take_pipeline(c, &value);
	if (!err && !at_end(c))
		err = wrong_word(c, c->at, 1, "is not expected there");
	for (unsigned i = 0; i < count && !err; i++)
		err = place_target(c, &targets[i], &named[i]);
	if (!err)
		err = add_node(c, kind, place);
	if (err)
		return err;
	node(c, *place)->first = value;
	node(c, *place)->slot = kind == NODE_RANGE && count < 2 ? 0 : named[0];
	node(c, *place)->element = count == 2 ? named[1] : named[0];
	err = take_body(c, kind, *place, root_dot);
	c->slots = slots;
	c->depth--;
	return err;
}

/* {{ else }}, {{ else if ... }}, {{ else with ... }} */
static enum err take_else(struct compiling *c, enum node_kind kind, unsigned *third)
{
	enum stop stop = STOP_END_OF_TEXT;
	enum err err;
	if (kind == NODE_IF && take_word(c, "if"))
		return take_block(c, NODE_IF, third);
	if (kind == NODE_WITH && take_word(c, "with"))
		return take_block(c, NODE_WITH, third);
	if (!at_end(c))
		return wrong_word(c, c->at, 1, "is not expected there");
	err = take_statements(c, third, &stop);
	if (!err && stop != STOP_END)
		err = diag_set(c->d, ERR_SYNTAX, stop == STOP_ELSE ? "there are two {{ else }} in a row" : "{{ end }} is missing");
	return err;
}

static enum err take_jump(struct compiling *c, enum node_kind kind, unsigned *place)
{
	if (!c->loops)
		return wrong(c, "it stands in no range");
	if (!at_end(c))
		return wrong_word(c, c->at, 1, "is not expected there");
	return add_node(c, kind, place);
}

/* Something that begins with a word of its own; *taken: it was one. */
static enum err take_keyword(struct compiling *c, unsigned *first, unsigned *last, bool *taken)
{
	static const char *const others[] = {"define", "template", "block", "html", "js", "urlquery", "call"};
	static const struct {
		const char *word;
		enum node_kind kind;
	} words[] = {{"if", NODE_IF}, {"with", NODE_WITH}, {"range", NODE_RANGE}, {"break", NODE_BREAK}, {"continue", NODE_CONTINUE}};
	*taken = true;
	for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
		if (take_word(c, others[i]))
			return wrong_word(c, others[i], strlen(others[i]), "is something of Go's templates that headns has not got");
	}
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		unsigned place = 0;
		enum err err;
		if (!take_word(c, words[i].word))
			continue;
		err = words[i].kind == NODE_BREAK || words[i].kind == NODE_CONTINUE ? take_jump(c, words[i].kind, &place)
		                                                                    : take_block(c, words[i].kind, &place);
		if (!err)
			append(c, first, last, place);
		return err;
	}
	*taken = false;
	return OK;
}

static enum err take_statements(struct compiling *c, unsigned *first, enum stop *stop)
{
	const unsigned slots = c->slots;
	unsigned last = 0;
	*stop = STOP_END_OF_TEXT;
	for (;;) {
		bool none, taken = false;
		enum err err = take_text(c, first, &last, &none);
		if (err)
			return err;
		if (none)
			break;
		if (is_comment(c->at, (size_t)(c->close - c->at)))
			continue;
		if (take_word(c, "end")) {
			*stop = STOP_END;
			c->slots = slots;
			return at_end(c) ? OK : wrong_word(c, c->at, 1, "is not expected there");
		}
		if (take_word(c, "else")) {
			*stop = STOP_ELSE;
			c->slots = slots;
			return OK;
		}
		err = take_keyword(c, first, &last, &taken);
		if (!err && !taken)
			err = take_action(c, first, &last);
		if (err)
			return err;
	}
	return OK;
}

static void program_free(struct template_program *p)
{
	for (unsigned i = 0; p && i < p->count; i++)
		free(p->nodes[i].text);
	if (p)
		free(p->nodes);
	free(p);
}

enum err template_text_new(const char *text, struct template_text *out, struct diag *d)
{
	struct template_program *p = calloc(1, sizeof *p);
	struct compiling c = {.p = p, .text = text, .end = text + strlen(text), .slots = 1, .root_dot = true, .d = d};
	enum stop stop;
	unsigned none;
	enum err err;
	out->program = NULL;
	if (!p)
		return diag_no_memory(d);
	err = add_node(&c, NODE_NONE, &none);
	if (!err) {
		unsigned begin = 0;
		err = take_statements(&c, &begin, &stop);
		p->begin = begin;
		if (!err && stop != STOP_END_OF_TEXT)
			err = diag_set(d, ERR_SYNTAX, "{{ %s }} ends nothing", stop == STOP_END ? "end" : "else");
	}
	if (err)
		program_free(p);
	else
		out->program = p;
	return err;
}

const char *template_text_constant(const struct template_text *t)
{
	const struct template_program *p = t->program;
	const struct template_node *n;
	if (!p || !p->begin)
		return "";
	n = &p->nodes[p->begin];
	return n->kind == NODE_TEXT && !n->next ? n->text : NULL;
}

void template_text_clear(struct template_text *t)
{
	program_free(t->program);
	t->program = NULL;
}
