/* err.h - trouble of ours, as one enum. Codes of libraries are mapped to these where they enter. An outcome (no such name, pod
 * not ready) is not trouble and has an enum of its own where it arises. */
#pragma once

enum err {
	OK = 0,
	ERR_NOMEM,   /* out of memory */
	ERR_SYNTAX,  /* text or bytes that do not have the form they must have */
	ERR_RANGE,   /* well-formed, but beyond a limit (label of 64 octets, port 70000) */
	ERR_EXISTS,  /* already there */
	ERR_MISSING, /* not there */
	ERR_DENIED,  /* the system does not allow it */
	ERR_SYS,     /* any other failure of a system call; errno was named in the message */
};

/* Static text, never NULL. */
const char *err_str(enum err e);
