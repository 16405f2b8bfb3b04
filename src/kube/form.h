/* form.h - the forms that Kubernetes gives to names, as its API server checks them. ASCII only; nothing is case-folded. */
#pragma once
#include "base/err.h"
#include <stddef.h>

enum form {
	FORM_LABEL,       /* DNS-1123 label: a-z, 0-9, '-' */
	FORM_SUBDOMAIN,   /* DNS-1123 subdomain: such labels and dots; only the whole is limited */
	FORM_DNS_NAME,    /* what an externalName may be: any case, underscores, a last dot; an IP literal too */
	FORM_PORT_NAME,   /* RFC 6335 service name: what a named targetPort refers to */
	FORM_LABEL_KEY,   /* [subdomain/]name */
	FORM_LABEL_VALUE, /* may be empty */
};

/* ERR_RANGE: longer than form_max(); ERR_SYNTAX: not of that form. */
enum err form_check(enum form form, const char *text);

/* Octets. */
size_t form_max(enum form form);

/* For an error: what it should have been, as "a DNS label; write …". */
const char *form_rule(enum form form);
