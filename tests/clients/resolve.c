/* resolve.c - getaddrinfo() of each name given; prints the addresses, one a line. Built statically with musl, whose resolver differs
 * from glibc's: it asks all servers at once, and A and AAAA in parallel. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

static int resolve(const char *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int error = getaddrinfo(name, NULL, &hints, &found);
	if (error) {
		fprintf(stderr, "resolve: %s: %s\n", name, gai_strerror(error));
		return 1;
	}
	for (const struct addrinfo *a = found; a; a = a->ai_next) {
		char text[NI_MAXHOST];
		if (!getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
			puts(text);
	}
	freeaddrinfo(found);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= resolve(argv[i]);
	return failed;
}
