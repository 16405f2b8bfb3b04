#include "kind_hint.h"
#include "base/suggest.h"
#include "kube/object.h"
#include "text/list_kind.h"
#include <ctype.h>
#include <string.h>

/* A group and its version; the core group's is "". */
struct version {
	const char *group;
	size_t group_len;
};

static struct version parse(const char *api_version)
{
	const char *slash = strchr(api_version, '/');
	return (struct version){api_version, slash ? (size_t)(slash - api_version) : 0};
}

static bool same_group(struct version a, struct version b)
{
	return a.group_len == b.group_len && memcmp(a.group, b.group, a.group_len) == 0;
}

/* extensions is where Deployments and others came from. */
static bool is_known_group(struct version v)
{
	bool known = same_group(v, (struct version){"extensions", sizeof "extensions" - 1});
	for (unsigned k = 0; k < OBJECT_KINDS && !known; k++)
		known = same_group(v, parse(object_kind_api_version(k)));
	return known;
}

#define KIND_MAX 64

static void lower(const char *text, char out[KIND_MAX])
{
	size_t len = 0;
	for (; text[len] && len < KIND_MAX - 1; len++)
		out[len] = (char)tolower((unsigned char)text[len]);
	out[len] = '\0';
}

/* So few, because Pod, Node and Job are no slips of one another. */
static size_t slips_of(const char *name)
{
	return strlen(name) < 7 ? 1 : 2;
}

/* The kind that is the nearest; NULL: none is near. */
static const char *nearest(const char *kind)
{
	char wanted[KIND_MAX], name[KIND_MAX];
	const char *found = NULL;
	size_t least = SIZE_MAX;
	lower(kind, wanted);
	for (unsigned k = 0; k <= OBJECT_KINDS; k++) {
		const char *candidate = k < OBJECT_KINDS ? object_kind_name(k) : "List";
		size_t limit = slips_of(candidate), distance;
		if (strlen(candidate) > strlen(kind) + limit || strlen(kind) > strlen(candidate) + limit)
			continue;
		lower(candidate, name);
		distance = suggest_distance(wanted, name, limit);
		if (distance <= limit && distance < least) {
			least = distance;
			found = candidate;
		}
	}
	return found;
}

static const char *version_of(const char *kind)
{
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		if (strcmp(object_kind_name(k), kind) == 0)
			return object_kind_api_version(k);
	}
	return NULL;
}

bool kind_hint(const char *api_version, const char *kind, struct diag *d)
{
	const char *version = version_of(kind), *near;
	if (is_list_kind(kind) || !is_known_group(parse(api_version)))
		return false;
	if (version) {
		diag_set(d, OK, "%.63s %.63s is left out: its version is not known here; write %s", api_version, kind, version);
		return true;
	}
	near = nearest(kind);
	if (near)
		diag_set(d, OK, "%.63s %.63s is left out: there is no such kind; is %s meant?", api_version, kind, near);
	return near != NULL;
}
