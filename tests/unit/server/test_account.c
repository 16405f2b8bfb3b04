/* What is counted of queries, by the time their responses are there: each once, whether it was answered at once, late or by another question. */
#include "fixture.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A block that is counted, at one address. */
static void begin(struct fixture *f)
{
	static const char *const named[] = {"prometheus", "cache", "late", NULL}; /* late is a step, too */
	start(f, &(struct server_options){0});
	f->counted = true;
	f->named = named;
	serve(f, &late_kind, 1);
}

static const struct tally_row *row_of(const struct fixture *f, const char *zone)
{
	const struct tally_row *r;
	SLIST_FOREACH(r, &server_tally(f->server)->rows, next)
	{
		if (strcmp(r->zone, zone) == 0)
			return r;
	}
	fail_msg("no row of %s", zone);
	return NULL;
}

static struct tally_numbers sum_of(const struct fixture *f, const char *zone)
{
	struct tally_numbers sum;
	tally_sum(server_tally(f->server), row_of(f, zone), &sum);
	return sum;
}

/* UDP, IPv4, A. */
static uint64_t asked(const struct fixture *f, const char *zone)
{
	return sum_of(f, zone).requests[0][0][1];
}

static uint64_t answered(const struct fixture *f, const char *zone, unsigned rcode, const char *by)
{
	const struct tally *t = server_tally(f->server);
	struct tally_numbers sum = sum_of(f, zone);
	for (unsigned a = 0; a < t->answerer_count; a++) {
		if (strcmp(t->answerers[a], by) == 0)
			return sum.responses[rcode][a];
	}
	return 0;
}

static void test_at_once(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	int udp = client(&f, SOCK_DGRAM, 0), tcp = client(&f, SOCK_STREAM, 0);
	assert_string_equal(row_of(&f, "test.")->server, "dns://:0");
	ask(udp, 1, "now.test");
	assert_int_equal(reply(udp).rcode, NOERROR);
	assert_int_equal(asked(&f, "test."), 1);
	assert_int_equal(answered(&f, "test.", NOERROR, late_kind.name), 1);
	ask(udp, 2, "pass.test"); /* nobody has it */
	assert_int_equal(reply(udp).rcode, REFUSED);
	assert_int_equal(answered(&f, "test.", REFUSED, ""), 1);
	ask(udp, 3, "fall.test");
	assert_int_equal(reply(udp).rcode, NXDOMAIN);
	assert_int_equal(answered(&f, "test.", NXDOMAIN, late_kind.name), 1);
	ask(udp, 4, "drop.test"); /* a query without a response */
	ask(udp, 5, "now.test");
	assert_int_equal(reply(udp).id, 5);
	struct tally_numbers sum = sum_of(&f, "test.");
	assert_int_equal(sum.requests[0][0][1], 5);
	assert_int_equal(answered(&f, "test.", NOERROR, late_kind.name), 2);
	ask_tcp(tcp, 6, "now.test");
	assert_int_equal(reply_tcp(tcp).id, 6);
	assert_int_equal(sum_of(&f, "test.").requests[1][0][1], 1);
	close(udp);
	close(tcp);
	stop(&f);
}

static void test_no_block(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "elsewhere.example");
	assert_int_equal(reply(fd).rcode, REFUSED);
	assert_int_equal(answered(&f, "dropped", REFUSED, ""), 1);
	assert_int_equal(asked(&f, "test."), 0);
	send_octets(fd, "\0\1\0\0\0\1\0\0\0\0\0\0", 12); /* no question behind the header */
	assert_int_equal(reply(fd).rcode, 1);
	assert_int_equal(answered(&f, "dropped", 1, ""), 1);
	send_octets(fd, "\0\1\200\0\0\0\0\0\0\0\0\0", 12); /* a response: as if it had not come */
	ask(fd, 2, "now.test");
	assert_int_equal(reply(fd).id, 2);
	assert_int_equal(asked(&f, "dropped"), 1);
	close(fd);
	stop(&f);
}

static void test_late(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "wait.test");
	ask(fd, 2, "ask.now.test"); /* what is asked inside is no query of a client's */
	assert_int_equal(reply(fd).id, 2);
	late_await(&f.late[0], 1);
	assert_int_equal(asked(&f, "test."), 1);
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_int_equal(reply(fd).id, 1);
	assert_int_equal(asked(&f, "test."), 2);
	assert_int_equal(answered(&f, "test.", NOERROR, late_kind.name), 2);
	close(fd);
	stop(&f);
}

static void test_what_is_not_counted(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "now.test");
	assert_int_equal(reply(fd).rcode, NOERROR);
	assert_true(SLIST_EMPTY(&server_tally(f.server)->rows));
	close(fd);
	stop(&f);
}

static void count_step(void *arg, const char *server, const char *zone, const char *view, const char *step)
{
	char *text = arg;
	assert_string_equal(server, "dns://:0");
	assert_string_equal(zone, "test.");
	assert_string_equal(view, "");
	strcat(strcat(text, step), " ");
}

static void test_steps(void **state)
{
	struct fixture f;
	char text[128] = "";
	(void)state;
	begin(&f);
	server_each_step(f.server, count_step, text);
	assert_string_equal(text, "late prometheus cache ");
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_at_once),
	        cmocka_unit_test(test_no_block),
	        cmocka_unit_test(test_late),
	        cmocka_unit_test(test_steps),
	        cmocka_unit_test(test_what_is_not_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
