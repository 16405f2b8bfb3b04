#include "base/plural.h"
#include "base/process.h"
#include "base/rcu.h"
#include "cli/commands.h"
#include "dns/message.h"
#include "dns/record.h"
#include "run/dns_service.h"
#include "sites.h"
#include "zone/walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DUMP_SERIAL 1 /* two dumps of one state are to be equal, so what tells their times apart is left out */

/* Of one cluster. */
struct dump {
	struct cluster *cluster;
	uv_loop_t loop;
	uv_timer_t patience;
	bool read; /* the cluster has been read */
};

/* --- records, sorted --- */

/* One record's line and what it is sorted by, in the buffer of all. */
struct line {
	size_t key, text, text_len;
};

/* Those of one zone. */
struct lines {
	struct buffer octets;
	struct line *lines;
	size_t count, cap;
	bool failed;
};

static void lines_free(struct lines *l)
{
	buffer_free(&l->octets);
	free(l->lines);
}

static bool lines_grow(struct lines *l)
{
	size_t cap = l->cap ? 2 * l->cap : 256;
	struct line *grown = realloc(l->lines, cap * sizeof *grown);
	if (!grown)
		return false;
	l->lines = grown;
	l->cap = cap;
	return true;
}

/* The serial stands before the last four numbers of the rdata. */
static void set_serial(uint8_t *rdata, size_t len, uint32_t serial)
{
	for (size_t i = 0; i < 4; i++)
		rdata[len - 20 + i] = (uint8_t)(serial >> 8 * (3 - i));
}

/* What is sorted by is followed by the line's text: records of one name and type stand in the order of these. */
static enum err on_record(void *arg, const struct record *r)
{
	struct lines *l = arg;
	uint8_t soa[2 * NAME_WIRE_MAX + 20];
	struct record record = *r;
	if (r->type == DNS_TYPE_SOA) {
		record.rdata = memcpy(soa, r->rdata, r->rdata_len);
		set_serial(soa, r->rdata_len, DUMP_SERIAL);
	}
	if (l->count == l->cap && !lines_grow(l))
		return ERR_NOMEM;
	struct line *line = &l->lines[l->count++];
	line->key = l->octets.len;
	record_sort_key(&record, &l->octets);
	line->text = l->octets.len;
	record_to_text(&record, &l->octets);
	line->text_len = l->octets.len - line->text;
	return l->octets.failed ? ERR_NOMEM : OK;
}

static int by_key(const void *a, const void *b, void *octets)
{
	const struct line *x = a, *y = b;
	const char *base = octets;
	size_t x_len = x->text + x->text_len - x->key, y_len = y->text + y->text_len - y->key;
	int order = memcmp(base + x->key, base + y->key, x_len < y_len ? x_len : y_len);
	return order ? order : (x_len > y_len) - (x_len < y_len);
}

static void print_head(const struct zone *z, const struct name *apex, size_t records)
{
	char text[NAME_TEXT_MAX];
	name_to_text(apex, text);
	printf("; zone %s %zu record%s\n", text, records, plural(records));
	if (zone_settings(z)->pods == ZONE_PODS_INSECURE && !zone_is_reverse(apex))
		printf("; and <address>.<namespace>.pod.%s for every address, in each namespace there is (pods insecure)\n", text);
	printf("$ORIGIN %s\n", text);
}

static enum err print_zone(const struct zone *z, const struct name *apex)
{
	struct lines l = {0};
	enum err err = zone_walk(z, apex, on_record, &l);
	if (!err) {
		if (l.count)
			qsort_r(l.lines, l.count, sizeof *l.lines, by_key, l.octets.data);
		print_head(z, apex, l.count);
		for (size_t i = 0; i < l.count; i++)
			fwrite(l.octets.data + l.lines[i].text, 1, l.lines[i].text_len, stdout);
		printf("\n");
	}
	lines_free(&l);
	return err;
}

/* The name server is the one that the cluster's pods ask. */
static enum err print_zones(struct zone *z, const struct cluster *c)
{
	const struct cidr *service_cidr = &cluster_options(c)->manifest.service_cidr;
	struct addr self[DNS_SERVICE_MAX];
	enum err err = zone_set_self(z, self, dns_service_addresses(cluster_store(c), service_cidr, true, self));
	const struct name *apex;
	for (unsigned i = 0; !err && (apex = zone_apex(z, i)); i++)
		err = print_zone(z, apex);
	return err;
}

static enum err print_all(const struct dump *u, struct diag *d)
{
	struct zone *external = cluster_external_zone(u->cluster);
	enum err err = print_zones(cluster_zone(u->cluster), u->cluster);
	if (!err && external)
		err = print_zones(external, u->cluster);
	if (err)
		return diag_set(d, err, "%s", err_str(err));
	return fflush(stdout) || ferror(stdout) ? diag_set(d, ERR_SYS, "the output could not be written whole") : OK;
}

/* --- reading --- */

static enum err load(const struct dump *u, struct diag *d)
{
	struct cluster_changes changes;
	enum err err = cluster_load(u->cluster, &changes);
	return err ? diag_set(d, err, "the input is wrong, see above (--lenient leaves out what is wrong)") : OK;
}

static void on_cluster_read(void *arg, struct cluster *c, unsigned ms)
{
	struct dump *u = arg;
	(void)c;
	(void)ms;
	u->read = true;
	uv_stop(&u->loop);
}

static void on_patience_over(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void loop_close(struct dump *u)
{
	cluster_unwatch(u->cluster);
	uv_close((uv_handle_t *)&u->patience, NULL);
	uv_run(&u->loop, UV_RUN_DEFAULT);
	uv_loop_close(&u->loop);
}

static enum err read_cluster(struct dump *u, const struct options *o, struct diag *d)
{
	enum err err;
	if (uv_loop_init(&u->loop))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	uv_timer_init(&u->loop, &u->patience);
	uv_timer_start(&u->patience, on_patience_over, o->timeout_s * 1000ULL, 0);
	err = cluster_watch(u->cluster, &u->loop, on_cluster_read, u, d);
	if (!err)
		uv_run(&u->loop, UV_RUN_DEFAULT);
	loop_close(u);
	if (!err && !u->read)
		return diag_set(d, ERR_MISSING, "the cluster at %s could not be read within %u s",
		                cluster_options(u->cluster)->endpoint->url, o->timeout_s);
	return err;
}

/* --- the command --- */

/* The snapshot is the server's: a dump neither needs nor writes it. */
static enum err dump_site(const struct site *site, const struct options *o, struct diag *d)
{
	struct kubernetes_options kubernetes = *site->cluster->kubernetes;
	struct cluster_options options = o->cluster;
	struct dump u = {0};
	enum err err;
	kubernetes.snapshot = NULL;
	options.kubernetes = &kubernetes;
	options.endpoint = o->cluster.file_count ? NULL : &site->cluster->endpoint;
	err = cluster_new(&options, &u.cluster, d);
	if (!err)
		err = options.endpoint ? read_cluster(&u, o, d) : load(&u, d);
	if (!err)
		err = print_all(&u, d);
	cluster_free(u.cluster);
	return err;
}

static enum err dump(const struct sites *s, const struct options *o, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < s->count && !err; i++)
		if (s->all[i].cluster)
			err = dump_site(&s->all[i], o, d);
	return err;
}

int dump_main(const struct options *o)
{
	struct sites sites;
	struct diag d;
	enum err err;
	process_ignore_file_limit();
	rcu_thread_begin();
	err = sites_find(o, NULL, false, &sites, &d);
	if (!err)
		err = dump(&sites, o, &d);
	if (err)
		log_line(LOG_ERROR, "dump: %s", d.text);
	sites_free(&sites);
	rcu_thread_end();
	return err ? 1 : 0;
}
