/* cmd_target: `brink target`: options, listeners, threads, signals, and the line at the end. */
#include "tools/commands.h"

#include "base/mono.h"
#include "host/self.h"
#include "tools/target/server.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define SPARE_FILES 64u /* descriptors that are not connections: listeners, rings, streams */
#define LOOK_UP_NS  (100 * NS_PER_MS) /* how long a failed thread may go unnoticed */

/* --- listeners -------------------------------------------------------------------------- */

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

/* TCP_NODELAY is inherited by what is accepted: answers leave when they are given. */
static int prepare(int fd, const struct addr *at, bool shared)
{
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
	    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1))
		return -1;
	if (shared && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return -1;
	if (at->sa.ss_family == AF_INET6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0))
		return -1;
	return 0;
}

/* Listens at `at`, where a port 0 becomes the port it got. */
static int open_listener(int *ret, struct addr *at, const struct settings *s, struct err *err)
{
	char text[ADDR_TEXT];
	int fd = socket(at->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, ERR_RUNTIME, "socket: %s", strerror(errno));
	socklen_t len = sizeof at->sa;
	if (prepare(fd, at, s->threads > 1) ||
	    bind(fd, (const struct sockaddr *)&at->sa, at->len) || listen(fd, (int)s->backlog) ||
	    getsockname(fd, (struct sockaddr *)&at->sa, &len)) {
		err_set(err, ERR_RUNTIME, "--listen: %s: %s", addr_text(text, at), strerror(errno));
		close(fd);
		return -1;
	}
	*ret = fd;
	return 0;
}

static void close_listeners(struct target *t, unsigned opened)
{
	for (unsigned i = 0; i < opened; i++) {
		unsigned count = t->settings->listen_count;
		close(t->servers[i / count].listeners[i % count]);
	}
}

static int open_listeners(struct target *t, struct settings *s, struct err *err)
{
	for (unsigned i = 0; i < s->threads * s->listen_count; i++) {
		struct server *server = &t->servers[i / s->listen_count];
		unsigned at = i % s->listen_count;
		if (open_listener(&server->listeners[at], &s->listen[at], s, err)) {
			close_listeners(t, i);
			return -1;
		}
	}
	return 0;
}

/* --- threads ---------------------------------------------------------------------------- */

struct launch {
	struct target target;
	uint32_t slots;
	sem_t ready; /* posted by each thread once it serves or has failed */
	pthread_t threads[SETTINGS_THREADS_MAX];
	unsigned started;
};

struct thread_arg {
	struct launch *launch;
	struct server *server;
};

/* A server that does not serve, or no longer, stops them all. */
static void *serve(void *opaque)
{
	struct thread_arg arg = *(struct thread_arg *)opaque;
	struct server *server = arg.server;
	struct target *target = &arg.launch->target;
	int result = server_open(server, target, arg.launch->slots, &server->err);
	if (result)
		atomic_store(&target->stop, true);
	sem_post(&arg.launch->ready);
	if (result == 0)
		result = server_run(server);
	if (result)
		atomic_store(&target->stop, true);
	server_close(server);
	return NULL;
}

static int start_threads(struct launch *l, struct thread_arg *args, struct err *err)
{
	unsigned count = (unsigned)l->target.settings->threads;
	for (; l->started < count; l->started++) {
		args[l->started] = (struct thread_arg){l, &l->target.servers[l->started]};
		int error = pthread_create(&l->threads[l->started], NULL, serve, &args[l->started]);
		if (error) {
			atomic_store(&l->target.stop, true);
			return err_set(err, ERR_RUNTIME, "thread %u of %u: %s", l->started + 1,
				       count, strerror(error));
		}
	}
	for (unsigned i = 0; i < count; i++)
		while (sem_wait(&l->ready) && errno == EINTR)
			;
	return 0;
}

/* The first error of any thread; 0 when there was none. */
static int join_threads(struct launch *l, struct err *err)
{
	int result = 0;
	for (unsigned i = 0; i < l->started; i++) {
		pthread_join(l->threads[i], NULL);
		if (result == 0 && l->target.servers[i].err.kind != ERR_NONE) {
			*err = l->target.servers[i].err;
			result = -1;
		}
	}
	return result;
}

/* --- limits ----------------------------------------------------------------------------- */

/* Descriptors as many as may be: raises the limit to the hard one. */
static int raise_limit(rlim_t *ret, struct err *err)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return err_set(err, ERR_RUNTIME, "getrlimit: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < 2 * SPARE_FILES)
		return err_set(err, ERR_RUNTIME, "RLIMIT_NOFILE is too low: %llu",
			       (unsigned long long)limit.rlim_cur);
	*ret = limit.rlim_cur;
	return 0;
}

/* --- start and end ---------------------------------------------------------------------- */

static int announce(const struct settings *s, struct err *err)
{
	char text[ADDR_TEXT];
	for (unsigned i = 0; i < s->listen_count; i++)
		printf("listening on %s\n", addr_text(text, &s->listen[i]));
	if (fflush(stdout))
		return err_set(err, ERR_RUNTIME, "standard output: %s", strerror(errno));
	return 0;
}

/* Until a signal comes, the duration is over, or a thread has failed. Returns the memory that
 * the process held then: the threads are about to give theirs back. */
static uint64_t wait_for_end(struct target *t, const sigset_t *signals)
{
	uint64_t duration_ns = t->settings->duration_ns;
	uint64_t end_ns = duration_ns ? mono_ns() + duration_ns : UINT64_MAX;
	while (!atomic_load(&t->stop)) {
		uint64_t now_ns = mono_ns();
		if (now_ns >= end_ns)
			break;
		uint64_t left_ns = end_ns - now_ns < LOOK_UP_NS ? end_ns - now_ns : LOOK_UP_NS;
		struct timespec limit = {.tv_nsec = (long)left_ns};
		if (sigtimedwait(signals, NULL, &limit) > 0)
			break;
	}
	uint64_t rss_bytes = self_rss_bytes();
	atomic_store(&t->stop, true);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL); /* a second one ends us at once */
	return rss_bytes;
}

static int report(struct target *t, uint64_t rss_bytes, struct err *err)
{
	struct buf line;
	buf_init(&line, ANSWER_TEXT);
	target_stats(t, rss_bytes, &line);
	buf_puts(&line, "\n");
	bool done = !line.cut && fputs(line.ptr, stdout) >= 0 && fflush(stdout) == 0;
	buf_fini(&line);
	return done ? 0 : err_set(err, ERR_RUNTIME, "standard output: %s", strerror(errno));
}

static int launch(struct launch *l, struct settings *s, struct err *err)
{
	struct thread_arg args[SETTINGS_THREADS_MAX];
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before the threads, which inherit it */
	signal(SIGPIPE, SIG_IGN);
	sem_init(&l->ready, 0, 0);
	int result = start_threads(l, args, err);
	if (result == 0 && !atomic_load(&l->target.stop))
		result = announce(s, err);
	if (result)
		atomic_store(&l->target.stop, true);
	uint64_t rss_bytes = wait_for_end(&l->target, &signals);
	if (join_threads(l, err) || result)
		return -1;
	return report(&l->target, rss_bytes, err);
}

static int run(struct settings *s, struct err *err)
{
	struct launch l = {0};
	rlim_t files = 0;
	if (raise_limit(&files, err) || target_init(&l.target, s, err))
		return -1;
	l.slots = settings_slots(s, files - SPARE_FILES);
	int result = open_listeners(&l.target, s, err);
	if (result == 0) {
		result = launch(&l, s, err);
		close_listeners(&l.target, (unsigned)s->threads * s->listen_count);
	}
	target_fini(&l.target);
	return result;
}

static int complain(const struct err *err)
{
	fprintf(stderr, "brink target: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "  %s\n", err->hint);
	return err_exit_code(err);
}

int cmd_target(int argc, char **argv)
{
	struct settings settings;
	struct err err = {0};
	if (settings_parse(&settings, argc, argv, &err))
		return complain(&err);
	if (settings.help)
		settings_help(stdout);
	else if (settings.list_faults)
		fault_print(stdout);
	else if (run(&settings, &err))
		return complain(&err);
	if (fflush(stdout)) {
		err_set(&err, ERR_RUNTIME, "standard output: %s", strerror(errno));
		return complain(&err);
	}
	return 0;
}
