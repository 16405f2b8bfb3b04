/* frame.h - messages in a TCP stream: two octets of length, then the message (RFC 1035 4.2.2). */
#pragma once
#include "net/net.h"

#define FRAME_PREFIX 2
#define FRAME_MAX    (FRAME_PREFIX + UINT16_MAX)

struct frames {
	unsigned count; /* complete messages found */
	size_t used;    /* octets that they took, prefixes included */
	bool bad;       /* what follows them is no DNS message: shorter than a header */
};

/* Points messages[0..], at most NET_BATCH, at the complete messages at the start of bytes. Sets bytes and len of each, and leaves it without reply. */
struct frames frames_split(const uint8_t *bytes, size_t len, struct net_message *messages);

/* What is still missing of the first message in bytes, at least: 0 if it is complete, or is no DNS message. */
size_t frame_missing(const uint8_t *bytes, size_t len);

/* Writes the length before a message; at points FRAME_PREFIX octets before it. */
void frame_put_prefix(uint8_t *at, size_t message_len);
