/* field.h - reading the members of one Kubernetes object's JSON tree.
 *
 * A decoder keeps the first error; from then on every read gives "absent" and allocates nothing, so that decoding reads straight
 * on and only who began it looks at err. A field is an item of the tree and the way to it, which errors name
 * ("Service default/nginx: spec.ports[0].port: 70000 is not a port; write 1 to 65535"). null counts as absent.
 *
 * A lenient decoder has errors only where memory runs out. What is wrong is lost: it reads as absent, and all else is read. A part that
 * means nothing without it, as a port without its number, is left out by whoever decodes it, when lost has gone up meanwhile. Loops
 * over lists are therefore bounded by what was allocated, not by the error that too many items are. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include "base/intern.h"
#include "form.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder {
	struct intern *pool;
	struct diag *diag; /* may be NULL */
	enum err err;
	bool lenient;          /* what is wrong is lost */
	bool unchecked;        /* so is a value, not a type, since here the API server takes any */
	unsigned lost;         /* goes up with each thing that is lost */
	const cJSON *fault;    /* what is to blame for the first */
	bool more;             /* that is not all that is to blame */
	const char *kind;      /* whom errors speak of */
	const char *ns, *name; /* borrowed from the tree; NULL: cluster-scoped, or not known yet */
};

struct field {
	const cJSON *json;          /* NULL: absent */
	const struct field *parent; /* must outlive this; NULL: the object itself */
	const char *key;            /* NULL: an item of an array */
	size_t index;               /* in that array */
	unsigned line;              /* 0: unknown */
};

/* The object itself, borrowed. */
struct field field_root(const cJSON *json);

/* A member of parent, which must be an object (or absent). */
struct field field_member(struct decoder *d, const struct field *parent, const char *key);

/* Walks the items of an array, or the members of an object; start with *item = {0}. False at the end and on error. */
bool field_next(struct decoder *d, const struct field *list, struct field *item);
bool field_next_member(struct decoder *d, const struct field *map, struct field *item);

/* It is there, and is not null. */
bool field_is_set(const struct decoder *d, const struct field *f);

/* Number of items of an array, or members of an object; 0 if absent. More than max is an error; max if that is lost. */
size_t field_list_size(struct decoder *d, const struct field *list, size_t max);
size_t field_map_size(struct decoder *d, const struct field *map);

/* A zeroed block of one element for each item of an array of at most max; NULL if it has none. */
void *field_list_alloc(struct decoder *d, const struct field *list, size_t max, size_t element_bytes);

/* The string, borrowed from the tree. NULL if absent; field_text: also if empty, which is how the API writes "unset". */
const char *field_string(struct decoder *d, const struct field *f);
const char *field_text(struct decoder *d, const struct field *f);

/* Absent is an error: "missing; write <what>". */
const char *field_required_text(struct decoder *d, const struct field *f, const char *what);

/* text must have that form; f is where it stands. Returns text, NULL on error; takes NULL. */
const char *field_check(struct decoder *d, const struct field *f, const char *text, enum form form);

/* field_text of that form, interned; NULL: absent. */
const char *field_intern(struct decoder *d, const struct field *f, enum form form);

/* One of the NULL-terminated choices, as its index; unset if absent. Letter case counts only where a wrong one is an error. */
unsigned field_choice(struct decoder *d, const struct field *f, const char *const *choices, unsigned unset);

/* unset where it is absent. What is no boolean is an error. */
bool field_bool(struct decoder *d, const struct field *f, bool unset);

/* A whole number from 0 to INT32_MAX, the API's int32. */
uint32_t field_count(struct decoder *d, const struct field *f, uint32_t unset);

/* 1 to 65535; 0 on error. Absent is an error. */
uint16_t field_port(struct decoder *d, const struct field *f);

/* The same, of digits in a string. */
uint16_t field_port_digits(struct decoder *d, const struct field *f, const char *digits);

/* False if absent. As Kubernetes reads addresses: with leading zeros too. */
bool field_addr(struct decoder *d, const struct field *f, struct addr *a);

/* True if wrong values are lost, not an error. */
bool decoder_takes_all(const struct decoder *d);

/* Sets the error, unless there is one already, or counts what is lost. */
void field_fail(struct decoder *d, const struct field *f, enum err err, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What decoding allocates; NULL on error, and for n = 0. The caller owns what it gets. */
void *decoder_alloc(struct decoder *d, size_t n, size_t size);
void *decoder_grow(struct decoder *d, void *block, size_t bytes);
const char *decoder_intern(struct decoder *d, const char *text); /* takes NULL */
void decoder_out_of_memory(struct decoder *d);
