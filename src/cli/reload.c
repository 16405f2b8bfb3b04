#include "reload.h"
#include "base/hash.h"
#include "base/log.h"
#include "certificates.h"
#include "config/kube_dns.h"
#include "io/filewatch.h"
#include "loops.h"
#include "upstream_files.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define LATER_MS 1 /* not 0, which may still be in this turn of the loop, before its handles are closed */

struct configuration {
	SLIST_ENTRY(configuration) others;
	struct sites sites;
};

struct reload {
	uv_loop_t *loop;
	const struct options *options;
	struct query_log *log;
	struct reload_events events;
	struct server *server;
	struct admin *admin;
	struct configuration *now, *next; /* next: its clusters are being read; NULL: there is none */
	SLIST_HEAD(, configuration) gone; /* to be freed when the loop has closed their handles */
	uv_timer_t look, adopt, later;
	struct upstream_files upstreams;
	struct filewatch *kube_dns_files;
	struct kube_dns kube_dns; /* what it said when it was good last */
	struct certificates certificates;
	struct loops loops;
	bool adopting; /* the server has it, and the one before is still in use */
	uint64_t adopted, failed;
	char *complaint; /* what was wrong when it was read last, which is said once; NULL: nothing */
};

/* --- making and dropping --- */

static void configuration_free(struct configuration *c)
{
	if (!c)
		return;
	sites_free(&c->sites);
	free(c);
}

static enum err configuration_new(const struct reload *r, bool quiet, struct configuration **out, struct diag *d)
{
	enum err err;
	*out = calloc(1, sizeof **out);
	if (!*out)
		return diag_set(d, ERR_NOMEM, "out of memory");
	err = sites_find(r->options, &r->kube_dns, quiet, &(*out)->sites, d);
	if (err) {
		configuration_free(*out);
		*out = NULL;
	}
	return err;
}

static void free_gone(struct reload *r)
{
	struct configuration *c;
	while ((c = SLIST_FIRST(&r->gone))) {
		SLIST_REMOVE_HEAD(&r->gone, others);
		configuration_free(c);
	}
}

static void on_later(uv_timer_t *timer)
{
	free_gone(timer->data);
}

/* Nobody answers with it any more. */
static void drop(struct reload *r, struct configuration *c)
{
	if (!c)
		return;
	sites_let_go(&c->sites);
	SLIST_INSERT_HEAD(&r->gone, c, others);
	uv_timer_start(&r->later, on_later, LATER_MS, 0);
}

/* --- adopting --- */

static void look_again(struct reload *r);
static bool can_read_again(const struct reload *r);

/* What it is called in lines. */
static const char *name_of(const struct reload *r)
{
	return r->options->conf ? r->options->conf : "what is forwarded";
}

/* Those that are asked now. */
static void watch_files(struct reload *r)
{
	const struct sites *sites = &r->now->sites;
	if (can_read_again(r))
		upstream_files_watch(&r->upstreams, r->loop, sites->corefile.count ? &sites->corefile : &sites->forward);
	certificates_watch(&r->certificates, r->loop, &sites->corefile);
}

/* What is wrong is said once, however often it is read. */
static bool is_news(struct reload *r, const struct diag *d)
{
	if (r->complaint && strcmp(r->complaint, d->text) == 0)
		return false;
	free(r->complaint);
	r->complaint = strdup(d->text);
	return true;
}

static void complain(struct reload *r, const struct diag *d)
{
	r->failed++;
	log_line(LOG_ERROR, "reload: %s; what was served before goes on", d->text);
}

static void no_complaint(struct reload *r)
{
	free(r->complaint);
	r->complaint = NULL;
}

/* It can't be served. */
static void give_up(struct reload *r, struct configuration *c, const struct diag *d)
{
	if (is_news(r, d))
		complain(r, d);
	drop(r, c);
	r->events.given_up(r->events.arg);
}

/* `debug` is the process's, whichever block says it. */
static void set_log_level(const struct reload *r, const struct configuration *c)
{
	log_set_level(corefile_says(&c->sites.corefile, DIRECTIVE_DEBUG) ? LOG_DEBUG : r->options->log_level);
}

static enum err open_pages(const struct reload *r, const struct pages *pages, struct admin_change **change, struct diag *d)
{
	struct diag why;
	enum err err = admin_change_new(r->admin, pages->places, pages->count, change, &why);
	return err ? diag_set(d, err, "health, ready, prometheus: %s", why.text) : OK;
}

static void log_pages(const struct admin *a)
{
	static const char *const names[] = {"/health", "/ready", "/metrics"}; /* by their bits */
	struct admin_address address;
	unsigned pages;
	for (unsigned i = 0; admin_bound(a, i, &address, &pages); i++) {
		char text[ADMIN_ADDRESS_TEXT_MAX], list[32] = "";
		size_t len = 0;
		admin_address_format(&address, text);
		for (unsigned p = 0; p < sizeof names / sizeof *names; p++) {
			if (pages & 1u << p)
				len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? " " : "", names[p]);
		}
		log_line(LOG_INFO, "http://%s has %s", text, list);
	}
}

/* The names and the pages, or neither. */
static enum err hand_over(struct reload *r, struct configuration *c, struct diag *d)
{
	struct admin_change *change = NULL;
	enum err err = sites_add(&c->sites, r->options, r->server, d);
	if (!err)
		err = open_pages(r, &c->sites.pages, &change, d);
	if (!err)
		err = server_adopt(r->server, c, d);
	if (err) {
		admin_change_free(change);
		server_discard(r->server);
		return err;
	}
	sites_adopted(&c->sites);
	admin_change_apply(change);
	log_pages(r->admin);
	set_log_level(r, c);
	return OK;
}

/* Where all that it serves has been read. The one before is dropped when the server lets go of it. */
static void adopt_next(struct reload *r)
{
	struct configuration *next = r->next;
	struct diag d;
	if (!sites_known(&next->sites))
		return;
	r->next = NULL;
	if (hand_over(r, next, &d)) {
		give_up(r, next, &d);
		return;
	}
	r->now = next;
	r->adopting = true;
	loops_pause(&r->loops); /* until every worker knows the new names */
	no_complaint(r);
	watch_files(r);
	look_again(r);
}

/* Every worker answers with what came after it. */
void reload_on_replaced(void *arg, void *owner)
{
	struct reload *r = arg;
	drop(r, owner);
	loops_ask(&r->loops, &r->now->sites);
	r->adopted++;
	r->adopting = false;
	log_line(LOG_INFO, "reload: %s is served as it is now", name_of(r));
	r->events.adopted(r->events.arg);
}

/* Not in a cluster's own callback, since what can't be served is dropped. */
static void on_adopt(uv_timer_t *timer)
{
	struct reload *r = timer->data;
	if (r->next)
		adopt_next(r);
}

static bool is_served(const struct reload *r, const struct cluster *c)
{
	for (unsigned i = 0; i < r->now->sites.count; i++) {
		if (r->now->sites.all[i].cluster && r->now->sites.all[i].cluster->cluster == c)
			return true;
	}
	return false;
}

static void on_cluster_read(void *arg, struct cluster *c, unsigned ms)
{
	struct reload *r = arg;
	if (r->next)
		uv_timer_start(&r->adopt, on_adopt, 0, 0);
	if (is_served(r, c))
		r->events.cluster_read(r->events.arg, c, ms);
}

/* --- reading again --- */

static enum err begin_next(struct reload *r, struct configuration *next, struct diag *d)
{
	enum err err;
	sites_share(&next->sites, &r->now->sites);
	err = sites_open(&next->sites, r->options, r->log, d);
	return err ? err : sites_watch(&next->sites, r->loop, on_cluster_read, r, d);
}

static bool says_the_same(const struct configuration *a, const struct configuration *b)
{
	const char *one = a ? sites_text(&a->sites) : NULL, *other = b ? sites_text(&b->sites) : NULL;
	return one && other && strcmp(one, other) == 0;
}

/* Quietly at first: what is wrong may be known. */
static enum err read_corefile(struct reload *r, struct configuration **out)
{
	struct diag d;
	enum err err = configuration_new(r, true, out, &d);
	if (!err || !is_news(r, &d))
		return err;
	err = configuration_new(r, false, out, &d);
	if (err)
		complain(r, &d);
	return err;
}

static void read_again(struct reload *r, bool anyway)
{
	struct configuration *next;
	struct diag d;
	if (read_corefile(r, &next))
		return;
	if (!anyway && says_the_same(next, r->next ? r->next : r->now)) {
		if (!r->next)
			no_complaint(r);
		configuration_free(next);
		return;
	}
	drop(r, r->next);
	r->next = NULL;
	if (begin_next(r, next, &d)) {
		give_up(r, next, &d);
		return;
	}
	r->next = next;
	adopt_next(r);
	if (r->next)
		log_line(LOG_INFO, "reload: %s is served when its clusters have been read; what was served before goes on", name_of(r));
}

static bool is_stdin(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "stdin") == 0;
}

static bool can_read_again(const struct reload *r)
{
	return !r->options->conf || !is_stdin(r->options->conf);
}

/* --- kube-dns's ConfigMap --- */

/* What is wrong refuses all of it, and what it said before stays. */
static bool read_kube_dns(struct reload *r)
{
	struct kube_dns now;
	struct diag d;
	if (!r->options->kube_dns)
		return true;
	if (kube_dns_read(r->options->kube_dns, &now, &d)) {
		r->failed++;
		log_line(LOG_ERROR, "kube-dns-config: %s; what was said there before stays", d.text);
		return false;
	}
	if (now.federations)
		log_line(LOG_WARNING, "kube-dns-config: federations: Kubernetes has none any more; they count for nothing");
	kube_dns_clear(&r->kube_dns);
	r->kube_dns = now;
	return true;
}

static void read_anyway(struct reload *r)
{
	if (can_read_again(r))
		read_again(r, true);
	else
		log_line(LOG_WARNING, "reload: the Corefile came by standard input, which cannot be read again");
}

static void on_kube_dns_changed(void *arg)
{
	struct reload *r = arg;
	if (read_kube_dns(r))
		read_anyway(r);
}

/* A ConfigMap's keys are links to where a link of the folder leads, which is exchanged when they change. */
static void watch_kube_dns(struct reload *r)
{
	char *paths[KUBE_DNS_KEYS] = {NULL};
	bool whole = true;
	if (!r->options->kube_dns)
		return;
	for (enum kube_dns_key key = 0; key < KUBE_DNS_KEYS && whole; key++)
		whole = asprintf(&paths[key], "%s/%s", r->options->kube_dns, kube_dns_key_name(key)) >= 0;
	if (!whole ||
	    filewatch_start(r->loop, (const char *const *)paths, KUBE_DNS_KEYS, false, on_kube_dns_changed, r, &r->kube_dns_files))
		log_line(LOG_WARNING, "kube-dns-config: %s cannot be watched: after a change, send SIGHUP", r->options->kube_dns);
	for (unsigned i = 0; i < KUBE_DNS_KEYS && whole; i++)
		free(paths[i]);
}

void reload_now(struct reload *r)
{
	no_complaint(r); /* who asks is told */
	read_kube_dns(r);
	read_anyway(r);
}

bool reload_pending(const struct reload *r)
{
	return r->next || r->adopting;
}

/* --- looking for changes --- */

/* The Corefile says the same, but a file that it names does not. */
static void on_upstreams_changed(void *arg)
{
	read_again(arg, true);
}

static void on_look(uv_timer_t *timer)
{
	struct reload *r = timer->data;
	read_again(r, false);
	look_again(r);
}

/* Half of the jitter sooner to half of it later, so that all replicas don't change at once. */
static void look_again(struct reload *r)
{
	const struct reload_options *every = &r->now->sites.corefile.reload;
	uint64_t chance = 0, after = every->interval_ms - every->jitter_ms / 2;
	uv_timer_stop(&r->look);
	if (!every->interval_ms || !can_read_again(r))
		return;
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) == sizeof chance)
		after += chance % (every->jitter_ms + 1);
	uv_timer_start(&r->look, on_look, after, 0);
}

/* --- its life --- */

enum err reload_new(uv_loop_t *loop, const struct options *o, struct query_log *log, const struct reload_events *events,
                    struct reload **out, struct diag *d)
{
	struct reload *r = calloc(1, sizeof *r);
	enum err err;
	*out = NULL;
	if (!r)
		return diag_set(d, ERR_NOMEM, "out of memory");
	r->loop = loop;
	r->options = o;
	r->log = log;
	r->events = *events;
	r->upstreams = (struct upstream_files){.changed = on_upstreams_changed, .arg = r};
	SLIST_INIT(&r->gone);
	watch_kube_dns(r); /* before it is read, so that no change falls between */
	read_kube_dns(r);
	err = configuration_new(r, false, &r->now, d);
	if (!err)
		err = sites_open(&r->now->sites, o, log, d);
	if (err) {
		filewatch_stop(r->kube_dns_files);
		reload_free(r);
		return err;
	}
	uv_timer_init(loop, &r->look);
	uv_timer_init(loop, &r->adopt);
	uv_timer_init(loop, &r->later);
	loops_begin(&r->loops, loop);
	r->look.data = r->adopt.data = r->later.data = r;
	*out = r;
	return OK;
}

enum err reload_watch(struct reload *r, struct diag *d)
{
	return sites_watch(&r->now->sites, r->loop, on_cluster_read, r, d);
}

enum err reload_serve(struct reload *r, struct server *server, struct admin *admin, struct diag *d)
{
	enum err err;
	r->server = server;
	r->admin = admin;
	err = hand_over(r, r->now, d);
	if (err)
		return err;
	watch_files(r);
	loops_ask(&r->loops, &r->now->sites);
	look_again(r);
	return OK;
}

void reload_status(const struct reload *r, struct reload_status *out)
{
	const char *text = sites_text(&r->now->sites);
	*out = (struct reload_status){.adopted = r->adopted, .failed = r->failed};
	if (text)
		snprintf(out->hash, sizeof out->hash, "%016" PRIx64, hash_stable(text, strlen(text)));
}

const struct sites *reload_sites(const struct reload *r)
{
	return &r->now->sites;
}

void reload_stop(struct reload *r)
{
	if (!r)
		return;
	if (r->next)
		sites_let_go(&r->next->sites);
	sites_let_go(&r->now->sites);
	upstream_files_stop(&r->upstreams);
	filewatch_stop(r->kube_dns_files);
	certificates_stop(&r->certificates);
	uv_close((uv_handle_t *)&r->look, NULL);
	uv_close((uv_handle_t *)&r->adopt, NULL);
	uv_close((uv_handle_t *)&r->later, NULL);
	loops_end(&r->loops);
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	free_gone(r);
	configuration_free(r->next);
	configuration_free(r->now);
	no_complaint(r);
	kube_dns_clear(&r->kube_dns);
	free(r);
}
