/* `kubernetes [ZONE...] { ... }` and `k8s_external [ZONE...] { ... }`, which is about the Services of the kubernetes beside it. */
#include "config/kubernetes.h"
#include "config/settings.h"
#include "directives.h"
#include <stdlib.h>

static enum err take_zones(const struct reader *r, const struct line *l, struct name_list *zones)
{
	struct diag why;
	enum err err = OK;
	for (unsigned i = 1; i < l->count && !err; i++)
		err = reader_wrong(r, &l->words[i], kubernetes_add_zone(zones, l->words[i].text, &why), &why);
	return err;
}

/* What goes without saying: the zones of the block. */
static enum err block_zones(const struct reader *r, const struct corefile_block *b, struct name_list *zones)
{
	return corefile_zones(b, zones) ? reader_no_memory(r) : OK;
}

/* --- kubernetes --- */

static enum err take_kubernetes(void *values, option_set *given, const struct words *w, struct diag *d, const void *arg)
{
	(void)given;
	(void)arg;
	return kubernetes_set(values, w->name, w->texts, w->count, d);
}

static enum err finish_kubernetes(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct name_list zones;
	struct diag why;
	enum err err = block_zones(r, b, &zones);
	if (!err && r->options->settings)
		err = settings_apply(r->options->settings, &b->kubernetes, r->diag);
	if (!err)
		err = reader_wrong(r, &l->words[0], kubernetes_options_finish(&b->kubernetes, &zones, &why), &why);
	free(zones.names);
	return err;
}

static enum err read_kubernetes(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	const struct external_options external = b->kubernetes.external; /* said before, or none */
	unsigned before = r->notes->count;
	enum err err;
	kubernetes_options_init(&b->kubernetes);
	b->kubernetes.external = external;
	err = take_zones(r, l, &b->kubernetes.zones);
	if (!err)
		err = reader_body(r, l, take_kubernetes, NULL, &b->kubernetes, NULL);
	return err || r->notes->count > before ? err : finish_kubernetes(r, l, b);
}

const struct directive kubernetes_block_directive = {.name = "kubernetes", .arguments = "[ZONE...]", .read = read_kubernetes};

/* --- k8s_external --- */

static enum err take_external(void *values, option_set *given, const struct words *w, struct diag *d, const void *arg)
{
	(void)given;
	(void)arg;
	return external_set(values, w->name, w->texts, w->count, d);
}

static enum err read_external(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct external_options *o = &b->kubernetes.external;
	struct name_list zones = {0};
	unsigned before = r->notes->count;
	struct diag why;
	enum err err = external_options_init(o) ? reader_no_memory(r) : OK;
	if (!err)
		err = take_zones(r, l, &o->zones);
	if (!err)
		err = reader_body(r, l, take_external, NULL, o, NULL);
	if (!err && r->notes->count == before)
		err = block_zones(r, b, &zones);
	if (!err && r->notes->count == before)
		err = reader_wrong(r, &l->words[0], external_options_finish(o, &zones, &why), &why);
	free(zones.names);
	return err;
}

const struct directive k8s_external_directive = {.name = "k8s_external", .arguments = "[ZONE...]", .read = read_external};
