#include "describe.h"
#include "unit.h"

#define SLICE(more) "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s'},'addressType':'IPv4'," more "}"
#define LABELS(labels)                                                                                                                     \
	"{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s','labels':{" labels "}},'addressType':'FQDN'}"
#define ENDPOINT(e)   SLICE("'endpoints':[{" e "}]")
#define SUBSETS(list) "{'apiVersion':'v1','kind':'Endpoints','metadata':{'name':'e'},'subsets':[" list "]}"
#define META(meta)    "{'apiVersion':'v1','kind':'Endpoints','metadata':{'name':'e'," meta "}}"
#define WRONG         "EndpointSlice default/s: "

static const struct describe_case slices[] = {
        {"empty", SLICE("'endpoints':null,'ports':null"), "EndpointSlice default/s of none [ ]"},
        {"of a Service", LABELS("'kubernetes.io/service-name':'nginx'"),
         "EndpointSlice default/s labels{kubernetes.io/service-name=nginx} of nginx"},
        {"of a ServiceImport", LABELS("'multicluster.kubernetes.io/service-name':'db','multicluster.kubernetes.io/source-cluster':'c-1'"),
         "EndpointSlice default/s labels{multicluster.kubernetes.io/service-name=db,multicluster.kubernetes.io/source-cluster=c-1} of none "
         "of import db of c-1"},
        {"of the controller", LABELS("'endpointslice.kubernetes.io/managed-by':'endpointslice-controller.k8s.io'"),
         "EndpointSlice default/s labels{endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io} of none controller's"},
        {"of somebody else", LABELS("'endpointslice.kubernetes.io/managed-by':'me'"),
         "EndpointSlice default/s labels{endpointslice.kubernetes.io/managed-by=me} of none"},
        {"ports", SLICE("'ports':[{'name':'web','port':80},{'port':53,'protocol':'UDP'},{'name':'any','port':null}]"),
         "EndpointSlice default/s of none [ web:80/TCP :53/UDP any:0/TCP ]"},
        {"ready where nothing is said", ENDPOINT("'addresses':['10.0.0.1','10.0.0.2'],'deprecatedTopology':{'a':1}"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1 10.0.0.2) ]"},
        {"ready where null", ENDPOINT("'addresses':['10.0.0.1'],'conditions':{'ready':null,'serving':false}"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ]"},
        {"not ready", ENDPOINT("'addresses':['10.0.0.1'],'conditions':{'ready':false}"),
         "EndpointSlice default/s of none [ (not-ready 10.0.0.1) ]"},
        {"a pod with a hostname", ENDPOINT("'addresses':['10.0.0.1'],'hostname':'web-0','targetRef':{'kind':'Pod','name':'web-0'}"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1 host web-0 pod web-0) ]"},
        {"where it runs", ENDPOINT("'addresses':['10.0.0.1'],'zone':'us-west-2a','nodeName':'n'"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1 zone us-west-2a) ]"},
        {"not a pod", ENDPOINT("'addresses':['10.0.0.1'],'targetRef':{'kind':'Node','name':'n'}"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1 pod n) ]"},
        {"not a pod, and no DNS name", ENDPOINT("'addresses':['10.0.0.1'],'targetRef':{'kind':'Machine','name':'No_1'}"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ] | EndpointSlice default/s: endpoints[0].targetRef.name: \"No_1\" is not a "
         "DNS "
         "name; write a-z, 0-9, '-' and '.', each part beginning and ending with a-z or 0-9; this is left out"},
        {"FQDN",
         "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s'},'addressType':'FQDN',"
         "'endpoints':[{'addresses':['a.example']}]}",
         "EndpointSlice default/s of none"},
        {"no addressType", "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s'}}",
         "syntax: " WRONG "addressType: missing; write IPv4, IPv6 or FQDN"},
        {"unknown addressType", "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s'},'addressType':'IP'}",
         "syntax: " WRONG "addressType: \"IP\" is unknown; write IPv4, IPv6 or FQDN"},
        {"of the other family", ENDPOINT("'addresses':['10.0.0.1','fd00::1']"),
         "syntax: " WRONG "endpoints[0].addresses[1]: this address is not of the slice's addressType; use a slice for each family"},
        {"no addresses", ENDPOINT("'hostname':'a'"), "syntax: " WRONG "endpoints[0].addresses: missing; write the endpoint's addresses"},
        {"not an address", ENDPOINT("'addresses':['a']"),
         "syntax: " WRONG "endpoints[0].addresses[0]: \"a\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"empty address", ENDPOINT("'addresses':['']"), "syntax: " WRONG "endpoints[0].addresses[0]: missing; write an IP address"},
        {"ready as a string", ENDPOINT("'addresses':['10.0.0.1'],'conditions':{'ready':'True'}"),
         "syntax: " WRONG "endpoints[0].conditions.ready: \"True\" is a string; write true or false"},
        {"hostname", ENDPOINT("'addresses':['10.0.0.1'],'hostname':'a_b'"),
         "syntax: " WRONG "endpoints[0].hostname: \"a_b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"protocol", SLICE("'ports':[{'port':1,'protocol':'tcp'}]"),
         "syntax: " WRONG "ports[0].protocol: \"tcp\" is unknown; write TCP, UDP or SCTP"},
};

static const struct describe_case endpoints[] = {
        {"empty", META("'labels':{}"), "Endpoints default/e of e"},
        {"subsets",
         SUBSETS("{'addresses':[{'ip':'10.0.0.1','hostname':'a','targetRef':{'kind':'Pod','name':'p'}},{'ip':'fd00::1'}],"
                 "'notReadyAddresses':[{'ip':'10.0.0.2'}],'ports':[{'name':'web','port':80}]},{'notReadyAddresses':[{'ip':'10.0.0.3'}]}"),
         "Endpoints default/e of e [ web:80/TCP (ready 10.0.0.1 host a pod p) (ready fd00::1) (not-ready 10.0.0.2) ] [ (not-ready "
         "10.0.0.3) ]"},
        {"skip-mirror", META("'labels':{'endpointslice.kubernetes.io/skip-mirror':'true'}"),
         "Endpoints default/e labels{endpointslice.kubernetes.io/skip-mirror=true} of e unmirrored"},
        {"not skipped", META("'labels':{'endpointslice.kubernetes.io/skip-mirror':'false'}"),
         "Endpoints default/e labels{endpointslice.kubernetes.io/skip-mirror=false} of e"},
        {"leader election", META("'annotations':{'control-plane.alpha.kubernetes.io/leader':'{}'}"), "Endpoints default/e of e unmirrored"},
        {"no address", SUBSETS("{'addresses':[{'ip':'10.0.0.1'},{}]}"),
         "syntax: Endpoints default/e: subsets[0].addresses[1].ip: missing; write an IP address"},
        {"not an address", SUBSETS("{},{'notReadyAddresses':[{'ip':'x'}]}"),
         "syntax: Endpoints default/e: subsets[1].notReadyAddresses[0].ip: \"x\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
};

/* What an API server takes, and what costs no more than itself where the rest counts. */
static const struct describe_case taken[] = {
        {"a number that is no port", SLICE("'ports':[{'name':'a','port':0},{'name':'b','port':80}]"),
         "EndpointSlice default/s of none [ b:80/TCP ] | " WRONG "ports[0].port: 0 is not a port; write 1 to 65535; this is left out"},
        {"leading zeros", ENDPOINT("'addresses':['010.0.0.08']"), "EndpointSlice default/s of none [ (ready 10.0.0.8) ]"},
        {"a target that is no name", ENDPOINT("'addresses':['10.0.0.1'],'targetRef':{'kind':'Pod','name':'A B'},'zone':'a b'"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ] | " WRONG
         "endpoints[0].zone: \"a b\" is not a label value; write letters, digits, '-', '_' and '.', beginning and ending with a letter or "
         "digit; this and more is left out"},
};

#define LEFT_OUT      "; this is left out"
#define MORE_LEFT_OUT "; this and more is left out"

static const struct describe_case lenient[] = {
        {"one address of an endpoint, and one of another family", ENDPOINT("'addresses':['10.0.0.x','10.0.0.2','fd00::1']"),
         "EndpointSlice default/s of none [ (ready 10.0.0.2) ] | " WRONG
         "endpoints[0].addresses[0]: \"10.0.0.x\" is not an IP address; write one as 10.244.0.7 or fd00::7" MORE_LEFT_OUT},
        {"endpoints without one",
         SLICE("'endpoints':[{},{'addresses':['x'],'hostname':'gone','zone':'z'},{'addresses':null},7,{'addresses':['10.0.0.1']}]"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ] | " WRONG
         "endpoints[0].addresses: missing; write the endpoint's addresses; this and more is left out"},
        {"a hostname", ENDPOINT("'addresses':['10.0.0.1'],'hostname':'a.b'"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ] | " WRONG
         "endpoints[0].hostname: \"a.b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last" LEFT_OUT},
        {"whether it is ready", ENDPOINT("'addresses':['10.0.0.1'],'conditions':{'ready':'False'}"),
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ] | " WRONG
         "endpoints[0].conditions.ready: \"False\" is a string; write true or false" LEFT_OUT},
        {"a port's protocol, another's name",
         SLICE("'ports':[{'name':'a','port':1,'protocol':'QUIC'},{'name':'A_','port':2},{'name':'c','port':3,'protocol':'udp'}]"),
         "EndpointSlice default/s of none [ c:3/UDP ] | " WRONG
         "ports[0].protocol: \"QUIC\" is unknown; write TCP, UDP or SCTP" MORE_LEFT_OUT},
        {"one name for two protocols", SLICE("'ports':[{'name':'dns','port':53},{'name':'dns','port':53,'protocol':'UDP'}]"),
         "EndpointSlice default/s of none [ dns:53/TCP dns:53/UDP ]"},
        {"the address type: addresses have their own",
         "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s'},'addressType':'IPX',"
         "'endpoints':[{'addresses':['10.0.0.1','fd00::1']}]}",
         "EndpointSlice default/s of none [ (ready 10.0.0.1 fd00::1) ] | " WRONG
         "addressType: \"IPX\" is unknown; write IPv4, IPv6 or FQDN" LEFT_OUT},
        {"no address type",
         "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s'},'endpoints':[{'addresses':['10.0.0.1']}]}",
         "EndpointSlice default/s of none [ (ready 10.0.0.1) ] | " WRONG "addressType: missing; write IPv4, IPv6 or FQDN" LEFT_OUT},
        {"all endpoints", SLICE("'endpoints':{},'ports':[{'port':1}]"),
         "EndpointSlice default/s of none [ :1/TCP ] | " WRONG "endpoints: this is a mapping; write a list" LEFT_OUT},
        {"of an Endpoints",
         SUBSETS("7,{'addresses':[{'ip':'10.0.0.1'},{'ip':7}],'notReadyAddresses':[null,{'ip':'10.0.0.2'}],"
                 "'ports':[{'port':70000},{'port':80}]}"),
         "Endpoints default/e of e [ ] [ :80/TCP (ready 10.0.0.1) (not-ready 10.0.0.2) ] | Endpoints default/e: subsets[0]: 7 is a number; "
         "write a mapping; this and more is left out"},
        {"its name is not lost", "{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':7}}",
         "syntax: EndpointSlice: metadata.name: 7 is a number; quote it"},
};

static void test_taken(void **state)
{
	(void)state;
	check_cases(taken, sizeof taken / sizeof *taken);
}

static void test_lenient(void **state)
{
	(void)state;
	check_lenient_cases(lenient, sizeof lenient / sizeof *lenient);
}

static void test_slices(void **state)
{
	(void)state;
	check_cases(slices, sizeof slices / sizeof *slices);
}

static void test_endpoints(void **state)
{
	(void)state;
	check_cases(endpoints, sizeof endpoints / sizeof *endpoints);
}

static void test_allocation_failures(void **state)
{
	(void)state;
	check_allocation_failures(
	        SLICE("'ports':[{'name':'web','port':80},{'port':1}],'endpoints':[{'addresses':['10.0.0.1'],'hostname':'a',"
	              "'targetRef':{'kind':'Pod','name':'p'}},{'addresses':['10.0.0.2']}]"));
	check_allocation_failures(LABELS("'kubernetes.io/service-name':'nginx'"));
	check_allocation_failures(SUBSETS(
	        "{'addresses':[{'ip':'10.0.0.1','hostname':'a'}],'ports':[{'port':80}]},{'notReadyAddresses':[{'ip':'10.0.0.2'}]}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_slices),
	        cmocka_unit_test(test_taken),
	        cmocka_unit_test(test_lenient),
	        cmocka_unit_test(test_endpoints),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
