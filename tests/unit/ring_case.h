/* One ring against plain sockets of the same thread, for the tests of io/ring. What the ring
 * does not do within five seconds counts as never done. */
#ifndef BRINK_TESTS_RING_CASE_H
#define BRINK_TESTS_RING_CASE_H

#include "base/mono.h"
#include "io/ring.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_NS (5 * NS_PER_S)

/* Values of BRINK_DISABLE: nothing, each feature, all of them. */
static const char *const ring_variants[] = {
	"",
	"defer",
	"coop",
	"ringfd",
	"extarg",
	"minwait",
	"skip",
	"direct",
	"bufring",
	"multishot",
	"accept",
	"fixed",
	"bind",
	"portrange",
	"defer,coop",
	"defer,coop,ringfd,extarg,minwait,skip,direct,bind,portrange,bufring,multishot,accept,"
	"fixed",
};
#define RING_VARIANTS ((int)(sizeof ring_variants / sizeof *ring_variants))

static struct ring *ring;
static struct err err;
static int listener;
static struct sockaddr_in here;

static inline void case_open(struct ring_config config, int variant)
{
	setenv("BRINK_DISABLE", ring_variants[variant], 1);
	ck_assert_msg(!ring_open(&ring, &config, &err), "%s: %s", err.text, err.hint);
}

static inline void case_listen(void)
{
	const struct timeval patience = {.tv_sec = 5};
	socklen_t len = sizeof here;
	here = (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&here, sizeof here), 0);
	ck_assert_int_eq(listen(listener, 128), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&here, &len), 0);
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/* SIGPIPE is the program's to ignore: a fixed send is a write, which knows no MSG_NOSIGNAL. */
static inline void case_start(void)
{
	signal(SIGPIPE, SIG_IGN);
	err = (struct err){0};
	ring = NULL;
	case_listen();
}

static inline void case_end(void)
{
	ring_free(ring);
	close(listener);
	unsetenv("BRINK_DISABLE");
}

/* --- the ring's side -------------------------------------------------------------------- */

static inline bool case_has(const char *feature)
{
	unsigned count;
	const struct ring_feature *f = ring_features(ring, &count);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(f[i].name, feature) == 0)
			return f[i].found && !f[i].disabled;
	ck_abort_msg("no feature %s", feature);
	return false;
}

static inline void case_turn(uint64_t until_ns)
{
	int result = ring_turn(ring, (struct ring_wait){.until_ns = until_ns});
	ck_assert_msg(result == 0, "ring_turn: %s", strerror(-result));
}

/* The next event of any kind; false where none comes by then. The caller says ring_done. */
static inline bool case_event_by(struct ring_event *ret, uint64_t until_ns)
{
	while (!ring_next(ring, ret)) {
		if (mono_ns() >= until_ns)
			return false;
		case_turn(until_ns);
	}
	return true;
}

static inline struct ring_event case_event(void)
{
	struct ring_event e;
	ck_assert_msg(case_event_by(&e, mono_ns() + PATIENCE_NS), "no event within 5 s");
	return e;
}

/* The next event, which must be this one. */
static inline struct ring_event case_expect(enum ring_op op, uint32_t slot)
{
	struct ring_event e = case_event();
	ck_assert_msg(e.op == op && e.slot == slot, "op %d of slot %u (%d) instead of op %d of %u",
		      (int)e.op, e.slot, (int)e.res, (int)op, slot);
	return e;
}

/* All data of the slot up to `len` bytes, armed again as often as need be. */
static inline void case_receive(uint32_t slot, char *out, size_t len)
{
	for (size_t got = 0; got < len;) {
		struct ring_event e = case_expect(RING_RECEIVED, slot);
		ck_assert_msg(e.res > 0 || e.res == -ENOBUFS, "after %zu bytes: %d", got,
			      (int)e.res);
		ck_assert_uint_le(got + e.data.len, len);
		if (e.data.len)
			memcpy(out + got, e.data.ptr, e.data.len);
		got += e.data.len;
		ring_done(ring, &e);
		if (!e.armed)
			ck_assert(ring_receive(ring, slot));
	}
}

static inline void case_dial(uint32_t slot)
{
	struct ring_dial to = {.to = (const struct sockaddr *)&here, .to_len = sizeof here};
	ck_assert(ring_dial(ring, slot, &to));
}

static inline void case_close(uint32_t slot, bool reset)
{
	ring_close(ring, slot, reset);
	case_expect(RING_CLOSED, slot);
}

/* --- the peer's side -------------------------------------------------------------------- */

static inline void peer_patience(int fd)
{
	const struct timeval patience = {.tv_sec = 5};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/* The ring's own work may interrupt a call of this thread that blocks. */
static inline ssize_t peer_recv(int fd, void *out, size_t len, int flags)
{
	ssize_t n;
	do
		n = recv(fd, out, len, flags);
	while (n < 0 && errno == EINTR);
	return n;
}

static inline int peer_accept(void)
{
	int fd;
	do
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	ck_assert_msg(fd >= 0, "accept: %s", strerror(errno));
	peer_patience(fd);
	return fd;
}

static inline int peer_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_msg(fd >= 0, "socket: %s", strerror(errno));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&here, sizeof here), 0);
	peer_patience(fd);
	return fd;
}

static inline void peer_send(int fd, const void *bytes, size_t len)
{
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Gives the ring a turn first, so that what is queued goes out. */
static inline void peer_expect(int fd, const char *text)
{
	char got[64] = "";
	size_t len = strlen(text);
	ck_assert_uint_lt(len, sizeof got);
	case_turn(0);
	ssize_t n = peer_recv(fd, got, len, MSG_WAITALL);
	ck_assert_msg(n == (ssize_t)len && strcmp(got, text) == 0, "\"%s\" (%d) instead of \"%s\"",
		      got, n < 0 ? -errno : (int)n, text);
}

/* Dials a slot and returns the peer's end. */
static inline int case_connect(uint32_t slot)
{
	case_dial(slot);
	ck_assert_int_eq(case_expect(RING_OPENED, slot).res, 0);
	return peer_accept();
}

/* Turns the ring until the peer's end is readable. */
static inline bool peer_readable_by(int fd, uint64_t until_ns)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	do {
		case_turn(0);
		if (poll(&p, 1, 5) > 0)
			return true;
	} while (mono_ns() < until_ns);
	return false;
}

static inline int case_main(const char *name, TCase *all)
{
	Suite *suite = suite_create(name);
	tcase_add_checked_fixture(all, case_start, case_end);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}

#endif
