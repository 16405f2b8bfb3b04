#include "dns/writer.h"
#include "rdata.h"

#define OPT_LEN 11 /* root, type, class, TTL, length */
#define OPT_DO  0x8000u

/* Where fields of the header stand. */
enum { AT_FLAGS = 2, AT_QDCOUNT = 4, AT_COUNTS = 6 };

void writer_begin(struct writer *w, uint8_t *bytes, size_t limit, uint16_t id, uint16_t flags)
{
	memset(&w->names, 0, sizeof w->names);
	memset(w->counts, 0, sizeof w->counts);
	w->truncated = w->full = false;
	w->ttl_at = 0;
	w->set.begin = 0;
	w->w = (struct wire_writer){.bytes = bytes, .len = DNS_HEADER_LEN, .limit = limit};
	memset(bytes, 0, DNS_HEADER_LEN);
	wire_store_u16(bytes, id);
	wire_store_u16(bytes + AT_FLAGS, flags);
}

/* As if nothing had been put since len. */
static void take_back(struct writer *w, size_t len)
{
	w->w.len = len;
	w->w.overflow = false;
	compression_cut(&w->names, len);
}

bool writer_put_question(struct writer *w, const struct name *qname, uint16_t qtype, uint16_t qclass)
{
	compression_put(&w->names, &w->w, qname);
	wire_put_u16(&w->w, qtype);
	wire_put_u16(&w->w, qclass);
	if (w->w.overflow) {
		take_back(w, DNS_HEADER_LEN);
		return false;
	}
	wire_store_u16(w->w.bytes + AT_QDCOUNT, 1);
	return true;
}

bool writer_reserve_opt(struct writer *w, size_t options_len)
{
	if (w->w.limit - w->w.len < OPT_LEN + options_len)
		return false;
	w->w.limit -= OPT_LEN + options_len;
	return true;
}

/* Records of one set follow each other. */
static void begin_in_set(struct writer *w, const struct name *owner, uint16_t type, uint16_t rclass)
{
	if (w->set.begin && w->set.type == type && w->set.rclass == rclass && name_equal(&w->set.owner, owner))
		return;
	w->set.owner = *owner;
	w->set.type = type;
	w->set.rclass = rclass;
	w->set.count_before = w->counts[DNS_ADDITIONAL];
	w->set.begin = w->w.len;
}

struct writer_mark writer_begin_record(struct writer *w, enum dns_section section, const struct name *owner, uint16_t type, uint16_t rclass,
                                       uint32_t ttl_s)
{
	struct writer_mark mark = {.record = w->w.len, .section = section};
	if (section == DNS_ADDITIONAL && !w->full)
		begin_in_set(w, owner, type, rclass);
	w->w.overflow |= w->truncated || w->full;
	compression_put(&w->names, &w->w, owner);
	wire_put_u16(&w->w, type);
	wire_put_u16(&w->w, rclass);
	w->ttl_at = (uint16_t)w->w.len;
	wire_put_u32(&w->w, ttl_s);
	wire_put_u16(&w->w, 0); /* the length, which writer_end_record knows */
	mark.rdata = w->w.len;
	return mark;
}

static void give_up(struct writer *w, const struct writer_mark *mark)
{
	if (mark->section != DNS_ADDITIONAL) {
		take_back(w, mark->record);
		w->truncated = true;
		return;
	}
	if (!w->full)
		w->counts[DNS_ADDITIONAL] = w->set.count_before;
	take_back(w, w->full ? mark->record : w->set.begin);
	w->full = true;
}

bool writer_end_record(struct writer *w, const struct writer_mark *mark)
{
	size_t len = w->w.len - mark->rdata;
	if (w->w.overflow || len > UINT16_MAX) {
		give_up(w, mark);
		return false;
	}
	wire_store_u16(w->w.bytes + mark->rdata - 2, (unsigned)len);
	w->counts[mark->section]++;
	return true;
}

static void put_as_it_is(struct writer *w, const struct writer_mark *mark, const struct rdata *rdata)
{
	if (w->w.overflow)
		return;
	w->w.len = mark->rdata;
	compression_cut(&w->names, mark->rdata);
	wire_put_bytes(&w->w, rdata->bytes, rdata->len);
}

bool writer_put(struct writer *w, enum dns_section section, const struct name *owner, uint16_t type, uint16_t rclass, uint32_t ttl_s,
                const struct rdata *rdata)
{
	struct writer_mark mark = writer_begin_record(w, section, owner, type, rclass, ttl_s);
	struct rdata_cursor c;
	rdata_begin(&c, rdata->bytes, 0, rdata->len, type, rclass);
	if (!rdata_put(&c, &w->w, &w->names, NULL, NULL))
		put_as_it_is(w, &mark, rdata);
	return writer_end_record(w, &mark);
}

bool writer_put_rrset(struct writer *w, enum dns_section section, const struct rrset *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (!writer_put(w, section, set->owner, set->type, set->rclass, set->ttl_s, &set->rdata[i]))
			return false;
	return true;
}

static void put_opt(struct writer *w, const struct opt *opt)
{
	w->w.limit += OPT_LEN + (size_t)opt->len;
	uint8_t *at = wire_extend(&w->w, OPT_LEN);
	if (!at)
		return;
	at[0] = 0;
	wire_store_u16(at + 1, DNS_TYPE_OPT);
	wire_store_u16(at + 3, opt->udp_size);
	wire_store_u32(at + 5, (uint32_t)(opt->rcode >> 4) << 24 | (uint32_t)opt->version << 16 | (opt->dnssec_ok ? OPT_DO : 0));
	wire_store_u16(at + 9, opt->len);
	wire_put_bytes(&w->w, opt->data, opt->len);
	w->counts[DNS_ADDITIONAL]++;
}

size_t writer_end(struct writer *w, const struct opt *opt)
{
	uint8_t *bytes = w->w.bytes;
	if (opt)
		put_opt(w, opt);
	if (w->truncated)
		bytes[AT_FLAGS] |= DNS_TC >> 8;
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		wire_store_u16(bytes + AT_COUNTS + 2 * (size_t)i, w->counts[i]);
	return w->w.len;
}
