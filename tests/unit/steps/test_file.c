/* `file`: what is read, what is answered, and files that change under those who answer. */
#include "ask.h"
#include "base/rcu.h"
#include "fail_alloc.h"
#include "steps/zone_files.h"
#include "zone_files_inside.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define ZONE(serial) "$TTL 60\n@ SOA ns a " serial " 1 2 3 4\na A 10.0.0." serial "\n"
#define PATIENCE_MS  60000

struct fixture {
	struct asked asked;
	struct zone_files *files;
	void *state;
	uv_loop_t loop;
	char folder[64], path[80];
};

static void write_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* lines: of a block for ".", in which the file is "db". */
static void begin(struct fixture *f, const char *text, const char *lines)
{
	memset(f, 0, sizeof *f);
	strcpy(f->folder, "/tmp/test_file.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/db", f->folder);
	if (text)
		write_file(f, text);
	asked_begin(&f->asked, lines);
	assert_int_equal(uv_loop_init(&f->loop), 0);
}

static struct zone_slot *find(void *arg, const char *path, const struct name *apex)
{
	return arg ? zone_files_find(arg, path, apex) : NULL;
}

static enum err make(struct fixture *f, struct zone_files *before, struct diag *d)
{
	struct name_list keys = {0};
	assert_int_equal(corefile_zones(&f->asked.corefile.blocks[0], &keys), OK);
	const struct zone_files_setting setting = {
	        .options = corefile_values(&f->asked.corefile.blocks[0], DIRECTIVE_FILE),
	        .keys = &keys,
	        .root = f->folder,
	        .find = find,
	        .arg = before,
	};
	enum err err = zone_files_new(&setting, &f->files, d);
	names_clear(&keys);
	return err;
}

static void end(struct fixture *f)
{
	zone_files_unwatch(f->files);
	zone_files_unref(f->files);
	free(f->state);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	asked_end(&f->asked);
	unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
}

static void ask(struct fixture *f, const char *name, uint16_t type, char text[ANSWER_TEXT_MAX])
{
	if (!f->state)
		f->state = file_step.begin(f->files, 0, NULL);
	asked_for(&f->asked, name, type, DNS_CLASS_IN);
	rcu_reader_lock();
	enum step_verdict v = file_step.ask(f->files, f->state, &f->asked.x);
	rcu_reader_unlock();
	if (v == STEP_FALLTHROUGH)
		strcpy(text, "fallthrough");
	else
		asked_text(&f->asked, v, text);
}

static void assert_answer(struct fixture *f, const char *name, uint16_t type, const char *want)
{
	char text[ANSWER_TEXT_MAX];
	ask(f, name, type, text);
	assert_string_equal(text, want);
}

static void on_late(uv_timer_t *t)
{
	(void)t;
	fail_msg("the file is not read");
}

static void wait_for(struct fixture *f, const char *want)
{
	char text[ANSWER_TEXT_MAX];
	uv_timer_t late;
	uv_timer_init(&f->loop, &late);
	uv_timer_start(&late, on_late, PATIENCE_MS, 0);
	for (ask(f, "a.test.", DNS_TYPE_A, text); strcmp(text, want) != 0; ask(f, "a.test.", DNS_TYPE_A, text))
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&late, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void test_answers(void **state)
{
	struct fixture f;
	struct diag d;
	(void)state;
	begin(&f, ZONE("1"), "file db test {\n fallthrough b.test\n}\nfile db deep.test");
	assert_int_equal(make(&f, NULL, &d), OK);
	assert_int_equal(zone_files_watch(f.files, &f.loop), OK);
	assert_int_equal(zone_files_watch(f.files, &f.loop), OK); /* once is enough */
	assert_answer(&f, "a.test.", DNS_TYPE_A, "0 aa rd: a.test. 1 60/0a000001;");
	assert_answer(&f, "a.deep.test.", DNS_TYPE_A, "0 aa rd: a.deep.test. 1 60/0a000001;");
	assert_answer(&f, "a.other.", DNS_TYPE_A, "pass");
	assert_answer(&f, "x.b.test.", DNS_TYPE_A, "fallthrough");
	assert_answer(&f, "a.test.", DNS_TYPE_AXFR, "5 rd:;");
	assert_string_equal(zone_files_path(f.files, 0), f.path);
	assert_null(zone_files_slot(f.files, 2));
	end(&f);
}

static void test_the_file_changes(void **state)
{
	struct fixture f;
	struct diag d;
	(void)state;
	begin(&f, NULL, "file db test {\n reload 1ms\n}");
	assert_int_equal(make(&f, NULL, &d), OK);
	assert_int_equal(zone_files_watch(f.files, &f.loop), OK);
	assert_answer(&f, "a.test.", DNS_TYPE_A, "2 rd:;");
	write_file(&f, ZONE("1"));
	wait_for(&f, "0 aa rd: a.test. 1 60/0a000001;");
	write_file(&f, ZONE("22"));
	wait_for(&f, "0 aa rd: a.test. 1 60/0a000016;");
	write_file(&f, "nonsense\n");
	for (unsigned i = 0; i < 20; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	wait_for(&f, "0 aa rd: a.test. 1 60/0a000016;");
	write_file(&f, ZONE("3"));
	wait_for(&f, "0 aa rd: a.test. 1 60/0a000003;");
	end(&f);
}

/* The next configuration goes on with the slot, and publishes what is new of it when it is watched. */
static void test_goes_on(void **state)
{
	struct fixture f;
	struct zone_files *before;
	struct diag d;
	(void)state;
	begin(&f, ZONE("1"), "file db test");
	assert_int_equal(make(&f, NULL, &d), OK);
	assert_int_equal(zone_files_watch(f.files, &f.loop), OK);
	before = f.files;
	write_file(&f, ZONE("2"));
	assert_int_equal(make(&f, before, &d), OK);
	assert_ptr_equal(zone_files_slot(f.files, 0), zone_files_slot(before, 0));
	assert_answer(&f, "a.test.", DNS_TYPE_A, "0 aa rd: a.test. 1 60/0a000001;");
	assert_int_equal(zone_files_watch(f.files, &f.loop), OK);
	assert_answer(&f, "a.test.", DNS_TYPE_A, "0 aa rd: a.test. 1 60/0a000002;");
	zone_files_unwatch(before);
	zone_files_unref(before);
	end(&f);
}

static void test_wrong_at_the_start(void **state)
{
	struct fixture f;
	struct diag d;
	(void)state;
	begin(&f, "nonsense\n", "file db test");
	assert_int_equal(make(&f, NULL, &d), ERR_SYNTAX);
	assert_non_null(strstr(d.text, "db:1: "));
	unlink(f.path);
	end(&f);
	begin(&f, NULL, "file db test {\n reload 0\n}");
	assert_int_equal(make(&f, NULL, &d), ERR_MISSING);
	end(&f);
}

static void test_no_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct fixture f;
		struct diag d;
		begin(&f, ZONE("1"), "file db test");
		fail_alloc_at(n + 1); /* the first is of the keys' list, which is not what is tested */
		enum err err = make(&f, NULL, &d);
		if (!err)
			err = zone_files_watch(f.files, &f.loop);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answers),   cmocka_unit_test(test_the_file_changes),
	        cmocka_unit_test(test_goes_on),   cmocka_unit_test(test_wrong_at_the_start),
	        cmocka_unit_test(test_no_memory),
	};
	rcu_thread_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_free_all();
	rcu_thread_end();
	return failed;
}
