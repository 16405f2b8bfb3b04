/* template_program.h - private to config: a text as template_text_new() makes it. Statements and values are nodes of one array, and name each other by
 * their place in it: 0 is no node. Lists go on in `next`. */
#pragma once
#include "config/template.h"
#include "template_value.h"

enum node_kind {
	NODE_NONE,
	/* statements */
	NODE_TEXT,   /* text */
	NODE_ACTION, /* prints the value `first`, */
	NODE_SET,    /* or puts it into variable `slot` */
	NODE_IF,     /* value `first`, statements `second`, else `third` */
	NODE_WITH,   /* the same; the value is the dot of `second`, and variable `slot`, if there is one */
	NODE_RANGE,  /* the same for each element; `slot` is the variable of its key, `element` its own; 0: none */
	NODE_BREAK,
	NODE_CONTINUE,
	/* values */
	NODE_CONSTANT, /* a text, where `value` is VALUE_TEXT; else value */
	NODE_DOT,
	NODE_VARIABLE, /* `slot`; 0 is the root */
	NODE_FIELD,    /* `text` of the value `first`; */
	NODE_META,     /* the label `second`, of the value `first` */
	NODE_CALL,     /* `function`, with the list `second` */
};

struct template_node {
	enum node_kind kind;
	enum template_function function;
	unsigned next, first, second, third;
	unsigned slot, element;
	struct value value; /* of a constant; its text is in `text` */
	char *text;         /* owned, or NULL; len octets and a NUL */
	size_t len;
};

#define TEMPLATE_SLOTS_MAX 16   /* variables, the root among them */
#define TEMPLATE_NODES_MAX 4096 /* of one text */
#define TEMPLATE_DEPTH_MAX 24   /* of values in values, and statements in statements, each */
#define TEMPLATE_ARGS_MAX  16   /* of one call */

struct template_program {
	struct template_node *nodes; /* the first is none */
	unsigned count;
	unsigned begin; /* its statements */
};
