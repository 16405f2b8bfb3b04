/* fail_call.h - makes system calls of the code under test fail, as seldom things do: link with the fail_call dependency. */
#pragma once

enum call { CALL_BIND, CALL_ACCEPT, CALL_RECVMMSG, CALL_SENDMMSG, CALLS };

/* The next `times` calls fail with this errno. */
void fail_call(enum call c, int error, unsigned times);

/* How many of those are still to come. */
unsigned fail_call_left(enum call c);
