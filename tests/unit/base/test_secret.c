#include "base/buffer.h"
#include "base/secret.h"
#include "fail_alloc.h"
#include "unit.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "a secret of ours"

/* Of the blocks that went back to the heap: how many, and how many of them had anything in them. */
static unsigned freed, dirty;
static bool watching;

void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block)
{
	const char *octets = block;
	bool clean = true;
	for (size_t i = 0; watching && block && i < malloc_usable_size(block); i++)
		clean &= !octets[i];
	if (watching && block) {
		freed++;
		dirty += !clean;
	}
	__real_free(block);
}

static void begin(void)
{
	freed = dirty = 0;
	watching = true;
}

static void check(unsigned want)
{
	watching = false;
	assert_int_equal(freed, want);
	assert_int_equal(dirty, 0);
}

static void a_block_is_cleared_whole(void **state)
{
	char *block = malloc(100);
	(void)state;
	assert_non_null(block);
	memset(block, 'x', 100);
	memcpy(block, SECRET, sizeof SECRET); /* what stands behind its NUL is part of the block too */
	begin();
	secret_free(block);
	secret_free(NULL);
	check(1);
}

static void a_block_that_moves_is_cleared(void **state)
{
	char *block = secret_realloc(NULL, sizeof SECRET);
	(void)state;
	assert_non_null(block);
	memcpy(block, SECRET, sizeof SECRET);
	begin();
	block = secret_realloc(block, 10000);
	assert_non_null(block);
	assert_string_equal(block, SECRET);
	block = secret_realloc(block, 8);
	assert_non_null(block);
	assert_memory_equal(block, SECRET, 8);
	fail_alloc_at(1);
	assert_null(secret_realloc(block, 100));
	fail_alloc_at(0);
	assert_memory_equal(block, SECRET, 8);
	secret_free(block);
	check(3);
}

static void a_secret_buffer_leaves_nothing(void **state)
{
	struct buffer b = {.secret = true};
	char *text;
	(void)state;
	begin();
	for (unsigned i = 0; i < 1000; i++)
		buffer_append_text(&b, SECRET);
	text = buffer_take_text(&b);
	watching = false;
	assert_non_null(text);
	assert_int_equal(strlen(text), 1000 * strlen(SECRET));
	assert_true(b.secret && !b.len && !b.data);
	watching = true;
	buffer_append_text(&b, SECRET);
	fail_alloc_at(1);
	assert_null(buffer_take_text(&b));
	fail_alloc_at(0);
	secret_free(text);
	watching = false;
	assert_true(b.secret && !b.data && freed >= 4);
	assert_int_equal(dirty, 0);
}

/* Else the tests above would say nothing. */
static void another_buffer_does(void **state)
{
	struct buffer b = {0};
	(void)state;
	begin();
	buffer_append_text(&b, SECRET);
	buffer_free(&b);
	watching = false;
	assert_int_equal(dirty, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_block_is_cleared_whole),
	        cmocka_unit_test(a_block_that_moves_is_cleared),
	        cmocka_unit_test(a_secret_buffer_leaves_nothing),
	        cmocka_unit_test(another_buffer_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
