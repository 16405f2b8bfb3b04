/* kubeconfig.h - where the API server is, from the places that say so. Each fills an api_endpoint, which is then the caller's; on an
 * error it stays empty, and diag says what is wrong and where ("FILE:LINE: ..."), without ever showing a secret. The format is
 * client-go's (clientcmd/api/v1), the pod's files are those of its rest.InClusterConfig. Control thread, at the start: files are read at once,
 * but for those that rotate (api_endpoint.h). */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"

/* A kubeconfig file. context: NULL for its current-context. Relative paths in it are relative to its folder. ERR_MISSING, ERR_SYNTAX,
 * ERR_SYS. */
enum err kubeconfig_read(const char *path, const char *context, struct api_endpoint *out, struct diag *d);

/* What every pod has: KUBERNETES_SERVICE_HOST and _PORT, and its service account's files token and ca.crt in folder (NULL: where they are
 * in pods). ERR_MISSING: this is no pod, or a file is not there. */
enum err kubeconfig_in_cluster(const char *folder, struct api_endpoint *out, struct diag *d);

/* What kubectl would take: the files of the environment's KUBECONFIG, between colons, where the first that has a context, cluster or user
 * of a name, or a current-context, counts, and those that are not there don't; else ~/.kube/config; else kubeconfig_in_cluster(folder),
 * where no context is asked for. Which of them is logged. Their errors; ERR_MISSING: there is none. */
enum err kubeconfig_find(const char *context, const char *folder, struct api_endpoint *out, struct diag *d);

/* The Corefile's `endpoint URL` and `tls CERT KEY CACERT`; files may be NULL. A URL without https:// or http:// is of https where there are
 * files, else of http, as client-go has it. */
enum err kubeconfig_endpoint(const char *url, const char *cert, const char *key, const char *ca, struct api_endpoint *out, struct diag *d);
