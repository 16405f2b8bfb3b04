#include "base/rcu.h"
#include "fail_alloc.h"
#include "manifest_log.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS(name)        "apiVersion: v1\nkind: Namespace\nmetadata: {name: " name "}\n"
#define NS_JSON(name)   "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"" name "\"}}"
#define ITEM_JSON(name) "{\"metadata\":{\"name\":\"" name "\"}}"
#define BAD_SERVICE     "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {clusterIP: None,\n  type: Mesh}\n"
#define BAD_SERVICE_JSON                                                                                                                   \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"bad\"},\n\"spec\":{\"clusterIP\":\"None\",\"type\":"         \
	"\"Mesh\"}}"
#define BAD_SERVICE_TEXT "Service default/bad: spec.type: \"Mesh\" is unknown; write ClusterIP, NodePort, LoadBalancer or ExternalName"

#define IMPORT_YAML "apiVersion: multicluster.x-k8s.io/v1beta1\nkind: ServiceImport\nmetadata: {name: i}\nspec:\n  ports: [{port: "

#define TEMPLATE "warning: a: it has {{: if it is a template of a Helm chart: helm template --no-hooks CHART | headns serve -\n"

struct text_case {
	const char *what, *text, *want, *want_lenient; /* NULL: the same */
};

static const struct text_case yaml[] = {
        {"nothing", "", "", NULL},
        {"empty documents", "---\n---\n# none\n...\n", "", NULL},
        {"documents", NS("a") "---\n" NS("b"), "Namespace /a\nNamespace /b\n", NULL},
        {"another kind is left out", "apiVersion: v1\nkind: ConfigMap\n---\n" NS("a"), "Namespace /a\n", NULL},
        {"a list", "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\nkind: List\n", "Namespace /a\n",
         NULL},
        {"a list in a list",
         "kind: List\nitems:\n- kind: NamespaceList\n  apiVersion: v1\n  items:\n  - metadata: {name: a}\n  - metadata: {name: b}\n",
         "Namespace /a\nNamespace /b\n", NULL},
        {"a typed list, kind last", "items:\n- metadata: {name: a}\n- metadata: {name: b}\nkind: NamespaceList\napiVersion: v1\n",
         "Namespace /a\nNamespace /b\n", NULL},
        {"an empty list", "kind: List\nitems: []\n", "", NULL},
        {"a list without items", "apiVersion: v1\nkind: List\n", "", NULL},
        {"items of a kind that is no list", "items:\n- a: 1\nkind: Menu\napiVersion: example.com/v1\n", "", NULL},
        {"a list without kind", "a: 1\n---\nitems:\n- a: 1\n",
         "error: a:1: object: apiVersion: missing; write one, as v1 or apps/v1\nerror: a:3: a list without kind; write kind: List\n",
         "warning: a:1: object: apiVersion: missing; write one, as v1 or apps/v1\nwarning: a:3: a list without kind; write kind: List\n"},
        {"a scalar", "hello\n", "error: a:1: object: \"hello\" is a string; write a mapping\n",
         "warning: a:1: object: \"hello\" is a string; write a mapping\n"},
        {"wrong after right", NS("a") "---\n" BAD_SERVICE "---\n" NS("b"), "error: a:9: " BAD_SERVICE_TEXT "\n",
         "warning: a:9: " BAD_SERVICE_TEXT "; this is left out\nNamespace /a\nService default/bad headless\nNamespace /b\n"},
        {"nobody is to blame for what an API server takes", IMPORT_YAML "0, protocol: TCP}, {port: 1, protocol: tcp}]\n",
         "warning: a:5: ServiceImport default/i: spec.ports[0].port: 0 is not a port; write 1 to 65535; this is left out\n"
         "ServiceImport default/i :1>1/TCP\n",
         NULL},
        {"wrong item", "kind: List\nitems:\n- 1\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n",
         "error: a:1: object: 1 is a number; write a mapping\n", "warning: a:1: object: 1 is a number; write a mapping\nNamespace /a\n"},
        {"the text breaks off", NS("a") "---\nb: [\n",
         "error: a:6: not YAML: did not find expected node content while parsing a flow node that starts at line 6\n",
         "warning: a:6: not YAML: did not find expected node content while parsing a flow node that starts at line 6\nNamespace /a\n"},
        {"a tab", NS("a") "---\nb:\n\tc: d\n", "error: a:6: not YAML: a line is indented by a tab; write blanks\n",
         "warning: a:6: not YAML: a line is indented by a tab; write blanks\nNamespace /a\n"},
        {"what begins no value", NS("a") "---\nb: @c\n", "error: a:5: not YAML: no value begins with '@'; put it in quotes\n",
         "warning: a:5: not YAML: no value begins with '@'; put it in quotes\nNamespace /a\n"},
        {"all that is wrong is named, and what is right goes on", NS("a") "---\na: [\n---\n" BAD_SERVICE "---\nb: ]\n---\n" NS("b"),
         "error: a:6: not YAML: did not find expected node content while parsing a flow node that starts at line 6\n"
         "error: a:11: " BAD_SERVICE_TEXT "\n"
         "error: a:13: not YAML: did not find expected node content while parsing a block node that starts at line 13\n",
         "warning: a:6: not YAML: did not find expected node content while parsing a flow node that starts at line 6\n"
         "warning: a:11: " BAD_SERVICE_TEXT "; this is left out\n"
         "warning: a:13: not YAML: did not find expected node content while parsing a block node that starts at line 13\n"
         "Namespace /a\nService default/bad headless\nNamespace /b\n"},
        {"a key twice", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels: {b: c, b: d}\n  name: e\n",
         "warning: a:5: the key \"b\" is given twice, first in line 5; the last one counts\n"
         "warning: a:6: the key \"name\" is given twice, first in line 4; the last one counts\nNamespace /e labels{b=d}\n",
         NULL},
        {"kind twice", "apiVersion: v1\nkind: Pod\nkind: Namespace\nmetadata: {name: a}\n",
         "warning: a:3: the key \"kind\" is given twice, first in line 2; the last one counts\nNamespace /a\n", NULL},
        {"a key twice in what is left out", "apiVersion: v1\nkind: Secret\ntype: a\ntype: b\n", "", NULL},
        {"a name that is to be made up",
         "apiVersion: v1\nkind: Namespace\nmetadata: {generateName: a-}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {generateName: "
         "a-, name: }\n"
         "---\napiVersion: v1\nkind: Namespace\nmetadata: {generateName: a-, name: b}\n",
         "Namespace /a-b49k9\nNamespace /a-2vbdp\nNamespace /b\n", NULL},
        {"a made-up name has 63 octets at most",
         "apiVersion: v1\nkind: Namespace\nmetadata: {generateName: "
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg}\n",
         "Namespace /aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffft4kqw\n", NULL},
        {"kinds that are nearly known",
         "apiVersion: apps/v1beta1\nkind: StatefulSet\n---\napiVersion: extensions/v1beta1\nkind: Deployment\n---\napiVersion: v1\nkind: "
         "Deployment\n---\n"
         "apiVersion: apps/v1\nkind: Statefullset\n---\napiVersion: v1\nkind: service\n---\napiVersion: v1\nkind: list\nitems: []\n",
         "warning: a:1: apps/v1beta1 StatefulSet is left out: its version is not known here; write apps/v1\n"
         "warning: a:4: extensions/v1beta1 Deployment is left out: its version is not known here; write apps/v1\n"
         "warning: a:7: v1 Deployment is left out: its version is not known here; write apps/v1\n"
         "warning: a:10: apps/v1 Statefullset is left out: there is no such kind; is StatefulSet meant?\n"
         "warning: a:13: v1 service is left out: there is no such kind; is Service meant?\n"
         "warning: a:16: v1 list is left out: there is no such kind; is List meant?\n",
         NULL},
        {"kinds that are others",
         "apiVersion: serving.knative.dev/v1\nkind: Service\n---\napiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: "
         "PodTemplate\n---\n"
         "apiVersion: v1\nkind: ServiceAccount\n---\napiVersion: apps/v1\nkind: ControllerRevision\n---\napiVersion: v1\nkind: Event\n---\n"
         "apiVersion: batch/v1\nkind: CronJob\n---\napiVersion: v1\nkind: ServiceList\nitems: null\n---\napiVersion: v1\nkind: Binding\n",
         "", NULL},
        {"a template", "apiVersion: v1\nkind: Service\nmetadata: {name: \"{{ .Release.Name }}\"}\n",
         "error: a:3: Service default/{{ .Release.Name }}: metadata.name: \"{{ .Release.Name }}\" is not a DNS label; write a-z, 0-9 and "
         "'-', not '-' first or last\n" TEMPLATE,
         "warning: a:3: Service default/{{ .Release.Name }}: metadata.name: \"{{ .Release.Name }}\" is not a DNS label; write a-z, 0-9 and "
         "'-', not '-' first or last\n" TEMPLATE},
        {"braces in what is right", "apiVersion: v1\nkind: ConfigMap\ndata: {a: \"{{ $labels }}\"}\n", "", NULL},
        {"a byte that is no text, where nothing reads it", NS("a") "# \xe9t\xe9\n", "Namespace /a\n", NULL},
        {"a byte that is no text, in a name", NS("\xe9t\xe9"),
         "error: a:3: Namespace \xef\xbf\xbdt\xef\xbf\xbd: metadata.name: \"\xef\xbf\xbdt\xef\xbf\xbd\" is not a DNS label; write a-z, 0-9 "
         "and '-', not '-' first or last\n",
         "warning: a:3: Namespace \xef\xbf\xbdt\xef\xbf\xbd: metadata.name: \"\xef\xbf\xbdt\xef\xbf\xbd\" is not a DNS label; write a-z, "
         "0-9 and '-', not '-' first or last\n"},
        {"twice", NS("a") "---\n" NS("b") "---\n" NS("a") "---\n" NS("a"),
         "error: a:9: Namespace a: given twice, first in a:1\nerror: a:13: Namespace a: given twice, first in a:1\n",
         "warning: a:9: Namespace a: given twice, first in a:1\nwarning: a:13: Namespace a: given twice, first in a:1\n"
         "Namespace /a\nNamespace /b\n"},
        {"the same name in another namespace and kind",
         "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nstatus: {phase: Pending}\n---\n"
         "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nstatus: {phase: Pending}\n---\n" NS("a"),
         "Pod b/a Pending\nPod default/a Pending\nNamespace /a\n", NULL},
        {"what a chart's test would make",
         "apiVersion: v1\nkind: Pod\nmetadata: {name: Not A Name, annotations: {helm.sh/hook: test}}\n---\n" NS("a"), "Namespace /a\n",
         NULL},
};

static const struct text_case json[] = {
        {"nothing", "", "", NULL},
        {"an object", NS_JSON("a"), "Namespace /a\n", NULL},
        {"objects", NS_JSON("a") "\n" NS_JSON("b"), "Namespace /a\nNamespace /b\n", NULL},
        {"kubectl get -o json", "{\"apiVersion\":\"v1\",\"items\":[" NS_JSON("a") "," NS_JSON("b") "],\"kind\":\"List\"}",
         "Namespace /a\nNamespace /b\n", NULL},
        {"kubectl get --raw", "{\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\",\"items\":[" ITEM_JSON("a") "," ITEM_JSON("b") "]}",
         "Namespace /a\nNamespace /b\n", NULL},
        {"a typed list, kind last", "{\"items\":[" ITEM_JSON("a") "],\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\"}", "Namespace /a\n",
         NULL},
        {"a list in a list",
         "{\"kind\":\"List\",\"items\":[{\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\",\"items\":[" ITEM_JSON("a") "]}]}",
         "Namespace /a\n", NULL},
        {"a list without kind", "\n{\"items\":[]}", "error: a:2: a list without kind; write kind: List\n",
         "warning: a:2: a list without kind; write kind: List\n"},
        {"wrong after right", NS_JSON("a") "\n" BAD_SERVICE_JSON "\n" NS_JSON("b"), "error: a:2: " BAD_SERVICE_TEXT "\n",
         "warning: a:2: " BAD_SERVICE_TEXT "; this is left out\nNamespace /a\nService default/bad headless\nNamespace /b\n"},
        {"a word that is none", NS_JSON("a") "\n{\"a\":\ntru}", "error: a:3: not JSON: wrong at \"tru}\"\n",
         "warning: a:3: not JSON: wrong at \"tru}\"\nNamespace /a\n"},
        {"cut", NS_JSON("a") "\n{\"a\":\n", "error: a:2: not JSON: the text ends inside of the object that begins here\n",
         "warning: a:2: not JSON: the text ends inside of the object that begins here\nNamespace /a\n"},
        {"a key twice",
         "\n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\n\"metadata\":{\"name\":\"a\",\"labels\":{\"b\":\"c\",\"b\":\"d\"},\"name\":"
         "\"e\"}}",
         "warning: a:2: the key \"b\" is given twice; the last one counts\n"
         "warning: a:2: the key \"name\" is given twice; the last one counts\nNamespace /e labels{b=d}\n",
         NULL},
        {"a key twice in what is left out", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"a\":1,\"a\":2}", "", NULL},
        {"a key twice among many",
         "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\",\"d\":"
         "\"1\",\"e\":\"1\",\"f\":\"1\","
         "\"g\":\"1\",\"h\":\"1\",\"i\":\"1\",\"j\":\"1\",\"k\":\"1\",\"l\":\"1\",\"m\":\"1\",\"n\":\"1\",\"o\":\"1\",\"p\":\"1\",\"q\":"
         "\"1\",\"b\":\"2\",\"b\":\"3\"}}}",
         "warning: a:1: the key \"b\" is given twice; the last one counts\nwarning: a:1: the key \"b\" is given twice; the last one "
         "counts\n"
         "Namespace /a labels{a=1,b=3,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,q=1}\n",
         NULL},
        {"a true has no line of its own", "\n\n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":true}}",
         "error: a:3: Namespace: metadata.name: true is a boolean; quote it\n",
         "warning: a:3: Namespace: metadata.name: true is a boolean; quote it\n"},
        {"escapes that are no characters",
         "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\",\"annotations\":{\"b\":\"\\ud83d \\ude00 \\u0000 "
         "\\ud83d\\ude00 \\\\ud83d\"}}}",
         "Namespace /a\n", NULL},
        {"a name with a NUL is not what stands before it", NS_JSON("a\\u0000b"),
         "error: a:1: Namespace a\xef\xbf\xbd"
         "b: metadata.name: \"a\xef\xbf\xbd"
         "b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last\n",
         "warning: a:1: Namespace a\xef\xbf\xbd"
         "b: metadata.name: \"a\xef\xbf\xbd"
         "b\" is not a DNS label; write a-z, 0-9 and '-', not '-' first or last\n"},
        {"byte order marks before objects", NS_JSON("a") "\xef\xbb\xbf" NS_JSON("b") "\n---\n\xef\xbb\xbf\n" NS_JSON("c"),
         "Namespace /a\nNamespace /b\nNamespace /c\n", NULL},
        {"all that is wrong is named, and what is right goes on",
         NS_JSON("a") "\n{\"a\":tru}\n" NS_JSON("b") "\n{\"a\":\n  {]},\n  {\"b\":1}}\n" NS_JSON("c") "\n" BAD_SERVICE_JSON,
         "error: a:2: not JSON: wrong at \"tru}\"\nerror: a:5: not JSON: a bracket of the wrong kind\nerror: a:8: " BAD_SERVICE_TEXT "\n",
         "warning: a:2: not JSON: wrong at \"tru}\"\nwarning: a:5: not JSON: a bracket of the wrong kind\nwarning: a:8: " BAD_SERVICE_TEXT
         "; this is left out\nNamespace /a\nNamespace /b\nNamespace /c\nService default/bad headless\n"},
        {"a wrong item costs no other", "{\"kind\":\"List\",\"items\":[" NS_JSON("a") ",\n{\"a\":tru},\n" NS_JSON("b") "]}",
         "error: a:2: not JSON: wrong at \"tru}\"\n", "warning: a:2: not JSON: wrong at \"tru}\"\nNamespace /a\nNamespace /b\n"},
        {"twice", NS_JSON("a") "\n" NS_JSON("a"), "error: a:2: Namespace a: given twice, first in a:1\n",
         "warning: a:2: Namespace a: given twice, first in a:1\nNamespace /a\n"},
};

static void check_texts(const struct text_case *cases, size_t n, enum document_format format)
{
	for (size_t i = 0; i < n; i++) {
		const char *lenient = cases[i].want_lenient ? cases[i].want_lenient : cases[i].want;
		const char *got = log_text(cases[i].text, format, false);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n got  %s want %s", cases[i].what, got, cases[i].want);
		got = log_text(cases[i].text, format, true);
		if (strcmp(got, lenient) != 0)
			fail_msg("%s, lenient:\n got  %s want %s", cases[i].what, got, lenient);
	}
}

static void test_texts(void **state)
{
	(void)state;
	check_texts(yaml, sizeof yaml / sizeof *yaml, DOCUMENT_YAML);
	check_texts(json, sizeof json / sizeof *json, DOCUMENT_JSON);
}

/* head, then n times again, then tail, with a NUL; malloc'ed. */
static char *repeat(const char *head, const char *again, size_t n, const char *tail)
{
	size_t head_len = strlen(head), again_len = strlen(again);
	char *text = malloc(head_len + n * again_len + strlen(tail) + 1);
	assert_non_null(text);
	memcpy(text, head, head_len);
	for (size_t i = 0; i < n; i++)
		memcpy(text + head_len + i * again_len, again, again_len);
	memcpy(text + head_len + n * again_len, tail, strlen(tail) + 1);
	return text;
}

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void test_reports_end(void **state)
{
	static const struct {
		size_t wrong;
		bool lenient;
		enum document_format format;
		const char *last;
	} ends[] = {
	        {20, false, DOCUMENT_YAML, "\nerror: a:20: object: apiVersion: missing; write one, as v1 or apps/v1\n"},
	        {250, false, DOCUMENT_YAML, "\nerror: … and 230 more\n"},
	        {9999, false, DOCUMENT_JSON, "\nerror: … and 9979 more\n"},
	        {20000, false, DOCUMENT_YAML, "\nerror: … and 9980 more; the rest was not read\n"},
	        {20000, false, DOCUMENT_JSON, "\nerror: … and 9980 more; the rest was not read\n"},
	        {20000, true, DOCUMENT_JSON, "\nwarning: … and 19980 more\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char *text = repeat("", "--- {}\n", ends[i].wrong, "");
		const char *got = log_text(text, ends[i].format, ends[i].lenient);
		assert_int_equal(count_lines(got), ends[i].wrong > 20 ? 21 : 20);
		assert_non_null(strstr(got, ends[i].last));
		free(text);
	}
}

/* More than one window of text, so that items lie across its end. */
static void test_a_long_json_list(void **state)
{
	struct intern *pool = intern_new();
	char *text = repeat("{\"items\":[", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\"},", 20000, NS_JSON("a") "],\"kind\":\"List\"}");
	struct manifest m;
	(void)state;
	assert_int_equal(manifest_load_text(text, strlen(text), DOCUMENT_JSON, "a", &log_options, pool, NULL, NULL, &m), OK);
	assert_int_equal(m.count, 1);
	assert_int_equal(m.skipped, 20000);
	manifest_free(&m, pool);
	intern_free(pool);
	free(text);
}

static void test_too_much_for_one_object(void **state)
{
	static const struct {
		const char *head, *again;
		enum document_format format;
		size_t n;
		const char *want;
	} cases[] = {
	        {"\n{\"a\":\"", "bbbbbbbbbbbbbbbb", DOCUMENT_JSON, (size_t)17 << 16,
	         "error: a:2: not a manifest: an object of more than 16 MiB\n"},
	        {"{\"items\":[", "{},", DOCUMENT_JSON, 10001,
	         "error: a:1: items without kind in a list that has not said its own\n"
	         "error: a:1: not JSON: the text ends inside of the object that begins here\n"},
	        {"\n\na: ", "bbbbbbbbbbbbbbbb", DOCUMENT_YAML, (size_t)17 << 16,
	         "error: a:3: not a manifest: a value of more than 16 MiB\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = repeat(cases[i].head, cases[i].again, cases[i].n, "");
		assert_string_equal(log_text(text, cases[i].format, false), cases[i].want);
		free(text);
	}
}

/* --- files --- */

static char folder[] = "/tmp/headns-manifest-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
	char command[sizeof folder + 16];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

static void test_files(void **state)
{
	const char *both[] = {"b.yaml", "a.json"}, *missing[] = {"none.yaml", "b.yaml"}, *twice[] = {"b.yaml", "./b.yaml"};
	(void)state;
	write_text("a.json", NS_JSON("a"));
	write_text("b.yaml", NS("b"));
	assert_string_equal(log_files(both, 2, false), "Namespace /b\nNamespace /a\n");
	assert_string_equal(log_files(missing, 2, false), "error: none.yaml: No such file or directory\n");
	assert_string_equal(log_files(missing, 2, true), "warning: none.yaml: No such file or directory\nNamespace /b\n");
	assert_string_equal(log_files(twice, 2, false), "error: ./b.yaml:1: Namespace b: given twice, first in b.yaml:1\n");
}

/* What has no extension that says more is JSON if it begins so. */
static void test_formats(void **state)
{
	static const struct {
		const char *path, *text, *want;
	} cases[] = {
	        {"f.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "Namespace /a\n"},
	        {"f.yml", NS_JSON("a"), "Namespace /a\n"},
	        {"f.json", "\xef\xbb\xbf" NS_JSON("a"), "Namespace /a\n"},
	        {"f.json", NS("a"), "error: f.json:1: not JSON: an object is wanted, beginning with {\n"},
	        {"f", "\xef\xbb\xbf \n" NS_JSON("a") "\n---\n" NS_JSON("b"), "Namespace /a\nNamespace /b\n"},
	        {"f", "# x\n" NS("a"), "Namespace /a\n"},
	        {"f", "[" NS_JSON("a") "]", "error: f:1: not JSON: an array at the top: objects are wanted, or a List of them\n"},
	        {"f", "\xef\xbb\xbf", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_text(cases[i].path, cases[i].text);
		assert_string_equal(log_files(&cases[i].path, 1, false), cases[i].want);
		unlink(cases[i].path);
	}
}

static void test_binary(void **state)
{
	static const struct {
		const char *path, *bytes;
		size_t len;
		const char *want;
	} cases[] = {
	        {"f.yaml", "a: 1\nb: \0", 9,
	         "error: f.yaml:2: not text: octet 9 is a NUL (a binary file, or UTF-16 without a byte order mark)\n"},
	        {"f.json", "{\n\n\0", 4,
	         "error: f.json:3: not text: octet 4 is a NUL (a binary file, or UTF-16 without a byte order mark)\n"},
	        {"f.yaml", "\0", 1, "error: f.yaml:1: not text: octet 1 is a NUL (a binary file, or UTF-16 without a byte order mark)\n"},
	        {"f.yaml", "\xff\xfe\0\0", 4, "error: f.yaml:1: not text: a NUL (a binary file)\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_file(cases[i].path, cases[i].bytes, cases[i].len);
		assert_string_equal(log_files(&cases[i].path, 1, false), cases[i].want);
		unlink(cases[i].path);
	}
}

#define UNREAD "warning: d: 1 sub-folder with manifests is not read (sub.yaml): -R reads it\n"

static void test_folder(void **state)
{
	const char *paths[] = {"d", "e/"};
	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(mkdir("d/sub.yaml", 0700), 0);
	assert_int_equal(mkdir("e", 0700), 0);
	write_text("d/2.yaml", NS("two"));
	write_text("d/10.yml", NS("ten"));
	write_text("d/3.json", NS_JSON("three"));
	write_text("d/.hidden.yaml", "{ not yaml");
	write_text("d/notes.txt", "{ not yaml");
	write_text("d/sub.yaml/x.yaml", "{ not yaml");
	write_text("e/x.yaml", NS("ten"));
	assert_string_equal(log_files(paths, 1, false), UNREAD "Namespace /ten\nNamespace /two\nNamespace /three\n");
	assert_string_equal(log_files(paths, 2, false), UNREAD "error: e/x.yaml:1: Namespace ten: given twice, first in d/10.yml:1\n");
	unlink("e/x.yaml");
	assert_string_equal(log_files(paths, 2, false), UNREAD "error: e/: the folder has no *.yaml, *.yml or *.json\n");
}

/* UTF-16 as PowerShell's > writes it; the characters take 1 to 4 octets in UTF-8, and lie across the ends of what is read at a time. */
static void test_utf16(void **state)
{
	static const uint16_t odd[] = {'#', 0xe9, 0x20ac, 0xd83d, 0xde00, 0xd83d, '\n'};
	static uint8_t bytes[300000];
	const char *path = "utf16.yaml", *text = NS("a");
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		size_t len = 0;
		uint16_t units[] = {0xfeff};
#define PUT(unit)                                                                                                                          \
	do {                                                                                                                               \
		bytes[len + !big] = (uint8_t)((unit) >> 8);                                                                                \
		bytes[len + big] = (uint8_t)(unit);                                                                                        \
		len += 2;                                                                                                                  \
	} while (0)
		PUT(units[0]);
		for (unsigned i = 0; i < 20001; i++)
			for (size_t k = 0; k < sizeof odd / sizeof *odd; k++)
				PUT(odd[k]);
		for (const char *c = text; *c; c++)
			PUT(*c);
#undef PUT
		write_file(path, (const char *)bytes, len);
		assert_string_equal(log_files(&path, 1, false), "Namespace /a\n");
		write_file(path, (const char *)bytes, 2);
		assert_string_equal(log_files(&path, 1, false), "");
	}
	unlink(path);
}

#define LEFT_OUT                                                                                                                           \
	"warning: r/k/kustomization.yaml: left out, since it is not applied, so names may be others: kubectl kustomize FOLDER | headns "   \
	"serve -\n"

static void test_sub_folders(void **state)
{
	const char *paths[] = {"r"}, *named[] = {"r/k/kustomization.yaml", "r/0.yaml"}, *chart[] = {"chart"};
	(void)state;
	assert_int_equal(mkdir("r", 0700), 0);
	assert_int_equal(mkdir("r/docs", 0700), 0);
	write_text("r/docs/readme.md", "{ not yaml");
	assert_string_equal(log_files(paths, 1, false), "error: r: the folder has no *.yaml, *.yml or *.json\n");
	assert_int_equal(mkdir("r/.git", 0700), 0);
	write_text("r/.git/x.yaml", "{ not yaml");
	assert_int_equal(mkdir("r/a", 0700), 0);
	assert_int_equal(mkdir("r/a/b", 0700), 0);
	write_text("r/a/b/1.json", NS_JSON("deep"));
	assert_int_equal(symlink("../..", "r/a/loop"), 0);
	assert_int_equal(mkdir("r/k", 0700), 0);
	write_text(named[0], "resources: [2.yaml]\n");
	write_text("r/k/2.yaml", NS("two"));
	write_text("r/0.yaml", NS("zero"));
	assert_string_equal(log_files(paths, 1, false),
	                    "warning: r: 2 sub-folders with manifests are not read (a, k): -R reads them\nNamespace /zero\n");
	assert_string_equal(log_folder("r"),
	                    "warning: r: its kustomization is not applied, so names may be others: kubectl kustomize r/k | headns serve -\n"
	                    "Namespace /zero\nNamespace /deep\nNamespace /two\n");
	assert_string_equal(log_files(named, 2, false), LEFT_OUT "Namespace /zero\n");
	assert_string_equal(log_files(named, 1, false), LEFT_OUT "error: r/k/kustomization.yaml: there is no manifest to read\n");
	assert_int_equal(mkdir("chart", 0700), 0);
	write_text("chart/Chart.yaml", "apiVersion: v2\nname: chart\n");
	assert_string_equal(log_files(chart, 1, true),
	                    "warning: chart: this is a Helm chart: helm template --no-hooks chart | headns serve -\n"
	                    "warning: chart/Chart.yaml:1: object: kind: missing; write one, as Service or Pod\n");
}

static void test_stdin(void **state)
{
	const char *paths[] = {"-"};
	(void)state;
	write_text("in", NS_JSON("a") "\n1\n");
	assert_non_null(freopen("in", "r", stdin));
	assert_string_equal(log_files(paths, 1, true), "warning: stdin:2: not JSON: an object is wanted, beginning with {\nNamespace /a\n");
	/* Read to its end, still open: what has no object is no cluster. */
	assert_string_equal(log_files(paths, 1, true), "error: stdin: there is no object in it: did the command that wrote it fail?\n");
}

/* --- memory --- */

static void *counted_malloc(size_t size)
{
	return malloc(size);
}

static void counted_free(void *block)
{
	free(block);
}

static void count_report(void *arg, bool fatal, const char *text)
{
	(void)text;
	*(unsigned *)arg += fatal;
}

/* Lenient or not, memory that ran out is an error, is reported, and leaves nothing behind. */
static void check_allocation_failures(const char *path, bool lenient)
{
	struct manifest_options options = log_options;
	options.lenient = lenient;
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct intern *pool = intern_new();
		struct manifest m;
		unsigned reports = 0;
		enum err err;
		fail_alloc_at(n);
		err = manifest_load(&path, 1, &options, pool, count_report, &reports, &m);
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(reports != 0, err != OK);
		assert_int_equal(err == OK, whole);
		assert_int_equal(m.count != 0, whole);
		manifest_free(&m, pool);
		intern_free(pool);
	}
	rcu_free_all();
}

static void test_allocation_failures(void **state)
{
	cJSON_Hooks hooks = {counted_malloc, counted_free};
	(void)state;
	assert_int_equal(mkdir("m", 0700), 0);
	write_text("m/a.yaml", NS("a") "---\nkind: NamespaceList\napiVersion: v1\nitems:\n- metadata: {name: b}\n---\n"
	                               "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  replicas: 2\n  template:\n"
	                               "    spec: {dnsConfig: {searches: [a, b], options: [{name: ndots, value: '1'}]}}\n");
	assert_int_equal(mkdir("m/sub", 0700), 0);
	write_text("m/sub/x.yaml", "");
	write_text("m/kustomization.yml", "");
	write_text("m/b.json", "{\"items\":[{\"metadata\":{\"generateName\":\"c\",\"labels\":{\"a\":\"1\",\"a\":\"2\"}}}],"
	                       "\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\"}");
	cJSON_InitHooks(&hooks);
	check_allocation_failures("m", false);
	cJSON_InitHooks(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_texts),
	        cmocka_unit_test(test_reports_end),
	        cmocka_unit_test(test_a_long_json_list),
	        cmocka_unit_test(test_too_much_for_one_object),
	        cmocka_unit_test(test_files),
	        cmocka_unit_test(test_formats),
	        cmocka_unit_test(test_binary),
	        cmocka_unit_test(test_folder),
	        cmocka_unit_test(test_utf16),
	        cmocka_unit_test(test_sub_folders),
	        cmocka_unit_test(test_stdin),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
