/* manifest.h - Kubernetes objects from files: YAML (several documents), JSON (documents, Lists, `kubectl get -o json`), folders of
 * these, and "-" for stdin. Reads the whole before it gives anything, so a broken file changes nothing. Control thread only. */
#pragma once
#include "base/diag.h"
#include "kube/object.h"
#include <stdbool.h>
#include <stddef.h>

/* Everything that a set of files describes. Owns its objects until one is taken (set to NULL in the array). */
struct manifest {
	struct object **objects;
	size_t count;
	size_t skipped; /* documents of kinds that are not ours */
	size_t refused; /* objects left out because they were wrong (lenient only) */
	bool observed;  /* a cluster's state: an API server has had some of it */
	bool empty;     /* there was no object in it, of whatever kind */
};

struct manifest_options {
	bool lenient;             /* report what is wrong, leave it out, go on */
	bool recursive;           /* folders' sub-folders too */
	bool cluster_services;    /* add the Services that every cluster has, unless what is read is a cluster's state */
	struct cidr service_cidr; /* for Services without a clusterIP */
	struct cidr pod_cidr;     /* for simulated pods */
	struct cidr pod_cidr6;    /* the same, for Services that want IPv6 */
	struct cidr service_cidr6;
};

/* One wrong thing, as "FILE:LINE: text" without newline; `fatal` tells whether it made the load fail (false in lenient mode, and for what is
 * right but hardly meant). */
typedef void manifest_report(void *arg, bool fatal, const char *text);

/* Loads paths[0..n-1]; a folder gives its *.yaml, *.yml and *.json in byte order, and its sub-folders' only if asked to (as kubectl -f).
 * On OK *out owns the objects; simulated pods and addresses are already in it (manifest/simulate.h). Duplicates (same kind, namespace
 * and name) are an error naming both places. Wrong things are reported, up to 20 of a file and 100 of them all, and then how many more;
 * after 10,000 nothing more is read (unless lenient). A standard input (or another file that the process was given open) without any object is
 * an error, ERR_MISSING, lenient or not.
 * What will not resolve for want of a headless Service is said too (manifest/governing_service.h). Hooks of a Helm chart that an installation
 * does not leave in a cluster are left out.
 * Any error: *out is empty, and was reported. */
enum err manifest_load(const char *const *paths, size_t n, const struct manifest_options *options, struct intern *pool,
                       manifest_report *report, void *arg, struct manifest *out);

/* Frees the objects that are still there; NULL ones were taken. pool: that they were loaded with. */
void manifest_free(struct manifest *m, struct intern *pool);
