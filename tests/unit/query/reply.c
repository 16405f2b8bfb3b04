#include "reply.h"
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned type;
} types[] = {{"A", 1},     {"NS", 2},   {"CNAME", 5}, {"SOA", 6},    {"PTR", 12},   {"HINFO", 13}, {"MX", 15},  {"TXT", 16},
             {"AAAA", 28}, {"SRV", 33}, {"SVCB", 64}, {"HTTPS", 65}, {"IXFR", 251}, {"AXFR", 252}, {"ANY", 255}};

static unsigned type_number(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	return (unsigned)strtoul(name, NULL, 10);
}

static const char *type_name(unsigned type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

static uint8_t *store(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

static uint8_t *store_text_name(uint8_t *at, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		size_t len = strcspn(name, ".");
		*at++ = (uint8_t)len;
		memcpy(at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	*at++ = 0;
	return at;
}

size_t reply_query(const char *text, uint8_t bytes[512])
{
	char copy[512], *save;
	snprintf(copy, sizeof copy, "%s", text);
	const char *name = strtok_r(copy, " ", &save), *type = strtok_r(NULL, " ", &save), *word;
	unsigned flags = 0x0100, class = 1, edns = 0, version = 0, edns_flags = 0;
	while ((word = strtok_r(NULL, " ", &save))) {
		unsigned value = strchr(word, '=') ? (unsigned)strtoul(strchr(word, '=') + 1, NULL, 10) : 0;
		switch (word[0]) {
		case 'd':
			edns_flags = 0x8000;
			edns = edns ? edns : 1232;
			break;
		case 'e':
			edns = value;
			break;
		case 'v':
			version = value;
			edns = edns ? edns : 1232;
			break;
		case 'c':
			class = value;
			break;
		case 'o':
			flags |= value << 11;
			break;
		default:
			flags = 0;
		}
	}
	uint8_t *at = bytes;
	at = store(at, 0xbeef);
	at = store(at, flags);
	at = store(at, 1);
	at = store(at, 0);
	at = store(at, 0);
	at = store(at, edns > 0);
	at = store_text_name(at, name);
	at = store(at, type_number(type));
	at = store(at, class);
	if (edns) {
		*at++ = 0;
		at = store(at, 41);
		at = store(at, edns);
		at = store(at, version);
		at = store(at, edns_flags);
		at = store(at, 0);
	}
	return (size_t)(at - bytes);
}

/* --- responses --- */

enum { ANSWER, AUTHORITY, ADDITIONAL };

struct parser {
	const uint8_t *bytes;
	size_t len, at;
	const char *wrong; /* what, or NULL */
	char *text;
	size_t text_len;
	uint8_t is_label[65536]; /* 1 where a label of a name begins, so that pointers can be checked */
	char question[1100];
	struct {
		char owner[1100];
		unsigned type, section;
		bool closed;
	} sets[2048];
	size_t set_count;
};

static void wrong(struct parser *p, const char *what)
{
	if (!p->wrong)
		p->wrong = what;
}

static void say(struct parser *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	p->text_len += (size_t)vsnprintf(p->text + p->text_len, REPLY_TEXT_MAX - p->text_len, format, args);
	va_end(args);
}

static unsigned octet(struct parser *p)
{
	if (p->at < p->len)
		return p->bytes[p->at++];
	wrong(p, "it is cut");
	return 0;
}

static unsigned number(struct parser *p, unsigned octets)
{
	unsigned v = 0;
	while (octets--)
		v = v << 8 | octet(p);
	return v;
}

/* Reads the name where p stands. */
static void name(struct parser *p, char text[1100], bool may_compress)
{
	size_t at = p->at, end = 0, out = 0, wire = 1;
	for (;;) {
		if (at >= p->len) {
			wrong(p, "a name is cut");
			break;
		}
		unsigned len = p->bytes[at];
		if (len >= 0xc0 && at + 1 < p->len) {
			size_t to = (len & 0x3fu) << 8 | p->bytes[at + 1];
			if (!may_compress)
				wrong(p, "a name is compressed that must not be");
			if (to >= at || to < 12 || !p->is_label[to])
				wrong(p, "a pointer does not lead back to a label");
			if (p->wrong)
				break;
			end = end ? end : at + 2;
			at = to;
			continue;
		}
		if (len > 63 || at + 1 + len > p->len || (wire += len + 1) > 256) {
			wrong(p, "a name has a bad label or is too long");
			break;
		}
		if (!end)
			p->is_label[at] = 1;
		at += 1 + len;
		if (!len)
			break;
		memcpy(text + out, p->bytes + at - len, len);
		out += len;
		text[out++] = '.';
	}
	if (!out)
		text[out++] = '.';
	text[out] = '\0';
	p->at = end ? end : at;
}

static void addr_rdata(struct parser *p, int family, size_t len)
{
	char text[64];
	if (p->len - p->at < len) {
		wrong(p, "an address is cut");
		return;
	}
	inet_ntop(family, p->bytes + p->at, text, sizeof text);
	p->at += len;
	say(p, " %s", text);
}

static void name_rdata(struct parser *p, bool may_compress)
{
	char text[1100];
	name(p, text, may_compress);
	say(p, " %s", text);
}

static void string_rdata(struct parser *p, size_t end)
{
	while (p->at < end && !p->wrong) {
		unsigned len = octet(p);
		say(p, " \"%.*s\"", (int)len, (const char *)p->bytes + p->at);
		p->at += len;
	}
}

static void soa_rdata(struct parser *p)
{
	name_rdata(p, true);
	name_rdata(p, true);
	number(p, 4); /* the serial is another test's affair */
	unsigned refresh = number(p, 4), retry = number(p, 4), expire = number(p, 4);
	say(p, " %u %u %u %u", refresh, retry, expire, number(p, 4));
}

static void srv_rdata(struct parser *p)
{
	unsigned priority = number(p, 2), weight = number(p, 2);
	say(p, " %u %u %u", priority, weight, number(p, 2));
	name_rdata(p, false);
}

/* "1 . port=8443": priority, target, parameters. */
static void svcb_rdata(struct parser *p, size_t end)
{
	unsigned last = 0;
	say(p, " %u", number(p, 2));
	name_rdata(p, false);
	while (p->at < end && !p->wrong) {
		unsigned key = number(p, 2), len = number(p, 2);
		if (key <= last || p->at + len > end)
			wrong(p, "parameters out of order, or cut");
		else if (key == 1)
			say(p, " alpn=%.*s", (int)len - 1, (const char *)p->bytes + p->at + 1);
		else
			say(p, " port=%u", (unsigned)(p->bytes[p->at] << 8 | p->bytes[p->at + 1]));
		last = key;
		p->at += len;
	}
}

static void rdata(struct parser *p, unsigned type, size_t len)
{
	switch (type) {
	case 1:
		addr_rdata(p, AF_INET, 4);
		break;
	case 28:
		addr_rdata(p, AF_INET6, 16);
		break;
	case 2:
	case 5:
	case 12:
		name_rdata(p, true);
		break;
	case 6:
		soa_rdata(p);
		break;
	case 33:
		srv_rdata(p);
		break;
	case 64:
	case 65:
		svcb_rdata(p, p->at + len);
		break;
	case 13:
	case 16:
		string_rdata(p, p->at + len);
		break;
	default:
		wrong(p, "a record of a type that nobody asked for");
	}
}

/* An RRset's records stand together, and in one section only. */
static void check_set(struct parser *p, const char *owner, unsigned type, unsigned section)
{
	for (size_t i = 0; i < p->set_count; i++) {
		if (p->sets[i].type != type || strcasecmp(p->sets[i].owner, owner) != 0)
			continue;
		if (i + 1 < p->set_count || p->sets[i].section != section)
			wrong(p, "an RRset comes twice");
		return;
	}
	if (p->set_count == sizeof p->sets / sizeof p->sets[0]) {
		wrong(p, "more RRsets than the test has room for");
		return;
	}
	snprintf(p->sets[p->set_count].owner, sizeof p->sets[0].owner, "%s", owner);
	p->sets[p->set_count].type = type;
	p->sets[p->set_count++].section = section;
}

/* The only option there is: an extended error. */
static void ede(struct parser *p, unsigned len)
{
	if (number(p, 2) != 15 || number(p, 2) != len - 4 || len < 6 || p->len - p->at < len - 4) {
		wrong(p, "OPT with an option that is no extended error");
		return;
	}
	unsigned code = number(p, 2);
	say(p, " %u \"%.*s\"", code, (int)len - 6, (const char *)p->bytes + p->at);
	p->at += len - 6;
}

static void opt(struct parser *p)
{
	if (number(p, 2) != 1232)
		wrong(p, "OPT with another size than ours");
	unsigned extended = octet(p);
	if (extended > 1)
		wrong(p, "an extended rcode that nobody knows");
	if (octet(p) != 0)
		wrong(p, "OPT of another version than 0");
	unsigned flags = number(p, 2), len = number(p, 2);
	say(p, "edns%s%s", flags & 0x8000 ? "-do" : "", extended ? "-badvers" : "");
	if (flags & 0x7fff)
		wrong(p, "OPT with flags");
	if (len)
		ede(p, len);
}

static void record(struct parser *p, unsigned section, const char *separator)
{
	char owner[1100];
	name(p, owner, true);
	unsigned type = number(p, 2);
	say(p, "%s", separator);
	if (type == 41) {
		opt(p);
		return;
	}
	check_set(p, owner, type, section);
	if (number(p, 2) != 1)
		wrong(p, "a record of another class than IN");
	if (section != ANSWER || strcmp(owner, p->question) != 0)
		say(p, "%s ", owner);
	say(p, "%u %s", number(p, 4), type_name(type));
	size_t len = number(p, 2), end = p->at + len;
	rdata(p, type, len);
	if (p->at != end)
		wrong(p, "RDLENGTH is not what the rdata has");
}

static void section(struct parser *p, unsigned number_of, unsigned count)
{
	static const char *const begin[] = {": ", "; ", " + "};
	for (unsigned i = 0; i < count && !p->wrong; i++)
		record(p, number_of, i ? ", " : begin[number_of]);
}

static void header(struct parser *p, const uint8_t *query, unsigned counts[4])
{
	static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
	static const struct {
		unsigned bit;
		const char *name;
	} flags_known[] = {{0x0400, " aa"}, {0x0200, " tc"}, {0x0100, " rd"}, {0x0080, " ra"},
	                   {0x0040, " z"},  {0x0020, " ad"}, {0x0010, " cd"}};
	if (number(p, 2) != (unsigned)(query[0] << 8 | query[1]))
		wrong(p, "another id");
	unsigned flags = number(p, 2), rcode = flags & 15;
	if (!(flags & 0x8000))
		wrong(p, "it is no response");
	say(p, "%s", rcode < 6 ? rcodes[rcode] : "?");
	for (size_t i = 0; i < sizeof flags_known / sizeof flags_known[0]; i++)
		if (flags & flags_known[i].bit)
			say(p, "%s", flags_known[i].name);
	for (unsigned i = 0; i < 4; i++)
		counts[i] = number(p, 2);
}

static void question(struct parser *p, const uint8_t *query, size_t query_len, unsigned count)
{
	if (count > 1)
		wrong(p, "more than one question");
	if (count != 1 || p->wrong)
		return;
	size_t begin = p->at;
	name(p, p->question, false);
	number(p, 4);
	if (p->at > query_len || memcmp(p->bytes + begin, query + begin, p->at - begin) != 0)
		wrong(p, "another question");
}

bool reply_text(const uint8_t *query, size_t query_len, const uint8_t *reply, size_t len, char *text)
{
	struct parser *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->bytes = reply;
	p->len = len;
	p->text = text;
	unsigned counts[4] = {0};
	header(p, query, counts);
	question(p, query, query_len, counts[0]);
	for (unsigned i = 0; i < 3 && !p->wrong; i++)
		section(p, i, counts[i + 1]);
	if (p->at != p->len)
		wrong(p, "octets are left over");
	bool good = !p->wrong;
	if (!good)
		snprintf(text + p->text_len, REPLY_TEXT_MAX - p->text_len, " [%s]", p->wrong);
	free(p);
	return good;
}
