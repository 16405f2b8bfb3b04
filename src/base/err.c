#include "base/err.h"

const char *err_str(enum err e)
{
	switch (e) { /* no default: the compiler names a missing case */
	case OK:
		return "success";
	case ERR_NOMEM:
		return "out of memory";
	case ERR_SYNTAX:
		return "malformed";
	case ERR_RANGE:
		return "out of range";
	case ERR_EXISTS:
		return "already there";
	case ERR_MISSING:
		return "not there";
	case ERR_DENIED:
		return "not allowed";
	case ERR_SYS:
		return "system call failed";
	}
	return "unknown error";
}
