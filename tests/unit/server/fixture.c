#include "fixture.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* --- the server --- */

static void on_replaced(void *arg, void *owner)
{
	struct fixture *f = arg;
	(void)owner;
	f->replaced++;
}

void start(struct fixture *f, const struct server_options *with)
{
	struct server_options o = *with;
	memset(f, 0, sizeof *f);
	o.workers = o.workers ? o.workers : 1;
	o.loop = &f->loop;
	o.on_replaced = on_replaced;
	o.arg = f;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(server_new(&o, &f->server, NULL), OK);
}

enum err add(struct fixture *f, const struct step_kind *kind, unsigned count)
{
	struct server_step steps[STEPS_MAX];
	struct net_address at;
	struct name name;
	const struct server_place place = {.zones = {&name, 1}, .addresses = &at, .address_count = 1};
	const struct server_block block = {.places = &place,
	                                   .place_count = 1,
	                                   .steps = steps,
	                                   .step_count = count,
	                                   .counted = f->counted,
	                                   .named = f->named,
	                                   .errors = f->errors,
	                                   .log = f->log,
	                                   .ede = true};
	assert_int_equal(name_from_text(&name, "test", 4), OK);
	assert_int_equal(net_address_parse("0.0.0.0:0", &at, NULL), OK);
	for (unsigned i = 0; i < count; i++) {
		late_init(&f->late[f->late_count]);
		steps[i] = (struct server_step){kind, &f->late[f->late_count++], true};
	}
	return server_add_block(f->server, &block, NULL);
}

void serve(struct fixture *f, const struct step_kind *kind, unsigned count)
{
	assert_int_equal(add(f, kind, count), OK);
	assert_int_equal(server_adopt(f->server, NULL, NULL), OK);
}

void stop(struct fixture *f)
{
	server_stop(f->server);
	end(f);
}

void end(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	server_free(f->server);
	for (unsigned i = 0; i < f->late_count; i++) {
		assert_int_equal(atomic_load(&f->late[i].freed), 1);
		late_clear(&f->late[i]);
	}
}

/* --- clients --- */

int client(const struct fixture *f, int type, unsigned n)
{
	unsigned count;
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101 + n)};
	struct sockaddr_in to = *(const struct sockaddr_in *)&server_addresses(f->server, &count)[0].sa;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = htonl(0x7f000001);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static size_t question(uint8_t *out, uint16_t id, const char *name)
{
	static const uint8_t header[] = {1, 0, 0, 1, 0, 0, 0, 0, 0, 1}, opt[] = {0, 0, DNS_TYPE_OPT, 4, 0xd0, 0, 0, 0, 0, 0, 0};
	struct wire_writer w = {.bytes = out, .limit = 512};
	struct name n;
	assert_int_equal(name_from_text(&n, name, strlen(name)), OK);
	wire_put_u16(&w, id);
	wire_put_bytes(&w, header, sizeof header);
	wire_put_name(&w, &n);
	wire_put_u16(&w, DNS_TYPE_A);
	wire_put_u16(&w, DNS_CLASS_IN);
	wire_put_bytes(&w, opt, sizeof opt);
	return w.len;
}

void send_octets(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

void ask(int fd, uint16_t id, const char *name)
{
	uint8_t bytes[512];
	size_t len = question(bytes, id, name);
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

void ask_tcp(int fd, uint16_t id, const char *name)
{
	uint8_t bytes[514] = {0};
	size_t len = question(bytes + 2, id, name);
	bytes[1] = (uint8_t)len;
	assert_true(len < 256);
	assert_int_equal(send(fd, bytes, len + 2, MSG_NOSIGNAL), len + 2);
}

/* Our OPT stands at the end, and an extended error in it. */
static struct reply read_reply(struct reply r)
{
	assert_true(r.len >= DNS_HEADER_LEN);
	r.id = (uint16_t)(r.bytes[0] << 8 | r.bytes[1]);
	r.rcode = r.bytes[3] & 15;
	r.answers = r.bytes[7];
	r.ede = -1;
	for (size_t i = DNS_HEADER_LEN; i + 6 < r.len; i++) {
		if (r.bytes[i] == 0 && r.bytes[i + 1] == 15 && i + 4u + r.bytes[i + 3] == r.len && r.bytes[i + 3] > 2)
			r.ede = r.bytes[i + 4] << 8 | r.bytes[i + 5];
	}
	return r;
}

struct reply reply(int fd)
{
	struct reply r;
	ssize_t len = recv(fd, r.bytes, sizeof r.bytes, 0);
	assert_true(len > 0);
	r.len = (size_t)len;
	return read_reply(r);
}

struct reply reply_tcp(int fd)
{
	struct reply r;
	uint8_t head[2];
	assert_int_equal(recv(fd, head, 2, MSG_WAITALL), 2);
	r.len = head[1];
	assert_int_equal(recv(fd, r.bytes, r.len, MSG_WAITALL), r.len);
	return read_reply(r);
}
