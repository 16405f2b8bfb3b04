#include "dns/name.h"
#include <string.h>

/* As wire octets; the NUL of the literal is the root label. */
static const char IN_ADDR_ARPA[] = "\7in-addr\4arpa";
static const char IP6_ARPA[] = "\3ip6\4arpa";

static uint64_t load8(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* name_octet_lower() for eight octets at once. The sums set bit 7 of an octet where its low bits are at least 'A', or beyond 'Z'; they cannot
 * carry into the next one. */
static uint64_t lower8(uint64_t v)
{
	const uint64_t each = 0x0101010101010101;
	uint64_t low = v & 0x7f * each;
	uint64_t at_least_a = low + (0x80 - 'A') * each;
	uint64_t beyond_z = low + (0x80 - 'Z' - 1) * each;
	uint64_t letters = (at_least_a ^ beyond_z) & ~v & 0x80 * each;
	return v | letters >> 2;
}

/* Length octets are below 'A', so these two fold whole runs of wire without looking where labels begin. */

typedef uint8_t sixteen __attribute__((vector_size(16))); /* what SSE2 and NEON take at once; other machines do it in parts */

static void lower_sixteen(uint8_t *p)
{
	sixteen v;
	memcpy(&v, p, sizeof v);
	v |= (sixteen)((v >= 'A') & (v <= 'Z')) & 0x20;
	memcpy(p, &v, sizeof v);
}

/* The last sixteen overlap those before: what is folded twice stays as it is. */
static void lower_octets(uint8_t *p, size_t len)
{
	if (len < sizeof(sixteen)) {
		for (size_t i = 0; i < len; i++)
			p[i] = name_octet_lower(p[i]);
		return;
	}
	for (size_t i = 0; i + sizeof(sixteen) < len; i += sizeof(sixteen))
		lower_sixteen(p + i);
	lower_sixteen(p + len - sizeof(sixteen));
}

static bool octets_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;
	for (; i + 8 <= len; i += 8)
		if (lower8(load8(a + i)) != lower8(load8(b + i)))
			return false;
	for (; i < len; i++)
		if (name_octet_lower(a[i]) != name_octet_lower(b[i]))
			return false;
	return true;
}

void name_root(struct name *n)
{
	n->len = 1;
	n->labels = 0;
	n->wire[0] = 0;
}

size_t name_from_wire(struct name *n, const uint8_t *bytes, size_t len)
{
	size_t max = len < NAME_WIRE_MAX ? len : NAME_WIRE_MAX;
	size_t at = 0;
	uint8_t labels = 0;
	while (at < max && bytes[at]) {
		if (bytes[at] > NAME_LABEL_MAX || labels == NAME_LABELS_MAX)
			break;
		n->offset[labels++] = (uint8_t)at;
		at += 1u + bytes[at];
	}
	if (at >= max || bytes[at]) {
		name_root(n);
		return 0;
	}
	n->labels = labels;
	n->len = (uint8_t)(at + 1);
	memcpy(n->wire, bytes, at + 1);
	return at + 1;
}

static enum err check_label(const struct name *n, size_t len)
{
	if (!len)
		return ERR_SYNTAX;
	if (len > NAME_LABEL_MAX || n->len + 1 + len > NAME_WIRE_MAX)
		return ERR_RANGE;
	return OK;
}

enum err name_prepend(struct name *n, const void *label, size_t len)
{
	enum err err = check_label(n, len);
	if (err)
		return err;
	memmove(n->wire + 1 + len, n->wire, n->len);
	n->wire[0] = (uint8_t)len;
	memcpy(n->wire + 1, label, len);
	for (unsigned i = n->labels; i > 0; i--)
		n->offset[i] = (uint8_t)(n->offset[i - 1] + 1 + len);
	n->offset[0] = 0;
	n->labels++;
	n->len = (uint8_t)(n->len + 1 + len);
	return OK;
}

enum err name_append(struct name *n, const void *label, size_t len)
{
	enum err err = check_label(n, len);
	if (err)
		return err;
	uint8_t *at = n->wire + n->len - 1; /* the root label gives way */
	n->offset[n->labels++] = (uint8_t)(n->len - 1);
	*at = (uint8_t)len;
	memcpy(at + 1, label, len);
	at[1 + len] = 0;
	n->len = (uint8_t)(n->len + 1 + len);
	return OK;
}

enum err name_append_name(struct name *n, const struct name *suffix)
{
	size_t at = n->len - 1u;
	if (at + suffix->len > NAME_WIRE_MAX)
		return ERR_RANGE;
	memcpy(n->wire + at, suffix->wire, suffix->len);
	for (unsigned i = 0; i < suffix->labels; i++)
		n->offset[n->labels++] = (uint8_t)(at + suffix->offset[i]);
	n->len = (uint8_t)(at + suffix->len);
	return OK;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One octet of a label, at text[*at]: plain, \X or \DDD. */
static enum err read_octet(const char *text, size_t len, size_t *at, uint8_t *octet)
{
	*octet = (uint8_t)text[(*at)++];
	if (*octet != '\\')
		return OK;
	if (*at == len)
		return ERR_SYNTAX;
	const char *escape = text + *at;
	if (!is_digit(escape[0])) {
		*octet = (uint8_t)escape[0];
		*at += 1;
		return OK;
	}
	if (len - *at < 3 || !is_digit(escape[1]) || !is_digit(escape[2]))
		return ERR_SYNTAX;
	int value = (escape[0] - '0') * 100 + (escape[1] - '0') * 10 + (escape[2] - '0');
	if (value > 255)
		return ERR_SYNTAX;
	*octet = (uint8_t)value;
	*at += 3;
	return OK;
}

/* The label at text[*at] and the dot after it, if there is one. */
static enum err read_label(const char *text, size_t len, size_t *at, struct name *n)
{
	uint8_t label[NAME_LABEL_MAX];
	size_t used = 0;
	while (*at < len && text[*at] != '.') {
		uint8_t octet;
		enum err err = read_octet(text, len, at, &octet);
		if (err)
			return err;
		if (used == sizeof label)
			return ERR_RANGE;
		label[used++] = octet;
	}
	*at += *at < len;
	return name_append(n, label, used);
}

enum err name_from_text(struct name *n, const char *text, size_t len)
{
	name_root(n);
	if (len == 1 && text[0] == '.')
		return OK;
	enum err err = len ? OK : ERR_SYNTAX;
	for (size_t at = 0; !err && at < len;)
		err = read_label(text, len, &at, n);
	if (err)
		name_root(n);
	return err;
}

/* Octets that stand behind a backslash, and from which one on they can be printed at all. */
struct escapes {
	const char *special;
	uint8_t first;
};

/* Writes one octet of a label as text (RFC 4343 2.1); returns the end. */
static char *write_octet(char *to, uint8_t octet, const struct escapes *e)
{
	if (octet < e->first || octet >= 0x7f) {
		*to++ = '\\';
		*to++ = (char)('0' + octet / 100);
		*to++ = (char)('0' + octet / 10 % 10);
		*to++ = (char)('0' + octet % 10);
		return to;
	}
	if (strchr(e->special, octet))
		*to++ = '\\';
	*to++ = (char)octet;
	return to;
}

static size_t write_name(const struct name *n, char text[NAME_TEXT_MAX], const struct escapes *e)
{
	char *to = text;
	for (unsigned i = 0; i < n->labels; i++) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		for (size_t k = 0; k < len; k++)
			to = write_octet(to, label[k], e);
		*to++ = '.';
	}
	if (!n->labels)
		*to++ = '.';
	*to = '\0';
	return (size_t)(to - text);
}

size_t name_to_text(const struct name *n, char text[NAME_TEXT_MAX])
{
	static const struct escapes master_file = {".\\\"();@$", ' ' + 1}; /* which would take these for something else */
	return write_name(n, text, &master_file);
}

size_t name_to_go_text(const struct name *n, char text[NAME_TEXT_MAX])
{
	static const struct escapes go = {". '@;()\"\\", ' '};
	return write_name(n, text, &go);
}

void name_lower(struct name *n)
{
	lower_octets(n->wire, n->len);
}

bool name_equal(const struct name *a, const struct name *b)
{
	return a->len == b->len && octets_equal(a->wire, b->wire, a->len);
}

bool name_in(const struct name *n, const struct name *origin)
{
	if (n->labels < origin->labels || n->len < origin->len)
		return false;
	size_t start = (size_t)n->len - origin->len;
	unsigned above = n->labels - (unsigned)origin->labels;
	bool at_label = origin->labels == 0 || n->offset[above] == start; /* octets inside a label may look like the origin */
	return at_label && octets_equal(n->wire + start, origin->wire, origin->len);
}

const uint8_t *name_label(const struct name *n, unsigned i, size_t *len)
{
	const uint8_t *at = n->wire + n->offset[i];
	*len = *at;
	return at + 1;
}

static size_t write_decimal(char to[3], uint8_t octet)
{
	size_t len = 0;
	if (octet >= 100)
		to[len++] = (char)('0' + octet / 100);
	if (octet >= 10)
		to[len++] = (char)('0' + octet / 10 % 10);
	to[len++] = (char)('0' + octet % 10);
	return len;
}

void name_from_addr(struct name *n, const struct addr *a)
{
	/* All of it fits, so prepending cannot fail. */
	name_root(n);
	if (a->family == ADDR_V4) {
		name_from_wire(n, (const uint8_t *)IN_ADDR_ARPA, sizeof IN_ADDR_ARPA);
		for (unsigned i = 0; i < 4; i++) {
			char text[3];
			name_prepend(n, text, write_decimal(text, a->octets[i]));
		}
	} else if (a->family == ADDR_V6) {
		name_from_wire(n, (const uint8_t *)IP6_ARPA, sizeof IP6_ARPA);
		for (unsigned i = 0; i < 32; i++) {
			unsigned nibble = a->octets[i / 2] >> (i % 2 ? 0 : 4) & 15;
			name_prepend(n, &"0123456789abcdef"[nibble], 1);
		}
	}
}

/* As write_decimal writes it, 0 to 255. */
static bool read_decimal(const uint8_t *label, size_t len, uint8_t *octet)
{
	unsigned value = 0;
	if (len > 3 || (len > 1 && label[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (label[i] < '0' || label[i] > '9')
			return false;
		value = 10 * value + (label[i] - '0');
	}
	*octet = (uint8_t)value;
	return value <= UINT8_MAX;
}

static bool read_nibble(const uint8_t *label, size_t len, uint8_t *nibble)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = len == 1 && *label ? strchr(digits, *label) : NULL;
	if (at)
		*nibble = (uint8_t)(at - digits);
	return at;
}

bool name_to_addr(const struct name *n, struct addr *a)
{
	struct addr found = {.family = n->labels == 6 ? ADDR_V4 : ADDR_V6};
	const unsigned parts = found.family == ADDR_V4 ? 4 : 32;
	const char *tree = found.family == ADDR_V4 ? IN_ADDR_ARPA : IP6_ARPA;
	const size_t tree_len = found.family == ADDR_V4 ? sizeof IN_ADDR_ARPA : sizeof IP6_ARPA;
	if (n->labels != parts + 2 || n->len - n->offset[parts] != (int)tree_len || memcmp(n->wire + n->offset[parts], tree, tree_len) != 0)
		return false;
	for (unsigned i = 0; i < parts; i++) {
		size_t len;
		const uint8_t *label = name_label(n, parts - 1 - i, &len);
		uint8_t nibble = 0;
		if (!(parts == 4 ? read_decimal(label, len, &found.octets[i]) : read_nibble(label, len, &nibble)))
			return false;
		if (parts == 32)
			found.octets[i / 2] = (uint8_t)(found.octets[i / 2] << 4 | nibble);
	}
	*a = found;
	return true;
}
