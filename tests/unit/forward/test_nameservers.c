/* Nameservers out of resolv.conf, and what becomes of them when the file changes. */
#include "../fail_alloc.h"
#include "../unit.h"
#include "base/file.h"
#include "base/log.h"
#include "forward/nameservers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static const struct {
	const char *text, *want;
} texts[] = {
        {"nameserver 10.0.0.10\n", "10.0.0.10:53"},
        {"nameserver 10.0.0.10", "10.0.0.10:53"},
        {"search a b\nnameserver 10.0.0.10\noptions ndots:5\nnameserver 2001:db8::1\r\n", "10.0.0.10:53 [2001:db8::1]:53"},
        {"\t nameserver\t10.0.0.10 # ours\n", "10.0.0.10:53"},
        {"nameserver [10.0.0.10]:5353\nnameserver 10.0.0.11:5353\n", "10.0.0.10:5353 10.0.0.11:5353"},
        {"nameserver fe80::1%lo\n", "[fe80::1%1]:53"},
        {"nameserver fe80::1%no-such-if\nnameserver 1.1.1.1", "1.1.1.1:53"},
        {"nameserver 10.0.0.10\nnameserver 10.0.0.10:53\n", "10.0.0.10:53"},
        {"#nameserver 10.0.0.10\n;nameserver 10.0.0.10\n# nameserver 10.0.0.10\n", ""},
        {"nameservers 10.0.0.10\nNameserver 10.0.0.10\nnameserver\nnameserver \n", ""},
        {"nameserver dns://10.0.0.10\nnameserver localhost\nnameserver 10.0.0.300\n", ""},
        {"", ""},
        {"\n\n", ""},
};

static void format(const struct nameservers_list *l, char *text, size_t cap)
{
	text[0] = 0;
	for (unsigned i = 0; i < l->count; i++) {
		char one[UPSTREAM_TEXT_MAX];
		size_t at = strlen(text);
		upstream_format(&l->list[i], one);
		snprintf(text + at, cap - at, "%s%s", i ? " " : "", one);
	}
}

static void parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct nameservers_list l;
		char text[256];
		nameservers_parse(texts[i].text, strlen(texts[i].text), &l);
		format(&l, text, sizeof text);
		assert_string_equal(text, texts[i].want);
	}
}

static void very_many(void **state)
{
	static char text[40000];
	struct nameservers_list l;
	size_t len = 0;
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "nameserver 10.0.%u.%u\n", i / 256, i % 256);
	nameservers_parse(text, len, &l);
	assert_int_equal(l.count, UPSTREAMS_MAX);
	memset(text, 'x', sizeof text); /* a word that is longer than any address */
	memcpy(text, "nameserver ", 11);
	nameservers_parse(text, sizeof text, &l);
	assert_int_equal(l.count, 0);
	nameservers_parse("nameserver 10.0.0.1\0.2", 22, &l); /* an octet that ends texts, within a word */
	assert_int_equal(l.count, 0);
}

/* --- a file that changes --- */

struct watched {
	uv_loop_t loop;
	uv_timer_t guard;
	unsigned turns, calls;
	char folder[32], path[64];
	char last[256];
	struct nameservers_watch *watch;
};

static void put(struct watched *w, const char *text)
{
	struct diag d;
	assert_int_equal(file_replace(w->path, text, strlen(text), 0600, &d), OK);
}

static void on_changed(void *arg, const struct nameservers_list *now)
{
	struct watched *w = arg;
	w->calls++;
	format(now, w->last, sizeof w->last);
}

static void on_guard(uv_timer_t *t)
{
	((struct watched *)t->data)->turns++;
}

static void begin(struct watched *w)
{
	memset(w, 0, sizeof *w);
	strcpy(w->folder, "/tmp/headns-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof w->path, "%s/resolv.conf", w->folder);
	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->guard);
	w->guard.data = w;
	uv_timer_start(&w->guard, on_guard, 50, 50);
}

static void end(struct watched *w)
{
	nameservers_watch_stop(w->watch);
	uv_close((uv_handle_t *)&w->guard, NULL);
	assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	unlink(w->path);
	assert_int_equal(rmdir(w->folder), 0);
}

static void wait_for(struct watched *w, const char *last)
{
	for (w->turns = 0; strcmp(w->last, last) != 0; uv_run(&w->loop, UV_RUN_ONCE))
		assert_true(w->turns < 400);
}

static void followed(void **state)
{
	struct watched w;
	struct nameservers_list first;
	struct diag d;
	(void)state;
	begin(&w);
	assert_int_equal(nameservers_watch_start(&w.loop, w.path, on_changed, &w, &first, &w.watch, &d), ERR_MISSING);
	assert_non_null(strstr(d.text, w.path));
	assert_null(w.watch);
	put(&w, "nameserver 10.0.0.1\n");
	assert_int_equal(nameservers_watch_start(&w.loop, w.path, on_changed, &w, &first, &w.watch, &d), OK);
	assert_int_equal(first.count, 1);
	put(&w, "nameserver 10.0.0.2\nnameserver 10.0.0.1\n");
	wait_for(&w, "10.0.0.2:53 10.0.0.1:53");
	/* None of these is told: they say the same, or nothing. Only after them comes what is. */
	put(&w, "# a comment\nnameserver 10.0.0.2\nnameserver 10.0.0.1\n");
	for (w.turns = 0; w.turns < 4;)
		uv_run(&w.loop, UV_RUN_ONCE);
	put(&w, "search example.com\n");
	for (w.turns = 0; w.turns < 4;)
		uv_run(&w.loop, UV_RUN_ONCE);
	unlink(w.path);
	for (w.turns = 0; w.turns < 4;)
		uv_run(&w.loop, UV_RUN_ONCE);
	assert_int_equal(w.calls, 1);
	put(&w, "nameserver 10.0.0.3\n");
	wait_for(&w, "10.0.0.3:53");
	assert_int_equal(w.calls, 2);
	end(&w);
}

static void no_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct watched w;
		struct nameservers_list first;
		struct diag d;
		begin(&w);
		put(&w, "nameserver 10.0.0.1\n");
		fail_alloc_at(n);
		enum err err = nameservers_watch_start(&w.loop, w.path, on_changed, &w, &first, &w.watch, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		end(&w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parsed),
	        cmocka_unit_test(very_many),
	        cmocka_unit_test(followed),
	        cmocka_unit_test(no_memory),
	};
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
