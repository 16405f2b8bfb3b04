#include "records/transfer_reader.h"
#include "base/buffer.h"
#include "dns/message.h"
#include "dns/response.h"
#include <stdlib.h>
#include <string.h>

#define SOA_NUMBERS 20 /* octets that a SOA's rdata ends in: its serial stands first among them */
#define TTL_MAX_S   INT32_MAX

/* Where a header counts its records. */
#define QUESTIONS_AT 4
#define AUTHORITY_AT 8

enum stage {
	STAGE_FIRST,  /* before the SOA that everything begins with */
	STAGE_SECOND, /* after it: what follows says whether these are changes */
	STAGE_WHOLE,  /* in the records of a whole zone */
	STAGE_REMOVE, /* in what a change removes */
	STAGE_ADD,    /* in what it adds */
	STAGE_END,
};

/* Of a record in changes: its octets follow, owner and rdata. */
struct change {
	bool remove;
	uint8_t owner_len;
	uint16_t type, rdata_len;
	uint32_t ttl_s;
};

struct transfer_reader {
	struct transfer_request q;
	struct name apex;
	enum stage stage;
	enum transfer_fault fault;
	uint32_t to, at; /* serials: of the first SOA, and of the last one since */
	size_t octets, records, messages;
	struct zone_draft *draft; /* of a whole zone */
	struct buffer changes;
	uint8_t soa[UINT16_MAX]; /* rdata of the first SOA */
	size_t soa_len;
	uint32_t soa_ttl_s;
	uint8_t rdata[UINT16_MAX];
};

bool transfer_serial_newer(uint32_t a, uint32_t b)
{
	return a != b && a - b < 0x80000000U;
}

/* --- asking --- */

static const uint16_t types[] = {
        [TRANSFER_SERIAL] = DNS_TYPE_SOA,
        [TRANSFER_IXFR] = DNS_TYPE_IXFR,
        [TRANSFER_AXFR] = DNS_TYPE_AXFR,
};

/* The version that is there (RFC 1995 3). */
static void put_base(struct wire_writer *w, const struct zone_data *base)
{
	struct zone_cursor c = {0};
	struct record soa;
	zone_data_next(base, &c, &soa);
	wire_put_name(w, soa.owner);
	wire_put_u16(w, soa.type);
	wire_put_u16(w, DNS_CLASS_IN);
	wire_put_u32(w, soa.ttl_s);
	wire_put_u16(w, (uint16_t)soa.rdata_len);
	wire_put_bytes(w, soa.rdata, soa.rdata_len);
}

size_t transfer_request_write(const struct transfer_request *q, uint8_t *bytes)
{
	struct wire_writer w = {.bytes = bytes, .len = DNS_HEADER_LEN, .limit = TRANSFER_REQUEST_MAX};
	memset(bytes, 0, DNS_HEADER_LEN);
	wire_store_u16(bytes, q->id);
	wire_store_u16(bytes + QUESTIONS_AT, 1);
	wire_store_u16(bytes + AUTHORITY_AT, q->kind == TRANSFER_IXFR);
	wire_put_name(&w, q->apex);
	wire_put_u16(&w, types[q->kind]);
	wire_put_u16(&w, DNS_CLASS_IN);
	if (q->kind == TRANSFER_IXFR)
		put_base(&w, q->base);
	return w.len;
}

/* --- its life --- */

struct transfer_reader *transfer_reader_new(const struct transfer_request *q)
{
	struct transfer_reader *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->q = *q;
	r->apex = *q->apex;
	r->q.apex = &r->apex;
	if (!r->q.octets_max)
		r->q.octets_max = ZONE_OCTETS_MAX;
	if (q->base)
		zone_data_hold(q->base);
	return r;
}

void transfer_reader_free(struct transfer_reader *r)
{
	if (!r)
		return;
	zone_draft_free(r->draft);
	zone_data_drop(r->q.base);
	buffer_free(&r->changes);
	free(r);
}

/* --- what is wrong --- */

static enum transfer_verdict wrong(struct transfer_reader *r, enum transfer_fault fault, struct diag *d, const char *text)
{
	r->fault = fault;
	r->stage = STAGE_END;
	diag_set(d, ERR_SYNTAX, "%s", text);
	return TRANSFER_WRONG;
}

static enum transfer_verdict malformed(struct transfer_reader *r, struct diag *d, const char *text)
{
	return wrong(r, TRANSFER_FAULT_MALFORMED, d, text);
}

static enum transfer_verdict no_memory(struct transfer_reader *r, struct diag *d)
{
	return wrong(r, TRANSFER_FAULT_MEMORY, d, "out of memory");
}

/* diag is set. */
static enum transfer_verdict refuse_record(struct transfer_reader *r, enum err err)
{
	r->fault = err == ERR_NOMEM ? TRANSFER_FAULT_MEMORY : err == ERR_RANGE ? TRANSFER_FAULT_SIZE : TRANSFER_FAULT_ZONE;
	r->stage = STAGE_END;
	return TRANSFER_WRONG;
}

/* --- records --- */

static bool is_soa(const struct transfer_reader *r, const struct record *rec)
{
	return rec->type == DNS_TYPE_SOA && name_equal(rec->owner, &r->apex);
}

static uint32_t serial_of(const struct record *soa)
{
	return wire_load_u32(soa->rdata + soa->rdata_len - SOA_NUMBERS);
}

/* Whether there is anything to come after the first SOA. */
static enum transfer_verdict take_first(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	const struct zone_data *base = r->q.base;
	if (!is_soa(r, rec))
		return malformed(r, d, "the first record is not the zone's SOA");
	r->to = r->at = serial_of(rec);
	memcpy(r->soa, rec->rdata, rec->rdata_len);
	r->soa_len = rec->rdata_len;
	r->soa_ttl_s = rec->ttl_s;
	r->stage = STAGE_SECOND;
	if (!base || r->q.kind == TRANSFER_AXFR)
		return r->q.kind == TRANSFER_SERIAL ? TRANSFER_WHOLE : TRANSFER_MORE;
	if (r->to == zone_data_serial(base))
		return TRANSFER_CURRENT;
	if (!transfer_serial_newer(r->to, zone_data_serial(base)))
		return TRANSFER_BEHIND;
	return r->q.kind == TRANSFER_SERIAL ? TRANSFER_WHOLE : TRANSFER_MORE;
}

/* What is not in the zone has no business there, and harms nobody: old servers send addresses of name servers elsewhere. */
static enum transfer_verdict add_whole(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	enum err err = name_in(rec->owner, &r->apex) ? zone_draft_add(r->draft, rec, d) : OK;
	r->records++;
	return err ? refuse_record(r, err) : TRANSFER_MORE;
}

static enum transfer_verdict begin_whole(struct transfer_reader *r, const struct record *soa, struct diag *d)
{
	r->draft = zone_draft_new(&r->apex);
	r->stage = STAGE_WHOLE;
	return r->draft ? add_whole(r, soa, d) : no_memory(r, d);
}

static enum transfer_verdict take_whole(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	if (!is_soa(r, rec))
		return add_whole(r, rec, d);
	if (serial_of(rec) != r->to)
		return malformed(r, d, "the last SOA is not the first one: the zone has changed on the way");
	r->stage = STAGE_END;
	return TRANSFER_WHOLE;
}

static enum transfer_verdict note_change(struct transfer_reader *r, const struct record *rec, bool remove, struct diag *d)
{
	const struct change c = {remove, rec->owner->len, rec->type, (uint16_t)rec->rdata_len, rec->ttl_s};
	if (!name_in(rec->owner, &r->apex))
		return TRANSFER_MORE;
	if (r->changes.len > r->q.octets_max)
		return wrong(r, TRANSFER_FAULT_SIZE, d, "the changes are too many");
	buffer_append(&r->changes, &c, sizeof c);
	buffer_append(&r->changes, rec->owner->wire, rec->owner->len);
	buffer_append(&r->changes, rec->rdata, rec->rdata_len);
	r->records++;
	return r->changes.failed ? no_memory(r, d) : TRANSFER_MORE;
}

/* A change begins with the SOA of the version that it is of. */
static enum transfer_verdict begin_change(struct transfer_reader *r, const struct record *soa, struct diag *d)
{
	r->stage = STAGE_REMOVE;
	return note_change(r, soa, true, d);
}

static enum transfer_verdict take_removed(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	if (!is_soa(r, rec))
		return note_change(r, rec, true, d);
	if (!transfer_serial_newer(serial_of(rec), r->at))
		return malformed(r, d, "a change leads to no newer serial");
	r->at = serial_of(rec);
	if (transfer_serial_newer(r->at, r->to))
		return malformed(r, d, "a change leads beyond the last serial");
	r->stage = STAGE_ADD;
	return note_change(r, rec, false, d);
}

static enum transfer_verdict take_added(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	if (!is_soa(r, rec))
		return note_change(r, rec, false, d);
	if (serial_of(rec) != r->at)
		return malformed(r, d, "a change is not of the version before it");
	if (r->at != r->to)
		return begin_change(r, rec, d);
	r->stage = STAGE_END;
	return TRANSFER_WHOLE;
}

/* Changes begin with the SOA of the version that is here; a zone of a SOA alone ends with the first one again. */
static enum transfer_verdict take_second(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	const struct record soa = {&r->apex, DNS_TYPE_SOA, r->soa_ttl_s, r->soa, r->soa_len};
	enum transfer_verdict v;
	if (r->q.kind == TRANSFER_IXFR && is_soa(r, rec) && serial_of(rec) != r->to) {
		r->at = serial_of(rec);
		if (r->at != zone_data_serial(r->q.base))
			return malformed(r, d, "the changes are not of the version that was asked about");
		return begin_change(r, rec, d);
	}
	v = begin_whole(r, &soa, d);
	return v == TRANSFER_MORE ? take_whole(r, rec, d) : v;
}

static enum transfer_verdict take_record(struct transfer_reader *r, const struct record *rec, struct diag *d)
{
	switch (r->stage) {
	case STAGE_FIRST:
		return take_first(r, rec, d);
	case STAGE_SECOND:
		return take_second(r, rec, d);
	case STAGE_WHOLE:
		return take_whole(r, rec, d);
	case STAGE_REMOVE:
		return take_removed(r, rec, d);
	case STAGE_ADD:
		return take_added(r, rec, d);
	case STAGE_END:
		break;
	}
	return malformed(r, d, "there are records after the end");
}

/* --- messages --- */

static bool is_question(const struct transfer_reader *r, const struct response *m)
{
	return name_equal(&m->qname, &r->apex) && m->qtype == types[r->q.kind] && m->qclass == DNS_CLASS_IN;
}

/* RFC 5936 2.2: every message has the id, and the first one has the question. */
static enum transfer_verdict check_message(struct transfer_reader *r, const struct response *m, struct diag *d)
{
	if (m->id != r->q.id || m->opcode != DNS_OPCODE_QUERY)
		return malformed(r, d, "the response is not to what was asked");
	if (m->rcode) {
		r->fault = TRANSFER_FAULT_RCODE;
		r->stage = STAGE_END;
		diag_set(d, ERR_SYNTAX, "the server answers with rcode %u", m->rcode);
		return TRANSFER_WRONG;
	}
	if (m->flags & DNS_TC)
		return malformed(r, d, "the response is cut");
	if (m->has_question ? !is_question(r, m) : !r->messages)
		return malformed(r, d, "the question is not the one that was asked");
	if (!m->counts[DNS_ANSWER])
		return malformed(r, d, "a message is without records");
	return TRANSFER_MORE;
}

static enum transfer_verdict take_next(struct transfer_reader *r, const struct response *m, const struct response_record *at,
                                       struct diag *d)
{
	struct name owner;
	struct record rec = {.owner = &owner, .type = at->type, .ttl_s = at->ttl_s > TTL_MAX_S ? 0 : at->ttl_s, .rdata = r->rdata};
	if (at->rclass != DNS_CLASS_IN)
		return malformed(r, d, "a record is not of class IN");
	response_owner(m, at, &owner);
	if (!response_rdata(m, at, r->rdata, sizeof r->rdata, &rec.rdata_len))
		return malformed(r, d, "a record is too long");
	return take_record(r, &rec, d);
}

/* Of a SOA that is asked for alone others may stand beside it. */
static enum transfer_verdict take_records(struct transfer_reader *r, const struct response *m, struct diag *d)
{
	struct response_cursor c = response_section(m, DNS_ANSWER);
	struct response_record at;
	enum transfer_verdict v = TRANSFER_MORE;
	bool more = response_next(m, &c, &at);
	while (more && v == TRANSFER_MORE) {
		v = take_next(r, m, &at, d);
		more = response_next(m, &c, &at);
	}
	if (more && v == TRANSFER_WHOLE && r->q.kind != TRANSFER_SERIAL)
		return malformed(r, d, "there are records after the end");
	return v;
}

enum transfer_verdict transfer_reader_take(struct transfer_reader *r, const uint8_t *bytes, size_t len, struct diag *d)
{
	struct response m;
	enum transfer_verdict v;
	if (response_parse(&m, bytes, len) != RESPONSE_OK)
		return malformed(r, d, "a message is malformed");
	v = check_message(r, &m, d);
	if (v != TRANSFER_MORE)
		return v;
	r->octets += len;
	if (r->octets > r->q.octets_max)
		return wrong(r, TRANSFER_FAULT_SIZE, d, "the transfer is too long");
	r->messages++;
	v = take_records(r, &m, d);
	if (v != TRANSFER_MORE || r->q.kind != TRANSFER_SERIAL)
		return v;
	return malformed(r, d, "there is no SOA");
}

/* --- what came of it --- */

static const char *take_change(struct zone_draft *draft, const char *at, enum err *err, struct diag *d)
{
	struct change c;
	struct name owner;
	struct record rec;
	memcpy(&c, at, sizeof c);
	at += sizeof c;
	name_from_wire(&owner, (const uint8_t *)at, c.owner_len);
	at += c.owner_len;
	rec = (struct record){&owner, c.type, c.ttl_s, (const uint8_t *)at, c.rdata_len};
	*err = c.remove ? zone_draft_remove(draft, &rec, d) : zone_draft_add(draft, &rec, d);
	return at + c.rdata_len;
}

static enum err apply_changes(struct transfer_reader *r, struct diag *d)
{
	const char *at = r->changes.data, *end = at + r->changes.len;
	enum err err = OK;
	r->draft = zone_draft_of(r->q.base);
	if (!r->draft)
		return diag_no_memory(d);
	while (at < end && !err)
		at = take_change(r->draft, at, &err, d);
	return err;
}

enum err transfer_reader_finish(struct transfer_reader *r, struct zone_data **out, struct diag *d)
{
	struct zone_draft *draft;
	enum err err = r->changes.len ? apply_changes(r, d) : OK;
	*out = NULL;
	if (!err) {
		draft = r->draft;
		r->draft = NULL;
		err = zone_draft_finish(draft, out, d);
	}
	if (err)
		refuse_record(r, err);
	return err;
}

enum transfer_fault transfer_reader_fault(const struct transfer_reader *r)
{
	return r->fault;
}

uint32_t transfer_reader_serial(const struct transfer_reader *r)
{
	return r->to;
}

size_t transfer_reader_records(const struct transfer_reader *r)
{
	return r->records;
}

bool transfer_reader_is_changes(const struct transfer_reader *r)
{
	return r->changes.len;
}
