/* origin.h - what an object of a manifest says of who made it, and what becomes of it. Of the tree, because most of it is about kinds that
 * are not read, or objects that are left out. */
#pragma once
#include <cjson/cJSON.h>
#include <stdbool.h>

/* An API server has had it (uid, resourceVersion), or a cluster has run it (a Pod with a phase). */
bool origin_is_cluster(const cJSON *object);

/* A hook of a Helm chart that a cluster has not got once `helm install` has ended: what is not for the installation, and Pods and Jobs,
 * which have done their work then (helm.sh/docs/topics/charts_hooks). */
bool origin_is_past_hook(const cJSON *object);

/* An object of a custom kind with containers somewhere: its controller makes pods of it in a way that nobody else knows. */
bool origin_makes_pods(const cJSON *object);
