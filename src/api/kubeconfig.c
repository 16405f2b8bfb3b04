#include "api/kubeconfig.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "config_reader.h"
#include "text/repeated_key.h"
#include "text/text_reader.h"
#include "text/yaml_reader.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define ARGS_MAX        256

/* One of the files that make a configuration together. */
struct config_file {
	char *path, *folder;
	cJSON *root; /* NULL: it is empty */
};

struct config_files {
	struct config_file *all;
	unsigned count;
};

/* Where what is read from now on stands. */
static void turn_to(struct config_reader *k, const struct config_file *f)
{
	k->path = f->path;
	k->folder = f->folder;
}

/* --- the parts of a kubeconfig --- */

/* The entry of that name in one of the lists: what stands in it beside the name. NULL: it is not there, or err is set. */
static const cJSON *entry_in(struct config_reader *k, const cJSON *list, const char *list_key, const char *entry_key, const char *name)
{
	const cJSON *item;
	if (list && !cJSON_IsArray(list))
		config_fail(k, list, "%s is not a list", list_key);
	cJSON_ArrayForEach(item, list)
	{
		const char *have = config_text_of(k, item, "name");
		const cJSON *found = config_member(k, item, entry_key);
		if (!have || strcmp(have, name) != 0)
			continue;
		if (!cJSON_IsObject(found))
			config_fail(k, item, "%s \"%.60s\" has no mapping \"%s\"", list_key, name, entry_key);
		return found;
	}
	return NULL;
}

/* In the first file that has it: what others say of the same name does not count, as in kubectl. */
static const cJSON *entry(struct config_reader *k, const struct config_files *files, const char *list_key, const char *entry_key,
                          const char *name)
{
	const cJSON *list;
	for (unsigned i = 0; i < files->count; i++) {
		turn_to(k, &files->all[i]);
		const cJSON *found = entry_in(k, config_member(k, files->all[i].root, list_key), list_key, entry_key, name);
		if (found || k->err)
			return found;
	}
	turn_to(k, &files->all[0]);
	list = config_member(k, files->all[0].root, list_key);
	config_fail(k, list ? list : files->all[0].root, "there is no \"%.60s\" in %s", name, list_key);
	return NULL;
}

/* What libcurl takes for a URL of one of these schemes ("http://"); but it passes over a slash too many before the host. */
static bool is_url(const char *text, const char *const *schemes)
{
	CURLU *url = curl_url();
	bool good = url && !curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME), known = false;
	curl_url_cleanup(url);
	for (; *schemes; schemes++)
		known |= strncasecmp(text, *schemes, strlen(*schemes)) == 0 && text[strlen(*schemes)] != '/';
	return good && known;
}

/* Why the API server can't be at this URL; NULL: it can. The URL is not shown: there may be a password in it. */
static const char *problem_of(const char *url)
{
	static const char *const schemes[] = {"https://", "http://", NULL};
	if (!is_url(url, schemes))
		return "the server is not a URL such as https://10.0.0.1:6443";
	url = strstr(url, "://") + 3;
	return strcspn(url, "@") < strcspn(url, "/?#") ? "the server's URL has a user name in it" : NULL;
}

static void strip_slashes(char *url)
{
	for (size_t len = url ? strlen(url) : 0; len && url[len - 1] == '/';)
		url[--len] = '\0';
}

/* "https://host:port/path" without credentials in it; '/' at its end goes. */
static char *server_copy(struct config_reader *k, const cJSON *cluster)
{
	const char *url = config_text_of(k, cluster, "server"), *problem = url ? problem_of(url) : NULL;
	if (!url)
		config_fail(k, cluster, "the cluster has no server");
	else if (problem)
		config_fail(k, config_member(k, cluster, "server"), "%s", problem);
	char *own = config_copy(k, url);
	strip_slashes(own);
	return own;
}

/* What libcurl takes for a proxy. It may have a user name and a password in it, so it is not shown. */
static char *proxy_copy(struct config_reader *k, const cJSON *cluster)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://", NULL};
	const char *text = config_text_of(k, cluster, "proxy-url");
	if (text && !is_url(text, schemes))
		config_fail(k, config_member(k, cluster, "proxy-url"),
		            "proxy-url is not a URL such as http://10.0.0.1:3128; https, socks5 and socks5h are known too");
	return config_copy(k, text);
}

static void read_cluster(struct config_reader *k, const cJSON *cluster, struct api_endpoint *e)
{
	e->url = server_copy(k, cluster);
	e->ca_pem = config_data_of(k, cluster, "certificate-authority-data");
	e->ca_file = e->ca_pem ? NULL : config_path_of(k, cluster, "certificate-authority"); /* data wins, as in kubectl */
	e->insecure = config_flag_of(k, cluster, "insecure-skip-tls-verify");
	e->tls_server_name = config_copy_of(k, cluster, "tls-server-name");
	e->proxy_url = proxy_copy(k, cluster);
	if (e->insecure && (e->ca_pem || e->ca_file))
		config_fail(k, cluster, "insecure-skip-tls-verify and a certificate-authority exclude each other");
}

/* One item as a string of ours. Of a number no line is known, so errors take the list's. */
typedef char *list_item(struct config_reader *k, const cJSON *list, const cJSON *item);

/* A list of strings as a NULL-terminated array that begins with first, if there is one. */
static char **list_of(struct config_reader *k, const cJSON *list, const char *first, list_item *item_text)
{
	int n = cJSON_GetArraySize(list);
	char **texts = n <= ARGS_MAX ? calloc((size_t)n + 2, sizeof *texts) : NULL, **at = texts;
	const cJSON *item;
	if (list && (!cJSON_IsArray(list) || n > ARGS_MAX))
		config_fail(k, list, "this is not a list of at most %d", ARGS_MAX);
	else if (!texts)
		config_out_of_memory(k);
	if (k->err || !texts) {
		free(texts);
		return NULL;
	}
	if (first)
		*at++ = config_copy(k, first);
	cJSON_ArrayForEach(item, list)
	{
		if (!k->err)
			*at++ = item_text(k, list, item);
	}
	return texts;
}

static char *argument(struct config_reader *k, const cJSON *list, const cJSON *item)
{
	if (!cJSON_IsString(item))
		config_fail(k, list, "an argument is no string; quote it");
	return config_copy(k, cJSON_GetStringValue(item));
}

static char *variable(struct config_reader *k, const cJSON *list, const cJSON *item)
{
	const char *name = config_text_of(k, item, "name"), *value = config_text_of(k, item, "value");
	struct buffer line = {.secret = true};
	char *own;
	if (!name) {
		config_fail(k, list, "a variable has no name");
		return NULL;
	}
	buffer_append_text(&line, name);
	buffer_append_text(&line, "=");
	buffer_append_text(&line, value ? value : "");
	own = buffer_take_text(&line);
	if (!own)
		config_out_of_memory(k);
	return own;
}

static void check_exec(struct config_reader *k, const cJSON *exec, const struct exec_plugin *p)
{
	const char *mode = config_text_of(k, exec, "interactiveMode");
	if (mode && strcmp(mode, "Always") == 0)
		config_fail(k, config_member(k, exec, "interactiveMode"), "this plugin wants a terminal, which a server has not got");
	if (!p->argv || !*p->argv)
		config_fail(k, exec, "the plugin has no command");
	if (!p->api_version || (strcmp(p->api_version, "client.authentication.k8s.io/v1") != 0 &&
	                        strcmp(p->api_version, "client.authentication.k8s.io/v1beta1") != 0))
		config_fail(k, exec, "the plugin's apiVersion must be client.authentication.k8s.io/v1 or .../v1beta1");
}

static void read_exec(struct config_reader *k, const cJSON *exec, struct api_endpoint *e)
{
	struct exec_plugin *p = exec && !k->err ? calloc(1, sizeof *p) : NULL;
	if (!exec || k->err)
		return;
	if (!p) {
		config_out_of_memory(k);
		return;
	}
	e->exec = p;
	p->api_version = config_copy_of(k, exec, "apiVersion");
	p->argv = list_of(k, config_member(k, exec, "args"), config_text_of(k, exec, "command"), argument);
	p->env = list_of(k, config_member(k, exec, "env"), NULL, variable);
	p->folder = config_copy(k, *k->folder ? k->folder : ".");
	p->install_hint = config_copy_of(k, exec, "installHint");
	p->provide_cluster_info = config_flag_of(k, exec, "provideClusterInfo");
	check_exec(k, exec, p);
}

/* What would change who we are and isn't done must not be passed over in silence. */
static void refuse_unsupported(struct config_reader *k, const cJSON *user)
{
	static const char *const keys[] = {"as", "as-uid", "as-groups", "as-user-extra"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (config_member(k, user, keys[i]))
			config_fail(k, config_member(k, user, keys[i]), "%s: acting as another user is not supported", keys[i]);
	}
	if (config_member(k, user, "auth-provider"))
		config_fail(k, config_member(k, user, "auth-provider"), "auth-provider was removed from Kubernetes in 1.26; use exec");
}

static void read_user(struct config_reader *k, const cJSON *user, struct api_endpoint *e)
{
	refuse_unsupported(k, user);
	e->cert_pem = config_data_of(k, user, "client-certificate-data");
	e->cert_file = e->cert_pem ? NULL : config_path_of(k, user, "client-certificate");
	e->key_pem = config_data_of(k, user, "client-key-data");
	e->key_file = e->key_pem ? NULL : config_path_of(k, user, "client-key");
	e->token = config_copy_of(k, user, "token");
	e->token_file = config_path_of(k, user, "tokenFile");
	e->user = config_copy_of(k, user, "username");
	e->password = config_copy_of(k, user, "password");
	read_exec(k, config_member(k, user, "exec"), e);
	if (!(e->cert_pem || e->cert_file) != !(e->key_pem || e->key_file))
		config_fail(k, user, "a client-certificate and its client-key go together");
}

static void read_context(struct config_reader *k, const struct config_files *files, const cJSON *context, struct api_endpoint *e)
{
	const char *cluster = config_text_of(k, context, "cluster"), *user = config_text_of(k, context, "user");
	if (!cluster) {
		config_fail(k, context, "the context names no cluster");
		return;
	}
	read_cluster(k, entry(k, files, "clusters", "cluster", cluster), e);
	if (user)
		read_user(k, entry(k, files, "users", "user", user), e);
}

static const char *current_context(struct config_reader *k, const struct config_files *files)
{
	const char *context = NULL;
	for (unsigned i = 0; i < files->count && !context; i++) {
		turn_to(k, &files->all[i]);
		context = config_text_of(k, files->all[i].root, "current-context");
	}
	if (!context) {
		turn_to(k, &files->all[0]);
		config_fail(k, files->all[0].root, "there is no current-context; name one");
	}
	return context;
}

static void read_config(struct config_reader *k, const struct config_files *files, const char *context, struct api_endpoint *e)
{
	if (!context)
		context = current_context(k, files);
	if (context)
		read_context(k, files, entry(k, files, "contexts", "context", context), e);
}

/* --- files --- */

/* The first document of a YAML file. NULL: it is empty, or err is set. */
static cJSON *read_yaml(struct config_reader *k)
{
	struct text_reader *text = malloc(sizeof *text);
	struct yaml_reader *yaml = NULL;
	struct diag why = {0};
	enum yaml_part part;
	cJSON *tree = NULL;
	if (!text) {
		config_out_of_memory(k);
		return NULL;
	}
	k->err = text_reader_open(text, k->path, &why);
	if (k->err) {
		diag_set(k->diag, k->err, "%s: %.300s", k->path, why.text);
		free(text);
		return NULL;
	}
	text->secret = true;
	yaml = yaml_reader_new(text);
	k->err = yaml ? yaml_read(yaml, &part, &tree, &why) : ERR_NOMEM;
	if (k->err)
		diag_set(k->diag, k->err, "%s:%u: %.300s", k->path, why.line ? why.line : 1, yaml ? why.text : "out of memory");
	yaml_reader_free(yaml);
	text_reader_close(text);
	secret_free(text);
	return tree;
}

static void warn_repeated(void *arg, const char *key, unsigned line, unsigned first)
{
	const struct config_reader *k = arg;
	log_line(LOG_WARNING, "%s:%u: the key \"%.60s\" is given twice, first in line %u; the last one counts", k->path, line, key, first);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup("");
}

static void files_free(struct config_files *files)
{
	for (unsigned i = 0; i < files->count; i++) {
		free(files->all[i].path);
		free(files->all[i].folder);
		cJSON_Delete(files->all[i].root);
	}
	free(files->all);
}

/* Adds what is in the file of that name. */
static void add_file(struct config_reader *k, struct config_files *files, const char *path, size_t len)
{
	struct config_file *f = &files->all[files->count];
	f->path = strndup(path, len);
	f->folder = f->path ? folder_of(f->path) : NULL;
	files->count++;
	if (!f->folder) {
		config_out_of_memory(k);
		return;
	}
	turn_to(k, f);
	f->root = read_yaml(k);
	if (f->root && !cJSON_IsObject(f->root))
		config_fail(k, f->root, "this is no kubeconfig");
	if (f->root)
		repeated_keys_each(f->root, warn_repeated, k);
}

/* Of several files those that are not there are passed over, as in kubectl. */
static void add_files(struct config_reader *k, struct config_files *files, const char *list)
{
	for (; *list && !k->err; list += *list == ':') {
		size_t len = strcspn(list, ":");
		if (len)
			add_file(k, files, list, len);
		if (k->err == ERR_MISSING) {
			free(files->all[--files->count].path);
			free(files->all[files->count].folder);
			k->err = OK;
		}
		list += len;
	}
	if (!k->err && !files->count)
		k->err = diag_set(k->diag, ERR_MISSING, "none of its files is there");
}

static size_t count_colons(const char *list)
{
	size_t n = 0;
	for (; *list; list++)
		n += *list == ':';
	return n;
}

/* is_list: several paths may be between colons. */
static enum err read_files(const char *paths, bool is_list, const char *context, struct api_endpoint *out, struct diag *d)
{
	struct config_files files = {calloc(is_list ? count_colons(paths) + 1 : 1, sizeof *files.all), 0};
	struct config_reader k = {.path = paths, .folder = "", .diag = d};
	*out = (struct api_endpoint){0};
	if (!files.all)
		return diag_set(d, ERR_NOMEM, "%s: out of memory", paths);
	if (is_list)
		add_files(&k, &files, paths);
	else
		add_file(&k, &files, paths, strlen(paths));
	if (!k.err && files.count == 1 && !files.all[0].root)
		config_fail(&k, NULL, "the file is empty");
	if (!k.err)
		read_config(&k, &files, context, out);
	files_free(&files);
	if (k.err)
		api_endpoint_clear(out);
	return k.err;
}

enum err kubeconfig_read(const char *path, const char *context, struct api_endpoint *out, struct diag *d)
{
	return read_files(path, false, context, out, d);
}

/* --- without a file --- */

static bool put_url(struct api_endpoint *out, const char *host, const char *port)
{
	bool v6 = strchr(host, ':');
	if (asprintf(&out->url, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port) >= 0)
		return true;
	out->url = NULL;
	return false;
}

/* A file of the service account, which must be there. */
static enum err put_file(char **path, const char *folder, const char *name, struct diag *d)
{
	struct diag why;
	enum err err;
	if (asprintf(path, "%s/%s", folder, name) < 0) {
		*path = NULL;
		return diag_no_memory(d);
	}
	err = file_check(*path, &why);
	return err ? diag_set(d, err, "%s: the pod has no service account (automountServiceAccountToken)", why.text) : OK;
}

enum err kubeconfig_in_cluster(const char *folder, struct api_endpoint *out, struct diag *d)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	enum err err;
	*out = (struct api_endpoint){0};
	if (!host || !*host || !port || !*port)
		return diag_set(d, ERR_MISSING, "this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
	if (!folder)
		folder = SERVICE_ACCOUNT;
	err = put_url(out, host, port) ? OK : diag_no_memory(d);
	if (!err)
		err = put_file(&out->token_file, folder, "token", d);
	if (!err)
		err = put_file(&out->ca_file, folder, "ca.crt", d);
	if (err)
		api_endpoint_clear(out);
	return err;
}

/* --- what kubectl would take --- */

static enum err read_listed(const char *list, const char *context, struct api_endpoint *out, struct diag *d)
{
	struct diag why;
	enum err err = read_files(list, true, context, out, &why);
	if (err)
		return diag_set(d, err, "KUBECONFIG: %s", why.text);
	log_line(LOG_INFO, "kubeconfig: %s ($KUBECONFIG)", list);
	return OK;
}

/* *there: there is such a file. */
static enum err read_home(const char *context, bool *there, struct api_endpoint *out, struct diag *d)
{
	const char *home = getenv("HOME");
	char *path;
	enum err err = ERR_MISSING;
	*there = false;
	if (asprintf(&path, "%s/.kube/config", home ? home : "") < 0)
		return diag_no_memory(d);
	*there = home && access(path, F_OK) == 0;
	if (*there)
		err = kubeconfig_read(path, context, out, d);
	if (!err)
		log_line(LOG_INFO, "kubeconfig: %s", path);
	free(path);
	return err;
}

enum err kubeconfig_find(const char *context, const char *folder, struct api_endpoint *out, struct diag *d)
{
	const char *list = getenv("KUBECONFIG"), *host = getenv("KUBERNETES_SERVICE_HOST");
	bool there;
	enum err err;
	*out = (struct api_endpoint){0};
	if (list && *list)
		return read_listed(list, context, out, d);
	err = read_home(context, &there, out, d);
	if (there || err == ERR_NOMEM)
		return err;
	if (context || !host || !*host)
		return diag_set(d, ERR_MISSING, "no kubeconfig: KUBECONFIG is not set, there is no ~/.kube/config%s",
		                context ? "" : ", and this is no pod");
	log_line(LOG_INFO, "kubeconfig: none; the cluster is that of this pod");
	return kubeconfig_in_cluster(folder, out, d);
}

enum err kubeconfig_endpoint(const char *url, const char *cert, const char *key, const char *ca, struct api_endpoint *out, struct diag *d)
{
	const char *scheme = strstr(url, "://") ? "" : cert || ca ? "https://" : "http://", *problem;
	struct config_reader k = {.path = "endpoint", .diag = d};
	*out = (struct api_endpoint){0};
	if (!cert != !key)
		return diag_set(d, ERR_SYNTAX, "tls: a client certificate and its key go together");
	if (asprintf(&out->url, "%s%s", scheme, url) < 0) {
		out->url = NULL;
		return diag_no_memory(d);
	}
	problem = problem_of(out->url);
	if (problem)
		k.err = diag_set(d, ERR_SYNTAX, "endpoint: %s", problem);
	strip_slashes(out->url);
	out->cert_file = config_copy(&k, cert);
	out->key_file = config_copy(&k, key);
	out->ca_file = config_copy(&k, ca);
	if (k.err)
		api_endpoint_clear(out);
	return k.err;
}
