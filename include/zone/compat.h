/* compat.h - where CoreDNS answers otherwise than we do (docs/compatibility.md has each difference and its reason): which of the two it is, bit by
 * bit. `compat coredns` sets all of them, once, where a cluster is made. */
#pragma once

enum compat {
	/* where names are made */
	COMPAT_NO_NAMES_ABOVE =
	        1, /* a name that has only names below it is no name (against RFC 8020): dns, _tcp.<service>, a cluster of a set */
	COMPAT_ANY_PORT = 2, /* _ in place of a port or a protocol stands for every one; a port's name has the addresses behind it */
	COMPAT_PORTLESS = 4, /* endpoints without ports count when the weights of SRV records are shared out */

	/* where names are found */
	COMPAT_LOOSE_PORTS = 8, /* a port's and a protocol's name are found without their underscores too */
	COMPAT_DEEP_PODS = 16,  /* one or two labels left of a pod's name by address are passed over */

	/* where answers are decided and written */
	COMPAT_DENIAL = 32,            /* which names are NXDOMAIN, and how long that is remembered */
	COMPAT_NO_DANGLING = 64,       /* of a chain of CNAMEs that leads to nothing, nothing is said */
	COMPAT_ADDRESS_IS_OURS = 128,  /* the whole reverse name of an address falls through as NXDOMAIN alone */
	COMPAT_SOA_IN_REVERSE = 256,   /* the SOA of a reverse zone has a primary and a mailbox below its own apex */
	COMPAT_ECHO_CD = 512,          /* the CD bit of a query stands in its response */
	COMPAT_CUT_WITHOUT_EDNS = 1024 /* without EDNS, a reply that is cut has what fits */
};

#define COMPAT_COREDNS 2047u /* all of them */
