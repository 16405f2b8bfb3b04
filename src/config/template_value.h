/* template_value.h - private to config: the values of a template at work, and the functions that Go's templates have for them. */
#pragma once
#include "config/template.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
	VALUE_NONE, /* what a map has not got */
	VALUE_NIL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT,
	VALUE_TEXT,
	VALUE_MATCH,     /* groups `from` to `to`, as a list of texts */
	VALUE_GROUP,     /* all groups by number and name */
	VALUE_ROOT,      /* the dot at the begin */
	VALUE_QUESTION,  /* .Question, */
	VALUE_QUESTIONS, /* .Message.Question, a list of it */
	VALUE_MESSAGE,
};

struct value {
	enum value_kind kind;
	bool truth;       /* of a bool */
	unsigned bits;    /* of an unsigned number's type */
	int64_t number;   /* an int, */
	uint64_t count;   /* or an unsigned one */
	const char *text; /* borrowed; len octets */
	size_t len;
	unsigned from, to;
};

enum template_function {
	FUNCTION_AND,
	FUNCTION_OR,
	FUNCTION_NOT,
	FUNCTION_EQ,
	FUNCTION_NE,
	FUNCTION_LT,
	FUNCTION_LE,
	FUNCTION_GT,
	FUNCTION_GE,
	FUNCTION_INDEX,
	FUNCTION_SLICE,
	FUNCTION_LEN,
	FUNCTION_PRINT,
	FUNCTION_PRINTLN,
	FUNCTION_PRINTF,
	FUNCTION_PARSE_INT,
	FUNCTIONS,
};

/* Values of these kinds; of a text, borrowed. */
struct value value_text(const char *text, size_t len);
struct value value_int(int64_t n);
struct value value_bool(bool truth);

/* What `if` makes of it. */
bool value_truth(const struct template_values *v, const struct value *a);

/* How many elements or octets; false: it has no length. */
bool value_len(const struct template_values *v, const struct value *a, size_t *len);

/* Element i of a list. */
struct value value_element(const struct template_values *v, const struct value *list, size_t i);

/* A key of the map of groups: a name, or in digits a number. All zero stands before the first. */
struct value_key {
	const char *given; /* borrowed from the pattern; NULL: */
	char digits[12];
};

/* The key behind it, in the order of octets; false: it is the last. */
bool value_key_next(const struct template_values *v, struct value_key *key);
struct value value_key_group(const struct template_values *v, const struct value_key *key);

/* A field or a map's element; false: there is no such field. */
bool value_field(const struct template_values *v, const struct value *of, const char *name, struct value *out);

/* The group of that name or number; VALUE_NONE: there is none. */
struct value value_group(const struct template_values *v, const char *name, size_t len);

/* eq, ne, lt, le, gt, ge; index, slice, parseInt. ERR_SYNTAX: of values that it is not for, ERR_RANGE: what it asks for does not exist; d says so. */
enum err value_compare(enum template_function f, const struct value *args, unsigned count, struct value *out, struct diag *d);
enum err value_index(const struct template_values *v, const struct value *args, unsigned count, struct value *out, struct diag *d);
enum err value_slice(const struct template_values *v, const struct value *args, unsigned count, struct value *out, struct diag *d);
enum err value_parse_int(const struct value *args, unsigned count, struct value *out, struct diag *d);

/* Room for text; `overflow` stays once it was too small. */
struct value_writer {
	char *bytes;
	size_t len, cap;
	bool overflow;
};

/* Appends octets; what does not fit sets overflow. */
void value_put(struct value_writer *w, const char *bytes, size_t len);

/* As Go prints it by itself ("<no value>" for none), by print or println, and by printf. */
void value_put_plain(struct value_writer *w, const struct template_values *v, const struct value *a);
void value_print(struct value_writer *w, const struct template_values *v, const struct value *args, unsigned count, bool line);
enum err value_printf(struct value_writer *w, const struct template_values *v, const struct value *args, unsigned count, struct diag *d);
