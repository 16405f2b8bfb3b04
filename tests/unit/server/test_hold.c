/* Queries for names that are about to exist: they wait for a real cluster of manifests, beside steps of late.h. */
#include "base/rcu.h"
#include "fail_alloc.h"
#include "fixture.h"
#include "hold.h"
#include "server/cluster_step.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FOREVER_MS 4000
#define BRIEF_MS_  60
#define HERE       ".default.svc.cluster.local"
#define WEB0       "web-0.nginx" HERE
#define SYNC       "there" HERE
#define SERVICES   100 /* that change together */

static unsigned posts;

void __real_net_post(struct net *n, unsigned worker, struct net_call *c);
void __wrap_net_post(struct net *n, unsigned worker, struct net_call *c);

void __wrap_net_post(struct net *n, unsigned worker, struct net_call *c)
{
	posts++;
	__real_net_post(n, worker, c);
}

static atomic_uint given_up; /* because their time was over */

enum step_verdict __real_hold_give_up(struct exchange *x);
enum step_verdict __wrap_hold_give_up(struct exchange *x);

enum step_verdict __wrap_hold_give_up(struct exchange *x)
{
	atomic_fetch_add(&given_up, 1);
	return __real_hold_give_up(x);
}

/* A worker stands still at one of these moments, once, for a change to come right then. */
enum moment { NEVER, BEFORE_THE_REASON, BEFORE_THE_COUNT, BEFORE_THE_LIST };
static struct {
	atomic_int moment;
	sem_t reached, open;
} gate;

static void stand_still(enum moment now)
{
	int wanted = (int)now;
	if (!atomic_compare_exchange_strong(&gate.moment, &wanted, NEVER))
		return;
	sem_post(&gate.reached);
	sem_wait(&gate.open);
}

struct pending *__real_pending_twin(struct pending_pool *pool, const struct exchange *x);
struct pending *__wrap_pending_twin(struct pending_pool *pool, const struct exchange *x);

/* hold_begin() asks for it between its first look and the count. */
struct pending *__wrap_pending_twin(struct pending_pool *pool, const struct exchange *x)
{
	stand_still(BEFORE_THE_COUNT);
	return __real_pending_twin(pool, x);
}

bool __real_zone_awaits(const struct zone *z, const struct name *name, const struct zone_spot *spot);
bool __wrap_zone_awaits(const struct zone *z, const struct name *name, const struct zone_spot *spot);

/* The name was not found. */
bool __wrap_zone_awaits(const struct zone *z, const struct name *name, const struct zone_spot *spot)
{
	stand_still(BEFORE_THE_REASON);
	return __real_zone_awaits(z, name, spot);
}

void __real_net_keep(struct net_message *m, struct net_client *out);
void __wrap_net_keep(struct net_message *m, struct net_client *out);

/* After the second look. */
void __wrap_net_keep(struct net_message *m, struct net_client *out)
{
	stand_still(BEFORE_THE_LIST);
	__real_net_keep(m, out);
}

struct world {
	struct fixture f;
	char path[32];
	const char *files[1];
	struct kubernetes_options kubernetes;
	struct cluster_options options;
	struct cluster *cluster;
};

/* --- the cluster --- */

static void write_pod(FILE *file, const char *name, const char *service, bool ready)
{
	fprintf(file,
	        "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, labels: {app: %s}}\nspec: {hostname: %s, subdomain: %s}\n"
	        "status: {phase: Running, podIP: 10.1.0.1, conditions: [{type: Ready, status: \"%s\"}]}\n---\n",
	        name, service, name, service, ready ? "True" : "False");
}

static void write_service(FILE *file, const char *name)
{
	fprintf(file, "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {clusterIP: None, selector: {app: %s}}\n---\n", name,
	        name);
}

/* web-0 is ready, or not, and so is a pod in each of so many Services more. */
static void load(struct world *w, bool ready, unsigned more)
{
	struct cluster_changes changes;
	FILE *file = fopen(w->path, "w");
	assert_non_null(file);
	write_service(file, "nginx");
	write_pod(file, "web-0", "nginx", ready);
	fputs("apiVersion: v1\nkind: Service\nmetadata: {name: there}\nspec: {clusterIP: 10.0.0.9}\n---\n", file);
	for (unsigned i = 0; i < more; i++) {
		char name[16], pod[32];
		snprintf(name, sizeof name, "s%u", i);
		snprintf(pod, sizeof pod, "p%u", i);
		write_service(file, name);
		write_pod(file, pod, name, ready);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(cluster_load(w->cluster, &changes), OK);
}

static void make_cluster(struct world *w, unsigned hold_ms)
{
	struct diag d;
	int fd;
	strcpy(w->path, "/tmp/test-hold.XXXXXX");
	fd = mkstemp(w->path);
	assert_true(fd >= 0);
	close(fd);
	w->files[0] = w->path;
	kubernetes_options_init(&w->kubernetes);
	w->kubernetes.hold_ms = hold_ms;
	assert_int_equal(kubernetes_add_zone(&w->kubernetes.zones, "cluster.local", NULL), OK);
	w->options = (struct cluster_options){.kubernetes = &w->kubernetes, .files = w->files, .file_count = 1};
	assert_int_equal(cidr_parse("10.244.0.0/16", &w->options.manifest.pod_cidr), OK);
	assert_int_equal(cidr_parse("10.0.0.0/24", &w->options.manifest.service_cidr), OK);
	assert_int_equal(cidr_parse("fd00:10:244::/56", &w->options.manifest.pod_cidr6), OK);
	assert_int_equal(cidr_parse("fd00:10:96::/112", &w->options.manifest.service_cidr6), OK);
	assert_int_equal(cluster_new(&w->options, &w->cluster, &d), OK);
}

/* --- the server --- */

/* The cluster's step, and behind it one of late.h. */
static void add_block(struct world *w)
{
	const struct cluster_step_options names = {.cluster = w->cluster};
	struct server_step steps[CLUSTER_STEPS_MAX + 1];
	struct net_address at;
	const struct server_place place = {.addresses = &at, .address_count = 1};
	struct server_block block = {.places = &place, .place_count = 1, .steps = steps, .ede = true};
	struct fixture *f = &w->f;
	assert_int_equal(net_address_parse("0.0.0.0:0", &at, NULL), OK);
	assert_int_equal(cluster_steps_new(&names, steps, &block.step_count), OK);
	late_init(&f->late[f->late_count]);
	steps[block.step_count++] = (struct server_step){&late_kind, &f->late[f->late_count++], true};
	assert_int_equal(server_add_block(f->server, &block, NULL), OK);
	assert_int_equal(server_adopt(f->server, NULL, NULL), OK);
}

static struct world *begin(unsigned hold_ms, const struct server_options *with, bool fallthrough)
{
	struct world *w = calloc(1, sizeof *w);
	rcu_thread_begin();
	make_cluster(w, hold_ms);
	w->kubernetes.fallthrough = fallthrough;
	load(w, false, 0);
	start(&w->f, with);
	add_block(w);
	return w;
}

static void finish(struct world *w)
{
	cluster_free(w->cluster);
	kubernetes_options_clear(&w->kubernetes);
	unlink(w->path);
	rcu_thread_end();
	free(w);
}

/* One worker answers in order: what was asked before is answered, or waits. */
static void assert_waits(int fd)
{
	ask(fd, 0xffff, SYNC);
	assert_int_equal(reply(fd).id, 0xffff);
}

static void assert_reply(int fd, uint16_t id, unsigned rcode)
{
	struct reply r = reply(fd);
	assert_int_equal(r.id, id);
	assert_int_equal(r.rcode, rcode);
	assert_int_equal(r.answers, rcode == NOERROR);
}

/* --- tests --- */

static void test_until_it_is_there(void **state)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){0}, false);
	int udp = client(&w->f, SOCK_DGRAM, 0), tcp = client(&w->f, SOCK_STREAM, 1);
	(void)state;
	ask(udp, 1, WEB0);
	ask(udp, 1, WEB0);
	ask(udp, 2, "nginx" HERE);
	ask_tcp(tcp, 3, WEB0);
	ask_tcp(tcp, 4, SYNC);
	assert_int_equal(reply_tcp(tcp).id, 4);
	assert_waits(udp);
	load(w, false, 1); /* others change */
	assert_waits(udp);
	load(w, true, 1);
	assert_true(reply(udp).id + reply(udp).id == 3);
	struct reply r = reply_tcp(tcp);
	assert_true(r.id == 3 && r.rcode == NOERROR && r.answers == 1);
	assert_waits(udp);
	close(udp);
	close(tcp);
	stop(&w->f);
	finish(w);
}

static void test_in_the_negative(void **state)
{
	struct world *w = begin(BRIEF_MS_, &(struct server_options){0}, false);
	int fd = client(&w->f, SOCK_DGRAM, 0);
	(void)state;
	atomic_store(&given_up, 0);
	ask(fd, 1, WEB0);
	assert_reply(fd, 1, NXDOMAIN);
	assert_int_equal(atomic_load(&given_up), 1);
	close(fd);
	stop(&w->f);
	finish(w);
}

/* Who waits behind the cluster's names waits after them: late_kind has an answer for the first label. */
static void test_who_is_next(void **state)
{
	struct world *w = begin(BRIEF_MS_, &(struct server_options){0}, true);
	int fd = client(&w->f, SOCK_DGRAM, 0);
	(void)state;
	ask(fd, 1, WEB0); /* late_kind passes: the cluster's word stands */
	assert_reply(fd, 1, NXDOMAIN);
	ask(fd, 2, "now.nginx" HERE);
	assert_reply(fd, 2, NOERROR);
	close(fd);
	stop(&w->f);
	finish(w);
}

/* The control thread sends nothing where nobody waits, nor for what nobody waits for, and one call for all that changed together. */
static void test_calls(void **state)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){0}, false);
	int fd = client(&w->f, SOCK_DGRAM, 0);
	(void)state;
	posts = 0;
	load(w, true, SERVICES);
	load(w, false, SERVICES);
	assert_int_equal(posts, 0);
	for (unsigned i = 0; i < SERVICES; i++) {
		char name[64];
		snprintf(name, sizeof name, "s%u" HERE, i);
		ask(fd, (uint16_t)i, name);
	}
	assert_waits(fd);
	load(w, false, SERVICES); /* nothing differs */
	assert_int_equal(posts, 0);
	load(w, true, SERVICES);
	assert_int_equal(posts, 1);
	for (unsigned i = 0; i < SERVICES; i++)
		assert_int_equal(reply(fd).rcode, NOERROR);
	load(w, false, SERVICES);
	assert_int_equal(posts, 1);
	close(fd);
	stop(&w->f);
	finish(w);
}

/* Of 64 that may be kept 32 may be held, 8 by one client; what is next is answered at once, and others still may wait. */
static void test_bounds(void **state)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){.pending_max = 64}, false);
	int fds[8];
	(void)state;
	for (unsigned c = 0; c < 8; c++)
		fds[c] = client(&w->f, SOCK_DGRAM, c);
	for (unsigned c = 0; c < 5; c++) {
		for (uint16_t i = 0; i < 8; i++)
			ask(fds[c], i, WEB0);
		if (c == 4) {
			for (uint16_t i = 0; i < 8; i++)
				assert_reply(fds[c], i, NXDOMAIN);
			continue;
		}
		assert_waits(fds[c]);
		ask(fds[c], 8, WEB0);
		assert_reply(fds[c], 8, NXDOMAIN);
		ask(fds[c], 7, WEB0); /* again: that one waits still */
		assert_waits(fds[c]);
	}
	ask(fds[5], 1, "wait.test");
	late_await(&w->f.late[0], 1);
	load(w, true, 0);
	for (unsigned c = 0; c < 4; c++) {
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(reply(fds[c]).rcode, NOERROR);
	}
	load(w, false, 0);
	ask(fds[6], 1, WEB0);
	assert_waits(fds[6]);
	late_resume_all(&w->f.late[0], STEP_DROP);
	for (unsigned c = 0; c < 8; c++)
		close(fds[c]);
	stop(&w->f);
	finish(w);
}

/* Who waits for a pod gives way to who waits for others, with the answer of those who don't wait. */
static void test_making_room(void **state)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){.pending_max = 2}, false);
	int held = client(&w->f, SOCK_DGRAM, 0), others = client(&w->f, SOCK_DGRAM, 1), third = client(&w->f, SOCK_DGRAM, 2);
	(void)state;
	ask(held, 1, WEB0);
	assert_waits(held);
	ask(others, 1, "wait.test");
	late_await(&w->f.late[0], 1);
	do { /* until it has waited for PENDING_OLD_MS */
		ask(third, 2, "brief.test");
		assert_int_equal(reply(third).rcode, SERVFAIL);
	} while (recv(held, NULL, 0, MSG_PEEK | MSG_DONTWAIT) < 0);
	assert_reply(held, 1, NXDOMAIN);
	late_resume_all(&w->f.late[0], STEP_DROP);
	close(held);
	close(others);
	close(third);
	stop(&w->f);
	finish(w);
}

static void test_stop(void **state)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){.workers = 2}, false);
	int fds[8];
	(void)state;
	for (unsigned c = 0; c < 8; c++) {
		fds[c] = client(&w->f, SOCK_DGRAM, c);
		ask(fds[c], 1, WEB0);
		assert_waits(fds[c]);
	}
	close(fds[0]);
	server_stop(w->f.server);
	for (unsigned c = 1; c < 8; c++) {
		assert_reply(fds[c], 1, NXDOMAIN);
		close(fds[c]);
	}
	load(w, true, 0); /* nobody is called any more */
	end(&w->f);
	load(w, false, 0);
	finish(w);
}

/* The next configuration has the same cluster: who waits by the one before is woken, and that one is let go. */
static void test_another_configuration(void **state)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){0}, false);
	int fd = client(&w->f, SOCK_DGRAM, 0);
	(void)state;
	ask(fd, 1, WEB0);
	assert_waits(fd);
	add_block(w);
	ask(fd, 2, WEB0);
	assert_waits(fd);
	assert_int_equal(w->f.replaced, 0);
	load(w, true, 0);
	assert_true(reply(fd).id + reply(fd).id == 3);
	while (w->f.replaced < 1)
		uv_run(&w->f.loop, UV_RUN_ONCE);
	close(fd);
	stop(&w->f);
	finish(w);
}

/* Where there is no memory for a query that waits it has its answer at once. */
static void test_out_of_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct world *w = begin(BRIEF_MS_, &(struct server_options){0}, false);
		int fd = client(&w->f, SOCK_DGRAM, 0);
		fail_alloc_at(n);
		ask(fd, 1, WEB0);
		assert_reply(fd, 1, NXDOMAIN);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		close(fd);
		stop(&w->f);
		finish(w);
	}
}

/* --- a change in the moment when somebody begins to wait --- */

static void change_at(enum moment moment)
{
	struct world *w = begin(FOREVER_MS, &(struct server_options){0}, false);
	int fd = client(&w->f, SOCK_DGRAM, 0);
	sem_init(&gate.reached, 0, 0);
	sem_init(&gate.open, 0, 0);
	posts = 0;
	atomic_store(&gate.moment, moment);
	ask(fd, 1, WEB0);
	sem_wait(&gate.reached);
	load(w, true, 0);
	assert_int_equal(posts, moment == BEFORE_THE_LIST);
	sem_post(&gate.open);
	assert_reply(fd, 1, NOERROR);
	close(fd);
	stop(&w->f);
	finish(w);
	sem_destroy(&gate.reached);
	sem_destroy(&gate.open);
}

/* One that is lost is answered in the end all the same, when its time is over. Nobody is counted yet where the first comes, so nobody is called. */
static void test_no_change_is_lost(void **state)
{
	(void)state;
	atomic_store(&given_up, 0);
	change_at(BEFORE_THE_REASON);
	change_at(BEFORE_THE_COUNT);
	change_at(BEFORE_THE_LIST);
	assert_int_equal(atomic_load(&given_up), 0);
}

struct asker {
	int fd;
	uint16_t id;
	unsigned delay;
};

static void *ask_then(void *arg)
{
	const struct asker *a = arg;
	for (volatile unsigned i = 0; i < a->delay; i = i + 1)
		;
	ask(a->fd, a->id, WEB0);
	return NULL;
}

/* Whenever they come; for ThreadSanitizer too. */
static void test_changes_beside_questions(void **state)
{
	enum { TRIES = 100 };
	struct world *w = begin(FOREVER_MS, &(struct server_options){.workers = 2}, false);
	(void)state;
	for (unsigned i = 0; i < TRIES; i++) {
		struct asker a = {.fd = client(&w->f, SOCK_DGRAM, i % 8), .id = (uint16_t)i, .delay = i * 7919 % TRIES * 4000};
		pthread_t thread;
		load(w, false, 0);
		assert_int_equal(pthread_create(&thread, NULL, ask_then, &a), 0);
		load(w, true, 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_reply(a.fd, a.id, NOERROR);
		close(a.fd);
	}
	assert_int_equal(atomic_load(&given_up), 0);
	stop(&w->f);
	finish(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_until_it_is_there),
	        cmocka_unit_test(test_in_the_negative),
	        cmocka_unit_test(test_who_is_next),
	        cmocka_unit_test(test_calls),
	        cmocka_unit_test(test_bounds),
	        cmocka_unit_test(test_making_room),
	        cmocka_unit_test(test_stop),
	        cmocka_unit_test(test_another_configuration),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_no_change_is_lost),
	        cmocka_unit_test(test_changes_beside_questions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
