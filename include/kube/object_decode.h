/* object_decode.h - objects from cJSON trees, whether these came from the API, a JSON file or YAML. Control thread. */
#pragma once
#include "kube/object.h"
#include <cjson/cJSON.h>

/* What becomes of an object with something wrong in it. */
enum object_checks {
	OBJECT_STRICT,  /* it is an error, if the API server would refuse it; what that takes and nobody can understand is lost */
	OBJECT_LENIENT, /* what is wrong is lost, unless it is the object's name or namespace, which are an error */
};

/* Decodes one object by the kind and apiVersion that it says. json is borrowed for the call.
 * OK: *out is the object, and the caller's (object_free). Where we have no use for the kind, *out is NULL, and d's text says which it is, for a debug
 * line. ERR_SYNTAX, ERR_RANGE: d names kind, namespace/name and field, and says what was expected. d->line is the field's line where the tree
 * carries lines: manifest trees do, in valueint of every item that is not a number. ERR_NOMEM.
 * Names and labels are checked as the API server would: metadata.name is a DNS label or subdomain, ports of Services are 1 to 65535, IPs parse.
 *
 * Where something is lost, the object is OK, and d says what in one line for all of it. Else d's text is "". As little is lost as can be: a port
 * without its number or protocol, an address, an endpoint without one, a pair of labels (of a selector: all pairs). Any other field is
 * lost alone, and is then as if it was not there. */
enum err object_decode(const cJSON *json, enum object_checks checks, struct intern *pool, struct object **out, struct diag *d);

/* Decodes what the API server gave for that kind. What the object says of its own kind does not count. Lenient. */
enum err object_decode_as(const cJSON *json, enum object_kind kind, struct intern *pool, struct object **out, struct diag *d);
