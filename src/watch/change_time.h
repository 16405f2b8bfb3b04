/* change_time.h - when what an object says of endpoints came about. A function of its argument alone. */
#pragma once
#include "kube/object.h"
#include <cjson/cJSON.h>

/* For object.changed_s: milliseconds since 1970. Of a slice what the annotation endpoints.kubernetes.io/last-change-trigger-time says, of a Pod that is Ready
 * since when it is, which is in whole seconds. 0: unknown, or of another kind. */
uint64_t change_time_ms(const cJSON *json, enum object_kind kind);
