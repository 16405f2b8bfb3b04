#include "records.h"

void amount_add(struct store *s, const struct object *o)
{
	s->amounts[o->kind].objects++;
	s->amounts[o->kind].octets += o->octets;
}

void amount_subtract(struct store *s, const struct object *o)
{
	s->amounts[o->kind].objects--;
	s->amounts[o->kind].octets -= o->octets;
}

struct object_amount store_amount(const struct store *s, enum object_kind kind)
{
	return s->amounts[kind];
}
