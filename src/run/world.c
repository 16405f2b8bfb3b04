#include "world.h"
#include "base/file.h"
#include "base/log.h"
#include "net/listen.h"
#include "overlay.h"
#include "place.h"
#include "server/cluster_step.h"
#include "who.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DNS_PORT      53
#define FILE_MAX      ((size_t)1 << 20)
#define NSCD_FOLDER   "/var/run/nscd"
#define HOSTNAME_ROOM 256

/* Pods of a cluster that is followed run there, not here. */
static bool is_live(const struct world *w)
{
	return w->options->cluster->endpoint;
}

/* --- the addresses --- */

static enum err set_addresses(struct world *w, struct diag *d)
{
	const struct store *store = cluster_store(w->cluster);
	struct addresses all = {0};
	enum err err = addresses_add_pods(&all, store);
	if (!err && w->relay)
		err = addresses_add_services(&all, store);
	err = err ? diag_no_memory(d) : loopback_set(w->loopback, all.all, all.count, d);
	addresses_free(&all);
	return err;
}

enum err world_update(struct world *w, struct diag *d)
{
	enum err err = is_live(w) ? OK : set_addresses(w, d);
	return err || !w->relay ? err : relay_update(w->relay, w->servers, w->server_count, d);
}

/* Of a pod that is not in the input: one of each family that the cluster has. */
static unsigned pick_own(const struct world *w, struct addr own[POD_IPS_MAX])
{
	const struct manifest_options *ranges = &w->options->cluster->manifest;
	const struct store *store = cluster_store(w->cluster);
	struct addresses there = {0};
	unsigned n = 0;
	if (!addresses_add_pods(&there, store) && !addresses_add_services(&there, store)) {
		n += addresses_pick(&there, &ranges->pod_cidr, &own[n]);
		n += addresses_pick(&there, &ranges->pod_cidr6, &own[n]);
	}
	addresses_free(&there);
	return n;
}

static unsigned find_own(const struct world *w, const struct pod *pod, struct addr own[POD_IPS_MAX])
{
	if (!pod)
		return pick_own(w, own);
	memcpy(own, pod->ips, pod->ip_count * sizeof *own);
	return pod->ip_count;
}

/* The command's first: it is where its connections come from. */
static enum err set_own(struct world *w, const struct addr *own, unsigned own_count, struct diag *d)
{
	memcpy(w->there, own, own_count * sizeof *own);
	memcpy(w->there + own_count, w->servers, w->server_count * sizeof *w->servers);
	w->absent.there = w->there;
	w->absent.there_count = own_count + w->server_count;
	return loopback_set_own(w->loopback, w->there, w->absent.there_count, d);
}

/* --- the files --- */

static enum err cover_files(const struct place *p, struct diag *d)
{
	const struct overlay_file files[] = {
	        {"/etc/resolv.conf", &p->resolv, true},
	        {"/etc/hosts", &p->hosts, false},
	        {"/etc/nsswitch.conf", &p->nsswitch, false},
	};
	enum err err = overlay_files(files, p->nsswitch.len ? 3 : 2, d);
	return err ? err : overlay_hide(NSCD_FOLDER, d); /* else glibc asks the machine's cache before any file */
}

static enum err settle_place(struct world *w, const struct place *p, struct diag *d)
{
	if (sethostname(p->hostname, strlen(p->hostname)) != 0)
		return diag_set(d, ERR_SYS, "setting the hostname: %s", strerror(errno));
	if (p->elsewhere)
		log_line(LOG_WARNING,
		         "run: the resolv.conf of pod %s (hostNetwork, dnsPolicy, dnsConfig) names no server that can be reached in here",
		         w->options->pod);
	if (w->options->search_fallback) {
		memcpy(w->search, p->search, p->search_count * sizeof *p->search);
		w->search_count = p->search_count;
	}
	return cover_files(p, d);
}

static enum err make_place(struct world *w, const struct pod *pod, const struct addr *own, unsigned own_count, struct diag *d)
{
	struct buffer resolv = {0}, nsswitch = {0};
	char hostname[HOSTNAME_ROOM] = "";
	struct place *place = malloc(sizeof *place);
	struct place_input input = {
	        .pod = pod,
	        .own = own,
	        .own_count = own_count,
	        .ns = w->options->ns,
	        .zone = &w->options->cluster->kubernetes->zones.names[0],
	        .servers = w->servers,
	        .server_count = w->server_count,
	        .hostname = hostname,
	        .resolv = &resolv,
	        .nsswitch = &nsswitch,
	};
	enum err err;
	if (!place)
		return diag_no_memory(d);
	gethostname(hostname, sizeof hostname - 1);
	/* A file that is missing is an empty one. */
	file_read(&resolv, "/etc/resolv.conf", FILE_REGULAR, FILE_MAX, NULL);
	file_read(&nsswitch, "/etc/nsswitch.conf", FILE_REGULAR, FILE_MAX, NULL);
	err = place_compose(place, &input, d);
	if (!err)
		err = settle_place(w, place, d);
	place_free(place);
	free(place);
	buffer_free(&resolv);
	buffer_free(&nsswitch);
	return err;
}

/* --- the server --- */

static void on_done(void *arg, unsigned worker, const struct exchange *x)
{
	(void)worker;
	absent_look(arg, x->reply, x->reply_len);
}

static enum err listen_here(struct world *w, struct diag *d)
{
	const struct run_options *o = w->options;
	struct net_address addresses[DNS_SERVICE_MAX];
	const struct server_place place = {.addresses = addresses, .address_count = w->server_count};
	const struct cluster_step_options names = {
	        .cluster = w->cluster,
	        .rotate = o->rotate,
	        .outside_nxdomain = o->outside_nxdomain,
	        .search = w->search,
	        .search_count = w->search_count,
	};
	struct server_step steps[CLUSTER_STEPS_MAX];
	struct server_block block = {
	        .places = &place,
	        .place_count = 1,
	        .steps = steps,
	        .ede = cluster_options(w->cluster)->kubernetes->ede,
	        .outside_nxdomain = o->outside_nxdomain,
	};
	struct server_options options = *o->server;
	enum err err;
	if (is_live(w)) {
		options.done = on_done;
		options.done_arg = &w->absent;
	}
	err = server_new(&options, &w->server, d);
	for (unsigned i = 0; i < w->server_count; i++)
		addresses[i] = listen_address(&w->servers[i], DNS_PORT);
	if (!err && cluster_steps_new(&names, steps, &block.step_count))
		err = diag_no_memory(d);
	if (!err)
		err = server_add_block(w->server, &block, d);
	return err ? err : server_adopt(w->server, NULL, d);
}

/* --- the way to Services --- */

static enum err on_endpoints(void *arg, const struct service_view *view)
{
	bool *any = arg;
	*any = *any || view->count;
	return OK;
}

/* Any that leads to an endpoint. */
static bool has_services(const struct world *w)
{
	const struct store *store = cluster_store(w->cluster);
	size_t cursor = 0;
	bool any = false;
	for (const struct service *v; !any && (v = store_each_service(store, &cursor));) {
		if (v->cluster_ip_count && v->port_count)
			store_view(store, v->object.ns, v->object.name, on_endpoints, &any);
	}
	return any;
}

/* Names are worth having without. */
static enum err open_relay(struct world *w, struct diag *d)
{
	struct diag why;
	enum err err = is_live(w) ? OK : relay_open(&w->relay, w->loop, cluster_store(w->cluster), &why);
	if (err != ERR_MISSING)
		return err ? diag_set(d, err, "%s", why.text) : OK;
	log_line(has_services(w) ? LOG_WARNING : LOG_DEBUG, "run: the clusterIPs of Services cannot be connected to: %s", why.text);
	return OK;
}

/* In the order of who needs whom. */
enum err world_make(struct world *w, struct diag *d)
{
	struct addr own[POD_IPS_MAX];
	const struct pod *pod;
	unsigned own_count;
	enum err err = who_find(cluster_store(w->cluster), w->options->ns, w->options->pod, &pod, d);
	if (!err)
		err = loopback_open(&w->loopback, d);
	if (err)
		return err;
	w->server_count = dns_service_addresses(cluster_store(w->cluster), &cluster_options(w->cluster)->manifest.service_cidr,
	                                        loopback_has_ipv6(w->loopback), w->servers);
	own_count = find_own(w, pod, own);
	err = set_own(w, own, own_count, d);
	if (!err)
		err = open_relay(w, d);
	if (!err)
		err = world_update(w, d);
	if (!err)
		err = make_place(w, pod, own, own_count, d);
	return err ? err : listen_here(w, d);
}

void world_close(struct world *w)
{
	relay_close(w->relay);
	w->relay = NULL;
}

void world_free(struct world *w)
{
	server_free(w->server);
	loopback_close(w->loopback);
}
