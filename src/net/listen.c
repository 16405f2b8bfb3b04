#include "net/listen.h"
#include "base/log.h"
#include "base/sockaddr.h"
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PORT 1053

static const struct addr loopback4 = {ADDR_V4, {127, 0, 0, 1}};
static const struct addr loopback6 = {ADDR_V6, {[15] = 1}};

struct net_address listen_address(const struct addr *addr, uint16_t port)
{
	return (struct net_address){.sa = sockaddr_make(addr, port, 0)};
}

bool listen_ipv6_usable(void)
{
	struct net_address a = listen_address(&loopback6, 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool usable = fd >= 0 && bind(fd, (struct sockaddr *)&a.sa, sizeof(struct sockaddr_in6)) == 0;
	if (fd >= 0)
		close(fd);
	return usable;
}

unsigned listen_defaults(struct net_address addresses[LISTEN_DEFAULTS])
{
	unsigned n = 0;
	addresses[n++] = listen_address(&loopback4, DEFAULT_PORT);
	if (listen_ipv6_usable())
		addresses[n++] = listen_address(&loopback6, DEFAULT_PORT);
	else
		log_line(LOG_DEBUG, "this machine has no ::1: [::1]:%d is left out", DEFAULT_PORT);
	return n;
}

/* Words that stand for an address of each family. A lone colon begins a port; with a second one it is an address of IPv6. */
static const char *rest_behind(const char *text, const char *word)
{
	size_t len = strlen(word);
	if (strncmp(text, word, len) != 0)
		return NULL;
	text += len;
	return (*text == ':' && !strchr(text + 1, ':')) || (len && !*text) ? text : NULL;
}

static enum err parse_with(const char *host, const char *port, struct net_address *a, struct diag *d)
{
	char text[64];
	if (snprintf(text, sizeof text, "%s%s", host, port) >= (int)sizeof text)
		return diag_set(d, ERR_SYNTAX, "'%s' has no valid port; write a number from 0 to 65535", port);
	return net_address_parse(text, a, d);
}

static enum err parse_both(const char *host4, const char *host6, const char *port, struct net_address addresses[LISTEN_DEFAULTS],
                           unsigned *count, struct diag *d)
{
	enum err err = parse_with(host4, port, &addresses[0], d);
	if (err)
		return err;
	*count = 1;
	if (listen_ipv6_usable())
		err = parse_with(host6, port, &addresses[(*count)++], d);
	return err;
}

enum err listen_parse(const char *text, struct net_address addresses[LISTEN_DEFAULTS], unsigned *count, struct diag *d)
{
	static const struct {
		const char *word, *host4, *host6;
	} words[] = {{"localhost", "127.0.0.1", "[::1]"}, {"*", "0.0.0.0", "[::]"}, {"", "0.0.0.0", "[::]"}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *port = rest_behind(text, words[i].word);
		if (port)
			return parse_both(words[i].host4, words[i].host6, port, addresses, count, d);
	}
	if (*text && !text[strspn(text, "0123456789")])
		return diag_set(d, ERR_SYNTAX, "'%s' is no address; :%s is that port of every address, localhost:%s of this machine alone",
		                text, text, text);
	*count = 1;
	return net_address_parse(text, &addresses[0], d);
}
