#include "config/expression.h"
#include "config/value.h"
#include "dns/type.h"
#include "expression_tree.h"
#include <stdio.h>
#include <string.h>

struct value {
	int64_t number; /* a bool: 0 or 1; of a range, its first */
	int64_t last;   /* of a range */
	const char *text;
	size_t len;
	const struct node *list;
};

/* One asking. */
struct asking {
	const struct expression_facts *facts;
	struct regexp_match *match;
	size_t used;
	char room[EXPRESSION_ROOM];
};

static bool ask(struct asking *a, const struct node *n, struct value *v);

/* --- octets, of which a text without any has none --- */

static bool same(const char *a, const char *b, size_t len)
{
	return !len || (a && b && memcmp(a, b, len) == 0);
}

static void put(char *at, const struct value *v)
{
	if (v->text && v->len)
		memcpy(at, v->text, v->len);
}

/* --- texts that are made --- */

/* NULL: there is no room. */
static char *make_room(struct asking *a, size_t len)
{
	char *at = a->room + a->used;
	if (len > sizeof a->room - a->used)
		return NULL;
	a->used += len;
	return at;
}

static bool make_text(struct asking *a, struct value *v, const char *text)
{
	const size_t len = strlen(text);
	char *at = make_room(a, len);
	if (!at)
		return false;
	memcpy(at, text, len);
	v->text = at;
	v->len = len;
	return true;
}

static bool make_number(struct asking *a, struct value *v, unsigned number)
{
	char text[16];
	snprintf(text, sizeof text, "%u", number);
	return make_text(a, v, text);
}

static bool make_address(struct asking *a, struct value *v, const struct addr *address)
{
	char text[ADDR_TEXT_MAX];
	addr_format(address, text);
	return make_text(a, v, text);
}

static bool make_name(struct asking *a, struct value *v)
{
	char text[NAME_TEXT_MAX];
	name_to_go_text(a->facts->qname, text);
	return make_text(a, v, text);
}

static bool make_type(struct asking *a, struct value *v)
{
	char text[TYPE_TEXT_MAX];
	type_to_text(a->facts->qtype, text);
	return make_text(a, v, text);
}

static bool make_class(struct asking *a, struct value *v)
{
	char text[16];
	snprintf(text, sizeof text, "CLASS%u", a->facts->qclass);
	return make_text(a, v, *class_name(a->facts->qclass) ? class_name(a->facts->qclass) : text);
}

/* With each letter as change() has it. */
static bool make_changed(struct asking *a, struct value *v, const struct value *from, char (*change)(char c))
{
	char *at = make_room(a, from->len);
	if (!at)
		return false;
	for (size_t i = 0; i < from->len; i++)
		at[i] = change(from->text[i]);
	v->text = at;
	v->len = from->len;
	return true;
}

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c;
}

static char upper(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - ('a' - 'A'));
	return c;
}

static bool make_joined(struct asking *a, struct value *v, const struct value *first, const struct value *second)
{
	char *at = make_room(a, first->len + second->len);
	if (!at)
		return false;
	put(at, first);
	put(at + first->len, second);
	v->text = at;
	v->len = first->len + second->len;
	return true;
}

/* --- functions --- */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(struct value *v, const struct value *from)
{
	*v = *from;
	for (; v->len && is_blank(v->text[0]); v->len--)
		v->text++;
	while (v->len && is_blank(v->text[v->len - 1]))
		v->len--;
}

static bool begins(const struct value *text, const struct value *with)
{
	return with->len <= text->len && same(text->text, with->text, with->len);
}

static bool ends(const struct value *text, const struct value *with)
{
	return with->len <= text->len && (!with->len || same(text->text + (text->len - with->len), with->text, with->len));
}

static bool is_in_range(const struct node *n, const struct value *address, const struct value *range, int64_t *is)
{
	struct cidr read = n->range;
	struct addr a;
	if (addr_parse(address->text, address->len, &a) || (!read.base.family && !value_range(range->text, range->len, &read)))
		return false;
	*is = cidr_has(&read, &a);
	return true;
}

static int64_t length(const struct node *n, const struct value *v)
{
	int64_t count = 0;
	if (n->type == VALUE_TEXT)
		return (int64_t)v->len;
	for (const struct node *m = v->list; m; m = m->next)
		count++;
	return count;
}

static bool ask_about_texts(struct asking *a, const struct node *n, struct value *v)
{
	struct value first, second = {.len = 0};
	if (!ask(a, n->first, &first) || (n->first->next && !ask(a, n->first->next, &second)))
		return false;
	switch (n->function) {
	case FUNCTION_INCIDR:
		return is_in_range(n, &first, &second, &v->number);
	case FUNCTION_LEN:
		v->number = length(n->first, &first);
		return true;
	case FUNCTION_LOWER:
		return make_changed(a, v, &first, lower);
	case FUNCTION_UPPER:
		return make_changed(a, v, &first, upper);
	case FUNCTION_TRIM:
		trim(v, &first);
		return true;
	case FUNCTION_HAS_PREFIX:
		v->number = begins(&first, &second);
		return true;
	case FUNCTION_HAS_SUFFIX:
		v->number = ends(&first, &second);
		return true;
	default: /* metadata(): of those that a block has, none is told before it is chosen */
		return make_text(a, v, "");
	}
}

static bool ask_function(struct asking *a, const struct node *n, struct value *v)
{
	const struct expression_facts *f = a->facts;
	switch (n->function) {
	case FUNCTION_BUFSIZE:
		v->number = f->bufsize;
		return true;
	case FUNCTION_DO:
		v->number = f->dnssec_ok;
		return true;
	case FUNCTION_ID:
		v->number = f->id;
		return true;
	case FUNCTION_OPCODE:
		v->number = f->opcode;
		return true;
	case FUNCTION_SIZE:
		v->number = f->size;
		return true;
	case FUNCTION_CLASS:
		return make_class(a, v);
	case FUNCTION_TYPE:
		return make_type(a, v);
	case FUNCTION_NAME:
		return make_name(a, v);
	case FUNCTION_PROTO:
		return make_text(a, v, f->tcp ? "tcp" : "udp");
	case FUNCTION_CLIENT_IP:
		return make_address(a, v, &f->client);
	case FUNCTION_SERVER_IP:
		return make_address(a, v, &f->server);
	case FUNCTION_PORT:
		return make_number(a, v, f->client_port);
	case FUNCTION_SERVER_PORT:
		return make_number(a, v, f->server_port);
	default:
		return ask_about_texts(a, n, v);
	}
}

/* --- operators --- */

/* Less than, equal to or greater than 0. */
static int compare(enum value_type type, const struct value *a, const struct value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = type == VALUE_TEXT && len && a->text && b->text ? memcmp(a->text, b->text, len) : 0;
	if (order)
		return order;
	if (type == VALUE_TEXT)
		return (a->len > b->len) - (a->len < b->len);
	return (a->number > b->number) - (a->number < b->number);
}

static bool is_member(struct asking *a, const struct node *left, const struct value *wanted, const struct value *list, bool *is)
{
	*is = false;
	for (const struct node *m = list->list; m && !*is; m = m->next) {
		const size_t used = a->used;
		struct value v = {.len = 0};
		if (m->type != left->type)
			continue;
		if (!ask(a, m, &v))
			return false;
		*is = compare(left->type, wanted, &v) == 0;
		a->used = used;
	}
	return true;
}

static bool ask_member(struct asking *a, const struct node *n, const struct value *left, const struct value *right, struct value *v)
{
	bool is = n->right->type == VALUE_RANGE && left->number >= right->number && left->number <= right->last;
	if (n->right->type == VALUE_LIST && !is_member(a, n->left, left, right, &is))
		return false;
	v->number = is;
	return true;
}

static bool ask_match(struct asking *a, const struct node *n, const struct value *text, struct value *v)
{
	enum regexp_outcome outcome = regexp_find(n->pattern, text->text, text->len, a->match);
	v->number = outcome == REGEXP_FOUND;
	return outcome != REGEXP_GAVE_UP;
}

static bool contains(const struct value *text, const struct value *what)
{
	return !what->len || (text->len && memmem(text->text, text->len, what->text, what->len));
}

static bool overflows(const struct node *n, const struct value *left, const struct value *right, int64_t *number)
{
	switch (n->op) {
	case NODE_ADD:
		return __builtin_add_overflow(left->number, right->number, number);
	case NODE_SUBTRACT:
		return __builtin_sub_overflow(left->number, right->number, number);
	default:
		return __builtin_mul_overflow(left->number, right->number, number);
	}
}

static bool ask_two(struct asking *a, const struct node *n, struct value *v)
{
	struct value left = {.len = 0}, right = {.len = 0};
	if (!ask(a, n->left, &left) || !ask(a, n->right, &right))
		return false;
	const int order = n->left->type < VALUE_LIST && n->left->type == n->right->type ? compare(n->left->type, &left, &right) : 0;
	switch (n->op) {
	case NODE_EQUAL:
		v->number = order == 0;
		return true;
	case NODE_UNEQUAL:
		v->number = order != 0;
		return true;
	case NODE_LESS:
		v->number = order < 0;
		return true;
	case NODE_LESS_EQUAL:
		v->number = order <= 0;
		return true;
	case NODE_GREATER:
		v->number = order > 0;
		return true;
	case NODE_GREATER_EQUAL:
		v->number = order >= 0;
		return true;
	case NODE_IN:
		return ask_member(a, n, &left, &right, v);
	case NODE_MATCHES:
		return ask_match(a, n, &left, v);
	case NODE_CONTAINS:
		v->number = contains(&left, &right);
		return true;
	case NODE_STARTS:
		v->number = begins(&left, &right);
		return true;
	case NODE_ENDS:
		v->number = ends(&left, &right);
		return true;
	case NODE_RANGE:
		v->number = left.number;
		v->last = right.number;
		return true;
	case NODE_REMAINDER:
		v->number = right.number > 0 || right.number < -1 ? left.number % right.number : 0;
		return right.number != 0;
	default:
		return n->type == VALUE_TEXT ? make_joined(a, v, &left, &right) : !overflows(n, &left, &right, &v->number);
	}
}

/* False: it can't be told. */
static bool ask(struct asking *a, const struct node *n, struct value *v)
{
	switch (n->op) {
	case NODE_LITERAL:
		*v = (struct value){.number = n->number, .text = n->text, .len = n->len};
		return true;
	case NODE_LIST:
		v->list = n->first;
		return true;
	case NODE_CALL:
		return ask_function(a, n, v);
	case NODE_NOT:
		if (!ask(a, n->left, v))
			return false;
		v->number = !v->number;
		return true;
	case NODE_NEGATE:
		if (!ask(a, n->left, v))
			return false;
		return !__builtin_sub_overflow((int64_t)0, v->number, &v->number);
	case NODE_CHOICE:
		return ask(a, n->first, v) && ask(a, v->number ? n->left : n->right, v);
	case NODE_OR:
		return ask(a, n->left, v) && (v->number || ask(a, n->right, v));
	case NODE_AND:
		return ask(a, n->left, v) && (!v->number || ask(a, n->right, v));
	default:
		return ask_two(a, n, v);
	}
}

bool expression_holds(const struct expression *e, const struct expression_facts *facts, struct regexp_match *match)
{
	struct asking a;
	struct value v = {.len = 0};
	a.facts = facts;
	a.match = match;
	a.used = 0;
	return ask(&a, e->root, &v) && v.number;
}
