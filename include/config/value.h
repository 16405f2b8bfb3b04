/* value.h - numbers and durations in the words of a configuration. diag says what is wanted, with
 * ERR_SYNTAX or ERR_RANGE; *value is then as it was. Functions of their arguments alone, for any thread. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include <stdbool.h>
#include <stdint.h>

/* A decimal number of min to max; no sign, no blank. */
enum err value_number(const char *text, unsigned min, unsigned max, unsigned *value, struct diag *d);

/* A decimal number, perhaps with a fraction, not negative. */
enum err value_decimal(const char *text, double *value, struct diag *d);

/* As Go's time.ParseDuration: "5s", "1m30s", "1.5h", "500ms"; not negative. Rounded to milliseconds, down. */
enum err value_duration_ms(const char *text, uint64_t *ms, struct diag *d);

/* "ADDRESS/BITS" with host bits of any kind, as Go's net.ParseCIDR reads it; they become 0. False: it is none. text need not end with NUL. */
bool value_range(const char *text, size_t len, struct cidr *range);
