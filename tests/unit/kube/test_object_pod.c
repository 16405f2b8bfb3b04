#include "base/rcu.h"
#include "describe.h"
#include "kube/object_decode.h"
#include "unit.h"

#define POD(spec)      "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0'},'spec':{" spec "}}"
#define STATUS(status) "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0'},'status':{" status "}}"
#define META(meta)     "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0'," meta "}}"
#define PORTS(ports)   POD("'containers':[{'name':'c','ports':[" ports "]}]")
#define WRONG          "Pod default/web-0: "
#define DESIRED        "Pod default/web-0 Pending unobserved"

static const struct describe_case statuses[] = {
        {"as somebody wrote it", META("'labels':{'app':'nginx'}"), "Pod default/web-0 labels{app=nginx} Pending unobserved"},
        {"as kubectl --dry-run writes it", STATUS(""), DESIRED},
        {"pending in a cluster", STATUS("'phase':'Pending','conditions':null"), "Pod default/web-0 Pending"},
        {"running and ready",
         STATUS("'phase':'Running','podIP':'10.244.1.7','conditions':[{'type':'Initialized','status':'True'},"
                "{'type':'Ready','status':'True'}]"),
         "Pod default/web-0 Running ready 10.244.1.7"},
        {"not ready",
         STATUS("'phase':'Running','conditions':[{'type':'Ready','status':'False'},{'type':'ContainersReady','status':'True'}]"),
         "Pod default/web-0 Running"},
        {"readiness unknown", STATUS("'phase':'Unknown','conditions':[{'type':'Ready','status':'Unknown'}]"), "Pod default/web-0 Unknown"},
        {"succeeded", STATUS("'phase':'Succeeded'"), "Pod default/web-0 Succeeded"},
        {"failed", STATUS("'phase':'Failed'"), "Pod default/web-0 Failed"},
        {"dual stack", STATUS("'phase':'Running','podIP':'10.244.1.7','podIPs':[{'ip':'10.244.1.7'},{'ip':'FD00:0::7'}]"),
         "Pod default/web-0 Running 10.244.1.7 fd00::7"},
        {"empty list", STATUS("'phase':'Running','podIP':'10.244.1.7','podIPs':[]"), "Pod default/web-0 Running 10.244.1.7"},
        {"no address yet", STATUS("'phase':'Pending','podIP':'','podIPs':null"), "Pod default/web-0 Pending"},
        {"being deleted", META("'deletionTimestamp':'2025-01-01T00:00:00Z'"), "Pod default/web-0 Pending unobserved deleting"},
        {"more than one of each family", STATUS("'podIPs':[{'ip':'10.0.0.1'},{'ip':'fd00::1'},{'ip':'10.0.0.2'}]"),
         "range: " WRONG "status.podIPs: these are 3; at most 2 can be"},
        {"not an address", STATUS("'podIPs':[{'ip':'10.244.1'}]"),
         "syntax: " WRONG "status.podIPs[0].ip: \"10.244.1\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"addresses without their mapping", STATUS("'podIPs':['10.244.1.7']"),
         "syntax: " WRONG "status.podIPs[0]: \"10.244.1.7\" is a string; write a mapping"},
        {"podIP alone is not an address", STATUS("'podIP':'localhost'"),
         "syntax: " WRONG "status.podIP: \"localhost\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"phase in lower case", STATUS("'phase':'running'"),
         "syntax: " WRONG "status.phase: \"running\" is unknown; write Unknown, Pending, Running, Succeeded or Failed"},
        {"condition's status as a boolean", STATUS("'conditions':[{'type':'Ready','status':true}]"),
         "syntax: " WRONG "status.conditions[0].status: true is a boolean; quote it"},
};

static const struct describe_case specs[] = {
        {"hostname and subdomain", POD("'hostname':'web-0','subdomain':'nginx'"), DESIRED " web-0.nginx"},
        {"empty ones are unset", POD("'hostname':'','subdomain':''"), DESIRED},
        {"hostname with a dot", POD("'hostname':'web.0'"),
         "syntax: " WRONG "spec.hostname: \"web.0\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"its node's network", POD("'hostNetwork':true,'nodeName':'n1.example.com'"),
         DESIRED " hostNetwork on n1.example.com dns(Default)"},
        {"a node", POD("'nodeName':'n1'"), DESIRED " on n1"},
        {"named ports", PORTS("{'name':'web','containerPort':80},{'containerPort':81},{'name':'dns','containerPort':53,'protocol':'UDP'}"),
         DESIRED " web:80/TCP dns:53/UDP"},
        {"containers, then those that are restarted",
         POD("'initContainers':[{'name':'i','ports':[{'name':'gone','containerPort':1}]},{'name':'s','restartPolicy':'Always',"
             "'ports':[{'name':'web','containerPort':2}]}],'containers':[{'ports':[{'name':'web','containerPort':3}]},{'ports':"
             "[{'name':'x','containerPort':4,'protocol':'SCTP'}]}]"),
         DESIRED " web:3/TCP x:4/SCTP web:2/TCP"},
        {"more than are gathered at once",
         PORTS("{'name':'a','containerPort':1},{'name':'b','containerPort':2},{'name':'c','containerPort':3},"
               "{'name':'d','containerPort':4},{'name':'e','containerPort':5}"),
         DESIRED " a:1/TCP b:2/TCP c:3/TCP d:4/TCP e:5/TCP"},
        {"port out of range", PORTS("{'containerPort':70000}"),
         "range: " WRONG "spec.containers[0].ports[0].containerPort: 70000 is not a port; write 1 to 65535"},
        {"bad port after good ones", PORTS("{'name':'a','containerPort':1},{'name':'B','containerPort':2}"),
         "syntax: " WRONG "spec.containers[0].ports[1].name: \"B\" is not a port name; write a-z, 0-9 and single '-', at least one letter"},
        {"no list of containers", POD("'containers':{}"), "syntax: " WRONG "spec.containers: this is a mapping; write a list"},
};

static const struct describe_case owners[] = {
        {"the controlling one",
         META("'ownerReferences':[{'kind':'X','name':'y'},{'controller':false,'kind':'Z','name':'z'},{'controller':true,'kind':'"
              "StatefulSet',"
              "'name':'web'}]"),
         DESIRED " owner StatefulSet/web"},
        {"none controls", META("'ownerReferences':[{'kind':'X','name':'y'}]"), DESIRED},
        {"without a name", META("'ownerReferences':[{'kind':'X','controller':true}]"),
         "syntax: " WRONG "metadata.ownerReferences[0].name: missing; write the owner's name"},
};

static const struct describe_case dns[] = {
        {"the default needs nothing", POD("'dnsPolicy':'ClusterFirst'"), DESIRED},
        {"a policy", POD("'dnsPolicy':'Default'"), DESIRED " dns(Default)"},
        {"host aliases", POD("'hostAliases':[{'ip':'127.0.0.1','hostnames':['foo.local','bar.local']},{'ip':'2001:db8::1'}]"),
         DESIRED " dns( alias=127.0.0.1\tfoo.local\tbar.local alias=2001:db8::1)"},
        {"no host aliases", POD("'hostAliases':[]"), DESIRED " dns()"},
        {"an alias that is none", POD("'hostAliases':[{'ip':'127.0.0.1','hostnames':['a b']}]"),
         "syntax: Pod default/web-0: spec.hostAliases[0].hostnames[0]: \"a b\" is not a DNS name; write a-z, 0-9, '-' and '.', each part "
         "beginning "
         "and ending with a-z or 0-9"},
        {"an alias of nothing", POD("'hostAliases':[{'hostnames':['a']}]"),
         "syntax: Pod default/web-0: spec.hostAliases[0].ip: missing; write an IP address"},
        {"a host name of its own", POD("'hostnameOverride':'db.example.com','setHostnameAsFQDN':true"),
         DESIRED " dns( override=db.example.com as FQDN)"},
        {"the node's, on the node's network", POD("'hostNetwork':true,'dnsPolicy':'ClusterFirst'"), DESIRED " hostNetwork dns(Default)"},
        {"the cluster's, on the node's network", POD("'hostNetwork':true,'dnsPolicy':'ClusterFirstWithHostNet'"),
         DESIRED " hostNetwork dns(ClusterFirstWithHostNet)"},
        {"all of it",
         POD("'dnsPolicy':'None','dnsConfig':{'nameservers':['192.0.2.1','2001:db8::1'],'searches':['a.example','b.example'],"
             "'options':[{'name':'ndots','value':'2'},{'name':'edns0'}]}"),
         DESIRED " dns(None nameserver=192.0.2.1 nameserver=2001:db8::1 search=a.example search=b.example option=ndots:2 option=edns0)"},
        {"the default with more options", POD("'dnsPolicy':'ClusterFirst','dnsConfig':{'options':[{'name':'ndots','value':'1'}]}"),
         DESIRED " dns( option=ndots:1)"},
        {"unknown policy", POD("'dnsPolicy':'none'"),
         "syntax: " WRONG "spec.dnsPolicy: \"none\" is unknown; write ClusterFirst, ClusterFirstWithHostNet, Default or None"},
        {"nameserver by name", POD("'dnsConfig':{'nameservers':['192.0.2.1','ns.example']}"),
         "syntax: " WRONG "spec.dnsConfig.nameservers[1]: \"ns.example\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"number as an option's value", POD("'dnsConfig':{'options':[{'name':'ndots','value':5}]}"),
         "syntax: " WRONG "spec.dnsConfig.options[0].value: 5 is a number; quote it"},
        {"an option without a name", POD("'dnsConfig':{'options':[{'value':'1'}]}"),
         "syntax: " WRONG "spec.dnsConfig.options[0].name: missing; write the option's name"},
        {"null search", POD("'dnsConfig':{'searches':[null]}"),
         "syntax: " WRONG "spec.dnsConfig.searches[0]: missing; write a domain name"},
        {"too many", POD("'dnsConfig':{'searches':[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}"),
         "range: " WRONG "spec.dnsConfig.searches: these are 33; at most 32 can be"},
};

#define LEFT_OUT      "; this is left out"
#define MORE_LEFT_OUT "; this and more is left out"

static const struct describe_case lenient[] = {
        {"one of two addresses", STATUS("'podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.1'},{'ip':'x'}]"),
         DESIRED " 10.0.0.1 | " WRONG "status.podIPs[1].ip: \"x\" is not an IP address; write one as 10.244.0.7 or fd00::7" LEFT_OUT},
        {"the first, which podIP has too", STATUS("'podIP':'10.0.0.01','podIPs':[{'ip':7},{'ip':'fd00::1'}]"),
         DESIRED " fd00::1 10.0.0.1 | " WRONG "status.podIPs[0].ip: 7 is a number; quote it" LEFT_OUT},
        {"the first is null, which podIP has", STATUS("'podIP':'10.0.0.1','podIPs':[null,{'ip':'fd00::1'}]"), DESIRED " fd00::1 10.0.0.1"},
        {"the list", STATUS("'podIP':'10.0.0.1','podIPs':'x'"),
         DESIRED " 10.0.0.1 | " WRONG "status.podIPs: \"x\" is a string; write a list" LEFT_OUT},
        {"more than two", STATUS("'podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.1'},{'ip':'fd00::1'},{'ip':'10.0.0.2'}]"),
         DESIRED " 10.0.0.1 fd00::1 | " WRONG "status.podIPs: these are 3; at most 2 can be" LEFT_OUT},
        {"a condition before the one that counts", STATUS("'phase':'Running','conditions':[7,{'type':8},{'type':'Ready','status':'True'}]"),
         "Pod default/web-0 Running ready | " WRONG "status.conditions[0]: 7 is a number; write a mapping" MORE_LEFT_OUT},
        {"a phase that is new", STATUS("'phase':'Hibernating'"),
         "Pod default/web-0 Pending | " WRONG
         "status.phase: \"Hibernating\" is unknown; write Unknown, Pending, Running, Succeeded or Failed" LEFT_OUT},
        {"hostname and subdomain", POD("'hostname':'a.b','subdomain':7,'containers':[{'ports':[{'name':'web','containerPort':1}]}]"),
         DESIRED " web:1/TCP | " WRONG
                 "spec.hostname: \"a.b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last" MORE_LEFT_OUT},
        {"ports",
         PORTS("{'name':'a','containerPort':0},7,{'name':'B','containerPort':1},{'name':'c','containerPort':2,'protocol':'QUIC'},"
               "{'name':'d','containerPort':3,'protocol':'udp'}"),
         DESIRED " d:3/UDP | " WRONG
                 "spec.containers[0].ports[0].containerPort: 0 is not a port; write 1 to 65535; this and more is left out"},
        {"who owns it", META("'ownerReferences':[{'controller':true,'kind':'StatefulSet','name':7}]"),
         DESIRED " | " WRONG "metadata.ownerReferences[0].name: 7 is a number; quote it" LEFT_OUT},
        {"of its DNS, what is wrong",
         POD("'dnsPolicy':'Mine','dnsConfig':{'nameservers':['ns','192.0.2.1'],'searches':[7,'a'],'options':[{},{'name':'x'}]}"),
         DESIRED
         " dns( nameserver=192.0.2.1 search=a option=x) | " WRONG
         "spec.dnsPolicy: \"Mine\" is unknown; write ClusterFirst, ClusterFirstWithHostNet, Default or None; this and more is left out"},
};

static void test_lenient(void **state)
{
	(void)state;
	check_lenient_cases(lenient, sizeof lenient / sizeof *lenient);
}

static void test_status(void **state)
{
	(void)state;
	check_cases(statuses, sizeof statuses / sizeof *statuses);
}

static void test_spec(void **state)
{
	(void)state;
	check_cases(specs, sizeof specs / sizeof *specs);
}

static void test_owner(void **state)
{
	(void)state;
	check_cases(owners, sizeof owners / sizeof *owners);
}

static void test_dns(void **state)
{
	(void)state;
	check_cases(dns, sizeof dns / sizeof *dns);
}

/* What 150,000 Pods have in common is there once. */
static void test_pods_share(void **state)
{
	static const char *const json[] = {
	        "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a','labels':{'app':'x','tier':'y'}},"
	        "'spec':{'subdomain':'s','containers':[{'ports':[{'name':'web','containerPort':80}]}]}}",
	        "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'b','labels':{'tier':'y','app':'x'}},"
	        "'spec':{'subdomain':'s','containers':[{'ports':[{'containerPort':1}]},{'ports':[{'name':'web','containerPort':80}]}]}}",
	};
	struct intern *pool = intern_new();
	struct object *o[2];
	const struct pod *a, *b;
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cJSON *tree = parse_json(json[i]);
		assert_int_equal(object_decode(tree, OBJECT_STRICT, pool, &o[i], NULL), OK);
		cJSON_Delete(tree);
	}
	a = (const struct pod *)o[0];
	b = (const struct pod *)o[1];
	assert_ptr_equal(a->object.ns, b->object.ns);
	assert_ptr_equal(a->object.labels, b->object.labels);
	assert_ptr_equal(a->subdomain, b->subdomain);
	assert_ptr_equal(a->ports, b->ports);
	object_free(o[0], pool);
	assert_string_equal(b->ports->ports[0].name, "web");
	object_free(o[1], pool);
	intern_free(pool);
	rcu_free_all();
}

static void test_allocation_failures(void **state)
{
	(void)state;
	check_allocation_failures(
	        POD("'hostname':'web-0','subdomain':'nginx','containers':[{'ports':[{'name':'a','containerPort':1},{'name':'b',"
	            "'containerPort':2},{'name':'c','containerPort':3},{'name':'d','containerPort':4},{'name':'e','containerPort':5}]}],"
	            "'dnsPolicy':'None','dnsConfig':{'nameservers':['192.0.2.1'],'searches':['a','b'],'options':[{'name':'x'},"
	            "{'name':'ndots','value':'2'}]}"));
	check_allocation_failures(STATUS("'phase':'Running','podIPs':[{'ip':'10.0.0.1'},{'ip':'fd00::1'}]"));
	check_allocation_failures(STATUS("'podIP':'10.0.0.1'"));
	check_allocation_failures(POD("'hostNetwork':true,'nodeName':'n1','dnsPolicy':'None'"));
	check_allocation_failures(POD("'hostAliases':[{'ip':'10.0.0.1','hostnames':['a','b']},{'ip':'10.0.0.2'}],'hostnameOverride':'c'"));
	check_allocation_failures(META("'ownerReferences':[{'controller':true,'kind':'ReplicaSet','name':'x'}]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_status),  cmocka_unit_test(test_spec),       cmocka_unit_test(test_owner),
	        cmocka_unit_test(test_dns),     cmocka_unit_test(test_pods_share), cmocka_unit_test(test_allocation_failures),
	        cmocka_unit_test(test_lenient),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
