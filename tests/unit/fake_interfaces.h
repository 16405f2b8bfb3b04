/* fake_interfaces.h - the interfaces that getifaddrs() has for the code under test. Link with the fake_interfaces dependency of tests/unit. */
#pragma once

struct fake_interface {
	const char *name;
	const char *address; /* NULL: it has none. A link-local one of IPv6 is of the interface with index FAKE_SCOPE */
	unsigned flags;      /* IFF_LOOPBACK … */
};
#define FAKE_INTERFACES_MAX 80
#define FAKE_SCOPE          7

/* These and no others, from now on. all NULL: getifaddrs() fails with EMFILE. */
void fake_interfaces(const struct fake_interface *all, unsigned count);

/* How many lists were given out and not freed. */
unsigned fake_interfaces_open(void);
