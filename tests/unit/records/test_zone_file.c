#include "base/rcu.h"
#include "fail_alloc.h"
#include "records/zone_file.h"
#include "zone_text.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static enum err parse(const char *text, struct zone_reading *r, struct diag *diag)
{
	static struct name apex;
	apex = name_of("example.");
	*r = (struct zone_reading){.apex = &apex};
	diag->text[0] = '\0';
	return zone_file_parse(r, text, strlen(text), diag);
}

#define SOA_IN  "@ 60 IN SOA ns admin 7 1 2 3 4\n"
#define SOA_OUT "example. 60 IN SOA ns.example. admin.example. 7 1 2 3 4\n"

static const struct {
	const char *what, *text, *want;
} good[] = {
        {"alone", SOA_IN, SOA_OUT},
        {"no last end", "@ 60 SOA ns admin 7 1 2 3 4", SOA_OUT},
        {"comments, empty lines", "; a\n\n  ; b\n\t\n" SOA_IN " \n;", SOA_OUT},
        {"parentheses", "@ 60 IN SOA ns admin ( 7 ; serial\n\t1h\n\n 2 3 4 )\n",
         "example. 60 IN SOA ns.example. admin.example. 7 3600 2 3 4\n"},
        {"CR", "@ 60 SOA ns admin 7 1 2 3 4\r\na A 10.0.0.1\r\n", SOA_OUT "a.example. 60 IN A 10.0.0.1\n"},
        {"owner omitted", SOA_IN "a A 10.0.0.1\n  A 10.0.0.2\n\tIN 5 TXT x\n",
         SOA_OUT "a.example. 60 IN A 10.0.0.1\na.example. 60 IN A 10.0.0.2\na.example. 5 IN TXT \"x\"\n"},
        {"TTL of before", SOA_IN "a 5 A 10.0.0.1\nb A 10.0.0.1\n", SOA_OUT "a.example. 5 IN A 10.0.0.1\nb.example. 5 IN A 10.0.0.1\n"},
        {"$TTL", "$TTL 1m\n@ SOA ns admin 7 1 2 3 4\na 5 A 10.0.0.1\nb A 10.0.0.1\n$ttl 9\nc A 10.0.0.1",
         SOA_OUT "a.example. 5 IN A 10.0.0.1\nb.example. 60 IN A 10.0.0.1\nc.example. 9 IN A 10.0.0.1\n"},
        {"$ORIGIN", SOA_IN "$ORIGIN b\na PTR c\n@ PTR c.\n$ORIGIN d.example.\na PTR @\n",
         SOA_OUT "b.example. 60 IN PTR c.\na.b.example. 60 IN PTR c.b.example.\na.d.example. 60 IN PTR d.example.\n"},
        {"not absolute", SOA_IN "a\\. A 10.0.0.1\nb\\\\. PTR c\n", SOA_OUT "a\\..example. 60 IN A 10.0.0.1\n"},
        {"a $ that is none", SOA_IN "\\$a A 10.0.0.1\n", SOA_OUT "\\$a.example. 60 IN A 10.0.0.1\n"},
        {"quotes over lines", SOA_IN "a TXT \"x\ny;(\"\nb A 10.0.0.1\n",
         SOA_OUT "a.example. 60 IN TXT \"x\\010y;(\"\nb.example. 60 IN A 10.0.0.1\n"},
        {"outside", SOA_IN "a.example.org. A 10.0.0.1\n", SOA_OUT},
        {"NS of the apex", SOA_IN " NS a\n", SOA_OUT "example. 60 IN NS a.example.\n"},
        {"$GENERATE", SOA_IN "$GENERATE 1-3 a$ A 10.0.0.$\n",
         SOA_OUT "a1.example. 3600 IN A 10.0.0.1\na2.example. 3600 IN A 10.0.0.2\na3.example. 3600 IN A 10.0.0.3\n"},
        {"$GENERATE, all of it", SOA_IN "$TTL 5\n$ORIGIN g\n$GENERATE 8-12/4 ${2,3,d}x${0,4,x}$$ 9 IN TXT ${-8}-\\$-${1,0,o}\n",
         SOA_OUT "010x0008\\$.g.example. 9 IN TXT \"0-$-11\"\n014x000c\\$.g.example. 9 IN TXT \"4-$-15\"\n"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct zone_reading r;
		struct diag diag;
		if (parse(good[i].text, &r, &diag))
			fail_msg("%s: %s", good[i].what, diag.text);
		assert_records(r.data, good[i].want);
		zone_data_drop(r.data);
	}
}

static const struct {
	const char *text, *said;
} bad[] = {
        {"", ": example.: it has no SOA"},
        {"a 5 A 10.0.0.1\n", ": example.: it has no SOA"},
        {SOA_IN "a A 10.0.0\n", ":2: an IPv4 address is wanted, not \"10.0.0\""},
        {SOA_IN "\n\na A (\n10.0.0.1\n x )\n", ":6: the end of the line is wanted, not \"x\""},
        {SOA_IN "a A (\n10.0.0.1\n", ":4: a parenthesis is not closed"},
        {SOA_IN "a A )\n", ":2: parentheses don't match"},
        {SOA_IN "a TXT \"x\n", ":3: a quote is not closed"},
        {SOA_IN "a\n", ":2: a type of record is wanted at the end"},
        {SOA_IN "a A\n", ":2: an address is wanted at the end"},
        {" A 10.0.0.1\n", ":1: the line begins with a blank, but there is no record before it whose owner it could have"},
        {"@ SOA ns admin 7 1 2 3 4\n", ":1: it has no TTL, and there is neither $TTL nor a TTL of a record before it"},
        {SOA_IN "a CH A 10.0.0.1\n", ":2: there is no class but IN here"},
        {SOA_IN "a..b A 10.0.0.1\n", ":2: a name is wanted, not \"a..b\""},
        {SOA_IN "$FOO 1\n", ":2: $GENERATE, $INCLUDE, $ORIGIN or $TTL is wanted, not \"$FOO\""},
        {SOA_IN "$TTL x\n", ":2: a number of seconds is wanted, not \"x\""},
        {SOA_IN "$TTL 1 2\n", ":2: the end of the line is wanted, not \"2\""},
        {SOA_IN "$ORIGIN\n", ":2: a name is wanted at the end"},
        {SOA_IN "$INCLUDE x\n", ":2: $INCLUDE can't stand here"},
        {SOA_IN "$GENERATE 3-1 a A 10.0.0.1\n", ":2: it is written: $GENERATE FIRST-LAST[/STEP] RECORD, of at most 65536 records"},
        {SOA_IN "$GENERATE 1-65537 a A 10.0.0.1\n", ":2: it is written: $GENERATE FIRST-LAST[/STEP] RECORD, of at most 65536 records"},
        {SOA_IN "$GENERATE 1-2/0 a A 10.0.0.1\n", ":2: it is written: $GENERATE FIRST-LAST[/STEP] RECORD, of at most 65536 records"},
        {SOA_IN "$GENERATE 1-2\n", ":2: it is written: $GENERATE FIRST-LAST[/STEP] RECORD, of at most 65536 records"},
        {SOA_IN "$GENERATE 1-2 ${1 A 10.0.0.1\n", ":2: $GENERATE: ${OFFSET,WIDTH,BASE} is wrong, or too long"},
        {SOA_IN "$GENERATE 1-2 ${-5} A 10.0.0.1\n", ":2: $GENERATE: ${OFFSET,WIDTH,BASE} is wrong, or too long"},
        {SOA_IN "$GENERATE 1-2 ${0,1,q} A 10.0.0.1\n", ":2: $GENERATE: ${OFFSET,WIDTH,BASE} is wrong, or too long"},
        {SOA_IN "$GENERATE 1-2 $$GENERATE 1-2 x\n", ":2: a $GENERATE makes records, no directives"},
        {SOA_IN "$GENERATE 254-256 a$ A 10.0.0.$\n", ":2: an IPv4 address is wanted, not \"10.0.0.256\""},
        {SOA_IN "x.org. SOA ns admin 7 1 2 3 4\n", ":2: the SOA is of another zone"},
        {SOA_IN "x SOA ns admin 7 1 2 3 4\n", ":2: x.example. SOA: a SOA stands at the apex of its zone"},
        {SOA_IN "x NSEC3PARAM 1 0 1 -\n", ":2: x.example. NSEC3PARAM: zones with NSEC3 are not served; sign with NSEC"},
        {SOA_IN "x CNAME y\nx A 10.0.0.1\n", ": x.example.: it has a CNAME and other records (RFC 1034 3.6.2)"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct zone_reading r;
		struct diag diag;
		if (!parse(bad[i].text, &r, &diag))
			fail_msg("%s: is taken", bad[i].text);
		assert_null(r.data);
		if (strcmp(diag.text, bad[i].said) != 0)
			fail_msg("%s\n%s", bad[i].text, diag.text);
	}
}

static void test_known_already(void **state)
{
	static const char text[] = SOA_IN "this is not read\n";
	struct name apex = name_of("example.");
	struct zone_reading r = {.apex = &apex, .unless_serial = true, .serial = 7};
	struct diag diag;
	(void)state;
	assert_int_equal(zone_file_parse(&r, text, strlen(text), &diag), OK);
	assert_null(r.data);
	r.serial = 8;
	assert_int_equal(zone_file_parse(&r, text, strlen(text), &diag), ERR_SYNTAX);
}

static void test_outside(void **state)
{
	struct zone_reading r;
	struct diag diag;
	(void)state;
	assert_int_equal(parse(SOA_IN "a A 10.0.0.1\nb. A 10.0.0.1\nc. A 10.0.0.1\n", &r, &diag), OK);
	assert_int_equal(r.outside, 2);
	assert_int_equal(r.outside_line, 3);
	zone_data_drop(r.data);
}

/* --- files --- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static enum err read_in(const char *folder, struct zone_reading *r, char text[DIAG_TEXT_MAX])
{
	static struct name apex;
	struct diag diag = {0};
	char path[300];
	enum err err;
	snprintf(path, sizeof path, "%s/db", folder);
	apex = name_of("example.");
	*r = (struct zone_reading){.apex = &apex, .path = path};
	err = zone_file_read(r, &diag);
	const char *said = strstr(diag.text, folder) == diag.text ? diag.text + strlen(folder) : diag.text;
	memmove(text, said, strlen(said) + 1);
	return err;
}

static void test_files(void **state)
{
	char folder[] = "/tmp/headns-zone-file-XXXXXX", path[300], sub[300], text[DIAG_TEXT_MAX];
	struct zone_reading r;
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(read_in(folder, &r, text), ERR_MISSING);
	snprintf(path, sizeof path, "%s/db", folder);
	snprintf(sub, sizeof sub, "%s/sub", folder);
	write_file(path, SOA_IN "$TTL 9\n$INCLUDE \"sub\" s\n$INCLUDE sub\nx A 10.0.0.9\n");
	write_file(sub, "$TTL 5\n$ORIGIN t\na A 10.0.0.1\n");
	assert_int_equal(read_in(folder, &r, text), OK);
	assert_records(r.data, SOA_OUT "a.t.s.example. 5 IN A 10.0.0.1\n"
	                               "a.t.example. 5 IN A 10.0.0.1\n"
	                               "x.example. 9 IN A 10.0.0.9\n");
	zone_data_drop(r.data);
	write_file(sub, "a 1 A 10.0.0.1\nb 1 A x\n");
	assert_int_equal(read_in(folder, &r, text), ERR_SYNTAX);
	assert_string_equal(text, "/sub:2: an IPv4 address is wanted, not \"x\"");
	write_file(sub, "$INCLUDE sub\n$INCLUDE sub\n");
	assert_int_equal(read_in(folder, &r, text), ERR_RANGE);
	assert_string_equal(text, "/sub:1: files are included too deeply");
	assert_int_equal(unlink(sub), 0);
	assert_int_equal(read_in(folder, &r, text), ERR_MISSING);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_no_memory(void **state)
{
	static const char text[] = SOA_IN "a A 10.0.0.1\n$GENERATE 1-3 b$ TXT x\n";
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct zone_reading r;
		struct diag diag;
		fail_alloc_at(n);
		enum err err = parse(text, &r, &diag);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		zone_data_drop(r.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),    cmocka_unit_test(test_bad),   cmocka_unit_test(test_known_already),
	        cmocka_unit_test(test_outside), cmocka_unit_test(test_files), cmocka_unit_test(test_no_memory),
	};
	rcu_thread_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_free_all();
	rcu_thread_end();
	return failed;
}
