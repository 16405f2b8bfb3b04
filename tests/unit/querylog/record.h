/* record.h - a record for tests: web-0.nginx. A over UDP, answered. */
#pragma once
#include "dns/message.h"
#include "query_record.h"
#include <string.h>

static inline struct query_record record_example(void)
{
	static const uint8_t qname[] = "\5web-0\5nginx";
	struct query_record r = {
	        .when_ns = INT64_C(1700000000000000005),
	        .duration_ns = 123450,
	        .request_len = 40,
	        .response_len = 56,
	        .client_port = 4711,
	        .id = 65535,
	        .type = DNS_TYPE_A,
	        .class = DNS_CLASS_IN,
	        .bufsize = 1232,
	        .flags = DNS_QR | DNS_AA | DNS_RD,
	        .replied = true,
	        .edns_do = true,
	        .qname_len = sizeof qname,
	};
	addr_parse("10.0.0.7", 8, &r.client);
	addr_parse("::1", 3, &r.local);
	memcpy(r.qname, qname, sizeof qname);
	return r;
}
