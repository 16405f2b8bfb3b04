/* families.h - the parts of metrics_write(). */
#pragma once
#include "metrics/metrics.h"

/* {a="b", …}, good until the end of the statement's block. */
#define LABELS(...)                                                                                                                        \
	(&(const struct metric_labels){(const struct metric_label[]){__VA_ARGS__},                                                         \
	                               sizeof((const struct metric_label[]){__VA_ARGS__}) / sizeof(struct metric_label)})

void families_queries(const struct metrics_sources *from, struct exposition *e);   /* coredns_dns_* */
void families_clusters(const struct metrics_sources *from, struct exposition *e);  /* objects, names, watches */
void families_clients(const struct metrics_sources *from, struct exposition *e);   /* coredns_kubernetes_rest_client_* */
void families_deeds(const struct metrics_sources *from, struct exposition *e);     /* coredns_acl_*, coredns_local_* */
void families_upstreams(const struct metrics_sources *from, struct exposition *e); /* coredns_forward_*, coredns_proxy_* */
void families_caches(const struct metrics_sources *from, struct exposition *e);    /* coredns_cache_* */
void families_hosts(const struct metrics_sources *from, struct exposition *e);     /* coredns_hosts_* */
void families_program(const struct metrics_sources *from, struct exposition *e);   /* build, reload, health, plugins, reasons */
void families_process(struct exposition *e);                                       /* process_*, go_* */
