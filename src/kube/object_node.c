#include "decode.h"
#include <string.h>

#define HOSTNAME_LABEL "kubernetes.io/hostname"
#define OS_LABEL       "kubernetes.io/os"

/* --- addresses --- */

static bool has_family(const struct cluster_node *n, uint8_t family)
{
	for (uint8_t i = 0; i < n->ip_count; i++)
		if (n->ips[i].family == family)
			return true;
	return false;
}

/* The first address of this type in each family that has none yet. */
static void addresses_decode(struct decoder *d, const struct field *list, const char *wanted, struct cluster_node *n)
{
	struct field item = {0};
	while (field_next(d, list, &item)) {
		struct field type = field_member(d, &item, "type"), address = field_member(d, &item, "address");
		const char *text = field_text(d, &type);
		struct addr a;
		if (text && strcmp(text, wanted) == 0 && field_addr(d, &address, &a) && !has_family(n, a.family))
			n->ips[n->ip_count++] = a;
	}
}

/* --- labels --- */

/* What every kubelet sets: DaemonSets ask for it, and who writes a Node by hand seldom says it. */
static void add_label(struct decoder *d, struct object *o, const char *key, const char *value)
{
	const struct label label = {key, value};
	if (!d->err && !label_set_value(o->labels, key))
		label_set_add(d, &o->labels, &label, 1);
}

void node_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct cluster_node *n = (struct cluster_node *)o;
	struct field status = field_member(d, root, "status"), addresses = field_member(d, &status, "addresses");
	addresses_decode(d, &addresses, "InternalIP", n);
	if (!n->ip_count)
		addresses_decode(d, &addresses, "ExternalIP", n);
	add_label(d, o, OS_LABEL, "linux");
	if (o->name && form_check(FORM_LABEL_VALUE, o->name) == OK)
		add_label(d, o, HOSTNAME_LABEL, o->name);
}
