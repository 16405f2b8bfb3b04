/* `forward` at work in a server of one worker, before an upstream on loopback that answers every question; also where memory is short. */
#include "dns/response.h"
#include "fail_alloc.h"
#include "forward.h"
#include "server/server.h"
#include "steps/steps.h"
#include "unit.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define ID          0x1234

/* --- an upstream --- */

struct upstream_thread {
	int fd;
	uint16_t port;
	pthread_t thread;
};

/* One A record of TTL 60 for the name of the question. */
static size_t answer(uint8_t *bytes, size_t len)
{
	static const uint8_t record[] = {0xc0, DNS_HEADER_LEN, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
	struct request r;
	if (request_parse(&r, bytes, len) != REQUEST_OK)
		return 0;
	len = DNS_HEADER_LEN + (size_t)r.question_len;
	wire_store_u16(bytes + 2, DNS_QR | DNS_RD | DNS_RA);
	wire_store_u16(bytes + 6, 1);
	wire_store_u16(bytes + 8, 0);
	wire_store_u16(bytes + 10, 0);
	memcpy(bytes + len, record, sizeof record);
	return len + sizeof record;
}

/* Until an empty datagram comes. */
static void *run_upstream(void *arg)
{
	const struct upstream_thread *u = arg;
	for (;;) {
		uint8_t bytes[1024];
		struct sockaddr_in from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(u->fd, bytes, 512, 0, (struct sockaddr *)&from, &from_len);
		if (n <= 0)
			return NULL;
		size_t len = answer(bytes, (size_t)n);
		if (len)
			sendto(u->fd, bytes, len, 0, (struct sockaddr *)&from, from_len);
	}
}

static int loopback_socket(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void upstream_begin(struct upstream_thread *u)
{
	u->fd = loopback_socket(&u->port);
	assert_int_equal(pthread_create(&u->thread, NULL, run_upstream, u), 0);
}

static void send_to(int fd, uint16_t port, const void *bytes, size_t len)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(sendto(fd, bytes, len, 0, (const struct sockaddr *)&at, sizeof at), len);
}

static void upstream_end(struct upstream_thread *u)
{
	uint16_t port;
	int fd = loopback_socket(&port);
	send_to(fd, u->port, "", 0);
	close(fd);
	pthread_join(u->thread, NULL);
	close(u->fd);
}

/* --- a server before it --- */

struct fixture {
	struct upstream_thread upstream;
	struct corefile corefile;
	struct forwarding *forwarding;
	struct server *server;
	int client;
	uint16_t port;
};

static void read_corefile(struct fixture *f, const char *more)
{
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct diag d;
	char text[256];
	snprintf(text, sizeof text, ". {\n forward . 127.0.0.1:%u\n %s\n}\n", f->upstream.port, more);
	if (corefile_parse(text, strlen(text), "f", &options, &f->corefile, &d))
		fail_msg("%s", d.text);
}

static const struct forward_values *forward_of(const struct fixture *f)
{
	return corefile_values(&f->corefile.blocks[0], DIRECTIVE_FORWARD);
}

static const struct cache_values *cache_of(const struct fixture *f)
{
	return corefile_values(&f->corefile.blocks[0], DIRECTIVE_CACHE);
}

static void adopt(struct fixture *f)
{
	const struct steps_options options = {.block = &f->corefile.blocks[0], .forwarding = f->forwarding, .explain = true};
	struct net_address at = {0};
	struct server_step steps[STEPS_MAX];
	struct diag d;
	*(struct sockaddr_in *)&at.sa = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct server_place place = {.addresses = &at, .address_count = 1};
	struct server_block block = {.places = &place, .place_count = 1, .steps = steps, .ede = true};
	assert_int_equal(steps_new(&options, steps, &block.step_count), OK);
	assert_int_equal(server_add_block(f->server, &block, &d), OK);
	assert_int_equal(server_adopt(f->server, NULL, &d), OK);
}

static void begin(struct fixture *f, const char *more)
{
	const struct server_options options = {.workers = 1};
	unsigned count;
	uint16_t port;
	struct diag d;
	memset(f, 0, sizeof *f);
	assert_int_equal(forwarding_begin(), OK);
	upstream_begin(&f->upstream);
	read_corefile(f, more);
	assert_int_equal(forwarding_new(forward_of(f), cache_of(f), &f->forwarding, NULL), OK);
	assert_int_equal(server_new(&options, &f->server, &d), OK);
	adopt(f);
	f->port = ntohs(((const struct sockaddr_in *)&server_addresses(f->server, &count)[0].sa)->sin_port);
	f->client = loopback_socket(&port);
}

static void end(struct fixture *f)
{
	close(f->client);
	server_free(f->server);
	forwarding_unref(f->forwarding);
	corefile_free(&f->corefile);
	upstream_end(&f->upstream);
	forwarding_end();
}

/* The rcode of what comes back; the response is good until the next call. */
static uint16_t ask(struct fixture *f, const char *text, struct response *r)
{
	static uint8_t bytes[1232];
	struct name name;
	assert_int_equal(name_from_text(&name, text, strlen(text)), OK);
	const struct outgoing query = {.id = ID,
	                               .flags = DNS_RD,
	                               .qname = name.wire,
	                               .qname_len = name.len,
	                               .qtype = DNS_TYPE_A,
	                               .qclass = DNS_CLASS_IN,
	                               .edns = true,
	                               .edns_udp_size = sizeof bytes};
	struct pollfd waits = {f->client, POLLIN, 0};
	send_to(f->client, f->port, bytes, request_write(bytes, sizeof bytes, &query));
	assert_int_equal(poll(&waits, 1, PATIENCE_MS), 1);
	ssize_t n = recv(f->client, bytes, sizeof bytes, 0);
	assert_true(n > 0);
	assert_int_equal(response_parse(r, bytes, (size_t)n), RESPONSE_OK);
	assert_int_equal(r->id, ID);
	return r->rcode;
}

/* --- tests --- */

static void test_answers(void **state)
{
	struct fixture f;
	struct response r;
	(void)state;
	begin(&f, "cache");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask(&f, "Example.Org", &r), DNS_NOERROR);
		assert_int_equal(r.counts[DNS_ANSWER], 1);
		assert_true(r.flags & DNS_RA);
	}
	end(&f);
}

/* One question each of a fresh worker: there is an answer, or SERVFAIL, and the next one has an answer. */
static void check_short_of_memory(const char *more)
{
	bool hit = true;
	for (unsigned n = 1; hit; n++) {
		struct fixture f;
		struct response r;
		begin(&f, more);
		fail_alloc_at(n);
		uint16_t rcode = ask(&f, "a.example", &r);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(rcode == DNS_NOERROR || (hit && rcode == DNS_SERVFAIL));
		assert_int_equal(ask(&f, "b.example", &r), DNS_NOERROR);
		end(&f);
	}
}

static void test_short_of_memory(void **state)
{
	(void)state;
	check_short_of_memory("");
	check_short_of_memory("cache");
}

static void test_made_without_memory(void **state)
{
	struct fixture f;
	bool hit = true;
	(void)state;
	begin(&f, "cache {\n disable denial a b\n }\n forward a 192.0.2.1 {\n except b.a\n }");
	for (unsigned n = 1; hit; n++) {
		struct forwarding *made;
		fail_alloc_at(n);
		enum err err = forwarding_new(forward_of(&f), cache_of(&f), &made, NULL);
		hit = fail_alloc_hit();
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_true(hit == !made);
		forwarding_unref(made);
	}
	fail_alloc_at(1);
	struct server_step step;
	assert_int_equal(forward_step_new(&(struct forward_step_options){.forwarding = f.forwarding}, &step), ERR_NOMEM);
	fail_alloc_at(0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_short_of_memory),
	        cmocka_unit_test(test_made_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
