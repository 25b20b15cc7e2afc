/* A crew and a small HTTP server on a thread of the same program, for the tests of load/crew. */
#ifndef BRINK_TESTS_CREW_CASE_H
#define BRINK_TESTS_CREW_CASE_H

#include "load/crew.h"
#include "proto/proto.h"

#include "base/mem.h"
#include "base/mono.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

/* --- the server ------------------------------------------------------------------------- */

enum { PEERS_MAX = 128 };

static struct server {
	struct pollfd fds[PEERS_MAX]; /* the end of a pipe that stops it, the listener, peers */
	unsigned count;
	int stop_fd;
	unsigned answered;
	_Atomic unsigned peers_from[256]; /* by the last octet of the address they came from */
	_Atomic bool silent;
	_Atomic unsigned answer_most; /* 0: without end */
	pthread_t thread;
} server;

/* One answer a request; requests come whole, each ends with an empty line. */
static inline bool answer(int fd)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	char in[8192];
	ssize_t n = recv(fd, in, sizeof in, 0);
	if (n <= 0)
		return false;
	const char *at = in, *end = in + n;
	while ((at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
		at += 4;
		if (server.silent)
			continue;
		unsigned most = server.answer_most;
		if (most && server.answered == most)
			continue;
		server.answered++;
		if (send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL) < 0)
			return false;
	}
	return true;
}

static inline void serve_peers(void)
{
	for (unsigned i = 2; i < server.count; i++) {
		if (!server.fds[i].revents || answer(server.fds[i].fd))
			continue;
		close(server.fds[i].fd);
		server.fds[i--] = server.fds[--server.count];
	}
	if (!server.fds[1].revents || server.count == PEERS_MAX)
		return;
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	int fd = accept4(server.fds[1].fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	server.peers_from[ntohl(from.sin_addr.s_addr) & 0xff]++;
	server.fds[server.count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static inline void *server_main(void *arg)
{
	while (poll(server.fds, server.count, -1) >= 0 && !server.fds[0].revents)
		serve_peers();
	return arg;
}

static inline void server_listen(struct addr *ret)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, sizeof here), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(pipe(ends), 0);
	*ret = (struct addr){.len = sizeof here};
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ret->sa, &ret->len), 0);
	server.fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	server.fds[1] = (struct pollfd){.fd = fd, .events = POLLIN};
	server.stop_fd = ends[1];
	server.count = 2;
}

static inline void server_close(void)
{
	for (unsigned i = 0; i < server.count; i++)
		close(server.fds[i].fd);
}

/* --- the crew --------------------------------------------------------------------------- */

static struct plan plan;
static struct tally *total, *window;
static cpu_set_t cpus;
static struct err err;

/* 200 requests over two connections of each of two workers. */
static inline void plan_start(void)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	signal(SIGPIPE, SIG_IGN);
	server = (struct server){.silent = false};
	err = (struct err){0};
	plan = (struct plan){.proto = &proto_h1,
			     .keepalive = true,
			     .pipeline = 1,
			     .connections = 4,
			     .workers = 2,
			     .requests = 200,
			     .duration_ns = UINT64_MAX,
			     .timeout_ns = 10 * NS_PER_S,
			     .connect_timeout_ns = 5 * NS_PER_S,
			     .drain_ns = 5 * NS_PER_S,
			     .window_ns = 10 * NS_PER_MS};
	ck_assert_int_eq(plan_set_request(&plan, span_of(request), &err), 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof cpus, &cpus), 0);
	total = malloc(sizeof *total);
	window = malloc(sizeof *window);
	ck_assert(total && window);
	tally_init(total);
	tally_init(window);
}

static inline void plan_end(void)
{
	plan_fini(&plan);
	free(total);
	free(window);
}

/* A plan against a server that listens. */
static inline void listen_start(void)
{
	plan_start();
	plan.tuples.to = malloc(sizeof *plan.tuples.to);
	ck_assert_ptr_nonnull(plan.tuples.to);
	plan.tuples.to_count = plan.tuples.per_pair = 1;
	server_listen(plan.tuples.to);
}

static inline void listen_end(void)
{
	server_close();
	plan_end();
}

/* And one that serves. */
static inline void start(void)
{
	listen_start();
	ck_assert_int_eq(pthread_create(&server.thread, NULL, server_main, NULL), 0);
}

static inline void end(void)
{
	close(server.stop_fd);
	pthread_join(server.thread, NULL);
	listen_end();
}

static inline struct crew *crew_of(uint32_t table)
{
	struct crew *c;
	ck_assert_msg(!crew_new(&c, &plan, &cpus, table, &err), "%s", err.text);
	return c;
}

static inline void await_end(struct crew *c)
{
	struct pollfd p = {.fd = crew_fd(c), .events = POLLIN};
	uint64_t left, until = mono_ns() + PATIENCE_MS * NS_PER_MS;
	while (!crew_ended(c)) {
		ck_assert_msg(mono_ns() < until, "the crew does not end");
		if (poll(&p, 1, 5) > 0)
			ck_assert_int_eq(read(p.fd, &left, sizeof left), sizeof left);
		crew_collect(c, window);
	}
}

static inline void join(struct crew *c)
{
	ck_assert_msg(!crew_join(c, total, &err), "%s", err.text);
	crew_free(c);
	ck_assert_uint_eq(total->intended, tally_ended(total) + total->in_flight);
	ck_assert_uint_eq(total->slots_left, 0);
}

static inline int case_main(Suite *suite)
{
	return suite_run(suite);
}

#endif
