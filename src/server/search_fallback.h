/* search_fallback.h - `search_fallback`: a step behind a cluster's names. Where those after it say that a name does not exist, and a pod asked, it looks
 * for the name where the pod's search list would have found it: <its namespace>.svc.<zone>, svc.<zone>, <zone>. So programs that don't know search
 * lists find `web-0.nginx`, too. */
#pragma once
#include "cluster_names.h"

extern const struct step_kind search_fallback_step;

/* Its self, freed by the step. cluster has cluster_clients(). NULL: out of memory. */
struct search_fallback *search_fallback_new(const struct cluster *cluster, const struct query_policy *policy);
