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
		f.used += FRAME_PREFIX + message_len;
	}
	return f;
}

void frame_put_prefix(uint8_t *at, size_t message_len)
{
	at[0] = (uint8_t)(message_len >> 8);
	at[1] = (uint8_t)message_len;
}
