/* The input is what an upstream says over TLS, from the first octet on: the first octet of the input is the size of the pieces it comes in. Nobody can say
 * anything that is taken for said without a certificate, and what we answer is bounded. */
#include "forward/upstream.h"
#include "fuzz.h"
#include "tls/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trust *trust; /* the fuzzer's, for all inputs */
	static const struct trust_files none;
	struct buffer plain = {0}, out = {0};
	struct tls_session session = {0};
	struct upstream at;
	if (!trust)
		assert(trust_new(&none, &trust, NULL) == OK);
	if (!size || upstream_parse("tls://127.0.0.1%dns.example", &at, NULL))
		return 0;
	size_t piece = data[0] ? data[0] : size;
	struct tls *t = tls_connect(trust, at.server_name, &at.at.sa, &session);
	bool is_on = t && tls_send(t, "hello", 5) == OK && tls_produce(t, &out);
	for (size_t i = 1; is_on && i < size; i += piece)
		is_on = tls_receive(t, data + i, size - i < piece ? size - i : piece, &plain) && tls_produce(t, &out);
	assert(!plain.len && out.len <= 2 * TLS_UNSENT_MAX);
	assert(!t || !tls_is_up(t));
	tls_free(t);
	tls_session_forget(&session);
	buffer_free(&plain);
	buffer_free(&out);
	return 0;
}
