#include "base/addr.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

size_t addr_len(const struct addr *a)
{
	switch ((enum addr_family)a->family) {
	case ADDR_NONE:
		return 0;
	case ADDR_V4:
		return 4;
	case ADDR_V6:
		return 16;
	}
	return 0;
}

enum err addr_parse(const char *text, size_t len, struct addr *a)
{
	char copy[ADDR_TEXT_MAX];
	struct addr parsed = {0};
	if (len >= sizeof copy || memchr(text, '\0', len))
		return ERR_SYNTAX;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, parsed.octets) == 1) {
		parsed.family = ADDR_V4;
	} else if (inet_pton(AF_INET6, copy, parsed.octets) == 1) {
		parsed.family = ADDR_V6;
		if (memcmp(parsed.octets, v4_mapped, sizeof v4_mapped) == 0) {
			parsed.family = ADDR_V4;
			memmove(parsed.octets, parsed.octets + 12, 4);
			memset(parsed.octets + 4, 0, 12);
		}
	} else {
		return ERR_SYNTAX;
	}
	*a = parsed;
	return OK;
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

enum err addr_parse_legacy(const char *text, size_t len, struct addr *a)
{
	char plain[ADDR_TEXT_MAX];
	size_t filled = 0;
	bool in_number = false; /* a digit of it that counts was copied */
	for (size_t i = 0; i < len; i++) {
		bool more = i + 1 < len && is_hex_digit(text[i + 1]);
		if (text[i] == '0' && !in_number && more)
			continue;
		if (filled == sizeof plain)
			return ERR_SYNTAX;
		plain[filled++] = text[i];
		in_number = is_hex_digit(text[i]);
	}
	return addr_parse(plain, filled, a);
}

#define GROUPS 8 /* of 16 bits in an IPv6 address */

struct zeros {
	unsigned first, count;
};

static unsigned group_at(const struct addr *a, unsigned i)
{
	return (unsigned)a->octets[2 * i] << 8 | a->octets[2 * i + 1];
}

/* The longest run of two groups or more that are 0, the first of equal ones (RFC 5952 4.2); count 0: there is none. */
static struct zeros longest_zeros(const struct addr *a)
{
	struct zeros best = {0}, run = {0};
	for (unsigned i = 0; i < GROUPS; i++) {
		if (group_at(a, i)) {
			run = (struct zeros){.first = i + 1};
			continue;
		}
		run.count++;
		if (run.count > 1 && run.count > best.count)
			best = run;
	}
	return best;
}

/* Appends the number without leading zeros. Returns where it ends. */
static char *put_number(char *at, unsigned number, unsigned base)
{
	if (number >= base)
		at = put_number(at, number / base, base);
	*at = "0123456789abcdef"[number % base];
	return at + 1;
}

static char *format_v4(const struct addr *a, char *at)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = put_number(at, a->octets[i], 10);
	}
	return at;
}

/* inet_ntop() writes ::1:0 as ::0.1.0.0; but a dotted quad is for prefixes that say that it is one (RFC 5952 5), and what has such a prefix is
 * IPv4 here. */
static char *format_v6(const struct addr *a, char *at)
{
	struct zeros zeros = longest_zeros(a);
	for (unsigned i = 0; i < GROUPS; i++) {
		if (i == zeros.first && zeros.count) {
			*at++ = ':';
			*at++ = ':';
			i += zeros.count - 1;
			continue;
		}
		if (i && i != zeros.first + zeros.count)
			*at++ = ':';
		at = put_number(at, group_at(a, i), 16);
	}
	return at;
}

void addr_format(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	char *end = text;
	if (a->family == ADDR_V4)
		end = format_v4(a, text);
	else if (a->family == ADDR_V6)
		end = format_v6(a, text);
	*end = '\0';
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

bool addrs_equal(const struct addr *a, size_t n, const struct addr *b, size_t m)
{
	return n == m && (!n || memcmp(a, b, n * sizeof *a) == 0);
}

int addr_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

/* Sets the bits after the prefix to zero. */
static void clear_host_bits(struct addr *a, unsigned prefix)
{
	size_t len = addr_len(a);
	for (size_t i = 0; i < len; i++) {
		unsigned from = (unsigned)i * 8;
		if (from >= prefix)
			a->octets[i] = 0;
		else if (from + 8 > prefix)
			a->octets[i] &= (uint8_t)(0xff00u >> (prefix - from));
	}
}

enum err cidr_parse(const char *text, struct cidr *c)
{
	const char *slash = strchr(text, '/');
	struct cidr parsed;
	struct addr network;
	unsigned prefix = 0;
	if (!slash || addr_parse(text, (size_t)(slash - text), &parsed.base))
		return ERR_SYNTAX;
	if (!slash[1] || strlen(slash + 1) > 3 || (slash[1] == '0' && slash[2]))
		return ERR_SYNTAX;
	for (const char *p = slash + 1; *p; p++) {
		if (*p < '0' || *p > '9')
			return ERR_SYNTAX;
		prefix = prefix * 10 + (unsigned)(*p - '0');
	}
	if (prefix > addr_len(&parsed.base) * 8)
		return ERR_SYNTAX;
	network = parsed.base;
	clear_host_bits(&network, prefix);
	if (!addr_equal(&network, &parsed.base))
		return ERR_SYNTAX;
	parsed.prefix = (uint8_t)prefix;
	*c = parsed;
	return OK;
}

uint64_t cidr_size(const struct cidr *c)
{
	unsigned host_bits = (unsigned)addr_len(&c->base) * 8 - c->prefix;
	return host_bits >= 64 ? UINT64_MAX : (uint64_t)1 << host_bits;
}

bool cidr_nth(const struct cidr *c, uint64_t n, struct addr *a)
{
	uint64_t size = cidr_size(c);
	if (n >= size && size != UINT64_MAX)
		return false;
	*a = c->base;
	/* The host bits of the base are 0, so adding is or-ing. */
	for (size_t i = addr_len(a); i > 0 && n; i--, n >>= 8)
		a->octets[i - 1] |= (uint8_t)n;
	return true;
}

bool cidr_has(const struct cidr *c, const struct addr *a)
{
	const unsigned whole = c->prefix / 8u, bits = c->prefix % 8u;
	if (c->base.family != a->family || memcmp(c->base.octets, a->octets, whole) != 0)
		return false;
	return !bits || (c->base.octets[whole] ^ a->octets[whole]) >> (8 - bits) == 0;
}
