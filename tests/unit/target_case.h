/* One server of the target on a thread, against plain sockets of this one. What does not happen
 * within five seconds counts as never done. */
#ifndef BRINK_TESTS_TARGET_CASE_H
#define BRINK_TESTS_TARGET_CASE_H

#include "base/mono.h"
#include "tools/target/server.h"
#include "tools/target/session.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#define CASE_SLOTS 256u

/* What the pools of the server held when it stopped. */
struct left {
	uint64_t exchanges, pendings;
	uint32_t exchange_chunks, pending_chunks;
};

static struct settings case_settings;
static struct target case_target;
static struct left case_left;
static struct {
	uint64_t exchanges, pendings;
} case_limits;              /* at most so many; set before case_start */
static char *case_flags[4]; /* of the command line, the unused ones NULL; set before case_start */
static int case_listener;
static struct sockaddr_in case_at;
static pthread_t case_thread;
static sem_t case_ready;

static inline void case_listen(void)
{
	socklen_t len = sizeof case_at;
	case_at = (struct sockaddr_in){.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	case_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(case_listener, (struct sockaddr *)&case_at, len), 0);
	ck_assert_int_eq(listen(case_listener, 128), 0);
	ck_assert_int_eq(getsockname(case_listener, (struct sockaddr *)&case_at, &len), 0);
	memset(case_flags, 0, sizeof case_flags);
	case_limits.exchanges = case_limits.pendings = UINT64_MAX;
}

static inline void case_leave(void)
{
	close(case_listener);
}

static inline void *case_serve(void *unused)
{
	struct server *s = case_target.servers;
	int opened = server_open(s, &case_target, CASE_SLOTS, &s->err);
	struct pool *exchanges = &s->exchanges.exchanges, *pendings = &s->exchanges.pendings;
	if (case_limits.exchanges < exchanges->max)
		exchanges->max = case_limits.exchanges;
	if (case_limits.pendings < pendings->max)
		pendings->max = case_limits.pendings;
	sem_post(&case_ready);
	if (opened == 0)
		server_run(s);
	case_left =
		(struct left){exchanges->used, pendings->used, exchanges->chunks, pendings->chunks};
	server_close(s);
	return unused;
}

static inline void case_start(bool lean)
{
	struct err err = {0};
	char name[] = "target", flag[] = "--lean";
	char *argv[8] = {name};
	int argc = 1;
	for (unsigned i = 0; i < 4 && case_flags[i]; i++)
		argv[argc++] = case_flags[i];
	if (lean)
		argv[argc++] = flag;
	ck_assert_int_eq(settings_parse(&case_settings, argc, argv, &err), 0);
	ck_assert_int_eq(target_init(&case_target, &case_settings, &err), 0);
	case_target.servers[0].listeners[0] = case_listener;
	sem_init(&case_ready, 0, 0);
	ck_assert_int_eq(pthread_create(&case_thread, NULL, case_serve, NULL), 0);
	while (sem_wait(&case_ready) && errno == EINTR)
		;
	ck_assert_msg(case_target.servers[0].err.kind == ERR_NONE, "%s",
		      case_target.servers[0].err.text);
}

static inline uint64_t case_count(enum count kind)
{
	return count_get(&case_target.servers[0].counts, kind);
}

/* After it there are no counts any more. The server stops between two turns: with a count goes
 * all that the event did which raised it. */
static inline const struct left *case_stop(void)
{
	atomic_store(&case_target.stop, true);
	pthread_join(case_thread, NULL);
	ck_assert_int_eq(case_target.servers[0].err.kind, ERR_NONE);
	target_fini(&case_target);
	return &case_left;
}

static inline void case_pause(uint64_t since_ns)
{
	ck_assert_msg(mono_ns() < since_ns + 5 * NS_PER_S, "this never happens");
	usleep(100);
}

static inline void case_await(enum count kind, uint64_t at_least)
{
	for (uint64_t start_ns = mono_ns(); case_count(kind) < at_least;)
		case_pause(start_ns);
}

static inline void case_await_open(uint64_t count)
{
	for (uint64_t start_ns = mono_ns(); atomic_load(&case_target.open) != count;)
		case_pause(start_ns);
}

/* --- clients ---------------------------------------------------------------------------- */

static inline int client_dial(void)
{
	const struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&case_at, sizeof case_at), 0);
	return fd;
}

static inline void client_say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads up to the status line of the last of so many answers. */
static inline void client_expect_answers(int fd, unsigned count)
{
	static const char mark[] = "HTTP/1.1 ";
	size_t matched = 0;
	for (unsigned seen = 0; seen < count;) {
		char c;
		ck_assert_int_eq(recv(fd, &c, 1, 0), 1);
		matched = c == mark[matched] ? matched + 1 : c == mark[0];
		if (mark[matched] != '\0')
			continue;
		matched = 0;
		seen++;
	}
}

static inline void client_expect_reset(int fd)
{
	char c;
	ck_assert_int_eq(recv(fd, &c, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
}

static inline void client_reset(int fd)
{
	const struct linger none = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(fd);
}

#endif
