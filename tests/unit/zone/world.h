/* world.h - a zone made of a few lines of text, through compile_service and zone_publish as the server does it.
 *
 *	ns default
 *	svc default/kube-dns ip=10.0.0.10 ip=fd00::a port=dns:53/UDP app=PROTOCOL
 *	svc default/nginx headless
 *	ep 10.244.1.7,fd00::7 host=web-0 port=web:80/TCP
 *	ep 10.244.1.8 notready
 *	ep 10.244.1.9 terminating
 *	ep 10.244.1.10 home
 *	svc default/db external=db.example.com
 *	import default/db headless
 *	ep 10.8.0.1 host=db-0 cluster=c1
 *	svc default/shop ip=10.0.0.11 outside=192.0.2.1 host=lb.example.com
 *	gone default/nginx
 *	nons default
 *	pod default/10.244.1.7
 *	nopod default/10.244.1.7
 *	self 10.0.0.10 10.244.1.7
 *	with noendpoints ignore_empty_service
 *	svc default/…
 *
 * `with` sets the options that the Services below are compiled with (compile.h); none without it.
 * An `ep` belongs to the svc before it. A port without name is :80/TCP. Text must be right: what is not is an assertion. */
#pragma once
#include "store/store.h"
#include "zone/zone.h"

/* Applies the lines; the first error, after which nothing more is done. */
enum err world_apply(struct zone *z, const char *text);

/* The generation of a text that describes one Service ("svc ..." and its "ep"s). */
enum err world_compile(const char *text, struct generation **out);

/* Empty zones of these names, separated by blanks, TTL 30, negative TTL 5; NULL: as zone_new. */
struct zone *world_zones(const char *names);
struct zone *world_zones_as_coredns(const char *names); /* with compat_coredns */

/* The zone "cluster.local." and all reverse ones. */
struct zone *world_zone(void);
struct zone *world_zone_with_pods(enum zone_pods pods);
struct zone *world_zone_with_cluster_set(void);          /* and "clusterset.local." */
struct zone *world_zone_as_coredns(enum zone_pods pods); /* with compat_coredns; the text needs "with compat_coredns" too */
