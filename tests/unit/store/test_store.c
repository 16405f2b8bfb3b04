#include "fail_alloc.h"
#include "unit.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEB                                                                                                                                \
	"svc web headless sel=app:web port=http:80\npod web-0 labels=app:web,n:0 ip=10.1.0.1 ready host=web-0 sub=web\npod web-1 "         \
	"labels=app:web,n:1 ip=10.1.0.2 ready\n"

/* What a change says (log) and what is published then. */
static const struct {
	const char *what, *before, *change, *log, *want;
} cases[] = {
        /* nothing changed */
        {"nothing", WEB, "", "", "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"all objects again", WEB, WEB, "", "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a label that nobody selects", WEB, "pod web-1 labels=app:web,n:7,x:y ip=10.1.0.2 ready", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a phase that makes no difference", WEB, "pod web-1 labels=app:web,n:1 ip=10.1.0.2 ready phase=Unknown", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a pod of no Service", WEB, "pod x labels=app:x ip=10.1.0.9 ready", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a finished pod comes and goes", WEB, "pod web-2 labels=app:web phase=Failed\ndelete pod web-2", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a slice that the join replaces", WEB,
         "slice x of=web controller ep=10.9.0.1\nslice x of=web controller ep=10.9.0.2\ndelete slice x", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"Endpoints that the join replaces", WEB, "endpoints web ep=10.9.0.1", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"deletion of what is not there", WEB, "delete pod x\ndelete pod x/y\ndelete svc x\ndelete slice x\ndelete namespace x", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"the same slice again", "svc s headless\nslice x of=s port=a:1 ep=10.9.0.1,host=h,pod=p",
         "slice x of=s port=a:1 ep=10.9.0.1,host=h,pod=p", "", "default/s: p ready 10.9.0.1 @h a=1/TCP\n"},

        /* each field of a Service */
        {"its port's number", "svc s headless port=a:1", "svc s headless port=a:2", "default/s ", "default/s:\n"},
        {"its port's name", "svc s headless port=a:1", "svc s headless port=b:1", "default/s ", "default/s:\n"},
        {"its port's target", "svc s headless port=a:1", "svc s headless port=a:1:2", "default/s ", "default/s:\n"},
        {"its port's target's name", "svc s headless port=a:1:x", "svc s headless port=a:1:y", "default/s ", "default/s:\n"},
        {"its port's protocol", "svc s headless port=a:1:1:TCP", "svc s headless port=a:1:1:UDP", "default/s ", "default/s:\n"},
        {"one port more", "svc s headless port=a:1", "svc s headless port=a:1 port=b:2", "default/s ", "default/s:\n"},
        {"headless", "svc s", "svc s headless", "default/s ", "default/s:\n"},
        {"clusterIP", "svc s ip=10.0.0.1", "svc s ip=10.0.0.2", "default/s ", "default/s:\n"},
        {"one clusterIP more", "svc s ip=10.0.0.1", "svc s ip=10.0.0.1,fd00::1", "default/s ", "default/s:\n"},
        {"publishNotReadyAddresses", "svc s headless", "svc s headless publish", "default/s ", "default/s:\n"},
        {"families", "svc s headless families=4", "svc s headless families=46", "default/s ", "default/s:\n"},
        {"type", "svc s headless", "svc s external=example.org", "default/s ", "default/s:\n"},
        {"externalName", "svc s external=example.org", "svc s external=example.com", "default/s ", "default/s:\n"},

        /* each field of a pod */
        {"ready", WEB, "pod web-1 labels=app:web,n:1 ip=10.1.0.2", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 not-ready 10.1.0.2 http=80/TCP\n"},
        {"deletionTimestamp", WEB, "pod web-1 labels=app:web,n:1 ip=10.1.0.2 ready deleting", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 terminating 10.1.0.2 http=80/TCP\n"},
        {"phase, at its end", WEB, "pod web-1 labels=app:web,n:1 ip=10.1.0.2 ready phase=Failed", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP\n"},
        {"address", WEB, "pod web-1 labels=app:web,n:1 ip=10.1.0.3 ready", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.3 http=80/TCP\n"},
        {"one address more", WEB, "pod web-1 labels=app:web,n:1 ip=10.1.0.2,fd00::2 ready", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 fd00::2 http=80/TCP\n"},
        {"hostname", WEB, "pod web-0 labels=app:web,n:0 ip=10.1.0.1 ready host=x sub=web", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @x http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"subdomain", WEB, "pod web-0 labels=app:web,n:0 ip=10.1.0.1 ready host=web-0 sub=x", "default/web ",
         "default/web: web-0 ready 10.1.0.1 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"container ports", "svc s headless sel=app:a port=web:80:http\npod p labels=app:a ip=10.1.0.1 ready port=http:1",
         "pod p labels=app:a ip=10.1.0.1 ready port=http:2", "default/s ", "default/s: p ready 10.1.0.1 web=2/TCP\n"},
        {"a pod gone", WEB, "delete pod web-0", "default/web ", "default/web: web-1 ready 10.1.0.2 http=80/TCP\n"},

        /* each field of a slice */
        {"its endpoint's address", "svc s headless\nslice x of=s ep=10.9.0.1", "slice x of=s ep=10.9.0.2", "default/s ",
         "default/s: - ready 10.9.0.2\n"},
        {"its endpoint's readiness", "svc s headless\nslice x of=s ep=10.9.0.1", "slice x of=s ep=10.9.0.1,notready", "default/s ",
         "default/s: - not-ready 10.9.0.1\n"},
        {"its endpoint's hostname", "svc s headless\nslice x of=s ep=10.9.0.1,host=a", "slice x of=s ep=10.9.0.1,host=b", "default/s ",
         "default/s: - ready 10.9.0.1 @b\n"},
        {"its endpoint's pod", "svc s headless\nslice x of=s ep=10.9.0.1,pod=a", "slice x of=s ep=10.9.0.1,pod=b", "default/s ",
         "default/s: b ready 10.9.0.1\n"},
        {"one endpoint more", "svc s headless\nslice x of=s ep=10.9.0.1", "slice x of=s ep=10.9.0.1 ep=10.9.0.2", "default/s ",
         "default/s: - ready 10.9.0.1; - ready 10.9.0.2\n"},
        {"its port", "svc s headless\nslice x of=s port=a:1 ep=10.9.0.1", "slice x of=s port=a:2 ep=10.9.0.1", "default/s ",
         "default/s: - ready 10.9.0.1 a=2/TCP\n"},
        {"its port's name", "svc s headless\nslice x of=s port=a:1 ep=10.9.0.1", "slice x of=s port=b:1 ep=10.9.0.1", "default/s ",
         "default/s: - ready 10.9.0.1 b=1/TCP\n"},
        {"where an endpoint runs", "svc s headless\nslice x of=s ep=10.9.0.1", "slice x of=s ep=10.9.0.1,zone=z", "default/s ",
         "default/s: - ready 10.9.0.1 in z\n"},
        {"where pods run, of which slices tell", WEB, "slice x of=web controller ep=10.1.0.1,pod=web-0,zone=z", "default/web ",
         "default/web: web-0 ready 10.1.0.1 in z @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"it runs elsewhere", WEB "slice x of=web controller ep=10.1.0.1,pod=web-0,zone=z",
         "slice x of=web controller ep=10.1.0.1,pod=web-0,zone=y ep=10.1.0.2,pod=web-1,zone=z", "default/web ",
         "default/web: web-0 ready 10.1.0.1 in y @web-0 http=80/TCP; web-1 ready 10.1.0.2 in z http=80/TCP\n"},
        {"nobody tells any more", WEB "slice x of=web controller ep=10.1.0.1,pod=web-0,zone=z", "delete cslice x", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        /* ServiceImports */
        {"an import", "svc s headless\nslice x import=s cluster=c1 ep=10.9.0.1", "import s headless", "import:default/s ",
         "default/s:\nimport:default/s: - ready 10.9.0.1 of c1\n"},
        {"a slice of an import", "import s ip=10.7.0.1", "slice x import=s cluster=c1 ep=10.9.0.1", "import:default/s ",
         "import:default/s: - ready 10.9.0.1 of c1\n"},
        {"of two clusters", "import s headless\nslice x import=s cluster=c1 ep=10.9.0.1", "slice y import=s cluster=c2 ep=10.9.0.2",
         "import:default/s ", "import:default/s: - ready 10.9.0.1 of c1; - ready 10.9.0.2 of c2\n"},
        {"of another cluster", "import s headless\nslice x import=s cluster=c1 ep=10.9.0.1", "slice x import=s cluster=c2 ep=10.9.0.1",
         "import:default/s ", "import:default/s: - ready 10.9.0.1 of c2\n"},
        {"of both a Service and an import", "svc s headless\nimport t headless\nslice x of=s import=t cluster=c1 ep=10.9.0.1",
         "slice x of=s import=t cluster=c1 ep=10.9.0.2", "default/s import:default/t ",
         "default/s: - ready 10.9.0.2\nimport:default/t: - ready 10.9.0.2 of c1\n"},
        {"of another import", "import s headless\nimport t headless\nslice x import=s ep=10.9.0.1", "slice x import=t ep=10.9.0.1",
         "import:default/s import:default/t ", "import:default/s:\nimport:default/t: - ready 10.9.0.1\n"},
        {"its slice goes", "import s headless\nslice x import=s ep=10.9.0.1", "delete slice x", "import:default/s ", "import:default/s:\n"},
        {"the import goes, and the Service stays", "svc s headless\nimport s headless", "delete import s", "-import:default/s ",
         "default/s:\n"},
        {"the Service goes, and the import stays", "svc s headless\nimport s headless", "delete svc s", "-default/s ",
         "import:default/s:\n"},
        {"a list without the import", "svc s headless\nimport s headless", "mark import\nsweep import", "-import:default/s ",
         "default/s:\n"},
        {"a list without the Service", "svc s headless\nimport s headless", "mark svc\nsweep svc", "-default/s ", "import:default/s:\n"},
        {"pods give way to the controller's slices", WEB "slice x of=web controller ep=10.9.0.1\nsvc t headless", "use slices",
         "default/web ", "default/t:\ndefault/web: - ready 10.9.0.1\n"},
        {"and come back", WEB "slice x of=web controller ep=10.9.0.1\nsvc t headless\nuse slices", "use pods", "default/web ",
         "default/t:\ndefault/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a slice of another controller is not deleted by the watch of what it was", "svc s headless\nslice x of=s controller ep=10.9.0.1",
         "slice x of=s ep=10.9.0.1\ndelete cslice x", "default/s ", "default/s: - ready 10.9.0.1\n"},
        {"nor swept with those", "svc s headless\nslice x of=s controller ep=10.9.0.1\nslice y of=s ep=10.9.0.2",
         "mark cslice\nsweep cslice", "default/s ", "default/s: - ready 10.9.0.2\n"},
        {"who made it", "svc s headless sel=app:a\nslice x of=s ep=10.9.0.1", "slice x of=s controller ep=10.9.0.1", "default/s ",
         "default/s:\n"},
        {"a slice gone", "svc s headless\nslice x of=s ep=10.9.0.1\nslice y of=s ep=10.9.0.2", "delete slice x", "default/s ",
         "default/s: - ready 10.9.0.2\n"},

        /* moves */
        {"a pod's labels change Services", "svc a headless sel=app:a\nsvc b headless sel=app:b\npod p labels=app:a ip=10.1.0.1 ready",
         "pod p labels=app:b ip=10.1.0.1 ready", "default/a default/b ", "default/a:\ndefault/b: p ready 10.1.0.1\n"},
        {"and not the one that selects both", "svc a headless sel=app:a\nsvc b headless sel=x:y\npod p labels=app:a,x:y ip=10.1.0.1 ready",
         "pod p labels=app:b,x:y ip=10.1.0.1 ready", "default/a ", "default/a:\ndefault/b: p ready 10.1.0.1\n"},
        {"a pod gets labels", "svc a headless sel=app:a\npod p ip=10.1.0.1 ready", "pod p labels=app:a ip=10.1.0.1 ready", "default/a ",
         "default/a: p ready 10.1.0.1\n"},
        {"a pod loses its labels", "svc a headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready", "pod p ip=10.1.0.1 ready",
         "default/a ", "default/a:\n"},
        {"a pod goes from one StatefulSet to another",
         "svc a headless sel=app:x\nsvc b headless sel=app:x\npod p labels=app:x ip=10.1.0.1 ready host=p sub=a",
         "pod p labels=app:x ip=10.1.0.1 ready host=p sub=b", "default/a default/b ",
         "default/a: p ready 10.1.0.1\ndefault/b: p ready 10.1.0.1 @p\n"},
        {"a pod ends and comes back under its name", WEB,
         "pod web-1 labels=app:web phase=Failed\ndelete pod web-1\npod web-1 labels=app:web ip=10.1.0.7 ready", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.7 http=80/TCP\n"},
        {"a finished pod's labels change", "svc a headless sel=app:a\nsvc b headless sel=app:b\npod p labels=app:a phase=Failed",
         "pod p labels=app:b phase=Failed", "", "default/a:\ndefault/b:\n"},
        {"a selector changes", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready\npod q labels=app:b ip=10.1.0.2 ready",
         "svc s headless sel=app:b", "default/s ", "default/s: q ready 10.1.0.2\n"},
        {"a selector narrows", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready\npod q labels=app:a,x:y ip=10.1.0.2 ready",
         "svc s headless sel=app:a,x:y", "default/s ", "default/s: q ready 10.1.0.2\n"},
        {"a selector goes: the last slices stay",
         "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready\nslice x of=s controller ep=10.9.0.1", "svc s headless",
         "default/s ", "default/s: - ready 10.9.0.1\n"},
        {"a selector comes", "svc s headless\npod p labels=app:a ip=10.1.0.1 ready\nslice x of=s controller ep=10.9.0.1",
         "svc s headless sel=app:a", "default/s ", "default/s: p ready 10.1.0.1\n"},
        {"and goes before anybody looked", "svc s headless\npod p labels=app:a ip=10.1.0.1 ready",
         "svc s headless sel=app:a\nsvc s headless", "default/s ", "default/s:\n"},
        {"a Service becomes an ExternalName", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready",
         "svc s external=example.org sel=app:a", "default/s ", "default/s:\n"},
        {"a pod changes while its Service is new", "pod p labels=app:a ip=10.1.0.1 ready",
         "svc s headless sel=app:a\npod p labels=app:b ip=10.1.0.1 ready\npod q labels=app:a ip=10.1.0.2", "default/s ",
         "default/s: q not-ready 10.1.0.2\n"},
        {"a Service goes", WEB, "delete svc web", "-default/web ", ""},
        {"a Service goes and comes", WEB, "delete svc web\nsvc web headless sel=app:web port=http:80", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"a Service comes and goes unseen", "pod p labels=app:a ip=10.1.0.1 ready", "svc s headless sel=app:a\ndelete svc s", "", ""},
        {"and another one comes after it", "pod p labels=app:a ip=10.1.0.1 ready",
         "svc s headless sel=app:a\ndelete svc s\nflush\nsvc t headless sel=app:a", "default/t ", "default/t: p ready 10.1.0.1\n"},
        {"a Service goes, its slice stays, it comes back", "svc s headless\nslice x of=s ep=10.9.0.1",
         "delete svc s\nflush\nsvc s headless", "-default/s default/s ", "default/s: - ready 10.9.0.1\n"},
        {"a slice goes after its Service", "svc s headless\nslice x of=s ep=10.9.0.1",
         "delete svc s\nflush\ndelete slice x\nflush\nsvc s headless\n", "-default/s -default +default default/s ", "default/s:\n"},
        {"a slice changes Services", "svc a headless\nsvc b headless\nslice x of=a ep=10.9.0.1", "slice x of=b ep=10.9.0.1",
         "default/a default/b ", "default/a:\ndefault/b: - ready 10.9.0.1\n"},
        {"a slice leaves its Service", "svc a headless\nslice x of=a ep=10.9.0.1", "slice x ep=10.9.0.1", "default/a ", "default/a:\n"},
        {"a slice puts Endpoints aside", "svc s headless\nendpoints s ep=10.9.0.1", "slice x of=s ep=10.9.0.2", "default/s ",
         "default/s: - ready 10.9.0.2\n"},
        {"and its end brings them back", "svc s headless\nendpoints s ep=10.9.0.1\nslice x of=s ep=10.9.0.2", "delete slice x",
         "default/s ", "default/s: - ready 10.9.0.1\n"},
        {"Endpoints change", "svc s headless\nendpoints s ep=10.9.0.1", "endpoints s ep=10.9.0.2", "default/s ",
         "default/s: - ready 10.9.0.2\n"},
        {"Endpoints are not mirrored any more", "svc s headless\nendpoints s ep=10.9.0.1", "endpoints s skip ep=10.9.0.1", "default/s ",
         "default/s:\n"},
        {"Endpoints go", "svc s headless\nendpoints s ep=10.9.0.1", "delete endpoints s", "default/s ", "default/s:\n"},
};

static void check(const char *what, const struct world *w, const char *log, const char *want)
{
	char got[WORLD_TEXT];
	world_state(w, got);
	if (strcmp(w->log, log) != 0 || strcmp(got, want) != 0)
		fail_msg("%s:\nsaid \"%s\"\n%sinstead of \"%s\"\n%s", what, w->log, got, log, want);
}

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = world_new();
		world_play(w, cases[i].before);
		*w->log = '\0';
		world_play(w, cases[i].change);
		check(cases[i].what, w, cases[i].log, cases[i].want);
		world_free(w);
	}
}

static const struct {
	const char *what, *before, *change, *log;
} namespace_cases[] = {
        {"by its object", "", "namespace a", "+a "},
        {"by any object", "", "sts a/x", "+a "},
        {"by a pod", "", "pod a/x", "+a "},
        {"by a slice of nobody", "", "slice a/x", "+a "},
        {"once", "namespace a", "pod a/x\nnamespace a\nsts a/y", ""},
        {"a Node is in none", "", "node x", ""},
        {"before its first Service, gone after its last", "svc a/s headless", "delete svc a/s\nsvc b/s headless", "+b -a/s b/s -a "},
        {"not while an object names it", "namespace a\npod a/x\nendpoints a/y", "delete namespace a\ndelete endpoints a/y", ""},
        {"gone with the last one", "namespace a\nsts a/x", "delete sts a/x\ndelete namespace a", "-a "},
        {"gone and back", "namespace a", "delete namespace a\nnamespace a", ""},
        {"came and went", "", "namespace a\ndelete namespace a", ""},
        {"of a cluster: by its object alone", "watched", "pod a/x\nnamespace b", "+b "},
        {"and not any more without it", "watched\nnamespace a\npod a/x", "delete namespace a", "-a "},
        {"and again", "watched\nnamespace a\npod a/x\ndelete namespace a", "namespace a", "+a "},
        {"gone, then back", "namespace a", "delete namespace a\nflush\npod a/x", "-a +a "},
};

static void test_namespaces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(namespace_cases) / sizeof(namespace_cases[0]); i++) {
		struct world *w = world_new();
		world_play(w, namespace_cases[i].before);
		*w->log = '\0';
		world_play(w, namespace_cases[i].change);
		if (strcmp(w->log, namespace_cases[i].log) != 0)
			fail_msg("%s: said \"%s\" instead of \"%s\"", namespace_cases[i].what, w->log, namespace_cases[i].log);
		world_free(w);
	}
}

#define ALL "namespace a\nsvc a/s headless\npod a/p\nslice a/x of=s ep=10.9.0.1\nendpoints a/s ep=10.9.0.2\n"

static const struct {
	const char *what, *before, *list, *log, *want;
} sweep_cases[] = {
        {"the same list marks nothing", WEB, "mark svc pod\n" WEB "sweep svc pod", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"until the sweep all stay", WEB, "mark svc pod\nflush", "",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"what was not listed goes", WEB, "mark pod\npod web-1 labels=app:web,n:1 ip=10.1.0.2 ready\nsweep pod", "default/web ",
         "default/web: web-1 ready 10.1.0.2 http=80/TCP\n"},
        {"what changed is told", WEB, "mark pod svc\n" WEB "pod web-1 labels=app:web ip=10.1.0.9 ready\nsweep pod svc", "default/web ",
         "default/web: web-0 ready 10.1.0.1 @web-0 http=80/TCP; web-1 ready 10.1.0.9 http=80/TCP\n"},
        {"only the kinds that were marked", ALL, "mark pod slice\nsweep pod slice", "a/s ", "a/s: - ready 10.9.0.2\n"},
        {"all kinds", ALL, "mark namespace svc pod slice endpoints\nsweep namespace svc pod slice endpoints", "-a/s -a ", ""},
        {"a list that broke off, and the next one", ALL, "mark svc slice\nsvc a/s headless\nmark svc slice\n" ALL "sweep svc slice", "",
         "a/s: - ready 10.9.0.1\n"},
        {"seen in the one that broke off is not seen", ALL, "mark svc\nsvc a/s headless\nmark svc\nsweep svc", "-a/s ", ""},
        {"deleted meanwhile", WEB,
         "mark svc pod\ndelete pod web-0\nsvc web headless sel=app:web port=http:80\ndelete svc web\nsweep svc pod",
         "-default/web -default ", ""},
};

static void test_mark_and_sweep(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sweep_cases) / sizeof(sweep_cases[0]); i++) {
		struct world *w = world_new();
		world_play(w, sweep_cases[i].before);
		*w->log = '\0';
		world_play(w, sweep_cases[i].list);
		check(sweep_cases[i].what, w, sweep_cases[i].log, sweep_cases[i].want);
		world_free(w);
	}
}

static void check_amount(const struct world *w, enum object_kind kind, size_t want)
{
	struct object_amount got = store_amount(w->store, kind);
	assert_int_equal(got.objects, want);
	assert_int_equal(got.octets, want * OBJECT_OCTETS);
}

static void check_counts(const struct world *w, struct store_counts want)
{
	struct store_counts got = store_counts(w->store);
	check_amount(w, OBJECT_SERVICE, want.services);
	check_amount(w, OBJECT_POD, want.pods);
	check_amount(w, OBJECT_ENDPOINT_SLICE, want.slices);
	assert_int_equal(got.services, want.services);
	assert_int_equal(got.pods, want.pods);
	assert_int_equal(got.slices, want.slices);
	assert_int_equal(got.namespaces, want.namespaces);
	assert_int_equal(got.endpoints, want.endpoints);
}

static void test_counts(void **state)
{
	struct world *w = world_new();
	(void)state;
	check_counts(w, (struct store_counts){0});
	world_play(w, WEB ALL "sts a/x");
	check_counts(w, (struct store_counts){.services = 2, .pods = 3, .slices = 1, .namespaces = 2, .endpoints = 3});
	world_play(w, "pod web-0 labels=app:web ip=10.1.0.1\npod web-2 labels=app:web\ndelete slice a/x");
	check_counts(w, (struct store_counts){.services = 2, .pods = 4, .slices = 0, .namespaces = 2, .endpoints = 2});
	world_play(w, "slice a/x of=web\nslice a/x of=web ep=10.2.0.1\nslice b of=none");
	check_amount(w, OBJECT_ENDPOINT_SLICE, 2);
	world_play(w, "slice a/x of=web controller"); /* the same object */
	check_amount(w, OBJECT_ENDPOINT_SLICE, 1);
	check_amount(w, OBJECT_CONTROLLER_SLICE, 1);
	world_play(w, "delete cslice a/x\ndelete slice b");
	check_amount(w, OBJECT_CONTROLLER_SLICE, 0);
	world_play(w, "delete svc web\ndelete pod web-0\ndelete pod web-1\ndelete pod web-2");
	check_counts(w, (struct store_counts){.services = 1, .pods = 1, .slices = 0, .namespaces = 1, .endpoints = 1});
	world_free(w);
}

static void test_look_ups(void **state)
{
	struct world *w = world_new();
	struct store_cursor cursor = {0};
	const struct pod *pod;
	size_t default_pods = 0, other_pods = 0;
	(void)state;
	world_play(w, WEB "pod other/web-0 ip=10.1.0.3\nslice x of=y\nnamespace empty");
	assert_string_equal(store_service(w->store, "default", "web")->object.name, "web");
	assert_null(store_service(w->store, "default", "y")); /* only a slice speaks of it */
	assert_null(store_service(w->store, "other", "web"));
	assert_string_equal(store_pod(w->store, "default", "web-1")->object.name, "web-1");
	assert_null(store_pod(w->store, "other", "web-1"));
	assert_null(store_pod(w->store, "nowhere", "web-1"));
	assert_true(store_knows(w->store, OBJECT_POD, "default", "web-1"));
	assert_false(store_knows(w->store, OBJECT_POD, "nowhere", "web-1"));
	assert_true(store_knows(w->store, OBJECT_SERVICE, "default", "web"));
	assert_false(store_knows(w->store, OBJECT_SERVICE, "default", "y"));
	assert_true(store_knows(w->store, OBJECT_ENDPOINT_SLICE, "default", "x"));
	assert_false(store_knows(w->store, OBJECT_ENDPOINT_SLICE, "other", "x"));
	assert_true(store_knows(w->store, OBJECT_NAMESPACE, "", "empty"));
	assert_false(store_knows(w->store, OBJECT_NAMESPACE, "", "full"));
	while ((pod = store_each_pod(w->store, &cursor))) {
		default_pods += strcmp(pod->object.ns, "default") == 0;
		other_pods += strcmp(pod->object.ns, "other") == 0;
	}
	assert_int_equal(default_pods, 2);
	assert_int_equal(other_pods, 1);
	assert_null(store_each_pod(w->store, &cursor));
	world_free(w);
}

/* Every allocation of the line fails once; until it succeeds nothing may have changed, so that a flush has nothing to say. */
static void do_with_failures(struct world *w, const char *line)
{
	enum err err = ERR_NOMEM;
	bool flush = strcmp(line, "flush") == 0;
	for (w->fail_at = 1; err; w->fail_at++) {
		err = world_do(w, line);
		assert_int_equal(err, w->failed ? ERR_NOMEM : OK);
		unsigned fail_at = w->fail_at;
		w->fail_at = 0;
		if (err && !flush) {
			char log[sizeof(w->log)];
			memcpy(log, w->log, sizeof(log));
			assert_int_equal(world_do(w, "flush"), OK);
			assert_string_equal(w->log, log);
		}
		w->fail_at = fail_at;
	}
	w->fail_at = 0;
}

static void play_with_failures(struct world *w, const char *lines)
{
	char line[512];
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, lines);
		do_with_failures(w, line);
		do_with_failures(w, "flush");
		lines += len + (lines[len] == '\n');
	}
}

/* Each change of the table, failing in every way before it succeeds, leads to the same. */
static enum err count_endpoints(void *arg, const struct service_view *view)
{
	size_t *count = arg;
	*count = view->count;
	return view->count ? OK : ERR_SYS;
}

static void test_view(void **state)
{
	struct world *w = world_new();
	size_t count = 0;
	(void)state;
	world_play(w, "svc web sel=app:web port=http:80\nsvc none sel=app:none\npod web-0 labels=app:web ip=10.0.0.1 ready\n"
	              "pod web-1 labels=app:web ip=10.0.0.2");
	assert_int_equal(store_view(w->store, "default", "web", count_endpoints, &count), OK);
	assert_int_equal(count, 2);
	world_do(w, "pod web-2 labels=app:web ip=10.0.0.3 ready"); /* not flushed */
	assert_int_equal(store_view(w->store, "default", "web", count_endpoints, &count), OK);
	assert_int_equal(count, 3);
	assert_int_equal(store_view(w->store, "default", "none", count_endpoints, &count), ERR_SYS);
	assert_int_equal(store_view(w->store, "default", "web-0", count_endpoints, &count), ERR_MISSING);
	assert_int_equal(store_view(w->store, "other", "web", count_endpoints, &count), ERR_MISSING);
	fail_alloc_at(1);
	assert_int_equal(store_view(w->store, "default", "web", count_endpoints, &count), ERR_NOMEM);
	fail_alloc_at(0);
	world_free(w);
}

static void test_out_of_memory(void **state)
{
	char got[WORLD_TEXT];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = world_new();
		play_with_failures(w, cases[i].before);
		play_with_failures(w, cases[i].change);
		world_state(w, got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%sinstead of\n%s", cases[i].what, got, cases[i].want);
		world_free(w);
	}
}

/* Several new Services in one flush: those not done stay marked, none is told twice. */
static void test_out_of_memory_in_a_flush(void **state)
{
	(void)state;
	struct world *w = world_new();
	enum err err = ERR_NOMEM;
	assert_int_equal(world_do(w, "pod p labels=app:a ip=10.1.0.1 ready"), OK);
	assert_int_equal(world_do(w, "svc a headless sel=app:a"), OK);
	assert_int_equal(world_do(w, "svc b headless sel=app:a"), OK);
	assert_int_equal(world_do(w, "svc c headless"), OK);
	for (w->fail_at = 1; err; w->fail_at++) {
		err = world_do(w, "flush");
		assert_int_equal(err, w->failed ? ERR_NOMEM : OK);
	}
	check("flush", w, "+default default/a default/b default/c ",
	      "default/a: p ready 10.1.0.1\ndefault/b: p ready 10.1.0.1\ndefault/c:\n");
	world_free(w);
}

/* What a callback could not take is told again by the next flush; the rest is told once. */
static void test_refusing_callbacks(void **state)
{
	struct world *w = world_new();
	(void)state;
	assert_int_equal(world_do(w, "svc a headless sel=app:a"), OK);
	assert_int_equal(world_do(w, "svc b headless sel=app:a"), OK);
	assert_int_equal(world_do(w, "pod p labels=app:a ip=10.1.0.1 ready"), OK);
	w->refuse = 1; /* the namespace */
	assert_int_equal(world_do(w, "flush"), ERR_NOMEM);
	check("namespace refused", w, "", "");
	assert_int_equal(store_counts(w->store).endpoints, 0);
	world_play(w, "");
	check("and taken", w, "+default default/a default/b ", "default/a: p ready 10.1.0.1\ndefault/b: p ready 10.1.0.1\n");
	*w->log = '\0';
	assert_int_equal(world_do(w, "delete pod p"), OK);
	w->refuse = 1;
	assert_int_equal(world_do(w, "flush"), ERR_NOMEM);
	check("Service refused", w, "", "default/a: p ready 10.1.0.1\ndefault/b: p ready 10.1.0.1\n");
	assert_int_equal(store_counts(w->store).endpoints, 2);
	world_play(w, "");
	check("and taken", w, "default/a default/b ", "default/a:\ndefault/b:\n");
	assert_int_equal(store_counts(w->store).endpoints, 0);
	world_free(w);
}

static void test_new_out_of_memory(void **state)
{
	struct store_callbacks callbacks = {0};
	struct store *s = NULL;
	(void)state;
	for (unsigned n = 1; !s; n++) {
		fail_alloc_at(n);
		s = store_new(NULL, &callbacks);
		fail_alloc_at(0);
	}
	store_free(s);
	store_free(NULL);
}

/* --- addresses of pods --- */

static const struct {
	const char *what, *before, *change, *log;
} address_cases[] = {
        {"it comes", "namespace default", "pod a ip=10.0.0.1,fd00::1 phase=Running", "+default/10.0.0.1 +default/fd00::1 "},
        {"Pending has one too", "namespace default", "pod a ip=10.0.0.1 phase=Pending", "+default/10.0.0.1 "},
        {"without address", "namespace default", "pod a phase=Pending", ""},
        {"over", "namespace default", "pod a ip=10.0.0.1 phase=Succeeded", ""},
        {"of unknown state", "namespace default", "pod a ip=10.0.0.1 phase=Unknown", ""},
        {"it gets one", "pod a phase=Pending", "pod a ip=10.0.0.1 phase=Running", "+default/10.0.0.1 "},
        {"ready or not", "pod a ip=10.0.0.1 phase=Running ready", "pod a ip=10.0.0.1 phase=Running", ""},
        {"with other labels", "pod a ip=10.0.0.1 phase=Running", "pod a ip=10.0.0.1 phase=Running labels=a:b", ""},
        {"another one, which is there before the old one goes", "pod a ip=10.0.0.1 phase=Running", "pod a ip=10.0.0.2 phase=Running",
         "+default/10.0.0.2 -default/10.0.0.1 "},
        {"one more", "pod a ip=10.0.0.1 phase=Running", "pod a ip=10.0.0.1,fd00::1 phase=Running",
         "+default/10.0.0.1 +default/fd00::1 -default/10.0.0.1 "},
        {"it ends", "pod a ip=10.0.0.1 phase=Running", "pod a ip=10.0.0.1 phase=Failed", "-default/10.0.0.1 "},
        {"it is being deleted", "pod a ip=10.0.0.1 phase=Running", "pod a ip=10.0.0.1 phase=Running deleting", ""},
        {"it was being deleted when it was first seen", "pod a ip=10.0.0.1 phase=Running deleting",
         "pod a ip=10.0.0.2 phase=Running deleting", ""},
        {"and is gone", "pod a ip=10.0.0.1 phase=Running deleting", "delete pod a", ""},
        {"of one that does not count", "namespace default", "pod a labels=hidden:yes ip=10.0.0.1 phase=Running", ""},
        {"it counts from now on", "pod a labels=hidden:yes ip=10.0.0.1 phase=Running", "pod a ip=10.0.0.1 phase=Running",
         "+default/10.0.0.1 "},
        {"it does not count any more", "pod a ip=10.0.0.1 phase=Running", "pod a labels=hidden:yes ip=10.0.0.1 phase=Running",
         "-default/10.0.0.1 "},
        {"one that did not count is gone", "pod a labels=hidden:yes ip=10.0.0.1 phase=Running", "delete pod a", ""},
        {"it is gone", "pod a ip=10.0.0.1 phase=Running", "delete pod a", "-default/10.0.0.1 "},
        {"it did not come again", "pod a ip=10.0.0.1 phase=Running", "mark pod\nsweep pod", "-default/10.0.0.1 "},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof address_cases / sizeof address_cases[0]; i++) {
		struct world *w = world_new();
		world_play(w, address_cases[i].before);
		*w->log = '\0';
		w->tells_pods = true;
		world_play(w, address_cases[i].change);
		char *ns = strstr(w->log, "-default ");
		if (ns)
			*ns = '\0'; /* the namespace went with its last object */
		if (strcmp(w->log, address_cases[i].log) != 0)
			fail_msg("%s: said \"%s\" instead of \"%s\"", address_cases[i].what, w->log, address_cases[i].log);
		world_free(w);
	}
}

/* Who can't take the new address keeps the old one, and so does the store. */
static void test_addresses_refused(void **state)
{
	struct world *w = world_new();
	(void)state;
	world_play(w, "pod a ip=10.0.0.1 phase=Running");
	w->tells_pods = true;
	*w->log = '\0';
	w->refuse = 1;
	assert_int_equal(world_do(w, "pod a ip=10.0.0.2 phase=Running labels=x:y"), ERR_NOMEM);
	assert_string_equal(w->log, "");
	assert_int_equal(store_pod(w->store, "default", "a")->ips[0].octets[3], 1);
	w->refuse = 1;
	assert_int_equal(world_do(w, "pod b ip=10.0.0.2 phase=Running"), ERR_NOMEM);
	assert_null(store_pod(w->store, "default", "b"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_changes),
	        cmocka_unit_test(test_namespaces),
	        cmocka_unit_test(test_mark_and_sweep),
	        cmocka_unit_test(test_counts),
	        cmocka_unit_test(test_look_ups),
	        cmocka_unit_test(test_view),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_out_of_memory_in_a_flush),
	        cmocka_unit_test(test_refusing_callbacks),
	        cmocka_unit_test(test_new_out_of_memory),
	        cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_addresses_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
