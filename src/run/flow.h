/* flow.h - who sends to whom: what a first packet says. */
#pragma once
#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow {
	struct addr from, to;
	uint16_t from_port, to_port;
	uint8_t protocol; /* IPPROTO_… */
};

/* Reads the start of an IP packet. A protocol without ports has ports 0. False: it is none. */
bool flow_read(struct flow *f, const uint8_t *packet, size_t len);
