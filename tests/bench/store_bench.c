/* store_bench - what the store costs: time to load a cluster, memory, and time for a pod's change until its Service is recomputed.
 * Objects are made in memory, so that decoding is left out; so is compiling. Prints figures, judges nothing. */
#include "base/hash.h"
#include "base/rcu.h"
#include "store/store.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHANGES 20000

/* Every other Service is a StatefulSet's, whose pods have label sets of their own; the others' pods share one. */
struct cluster {
	const char *what;
	unsigned namespaces, services, pods_each;
};

static const struct cluster clusters[] = {
        {"the design point", 500, 10000, 15},
        {"one namespace, a pod for each Service", 1, 5000, 1},
        {"one Service", 1, 1, 5000},
};

struct bench {
	const struct cluster *cluster;
	struct intern *pool;
	struct store *store;
	size_t told; /* endpoints, over all callbacks */
};

static void check(enum err err)
{
	if (!err)
		return;
	fprintf(stderr, "store_bench: %s\n", err_str(err));
	exit(1);
}

static void *must(void *block)
{
	check(block ? OK : ERR_NOMEM);
	return block;
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double rss_bytes(void)
{
	char text[128] = "", *resident; /* the second number */
	FILE *f = fopen("/proc/self/statm", "r");
	malloc_trim(0);
	check(f && fgets(text, sizeof(text), f) ? OK : ERR_SYS);
	fclose(f);
	strtol(text, &resident, 10);
	return (double)strtol(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static const char *name(struct bench *b, const char *format, unsigned x, unsigned y)
{
	char out[64];
	snprintf(out, sizeof(out), format, x, y);
	return intern_str(b->pool, out);
}

static struct object *object(struct bench *b, enum object_kind kind, size_t bytes, unsigned service)
{
	struct object *o = must(calloc(1, bytes));
	o->kind = kind;
	o->ns = name(b, "namespace-%u", service % b->cluster->namespaces, 0);
	return o;
}

static struct object *make_service(struct bench *b, unsigned i)
{
	struct service *s = (struct service *)object(b, OBJECT_SERVICE, sizeof(*s), i);
	char app[32];
	snprintf(app, sizeof(app), "app-%u", i);
	s->object.name = name(b, "service-%u", i, 0);
	s->headless = true;
	s->selector = label_set_intern(b->pool, &(struct label){"app", app}, 1);
	s->ports = must(calloc(1, sizeof(*s->ports)));
	s->port_count = 1;
	s->ports[0] = (struct service_port){.name = name(b, "http", 0, 0), .port = 80, .target_port = 8080};
	return &s->object;
}

static const struct label_set *make_labels(struct bench *b, unsigned service, unsigned i)
{
	char app[32], pod[48], index[16];
	snprintf(app, sizeof(app), "app-%u", service);
	snprintf(pod, sizeof(pod), "service-%u-%u", service, i);
	snprintf(index, sizeof(index), "%u", i);
	struct label own[] = {{"app", app},
	                      {"apps.kubernetes.io/pod-index", index},
	                      {"controller-revision-hash", app},
	                      {"statefulset.kubernetes.io/pod-name", pod}};
	struct label shared[] = {{"app", app}, {"pod-template-hash", "5d8f7c9b6d"}};
	return service % 2 ? label_set_intern(b->pool, own, 4) : label_set_intern(b->pool, shared, 2);
}

static struct object *make_pod(struct bench *b, unsigned service, unsigned i, bool ready)
{
	struct pod *p = (struct pod *)object(b, OBJECT_POD, sizeof(*p), service);
	unsigned n = service * b->cluster->pods_each + i;
	p->object.name = name(b, service % 2 ? "service-%u-%u" : "service-%u-5d8f7c9b6d-%05x", service, i);
	p->object.labels = make_labels(b, service, i);
	p->phase = POD_RUNNING;
	p->ready = ready;
	p->ip_count = 1;
	p->ips[0] = (struct addr){.family = ADDR_V4, .octets = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
	if (service % 2) {
		p->hostname = intern_ref(p->object.name);
		p->subdomain = name(b, "service-%u", service, 0);
	}
	return &p->object;
}

static enum err on_changed(void *arg, const struct service_view *view)
{
	((struct bench *)arg)->told += view->count;
	return OK;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	(void)arg, (void)kind, (void)ns, (void)name;
}

static enum err on_namespace(void *arg, const char *ns, bool exists)
{
	(void)arg, (void)ns, (void)exists;
	return OK;
}

/* Nanoseconds in the store; making the object is not counted. */
static double upsert(struct bench *b, struct object *o)
{
	double start = now_ns();
	check(store_upsert(b->store, o));
	return now_ns() - start;
}

static double flush(struct bench *b)
{
	double start = now_ns();
	check(store_flush(b->store));
	return now_ns() - start;
}

/* Pods first, so that each new Service has pods to find. */
static double list(struct bench *b)
{
	double ns = 0;
	for (unsigned i = 0; i < b->cluster->services; i++)
		for (unsigned k = 0; k < b->cluster->pods_each; k++)
			ns += upsert(b, make_pod(b, i, k, true));
	for (unsigned i = 0; i < b->cluster->services; i++)
		ns += upsert(b, make_service(b, i));
	return ns;
}

/* Readiness flips of pods here and there, each flushed by itself. */
static double change(struct bench *b)
{
	double ns = 0;
	for (unsigned n = 0; n < CHANGES; n++) {
		unsigned at = n / 2 * 7919;
		ns += upsert(b, make_pod(b, at % b->cluster->services, at % b->cluster->pods_each, n % 2));
		ns += flush(b);
	}
	return ns / CHANGES;
}

static void run(const struct cluster *cluster)
{
	struct bench b = {.cluster = cluster};
	struct store_callbacks callbacks = {on_changed, on_gone, on_namespace, NULL, NULL, &b};
	double before = rss_bytes(), pods = (double)cluster->services * cluster->pods_each;
	b.pool = must(intern_new());
	b.store = must(store_new(b.pool, &callbacks));
	double load = list(&b), join = flush(&b);
	rcu_free_all();
	double bytes = rss_bytes() - before;
	printf("%s: %u Services, %.0f pods\n", cluster->what, cluster->services, pods);
	printf("  load  %.0f ms, first join %.0f ms, %zu endpoints\n", load / 1e6, join / 1e6, b.told);
	printf("  RSS   %.1f MiB, %.0f octets a pod\n", bytes / 1048576, bytes / pods);
	double relist = list(&b);
	printf("  the same list again  %.0f ns an object\n", relist / (pods + cluster->services));
	printf("  a pod's change  %.0f ns\n", change(&b));
	store_free(b.store);
	intern_free(b.pool);
	rcu_free_all();
}

int main(void)
{
	hash_seed_init();
	for (size_t i = 0; i < sizeof(clusters) / sizeof(clusters[0]); i++)
		run(&clusters[i]);
	return 0;
}
