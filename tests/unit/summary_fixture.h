/* Summaries made up for the tests of out/: how runs of four kinds and a hold ended. On the
 * heap; free(). */
#ifndef BRINK_TESTS_SUMMARY_FIXTURE_H
#define BRINK_TESTS_SUMMARY_FIXTURE_H

#include "base/span.h"
#include "run/summary.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define REPORT_MAX (8u << 20)

/* Before anything happened: all zero, no time passed. */
static inline struct summary *summary_empty(void)
{
	struct summary *s = calloc(1, sizeof *s);
	ck_assert_ptr_nonnull(s);
	tally_init(&s->total);
	s->command = "run";
	s->protocol = "h1";
	snprintf(s->target, sizeof s->target, "http://127.0.0.1:8080/");
	s->started_at = (struct timespec){1767225600, 7000000}; /* 2026-01-01 */
	s->connections_asked = 64;
	s->threads = s->rings = 2;
	s->planned_s = 10;
	s->exit_code = 3;
	return s;
}

/* `count` requests of 1..1000 us, all ok, in ten seconds. */
static inline struct summary *summary_closed(unsigned count)
{
	struct summary *s = summary_empty();
	struct tally *t = &s->total;
	for (unsigned i = 0; i < count; i++) {
		hist_add(&t->intended_us, 1 + i % 1000);
		hist_add(&t->service_us, 1 + i % 1000);
		hist_add(&t->first_byte_us, 1 + i % 1000);
	}
	t->intended = t->sent = t->outcomes[OUTCOME_OK] = t->status[200] = count;
	t->opened = t->open_max = t->active_max = 64;
	t->bytes_received = UINT64_C(200) * count;
	t->bytes_sent = UINT64_C(66) * count;
	s->elapsed_s = 10;
	s->achieved_rps = count / s->elapsed_s;
	s->cpu_s = 4.5;
	s->cpu_us_per_request = 4.5e6 / count;
	s->rss_bytes = 20u << 20;
	s->bytes_per_idle_connection = 120;
	s->exit_code = 0;
	return s;
}

static inline void summary_add(struct summary *s, enum outcome o, uint64_t count)
{
	s->total.outcomes[o] += count;
	s->total.intended += count;
}

static inline void summary_threshold(struct summary *s, const char *text, bool ok, double value)
{
	struct err err;
	unsigned i = s->threshold_count++;
	ck_assert_msg(!threshold_parse(&s->thresholds[i], text, &err), "%s", err.text);
	s->results[i] = (struct threshold_result){ok, value};
}

/* An open loop of 5000 a second, in which not all went well. */
static inline struct summary *summary_open(void)
{
	struct summary *s = summary_closed(50000);
	s->open_loop = true;
	s->offered_rps = 5000;
	summary_add(s, OUTCOME_TIMEOUT, 100);
	summary_add(s, OUTCOME_UNSENT, 700);
	summary_add(s, OUTCOME_SHED, 50);
	summary_add(s, OUTCOME_DESCRIPTORS_EXHAUSTED, 3);
	s->total.status[503] = 50;
	s->total.in_flight = 12;
	s->total.intended += 12;
	s->total.oldest_in_flight_ns = 1250000000;
	s->total.failed = 4;
	hist_add(&s->total.lag_us, 12);
	hist_add(&s->total.lag_us, 300);
	summary_threshold(s, "p(99)<250ms", true, 990);
	summary_threshold(s, "errors<1%", false, 0.0167);
	s->exit_code = 99;
	return s;
}

/* The generator was the limit, for two reasons given at length. */
static inline struct summary *summary_saturated(void)
{
	struct summary *s = summary_open();
	s->saturated = true;
	s->limit_count = 2;
	s->limits[0].limiter = "cpu";
	s->limits[1].limiter = "descriptors";
	for (int i = 0; i < 2; i++) {
		snprintf(
			s->limits[i].evidence, sizeof s->limits[i].evidence,
			"its cgroup's quota held it back 8.8 s in 10.0 s "
			"(/sys/fs/cgroup/a/rather/long/path/in/one/word/that/will/not/break/at/any/"
			"blank/because/there/is/none/in/it/cpu.stat)");
		snprintf(s->limits[i].remedy, sizeof s->limits[i].remedy,
			 "raise the quota (cpu.max), or run it outside, and when neither is "
			 "possible use a lower rate or a further generator host");
	}
	s->note_count = 1;
	snprintf(s->notes[0], sizeof s->notes[0],
		 "the target answered nothing for 2.1 s, from second 3.0 on, which is longer than "
		 "any pause before it and shorter than the timeout");
	s->total.ring_overflows = 3;
	s->total.run_delay_ns = 1300000000;
	s->total.spin_ns = 900000000;
	s->exit_code = 6;
	return s;
}

/* A million asked for and never asked anything; 15 failed, 15 were lost, all stood in the end. */
static inline struct summary *summary_held(void)
{
	struct summary *s = summary_empty();
	struct tally *t = &s->total;
	s->command = "hold";
	s->hold = true;
	s->connections_asked = t->open_max = 1000000;
	t->opened = 1000015;
	t->failed = t->lost = t->reopened = 15;
	t->failed_by[OUTCOME_CONNECT_TIMEOUT] = 12;
	t->failed_by[OUTCOME_CONNECT_REFUSED] = 3;
	t->lost_by[OUTCOME_PEER_RESET] = 15;
	s->held = (struct summary_hold){
		.opening_s = 40.8,
		.held_s = 30,
		.closing_s = 33.3,
		.opened_rps = 24531.4,
		.first_tenth_rps = 28000,
		.last_tenth_rps = 21000,
		.open_at_end = 1000000,
		.target_local = true,
		.user_bytes = 101.4,
		.kernel_bytes = 9211.6,
		.warm_bytes = UINT64_C(9) << 30,
		.warm_s = 12.5,
		.cold_share = 0.43,
	};
	s->bytes_per_idle_connection = 101;
	s->planned_s = s->held.held_s;
	s->elapsed_s = 70.8;
	s->cpu_s = 35.4;
	s->rss_bytes = 101u << 20;
	s->exit_code = 0;
	return s;
}

/* The same, with a request to each connection. */
static inline struct summary *summary_asked(void)
{
	struct summary *s = summary_held();
	struct tally *t = &s->total;
	for (unsigned i = 0; i < 1000; i++) {
		hist_add(&t->intended_us, 1 + i);
		hist_add(&t->service_us, 1 + i);
	}
	t->sent = t->intended = t->outcomes[OUTCOME_OK] = t->status[200] = 1000000;
	t->active_max = 1000000;
	t->bytes_received = 200000000;
	s->open_loop = true;
	s->offered_rps = 50000;
	s->achieved_rps = 1000000 / s->elapsed_s;
	s->cpu_us_per_request = 35.4;
	return s;
}

/* Nobody listened: none of a million was ever open. */
static inline struct summary *summary_refused(void)
{
	struct summary *s = summary_held();
	struct tally *t = &s->total;
	t->opened = t->open_max = t->lost = t->reopened = 0;
	memset(t->lost_by, 0, sizeof t->lost_by);
	t->failed_by[OUTCOME_CONNECT_REFUSED] = 999988;
	t->failed = 1000000;
	s->held = (struct summary_hold){.opening_s = 5, .held_s = 30};
	s->exit_code = 3;
	return s;
}

#endif
