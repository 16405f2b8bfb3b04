/* resolve-ares.c - ares_getaddrinfo() of each name given, with the system's resolv.conf, as curl, Envoy and Node do it; prints the
 * addresses, one a line. */
#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/select.h>

static void print(void *failed, int status, int timeouts, struct ares_addrinfo *found)
{
	(void)timeouts;
	if (status) {
		fprintf(stderr, "resolve-ares: %s\n", ares_strerror(status));
		*(int *)failed = 1;
		return;
	}
	for (const struct ares_addrinfo_node *a = found->nodes; a; a = a->ai_next) {
		char text[NI_MAXHOST];
		if (!getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
			puts(text);
	}
	ares_freeaddrinfo(found);
}

/* Until every answer is there. */
static void wait_for_all(ares_channel channel)
{
	for (;;) {
		fd_set readable, writable;
		struct timeval timeout;
		FD_ZERO(&readable);
		FD_ZERO(&writable);
		int n = ares_fds(channel, &readable, &writable);
		if (!n)
			return;
		select(n, &readable, &writable, NULL, ares_timeout(channel, NULL, &timeout));
		ares_process(channel, &readable, &writable);
	}
}

int main(int argc, char **argv)
{
	const struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
	ares_channel channel;
	int failed = 0;
	if (ares_library_init(ARES_LIB_INIT_ALL) || ares_init(&channel))
		return 2;
	for (int i = 1; i < argc; i++)
		ares_getaddrinfo(channel, argv[i], NULL, &hints, print, &failed);
	wait_for_all(channel);
	ares_destroy(channel);
	ares_library_cleanup();
	return failed;
}
