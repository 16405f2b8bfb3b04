/* What is asked for next, after what went well and after each kind of failure. */
#include "request_plan.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct resource older = {.plural = "widgets", .path = "/apis/widgets/v1alpha1/widgets"};
static const struct resource newer = {.plural = "widgets", .path = "/apis/widgets/v1/widgets", .older = &older};
static const struct resource plain = {.plural = "pods", .path = "/api/v1/pods"};

#define TOO_LARGE "Timeout: Too large resource version: 99, current: 7"

/* Events, a character or a status each, from a start where nothing is known:
 *
 *	L  a list is whole, at version 10 (l: at version "odd", which is no number)
 *	W  a watch has come to 11 (w: to 9, which is older)
 *	a  it is to be listed anew
 *	s  a streamed list was short
 *	a number  what is asked for next has failed with that status (0: with none); then '!' if something else is asked for, '.' if not
 *	a number and 'T'  the same, with TOO_LARGE as text
 *
 * want: what is asked for next: "stream", "pages", "pages unpaged", "watch", with " from VERSION" where one is known and " expired" where it must not
 * be asked for. */
static const struct {
	const char *what, *events, *want;
} cases[] = {
        {"the first list is streamed", "", "stream"},
        {"what is whole is watched", "L", "watch from 10"},
        {"from where the last watch came to", "LW", "watch from 11"},
        {"but not to an older version", "Lw", "watch from 10"},
        {"a server that does not stream", "400!", "pages"},
        {"nor does it later", "400!L410!", "pages from 10"},
        {"a stream without end", "s", "stream"},
        {"twice", "ss", "pages"},
        {"a server that is overloaded", "503.", "stream"},
        {"one that does not let us", "403.", "stream"},
        {"one that is away", "L0.", "watch from 10"},
        {"it has forgotten what there was", "410!", "pages"},
        {"it has forgotten a version", "L410!", "stream from 10"},
        {"and again, in the list for it", "L410!410!", "stream expired"},
        {"a continuation is too old", "400!L410!410!410!", "pages unpaged expired"},
        {"a version that expires at once", "L410!L410!L410!", "stream expired"},
        {"but not where a watch brought something", "L410!L410!WL410!", "stream from 10"},
        {"it is set back", "L504T!", "stream expired"},
        {"that is no news to whom nothing is known", "504T.", "stream"},
        {"a watch that can't be had", "L400!", "stream expired"},
        {"a version that is no number", "l503.503.", "watch from odd"},
        {"and can't be watched from", "l503.503.503!", "stream expired"},
        {"but was, in between", "l503.503.L503.", "watch from 10"},
        {"what is known may be wrong", "La", "stream expired"},
        {"until there is a list", "LaL", "watch from 10"},
        {"no such resource", "404.", "stream"},
};

static void describe(struct request_plan *p, char out[VERSION_MAX])
{
	static const char *const kinds[] = {"nothing", "stream", "pages", "watch"};
	enum request_kind next = request_plan_next(p);
	snprintf(out, VERSION_MAX, "%s%s%s%.40s%s", kinds[next], p->unpaged ? " unpaged" : "", *p->version ? " from " : "", p->version,
	         p->expired ? " expired" : "");
}

static void play(struct request_plan *p, const char *events)
{
	while (*events) {
		char *end;
		unsigned code = (unsigned)strtoul(events, &end, 10);
		if (end != events) {
			const char *text = *end == 'T' ? end++, TOO_LARGE : "it failed";
			bool otherwise = request_plan_otherwise(p, request_plan_next(p), code, text);
			assert_int_equal(*end, otherwise ? '!' : '.');
			events = end + 1;
			continue;
		}
		switch (*events++) {
		case 'L':
			request_plan_listed(p, "10");
			break;
		case 'l':
			request_plan_listed(p, "odd");
			break;
		case 'W':
			assert_true(request_plan_watched(p, "11"));
			break;
		case 'w':
			assert_false(request_plan_watched(p, "9"));
			break;
		case 'a':
			request_plan_list_anew(p, "why not");
			break;
		case 's':
			request_plan_stream_was_short(p);
			break;
		default:
			fail();
		}
	}
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request_plan p;
		char got[VERSION_MAX];
		request_plan_init(&p, &plain);
		play(&p, cases[i].events);
		describe(&p, got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: '%s' instead of '%s'", cases[i].what, got, cases[i].want);
	}
}

/* Both versions by turns, and a rest after each two. */
static void test_a_resource_of_two_versions(void **state)
{
	struct request_plan p;
	(void)state;
	request_plan_init(&p, &newer);
	p.no_streamed_list = true;
	assert_true(request_plan_otherwise(&p, REQUEST_PAGES, 404, "not found"));
	assert_ptr_equal(p.resource, &older);
	assert_false(request_plan_otherwise(&p, REQUEST_PAGES, 404, "not found"));
	assert_ptr_equal(p.resource, &newer);
	assert_true(request_plan_otherwise(&p, REQUEST_PAGES, 404, "not found"));
	assert_ptr_equal(p.resource, &older);
	request_plan_listed(&p, "10");
	assert_int_equal(request_plan_next(&p), REQUEST_WATCH);
	/* the older one was there and is not any more: the newer one may have come in its place */
	assert_true(request_plan_otherwise(&p, REQUEST_PAGES, 404, "not found"));
	assert_ptr_equal(p.resource, &newer);
	assert_int_equal(request_plan_next(&p), REQUEST_PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cases),
	        cmocka_unit_test(test_a_resource_of_two_versions),
	};
	return cmocka_run_group_tests_name("request_plan", tests, NULL, NULL);
}
