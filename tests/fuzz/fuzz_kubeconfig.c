/* The input is a kubeconfig file, and then once more what a credential plugin printed. Whatever it is, it is refused with a line that says so, or
 * gives an API server that can be asked. */
#include "api/kubeconfig.h"
#include "exec_plugin.h"
#include "fuzz.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file = -1;
static char path[64]; /* of the file */

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("kubeconfig", 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	assert(file >= 0);
	return 0;
}

static bool is_empty(const struct api_endpoint *e)
{
	const char *zero = (const char *)e;
	for (size_t i = 0; i < sizeof *e; i++)
		if (zero[i])
			return false;
	return true;
}

static void check_endpoint(const struct api_endpoint *e)
{
	assert(strncasecmp(e->url, "http", 4) == 0 && strstr(e->url, "://"));
	assert(e->url[strlen(e->url) - 1] != '/');
	assert(!e->insecure || (!e->ca_file && !e->ca_pem));
	assert(!(e->cert_file || e->cert_pem) == !(e->key_file || e->key_pem));
	assert(!e->exec || (e->exec->argv[0] && e->exec->api_version));
}

static void check_kubeconfig(const uint8_t *data, size_t size)
{
	struct api_endpoint e;
	struct diag d = {0};
	bool written = ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size;
	assert(written);
	if (kubeconfig_read(path, NULL, &e, &d)) {
		assert(strncmp(d.text, path, strlen(path)) == 0 && is_empty(&e));
		return;
	}
	check_endpoint(&e);
	api_endpoint_clear(&e);
	assert(is_empty(&e));
}

static void check_plugin(const uint8_t *data, size_t size)
{
	struct exec_credential c;
	struct diag d = {0};
	if (exec_credential_parse((const char *)data, size, &c, &d))
		assert(*d.text && !c.token && !c.cert_pem && !c.key_pem);
	else
		assert(c.token || (c.cert_pem && c.key_pem));
	exec_credential_clear(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_kubeconfig(data, size);
	check_plugin(data, size);
	return 0;
}
