#include "padding.h"
#include "dns/response.h"
#include "dns/wire.h"
#include <string.h>

#define OPTION_HEAD_LEN 4 /* code and length */
#define OPT_LENGTH_LEN  2 /* before the options of an OPT record stands how long they are */

bool padding_is_wanted(const struct request *r)
{
	struct edns_option option;
	return edns_find(request_options(r), EDNS_PADDING, &option);
}

size_t padding_add(uint8_t *reply, size_t len, size_t cap)
{
	struct response r;
	uint8_t *end = reply + len;
	size_t whole = (len + OPTION_HEAD_LEN + PADDING_BLOCK - 1) / PADDING_BLOCK * PADDING_BLOCK;
	if (!len || whole > cap)
		return len;
	if (response_parse(&r, reply, len) != RESPONSE_OK || !r.edns || r.options.bytes + r.options.len != end)
		return len;
	wire_store_u16(end - r.options.len - OPT_LENGTH_LEN, (unsigned)(r.options.len + whole - len));
	wire_store_u16(end, EDNS_PADDING);
	wire_store_u16(end + 2, (unsigned)(whole - len - OPTION_HEAD_LEN));
	memset(end + OPTION_HEAD_LEN, 0, whole - len - OPTION_HEAD_LEN);
	return whole;
}
