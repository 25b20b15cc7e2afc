#include "load/crew.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct member {
	struct crew *crew;
	struct worker *worker;
	struct tally *total; /* of this worker, all its windows */
	int cpu;
	pthread_t thread;
	bool started;
	int result;
	struct err err;
};

struct crew {
	const struct plan *plan;
	uint32_t table;
	int ended_fd;
	_Atomic uint32_t ended;
	bool joined;

	/* The gate at which threads wait for their rings to be open, then for the start. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t opened;
	bool failed;
	bool go;
	uint64_t start_ns;

	uint32_t count;
	struct member members[];
};

/* --- a member's thread ------------------------------------------------------------------ */

static void pin(int cpu)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof one, &one); /* a wish: works unpinned too */
}

/* Says that the ring is open, or is not, and waits for the start. False: there is none. */
static bool pass_gate(struct member *m)
{
	struct crew *c = m->crew;
	pthread_mutex_lock(&c->lock);
	c->opened++;
	c->failed |= m->result != 0;
	pthread_cond_broadcast(&c->changed);
	while (!c->go && !c->failed)
		pthread_cond_wait(&c->changed, &c->lock);
	bool pass = c->go && !c->failed;
	pthread_mutex_unlock(&c->lock);
	return pass;
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	struct crew *c = m->crew;
	pin(m->cpu);
	m->result = worker_open(m->worker, c->table, &m->err);
	if (pass_gate(m))
		m->result = worker_run(m->worker, c->start_ns, &m->err);
	atomic_fetch_add_explicit(&c->ended, 1, memory_order_release);
	eventfd_write(c->ended_fd, 1);
	return NULL;
}

/* --- starting --------------------------------------------------------------------------- */

static int nth_cpu(const cpu_set_t *cpus, uint32_t nth)
{
	uint32_t left = nth % (uint32_t)CPU_COUNT(cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, cpus) && left-- == 0)
			return cpu;
	return 0;
}

static int start_member(struct crew *c, uint32_t i, const cpu_set_t *cpus, struct err *err)
{
	struct member *m = &c->members[i];
	m->crew = c;
	m->cpu = nth_cpu(cpus, i);
	m->total = mem_reserve(sizeof *m->total);
	if (!m->total)
		return err_set(err, ERR_RUNTIME, "no memory for the counts of worker %u", i);
	tally_start(m->total);
	if (worker_new(&m->worker, c->plan, i, err))
		return -1;
	int error = pthread_create(&m->thread, NULL, member_main, m);
	if (error)
		return err_set(err, ERR_RUNTIME, "no thread for worker %u: %s", i, strerror(error));
	m->started = true;
	c->count = i + 1;
	return 0;
}

/* Waits until every ring is open. */
static int await_rings(struct crew *c, struct err *err)
{
	pthread_mutex_lock(&c->lock);
	while (c->opened < c->count)
		pthread_cond_wait(&c->changed, &c->lock);
	bool failed = c->failed;
	pthread_mutex_unlock(&c->lock);
	for (uint32_t i = 0; failed && i < c->count; i++)
		if (c->members[i].err.kind != ERR_NONE)
			*err = c->members[i].err;
	return failed ? -1 : 0;
}

int crew_new(struct crew **ret, const struct plan *plan, const cpu_set_t *cpus, uint32_t table,
	     struct err *err)
{
	struct crew *c = calloc(1, sizeof *c + plan->workers * sizeof c->members[0]);
	if (!c)
		return err_set(err, ERR_RUNTIME, "no memory for %u workers", plan->workers);
	c->plan = plan;
	c->table = table;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	c->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int result = c->ended_fd < 0 ? err_set(err, ERR_RUNTIME, "eventfd: %m") : 0;
	for (uint32_t i = 0; i < plan->workers && !result; i++)
		result = start_member(c, i, cpus, err);
	if (!result)
		result = await_rings(c, err);
	if (result) {
		crew_free(c);
		return -1;
	}
	*ret = c;
	return 0;
}

/* --- while it runs ---------------------------------------------------------------------- */

static void open_gate(struct crew *c, bool go)
{
	pthread_mutex_lock(&c->lock);
	c->go = go;
	c->failed |= !go;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void crew_go(struct crew *c, uint64_t start_ns)
{
	c->start_ns = start_ns;
	open_gate(c, true);
}

void crew_order(struct crew *c, enum worker_order order)
{
	for (uint32_t i = 0; i < c->count; i++)
		worker_order(c->members[i].worker, order);
}

void crew_read_only(struct crew *c, bool on)
{
	for (uint32_t i = 0; i < c->count; i++)
		worker_read_only(c->members[i].worker, on);
}

void crew_memory_short(struct crew *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		worker_memory_short(c->members[i].worker);
}

void crew_sweep(struct crew *c)
{
	for (unsigned i = 0; i < c->count; i++)
		worker_sweep(c->members[i].worker);
}

/* What stands now, of all: a worker that published nothing in this tick counts as before. */
static void sum_gauges(const struct crew *c, struct tally *window)
{
	window->open = window->opening = window->active = 0;
	for (uint32_t i = 0; i < c->count; i++) {
		window->open += c->members[i].total->open;
		window->opening += c->members[i].total->opening;
		window->active += c->members[i].total->active;
	}
}

void crew_collect(struct crew *c, struct tally *window)
{
	for (uint32_t i = 0; i < c->count; i++)
		worker_collect(c->members[i].worker, false, c->members[i].total, window);
	if (window)
		sum_gauges(c, window);
}

int crew_fd(const struct crew *c)
{
	return c->ended_fd;
}

bool crew_ended(const struct crew *c)
{
	return atomic_load_explicit(&c->ended, memory_order_acquire) == c->count;
}

uint32_t crew_slots(const struct crew *c)
{
	uint32_t slots = 0;
	for (uint32_t i = 0; i < c->count; i++)
		slots += worker_slots(c->members[i].worker);
	return slots;
}

uint32_t crew_rings(const struct crew *c)
{
	uint32_t rings = 0;
	for (uint32_t i = 0; i < c->count; i++)
		rings += worker_rings(c->members[i].worker);
	return rings;
}

/* --- the end ---------------------------------------------------------------------------- */

static void join_threads(struct crew *c)
{
	for (uint32_t i = 0; i < c->count && !c->joined; i++)
		pthread_join(c->members[i].thread, NULL);
	c->joined = true;
}

int crew_join(struct crew *c, struct tally *ret_total, struct err *err)
{
	int result = 0;
	join_threads(c);
	for (uint32_t i = 0; i < c->count; i++) {
		struct member *m = &c->members[i];
		worker_collect(m->worker, true, m->total, NULL);
		tally_join(ret_total, m->total);
		if (m->result) {
			*err = m->err;
			result = -1;
		}
	}
	return result;
}

void crew_free(struct crew *c)
{
	if (!c)
		return;
	if (!c->joined) {
		crew_order(c, ORDER_STOP);
		open_gate(c, false);
		join_threads(c);
	}
	for (uint32_t i = 0; i < c->plan->workers; i++) {
		worker_free(c->members[i].worker);
		mem_pages_free(c->members[i].total, sizeof *c->members[i].total);
	}
	if (c->ended_fd >= 0)
		close(c->ended_fd);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
