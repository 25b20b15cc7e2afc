/* What samples of a host come to beside the client's: views, spans, the clock, the timeline. */
#include "run/agent_clock.h"
#include "run/kernel_view.h"
#include "run/timeline.h"

#include "base/mono.h"
#include "tests/lib/suite.h"

#include <stdlib.h>

#define TENTH (100 * NS_PER_MS)

static struct kernel_view view;
static struct kernel_track track;
static struct kernel_span span;
static struct timeline line;
static struct tally *tally;

static void start(void)
{
	view = (struct kernel_view){0};
	track = (struct kernel_track){0};
	line = (struct timeline){0};
	tally = calloc(1, sizeof *tally);
	tally_init(tally);
}

static void end(void)
{
	free(tally);
}

/* --- views ------------------------------------------------------------------------------- */

START_TEST(of_the_queues_only_the_targets_port_is_taken)
{
	kernel_view_add(&view, "accept_queue_length", "{port=\"80\"}", 3, 80);
	kernel_view_add(&view, "accept_queue_length", "{port=\"8080\"}", 70, 80);
	kernel_view_add(&view, "accept_queue_limit", "{port=\"80\"}", 128, 80);
	ck_assert(view.known[KERNEL_ACCEPT_QUEUE]);
	ck_assert_double_eq(view.value[KERNEL_ACCEPT_QUEUE], 3);
	ck_assert_double_eq(view.value[KERNEL_ACCEPT_LIMIT], 128);
	ck_assert(!view.known[KERNEL_SYN_RECV]);
}
END_TEST

START_TEST(values_by_label_add_up)
{
	kernel_view_add(&view, "skb_drops_total", "{reason=\"no_socket\"}", 5, 80);
	kernel_view_add(&view, "skb_drops_total", "{reason=\"tcp_csum\"}", 7, 80);
	kernel_view_add(&view, "resets_total", "{direction=\"sent\",reason=\"x\"}", 2, 80);
	kernel_view_add(&view, "resets_total", "{direction=\"received\",reason=\"any\"}", 9, 80);
	kernel_view_add(&view, "what_is_not_wanted", "", 1, 80);
	ck_assert_double_eq(view.value[KERNEL_SKB_DROPS], 12);
	ck_assert_double_eq(view.value[KERNEL_RESETS_SENT], 2);
}
END_TEST

/* --- spans ------------------------------------------------------------------------------- */

static void take(uint64_t at_ns, enum kernel_key key, double value)
{
	view.at_ns = at_ns;
	view.known[key] = true;
	view.value[key] = value;
	kernel_track_take(&track, &view, &span);
}

START_TEST(counters_grow_and_gauges_stand)
{
	take(TENTH, KERNEL_RETRANSMITTED, 1000);
	ck_assert_double_eq(span.value[KERNEL_RETRANSMITTED], 0);
	take(2 * TENTH, KERNEL_RETRANSMITTED, 1007);
	ck_assert_double_eq(span.value[KERNEL_RETRANSMITTED], 7);
	take(3 * TENTH, KERNEL_SYN_RECV, 101);
	ck_assert_double_eq(span.value[KERNEL_SYN_RECV], 101);
	ck_assert_double_eq(span.value[KERNEL_RETRANSMITTED], 0);
}
END_TEST

START_TEST(a_counter_that_fell_began_anew)
{
	take(TENTH, KERNEL_LISTEN_OVERFLOWS, 500);
	take(2 * TENTH, KERNEL_LISTEN_OVERFLOWS, 4);
	ck_assert_double_eq(span.value[KERNEL_LISTEN_OVERFLOWS], 4);
}
END_TEST

START_TEST(spans_add_counters_and_keep_the_most_of_gauges)
{
	struct kernel_span sum, other;
	kernel_span_clear(&sum);
	kernel_span_clear(&other);
	other.known[KERNEL_ACCEPT_QUEUE] = other.known[KERNEL_RETRANSMITTED] = true;
	other.value[KERNEL_ACCEPT_QUEUE] = 5;
	other.value[KERNEL_RETRANSMITTED] = 3;
	other.softirq_share = 0.5;
	other.softirq_cpu = 1;
	other.samples = 1;
	kernel_span_add(&sum, &other);
	other.value[KERNEL_ACCEPT_QUEUE] = 4;
	other.softirq_share = 0.2;
	other.softirq_cpu = 0;
	kernel_span_add(&sum, &other);
	ck_assert_double_eq(sum.value[KERNEL_ACCEPT_QUEUE], 5);
	ck_assert_double_eq(sum.value[KERNEL_RETRANSMITTED], 6);
	ck_assert_double_eq(sum.softirq_share, 0.5);
	ck_assert_uint_eq(sum.softirq_cpu, 1);
	ck_assert_uint_eq(sum.samples, 2);
	ck_assert(!sum.known[KERNEL_SYN_RECV]);
}
END_TEST

START_TEST(the_busiest_cpu_is_named_once_two_samples_are_there)
{
	kernel_view_add(&view, "softirq_seconds_total", "{cpu=\"0\",vec=\"net_rx\"}", 10, 80);
	kernel_view_add(&view, "softirq_seconds_total", "{cpu=\"1\",vec=\"net_rx\"}", 20, 80);
	take(NS_PER_S, KERNEL_SYN_RECV, 0);
	ck_assert_double_lt(span.softirq_share, 0);
	view = (struct kernel_view){0};
	take(NS_PER_S + TENTH, KERNEL_SYN_RECV, 0); /* says nothing of softirqs */
	ck_assert_double_lt(span.softirq_share, 0);
	kernel_view_add(&view, "softirq_seconds_total", "{cpu=\"0\",vec=\"net_rx\"}", 10.1, 80);
	kernel_view_add(&view, "softirq_seconds_total", "{cpu=\"1\",vec=\"net_rx\"}", 20.5, 80);
	take(2 * NS_PER_S, KERNEL_SYN_RECV, 0);
	ck_assert_double_eq_tol(span.softirq_share, 0.5, 1e-9);
	ck_assert_uint_eq(span.softirq_cpu, 1);
}
END_TEST

/* --- the clock --------------------------------------------------------------------------- */

START_TEST(the_exchange_of_least_round_trip_tells_the_offset)
{
	struct agent_clock c = {0};
	agent_clock_begin(&c);
	agent_clock_take(&c, 1000, 901000, 901010, 1900); /* 890 on the way, one way slow */
	agent_clock_take(&c, 5000, 905020, 905030, 5050); /* 40, even */
	agent_clock_take(&c, 9000, 909500, 909600, 9700); /* 600 */
	ck_assert(!c.known);
	agent_clock_end(&c);
	ck_assert(c.known);
	ck_assert_int_eq(c.offset_ns, 900000);
	ck_assert_uint_eq(c.bound_ns, 21);
	ck_assert_uint_eq(agent_clock_ours(&c, 905030), 5030);
}
END_TEST

START_TEST(what_cannot_be_is_left_out_and_the_estimate_before_holds)
{
	struct agent_clock c = {0};
	agent_clock_begin(&c);
	agent_clock_take(&c, 5000, 905020, 905030, 5050);
	agent_clock_end(&c);
	agent_clock_begin(&c);
	agent_clock_take(&c, 5000, 905020, 905930, 5050); /* longer there than here */
	agent_clock_take(&c, 5000, 905020, 905010, 5050); /* ended before it began */
	agent_clock_end(&c);
	ck_assert_int_eq(c.offset_ns, 900000);
}
END_TEST

/* --- the timeline ------------------------------------------------------------------------ */

static void client(uint64_t row, uint64_t ok, uint64_t failed)
{
	tally_reset(tally);
	tally->from_ns = NS_PER_S + row * TENTH;
	tally->to_ns = tally->from_ns + TENTH;
	tally->outcomes[OUTCOME_OK] = ok;
	tally->outcomes[OUTCOME_TIMEOUT] = failed;
	for (uint64_t i = 0; i < ok + failed; i++)
		hist_add(&tally->intended_us, 100 + row);
	timeline_client(&line, tally);
}

START_TEST(client_and_kernel_meet_in_the_row_of_their_instant)
{
	timeline_begin(&line, NS_PER_S, TENTH);
	client(2, 30, 1);
	take(NS_PER_S + 3 * TENTH, KERNEL_STOPPED, 1);
	timeline_kernel(&line, NS_PER_S + 2 * TENTH + TENTH / 2, &span);
	timeline_kernel(&line, NS_PER_S - 1, &span); /* before the start */
	ck_assert_uint_eq(line.count, 3);
	ck_assert_uint_eq(line.rows[2].ended, 31);
	ck_assert_uint_eq(line.rows[2].failed, 1);
	ck_assert_uint_ge(line.rows[2].p99_us, 102);
	ck_assert(line.rows[2].kernel.known[KERNEL_STOPPED]);
	ck_assert(!line.rows[1].kernel.known[KERNEL_STOPPED]);
	ck_assert_uint_eq(line.rows[1].ended, 0);
}
END_TEST

START_TEST(a_long_run_has_wider_rows_and_loses_nothing)
{
	uint64_t sum = 0;
	timeline_begin(&line, NS_PER_S, TENTH);
	for (uint64_t row = 0; row < 3 * TIMELINE_ROWS; row++)
		client(row, 1, 0);
	ck_assert_uint_eq(line.width_ns, 4 * TENTH);
	ck_assert_uint_le(line.count, TIMELINE_ROWS);
	for (unsigned i = 0; i < line.count; i++)
		sum += line.rows[i].ended;
	ck_assert_uint_eq(sum, 3 * TIMELINE_ROWS);
	ck_assert_uint_eq(line.rows[7].ended, 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel_view");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, start, end);
	tcase_add_test(t, of_the_queues_only_the_targets_port_is_taken);
	tcase_add_test(t, values_by_label_add_up);
	tcase_add_test(t, counters_grow_and_gauges_stand);
	tcase_add_test(t, a_counter_that_fell_began_anew);
	tcase_add_test(t, spans_add_counters_and_keep_the_most_of_gauges);
	tcase_add_test(t, the_busiest_cpu_is_named_once_two_samples_are_there);
	tcase_add_test(t, the_exchange_of_least_round_trip_tells_the_offset);
	tcase_add_test(t, what_cannot_be_is_left_out_and_the_estimate_before_holds);
	tcase_add_test(t, client_and_kernel_meet_in_the_row_of_their_instant);
	tcase_add_test(t, a_long_run_has_wider_rows_and_loses_nothing);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
