#include "steps/steps.h"
#include "dns/message.h"
#include "kinds.h"

/* We never send more over UDP. */
static bool bufsize_matters(const void *values)
{
	return ((const struct bufsize_options *)values)->max < DNS_UDP_SIZE_CAP;
}

/* Directives that are not here have nothing to do with single queries, or are the cluster's. */
static const struct {
	const struct step_kind *kind;
	bool (*matters)(const void *values); /* false: it would change nothing; NULL: it does */
} table[DIRECTIVES] = {
        [DIRECTIVE_BUFSIZE] = {&bufsize_step, bufsize_matters},
        [DIRECTIVE_ANY] = {&any_step, NULL},
        [DIRECTIVE_MINIMAL] = {&minimal_step, NULL},
        [DIRECTIVE_NSID] = {&nsid_step, NULL},
        [DIRECTIVE_WHOAMI] = {&whoami_step, NULL},
};

static bool is_at_work(const struct corefile_block *b, enum directive_id id)
{
	return b && b->said[id].place && table[id].kind && (!table[id].matters || table[id].matters(corefile_values(b, id)));
}

enum err steps_new(const struct corefile_block *b, const struct cluster_step_options *names, struct server_step steps[STEPS_MAX],
                   unsigned *count)
{
	*count = 0;
	for (unsigned i = 0; i < DIRECTIVES; i++) {
		enum directive_id id = (enum directive_id)i;
		if (is_at_work(b, id))
			steps[(*count)++] = (struct server_step){table[id].kind, b->said[id].values, false};
		if (id != DIRECTIVE_KUBERNETES || !names->cluster)
			continue;
		unsigned added;
		if (cluster_steps_new(names, steps + *count, &added))
			return ERR_NOMEM; /* the others are borrowed */
		*count += added;
	}
	return OK;
}
