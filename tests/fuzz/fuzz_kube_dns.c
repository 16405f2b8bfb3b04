/* The input is a key of kube-dns's ConfigMap: one octet says which, the rest is its value. What is taken makes a Corefile that is good. */
#include "config/corefile.h"
#include "fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char corefile[] = ". {\n forward . 10.0.0.1\n}\n";
	struct kube_dns k = {0};
	const struct corefile_options options = {.port = 53, .no_imports = true, .kube_dns = &k};
	struct corefile c;
	struct diag d;
	if (!size)
		return 0;
	if (!kube_dns_parse(&k, data[0] % KUBE_DNS_KEYS, (const char *)data + 1, size - 1, &d) && k.stub_count < 100) {
		bool few = true;
		for (unsigned i = 0; i < k.stub_count; i++)
			few &= k.stubs[i].servers.count <= 15;
		assert(!corefile_parse(corefile, strlen(corefile), "Corefile", &options, &c, &d) || !few);
		corefile_free(&c);
	}
	kube_dns_clear(&k);
	return 0;
}
