/* compile.h - turns a Service and its endpoints into a generation: the Kubernetes DNS specification 1.1.0, 2.2 to 2.5, as data.
 * Control thread only. */
#pragma once
#include "base/err.h"
#include "base/log.h"
#include "store/store.h"
#include "zone/compat.h"
#include "zone/generation.h"
#include <stdbool.h>

/* Which of a Service's names there are. All false: as the specification has it. */
struct compile_options {
	bool endpoint_pod_names; /* an endpoint without hostname has the name of its pod, where that is one label, and not its dashed address */
	bool noendpoints;        /* endpoints have no names and no PTR, and a headless Service is absent */
	bool ignore_empty_service; /* a Service with addresses of its own is absent while no endpoint of it is ready; their PTR stay */
	/* A headless Service has names for its ready endpoints in each zone, <zone>.pin._zone, and <zone>.prefer._zone, which are all of them
	 * where the zone has none (CoreDNS 1.15's zonal). */
	bool zonal;
	/* The names that the Service has in an external zone (CoreDNS's k8s_external): of its addresses outside; where it has none and
	 * external_headless, of its endpoints. */
	bool external, external_headless;
	bool svcb;                /* ports named https and http have SVCB records, and the Service HTTPS records for the first (RFC 9460) */
	uint16_t compat;          /* bits of enum compat */
	struct log_series *lines; /* for what is said of a Service; NULL: the log itself */
};

/* Builds the generation of view in one block. The caller owns *out until zone_publish takes it. An externalName that can't be a
 * CNAME's target is logged.
 * ERR_NOMEM, or ERR_RANGE where the Service's or the namespace's name is no label of 1 to 63 octets: *out is NULL; the old
 * generation keeps answering. */
enum err compile_service(const struct service_view *view, const struct compile_options *options, struct generation **out);
