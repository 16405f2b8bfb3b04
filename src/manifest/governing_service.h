/* governing_service.h - the headless Service that makes names of pods with a hostname: the serviceName of a StatefulSet, the subdomain of
 * other pods. Where it is amiss, <hostname>.<Service> does not resolve, and nothing else says so. */
#pragma once
#include "manifest/manifest.h"

/* The Services of a manifest by namespace and name; borrowed from it. */
struct governing_services {
	const struct service **list;
	size_t count;
};

enum err governing_services_index(struct governing_services *s, const struct manifest *m); /* ERR_NOMEM */
/* Frees what it owns. */
void governing_services_free(struct governing_services *s);

/* True, with the diag saying what is amiss and which Service may be meant, if the names that the pods of this workload (or this Pod
 * without controller) ask for will not be there. */
bool governing_service_amiss(const struct governing_services *s, const struct object *o, struct diag *d);
