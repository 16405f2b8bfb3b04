/* hosts_names.h - private to steps: what is in a struct hosts. */
#pragma once
#include "hosts_table.h"
#include "steps/hosts.h"
#include <stdatomic.h>

struct hosts_watch;

struct hosts {
	unsigned users;
	struct hosts_setting setting; /* without what is copied */
	struct hosts_rules rules;     /* its zones are owned */
	char *path;
	_Atomic(struct hosts_table *) file; /* RCU-protected: replaced by the control thread */
	struct hosts_table *lines;          /* of the Corefile; NULL: none */
	struct hosts_stamp {
		int64_t changed_ns, size; /* of the file that was read; size -1: none was */
	} stamp;
	struct hosts_watch *watch; /* NULL: it is not watched */
};
