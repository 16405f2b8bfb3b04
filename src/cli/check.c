#include "base/plural.h"
#include "base/process.h"
#include "base/rcu.h"
#include "cli/commands.h"
#include "corefile_check.h"
#include "pages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Says what came of a check. */
static enum err tell(const char *what, enum err err, const struct diag *d)
{
	if (err)
		log_line(LOG_ERROR, "check: %s", d->text);
	else
		printf("%s: good\n", what);
	return err;
}

/* --- Corefiles --- */

static enum err check_corefile(const struct options *o, const char *path)
{
	const struct corefile_options options = {.port = o->dns_port, .settings = &o->settings, .report = corefile_log};
	struct pages pages = {0};
	struct corefile c;
	struct diag d;
	enum err err = corefile_read(path, &options, &c, &d);
	if (!err)
		err = corefile_check_snapshots(&c, &d);
	if (!err)
		err = corefile_check_places(&c, &d);
	if (!err)
		err = pages_find(&c, &pages, &d);
	pages_clear(&pages);
	corefile_free(&c);
	return tell(path, err, &d);
}

/* --- manifests --- */

/* What is named as one, a folder, or what is no file but a pipe. */
static bool is_manifest(const char *path)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	size_t len = strlen(path);
	struct stat st;
	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return true;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t ending = strlen(endings[i]);
		if (len > ending && strcmp(path + len - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

/* As they would be served, but that nobody is told of them. */
static enum err load(const struct cluster_options *options, struct diag *d)
{
	struct cluster_changes changes;
	struct cluster *c;
	enum err err = cluster_new(options, &c, d);
	if (err)
		return err;
	err = cluster_load(c, &changes);
	cluster_free(c);
	return err ? diag_set(d, err, "the manifests are wrong, see above") : OK;
}

static enum err check_manifests(const struct options *o, const char *const *files, unsigned count)
{
	const char *alone = kubernetes_of_clusters_only(&o->kubernetes);
	struct cluster_options options = o->cluster;
	struct diag d;
	char what[32];
	enum err err;
	options.files = files;
	options.file_count = count;
	options.kubernetes = &o->kubernetes;
	snprintf(what, sizeof what, "%u manifest%s", count, plural(count));
	if (alone)
		err = diag_set(&d, ERR_SYNTAX, "kubernetes.%s is of a cluster, not of manifests", alone);
	else
		err = load(&options, &d);
	return tell(count == 1 ? files[0] : what, err, &d);
}

/* --- the command --- */

/* All of them, whatever is wrong with the first. Manifests are one input. */
static bool check_all(const struct options *o)
{
	const char **manifests = calloc(o->cluster.file_count + 1, sizeof *manifests);
	unsigned count = 0;
	bool good = manifests != NULL;
	if (!good)
		log_line(LOG_ERROR, "check: out of memory");
	if (good && o->conf)
		good = !check_corefile(o, o->conf);
	for (unsigned i = 0; manifests && i < o->cluster.file_count; i++) {
		if (is_manifest(o->cluster.files[i]))
			manifests[count++] = o->cluster.files[i];
		else
			good &= !check_corefile(o, o->cluster.files[i]);
	}
	if (count)
		good &= !check_manifests(o, manifests, count);
	free(manifests);
	return good;
}

int check_main(const struct options *o)
{
	bool good;
	process_ignore_file_limit();
	rcu_thread_begin();
	good = check_all(o);
	rcu_thread_end();
	return good && fflush(stdout) == 0 ? 0 : 1;
}
