#include "run/agent_feed.h"

#include "base/mono.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define FIRST_ANSWER_NS (2 * NS_PER_S)
#define LOOK_NS         (5 * NS_PER_MS)

struct kernel_view *agent_feed_place(struct agent_feed *f)
{
	unsigned put = atomic_load_explicit(&f->put, memory_order_relaxed);
	if (put - atomic_load_explicit(&f->taken, memory_order_acquire) == FEED_VIEWS - 1)
		return NULL;
	struct kernel_view *v = &f->views[put % FEED_VIEWS];
	*v = (struct kernel_view){0};
	return v;
}

void agent_feed_publish(struct agent_feed *f)
{
	atomic_fetch_add_explicit(&f->put, 1, memory_order_release);
}

/* One place stays free, so that the view taken last is not written to. */
const struct kernel_view *agent_feed_take(struct agent_feed *f)
{
	unsigned taken = atomic_load_explicit(&f->taken, memory_order_relaxed);
	if (taken == atomic_load_explicit(&f->put, memory_order_acquire))
		return NULL;
	const struct kernel_view *v = &f->views[taken % FEED_VIEWS];
	atomic_store_explicit(&f->taken, taken + 1, memory_order_release);
	return v;
}

/* Signals are the main thread's. */
static int start_thread(struct agent_feed *f, void *(*run)(void *))
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int error = pthread_create(&f->thread, NULL, run, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	f->started = error == 0;
	return error;
}

/* A local one answers with its first sample. */
static bool has_answered(struct agent_feed *f, bool local)
{
	return atomic_load(local ? &f->told : &f->connected);
}

int agent_feed_start(struct agent_feed *f, const struct agent_source *source, struct err *err)
{
	bool local = !strcmp(source->url, "local");
	f->source = *source;
	atomic_store(&f->bound_ns, local ? 0 : -1);
	int error = start_thread(f, local ? agent_feed_local : agent_feed_remote);
	if (error)
		return err_set(err, ERR_RUNTIME, "--agent: %s: %s", source->url, strerror(error));
	uint64_t end_ns = mono_ns() + FIRST_ANSWER_NS;
	while (!has_answered(f, local) && !atomic_load(&f->refused) && mono_ns() < end_ns)
		nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
	if (has_answered(f, local))
		return 0;
	agent_feed_stop(f);
	err_set(err, local ? ERR_RUNTIME : ERR_REFUSED, "--agent: %s: %s", source->url,
		f->why[0] ? f->why : "no answer within 2 s");
	return err_hint(err, "on the target's host: brink agent; --agent none does without");
}

void agent_feed_stop(struct agent_feed *f)
{
	if (!f->started)
		return;
	atomic_store(&f->stop, true);
	pthread_join(f->thread, NULL);
	f->started = false;
}
