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
static enum err take(void *arg, const struct zone_record *r)
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

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_service_bindings), cmocka_unit_test(test_zones)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
