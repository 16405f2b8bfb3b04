#include "fail_call.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

static struct {
	atomic_int error;
	atomic_uint left;
} planned[CALLS];

void fail_call(enum call c, int error, unsigned times)
{
	atomic_store(&planned[c].error, error);
	atomic_store(&planned[c].left, times);
}

unsigned fail_call_left(enum call c)
{
	return atomic_load(&planned[c].left);
}

static bool fails(enum call c)
{
	unsigned left = atomic_load(&planned[c].left);
	while (left && !atomic_compare_exchange_weak(&planned[c].left, &left, left - 1))
		;
	if (left)
		errno = atomic_load(&planned[c].error);
	return left;
}

int __real_bind(int fd, const struct sockaddr *a, socklen_t len);
int __real_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
int __real_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout);
int __real_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);
int __wrap_bind(int fd, const struct sockaddr *a, socklen_t len);
int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
int __wrap_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout);
int __wrap_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);

int __wrap_bind(int fd, const struct sockaddr *a, socklen_t len)
{
	return fails(CALL_BIND) ? -1 : __real_bind(fd, a, len);
}

int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
	return fails(CALL_ACCEPT) ? -1 : __real_accept4(fd, a, len, flags);
}

int __wrap_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout)
{
	return fails(CALL_RECVMMSG) ? -1 : __real_recvmmsg(fd, v, n, flags, timeout);
}

int __wrap_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags)
{
	return fails(CALL_SENDMMSG) ? -1 : __real_sendmmsg(fd, v, n, flags);
}
