#include "frame.h"

#define DNS_HEADER_LEN 12

struct frames frames_split(const uint8_t *bytes, size_t len, struct net_message *messages)
{
	struct frames f = {0};
	while (f.count < NET_BATCH && len - f.used >= FRAME_PREFIX) {
		const uint8_t *at = bytes + f.used;
		size_t message_len = (size_t)at[0] << 8 | at[1];
		f.bad = message_len < DNS_HEADER_LEN;
		if (f.bad || len - f.used - FRAME_PREFIX < message_len)
			break;
		struct net_message *m = &messages[f.count++];
		m->bytes = at + FRAME_PREFIX;
		m->len = message_len;
		m->reply_len = 0;
		m->kept = false;
		f.used += FRAME_PREFIX + message_len;
	}
	return f;
}

size_t frame_missing(const uint8_t *bytes, size_t len)
{
	size_t message_len;
	if (len < FRAME_PREFIX)
		return FRAME_PREFIX + DNS_HEADER_LEN - len;
	message_len = (size_t)bytes[0] << 8 | bytes[1];
	if (message_len < DNS_HEADER_LEN || len >= FRAME_PREFIX + message_len)
		return 0;
	return FRAME_PREFIX + message_len - len;
}

void frame_put_prefix(uint8_t *at, size_t message_len)
{
	at[0] = (uint8_t)(message_len >> 8);
	at[1] = (uint8_t)message_len;
}
