#include "describe.h"
#include "unit.h"

#define WORKLOAD(kind, spec) "{'apiVersion':'apps/v1','kind':'" kind "','metadata':{'name':'web'},'spec':{" spec "}}"
#define WRONG                "StatefulSet default/web: spec."

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
        {"in the template", WORKLOAD("StatefulSet", "'template':{'metadata':{'labels':{'app':1}}}"),
         "syntax: " WRONG "template.metadata.labels.app: 1 is a number; quote it"},
};

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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_workloads),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
