#include "rdata.h"
#include "dns/message.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Fields from left to right: a digit is that many octets, n a name that may be written compressed (RFC 1035 3.3), p one that must not
 * be (RFC 3597 4), but that we read as if it were, s a character-string, 6 what A6 has, * all the rest. Types that are not here are one *. */
static const char *const forms[] = {
        [DNS_TYPE_NS] = "n",        [DNS_TYPE_MD] = "n",      [DNS_TYPE_MF] = "n",       [DNS_TYPE_CNAME] = "n",
        [DNS_TYPE_SOA] = "nn44444", [DNS_TYPE_MB] = "n",      [DNS_TYPE_MG] = "n",       [DNS_TYPE_MR] = "n",
        [DNS_TYPE_PTR] = "n",       [DNS_TYPE_MINFO] = "nn",  [DNS_TYPE_MX] = "2n",      [DNS_TYPE_RP] = "pp",
        [DNS_TYPE_AFSDB] = "2p",    [DNS_TYPE_RT] = "2p",     [DNS_TYPE_NSAP_PTR] = "p", [DNS_TYPE_SIG] = "2114442p*",
        [DNS_TYPE_PX] = "2pp",      [DNS_TYPE_NXT] = "p*",    [DNS_TYPE_SRV] = "222p",   [DNS_TYPE_NAPTR] = "22sssp",
        [DNS_TYPE_KX] = "2p",       [DNS_TYPE_A6] = "6",      [DNS_TYPE_DNAME] = "p",    [DNS_TYPE_RRSIG] = "2114442p*",
        [DNS_TYPE_NSEC] = "p*",     [DNS_TYPE_TALINK] = "pp", [DNS_TYPE_SVCB] = "2p*",   [DNS_TYPE_HTTPS] = "2p*",
        [DNS_TYPE_LP] = "2p",
};

/* Addresses are of the Internet's class; in others their types mean something else. */
static const char *form_of(uint16_t type, uint16_t rclass)
{
	if (rclass == DNS_CLASS_IN && type == DNS_TYPE_A)
		return "4";
	if (rclass == DNS_CLASS_IN && type == DNS_TYPE_AAAA)
		return "88";
	return type < COUNT(forms) && forms[type] ? forms[type] : "*";
}

void rdata_begin(struct rdata_cursor *c, const uint8_t *bytes, size_t rdata_at, size_t rdata_len, uint16_t type, uint16_t rclass)
{
	c->in = (struct wire_reader){.bytes = bytes, .len = rdata_at + rdata_len, .at = rdata_at};
	c->form = form_of(type, rclass);
}

bool rdata_has_names(uint16_t type)
{
	return type == DNS_TYPE_A6 || strpbrk(form_of(type, DNS_CLASS_IN), "np");
}

static void take_octets(struct rdata_cursor *c, struct rdata_field *f, size_t len)
{
	f->is_name = false;
	f->octets = wire_get_bytes(&c->in, len);
	f->len = len;
}

static void take_string(struct rdata_cursor *c, struct rdata_field *f)
{
	size_t left = c->in.len - c->in.at;
	take_octets(c, f, left ? 1u + c->in.bytes[c->in.at] : 1);
}

/* RFC 2874 3.1: how many bits another name's address gives, the rest of the address, and that name if it gives any. */
static void take_a6(struct rdata_cursor *c, struct rdata_field *f)
{
	size_t left = c->in.len - c->in.at;
	unsigned prefix = left ? c->in.bytes[c->in.at] : 0;
	c->form = prefix ? "p" : "";
	if (prefix > 128)
		c->in.failed = true;
	else
		take_octets(c, f, 1 + (128 - prefix + 7) / 8);
}

static void take_name(struct rdata_cursor *c, struct rdata_field *f, bool compressible)
{
	f->is_name = true;
	f->compressible = compressible;
	wire_get_name(&c->in, &f->name);
}

bool rdata_next(struct rdata_cursor *c, struct rdata_field *f)
{
	char kind = *c->form;
	if (!kind || c->in.failed) {
		c->in.failed |= c->in.at != c->in.len;
		return false;
	}
	c->form++;
	if (kind == 'n' || kind == 'p')
		take_name(c, f, kind == 'n');
	else if (kind == 's')
		take_string(c, f);
	else if (kind == '6')
		take_a6(c, f);
	else if (kind == '*')
		take_octets(c, f, c->in.len - c->in.at);
	else
		take_octets(c, f, (size_t)(kind - '0'));
	return !c->in.failed;
}

static void put_name(const struct rdata_field *f, struct wire_writer *w, struct compression *names)
{
	if (f->compressible)
		compression_put(names, w, &f->name);
	else
		compression_put_plain(names, w, &f->name);
}

bool rdata_put(struct rdata_cursor *c, struct wire_writer *w, struct compression *names, rdata_map *map, void *arg)
{
	struct rdata_field f;
	while (rdata_next(c, &f)) {
		if (!f.is_name) {
			wire_put_bytes(w, f.octets, f.len);
			continue;
		}
		if (map)
			map(arg, &f.name);
		put_name(&f, w, names);
	}
	return !c->in.failed;
}
