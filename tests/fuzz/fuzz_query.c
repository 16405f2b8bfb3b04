/* The input is a datagram to a server with a small cluster: its first octet chooses transport and policy, the rest are its octets. The
 * reply fits, is a message from end to end, and says of itself what was asked. */
#include "base/hash.h"
#include "fuzz.h"
#include "query/query.h"
#include "zone/compile.h"
#include <string.h>

enum choice {
	CHOOSE_TCP = 1,
	CHOOSE_ROTATE = 2,
	CHOOSE_SEARCH = 4,
	CHOOSE_NXDOMAIN = 8,
	CHOOSE_ALL = 16,
	CHOOSE_EDE = 32,
	CHOOSE_FEW = 64,
	CHOOSE_EXTERNAL = 128
};

/* One without options, one with all of them, and an external one: every name that there can be. */
enum { ZONE_PLAIN, ZONE_ALL, ZONE_OUTER, ZONES };
static struct zone *zones[ZONES];

static struct addr v4(uint8_t c, uint8_t d)
{
	return (struct addr){.family = ADDR_V4, .octets = {10, 0, c, d}};
}

static void publish(const struct service *s, const struct endpoint *endpoints, size_t count)
{
	static const struct compile_options options[ZONES] = {
	        [ZONE_ALL] = {.zonal = true, .svcb = true, .endpoint_pod_names = true, .compat = COMPAT_COREDNS},
	        [ZONE_OUTER] = {.external = true, .external_headless = true},
	};
	const struct service_view view = {.service = s, .endpoints = endpoints, .count = count};
	enum zone_tree tree = s->object.kind == OBJECT_SERVICE_IMPORT ? ZONE_CLUSTER_SET : ZONE_CLUSTER;
	for (int i = 0; i < ZONES; i++) {
		struct generation *g;
		if (i == ZONE_OUTER && tree != ZONE_CLUSTER)
			continue;
		enum err err = compile_service(&view, &options[i], &g);
		assert(err == OK);
		err = zone_publish(zones[i], tree, s->object.ns, s->object.name, g);
		assert(err == OK);
	}
}

/* Headless, with enough pods to be cut; pods 0 to 3 have a hostname, the last is not ready. */
static void publish_headless(void)
{
	static const struct endpoint_port ports[] = {{.name = "web", .port = 80, .protocol = PROTOCOL_TCP},
	                                             {.name = "", .port = 81, .protocol = PROTOCOL_UDP}};
	static const char *const hostnames[] = {"w0", "w1", "w2", "W3"};
	struct addr addrs[100][2];
	struct endpoint endpoints[100] = {0};
	for (unsigned i = 0; i < 100; i++) {
		addrs[i][0] = v4(1, (uint8_t)i);
		addrs[i][1] = (struct addr){.family = ADDR_V6, .octets = {0xfd, [15] = (uint8_t)i}};
		endpoints[i] = (struct endpoint){
		        .state = i == 99 ? ENDPOINT_NOT_READY : ENDPOINT_READY,
		        .addr_count = 2,
		        .port_count = 2,
		        .addrs = addrs[i],
		        .hostname = i < 4 ? hostnames[i] : NULL,
		        .target_name = i == 4 ? "pod-4" : NULL,
		        .zone = i < 10 ? "z.Z" : NULL,
		        .ports = ports,
		};
	}
	publish(&(struct service){.object = {.kind = OBJECT_SERVICE, .ns = "d", .name = "h"}, .headless = true}, endpoints, 100);
	endpoints[0].cluster = "C1";
	publish(&(struct service){.object = {.kind = OBJECT_SERVICE_IMPORT, .ns = "d", .name = "h"}, .headless = true}, endpoints, 2);
}

static void publish_all(void)
{
	static const struct {
		const char *name, *target;
	} externals[] = {
	        {"x", "h.d.svc.c."}, {"y", "z.d.svc.c."}, {"z", "y.d.svc.c."}, {"out", "Example.COM"}, {"ptr", "1.0.0.10.in-addr.arpa"}};
	struct service_port port = {.name = "https", .port = 8443, .app_protocol = "h2"};
	struct addr outside[] = {v4(2, 1), v4(2, 2), {.family = ADDR_V6, .octets = {0xfd, [15] = 0xff}}};
	publish(&(struct service){.object = {.ns = "d", .name = "s"},
	                          .cluster_ips = {v4(0, 1), v4(0, 2)},
	                          .cluster_ip_count = 2,
	                          .external_ips = outside,
	                          .external_ip_count = 3,
	                          .ports = &port,
	                          .port_count = 1},
	        NULL, 0);
	publish(&(struct service){.object = {.ns = "d", .name = "twin"}, .external_ips = outside, .external_ip_count = 1}, NULL, 0);
	publish(&(struct service){.object = {.ns = "d", .name = "host"}, .external_host = "h.d.c"}, NULL, 0);
	for (size_t i = 0; i < sizeof externals / sizeof externals[0]; i++)
		publish(&(struct service){.object = {.ns = "d", .name = externals[i].name},
		                          .type = SERVICE_EXTERNAL_NAME,
		                          .external_name = externals[i].target},
		        NULL, 0);
	publish_headless();
}

static void make_zones(void)
{
	struct name origin, origins[ZONE_WITH_REVERSE + 2];
	name_from_text(&origin, "c", 1);
	zone_with_reverse(origins, &origin);
	name_from_text(&origins[ZONE_WITH_REVERSE], "set.c", 5);
	name_from_text(&origins[ZONE_WITH_REVERSE + 1], "1.0.10.in-addr.arpa", 19);
	struct zone_options options = {.origins = origins, .origin_count = ZONE_WITH_REVERSE, .ttl_s = 30, .negative_ttl_s = 5};
	zones[ZONE_PLAIN] = zone_new(&options);
	options.external = "dns";
	zones[ZONE_OUTER] = zone_new(&options);
	options.external = NULL;
	options.origin_count += 2;
	options.cluster_sets = &origins[ZONE_WITH_REVERSE];
	options.cluster_set_count = 1;
	options.pods = ZONE_PODS_VERIFIED;
	options.compat = COMPAT_COREDNS;
	zones[ZONE_ALL] = zone_new(&options);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	struct addr self = v4(1, 1), pod = v4(1, 2);
	rcu_thread_begin();
	make_zones();
	for (int i = 0; i < ZONES; i++) {
		assert(zones[i] && zone_add_namespace(zones[i], "d") == OK && zone_set_self(zones[i], &self, 1) == OK);
		assert(zone_add_pod(zones[i], "d", &pod, 1) == OK);
	}
	publish_all();
	return 0;
}

static void check_rdata(struct wire_reader *in, uint16_t type, size_t end)
{
	struct name n;
	switch (type) {
	case DNS_TYPE_A:
		wire_get_bytes(in, 4);
		break;
	case DNS_TYPE_AAAA:
		wire_get_bytes(in, 16);
		break;
	case DNS_TYPE_SRV:
		wire_get_bytes(in, 6);
		assert(name_from_wire(&n, in->bytes + in->at, end - in->at) == end - in->at); /* uncompressed */
		in->at = end;
		break;
	case DNS_TYPE_SOA:
		wire_get_name(in, &n);
		wire_get_name(in, &n);
		wire_get_bytes(in, 20);
		break;
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		wire_get_u16(in);
		in->at += name_from_wire(&n, in->bytes + in->at, end - in->at); /* uncompressed */
		while (in->at < end) {
			wire_get_u16(in);
			wire_get_bytes(in, wire_get_u16(in));
		}
		break;
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
		wire_get_name(in, &n);
		break;
	default:
		assert(type == DNS_TYPE_TXT || type == DNS_TYPE_HINFO || type == DNS_TYPE_OPT);
		in->at = end;
	}
	assert(!in->failed && in->at == end);
}

static void check_records(struct wire_reader *in, unsigned count)
{
	while (count--) {
		struct name owner;
		wire_get_name(in, &owner);
		uint16_t type = wire_get_u16(in);
		wire_get_bytes(in, 6);
		uint16_t len = wire_get_u16(in);
		assert(!in->failed && in->len - in->at >= len);
		check_rdata(in, type, in->at + len);
	}
}

static void check_reply(const uint8_t *reply, size_t len, const uint8_t *asked, size_t asked_len)
{
	struct wire_reader in = {.bytes = reply, .len = len};
	assert(len >= DNS_HEADER_LEN && memcmp(reply, asked, 2) == 0 && (reply[2] & 0x80));
	wire_get_u32(&in);
	unsigned questions = wire_get_u16(&in), records = wire_get_u16(&in);
	records += wire_get_u16(&in);
	records += wire_get_u16(&in);
	assert(questions <= 1);
	if (questions) {
		struct name n;
		wire_get_name(&in, &n);
		wire_get_u32(&in);
		assert(!in.failed && in.at <= asked_len &&
		       memcmp(reply + DNS_HEADER_LEN, asked + DNS_HEADER_LEN, in.at - DNS_HEADER_LEN) == 0);
	}
	check_records(&in, records);
	assert(!in.failed && in.at == in.len);
}

/* Who waits finds out by the response what for: a name of a Service. */
static void check_awaited(const struct query *q, const struct zone *zone, const uint8_t *reply, size_t len)
{
	struct name n;
	struct zone_spot spot;
	assert(q->target < len && name_from_wire(&n, reply + q->target, len - q->target));
	name_lower(&n);
	zone_locate(zone, &n, &spot);
	assert(spot.place == ZONE_SERVICE && zone_cell(&spot) < ZONE_CELLS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t reply[DNS_TCP_SIZE_MAX];
	struct name search;
	struct query q;
	struct query_state state = {0};
	if (!size)
		return 0;
	bool tcp = data[0] & CHOOSE_TCP;
	size_t cap = tcp ? DNS_TCP_SIZE_MAX : DNS_UDP_SIZE_CAP;
	name_from_text(&search, "d.svc.c", 7);
	struct query_policy policy = {
	        .zone = zones[data[0] & CHOOSE_EXTERNAL ? ZONE_OUTER
	                      : data[0] & CHOOSE_ALL    ? ZONE_ALL
	                                                : ZONE_PLAIN],
	        .ede = data[0] & CHOOSE_EDE,
	        .fallthrough = data[0] & CHOOSE_EDE,
	        .max_answers = data[0] & CHOOSE_FEW ? 3 : 0,
	        .rotate = data[0] & CHOOSE_ROTATE,
	        .outside_nxdomain = data[0] & CHOOSE_NXDOMAIN,
	        .search = &search,
	        .search_count = !!(data[0] & CHOOSE_SEARCH),
	        .hold_ms = 1, /* makes no difference to the response */
	};
	rcu_reader_lock();
	query_begin(&q, tcp ? QUERY_TCP : QUERY_UDP, data + 1, size - 1);
	query_locate(&q, &policy);
	size_t len = query_answer(&q, &policy, &state, reply, cap);
	rcu_reader_unlock();
	assert((len == 0) == (q.verdict == REQUEST_SILENCE));
	assert(len <= cap && (tcp || q.request.edns || len <= DNS_UDP_SIZE_MIN));
	if (len)
		check_reply(reply, len, data + 1, size - 1);
	if (len && q.outcome == QUERY_AWAITED)
		check_awaited(&q, policy.zone, reply, len);
	return 0;
}
