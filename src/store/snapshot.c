#include "store/snapshot.h"
#include "numbering.h"
#include "records.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MAGIC        "headns\r\n"
#define MAGIC_LEN    8
#define VERSION_AT   8
#define LENGTH_AT    16
#define CHECKSUM_AT  24
#define TEXT_LEN_MAX 4096

/* One body, being written or read. Each code_ function does both: what it is given is written, or what is read is returned; so the two can't
 * come apart. */
struct codec {
	bool reading;
	bool failed; /* reading: the body is not as it must be; nothing more is read */
	bool out_of_memory;
	struct intern *pool;

	struct buffer *out; /* writing: where to */
	struct buffer set_out, port_out;
	struct numbering texts, sets, ports; /* by number, what is interned */

	const uint8_t *at, *end; /* reading */
	const char **text_at;    /* by number; references are held until the end */
	const struct label_set **set_at;
	const struct pod_ports **ports_at;
	size_t text_count, set_count, ports_count;
};

/* --- numbers --- */

static void put_number(struct buffer *out, uint64_t n)
{
	uint8_t octets[10];
	size_t len = 0;
	for (; n > 0x7f; n >>= 7)
		octets[len++] = (uint8_t)(n | 0x80);
	octets[len++] = (uint8_t)n;
	buffer_append(out, octets, len);
}

static uint64_t get_number(struct codec *c, uint64_t max)
{
	uint64_t n = 0;
	for (unsigned shift = 0; !c->failed && shift < 63; shift += 7) {
		if (c->at == c->end)
			break;
		uint8_t octet = *c->at++;
		n |= (uint64_t)(octet & 0x7f) << shift;
		if (!(octet & 0x80) && n <= max)
			return n;
		if (!(octet & 0x80))
			break;
	}
	c->failed = true;
	return 0;
}

static uint64_t code(struct codec *c, uint64_t n, uint64_t max)
{
	if (c->reading)
		return get_number(c, max);
	put_number(c->out, n);
	return n;
}

static uint8_t code_u8(struct codec *c, uint8_t n)
{
	return (uint8_t)code(c, n, UINT8_MAX);
}

static uint16_t code_u16(struct codec *c, uint16_t n)
{
	return (uint16_t)code(c, n, UINT16_MAX);
}

static bool code_bool(struct codec *c, bool b)
{
	return code(c, b, 1);
}

/* How many of something follow: each has an octet at least, which bounds what a short body can make us allocate. */
static size_t code_count(struct codec *c, size_t n, size_t max)
{
	size_t left = (size_t)(c->end - c->at);
	return (size_t)code(c, n, max < left ? max : left);
}

/* Room for what was counted; NULL: none, or out of memory. */
static void *code_alloc(struct codec *c, size_t n, size_t size)
{
	void *p = n ? calloc(n, size) : NULL;
	if (n && !p)
		c->failed = c->out_of_memory = true;
	return p;
}

/* --- what is interned --- */

static uint32_t text_number(struct codec *c, const char *text)
{
	bool is_new;
	return numbering_of(&c->texts, text, &is_new);
}

/* A text that must be there. */
static const char *code_text(struct codec *c, const char *text)
{
	if (!c->reading) {
		put_number(c->out, text_number(c, text));
		return text;
	}
	uint64_t number = get_number(c, c->text_count);
	if (c->failed || number == c->text_count) {
		c->failed = true;
		return NULL;
	}
	return intern_ref(c->text_at[number]);
}

static const char *code_maybe_text(struct codec *c, const char *text)
{
	return code_bool(c, text) ? code_text(c, text) : NULL;
}

static void put_set(struct codec *c, const struct label_set *set)
{
	put_number(&c->set_out, set->count);
	for (uint32_t i = 0; i < set->count; i++) {
		put_number(&c->set_out, text_number(c, set->labels[i].key));
		put_number(&c->set_out, text_number(c, set->labels[i].value));
	}
}

static const struct label_set *code_set(struct codec *c, const struct label_set *set)
{
	bool is_new = false;
	if (c->reading) {
		uint64_t number = get_number(c, c->set_count);
		return c->failed || !number ? NULL : intern_ref(c->set_at[number - 1]);
	}
	put_number(c->out, set ? numbering_of(&c->sets, set, &is_new) + 1ULL : 0);
	if (is_new)
		put_set(c, set);
	return set;
}

static void put_ports(struct codec *c, const struct pod_ports *ports)
{
	put_number(&c->port_out, ports->count);
	for (uint32_t i = 0; i < ports->count; i++) {
		put_number(&c->port_out, text_number(c, ports->ports[i].name));
		put_number(&c->port_out, ports->ports[i].port);
		put_number(&c->port_out, ports->ports[i].protocol);
	}
}

static const struct pod_ports *code_ports(struct codec *c, const struct pod_ports *ports)
{
	bool is_new = false;
	if (c->reading) {
		uint64_t number = get_number(c, c->ports_count);
		return c->failed || !number ? NULL : intern_ref(c->ports_at[number - 1]);
	}
	put_number(c->out, ports ? numbering_of(&c->ports, ports, &is_new) + 1ULL : 0);
	if (is_new)
		put_ports(c, ports);
	return ports;
}

/* --- objects --- */

static void code_octets(struct codec *c, uint8_t *octets, size_t len)
{
	if (!c->reading) {
		buffer_append(c->out, octets, len);
		return;
	}
	if (c->failed || (size_t)(c->end - c->at) < len) {
		c->failed = true;
		return;
	}
	memcpy(octets, c->at, len);
	c->at += len;
}

static void code_addr(struct codec *c, struct addr *a)
{
	struct addr read = *a;
	read.family = code_bool(c, a->family == ADDR_V6) ? ADDR_V6 : ADDR_V4;
	code_octets(c, read.octets, addr_len(&read));
	if (c->reading)
		*a = read;
}

static void code_addrs(struct codec *c, struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		code_addr(c, &addrs[i]);
}

/* An array of addresses that the object owns. */
static void code_own_addrs(struct codec *c, struct addr **addrs, uint8_t *n)
{
	size_t count = code_count(c, *n, UINT8_MAX);
	if (c->reading) {
		*addrs = code_alloc(c, count, sizeof **addrs);
		*n = *addrs ? (uint8_t)count : 0;
	}
	code_addrs(c, *addrs, *n);
}

static void code_service_port(struct codec *c, struct service_port *p)
{
	p->name = code_text(c, p->name);
	p->target_name = code_maybe_text(c, p->target_name);
	p->app_protocol = code_maybe_text(c, p->app_protocol);
	p->port = code_u16(c, p->port);
	p->target_port = code_u16(c, p->target_port);
	p->protocol = (uint8_t)code(c, p->protocol, PROTOCOL_SCTP);
}

static void code_service(struct codec *c, struct service *s)
{
	size_t ports;
	s->type = (uint8_t)code(c, s->type, SERVICE_EXTERNAL_NAME);
	s->headless = code_bool(c, s->headless);
	s->publish_not_ready = code_bool(c, s->publish_not_ready);
	s->families = code_u8(c, s->families);
	s->cluster_ip_count = (uint8_t)code(c, s->cluster_ip_count, 2);
	code_addrs(c, s->cluster_ips, s->cluster_ip_count);
	s->external_name = code_maybe_text(c, s->external_name);
	code_own_addrs(c, &s->external_ips, &s->external_ip_count);
	s->external_host = code_maybe_text(c, s->external_host);
	s->selector = code_set(c, s->selector);
	ports = code_count(c, s->port_count, UINT16_MAX);
	if (c->reading) {
		s->ports = code_alloc(c, ports, sizeof *s->ports);
		s->port_count = s->ports ? (uint16_t)ports : 0;
	}
	for (size_t i = 0; i < s->port_count; i++)
		code_service_port(c, &s->ports[i]);
}

static void code_pod(struct codec *c, struct pod *p)
{
	p->phase = (uint8_t)code(c, p->phase, POD_FAILED);
	p->ready = code_bool(c, p->ready);
	p->deleting = code_bool(c, p->deleting);
	p->observed = code_bool(c, p->observed);
	p->host_network = code_bool(c, p->host_network);
	p->ip_count = (uint8_t)code(c, p->ip_count, POD_IPS_MAX);
	code_addrs(c, p->ips, p->ip_count);
	p->hostname = code_maybe_text(c, p->hostname);
	p->subdomain = code_maybe_text(c, p->subdomain);
	p->ports = code_ports(c, p->ports);
}

static void code_slice_port(struct codec *c, struct slice_port *p)
{
	p->name = code_text(c, p->name);
	p->port = code_u16(c, p->port);
	p->protocol = (uint8_t)code(c, p->protocol, PROTOCOL_SCTP);
	p->has_port = code_bool(c, p->has_port);
}

static void code_endpoint(struct codec *c, struct slice_endpoint *e)
{
	e->ready = code_bool(c, e->ready);
	code_own_addrs(c, &e->addrs, &e->addr_count);
	e->hostname = code_maybe_text(c, e->hostname);
	e->target_name = code_maybe_text(c, e->target_name);
	e->zone = code_maybe_text(c, e->zone);
}

static void code_subset(struct codec *c, struct endpoint_subset *s)
{
	size_t ports = code_count(c, s->port_count, UINT16_MAX), endpoints = code_count(c, s->endpoint_count, UINT32_MAX);
	if (c->reading) {
		s->ports = code_alloc(c, ports, sizeof *s->ports);
		s->port_count = s->ports ? (uint16_t)ports : 0;
		s->endpoints = code_alloc(c, endpoints, sizeof *s->endpoints);
		s->endpoint_count = s->endpoints ? (uint32_t)endpoints : 0;
	}
	for (size_t i = 0; i < s->port_count; i++)
		code_slice_port(c, &s->ports[i]);
	for (size_t i = 0; i < s->endpoint_count; i++)
		code_endpoint(c, &s->endpoints[i]);
}

static void code_slice(struct codec *c, struct endpoint_slice *s)
{
	size_t subsets;
	s->service_name = code_maybe_text(c, s->service_name);
	s->import_name = code_maybe_text(c, s->import_name);
	s->cluster = code_maybe_text(c, s->cluster);
	s->skip_mirror = code_bool(c, s->skip_mirror);
	subsets = code_count(c, s->subset_count, UINT32_MAX);
	if (c->reading) {
		s->subsets = code_alloc(c, subsets, sizeof *s->subsets);
		s->subset_count = s->subsets ? (uint32_t)subsets : 0;
	}
	for (size_t i = 0; i < s->subset_count; i++)
		code_subset(c, &s->subsets[i]);
}

/* By the number that stands for them in a snapshot. */
static const enum object_kind kinds[] = {OBJECT_NAMESPACE,        OBJECT_SERVICE,   OBJECT_POD,           OBJECT_ENDPOINT_SLICE,
                                         OBJECT_CONTROLLER_SLICE, OBJECT_ENDPOINTS, OBJECT_SERVICE_IMPORT};
#define KINDS (sizeof kinds / sizeof *kinds)

/* KINDS: it is not kept. */
static size_t kind_number(enum object_kind kind)
{
	size_t i = 0;
	while (i < KINDS && kinds[i] != kind)
		i++;
	return i;
}

/* All but the kind, which comes first. */
static void code_object(struct codec *c, struct object *o)
{
	o->ns = code_text(c, o->ns);
	o->name = code_text(c, o->name);
	o->labels = code_set(c, o->labels);
	switch (o->kind) {
	case OBJECT_SERVICE:
	case OBJECT_SERVICE_IMPORT:
		code_service(c, (struct service *)o);
		break;
	case OBJECT_POD:
		code_pod(c, (struct pod *)o);
		break;
	case OBJECT_ENDPOINT_SLICE:
	case OBJECT_CONTROLLER_SLICE:
	case OBJECT_ENDPOINTS:
		code_slice(c, (struct endpoint_slice *)o);
		break;
	case OBJECT_NAMESPACE:
	case OBJECT_NODE:
	case OBJECT_STATEFUL_SET:
	case OBJECT_DEPLOYMENT:
	case OBJECT_REPLICA_SET:
	case OBJECT_DAEMON_SET:
	case OBJECT_JOB:
	case OBJECT_REPLICATION_CONTROLLER:
	case OBJECT_KINDS:
		break;
	}
}

/* --- writing --- */

/* Writing leaves an object as it is, but shares its code with reading. */
static void put_object(struct codec *c, const struct object *o, size_t *count)
{
	size_t number = kind_number(o->kind);
	if (number == KINDS)
		return;
	put_number(c->out, number);
	code_object(c, (struct object *)(uintptr_t)o);
	++*count;
}

static size_t put_objects(struct codec *c, const struct store *s)
{
	struct store_cursor pods = {0};
	const struct object *o;
	const struct service *service;
	const struct pod *pod;
	size_t count = 0, cursor = 0;
	while ((o = store_each_other(s, &cursor)))
		put_object(c, o, &count);
	for (cursor = 0; (service = store_each_service(s, &cursor));)
		put_object(c, &service->object, &count);
	while ((pod = store_each_pod(s, &pods)))
		put_object(c, &pod->object, &count);
	return count;
}

static void put_text(struct buffer *out, const char *text, size_t len)
{
	put_number(out, len);
	buffer_append(out, text, len);
}

static void put_texts(struct buffer *out, const struct numbering *texts)
{
	put_number(out, texts->count);
	for (uint32_t i = 0; i < texts->count; i++) {
		put_text(out, texts->pointers[i], intern_len(texts->pointers[i]));
	}
}

static void put_part(struct buffer *out, size_t count, const struct buffer *part)
{
	put_number(out, count);
	buffer_append(out, part->data, part->len);
	out->failed |= part->failed;
}

static void put_u64(uint8_t *at, uint64_t n, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		at[i] = (uint8_t)(n >> 8 * i);
}

static uint64_t get_u64(const uint8_t *at, size_t octets)
{
	uint64_t n = 0;
	for (size_t i = 0; i < octets; i++)
		n |= (uint64_t)at[i] << 8 * i;
	return n;
}

void snapshot_put_header(uint8_t header[SNAPSHOT_HEADER_LEN], const void *body, size_t len)
{
	memset(header, 0, SNAPSHOT_HEADER_LEN);
	memcpy(header, MAGIC, MAGIC_LEN);
	put_u64(header + VERSION_AT, SNAPSHOT_VERSION, 4);
	put_u64(header + LENGTH_AT, len, 8);
	put_u64(header + CHECKSUM_AT, XXH3_64bits(body, len), 8);
}

enum err snapshot_write(const struct store *s, const char *origin, struct buffer *out)
{
	struct buffer objects = {0};
	struct codec c = {.out = &objects};
	const uint8_t header[SNAPSHOT_HEADER_LEN] = {0};
	size_t start = out->len, count = put_objects(&c, s);
	buffer_append(out, header, sizeof header);
	put_text(out, origin, strlen(origin));
	put_texts(out, &c.texts);
	put_part(out, c.sets.count, &c.set_out);
	put_part(out, c.ports.count, &c.port_out);
	put_number(out, s->by_slices);
	put_part(out, count, &objects);
	out->failed |= c.texts.failed || c.sets.failed || c.ports.failed;
	if (!out->failed)
		snapshot_put_header((uint8_t *)out->data + start, out->data + start + sizeof header, out->len - start - sizeof header);
	buffer_free(&objects);
	buffer_free(&c.set_out);
	buffer_free(&c.port_out);
	numbering_clear(&c.texts);
	numbering_clear(&c.sets);
	numbering_clear(&c.ports);
	return out->failed ? ERR_NOMEM : OK;
}

/* --- reading --- */

/* False: it is none. */
static bool read_text(struct codec *c, char text[TEXT_LEN_MAX + 1])
{
	size_t len = code_count(c, 0, TEXT_LEN_MAX);
	code_octets(c, (uint8_t *)text, len);
	c->failed |= !c->failed && memchr(text, 0, len);
	text[c->failed ? 0 : len] = '\0';
	return !c->failed;
}

static const char *get_text(struct codec *c)
{
	char text[TEXT_LEN_MAX + 1];
	const char *interned;
	if (!read_text(c, text))
		return NULL;
	interned = intern_str(c->pool, text);
	if (!interned)
		c->failed = c->out_of_memory = true;
	return interned;
}

static void get_texts(struct codec *c)
{
	size_t count = code_count(c, 0, UINT32_MAX);
	c->text_at = code_alloc(c, count, sizeof *c->text_at);
	while (!c->failed && c->text_count < count) {
		const char *text = get_text(c);
		if (text)
			c->text_at[c->text_count++] = text;
	}
}

/* A text that the table goes on owning. */
static const char *borrow_text(struct codec *c)
{
	uint64_t number = get_number(c, c->text_count);
	c->failed |= number == c->text_count;
	return c->failed ? "" : c->text_at[number];
}

static const struct label_set *get_set(struct codec *c)
{
	size_t count = code_count(c, 0, UINT32_MAX);
	struct label *pairs = code_alloc(c, count, sizeof *pairs);
	const struct label_set *set = NULL;
	for (size_t i = 0; pairs && i < count; i++)
		pairs[i] = (struct label){.key = borrow_text(c), .value = borrow_text(c)};
	if (!c->failed && count && !(set = label_set_intern(c->pool, pairs, count)))
		c->failed = c->out_of_memory = true;
	c->failed |= !count;
	free(pairs);
	return set;
}

static const struct pod_ports *get_ports(struct codec *c)
{
	size_t count = code_count(c, 0, UINT32_MAX);
	struct pod_port *list = code_alloc(c, count, sizeof *list);
	const struct pod_ports *ports = NULL;
	for (size_t i = 0; list && i < count; i++) {
		list[i].name = borrow_text(c);
		list[i].port = (uint16_t)get_number(c, UINT16_MAX);
		list[i].protocol = (uint16_t)get_number(c, PROTOCOL_SCTP);
	}
	if (!c->failed && count && !(ports = pod_ports_intern(c->pool, list, count)))
		c->failed = c->out_of_memory = true;
	c->failed |= !count;
	free(list);
	return ports;
}

static void get_sets(struct codec *c)
{
	size_t sets = code_count(c, 0, UINT32_MAX), ports;
	c->set_at = code_alloc(c, sets, sizeof *c->set_at);
	for (const struct label_set *set; !c->failed && c->set_count < sets;)
		if ((set = get_set(c)))
			c->set_at[c->set_count++] = set;
	ports = code_count(c, 0, UINT32_MAX);
	c->ports_at = code_alloc(c, ports, sizeof *c->ports_at);
	for (const struct pod_ports *one; !c->failed && c->ports_count < ports;)
		if ((one = get_ports(c)))
			c->ports_at[c->ports_count++] = one;
}

/* NULL: failed. */
static struct object *get_object(struct codec *c)
{
	uint64_t number = get_number(c, KINDS - 1);
	struct object *o = c->failed ? NULL : object_new(kinds[number]);
	if (!o) {
		c->out_of_memory |= !c->failed;
		c->failed = true;
		return NULL;
	}
	code_object(c, o);
	if (!c->failed)
		return o;
	object_free(o, c->pool);
	return NULL;
}

static void get_objects(struct codec *c, struct store *s)
{
	size_t count;
	store_use_slices(s, code_bool(c, false));
	count = code_count(c, 0, SIZE_MAX);
	for (size_t i = 0; i < count && !c->failed; i++) {
		struct object *o = get_object(c);
		if (o && store_upsert(s, o))
			c->failed = c->out_of_memory = true;
	}
	c->failed |= c->at != c->end;
}

static void codec_forget(struct codec *c)
{
	for (size_t i = 0; i < c->text_count; i++)
		intern_unref(c->pool, c->text_at[i]);
	for (size_t i = 0; i < c->set_count; i++)
		label_set_unref(c->pool, c->set_at[i]);
	for (size_t i = 0; i < c->ports_count; i++)
		pod_ports_unref(c->pool, c->ports_at[i]);
	free(c->text_at);
	free(c->set_at);
	free(c->ports_at);
}

static enum err check_header(const uint8_t *header, size_t len, struct diag *d)
{
	if (len < SNAPSHOT_HEADER_LEN || memcmp(header, MAGIC, MAGIC_LEN) != 0)
		return diag_set(d, ERR_SYNTAX, "it is no snapshot of headns");
	if (get_u64(header + VERSION_AT, 8) != SNAPSHOT_VERSION)
		return diag_set(d, ERR_SYNTAX, "it has version %u of the format; this headns reads version %d",
		                (unsigned)get_u64(header + VERSION_AT, 4), SNAPSHOT_VERSION);
	if (get_u64(header + LENGTH_AT, 8) != len - SNAPSHOT_HEADER_LEN)
		return diag_set(d, ERR_SYNTAX, "it has %zu octets of the %llu that were written", len,
		                (unsigned long long)get_u64(header + LENGTH_AT, 8) + SNAPSHOT_HEADER_LEN);
	if (get_u64(header + CHECKSUM_AT, 8) != XXH3_64bits(header + SNAPSHOT_HEADER_LEN, len - SNAPSHOT_HEADER_LEN))
		return diag_set(d, ERR_SYNTAX, "it is damaged: its checksum is another one");
	return OK;
}

enum err snapshot_read(struct store *s, struct intern *pool, const char *origin, const void *bytes, size_t len, struct diag *d)
{
	char own[TEXT_LEN_MAX + 1];
	const uint8_t *header = bytes;
	struct codec c = {.reading = true, .pool = pool};
	enum err err = check_header(header, len, d);
	if (err)
		return err;
	c.at = header + SNAPSHOT_HEADER_LEN;
	c.end = header + len;
	if (read_text(&c, own) && strcmp(own, origin) != 0)
		return diag_set(d, ERR_SYNTAX, "it is of the cluster at %s", own);
	get_texts(&c);
	get_sets(&c);
	get_objects(&c, s);
	codec_forget(&c);
	if (c.out_of_memory)
		return diag_no_memory(d);
	return c.failed ? diag_set(d, ERR_SYNTAX, "it is damaged, though its checksum is right") : OK;
}
