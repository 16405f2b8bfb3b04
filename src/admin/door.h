/* door.h - the listening socket of an admin address. */
#pragma once
#include "admin/address.h"

/* Opens it; *bound is the address with its port. [::] takes IPv4 as well; where there is no IPv6, it is 0.0.0.0. Errors as admin_change_new(). */
enum err door_open(const struct admin_address *a, int *fd, struct admin_address *bound, struct diag *d);
