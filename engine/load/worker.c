#include "load/conn_impl.h"

#include "base/mem.h"
#include "base/mono.h"
#include "load/follow.h"
#include "load/hold.h"
#include "load/flight.h"
#include "load/issue.h"
#include "load/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ORDER_CHECK_NS (50 * NS_PER_MS)  /* orders are looked for at least so often */
#define CLOSE_LIMIT_NS (500 * NS_PER_MS) /* for the last closes at the end */
#define CLOSE_NS       (20 * NS_PER_US)  /* more for each */
#define CLOSES_A_TURN  2048u
#define EVENTS_A_STAMP 16u /* events handled on one reading of the clock */

/* Completions are waited for in batches where requests queue at the target anyway. */
#define BATCH_FROM     16u /* requests in flight */
#define BATCH_QUEUEING 2u  /* mean service time over the least seen: queueing is evident */
#define BATCH_SHARE    2u
#define BATCH_WAIT_US  1000u /* and at most this long */

/* --- memory ----------------------------------------------------------------------------- */

static size_t flights_len(const struct worker *w)
{
	return (size_t)w->count * w->plan->pipeline * sizeof *w->flights;
}

static size_t links_len(const struct worker *w)
{
	return (size_t)w->count * w->plan->pipeline * sizeof *w->links;
}

static size_t marks_len(const struct worker *w)
{
	return (size_t)w->count * w->plan->pipeline * sizeof *w->marks;
}

/* Connections that are held have few requests in flight: only these shall cost memory. */
static bool reserve(struct worker *w)
{
	w->conns = mem_pages(w->count * sizeof *w->conns);
	w->flights = w->plan->hold ? mem_reserve(flights_len(w)) : mem_pages(flights_len(w));
	if (w->plan->hold &&
	    (!bitset_init(&w->to_open, w->count) || !bitset_init(&w->to_close, w->count)))
		return false;
	if (worker_multiplexes(w))
		w->links = mem_pages(links_len(w));
	if (w->plan->grpc)
		w->marks = mem_pages(marks_len(w));
	pool_init(&w->talks, sizeof(struct talk) + (w->plan->proto->size + 15) / 16 * 16, w->count);
	return w->conns && w->flights && (w->links || !worker_multiplexes(w)) &&
	       (w->marks || !w->plan->grpc) && calls_init(w);
}

int worker_new(struct worker **ret, const struct plan *plan, uint32_t number, struct err *err)
{
	struct worker *w = mem_reserve(sizeof *w); /* histograms, of which little is touched */
	if (!w)
		return err_set(err, ERR_RUNTIME, "no memory for a worker");
	w->plan = plan;
	w->number = number;
	w->count = (uint32_t)plan_share(plan->connections, number, plan->workers);
	w->ready_head = w->ready_tail = CONN_NONE;
	w->self.fd = -1;
	tally_start(&w->tallies[0]);
	tally_start(&w->tallies[1]);
	w->tally = &w->tallies[0];
	atomic_init(&w->inbox, &w->tallies[1]);
	if (!reserve(w)) {
		err_set(err, ERR_RUNTIME, "no memory for %u connections", w->count);
		worker_free(w);
		return -1;
	}
	*ret = w;
	return 0;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	ring_free(w->ring);
	channels_fini(&w->channels);
	self_thread_close(&w->self);
	wheel_fini(&w->wheel);
	bitset_fini(&w->to_open);
	bitset_fini(&w->to_close);
	calls_fini(w);
	for (uint32_t id = 0; w->conns && id < w->count; id++)
		conn_drop_talk(w, id);
	pool_fini(&w->talks);
	mem_pages_free(w->links, links_len(w));
	mem_pages_free(w->marks, marks_len(w));
	tuple_book_fini(&w->book);
	mem_pages_free(w->conns, w->count * sizeof *w->conns);
	mem_pages_free(w->flights, flights_len(w));
	mem_pages_free(w, sizeof *w);
}

int worker_open(struct worker *w, uint32_t table, struct err *err)
{
	struct ring_config config = {
		.slots = w->count,
		.table = table,
		.fixed = w->plan->wire,
		.sources = w->plan->tuples.from_count > 0,
	};
	if (ring_open(&w->ring, &config, err))
		return -1;
	w->slots = ring_slots(w->ring);
	if (!wheel_init(&w->wheel, w->count, ring_now_ns(w->ring)))
		return err_set(err, ERR_RUNTIME, "no memory for %u deadlines", w->count);
	/* where one run follows another, its ports still rest */
	uint32_t start = (uint32_t)(ring_now_ns(w->ring) / NS_PER_MS * 7919);
	if (w->plan->tls &&
	    channels_init(&w->channels, w->ring, w->plan->tls, w->plan->ktls, w->count, err))
		return -1;
	if (plan_books_tuples(w->plan) &&
	    !tuple_book_init(&w->book, &w->plan->tuples, w->number, w->plan->workers, start))
		return err_set(err, ERR_RUNTIME, "no memory for the ports of %u connections",
			       w->count);
	return 0;
}

uint32_t worker_slots(const struct worker *w)
{
	return w->slots;
}

uint32_t worker_rings(const struct worker *w)
{
	return ring_stats(w->ring).rings;
}

uint64_t worker_bytes_per_connection(const struct plan *plan)
{
	size_t tls = plan->tls ? channel_bytes(plan->ktls) : 0;
	size_t talk = plan->proto->send ? sizeof(struct talk) + plan->proto->size : 0;
	return talk + sizeof(struct conn) + sizeof(struct flight) + sizeof(struct wheel_node) +
	       RING_BYTES_PER_SLOT + tls;
}

/* --- publishing ------------------------------------------------------------------------- */

/* What grew since it was last looked at. */
static uint64_t delta(uint64_t now, uint64_t *seen)
{
	uint64_t grown = now - *seen;
	*seen = now;
	return grown;
}

static void fill_health(struct worker *w, struct tally *t)
{
	struct ring_stats s = ring_stats(w->ring);
	t->turns += delta(s.turns, &w->turns_seen);
	t->events += delta(s.events, &w->events_seen);
	t->ring_overflows += delta(s.overflows, &w->overflows_seen);
	t->ring_starved += delta(s.starved, &w->starved_seen);
	uint64_t cpu_ns = delta(self_cpu_ns(), &w->cpu_seen_ns);
	uint64_t delay_ns = delta(self_run_delay_ns(&w->self), &w->delay_seen_ns);
	if (w->now_ns >= w->measure_ns && !w->finishing) { /* nor for the warm-up */
		t->cpu_ns += cpu_ns;
		t->run_delay_ns += delay_ns;
	}
	t->open = w->open;
	t->opening = w->dialling;
	t->active = w->active;
	t->to_ns = w->now_ns;
}

/* Hands the tally over if the main thread has given the other one back; else goes on filling. */
static void publish(struct worker *w)
{
	w->publish_ns += w->plan->window_ns;
	struct tally *next = atomic_exchange_explicit(&w->inbox, NULL, memory_order_acquire);
	if (!next)
		return;
	fill_health(w, w->tally);
	next->from_ns = w->now_ns;
	next->open_max = w->tally->open_max;
	next->active_max = w->tally->active_max;
	struct tally *full = w->tally;
	w->tally = next;
	atomic_store_explicit(&w->outbox, full, memory_order_release);
}

void worker_collect(struct worker *w, bool ended, struct tally *total, struct tally *window)
{
	struct tally *full = atomic_exchange_explicit(&w->outbox, NULL, memory_order_acquire);
	if (full) {
		tally_extend(total, full);
		if (window)
			tally_join(window, full);
		tally_reset(full);
		atomic_store_explicit(&w->inbox, full, memory_order_release);
	}
	if (ended) {
		tally_extend(total, w->tally);
		if (window)
			tally_join(window, w->tally);
		tally_reset(w->tally);
	}
}

void worker_order(struct worker *w, enum worker_order order)
{
	atomic_store_explicit(&w->order, order, memory_order_relaxed);
}

void worker_read_only(struct worker *w, bool on)
{
	atomic_store_explicit(&w->read_only, on, memory_order_relaxed);
}

void worker_memory_short(struct worker *w)
{
	atomic_store_explicit(&w->memory_short, true, memory_order_relaxed);
}

void worker_sweep(struct worker *w)
{
	atomic_store_explicit(&w->sweep_asked, true, memory_order_relaxed);
}

/* --- the loop --------------------------------------------------------------------------- */

/* In a busy closed loop a few completions more are worth a short wait: fewer, larger batches.
 * Only where requests queue at the target for most of their time: there a request that is sent
 * a little later waits so much less in that queue, and latency stays what it was. Against a
 * target that merely takes its time the wait would show, and there is none. */
static void batch(const struct worker *w, struct ring_wait *wait)
{
	if (worker_open_loop(w) || w->plan->hold || w->plan->think_ns ||
	    w->in_flight < BATCH_FROM || w->service_ewma_ns < BATCH_QUEUEING * w->service_min_ns)
		return;
	uint64_t wait_us = w->service_min_ns / NS_PER_US / BATCH_SHARE;
	wait->min_wait_us = (uint32_t)earlier(wait_us, BATCH_WAIT_US);
	wait->min_events = (uint32_t)(w->in_flight / (w->in_flight < 512 ? 2 : 4));
}

static struct ring_wait next_wait(struct worker *w)
{
	struct ring_wait wait = {.until_ns = earlier(w->now_ns + ORDER_CHECK_NS, w->publish_ns)};
	uint64_t issue_ns = w->plan->hold ? hold_next_ns(w) : issue_next_ns(w);
	w->polling = w->plan->busy;
	if (w->plan->spin_ns && issue_ns != UINT64_MAX) {
		w->polling |= w->now_ns + w->plan->spin_ns >= issue_ns;
		issue_ns -= earlier(w->plan->spin_ns, issue_ns);
	}
	wait.until_ns = earlier(wait.until_ns, issue_ns);
	wait.until_ns = earlier(wait.until_ns, wheel_next_ns(&w->wheel));
	if (w->polling || wait.until_ns <= w->now_ns)
		wait.until_ns = 0;
	batch(w, &wait);
	return wait;
}

static void handle_events(struct worker *w)
{
	struct ring_event e;
	unsigned handled = 0;
	while (ring_next(w->ring, &e)) {
		conn_event(w, &e);
		ring_done(w->ring, &e);
		if (++handled % EVENTS_A_STAMP == 0)
			w->now_ns = ring_now_ns(w->ring);
	}
}

/* Looked at between batches only: within one, what ended is not yet told from what goes on. */
static void note_maxima(struct worker *w)
{
	struct tally *t = w->tally;
	if (w->open > t->open_max)
		t->open_max = w->open;
	if (w->active > t->active_max)
		t->active_max = w->active;
}

static int turn(struct worker *w, struct ring_wait wait, struct err *err)
{
	uint64_t before_ns = w->now_ns;
	int result = ring_turn(w->ring, wait);
	if (result < 0)
		return err_set(err, ERR_RUNTIME, "io_uring_enter: %s", strerror(-result));
	w->now_ns = ring_now_ns(w->ring);
	w->tally->batch_turns += wait.min_events > 1;
	if (w->polling)
		w->tally->spin_ns += w->now_ns - before_ns;
	handle_events(w);
	note_maxima(w);
	uint32_t id;
	while (wheel_expire(&w->wheel, w->now_ns, &id))
		conn_deadline(w, id);
	if (w->now_ns >= w->publish_ns)
		publish(w);
	return 0;
}

static void obey(struct worker *w, uint64_t *drain_until_ns)
{
	int order = atomic_load_explicit(&w->order, memory_order_relaxed);
	if (order != ORDER_GO && w->issuing)
		w->stop_ns = earlier(w->stop_ns, w->now_ns);
	if (order == ORDER_STOP) {
		*drain_until_ns = 0;
		w->verified = w->count; /* no last round */
	}
}

static void begin(struct worker *w, uint64_t start_ns)
{
	const struct plan *plan = w->plan;
	w->now_ns = start_ns;
	w->measure_ns = start_ns + plan->warmup_ns;
	bool endless = plan->hold || plan->duration_ns == UINT64_MAX;
	w->stop_ns = endless ? UINT64_MAX : w->measure_ns + plan->duration_ns;
	w->quota =
		plan->requests ? plan_share(plan->requests, w->number, plan->workers) : UINT64_MAX;
	w->issuing = true;
	w->publish_ns = start_ns + plan->window_ns;
	w->unassigned_since_ns = UINT64_MAX;
	w->service_min_ns = UINT64_MAX / BATCH_QUEUEING;
	w->tally->from_ns = start_ns;
	w->dial_at_ns = (double)start_ns;
	if (worker_open_loop(w) && !plan->hold)
		arrival_init(&w->arrival, start_ns, plan->rate_rps, w->number, plan->workers,
			     plan->poisson, plan->seed);
	follow_init(w);
	self_thread_open(&w->self);
	w->cpu_seen_ns = self_cpu_ns();
	w->delay_seen_ns = self_run_delay_ns(&w->self);
}

/* What was not answered at the end. */
struct unanswered {
	uint64_t count, since_ns;
};

/* Counts what is in flight from the flights themselves, so that the books can be checked. */
static struct unanswered count_in_flight(struct worker *w)
{
	struct unanswered u = {w->unassigned + w->given_up + w->calls.again_count,
			       w->unassigned_since_ns};
	for (uint32_t id = 0; id < w->count; id++) {
		uint32_t at = 0, tag;
		while (flight_next(w, id, &at, &tag)) {
			const struct flight *f = flight_of(w, id, tag);
			if (f->due_ns < w->measure_ns)
				continue;
			u.count++;
			u.since_ns = earlier(u.since_ns, f->due_ns);
		}
	}
	return u;
}

/* What was not answered stays so: it is not for the closes, which take their time, to change. */
static void abandon_unanswered(struct worker *w)
{
	for (uint32_t id = 0; id < w->count; id++)
		if (w->conns[id].in_flight)
			conn_abandon(w, id, false);
}

/* How many connections may have been closed by now. */
static uint64_t closes_due(const struct worker *w, uint64_t since_ns)
{
	double rate_rps = w->plan->close_rps / w->plan->workers;
	if (rate_rps <= 0 || atomic_load_explicit(&w->order, memory_order_relaxed) == ORDER_STOP)
		return UINT64_MAX;
	return (uint64_t)((double)(w->now_ns - since_ns) / NS_PER_S * rate_rps) + 1;
}

/* Closes at the plan's pace: where hundreds of thousands end at once, the kernel's TCP memory
 * and its TIME_WAIT table would overflow. After a stop there is no time for that. */
static int close_all(struct worker *w, struct err *err)
{
	uint64_t since_ns = w->now_ns, limit_ns = UINT64_MAX, closed = 0;
	for (uint32_t id = 0; id < w->count && w->now_ns < limit_ns;) {
		uint64_t due = closes_due(w, since_ns), turn_end = closed + CLOSES_A_TURN;
		if (due == UINT64_MAX && w->plan->close_rps > 0 && limit_ns == UINT64_MAX)
			limit_ns = w->now_ns + CLOSE_LIMIT_NS;
		for (; id < w->count && closed < earlier(due, turn_end); id++) {
			closed += w->conns[id].state == CONN_OPEN;
			conn_abandon(w, id, w->plan->close_reset);
		}
		uint64_t wait_ns = closed < turn_end && id < w->count ? w->now_ns + NS_PER_MS : 0;
		if (turn(w, (struct ring_wait){.until_ns = wait_ns}, err))
			return -1;
	}
	return 0;
}

/* Closes everything and sees that nothing is left behind. */
static int finish(struct worker *w, struct err *err)
{
	struct unanswered left = count_in_flight(w);
	uint64_t end_ns = w->now_ns;
	fill_health(w, w->tally); /* before the closing, which no request is to blame for */
	w->finishing = true;
	abandon_unanswered(w);
	if (close_all(w, err))
		return -1;
	uint64_t limit_ns = w->now_ns + CLOSE_LIMIT_NS + w->count * CLOSE_NS;
	while (ring_stats(w->ring).slots_used && w->now_ns < limit_ns)
		if (turn(w, (struct ring_wait){.until_ns = w->now_ns + NS_PER_MS}, err))
			return -1;
	fill_health(w, w->tally);
	w->tally->in_flight = left.count;
	if (left.count && end_ns > left.since_ns)
		w->tally->oldest_in_flight_ns = end_ns - left.since_ns;
	w->tally->slots_left = ring_stats(w->ring).slots_used;
	return 0;
}

/* Until the instant at which all workers begin. */
static int await_start(struct worker *w, uint64_t start_ns, struct err *err)
{
	while ((w->now_ns = ring_now_ns(w->ring)) < start_ns) {
		int result = ring_turn(w->ring, (struct ring_wait){.until_ns = start_ns});
		if (result < 0)
			return err_set(err, ERR_RUNTIME, "io_uring_enter: %s", strerror(-result));
	}
	return 0;
}

int worker_run(struct worker *w, uint64_t start_ns, struct err *err)
{
	if (await_start(w, start_ns, err))
		return -1;
	begin(w, start_ns);
	uint64_t drain_until_ns = UINT64_MAX;
	for (;;) {
		obey(w, &drain_until_ns);
		if (w->plan->hold)
			hold_issue(w);
		else
			issue(w);
		if (!w->issuing) {
			if (drain_until_ns == UINT64_MAX)
				drain_until_ns = w->now_ns + w->plan->drain_ns;
			if (!w->in_flight || w->now_ns >= drain_until_ns)
				break;
		}
		if (turn(w, next_wait(w), err))
			return -1;
	}
	return finish(w, err);
}
