#include "zone/absence.h"

bool absence_will_pass(enum absence a)
{
	return a == ABSENCE_NOT_READY || a == ABSENCE_TERMINATING;
}

const char *absence_text(enum absence a)
{
	switch (a) { /* no default: the compiler names a missing case */
	case ABSENCE_NONE:
		return "";
	case ABSENCE_NOT_READY:
		return "its endpoints are not ready";
	case ABSENCE_TERMINATING:
		return "its endpoints are being deleted";
	case ABSENCE_NO_ENDPOINTS:
		return "the Service has no endpoints";
	case ABSENCE_NO_TARGET:
		return "the Service's externalName is not a host name";
	case ABSENCE_NOT_SERVED:
		return "names of endpoints are switched off here";
	case ABSENCE_NO_NAMESPACE:
		return "no such namespace";
	case ABSENCE_NO_SERVICE:
		return "no such Service in the namespace";
	case ABSENCE_NO_ENDPOINT:
		return "the Service has no endpoint of that name";
	case ABSENCE_NO_PORT:
		return "the Service has no port of that name and protocol";
	case ABSENCE_PODS_OFF:
		return "names of pods by address are switched off here";
	case ABSENCE_NO_POD:
		return "no pod of the namespace has that address";
	case ABSENCE_NO_ADDRESS:
		return "no Service and no ready endpoint has the address";
	case ABSENCE_NO_NAME:
		return "no such name";
	case ABSENCE_NO_FAMILY:
		return "it has no address of that family";
	case ABSENCE_NO_TYPE:
		return "it has no record of that type";
	case ABSENCE_EMPTY:
		return "it has no records, only names below it";
	case ABSENCES:
		break;
	}
	return "";
}
