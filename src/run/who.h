/* who.h - which pod --pod means: what kubectl exec takes. */
#pragma once
#include "base/diag.h"
#include "store/store.h"

/* text: NAME, or TYPE/NAME with a type of kubectl's (pod, deploy, sts, ds, rs, rc, job, svc, …, in any case, singular or plural, with or without
 * group). A workload's own pods count more than others with its labels, then ready ones, then the first by name. NULL gives NULL. ERR_SYNTAX: no
 * such type; ERR_MISSING: no such pod; diag then says which there are. */
enum err who_find(const struct store *s, const char *ns, const char *text, const struct pod **pod, struct diag *d);
