#include "kubernetes_directives.h"
#include "base/buffer.h"
#include "base/log.h"
#include "config/selector.h"
#include "config/value.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANDOVER_MAX_MS 60000u
#define LIST_MAX_MS     86400000u /* a day; none at all would be no bound */
#define TTL_MAX_S       3600
#define MAX_ANSWERS_MAX UINT16_MAX /* as many as a message can count */
#define ANY_NUMBER      UINT_MAX

struct words {
	const char *directive;
	const char *const *texts; /* behind it */
	unsigned count;
};

typedef enum err setter(struct kubernetes_options *o, const struct words *w, struct diag *d);

static enum err no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

/* --- values --- */

/* An empty one is none. */
static enum err set_maybe_text(char **text, const char *value, struct diag *d)
{
	char *copy = *value ? strdup(value) : NULL;
	if (*value && !copy)
		return no_memory(d);
	free(*text);
	*text = copy;
	return OK;
}

static enum err set_text(char **text, const char *value, struct diag *d)
{
	if (*value)
		return set_maybe_text(text, value, d);
	return diag_set(d, ERR_SYNTAX, "nothing is said between the quotes; an environment variable that is not set?");
}

static enum err set_ttl_value(uint32_t *ttl_s, const struct words *w, struct diag *d)
{
	unsigned value = 0;
	enum err err = value_number(w->texts[0], 0, TTL_MAX_S, &value, d);
	if (!err)
		*ttl_s = value;
	return err;
}

/* The index of the word in NULL-terminated choices. */
static enum err set_choice(const char *word, const char *const *choices, unsigned *index, struct diag *d)
{
	char text[128] = "";
	size_t len = 0;
	for (unsigned i = 0; choices[i]; i++) {
		if (strcmp(word, choices[i]) == 0) {
			*index = i;
			return OK;
		}
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
	}
	return diag_set(d, ERR_SYNTAX, "%s is wanted, not \"%s\"", text, word);
}

/* The zones of the words take the place of those that were. */
static enum err set_zones(struct name_list *zones, const struct words *w, struct diag *d)
{
	struct name_list list = {0};
	for (unsigned i = 0; i < w->count; i++) {
		enum err err = kubernetes_add_zone(&list, w->texts[i], d);
		if (err) {
			free(list.names);
			return err;
		}
	}
	free(zones->names);
	*zones = list;
	return OK;
}

/* The words with blanks between, which is how a selector that was cut into words becomes one again. NULL: out of memory. */
static char *joined(const struct words *w)
{
	struct buffer b = {0};
	for (unsigned i = 0; i < w->count; i++) {
		buffer_append(&b, " ", i ? 1 : 0);
		buffer_append(&b, w->texts[i], strlen(w->texts[i]));
	}
	buffer_append(&b, "", 1);
	if (!b.failed)
		return b.data;
	buffer_free(&b);
	return NULL;
}

static enum err set_selector(char **text, const struct words *w, struct diag *d)
{
	char *selector = joined(w);
	enum err err = selector ? selector_check(selector, d) : no_memory(d);
	if (err) {
		free(selector);
		return err;
	}
	free(*text);
	*text = selector;
	return OK;
}

/* Directives without words. */
static const struct {
	const char *directive;
	size_t offset; /* of the bool that becomes true */
} flags[] = {
        {"endpoint_pod_names", offsetof(struct kubernetes_options, endpoint_pod_names)},
        {"noendpoints", offsetof(struct kubernetes_options, noendpoints)},
        {"svcb", offsetof(struct kubernetes_options, svcb)},
        {"zonal", offsetof(struct kubernetes_options, zonal)},
};

static enum err set_flag(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	(void)d;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (strcmp(w->directive, flags[i].directive) == 0)
			*(bool *)((char *)o + flags[i].offset) = true;
	}
	return OK;
}

/* --- which names --- */

static enum err set_fallthrough(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	enum err err = set_zones(&o->fallthrough_zones, w, d);
	if (!err)
		o->fallthrough = true;
	return err;
}

static enum err set_multicluster(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_zones(&o->multicluster, w, d);
}

static enum err set_pods(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	static const char *const modes[] = {
	        [KUBERNETES_PODS_DISABLED] = "disabled",
	        [KUBERNETES_PODS_INSECURE] = "insecure",
	        [KUBERNETES_PODS_VERIFIED] = "verified",
	        NULL,
	};
	unsigned mode = o->pods;
	enum err err = set_choice(w->texts[0], modes, &mode, d);
	o->pods = (enum kubernetes_pods)mode;
	return err;
}

static enum err set_ignore(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	static const char *const choices[] = {"empty_service", NULL};
	unsigned choice;
	enum err err = set_choice(w->texts[0], choices, &choice, d);
	if (!err)
		o->ignore_empty_service = true;
	return err;
}

/* --- how they are answered --- */

static enum err set_ttl(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_ttl_value(&o->ttl_s, w, d);
}

static enum err set_negative_ttl(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	enum err err = set_ttl_value(&o->negative_ttl_s, w, d);
	if (!err)
		o->negative_ttl_given = true;
	return err;
}

static enum err set_max_answers(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return value_number(w->texts[0], 1, MAX_ANSWERS_MAX, &o->max_answers, d);
}

static enum err set_ede(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	static const char *const choices[] = {"off", "on", NULL};
	unsigned choice = o->ede;
	enum err err = set_choice(w->texts[0], choices, &choice, d);
	o->ede = choice != 0;
	return err;
}

static enum err set_compat(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	static const char *const choices[] = {"coredns", NULL};
	unsigned choice;
	enum err err = set_choice(w->texts[0], choices, &choice, d);
	if (!err)
		o->compat_coredns = true;
	return err;
}

/* --- which objects --- */

static enum err set_endpoints(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	static const char *const sources[] = {
	        [KUBERNETES_ENDPOINTS_PODS] = "pods",
	        [KUBERNETES_ENDPOINTS_SLICES] = "slices",
	        NULL,
	};
	unsigned source = o->endpoints;
	enum err err = set_choice(w->texts[0], sources, &source, d);
	o->endpoints = (enum kubernetes_endpoints)source;
	return err;
}

/* Several lines add up, as in CoreDNS. */
static enum err set_namespaces(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	struct text_list *list = &o->namespaces;
	char **more = realloc(list->texts, (list->count + w->count) * sizeof *more);
	unsigned before = list->count;
	if (!more)
		return no_memory(d);
	list->texts = more;
	for (unsigned i = 0; i < w->count; i++) {
		if ((more[list->count] = strdup(w->texts[i]))) {
			list->count++;
			continue;
		}
		while (list->count > before)
			free(more[--list->count]);
		return no_memory(d);
	}
	return OK;
}

static enum err set_namespace_labels(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_selector(&o->namespace_labels, w, d);
}

static enum err set_labels(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_selector(&o->labels, w, d);
}

/* --- the API server --- */

static enum err set_endpoint(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	if (w->count > 1)
		log_line(LOG_WARNING, "endpoint: of %u URLs only the first is used, as in CoreDNS", w->count);
	return set_text(&o->endpoint, w->texts[0], d);
}

static enum err set_tls(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	enum err err = set_maybe_text(&o->tls_cert, w->texts[0], d);
	if (!err)
		err = set_maybe_text(&o->tls_key, w->texts[1], d);
	return err ? err : set_maybe_text(&o->tls_ca, w->texts[2], d);
}

static enum err set_kubeconfig(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	enum err err = set_text(&o->kubeconfig, w->texts[0], d);
	return err ? err : set_maybe_text(&o->context, w->count > 1 ? w->texts[1] : "", d);
}

static enum err set_apiserver_qps(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return value_decimal(w->texts[0], &o->apiserver_qps, d);
}

static enum err set_apiserver_burst(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return value_number(w->texts[0], 0, INT_MAX, &o->apiserver_burst, d);
}

static enum err set_apiserver_max_inflight(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return value_number(w->texts[0], 0, INT_MAX, &o->apiserver_max_inflight, d);
}

static enum err set_startup_timeout(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return value_duration_ms(w->texts[0], &o->startup_timeout_ms, d);
}

static enum err set_list_time(uint64_t *ms, const struct words *w, struct diag *d)
{
	uint64_t value;
	enum err err = value_duration_ms(w->texts[0], &value, d);
	if (!err && (!value || value > LIST_MAX_MS))
		return diag_set(d, ERR_RANGE, "more than 0 and at most %uh", LIST_MAX_MS / 3600000);
	if (!err)
		*ms = value;
	return err;
}

static enum err set_list_progress(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_list_time(&o->list_progress_ms, w, d);
}

static enum err set_list_timeout(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_list_time(&o->list_timeout_ms, w, d);
}

static enum err set_list_max(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	unsigned mib = o->list_max_mib;
	enum err err = w->count > 1 ? value_number(w->texts[1], 1, INT_MAX, &mib, d) : OK;
	if (!err)
		err = value_number(w->texts[0], 1, INT_MAX, &o->list_max_objects, d);
	if (!err)
		o->list_max_mib = mib;
	return err;
}

static enum err set_handover(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	uint64_t ms;
	enum err err = value_duration_ms(w->texts[0], &ms, d);
	if (!err && ms > HANDOVER_MAX_MS)
		return diag_set(d, ERR_RANGE, "at most %us", HANDOVER_MAX_MS / 1000);
	if (!err)
		o->handover_ms = ms;
	return err;
}

static enum err set_snapshot(struct kubernetes_options *o, const struct words *w, struct diag *d)
{
	return set_text(&o->snapshot, w->texts[0], d);
}

/* --- all of them --- */

static const struct directive {
	const char *name, *arguments; /* as they are written */
	unsigned min, max;            /* how many */
	setter *set;
} directives[] = {
        {"apiserver_burst", "N", 1, 1, set_apiserver_burst},
        {"apiserver_max_inflight", "N", 1, 1, set_apiserver_max_inflight},
        {"apiserver_qps", "N", 1, 1, set_apiserver_qps},
        {"compat", "coredns", 1, 1, set_compat},
        {"ede", "on|off", 1, 1, set_ede},
        {"endpoint", "URL", 1, ANY_NUMBER, set_endpoint},
        {"endpoint_pod_names", "", 0, 0, set_flag},
        {"endpoints", "pods|slices", 1, 1, set_endpoints},
        {"fallthrough", "[ZONE...]", 0, ANY_NUMBER, set_fallthrough},
        {"handover", "DURATION", 1, 1, set_handover},
        {"ignore", "empty_service", 1, 1, set_ignore},
        {"kubeconfig", "FILE [CONTEXT]", 1, 2, set_kubeconfig},
        {"labels", "SELECTOR", 1, ANY_NUMBER, set_labels},
        {"list_max", "OBJECTS [MIB]", 1, 2, set_list_max},
        {"list_progress", "DURATION", 1, 1, set_list_progress},
        {"list_timeout", "DURATION", 1, 1, set_list_timeout},
        {"max_answers", "N", 1, 1, set_max_answers},
        {"multicluster", "[ZONE...]", 0, ANY_NUMBER, set_multicluster},
        {"namespace_labels", "SELECTOR", 1, ANY_NUMBER, set_namespace_labels},
        {"namespaces", "NAME...", 1, ANY_NUMBER, set_namespaces},
        {"negative_ttl", "SECONDS", 1, 1, set_negative_ttl},
        {"noendpoints", "", 0, 0, set_flag},
        {"pods", "disabled|insecure|verified", 1, 1, set_pods},
        {"snapshot", "FILE", 1, 1, set_snapshot},
        {"startup_timeout", "DURATION", 1, 1, set_startup_timeout},
        {"svcb", "", 0, 0, set_flag},
        {"tls", "CERT KEY CACERT", 3, 3, set_tls},
        {"ttl", "SECONDS", 1, 1, set_ttl},
        {"zonal", "", 0, 0, set_flag},
};
#define DIRECTIVES (sizeof directives / sizeof *directives)

bool kubernetes_directive(unsigned i, const char **name, const char **arguments)
{
	if (i >= DIRECTIVES)
		return false;
	*name = directives[i].name;
	*arguments = directives[i].arguments;
	return true;
}

static enum err unknown(const char *name, struct diag *d)
{
	char text[DIAG_TEXT_MAX] = "";
	size_t len = 0;
	for (size_t i = 0; i < DIRECTIVES; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? ", " : "", directives[i].name);
	return diag_set(d, ERR_SYNTAX, "kubernetes has no \"%s\"; it has: %s", name, text);
}

/* --- k8s_external --- */

static enum err set_external_apex(struct external_options *o, const struct words *w, struct diag *d)
{
	const char *label = w->texts[0];
	struct name name;
	if (name_from_text(&name, label, strlen(label)) || name.labels != 1 || strchr(label, '.'))
		return diag_set(d, ERR_SYNTAX, "one label is wanted, not \"%s\"", label);
	return set_text(&o->apex, label, d);
}

static enum err set_external_ttl(struct external_options *o, const struct words *w, struct diag *d)
{
	return set_ttl_value(&o->ttl_s, w, d);
}

static enum err set_external_headless(struct external_options *o, const struct words *w, struct diag *d)
{
	(void)w;
	(void)d;
	o->headless = true;
	return OK;
}

static enum err set_external_fallthrough(struct external_options *o, const struct words *w, struct diag *d)
{
	enum err err = set_zones(&o->fallthrough_zones, w, d);
	if (!err)
		o->fallthrough = true;
	return err;
}

enum err external_set(struct external_options *o, const char *directive, const char *const *words, unsigned count, struct diag *d)
{
	static const struct {
		const char *name, *arguments;
		unsigned min, max;
		enum err (*set)(struct external_options *o, const struct words *w, struct diag *d);
	} known[] = {
	        {"apex", " LABEL", 1, 1, set_external_apex},
	        {"fallthrough", " [ZONE...]", 0, ANY_NUMBER, set_external_fallthrough},
	        {"headless", "", 0, 0, set_external_headless},
	        {"ttl", " SECONDS", 1, 1, set_external_ttl},
	};
	const struct words w = {directive, words, count};
	struct diag why;
	enum err err;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].name, directive) != 0)
			continue;
		if (count < known[i].min || count > known[i].max)
			return diag_set(d, ERR_SYNTAX, "%s: it is written: %s%s", directive, directive, known[i].arguments);
		err = known[i].set(o, &w, &why);
		return err ? diag_set(d, err, "%s: %s", directive, why.text) : OK;
	}
	return diag_set(d, ERR_SYNTAX, "k8s_external has no \"%s\"; it has: apex, fallthrough, headless, ttl", directive);
}

enum err kubernetes_set(struct kubernetes_options *o, const char *directive, const char *const *words, unsigned count, struct diag *d)
{
	const struct words w = {directive, words, count};
	const struct directive *found = NULL;
	struct diag why;
	enum err err;
	for (size_t i = 0; i < DIRECTIVES && !found; i++) {
		if (strcmp(directives[i].name, directive) == 0)
			found = &directives[i];
	}
	if (!found)
		return unknown(directive, d);
	if (count < found->min || count > found->max)
		return diag_set(d, ERR_SYNTAX, "%s: it is written: %s%s%s", directive, directive, *found->arguments ? " " : "",
		                found->arguments);
	err = found->set(o, &w, &why);
	return err ? diag_set(d, err, "%s: %s", directive, why.text) : OK;
}
