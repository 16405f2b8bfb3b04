/* access.h - how to reach the API server of a cluster, from what is said of it. */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"
#include "config/kubernetes.h"

/* The kubeconfig, which is what kubectl would take where none is named, else the endpoint, else that of the cluster whose pod we are; then
 * the service account's files are in the folder that the environment's HEADNS_SERVICE_ACCOUNT names, if it does. On an error diag says why,
 * and *out is empty. */
enum err access_find(const struct kubernetes_options *k, struct api_endpoint *out, struct diag *d);
