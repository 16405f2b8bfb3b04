/* absent.h - says once that an address which was looked up is not there: the pods of a cluster that is followed run elsewhere. Any thread. */
#pragma once
#include "base/addr.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct absent {
	const struct addr *there; /* borrowed: those that can be reached */
	unsigned there_count;
	atomic_bool said;
};

/* The first address in a response's answers that is not there; its type is ADDR_NONE if there is none. Of octets that are no response, none. */
struct addr absent_find(const struct absent *a, const uint8_t *reply, size_t len);

/* Looks at a response. */
void absent_look(struct absent *a, const uint8_t *reply, size_t len);
