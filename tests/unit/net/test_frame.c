#include <string.h>

#include "frame.h"
#include "unit.h"

/* Messages of these lengths, one after the other; then cut off some octets. */
static const struct {
	const char *what;
	size_t lens[4]; /* of messages, until 0 */
	size_t cut;
	unsigned count;
	size_t used;
	bool bad;
} cases[] = {
        {"one", {12}, 0, 1, 14, false},
        {"three", {12, 300, 13}, 0, 3, 14 + 302 + 15, false},
        {"the last is cut in its middle", {12, 300}, 1, 1, 14, false},
        {"the last is cut in its prefix", {12, 300}, 301, 1, 14, false},
        {"the last is cut before its prefix", {12, 300}, 302, 1, 14, false},
        {"no header fits", {12, 11}, 0, 1, 14, true},
        {"no header fits, seen before all of it is there", {11}, 11, 0, 0, true},
        {"nothing", {12}, 14, 0, 0, false},
};

static void test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[1024];
		size_t len = 0;
		struct net_message messages[NET_BATCH];
		for (size_t m = 0; cases[i].lens[m]; m++) {
			frame_put_prefix(bytes + len, cases[i].lens[m]);
			memset(bytes + len + FRAME_PREFIX, (int)m, cases[i].lens[m]);
			len += FRAME_PREFIX + cases[i].lens[m];
		}
		struct frames f = frames_split(bytes, len - cases[i].cut, messages);
		if (f.count != cases[i].count || f.used != cases[i].used || f.bad != cases[i].bad)
			fail_msg("%s: count %u, used %zu, bad %d", cases[i].what, f.count, f.used, f.bad);
		for (unsigned m = 0; m < f.count; m++) {
			assert_int_equal(messages[m].len, cases[i].lens[m]);
			assert_int_equal(messages[m].bytes[0], m);
		}
	}
}

static void test_zero_length_is_bad(void **state)
{
	(void)state;
	struct net_message messages[NET_BATCH];
	assert_true(frames_split((const uint8_t[]){0, 0}, 2, messages).bad);
}

static void test_at_most_a_batch(void **state)
{
	(void)state;
	uint8_t bytes[(NET_BATCH + 1) * 14] = {0};
	struct net_message messages[NET_BATCH];
	for (size_t i = 0; i <= NET_BATCH; i++)
		frame_put_prefix(bytes + i * 14, 12);
	struct frames f = frames_split(bytes, sizeof(bytes), messages);
	assert_int_equal(f.count, NET_BATCH);
	assert_int_equal(f.used, NET_BATCH * 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_split),
	        cmocka_unit_test(test_zero_length_is_bad),
	        cmocka_unit_test(test_at_most_a_batch),
	};
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
