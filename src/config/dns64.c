/* `dns64 [PREFIX] { prefix PREFIX; translate_all; allow_ipv4 }` */
#include "config/value.h"
#include "directives.h"
#include <string.h>

static enum err read_prefix(struct cidr *prefix, const char *text, struct diag *d)
{
	if (!value_range(text, strlen(text), prefix) || prefix->base.family != ADDR_V6)
		return diag_set(d, ERR_SYNTAX, "a range of IPv6 such as 64:ff9b::/96 is wanted, not \"%s\"", text);
	if (prefix->prefix % 8 || prefix->prefix < 32 || prefix->prefix > 96)
		return diag_set(d, ERR_RANGE, "a prefix of 32, 40, 48, 56, 64 or 96 bits is wanted (RFC 6052 2.2), not %u", prefix->prefix);
	return OK;
}

static enum err begin(void *values)
{
	return read_prefix(&((struct dns64_options *)values)->prefix, "64:ff9b::/96", NULL);
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return w->count ? read_prefix(&((struct dns64_options *)values)->prefix, w->texts[0], d) : OK;
}

static const struct option rows[] = {
        {.name = "prefix", .arguments = "PREFIX", .min = 1, .max = 1, .set = take},
        {.name = "translate_all", .arguments = "", .kind = OPTION_FLAG, .at = offsetof(struct dns64_options, translate_all)},
        {.name = "allow_ipv4", .arguments = "", .kind = OPTION_FLAG, .at = offsetof(struct dns64_options, allow_ipv4)},
};
static const struct option_table options = {"dns64", rows, sizeof rows / sizeof *rows, NULL};

const struct directive dns64_directive = {
        .name = "dns64",
        .arguments = "[PREFIX]",
        .max = 1,
        .again = AGAIN_ADDS,
        .size = sizeof(struct dns64_options),
        .begin = begin,
        .take = take,
        .options = &options,
};
