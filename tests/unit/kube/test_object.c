#include "base/rcu.h"
#include "describe.h"
#include "kube/object_decode.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define SERVICE(meta) "{'apiVersion':'v1','kind':'Service','metadata':{" meta "}}"
#define OCTETS_50     "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static const struct describe_case kinds[] = {
        {"namespace", "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'prod','uid':'u-1'}}", "Namespace /prod"},
        {"node, a subdomain", "{'apiVersion':'v1','kind':'Node','metadata':{'name':'n1.example.com','labels':{'zone':'a'}}}",
         "Node /n1.example.com labels{kubernetes.io/hostname=n1.example.com,kubernetes.io/os=linux,zone=a}"},
        {"a cluster-scoped object has no namespace", "{'apiVersion':'v1','kind':'Node','metadata':{'name':'n1','namespace':'x'}}",
         "Node /n1 labels{kubernetes.io/hostname=n1,kubernetes.io/os=linux}"},
        {"a node's addresses: the first of each family that is its own",
         "{'apiVersion':'v1','kind':'Node','metadata':{'name':'n1','labels':{'kubernetes.io/os':'windows'}},'status':{'addresses':["
         "{'type':'Hostname','address':'n1'},{'type':'ExternalIP','address':'192.0.2.9'},{'type':'InternalIP','address':'192.0.2.1'},"
         "{'type':'InternalIP','address':'192.0.2.2'},{'type':'InternalIP','address':'fd00::1'}]}}",
         "Node /n1 labels{kubernetes.io/hostname=n1,kubernetes.io/os=windows} 192.0.2.1 fd00::1"},
        {"a node with addresses from outside alone",
         "{'apiVersion':'v1','kind':'Node','metadata':{'name':'n1'},'status':{'addresses':[{'type':'ExternalIP','address':'192.0.2.9'}]}}",
         "Node /n1 labels{kubernetes.io/hostname=n1,kubernetes.io/os=linux} 192.0.2.9"},
        {"a node's address that is none",
         "{'apiVersion':'v1','kind':'Node','metadata':{'name':'n1'},'status':{'addresses':[{'type':'InternalIP','address':'n1'}]}}",
         "syntax: Node n1: status.addresses[0].address: \"n1\" is not an IP address; write one as 10.244.0.7 or fd00::7"},
        {"another kind", "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'x'}}",
         "skipped: v1 ConfigMap is not a kind that names come from"},
        {"another version of ours", "{'apiVersion':'apps/v1beta1','kind':'StatefulSet'}",
         "skipped: apps/v1beta1 StatefulSet is not a kind that names come from"},
        {"ours in another group", "{'apiVersion':'serving.knative.dev/v1','kind':'Service'}",
         "skipped: serving.knative.dev/v1 Service is not a kind that names come from"},
        {"no object", "[1]", "syntax: object: this is a list; write a mapping"},
        {"null", "null", "syntax: object: apiVersion: missing; write one, as v1 or apps/v1"},
        {"no apiVersion", "{'kind':'Service'}", "syntax: object: apiVersion: missing; write one, as v1 or apps/v1"},
        {"no kind", "{'apiVersion':'v1','kind':''}", "syntax: object: kind: missing; write one, as Service or Pod"},
        {"kind of a wrong type", "{'apiVersion':1,'kind':'Pod'}", "syntax: object: apiVersion: 1 is a number; quote it"},
};

static const struct describe_case meta[] = {
        {"namespace defaults", SERVICE("'name':'nginx','namespace':null"), "Service default/nginx"},
        {"empty namespace defaults", SERVICE("'name':'nginx','namespace':''"), "Service default/nginx"},
        {"all of it", SERVICE("'name':'a','namespace':'b','uid':'c','labels':{'z':'1','app.kubernetes.io/name':'x_Y.z'},'more':[1]"),
         "Service b/a labels{app.kubernetes.io/name=x_Y.z,z=1}"},
        {"empty labels", SERVICE("'name':'a','labels':{}"), "Service default/a"},
        {"a null label is the empty one", SERVICE("'name':'a','labels':{'x':null}"), "Service default/a labels{x=}"},
        {"no metadata", "{'apiVersion':'v1','kind':'Pod'}", "syntax: Pod: metadata.name: missing; write the object's name"},
        {"no name", SERVICE("'generateName':'x-'"), "syntax: Service: metadata.name: missing; write the object's name"},
        {"name of a wrong type", SERVICE("'name':80"), "syntax: Service: metadata.name: 80 is a number; quote it"},
        {"metadata of a wrong type", "{'apiVersion':'v1','kind':'Service','metadata':'x'}",
         "syntax: Service: metadata: \"x\" is a string; write a mapping"},
        {"upper case", SERVICE("'name':'Nginx'"),
         "syntax: Service default/Nginx: metadata.name: \"Nginx\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"hyphen last", SERVICE("'name':'nginx-'"),
         "syntax: Service default/nginx-: metadata.name: \"nginx-\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"a dot in a Service's name", SERVICE("'name':'a.b'"),
         "syntax: Service default/a.b: metadata.name: \"a.b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"digits first", SERVICE("'name':'1-2-3-4'"), "Service default/1-2-3-4"},
        {"63 octets", SERVICE("'name':'" OCTETS_50 "abcdefghijklm'"), "Service default/" OCTETS_50 "abcdefghijklm"},
        {"64 octets", SERVICE("'name':'" OCTETS_50 "abcdefghijklmn'"),
         "range: Service default/" OCTETS_50
         "abcdefghijklmn: metadata.name: \"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd...\" has 64 octets; at most 63 can "
         "be"},
        {"namespace with a dot", SERVICE("'name':'a','namespace':'b.c'"),
         "syntax: Service b.c/a: metadata.namespace: \"b.c\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"a line can't be forged", SERVICE("'name':'a\\nb'"),
         "syntax: Service default/a\\x0ab: metadata.name: \"a\\x0ab\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        {"pod with a dot", "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a.b'}}", "Pod default/a.b Pending unobserved"},
        {"pod with an empty part", "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a..b'}}",
         "syntax: Pod default/a..b: metadata.name: \"a..b\" is not a DNS name; write a-z, 0-9, '-' and '.', each part beginning and ending "
         "with "
         "a-z or 0-9"},
};

static const struct describe_case labels[] = {
        {"a list", SERVICE("'name':'a','labels':['x']"), "syntax: Service default/a: metadata.labels: this is a list; write a mapping"},
        {"boolean", SERVICE("'name':'a','labels':{'app':true}"),
         "syntax: Service default/a: metadata.labels.app: true is a boolean; quote it"},
        {"number", SERVICE("'name':'a','labels':{'v':1.5}"), "syntax: Service default/a: metadata.labels.v: 1.5 is a number; quote it"},
        {"mapping", SERVICE("'name':'a','labels':{'v':{}}"),
         "syntax: Service default/a: metadata.labels.v: this is a mapping; write a string"},
        {"bad value", SERVICE("'name':'a','labels':{'v':'x y'}"),
         "syntax: Service default/a: metadata.labels.v: \"x y\" is not a label value; write letters, digits, '-', '_' and '.', beginning "
         "and ending "
         "with a letter or digit"},
        {"64 octets", SERVICE("'name':'a','labels':{'v':'" OCTETS_50 "abcdefghijklmn'}"),
         "range: Service default/a: metadata.labels.v: \"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd...\" has 64 octets; at most 63 can be"},
        {"prefix that is no DNS name", SERVICE("'name':'a','labels':{'K8s.io/x':'y'}"),
         "syntax: Service default/a: metadata.labels.K8s.io/x: \"K8s.io/x\" is not a label key; write at most 63 letters, digits, '-', '_' "
         "and '.', "
         "after a DNS name and '/' if it has a prefix"},
        {"nothing after the prefix", SERVICE("'name':'a','labels':{'k8s.io/':'y'}"),
         "syntax: Service default/a: metadata.labels.k8s.io/: \"k8s.io/\" is not a label key; write at most 63 letters, digits, '-', '_' "
         "and '.', "
         "after a DNS name and '/' if it has a prefix"},
        {"two slashes", SERVICE("'name':'a','labels':{'a/b/c':'y'}"),
         "syntax: Service default/a: metadata.labels.a/b/c: \"a/b/c\" is not a label key; write at most 63 letters, digits, '-', '_' and "
         "'.', "
         "after a DNS name and '/' if it has a prefix"},
};

static void test_kinds(void **state)
{
	(void)state;
	check_cases(kinds, sizeof kinds / sizeof *kinds);
}

static void test_meta(void **state)
{
	(void)state;
	check_cases(meta, sizeof meta / sizeof *meta);
}

static void test_labels(void **state)
{
	(void)state;
	check_cases(labels, sizeof labels / sizeof *labels);
}

/* Numbers everything that is not a number in the order of the text, as if each stood on a line of its own. */
static void number_lines(cJSON *json, int *next)
{
	if (!cJSON_IsNumber(json))
		json->valueint = (*next)++;
	for (cJSON *child = json->child; child; child = child->next)
		number_lines(child, next);
}

static void test_lines(void **state)
{
	static const struct {
		const char *what, *json;
		unsigned want;
	} cases[] = {
	        {"a wrong number has its parent's",
	         "{'apiVersion':'v1','kind':'Service','metadata':{'name':'a'},'spec':{'ports':[{'port':0}]}}", 8},
	        {"a string its own", "{'apiVersion':'v1','kind':'Service','metadata':{'name':'a','namespace':'B'}}", 6},
	        {"a boolean its own", "{'apiVersion':'v1','kind':'Service','metadata':{'name':'a','labels':{'x':'y','z':true}}}", 8},
	        {"what is missing, its parent's", "{'apiVersion':'v1','kind':'Service','metadata':{'uid':'a'}}", 4},
	};
	struct intern *pool = intern_new();
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cJSON *tree = parse_json(cases[i].json);
		struct diag d = {0};
		struct object *o;
		int next = 1;
		number_lines(tree, &next);
		assert_int_not_equal(object_decode(tree, OBJECT_STRICT, pool, &o, &d), OK);
		if (d.line != cases[i].want)
			fail_msg("%s: line %u: %s", cases[i].what, d.line, d.text);
		cJSON_Delete(tree);
	}
	intern_free(pool);
	rcu_free_all();
}

static void test_line_of_the_object(void **state)
{
	struct intern *pool = intern_new();
	cJSON *tree = parse_json(SERVICE("'name':'a'"));
	struct object *o;
	(void)state;
	assert_int_equal(object_decode(tree, OBJECT_STRICT, pool, &o, NULL), OK);
	assert_int_equal(o->line, 0);
	object_free(o, pool);
	tree->valueint = 17;
	assert_int_equal(object_decode(tree, OBJECT_STRICT, pool, &o, NULL), OK);
	assert_int_equal(o->line, 17);
	object_free(o, pool);
	cJSON_Delete(tree);
	intern_free(pool);
	rcu_free_all();
}

/* A tree of the API carries no lines: there, cJSON's valueint of a boolean is no line. */
static void test_no_lines_from_the_api(void **state)
{
	struct intern *pool = intern_new();
	cJSON *tree = parse_json(SERVICE("'name':'a','labels':{'x':true}"));
	struct diag d = {.line = 5};
	struct object *o;
	(void)state;
	assert_int_equal(object_decode(tree, OBJECT_STRICT, pool, &o, &d), ERR_SYNTAX);
	assert_int_equal(d.line, 0);
	assert_int_equal(object_decode(tree, OBJECT_STRICT, pool, &o, NULL), ERR_SYNTAX);
	cJSON_Delete(tree);
	intern_free(pool);
	rcu_free_all();
}

static void test_an_error_is_cut_not_lost(void **state)
{
	char json[2048];
	(void)state;
	snprintf(json, sizeof json, SERVICE("'name':'%0900d','labels':{'%0900d':true}"), 1, 1);
	assert_non_null(strstr(describe_json(json, OBJECT_STRICT), "has 900 octets; at most 63 can be"));
	snprintf(json, sizeof json, SERVICE("'name':'a','labels':{'%0900d':true}"), 1);
	assert_non_null(strstr(describe_json(json, OBJECT_STRICT), "true is a boolean"));
	assert_non_null(strstr(describe_json(json, OBJECT_LENIENT), "true is a boolean; quote it; this is left out"));
}

static void test_free_takes_null(void **state)
{
	(void)state;
	object_free(NULL, NULL);
}

static void test_allocation_failures(void **state)
{
	(void)state;
	check_allocation_failures(SERVICE("'name':'a','namespace':'b','uid':'c','labels':{'x':'y','z':'y'}"));
	check_allocation_failures("{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'prod','labels':{'x':'y'}}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_kinds),
	        cmocka_unit_test(test_meta),
	        cmocka_unit_test(test_labels),
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_line_of_the_object),
	        cmocka_unit_test(test_no_lines_from_the_api),
	        cmocka_unit_test(test_an_error_is_cut_not_lost),
	        cmocka_unit_test(test_free_takes_null),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
