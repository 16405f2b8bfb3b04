#include "zone/absence.h"

bool absence_will_pass(enum absence a)
{
	return a == ABSENCE_NOT_READY || a == ABSENCE_TERMINATING;
}

const struct ede *absence_ede(enum absence a)
{
	static const struct ede reasons[ABSENCES] = {
	        [ABSENCE_NONE] = EDE_SAYING(DNS_EDE_OTHER, ""),
	        [ABSENCE_NOT_READY] = EDE_SAYING(DNS_EDE_OTHER, "its endpoints are not ready"),
	        [ABSENCE_TERMINATING] = EDE_SAYING(DNS_EDE_OTHER, "its endpoints are being deleted"),
	        [ABSENCE_NO_ENDPOINTS] = EDE_SAYING(DNS_EDE_OTHER, "the Service has no endpoints"),
	        [ABSENCE_NO_TARGET] = EDE_SAYING(DNS_EDE_OTHER, "the Service's externalName is not a host name"),
	        [ABSENCE_NOT_SERVED] = EDE_SAYING(DNS_EDE_OTHER, "names of endpoints are switched off here"),
	        [ABSENCE_NOT_EXTERNAL] = EDE_SAYING(DNS_EDE_OTHER, "the Service has no external address"),
	        [ABSENCE_NO_NAMESPACE] = EDE_SAYING(DNS_EDE_OTHER, "no such namespace"),
	        [ABSENCE_NO_SERVICE] = EDE_SAYING(DNS_EDE_OTHER, "no such Service in the namespace"),
	        [ABSENCE_NO_ENDPOINT] = EDE_SAYING(DNS_EDE_OTHER, "the Service has no endpoint of that name"),
	        [ABSENCE_NO_PORT] = EDE_SAYING(DNS_EDE_OTHER, "the Service has no port of that name and protocol"),
	        [ABSENCE_PODS_OFF] = EDE_SAYING(DNS_EDE_OTHER, "names of pods by address are switched off here"),
	        [ABSENCE_NO_POD] = EDE_SAYING(DNS_EDE_OTHER, "no pod of the namespace has that address"),
	        [ABSENCE_NO_ADDRESS] = EDE_SAYING(DNS_EDE_OTHER, "no Service and no ready endpoint has the address"),
	        [ABSENCE_NO_NAME] = EDE_SAYING(DNS_EDE_OTHER, "no such name"),
	        [ABSENCE_NO_FAMILY] = EDE_SAYING(DNS_EDE_OTHER, "it has no address of that family"),
	        [ABSENCE_NO_TYPE] = EDE_SAYING(DNS_EDE_OTHER, "it has no record of that type"),
	        [ABSENCE_EMPTY] = EDE_SAYING(DNS_EDE_OTHER, "it has no records, only names below it"),
	};
	return &reasons[a];
}
