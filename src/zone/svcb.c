#include "zone/svcb.h"
#include "dns/wire.h"

/* RFC 9460 14.3.2, which must come in this order. */
enum { KEY_ALPN = 1, KEY_PORT = 3 };

size_t svcb_params(enum alpn alpn, uint16_t port, uint16_t implied, uint8_t out[SVCB_PARAMS_MAX])
{
	static const char *const ids[] = {[ALPN_DEFAULT] = "", [ALPN_H2] = "\2h2", [ALPN_H3] = "\2h3"};
	struct wire_writer w = {.bytes = out, .limit = SVCB_PARAMS_MAX};
	size_t id_len = strlen(ids[alpn]);
	if (id_len) {
		wire_put_u16(&w, KEY_ALPN);
		wire_put_u16(&w, (uint16_t)id_len);
		wire_put_bytes(&w, (const uint8_t *)ids[alpn], id_len);
	}
	if (port != implied) {
		wire_put_u16(&w, KEY_PORT);
		wire_put_u16(&w, 2);
		wire_put_u16(&w, port);
	}
	return w.len;
}
