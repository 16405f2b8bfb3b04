/* edns.h - the options of an OPT record (RFC 6891 6.1.2), one after the other, as they stand in a message. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum edns_code {
	EDNS_NSID = 3,           /* RFC 5001 */
	EDNS_CLIENT_SUBNET = 8,  /* RFC 7871 */
	EDNS_EXPIRE = 9,         /* RFC 7314 */
	EDNS_COOKIE = 10,        /* RFC 7873 */
	EDNS_TCP_KEEPALIVE = 11, /* RFC 7828 */
	EDNS_PADDING = 12,       /* RFC 7830 */
	EDNS_EXTENDED_ERROR = 15 /* RFC 8914 */
};

/* What is left of them. Begins as the rdata of an OPT record; borrows the message. */
struct edns_options {
	const uint8_t *bytes;
	size_t len; /* octets */
};

struct edns_option {
	uint16_t code, len;   /* len: octets */
	const uint8_t *bytes; /* borrowed from the message */
};

/* Takes the next option from the front of left into *option. False: there is none, or what is left is cut, which makes it empty. */
bool edns_next(struct edns_options *left, struct edns_option *option);

/* The first option of this code, into *option; false: there is none. Takes a copy, so options may be asked for several codes. */
bool edns_find(struct edns_options options, uint16_t code, struct edns_option *option);
