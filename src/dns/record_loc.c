/* LOC records as they are written in zone files (RFC 1876 3): D [M [S]] N|S D [M [S]] E|W ALTITUDE[m] [SIZE[m] [HORIZONTAL[m] [VERTICAL[m]]]] */
#include "dns/wire.h"
#include "record_scan.h"
#include <string.h>

#define EQUATOR      ((uint32_t)1 << 31)
#define MS_PER_S     1000u
#define SEA_LEVEL_CM 10000000
#define CM_MAX       9000000000u

/* N, S, E or W. */
static bool is_mark(const struct word *w, const char *marks)
{
	return w->len == 1 && *w->text && strchr(marks, *w->text & ~0x20);
}

/* A decimal number with at most so many digits behind the point that count, others are cut; scaled by as many. False: it is none, or above max. */
static bool read_decimal(const struct word *w, unsigned digits, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	bool point = false, any = false;
	unsigned behind = 0;
	for (size_t i = 0; i < w->len; i++) {
		if (w->text[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(w->text[i]))
			return false;
		any = true;
		if (point && behind == digits)
			continue;
		n = n * 10 + (unsigned)(w->text[i] - '0');
		behind += point;
		if (n > max)
			return false;
	}
	for (; behind < digits; behind++)
		n *= 10;
	*out = n;
	return any && n <= max;
}

/* Degrees, minutes, seconds and the mark; in thousandths of a second from the equator or the meridian. first: the degrees. */
static enum err read_angle(struct scan *s, const struct word *first, unsigned max, const char *marks, uint32_t *out)
{
	static const struct {
		uint64_t scale;
		unsigned digits;
	} parts[] = {{3600 * MS_PER_S, 0}, {60 * MS_PER_S, 0}, {1, 3}};
	struct word w = *first;
	uint64_t sum = 0, n;
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t most = i == 0 ? max : i == 1 ? 59 : 60 * MS_PER_S - 1;
		enum err err;
		if (i && is_mark(&w, marks))
			break;
		if (!read_decimal(&w, parts[i].digits, most, &n))
			return scan_wrong(s, "degrees, minutes and seconds", &w);
		sum += n * parts[i].scale;
		err = scan_want(s, "a part of an angle", &w);
		if (err)
			return err;
	}
	if (!is_mark(&w, marks) || sum > (uint64_t)max * 3600 * MS_PER_S)
		return scan_wrong(s, *marks == 'N' ? "N or S" : "E or W", &w);
	*out = (*w.text & ~0x20) == marks[0] ? EQUATOR + (uint32_t)sum : EQUATOR - (uint32_t)sum;
	return OK;
}

/* "-24.5m": its unit does not count. */
static struct word without_unit(struct word w)
{
	if (w.len && (w.text[w.len - 1] | 0x20) == 'm')
		w.len--;
	return w;
}

static enum err read_altitude(struct scan *s, uint32_t *out)
{
	struct word w, number;
	uint64_t cm;
	bool below;
	enum err err = scan_want(s, "an altitude", &w);
	if (err)
		return err;
	number = without_unit(w);
	below = number.len && *number.text == '-';
	number.text += below;
	number.len -= below;
	if (!read_decimal(&number, 2, below ? SEA_LEVEL_CM : UINT32_MAX - SEA_LEVEL_CM, &cm))
		return scan_wrong(s, "an altitude", &w);
	*out = (uint32_t)(below ? SEA_LEVEL_CM - cm : SEA_LEVEL_CM + cm);
	return OK;
}

/* A digit and how many zeros follow it, in centimetres (RFC 1876 2). */
static bool read_precision(const struct word *w, uint8_t *out)
{
	const struct word number = without_unit(*w);
	unsigned zeros = 0;
	uint64_t cm;
	if (!read_decimal(&number, 2, CM_MAX, &cm))
		return false;
	for (; cm >= 10; cm /= 10)
		zeros++;
	*out = (uint8_t)(cm << 4 | zeros);
	return true;
}

enum err scan_loc(struct scan *s, const struct word *first, struct wire_writer *out)
{
	uint8_t head[4] = {0, 0x12, 0x16, 0x13}; /* version; size 1 m, precisions 10,000 m and 10 m */
	uint32_t latitude = 0, longitude = 0, altitude = 0;
	enum scanned found = SCAN_WORD;
	struct word w;
	enum err err = read_angle(s, first, 90, "NS", &latitude);
	if (!err)
		err = scan_want(s, "a longitude", &w);
	if (!err)
		err = read_angle(s, &w, 180, "EW", &longitude);
	if (!err)
		err = read_altitude(s, &altitude);
	for (unsigned i = 1; !err && i < 4 && (found = scan_next(s, &w)) == SCAN_WORD; i++) {
		if (!read_precision(&w, &head[i]))
			err = scan_wrong(s, "a size in metres", &w);
	}
	if (err || found == SCAN_WRONG)
		return err ? err : ERR_SYNTAX;
	wire_put_bytes(out, head, sizeof head);
	wire_put_u32(out, latitude);
	wire_put_u32(out, longitude);
	wire_put_u32(out, altitude);
	return OK;
}
