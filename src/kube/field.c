#include "field.h"
#include "text/repeated_key.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_OCTETS 160 /* so that the path of a field leaves room for what is wrong with it */
#define SHOWN_MAX       40  /* octets of a wrong value that an error shows */

/* Trees of manifests carry lines where cJSON has no use for the field: in valueint of whatever is not a number. Without lines the
 * root has 0 there, and then nothing below it counts (cJSON sets 1 for true). */
static unsigned line_of(const cJSON *json, unsigned parent_line)
{
	if (!parent_line || !json || cJSON_IsNumber(json) || json->valueint <= 0)
		return parent_line;
	return (unsigned)json->valueint;
}

struct field field_root(const cJSON *json)
{
	unsigned line = cJSON_IsObject(json) && json->valueint > 0 ? (unsigned)json->valueint : 0;
	return (struct field){.json = json, .line = line};
}

bool field_is_set(const struct decoder *d, const struct field *f)
{
	return !d->err && f->json && !cJSON_IsNull(f->json);
}

/* Appends at len, cut to fit; returns the new length. */
__attribute__((format(printf, 4, 5))) static size_t append(char *text, size_t cap, size_t len, const char *format, ...)
{
	va_list args;
	int n;
	va_start(args, format);
	n = vsnprintf(text + len, cap - len, format, args);
	va_end(args);
	return (size_t)n < cap - len ? len + (size_t)n : cap - 1;
}

/* "spec.ports[0].port: "; nothing for the object itself. */
static size_t append_path(char *text, size_t cap, size_t len, const struct field *f)
{
	if (!f->parent)
		return len;
	len = append_path(text, cap, len, f->parent);
	if (f->key)
		return append(text, cap, len, "%s%s", len ? "." : "", f->key);
	return append(text, cap, len, "[%zu]", f->index);
}

/* "Service default/nginx: spec.type: problem"; without what is not known yet. */
static enum err set_diag(const struct decoder *d, enum err err, const char *path, const char *problem)
{
	const char *colon = path[0] ? ": " : "";
	if (!d->name)
		return diag_set(d->diag, err, "%s%s%s: %s", d->kind, colon, path, problem);
	return diag_set(d->diag, err, "%s %.63s%s%.128s%s%s: %s", d->kind, d->ns ? d->ns : "", d->ns ? "/" : "", d->name, colon, path,
	                problem);
}

static void tell(struct decoder *d, const struct field *f, enum err err, const char *format, va_list args)
{
	char path[PATH_MAX_OCTETS] = "", problem[DIAG_TEXT_MAX];
	vsnprintf(problem, sizeof problem, format, args);
	append_path(path, sizeof path, 0, f);
	if (d->diag)
		d->diag->line = f->line;
	set_diag(d, err, path, problem);
}

/* The first is the one that is told. For what is absent its parent is to blame. */
static void lose(struct decoder *d, const struct field *f, const char *format, va_list args)
{
	const cJSON *fault = f->json || !f->parent ? f->json : f->parent->json;
	if (!d->lost++) {
		tell(d, f, OK, format, args);
		d->fault = fault;
	}
	d->more |= fault != d->fault;
}

bool decoder_takes_all(const struct decoder *d)
{
	return d->lenient || d->unchecked;
}

void field_fail(struct decoder *d, const struct field *f, enum err err, const char *format, ...)
{
	va_list args;
	if (d->err)
		return;
	va_start(args, format);
	if (decoder_takes_all(d)) {
		lose(d, f, format, args);
	} else {
		tell(d, f, err, format, args);
		d->err = err;
	}
	va_end(args);
}

void decoder_out_of_memory(struct decoder *d)
{
	if (!d->err)
		d->err = set_diag(d, ERR_NOMEM, "", "out of memory");
}

/* Types are checked where values are not. */
static void fail_type(struct decoder *d, const struct field *f, const char *remedy)
{
	const cJSON *json = f->json;
	bool unchecked = d->unchecked;
	d->unchecked = false;
	if (cJSON_IsString(json))
		field_fail(d, f, ERR_SYNTAX, "\"%.*s\" is a string; %s", SHOWN_MAX, json->valuestring, remedy);
	else if (cJSON_IsBool(json))
		field_fail(d, f, ERR_SYNTAX, "%s is a boolean; %s", cJSON_IsTrue(json) ? "true" : "false", remedy);
	else if (cJSON_IsNumber(json))
		field_fail(d, f, ERR_SYNTAX, "%.15g is a number; %s", json->valuedouble, remedy);
	else
		field_fail(d, f, ERR_SYNTAX, "this is %s; %s", cJSON_IsArray(json) ? "a list" : "a mapping", remedy);
	d->unchecked = unchecked;
}

struct field field_member(struct decoder *d, const struct field *parent, const char *key)
{
	struct field f = {.parent = parent, .key = key, .line = parent->line};
	if (!field_is_set(d, parent))
		return f;
	if (!cJSON_IsObject(parent->json)) {
		fail_type(d, parent, "write a mapping");
		return f;
	}
	f.json = cJSON_GetObjectItemCaseSensitive(parent->json, key);
	f.line = line_of(f.json, parent->line);
	return f;
}

/* To the first item of a list, or the next. */
static bool advance(struct decoder *d, const struct field *list, struct field *item)
{
	size_t index = item->json ? item->index + 1 : 0;
	const cJSON *json = item->json ? item->json->next : list->json->child;
	while (json && is_repeated_key(json))
		json = json->next;
	if (d->err || !json)
		return false;
	*item = (struct field){json, list, NULL, index, line_of(json, list->line)};
	return true;
}

bool field_next(struct decoder *d, const struct field *list, struct field *item)
{
	if (!field_is_set(d, list))
		return false;
	if (!cJSON_IsArray(list->json)) {
		fail_type(d, list, "write a list");
		return false;
	}
	return advance(d, list, item);
}

bool field_next_member(struct decoder *d, const struct field *map, struct field *item)
{
	if (!field_is_set(d, map))
		return false;
	if (!cJSON_IsObject(map->json)) {
		fail_type(d, map, "write a mapping");
		return false;
	}
	if (!advance(d, map, item))
		return false;
	item->key = item->json->string;
	return true;
}

size_t field_list_size(struct decoder *d, const struct field *list, size_t max)
{
	size_t n = 0;
	struct field item = {0};
	while (field_next(d, list, &item))
		n++;
	if (n <= max)
		return n;
	field_fail(d, list, ERR_RANGE, "these are %zu; at most %zu can be", n, max);
	return d->err ? 0 : max;
}

size_t field_map_size(struct decoder *d, const struct field *map)
{
	size_t n = 0;
	struct field item = {0};
	while (field_next_member(d, map, &item))
		n++;
	return n;
}

void *field_list_alloc(struct decoder *d, const struct field *list, size_t max, size_t element_bytes)
{
	return decoder_alloc(d, field_list_size(d, list, max), element_bytes);
}

const char *field_string(struct decoder *d, const struct field *f)
{
	if (!field_is_set(d, f))
		return NULL;
	if (cJSON_IsString(f->json))
		return f->json->valuestring;
	fail_type(d, f, cJSON_IsBool(f->json) || cJSON_IsNumber(f->json) ? "quote it" : "write a string");
	return NULL;
}

const char *field_text(struct decoder *d, const struct field *f)
{
	const char *text = field_string(d, f);
	return text && text[0] ? text : NULL;
}

const char *field_required_text(struct decoder *d, const struct field *f, const char *what)
{
	const char *text = field_text(d, f);
	if (!text)
		field_fail(d, f, ERR_SYNTAX, "missing; write %s", what);
	return text;
}

const char *field_check(struct decoder *d, const struct field *f, const char *text, enum form form)
{
	enum err err;
	if (!text || d->err)
		return NULL;
	err = form_check(form, text);
	if (err == ERR_RANGE)
		field_fail(d, f, err, "\"%.*s...\" has %zu octets; at most %zu can be", SHOWN_MAX, text, strlen(text), form_max(form));
	else if (err)
		field_fail(d, f, err, "\"%.*s\" is not %s", SHOWN_MAX, text, form_rule(form));
	return err ? NULL : text;
}

const char *field_intern(struct decoder *d, const struct field *f, enum form form)
{
	return decoder_intern(d, field_check(d, f, field_text(d, f), form));
}

static bool is_choice(const struct decoder *d, const char *text, const char *choice)
{
	return decoder_takes_all(d) ? strcasecmp(text, choice) == 0 : strcmp(text, choice) == 0;
}

unsigned field_choice(struct decoder *d, const struct field *f, const char *const *choices, unsigned unset)
{
	char list[128] = "";
	size_t len = 0;
	const char *text = field_text(d, f);
	if (!text)
		return unset;
	for (unsigned i = 0; choices[i]; i++)
		if (is_choice(d, text, choices[i]))
			return i;
	for (unsigned i = 0; choices[i]; i++)
		len = append(list, sizeof list, len, "%s%s", i ? (choices[i + 1] ? ", " : " or ") : "", choices[i]);
	field_fail(d, f, ERR_SYNTAX, "\"%.*s\" is unknown; write %s", SHOWN_MAX, text, list);
	return unset;
}

bool field_bool(struct decoder *d, const struct field *f, bool unset)
{
	if (!field_is_set(d, f))
		return unset;
	if (cJSON_IsBool(f->json))
		return cJSON_IsTrue(f->json);
	fail_type(d, f, "write true or false");
	return unset;
}

/* A whole number within [min, max], which fits uint32_t; else wrong. The field is set. */
static uint32_t number(struct decoder *d, const struct field *f, uint32_t min, uint32_t max, const char *what, uint32_t wrong)
{
	double value;
	if (!cJSON_IsNumber(f->json)) {
		fail_type(d, f, "write a number");
		return wrong;
	}
	value = f->json->valuedouble;
	if (!(value >= min && value <= max) || value != (double)(uint32_t)value) {
		field_fail(d, f, ERR_RANGE, "%.15g is not %s; write %u to %u", value, what, min, max);
		return wrong;
	}
	return (uint32_t)value;
}

uint32_t field_count(struct decoder *d, const struct field *f, uint32_t unset)
{
	return field_is_set(d, f) ? number(d, f, 0, INT32_MAX, "a count", unset) : unset;
}

uint16_t field_port(struct decoder *d, const struct field *f)
{
	if (field_is_set(d, f))
		return (uint16_t)number(d, f, 1, UINT16_MAX, "a port", 0);
	field_fail(d, f, ERR_SYNTAX, "missing; write a port, 1 to 65535");
	return 0;
}

uint16_t field_port_digits(struct decoder *d, const struct field *f, const char *digits)
{
	unsigned long value = strtoul(digits, NULL, 10); /* ULONG_MAX where it overflows */
	if (value >= 1 && value <= UINT16_MAX)
		return (uint16_t)value;
	field_fail(d, f, ERR_RANGE, "\"%.*s\" is not a port; write 1 to 65535", SHOWN_MAX, digits);
	return 0;
}

bool field_addr(struct decoder *d, const struct field *f, struct addr *a)
{
	const char *text = field_text(d, f);
	if (!text)
		return false;
	if (addr_parse_legacy(text, strlen(text), a) == OK)
		return true;
	field_fail(d, f, ERR_SYNTAX, "\"%.*s\" is not an IP address; write one as 10.244.0.7 or fd00::7", SHOWN_MAX, text);
	return false;
}

void *decoder_alloc(struct decoder *d, size_t n, size_t size)
{
	void *block = n && !d->err ? calloc(n, size) : NULL;
	if (n && !block)
		decoder_out_of_memory(d);
	return block;
}

void *decoder_grow(struct decoder *d, void *block, size_t bytes)
{
	void *grown = d->err ? NULL : realloc(block, bytes);
	if (!grown)
		decoder_out_of_memory(d);
	return grown;
}

const char *decoder_intern(struct decoder *d, const char *text)
{
	const char *interned = text && !d->err ? intern_str(d->pool, text) : NULL;
	if (text && !interned)
		decoder_out_of_memory(d);
	return interned;
}
