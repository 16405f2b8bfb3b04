/* `tls CERT KEY [CA] { client_auth nocert|request|require|verify_if_given|require_and_verify; keylog FILE }` */
#include "directives.h"
#include <stdlib.h>

#define CLIENTS "nocert|request|require|verify_if_given|require_and_verify" /* in the order of enum client_auth */

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct tls_options *o = values;
	if (!w->count)
		return diag_set(d, ERR_SYNTAX,
		                "CoreDNS gets certificates by ACME then; headns does not: name a certificate and its key, which who gets "
		                "them renews");
	if (w->count == 1)
		return diag_set(d, ERR_SYNTAX, "it is written: tls CERT KEY [CA]");
	enum err err = option_text(&o->cert, w->texts[0], d);
	if (!err)
		err = option_text(&o->key, w->texts[1], d);
	return err || w->count < 3 ? err : option_text(&o->ca, w->texts[2], d);
}

static void clear(void *values)
{
	struct tls_options *o = values;
	free(o->cert);
	free(o->key);
	free(o->ca);
	free(o->key_log);
}

static const struct option lines[] = {
        {"client_auth", CLIENTS, 1, 1, OPTION_CHOICE, 0, offsetof(struct tls_options, clients), 0, 0, NULL},
        {"keylog", "FILE", 1, 1, OPTION_TEXT, 0, offsetof(struct tls_options, key_log), 0, 0, NULL},
};
static const struct option_table options = {"tls", lines, sizeof lines / sizeof *lines, NULL};

const struct directive tls_directive = {
        .name = "tls",
        .arguments = "CERT KEY [CA]",
        .max = 3,
        .again = AGAIN_LAST,
        .size = sizeof(struct tls_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
