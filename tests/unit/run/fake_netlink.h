/* fake_netlink.h - a kernel that says what a test wants, for the code under test. Link with the fake_netlink dependency. */
#pragma once
#include "netlink.h"

#define FAKE_ERRORS  8
#define FAKE_ANSWERS 8

struct fake_netlink {
	int open_error;                    /* netlink_open() fails with it; 0: it does not */
	bool unsent;                       /* netlink_flush() fails */
	int errors[FAKE_ERRORS];           /* of netlink_send(), one after the other; then 0 */
	unsigned sends, flushes;           /* so far */
	const void *answers[FAKE_ANSWERS]; /* of netlink_read(), one after the other; then there is none */
	size_t answer_lens[FAKE_ANSWERS];
	unsigned answer;     /* the next */
	uint8_t sent[65536]; /* the last that was sent or flushed */
	size_t sent_len;
	size_t sent_messages; /* in all of netlink_send() */
};

extern struct fake_netlink fake_netlink;

/* As at the start. */
void fake_netlink_reset(void);

/* True if the octets were sent last, somewhere. */
bool fake_netlink_sent(const void *octets, size_t len);
