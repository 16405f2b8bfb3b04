/* addr.h - IP addresses as values: pods', Services', ours. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };

struct addr {
	uint8_t family;     /* enum addr_family */
	uint8_t octets[16]; /* network order; IPv4 uses the first 4, the rest are 0, so that memcmp compares */
};

struct cidr {
	struct addr base; /* host bits are 0 */
	uint8_t prefix;   /* bits */
};

#define ADDR_TEXT_MAX 46 /* with the NUL, as INET6_ADDRSTRLEN */

/* 4, 16, or 0 for ADDR_NONE. */
size_t addr_len(const struct addr *a);

/* Dotted quad without leading zeros, or RFC 4291 text without zone; no white space. An IPv4-mapped IPv6 address is the IPv4 one,
 * as Kubernetes (Go's net.ParseIP) reads it. ERR_SYNTAX: none of these, *a untouched. text need not end with NUL. */
enum err addr_parse(const char *text, size_t len, struct addr *a);

/* The same with any number of leading zeros, which mean nothing: 010.0.0.08 is 10.0.0.8. The API server takes these in objects
 * (k8s.io/utils/net, ParseIPSloppy), so those that were stored once have to be read for ever. */
enum err addr_parse_legacy(const char *text, size_t len, struct addr *a);

/* Canonical text (RFC 5952). */
void addr_format(const struct addr *a, char text[ADDR_TEXT_MAX]);

/* Same family, same octets. */
bool addr_equal(const struct addr *a, const struct addr *b);

/* The same n and m addresses in the same order. Of no addresses the pointer may be NULL. */
bool addrs_equal(const struct addr *a, size_t n, const struct addr *b, size_t m);

/* Total order: family, then octets. For qsort and bsearch. */
int addr_compare(const void *a, const void *b);

/* "10.244.0.0/16". ERR_SYNTAX also where host bits are set: a range written so is mistyped more often than meant. */
enum err cidr_parse(const char *text, struct cidr *c);

/* It is one of the range's. */
bool cidr_has(const struct cidr *c, const struct addr *a);

/* The n-th address of the range, 0 being its base; false if n is beyond it. */
bool cidr_nth(const struct cidr *c, uint64_t n, struct addr *a);

/* Number of addresses, capped at UINT64_MAX. */
uint64_t cidr_size(const struct cidr *c);
