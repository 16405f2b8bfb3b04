/* object_decode.h - objects from cJSON trees, whether these came from the API, a JSON file or YAML. Control thread. */
#pragma once
#include "kube/object.h"
#include <cjson/cJSON.h>

/* What becomes of an object with something wrong in it. */
enum object_checks {
	OBJECT_STRICT,  /* it is an error, if the API server would refuse it; what that takes and nobody can understand is lost */
	OBJECT_LENIENT, /* what is wrong is lost, unless it is the object's name or namespace, which are an error */
};

/* Decodes one object whose kind and apiVersion are among those we know. OK with *out set (owned by the caller, object_free);
 * OK with *out NULL where the kind is another one (skipped; diag's text says which, for a debug line);
 * ERR_SYNTAX or ERR_RANGE with diag naming kind, namespace/name and field and saying what was expected; d->line is the field's line
 * where the tree carries lines (manifest trees do: valueint of every item that is not a number holds its line).
 * Names and labels are checked as the API server would (metadata.name a DNS label or subdomain; Service ports 1-65535; IPs parse).
 *
 * Where something is lost, the object is OK and d says what, in one line for all of it; else d's text is "". Lost is as little as can be:
 * a port without its number or protocol, an address, an endpoint without one, a pair of labels (of a selector: all), and else the field
 * alone, which is then as if it was not there. */
enum err object_decode(const cJSON *json, enum object_checks checks, struct intern *pool, struct object **out, struct diag *d);

/* The same of what the API server gives for that kind, whatever it says of its own kind; lenient. */
enum err object_decode_as(const cJSON *json, enum object_kind kind, struct intern *pool, struct object **out, struct diag *d);
