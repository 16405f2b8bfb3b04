/* describe.h - decodes JSON and writes what came of it as one line, so that a case is a row of two strings. */
#pragma once
#include "kube/object_decode.h"

/* Decodes JSON in which ' stands for ": its description, with " | " and what is lost of it; "skipped: …"; or "syntax: …" or "range: …"
 * with the error's text. Whatever was allocated is freed. Good until the next call. */
const char *describe_json(const char *json, enum object_checks checks);

/* The same of an object that stays the caller's. */
const char *describe_object(const struct object *o);

/* A row: what it is about, JSON, and what describe_json makes of it. */
struct describe_case {
	const char *what, *json, *want;
};
void check_cases(const struct describe_case *cases, size_t n);
void check_lenient_cases(const struct describe_case *cases, size_t n);

/* Decodes with every allocation failing in turn, leniently too: always ERR_NOMEM, no object, nothing left behind. */
void check_allocation_failures(const char *json);

/* The tree of such JSON; the caller deletes it. Fails the test if it is none. */
cJSON *parse_json(const char *json);
