#include "steps/steps.h"
#include "dns/message.h"
#include "forward.h"
#include "kinds.h"

/* We never send more over UDP. */
static bool bufsize_matters(const void *values)
{
	return ((const struct bufsize_options *)values)->max < DNS_UDP_SIZE_CAP;
}

/* Sets begin at another address each time without a step: who answers sees to that. */
static bool loadbalance_matters(const void *values)
{
	return ((const struct loadbalance_options *)values)->prefer_count;
}

/* Directives that are not here have nothing to do with single queries, or are made of more than their words. */
static const struct {
	const struct step_kind *kind;
	bool (*matters)(const void *values); /* false: it would change nothing; NULL: it does */
} table[DIRECTIVES] = {
        [DIRECTIVE_BUFSIZE] = {&bufsize_step, bufsize_matters},
        [DIRECTIVE_LOCAL] = {&local_step, NULL},
        [DIRECTIVE_DNS64] = {&dns64_step, NULL},
        [DIRECTIVE_ANY] = {&any_step, NULL},
        [DIRECTIVE_CHAOS] = {&chaos_step, NULL},
        [DIRECTIVE_LOADBALANCE] = {&loadbalance_step, loadbalance_matters},
        [DIRECTIVE_TSIG] = {&tsig_step, NULL},
        [DIRECTIVE_REWRITE] = {&rewrite_step, NULL},
        [DIRECTIVE_ACL] = {&acl_step, NULL},
        [DIRECTIVE_HEADER] = {&header_step, NULL},
        [DIRECTIVE_MINIMAL] = {&minimal_step, NULL},
        [DIRECTIVE_NSID] = {&nsid_step, NULL},
        [DIRECTIVE_WHOAMI] = {&whoami_step, NULL},
};

static bool is_at_work(const struct corefile_block *b, enum directive_id id)
{
	return b && b->said[id].place && table[id].kind && (!table[id].matters || table[id].matters(corefile_values(b, id)));
}

static enum err add_cluster(const struct steps_options *o, struct server_step *steps, unsigned *count)
{
	unsigned added;
	if (!o->names.cluster)
		return OK;
	if (cluster_steps_new(&o->names, steps + *count, &added))
		return ERR_NOMEM;
	*count += added;
	return OK;
}

static enum err add_forward(const struct steps_options *o, struct server_step *steps, unsigned *count)
{
	const struct forward_step_options options = {o->forwarding, o->names.rotate, o->explain};
	if (!o->forwarding)
		return OK;
	if (forward_step_new(&options, steps + *count))
		return ERR_NOMEM;
	++*count;
	return OK;
}

static enum err add_template(const struct steps_options *o, struct server_step *steps, unsigned *count)
{
	if (!o->block || !o->block->said[DIRECTIVE_TEMPLATE].place)
		return OK;
	if (template_step_new(o->block, steps + *count))
		return ERR_NOMEM;
	++*count;
	return OK;
}

static enum err add_autopath(const struct steps_options *o, struct server_step *steps, unsigned *count)
{
	if (!o->block || !o->block->said[DIRECTIVE_AUTOPATH].place)
		return OK;
	if (autopath_step_new(o->block, o->names.cluster, steps + *count))
		return ERR_NOMEM;
	++*count;
	return OK;
}

static enum err add(const struct steps_options *o, enum directive_id id, struct server_step *steps, unsigned *count)
{
	if (id == DIRECTIVE_KUBERNETES)
		return add_cluster(o, steps, count);
	if (id == DIRECTIVE_FORWARD)
		return add_forward(o, steps, count);
	if (id == DIRECTIVE_AUTOPATH)
		return add_autopath(o, steps, count);
	if (id == DIRECTIVE_TEMPLATE)
		return add_template(o, steps, count);
	if (id == DIRECTIVE_LOOP && o->loop)
		steps[(*count)++] = (struct server_step){&loop_step, o->loop, false};
	if (id == DIRECTIVE_HOSTS && o->hosts)
		steps[(*count)++] = (struct server_step){&hosts_step, o->hosts, false};
	if (id == DIRECTIVE_FILE && o->files)
		steps[(*count)++] = (struct server_step){&file_step, o->files, false};
	if (id == DIRECTIVE_SECONDARY && o->secondaries)
		steps[(*count)++] = (struct server_step){&secondary_step, o->secondaries, false};
	if (is_at_work(o->block, id))
		steps[(*count)++] = (struct server_step){table[id].kind, o->block->said[id].values, false};
	return OK;
}

enum err steps_new(const struct steps_options *options, struct server_step steps[STEPS_MAX], unsigned *count)
{
	enum err err = OK;
	*count = 0;
	for (unsigned i = 0; i < DIRECTIVES && !err; i++)
		err = add(options, (enum directive_id)i, steps, count);
	if (!err)
		return OK;
	server_steps_free(steps, *count);
	*count = 0;
	return err;
}
