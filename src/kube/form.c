#include "form.h"
#include "base/addr.h"
#include <stdbool.h>
#include <string.h>

#define LABEL_MAX     63  /* RFC 1035 2.3.4 */
#define SUBDOMAIN_MAX 253 /* a name of 255 octets on the wire, as text without the last dot */
#define PORT_NAME_MAX 15  /* RFC 6335 5.1 */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_lower_alnum(char c)
{
	return is_lower(c) || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool is_label(const char *text, size_t len)
{
	if (!len || !is_lower_alnum(text[0]) || !is_lower_alnum(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower_alnum(text[i]) && text[i] != '-')
			return false;
	return true;
}

/* A label as hosts out there use them; '-' and '_' may stand anywhere. */
static bool is_lax_label(const char *text, size_t len)
{
	if (!len || len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	return true;
}

/* True if every dot-separated part is what is_part wants. */
static bool is_dotted(const char *text, size_t len, bool (*is_part)(const char *, size_t))
{
	const char *end = text + len;
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *stop = dot ? dot : end;
		if (!is_part(text, (size_t)(stop - text)))
			return false;
		if (!dot)
			return true;
		text = dot + 1;
	}
}

static bool is_subdomain(const char *text, size_t len)
{
	return is_dotted(text, len, is_label);
}

static bool is_dns_name(const char *text, size_t len)
{
	struct addr literal;
	if (addr_parse(text, len, &literal) == OK)
		return true;
	if (len && text[len - 1] == '.')
		len--;
	return len <= SUBDOMAIN_MAX && is_dotted(text, len, is_lax_label);
}

static bool is_port_name(const char *text, size_t len)
{
	if (!is_label(text, len) || strstr(text, "--"))
		return false;
	for (size_t i = 0; i < len; i++)
		if (is_lower(text[i]))
			return true;
	return false; /* digits alone are a number, not a name */
}

static bool is_qualified_part(const char *text, size_t len)
{
	if (!len || len > LABEL_MAX || !is_alnum(text[0]) || !is_alnum(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '-' && text[i] != '_' && text[i] != '.')
			return false;
	return true;
}

static bool is_label_key(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	if (!slash)
		return is_qualified_part(text, len);
	size_t prefix = (size_t)(slash - text);
	return prefix <= SUBDOMAIN_MAX && is_subdomain(text, prefix) && is_qualified_part(slash + 1, len - prefix - 1);
}

static bool is_label_value(const char *text, size_t len)
{
	return !len || is_qualified_part(text, len);
}

static const struct {
	bool (*fits)(const char *text, size_t len);
	size_t max;
	const char *rule;
} forms[] = {
        [FORM_LABEL] = {is_label, LABEL_MAX, "a DNS label; write a-z, 0-9 and '-', not '-' first or last"},
        [FORM_SUBDOMAIN] = {is_subdomain, SUBDOMAIN_MAX,
                            "a DNS name; write a-z, 0-9, '-' and '.', each part beginning and ending with a-z or 0-9"},
        [FORM_DNS_NAME] = {is_dns_name, SUBDOMAIN_MAX + 1,
                           "a DNS name; write labels of at most 63 letters, digits, '-' and '_', with dots between"},
        [FORM_PORT_NAME] = {is_port_name, PORT_NAME_MAX, "a port name; write a-z, 0-9 and single '-', at least one letter"},
        [FORM_LABEL_KEY] = {is_label_key, SUBDOMAIN_MAX + 1 + LABEL_MAX,
                            "a label key; write at most 63 letters, digits, '-', '_' and '.', after a DNS name and '/' if it has a prefix"},
        [FORM_LABEL_VALUE] = {is_label_value, LABEL_MAX,
                              "a label value; write letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"},
};

enum err form_check(enum form form, const char *text)
{
	size_t len = strlen(text);
	if (len > forms[form].max)
		return ERR_RANGE;
	return forms[form].fits(text, len) ? OK : ERR_SYNTAX;
}

size_t form_max(enum form form)
{
	return forms[form].max;
}

const char *form_rule(enum form form)
{
	return forms[form].rule;
}
