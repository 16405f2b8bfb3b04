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
#define BAD_SERVICE     "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec:\n  clusterIP: 10.0.0.300\n"
#define BAD_SERVICE_JSON                                                                                                                   \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"bad\"},\n\"spec\":{\"clusterIP\":\"10.0.0.300\"}}"
#define BAD_SERVICE_TEXT "Service default/bad: spec.clusterIP: \"10.0.0.300\" is not an IP address; write one as 10.244.0.7 or fd00::7"

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
         "warning: a:9: " BAD_SERVICE_TEXT "\nNamespace /a\nNamespace /b\n"},
        {"wrong item", "kind: List\nitems:\n- 1\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n",
         "error: a:1: object: 1 is a number; write a mapping\n", "warning: a:1: object: 1 is a number; write a mapping\nNamespace /a\n"},
        {"the text breaks off", NS("a") "---\nb: [\n",
         "error: a:6: not YAML: did not find expected node content while parsing a flow node that starts at line 6\n",
         "warning: a:6: not YAML: did not find expected node content while parsing a flow node that starts at line 6\nNamespace /a\n"},
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
         "warning: a:2: " BAD_SERVICE_TEXT "\nNamespace /a\nNamespace /b\n"},
        {"a word that is none", NS_JSON("a") "\n{\"a\":\ntru}", "error: a:3: not JSON: wrong at \"tru}\"\n",
         "warning: a:3: not JSON: wrong at \"tru}\"\nNamespace /a\n"},
        {"cut", NS_JSON("a") "\n{\"a\":\n", "error: a:2: not JSON: the text ends inside of the object that begins here\n",
         "warning: a:2: not JSON: the text ends inside of the object that begins here\nNamespace /a\n"},
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
	        {100, false, DOCUMENT_YAML, "\nerror: a:100: object: apiVersion: missing; write one, as v1 or apps/v1\n"},
	        {250, false, DOCUMENT_YAML, "\nerror: … and 150 more\n"},
	        {9999, false, DOCUMENT_JSON, "\nerror: … and 9899 more\n"},
	        {20000, false, DOCUMENT_YAML, "\nerror: … and 9900 more; the rest was not read\n"},
	        {20000, false, DOCUMENT_JSON, "\nerror: … and 9900 more; the rest was not read\n"},
	        {20000, true, DOCUMENT_JSON, "\nwarning: … and 19900 more\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char *text = repeat("", "--- {}\n", ends[i].wrong, "");
		const char *got = log_text(text, ends[i].format, ends[i].lenient);
		assert_int_equal(count_lines(got), ends[i].wrong > 100 ? 101 : 100);
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
	        {"{\"items\":[", "{},", DOCUMENT_JSON, 10001, "error: a:1: items without kind in a list that has not said its own\n"},
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
	        {"f.yaml", "a: 1\nb: \0", 9, "error: f.yaml:2: not text: octet 9 is a NUL (a binary file, or UTF-16; UTF-8 is read)\n"},
	        {"f.json", "{\n\n\0", 4, "error: f.json:3: not text: octet 4 is a NUL (a binary file, or UTF-16; UTF-8 is read)\n"},
	        {"f.yaml", "\0", 1, "error: f.yaml:1: not text: octet 1 is a NUL (a binary file, or UTF-16; UTF-8 is read)\n"},
	        {"f.json", "\xff\xfe{\0", 4, "error: f.json:1: not JSON: an object is wanted, beginning with {\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_file(cases[i].path, cases[i].bytes, cases[i].len);
		assert_string_equal(log_files(&cases[i].path, 1, false), cases[i].want);
		unlink(cases[i].path);
	}
}

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
	assert_string_equal(log_files(paths, 1, false), "Namespace /ten\nNamespace /two\nNamespace /three\n");
	assert_string_equal(log_files(paths, 2, false), "error: e/x.yaml:1: Namespace ten: given twice, first in d/10.yml:1\n");
	unlink("e/x.yaml");
	assert_string_equal(log_files(paths, 2, false), "error: e/: the folder has no *.yaml, *.yml or *.json\n");
}

static void test_stdin(void **state)
{
	const char *paths[] = {"-"};
	(void)state;
	write_text("in", NS_JSON("a") "\n1\n");
	assert_non_null(freopen("in", "r", stdin));
	assert_string_equal(log_files(paths, 1, true), "warning: stdin:2: not JSON: an object is wanted, beginning with {\nNamespace /a\n");
	assert_string_equal(log_files(paths, 1, true), ""); /* read to its end, still open */
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
	write_text("m/b.json", "{\"items\":[" ITEM_JSON("c") "],\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\"}");
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
	        cmocka_unit_test(test_stdin),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
