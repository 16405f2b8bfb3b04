#include "describe.h"
#include "unit.h"

#define WORKLOAD(kind, spec) "{'apiVersion':'apps/v1','kind':'" kind "','metadata':{'name':'web'},'spec':{" spec "}}"
#define WRONG                "StatefulSet default/web: spec."

#define RC(spec)             "{'apiVersion':'v1','kind':'ReplicationController','metadata':{'name':'web'},'spec':{" spec "}}"
#define JOB_META(meta, spec) "{'apiVersion':'batch/v1','kind':'Job','metadata':{'name':'web'" meta "},'spec':{" spec "}}"
#define JOB(spec)            JOB_META("", spec)
#define JOB_STATUS(status)   "{'apiVersion':'batch/v1','kind':'Job','metadata':{'name':'web'},'status':{'conditions':[" status "]}}"
#define JOB_LABELS           " template labels{batch.kubernetes.io/job-name=web,job-name=web}"

static const struct describe_case workloads[] = {
        {"defaults", WORKLOAD("Deployment", ""), "Deployment default/web 1 from 0 template"},
        {"a StatefulSet",
         WORKLOAD("StatefulSet", "'serviceName':'nginx','replicas':2,'ordinals':{'start':3},'selector':{'matchLabels':{'app':'nginx'}},"
                                 "'template':{'metadata':{'labels':{'app':'nginx','v':'1'}},'spec':{'containers':[{'ports':[{'name':'web',"
                                 "'containerPort':80}]}],'dnsPolicy':'Default'}}"),
         "StatefulSet default/web 2 from 3 service nginx selector{app=nginx} template labels{app=nginx,v=1} web:80/TCP dns(Default)"},
        {"none", WORKLOAD("ReplicaSet", "'replicas':0"), "ReplicaSet default/web 0 from 0 template"},
        {"hostname in the template", WORKLOAD("Deployment", "'template':{'spec':{'hostname':'h','subdomain':'s'}}"),
         "Deployment default/web 1 from 0 template h.s"},
        {"owned",
         "{'apiVersion':'apps/v1','kind':'ReplicaSet','metadata':{'name':'web','ownerReferences':[{'controller':true,'kind':'Deployment',"
         "'name':'d'}]}}",
         "ReplicaSet default/web 1 from 0 owner Deployment/d template"},
        {"selector by expressions", WORKLOAD("Deployment", "'selector':{'matchExpressions':[]}"),
         "Deployment default/web 1 from 0 template"},
        {"negative", WORKLOAD("StatefulSet", "'replicas':-1"), "range: " WRONG "replicas: -1 is not a count; write 0 to 2147483647"},
        {"too many", WORKLOAD("StatefulSet", "'replicas':2147483648"),
         "range: " WRONG "replicas: 2147483648 is not a count; write 0 to 2147483647"},
        {"start as a string", WORKLOAD("StatefulSet", "'ordinals':{'start':'1'}"),
         "syntax: " WRONG "ordinals.start: \"1\" is a string; write a number"},
        {"no Service's name", WORKLOAD("StatefulSet", "'serviceName':'a.b'"),
         "syntax: " WRONG "serviceName: \"a.b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"a DaemonSet", WORKLOAD("DaemonSet", "'template':{'spec':{'nodeSelector':{'kubernetes.io/os':'linux'},'hostNetwork':true}}"),
         "DaemonSet default/web 1 from 0 nodes{kubernetes.io/os=linux} template hostNetwork dns(Default)"},
        {"a ReplicationController's map", RC("'replicas':2,'selector':{'app':'x'},'template':{'metadata':{'labels':{'app':'x','v':'1'}}}"),
         "ReplicationController default/web 2 from 0 selector{app=x} template labels{app=x,v=1}"},
        {"a ReplicationController without one", RC("'template':{'metadata':{'labels':{'app':'x'}}}"),
         "ReplicationController default/web 1 from 0 selector{app=x} template labels{app=x}"},

        {"a Job", JOB(""), "Job default/web 1 from 0" JOB_LABELS},
        {"with an identity", JOB_META(",'uid':'u-1'", ""),
         "Job default/web 1 from 0 template labels{batch.kubernetes.io/controller-uid=u-1,batch.kubernetes.io/job-name=web,"
         "controller-uid=u-1,job-name=web}"},
        {"copied from another one", JOB("'template':{'metadata':{'labels':{'app':'x','job-name':'zzz'}}}"),
         "Job default/web 1 from 0 template labels{app=x,batch.kubernetes.io/job-name=web,job-name=web}"},
        {"as many as there are to do", JOB("'parallelism':5,'completions':3"), "Job default/web 3 from 0" JOB_LABELS},
        {"as many as may be", JOB("'parallelism':2,'completions':3"), "Job default/web 2 from 0" JOB_LABELS},
        {"one after the other", JOB("'completions':3"), "Job default/web 1 from 0" JOB_LABELS},
        {"a work queue", JOB("'parallelism':3"), "Job default/web 3 from 0" JOB_LABELS},
        {"stopped", JOB("'parallelism':0,'completions':3"), "Job default/web 0 from 0" JOB_LABELS},
        {"suspended", JOB("'parallelism':3,'suspend':true"), "Job default/web 0 from 0" JOB_LABELS},
        {"done", JOB_STATUS("{'type':'Complete','status':'True'}"), "Job default/web 0 from 0" JOB_LABELS},
        {"given up", JOB_STATUS("{'type':'Complete','status':'False'},{'type':'Failed','status':'True'}"),
         "Job default/web 0 from 0" JOB_LABELS},
        {"not done", JOB_STATUS("{'type':'Suspended','status':'False'}"), "Job default/web 1 from 0" JOB_LABELS},
        {"indexed", JOB("'parallelism':3,'completions':3,'completionMode':'Indexed'"), "Job default/web 3 from 0 indexed" JOB_LABELS},
        {"a Job's selector is its controller's", JOB("'selector':{'matchLabels':{'a':'b'}}"), "Job default/web 1 from 0" JOB_LABELS},
        {"but for that of a manual one", JOB("'selector':{'matchLabels':{'a':'b'}},'manualSelector':true"),
         "Job default/web 1 from 0 selector{a=b} template"},
        {"an unknown mode", JOB("'completionMode':'indexed'"),
         "syntax: Job default/web: spec.completionMode: \"indexed\" is unknown; write NonIndexed or Indexed"},
        {"negative parallelism", JOB("'parallelism':-1"),
         "range: Job default/web: spec.parallelism: -1 is not a count; write 0 to 2147483647"},
        {"in the template", WORKLOAD("StatefulSet", "'template':{'metadata':{'labels':{'app':1}}}"),
         "syntax: " WRONG "template.metadata.labels.app: 1 is a number; quote it"},
};

static const struct describe_case lenient[] = {
        {"counts", WORKLOAD("StatefulSet", "'replicas':1e30,'ordinals':{'start':-1},'serviceName':'s'"),
         "StatefulSet default/web 1 from 0 service s template | " WRONG
         "replicas: 1e+30 is not a count; write 0 to 2147483647; this and more is left out"},
        {"the selector, and in the template",
         WORKLOAD("Deployment", "'selector':{'matchLabels':{'a':'b','c':7}},'template':{'metadata':{'labels':{'a':'b','c':7}},'spec':[]}"),
         "Deployment default/web 1 from 0 template labels{a=b} | Deployment default/web: spec.template.spec: this is a list; write a "
         "mapping; "
         "this and more is left out"},
};

static void test_lenient(void **state)
{
	(void)state;
	check_lenient_cases(lenient, sizeof lenient / sizeof *lenient);
}

static void test_workloads(void **state)
{
	(void)state;
	check_cases(workloads, sizeof workloads / sizeof *workloads);
}

static void test_allocation_failures(void **state)
{
	(void)state;
	check_allocation_failures(
	        "{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'name':'web','ownerReferences':[{'controller':true,"
	        "'kind':'X','name':'y'}]},'spec':{'serviceName':'nginx','selector':{'matchLabels':{'app':'nginx'}},'template':"
	        "{'metadata':{'labels':{'app':'nginx'}},'spec':{'dnsPolicy':'Default','containers':[{'ports':[{'name':'web',"
	        "'containerPort':80}]}]}}}}");
	check_allocation_failures(
	        JOB_META(",'uid':'u-1'", "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'nodeSelector':{'c':'d'}}}"));
	check_allocation_failures(RC("'template':{'metadata':{'labels':{'app':'x'}}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_workloads),
	        cmocka_unit_test(test_lenient),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
