#include "base/mono.h"
#include "io/addr.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define REACH_WITHIN_NS NS_PER_S

/* Connections under way, one for each address of a list. */
struct attempts {
	struct pollfd fds[ADDR_MAX]; /* fd -1: refused, or failed otherwise */
	bool accepted[ADDR_MAX];
	int count;
};

static int start_connect(const struct addr *a)
{
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Done at once or not: poll says POLLOUT in both cases. */
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

static void start_all(struct attempts *t, const struct addr *list, int count)
{
	*t = (struct attempts){.count = count};
	for (int i = 0; i < count; i++)
		t->fds[i] = (struct pollfd){.fd = start_connect(&list[i]), .events = POLLOUT};
}

static void drop(struct pollfd *attempt)
{
	if (attempt->fd >= 0)
		close(attempt->fd);
	attempt->fd = -1; /* poll passes over it */
	attempt->revents = 0;
}

/* Takes in what poll reported. */
static void settle(struct attempts *t)
{
	for (int i = 0; i < t->count; i++) {
		if (!t->fds[i].revents)
			continue;
		int error = 0;
		socklen_t len = sizeof error;
		if (getsockopt(t->fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			error = errno;
		t->accepted[i] = error == 0;
		drop(&t->fds[i]);
	}
}

/* The first that accepted; -1 where none did. With `final` unset also -1 while one further up in
 * the list may still accept. */
static int best(const struct attempts *t, bool final)
{
	for (int i = 0; i < t->count; i++) {
		if (t->accepted[i])
			return i;
		if (t->fds[i].fd >= 0 && !final)
			return -1;
	}
	return -1;
}

static bool any_pending(const struct attempts *t)
{
	for (int i = 0; i < t->count; i++)
		if (t->fds[i].fd >= 0)
			return true;
	return false;
}

/* Waits until the choice is certain or the time is up. */
static void await(struct attempts *t, uint64_t until_ns)
{
	uint64_t now;
	while (any_pending(t) && best(t, false) < 0 && (now = mono_ns()) < until_ns) {
		int wait_ms = (int)((until_ns - now + NS_PER_MS - 1) / NS_PER_MS);
		int ready = poll(t->fds, (nfds_t)t->count, wait_ms);
		if (ready < 0 && errno != EINTR)
			return;
		if (ready > 0)
			settle(t);
	}
}

const struct addr *addr_reachable(const struct addr *list, int count)
{
	assert(count >= 1 && count <= ADDR_MAX);
	if (count == 1)
		return list;
	struct attempts t;
	start_all(&t, list, count);
	await(&t, mono_ns() + REACH_WITHIN_NS);
	int chosen = best(&t, true);
	for (int i = 0; i < count; i++)
		drop(&t.fds[i]);
	return &list[chosen < 0 ? 0 : chosen];
}
