/* fuzz.h - what every target includes last: libFuzzer's entry, and assert() that stays in release builds. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#undef NDEBUG
#include <assert.h>

/* Must accept any input, keep nothing between calls and return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
