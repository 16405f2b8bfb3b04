/* directives.h - the table of directives: every one that headns reads, in CoreDNS's order. To add one: its values and its id in
 * config/directive.h, a small file beside this one, and a row in directives.c. */
#pragma once
#include "config/directive.h"
#include "reader.h"

/* What a block that says a directive twice means, as in CoreDNS. */
enum directive_again {
	AGAIN_WRONG, /* nothing: it is an error */
	AGAIN_ADDS,  /* both */
	AGAIN_FIRST,
	AGAIN_LAST,
};

enum directive_state {
	DIRECTIVE_DONE,
	DIRECTIVE_READ,    /* it is checked, but nothing does yet what it says: an error, for it must not be passed over */
	DIRECTIVE_NOTHING, /* there is nothing to do here, and one line says why */
};

struct directive {
	const char *name, *arguments; /* as they are written: placeholders in capitals, "" for none */
	uint32_t min, max;            /* how many words */
	enum directive_again again;
	enum directive_state state;
	const char *why;                                                       /* DIRECTIVE_NOTHING */
	size_t size;                                                           /* of its values; 0: it has none */
	enum err (*begin)(void *values);                                       /* puts in the defaults; NULL: all zero. ERR_NOMEM */
	enum err (*take)(void *values, const struct words *w, struct diag *d); /* what stands behind the name; NULL: nothing does */
	const struct option_table *options;                                    /* of its braces; NULL: it has none */
	enum err (*finish)(void *values, option_set given, struct diag *d);    /* after its braces; NULL: no need */
	void (*clear)(void *values);                                           /* NULL: nothing is owned. All zero is allowed */
	/* In place of all that, for what is unlike: writes into the block itself. */
	enum err (*read)(const struct reader *r, const struct line *l, struct corefile_block *b);
};

/* The rows, each in a file of its own. */
/* clang-format off */
extern const struct directive
	acl_directive,
	autopath_directive,
	bind_directive,
	bufsize_directive,
	cache_directive,
	cancel_directive,
	chaos_directive,
	dns64_directive,
	errors_directive,
	file_directive,
	forward_directive,
	header_directive,
	health_directive,
	hosts_directive,
	k8s_external_directive,
	kubernetes_block_directive,
	loadbalance_directive,
	local_directive,
	log_directive,
	multisocket_directive,
	nsid_directive,
	pprof_directive,
	prometheus_directive,
	ready_directive,
	reload_directive,
	rewrite_directive,
	root_directive,
	secondary_directive,
	shed_directive,
	template_directive,
	timeouts_directive,
	tls_directive,
	trace_directive,
	tsig_directive,
	view_directive;
/* clang-format on */

/* NULL: headns has none of that name. */
const struct directive *directive_find(const char *name, enum directive_id *id);
const struct directive *directive_at(enum directive_id id);

/* One line of a block, whatever it says. */
enum err directive_read(const struct reader *r, const struct line *l, struct corefile_block *b);

/* All that directive_read() has put into the block. */
void directives_clear(struct corefile_block *b);

/* What a name means that headns has not got: a directive of CoreDNS's that is to come (what is NULL), or another one of its, or of another
 * product. False: nothing is known of it. */
bool directive_elsewhere(const char *name, const char **what);
