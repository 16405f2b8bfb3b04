#include "dns/type.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IANA's registry of resource record types. */
static const struct {
	const char *name;
	uint16_t type;
} types[] = {
        {"A", 1},           {"AAAA", 28},     {"AFSDB", 18},   {"AMTRELAY", 260}, {"ANY", 255},       {"APL", 42},    {"AVC", 258},
        {"AXFR", 252},      {"CAA", 257},     {"CDNSKEY", 60}, {"CDS", 59},       {"CERT", 37},       {"CNAME", 5},   {"CSYNC", 62},
        {"DHCID", 49},      {"DLV", 32769},   {"DNAME", 39},   {"DNSKEY", 48},    {"DS", 43},         {"EID", 31},    {"EUI48", 108},
        {"EUI64", 109},     {"GID", 102},     {"GPOS", 27},    {"HINFO", 13},     {"HIP", 55},        {"HTTPS", 65},  {"IPSECKEY", 45},
        {"ISDN", 20},       {"IXFR", 251},    {"KEY", 25},     {"KX", 36},        {"L32", 105},       {"L64", 106},   {"LOC", 29},
        {"LP", 107},        {"MAILA", 254},   {"MAILB", 253},  {"MB", 7},         {"MD", 3},          {"MF", 4},      {"MG", 8},
        {"MINFO", 14},      {"MR", 9},        {"MX", 15},      {"NAPTR", 35},     {"NID", 104},       {"NIMLOC", 32}, {"NINFO", 56},
        {"NS", 2},          {"NSAP-PTR", 23}, {"NSEC", 47},    {"NSEC3", 50},     {"NSEC3PARAM", 51}, {"NULL", 10},   {"NXT", 30},
        {"OPENPGPKEY", 61}, {"OPT", 41},      {"PTR", 12},     {"PX", 26},        {"RKEY", 57},       {"RP", 17},     {"RRSIG", 46},
        {"RT", 21},         {"SIG", 24},      {"SMIMEA", 53},  {"SOA", 6},        {"SPF", 99},        {"SRV", 33},    {"SSHFP", 44},
        {"SVCB", 64},       {"TA", 32768},    {"TALINK", 58},  {"TKEY", 249},     {"TLSA", 52},       {"TSIG", 250},  {"TXT", 16},
        {"UID", 101},       {"UINFO", 100},   {"UNSPEC", 103}, {"URI", 256},      {"X25", 19},        {"ZONEMD", 63},
};

bool type_from_text(const char *text, uint16_t *type)
{
	unsigned long number;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i].name, text) == 0) {
			*type = types[i].type;
			return true;
		}
	}
	if (strncmp(text, "TYPE", 4) != 0 || !text[4] || strlen(text) > 9 || text[4 + strspn(text + 4, "0123456789")])
		return false;
	number = strtoul(text + 4, NULL, 10);
	*type = (uint16_t)number;
	return number <= UINT16_MAX;
}

void type_to_text(uint16_t type, char text[TYPE_TEXT_MAX])
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (types[i].type == type) {
			snprintf(text, TYPE_TEXT_MAX, "%s", types[i].name);
			return;
		}
	}
	snprintf(text, TYPE_TEXT_MAX, "TYPE%u", type);
}

const char *class_name(uint16_t rclass)
{
	switch (rclass) {
	case 1:
		return "IN";
	case 2:
		return "CS";
	case 3:
		return "CH";
	case 4:
		return "HS";
	case 254:
		return "NONE";
	case 255:
		return "ANY";
	default:
		return "";
	}
}
