/* compile.h - turns a Service and its endpoints into a generation: the Kubernetes DNS specification 1.1.0, 2.2 to 2.5, as data.
 * Control thread only. */
#pragma once
#include "base/err.h"
#include "store/store.h"
#include "zone/generation.h"

/* Builds the generation of view in one block. The caller owns *out until zone_publish takes it.
 * ERR_NOMEM: *out is NULL; the old generation keeps answering. */
enum err compile_service(const struct service_view *view, struct generation **out);
