/* absence.h - why a question gets no records: one reason for every "no". It is found out with the name, chooses how long the "no" may
 * be remembered, is told to clients that ask for it (RFC 8914), and is counted. Functions of their arguments alone, for any thread. */
#pragma once
#include "dns/message.h"
#include <stdbool.h>

enum absence {
	ABSENCE_NONE, /* there are records */

	/* Of a Service and its endpoints, the weakest first: who of several endpoints of one name is there, is there. */
	ABSENCE_NOT_READY,    /* the endpoints of the name exist, and none is ready */
	ABSENCE_TERMINATING,  /* the same, because they are being deleted */
	ABSENCE_NO_ENDPOINTS, /* a headless Service without any */
	ABSENCE_NO_TARGET,    /* an ExternalName that is no host name */
	ABSENCE_NOT_SERVED,   /* names of endpoints, where they are switched off */
	ABSENCE_NOT_EXTERNAL, /* in an external zone: a Service without an address outside */

	/* No such name. */
	ABSENCE_NO_NAMESPACE,
	ABSENCE_NO_SERVICE,
	ABSENCE_NO_ENDPOINT, /* below a Service, one label */
	ABSENCE_NO_PORT,     /* below a Service, _port._protocol */
	ABSENCE_PODS_OFF,    /* a pod by its address, where these names are switched off */
	ABSENCE_NO_POD,      /* no pod of the namespace has it, or it is none */
	ABSENCE_NO_ADDRESS,  /* reverse: no Service and no ready endpoint has it */
	ABSENCE_NO_NAME,     /* anything else */

	/* The name is there, what was asked for is not. */
	ABSENCE_NO_FAMILY, /* it has addresses, all of the other family */
	ABSENCE_NO_TYPE,   /* it has records of other types */
	ABSENCE_EMPTY,     /* it has only names below it, RFC 8020 */

	ABSENCES, /* number of reasons */
};

/* True where the name is about to appear, so that nobody may remember that it was not there. */
bool absence_will_pass(enum absence a);

/* The reason as clients are told it, a short sentence for people; "" for ABSENCE_NONE. Static. */
const struct ede *absence_ede(enum absence a);
