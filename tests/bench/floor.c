/* floor: what the kernel alone takes for a request, below which no client of this design can get.
 *
 *   floor REQUEST_BYTES ANSWER_BYTES [SECONDS [CONNECTIONS]]
 *
 * One thread holds both ends of CONNECTIONS loopback connections: the client's on one io_uring,
 * the server's on another, both set up as the engine sets up its own (deferred task work, direct
 * descriptors, multishot receives into a buffer ring, silent sends). A round is four steps, each
 * of the whole batch:
 *
 *   1. the client sends     one enter: the sends, and in soft interrupts the receive path of
 *                           the peers up to their sockets and their wake-ups
 *   2. the server receives
 *   3. the server sends     likewise with the receive path of the clients
 *   4. the client receives  one enter: the task work that copies the answers out
 *
 * The floor is the thread's CPU time across the enters of 1 and 4, divided by the requests: no
 * parsing, no clock, no bookkeeping, no context switch, no other cpu, and always a full batch. It
 * is not subtracted from anything. What a real client pays besides: its own work, its sleeps and
 * wake-ups, cache lines that a server on another cpu wrote, and batches as small as they come.
 * Prints one line of JSON. */
#include "base/mono.h"

#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, BUFFERS = 2048, BUFFER_SIZE = 2048, BYTES_MAX = 2048 };
enum { TAG_RECEIVE, TAG_SEND };

/* One end of all connections. */
struct end {
	const char *name;
	struct io_uring ring;
	struct io_uring_buf_ring *pool;
	char *buffers;
	int fds[CONNECTIONS_MAX];
	uint64_t send_ns, receive_ns; /* thread CPU inside the enters */
};

struct sizes {
	unsigned connections;
	size_t request, answer;
};

static void die(const char *what, int error)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(error));
	exit(2);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec t;
	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		die("clock_gettime", errno);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* --- setting up ------------------------------------------------------------------------- */

static int listen_on(struct sockaddr_in *ret)
{
	socklen_t len = sizeof *ret;
	*ret = (struct sockaddr_in){.sin_family = AF_INET};
	ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)ret, len) || listen(fd, CONNECTIONS_MAX) ||
	    getsockname(fd, (struct sockaddr *)ret, &len))
		die("listen", errno);
	return fd;
}

static void connect_all(struct end *client, struct end *server, unsigned connections)
{
	struct sockaddr_in at;
	int listener = listen_on(&at);
	for (unsigned i = 0; i < connections; i++) {
		client->fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (client->fds[i] < 0 ||
		    connect(client->fds[i], (struct sockaddr *)&at, sizeof at))
			die("connect", errno);
		server->fds[i] = accept(listener, NULL, NULL);
		if (server->fds[i] < 0)
			die("accept", errno);
	}
	close(listener);
}

static void give_buffer(struct end *e, unsigned id)
{
	io_uring_buf_ring_add(e->pool, e->buffers + (size_t)id * BUFFER_SIZE, BUFFER_SIZE,
			      (unsigned short)id, io_uring_buf_ring_mask(BUFFERS), 0);
	io_uring_buf_ring_advance(e->pool, 1);
}

static void *pages(size_t len)
{
	void *memory = aligned_alloc(4096, len);
	if (!memory)
		die("memory", ENOMEM);
	memset(memory, 0, len);
	return memory;
}

static void add_pool(struct end *e)
{
	e->pool = pages(BUFFERS * sizeof(struct io_uring_buf));
	e->buffers = pages((size_t)BUFFERS * BUFFER_SIZE);
	struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)e->pool, .ring_entries = BUFFERS};
	int result = io_uring_register_buf_ring(&e->ring, &reg, 0);
	if (result)
		die("buffer ring", -result);
	io_uring_buf_ring_init(e->pool);
	for (unsigned id = 0; id < BUFFERS; id++)
		give_buffer(e, id);
}

static struct io_uring_sqe *entry(struct end *e)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&e->ring);
	if (!sqe)
		die("submission queue", EBUSY);
	return sqe;
}

static void arm(struct end *e, unsigned id)
{
	struct io_uring_sqe *sqe = entry(e);
	io_uring_prep_recv_multishot(sqe, (int)id, NULL, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	sqe->user_data = TAG_RECEIVE;
}

static void open_end(struct end *e, unsigned connections)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_CQSIZE,
		.cq_entries = 4 * CONNECTIONS_MAX,
	};
	int result = io_uring_queue_init_params(CONNECTIONS_MAX, &e->ring, &p);
	if (result)
		die("io_uring_setup", -result);
	result = io_uring_register_files(&e->ring, e->fds, connections);
	if (result)
		die("direct descriptors", -result);
	if (io_uring_register_ring_fd(&e->ring) != 1)
		die("ring descriptor", EINVAL);
	add_pool(e);
	for (unsigned id = 0; id < connections; id++)
		arm(e, id);
	if ((result = io_uring_submit_and_get_events(&e->ring)) < 0)
		die("io_uring_enter", -result);
}

/* --- a round ---------------------------------------------------------------------------- */

static void send_all(struct end *e, unsigned connections, const char *bytes, size_t len)
{
	for (unsigned id = 0; id < connections; id++) {
		struct io_uring_sqe *sqe = entry(e);
		io_uring_prep_send(sqe, (int)id, bytes, len, MSG_NOSIGNAL | MSG_WAITALL);
		sqe->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
		sqe->user_data = TAG_SEND;
	}
	uint64_t before_ns = thread_cpu_ns();
	int done = io_uring_submit(&e->ring);
	e->send_ns += thread_cpu_ns() - before_ns;
	if (done != (int)connections)
		die(e->name, done < 0 ? -done : EIO);
}

/* What completed, in bytes; gives the buffers back. */
static size_t harvest(struct end *e)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;
	size_t bytes = 0;
	io_uring_for_each_cqe(&e->ring, head, cqe)
	{
		if (cqe->user_data != TAG_RECEIVE || cqe->res <= 0 ||
		    !(cqe->flags & IORING_CQE_F_MORE))
			die(e->name, cqe->res < 0 ? -cqe->res : EPROTO);
		give_buffer(e, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
		bytes += (size_t)cqe->res;
		seen++;
	}
	io_uring_cq_advance(&e->ring, seen);
	return bytes;
}

/* Both ends are this thread: what is to be received has been sent before, nothing is waited for. */
static void receive_all(struct end *e, unsigned connections, size_t len)
{
	size_t missing = connections * len;
	while (missing) {
		uint64_t before_ns = thread_cpu_ns();
		int done = io_uring_get_events(&e->ring);
		e->receive_ns += thread_cpu_ns() - before_ns;
		size_t bytes = harvest(e);
		if (done < 0 || bytes > missing)
			die(e->name, done < 0 ? -done : EPROTO);
		missing -= bytes;
	}
}

static void play_round(struct end *client, struct end *server, const struct sizes *s)
{
	static const char bytes[BYTES_MAX];
	send_all(client, s->connections, bytes, s->request);
	receive_all(server, s->connections, s->request);
	send_all(server, s->connections, bytes, s->answer);
	receive_all(client, s->connections, s->answer);
}

/* --- the story -------------------------------------------------------------------------- */

static void forget(struct end *e)
{
	e->send_ns = e->receive_ns = 0;
}

/* What the thread pays for reading its CPU clock once: each enter above is charged one reading. */
static double clock_cost_ns(void)
{
	enum { READINGS = 10000 };
	uint64_t begin_ns = thread_cpu_ns();
	for (unsigned i = 1; i < READINGS; i++)
		thread_cpu_ns();
	return (double)(thread_cpu_ns() - begin_ns) / READINGS;
}

static void report(const struct end *client, const struct end *server, const struct sizes *s,
		   uint64_t rounds)
{
	double requests = (double)rounds * s->connections;
	double us = 1 / (requests * (double)NS_PER_US);
	printf("{\"bench\":\"floor\",\"connections\":%u,\"request_bytes\":%zu,"
	       "\"answer_bytes\":%zu,\"requests\":%.0f,\"client_us\":%.3f,"
	       "\"client_send_us\":%.3f,\"client_receive_us\":%.3f,\"server_send_us\":%.3f,"
	       "\"server_receive_us\":%.3f,\"clock_us\":%.4f}\n",
	       s->connections, s->request, s->answer, requests,
	       (double)(client->send_ns + client->receive_ns) * us, (double)client->send_ns * us,
	       (double)client->receive_ns * us, (double)server->send_ns * us,
	       (double)server->receive_ns * us,
	       clock_cost_ns() * 2 / (s->connections * (double)NS_PER_US));
}

static unsigned long number(const char *word, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);
	if (*end || n < 1 || n > max) {
		fprintf(stderr, "floor: %s is not a number from 1 to %lu\n", word, max);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct end client = {.name = "client"}, server = {.name = "server"};
	if (argc < 3 || argc > 5) {
		fprintf(stderr, "floor REQUEST_BYTES ANSWER_BYTES [SECONDS [CONNECTIONS]]\n");
		return 2;
	}
	struct sizes s = {.connections = 64};
	s.request = number(argv[1], BYTES_MAX);
	s.answer = number(argv[2], BYTES_MAX);
	uint64_t seconds = argc > 3 ? number(argv[3], 60) : 1;
	if (argc > 4)
		s.connections = (unsigned)number(argv[4], CONNECTIONS_MAX);
	connect_all(&client, &server, s.connections);
	open_end(&client, s.connections);
	open_end(&server, s.connections);
	for (unsigned i = 0; i < 1000; i++) /* until caches, windows and allocators are warm */
		play_round(&client, &server, &s);
	forget(&client);
	forget(&server);
	uint64_t rounds = 0, end_ns = mono_ns() + seconds * NS_PER_S;
	for (; mono_ns() < end_ns; rounds++)
		play_round(&client, &server, &s);
	report(&client, &server, &s, rounds);
	return 0;
}
