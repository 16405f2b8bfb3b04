/* query_bench - what a query costs in process, from its octets to those of the response, sockets left out. Prints nanoseconds per query,
 * the best of several rounds; judges nothing. A world of many Services, so that a look-up meets memory and not one cache line.
 * With a number: only that kind of question, once, for callgrind to count (instructions.sh); without such a kind, status 2. */
#include "base/addr.h"
#include "base/hash.h"
#include "query/query.h"
#include "zone/compile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERVICES  10000
#define ENDPOINTS 15 /* of each */
#define BATCH     32
#define ROUNDS    15
#define QUERIES   (1 << 17) /* of a round */
#define COUNTED   (1 << 14) /* where instructions are counted */

static void check(enum err err)
{
	if (!err)
		return;
	fprintf(stderr, "query_bench: %s\n", err_str(err));
	exit(1);
}

static struct addr pod_addr(unsigned service, unsigned i)
{
	unsigned n = service * ENDPOINTS + i;
	return (struct addr){.family = ADDR_V4, .octets = {10, (uint8_t)(128 + (n >> 16)), (uint8_t)(n >> 8), (uint8_t)n}};
}

/* svc-N: every other one headless, with pods web-0 to web-14 behind its port. */
static void publish(struct zone *z, unsigned number)
{
	static const struct endpoint_port port = {.name = "web", .port = 80, .protocol = PROTOCOL_TCP};
	struct service_port service_port = {.name = "web", .port = 80, .protocol = PROTOCOL_TCP};
	struct endpoint endpoints[ENDPOINTS];
	struct addr addrs[ENDPOINTS];
	char name[32], hostnames[ENDPOINTS][16];
	unsigned count = number == 1 ? 5 : ENDPOINTS;
	snprintf(name, sizeof name, "svc-%u", number);
	struct service s = {.object = {.ns = "default", .name = name}, .headless = number % 2, .ports = &service_port, .port_count = 1};
	if (!s.headless) {
		s.cluster_ips[s.cluster_ip_count++] =
		        (struct addr){.family = ADDR_V4, .octets = {10, 0, (uint8_t)(number >> 8), (uint8_t)number}};
	}
	for (unsigned i = 0; i < count; i++) {
		snprintf(hostnames[i], sizeof hostnames[i], "web-%u", i);
		addrs[i] = pod_addr(number, i);
		endpoints[i] =
		        (struct endpoint){.addr_count = 1, .addrs = &addrs[i], .hostname = hostnames[i], .port_count = 1, .ports = &port};
	}
	static const struct compile_options options;
	struct generation *g;
	check(compile_service(&(struct service_view){.service = &s, .endpoints = endpoints, .count = count}, &options, &g));
	check(zone_publish(z, ZONE_CLUSTER, "default", name, g));
}

static struct zone *make_world(void)
{
	struct name origin, origins[ZONE_WITH_REVERSE];
	check(name_from_text(&origin, "cluster.local", 13));
	zone_with_reverse(origins, &origin);
	struct zone *z =
	        zone_new(&(struct zone_options){.origins = origins, .origin_count = ZONE_WITH_REVERSE, .ttl_s = 30, .negative_ttl_s = 5});
	check(z ? zone_add_namespace(z, "default") : ERR_NOMEM);
	for (unsigned i = 0; i < SERVICES; i++)
		publish(z, i);
	return z;
}

/* --- questions --- */

struct question {
	uint8_t bytes[300];
	size_t len;
};

static void ask(struct question *q, const char *text, unsigned type)
{
	struct name n;
	check(name_from_text(&n, text, strlen(text)));
	struct wire_writer w = {.bytes = q->bytes, .limit = sizeof q->bytes};
	static const uint8_t header[DNS_HEADER_LEN] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
	static const uint8_t opt[] = {0, 0, DNS_TYPE_OPT, 4, 0xd0, 0, 0, 0, 0, 0, 0};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_name(&w, &n);
	wire_put_u16(&w, (uint16_t)type);
	wire_put_u16(&w, DNS_CLASS_IN);
	wire_put_bytes(&w, opt, sizeof opt);
	q->len = w.len;
}

/* The i-th question of a kind, each about another Service. */
typedef void maker(struct question *q, unsigned i);

static void cluster_ip(struct question *q, unsigned i)
{
	char text[128];
	snprintf(text, sizeof text, "svc-%u.default.svc.cluster.local", i * 2 % SERVICES);
	ask(q, text, DNS_TYPE_A);
}

static void pod(struct question *q, unsigned i)
{
	char text[128];
	snprintf(text, sizeof text, "web-0.svc-%u.default.svc.cluster.local", (i * 2 + 1) % SERVICES);
	ask(q, text, DNS_TYPE_A);
}

static void fifteen_pods(struct question *q, unsigned i)
{
	char text[128];
	snprintf(text, sizeof text, "svc-%u.default.svc.cluster.local", (i * 2 + 3) % SERVICES);
	ask(q, text, DNS_TYPE_A);
}

static void five_srv(struct question *q, unsigned i)
{
	(void)i;
	ask(q, "_web._tcp.svc-1.default.svc.cluster.local", DNS_TYPE_SRV);
}

static void nodata(struct question *q, unsigned i)
{
	char text[128];
	snprintf(text, sizeof text, "svc-%u.default.svc.cluster.local", i * 2 % SERVICES);
	ask(q, text, DNS_TYPE_AAAA);
}

/* What a resolver with a search list asks on its way to an outside name. */
static void searched(struct question *q, unsigned i)
{
	char text[128];
	snprintf(text, sizeof text, "host-%u.example.com.default.svc.cluster.local", i);
	ask(q, text, DNS_TYPE_A);
}

static void ptr(struct question *q, unsigned i)
{
	struct addr a = pod_addr((i * 2 + 3) % SERVICES, i % ENDPOINTS);
	char text[128];
	snprintf(text, sizeof text, "%u.%u.%u.%u.in-addr.arpa", a.octets[3], a.octets[2], a.octets[1], a.octets[0]);
	ask(q, text, DNS_TYPE_PTR);
}

/* --- measuring --- */

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Not inlined: instructions.sh counts from its beginning to its end. */
static __attribute__((noinline)) size_t answer_batch(const struct question *questions, const struct query_policy *policy,
                                                     struct query_state *state)
{
	static struct query queries[BATCH];
	static uint8_t out[BATCH][DNS_UDP_SIZE_CAP];
	size_t octets = 0;
	for (unsigned i = 0; i < BATCH; i++) {
		query_begin(&queries[i], QUERY_UDP, questions[i].bytes, questions[i].len);
		query_locate(&queries[i], policy);
	}
	for (unsigned i = 0; i < BATCH; i++) {
		octets += query_answer(&queries[i], policy, state, out[i], sizeof out[i]);
		query_count(state, &queries[i]);
	}
	return octets;
}

static void measure(const char *what, maker *make, struct question *questions, const struct query_policy *policy)
{
	struct query_state state = {0};
	double best = 1e18;
	size_t octets = 0;
	for (unsigned i = 0; i < QUERIES; i++)
		make(&questions[i], i * 7919u);
	for (unsigned round = 0; round < ROUNDS; round++) {
		octets = 0;
		rcu_reader_lock();
		double begin = now_ns();
		for (unsigned i = 0; i < QUERIES; i += BATCH)
			octets += answer_batch(questions + i, policy, &state);
		double took = (now_ns() - begin) / QUERIES;
		rcu_reader_unlock();
		best = took < best ? took : best;
	}
	printf("%-34s %6.1f ns  %5zu octets\n", what, best, octets / QUERIES);
}

static const struct {
	const char *what;
	maker *make;
} kinds[] = {
        {"A of a ClusterIP", cluster_ip},
        {"A of web-0", pod},
        {"A of 15 pods", fifteen_pods},
        {"SRV of 5 pods", five_srv},
        {"AAAA of a ClusterIP, NODATA", nodata},
        {"NXDOMAIN of a search list", searched},
        {"PTR of a pod", ptr},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void measure_all(struct question *questions, const struct zone *z)
{
	for (int rotate = 0; rotate <= 1; rotate++) {
		struct query_policy policy = {.zone = z, .rotate = rotate, .ede = true};
		puts(rotate ? "with rotation:" : "without rotation:");
		for (size_t i = 0; i < KINDS; i++)
			measure(kinds[i].what, kinds[i].make, questions, &policy);
	}
}

/* The name of the kind and how many were asked, for instructions.sh to divide by. */
static void answer_once(size_t kind, struct question *questions, const struct zone *z)
{
	struct query_policy policy = {.zone = z, .rotate = true, .ede = true};
	struct query_state state = {0};
	for (unsigned i = 0; i < COUNTED; i++)
		kinds[kind].make(&questions[i], i * 7919u);
	rcu_reader_lock();
	for (unsigned i = 0; i < COUNTED; i += BATCH)
		answer_batch(questions + i, &policy, &state);
	rcu_reader_unlock();
	printf("%u %s\n", COUNTED, kinds[kind].what);
}

int main(int argc, char **argv)
{
	size_t kind = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	if (kind >= KINDS)
		return 2;
	if (argc == 1)
		hash_seed_init(); /* not where instructions are counted: collisions would differ from run to run */
	rcu_thread_begin();
	double begin = now_ns();
	struct zone *z = make_world();
	struct zone_counts counts = zone_counts(z);
	struct question *questions = calloc(QUERIES, sizeof *questions);
	check(questions ? OK : ERR_NOMEM);
	if (argc > 1) {
		answer_once(kind, questions, z);
	} else {
		printf("%zu Services, %zu names, %zu addresses: %.1f MiB of generations, %.0f ns per Service to compile and publish\n",
		       counts.services, counts.names, counts.addresses, (double)counts.bytes / (1 << 20), (now_ns() - begin) / SERVICES);
		measure_all(questions, z);
	}
	free(questions);
	rcu_free_all();
	zone_free(z);
	rcu_thread_end();
	return 0;
}
