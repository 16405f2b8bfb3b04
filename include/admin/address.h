/* address.h - where an HTTP listener is: what health, ready and prometheus take, as CoreDNS does. Functions of their arguments alone. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADMIN_ADDRESS_TEXT_MAX 80

struct admin_address {
	struct sockaddr_storage sa; /* AF_INET or AF_INET6; [::] stands for every address of both families, as in Go */
};

/* "ADDR:PORT", "[IPV6]:PORT", ":PORT" for every address of the machine, "localhost:PORT" for 127.0.0.1. Other names are not looked up: who
 * would answer may be ourselves. Port 0 is one that the system chooses. ERR_SYNTAX, ERR_RANGE. */
enum err admin_address_parse(const char *text, struct admin_address *a, struct diag *d);

/* The port, in host order. */
uint16_t admin_address_port(const struct admin_address *a);

/* The same family, address, interface and port. */
bool admin_address_equal(const struct admin_address *a, const struct admin_address *b);

/* "127.0.0.1:9153", "[::1]:9153". */
void admin_address_format(const struct admin_address *a, char text[ADMIN_ADDRESS_TEXT_MAX]);
