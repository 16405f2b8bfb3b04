/* name.h - domain names in wire format (RFC 1035 3.1), uncompressed, in a fixed-size value: nothing to free. */
#pragma once
#include "base/addr.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_WIRE_MAX   255 /* octets with the root label, RFC 1035 2.3.4 */
#define NAME_LABEL_MAX  63
#define NAME_LABELS_MAX 127
#define NAME_TEXT_MAX   1005 /* longest presentation form with the NUL: 250 octets as \DDD, dots */

struct name {
	uint8_t len;                     /* octets of wire in use, root label included: 1 to 255; 0 is no name */
	uint8_t labels;                  /* labels without the root */
	uint8_t offset[NAME_LABELS_MAX]; /* of each label's length octet in wire; the leftmost label is offset[0] */
	uint8_t wire[NAME_WIRE_MAX];
};

/* Without regard to case (RFC 4343): ASCII letters made small. */
static inline uint8_t name_octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The root. */
void name_root(struct name *n);

/* Master-file text (RFC 1035 5.1, \. and \DDD escapes); a missing last dot is added. ERR_SYNTAX: empty label or bad escape;
 * ERR_RANGE: label over 63 or name over 255 octets. On error n is the root. */
enum err name_from_text(struct name *n, const char *text, size_t len);

/* Text with a last dot, "." for the root, special octets escaped. Returns its length. */
size_t name_to_text(const struct name *n, char text[NAME_TEXT_MAX]);

/* The same as Go's dns library writes it, for lines that are compared with CoreDNS's: a special octet that can be printed stands behind a backslash. */
size_t name_to_go_text(const struct name *n, char text[NAME_TEXT_MAX]);

/* Reads an uncompressed name at the start of len octets. Returns how many it took; 0, with n the root, if it is cut, compressed or
 * longer than a name may be. */
size_t name_from_wire(struct name *n, const uint8_t *bytes, size_t len);

/* Adds one label of octets taken as they are on the left (prepend) or on the right, before the root (append).
 * ERR_SYNTAX: empty; ERR_RANGE: too long. On error n is as it was. */
enum err name_prepend(struct name *n, const void *label, size_t len);
enum err name_append(struct name *n, const void *label, size_t len);

/* Appends all labels of suffix, which is not n itself. ERR_RANGE: too long; n is as it was. */
enum err name_append_name(struct name *n, const struct name *suffix);

/* Makes ASCII letters small, the canonical form of RFC 4034 6.2. */
void name_lower(struct name *n);

/* ASCII-case-insensitive (RFC 4343). */
bool name_equal(const struct name *a, const struct name *b);

/* True if n is origin or below it, without regard to case. */
bool name_in(const struct name *n, const struct name *origin);

/* The i-th label from the left, its length in *len. i < n->labels. */
const uint8_t *name_label(const struct name *n, unsigned i, size_t *len);

/* Where the reverse names of addresses are (RFC 1035 3.5, RFC 3596 2.5). */
#define NAME_REVERSE_V4 "in-addr.arpa"
#define NAME_REVERSE_V6 "ip6.arpa"

/* The in-addr.arpa or ip6.arpa name of an address; the root for ADDR_NONE. */
void name_from_addr(struct name *n, const struct addr *a);

/* The address that such a name stands for, one whole address; false: it is none, *a untouched. n: lower case. */
bool name_to_addr(const struct name *n, struct addr *a);
