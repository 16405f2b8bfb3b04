/* `chaos VERSION AUTHORS...`: names of class CH that tell about this server. Others, and other types, are for who is next. */
#include "dns/message.h"
#include "kinds.h"
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CLASS_CH        3
#define VERSION_DEFAULT "headns-" HEADNS_VERSION
#define HOST_MAX        256
#define TEXT_MAX        255 /* octets of one text (RFC 1035 3.3) */

enum chaos_name { CHAOS_NONE, CHAOS_VERSION, CHAOS_AUTHORS, CHAOS_HOST };

static const struct {
	const char *wire; /* the NUL of the literal is the root */
	enum chaos_name is;
} names[] = {
        {"\7version\4bind", CHAOS_VERSION}, {"\7version\6server", CHAOS_VERSION}, {"\7authors\4bind", CHAOS_AUTHORS},
        {"\10hostname\4bind", CHAOS_HOST},  {"\2id\6server", CHAOS_HOST},
};

static enum chaos_name find_name(const struct name *qname)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (qname->len == strlen(names[i].wire) + 1 && memcmp(qname->wire, names[i].wire, qname->len) == 0)
			return names[i].is;
	}
	return CHAOS_NONE;
}

struct answer {
	struct wire_writer w;
	uint16_t count;
	bool full;
};

/* What does not fit is left out. */
static void put_text(struct answer *a, const char *text)
{
	const size_t before = a->w.len, all = strlen(text), len = all < TEXT_MAX ? all : TEXT_MAX;
	const uint8_t text_len = (uint8_t)len;
	wire_put_u16(&a->w, 0xc000 | DNS_HEADER_LEN); /* the name of the question (RFC 1035 4.1.4) */
	wire_put_u16(&a->w, DNS_TYPE_TXT);
	wire_put_u16(&a->w, CLASS_CH);
	wire_put_u32(&a->w, 0);
	wire_put_u16(&a->w, (uint16_t)(len + 1));
	wire_put_bytes(&a->w, &text_len, 1);
	wire_put_bytes(&a->w, text, len);
	if (a->w.overflow || a->full) {
		a->w.len = before;
		a->w.overflow = false;
		a->full = true;
		response_set_flags(&a->w, DNS_TC, 0);
		return;
	}
	a->count++;
}

/* In another order each time, as CoreDNS has it: the first is drawn, and which way it goes on. */
static void put_authors(struct answer *a, const struct text_list *authors)
{
	uint32_t chance = 0;
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance)
		chance = 0;
	for (unsigned i = 0; i < authors->count; i++) {
		unsigned at = chance & 1 ? i : authors->count - 1 - i;
		put_text(a, authors->texts[((chance >> 1) + at) % authors->count]);
	}
}

static void put_host(struct answer *a)
{
	char host[HOST_MAX] = "";
	put_text(a, gethostname(host, sizeof host - 1) ? "localhost" : host);
}

static void put_answer(struct answer *a, const struct chaos_options *o, enum chaos_name name)
{
	switch (name) {
	case CHAOS_NONE:
		break;
	case CHAOS_VERSION:
		put_text(a, o->version ? o->version : VERSION_DEFAULT);
		break;
	case CHAOS_AUTHORS:
		put_authors(a, &o->authors);
		break;
	case CHAOS_HOST:
		put_host(a);
		break;
	}
}

static enum chaos_name name_asked(const struct request *r)
{
	return r->qclass == CLASS_CH && r->qtype == DNS_TYPE_TXT ? find_name(&r->qname) : CHAOS_NONE;
}

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	(void)self;
	(void)state;
	return name_asked(&x->query.request) == CHAOS_NONE;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct request *r = &x->query.request;
	struct answer a = {.w = {.bytes = x->reply, .limit = exchange_room(x)}};
	enum chaos_name name = name_asked(r);
	(void)state;
	if (name == CHAOS_NONE)
		return STEP_PASS;
	response_begin(&a.w, r, 0, DNS_NOERROR);
	put_answer(&a, self, name);
	response_end(&a.w, r, DNS_NOERROR, a.count, 0, 0, NULL);
	x->reply_len = a.w.len;
	return STEP_ANSWER;
}

const struct step_kind chaos_step = {.name = "chaos", .all_classes = true, .leaves = leaves, .ask = ask};
