#include "kube/object_decode.h"
#include "kind.h"
#include <string.h>

/* With the same members. */
static const char *const older_versions[OBJECT_KINDS] = {
        [OBJECT_SERVICE_IMPORT] = "multicluster.x-k8s.io/v1alpha1",
};

void owner_decode(struct decoder *d, const struct field *meta, const char **kind, const char **name)
{
	struct field owners = field_member(d, meta, "ownerReferences"), owner = {0};
	while (field_next(d, &owners, &owner)) {
		struct field controller = field_member(d, &owner, "controller");
		struct field owner_kind = field_member(d, &owner, "kind"), owner_name = field_member(d, &owner, "name");
		const char *kind_text, *name_text;
		if (!field_bool(d, &controller, false))
			continue;
		kind_text = field_required_text(d, &owner_kind, "the owner's kind");
		name_text = field_required_text(d, &owner_name, "the owner's name");
		if (!kind_text || !name_text)
			return;
		*kind = decoder_intern(d, kind_text);
		*name = decoder_intern(d, name_text);
		return; /* the API server allows one controller */
	}
}

uint8_t protocol_decode(struct decoder *d, const struct field *port)
{
	static const char *const protocols[] = {[PROTOCOL_TCP] = "TCP", [PROTOCOL_UDP] = "UDP", [PROTOCOL_SCTP] = "SCTP", NULL};
	struct field protocol = field_member(d, port, "protocol");
	return (uint8_t)field_choice(d, &protocol, protocols, PROTOCOL_TCP);
}

/* Namespace and name: later errors name them. */
static void identity_decode(struct decoder *d, const struct field *root, const struct kind *kind, struct object *o)
{
	struct field meta = field_member(d, root, "metadata");
	struct field ns = field_member(d, &meta, "namespace"), name = field_member(d, &meta, "name");
	if (!kind->cluster_scoped) {
		const char *text = field_text(d, &ns);
		d->ns = text ? text : "default";
	}
	d->name = field_required_text(d, &name, "the object's name");
	field_check(d, &ns, d->ns, FORM_LABEL);
	field_check(d, &name, d->name, kind->form);
	o->ns = decoder_intern(d, d->ns ? d->ns : "");
	o->name = decoder_intern(d, d->name);
}

static bool is_kind(enum object_kind kind, const char *version, const char *name)
{
	const char *older = older_versions[kind];
	return strcmp(kinds[kind].name, name) == 0 &&
	       (strcmp(kinds[kind].api_version, version) == 0 || (older && strcmp(older, version) == 0));
}

/* The kind that root is of; OBJECT_KINDS where it is none of ours, or on error. */
static enum object_kind kind_of(struct decoder *d, const struct field *root)
{
	struct field version_field = field_member(d, root, "apiVersion"), kind_field = field_member(d, root, "kind");
	const char *version = field_required_text(d, &version_field, "one, as v1 or apps/v1");
	const char *name = field_required_text(d, &kind_field, "one, as Service or Pod");
	enum object_kind kind = 0;
	if (d->err)
		return OBJECT_KINDS;
	while (kind < OBJECT_KINDS && !is_kind(kind, version, name))
		kind++;
	if (kind == OBJECT_KINDS)
		diag_set(d->diag, OK, "%.63s %.63s is not a kind that names come from", version, name);
	return kind;
}

/* Who it is must be right in any case. */
static void body_decode(struct decoder *d, const struct field *root, enum object_checks checks, struct object *o)
{
	struct field meta = field_member(d, root, "metadata"), labels = field_member(d, &meta, "labels");
	d->lenient = checks == OBJECT_LENIENT;
	o->labels = label_set_decode(d, &labels);
	if (kinds[o->kind].decode)
		kinds[o->kind].decode(d, root, o);
}

/* After the text that tells the first thing that is lost. */
static void tell_what_becomes_of_it(const struct decoder *d)
{
	char told[DIAG_TEXT_MAX];
	if (!d->lost || d->err || !d->diag)
		return;
	memcpy(told, d->diag->text, sizeof told);
	diag_set(d->diag, OK, "%.460s; this %s left out", told, d->more ? "and more is" : "is");
}

static enum err decode(struct decoder *d, const struct field *root, enum object_kind kind, enum object_checks checks, struct object **out)
{
	struct object *o;
	d->kind = kinds[kind].name;
	o = decoder_alloc(d, 1, kinds[kind].bytes);
	if (!o)
		return d->err;
	o->kind = kind;
	o->line = root->line;
	identity_decode(d, root, &kinds[kind], o);
	body_decode(d, root, checks, o);
	tell_what_becomes_of_it(d);
	if (!d->err)
		*out = o;
	else
		object_free(o, d->pool);
	return d->err;
}

static struct decoder decoder_begin(struct intern *pool, struct diag *diag)
{
	if (diag)
		diag->text[0] = '\0';
	return (struct decoder){.pool = pool, .diag = diag, .kind = "object"};
}

enum err object_decode(const cJSON *json, enum object_checks checks, struct intern *pool, struct object **out, struct diag *diag)
{
	struct decoder d = decoder_begin(pool, diag);
	struct field root = field_root(json);
	enum object_kind kind = kind_of(&d, &root);
	*out = NULL;
	return kind == OBJECT_KINDS ? d.err : decode(&d, &root, kind, checks, out);
}

enum err object_decode_as(const cJSON *json, enum object_kind kind, struct intern *pool, struct object **out, struct diag *diag)
{
	struct decoder d = decoder_begin(pool, diag);
	struct field root = field_root(json);
	enum err err;
	*out = NULL;
	err = decode(&d, &root, kind, OBJECT_LENIENT, out);
	if (*out)
		(*out)->kind = kind; /* whatever its labels say by now */
	return err;
}
