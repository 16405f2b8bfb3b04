/* Walking over a zone: each record that a name has, once. */
#include "base/hash.h"
#include "dns/message.h"
#include "unit.h"
#include "world.h"
#include "zone/walk.h"
#include <stdio.h>
#include <string.h>

static char seen[1 << 14];

/* "OWNER TYPE RDATA-IN-HEX\n" */
static enum err take(void *arg, const struct record *r)
{
	char owner[NAME_TEXT_MAX];
	size_t len = strlen(seen);
	(void)arg;
	name_to_text(r->owner, owner);
	len += (size_t)snprintf(seen + len, sizeof seen - len, "%s %u ", owner, r->type);
	for (unsigned i = 0; i < r->rdata_len; i++)
		len += (size_t)snprintf(seen + len, sizeof seen - len, "%02x", r->rdata[i]);
	snprintf(seen + len, sizeof seen - len, "\n");
	return OK;
}

static void walk(struct zone *z, const char *apex)
{
	struct name n;
	name_from_text(&n, apex, strlen(apex));
	seen[0] = '\0';
	assert_int_equal(zone_walk(z, &n, take, NULL), OK);
}

static void wants(const char *line)
{
	const char *at = strstr(seen, line);
	if (!at || strstr(at + 1, line))
		fail_msg("%s not once in\n%s", line, seen);
}

static void test_service_bindings(void **state)
{
	struct zone *z = world_zone();
	(void)state;
	assert_int_equal(world_apply(z, "with svcb\nns d\nsvc d/s ip=10.0.0.1 port=https:8443/TCP app=h2\n"
	                                "svc d/p headless\nep 10.244.0.1 host=a port=http:80/TCP\n"),
	                 OK);
	walk(z, "cluster.local");
	wants("s.d.svc.cluster.local. 65 000100" /* "." */ "00010003026832" /* alpn h2 */ "0003000220fb" /* port 8443 */ "\n");
	wants("_https._tcp.s.d.svc.cluster.local. 64 0001017301640373766307636c7573746572056c6f63616c00"
	      "00010003026832"
	      "0003000220fb\n");
	wants("_http._tcp.p.d.svc.cluster.local. 64 0001016101700164037376630763"
	      "6c7573746572056c6f63616c00"
	      "000300020050\n");
	wants("a.p.d.svc.cluster.local. 1 0af40001\n");
	rcu_free_all();
	zone_free(z);
}

/* Zones side by side, one in the other, and reverse ones: each has its own names. */
static void test_zones(void **state)
{
	struct zone *z = world_zones("a.test sub.a.test 10.in-addr.arpa");
	(void)state;
	assert_int_equal(world_apply(z, "ns d\nsvc d/s ip=10.0.0.1\nsvc d/t ip=192.0.2.1\n"), OK);
	walk(z, "sub.a.test");
	wants("s.d.svc.sub.a.test. 1 0a000001\n");
	assert_null(strstr(seen, "svc.a.test."));
	walk(z, "a.test");
	wants("t.d.svc.a.test. 1 c0000201\n");
	assert_null(strstr(seen, "sub.a.test."));
	walk(z, "10.in-addr.arpa");
	wants("1.0.0.10.in-addr.arpa. 12 0173016403737663016104746573740"
	      "0\n");
	assert_null(strstr(seen, "192.in-addr"));
	rcu_free_all();
	zone_free(z);
}

/* One address is its own zone's apex: its SOA, NS and PTR come once. Another one's zone does not have it, be it the one above. */
static void test_zone_of_one_address(void **state)
{
	struct zone *z = world_zones("a.test 0.0.10.in-addr.arpa 1.0.0.10.in-addr.arpa 2.0.0.10.in-addr.arpa");
	(void)state;
	assert_int_equal(world_apply(z, "ns d\nsvc d/s ip=10.0.0.1\n"), OK);
	walk(z, "1.0.0.10.in-addr.arpa");
	wants("1.0.0.10.in-addr.arpa. 6 ");
	wants("1.0.0.10.in-addr.arpa. 2 ");
	wants("1.0.0.10.in-addr.arpa. 12 017301640373766301610474657374"
	      "00\n");
	walk(z, "2.0.0.10.in-addr.arpa");
	wants("2.0.0.10.in-addr.arpa. 6 ");
	assert_null(strstr(seen, "arpa. 12 "));
	walk(z, "0.0.10.in-addr.arpa");
	assert_null(strstr(seen, "arpa. 12 "));
	rcu_free_all();
	zone_free(z);
}

/* <service>.<ns>, without "svc"; what is left of it are the name server and its label. */
static void test_external_zone(void **state)
{
	struct name origins[2];
	(void)state;
	name_from_text(&origins[0], "x.test", 6);
	name_from_text(&origins[1], "192.in-addr.arpa", 16);
	struct zone *z = zone_new(&(struct zone_options){.origins = origins, .origin_count = 2, .external = "dns"});
	assert_int_equal(world_apply(z, "self 10.0.0.53\nns d\nns dns\nwith external\nsvc d/s ip=10.0.0.1 outside=192.0.2.1 port=a:80/TCP\n"
	                                "svc dns/hidden ip=10.0.0.2 outside=192.0.2.2\nsvc d/in ip=10.0.0.3\n"),
	                 OK);
	walk(z, "x.test");
	wants("x.test. 6 036e733103646e73017804746573740" /* ns1.dns.x.test */ "00a686f73746d617374657203646e730178047465737400");
	wants("x.test. 2 036e733103646e7301780474657374"
	      "00\n");
	wants("ns1.dns.x.test. 1 0a000035\n");
	wants("s.d.x.test. 1 c0000201\n");
	wants("_a._tcp.s.d.x.test. 33 000000640050017301640178047465737400\n");
	assert_null(strstr(seen, "hidden"));
	assert_null(strstr(seen, "in.d"));
	assert_null(strstr(seen, "svc"));
	walk(z, "192.in-addr.arpa");
	wants("192.in-addr.arpa. 6 036e733103646e73017804746573740"
	      "00a");
	wants("1.2.0.192.in-addr.arpa. 12 017301640178047465737400\n");
	rcu_free_all();
	zone_free(z);
}

static void test_verified_pods(void **state)
{
	struct zone *z = world_zone_with_pods(ZONE_PODS_VERIFIED);
	(void)state;
	assert_int_equal(
	        world_apply(z,
	                    "ns d\npod d/10.0.0.1\npod d/10.0.0.1\npod d/fd00::7\npod gone/10.0.0.2\npod d/10.0.0.3\nnopod d/10.0.0.3\n"),
	        OK);
	walk(z, "cluster.local");
	wants("10-0-0-1.d.pod.cluster.local. 1 0a000001\n");
	wants("fd00--7.d.pod.cluster.local. 28 fd000000000000000000000000000007\n");
	assert_null(strstr(seen, "gone"));
	assert_null(strstr(seen, "10-0-0-3"));
	rcu_free_all();
	zone_free(z);
}

/* In reverse zones too, CoreDNS's SOA names what is below the apex. */
static void test_soa_as_coredns(void **state)
{
	struct zone *z = world_zone();
	(void)state;
	walk(z, "in-addr.arpa");
	wants("in-addr.arpa. 6 026e7303646e7307636c7573746572");
	zone_free(z);
	z = world_zone_as_coredns(ZONE_PODS_DISABLED);
	walk(z, "in-addr.arpa");
	wants("in-addr.arpa. 6 026e7303646e7307696e2d61646472");
	zone_free(z);
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_service_bindings),    cmocka_unit_test(test_zones),
	                                   cmocka_unit_test(test_zone_of_one_address), cmocka_unit_test(test_external_zone),
	                                   cmocka_unit_test(test_verified_pods),       cmocka_unit_test(test_soa_as_coredns)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
