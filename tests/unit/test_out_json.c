#include "out/out.h"
#include "summary_fixture.h"
#include "tests/lib/suite.h"

#include <jansson.h>

/* Renders, reads back and frees the summary. */
static json_t *parsed(struct summary *s)
{
	struct buf out;
	json_error_t error;
	buf_init(&out, REPORT_MAX);
	out_form_find("json")->render(s, &out);
	ck_assert(!out.cut && out.ptr[out.len - 1] == '\n');
	json_t *root = json_loadb(out.ptr, out.len, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(root != NULL, "%s at byte %d: %s", error.text, error.position, out.ptr);
	buf_fini(&out);
	free(s);
	return root;
}

/* The value at "a.b.c", which must be there. */
static json_t *at(json_t *root, const char *path)
{
	char copy[128], *rest = copy;
	snprintf(copy, sizeof copy, "%s", path);
	for (char *key = strsep(&rest, "."); key; key = strsep(&rest, ".")) {
		root = json_object_get(root, key);
		ck_assert_msg(root != NULL, "%s: no %s", path, key);
	}
	return root;
}

static void holds_whole(json_t *root, const char *path, long long value)
{
	json_t *found = at(root, path);
	ck_assert_msg(json_is_integer(found) && json_integer_value(found) == value,
		      "%s is not %lld but %s", path, value, json_dumps(found, JSON_ENCODE_ANY));
}

static void holds_text(json_t *root, const char *path, const char *value)
{
	ck_assert_str_eq(json_string_value(at(root, path)), value);
}

static const char EVERY_KEY[] =
	"schema command version target protocol model started_at elapsed_s exit_code "
	"tls.version tls.cipher tls.ktls_tx tls.ktls_rx tls.note "
	"connections.asked connections.opened connections.open_max connections.failed "
	"connections.lost connections.reopened "
	"requests.intended requests.sent requests.ok requests.failed requests.shed "
	"requests.generator_side requests.in_flight_at_stop "
	"rate.offered_rps rate.achieved_rps rate.error_rate "
	"outcomes.ok status bytes.sent bytes.received "
	"generator.cpu_s generator.cpu_us_per_request generator.threads generator.rings "
	"generator.rss_bytes generator.bytes_per_idle_connection generator.lag_p99_us "
	"generator.saturated generator.limits checks thresholds stages find diagnosis gaps "
	"hold";

START_TEST(every_key_is_there_even_in_an_empty_run)
{
	char keys[sizeof EVERY_KEY], *rest = keys;
	memcpy(keys, EVERY_KEY, sizeof keys);
	json_t *root = parsed(summary_empty());
	for (char *key = strsep(&rest, " "); key; key = strsep(&rest, " "))
		at(root, key);
	holds_text(root, "schema", "brink.summary/1");
	holds_text(root, "started_at", "2026-01-01T00:00:00.007Z");
	ck_assert(json_is_null(at(root, "find")) && json_is_null(at(root, "diagnosis")));
	ck_assert(json_is_null(at(root, "tls.version")) && json_is_false(at(root, "tls.ktls_tx")));
	json_decref(root);
}
END_TEST

START_TEST(an_empty_histogram_has_count_0_and_nulls)
{
	static const char *const series[] = {"intended",      "service",    "connect",
					     "tls_handshake", "first_byte", "message"};
	static const char *const keys[] = {"min_us", "mean_us", "p50_us",   "p90_us", "p95_us",
					   "p99_us", "p999_us", "p9999_us", "max_us"};
	json_t *root = parsed(summary_empty());
	for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
		char path[64];
		snprintf(path, sizeof path, "latency.%s.count", series[i]);
		holds_whole(root, path, 0);
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
			snprintf(path, sizeof path, "latency.%s.%s", series[i], keys[k]);
			ck_assert_msg(json_is_null(at(root, path)), "%s", path);
		}
	}
	json_decref(root);
}
END_TEST

START_TEST(statuses_of_grpc_are_told_by_name_with_their_words)
{
	struct summary *s = summary_closed(1000);
	s->total.grpc[0] = 7;
	s->total.grpc[14] = 2;
	s->total.grpc[17] = 1;
	s->total.messages = 70;
	hist_add(&s->total.message_us, 5);
	snprintf(s->grpc_words[14], sizeof s->grpc_words[14], "down");
	json_t *root = parsed(s);
	holds_whole(root, "grpc_status.OK", 7);
	holds_whole(root, "grpc_status.UNAVAILABLE", 2);
	holds_whole(root, "grpc_status.OTHER", 1);
	holds_text(root, "grpc_message.UNAVAILABLE", "down");
	holds_whole(root, "messages", 70);
	holds_whole(root, "latency.message.count", 1);
	json_decref(root);
}
END_TEST

START_TEST(latencies_are_whole_microseconds_and_the_mean_is_not)
{
	json_t *root = parsed(summary_closed(1000));
	holds_whole(root, "latency.intended.count", 1000);
	holds_whole(root, "latency.intended.min_us", 1);
	holds_whole(root, "latency.intended.p50_us", 500);
	holds_whole(root, "latency.service.p99_us", 990);
	holds_whole(root, "latency.service.p999_us", 999);
	holds_whole(root, "latency.first_byte.max_us", 1000);
	ck_assert_double_eq(json_real_value(at(root, "latency.intended.mean_us")), 500.5);
	json_decref(root);
}
END_TEST

START_TEST(a_closed_loop_offers_no_rate)
{
	json_t *root = parsed(summary_closed(1000));
	ck_assert(json_is_null(at(root, "rate.offered_rps")));
	holds_text(root, "model", "closed");
	json_decref(root);
	root = parsed(summary_open());
	ck_assert_double_eq(json_number_value(at(root, "rate.offered_rps")), 5000);
	holds_text(root, "model", "open");
	json_decref(root);
}
END_TEST

START_TEST(intended_is_ok_failed_shed_generator_side_and_in_flight)
{
	json_t *root = parsed(summary_open());
	holds_whole(root, "requests.ok", 50000);
	holds_whole(root, "requests.failed", 800);
	holds_whole(root, "requests.shed", 50);
	holds_whole(root, "requests.generator_side", 3);
	holds_whole(root, "requests.in_flight_at_stop", 12);
	holds_whole(root, "requests.intended", 50000 + 800 + 50 + 3 + 12);
	ck_assert_double_eq_tol(json_number_value(at(root, "rate.error_rate")), 850.0 / 50850,
				1e-12);
	json_decref(root);
}
END_TEST

START_TEST(outcomes_are_those_that_occurred_and_ok_and_add_up_to_what_ended)
{
	long long sum = 0;
	const char *name;
	json_t *value, *root = parsed(summary_open()), *outcomes = at(root, "outcomes");
	json_object_foreach(outcomes, name, value) sum += json_integer_value(value);
	ck_assert_int_eq(sum, 50853);
	ck_assert_uint_eq(json_object_size(outcomes), 5);
	json_decref(root);
	root = parsed(summary_empty());
	ck_assert_uint_eq(json_object_size(at(root, "outcomes")), 1);
	holds_whole(root, "outcomes.ok", 0);
	json_decref(root);
}
END_TEST

START_TEST(status_holds_the_codes_that_came)
{
	json_t *root = parsed(summary_open());
	ck_assert_uint_eq(json_object_size(at(root, "status")), 2);
	holds_whole(root, "status.200", 50000);
	holds_whole(root, "status.503", 50);
	json_decref(root);
}
END_TEST

START_TEST(limits_are_names_and_their_details_stand_beside)
{
	json_t *root = parsed(summary_saturated());
	json_t *limits = at(root, "generator.limits");
	json_t *detail = json_array_get(at(root, "generator.limit_details"), 1);
	ck_assert(json_is_true(at(root, "generator.saturated")));
	ck_assert_uint_eq(json_array_size(limits), 2);
	ck_assert_str_eq(json_string_value(json_array_get(limits, 1)), "descriptors");
	ck_assert_str_eq(json_string_value(json_object_get(detail, "limiter")), "descriptors");
	ck_assert_ptr_nonnull(strstr(json_string_value(at(detail, "evidence")), "8.8 s"));
	ck_assert_ptr_nonnull(strstr(json_string_value(at(detail, "remedy")), "cpu.max"));
	holds_whole(root, "exit_code", 6);
	json_decref(root);
}
END_TEST

START_TEST(checks_come_with_what_failed_of_what_was_looked_at)
{
	struct summary *s = summary_open();
	s->check_count = 2;
	snprintf(s->checks[0], sizeof s->checks[0], "json $.a=\"b\"");
	snprintf(s->checks[1], sizeof s->checks[1], "header ETag");
	s->total.checked_by[0] = 100;
	s->total.check_failed_by[0] = 7;
	s->total.checked_by[1] = 93;
	json_t *root = parsed(s);
	json_t *first = json_array_get(at(root, "checks"), 0);
	ck_assert_uint_eq(json_array_size(at(root, "checks")), 2);
	holds_text(first, "expression", "json $.a=\"b\"");
	holds_whole(first, "failed", 7);
	holds_whole(first, "checked", 100);
	json_decref(root);
}
END_TEST

START_TEST(thresholds_come_with_verdict_value_and_unit)
{
	json_t *root = parsed(summary_open());
	json_t *second = json_array_get(at(root, "thresholds"), 1);
	ck_assert_uint_eq(json_array_size(at(root, "thresholds")), 2);
	holds_text(second, "expression", "errors<1%");
	ck_assert(json_is_false(at(second, "ok")));
	ck_assert_double_eq(json_number_value(at(second, "value")), 0.0167);
	holds_text(second, "unit", "fraction");
	json_decref(root);
}
END_TEST

START_TEST(what_is_not_finite_never_reaches_the_reader)
{
	struct summary *s = summary_empty();
	s->achieved_rps = s->cpu_us_per_request = 0.0 / (s->elapsed_s + 0.0);
	json_t *root = parsed(s); /* which refuses NaN */
	ck_assert(json_is_null(at(root, "rate.achieved_rps")));
	json_decref(root);
}
END_TEST

START_TEST(a_run_has_no_hold)
{
	json_t *root = parsed(summary_open());
	ck_assert(json_is_null(at(root, "hold")));
	json_decref(root);
}
END_TEST

static void holds_number(json_t *root, const char *path, double value)
{
	json_t *found = at(root, path);
	ck_assert_msg(json_is_number(found) && json_number_value(found) == value,
		      "%s is not %g but %s", path, value, json_dumps(found, JSON_ENCODE_ANY));
}

static void holds_null(json_t *root, const char *path)
{
	ck_assert_msg(json_is_null(at(root, path)), "%s is not null", path);
}

START_TEST(a_hold_tells_of_time_pace_memory_and_causes)
{
	json_t *root = parsed(summary_held());
	holds_text(root, "command", "hold");
	holds_number(root, "hold.opening_s", 40.8);
	holds_number(root, "hold.held_s", 30);
	holds_number(root, "hold.closing_s", 33.3);
	holds_number(root, "hold.established_rps.mean", 24531.4);
	holds_number(root, "hold.established_rps.first_tenth", 28000);
	holds_number(root, "hold.established_rps.last_tenth", 21000);
	holds_whole(root, "hold.open_at_end", 1000000);
	holds_whole(root, "hold.failed_by.connect_timeout", 12);
	holds_whole(root, "hold.failed_by.connect_refused", 3);
	holds_whole(root, "hold.lost_by.peer_reset", 15);
	ck_assert_uint_eq(json_object_size(at(root, "hold.failed_by")), 2);
	ck_assert_uint_eq(json_object_size(at(root, "hold.lost_by")), 1);
	holds_number(root, "hold.memory.user_bytes_per_connection", 101.4);
	holds_number(root, "hold.memory.kernel_bytes_per_connection", 9211.6);
	ck_assert(json_is_true(at(root, "hold.memory.both_ends")));
	holds_whole(root, "hold.memory.warm_bytes", 9663676416);
	holds_number(root, "hold.memory.cold_share", 0.43);
	holds_whole(root, "hold.tcp_memory_pressures", 0);
	holds_whole(root, "hold.time_wait_overflows", 0);
	ck_assert(json_is_false(at(root, "hold.reset")));
	holds_whole(root, "generator.bytes_per_idle_connection", 101);
	json_decref(root);
}
END_TEST

START_TEST(what_a_hold_could_not_have_is_null)
{
	static const char *const unknown[] = {
		"hold.established_rps.mean",
		"hold.established_rps.first_tenth",
		"hold.established_rps.last_tenth",
		"hold.memory.user_bytes_per_connection",
		"hold.memory.kernel_bytes_per_connection",
		"hold.memory.cold_share",
	};
	json_t *root = parsed(summary_refused());
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		holds_null(root, unknown[i]);
	holds_whole(root, "hold.open_at_end", 0);
	holds_whole(root, "hold.memory.warm_bytes", 0);
	ck_assert_uint_eq(json_object_size(at(root, "hold.lost_by")), 0);
	json_decref(root);
}
END_TEST

START_TEST(memory_that_was_touched_and_warm_has_a_cold_share_of_0)
{
	struct summary *s = summary_held();
	s->held.cold_share = 0;
	s->held.reset = true;
	s->held.target_local = false;
	s->held.memory_pressures = 3;
	s->held.time_wait_overflows = 4;
	json_t *root = parsed(s);
	holds_number(root, "hold.memory.cold_share", 0);
	ck_assert(json_is_true(at(root, "hold.reset")));
	ck_assert(json_is_false(at(root, "hold.memory.both_ends")));
	holds_whole(root, "hold.tcp_memory_pressures", 3);
	holds_whole(root, "hold.time_wait_overflows", 4);
	json_decref(root);
}
END_TEST

START_TEST(a_signal_is_named)
{
	struct summary *s = summary_closed(10);
	s->signal = 2;
	s->exit_code = 130;
	json_t *root = parsed(s);
	holds_text(root, "signal", "SIGINT");
	holds_whole(root, "exit_code", 130);
	json_decref(root);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out_json");
	tcase_add_test(all, every_key_is_there_even_in_an_empty_run);
	tcase_add_test(all, an_empty_histogram_has_count_0_and_nulls);
	tcase_add_test(all, latencies_are_whole_microseconds_and_the_mean_is_not);
	tcase_add_test(all, statuses_of_grpc_are_told_by_name_with_their_words);
	tcase_add_test(all, a_closed_loop_offers_no_rate);
	tcase_add_test(all, intended_is_ok_failed_shed_generator_side_and_in_flight);
	tcase_add_test(all, outcomes_are_those_that_occurred_and_ok_and_add_up_to_what_ended);
	tcase_add_test(all, status_holds_the_codes_that_came);
	tcase_add_test(all, limits_are_names_and_their_details_stand_beside);
	tcase_add_test(all, checks_come_with_what_failed_of_what_was_looked_at);
	tcase_add_test(all, thresholds_come_with_verdict_value_and_unit);
	tcase_add_test(all, what_is_not_finite_never_reaches_the_reader);
	tcase_add_test(all, a_run_has_no_hold);
	tcase_add_test(all, a_hold_tells_of_time_pace_memory_and_causes);
	tcase_add_test(all, what_a_hold_could_not_have_is_null);
	tcase_add_test(all, memory_that_was_touched_and_warm_has_a_cold_share_of_0);
	tcase_add_test(all, a_signal_is_named);
	Suite *suite = suite_create("out_json");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
