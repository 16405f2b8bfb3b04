#include "base/rcu.h"
#include "describe.h"
#include "fail_alloc.h"
#include "manifest_log.h"
#include "simulate.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Workloads in short: what is not said is as in the tutorial. */
#define WORKLOAD(kind, name, rest)                                                                                                         \
	"---\napiVersion: apps/v1\nkind: " kind "\nmetadata: {name: " name "}\nspec:\n  selector: {matchLabels: {app: nginx}}\n"           \
	"  template:\n    metadata: {labels: {app: nginx}}\n    spec: {containers: [{ports: [{name: web, containerPort: 80}]}]}\n" rest
#define STATEFUL_SET(name, rest)    WORKLOAD("StatefulSet", name, "  serviceName: nginx\n" rest)
#define POD(name, meta, rest)       "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name ", labels: {app: nginx}" meta "}\n" rest
#define OWNER(kind, name)           ", ownerReferences: [{kind: " kind ", name: " name ", controller: true}]"
#define RAN                         "status: {phase: Running, podIP: 10.9.9.9}\n"
#define SERVICE(name, spec)         "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name "}\nspec: {" spec "}\n"
#define OWNED_REPLICA_SET(name, of) "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: " name OWNER("Deployment", of) "}\n"

#define LABELLED_POD(name, labels) "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name ", labels: {app: nginx, " labels "}}\n" RAN
#define CONTROLLER(version, kind, rest)                                                                                                    \
	"---\napiVersion: " version "\nkind: " kind "\nmetadata: {name: c}\nspec:\n  template: {metadata: {labels: {app: nginx}}}\n" rest
#define HOST_DAEMON(nodes)                                                                                                                 \
	"---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: ds}\nspec:\n  template:\n    metadata: {labels: {app: nginx}}\n"      \
	"    spec: {hostNetwork: true, nodeSelector: " nodes "}\n"
#define NODE(name, labels)                                                                                                                 \
	"---\napiVersion: v1\nkind: Node\nmetadata: {name: " name ", labels: {" labels "}}\n"                                              \
	"status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}\n"

#define JOB_LABELS "batch.kubernetes.io/job-name=c,job-name=c"
#define WEB_0                                                                                                                              \
	"Pod default/web-0 labels{app=nginx,apps.kubernetes.io/pod-index=0,statefulset.kubernetes.io/pod-name=web-0} Running unobserved "  \
	"ready 10.244.45.10 web-0.nginx web:80/TCP owner StatefulSet/web\n"
#define WEB_1                                                                                                                              \
	"Pod default/web-1 labels{app=nginx,apps.kubernetes.io/pod-index=1,statefulset.kubernetes.io/pod-name=web-1} Running unobserved "  \
	"ready 10.244.243.207 web-1.nginx web:80/TCP owner StatefulSet/web\n"

/* Only what is added or changed is of interest: pods' and Services' names, addresses and what made them. */
static const struct {
	const char *what, *text, *want;
} cases[] = {
        {"a StatefulSet", STATEFUL_SET("web", "  replicas: 2\n"),
         "Pod default/web-0 labels{app=nginx,apps.kubernetes.io/pod-index=0,statefulset.kubernetes.io/pod-name=web-0} Running unobserved "
         "ready 10.244.45.10 web-0.nginx web:80/TCP owner StatefulSet/web\n"
         "Pod default/web-1 labels{app=nginx,apps.kubernetes.io/pod-index=1,statefulset.kubernetes.io/pod-name=web-1} Running unobserved "
         "ready 10.244.243.207 web-1.nginx web:80/TCP owner StatefulSet/web\n"},
        {"ordinals", STATEFUL_SET("web", "  replicas: 1\n  ordinals: {start: 1}\n"),
         "Pod default/web-1 labels{app=nginx,apps.kubernetes.io/pod-index=1,statefulset.kubernetes.io/pod-name=web-1} Running unobserved "
         "ready 10.244.243.207 web-1.nginx web:80/TCP owner StatefulSet/web\n"},
        {"a StatefulSet without Service, label or port",
         "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {template: {spec: {hostname: other, subdomain: other}}}\n",
         "Pod default/web-0 labels{apps.kubernetes.io/pod-index=0,statefulset.kubernetes.io/pod-name=web-0} Running unobserved ready "
         "10.244.45.10 web-0. owner StatefulSet/web\n"},
        {"the template's DNS",
         "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: r}\nspec:\n  template:\n    spec:\n      hostname: h\n      subdomain: "
         "s\n"
         "      dnsPolicy: None\n      dnsConfig: {nameservers: [10.1.1.1], searches: [a, b], options: [{name: ndots, value: '2'}]}\n",
         "Pod default/r-XXXXX Running unobserved ready ADDR h.s dns(None nameserver=10.1.1.1 search=a search=b option=ndots:2) owner "
         "ReplicaSet/r\n"},
        {"a Deployment", WORKLOAD("Deployment", "nginx-deployment", "  replicas: 3\n"),
         "Pod default/nginx-deployment-l6bjf labels{app=nginx} Running unobserved ready 10.244.32.61 web:80/TCP owner "
         "Deployment/nginx-deployment\n"
         "Pod default/nginx-deployment-jg2ht labels{app=nginx} Running unobserved ready 10.244.216.83 web:80/TCP owner "
         "Deployment/nginx-deployment\n"
         "Pod default/nginx-deployment-kwtfl labels{app=nginx} Running unobserved ready 10.244.174.37 web:80/TCP owner "
         "Deployment/nginx-deployment\n"},
        {"no replicas", WORKLOAD("Deployment", "d", "  replicas: 0\n"), ""},
        {"a Deployment's ReplicaSet makes none beside it", WORKLOAD("Deployment", "d", "  replicas: 0\n") OWNED_REPLICA_SET("d-1a2b", "d"),
         ""},
        {"a ReplicaSet of a Deployment that is not there", OWNED_REPLICA_SET("d-1a2b", "d"),
         "Pod default/d-1a2b-XXXXX Running unobserved ready ADDR owner ReplicaSet/d-1a2b\n"},
        {"a long name is cut where the API server cuts it",
         WORKLOAD("ReplicaSet", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff", ""),
         "Pod default/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffXXXXX labels{app=nginx} Running unobserved ready ADDR "
         "web:80/TCP owner ReplicaSet/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff\n"},

        /* whose pods are in the input */
        {"a StatefulSet's by owner", STATEFUL_SET("web", "  replicas: 2\n") POD("web-7", OWNER("StatefulSet", "web"), RAN), ""},
        {"one of a StatefulSet's by name", STATEFUL_SET("web", "  replicas: 2\n") POD("web-0", "", RAN), WEB_1},
        {"a name that it would not give", STATEFUL_SET("web", "  replicas: 1\n") POD("web-7", "", RAN), WEB_0},
        {"a name that is no ordinal", STATEFUL_SET("web", "") POD("web-7a", "", RAN),
         "Pod default/web-0 labels{app=nginx,apps.kubernetes.io/pod-index=0,statefulset.kubernetes.io/pod-name=web-0} Running unobserved "
         "ready 10.244.45.10 web-0.nginx web:80/TCP owner StatefulSet/web\n"},
        {"another one's", STATEFUL_SET("web", "") POD("web-7", OWNER("StatefulSet", "web2"), RAN),
         "Pod default/web-0 labels{app=nginx,apps.kubernetes.io/pod-index=0,statefulset.kubernetes.io/pod-name=web-0} Running unobserved "
         "ready 10.244.45.10 web-0.nginx web:80/TCP owner StatefulSet/web\n"},
        {"in another namespace", WORKLOAD("ReplicaSet", "r", "") POD("r-x", ", namespace: other", RAN),
         "Pod default/r-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner ReplicaSet/r\n"},
        {"a Deployment's by its ReplicaSet",
         WORKLOAD("Deployment", "d", "") OWNED_REPLICA_SET("other-name", "d") POD("p", OWNER("ReplicaSet", "other-name"), RAN), ""},
        {"a Deployment's by the name of a ReplicaSet that is not there",
         WORKLOAD("Deployment", "d", "") POD("d-1a2b-x", OWNER("ReplicaSet", "d-1a2b"), RAN), ""},
        {"a longer name's", WORKLOAD("Deployment", "d", "") POD("d-e-1a2b-x", OWNER("ReplicaSet", "d-e-1a2b"), RAN),
         "Pod default/d-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner Deployment/d\n"},
        {"a Deployment adopts nobody", WORKLOAD("Deployment", "d", "") POD("p", "", RAN),
         "Pod default/d-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner Deployment/d\n"},
        {"but who has the mark of its ReplicaSet, whose owner was cut away",
         WORKLOAD("Deployment", "d", "  replicas: 2\n") LABELLED_POD("p", "pod-template-hash: 5d"),
         "Pod default/d-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner Deployment/d\n"},
        {"a Deployment does not run pods itself", WORKLOAD("Deployment", "d", "") POD("p", OWNER("Deployment", "d"), RAN),
         "Pod default/d-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner Deployment/d\n"},
        {"a ReplicaSet adopts", WORKLOAD("ReplicaSet", "r", "") POD("p", "", RAN), ""},
        {"and makes the others", WORKLOAD("ReplicaSet", "r", "  replicas: 2\n") POD("p", "", RAN),
         "Pod default/r-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner ReplicaSet/r\n"},
        {"more than it wants", WORKLOAD("ReplicaSet", "r", "") POD("p", "", RAN) POD("q", "", RAN), ""},
        {"not who has ended", WORKLOAD("ReplicaSet", "r", "") POD("p", "", "status: {phase: Succeeded, podIP: 10.9.9.9}\n"),
         "Pod default/r-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner ReplicaSet/r\n"},
        {"nor who is somebody else's", WORKLOAD("ReplicaSet", "r", "") POD("p", OWNER("ReplicaSet", "s"), RAN),
         "Pod default/r-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner ReplicaSet/r\n"},
        {"one Pod is one controller's", WORKLOAD("ReplicaSet", "r", "") WORKLOAD("ReplicaSet", "s", "") POD("p", "", RAN),
         "Pod default/s-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner ReplicaSet/s\n"},
        {"a ReplicationController adopts",
         CONTROLLER("v1", "ReplicationController", "  replicas: 2\n  selector: {app: nginx}\n") POD("p", "", RAN),
         "Pod default/c-XXXXX labels{app=nginx} Running unobserved ready ADDR owner ReplicationController/c\n"},
        {"and is observed", CONTROLLER("v1", "ReplicationController", "  replicas: 2\n") POD("p", OWNER("ReplicationController", "c"), RAN),
         ""},
        {"a StatefulSet's pod is not the Deployment's of the same label",
         STATEFUL_SET("web", "") WORKLOAD("ReplicaSet", "r", "") POD("web-0", "", RAN),
         "Pod default/r-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner ReplicaSet/r\n"},
        {"the name is somebody else's", STATEFUL_SET("web", "  replicas: 2\n") POD("web-0", OWNER("Job", "web"), RAN),
         "Pod default/web-1 labels{app=nginx,apps.kubernetes.io/pod-index=1,statefulset.kubernetes.io/pod-name=web-1} Running unobserved "
         "ready 10.244.243.207 web-1.nginx web:80/TCP owner StatefulSet/web\n"},

        /* Jobs */
        {"a Job", CONTROLLER("batch/v1", "Job", "  parallelism: 2\n"),
         "Pod default/c-XXXXX labels{app=nginx," JOB_LABELS "} Running unobserved ready ADDR owner Job/c\n"
         "Pod default/c-XXXXX labels{app=nginx," JOB_LABELS "} Running unobserved ready ADDR owner Job/c\n"},
        {"an Indexed Job", CONTROLLER("batch/v1", "Job", "  parallelism: 5\n  completions: 2\n  completionMode: Indexed\n"),
         "Pod default/c-0-XXXXX labels{app=nginx,batch.kubernetes.io/job-completion-index=0," JOB_LABELS
         "} Running unobserved ready ADDR c-0. owner Job/c\n"
         "Pod default/c-1-XXXXX labels{app=nginx,batch.kubernetes.io/job-completion-index=1," JOB_LABELS
         "} Running unobserved ready ADDR c-1. owner Job/c\n"},
        {"a Job that was observed", CONTROLLER("batch/v1", "Job", "  parallelism: 5\n") POD("p", OWNER("Job", "c"), RAN), ""},
        {"a Job adopts nobody", CONTROLLER("batch/v1", "Job", "  selector: {matchLabels: {app: nginx}}\n") POD("p", "", RAN),
         "Pod default/c-XXXXX labels{app=nginx," JOB_LABELS "} Running unobserved ready ADDR owner Job/c\n"},
        {"a CronJob has none", CONTROLLER("batch/v1", "CronJob", "  schedule: '* * * * *'\n"), ""},

        /* DaemonSets */
        {"a DaemonSet without Nodes", WORKLOAD("DaemonSet", "ds", ""),
         "Pod default/ds-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP owner DaemonSet/ds\n"},
        {"adopts", WORKLOAD("DaemonSet", "ds", "") POD("p", "", RAN), ""},
        {"with Nodes", WORKLOAD("DaemonSet", "ds", "") NODE("a", "") NODE("b", ""),
         "Pod default/ds-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP on a owner DaemonSet/ds\n"
         "Pod default/ds-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP on b owner DaemonSet/ds\n"},
        {"one of which has its Pod",
         WORKLOAD("DaemonSet", "ds", "") NODE("a", "") NODE("b", "") POD("p", "", "spec: {nodeName: a}\n" RAN) POD("q", "", RAN),
         "Pod default/ds-XXXXX labels{app=nginx} Running unobserved ready ADDR web:80/TCP on b owner DaemonSet/ds\n"},
        {"on the Nodes that it wants, with their addresses",
         HOST_DAEMON("{disk: ssd, kubernetes.io/os: linux}") NODE("a", "disk: hdd") NODE("b", "disk: ssd"),
         "Pod default/ds-XXXXX labels{app=nginx} Running unobserved ready 192.0.2.1 hostNetwork on b dns(Default) owner DaemonSet/ds\n"},
        {"which are none", HOST_DAEMON("{kubernetes.io/os: windows}") NODE("a", ""), ""},
        {"without Nodes on no Node", HOST_DAEMON("{kubernetes.io/os: windows}"),
         "Pod default/ds-XXXXX labels{app=nginx} Running unobserved ready ADDR hostNetwork dns(Default) owner DaemonSet/ds\n"},

        /* pods that nobody ran */
        {"a Pod on its Node's network", POD("p", "", "spec: {hostNetwork: true, nodeName: b}\n") NODE("a", "") NODE("b", ""),
         "Pod default/p labels{app=nginx} Running unobserved ready 192.0.2.1 hostNetwork on b dns(Default)\n"},
        {"a Pod on the network of a Node that is not there", POD("web-0", "", "spec: {hostNetwork: true, nodeName: b}\n") NODE("a", ""),
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.10 hostNetwork on b dns(Default)\n"},
        {"a Pod without status", POD("web-0", "", "spec: {hostname: web-0, subdomain: nginx}\n"),
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.10 web-0.nginx\n"},
        {"a Pod that waits", POD("web-0", "", "status: {phase: Pending}\n"), "Pod default/web-0 labels{app=nginx} Pending\n"},
        {"a Pod with a condition alone", POD("web-0", "", "status: {podIP: 10.1.1.1}\n"),
         "Pod default/web-0 labels{app=nginx} Pending unobserved 10.1.1.1\n"},
        {"an address that is taken", POD("web-0", "", "") SERVICE("s", "clusterIP: 10.244.45.10"),
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.11\nService default/s 10.244.45.10\n"},
        {"an address that an endpoint has",
         POD("web-0", "", "") "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: e}\nsubsets: [{addresses: [{ip: 10.244.45.10}]}]\n",
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.11\n"},
        {"IPv6, if a Service that selects it wants it",
         POD("web-0", "", "") SERVICE("s", "selector: {app: nginx}, clusterIP: None, ipFamilies: [IPv6]"),
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.10 ADDR6\nService default/s headless IPv6 "
         "selector{app=nginx}\n"},
        {"and not otherwise", POD("web-0", "", "") SERVICE("s", "selector: {app: x}, clusterIP: None, ipFamilies: [IPv6]"),
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.10\nService default/s headless IPv6 selector{app=x}\n"},

        /* Services */
        {"a Service", SERVICE("s", ""), "Service default/s ADDR\n"},
        {"one with an address", SERVICE("s", "clusterIP: 10.0.0.9"), "Service default/s 10.0.0.9\n"},
        {"headless", SERVICE("s", "clusterIP: None"), "Service default/s headless\n"},
        {"ExternalName", SERVICE("s", "type: ExternalName, externalName: a.b"), "Service default/s -> a.b\n"},
        {"both families", SERVICE("s", "ipFamilies: [IPv4, IPv6]"), "Service default/s ADDR ADDR6 IPv4 IPv6\n"},
        {"both by policy", SERVICE("s", "ipFamilyPolicy: PreferDualStack"), "Service default/s ADDR ADDR6 IPv4 IPv6\n"},
        {"the other one by policy", SERVICE("s", "ipFamilyPolicy: RequireDualStack, clusterIP: 10.0.0.9"),
         "Service default/s 10.0.0.9 ADDR6 IPv4 IPv6\n"},
        {"a pod of a headless one",
         POD("web-0", "", "") SERVICE("s", "selector: {app: nginx}, clusterIP: None, ipFamilyPolicy: RequireDualStack"),
         "Pod default/web-0 labels{app=nginx} Running unobserved ready 10.244.45.10 ADDR6\nService default/s headless IPv4 IPv6 "
         "selector{app=nginx}\n"},
        {"IPv6 alone", SERVICE("s", "ipFamilies: [IPv6]"), "Service default/s ADDR6 IPv6\n"},
        {"the family that is lacking", SERVICE("s", "ipFamilies: [IPv6, IPv4], clusterIP: 'fd00::9'"),
         "Service default/s fd00::9 ADDR IPv4 IPv6\n"},
};

/* Made-up characters and addresses that no case is about, as XXXXX, ADDR and ADDR6: equal length is not needed. */
static bool like(const char *got, const char *want)
{
	while (*want) {
		if (strncmp(want, "XXXXX", 5) == 0 && strspn(got, "bcdfghjklmnpqrstvwxz2456789") >= 5) {
			got += 5;
			want += 5;
		} else if (strncmp(want, "ADDR6", 5) == 0 && strncmp(got, "fd00:1", 6) == 0) {
			got += strspn(got, "0123456789abcdef:");
			want += 5;
		} else if (strncmp(want, "ADDR", 4) == 0 && strncmp(got, "10.", 3) == 0) {
			got += strspn(got, "0123456789.");
			want += 4;
		} else if (*got++ != *want++) {
			return false;
		}
	}
	return !*got;
}

/* Leaves the lines of Pods and Services, without pods that somebody ran. */
static const char *made_of(const char *text)
{
	static char made[65536];
	size_t len = 0;
	made[0] = '\0';
	for (const char *line = log_text(text, DOCUMENT_YAML, false); *line;) {
		size_t line_len = strcspn(line, "\n") + 1;
		bool wanted = strncmp(line, "Pod ", 4) == 0 || strncmp(line, "Service ", 8) == 0;
		if (wanted && !memmem(line, line_len, "10.9.9.9", 8)) {
			memcpy(made + len, line, line_len);
			len += line_len;
			made[len] = '\0';
		}
		line += line_len;
	}
	return made;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = made_of(cases[i].text);
		if (!like(got, cases[i].want))
			fail_msg("%s:\n got  %s want %s", cases[i].what, got, cases[i].want);
	}
}

static const struct {
	const char *what, *text, *want;
} refused[] = {
        {"too many replicas", "# a comment\n" WORKLOAD("StatefulSet", "web", "  replicas: 65537\n"),
         "error: a:3: StatefulSet default/web: spec.replicas: 65537 more pods are too many for the addresses of 10.244.0.0/16; give a "
         "larger "
         "--pod-cidr\n"},
        {"as many as there are numbers", WORKLOAD("Deployment", "d", "  replicas: 2147483647\n"),
         "error: a:2: Deployment default/d: spec.replicas: 2147483647 more pods are too many for the addresses of 10.244.0.0/16; give a "
         "larger "
         "--pod-cidr\n"},
        {"too many together", WORKLOAD("Deployment", "d", "") WORKLOAD("Deployment", "e", "  replicas: 65536\n"),
         "error: a:11: Deployment default/e: spec.replicas: 65536 more pods are too many for the addresses of 10.244.0.0/16; give a larger "
         "--pod-cidr\n"},
        {"names that are too long", WORKLOAD("StatefulSet", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg", ""),
         "error: a:2: StatefulSet default/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg: its pods' names are no host "
         "names (at "
         "most 63 octets, no dots): aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg-0\n"},
        {"names with a dot", WORKLOAD("StatefulSet", "a.b", ""),
         "error: a:2: StatefulSet default/a.b: its pods' names are no host names (at most 63 octets, no dots): a.b-0\n"},
        {"a Job of too many", CONTROLLER("batch/v1", "Job", "  parallelism: 65537\n"),
         "error: a:2: Job default/c: spec.parallelism: 65537 more pods are too many for the addresses of 10.244.0.0/16; give a larger "
         "--pod-cidr\n"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_string_equal(log_text(refused[i].text, DOCUMENT_YAML, false), refused[i].want);
}

static void keep_report(void *arg, bool fatal, const char *text)
{
	assert_true(fatal);
	snprintf(arg, DIAG_TEXT_MAX, "%s", text);
}

static void test_ranges_that_end(void **state)
{
	static const struct {
		const char *text, *want;
	} ends[] = {
	        {POD("a", "", "") POD("b", "", ""),
	         "a:6: Pod default/b: no address of 10.1.0.1/32 is left for it; give a larger --pod-cidr"},
	        {SERVICE("a", "") SERVICE("b", ""),
	         "a:7: Service default/b: no address of 10.2.0.1/32 is left for it; give a larger --service-cidr"},
	};
	struct manifest_options options = log_options;
	(void)state;
	options.pod_cidr = (struct cidr){{ADDR_V4, {10, 1, 0, 1}}, 32};
	options.service_cidr = (struct cidr){{ADDR_V4, {10, 2, 0, 1}}, 32};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct intern *pool = intern_new();
		char text[DIAG_TEXT_MAX] = "";
		struct manifest m;
		assert_int_equal(
		        manifest_load_text(ends[i].text, strlen(ends[i].text), DOCUMENT_YAML, "a", &options, pool, keep_report, text, &m),
		        ERR_RANGE);
		assert_string_equal(text, ends[i].want);
		assert_int_equal(m.count, 0);
		intern_free(pool);
	}
}

static void no_report(void *arg, bool fatal, const char *text)
{
	(void)arg;
	(void)fatal;
	(void)text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

#define PODS 101

/* Each pod with its address, in byte order, out of a range of 126. */
static void addresses_of(const char *text, char lines[PODS][256])
{
	struct manifest_options options = log_options;
	struct intern *pool = intern_new();
	struct manifest m;
	size_t n = 0;
	options.pod_cidr.prefix = 25;
	assert_int_equal(manifest_load_text(text, strlen(text), DOCUMENT_YAML, "a", &options, pool, no_report, NULL, &m), OK);
	for (size_t i = 0; i < m.count; i++) {
		if (m.objects[i]->kind == OBJECT_POD)
			snprintf(lines[n++], sizeof *lines, "%.255s", describe_object(m.objects[i]));
	}
	assert_int_equal(n, PODS);
	qsort(lines, n, sizeof *lines, by_text);
	manifest_free(&m, pool);
	intern_free(pool);
}

static void test_order_does_not_matter(void **state)
{
	static const char *const documents[] = {
	        STATEFUL_SET("web", "  replicas: 40\n"),
	        WORKLOAD("Deployment", "d", "  replicas: 60\n"),
	        POD("x", OWNER("Job", "j"), ""),
	};
	char forward[4096] = "", backward[4096] = "", one[PODS][256], other[PODS][256];
	size_t n = sizeof documents / sizeof *documents, a = 0, b = 0;
	(void)state;
	for (size_t i = 0; i < n; i++) {
		a += (size_t)snprintf(forward + a, sizeof forward - a, "%s", documents[i]);
		b += (size_t)snprintf(backward + b, sizeof backward - b, "%s", documents[n - 1 - i]);
	}
	addresses_of(forward, one);
	addresses_of(backward, other);
	for (size_t i = 0; i < PODS; i++)
		assert_string_equal(one[i], other[i]);
}

/* Five characters are few: of 20,000 pods some would have the same, and of addresses in a full range most. */
static void test_many_pods(void **state)
{
	const char text[] = WORKLOAD("Deployment", "d", "  replicas: 20000\n") WORKLOAD("ReplicaSet", "r", "  replicas: 45533\n");
	struct intern *pool = intern_new();
	struct manifest m;
	(void)state;
	assert_int_equal(manifest_load_text(text, sizeof text - 1, DOCUMENT_YAML, "a", &log_options, pool, NULL, NULL, &m), OK);
	assert_int_equal(m.count, 2 + 65533);
	for (size_t i = 2; i < m.count; i++) {
		assert_int_equal(((struct pod *)m.objects[i])->ip_count, 1);
		assert_int_equal(intern_refs(m.objects[i]->name), 1); /* nobody else has it */
	}
	manifest_free(&m, pool);
	intern_free(pool);
	rcu_free_all();
}

/* So few strings that the pool of them need not grow: it can do without. */
static void fail_each_allocation(const char *text, size_t objects)
{
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct intern *pool = intern_new();
		struct manifest m;
		enum err err;
		fail_alloc_at(n);
		err = manifest_load_text(text, strlen(text), DOCUMENT_YAML, "a", &log_options, pool, no_report, NULL, &m);
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, whole ? OK : ERR_NOMEM);
		assert_int_equal(m.count, whole ? objects : 0);
		manifest_free(&m, pool);
		intern_free(pool);
	}
	rcu_free_all();
}

static void test_allocation_failures(void **state)
{
	(void)state;
	fail_each_allocation(STATEFUL_SET("web", "  replicas: 3\n") WORKLOAD("Deployment", "d", "  replicas: 20\n")
	                             SERVICE("s", "selector: {app: nginx}, ipFamilies: [IPv4, IPv6]") POD("p", OWNER("Job", "j"), ""),
	                     4 + 23);
	fail_each_allocation(WORKLOAD("DaemonSet", "ds", "") NODE("a", "") NODE("b", "") POD("p", "", "spec: {nodeName: a}\n"), 4 + 1);
	fail_each_allocation(CONTROLLER("batch/v1", "Job", "  parallelism: 3\n  completions: 3\n  completionMode: Indexed\n"), 1 + 3);
	fail_each_allocation(CONTROLLER("v1", "ReplicationController", ""), 1 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cases),           cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_ranges_that_end), cmocka_unit_test(test_order_does_not_matter),
	        cmocka_unit_test(test_many_pods),       cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
