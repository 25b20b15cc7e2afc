#include "run/run.h"

#include "base/mono.h"
#include "load/crew.h"
#include "run/agents.h"
#include "run/compile.h"
#include "run/find.h"
#include "run/grpc_plan.h"
#include "run/health.h"
#include "run/holding.h"
#include "run/remark.h"
#include "run/secure.h"
#include "run/stage.h"
#include "run/valves.h"
#include "run/verdict.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_NS        (100 * NS_PER_MS)
#define TICK_LATER_NS  (20 * NS_PER_MS) /* than the workers publish */
#define SECOND_TICKS   10u
#define START_DELAY_NS (5 * NS_PER_MS)   /* so that all workers begin at one instant */
#define LAST_CALL_NS   (400 * NS_PER_MS) /* how long answers are awaited after a signal */
#define SILENCE_NS     NS_PER_S          /* a pause of the target worth a remark */

/* A run while it lasts. */
struct run {
	const struct run_config *config;
	const struct run_watch *watch;
	struct summary *summary;
	struct plan plan;
	struct limits limits;
	struct crew *crew;
	struct holding holding;  /* in a hold */
	struct find *find;       /* in a search */
	struct staging *staging; /* in a load of stages */
	struct valves valves;
	struct agents *agents; /* of the target's kernel; NULL: nobody looks */
	int signal_fd;

	uint64_t start_ns, measure_ns;
	uint64_t stop_at_ns;  /* after a signal: no longer than this */
	struct tally *window; /* of the last tick */
	struct tally *second; /* of the last second */
	struct tally *total;  /* since the start, as far as it has been told */
	unsigned ticks, stages_told;
	uint64_t open_max, active_max; /* of all workers at once, at the ticks */

	uint64_t answer_ns;                 /* the last tick in which an answer came */
	uint64_t silent_from_ns, silent_ns; /* the longest time without */
};

/* --- watching --------------------------------------------------------------------------- */

/* Keeps the longest time in which nothing was answered. */
static void watch_silence(struct run *r, uint64_t now_ns)
{
	if (r->answer_ns && now_ns - r->answer_ns > r->silent_ns) {
		r->silent_from_ns = r->answer_ns;
		r->silent_ns = now_ns - r->answer_ns;
	}
	if (tally_answers(r->window))
		r->answer_ns = now_ns;
}

static void report_second(struct run *r, uint64_t now_ns)
{
	struct progress p = {
		.at_s = (double)(now_ns - r->start_ns) / (double)NS_PER_S,
		.planned_s = r->summary->planned_s + (double)r->plan.warmup_ns / (double)NS_PER_S,
		.window = r->second,
		.total = r->total,
		.open = r->total->open,
		.opening = r->total->opening,
		.kernel = agents_second(r->agents),
		.hold = r->plan.hold,
		.closing = r->plan.hold && r->total->issued_until_ns,
		.warmup = now_ns < r->measure_ns,
	};
	if (r->watch->second)
		r->watch->second(r->watch->ctx, &p);
	tally_reset(r->second);
}

/* Of a hold that is not ending: news that cannot wait for the second to be over. */
static bool all_lost(const struct run *r, uint64_t open_before)
{
	const struct tally *t = r->total;
	return r->plan.hold && open_before && !t->open && !t->issued_until_ns;
}

/* What was asked for already is still awaited for a moment. */
static void end_load(struct run *r, uint64_t now_ns)
{
	r->stop_at_ns = now_ns + LAST_CALL_NS;
	crew_order(r->crew, ORDER_DRAIN);
}

/* Of the stages that ended since. */
static void tell_stages(struct run *r)
{
	while (r->stages_told < r->summary->stage_count)
		agents_step(r->agents, &r->summary->stage_kernels[r->stages_told++]);
}

static void tell_step(struct run *r)
{
	struct summary *s = r->summary;
	agents_step(r->agents, &s->step_kernels[s->found.step_count - 1]);
	if (r->watch->step)
		r->watch->step(r->watch->ctx, s);
}

static void tick(struct run *r, uint64_t now_ns)
{
	uint64_t open_before = r->total->open;
	tally_reset(r->window);
	crew_collect(r->crew, r->window);
	if (!r->plan.hold)
		watch_silence(r, now_ns);
	if (r->window->open > r->open_max)
		r->open_max = r->window->open;
	if (r->window->active > r->active_max)
		r->active_max = r->window->active;
	agents_tick(r->agents, r->summary);
	timeline_client(&r->summary->timeline, r->window);
	tally_join(r->second, r->window);
	if (r->window->to_ns)
		tally_extend(r->total, r->window);
	if (r->plan.hold)
		holding_tick(&r->holding, r->crew, r->total, now_ns);
	if (r->staging)
		staging_tick(r->staging, r->window, now_ns, r->summary);
	tell_stages(r);
	if (valves_tick(&r->valves, r->crew, r->window, r->total, now_ns - r->start_ns, r->summary))
		end_load(r, now_ns);
	if (r->find && find_tick(r->find, r->window, now_ns, r->summary))
		tell_step(r);
	if (++r->ticks % SECOND_TICKS == 0 || all_lost(r, open_before))
		report_second(r, now_ns);
}

/* The first signal ends the load and still reports; the second quits. */
static void hear_signal(struct run *r, uint64_t now_ns)
{
	struct signalfd_siginfo info;
	if (read(r->signal_fd, &info, sizeof info) != sizeof info)
		return;
	if (r->summary->signal)
		_exit(128 + (int)info.ssi_signo);
	r->summary->signal = (int)info.ssi_signo;
	end_load(r, now_ns);
}

static void drain_fd(int fd)
{
	uint64_t count;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		abort();
}

static void supervise(struct run *r)
{
	uint64_t next_ns = r->start_ns + TICK_NS + TICK_LATER_NS;
	struct pollfd fds[2] = {{.fd = r->signal_fd, .events = POLLIN},
				{.fd = crew_fd(r->crew), .events = POLLIN}};
	while (!crew_ended(r->crew)) {
		uint64_t now_ns = mono_ns();
		int wait_ms = now_ns < next_ns ? (int)((next_ns - now_ns) / NS_PER_MS) + 1 : 0;
		poll(fds, 2, wait_ms);
		now_ns = mono_ns();
		if (fds[0].revents)
			hear_signal(r, now_ns);
		if (fds[1].revents)
			drain_fd(fds[1].fd);
		if (r->stop_at_ns && now_ns >= r->stop_at_ns)
			crew_order(r->crew, ORDER_STOP);
		if (now_ns >= next_ns) {
			tick(r, now_ns);
			next_ns += TICK_NS;
		}
	}
	if (r->watch->ended)
		r->watch->ended(r->watch->ctx);
}

/* --- judging ---------------------------------------------------------------------------- */

/* One worker knows its own maxima exactly; of several, the sum of maxima that they reached at
 * different times would be too much: then what they had at once, at a tick, is what counts. */
static void settle_maxima(struct run *r)
{
	struct tally *t = &r->summary->total;
	if (r->plan.workers == 1 || !r->ticks)
		return;
	t->open_max = r->open_max;
	t->active_max = r->active_max;
}

static void measure_rates(struct run *r)
{
	struct summary *s = r->summary;
	const struct tally *t = &s->total;
	uint64_t end_ns = t->issued_until_ns > t->last_end_ns ? t->issued_until_ns : t->last_end_ns;
	if (r->plan.duration_ns == UINT64_MAX && t->last_end_ns)
		end_ns = t->last_end_ns;
	uint64_t from_ns = t->held_from_ns ? t->held_from_ns : r->measure_ns;
	s->elapsed_s = end_ns > from_ns ? (double)(end_ns - from_ns) / (double)NS_PER_S : 0;
	s->achieved_rps = s->elapsed_s > 0 ? (double)tally_answers(t) / s->elapsed_s : 0;
	s->cpu_s = (double)t->cpu_ns / (double)NS_PER_S;
	uint64_t ended = tally_ended(t);
	s->cpu_us_per_request = ended ? (double)t->cpu_ns / (double)NS_PER_US / (double)ended : 0;
}

static double seconds_since(uint64_t then_ns)
{
	uint64_t now_ns = mono_ns();
	return now_ns > then_ns ? (double)(now_ns - then_ns) / (double)NS_PER_S : 0;
}

static void judge(struct run *r, const struct self_throttle *before)
{
	struct summary *s = r->summary;
	struct self_throttle after;
	self_throttle_read(&after);
	struct health_facts facts = {
		.limits = &r->limits,
		.slots = crew_slots(r->crew),
		.throttled_ns = after.throttled_ns - before->throttled_ns,
		.throttle_source = after.source,
		.wall_s = seconds_since(r->measure_ns),
		.busy = r->plan.busy,
		.hold = r->plan.hold,
		.before = r->plan.hold ? &r->holding.before : NULL,
		.now = r->plan.hold ? &r->holding.now : NULL,
	};
	if (r->staging)
		staging_end(r->staging, s);
	tell_stages(r);
	settle_maxima(r);
	measure_rates(r);
	if (r->staging && s->open_loop && s->elapsed_s > 0) /* on average */
		s->offered_rps = (double)s->total.intended / s->elapsed_s;
	secure_tell(&r->plan, s);
	grpc_plan_tell(&r->plan, s);
	if (r->find)
		find_end(r->find, s);
	else
		health_judge(&facts, s);
	if (r->silent_ns >= SILENCE_NS)
		summary_note(s, "the target answered nothing for %.1f s, from second %.1f on",
			     (double)r->silent_ns / (double)NS_PER_S,
			     (double)(r->silent_from_ns - r->start_ns) / (double)NS_PER_S);
	remark(s);
	for (unsigned i = 0; i < s->threshold_count; i++)
		s->results[i] = threshold_judge(&s->thresholds[i], &s->total, s->achieved_rps);
	s->exit_code = verdict_exit_code(s, r->config->accept_saturated);
}

/* --- the story -------------------------------------------------------------------------- */

/* Threads started later inherit the mask, so that only the descriptor hears signals. */
static int listen_to_signals(struct err *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(err, ERR_RUNTIME, "signalfd: %m") : fd;
}

static int choose_cpus(struct run *r, cpu_set_t *ret, struct err *err)
{
	*ret = r->limits.cpus;
	return r->config->pin ? limits_parse_cpus(ret, r->config->pin, &r->limits, err) : 0;
}

static int load(struct run *r, const cpu_set_t *cpus, struct err *err)
{
	struct self_throttle before;
	if (r->plan.hold)
		holding_warm(&r->holding);
	if (crew_new(&r->crew, &r->plan, cpus, 0, err))
		return -1;
	if (agents_open(&r->agents, r->config, &r->plan, r->summary, err))
		return -1;
	r->summary->rings = crew_rings(r->crew);
	self_throttle_read(&before);
	clock_gettime(CLOCK_REALTIME, &r->summary->started_at);
	r->start_ns = mono_ns() + START_DELAY_NS;
	r->measure_ns = r->start_ns + r->plan.warmup_ns;
	timeline_begin(&r->summary->timeline, r->start_ns, TICK_NS);
	agents_begin(r->agents, r->summary);
	if (r->plan.hold)
		holding_begin(&r->holding, r->start_ns);
	if (r->staging)
		staging_begin(r->staging, r->start_ns);
	if (r->find)
		find_begin(r->find, r->crew, r->start_ns);
	crew_go(r->crew, r->start_ns);
	supervise(r);
	uint64_t closed_ns = mono_ns();
	r->summary->rss_bytes = self_rss_bytes();
	agents_end(r->agents, closed_ns, r->summary);
	if (crew_join(r->crew, &r->summary->total, err))
		return -1;
	if (r->plan.hold)
		holding_end(&r->holding, closed_ns);
	judge(r, &before);
	return 0;
}

static void end(struct run *r)
{
	crew_free(r->crew);
	agents_close(r->agents);
	holding_fini(&r->holding);
	find_free(r->find);
	staging_free(r->staging);
	valves_fini(&r->valves);
	secure_close(&r->plan);
	plan_fini(&r->plan);
	if (r->signal_fd >= 0)
		close(r->signal_fd);
	free(r->window);
	free(r->second);
	free(r->total);
}

static int reserve(struct run *r, struct err *err)
{
	struct tally **all[] = {&r->window, &r->second, &r->total};
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		*all[i] = calloc(1, sizeof **all[i]);
		if (!*all[i])
			return err_set(err, ERR_RUNTIME, "no memory for the counts of a second");
		tally_start(*all[i]);
	}
	return 0;
}

int run_execute(const struct run_config *c, bool dry, const struct run_watch *watch,
		struct summary *s, struct err *err)
{
	cpu_set_t cpus;
	struct run r = {.config = c, .watch = watch, .summary = s, .signal_fd = -1};
	memset(s, 0, sizeof *s);
	tally_start(&s->total);
	s->total.shed_ok = c->shed_ok;
	limits_read(&r.limits);
	int result = compile_plan(c, &r.limits, dry, &r.plan, s, err) ||
		     choose_cpus(&r, &cpus, err) || reserve(&r, err);
	if (!result)
		s->bytes_per_idle_connection = worker_bytes_per_connection(&r.plan);
	if (!result)
		result = valves_init(&r.valves, c->valves, c->valve_count, err);
	if (!result && c->stage_count)
		result = staging_new(&r.staging, c, &r.plan, err);
	if (!result && c->find)
		result = find_new(&r.find, c, &r.limits, &r.plan, err);
	if (!result && c->hold)
		holding_plan(&r.holding, c, &r.plan, s);
	if (!result && watch->opening)
		watch->opening(watch->ctx, s);
	if (!result && !dry) {
		r.signal_fd = listen_to_signals(err);
		result = r.signal_fd < 0 || load(&r, &cpus, err);
	}
	end(&r);
	return result ? -1 : 0;
}
