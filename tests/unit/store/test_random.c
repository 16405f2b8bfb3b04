/* Random objects and changes, against a join that is written anew here, without any of the store's shortcuts: after every flush
 * what is published must be what the objects as they are give from scratch. */
#include "put.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED       20240817U
#define STEPS      12000
#define NAMESPACES 2
#define SERVICES   8 /* per namespace, as the next ones */
#define PODS       24
#define SLICES     8
#define KEYS       3 /* label keys k0…k2, values v0…v2; 3: the key is not there */

struct model_service {
	bool there, headless, publish, external;
	unsigned families;    /* 0: unset; 4, 6, 46 */
	unsigned cluster_ips; /* likewise */
	unsigned selector[KEYS];
	unsigned target; /* of its port "web": 0: no port; 1: a number; 2: the name "http"; 3: the name "other" */
};

struct model_pod {
	bool there, ready, deleting, over;
	unsigned ips; /* 0: none; 4, 6, 46 */
	unsigned labels[KEYS];
	unsigned host, sub; /* 0: none; host h1…; sub: Service s0… */
	unsigned http;      /* container port of that name; 0: none */
};

struct model_slice {
	bool there, controller, ready, skip;
	unsigned of; /* Service; SERVICES: none */
	unsigned number;
};

static struct {
	struct model_service services[NAMESPACES][SERVICES];
	struct model_pod pods[NAMESPACES][PODS];
	struct model_slice slices[NAMESPACES][SLICES], endpoints[NAMESPACES][SERVICES];
	bool by_slices;
} model;

static uint64_t random_state;

/* xorshift64*: the same numbers everywhere. */
static unsigned pick(unsigned n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * 0x2545f4914f6cdd1dU) >> 33) % n;
}

static unsigned pick_families(void)
{
	static const unsigned families[] = {0, 4, 6, 46, 4, 4};
	return families[pick(6)];
}

/* --- lines --- */

static size_t put_labels(char *out, size_t at, const char *name, const unsigned values[KEYS])
{
	const char *before = name;
	for (unsigned k = 0; k < KEYS; k++) {
		if (values[k] == KEYS)
			continue;
		at = put(out, at, "%sk%u:v%u", before, k, values[k]);
		before = ",";
	}
	return at;
}

static void service_line(char *out, unsigned ns, unsigned i)
{
	static const char *const targets[] = {"", " port=web:80:8080", " port=web:80:http", " port=web:80:other port=db:81"};
	const struct model_service *s = &model.services[ns][i];
	size_t at = put(out, 0, "svc n%u/s%u%s%s%s", ns, i, s->publish ? " publish" : "", targets[s->target],
	                s->external ? " external=x.org" : "");
	if (!s->external && s->headless)
		at = put(out, at, " headless");
	else if (!s->external && s->cluster_ips)
		at = put(out, at, " ip=%s", s->cluster_ips == 4 ? "10.0.0.1" : s->cluster_ips == 6 ? "fd00::1" : "10.0.0.1,fd00::1");
	if (s->families)
		at = put(out, at, " families=%u", s->families);
	put_labels(out, at, " sel=", s->selector);
}

static void pod_line(char *out, unsigned ns, unsigned i)
{
	const struct model_pod *p = &model.pods[ns][i];
	size_t at = put(out, 0, "pod n%u/p%02u%s%s%s", ns, i, p->ready ? " ready" : "", p->deleting ? " deleting" : "",
	                p->over ? " phase=Succeeded" : "");
	if (p->ips)
		at = put(out, at,
		         p->ips == 4   ? " ip=10.1.%u.%u"
		         : p->ips == 6 ? " ip=fd00::%u:%u"
		                       : " ip=10.1.%u.%u,fd00::%u:%u",
		         ns, i, ns, i);
	if (p->host)
		at = put(out, at, " host=h%u", p->host);
	if (p->sub < SERVICES)
		at = put(out, at, " sub=s%u", p->sub);
	if (p->http)
		at = put(out, at, " port=http:%u", p->http);
	put_labels(out, at, " labels=", p->labels);
}

static void slice_line(char *out, unsigned ns, unsigned i)
{
	const struct model_slice *s = &model.slices[ns][i];
	size_t at = put(out, 0, "slice n%u/x%u port=web:%u%s", ns, i, s->number, s->controller ? " controller" : "");
	if (s->of < SERVICES)
		at = put(out, at, " of=s%u", s->of);
	put(out, at, " ep=10.9.%u.%u%s", ns, i, s->ready ? "" : ",notready");
}

static void endpoints_line(char *out, unsigned ns, unsigned i)
{
	const struct model_slice *s = &model.endpoints[ns][i];
	put(out, 0, "endpoints n%u/s%u port=web:%u%s ep=10.8.%u.%u%s", ns, i, s->number, s->skip ? " skip" : "", ns, i,
	    s->ready ? "" : ",notready");
}

/* --- the naive join --- */

static bool selects(const struct model_service *s, const struct model_pod *p)
{
	bool any = false;
	for (unsigned k = 0; k < KEYS; k++) {
		if (s->selector[k] == KEYS)
			continue;
		any = true;
		if (s->selector[k] != p->labels[k])
			return false;
	}
	return any;
}

static bool has_selector(const struct model_service *s)
{
	return s->selector[0] != KEYS || s->selector[1] != KEYS || s->selector[2] != KEYS;
}

static bool has_family(const struct model_service *s, unsigned family)
{
	unsigned families = s->families ? s->families : s->headless ? 46 : s->cluster_ips ? s->cluster_ips : 46;
	return families == family || families == 46;
}

static size_t expect_ports(char *out, size_t at, const struct model_service *s, const struct model_pod *p)
{
	if (s->target == 1)
		at = put(out, at, " web=8080/TCP");
	if (s->target == 2 && p->http)
		at = put(out, at, " web=%u/TCP", p->http);
	if (s->target == 3)
		at = put(out, at, " db=81/TCP");
	return at;
}

static size_t expect_pod(char *out, size_t at, unsigned ns, unsigned service, unsigned i)
{
	const struct model_service *s = &model.services[ns][service];
	const struct model_pod *p = &model.pods[ns][i];
	bool v4 = (p->ips == 4 || p->ips == 46) && has_family(s, 4), v6 = (p->ips == 6 || p->ips == 46) && has_family(s, 6);
	if (!p->there || p->over || !selects(s, p) || (p->ips && !v4 && !v6))
		return at;
	bool ready = p->ips && (s->publish || (p->ready && !p->deleting));
	at = put(out, at, "p%02u %s", i, ready ? "ready" : p->deleting ? "terminating" : "not-ready");
	if (v4)
		at = put(out, at, " 10.1.%u.%u", ns, i);
	if (v6 && ns == 0)
		at = put(out, at, i ? " fd00::%x" : " fd00::", 0U + (i / 10 * 16 + i % 10));
	if (v6 && ns == 1)
		at = put(out, at, " fd00::1:%x", i / 10 * 16 + i % 10);
	if (p->sub == service)
		at = p->host ? put(out, at, " @h%u", p->host) : put(out, at, " @");
	return put(out, expect_ports(out, at, s, p), "; ");
}

static size_t expect_slices(char *out, size_t at, unsigned ns, unsigned service)
{
	bool selector = has_selector(&model.services[ns][service]), any = false;
	const struct model_slice *e = &model.endpoints[ns][service];
	for (unsigned i = 0; i < SLICES; i++) {
		const struct model_slice *s = &model.slices[ns][i];
		if (!s->there || s->of != service)
			continue;
		any = true;
		if (!selector || !s->controller || model.by_slices)
			at = put(out, at, "- %s 10.9.%u.%u web=%u/TCP; ", s->ready ? "ready" : "not-ready", ns, i, s->number);
	}
	if (e->there && !any && !selector && !e->skip)
		at = put(out, at, "- %s 10.8.%u.%u web=%u/TCP; ", e->ready ? "ready" : "not-ready", ns, service, e->number);
	return at;
}

static size_t expect_service(char *out, size_t at, unsigned ns, unsigned service)
{
	if (!model.services[ns][service].there)
		return at;
	at = put(out, at, "n%u/s%u: ", ns, service);
	for (unsigned i = 0; i < PODS && !model.services[ns][service].external && !model.by_slices; i++)
		at = expect_pod(out, at, ns, service, i);
	if (!model.services[ns][service].external)
		at = expect_slices(out, at, ns, service);
	at -= out[at - 2] == ';' ? 2 : 1; /* what separates it from the next one */
	return put(out, at, "\n");
}

static void expect_state(char out[WORLD_TEXT])
{
	size_t at = put(out, 0, "%s", "");
	for (unsigned ns = 0; ns < NAMESPACES; ns++)
		for (unsigned i = 0; i < SERVICES; i++)
			at = expect_service(out, at, ns, i);
}

/* --- random changes --- */

static void pick_labels(unsigned values[KEYS], unsigned sparse)
{
	for (unsigned k = 0; k < KEYS; k++)
		values[k] = pick(sparse) ? KEYS : pick(KEYS);
}

/* Each changes some of it, so that most changes are small ones, and some are none. */
static void change_service(struct model_service *s)
{
	if (!s->there || !pick(4)) {
		*s = (struct model_service){.headless = pick(2),
		                            .publish = !pick(4),
		                            .external = !pick(8),
		                            .families = pick_families(),
		                            .cluster_ips = pick_families(),
		                            .target = pick(4)};
		pick_labels(s->selector, 2 + pick(3));
	}
	if (!pick(3))
		s->selector[pick(KEYS)] = pick(KEYS + 1);
	if (!pick(3))
		s->target = pick(4);
	s->there = true;
}

static void change_pod(struct model_pod *p)
{
	if (!p->there || !pick(6)) {
		*p = (struct model_pod){.ips = pick_families(), .host = pick(3), .sub = pick(SERVICES + 3), .http = pick(3)};
		pick_labels(p->labels, 1 + pick(2));
	}
	if (!pick(3))
		p->labels[pick(KEYS)] = pick(KEYS + 1);
	if (!pick(3))
		p->ready = !p->ready;
	if (!pick(8))
		p->deleting = !p->deleting;
	if (!pick(12))
		p->over = !p->over;
	if (!pick(6))
		p->sub = pick(SERVICES + 3);
	if (!pick(6))
		p->ips = pick_families();
	p->there = true;
}

static void change_slice(struct model_slice *s)
{
	*s = (struct model_slice){
	        .there = true, .controller = pick(2), .ready = pick(3), .skip = !pick(4), .of = pick(SERVICES + 1), .number = 1 + pick(2)};
}

static void random_change(char *line)
{
	if (!pick(200)) {
		model.by_slices = !model.by_slices;
		put(line, 0, "use %s", model.by_slices ? "slices" : "pods");
		return;
	}
	unsigned ns = pick(NAMESPACES), kind = pick(20), service = pick(SERVICES), pod = pick(PODS), slice = pick(SLICES);
	bool delete = !pick(4);
	if (kind < 4 && delete) {
		model.services[ns][service].there = false;
		put(line, 0, "delete svc n%u/s%u", ns, service);
	} else if (kind < 4) {
		change_service(&model.services[ns][service]);
		service_line(line, ns, service);
	} else if (kind < 6 && delete) {
		model.slices[ns][slice].there = false;
		put(line, 0, "delete %s n%u/x%u", model.slices[ns][slice].controller ? "cslice" : "slice", ns, slice);
	} else if (kind < 6) {
		change_slice(&model.slices[ns][slice]);
		slice_line(line, ns, slice);
	} else if (kind == 6 && delete) {
		model.endpoints[ns][service].there = false;
		put(line, 0, "delete endpoints n%u/s%u", ns, service);
	} else if (kind == 6) {
		change_slice(&model.endpoints[ns][service]);
		endpoints_line(line, ns, service);
	} else if (delete) {
		model.pods[ns][pod].there = false;
		put(line, 0, "delete pod n%u/p%02u", ns, pod);
	} else {
		change_pod(&model.pods[ns][pod]);
		pod_line(line, ns, pod);
	}
}

/* One time in eight some allocation fails first. */
static void do_line(struct world *w, const char *line)
{
	if (!pick(8)) {
		w->fail_at = 1 + pick(4);
		enum err err = world_do(w, line);
		assert_int_equal(err, w->failed ? ERR_NOMEM : OK);
		w->fail_at = 0;
	}
	assert_int_equal(world_do(w, line), OK);
}

static void list_all(struct world *w)
{
	char line[WORLD_TEXT];
	for (unsigned ns = 0; ns < NAMESPACES; ns++) {
		for (unsigned i = 0; i < PODS; i++)
			if (model.pods[ns][i].there && (pod_line(line, ns, i), true))
				do_line(w, line);
		for (unsigned i = 0; i < SERVICES; i++)
			if (model.services[ns][i].there && (service_line(line, ns, i), true))
				do_line(w, line);
		for (unsigned i = 0; i < SLICES; i++)
			if (model.slices[ns][i].there && (slice_line(line, ns, i), true))
				do_line(w, line);
		for (unsigned i = 0; i < SERVICES; i++)
			if (model.endpoints[ns][i].there && (endpoints_line(line, ns, i), true))
				do_line(w, line);
	}
}

static void check(struct world *w, unsigned step)
{
	char got[WORLD_TEXT], want[WORLD_TEXT];
	do_line(w, "flush");
	world_state(w, got);
	expect_state(want);
	if (strcmp(got, want) != 0)
		fail_msg("seed %u, step %u:\n%sinstead of\n%s", SEED, step, got, want);
}

/* The store hears nothing of some changes, and of the rest by a list. */
static void relist(struct world *w, unsigned step)
{
	char unheard[WORLD_TEXT];
	for (unsigned i = pick(30); i; i--)
		random_change(unheard);
	do_line(w, model.by_slices ? "use slices" : "use pods"); /* that is no object */
	do_line(w, "mark pod svc slice cslice endpoints");
	list_all(w);
	do_line(w, "sweep pod svc slice cslice endpoints");
	check(w, step);
	*w->log = '\0';
	do_line(w, "mark pod svc slice cslice endpoints");
	list_all(w);
	do_line(w, "sweep pod svc slice cslice endpoints");
	check(w, step);
	assert_string_equal(w->log, "");
}

static uint64_t random_us(void *arg)
{
	return *(uint64_t *)arg += pick(100);
}

static void test_random(void **state)
{
	struct world *w = world_new();
	char line[WORLD_TEXT];
	uint64_t clock_us = 1;
	const struct store_pace pace = {random_us, &clock_us, .turn_us = 50, .dear_endpoints = 3, .dear_percent = 20};
	(void)state;
	print_message("seed %u\n", SEED);
	random_state = SEED;
	store_set_pace(w->store, &pace);
	for (unsigned step = 0; step < STEPS; step++) {
		random_change(line);
		do_line(w, line);
		if (!pick(3))
			check(w, step);
		else if (!pick(2))
			do_line(w, "turn");
		if (!pick(300))
			relist(w, step);
		*w->log = '\0';
	}
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
