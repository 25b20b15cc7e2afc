#include "run/holding.h"

#include "base/mono.h"
#include "host/self.h"
#include "io/ring.h"

#define WARM_FROM     50000u /* connections: fewer do not notice */
#define WARM_LIMIT_NS (90 * NS_PER_S)
#define WARM_SHARE    0.8    /* of what is available, at most */
#define WARM_AHEAD    20000u /* connections that find memory given back for them */

/* From here on no connection more: what is open shall live. */
#define SHORT_HOST   0.03       /* of the host's memory still available */
#define SHORT_CGROUP 0.10       /* of the cgroup's limit not yet used, */
#define SHORT_BYTES  (32 << 20) /* and what two ticks of the quickest opening take */

#define LOOK_EVERY_NS (200 * NS_PER_MS) /* for losses, where nothing is armed */

/* What is looked at ten times a second. */
#define WATCHED                                                                                    \
	(FACT_BIT(FACT_MEM_AVAILABLE) | FACT_BIT(FACT_CGROUP_LIMIT) | FACT_BIT(FACT_CGROUP_USED) | \
	 FACT_BIT(FACT_TCP_IN_SEGS) | FACT_BIT(FACT_TCP_ESTAB_RESETS))

/* Closing more than this share of the free TIME_WAIT buckets is done by RST. */
#define TIME_WAIT_SHARE 0.5

/* --- before the start ------------------------------------------------------------------- */

static bool target_is_local(const struct tuples *t)
{
	return addr_is_loopback(&t->to[0]); /* of all: the guard lets loopback or one network */
}

void holding_plan(struct holding *h, const struct run_config *c, struct plan *plan,
		  struct summary *s)
{
	const struct tuples *t = &plan->tuples;
	*h = (struct holding){.plan = plan, .summary = s};
	facts_read(&h->before, "");
	h->now = h->before;
	s->held.target_local = target_is_local(t);
	h->demand = (struct preflight_demand){
		.connections = plan->connections,
		.sources = t->from_count,
		.pairs = (uint64_t)(t->from_count ? t->from_count : 1) * t->to_count,
		.own_ports = ring_names_ports(),
		.target_local = s->held.target_local,
		.loopback = s->held.target_local,
		.lean = plan->idle != PLAN_RECEIVE,
		.threads = plan->workers,
	};
	preflight_judge(&h->demand, &h->before, &s->held.preflight);
	uint64_t most = facts_or(&h->before, FACT_TW_MAX, UINT64_MAX);
	uint64_t used = facts_or(&h->before, FACT_TCP_TW, 0);
	double free_buckets = most > used ? (double)(most - used) : 0;
	plan->close_reset = c->linger0 || plan->connections > TIME_WAIT_SHARE * free_buckets;
	s->held.reset = plan->close_reset;
}

/* Bytes that may still be used here, by the host and by the cgroup. */
static uint64_t available(const struct facts *f)
{
	uint64_t host = facts_or(f, FACT_MEM_AVAILABLE, 0);
	uint64_t limit = facts_or(f, FACT_CGROUP_LIMIT, UINT64_MAX);
	uint64_t used = facts_or(f, FACT_CGROUP_USED, 0);
	uint64_t group = limit > used ? limit - used : 0;
	return host < group ? host : group;
}

void holding_warm(struct holding *h)
{
	struct summary_hold *held = &h->summary->held;
	if (h->plan->connections < WARM_FROM || h->plan->cold)
		return;
	uint64_t bytes = preflight_memory(&h->demand);
	uint64_t most = (uint64_t)((double)available(&h->before) * WARM_SHARE);
	warm_up(&h->warm, bytes < most ? bytes : most, WARM_LIMIT_NS);
	held->warm_bytes = h->warm.bytes;
	held->warm_s = h->warm.seconds;
	held->cold_share = h->warm.bytes ? (double)h->warm.cold / (double)h->warm.bytes : 0;
}

/* Memory that the next connections will need goes back to the kernel just before they do. */
static void hand_over(struct holding *h, uint64_t opened)
{
	uint64_t soon = opened + WARM_AHEAD, asked = h->plan->connections;
	if (soon < asked && !h->held_ns)
		warm_release(&h->warm, preflight_memory(&h->demand) / asked * soon);
	else
		warm_fini(&h->warm);
}

/* --- while it runs ---------------------------------------------------------------------- */

void holding_begin(struct holding *h, uint64_t start_ns)
{
	facts_read(&h->before, ""); /* the rings are open: what grows from here on is connections */
	hand_over(h, 0);
	h->start_ns = h->seen_ns = h->tenth_ns[0] = start_ns;
}

/* When each tenth of the connections stood, between the ticks by rule of three. */
static void mark_tenths(struct holding *h, const struct tally *total)
{
	uint64_t opened = total->opened - total->reopened, now_ns = total->to_ns;
	for (unsigned i = 1; i <= HOLDING_TENTHS; i++) {
		uint64_t wanted = (uint64_t)h->plan->connections * i / HOLDING_TENTHS;
		if (h->tenth_ns[i] || opened < wanted || opened == h->seen_opened)
			continue;
		double share =
			(double)(wanted - h->seen_opened) / (double)(opened - h->seen_opened);
		h->tenth_ns[i] = h->seen_ns + (uint64_t)(share * (double)(now_ns - h->seen_ns));
	}
	h->seen_ns = now_ns;
	h->seen_opened = opened;
}

/* What an idle connection costs: once all are open, and again until something is asked. */
static void measure(struct holding *h, const struct tally *total)
{
	struct summary_hold *held = &h->summary->held;
	const struct fact *slab = &h->now.of[FACT_SLAB], *before = &h->before.of[FACT_SLAB];
	if (!total->open)
		return;
	facts_refresh(&h->now, "", FACT_BIT(FACT_SLAB));
	held->user_bytes = (double)self_rss_bytes() / (double)total->open;
	if (slab->known && before->known && slab->value > before->value)
		held->kernel_bytes = (double)(slab->value - before->value) / (double)total->open;
	h->measured = true;
}

static void watch_memory(struct holding *h, struct crew *crew)
{
	const struct facts *f = &h->now;
	double kept = (double)(h->warm.bytes - h->warm.released);
	double host = (double)facts_or(f, FACT_MEM_AVAILABLE, UINT64_MAX) + kept;
	double limit = (double)facts_or(f, FACT_CGROUP_LIMIT, UINT64_MAX);
	double used = (double)facts_or(f, FACT_CGROUP_USED, 0) - kept;
	bool short_host = host < SHORT_HOST * (double)facts_or(f, FACT_MEM_TOTAL, 0);
	bool short_group =
		limit < (double)UINT64_MAX && limit - used < SHORT_CGROUP * limit + SHORT_BYTES;
	if (h->memory_short || (!short_host && !short_group))
		return;
	h->memory_short = true;
	crew_memory_short(crew);
}

/* A connection ends from outside by a segment that comes in, or by being killed here: where neither
 * counter moved, none has. What cannot be read may have moved. */
static bool something_came(struct holding *h)
{
	static const enum fact_id tell[] = {FACT_TCP_IN_SEGS, FACT_TCP_ESTAB_RESETS};
	bool came = false;
	for (unsigned i = 0; i < sizeof tell / sizeof *tell; i++) {
		const struct fact *now = &h->now.of[tell[i]];
		came |= !now->known || now->value != h->came[i];
		h->came[i] = now->value;
	}
	return came;
}

/* Now and then, for a round takes its time and others' segments count as well. */
static void look_for_losses(struct holding *h, struct crew *crew, uint64_t now_ns)
{
	h->to_look |= something_came(h);
	if (h->plan->idle != PLAN_SWEEP || !h->to_look || now_ns < h->looked_ns + LOOK_EVERY_NS)
		return;
	h->to_look = false;
	h->looked_ns = now_ns;
	crew_sweep(crew);
}

void holding_tick(struct holding *h, struct crew *crew, const struct tally *total, uint64_t now_ns)
{
	facts_refresh(&h->now, "", WATCHED);
	mark_tenths(h, total);
	hand_over(h, total->opened);
	watch_memory(h, crew);
	look_for_losses(h, crew, now_ns);
	uint64_t tried = total->opened - total->reopened + total->failed;
	if (!h->held_ns && tried >= h->plan->connections && !total->opening)
		h->held_ns = now_ns;
	if (!total->issued_until_ns)
		h->summary->held.open_at_end = total->open;
	bool asked = total->intended || total->held_until_ns;
	if (h->held_ns && (!h->measured || !asked))
		measure(h, total);
}

/* --- the end ---------------------------------------------------------------------------- */

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / (double)NS_PER_S : 0;
}

/* Connections a second between two tenths; 0 where they were never reached. */
static double pace(const struct holding *h, unsigned from, unsigned to)
{
	double s = h->tenth_ns[to] ? seconds(h->tenth_ns[from], h->tenth_ns[to]) : 0;
	return s > 0 ? (double)h->plan->connections * (to - from) / HOLDING_TENTHS / s : 0;
}

/* By how much a counter grew; SUMMARY_UNKNOWN where it cannot be read. */
static uint64_t grown(const struct holding *h, enum fact_id id)
{
	const struct fact *before = &h->before.of[id], *now = &h->now.of[id];
	return before->known && now->known ? now->value - before->value : SUMMARY_UNKNOWN;
}

void holding_end(struct holding *h, uint64_t now_ns)
{
	struct summary_hold *held = &h->summary->held;
	const struct tally *t = &h->summary->total;
	uint64_t end_ns = t->issued_until_ns;
	uint64_t held_ns = t->held_from_ns && t->held_from_ns < end_ns ? t->held_from_ns : end_ns;
	facts_read(&h->now, "");
	held->opening_s = seconds(h->start_ns, held_ns);
	held->held_s = seconds(held_ns, t->held_until_ns ? t->held_until_ns : end_ns);
	held->closing_s = seconds(end_ns, now_ns);
	held->first_tenth_rps = pace(h, 0, 1);
	held->last_tenth_rps = pace(h, HOLDING_TENTHS - 1, HOLDING_TENTHS);
	held->opened_rps = pace(h, 0, HOLDING_TENTHS);
	if (held->opened_rps == 0 && held->opening_s > 0)
		held->opened_rps = (double)(t->opened - t->reopened) / held->opening_s;
	held->memory_pressures = grown(h, FACT_TCP_MEMORY_PRESSURES);
	held->time_wait_overflows = grown(h, FACT_TW_OVERFLOWS);
	if (h->measured)
		h->summary->bytes_per_idle_connection = (uint64_t)(held->user_bytes + 0.5);
}

void holding_fini(struct holding *h)
{
	warm_fini(&h->warm);
}
