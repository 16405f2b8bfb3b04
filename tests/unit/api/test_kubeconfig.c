#include "api/kubeconfig.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTEXT    "current-context: c\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\n"
#define CLUSTER(c) CONTEXT "clusters:\n- {name: k, cluster: {" c "}}\nusers:\n- {name: u, user: {}}\n"
#define USER(u)    CONTEXT "clusters:\n- {name: k, cluster: {server: https://a}}\nusers:\n- name: u\n  user: {" u "}\n"
#define EXEC(e)    USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./aws, " e "}")

/* What is read, as one line; "/F" stands for the kubeconfig's folder. */
struct kubeconfig_case {
	const char *what, *yaml, *context, *want;
};

static const struct kubeconfig_case cases[] = {
        {"a cluster and no user",
         "current-context: c\ncontexts:\n- {name: c, context: {cluster: k}}\nclusters:\n- {name: k, cluster: {server: "
         "https://10.0.0.1:6443}}\n",
         NULL, "https://10.0.0.1:6443"},
        {"a slash at the end goes", CLUSTER("server: https://a.b/k8s/c-1//"), NULL, "https://a.b/k8s/c-1"},
        {"another context", CONTEXT "- {name: d, context: {cluster: l}}\nclusters:\n- {name: l, cluster: {server: http://b}}\n", "d",
         "http://b"},
        {"a context that is not there", CLUSTER("server: https://a"), "d", "K:3: there is no \"d\" in contexts"},
        {"everything of a cluster",
         CLUSTER("server: https://a, certificate-authority: ca/x.crt, tls-server-name: api, proxy-url: 'http://p:1', disable-compression: "
                 "true"),
         NULL, "https://a name=api proxy=http://p:1 ca_file=/F/ca/x.crt"},
        {"a proxy with a password", CLUSTER("server: https://a, proxy-url: 'SOCKS5://u:p@h:1'"), NULL, "https://a proxy=SOCKS5://u:p@h:1"},
        {"a proxy that is none", CLUSTER("server: https://a, proxy-url: 'http://u:s3cret@p q:1'"), NULL,
         "K:5: proxy-url is not a URL such as http://10.0.0.1:3128; https, socks5 and socks5h are known too"},
        {"a proxy at no port", CLUSTER("server: https://a, proxy-url: 'http://u:s3cret@p:99999'"), NULL,
         "K:5: proxy-url is not a URL such as http://10.0.0.1:3128; https, socks5 and socks5h are known too"},
        {"a proxy of another scheme", CLUSTER("server: https://a, proxy-url: 'ftp://u:s3cret@p'"), NULL,
         "K:5: proxy-url is not a URL such as http://10.0.0.1:3128; https, socks5 and socks5h are known too"},
        {"a proxy without scheme", CLUSTER("server: https://a, proxy-url: 'u:s3cret@p:1'"), NULL,
         "K:5: proxy-url is not a URL such as http://10.0.0.1:3128; https, socks5 and socks5h are known too"},
        {"anchors, aliases and merged keys",
         "current-context: &c c\ncontexts: [{name: *c, context: &k {cluster: k, user: u}}]\nbase: &b {server: https://a, tls-server-name: "
         "x}\n"
         "clusters: [{name: k, cluster: {<<: *b, tls-server-name: api}}]\nusers: [{name: u, user: &u {token: t}}]\n",
         NULL, "https://a name=api token=t"},
        {"data wins over a file", CLUSTER("server: https://a, certificate-authority: x, certificate-authority-data: cGVt"), NULL,
         "https://a ca=pem"},
        {"insecure", CLUSTER("server: https://a, insecure-skip-tls-verify: true"), NULL, "https://a insecure"},
        {"insecure with a CA", CLUSTER("server: https://a, insecure-skip-tls-verify: true, certificate-authority: x"), NULL,
         "K:5: insecure-skip-tls-verify and a certificate-authority exclude each other"},
        {"insecure is no boolean", CLUSTER("server: https://a, insecure-skip-tls-verify: 'yes'"), NULL,
         "K:5: insecure-skip-tls-verify is neither true nor false"},
        {"no server", CLUSTER(""), NULL, "K:5: the cluster has no server"},
        {"a server without scheme", CLUSTER("server: 'a:6443'"), NULL, "K:5: the server is not a URL such as https://10.0.0.1:6443"},
        {"a server of another scheme", CLUSTER("server: ftp://a"), NULL, "K:5: the server is not a URL such as https://10.0.0.1:6443"},
        {"a server without host", CLUSTER("server: https:///x"), NULL, "K:5: the server is not a URL such as https://10.0.0.1:6443"},
        {"a user name in the URL", CLUSTER("server: https://u:s3cret@a"), NULL, "K:5: the server's URL has a user name in it"},
        {"a space in the URL", CLUSTER("server: 'https://a b'"), NULL, "K:5: the server is not a URL such as https://10.0.0.1:6443"},
        {"a port that is none", CLUSTER("server: 'https://a:99999'"), NULL, "K:5: the server is not a URL such as https://10.0.0.1:6443"},
        {"a scheme in capitals, as client-go takes it", CLUSTER("server: 'HTTPS://a'"), NULL, "HTTPS://a"},
        {"an @ in the path is none", CLUSTER("server: https://a/x@y"), NULL, "https://a/x@y"},
        {"CA data that is no base64", CLUSTER("server: https://a, certificate-authority-data: 'a?'"), NULL,
         "K:5: certificate-authority-data is not base64"},
        {"CA data that is no text", CLUSTER("server: https://a, certificate-authority-data: AAAA"), NULL,
         "K:5: certificate-authority-data is not the base64 of PEM text"},
        {"a token", USER("token: t"), NULL, "https://a token=t"},
        {"a token file", USER("tokenFile: t"), NULL, "https://a token_file=/F/t"},
        {"an absolute path stays", USER("tokenFile: /run/t"), NULL, "https://a token_file=/run/t"},
        {"a password", USER("username: u, password: p"), NULL, "https://a user=u password=p"},
        {"a password that looks like an alias is not shown", USER("username: u, password: *s3cret"), NULL,
         "K:8: the alias * has no anchor before it"},
        {"a token that its tag does not fit is not shown", USER("token: !!int s3cret"), NULL, "K:8: a value is not what its tag says"},
        {"a password that is a number is not shown", USER("username: u, password: 1234"), NULL, "K:8: password is no string; quote it"},
        {"a client certificate", USER("client-certificate: c.crt, client-key-data: a2V5"), NULL, "https://a cert_file=/F/c.crt key=key"},
        {"a certificate without a key", USER("client-certificate: c.crt"), NULL,
         "K:8: a client-certificate and its client-key go together"},
        {"acting as another", USER("as: admin"), NULL, "K:8: as: acting as another user is not supported"},
        {"auth-provider", USER("auth-provider: {name: gcp}"), NULL, "K:8: auth-provider was removed from Kubernetes in 1.26; use exec"},
        {"a plugin", EXEC("args: [eks, get-token], env: [{name: A, value: b}, {name: C}], installHint: get it, provideClusterInfo: true"),
         NULL, "https://a exec client.authentication.k8s.io/v1 ./aws eks get-token env A=b C= in /F info hint"},
        {"a plugin that wants a terminal", EXEC("interactiveMode: Always"), NULL,
         "K:8: this plugin wants a terminal, which a server has not got"},
        {"a plugin's argument that is none", EXEC("args: [1]"), NULL, "K:8: an argument is no string; quote it"},
        {"a plugin's variable without name", EXEC("env: [{value: x}]"), NULL, "K:8: a variable has no name"},
        {"arguments that are no list", EXEC("args: x"), NULL, "K:8: this is not a list of at most 256"},
        {"a plugin of an old version", USER("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}"), NULL,
         "K:8: the plugin's apiVersion must be client.authentication.k8s.io/v1 or .../v1beta1"},
        {"a plugin without command", USER("exec: {apiVersion: client.authentication.k8s.io/v1}"), NULL, "K:8: the plugin has no command"},
        {"a user that is not there",
         "current-context: c\ncontexts:\n- {name: c, context: {cluster: k, user: v}}\nclusters:\n- {name: k, cluster: {server: "
         "https://a}}\nusers: []\n",
         NULL, "K:6: there is no \"v\" in users"},
        {"a user that says nothing", CONTEXT "clusters:\n- {name: k, cluster: {server: https://a}}\nusers:\n- {name: u, user: }\n", NULL,
         "K:7: users \"u\" has no mapping \"user\""},
        {"a context without cluster", "current-context: c\ncontexts:\n- {name: c, context: {user: u}}\n", NULL,
         "K:3: the context names no cluster"},
        {"a list that is none", "current-context: c\ncontexts: x\n", NULL, "K:2: contexts is not a list"},
        {"no YAML", "a: [\n", NULL, "K:2: "},
        {"a NUL", "a: \\0\n", NULL, "K:1: there is no current-context; name one"},
};

struct line {
	char text[1024];
	size_t len;
};

static void put(struct line *l, const char *label, const char *value)
{
	if (value)
		l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%s%s", label, value);
}

static void describe(const struct api_endpoint *e, struct line *l)
{
	put(l, "", e->url);
	put(l, " name=", e->tls_server_name);
	put(l, " proxy=", e->proxy_url);
	put(l, " ca_file=", e->ca_file);
	put(l, " ca=", e->ca_pem);
	put(l, "", e->insecure ? " insecure" : NULL);
	put(l, " cert_file=", e->cert_file);
	put(l, " cert=", e->cert_pem);
	put(l, " key_file=", e->key_file);
	put(l, " key=", e->key_pem);
	put(l, " token=", e->token);
	put(l, " token_file=", e->token_file);
	put(l, " user=", e->user);
	put(l, " password=", e->password);
	if (!e->exec)
		return;
	put(l, " exec ", e->exec->api_version);
	for (char **a = e->exec->argv; *a; a++)
		put(l, " ", *a);
	put(l, "", " env");
	for (char **v = e->exec->env; *v; v++)
		put(l, " ", *v);
	put(l, " in ", e->exec->folder);
	put(l, "", e->exec->provide_cluster_info ? " info" : NULL);
	put(l, "", e->exec->install_hint ? " hint" : NULL);
}

/* A folder with that kubeconfig in it; path gets its path. */
static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* In text, from each time by to, which is no longer. */
static void shorten(char *text, const char *from, const char *to)
{
	for (char *at; (at = strstr(text, from));) {
		memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
		memcpy(at, to, strlen(to));
	}
}

static void files(void **state)
{
	char folder[] = "/tmp/kubeconfig-XXXXXX", path[64];
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/K", folder);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct api_endpoint e;
		struct diag d = {0};
		struct line got = {0};
		write_file(path, cases[i].yaml);
		if (kubeconfig_read(path, cases[i].context, &e, &d))
			put(&got, "", d.text);
		else
			describe(&e, &got);
		api_endpoint_clear(&e);
		shorten(got.text, path, "K");
		shorten(got.text, folder, "/F");
		if (strncmp(got.text, cases[i].want, strlen(cases[i].want)) != 0)
			print_error("%s\n", cases[i].what);
		if (cases[i].want[strlen(cases[i].want) - 1] == ' ') /* the rest is the YAML library's */
			got.text[strlen(cases[i].want)] = '\0';
		assert_string_equal(got.text, cases[i].want);
	}
	unlink(path);
	rmdir(folder);
}

static void a_file_that_is_not_there(void **state)
{
	struct api_endpoint e;
	struct diag d;
	(void)state;
	assert_int_equal(kubeconfig_read("/nonexistent/kubeconfig", NULL, &e, &d), ERR_MISSING);
	assert_string_equal(d.text, "/nonexistent/kubeconfig: No such file or directory");
	assert_null(e.url);
}

static void in_a_pod(void **state)
{
	static const struct {
		const char *host, *port, *want;
	} pods[] = {
	        {"10.0.0.1", "443", "https://10.0.0.1:443"},
	        {"fd00::1", "6443", "https://[fd00::1]:6443"},
	        {NULL, "443", NULL},
	        {"10.0.0.1", NULL, NULL},
	};
	char root[] = "/tmp/pod-XXXXXX", path[256];
	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof pods / sizeof *pods; i++) {
		struct api_endpoint e;
		struct diag d;
		unsetenv("KUBERNETES_SERVICE_HOST");
		unsetenv("KUBERNETES_SERVICE_PORT");
		if (pods[i].host)
			setenv("KUBERNETES_SERVICE_HOST", pods[i].host, 1);
		if (pods[i].port)
			setenv("KUBERNETES_SERVICE_PORT", pods[i].port, 1);
		assert_int_equal(kubeconfig_in_cluster(root, &e, &d), ERR_MISSING); /* no token */
		assert_null(e.url);
	}
	snprintf(path, sizeof path, "touch %s/token %s/ca.crt", root, root);
	assert_int_equal(system(path), 0);
	for (size_t i = 0; i < sizeof pods / sizeof *pods; i++) {
		struct api_endpoint e;
		struct diag d;
		unsetenv("KUBERNETES_SERVICE_HOST");
		unsetenv("KUBERNETES_SERVICE_PORT");
		if (pods[i].host)
			setenv("KUBERNETES_SERVICE_HOST", pods[i].host, 1);
		if (pods[i].port)
			setenv("KUBERNETES_SERVICE_PORT", pods[i].port, 1);
		assert_int_equal(kubeconfig_in_cluster(root, &e, &d), pods[i].want ? OK : ERR_MISSING);
		if (pods[i].want)
			assert_string_equal(e.url, pods[i].want);
		api_endpoint_clear(&e);
	}
	snprintf(path, sizeof path, "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

/* --- what kubectl would take --- */

#define A_CLUSTER(name, server, more) "clusters:\n- {name: " name ", cluster: {server: " server more "}}\n"

/* The files of /F. */
static const struct {
	const char *name, *text;
} found_files[] = {
        {"one", "current-context: c\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\n"},
        {"sub/two", "current-context: d\n" A_CLUSTER(
                            "k", "https://two", ", certificate-authority: ca") "contexts:\n- {name: c, context: "
                                                                               "{cluster: other}}\n- {name: d, context: {cluster: k}}\n"},
        {"three", A_CLUSTER("k", "https://three", ", tls-server-name: x") "users:\n- {name: u, user: {tokenFile: t}}\n"},
        {"broken", "contexts: [\n"},
        {"list", "[]\n"},
        {"empty", ""},
        {"home/.kube/config", CLUSTER("server: https://home")},
};

static const struct {
	const char *what, *kubeconfig, *home, *pod, *context, *want;
} finds[] = {
        {"one file", "/F/home/.kube/config", NULL, NULL, NULL, "https://home"},
        {"each name from the first file that has it, paths from its folder", "/F/one:/F/sub/two:/F/three", NULL, NULL, NULL,
         "https://two ca_file=/F/sub/ca token_file=/F/t"},
        {"another order", "/F/three:/F/one:/F/sub/two", NULL, NULL, NULL, "https://three name=x token_file=/F/t"},
        {"a context of the second", "/F/one:/F/sub/two:/F/three", NULL, NULL, "d", "https://two ca_file=/F/sub/ca"},
        {"empty words and files that are not there", ":/F/no:/F/one::/F/three:", NULL, NULL, NULL, "https://three name=x token_file=/F/t"},
        {"an empty file among them", "/F/empty:/F/home/.kube/config", NULL, NULL, NULL, "https://home"},
        {"it counts more than the others", "/F/home/.kube/config", "/F/no", "10.0.0.1", NULL, "https://home"},
        {"none is there", "/F/no:/F/neither", "/F/home", "10.0.0.1", NULL, "KUBECONFIG: none of its files is there"},
        {"one that is alone and empty", "/F/empty", NULL, NULL, NULL, "KUBECONFIG: /F/empty:1: the file is empty"},
        {"one that is broken", "/F/one:/F/broken", NULL, NULL, NULL, "KUBECONFIG: /F/broken:2: "},
        {"one that is none", "/F/one:/F/list", NULL, NULL, NULL, "KUBECONFIG: /F/list:1: this is no kubeconfig"},
        {"a name that none has", "/F/one:/F/three", NULL, NULL, "e", "KUBECONFIG: /F/one:3: there is no \"e\" in contexts"},
        {"the home's", "", "/F/home", "10.0.0.1", NULL, "https://home"},
        {"the pod's", NULL, "/F", "10.0.0.1", NULL, "https://10.0.0.1:443 ca_file=/F/ca.crt token_file=/F/token"},
        {"the pod's, with no home", NULL, NULL, "10.0.0.1", NULL, "https://10.0.0.1:443 ca_file=/F/ca.crt token_file=/F/token"},
        {"a context where there is only the pod's", NULL, NULL, "10.0.0.1", "c",
         "no kubeconfig: KUBECONFIG is not set, there is no ~/.kube/config"},
        {"nothing", NULL, "/F", NULL, NULL, "no kubeconfig: KUBECONFIG is not set, there is no ~/.kube/config, and this is no pod"},
};

/* The text with folder for each "/F". */
static void put_folder(char *out, size_t cap, const char *text, const char *folder)
{
	size_t len = 0;
	*out = '\0';
	while (*text && len < cap) {
		bool here = strncmp(text, "/F", 2) == 0;
		len += (size_t)snprintf(out + len, cap - len, "%.*s", here ? 64 : 1, here ? folder : text);
		text += here ? 2 : 1;
	}
}

static void set_variable(const char *name, const char *value, const char *folder)
{
	char text[512];
	if (!value) {
		unsetenv(name);
		return;
	}
	put_folder(text, sizeof text, value, folder);
	setenv(name, text, 1);
}

static void found(void **state)
{
	char folder[] = "/tmp/kubeconfig-XXXXXX", path[256];
	const char *home = getenv("HOME");
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "cd %s && mkdir -p sub home/.kube && touch token ca.crt", folder);
	assert_int_equal(system(path), 0);
	for (size_t i = 0; i < sizeof found_files / sizeof *found_files; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, found_files[i].name);
		write_file(path, found_files[i].text);
	}
	for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
		struct api_endpoint e;
		struct diag d = {0};
		struct line got = {0};
		set_variable("KUBECONFIG", finds[i].kubeconfig, folder);
		set_variable("HOME", finds[i].home, folder);
		set_variable("KUBERNETES_SERVICE_HOST", finds[i].pod, folder);
		set_variable("KUBERNETES_SERVICE_PORT", finds[i].pod ? "443" : NULL, folder);
		if (kubeconfig_find(finds[i].context, folder, &e, &d))
			put(&got, "", d.text);
		else
			describe(&e, &got);
		api_endpoint_clear(&e);
		shorten(got.text, folder, "/F");
		if (finds[i].want[strlen(finds[i].want) - 1] == ' ') /* the rest is the YAML library's */
			got.text[strlen(finds[i].want)] = '\0';
		if (strcmp(got.text, finds[i].want) != 0)
			fail_msg("%s: %s", finds[i].what, got.text);
	}
	set_variable("HOME", home, "");
	snprintf(path, sizeof path, "rm -r %s", folder);
	assert_int_equal(system(path), 0);
}

static void an_endpoint(void **state)
{
	struct api_endpoint e;
	struct diag d;
	(void)state;
	assert_int_equal(kubeconfig_endpoint("https://a/", "c", "k", "ca", &e, &d), OK);
	assert_string_equal(e.url, "https://a");
	assert_string_equal(e.ca_file, "ca");
	api_endpoint_clear(&e);
	assert_int_equal(kubeconfig_endpoint("https://a", "c", NULL, NULL, &e, &d), ERR_SYNTAX);
	assert_string_equal(d.text, "tls: a client certificate and its key go together");
	assert_int_equal(kubeconfig_endpoint("ftp://a", NULL, NULL, NULL, &e, &d), ERR_SYNTAX);
	assert_string_equal(d.text, "endpoint: the server is not a URL such as https://10.0.0.1:6443");
	assert_int_equal(kubeconfig_endpoint("https://u:s3cret@a", NULL, NULL, NULL, &e, &d), ERR_SYNTAX);
	assert_string_equal(d.text, "endpoint: the server's URL has a user name in it");
	assert_int_equal(kubeconfig_endpoint("a:8080", NULL, NULL, NULL, &e, &d), OK);
	assert_string_equal(e.url, "http://a:8080");
	api_endpoint_clear(&e);
	assert_int_equal(kubeconfig_endpoint("a:6443", "c", "k", "ca", &e, &d), OK);
	assert_string_equal(e.url, "https://a:6443");
	api_endpoint_clear(&e);
}

static void allocation_failures(void **state)
{
	char path[] = "/tmp/kubeconfig-XXXXXX";
	bool hit = true;
	(void)state;
	assert_true(mkstemp(path) >= 0);
	write_file(path, EXEC("args: [a], env: [{name: A, value: b}]"));
	for (unsigned n = 1; hit; n++) {
		struct api_endpoint e;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = kubeconfig_read(path, NULL, &e, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_true(hit == !e.url);
		api_endpoint_clear(&e);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files),    cmocka_unit_test(a_file_that_is_not_there),
	        cmocka_unit_test(in_a_pod), cmocka_unit_test(an_endpoint),
	        cmocka_unit_test(found),    cmocka_unit_test(allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
