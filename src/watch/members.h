/* members.h - which members of the API's objects something here reads. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct member {
	const char *key;
	size_t key_len;
	const struct member *members; /* those to keep of the object that is its value, or of each object of the array; NULL: all */
	const char *only; /* the string that it must be, or the item of an array that it is a member of is left out; NULL: any */
	uint8_t frame;    /* enum scan_frame_kind + 1: its value is a frame; 0: it is none */
	bool list;        /* not its value, which is an array or null, but each item of that is a frame */
};

/* What stands at the top of a stream. */
extern const struct member members_of_watch, members_of_list;

/* The member of that key; NULL: nothing reads it. */
const struct member *members_find(const struct member *members, const char *key, size_t len);

#define MEMBERS_KEY_MAX 64 /* no key has more octets */
