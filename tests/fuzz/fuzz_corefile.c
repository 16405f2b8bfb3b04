/* A Corefile of any octets: lexer, parser, and the checks of every directive. Files are not imported; snippets are. What was read without an error
 * keeps the promises of corefile.h. */
#include "config/corefile.h"
#include "fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_names(const struct name_list *list)
{
	for (unsigned i = 0; i < list->count; i++) {
		struct name lower = list->names[i];
		name_lower(&lower);
		assert(lower.len && memcmp(lower.wire, list->names[i].wire, lower.len) == 0);
	}
}

static void check_kubernetes(const struct kubernetes_options *o)
{
	assert(o->zones.count && o->ttl_s <= 3600 && o->negative_ttl_s <= 3600);
	assert(!o->namespaces.count || !o->namespace_labels);
	assert(o->apiserver_qps >= 0);
	check_names(&o->zones);
	check_names(&o->multicluster);
	check_names(&o->fallthrough_zones);
	for (unsigned i = 0; i < o->zones.count; i++)
		assert(o->zones.names[i].len <= KUBERNETES_ZONE_MAX);
}

static void check_block(const struct corefile_block *b)
{
	assert(b->key_count && b->place);
	for (unsigned i = 0; i < b->key_count; i++) {
		assert(b->keys[i].zones.count);
		check_names(&b->keys[i].zones);
	}
	for (unsigned i = 0; i < b->bind_count; i++)
		assert(b->binds[i].addresses.count);
	if (b->said[DIRECTIVE_KUBERNETES].place)
		check_kubernetes(&b->kubernetes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct corefile c;
	struct diag d = {0};
	enum err err;
	setenv("A", "{$B} x", 1);
	setenv("B", "b", 1);
	err = corefile_parse((const char *)data, size, "f", &options, &c, &d);
	assert(err ? *d.text && !c.count : c.count);
	for (unsigned i = 0; i < c.count; i++)
		check_block(&c.blocks[i]);
	corefile_free(&c);
	return 0;
}
