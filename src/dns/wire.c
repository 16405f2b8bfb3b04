#include "dns/wire.h"

/* Appends labels to n until the name ends or a pointer turns up: returns the pointer's target, or SIZE_MAX. */
static size_t read_labels(struct wire_reader *r, struct name *n)
{
	uint8_t len;
	while ((len = wire_get_u8(r)) != 0) { /* a failed read gives 0 */
		if (len >= 0xc0)
			return (size_t)(len & 0x3f) << 8 | wire_get_u8(r);
		const uint8_t *label = wire_get_bytes(r, len);
		if (!label || name_append(n, label, len)) /* refuses 64 to 191, the reserved kinds of label, too */
			r->failed = true;
	}
	return SIZE_MAX;
}

void wire_get_name(struct wire_reader *r, struct name *n)
{
	name_root(n);
	struct wire_reader part = *r; /* follows the pointers, while r stays where the name ends */
	size_t start = r->at;
	size_t target = read_labels(&part, n);
	r->at = part.at;
	for (unsigned pointers = 1; target < start && pointers <= WIRE_POINTERS_MAX; pointers++) {
		part.at = start = target;
		target = read_labels(&part, n);
	}
	if (part.failed || target != SIZE_MAX) {
		r->failed = true;
		name_root(n);
	}
}
