/* inside.h - a zone from inside, for its writer (zone.c) and its readers (find.c). */
#pragma once
#include "base/table.h"
#include "pod_addresses.h"
#include "reverse.h"
#include "zone/zone.h"
#include <stdatomic.h>

/* The first nodes of the zone's own generation; others follow. */
enum own_node { OWN_APEX, OWN_NAME_SERVER };

#define ORIGIN_EXTERNAL 255 /* a forward one without "svc" */

struct origin {
	struct name name; /* lower case */
	uint8_t tree;     /* enum zone_tree */
	uint8_t sort;     /* of a reverse zone the family of its addresses; ADDR_NONE: a forward one; or ORIGIN_EXTERNAL */
};

/* A name of the zone's own, relative to its apex. */
struct own_name {
	uint8_t wire[NAME_LABEL_MAX + 1 + 4]; /* the longest is ns1 and a label */
	uint8_t len;
	uint16_t has;
};

#define OWN_NAMES_MAX 6

/* What is different in an external zone, as data: labels in wire form, lower case, which stand left of an apex. */
struct scheme {
	struct own_name names[OWN_NAMES_MAX]; /* beside those of Services; the first two in the order of enum own_node */
	unsigned name_count;
	struct own_name between;                               /* a namespace and the apex */
	uint8_t mailbox[12 + NAME_LABEL_MAX + 1], mailbox_len; /* of the SOA; its primary is the name server */
	bool soa_of_apex; /* the SOA's names end in the apex of whichever zone was asked; else in the first forward one */
	bool by_service;  /* the name server may be a Service, by the server's own addresses */
};

struct zone {
	struct zone_settings settings;
	uint32_t negative_ttl_s; /* as told, before any cap */
	struct origin *origins;  /* those with more labels first */
	unsigned origin_count;
	struct table *slots;      /* struct slot, by hash of their key */
	struct table *namespaces; /* struct namespace, by hash of their label */
	uint32_t last_number;     /* of a namespace */
	struct reverse_map reverse;
	struct pod_addresses *pod_addresses; /* NULL: pods are not verified */
	_Atomic(struct generation *) own;    /* names that are no Service's; the addresses of OWN_NAME_SERVER are the server's own */
	_Atomic(uint32_t) serial;
	struct zone_counts counts; /* writer only; addresses are counted by reverse */
	struct zone_cells changed; /* writer only */
	struct scheme scheme;
};
