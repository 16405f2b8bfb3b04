/* Rdata as it is written in zone files: a form for each type, a letter for each field. */
#include "dns/message.h"
#include "dns/type.h"
#include "dns/wire.h"
#include "record_scan.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define STRING_MAX 255 /* octets of a character-string (RFC 1035 3.3) */

/* How the rdata of a type is written. n: a name; 1, 2, 4: a number of so many octets; t: seconds; a: an IPv4 address; 6: an IPv6 one; s: a
 * character-string; S: one or more of these, longer ones cut; g: a tag, a character-string of letters and digits; v: octets up to the end; b, x: the
 * rest of the line in base 64, in hexadecimal digits; T: a type; l: an algorithm of DNSSEC; c: a kind of certificate; D: a time; M: types up to the end, as a
 * bitmap; h, z: octets with their number, in hexadecimal digits or "-", in base 32; e, E, i: 6 and 8 octets with dashes, 8 with colons; L: a place on
 * earth; P: parameters of SVCB. */
static const struct {
	uint16_t type;
	const char *form;
} forms[] = {
        {DNS_TYPE_A, "a"},
        {DNS_TYPE_NS, "n"},
        {DNS_TYPE_MD, "n"},
        {DNS_TYPE_MF, "n"},
        {DNS_TYPE_CNAME, "n"},
        {DNS_TYPE_SOA, "nn4tttt"},
        {DNS_TYPE_MB, "n"},
        {DNS_TYPE_MG, "n"},
        {DNS_TYPE_MR, "n"},
        {DNS_TYPE_PTR, "n"},
        {DNS_TYPE_HINFO, "ss"},
        {DNS_TYPE_MINFO, "nn"},
        {DNS_TYPE_MX, "2n"},
        {DNS_TYPE_TXT, "S"},
        {DNS_TYPE_RP, "nn"},
        {DNS_TYPE_AFSDB, "2n"},
        {19 /* X25 */, "s"},
        {DNS_TYPE_RT, "2n"},
        {DNS_TYPE_NSAP_PTR, "n"},
        {25 /* KEY */, "21lb"},
        {DNS_TYPE_PX, "2nn"},
        {27 /* GPOS */, "sss"},
        {DNS_TYPE_AAAA, "6"},
        {29 /* LOC */, "L"},
        {DNS_TYPE_SRV, "222n"},
        {DNS_TYPE_NAPTR, "22sssn"},
        {DNS_TYPE_KX, "2n"},
        {37 /* CERT */, "c2lb"},
        {DNS_TYPE_DNAME, "n"},
        {DNS_TYPE_DS, "2l1x"},
        {44 /* SSHFP */, "11x"},
        {DNS_TYPE_RRSIG, "Tl14DD2nb"},
        {DNS_TYPE_NSEC, "nM"},
        {DNS_TYPE_DNSKEY, "21lb"},
        {49 /* DHCID */, "b"},
        {DNS_TYPE_NSEC3, "112hzM"},
        {DNS_TYPE_NSEC3PARAM, "112h"},
        {52 /* TLSA */, "111x"},
        {53 /* SMIMEA */, "111x"},
        {56 /* NINFO */, "S"},
        {DNS_TYPE_TALINK, "nn"},
        {59 /* CDS */, "2l1x"},
        {60 /* CDNSKEY */, "21lb"},
        {61 /* OPENPGPKEY */, "b"},
        {62 /* CSYNC */, "42M"},
        {63 /* ZONEMD */, "411x"},
        {DNS_TYPE_SVCB, "2nP"},
        {DNS_TYPE_HTTPS, "2nP"},
        {99 /* SPF */, "S"},
        {101 /* UID */, "4"},
        {102 /* GID */, "4"},
        {104 /* NID */, "2i"},
        {105 /* L32 */, "2a"},
        {106 /* L64 */, "2i"},
        {DNS_TYPE_LP, "2n"},
        {108 /* EUI48 */, "e"},
        {109 /* EUI64 */, "E"},
        {256 /* URI */, "22v"},
        {257 /* CAA */, "1gv"},
        {258 /* AVC */, "S"},
        {32768 /* TA */, "2l1x"},
        {32769 /* DLV */, "2l1x"},
};

static const char *form_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (forms[i].type == type)
			return forms[i].form;
	}
	return NULL;
}

static enum err put_name(struct scan *s, const struct word *w, struct wire_writer *out)
{
	struct name n;
	enum err err = scan_name(s, w, &n);
	if (!err)
		wire_put_name(out, &n);
	return err;
}

static enum err put_number(struct scan *s, const struct word *w, char size, struct wire_writer *out)
{
	uint32_t n, max = size == '1' ? UINT8_MAX : size == '2' ? UINT16_MAX : UINT32_MAX;
	if (!word_number(w, max, &n))
		return scan_wrong(s,
		                  size == '1'   ? "a number up to 255"
		                  : size == '2' ? "a number up to 65535"
		                                : "a number up to 4294967295",
		                  w);
	if (size == '4')
		wire_put_u32(out, n);
	else if (size == '2')
		wire_put_u16(out, (uint16_t)n);
	else
		wire_put_bytes(out, &(uint8_t){(uint8_t)n}, 1);
	return OK;
}

static enum err put_seconds(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint32_t seconds;
	if (!word_seconds(w, &seconds))
		return scan_wrong(s, "a number of seconds", w);
	wire_put_u32(out, seconds);
	return OK;
}

static enum err put_v4(struct scan *s, const struct word *w, struct wire_writer *out)
{
	struct addr a;
	if (addr_parse(w->text, w->len, &a) || a.family != ADDR_V4 || memchr(w->text, ':', w->len))
		return scan_wrong(s, "an IPv4 address", w);
	wire_put_bytes(out, a.octets, 4);
	return OK;
}

/* An IPv4 address within an IPv6 one stays one (::ffff:192.0.2.1). */
static enum err put_v6(struct scan *s, const struct word *w, struct wire_writer *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct addr a;
	if (!memchr(w->text, ':', w->len) || addr_parse(w->text, w->len, &a))
		return scan_wrong(s, "an IPv6 address", w);
	if (a.family == ADDR_V4)
		wire_put_bytes(out, mapped, sizeof mapped);
	wire_put_bytes(out, a.octets, addr_len(&a));
	return OK;
}

static enum err put_octets(struct scan *s, const struct word *w, struct wire_writer *out)
{
	for (size_t at = 0; at < w->len;) {
		uint8_t octet;
		if (!word_octet(w, &at, &octet))
			return scan_wrong(s, "an escape as in \\\" or \\034", w);
		wire_put_bytes(out, &octet, 1);
	}
	return OK;
}

/* One character-string; with `cut`, as many as it takes. */
static enum err put_string(struct scan *s, const struct word *w, bool cut, struct wire_writer *out)
{
	size_t at = 0;
	do {
		size_t length_at = out->len;
		unsigned len = 0;
		wire_put_bytes(out, "", 1);
		for (; at < w->len && len < STRING_MAX; len++) {
			uint8_t octet;
			if (!word_octet(w, &at, &octet))
				return scan_wrong(s, "an escape as in \\\" or \\034", w);
			wire_put_bytes(out, &octet, 1);
		}
		if (!out->overflow)
			out->bytes[length_at] = (uint8_t)len;
		if (at < w->len && !cut)
			return scan_wrong(s, "a text of at most 255 octets", w);
	} while (at < w->len && !out->overflow);
	return OK;
}

static bool is_tag(const struct word *w)
{
	for (size_t i = 0; i < w->len; i++) {
		if (!is_digit(w->text[i]) && ((w->text[i] | 0x20) < 'a' || (w->text[i] | 0x20) > 'z'))
			return false;
	}
	return w->len > 0 && w->len <= STRING_MAX;
}

static enum err put_strings(struct scan *s, const struct word *first, struct wire_writer *out)
{
	struct word w = *first;
	enum scanned found = SCAN_WORD;
	while (found == SCAN_WORD) {
		enum err err = put_string(s, &w, true, out);
		if (err)
			return err;
		found = scan_next(s, &w);
	}
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

/* --- what DNSSEC and its kin write --- */

static void put_u8(struct wire_writer *out, unsigned octet)
{
	wire_put_bytes(out, &(uint8_t){(uint8_t)octet}, 1);
}

/* All words up to the line's end, joined. */
static enum err put_hex_rest(struct scan *s, const struct word *first, struct wire_writer *out)
{
	struct word w = *first;
	unsigned octet = 0, digits = 0;
	enum scanned found;
	do {
		for (size_t i = 0; i < w.len; i++, digits++) {
			int digit = hex_digit(w.text[i]);
			if (digit < 0)
				return scan_wrong(s, "an even number of hexadecimal digits", &w);
			octet = octet << 4 | (unsigned)digit;
			if (digits % 2)
				put_u8(out, octet);
		}
		found = scan_next(s, &w);
	} while (found == SCAN_WORD);
	if (found == SCAN_END && digits % 2)
		return diag_set(s->d, ERR_SYNTAX, "an even number of hexadecimal digits is wanted at the end");
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base 64 that comes in pieces. */
struct base64 {
	uint32_t bits;
	unsigned count, padding;
};

static bool take_base64(struct base64 *b, const struct word *w, struct wire_writer *out)
{
	for (size_t i = 0; i < w->len; i++) {
		int digit = base64_digit(w->text[i]);
		if (w->text[i] == '=')
			b->padding++;
		else if (digit < 0 || b->padding)
			return false;
		b->bits = b->bits << 6 | (uint32_t)(digit < 0 ? 0 : digit);
		if (++b->count % 4 || b->padding > 2)
			continue;
		put_u8(out, b->bits >> 16 & 255);
		if (b->padding < 2)
			put_u8(out, b->bits >> 8 & 255);
		if (!b->padding)
			put_u8(out, b->bits & 255);
	}
	return b->padding <= 2;
}

bool word_base64(const struct word *w, struct wire_writer *out)
{
	struct base64 b = {0};
	return take_base64(&b, w, out) && b.count % 4 == 0;
}

static enum err put_base64_rest(struct scan *s, const struct word *first, struct wire_writer *out)
{
	struct base64 b = {0};
	struct word w = *first;
	enum scanned found;
	do {
		if (!take_base64(&b, &w, out))
			return scan_wrong(s, "base 64", &w);
		found = scan_next(s, &w);
	} while (found == SCAN_WORD);
	if (found == SCAN_END && b.count % 4)
		return diag_set(s->d, ERR_SYNTAX, "base 64 is cut: its digits are not a multiple of four");
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

bool word_type(const struct word *w, uint16_t *type)
{
	char text[TYPE_TEXT_MAX];
	if (w->quoted || w->len >= sizeof text || memchr(w->text, '\0', w->len))
		return false;
	for (size_t i = 0; i < w->len; i++)
		text[i] = (char)toupper((unsigned char)w->text[i]);
	text[w->len] = '\0';
	return type_from_text(text, type);
}

static enum err put_type(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint16_t type;
	if (!word_type(w, &type))
		return scan_wrong(s, "a type", w);
	wire_put_u16(out, type);
	return OK;
}

struct mnemonic {
	const char *name;
	uint16_t number;
};

static const struct mnemonic algorithms[] = {
        {"RSAMD5", 1},
        {"DH", 2},
        {"DSA", 3},
        {"RSASHA1", 5},
        {"DSA-NSEC3-SHA1", 6},
        {"RSASHA1-NSEC3-SHA1", 7},
        {"RSASHA256", 8},
        {"RSASHA512", 10},
        {"ECC-GOST", 12},
        {"ECDSAP256SHA256", 13},
        {"ECDSAP384SHA384", 14},
        {"ED25519", 15},
        {"ED448", 16},
        {"INDIRECT", 252},
        {"PRIVATEDNS", 253},
        {"PRIVATEOID", 254},
        {NULL, 0},
};
static const struct mnemonic certificates[] = {
        {"PKIX", 1},   {"SPKI", 2},    {"PGP", 3},   {"IPKIX", 4}, {"ISPKI", 5}, {"IPGP", 6},
        {"ACPKIX", 7}, {"IACPKIX", 8}, {"URI", 253}, {"OID", 254}, {NULL, 0},
};

static bool read_mnemonic(const struct word *w, const struct mnemonic *all, uint32_t max, uint32_t *number)
{
	for (; all->name; all++) {
		if (strlen(all->name) == w->len && strncasecmp(all->name, w->text, w->len) == 0) {
			*number = all->number;
			return true;
		}
	}
	return word_number(w, max, number);
}

static enum err put_algorithm(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint32_t n;
	if (!read_mnemonic(w, algorithms, UINT8_MAX, &n))
		return scan_wrong(s, "an algorithm", w);
	put_u8(out, n);
	return OK;
}

static enum err put_certificate(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint32_t n;
	if (!read_mnemonic(w, certificates, UINT16_MAX, &n))
		return scan_wrong(s, "a kind of certificate", w);
	wire_put_u16(out, (uint16_t)n);
	return OK;
}

/* Days since 1970 of a date of the Gregorian calendar: years begin with March, so that the day that comes and goes is the last one. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	const int64_t era = year / 400, of_era = year % 400;
	const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static unsigned decimal(const char *text, unsigned digits)
{
	unsigned n = 0;
	while (digits-- > 0)
		n = n * 10 + (unsigned)(*text++ - '0');
	return n;
}

/* YYYYMMDDHHmmSS, or seconds since 1970 (RFC 4034 3.2), modulo 2^32. */
static enum err put_time(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint32_t seconds;
	bool digits = w->len == 14;
	for (size_t i = 0; digits && i < w->len; i++)
		digits = is_digit(w->text[i]);
	if (digits) {
		const unsigned month = decimal(w->text + 4, 2), day = decimal(w->text + 6, 2), hour = decimal(w->text + 8, 2),
		               minute = decimal(w->text + 10, 2), second = decimal(w->text + 12, 2);
		if (!month || month > 12 || !day || day > 31 || hour > 23 || minute > 59 || second > 59)
			return scan_wrong(s, "a time as in 20261231235959", w);
		seconds = (uint32_t)(days_of(decimal(w->text, 4), month, day) * 86400 + hour * 3600 + minute * 60 + second);
	} else if (!word_number(w, UINT32_MAX, &seconds)) {
		return scan_wrong(s, "a time as in 20261231235959", w);
	}
	wire_put_u32(out, seconds);
	return OK;
}

/* RFC 4034 4.1.2 */
static void put_windows(const uint8_t bits[8192], struct wire_writer *out)
{
	for (unsigned window = 0; window < 256; window++) {
		const uint8_t *at = bits + (size_t)window * 32;
		unsigned len = 32;
		while (len && !at[len - 1])
			len--;
		if (!len)
			continue;
		put_u8(out, window);
		put_u8(out, len);
		wire_put_bytes(out, at, len);
	}
}

static enum err put_types(struct scan *s, const struct word *first, struct wire_writer *out)
{
	uint8_t bits[8192] = {0};
	struct word w = *first;
	enum scanned found;
	do {
		uint16_t type;
		if (!word_type(&w, &type))
			return scan_wrong(s, "a type", &w);
		bits[type / 8] |= (uint8_t)(128 >> type % 8);
		found = scan_next(s, &w);
	} while (found == SCAN_WORD);
	put_windows(bits, out);
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

/* RFC 5155 3.3 */
static enum err put_salt(struct scan *s, const struct word *w, struct wire_writer *out)
{
	const size_t digits = w->len == 1 && *w->text == '-' ? 0 : w->len;
	if (digits % 2 || digits / 2 > STRING_MAX)
		return scan_wrong(s, "a salt, in hexadecimal digits or -", w);
	put_u8(out, (unsigned)digits / 2);
	for (size_t i = 0; i < digits; i += 2) {
		int high = hex_digit(w->text[i]), low = hex_digit(w->text[i + 1]);
		if (high < 0 || low < 0)
			return scan_wrong(s, "a salt, in hexadecimal digits or -", w);
		put_u8(out, (unsigned)(high << 4 | low));
	}
	return OK;
}

static enum err put_base32(struct scan *s, const struct word *w, struct wire_writer *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	if (w->len * 5 / 8 > STRING_MAX)
		return scan_wrong(s, "a hash in base 32", w);
	put_u8(out, (unsigned)(w->len * 5 / 8));
	for (size_t i = 0; i < w->len; i++) {
		const char c = (char)toupper((unsigned char)w->text[i]);
		if (!is_digit(c) && (c < 'A' || c > 'V'))
			return scan_wrong(s, "a hash in base 32", w);
		bits = bits << 5 | (unsigned)(is_digit(c) ? c - '0' : c - 'A' + 10);
		held += 5;
		if (held >= 8) {
			held -= 8;
			put_u8(out, bits >> held & 255);
		}
	}
	return OK;
}

/* Groups of hexadecimal digits with a mark between. */
static enum err put_groups(struct scan *s, const struct word *w, const char *what, unsigned groups, unsigned digits, char mark,
                           struct wire_writer *out)
{
	if (w->len != (size_t)groups * (digits + 1) - 1)
		return scan_wrong(s, what, w);
	for (unsigned g = 0; g < groups; g++) {
		const char *at = w->text + (size_t)g * (digits + 1);
		for (unsigned i = 0; i < digits; i += 2) {
			int high = hex_digit(at[i]), low = hex_digit(at[i + 1]);
			if (high < 0 || low < 0)
				return scan_wrong(s, what, w);
			put_u8(out, (unsigned)(high << 4 | low));
		}
		if (g + 1 < groups && at[digits] != mark)
			return scan_wrong(s, what, w);
	}
	return OK;
}

/* --- a field --- */

static enum err put_field(struct scan *s, const struct word *w, char form, struct wire_writer *out)
{
	switch (form) {
	case 'n':
		return put_name(s, w, out);
	case 't':
		return put_seconds(s, w, out);
	case 'a':
		return put_v4(s, w, out);
	case '6':
		return put_v6(s, w, out);
	case 's':
		return put_string(s, w, false, out);
	case 'S':
		return put_strings(s, w, out);
	case 'g':
		return is_tag(w) ? put_string(s, w, false, out) : scan_wrong(s, "a tag of letters and digits", w);
	case 'v':
		return put_octets(s, w, out);
	case 'b':
		return put_base64_rest(s, w, out);
	case 'x':
		return put_hex_rest(s, w, out);
	case 'T':
		return put_type(s, w, out);
	case 'l':
		return put_algorithm(s, w, out);
	case 'c':
		return put_certificate(s, w, out);
	case 'D':
		return put_time(s, w, out);
	case 'M':
		return put_types(s, w, out);
	case 'h':
		return put_salt(s, w, out);
	case 'z':
		return put_base32(s, w, out);
	case 'e':
		return put_groups(s, w, "an address as in 00-00-5e-00-53-2a", 6, 2, '-', out);
	case 'E':
		return put_groups(s, w, "an address as in 00-00-5e-ef-10-00-00-2a", 8, 2, '-', out);
	case 'i':
		return put_groups(s, w, "an address as in 2001:0db8:1140:1000", 4, 4, ':', out);
	case 'L':
		return scan_loc(s, w, out);
	case 'P':
		return scan_svcb(s, w, out);
	default:
		return put_number(s, w, form, out);
	}
}

static const char *what_of(char form)
{
	switch (form) {
	case 'n':
		return "a name";
	case 'a':
	case '6':
		return "an address";
	case 's':
	case 'S':
	case 'v':
		return "a text";
	case 'g':
		return "a tag";
	case 'b':
		return "base 64";
	case 'x':
	case 'h':
		return "hexadecimal digits";
	case 'T':
		return "a type";
	case 'D':
		return "a time";
	default:
		return "a number";
	}
}

/* Types and parameters may be none. */
static bool may_end(char form)
{
	return form == 'M' || form == 'P';
}

static enum err put_fields(struct scan *s, const char *form, const struct word *first, struct wire_writer *out)
{
	struct word w = *first;
	for (; *form; form++) {
		enum err err = put_field(s, &w, *form, out);
		if (!err && may_end(form[1])) {
			enum scanned found = scan_next(s, &w);
			if (found != SCAN_WORD)
				return found == SCAN_END ? OK : ERR_SYNTAX;
		} else if (!err && form[1]) {
			err = scan_want(s, what_of(form[1]), &w);
		}
		if (err)
			return err;
	}
	return OK;
}

/* --- as RFC 3597 has it --- */

/* Digits may be parted anywhere, also between the two of an octet. */
static enum err put_hex(struct scan *s, struct wire_writer *out, size_t *digits)
{
	struct word w;
	enum scanned found;
	unsigned octet = 0;
	for (*digits = 0; (found = scan_next(s, &w)) == SCAN_WORD;) {
		for (size_t i = 0; i < w.len; i++, ++*digits) {
			int digit = hex_digit(w.text[i]);
			if (digit < 0)
				return scan_wrong(s, "an even number of hexadecimal digits", &w);
			octet = octet << 4 | (unsigned)digit;
			if (*digits % 2)
				wire_put_bytes(out, &(uint8_t){(uint8_t)octet}, 1);
		}
	}
	return found == SCAN_END ? OK : ERR_SYNTAX;
}

static enum err put_generic(struct scan *s, struct wire_writer *out)
{
	struct word w;
	uint32_t len;
	size_t digits;
	enum err err = scan_want(s, "the number of octets", &w);
	if (err)
		return err;
	if (!word_number(&w, UINT16_MAX, &len))
		return scan_wrong(s, "the number of octets", &w);
	err = put_hex(s, out, &digits);
	if (err || digits == 2 * (size_t)len)
		return err;
	return diag_set(s->d, ERR_SYNTAX, "there are %zu hexadecimal digits, and should be %zu", digits, 2 * (size_t)len);
}

/* Octets at the front of what is left that are one field; 0: none is. */
static size_t field_len(char form, const uint8_t *at, size_t left)
{
	struct name n;
	switch (form) {
	case 'n':
		return name_from_wire(&n, at, left);
	case '1':
	case 'l':
		return 1;
	case '2':
	case 'T':
	case 'c':
		return 2;
	case 'a':
	case '4':
	case 't':
	case 'D':
		return 4;
	case 'e':
		return 6;
	case 'E':
	case 'i':
		return 8;
	case '6':
	case 'L':
		return 16;
	default:
		return left ? 1u + *at : 0;
	}
}

/* What was written in digits is rdata of its type. */
static bool has_form(const char *form, const uint8_t *rdata, size_t len)
{
	size_t at = 0;
	for (; *form; form += *form != 'S' || at == len) {
		size_t field;
		if (strchr("vbxMP", *form))
			return true;
		field = field_len(*form, rdata + at, len - at);
		if (!field || field > len - at)
			return false;
		at += field;
	}
	return at == len;
}

/* --- all of it --- */

enum err scan_rdata(struct scan *s, uint16_t type, struct wire_writer *out)
{
	const char *form = form_of(type);
	const size_t before = out->len;
	char name[TYPE_TEXT_MAX];
	struct word first;
	enum err err = scan_want(s, form ? what_of(*form) : "\\# LENGTH HEX", &first);
	if (err)
		return err;
	type_to_text(type, name);
	bool generic = !first.quoted && first.len == 2 && memcmp(first.text, "\\#", 2) == 0;
	if (!generic && !form)
		return diag_set(s->d, ERR_SYNTAX, "rdata of %s is read as \\# LENGTH HEX only (RFC 3597)", name);
	err = generic ? put_generic(s, out) : put_fields(s, form, &first, out);
	if (err)
		return err;
	if (out->overflow)
		return diag_set(s->d, ERR_RANGE, "there are more than %zu octets of rdata", out->limit - before);
	if (generic && form && !has_form(form, out->bytes + before, out->len - before))
		return diag_set(s->d, ERR_SYNTAX, "these octets are no rdata of %s", name);
	return OK;
}
