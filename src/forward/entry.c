#include "entry.h"
#include "base/hash.h"
#include <stdlib.h>
#include <string.h>

#define ALLOCATOR_OCTETS 16 /* of malloc, for each block: its head, and what rounding up costs on average */

enum { KEY_DNSSEC_OK = 1, KEY_CHECKING_DISABLED = 2 };

static uint8_t key_flags(const struct cache_key *k)
{
	return (uint8_t)((k->dnssec_ok ? KEY_DNSSEC_OK : 0) | (k->checking_disabled ? KEY_CHECKING_DISABLED : 0));
}

void cache_key_hash(struct cache_key *k)
{
	uint64_t rest = (uint64_t)key_flags(k) << 32 | (uint32_t)k->type << 16 | k->class;
	k->hash = hash_mix(hash_bytes(k->name, k->name_len), rest);
}

void cache_key_of(struct cache_key *k, const struct request *r)
{
	*k = (struct cache_key){
	        .name = r->qname.wire,
	        .name_len = r->qname.len,
	        .dnssec_ok = r->edns_do,
	        .checking_disabled = r->flags & DNS_CD,
	        .type = r->qtype,
	        .class = r->qclass,
	};
	cache_key_hash(k);
}

static size_t block_size(const struct reply *reply)
{
	return sizeof(struct entry) + reply->count * sizeof *reply->ttl_at + reply->len;
}

static size_t offsets_len(const struct entry *e)
{
	return e->count * sizeof(uint16_t);
}

struct entry *entry_new(const struct cache_key *k, const struct reply *reply, const struct cache_judgement *j, uint32_t now_s)
{
	struct entry *e = malloc(block_size(reply));
	if (!e)
		return NULL;
	*e = (struct entry){
	        .hash = k->hash,
	        .stored_s = now_s,
	        .ttl_s = j->ttl_s,
	        .size = (uint32_t)(block_size(reply) + ALLOCATOR_OCTETS),
	        .kind = (uint8_t)j->kind,
	        .answering = j->answering,
	        .type = k->type,
	        .class = k->class,
	        .key_flags = key_flags(k),
	        .name_len = k->name_len,
	        .count = reply->count,
	        .first_address = reply->first_address,
	        .addresses = reply->addresses,
	        .rcode = reply->rcode,
	        .message_len = reply->len,
	};
	if (reply->count)
		memcpy(e->bytes, reply->ttl_at, offsets_len(e));
	memcpy(e->bytes + offsets_len(e), reply->bytes, reply->len);
	memcpy(e->bytes + offsets_len(e) + DNS_HEADER_LEN, k->name, k->name_len); /* however the upstream spelt it */
	return e;
}

bool entry_matches(const struct entry *e, const struct cache_key *k)
{
	return e->hash == k->hash && e->type == k->type && e->class == k->class && e->key_flags == key_flags(k) &&
	       e->name_len == k->name_len && memcmp(e->bytes + offsets_len(e) + DNS_HEADER_LEN, k->name, k->name_len) == 0;
}

void entry_reply(const struct entry *e, struct reply *reply)
{
	*reply = (struct reply){
	        .bytes = e->bytes + offsets_len(e),
	        .len = e->message_len,
	        .rcode = e->rcode,
	        .count = e->count,
	        .ttl_at = (const uint16_t *)(const void *)e->bytes,
	        .first_address = e->first_address,
	        .addresses = e->addresses,
	};
}
