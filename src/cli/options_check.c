#include "options_check.h"
#include "option_table.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COREFILE "Corefile" /* in the working directory, as CoreDNS looks for it */

static const char *command_of(const struct options *o)
{
	return command_table[o->command].name;
}

/* --- where names come from --- */

/* The first option given that counts only where manifests are read; NULL: none. run takes the address of a pod that is in no input from
 * --pod-cidr, whatever the input is. */
static const char *manifest_option_of(const struct options *o)
{
	const struct manifest_options *m = &o->cluster.manifest;
	if (m->lenient)
		return "--lenient";
	if (m->recursive)
		return "--recursive";
	if (!m->cluster_services)
		return "--no-cluster-services";
	return o->pod_cidr_given && o->command != COMMAND_RUN ? "--pod-cidr" : NULL;
}

/* What names come from is said, in words for the message. */
static enum err refuse_manifest_options(const struct options *o, const char *source, struct diag *d)
{
	const char *option = manifest_option_of(o);
	return option ? diag_set(d, ERR_SYNTAX, "%s: %s is of manifests, not of %s", command_of(o), option, source) : OK;
}

/* A Corefile says these itself. */
static enum err check_beside_corefile(const struct options *o, struct diag *d)
{
	const struct {
		const char *option;
		bool given;
	} others[] = {
	        {"a manifest", o->cluster.file_count},
	        {"--kubeconfig", o->kubernetes.kubeconfig},
	        {"--context", o->kubernetes.context},
	        {"--listen", o->listen_count},
	        {"--zone", o->kubernetes.zones.count},
	        {"--no-rotate", !o->rotate},
	        {"--forward", o->forward},
	        {"--health, --ready or --metrics", o->page_count},
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (others[i].given)
			return diag_set(d, ERR_SYNTAX, "%s: %s and a Corefile (%s): give one or the other", command_of(o), others[i].option,
			                o->conf);
	}
	return refuse_manifest_options(o, "a Corefile", d);
}

/* Names outside are asked as in a pod of kube-dns: the node's resolvers, unless the ConfigMap names others. */
static enum err forward_as_kube_dns(struct options *o, struct diag *d)
{
	return o->kube_dns && !o->forward ? options_set_forward(o, "/etc/resolv.conf", d) : OK;
}

static enum err check_source(struct options *o, struct diag *d)
{
	const struct kubernetes_options *k = &o->kubernetes;
	const char *alone;
	if (k->context && !k->kubeconfig)
		return diag_set(d, ERR_SYNTAX, "%s: --context is one of a kubeconfig: name that by --kubeconfig", command_of(o));
	if (k->kubeconfig && o->cluster.file_count)
		return diag_set(d, ERR_SYNTAX, "%s: a manifest and --kubeconfig: name one or the other", command_of(o));
	alone = o->cluster.file_count ? kubernetes_of_clusters_only(k) : NULL;
	if (alone)
		return diag_set(d, ERR_SYNTAX, "%s: kubernetes.%s is of a cluster, not of manifests", command_of(o), alone);
	if (!o->cluster.file_count && !k->kubeconfig && !k->endpoint)
		return diag_set(d, ERR_SYNTAX, "%s: no manifest: name a file, a folder, or - for standard input (headns help %s)",
		                command_of(o), command_of(o));
	return o->cluster.file_count ? OK : refuse_manifest_options(o, "a cluster", d);
}

/* Nothing was named at all. */
static bool wants_default(const struct options *o)
{
	return o->command == COMMAND_SERVE && !o->conf && !o->cluster.file_count && !o->kubernetes.kubeconfig && !o->kubernetes.endpoint;
}

/* --- what is said of the one cluster --- */

/* The cluster's domains, and every address. */
static enum err finish_kubernetes(struct options *o, struct diag *d)
{
	struct name_list *zones = &o->kubernetes.zones;
	enum err err = zones->count ? OK : kubernetes_add_zone(zones, "cluster.local", d);
	if (!err)
		err = kubernetes_add_zone(zones, NAME_REVERSE_V4, d);
	if (!err)
		err = kubernetes_add_zone(zones, NAME_REVERSE_V6, d);
	return err ? err : kubernetes_options_finish(&o->kubernetes, zones, d);
}

/* The environment's settings go before those of the command line, which therefore count more. */
static enum err join_settings(struct options *o, struct diag *d)
{
	struct settings all = {0};
	enum err err = settings_add_environment(&all, d);
	if (!err)
		err = settings_move(&all, &o->settings, d);
	if (err) {
		settings_clear(&all);
		return err;
	}
	o->settings = all;
	return OK;
}

static enum err check_shell(const struct options *o, struct diag *d)
{
	const char *shell = o->cluster.file_count == 1 ? o->cluster.files[0] : "";
	if (strcmp(shell, "bash") == 0 || strcmp(shell, "zsh") == 0)
		return OK;
	return diag_set(d, ERR_SYNTAX, "completion: bash or zsh is wanted (headns help completion)");
}

/* Corefiles and manifests side by side. */
static enum err check_check(struct options *o, struct diag *d)
{
	struct diag why;
	if (!o->conf && !o->cluster.file_count && access(COREFILE, F_OK) == 0)
		o->conf = COREFILE;
	if (!o->conf && !o->cluster.file_count)
		return diag_set(d, ERR_SYNTAX, "check: no file: name a Corefile, or manifests (headns help check)");
	if (settings_apply(&o->settings, &o->kubernetes, &why) || finish_kubernetes(o, &why))
		return diag_set(d, ERR_SYNTAX, "check: %s", why.text);
	return OK;
}

enum err options_check(struct options *o, struct diag *d)
{
	struct diag why;
	enum err err;
	if (o->help || o->plugins)
		return OK;
	if (o->command == COMMAND_COMPLETION)
		return check_shell(o, d);
	if (join_settings(o, &why))
		return diag_set(d, ERR_SYNTAX, "%s: %s", command_of(o), why.text);
	if (o->command == COMMAND_CHECK)
		return check_check(o, d);
	if (wants_default(o) && access(COREFILE, F_OK) == 0)
		o->conf = COREFILE;
	if (!o->conf && forward_as_kube_dns(o, &why))
		return diag_set(d, ERR_SYNTAX, "%s: %s", command_of(o), why.text);
	if (!o->conf && settings_apply(&o->settings, &o->kubernetes, &why))
		return diag_set(d, ERR_SYNTAX, "%s: %s", command_of(o), why.text);
	if (o->conf)
		return check_beside_corefile(o, d);
	if (o->dns_port_given)
		return diag_set(d, ERR_SYNTAX, "%s: --dns.port is of a Corefile, and so is -p; --listen :PORT says it without one",
		                command_of(o));
	err = check_source(o, d);
	if (!err && finish_kubernetes(o, &why))
		err = diag_set(d, ERR_SYNTAX, "%s: %s", command_of(o), why.text);
	if (!err && o->command == COMMAND_RUN && (!o->run_argv || !o->run_argv[0]))
		err = diag_set(d, ERR_SYNTAX, "run: no command: name one after -- (headns run FILE... -- COMMAND)");
	return err;
}
