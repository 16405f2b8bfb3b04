/* The input is what a client sends to the HTTP side: octets of one connection, cut in two where its first octet says. Whatever they are, what comes back is
 * nothing or begins as a response does. Who has said half a request, and no more, is waited for by the server, but not here. One listener, on loopback,
 * serves all inputs. */
#include "admin/admin.h"
#include "fuzz.h"
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN_MS  1
#define QUIET    3 /* turns without news: no more will come */
#define HEAD_LEN 7

static struct {
	struct admin *admin;
	atomic_bool wanted;
	struct sockaddr_in at;
} side;

static void on_wanted(void *arg)
{
	(void)arg;
	atomic_store(&side.wanted, true);
}

static void on_collect(void *arg, struct exposition *e)
{
	(void)arg;
	exposition_family(e, "x", METRIC_COUNTER, "y");
	exposition_count(e, NULL, 1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct admin_options options = {on_wanted, on_collect, NULL};
	struct admin_place place = {.pages = ADMIN_HEALTH | ADMIN_READY | ADMIN_METRICS};
	struct admin_change *change;
	struct admin_address at;
	unsigned pages;
	(void)argc;
	(void)argv;
	assert(!admin_address_parse("127.0.0.1:0", &place.address, NULL) && !admin_new(&options, &side.admin, NULL));
	assert(!admin_change_new(side.admin, &place, 1, &change, NULL));
	admin_change_apply(change);
	assert(admin_bound(side.admin, 0, &at, &pages));
	memcpy(&side.at, &at.sa, sizeof side.at);
	return 0;
}

static int open_connection(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct linger at_once = {1, 0}; /* so that no port is kept for a minute */
	assert(fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
	assert(!connect(fd, (const struct sockaddr *)&side.at, sizeof side.at));
	return fd;
}

/* The server may have closed it already. */
static void say(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

/* One turn of the control thread's. */
static bool has_news(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};
	if (atomic_exchange(&side.wanted, false))
		admin_collect(side.admin);
	return poll(&p, 1, TURN_MS) > 0;
}

/* What there is to be heard. */
static void hear(int fd)
{
	char bytes[4096], head[HEAD_LEN + 1] = "";
	size_t len = 0;
	for (unsigned quiet = 0; quiet < QUIET; quiet++) {
		ssize_t n = has_news(fd) ? recv(fd, bytes, sizeof bytes, 0) : 0;
		if (n < 0)
			break;
		for (ssize_t i = 0; i < n && len < HEAD_LEN; i++)
			head[len++] = bytes[i];
		if (n)
			quiet = 0;
	}
	assert(strncmp(head, "HTTP/1.", len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut;
	if (!size)
		return 0;
	cut = 1 + data[0] % size;
	int fd = open_connection();
	say(fd, data + 1, cut - 1);
	if (data[0] & 1)
		has_news(fd); /* it may have been read by then */
	say(fd, data + cut, size - cut);
	shutdown(fd, SHUT_WR);
	hear(fd);
	close(fd);
	return 0;
}
