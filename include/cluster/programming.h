/* programming.h - how long it took from a change of a Service's endpoints to its being served: what CoreDNS counts as
 * coredns_kubernetes_dns_programming_duration_seconds (Kubernetes' SLI "DNS programming latency"). One thread. */
#pragma once
#include "store/store.h"

#define PROGRAMMING_BOUNDS 20
extern const double programming_bounds[PROGRAMMING_BOUNDS]; /* seconds */

enum programming_kind { PROGRAMMING_CLUSTER_IP, PROGRAMMING_HEADLESS, PROGRAMMING_HEADLESS_WITHOUT_SELECTOR, PROGRAMMING_KINDS };

/* "cluster_ip", "headless_with_selector", "headless_without_selector". */
const char *programming_kind_name(enum programming_kind kind);

/* All zero: none yet. */
struct programming {
	uint64_t counts[PROGRAMMING_KINDS][PROGRAMMING_BOUNDS + 1];
	uint64_t ms[PROGRAMMING_KINDS]; /* of all together */
};

/* The view is served from now on, now_ms milliseconds after 1970. One without a change that is new counts for nothing. */
void programming_note(struct programming *p, const struct service_view *view, uint64_t now_ms);
