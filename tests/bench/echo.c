/* echo - the floor under every DNS server on this kernel: one thread, one socket, batches in and out, QR set and nothing else done.
 * What a server costs above this is its own. Not robust, not for use: it serves benchmarks.
 * echo [PORT]  on 127.0.0.1, default 1054; prints the port when it is ready; ends on SIGTERM. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BATCH       32 /* as NET_BATCH */
#define MESSAGE_MAX 4096

struct slot {
	struct sockaddr_in client;
	struct iovec iov;
	unsigned char bytes[MESSAGE_MAX];
};

static int listen_on(unsigned short port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int room = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) || getsockname(fd, (struct sockaddr *)&at, &len)) {
		perror("echo: cannot listen");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	printf("%u\n", (unsigned)ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	static struct slot slots[BATCH];
	struct mmsghdr batch[BATCH] = {0};
	int fd = listen_on((unsigned short)(argc > 1 ? strtoul(argv[1], NULL, 10) : 1054));
	for (int i = 0; i < BATCH; i++) {
		batch[i].msg_hdr.msg_name = &slots[i].client;
		batch[i].msg_hdr.msg_namelen = sizeof(slots[i].client);
		batch[i].msg_hdr.msg_iov = &slots[i].iov;
		batch[i].msg_hdr.msg_iovlen = 1;
		slots[i].iov = (struct iovec){slots[i].bytes, MESSAGE_MAX};
	}
	for (;;) {
		int n = recvmmsg(fd, batch, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			slots[i].bytes[2] |= 0x80;
			slots[i].iov.iov_len = batch[i].msg_len;
		}
		for (int sent = 0; sent < n;) {
			int went = sendmmsg(fd, batch + sent, (unsigned)(n - sent), 0);
			sent += went > 0 ? went : 1;
		}
		for (int i = 0; i < n; i++)
			slots[i].iov.iov_len = MESSAGE_MAX;
	}
}
