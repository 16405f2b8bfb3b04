/* Which class of CoreDNS's a response is of. */
#include "../dns/packet.h"
#include "config/log.h"
#include "query_record.h"
#include "unit.h"
#include <stdlib.h>

#define NOW_S    1700000000
#define QUESTION "web-0.nginx. 0001 0001 "
#define A        "c00c 0001 0001 00000005 0004 0a000001 "
#define SOA      "00 0006 0001 00000005 0016 00 00 0000000000000000000000000000000000000000 "
#define NS       "00 0002 0001 00000005 0001 00 "
/* RRSIG of A, root as signer: from inception to expiration, in hexadecimal digits */
#define RRSIG(until, from) "c00c 002e 0001 00000005 0014 0001 08 02 00000005 " until " " from " 0000 00 ff "

static const struct {
	const char *what, *message;
	unsigned want;
} cases[] = {
        {"an answer", "0001 8180 0001 0001 0000 0000 " QUESTION A, LOG_CLASS_SUCCESS},
        {"nothing in any section", "0001 8180 0001 0000 0000 0000 " QUESTION, LOG_CLASS_SUCCESS},
        {"a delegation", "0001 8180 0001 0000 0001 0000 " QUESTION NS, LOG_CLASS_SUCCESS},
        {"no such type", "0001 8180 0001 0000 0001 0000 " QUESTION SOA, LOG_CLASS_DENIAL},
        {"an answer and a SOA", "0001 8180 0001 0001 0001 0000 " QUESTION A SOA, LOG_CLASS_SUCCESS},
        {"no such name", "0001 8183 0001 0000 0001 0000 " QUESTION SOA, LOG_CLASS_DENIAL},
        {"the same without SOA", "0001 8183 0001 0000 0000 0000 " QUESTION, LOG_CLASS_DENIAL},
        {"no such name behind a CNAME", "0001 8183 0001 0001 0001 0000 " QUESTION A SOA, LOG_CLASS_ERROR},
        {"SERVFAIL", "0001 8182 0001 0000 0000 0000 " QUESTION, LOG_CLASS_ERROR},
        {"NOTIMP", "0001 8184 0001 0000 0000 0000 " QUESTION, LOG_CLASS_ERROR},
        {"REFUSED", "0001 8185 0001 0000 0000 0000 " QUESTION, LOG_CLASS_ERROR},
        {"a transfer", "0001 8180 0001 0000 0000 0000 nginx. 00fc 0001", LOG_CLASS_ERROR},
        {"a NOTIFY's", "0001 a180 0001 0000 0000 0000 " QUESTION, LOG_CLASS_ERROR},
        {"a signature that holds", "0001 8180 0001 0002 0000 0001 " QUESTION A RRSIG("6553f200", "6553f000") "00 0029 04d0 00008000 0000",
         LOG_CLASS_SUCCESS},
        {"one that is over", "0001 8180 0001 0002 0000 0001 " QUESTION A RRSIG("6553f0ff", "6553f000") "00 0029 04d0 00008000 0000",
         LOG_CLASS_ERROR},
        {"one that is to come", "0001 8180 0001 0002 0000 0001 " QUESTION A RRSIG("6553f200", "6553f101") "00 0029 04d0 00008000 0000",
         LOG_CLASS_ERROR},
        {"one that is over, without DO",
         "0001 8180 0001 0002 0000 0001 " QUESTION A RRSIG("6553f0ff", "6553f000") "00 0029 04d0 00000000 0000", LOG_CLASS_SUCCESS},
        {"cut in a record", "0001 8180 0001 0001 0000 0000 " QUESTION "c00c 0001", LOG_CLASS_ERROR},
};

static void test_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len;
		uint8_t *bytes = packet_from_text(cases[i].message, &len);
		unsigned got = query_record_class(bytes, len, NOW_S);
		if (got != cases[i].want)
			fail_msg("%s: %u, not %u", cases[i].what, got, cases[i].want);
		free(bytes);
	}
}

static void test_no_response(void **state)
{
	(void)state;
	assert_int_equal(query_record_class((const uint8_t *)"", 0, NOW_S), LOG_CLASS_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_classes),
	        cmocka_unit_test(test_no_response),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
