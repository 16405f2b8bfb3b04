#include "config/value.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS          "0123456789"
#define DURATION_MAX_MS ((double)INT64_MAX / 1e6) /* Go counts nanoseconds in 63 bits */

enum err value_number(const char *text, unsigned min, unsigned max, unsigned *value, struct diag *d)
{
	unsigned long n;
	if (!*text || text[strspn(text, DIGITS)])
		return diag_set(d, ERR_SYNTAX, "a number from %u to %u is wanted", min, max);
	errno = 0;
	n = strtoul(text, NULL, 10);
	if (errno || n < min || n > max)
		return diag_set(d, ERR_RANGE, "a number from %u to %u is wanted", min, max);
	*value = (unsigned)n;
	return OK;
}

enum err value_decimal(const char *text, double *value, struct diag *d)
{
	char *end;
	double n = strtod(text, &end);
	if (!strchr(DIGITS ".", *text) || !*text || *end || !isfinite(n))
		return diag_set(d, ERR_SYNTAX, "a number such as 20 or 0.5 is wanted");
	*value = n;
	return OK;
}

static const struct {
	const char *name;
	double ms;
} units[] = {
        {"ns", 1e-6}, {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"\xce\xbcs", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6},
};

/* One number with its unit; moves *text past it. */
static bool take_part(const char **text, double *ms)
{
	size_t len = strspn(*text, DIGITS "."), unit_len;
	char *end;
	double n = strtod(*text, &end);
	if (!len || end != *text + len) /* also "1e3", "0x1", "1.2.3" */
		return false;
	unit_len = strcspn(end, DIGITS ".");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strlen(units[i].name) == unit_len && memcmp(units[i].name, end, unit_len) == 0) {
			*ms += n * units[i].ms;
			*text = end + unit_len;
			return true;
		}
	}
	return false;
}

enum err value_duration_ms(const char *text, uint64_t *ms, struct diag *d)
{
	double sum = 0;
	const char *at = text + (strcmp(text, "0") == 0); /* the one that needs no unit */
	bool good = *text != 0;
	while (good && *at)
		good = take_part(&at, &sum);
	if (!good || sum > DURATION_MAX_MS)
		return diag_set(d, ERR_SYNTAX, "a duration such as 5s, 500ms or 1m30s is wanted");
	*ms = (uint64_t)sum;
	return OK;
}

bool value_range(const char *text, size_t len, struct cidr *range)
{
	const char *slash = memchr(text, '/', len);
	size_t digits = slash ? (size_t)(text + len - slash) - 1 : 0;
	struct addr base;
	unsigned bits = 0;
	if (!digits || digits > 3 || strspn(slash + 1, DIGITS) < digits || addr_parse(text, (size_t)(slash - text), &base))
		return false;
	if (base.family == ADDR_V4 && memchr(text, ':', (size_t)(slash - text))) /* ::ffff:10.0.0.0/104 */
		return false;
	for (size_t i = 0; i < digits; i++)
		bits = bits * 10 + (unsigned)(slash[1 + i] - '0');
	if (bits > 8 * addr_len(&base))
		return false;
	for (unsigned bit = bits; bit < 8 * addr_len(&base); bit++)
		base.octets[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	*range = (struct cidr){base, (uint8_t)bits};
	return true;
}
