#include "describe.h"
#include "unit.h"

#define SERVICE(spec) "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx'},'spec':{" spec "}}"
#define PORT(port)    SERVICE("'ports':[{" port "}]")
#define WRONG         "Service default/nginx: spec."

static const struct describe_case addresses[] = {
        {"no spec", "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx'}}", "Service default/nginx"},
        {"to be given one", SERVICE("'clusterIP':''"), "Service default/nginx"},
        {"headless", SERVICE("'clusterIP':'None','selector':{'app':'nginx'}"), "Service default/nginx headless selector{app=nginx}"},
        {"headless, as observed", SERVICE("'clusterIP':'None','clusterIPs':['None'],'ipFamilies':['IPv4','IPv6']"),
         "Service default/nginx headless IPv4 IPv6"},
        {"headless by the list alone", SERVICE("'clusterIPs':['None']"), "Service default/nginx headless"},
        {"one", SERVICE("'clusterIP':'10.0.0.10'"), "Service default/nginx 10.0.0.10"},
        {"dual stack", SERVICE("'type':'NodePort','clusterIP':'10.0.0.10','clusterIPs':['10.0.0.10','FD00::A']"),
         "Service default/nginx 10.0.0.10 fd00::a"},
        {"empty list", SERVICE("'clusterIP':'fd00::1','clusterIPs':[]"), "Service default/nginx fd00::1"},
        {"IPv6 first", SERVICE("'type':'LoadBalancer','ipFamilies':['IPv6']"), "Service default/nginx IPv6"},
        {"no address", SERVICE("'clusterIP':'10.0.0.256'"),
         "syntax: " WRONG "clusterIP: \"10.0.0.256\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"both by the policy", SERVICE("'ipFamilyPolicy':'PreferDualStack'"), "Service default/nginx IPv4 IPv6"},
        {"required", SERVICE("'ipFamilyPolicy':'RequireDualStack','ipFamilies':['IPv6']"), "Service default/nginx IPv4 IPv6"},
        {"headless by the policy", SERVICE("'clusterIP':'None','ipFamilyPolicy':'PreferDualStack'"),
         "Service default/nginx headless IPv4 IPv6"},
        {"one of the cluster's, which had no other",
         SERVICE("'clusterIP':'10.1.1.1','clusterIPs':['10.1.1.1'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'PreferDualStack'"),
         "Service default/nginx 10.1.1.1 IPv4"},
        {"one by the policy", SERVICE("'ipFamilyPolicy':'SingleStack'"), "Service default/nginx"},
        {"unknown policy", SERVICE("'ipFamilyPolicy':'DualStack'"),
         "syntax: " WRONG "ipFamilyPolicy: \"DualStack\" is unknown; write SingleStack, PreferDualStack or RequireDualStack"},
        {"the list differs", SERVICE("'clusterIP':'10.0.0.1','clusterIPs':['10.0.0.2']"),
         "syntax: " WRONG "clusterIP: \"10.0.0.1\" is not the first of clusterIPs; write it first there, or leave one of the two out"},
        {"None and another", SERVICE("'clusterIPs':['None','10.0.0.1']"),
         "syntax: " WRONG "clusterIPs[1]: None stands alone; remove the other address"},
        {"None misspelt", SERVICE("'clusterIP':'none'"),
         "syntax: " WRONG "clusterIP: \"none\" is not an IP address; a headless Service has None, spelt so"},
        {"None misspelt in the list", SERVICE("'clusterIPs':['NONE']"),
         "syntax: " WRONG "clusterIPs[0]: \"NONE\" is not an IP address; a headless Service has None, spelt so"},
        {"an address and None", SERVICE("'clusterIPs':['10.0.0.1','None']"),
         "syntax: " WRONG "clusterIPs[1]: \"None\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"twice a family", SERVICE("'clusterIPs':['10.0.0.1','10.0.0.2']"),
         "syntax: " WRONG "clusterIPs[1]: a second address must be of the other family"},
        {"three", SERVICE("'clusterIPs':['10.0.0.1','fd00::1','fd00::2']"),
         "range: " WRONG "clusterIPs[2]: a Service has at most two addresses, one IPv4 and one IPv6"},
        {"no list", SERVICE("'clusterIPs':'10.0.0.1'"), "syntax: " WRONG "clusterIPs: \"10.0.0.1\" is a string; write a list"},
        {"unknown family", SERVICE("'ipFamilies':['ipv4']"), "syntax: " WRONG "ipFamilies[0]: \"ipv4\" is unknown; write IPv4 or IPv6"},
        {"unknown type", SERVICE("'type':'Headless'"),
         "syntax: " WRONG "type: \"Headless\" is unknown; write ClusterIP, NodePort, LoadBalancer or ExternalName"},
};

#define AFFINITY(config) SERVICE("'sessionAffinity':'ClientIP','sessionAffinityConfig':" config)

static const struct describe_case affinities[] = {
        {"none", SERVICE("'sessionAffinity':'None'"), "Service default/nginx"},
        {"the API's default", SERVICE("'sessionAffinity':'ClientIP'"), "Service default/nginx affinity 10800s"},
        {"so long", AFFINITY("{'clientIP':{'timeoutSeconds':60}}"), "Service default/nginx affinity 60s"},
        {"a config without the word", SERVICE("'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':60}}"), "Service default/nginx"},
        /* no name hangs on it, so nothing about it can be wrong */
        {"an unknown word", SERVICE("'sessionAffinity':'Cookie'"), "Service default/nginx"},
        {"a wrong type", SERVICE("'sessionAffinity':{}"), "Service default/nginx"},
        {"a config of a wrong type", AFFINITY("'x'"), "Service default/nginx affinity 10800s"},
        {"a time of a wrong type", AFFINITY("{'clientIP':{'timeoutSeconds':'60'}}"), "Service default/nginx affinity 10800s"},
        {"no time", AFFINITY("{'clientIP':{'timeoutSeconds':0}}"), "Service default/nginx affinity 10800s"},
        {"a time beyond the API's bound", AFFINITY("{'clientIP':{'timeoutSeconds':86401}}"), "Service default/nginx affinity 10800s"},
};

#define BALANCED(spec, ingress)                                                                                                            \
	"{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx'},'spec':{" spec "},'status':{'loadBalancer':{'ingress':[" ingress  \
	"]}}}"

static const struct describe_case outside[] = {
        {"addresses", SERVICE("'externalIPs':['192.0.2.1','2001:DB8::1']"), "Service default/nginx outside 192.0.2.1 2001:db8::1"},
        {"and a load balancer's", BALANCED("'externalIPs':['192.0.2.1']", "{'ip':'192.0.2.2','hostname':'a'},{'ip':'192.0.2.3'}"),
         "Service default/nginx outside 192.0.2.1 192.0.2.2 192.0.2.3"},
        {"a host name", BALANCED("", "{'hostname':'lb.example.com'},{'hostname':'b'}"), "Service default/nginx outside lb.example.com"},
        {"both", BALANCED("", "{'ip':'','hostname':'lb.example.com'},{'ip':'192.0.2.2'}"),
         "Service default/nginx outside 192.0.2.2 outside lb.example.com"},
        {"what is no address is a host", SERVICE("'externalIPs':['a.example','192.0.2.1']"),
         "Service default/nginx outside 192.0.2.1 outside a.example"},
        {"none yet", BALANCED("", ""), "Service default/nginx"},
        {"no list", SERVICE("'externalIPs':'192.0.2.1'"), "syntax: " WRONG "externalIPs: \"192.0.2.1\" is a string; write a list"},
};

static const struct describe_case external[] = {
        {"case and underscores stay", SERVICE("'type':'ExternalName','externalName':'_my.DB.example.com.'"),
         "Service default/nginx -> _my.DB.example.com."},
        {"an address is no name, but no error", SERVICE("'type':'ExternalName','externalName':'192.0.2.1'"),
         "Service default/nginx -> 192.0.2.1"},
        {"IPv6 too", SERVICE("'type':'ExternalName','externalName':'2001:db8::1'"), "Service default/nginx -> 2001:db8::1"},
        {"no address of its own", SERVICE("'type':'ExternalName','externalName':'a','clusterIP':'10.0.0.1'"), "Service default/nginx -> a"},
        {"a target without the type", SERVICE("'externalName':'a.example'"), "Service default/nginx"},
        {"no target", SERVICE("'type':'ExternalName'"),
         "syntax: " WRONG "externalName: missing; write the name that this Service stands for"},
        {"empty label", SERVICE("'type':'ExternalName','externalName':'a..b'"),
         "syntax: " WRONG
         "externalName: \"a..b\" is not a DNS name; write labels of at most 63 letters, digits, '-' and '_', with dots between"},
        {"a dot alone", SERVICE("'type':'ExternalName','externalName':'.'"),
         "syntax: " WRONG
         "externalName: \".\" is not a DNS name; write labels of at most 63 letters, digits, '-' and '_', with dots between"},
        {"white space", SERVICE("'type':'ExternalName','externalName':'a b'"),
         "syntax: " WRONG
         "externalName: \"a b\" is not a DNS name; write labels of at most 63 letters, digits, '-' and '_', with dots between"},
        {"a label of 64",
         SERVICE("'type':'ExternalName','externalName':'a.0123456789012345678901234567890123456789012345678901234567890123'"),
         "syntax: " WRONG
         "externalName: \"a.01234567890123456789012345678901234567\" is not a DNS name; write labels of at most 63 letters, digits, '-' "
         "and '_', with dots between"},
};

static const struct describe_case ports[] = {
        {"defaults", PORT("'port':80"), "Service default/nginx :80>80/TCP"},
        {"all of it", PORT("'name':'dns','port':53,'protocol':'UDP','targetPort':1053"), "Service default/nginx dns:53>1053/UDP"},
        {"what it speaks", PORT("'port':80,'appProtocol':'kubernetes.io/h2c'"), "Service default/nginx :80(kubernetes.io/h2c)>80/TCP"},
        {"named target", PORT("'port':80,'targetPort':'web-8080'"), "Service default/nginx :80>web-8080/TCP"},
        {"number as a string", PORT("'port':80,'targetPort':'8080'"), "Service default/nginx :80>8080/TCP"},
        {"target unset", PORT("'port':80,'targetPort':0"), "Service default/nginx :80>80/TCP"},
        {"target empty", PORT("'port':80,'targetPort':''"), "Service default/nginx :80>80/TCP"},
        {"one number, two protocols", SERVICE("'ports':[{'name':'dns','port':53,'protocol':'UDP'},{'name':'dns-tcp','port':53}]"),
         "Service default/nginx dns:53>53/UDP dns-tcp:53>53/TCP"},
        {"null list", SERVICE("'ports':null"), "Service default/nginx"},
        {"empty list", SERVICE("'ports':[]"), "Service default/nginx"},
        {"highest", PORT("'port':65535,'protocol':'SCTP'"), "Service default/nginx :65535>65535/SCTP"},
        {"too high", PORT("'port':70000"), "range: " WRONG "ports[0].port: 70000 is not a port; write 1 to 65535"},
        {"zero", PORT("'port':0"), "range: " WRONG "ports[0].port: 0 is not a port; write 1 to 65535"},
        {"negative", PORT("'port':-80"), "range: " WRONG "ports[0].port: -80 is not a port; write 1 to 65535"},
        {"fraction", PORT("'port':80.5"), "range: " WRONG "ports[0].port: 80.5 is not a port; write 1 to 65535"},
        {"huge", PORT("'port':1e400"), "range: " WRONG "ports[0].port: inf is not a port; write 1 to 65535"},
        {"string", PORT("'port':'80'"), "syntax: " WRONG "ports[0].port: \"80\" is a string; write a number"},
        {"none", PORT("'name':'web'"), "syntax: " WRONG "ports[0].port: missing; write a port, 1 to 65535"},
        {"null item", SERVICE("'ports':[null]"), "syntax: " WRONG "ports[0].port: missing; write a port, 1 to 65535"},
        {"no mapping", SERVICE("'ports':[80]"), "syntax: " WRONG "ports[0]: 80 is a number; write a mapping"},
        {"a mapping for the list", SERVICE("'ports':{'port':80}"), "syntax: " WRONG "ports: this is a mapping; write a list"},
        {"lower-case protocol", PORT("'port':80,'protocol':'tcp'"),
         "syntax: " WRONG "ports[0].protocol: \"tcp\" is unknown; write TCP, UDP or SCTP"},
        {"target too high", PORT("'port':80,'targetPort':65536"),
         "range: " WRONG "ports[0].targetPort: 65536 is not a port; write 1 to 65535"},
        {"target string too high", PORT("'port':80,'targetPort':'99999999999999999999'"),
         "range: " WRONG "ports[0].targetPort: \"99999999999999999999\" is not a port; write 1 to 65535"},
        {"target of another type", PORT("'port':80,'targetPort':true"),
         "syntax: " WRONG "ports[0].targetPort: true is a boolean; quote it"},
        {"target not a port name", PORT("'port':80,'targetPort':'Web'"),
         "syntax: " WRONG "ports[0].targetPort: \"Web\" is not a port name; write a-z, 0-9 and single '-', at least one letter"},
        {"target with two hyphens", PORT("'port':80,'targetPort':'we--b'"),
         "syntax: " WRONG "ports[0].targetPort: \"we--b\" is not a port name; write a-z, 0-9 and single '-', at least one letter"},
        {"target with digits and hyphens alone", PORT("'port':80,'targetPort':'8-0'"),
         "syntax: " WRONG "ports[0].targetPort: \"8-0\" is not a port name; write a-z, 0-9 and single '-', at least one letter"},
        {"target name of 16 octets", PORT("'port':80,'targetPort':'abcdefghijklmnop'"),
         "range: " WRONG "ports[0].targetPort: \"abcdefghijklmnop...\" has 16 octets; at most 15 can be"},
        {"two of a name", SERVICE("'ports':[{'name':'web','port':80},{'name':'x','port':1},{'name':'web','port':81}]"),
         "syntax: " WRONG "ports[2]: name \"web\" is taken by spec.ports[0]; give each of several ports a name"},
        {"two unnamed", SERVICE("'ports':[{'port':80},{'port':81}]"),
         "syntax: " WRONG "ports[1]: name \"\" is taken by spec.ports[0]; give each of several ports a name"},
        {"two of a number", SERVICE("'ports':[{'name':'a','port':80},{'name':'b','port':80}]"),
         "syntax: " WRONG "ports[1]: port 80 is spec.ports[0] already; remove one"},
};

static const struct describe_case the_rest[] = {
        {"empty selector", SERVICE("'selector':{}"), "Service default/nginx"},
        {"selector is sorted", SERVICE("'selector':{'b':'2','a':'1'}"), "Service default/nginx selector{a=1,b=2}"},
        {"selector of a wrong type", SERVICE("'selector':{'app':8}"), "syntax: " WRONG "selector.app: 8 is a number; quote it"},
        {"publish", SERVICE("'publishNotReadyAddresses':true"), "Service default/nginx publish"},
        {"publish as a string", SERVICE("'publishNotReadyAddresses':'true'"),
         "syntax: " WRONG "publishNotReadyAddresses: \"true\" is a string; write true or false"},
        {"publish by the old annotation",
         "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx','annotations':{'service.alpha.kubernetes.io/"
         "tolerate-unready-endpoints':'true'}"
         "}}",
         "Service default/nginx publish"},
        {"the old annotation says no",
         "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx','annotations':{'service.alpha.kubernetes.io/"
         "tolerate-unready-endpoints':"
         "'false'}}}",
         "Service default/nginx"},
        {"spec of a wrong type", "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx'},'spec':true}",
         "syntax: Service default/nginx: spec: true is a boolean; write a mapping"},
};

#define IMPORT(spec)                                                                                                                       \
	"{'apiVersion':'multicluster.x-k8s.io/v1alpha1','kind':'ServiceImport','metadata':{'name':'db','namespace':'prod'},'spec':{" spec  \
	"}}"

static const struct describe_case imports[] = {
        {"with an address", IMPORT("'type':'ClusterSetIP','ips':['10.7.0.1'],'ports':[{'name':'sql','protocol':'TCP','port':5432}]"),
         "ServiceImport prod/db 10.7.0.1 sql:5432>5432/TCP"},
        {"with two", IMPORT("'type':'ClusterSetIP','ips':['10.7.0.1','fd00::1']"), "ServiceImport prod/db 10.7.0.1 fd00::1"},
        {"without one yet", IMPORT("'type':'ClusterSetIP'"), "ServiceImport prod/db"},
        {"headless", IMPORT("'type':'Headless','ports':null"), "ServiceImport prod/db headless"},
        {"headless has no address", IMPORT("'type':'Headless','ips':['10.7.0.1']"), "ServiceImport prod/db headless"},
        {"in the later version",
         "{'apiVersion':'multicluster.x-k8s.io/v1beta1','kind':'ServiceImport','metadata':{'name':'db'},'spec':{'ips':['10.7.0.1']}}",
         "ServiceImport default/db 10.7.0.1"},
        {"no address", IMPORT("'ips':['db.example','10.7.0.01']"),
         "ServiceImport prod/db 10.7.0.1 | ServiceImport prod/db: spec.ips[0]: \"db.example\" is not an IP address; write one as "
         "10.244.0.7 "
         "or fd00::7; this is left out"},
        {"a protocol in another case", IMPORT("'ports':[{'name':'sql','protocol':'tcp','port':5432},{'port':53,'protocol':'Udp'}]"),
         "ServiceImport prod/db sql:5432>5432/TCP :53>53/UDP"},
        {"one name for two protocols", IMPORT("'ports':[{'name':'dns','port':53},{'name':'dns','port':53,'protocol':'UDP'}]"),
         "ServiceImport prod/db dns:53>53/TCP dns:53>53/UDP"},
        {"no port, no protocol, no name",
         IMPORT("'ports':[{'port':0},{'port':1,'protocol':'QUIC'},{'port':2,'name':'A.b'},{'name':'sql','port':3}]"),
         "ServiceImport prod/db sql:3>3/TCP | ServiceImport prod/db: spec.ports[0].port: 0 is not a port; write 1 to 65535; this and more "
         "is left out"},
        {"no list, which the definition has checked", IMPORT("'ports':{}"),
         "syntax: ServiceImport prod/db: spec.ports: this is a mapping; write a list"},
        {"another type", IMPORT("'type':'ExternalName'"),
         "syntax: ServiceImport prod/db: spec.type: \"ExternalName\" is unknown; write ClusterSetIP or Headless"},
};

#define LEFT_OUT      "; this is left out"
#define MORE_LEFT_OUT "; this and more is left out"

static const struct describe_case lenient[] = {
        {"a first address that the other field has", SERVICE("'clusterIP':'10.0.0.1','clusterIPs':['x','fd00::1']"),
         "Service default/nginx 10.0.0.1 fd00::1 | " WRONG
         "clusterIP: \"10.0.0.1\" is not the first of clusterIPs; write it first there, or "
         "leave one of the two out" MORE_LEFT_OUT},
        {"the other way round", SERVICE("'clusterIP':7,'clusterIPs':['10.0.0.1','fd00::1']"),
         "Service default/nginx 10.0.0.1 fd00::1 | " WRONG "clusterIP: 7 is a number; quote it" LEFT_OUT},
        {"headless by the one", SERVICE("'clusterIP':'None','clusterIPs':{}"),
         "Service default/nginx headless | " WRONG "clusterIPs: this is a mapping; write a list" LEFT_OUT},
        {"headless by the other", SERVICE("'clusterIP':[],'clusterIPs':['None']"),
         "Service default/nginx headless | " WRONG "clusterIP: this is a list; write a string" LEFT_OUT},
        {"an address too many", SERVICE("'clusterIPs':['10.0.0.1','fd00::1','fd00::2']"),
         "Service default/nginx 10.0.0.1 fd00::1 | " WRONG
         "clusterIPs[2]: a Service has at most two addresses, one IPv4 and one IPv6" LEFT_OUT},
        {"type, family, publish", SERVICE("'type':'Mesh','ipFamilies':['IPv6','IPX'],'publishNotReadyAddresses':'true'"),
         "Service default/nginx IPv6 | " WRONG
         "type: \"Mesh\" is unknown; write ClusterIP, NodePort, LoadBalancer or ExternalName; this and more is left out"},
        {"all families", SERVICE("'ipFamilies':['IPX',4]"),
         "Service default/nginx | " WRONG "ipFamilies[0]: \"IPX\" is unknown; write IPv4 or IPv6" MORE_LEFT_OUT},
        {"of a selector, all", SERVICE("'selector':{'app':'nginx','tier':8}"),
         "Service default/nginx | " WRONG "selector.tier: 8 is a number; quote it" LEFT_OUT},
        {"of labels, one",
         "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx','labels':{'a':'b','c':8,'d e':'f'}},'spec':{'clusterIP':'None'}}",
         "Service default/nginx labels{a=b} headless | Service default/nginx: metadata.labels.c: 8 is a number; quote it" MORE_LEFT_OUT},
        {"ports without number, name or protocol",
         SERVICE("'ports':[{'name':'a'},{'name':7,'port':1},{'name':'c','port':2,'protocol':'QUIC'},5,{'name':'e','port':3,'protocol':'"
                 "sctp'}]"),
         "Service default/nginx e:3>3/SCTP | " WRONG "ports[0].port: missing; write a port, 1 to 65535; this and more is left out"},
        {"a target leads nowhere", SERVICE("'ports':[{'name':'a','port':1,'targetPort':70000},{'name':'b','port':2,'targetPort':'Web'}]"),
         "Service default/nginx a:1>0/TCP b:2>0/TCP | " WRONG "ports[0].targetPort: 70000 is not a port; write 1 to 65535" MORE_LEFT_OUT},
        {"what it speaks", PORT("'port':1,'appProtocol':7"),
         "Service default/nginx :1>1/TCP | " WRONG "ports[0].appProtocol: 7 is a number; quote it" LEFT_OUT},
        {"names and numbers that are taken",
         SERVICE("'ports':[{'name':'dns','port':53},{'name':'dns','port':53,'protocol':'UDP'},{'port':53}]"),
         "Service default/nginx dns:53>53/TCP dns:53>53/UDP :53>53/TCP"},
        {"the target of an ExternalName", SERVICE("'type':'externalname','externalName':'a..b','ports':[{'port':1}]"),
         "Service default/nginx :1>1/TCP | " WRONG
         "externalName: \"a..b\" is not a DNS name; write labels of at most 63 letters, digits, '-' and '_', with dots between" LEFT_OUT},
        {"external addresses", BALANCED("'externalIPs':[7,'192.0.2.01']", "5,{'ip':{},'hostname':'lb.example'}"),
         "Service default/nginx outside 192.0.2.1 outside lb.example | " WRONG
         "externalIPs[0]: 7 is a number; quote it; this and more is left out"},
        {"the spec", "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx'},'spec':true}",
         "Service default/nginx | Service default/nginx: spec: true is a boolean; write a mapping" LEFT_OUT},
        {"its namespace is not lost", "{'apiVersion':'v1','kind':'Service','metadata':{'name':'nginx','namespace':'A b'}}",
         "syntax: Service A b/nginx: metadata.namespace: \"A b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
};

static void test_lenient(void **state)
{
	(void)state;
	check_lenient_cases(lenient, sizeof lenient / sizeof *lenient);
}

static void test_imports(void **state)
{
	(void)state;
	check_cases(imports, sizeof imports / sizeof *imports);
}

static void test_addresses(void **state)
{
	(void)state;
	check_cases(addresses, sizeof addresses / sizeof *addresses);
}

static void test_affinity(void **state)
{
	(void)state;
	check_cases(affinities, sizeof affinities / sizeof *affinities);
}

static void test_outside(void **state)
{
	(void)state;
	check_cases(outside, sizeof outside / sizeof *outside);
}

static void test_external_name(void **state)
{
	(void)state;
	check_cases(external, sizeof external / sizeof *external);
}

static void test_ports(void **state)
{
	(void)state;
	check_cases(ports, sizeof ports / sizeof *ports);
}

static void test_the_rest(void **state)
{
	(void)state;
	check_cases(the_rest, sizeof the_rest / sizeof *the_rest);
}

static void test_allocation_failures(void **state)
{
	(void)state;
	check_allocation_failures(SERVICE("'clusterIP':'10.0.0.1','selector':{'app':'nginx','tier':'x'},'ports':[{'name':'a','port':80,'"
	                                  "targetPort':'web'},{'name':'b','port':81}]"));
	check_allocation_failures(SERVICE("'type':'ExternalName','externalName':'a.example'"));
	check_allocation_failures(
	        IMPORT("'ips':['x','10.7.0.1'],'ports':[{'port':0},{'name':'a','port':1},{'name':'a','port':1,'protocol':'udp'}]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lenient), cmocka_unit_test(test_imports),  cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_outside), cmocka_unit_test(test_affinity), cmocka_unit_test(test_external_name),
	        cmocka_unit_test(test_ports),   cmocka_unit_test(test_the_rest), cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
