/* `hosts`: what is read, what is found, what is answered, and a file that changes under those who answer. */
#include "base/hash.h"
#include "base/rcu.h"
#include "config/corefile.h"
#include "dns/response.h"
#include "fail_alloc.h"
#include "hosts_names.h"
#include "hosts_table.h"
#include "kinds.h"
#include "leaves.h"
#include "plan.h"
#include "steps/hosts.h"
#include "unit.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define TEXT_MAX 4096

static struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	name_lower(&n);
	return n;
}

/* --- the table --- */

static const struct {
	const char *what, *text, *zone;
	const char *ask,
	        *want; /* "4 NAME" or "6 NAME" for addresses, or an address for names; and all that is found, a blank before each */
	size_t entries, slips, first;
} tables[] = {
        {"nothing", "", NULL, "4 a", "", 0, 0, 0},
        {"a line without an end", "10.0.0.1 a", NULL, "4 a", " 10.0.0.1", 2, 0, 0},
        {"blanks of every kind, a comment, an empty line", "# x\n\n \t10.0.0.1\t\v a\r\n", NULL, "4 a", " 10.0.0.1", 2, 0, 0},
        {"a comment in a word", "10.0.0.1 a b#c", NULL, "4 b", " 10.0.0.1", 4, 0, 0},
        {"letter case", "10.0.0.1 Ab.Example", NULL, "4 aB.eXAMPLE.", " 10.0.0.1", 2, 0, 0},
        {"several lines, in their order", "10.0.0.2 a\n10.0.0.1 b a\n", NULL, "4 a", " 10.0.0.2 10.0.0.1", 6, 0, 0},
        {"the other family", "10.0.0.2 a\nfd00::1 a\n", NULL, "6 a", " fd00::1", 4, 0, 0},
        {"no address of the family", "10.0.0.2 a", NULL, "6 a", "", 2, 0, 0},
        {"another name", "10.0.0.2 a", NULL, "4 b", "", 2, 0, 0},
        {"an interface", "fe80::1%eth0 a", NULL, "6 a", " fe80::1", 2, 0, 0},
        {"an IPv4 address in IPv6's way", "::ffff:10.0.0.3 a", NULL, "4 a", " 10.0.0.3", 2, 0, 0},
        {"an address alone", "10.0.0.2\n10.0.0.3 a", NULL, "4 a", " 10.0.0.3", 2, 0, 0},
        {"no address", "host a\n10.0.0 b\n10.0.0.3 a", NULL, "4 a", " 10.0.0.3", 2, 2, 1},
        {"names that are none", "10.0.0.3 a..b c ..\n", NULL, "4 c", " 10.0.0.3", 2, 1, 1},
        {"an octet that is no text", "\xff\n10.0.0.3 a\n", NULL, "4 a", " 10.0.0.3", 2, 1, 1},
        {"the root", "10.0.0.3 .", NULL, "4 .", " 10.0.0.3", 2, 0, 0},
        {"said twice", "10.0.0.3 a a", NULL, "4 a", " 10.0.0.3 10.0.0.3", 4, 0, 0},
        {"inside a zone", "10.0.0.3 a.x b.y", "x", "4 a.x", " 10.0.0.3", 2, 0, 0},
        {"outside of it", "10.0.0.3 a.x b.y", "x", "4 b.y", "", 2, 0, 0},
        {"an address without names there", "10.0.0.3 b.y", "x", "10.0.0.3", "", 0, 0, 0},
        {"backwards", "10.0.0.3 a B\n10.0.0.4 d\n10.0.0.3 c", NULL, "10.0.0.3", " a. b. c.", 8, 0, 0},
        {"backwards, IPv6", "fd00::3 a", NULL, "fd00::3", " a.", 2, 0, 0},
        {"backwards, no such address", "fd00::3 a", NULL, "fd00::4", "", 2, 0, 0},
        {"a wildcard", "10.0.0.3 *.x", NULL, "4 a.x", " 10.0.0.3", 1, 0, 0},
        {"itself", "10.0.0.3 *.x", NULL, "4 *.x", " 10.0.0.3", 1, 0, 0},
        {"two labels more", "10.0.0.3 *.x", NULL, "4 b.a.x", "", 1, 0, 0},
        {"its parent", "10.0.0.3 *.x", NULL, "4 x", "", 1, 0, 0},
        {"of the root", "10.0.0.3 *", NULL, "4 x", " 10.0.0.3", 1, 0, 0},
        {"it is nothing beside a name", "10.0.0.3 *.x\n10.0.0.4 a.x", NULL, "4 a.x", " 10.0.0.4", 3, 0, 0},
        {"but for a family that the name has not", "fd00::3 *.x\n10.0.0.4 a.x", NULL, "6 a.x", " fd00::3", 3, 0, 0},
        {"it has no address backwards", "10.0.0.3 *.x", NULL, "10.0.0.3", "", 1, 0, 0},
};

static void put_found(char *text, struct hosts_cursor c, uint8_t family)
{
	const uint8_t *octets;
	size_t len;
	*text = '\0';
	while ((octets = hosts_next(&c, &len))) {
		char one[NAME_TEXT_MAX];
		if (family) {
			struct addr a = {.family = family};
			memcpy(a.octets, octets, len);
			addr_format(&a, one);
		} else {
			struct name n;
			assert_int_equal(name_from_wire(&n, octets, len), len);
			name_to_text(&n, one);
		}
		strcat(strcat(text, " "), one);
	}
}

static void look_up(const struct hosts_table *t, const char *ask, char *text)
{
	if (ask[1] == ' ') {
		const struct name n = name_of(ask + 2);
		const uint8_t family = *ask == '4' ? ADDR_V4 : ADDR_V6;
		put_found(text, hosts_table_addresses(t, &n, family), family);
	} else {
		struct addr a;
		assert_int_equal(addr_parse(ask, strlen(ask), &a), OK);
		put_found(text, hosts_table_names(t, &a), ADDR_NONE);
	}
}

static enum err read_table(size_t i, struct hosts_table **t, struct hosts_slips *slips)
{
	struct name zone;
	struct hosts_rules rules = {.reverse = true};
	if (tables[i].zone) {
		zone = name_of(tables[i].zone);
		rules.zones = (struct name_list){&zone, 1};
	}
	return hosts_table_new(tables[i].text, strlen(tables[i].text), &rules, t, slips);
}

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct hosts_table *t;
		struct hosts_slips slips;
		char text[TEXT_MAX];
		assert_int_equal(read_table(i, &t, &slips), OK);
		look_up(t, tables[i].ask, text);
		if (strcmp(text, tables[i].want) != 0 || hosts_table_entries(t) != tables[i].entries || slips.count != tables[i].slips ||
		    slips.first != tables[i].first)
			fail_msg("%s: \"%s\", %zu entries, %zu slips from %zu", tables[i].what, text, hosts_table_entries(t), slips.count,
			         slips.first);
		hosts_table_free(t);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		for (unsigned n = 1;; n++) {
			struct hosts_table *t;
			struct hosts_slips slips;
			fail_alloc_at(n);
			enum err err = read_table(i, &t, &slips);
			bool hit = fail_alloc_hit();
			fail_alloc_at(0);
			assert_int_equal(err, hit ? ERR_NOMEM : OK);
			assert_int_equal(!t, hit);
			hosts_table_free(t);
			if (!hit)
				break;
		}
	}
}

static void test_no_table(void **state)
{
	const struct name n = name_of("a");
	const struct addr a = {.family = ADDR_V4};
	struct hosts_cursor c = hosts_table_addresses(NULL, &n, ADDR_V6);
	size_t len;
	(void)state;
	assert_null(hosts_next(&c, &len));
	c = hosts_table_names(NULL, &a);
	assert_null(hosts_next(&c, &len));
	assert_int_equal(hosts_table_entries(NULL), 0);
	hosts_table_free(NULL);
	hosts_table_free_later(NULL);
}

static void test_no_reverse(void **state)
{
	const struct hosts_rules rules = {.reverse = false};
	struct hosts_table *t;
	struct hosts_slips slips;
	char text[TEXT_MAX];
	(void)state;
	assert_int_equal(hosts_table_new("10.0.0.1 a", 10, &rules, &t, &slips), OK);
	look_up(t, "10.0.0.1", text);
	assert_string_equal(text, "");
	assert_int_equal(hosts_table_entries(t), 1);
	hosts_table_free(t);
}

/* More than the first slots are good for. */
static void test_many(void **state)
{
	enum { MANY = 5000, LINE = 32 };
	const struct hosts_rules rules = {.reverse = true};
	char *all = malloc((size_t)MANY * LINE), text[TEXT_MAX], ask[LINE], want[LINE];
	struct hosts_table *t;
	struct hosts_slips slips;
	size_t len = 0;
	(void)state;
	assert_non_null(all);
	for (unsigned i = 0; i < MANY; i++)
		len += (size_t)sprintf(all + len, "10.1.%u.%u h%u\n", i >> 8, i & 255, i);
	assert_int_equal(hosts_table_new(all, len, &rules, &t, &slips), OK);
	assert_int_equal(hosts_table_entries(t), 2 * MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(ask, sizeof ask, "4 h%u", i);
		snprintf(want, sizeof want, " 10.1.%u.%u", i >> 8, i & 255);
		look_up(t, ask, text);
		assert_string_equal(text, want);
		snprintf(ask, sizeof ask, " h%u.", i);
		look_up(t, want + 1, text);
		assert_string_equal(text, ask);
	}
	hosts_table_free(t);
	free(all);
}

/* --- the step --- */

static const struct plan nobodys; /* errors are neither explained nor logged */

struct fixture {
	char folder[64], path[96];
	struct corefile corefile;
	struct hosts *hosts;
	void *state;
	struct exchange x;
	uint8_t bytes[512], reply[65535];
};

static void write_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static enum err make_hosts(struct fixture *f)
{
	const struct corefile_block *b = &f->corefile.blocks[0];
	const struct hosts_setting setting = {
	        .options = corefile_values(b, DIRECTIVE_HOSTS),
	        .zones = &b->keys[0].zones,
	        .root = f->folder,
	        .cache = corefile_values(b, DIRECTIVE_CACHE),
	        .rotate = b->said[DIRECTIVE_LOADBALANCE].place != NULL,
	};
	return hosts_new(&setting, &f->hosts);
}

/* file NULL: there is none. */
static void begin_unmade(struct fixture *f, const char *file, const char *zone, const char *lines)
{
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct diag d;
	char text[1024];
	memset(f, 0, sizeof *f);
	strcpy(f->folder, "/tmp/test_hosts.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/hosts", f->folder);
	if (file)
		write_file(f, file);
	snprintf(text, sizeof text, "%s {\n%s\n}\n", zone, lines);
	if (corefile_parse(text, strlen(text), "f", &options, &f->corefile, &d))
		fail_msg("%s", d.text);
}

static void begin(struct fixture *f, const char *file, const char *zone, const char *lines)
{
	begin_unmade(f, file, zone, lines);
	assert_int_equal(make_hosts(f), OK);
	f->state = hosts_step.begin(f->hosts, 0, NULL);
	assert_non_null(f->state);
}

static void end(struct fixture *f)
{
	hosts_step.end(f->state);
	hosts_unref(f->hosts);
	corefile_free(&f->corefile);
	unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
}

static void ask_as(struct fixture *f, const char *name, uint16_t type, enum query_transport transport, uint16_t class)
{
	struct wire_writer w = {.bytes = f->bytes, .limit = sizeof f->bytes};
	struct name n;
	assert_int_equal(name_from_text(&n, name, strlen(name)), OK);
	wire_put_u32(&w, 0x12340100);
	wire_put_u16(&w, 1);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, 0);
	wire_put_name(&w, &n);
	wire_put_u16(&w, type);
	wire_put_u16(&w, class);
	query_begin(&f->x.query, transport, f->bytes, w.len);
	assert_int_equal(f->x.query.verdict, REQUEST_OK);
	f->x.reply = f->reply;
	f->x.reply_cap = transport == QUERY_TCP ? sizeof f->reply : 1232;
	f->x.reply_len = 0;
	f->x.plan = &nobodys;
}

/* "RCODE[ aa][ tc]: TTL VALUE TTL VALUE..." */
static void describe(struct fixture *f, char *text)
{
	struct response r;
	struct response_cursor c;
	struct response_record record;
	assert_int_equal(response_parse(&r, f->reply, f->x.reply_len), RESPONSE_OK);
	text += sprintf(text, "%u%s%s:", r.rcode, r.flags & DNS_AA ? " aa" : "", r.flags & DNS_TC ? " tc" : "");
	c = response_section(&r, DNS_ANSWER);
	while (response_next(&r, &c, &record)) {
		struct addr a = {.family = record.rdata_len == 4 ? ADDR_V4 : ADDR_V6};
		char one[NAME_TEXT_MAX];
		struct name n;
		if (record.type == DNS_TYPE_PTR) {
			response_rdata_name(&r, &record, 0, &n);
			name_to_text(&n, one);
		} else {
			memcpy(a.octets, f->reply + record.rdata_at, record.rdata_len);
			addr_format(&a, one);
		}
		text += sprintf(text, " %u %s", record.ttl_s, one);
	}
	assert_int_equal(r.counts[DNS_AUTHORITY], 0);
}

/* "-": it is passed on. */
static void answer_text(struct fixture *f, const char *name, uint16_t type, char *text)
{
	ask_as(f, name, type, QUERY_UDP, DNS_CLASS_IN);
	if (ask_step(&hosts_step, f->hosts, f->state, &f->x, false) == STEP_ANSWER)
		describe(f, text);
	else
		strcpy(text, "-");
}

static const struct {
	const char *file, *zone, *lines, *name;
	uint16_t type;
	const char *want;
} answers[] = {
        {"10.0.0.1 a.x", "x", "hosts hosts", "A.x.", DNS_TYPE_A, "0 aa: 3600 10.0.0.1"},
        {"10.0.0.1 a.x", "x", "hosts hosts", "a.x.", DNS_TYPE_AAAA, "0 aa:"},
        {"fd00::1 a.x", "x", "hosts hosts", "a.x.", DNS_TYPE_A, "0 aa:"},
        {"fd00::1 a.x", "x", "hosts hosts", "a.x.", DNS_TYPE_MX, "0 aa:"},
        {"fd00::1 a.x", "x", "hosts hosts", "a.x.", DNS_TYPE_PTR, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n fallthrough b.x\n}", "b.x.", DNS_TYPE_A, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n fallthrough\n}", "b.x.", DNS_TYPE_A, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n fallthrough\n}", "a.x.", DNS_TYPE_MX, "0 aa:"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n fallthrough\n fallthrough_unsupported\n}", "a.x.", DNS_TYPE_MX, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n fallthrough y\n fallthrough_unsupported\n}", "a.x.", DNS_TYPE_MX, "0 aa:"},
        {"10.0.0.1 a.x", "x", "hosts hosts", "a.y.", DNS_TYPE_A, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts", "1.0.0.10.in-addr.arpa.", DNS_TYPE_PTR, "0 aa: 3600 a.x."}, /* outside of the zone */
        {"10.0.0.1 a.x", "x", "hosts hosts", "1.0.0.10.IN-ADDR.ARPA.", DNS_TYPE_PTR, "0 aa: 3600 a.x."},
        {"10.0.0.1 a.x", "x", "hosts hosts", "2.0.0.10.in-addr.arpa.", DNS_TYPE_PTR, "-"},
        {"10.0.0.1 a.x", ".", "hosts hosts", "2.0.0.10.in-addr.arpa.", DNS_TYPE_PTR, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts", "01.0.0.10.in-addr.arpa.", DNS_TYPE_PTR, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n no_reverse\n}", "1.0.0.10.in-addr.arpa.", DNS_TYPE_PTR, "-"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n ttl 9\n 10.0.0.2 a.x\n}", "a.x.", DNS_TYPE_A, "0 aa: 9 10.0.0.1 9 10.0.0.2"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n 10.0.0.1 b.x\n}", "1.0.0.10.in-addr.arpa.", DNS_TYPE_PTR, "0 aa: 3600 a.x. 3600 b.x."},
        {"10.0.0.1 a.x b.y", "x", "hosts hosts y", "b.y.", DNS_TYPE_A, "0 aa: 3600 10.0.0.1"},
        {"10.0.0.1 a.x b.y", "x", "hosts hosts y", "a.x.", DNS_TYPE_A, "-"},
        {NULL, "x", "hosts hosts {\n 10.0.0.3 c.x\n}", "c.x.", DNS_TYPE_A, "0 aa: 3600 10.0.0.3"},
        {"10.0.0.1 a.x", "x", "hosts hosts\ncache 30", "a.x.", DNS_TYPE_A, "0 aa: 30 10.0.0.1"},
        {"10.0.0.1 a.x", "x", "hosts hosts\ncache 30 y", "a.x.", DNS_TYPE_A, "0 aa: 3600 10.0.0.1"},
        {"10.0.0.1 a.x", "x", "hosts hosts\ncache 30 {\n disable success a.x\n}", "a.x.", DNS_TYPE_A, "0 aa: 3600 10.0.0.1"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n ttl 1\n}\ncache", "a.x.", DNS_TYPE_A, "0 aa: 5 10.0.0.1"},
        {"10.0.0.1 a.x", "x", "hosts hosts {\n ttl 20\n}\ncache", "a.x.", DNS_TYPE_A, "0 aa: 20 10.0.0.1"},
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct fixture f;
		char text[TEXT_MAX];
		begin(&f, answers[i].file, answers[i].zone, answers[i].lines);
		answer_text(&f, answers[i].name, answers[i].type, text);
		if (strcmp(text, answers[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
		end(&f);
	}
}

/* Who asks in a class that is served there gets what there is, which is of IN: as CoreDNS. */
static void test_another_class(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, "10.0.0.1 a.x", "x", "hosts hosts");
	ask_as(&f, "a.x.", DNS_TYPE_A, QUERY_UDP, 3);
	assert_int_equal(ask_step(&hosts_step, f.hosts, f.state, &f.x, false), STEP_ANSWER);
	end(&f);
}

/* A thousand addresses, over UDP as many as 512 octets hold. */
static void test_too_many(void **state)
{
	struct fixture f;
	struct response r;
	char *all = malloc(32000);
	size_t len = 0;
	(void)state;
	assert_non_null(all);
	for (unsigned i = 0; i < 1000; i++)
		len += (size_t)sprintf(all + len, "10.0.%u.%u a.x\n", i >> 8, i & 255);
	begin(&f, all, "x", "hosts hosts\nloadbalance");
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		ask_as(&f, "a.x.", DNS_TYPE_A, tcp ? QUERY_TCP : QUERY_UDP, DNS_CLASS_IN);
		assert_int_equal(ask_step(&hosts_step, f.hosts, f.state, &f.x, false), STEP_ANSWER);
		assert_int_equal(response_parse(&r, f.reply, f.x.reply_len), RESPONSE_OK);
		assert_int_equal(!!(r.flags & DNS_TC), !tcp);
		assert_int_equal(r.counts[DNS_ANSWER], tcp ? 1000 : (512 - 21) / 16);
		assert_true(tcp || f.x.reply_len <= 512);
	}
	end(&f);
	free(all);
}

/* Each of three is first now and then, and all are there every time. */
static void test_rotation(void **state)
{
	struct fixture f;
	bool first[3] = {false};
	(void)state;
	begin(&f, "10.0.0.1 a.x\n10.0.0.2 a.x\n", "x", "hosts hosts {\n 10.0.0.3 a.x\n}\nloadbalance");
	for (unsigned i = 0; i < 200; i++) {
		char text[TEXT_MAX];
		unsigned at;
		answer_text(&f, "a.x.", DNS_TYPE_A, text);
		assert_int_equal(sscanf(text, "0 aa: 3600 10.0.0.%u", &at), 1);
		first[at - 1] = true;
		assert_true(strstr(text, "10.0.0.1") && strstr(text, "10.0.0.2") && strstr(text, "10.0.0.3"));
	}
	assert_true(first[0] && first[1] && first[2]);
	end(&f);
}

/* --- its life --- */

static void test_no_memory_for_it(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct fixture f;
		begin_unmade(&f, "10.0.0.1 a.x", "x", "hosts hosts {\n 10.0.0.2 b.x\n}");
		fail_alloc_at(n);
		enum err err = make_hosts(&f);
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		end(&f);
		if (!hit)
			break;
	}
}

static void test_status(void **state)
{
	struct fixture f;
	struct hosts_status s;
	struct stat st;
	(void)state;
	begin(&f, "10.0.0.1 a.x", "x", "hosts hosts {\n 10.0.0.2 b.x\n}");
	hosts_status(f.hosts, &s);
	assert_int_equal(s.entries, 4);
	assert_string_equal(hosts_file(f.hosts), f.path);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(s.changed_ns / 1000000000, st.st_mtim.tv_sec);
	end(&f);
	begin(&f, NULL, "x", "hosts hosts");
	hosts_status(f.hosts, &s);
	assert_int_equal(s.entries, 0);
	assert_int_equal(s.changed_ns, 0);
	end(&f);
}

static void on_late(uv_timer_t *t)
{
	(void)t;
	fail_msg("the file is not read again");
}

/* Until that is the answer; the loop turns meanwhile. */
static void wait_for(struct fixture *f, uv_loop_t *loop, const char *name, const char *want)
{
	uv_timer_t late;
	char text[TEXT_MAX];
	uv_timer_init(loop, &late);
	uv_timer_start(&late, on_late, 60000, 0);
	for (;;) {
		answer_text(f, name, DNS_TYPE_A, text);
		if (strcmp(text, want) == 0)
			break;
		uv_run(loop, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)&late, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

static void test_the_file_changes(void **state)
{
	struct fixture f;
	uv_loop_t loop;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	begin(&f, NULL, "x", "hosts hosts {\n reload 1ms\n}");
	assert_int_equal(hosts_watch(f.hosts, &loop), OK);
	assert_int_equal(hosts_watch(f.hosts, &loop), OK); /* once is enough */
	wait_for(&f, &loop, "a.x.", "2:");
	write_file(&f, "10.0.0.1 a.x");
	wait_for(&f, &loop, "a.x.", "0 aa: 3600 10.0.0.1");
	write_file(&f, "10.0.0.100 a.x");
	wait_for(&f, &loop, "a.x.", "0 aa: 3600 10.0.0.100");
	assert_int_equal(unlink(f.path), 0); /* what was read stays */
	for (unsigned i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
	wait_for(&f, &loop, "a.x.", "0 aa: 3600 10.0.0.100");
	write_file(&f, "nonsense\n");
	wait_for(&f, &loop, "a.x.", "2:");
	hosts_unwatch(f.hosts);
	hosts_unwatch(f.hosts);
	hosts_step.end(f.state);
	hosts_unref(f.hosts); /* its work may still be on its way */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	rcu_free_all();
	corefile_free(&f.corefile);
	unlink(f.path);
	rmdir(f.folder);
}

static void test_never_again(void **state)
{
	struct fixture f;
	uv_loop_t loop;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	begin(&f, "10.0.0.1 a.x", "x", "hosts hosts {\n reload 0\n}");
	assert_int_equal(hosts_watch(f.hosts, &loop), OK);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* nothing is on the loop */
	hosts_unwatch(f.hosts);
	assert_int_equal(uv_loop_close(&loop), 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_tables),           cmocka_unit_test(test_no_memory), cmocka_unit_test(test_no_table),
	        cmocka_unit_test(test_no_reverse),       cmocka_unit_test(test_many),      cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_another_class),    cmocka_unit_test(test_too_many),  cmocka_unit_test(test_rotation),
	        cmocka_unit_test(test_no_memory_for_it), cmocka_unit_test(test_status),    cmocka_unit_test(test_the_file_changes),
	        cmocka_unit_test(test_never_again),
	};
	hash_seed_init();
	rcu_thread_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
