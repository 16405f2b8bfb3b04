#include "flow.h"
#include <netinet/in.h>
#include <string.h>

#define V4_HEADER_MIN 20
#define V6_HEADER     40

static uint16_t number_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool read_ports(struct flow *f, const uint8_t *packet, size_t len, size_t at)
{
	if (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP)
		return true;
	if (len < at + 4)
		return false;
	f->from_port = number_at(packet + at);
	f->to_port = number_at(packet + at + 2);
	return true;
}

static void take(struct addr *a, unsigned family, const uint8_t *octets, size_t len)
{
	*a = (struct addr){.family = (uint8_t)family};
	memcpy(a->octets, octets, len);
}

bool flow_read(struct flow *f, const uint8_t *packet, size_t len)
{
	*f = (struct flow){0};
	if (len >= V4_HEADER_MIN && packet[0] >> 4 == 4) {
		f->protocol = packet[9];
		take(&f->from, ADDR_V4, packet + 12, 4);
		take(&f->to, ADDR_V4, packet + 16, 4);
		return read_ports(f, packet, len, (size_t)(packet[0] & 15) * 4);
	}
	if (len >= V6_HEADER && packet[0] >> 4 == 6) {
		f->protocol = packet[6];
		take(&f->from, ADDR_V6, packet + 8, 16);
		take(&f->to, ADDR_V6, packet + 24, 16);
		return read_ports(f, packet, len, V6_HEADER);
	}
	return false;
}
