#include "base/hash.h"
#include "fail_alloc.h"
#include "kube/object_decode.h"
#include "unit.h"
#include "who.h"
#include <stdio.h>
#include <string.h>

static struct intern *pool;
static struct store *store;

static enum err on_changed(void *arg, const struct service_view *view)
{
	(void)arg;
	(void)view;
	return OK;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	(void)arg;
	(void)kind;
	(void)ns;
	(void)name;
}

static enum err on_namespace(void *arg, const char *ns, bool exists)
{
	(void)arg;
	(void)ns;
	(void)exists;
	return OK;
}

/* ' stands for ". */
static void add(const char *json)
{
	char text[1024];
	struct object *o = NULL;
	struct diag d;
	cJSON *tree;
	snprintf(text, sizeof text, "%s", json);
	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	tree = cJSON_Parse(text);
	assert_non_null(tree);
	assert_int_equal(object_decode(tree, OBJECT_STRICT, pool, &o, &d), OK);
	cJSON_Delete(tree);
	assert_non_null(o);
	assert_int_equal(store_upsert(store, o), OK);
}

#define POD(ns, name, labels, more, ready)                                                                                                 \
	"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'" name "','namespace':'" ns "','labels':{" labels "}" more                    \
	"},'spec':{},'status':{'phase':'Running','podIP':'10.7.0.1','conditions':[{'type':'Ready','status':'" ready "'}]}}"
#define OWNER(kind, name) ",'ownerReferences':[{'apiVersion':'apps/v1','kind':'" kind "','name':'" name "','uid':'u','controller':true}]"
#define WORKLOAD(kind, name, app)                                                                                                          \
	"{'apiVersion':'apps/v1','kind':'" kind "','metadata':{'name':'" name "','namespace':'default'},'spec':{'serviceName':'x',"        \
	"'selector':{'matchLabels':{'app':'" app "'}},'template':{'metadata':{'labels':{'app':'" app "'}},'spec':{}}}}"

static int make_store(void **state)
{
	static const struct store_callbacks callbacks = {on_changed, on_gone, on_namespace, NULL, NULL, NULL};
	(void)state;
	hash_seed_init();
	pool = intern_new();
	store = store_new(pool, &callbacks);
	add(WORKLOAD("Deployment", "redis", "redis"));
	add(WORKLOAD("StatefulSet", "web", "web"));
	add(WORKLOAD("StatefulSet", "empty", "empty"));
	add("{'apiVersion':'v1','kind':'Service','metadata':{'name':'front','namespace':'default'},'spec':{'selector':{'app':'web'}}}");
	add("{'apiVersion':'v1','kind':'Service','metadata':{'name':'blind','namespace':'default'},'spec':{}}");
	add(POD("default", "redis-5d8f-aaaaa", "'app':'redis'", "", "False"));
	add(POD("default", "redis-5d8f-bbbbb", "'app':'redis'", "", "True"));
	add(POD("default", "web-0", "'app':'web'", "", "True"));
	add(POD("default", "web-1", "'app':'web'", "", "True"));
	add(WORKLOAD("StatefulSet", "db", "shared"));
	add(POD("default", "cache-77-a", "'app':'shared'", OWNER("ReplicaSet", "cache-77"), "True"));
	add(POD("default", "db-0", "'app':'shared'", OWNER("StatefulSet", "db"), "False"));
	add(POD("default", "indexed-0-x", "'job-name':'indexed'", "", "True"));
	add(POD("default", "dumped-77b6-ccccc", "", OWNER("ReplicaSet", "dumped-77b6"), "True"));
	add(POD("default", "agent-ddddd", "", OWNER("DaemonSet", "agent"), "True"));
	add(POD("live", "api-7c9f-zzzzz", "'pod-template-hash':'7c9f'", "", "True"));
	add(POD("live", "api-db-0", "'statefulset.kubernetes.io/pod-name':'api-db-0','controller-revision-hash':'1'", "", "True"));
	add(POD("live", "node-agent-yyyyy", "'controller-revision-hash':'1'", "", "True"));
	add(POD("other", "far", "'app':'redis'", "", "True"));
	return 0;
}

static int free_store(void **state)
{
	(void)state;
	store_free(store);
	intern_free(pool);
	return 0;
}

#define PODS                                                                                                                               \
	" (pods there: agent-ddddd, cache-77-a, db-0, dumped-77b6-ccccc, indexed-0-x, redis-5d8f-aaaaa, redis-5d8f-bbbbb, web-0, web-1)"

static const struct {
	const char *text, *want; /* the pod's name, or what is wrong */
} cases[] = {
        {NULL, "-"},
        {"web-1", "web-1"},
        {"pod/web-1", "web-1"},
        {"po/web-1", "web-1"},
        {"Pods/web-1", "web-1"},
        {"deploy/redis", "redis-5d8f-bbbbb"}, /* the first is not ready */
        {"deployment/redis", "redis-5d8f-bbbbb"},
        {"deployments.apps/redis", "redis-5d8f-bbbbb"},
        {"deployment.v1.apps/redis", "redis-5d8f-bbbbb"},
        {"sts/web", "web-0"},
        {"statefulset/web", "web-0"},
        {"sts/db", "db-0"}, /* its own, though another with its labels comes first and is ready */
        {"svc/front", "web-0"},
        {"job/indexed", "indexed-0-x"},
        /* what is not in the input, but its pods say whose they are */
        {"deploy/dumped", "dumped-77b6-ccccc"},
        {"rs/dumped-77b6", "dumped-77b6-ccccc"},
        {"ds/agent", "agent-ddddd"},
        {"deploy/dump", "no Deployment dump in namespace default" PODS},
        {"web-7", "no pod web-7 in namespace default: is web-0 or web-1 meant?" PODS},
        {"pod/far", "no pod far in namespace default, but one in other: add --namespace other" PODS},
        {"sts/redis", "no StatefulSet redis in namespace default" PODS},
        {"", "--pod : a name is wanted"},
        {"sts/", "--pod sts/: a name is wanted"},
        {"sts/empty", "StatefulSet empty in namespace default has no pods" PODS},
        {"svc/blind", "Service blind in namespace default has no pods" PODS},
        {"node/a", "--pod node/a: no such type; NAME, pod/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME, rc/NAME, job/NAME or svc/NAME is "
                   "wanted"},
        {"/web-0", "--pod /web-0: no such type; NAME, pod/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME, rc/NAME, job/NAME or svc/NAME is "
                   "wanted"},
};

static void test_what_kubectl_exec_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct pod *pod;
		struct diag d;
		enum err err = who_find(store, "default", cases[i].text, &pod, &d);
		assert_string_equal(err ? d.text : pod ? pod->object.name : "-", cases[i].want);
	}
}

/* Of an API server neither workloads nor owners are read, but labels and names say the same. */
static const struct {
	const char *text, *want; /* NULL: none */
} live[] = {
        {"deploy/api", "api-7c9f-zzzzz"},
        {"sts/api-db", "api-db-0"},
        {"ds/node-agent", "node-agent-yyyyy"},
        {"deploy/api-db", NULL},
        {"sts/api", NULL},
        {"ds/api", NULL},
        {"ds/api-db", NULL},
        {"ds/node", NULL},
};

static void test_of_a_cluster_that_is_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof live / sizeof *live; i++) {
		const struct pod *pod;
		struct diag d;
		assert_int_equal(who_find(store, "live", live[i].text, &pod, &d), live[i].want ? OK : ERR_MISSING);
		if (live[i].want)
			assert_string_equal(pod->object.name, live[i].want);
	}
}

static void test_the_list_is_bounded(void **state)
{
	const struct pod *pod;
	struct diag d;
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		char json[512];
		snprintf(json, sizeof json, POD("many", "p-%02u", "", "", "True"), i);
		add(json);
	}
	assert_int_equal(who_find(store, "many", "absent", &pod, &d), ERR_MISSING);
	assert_string_equal(d.text,
	                    "no pod absent in namespace many (pods there: p-00, p-01, p-02, p-03, p-04, p-05, p-06, p-07, p-08, p-09 "
	                    "and 2 more)");
	assert_int_equal(who_find(store, "empty", "absent", &pod, &d), ERR_MISSING);
	assert_string_equal(d.text, "no pod absent in namespace empty");
}

/* What is said is then cut, and nothing else. */
static void test_out_of_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		const struct pod *pod;
		struct diag d;
		fail_alloc_at(n);
		assert_int_equal(who_find(store, "default", "web-7", &pod, &d), ERR_MISSING);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_kubectl_exec_takes),
	        cmocka_unit_test(test_of_a_cluster_that_is_followed),
	        cmocka_unit_test(test_the_list_is_bounded),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, make_store, free_store);
}
