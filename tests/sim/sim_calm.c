/* Runs without a seed, whose outcome is known to the last connection. */
#include "tests/sim/sim_runs.h"

#include "base/mono.h"

#include <inttypes.h>
#include <stdio.h>

#define MS NS_PER_MS

static struct sim_run run;
static struct sim_result result;

/* A peer without faults, a millisecond away. */
static void make(struct plan plan)
{
	plan.workers = plan.pipeline = 1;
	plan.timeout_ns = 200 * MS;
	plan.connect_timeout_ns = 100 * MS;
	plan.drain_ns = 300 * MS;
	plan.window_ns = 100 * MS;
	result = (struct sim_result){.ended_ns = 0};
	run = (struct sim_run){
		.script = {.seed = 1,
			   .request_len = sizeof SIM_REQUEST - 1,
			   .silent_sends = true,
			   .multishot = true,
			   .events_a_turn = 4096,
			   .latency_ns = MS,
			   .rest_ns = 50 * MS},
		.plan = plan,
		.destinations = 1,
	};
}

static struct plan hold_of(uint32_t connections, uint64_t duration_ns)
{
	return (struct plan){.hold = true,
			     .keepalive = true,
			     .connections = connections,
			     .duration_ns = duration_ns};
}

static const char *go(void)
{
	return sim_run_worker(&run, &result) ? "it ran" : sim_broken_rule(&run, &result);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return #condition;                                                         \
	} while (0)

/* --- holding ---------------------------------------------------------------------------- */

static const char *all_are_held_then_each_is_asked_once(void)
{
	for (int idle = PLAN_RECEIVE; idle <= PLAN_SWEEP; idle++) {
		struct plan plan = hold_of(2000, 500 * MS);
		plan.idle = (enum plan_idle)idle;
		plan.verify = true;
		make(plan);
		const char *rule = go();
		if (rule)
			return rule;
		CHECK(result.total.opened == 2000 && result.total.open_max == 2000);
		CHECK(result.total.failed == 0 && result.total.lost == 0);
		CHECK(result.total.outcomes[OUTCOME_OK] == 2000);
		CHECK(result.truth.requests == 2000);
	}
	return NULL;
}

static const char *nothing_is_sent_unless_asked_for(void)
{
	make(hold_of(100, 500 * MS));
	const char *rule = go();
	CHECK(result.total.opened == 100 && result.truth.requests == 0);
	CHECK(result.total.intended == 0 && result.total.bytes_sent == 0);
	return rule;
}

static const char *requests_go_round_all_connections(void)
{
	struct plan plan = hold_of(100, 1000 * MS);
	plan.rate_rps = 500;
	make(plan);
	const char *rule = go();
	CHECK(result.total.intended == 500);
	CHECK(result.total.outcomes[OUTCOME_OK] == 500);
	CHECK(result.total.active_max == 100);
	return rule;
}

static const char *churn_closes_and_opens_at_its_rate(void)
{
	for (int idle = PLAN_RECEIVE; idle <= PLAN_SWEEP; idle++) {
		struct plan plan = hold_of(200, 1000 * MS);
		plan.idle = (enum plan_idle)idle;
		plan.churn_rps = 100;
		make(plan);
		const char *rule = go();
		if (rule)
			return rule;
		CHECK(result.total.reopened >= 95 && result.total.reopened <= 100);
		CHECK(result.total.lost == 0 && result.total.failed == 0);
	}
	return NULL;
}

static const char *churn_spares_what_waits_for_an_answer(void)
{
	struct plan plan = hold_of(3, 1000 * MS);
	plan.rate_rps = 2000;
	plan.churn_rps = 50;
	make(plan);
	run.plan.pipeline = 4;
	const char *rule = go();
	CHECK(result.total.reopened > 0 && result.total.lost == 0);
	CHECK(result.total.outcomes[OUTCOME_OK] == result.total.intended);
	return rule;
}

static const char *what_is_lost_is_told_by_cause_and_opened_again(void)
{
	for (int idle = PLAN_RECEIVE; idle <= PLAN_SWEEP; idle++) {
		for (int reset = 0; reset < 2; reset++) {
			struct plan plan = hold_of(100, 1000 * MS);
			plan.idle = (enum plan_idle)idle;
			make(plan);
			run.script.close_idle = 500;
			run.script.reset_idle = reset ? 1000 : 0;
			const char *rule = go();
			if (rule)
				return rule;
			enum outcome cause = reset ? OUTCOME_PEER_RESET : OUTCOME_PEER_CLOSED;
			CHECK(result.total.lost > 50);
			CHECK(result.total.lost_by[cause] == result.total.lost);
			CHECK(result.total.lost == result.truth.ended);
			CHECK(result.total.reopened == result.total.lost);
		}
	}
	return NULL;
}

static const char *a_target_that_was_away_is_filled_again(void)
{
	struct plan plan = hold_of(500, 3000 * MS);
	plan.verify = true;
	make(plan);
	run.script.close_idle = 1000;
	run.script.down_from_ns = 10 * MS;
	run.script.down_to_ns = 1000 * MS;
	const char *rule = go();
	CHECK(result.total.failed_by[OUTCOME_CONNECT_REFUSED] == result.total.failed);
	CHECK(result.total.failed >= 128 && result.total.failed < 400); /* one by one, then */
	CHECK(result.total.reopened > 0 && result.total.opened > 500);
	return rule;
}

/* --- pace and scarcity ------------------------------------------------------------------ */

static const char *connections_are_begun_at_the_pace(void)
{
	struct plan plan = hold_of(1000, 100 * MS);
	plan.connect_rps = 1000;
	make(plan);
	const char *rule = go();
	uint64_t took_ns = result.total.held_from_ns - SIM_START_NS;
	CHECK(took_ns >= 970 * MS && took_ns <= 1050 * MS);
	return rule;
}

static const char *a_connection_per_request_keeps_the_pace(void)
{
	static const double rates[] = {30, 300, 3000};
	for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
		make((struct plan){.connections = 1 + (uint32_t)rates[i] / 60,
				   .connect_rps = rates[i],
				   .duration_ns = NS_PER_S});
		const char *rule = go();
		if (rule)
			return rule;
		CHECK((double)result.truth.dialled >= 0.95 * rates[i]);
	}
	return NULL;
}

static const char *few_descriptors_hold_as_many(void)
{
	make(hold_of(100, 200 * MS));
	run.script.slots = 40;
	const char *rule = go();
	CHECK(result.total.opened == 40 && result.truth.open_most == 40);
	CHECK(result.total.failed_by[OUTCOME_DESCRIPTORS_EXHAUSTED] == result.total.failed);
	CHECK(result.total.failed == 60); /* each is tried once */
	return rule;
}

static const char *a_loss_is_made_good_though_descriptors_are_few(void)
{
	make(hold_of(2000, 1000 * MS));
	run.script.slots = 200;
	run.script.close_idle = 500;
	const char *rule = go();
	CHECK(result.total.lost > 100);
	CHECK(result.total.lost - result.total.reopened < 10); /* all but the last */
	CHECK(result.total.failed == 1800);
	return rule;
}

static const char *ports_that_others_hold_are_passed_over(void)
{
	make(hold_of(200, 200 * MS));
	run.ports = 400;
	run.script.port_held = 300;
	const char *rule = go();
	CHECK(result.total.opened == 200 && result.total.failed == 0);
	CHECK(result.truth.refused > 0);
	return rule;
}

static const char *a_request_survives_a_port_that_others_hold(void)
{
	for (int closed = 0; closed < 2; closed++) {
		struct plan plan = {.connections = 5, .duration_ns = 500 * MS};
		if (!closed)
			plan.rate_rps = 500;
		make(plan);
		run.ports = 1000;
		run.script.port_held = 300;
		const char *rule = go();
		if (rule)
			return rule;
		CHECK(result.truth.refused > 0);
		CHECK(result.total.failed == 0);
		CHECK(result.total.outcomes[OUTCOME_OK] == result.total.intended);
	}
	return NULL;
}

static const char *ports_at_rest_are_the_generators_limit(void)
{
	make((struct plan){.connections = 10, .duration_ns = 500 * MS});
	run.ports = 100;
	run.script.rest_ns = 200 * MS;
	const char *rule = go();
	CHECK(result.total.outcomes[OUTCOME_PORTS_EXHAUSTED] > 0);
	CHECK(result.total.outcomes[OUTCOME_OK] >= 100);
	CHECK(tally_failed(&result.total) == 0);
	return rule;
}

static const char *short_memory_ends_the_opening(void)
{
	struct plan plan = hold_of(1000, 300 * MS);
	plan.connect_rps = 1000;
	make(plan);
	run.orders.memory_short_ns = 500 * MS;
	const char *rule = go();
	CHECK(result.total.opened >= 480 && result.total.opened <= 530);
	CHECK(result.total.failed_by[OUTCOME_MEMORY_EXHAUSTED] == result.total.failed);
	return rule;
}

/* --- ending ----------------------------------------------------------------------------- */

static const char *a_stop_ends_a_last_round_that_nobody_answers(void)
{
	struct plan plan = hold_of(3000, 100 * MS);
	plan.verify = true;
	plan.timeout_ns = 10 * NS_PER_S;
	make(plan);
	run.plan.timeout_ns = 10 * NS_PER_S;
	run.script.silence = 1000;
	run.orders.stop_ns = 2 * NS_PER_S;
	const char *rule = go();
	CHECK(result.ended_ns < 3 * NS_PER_S);
	CHECK(result.total.intended < 3000 && result.total.in_flight == result.total.intended);
	return rule;
}

/* Answers come and time runs out while connections are closed one after the other. */
static const char *what_comes_while_closing_is_counted_once(void)
{
	for (unsigned silence = 0; silence <= 500; silence += 500) {
		struct plan plan = hold_of(100, 500 * MS);
		plan.rate_rps = 1000;
		plan.close_rps = 100;
		make(plan);
		run.plan.drain_ns = 1;
		run.script.latency_ns = 50 * MS;
		run.script.silence = silence;
		const char *rule = go();
		if (rule)
			return rule;
	}
	return NULL;
}

static const char *closes_keep_their_pace(void)
{
	struct plan plan = hold_of(500, 100 * MS);
	plan.close_rps = 1000;
	make(plan);
	const char *rule = go();
	uint64_t held_ns = result.total.held_from_ns - SIM_START_NS;
	CHECK(result.ended_ns - held_ns >= 590 * MS && result.ended_ns - held_ns < 900 * MS);
	return rule;
}

/* A connection that its peer ends while it thinks goes on with the next life. */
static const char *thinking_outlives_the_connection(void)
{
	make((struct plan){.keepalive = true,
			   .connections = 10,
			   .think_ns = 20 * MS,
			   .duration_ns = 2 * NS_PER_S});
	run.script.multishot = false; /* at rest after every answer */
	run.script.close_idle = 100;
	run.script.latency_ns = 100 * NS_PER_US;
	const char *rule = go();
	CHECK(result.total.lost > 10);
	CHECK(result.total.intended > 700); /* of 1000 with no loss at all */
	return rule;
}

/* ---------------------------------------------------------------------------------------- */

#define NAMED(test)                                                                                \
	{                                                                                          \
#test, test                                                                        \
	}

static const struct {
	const char *name;
	const char *(*check)(void);
} calm[] = {
	NAMED(all_are_held_then_each_is_asked_once),
	NAMED(nothing_is_sent_unless_asked_for),
	NAMED(requests_go_round_all_connections),
	NAMED(churn_closes_and_opens_at_its_rate),
	NAMED(churn_spares_what_waits_for_an_answer),
	NAMED(what_is_lost_is_told_by_cause_and_opened_again),
	NAMED(a_target_that_was_away_is_filled_again),
	NAMED(connections_are_begun_at_the_pace),
	NAMED(a_connection_per_request_keeps_the_pace),
	NAMED(few_descriptors_hold_as_many),
	NAMED(a_loss_is_made_good_though_descriptors_are_few),
	NAMED(ports_that_others_hold_are_passed_over),
	NAMED(a_request_survives_a_port_that_others_hold),
	NAMED(ports_at_rest_are_the_generators_limit),
	NAMED(short_memory_ends_the_opening),
	NAMED(a_stop_ends_a_last_round_that_nobody_answers),
	NAMED(what_comes_while_closing_is_counted_once),
	NAMED(closes_keep_their_pace),
	NAMED(thinking_outlives_the_connection),
};

unsigned sim_calm_count(void)
{
	return sizeof calm / sizeof *calm;
}

unsigned sim_calm_runs(unsigned number)
{
	unsigned failed = 0;
	for (unsigned i = 0; i < sim_calm_count(); i++) {
		const char *broken = calm[i].check();
		if (broken)
			printf("# broken: %s\n", broken);
		printf("%s %u - %s\n", broken ? "not ok" : "ok", number + i, calm[i].name);
		failed += broken != NULL;
	}
	return failed;
}
