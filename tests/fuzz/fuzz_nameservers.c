/* The input is a file in resolv.conf form. Whatever it says, each nameserver found is one that its own text names again. */
#include "forward/nameservers.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nameservers_list l;
	nameservers_parse((const char *)data, size, &l);
	assert(l.count <= UPSTREAMS_MAX);
	for (unsigned i = 0; i < l.count; i++) {
		char text[UPSTREAM_TEXT_MAX];
		struct upstream again;
		upstream_format(&l.list[i], text);
		/* But for an interface's number that no interface has. */
		if (!l.list[i].at.v6.sin6_scope_id || l.list[i].at.sa.sa_family == AF_INET)
			assert(upstream_parse(text, &again, NULL) == OK && upstream_equal(&again, &l.list[i]));
		for (unsigned k = 0; k < i; k++)
			assert(!upstream_equal(&l.list[k], &l.list[i]));
	}
	return 0;
}
