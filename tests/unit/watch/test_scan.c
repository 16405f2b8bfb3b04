#include "base/buffer.h"
#include "fail_alloc.h"
#include "scan.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* JSON in which ' stands for "; what comes out is one line: each frame, then "end" or the error. */
struct scan_case {
	const char *what, *input, *want;
};

static const struct scan_case watches[] = {
        {"nothing", "", "end"},
        {"space", " \n\t\r", "end"},
        {"an event", "{'type':'ADDED','object':{'kind':'Pod','metadata':{'name':'a'}}}\n",
         "EVENT {'type':'ADDED','object':{'kind':'Pod','metadata':{'name':'a'}}} end"},
        {"two", "{'type':'A','object':{}}\n{'type':'B','object':null}",
         "EVENT {'type':'A','object':{}} EVENT {'type':'B','object':null} end"},
        {"two without a gap", "{}{}", "EVENT {} EVENT {} end"},
        {"space goes", "{ 'type' : 'A' ,\n 'object' : { } } ", "EVENT {'type':'A','object':{}} end"},
        {"unread members go, wherever they stand",
         "{'x':1,'type':'A','y':[{},{'z':']'}],'object':{'metadata':{'managedFields':[{'a':'}'}],'name':'n','uid':'u'},'spec':{'nodeName':'"
         "n'}},'w':'q'}",
         "EVENT {'type':'A','object':{'metadata':{'name':'n'},'spec':{}}} end"},
        {"labels stay whole", "{'object':{'metadata':{'labels':{ 'a':'b', 'name':'{[' }}}}",
         "EVENT {'object':{'metadata':{'labels':{ 'a':'b', 'name':'{[' }}}} end"},
        {"the annotations that are read", "{'object':{'metadata':{'annotations':{'a':'b','k8s.io/initial-events-end':'true','c':'d'}}}}",
         "EVENT {'object':{'metadata':{'annotations':{'k8s.io/initial-events-end':'true'}}}} end"},
        {"containers",
         "{'object':{'spec':{'containers':[{'image':'i','ports':[{'containerPort':80,'hostPort':1,'name':'w'}]},{'env':[]}]}}}",
         "EVENT {'object':{'spec':{'containers':[{'ports':[{'containerPort':80,'name':'w'}]},{}]}}} end"},
        {"status",
         "{'object':{'status':{'phase':'Running','podIPs':[{'ip':'1.2.3.4'}],'conditions':[{'type':'Ready','reason':'r','status':'True'}]}}"
         "}",
         "EVENT {'object':{'status':{'phase':'Running','podIPs':[{'ip':'1.2.3.4'}],'conditions':[{'type':'Ready','status':'True'}]}}} end"},
        {"of a pod's conditions, that it is ready",
         "{'object':{'status':{'conditions':[{'type':'Initialized','status':'True'},{'status':'True','type' : "
         "'Ready'},{'type':'ReadyX'},{}],"
         "'phase':'Running'}}}",
         "EVENT {'object':{'status':{'conditions':[{'status':'True','type':'Ready'},{}],'phase':'Running'}}} end"},
        {"none of its conditions",
         "{'object':{'status':{'conditions':[{'type':'a'},{'type':null},{'type':'\\'Ready'},{'type':['Ready']}]}}}",
         "EVENT {'object':{'status':{'conditions':[]}}} end"},
        {"a condition where a list of them is usual", "{'object':{'status':{'conditions':{'type':'a','status':'b'}}}}",
         "EVENT {'object':{'status':{'conditions':{'type':'a','status':'b'}}}} end"},
        {"a value where an object is usual", "{'object':{'status':'Failure','code':410,'metadata':null,'spec':-1.5e+3}}",
         "EVENT {'object':{'status':'Failure','code':410,'metadata':null,'spec':-1.5e+3}} end"},
        {"escapes", "{'x\\'':'\\\\','type':'\\'','y\\\\':'\\\\\\'','object':{'a\\\\':'\\\\'}}", "EVENT {'type':'\\'','object':{}} end"},
        {"an escaped key is none of ours", "{'typ\\u0065':1}", "EVENT {} end"},
        {"a key as long as the longest, and longer",
         "{'0123456789012345678901234567890123456789012345678901234567890123':1,'"
         "01234567890123456789012345678901234567890123456789012345678901234':2}",
         "EVENT {} end"},
        {"no object", "[1]", "syntax: broken JSON: [ is wrong at octet 1"},
        {"a page", "<html>", "syntax: broken JSON: < is wrong at octet 1"},
        {"half an event", "{'type':'A'", "syntax: it ends within an event, after 11 octets"},
        {"half a string", "{'type':'A", "syntax: it ends within an event, after 10 octets"},
        {"half a skipped value", "{'x':[{", "syntax: it ends within an event, after 7 octets"},
        {"a bracket of the other kind", "{'object':{'metadata':{]}}}", "syntax: broken JSON: ] is wrong at octet 24"},
        {"too many brackets", "{'type':'A'}}", "EVENT {'type':'A'} syntax: broken JSON: } is wrong at octet 13"},
        {"a comma last", "{'type':'A',}", "syntax: broken JSON: } is wrong at octet 13"},
        {"a comma first", "{,'type':'A'}", "syntax: broken JSON: , is wrong at octet 2"},
        {"a comma last in a list", "{'object':{'ports':[{},]}}", "syntax: broken JSON: ] is wrong at octet 24"},
        {"no comma", "{'type':'A' 'object':{}}", "syntax: broken JSON: ' is wrong at octet 13"},
        {"no colon", "{'type' 'A'}", "syntax: broken JSON: ' is wrong at octet 9"},
        {"no value", "{'type':}", "syntax: broken JSON: } is wrong at octet 9"},
        {"a key without quotes", "{type:'A'}", "syntax: broken JSON: t is wrong at octet 2"},
        {"a value that is none", "{'x':?}", "syntax: broken JSON: ? is wrong at octet 6"},
        {"nested too deep", "{'object':{'ports':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "range: JSON nested deeper than 32 levels at octet 50"},
        {"skipped, it may be as deep", "{'x':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
         "EVENT {} end"},
};

static const struct scan_case lists[] = {
        {"a list",
         "{'kind':'PodList','apiVersion':'v1','metadata':{'resourceVersion':'7','continue':'abc','remainingItemCount':3},"
         "'items':[{'metadata':{'name':'a'}},{'metadata':{'name':'b'}}]}\n",
         "KIND 'PodList' META {'resourceVersion':'7','continue':'abc'} ITEM {'metadata':{'name':'a'}} ITEM {'metadata':{'name':'b'}} end"},
        {"empty", "{'metadata':{},'items':[]}", "META {} end"},
        {"null", "{'metadata':{'resourceVersion':'7'},'items':null}", "META {'resourceVersion':'7'} end"},
        {"items first", "{'items':[{}],'metadata':{}}", "ITEM {} META {} end"},
        {"metadata and items further down are of the item", "{'items':[{'metadata':{'items':[{}]},'spec':{'metadata':{}}}]}",
         "ITEM {'metadata':{},'spec':{}} end"},
        {"an item that is no object", "{'items':[1,{},'x',[{}],null,[]]}", "ITEM 1 ITEM {} ITEM 'x' ITEM [{}] ITEM null ITEM [] end"},
        {"items that are no list", "{'items':{'metadata':{'name':'a'}}}", "syntax: broken JSON: { is wrong at octet 10"},
        {"items that are a number", "{'items':-1}", "syntax: broken JSON: - is wrong at octet 10"},
        {"a kind that is no string", "{'kind':{'a':[1]},'items':[]}", "KIND {'a':[1]} end"},
        {"a kind that is null", "{'kind':null}", "KIND null end"},
        {"metadata that is no object", "{'metadata':[{'resourceVersion':'1'}]}", "META [{'resourceVersion':'1'}] end"},
        {"a byte order mark", "\xef\xbb\xbf{'kind':'x'}", "KIND 'x' end"},
        {"one that stands elsewhere", "{\xef\xbb\xbf'kind':'x'}", "syntax: broken JSON: \\xef is wrong at octet 2"},
        {"nothing", "", "syntax: it ends before the list does, after 0 octets"},
        {"cut after an item", "{'items':[{}", "ITEM {} syntax: it ends before the list does, after 12 octets"},
        {"cut within an item", "{'items':[{'metadata'", "syntax: it ends before the list does, after 21 octets"},
        {"something after it", "{} {", "syntax: broken JSON: { is wrong at octet 4"},
};

struct output {
	struct buffer text;
	enum err fail; /* what take returns */
};

static void put(struct output *o, const char *text)
{
	buffer_append(&o->text, text, strlen(text));
}

static enum err on_frame(void *arg, const struct scan_frame *f)
{
	static const char *const kinds[] = {
	        [SCAN_EVENT] = "EVENT ", [SCAN_LIST_KIND] = "KIND ", [SCAN_LIST_META] = "META ", [SCAN_ITEM] = "ITEM "};
	struct output *o = arg;
	put(o, kinds[f->kind]);
	if (f->json)
		buffer_append(&o->text, f->json, f->len);
	else
		put(o, "too large");
	put(o, " ");
	return o->fail;
}

static void end(struct output *o, enum err err, const struct diag *d)
{
	put(o, err == OK ? "end" : err == ERR_SYNTAX ? "syntax: " : err == ERR_RANGE ? "range: " : "other: ");
	if (err)
		put(o, d->text);
	buffer_append(&o->text, "", 1);
}

static char *quoted(const char *text)
{
	char *copy = strdup(text);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return copy;
}

/* Feeds input in pieces of first octets, then of rest. */
static void scan_pieces(enum scan_form form, const char *input, size_t first, size_t rest, struct output *o)
{
	struct scan *s = scan_new(form, on_frame, o);
	struct diag d = {0};
	enum err err = OK;
	size_t len = strlen(input);
	for (size_t at = 0, piece; !err && at < len; at += piece) {
		size_t wanted = at ? rest : first;
		piece = wanted < len - at ? wanted : len - at;
		/* A block of its own, so that a sanitizer sees a read beyond the piece. */
		char *copy = memcpy(malloc(piece), input + at, piece);
		err = scan_feed(s, copy, piece, &d);
		free(copy);
	}
	if (!err)
		err = scan_end(s, &d);
	end(o, err, &d);
	scan_free(s);
}

static void check_case(enum scan_form form, const struct scan_case *c)
{
	char *input = quoted(c->input), *want = quoted(c->want);
	size_t len = strlen(input);
	for (size_t first = 1; first <= len + 1; first++) {
		for (size_t rest = 1; rest <= len + 1; rest += len > 1 ? len - 1 : 1) {
			struct output o = {0};
			scan_pieces(form, input, first, rest, &o);
			if (strcmp(o.text.data, want) != 0)
				print_error("%s, pieces of %zu and %zu octets\n", c->what, first, rest);
			assert_string_equal(o.text.data, want);
			buffer_free(&o.text);
		}
	}
	free(input);
	free(want);
}

static void watch_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof watches / sizeof *watches; i++)
		check_case(SCAN_WATCH, &watches[i]);
}

static void list_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		check_case(SCAN_LIST, &lists[i]);
}

/* An event whose skipped and copied strings have these many octets. */
static char *large_event(size_t skipped, size_t copied)
{
	char *text = malloc(skipped + copied + 64), *p = text;
	p += sprintf(p, "{\"x\":\"");
	p = (char *)memset(p, '\\', skipped) + skipped;
	p += sprintf(p, "\",\"type\":\"");
	p = (char *)memset(p, 'a', copied) + copied;
	p += sprintf(p, "\"}{}");
	return text;
}

static void large_objects(void **state)
{
	static const struct {
		size_t skipped, copied;
		bool fits;
	} cases[] = {
	        {SCAN_OBJECT_MAX - 19, 0, true},           {SCAN_OBJECT_MAX - 18, 0, true},  {SCAN_OBJECT_MAX - 16, 0, false},
	        {0, SCAN_OBJECT_MAX - 18, true},           {0, SCAN_OBJECT_MAX - 17, false}, {0, 2 * SCAN_OBJECT_MAX, false},
	        {SCAN_OBJECT_MAX, SCAN_OBJECT_MAX, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = large_event(cases[i].skipped & ~(size_t)1, cases[i].copied);
		struct output o = {0};
		scan_pieces(SCAN_WATCH, text, 1000, 100000, &o);
		if (cases[i].fits)
			assert_memory_equal(o.text.data, "EVENT {\"type\":\"", 15);
		else
			assert_string_equal(o.text.data, "EVENT too large EVENT {} end");
		buffer_free(&o.text);
		free(text);
	}
}

static void an_error_of_the_taker_ends_the_scan(void **state)
{
	struct output o = {.fail = ERR_DENIED};
	struct scan *s = scan_new(SCAN_WATCH, on_frame, &o);
	struct diag d;
	(void)state;
	assert_int_equal(scan_feed(s, "{}{}", 4, &d), ERR_DENIED);
	assert_int_equal(scan_feed(s, "{}", 2, &d), ERR_DENIED);
	assert_int_equal(scan_end(s, &d), ERR_DENIED);
	assert_int_equal(o.text.len, strlen("EVENT {} "));
	buffer_free(&o.text);
	scan_free(s);
}

static void allocation_failures(void **state)
{
	struct diag d;
	(void)state;
	fail_alloc_at(1);
	assert_null(scan_new(SCAN_WATCH, on_frame, NULL));
	fail_alloc_at(0);
	for (unsigned n = 1; n <= 2; n++) {
		struct output o = {0};
		struct scan *s = scan_new(SCAN_WATCH, on_frame, &o);
		fail_alloc_at(n); /* the first is that of the frame, the second that of our output */
		assert_int_equal(scan_feed(s, "{\"type\":1}", 10, &d), n == 1 ? ERR_NOMEM : OK);
		assert_true(fail_alloc_hit());
		fail_alloc_at(0);
		buffer_free(&o.text);
		scan_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(watch_streams),       cmocka_unit_test(list_bodies),
	        cmocka_unit_test(large_objects),       cmocka_unit_test(an_error_of_the_taker_ends_the_scan),
	        cmocka_unit_test(allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
