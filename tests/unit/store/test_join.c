#include "unit.h"
#include "world.h"
#include <stdio.h>
#include <string.h>

/* Numbers are those of the list of what the EndpointSlice controller does (k8s.io/endpointslice). */
static const struct {
	const char *what, *objects, *want;
} cases[] = {
        /* 1: selectors */
        {"no selector: no join", "svc s headless port=web:80\npod p labels=app:a ip=10.1.0.1 ready", "default/s:\n"},
        {"ExternalName: no join", "svc s external=example.org sel=app:a\npod p labels=app:a ip=10.1.0.1 ready", "default/s:\n"},
        {"every pair must match", "svc s headless sel=app:a,tier:x\npod p labels=app:a ip=10.1.0.1 ready", "default/s:\n"},
        {"more labels than pairs match", "svc s headless sel=app:a\npod p labels=zone:b,app:a,aaa:c ip=10.1.0.1 ready",
         "default/s: p ready 10.1.0.1\n"},
        {"a missing label is not the empty one",
         "svc s headless sel=app:\npod p labels=tier:x ip=10.1.0.1 ready\npod q labels=app: ip=10.1.0.2 ready",
         "default/s: q ready 10.1.0.2\n"},
        {"labels compare with case", "svc s headless sel=app:a\npod p labels=app:A ip=10.1.0.1 ready", "default/s:\n"},
        {"a pod without labels is nobody's", "svc s headless sel=app:a\npod p ip=10.1.0.1 ready", "default/s:\n"},
        {"other namespaces' pods do not match", "svc s headless sel=app:a\npod other/p labels=app:a ip=10.1.0.1 ready", "default/s:\n"},
        {"one pod, several Services", "svc s headless sel=app:a\nsvc t headless sel=tier:x\npod p labels=app:a,tier:x ip=10.1.0.1 ready",
         "default/s: p ready 10.1.0.1\ndefault/t: p ready 10.1.0.1\n"},
        {"Service before pod or after, the same", "pod p labels=app:a ip=10.1.0.1 ready\nflush\nsvc s headless sel=app:a",
         "default/s: p ready 10.1.0.1\n"},

        /* 2: which pods */
        {"Succeeded and Failed are out",
         "svc s headless sel=app:a publish\npod p labels=app:a ip=10.1.0.1 ready phase=Succeeded\npod q labels=app:a ip=10.1.0.2 ready "
         "phase=Failed",
         "default/s:\n"},
        {"Unknown and Pending are in",
         "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready phase=Unknown\npod q labels=app:a ip=10.1.0.2 phase=Pending",
         "default/s: p ready 10.1.0.1; q not-ready 10.1.0.2\n"},
        {"no address: it exists, not ready", "svc s headless sel=app:a\npod p labels=app:a phase=Pending host=p sub=s",
         "default/s: p not-ready @p\n"},
        {"no address: not ready even if published", "svc s headless publish sel=app:a\npod p labels=app:a phase=Pending",
         "default/s: p not-ready\n"},
        {"no address, being deleted", "svc s headless publish sel=app:a\npod p labels=app:a phase=Pending deleting",
         "default/s: p terminating\n"},

        /* 3: ready */
        {"ready is the Ready condition; missing is false", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1",
         "default/s: p not-ready 10.1.0.1\n"},
        {"being deleted is not ready", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready deleting",
         "default/s: p terminating 10.1.0.1\n"},
        {"publishNotReadyAddresses: all are",
         "svc s headless publish sel=app:a\npod p labels=app:a ip=10.1.0.1\npod q labels=app:a ip=10.1.0.2 deleting\npod r labels=app:a "
         "ip=10.1.0.3 ready",
         "default/s: p ready 10.1.0.1; q ready 10.1.0.2; r ready 10.1.0.3\n"},

        /* 4, 5: families and addresses */
        {"headless, families unset: both", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1,fd00::1 ready",
         "default/s: p ready 10.1.0.1 fd00::1\n"},
        {"one family asked, the other never leaks", "svc s headless families=6 sel=app:a\npod p labels=app:a ip=10.1.0.1,fd00::1 ready",
         "default/s: p ready fd00::1\n"},
        {"both families asked", "svc s headless families=46 sel=app:a\npod p labels=app:a ip=fd00::1,10.1.0.1 ready",
         "default/s: p ready fd00::1 10.1.0.1\n"},
        {"unset: the clusterIP's family", "svc s ip=10.0.0.9 sel=app:a\npod p labels=app:a ip=fd00::1,10.1.0.1 ready",
         "default/s: p ready 10.1.0.1\n"},
        {"unset: both clusterIPs' families", "svc s ip=fd00:9::9,10.0.0.9 sel=app:a\npod p labels=app:a ip=10.1.0.1,fd00::1 ready",
         "default/s: p ready 10.1.0.1 fd00::1\n"},
        {"unset and no clusterIP yet: both", "svc s sel=app:a\npod p labels=app:a ip=10.1.0.1,fd00::1 ready",
         "default/s: p ready 10.1.0.1 fd00::1\n"},
        {"no address of the family: not there", "svc s headless families=6 sel=app:a\npod p labels=app:a ip=10.1.0.1 ready",
         "default/s:\n"},
        {"addresses are canonical", "svc s headless sel=app:a\npod p labels=app:a ip=FD00:0:0::0001 ready", "default/s: p ready fd00::1\n"},
        {"all addresses of the family", "svc s headless families=4 sel=app:a\npod p labels=app:a ip=10.1.0.1,10.1.0.2 ready",
         "default/s: p ready 10.1.0.1 10.1.0.2\n"},
        {"also after one of another", "svc s headless families=4 sel=app:a\npod p labels=app:a ip=fd00::1,10.1.0.1 ready",
         "default/s: p ready 10.1.0.1\n"},

        /* 7, 14: ports */
        {"a number is the port", "svc s headless sel=app:a port=web:80:8080\npod p labels=app:a ip=10.1.0.1 ready",
         "default/s: p ready 10.1.0.1 web=8080/TCP\n"},
        {"no target: the Service's own", "svc s headless sel=app:a port=web:80\npod p labels=app:a ip=10.1.0.1 ready",
         "default/s: p ready 10.1.0.1 web=80/TCP\n"},
        {"a name, resolved for each pod",
         "svc s headless sel=app:a port=web:80:http\npod p labels=app:a ip=10.1.0.1 ready port=http:8080\npod q labels=app:a ip=10.1.0.2 "
         "ready port=http:9090\n"
         "pod r labels=app:a ip=10.1.0.3 ready port=x:1 port=http:8080",
         "default/s: p ready 10.1.0.1 web=8080/TCP; q ready 10.1.0.2 web=9090/TCP; r ready 10.1.0.3 web=8080/TCP\n"},
        {"the first of that name",
         "svc s headless sel=app:a port=web:80:http\npod p labels=app:a ip=10.1.0.1 ready port=http:1 port=http:2",
         "default/s: p ready 10.1.0.1 web=1/TCP\n"},
        {"the protocol must match too",
         "svc s headless sel=app:a port=dns:53:dns:UDP\npod p labels=app:a ip=10.1.0.1 ready port=dns:1053:TCP port=dns:2053:UDP",
         "default/s: p ready 10.1.0.1 dns=2053/UDP\n"},
        {"unresolved: that port is left out, the pod stays",
         "svc s headless sel=app:a port=web:80:http port=db:1\npod p labels=app:a ip=10.1.0.1 ready port=other:8080\npod q labels=app:a "
         "ip=10.1.0.2 ready",
         "default/s: p ready 10.1.0.1 db=1/TCP; q ready 10.1.0.2 db=1/TCP\n"},
        {"no ports at all", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready port=http:1", "default/s: p ready 10.1.0.1\n"},
        {"a port without a name", "svc s headless sel=app:a port=:80\npod p labels=app:a ip=10.1.0.1 ready",
         "default/s: p ready 10.1.0.1 =80/TCP\n"},

        /* 8: hostnames */
        {"hostname and subdomain", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready host=web-0 sub=s",
         "default/s: p ready 10.1.0.1 @web-0\n"},
        {"another subdomain", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready host=web-0 sub=t",
         "default/s: p ready 10.1.0.1\n"},
        {"no subdomain", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready host=web-0", "default/s: p ready 10.1.0.1\n"},
        {"no hostname", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready sub=s", "default/s: p ready 10.1.0.1 @\n"},
        {"empty hostname", "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready host= sub=s", "default/s: p ready 10.1.0.1 @\n"},
        {"hostname in two Services",
         "svc s headless sel=app:a\nsvc t headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready host=h sub=t",
         "default/s: p ready 10.1.0.1\ndefault/t: p ready 10.1.0.1 @h\n"},

        /* 9: duplicates, order */
        {"duplicate addresses and hostnames are all kept",
         "svc s headless sel=app:a\npod p labels=app:a ip=10.1.0.1 ready host=h sub=s\npod q labels=app:a ip=10.1.0.1 ready host=h sub=s",
         "default/s: p ready 10.1.0.1 @h; q ready 10.1.0.1 @h\n"},
        {"pods by name, then slices by name, however they came",
         "svc s headless sel=app:a\nslice z of=s ep=10.9.0.2\npod q labels=app:a ip=10.1.0.1 ready\nslice b of=s ep=10.9.0.1\npod p "
         "labels=app:a ip=10.1.0.2 ready",
         "default/s: p ready 10.1.0.2; q ready 10.1.0.1; - ready 10.9.0.1; - ready 10.9.0.2\n"},

        /* 10: slices */
        {"the controller's slices are ours to compute", "svc s headless sel=app:a\nslice x of=s controller ep=10.9.0.1", "default/s:\n"},
        {"but count where there is no selector", "svc s headless\nslice x of=s controller ep=10.9.0.1", "default/s: - ready 10.9.0.1\n"},
        {"and not for ExternalName", "svc s external=example.org\nslice x of=s ep=10.9.0.1\nendpoints s ep=10.9.0.2", "default/s:\n"},
        {"foreign slices add to the join; publishNotReady is not for them",
         "svc s headless publish sel=app:a\npod p labels=app:a ip=10.1.0.1\nslice x of=s port=web:80 ep=10.9.0.1,notready "
         "ep=10.9.0.2,host=h,pod=far",
         "default/s: p ready 10.1.0.1; - not-ready 10.9.0.1 web=80/TCP; far ready 10.9.0.2 @h web=80/TCP\n"},
        {"slices say addresses of any family", "svc s headless families=4\nslice x of=s ep=fd00::1", "default/s: - ready fd00::1\n"},
        {"several addresses of an endpoint", "svc s headless\nslice x of=s ep=10.9.0.1+10.9.0.2", "default/s: - ready 10.9.0.1 10.9.0.2\n"},
        {"a port without a number has no SRV", "svc s headless\nslice x of=s port=any port=web:80 ep=10.9.0.1",
         "default/s: - ready 10.9.0.1 web=80/TCP\n"},
        {"a slice of no Service", "svc s headless\nslice s-1 ep=10.9.0.1", "default/s:\n"},
        {"a slice of another namespace's Service", "svc s headless\nslice other/x of=s ep=10.9.0.1", "default/s:\n"},
        {"a slice whose Service does not exist", "slice x of=s ep=10.9.0.1", ""},
        {"the slice was first", "slice x of=s ep=10.9.0.1\nflush\nsvc s headless", "default/s: - ready 10.9.0.1\n"},

        /* 11: Endpoints */
        {"Endpoints where there is no selector", "svc s headless\nendpoints s port=web:80 ep=10.9.0.1 ep=10.9.0.2,notready",
         "default/s: - ready 10.9.0.1 web=80/TCP; - not-ready 10.9.0.2 web=80/TCP\n"},
        {"not with one", "svc s headless sel=app:a\nendpoints s ep=10.9.0.1", "default/s:\n"},
        {"not with skip-mirror", "svc s headless\nendpoints s skip ep=10.9.0.1", "default/s:\n"},
        {"not where a slice exists", "svc s headless\nendpoints s ep=10.9.0.1\nslice x of=s", "default/s:\n"},
        {"not of another name", "svc s headless\nendpoints t ep=10.9.0.1", "default/s:\n"},
};

static void test_endpoints(void **state)
{
	char got[WORLD_TEXT];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = world_new();
		world_play(w, cases[i].objects);
		world_state(w, got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%sinstead of\n%s", cases[i].what, got, cases[i].want);
		world_free(w);
	}
}

struct shared {
	const struct endpoint_port *ports[3];
};

static enum err on_changed(void *arg, const struct service_view *view)
{
	struct shared *shared = arg;
	assert_int_equal(view->count, 3);
	for (size_t i = 0; i < 3; i++)
		shared->ports[i] = view->endpoints[i].ports;
	return OK;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	(void)arg;
	fail_msg("%s %s/%s is gone", object_kind_name(kind), ns, name);
}

static enum err on_namespace(void *arg, const char *ns, bool exists)
{
	(void)arg;
	(void)ns;
	assert_true(exists);
	return OK;
}

/* p and r have one template, q has another, whose ports matter only where a target is a name. */
static const struct {
	const char *target;
	bool q_shares;
} sharing[] = {{"http", false}, {"8080", true}};

static void test_ports_are_shared(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sharing) / sizeof(sharing[0]); i++) {
		struct shared shared = {0};
		struct store_callbacks callbacks = {on_changed, on_gone, on_namespace, NULL, NULL, &shared};
		struct world *w = world_new();
		char lines[512];
		store_free(w->store);
		w->store = store_new(w->pool, &callbacks);
		assert_non_null(w->store);
		snprintf(lines, sizeof(lines),
		         "svc s headless sel=app:a port=web:80:%s\npod p labels=app:a ip=10.1.0.1 ready port=http:1\n"
		         "pod q labels=app:a ip=10.1.0.2 ready port=http:2\npod r labels=app:a ip=10.1.0.3 port=http:1",
		         sharing[i].target);
		world_play(w, lines);
		assert_ptr_equal(shared.ports[0], shared.ports[2]);
		assert_int_equal(shared.ports[0] == shared.ports[1], sharing[i].q_shares);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_endpoints),
	        cmocka_unit_test(test_ports_are_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
