/* What the options of a kubernetes block change, each as questions to a small cluster. */
#include "ask.h"
#include "base/hash.h"
#include "unit.h"
#include "world.h"
#include <string.h>

#define SOA      "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define SOA_0    "cluster.local. 0 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define SOA4     "in-addr.arpa. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define NXDOMAIN "NXDOMAIN aa rd; " SOA
#define PASSING  "NXDOMAIN aa rd; " SOA_0
#define NODATA   "NOERROR aa rd; " SOA
#define NO_PTR   "NXDOMAIN aa rd; " SOA4
#define LABEL_63 "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"

struct question {
	const char *what, *ask, *want;
};

static unsigned ask_zone(struct zone *z, const char *text, const struct question *questions, size_t n)
{
	struct query_policy policy = {.zone = z};
	unsigned wrong = 0;
	assert_non_null(z);
	assert_int_equal(world_apply(z, text), OK);
	for (size_t i = 0; i < n; i++)
		wrong += !ask_wants(&policy, questions[i].what, questions[i].ask, questions[i].want);
	rcu_free_all();
	zone_free(z);
	return wrong;
}

#define COUNT(table)             (sizeof(table) / sizeof(table)[0])
#define ASK_ALL(text, questions) assert_int_equal(ask_zone(world_zone(), text, questions, COUNT(questions)), 0)

static void test_endpoint_pod_names(void **state)
{
	static const struct question questions[] = {
	        {"the pod's name", "db-5f.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1"},
	        {"not its address", "10-244-1-1.db.default.svc.cluster.local A", NXDOMAIN},
	        {"in SRV", "db.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 25 1 db-5f.db.default.svc.cluster.local., 30 SRV 0 25 2 db-0.db.default.svc.cluster.local., "
	         "30 SRV 0 25 3 10-244-1-3.db.default.svc.cluster.local., 30 SRV 0 25 4 10-244-1-4.db.default.svc.cluster.local. + "
	         "db-5f.db.default.svc.cluster.local. 30 A 10.244.1.1, db-0.db.default.svc.cluster.local. 30 A 10.244.1.2, "
	         "10-244-1-3.db.default.svc.cluster.local. 30 A 10.244.1.3, 10-244-1-4.db.default.svc.cluster.local. 30 A 10.244.1.4"},
	        {"in PTR", "1.1.244.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR db-5f.db.default.svc.cluster.local."},
	        {"a hostname goes before", "db-0.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.2"},
	        {"a hostname goes before the pod's name", "db-6a.db.default.svc.cluster.local A", NXDOMAIN},
	        {"not ready yet", "db-9.db.default.svc.cluster.local A", PASSING},
	};
	(void)state;
	ASK_ALL("with endpoint_pod_names\nns default\nsvc default/db headless\n"
	        "ep 10.244.1.1 pod=db-5f port=:1/TCP\nep 10.244.1.2 pod=db-6a host=db-0 port=:2/TCP\n"
	        "ep 10.244.1.3 pod=has.dots port=:3/TCP\nep 10.244.1.4 pod=" LABEL_63 "p port=:4/TCP\n"
	        "ep 10.244.1.5 pod=db-9 port=:5/TCP notready\n",
	        questions);
}

static void test_noendpoints(void **state)
{
	static const struct question questions[] = {
	        {"a headless Service", "db.default.svc.cluster.local A", NXDOMAIN},
	        {"its pod", "db-0.db.default.svc.cluster.local A", NXDOMAIN},
	        {"its port", "_sql._tcp.db.default.svc.cluster.local SRV", NXDOMAIN},
	        {"the pod's address", "1.1.244.10.in-addr.arpa PTR", NO_PTR},
	        {"a ClusterIP", "web.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.1"},
	        {"the ClusterIP's pod", "10-244-1-2.web.default.svc.cluster.local A", NXDOMAIN},
	        {"the ClusterIP's port", "_http._tcp.web.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 100 80 web.default.svc.cluster.local. + web.default.svc.cluster.local. 30 A 10.0.0.1"},
	        {"the ClusterIP's PTR", "1.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR web.default.svc.cluster.local."},
	};
	(void)state;
	ASK_ALL("with noendpoints\nns default\nsvc default/db headless\nep 10.244.1.1 host=db-0 port=sql:5432/TCP\n"
	        "svc default/web ip=10.0.0.1 port=http:80/TCP\nep 10.244.1.2 port=http:8080/TCP\n",
	        questions);
}

static void test_ignore_empty_service(void **state)
{
	static const struct question questions[] = {
	        {"no endpoint", "none.default.svc.cluster.local A", NXDOMAIN},
	        {"no endpoint, its port", "_http._tcp.none.default.svc.cluster.local SRV", NXDOMAIN},
	        {"no endpoint, its SRV", "none.default.svc.cluster.local SRV", NXDOMAIN},
	        {"no endpoint, its PTR", "1.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR none.default.svc.cluster.local."},
	        {"none ready", "slow.default.svc.cluster.local A", PASSING},
	        {"none ready, its port", "_http._tcp.slow.default.svc.cluster.local SRV", PASSING},
	        {"one ready", "web.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.3"},
	        {"one ready, its port", "_tcp.web.default.svc.cluster.local A", NODATA},
	        {"headless", "idle.default.svc.cluster.local A", NXDOMAIN},
	        {"ExternalName", "far.default.svc.cluster.local CNAME", "NOERROR aa rd: 30 CNAME example.com."},
	};
	(void)state;
	ASK_ALL("with ignore_empty_service\nns default\n"
	        "svc default/none ip=10.0.0.1 port=http:80/TCP\n"
	        "svc default/slow ip=10.0.0.2 port=http:80/TCP\nep 10.244.1.1 notready\n"
	        "svc default/web ip=10.0.0.3 port=http:80/TCP\nep 10.244.1.2 notready\nep 10.244.1.3\n"
	        "svc default/idle headless\nsvc default/far external=example.com\n",
	        questions);
}

/* --- pods by address --- */

static const char pods[] = "ns default\nns other\n"
                           "svc default/pod ip=10.0.0.1\n"
                           "pod default/10.244.1.7\npod default/10.244.1.7\npod default/fd00::7\npod default/fd00::\n"
                           "pod other/10.244.1.8\npod absent/10.244.1.9\npod default/10.244.1.5\nnopod default/10.244.1.5\n"
                           "nopod default/10.244.1.7\n"; /* one of two stays */

static void test_pods_disabled(void **state)
{
	static const struct question questions[] = {
	        {"a pod", "10-244-1-7.default.pod.cluster.local A", NXDOMAIN},
	        {"a namespace", "default.pod.cluster.local A", NXDOMAIN},
	        {"pod", "pod.cluster.local A", NODATA},
	};
	(void)state;
	assert_int_equal(ask_zone(world_zone_with_pods(ZONE_PODS_DISABLED), pods, questions, COUNT(questions)), 0);
}

static void test_pods_insecure(void **state)
{
	static const struct question questions[] = {
	        {"any address", "1-2-3-4.default.pod.Cluster.local A", "NOERROR aa rd: 30 A 1.2.3.4"},
	        {"the other family", "1-2-3-4.default.pod.cluster.local AAAA", NODATA},
	        {"IPv6", "FD00--7.default.pod.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00::7"},
	        {"IPv6 with a zero at its end", "fd00--0.default.pod.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00::"},
	        {"three dashes of IPv6", "fd00---7.default.pod.cluster.local AAAA", NXDOMAIN},
	        {"not written canonically", "fd00-0-0-0-0-0-0-7.default.pod.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00::7"},
	        {"no address", "web-0.default.pod.cluster.local A", NXDOMAIN},
	        {"out of range", "1-2-3-400.default.pod.cluster.local A", NXDOMAIN},
	        {"too short", "1-2-3.default.pod.cluster.local A", NXDOMAIN},
	        {"no such namespace", "1-2-3-4.absent.pod.cluster.local A", NXDOMAIN},
	        {"the namespace", "default.pod.cluster.local A", NODATA},
	        {"the namespace, TXT", "default.pod.cluster.local TXT", NODATA},
	        {"no namespace", "absent.pod.cluster.local A", NXDOMAIN},
	        {"SRV", "1-2-3-4.default.pod.cluster.local SRV", NODATA},
	        {"ANY", "1-2-3-4.default.pod.cluster.local ANY", "NOERROR aa rd: 30 HINFO \"RFC8482\" \"\""},
	        {"more labels", "x.1-2-3-4.default.pod.cluster.local A", NXDOMAIN},
	        {"no PTR", "4.3.2.1.in-addr.arpa PTR", NO_PTR},
	        {"a Service called pod", "pod.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.1"},
	};
	(void)state;
	assert_int_equal(ask_zone(world_zone_with_pods(ZONE_PODS_INSECURE), pods, questions, COUNT(questions)), 0);
}

static void test_pods_verified(void **state)
{
	static const struct question questions[] = {
	        {"a pod", "10-244-1-7.default.pod.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.7"},
	        {"IPv6", "fd00--7.default.pod.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00::7"},
	        {"IPv6 that ends in a dash", "fd00--.default.pod.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00::"},
	        {"not written canonically", "fd00-0-0-0-0-0-0-7.default.pod.cluster.local AAAA", NXDOMAIN},
	        {"of another namespace", "10-244-1-8.default.pod.cluster.local A", NXDOMAIN},
	        {"of that namespace", "10-244-1-8.other.pod.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.8"},
	        {"in a namespace that is not there", "10-244-1-9.absent.pod.cluster.local A", NXDOMAIN},
	        {"gone", "10-244-1-5.default.pod.cluster.local A", NXDOMAIN},
	        {"of nobody", "10-244-1-6.default.pod.cluster.local A", NXDOMAIN},
	        {"the namespace", "other.pod.cluster.local A", NODATA},
	};
	(void)state;
	assert_int_equal(ask_zone(world_zone_with_pods(ZONE_PODS_VERIFIED), pods, questions, COUNT(questions)), 0);
}

/* --- HTTPS and SVCB --- */

static const char bound[] = "ns default\n"
                            "svc default/web ip=10.0.0.1 ip=fd00::1 port=https:443/TCP app=http2 port=http:80/TCP\n"
                            "svc default/high ip=10.0.0.2 port=https:8443/TCP app=kubernetes.io/wss\n"
                            "svc default/plain ip=10.0.0.3 port=http:80/TCP port=metrics:9090/TCP\n"
                            "svc default/quic ip=10.0.0.4 port=https:443/UDP app=h3\n"
                            "svc default/pods headless port=https:443/TCP app=grpc\n"
                            "ep 10.244.1.1 host=p-0 port=https:8443/TCP\nep 10.244.1.2 host=p-1 port=https:443/TCP\n"
                            "svc default/idle headless port=https:443/TCP\nep 10.244.1.3 host=i-0 port=https:443/TCP notready\n";

static void test_svcb(void **state)
{
	static const struct question questions[] = {
	        {"HTTPS", "web.default.svc.cluster.local HTTPS",
	         "NOERROR aa rd: 30 HTTPS 1 . alpn=h2 + web.default.svc.cluster.local. 30 A 10.0.0.1, web.default.svc.cluster.local. 30 "
	         "AAAA "
	         "fd00::1"},
	        {"on another port", "high.default.svc.cluster.local HTTPS",
	         "NOERROR aa rd: 30 HTTPS 1 . port=8443 + high.default.svc.cluster.local. 30 A 10.0.0.2"},
	        {"not for http alone, which would be taken for both", "plain.default.svc.cluster.local HTTPS", NODATA},
	        {"not over UDP", "quic.default.svc.cluster.local HTTPS", NODATA},
	        {"each pod", "pods.default.svc.cluster.local HTTPS",
	         "NOERROR aa rd: 30 HTTPS 1 p-0.pods.default.svc.cluster.local. alpn=h2 port=8443, "
	         "30 HTTPS 1 p-1.pods.default.svc.cluster.local. alpn=h2"},
	        {"none is ready", "idle.default.svc.cluster.local HTTPS", PASSING},
	        {"SVCB of the port", "_https._tcp.web.default.svc.cluster.local SVCB",
	         "NOERROR aa rd: 30 SVCB 1 web.default.svc.cluster.local. alpn=h2 port=443"},
	        {"SVCB of http", "_http._tcp.web.default.svc.cluster.local SVCB",
	         "NOERROR aa rd: 30 SVCB 1 web.default.svc.cluster.local. port=80"},
	        {"SVCB of pods", "_https._tcp.pods.default.svc.cluster.local SVCB",
	         "NOERROR aa rd: 30 SVCB 1 p-0.pods.default.svc.cluster.local. alpn=h2 port=8443, "
	         "30 SVCB 1 p-1.pods.default.svc.cluster.local. alpn=h2 port=443"},
	        {"SVCB of another port", "_metrics._tcp.plain.default.svc.cluster.local SVCB", NODATA},
	        {"SVCB of the Service", "web.default.svc.cluster.local SVCB", NODATA},
	        {"HTTPS of a pod", "p-0.pods.default.svc.cluster.local HTTPS", NODATA},
	        {"ANY stays small", "web.default.svc.cluster.local ANY", "NOERROR aa rd: 30 HINFO \"RFC8482\" \"\""},
	};
	static const struct question without[] = {
	        {"HTTPS", "web.default.svc.cluster.local HTTPS", NODATA},
	        {"SVCB", "_https._tcp.web.default.svc.cluster.local SVCB", NODATA},
	};
	char text[2048] = "with svcb\n";
	(void)state;
	ASK_ALL(strcat(text, bound), questions);
	ASK_ALL(bound, without);
}

/* --- zones --- */

static const char zonal[] =
        "ns default\n"
        "svc default/db headless\n"
        "ep 10.244.1.1 host=db-0 zone=us-West-2a port=sql:5432/TCP\nep 10.244.1.2 host=db-1 zone=us-west-2a port=sql:5432/TCP\n"
        "ep 10.244.1.3 zone=corp.example.com port=sql:5432/TCP\nep 10.244.1.4 host=db-3 port=sql:5432/TCP\n"
        "ep 10.244.1.5 host=db-4 zone=us-west-2b port=sql:5432/TCP notready\n"
        "svc default/idle headless\nep 10.244.2.1 zone=us-west-2a notready\n"
        "svc default/web ip=10.0.0.1 port=http:80/TCP\nep 10.244.1.1 zone=us-west-2a port=http:80/TCP\n"
        "svc default/far external=example.com\n";

static void test_zonal(void **state)
{
	static const struct question questions[] = {
	        {"pin", "us-west-2a.pin._zone.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1, 30 A 10.244.1.2"},
	        {"pin in capitals", "US-WEST-2A.PIN._ZONE.db.default.svc.cluster.local A",
	         "NOERROR aa rd: 30 A 10.244.1.1, 30 A 10.244.1.2"},
	        {"pin, other family", "us-west-2a.pin._zone.db.default.svc.cluster.local AAAA", NODATA},
	        {"pin, SRV", "us-west-2a.pin._zone.db.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 50 5432 db-0.db.default.svc.cluster.local., 30 SRV 0 50 5432 db-1.db.default.svc.cluster.local. "
	         "+ "
	         "db-0.db.default.svc.cluster.local. 30 A 10.244.1.1, db-1.db.default.svc.cluster.local. 30 A 10.244.1.2"},
	        {"a zone with dots", "corp.example.com.pin._zone.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.3"},
	        {"its SRV", "corp.example.com.pin._zone.db.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 100 5432 10-244-1-3.db.default.svc.cluster.local. + "
	         "10-244-1-3.db.default.svc.cluster.local. 30 A 10.244.1.3"},
	        {"no ready endpoint there", "us-west-2b.pin._zone.db.default.svc.cluster.local A", NODATA},
	        {"no such zone", "mars.pin._zone.db.default.svc.cluster.local A", NODATA},
	        {"no such zone, of many labels", "a.b.c.d.pin._zone.db.default.svc.cluster.local A", NODATA},
	        {"prefer", "us-west-2a.prefer._zone.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1, 30 A 10.244.1.2"},
	        {"prefer, none there", "us-west-2b.prefer._zone.db.default.svc.cluster.local A",
	         "NOERROR aa rd: 30 A 10.244.1.1, 30 A 10.244.1.2, 30 A 10.244.1.4, 30 A 10.244.1.3"},
	        {"other types", "us-west-2a.pin._zone.db.default.svc.cluster.local TXT", NODATA},
	        {"another directive", "us-west-2a.only._zone.db.default.svc.cluster.local A", NXDOMAIN},
	        {"no directive", "us-west-2a._zone.db.default.svc.cluster.local A", NXDOMAIN},
	        {"above", "pin._zone.db.default.svc.cluster.local A", NODATA},
	        {"above that", "_zone.db.default.svc.cluster.local A", NODATA},
	        {"above the other", "prefer._zone.db.default.svc.cluster.local A", NODATA},
	        {"a Service without ready endpoints", "us-west-2a.pin._zone.idle.default.svc.cluster.local A", NODATA},
	        {"it, preferred", "us-west-2a.prefer._zone.idle.default.svc.cluster.local A", NODATA},
	        {"it", "idle.default.svc.cluster.local A", PASSING},
	        {"a ClusterIP", "us-west-2a.pin._zone.web.default.svc.cluster.local A", NXDOMAIN},
	        {"an ExternalName", "us-west-2a.pin._zone.far.default.svc.cluster.local A", NXDOMAIN},
	        {"no Service", "us-west-2a.pin._zone.none.default.svc.cluster.local A", NXDOMAIN},
	        {"PTR is as ever", "1.1.244.10.in-addr.arpa PTR",
	         "NOERROR aa rd: 30 PTR db-0.db.default.svc.cluster.local., 30 PTR 10-244-1-1.web.default.svc.cluster.local."},
	        {"the Service is as ever", "db.default.svc.cluster.local A",
	         "NOERROR aa rd: 30 A 10.244.1.1, 30 A 10.244.1.2, 30 A 10.244.1.4, 30 A 10.244.1.3"},
	};
	static const struct question without[] = {
	        {"pin", "us-west-2a.pin._zone.db.default.svc.cluster.local A", NXDOMAIN},
	        {"above", "_zone.db.default.svc.cluster.local A", NXDOMAIN},
	};
	char text[2048] = "with zonal\n";
	(void)state;
	ASK_ALL(strcat(text, zonal), questions);
	ASK_ALL(zonal, without);
}

/* --- a cluster set --- */

#define S_SOA    "clusterset.local. 5 SOA ns.dns.clusterset.local. hostmaster.clusterset.local. 7200 1800 86400 30"
#define S_NX     "NXDOMAIN aa rd; " S_SOA
#define S_NODATA "NOERROR aa rd; " S_SOA

static void test_cluster_set(void **state)
{
	static const struct question questions[] = {
	        {"an address of the set", "web.default.svc.clusterset.local A", "NOERROR aa rd: 30 A 10.7.0.1"},
	        {"in the cluster it is another", "web.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.1"},
	        {"its port", "_http._tcp.web.default.svc.clusterset.local SRV",
	         "NOERROR aa rd: 30 SRV 0 100 80 web.default.svc.clusterset.local. + web.default.svc.clusterset.local. 30 A 10.7.0.1"},
	        {"headless, of all clusters", "db.default.svc.clusterset.local A",
	         "NOERROR aa rd: 30 A 10.8.0.1, 30 A 10.9.0.1, 30 A 10.9.0.2"},
	        {"a pod of a cluster", "db-0.c1.db.default.svc.clusterset.local A", "NOERROR aa rd: 30 A 10.8.0.1"},
	        {"the same pod of another", "db-0.c2.db.default.svc.clusterset.local A", "NOERROR aa rd: 30 A 10.9.0.1"},
	        {"without a hostname", "10-9-0-2.c2.db.default.svc.clusterset.local A", "NOERROR aa rd: 30 A 10.9.0.2"},
	        {"a pod of no cluster", "db-0.db.default.svc.clusterset.local A", S_NX},
	        {"a cluster is an empty non-terminal", "c1.db.default.svc.clusterset.local A", S_NODATA},
	        {"no such cluster", "c3.db.default.svc.clusterset.local A", S_NX},
	        {"the pod in the cluster", "db-0.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1"},
	        {"SRV", "_sql._tcp.db.default.svc.clusterset.local SRV",
	         "NOERROR aa rd: 30 SRV 0 33 5432 db-0.c1.db.default.svc.clusterset.local., "
	         "30 SRV 0 33 5432 db-0.c2.db.default.svc.clusterset.local., 30 SRV 0 33 5432 10-9-0-2.c2.db.default.svc.clusterset.local. "
	         "+ "
	         "db-0.c1.db.default.svc.clusterset.local. 30 A 10.8.0.1, db-0.c2.db.default.svc.clusterset.local. 30 A 10.9.0.1, "
	         "10-9-0-2.c2.db.default.svc.clusterset.local. 30 A 10.9.0.2"},
	        {"not imported", "local.default.svc.clusterset.local A", S_NX},
	        {"only imported", "far.default.svc.clusterset.local A", "NOERROR aa rd: 30 A 10.7.0.3"},
	        {"only imported, in the cluster", "far.default.svc.cluster.local A", NXDOMAIN},
	        {"the namespace", "default.svc.clusterset.local A", S_NODATA},
	        {"the version", "dns-version.clusterset.local TXT", "NOERROR aa rd: 28800 TXT \"1.1.0\""},
	        {"NS, where no Service of the cluster is", "clusterset.local NS",
	         "NOERROR aa rd: 30 NS ns.dns.clusterset.local. + ns.dns.clusterset.local. 30 A 10.0.0.1"},
	        {"nothing leads back to the set", "1.0.7.10.in-addr.arpa PTR", NO_PTR},
	        {"nor to a pod of it", "1.0.8.10.in-addr.arpa PTR", NO_PTR},
	        {"no longer imported", "gone.default.svc.clusterset.local A", S_NX},
	        {"without an address yet", "new.default.svc.clusterset.local A", S_NODATA},
	        {"its ports lead nowhere", "new.default.svc.clusterset.local SRV", S_NODATA},
	        {"one of them", "_http._tcp.new.default.svc.clusterset.local SRV", S_NODATA},
	};
	(void)state;
	assert_int_equal(ask_zone(world_zone_with_cluster_set(),
	                          "ns default\nself 10.0.0.1\n"
	                          "svc default/web ip=10.0.0.1 port=http:80/TCP\nimport default/web ip=10.7.0.1 port=http:80/TCP\n"
	                          "svc default/db headless\nep 10.244.1.1 host=db-0 port=sql:5432/TCP\n"
	                          "import default/db headless\nep 10.8.0.1 host=db-0 cluster=c1 port=sql:5432/TCP\n"
	                          "ep 10.9.0.1 host=db-0 cluster=c2 port=sql:5432/TCP\nep 10.9.0.2 cluster=c2 port=sql:5432/TCP\n"
	                          "svc default/local ip=10.0.0.2\nimport default/far ip=10.7.0.3\nimport default/new port=http:80/TCP\n",
	                          questions, COUNT(questions)),
	                 0);
}

/* --- compat coredns: each row is otherwise without it --- */

#define C_SOA     "cluster.local. 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define C_SOA4    "in-addr.arpa. 30 SOA ns.dns.in-addr.arpa. hostmaster.in-addr.arpa. 7200 1800 86400 30"
#define C_NX      "NXDOMAIN aa rd; " C_SOA
#define C_NODATA  "NOERROR aa rd; " C_SOA
#define C_NX4     "NXDOMAIN aa rd; " C_SOA4
#define C_NODATA4 "NOERROR aa rd; " C_SOA4

static void test_compat_coredns(void **state)
{
	static const struct question questions[] = {
	        {"TXT of an empty non-terminal", "default.svc.cluster.local TXT", C_NX},
	        {"TXT of another", "svc.cluster.local TXT", C_NX},
	        {"TXT of the apex", "cluster.local TXT", C_NX},
	        {"TXT of the name server", "ns.dns.cluster.local TXT", C_NX},
	        {"TXT of a Service", "web.default.svc.cluster.local TXT", C_NODATA},
	        {"the version", "dns-version.cluster.local TXT", "NOERROR aa rd: 28800 TXT \"1.1.0\""},
	        {"the version's address", "dns-version.cluster.local A", C_NX},
	        {"above the name server", "dns.cluster.local A", C_NX},
	        {"the name server", "ns.dns.cluster.local A", "NOERROR aa rd: 30 A 192.0.2.53"},
	        {"SOA of nothing", "none.default.svc.cluster.local SOA", C_NODATA},
	        {"SOA of a reverse name", "9.9.9.10.in-addr.arpa SOA", C_NODATA4},
	        {"SOA of the apex", "cluster.local SOA",
	         "NOERROR aa rd: 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"},
	        {"ANY", "web.default.svc.cluster.local ANY", C_NODATA},
	        {"ANY of nothing", "none.default.svc.cluster.local ANY", C_NX},
	        {"not ready is remembered", "db-1.db.default.svc.cluster.local A", C_NX},
	        {"a port's addresses", "_http._tcp.web.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.1"},
	        {"without underscores", "http.tcp.web.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 100 80 web.default.svc.cluster.local. + web.default.svc.cluster.local. 30 A 10.0.0.1"},
	        {"without one", "_http.TCP.web.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.1"},
	        {"any port", "_._tcp.web.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 50 80 web.default.svc.cluster.local., 30 SRV 0 50 443 web.default.svc.cluster.local. + "
	         "web.default.svc.cluster.local. 30 A 10.0.0.1"},
	        {"any port, no such protocol", "_._udp.web.default.svc.cluster.local SRV", C_NX},
	        {"any protocol", "http._.web.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 100 80 web.default.svc.cluster.local. + web.default.svc.cluster.local. 30 A 10.0.0.1"},
	        {"any of both", "_._.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1"},
	        {"a headless port's addresses", "sql.tcp.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1"},
	        {"weights of endpoints without ports", "part.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 50 80 a.part.default.svc.cluster.local. + a.part.default.svc.cluster.local. 30 A 10.244.3.1"},
	        {"weights of a name that has both", "c.both.default.svc.cluster.local SRV",
	         "NOERROR aa rd: 30 SRV 0 50 80 c.both.default.svc.cluster.local. + c.both.default.svc.cluster.local. 30 A 10.244.4.1, "
	         "c.both.default.svc.cluster.local. 30 A 10.244.4.2"},
	        {"no such port", "_x._tcp.web.default.svc.cluster.local SRV", C_NX},
	        {"a protocol alone", "_tcp.web.default.svc.cluster.local A", C_NX},
	        {"an endpoint", "db-0.db.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.1"},
	        {"a chain to nothing", "lost.default.svc.cluster.local A", C_NODATA},
	        {"a loop", "loop.default.svc.cluster.local A", C_NODATA},
	        {"a chain", "alias.default.svc.cluster.local A",
	         "NOERROR aa rd: 30 CNAME web.default.svc.cluster.local., web.default.svc.cluster.local. 30 A 10.0.0.1"},
	        {"a chain without the type", "alias.default.svc.cluster.local AAAA", C_NODATA},
	        {"its CNAME", "lost.default.svc.cluster.local CNAME", "NOERROR aa rd: 30 CNAME none.default.svc.cluster.local."},
	        {"SRV of an ExternalName", "alias.default.svc.cluster.local SRV", C_NODATA},
	        {"TXT of an ExternalName", "alias.default.svc.cluster.local TXT", C_NODATA},
	        {"ANY of an ExternalName", "alias.default.svc.cluster.local ANY", C_NODATA},
	        {"reverse, other types", "1.0.0.10.in-addr.arpa A", C_NX4},
	        {"reverse, incomplete", "0.0.10.in-addr.arpa PTR", C_NX4},
	        {"reverse apex", "in-addr.arpa PTR", C_NODATA4},
	        {"reverse apex, TXT", "in-addr.arpa TXT", C_NX4},
	        {"PTR", "1.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR web.default.svc.cluster.local."},
	        {"a pod", "1-2-3-4.default.pod.cluster.local A", "NOERROR aa rd: 30 A 1.2.3.4"},
	        {"a pod with labels before it", "x.y.1-2-3-4.default.pod.cluster.local A", "NOERROR aa rd: 30 A 1.2.3.4"},
	        {"too many labels before it", "x.y.z.1-2-3-4.default.pod.cluster.local A", C_NX},
	};
	(void)state;
	assert_int_equal(ask_zone(world_zone_as_coredns(ZONE_PODS_INSECURE),
	                          "with compat_coredns\nns default\nself 192.0.2.53\n"
	                          "svc default/web ip=10.0.0.1 port=http:80/TCP port=:443/TCP\n"
	                          "svc default/db headless\nep 10.244.1.1 host=db-0 port=sql:5432/TCP\nep 10.244.1.2 host=db-1 notready\n"
	                          "svc default/part headless\nep 10.244.3.1 host=a port=:80/TCP\nep 10.244.3.2 host=b\n"
	                          "svc default/both ip=10.0.0.2\nep 10.244.4.1 host=c port=:80/TCP\nep 10.244.4.2 host=c\n"
	                          "svc default/alias external=web.default.svc.cluster.local\n"
	                          "svc default/lost external=none.default.svc.cluster.local\n"
	                          "svc default/loop external=loop.default.svc.cluster.local\n",
	                          questions, COUNT(questions)),
	                 0);
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_endpoint_pod_names),
	        cmocka_unit_test(test_noendpoints),
	        cmocka_unit_test(test_ignore_empty_service),
	        cmocka_unit_test(test_pods_disabled),
	        cmocka_unit_test(test_pods_insecure),
	        cmocka_unit_test(test_pods_verified),
	        cmocka_unit_test(test_svcb),
	        cmocka_unit_test(test_zonal),
	        cmocka_unit_test(test_cluster_set),
	        cmocka_unit_test(test_compat_coredns),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
