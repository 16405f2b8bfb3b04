#include "sites.h"
#include "access.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sockaddr.h"
#include "cli/bind.h"
#include "corefile_check.h"
#include "io/file_list.h"
#include "net/listen.h"
#include "server/cluster_step.h"
#include "steps/steps.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static enum err sites_new(struct sites *s, unsigned count, struct diag *d)
{
	s->all = calloc(count, sizeof *s->all);
	if (!s->all)
		return diag_no_memory(d);
	s->count = count;
	return OK;
}

/* Adds the place to what is wrong. */
static enum err said_at(const struct site *site, enum err err, const struct diag *why, struct diag *d)
{
	if (!err)
		return OK;
	return site->origin ? diag_set(d, err, "%s: %s", site->origin, why->text) : diag_set(d, err, "%s", why->text);
}

/* --- clusters --- */

static struct site_cluster *cluster_add(struct site *site, const struct kubernetes_options *k)
{
	site->cluster = calloc(1, sizeof *site->cluster);
	if (site->cluster)
		*site->cluster = (struct site_cluster){.users = 1, .kubernetes = k};
	return site->cluster;
}

static void cluster_drop(struct site_cluster *c)
{
	if (!c || --c->users)
		return;
	cluster_free(c->cluster);
	api_endpoint_clear(&c->endpoint);
	kubernetes_options_clear(&c->own);
	free(c->text);
	free(c);
}

static enum err find_endpoint(struct site *site, struct diag *d)
{
	struct diag why;
	return said_at(site, access_find(site->cluster->kubernetes, &site->cluster->endpoint, &why), &why, d);
}

/* Only who forwards is asked for names that exist nowhere, and only Pods say whose address is whose. */
static bool wants_fallback(const struct kubernetes_options *k, const struct forward_values *forward)
{
	return k->search_fallback && forward && k->endpoints == KUBERNETES_ENDPOINTS_PODS;
}

/* Those who may not be told whose address is whose have no use for the list of a client's pod. */
static bool wants_autopath(const struct corefile_block *b)
{
	const struct autopath_options *a = corefile_values(b, DIRECTIVE_AUTOPATH);
	return a && a->kubernetes && b->kubernetes.pods == KUBERNETES_PODS_VERIFIED && b->kubernetes.endpoints == KUBERNETES_ENDPOINTS_PODS;
}

/* --- from the command line --- */

static enum err place_as_told(struct site *site, const struct options *o, struct diag *d)
{
	struct net_address defaults[LISTEN_DEFAULTS], *copy;
	const struct net_address *addresses = o->listen_count ? o->listen : defaults;
	unsigned count = o->listen_count ? o->listen_count : listen_defaults(defaults);
	site->places = calloc(1, sizeof *site->places);
	copy = calloc(count, sizeof *copy);
	if (!site->places || !copy) {
		free(copy);
		return diag_no_memory(d);
	}
	memcpy(copy, addresses, count * sizeof *copy);
	site->places[0] = (struct server_place){.addresses = copy, .address_count = count};
	site->place_count = 1;
	return OK;
}

/* Its queries are counted where somebody may ask how many there were. */
static void count_as_told(struct site *site, const struct options *o)
{
	unsigned count = 0;
	for (unsigned i = 0; i < o->page_count; i++)
		site->counted |= o->pages[i].pages == ADMIN_METRICS;
	if (!site->counted)
		return;
	site->named[count++] = directive_name(DIRECTIVE_PROMETHEUS);
	if (o->forward)
		site->named[count++] = directive_name(DIRECTIVE_CACHE);
	if (site->rotate)
		site->named[count] = directive_name(DIRECTIVE_LOADBALANCE);
}

static enum err read_forward(const struct options *o, const struct kube_dns *kube_dns, struct sites *s, struct diag *d)
{
	const struct corefile_options options = {.port = o->dns_port, .no_imports = true, .kube_dns = kube_dns};
	return o->forward ? corefile_parse(o->forward, strlen(o->forward), "--forward", &options, &s->forward, d) : OK;
}

static enum err find_one(const struct options *o, const struct kube_dns *kube_dns, struct sites *s, struct diag *d)
{
	enum err err = sites_new(s, 1, d);
	if (!err)
		err = read_forward(o, kube_dns, s, d);
	if (err)
		return err;
	if (!cluster_add(&s->all[0], &o->kubernetes))
		return diag_no_memory(d);
	s->all[0].rotate = o->rotate;
	s->all[0].fallback =
	        wants_fallback(&o->kubernetes, s->forward.count ? corefile_values(&s->forward.blocks[0], DIRECTIVE_FORWARD) : NULL);
	s->all[0].cluster->clients = s->all[0].fallback;
	count_as_told(&s->all[0], o);
	err = place_as_told(&s->all[0], o, d);
	if (!err)
		err = pages_add(&s->pages, o->pages, o->page_count, d);
	return err || o->cluster.file_count ? err : find_endpoint(&s->all[0], d);
}

/* --- from a Corefile --- */

/* Each key at each of the block's addresses. */
static enum err place_keys(struct site *site, const struct corefile_block *b, const struct bind_addresses *hosts, struct diag *d)
{
	site->places = calloc(b->key_count, sizeof *site->places);
	if (!site->places)
		return diag_no_memory(d);
	for (unsigned k = 0; k < b->key_count; k++) {
		struct net_address *addresses = calloc(hosts->count, sizeof *addresses);
		if (!addresses)
			return diag_no_memory(d);
		for (unsigned i = 0; i < hosts->count; i++) {
			addresses[i] = hosts->all[i];
			sockaddr_set_port((struct sockaddr *)&addresses[i].sa, b->keys[k].port);
			addresses[i].tls = b->keys[k].tls;
		}
		site->places[site->place_count++] = (struct server_place){b->keys[k].zones, addresses, hosts->count};
	}
	return OK;
}

/* The options are the cluster's from here on: it may live longer than the Corefile. */
static enum err take_cluster(struct corefile_block *b, struct site *site, struct diag *d)
{
	const bool autopath = wants_autopath(b);
	struct site_cluster *c = cluster_add(site, NULL);
	if (!c)
		return diag_no_memory(d);
	c->own = b->kubernetes;
	c->kubernetes = &c->own;
	c->text = b->cluster_text;
	site->fallback = wants_fallback(c->kubernetes, corefile_values(b, DIRECTIVE_FORWARD));
	c->clients = site->fallback || autopath;
	b->kubernetes = (struct kubernetes_options){0};
	b->cluster_text = NULL;
	return find_endpoint(site, d);
}

static void name_directives(const struct corefile_block *b, struct site *site)
{
	unsigned count = 0;
	for (enum directive_id id = 0; id < DIRECTIVES; id++) {
		if (b->said[id].place && directive_sees_queries(id))
			site->named[count++] = directive_name(id);
	}
}

static enum err find_block(struct corefile_block *b, struct site *site, struct diag *d)
{
	const char *cluster_place = b->said[DIRECTIVE_KUBERNETES].place;
	struct bind_addresses hosts;
	enum err err = bind_resolve(b, &hosts, d);
	if (err)
		return err;
	site->origin = strdup(cluster_place ? cluster_place : b->place);
	site->counted = b->said[DIRECTIVE_PROMETHEUS].place != NULL;
	site->rotate = b->said[DIRECTIVE_LOADBALANCE].place != NULL;
	name_directives(b, site);
	err = place_keys(site, b, &hosts, d);
	free(hosts.all);
	if (!err && !site->origin)
		err = diag_no_memory(d);
	return err || !cluster_place ? err : take_cluster(b, site, d);
}

static enum err find_blocks(const struct options *o, const struct kube_dns *kube_dns, bool quiet, struct sites *s, struct diag *d)
{
	const struct corefile_options options = {
	        .port = o->dns_port, .settings = &o->settings, .kube_dns = kube_dns, .report = quiet ? NULL : corefile_log};
	enum err err = corefile_read(o->conf, &options, &s->corefile, d);
	if (!err)
		err = corefile_check_snapshots(&s->corefile, d);
	if (!err)
		err = sites_new(s, s->corefile.count, d);
	for (unsigned i = 0; i < s->count && !err; i++)
		err = find_block(&s->corefile.blocks[i], &s->all[i], d);
	if (!err)
		err = pages_find(&s->corefile, &s->pages, d);
	return err;
}

/* --- all --- */

enum err sites_find(const struct options *o, const struct kube_dns *kube_dns, bool quiet, struct sites *out, struct diag *d)
{
	*out = (struct sites){0};
	return o->conf ? find_blocks(o, kube_dns, quiet, out, d) : find_one(o, kube_dns, out, d);
}

const struct corefile_block *sites_forward_block(const struct sites *s, unsigned i)
{
	if (s->corefile.count)
		return &s->corefile.blocks[i];
	return s->forward.count ? &s->forward.blocks[0] : NULL;
}

const char *sites_text(const struct sites *s)
{
	return s->corefile.text ? s->corefile.text : s->forward.text;
}

/* What the command line says stays. */
static bool same_words(const struct site_cluster *a, const struct site_cluster *b)
{
	return a->text && b->text ? strcmp(a->text, b->text) == 0 : a->kubernetes == b->kubernetes;
}

/* The same words may lead elsewhere today: a kubeconfig is a file. */
static bool same_cluster(const struct site_cluster *a, const struct site_cluster *b)
{
	return same_words(a, b) && a->clients == b->clients && api_endpoint_equal(&a->endpoint, &b->endpoint);
}

static const char *forward_text(const struct sites *s, unsigned i)
{
	const struct corefile_block *b = sites_forward_block(s, i);
	return b ? b->forward_text : NULL;
}

/* Each is one block's. */
static bool is_forwarding_taken(const struct sites *s, const struct forwarding *f)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (s->all[i].forwarding == f)
			return true;
	}
	return false;
}

static struct forwarding *find_same_forwarding(const struct sites *s, const struct sites *before, const char *wanted)
{
	for (unsigned i = 0; i < before->count; i++) {
		struct forwarding *f = before->all[i].forwarding;
		const char *text = forward_text(before, i);
		if (f && text && strcmp(text, wanted) == 0 && !is_forwarding_taken(s, f))
			return f;
	}
	return NULL;
}

static void share_forwarding(struct sites *s, const struct sites *before)
{
	for (unsigned i = 0; i < s->count; i++) {
		const char *wanted = forward_text(s, i);
		struct forwarding *same = wanted ? find_same_forwarding(s, before, wanted) : NULL;
		if (same)
			s->all[i].forwarding = forwarding_ref(same);
	}
}

/* Each is one block's. */
static bool is_taken(const struct sites *s, const struct site_cluster *c)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (s->all[i].cluster == c)
			return true;
	}
	return false;
}

static struct site_cluster *find_same(const struct sites *s, const struct sites *before, const struct site_cluster *wanted)
{
	for (unsigned i = 0; i < before->count; i++) {
		struct site_cluster *c = before->all[i].cluster;
		if (c && same_cluster(c, wanted) && !is_taken(s, c))
			return c;
	}
	return NULL;
}

void sites_share(struct sites *s, const struct sites *before)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct site *site = &s->all[i];
		struct site_cluster *same = site->cluster ? find_same(s, before, site->cluster) : NULL;
		if (!same)
			continue;
		cluster_drop(site->cluster);
		same->users++;
		site->cluster = same;
	}
	share_forwarding(s, before);
	s->before = before;
}

static enum err open_forwarding(const struct corefile_block *b, struct site *site, struct diag *d)
{
	struct diag why = {0};
	const struct forward_values *forward = b ? corefile_values(b, DIRECTIVE_FORWARD) : NULL;
	if (!forward || site->forwarding)
		return OK;
	return said_at(site, forwarding_new(forward, corefile_values(b, DIRECTIVE_CACHE), &site->forwarding, &why), &why, d);
}

/* Of the block's first zone, as CoreDNS does it. */
static enum err open_loop(const struct corefile_block *b, struct site *site, struct diag *d)
{
	if (!b || !site->forwarding || !b->said[DIRECTIVE_LOOP].place)
		return OK;
	switch (loop_new(site->forwarding, &b->keys[0].zones.names[0], &site->loop)) {
	case OK:
		return OK;
	case ERR_SYS:
		return diag_set(d, ERR_SYS, "loop: the system has no random numbers");
	default:
		return diag_no_memory(d);
	}
}

/* Relative names of files are so to what `root` says. */
static const char *root_of(const struct corefile_block *b)
{
	const struct root_options *root = corefile_values(b, DIRECTIVE_ROOT);
	return root ? root->path : NULL;
}

static void check_root(const struct corefile_block *b)
{
	const char *path = root_of(b);
	if (path && !is_folder(path))
		log_line(LOG_WARNING, "%s: root: there is no folder %s", b->said[DIRECTIVE_ROOT].place, path);
}

/* Of a block of the Corefile. */
static enum err open_hosts(const struct corefile_block *b, struct site *site, struct diag *d)
{
	const struct hosts_options *said = corefile_values(b, DIRECTIVE_HOSTS);
	struct name_list zones = {0};
	enum err err;
	if (!said)
		return OK;
	err = corefile_zones(b, &zones);
	const struct hosts_setting setting = {
	        .options = said,
	        .zones = &zones,
	        .root = root_of(b),
	        .cache = corefile_values(b, DIRECTIVE_CACHE),
	        .rotate = site->rotate,
	        .explain = site->cluster ? site->cluster->kubernetes->ede : true,
	};
	if (!err)
		err = hosts_new(&setting, &site->hosts);
	names_clear(&zones);
	return err ? diag_no_memory(d) : OK;
}

/* What is served of a zone file, and its changes, go on. */
static struct zone_slot *find_zone(void *arg, const char *path, const struct name *apex)
{
	const struct sites *before = arg;
	for (unsigned i = 0; before && i < before->count; i++) {
		struct zone_slot *found = before->all[i].files ? zone_files_find(before->all[i].files, path, apex) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

static enum err open_files(const struct sites *s, const struct corefile_block *b, struct site *site, struct diag *d)
{
	const struct file_options *said = corefile_values(b, DIRECTIVE_FILE);
	struct name_list keys = {0};
	struct diag why = {0};
	enum err err;
	if (!said)
		return OK;
	if (corefile_zones(b, &keys))
		return diag_no_memory(d);
	const struct zone_files_setting setting = {
	        .options = said,
	        .keys = &keys,
	        .root = root_of(b),
	        .rotate = site->rotate,
	        .explain = site->cluster ? site->cluster->kubernetes->ede : true,
	        .find = find_zone,
	        .arg = (void *)s->before,
	};
	err = zone_files_new(&setting, &site->files, &why);
	names_clear(&keys);
	return err ? diag_set(d, err, "%s: %s", b->said[DIRECTIVE_FILE].place, why.text) : OK;
}

static struct zone_slot *find_secondary(void *arg, const struct secondary_line *line, const struct name *apex)
{
	const struct sites *before = arg;
	for (unsigned i = 0; before && i < before->count; i++) {
		struct zone_slot *found = before->all[i].secondaries ? secondaries_find(before->all[i].secondaries, line, apex) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

static enum err open_secondaries(const struct sites *s, const struct corefile_block *b, struct site *site, struct diag *d)
{
	const struct secondary_options *said = corefile_values(b, DIRECTIVE_SECONDARY);
	struct name_list keys = {0};
	enum err err;
	if (!said)
		return OK;
	if (corefile_zones(b, &keys))
		return diag_no_memory(d);
	const struct secondaries_setting setting = {
	        .options = said,
	        .keys = &keys,
	        .rotate = site->rotate,
	        .explain = site->cluster ? site->cluster->kubernetes->ede : true,
	        .find = find_secondary,
	        .arg = (void *)s->before,
	};
	err = secondaries_new(&setting, &site->secondaries);
	names_clear(&keys);
	return err ? diag_no_memory(d) : OK;
}

/* What the block says; or, where all queries are logged, what `log` alone would say. */
static enum err open_log(const struct corefile_block *b, const struct options *o, struct query_log *log, struct site *site, struct diag *d)
{
	const struct log_options *said = b ? corefile_values(b, DIRECTIVE_LOG) : NULL;
	struct log_rule all = {.classes = LOG_CLASS_ALL};
	const struct log_options every = {.rules = &all, .rule_count = 1};
	if (!said && !o->log_queries)
		return OK;
	name_root(&all.scope);
	return query_log_rules_new(log, said ? said : &every, &site->log, d);
}

enum err sites_open(struct sites *s, const struct options *o, struct query_log *log, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < s->count && !err; i++)
		err = open_log(s->corefile.count ? &s->corefile.blocks[i] : NULL, o, log, &s->all[i], d);
	for (unsigned i = 0; i < s->count && !err; i++)
		err = open_forwarding(sites_forward_block(s, i), &s->all[i], d);
	for (unsigned i = 0; i < s->count && !err; i++)
		err = open_loop(sites_forward_block(s, i), &s->all[i], d);
	for (unsigned i = 0; i < s->corefile.count; i++)
		check_root(&s->corefile.blocks[i]);
	for (unsigned i = 0; i < s->corefile.count && !err; i++)
		err = open_hosts(&s->corefile.blocks[i], &s->all[i], d);
	for (unsigned i = 0; i < s->corefile.count && !err; i++)
		err = open_files(s, &s->corefile.blocks[i], &s->all[i], d);
	for (unsigned i = 0; i < s->corefile.count && !err; i++)
		err = open_secondaries(s, &s->corefile.blocks[i], &s->all[i], d);
	s->before = NULL;
	for (unsigned i = 0; i < s->count && !err; i++) {
		struct site_cluster *c = s->all[i].cluster;
		struct cluster_options options = o->cluster;
		struct diag why;
		if (!c || c->cluster)
			continue;
		options.kubernetes = c->kubernetes;
		options.clients = c->clients;
		options.endpoint = o->cluster.file_count ? NULL : &c->endpoint;
		err = said_at(&s->all[i], cluster_new(&options, &c->cluster, &why), &why, d);
	}
	return err;
}

enum err sites_watch(struct sites *s, uv_loop_t *loop, cluster_read *on_read, void *arg, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < s->count && !err; i++) {
		struct site_cluster *c = s->all[i].cluster;
		if (!c || c->watched || cluster_options(c->cluster)->file_count)
			continue;
		err = cluster_watch(c->cluster, loop, on_read, arg, d);
		c->watched = !err;
	}
	for (unsigned i = 0; i < s->count && !err; i++) {
		if (s->all[i].hosts && hosts_watch(s->all[i].hosts, loop))
			err = diag_no_memory(d);
		if (!err && s->all[i].files && zone_files_watch(s->all[i].files, loop))
			err = diag_no_memory(d);
		if (!err && s->all[i].secondaries && secondaries_watch(s->all[i].secondaries, loop))
			err = diag_no_memory(d);
	}
	return err;
}

bool sites_known(const struct sites *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct site_cluster *c = s->all[i].cluster;
		if (c && !atomic_load_explicit(cluster_known(c->cluster), memory_order_acquire))
			return false;
	}
	return true;
}

/* The server takes the steps. */
static enum err add_site(const struct site *site, const struct corefile_block *said, const struct options *o, struct server *server,
                         struct diag *d)
{
	const bool explain = site->cluster ? site->cluster->kubernetes->ede : true;
	const struct steps_options options = {
	        .block = said,
	        .names = {.cluster = site->cluster ? site->cluster->cluster : NULL,
	                  .rotate = site->rotate,
	                  .fallback = site->fallback,
	                  .outside_nxdomain = o->outside_nxdomain},
	        .forwarding = site->forwarding,
	        .loop = site->loop,
	        .hosts = site->hosts,
	        .files = site->files,
	        .secondaries = site->secondaries,
	        .explain = explain,
	};
	struct server_step steps[STEPS_MAX];
	struct server_block block = {
	        .places = site->places,
	        .place_count = site->place_count,
	        .steps = steps,
	        .counted = site->counted,
	        .named = site->named,
	        .identity = said ? said->identity : NULL,
	        .timeouts = said ? corefile_values(said, DIRECTIVE_TIMEOUTS) : NULL,
	        .view = said ? corefile_values(said, DIRECTIVE_VIEW) : NULL,
	        .errors = said ? corefile_values(said, DIRECTIVE_ERRORS) : NULL,
	        .log = site->log,
	        .ede = explain,
	        .outside_nxdomain = o->outside_nxdomain,
	};
	if (steps_new(&options, steps, &block.step_count))
		return diag_no_memory(d);
	return server_add_block(server, &block, d);
}

enum err sites_add(const struct sites *s, const struct options *o, struct server *server, struct diag *d)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct corefile_block *said = s->corefile.count ? &s->corefile.blocks[i] : NULL;
		struct diag why;
		enum err err = said_at(&s->all[i], add_site(&s->all[i], said, o, server, &why), &why, d);
		if (err)
			return err;
	}
	return OK;
}

/* Names of the cluster are never kept, but clients see the TTLs that CoreDNS's cache would give them. */
static void cap_ttls(const struct site_cluster *c, const struct cache_values *cache)
{
	uint32_t most_s = UINT32_MAX, negative_most_s = UINT32_MAX;
	if (cache && cache_names_cover(&cache->options.zones, &c->kubernetes->zones.names[0])) {
		most_s = cache->options.success.ttl_max_s;
		negative_most_s = cache->options.denial.ttl_max_s;
	}
	cluster_cap_ttls(c->cluster, most_s, negative_most_s);
}

void sites_adopted(const struct sites *s)
{
	for (unsigned i = 0; i < s->corefile.count; i++) {
		if (s->all[i].cluster)
			cap_ttls(s->all[i].cluster, corefile_values(&s->corefile.blocks[i], DIRECTIVE_CACHE));
	}
}

void sites_let_go(struct sites *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct site_cluster *c = s->all[i].cluster;
		hosts_unwatch(s->all[i].hosts);
		zone_files_unwatch(s->all[i].files);
		secondaries_unwatch(s->all[i].secondaries);
		if (!c)
			continue;
		if (c->users > 1) {
			cluster_drop(c);
			s->all[i].cluster = NULL;
			continue;
		}
		cluster_unwatch(c->cluster);
		c->watched = false;
	}
}

static void site_clear(struct site *site)
{
	for (unsigned i = 0; i < site->place_count; i++)
		free((struct net_address *)site->places[i].addresses);
	free(site->places);
	free(site->origin);
	cluster_drop(site->cluster);
	query_log_rules_free(site->log);
	loop_free(site->loop);
	hosts_unref(site->hosts);
	zone_files_unref(site->files);
	secondaries_unref(site->secondaries);
	forwarding_unref(site->forwarding);
}

void sites_free(struct sites *s)
{
	for (unsigned i = 0; i < s->count; i++)
		site_clear(&s->all[i]);
	free(s->all);
	pages_clear(&s->pages);
	corefile_free(&s->corefile);
	corefile_free(&s->forward);
	*s = (struct sites){0};
}
