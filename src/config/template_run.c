/* A text of a template at work: its nodes are walked, with bounds on steps and on what comes of them. Nothing is allocated. */
#include "template_program.h"
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX   20000 /* nodes of one text: a record needs some tens */
#define SCRATCH_MAX 4096  /* octets of what print and printf make, at a time */

/* What comes behind a statement. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct run {
	const struct template_program *p;
	const struct template_values *v;
	struct value_writer out;
	struct value slots[TEMPLATE_SLOTS_MAX];
	char scratch[SCRATCH_MAX];
	size_t scratch_len;
	unsigned steps;
	struct diag *d;
};

static enum err step(struct run *r)
{
	if (++r->steps > STEPS_MAX)
		return diag_set(r->d, ERR_RANGE, "the template takes more than %d steps", STEPS_MAX);
	return OK;
}

static enum err get(struct run *r, unsigned place, const struct value *dot, struct value *out);

/* --- calls --- */

/* Prints into what is left of the scratch. */
static enum err print(struct run *r, enum template_function f, const struct value *args, unsigned count, struct value *out)
{
	struct value_writer w = {r->scratch + r->scratch_len, 0, sizeof r->scratch - r->scratch_len, false};
	enum err err = OK;
	if (f == FUNCTION_PRINTF)
		err = value_printf(&w, r->v, args, count, r->d);
	else
		value_print(&w, r->v, args, count, f == FUNCTION_PRINTLN);
	if (!err && w.overflow)
		err = diag_set(r->d, ERR_RANGE, "print, printf: the text is too long");
	*out = value_text(w.bytes, w.len);
	r->scratch_len += w.len;
	return err;
}

static enum err call_len(struct run *r, const struct value *a, struct value *out)
{
	size_t len;
	if (!value_len(r->v, a, &len))
		return diag_set(r->d, ERR_SYNTAX, "len: of something that has no length");
	*out = value_int((int64_t)len);
	return OK;
}

static enum err call(struct run *r, enum template_function f, const struct value *args, unsigned count, struct value *out)
{
	switch (f) {
	case FUNCTION_NOT:
		*out = value_bool(!value_truth(r->v, &args[0]));
		return OK;
	case FUNCTION_EQ:
	case FUNCTION_NE:
	case FUNCTION_LT:
	case FUNCTION_LE:
	case FUNCTION_GT:
	case FUNCTION_GE:
		return value_compare(f, args, count, out, r->d);
	case FUNCTION_INDEX:
		return value_index(r->v, args, count, out, r->d);
	case FUNCTION_SLICE:
		return value_slice(r->v, args, count, out, r->d);
	case FUNCTION_LEN:
		return call_len(r, &args[0], out);
	case FUNCTION_PRINT:
	case FUNCTION_PRINTLN:
	case FUNCTION_PRINTF:
		return print(r, f, args, count, out);
	case FUNCTION_PARSE_INT:
		return value_parse_int(args, count, out, r->d);
	case FUNCTION_AND: /* not all of their values are looked at */
	case FUNCTION_OR:
	case FUNCTIONS:
		break;
	}
	return diag_set(r->d, ERR_SYNTAX, "the template has no such part");
}

static enum err get_first(struct run *r, const struct template_node *n, const struct value *dot, struct value *out)
{
	for (unsigned at = n->second; at; at = r->p->nodes[at].next) {
		enum err err = get(r, at, dot, out);
		if (err)
			return err;
		if (value_truth(r->v, out) == (n->function == FUNCTION_OR))
			break;
	}
	return OK;
}

static enum err get_call(struct run *r, const struct template_node *n, const struct value *dot, struct value *out)
{
	struct value args[TEMPLATE_ARGS_MAX];
	unsigned count = 0;
	if (n->function == FUNCTION_AND || n->function == FUNCTION_OR)
		return get_first(r, n, dot, out);
	for (unsigned at = n->second; at && count < TEMPLATE_ARGS_MAX; at = r->p->nodes[at].next) {
		enum err err = get(r, at, dot, &args[count++]);
		if (err)
			return err;
	}
	return call(r, n->function, args, count, out);
}

/* --- values --- */

static enum err get_field(struct run *r, const struct template_node *n, const struct value *dot, struct value *out)
{
	struct value of = {.kind = VALUE_NONE};
	enum err err = get(r, n->first, dot, &of);
	if (!err && !value_field(r->v, &of, n->text, out))
		err = diag_set(r->d, ERR_SYNTAX, "there is no field .%s", n->text);
	return err;
}

/* Nobody gathers metadata here: each label is empty. */
static enum err get_meta(struct run *r, const struct template_node *n, const struct value *dot, struct value *out)
{
	struct value of = {.kind = VALUE_NONE}, label = of;
	enum err err = get(r, n->first, dot, &of);
	if (!err)
		err = get(r, n->second, dot, &label);
	if (!err && (of.kind != VALUE_ROOT || label.kind != VALUE_TEXT))
		err = diag_set(r->d, ERR_SYNTAX, "Meta: a label is wanted");
	*out = value_text("", 0);
	return err;
}

static enum err get(struct run *r, unsigned place, const struct value *dot, struct value *out)
{
	const struct template_node *n = &r->p->nodes[place];
	enum err err = step(r);
	if (err)
		return err;
	switch (n->kind) {
	case NODE_CONSTANT:
		*out = n->value.kind == VALUE_TEXT ? value_text(n->text, n->len) : n->value;
		return OK;
	case NODE_DOT:
		*out = *dot;
		return OK;
	case NODE_VARIABLE:
		*out = r->slots[n->slot];
		return OK;
	case NODE_FIELD:
		return get_field(r, n, dot, out);
	case NODE_META:
		return get_meta(r, n, dot, out);
	case NODE_CALL:
		return get_call(r, n, dot, out);
	case NODE_NONE:
	case NODE_TEXT:
	case NODE_ACTION:
	case NODE_SET:
	case NODE_IF:
	case NODE_WITH:
	case NODE_RANGE:
	case NODE_BREAK:
	case NODE_CONTINUE:
		break;
	}
	return diag_set(r->d, ERR_SYNTAX, "the template has no such part");
}

/* --- statements --- */

static enum err run_list(struct run *r, unsigned place, const struct value *dot, enum flow *flow);

static enum err run_action(struct run *r, const struct template_node *n, const struct value *dot)
{
	const size_t scratch = r->scratch_len;
	struct value value = {.kind = VALUE_NONE};
	enum err err = get(r, n->first, dot, &value);
	if (err)
		return err;
	if (value.kind == VALUE_ROOT || value.kind == VALUE_QUESTION || value.kind == VALUE_QUESTIONS || value.kind == VALUE_MESSAGE)
		return diag_set(r->d, ERR_SYNTAX, "headns can't print the whole of it: name a field");
	if (n->kind == NODE_SET) { /* it may be in the scratch, and stays */
		r->slots[n->slot] = value;
		return OK;
	}
	value_put_plain(&r->out, r->v, &value);
	r->scratch_len = scratch;
	return OK;
}

static enum err run_choice(struct run *r, const struct template_node *n, const struct value *dot, enum flow *flow)
{
	struct value value = {.kind = VALUE_NONE};
	bool truth;
	enum err err = get(r, n->first, dot, &value);
	if (err)
		return err;
	if (n->element)
		r->slots[n->element] = value;
	truth = value_truth(r->v, &value);
	return run_list(r, truth ? n->second : n->third, truth && n->kind == NODE_WITH ? &value : dot, flow);
}

/* One element; *over: it was the last one. */
static enum err run_element(struct run *r, const struct template_node *n, const struct value *key, const struct value *element, bool *over)
{
	enum flow flow = FLOW_ON;
	enum err err = step(r);
	if (err)
		return err;
	if (n->slot)
		r->slots[n->slot] = *key;
	if (n->element)
		r->slots[n->element] = *element;
	err = run_list(r, n->second, element, &flow);
	*over = flow == FLOW_BREAK;
	return err;
}

/* A key that the pattern has not named is copied: a variable may keep it. */
static enum err name_key(struct run *r, const struct value_key *key, struct value *name)
{
	const size_t len = strlen(key->digits);
	*name = value_text(key->given, key->given ? strlen(key->given) : 0);
	if (key->given)
		return OK;
	if (len > sizeof r->scratch - r->scratch_len)
		return diag_set(r->d, ERR_RANGE, "range: the keys are too many");
	memcpy(r->scratch + r->scratch_len, key->digits, len);
	*name = value_text(r->scratch + r->scratch_len, len);
	r->scratch_len += len;
	return OK;
}

static enum err run_map(struct run *r, const struct template_node *n)
{
	struct value_key key = {.given = NULL};
	bool over = false;
	enum err err = OK;
	while (!err && !over && value_key_next(r->v, &key)) {
		struct value name, element = value_key_group(r->v, &key);
		err = name_key(r, &key, &name);
		if (!err)
			err = run_element(r, n, &name, &element, &over);
	}
	return err;
}

static enum err run_range(struct run *r, const struct template_node *n, const struct value *dot, enum flow *flow)
{
	struct value value = {.kind = VALUE_NONE};
	size_t len = 0;
	bool over = false;
	enum err err = get(r, n->first, dot, &value);
	if (err)
		return err;
	if ((value.kind == VALUE_INT || value.kind == VALUE_UINT) && n->slot)
		return diag_set(r->d, ERR_SYNTAX, "range: a number has no keys");
	if (value.kind == VALUE_INT)
		len = value.number > 0 ? (size_t)value.number : 0;
	else if (value.kind == VALUE_UINT)
		len = (size_t)value.count;
	else if (value.kind == VALUE_TEXT || (value.kind != VALUE_NONE && !value_len(r->v, &value, &len)))
		return diag_set(r->d, ERR_SYNTAX, "range: a list, groups or a number are wanted");
	if (!len)
		return run_list(r, n->third, dot, flow);
	if (value.kind == VALUE_GROUP)
		return run_map(r, n);
	for (size_t i = 0; i < len && !err && !over; i++) {
		const struct value key = value_int((int64_t)i);
		const bool counts = value.kind == VALUE_INT || value.kind == VALUE_UINT;
		const struct value element = counts ? key : value_element(r->v, &value, i);
		err = run_element(r, n, &key, &element, &over);
	}
	return err;
}

static enum err run_statement(struct run *r, const struct template_node *n, const struct value *dot, enum flow *flow)
{
	switch (n->kind) {
	case NODE_TEXT:
		value_put(&r->out, n->text, n->len);
		return OK;
	case NODE_ACTION:
	case NODE_SET:
		return run_action(r, n, dot);
	case NODE_IF:
	case NODE_WITH:
		return run_choice(r, n, dot, flow);
	case NODE_RANGE:
		return run_range(r, n, dot, flow);
	case NODE_BREAK:
		*flow = FLOW_BREAK;
		return OK;
	case NODE_CONTINUE:
		*flow = FLOW_CONTINUE;
		return OK;
	case NODE_NONE:
	case NODE_CONSTANT:
	case NODE_DOT:
	case NODE_VARIABLE:
	case NODE_FIELD:
	case NODE_META:
	case NODE_CALL:
		break;
	}
	return diag_set(r->d, ERR_SYNTAX, "the template has no such part");
}

static enum err run_list(struct run *r, unsigned place, const struct value *dot, enum flow *flow)
{
	enum err err = OK;
	for (; place && !err && *flow == FLOW_ON; place = r->p->nodes[place].next) {
		err = step(r);
		if (!err)
			err = run_statement(r, &r->p->nodes[place], dot, flow);
		if (!err && r->out.overflow)
			err = diag_set(r->d, ERR_RANGE, "the record has more than %zu octets of text", r->out.cap);
	}
	return err;
}

enum err template_text_expand(const struct template_text *t, const struct template_values *v, char *out, size_t cap, size_t *len,
                              struct diag *d)
{
	const struct value root = {.kind = VALUE_ROOT};
	enum flow flow = FLOW_ON;
	struct run r;
	enum err err;
	*len = 0;
	if (!t->program)
		return OK;
	r.p = t->program;
	r.v = v;
	r.out = (struct value_writer){out, 0, cap, false};
	r.slots[0] = root;
	r.scratch_len = 0;
	r.steps = 0;
	r.d = d;
	err = run_list(&r, r.p->begin, &root, &flow);
	*len = err ? 0 : r.out.len;
	return err;
}
