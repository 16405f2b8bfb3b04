#include "world.h"
#include "base/rcu.h"
#include "fail_alloc.h"
#include "kube/object_decode.h"
#include "put.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_OCTETS 1024
#define WORDS_MAX   64

/* A line in words. The first is the verb, the second the name. */
struct line {
	char text[LINE_OCTETS];
	char *words[WORDS_MAX];
	size_t count;
};

static const struct {
	const char *word, *api_version, *name;
} kinds[OBJECT_KINDS] = {
        [OBJECT_NAMESPACE] = {"namespace", "v1", "Namespace"},
        [OBJECT_NODE] = {"node", "v1", "Node"},
        [OBJECT_SERVICE] = {"svc", "v1", "Service"},
        [OBJECT_POD] = {"pod", "v1", "Pod"},
        [OBJECT_ENDPOINT_SLICE] = {"slice", "discovery.k8s.io/v1", "EndpointSlice"},
        [OBJECT_CONTROLLER_SLICE] = {"cslice", "discovery.k8s.io/v1", "EndpointSlice"},
        [OBJECT_ENDPOINTS] = {"endpoints", "v1", "Endpoints"},
        [OBJECT_STATEFUL_SET] = {"sts", "apps/v1", "StatefulSet"},
        [OBJECT_DEPLOYMENT] = {"deployment", "apps/v1", "Deployment"},
        [OBJECT_REPLICA_SET] = {"rs", "apps/v1", "ReplicaSet"},
        [OBJECT_SERVICE_IMPORT] = {"import", "multicluster.x-k8s.io/v1alpha1", "ServiceImport"},
        [OBJECT_DAEMON_SET] = {"ds", "apps/v1", "DaemonSet"},
        [OBJECT_JOB] = {"job", "batch/v1", "Job"},
        [OBJECT_REPLICATION_CONTROLLER] = {"rc", "v1", "ReplicationController"},
};

static enum object_kind kind_of(const char *word)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		if (strcmp(kinds[kind].word, word) == 0)
			return (enum object_kind)kind;
	fail_msg("no such kind: %s", word);
	return OBJECT_KINDS;
}

static void split_line(struct line *l, const char *text)
{
	l->count = 0;
	assert_true((size_t)snprintf(l->text, sizeof(l->text), "%s", text) < sizeof(l->text));
	for (char *rest = l->text, *word; (word = strsep(&rest, " "));)
		if (*word && l->count < WORDS_MAX)
			l->words[l->count++] = word;
}

static bool has_word(const struct line *l, const char *word)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->words[i], word) == 0)
			return true;
	return false;
}

/* The value of the next word NAME=VALUE at or after *at, copied to out; false: no more. */
static bool next_value(const struct line *l, const char *name, size_t *at, char out[LINE_OCTETS])
{
	size_t len = strlen(name);
	while (*at < l->count) {
		const char *word = l->words[(*at)++];
		if (strncmp(word, name, len) != 0 || word[len] != '=')
			continue;
		snprintf(out, LINE_OCTETS, "%s", word + len + 1);
		return true;
	}
	return false;
}

static bool value_of(const struct line *l, const char *name, char out[LINE_OCTETS])
{
	size_t at = 0;
	return next_value(l, name, &at, out);
}

/* --- JSON of each kind, "," before each member but the first of an object --- */

/* K:V,… */
static void put_pairs(FILE *f, char *pairs)
{
	const char *comma = "";
	for (char *pair; (pair = strsep(&pairs, ",")); comma = ",") {
		const char *key = strsep(&pair, ":");
		fprintf(f, "%s\"%s\":\"%s\"", comma, key, pair);
	}
}

static void put_list(FILE *f, char *items, const char *separator, const char *before, const char *after)
{
	const char *comma = "";
	fputs("[", f);
	for (const char *item; (item = strsep(&items, separator)); comma = ",")
		fprintf(f, "%s%s\"%s\"%s", comma, before, item, after);
	fputs("]", f);
}

/* NAME:NUMBER[:TARGET][:PROTOCOL]; the number is called port, or, where there are no targets, something else. */
static void put_port(FILE *f, const char *number_name, char *text)
{
	const char *name = strsep(&text, ":"), *number = strsep(&text, ":");
	fprintf(f, "{\"name\":\"%s\"", name);
	if (number)
		fprintf(f, ",\"%s\":%s", number_name, number);
	if (text && strcmp(number_name, "port") == 0) {
		const char *target = strsep(&text, ":"), *quote = *target >= '0' && *target <= '9' ? "" : "\"";
		fprintf(f, ",\"targetPort\":%s%s%s", quote, target, quote);
	}
	if (text)
		fprintf(f, ",\"protocol\":\"%s\"", text);
	fputs("}", f);
}

static void put_ports(FILE *f, const struct line *l, const char *number_name)
{
	char value[LINE_OCTETS];
	size_t at = 0;
	fputs("\"ports\":[", f);
	for (const char *comma = ""; next_value(l, "port", &at, value); comma = ",") {
		fputs(comma, f);
		put_port(f, number_name, value);
	}
	fputs("]", f);
}

static void put_service(FILE *f, const struct line *l)
{
	char value[LINE_OCTETS];
	fputs(",\"spec\":{", f);
	put_ports(f, l, "port");
	if (value_of(l, "sel", value)) {
		fputs(",\"selector\":{", f);
		put_pairs(f, value);
		fputs("}", f);
	}
	if (value_of(l, "external", value))
		fprintf(f, ",\"type\":\"ExternalName\",\"externalName\":\"%s\"", value);
	if (value_of(l, "ip", value)) {
		fputs(",\"clusterIPs\":", f);
		put_list(f, value, ",", "", "");
	}
	if (value_of(l, "families", value))
		fprintf(f, ",\"ipFamilies\":[%s]",
		        strcmp(value, "46") == 0 ? "\"IPv4\",\"IPv6\""
		        : *value == '4'          ? "\"IPv4\""
		                                 : "\"IPv6\"");
	fputs(has_word(l, "headless") ? ",\"clusterIP\":\"None\"" : "", f);
	fputs(has_word(l, "publish") ? ",\"publishNotReadyAddresses\":true}" : "}", f);
}

static void put_pod(FILE *f, const struct line *l)
{
	char value[LINE_OCTETS];
	fputs(",\"spec\":{\"containers\":[{", f);
	put_ports(f, l, "containerPort");
	fputs("}]", f);
	if (value_of(l, "host", value))
		fprintf(f, ",\"hostname\":\"%s\"", value);
	if (value_of(l, "sub", value))
		fprintf(f, ",\"subdomain\":\"%s\"", value);
	fprintf(f, "},\"status\":{\"phase\":\"%s\"", value_of(l, "phase", value) ? value : "Running");
	if (has_word(l, "ready"))
		fputs(",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]", f);
	if (value_of(l, "ip", value)) {
		fputs(",\"podIPs\":", f);
		put_list(f, value, ",", "{\"ip\":", "}");
	}
	fputs("}", f);
}

static void put_import(FILE *f, const struct line *l)
{
	char value[LINE_OCTETS];
	fprintf(f, ",\"spec\":{\"type\":\"%s\"", has_word(l, "headless") ? "Headless" : "ClusterSetIP");
	if (value_of(l, "ip", value)) {
		fputs(",\"ips\":", f);
		put_list(f, value, ",", "", "");
	}
	fputs("}", f);
}

static bool is_v6(const struct line *l)
{
	char value[LINE_OCTETS];
	return value_of(l, "ep", value) && strcspn(value, ":") < strcspn(value, ",");
}

static void put_slice_endpoint(FILE *f, char *text)
{
	fputs("{\"addresses\":", f);
	put_list(f, strsep(&text, ","), "+", "", "");
	for (const char *word; (word = strsep(&text, ","));)
		if (strcmp(word, "notready") == 0)
			fputs(",\"conditions\":{\"ready\":false}", f);
		else if (strncmp(word, "host=", 5) == 0)
			fprintf(f, ",\"hostname\":\"%s\"", word + 5);
		else if (strncmp(word, "pod=", 4) == 0)
			fprintf(f, ",\"targetRef\":{\"kind\":\"Pod\",\"name\":\"%s\"}", word + 4);
		else if (strncmp(word, "zone=", 5) == 0)
			fprintf(f, ",\"zone\":\"%s\"", word + 5);
	fputs("}", f);
}

static void put_slice(FILE *f, const struct line *l)
{
	char value[LINE_OCTETS];
	size_t at = 0;
	fprintf(f, ",\"addressType\":\"%s\",", is_v6(l) ? "IPv6" : "IPv4");
	put_ports(f, l, "port");
	fputs(",\"endpoints\":[", f);
	for (const char *comma = ""; next_value(l, "ep", &at, value); comma = ",") {
		fputs(comma, f);
		put_slice_endpoint(f, value);
	}
	fputs("]", f);
}

/* Those endpoints that are, or are not, ready. */
static void put_addresses(FILE *f, const struct line *l, bool ready)
{
	char value[LINE_OCTETS];
	size_t at = 0;
	const char *comma = "";
	while (next_value(l, "ep", &at, value)) {
		char *rest = strchr(value, ',');
		if (ready == (rest && strncmp(rest, ",notready", 9) == 0))
			continue;
		fprintf(f, "%s{\"ip\":\"%.*s\"}", comma, (int)strcspn(value, ","), value);
		comma = ",";
	}
}

static void put_endpoints(FILE *f, const struct line *l)
{
	fputs(",\"subsets\":[{\"addresses\":[", f);
	put_addresses(f, l, true);
	fputs("],\"notReadyAddresses\":[", f);
	put_addresses(f, l, false);
	fputs("],", f);
	put_ports(f, l, "port");
	fputs("}]", f);
}

static void put_labels(FILE *f, const struct line *l)
{
	char value[LINE_OCTETS];
	const char *end = "";
	fputs(",\"labels\":{", f);
	if (value_of(l, "of", value)) {
		fprintf(f, "\"kubernetes.io/service-name\":\"%s\"", value);
		end = ",";
	}
	if (value_of(l, "import", value)) {
		fprintf(f, "%s\"multicluster.kubernetes.io/service-name\":\"%s\"", end, value);
		end = ",";
	}
	if (value_of(l, "cluster", value)) {
		fprintf(f, "%s\"multicluster.kubernetes.io/source-cluster\":\"%s\"", end, value);
		end = ",";
	}
	if (has_word(l, "controller")) {
		fprintf(f, "%s\"endpointslice.kubernetes.io/managed-by\":\"endpointslice-controller.k8s.io\"", end);
		end = ",";
	}
	if (has_word(l, "skip")) {
		fprintf(f, "%s\"endpointslice.kubernetes.io/skip-mirror\":\"true\"", end);
		end = ",";
	}
	if (value_of(l, "labels", value)) {
		fputs(end, f);
		put_pairs(f, value);
	}
	fputs("}", f);
}

static void put_object(FILE *f, enum object_kind kind, const struct line *l)
{
	const char *slash = strchr(l->words[1], '/');
	fprintf(f, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{", kinds[kind].api_version, kinds[kind].name);
	fprintf(f, "\"name\":\"%s\",\"uid\":\"%p\"", slash ? slash + 1 : l->words[1], (const void *)l);
	if (slash)
		fprintf(f, ",\"namespace\":\"%.*s\"", (int)(slash - l->words[1]), l->words[1]);
	put_labels(f, l);
	fputs(has_word(l, "deleting") ? ",\"deletionTimestamp\":\"2024-01-01T00:00:00Z\"}" : "}", f);
	if (kind == OBJECT_SERVICE)
		put_service(f, l);
	if (kind == OBJECT_POD)
		put_pod(f, l);
	if (kind == OBJECT_SERVICE_IMPORT)
		put_import(f, l);
	if (kind == OBJECT_ENDPOINT_SLICE || kind == OBJECT_CONTROLLER_SLICE)
		put_slice(f, l);
	if (kind == OBJECT_ENDPOINTS)
		put_endpoints(f, l);
	fputs("}", f);
}

static struct object *object_of(struct world *w, const struct line *l)
{
	char *text = NULL;
	size_t size;
	struct diag d = {0};
	struct object *o = NULL;
	FILE *f = open_memstream(&text, &size);
	put_object(f, kind_of(l->words[0]), l);
	fclose(f);
	cJSON *json = cJSON_Parse(text);
	if (!json || object_decode(json, OBJECT_STRICT, w->pool, &o, &d) || !o)
		fail_msg("%s: %s", d.text, text);
	cJSON_Delete(json);
	free(text);
	return o;
}

/* --- what the store says --- */

static void say(struct world *w, const char *sign, const char *ns, const char *slash, const char *name)
{
	size_t len = strlen(w->log);
	assert_true((size_t)snprintf(w->log + len, sizeof(w->log) - len, "%s%s%s%s ", sign, ns, slash, name) < sizeof(w->log) - len);
}

static bool refuses(struct world *w)
{
	if (!w->refuse)
		return false;
	w->refuse--;
	return true;
}

static enum err on_namespace_changed(void *arg, const char *ns, bool exists)
{
	if (refuses(arg))
		return ERR_NOMEM;
	say(arg, exists ? "+" : "-", ns, "", "");
	return OK;
}

static enum err on_pod_addresses(void *arg, const char *ns, const struct pod *pod, bool there)
{
	struct world *w = arg;
	if (!w->tells_pods)
		return OK;
	if (there && refuses(w))
		return ERR_NOMEM;
	for (size_t i = 0; i < pod->ip_count; i++) {
		char addr[ADDR_TEXT_MAX];
		addr_format(&pod->ips[i], addr);
		say(w, there ? "+" : "-", ns, "/", addr);
	}
	return OK;
}

/* Not those labelled hidden:yes. */
static bool on_pod_counts(void *arg, const struct label_set *labels)
{
	(void)arg;
	for (uint32_t i = 0; labels && i < labels->count; i++)
		if (strcmp(labels->labels[i].key, "hidden") == 0)
			return false;
	return true;
}

static size_t put_endpoint(char *out, size_t at, const struct endpoint *e)
{
	static const char *const states[] = {
	        [ENDPOINT_READY] = "ready", [ENDPOINT_NOT_READY] = "not-ready", [ENDPOINT_TERMINATING] = "terminating"};
	char addr[ADDR_TEXT_MAX];
	at = put(out, at, "%s %s", e->target_name ? e->target_name : "-", states[e->state]);
	for (size_t i = 0; i < e->addr_count; i++) {
		addr_format(&e->addrs[i], addr);
		at = put(out, at, " %s", addr);
	}
	if (e->zone)
		at = put(out, at, " in %s", e->zone);
	if (e->cluster)
		at = put(out, at, " of %s", e->cluster);
	if (e->home)
		at = put(out, at, " @%s", e->hostname ? e->hostname : "");
	for (size_t i = 0; i < e->port_count; i++)
		at = put(out, at, " %s=%u/%s", e->ports[i].name, e->ports[i].port, e->ports[i].protocol == PROTOCOL_UDP ? "UDP" : "TCP");
	return at;
}

static int compare_services(const void *a, const void *b)
{
	return strcmp(((const struct world_service *)a)->key, ((const struct world_service *)b)->key);
}

static struct world_service *published(struct world *w, const char *key)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->services[i].key, key) == 0)
			return &w->services[i];
	return NULL;
}

static void key_of(char *key, size_t cap, enum object_kind kind, const char *ns, const char *name)
{
	snprintf(key, cap, "%s%s/%s", kind == OBJECT_SERVICE_IMPORT ? "import:" : "", ns, name);
}

static enum err on_service_changed(void *arg, const struct service_view *view)
{
	struct world *w = arg;
	char key[sizeof(w->services[0].key)];
	size_t at = 0;
	if (refuses(w))
		return ERR_NOMEM;
	key_of(key, sizeof(key), view->service->object.kind, view->service->object.ns, view->service->object.name);
	say(w, "", key, "", "");
	w->clock_us += w->service_us + view->count * w->endpoint_us;
	struct world_service *s = published(w, key);
	if (!s) {
		assert_true(w->count < WORLD_SERVICES);
		s = &w->services[w->count++];
	}
	memcpy(s->key, key, sizeof(key));
	*s->text = '\0';
	for (size_t i = 0; i < view->count; i++)
		at = put_endpoint(s->text, put(s->text, at, i ? "; " : ""), &view->endpoints[i]);
	qsort(w->services, w->count, sizeof(w->services[0]), compare_services);
	return OK;
}

static void on_service_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	struct world *w = arg;
	char key[sizeof(w->services[0].key)];
	w->clock_us += w->service_us;
	key_of(key, sizeof(key), kind, ns, name);
	say(w, "-", key, "", "");
	struct world_service *s = published(w, key);
	assert_non_null(s);
	memmove(s, s + 1, (size_t)(&w->services[--w->count] - s) * sizeof(*s));
}

void world_state(const struct world *w, char out[WORLD_TEXT])
{
	size_t at = put(out, 0, "%s", "");
	for (size_t i = 0; i < w->count; i++)
		at = put(out, at, "%s:%s%s\n", w->services[i].key, *w->services[i].text ? " " : "", w->services[i].text);
}

/* --- the world --- */

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	struct store_callbacks callbacks = {on_service_changed, on_service_gone, on_namespace_changed, on_pod_addresses, on_pod_counts, w};
	w->pool = intern_new();
	w->store = store_new(w->pool, &callbacks);
	assert_non_null(w->store);
	return w;
}

void world_free(struct world *w)
{
	store_free(w->store);
	intern_free(w->pool); /* asserts that every string was given back */
	rcu_free_all();
	free(w);
}

static enum err upsert(struct world *w, const struct line *l)
{
	struct object *o = object_of(w, l);
	o->octets = OBJECT_OCTETS;
	fail_alloc_at(w->fail_at);
	enum err err = store_upsert(w->store, o);
	w->failed = fail_alloc_hit();
	fail_alloc_at(0);
	return err;
}

static enum err flush(struct world *w, bool turn)
{
	unsigned again_ms;
	fail_alloc_at(w->fail_at);
	enum err err = turn ? store_flush_turn(w->store, &again_ms) : store_flush(w->store);
	w->failed = fail_alloc_hit();
	fail_alloc_at(0);
	return err;
}

static void delete_object(struct world *w, const struct line *l)
{
	enum object_kind kind = kind_of(l->words[1]);
	char *slash = strchr(l->words[2], '/');
	bool cluster_scoped = kind == OBJECT_NAMESPACE || kind == OBJECT_NODE;
	if (slash)
		*slash = '\0';
	store_delete(w->store, kind, cluster_scoped ? "" : slash ? l->words[2] : "default", slash ? slash + 1 : l->words[2]);
}

static unsigned kind_bits(const struct line *l)
{
	unsigned bits = 0;
	for (size_t i = 1; i < l->count; i++)
		bits |= 1U << kind_of(l->words[i]);
	return bits;
}

static const struct store_rules watched = {
        .namespaces_by_object = true, .selector_ms = 250, .slices_ms = 2000, .moved_ms = 500, .moved_max_ms = 5000};

enum err world_do(struct world *w, const char *line)
{
	struct line l;
	w->failed = false;
	split_line(&l, line);
	if (!l.count)
		return OK;
	if (strcmp(l.words[0], "flush") == 0 || strcmp(l.words[0], "turn") == 0)
		return flush(w, *l.words[0] == 't');
	if (strcmp(l.words[0], "delete") == 0)
		delete_object(w, &l);
	else if (strcmp(l.words[0], "mark") == 0)
		store_mark(w->store, kind_bits(&l));
	else if (strcmp(l.words[0], "watched") == 0)
		store_set_rules(w->store, &watched);
	else if (strcmp(l.words[0], "settle") == 0)
		w->settle_ms = store_settle(w->store, strtoul(l.words[1], NULL, 10));
	else if (strcmp(l.words[0], "use") == 0)
		store_use_slices(w->store, strcmp(l.words[1], "slices") == 0);
	else if (strcmp(l.words[0], "sweep") == 0)
		store_sweep(w->store, kind_bits(&l));
	else
		return upsert(w, &l);
	return OK;
}

void world_play(struct world *w, const char *lines)
{
	char line[LINE_OCTETS];
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		assert_true(len < sizeof(line));
		memcpy(line, lines, len);
		line[len] = '\0';
		assert_int_equal(world_do(w, line), OK);
		lines += len + (lines[len] == '\n');
	}
	assert_int_equal(flush(w, false), OK);
}
