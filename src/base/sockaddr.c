#include "base/sockaddr.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct sockaddr_in *as_v4(const struct sockaddr *sa)
{
	return (const struct sockaddr_in *)(const void *)sa;
}

static const struct sockaddr_in6 *as_v6(const struct sockaddr *sa)
{
	return (const struct sockaddr_in6 *)(const void *)sa;
}

struct sockaddr_storage sockaddr_make(const struct addr *a, uint16_t port, uint32_t scope)
{
	struct sockaddr_storage storage;
	memset(&storage, 0, sizeof storage);
	if (a->family == ADDR_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)&storage;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->octets, sizeof in->sin_addr);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		in6->sin6_scope_id = scope;
		memcpy(&in6->sin6_addr, a->octets, sizeof in6->sin6_addr);
	}
	return storage;
}

struct addr sockaddr_addr(const struct sockaddr *sa)
{
	struct addr a = {0};
	if (sa->sa_family == AF_INET) {
		a.family = ADDR_V4;
		memcpy(a.octets, &as_v4(sa)->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		a.family = ADDR_V6;
		memcpy(a.octets, &as_v6(sa)->sin6_addr, 16);
	}
	return a;
}

uint16_t sockaddr_port(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohs(as_v4(sa)->sin_port);
	return sa->sa_family == AF_INET6 ? ntohs(as_v6(sa)->sin6_port) : 0;
}

void sockaddr_set_port(struct sockaddr *sa, uint16_t port)
{
	if (sa->sa_family == AF_INET)
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
	else if (sa->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
}

socklen_t sockaddr_len(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

bool sockaddr_is_wildcard(const struct sockaddr *sa)
{
	static const uint8_t zero[16];
	const struct addr a = sockaddr_addr(sa);
	return a.family != ADDR_NONE && memcmp(a.octets, zero, sizeof zero) == 0;
}
