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

static unsigned ask_all(const char *text, const struct question *questions, size_t n)
{
	struct zone *z = world_zone();
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

#define ASK_ALL(text, questions) assert_int_equal(ask_all(text, questions, sizeof(questions) / sizeof(questions)[0]), 0)

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

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_endpoint_pod_names),
	        cmocka_unit_test(test_noendpoints),
	        cmocka_unit_test(test_ignore_empty_service),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
