/* The log of a server at work: what comes out of its end. */
#include "base/log.h"
#include "fail_alloc.h"
#include "fixture.h"
#include "querylog/query_log.h"
#include "record_ring.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
	struct fixture f;
	struct query_log *log;
	struct query_log_rules *rules;
	int out[2], fd; /* a pipe; a client */
	size_t len;
	char text[1 << 20];
};

static struct log_rule rules_of_all[] = {{.scope = {.len = 1}, .classes = LOG_CLASS_ALL}};

/* Lines go into a pipe. */
static struct world *begin_with(struct query_log_options options, struct log_rule *rules, unsigned count)
{
	struct world *w = calloc(1, sizeof *w);
	struct diag d;
	assert_non_null(w);
	assert_int_equal(pipe(w->out), 0);
	options.workers = 1;
	options.fd = w->out[1];
	assert_int_equal(query_log_new(&options, &w->log, &d), OK);
	assert_int_equal(query_log_rules_new(w->log, &(struct log_options){.rules = rules, .rule_count = count}, &w->rules, &d), OK);
	start(&w->f, &(struct server_options){.logged = query_log_done, .logged_arg = w->log});
	w->f.log = w->rules;
	serve(&w->f, &late_kind, 1);
	w->fd = client(&w->f, SOCK_DGRAM, 0);
	return w;
}

static struct world *begin(struct log_rule *rules, unsigned count)
{
	return begin_with((struct query_log_options){0}, rules, count);
}

static void read_lines(struct world *w)
{
	ssize_t n = read(w->out[0], w->text + w->len, sizeof w->text - w->len - 1);
	assert_true(n > 0);
	w->len += (size_t)n;
	w->text[w->len] = '\0';
}

/* Waits for the next line, and takes it. */
static void next_line(struct world *w, char line[512])
{
	char *end;
	while (!(end = memchr(w->text, '\n', w->len)))
		read_lines(w);
	snprintf(line, 512, "%.*s", (int)(end - w->text), w->text);
	w->len -= (size_t)(end + 1 - w->text);
	memmove(w->text, end + 1, w->len);
}

/* Ends the server and the log; what is left in the pipe is text then. */
static void end_world(struct world *w)
{
	ssize_t n;
	close(w->fd);
	stop(&w->f);
	query_log_free(w->log);
	query_log_rules_free(w->rules);
	close(w->out[1]);
	while ((n = read(w->out[0], w->text + w->len, sizeof w->text - w->len - 1)) > 0)
		w->len += (size_t)n;
	w->text[w->len] = '\0';
	close(w->out[0]);
}

static void asked(struct world *w, uint16_t id, const char *name, unsigned rcode)
{
	ask(w->fd, id, name);
	assert_int_equal(reply(w->fd).rcode, rcode);
}

static void assert_has(const char *line, const char *part)
{
	if (!strstr(line, part))
		fail_msg("\"%s\" is not in \"%s\"", part, line);
}

static void test_lines(void **state)
{
	struct world *w = begin(rules_of_all, 1);
	char line[512];
	(void)state;
	asked(w, 7, "Now.Test", NOERROR);
	next_line(w, line);
	assert_memory_equal(line, "[INFO] 127.", 11);
	assert_has(line, " - 7 \"A IN now.test. udp 37 false 1232\" NOERROR qr,rd,ra 50 0.");
	assert_int_equal(line[strlen(line) - 1], 's');
	asked(w, 8, "brief.test", SERVFAIL); /* one that has waited */
	next_line(w, line);
	assert_has(line, " - 8 \"A IN brief.test. udp 39 false 1232\" SERVFAIL qr");
	asked(w, 9, "fall.test", NXDOMAIN);
	asked(w, 10, "ask.now.test", NOERROR); /* what a step asks is not logged */
	asked(w, 11, "other", REFUSED);        /* nor what no block has */
	ask(w->fd, 12, "drop.test");
	asked(w, 13, "pass.test", REFUSED);
	next_line(w, line);
	assert_has(line, "fall.test. udp 38 false 1232\" NXDOMAIN");
	next_line(w, line);
	assert_has(line, " - 10 \"A IN ask.now.test.");
	next_line(w, line);
	assert_has(line, " - 12 \"A IN drop.test. udp 38 false 1232\" - - 0 ");
	next_line(w, line);
	assert_has(line, " - 13 \"A IN pass.test.");
	end_world(w);
	assert_string_equal(w->text, "");
	free(w);
}

static struct log_rule several[4];

static void set_rules(void)
{
	static const struct {
		const char *scope;
		char *format;
		unsigned classes;
	} said[] = {{"fall.test", "denied {name}", LOG_CLASS_DENIAL},
	            {"now.test", "one {name}", LOG_CLASS_ERROR},
	            {"pass.now.test", "never", LOG_CLASS_ALL},
	            {"test", "any {name}", LOG_CLASS_SUCCESS | LOG_CLASS_ERROR}};
	for (unsigned i = 0; i < 4; i++) {
		several[i] = (struct log_rule){.format = said[i].format, .classes = said[i].classes};
		assert_int_equal(name_from_text(&several[i].scope, said[i].scope, strlen(said[i].scope)), OK);
	}
}

/* The first rule that has the name counts, whatever it says of classes. */
static void test_rules(void **state)
{
	struct world *w;
	(void)state;
	set_rules();
	w = begin(several, 4);
	asked(w, 1, "now.fall.test", NOERROR);
	asked(w, 2, "fall.test", NXDOMAIN);
	asked(w, 3, "now.test", NOERROR);
	asked(w, 4, "pass.now.test", REFUSED);
	asked(w, 5, "now2.test", NOERROR);
	asked(w, 6, "bad.test", SERVFAIL);
	asked(w, 7, "fall2.test", NXDOMAIN);
	end_world(w);
	assert_string_equal(w->text, "[INFO] denied fall.test.\n[INFO] one pass.now.test.\n[INFO] any now2.test.\n[INFO] any bad.test.\n");
	free(w);
}

static void test_json(void **state)
{
	struct world *w = begin_with((struct query_log_options){.json = true}, rules_of_all, 1);
	(void)state;
	asked(w, 1, "now.test", NOERROR);
	end_world(w);
	assert_memory_equal(w->text, "{\"time\":\"2", 10);
	assert_non_null(strstr(w->text, "\"qname\":\"now.test.\",\"qtype\":\"A\""));
	assert_string_equal(w->text + w->len - 2, "}\n");
	free(w);
}

/* Nobody reads: answers come all the same, and what is lost is counted. */
static void test_nobody_reads(void **state)
{
	struct world *w = begin(rules_of_all, 1);
	struct query_log_counts counts = {0};
	uint64_t asked_for = 0;
	(void)state;
	while (!counts.lost) {
		asked(w, 1, "now.test", NOERROR);
		asked_for++;
		query_log_count(w->log, &counts);
	}
	fcntl(w->out[0], F_SETFL, O_NONBLOCK); /* the last octets may be read before they are counted */
	while (counts.written + counts.lost < asked_for) {
		(void)!read(w->out[0], w->text, sizeof w->text);
		query_log_count(w->log, &counts);
	}
	assert_int_equal(counts.written + counts.lost, asked_for);
	end_world(w);
	free(w);
}

/* There is nobody who could: each line is a loss. */
static void test_the_reader_is_gone(void **state)
{
	struct world *w = begin(rules_of_all, 1);
	struct query_log_counts counts = {0};
	int fd = dup(w->out[0]);
	(void)state;
	close(w->out[0]);
	close(fd);
	w->out[0] = open("/dev/null", O_RDONLY);
	asked(w, 1, "now.test", NOERROR);
	while (!counts.lost)
		query_log_count(w->log, &counts);
	assert_int_equal(counts.lost, 1);
	assert_int_equal(counts.written, 0);
	end_world(w);
	free(w);
}

/* Without any block's log there is no thread, and nothing to wait for. */
static void test_without_rules(void **state)
{
	struct query_log *q = NULL;
	struct query_log_counts counts;
	struct diag d;
	(void)state;
	assert_int_equal(query_log_new(&(struct query_log_options){.workers = 4, .fd = -1}, &q, &d), OK);
	query_log_count(q, &counts);
	assert_int_equal(counts.written + counts.lost, 0);
	query_log_free(q);
	query_log_free(NULL);
}

static void test_allocations_fail_in_turn(void **state)
{
	bool hit = true;
	(void)state;
	set_rules();
	for (unsigned n = 1; hit; n++) {
		struct query_log *q = NULL;
		struct query_log_rules *r = NULL;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = query_log_new(&(struct query_log_options){.workers = 2, .fd = -1}, &q, &d);
		if (!err)
			err = query_log_rules_new(q, &(struct log_options){.rules = several, .rule_count = 4}, &r, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		query_log_rules_free(r);
		query_log_free(q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_rules),
	        cmocka_unit_test(test_json),
	        cmocka_unit_test(test_nobody_reads),
	        cmocka_unit_test(test_the_reader_is_gone),
	        cmocka_unit_test(test_without_rules),
	        cmocka_unit_test(test_allocations_fail_in_turn),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
