/* What is not believed at once (store_rules): a vanishing endpoint that may be moving from one slice to another, and a selector that changes
 * before its pods' labels. */
#include "unit.h"
#include "world.h"
#include <limits.h>
#include <string.h>

#define STEPS 5

struct step {
	const char *lines; /* NULL: no more */
	const char *want;  /* the state; NULL: as before */
	unsigned again_ms; /* what the last settle returned; 0: not checked */
};

#define TWO   "watched\nnamespace default\nsvc s headless\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b\nslice y of=s ep=10.9.0.3,pod=c"
#define A     "a ready 10.9.0.1"
#define B     "b ready 10.9.0.2"
#define C     "c ready 10.9.0.3"
#define NEVER UINT_MAX

static const struct {
	const char *what;
	struct step steps[STEPS];
} cases[] = {
        {"an endpoint moves: out of one slice, then into another",
         {{TWO, "default/s: " A "; " B "; " C "\n", 0},
          {"slice x of=s ep=10.9.0.1,pod=a\nsettle 1000", "default/s: " A "; " C "; " B "\n", 500},
          {"slice y of=s ep=10.9.0.3,pod=c ep=10.9.0.2,pod=b\nsettle 1010", "default/s: " A "; " C "; " B "\n", NEVER},
          {"slice y of=s ep=10.9.0.3,pod=c\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b\nsettle 1020",
           "default/s: " A "; " B "; " C "\n", NEVER}}},
        {"one that does not come again is gone when all is quiet",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000", "default/s: " A "; " C "; " B "\n", 500},
          {"settle 1499", NULL, 1},
          {"settle 1500", "default/s: " A "; " C "\n", NEVER}}},
        {"which later changes put off, but not for ever",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000", "default/s: " A "; " C "; " B "\n", 500},
          {"settle 1400\nslice x of=s port=p:1 ep=10.9.0.1,pod=a\nsettle 1450", "default/s: " A " p=1/TCP; " C "; " B "\n", 500},
          {"slice x of=s ep=10.9.0.1,pod=a\nsettle 5900", "default/s: " A "; " C "; " B "\n", 100},
          {"slice x of=s port=p:1 ep=10.9.0.1,pod=a\nsettle 6000", "default/s: " A " p=1/TCP; " C "\n", NEVER}}},
        {"one that appears as not ready is certain, and does not come back",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000\nslice y of=s ep=10.9.0.2,pod=b,notready\nsettle 1001",
           "default/s: " A "; b not-ready 10.9.0.2; " C "\n", 500},
          {"slice y of=s\nsettle 1002", "default/s: " A "; " C "\n", 500},
          {"settle 1600", "default/s: " A "\n", NEVER}}},
        {"one that was not ready is gone at once",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b,notready\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000",
           "default/s: " A "; " C "\n", NEVER}}},
        {"a pod that is made again has its new address alone",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.7,pod=b\nsettle 1000", "default/s: " A "; b ready 10.9.0.7; " C "\n", NEVER}}},
        {"also where it is found in another slice later",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000\nslice y of=s ep=10.9.0.3,pod=c ep=10.9.0.7,pod=b\nsettle 1001",
           "default/s: " A "; " C "; b ready 10.9.0.7\n", NEVER}}},
        {"or was before",
         {{TWO "\nslice y of=s ep=10.9.0.7,pod=b\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000",
           "default/s: " A "; b ready 10.9.0.7; " C "\n", 500}}},
        {"where there is no other slice it is gone at once",
         {{"watched\nnamespace default\nsvc s headless\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b\nslice z of=s ep=fd00::1\n"
           "slice x of=s ep=10.9.0.1,pod=a\nsettle 1000",
           "default/s: " A "; - ready fd00::1\n", NEVER}}},
        {"a slice that is deleted and made again",
         {{"watched\nnamespace default\nsvc s headless\nslice x of=s ep=10.9.0.1,pod=a\ndelete slice x\nsettle 1000", "default/s: " A "\n",
           500},
          {"slice z of=s ep=10.9.0.1,pod=a\nsettle 1100", NULL, NEVER}}},
        {"a slice that is deleted is a change, which puts off the others' end",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000", "default/s: " A "; " C "; " B "\n", 500},
          {"delete slice y\nsettle 1400", "default/s: " A "; " C "; " B "\n", 500},
          {"settle 1899", NULL, 1},
          {"settle 1900", "default/s: " A "\n", NEVER}}},
        {"and is waited for from then on, also where something was kept before",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000\nsettle 1500", "default/s: " A "; " C "\n", NEVER},
          {"delete slice y\nsettle 9000", NULL, 500},
          {"settle 9500", "default/s: " A "\n", NEVER}}},
        {"slices that do not count put nothing off",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b\nslice y of=s "
           "ep=10.9.0.3,pod=c\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000",
           "default/s: " A "; " C "; " B "\n", 500},
          {"slice z of=s controller ep=10.9.0.9,pod=z\nsettle 1300", NULL, 200},
          {"delete cslice z\nsettle 1400", NULL, 100},
          {"settle 1500", "default/s: " A "; " C "\n", NEVER}}},
        {"a list that was taken in the middle of a move",
         {{TWO "\nmark slice\nslice x of=s ep=10.9.0.1,pod=a\nslice y of=s ep=10.9.0.3,pod=c\nsweep slice\nsettle 1000",
           "default/s: " A "; " C "; " B "\n", 500}}},
        {"a Service that goes takes what was held along",
         {{TWO "\nslice x of=s ep=10.9.0.1,pod=a\nsettle 1000\ndelete svc s", "", 0},
          {"settle 1001\nsvc s headless", "default/s: " A "; " C "\n", NEVER}}},
        {"the controller's slices count as long as they are used",
         {{"watched\nnamespace default\nsvc s headless sel=a:b\nuse slices\nslice x of=s controller ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b\n"
           "slice y of=s controller ep=10.9.0.3,pod=c\nslice x of=s controller ep=10.9.0.1,pod=a\nsettle 1000",
           "default/s: " A "; " C "; " B "\n", 500},
          {"use pods", "default/s:\n", 0}}},
        {"manifests are believed at once",
         {{"svc s headless\nslice x of=s ep=10.9.0.1,pod=a ep=10.9.0.2,pod=b\nslice y of=s ep=10.9.0.3,pod=c\nslice x of=s "
           "ep=10.9.0.1,pod=a\n"
           "settle 1000",
           "default/s: " A "; " C "\n", NEVER}}},

        {"a selector changes before the pods' labels come",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless sel=v:2\nsettle "
           "1000",
           "default/s: " A "\n", 250},
          {"pod a labels=v:1 ip=10.9.0.7 ready\nsettle 1100", "default/s: a ready 10.9.0.7\n", 150},
          {"pod a labels=v:1,w:2 ip=10.9.0.1 ready\nsettle 1249", "default/s: " A "\n", 1},
          {"settle 1250", "default/s:\n", NEVER}}},
        {"it is waited for no longer than until one comes",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless sel=v:2\nsettle "
           "1000",
           "default/s: " A "\n", 250},
          {"pod a labels=v:2 ip=10.9.0.1 ready\nsettle 1100", "default/s: " A "\n", NEVER},
          {"pod b labels=v:2 ip=10.9.0.2 ready", "default/s: " A "; " B "\n", 0}}},
        {"another change, and back",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless sel=v:2\nsettle "
           "1000\n"
           "svc s headless sel=v:3\nsettle 1100",
           "default/s: " A "\n", 150},
          {"svc s headless sel=v:1\nsettle 1200", NULL, NEVER}}},
        {"where a pod is found at once there is nothing to wait for",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\npod b labels=v:2 ip=10.9.0.2 "
           "ready\nflush\n"
           "svc s headless sel=v:2\nsettle 1000",
           "default/s: " B "\n", NEVER}}},
        {"one that is not ready is none",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\npod b labels=v:2 ip=10.9.0.2\nflush\n"
           "svc s headless sel=v:2\nsettle 1000",
           "default/s: " A "\n", 250}}},
        {"where nothing is served there is nothing to keep",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:2 ip=10.9.0.1 ready\nflush\nsvc s headless sel=v:2\nsettle "
           "1000",
           "default/s: " A "\n", NEVER}}},
        {"a selector goes: what it gave stays until the slices are there",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless\nsettle 1000",
           "default/s: " A "\n", 2000},
          {"mark cslice\nslice x of=s controller ep=10.9.0.2,pod=b\nsettle 1100", "default/s: " A "\n", 1900},
          {"sweep cslice\nsettle 1101", "default/s: " B "\n", NEVER}}},
        {"or it has taken too long",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless\nsettle 1000",
           "default/s: " A "\n", 2000},
          {"settle 3000", "default/s:\n", NEVER}}},
        {"also where nothing was ready: that there is nothing might be remembered",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1\nflush\nsvc s headless\nsettle 1000",
           "default/s: a not-ready 10.9.0.1\n", 2000},
          {"mark cslice\nslice x of=s controller ep=10.9.0.1,pod=a,notready\nsweep cslice\nsettle 1101", NULL, NEVER}}},
        {"where there is nothing there is nothing to wait for",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\nflush\nsvc s headless\nsettle 1000", "default/s:\n", NEVER}}},
        {"a Service that waits is deleted, swept, seen",
         {{"watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless sel=v:2\nsettle "
           "1000\n"
           "mark svc\nsvc s headless sel=v:2\nsweep svc",
           "default/s: " A "\n", 250},
          {"delete svc s\nsettle 1001", "", NEVER}}},
};

static void test_handover(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world *w = world_new();
		const char *want = "";
		for (const struct step *s = cases[i].steps; s < cases[i].steps + STEPS && s->lines; s++) {
			char got[WORLD_TEXT];
			world_play(w, s->lines);
			world_state(w, got);
			want = s->want ? s->want : want;
			if (strcmp(got, want) != 0)
				fail_msg("%s, step %td:\n%sinstead of\n%s", cases[i].what, s - cases[i].steps + 1, got, want);
			if (s->again_ms && s->again_ms != w->settle_ms)
				fail_msg("%s, step %td: again after %u ms", cases[i].what, s - cases[i].steps + 1, w->settle_ms);
		}
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_handover)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
