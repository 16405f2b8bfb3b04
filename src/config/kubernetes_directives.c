#include "kubernetes_directives.h"
#include "base/buffer.h"
#include "base/log.h"
#include "config/selector.h"
#include "config/value.h"
#include "option.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define HANDOVER_MAX_MS 60000u
#define LIST_MAX_MS     86400000u /* a day; none at all would be no bound */
#define TTL_MAX_S       3600
#define MAX_ANSWERS_MAX UINT16_MAX /* as many as a message can count */

static enum err no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

/* --- values --- */

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

/* --- kubernetes --- */

static enum err set_namespace_labels(void *values, const struct words *w, struct diag *d)
{
	return set_selector(&((struct kubernetes_options *)values)->namespace_labels, w, d);
}

static enum err set_labels(void *values, const struct words *w, struct diag *d)
{
	return set_selector(&((struct kubernetes_options *)values)->labels, w, d);
}

static enum err set_endpoint(void *values, const struct words *w, struct diag *d)
{
	struct kubernetes_options *o = values;
	if (w->count > 1)
		log_line(LOG_WARNING, "endpoint: of %u URLs only the first is used, as in CoreDNS", w->count);
	return option_text(&o->endpoint, w->texts[0], d);
}

static enum err set_tls(void *values, const struct words *w, struct diag *d)
{
	struct kubernetes_options *o = values;
	enum err err = option_maybe_text(&o->tls_cert, w->texts[0], d);
	if (!err)
		err = option_maybe_text(&o->tls_key, w->texts[1], d);
	return err ? err : option_maybe_text(&o->tls_ca, w->texts[2], d);
}

static enum err set_kubeconfig(void *values, const struct words *w, struct diag *d)
{
	struct kubernetes_options *o = values;
	enum err err = option_text(&o->kubeconfig, w->texts[0], d);
	return err ? err : option_maybe_text(&o->context, w->count > 1 ? w->texts[1] : "", d);
}

static enum err set_apiserver_qps(void *values, const struct words *w, struct diag *d)
{
	return value_decimal(w->texts[0], &((struct kubernetes_options *)values)->apiserver_qps, d);
}

static enum err set_list_max(void *values, const struct words *w, struct diag *d)
{
	struct kubernetes_options *o = values;
	unsigned mib = o->list_max_mib;
	enum err err = w->count > 1 ? value_number(w->texts[1], 1, INT_MAX, &mib, d) : OK;
	if (!err)
		err = value_number(w->texts[0], 1, INT_MAX, &o->list_max_objects, d);
	if (!err)
		o->list_max_mib = mib;
	return err;
}

static enum err set_fallthrough(void *values, const struct words *w, struct diag *d)
{
	struct kubernetes_options *o = values;
	return option_fallthrough(&o->fallthrough, &o->fallthrough_zones, w, d);
}

#define AT(field) offsetof(struct kubernetes_options, field)

static const struct option kubernetes_lines[] = {
        {"apiserver_burst", "N", 1, 1, OPTION_NUMBER, OPTION_CLUSTERS, AT(apiserver_burst), 0, INT_MAX, NULL},
        {"apiserver_max_inflight", "N", 1, 1, OPTION_NUMBER, OPTION_CLUSTERS, AT(apiserver_max_inflight), 0, INT_MAX, NULL},
        {"apiserver_qps", "N", 1, 1, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_apiserver_qps},
        {"compat", "coredns", 1, 1, OPTION_FLAG, 0, AT(compat_coredns), 0, 0, NULL},
        {"ede", "on|off", 1, 1, OPTION_ON_OFF, 0, AT(ede), 0, 0, NULL},
        {"endpoint", "URL", 1, OPTION_ANY_NUMBER, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_endpoint},
        {"endpoint_pod_names", "", 0, 0, OPTION_FLAG, 0, AT(endpoint_pod_names), 0, 0, NULL},
        {"endpoints", "pods|slices", 1, 1, OPTION_CHOICE, OPTION_CLUSTERS, AT(endpoints), 0, 0, NULL},
        {"fallthrough", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_fallthrough},
        {"handover", "DURATION", 1, 1, OPTION_DURATION, 0, AT(handover_ms), 0, HANDOVER_MAX_MS, NULL},
        {"hold", "DURATION", 1, 1, OPTION_DURATION, 0, AT(hold_ms), 0, KUBERNETES_HOLD_MAX_MS, NULL},
        {"ignore", "empty_service", 1, 1, OPTION_FLAG, 0, AT(ignore_empty_service), 0, 0, NULL},
        {"kubeconfig", "FILE [CONTEXT]", 1, 2, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_kubeconfig},
        {"labels", "SELECTOR", 1, OPTION_ANY_NUMBER, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_labels},
        {"list_max", "OBJECTS [MIB]", 1, 2, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_list_max},
        {"list_progress", "DURATION", 1, 1, OPTION_DURATION, OPTION_CLUSTERS, AT(list_progress_ms), 1, LIST_MAX_MS, NULL},
        {"list_timeout", "DURATION", 1, 1, OPTION_DURATION, OPTION_CLUSTERS, AT(list_timeout_ms), 1, LIST_MAX_MS, NULL},
        {"max_answers", "N", 1, 1, OPTION_NUMBER, 0, AT(max_answers), 1, MAX_ANSWERS_MAX, NULL},
        {"multicluster", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_ZONES, 0, AT(multicluster), 0, 0, NULL},
        {"namespace_labels", "SELECTOR", 1, OPTION_ANY_NUMBER, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_namespace_labels},
        {"namespaces", "NAME...", 1, OPTION_ANY_NUMBER, OPTION_TEXTS, 0, AT(namespaces), 0, 0, NULL},
        {"negative_ttl", "SECONDS", 1, 1, OPTION_NUMBER, 0, AT(negative_ttl_s), 0, TTL_MAX_S, NULL},
        {"noendpoints", "", 0, 0, OPTION_FLAG, 0, AT(noendpoints), 0, 0, NULL},
        {"pods", "disabled|insecure|verified", 1, 1, OPTION_CHOICE, 0, AT(pods), 0, 0, NULL},
        {"search_fallback", "on|off", 1, 1, OPTION_ON_OFF, 0, AT(search_fallback), 0, 0, NULL},
        {"snapshot", "FILE", 1, 1, OPTION_TEXT, OPTION_CLUSTERS, AT(snapshot), 0, 0, NULL},
        {"startup_timeout", "DURATION", 1, 1, OPTION_DURATION, OPTION_CLUSTERS, AT(startup_timeout_ms), 0, 0, NULL},
        {"svcb", "", 0, 0, OPTION_FLAG, 0, AT(svcb), 0, 0, NULL},
        {"tls", "CERT KEY CACERT", 3, 3, OPTION_CALL, OPTION_CLUSTERS, 0, 0, 0, set_tls},
        {"ttl", "SECONDS", 1, 1, OPTION_NUMBER, 0, AT(ttl_s), 0, TTL_MAX_S, NULL},
        {"zonal", "", 0, 0, OPTION_FLAG, 0, AT(zonal), 0, 0, NULL},
};
#undef AT

static const struct option_table kubernetes_table = {"kubernetes", kubernetes_lines, sizeof kubernetes_lines / sizeof *kubernetes_lines,
                                                     NULL};

enum err kubernetes_set(struct kubernetes_options *o, const char *directive, const char *const *words, unsigned count, struct diag *d)
{
	const struct words w = {directive, words, count};
	return option_take(&kubernetes_table, o, &o->given, &w, d);
}

bool kubernetes_directive(unsigned i, const char **name, const char **arguments)
{
	if (i >= kubernetes_table.count)
		return false;
	*name = kubernetes_lines[i].name;
	*arguments = kubernetes_lines[i].arguments;
	return true;
}

bool kubernetes_given(const struct kubernetes_options *o, const char *directive)
{
	return option_given(&kubernetes_table, o->given, directive);
}

const char *kubernetes_of_clusters_only(const struct kubernetes_options *o)
{
	return option_first(&kubernetes_table, o->given, OPTION_CLUSTERS);
}

/* --- k8s_external --- */

static enum err set_external_apex(void *values, const struct words *w, struct diag *d)
{
	const char *label = w->texts[0];
	struct name name;
	if (name_from_text(&name, label, strlen(label)) || name.labels != 1 || strchr(label, '.'))
		return diag_set(d, ERR_SYNTAX, "one label is wanted, not \"%s\"", label);
	return option_text(&((struct external_options *)values)->apex, label, d);
}

static enum err set_external_fallthrough(void *values, const struct words *w, struct diag *d)
{
	struct external_options *o = values;
	return option_fallthrough(&o->fallthrough, &o->fallthrough_zones, w, d);
}

enum err external_set(struct external_options *o, const char *directive, const char *const *words, unsigned count, struct diag *d)
{
	static const struct option lines[] = {
	        {"apex", "LABEL", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_external_apex},
	        {"fallthrough", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_external_fallthrough},
	        {"headless", "", 0, 0, OPTION_FLAG, 0, offsetof(struct external_options, headless), 0, 0, NULL},
	        {"ttl", "SECONDS", 1, 1, OPTION_NUMBER, 0, offsetof(struct external_options, ttl_s), 0, TTL_MAX_S, NULL},
	};
	static const struct option_table table = {"k8s_external", lines, sizeof lines / sizeof *lines, NULL};
	const struct words w = {directive, words, count};
	return option_take(&table, o, &o->given, &w, d);
}
