/* expression_tree.h - private to config: an expression as it was read. Each node has the type of its value; those of a list are looked at one by one. */
#pragma once
#include "base/regexp.h"
#include "config/expression.h"

enum value_type { VALUE_BOOL, VALUE_NUMBER, VALUE_TEXT, VALUE_LIST, VALUE_RANGE };

enum node_op {
	NODE_LITERAL,
	NODE_LIST,  /* its elements from first on */
	NODE_RANGE, /* left..right */
	NODE_CALL,  /* the function, its arguments from first on */
	NODE_NOT,
	NODE_NEGATE,
	NODE_CHOICE, /* first ? left : right */
	NODE_OR,
	NODE_AND,
	NODE_EQUAL,
	NODE_UNEQUAL,
	NODE_LESS,
	NODE_LESS_EQUAL,
	NODE_GREATER,
	NODE_GREATER_EQUAL,
	NODE_IN,
	NODE_MATCHES,
	NODE_CONTAINS,
	NODE_STARTS,
	NODE_ENDS,
	NODE_ADD,
	NODE_SUBTRACT,
	NODE_MULTIPLY,
	NODE_REMAINDER,
};

enum function {
	FUNCTION_BUFSIZE,
	FUNCTION_CLASS,
	FUNCTION_CLIENT_IP,
	FUNCTION_DO,
	FUNCTION_ID,
	FUNCTION_NAME,
	FUNCTION_OPCODE,
	FUNCTION_PORT,
	FUNCTION_PROTO,
	FUNCTION_SERVER_IP,
	FUNCTION_SERVER_PORT,
	FUNCTION_SIZE,
	FUNCTION_TYPE,
	FUNCTION_INCIDR,
	FUNCTION_METADATA,
	FUNCTION_LEN,
	FUNCTION_LOWER,
	FUNCTION_UPPER,
	FUNCTION_TRIM,
	FUNCTION_HAS_PREFIX,
	FUNCTION_HAS_SUFFIX,
};

struct node {
	struct node *others; /* all of the expression, to be freed */
	struct node *first, *left, *right;
	struct node *next; /* of a list's elements, or a call's arguments */
	enum node_op op;
	enum value_type type;
	enum function function;
	int64_t number; /* of a literal; a bool: 0 or 1 */
	char *text;     /* of a literal, owned */
	size_t len;
	struct regexp *pattern; /* NODE_MATCHES: of right */
	struct cidr range;      /* FUNCTION_INCIDR: of the second argument, where that is a literal */
};

struct expression {
	struct node *root, *all;
};
