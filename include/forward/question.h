/* question.h - what is asked of an upstream, as a value. */
#pragma once
#include "dns/message.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct question {
	const uint8_t *name; /* wire format, uncompressed, lower case; borrowed */
	uint8_t name_len;    /* octets of name, with the root label: 1 to 255 */
	uint16_t type, class;
	uint16_t flags; /* of DNS_RD, DNS_AD and DNS_CD */
	bool edns_do;
};
