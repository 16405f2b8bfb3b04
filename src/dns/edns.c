#include "dns/edns.h"
#include "dns/wire.h"

#define HEAD_LEN 4 /* code and length */

bool edns_next(struct edns_options *left, struct edns_option *option)
{
	struct wire_reader in = {.bytes = left->bytes, .len = left->len};
	option->code = wire_get_u16(&in);
	option->len = wire_get_u16(&in);
	option->bytes = wire_get_bytes(&in, option->len);
	if (in.failed) {
		left->len = 0;
		return false;
	}
	left->bytes += HEAD_LEN + option->len;
	left->len -= HEAD_LEN + (size_t)option->len;
	return true;
}

bool edns_find(struct edns_options options, uint16_t code, struct edns_option *option)
{
	while (edns_next(&options, option))
		if (option->code == code)
			return true;
	return false;
}
