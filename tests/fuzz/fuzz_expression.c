/* The input is an expression of `view`. One that is taken can be asked, twice with the same outcome; one that is not says why. */
#include "base/diag.h"
#include "config/expression.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

static void check(const struct expression *e)
{
	struct name qname;
	struct expression_facts f = {
	        .qname = &qname, .qtype = 1, .qclass = 1, .size = 40, .bufsize = 512, .client_port = 1, .server_port = 53};
	struct regexp_match *match = regexp_match_new(0);
	name_from_text(&qname, "a.example.org", 13);
	addr_parse("10.0.0.1", 8, &f.client);
	addr_parse("fd00::1", 7, &f.server);
	assert(match && expression_holds(e, &f, match) == expression_holds(e, &f, match));
	regexp_match_free(match);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct expression *e;
	struct diag d = {.text = ""};
	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (expression_new(text, &e, &d)) {
		assert(d.text[0]);
	} else {
		check(e);
		expression_free(e);
	}
	free(text);
	return 0;
}
