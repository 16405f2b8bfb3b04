/* dice.h - unpredictable numbers for ids, spellings and sockets: getrandom's octets, fetched in blocks and used once. Of one thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct dice {
	size_t left; /* octets of block not yet used; all zero is an empty one */
	uint8_t block[512];
};

/* The next len octets, at most sizeof block. */
void dice_fill(struct dice *d, void *bytes, size_t len);

/* Each of the 65,536 is as likely. */
uint16_t dice_u16(struct dice *d);

/* 0 to n - 1, n from 1 to 256; where n is no power of two, low numbers come up a little oftener. */
unsigned dice_below(struct dice *d, unsigned n);
